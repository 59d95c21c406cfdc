// Package usage keeps for each station and day what it was used for: sessions,
// energy, charging time. It follows the event log, and each time a session ends
// or is corrected it counts the sessions of that day anew: the order of the news,
// and how often it comes, does not matter.
//
// Sessions that ended before the log began to be kept, or before this consumer
// existed and the log forgot them, are not counted.
package usage

import (
	"context"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/report"
	"pylon/internal/domain/session"
	"pylon/internal/flow/consume"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Store is what usage needs of the database. Look-ups that find nothing return
// an error of kind NotFound.
type Store interface {
	Session(ctx context.Context, org ident.OrganisationID, id ident.SessionID) (session.View, error)
	Charges(ctx context.Context, org ident.OrganisationID, id ident.StationID, from, to time.Time) ([]report.Charge, error)
	UsageOf(ctx context.Context, id ident.StationID, day report.Date) ([]report.Day, error)
}

// New returns the consumer that counts.
func New(store Store) consume.Consumer {
	return consume.Consumer{Name: "usage", Decide: (&counter{store}).decide}
}

type counter struct{ store Store }

// place is what is counted: a station's day.
type place struct {
	org     ident.OrganisationID
	station ident.StationID
	date    report.Date
}

// decide counts each day once that the events touch.
func (c *counter) decide(ctx context.Context, events []event.Recorded) (*change.Set, error) {
	set := new(change.Set)
	counted := map[place]bool{}
	for i := range events {
		touched, err := c.touched(ctx, &events[i])
		if err != nil {
			return nil, err
		}
		for _, at := range touched {
			if counted[at] {
				continue
			}
			counted[at] = true
			days, err := c.count(ctx, at)
			if err != nil {
				return nil, err
			}
			set.Usage = append(set.Usage, days...)
		}
	}
	if len(set.Usage) == 0 {
		return nil, nil
	}
	return set, nil
}

// touched returns the days whose figures an event may change. A correction may
// have moved the start over midnight, so it touches the days beside its own.
func (c *counter) touched(ctx context.Context, e *event.Recorded) ([]place, error) {
	switch e.Type {
	case event.SessionCompleted, event.SessionFailed, event.SessionCorrected:
	default: // changes no session that has ended
		return nil, nil
	}
	s, err := c.store.Session(ctx, e.Organisation, ident.SessionID(e.Subject))
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	at := place{s.Organisation, s.Station, report.DateOf(s.StartedAt, s.TimeZone)}
	if e.Type != event.SessionCorrected {
		return []place{at}, nil
	}
	before, after := at, at
	before.date, after.date = at.date.Add(-1), at.date.Add(1)
	return []place{before, at, after}, nil
}

// count counts a day. The rows are read before the sessions: when somebody else
// counts at the same time and sees a session more, the row has moved, and this
// count is refused and made again.
func (c *counter) count(ctx context.Context, at place) ([]report.Day, error) {
	known, err := c.store.UsageOf(ctx, at.station, at.date)
	if err != nil {
		return nil, err
	}
	from, to := at.date.Span()
	charges, err := c.store.Charges(ctx, at.org, at.station, from, to)
	if err != nil {
		return nil, err
	}
	return report.Recount(report.Day{Organisation: at.org, Station: at.station, Date: at.date}, known, charges), nil
}
