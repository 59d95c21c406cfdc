package session

import (
	"time"

	"pylon/internal/domain/event"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/ident"
)

// NoticeOf returns what an event tells of s.
func NoticeOf(s Session) Notice {
	return Notice{
		ID: s.ID, Status: s.Status, EVSE: s.EVSE, Connector: s.Connector, TransactionID: s.TransactionID,
		EnergyWh: int64(s.Energy.WattHours()), PowerW: int64(s.PowerW), StateOfCharge: int64(max(0, s.StateOfCharge)),
		ChargingState: s.ChargingState, StopReason: s.StopReason,
	}
}

// tell adds the events of a session that was before, zero when it is new, and
// is now s, and notes that it was told. A reading that moves only energy, power
// and state of charge is a live event every [TellEvery] at most: screens move by it,
// the readings themselves are in their own series, and the log is spared. Whatever
// else changes what a screen shows is an event at once; a report without news is none. A session
// that has ended and changes all the same, by what comes late, is corrected: who
// bills it looks again.
func tell(events []event.Event, before, s *Session, at time.Time) []event.Event {
	of := func(what event.Type) event.Event { // most reports are none: it is made when it is due
		return event.Event{
			Type: what, Organisation: s.Organisation, Site: s.Site, Station: s.Station,
			Subject: string(s.ID), Version: s.Version, At: at, Data: NoticeOf(*s),
		}
	}
	if before.ID == "" {
		s.ToldAt = at
		events = append(events, of(event.SessionStarted))
	}
	switch {
	case before.ID != "" && !before.Status.Open():
		if before.news(s) {
			s.ToldAt = at
			events = append(events, of(event.SessionCorrected))
		}
		return events
	case !s.Status.Open():
		if s.Status == Failed {
			return append(events, of(event.SessionFailed))
		}
		return append(events, of(event.SessionCompleted))
	case before.ID != "" && before.news(s) && (!before.reads(s) || at.Sub(before.ToldAt) >= TellEvery):
		s.ToldAt = at
		updated := of(event.SessionUpdated)
		updated.Live = before.reads(s)
		return append(events, updated)
	}
	return events
}

// TellEvery is how often a running session's readings are told: a person
// watching sees the power move, and a station that samples every second does
// not fill their wires.
const TellEvery = 5 * time.Second

// reads reports whether now differs from s in readings alone.
func (s *Session) reads(now *Session) bool {
	was, is := NoticeOf(*s), NoticeOf(*now)
	was.EnergyWh, was.PowerW, was.StateOfCharge = is.EnergyWh, is.PowerW, is.StateOfCharge
	return was == is && s.Token == now.Token && s.StartedAt.Equal(now.StartedAt)
}

// news reports whether somebody who knows before wants to hear of s.
func (s *Session) news(now *Session) bool {
	return NoticeOf(*s) != NoticeOf(*now) || s.Token != now.Token || s.Energy != now.Energy ||
		!s.StartedAt.Equal(now.StartedAt) || !s.EndedAt.Equal(now.EndedAt)
}

// uses returns how the number of running sessions of tokens changes.
func uses(all []TokenUse, before, s *Session) []TokenUse {
	was, is := before.counts(), s.counts()
	if was == is {
		return all
	}
	if was != "" {
		all = append(all, TokenUse{Token: was, Delta: -1})
	}
	if is != "" {
		all = append(all, TokenUse{Token: is, Delta: +1})
	}
	return all
}

// counts returns the token that has one running session more because of s, ""
// when none has.
func (s *Session) counts() ident.TokenID {
	if s.Status == Active {
		return s.Token
	}
	return ""
}

// accepted reports whether somebody may charge: we accepted his token, or
// asked for the start ourselves.
func (s *Session) accepted() bool {
	return s.Answer == token.VerdictAccepted || s.Answer == "" && s.Method == MethodRemote
}
