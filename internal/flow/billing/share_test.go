package billing_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/host"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/roaming"
	"pylon/internal/domain/session"
	"pylon/internal/flow/settlements"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/kernel/trade"
	"pylon/internal/wire/ocpi"
	"pylon/internal/wire/ocpi221"
	"pylon/internal/wire/ocpi230"
)

// hosted gives the site a host, who gets a fifth of the energy and a cent for each
// kilowatt-hour, and a supply at 0.20 with losses of 5 %.
func (w *world) hosted(terms host.Terms) host.Host {
	w.Helper()
	if terms.Percents == nil {
		terms.Percents = []host.Percent{{Class: ledger.Energy, Rate: dec(w, "20")}}
		terms.PerKWh = new(dec(w, "0.01"))
	}
	long := host.Term{From: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)}
	h := host.Host{
		ID: ident.New[ident.HostID](now()), Organisation: w.org, Party: billing.Party{Name: "Host Ltd", Country: "DE"}, Language: "de", Currency: "EUR",
		Tax: host.Taxed, Rate: dec(w, "19"), CreatedAt: now(), Version: 1,
	}
	w.commit(&change.Set{
		Hosts: []host.Host{h},
		Agreements: []host.Agreement{{
			ID: ident.New[ident.AgreementID](now()), Organisation: w.org, Host: h.ID, Site: w.site, Number: 1, Term: long, Terms: terms, CreatedAt: now(), Version: 1,
		}},
		Supplies: []host.Supply{{
			ID: ident.New[ident.SupplyID](now()), Organisation: w.org, Site: w.site, Number: 1, Term: long, CreatedAt: now(), Version: 1,
			Price: host.EnergyPrice{Currency: "EUR", PerKWh: dec(w, "0.20"), Losses: dec(w, "5")},
		}},
	})
	return h
}

// has checks the balance of an account.
func (w *world) has(c ledger.Class, owner string, want int64) {
	w.Helper()
	book := ledger.Book{Organisation: w.org, Unit: "EUR"}
	if got, err := w.BalanceOf(w.Context(), book.Account(c, owner)); err != nil || got != want {
		w.Errorf("%s of %q: got %d, %v, want %d", c, owner, got, err, want)
	}
}

// left checks what is left of the site's income.
func (w *world) left(sessions, net, cost, share int64) {
	w.Helper()
	for _, by := range []host.MarginBy{host.BySite, host.ByMonth} {
		found, err := w.Margins(w.Context(), w.org, by, host.Days{From: "2026-05-01", To: "2026-05-31"}, page.Query{})
		if err != nil || len(found.Items) != 1 {
			w.Fatalf("margins by %s: got %+v, %v, want one", by, found.Items, err)
		}
		m := found.Items[0]
		gotCost, err := m.CostMinor()
		if err != nil || m.Sessions != sessions || m.Income.Net() != net || m.Income.Energy != net || gotCost != cost || m.Share != share {
			w.Errorf("margin by %s: got %+v, cost %d, %v, want %d sessions, net %d, cost %d, share %d", by, m, gotCost, err, sessions, net, cost, share)
		}
		if got, err := m.Left(); err != nil || got != net-cost-share {
			w.Errorf("left: got %d, %v, want %d", got, err, net-cost-share)
		}
	}
}

// energy corrects what a session took.
func (w *world) energy(s session.Session, kwh int) session.Session {
	w.Helper()
	s = w.corrects(s, func(s *session.Session) { finish(s, kwh) })
	w.hears(event.SessionCorrected, s)
	return s
}

// PROP-4, PROP-17: a host earns by a bill what was agreed, once however often the news
// comes; it is taken back with the bill, and what the site has earned is exact after it.
func TestHostShares(t *testing.T) {
	each(t, func(w *world) {
		h := w.hosted(host.Terms{})
		s := w.ends(10)
		for range 3 {
			w.hears(event.SessionCompleted, s)
		}
		w.has(ledger.PayableSiteHost, string(h.ID), -110)
		w.has(ledger.HostShare, "", 110)
		w.left(1, 500, 210, 110)
		s = w.energy(s, 12)
		w.has(ledger.PayableSiteHost, string(h.ID), -132)
		w.left(1, 600, 252, 132)
		s = w.corrects(s, func(s *session.Session) { s.Status, s.EndedAt = session.Active, time.Time{} })
		w.hears(event.SessionCorrected, s)
		w.has(ledger.PayableSiteHost, string(h.ID), 0)
		w.left(0, 0, 0, 0)
		s = w.energy(s, 7)
		w.hears(event.SessionCorrected, s)
		w.has(ledger.PayableSiteHost, string(h.ID), -77)
		w.left(1, 350, 147, 77)
	})
}

// No share is more than the bill's net, unless that was agreed.
func TestShareWithinNet(t *testing.T) {
	each(t, func(w *world) {
		h := w.hosted(host.Terms{Percents: []host.Percent{}, PerKWh: new(dec(w, "0.70"))})
		s := w.ends(10)
		w.hears(event.SessionCompleted, s)
		w.has(ledger.PayableSiteHost, string(h.ID), -500)
	})
}

// A month is settled once; what comes late is in the next one; a payment ends it.
func TestSettlement(t *testing.T) {
	each(t, func(w *world) {
		h := w.hosted(host.Terms{Percents: []host.Percent{{Class: ledger.Energy, Rate: dec(w, "20")}}})
		s := w.ends(12)
		w.hears(event.SessionCompleted, s)
		desk := settlements.New(w, clock.System{}, slog.New(slog.DiscardHandler))
		settle := func(want int) []host.Settlement {
			w.Helper()
			for range 2 { // the second time there is nothing left to do
				if err := desk.Settle(w.Context(), lease.Grant{}); err != nil {
					w.Fatal(err)
				}
			}
			found, err := w.Settlements(w.Context(), w.org, host.Filter{Host: h.ID}, page.Query{})
			if err != nil || len(found.Items) != want {
				w.Fatalf("got %d settlements, %v, want %d", len(found.Items), err, want)
			}
			return found.Items
		}
		first := settle(1)[0]
		if first.Month != "2026-05" || first.Document.Number != "S"+now().UTC().Format("2006")+"-0000001" || first.Share != 120 ||
			first.Document.Tax != 23 || first.Document.Total != 143 || first.Sessions != 1 || first.Income != 600 || first.Energy != 12_000_000 {
			w.Errorf("got %+v", first)
		}
		w.has(ledger.PayableSiteHost, string(h.ID), 0)
		w.has(ledger.PayableSettled, string(h.ID), -143)
		earned, err := w.Earned(w.Context(), first.ID, page.Query{})
		if err != nil || len(earned.Items) != 1 || earned.Items[0].Share != 120 {
			w.Errorf("earnings: got %+v, %v", earned.Items, err)
		}

		w.energy(s, 10) // 20 less, though May is settled: a later month has it
		w.has(ledger.PayableSiteHost, string(h.ID), 20)
		settle(1) // less than nothing: it is carried
		other := w.ends(5)
		w.hears(event.SessionCompleted, other)
		second := settle(2)[0]
		if second.Share != 30 || second.Month <= first.Month {
			w.Errorf("the later one: got %+v", second)
		}
		w.has(ledger.PayableSiteHost, string(h.ID), 0)

		by := account.System(w.org, "test")
		if _, err := desk.Pay(w.Context(), by, first.ID, host.Payment{Bank: "giro", Amount: 144}, nil); fault.CodeOf(err) != "settlement_overpaid" {
			w.Errorf("more than is open: got %v", err)
		}
		for _, part := range []int64{100, 43} {
			if _, err := desk.Pay(w.Context(), by, first.ID, host.Payment{Bank: "giro", Amount: part, Reference: "SEPA"}, nil); err != nil {
				w.Fatal(err)
			}
		}
		paid, err := w.Settlement(w.Context(), w.org, first.ID)
		if err != nil || paid.Paid() != 143 || len(paid.Paper().Paid) != 2 {
			w.Errorf("paid: got %+v, %v", paid.Payments, err)
		}
		w.has(ledger.PayableSettled, string(h.ID), -second.Document.Total)
		sums, err := w.TrialBalance(w.Context(), w.org)
		var sum int64
		for _, s := range sums {
			sum += s.Balance
		}
		if err != nil || sum != 0 {
			w.Errorf("the trial balance comes to %d, %v", sum, err)
		}
	})
}

// A bill that was decided while the month was open and comes when it is closed is
// refused, and is decided again.
func TestBillMeetsSettlement(t *testing.T) {
	each(t, func(w *world) {
		h := w.hosted(host.Terms{})
		w.hears(event.SessionCompleted, w.ends(10))
		late := w.ends(10)
		set, err := w.bill.Decide(w.Context(), []event.Recorded{{Event: event.Event{Type: event.SessionCompleted, Organisation: w.org, Station: late.Station, Subject: string(late.ID)}}})
		if err != nil {
			w.Fatal(err)
		}
		if err := settlements.New(w, clock.System{}, slog.New(slog.DiscardHandler)).Settle(w.Context(), lease.Grant{}); err != nil {
			w.Fatal(err)
		}
		if err := w.Store.Commit(w.Context(), set); !errors.Is(err, change.ErrStale) {
			w.Errorf("got %v, want %v", err, change.ErrStale)
		}
		w.hears(event.SessionCompleted, late)
		w.has(ledger.PayableSiteHost, string(h.ID), -110)
		w.left(2, 1000, 420, 220)
	})
}

// cdrs returns the CDRs of a session.
func (w *world) cdrs(of session.Session, want int) []roaming.Kept {
	w.Helper()
	found, err := w.CDRs(w.Context(), w.org, roaming.Filter{Session: of.ID}, page.Query{})
	if err != nil || len(found.Items) != want {
		w.Fatalf("got %d CDRs, %v, want %d", len(found.Items), err, want)
	}
	return found.Items
}

// PROP-11: the CDR of a real bill goes through 2.2.1 and 2.3.0 and has the same
// totals; PROP-17: it is taken back whole with the bill, and another takes its place.
func TestCDRs(t *testing.T) {
	each(t, func(w *world) {
		s := w.ends(10)
		w.hears(event.SessionCompleted, s)
		first := w.cdrs(s, 1)[0]
		if bill := w.bills(s, 1)[0]; first.CDR.ID != string(bill.ID) || first.CDR.Total.Excl.String() != "5.0000" || first.CDR.Total.Incl.String() != "5.9500" {
			w.Errorf("got %+v", first.CDR)
		}
		s = w.energy(s, 12)
		for _, k := range w.cdrs(s, 3) {
			if k.CDR.Token.UID != "" {
				w.Errorf("CDR %s keeps whose token it is", k.CDR.ID)
			}
			if len(k.CDR.ID) > 36 {
				w.Errorf("%s is too long for invoices", k.CDR.ID)
			}
			if doubts := roaming.Doubts(&k.CDR); len(doubts) > 0 {
				w.Errorf("CDR %s: %+v", k.CDR.ID, doubts)
			}
			told := k.Told("")
			if back := w.around(told); back.Total.Excl.Cmp(told.Total.Excl) != 0 || back.Total.Incl.Cmp(*told.Total.Incl) != 0 || back.Energy.Cmp(told.Energy) != 0 || back.Time.Cmp(told.Time) != 0 {
				w.Errorf("CDR %s: got %+v, want the totals of %+v", k.CDR.ID, back, told)
			}
		}
		credit, err := w.CDR(w.Context(), w.org, roaming.CreditID(first.CDR.ID))
		if err != nil || credit.CDR.Credits != first.CDR.ID || credit.CDR.Total.Excl.String() != "-5.0000" {
			w.Errorf("credit: got %+v, %v", credit.CDR, err)
		}
		again, err := w.CDR(w.Context(), w.org, first.CDR.ID)
		if err != nil || again.CDR.Energy.Cmp(first.CDR.Energy) != 0 || !again.CDR.UpdatedAt.Equal(first.CDR.UpdatedAt) {
			w.Errorf("it has changed: %+v, %v", again.CDR, err)
		}
	})
}

// around sends a CDR through both versions of OCPI.
func (w *world) around(c *trade.CDR) *trade.CDR {
	w.Helper()
	older, err := ocpi221.CDROf(c)
	if err != nil {
		w.Fatal(err)
	}
	read := new(ocpi221.CDR)
	w.passes(older, read)
	general, err := read.Trade()
	if err != nil {
		w.Fatal(err)
	}
	newer, err := ocpi230.CDROf(general)
	if err != nil {
		w.Fatal(err)
	}
	again := new(ocpi230.CDR)
	w.passes(newer, again)
	back, err := again.Trade()
	if err != nil {
		w.Fatal(err)
	}
	return back
}

func (w *world) passes(out, in ocpi.Object) {
	w.Helper()
	text, err := ocpi.Encode(out)
	if err == nil {
		err = ocpi.Decode(text, in)
	}
	if err != nil {
		w.Fatalf("%v\n%s", err, text)
	}
}
