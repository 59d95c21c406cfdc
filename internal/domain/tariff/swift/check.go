package swift

import (
	"strconv"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
)

func invalid(pointer, code, detail string) error { return fault.InvalidField(pointer, code, detail) }

// at returns the pointer of something below member i of a list.
func at(list string, i int, below string) string { return list + "/" + strconv.Itoa(i) + below }

// most refuses lists that are longer than they may be.
func most(n, allowed int, pointer string) error {
	if n > allowed {
		return invalid(pointer, "too_many", "must not have more than "+strconv.Itoa(allowed)+" members")
	}
	return nil
}

// number reads a decimal with no more digits than it may have. The pointer is asked for only when it has.
func number(d decimal.Decimal, pointer func() string) (fixed, error) {
	f, ok := parse(d)
	if !ok {
		return fixed{}, invalid(pointer(), "too_many_digits", "must have no more than 12 digits before and 18 after the point")
	}
	return f, nil
}

func notNegative(d decimal.Decimal, pointer func() string) (fixed, error) {
	f, err := number(d, pointer)
	if err == nil && f.sign() < 0 {
		err = invalid(pointer(), "negative", "must not be negative")
	}
	return f, err
}

// optional is number for what need not be there.
func optional(d *decimal.Decimal, pointer func() string) (*fixed, error) {
	if d == nil {
		return nil, nil //nolint:nilnil // nothing, and no mistake
	}
	f, err := number(*d, pointer)
	return &f, err
}
