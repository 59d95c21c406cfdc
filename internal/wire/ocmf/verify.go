package ocmf

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"pylon/internal/kernel/curve"
)

// DefaultMethod is how a record is signed that does not say it.
const DefaultMethod = "ECDSA-secp256r1-SHA256"

// What may be wrong with a signature. Only the last says that somebody changed
// something, or that another key has signed.
var (
	ErrMethod   = errors.New("signing method not known")
	ErrEncoding = errors.New("encoding of the signature not known")
	ErrKeyCurve = errors.New("the key is on another curve than the signature")
	ErrForm     = errors.New("the signature has no readable form")
	ErrWrong    = errors.New("the signature is not of this key over this data")
)

// Method is how a record is signed.
type Method struct {
	Curve *curve.Curve
	hash  func(text string) []byte
}

// ParseMethod reads a method as OCMF names it: ECDSA, a curve and a hash between dashes. A
// method that is not known is [ErrMethod].
func ParseMethod(text string) (Method, error) {
	algorithm, rest, _ := strings.Cut(text, "-")
	at := strings.LastIndex(rest, "-")
	if algorithm != "ECDSA" || at < 0 {
		return Method{}, fmt.Errorf("%w: %q", ErrMethod, text)
	}
	c, ok := curve.Named(rest[:at])
	m := Method{Curve: c, hash: hashNamed(rest[at+1:])}
	if !ok || m.hash == nil {
		return Method{}, fmt.Errorf("%w: %q", ErrMethod, text)
	}
	return m, nil
}

func hashNamed(name string) func(string) []byte {
	switch name {
	case "SHA256":
		return func(text string) []byte { d := sha256.Sum256([]byte(text)); return d[:] }
	case "SHA384":
		return func(text string) []byte { d := sha512.Sum384([]byte(text)); return d[:] }
	case "SHA512":
		return func(text string) []byte { d := sha512.Sum512([]byte(text)); return d[:] }
	}
	return nil
}

// Method returns how the record is signed. Said is what came beside it, as OCPP's
// signingMethod; the record's own word counts more, and with neither it is [DefaultMethod].
func (r *Record) Method(said string) (Method, error) {
	for _, text := range []string{r.Signature.Method, said} {
		if text != "" {
			return ParseMethod(text)
		}
	}
	return ParseMethod(DefaultMethod)
}

// Verify returns nil when the key has signed the payload by the method, and else one of
// this package's errors.
func (r *Record) Verify(key curve.PublicKey, by Method) error {
	if key.Curve().Name() != by.Curve.Name() {
		return fmt.Errorf("%w: %s, not %s", ErrKeyCurve, key.Curve().Name(), by.Curve.Name())
	}
	data, err := r.Signature.bytes()
	if err != nil {
		return err
	}
	signature, err := by.Curve.Signature(data)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	if !key.Verify(by.hash(r.Payload), signature) {
		return ErrWrong
	}
	return nil
}

// bytes returns the signature without its encoding.
func (s *Signature) bytes() (data []byte, err error) {
	if s.Type != "" && s.Type != "application/x-der" {
		return nil, fmt.Errorf("%w: %q", ErrEncoding, s.Type)
	}
	switch s.Encoding {
	case "", "hex":
		data, err = hex.DecodeString(s.Data)
	case "base64":
		data, err = base64.StdEncoding.DecodeString(s.Data)
	default:
		return nil, fmt.Errorf("%w: %q", ErrEncoding, s.Encoding)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	return data, nil
}
