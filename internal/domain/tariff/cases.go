package tariff

import (
	"math"
	"slices"
	"strings"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/rating"
)

// Whether an element applies depends on six quantities: the calendar, the time of
// day, energy, duration, current and power. Between two neighbouring bounds of
// all elements nothing changes, so a tariff is looked at in finitely many cases:
// one for each combination of such stretches.

// axis is one quantity, cut at the bounds that elements name.
type axis struct {
	name   string
	bounds []int64 // in order; case i is from bounds[i] until the next, the last without end
	silent bool    // one more case, the last: the quantity is not reported, and restrictions of it are not met
}

// The axes.
const (
	calendar = iota
	timeOfDay
	energy
	duration
	current
	power
	axes
)

// grid is all cases of some elements.
type grid struct {
	axes     [axes]axis
	days     []day     // the cases of the calendar
	weekly   bool      // some element names days of the week
	elements []box     // that are looked at
	limit    [axes]int // cases of each axis
}

// day is a case of the calendar: a day of the week in a stretch between dates, any
// when the grid is not weekly.
type day struct {
	from, until int64 // days since 1970; until is exclusive
	weekday     time.Weekday
}

// box is an element as cases of each axis in which it applies.
type box struct {
	index int // of the element
	*rating.Element
	holds [axes][]bool
}

// always is before and after all dates.
const always = math.MaxInt64

// casesMax bounds the cases that are looked at, so that no tariff keeps a node
// busy: the week of quarter-hourly prices has 5,000.
const casesMax = 200_000

// newGrid cuts; from is the day before which nothing matters. False when there
// are too many cases.
func newGrid(elements []rating.Element, wanted func(*rating.Restrictions) bool, from int64) (*grid, bool) {
	g := grid{axes: [axes]axis{
		calendar: {name: "date", bounds: []int64{from}}, timeOfDay: {name: "time", bounds: []int64{0}},
		energy: {name: "kwh", bounds: []int64{0}}, duration: {name: "duration", bounds: []int64{0}},
		current: {name: "current", bounds: []int64{0}}, power: {name: "power", bounds: []int64{0}},
	}}
	for i := range elements {
		if e := &elements[i]; wanted(&e.Restrictions) {
			g.elements = append(g.elements, box{index: i, Element: e})
			g.cut(&e.Restrictions)
		}
	}
	g.finish()
	cases := 1
	for _, n := range g.limit {
		if cases *= n; cases > casesMax {
			return nil, false
		}
	}
	for i := range g.elements {
		g.place(&g.elements[i])
	}
	return &g, true
}

// cut adds the bounds that restrictions name.
func (g *grid) cut(r *rating.Restrictions) {
	add := func(on int, values ...*int64) {
		for _, v := range values {
			if v != nil && *v > g.axes[on].bounds[0] {
				g.axes[on].bounds = append(g.axes[on].bounds, *v)
			}
		}
	}
	add(calendar, dayOf(r.StartDate), dayOf(r.EndDate))
	g.weekly = g.weekly || len(r.Days) > 0
	add(timeOfDay, minuteOf(r.StartTime), minuteOf(r.EndTime))
	add(energy, scaled(r.MinKWh), scaled(r.MaxKWh))
	add(duration, r.MinDuration, r.MaxDuration)
	add(current, scaled(r.MinCurrent), scaled(r.MaxCurrent))
	add(power, scaled(r.MinPower), scaled(r.MaxPower))
	g.axes[current].silent = g.axes[current].silent || r.MinCurrent != nil || r.MaxCurrent != nil
	g.axes[power].silent = g.axes[power].silent || r.MinPower != nil || r.MaxPower != nil
}

// finish puts the bounds in order and counts the cases.
func (g *grid) finish() {
	for i := range g.axes {
		a := &g.axes[i]
		slices.Sort(a.bounds)
		a.bounds = slices.Compact(a.bounds)
		g.limit[i] = len(a.bounds)
		if a.silent {
			g.limit[i]++
		}
	}
	bounds := g.axes[calendar].bounds
	for i, from := range bounds {
		until := int64(always)
		if i+1 < len(bounds) {
			until = bounds[i+1]
		}
		for weekday := range time.Saturday + 1 {
			if g.weekly && has(from, until, weekday) || !g.weekly && weekday == time.Sunday {
				g.days = append(g.days, day{from, until, weekday})
			}
		}
	}
	g.limit[calendar] = len(g.days)
}

// has reports whether there is such a day of the week between two days.
func has(from, until int64, weekday time.Weekday) bool {
	const week, thursday = 7, 4 // 1970-01-01 was a Thursday
	if from == -always || until == always || until-from >= week {
		return true
	}
	for d := from; d < until; d++ {
		if ((d+thursday)%week+week)%week == int64(weekday) {
			return true
		}
	}
	return false
}

// place finds the cases in which an element applies.
func (g *grid) place(b *box) {
	r := &b.Restrictions
	for i := range b.holds {
		b.holds[i] = make([]bool, g.limit[i])
	}
	first, last := dayOf(r.StartDate), dayOf(r.EndDate)
	for i, d := range g.days {
		b.holds[calendar][i] = (first == nil || d.from >= *first) && (last == nil || d.from < *last) &&
			(len(r.Days) == 0 || slices.Contains(r.Days, d.weekday))
	}
	start, end := minuteOf(r.StartTime), minuteOf(r.EndTime)
	for i, at := range g.axes[timeOfDay].bounds {
		after, before := start == nil || at >= *start, end == nil || *end == 0 || at < *end
		b.holds[timeOfDay][i] = after && before
		if start != nil && end != nil && *end != 0 && *end < *start { // through midnight
			b.holds[timeOfDay][i] = after || before
		}
	}
	g.within(b, energy, scaled(r.MinKWh), scaled(r.MaxKWh))
	g.within(b, duration, r.MinDuration, r.MaxDuration)
	g.within(b, current, scaled(r.MinCurrent), scaled(r.MaxCurrent))
	g.within(b, power, scaled(r.MinPower), scaled(r.MaxPower))
}

func (g *grid) within(b *box, on int, least, most *int64) {
	for i, from := range g.axes[on].bounds {
		b.holds[on][i] = (least == nil || from >= *least) && (most == nil || from < *most)
	}
	if g.axes[on].silent {
		b.holds[on][g.limit[on]-1] = least == nil && most == nil
	}
}

// walk calls f for each case, with the elements that apply in it.
func (g *grid) walk(f func(at [axes]int, apply []*box)) {
	all := make([]*box, len(g.elements))
	for i := range g.elements {
		all[i] = &g.elements[i]
	}
	var at [axes]int
	g.walkFrom(0, &at, all, f)
}

func (g *grid) walkFrom(on int, at *[axes]int, left []*box, f func([axes]int, []*box)) {
	if on == axes {
		f(*at, left)
		return
	}
	apply := make([]*box, 0, len(left))
	for i := range g.limit[on] {
		apply = apply[:0]
		for _, b := range left {
			if b.holds[on][i] {
				apply = append(apply, b)
			}
		}
		at[on] = i
		g.walkFrom(on+1, at, apply, f)
	}
}

// meet reports whether there is a case in which both apply.
func (b *box) meet(c *box) bool {
	for i := range b.holds {
		both := false
		for j, holds := range b.holds[i] {
			both = both || holds && c.holds[i][j]
		}
		if !both {
			return false
		}
	}
	return true
}

// in reports whether c applies wherever b does.
func (b *box) in(c *box) bool {
	for i := range b.holds {
		for j, holds := range b.holds[i] {
			if holds && !c.holds[i][j] {
				return false
			}
		}
	}
	return true
}

// tell returns a case as names of OCPI's restrictions and their values.
func (g *grid) tell(at [axes]int) []string {
	var out []string
	if d := g.days[at[calendar]]; len(g.days) > 1 {
		if d.from != -always && d.from != g.axes[calendar].bounds[0] {
			out = append(out, "start_date", date(d.from))
		}
		if d.until != always {
			out = append(out, "end_date", date(d.until))
		}
		if g.weekly {
			out = append(out, "day_of_week", strings.ToUpper(d.weekday.String()))
		}
	}
	for i := int(timeOfDay); i < axes; i++ {
		a := &g.axes[i]
		if a.silent && at[i] == len(a.bounds) {
			out = append(out, "unreported", a.name)
			continue
		}
		if at[i] > 0 {
			out = append(out, a.least(), a.write(a.bounds[at[i]]))
		}
		if at[i]+1 < len(a.bounds) {
			out = append(out, a.most(), a.write(a.bounds[at[i]+1]))
		}
	}
	return out
}

func (a *axis) least() string {
	if a.name == "time" {
		return "start_time"
	}
	return "min_" + a.name
}

func (a *axis) most() string {
	if a.name == "time" {
		return "end_time"
	}
	return "max_" + a.name
}

func (a *axis) write(v int64) string {
	switch a.name {
	case "time":
		return time.Unix(v*60, 0).UTC().Format("15:04")
	case "duration":
		return itoa(v)
	}
	return strings.TrimRight(strings.TrimRight(decimal.FromInt(v, digits).String(), "0"), ".")
}

const dayLength = 86_400 // s

func date(days int64) string { return time.Unix(days*dayLength, 0).UTC().Format(time.DateOnly) }

// dayOf, minuteOf and scaled return a restriction's bound as a number on its
// axis; nil for none.
func dayOf(text string) *int64 {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return nil
	}
	return new(at.Unix() / dayLength)
}

func minuteOf(text string) *int64 {
	m, ok := minute(text)
	if !ok {
		return nil
	}
	return new(int64(m))
}

func scaled(d *decimal.Decimal) *int64 {
	if d == nil {
		return nil
	}
	v, _, err := d.Scaled(digits)
	if err != nil {
		return nil // no number that passed Check
	}
	return &v
}
