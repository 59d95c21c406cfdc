package session

import (
	"fmt"

	"pylon/internal/domain/meter"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/unit"
)

// unaccountedMin is the least that is worth a finding when it went over a
// register that nobody used: less are a fast charger's insulation tests and
// what rounding to watt-hours makes.
const unaccountedMin unit.MilliWattHour = 50_000

// account compares the register at the begin of a session with where the one
// before it left the register.
func (d *decision) account() {
	if !d.s.Begin.Known || d.s.EVSE == 0 || d.s.EVSE == d.before.EVSE {
		return
	}
	for i := range d.older {
		d.leftOver(&d.older[i], &d.s.Begin)
	}
	left := d.k.Left
	if left == nil || len(d.older) > 0 || left.EVSE != d.s.EVSE || left.ID == d.s.ID || d.s.StartedAt.Before(left.EndedAt) {
		return
	}
	if (left.ClockNow - d.s.ClockNow).Abs() > ClockTolerance { // their times are by two clocks: others may lie between them
		return
	}
	before, o := *left, *left
	if d.leftOver(&o, &d.s.Begin); o != before {
		o.Version++
		d.older = append(d.older, o)
	}
}

// leftOver notes what went over the register after s had ended, until it stood
// at now. It is on nobody's bill: of a session that we closed it may be the
// rest, but its driver may also have gone. Its station's own stop tells.
func (d *decision) leftOver(s *Session, now *Register) {
	rest := now.since(&s.Last)
	if !s.Last.Known || rest < unaccountedMin {
		return
	}
	s.setAside().After = *now
	detail := fmt.Sprintf("%d Wh went over the register after it had ended", rest.WattHours())
	if s.EndedBy != ByStation {
		detail = fmt.Sprintf("%d Wh went over the register after the last reading of it; they may be its rest, and are not counted", rest.WattHours())
	}
	d.raise(s, station.EnergyUnaccounted, detail)
}

// accounted resolves what the station's own end explains.
func (d *decision) accounted() {
	if s := &d.s; s.Noted.Open(station.EnergyUnaccounted) && s.aside().After.since(&s.Last) < unaccountedMin {
		d.resolve(s, station.EnergyUnaccounted)
	}
}

// Idle says what samples taken while no session runs tell of the last one that
// ended at their EVSE: that its register moves all the same.
func Idle(st station.Station, left Session, f meter.Frame) Outcome {
	d := decision{before: left, s: left}
	d.k.Station, d.r.ReceivedAt, d.r.OccurredAt, d.r.Samples = st, f.ReceivedAt, f.OccurredAt, f.Samples
	for i := range f.Samples {
		m := &f.Samples[i]
		if !isRegister(m) || f.OccurredAt.Before(left.EndedAt) {
			continue
		}
		if e, ok := total(f.Samples, i, &st.Quirks); ok && e >= 0 {
			d.leftOver(&d.s, &Register{
				Known: true, Energy: unit.MilliWattHour(e), Value: m.Value, Unit: m.Unit, Multiplier: m.Multiplier,
				Context: m.Context, Location: m.Location, At: f.OccurredAt, AsSent: f.AsSent,
			})
		}
	}
	if d.s.Noted == left.Noted {
		return Outcome{} // told already
	}
	d.s.Version++
	d.out.Changed = []Session{d.s}
	return d.out
}
