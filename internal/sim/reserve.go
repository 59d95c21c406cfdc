package sim

import (
	"strings"
	"time"
)

// reservation keeps an EVSE for a token.
type reservation struct {
	id      int
	token   Token
	group   string    // whose tokens may come as well; "" for none
	expires time.Time // by the station's clock
}

// reserveOutcome is what becomes of a reservation, in words that all versions share.
type reserveOutcome string

const (
	reserveAccepted    reserveOutcome = "Accepted"
	reserveFaulted     reserveOutcome = "Faulted"
	reserveOccupied    reserveOutcome = "Occupied"
	reserveRejected    reserveOutcome = "Rejected"
	reserveUnavailable reserveOutcome = "Unavailable"
)

// reserve keeps an EVSE, or one of them for 0, for a token; a reservation with the
// same id is replaced. Source: OCPP 1.6 section 5.13, 2.x H01.
func (s *Station) reserve(evseID int, r reservation) (reserveOutcome, func()) {
	if !s.settings.is(reservations) || !r.expires.After(s.time()) {
		return reserveRejected, nil
	}
	if old := s.reservedAs(r.id); old != nil {
		old.reservation = nil
	}
	outcome := reserveRejected
	for _, e := range s.those(evseID) {
		switch {
		case e.stuck:
			outcome = reserveFaulted
		case !e.operative:
			outcome = reserveUnavailable
		case e.visit != nil || e.reservation != nil:
			outcome = reserveOccupied
		default:
			e.reservation = &r
			s.later(r.expires.Sub(s.time()), func() { s.expire(e, &r) })
			return reserveAccepted, s.locked(s.reportAll)
		}
	}
	return outcome, s.locked(s.reportAll)
}

// reservedAs returns the EVSE with the reservation, and nil when there is none.
func (s *Station) reservedAs(id int) *evse {
	for _, e := range s.evses {
		if e.reservation != nil && e.reservation.id == id {
			return e
		}
	}
	return nil
}

// cancelReservation reports whether there was one.
func (s *Station) cancelReservation(id int) (bool, func()) {
	e := s.reservedAs(id)
	if e == nil {
		return false, nil
	}
	e.reservation = nil
	return true, s.locked(s.reportAll)
}

// expire ends a reservation that nobody came for.
func (s *Station) expire(e *evse, r *reservation) {
	if e.reservation == r {
		s.unreserve(e, "Expired")
	}
}

// unreserve ends a reservation by itself, and says so if the version has a word for it.
func (s *Station) unreserve(e *evse, why string) {
	update := s.speak.reservationUpdate(e.reservation.id, why)
	e.reservation = nil
	if update != nil {
		s.put(&parcel{message: update})
	}
	s.report(e)
	s.touch()
}

// redeem uses up the reservation of the EVSE for the visit. It reports false when the
// EVSE is kept for somebody else.
func (s *Station) redeem(e *evse, v *visit) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := e.reservation
	if r == nil {
		return true
	}
	if !s.reservedFor(r, v.Token) {
		return false
	}
	v.reservation, e.reservation = r.id, nil
	return true
}

// reservedFor says whether a token may use a reservation: the one that it was made
// for, or one of the group.
func (s *Station) reservedFor(r *reservation, token Token) bool {
	if strings.EqualFold(r.token.UID, token.UID) {
		return true
	}
	known, ok := s.listed(token)
	if !ok {
		known, ok = s.cached(token)
	}
	return ok && r.group != "" && strings.EqualFold(known.group, r.group)
}
