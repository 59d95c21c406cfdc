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

	Offered        unit.Watt        // what the station lets the car take
	OfferedCurrent unit.MilliAmpere // per phase; of AC
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
	powerOffered   = "Power.Offered"
	currentOffered = "Current.Offered"
)

// quantities returns the reading as the sampled values asked for; energy and power
// in kWh and kW when the station's makers liked that better.
func (r Reading) quantities(measurands []string, kilo bool) []quantity {
	wattHours, watts, scale := "Wh", "W", 0
	if kilo {
		wattHours, watts, scale = "kWh", "kW", 3
	}
	var out []quantity
	add := func(measurand, phase, unit string, value decimal.Decimal) {
		if slices.Contains(measurands, measurand) {
			out = append(out, quantity{measurand, phase, unit, value})
		}
	}
	add(energyRegister, "", wattHours, decimal.FromInt(int64(r.Register), scale))
	add(activePower, "", watts, decimal.FromInt(int64(r.Power), scale))
	add(powerOffered, "", watts, decimal.FromInt(int64(r.Offered), scale))
	if r.Phases == 0 {
		add(currentImport, "", "A", tenths(int64(r.Current)))
		add(voltage, "", "V", tenths(int64(r.Tension[0])))
		add(stateOfCharge, "", "Percent", decimal.FromInt(int64(r.Charge)/10, 0))
		return out
	}
	add(currentOffered, "", "A", tenths(int64(r.OfferedCurrent)))
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
