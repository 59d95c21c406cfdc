package billing_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/event"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/plan"
	"pylon/internal/domain/session"
	"pylon/internal/domain/tariff/swift"
	"pylon/internal/domain/token"
	"pylon/internal/edge/signed"
	flow "pylon/internal/flow/billing"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
	"pylon/internal/store"
)

const may = plan.Month("2026-05")

// kwh is so many kilowatt-hours.
func kwh(n int64) unit.MilliWattHour { return unit.MilliWattHour(n * 1_000_000) }

// pays makes the holder of tok_a a customer.
func (w *world) pays() ident.CustomerID {
	w.Helper()
	c := customer.Customer{ID: ident.New[ident.CustomerID](now()), Organisation: w.org, Settlement: customer.ByReceipt, CreatedAt: now(), Version: 1}
	c.Party.Name = "Ada"
	w.commit(&change.Set{
		Customers: []customer.Customer{c},
		Tokens:    []token.Token{{ID: "tok_a", Organisation: w.org, UID: "A", Type: "ISO14443", Status: token.Accepted, Customer: c.ID, CreatedAt: now(), Version: 1}},
	})
	return c.ID
}

// subscribes lets a customer have a plan since the first of April.
func (w *world) subscribes(id ident.CustomerID, terms plan.Terms) plan.Subscription {
	w.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		w.Fatal(err)
	}
	p := plan.Plan{ID: ident.New[ident.PlanID](now()), Organisation: w.org, Name: "Home", Currency: "EUR", Terms: terms, CreatedAt: now(), Version: 1}
	if err := p.Check(); err != nil {
		w.Fatal(err)
	}
	s := plan.Subscription{
		ID: ident.New[ident.SubscriptionID](now()), Organisation: w.org, Customer: id, Plan: p.ID,
		From: time.Date(2026, 3, 31, 22, 0, 0, 0, time.UTC), CreatedAt: now(), Version: 1,
	}.Begin(zone)
	w.commit(&change.Set{Plans: []plan.Plan{p}, Subscriptions: []plan.Subscription{s}})
	return s
}

// redeems gives a customer a voucher.
func (w *world) redeems(id ident.CustomerID, value plan.Value, until time.Time) plan.Redemption {
	w.Helper()
	v := plan.Voucher{
		ID: ident.New[ident.VoucherID](now()), Organisation: w.org, Name: "Gift", Value: value, Until: until, HoldersMost: 1, CreatedAt: now(), Version: 1,
	}.Coded(plan.NewCode())
	if err := v.Check(); err != nil {
		w.Fatal(err)
	}
	began := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	next, r, err := v.Redeem(id, began)
	if err != nil {
		w.Fatal(err)
	}
	w.commit(&change.Set{Vouchers: []plan.Voucher{v}})
	w.commit(&change.Set{Vouchers: []plan.Voucher{next}, Redemptions: []plan.Redemption{r}})
	return r
}

// charges makes a session of so many kilowatt-hours on a day of May, which is
// billed.
func (w *world) charges(day, energy int) session.Session {
	w.Helper()
	s := w.starts()
	s = w.corrects(s, func(s *session.Session) {
		s.StartedAt = time.Date(2026, 5, day, 12, 0, 0, 0, time.UTC)
		s.StartReceivedAt, s.Begin.At = s.StartedAt, s.StartedAt
		finish(s, energy)
	})
	w.hears(event.SessionCompleted, s)
	return s
}

// standing returns the bill of a session that stands.
func (w *world) standing(of session.Session) *billing.Document {
	w.Helper()
	b, err := w.Bill(w.Context(), w.org, w.tab(of).Bill)
	if err != nil {
		w.Fatal(err)
	}
	return &b.Document
}

// costs checks what a session costs, and which lines its bill has.
func (w *world) costs(of session.Session, total int64, items ...billing.Item) *billing.Document {
	w.Helper()
	d := w.standing(of)
	var got []billing.Item
	for _, l := range d.Lines {
		got = append(got, l.Item)
	}
	if d.Total != total || !slices.Equal(got, items) {
		w.Errorf("it costs %d for %v, want %d for %v", d.Total, got, total, items)
	}
	return d
}

// used checks what a month has come to.
func (w *world) used(of plan.Subscription, m plan.Month, energy, covered, sessions int64) {
	w.Helper()
	u, err := w.PlanMonth(w.Context(), of.ID, m)
	if err != nil || u.Energy != kwh(energy) || u.Covered != kwh(covered) || u.Sessions != sessions {
		w.Errorf("%s: got %+v, %v, want %d kWh in %d sessions, %d of it covered", m, u, err, energy, sessions, covered)
	}
}

// owes checks a balance of the customer.
func (w *world) owes(unit ledger.Unit, class ledger.Class, id ident.CustomerID, want int64) {
	w.Helper()
	book := ledger.Book{Organisation: w.org, Unit: unit}
	if got, err := w.BalanceOf(w.Context(), book.Account(class, string(id))); err != nil || got != want {
		w.Errorf("%s: got %d, %v, want %d", class, got, err, want)
	}
}

// balanced checks that all balances of each unit add up to nothing.
func (w *world) balanced() {
	w.Helper()
	sums, err := w.TrialBalance(w.Context(), w.org)
	if err != nil {
		w.Fatal(err)
	}
	all := map[ledger.Unit]int64{}
	for _, s := range sums {
		all[s.Unit] += s.Balance
	}
	for unit, sum := range all {
		if sum != 0 {
			w.Errorf("the balances in %s come to %d", unit, sum)
		}
	}
}

// An allowance goes through two sessions, and its end through the second; another
// month has another.
func TestAllowance(t *testing.T) {
	each(t, func(w *world) {
		overage := dec(w, "0.60")
		sub := w.subscribes(w.pays(), plan.Terms{Fee: plan.Fee{VAT: dec(w, "19")}, Allowance: &plan.Allowance{Energy: kwh(50), Overage: &overage}})
		first := w.charges(4, 30)
		d := w.costs(first, 0, billing.ItemEnergy, billing.ItemAllowance)
		if d.Lines[1].Name != "Home" {
			w.Errorf("the allowance is called %q", d.Lines[1].Name)
		}
		second := w.charges(5, 30)
		w.costs(second, 714, billing.ItemEnergy, billing.ItemAllowance, billing.ItemEnergy) // 10 kWh at 0.60 and 19 %
		w.used(sub, may, 60, 50, 2)
		third := w.charges(6, 10)
		w.costs(third, 714, billing.ItemEnergy, billing.ItemAllowance, billing.ItemEnergy)
		w.used(sub, may, 70, 50, 3)
		last := w.charges(31, 10)
		last = w.corrects(last, func(s *session.Session) { // in fact it began in June, in Berlin: it is not of May any more
			s.StartedAt, s.EndedAt = time.Date(2026, 5, 31, 22, 0, 0, 0, time.UTC), time.Date(2026, 5, 31, 23, 0, 0, 0, time.UTC)
		})
		w.hears(event.SessionCorrected, last)
		w.costs(last, 0, billing.ItemEnergy, billing.ItemAllowance)
		w.used(sub, may, 70, 50, 3)
		w.used(sub, "2026-06", 10, 10, 1)
		w.balanced()
	})
}

// PROP-17: what a late correction leaves over is there for the next session, once;
// a session that runs after all gives all back.
func TestLateEnergyGivesBack(t *testing.T) {
	each(t, func(w *world) {
		id := w.pays()
		sub := w.subscribes(id, plan.Terms{Allowance: &plan.Allowance{Energy: kwh(50)}, Points: &plan.Points{PerKWh: dec(w, "2")}})
		gift := w.redeems(id, plan.Value{Amount: 1000, Currency: "EUR"}, time.Time{})
		first, second := w.charges(4, 30), w.charges(5, 30)
		w.costs(first, 0, billing.ItemEnergy, billing.ItemAllowance)
		w.costs(second, 0, billing.ItemEnergy, billing.ItemAllowance, billing.ItemVoucher) // 5.00 of the gift
		w.owes(ledger.Points, ledger.PointsHeld, id, -120)
		for range 3 { // the same again changes nothing
			w.hears(event.SessionCorrected, second)
		}
		w.bills(second, 1)
		first = w.corrects(first, func(s *session.Session) { finish(s, 20) })
		w.hears(event.SessionCorrected, first)
		w.used(sub, may, 50, 40, 2)
		w.owes(ledger.Points, ledger.PointsHeld, id, -100)
		third := w.charges(6, 20)
		w.costs(third, 0, billing.ItemEnergy, billing.ItemAllowance, billing.ItemVoucher)
		w.used(sub, may, 70, 50, 3)
		w.gone(gift.ID, 1000, 2)
		third = w.corrects(third, func(s *session.Session) { s.Status, s.EndedAt = session.Active, time.Time{} })
		w.hears(event.SessionCorrected, third)
		w.used(sub, may, 50, 40, 2)
		w.gone(gift.ID, 500, 1)
		w.owes(ledger.Points, ledger.PointsHeld, id, -100)
		w.owes("EUR", ledger.ReceivableDriver, id, 0)
		w.balanced()
	})
}

// gone checks what is used of a voucher.
func (w *world) gone(id ident.RedemptionID, amount, sessions int64) {
	w.Helper()
	if r, err := w.Redemption(w.Context(), id); err != nil || r.Amount != amount || r.Sessions != sessions {
		w.Errorf("got %+v, %v, want %d of it used in %d sessions", r.Redemption, err, amount, sessions)
	}
}

// Points that were spent stay spent: nobody owes any, and the bill is corrected all
// the same.
func TestPointsSpentMeanwhile(t *testing.T) {
	each(t, func(w *world) {
		id := w.pays()
		sub := w.subscribes(id, plan.Terms{Points: &plan.Points{PerUnit: dec(w, "1")}})
		s := w.charges(4, 30) // 15.00 net
		w.owes(ledger.Points, ledger.PointsHeld, id, -15)
		book := ledger.Book{Organisation: w.org, Unit: ledger.Points}
		w.commit(&change.Set{Journals: []ledger.Journal{
			ledger.Post(now(), ledger.PointsSpent, ledger.Source{Type: "voucher", ID: "vch_1"}, book.SpendPoints(string(id), string(sub.Plan), 12)),
		}})
		s = w.corrects(s, func(s *session.Session) { finish(s, 4) }) // 2.00 net
		w.hears(event.SessionCorrected, s)
		w.owes(ledger.Points, ledger.PointsHeld, id, 0)
		w.costs(s, 238, billing.ItemEnergy)
		w.balanced()
	})
}

// The plan's discount comes first, then energy, then the tier, a voucher's share and
// amounts last.
func TestOrder(t *testing.T) {
	each(t, func(w *world) {
		id := w.pays()
		sub := w.subscribes(id, plan.Terms{
			Discount: &plan.Discount{Of: []rating.Dimension{rating.Energy}, Percent: dec(w, "20")}, Allowance: &plan.Allowance{Energy: kwh(10)},
			Loyalty: &plan.Loyalty{Months: 2, Tiers: []plan.Tier{{Sessions: 2, Percent: dec(w, "5")}, {Energy: kwh(60), Sessions: 2, Percent: dec(w, "10")}}},
		})
		w.commit(&change.Set{Usages: []plan.Usage{
			{Subscription: sub.ID, Month: "2026-03", Organisation: w.org, Customer: id, Energy: kwh(20), Sessions: 1, Version: 1},
			{Subscription: sub.ID, Month: "2026-04", Organisation: w.org, Customer: id, Energy: kwh(40), Sessions: 1, Version: 1},
		}})
		w.redeems(id, plan.Value{Energy: kwh(10)}, time.Time{})
		w.redeems(id, plan.Value{Percent: dec(w, "25"), Sessions: 1}, time.Time{})
		w.redeems(id, plan.Value{Percent: dec(w, "50"), Sessions: 1}, time.Time{})
		late := w.redeems(id, plan.Value{Amount: 100, Currency: "EUR"}, time.Time{})
		soon := w.redeems(id, plan.Value{Amount: 100, Currency: "EUR"}, time.Date(2026, 5, 20, 0, 0, 0, 0, time.UTC))
		w.redeems(id, plan.Value{Amount: 100, Currency: "CHF"}, time.Time{})
		s := w.charges(4, 40) // 20.00, less 20 % 16.00, half of it paid before 8.00, less 10 % 7.20, less 50 % 3.60, less 2 × 1.00
		d := w.costs(s, 190, billing.ItemEnergy, billing.ItemDiscount, billing.ItemAllowance, billing.ItemDiscount, billing.ItemDiscount, billing.ItemVoucher, billing.ItemVoucher)
		var amounts []int64
		for _, l := range d.Lines {
			amounts = append(amounts, l.Amount)
		}
		if want := []int64{2000, -400, -800, -80, -360, -100, -100}; !slices.Equal(amounts, want) {
			w.Errorf("got %v, want %v", amounts, want)
		}
		w.used(sub, may, 40, 10, 1)
		w.gone(soon.ID, 100, 1)
		w.gone(late.ID, 100, 1)
		w.costs(w.charges(5, 40), 1285, billing.ItemEnergy, billing.ItemDiscount, billing.ItemDiscount, billing.ItemDiscount) // the other share, 25 %: it was not used up beside the greater
		w.balanced()
	})
}

// A tier is that of the months before, and holds for the whole month.
func TestTierChanges(t *testing.T) {
	each(t, func(w *world) {
		sub := w.subscribes(w.pays(), plan.Terms{Loyalty: &plan.Loyalty{Months: 1, Tiers: []plan.Tier{{Energy: kwh(20), Percent: dec(w, "10")}}}})
		w.costs(w.charges(4, 20), 1190, billing.ItemEnergy)
		w.costs(w.charges(5, 20), 1190, billing.ItemEnergy)
		w.costs(w.charges(32, 20), 1071, billing.ItemEnergy, billing.ItemDiscount) // the first of June
		w.used(sub, may, 40, 0, 2)
		w.costs(w.charges(31+30+1, 20), 1071, billing.ItemEnergy, billing.ItemDiscount)
		w.costs(w.charges(31+30+31+31+1, 20), 1190, billing.ItemEnergy) // nothing in August
	})
}

// PROP-3: of a voucher and of an allowance no more is used than there is, however
// many sessions end at once on however many nodes.
func TestNothingIsOverspent(t *testing.T) {
	const sessions, workers = 24, 6
	each(t, func(w *world) {
		id := w.pays()
		sub := w.subscribes(id, plan.Terms{Allowance: &plan.Allowance{Energy: kwh(35)}, Points: &plan.Points{PerKWh: dec(w, "1")}})
		gift := w.redeems(id, plan.Value{Amount: 3333, Currency: "EUR"}, time.Time{})
		free := w.redeems(id, plan.Value{Energy: kwh(7)}, time.Time{})
		queue := make(chan session.Session, sessions)
		var all []session.Session
		for range sessions {
			s := w.starts()
			w.hears(event.SessionStarted, s)
			s = w.corrects(s, func(s *session.Session) { finish(s, 10) })
			all = append(all, s)
			queue <- s
		}
		close(queue)
		nodes := []*world{w, w.neighbour()}
		var working sync.WaitGroup
		for i := range workers {
			working.Go(func() {
				for s := range queue {
					nodes[i%len(nodes)].settles(event.SessionCompleted, s)
				}
			})
		}
		working.Wait()
		w.used(sub, may, 240, 35, sessions)
		w.gone(gift.ID, 3333, 7)
		if r, err := w.Redemption(w.Context(), free.ID); err != nil || r.Energy != kwh(7) || !r.Spent {
			w.Errorf("of the energy: %+v, %v", r.Redemption, err)
		}
		w.owes(ledger.Points, ledger.PointsHeld, id, -240)
		var amount, total int64
		var covered unit.MilliWattHour
		for _, s := range all {
			uses, err := w.Uses(w.Context(), s.ID)
			if err != nil {
				w.Fatal(err)
			}
			for _, u := range uses {
				amount += u.Amount
				covered += u.Covered
			}
			total += w.standing(s).Net
		}
		if amount != 3333 || covered != kwh(42) || total != 24*500-42*50-3333 {
			w.Errorf("the sessions used %d and %d mWh, and cost %d", amount, covered, total)
		}
		w.balanced()
	})
}

// neighbour is another node on the same database.
func (w *world) neighbour() *world {
	w.Helper()
	o := w.options
	o.Node, o.Shared = ident.New[ident.NodeID](now()), true
	s, err := store.Open(w.Context(), o)
	if err != nil {
		w.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(w.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	w.Cleanup(func() {
		stop()
		if err := errors.Join(<-done, s.Close()); err != nil {
			w.Error(err)
		}
	})
	n := *w
	n.Store = s
	n.bill = flow.New(flow.Options{Store: &n, Clock: clock.System{}, Raters: [2]flow.Rater{swift.Explain, n.second}, Signed: signed.Values})
	return &n
}

// settles is hears where others write the same rows: it decides again until
// nothing has moved.
func (w *world) settles(what event.Type, of session.Session) {
	for range 500 {
		set, err := w.bill.Decide(w.Context(), []event.Recorded{{Event: event.Event{Type: what, Organisation: w.org, Station: of.Station, Subject: string(of.ID)}}})
		if err == nil {
			err = w.Commit(w.Context(), set)
		}
		switch {
		case err == nil:
			return
		case !fault.Is(err, fault.Stale) && !errors.Is(err, change.ErrExists):
			w.Error(err)
			return
		}
	}
	w.Errorf("session %s is not settled", of.ID)
}

// Two sessions in one commit see what the other uses.
func TestTwoSessionsInOneCommit(t *testing.T) {
	each(t, func(w *world) {
		sub := w.subscribes(w.pays(), plan.Terms{Allowance: &plan.Allowance{Energy: kwh(15)}})
		var events []event.Recorded
		var all []session.Session
		for range 3 {
			s := w.ends(10)
			all = append(all, s)
			events = append(events, event.Recorded{Event: event.Event{Type: event.SessionCompleted, Organisation: w.org, Station: s.Station, Subject: string(s.ID)}})
		}
		set, err := w.bill.Decide(w.Context(), events)
		if err != nil {
			w.Fatal(err)
		}
		w.commit(set)
		w.used(sub, may, 30, 15, 3)
		w.costs(all[0], 0, billing.ItemEnergy, billing.ItemAllowance)
		w.costs(all[1], 298, billing.ItemEnergy, billing.ItemAllowance) // 5 kWh, half a cent of tax up
		w.costs(all[2], 595, billing.ItemEnergy)
		if found, err := w.Bills(w.Context(), w.org, billing.Filter{}, page.Query{Limit: 10}); err != nil || len(found.Items) != 3 {
			w.Errorf("got %d bills, %v", len(found.Items), err)
		}
	})
}
