package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pylon/internal/sim"
	"pylon/internal/wire/ocppj"
)

// issue writes a certificate for 127.0.0.1 and its key, and returns a client's
// configuration that trusts it.
func issue(t *testing.T, certificate, key string) *tls.Config {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, secret.Public(), secret)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots.AddCert(parsed)
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// A00 security profile 2: a password, and TLS with the server's certificate.
func TestSecurityProfile2(t *testing.T) {
	c, folder := configuration(t), t.TempDir()
	c.TLSListen, c.TLSCert, c.TLSKey = "127.0.0.1:0", filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	trusted := issue(t, c.TLSCert, c.TLSKey)
	s := serve(t, c)
	s.station("CP-1", map[string]any{"password": password, "security_profile": 2})
	secure := func(trust *tls.Config) sim.Endpoint {
		return sim.Endpoint{
			URL: "ws://" + s.node.secure.Addr().String() + "/ocpp", Identity: "CP-1", Password: password, Version: ocppj.V16,
			NetDial: (&tls.Dialer{Config: trust}).DialContext, // wss is ws over this
		}
	}
	if _, got := s.dial(sim.Endpoint{Identity: "CP-1", Password: password}); got != http.StatusForbidden {
		t.Errorf("without TLS: %d, want 403", got)
	}
	wrong := secure(trusted)
	wrong.Password = "wrong-wrong-wrong-"
	if _, got := s.dial(wrong); got != http.StatusUnauthorized {
		t.Errorf("over TLS with another password: %d, want 401", got)
	}
	if _, got := s.dial(secure(trusted)); got != 0 {
		t.Errorf("over TLS: %d, want to be let in", got)
	}
	renewed := issue(t, c.TLSCert, c.TLSKey)
	if err := s.node.certificates.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Dial(t.Context(), secure(trusted)); err == nil {
		t.Error("the old certificate is still in use")
	}
	if _, got := s.dial(secure(renewed)); got != 0 {
		t.Errorf("over TLS with the renewed certificate: %d, want to be let in", got)
	}
}
