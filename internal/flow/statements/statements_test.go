package statements_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/event"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/ledger"
	"pylon/internal/edge/document"
	"pylon/internal/flow/admin"
	"pylon/internal/flow/statements"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/kernel/rating"
	"pylon/internal/store"
)

// in returns a moment of 2026.
func in(month time.Month, day int) time.Time {
	return time.Date(2026, month, day, 12, 0, 0, 0, time.UTC)
}

// Sessions of two cards become bills, the month becomes one invoice, and all of it
// can be read.
func TestAMonthBecomesAnInvoice(t *testing.T) {
	each(t, func(w *world) {
		north, south := w.card(w.fleet.ID, "north"), w.card(w.fleet.ID, "south")
		w.charges(north, 10_000)
		w.charges(north, 3_333)
		w.charges(south, 7_777)
		w.charges(w.card("", ""), 1_000) // is nobody's
		w.rolls(in(5, 3))
		w.statementsOf(w.fleet, 0) // the grace is not over
		w.rolls(in(5, 5))
		st := w.statementsOf(w.fleet, 1)[0]
		b := w.invoice(st)
		d := &b.Document
		if st.Month != "2026-04" || st.Bills != 3 || st.Total != d.Total || d.Kind != billing.Invoice || d.Number != "I2026-0000001" || len(d.Charges) != 3 ||
			b.Debtor != string(w.fleet.ID) || b.Statement != st.ID {
			t.Errorf("got %+v\n%+v", st, b)
		}
		if d.Customer != w.fleet.Party || d.BuyerReference != "4711" || d.Language != "de" || !d.DueAt.Equal(d.IssuedAt.AddDate(0, 0, 14)) {
			t.Errorf("heading: %+v", d)
		}
		if got := w.owes(ledger.ReceivableInvoice, string(w.fleet.ID)); got != d.Total || d.Total != 500+95+167+32+389+74 {
			t.Errorf("he owes %d by invoice, and it says %d", got, d.Total)
		}
		if got := w.owes(ledger.ReceivableDriver, string(w.fleet.ID)); got != 0 {
			t.Errorf("he owes %d by receipts, want 0", got)
		}
		readable(t, d)
		w.rolls(in(5, 6)) // nothing is left to do
		w.statementsOf(w.fleet, 1)
	})
}

// readable writes an invoice in all its forms; an e-invoice that breaks a rule is not written.
func readable(t *testing.T, d *billing.Document) {
	t.Helper()
	press, err := document.New()
	if err != nil {
		t.Fatal(err)
	}
	html, err := press.HTML(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Kurierdienst Süd GmbH", "Kostenstelle north", "Kostenstelle south", d.Charges[0].Bill, "4711"} {
		if !strings.Contains(string(html), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if pdf, err := press.PDF(d); err != nil || !bytes.HasPrefix(pdf, []byte("%PDF")) {
		t.Errorf("no PDF: %v", err)
	}
	ubl, err := press.UBL(d)
	if err != nil || !strings.Contains(string(ubl), "<cbc:AccountingCost>north</cbc:AccountingCost>") {
		t.Errorf("no e-invoice: %v", err)
	}
}

// The books have the taxes of the invoice, and what the rounding of its bills differs.
func TestRoundingIsPosted(t *testing.T) {
	each(t, func(w *world) {
		card := w.card(w.fleet.ID, "")
		for range 20 {
			w.charges(card, 60) // 3 cents, of which 0.57 of a cent of tax are rounded up
		}
		w.rolls(in(5, 5))
		d := w.invoice(w.statementsOf(w.fleet, 1)[0]).Document
		if d.Total != 80 || d.Tax != 13 || d.Net != 67 {
			t.Errorf("got net %d, tax %d, total %d", d.Net, d.Tax, d.Total)
		}
		if tax, rounding := w.owes(ledger.TaxPayable, "DE:19"), w.owes(ledger.Rounding, ""); tax != -13 || rounding != -7 {
			t.Errorf("tax %d, rounding %d; want -13, -7", tax, rounding)
		}
	})
}

// What is corrected when its month has been invoiced is on the next invoice.
func TestLateCreditIsOnTheNext(t *testing.T) {
	each(t, func(w *world) {
		card := w.card(w.fleet.ID, "north")
		late := w.charges(card, 10_000)
		w.rolls(in(5, 5))
		first := w.invoice(w.statementsOf(w.fleet, 1)[0])
		w.calendar.at = in(5, 10)
		w.measures(late, 4_000, event.SessionCorrected)
		w.charges(card, 20_000)
		w.rolls(in(6, 5))
		second := w.invoice(w.statementsOf(w.fleet, 2)[0])
		if d := &second.Document; d.Total != 1190-595+238 || len(d.Charges) != 3 || !d.From.Equal(time.Date(2026, 3, 31, 22, 0, 0, 0, time.UTC)) {
			t.Errorf("got total %d, from %s, %+v", d.Total, d.From, d.Charges)
		}
		again, err := w.Bill(t.Context(), w.by.Organisation, first.ID)
		if err != nil || again.Document.Total != 595 {
			t.Errorf("the first has become %+v, %v", again.Document, err)
		}
		if got := w.owes(ledger.ReceivableInvoice, string(w.fleet.ID)); got != 595+second.Document.Total {
			t.Errorf("he owes %d", got)
		}
		lawful(t, &second.Document)
	})
}

func lawful(t *testing.T, d *billing.Document) {
	t.Helper()
	press, err := document.New()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := press.UBL(d); err != nil {
		t.Errorf("no e-invoice: %v", err)
	}
}

// A month that comes to nothing or less waits for the next, which takes what it has.
func TestWhatIsOwedToHimWaits(t *testing.T) {
	each(t, func(w *world) {
		card := w.card(w.fleet.ID, "")
		late := w.charges(card, 10_000)
		w.rolls(in(5, 5))
		w.calendar.at = in(5, 10)
		w.measures(late, 4_000, event.SessionCorrected)
		w.rolls(in(6, 5))
		waits := w.statementsOf(w.fleet, 2)[0]
		if waits.State != customer.Waiting || waits.Total != 238-595 || waits.Month != "2026-05" || waits.Invoice != "" {
			t.Fatalf("got %+v", waits)
		}
		w.rolls(in(6, 6))
		w.calendar.at = in(6, 10)
		w.charges(card, 10_000)
		w.rolls(in(7, 5))
		all := w.statementsOf(w.fleet, 2)
		if all[0].ID != waits.ID || all[0].Month != "2026-06" {
			t.Fatalf("got %+v", all)
		}
		if d := w.invoice(all[0]).Document; d.Total != 238 || len(d.Charges) != 3 {
			t.Errorf("got total %d of %d charges", d.Total, len(d.Charges))
		}
	})
}

// A card that changes hands takes no old bills with it: they go on to be whose they
// were, and are corrected there.
func TestWhoPaysGoesOnToPay(t *testing.T) {
	each(t, func(w *world) {
		card := w.card(w.fleet.ID, "north")
		s := w.charges(card, 10_000)
		other := w.customer(customer.ByReceipt)
		_, err := w.admin.UpdateToken(t.Context(), w.by, card.ID, admin.TokenPatch{Customer: &other.ID, CostCentre: new("")}, 0)
		w.must(err)
		w.hears(event.SessionCorrected, s) // says nothing new
		bills := func(want int) []billing.Bill {
			found, err := w.Bills(t.Context(), w.by.Organisation, billing.Filter{Session: s.ID}, page.Query{Limit: 10})
			if err != nil || len(found.Items) != want {
				t.Fatalf("got %d bills, %v, want %d", len(found.Items), err, want)
			}
			return found.Items
		}
		bills(1)
		s = w.measures(s, 9_000, event.SessionCorrected)
		for _, b := range bills(3) {
			if b.Debtor != string(w.fleet.ID) || !b.Monthly || b.Document.Lines[0].CostCentre != "north" || b.Document.Customer != w.fleet.Party {
				t.Errorf("got %+v", b)
			}
		}
		next := w.charges(card, 1_000)
		found, err := w.Bills(t.Context(), w.by.Organisation, billing.Filter{Session: next.ID}, page.Query{Limit: 10})
		if err != nil || len(found.Items) != 1 || found.Items[0].Debtor != string(other.ID) || found.Items[0].Monthly {
			t.Errorf("what comes later: %+v, %v", found.Items, err)
		}
		stranger := w.card("", "")
		s.Token = stranger.ID // it was another card all the time
		w.measures(s, 9_000, event.SessionCorrected)
		if !slices.ContainsFunc(bills(5), func(b billing.Bill) bool {
			return b.Debtor == string(stranger.ID) && !b.Monthly && b.Document.Total == 536
		}) {
			t.Error("it is not billed to the other card")
		}
		if got := w.owes(ledger.ReceivableDriver, string(w.fleet.ID)); got != 0 {
			t.Errorf("the fleet owes %d, want 0", got)
		}
	})
}

// By hand a month can be invoiced as soon as it is over, once.
func TestAsked(t *testing.T) {
	each(t, func(w *world) {
		w.charges(w.card(w.fleet.ID, ""), 10_000)
		ctx, wish := t.Context(), statements.Wish{Customer: w.fleet.ID, Month: "2026-04"}
		refused := func(code string, wish statements.Wish) {
			t.Helper()
			if _, err := w.statement.Ask(ctx, w.by, wish, nil); fault.CodeOf(err) != code {
				t.Errorf("got %v, want %s", err, code)
			}
		}
		refused("month_not_over", wish)
		refused("invalid_input", statements.Wish{Customer: "cus_x", Month: "2026-04"})
		refused("invalid_input", statements.Wish{Customer: w.fleet.ID, Month: "April"})
		seen, d, err := w.statement.Preview(ctx, w.by, wish)
		if err != nil || seen.Bills != 1 || d.Total != 595 || d.Number != "" {
			t.Errorf("preview: %+v, %+v, %v", seen, d, err)
		}
		w.calendar.at = in(5, 1)
		refused("statement_empty", statements.Wish{Customer: w.fleet.ID, Month: "2026-04", Currency: "SEK"})
		st, err := w.statement.Ask(ctx, w.by, wish, nil)
		w.must(err)
		refused("statement_exists", wish)
		w.must(w.statement.Work(ctx, lease.Grant{}))
		refused("statement_exists", wish)
		if made := w.statementsOf(w.fleet, 1)[0]; made.ID != st.ID || w.invoice(made).Document.Total != 595 {
			t.Errorf("got %+v", made)
		}
		if _, _, err := w.statement.Preview(ctx, w.by, wish); fault.CodeOf(err) != "statement_empty" {
			t.Errorf("preview of nothing: got %v", err)
		}
	})
}

// PROP-4: whoever stops in the middle, the next one goes on, and two who work at
// once are in nobody's way.
func TestStatementsAreMadeOnce(t *testing.T) {
	each(t, func(w *world) {
		card := w.card(w.fleet.ID, "")
		for range 3 {
			w.charges(card, 10_000)
		}
		w.calendar.at = in(5, 5)
		w.must(w.statement.Begin(t.Context(), lease.Grant{}))
		begun := w.statementsOf(w.fleet, 1)[0]
		found, err := w.DueBills(t.Context(), w.by.Organisation, begun.Account, in(5, 1), 1)
		w.must(err)
		begun.Bills, begun.Total = 1, found[0].Document.Total // as far as somebody got who then died
		begun.Version++
		w.must(w.Commit(t.Context(), &change.Set{
			Statements: []customer.Statement{begun}, Taken: []customer.Taken{{Bill: found[0].ID, Statement: begun.ID}},
		}))
		done := make(chan error, 2)
		for range 2 {
			go func() { done <- w.statement.Work(t.Context(), lease.Grant{}) }()
		}
		w.must(<-done)
		w.must(<-done)
		w.must(w.statement.Begin(t.Context(), lease.Grant{}))
		w.must(w.statement.Work(t.Context(), lease.Grant{}))
		st := w.statementsOf(w.fleet, 1)[0]
		if d := w.invoice(st).Document; st.Bills != 3 || d.Total != 3*595 || len(d.Charges) != 3 {
			t.Errorf("got %+v, total %d of %d", st, d.Total, len(d.Charges))
		}
		all, err := w.Bills(t.Context(), w.by.Organisation, billing.Filter{Kind: billing.Invoice}, page.Query{Limit: 10})
		if err != nil || len(all.Items) != 1 || all.Items[0].Document.Number != "I2026-0000001" || all.Items[0].Document.Total != 3*595 || all.Items[0].Document.Charges != nil {
			t.Errorf("got %+v, %v, want one invoice, in short", all.Items, err)
		}
	})
}

// What is due in another country is on an invoice of its own.
func TestCountriesStandApart(t *testing.T) {
	each(t, func(w *world) {
		w.charges(w.card(w.fleet.ID, ""), 10_000)
		twenty := decimal.FromInt(20, 0)
		w.must(w.Commit(t.Context(), &change.Set{Bills: []billing.Bill{{
			ID: ident.New[ident.BillID](w.calendar.at), Organisation: w.by.Organisation, Session: "ses_x", Revision: 1, Debtor: string(w.fleet.ID), Country: "FR", Monthly: true,
			Document: billing.Document{
				Kind: billing.Receipt, IssuedAt: w.calendar.at, Currency: "EUR", Net: 100, Tax: 20, Total: 120, Taxes: []rating.Tax{{Rate: twenty, Taxable: 100, Tax: 20}},
				Lines:   []billing.Line{{Item: billing.ItemEnergy, Quantity: decimal.FromInt(1, 0), Unit: billing.KilowattHour, VAT: twenty, Amount: 100}},
				Charges: []billing.Charge{{Session: "ses_x", End: w.calendar.at, Zone: "Europe/Paris"}},
			},
		}}}))
		w.rolls(in(5, 5))
		totals := map[string]int64{}
		for _, st := range w.statementsOf(w.fleet, 2) {
			totals[st.Country] = w.invoice(st).Document.Total
		}
		if totals["DE"] != 595 || totals["FR"] != 120 {
			t.Errorf("got %v", totals)
		}
	})
}

// An organisation whose months nobody can tell leaves the others alone.
func TestOneOrganisationKeepsNobodyFromHisInvoice(t *testing.T) {
	each(t, func(w *world) {
		broken := func(slug string) account.Organisation {
			return account.Organisation{
				ID: ident.New[ident.OrganisationID](w.calendar.at), Slug: slug, Name: slug, Country: "DE", Currency: "EUR", TimeZone: "Mars/Base",
				CreatedAt: w.calendar.at, Version: 1,
			}
		}
		w.must(w.Commit(t.Context(), &change.Set{Organisations: []account.Organisation{broken("before"), broken("zzz-behind")}}))
		w.charges(w.card(w.fleet.ID, ""), 10_000)
		w.rolls(in(5, 5))
		if d := w.invoice(w.statementsOf(w.fleet, 1)[0]).Document; d.Total != 595 {
			t.Errorf("got total %d, want 595", d.Total)
		}
		over, stop := context.WithCancel(t.Context())
		stop()
		if err := w.statement.Begin(over, lease.Grant{}); err == nil {
			t.Error("a round that was cut off says that all was done")
		}
	})
}

// profileless is a database that cannot say who bills.
type profileless struct {
	*store.Store
	why error
}

func (p *profileless) Profile(ctx context.Context, org ident.OrganisationID) (billing.Profile, error) {
	if p.why != nil {
		return billing.Profile{}, p.why
	}
	return p.Store.Profile(ctx, org)
}

// A statement whose invoice cannot be made says why, once, and nothing when it is made.
func TestAStatementSaysWhyItHasNoInvoice(t *testing.T) {
	each(t, func(w *world) {
		w.charges(w.card(w.fleet.ID, ""), 10_000)
		broken := &profileless{w.Store, fault.New(fault.Invalid, "profile_missing")}
		w.statement = statements.New(broken, w.calendar, slog.New(slog.DiscardHandler))
		w.rolls(in(5, 5))
		st := w.statementsOf(w.fleet, 1)[0]
		if st.Problem != "profile_missing" || st.State != customer.Open || st.Bills != 1 {
			t.Fatalf("got %+v", st)
		}
		w.rolls(in(5, 6))
		if again := w.statementsOf(w.fleet, 1)[0]; again.Version != st.Version {
			t.Errorf("the same is noted again: version %d, was %d", again.Version, st.Version)
		}
		broken.why = fault.New(fault.Unavailable, "database_away")
		if err := w.statement.Work(t.Context(), lease.Grant{}); !fault.Is(err, fault.Unavailable) {
			t.Errorf("the database is away: got %v", err)
		}
		broken.why = nil
		w.rolls(in(5, 7))
		if st = w.statementsOf(w.fleet, 1)[0]; st.Problem != "" || w.invoice(st).Document.Total != 595 {
			t.Errorf("got %+v", st)
		}
	})
}
