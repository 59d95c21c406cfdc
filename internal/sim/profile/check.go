package profile

import "slices"

// Refusal says why a profile is refused, in the reason codes of OCPP 2.x; the zero
// value is consent.
type Refusal string

// The refusals.
const (
	Accepted            Refusal = ""
	DuplicateProfile    Refusal = "DuplicateProfile"
	InvalidProfile      Refusal = "InvalidProfile"
	InvalidProfileID    Refusal = "InvalidProfileId"
	InvalidSchedule     Refusal = "InvalidSchedule"
	InvalidStackLevel   Refusal = "InvalidStackLevel"
	NoPhaseForDC        Refusal = "NoPhaseForDC"
	TooManyElements     Refusal = "TooManyElements"
	TxNotFound          Refusal = "TxNotFound"
	UnknownEVSE         Refusal = "UnknownEvse"
	UnsupportedKind     Refusal = "UnsupportedKind"
	UnsupportedPurpose  Refusal = "UnsupportedPurpose"
	UnsupportedRateUnit Refusal = "UnsupportedRateUnit"
)

// check refuses a profile of the CSMS that is wrong by itself, whatever else is
// installed. Source: OCPP 2.x part 2, K01; 1.6 section 3.13.1.
func (r Rules) check(p Profile) Refusal {
	stationWide := p.Purpose == StationMax
	switch p.Purpose {
	case StationMax, TxDefault, Tx:
	case Priority, LocalGeneration:
		if !slices.Contains(r.Purposes, p.Purpose) {
			return UnsupportedPurpose // K01.FR.120
		}
	default:
		return UnsupportedPurpose // K01.FR.22
	}
	switch {
	case p.EVSE < 0 || p.EVSE > r.EVSEs:
		return UnknownEVSE // K01.FR.28
	case stationWide && p.EVSE != 0, p.Purpose == Tx && p.EVSE == 0:
		return InvalidProfile // K01.FR.16
	case p.Purpose != Tx && p.Transaction != "":
		return InvalidProfile
	case p.Stack < 0 || p.Stack > r.MaxStack:
		return InvalidStackLevel
	case r.ExternalIDMax != nil && p.ID <= *r.ExternalIDMax:
		return InvalidProfileID // K01.FR.81
	case stationWide && p.Kind == Relative:
		return InvalidProfile // K01.FR.38
	case p.Purpose == Priority && len(p.Schedules) > 0 && p.Schedules[0].Duration != nil:
		return InvalidSchedule // K01.FR.70
	case p.Purpose != Tx && p.Purpose != TxDefault && len(p.Schedules) > 0 && p.Schedules[0].RandomDelay > 0:
		return InvalidSchedule // K01.FR.95
	}
	return r.checkSchedules(p)
}

// checkSchedules refuses what no source may send.
func (r Rules) checkSchedules(p Profile) Refusal {
	switch p.Kind {
	case Absolute, Relative:
	case Recurring:
		if p.Recurrency != Daily && p.Recurrency != Weekly {
			return InvalidProfile
		}
	case Dynamic:
		if !r.Dynamic {
			return UnsupportedKind // K01.FR.121
		}
	default:
		return UnsupportedKind
	}
	if p.Kind != Dynamic && (p.UpdateInterval != 0 || !p.UpdatedAt.IsZero()) {
		return InvalidProfile // K01.FR.122, K28.FR.04
	}
	if len(p.Schedules) != 1 {
		return InvalidSchedule // K01.FR.34: more are of ISO 15118 sessions
	}
	schedule := p.Schedules[0]
	if !r.OCPP16 {
		switch fixed := !schedule.Start.IsZero(); {
		case fixed && p.Kind == Relative, !fixed && (p.Kind == Absolute || p.Kind == Recurring):
			return InvalidSchedule // K01.FR.40 and 41
		}
	}
	if p.Kind == Dynamic && len(schedule.Periods) != 1 {
		return InvalidSchedule // K28.FR.03
	}
	return r.checkSchedule(p.Purpose, schedule)
}

func (r Rules) checkSchedule(purpose Purpose, s Schedule) Refusal {
	switch {
	case !slices.Contains(r.Units, s.Unit):
		return UnsupportedRateUnit // K01.FR.26
	case len(s.Periods) == 0, s.Periods[0].Start != 0:
		return InvalidSchedule // K01.FR.31
	case r.MaxPeriods > 0 && len(s.Periods) > r.MaxPeriods:
		return TooManyElements
	case s.Duration != nil && *s.Duration < 0, s.RandomDelay < 0, s.MinRate != nil && *s.MinRate < 0:
		return InvalidSchedule
	case s.LocalTime, s.RandomDelay > 0 && !r.RandomDelay, s.AtCharge != nil && !r.AtCharge:
		return InvalidSchedule // K01.FR.123 to 125
	case s.AtCharge != nil && s.AtCharge.Limit < 0:
		return InvalidSchedule
	}
	for i, p := range s.Periods {
		if i > 0 && p.Start <= s.Periods[i-1].Start {
			return InvalidSchedule // K01.FR.35
		}
		if refusal := r.checkPeriod(purpose, p); refusal != Accepted {
			return refusal
		}
	}
	return Accepted
}

// checkPeriod refuses phases that the EVSEs do not have, and discharging.
func (r Rules) checkPeriod(purpose Purpose, p Period) Refusal {
	if !slices.Contains(modes(purpose), p.Mode) || p.Sleep {
		return InvalidSchedule // K01.FR.71 and 126
	}
	limited := p.Limit != nil || p.Mode == ExternalLimits || p.Mode == ExternalSetpoint
	if !limited || p.Setpoint != nil && p.Mode != ExternalSetpoint {
		return InvalidSchedule
	}
	for _, rate := range []*Rate{p.Limit, p.LimitL2, p.LimitL3, p.Setpoint} {
		if rate != nil && *rate < 0 {
			return InvalidSchedule // negative is discharging
		}
	}
	switch {
	case p.DischargeLimit != nil && *p.DischargeLimit != 0:
		return InvalidSchedule
	case p.Setpoint != nil && p.Limit != nil && *p.Setpoint > *p.Limit:
		return InvalidSchedule // V2X.05
	case p.Phases == 0 && p.Phase == 0:
		return Accepted
	case p.Phases < 0 || p.Phases > 3 || p.Phase < 0 || p.Phase > 3, p.Phase != 0 && p.Phases != 1:
		return InvalidSchedule // K01.FR.19
	case r.Phases == 0 && !r.OCPP16:
		return NoPhaseForDC // K01.FR.44
	case r.SwitchesPhases, r.OCPP16:
		return Accepted
	case p.Phases < r.Phases, p.Phase > 1:
		return InvalidSchedule // K01.FR.43 and 48; more than it has is cut, K01.FR.45
	}
	return Accepted
}

// modes are the operation modes that a purpose may have, as far as they only charge.
// Source: OCPP 2.1 part 2, table 95.
func modes(p Purpose) []Mode {
	switch p {
	case Tx, TxDefault, External:
		return []Mode{"", ChargingOnly, ExternalLimits, ExternalSetpoint}
	case LocalGeneration:
		return []Mode{"", ChargingOnly, ExternalLimits}
	}
	return []Mode{"", ChargingOnly}
}

// phasesClash says whether two profiles that can be merged each name a phase, and not
// the same. Source: OCPP 2.1 part 2, K section 3.8.
func phasesClash(p, q Profile) bool {
	wide := func(p Profile) bool { return p.Purpose == StationMax || p.Purpose == External }
	if wide(p) == wide(q) || p.EVSE != 0 && q.EVSE != 0 && p.EVSE != q.EVSE {
		return false
	}
	for _, a := range p.Schedules[0].Periods {
		for _, b := range q.Schedules[0].Periods {
			if a.Phase != 0 && b.Phase != 0 && a.Phase != b.Phase {
				return true
			}
		}
	}
	return false
}
