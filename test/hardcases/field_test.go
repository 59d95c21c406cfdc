package hardcases

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pylon/internal/client"
	"pylon/internal/kernel/clock"
	"pylon/internal/sim"
	"pylon/internal/wire/ocppj"
)

const (
	// hurry is how much faster than the machine's the clock of simulated stations
	// runs: a time-out of half a minute is half a second, which a busy machine keeps.
	hurry = 60
	// hop is a step in which a test passes time that nobody needs: shorter than makes
	// a socket count as silent.
	hop = 20 * time.Second
	// breath is how long a hop waits for stations that have something to say.
	breath = 50 * time.Millisecond
	// near is how far a session's times may be from the truth: people's hands, the
	// network and a busy machine lie between.
	near = time.Minute
	// flows is the energy that may flow between a reading and what happens after it,
	// in Wh: 11 kW for a sample interval, and what a busy machine adds.
	flows = 100
)

// field is the whole program with one simulated station of each version.
type field struct {
	*world
	stations []*simulated
}

// simulated is a station, and its driver.
type simulated struct {
	*sim.Station
	token sim.Token
}

// played returns a field whose stations are set up by change, and are online. The
// test runs beside others: nearly all that it does is wait.
func played(t *testing.T, change func(*sim.Config)) *field {
	t.Helper()
	t.Parallel()
	f := &field{world: opened(t, clock.NewWarped(begins(), hurry))}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	for i, v := range []ocppj.Version{ocppj.V16, ocppj.V201, ocppj.V21} {
		identity := "SIM-" + strings.TrimPrefix(v.Subprotocol(), "ocpp")
		c := sim.Config{
			Endpoint: sim.Endpoint{URL: strings.Replace(f.node.URL(), "http", "ws", 1) + "/ocpp", Identity: identity, Version: v},
			Hardware: sim.AC11(), Seed: uint64(i) + 1, Hand: 2 * time.Second,
		}
		if change != nil {
			change(&c)
		}
		if _, err := f.api.CreateStation(t.Context(), map[string]any{"station_id": identity, "automation": "off"}); err != nil {
			t.Fatal(err)
		}
		s := &simulated{sim.New(c, f.clock, slog.New(slog.DiscardHandler)), sim.Token{UID: fmt.Sprintf("04A1B2C%d", i), Type: "ISO14443"}}
		if _, err := f.api.CreateToken(t.Context(), map[string]any{"uid": s.token.UID, "type": s.token.Type}); err != nil {
			t.Fatal(err)
		}
		running.Go(func() { _ = s.Run(ctx) }) // it only ends with ctx
		f.stations = append(f.stations, s)
	}
	f.each(func(ctx context.Context, s *simulated) error { return s.Online(ctx) })
	return f
}

// each does something with all stations at once.
func (f *field) each(do func(context.Context, *simulated) error) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 2*patience)
	defer cancel()
	errs := make([]error, len(f.stations))
	var all sync.WaitGroup
	for i, s := range f.stations {
		all.Go(func() {
			if err := do(ctx, s); err != nil {
				errs[i] = fmt.Errorf("%s: %w", s.Identity(), err)
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		f.t.Fatal(err)
	}
}

// charge lets the drivers charge for a while, and does something in the middle
// of it. It returns when they have left and all is said that can be said.
func (f *field) charge(stay time.Duration, during func(*simulated)) {
	f.t.Helper()
	f.each(func(ctx context.Context, s *simulated) error {
		if err := s.visit(ctx, stay, during); err != nil {
			return err
		}
		return s.Settled(ctx)
	})
}

// visit is one driver's.
func (s *simulated) visit(ctx context.Context, stay time.Duration, during func(*simulated)) error {
	before := len(s.Truth())
	left := make(chan error, 1)
	go func() {
		left <- s.Charge(ctx, sim.Visit{
			Token: s.token, Stay: stay,
			Car: sim.Car{Phases: 3, MaxCurrent: 16_000, MaxPower: 11_000, Battery: 60_000, Charge: 100, Target: 900},
		})
	}()
	for during != nil {
		if all := s.Truth(); len(all) > before && sampled(all[len(all)-1]) {
			during(s)
			break
		}
		select {
		case err := <-left:
			return fmt.Errorf("the driver left before anything happened: %w", err)
		case <-time.After(look):
		}
	}
	return <-left
}

// sampled reports whether a session has told a reading beyond its start.
func sampled(s sim.Session) bool {
	n := 0
	for _, m := range s.Messages {
		if m.Acknowledged {
			n++
		}
	}
	return n >= 3
}

// pass lets time pass for everybody.
func (f *field) pass(d time.Duration) {
	for ; d > 0; d -= hop {
		f.clock.Skip(min(d, hop))
		f.breathe()
	}
}

// breathe gives those whom a hop has woken their turn: the program answers, and
// stations that are online have said what they have to say.
func (f *field) breathe() {
	f.try(http.MethodGet, "/readyz", "")
	ctx, cancel := context.WithTimeout(f.t.Context(), breath)
	defer cancel()
	for _, s := range f.stations {
		_ = s.Settled(ctx) // one that is offline has to wait
	}
}

// passUntil lets time pass until a kind of finding has a state, at each station
// that counts; in steps, for so long at most. A server on a busy machine may not
// have done by then what was due: then it gets some time of ours, too.
func (f *field) passUntil(most time.Duration, code, state string, of ...*simulated) {
	f.t.Helper()
	if of == nil {
		of = f.stations
	}
	has := func(s *simulated) bool { return slices.Contains(f.found(s), code+" "+state) }
	for passed := time.Duration(0); ; passed += time.Minute {
		missing := slices.IndexFunc(of, func(s *simulated) bool { return !has(s) })
		if missing < 0 {
			return
		}
		if passed > most {
			s := of[missing]
			f.await(fmt.Sprintf("finding %s %s at %s within %s", code, state, s.Identity(), most), func() bool { return has(s) })
			continue
		}
		f.pass(time.Minute)
	}
}

// found returns the findings about a station, as "code open" or "code
// resolved", each once, in order.
func (f *field) found(s *simulated) []string {
	f.t.Helper()
	var page struct {
		Data []finding `json:"data"`
	}
	f.get("/api/v1/stations/"+s.Identity()+"/findings?limit=100", &page)
	var all []string
	for _, x := range page.Data {
		state := " open"
		if !x.ResolvedAt.IsZero() {
			state = " resolved"
		}
		all = append(all, x.Code+state)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// findings holds what is found about each station against what it should be.
func (f *field) findings(want ...string) {
	f.t.Helper()
	for _, s := range f.stations {
		if got := f.found(s); !slices.Equal(got, want) {
			f.t.Errorf("%s: findings %q, want %q; what was done to it: %+v", s.Identity(), got, want, s.Faults())
		}
	}
}

// verdict is what a test lets pass where Pylon cannot know the truth.
type verdict struct {
	endedBy []string // of each session; those that are left out ended by their station's word
	energy  int64    // how far it may be below the truth, in Wh
	untimed bool     // the end cannot be known
}

// sessions holds Pylon's sessions against the truth: as many, each for the same
// driver, at the same time, with the same energy.
func (f *field) sessions(v verdict) {
	f.t.Helper()
	for _, s := range f.stations {
		truth, got := s.Truth(), f.of(s)
		if len(got) != len(truth) {
			f.t.Errorf("%s: %d sessions, want %d:\n%v\n%+v", s.Identity(), len(got), len(truth), got, truth)
			continue
		}
		for i := range truth {
			if wrong := v.differs(i, got[i], truth[i]); wrong != "" {
				f.t.Errorf("%s: session %d: %s:\n%s\n%+v", s.Identity(), i, wrong, got[i], truth[i])
			}
		}
	}
}

// of returns Pylon's sessions of a station, as they began.
func (f *field) of(s *simulated) []session {
	f.t.Helper()
	var page struct {
		Data []session `json:"data"`
	}
	f.get("/api/v1/sessions?limit=100&sort=started_at&station_id="+s.Identity(), &page)
	return page.Data
}

func (v verdict) differs(i int, got session, truth sim.Session) string {
	endedBy := "station"
	if i < len(v.endedBy) {
		endedBy = v.endedBy[i]
	}
	energy := int64(truth.Energy())
	switch {
	case got.Status != "completed":
		return "it is not completed"
	case got.EndedBy == nil || *got.EndedBy != endedBy:
		return "not ended by " + endedBy
	case got.TokenUID == nil || *got.TokenUID != truth.Token:
		return "another driver"
	case got.StartedAt.Sub(truth.TrueBegan).Abs() > near:
		return "another begin"
	case !v.untimed && got.EndedAt.Sub(truth.TrueEnded).Abs() > near:
		return "another end"
	case got.EnergyWh > energy || got.EnergyWh < energy-v.energy:
		return fmt.Sprintf("%d Wh, want %d, or %d less", got.EnergyWh, energy, v.energy)
	}
	return ""
}

// command asks each station for something.
func (f *field) command(fields map[string]any) {
	f.t.Helper()
	for _, s := range f.stations {
		if _, err := f.api.Command(f.t.Context(), s.Identity(), fields, 0); err != nil {
			f.t.Fatal(err)
		}
	}
}

// only2 returns the field without the 1.6 station.
func (f *field) only2() *field {
	two := *f
	two.stations = slices.DeleteFunc(slices.Clone(f.stations), func(s *simulated) bool { return s.Version() == ocppj.V16 })
	return &two
}

// commands returns the commands of a station.
func (f *field) commands(s *simulated) []client.Command {
	f.t.Helper()
	page, err := f.api.Commands(f.t.Context(), client.Query{"station_id": s.Identity()})
	if err != nil {
		f.t.Fatal(err)
	}
	return page.Data
}
