package sim

import (
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/unit"
	"pylon/internal/sim/profile"
)

// setProfile installs a charging profile. Source: OCPP 1.6 section 5.16, 2.x K01.
func (s *Station) setProfile(p profile.Profile) (then func(), refusal profile.Refusal) {
	if !s.settings.is(smartCharging) {
		return nil, profile.UnsupportedPurpose
	}
	running := profile.Running{}
	for _, e := range s.evses {
		if e.tx != nil {
			running[e.id] = e.tx.id
		}
	}
	s.countAll() // until now the others held
	refusal = s.profiles.Install(p, s.time(), running)
	return s.locked(s.regulate), refusal
}

// clearProfiles reports whether there were any.
func (s *Station) clearProfiles(c profile.Criteria) bool {
	s.countAll()
	return s.profiles.Clear(c) > 0
}

// composite is what the profiles come to over a time.
type composite struct {
	from     time.Time // by the station's clock
	duration time.Duration
	unit     profile.Unit
	slots    []profile.Slot
}

// composite returns what an EVSE, or the station for 0, may take from now on; in
// amperes unless watts are asked for, or the station is one for DC.
func (s *Station) composite(evseID int, duration time.Duration, in string) (composite, bool) {
	c := composite{from: s.time().Truncate(time.Second), duration: duration, unit: profile.Unit(in)}
	switch {
	case in == "" && s.config.Hardware.DC():
		c.unit = profile.Watts
	case in == "":
		c.unit = profile.Amperes
	}
	now := profile.Situation{Tension: mains, Local: s.config.Hardware.limit()}
	if e := s.evse(evseID); e != nil {
		now = s.situation(e)
	} else if n := len(s.evses); evseID == 0 {
		now.Local.Current, now.Local.Power = now.Local.Current*unit.MilliAmpere(n), now.Local.Power*unit.Watt(n)
	}
	now.EVSE = evseID
	var ok bool
	c.slots, ok = s.profiles.Composite(s.time(), duration, c.unit, now)
	return c, ok
}

// rate reads a limit; one that no number can hold is far above all.
func rate(d *decimal.Decimal) *profile.Rate {
	const far = 1 << 40
	if d == nil {
		return nil
	}
	n, _, err := d.Scaled(3)
	if err != nil {
		n = far
	}
	return new(profile.Rate(n))
}

// number writes a limit, with one digit after the point, as 1.6 wants it.
func number(r *profile.Rate) *decimal.Decimal {
	if r == nil {
		return nil
	}
	return new(decimal.FromInt(int64(*r)/100, 1))
}

// seconds reads a duration.
func seconds(n *int) *time.Duration {
	if n == nil {
		return nil
	}
	return new(profile.Seconds(*n))
}
