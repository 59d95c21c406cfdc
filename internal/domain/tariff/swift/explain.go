package swift

import (
	"math/big"
	"strconv"
	"strings"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

// teller writes down how an answer comes about. A bill without one is silent.
type teller struct {
	told []rating.Step
	runs [dimensions]elementRun // of the phase
	ran  []rating.Step
}

func (t *teller) tell(code Code, values ...string) {
	t.told = append(t.told, rating.Step{Code: string(code), Values: values})
}

func (b *bill) steps() []rating.Step {
	if b.teller == nil {
		return nil
	}
	return b.told
}

// words are values of a step; pairs that are not there are left out.
type words []string

func (w words) with(name string, value string) words { return append(w, name, value) }

func (w words) decimal(name string, d *decimal.Decimal) words {
	if d == nil {
		return w
	}
	return w.with(name, plainNumber(exact.Of(*d)))
}

func (w words) number(name string, n *exact.Number) words {
	if n == nil {
		return w
	}
	return w.with(name, plainNumber(*n))
}

func (w words) text(name, text string) words {
	if text == "" {
		return w
	}
	return w.with(name, text)
}

func (w words) sum(s rating.Sum) words { return w.number("excl", s.Excl).number("incl", s.Incl) }

// plainNumber writes a number as a decimal if it is one of no more digits than a question may have, else as p/q.
func plainNumber(n exact.Number) string {
	_, q := n.Ratio()
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(rating.DigitsMost), nil)
	if new(big.Int).Rem(limit, q).Sign() != 0 {
		return n.String()
	}
	p, _ := n.Mul(exact.Rational(limit, big.NewInt(1))).Ratio()
	sign := ""
	if p.Sign() < 0 {
		sign = "-"
	}
	digits := p.Abs(p).String()
	if missing := rating.DigitsMost + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - rating.DigitsMost
	return strings.TrimSuffix(sign+digits[:point]+"."+strings.TrimRight(digits[point:], "0"), ".")
}

func (r ratio) plain() string {
	if d := r.den(); r.big == nil && perOne%d == 0 {
		return plainText(times(r.n, uint64(perOne/d))) //nolint:gosec // positive
	}
	return plainNumber(r.number())
}

func (q quantity) plain() string { return q.ratio().plain() }

func instantText(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func (b *bill) tellQuestion() {
	if b.teller == nil {
		return
	}
	w := words{
		"currency", string(b.c.tariff.Currency), "tax_included", string(b.c.tariff.TaxIncluded), "zone", b.c.name,
		"elements", strconv.Itoa(len(b.c.tariff.Elements)),
	}
	b.tell(StepTariff, w.decimal("default_vat", b.q.DefaultVAT)...)
	s := &b.q.Session
	if r := s.Reservation; r != nil {
		outcome := "USED"
		if r.Expired {
			outcome = "EXPIRED"
		}
		b.tell(StepReservation, "start", instantText(r.Start), "end", instantText(r.End), "seconds", secondsText(r.End.Sub(r.Start)), "outcome", outcome)
	}
	if b.expired() {
		return
	}
	from := "PERIODS"
	if s.Timeline != nil {
		from = "TIMELINE"
	}
	b.tell(StepSession, "start", instantText(s.Start), "end", instantText(s.End), "seconds", secondsText(s.End.Sub(s.Start)), "from", from)
}

func secondsText(d time.Duration) string { return plainText(times(int64(d), perNano)) }

// tellReadings names the readings of the register that the session's energy begins and ends with.
func (b *bill) tellReadings() {
	if b.teller == nil || len(b.meter.register.at) == 0 {
		return
	}
	r, end := &b.meter.register, int64(b.q.Session.End.Sub(b.q.Session.Start))
	first, last := 0, len(r.at)-1
	for first+1 < len(r.at) && r.at[first+1] <= 0 {
		first++
	}
	for last > first && r.at[last-1] >= end {
		last--
	}
	b.tell(StepReading, "at", b.timeOf(r.at[first]), "kwh", b.registerText(first), "role", "BEGIN")
	if last > first {
		b.tell(StepReading, "at", b.timeOf(r.at[last]), "kwh", b.registerText(last), "role", "END")
	}
}

func (b *bill) timeOf(ns int64) string { return instantText(b.q.Session.Start.Add(time.Duration(ns))) }

func (b *bill) registerText(i int) string {
	return plainText(times(b.meter.register.value[i], perMicro))
}

// tellMark tells of a value of the register that was reckoned.
func (b *bill) tellMark(m mark) {
	if b.teller == nil || !m.between {
		return
	}
	r := &b.meter.register
	value := quantity{fixed: times(r.value[0], perMicro)}
	value.add(b.meter.before)
	value.add(m.consumed)
	b.tell(StepInterpolated, "at", b.timeOf(m.at.shown()), "kwh", value.plain(),
		"before_at", b.timeOf(r.at[m.reading]), "before_kwh", b.registerText(m.reading),
		"after_at", b.timeOf(r.at[m.reading+1]), "after_kwh", b.registerText(m.reading+1))
}

func (b *bill) tellGap(at time.Time, length, allowed int64) {
	if b.teller == nil {
		return
	}
	b.tell(StepGap, "at", instantText(at), "seconds", secondsText(time.Duration(length)), "allowed", secondsText(time.Duration(allowed)))
}

func (b *bill) tellPeriod(i int, g *given, state rating.State) {
	if b.teller == nil {
		return
	}
	s := &b.a.Periods[i]
	w := words{
		"number", strconv.Itoa(i + 1), "start", instantText(s.Start), "end", instantText(s.End),
		"kwh", g.energy.plain(), "charging", g.charging.plain(), "parking", g.parking.plain(),
	}
	w = w.text("state", string(state)).number("min_current", s.MinCurrent).number("max_current", s.MaxCurrent)
	b.tell(StepPeriod, w.number("min_power", s.MinPower).number("max_power", s.MaxPower)...)
}

func (b *bill) tellUnreported(at time.Time, d int) {
	if b.teller != nil {
		b.tell(StepUnreported, "start", instantText(at), "dimension", string(dimensionName(d)))
	}
}

// elementRun is a stretch in which one element gives the price of a dimension.
type elementRun struct {
	element  int32 // of the plan; 0 with a zero since: none
	since    time.Time
	consumed quantity
	active   bool
}

// tellStretch tells of a period which elements come and go, and what costs nothing.
func (b *bill) tellStretch(i int, s set, g *given, state rating.State) {
	if b.teller == nil {
		return
	}
	split := &b.a.Periods[i]
	b.runTo(split.Start, s)
	for d, what := range []string{"", "ENERGY", "CHARGING", "PARKING"} {
		if q := g.of(d); d != flat && q != nil && s[d] == none {
			b.tell(StepNotCharged, "what", what, "quantity", q.plain(), "from", instantText(split.Start), "to", instantText(split.End), "reason", "NO_COMPONENT")
		}
	}
	if state == rating.Paused {
		b.tell(StepNotCharged, "what", "PAUSED", "quantity", secondsText(split.End.Sub(split.Start)), "from", instantText(split.Start),
			"to", instantText(split.End), "reason", "PAUSE")
	}
}

// tellElements is tellStretch for a reservation.
func (b *bill) tellElements(s *stretch) {
	if b.teller == nil {
		return
	}
	start := b.phaseStart()
	from, to := start.Add(time.Duration(s.from.at.ns)), start.Add(time.Duration(s.to.at.ns))
	b.runTo(from, s.set)
	if s.set[charging] == none && to.After(from) {
		b.tell(StepNotCharged, "what", string(rating.InReservation), "quantity", secondsText(to.Sub(from)), "from", instantText(from), "to", instantText(to),
			"reason", "NO_COMPONENT")
	}
}

func (b *bill) phaseStart() time.Time {
	if b.phase == rating.InReservation {
		return b.q.Session.Reservation.Start
	}
	return b.q.Session.Start
}

// runTo ends and begins runs of elements.
func (b *bill) runTo(at time.Time, s set) {
	for d := range dimensions {
		run := &b.runs[d]
		if run.active && run.element == s[d] {
			continue
		}
		b.tellRun(d, at)
		*run = elementRun{element: s[d], since: at, consumed: b.measured, active: s[d] != none}
	}
}

// tellRun tells of a run that ends.
func (b *bill) tellRun(d int, to time.Time) {
	run := &b.runs[d]
	if !run.active {
		return
	}
	run.active = false
	e := &b.plan.elements[run.element]
	w := words{
		"phase", string(b.phase), "dimension", string(dimensionName(d)), "element", strconv.Itoa(e.index),
		"from", instantText(run.since), "to", instantText(to), "price", plainNumber(exact.Of(e.prices[d].of.Price)),
	}
	w = w.decimal("vat", e.prices[d].of.VAT)
	w = w.with("consumed", run.consumed.plain()).with("elapsed", secondsText(run.since.Sub(b.phaseStart())))
	if e.walled {
		local := run.since.In(b.c.zone)
		w = w.with("local_time", local.Format("15:04:05")).with("weekday", strings.ToUpper(local.Weekday().String()))
	}
	b.ran = append(b.ran, rating.Step{Code: string(StepElement), Values: w.restrictions(&b.c.tariff.Elements[e.index].Restrictions)})
}

func (w words) restrictions(r *rating.Restrictions) words {
	w = w.text("start_time", r.StartTime).text("end_time", r.EndTime).text("start_date", r.StartDate).text("end_date", r.EndDate)
	var days []string
	for _, d := range r.Days {
		days = append(days, strings.ToUpper(d.String()))
	}
	w = w.text("day_of_week", strings.Join(days, " "))
	w = w.decimal("min_kwh", r.MinKWh).decimal("max_kwh", r.MaxKWh).decimal("min_current", r.MinCurrent).decimal("max_current", r.MaxCurrent)
	w = w.decimal("min_power", r.MinPower).decimal("max_power", r.MaxPower)
	if r.MinDuration != nil {
		w = w.with("min_duration", strconv.FormatInt(*r.MinDuration, 10))
	}
	if r.MaxDuration != nil {
		w = w.with("max_duration", strconv.FormatInt(*r.MaxDuration, 10))
	}
	return w.text("reservation", string(r.Reservation))
}

// tellPhase ends the runs of a phase.
func (b *bill) tellPhase() {
	if b.teller == nil {
		return
	}
	end := b.q.Session.End
	if b.phase == rating.InReservation {
		end = b.q.Session.Reservation.End
	}
	for d := range dimensions {
		b.tellRun(d, end)
	}
	b.told = append(b.told, b.ran...)
	b.ran = nil
}

func (b *bill) tellStep(v *volume, measured, rounded ratio) {
	if b.teller == nil {
		return
	}
	b.tell(StepSize, "phase", string(b.phase), "dimension", string(dimensionName(v.dim)), "element", strconv.Itoa(v.element),
		"step", strconv.FormatInt(max(v.price.of.StepSize, 1), 10), "measured", measured.plain(), "billed", rounded.plain(),
		"added", rounded.sub(measured).plain())
}

func (b *bill) tellUnrounded() {
	if b.teller != nil && b.last[charging] != 0 {
		b.tell(StepSizeParking, "measured", plainNumber(b.billed(charging)))
	}
}

func (b *bill) tellLine(i int, quantity, amount ratio) {
	if b.teller == nil {
		return
	}
	l := &b.a.Lines[i]
	w := words{
		"number", strconv.Itoa(i + 1), "phase", string(l.Phase), "dimension", string(l.Dimension), "element", strconv.Itoa(l.Element),
		"quantity", quantity.plain(), "price", plainNumber(exact.Of(*l.Price)), "amount", amount.plain(),
	}
	b.tell(StepLine, w.decimal("vat", l.VAT).sum(l.Sum)...)
}

func (b *bill) tellSum() {
	if b.teller != nil {
		b.tell(StepSum, words{}.sum(b.a.Before)...)
	}
}

func (b *bill) tellExtra(quantity, amount ratio) {
	if b.teller == nil {
		return
	}
	n := len(b.a.Extras)
	l := &b.a.Extras[n-1]
	w := words{
		"number", strconv.Itoa(len(b.a.Lines) + n), "kind", string(l.Kind), "dimension", string(l.Dimension), "quantity", quantity.plain(),
	}
	b.tell(StepExtra, w.text("id", l.ID).decimal("price", l.Price).with("amount", amount.plain()).decimal("vat", l.VAT).sum(l.Sum)...)
}

func (b *bill) tellDue(due amount) {
	if b.teller != nil {
		b.tell(StepDue, words{}.sum(due.sum())...)
	}
}

func (b *bill) tellNoInvoice() {
	if b.teller != nil {
		b.tell(StepNoInvoice)
	}
}

func (b *bill) tellRound(i int, amount ratio, rounded money.Amount) {
	if b.teller != nil {
		b.tell(StepRound, "number", strconv.Itoa(i+1), "exact", amount.plain(), "rounded", rounded.Decimal().String())
	}
}

func (b *bill) tellTax(t rating.Tax) {
	if b.teller == nil {
		return
	}
	b.tell(StepTax, "rate", t.Rate.String(), "taxable", b.minor(t.Taxable), "tax", b.minor(t.Tax))
}

func (b *bill) tellTotal(inv *rating.Invoice) {
	if b.teller == nil {
		return
	}
	b.tell(StepTotal, "net", b.minor(inv.Net), "tax", b.minor(inv.Tax), "gross", b.minor(inv.Total))
}

func (b *bill) minor(n int64) string {
	return money.Of(n, b.c.tariff.Currency).Decimal().String()
}
