package sim

import (
	"time"

	"pylon/internal/wire/schema"
)

// routine puts into the outbox what is due by the clock: heartbeats, readings on the
// clock, and questions for the next values of dynamic profiles.
func (s *Station) routine(now time.Time) {
	if !s.accepted {
		return
	}
	if every := s.beatInterval(); !now.Before(s.beatAt.Add(every)) {
		s.beatAt = now
		s.put(s.heartbeat())
	}
	if every := s.settings.seconds(pingInterval); every > 0 && !now.Before(s.pingAt.Add(every)) {
		s.pingAt = now
		s.link.Ping()
	}
	s.align(now)
	s.pull()
}

// soonest returns when something is due again by itself: the next try of a
// parcel, a boot, or what is routine.
func (s *Station) soonest(now time.Time, parcel time.Duration) time.Duration {
	if !s.accepted {
		return max(s.bootAt.Sub(now), 0)
	}
	due := s.beatAt.Add(s.beatInterval()).Sub(now)
	if every := s.settings.seconds(pingInterval); every > 0 {
		due = min(due, s.pingAt.Add(every).Sub(now))
	}
	if !s.alignAt.IsZero() {
		due = min(due, s.alignAt.Sub(now))
	}
	if _, next := s.profiles.Due(s.time()); !next.IsZero() {
		due = min(due, next.Sub(s.time()))
	}
	if parcel > 0 {
		due = min(due, parcel)
	}
	return max(due, 0)
}

func (s *Station) beatInterval() time.Duration {
	return max(s.settings.seconds(heartbeatInterval), time.Second)
}

func (s *Station) heartbeat() *parcel {
	return &parcel{message: s.speak.heartbeat(), settled: func(response schema.Message, err error) {
		if err != nil {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.setTime(s.speak.timeOf(response))
	}}
}

// align reads all meters when the station's clock strikes, at whole intervals from
// midnight on. Source: OCPP 1.6 section 3.16.2, 2.x J01.
func (s *Station) align(now time.Time) {
	every := s.settings.seconds(alignedInterval)
	if every == 0 {
		s.alignAt = time.Time{}
		return
	}
	struck := !s.alignAt.IsZero() && !now.Before(s.alignAt)
	shows := s.time()
	midnight := shows.Truncate(24 * time.Hour)
	next := midnight.Add((shows.Sub(midnight)/every + 1) * every)
	if day := midnight.Add(24 * time.Hour); next.After(day) {
		next = day
	}
	s.alignAt = now.Add(next.Sub(shows))
	if !struck || s.lasting(MeterSilent) {
		return
	}
	for _, e := range s.evses {
		r := s.read(e)
		if e.tx != nil {
			s.tell(e, happening{event: updated, trigger: "MeterValueClock", reading: &r, context: contextClock})
			continue
		}
		s.put(&parcel{message: s.speak.meterValues(e, r, contextClock)})
	}
}

// pull asks for the next values of dynamic profiles that are due. Source: OCPP 2.1 K28.FR.10.
func (s *Station) pull() {
	ids, _ := s.profiles.Due(s.time())
	for _, id := range ids {
		if p := s.speak.pull(id); p != nil && s.pulling != id {
			s.pulling = id // one question at a time
			s.put(p)
		}
	}
}
