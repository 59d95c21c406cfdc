package billing_test

import (
	"testing"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/event"
	"pylon/internal/domain/session"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/rating"
)

func TestSessionBecomesABill(t *testing.T) {
	each(t, func(w *world) {
		s := w.ends(10)
		w.hears(event.SessionStarted, s)
		w.hears(event.SessionCompleted, s)
		bill := w.bills(s, 1)[0]
		d := bill.Document
		if d.Total != 595 || d.Net != 500 || d.Tax != 95 || d.Kind != billing.Receipt {
			w.Errorf("got %d net, %d tax, %d, %s: want 500, 95, 595 on a receipt", d.Net, d.Tax, d.Total, d.Kind)
		}
		if d.Number != year()+"-0000001" || d.Issuer.Name != "one" || d.Charges[0].Station != "CP-1" || d.Charges[0].Energy != 10_000_000 || len(d.Charges[0].Steps) == 0 {
			w.Errorf("got %+v", d)
		}
		w.balances(595)
		if tab := w.tab(s); tab.State != billing.TabBilled || tab.Bill != bill.ID {
			w.Errorf("the tab: %+v", tab)
		}
	})
}

// year is how numbers of bills begin.
func year() string { return "B" + now().UTC().Format("2006") }

// PROP-4: however often the news comes, and whoever repeats himself, a session has one bill.
func TestBilledOnce(t *testing.T) {
	each(t, func(w *world) {
		s := w.ends(10)
		for range 3 {
			w.hears(event.SessionCompleted, s)
			w.hears(event.SessionCorrected, s)
			w.hears(event.SessionStarted, s)
		}
		w.bills(s, 1)
		w.balances(595)
	})
}

// PROP-17: what comes late becomes a credit note and a bill that names what it replaces.
func TestLateEnergy(t *testing.T) {
	each(t, func(w *world) {
		s := w.ends(10)
		w.hears(event.SessionCompleted, s)
		first := w.bills(s, 1)[0]
		s = w.corrects(s, func(s *session.Session) { s.Energy, s.Last.Energy = 12_000_000, s.Begin.Energy+12_000_000 })
		w.hears(event.SessionCorrected, s)
		all := w.bills(s, 3) // newest first
		var note, bill billing.Bill
		for _, b := range all {
			switch {
			case b.Document.Kind == billing.CreditNote:
				note = b
			case b.Revision == 2:
				bill = b
			}
		}
		if note.Credits != first.ID || note.Document.Credits.Number != first.Document.Number || note.Document.Total != 595 || note.Document.Number == "" {
			w.Errorf("the credit note: %+v", note)
		}
		if bill.Document.Total != 714 || bill.Document.Replaces.Number != first.Document.Number {
			w.Errorf("the bill: %+v", bill.Document)
		}
		w.balances(714)
	})
}

// A session that runs after all is not billed until it has ended.
func TestReopened(t *testing.T) {
	each(t, func(w *world) {
		s := w.ends(10)
		w.hears(event.SessionCompleted, s)
		ended := s.EndedAt
		s = w.corrects(s, func(s *session.Session) { s.Status, s.EndedAt = session.Active, time.Time{} })
		w.hears(event.SessionCorrected, s)
		w.bills(s, 2)
		w.balances(0)
		if tab := w.tab(s); tab.State != billing.TabOpen || tab.Bill != "" {
			w.Errorf("the tab: %+v", tab)
		}
		s = w.corrects(s, func(s *session.Session) { s.Status, s.EndedAt = session.Completed, ended })
		w.hears(event.SessionCompleted, s)
		w.bills(s, 3)
		w.balances(595)
	})
}

// What prices a session stands when it starts, whatever becomes of the tariff.
func TestPriceOfTheStart(t *testing.T) {
	each(t, func(w *world) {
		s := w.starts()
		w.hears(event.SessionStarted, s)
		w.price("9.99")
		s = w.corrects(s, func(s *session.Session) { finish(s, 10) })
		w.hears(event.SessionCompleted, s)
		w.bills(s, 1)
		w.balances(595)
	})
}

func TestHeld(t *testing.T) {
	each(t, func(w *world) {
		w.tilt = func(a *rating.Answer) { a.Billed.Energy = a.Billed.Energy.Add(exact.Int(1)) }
		s := w.ends(10)
		w.hears(event.SessionCompleted, s)
		w.bills(s, 0)
		w.balances(0)
		tab := w.tab(s)
		if tab.State != billing.TabHeld || tab.Reason != billing.HeldRaters || tab.Finding == "" {
			w.Fatalf("the tab: %+v", tab)
		}
		w.finding(tab.Finding, false)
		w.tilt = nil
		w.hears(event.SessionCorrected, s)
		w.bills(s, 1)
		w.balances(595)
		w.finding(tab.Finding, true)
	})
}

func TestNothingToBill(t *testing.T) {
	each(t, func(w *world) {
		w.assignments = nil
		free := w.ends(10)
		w.hears(event.SessionCompleted, free)
		w.bills(free, 0)
		if tab := w.tab(free); tab.State != billing.TabFree {
			w.Errorf("no tariff: %+v", tab)
		}
	})
	each(t, func(w *world) {
		s := w.ends(10)
		s = w.corrects(s, func(s *session.Session) { s.Status = session.Failed })
		w.hears(event.SessionFailed, s)
		w.bills(s, 0)
		if tab := w.tab(s); tab.State != billing.TabFree {
			w.Errorf("nobody was authorised: %+v", tab)
		}
		s = w.corrects(s, func(s *session.Session) { s.Status = session.Completed }) // somebody was, after all
		w.hears(event.SessionCorrected, s)
		w.bills(s, 1)
		w.balances(595)
	})
}
