package meter

import (
	"math/bits"

	"pylon/internal/kernel/decimal"
)

// valuesMin is the least that the values of a series take.
const valuesMin = 4

// maxOrder is how often differences are taken: an energy register grows evenly,
// so that its second differences are small; the power of a car goes up and down.
const maxOrder = 2

// append writes the values: their scales as runs, their digits as differences
// of the order that takes the least space.
func (v *values) append(w *writer) {
	var runs writer
	n := uint64(0)
	for i := 0; i < len(v.scales); {
		j := i
		for j < len(v.scales) && v.scales[j] == v.scales[i] {
			j++
		}
		runs.uint(uint64(v.scales[i] + 1)) //nolint:gosec // -1 to maxDigits
		runs.uint(uint64(j - i))
		n++
		i = j
	}
	w.uint(n)
	w.buf = append(w.buf, runs.buf...)
	w.uint(uint64(len(v.texts)))
	for _, text := range v.texts {
		w.text(text)
	}
	best, order := v.digits, 0
	for o, d := 1, v.digits; o <= maxOrder; o++ {
		if d = differences(d); size(d) < size(best) {
			best, order = d, o
		}
	}
	w.uint(uint64(order))
	w.uint(uint64(len(best)))
	for _, d := range best {
		w.int(d)
	}
}

// parse reads what append wrote.
func (v *values) parse(r *reader) {
	for range r.count(2) {
		scale, n := r.uint(), r.uint()
		if scale > maxDigits+1 || n+uint64(len(v.scales)) > uint64(len(r.data)) {
			r.fail()
			return
		}
		for range n {
			v.scales = append(v.scales, int(scale)-1)
		}
	}
	v.texts = make([]string, r.count(1))
	for i := range v.texts {
		v.texts[i] = r.text()
	}
	order := r.uint()
	v.digits = make([]int64, r.count(1))
	for i := range v.digits {
		v.digits[i] = r.int()
	}
	if order > maxOrder || len(v.scales) != len(v.texts)+len(v.digits) {
		r.fail()
		return
	}
	for range order {
		sums(v.digits)
	}
}

// next takes the next value.
func (v *values) next() (decimal.Decimal, error) {
	switch {
	case len(v.scales) == 0:
		return decimal.Decimal{}, errDamaged
	case v.scales[0] < 0 && len(v.texts) > 0:
		text := v.texts[0]
		v.scales, v.texts = v.scales[1:], v.texts[1:]
		return decimal.Parse(text)
	case v.scales[0] >= 0 && len(v.digits) > 0:
		d := decimal.FromInt(v.digits[0], v.scales[0])
		v.scales, v.digits = v.scales[1:], v.digits[1:]
		return d, nil
	}
	return decimal.Decimal{}, errDamaged
}

// differences returns the steps from each number to the next, the first from 0.
// They wrap around where an int64 ends, and so do [sums].
func differences(of []int64) []int64 {
	d := make([]int64, len(of))
	before := int64(0)
	for i, v := range of {
		d[i] = v - before
		before = v
	}
	return d
}

// sums undoes differences, in place.
func sums(of []int64) {
	for i := 1; i < len(of); i++ {
		of[i] += of[i-1]
	}
}

// size is how many bytes the numbers take as varints.
func size(of []int64) int {
	n := 0
	for _, v := range of {
		zigzag := uint64(v)<<1 ^ uint64(v>>63) //nolint:gosec // bits, not a quantity
		n += max(1, (bits.Len64(zigzag)+6)/7)
	}
	return n
}
