package sim

import (
	"context"
	"errors"
	"slices"

	"pylon/internal/wire/schema"
)

// What servers tell stations to do, in no version's words. Each of these answers
// whether the station will, and returns what happens once the answer is on its way.

// remoteStart, which a station does not do before it was accepted (B02.FR.05), starts a session for somebody else: for a driver who waits at an
// EVSE, or else for a guest who comes when called.
func (s *Station) remoteStart(ctx context.Context, evseID int, g grant) (accepted bool, then func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.evses {
		if (evseID == 0 || evseID == e.id) && e.visit != nil && e.visit.Token == (Token{}) && len(e.visit.granted) == 0 {
			waiting := e.visit
			return true, func() { waiting.granted <- g }
		}
	}
	if !s.accepted || s.vacant(evseID) == nil {
		return false, nil
	}
	v := newVisit(s.config.Guest)
	v.EVSE, v.Token, v.remoteStartID, v.remote = evseID, g.token, g.remoteStartID, true
	return true, func() { s.host(ctx, v) }
}

// remoteStop ends a transaction.
func (s *Station) remoteStop(is func(*transaction) bool) (accepted bool, then func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.evses {
		if e.tx != nil && is(e.tx) {
			v := e.visit
			return true, func() { v.end(endRemote) }
		}
	}
	return false, nil
}

// busy says whether any transaction runs.
func (s *Station) busy() bool {
	return slices.ContainsFunc(s.evses, func(e *evse) bool { return e.tx != nil })
}

// running says whether the transaction runs.
func (s *Station) running(transactionID string) bool {
	return slices.ContainsFunc(s.evses, func(e *evse) bool {
		return e.tx != nil && e.tx.session.TransactionID == transactionID
	})
}

// outcome is what becomes of a command.
type outcome int

const (
	rejected outcome = iota
	done
	scheduled // when the transactions have ended
)

// changeAvailability puts an EVSE, or all for 0, in or out of service; an EVSE
// with a visitor when they have left.
func (s *Station) changeAvailability(evseID int, operative bool) (outcome, func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if evseID != 0 && s.evse(evseID) == nil {
		return rejected, nil
	}
	result := done
	for _, e := range s.evses {
		if evseID == 0 || evseID == e.id {
			e.operative = operative
			if e.visit != nil && !operative {
				result = scheduled
			}
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

// reset ends what runs and starts the station again; when idle, it waits for the
// drivers to end it.
func (s *Station) reset(ctx context.Context, why ending, whenIdle bool) (outcome, func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	result := done
	if whenIdle && s.busy() {
		result = scheduled
	}
	return result, func() { s.visits.Go(func() { s.restart(ctx, why, whenIdle) }) }
}

// restart is what follows an accepted reset. Messages that are still to be sent
// are kept, as a station keeps them in its flash.
func (s *Station) restart(ctx context.Context, why ending, whenIdle bool) {
	if !whenIdle {
		s.mu.Lock()
		for _, e := range s.evses {
			if e.tx != nil {
				e.visit.end(why)
			}
		}
		s.mu.Unlock()
	}
	if s.await(ctx, func() bool { return !s.busy() }) != nil {
		return
	}
	patience, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := s.Settled(patience); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accepted, s.bootWhy = false, bootRemoteReset
	s.restingTo = s.clock.Now().Add(2 * s.config.Hand)
	if s.link != nil {
		s.link.Close()
	}
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
		request, response := s.speak.boot(bootTriggered)
		return []*parcel{{
			request:  func() schema.Message { return request },
			response: func() schema.Message { return response },
			settled:  s.booted,
		}}
	})
}

func (s *Station) triggerHeartbeat() func() {
	return s.trigger(func() []*parcel { return []*parcel{s.heartbeat()} })
}

// triggerStatus sends the status of an EVSE, or of all for 0.
func (s *Station) triggerStatus(evseID int) func() {
	return s.trigger(func() []*parcel {
		var parcels []*parcel
		for _, e := range s.evses {
			if evseID == 0 || evseID == e.id {
				parcels = append(parcels, s.statusParcel(e))
			}
		}
		return parcels
	})
}

// forget empties the station's memory of tokens.
func (s *Station) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.known)
}

// sampleNow samples an EVSE, or all for 0, for its transaction when it has one.
func (s *Station) sampleNow(evseID int) func() {
	return s.locked(func() {
		for _, e := range s.evses {
			if evseID != 0 && evseID != e.id {
				continue
			}
			r := s.read(e)
			if e.tx != nil {
				s.tell(e, happening{event: updated, trigger: "Trigger", reading: &r, context: contextTrigger})
				continue
			}
			request, response := s.speak.meterValues(e, r)
			s.put(&parcel{
				request:   func() schema.Message { return request },
				response:  func() schema.Message { return response },
				triggered: true,
			})
		}
	})
}
