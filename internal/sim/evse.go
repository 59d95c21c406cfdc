package sim

import (
	"errors"
	"time"

	"pylon/internal/kernel/unit"
	"pylon/internal/wire/schema"
)

// ErrOccupied says that there is no free EVSE for a visit.
var ErrOccupied = errors.New("EVSE is occupied or out of service")

// phase is where an EVSE is in the life of a visit, in the words of OCPP 1.6;
// 2.x calls all from preparing to finishing Occupied.
type phase string

const (
	available   phase = "Available"
	preparing   phase = "Preparing"
	charging    phase = "Charging"
	suspendedEV phase = "SuspendedEV"
	finishing   phase = "Finishing"
	unavailable phase = "Unavailable"
)

// evse is one EVSE with its connector, meter and visitor. The station's lock
// guards it.
type evse struct {
	id        int
	operative bool // as the server wants it
	phase     phase
	visit     *visit // nil when nobody is there
	tx        *transaction
	meter     meter
	reported  string // the status that the server was last told
}

// state returns the phase, which without a visitor is what the server wants.
func (e *evse) state() phase {
	switch {
	case e.visit != nil:
		return e.phase
	case e.operative:
		return available
	default:
		return unavailable
	}
}

// free says whether a visitor can come.
func (e *evse) free() bool { return e.visit == nil && e.operative }

// evse returns the EVSE with the id, and nil when there is none.
func (s *Station) evse(id int) *evse {
	if id < 1 || id > len(s.evses) {
		return nil
	}
	return s.evses[id-1]
}

// vacant returns the EVSE with the id, or any for 0, if a visitor can come.
func (s *Station) vacant(id int) *evse {
	for _, e := range s.evses {
		if (id == 0 || id == e.id) && e.free() {
			return e
		}
	}
	return nil
}

// Free says whether a visitor could come to a station that is online.
func (s *Station) Free() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.link != nil && s.accepted && s.vacant(0) != nil
}

// enter moves an EVSE to a phase and tells the server.
func (s *Station) enter(e *evse, p phase) {
	e.phase = p
	s.report(e)
	s.touch()
}

// report tells the server the status of an EVSE, if it does not know it. A station
// that is offline does so when it is online again.
func (s *Station) report(e *evse) {
	if s.link == nil {
		e.reported = ""
		return
	}
	if status := s.speak.statusOf(e); status != e.reported {
		e.reported = status
		s.put(s.statusParcel(e))
	}
}

// statusParcel makes a StatusNotification of the EVSE as it is. One that does not
// arrive is made good when the station is online again.
func (s *Station) statusParcel(e *evse) *parcel {
	request, response := s.speak.status(e)
	return &parcel{
		request:  func() schema.Message { return request },
		response: func() schema.Message { return response },
		settled: func(_ schema.Message, err error) {
			if err == nil {
				return
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			e.reported = ""
		},
	}
}

func (s *Station) reportAll() {
	for _, e := range s.evses {
		s.report(e)
	}
}

// read brings the meter of an EVSE up to now and returns what it measures.
func (s *Station) read(e *evse) Reading {
	now := s.clock.Now()
	f, _ := s.flow(e)
	// The flow falls with the charge, so energy is counted in short steps.
	const step = 10 * time.Second
	for e.meter.until.Add(step).Before(now) && f.power > 0 {
		e.meter.count(f.power, e.meter.until.Add(step))
		f, _ = s.flow(e)
	}
	e.meter.count(f.power, now)
	f, charge := s.flow(e)
	r := Reading{
		At:       now,
		Register: e.meter.register(),
		Power:    f.power,
		Phases:   f.phases,
		Current:  f.current,
		Charge:   charge,
	}
	for i := range r.Tension {
		r.Tension[i] = f.tension
		if f.phases > 0 { // the grid is never quite still
			r.Tension[i] += unit.MilliVolt(s.rand.Int64N(4000) - 2000)
		}
	}
	if e.tx != nil {
		e.tx.session.End = r.Register
	}
	return r
}

// flow returns what runs through an EVSE, and the state of charge of the car.
func (s *Station) flow(e *evse) (flow, unit.Permille) {
	if e.visit == nil {
		return flow{phases: s.config.Hardware.Phases, tension: mains}, 0
	}
	charge := e.visit.Car.Charge
	if e.tx != nil {
		charge = e.visit.Car.charge(e.meter.register() - e.tx.session.Begin)
	}
	f := s.config.Hardware.flowInto(e.visit.Car, charge)
	if e.phase != charging && e.phase != suspendedEV {
		f.power, f.current = 0, 0
	}
	return f, charge
}
