// Package billing loses currencies.
package billing

import "pylon/internal/kernel/money"

type line struct {
	Amount money.Amount
	Minor  int64
}

func total(lines []line) (sum money.Amount) {
	for _, l := range lines {
		sum.Minor += l.Amount.Minor
		sum.Minor += l.Minor
	}
	return sum
}

func dearer(a, b money.Amount) bool {
	if a.Minor == 0 {
		return false
	}
	return (a.Minor) > b.Minor
}

func right(a, b money.Amount) money.Amount { return a.Add(b) }
