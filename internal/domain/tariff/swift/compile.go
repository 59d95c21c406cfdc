package swift

import (
	"math"
	"math/bits"
	"slices"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

// Compiled is a tariff at a place, taken apart so that many sessions can be rated
// with it quickly. It is never changed, so any number of goroutines may use it.
type Compiled struct {
	tariff *rating.Tariff
	name   string // of the zone
	zone   *time.Location

	session, used, expired plan

	rates    []taxRate // [0] is the rate that is not known, or none
	min, max sides
}

// sides are the two sides of a limit; nil: none.
type sides struct{ excl, incl *ratio }

// The dimensions of a tariff, in the order in which lines of one moment come.
const (
	flat = iota
	energy
	charging
	parking
	dimensions
)

func dimensionName(d int) rating.Dimension {
	return [...]rating.Dimension{rating.Flat, rating.Energy, rating.Time, rating.ParkingTime}[d]
}

// plan is what the elements of a phase come to.
type plan struct {
	elements []element // in the order in which they are looked at
	dims     uint8     // dimensions that any has a price for
	flows    bool      // some depend on current or power

	// Where something may change, each in rising order.
	edges     []int64 // of a day, in nanoseconds since midnight; nil: clock and calendar say nothing
	durations []int64 // nanoseconds since the phase began
	energies  []fixed // kWh since the session began
}

// element is an element of a tariff. Thresholds of duration and energy are counted
// by how many of the plan's are reached: a number says that so many are.
type element struct {
	index  int // in the tariff
	dims   uint8
	prices [dimensions]*component

	walled      bool
	window      window
	days        uint8 // bits by weekday
	first, last int64 // calendar days, the last exclusive

	minDuration, maxDuration int
	minEnergy, maxEnergy     int
	flows                    []threshold
}

// threshold is a restriction on current or power.
type threshold struct {
	of   int // index in flow
	max  bool
	than fixed
}

// component is a price.
type component struct {
	of    *rating.Component
	price ratio // per kWh, second, or once
	rate  int   // in rates; byDefault: the question's
	step  ratio // kWh or seconds
}

const byDefault = -1

// unlimited is a count of thresholds that no session reaches.
const unlimited = math.MaxInt

// Compile takes a tariff apart for a location in the IANA zone named. The tariff
// must not change afterwards. A mistake is [fault.Invalid], named by its pointer in a [rating.Question].
//
// [fault.Invalid]: pylon/internal/kernel/fault.Invalid
func Compile(t *rating.Tariff, zone string) (*Compiled, error) {
	c := &Compiled{tariff: t, name: zone, rates: []taxRate{{}}}
	var err error
	if c.zone, err = time.LoadLocation(zone); err != nil || zone == "" || zone == "Local" {
		return nil, invalid("/zone", "unknown_zone", "must be the name of a zone in the IANA database, such as Europe/Berlin")
	}
	if _, err := money.ParseCurrency(string(t.Currency)); err != nil {
		return nil, invalid("/tariff/currency", "currency", "must be the code of a currency in ISO 4217, such as EUR")
	}
	if t.TaxIncluded != rating.TaxNo && t.TaxIncluded != rating.TaxYes && t.TaxIncluded != rating.TaxNone {
		return nil, invalid("/tariff/tax_included", "unknown", "must be YES, NO or N/A")
	}
	if err := c.limits(t); err != nil {
		return nil, err
	}
	if err := most(len(t.Elements), rating.ElementsMost, "/tariff/elements"); err != nil {
		return nil, err
	}
	b := builder{c: c, known: map[fixed]int{}}
	for i := range t.Elements {
		if err := b.element(i, &t.Elements[i]); err != nil {
			return nil, err
		}
	}
	c.session, c.used = b.plan(rating.ReservedNot), b.plan(rating.ReservedUsed)
	c.expired = b.plan(rating.ReservedExpired, rating.ReservedUsed)
	return c, nil
}

func (c *Compiled) limits(t *rating.Tariff) error {
	side := func(d *decimal.Decimal, pointer string) (*ratio, error) {
		if d == nil {
			return nil, nil //nolint:nilnil // no limit, and no mistake
		}
		f, err := notNegative(*d, func() string { return pointer })
		r := f.ratio()
		return &r, err
	}
	for _, s := range []struct {
		to      **ratio
		from    *decimal.Decimal
		pointer string
	}{
		{&c.min.excl, t.MinPrice.Excl, "/tariff/min_price/excl"},
		{&c.min.incl, t.MinPrice.Incl, "/tariff/min_price/incl"},
		{&c.max.excl, t.MaxPrice.Excl, "/tariff/max_price/excl"},
		{&c.max.incl, t.MaxPrice.Incl, "/tariff/max_price/incl"},
	} {
		var err error
		if *s.to, err = side(s.from, s.pointer); err != nil {
			return err
		}
	}
	if above(c.min.excl, c.max.excl) {
		return invalid("/tariff/min_price/excl", "above_maximum", "must not be above the greatest price")
	}
	if above(c.min.incl, c.max.incl) {
		return invalid("/tariff/min_price/incl", "above_maximum", "must not be above the greatest price")
	}
	return nil
}

func above(a, b *ratio) bool { return a != nil && b != nil && a.cmp(*b) > 0 }

// builder reads the elements of a tariff.
type builder struct {
	c     *Compiled
	known map[fixed]int // rates of tax
	all   []draft
}

// draft is an element before its thresholds are counted.
type draft struct {
	element
	reserved                 rating.Reserved
	minDuration, maxDuration *int64
	minEnergy, maxEnergy     *fixed
}

func (b *builder) element(i int, e *rating.Element) error {
	d := draft{element: element{index: i}, reserved: e.Restrictions.Reservation}
	if err := most(len(e.Components), rating.ComponentsMost, at("/tariff/elements", i, "/components")); err != nil {
		return err
	}
	for j := range e.Components {
		if err := b.component(&d, j, &e.Components[j]); err != nil {
			return err
		}
	}
	if err := d.restrict(&e.Restrictions, i); err != nil {
		return err
	}
	b.all = append(b.all, d)
	return nil
}

func (b *builder) component(d *draft, j int, c *rating.Component) error {
	here := func(name string) func() string {
		return func() string { return at("/tariff/elements", d.index, at("/components", j, name)) }
	}
	dim := -1
	for i := range dimensions {
		if dimensionName(i) == c.Dimension {
			dim = i
		}
	}
	if dim < 0 {
		return invalid(here("/dimension")(), "unknown", "must be FLAT, ENERGY, TIME or PARKING_TIME")
	}
	price, err := notNegative(c.Price, here("/price"))
	if err != nil {
		return err
	}
	if c.StepSize < 0 {
		return invalid(here("/step_size")(), "negative", "must not be negative")
	}
	p := component{of: c, price: price.ratio(), rate: byDefault, step: whole(max(c.StepSize, 1))}
	if c.VAT != nil {
		vat, err := notNegative(*c.VAT, here("/vat"))
		if err != nil {
			return err
		}
		if p.rate = b.rate(c.VAT, vat); len(b.known) > rating.RatesMost {
			return invalid(here("/vat")(), "too_many", "must not be one more rate of tax than the tariff may have")
		}
	}
	switch dim {
	case energy:
		p.step = p.step.mul(fraction(1, wattHours))
	case charging, parking:
		p.price = p.price.mul(fraction(1, secondsPerHour))
	}
	if d.prices[dim] == nil {
		d.prices[dim] = &p
		d.dims |= 1 << dim
	}
	return nil
}

const (
	wattHours      = 1000
	secondsPerHour = 3600
)

// rate returns the index of a rate of tax in the tariff's basis.
func (b *builder) rate(d *decimal.Decimal, value fixed) int {
	i, ok := b.known[value]
	switch {
	case ok:
		return i
	case b.c.tariff.TaxIncluded != rating.TaxNone:
		i = len(b.c.rates)
		b.c.rates = append(b.c.rates, newRate(d, value))
	}
	b.known[value] = i // with TaxNone: unknownRate
	return i
}

// plan puts together the elements for a phase: those of the first kind are looked at first.
func (b *builder) plan(kinds ...rating.Reserved) plan {
	var p plan
	var chosen []*draft
	for _, kind := range kinds {
		for i := range b.all {
			if d := &b.all[i]; d.reserved == kind && d.dims != 0 {
				chosen = append(chosen, d)
			}
		}
	}
	for _, d := range chosen {
		p.collect(d)
	}
	slices.Sort(p.edges)
	slices.Sort(p.durations)
	slices.SortFunc(p.energies, fixed.cmp)
	p.edges, p.durations, p.energies = slices.Compact(p.edges), slices.Compact(p.durations), slices.Compact(p.energies)
	for _, d := range chosen {
		p.elements = append(p.elements, p.counted(d))
	}
	return p
}

// collect notes where an element may begin or cease to be met.
func (p *plan) collect(d *draft) {
	p.dims |= d.dims
	p.flows = p.flows || len(d.flows) > 0
	if d.walled {
		p.edges = append(p.edges, 0, d.window.from, d.window.to)
	}
	for _, seconds := range []*int64{d.minDuration, d.maxDuration} {
		if seconds != nil {
			p.durations = append(p.durations, nanoseconds(*seconds))
		}
	}
	for _, kWh := range []*fixed{d.minEnergy, d.maxEnergy} {
		if kWh != nil {
			p.energies = append(p.energies, *kWh)
		}
	}
}

// counted returns an element whose thresholds are numbers of those that are reached.
func (p *plan) counted(d *draft) element {
	e := d.element
	e.maxDuration, e.maxEnergy = unlimited, unlimited
	duration := func(seconds *int64) int {
		i, _ := slices.BinarySearch(p.durations, nanoseconds(*seconds))
		return i + 1
	}
	kWh := func(f *fixed) int {
		i, _ := slices.BinarySearchFunc(p.energies, *f, fixed.cmp)
		return i + 1
	}
	if d.minDuration != nil {
		e.minDuration = duration(d.minDuration)
	}
	if d.maxDuration != nil {
		e.maxDuration = duration(d.maxDuration)
	}
	if d.minEnergy != nil {
		e.minEnergy = kWh(d.minEnergy)
	}
	if d.maxEnergy != nil {
		e.maxEnergy = kWh(d.maxEnergy)
	}
	return e
}

// nanoseconds turns seconds into nanoseconds; what does not fit comes never.
func nanoseconds(seconds int64) int64 {
	ns, ok := mulInt(seconds, int64(time.Second))
	switch {
	case ok:
		return ns
	case seconds < 0:
		return -never
	}
	return never
}

// on reports whether the calendar lets the element apply on a day.
func (e *element) on(r reading) bool {
	return r.day >= e.first && r.day < e.last && e.days&(1<<r.weekday()) != 0
}

// each calls f for each dimension of a set.
func each(dims uint8, f func(d int)) {
	for ; dims != 0; dims &= dims - 1 {
		f(bits.TrailingZeros8(dims))
	}
}
