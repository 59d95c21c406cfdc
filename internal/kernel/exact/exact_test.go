package exact_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
)

func TestArithmetic(t *testing.T) {
	third, half := exact.Fraction(1, 3), exact.Fraction(1, 2)
	tests := []struct {
		name string
		got  exact.Number
		want string
	}{
		{"add", third.Add(half), "5/6"},
		{"subtract", third.Sub(half), "-1/6"},
		{"multiply", third.Mul(exact.Int(3)), "1"},
		{"divide", half.Quo(third), "3/2"},
		{"negate", third.Neg(), "-1/3"},
		{"the zero value is 0", exact.Number{}.Add(third), "1/3"},
		{"least", third.Min(half), "1/3"},
		{"greatest", third.Max(half), "1/2"},
		{"up to a step", exact.Fraction(1201, 1).Ceil(exact.Int(300)), "1500"},
		{"on a step", exact.Int(1200).Ceil(exact.Int(300)), "1200"},
		{"nothing stays nothing", exact.Number{}.Ceil(exact.Int(300)), "0"},
		{"below zero up to a step", exact.Int(-301).Ceil(exact.Int(300)), "-300"},
	}
	for _, tt := range tests {
		if got := tt.got.String(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
	if third.String() != "1/3" || half.String() != "1/2" {
		t.Errorf("the operands changed: %v, %v", third, half)
	}
}

func TestOf(t *testing.T) {
	for text, want := range map[string]string{"12.50": "25/2", "+1": "1", "-0.1": "-1/10", "1e3": "1000", "5E-1": "1/2", "0": "0"} {
		d, err := decimal.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := exact.Of(d).String(); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	for _, text := range []string{"1/3", "-7", "0", "99/8"} {
		n, err := exact.Parse(text)
		if err != nil || n.String() != text {
			t.Errorf("%s: got %v, %v", text, n, err)
		}
	}
	for _, text := range []string{"", "1/0", "1e999999999", "0x10", "1.5", "a"} {
		if n, err := exact.Parse(text); !errors.Is(err, decimal.ErrSyntax) {
			t.Errorf("%s: got %v, %v, want %v", text, n, err, decimal.ErrSyntax)
		}
	}
}

// A number is the same however it was made, and stays it whatever is done with those it was made of.
func TestMade(t *testing.T) {
	p, q := big.NewInt(6), big.NewInt(-4)
	rational := exact.Rational(p, q)
	p.SetInt64(1)
	tests := []struct {
		name string
		got  exact.Number
		want string
	}{
		{"a fraction not in lowest terms", exact.Fraction(6, 4), "3/2"},
		{"a fraction of a negative", exact.Fraction(6, -4), "-3/2"},
		{"no thirds", exact.Fraction(0, -3), "0"},
		{"the least integer", exact.Int(math.MinInt64), "-9223372036854775808"},
		{"the least integer of the least", exact.Fraction(math.MinInt64, math.MinInt64), "1"},
		{"a quotient of integers of any length", rational, "-3/2"},
	}
	for _, tt := range tests {
		num, den := tt.got.Ratio()
		if again := exact.Rational(num, den); tt.got.String() != tt.want || !again.Equal(tt.got) {
			t.Errorf("%s: got %v, and taken apart %v, want %s", tt.name, tt.got, again, tt.want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a fraction of nothing: got no panic")
		}
	}()
	exact.Fraction(1, 0)
}
