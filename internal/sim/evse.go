package sim

import (
	"errors"
	"time"

	"pylon/internal/wire/schema"
)

// ErrOccupied says that there is no free EVSE for a visit.
var ErrOccupied = errors.New("EVSE is occupied or out of service")

// phase is where an EVSE is in the life of a visit, in the words of OCPP 1.6;
// 2.x calls all from preparing to finishing Occupied.
type phase string

const (
	available     phase = "Available"
	preparing     phase = "Preparing"
	charging      phase = "Charging"
	suspendedEV   phase = "SuspendedEV"
	suspendedEVSE phase = "SuspendedEVSE"
	finishing     phase = "Finishing"
	reserved      phase = "Reserved"
	unavailable   phase = "Unavailable"
	faulted       phase = "Faulted"
)

// powered says whether the contactor is closed.
func (p phase) powered() bool { return p == charging || p == suspendedEV || p == suspendedEVSE }

// evse is one EVSE with its connector, meter and visitor. The station's lock
// guards it.
type evse struct {
	id          int
	operative   bool // as the server wants it, over restarts too
	phase       phase
	visit       *visit // nil when nobody is there
	tx          *transaction
	meter       meter
	reservation *reservation // nil when there is none
	stuck       bool         // the lock does not open
	flapping    bool         // a storm shows a fault that is none
	reported    string       // the status that the server was last told
}

// state returns the phase, which without a visitor is what the server wants.
func (e *evse) state() phase {
	switch {
	case e.flapping, e.stuck && e.tx == nil:
		return faulted
	case e.visit != nil:
		return e.phase
	case !e.operative:
		return unavailable
	case e.reservation != nil:
		return reserved
	default:
		return available
	}
}

// free says whether a visitor can come; one with the reservation, if there is one,
// which is found out when they hold up their card.
func (e *evse) free() bool { return e.visit == nil && e.operative && !e.stuck }

// evse returns the EVSE with the id, and nil when there is none.
func (s *Station) evse(id int) *evse {
	if id < 1 || id > len(s.evses) {
		return nil
	}
	return s.evses[id-1]
}

// those returns the EVSE with the id, and all for 0.
func (s *Station) those(id int) []*evse {
	if id == 0 {
		return s.evses
	}
	if e := s.evse(id); e != nil {
		return []*evse{e}
	}
	return nil
}

// vacant returns the EVSE with the id, or any for 0, if a visitor can come; rather
// one that is not reserved.
func (s *Station) vacant(id int) *evse {
	if s.dark() {
		return nil
	}
	var found *evse
	for _, e := range s.those(id) {
		if e.free() && (found == nil || found.reservation != nil && e.reservation == nil) {
			found = e
		}
	}
	return found
}

// dark says whether the station has no power.
func (s *Station) dark() bool { return s.clock.Now().Before(s.darkUntil) }

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
	s.watch()
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
	return &parcel{
		message: s.speak.status(e),
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

// unknown says that the server may not know any status any more.
func (s *Station) unknown() {
	for _, e := range s.evses {
		e.reported = ""
	}
}

// later runs f with the lock held, d from now.
func (s *Station) later(d time.Duration, f func()) {
	s.clock.AfterFunc(d, s.locked(f))
}

// watch lets the version's monitors look.
func (s *Station) watch() { s.speak.watch() }
