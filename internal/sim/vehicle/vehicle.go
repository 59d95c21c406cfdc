// Package vehicle holds electric cars as a charging station sees them: what one
// takes of what it is offered, and how full its battery is after that. It is pure
// arithmetic in integers; the same car and the same offers give the same day.
package vehicle

import "pylon/internal/kernel/unit"

// Full is a full battery.
const Full unit.Permille = 1000

// MinCurrent is the least current per phase that a station can offer on AC. A car
// that is offered less pauses.
// Source: IEC 61851-1, annex A.
const MinCurrent unit.MilliAmpere = 6_000

// Car is an electric vehicle with the battery it arrives with.
type Car struct {
	Phases     int              // that its charger uses on AC, 1 to 3
	MaxCurrent unit.MilliAmpere // per phase, AC
	Onboard    unit.Watt        // most that its charger converts from AC; 0: whatever its currents come to
	MaxPower   unit.Watt        // DC; 0 when it has no such inlet
	Curve      Curve            // share of MaxPower by state of charge
	Pack       unit.MilliVolt   // tension of the empty battery; 0: that of a 400 V class

	Battery unit.WattHour // capacity as seen from the plug, losses included
	Charge  unit.Permille // state of charge on arrival
	Target  unit.Permille // state of charge at which it stops asking
}

// Offer is what an EVSE lets a car take at a moment.
type Offer struct {
	Phases  int              // AC, 1 to 3; 0 for DC
	Current unit.MilliAmpere // per phase, AC
	Tension unit.MilliVolt   // between a phase and neutral, AC
	Power   unit.Watt        // most in all; for AC, 0 means what the current comes to
}

// Draw is what a car takes.
type Draw struct {
	Power   unit.Watt
	Phases  int              // in use; 0 for DC
	Current unit.MilliAmpere // per phase; of the cable for DC
	Tension unit.MilliVolt   // between a phase and neutral; of the battery for DC
	Sated   bool             // it asks for nothing, whatever the offer
}

// Draw returns what the car takes of an offer at a state of charge. It never takes
// more than is offered, on any phase or in all. A car without the inlet for an offer
// takes nothing and is not sated.
func (c Car) Draw(charge unit.Permille, offer Offer) Draw {
	if offer.Phases <= 0 {
		return c.drawDC(charge, offer)
	}
	return c.drawAC(charge, offer)
}

func (c Car) drawAC(charge unit.Permille, offer Offer) Draw {
	d := Draw{Phases: min(offer.Phases, c.Phases), Tension: offer.Tension, Sated: c.sated(charge)}
	if d.Sated || d.Phases <= 0 || d.Tension <= 0 || offer.Current < MinCurrent {
		return d
	}
	across := int64(d.Phases) * int64(d.Tension) // of all phases, in mV
	current := min(offer.Current, c.MaxCurrent)
	for _, most := range []unit.Watt{offer.Power, c.onboard(charge)} {
		if most > 0 {
			current = min(current, unit.MilliAmpere(int64(most)*microwatts/across))
		}
	}
	d.Current = max(current, 0)
	d.Power = unit.Watt(across * int64(d.Current) / microwatts)
	return d
}

func (c Car) drawDC(charge unit.Permille, offer Offer) Draw {
	d := Draw{Tension: c.tension(charge), Sated: c.sated(charge)}
	if d.Sated {
		return d
	}
	d.Power = max(min(offer.Power, c.MaxPower*unit.Watt(c.Curve.at(charge))/1000), 0)
	d.Current = unit.MilliAmpere(int64(d.Power) * microwatts / int64(d.Tension))
	return d
}

// microwatts turns watts into what milliamperes times millivolts come to.
const microwatts = 1_000_000

// Charged returns the state of charge after some energy on top of charge, which stops
// at full. A permille is coarse: count from the arrival with the whole energy since.
func (c Car) Charged(charge unit.Permille, energy unit.MilliWattHour) unit.Permille {
	permille := unit.MilliWattHour(c.Battery) // of the battery: as many mWh as all of it has Wh
	if permille <= 0 || energy >= unit.MilliWattHour(Full-charge)*permille {
		return Full
	}
	return charge + unit.Permille(energy/permille)
}

func (c Car) sated(charge unit.Permille) bool { return charge >= min(c.Target, Full) }

// onboard returns the most that the charger converts at a state of charge, which
// falls over the last twentieth; 0 says that nothing but the current bounds it.
func (c Car) onboard(charge unit.Permille) unit.Watt {
	const (
		bend = 950 // from here on the cells are balanced
		last = 150 // share that the last permille still takes
	)
	if charge <= bend {
		return c.Onboard
	}
	most := c.Onboard
	if most == 0 {
		most = unit.Watt(int64(c.Phases) * int64(c.MaxCurrent) * grid / microwatts)
	}
	share := int64(1000 - (1000-last)*(charge-bend)/(Full-bend))
	return max(unit.Watt(int64(most)*share/1000), 1)
}

// grid is the tension between phase and neutral, in mV, that chargers are rated for.
const grid = 230_000

// tension rises with the charge by a sixth, as in packs of some hundred cells.
func (c Car) tension(charge unit.Permille) unit.MilliVolt {
	const usual, sixth = 350_000, 6
	empty := c.Pack
	if empty <= 0 {
		empty = usual
	}
	return empty + empty*unit.MilliVolt(min(max(charge, 0), Full))/(sixth*1000)
}

// Curve is what a battery takes of its best power, by state of charge: points in
// rising order, straight lines between them, level outside. Empty is all of it always.
type Curve []Point

// Point is one point of a [Curve].
type Point struct{ Charge, Share unit.Permille }

func (c Curve) at(charge unit.Permille) unit.Permille {
	for i, next := range c {
		if charge > next.Charge {
			continue
		}
		if i == 0 {
			return next.Share
		}
		last := c[i-1]
		if last.Charge == next.Charge {
			return next.Share
		}
		return last.Share + (next.Share-last.Share)*(charge-last.Charge)/(next.Charge-last.Charge)
	}
	if len(c) == 0 {
		return 1000
	}
	return c[len(c)-1].Share
}
