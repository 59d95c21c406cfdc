package main

import (
	"context"
	"fmt"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
)

const (
	clerks  = 64     // post at a time
	drivers = 10_000 // are billed by turns
)

// measureLedger tells how fast the books take journals that all meet at the same
// few accounts, and how fast they are verified.
func measureLedger(ctx context.Context, l *lab) (rows []row, err error) {
	b, err := l.newBase("ledger")
	if err != nil {
		return nil, err
	}
	n := l.size.money.postings
	l.say("ledger: %d journals", n)
	err = l.withTill(ctx, b, true, func(ctx context.Context, t *till) error {
		series := ledger.Series{Organisation: t.org, Name: "bench", Format: "B########", First: 1, CreatedAt: l.clock.Now()}
		if err := t.Commit(ctx, &change.Set{Series: []ledger.Series{series}}); err != nil {
			return err
		}
		var posting, verifying time.Duration
		var report ledger.Report
		err := l.profiled(ctx, "ledger", func() (err error) {
			posting, err = l.took(func() error {
				return inParallel(ctx, n, clerks, func(ctx context.Context, i int) error { return t.posts(ctx, i, series.ID()) })
			})
			if err != nil {
				return err
			}
			verifying, err = l.took(func() error {
				report, err = t.VerifyLedger(ctx)
				return err
			})
			return err
		})
		if err != nil {
			return err
		}
		broken := ""
		if len(report.Breaches) > 0 || report.Journals != int64(n) {
			broken = fmt.Sprintf("%d journals verified, breaches %+v", report.Journals, report.Breaches)
		}
		rows = append(rows, row{
			figure: figure{name: fmt.Sprintf("journals per second, %d callers, hot accounts", clerks), unit: "/s"},
			value:  float64(n) / posting.Seconds(), broken: broken,
			detail: fmt.Sprintf("%d bills of %d drivers, two transfers and a document number each: income and tax are one account each; %s transfers a second",
				n, drivers, number(float64(report.Transfers)/posting.Seconds())),
		}, row{
			figure: figure{name: "verify 100,000 journals", unit: "s"},
			value:  verifying.Seconds() * 100_000 / float64(n), broken: broken,
			detail: fmt.Sprintf("hashes, transfers, balances and numbers of %d journals, %d transfers and %d accounts in %s s, in proportion",
				report.Journals, report.Transfers, report.Accounts, number(verifying.Seconds())),
		})
		return nil
	})
	return rows, err
}

// posts posts the i-th bill.
func (t *till) posts(ctx context.Context, i int, series ledger.SeriesID) error {
	book := ledger.Book{Organisation: t.org, Unit: "EUR"}
	net := int64(1000 + i%500)
	transfers, err := book.Bill(fmt.Sprintf("drv_%d", i%drivers), ledger.Sale{
		Income: map[ledger.Class]int64{ledger.Energy: net},
		Taxes:  []ledger.Tax{{Country: "DE", Rate: decimal.FromInt(19, 0), Amount: net * 19 / 100}},
	})
	if err != nil {
		return err
	}
	now := t.clock.Now()
	j := ledger.Post(now, ledger.BillIssued, ledger.Source{Type: "bench", ID: string(ident.New[ident.CommandID](now))}, transfers)
	j.Series = series
	return t.Commit(ctx, &change.Set{Journals: []ledger.Journal{j}})
}
