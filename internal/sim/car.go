package sim

import "pylon/internal/kernel/unit"

// mains is the tension between a phase and neutral.
const mains unit.MilliVolt = 230_000

// Car is an electric vehicle as a station sees it.
type Car struct {
	Phases     int              // its charger uses, 1 to 3
	MaxCurrent unit.MilliAmpere // per phase, AC
	MaxPower   unit.Watt        // DC
	Battery    unit.WattHour    // capacity
	Charge     unit.Permille    // state of charge on arrival
	Target     unit.Permille    // state of charge at which it stops asking
}

// charge returns the state of charge after some energy, which stops at full.
func (c Car) charge(delivered unit.WattHour) unit.Permille {
	return min(c.Charge+unit.Permille(delivered*1000/c.Battery), 1000)
}

// Hardware is what a station is built of. All its EVSEs are alike and have one
// connector each.
type Hardware struct {
	Vendor, Model string
	EVSEs         int
	Phases        int              // AC; 0 for DC
	MaxCurrent    unit.MilliAmpere // per phase, AC
	MaxPower      unit.Watt        // per EVSE
	Connector     string           // type, as OCPP 2.x names it
}

// AC11 is a wall box with one socket of 3 × 16 A.
func AC11() Hardware {
	return Hardware{Vendor: "Simulated", Model: "AC11", EVSEs: 1, Phases: 3, MaxCurrent: 16_000, MaxPower: 11_040, Connector: "sType2"}
}

// AC22 is a post with two sockets of 3 × 32 A.
func AC22() Hardware {
	return Hardware{Vendor: "Simulated", Model: "AC22", EVSEs: 2, Phases: 3, MaxCurrent: 32_000, MaxPower: 22_080, Connector: "sType2"}
}

// DC150 is a fast charger with two cables of 150 kW.
func DC150() Hardware {
	return Hardware{Vendor: "Simulated", Model: "DC150", EVSEs: 2, MaxPower: 150_000, Connector: "cCCS2"}
}

// DC says whether the station delivers direct current.
func (h Hardware) DC() bool { return h.Phases == 0 }

// flow is what runs into a car at a moment.
type flow struct {
	power   unit.Watt
	phases  int              // 0 for DC
	current unit.MilliAmpere // per phase; of the cable for DC
	tension unit.MilliVolt   // phase to neutral; of the battery for DC
}

// flowInto returns what the station gives a car at its state of charge: the most
// that both can, constant on AC, falling with the charge on DC.
func (h Hardware) flowInto(c Car, charge unit.Permille) flow {
	f := flow{phases: min(h.Phases, c.Phases), tension: mains}
	if h.DC() {
		f.tension = batteryTension(charge)
	}
	if charge >= c.Target {
		return f
	}
	if h.DC() {
		f.power = min(h.MaxPower, c.MaxPower) * unit.Watt(taper(charge)) / 1000
		f.current = unit.MilliAmpere(int64(f.power) * 1_000_000 / int64(f.tension))
		return f
	}
	f.current = min(h.MaxCurrent, c.MaxCurrent)
	f.power = unit.Watt(int64(f.phases) * int64(f.current) * int64(f.tension) / 1_000_000)
	return f
}

// batteryTension rises with the charge, as it does in packs of some 100 cells.
func batteryTension(charge unit.Permille) unit.MilliVolt {
	const empty, rise = 350_000, 60
	return empty + rise*unit.MilliVolt(charge)
}

// taper is the share of its best power that a battery takes at a state of charge:
// all of it up to half, then less and less.
func taper(charge unit.Permille) unit.Permille {
	curve := []struct{ charge, share unit.Permille }{{0, 1000}, {500, 1000}, {800, 450}, {1000, 80}}
	for i, next := range curve[1:] {
		if last := curve[i]; charge <= next.charge {
			return last.share + (next.share-last.share)*(charge-last.charge)/(next.charge-last.charge)
		}
	}
	return curve[len(curve)-1].share
}
