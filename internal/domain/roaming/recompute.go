package roaming

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
)

// Rater answers what a question comes to.
type Rater func(*rating.Question) (*rating.Answer, error)

// Recompute returns a CDR with the costs that its own tariff and its own periods come to, by our
// rater: what a provider reckons who got it from an operator. zone is the location's, which no CDR tells.
//
// A CDR of ours comes to what it says, to the last digit, when its volumes are no finer than a CDR can tell (tenths of a
// watt-hour), its times no finer than milliseconds, and its reservation ends when the session begins. A volume that was split between two readings may be finer: then the
// difference is that of its last digit, or of a step that it was just over.
//
// A CDR without a tariff, with more than one, or that is a credit cannot be recomputed: [fault.Invalid].
func Recompute(c *trade.CDR, zone string, rate Rater) (*trade.CDR, error) {
	q, err := question(c, zone)
	if err != nil {
		return nil, fmt.Errorf("CDR %s: %w", c.ID, err)
	}
	a, err := rate(q)
	if err != nil {
		return nil, fmt.Errorf("CDR %s: rated by its own tariff: %w", c.ID, err)
	}
	ours := *c
	ours.FixedCost, ours.EnergyCost, ours.TimeCost, ours.ParkingCost, ours.ReservationCost = nil, nil, nil, nil, nil
	if err := price(&ours, Tax{}, q, a); err != nil {
		return nil, fmt.Errorf("CDR %s: costs: %w", c.ID, err)
	}
	return &ours, nil
}

// question returns what a CDR asks a rater.
func question(c *trade.CDR, zone string) (*rating.Question, error) {
	switch {
	case c.Credits != "":
		return nil, fault.InvalidField("/credit", "credit", "is what another CDR comes to, negative")
	case len(c.Tariffs) == 0:
		return nil, fault.InvalidField("/tariffs", "required", "has none to reckon by")
	case slices.ContainsFunc(c.Periods, func(p trade.Period) bool { return p.Tariff != "" && !strings.EqualFold(p.Tariff, c.Tariffs[0].ID) }):
		return nil, fault.InvalidField("/charging_periods", "tariffs_mixed", "are by more than one tariff")
	}
	q := &rating.Question{Tariff: c.Tariffs[0].Prices, Zone: zone, Session: rating.Session{Start: c.Start, End: c.End}}
	s := &q.Session
	for i := range c.Periods {
		p, end := &c.Periods[i], endOf(c, i)
		if reserved, there := amount(p, trade.ReservationTime); there {
			r := rating.Reservation{Start: p.Start, End: p.Start.Add(lasting(reserved, end.Sub(p.Start)))}
			r.Expired = i+1 == len(c.Periods)
			s.Reservation, s.Start = &r, end
			continue
		}
		asked, err := periodOf(p, end.Sub(p.Start))
		if err != nil {
			return nil, fault.Below(fmt.Sprintf("/charging_periods/%d", i), err)
		}
		if n := len(s.Periods); n > 0 && !asked.Start.After(s.Periods[n-1].Start) { // within one millisecond, and a rater wants an order
			asked.Start = s.Periods[n-1].Start.Add(1)
		}
		s.Periods = append(s.Periods, asked)
	}
	if n := len(s.Periods); n > 1 && !s.End.After(s.Periods[n-1].Start) {
		s.End = s.Periods[n-1].Start.Add(1)
	}
	return q, nil
}

// endOf returns when a period ends.
func endOf(c *trade.CDR, i int) time.Time {
	if i+1 < len(c.Periods) {
		return c.Periods[i+1].Start
	}
	return c.End
}

// periodOf returns a period as a rater asks for it. long is how long it was by the clock.
func periodOf(p *trade.Period, long time.Duration) (rating.Period, error) {
	asked := rating.Period{Start: p.Start}
	for _, v := range p.Volumes {
		var err error
		switch v.Dimension {
		case trade.Energy:
			asked.Energy = &v.Amount
		case trade.Time:
			asked.Charging, err = seconds(exact.Of(v.Amount), long)
		case trade.ParkingTime:
			asked.Parking, err = seconds(exact.Of(v.Amount), long)
		case trade.MinCurrent:
			asked.MinCurrent = &v.Amount
		case trade.MaxCurrent:
			asked.MaxCurrent = &v.Amount
		case trade.MinPower:
			asked.MinPower = &v.Amount
		case trade.MaxPower:
			asked.MaxPower = &v.Amount
		case trade.ReservationTime: // is no period of the session
		}
		if err != nil {
			return asked, err
		}
	}
	return asked, nil
}

// roundedBy is how far a length of time in hours may be from that of the clock, when it is
// the same: four digits, and what the period before has lost.
const roundedBy = 400 * time.Millisecond

// lasting returns a length of time that a CDR tells in hours: that of the clock, which is finer, when both
// are the same.
func lasting(told exact.Number, long time.Duration) time.Duration {
	ms, err := money.Digits(told.Mul(exact.Int(int64(time.Hour/time.Millisecond))), 0)
	if err != nil {
		return long
	}
	n, _, err := ms.Scaled(0)
	if d := time.Duration(n) * time.Millisecond; err == nil && (d-long).Abs() > roundedBy {
		return d
	}
	return long
}

// seconds returns a length of time as a rater asks for it.
func seconds(told exact.Number, long time.Duration) (*decimal.Decimal, error) {
	d := lasting(told, long)
	if d == long {
		return new(decimal.FromInt(int64(d), 9)), nil
	}
	s, err := money.Digits(told.Mul(exact.Int(int64(time.Hour/time.Second))), digits)
	return &s, err
}
