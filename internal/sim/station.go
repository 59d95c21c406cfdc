// Package sim simulates charging stations, cars and drivers over real
// WebSockets, in OCPP 1.6J, 2.0.1 and 2.1.
//
// A [Link] is one connection, for those who want to say exactly what goes over
// it. A [Station] is a whole station behind it: it boots, keeps a clock of its own,
// has a configuration that it obeys, answers what a server asks, charges cars
// within charging profiles, queues what it has to say about transactions while it
// is offline, and reconnects. It can be made to fail ([Fault]). It remembers what
// really happened ([Session], [Injected]), so that a test can hold it against what a
// server believes.
//
// All chance comes from a seed. Time comes from a clock; sockets take theirs.
package sim

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/unit"
	"pylon/internal/sim/profile"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

const (
	// dialTimeout is how long a station waits for a connection.
	dialTimeout = 10 * time.Second
	// bootRetry is how long it waits to boot again when the server gave no interval.
	bootRetry = 30 * time.Second
	// reportItemsMax is how many variables go into one message about them.
	reportItemsMax = 10
)

// Config says what a station is. Zero durations stand for their defaults.
type Config struct {
	Endpoint
	Hardware           Hardware
	SampleInterval     time.Duration // between meter samples of a transaction, whole seconds; default 10 s
	StartWhenConnected bool          // 2.x: a transaction begins with the cable, before anyone is authorised
	Serial             string        // number on the case; drawn from the seed by default
	Firmware           string        // version; default "1.0.0"
	SecurityProfile    int           // 0 to 3, as the station reports it; the URL says what it does
	ClockSkew          time.Duration // how far its clock is ahead until the server has told it the time
	OwnTime            bool          // it takes its time from elsewhere, and none from the server
	AfterPowerCut      AfterPowerCut // what becomes of a transaction in a [PowerCut]
	Quirks             Quirks
	Screen             Screen        // what it shows of prices; default nothing
	Guest              Visit         // who comes when a session is started remotely; by default a car that stays 5 minutes
	Hand               time.Duration // how long people take for what they do: plugging in, holding up a card; default 1 s
	Backoff            Backoff
	Patience           time.Duration // how long it waits for an answer before it takes the connection for dead; default 30 s
	Seed               uint64

	meterKeys []string // of each EVSE, as they are sent; nil when meters do not sign
}

// AfterPowerCut is what a station does about a transaction that its power was cut in.
type AfterPowerCut int

// What stations do after a power cut.
const (
	Stops   AfterPowerCut = iota // it says that the transaction ended when the power went
	Resumes                      // it goes on as if nothing had been
	Forgets                      // it never speaks of it again
)

// Quirks are what a station always does in its own way. Faults come and go.
type Quirks struct {
	LowerCaseTokens bool // tokens leave in lower case
	ReversedTokens  bool // tokens leave with their bytes in reverse
	KiloWattHours   bool // samples are in kWh with three digits, not in Wh
	SamplesAtStop   bool // 1.6: samples come as transactionData of the stop, not while it charges
	BootsAlways     bool // every reconnect begins with a boot
	StatusByEvent   bool // 2.x: the status of connectors comes as NotifyEvent
	SignedMeters    bool // meters sign the begin and the end of transactions; 1.6 sends both with the stop
}

// Backoff says how long a station waits before it dials again: Wait after a
// connection was lost, twice as long after each failure up to Doublings times,
// and each time up to Random more. Source: OCPP 2.1 part 4 section 5.4.
type Backoff struct {
	Wait      time.Duration // default 1 s
	Random    time.Duration // default 1 s
	Doublings int           // default 5
}

// Station is one simulated charging station. Its methods may be called from any
// goroutine.
type Station struct {
	config Config
	clock  clock.Clock // the true one
	log    *slog.Logger
	visits sync.WaitGroup // those that nobody waits for

	mu       sync.Mutex // guards what follows
	changed  chan struct{}
	rand     *rand.Rand
	speak    dialect
	settings settings
	tokens   tokens
	profiles *profile.Set
	outbox   outbox
	evses    []*evse
	sessions []*Session
	link     *Link // nil while offline
	accepted bool  // by the server's answer to a boot
	rejected bool  // likewise
	bootWhy  bootReason
	bootAt   time.Time     // not to boot before
	beatAt   time.Time     // of the last heartbeat
	pingAt   time.Time     // of the last ping
	alignAt  time.Time     // of the next clock-aligned reading, by the true clock; zero until it is known
	skew     time.Duration // how far the station's clock is ahead of the true one
	took     time.Duration // for the last answer to come
	calls    uint64        // made so far, for their ids
	serial   uint64        // of transactions, for their ids
	swaps    uint64        // how often another took the place
	pulling  int           // the dynamic profile that was asked about last

	certificates []certificate
	updating     *update         // nil when no firmware is on its way
	uploading    *upload         // nil when no log is
	networks     map[int]network // that were set, by slot

	offlineSince time.Time // by the station's clock, when there is no link
	restingTo    time.Time // not to dial before: the station restarts, or there is no network
	darkUntil    time.Time // the power is cut

	connections []Connection // all that there were
	showed      []Shown      // on its screen

	injected  []*struck
	armed     []armed
	under     map[Fault]int // how many of a kind last
	astray    bool          // the clock is wrong and is not set
	overtaken *evse         // whose stop is held back, until a boot and for holdFor after it
	holdFor   time.Duration
}

// network is a way to connect.
type network struct {
	url, password   string // "" leaves the password as it is
	securityProfile int
}

// registration is the server's answer to a boot; "" until there is one.
type registration string

const (
	registrationAccepted registration = "Accepted"
	registrationRejected registration = "Rejected"
)

// bootReason says why a station boots, in the words of OCPP 2.x.
type bootReason string

const (
	bootPowerUp     bootReason = "PowerUp"
	bootRemoteReset bootReason = "RemoteReset"
	bootTriggered   bootReason = "Triggered"
	bootFirmware    bootReason = "FirmwareUpdate"
)

// New returns a station that is switched off.
func New(c Config, clk clock.Clock, log *slog.Logger) *Station {
	c = c.withDefaults()
	s := &Station{
		config:   c,
		clock:    clk,
		log:      log.With("station", c.Identity),
		changed:  make(chan struct{}),
		rand:     rand.New(rand.NewPCG(c.Seed, uint64(len(c.Identity)))),
		settings: newSettings(c),
		outbox:   outbox{wake: make(chan struct{}, 1)},
		skew:     c.ClockSkew,
		bootWhy:  bootPowerUp,
	}
	s.profiles = s.newProfiles()
	now := clk.Now()
	for id := 1; id <= c.Hardware.EVSEs; id++ {
		e := &evse{id: id, operative: true, meter: newMeter(s.registerAt(now), now)}
		if c.Quirks.SignedMeters {
			e.meter.signer = newSigner(c, id)
		}
		s.evses = append(s.evses, e)
	}
	s.speak = dialectOf(s)
	return s
}

func (s *Station) newProfiles() *profile.Set { return profile.New(s.config.rules()) }

func (c Config) withDefaults() Config {
	c.SampleInterval = orDefault(c.SampleInterval, 10*time.Second)
	c.Hand = orDefault(c.Hand, time.Second)
	c.Patience = orDefault(c.Patience, 30*time.Second)
	c.Backoff.Wait = orDefault(c.Backoff.Wait, time.Second)
	c.Backoff.Random = orDefault(c.Backoff.Random, time.Second)
	if c.Backoff.Doublings == 0 {
		c.Backoff.Doublings = 5
	}
	if c.Serial == "" {
		c.Serial = drawnSerial(c.Seed, 0)
	}
	if c.Firmware == "" {
		c.Firmware = "1.0.0"
	}
	if c.Quirks.SignedMeters {
		for id := 1; id <= c.Hardware.EVSEs; id++ {
			c.meterKeys = append(c.meterKeys, newSigner(c, id).sent)
		}
	}
	c.Guest.Stay = orDefault(c.Guest.Stay, 5*time.Minute)
	if c.Guest.Car.Battery == 0 {
		c.Guest.Car = Car{Phases: 3, MaxCurrent: 16_000, MaxPower: 120_000, Battery: 60_000, Charge: 300, Target: 900}
	}
	c.StartWhenConnected = c.StartWhenConnected && c.Version != ocppj.V16
	return c
}

// drawnSerial returns the number on the case of a station, and of those that take its
// place.
func drawnSerial(seed, swaps uint64) string {
	if swaps > 0 {
		return "SIM" + strconv.FormatUint(seed, 36) + "-" + strconv.FormatUint(swaps, 36)
	}
	return "SIM" + strconv.FormatUint(seed, 36)
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// registerAt returns what a meter shows when the station is switched on: as if it
// had been busy a tenth of its life. So a later run of the same station, which
// remembers nothing, goes on above where an earlier one stopped.
func (s *Station) registerAt(now time.Time) unit.WattHour {
	built := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	hours := max(int64(now.Sub(built)/time.Hour), 0)
	return unit.WattHour(hours*int64(s.config.Hardware.MaxPower)/10 + s.rand.Int64N(1000))
}

// time returns what the station's own clock shows.
func (s *Station) time() time.Time { return s.clock.Now().Add(s.skew) }

// setTime sets the station's clock by what the server says. Differences that the
// way of the question and the answer can explain are left alone.
func (s *Station) setTime(says schema.Timestamp) {
	const explained = 2 * time.Second
	at, err := says.Time()
	if err != nil || s.config.OwnTime || s.astray {
		return
	}
	if off := at.Sub(s.time()); off.Abs() > explained+s.took {
		s.countAll()
		s.skew += off
	}
}

// Version returns the OCPP version the station speaks.
func (s *Station) Version() ocppj.Version { return s.config.Version }

// Identity returns the station's OCPP identity.
func (s *Station) Identity() string { return s.config.Identity }

// Call sends a request when those before it are answered, and returns the response.
// The errors are those of [Link.Call]; a station that is offline is [ErrClosed].
// Requests of a 2.0.1 station, and responses to them, have the types of 2.1.
func (s *Station) Call(ctx context.Context, request schema.Message) (schema.Message, error) {
	type answered struct {
		response schema.Message
		err      error
	}
	done := make(chan answered, 1)
	s.mu.Lock()
	s.put(&parcel{message: request, settled: func(response schema.Message, err error) { done <- answered{response, err} }})
	s.mu.Unlock()
	select {
	case a := <-done:
		return a.response, a.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Online waits until the station is connected and accepted.
func (s *Station) Online(ctx context.Context) error {
	return s.await(ctx, func() bool { return s.link != nil && s.accepted })
}

// Settled waits until the server has answered, or refused for good, all that the
// station had to say about its transactions.
func (s *Station) Settled(ctx context.Context) error {
	return s.await(ctx, func() bool { return s.outbox.count(true) == 0 })
}

// Drop cuts the connection, if there is one. The station reconnects by itself.
func (s *Station) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link != nil {
		s.link.Close()
	}
}

// touch tells those in await that something has changed. The lock is held.
func (s *Station) touch() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// await waits until the condition, asked with the lock held, is true.
func (s *Station) await(ctx context.Context, condition func() bool) error {
	for {
		s.mu.Lock()
		ok, changed := condition(), s.changed
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// pause waits; it reports false when ctx ended first.
func (s *Station) pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-s.clock.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// pauseUntil waits for a time of the true clock.
func (s *Station) pauseUntil(ctx context.Context, at time.Time) {
	if d := at.Sub(s.clock.Now()); d > 0 {
		s.pause(ctx, d)
	}
}
