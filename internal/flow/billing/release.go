package billing

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/kernel/ident"
)

// Held finds tabs that are held, by session, those behind one, at most limit of them.
type Held interface {
	HeldFor(ctx context.Context, org ident.OrganisationID, reason string, after ident.SessionID, limit int) ([]billing.Tab, error)
	HeldAt(ctx context.Context, id ident.StationID, after ident.SessionID, limit int) ([]billing.Tab, error)
}

// Bounds of what one event releases: a settlement takes some milliseconds, and others wait
// behind it.
const (
	releasesMost = 100
	looksMost    = 1000 // tabs that wait, perhaps for something else
)

// RetryNotice is the data of tab.retried.
type RetryNotice struct {
	Reason  string          `json:"reason"`
	Session ident.SessionID `json:"session_id,omitzero"` // this one; "": those behind After
	After   ident.SessionID `json:"after,omitzero"`
	Series  string          `json:"series,omitzero"` // that has come; "": a key of the station's meters may have
}

// release is what one event releases.
type release struct {
	*biller
	set  *change.Set
	done map[string]bool
	of   *event.Recorded
	RetryNotice
}

// releaseFor settles again what was held because something was missing that an event
// tells of. What is left behind a bound is done with an event of its own.
func (b *biller) releaseFor(ctx context.Context, set *change.Set, done map[string]bool, e *event.Recorded) error {
	r := release{biller: b, set: set, done: done, of: e}
	switch e.Type {
	case event.SeriesUpdated:
		var series struct {
			Name string `json:"name"`
		}
		if err := json.Unmarshal(e.JSON, &series); err != nil {
			return fmt.Errorf("event %s of %s: %w", e.Type, e.Subject, err)
		}
		r.Reason, r.Series = billing.HeldSeries, series.Name
	case event.StationDevice:
		r.Reason = billing.HeldUncertified
	default: // tab.retried
		if err := json.Unmarshal(e.JSON, &r.RetryNotice); err != nil {
			return fmt.Errorf("event %s of %s: %w", e.Type, e.Subject, err)
		}
	}
	if r.Session != "" {
		return r.settle(ctx, r.Session)
	}
	return r.run(ctx)
}

// settle settles a session, unless other events of the same batch have done so.
func (r *release) settle(ctx context.Context, id ident.SessionID) error {
	if r.done[string(id)] {
		return nil
	}
	r.done[string(id)] = true
	return r.session(ctx, r.set, &event.Recorded{Event: event.Event{Organisation: r.of.Organisation, Subject: string(id)}})
}

// retry has a tab that is newly held for something that others bring looked at once more, when
// that is written: they may have brought it meanwhile, and seen no tab that waits for it.
func retry(t *billing.Tab, of ident.SiteID) event.Event {
	return event.Event{
		Type: event.TabRetried, Organisation: t.Organisation, Site: of, Station: t.Station, Subject: string(t.Session), Version: t.Version, At: t.ChangedAt,
		Data: RetryNotice{Reason: t.Reason, Session: t.Session},
	}
}

func (r *release) run(ctx context.Context) error {
	held, err := r.held(ctx)
	if err != nil {
		return err
	}
	settled := 0
	for i := range held {
		t := &held[i]
		waits, err := r.waits(ctx, t)
		if err != nil {
			return err
		}
		if waits {
			if err := r.settle(ctx, t.Session); err != nil {
				return err
			}
			settled++
		}
		if more := i+1 < len(held) || len(held) == looksMost; more && (settled == releasesMost || i+1 == len(held)) {
			r.After = t.Session
			r.set.Events = append(r.set.Events, event.Event{
				Type: event.TabRetried, Organisation: r.of.Organisation, Site: r.of.Site, Station: r.of.Station, Subject: r.of.Subject,
				Version: r.of.Version, At: r.Clock.Now(), Data: r.RetryNotice,
			})
			return nil
		}
	}
	return nil
}

func (r *release) held(ctx context.Context) ([]billing.Tab, error) {
	if r.Series != "" {
		return r.Store.HeldFor(ctx, r.of.Organisation, r.Reason, r.After, looksMost)
	}
	return r.Store.HeldAt(ctx, r.of.Station, r.After, looksMost)
}

// waits reports whether a tab waits for what has come.
func (r *release) waits(ctx context.Context, t *billing.Tab) (bool, error) {
	if t.Reason != r.Reason || r.Series == "" {
		return t.Reason == r.Reason, nil
	}
	w := work{Settler: r.Settler, tab: *t}
	snapshot, err := w.snapshot(ctx)
	if err != nil || snapshot == nil {
		return false, err
	}
	for _, e := range snapshot.Terms.Extras {
		if e.Series == r.Series {
			return true, nil
		}
	}
	return false, nil
}
