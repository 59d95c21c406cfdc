package signed

import (
	"pylon/internal/domain/metering"
	"pylon/internal/wire/ocmf"
)

// setOf returns a record in the words of the domain.
func setOf(r *ocmf.Record) *metering.Set {
	set := &metering.Set{
		Signed:  r.Payload,
		Page:    metering.Page{Fiscal: r.Page.Context == ocmf.Fiscal, Number: r.Page.Number},
		Gateway: metering.Device(r.Gateway), Meter: metering.Device(r.Meter),
		User:   metering.User{Assigned: r.User.Assigned, Level: r.User.Level, Type: r.User.Type, ID: r.User.ID},
		Tariff: r.Tariff,
	}
	for i := range r.Readings {
		from := &r.Readings[i]
		set.Readings = append(set.Readings, metering.Reading{
			At: from.At.UTC(), Clock: clockOf(from.Clock), Reason: reasonOf(from.Reason),
			Value: from.Value, Register: from.Register, Unit: from.Unit, Errors: from.Errors, Status: string(from.Status),
		})
	}
	return set
}

func clockOf(c ocmf.Clock) metering.Clock {
	switch c {
	case ocmf.ClockInformative:
		return metering.Informative
	case ocmf.ClockSynchronised:
		return metering.Synchronised
	case ocmf.ClockRelative:
		return metering.Relative
	default:
		return metering.Unsynchronised
	}
}

func reasonOf(r ocmf.Reason) metering.Reason {
	switch r {
	case ocmf.Begin:
		return metering.Begin
	case ocmf.Charging, ocmf.Suspended, ocmf.TariffAhead:
		return metering.During
	case ocmf.Exception:
		return metering.Exception
	case ocmf.End, ocmf.EndLocal, ocmf.EndRemote, ocmf.EndAborted, ocmf.EndPowerCut:
		return metering.End
	default:
		return metering.Outside
	}
}
