package sim

import (
	"slices"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/unit"
)

// Reading is what an EVSE measures at a moment.
type Reading struct {
	At       time.Time
	Register unit.WattHour // Energy.Active.Import.Register
	Power    unit.Watt
	Phases   int               // 0 for DC
	Current  unit.MilliAmpere  // per phase; of the cable for DC
	Tension  [3]unit.MilliVolt // of each phase; the first for DC
	Charge   unit.Permille     // state of charge; DC alone knows it
}

// quantity is one sampled value, in words that all versions share.
type quantity struct {
	measurand string
	phase     string // "" when it is of all
	unit      string
	value     decimal.Decimal
}

// The measurands a station can sample, in the order it sends them.
const (
	energyRegister = "Energy.Active.Import.Register"
	activePower    = "Power.Active.Import"
	currentImport  = "Current.Import"
	voltage        = "Voltage"
	stateOfCharge  = "SoC"
)

// quantities returns the reading as the sampled values asked for.
func (r Reading) quantities(measurands []string) []quantity {
	var out []quantity
	add := func(measurand, phase, unit string, value decimal.Decimal) {
		if slices.Contains(measurands, measurand) {
			out = append(out, quantity{measurand, phase, unit, value})
		}
	}
	add(energyRegister, "", "Wh", decimal.FromInt(int64(r.Register), 0))
	add(activePower, "", "W", decimal.FromInt(int64(r.Power), 0))
	if r.Phases == 0 {
		add(currentImport, "", "A", tenths(int64(r.Current)))
		add(voltage, "", "V", tenths(int64(r.Tension[0])))
		add(stateOfCharge, "", "Percent", decimal.FromInt(int64(r.Charge)/10, 0))
		return out
	}
	phases := []string{"L1", "L2", "L3"}[:r.Phases]
	for _, phase := range phases {
		add(currentImport, phase, "A", tenths(int64(r.Current)))
	}
	for i, phase := range phases {
		add(voltage, phase+"-N", "V", tenths(int64(r.Tension[i])))
	}
	return out
}

// tenths writes thousandths with one digit after the point, as meters do.
func tenths(milli int64) decimal.Decimal { return decimal.FromInt((milli+50)/100, 1) }
