package check

import (
	"strings"
	"time"

	"pylon/internal/kernel/unit"
	"pylon/internal/sim"
)

const (
	// clockTolerance is how far a station's clock may be off before a CSMS
	// should notice.
	clockTolerance = 5 * time.Minute
	// exact is how far two accounts of the same moment may differ: stations send
	// milliseconds, some only seconds.
	exact = time.Second
	// evidence is how long a CSMS may take to close a session whose stop will not
	// come, once it is plain that nobody is there any more.
	evidence = 40 * time.Minute
	// gone is how long it may wait while that is not plain.
	gone = 4 * 24 * time.Hour
)

// session holds one session against its claim.
func (j *judge) session(t *sim.Session, c *Session) {
	if c.EVSE != t.EVSE {
		j.of(t, Differs, "the CSMS says EVSE %d", c.EVSE)
	}
	j.token(t, c)
	j.began(t, c)
	if told(t) {
		j.stopped(t, c)
		return
	}
	j.unstopped(t, c)
}

// told says whether the CSMS acknowledged the end of the session.
func told(t *sim.Session) bool {
	for i := range t.Messages {
		if m := &t.Messages[i]; m.Event == "Ended" && m.Acknowledged {
			return true
		}
	}
	return false
}

func (j *judge) token(t *sim.Session, c *Session) {
	switch {
	case t.Token == "":
		if c.Status == Completed || c.Status == Active {
			j.of(t, Differs, "nobody was authorised, the CSMS says %s", c.Status)
		}
	case strings.EqualFold(c.Token, t.Token):
	case strings.EqualFold(c.Token, t.Presented): // what the station made of it
	case t.SecondToken != "" && strings.EqualFold(c.Token, t.SecondToken):
	default:
		j.of(t, Differs, "the token was %s, the CSMS says %q", t.Token, c.Token)
	}
}

// began holds the begin against the station's word; where its clock is wrong,
// against the true time.
func (j *judge) began(t *sim.Session, c *Session) {
	said := saidAt(t, "Started", t.Began)
	if !j.fairTime(t, c.Began, said, t.TrueBegan) {
		j.of(t, Differs, "it began at %s by the station, the CSMS says %s", stamp(said), stamp(c.Began))
	}
}

// saidAt returns the time in the message about an event, or otherwise when there
// was none.
func saidAt(t *sim.Session, event string, otherwise time.Time) time.Time {
	for i := range t.Messages {
		if t.Messages[i].Event == event {
			return t.Messages[i].At
		}
	}
	return otherwise
}

// fairTime says whether a CSMS may say that something happened at got: as the
// station said; or, where its clock was wrong or was set, when it really was, or
// between the two.
func (j *judge) fairTime(t *sim.Session, got, said, truly time.Time) bool {
	if j.truth.OwnTime {
		return true // nobody can know
	}
	if delay := j.delay(t); delay > clockTolerance && !got.Before(said) && got.Sub(said) <= delay+exact {
		return true // it was told live, and so late that the clock seemed wrong
	}
	if near(got, said, exact) {
		return said.Sub(truly).Abs() <= clockTolerance+j.truth.Slack || j.unheard(t)
	}
	if j.clockStruck(t) {
		return near(got, truly, clockTolerance+j.truth.Slack) || j.unheard(t)
	}
	return false
}

// clockStruck says whether the station's clock was another than ours before the
// session was over.
func (j *judge) clockStruck(t *sim.Session) bool {
	if j.truth.OwnTime {
		return true
	}
	for _, f := range j.faults[t.Station] {
		if (f.Fault == sim.ClockWrong || f.Fault == sim.ClockSet) && (t.Running() || f.From.Before(t.TrueEnded.Add(j.truth.Slack))) {
			return true
		}
	}
	return false
}

// unheard says whether the station was away during the session: then nobody can
// know when what it told later really was.
func (j *judge) unheard(t *sim.Session) bool {
	return j.struck(t, sim.LinkCut, sim.PowerCut, sim.OvertakenStop, sim.LostAnswer, sim.Swapped) != nil
}

// stopped holds the end of a session whose stop was acknowledged.
func (j *judge) stopped(t *sim.Session, c *Session) {
	if c.Status.Open() {
		j.of(t, Unended, "its stop was acknowledged, and the CSMS says that it is %s", c.Status)
		return
	}
	unknown := c.Status == Failed && j.struck(t, sim.ReversedTokens) != nil // a card that nobody knows
	if want := wantStatus(t); c.Status != want && !unknown {
		j.of(t, Differs, "it was %s, the CSMS says %s", want, c.Status)
	}
	if c.Reason != t.Reason {
		j.of(t, Differs, "it ended for %s, the CSMS says %s", t.Reason, c.Reason)
	}
	said := saidAt(t, "Ended", t.Ended)
	if !j.fairTime(t, c.Ended, said, t.TrueEnded) {
		j.of(t, Differs, "it ended at %s by the station, the CSMS says %s", stamp(said), stamp(c.Ended))
	}
	j.energy(t, c)
}

func wantStatus(t *sim.Session) Status {
	if t.Token == "" {
		return Failed
	}
	return Completed
}

// delay returns how long a message of the session took at most although its station
// was there: a machine that has too much to do is slow.
func (j *judge) delay(t *sim.Session) time.Duration {
	if j.clockStruck(t) || j.unheard(t) {
		return 0
	}
	var longest time.Duration
	for i := range t.Messages {
		if m := &t.Messages[i]; m.Acknowledged {
			longest = max(longest, m.Told.Sub(m.At))
		}
	}
	return longest
}

// energy holds the energy to the watt-hour, unless the meter itself lied.
func (j *judge) energy(t *sim.Session, c *Session) {
	if f := j.struck(t, sim.MeterBackwards, sim.MeterReset, sim.MeterJump, sim.MeterSilent, sim.Swapped); f != nil {
		j.fairEnergy(t, c, f.Fault)
		return
	}
	if want := t.End - t.Begin; c.Energy != want {
		j.of(t, Differs, "the meter ran %d Wh, the CSMS says %d Wh", want, c.Energy)
	}
}

// fairEnergy holds the energy of a meter that lied: never more than the car got
// or, where the meter only ever showed more, than it showed.
func (j *judge) fairEnergy(t *sim.Session, c *Session, why sim.Fault) {
	most := t.Delivered + grain
	if why == sim.MeterJump {
		most = max(most, t.End-t.Begin+grain)
	}
	if c.Energy < 0 || c.Energy > most {
		j.of(t, Differs, "with %s the car got %d Wh, the CSMS says %d Wh", why, t.Delivered, c.Energy)
	}
}

// grain is what cutting off to whole watt-hours can make of a difference.
const grain unit.WattHour = 1

// unstopped holds a session whose stop the CSMS never got: it may run on for a
// while, or be closed from evidence with what is known of its energy.
func (j *judge) unstopped(t *sim.Session, c *Session) {
	known, heard := acknowledged(t)
	if f := j.struck(t, sim.MeterBackwards, sim.MeterReset, sim.MeterJump, sim.MeterSilent, sim.Swapped); f != nil {
		j.fairEnergy(t, c, f.Fault)
	} else if c.Energy < known || c.Energy > t.Delivered+grain {
		j.of(t, Differs, "without a stop it had at least %d Wh and at most %d Wh, the CSMS says %d Wh", known, t.Delivered, c.Energy)
	}
	if c.Status.Open() {
		plain := !j.truth.Quiet.IsZero() && j.truth.At.Sub(j.truth.Quiet) > evidence
		if !t.Running() && (plain || j.truth.At.Sub(t.TrueEnded) > gone) {
			j.of(t, Unended, "it ended at %s without a stop, and still runs in the CSMS", stamp(t.TrueEnded))
		}
		return
	}
	if t.Running() && !t.Unstoppable {
		j.of(t, Differs, "it runs, the CSMS says %s since %s", c.Status, stamp(c.Ended))
		return
	}
	if c.Ended.Before(heard.Add(-exact)) && !j.clockStruck(t) {
		j.of(t, Differs, "the CSMS ended it at %s, though it was heard of at %s", stamp(c.Ended), stamp(heard))
	}
}

// acknowledged returns the energy of a session as far as acknowledged messages
// told it, and when the last of them happened.
func acknowledged(t *sim.Session) (energy unit.WattHour, last time.Time) {
	for i := range t.Messages {
		m := &t.Messages[i]
		if !m.Acknowledged {
			continue
		}
		if m.Measured {
			energy = max(energy, m.Register-t.Begin)
		}
		if m.At.After(last) {
			last = m.At
		}
	}
	return energy, last
}
