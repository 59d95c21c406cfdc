package roaming

import (
	"slices"
	"strings"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
)

// Doubt is something of a CDR that does not go with the rest of it.
type Doubt struct {
	Code   Code   `json:"code"`
	Period int    `json:"period"`         // index of the period that it is about; -1: of none
	Says   string `json:"says,omitzero"`  // what the CDR says
	Comes  string `json:"comes,omitzero"` // what its parts come to
}

// Code names a doubt.
type Code string

// The doubts.
const (
	EndsBeforeStart   Code = "ends_before_start"
	PeriodOutside     Code = "period_outside"      // begins before the session, or after its end
	PeriodOrder       Code = "period_order"        // begins before the one that it follows
	PeriodTime        Code = "period_time"         // counts more time than there is until the next one
	PeriodPower       Code = "period_power"        // more energy than any station can give: Wh where there should be kWh
	PeriodTariff      Code = "period_tariff"       // names a tariff that the CDR has not
	TotalEnergy       Code = "total_energy"        // is not that of the periods
	TotalTime         Code = "total_time"          // is not that of the clock
	TotalParkingTime  Code = "total_parking_time"  // is not that of the periods
	TotalCost         Code = "total_cost"          // is not that of its parts, nor a limit of price
	TotalCostWithTax  Code = "total_cost_with_tax" // likewise
	TariffCurrency    Code = "tariff_currency"     // of a tariff is not the CDR's
	CreditNotNegative Code = "credit_not_negative" //nolint:gosec // nobody's credentials
	NegativeCost      Code = "negative_cost"       // and it is no credit
)

// Doubts returns what does not add up in a CDR, whoever made it: none in one of ours.
// A CDR that says nothing of a dimension, or of the parts of its cost, is not doubted for that: it only proves less.
//
// An amount may be off by a minor unit for each of its parts, as partners round them; energy by 0.5 Wh and time by 1.8 s
// for each period, since the specification's own example has three digits.
func Doubts(c *trade.CDR) []Doubt {
	d := doubts{cdr: c}
	if c.End.Before(c.Start) {
		d.add(EndsBeforeStart, -1, c.Start.Format(time.RFC3339Nano), c.End.Format(time.RFC3339Nano))
	}
	for i := range c.Periods {
		d.period(i)
	}
	d.volumes()
	d.costs()
	for _, t := range c.Tariffs {
		if t.Prices.Currency != c.Currency {
			d.add(TariffCurrency, -1, string(c.Currency), string(t.Prices.Currency))
		}
	}
	return d.found
}

type doubts struct {
	cdr   *trade.CDR
	found []Doubt
}

// maxDoubts bounds what is told of one CDR: more do not make it more doubtful.
const maxDoubts = 32

func (d *doubts) add(code Code, period int, says, comes string) {
	if len(d.found) < maxDoubts {
		d.found = append(d.found, Doubt{Code: code, Period: period, Says: says, Comes: comes})
	}
}

// slack is how much a volume may be off.
func slack() exact.Number { return exact.Fraction(5, 10_000) }

// apart reports whether two numbers differ by more than slack.
func apart(a, b, slack exact.Number) bool {
	difference := a.Sub(b)
	return difference.Max(difference.Neg()).Cmp(slack) > 0
}

// end returns when a period ends.
func (d *doubts) end(i int) time.Time {
	if i+1 < len(d.cdr.Periods) {
		return d.cdr.Periods[i+1].Start
	}
	return d.cdr.End
}

// period looks at one period.
func (d *doubts) period(i int) {
	c, p := d.cdr, &d.cdr.Periods[i]
	if p.Start.Before(c.Start) || p.Start.After(c.End) {
		d.add(PeriodOutside, i, p.Start.Format(time.RFC3339Nano), "")
	}
	end := d.end(i)
	if end.Before(p.Start) && i+1 < len(c.Periods) {
		d.add(PeriodOrder, i+1, end.Format(time.RFC3339Nano), "")
	}
	there := hours(max(end.Sub(p.Start), 0))
	if counted, _ := amount(p, trade.Time, trade.ParkingTime, trade.ReservationTime); counted.Cmp(there.Add(slack())) > 0 {
		d.add(PeriodTime, i, counted.String(), there.String())
	}
	// The strongest stations give less than 4 MW; a minute more stands for clocks that are off.
	most := there.Add(hours(time.Minute)).Mul(exact.Int(4000))
	if energy, _ := amount(p, trade.Energy); energy.Cmp(most) > 0 {
		d.add(PeriodPower, i, energy.String(), most.String())
	}
	known := func(t trade.Tariff) bool { return strings.EqualFold(t.ID, p.Tariff) }
	if p.Tariff != "" && len(c.Tariffs) > 0 && !slices.ContainsFunc(c.Tariffs, known) {
		d.add(PeriodTariff, i, p.Tariff, "")
	}
}

// amount returns what a period has of some dimensions together, and whether it has any.
func amount(p *trade.Period, dimensions ...trade.Dimension) (all exact.Number, there bool) {
	for _, v := range p.Volumes {
		if slices.Contains(dimensions, v.Dimension) {
			all, there = all.Add(exact.Of(v.Amount)), true
		}
	}
	return all, there
}

// volumes holds the totals of volumes against the periods and the clock.
func (d *doubts) volumes() {
	c := d.cdr
	slack := slack().Mul(exact.Int(int64(len(c.Periods) + 1)))
	energy, there := d.all(trade.Energy)
	if there && apart(exact.Of(c.Energy), energy, slack) {
		d.add(TotalEnergy, -1, c.Energy.String(), energy.String())
	}
	parking, there := d.all(trade.ParkingTime)
	switch {
	case c.ParkingTime != nil && there && apart(exact.Of(*c.ParkingTime), parking, slack):
		d.add(TotalParkingTime, -1, c.ParkingTime.String(), parking.String())
	case c.ParkingTime == nil && apart(parking, exact.Number{}, slack):
		d.add(TotalParkingTime, -1, "", parking.String())
	}
	start, reserved := d.session()
	elapsed := hours(max(c.End.Sub(start), 0))
	if reserved {
		elapsed = exact.Number{}
	}
	if apart(exact.Of(c.Time), elapsed, slack) {
		d.add(TotalTime, -1, c.Time.String(), elapsed.String())
	}
}

// all returns what all periods have of a dimension.
func (d *doubts) all(dimension trade.Dimension) (all exact.Number, there bool) {
	for i := range d.cdr.Periods {
		if part, has := amount(&d.cdr.Periods[i], dimension); has {
			all, there = all.Add(part), true
		}
	}
	return all, there
}

// session returns when the session began, after the reservation; reserved says that there was nothing but one.
func (d *doubts) session() (start time.Time, reserved bool) {
	start = d.cdr.Start
	for i := range d.cdr.Periods {
		if _, reservation := amount(&d.cdr.Periods[i], trade.ReservationTime); !reservation {
			return start, false
		}
		start = d.end(i)
	}
	return start, len(d.cdr.Periods) > 0
}

// costs holds the total against its parts and the limits of the tariffs.
func (d *doubts) costs() {
	d.side(TotalCost, func(p *trade.Price) *decimal.Decimal { return &p.Excl }, func(l *rating.Limit) *decimal.Decimal { return l.Excl })
	d.side(TotalCostWithTax, func(p *trade.Price) *decimal.Decimal { return p.Incl }, func(l *rating.Limit) *decimal.Decimal { return l.Incl })
	switch total := d.cdr.Total.Excl; {
	case d.cdr.Credits != "" && total.Sign() > 0:
		d.add(CreditNotNegative, -1, total.String(), "")
	case d.cdr.Credits == "" && total.Sign() < 0:
		d.add(NegativeCost, -1, total.String(), "")
	}
}

// side does so without taxes, or with them: price and limit give that side. Where an amount is not known there is nothing to hold.
func (d *doubts) side(code Code, price func(*trade.Price) *decimal.Decimal, limit func(*rating.Limit) *decimal.Decimal) {
	c, sum, parts := d.cdr, exact.Number{}, int64(0)
	for _, cost := range []*trade.Price{c.FixedCost, c.EnergyCost, c.TimeCost, c.ParkingCost, c.ReservationCost} {
		if cost == nil {
			continue
		}
		amount := price(cost)
		if amount == nil {
			return
		}
		sum, parts = sum.Add(exact.Of(*amount)), parts+1
	}
	total := price(&c.Total)
	if total == nil || parts == 0 {
		return
	}
	says := exact.Of(*total)
	if c.Credits != "" {
		says = says.Neg()
	}
	slack := money.Of(parts, c.Currency).Exact()
	if apart(says, sum, slack) && !d.limited(sum, says, slack, limit) {
		d.add(code, -1, total.String(), sum.String())
	}
}

// limited reports whether a limit of price has made sum into total. Without tax both sides are limits of one amount.
func (d *doubts) limited(sum, total, slack exact.Number, limit func(*rating.Limit) *decimal.Decimal) bool {
	made := func(l *rating.Limit, included rating.TaxIncluded, order int) bool {
		bounds := []*decimal.Decimal{limit(l)}
		if included == rating.TaxNone {
			bounds = []*decimal.Decimal{l.Excl, l.Incl}
		}
		return slices.ContainsFunc(bounds, func(bound *decimal.Decimal) bool {
			return bound != nil && exact.Of(*bound).Cmp(sum) == order && !apart(total, exact.Of(*bound), slack)
		})
	}
	return slices.ContainsFunc(d.cdr.Tariffs, func(t trade.Tariff) bool {
		p := &t.Prices
		return made(&p.MinPrice, p.TaxIncluded, 1) || made(&p.MaxPrice, p.TaxIncluded, -1)
	})
}
