package rerating_test

import (
	"errors"
	"testing"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/rerating"
	"pylon/internal/domain/session"
	"pylon/internal/domain/tariff"
	"pylon/internal/domain/tariff/plain"
	"pylon/internal/domain/tariff/swift"
	settling "pylon/internal/flow/billing"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/kernel/rating"
)

// confirms has a simulation confirmed.
func (w *world) confirms(id ident.ReratingID) rerating.Rerating {
	w.Helper()
	r, err := w.service.Confirm(w.Context(), w.by, id, "the sign said otherwise", nil)
	w.must(err)
	return r
}

// chain checks that a session's documents are a bill, its credit note and the
// bill that replaces it, of which the last one is of an amount, and stands.
func (w *world) chain(id ident.SessionID, want rerating.Amounts) {
	w.Helper()
	tab, err := w.Tab(w.Context(), id)
	w.must(err)
	documents, err := w.Bills(w.Context(), w.org, billing.Filter{Session: id}, page.Query{Limit: 10})
	w.must(err)
	if len(documents.Items) != 3 {
		w.Fatalf("%s: got %d documents, want three", id, len(documents.Items))
	}
	var original, note, bill billing.Bill
	for _, b := range documents.Items {
		switch {
		case b.Document.Kind == billing.CreditNote:
			note = b
		case b.Revision == 1:
			original = b
		default:
			bill = b
		}
	}
	if note.Credits != original.ID || note.Document.Credits.Number != original.Document.Number || note.Document.Total != original.Document.Total {
		w.Errorf("%s: the credit note %+v does not take back %+v", id, note, original)
	}
	if bill.Document.Replaces.Number != original.Document.Number || bill.Revision != 2 || tab.Bill != bill.ID || tab.State != billing.TabBilled {
		w.Errorf("%s: the bill %+v does not replace %+v on %+v", id, bill, original, tab)
	}
	if got := (rerating.Amounts{Net: bill.Document.Net, Tax: bill.Document.Tax, Total: bill.Document.Total}); got != want {
		w.Errorf("%s: got %+v, want %+v", id, got, want)
	}
}

// balanced checks that debits are credits, and what drivers owe together.
func (w *world) balanced(drivers int64) {
	w.Helper()
	sums, err := w.TrialBalance(w.Context(), w.org)
	w.must(err)
	var all int64
	for _, s := range sums {
		all += s.Balance
		if s.Class == ledger.ReceivableDriver && s.Balance != drivers {
			w.Errorf("drivers owe %d, want %d", s.Balance, drivers)
		}
	}
	if all != 0 {
		w.Errorf("the trial balance is %d", all)
	}
}

// PROP-17: a correction leaves, for each session that changes, an unbroken chain
// from the bill over its credit to the one that replaces it, and nothing else.
func TestCorrection(t *testing.T) {
	each(t, func(w *world) {
		w.charged(40)
		capped := flat(w, "0.50") // the same price for those that stay below it
		most := dec(w, "4.00")
		capped.Priced.MaxPrice = rating.Limit{Excl: &most}
		simulation := w.simulated(wholeMay(), rerating.Pricing{Tariff: w.published(may().AddDate(0, -1, 0), capped)})
		if c := simulation.Counts; c.Changed == 0 || c.Unchanged == 0 || c.Changed+c.Unchanged != 40 {
			t.Fatalf("got %+v, want some changed, and some not", c)
		}
		compared := w.differences(simulation.ID)
		r := w.done(w.confirms(simulation.ID).ID)
		if r.State != rerating.Done || r.Counts.Changed != simulation.Counts.Changed || r.Counts.Chosen() != simulation.Counts.Changed || r.Expected != simulation.Counts.Changed {
			t.Fatalf("got %+v, want what changed in %+v", r, simulation)
		}
		found := w.differences(r.ID)
		var owed int64
		for _, id := range w.sessions {
			was, d := compared[id], found[id]
			owed += was.After.Total
			if was.Outcome == rerating.Unchanged {
				documents, err := w.Bills(t.Context(), w.org, billing.Filter{Session: id}, page.Query{Limit: 10})
				if err != nil || len(documents.Items) != 1 || d.Session != "" {
					t.Errorf("%s was not to change: %v, %+v", id, err, d)
				}
				continue
			}
			w.chain(id, w.reckoned(id, capped))
			if tab, err := w.Tab(t.Context(), id); err != nil || d.Outcome != rerating.Changed || d.Replacement != tab.Bill || d.Before != was.Before || d.After != was.After {
				t.Errorf("%s: got %+v, %v, want what was found: %+v", id, d, err, was)
			}
		}
		w.balanced(owed)
		w.late(capped, compared)
	})
}

// late lets energy of a corrected session arrive late: it is priced by the tariff
// of the correction.
func (w *world) late(by tariff.Terms, compared map[ident.SessionID]rerating.Difference) {
	w.Helper()
	for _, id := range w.sessions {
		if compared[id].Outcome != rerating.Changed {
			continue
		}
		w.corrects(id, func(s *session.Session) { s.Energy += 1_000_000; s.Last.Energy += 1_000_000 })
		w.hears(event.SessionCorrected, id)
		tab, err := w.Tab(w.Context(), id)
		w.must(err)
		bill, err := w.Bill(w.Context(), w.org, tab.Bill)
		w.must(err)
		if want := w.reckoned(id, by); bill.Revision != 3 || bill.Document.Total != want.Total {
			w.Errorf("late energy: got revision %d of %d, want 3 of %d", bill.Revision, bill.Document.Total, want.Total)
		}
		return
	}
}

// PROP-4: a correction that is stopped anywhere, and whose commits may have landed
// or not, makes each bill once.
func TestCorrectedOnce(t *testing.T) {
	each(t, func(w *world) {
		w.charged(40)
		simulation := w.simulated(wholeMay(), rerating.Pricing{Tariff: w.published(may().AddDate(0, -1, 0), timed(w))})
		r := w.confirms(simulation.ID)
		for step := range 6 {
			stopped := make(chan struct{})
			w.breaks(func(_ *change.Set, commit func() error) error {
				err := fault.New(fault.Unavailable, "database_unavailable")
				select {
				case <-stopped:
				default:
					if step%2 == 0 {
						w.must(commit())
					}
					close(stopped)
				}
				return err
			})
			stop := w.runs(w.chunks(5, 7))
			select {
			case <-stopped:
			case <-time.After(patience):
				t.Fatal("the worker does nothing")
			}
			stop()
		}
		w.breaks(nil)
		if r = w.done(r.ID); r.Counts.Changed != 40 || r.Totals[0].After != simulation.Totals[0].After {
			t.Errorf("got %+v, want %+v", r, simulation)
		}
		for _, id := range w.sessions {
			w.chain(id, w.reckoned(id, timed(w)))
		}
		w.balanced(simulation.Totals[0].After.Total)
	})
}

// A session that was billed anew between the simulation and its confirmation is
// left out, and told.
func TestBillChangedMeanwhile(t *testing.T) {
	each(t, func(w *world) {
		w.charged(12)
		simulation := w.simulated(wholeMay(), rerating.Pricing{Tariff: w.published(may().AddDate(0, -1, 0), flat(w, "0.60"))})
		late, reopened := w.sessions[3], w.sessions[5]
		w.corrects(late, func(s *session.Session) { s.Energy += 5_000_000; s.Last.Energy += 5_000_000 })
		w.hears(event.SessionCorrected, late)
		w.corrects(reopened, func(s *session.Session) { s.Status, s.EndedAt = session.Active, time.Time{} })
		r := w.confirms(simulation.ID)
		quicker := w.sessions[9] // billing is quicker, between our look and our commit
		done := false
		w.breaks(func(set *change.Set, commit func() error) error {
			if len(set.Bills) > 0 && !done {
				done = true
				w.breaks(nil)
				w.corrects(quicker, func(s *session.Session) { s.Energy += 5_000_000; s.Last.Energy += 5_000_000 })
				w.hears(event.SessionCorrected, quicker)
			}
			return commit()
		})
		w.service = w.chunks(25, 25)
		r = w.done(r.ID)
		if c := r.Counts; c.Changed != 9 || c.Skipped != 3 || c.Reasons[0] != (rerating.Reason{Code: rerating.BillChanged, Sessions: 3}) {
			t.Errorf("got %+v, want nine changed and three skipped", c)
		}
		found := w.differences(r.ID)
		for i, id := range w.sessions {
			switch d := found[id]; {
			case id == late, id == quicker, id == reopened:
				if d.Outcome != rerating.Skipped || d.Reason != rerating.BillChanged || d.Replacement != "" {
					t.Errorf("session %d: got %+v, want it skipped", i, d)
				}
			default:
				w.chain(id, w.reckoned(id, flat(w, "0.60")))
			}
		}
		if _, err := w.service.Confirm(t.Context(), w.by, simulation.ID, "again", nil); fault.CodeOf(err) != "rerating_confirmed" {
			t.Errorf("confirmed twice: got %v", err)
		}
	})
}

// Energy that came late, but of which billing has not heard, is in the correction;
// when billing hears of it, nothing is left to do.
func TestLateMeanwhile(t *testing.T) {
	each(t, func(w *world) {
		w.charged(6)
		simulation := w.simulated(wholeMay(), rerating.Pricing{Tariff: w.published(may().AddDate(0, -1, 0), flat(w, "0.60"))})
		w.corrects(w.sessions[2], func(s *session.Session) { s.Energy += 5_000_000; s.Last.Energy += 5_000_000 })
		w.done(w.confirms(simulation.ID).ID)
		w.hears(event.SessionCorrected, w.sessions[2])
		for _, id := range w.sessions {
			w.chain(id, w.reckoned(id, flat(w, "0.60")))
		}
	})
}

// What the two raters do not agree on is not corrected, and what the books refuse
// neither; the others are.
func TestCorrectionHoldsOut(t *testing.T) {
	each(t, func(w *world) {
		w.charged(12)
		simulation := w.simulated(wholeMay(), rerating.Pricing{Tariff: w.published(may().AddDate(0, -1, 0), flat(w, "0.60"))})
		doubtful, err := w.Session(t.Context(), w.org, w.sessions[4])
		w.must(err)
		r := w.confirms(simulation.ID)
		refused := w.sessions[7]
		w.breaks(func(set *change.Set, commit func() error) error {
			for _, b := range set.Bills {
				if b.Session == refused {
					return errors.New("the books do not take it")
				}
			}
			return commit()
		})
		w.service = w.asking([2]settling.Rater{swift.Explain, func(q *rating.Question) (*rating.Answer, error) {
			a, err := plain.Rate(q)
			if err == nil && q.Session.Start.Equal(doubtful.StartedAt) {
				a.Billed.Energy = a.Billed.Energy.Add(exact.Int(1))
			}
			return a, err
		}})
		r = w.done(r.ID)
		if c := r.Counts; c.Changed != 10 || c.Held != 2 || len(c.Reasons) != 2 || c.Reasons[0].Code != billing.HeldRaters || c.Reasons[1].Code != rerating.Refused {
			t.Errorf("got %+v, want ten changed and two held", c)
		}
		for _, id := range w.sessions {
			if id != refused && id != doubtful.ID {
				w.chain(id, w.reckoned(id, flat(w, "0.60")))
				continue
			}
			tab, err := w.Tab(t.Context(), id)
			w.must(err)
			if tab.State != billing.TabBilled || tab.Revision != 1 || tab.Finding != "" {
				t.Errorf("%s was touched: %+v", id, tab)
			}
		}
	})
}

// A tariff that named no rate of tax held all bills; one that does lets them be made.
func TestFirstBillByCorrection(t *testing.T) {
	each(t, func(w *world) {
		untaxed := flat(w, "0.50")
		untaxed.Priced.Elements[0].Components[0].VAT = nil
		w.assigned(w.published(may().AddDate(0, -1, 0), untaxed), may().AddDate(0, -1, 1))
		w.charged(5)
		if tab, err := w.Tab(t.Context(), w.sessions[0]); err != nil || tab.State != billing.TabHeld {
			t.Fatalf("got %+v, %v, want it held", tab, err)
		}
		simulation := w.simulated(wholeMay(), rerating.Pricing{Tariff: w.tariff})
		r := w.done(w.confirms(simulation.ID).ID)
		if r.Counts.Changed != 5 || r.Totals[0].Before.Total != 0 {
			t.Errorf("got %+v", r)
		}
		for _, id := range w.sessions {
			tab, err := w.Tab(t.Context(), id)
			w.must(err)
			if tab.State != billing.TabBilled || tab.Revision != 1 || tab.Finding != "" {
				t.Errorf("got %+v, want a first bill", tab)
			}
		}
		w.balanced(r.Totals[0].After.Total)
	})
}
