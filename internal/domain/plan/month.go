package plan

import (
	"math/big"
	"time"

	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/unit"
)

// Month is a calendar month in the organisation's zone, as in 2026-05. Months
// sort as texts.
type Month string

const monthForm = "2006-01"

// MonthOf returns the month that a moment lies in.
func MonthOf(at time.Time, zone *time.Location) Month { return Month(at.In(zone).Format(monthForm)) }

// ParseMonth reads a month.
func ParseMonth(text string) (Month, error) {
	at, err := time.Parse(monthForm, text)
	if err != nil || at.Format(monthForm) != text {
		return "", fault.New(fault.Invalid, "month_malformed")
	}
	return Month(text), nil
}

// Add returns the month so many months later.
func (m Month) Add(months int) Month {
	year, month, _ := m.begin(time.UTC).Date()
	return Month(time.Date(year, month+time.Month(months), 1, 0, 0, 0, 0, time.UTC).Format(monthForm))
}

// Begin returns the month's first instant.
func (m Month) Begin(zone *time.Location) time.Time { return m.begin(zone).UTC() }

// End returns the first instant after the month.
func (m Month) End(zone *time.Location) time.Time { return m.Add(1).Begin(zone) }

func (m Month) begin(zone *time.Location) time.Time {
	at, err := time.ParseInLocation(monthForm, string(m), zone)
	if err != nil {
		panic("plan: not a month: " + string(m)) // only [MonthOf] and [ParseMonth] make one
	}
	return at
}

// days returns how many days the month has.
func (m Month) days() int {
	year, month, _ := m.begin(time.UTC).Date()
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// Days returns on how many days of a month the subscription is in force, and how
// many the month has. A day counts when it is in force at any moment of it: no day
// with benefits is free of charge.
func (s *Subscription) Days(m Month, zone *time.Location) (counted, all int) {
	year, month, _ := m.begin(zone).Date()
	all = m.days()
	for day := 1; day <= all; day++ {
		if s.touches(time.Date(year, month, day, 0, 0, 0, 0, zone), time.Date(year, month, day+1, 0, 0, 0, 0, zone)) {
			counted++
		}
	}
	return counted, all
}

// touches reports whether the subscription is in force at any moment of a stretch.
func (s *Subscription) touches(from, until time.Time) bool {
	if from.Before(s.From) {
		from = s.From
	}
	if !s.Until.IsZero() && s.Until.Before(until) {
		until = s.Until
	}
	for _, p := range s.Pauses { // in order, and apart
		switch {
		case !from.Before(p.From) && p.Until.IsZero():
			return false
		case !from.Before(p.From) && p.Until.After(from):
			from = p.Until
		}
	}
	return from.Before(until)
}

// Fee returns what a month of a subscription costs, in minor units: the plan's
// fee × the days that count ÷ the days of the month, rounded once, half up.
func (p *Plan) Fee(s *Subscription, m Month, zone *time.Location) (int64, error) {
	counted, all := s.Days(m, zone)
	part := money.Of(p.Terms.Fee.Amount, p.Currency).Exact().Mul(exact.Fraction(int64(counted), int64(all)))
	a, err := money.Round(part, p.Currency)
	return a.Minor, err
}

// Granted returns the energy that a month of a subscription gives: the plan's
// allowance, less as the fee is, rounded down to the milliwatt-hour.
func (p *Plan) Granted(s *Subscription, m Month, zone *time.Location) unit.MilliWattHour {
	if p.Terms.Allowance == nil {
		return 0
	}
	counted, all := s.Days(m, zone)
	return p.Terms.Allowance.Energy * unit.MilliWattHour(counted) / unit.MilliWattHour(all) // a million kWh × 31 is far from the end
}

// Usage is what a month of a subscription has come to. Whoever changes it changes
// its version, so that no two sessions use the same energy.
type Usage struct {
	Subscription ident.SubscriptionID
	Month        Month
	Organisation ident.OrganisationID
	Customer     ident.CustomerID
	Energy       unit.MilliWattHour // measured, of all sessions
	Sessions     int64
	Covered      unit.MilliWattHour // of it, by the allowance
	Version      int64
}

// MonthID names a month of a subscription.
func MonthID(s ident.SubscriptionID, m Month) string { return string(s) + "/" + string(m) }

// Key names the row.
func (u Usage) Key() string { return MonthID(u.Subscription, u.Month) }

// Next returns the row in its next version.
func (u Usage) Next() Usage {
	u.Version++
	return u
}

// FeeOf is what the fee of a month is about, in the books and on its bill.
func FeeOf(s ident.SubscriptionID, m Month) ledger.Source {
	return ledger.Source{Type: "subscription", ID: MonthID(s, m)}
}

// whole rounds down; what is beyond all numbers is the greatest one.
func whole(n exact.Number) int64 {
	p, q := n.Ratio()
	p.Div(p, q)
	if !p.IsInt64() {
		return big.NewInt(0).Lsh(big.NewInt(1), 62).Int64()
	}
	return p.Int64()
}
