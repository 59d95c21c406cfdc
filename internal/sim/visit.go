package sim

import (
	"context"
	"errors"
	"time"

	"pylon/internal/sim/profile"
	"pylon/internal/sim/vehicle"
)

// ErrRefused says that the server, or a station that is offline, did not let a
// token charge.
var ErrRefused = errors.New("token is refused")

// ErrNobodyStarted says that a driver without a token left before anyone had
// started the session remotely.
var ErrNobodyStarted = errors.New("nobody started the session")

// Car is an electric vehicle.
type Car = vehicle.Car

// Token is what a driver identifies with.
type Token struct {
	UID  string
	Type string // of OCPP 2.x: "ISO14443", …
}

// Visit is a driver who comes with a car.
type Visit struct {
	EVSE  int   // 0 for any that is free
	Token Token // none for a driver who has the session started remotely
	Car   Car
	Stay  time.Duration // until the driver is back, from when power was allowed
}

// visit is a Visit under way.
type visit struct {
	Visit
	remoteStartID int              // 0 when it was not started remotely
	remote        bool             // somebody else started it
	profile       *profile.Profile // that came with the remote start; may be nil
	reservation   int              // that it used up; 0 for none
	granted       chan grant       // a remote start for a driver who waits
	stop          chan ending      // somebody else ends it
	until         time.Time        // when the driver is back
}

// grant is a remote start.
type grant struct {
	token         Token
	remoteStartID int
	profile       *profile.Profile
}

// ending is why a transaction ends, in the words of OCPP 2.x where it has one.
type ending string

const (
	endLocal        ending = "Local"
	endRemote       ending = "Remote"
	endDeauthorized ending = "DeAuthorized"
	endTimeout      ending = "Timeout"
	endPowerLoss    ending = "PowerLoss"
	endReset        ending = "ImmediateReset"
	endHardReset    ending = "HardReset"     // 1.6
	endSoftReset    ending = "SoftReset"     // 1.6
	endUnlock       ending = "UnlockCommand" // 1.6
	endForgotten    ending = "Other"         // of what a fault makes the station forget
)

func newVisit(v Visit) *visit {
	return &visit{Visit: v, granted: make(chan grant, 1), stop: make(chan ending, 1)}
}

// end asks the visit to end its transaction; the first who asks is heard.
func (v *visit) end(why ending) {
	select {
	case v.stop <- why:
	default:
	}
}

// Charge receives a visit: the driver plugs in, is authorised, charges, and leaves
// with the car. It blocks until the EVSE is free again. The errors are [ErrOccupied],
// [ErrRefused], [ErrNobodyStarted] and the context's; one that ends in the middle
// leaves everything as it is, as when the power fails.
func (s *Station) Charge(ctx context.Context, v Visit) error {
	return s.receive(ctx, newVisit(v))
}

func (s *Station) receive(ctx context.Context, v *visit) error {
	e, err := s.plugIn(v)
	if err != nil {
		return err
	}
	defer s.unplug(ctx, e)
	if err := s.admit(ctx, e, v); err != nil {
		s.abandon(ctx, e, err)
		return err
	}
	s.allowPower(e, v)
	why, err := s.deliver(ctx, e, v)
	if err != nil {
		return err
	}
	s.stopCharging(e, why)
	if why == endPowerLoss || why == endForgotten { // the driver does not know
		s.pauseUntil(ctx, v.until)
	}
	s.pause(ctx, s.config.Hand)
	return context.Cause(ctx)
}

// plugIn takes an EVSE for the visit.
func (s *Station) plugIn(v *visit) (*evse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.vacant(v.EVSE)
	if e == nil {
		return nil, ErrOccupied
	}
	s.count(e) // nothing flowed until now
	e.visit = v
	s.enter(e, preparing)
	if s.settings.startsWhenConnected() {
		s.begin(e, "CablePluggedIn", nil)
	}
	return e, nil
}

// unplug gives the EVSE back, as soon as its lock opens.
func (s *Station) unplug(ctx context.Context, e *evse) {
	if s.await(ctx, func() bool { return !e.stuck }) != nil || ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count(e)
	e.visit = nil
	s.report(e)
	s.watch()
	s.touch()
	if s.overtaken == e {
		s.later(2*s.config.Hand, func() {
			if s.overtaken == e { // it has not booted for another reason meanwhile
				s.powerCycle(bootPowerUp, s.config.Hand)
			}
		})
	}
}

// admit waits until the visit has a token that may charge.
func (s *Station) admit(ctx context.Context, e *evse, v *visit) error {
	if v.Token == (Token{}) {
		if err := s.awaitGrant(ctx, v); err != nil {
			return err
		}
	} else if !s.pause(ctx, s.config.Hand) {
		return context.Cause(ctx)
	}
	s.mu.Lock()
	trusted := v.remote && !s.settings.is(authorizeRemote)
	s.mu.Unlock()
	allowed := trusted || s.authorise(ctx, v)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !allowed || !s.redeem(e, v):
		return ErrRefused
	}
	return nil
}

// awaitGrant waits for a remote start, but not for ever.
func (s *Station) awaitGrant(ctx context.Context, v *visit) error {
	s.mu.Lock()
	patience := s.settings.seconds(connectionTimeOut)
	s.mu.Unlock()
	select {
	case g := <-v.granted:
		s.mu.Lock()
		defer s.mu.Unlock()
		v.Token, v.remoteStartID, v.remote, v.profile = g.token, g.remoteStartID, true, g.profile
		return nil
	case <-s.clock.After(patience):
		return ErrNobodyStarted
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// allowPower closes the contactor: the transaction begins, or goes on with its
// driver known.
func (s *Station) allowPower(e *evse, v *visit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dark() { // the power went while the driver was asked
		v.end(endForgotten)
	}
	if len(v.stop) > 0 {
		return
	}
	trigger := "Authorized"
	if v.remote {
		trigger = "RemoteStart"
	}
	fresh := e.tx == nil
	if fresh {
		s.begin(e, trigger, &v.Token)
	} else {
		s.identify(e, v.Token)
		e.tx.session.RemoteStartID, e.tx.session.ReservationID = v.remoteStartID, v.reservation
	}
	e.tx.since = s.time()
	if v.profile != nil {
		s.profiles.InstallWith(*v.profile, s.time(), e.id, e.tx.id) // a remote start checked it
	}
	if !fresh {
		s.tell(e, happening{event: updated, trigger: trigger, token: &e.tx.token})
	}
	s.enter(e, charging)
	s.tell(e, happening{event: updated, trigger: "ChargingStateChanged"})
	s.onStart(e)
}

// deliver lets power flow and samples it until the visit ends, and says why.
func (s *Station) deliver(ctx context.Context, e *evse, v *visit) (ending, error) {
	v.until = s.clock.Now().Add(v.Stay)
	sampled := s.clock.Now()
	for {
		s.mu.Lock()
		every := s.settings.seconds(sampleInterval)
		s.mu.Unlock()
		wake := v.until
		if due := sampled.Add(every); every > 0 && due.Before(wake) {
			wake = due
		}
		select {
		case <-s.clock.After(wake.Sub(s.clock.Now())):
		case why := <-v.stop:
			return why, nil
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
		now := s.clock.Now()
		if !now.Before(v.until) {
			if s.pauseDark(ctx) {
				return endLocal, nil
			}
			return "", context.Cause(ctx)
		}
		sampled = now
		s.sample(e)
	}
}

// pauseDark waits until the station has power; it reports false when ctx ended first.
func (s *Station) pauseDark(ctx context.Context) bool {
	s.mu.Lock()
	until := s.darkUntil
	s.mu.Unlock()
	s.pauseUntil(ctx, until)
	return ctx.Err() == nil
}

// sample sends a meter value, and notes when the car has had enough.
func (s *Station) sample(e *evse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.tx == nil || s.dark() {
		return
	}
	s.regulate()
	s.watch()
	r := s.read(e)
	if s.lasting(MeterSilent) {
		return
	}
	s.tell(e, happening{event: updated, trigger: "MeterValuePeriodic", reading: &r, context: contextPeriodic})
}

// stopCharging ends the transaction; the car is still plugged in.
func (s *Station) stopCharging(e *evse, why ending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.tx == nil { // a fault has ended it
		s.enter(e, preparing)
		return
	}
	s.finish(e, why)
	s.enter(e, finishing)
}

// abandon ends a transaction that nobody was authorised for, if one was begun.
func (s *Station) abandon(ctx context.Context, e *evse, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.tx == nil || ctx.Err() != nil {
		return
	}
	why := endDeauthorized
	if errors.Is(err, ErrNobodyStarted) {
		why = endTimeout
	}
	s.finish(e, why)
}

// host receives a visit that a remote start has brought, in its own goroutine.
func (s *Station) host(ctx context.Context, v *visit) {
	s.visits.Go(func() {
		if err := s.receive(ctx, v); err != nil {
			s.log.DebugContext(ctx, "remote visit ended early", "error", err)
		}
	})
}
