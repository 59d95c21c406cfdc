package fleet

import (
	"context"
	"errors"
	"math"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
)

// scene is what the station's sessions are weighed by, besides their own
// messages. Only with the turn.
func (o *Owner) scene(now time.Time) session.Scene {
	link := o.link
	if seen := o.seen.Load(); seen != 0 {
		link.LastSeen = time.UnixMicro(seen).UTC()
	}
	return session.Scene{Station: *o.station, Link: link, Connectors: o.connectors, Now: now}
}

// weigh adds to set what becomes of the open sessions by what is known beside
// their own messages. weighed is to be called after the commit.
func (o *Owner) weigh(ctx context.Context, set *change.Set, c session.Scene) (weighed func(), err error) {
	if len(o.open) == 0 {
		return func() {}, nil
	}
	out, next := session.Weigh(c, o.open)
	add(set, &out)
	return func() {
		o.open = remember(o.open, out.Changed)
		o.lookAt(next)
	}, o.countTokens(ctx, set, out.Tokens)
}

// never is the due time of an owner with nothing to look at.
const never = math.MaxInt64

// lookAt has the sweep look at the station at t, if not before; the zero time
// is at once.
func (o *Owner) lookAt(t time.Time) {
	due := o.due.Load()
	switch {
	case t.IsZero():
		o.due.Store(0)
	case due == 0:
	default:
		o.due.Store(min(due, t.UnixMicro()))
	}
}

// judge weighs the open sessions, and tells of connectors whose storm is over.
// It costs a commit only when something changes.
func (o *Owner) judge(ctx context.Context, now time.Time) error {
	return o.settle(ctx, func(ctx context.Context) (*change.Set, func(), error) {
		set := new(change.Set)
		c := o.scene(now)
		calmed, again := o.calm(set, &c)
		weighed, err := o.weigh(ctx, set, c)
		if err != nil {
			return nil, nil, err
		}
		then := func() {
			o.due.Store(never)
			if !again.IsZero() {
				o.lookAt(again)
			}
			calmed()
			weighed()
		}
		if empty(set) {
			then()
			return nil, nil, nil
		}
		return set, then, nil
	})
}

// returnGrace is what stations get to come back after we ourselves were away:
// those that wait longer and longer between their tries have come by then.
const returnGrace = time.Hour

// closeGone closes the sessions of stations that have been away for too long.
// Nobody owns such a station, see [Fleet.stray].
func (f *Fleet) closeGone(ctx context.Context, under lease.Grant) error {
	if f.clock.Steady().Sub(f.began) < returnGrace { // a machine without a clock of its own learns the time after its start
		return nil
	}
	now := f.clock.Now()
	gone, err := f.store.GoneLinks(ctx, now.Add(-session.GoneAfter), goneMax)
	if err != nil {
		return err
	}
	var errs []error
	for _, l := range gone {
		errs = append(errs, unless(f.stray(l, under).judge(ctx, now), change.ErrSuperseded))
	}
	return errors.Join(errs...)
}

// lastAt returns the session that ended last at a place; nil when there is
// none. In OCPP 2.x an EVSE is one place, in 1.6 a connector.
func (o *Owner) lastAt(ctx context.Context, p Place) (*session.Session, error) {
	if p.EVSE == 0 {
		return nil, nil
	}
	if o.link.OCPP != station.OCPP16 {
		p.Connector = 0
	}
	return found(o.fleet.store.LastSession(ctx, o.id, p.EVSE, p.Connector))
}

// idle adds samples that were taken outside sessions to set, and what they tell
// of the register.
func (o *Owner) idle(ctx context.Context, set *change.Set, f *meter.Frame) error {
	f.Number = max(f.ReceivedAt.UnixMicro(), o.lastMeter+1)
	o.lastMeter = f.Number
	set.Frames = append(set.Frames, *f)
	if f.EVSE == 0 || o.at(Place{f.EVSE, f.Connector}) != nil {
		return nil
	}
	left, err := o.lastAt(ctx, Place{f.EVSE, f.Connector})
	if left == nil {
		return err
	}
	out := session.Idle(*o.station, *left, *f)
	add(set, &out)
	return nil
}

// gust counts a change of a connector's status, and says whether to tell of it
// at once. counted is to be called after the commit.
func (o *Owner) gust(set *change.Set, out *station.StatusOutcome, at Place, now time.Time) (counted func(), tell bool) {
	if len(out.Intervals) == 0 {
		return func() {}, true
	}
	raged := o.rages(now)
	storm, tell := o.storms[at].Change(now)
	if storm.Rages(now) && !raged {
		o.report(set, stormFound(at))
	}
	return func() {
		if o.storms == nil {
			o.storms = make(map[Place]station.Storm)
		}
		o.storms[at] = storm
		_, _, again := storm.Calm(now)
		o.lookAt(again)
	}, tell
}

// calm tells of statuses that were held back in storms, and of their end. It
// returns when there is more to do; zero when there is nothing. calmed is to be
// called after the commit.
func (o *Owner) calm(set *change.Set, c *session.Scene) (calmed func(), again time.Time) {
	left := make(map[Place]station.Storm, len(o.storms))
	raged, rages := false, false
	for i := range o.connectors {
		of := &o.connectors[i]
		at := Place{of.EVSE, of.Connector}
		storm, counted := o.storms[at]
		if !counted {
			continue
		}
		next, tell, due := storm.Calm(c.Now)
		if tell {
			interval, news := station.Told(*o.station, *of, c.Now)
			set.Intervals, set.Events = append(set.Intervals, interval), append(set.Events, news)
			c.Changed = append(c.Changed, *of)
		}
		raged, rages = raged || storm.Raged(), rages || next.Rages(c.Now)
		if due.IsZero() {
			continue
		}
		left[at] = next
		if again.IsZero() || due.Before(again) {
			again = due
		}
	}
	if raged && !rages {
		set.Resolved = append(set.Resolved, station.Resolution{Code: station.StatusStorm, At: c.Now})
	}
	if len(left) == 0 {
		left = nil
	}
	return func() { o.storms = left }, again
}

// rages reports whether some connector is in a storm.
func (o *Owner) rages(now time.Time) bool {
	for _, s := range o.storms {
		if s.Rages(now) {
			return true
		}
	}
	return false
}
