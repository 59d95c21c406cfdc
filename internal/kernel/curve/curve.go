// Package curve verifies ECDSA signatures on the elliptic curves that energy
// meters sign on, half of which the standard library does not have. What it has,
// it does; the rest is done here with math/big.
//
// Everything here is public: keys, digests, signatures. There is no secret that
// the time an operation takes could tell, so nothing runs in constant time, and
// nothing here may ever sign.
package curve

import (
	"crypto/elliptic"
	"encoding/asn1"
	"math/big"
	"slices"
	"strings"
)

// Curve is y² = x³ + ax + b over the integers modulo the prime p, with a base
// point (gx, gy) of prime order n and cofactor 1: every point on the curve but
// infinity generates all of it.
type Curve struct {
	name     string
	oid      asn1.ObjectIdentifier
	p, a, b  *big.Int
	gx, gy   *big.Int
	n        *big.Int
	standard elliptic.Curve // nil: the standard library has no such curve
}

// Named returns the curve of a name, in any case: SEC 2's (secp256r1), X9.62's
// (prime256v1) or RFC 5639's (brainpoolP256r1), also as OCMF spells it
// (brainpool256r1).
func Named(name string) (*Curve, bool) {
	return find(func(c *constants) bool {
		return slices.ContainsFunc(c.names, func(known string) bool { return strings.EqualFold(known, name) })
	})
}

// byOID returns the curve that a key names.
func byOID(oid asn1.ObjectIdentifier) (*Curve, bool) {
	return find(func(c *constants) bool { return oid.Equal(c.oid) })
}

func find(is func(*constants) bool) (*Curve, bool) {
	table := table()
	i := slices.IndexFunc(table, func(c constants) bool { return is(&c) })
	if i < 0 {
		return nil, false
	}
	return table[i].curve(), true
}

// Names returns the first name of each curve.
func Names() []string {
	var names []string
	for _, c := range table() {
		names = append(names, c.names[0])
	}
	return names
}

// Name returns the curve's first name.
func (c *Curve) Name() string { return c.name }

// size is the length of a coordinate, in bytes; that of a scalar is the same for
// all curves here.
func (c *Curve) size() int { return (c.p.BitLen() + 7) / 8 }

// constants are a curve's parameters, in hexadecimal digits.
type constants struct {
	names      []string
	oid        asn1.ObjectIdentifier
	standard   elliptic.Curve
	p, a, b, n string
	gx, gy     string
}

func (c *constants) curve() *Curve {
	return &Curve{
		name: c.names[0], oid: c.oid, standard: c.standard,
		p: number(c.p), a: number(c.a), b: number(c.b), n: number(c.n), gx: number(c.gx), gy: number(c.gy),
	}
}

func number(digits string) *big.Int {
	n, ok := new(big.Int).SetString(digits, 16)
	if !ok {
		panic("curve: a constant is no number: " + digits)
	}
	return n
}

// table holds the curves. Sources: SEC 2 version 2.0 and RFC 5639; a test takes
// each apart.
func table() []constants {
	return []constants{
		{
			names: []string{"secp256r1", "prime256v1"}, oid: asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}, standard: elliptic.P256(),
			p:  "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
			a:  "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
			b:  "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
			gx: "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
			gy: "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
			n:  "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
		},
		{
			names: []string{"secp256k1"}, oid: asn1.ObjectIdentifier{1, 3, 132, 0, 10},
			p: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f", a: "0", b: "7",
			gx: "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
			gy: "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
			n:  "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
		},
		{
			names: []string{"secp192r1", "prime192v1"}, oid: asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 1},
			p: "fffffffffffffffffffffffffffffffeffffffffffffffff", a: "fffffffffffffffffffffffffffffffefffffffffffffffc",
			b:  "64210519e59c80e70fa7e9ab72243049feb8deecc146b9b1",
			gx: "188da80eb03090f67cbf20eb43a18800f4ff0afd82ff1012", gy: "07192b95ffc8da78631011ed6b24cdd573f977a11e794811",
			n: "ffffffffffffffffffffffff99def836146bc9b1b4d22831",
		},
		{
			names: []string{"secp192k1"}, oid: asn1.ObjectIdentifier{1, 3, 132, 0, 31},
			p: "fffffffffffffffffffffffffffffffffffffffeffffee37", a: "0", b: "3",
			gx: "db4ff10ec057e9ae26b07d0280b7f4341da5d1b1eae06c7d", gy: "9b2f2f6d9c5628a7844163d015be86344082aa88d95e2f9d",
			n: "fffffffffffffffffffffffe26f2fc170f69466a74defd8d",
		},
		{
			names: []string{"secp384r1", "prime384v1"}, oid: asn1.ObjectIdentifier{1, 3, 132, 0, 34}, standard: elliptic.P384(),
			p:  "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
			a:  "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffc",
			b:  "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
			gx: "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
			gy: "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
			n:  "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
		},
		{
			names: []string{"secp521r1"}, oid: asn1.ObjectIdentifier{1, 3, 132, 0, 35}, standard: elliptic.P521(),
			p: "1" + strings.Repeat("ff", 65), a: "1" + strings.Repeat("ff", 64) + "fc",
			b: "51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf07" +
				"3573df883d2c34f1ef451fd46b503f00",
			gx: "c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de" +
				"3348b3c1856a429bf97e7e31c2e5bd66",
			gy: "11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad076" +
				"1353c7086a272c24088be94769fd16650",
			n: "1" + strings.Repeat("ff", 32) + "fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
		},
		{
			names: []string{"brainpoolP256r1", "brainpool256r1"}, oid: asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 7},
			p:  "a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377",
			a:  "7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9",
			b:  "26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6",
			gx: "8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262",
			gy: "547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997",
			n:  "a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7",
		},
		{
			names: []string{"brainpoolP384r1", "brainpool384r1"}, oid: asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 11},
			p:  "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71874700133107ec53",
			a:  "7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f8aa5814a503ad4eb04a8c7dd22ce2826",
			b:  "04a8c7dd22ce28268b39b55416f0447c2fb77de107dcd2a62e880ea53eeb62d57cb4390295dbc9943ab78696fa504c11",
			gx: "1d1c64f068cf45ffa2a63a81b7c13f6b8847a3e77ef14fe3db7fcafe0cbd10e8e826e03436d646aaef87b2e247d4af1e",
			gy: "8abe1d7520f9c2a45cb1eb8e95cfd55262b70b29feec5864e19c054ff99129280e4646217791811142820341263c5315",
			n:  "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565",
		},
	}
}
