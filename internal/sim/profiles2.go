package sim

import (
	"time"

	"pylon/internal/sim/profile"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/schema"
)

func (d *dialect2) setChargingProfile(r *ocpp21.SetChargingProfileRequest) Reply {
	p := profile2(r.ChargingProfile)
	p.EVSE = r.EVSEID
	then, refusal := d.s.setProfile(p)
	response := &ocpp21.SetChargingProfileResponse{Status: ocpp21.ChargingProfileStatusAccepted}
	if refusal != profile.Accepted {
		response.Status, response.StatusInfo = ocpp21.ChargingProfileStatusRejected, &ocpp21.StatusInfo{ReasonCode: string(refusal)}
	}
	return Reply{Message: response, Then: then}
}

func (d *dialect2) clearChargingProfile(r *ocpp21.ClearChargingProfileRequest) Reply {
	var c profile.Criteria
	if r.ChargingProfileID != nil {
		c.IDs = []int{*r.ChargingProfileID}
	}
	if by := r.ChargingProfileCriteria; by != nil {
		c.EVSE, c.Stack, c.Purpose = by.EVSEID, by.StackLevel, profile.Purpose(value(by.ChargingProfilePurpose))
	}
	status := ocpp21.ClearChargingProfileStatusAccepted
	if !d.s.clearProfiles(c) {
		status = ocpp21.ClearChargingProfileStatusUnknown
	}
	return Reply{Message: &ocpp21.ClearChargingProfileResponse{Status: status}, Then: d.s.locked(d.s.regulate)}
}

func (d *dialect2) getChargingProfiles(r *ocpp21.GetChargingProfilesRequest) Reply {
	by := r.ChargingProfile
	found := d.s.profiles.Find(profile.Criteria{
		IDs: by.ChargingProfileID, EVSE: r.EVSEID, Stack: by.StackLevel,
		Purpose: profile.Purpose(value(by.ChargingProfilePurpose)), Sources: by.ChargingLimitSource,
	})
	if len(found) == 0 {
		return Reply{Message: &ocpp21.GetChargingProfilesResponse{Status: ocpp21.GetChargingProfileStatusNoProfiles}}
	}
	send := d.s.trigger(func() []*parcel {
		var parcels []*parcel
		for i, p := range found {
			report := &ocpp21.ReportChargingProfilesRequest{
				RequestID: r.RequestID, ChargingLimitSource: p.Source, EVSEID: p.EVSE,
				ChargingProfile: []ocpp21.ChargingProfile{d.write(p)},
			}
			if i < len(found)-1 {
				report.TBC = new(true)
			}
			parcels = append(parcels, &parcel{message: report})
		}
		return parcels
	})
	return Reply{Message: &ocpp21.GetChargingProfilesResponse{Status: ocpp21.GetChargingProfileStatusAccepted}, Then: send}
}

func (d *dialect2) getCompositeSchedule(r *ocpp21.GetCompositeScheduleRequest) Reply {
	c, ok := d.s.composite(r.EVSEID, time.Duration(r.Duration)*time.Second, string(value(r.ChargingRateUnit)))
	if !ok {
		return Reply{Message: &ocpp21.GetCompositeScheduleResponse{Status: ocpp21.GenericStatusRejected}}
	}
	schedule := &ocpp21.CompositeSchedule{
		EVSEID: r.EVSEID, Duration: r.Duration, ScheduleStart: schema.TimestampOf(c.from), ChargingRateUnit: ocpp21.ChargingRateUnit(c.unit),
	}
	for _, slot := range c.slots {
		period := ocpp21.ChargingSchedulePeriod{StartPeriod: int(slot.Start / time.Second), Limit: number(&slot.Limit)}
		if slot.Phases > 0 {
			period.NumberPhases = new(slot.Phases)
		}
		schedule.ChargingSchedulePeriod = append(schedule.ChargingSchedulePeriod, period)
	}
	return Reply{Message: &ocpp21.GetCompositeScheduleResponse{Status: ocpp21.GenericStatusAccepted, Schedule: schedule}}
}

// profile2 reads a profile of 2.x; for which EVSE, it is for the caller to say.
func profile2(p ocpp21.ChargingProfile) profile.Profile {
	out := profile.Profile{
		ID:                  p.ID,
		Stack:               p.StackLevel,
		Purpose:             profile.Purpose(p.ChargingProfilePurpose),
		Kind:                profile.Kind(p.ChargingProfileKind),
		Recurrency:          profile.Recurrency(value(p.RecurrencyKind)),
		Transaction:         value(p.TransactionID),
		ValidFrom:           timeOf(p.ValidFrom),
		ValidTo:             timeOf(p.ValidTo),
		OfflineMax:          seconds(p.MaxOfflineDuration),
		InvalidAfterOffline: value(p.InvalidAfterOfflineDuration),
		UpdateInterval:      profile.Seconds(value(p.DynUpdateInterval)),
		UpdatedAt:           timeOf(p.DynUpdateTime),
	}
	for _, s := range p.ChargingSchedule {
		out.Schedules = append(out.Schedules, readSchedule2(s))
	}
	return out
}

func readSchedule2(s ocpp21.ChargingSchedule) profile.Schedule {
	out := profile.Schedule{
		ID:          s.ID,
		Start:       timeOf(s.StartSchedule),
		Duration:    seconds(s.Duration),
		Unit:        profile.Unit(s.ChargingRateUnit),
		MinRate:     rate(s.MinChargingRate),
		RandomDelay: profile.Seconds(value(s.RandomizedDelay)),
		LocalTime:   value(s.UseLocalTime),
	}
	if at := s.LimitAtSoC; at != nil {
		out.AtCharge = &profile.AtCharge{Charge: permille(at.Soc), Limit: *rate(&at.Limit)}
	}
	for _, p := range s.ChargingSchedulePeriod {
		out.Periods = append(out.Periods, profile.Period{
			Start:          profile.Seconds(p.StartPeriod),
			Limit:          rate(p.Limit),
			Phases:         value(p.NumberPhases),
			Phase:          value(p.PhaseToUse),
			LimitL2:        rate(p.LimitL2),
			LimitL3:        rate(p.LimitL3),
			Setpoint:       rate(p.Setpoint),
			DischargeLimit: rate(p.DischargeLimit),
			Mode:           profile.Mode(value(p.OperationMode)),
			Sleep:          value(p.EVSESleep),
		})
	}
	return out
}

// write writes a profile as it was installed.
func (d *dialect2) write(p profile.Profile) ocpp21.ChargingProfile {
	out := ocpp21.ChargingProfile{
		ID:                     p.ID,
		StackLevel:             p.Stack,
		ChargingProfilePurpose: ocpp21.ChargingProfilePurpose(p.Purpose),
		ChargingProfileKind:    ocpp21.ChargingProfileKind(p.Kind),
		RecurrencyKind:         optional(ocpp21.RecurrencyKind(p.Recurrency)),
		TransactionID:          optional(p.Transaction),
		ValidFrom:              stamp(p.ValidFrom),
		ValidTo:                stamp(p.ValidTo),
	}
	if d.v21() {
		out.MaxOfflineDuration = whole(p.OfflineMax)
		out.InvalidAfterOfflineDuration = optional(p.InvalidAfterOffline)
		out.DynUpdateInterval = optional(int(p.UpdateInterval / time.Second))
		out.DynUpdateTime = stamp(p.UpdatedAt)
	}
	for _, s := range p.Schedules {
		out.ChargingSchedule = append(out.ChargingSchedule, writeSchedule(s))
	}
	return out
}

// writeSchedule writes a schedule; what 2.0.1 does not have, it could not install.
func writeSchedule(s profile.Schedule) ocpp21.ChargingSchedule {
	out := ocpp21.ChargingSchedule{
		ID:               s.ID,
		StartSchedule:    stamp(s.Start),
		Duration:         whole(s.Duration),
		ChargingRateUnit: ocpp21.ChargingRateUnit(s.Unit),
		MinChargingRate:  number(s.MinRate),
		RandomizedDelay:  optional(int(s.RandomDelay / time.Second)),
	}
	if s.AtCharge != nil {
		out.LimitAtSoC = &ocpp21.LimitAtSoC{Soc: int(s.AtCharge.Charge / 10), Limit: *number(&s.AtCharge.Limit)}
	}
	for _, p := range s.Periods {
		out.ChargingSchedulePeriod = append(out.ChargingSchedulePeriod, ocpp21.ChargingSchedulePeriod{
			StartPeriod:    int(p.Start / time.Second),
			Limit:          number(p.Limit),
			NumberPhases:   optional(p.Phases),
			PhaseToUse:     optional(p.Phase),
			LimitL2:        number(p.LimitL2),
			LimitL3:        number(p.LimitL3),
			Setpoint:       number(p.Setpoint),
			DischargeLimit: number(p.DischargeLimit),
			OperationMode:  optional(ocpp21.OperationMode(p.Mode)),
		})
	}
	return out
}

func stamp(t time.Time) *schema.Timestamp {
	if t.IsZero() {
		return nil
	}
	return new(schema.TimestampOf(t))
}

func whole(d *time.Duration) *int {
	if d == nil {
		return nil
	}
	return new(int(*d / time.Second))
}

// optional returns a field that is left out when it says nothing.
func optional[T comparable](v T) *T {
	var nothing T
	if v == nothing {
		return nil
	}
	return &v
}

// pull is there in 2.1 alone.
func (d *dialect2) pull(profileID int) *parcel {
	if !d.v21() {
		return nil
	}
	return &parcel{
		message: &ocpp21.PullDynamicScheduleUpdateRequest{ChargingProfileID: profileID},
		settled: func(response schema.Message, err error) {
			d.s.mu.Lock()
			defer d.s.mu.Unlock()
			d.s.pulling = 0
			update := &ocpp21.ChargingScheduleUpdate{}
			if err == nil {
				if said := response.(*ocpp21.PullDynamicScheduleUpdateResponse).ScheduleUpdate; said != nil {
					update = said
				}
			}
			d.update(profileID, *update) // nothing new also counts from now
		},
	}
}

func (d *dialect2) update(profileID int, u ocpp21.ChargingScheduleUpdate) profile.Refusal {
	d.s.countAll()
	refusal := d.s.profiles.Update(profileID, d.s.time(), profile.Period{
		Limit: rate(u.Limit), LimitL2: rate(u.LimitL2), LimitL3: rate(u.LimitL3),
		Setpoint: rate(u.Setpoint), DischargeLimit: rate(u.DischargeLimit),
	})
	d.s.regulate()
	return refusal
}

func (d *dialect2) updateDynamicSchedule(r *ocpp21.UpdateDynamicScheduleRequest) Reply {
	response := &ocpp21.UpdateDynamicScheduleResponse{Status: ocpp21.ChargingProfileStatusAccepted}
	if refusal := d.update(r.ChargingProfileID, r.ScheduleUpdate); refusal != profile.Accepted {
		response.Status, response.StatusInfo = ocpp21.ChargingProfileStatusRejected, &ocpp21.StatusInfo{ReasonCode: string(refusal)}
	}
	return Reply{Message: response}
}

func (d *dialect2) usePriorityCharging(r *ocpp21.UsePriorityChargingRequest) Reply {
	e := d.s.with(called(r.TransactionID))
	switch {
	case e == nil:
		return Reply{Message: &ocpp21.UsePriorityChargingResponse{Status: ocpp21.PriorityChargingStatusRejected}}
	case r.Activate && !d.s.profiles.HasPriority(e.id):
		return Reply{Message: &ocpp21.UsePriorityChargingResponse{Status: ocpp21.PriorityChargingStatusNoProfile}}
	}
	d.s.count(e)
	changed := e.tx.priority != r.Activate
	e.tx.priority = r.Activate
	return Reply{Message: &ocpp21.UsePriorityChargingResponse{Status: ocpp21.PriorityChargingStatusAccepted}, Then: d.s.locked(func() {
		d.s.regulate()
		if changed || r.Activate { // K21.FR.05 and 08
			d.s.put(&parcel{message: &ocpp21.NotifyPriorityChargingRequest{TransactionID: r.TransactionID, Activated: r.Activate}})
		}
	})}
}
