package simtest

import (
	"context"
	"database/sql"
	"maps"
	"testing"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
)

// furnishPrices adds a tariff for everybody: 1.00 EUR a kilowatt-hour and 20 %
// tax, valid since ever, whatever the stations' clocks say.
func furnishPrices(tb testing.TB, set *change.Set) {
	tb.Helper()
	number := func(text string) decimal.Decimal {
		d, err := decimal.Parse(text)
		if err != nil {
			tb.Fatal(err)
		}
		return d
	}
	vat := number("20")
	const id ident.TariffID = "trf_00000000000000000000000001"
	set.Tariffs = []tariff.Tariff{{ID: id, Organisation: organisationID(), Name: "one", Type: trade.TariffRegular, Published: 1, Version: 1}}
	set.Editions = []tariff.Edition{{Tariff: id, Organisation: organisationID(), Number: 1, Terms: tariff.Terms{Priced: rating.Tariff{
		Currency: "EUR", TaxIncluded: rating.TaxNo,
		Elements: []rating.Element{{Components: []rating.Component{{Dimension: rating.Energy, Price: number("1.00"), VAT: &vat, StepSize: 1}}}},
	}}}}
	set.Assignments = []tariff.Assignment{{ID: "asg_00000000000000000000000001", Organisation: organisationID(), Tariff: id, Version: 1}}
}

// unbilled says which session has ended and runs on its tab; "" when none does.
func (w *world) unbilled() (which string) {
	db := w.read()
	defer db.Close()
	rows(db, `SELECT s.id FROM sessions s LEFT JOIN tabs t ON t.session = s.id WHERE s.ended_at IS NOT NULL AND COALESCE(t.state, 'open') = 'open'`, nil,
		func(scan func(...any) error) error {
			err := scan(&which)
			which += " has no bill yet"
			return err
		})
	return which
}

// inspectBills is PROP-4 of many nodes, and PROP-1, PROP-2: it holds the bills against the sessions: each that has ended, and that
// nobody has to look at, has one bill that stands, of its energy; the books are even, and the numbers of documents
// have no gap.
func (w *world) inspectBills(db *sql.DB) {
	store := w.nodes[0].books.Store
	ctx, states := context.Background(), map[string]int{}
	rows(db, `SELECT s.id, p.energy_mwh, s.status, COALESCE(t.state, ''), COALESCE(t.reason, ''), COALESCE(t.bill, ''),
		(SELECT COUNT(*) FROM bills b WHERE b.session = s.id AND b.kind <> 'credit_note' AND (b.journal <> '' OR b.id = t.bill)
			AND NOT EXISTS (SELECT 1 FROM bills c WHERE c.credits = b.id))
		FROM sessions s JOIN progress p ON p.station = s.station AND p.session = s.id LEFT JOIN tabs t ON t.session = s.id
		WHERE s.ended_at IS NOT NULL`, nil, func(scan func(...any) error) error {
		var id, status, state, reason, bill string
		var energy, stand int64
		if err := scan(&id, &energy, &status, &state, &reason, &bill, &stand); err != nil {
			return err
		}
		states["(sessions "+state+")"]++
		switch {
		case status == "failed" && state == string(billing.TabFree): // nobody was authorised
			return nil
		case state == string(billing.TabHeld) && reason == billing.HeldReview: // its findings make people look first
			return nil
		case state != string(billing.TabBilled) || stand != 1:
			w.wrong("%s (%s): its tab is %q %q, and %d bills stand", id, status, state, reason, stand)
			return nil
		}
		b, err := store.Bill(ctx, organisationID(), ident.BillID(bill))
		if err != nil {
			w.wrong("%s: bill %s: %v", id, bill, err)
			return nil
		}
		if got := int64(b.Document.Charges[0].Energy); got != energy {
			w.wrong("%s: the bill that stands is of %d mWh, want %d", id, got, energy)
		}
		return nil
	})
	maps.Copy(w.faults, states)
	report, err := store.VerifyLedger(ctx)
	if err != nil || len(report.Breaches) > 0 {
		w.wrong("the books: %+v, %v", report.Breaches, err)
	}
	w.inspectNumbers(db)
}

// inspectNumbers looks for gaps in the numbers of documents.
func (w *world) inspectNumbers(db *sql.DB) {
	found, err := w.nodes[0].books.Bills(context.Background(), organisationID(), billing.Filter{}, page.Query{Limit: page.Max})
	if err != nil || found.Next != "" {
		w.wrong("bills: %d and more, %v", len(found.Items), err)
	}
	rows(db, `SELECT d.series, d.next - 1, COUNT(j.id), COUNT(DISTINCT j.number), COALESCE(MAX(j.number), 0)
		FROM document_series d LEFT JOIN journals j ON j.series = d.series GROUP BY d.series, d.next`, nil, func(scan func(...any) error) error {
		var series string
		var drawn, journals, numbers, greatest int64
		err := scan(&series, &drawn, &journals, &numbers, &greatest)
		if journals != drawn || numbers != drawn || greatest != drawn {
			w.wrong("series %s: %d numbers were drawn, and %d documents have %d of them, up to %d", series, drawn, journals, numbers, greatest)
		}
		return err
	})
}
