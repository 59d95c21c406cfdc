package session

import (
	"strconv"
	"strings"

	"pylon/internal/domain/meter"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/unit"
)

const (
	maxExponent = 18      // an int64 holds no larger power of ten
	valueMax    = 1 << 60 // so that the sum of three phases fits; in mWh a million times a power station's year
)

// isRegister reports whether m reads the register of imported energy.
func isRegister(m *meter.Sample) bool {
	return m.Measurand == "" || m.Measurand == meter.EnergyImportRegister
}

// total returns what sample i says of all phases together, in the unit of its
// measurand. A sample without a phase says it itself. Those of single phases
// are a total when all are there, at the same moment and in the same place, and
// no total is; the first stands for them.
func total(samples []meter.Sample, i int, q *station.Quirks) (int64, bool) {
	m := &samples[i]
	if m.Phase == "" {
		return scaled(m, q)
	}
	suffix, ok := strings.CutPrefix(m.Phase, "L1")
	if !ok || suffix != "" && suffix != "-N" {
		return 0, false
	}
	sum, ok := scaled(m, q)
	if !ok || q.Phases == 1 {
		return sum, ok
	}
	missing := 2
	for j := range samples {
		o := &samples[j]
		if !beside(o, m) {
			continue
		}
		switch o.Phase {
		case "":
			return 0, false
		case "L2" + suffix, "L3" + suffix:
			v, ok := scaled(o, q)
			if !ok {
				return 0, false
			}
			sum += v
			missing--
		}
	}
	return sum, missing == 0
}

// scaled returns a sample's value as an integer: energy in mWh, power in W, the
// state of charge in permille. False when its unit says otherwise, when it is
// too large to be true, and when there is none: signed data alone is no number.
func scaled(m *meter.Sample, q *station.Quirks) (int64, bool) {
	exp, ok := exponent(m, q)
	if !ok || m.Value == (decimal.Decimal{}) {
		return 0, false
	}
	v, _, err := m.Value.Scaled(exp + m.Multiplier)
	return v, err == nil && -valueMax <= v && v <= valueMax
}

// exponent returns the power of ten between the unit that a sample names and
// ours. Units have no case here: meters write kWh, KWh and kwh.
func exponent(m *meter.Sample, q *station.Quirks) (int, bool) {
	name := m.Unit
	switch {
	case m.Measurand == meter.StateOfCharge:
		return 1, name == "" || strings.EqualFold(name, "Percent") || name == "%"
	case isRegister(m):
		if name == "" {
			name = q.MeterUnit
		}
		exp := energyExponent(name)
		return exp, exp > 0
	}
	switch {
	case name == "", strings.EqualFold(name, "W"):
		return 0, true
	case strings.EqualFold(name, "kW"):
		return 3, true
	}
	return 0, false
}

// energyExponent is the power of ten between a unit of energy and mWh, 0 for
// what is none. OCPP's default is Wh.
func energyExponent(name string) int {
	switch {
	case name == "", strings.EqualFold(name, "Wh"):
		return 3
	case strings.EqualFold(name, "kWh"):
		return 6
	}
	return 0
}

// beside reports whether o and m are of one measurement: the same quantity at
// the same moment in the same place.
func beside(o, m *meter.Sample) bool {
	return o.At.Equal(m.At) && o.Context == m.Context && rank(o.Location) == rank(m.Location) &&
		(o.Measurand == m.Measurand || isRegister(o) && isRegister(m))
}

// lastDigit is what one more in the last digit of a register as sent would be.
func (r *Register) lastDigit() unit.MilliWattHour {
	exp := energyExponent(r.Unit) + r.Multiplier
	digits, power, _ := strings.Cut(strings.ToLower(r.Value.String()), "e")
	if n, err := strconv.Atoi(power); err == nil {
		exp += n
	}
	if _, fraction, ok := strings.Cut(digits, "."); ok {
		exp -= len(fraction)
	}
	digit := unit.MilliWattHour(1)
	for range min(exp, maxExponent) {
		digit *= 10
	}
	return digit
}
