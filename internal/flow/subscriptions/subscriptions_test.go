package subscriptions_test

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/plan"
	"pylon/internal/edge/document"
	"pylon/internal/flow/subscriptions"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/store"
	"pylon/test/ground"
	"pylon/test/postgres"
)

// world is a database with an organisation, its plan of 9.90 with 19 % in it, and a
// clock that is set.
type world struct {
	*testing.T
	*ground.Ground
	org  account.Organisation
	plan plan.Plan
	now  *day
	fees *subscriptions.Fees
}

// day is a clock whose time somebody sets.
type day struct {
	clock.System
	at time.Time
}

func (d *day) Now() time.Time { return d.at }

// each runs a test on every database.
func each(t *testing.T, test func(w *world)) {
	for name, options := range map[string]func(t *testing.T) store.Options{
		"sqlite":   func(*testing.T) store.Options { return store.Options{} },
		"postgres": func(t *testing.T) store.Options { return store.Options{URL: postgres.Database(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{T: t, Ground: ground.New(t, options(t)), now: &day{at: time.Date(2026, 4, 10, 12, 0, 0, 0, time.UTC)}}
			w.org = w.Organisation(w.now)
			w.fees = subscriptions.New(w.Store, w.now, slog.New(slog.DiscardHandler))
			w.plan = plan.Plan{
				ID: ident.New[ident.PlanID](w.now.at), Organisation: w.org.ID, Name: "Home", Currency: "EUR", CreatedAt: w.now.at, Version: 1,
				Terms: plan.Terms{Fee: plan.Fee{Amount: 990, VAT: decimal.FromInt(190, 1), Gross: true}},
			}
			w.commit(&change.Set{Plans: []plan.Plan{w.plan}})
			test(w)
			if r, err := w.Store.VerifyLedger(t.Context()); err != nil || len(r.Breaches) > 0 {
				t.Errorf("the books: %+v, %v", r.Breaches, err)
			}
		})
	}
}

func (w *world) commit(set *change.Set) {
	w.Helper()
	if err := w.Store.Commit(w.Context(), set); err != nil {
		w.Fatal(err)
	}
}

// subscribes makes a customer who has the plan from now on.
func (w *world) subscribes(by customer.Settlement) plan.Subscription {
	w.Helper()
	c := customer.Customer{ID: ident.New[ident.CustomerID](w.now.at), Organisation: w.org.ID, Settlement: by, Language: "de", CreatedAt: w.now.at, Version: 1}
	c.Party.Name = "Ada"
	s := plan.Subscription{
		ID: ident.New[ident.SubscriptionID](w.now.at), Organisation: w.org.ID, Customer: c.ID, Plan: w.plan.ID, From: w.now.at, CreatedAt: w.now.at, Version: 1,
	}.Begin(w.zone())
	w.commit(&change.Set{Customers: []customer.Customer{c}, Subscriptions: []plan.Subscription{s}})
	return s
}

func (w *world) zone() *time.Location {
	w.Helper()
	zone, err := time.LoadLocation(w.org.TimeZone)
	if err != nil {
		w.Fatal(err)
	}
	return zone
}

// on sets the clock and bills.
func (w *world) on(year int, month time.Month, day, hour int) {
	w.Helper()
	w.now.at = time.Date(year, month, day, hour, 0, 0, 0, time.UTC)
	if err := w.fees.Bill(w.Context(), lease.Grant{}); err != nil {
		w.Fatal(err)
	}
}

// bills returns what a customer was billed, by months: names and totals.
func (w *world) bills(of plan.Subscription, want ...string) []billing.Bill {
	w.Helper()
	found, err := w.Store.Bills(w.Context(), w.org.ID, billing.Filter{Debtor: string(of.Customer)}, page.Query{})
	if err != nil {
		w.Fatal(err)
	}
	slices.SortFunc(found.Items, func(a, b billing.Bill) int { return a.Document.From.Compare(b.Document.From) })
	var got []string
	for i := range found.Items {
		l := found.Items[i].Document.Lines[0]
		got = append(got, l.Name+" "+l.Price.String())
	}
	if !slices.Equal(got, want) {
		w.Errorf("got %q, want %q", got, want)
	}
	return found.Items
}

// A month is billed once it is over, in the organisation's zone, once.
func TestFeeOfAMonth(t *testing.T) {
	each(t, func(w *world) {
		s := w.subscribes(customer.Monthly)
		w.on(2026, 4, 30, 21) // in Berlin it is an hour before May
		w.bills(s)
		w.on(2026, 4, 30, 22)
		w.on(2026, 4, 30, 23)
		b := w.bills(s, "Home 21/30 6.93")[0]
		d := &b.Document
		if d.Total != 693 || d.Tax != 111 || !d.Gross || d.Kind != billing.Receipt || d.Number != "B2026-0000001" || d.Language != "de" || d.Customer.Name != "Ada" {
			w.Errorf("got %+v", d)
		}
		if d.Taxes[0].Rate.String() != "19" || d.Lines[0].VAT.String() != "19" {
			w.Errorf("the rate of tax is written %s", d.Taxes[0].Rate)
		}
		w.printed(d)
		if b.Session != "" || b.Source != plan.FeeOf(s.ID, "2026-04") || !b.Monthly || !d.From.Equal(time.Date(2026, 3, 31, 22, 0, 0, 0, time.UTC)) {
			w.Errorf("got %+v", b)
		}
		w.on(2026, 5, 31, 22)
		w.bills(s, "Home 21/30 6.93", "Home 9.90")
		book := ledger.Book{Organisation: w.org.ID, Unit: "EUR"}
		for class, want := range map[ledger.Class]int64{ledger.ReceivableDriver: 1683, ledger.Subscription: -(582 + 832)} {
			owner := ""
			if class == ledger.ReceivableDriver {
				owner = string(s.Customer)
			}
			if got, err := w.Store.BalanceOf(w.Context(), book.Account(class, owner)); err != nil || got != want {
				w.Errorf("%s: got %d, %v, want %d", class, got, err, want)
			}
		}
	})
}

// printed checks that the document can be handed out.
func (w *world) printed(d *billing.Document) {
	w.Helper()
	press, err := document.New()
	if err != nil {
		w.Fatal(err)
	}
	page, err := press.HTML(d)
	if err != nil || !strings.Contains(string(page), "Home 21/30") {
		w.Errorf("the page: %v\n%s", err, page)
	}
	if _, err := press.PDF(d); err != nil {
		w.Errorf("on paper: %v", err)
	}
}

// Months that were missed are made up for; pauses and ends are not paid; a month of
// nothing has no bill.
func TestMissedPausedEnded(t *testing.T) {
	each(t, func(w *world) {
		s := w.subscribes(customer.ByReceipt)
		w.on(2026, 5, 15, 0)
		w.bills(s, "Home 21/30 6.93")
		s = w.read(s)
		var err error
		if s, err = s.Pause(time.Date(2026, 5, 20, 10, 0, 0, 0, time.UTC), w.now.at); err != nil {
			w.Fatal(err)
		}
		w.next(&s)
		w.now.at = time.Date(2026, 7, 3, 0, 0, 0, 0, time.UTC)
		if s, err = s.Resume(time.Date(2026, 7, 3, 10, 0, 0, 0, time.UTC), w.now.at); err != nil {
			w.Fatal(err)
		}
		w.next(&s)
		if s, err = s.End(time.Date(2026, 8, 31, 22, 0, 0, 0, time.UTC), w.now.at, w.zone()); err != nil {
			w.Fatal(err)
		}
		w.next(&s)
		w.on(2027, 1, 1, 0)
		w.on(2027, 2, 1, 0)
		w.bills(s, "Home 21/30 6.93", "Home 20/31 6.39", "Home 29/31 9.26", "Home 9.90")
		if s = w.read(s); s.Next != "" || !s.DueAt.IsZero() {
			w.Errorf("there is still something to bill: %+v", s)
		}
	})
}

func (w *world) read(s plan.Subscription) plan.Subscription {
	w.Helper()
	s, err := w.Store.Subscription(w.Context(), w.org.ID, s.ID)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

func (w *world) next(s *plan.Subscription) {
	w.Helper()
	s.Version++
	w.commit(&change.Set{Subscriptions: []plan.Subscription{*s}})
}

// PROP-4: whoever bills at the same time, each month is billed once, and the numbers
// have no gap.
func TestBilledOnce(t *testing.T) {
	const customers, workers = 12, 4
	each(t, func(w *world) {
		var all []plan.Subscription
		for range customers {
			all = append(all, w.subscribes(customer.ByReceipt))
		}
		w.now.at = time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)
		var working sync.WaitGroup
		for range workers {
			working.Go(func() {
				if err := w.fees.Bill(w.Context(), lease.Grant{}); err != nil {
					w.Error(err)
				}
			})
		}
		working.Wait()
		w.on(2026, 8, 1, 0) // whoever met somebody else left it to the next look
		for _, s := range all {
			w.bills(s, "Home 21/30 6.93", "Home 9.90", "Home 9.90", "Home 9.90")
		}
		series, err := w.Store.Series(w.Context(), w.org.ID)
		if err != nil || len(series) != 1 || series[0].Next != 4*customers+1 {
			w.Errorf("got %+v, %v", series, err)
		}
	})
}

// One that cannot be billed keeps nobody else from it.
func TestOneFails(t *testing.T) {
	each(t, func(w *world) {
		lost := w.plan
		lost.ID = ident.New[ident.PlanID](w.now.at)
		w.plan, lost = lost, w.plan // a plan that there is not
		broken := w.subscribes(customer.ByReceipt)
		w.plan = lost
		s := w.subscribes(customer.ByReceipt)
		w.on(2026, 5, 1, 0)
		w.bills(broken)
		if b := w.bills(s, "Home 21/30 6.93"); len(b) == 1 && !strings.HasPrefix(b[0].Document.Number, "B2026-") {
			w.Errorf("got %q", b[0].Document.Number)
		}
	})
}
