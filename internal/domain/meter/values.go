package meter

import "pylon/internal/kernel/decimal"

// valuesMin is the least that the values of a series take.
const valuesMin = 2

// maxOrder is how often differences are taken: an energy register grows evenly,
// so that its second differences are small; the power of a car goes up and down.
const maxOrder = 2

// append writes the values: to loose their scales as runs, and texts; to dense
// their digits as differences of the order that takes the least space.
func (v *values) append(loose, dense *writer) {
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
	loose.uint(n)
	loose.buf = append(loose.buf, runs.buf...)
	loose.uint(uint64(len(v.texts)))
	for _, text := range v.texts {
		loose.text(text)
	}
	best, order := rice(v.digits), 0
	for o, d := 1, v.digits; o <= maxOrder; o++ {
		d = differences(d)
		if code := rice(d); len(code) < len(best) {
			best, order = code, o
		}
	}
	dense.uint(uint64(order))
	dense.buf = append(dense.buf, best...)
}

// parse reads what append wrote. Without dense it is of the first codec, which
// had digits as varints beside the rest.
func (v *values) parse(r, dense *reader) {
	most := uint64(len(r.data)) // values that there can be at all: each takes a byte, or a bit
	if dense != nil {
		most += 8 * uint64(len(dense.data))
	}
	for range r.count(2) {
		scale, n := r.uint(), r.uint()
		if scale > maxDigits+1 || n > most || n+uint64(len(v.scales)) > most {
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
	var order uint64
	if dense == nil {
		order = r.uint()
		v.digits = make([]int64, r.count(1))
		for i := range v.digits {
			v.digits[i] = r.int()
		}
	} else {
		order = dense.uint()
		v.digits = unrice(dense, max(0, len(v.scales)-len(v.texts)))
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
