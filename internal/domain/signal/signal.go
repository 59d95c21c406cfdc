// Package signal holds series: values over time that somebody else tells us, such
// as the price of energy at an exchange, or the share that the sun has in what a
// site takes. Whoever needs one asks for it by its name.
//
// A value is told for a time, which it holds from its first to its last instant.
// It may be corrected later; what was told first is kept beside it.
package signal

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

// Series is values of one thing over time, under a name.
type Series struct {
	ID           ident.SeriesID
	Organisation ident.OrganisationID
	Site         ident.SiteID // that it is about, and goes before the organisation's of the same name there; "": all
	Name         string       // unique at its site, and among those that have none
	Kind         Kind
	Currency     money.Currency // of a Price; else ""
	Resolution   int            // minutes that each point holds: 15 or 60; 0: until the next one
	Description  string
	CreatedAt    time.Time
	Version      int64 // counts changes of the points, too
}

// Kind is what the values of a series are.
type Kind string

// The kinds.
const (
	Price Kind = "price" // per kWh; may be negative
	Share Kind = "share" // 0 to 1, such as the sun's in what a site takes
)

// Point is a value that holds for a time. No two of a series overlap.
type Point struct {
	Series      ident.SeriesID
	From        time.Time
	Until       time.Time // exclusive, after From
	Value       decimal.Decimal
	First       decimal.Decimal // the value that was told first
	ToldAt      time.Time       // when that was
	CorrectedAt time.Time       // when Value took its place; zero: it is the first
}

// Limits of series.
const (
	nameMax        = 64       // as tariffs name them
	descriptionMax = 500      // some lines
	PointsMost     = 2000     // told at once: three weeks of quarter-hours, and no commit waits long for them
	Kept           = 3 * year // how long a point is kept after it held: as long as bills are argued about
	ahead          = year     // how far ahead a point may be told
	year           = 366 * 24 * time.Hour
	valueMax       = 1_000_000 // a kilowatt-hour costs some thousands in the smallest of currencies
	digitsMax      = 9         // after the point: exchanges tell a price per MWh with two, which are five per kWh
)

// Check returns the first broken rule of a series, as [fault.Invalid].
func (s *Series) Check() error {
	_, currency := money.ParseCurrency(string(s.Currency))
	switch {
	case strings.TrimSpace(s.Name) != s.Name || s.Name == "":
		return fault.InvalidField("/name", "required", "must not be empty, nor begin or end with a space")
	case len(s.Name) > nameMax:
		return fault.InvalidField("/name", "too_long", "has at most 64 bytes")
	case !printable(s.Name):
		return fault.InvalidField("/name", "character", "must not have control characters")
	case s.Kind != Price && s.Kind != Share:
		return fault.InvalidField("/kind", "unknown_value", "must be price or share")
	case s.Kind == Price && currency != nil:
		return fault.InvalidField("/currency", "currency", "must be the code of a currency in ISO 4217, such as EUR")
	case s.Kind == Share && s.Currency != "":
		return fault.InvalidField("/currency", "of_price", "a share has none")
	case s.Resolution != 0 && s.Resolution != 15 && s.Resolution != 60:
		return fault.InvalidField("/resolution_minutes", "unknown_value", "must be 15, 60 or 0 (free)")
	case len(s.Description) > descriptionMax:
		return fault.InvalidField("/description", "too_long", "has at most 500 bytes")
	case !printable(s.Description):
		return fault.InvalidField("/description", "character", "must not have control characters")
	}
	return nil
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar })
}

// Accept returns what somebody tells as points of the series, or the first broken
// rule, as [fault.Invalid] with a pointer into {"points": […], "until": …}. until is
// the last point's end; zero where the resolution says it.
func (s *Series) Accept(told []rating.Point, until, now time.Time) ([]Point, error) {
	switch {
	case len(told) == 0:
		return nil, fault.InvalidField("/points", "required", "has at least one point")
	case len(told) > PointsMost:
		return nil, fault.InvalidField("/points", "too_many", "at most 2000 points at once")
	}
	grid := time.Minute
	if s.Resolution != 0 {
		grid *= time.Duration(s.Resolution)
		end := told[len(told)-1].From.Add(grid)
		if !until.IsZero() && !until.Equal(end) {
			return nil, fault.InvalidField("/until", "resolution", "the last point holds as long as the resolution says")
		}
		until = end
	}
	for i := range told {
		if i > 0 && !told[i].From.After(told[i-1].From) {
			return nil, fault.InvalidField("/points/"+strconv.Itoa(i)+"/from", "order", "must be after the point before")
		}
	}
	points := make([]Point, len(told))
	for i := range told {
		p := &points[i]
		*p = Point{Series: s.ID, From: told[i].From.UTC(), Until: until.UTC(), Value: told[i].Value, First: told[i].Value, ToldAt: now}
		switch {
		case s.Resolution != 0:
			p.Until = p.From.Add(grid)
		case i+1 < len(told):
			p.Until = told[i+1].From.UTC()
		}
		if err := p.check("/points/"+strconv.Itoa(i), s.Kind, grid, now); err != nil {
			return nil, err
		}
	}
	return points, nil
}

// check returns the first broken rule of a point by itself.
func (p *Point) check(at string, kind Kind, grid time.Duration, now time.Time) error {
	_, exact, err := p.Value.Scaled(digitsMax)
	switch {
	case !p.From.Equal(p.From.Truncate(grid)):
		return fault.InvalidField(at+"/from", "alignment", "must be on the series' resolution, a free one's on a minute")
	case p.From.Before(now.Add(-Kept)):
		return fault.InvalidField(at+"/from", "past", "must not be longer ago than points are kept, which is three years")
	case !p.Until.After(p.From):
		return fault.InvalidField("/until", "order", "must be after the last point")
	case !p.Until.Equal(p.Until.Truncate(time.Minute)):
		return fault.InvalidField("/until", "alignment", "must be on a minute")
	case p.Until.After(now.Add(ahead)):
		return fault.InvalidField(at+"/from", "future", "must not be more than a year ahead, nor hold longer")
	case err != nil || !exact:
		return fault.InvalidField(at+"/value", "digits", "has at most 9 digits after the point")
	case p.Value.CmpInt(valueMax) > 0 || p.Value.CmpInt(-valueMax) < 0:
		return fault.InvalidField(at+"/value", "out_of_range", "must be -1000000 to 1000000")
	case kind == Share && (p.Value.Sign() < 0 || p.Value.CmpInt(1) > 0):
		return fault.InvalidField(at+"/value", "out_of_range", "must be 0 to 1")
	}
	return nil
}

// Change is what becomes of a series' points.
type Change struct {
	Put       []Point // written as they are
	Gone      []Point // removed
	Corrected int     // told points that say another value than stood there
}

// Empty reports whether nothing changes.
func (c *Change) Empty() bool { return len(c.Put)+len(c.Gone) == 0 }

// Merge returns what changes when told takes the place of what stands in its
// times. was are the points that overlap with it, and may be more; both are in
// order. What stands around the told ones stays, cut where they begin and end.
func Merge(was, told []Point, now time.Time) Change {
	var c Change
	for i := range was {
		c.cut(&was[i], overlapping(told, &was[i]))
	}
	for i := range told {
		p := told[i]
		before := overlapping(was, &p)
		if n := slices.IndexFunc(before, func(w Point) bool { return w.From.Equal(p.From) }); n >= 0 {
			w := &before[n]
			if w.Until.Equal(p.Until) && w.Value.Cmp(p.Value) == 0 {
				continue
			}
			p.First, p.ToldAt, p.CorrectedAt = w.First, w.ToldAt, w.CorrectedAt
		}
		if slices.ContainsFunc(before, func(w Point) bool { return w.Value.Cmp(p.Value) != 0 }) {
			p.CorrectedAt = now
			c.Corrected++
		}
		c.Put = append(c.Put, p)
	}
	return c
}

// cut adds what is left of a point beside those that take its place.
func (c *Change) cut(w *Point, by []Point) {
	if len(by) == 0 {
		return
	}
	taken := false // its row is another's from now on
	at := w.From
	keep := func(until time.Time) {
		if !until.After(at) {
			return
		}
		rest := *w
		rest.From, rest.Until = at, until
		c.Put = append(c.Put, rest)
		taken = taken || at.Equal(w.From)
	}
	for i := range by {
		keep(by[i].From)
		taken = taken || by[i].From.Equal(w.From)
		at = by[i].Until
	}
	keep(w.Until)
	if !taken {
		c.Gone = append(c.Gone, *w)
	}
}

// overlapping returns those of points, which are in order, that share some time with p.
func overlapping(points []Point, p *Point) []Point {
	from, _ := slices.BinarySearchFunc(points, p.From, func(q Point, at time.Time) int {
		if q.Until.After(at) {
			return 1
		}
		return -1
	})
	to := from
	for to < len(points) && points[to].From.Before(p.Until) {
		to++
	}
	return points[from:to]
}

// During returns points, which are in order, for a rater, with the end of the
// last one, as far as they hold without a hole, from the first on. Where that is not
// all of them, there is a hole between two.
func During(points []Point) (during []rating.Point, until time.Time, whole bool) {
	for i := range points {
		p := &points[i]
		if i > 0 && !p.From.Equal(until) {
			return during, until, false
		}
		during = append(during, rating.Point{From: p.From, Value: p.Value})
		until = p.Until
	}
	return during, until, true
}

// Filter chooses series of an organisation; a zero field does not choose.
type Filter struct {
	Name string
	Site ident.SiteID
}
