package running_test

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	bills "pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/session"
	"pylon/internal/domain/tariff/plain"
	"pylon/internal/domain/tariff/swift"
	"pylon/internal/flow/billing"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/rating"
)

// A session that runs costs what it has come to so far.
func TestOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for _, c := range []struct {
			kWh             int
			net, tax, total int64
		}{{0, 0, 0, 0}, {10, 500, 100, 600}, {12, 600, 120, 720}} {
			time.Sleep(10 * time.Minute)
			w.reading(c.kWh)
			got := w.cost()
			if got.Net != c.net || got.Tax != c.tax || got.Total != c.total || got.Currency != "EUR" || !got.Provisional() || !got.AsOf.Equal(now()) {
				t.Errorf("%d kWh: got %+v", c.kWh, got)
			}
			if got.Text != "0.60 EUR a kWh" || got.Prices == nil || got.Prices.Energy.String() != "0.6" {
				t.Errorf("%d kWh: told %q, prices %+v", c.kWh, got.Text, got.Prices)
			}
		}
		if got := w.cost().Parts; len(got) != 1 || got[0].Dimension != rating.Energy || got[0].Amount != 600 {
			t.Errorf("parts: got %+v", got)
		}
	})
}

// Nobody is shown a number that no bill could have.
func TestOfNothing(t *testing.T) {
	for name, set := range map[string]func(*world){
		"nothing is priced":         func(w *world) { w.priced = false },
		"its tab says so":           func(w *world) { w.tab = &bills.Tab{State: bills.TabOpen} },
		"nobody is authorised yet":  func(w *world) { w.s.Status = session.Pending },
		"nobody was authorised":     func(w *world) { w.s.Status = session.Failed },
		"the bill is held":          func(w *world) { w.tab = &bills.Tab{State: bills.TabHeld} },
		"nobody is to pay":          func(w *world) { w.tab = &bills.Tab{State: bills.TabFree} },
		"a rate of tax is unknown":  func(w *world) { w.terms.Priced.Elements[0].Components[0].VAT = nil; w.s.Energy = 1_000_000 },
		"the rater takes no tariff": func(w *world) { w.terms.Priced.Currency = "?" },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			set(w)
			if got := w.cost(); got != nil {
				t.Errorf("got %+v, want none", got)
			}
		})
	}
}

// PROP: the running cost of a session that has ended is its bill: net, tax and total.
func TestCostIsTheBill(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t)
		e := &w.terms.Priced.Elements[0]
		w.terms.Priced.TaxIncluded = rapid.SampledFrom([]rating.TaxIncluded{rating.TaxNo, rating.TaxYes, rating.TaxNone}).Draw(r, "tax")
		e.Components[0].StepSize = rapid.Int64Range(1, 2000).Draw(r, "step")
		e.Components = append(e.Components, component(t, rating.Flat, "1.35"), component(t, rating.Time, "2.41"))
		if rapid.Bool().Draw(r, "most") {
			w.terms.Priced.MaxPrice.Incl = new(dec(t, "12.34"))
		}
		w.s.StartedAt = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
		w.s.Begin.At = w.s.StartedAt
		w.s.EndedAt = w.s.StartedAt.Add(time.Duration(rapid.Int64Range(0, int64(30*time.Hour)).Draw(r, "length")))
		for range rapid.IntRange(0, 5).Draw(r, "readings") {
			w.reading(rapid.IntRange(0, 80).Draw(r, "kWh"))
		}
		w.s.Status, w.s.EndReceivedAt, w.s.EndedBy = session.Completed, w.s.EndedAt, session.ByStation
		got := w.cost()
		settler := billing.NewSettler(billing.Options{Store: w, Clock: clock.System{}, Raters: [2]billing.Rater{swift.Explain, plain.Rate}})
		of, err := settler.Case(t.Context(), org, ses)
		if err != nil {
			r.Fatal(err)
		}
		if of.Price, err = settler.Chosen(t.Context(), &of.View, of.View.StartedAt); err != nil {
			r.Fatal(err)
		}
		settled, err := settler.Settle(t.Context(), new(change.Set), &of)
		if err != nil || len(settled.Bills) != 1 {
			r.Fatalf("%d bills, %v", len(settled.Bills), err)
		}
		d := &settled.Bills[0].Document
		if got == nil || got.Net != d.Net || got.Tax != d.Tax || got.Total != d.Total || got.Currency != d.Currency || !got.AsOf.Equal(w.s.EndedAt) {
			r.Errorf("got %+v, the bill has %d net, %d tax, %d", got, d.Net, d.Tax, d.Total)
		}
	})
}

// What a bill says is the last word.
func TestBilled(t *testing.T) {
	w := newWorld(t)
	w.ends()
	w.tab = &bills.Tab{State: bills.TabBilled, Bill: "bil_1", Snapshot: "x"}
	w.bill = &bills.Bill{ID: "bil_1", Document: bills.Document{Currency: "EUR", Net: 3, Tax: 1, Total: 4}}
	if got := w.cost(); got.Provisional() || got.Bill != "bil_1" || got.Total != 4 || got.Prices != nil {
		t.Errorf("got %+v", got)
	}
	w.change(func(s *session.Session) { s.Status = session.Active }) // it runs after all: the bill will be taken back
	w.tab.Snapshot = ""
	if got := w.cost(); got != nil {
		t.Errorf("reopened: got %+v, want none by a tab that prices nothing", got)
	}
}
