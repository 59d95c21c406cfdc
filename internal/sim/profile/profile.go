// Package profile holds the charging profiles of a charging station and says what
// they allow. One form serves OCPP 1.6, 2.0.1 and 2.1; the words are those of 2.x.
//
// A [Set] is the memory of one station. It takes profiles and refuses those that the
// specification refuses, tells the limit of an EVSE at a moment ([Set.Limit]) and over
// a time ([Set.Composite]). It reads no clock: the time is an argument. All times are
// cut to whole seconds, which is the grain of schedules. It is not safe for concurrent
// use; its station guards it.
//
// A plain station is modelled: one schedule a profile, no discharging, UTC alone.
// Sources: OCPP 1.6 sections 3.13, 5.5, 5.7, 5.16 and 7.8 to 7.14 with errata; OCPP 2.0.1
// and 2.1 part 2, chapter K.
package profile

import (
	"time"

	"pylon/internal/kernel/unit"
)

// Purpose says what a profile limits.
type Purpose string

// The purposes. 1.6 knows the first three, and calls the first ChargePointMaxProfile.
const (
	StationMax      Purpose = "ChargingStationMaxProfile"
	TxDefault       Purpose = "TxDefaultProfile"
	Tx              Purpose = "TxProfile"
	External        Purpose = "ChargingStationExternalConstraints"
	Priority        Purpose = "PriorityCharging"
	LocalGeneration Purpose = "LocalGeneration"
)

// Kind says what the periods of a schedule count from.
type Kind string

// The kinds; Dynamic is of 2.1.
const (
	Absolute  Kind = "Absolute"
	Recurring Kind = "Recurring"
	Relative  Kind = "Relative"
	Dynamic   Kind = "Dynamic"
)

// Recurrency is how often a recurring schedule begins anew.
type Recurrency string

// The recurrencies.
const (
	Daily  Recurrency = "Daily"
	Weekly Recurrency = "Weekly"
)

// Unit is what a schedule limits: [Amperes] of each phase or [Watts] of all.
type Unit string

// The units.
const (
	Amperes Unit = "A"
	Watts   Unit = "W"
)

// Mode is an operation mode of 2.1. Those that discharge are refused.
type Mode string

// The modes of a station that charges only. No mode is ChargingOnly.
const (
	ChargingOnly     Mode = "ChargingOnly"
	ExternalLimits   Mode = "ExternalLimits"
	ExternalSetpoint Mode = "ExternalSetpoint"
)

// Who sets profiles, as GetChargingProfiles names it.
const (
	SourceCSMS     = "CSO"
	SourceExternal = "EMS"
)

// Rate is a limit in thousandths of its schedule's unit: mA of each phase, or mW.
type Rate int64

// Profile is a charging profile. Zero times and empty texts are fields left out.
type Profile struct {
	ID          int
	Stack       int
	Purpose     Purpose
	Kind        Kind
	Recurrency  Recurrency
	EVSE        int    // 0 for the station
	Transaction string // of a TxProfile, as the station names it: see [Running]
	ValidFrom   time.Time
	ValidTo     time.Time // the first moment at which it is not valid any more
	Schedules   []Schedule
	Source      string // of the limit; [Set.Install] makes it SourceCSMS

	// Fields of 2.1.
	OfflineMax          *time.Duration // valid so long without a connection; nil: always
	InvalidAfterOffline bool           // not valid ever after when offline for longer
	UpdateInterval      time.Duration  // of a Dynamic profile; 0: the CSMS sends updates by itself
	UpdatedAt           time.Time      // of a Dynamic profile
}

// Schedule is a list of periods.
type Schedule struct {
	ID       int
	Start    time.Time      // zero: from the start of charging
	Duration *time.Duration // nil: the last period goes on
	Unit     Unit
	MinRate  *Rate // below it a car charges badly; kept, not used
	Periods  []Period

	// Fields of 2.1.
	RandomDelay time.Duration // each period but the first begins up to this much later
	LocalTime   bool
	AtCharge    *AtCharge
}

// AtCharge caps the limit of a schedule from a state of charge on.
type AtCharge struct {
	Charge unit.Permille
	Limit  Rate
}

// Period is a limit from Start, counted from the schedule's, to the next period's.
type Period struct {
	Start  time.Duration
	Limit  *Rate // nil only where a mode of 2.1 lets it be missing: no limit
	Phases int   // that may be used on AC; 0: left out, which is 3
	Phase  int   // to use when Phases is 1; 0: the station chooses

	// Fields of 2.1.
	LimitL2, LimitL3 *Rate // when set, Limit is for the first phase alone
	Setpoint         *Rate // for charging, a limit like Limit
	DischargeLimit   *Rate
	Mode             Mode
	Sleep            bool // of the power electronics
}

// secondsMax bounds what is counted in seconds, so that no sum of two overflows:
// no schedule is meant to last a century.
const secondsMax = 100 * 365 * 24 * 3600

// Seconds returns n seconds, cut to a century either way.
func Seconds(n int) time.Duration {
	return time.Duration(min(max(n, -secondsMax), secondsMax)) * time.Second
}

// clone returns the profile with memory of its own and times in whole seconds.
func (p Profile) clone() Profile {
	p.ValidFrom, p.ValidTo, p.UpdatedAt = whole(p.ValidFrom), whole(p.ValidTo), whole(p.UpdatedAt)
	schedules := p.Schedules
	p.Schedules = make([]Schedule, len(schedules))
	for i, s := range schedules {
		s.Start = whole(s.Start)
		s.Periods = append([]Period(nil), s.Periods...)
		p.Schedules[i] = s
	}
	return p
}

func whole(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
