package curve

import (
	"crypto/ecdsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
)

var (
	// ErrKey says that data is not a public key.
	ErrKey = errors.New("not a public key")
	// ErrCurve says that a key is on a curve that is not among ours.
	ErrCurve = errors.New("curve not known")
	// ErrSignature says that data does not have the form of a signature, or that one of its
	// numbers is out of range.
	ErrSignature = errors.New("not a signature")
)

// PublicKey is a point on a curve that is not at infinity. Make it with [ParseKey] or
// [Curve.Key].
type PublicKey struct {
	curve *Curve
	x, y  *big.Int
}

// keyMark is the algorithm that SubjectPublicKeyInfo names for all keys on elliptic
// curves, whatever is done with them: id-ecPublicKey.
func keyMark() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1} }

// info is SubjectPublicKeyInfo of a key on a named curve. Source: RFC 5480.
type info struct {
	Algorithm struct{ Algorithm, Curve asn1.ObjectIdentifier }
	Key       asn1.BitString
}

// ParseKey reads a key in DER, as SubjectPublicKeyInfo with a named curve. It fails with
// [ErrKey] or [ErrCurve].
func ParseKey(der []byte) (PublicKey, error) {
	var of info
	switch rest, err := asn1.Unmarshal(der, &of); {
	case err != nil:
		return PublicKey{}, fmt.Errorf("%w: %w", ErrKey, err)
	case len(rest) > 0:
		return PublicKey{}, fmt.Errorf("%w: %d bytes after it", ErrKey, len(rest))
	case !of.Algorithm.Algorithm.Equal(keyMark()):
		return PublicKey{}, fmt.Errorf("%w: of algorithm %v", ErrKey, of.Algorithm.Algorithm)
	case of.Key.BitLength%8 != 0:
		return PublicKey{}, fmt.Errorf("%w: of %d bits", ErrKey, of.Key.BitLength)
	}
	c, ok := byOID(of.Algorithm.Curve)
	if !ok {
		return PublicKey{}, fmt.Errorf("%w: %v", ErrCurve, of.Algorithm.Curve)
	}
	return c.Key(of.Key.Bytes)
}

// The first byte of a point. Source: SEC 1 version 2.0, section 2.3.3.
const (
	markEven = 2 // x alone; y is the even root
	markOdd  = 3
	markFull = 4 // x and y
)

// Key reads a point of the curve: with its mark, compressed or not, or just x and y one
// after the other, as some meters print it. It fails with [ErrKey].
func (c *Curve) Key(data []byte) (PublicKey, error) {
	size := c.size()
	var x, y *big.Int
	switch {
	case len(data) == 1+2*size && data[0] == markFull:
		x, y = new(big.Int).SetBytes(data[1:1+size]), new(big.Int).SetBytes(data[1+size:])
	case len(data) == 2*size:
		x, y = new(big.Int).SetBytes(data[:size]), new(big.Int).SetBytes(data[size:])
	case len(data) == 1+size && (data[0] == markEven || data[0] == markOdd):
		x = new(big.Int).SetBytes(data[1:])
		if y = new(big.Int).ModSqrt(c.cubic(x), c.p); y == nil {
			return PublicKey{}, fmt.Errorf("%w: no point of %s has this x", ErrKey, c.name)
		}
		if y.Bit(0) != uint(data[0]-markEven) {
			y.Sub(c.p, y)
		}
	default:
		return PublicKey{}, fmt.Errorf("%w: %d bytes are no point of %s", ErrKey, len(data), c.name)
	}
	if !c.holds(x, y) {
		return PublicKey{}, fmt.Errorf("%w: the point is not on %s", ErrKey, c.name)
	}
	return PublicKey{c, x, y}, nil
}

// Curve returns what the key is on.
func (k PublicKey) Curve() *Curve { return k.curve }

// Equal reports whether two keys are the same.
func (k PublicKey) Equal(other PublicKey) bool {
	return k.curve.name == other.curve.name && k.x.Cmp(other.x) == 0 && k.y.Cmp(other.y) == 0
}

// point returns the key with its mark, uncompressed.
func (k PublicKey) point() []byte {
	size := k.curve.size()
	data := make([]byte, 1+2*size)
	data[0] = markFull
	k.x.FillBytes(data[1 : 1+size])
	k.y.FillBytes(data[1+size:])
	return data
}

// DER returns the key as SubjectPublicKeyInfo: the same bytes for the same key, in
// whatever form it was read.
func (k PublicKey) DER() []byte {
	of := info{Key: asn1.BitString{Bytes: k.point(), BitLength: 8 * (1 + 2*k.curve.size())}}
	of.Algorithm.Algorithm, of.Algorithm.Curve = keyMark(), k.curve.oid
	der, err := asn1.Marshal(of)
	if err != nil {
		panic("curve: a key does not become DER: " + err.Error())
	}
	return der
}

// Verify reports whether the key has made a signature over what has this digest. Of a
// digest that is longer than the curve's order the first bits count.
func (k PublicKey) Verify(digest []byte, of Signature) bool {
	c := k.curve
	if !of.inRange(c) {
		return false
	}
	if c.standard == nil {
		return c.verify(point{k.x, k.y, big.NewInt(1)}, digest, of)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(c.standard, k.point())
	if err != nil {
		panic("curve: the standard library takes a point not for one: " + err.Error())
	}
	return ecdsa.VerifyASN1(key, digest, of.der())
}
