package world

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/internal/sim"
)

// Options say where and how a plan takes place; all but NetDial and Log are
// needed.
type Options struct {
	URL   string // of the CSMS, "ws://127.0.0.1:8080/ocpp"; a station appends a slash and its identity
	Clock clock.Clock
	Log   *slog.Logger
	// OwnTime: the stations take no time from the CSMS, because its clock is
	// another than theirs.
	OwnTime bool
	// Backoff is how long the stations wait to connect again; see [sim.Backoff].
	Backoff sim.Backoff
	// Patience is how long a station waits for an answer; 0 is as in [sim.Config].
	Patience time.Duration
	// Hand is how long people take for what they do; 0 is as in [sim.Config].
	Hand time.Duration
	// NetDial opens the connections underneath; nil for TCP.
	NetDial func(ctx context.Context, network, address string) (net.Conn, error)
}

// World is a plan that takes place: stations that are switched on, drivers who
// come and go, and what goes wrong.
type World struct {
	plan     Plan
	clock    clock.Clock
	log      *slog.Logger
	stations []*sim.Station

	visits sync.WaitGroup // under way

	mu   sync.Mutex // guards what follows
	seen Progress
}

// Progress is how far a world has come.
type Progress struct {
	Visits  int // that have begun
	Away    int // of them, how many found their place taken
	Refused int // of them, how many were not let charge
	Faults  int // that were injected
}

// stagger is the time between two stations that are switched on, by the machine's
// clock: no CSMS is asked to take all handshakes in one moment.
const stagger = 2 * time.Millisecond

// Of runs the plan: it returns its world, switched off.
func Of(p Plan, o Options) *World {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	w := &World{plan: p, clock: o.Clock, log: o.Log}
	for i := range p.Stations {
		w.stations = append(w.stations, sim.New(p.config(i, o), o.Clock, o.Log))
	}
	return w
}

// config returns the i-th station as the simulator wants it.
func (p *Plan) config(i int, o Options) sim.Config {
	st, shows := &p.Stations[i], sim.NoScreen
	if n := p.Scale.Screens; n > 0 && i%n == 0 {
		shows = sim.ShowsCost
	}
	return sim.Config{
		Endpoint: sim.Endpoint{
			URL: o.URL, Identity: st.Identity, Password: st.Password, Version: st.Version, Compress: st.Compress, NetDial: o.NetDial,
		},
		Hardware:           st.Hardware,
		SampleInterval:     p.Scale.Sampling,
		StartWhenConnected: st.CableFirst,
		AfterPowerCut:      st.AfterPower,
		Quirks:             st.Quirks,
		Screen:             shows,
		Guest:              sim.Visit{Car: p.Drivers[i%len(p.Drivers)].Car, Stay: guestStay / time.Duration(p.Scale.Hurry)},
		OwnTime:            o.OwnTime,
		Backoff:            o.Backoff,
		Patience:           o.Patience,
		Hand:               o.Hand,
		Seed:               st.Seed,
	}
}

// guestStay is how long somebody stays for whom a session was started remotely.
const guestStay = 40 * time.Minute

// Run lets the plan take place once, in stations that are switched on by
// [World.Live]. It begins when all of them are online, or after a while without
// those that are not, and returns when everybody has left and every station has
// said what it had to say about its transactions. When ctx ends before, the error
// is the context's.
func (w *World) Run(ctx context.Context) error {
	w.stand(ctx)
	began := w.clock.Now()
	var faults sync.WaitGroup
	faults.Go(func() { w.disturb(ctx, began) })
	w.receive(ctx, began)
	faults.Wait()
	w.visits.Wait()
	for _, s := range w.stations {
		if err := s.Settled(ctx); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// standTerm is how long a plan waits for its stations, by the machine's clock.
const standTerm = 30 * time.Second

// stand waits until the stations are online.
func (w *World) stand(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, standTerm)
	defer cancel()
	for _, s := range w.stations {
		if err := s.Online(ctx); err != nil {
			w.log.DebugContext(ctx, "the plan begins without a station", "station", s.Identity(), "error", err)
			return
		}
	}
}

// Live switches the stations on, and off when body has ended.
func (w *World) Live(ctx context.Context, body func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() {
		for _, s := range w.stations {
			running.Go(func() { _ = s.Run(ctx) }) // it only ends with ctx
			select {
			case <-clock.System{}.After(stagger):
			case <-ctx.Done():
				return
			}
		}
	})
	return body(ctx)
}

// Again runs the plan, and when it is over runs it once more, until ctx ends. What
// was over long ago is forgotten, so that it can go on for days.
func (w *World) Again(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var forgetting sync.WaitGroup
	defer forgetting.Wait()
	defer cancel()
	forgetting.Go(func() {
		ticks, stop := w.clock.Ticker(remembered)
		defer stop()
		for {
			select {
			case <-ticks:
			case <-ctx.Done():
				return
			}
			for _, s := range w.stations {
				s.Forget(w.clock.Now().Add(-remembered))
			}
		}
	})
	for {
		if err := w.Run(ctx); err != nil {
			return err
		}
	}
}

// remembered is how long a world that runs for ever remembers what is over.
const remembered = time.Hour

// receive lets the drivers come.
func (w *World) receive(ctx context.Context, began time.Time) {
	for i := range w.plan.Visits {
		v := &w.plan.Visits[i]
		if !w.pauseUntil(ctx, began.Add(v.At)) {
			return
		}
		w.note(func(p *Progress) { p.Visits++ })
		w.visits.Go(func() { w.visit(ctx, v) })
	}
}

// visit takes a driver to a station.
func (w *World) visit(ctx context.Context, v *Visit) {
	s := w.stations[v.Station]
	err := s.Charge(ctx, sim.Visit{EVSE: v.EVSE, Token: v.Token, Car: v.Car, Stay: v.Stay})
	switch {
	case err == nil:
		return
	case errors.Is(err, sim.ErrOccupied):
		w.note(func(p *Progress) { p.Away++ })
	case errors.Is(err, sim.ErrRefused):
		w.note(func(p *Progress) { p.Refused++ })
	}
	w.log.DebugContext(ctx, "visit ended early", "station", s.Identity(), "error", err)
}

// disturb lets go wrong what goes wrong.
func (w *World) disturb(ctx context.Context, began time.Time) {
	for _, f := range w.plan.Faults {
		if !w.pauseUntil(ctx, began.Add(f.At)) {
			return
		}
		w.stations[f.Station].Inject(f.Kind, f.For)
		w.note(func(p *Progress) { p.Faults++ })
	}
}

func (w *World) note(change func(*Progress)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.seen)
}

// Progress returns how far the world has come.
func (w *World) Progress() Progress {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}

// Sessions returns the sessions of all stations as they really were, in the order
// in which they began.
func (w *World) Sessions() []sim.Session {
	var all []sim.Session
	for _, s := range w.stations {
		all = append(all, s.Truth()...)
	}
	slices.SortStableFunc(all, func(a, b sim.Session) int {
		return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.Station, b.Station))
	})
	return all
}

// Faults returns what went wrong at all stations, in its order.
func (w *World) Faults() []sim.Injected {
	var all []sim.Injected
	for _, s := range w.stations {
		all = append(all, s.Faults()...)
	}
	slices.SortStableFunc(all, func(a, b sim.Injected) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Station, b.Station))
	})
	return all
}

// Station returns the station with the identity, and nil when there is none.
func (w *World) Station(identity string) *sim.Station {
	for _, s := range w.stations {
		if s.Identity() == identity {
			return s
		}
	}
	return nil
}

func (w *World) pauseUntil(ctx context.Context, at time.Time) bool {
	d := at.Sub(w.clock.Now())
	if d <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-w.clock.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
