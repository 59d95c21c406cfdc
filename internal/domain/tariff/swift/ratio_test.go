package swift

import (
	"math"
	"math/big"
	"math/rand"
	"testing"

	"pylon/internal/kernel/decimal"
)

// word draws numbers of all sizes, those at the edge of a machine word among them.
func word(r *rand.Rand) int64 {
	switch r.Intn(4) {
	case 0:
		return int64(r.Intn(7)) - 3
	case 1:
		return math.MaxInt64 - int64(r.Intn(3))
	case 2:
		return -math.MaxInt64 + int64(r.Intn(3))
	}
	n := r.Int63() >> r.Intn(63)
	if r.Intn(2) == 0 {
		return -n
	}
	return n
}

// drawn returns a ratio and the same as a big.Rat.
func drawn(r *rand.Rand) (ratio, *big.Rat) {
	n, d := word(r), max(word(r), 1)
	return fraction(n, d), big.NewRat(n, d)
}

// Whatever is reckoned with words comes out as with numbers of any length.
func TestRatioIsExact(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for range 30_000 {
		a, x := drawn(r)
		b, y := drawn(r)
		if r.Intn(3) == 0 { // a second step, so that big ones come in
			a, x = a.mul(b), new(big.Rat).Mul(x, y)
		}
		checkRatio(t, "+", a.add(b), new(big.Rat).Add(x, y))
		checkRatio(t, "-", a.sub(b), new(big.Rat).Sub(x, y))
		checkRatio(t, "×", a.mul(b), new(big.Rat).Mul(x, y))
		if y.Sign() != 0 {
			checkRatio(t, "/", a.quo(b), new(big.Rat).Quo(x, y))
		}
		if got, want := a.cmp(b), x.Cmp(y); sign(got) != want {
			t.Fatalf("%v against %v: got %d, want %d", x, y, got, want)
		}
		checkCeil(t, a, x)
		if t.Failed() {
			t.Fatalf("of %v and %v", x, y)
		}
	}
}

func sign(n int) int { return compare(int64(n), 0) }

func checkRatio(t *testing.T, what string, got ratio, want *big.Rat) {
	t.Helper()
	if got.rat().Cmp(want) != 0 || got.number().String() != want.RatString() {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
	if got.big == nil && (got.n == 0) != (got.rat().Sign() == 0) || got.big != nil && got.big.Num().IsInt64() && got.big.Denom().IsInt64() && got.big.Num().Int64() != math.MinInt64 {
		t.Errorf("%s: %v is not in words", what, got)
	}
}

func checkCeil(t *testing.T, a ratio, x *big.Rat) {
	t.Helper()
	if x.Sign() < 0 {
		return
	}
	up := a.ceil().rat()
	if less := new(big.Rat).Sub(up, big.NewRat(1, 1)); !up.IsInt() || up.Cmp(x) < 0 || less.Cmp(x) >= 0 {
		t.Errorf("ceil of %v: got %v", x, up)
	}
	whole, rest := a.split()
	if sum := new(big.Rat).Add(new(big.Rat).SetInt64(whole), rest.rat()); x.Num().IsInt64() && sum.Cmp(x) != 0 {
		t.Errorf("split of %v: got %d and %v", x, whole, rest)
	}
}

// A sum with parts of any denominators is exact, however it is put together.
func TestQuantityIsExact(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	for range 200 {
		var q quantity
		want := new(big.Rat)
		for range 50 {
			f := times(r.Int63n(1e12), perMicro)
			part := fraction(r.Int63n(1e12), 1+r.Int63n(1e15))
			piece := quantity{fixed: f}
			piece.addPart(part)
			value := new(big.Rat).Add(f.ratio().rat(), part.rat())
			if r.Intn(3) == 0 {
				q = q.minus(piece)
				want.Sub(want, value)
				continue
			}
			q.add(piece)
			want.Add(want, value)
		}
		if got := q.ratio().rat(); got.Cmp(want) != 0 {
			t.Fatalf("got %v, want %v", got, want)
		}
		if q.sign() != want.Sign() {
			t.Fatalf("sign: got %d, want %d", q.sign(), want.Sign())
		}
	}
}

func TestParse(t *testing.T) {
	tests := []struct {
		text, want string // "": refused
	}{
		{"0", "0"},
		{"-0.00", "0"},
		{"+1.50", "3/2"},
		{"-0.1", "-1/10"},
		{"1e3", "1000"},
		{"25E-1", "5/2"},
		{"999999999999", "999999999999"},
		{"1000000000000", ""},
		{"-999999999999.999999999999999999", "-999999999999999999999999999999/1000000000000000000"},
		{"-1000000000000", ""},
		{"1e11", "100000000000"},
		{"1e12", ""},
		{"0.000000000000000001", "1/1000000000000000000"},
		{"0.0000000000000000001", ""},
		{"1.00000000000000000000000000000000000000000000", "1"},
		{"1e-18", "1/1000000000000000000"},
		{"18446744073.709551616", "288230376151711744/15625000"}, // 2^64 billionths
	}
	for _, tt := range tests {
		d, err := decimal.Parse(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		f, ok := parse(d)
		if !ok && tt.want == "" {
			continue
		}
		want, _ := new(big.Rat).SetString(tt.want)
		if !ok || tt.want == "" || f.ratio().rat().Cmp(want) != 0 {
			t.Errorf("%s: got %v, %v, want %q", tt.text, f.ratio(), ok, tt.want)
		}
		if long := plainNumber(f.ratio().number()); ok && (plainText(f) != long || f.ratio().plain() != long) {
			t.Errorf("%s: got %s, %s and %s", tt.text, plainText(f), f.ratio().plain(), long)
		}
	}
}

func TestFixedOrder(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	for range 30_000 {
		a, b := times(word(r), perOne), times(word(r), uint64(1+r.Intn(perNano)))
		x, y := a.ratio(), b.ratio()
		if got, want := a.cmp(b), x.cmp(y); got != sign(want) {
			t.Fatalf("%v against %v: got %d, want %d", x, y, got, want)
		}
		if got, want := a.add(b).ratio(), x.add(y); got.cmp(want) != 0 {
			t.Fatalf("%v + %v: got %v, want %v", x, y, got, want)
		}
		if got, want := a.sub(b).ratio(), x.sub(y); got.cmp(want) != 0 {
			t.Fatalf("%v - %v: got %v, want %v", x, y, got, want)
		}
		if a.sign() != x.sign() {
			t.Fatalf("sign of %v: got %d", x, a.sign())
		}
	}
}
