package swift

import (
	"math"
	"math/big"
	"math/bits"

	"pylon/internal/kernel/exact"
)

// ratio is a rational number, exact. Nearly all that a bill is made of fits two
// machine words, so these are tried first; what does not fit is a big.Rat. The zero value is 0.
type ratio struct {
	n, d int64    // in lowest terms, d > 0; 0/0 is 0, too
	big  *big.Rat // set: n and d are not looked at; never changed once it is here
}

// whole returns n.
func whole(n int64) ratio { return ratio{n: n, d: 1} }

// fraction returns n/d in lowest terms. d is positive.
func fraction(n, d int64) ratio {
	if n == 0 {
		return ratio{}
	}
	g := int64(gcd(magnitude(n), uint64(d))) //nolint:gosec // at most d, which is positive
	return ratio{n: n / g, d: d / g}
}

// shrunk returns what rat is, in words when it fits.
func shrunk(rat *big.Rat) ratio {
	if rat.Num().IsInt64() && rat.Denom().IsInt64() && rat.Num().Int64() != math.MinInt64 {
		return ratio{n: rat.Num().Int64(), d: rat.Denom().Int64()}
	}
	return ratio{big: rat}
}

func (r ratio) den() int64 { return max(r.d, 1) }

// rat returns r as a big.Rat that nobody may change.
func (r ratio) rat() *big.Rat {
	if r.big != nil {
		return r.big
	}
	return big.NewRat(r.n, r.den())
}

// number returns r as others know it.
func (r ratio) number() exact.Number {
	if r.big != nil {
		return exact.Rational(r.big.Num(), r.big.Denom())
	}
	if r.n == 0 {
		return exact.Number{}
	}
	if r.d == 1 {
		return exact.Int(r.n)
	}
	return exact.Fraction(r.n, r.d)
}

func (r ratio) sign() int {
	switch {
	case r.big != nil:
		return r.big.Sign()
	case r.n < 0:
		return -1
	case r.n > 0:
		return 1
	}
	return 0
}

func (r ratio) neg() ratio {
	if r.big != nil {
		return ratio{big: new(big.Rat).Neg(r.big)}
	}
	return ratio{n: -r.n, d: r.d} // shrunk keeps the one number out that has no negative
}

func (r ratio) add(o ratio) ratio {
	if r.big == nil && o.big == nil {
		if r.n == 0 {
			return o
		}
		if o.n == 0 {
			return r
		}
		if sum, ok := addWords(r, o); ok {
			return sum
		}
	}
	return shrunk(new(big.Rat).Add(r.rat(), o.rat()))
}

// addWords is add where everything on the way fits; neither is 0.
func addWords(r, o ratio) (ratio, bool) {
	if r.d == o.d {
		n, ok := addInt(r.n, o.n)
		if !ok {
			return ratio{}, false
		}
		return fraction(n, r.d), true
	}
	g := int64(gcd(uint64(r.d), uint64(o.d))) //nolint:gosec // denominators are positive
	a, aok := mulInt(r.n, o.d/g)
	b, bok := mulInt(o.n, r.d/g)
	n, nok := addInt(a, b)
	d, dok := mulInt(r.d, o.d/g)
	if !aok || !bok || !nok || !dok {
		return ratio{}, false
	}
	return fraction(n, d), true
}

func (r ratio) sub(o ratio) ratio { return r.add(o.neg()) }

func (r ratio) mul(o ratio) ratio {
	if r.big == nil && o.big == nil {
		if r.n == 0 || o.n == 0 {
			return ratio{}
		}
		g := int64(gcd(magnitude(r.n), uint64(o.d))) //nolint:gosec // at most the denominator
		h := int64(gcd(magnitude(o.n), uint64(r.d))) //nolint:gosec // at most the denominator
		n, nok := mulInt(r.n/g, o.n/h)
		d, dok := mulInt(r.d/h, o.d/g)
		if nok && dok {
			return ratio{n: n, d: d}
		}
	}
	return shrunk(new(big.Rat).Mul(r.rat(), o.rat()))
}

// quo returns r / o. o is not 0.
func (r ratio) quo(o ratio) ratio {
	if o.big != nil {
		return r.mul(shrunk(new(big.Rat).Inv(o.big)))
	}
	if o.n < 0 {
		return r.mul(ratio{n: -o.d, d: -o.n})
	}
	return r.mul(ratio{n: o.d, d: o.n})
}

func (r ratio) cmp(o ratio) int {
	if r.big != nil || o.big != nil {
		return r.rat().Cmp(o.rat())
	}
	if r.den() == o.den() {
		return compare(r.n, o.n)
	}
	if a, b := r.sign(), o.sign(); a != b || a == 0 {
		return a - b
	}
	h1, l1 := bits.Mul64(magnitude(r.n), uint64(o.den())) //nolint:gosec // denominators are positive
	h2, l2 := bits.Mul64(magnitude(o.n), uint64(r.den())) //nolint:gosec // the same
	order := compare(h1, h2)
	if order == 0 {
		order = compare(l1, l2)
	}
	return order * r.sign()
}

// ceil returns the least whole number that is not less than r, which is not negative.
func (r ratio) ceil() ratio {
	if r.big == nil {
		d := r.den()
		n := r.n / d
		if r.n%d > 0 {
			n++
		}
		return whole(n)
	}
	n, rest := new(big.Int).QuoRem(r.big.Num(), r.big.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		n.Add(n, big.NewInt(1))
	}
	return shrunk(new(big.Rat).SetInt(n))
}

func (r ratio) min(o ratio) ratio {
	if o.cmp(r) < 0 {
		return o
	}
	return r
}

func (r ratio) max(o ratio) ratio {
	if o.cmp(r) > 0 {
		return o
	}
	return r
}

// String returns r as p/q, or p when it is whole.
func (r ratio) String() string { return r.rat().RatString() }

// total adds up many numbers of coprime denominators, halves first: one after the
// other, each addition would go through a sum that has grown with all before it.
func total(all []ratio) ratio {
	switch len(all) {
	case 0:
		return ratio{}
	case 1:
		return all[0]
	}
	half := len(all) / 2
	return total(all[:half]).add(total(all[half:]))
}

func compare[T int64 | uint64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n) //nolint:gosec // two's complement, the least number too
	}
	return uint64(n)
}

func addInt(a, b int64) (int64, bool) {
	sum := a + b
	return sum, (sum > a) == (b > 0) && sum != math.MinInt64
}

func mulInt(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(lo), true
	}
	return int64(lo), true
}

// gcd returns the greatest common divisor, by halving and taking away.
func gcd(a, b uint64) uint64 {
	if a == 0 {
		return b
	}
	if b == 0 {
		return a
	}
	shift := bits.TrailingZeros64(a | b)
	a >>= bits.TrailingZeros64(a)
	for b != 0 {
		b >>= bits.TrailingZeros64(b)
		if a > b {
			a, b = b, a
		}
		b -= a
	}
	return a << shift
}
