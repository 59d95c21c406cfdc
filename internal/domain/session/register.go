package session

import (
	"time"

	"pylon/internal/domain/meter"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/unit"
)

// Measurands, locations and phases as OCPP spells them.
const (
	powerExport    = "Power.Active.Export"
	locationOutlet = "Outlet"
	locationCable  = "Cable"
	locationInlet  = "Inlet"
)

const (
	powerMax = 1_000_000_000 // W; a hundred times the largest charger: more is no measurement
	full     = 1000          // permille
)

// gauge is the newest of several readings of one measurand.
type gauge struct {
	value int64
	at    time.Time
	rank  int
	known bool
}

func (g *gauge) offer(value int64, at time.Time, rank int) {
	if !g.known || at.After(g.at) || at.Equal(g.at) && rank > g.rank {
		*g = gauge{value, at, rank, true}
	}
}

// measure takes in what the report's samples say. Energy is the last register
// minus the first, see [Step]; power and state of charge are the newest sample. What lies
// after the end of a session that has ended is kept, but belongs to no bill.
func (d *decision) measure() {
	s, q := &d.s, &d.k.Station.Quirks
	var imported, exported, charge gauge
	samples := d.r.Samples
	for i := range samples {
		m := &samples[i]
		at := d.sampled(m)
		if d.over && !d.inTime(at) {
			continue
		}
		switch m.Measurand {
		case "", meter.EnergyImportRegister:
			if m.Location == locationCable && atOutlet(samples) {
				continue // two meters: the nearer one counts
			}
			if e, ok := total(samples, i, q); ok && e >= 0 {
				d.read(Register{
					Known: true, Energy: unit.MilliWattHour(e), Value: m.Value, Unit: m.Unit, Multiplier: m.Multiplier,
					Context: m.Context, Location: m.Location, At: at, AsSent: m.AtAsSent, Order: d.order(m),
				})
			}
		case meter.PowerImport:
			if w, ok := total(samples, i, q); ok {
				imported.offer(w, at, rank(m.Location))
			}
		case powerExport:
			if w, ok := total(samples, i, q); ok {
				exported.offer(w, at, rank(m.Location))
			}
		case meter.StateOfCharge:
			if p, ok := scaled(m, q); ok && 0 <= p && p <= full {
				charge.offer(p, at, 0)
			}
		}
	}
	s.Energy = s.counted()
	if len(samples) > 0 {
		s.ReadAt = later(s.ReadAt, d.r.ReceivedAt)
		d.resolve(s, station.MeterSilent)
	}
	if s.EndedAt.IsZero() {
		d.gaugePower(imported, exported)
		if charge.known && !d.r.OccurredAt.Before(d.before.LastEventAt) {
			s.StateOfCharge = unit.Permille(charge.value)
		}
	}
}

// gaugePower takes the newest power: import, less export when it is as new.
func (d *decision) gaugePower(imported, exported gauge) {
	power := imported
	switch {
	case exported.known && (!imported.known || exported.at.After(imported.at)):
		power = exported
		power.value = -exported.value
	case exported.known && exported.at.Equal(imported.at):
		power.value -= exported.value
	}
	d.power = power.known && -powerMax <= power.value && power.value <= powerMax
	if d.power && !power.at.Before(d.s.PowerAt) {
		d.s.PowerW, d.s.PowerAt = unit.Watt(power.value), power.at
	}
}

// sampled is when a sample was taken, corrected like its report.
func (d *decision) sampled(m *meter.Sample) time.Time {
	if m.At.IsZero() {
		return d.at
	}
	return m.At.Truncate(resolution).Add(d.shift)
}

// since is the energy between two readings of one register, 0 when it is not
// known.
func (r *Register) since(begin *Register) unit.MilliWattHour {
	if !begin.Known || counter(begin.Location) != counter(r.Location) {
		return 0
	}
	return max(0, r.Energy-begin.Energy)
}

// precedes reports whether r is a better begin than b: measured nearer to the
// car, said to be the begin, earlier, lower.
func (r *Register) precedes(b *Register) bool {
	if !b.Known {
		return true
	}
	if x, y := counter(r.Location), counter(b.Location); x != y {
		return x > y
	}
	if x, y := r.Context == meter.ContextBegin, b.Context == meter.ContextBegin; x != y {
		return x
	}
	if r.before(b) || b.before(r) {
		return r.before(b)
	}
	return r.Energy < b.Energy
}

// outlasts reports whether r is a later state of the register than b: measured
// nearer to the car, higher, later. It does not ask which came first, so the
// order of reports does not matter. The reading that is said to be the end
// holds against one that is only higher because it was rounded.
func (r *Register) outlasts(b *Register) bool {
	if !b.Known {
		return true
	}
	if x, y := counter(r.Location), counter(b.Location); x != y {
		return x > y
	}
	switch ends, ended := r.Context == meter.ContextEnd, b.Context == meter.ContextEnd; {
	case ends && !ended:
		return r.Energy >= b.Energy-grain(r, b)
	case ended && !ends:
		return r.Energy > b.Energy+grain(r, b)
	case r.Energy != b.Energy:
		return r.Energy > b.Energy
	}
	return b.before(r)
}

// fell reports whether the register stood lower at r than before, at b, by more
// than rounding.
func (b *Register) fell(r *Register) bool {
	return b.Known && r.Known && counter(b.Location) == counter(r.Location) &&
		b.before(r) && r.Energy < b.Energy && r.Energy < b.Energy-grain(r, b)
}

// grain is the coarser of two readings' last digits: what rounding can make of
// one register.
func grain(a, b *Register) unit.MilliWattHour { return max(a.lastDigit(), b.lastDigit()) }

// rank orders the places of a meter by how near to the car they are. Only the
// nearest that a session has ever had counts.
func rank(location string) int {
	switch location {
	case "", locationOutlet:
		return 3
	case locationCable:
		return 2
	case locationInlet:
		return 1
	}
	return 0
}

// counter is the rank of a register. Fast chargers measure at the end of their
// cable and say so with each sample, but their 1.6 start and stop cannot say
// where: outlet and cable are one meter, unless a report has both.
func counter(location string) int {
	if location == locationCable {
		location = locationOutlet
	}
	return rank(location)
}

// atOutlet reports whether one of the samples is a register that says to be the
// outlet's.
func atOutlet(samples []meter.Sample) bool {
	for i := range samples {
		if samples[i].Location == locationOutlet && isRegister(&samples[i]) {
			return true
		}
	}
	return false
}
