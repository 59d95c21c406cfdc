package billing_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/page"
	"pylon/internal/kernel/rating"
)

// closedFromEvidence is the note of a session that we have ended, and explained says
// that the station has told its end since.
const (
	closedFromEvidence session.Notes = 1 << 11
	explained          session.Notes = closedFromEvidence << 32
)

func (w *world) clerk(scopes ...account.Scope) account.Actor {
	return account.Actor{Organisation: w.org, Key: "key_1", Name: "clerk", Scopes: scopes}
}

func (w *world) release(of session.Session) billing.Tab {
	w.Helper()
	tab, err := w.desk.Release(w.Context(), w.clerk(account.BillsWrite), of.ID, nil)
	if err != nil {
		w.Fatal(err)
	}
	return tab
}

// PROP-17: a session that was billed and turns out to have failed keeps no bill;
// one of which somebody was authorised in the end is billed anew.
func TestFailsAfterItsBill(t *testing.T) {
	each(t, func(w *world) {
		s := w.ends(10)
		w.hears(event.SessionCompleted, s)
		first := w.bills(s, 1)[0]
		s = w.corrects(s, func(s *session.Session) { s.Status = session.Failed })
		for range 2 {
			w.hears(event.SessionCorrected, s)
		}
		all := w.bills(s, 2)
		if !slices.ContainsFunc(all, func(b billing.Bill) bool { return b.Credits == first.ID && b.Document.Number != "" }) {
			w.Errorf("no credit note of %s: %+v", first.ID, all)
		}
		w.balances(0)
		if tab := w.tab(s); tab.State != billing.TabFree || tab.Bill != "" || tab.Reason != "" {
			w.Errorf("the tab: %+v", tab)
		}
		s = w.corrects(s, func(s *session.Session) { s.Status = session.Completed })
		w.hears(event.SessionCorrected, s)
		w.bills(s, 3)
		w.balances(595)
	})
}

// PROP-17: what somebody takes back stays taken back, whatever comes late, until he has it
// billed anew: with what is known then.
func TestTakenBackByHand(t *testing.T) {
	each(t, func(w *world) {
		s := w.ends(10)
		w.hears(event.SessionCompleted, s)
		first := w.bills(s, 1)[0]
		w.quicker = 2
		tab, err := w.desk.TakeBack(w.Context(), w.clerk(account.BillsWrite), first.ID, "Wrong card", nil)
		if err != nil || tab.State != billing.TabFree || tab.Reason != billing.TakenBack || tab.Bill != "" {
			w.Fatalf("got %+v, %v", tab, err)
		}
		all := w.bills(s, 2)
		note := all[slices.IndexFunc(all, func(b billing.Bill) bool { return b.Document.Kind == billing.CreditNote })]
		if note.Credits != first.ID || note.Document.Reason != "Wrong card" || note.Document.Number == "" {
			w.Errorf("the credit note: %+v", note)
		}
		w.balances(0)
		s = w.corrects(s, func(s *session.Session) { s.Energy, s.Last.Energy = 12_000_000, s.Begin.Energy+12_000_000 })
		w.hears(event.SessionCorrected, s)
		w.bills(s, 2)
		if _, err := w.desk.TakeBack(w.Context(), w.clerk(account.BillsWrite), first.ID, "Again", nil); fault.CodeOf(err) != "bill_not_standing" {
			w.Errorf("taken back twice: got %v", err)
		}
		if tab := w.release(s); tab.State != billing.TabBilled || tab.Revision != 2 {
			w.Errorf("released: got %+v", tab)
		}
		w.bills(s, 3)
		w.balances(714)
		trail, err := w.Audits(w.Context(), w.org, page.Query{Limit: 10})
		if err != nil || len(trail.Items) != 2 || trail.Items[0].Action != "bill.release" || trail.Items[1].Action != "bill.take_back" ||
			trail.Items[1].Subject != string(s.ID) || strings.Contains(trail.Items[1].Detail, "card") {
			w.Errorf("the trail: %+v, %v", trail.Items, err)
		}
	})
}

func TestReview(t *testing.T) {
	each(t, func(w *world) {
		s := w.corrects(w.ends(10), func(s *session.Session) { s.EndedBy, s.Noted = session.ByEvidence, closedFromEvidence })
		w.hears(event.SessionCompleted, s)
		w.bills(s, 0)
		tab := w.tab(s)
		if tab.State != billing.TabHeld || tab.Reason != billing.HeldReview || tab.Finding == "" {
			w.Fatalf("the tab: %+v", tab)
		}
		w.finding(tab.Finding, false)
		if next := w.release(s); next.State != billing.TabBilled || !slices.Equal(next.Released, []string{string(station.ClosedFromEvidence)}) {
			w.Errorf("released: got %+v", next)
		}
		w.finding(tab.Finding, true)
		w.bills(s, 1)
		// More of the same needs nobody; what is new does, and the bill goes on to stand.
		s = w.corrects(s, func(s *session.Session) { s.Energy, s.Last.Energy = 12_000_000, s.Begin.Energy+12_000_000 })
		w.hears(event.SessionCorrected, s)
		w.bills(s, 3)
		w.balances(714)
		const meterJumped = 1 << 13
		s = w.corrects(s, func(s *session.Session) {
			s.Noted |= meterJumped
			s.Energy, s.Last.Energy = 13_000_000, s.Begin.Energy+13_000_000
		})
		w.hears(event.SessionCorrected, s)
		w.bills(s, 3)
		if tab := w.tab(s); tab.State != billing.TabHeld || tab.Bill == "" {
			w.Errorf("the tab: %+v", tab)
		}
		w.balances(714)
	})
	each(t, func(w *world) { // the station itself tells, after all
		s := w.corrects(w.ends(10), func(s *session.Session) { s.Noted = closedFromEvidence })
		w.hears(event.SessionCompleted, s)
		s = w.corrects(s, func(s *session.Session) { s.Noted |= explained })
		w.hears(event.SessionCorrected, s)
		w.bills(s, 1)
	})
	each(t, func(w *world) { // who wants to look at nothing looks at nothing
		p, err := w.Profile(w.Context(), w.org)
		if err != nil {
			w.Fatal(err)
		}
		p.Review, p.Version = []station.FindingCode{}, 1
		w.commit(&change.Set{Profiles: []billing.Profile{p}})
		s := w.corrects(w.ends(10), func(s *session.Session) { s.Noted = closedFromEvidence })
		w.hears(event.SessionCompleted, s)
		w.bills(s, 1)
	})
}

// What is held for another reason is tried again, and held again with a finding of its own.
func TestReleaseTriesAgain(t *testing.T) {
	each(t, func(w *world) {
		w.tilt = func(a *rating.Answer) { a.Billed.Energy = a.Billed.Energy.Add(exact.Int(1)) }
		s := w.ends(10)
		w.hears(event.SessionCompleted, s)
		before := w.tab(s)
		after := w.release(s)
		if after.State != billing.TabHeld || after.Reason != billing.HeldRaters || after.Finding == before.Finding || after.Version != before.Version+1 {
			w.Fatalf("got %+v after %+v", after, before)
		}
		w.finding(before.Finding, true)
		w.finding(after.Finding, false)
		w.tilt = nil
		if mended := w.release(s); mended.State != billing.TabBilled {
			w.Errorf("mended: got %+v", mended)
		}
		w.bills(s, 1)
	})
}

// A session whose site's clocks go otherwise by now waits for somebody who lets it be
// priced by them.
func TestClocksHaveChanged(t *testing.T) {
	each(t, func(w *world) {
		s := w.starts()
		w.hears(event.SessionStarted, s)
		text, err := w.Snapshot(w.Context(), w.tab(s).Snapshot)
		if err != nil {
			w.Fatal(err)
		}
		other, err := tariff.ParseSnapshot(text, w.tab(s).Snapshot)
		if err != nil {
			w.Fatal(err)
		}
		for i := range other.Clocks {
			other.Clocks[i].Offset = 3600 // there was to be no summer
		}
		text, err = other.Canonical()
		if err != nil {
			w.Fatal(err)
		}
		tab := w.tab(s)
		tab.Snapshot, tab.Version = tariff.Hash(text), tab.Version+1
		w.commit(&change.Set{Tabs: []billing.Tab{tab}, Snapshots: []billing.Snapshot{{Hash: tab.Snapshot, Text: text}}})
		s = w.corrects(s, func(s *session.Session) { finish(s, 10) })
		w.hears(event.SessionCompleted, s)
		if tab = w.tab(s); tab.State != billing.TabHeld || tab.Reason != billing.HeldZone {
			w.Fatalf("the tab: %+v", tab)
		}
		if next := w.release(s); next.State != billing.TabBilled || next.Snapshot == tab.Snapshot {
			w.Errorf("released: got %+v", next)
		}
		w.bills(s, 1)
		w.balances(595)
	})
}

func TestHandRefusals(t *testing.T) {
	each(t, func(w *world) {
		ctx, clerk := w.Context(), w.clerk(account.BillsWrite)
		s := w.ends(10)
		if _, err := w.desk.Release(ctx, clerk, s.ID, nil); fault.CodeOf(err) != "tab_not_found" {
			w.Errorf("no tab yet: got %v", err)
		}
		w.hears(event.SessionCompleted, s)
		bill := w.bills(s, 1)[0].ID
		if _, err := w.desk.Release(ctx, clerk, s.ID, nil); fault.CodeOf(err) != "tab_not_waiting" {
			w.Errorf("it waits for nobody: got %v", err)
		}
		reader := w.clerk(account.BillsRead)
		if _, err := w.desk.Release(ctx, reader, s.ID, nil); !fault.Is(err, fault.Forbidden) {
			w.Errorf("a reader releases: got %v", err)
		}
		if _, err := w.desk.TakeBack(ctx, reader, bill, "x", nil); !fault.Is(err, fault.Forbidden) {
			w.Errorf("a reader takes back: got %v", err)
		}
		stranger := clerk
		stranger.Organisation = "org_other"
		if _, err := w.desk.TakeBack(ctx, stranger, bill, "x", nil); !fault.Is(err, fault.NotFound) {
			w.Errorf("a stranger takes back: got %v", err)
		}
		for _, reason := range []string{"", strings.Repeat("x", 201), "two\nlines"} {
			if _, err := w.desk.TakeBack(ctx, clerk, bill, reason, nil); !fault.Is(err, fault.Invalid) {
				w.Errorf("reason %.10q: got %v", reason, err)
			}
		}
		w.quicker = 8
		if _, err := w.desk.TakeBack(ctx, clerk, bill, "x", nil); !fault.Is(err, fault.Unavailable) {
			w.Errorf("always too late: got %v", err)
		}
		w.quicker = 0
		w.bills(s, 1)
	})
}

// Where no tariff was ever published nothing is read and nothing written; what
// begins after the first was is priced.
func TestNoPriceNoCost(t *testing.T) {
	each(t, func(w *world) {
		published := w.priced
		w.priced = tariff.Tariff{}
		s := w.starts()
		w.hears(event.SessionStarted, s)
		s = w.corrects(s, func(s *session.Session) { finish(s, 10) })
		w.hears(event.SessionCompleted, s)
		if _, err := w.Tab(w.Context(), s.ID); !fault.Is(err, fault.NotFound) || w.asked > 0 {
			w.Errorf("got a tab (%v), and asked %d times for assignments", err, w.asked)
		}
		w.priced = published
		next := w.ends(10)
		w.hears(event.SessionCompleted, next)
		w.bills(next, 1)
	})
}

// A change of an assignment holds for the next session, and for none that has begun.
func TestAssignmentsOfTheStart(t *testing.T) {
	each(t, func(w *world) {
		before := w.starts()
		w.hears(event.SessionStarted, before)
		w.assignments = nil
		after := w.ends(10)
		w.hears(event.SessionCompleted, after)
		w.bills(after, 0)
		before = w.corrects(before, func(s *session.Session) { finish(s, 10) })
		w.hears(event.SessionCompleted, before)
		w.bills(before, 1)
		late := tariff.Assignment{ID: "asg_2", Organisation: w.org, Tariff: w.priced.ID, CreatedAt: before.StartedAt.Add(time.Minute)}
		w.assignments = []tariff.Assignment{late}
		unpriced := w.ends(10) // began before it was made, and is heard of after that
		w.hears(event.SessionCompleted, unpriced)
		w.bills(unpriced, 0)
		w.assignments[0].CreatedAt = before.StartedAt
		priced := w.ends(10)
		w.hears(event.SessionCompleted, priced)
		w.bills(priced, 1)
	})
}

// T20: a session that gave nothing within a minute costs no start, unless the
// organisation, or the tariff, says otherwise.
func TestShortSession(t *testing.T) {
	fee := func(w *world) {
		vat := dec(w, "19")
		terms := &w.priced.Editions[0].Terms
		terms.Priced.Elements[0].Components = append(terms.Priced.Elements[0].Components,
			rating.Component{Dimension: rating.Flat, Price: dec(w, "1.00"), VAT: &vat}, rating.Component{Dimension: rating.Time, Price: dec(w, "60"), VAT: &vat, StepSize: 1})
	}
	lasts := func(w *world, d time.Duration) session.Session {
		return w.corrects(w.starts(), func(s *session.Session) {
			finish(s, 0)
			s.EndedAt = s.StartedAt.Add(d)
			s.Last.At = s.EndedAt
		})
	}
	each(t, func(w *world) {
		fee(w)
		short := lasts(w, 59*time.Second)
		w.hears(event.SessionCompleted, short)
		d := w.bills(short, 1)[0].Document
		if d.Total != 0 || !slices.ContainsFunc(d.Lines, func(l billing.Line) bool { return l.Item == billing.ItemForgiven && l.Amount == -198 }) {
			w.Errorf("59 s: got %+v, want what is forgiven in a line", d.Lines)
		}
		minute := lasts(w, time.Minute)
		w.hears(event.SessionCompleted, minute)
		if d := w.bills(minute, 1)[0].Document; d.Total != 238 || len(d.Lines) != 2 {
			w.Errorf("60 s: got %d in %+v, want 2.38", d.Total, d.Lines)
		}
	})
	each(t, func(w *world) {
		fee(w)
		p, err := w.Profile(w.Context(), w.org)
		if err != nil {
			w.Fatal(err)
		}
		p.Short, p.Version = &rating.Short{}, 1
		w.commit(&change.Set{Profiles: []billing.Profile{p}})
		short := lasts(w, 30*time.Second)
		w.hears(event.SessionCompleted, short)
		if d := w.bills(short, 1)[0].Document; d.Total != 179 {
			w.Errorf("nothing is forgiven: got %d, want 1.79", d.Total)
		}
	})
}
