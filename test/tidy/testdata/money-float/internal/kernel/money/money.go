// Package money is fine.
package money

// Amount is whole.
type Amount struct{ Minor int64 }

const million = 1_000_000

// Of is fine, too: a constant that looks like a float and is none.
func Of(units int64) Amount { return Amount{units * int64(1e2) * million / million} }
