package sim

import (
	"context"
	"errors"
	"slices"

	"pylon/internal/sim/profile"
)

// What servers tell stations to do, in no version's words. Each of these answers
// whether the station will, and returns what happens once the answer is on its way.
// The station's lock is held, but for what happens then.

// remoteStart, which a station does not do before it was accepted (B02.FR.05),
// starts a session for somebody else: for a driver who waits at an EVSE, or else for a
// guest who comes when called.
// Of a transaction that runs already, the id is told.
func (s *Station) remoteStart(ctx context.Context, evseID int, g grant) (accepted bool, id string, then func()) {
	if g.profile != nil && s.newProfiles().InstallWith(*g.profile, s.time(), 1, "tried") != profile.Accepted {
		return false, "", nil
	}
	for _, e := range s.those(evseID) {
		if e.visit != nil && e.visit.Token == (Token{}) && len(e.visit.granted) == 0 {
			waiting := e.visit
			if e.tx != nil {
				id = e.tx.id
			}
			return true, id, func() { waiting.granted <- g }
		}
	}
	e := s.vacant(evseID)
	if !s.accepted || e == nil || e.reservation != nil && !s.reservedFor(e.reservation, g.token) {
		return false, "", nil
	}
	v := newVisit(s.config.Guest)
	v.EVSE, v.Token, v.remoteStartID, v.remote, v.profile = e.id, g.token, g.remoteStartID, true, g.profile
	return true, "", func() { s.host(ctx, v) }
}

// remoteStop ends a transaction.
func (s *Station) remoteStop(is func(*transaction) bool) (accepted bool, then func()) {
	if e := s.with(is); e != nil {
		v := e.visit
		return true, func() { v.end(endRemote) }
	}
	return false, nil
}

// with returns the EVSE where a transaction runs that is the one; nil for none.
func (s *Station) with(is func(*transaction) bool) *evse {
	for _, e := range s.evses {
		if e.tx != nil && is(e.tx) {
			return e
		}
	}
	return nil
}

// called is for [Station.with]: the transaction with an id of 2.x.
func called(id string) func(*transaction) bool {
	return func(tx *transaction) bool { return tx.id == id }
}

// numbered is for [Station.with]: the transaction with a number of 1.6.
func numbered(n int) func(*transaction) bool {
	return func(tx *transaction) bool { return tx.number == n && n != 0 }
}

// busy says whether any transaction runs on the EVSE, or on all for 0.
func (s *Station) busy(evseID int) bool {
	return slices.ContainsFunc(s.those(evseID), func(e *evse) bool { return e.tx != nil })
}

// outcome is what becomes of a command.
type outcome string

const (
	rejected  outcome = "Rejected"
	done      outcome = "Accepted"
	scheduled outcome = "Scheduled" // when the transactions have ended
)

// changeAvailability puts an EVSE, or all for 0, in or out of service; an EVSE
// with a visitor when they have left.
func (s *Station) changeAvailability(evseID int, operative bool) (outcome, func()) {
	if s.those(evseID) == nil {
		return rejected, nil
	}
	result := done
	for _, e := range s.those(evseID) {
		e.operative = operative
		if e.visit != nil && !operative {
			result = scheduled
		}
	}
	return result, s.locked(s.reportAll)
}

// locked returns f with the station's lock around it.
func (s *Station) locked(f func()) func() {
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		f()
	}
}

// reset is how a station, or one of its EVSEs, begins anew.
type reset struct {
	why      ending
	evse     int  // 0 for the station
	whenIdle bool // it waits for the drivers to end what runs
	resumes  bool // 2.1: what runs goes on afterwards
}

// reset ends what runs and starts the station again.
func (s *Station) reset(ctx context.Context, r reset) (outcome, func()) {
	if s.those(r.evse) == nil {
		return rejected, nil
	}
	result := done
	if r.whenIdle && s.busy(r.evse) {
		result = scheduled
	}
	return result, func() { s.visits.Go(func() { s.restart(ctx, r) }) }
}

// restart is what follows an accepted reset. Messages that are still to be sent
// are kept, as a station keeps them in its flash.
func (s *Station) restart(ctx context.Context, r reset) {
	if !r.whenIdle && !r.resumes {
		s.mu.Lock()
		for _, e := range s.those(r.evse) {
			if e.tx != nil {
				e.visit.end(r.why)
			}
		}
		s.mu.Unlock()
	}
	if s.await(ctx, func() bool { return r.resumes || !s.busy(r.evse) }) != nil {
		return
	}
	if r.evse != 0 { // its EVSE begins anew; the station's controller does not
		return
	}
	patience, cancel := context.WithTimeout(ctx, s.config.Patience)
	defer cancel()
	if err := s.Settled(patience); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.powerCycle(bootRemoteReset, 2*s.config.Hand)
	if r.resumes {
		s.darkUntil = latest(s.darkUntil, s.restingTo)
		s.later(2*s.config.Hand, s.resume)
	}
}

// unlockOutcome is what becomes of an unlock.
type unlockOutcome string

const (
	unlocked     unlockOutcome = "Unlocked"
	unlockFailed unlockOutcome = "UnlockFailed"
)

// unlock opens the lock of an EVSE, if it can be opened.
func (s *Station) unlock(e *evse) unlockOutcome {
	if e.stuck {
		return unlockFailed
	}
	return unlocked
}

// trigger sends messages that the server has asked for.
func (s *Station) trigger(parcels func() []*parcel) func() {
	return s.locked(func() {
		for _, p := range parcels() {
			p.triggered = true
			s.put(p)
		}
	})
}

func (s *Station) triggerBoot() func() {
	return s.trigger(func() []*parcel {
		return []*parcel{{message: s.speak.boot(bootTriggered), settled: s.booted}}
	})
}

func (s *Station) triggerHeartbeat() func() {
	return s.trigger(func() []*parcel { return []*parcel{s.heartbeat()} })
}

// triggerStatus sends the status of an EVSE, or of all for 0.
func (s *Station) triggerStatus(evseID int) func() {
	return s.trigger(func() []*parcel {
		var parcels []*parcel
		for _, e := range s.those(evseID) {
			parcels = append(parcels, s.statusParcel(e))
		}
		return parcels
	})
}

// sampleNow samples the transaction of an EVSE, or of all for 0.
func (s *Station) sampleNow(evseID int) func() {
	return s.locked(func() {
		for _, e := range s.those(evseID) {
			if e.tx != nil {
				r := s.read(e)
				s.tell(e, happening{event: updated, trigger: "Trigger", reading: &r, context: contextTrigger})
			}
		}
	})
}

// readNow reads the meter of an EVSE, or all for 0, whether a transaction runs or not.
func (s *Station) readNow(evseID int) func() {
	return s.trigger(func() []*parcel {
		var parcels []*parcel
		for _, e := range s.those(evseID) {
			if !s.lasting(MeterSilent) {
				parcels = append(parcels, &parcel{message: s.speak.meterValues(e, s.read(e), contextTrigger)})
			}
		}
		return parcels
	})
}

// applied is what follows when a setting was changed: a new password is used at once,
// and who waits by the old interval waits anew.
func (s *Station) applied(at entry) func() {
	if at == password {
		return s.Drop
	}
	return func() { s.outbox.ring() }
}
