// Package sim simulates charging stations, cars and drivers over real
// WebSockets, in OCPP 1.6J and 2.0.1.
//
// A [Link] is one connection, for those who want to say exactly what goes over
// it. A [Station] is a whole station behind it: it boots, keeps its clock by
// heartbeats, answers what a server asks, charges cars, queues what it has to say
// about transactions while it is offline, and reconnects. A [Network] is many of
// them with drivers who come and go. Stations and networks remember what really
// happened ([Session]), so that a test can hold it against what a server believes.
//
// All chance comes from a seed. Time comes from a clock; sockets take theirs.
package sim

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/unit"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

const (
	// callTimeout is how long a station waits for an answer before it takes the
	// connection for dead, and dialTimeout for a connection.
	callTimeout = 30 * time.Second
	dialTimeout = 10 * time.Second
	// bootRetry is how long it waits to boot again when the server gave no interval.
	bootRetry = 30 * time.Second
	// cacheMax bounds the tokens a station remembers for when it is offline.
	cacheMax = 1000
	// reportItemsMax is how many variables go into one NotifyReport.
	reportItemsMax = 10
)

// Config says what a station is. Zero durations stand for their defaults.
type Config struct {
	Endpoint
	Hardware           Hardware
	SampleInterval     time.Duration // between meter samples of a transaction, whole seconds; default 10 s
	StartWhenConnected bool          // 2.x: a transaction begins with the cable, before anyone is authorised
	Guest              Visit         // who comes when a session is started remotely; by default a car that stays 5 minutes
	Hand               time.Duration // how long people take for what they do: plugging in, holding up a card; default 1 s
	Backoff            Backoff
	Seed               uint64
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
	clock  clock.Clock
	log    *slog.Logger
	speak  dialect
	visits sync.WaitGroup // those that nobody waits for

	mu        sync.Mutex // guards what follows
	changed   chan struct{}
	rand      *rand.Rand
	settings  settings
	outbox    outbox
	evses     []*evse
	sessions  []*Session
	known     map[string]bool // token uid: was it accepted last time
	link      *Link           // nil while offline
	accepted  bool            // by the server's answer to a boot
	rejected  bool            // likewise
	bootWhy   bootReason
	bootAt    time.Time // not to boot before
	beatAt    time.Time // of the last heartbeat
	calls     uint64    // made so far, for their ids
	serial    uint64    // of transactions, for their ids
	restingTo time.Time // not to dial before: the station restarts
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
		known:    map[string]bool{},
		bootWhy:  bootPowerUp,
	}
	now := clk.Now()
	for id := 1; id <= c.Hardware.EVSEs; id++ {
		s.evses = append(s.evses, &evse{id: id, operative: true, meter: newMeter(s.registerAt(now), now)})
	}
	s.speak = dialectOf(s)
	return s
}

func (c Config) withDefaults() Config {
	c.SampleInterval = orDefault(c.SampleInterval, 10*time.Second)
	c.Hand = orDefault(c.Hand, time.Second)
	c.Backoff.Wait = orDefault(c.Backoff.Wait, time.Second)
	c.Backoff.Random = orDefault(c.Backoff.Random, time.Second)
	if c.Backoff.Doublings == 0 {
		c.Backoff.Doublings = 5
	}
	c.Guest.Stay = orDefault(c.Guest.Stay, 5*time.Minute)
	if c.Guest.Car == (Car{}) {
		c.Guest.Car = Car{Phases: 3, MaxCurrent: 16_000, MaxPower: 120_000, Battery: 60_000, Charge: 300, Target: 900}
	}
	c.StartWhenConnected = c.StartWhenConnected && c.Version != ocppj.V16
	return c
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

// firmwareVersion is what all simulated stations run.
const firmwareVersion = "1.0.0"

// serialNumber returns the station's, which makers print on the case.
func (s *Station) serialNumber() string { return "SIM" + strconv.FormatUint(s.config.Seed, 36) }

// Version returns the OCPP version the station speaks.
func (s *Station) Version() ocppj.Version { return s.config.Version }

// Identity returns the station's OCPP identity.
func (s *Station) Identity() string { return s.config.Identity }

// Run switches the station on. It blocks until ctx ends, and then the station
// loses its power: nothing is stopped, nothing is said.
func (s *Station) Run(ctx context.Context) error {
	defer s.visits.Wait()
	failures := 0
	for ctx.Err() == nil {
		s.pauseUntil(ctx, s.dialAt())
		link, err := s.dial(ctx)
		if err != nil {
			s.log.DebugContext(ctx, "station could not connect", "error", err)
			s.pause(ctx, s.backoff(failures))
			failures++
			continue
		}
		failures = 0
		err = s.attend(ctx, link)
		s.log.DebugContext(ctx, "station lost its connection", "error", err)
		s.pause(ctx, s.backoff(failures))
	}
	return context.Cause(ctx)
}

func (s *Station) dial(ctx context.Context) (*Link, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	s.mu.Lock()
	endpoint := s.config.Endpoint
	endpoint.Password = s.settings.text(keyPassword)
	s.mu.Unlock()
	return dial(ctx, endpoint, s.nextCallID)
}

// nextCallID returns ids that no other call of the station has, in later runs
// neither.
func (s *Station) nextCallID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	return strconv.FormatInt(s.clock.Now().UnixMilli(), 36) + "-" + strconv.FormatUint(s.calls, 10)
}

func (s *Station) dialAt() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.restingTo
}

// backoff returns how long to wait after a number of failures in a row.
func (s *Station) backoff(failures int) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.config.Backoff
	return b.Wait<<min(failures, b.Doublings) + time.Duration(s.rand.Int64N(int64(b.Random)+1))
}

// attend serves one connection until it ends.
func (s *Station) attend(ctx context.Context, link *Link) error {
	power := ctx // what commands set going outlives the connection
	ctx, cancel := context.WithCancelCause(ctx)
	served := make(chan error, 1)
	go func() {
		err := link.Serve(ctx, func(action string, payload []byte) (Reply, *ocppj.CallError) {
			return s.handle(power, action, payload)
		})
		cancel(err)
		served <- err
	}()
	s.connected(link)
	s.work(ctx, link)
	link.Close()
	err := <-served
	s.disconnected()
	return err
}

// handle answers a call of the server; from one that has rejected the station it
// takes none. Source: OCPP 2.0.1 B03.FR.08.
func (s *Station) handle(ctx context.Context, action string, payload []byte) (Reply, *ocppj.CallError) {
	s.mu.Lock()
	rejected := s.rejected
	s.mu.Unlock()
	if rejected {
		return Reply{}, &ocppj.CallError{Code: ocppj.SecurityError, Description: "this station was rejected"}
	}
	return s.speak.handle(ctx, action, payload)
}

func (s *Station) connected(link *Link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.link = link
	s.bootAt, s.beatAt = time.Time{}, s.clock.Now()
	if s.accepted { // no boot again: 1.6J section 5.4, 2.x part 4
		s.reportAll()
	}
	s.touch()
}

func (s *Station) disconnected() {
	s.mu.Lock()
	s.link = nil
	dropped := s.outbox.dropPassing()
	s.touch()
	s.mu.Unlock()
	for _, p := range dropped {
		p.settle(nil, ErrClosed)
	}
}

// work sends what is due, one call after the other, until the connection ends.
func (s *Station) work(ctx context.Context, link *Link) {
	for ctx.Err() == nil {
		s.mu.Lock()
		now := s.clock.Now()
		bootDue := !s.accepted && !now.Before(s.bootAt)
		next, wait := s.outbox.next(now, s.accepted)
		wait = s.soonest(now, wait)
		s.mu.Unlock()
		switch {
		case bootDue:
			s.boot(ctx, link)
			continue
		case next != nil:
			if lost := s.send(ctx, link, next); lost {
				return
			}
			continue
		}
		select {
		case <-s.clock.After(wait):
			s.beat()
		case <-s.outbox.wake:
		case <-ctx.Done():
		}
	}
}

// soonest returns when something is due again by itself: the next try of a
// parcel, a boot, or a heartbeat.
func (s *Station) soonest(now time.Time, parcel time.Duration) time.Duration {
	due := s.beatAt.Add(s.beatInterval()).Sub(now)
	if !s.accepted {
		due = s.bootAt.Sub(now)
	}
	if parcel > 0 {
		due = min(due, parcel)
	}
	return max(due, 0)
}

func (s *Station) beatInterval() time.Duration {
	return max(s.settings.seconds(keyHeartbeatInterval), time.Second)
}

// beat sends a heartbeat when one is due.
func (s *Station) beat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.clock.Now(); s.accepted && !now.Before(s.beatAt.Add(s.beatInterval())) {
		s.beatAt = now
		s.put(s.heartbeat())
	}
}

func (s *Station) heartbeat() *parcel {
	request, response := s.speak.heartbeat()
	return &parcel{request: func() schema.Message { return request }, response: func() schema.Message { return response }}
}

// boot registers the station. The interval of an answer that is not Accepted
// says when to try again.
func (s *Station) boot(ctx context.Context, link *Link) {
	s.mu.Lock()
	request, response := s.speak.boot(s.bootWhy)
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := link.Call(ctx, request, response)
	if errors.Is(err, context.DeadlineExceeded) {
		link.Close()
	}
	s.booted(response, err)
}

// booted notes the answer to a boot, whoever asked for it.
func (s *Station) booted(response schema.Message, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status, interval := registration(""), time.Duration(0)
	if err == nil {
		status, interval = s.speak.registration(response)
	}
	s.rejected = status == registrationRejected
	if status != registrationAccepted {
		s.bootAt = s.clock.Now().Add(orDefault(interval, bootRetry))
		s.accepted = false
		return
	}
	if interval > 0 {
		s.settings.byKey(keyHeartbeatInterval).set(strconv.Itoa(int(interval / time.Second)))
	}
	first := !s.accepted
	s.accepted, s.beatAt = true, s.clock.Now()
	if first {
		for _, e := range s.evses {
			e.reported = ""
		}
		s.reportAll()
	}
	s.touch()
}

// send makes one call and settles its parcel. It reports whether the connection
// was lost over it.
func (s *Station) send(ctx context.Context, link *Link, p *parcel) (lost bool) {
	s.mu.Lock()
	request := p.request()
	if request == nil {
		s.outbox.remove(p)
		p.note(func(m *Sent) { m.Discarded = true })
		s.touch()
		s.mu.Unlock()
		return false
	}
	p.note(func(m *Sent) { m.Tries++ })
	response := p.response()
	s.mu.Unlock()

	callCtx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := link.Call(callCtx, request, response)
	timedOut := errors.Is(err, context.DeadlineExceeded)
	if timedOut {
		link.Close()
	}
	lost = ctx.Err() != nil || errors.Is(err, ErrClosed)
	if !s.again(p, err, lost) {
		p.settle(response, err)
	}
	return lost || timedOut
}

// again decides what becomes of a parcel after a call: it reports whether the
// parcel stays for another try. One about a transaction does until it was
// answered or refused as often as the settings say; a connection that ended before
// the answer is no refusal. Source: OCPP 1.6 section 3.7.1; 2.0.1 E13.
func (s *Station) again(p *parcel, err error, lost bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.touch()
	switch {
	case err == nil:
		p.note(func(m *Sent) { m.Acknowledged = true })
	case p.kept && lost:
		return true
	case p.kept && p.refusals+1 < s.settings.number(keyAttempts):
		p.refusals++
		p.after = s.clock.Now().Add(time.Duration(p.refusals) * s.settings.seconds(keyAttemptInterval))
		return true
	case p.kept:
		p.note(func(m *Sent) { m.Discarded = true })
	}
	s.outbox.remove(p)
	return false
}

// put hands a parcel to the outbox. What is of no use later is not queued while
// the station is offline. The lock is held; so nothing is settled here.
func (s *Station) put(p *parcel) {
	dropped := p
	if p.kept || s.link != nil {
		dropped = s.outbox.put(p)
	}
	if dropped != nil {
		dropped.note(func(m *Sent) { m.Discarded = true })
		go dropped.settle(nil, ErrClosed) // it may want the lock
	}
}

// Call sends a request when those before it are answered, and fills response. The
// errors are those of [Link.Call]; a station that is offline is [ErrClosed].
func (s *Station) Call(ctx context.Context, request, response schema.Message) error {
	done := make(chan error, 1)
	s.mu.Lock()
	s.put(&parcel{
		request:  func() schema.Message { return request },
		response: func() schema.Message { return response },
		settled:  func(_ schema.Message, err error) { done <- err },
	})
	s.mu.Unlock()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
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

// Truth returns what really happened, oldest first; at most the last 200
// sessions.
func (s *Station) Truth() []Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Session, len(s.sessions))
	for i, session := range s.sessions {
		out[i] = session.clone()
	}
	return out
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

func (s *Station) pauseUntil(ctx context.Context, at time.Time) {
	if d := at.Sub(s.clock.Now()); d > 0 {
		s.pause(ctx, d)
	}
}
