// Package exact holds rational numbers, so that a third of an hour at 0.37 a
// kilowatt-hour is what it is until somebody rounds it, once, at a place that
// says so (see package money).
package exact

import (
	"fmt"
	"math/big"

	"pylon/internal/kernel/decimal"
)

// Number is an exact rational number. It is a value: no operation changes its
// operands. The zero value is 0.
type Number struct {
	rat  *big.Rat // never changed once it is here; nil: n/d,
	n, d int64    // d 0 standing for 1: most numbers are made to be kept, and only some are reckoned with
}

// Int returns n.
func Int(n int64) Number { return Number{n: n} }

// Fraction returns p/q. It panics when q is 0: fractions are written by us.
func Fraction(p, q int64) Number {
	if q == 0 {
		panic("exact: a fraction of nothing")
	}
	return Number{n: p, d: q}
}

// Rational returns p/q, as [Number.Ratio] takes it apart. It panics when q is 0. They stay the caller's.
func Rational(p, q *big.Int) Number { return Number{rat: new(big.Rat).SetFrac(p, q)} }

// Of returns the number that d is.
func Of(d decimal.Decimal) Number {
	rat, ok := new(big.Rat).SetString(d.String())
	if !ok {
		panic(fmt.Sprintf("exact: %q is a decimal.Decimal and no number", d))
	}
	return Number{rat: rat}
}

func (n Number) value() *big.Rat {
	switch {
	case n.rat != nil:
		return n.rat
	case n.d == 0:
		return new(big.Rat).SetInt64(n.n)
	}
	return big.NewRat(n.n, n.d)
}

// Add returns n + m.
func (n Number) Add(m Number) Number { return Number{rat: new(big.Rat).Add(n.value(), m.value())} }

// Sub returns n - m.
func (n Number) Sub(m Number) Number { return Number{rat: new(big.Rat).Sub(n.value(), m.value())} }

// Mul returns n × m.
func (n Number) Mul(m Number) Number { return Number{rat: new(big.Rat).Mul(n.value(), m.value())} }

// Quo returns n / m. It panics when m is 0, as integers do.
func (n Number) Quo(m Number) Number { return Number{rat: new(big.Rat).Quo(n.value(), m.value())} }

// Neg returns -n.
func (n Number) Neg() Number { return Number{rat: new(big.Rat).Neg(n.value())} }

// Cmp returns -1, 0 or +1 as n is less than, equal to or greater than m.
func (n Number) Cmp(m Number) int { return n.value().Cmp(m.value()) }

// Equal reports whether n and m are the same number.
func (n Number) Equal(m Number) bool { return n.Cmp(m) == 0 }

// Sign returns -1, 0 or +1.
func (n Number) Sign() int { return n.value().Sign() }

// Min returns the lesser of n and m.
func (n Number) Min(m Number) Number {
	if m.Cmp(n) < 0 {
		return m
	}
	return n
}

// Max returns the greater of n and m.
func (n Number) Max(m Number) Number {
	if m.Cmp(n) > 0 {
		return m
	}
	return n
}

// Ceil returns the least multiple of step that is not less than n. It panics
// when step is not positive.
func (n Number) Ceil(step Number) Number {
	if step.Sign() <= 0 {
		panic("exact: a step that is not positive")
	}
	steps := n.Quo(step).value()
	whole, rest := new(big.Int).QuoRem(steps.Num(), steps.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		whole.Add(whole, big.NewInt(1))
	}
	return Number{rat: new(big.Rat).SetInt(whole)}.Mul(step)
}

// Ratio returns numerator and denominator, in lowest terms, the denominator
// positive. They are the caller's.
func (n Number) Ratio() (p, q *big.Int) {
	return new(big.Int).Set(n.value().Num()), new(big.Int).Set(n.value().Denom())
}

// String returns n as p/q in lowest terms, or as p when it is whole.
func (n Number) String() string { return n.value().RatString() }

// Parse reads what [Number.String] wrote.
func Parse(text string) (Number, error) {
	const most = 256 << 10 // digits: a sum over thousands of readings at odd nanoseconds has half as many
	rat, ok := new(big.Rat), false
	if len(text) <= most && plain(text) {
		rat, ok = rat.SetString(text)
	}
	if !ok {
		return Number{}, fmt.Errorf("%w: a fraction is p/q or p", decimal.ErrSyntax)
	}
	return Number{rat: rat}, nil
}

// plain reports whether text has digits, a sign and a bar only: big.Rat takes
// more, exponents that take a minute to write out among it.
func plain(text string) bool {
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && c != '-' && c != '/' {
			return false
		}
	}
	return true
}

// MarshalText writes n as [Number.String] does.
func (n Number) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads what [Parse] reads.
func (n *Number) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*n = parsed
	return nil
}
