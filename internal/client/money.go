package client

import (
	"pylon/internal/kernel/money"
)

// Amount writes an amount of minor units as people do, such as 6.62; false for a
// unit that is no currency, such as points, whose units are whole.
func Amount(minor int64, unit string) (string, bool) {
	currency, err := money.ParseCurrency(unit)
	if err != nil {
		return "", false
	}
	return money.Amount{Minor: minor, Currency: currency}.Decimal().String(), true
}
