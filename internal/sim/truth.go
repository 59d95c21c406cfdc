package sim

import (
	"slices"
	"time"

	"pylon/internal/kernel/unit"
	"pylon/internal/wire/ocppj"
)

// sessionsMax bounds what a station remembers; the oldest are forgotten. Tests
// look at a few hundred, and a demo runs for days.
const sessionsMax = 200

// Session is what one transaction was in truth, whatever the server knows of it.
type Session struct {
	Station       string
	Version       ocppj.Version
	EVSE          int
	TransactionID string // the station's in 2.x; the server's in 1.6, "" until it is known
	Token         string // "" until somebody was authorised
	RemoteStartID int    // 0 when it was not started remotely
	Began, Ended  time.Time
	Begin, End    unit.WattHour // register; End runs on until the session has ended
	Reason        string        // why it ended, in the words of OCPP 2.x; "" while it runs
	Messages      []Sent        // about it, in their order
}

// Energy returns what the car got.
func (s Session) Energy() unit.WattHour { return s.End - s.Begin }

// Running says whether the transaction goes on.
func (s Session) Running() bool { return s.Ended.IsZero() }

// Sent is one message about a transaction. It stays in the station until it was
// answered, or refused too often.
type Sent struct {
	Action       string
	Event        string    // Started, Updated or Ended, in 1.6 too
	SeqNo        int       // counts from 0 in each transaction, in 1.6 too
	At           time.Time // the timestamp in it
	Register     unit.WattHour
	Tries        int
	Acknowledged bool
	Discarded    bool // after too many refusals
}

func (s *Session) clone() Session {
	out := *s
	out.Messages = slices.Clone(s.Messages)
	return out
}
