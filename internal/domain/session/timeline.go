package session

import (
	"cmp"
	"slices"
	"time"

	"pylon/internal/domain/meter"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// Measured returns the session as a rater wants it, from its segments and its
// frames (by number), until end: its own end, or the present while it runs.
//
// Registers in it begin at that of the session's begin, never go back, and end
// with Energy more, whatever a single reading says: a reading that the session
// did not count, because its register had begun anew or its clock is not to be
// believed, counts here neither. Readings of power are all phases together.
//
// A pause is the driver's only where the car is known to be its cause; where we,
// the station or a fault held it back, or nobody has charged yet, it is Paused.
// What nobody knows is charging: most 1.6 stations say no more.
//
// A session of no length has one period with its energy.
func (s *Session) Measured(segments []Segment, frames []meter.Frame, q *station.Quirks, end time.Time) rating.Session {
	if !end.After(s.StartedAt) {
		energy := decimal.FromInt(int64(s.Energy), kilowattHour)
		return rating.Session{Start: s.StartedAt, End: s.StartedAt, Periods: []rating.Period{{Start: s.StartedAt, Energy: &energy}}}
	}
	return rating.Session{
		Start: s.StartedAt, End: end,
		Timeline: &rating.Timeline{Spans: s.spans(segments, end), Readings: s.readings(frames, q, end)},
	}
}

const kilowattHour = 6 // as the power of ten of milliwatt-hours

// spans returns the states from start to end without a gap.
func (s *Session) spans(segments []Segment, end time.Time) []rating.Span {
	ordered := slices.Clone(segments)
	slices.SortFunc(ordered, func(a, b Segment) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Number, b.Number)) })
	var spans []rating.Span
	at, charged := s.StartedAt, false
	add := func(state rating.State, to time.Time) {
		to = earlier(to, end)
		if !to.After(at) {
			return
		}
		if n := len(spans); n > 0 && spans[n-1].State == state {
			spans[n-1].To = to
		} else {
			spans = append(spans, rating.Span{State: state, From: at, To: to})
		}
		at = to
	}
	for i := range ordered {
		g := &ordered[i]
		add(rating.Charging, g.From) // a hole: nobody said anything
		to := g.To
		if to.IsZero() {
			to = end
		}
		charged = charged || g.State == StateCharging
		add(g.counts(charged), to)
	}
	add(rating.Charging, end)
	return spans
}

// counts is what the time of a segment counts as.
func (g *Segment) counts(charged bool) rating.State {
	switch g.Cause {
	case CauseLimit, CauseStation, CauseFault:
		if g.State != StateCharging {
			return rating.Paused
		}
	case CauseCar, CauseUnknown:
	}
	switch g.State {
	case StateSuspendedEV:
		return rating.Parking
	case StateEVConnected:
		if charged {
			return rating.Parking
		}
		return rating.Paused
	case StateSuspendedEVSE, StateIdle:
		return rating.Paused
	case StateCharging, StateUnknown:
	}
	return rating.Charging
}

// readings returns what the meter said between start and end.
func (s *Session) readings(frames []meter.Frame, q *station.Quirks, end time.Time) []rating.Reading {
	found := []rating.Reading{}
	for i := range frames {
		f := &frames[i]
		for k := range f.Samples {
			if r := s.reading(f, k, q); r.At.After(s.StartedAt) && r.At.Before(end) && (r.Energy != nil || r.Power != nil) {
				found = append(found, r)
			}
		}
	}
	if s.Begin.Known {
		first, last := s.Begin.Energy, s.Begin.Energy+s.Energy
		found = append(found, rating.Reading{At: s.StartedAt, Energy: &first}, rating.Reading{At: end, Energy: &last})
	}
	slices.SortStableFunc(found, func(a, b rating.Reading) int { return a.At.Compare(b.At) })
	return rising(together(found))
}

// reading returns what a sample says, in the terms of the session's first register.
func (s *Session) reading(f *meter.Frame, k int, q *station.Quirks) rating.Reading {
	m := &f.Samples[k]
	r := rating.Reading{At: s.when(f, m)}
	switch {
	case isRegister(m):
		if m.Location == locationCable && atOutlet(f.Samples) || counter(m.Location) != counter(s.Begin.Location) {
			break
		}
		e, ok := total(f.Samples, k, q)
		if ok && s.Aside != nil && s.Aside.Step.To.Known && !r.At.Before(s.Aside.Step.To.At) {
			e += int64(s.Begin.Energy + s.Energy - s.Last.Energy) // it is known from its end
		}
		if energy := unit.MilliWattHour(e); ok && s.Begin.Known && s.Begin.Energy <= energy && energy <= s.Begin.Energy+s.Energy {
			r.Energy = &energy
		}
	case m.Measurand == meter.PowerImport:
		if w, ok := total(f.Samples, k, q); ok && 0 <= w && w <= powerMax {
			power := unit.Watt(w)
			r.Power = &power
		}
	}
	return r
}

// when is when a sample was taken, by our clock: its own word, corrected where
// the station's clock stood wrong.
func (s *Session) when(f *meter.Frame, m *meter.Sample) time.Time {
	late := f.ReceivedAt.Sub(f.OccurredAt)
	var shift time.Duration
	switch {
	case late.Abs() <= ClockTolerance:
	case s.ClockOffset.Abs() > ClockTolerance:
		shift = s.ClockOffset
	case !f.Offline && late < 0:
		shift = late
	}
	at := f.OccurredAt
	if !m.At.IsZero() {
		at = m.At
	}
	return at.Truncate(resolution).Add(shift)
}

// together makes one reading of those of one moment: the first word of each
// quantity holds, but of registers the highest.
func together(readings []rating.Reading) []rating.Reading {
	var joined []rating.Reading
	for _, r := range readings {
		n := len(joined)
		if n == 0 || !joined[n-1].At.Equal(r.At) {
			joined = append(joined, r)
			continue
		}
		have := &joined[n-1]
		if have.Energy == nil || r.Energy != nil && *r.Energy > *have.Energy {
			have.Energy = cmp.Or(r.Energy, have.Energy)
		}
		have.Power = cmp.Or(have.Power, r.Power)
	}
	return joined
}

// rising leaves out registers that are above one that follows: with those left
// the register never goes back. The last one always stays.
func rising(readings []rating.Reading) []rating.Reading {
	var least *unit.MilliWattHour
	kept := readings[:0:0]
	for _, r := range slices.Backward(readings) {
		if r.Energy != nil && least != nil && *r.Energy > *least {
			r.Energy = nil
		}
		least = cmp.Or(r.Energy, least)
		if r.Energy != nil || r.Power != nil {
			kept = append(kept, r)
		}
	}
	slices.Reverse(kept)
	return kept
}
