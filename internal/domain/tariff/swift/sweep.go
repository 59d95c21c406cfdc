package swift

import (
	"time"

	"pylon/internal/kernel/rating"
)

// mark is an instant with what the meter says of it.
type mark struct {
	at       instant
	consumed quantity // since the session began
	between  bool     // two readings of the register
	reading  int      // the earlier of these
}

// stretch is a part of a track in which the same prices apply, and the state is one.
type stretch struct {
	from, to mark
	state    rating.State
	set      set
	energies int // thresholds that were reached when it began
}

// sweep goes through a track once, from one instant where something may change to the next.
type sweep struct {
	looker
	origin time.Time
	end    int64
	spans  []rating.Span // nil: one, charging
	span   int
	spanTo int64
	meter  *meter // nil: none
	flow   flow

	now    instant
	at     bool    // now is where a threshold of energy is reached
	cross  instant // where the next one will be,
	coming bool    // if it will
}

func newSweep(p *plan, zone *time.Location, origin, end time.Time) *sweep {
	length := int64(end.Sub(origin))
	return &sweep{looker: newLooker(p, zone, origin), origin: origin, end: length, spanTo: length}
}

// run calls emit for each stretch, in order.
func (s *sweep) run(emit func(*stretch) error) error {
	s.begin()
	open := stretch{from: s.mark(), state: s.state(), set: s.look(&s.flow), energies: s.energies}
	for s.now = s.next(); s.now.ns < s.end; s.now = s.next() {
		s.arrive()
		set, state := s.look(&s.flow), s.state()
		if set == open.set && state == open.state {
			continue
		}
		open.to = s.mark()
		if err := emit(&open); err != nil {
			return err
		}
		open = stretch{from: open.to, state: state, set: set, energies: s.energies}
	}
	open.to = s.mark()
	return emit(&open)
}

// begin looks around at the origin.
func (s *sweep) begin() {
	if len(s.spans) > 0 {
		s.spanTo = int64(s.spans[0].To.Sub(s.origin))
	}
	s.advance(0)
	s.consume(fixed{})
	if s.meter != nil {
		s.expect()
		s.seek()
	}
}

// arrive brings everything to now.
func (s *sweep) arrive() {
	s.advance(s.now.ns)
	if s.now.ns >= s.spanTo {
		s.span++
		s.spanTo = int64(s.spans[s.span].To.Sub(s.origin))
	}
	if s.meter == nil {
		return
	}
	if s.at = s.crosses(); s.at {
		s.consume(s.plan.energies[s.energies])
	}
	s.seek()
}

func (s *sweep) crosses() bool { return s.coming && s.cross.cmp(s.now) == 0 }

// expect finds where the next threshold of energy will be reached.
func (s *sweep) expect() {
	s.coming = false
	if s.energies < len(s.plan.energies) {
		s.cross, s.coming = s.meter.reaches(s.plan.energies[s.energies])
	}
}

// seek finds current and power of now, if any price depends on them.
func (s *sweep) seek() {
	if s.plan.flows {
		s.meter.current.seek(s.now.ns)
		s.meter.power.seek(s.now.ns)
		s.flow.set(s.meter.current.here, minCurrent)
		s.flow.set(s.meter.power.here, minPower)
	}
}

// set takes the least and the greatest of a current, in mA, or a power, in W.
func (f *flow) set(of func() (least, greatest int64, ok bool), i int) {
	least, greatest, ok := of()
	f.value[i], f.value[i+1] = times(least, perMilli), times(greatest, perMilli)
	f.reported[i], f.reported[i+1] = ok, ok
}

func (s *sweep) state() rating.State {
	if len(s.spans) == 0 {
		return rating.Charging
	}
	return s.spans[s.span].State
}

// next returns the next instant where something may change; the end at the latest.
func (s *sweep) next() instant {
	if s.at {
		s.at = false
		s.expect()
	}
	next := instant{ns: min(s.spanTo, s.until)}
	if s.durations < len(s.plan.durations) {
		next.ns = min(next.ns, s.plan.durations[s.durations])
	}
	if s.plan.flows && s.meter != nil {
		next.ns = min(next.ns, s.meter.current.next(), s.meter.power.next())
	}
	if s.coming && s.cross.cmp(next) < 0 {
		return s.cross
	}
	return next
}

// mark tells what the meter says of now.
func (s *sweep) mark() mark {
	m := mark{at: s.now}
	if s.meter == nil {
		return m
	}
	since := s.meter.since(s.now.ns)
	if s.at {
		m.consumed = quantity{fixed: s.plan.energies[s.energies-1]}
	} else {
		m.consumed = since.minus(s.meter.before)
	}
	m.between, m.reading = s.meter.register.between(s.now), s.meter.register.i
	return m
}
