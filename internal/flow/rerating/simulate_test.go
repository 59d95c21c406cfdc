package rerating_test

import (
	"context"
	"maps"
	"testing"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/rerating"
	"pylon/internal/domain/session"
	"pylon/internal/domain/tariff"
	"pylon/internal/domain/tariff/plain"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/kernel/rating"
)

// reckoned is what the plain rater says that a session costs by terms: read
// session by session, by nothing that re-rating reads with.
func (w *world) reckoned(id ident.SessionID, terms tariff.Terms) rerating.Amounts {
	w.Helper()
	v, err := w.Session(w.Context(), w.org, id)
	w.must(err)
	segments, err := w.Segments(w.Context(), v.Station, id)
	w.must(err)
	frames, err := w.AllFrames(w.Context(), v.Station, id, rating.ReadingsMost)
	w.must(err)
	of, err := w.Station(w.Context(), w.org, string(v.Station))
	w.must(err)
	by := tariff.Snapshot{Zone: v.TimeZone, Terms: terms}
	q, err := by.Question(v.Measured(segments, frames, &of.Quirks, v.EndedAt), nil)
	w.must(err)
	a, err := plain.Rate(&q)
	w.must(err)
	return rerating.Amounts{Net: a.Invoice.Net, Tax: a.Invoice.Tax, Total: a.Invoice.Total}
}

func add(to *rerating.Amounts, a rerating.Amounts) {
	to.Net, to.Tax, to.Total = to.Net+a.Net, to.Tax+a.Tax, to.Total+a.Total
}

// isReckoned holds a simulation by other terms against what the plain rater says
// of each session, and of all together.
func (w *world) isReckoned(r *rerating.Rerating, before, after tariff.Terms) {
	w.Helper()
	found := w.differences(r.ID)
	if r.State != rerating.Done || r.Counts.Seen != int64(len(w.sessions)) || len(found) != len(w.sessions) || r.Counts.Changed != int64(len(w.sessions)) {
		w.Fatalf("got %d differences, %+v, want all %d sessions changed", len(found), r, len(w.sessions))
	}
	var total [2]rerating.Amounts
	sums := map[string][2]rerating.Amounts{}
	for _, id := range w.sessions {
		d, was, would := found[id], w.reckoned(id, before), w.reckoned(id, after)
		if d.Before.Amounts != was || d.After.Amounts != would || d.Outcome != rerating.Changed || d.Bill == "" || d.Replacement != "" {
			w.Errorf("%s: got %+v, want %+v and %+v", id, d, was, would)
		}
		sum := sums[d.Debtor]
		for i, a := range []rerating.Amounts{was, would} {
			add(&total[i], a)
			add(&sum[i], a)
		}
		sums[d.Debtor] = sum
	}
	if len(r.Totals) != 1 || r.Totals[0].Before != total[0] || r.Totals[0].After != total[1] || r.Totals[0].Sessions != int64(len(w.sessions)) {
		w.Errorf("totals: got %+v, want %+v", r.Totals, total)
	}
	got := map[string][2]rerating.Amounts{}
	customers, err := w.ReratingCustomers(w.Context(), r.ID, page.Query{Limit: 100})
	w.must(err)
	for _, c := range customers.Items {
		got[c.Debtor] = [2]rerating.Amounts{c.Before, c.After}
	}
	if !maps.Equal(got, sums) || len(sums) != len(w.tokens)-1 {
		w.Errorf("customers: got %v, want %v, the customer and five tokens", got, sums)
	}
}

// unchanged checks that no session has got another document.
func (w *world) unchanged() {
	w.Helper()
	bills, err := w.Bills(w.Context(), w.org, billing.Filter{}, page.Query{Limit: 500})
	w.must(err)
	if len(bills.Items) != len(w.sessions) {
		w.Errorf("got %d documents, want one for each of %d sessions", len(bills.Items), len(w.sessions))
	}
}

func TestSimulation(t *testing.T) {
	each(t, func(w *world) {
		w.charged(200)
		other := w.published(may().AddDate(0, -1, 0), timed(w))
		r := w.simulated(wholeMay(), rerating.Pricing{Tariff: other})
		w.isReckoned(&r, flat(w, "0.50"), timed(w))
		w.unchanged()

		w.must(w.Compact(w.Context(), now().Add(2*time.Hour))) // frames come from blocks now
		packed := w.simulated(wholeMay(), rerating.Pricing{Tariff: other, Edition: 1})
		w.isReckoned(&packed, flat(w, "0.50"), timed(w))

		terms := timed(w)
		drafted := w.simulated(wholeMay(), rerating.Pricing{Terms: &terms})
		w.isReckoned(&drafted, flat(w, "0.50"), timed(w))

		w.assigned(other, may().AddDate(0, 0, -1))
		chosen := w.simulated(wholeMay(), rerating.Pricing{Assigned: true})
		w.isReckoned(&chosen, flat(w, "0.50"), timed(w))
		w.unchanged()
	})
}

// What costs the same is told as unchanged.
func TestSamePrice(t *testing.T) {
	each(t, func(w *world) {
		w.charged(30)
		r := w.simulated(wholeMay(), rerating.Pricing{Tariff: w.tariff})
		if c := r.Counts; c.Unchanged != 30 || c.Chosen() != 30 || r.Totals[0].Difference() != (rerating.Amounts{}) || r.Totals[0].Before.Total == 0 {
			t.Errorf("got %+v", r)
		}
	})
}

func TestChoice(t *testing.T) {
	each(t, func(w *world) {
		w.charged(42)
		other := w.published(may().AddDate(0, -1, 0), flat(w, "0.60"))
		from := func(i int) time.Time { return w.endOf(w.sessions[i]) }
		for _, tt := range []struct {
			name string
			is   func(*rerating.Choice)
			want int64
		}{
			{"all", func(*rerating.Choice) {}, 42},
			{"the site", func(c *rerating.Choice) { c.Site = w.site }, 42},
			{"another site", func(c *rerating.Choice) { c.Site = "sit_x" }, 0},
			{"the station", func(c *rerating.Choice) { c.Station = w.owner.Station }, 42},
			{"another station", func(c *rerating.Choice) { c.Station = "sta_x" }, 0},
			{"a token", func(c *rerating.Choice) { c.Token = w.tokens[3] }, 6},
			{"a customer", func(c *rerating.Choice) { c.Customer = w.customer }, 12},
			{"the tariff", func(c *rerating.Choice) { c.Tariff = w.tariff }, 42},
			{"another tariff", func(c *rerating.Choice) { c.Tariff = other }, 0},
			{"from an end on, until another", func(c *rerating.Choice) { c.From, c.Until = from(5), from(9) }, 4},
		} {
			of := wholeMay()
			tt.is(&of)
			if r := w.simulated(of, rerating.Pricing{Tariff: other}); r.Counts.Changed != tt.want || r.Counts.Chosen() != tt.want {
				t.Errorf("%s: got %+v, want %d", tt.name, r.Counts, tt.want)
			}
		}
	})
}

func (w *world) endOf(id ident.SessionID) time.Time {
	w.Helper()
	v, err := w.Session(w.Context(), w.org, id)
	w.must(err)
	return v.EndedAt
}

// PROP-4: a worker that stops anywhere, and commits of which nobody knows what
// became of them: each session is counted once.
func TestCountedOnce(t *testing.T) {
	each(t, func(w *world) {
		w.charged(60)
		other := w.published(may().AddDate(0, -1, 0), timed(w))
		r := w.asks(wholeMay(), rerating.Pricing{Tariff: other})
		unknown := fault.New(fault.Unavailable, "database_unavailable")
		for step := range 8 {
			service := w.chunks(7, 5)
			stopped := make(chan struct{})
			w.breaks(func(_ *change.Set, commit func() error) error {
				select {
				case <-stopped: // nothing more of this worker
					return unknown
				default:
				}
				var err error
				if step%2 == 0 {
					err = commit()
				}
				close(stopped)
				if err != nil {
					return err
				}
				return unknown
			})
			stop := w.runs(service)
			select {
			case <-stopped:
			case <-time.After(patience):
				t.Fatal("the worker does nothing")
			}
			stop()
		}
		w.breaks(nil)
		if half, err := w.Rerating(t.Context(), w.org, r.ID); err != nil || half.Ended() || half.Counts.Seen != 21 {
			t.Errorf("after three chunks: got %+v, %v", half, err)
		}
		r = w.done(r.ID)
		w.isReckoned(&r, flat(w, "0.50"), timed(w))
	})
}

// A session whose end is corrected while it runs is not counted again.
func TestEndMoves(t *testing.T) {
	each(t, func(w *world) {
		w.charged(20)
		other := w.published(may().AddDate(0, -1, 0), flat(w, "0.60"))
		r := w.asks(wholeMay(), rerating.Pricing{Tariff: other})
		moved := false
		w.breaks(func(set *change.Set, commit func() error) error {
			err := commit()
			if len(set.Differences) > 0 && !moved {
				moved = true
				w.corrects(w.sessions[0], func(s *session.Session) { s.EndedAt = may().AddDate(0, 1, 0) })
			}
			return err
		})
		w.service = w.chunks(5, 5)
		if r = w.done(r.ID); r.Counts.Changed != 20 || r.Totals[0].Sessions != 20 || r.Counts.Seen != 21 {
			t.Errorf("got %+v, want 20 sessions, one of them seen twice", r)
		}
	})
}

func TestCancel(t *testing.T) {
	each(t, func(w *world) {
		w.charged(20)
		r := w.asks(wholeMay(), rerating.Pricing{Tariff: w.tariff})
		cancelled := false
		w.breaks(func(set *change.Set, commit func() error) error {
			err := commit()
			if len(set.Differences) > 0 && !cancelled {
				cancelled = true
				w.breaks(nil)
				_, err := w.service.Cancel(context.WithoutCancel(t.Context()), w.by, r.ID)
				w.must(err)
			}
			return err
		})
		w.service = w.chunks(5, 5)
		if r = w.done(r.ID); r.State != rerating.Cancelled || r.Counts.Chosen() != 5 {
			t.Errorf("got %+v, want it cancelled behind the first chunk", r)
		}
		_, err := w.service.Cancel(t.Context(), w.by, r.ID)
		w.refuses(err, fault.Conflict, "rerating_ended")
		_, err = w.service.Confirm(t.Context(), w.by, r.ID, "why not", nil)
		w.refuses(err, fault.Conflict, "rerating_not_done")
	})
}

// What no bill can be made of is held out, with the reason, and in no sum.
func TestHeldOut(t *testing.T) {
	each(t, func(w *world) {
		w.charged(8)
		untaxed, vast, late := flat(w, "0.50"), flat(w, "999999999"), w.published(may().Add(12*time.Hour), flat(w, "0.60"))
		untaxed.Priced.Elements[0].Components[0].VAT = nil
		spot := flat(w, "0.50")
		spot.Extras = []tariff.Extra{{Series: "srs_none", Adjustment: rating.Adjustment{ID: "spot", Spot: &rating.Spot{Fallback: dec(w, "0.40")}}}}
		for _, tt := range []struct {
			name   string
			by     rerating.Pricing
			reason string
			held   int64
		}{
			{"no rate of tax", rerating.Pricing{Terms: &untaxed}, billing.HeldTax, 8},
			{"more than anybody pays", rerating.Pricing{Terms: &vast}, rerating.OutOfRange, 8},
			{"a series that is not there", rerating.Pricing{Terms: &spot}, billing.HeldSeries, 8},
			{"not valid yet", rerating.Pricing{Tariff: late}, rerating.NotValid, 4},
		} {
			r := w.simulated(wholeMay(), tt.by)
			if c := r.Counts; c.Held != tt.held || c.Chosen() != 8 || len(c.Reasons) != 1 || c.Reasons[0] != (rerating.Reason{Code: tt.reason, Sessions: tt.held}) {
				t.Errorf("%s: got %+v, want %d held for %s", tt.name, c, tt.held, tt.reason)
			}
			if tt.held == 8 && len(r.Totals) > 0 {
				t.Errorf("%s: got sums %+v", tt.name, r.Totals)
			}
		}
	})
}

// Sessions that were free are told what they would have cost; who was never
// authorised is not asked.
func TestFree(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.Store.Commit(t.Context(), &change.Set{Removed: w.assignments()}))
		w.charged(6)
		w.corrects(w.sessions[5], func(s *session.Session) { s.Status = session.Failed })
		w.hears(event.SessionCorrected, w.sessions[5])
		r := w.simulated(wholeMay(), rerating.Pricing{Tariff: w.tariff})
		if r.Counts.Changed != 5 || r.Totals[0].Before.Total != 0 || r.Totals[0].After.Total == 0 {
			t.Errorf("got %+v, want five that cost something", r)
		}
		none := w.simulated(wholeMay(), rerating.Pricing{Assigned: true})
		if c := none.Counts; c.Held != 5 || len(c.Reasons) != 1 || c.Reasons[0].Code != rerating.NoTariff {
			t.Errorf("got %+v, want five without a tariff", c)
		}
	})
}

// assignments removes all of them.
func (w *world) assignments() []change.Removal {
	w.Helper()
	all, err := w.ListAssignments(w.Context(), w.org, "", page.Query{Limit: 10})
	w.must(err)
	var gone []change.Removal
	for _, a := range all.Items {
		gone = append(gone, change.Removal{Kind: change.KindAssignment, ID: string(a.ID), Version: a.Version})
	}
	return gone
}
