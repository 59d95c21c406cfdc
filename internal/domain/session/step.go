package session

import (
	"fmt"
	"time"

	"pylon/internal/domain/meter"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/unit"
)

// Step is where the energy register of a session left its course: it began
// again near zero, or rose by more than the EVSE can deliver. What went over
// the register before the step and after it is energy; the step is none, so
// nobody pays for what cannot have flowed.
//
// One reading off the course is noise until the register goes on from there.
// Until then, and when it comes back, it changes nothing.
type Step struct {
	Off     Register           `json:"off,omitzero"`         // the first reading off the course, while it may be noise
	OffLast Register           `json:"off_last,omitzero"`    // the highest that went on from it
	From    Register           `json:"from,omitzero"`        // the last on the course
	To      Register           `json:"to,omitzero"`          // the first after the step
	Between unit.MilliWattHour `json:"between_mwh,omitzero"` // energy between older steps
}

const (
	// nearZero is how high a register that began again may stand when it is
	// read for the first time: what a fast charger delivers in a minute.
	nearZero = 5_000_000 // mWh

	// deliverable is what no EVSE exceeds whose rating we do not know: the
	// largest that cars charge at today. Trucks' are in their templates.
	deliverable = 500_000 // W

	// A rating is per phase and nominal: meters, grids and rounding need room.
	phaseVoltage   = 277 // V, the highest between a phase and neutral
	marginNumer    = 5
	marginDenom    = 4
	deliverTermMax = 100 * 24 * time.Hour // keeps the product within what an integer holds
)

// before reports whether r was read before b: by the order in which they were
// told, where that is known of both, else by their times. A clock that is set,
// or runs fast, does not change the order of reports.
func (r *Register) before(b *Register) bool {
	if r.Order != 0 && b.Order != 0 && r.Order != b.Order {
		return r.Order < b.Order
	}
	return r.At.Before(b.At)
}

// order is the place of a sample that was taken with its report among all of
// its transaction: by seqNo in OCPP 2.x, by receipt for what was not queued in
// 1.6; 0 when only its time tells.
func (d *decision) order(m *meter.Sample) int64 {
	r := &d.r
	if !m.At.IsZero() && r.OccurredAt.Sub(m.At).Abs() > ClockTolerance {
		return 0 // one of the past, told with the others
	}
	switch {
	case r.SeqNo >= 0 && r.SeqNo < d.before.LastSeqNo && r.OccurredAt.After(d.before.LastEventAt), d.s.Noted.Has(station.SequenceRestarted):
		return 0 // the numbers begin anew
	case r.SeqNo >= 0:
		return r.SeqNo + 1
	case r.Version == station.OCPP16 && d.live:
		return r.ReceivedAt.UnixMicro()
	}
	return 0
}

// read takes in one reading of the energy register.
func (d *decision) read(r Register) {
	s := &d.s
	same := s.Last.Known && counter(r.Location) == counter(s.Last.Location)
	switch {
	case s.Aside == nil:
	case s.Last.Known && counter(r.Location) > counter(s.Last.Location):
		s.setAside().Step = Step{} // of a meter that counts no more
	case same && s.Aside.Step.To.Known && r.before(&s.Aside.Step.To):
		d.readBefore(r)
		return
	}
	switch {
	case same && s.Last.before(&r) && d.off(&s.Last, &r):
		d.readOff(r)
		return
	case same && r.before(&s.Begin) && s.Begin.Context != meter.ContextBegin && d.off(&r, &s.Begin): // nothing is before the start but a clock that was set back
		d.stepFound(r)
		return
	case same && s.Aside != nil && s.Aside.Step.Off.Known && s.Aside.Step.Off.before(&r):
		s.setAside().Step.forget() // it came back: that was noise
	}
	if s.Last.fell(&r) || r.fell(&s.Last) {
		d.raise(s, station.MeterBackwards, "the energy register fell")
	}
	if r.Context != meter.ContextEnd && r.precedes(&s.Begin) {
		s.Begin = r
	}
	if r.outlasts(&s.Last) {
		s.Last = r
	}
}

// forget drops what was off the course.
func (t *Step) forget() { t.Off, t.OffLast = Register{}, Register{} }

// readBefore takes in what comes late, of before the step.
func (d *decision) readBefore(r Register) {
	s := &d.s
	t := &s.setAside().Step
	if d.off(&t.From, &r) {
		if r.Energy < t.To.Energy && t.From.before(&r) {
			t.To = r // the step was earlier than we knew
		}
		return
	}
	if r.Context != meter.ContextEnd && r.precedes(&s.Begin) {
		s.Begin = r
	}
	if r.outlasts(&t.From) {
		t.From = r
	}
}

// readOff takes in a reading off the course. When the register goes on from
// such a reading, it has made a step.
func (d *decision) readOff(r Register) {
	s := &d.s
	t := &s.setAside().Step
	if r.Energy < s.Last.Energy {
		d.raise(s, station.MeterBackwards, "the energy register fell")
	} else {
		d.raise(s, station.MeterJumped, jump(&s.Last, &r))
	}
	switch {
	case !t.Off.Known, t.Off.before(&r) && (r.Energy < t.Off.Energy || d.jumped(&t.Off, &r)):
		t.Off, t.OffLast = r, r
		return
	case r.before(&t.Off):
		t.Off = r
	case r.outlasts(&t.OffLast):
		t.OffLast = r
	}
	if t.OffLast.Energy <= t.Off.Energy { // it stands still: a meter that says nothing at all does that, too
		return
	}
	if t.From.Known {
		t.Between += s.Last.since(&t.To)
	} else {
		t.From = s.Last
	}
	t.To, s.Last = t.Off, t.OffLast
	t.forget()
	d.stepSure(t)
}

// stepFound takes in a reading of before all others that shows that there was
// a step between.
func (d *decision) stepFound(r Register) {
	s := &d.s
	t := &s.setAside().Step
	if s.Last.Energy <= s.Begin.Energy {
		t.Off, t.OffLast = s.Begin, s.Last
		s.Begin, s.Last = r, r
		d.raise(s, station.MeterBackwards, "the energy register fell")
		return
	}
	t.From, t.To = r, s.Begin
	s.Begin = r
	d.stepSure(t)
}

// stepSure says what the step was, now that it is one.
func (d *decision) stepSure(t *Step) {
	if t.To.Energy > t.From.Energy {
		d.raise(&d.s, station.MeterJumped, jump(&t.From, &t.To))
		return
	}
	d.raise(&d.s, station.MeterReset, fmt.Sprintf("the energy register began again at %d Wh after %d Wh; what went over it before and after is counted",
		t.To.Energy.WattHours(), t.From.Energy.WattHours()))
	d.resolve(&d.s, station.MeterBackwards)
}

// jump tells people of a register that rose too far.
func jump(from, to *Register) string {
	return fmt.Sprintf("the energy register rose by %d Wh, more than the EVSE can deliver in that time; they are not counted", (to.Energy - from.Energy).WattHours())
}

// off reports whether a register that stood at from cannot have come to r by
// delivering energy, and has not only lost some digits: it is near zero, fell
// while the station booted, or rose too far.
func (d *decision) off(from, r *Register) bool {
	switch {
	case !from.Known || !r.Known || counter(from.Location) != counter(r.Location):
		return false
	case r.Energy < from.Energy:
		return r.Energy < from.Energy-grain(from, r) && (r.Energy <= nearZero || d.bootedBetween(from, r))
	}
	return d.jumped(from, r)
}

func (d *decision) bootedBetween(from, r *Register) bool {
	boot := d.k.Station.BootedAt
	return from.At.Before(boot) && !r.At.Before(boot)
}

// jumped reports whether the register rose from one reading to another by more
// than can have been delivered in the time between. Of what tells that time
// the longest counts: the station's clock may stand still, or be set.
func (d *decision) jumped(from, r *Register) bool {
	power := d.mostPower()
	rise := r.Energy - from.Energy
	if rise <= power.Over(ClockTolerance) {
		return false
	}
	between := r.At.Sub(from.At).Abs()
	if !d.before.HeardAt.IsZero() {
		between = max(between, d.r.ReceivedAt.Sub(d.before.HeardAt), d.r.OccurredAt.Sub(d.before.LastEventAt))
	}
	return rise > power.Over(min(between, deliverTermMax)+ClockTolerance)
}

// mostPower is what the EVSE can deliver at most.
func (d *decision) mostPower() unit.Watt {
	q := &d.k.Station.Quirks
	if q.MaxCurrentMA <= 0 || q.Phases <= 0 {
		return deliverable
	}
	return unit.Watt(q.MaxCurrentMA * int64(q.Phases) * phaseVoltage / 1000 * marginNumer / marginDenom)
}

// counted is the energy of a session by its registers: last minus begin,
// without the steps.
func (s *Session) counted() unit.MilliWattHour {
	if s.Aside == nil || !s.Aside.Step.From.Known {
		return s.Last.since(&s.Begin)
	}
	t := &s.Aside.Step
	return t.From.since(&s.Begin) + t.Between + s.Last.since(&t.To)
}
