package sim

import (
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/sim/profile"
	"pylon/internal/wire/ocpp16"
)

// profile16 reads a profile of 1.6; for which connector, and which of the station's
// transactions, it is for the caller to say.
func profile16(p ocpp16.ChargingProfile) profile.Profile {
	return profile.Profile{
		ID:         p.ChargingProfileID,
		Stack:      p.StackLevel,
		Purpose:    purpose16(p.ChargingProfilePurpose),
		Kind:       profile.Kind(p.ChargingProfileKind),
		Recurrency: profile.Recurrency(value(p.RecurrencyKind)),
		ValidFrom:  timeOf(p.ValidFrom),
		ValidTo:    timeOf(p.ValidTo),
		Schedules:  []profile.Schedule{readSchedule16(p.ChargingSchedule)},
	}
}

func purpose16(p ocpp16.ChargingProfilePurpose) profile.Purpose {
	if p == ocpp16.ChargingProfilePurposeChargePointMaxProfile {
		return profile.StationMax
	}
	return profile.Purpose(p)
}

func readSchedule16(s ocpp16.ChargingSchedule) profile.Schedule {
	out := profile.Schedule{
		Start:    timeOf(s.StartSchedule),
		Duration: seconds(s.Duration),
		Unit:     profile.Unit(s.ChargingRateUnit),
		MinRate:  rate(s.MinChargingRate),
	}
	for _, at := range s.ChargingSchedulePeriod {
		out.Periods = append(out.Periods, profile.Period{
			Start: profile.Seconds(at.StartPeriod), Limit: rate(&at.Limit), Phases: value(at.NumberPhases),
		})
	}
	return out
}

func criteria16(r *ocpp16.ClearChargingProfileRequest) profile.Criteria {
	c := profile.Criteria{EVSE: r.ConnectorID, Stack: r.StackLevel}
	if r.ID != nil {
		c.IDs = []int{*r.ID}
	}
	if r.ChargingProfilePurpose != nil {
		c.Purpose = purpose16(*r.ChargingProfilePurpose)
	}
	return c
}

func schedule16(c composite) *ocpp16.ChargingSchedule {
	out := &ocpp16.ChargingSchedule{
		ChargingRateUnit:       ocpp16.ChargingRateUnit(c.unit),
		Duration:               new(int(c.duration / time.Second)),
		ChargingSchedulePeriod: []ocpp16.ChargingSchedulePeriod{},
	}
	for _, slot := range c.slots {
		period := ocpp16.ChargingSchedulePeriod{StartPeriod: int(slot.Start / time.Second), Limit: decimal.FromInt(int64(slot.Limit)/100, 1)}
		if slot.Phases > 0 {
			period.NumberPhases = new(slot.Phases)
		}
		out.ChargingSchedulePeriod = append(out.ChargingSchedulePeriod, period)
	}
	return out
}
