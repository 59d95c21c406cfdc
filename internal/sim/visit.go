package sim

import (
	"context"
	"errors"
	"time"
)

// ErrRefused says that the server, or a station that is offline, did not let a
// token charge.
var ErrRefused = errors.New("token is refused")

// ErrNobodyStarted says that a driver without a token left before anyone had
// started the session remotely.
var ErrNobodyStarted = errors.New("nobody started the session")

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
	remoteStartID int         // 0 when it was not started remotely
	remote        bool        // somebody else started it
	granted       chan grant  // a remote start for a driver who waits
	stop          chan ending // somebody else ends it
}

// grant is a remote start.
type grant struct {
	token         Token
	remoteStartID int
}

// ending is why a transaction ends, in the words of OCPP 2.x where it has one.
type ending string

const (
	endLocal        ending = "Local"
	endRemote       ending = "Remote"
	endDeauthorized ending = "DeAuthorized"
	endReset        ending = "ImmediateReset"
	endHardReset    ending = "HardReset"     // 1.6
	endSoftReset    ending = "SoftReset"     // 1.6
	endUnlock       ending = "UnlockCommand" // 1.6
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
	if err := s.admit(ctx, v); err != nil {
		s.abandon(ctx, e)
		return err
	}
	s.allowPower(e, v)
	why, err := s.deliver(ctx, e, v)
	if err != nil {
		return err
	}
	s.stopCharging(e, why)
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
	s.read(e) // nothing flowed until now
	e.visit = v
	s.enter(e, preparing)
	if s.settings.startsWhenConnected() {
		s.begin(e, "CablePluggedIn", nil)
	}
	return e, nil
}

// unplug gives the EVSE back.
func (s *Station) unplug(ctx context.Context, e *evse) {
	if ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read(e)
	e.visit = nil
	s.report(e)
	s.touch()
}

// admit waits until the visit has a token that may charge.
func (s *Station) admit(ctx context.Context, v *visit) error {
	if v.Token == (Token{}) {
		if err := s.awaitGrant(ctx, v); err != nil {
			return err
		}
	} else if !s.pause(ctx, s.config.Hand) {
		return context.Cause(ctx)
	}
	s.mu.Lock()
	trusted := v.remote && !s.settings.is(keyAuthorizeRemote)
	s.mu.Unlock()
	allowed := trusted || s.authorise(ctx, v.Token)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !allowed:
		return ErrRefused
	}
	return nil
}

// awaitGrant waits for a remote start, but not for ever.
func (s *Station) awaitGrant(ctx context.Context, v *visit) error {
	s.mu.Lock()
	patience := s.settings.seconds(keyConnectionTimeOut)
	s.mu.Unlock()
	select {
	case g := <-v.granted:
		s.mu.Lock()
		defer s.mu.Unlock()
		v.Token, v.remoteStartID, v.remote = g.token, g.remoteStartID, true
		return nil
	case <-s.clock.After(patience):
		return ErrNobodyStarted
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// authorise asks the server about a token; offline, the answer of last time counts.
func (s *Station) authorise(ctx context.Context, token Token) bool {
	request, response := s.speak.authorize(token)
	err := s.Call(ctx, request, response)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(err, ErrClosed):
		return s.known[token.UID]
	case err != nil:
		return false
	}
	ok := s.speak.authorized(response)
	s.remember(token, ok)
	return ok
}

func (s *Station) remember(token Token, accepted bool) {
	if len(s.known) < cacheMax {
		s.known[token.UID] = accepted
	}
}

// allowPower closes the contactor: the transaction begins, or goes on with its
// driver known.
func (s *Station) allowPower(e *evse, v *visit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	trigger := "Authorized"
	if v.remote {
		trigger = "RemoteStart"
	}
	if e.tx == nil {
		s.begin(e, trigger, &v.Token)
	} else {
		e.tx.session.Token, e.tx.session.RemoteStartID = v.Token.UID, v.remoteStartID
		s.tell(e, happening{event: updated, trigger: trigger, token: &v.Token})
	}
	s.enter(e, charging)
	s.tell(e, happening{event: updated, trigger: "ChargingStateChanged"})
}

// deliver lets power flow and samples it until the visit ends, and says why.
func (s *Station) deliver(ctx context.Context, e *evse, v *visit) (ending, error) {
	until := s.clock.Now().Add(v.Stay)
	sampled := s.clock.Now()
	for {
		s.mu.Lock()
		every := s.settings.seconds(keySampleInterval)
		s.mu.Unlock()
		wake := until
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
		if !now.Before(until) {
			return endLocal, nil
		}
		sampled = now
		s.sample(e)
	}
}

// sample sends a meter value, and notes when the car has had enough.
func (s *Station) sample(e *evse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.read(e)
	if r.Power == 0 && e.phase == charging {
		s.enter(e, suspendedEV)
		s.tell(e, happening{event: updated, trigger: "ChargingStateChanged"})
	}
	s.tell(e, happening{event: updated, trigger: "MeterValuePeriodic", reading: &r, context: contextPeriodic})
}

// stopCharging ends the transaction; the car is still plugged in.
func (s *Station) stopCharging(e *evse, why ending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finish(e, why)
	s.enter(e, finishing)
}

// abandon ends a transaction that nobody was authorised for, if one was begun.
func (s *Station) abandon(ctx context.Context, e *evse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.tx != nil && ctx.Err() == nil {
		s.finish(e, endDeauthorized)
	}
}

// host receives a visit that a remote start has brought, in its own goroutine.
func (s *Station) host(ctx context.Context, v *visit) {
	s.visits.Go(func() {
		if err := s.receive(ctx, v); err != nil {
			s.log.DebugContext(ctx, "remote visit ended early", "error", err)
		}
	})
}
