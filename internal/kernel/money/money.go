// Package money holds amounts of money as they are paid: whole minor units of a
// currency. Prices and sums on their way to an amount are exact numbers (package
// exact), and this package is the one place that rounds them.
package money

import (
	"math"

	"pylon/internal/kernel/fault"
)

// Amount is a sum of money in minor units, such as cents. Amounts of two currencies
// never meet in one sum: every operation on two of them tells.
type Amount struct {
	Minor    int64    `json:"minor"`
	Currency Currency `json:"currency"`
}

// Of returns so many minor units of a currency.
func Of(minor int64, currency Currency) Amount { return Amount{minor, currency} }

// The errors of sums.
var (
	// ErrCurrency says that amounts of two currencies met.
	ErrCurrency = fault.New(fault.Invalid, "currencies_differ")
	// ErrRange says that a sum does not fit: it is above 92 quadrillion minor units.
	ErrRange = fault.New(fault.Invalid, "amount_out_of_range")
)

// Add returns a + b, [ErrCurrency] or [ErrRange].
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, ErrCurrency
	}
	sum := a.Minor + b.Minor
	if (sum > a.Minor) != (b.Minor > 0) && b.Minor != 0 {
		return Amount{}, ErrRange
	}
	return Amount{sum, a.Currency}, nil
}

// Sub returns a - b, [ErrCurrency] or [ErrRange].
func (a Amount) Sub(b Amount) (Amount, error) {
	negative, err := b.Neg()
	if err != nil {
		return Amount{}, err
	}
	return a.Add(negative)
}

// Neg returns -a, or [ErrRange].
func (a Amount) Neg() (Amount, error) {
	if a.Minor == math.MinInt64 {
		return Amount{}, ErrRange
	}
	return Amount{-a.Minor, a.Currency}, nil
}

// Sum adds up amounts of one currency: [ErrCurrency], [ErrRange].
func Sum(currency Currency, amounts ...Amount) (Amount, error) {
	total := Amount{0, currency}
	var err error
	for _, a := range amounts {
		if total, err = total.Add(a); err != nil {
			return Amount{}, err
		}
	}
	return total, nil
}
