package sim_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pylon/internal/sim"
)

// A day in which everything happens to a station: what the server has heard in the
// end is what the truth says that it must have.
func TestADayWithAllFaults(t *testing.T) {
	for seed := range uint64(6) { // two days in each version
		config := []sim.Config{on16, on201, on21}[seed%3]
		config.Hardware = sim.AC22()
		config.AfterPowerCut = []sim.AfterPowerCut{sim.Stops, sim.Resumes, sim.Forgets}[(seed+seed/3)%3]
		config.StartWhenConnected = seed >= 3
		config.SampleInterval = time.Minute
		config.Seed = seed
		t.Run(fmt.Sprintf("%s/seed %d", config.Version, seed), func(t *testing.T) {
			onRig(t, config, func(t *testing.T, r rig) {
				liveThrough(t, r, rand.New(rand.NewPCG(seed, 7)))
				checkDay(t, r)
			})
		})
	}
}

// liveThrough lets drivers come and faults happen for a day, and waits until both
// are over.
func liveThrough(t *testing.T, r rig, random *rand.Rand) {
	t.Helper()
	var drivers sync.WaitGroup
	until := r.clock.Now().Add(24 * time.Hour)
	for n := 0; r.clock.Now().Before(until); n++ {
		time.Sleep(time.Duration(random.IntN(1200)) * time.Second)
		if random.IntN(3) == 0 {
			f := sim.Faults()[random.IntN(len(sim.Faults()))]
			r.station.Inject(f, time.Duration(1+random.IntN(600))*time.Second)
		}
		visit := sim.Visit{Token: sim.Token{UID: fmt.Sprintf("04%06X", n), Type: "ISO14443"}, Car: car}
		visit.Stay = time.Duration(60+random.IntN(3600)) * time.Second
		drivers.Go(func() { _ = r.station.Charge(r.ctx, visit) })
	}
	drivers.Wait()
	if err := r.station.Online(r.ctx); err != nil {
		t.Fatal(err)
	}
	time.Sleep(15 * time.Minute) // what is held back goes
	settle(t, r)
	synctest.Wait()
}

func checkDay(t *testing.T, r rig) {
	t.Helper()
	stops := map[string][]heard{}
	for _, h := range heardAll(r) {
		if h.event == "Ended" {
			stops[h.id] = append(stops[h.id], h)
		}
	}
	truth := r.station.Truth()
	if len(truth) < 20 {
		t.Errorf("%d sessions, want a day's", len(truth))
	}
	for _, session := range truth {
		if session.Running() {
			t.Errorf("session %s runs for ever", session.TransactionID)
		}
		checkStops(t, session, stops[session.TransactionID])
		if session.Delivered < 0 {
			t.Errorf("session %s: %d Wh", session.TransactionID, session.Delivered)
		}
	}
}

func checkStops(t *testing.T, session sim.Session, stops []heard) {
	t.Helper()
	say := slices.CompactFunc(stops, func(a, b heard) bool { return a.says == b.says }) // one that came again
	switch {
	case session.Unstoppable && len(say) == 0:
	case session.Unstoppable:
		t.Errorf("session %s is unstoppable and was stopped: %+v", session.TransactionID, say)
	case len(say) != 1:
		t.Errorf("session %s: %d stops, want 1; truth: %+v", session.TransactionID, len(say), session)
	case say[0].register >= 0 && say[0].register != int(session.End):
		t.Errorf("session %s ended at %d Wh, in truth at %d", session.TransactionID, say[0].register, session.End)
	}
}
