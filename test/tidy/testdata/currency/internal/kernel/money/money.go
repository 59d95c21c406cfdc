// Package money may.
package money

// Amount knows its currency.
type Amount struct {
	Minor    int64
	Currency string
}

// Add looks at the currencies, or so we think.
func (a Amount) Add(b Amount) Amount { return Amount{a.Minor + b.Minor, a.Currency} }
