package metering

import (
	"slices"
	"strings"

	"pylon/internal/kernel/unit"
)

// importRegisters are the third groups of OBIS codes of energy that went into the vehicle, the
// one to bill first: what counts a transaction before what counts for ever, what the vehicle got
// before what the meter saw. B0 to B3 are OCMF's (1.4, table 25), 98 is of meters in use, 1 is
// everybody's (IEC 62056-6-1).
func importRegisters() []string { return []string{"B3", "B2", "98", "B1", "B0", "1"} }

// energyQuantity is the fourth group of a register of energy.
const energyQuantity = "8"

// rank returns the place of a register among those that can be billed; false when it is none.
// OBIS codes come as 1-0:1.8.0, 1-b:1.8.0, 01-00:98.08.00.FF and 01-00:B2.08.00*FF.
func rank(register string) (place int, ok bool) {
	_, code, _ := strings.Cut(register, ":")
	groups := strings.FieldsFunc(code, func(r rune) bool { return r == '.' || r == '*' })
	if len(groups) < 2 || strings.TrimLeft(groups[1], "0") != energyQuantity {
		return 0, false
	}
	place = slices.Index(importRegisters(), strings.ToUpper(strings.TrimLeft(groups[0], "0")))
	return place, place >= 0
}

// scale returns the power of ten that makes milliwatt-hours of a unit.
func scale(of string) (exp int, ok bool) {
	switch strings.ToLower(of) {
	case "wh":
		return 3, true
	case "kwh":
		return 6, true
	}
	return 0, false
}

// energy returns what a register shows. It must be to the milliwatt-hour, without rounding.
func (r *Reading) energy() (e unit.MilliWattHour, problem Code) {
	exp, ok := scale(r.Unit)
	if !ok {
		return 0, UnitUnknown
	}
	value, exact, err := r.Value.Scaled(exp)
	if err != nil || !exact {
		return 0, TooFine
	}
	return unit.MilliWattHour(value), ""
}

// step returns the least difference that the reading could show.
func (r *Reading) step() unit.MilliWattHour {
	exp, _ := scale(r.Unit)
	mantissa, exponent, _ := strings.Cut(strings.ToLower(r.Value.String()), "e")
	_, fraction, _ := strings.Cut(mantissa, ".")
	step := unit.MilliWattHour(1)
	if exponent != "" {
		return step // nobody writes a register so; it is no finer than what energy takes
	}
	for range exp - len(fraction) {
		step *= 10
	}
	return step
}
