// Package plan holds what belongs to a customer beyond the tariff: plans that he
// subscribes to, with energy that is paid for, discounts, loyalty and points; and
// vouchers. It decides what of them acts on the price of a session, and what the
// session used up.
package plan

import (
	"cmp"
	"strconv"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// Plan is what customers subscribe to. Its terms never change: what a customer
// was promised holds as long as he has it. For other terms there is another plan.
type Plan struct {
	ID           ident.PlanID
	Organisation ident.OrganisationID
	Name         string // as bills have it
	Currency     money.Currency
	From         time.Time // subscriptions may begin from then on; zero: at any time
	Until        time.Time // exclusive; zero: for ever
	Terms        Terms
	CreatedAt    time.Time
	Version      int64
}

// Terms are what a plan costs and gives. They act on sessions whose tariff is in
// the plan's currency.
type Terms struct {
	Fee       Fee        `json:"fee"`
	Discount  *Discount  `json:"discount,omitzero"`
	Allowance *Allowance `json:"allowance,omitzero"`
	Loyalty   *Loyalty   `json:"loyalty,omitzero"`
	Points    *Points    `json:"points,omitzero"`
}

// Fee is what a calendar month costs.
type Fee struct {
	Amount int64           `json:"amount"` // minor units; 0: nothing
	VAT    decimal.Decimal `json:"vat"`    // per cent
	Gross  bool            `json:"gross"`  // Amount includes the tax
}

// Discount takes a share off what some dimensions cost.
type Discount struct {
	Of      []rating.Dimension `json:"of,omitzero"` // empty: all
	Percent decimal.Decimal    `json:"percent"`     // above 0, at most 100
}

// Allowance is energy that the fee pays for.
type Allowance struct {
	Energy  unit.MilliWattHour `json:"energy_mwh"`       // of a calendar month
	Overage *decimal.Decimal   `json:"overage,omitzero"` // price of a kWh beyond it, in the tariff's basis; nil: the tariff's
}

// Loyalty gives a discount on everything to whoever charges much. The tier of a
// month follows from the months before it, so it holds for the whole month.
type Loyalty struct {
	Months int    `json:"months"` // that are looked at
	Tiers  []Tier `json:"tiers"`  // each above the one before
}

// Tier is reached by all that it names: energy, sessions or both, in all the
// months together.
type Tier struct {
	Energy   unit.MilliWattHour `json:"energy_mwh,omitzero"`
	Sessions int64              `json:"sessions,omitzero"`
	Percent  decimal.Decimal    `json:"percent"` // off everything; above 0, at most 100
}

// Points are earned by each session, rounded down, and spent on rewards.
type Points struct {
	PerKWh  decimal.Decimal `json:"per_kwh,omitzero"`
	PerUnit decimal.Decimal `json:"per_unit,omitzero"` // of the currency, net
	Rewards []Reward        `json:"rewards,omitzero"`
}

// Reward is what so many points are given for: a voucher of an amount, in the
// plan's currency.
type Reward struct {
	Name   string `json:"name"`
	Points int64  `json:"points"`
	Amount int64  `json:"amount"` // minor units
}

// Limits of plans, each far above what anybody offers.
const (
	nameMax      = 100
	feeMax       = 100_000_000 // a million euros a month
	energyMax    = unit.MilliWattHour(1_000_000_000_000)
	monthsMax    = 24 // two years: all of them are read for each session
	tiersMax     = 20
	rewardsMax   = 50
	pointsMax    = 1_000_000_000
	digitsMost   = 6 // after the point of a price or a share
	wholeMost    = 1_000_000
	sessionsMost = 1_000_000
)

// Check returns the first thing that is wrong with a plan, as [fault.Invalid].
func (p *Plan) Check() error {
	return cmp.Or(
		named("/name", p.Name, true),
		currency("/currency", p.Currency),
		ordered("/valid_until", p.From, p.Until),
		fault.Below("/terms", p.Terms.check()),
	)
}

func (t *Terms) check() error {
	return cmp.Or(t.Fee.check(), t.Discount.check(), t.Allowance.check(), t.Loyalty.check(), t.Points.check())
}

// Open reports whether a subscription may begin at a moment.
func (p *Plan) Open(at time.Time) bool { return within(p.From, p.Until, at) }

func (f *Fee) check() error {
	if f.Amount < 0 || f.Amount > feeMax {
		return fault.InvalidField("/fee/amount_minor", "range", "must be 0 to 100 million")
	}
	return number("/fee/tax_percent", f.VAT, 100)
}

func (d *Discount) check() error {
	if d == nil {
		return nil
	}
	seen := map[rating.Dimension]bool{}
	for i, of := range d.Of {
		switch of {
		case rating.Flat, rating.Energy, rating.Time, rating.ParkingTime, rating.Idle:
		case rating.Total:
			return fault.InvalidField("/discount/of/"+strconv.Itoa(i), "enumeration", "leave it out for everything")
		default:
			return fault.InvalidField("/discount/of/"+strconv.Itoa(i), "enumeration", "must be one of FLAT, ENERGY, TIME, PARKING_TIME, IDLE")
		}
		if seen[of] {
			return fault.InvalidField("/discount/of/"+strconv.Itoa(i), "items", "stands twice")
		}
		seen[of] = true
	}
	return share("/discount/percent", d.Percent)
}

func (a *Allowance) check() error {
	if a == nil {
		return nil
	}
	if a.Energy < 0 || a.Energy > energyMax || a.Energy == 0 && a.Overage == nil {
		return fault.InvalidField("/allowance/kwh", "range", "must be above 0 and at most a million")
	}
	if a.Overage == nil {
		return nil
	}
	return number("/allowance/overage", *a.Overage, wholeMost)
}

func (l *Loyalty) check() error {
	if l == nil {
		return nil
	}
	if l.Months < 1 || l.Months > monthsMax {
		return fault.InvalidField("/loyalty/months", "range", "must be 1 to 24")
	}
	if len(l.Tiers) < 1 || len(l.Tiers) > tiersMax {
		return fault.InvalidField("/loyalty/tiers", "items", "must have 1 to 20 tiers")
	}
	for i := range l.Tiers {
		t, at := &l.Tiers[i], "/loyalty/tiers/"+strconv.Itoa(i)
		switch {
		case t.Energy < 0 || t.Energy > energyMax || t.Sessions < 0 || t.Sessions > sessionsMost:
			return fault.InvalidField(at, "range", "must not be negative, and at most a million")
		case t.Energy == 0 && t.Sessions == 0:
			return fault.InvalidField(at, "required", "names kWh, sessions or both")
		case i > 0 && (t.Energy < l.Tiers[i-1].Energy || t.Sessions < l.Tiers[i-1].Sessions):
			return fault.InvalidField(at, "order", "must not be below the tier before it")
		}
		if err := share(at+"/percent", t.Percent); err != nil {
			return err
		}
	}
	return nil
}

func (p *Points) check() error {
	if p == nil {
		return nil
	}
	if err := cmp.Or(number("/points/per_kwh", p.PerKWh, wholeMost), number("/points/per_unit", p.PerUnit, wholeMost)); err != nil {
		return err
	}
	if len(p.Rewards) > rewardsMax {
		return fault.InvalidField("/points/rewards", "items", "has at most 50 rewards")
	}
	names := map[string]bool{}
	for i := range p.Rewards {
		r, at := &p.Rewards[i], "/points/rewards/"+strconv.Itoa(i)
		switch {
		case r.Points < 1 || r.Points > pointsMax:
			return fault.InvalidField(at+"/points", "range", "must be 1 to a billion")
		case r.Amount < 1 || r.Amount > feeMax:
			return fault.InvalidField(at+"/amount_minor", "range", "must be 1 to 100 million")
		case names[r.Name]:
			return fault.InvalidField(at+"/name", "items", "stands twice")
		}
		if err := named(at+"/name", r.Name, true); err != nil {
			return err
		}
		names[r.Name] = true
	}
	return nil
}

// Reward returns the reward with a name.
func (p *Plan) Reward(name string) (Reward, bool) {
	if p.Terms.Points == nil {
		return Reward{}, false
	}
	for _, r := range p.Terms.Points.Rewards {
		if r.Name == name {
			return r, true
		}
	}
	return Reward{}, false
}

// Earned returns the points of a session: of what was measured, and of its bill's
// net amount in minor units of a currency, which must be the plan's to count.
func (p *Plan) Earned(measured unit.MilliWattHour, net int64, in money.Currency) int64 {
	of := p.Terms.Points
	if of == nil {
		return 0
	}
	sum := exact.Of(kwh(measured)).Mul(exact.Of(of.PerKWh))
	if in == p.Currency && net > 0 {
		sum = sum.Add(money.Of(net, in).Exact().Mul(exact.Of(of.PerUnit)))
	}
	return min(whole(sum), pointsMax)
}

// Tier returns the greatest share that is off everything in a month, by what the
// months before it came to; nil when no tier is reached.
func (l *Loyalty) Tier(before []Usage) *Tier {
	if l == nil {
		return nil
	}
	var energy unit.MilliWattHour
	var sessions int64
	for i := range before {
		energy += before[i].Energy
		sessions += before[i].Sessions
	}
	var best *Tier
	for i := range l.Tiers {
		if t := &l.Tiers[i]; energy >= t.Energy && sessions >= t.Sessions && (best == nil || t.Percent.Cmp(best.Percent) > 0) {
			best = t
		}
	}
	return best
}

// kwh writes energy in the rater's unit.
func kwh(e unit.MilliWattHour) decimal.Decimal { return decimal.FromInt(int64(e), 6) }

// within reports whether a moment lies in a stretch: from inclusive, until
// exclusive, each zero for none.
func within(from, until, at time.Time) bool {
	return !at.Before(from) && (until.IsZero() || at.Before(until))
}

func named(pointer, name string, required bool) error {
	if required && name == "" {
		return fault.InvalidField(pointer, "required", "must not be empty")
	}
	return billing.Text(pointer, name, nameMax)
}

func currency(pointer string, c money.Currency) error {
	if _, err := money.ParseCurrency(string(c)); err != nil {
		return fault.InvalidField(pointer, "enumeration", "must be a currency of ISO 4217")
	}
	return nil
}

func ordered(pointer string, from, until time.Time) error {
	if !until.IsZero() && !until.After(from) {
		return fault.InvalidField(pointer, "order", "must be after the start")
	}
	return nil
}

// number refuses what is negative or above a whole number, or has more digits than
// anybody needs.
func number(pointer string, d decimal.Decimal, most int64) error {
	if d.Sign() < 0 || d.CmpInt(most) > 0 {
		return fault.InvalidField(pointer, "range", "must be 0 to "+strconv.FormatInt(most, 10))
	}
	if _, fits, err := d.Scaled(digitsMost); err != nil || !fits {
		return fault.InvalidField(pointer, "range", "has at most 6 digits after the point")
	}
	return nil
}

// share refuses what is no share in per cent.
func share(pointer string, d decimal.Decimal) error {
	if d.Sign() <= 0 {
		return fault.InvalidField(pointer, "range", "must be above 0")
	}
	return number(pointer, d, 100)
}
