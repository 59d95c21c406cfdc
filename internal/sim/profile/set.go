package profile

import (
	"slices"
	"time"
)

// Rules are what a station supports and which edition of the specification it obeys.
type Rules struct {
	OCPP16      bool // replace a profile of the same purpose, level and connector, where 2.x refuses the new one
	EVSEs       int
	Phases      int // of an EVSE; 0 for DC
	Units       []Unit
	MaxStack    int
	MaxPeriods  int // of a schedule
	MaxProfiles int // installed at a time

	SwitchesPhases bool // fewer phases than the EVSE has, and which one

	// Of 2.1.
	Purposes      []Purpose // of PriorityCharging and LocalGeneration, those supported
	Dynamic       bool
	RandomDelay   bool
	AtCharge      bool
	ExternalIDMax *int // ids up to this belong to limits of others
}

// Running are the transactions of a station by EVSE. The names are the station's own
// business; 1.6, where the CSMS gives the number later, may use any.
type Running map[int]string

// Set are the charging profiles of a station.
type Set struct {
	rules    Rules
	profiles []Profile // in the order of installation
}

// New returns an empty set.
func New(rules Rules) *Set { return &Set{rules: rules} }

// Len returns how many profiles are installed.
func (s *Set) Len() int { return len(s.profiles) }

// Install takes a profile from the CSMS, replacing the one with the same id, and in
// 1.6 also the one with the same purpose, level and connector. A TxProfile without a
// transaction gets the one that runs on its EVSE (1.6). Any Refusal but [Accepted]
// leaves the set as it was.
func (s *Set) Install(p Profile, now time.Time, running Running) Refusal {
	p = p.clone()
	p.Source = SourceCSMS
	if refusal := s.rules.check(p); refusal != Accepted {
		return refusal
	}
	if p.Purpose == Tx {
		runs := running[p.EVSE]
		if runs == "" || p.Transaction == "" && !s.rules.OCPP16 || p.Transaction != "" && p.Transaction != runs {
			return TxNotFound
		}
		p.Transaction = runs
	}
	return s.put(p, now)
}

// InstallWith takes the profile of a remote start for a transaction that is about to
// begin on an EVSE. The profile itself names neither.
// Source: OCPP 1.6 section 5.16.2; 2.x part 2, K05.
func (s *Set) InstallWith(p Profile, now time.Time, evse int, transaction string) Refusal {
	p = p.clone()
	p.Source, p.EVSE, p.Transaction = SourceCSMS, evse, transaction
	if p.Purpose != Tx {
		return InvalidProfile
	}
	if refusal := s.rules.check(p); refusal != Accepted {
		return refusal
	}
	return s.put(p, now)
}

// Constrain takes a profile from somebody else than the CSMS: an energy management
// system, a grid operator. It replaces the one with the same id.
// Source: OCPP 2.x part 2, K11 and K12; 2.1 K27 and K29.
func (s *Set) Constrain(p Profile, now time.Time) Refusal {
	p = p.clone()
	if p.Source == "" {
		p.Source = SourceExternal
	}
	if p.Purpose != External && p.Purpose != LocalGeneration {
		return UnsupportedPurpose
	}
	if m := s.rules.ExternalIDMax; m != nil && p.ID > *m {
		return InvalidProfileID // K01.FR.82
	}
	if refusal := s.rules.checkSchedules(p); refusal != Accepted {
		return refusal
	}
	return s.put(p, now)
}

// put makes room and adds a profile that is sound by itself.
func (s *Set) put(p Profile, now time.Time) Refusal {
	if p.Kind == Dynamic && p.UpdatedAt.IsZero() {
		p.UpdatedAt = whole(now)
	}
	s.Expire(now)
	foreign := func(q Profile) bool { return q.Source != SourceCSMS }
	kept := make([]Profile, 0, len(s.profiles)+1)
	for _, q := range s.profiles {
		switch {
		case q.ID == p.ID && foreign(q) != foreign(p):
			return InvalidProfileID // K01.FR.05: not replaced by the CSMS
		case q.ID == p.ID:
			continue
		case s.rules.OCPP16 && sameSlot(p, q) && p.EVSE == q.EVSE:
			continue
		case !s.rules.OCPP16 && !foreign(p) && sameSlot(p, q) && samePlace(p, q):
			return DuplicateProfile
		case phasesClash(p, q):
			return InvalidSchedule
		}
		kept = append(kept, q)
	}
	if m := s.rules.MaxProfiles; m > 0 && len(kept) >= m {
		return TooManyElements
	}
	s.profiles = append(kept, p)
	return Accepted
}

// sameSlot says whether two profiles would be in force at the same time on the same
// level of the same stack.
func sameSlot(p, q Profile) bool {
	return p.Purpose == q.Purpose && p.Stack == q.Stack && p.Transaction == q.Transaction
}

// samePlace says whether two profiles of a slot meet: on one EVSE, or as defaults of
// which one is for all; and at one time.
func samePlace(p, q Profile) bool {
	meet := p.EVSE == q.EVSE || p.Purpose == TxDefault && (p.EVSE == 0 || q.EVSE == 0)
	if p.Purpose == TxDefault && p.EVSE != q.EVSE {
		return meet // K01.FR.52 and 53 ask for no overlap
	}
	before := func(a, b Profile) bool { return !a.ValidTo.IsZero() && !a.ValidTo.After(b.ValidFrom) }
	return meet && !before(p, q) && !before(q, p)
}

// Criteria choose profiles; what is left out matches all.
type Criteria struct {
	IDs     []int
	EVSE    *int // 0 for those of the station itself
	Purpose Purpose
	Stack   *int
	Sources []string
}

func (c Criteria) match(p Profile) bool {
	return (len(c.IDs) == 0 || slices.Contains(c.IDs, p.ID)) &&
		(c.EVSE == nil || *c.EVSE == p.EVSE) &&
		(c.Purpose == "" || c.Purpose == p.Purpose) &&
		(c.Stack == nil || *c.Stack == p.Stack) &&
		(len(c.Sources) == 0 || slices.Contains(c.Sources, p.Source))
}

// Find returns the profiles that match, in the order of their installation.
func (s *Set) Find(c Criteria) []Profile {
	var found []Profile
	for _, p := range s.profiles {
		if c.match(p) {
			found = append(found, p.clone())
		}
	}
	return found
}

// Clear removes the CSMS's profiles that match and returns how many: 0 is Unknown to
// the CSMS. An id alone decides in 2.x; 1.6 asks for all that is named to match.
func (s *Set) Clear(c Criteria) int {
	if len(c.IDs) > 0 && !s.rules.OCPP16 {
		c = Criteria{IDs: c.IDs}
	}
	return s.remove(func(p Profile) bool {
		return p.Source == SourceCSMS && p.Purpose != LocalGeneration && c.match(p)
	})
}

// Release removes a profile that [Set.Constrain] took, and says whether it was there.
func (s *Set) Release(id int) bool {
	return s.remove(func(p Profile) bool { return p.ID == id && p.Source != SourceCSMS }) > 0
}

// Ended removes the profiles of a transaction that is over.
// Source: OCPP 1.6 section 3.13.1; 2.x part 2, K02.FR.05.
func (s *Set) Ended(transaction string) {
	s.remove(func(p Profile) bool { return p.Purpose == Tx && p.Transaction == transaction })
}

// Expire removes what can never be in force again.
func (s *Set) Expire(now time.Time) {
	s.remove(func(p Profile) bool { return !p.ValidTo.IsZero() && !p.ValidTo.After(now) })
}

// Reboot forgets what is not kept over a loss of power.
// Source: OCPP 1.6 errata 3.37; 2.x part 2, K01.FR.27.
func (s *Set) Reboot() {
	if s.rules.OCPP16 {
		return
	}
	s.remove(func(p Profile) bool { return p.Purpose == Tx || p.Purpose == External || p.Purpose == LocalGeneration })
}

// Reconnected removes the profiles that did not survive being offline since then.
// Source: OCPP 2.1 part 2, K01.FR.102.
func (s *Set) Reconnected(since, now time.Time) {
	s.remove(func(p Profile) bool {
		return p.InvalidAfterOffline && p.OfflineMax != nil && whole(now).Sub(whole(since)) > *p.OfflineMax
	})
}

func (s *Set) remove(doomed func(Profile) bool) int {
	before := len(s.profiles)
	s.profiles = slices.DeleteFunc(s.profiles, doomed)
	return before - len(s.profiles)
}

// Update replaces the limits of a dynamic profile at once. A field that is nil is left
// as it was.
// Source: OCPP 2.1 part 2, K28.FR.06, 08, 09 and 11.
func (s *Set) Update(id int, now time.Time, update Period) Refusal {
	i := slices.IndexFunc(s.profiles, func(p Profile) bool { return p.ID == id })
	if i < 0 || s.profiles[i].Kind != Dynamic {
		return InvalidProfile
	}
	p := s.profiles[i].clone()
	period := &p.Schedules[0].Periods[0]
	for _, field := range []struct{ to, from **Rate }{
		{&period.Limit, &update.Limit},
		{&period.LimitL2, &update.LimitL2},
		{&period.LimitL3, &update.LimitL3},
		{&period.Setpoint, &update.Setpoint},
		{&period.DischargeLimit, &update.DischargeLimit},
	} {
		if *field.from != nil {
			*field.to = *field.from
		}
	}
	if refusal := s.rules.checkSchedules(p); refusal != Accepted {
		return refusal
	}
	p.UpdatedAt = whole(now)
	s.profiles[i] = p
	return Accepted
}

// Due returns the ids of the dynamic profiles whose next values are to be asked for,
// and when the next of the others is; zero when there is none.
// Source: OCPP 2.1 part 2, K28.FR.10.
func (s *Set) Due(now time.Time) (ids []int, next time.Time) {
	for _, p := range s.profiles {
		if p.Kind != Dynamic || p.UpdateInterval <= 0 {
			continue
		}
		at := p.UpdatedAt.Add(p.UpdateInterval)
		if !at.After(now) {
			ids = append(ids, p.ID)
		} else if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return ids, next
}

// HasPriority says whether an EVSE has a profile for priority charging.
// Source: OCPP 2.1 part 2, K21.FR.01 and 03.
func (s *Set) HasPriority(evse int) bool {
	return slices.ContainsFunc(s.profiles, func(p Profile) bool {
		return p.Purpose == Priority && (p.EVSE == 0 || p.EVSE == evse)
	})
}
