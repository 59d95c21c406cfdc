package consume

import (
	"context"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Retry lets a consumer try again what it gave up, and returns the letter as it
// is then: settled, with the change that the event makes, in one commit. When it
// fails again the letter counts that, and the error is Conflict event_refused.
// One that is settled already stays as it is. A consumer that the program does
// not have any more is Conflict consumer_unknown.
func (s *Service) Retry(ctx context.Context, by account.Actor, id ident.DeadLetterID) (event.DeadLetter, error) {
	if err := by.Can(account.EventsWrite); err != nil {
		return event.DeadLetter{}, err
	}
	for range movedMax {
		l, err := s.Store.DeadLetter(ctx, by.Organisation, id)
		if err != nil || !l.SettledAt.IsZero() {
			return l, err
		}
		next, err := s.retry(ctx, by, l)
		if err == nil || !rowMoved(err) { // else perhaps the letter itself has
			return next, err
		}
	}
	return event.DeadLetter{}, fault.New(fault.Unavailable, "too_much_contention", "dead_letter", string(id))
}

func (s *Service) retry(ctx context.Context, by account.Actor, l event.DeadLetter) (event.DeadLetter, error) {
	w := s.consumerOf(&l)
	if w == nil {
		return l, fault.New(fault.Conflict, "consumer_unknown", "consumer", l.Consumer)
	}
	now := s.Clock.Now()
	next := l
	next.Version++
	set, err := w.decide(ctx, []event.Recorded{l.Event})
	switch {
	case err == nil:
	case passes(ctx, err):
		return l, err
	default:
		next.Tries++
		next.FailedAt, next.Code, next.Error = now, fault.CodeOf(err), err.Error()
		if err := s.Store.Commit(ctx, &change.Set{DeadLetters: []event.DeadLetter{next}}); err != nil {
			return l, err
		}
		return next, fault.New(fault.Conflict, "event_refused", "consumer", l.Consumer, "code", next.Code)
	}
	if set == nil {
		set = new(change.Set)
	}
	next.SettledAt = now
	set.DeadLetters = append(set.DeadLetters, next)
	set.Events = append(set.Events, letterEvent(event.EventSettled, &next, now))
	if l.Finding != "" {
		e := &l.Event
		set.Resolved = append(set.Resolved, station.Resolution{Finding: l.Finding, Station: e.Station, Code: station.EventFailed, At: now})
		set.Events = append(set.Events, event.Event{
			Type: event.FindingResolved, Organisation: e.Organisation, Site: e.Site, Station: e.Station, Subject: string(e.Station), At: now,
			Data: station.ResolutionNotice{Code: station.EventFailed},
		})
	}
	set.Audits = append(set.Audits, account.Audit{
		ID: ident.New[ident.AuditID](now), Organisation: by.Organisation, By: by.Key, ByName: by.Name,
		Action: "dead_letter.retry", Subject: string(l.ID), At: now, Detail: "{}",
	})
	return next, s.Store.Commit(ctx, set)
}

// consumerOf returns a worker that can decide about a letter, nil when nobody can.
func (s *Service) consumerOf(l *event.DeadLetter) *worker {
	for i := range s.Consumers {
		if s.Consumers[i].Name == l.Consumer {
			return &worker{Service: s, consumer: &s.Consumers[i]}
		}
	}
	return nil
}
