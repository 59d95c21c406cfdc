package decimal_test

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"pylon/internal/kernel/decimal"
)

func TestParse(t *testing.T) {
	tests := []struct {
		text string
		want error
	}{
		{"0", nil},
		{"-0", nil},
		{"12.50", nil},
		{"+5", nil},
		{"1e3", nil},
		{"1E-18", nil},
		{"-12345.678e+2", nil},
		{"1e18", nil},
		{"1e19", decimal.ErrRange},
		{"1e-19", decimal.ErrRange},
		{"1e99999999999999999999", decimal.ErrRange},
		{strings.Repeat("9", decimal.MaxLength), nil},
		{strings.Repeat("9", decimal.MaxLength+1), decimal.ErrRange},
		{"", decimal.ErrSyntax},
		{"-", decimal.ErrSyntax},
		{".5", decimal.ErrSyntax},
		{"5.", decimal.ErrSyntax},
		{"05", decimal.ErrSyntax},
		{"-00.5", decimal.ErrSyntax},
		{"1,5", decimal.ErrSyntax},
		{"1e", decimal.ErrSyntax},
		{"1e+", decimal.ErrSyntax},
		{"1.5.2", decimal.ErrSyntax},
		{" 1", decimal.ErrSyntax},
		{"1 ", decimal.ErrSyntax},
		{"NaN", decimal.ErrSyntax},
		{"Infinity", decimal.ErrSyntax},
		{"0x10", decimal.ErrSyntax},
		{"--1", decimal.ErrSyntax},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			d, err := decimal.Parse(test.text)
			if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
				t.Fatalf("got error %v, want %v", err, test.want)
			}
			if err == nil && d.String() != test.text {
				t.Errorf("got %s, want it as written", d)
			}
		})
	}
}

func TestScaled(t *testing.T) {
	tests := []struct {
		text  string
		exp   int
		want  int64
		exact bool
		err   error
	}{
		{"12.50", 3, 12500, true, nil},
		{"12.50", 0, 13, false, nil},
		{"-12.50", 0, -13, false, nil},
		{"12.49", 0, 12, false, nil},
		{"0.5", 0, 1, false, nil},
		{"0.05", 0, 0, false, nil},
		{"0.09", 0, 0, false, nil},
		{"-0.4", 0, 0, false, nil},
		{"1e3", 0, 1000, true, nil},
		{"1500", -3, 2, false, nil},
		{"1000", -3, 1, true, nil},
		{"0.000", 18, 0, true, nil},
		{"0", -40, 0, true, nil},
		{"1", -40, 0, false, nil},
		{"9223372036854775807", 0, math.MaxInt64, true, nil},
		{"9223372036854775808", 0, 0, false, decimal.ErrRange},
		{"-9223372036854775808", 0, math.MinInt64, true, nil},
		{"-9223372036854775809", 0, 0, false, decimal.ErrRange},
		{"9223372036854775807.5", 0, 0, false, decimal.ErrRange},
		{"9999999999999999999.9", 0, 0, false, decimal.ErrRange},
		{"1e18", 1, 0, false, decimal.ErrRange},
		{"1e18", 18, 0, false, decimal.ErrRange},
		{"+7.1", 1, 71, true, nil},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			got, exact, err := parse(t, test.text).Scaled(test.exp)
			if got != test.want || exact != test.exact || !errors.Is(err, test.err) {
				t.Errorf("got %d, %t, %v; want %d, %t, %v", got, exact, err, test.want, test.exact, test.err)
			}
		})
	}
}

func TestFromInt(t *testing.T) {
	tests := []struct {
		value int64
		scale int
		want  string
	}{
		{1250, 2, "12.50"},
		{-5, 3, "-0.005"},
		{0, 1, "0.0"},
		{7, 0, "7"},
		{7, -3, "7e3"},
		{math.MinInt64, 18, "-9.223372036854775808"},
	}
	for _, test := range tests {
		got := decimal.FromInt(test.value, test.scale)
		if got.String() != test.want {
			t.Errorf("FromInt(%d, %d): got %s, want %s", test.value, test.scale, got, test.want)
		}
		if parse(t, got.String()) != got {
			t.Errorf("FromInt(%d, %d) is not what Parse makes of it", test.value, test.scale)
		}
	}
}

func TestCmp(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"1", "1.0", 0},
		{"-0", "0.00", 0},
		{"1e3", "1000", 0},
		{"0.1", "0.09", 1},
		{"-0.1", "-0.09", -1},
		{"-1", "1", -1},
		{"10", "9", 1},
		{"0.001", "1e-3", 0},
		{"123", "1234", -1},
		{"99.99", "100", -1},
	}
	for _, test := range tests {
		if got := parse(t, test.a).Cmp(parse(t, test.b)); got != test.want {
			t.Errorf("%s Cmp %s: got %d, want %d", test.a, test.b, got, test.want)
		}
		if got := parse(t, test.b).Cmp(parse(t, test.a)); got != -test.want {
			t.Errorf("%s Cmp %s: got %d, want %d", test.b, test.a, got, -test.want)
		}
	}
	if got := parse(t, "99.5").CmpInt(100); got != -1 {
		t.Errorf("99.5 CmpInt 100: got %d, want -1", got)
	}
	if got := parse(t, "-1e2").CmpInt(-100); got != 0 {
		t.Errorf("-1e2 CmpInt -100: got %d, want 0", got)
	}
}

func TestJSON(t *testing.T) {
	type message struct {
		Required decimal.Decimal  `json:"required"`
		Optional *decimal.Decimal `json:"optional,omitzero"`
	}
	tests := []struct{ name, in, want string }{
		{"digits are kept", `{"required":12.50,"optional":1e3}`, `{"required":12.50,"optional":1e3}`},
		{"zero is not left out", `{"required":0,"optional":0.0}`, `{"required":0,"optional":0.0}`},
		{"absent stays absent", `{}`, `{"required":0}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var m message
			if err := json.Unmarshal([]byte(test.in), &m); err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(m)
			if err != nil || string(got) != test.want {
				t.Errorf("got %s, %v; want %s", got, err, test.want)
			}
		})
	}
	for _, bad := range []string{`{"required":"1"}`, `{"required":null}`, `{"required":1e99}`} {
		if err := json.Unmarshal([]byte(bad), new(message)); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	if got, err := json.Marshal(parse(t, "+5")); err != nil || string(got) != "5" {
		t.Errorf("+5: got %s, %v; want 5, JSON has no plus", got, err)
	}
}

// FuzzParse compares with big.Rat: grammar, order, and scaling.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"0", "-12.50", "1e3", "+5", "9223372036854775807.5", "1E-18", "00", "1.", "-0.05"} {
		f.Add(seed, 2)
	}
	f.Fuzz(func(t *testing.T, text string, exp int) {
		d, err := decimal.Parse(text)
		if err != nil {
			return
		}
		want, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("%q is not a number", text)
		}
		if d.Sign() != want.Sign() {
			t.Errorf("%s: got sign %d, want %d", text, d.Sign(), want.Sign())
		}
		if got := d.CmpInt(100); got != want.Cmp(big.NewRat(100, 1)) {
			t.Errorf("%s CmpInt 100: got %d", text, got)
		}
		exp %= decimal.MaxExponent + 1
		value, exact, err := d.Scaled(exp)
		if err != nil {
			return
		}
		power := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exp, -exp))), nil))
		if exp < 0 {
			power.Inv(power)
		}
		distance := want.Mul(want, power).Sub(want, new(big.Rat).SetInt64(value))
		if exact != (distance.Sign() == 0) || distance.Abs(distance).Cmp(big.NewRat(1, 2)) > 0 {
			t.Errorf("%s times 10^%d: got %d, exact %t", text, exp, value, exact)
		}
	})
}

func parse(t *testing.T, text string) decimal.Decimal {
	t.Helper()
	d, err := decimal.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
