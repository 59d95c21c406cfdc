package hardcases

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"pylon/internal/sim"
)

// stay is how long a driver lets his car charge where nothing needs more.
const stay = 2 * time.Minute

// inject returns what makes a fault happen in the middle of a charge.
func inject(fault sim.Fault, d time.Duration) func(*simulated) {
	return func(s *simulated) { s.Inject(fault, d) }
}

// before makes a fault happen at all stations.
func (f *field) before(fault sim.Fault, d time.Duration) {
	for _, s := range f.stations {
		s.Inject(fault, d)
	}
}

func TestNothingWrong(t *testing.T) {
	f := played(t, nil)
	f.charge(stay, nil)
	f.sessions(verdict{})
	f.findings()
}

func TestStartAnswerLost(t *testing.T) {
	f := played(t, nil)
	f.before(sim.LostAnswer, 0)
	f.charge(stay, nil)
	f.sessions(verdict{})
	f.findings()
}

func TestOfflineOutOfOrder(t *testing.T) {
	f := played(t, nil)
	f.charge(stay, nil) // so that the stations know their driver
	f.before(sim.ShuffledQueue, 0)
	f.before(sim.LinkCut, 10*time.Minute)
	f.charge(stay, nil)
	f.sessions(verdict{})
	for _, s := range f.stations { // which doubts there were in between depends on the order
		if slices.ContainsFunc(f.found(s), func(x string) bool { return x[len(x)-4:] == "open" }) {
			t.Errorf("%s: %q, want none open", s.Identity(), f.found(s))
		}
	}
}

func TestBootOvertakesStop(t *testing.T) {
	f := played(t, nil)
	f.before(sim.OvertakenStop, time.Minute)
	f.charge(stay, nil)
	f.sessions(verdict{})
	f.findings("stop_missing resolved")
}

func TestStopUnknown(t *testing.T) {
	f := played(t, nil)
	f.before(sim.UnknownStop, 0)
	for _, s := range f.stations {
		f.await("the finding", func() bool { return slices.Contains(f.found(s), "transaction_unknown open") })
		if got := f.of(s); len(got) != 1 || got[0].EndedAt.IsZero() {
			t.Errorf("%s: %v, want one session, ended", s.Identity(), got)
		}
	}
}

func TestStartOnRunning(t *testing.T) {
	f := played(t, nil)
	f.charge(stay, inject(sim.DoubleStart, 0))
	f.sessions(verdict{endedBy: []string{"replacement"}, energy: flows})
	f.findings("transaction_replaced open")
}

func TestMeterBackwards(t *testing.T) {
	f := played(t, nil)
	f.charge(stay, inject(sim.MeterBackwards, 0))
	f.sessions(verdict{energy: 250 + flows}) // what the register lost is lost
	f.findings("meter_backwards open")
}

func TestMeterReset(t *testing.T) {
	f := played(t, nil)
	f.charge(stay, inject(sim.MeterReset, 0))
	f.sessions(verdict{energy: flows})
	f.findings("meter_backwards resolved", "meter_reset open") // it fell, and that it began again explains it
}

func TestMeterJumpThatStays(t *testing.T) {
	f := played(t, nil)
	f.charge(stay, inject(sim.MeterJump, 0))
	f.sessions(verdict{energy: flows})
	f.findings("meter_jumped open")
}

func TestMeterSilent(t *testing.T) {
	f := played(t, nil)
	silent := make(chan struct{}, len(f.stations))
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.charge(90*time.Minute, func(s *simulated) {
			s.Inject(sim.MeterSilent, time.Hour)
			silent <- struct{}{}
		})
	}()
	for range f.stations {
		<-silent
	}
	f.passUntil(50*time.Minute, "meter_silent", "open")
	f.pass(time.Hour)
	<-done
	f.sessions(verdict{})
	f.findings("meter_silent resolved")
}

func TestClock1970(t *testing.T) {
	f := played(t, nil)
	f.before(sim.ClockWrong, time.Unix(0, 0).Sub(begins()))
	f.charge(stay, nil)
	f.sessions(verdict{})
	f.findings("clock_wrong open")
}

func TestClockAhead(t *testing.T) {
	f := played(t, nil)
	f.before(sim.ClockWrong, 24*time.Hour)
	f.charge(stay, nil)
	f.sessions(verdict{})
	f.findings("clock_wrong open")
}

func TestClockSetInSession(t *testing.T) {
	f := played(t, nil)
	f.before(sim.ClockWrong, time.Unix(0, 0).Sub(begins()))
	f.charge(stay, inject(sim.ClockSet, 0))
	f.sessions(verdict{})
	f.findings("clock_changed open", "clock_wrong resolved")
}

func TestDiesAndResumes(t *testing.T) {
	f := played(t, func(c *sim.Config) { c.AfterPowerCut = sim.Resumes })
	f.charge(5*time.Minute, inject(sim.PowerCut, 2*time.Minute))
	f.sessions(verdict{})
	f.findings("stop_missing resolved")
}

func TestDiesAndForgets(t *testing.T) {
	f := played(t, func(c *sim.Config) { c.AfterPowerCut = sim.Forgets })
	f.charge(stay, inject(sim.PowerCut, 2*time.Minute))
	f.passUntil(time.Hour, "closed_from_evidence", "open")
	f.sessions(verdict{endedBy: []string{"evidence"}, energy: flows})
}

func TestStationSwapped(t *testing.T) {
	f := played(t, nil)
	f.charge(stay, inject(sim.Swapped, time.Minute))
	f.passUntil(time.Hour, "closed_from_evidence", "open")
	f.charge(stay, nil)
	f.sessions(verdict{endedBy: []string{"evidence"}, energy: flows})
	for _, s := range f.stations {
		if !slices.Contains(f.found(s), "station_replaced open") {
			t.Errorf("%s: %q, want station_replaced", s.Identity(), f.found(s))
		}
	}
}

func TestSequenceGap(t *testing.T) {
	f := played(t, nil).only2()
	f.charge(stay, inject(sim.SkippedSeqNo, 0))
	f.sessions(verdict{})
	f.findings("sequence_gap open")
}

func TestTwoTokens(t *testing.T) {
	f := played(t, nil).only2() // in 1.6 only a stop can name another
	f.charge(stay, inject(sim.SecondToken, 0))
	f.sessions(verdict{})
	f.findings("tokens_differ open")
}

func TestTokenLowerCase(t *testing.T) {
	f := played(t, nil)
	f.before(sim.LowerCaseTokens, 0)
	f.charge(stay, nil)
	f.sessions(verdict{})
	f.findings()
}

func TestTokenReversed(t *testing.T) {
	f := played(t, nil)
	f.before(sim.ReversedTokens, 0)
	f.each(func(ctx context.Context, s *simulated) error {
		if err := s.visit(ctx, stay, nil); !errors.Is(err, sim.ErrRefused) {
			return errors.New("a card that nobody knows so was not refused")
		}
		return nil
	})
	f.findings("token_reversed open")
}

func TestIdleEnergy(t *testing.T) {
	f := played(t, nil)
	f.charge(stay, nil)
	f.before(sim.IdleEnergy, 20*time.Minute)
	f.pass(30 * time.Minute)
	f.charge(stay, nil)
	f.sessions(verdict{})
	f.findings("energy_unaccounted open")
}

func TestStatusStorm(t *testing.T) {
	f := played(t, nil)
	f.before(sim.StatusStorm, 2*time.Minute)
	for _, s := range f.stations {
		f.await("the storm", func() bool { return slices.Contains(f.found(s), "status_storm open") })
	}
	f.passUntil(2*time.Hour, "status_storm", "resolved")
	f.charge(stay, nil)
	f.sessions(verdict{})
	f.findings("status_storm resolved")
}

func TestAcceptedDoesNothing(t *testing.T) {
	f := played(t, nil)
	f.before(sim.DeafCommands, 0)
	f.command(map[string]any{"type": "reset", "hard": true})
	for _, s := range f.stations {
		f.await("the answer", func() bool { return f.commands(s)[0].State == "accepted" })
	}
	f.passUntil(time.Hour, "command_ignored", "open")
	for _, s := range f.stations {
		if got := f.commands(s); len(got) != 1 || got[0].State != "timed_out" {
			t.Errorf("%s: %+v, want one command, timed out", s.Identity(), got)
		}
	}
}

func TestEvidenceFreeConnector(t *testing.T) {
	f := played(t, nil)
	f.before(sim.LostStop, 0)
	f.charge(stay, nil)
	f.passUntil(time.Hour, "closed_from_evidence", "open")
	f.sessions(verdict{endedBy: []string{"evidence"}, energy: flows})
}

func TestEvidenceLastRegister(t *testing.T) {
	f := played(t, nil)
	f.each(func(ctx context.Context, s *simulated) error {
		return s.visit(ctx, stay, inject(sim.LinkCut, 2000*time.Hour))
	})
	f.clock.Skip(73 * time.Hour)
	for _, s := range f.stations {
		f.await("its end", func() bool { return slices.Contains(f.found(s), "closed_from_evidence open") })
	}
	f.sessions(verdict{endedBy: []string{"evidence"}, energy: 1_000, untimed: true})
}

func TestEvidenceCorrected(t *testing.T) {
	f := played(t, nil)
	f.before(sim.OvertakenStop, time.Hour)
	f.each(func(ctx context.Context, s *simulated) error { return s.visit(ctx, stay, nil) })
	f.passUntil(2*time.Hour, "closed_from_evidence", "open")
	f.passUntil(4*time.Hour, "closed_from_evidence", "resolved")
	f.sessions(verdict{})
	f.findings("closed_from_evidence resolved", "stop_missing resolved")
}
