package power

import (
	"math/big"
	"time"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/unit"
)

// Tier is who comes first: all of a tier is served before the next gets anything.
type Tier string

// The tiers, the first first.
const (
	Emergency Tier = "emergency"
	Fleet     Tier = "fleet"
	Contract  Tier = "contract"
	Standard  Tier = "standard"
)

// Tiers returns the tiers, the first first.
func Tiers() []Tier { return []Tier{Emergency, Fleet, Contract, Standard} }

// Demand is what a car at an outlet wants.
type Demand struct {
	Outlet     OutletID
	Pins       Pins             // that the car loads, if known
	Energy     *unit.WattHour   // still wanted; nil when not known
	Departure  time.Time        // zero when not known
	Most       unit.MilliAmpere // that the car takes
	Least      unit.MilliAmpere // below which it does not charge; the outlet has one, too
	Tier       Tier
	Weight     int              // within its tier; 1 is usual
	Guaranteed unit.MilliAmpere // that it has before others of its tier have more
}

// Limits of a demand.
const (
	weightMost = 1000
	energyMost = 10_000_000 // 10 MWh: a ship
)

// Check returns the first broken rule of a demand, as [fault.Invalid].
func (d *Demand) Check() error {
	known := false
	for _, t := range Tiers() {
		known = known || t == d.Tier
	}
	switch {
	case d.Pins&^AllPins != 0:
		return fault.InvalidField("/pins", "unknown_value", "are some of three")
	case d.Energy != nil && (*d.Energy < 0 || *d.Energy > energyMost):
		return fault.InvalidField("/energy_wh", "out_of_range", "is 0 to 10 MWh")
	case d.Most < 0 || d.Most > currentMost:
		return fault.InvalidField("/most_ma", "out_of_range", "is 0 to 10,000 A")
	case d.Least < 0 || d.Least > d.Most:
		return fault.InvalidField("/least_ma", "out_of_range", "is 0 to the most")
	case !known:
		return fault.InvalidField("/tier", "unknown_value", "must be emergency, fleet, contract or standard")
	case d.Weight < 1 || d.Weight > weightMost:
		return fault.InvalidField("/weight", "out_of_range", "is 1 to 1000")
	case d.Guaranteed < 0 || d.Guaranteed > d.Most:
		return fault.InvalidField("/guaranteed_ma", "out_of_range", "is 0 to the most")
	}
	return nil
}

// Takes returns the most current that outlet and car allow together.
func (d *Demand) Takes(o *Outlet) unit.MilliAmpere { return min(d.Most, o.Most) }

// Laxity returns how long a car could wait and still get its energy by its departure
// if it then had all that it takes, rounded down to a microsecond; negative when it
// is too late already. It is false while energy or departure are not known, and when
// a car wants energy and takes no power.
func (d *Demand) Laxity(o *Outlet, now time.Time) (time.Duration, bool) {
	if d.Energy == nil || d.Departure.IsZero() {
		return 0, false
	}
	left := d.Departure.Sub(now)
	if *d.Energy == 0 {
		return left, true
	}
	power := o.Delivered(d.Takes(o), d.Pins)
	if power <= 0 {
		return 0, false
	}
	needed := new(big.Int).Mul(big.NewInt(int64(*d.Energy)), big.NewInt(time.Hour.Microseconds()))
	needed.Add(needed, big.NewInt(int64(power)-1)) // rounded up
	needed.Quo(needed, big.NewInt(int64(power)))
	return left - time.Duration(needed.Int64())*time.Microsecond, true
}
