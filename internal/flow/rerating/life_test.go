package rerating_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/rerating"
	"pylon/internal/domain/tariff/plain"
	"pylon/internal/domain/tariff/swift"
	settling "pylon/internal/flow/billing"
	flow "pylon/internal/flow/rerating"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// What the holder of a key wanted is not wanted any more once it is revoked.
func TestRevokedKey(t *testing.T) {
	each(t, func(w *world) {
		w.charged(3)
		key := account.Key{ID: ident.New[ident.KeyID](now()), Organisation: w.org, Name: "gone", CreatedAt: now(), RevokedAt: now(), Version: 1}
		w.must(w.Store.Commit(t.Context(), &change.Set{Keys: []account.Key{key}}))
		w.by.Key = key.ID
		if r := w.simulated(wholeMay(), rerating.Pricing{Tariff: w.tariff}); r.State != rerating.Cancelled || r.Counts.Seen != 0 {
			t.Errorf("got %+v, want it cancelled", r)
		}
	})
}

// Differences are forgotten in time, sums stay, and nothing is confirmed any more.
func TestForgotten(t *testing.T) {
	each(t, func(w *world) {
		w.charged(3)
		r := w.simulated(wholeMay(), rerating.Pricing{Tariff: w.tariff})
		r.EndedAt = now().AddDate(0, 0, -91)
		r.Version++
		w.must(w.Store.Commit(t.Context(), &change.Set{Reratings: []rerating.Rerating{r}}))
		forgotten := make(chan struct{})
		w.breaks(func(set *change.Set, commit func() error) error {
			err := commit()
			if len(set.Reratings) == 1 && set.Reratings[0].Forgotten {
				close(forgotten)
			}
			return err
		})
		stop := w.runs(w.service)
		defer stop()
		select {
		case <-forgotten:
		case <-time.After(patience):
			t.Fatal("it is kept for ever")
		}
		if left := w.differences(r.ID); len(left) != 0 {
			t.Errorf("got %d differences", len(left))
		}
		if sums, err := w.ReratingCustomers(t.Context(), r.ID, page.Query{}); err != nil || len(sums.Items) == 0 {
			t.Errorf("got %+v, %v, want the sums", sums, err)
		}
		_, err := w.service.Confirm(t.Context(), w.by, r.ID, "why", nil)
		w.refuses(err, fault.Conflict, "rerating_forgotten")
	})
}

// uncountable is a database in which something of ours is broken.
type uncountable struct{ *world }

func (uncountable) CountEnded(context.Context, ident.OrganisationID, rerating.Choice) (int64, error) {
	return 0, errors.New("a bug")
}

// What fails for another reason than that the database is away is tried some
// times, and given up; others go on meanwhile.
func TestFails(t *testing.T) {
	each(t, func(w *world) {
		r := w.asks(wholeMay(), rerating.Pricing{Tariff: w.tariff})
		service := flow.New(flow.Options{
			Store: uncountable{w}, Clock: clock.NewWarped(now(), 50), Log: slog.New(slog.DiscardHandler),
			Settling: w.settling([2]settling.Rater{swift.Explain, plain.Rate}), Quick: swift.Rate,
		})
		stop := w.runs(service)
		defer stop()
		if r = w.awaits(r.ID); r.State != rerating.Failed || r.Code != "internal" {
			t.Errorf("got %+v, want it failed", r)
		}
	})
}

// A worker that slept through the end of its lease writes nothing: whoever has it
// goes on alone.
func TestLeaseLost(t *testing.T) {
	each(t, func(w *world) {
		w.charged(10)
		r := w.asks(wholeMay(), rerating.Pricing{Tariff: w.tariff})
		take := func() lease.Grant {
			at, err := w.Lease(t.Context(), "reratings")
			w.must(err)
			g, err := w.TakeLease(t.Context(), at, "nod_x")
			w.must(err)
			return g
		}
		old, current := take(), take()
		refused := make(chan struct{}, 1)
		w.breaks(func(_ *change.Set, commit func() error) error {
			err := commit()
			if errors.Is(err, change.ErrLeaseLost) {
				select {
				case refused <- struct{}{}:
				default:
				}
			}
			return err
		})
		stop := w.runsUnder(w.service, old)
		select {
		case <-refused:
		case <-time.After(patience):
			t.Fatal("the old worker tries nothing")
		}
		stop()
		if at, err := w.Rerating(t.Context(), w.org, r.ID); err != nil || at.State != rerating.Queued {
			t.Errorf("the old worker wrote %+v, %v", at, err)
		}
		defer w.runsUnder(w.service, current)()
		if r = w.awaits(r.ID); r.State != rerating.Done || r.Counts.Unchanged != 10 {
			t.Errorf("got %+v", r)
		}
	})
}

// Nobody keeps the worker busy for ever: what waits has a limit.
func TestTooMany(t *testing.T) {
	each(t, func(w *world) {
		for range 20 {
			w.asks(wholeMay(), rerating.Pricing{Tariff: w.tariff})
		}
		_, err := w.service.Simulate(t.Context(), w.by, wholeMay(), rerating.Pricing{Tariff: w.tariff}, nil)
		w.refuses(err, fault.Exhausted, "too_many_reratings")
		w.done(w.first())
		w.asks(wholeMay(), rerating.Pricing{Tariff: w.tariff})
	})
}

// first is a re-rating that is open.
func (w *world) first() ident.ReratingID {
	w.Helper()
	open, err := w.OpenReratings(w.Context(), 1)
	w.must(err)
	return open[0]
}
