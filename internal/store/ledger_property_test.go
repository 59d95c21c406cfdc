package store_test

import (
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"pylon/internal/domain/change"
	"pylon/internal/domain/ledger"
	"pylon/internal/store"
)

// operations is how many random operations the properties are held against; the
// figure that the books are built for is 100000.
var operations = flag.Int("operations", 10_000, "random operations on the books, on each database") //nolint:gochecknoglobals // flags are

// clerk posts what comes into his head: everything that the templates have.
type clerk struct {
	*database
	*rand.Rand
	series ledger.SeriesID
	last   ledger.Journal // that he may take back
}

// drivers, hosts and partners are few, so that clerks meet.
func (c *clerk) driver() string { return fmt.Sprintf("drv_%d", c.IntN(20)) }

// book is that of one of several currencies, with and without cents.
func (c *clerk) book() ledger.Book {
	units := []ledger.Unit{"EUR", "EUR", "SEK", "JPY"}
	return ledger.Book{Organisation: eur().Organisation, Unit: units[c.IntN(len(units))]}
}

// next returns the next journal; nil when it would have no transfers.
func (c *clerk) next() (j ledger.Journal, err error) {
	b, driver, amount := c.book(), c.driver(), 1+c.Int64N(5_000)
	var transfers []ledger.Transfer
	var template ledger.Template
	switch kind := c.IntN(15); kind {
	case 0, 1:
		template = ledger.BillIssued
		transfers, err = b.Bill(driver, sale(amount))
	case 2, 3:
		template, transfers = ledger.ToppedUp, b.TopUp(driver, "stripe", amount)
	case 4, 5:
		template, transfers = ledger.Reserved, b.Reserve(driver, amount)
	case 6:
		template = ledger.Settled
		transfers, err = b.Settle(driver, amount, c.Int64N(amount+1))
	case 7:
		template, transfers = ledger.Captured, b.Capture(driver, "stripe", amount)
	case 8:
		template, transfers = ledger.PaidOut, b.PayOut("stripe", "giro", amount, amount/50)
	case 9:
		template = ledger.CDRSold
		transfers, err = b.SellCDR("DE*ABC", sale(amount))
	case 10:
		template = ledger.CDRBought
		transfers, err = b.BuyCDR("DE*ABC", amount, []ledger.Tax{{Country: "DE", Rate: nineteen(), Amount: amount / 5}})
	case 11:
		template = ledger.Refunded
		transfers, err = b.Refund(driver, "stripe", ledger.Wallet, amount)
	case 12:
		template, transfers = ledger.HostShared, b.ShareWithHost("hst_a", amount)
	case 13:
		points := ledger.Book{Organisation: b.Organisation, Unit: ledger.Points}
		if template, transfers = ledger.PointsEarned, points.EarnPoints(driver, "green", amount); c.IntN(2) == 0 {
			template, transfers = ledger.PointsSpent, points.SpendPoints(driver, "green", amount)
		}
	default:
		if c.last.ID != "" {
			j, c.last = c.last.Reverse(t0, ledger.CreditNote), ledger.Journal{}
			return j, nil
		}
		template, transfers = ledger.ChargedBack, b.ChargeBack("stripe", amount, 15)
	}
	j = ledger.Post(t0, template, source("test"), transfers)
	if template == ledger.BillIssued {
		j.Series = c.series
	}
	return j, err
}

// works posts until there is nothing left to do. Of a refusal there is one
// reason only: that the balance would go beyond its limit.
func (c *clerk) works(left, landed, refused *atomic.Int64) {
	for left.Add(-1) >= 0 {
		j, err := c.next()
		if err != nil {
			c.t.Error(err)
			return
		}
		switch err := c.Commit(c.t.Context(), &change.Set{Journals: []ledger.Journal{j}}); {
		case err == nil:
			if landed.Add(1)%lookEvery == 0 {
				checkConservation(c.t, c.database)
			}
			if j.Template == ledger.BillIssued {
				c.last = j
			}
		case errors.Is(err, change.ErrLimit):
			refused.Add(1)
		default:
			c.t.Errorf("%s: %v", j.Template, err)
			return
		}
	}
}

// PROP-1, PROP-2: whatever clerks post at once, on whatever node, debits are
// credits in each journal and in each unit after every step, and balances are what
// the transfers come to.
func TestProperty01ConservationAndProperty02BalancesAreReplay(t *testing.T) {
	for name, options := range databases(t) {
		t.Run(name, func(t *testing.T) {
			o := options()
			o.Synchronous = "off"
			if o.URL != "" {
				o.Synchronous = ""
			}
			nodes := []*database{open(t, o)}
			if o.URL != "" {
				nodes = append(nodes, open(t, o))
			}
			series := nodes[0].series("2026")
			var left, landed, refused atomic.Int64
			left.Store(int64(*operations))
			var wait sync.WaitGroup
			for w := range 32 {
				wait.Go(func() {
					(&clerk{database: nodes[w%len(nodes)], Rand: rand.New(rand.NewPCG(7, uint64(w))), series: series}).works(&left, &landed, &refused)
				})
			}
			wait.Wait()
			checkConservation(t, nodes[0])
			replay(nodes[0], len(nodes) == 1)
			r := nodes[0].sound()
			if r.Journals != landed.Load() || landed.Load() == 0 || refused.Load() == 0 {
				t.Errorf("%d journals, %d landed, %d were refused", r.Journals, landed.Load(), refused.Load())
			}
			t.Logf("%d posted, %d refused", landed.Load(), refused.Load())
		})
	}
}

// lookEvery is how often the balances are looked at, while others go on.
const lookEvery = 25

// checkConservation holds the balances of each unit against nothing.
func checkConservation(t testing.TB, db *database) {
	t.Helper()
	sums, err := db.TrialBalance(t.Context(), eur().Organisation)
	if err != nil {
		t.Fatal(err)
	}
	total := map[ledger.Unit]int64{}
	for _, s := range sums {
		total[s.Unit] += s.Balance
		if s.Class.Limited() && s.Balance > 0 {
			t.Errorf("%s is %d %s beyond its limit", s.Class, s.Balance, s.Unit)
		}
	}
	for unit, sum := range total {
		if sum != 0 {
			t.Fatalf("balances in %s add up to %d: %+v", unit, sum, sums)
		}
	}
}

// replay posts everything once more, in memory and one journal after the other: each
// balances by itself in what its accounts count, and leaves all balances of a unit at nothing; in
// the end each account has what its row says. With one chain the order is that of the commits, and
// nobody is beyond his limit in between.
func replay(db *database, oneChain bool) {
	db.t.Helper()
	raw := db.raw()
	defer raw.Close()
	unitOf, limited, balances := map[string]string{}, map[string]bool{}, map[string]int64{}
	db.rows(raw, "SELECT account, class, unit, SUM(balance) FROM accounts GROUP BY account, class, unit", func(scan func(...any) error) error {
		var account, class, unit string
		var balance int64
		err := scan(&account, &class, &unit, &balance)
		unitOf[account], limited[account], balances[account] = unit, ledger.Class(class).Limited(), -balance
		return err
	})
	at, within, units, moved := "", map[string]int64{}, map[string]int64{}, map[string]int64{}
	stands := func() {
		for unit, sum := range within {
			if sum != 0 || units[unit] != 0 {
				db.t.Fatalf("journal %s: debits less credits are %d %s, and %d of all until then", at, sum, unit, units[unit])
			}
		}
		for account := range limited {
			if oneChain && limited[account] && moved[account] > 0 {
				db.t.Fatalf("journal %s: account %s is %d beyond its limit", at, account, moved[account])
			}
		}
	}
	db.rows(raw, "SELECT j.id, t.debit, t.credit, t.amount FROM journals j JOIN transfers t ON t.journal = j.id ORDER BY j.place, t.line", func(scan func(...any) error) error {
		var journal, debit, credit string
		var amount int64
		err := scan(&journal, &debit, &credit, &amount)
		if journal != at {
			stands()
			at = journal
			clear(within)
		}
		for account, amount := range map[string]int64{debit: amount, credit: -amount} {
			moved[account] += amount
			balances[account] += amount
			within[unitOf[account]] += amount
			units[unitOf[account]] += amount
		}
		return err
	})
	stands()
	for account, rest := range balances {
		if rest != 0 {
			db.t.Errorf("account %s has %d other than its transfers say", account, -rest)
		}
	}
}

// rows calls f for each row of a query.
func (db *database) rows(raw *sql.DB, query string, f func(scan func(...any) error) error) {
	db.t.Helper()
	rows, err := raw.QueryContext(db.t.Context(), query)
	if err != nil {
		db.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			db.t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		db.t.Fatal(err)
	}
}

// PROP-3: 64 clients spend one wallet at once, and nobody spends what is not
// there: what is spent is exactly what was paid in.
func TestProperty03NobodySpendsWhatHeHasNot(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		const clients, paidIn, price = 64, 1000, 30
		db.commit(&change.Set{Journals: []ledger.Journal{ledger.Post(t0, ledger.ToppedUp, source("payment"), eur().TopUp("drv_a", "stripe", paidIn))}})
		var spent atomic.Int64
		var wait sync.WaitGroup
		for range clients {
			wait.Go(func() {
				for range 3 {
					j := ledger.Post(t0, ledger.Reserved, source("session"), eur().Reserve("drv_a", price))
					switch err := db.Commit(t.Context(), &change.Set{Journals: []ledger.Journal{j}}); {
					case err == nil:
						spent.Add(price)
					case !errors.Is(err, change.ErrLimit):
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		if got := spent.Load(); got != paidIn/price*price {
			t.Errorf("spent %d, want %d", got, paidIn/price*price)
		}
		if got := db.balance(eur().Account(ledger.Wallet, "drv_a")); got != -(paidIn % price) {
			t.Errorf("balance: got %d, want %d", got, -(paidIn % price))
		}
		db.sound()
	})
}

// PROP-3: what two give each other in one commit they must have before it.
func TestProperty03NoCreditWithinACommit(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		a, b := eur().Account(ledger.Wallet, "drv_a"), eur().Account(ledger.Wallet, "drv_b")
		var landed atomic.Int64
		var wait sync.WaitGroup
		for i := range 64 {
			from, to := a, b
			if i%2 == 1 {
				from, to = b, a
			}
			wait.Go(func() {
				j := ledger.Post(t0, "gift", source("gift"), []ledger.Transfer{{Debit: from, Credit: to, Amount: 5}})
				if err := db.Commit(t.Context(), &change.Set{Journals: []ledger.Journal{j}}); err == nil {
					landed.Add(1)
				} else if !errors.Is(err, change.ErrLimit) {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if landed.Load() != 0 || db.balance(a) != 0 || db.balance(b) != 0 {
			t.Errorf("%d gifts of nothing landed", landed.Load())
		}
	})
}

// The chain goes on where it ended when a store is closed and opened anew: in a
// stream of its own.
func TestChainsOfRuns(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		series := db.series("2026")
		for range 3 {
			for range 4 {
				db.commit(db.billed("drv_a", 100, series))
			}
			db.restart()
		}
		if r := db.sound(); r.Journals != 12 {
			t.Errorf("got %d journals, want 12", r.Journals)
		}
		if got, err := db.Series(t.Context(), eur().Organisation); err != nil || len(got) != 1 || got[0].Next != 13 || got[0].Written(got[0].Next) != "R-000013" {
			t.Errorf("series: got %+v, %v", got, err)
		}
	})
}

// BenchmarkPosting bills drivers, each bill a journal of two transfers with a
// document number, from so many callers at a time, and prints how many are
// durable in a second.
func BenchmarkPosting(b *testing.B) {
	for name, lab := range labs(b) {
		for _, callers := range []int{1, 16, 64, 256} {
			for _, numbered := range []bool{true, false} {
				b.Run(fmt.Sprintf("%s/%d/numbered=%t", name, callers, numbered), func(b *testing.B) {
					o, _ := lab()
					benchmarkPosting(b, o, callers, numbered)
				})
			}
		}
	}
}

func benchmarkPosting(b *testing.B, o store.Options, callers int, numbered bool) {
	db := open(b, o)
	var series ledger.SeriesID
	if numbered {
		series = db.series("2026")
	}
	var n atomic.Int64
	b.ResetTimer()
	var wait sync.WaitGroup
	for range callers {
		wait.Go(func() {
			for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
				if err := db.Commit(b.Context(), db.billed(fmt.Sprintf("drv_%d", i%10_000), 1000+i%100, series)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "bills/s")
	b.ReportMetric(0, "ns/op")
}
