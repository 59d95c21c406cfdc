package curve

import (
	"encoding/asn1"
	"fmt"
	"math/big"
)

// Signature is a pair of numbers, each from 1 to the order of the curve less 1.
type Signature struct{ r, s *big.Int }

// Signature reads a signature: in DER, a sequence of two integers; or the two one after
// the other, each as long as the order. An integer in DER that lacks the zero before its
// first bit is taken as positive, for there are meters that write it so; everything else
// that is not DER is refused. It fails with [ErrSignature].
func (c *Curve) Signature(data []byte) (Signature, error) {
	of, ok := fromDER(data)
	if half := c.size(); !ok && len(data) == 2*half {
		of, ok = Signature{new(big.Int).SetBytes(data[:half]), new(big.Int).SetBytes(data[half:])}, true
	}
	switch {
	case !ok:
		return Signature{}, fmt.Errorf("%w: %d bytes are neither DER nor two numbers of %s", ErrSignature, len(data), c.name)
	case !of.inRange(c):
		return Signature{}, fmt.Errorf("%w: a number is not between 0 and the order of %s", ErrSignature, c.name)
	}
	return of, nil
}

func (of Signature) inRange(c *Curve) bool {
	return of.r != nil && of.s != nil && of.r.Sign() > 0 && of.s.Sign() > 0 && of.r.Cmp(c.n) < 0 && of.s.Cmp(c.n) < 0
}

// der returns the signature as the standard library reads it.
func (of Signature) der() []byte {
	der, err := asn1.Marshal(struct{ R, S *big.Int }{of.r, of.s})
	if err != nil {
		panic("curve: two numbers do not become DER: " + err.Error())
	}
	return der
}

// Tags of DER.
const (
	tagInteger  = 0x02
	tagSequence = 0x30
)

func fromDER(data []byte) (of Signature, ok bool) {
	body, rest, ok := element(data, tagSequence)
	if !ok || len(rest) > 0 {
		return Signature{}, false
	}
	if of.r, body, ok = integer(body); !ok {
		return Signature{}, false
	}
	of.s, body, ok = integer(body)
	return of, ok && len(body) == 0
}

func integer(data []byte) (n *big.Int, rest []byte, ok bool) {
	value, rest, ok := element(data, tagInteger)
	padded := len(value) > 1 && value[0] == 0 && value[1] < 0x80 // DER has no zero more than it needs
	if !ok || len(value) == 0 || padded {
		return nil, nil, false
	}
	return new(big.Int).SetBytes(value), rest, true
}

// longLength says that one byte with the length follows; no signature on our curves
// needs two.
const longLength = 0x81

// element cuts an element of DER off the front of data.
func element(data []byte, tag byte) (value, rest []byte, ok bool) {
	if len(data) < 2 || data[0] != tag {
		return nil, nil, false
	}
	length, data := int(data[1]), data[2:]
	if length >= 0x80 {
		if length != longLength || len(data) == 0 || data[0] < 0x80 {
			return nil, nil, false
		}
		length, data = int(data[0]), data[1:]
	}
	if length > len(data) {
		return nil, nil, false
	}
	return data[:length], data[length:], true
}
