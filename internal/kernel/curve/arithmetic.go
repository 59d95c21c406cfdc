package curve

import "math/big"

// point is (x/z², y/z³): without a division for every step. z = 0 is the point at
// infinity. The numbers of a point are never changed.
type point struct{ x, y, z *big.Int }

func (c *Curve) base() point { return point{c.gx, c.gy, big.NewInt(1)} }

func infinity() point { return point{big.NewInt(1), big.NewInt(1), new(big.Int)} }

func (p point) isInfinity() bool { return p.z.Sign() == 0 }

// mod returns n modulo p, from 0 on. n is the caller's to give away.
func (c *Curve) mod(n *big.Int) *big.Int { return n.Mod(n, c.p) }

func (c *Curve) mul(a, b *big.Int) *big.Int { return c.mod(times(a, b)) }

// What follows is not taken modulo p: a division costs more than all the rest, so it is
// done where a number would grow beyond twice the length of p.

func times(a, b *big.Int) *big.Int { return new(big.Int).Mul(a, b) }

func plus(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }

func minus(a, b *big.Int) *big.Int { return new(big.Int).Sub(a, b) }

// doubled returns a × 2^n.
func doubled(a *big.Int, n uint) *big.Int { return new(big.Int).Lsh(a, n) }

// double returns p + p.
func (c *Curve) double(p point) point {
	if p.isInfinity() || p.y.Sign() == 0 {
		return infinity()
	}
	yy := c.mul(p.y, p.y)
	s := doubled(c.mul(p.x, yy), 2)
	xx := c.mul(p.x, p.x)
	m := plus(doubled(xx, 1), xx)
	if c.a.Sign() != 0 {
		zz := c.mul(p.z, p.z)
		m = plus(m, c.mul(c.a, c.mul(zz, zz)))
	}
	x := c.mod(minus(times(m, m), doubled(s, 1)))
	y := c.mod(minus(times(m, minus(s, x)), doubled(times(yy, yy), 3)))
	return point{x, y, c.mod(doubled(times(p.y, p.z), 1))}
}

// sum returns p + q.
func (c *Curve) sum(p, q point) point {
	switch {
	case p.isInfinity():
		return q
	case q.isInfinity():
		return p
	}
	pzz, qzz := c.mul(p.z, p.z), c.mul(q.z, q.z)
	u, v := c.mul(p.x, qzz), c.mul(q.x, pzz)
	s, t := c.mul(p.y, c.mul(qzz, q.z)), c.mul(q.y, c.mul(pzz, p.z))
	h, r := c.mod(minus(v, u)), c.mod(minus(t, s))
	if h.Sign() == 0 {
		if r.Sign() == 0 {
			return c.double(p)
		}
		return infinity()
	}
	hh := c.mul(h, h)
	hhh, uhh := c.mul(hh, h), c.mul(u, hh)
	x := c.mod(minus(minus(times(r, r), hhh), doubled(uhh, 1)))
	y := c.mod(minus(times(r, minus(uhh, x)), times(s, hhh)))
	return point{x, y, c.mul(h, c.mul(p.z, q.z))}
}

// combination returns k × p + l × q, going through the bits of both at once.
func (c *Curve) combination(k *big.Int, p point, l *big.Int, q point) point {
	both, result := c.sum(p, q), infinity()
	for i := max(k.BitLen(), l.BitLen()) - 1; i >= 0; i-- {
		result = c.double(result)
		switch {
		case k.Bit(i) == 1 && l.Bit(i) == 1:
			result = c.sum(result, both)
		case k.Bit(i) == 1:
			result = c.sum(result, p)
		case l.Bit(i) == 1:
			result = c.sum(result, q)
		}
	}
	return result
}

// abscissa returns the x of a point that is not at infinity.
func (c *Curve) abscissa(p point) *big.Int {
	inverse := new(big.Int).ModInverse(p.z, c.p)
	return c.mul(p.x, c.mul(inverse, inverse))
}

// cubic returns x³ + ax + b.
func (c *Curve) cubic(x *big.Int) *big.Int {
	return c.mod(plus(times(plus(c.mul(x, x), c.a), x), c.b))
}

// holds reports whether (x, y) is on the curve, with both numbers below p.
func (c *Curve) holds(x, y *big.Int) bool {
	return x.Sign() >= 0 && y.Sign() >= 0 && x.Cmp(c.p) < 0 && y.Cmp(c.p) < 0 && c.mul(y, y).Cmp(c.cubic(x)) == 0
}

// verify reports whether (r, s) is a signature by q. Source: SEC 1 version 2.0,
// section 4.1.4; r and s are known to be from 1 to n-1, and q to be on the curve.
func (c *Curve) verify(q point, digest []byte, of Signature) bool {
	e := new(big.Int).SetBytes(digest)
	if excess := 8*len(digest) - c.n.BitLen(); excess > 0 {
		e.Rsh(e, uint(excess))
	}
	w := new(big.Int).ModInverse(of.s, c.n)
	k := new(big.Int).Mul(e, w)
	l := new(big.Int).Mul(of.r, w)
	at := c.combination(k.Mod(k, c.n), c.base(), l.Mod(l, c.n), q)
	if at.isInfinity() {
		return false
	}
	x := c.abscissa(at)
	return x.Mod(x, c.n).Cmp(of.r) == 0
}
