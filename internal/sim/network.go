package sim

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/unit"
	"pylon/internal/wire/ocppj"
)

// NetworkConfig says what a simulated network is. Two networks of the same
// configuration have the same stations, passwords and tokens.
type NetworkConfig struct {
	URL            string // of the server, "ws://127.0.0.1:8080/ocpp"
	Seed           uint64
	Stations       int           // half of them each OCPP version
	Drivers        int           // each has one token; default twice the stations
	Arrival        time.Duration // mean time between two drivers who come, in the whole network
	Stay           time.Duration // mean time a driver charges
	SampleInterval time.Duration // between meter samples, whole seconds
	Strangers      int           // of 1000 arrivals, how many have a token that nobody knows
	Outage         time.Duration // mean time between two lost connections in the whole network; 0 for none
	Backoff        Backoff
	// NetDial opens the connections underneath; nil for TCP.
	NetDial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Demo returns the network of the demonstration: 20 stations where something
// happens every few seconds. A session is live two seconds after they connected.
func Demo(url string, seed uint64) NetworkConfig {
	return NetworkConfig{
		URL:            url,
		Seed:           seed,
		Stations:       20,
		Drivers:        60,
		Arrival:        8 * time.Second,
		Stay:           3 * time.Minute,
		SampleInterval: 5 * time.Second,
		Strangers:      30,
		Outage:         2 * time.Minute,
	}
}

const (
	// opening is the time between the first arrivals: a network that was just
	// switched on fills quickly, until a fifth of its stations are busy.
	opening = 700 * time.Millisecond
	// stagger is the time between two stations that are switched on.
	stagger = 20 * time.Millisecond
	// passwordLength fits the basic passwords of all versions, 16 to 20 bytes in 1.6.
	passwordLength = 20
)

// Credentials are what a server must know of a station.
type Credentials struct {
	Identity string
	Password string
	Version  ocppj.Version
}

// Network is a network of stations with drivers who come and go.
type Network struct {
	config   NetworkConfig
	clock    clock.Clock
	log      *slog.Logger
	stations []*Station
	logins   []Credentials
	drivers  []*driver

	rand *rand.Rand // of the goroutine in Run
}

// driver is a person with a token and a car.
type driver struct {
	token Token
	car   Car

	mu   sync.Mutex // guards away
	away bool       // at a station, or on the way home
}

// NewNetwork returns a network whose stations are switched off.
func NewNetwork(c NetworkConfig, clk clock.Clock, log *slog.Logger) *Network {
	if c.Drivers == 0 {
		c.Drivers = 2 * c.Stations
	}
	n := &Network{config: c, clock: clk, log: log, rand: rand.New(rand.NewPCG(c.Seed, 0))}
	for i := range c.Stations {
		config := n.stationConfig(i)
		n.logins = append(n.logins, Credentials{Identity: config.Identity, Password: config.Password, Version: config.Version})
		n.stations = append(n.stations, New(config, clk, log))
	}
	for range c.Drivers {
		n.drivers = append(n.drivers, &driver{token: n.newToken(), car: n.newCar()})
	}
	return n
}

// stationConfig returns the i-th station: of ten stations five are wall boxes,
// three are posts and two are fast chargers, in both versions alike.
func (n *Network) stationConfig(i int) Config {
	versions := []ocppj.Version{ocppj.V16, ocppj.V201}
	kinds := []func() Hardware{AC11, AC22, DC150, AC11, AC22, AC11, DC150, AC22, AC11, AC11}
	c := Config{
		Endpoint: Endpoint{
			URL:      n.config.URL,
			Identity: fmt.Sprintf("SIM-%04d", i+1),
			Password: n.text("abcdefghijkmnpqrstuvwxyz23456789", passwordLength),
			Version:  versions[i%len(versions)],
			NetDial:  n.config.NetDial,
		},
		Hardware:           kinds[i/len(versions)%len(kinds)](),
		SampleInterval:     n.config.SampleInterval,
		StartWhenConnected: i%8 == 3,
		Backoff:            n.config.Backoff,
		Seed:               n.rand.Uint64(),
	}
	c.Compress = c.Version != ocppj.V16 && i%4 == 1
	c.Guest = Visit{Car: n.newCar(), Stay: n.config.Stay}
	c.Guest.Car.Charge, c.Guest.Car.Target = 300, 900
	return c
}

func (n *Network) text(alphabet string, length int) string {
	var b strings.Builder
	for range length {
		b.WriteByte(alphabet[n.rand.IntN(len(alphabet))])
	}
	return b.String()
}

// newToken draws a card: the 7 bytes of its chip in hex.
func (n *Network) newToken() Token {
	return Token{UID: "04" + n.text("0123456789ABCDEF", 12), Type: "ISO14443"}
}

func (n *Network) newCar() Car {
	models := []Car{
		{Phases: 3, MaxCurrent: 16_000, MaxPower: 130_000, Battery: 77_000},
		{Phases: 3, MaxCurrent: 32_000, MaxPower: 100_000, Battery: 52_000},
		{Phases: 3, MaxCurrent: 16_000, MaxPower: 170_000, Battery: 58_000},
		{Phases: 1, MaxCurrent: 32_000, MaxPower: 46_000, Battery: 39_000},
		{Phases: 1, MaxCurrent: 16_000, MaxPower: 50_000, Battery: 10_000},
	}
	return models[n.rand.IntN(len(models))]
}

// Stations returns who must be let in.
func (n *Network) Stations() []Credentials { return slices.Clone(n.logins) }

// Station returns the station with the identity, and nil when there is none.
func (n *Network) Station(identity string) *Station {
	for _, s := range n.stations {
		if s.Identity() == identity {
			return s
		}
	}
	return nil
}

// Tokens returns the tokens that must be known for the drivers to charge.
func (n *Network) Tokens() []Token {
	tokens := make([]Token, len(n.drivers))
	for i, d := range n.drivers {
		tokens[i] = d.token
	}
	return tokens
}

// Truth returns the sessions of all stations as they really were, in the order
// they began.
func (n *Network) Truth() []Session {
	var all []Session
	for _, s := range n.stations {
		all = append(all, s.Truth()...)
	}
	slices.SortStableFunc(all, func(a, b Session) int {
		return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.Station, b.Station))
	})
	return all
}

// Run switches the stations on and lets drivers come, until ctx ends. Then the
// power fails everywhere.
func (n *Network) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { n.switchOn(ctx, &running) })
	if n.config.Outage > 0 {
		disturb := rand.New(rand.NewPCG(n.config.Seed, 1))
		running.Go(func() { n.disturb(ctx, disturb) })
	}
	n.receive(ctx, &running)
	return context.Cause(ctx)
}

func (n *Network) switchOn(ctx context.Context, running *sync.WaitGroup) {
	for _, s := range n.stations {
		running.Go(func() { _ = s.Run(ctx) }) // it only ever ends with ctx
		if !n.pause(ctx, stagger) {
			return
		}
	}
}

// receive lets drivers come: a few soon, then at random.
func (n *Network) receive(ctx context.Context, running *sync.WaitGroup) {
	early := max(n.config.Stations/5, 2)
	for arrivals := 0; ; arrivals++ {
		wait := exponential(n.rand, n.config.Arrival)
		if arrivals < early {
			wait = min(opening, n.config.Arrival)
		}
		if !n.pause(ctx, wait) {
			return
		}
		version := ocppj.Version(0) // whichever
		if arrivals < 2 {
			version = []ocppj.Version{ocppj.V16, ocppj.V201}[arrivals]
		}
		s := n.findPlace(version)
		if s == nil {
			if arrivals < early {
				arrivals-- // the stations are not there yet
			}
			continue
		}
		d := n.findDriver()
		if d == nil {
			continue
		}
		trip := n.trip(d)
		running.Go(func() { n.visit(ctx, s, d, trip) })
	}
}

// findPlace returns a station with a free EVSE; nil when there is none.
func (n *Network) findPlace(version ocppj.Version) *Station {
	first := n.rand.IntN(max(len(n.stations), 1))
	for i := range n.stations {
		s := n.stations[(first+i)%len(n.stations)]
		if (version == 0 || s.Version() == version) && s.Free() {
			return s
		}
	}
	return nil
}

// findDriver returns a driver who is at home; nil when nobody is.
func (n *Network) findDriver() *driver {
	first := n.rand.IntN(len(n.drivers))
	for i := range n.drivers {
		d := n.drivers[(first+i)%len(n.drivers)]
		if d.leave() {
			return d
		}
	}
	return nil
}

func (d *driver) leave() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := !d.away
	d.away = true
	return left
}

func (d *driver) comeHome() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.away = false
}

// trip draws how a driver comes. Some cars have had enough before they are fetched.
func (n *Network) trip(d *driver) Visit {
	v := Visit{Token: d.token, Car: d.car}
	v.Stay = min(max(exponential(n.rand, n.config.Stay), n.config.Stay/4), 3*n.config.Stay)
	v.Car.Charge = 100 + 10*unit.Permille(n.rand.IntN(60))
	v.Car.Target = 950
	if n.rand.IntN(4) == 0 {
		v.Car.Target = v.Car.Charge + 5
	}
	if n.rand.IntN(1000) < n.config.Strangers {
		v.Token = n.newToken()
	}
	return v
}

func (n *Network) visit(ctx context.Context, s *Station, d *driver, v Visit) {
	defer d.comeHome()
	if err := s.Charge(ctx, v); err != nil && ctx.Err() == nil {
		n.log.DebugContext(ctx, "visit ended early", "station", s.Identity(), "error", err)
	}
}

// disturb cuts connections at random.
func (n *Network) disturb(ctx context.Context, r *rand.Rand) {
	for n.pause(ctx, exponential(r, n.config.Outage)) {
		n.stations[r.IntN(len(n.stations))].Drop()
	}
}

// exponential draws the time until the next of events that come independently
// of one another, as drivers do.
func exponential(r *rand.Rand, mean time.Duration) time.Duration {
	return time.Duration(r.ExpFloat64() * float64(mean)) // a draw, no quantity
}

func (n *Network) pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-n.clock.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
