package sim

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// Run switches the station on. It blocks until ctx ends, and then the station
// loses its power: nothing is stopped, nothing is said.
func (s *Station) Run(ctx context.Context) error {
	defer s.visits.Wait()
	failures := 0
	for ctx.Err() == nil {
		if wait := s.restsFor(); wait > 0 {
			s.pause(ctx, wait)
			continue // it may rest for longer by now
		}
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

// restsFor returns how long the station is not to dial.
func (s *Station) restsFor() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return latest(s.restingTo, s.darkUntil).Sub(s.clock.Now())
}

func (s *Station) dial(ctx context.Context) (*Link, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	s.mu.Lock()
	endpoint := s.config.Endpoint
	endpoint.Password = s.settings.text(password)
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
	defer s.mu.Unlock()
	if s.rejected {
		return Reply{}, &ocppj.CallError{Code: ocppj.SecurityError, Description: "this station was rejected"}
	}
	if s.lasting(DeafCommands) {
		if response, ok := s.speak.response(action); ok && s.deaf(action, response) {
			return Reply{Message: response}, nil
		}
	}
	return s.speak.handle(ctx, action, payload)
}

func (s *Station) connected(link *Link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.link = link
	now := s.clock.Now()
	s.connections = append(s.connections, Connection{Began: now})
	s.bootAt, s.beatAt, s.pingAt = time.Time{}, now, now
	if now.Before(latest(s.restingTo, s.darkUntil)) { // lost again before it was there
		link.Close()
		return
	}
	if s.config.Quirks.BootsAlways {
		s.accepted, s.bootWhy = false, bootPowerUp
	}
	if s.offlineSince.IsZero() {
		return
	}
	s.countAll()
	s.profiles.Reconnected(s.offlineSince, s.time())
	if s.time().Sub(s.offlineSince) > s.settings.seconds(offlineThreshold) {
		s.unknown() // 2.x B04.FR.01
	}
	s.offlineSince = time.Time{}
	if s.accepted { // no boot again: 1.6J section 5.4, 2.x part 4
		s.reconnected()
	}
	s.touch()
}

// reconnected says what changed while the station was away.
func (s *Station) reconnected() {
	s.reportAll()
	s.regulate()
	e := s.evses[0]
	if s.waits(ShuffledQueue) && s.outbox.shuffle(s.rand) {
		s.strike(ShuffledQueue, e)
	}
}

func (s *Station) disconnected() {
	s.mu.Lock()
	s.countAll()
	s.link, s.offlineSince = nil, s.time()
	s.connections[len(s.connections)-1].Ended = s.clock.Now()
	dropped := s.outbox.drop(func(p *parcel) bool { return !p.kept })
	s.regulate()
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
		s.routine(now)
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
		alarm := s.clock.AfterFunc(wait, s.outbox.ring)
		select {
		case <-s.outbox.wake:
		case <-ctx.Done():
		}
		alarm.Stop()
	}
}

// boot registers the station. The interval of an answer that is not Accepted
// says when to try again.
func (s *Station) boot(ctx context.Context, link *Link) {
	s.mu.Lock()
	request := s.speak.boot(s.bootWhy)
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, s.config.Patience)
	defer cancel()
	response, err := s.call(ctx, link, request)
	if errors.Is(err, context.DeadlineExceeded) {
		link.Close()
	}
	s.booted(response, err)
}

// booted notes the answer to a boot, whoever asked for it.
func (s *Station) booted(response schema.Message, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var says registered
	if err == nil {
		says = s.speak.registered(response)
		s.setTime(says.time)
	}
	s.rejected = says.status == registrationRejected
	if says.status != registrationAccepted {
		s.bootAt = s.clock.Now().Add(orDefault(says.interval, bootRetry))
		s.accepted = false
		return
	}
	if says.interval > 0 {
		s.settings.values[heartbeatInterval] = strconv.Itoa(int(says.interval / time.Second))
	}
	first := !s.accepted
	s.accepted, s.beatAt = true, s.clock.Now()
	if first {
		s.unknown()
		s.reconnected()
		if s.overtaken != nil {
			s.overtaken = nil
			s.later(max(s.holdFor, time.Second), s.outbox.release)
		}
		if s.updating != nil && s.updating.installed {
			s.installed()
		}
	}
	s.touch()
}

// call makes one call and reads the answer.
func (s *Station) call(ctx context.Context, link *Link, request schema.Message) (schema.Message, error) {
	payload, err := schema.Encode(request)
	if err != nil {
		return nil, err
	}
	began := s.clock.Now()
	answered, err := link.CallRaw(ctx, request.Action(), payload)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", request.Action(), err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took = s.clock.Now().Sub(began)
	return s.speak.read(request.Action(), answered)
}

// send makes one call and settles its parcel. It reports whether the connection
// was lost over it.
func (s *Station) send(ctx context.Context, link *Link, p *parcel) (lost bool) {
	s.mu.Lock()
	if p.ready != nil && !p.ready() {
		s.outbox.remove(p)
		p.discard()
		s.touch()
		s.mu.Unlock()
		return false
	}
	p.note(func(m *Sent) { m.Tries++ })
	s.mu.Unlock()

	callCtx, cancel := context.WithTimeout(ctx, s.config.Patience)
	defer cancel()
	response, err := s.call(callCtx, link, p.message)
	timedOut := errors.Is(err, context.DeadlineExceeded)
	if timedOut || p.about != nil && s.losesAnswer(p) {
		link.Close()
		timedOut, err = true, ErrClosed
	}
	lost = ctx.Err() != nil || errors.Is(err, ErrClosed)
	if !s.again(p, err, lost) {
		p.settle(response, err)
	}
	return lost
}

// losesAnswer takes the chance to lose the socket before an answer is read.
func (s *Station) losesAnswer(p *parcel) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.take(LostAnswer, s.evse(p.about.EVSE))
	if ok {
		a.session = p.about // whatever runs there by now
	}
	return ok
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
		p.note(func(m *Sent) { m.Acknowledged, m.Told = true, s.clock.Now() })
		s.repeat(p)
	case p.kept && lost:
		return true
	case p.kept && p.refusals+1 < s.settings.number(attempts):
		p.refusals++
		p.after = s.clock.Now().Add(time.Duration(p.refusals) * s.settings.seconds(attemptInterval))
		return true
	case p.kept:
		p.discard()
	}
	s.outbox.remove(p)
	return false
}

// repeat takes the chance to send a message once more. The lock is held.
func (s *Station) repeat(p *parcel) {
	if p.about == nil {
		return
	}
	if a, ok := s.take(Repeated, s.evse(p.about.EVSE)); ok {
		a.session = p.about // whatever runs there by now
		s.outbox.put(&parcel{message: p.message, kept: true})
	}
}

// put hands a parcel to the outbox. What is of no use later is not queued while
// the station is offline. The lock is held; so nothing is settled here.
func (s *Station) put(p *parcel) {
	dropped := p
	if p.kept || s.link != nil {
		dropped = s.outbox.put(p)
	}
	if dropped != nil {
		dropped.discard()
		go dropped.settle(nil, ErrClosed) // it may want the lock
	}
}
