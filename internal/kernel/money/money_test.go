package money_test

import (
	"errors"
	"math"
	"testing"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/money"
)

func TestRound(t *testing.T) {
	tests := []struct {
		name     string
		n        exact.Number
		currency money.Currency
		want     int64
	}{
		{"half goes up", exact.Fraction(5, 1000), "EUR", 1},
		{"below half goes down", exact.Fraction(4999, 1000000), "EUR", 0},
		{"negative half goes away from zero", exact.Fraction(-5, 1000), "EUR", -1},
		{"a third", exact.Fraction(1, 3), "EUR", 33},
		{"no minor unit", exact.Fraction(5, 2), "JPY", 3},
		{"three digits", exact.Fraction(12345, 10000), "KWD", 1235},
		{"zero", exact.Number{}, "EUR", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := money.Round(tt.n, tt.currency)
			if err != nil || got != money.Of(tt.want, tt.currency) {
				t.Errorf("got %v, %v, want %d %s", got, err, tt.want, tt.currency)
			}
		})
	}
	if _, err := money.Round(exact.Int(math.MaxInt64), "EUR"); !errors.Is(err, money.ErrRange) {
		t.Errorf("too much: got %v, want %v", err, money.ErrRange)
	}
}

func TestDigits(t *testing.T) {
	got, err := money.Digits(exact.Fraction(61, 60), 4)
	if err != nil || got.String() != "1.0167" {
		t.Errorf("got %v, %v, want 1.0167", got, err)
	}
	if _, err := money.Digits(exact.Int(math.MaxInt64), 4); !errors.Is(err, decimal.ErrRange) {
		t.Errorf("too much: got %v, want %v", err, decimal.ErrRange)
	}
}

// PROP-14: amounts of two currencies do not add up, and no sum overflows unseen.
func TestSums(t *testing.T) {
	eur := func(n int64) money.Amount { return money.Of(n, "EUR") }
	tests := []struct {
		name string
		a, b money.Amount
		want money.Amount
		err  error
	}{
		{"plain", eur(1), eur(2), eur(3), nil},
		{"to the greatest", eur(math.MaxInt64 - 1), eur(1), eur(math.MaxInt64), nil},
		{"beyond it", eur(math.MaxInt64), eur(1), money.Amount{}, money.ErrRange},
		{"below the least", eur(math.MinInt64), eur(-1), money.Amount{}, money.ErrRange},
		{"two currencies", eur(1), money.Of(1, "SEK"), money.Amount{}, money.ErrCurrency},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.a.Add(tt.b)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %v, %v, want %v, %v", got, err, tt.want, tt.err)
			}
		})
	}
	if _, err := eur(0).Sub(eur(math.MinInt64)); !errors.Is(err, money.ErrRange) {
		t.Errorf("minus the least: got %v, want %v", err, money.ErrRange)
	}
}

func TestCurrencies(t *testing.T) {
	for code, want := range map[string]int{"EUR": 2, "JPY": 0, "KWD": 3, "UYW": 4, "ZWG": 2, "XPF": 0, "AED": 2, "YER": 2} {
		c, err := money.ParseCurrency(code)
		if err != nil || c.Exponent() != want {
			t.Errorf("%s: got %d, %v, want %d", code, c.Exponent(), err, want)
		}
	}
	for _, code := range []string{"", "eur", "XAU", "XTS", "EURO"} {
		if c, err := money.ParseCurrency(code); err == nil {
			t.Errorf("%q: got %v, want an error", code, c)
		}
	}
	if got := money.Of(-1234, "EUR").Decimal().String(); got != "-12.34" {
		t.Errorf("got %s, want -12.34", got)
	}
}
