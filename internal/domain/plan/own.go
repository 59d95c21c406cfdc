package plan

import (
	"cmp"
	"slices"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// Holding is what a customer has when one of his sessions is priced, without what
// this session itself used when it was priced before.
type Holding struct {
	Customer ident.CustomerID
	Start    time.Time // of the session: what is in force then acts on it
	End      time.Time // a voucher that was redeemed later does not
	Zone     *time.Location
	Month    *Membership // nil: no subscription is in force
	Held     []Held      // all that may be of use
	Had      []string    // sources that the session used before: what it had it may have again, though it has lapsed
}

// Membership is a subscription in the month of the session.
type Membership struct {
	Subscription Subscription
	Plan         Plan
	Usage        Usage
	Before       []Usage // of the customer in the months that the plan's loyalty looks at, whatever he had then
}

// Use is what a session took of a source, a subscription or a redemption. It is
// written anew whenever the session is settled; one that took nothing any more stays,
// with nothing in it.
type Use struct {
	Source       string
	Session      ident.SessionID
	Organisation ident.OrganisationID
	Customer     ident.CustomerID
	Month        Month              // of a subscription; "" of a redemption
	Energy       unit.MilliWattHour // measured: of a subscription
	Covered      unit.MilliWattHour // of it, by the source
	Amount       int64              // minor units that a voucher paid
	Sessions     int64              // 1; 0: it was given back, or there was no energy
	Points       int64              // that were earned
	Journal      ident.JournalID    // that posts them; "": none
	At           time.Time          // when it was decided
}

// vouchersMost bounds the vouchers that act on a session: each goes through all the
// lines before it, and nobody reads a bill with more.
const vouchersMost = 20

// Own is what a customer brings to the price of a session.
type Own struct {
	Adjustments []rating.Adjustment
	Names       map[string]string // of adjustments, by their ids, as bills call them
	of          *Holding
	terms       *Terms             // that act; nil: none
	granted     unit.MilliWattHour // what is left of the plan's allowance
	energy      []*Held            // vouchers of energy, in the order in which they are used
	energyID    string             // of the adjustment that has the energy; "": none
	percent     *Held
	credits     []*Held
}

// Own returns what acts on a session whose tariff is in a currency, and what reads
// off the answer what was used. The adjustments come after the tariff's, in this order:
//
//  1. the plan's discount;
//  2. energy that was paid for before, in one adjustment: the plan's allowance, which
//     is used first since it lapses with the month, and vouchers of energy;
//     what the plan asks for energy beyond comes with it;
//  3. the discount of the loyalty's tier, on everything;
//  4. of the vouchers of a share the one with the greatest: they do not add up;
//  5. vouchers of an amount, the one that lapses first before the others.
//
// A plan in another currency does nothing, and nor does a voucher of such an amount.
// known says whether the tariff has a rate of tax for what names none.
func (h *Holding) Own(in money.Currency, known bool) *Own {
	o := &Own{of: h, Names: map[string]string{}}
	vouchers := h.usable(in)
	if m := h.Month; m != nil && m.Plan.Currency == in {
		o.terms = &m.Plan.Terms
		o.discount(m)
		o.granted = max(0, m.Plan.Granted(&m.Subscription, m.Usage.Month, h.Zone)-m.Usage.Covered)
	}
	o.paidEnergy(vouchers, known)
	if o.terms != nil {
		if t := o.terms.Loyalty.Tier(h.Month.Before); t != nil {
			o.add(h.Month.id("loyalty"), h.Month.Plan.Name, rating.Adjustment{Percent: &rating.Percent{Rate: negative(t.Percent)}})
		}
	}
	o.vouchers(vouchers)
	return o
}

// id names an adjustment of the membership.
func (m *Membership) id(part string) string { return string(m.Subscription.ID) + "/" + part }

func (o *Own) add(id, name string, a rating.Adjustment) {
	a.ID = id
	o.Adjustments = append(o.Adjustments, a)
	o.Names[id] = name
}

func (o *Own) discount(m *Membership) {
	if d := o.terms.Discount; d != nil {
		o.add(m.id("discount"), m.Plan.Name, rating.Adjustment{Percent: &rating.Percent{Of: d.Of, Rate: negative(d.Percent)}})
	}
}

// paidEnergy adds the energy that was paid for before. It is one adjustment, since
// two would not know what of the session the other has covered.
func (o *Own) paidEnergy(vouchers []*Held, known bool) {
	sum := o.granted
	for _, v := range vouchers {
		if v.Of.Value.Energy > 0 {
			_, left, _ := v.left()
			o.energy = append(o.energy, v)
			sum += left
		}
	}
	a := rating.Adjustment{Allowance: &rating.Allowance{KWh: kwh(sum)}}
	switch {
	case o.terms != nil && o.terms.Allowance != nil:
		o.energyID = o.of.Month.id("allowance")
		o.Names[o.energyID] = o.of.Month.Plan.Name
		if a.Allowance.Overage = o.terms.Allowance.Overage; a.Allowance.Overage != nil && !known {
			a.VAT = &o.terms.Fee.VAT
		}
	case len(o.energy) > 0:
		o.energyID = string(o.energy[0].ID)
		o.Names[o.energyID] = o.energy[0].Of.Called()
	}
	if o.energyID != "" && (sum > 0 || a.Allowance.Overage != nil) {
		o.add(o.energyID, o.Names[o.energyID], a)
	}
}

func (o *Own) vouchers(vouchers []*Held) {
	for _, v := range vouchers {
		if v.Of.Value.Percent.Sign() > 0 && (o.percent == nil || v.Of.Value.Percent.Cmp(o.percent.Of.Value.Percent) > 0) {
			o.percent = v
		}
	}
	if v := o.percent; v != nil {
		o.add(string(v.ID), v.Of.Called(), rating.Adjustment{Percent: &rating.Percent{Rate: negative(v.Of.Value.Percent)}})
	}
	for _, v := range vouchers {
		if v.Of.Value.Amount > 0 {
			left, _, _ := v.left()
			o.credits = append(o.credits, v)
			o.add(string(v.ID), v.Of.Called(), rating.Adjustment{Credit: &rating.Credit{Amount: money.Of(left, v.Of.Value.Currency).Decimal()}})
		}
	}
}

// usable returns the vouchers that may act on the session, in the order in which
// they are used: the one that lapses first, then the one that was redeemed first.
func (h *Holding) usable(in money.Currency) []*Held {
	var all []*Held
	for i := range h.Held {
		v := &h.Held[i]
		value := v.Left()
		worth := value.Energy > 0 || value.Percent.Sign() > 0 || value.Amount > 0 && value.Currency == in
		lives := within(v.Of.From, v.Of.Until, h.Start) && !v.At.After(h.End)
		if worth && (lives || slices.Contains(h.Had, string(v.ID))) {
			all = append(all, v)
		}
	}
	slices.SortFunc(all, func(a, b *Held) int {
		return cmp.Or(lapses(a, b), a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
	})
	return all[:min(len(all), vouchersMost)]
}

// lapses compares the ends of two vouchers; none is the latest.
func lapses(a, b *Held) int {
	x, y := a.Of.Until, b.Of.Until
	switch {
	case x.IsZero() == y.IsZero():
		return x.Compare(y)
	case x.IsZero():
		return +1
	}
	return -1
}

// Uses reads off the answer what the session used of each source. What made no line
// was not used: nothing is taken from anybody for a line that is not on his bill.
func (o *Own) Uses(q *rating.Question, a *rating.Answer, session ident.SessionID, now time.Time) []Use {
	h := o.of
	use := Use{Session: session, Customer: h.Customer, Sessions: 1, At: now}
	var all []Use
	covered := o.covered(a)
	if m := h.Month; m != nil {
		u := use
		u.Source, u.Organisation, u.Month = string(m.Subscription.ID), m.Subscription.Organisation, m.Usage.Month
		if u.Energy = measured(a); u.Energy == 0 { // nobody rises by plugging in
			u.Sessions = 0
		}
		u.Covered = min(covered, o.granted)
		covered -= u.Covered
		all = append(all, u)
	}
	taken := func(v *Held) *Use {
		u := use
		u.Source, u.Organisation = string(v.ID), v.Organisation
		all = append(all, u)
		return &all[len(all)-1]
	}
	for _, v := range o.energy {
		_, left, _ := v.left()
		if part := min(covered, left); part > 0 {
			taken(v).Covered = part
			covered -= part
		}
	}
	if v := o.percent; v != nil && len(linesOf(a, string(v.ID))) > 0 {
		taken(v)
	}
	for _, v := range o.credits {
		if lines := linesOf(a, string(v.ID)); len(lines) > 0 {
			left, _, _ := v.left()
			taken(v).Amount = min(left, spent(q, lines))
		}
	}
	return all
}

// linesOf returns the extra lines of an adjustment.
func linesOf(a *rating.Answer, id string) []rating.Line {
	var lines []rating.Line
	for i := range a.Extras {
		if l := &a.Extras[i]; l.Kind == rating.FromAdjustment && l.ID == id {
			lines = append(lines, *l)
		}
	}
	return lines
}

// covered returns the energy that was paid for before, rounded to the
// milliwatt-hour: of what the tariff billed as energy, or, when it has no such
// line, of what was measured.
func (o *Own) covered(a *rating.Answer) unit.MilliWattHour {
	lines := linesOf(a, o.energyID)
	if o.energyID == "" || len(lines) == 0 {
		return 0
	}
	volume := measured(a)
	if slices.ContainsFunc(a.Lines, func(l rating.Line) bool { return l.Kind == rating.FromTariff && l.Dimension == rating.Energy }) {
		volume = milli(a.Billed.Energy)
	}
	sum := o.granted
	for _, v := range o.energy {
		_, left, _ := v.left()
		sum += left
	}
	return min(volume, sum)
}

// measured returns the session's energy as the rater has it.
func measured(a *rating.Answer) unit.MilliWattHour {
	var sum exact.Number
	for i := range a.Periods {
		sum = sum.Add(a.Periods[i].Energy)
	}
	return milli(sum)
}

// milli rounds kilowatt-hours to the milliwatt-hour; what is beyond all numbers is 0,
// and no session.
func milli(n exact.Number) unit.MilliWattHour {
	d, err := money.Digits(n, 6)
	if err != nil {
		return 0
	}
	e, _, err := d.Scaled(6)
	if err != nil {
		return 0
	}
	return unit.MilliWattHour(e)
}

// spent returns what lines take off, in minor units of the tariff's basis: rounded
// once, so that a voucher is used up to the last cent, and no further.
func spent(q *rating.Question, lines []rating.Line) int64 {
	var sum exact.Number
	for _, l := range lines {
		side := l.Sum.Excl
		if q.Tariff.TaxIncluded == rating.TaxYes {
			side = l.Sum.Incl
		}
		if side != nil {
			sum = sum.Sub(*side)
		}
	}
	a, err := money.Round(sum, q.Tariff.Currency)
	if err != nil {
		return 0
	}
	return max(0, a.Minor)
}

// negative returns a share that is taken off.
func negative(percent decimal.Decimal) decimal.Decimal {
	n, _, err := percent.Scaled(digitsMost) // never fails: see [share]
	if err != nil {
		return decimal.Decimal{}
	}
	return decimal.FromInt(-n, digitsMost)
}

// Take adds what a session used of a month.
func (u *Usage) Take(of *Use) { u.move(of, 1) }

// Return takes back what a session used of a month.
func (u *Usage) Return(of *Use) { u.move(of, -1) }

func (u *Usage) move(of *Use, sign int64) {
	u.Energy += of.Energy * unit.MilliWattHour(sign)
	u.Sessions += of.Sessions * sign
	u.Covered += of.Covered * unit.MilliWattHour(sign)
}

// Take adds what a session used of a voucher.
func (h *Held) Take(of *Use) { h.move(of, 1) }

// Return takes back what a session used of a voucher.
func (h *Held) Return(of *Use) { h.move(of, -1) }

func (h *Held) move(of *Use, sign int64) {
	h.Amount += of.Amount * sign
	h.Energy += of.Covered * unit.MilliWattHour(sign)
	h.Sessions += of.Sessions * sign
	left := h.Left()
	h.Spent = left.Amount == 0 && left.Energy == 0 && left.Percent.Sign() == 0
}

// Key names the row.
func (r Redemption) Key() string { return string(r.ID) }

// Next returns the row in its next version.
func (r Redemption) Next() Redemption {
	r.Version++
	return r
}

// Back returns the use with nothing in it any more.
func (u Use) Back(now time.Time) Use {
	return Use{Source: u.Source, Session: u.Session, Organisation: u.Organisation, Customer: u.Customer, Month: u.Month, At: now}
}
