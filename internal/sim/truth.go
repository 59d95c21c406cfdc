package sim

import (
	"slices"
	"time"

	"pylon/internal/kernel/unit"
	"pylon/internal/wire/ocppj"
)

// Session is what one transaction was in truth, whatever the server knows of it.
// Nothing of it is ever left out; [Station.Forget] is for those who run for days.
type Session struct {
	Station       string
	Version       ocppj.Version
	EVSE          int
	TransactionID string // the station's in 2.x; the server's in 1.6, "" until it is known
	Token         string // on the driver's card; "" until somebody was authorised
	Presented     string // what the station made of it on the wire
	SecondToken   string // shown as well, on the wire; "" for none
	RemoteStartID int    // 0 when it was not started remotely
	ReservationID int    // 0 when nothing was reserved

	Began, Ended         time.Time // by the station's clock, as it says
	TrueBegan, TrueEnded time.Time
	Begin, End           unit.WattHour // as the meter shows; End runs on until the session has ended
	Delivered            unit.WattHour // what really flowed into the car
	Reason               string        // why it ended, in the words of OCPP 2.x; "" while it runs
	Unstoppable          bool          // no stop will ever arrive
	Messages             []Sent        // about it, in their order
}

// Energy returns what the car got.
func (s Session) Energy() unit.WattHour { return s.Delivered }

// Running says whether the transaction goes on.
func (s Session) Running() bool { return s.TrueEnded.IsZero() }

// Sent is one message about a transaction. It stays in the station until it was
// answered, or refused too often.
type Sent struct {
	Action       string
	Event        string        // Started, Updated or Ended, in 1.6 too
	SeqNo        int           // counts from 0 in each transaction, in 1.6 too
	At           time.Time     // the timestamp in it, by the station's clock
	Register     unit.WattHour // in it
	Measured     bool          // whether there is a register in it
	Tries        int
	Acknowledged bool
	Told         time.Time // when that was, by the true clock
	Discarded    bool      // after too many refusals
	Withheld     bool      // by a fault: it is never sent
}

func (s *Session) clone() Session {
	out := *s
	out.Messages = slices.Clone(s.Messages)
	return out
}

// Truth returns what really happened, oldest first.
func (s *Station) Truth() []Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.countAll()
	out := make([]Session, len(s.sessions))
	for i, session := range s.sessions {
		out[i] = session.clone()
	}
	return out
}

// Connection is a time in which a station was connected, by the true clock.
type Connection struct {
	Began, Ended time.Time // Ended is zero while it lasts
}

// Connections returns when the station was connected, oldest first.
func (s *Station) Connections() []Connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.connections)
}

// Forget drops the sessions and connections that ended, and the faults that were over, before the
// time. Messages about them that are still to be sent are sent all the same.
func (s *Station) Forget(before time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions = slices.DeleteFunc(s.sessions, func(session *Session) bool {
		return !session.Running() && session.TrueEnded.Before(before)
	})
	s.connections = slices.DeleteFunc(s.connections, func(c Connection) bool { return !c.Ended.IsZero() && c.Ended.Before(before) })
	s.injected = slices.DeleteFunc(s.injected, func(at *struck) bool {
		return !at.To.IsZero() && at.To.Before(before)
	})
}
