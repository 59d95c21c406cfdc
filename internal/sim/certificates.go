package sim

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"slices"
	"strings"
)

// certificatesMax is how many certificates a station holds.
const certificatesMax = 20

// certificate is one that was installed.
type certificate struct {
	use string // in the words of the version
	certificateHash
}

// certificateHash names a certificate, by SHA-256.
type certificateHash struct {
	issuerName, issuerKey string // hexadecimal
	serial                string // hexadecimal
}

// newCertificateHash reads what a server names a certificate by; digits in either case.
func newCertificateHash(issuerName, issuerKey, serial string) certificateHash {
	return certificateHash{strings.ToLower(issuerName), strings.ToLower(issuerKey), strings.ToLower(serial)}
}

// certificateOutcome is what becomes of a certificate, in words that all versions share.
type certificateOutcome string

const (
	certificateAccepted certificateOutcome = "Accepted"
	certificateRejected certificateOutcome = "Rejected"
	certificateNotFound certificateOutcome = "NotFound"
)

// installCertificate keeps a certificate; one that is there already is replaced.
func (s *Station) installCertificate(use, chain string) certificateOutcome {
	hash, ok := hashOf(chain)
	if !ok {
		return certificateRejected
	}
	s.deleteCertificate(hash)
	if len(s.certificates) == certificatesMax {
		return certificateRejected
	}
	s.certificates = append(s.certificates, certificate{use, hash})
	return certificateAccepted
}

func (s *Station) deleteCertificate(hash certificateHash) certificateOutcome {
	before := len(s.certificates)
	s.certificates = slices.DeleteFunc(s.certificates, func(c certificate) bool { return c.certificateHash == hash })
	if len(s.certificates) == before {
		return certificateNotFound
	}
	return certificateAccepted
}

// certificatesFor returns those of some uses; all for none.
func (s *Station) certificatesFor(uses ...string) []certificate {
	var found []certificate
	for _, c := range s.certificates {
		if len(uses) == 0 || slices.Contains(uses, c.use) {
			found = append(found, c)
		}
	}
	return found
}

// hashOf reads the first certificate of a chain in PEM. It stands for itself as its
// issuer, as a root does.
func hashOf(chain string) (certificateHash, bool) {
	block, _ := pem.Decode([]byte(chain))
	if block == nil {
		return certificateHash{}, false
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return certificateHash{}, false
	}
	sum := func(of []byte) string {
		digest := sha256.Sum256(of)
		return hex.EncodeToString(digest[:])
	}
	return certificateHash{sum(c.RawIssuer), sum(c.RawSubjectPublicKeyInfo), c.SerialNumber.Text(16)}, true
}
