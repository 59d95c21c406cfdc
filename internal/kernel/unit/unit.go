// Package unit holds the physical quantities of charging as integers, so that
// a sum of a million of them is exact. Each type names its unit; there are no
// floats anywhere in Pylon.
package unit

import "time"

// Watt is electric power. Export (vehicle to grid) is negative.
type Watt int64

// VoltAmpere is apparent power, in which transformers and connections are rated.
type VoltAmpere int64

// WattHour is electric energy.
type WattHour int64

// MilliWattHour is electric energy in the resolution that meters report:
// a register of 12.345 kWh is 12,345,000 mWh.
type MilliWattHour int64

// MilliAmpere is electric current.
type MilliAmpere int64

// MilliVolt is electric tension.
type MilliVolt int64

// Permille is a share in thousandths, such as a state of charge.
type Permille int64

const milliWattHoursPerWattHour = 1000

// WattHours returns e rounded half away from zero to whole watt-hours.
func (e MilliWattHour) WattHours() WattHour {
	whole, rest := WattHour(e/milliWattHoursPerWattHour), e%milliWattHoursPerWattHour
	switch {
	case rest >= milliWattHoursPerWattHour/2:
		return whole + 1
	case rest <= -milliWattHoursPerWattHour/2:
		return whole - 1
	}
	return whole
}

// Milli returns e in milliwatt-hours.
func (e WattHour) Milli() MilliWattHour { return MilliWattHour(e) * milliWattHoursPerWattHour }

// Over returns the energy of power p during d, counted in whole microseconds
// as all our times are, rounded towards zero to a milliwatt-hour. It is exact
// while the energy stays below 2.5 GWh.
func (p Watt) Over(d time.Duration) MilliWattHour {
	return MilliWattHour(int64(p) * d.Microseconds() / (time.Hour.Microseconds() / milliWattHoursPerWattHour))
}
