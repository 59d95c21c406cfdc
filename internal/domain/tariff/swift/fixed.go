package swift

import (
	"math"
	"math/big"
	"math/bits"
	"slices"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/rating"
)

// fixed is a number of units of 10^-18: a question's numbers have no more digits
// after the point ([rating.DigitsMost]), and 12 before it, so all of them, and the sum of a million, fit.
type fixed struct {
	hi int64
	lo uint64
}

// Units that meters and clocks count in, in 10^-18 of a kilowatt-hour, ampere, kilowatt or second.
const (
	perNano  = 1_000_000_000 // a nanosecond
	perMicro = 1_000 * perNano
	perMilli = 1_000 * perMicro
	perOne   = 1_000 * perMilli
)

// times returns n × unit.
func times(n int64, unit uint64) fixed {
	hi, lo := bits.Mul64(magnitude(n), unit)
	f := fixed{int64(hi), lo} //nolint:gosec // 63 and 60 bits make 123
	if n < 0 {
		return f.neg()
	}
	return f
}

func (f fixed) neg() fixed {
	lo, borrow := bits.Sub64(0, f.lo, 0)
	hi, _ := bits.Sub64(0, uint64(f.hi), borrow) //nolint:gosec // two's complement
	return fixed{int64(hi), lo}                  //nolint:gosec // the same
}

func (f fixed) add(o fixed) fixed {
	lo, carry := bits.Add64(f.lo, o.lo, 0)
	hi, _ := bits.Add64(uint64(f.hi), uint64(o.hi), carry) //nolint:gosec // two's complement
	return fixed{int64(hi), lo}                            //nolint:gosec // the same
}

func (f fixed) sub(o fixed) fixed { return f.add(o.neg()) }

func (f fixed) cmp(o fixed) int {
	if f.hi != o.hi {
		return compare(f.hi, o.hi)
	}
	return compare(f.lo, o.lo)
}

func (f fixed) sign() int {
	switch {
	case f.hi < 0:
		return -1
	case f.hi == 0 && f.lo == 0:
		return 0
	}
	return 1
}

// ratio returns the number that f is.
func (f fixed) ratio() ratio {
	if f.hi < 0 {
		return f.neg().ratio().neg()
	}
	if f.hi == 0 && f.lo == 0 {
		return ratio{}
	}
	if high := uint64(f.hi); high < perNano { // most have nine digits after the point
		hi, rest := bits.Div64(0, high, perNano)
		lo, rest := bits.Div64(rest, f.lo, perNano)
		if hi == 0 && rest == 0 && lo <= math.MaxInt64 {
			return fraction(int64(lo), perNano)
		}
	}
	if f.hi == 0 && f.lo <= math.MaxInt64 {
		return fraction(int64(f.lo), perOne)
	}
	n := new(big.Int).Lsh(big.NewInt(f.hi), 64)
	return shrunk(new(big.Rat).SetFrac(n.Add(n, new(big.Int).SetUint64(f.lo)), big.NewInt(perOne)))
}

// quantity is a sum of volumes: nearly all in fixed units, and what time and energy between two
// readings add that no decimal tells.
type quantity struct {
	fixed
	part ratio
	more []ratio // parts that do not fit two words with the others
}

func (q quantity) ratio() ratio {
	sum := q.fixed.ratio()
	if q.part.n != 0 {
		sum = sum.add(q.part)
	}
	if len(q.more) > 0 {
		sum = sum.add(total(q.more))
	}
	return sum
}

// sign returns -1, 0 or +1. Only differences have parts that are not 0 while the rest is.
func (q quantity) sign() int {
	if q.part.n == 0 && len(q.more) == 0 {
		return q.fixed.sign()
	}
	return q.ratio().sign()
}

// add puts o into q.
func (q *quantity) add(o quantity) {
	q.fixed = q.fixed.add(o.fixed)
	q.addPart(o.part)
	for _, part := range o.more {
		q.addPart(part)
	}
}

func (q *quantity) addPart(part ratio) {
	if part.sign() == 0 {
		return
	}
	if part.big == nil {
		if q.part.n == 0 {
			q.part = part
			return
		}
		if sum, ok := addWords(q.part, part); ok {
			q.part = sum
			return
		}
	}
	q.more = append(q.more, part)
}

// minus returns q - o.
func (q quantity) minus(o quantity) quantity {
	if o.part.n == 0 && q.part.n == 0 && len(q.more) == 0 && len(o.more) == 0 {
		return quantity{fixed: q.fixed.sub(o.fixed)}
	}
	diff := quantity{fixed: q.fixed.sub(o.fixed), part: q.part, more: slices.Clip(q.more)}
	diff.addPart(o.part.neg())
	for _, part := range o.more {
		diff.addPart(part.neg())
	}
	return diff
}

// parse returns what d says; false when it has more digits than a question may have.
func parse(d decimal.Decimal) (fixed, bool) {
	text := d.String()
	if f, ok := parseShort(text); ok {
		return f, true
	}
	return parseLong(text)
}

// parseShort reads up to 18 digits without an exponent: what nearly every number is.
func parseShort(text string) (fixed, bool) {
	const shortMost = 18
	negative := text[0] == '-'
	i := 0
	if negative || text[0] == '+' {
		i = 1
	}
	n, digits, after, point := int64(0), 0, 0, 0
	for ; i < len(text) && digits < shortMost; i++ {
		switch c := text[i]; {
		case c == '.':
			point = 1
		case c < '0' || c > '9':
			return fixed{}, false
		default:
			n = n*10 + int64(c-'0')
			digits++
			after += point
		}
	}
	if i < len(text) || digits-after > rating.WholeDigitsMost {
		return fixed{}, false
	}
	if negative {
		n = -n
	}
	return times(n, powerOfTen(rating.DigitsMost-after)), true
}

// powerOfTen returns 10^n, n from 0 to 18.
func powerOfTen(n int) uint64 {
	powers := [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}
	return powers[n]
}

// parseLong reads any number; zeros at its ends do not count.
func parseLong(text string) (fixed, bool) {
	rat, ok := new(big.Rat).SetString(text) // at most 64 digits, and an exponent of at most 18: decimal.Parse saw to it
	if !ok {
		return fixed{}, false
	}
	n := rat.Mul(rat, new(big.Rat).SetInt64(perOne))
	most := new(big.Int).Mul(new(big.Int).SetUint64(powerOfTen(rating.WholeDigitsMost)), big.NewInt(perOne))
	if !n.IsInt() || n.Num().CmpAbs(most) >= 0 {
		return fixed{}, false
	}
	abs := new(big.Int).Abs(n.Num())
	lo := new(big.Int).And(abs, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
	f := fixed{int64(abs.Rsh(abs, 64).Uint64()), lo} //nolint:gosec // below 10^30
	if n.Sign() < 0 {
		return f.neg(), true
	}
	return f, true
}

// div divides f, which is not negative and less than 2^64 × n, by n.
func div(f fixed, n uint64) (quotient, rest uint64) {
	return bits.Div64(uint64(f.hi), f.lo, n) //nolint:gosec // not negative
}
