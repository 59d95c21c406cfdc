package rerating_test

import (
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/plan"
	"pylon/internal/domain/rerating"
	"pylon/internal/domain/session"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/unit"
)

// What a customer's plan pays for is counted once in a correction, too, though his
// sessions are corrected in one commit.
func TestCorrectionOfAPlan(t *testing.T) {
	each(t, func(w *world) {
		subscription := w.subscribes(unit.WattHour(20_000).Milli())
		w.charged(35) // ten of them the customer's, 34 kWh
		before := w.month(subscription)
		simulation := w.simulated(wholeMay(), rerating.Pricing{Tariff: w.published(may().AddDate(0, -1, 0), flat(w, "0.60"))})
		for _, i := range []int{0, 1, 7} { // of the customer; billing has not heard of it
			w.corrects(w.sessions[i], func(s *session.Session) { s.Energy += 1_000_000; s.Last.Energy += 1_000_000 })
		}
		w.service = w.chunks(25, 40)
		r := w.done(w.confirms(simulation.ID).ID)
		if r.Counts.Changed+r.Counts.Unchanged != simulation.Counts.Changed || r.Counts.Changed < 25 {
			t.Errorf("got %+v of %+v", r.Counts, simulation.Counts)
		}
		after := w.month(subscription)
		if after.Energy != before.Energy+3_000_000 || after.Sessions != before.Sessions || after.Covered != unit.WattHour(20_000).Milli() || before.Covered != after.Covered {
			t.Errorf("the month: got %+v, want three kilowatt-hours more than %+v", after, before)
		}
		var owed int64
		for _, id := range w.sessions {
			tab, err := w.Tab(t.Context(), id)
			w.must(err)
			bill, err := w.Bill(t.Context(), w.org, tab.Bill)
			w.must(err)
			owed += bill.Document.Total
		}
		w.balanced(owed)
	})
}

// subscribes gives the customer a plan that pays for so much energy a month.
func (w *world) subscribes(energy unit.MilliWattHour) ident.SubscriptionID {
	w.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	w.must(err)
	p := plan.Plan{
		ID: ident.New[ident.PlanID](now()), Organisation: w.org, Name: "Home", Currency: "EUR", CreatedAt: now(), Version: 1,
		Terms: plan.Terms{Allowance: &plan.Allowance{Energy: energy}},
	}
	w.must(p.Check())
	s := plan.Subscription{
		ID: ident.New[ident.SubscriptionID](now()), Organisation: w.org, Customer: w.customer, Plan: p.ID, From: may().AddDate(0, -1, 0), CreatedAt: now(), Version: 1,
	}.Begin(zone)
	w.must(w.Store.Commit(w.Context(), &change.Set{Plans: []plan.Plan{p}, Subscriptions: []plan.Subscription{s}}))
	return s.ID
}

func (w *world) month(id ident.SubscriptionID) plan.Usage {
	w.Helper()
	u, err := w.PlanMonth(w.Context(), id, "2026-05")
	w.must(err)
	return u
}
