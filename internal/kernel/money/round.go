package money

import (
	"math/big"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
)

// Digits returns n with so many digits after the point, rounded half away from
// zero. It is the only place where a number loses digits on its way to money.
// A number beyond 10^18 of its last digit is [decimal.ErrRange].
func Digits(n exact.Number, places int) (decimal.Decimal, error) {
	scaled, err := scale(n, places)
	if err != nil {
		return decimal.Decimal{}, err
	}
	return decimal.FromInt(scaled, places), nil
}

// Round returns n in minor units, rounded half away from zero, or [ErrRange].
func Round(n exact.Number, currency Currency) (Amount, error) {
	scaled, err := scale(n, currency.Exponent())
	if err != nil {
		return Amount{}, ErrRange
	}
	return Amount{scaled, currency}, nil
}

// Exact returns the amount in units of its currency: 1234 cents are 12.34.
func (a Amount) Exact() exact.Number { return exact.Of(a.Decimal()) }

// Decimal returns the amount in units of its currency with all its digits: 12.30.
func (a Amount) Decimal() decimal.Decimal { return decimal.FromInt(a.Minor, a.Currency.Exponent()) }

// scale returns n × 10^places, rounded half away from zero.
func scale(n exact.Number, places int) (int64, error) {
	p, q := n.Ratio()
	p.Mul(p, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil))
	negative := p.Sign() < 0
	// |p|/q rounded half up is (2|p| + q) / 2q, rounded down.
	p.Abs(p).Lsh(p, 1).Add(p, q).Quo(p, q.Lsh(q, 1))
	if negative {
		p.Neg(p)
	}
	if !p.IsInt64() {
		return 0, decimal.ErrRange
	}
	return p.Int64(), nil
}
