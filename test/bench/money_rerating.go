package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/rerating"
	"pylon/internal/domain/tariff/swift"
	settle "pylon/internal/flow/rerating"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
)

const (
	reratedAsked = 1_000_000
	billedAtOnce = 100 // sessions that are billed in one change, to have something to re-rate
)

// measureRerating tells how many sessions of the past are priced by another tariff,
// and compared with what was billed.
func measureRerating(ctx context.Context, l *lab) (rows []row, err error) {
	b, err := l.newBase("rerating")
	if err != nil {
		return nil, err
	}
	n := l.size.money.rerated
	if l.sessions > 0 {
		n = l.sessions
	}
	l.say("re-rating: billing %d sessions", n)
	if err := l.withTill(ctx, b, false, func(ctx context.Context, t *till) error { return t.billed(ctx, n) }); err != nil {
		return nil, err
	}
	l.say("re-rating: %d sessions", n)
	err = l.withTill(ctx, b, true, func(ctx context.Context, t *till) error {
		var found rerating.Rerating
		var took time.Duration
		if err := l.profiled(ctx, "re-rating", func() (err error) {
			took, err = l.took(func() error {
				found, err = t.rerated(ctx)
				return err
			})
			return err
		}); err != nil {
			return err
		}
		broken := ""
		if found.State != rerating.Done || found.Counts.Seen != int64(n) || found.Counts.Changed == 0 || found.Counts.Held > 0 {
			broken = fmt.Sprintf("it is %s %s, with %+v", found.State, found.Code, found.Counts)
		}
		rows = append(rows, row{
			figure: figure{name: "re-rating, sessions per second", unit: "/s", more: true},
			value:  float64(n) / took.Seconds(), broken: broken,
			detail: fmt.Sprintf("%d billed sessions of %d readings: read, priced by another tariff, compared with their bills, %d of which change, the differences kept, in %s s; a million: %s min, %s",
				n, readingsEach, found.Counts.Changed, number(took.Seconds()), number(took.Minutes()*reratedAsked/float64(n)), scaled(n, reratedAsked)),
		})
		return nil
	})
	return rows, err
}

// billed makes n sessions with their bills.
func (t *till) billed(ctx context.Context, n int) error {
	sessions, err := t.ends(ctx, 0, n)
	if err != nil {
		return err
	}
	return inParallel(ctx, (n+billedAtOnce-1)/billedAtOnce, 4, func(ctx context.Context, i int) error {
		return t.bills(ctx, sessions[i*billedAtOnce:min((i+1)*billedAtOnce, n)]...)
	})
}

// rerated simulates that all sessions had a dearer tariff.
func (t *till) rerated(ctx context.Context) (found rerating.Rerating, err error) {
	dearer, set := dayTariff(), new(change.Set)
	dearer.Elements[3].Components[0].Price = decimal.FromInt(55, 2)
	t.priced(set, "dearer", benchDay().AddDate(0, -1, 0), dearer)
	if err := t.Commit(ctx, set); err != nil {
		return found, err
	}
	desk := settle.New(settle.Options{Store: t.Store, Clock: t.clock, Log: slog.New(slog.DiscardHandler), Settling: t.settling(), Quick: swift.Rate})
	choice := rerating.Choice{From: benchDay().AddDate(0, -1, 0), Until: benchDay().AddDate(0, 2, 0)}
	asked, err := desk.Simulate(ctx, account.System(t.org, "bench"), choice, rerating.Pricing{Tariff: ident.Derive[ident.TariffID]("dearer")}, nil)
	if err != nil {
		return found, err
	}
	running, stop := context.WithCancel(ctx)
	var answering sync.WaitGroup
	answering.Go(func() { _ = desk.Run(running, lease.Grant{}) }) // it returns nil
	defer answering.Wait()
	defer stop()
	for {
		if found, err = t.Rerating(ctx, t.org, asked.ID); err != nil || found.Ended() {
			return found, err
		}
		if err := t.sleep(ctx, 50*time.Millisecond); err != nil {
			return found, err
		}
	}
}
