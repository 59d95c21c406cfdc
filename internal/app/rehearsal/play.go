package rehearsal

import (
	"context"
	"fmt"
	"io"
	"time"

	"pylon/internal/client"
	"pylon/internal/kernel/clock"
	"pylon/internal/sim/check"
	"pylon/internal/sim/world"
)

// Play says how a plan takes place against a CSMS whose clock is the machine's.
type Play struct {
	Plan  world.Plan
	URL   string         // where the stations connect; see [world.Options]
	Speed int            // of the stations' clock; above 1 they take no time from the CSMS
	API   *client.Client // of a Pylon; nil does not check
	Tell  io.Writer      // how far it has come, now and then
}

const (
	// tellEvery is how often it is said how far a play has come.
	tellEvery = 10 * time.Second
	// answerTerm is what a message may take to be answered.
	answerTerm = 30 * time.Second
	// askTerm bounds what is asked of the API in the end.
	askTerm = 10 * time.Minute
)

// Run plays the plan and, where there is an API, holds against the truth what it
// says. When ctx ends before the plan does, the power fails everywhere, and the
// report is of what was until then.
func (p Play) Run(ctx context.Context) (Report, error) {
	var clk clock.Clock = clock.System{}
	if p.Speed > 1 {
		clk = clock.NewWarped(clk.Now(), p.Speed)
	}
	heard := clock.System{}.Now()
	network := world.Of(p.Plan, world.Options{URL: p.URL, Clock: clk, OwnTime: p.Speed > 1})
	var truth check.Truth
	err := network.Live(ctx, func(ctx context.Context) error {
		began := clk.Now()
		ticks, stop := clock.System{}.Ticker(tellEvery)
		defer stop()
		over := make(chan struct{})
		go func() {
			defer close(over)
			_ = network.Run(ctx) // it only fails with ctx, and then what was until then counts
		}()
		for {
			select {
			case <-ticks:
				p.tell(clk.Now().Sub(began), network.Progress())
				continue
			case <-over:
			}
			truth = check.Truth{
				Sessions: network.Sessions(), Faults: network.Faults(), At: clk.Now(),
				Slack: answerTerm * time.Duration(p.Speed), OwnTime: p.Speed > 1,
			}
			return nil
		}
	})
	report := Played(truth)
	if err != nil || p.API == nil {
		return report, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTerm)
	defer cancel()
	claim, err := Claim(ctx, p.API, p.Plan, heard)
	if err != nil {
		return report, err
	}
	return report.With(check.Compare(truth, claim)), nil
}

func (p Play) tell(since time.Duration, seen world.Progress) {
	// A terminal that has gone away is no reason to stop.
	_, _ = fmt.Fprintf(p.Tell, "%s of %s: %d of %d visits, %d of %d faults\n",
		since.Round(time.Second), p.Plan.Scale.Length, seen.Visits, len(p.Plan.Visits), seen.Faults, len(p.Plan.Faults))
}
