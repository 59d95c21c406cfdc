package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"pylon/internal/kernel/ident"
	"pylon/internal/sim/load"
)

// endsASecond is how many sessions end a second in the paced runs.
const endsASecond = 200

// measureBills tells how many sessions can be billed, and how long one takes.
func measureBills(ctx context.Context, l *lab) (rows []row, err error) {
	b, err := l.newBase("bills")
	if err != nil {
		return nil, err
	}
	err = l.withTill(ctx, b, true, func(ctx context.Context, t *till) error {
		for _, measure := range []func(context.Context, *till) (row, error){measureLog, measurePosting, measureEndToBill} {
			r, err := measure(ctx, t)
			if err != nil {
				return err
			}
			rows = append(rows, r)
		}
		report, err := t.VerifyLedger(ctx)
		if err == nil && len(report.Breaches) > 0 {
			err = fmt.Errorf("the books: %+v", report.Breaches[0])
		}
		return err
	})
	return rows, err
}

// measureLog tells how fast a log that is full of sessions is billed.
func measureLog(ctx context.Context, t *till) (row, error) {
	n := t.size.money.bills
	t.say("bills: %d sessions in the log", n)
	if _, err := t.ends(ctx, 0, n); err != nil {
		return row{}, err
	}
	heard, all := counted(n)
	t.issued = heard
	var took time.Duration
	err := t.profiled(ctx, "bills", func() error {
		return t.followed(ctx, func(ctx context.Context) (err error) {
			took, err = t.took(func() error { return await(ctx, all) })
			return err
		})
	})
	return row{
		figure: figure{name: "bills per second, durable, from the log", unit: "/s", target: endsASecond, more: true},
		value:  float64(n) / took.Seconds(),
		detail: fmt.Sprintf("%d sessions of %d readings that wait in one stream of the log: read, rated twice, billed, posted, numbered, told; one consumer, %s s",
			n, readingsEach, number(took.Seconds())),
	}, err
}

func await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// measurePosting tells how long a bill takes once its session is taken up.
func measurePosting(ctx context.Context, t *till) (row, error) {
	n := int(t.size.money.paced.Seconds()) * endsASecond
	t.say("bills: %d a second", endsASecond)
	t.issued = func(ident.SessionID) {}
	sessions, err := t.ends(ctx, t.size.money.bills, n)
	if err != nil {
		return row{}, err
	}
	latencies, err := t.steadily(ctx, n, endsASecond, func(ctx context.Context, i int) error { return t.bills(ctx, sessions[i]) })
	return row{
		figure: figure{name: fmt.Sprintf("bill and post at %d/s, p99", endsASecond), unit: "ms", target: 20},
		value:  millis(latencies.At(990)),
		detail: fmt.Sprintf("%d sessions, open loop: from when one is taken up until its bill, journal and number are on the disk: %s", n, quantiles(latencies)),
	}, err
}

// measureEndToBill tells how long after the end of a session its bill is there, the
// pauses of who follows the log included.
func measureEndToBill(ctx context.Context, t *till) (row, error) {
	n := int(t.size.money.paced.Seconds()) * endsASecond
	t.say("bills: %d a second, through the log", endsASecond)
	var mu sync.Mutex
	ended, billed := map[ident.SessionID]time.Time{}, map[ident.SessionID]time.Time{}
	heard, all := counted(n)
	t.issued = func(id ident.SessionID) {
		now := t.clock.Steady()
		mu.Lock()
		_, mine := ended[id]
		billed[id] = now
		mu.Unlock()
		if mine {
			heard(id)
		}
	}
	err := t.followed(ctx, func(ctx context.Context) error {
		_, err := t.steadily(ctx, n, endsASecond, func(ctx context.Context, i int) error {
			set, id := t.ended(t.size.money.bills + n + i)
			mu.Lock()
			ended[id] = t.clock.Steady()
			mu.Unlock()
			return t.Commit(ctx, set)
		})
		if err != nil {
			return err
		}
		return await(ctx, all)
	})
	var latencies load.Latencies
	for id, at := range ended {
		latencies = append(latencies, billed[id].Sub(at))
	}
	slices.Sort(latencies)
	return row{
		figure: figure{name: fmt.Sprintf("end of a session to its bill at %d/s, p99", endsASecond), unit: "ms"},
		value:  millis(latencies.At(990)),
		detail: fmt.Sprintf("%d sessions, open loop: from when the end is handed to the database; whoever follows the log takes a breath of 0.1 s between two looks: %s",
			n, quantiles(latencies)),
	}, err
}
