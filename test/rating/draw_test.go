package rating_test

import (
	"time"

	"pgregory.net/rapid"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

// The questions drawn here use every feature, from small pools of round values: so
// thresholds, edges and readings meet at the same instants again and again.

// place is where and around when a session is, chosen for what its clocks do then.
type place struct{ zone, around string }

func places() []place {
	return []place{
		{"UTC", "2024-01-15T12:00:00Z"},
		{"Europe/Berlin", "2024-06-30T22:00:00Z"},       // midnight, and a month's end
		{"Europe/Berlin", "2025-03-30T01:00:00Z"},       // forward
		{"Europe/Amsterdam", "2025-10-26T01:00:00Z"},    // back
		{"America/Toronto", "2025-11-02T06:00:00Z"},     // back, far from UTC's midnight
		{"America/Sao_Paulo", "2017-10-15T03:00:00Z"},   // forward at midnight: the day begins at 01:00
		{"America/Sao_Paulo", "2018-02-18T02:00:00Z"},   // back at midnight: 23:00 comes twice, of the day before
		{"Australia/Lord_Howe", "2025-04-05T15:00:00Z"}, // back by half an hour
		{"Asia/Kathmandu", "2024-12-31T18:15:00Z"},      // a quarter off, at the turn of the year
		{"Pacific/Apia", "2011-12-30T10:00:00Z"},        // a day that there was not
		{"Africa/Casablanca", "2025-02-23T02:00:00Z"},   // back for Ramadan
		{"America/Adak", "2024-02-29T10:00:00Z"},        // a leap day
	}
}

// drawing draws a question.
type drawing struct {
	below  func(n int) int // draws 0 to n-1, each as likely
	zone   *time.Location
	start  time.Time
	length time.Duration
}

// draw draws a question from rapid.
func draw(t *rapid.T) *rating.Question { return question(bits(t)) }

// bits draws bit by bit: rapid's own ranges favour the small, and then hardly anything is ever priced.
func bits(t *rapid.T) (below func(n int) int) {
	bit := rapid.Bool()
	return func(n int) int {
		drawn := 0
		for most := 16 * (n - 1); most > 0; most >>= 1 { // four bits more than needed make all nearly as likely
			drawn <<= 1
			if bit.Draw(t, "bit") {
				drawn++
			}
		}
		return drawn % n
	}
}

// choices draws from bytes, for as long as there are some.
func choices(bytes []byte) (below func(n int) int) {
	return func(n int) int {
		drawn := 0
		for most := n - 1; most > 0 && len(bytes) > 0; most >>= 8 {
			drawn, bytes = drawn<<8|int(bytes[0]), bytes[1:]
		}
		return drawn % n
	}
}

func one[T any](d *drawing, from ...T) T { return from[d.below(len(from))] }

// chance is true n times in ten.
func (d *drawing) chance(n int) bool { return d.below(10) >= 10-n }

func (d *drawing) upTo(most int) int { return d.below(most + 1) }

// some draws a few of them, each once, in their order.
func some[T any](d *drawing, from ...T) []T {
	var drawn []T
	for _, each := range from {
		if d.chance(4) {
			drawn = append(drawn, each)
		}
	}
	return drawn
}

func dec(text string) decimal.Decimal {
	d, err := decimal.Parse(text)
	if err != nil {
		panic("a decimal of the tests: " + text)
	}
	return d
}

func (d *drawing) decimal(from ...string) decimal.Decimal { return dec(one(d, from...)) }

// maybe draws a decimal n times in ten, else none.
func (d *drawing) maybe(n int, from ...string) *decimal.Decimal {
	if !d.chance(n) {
		return nil
	}
	return new(d.decimal(from...))
}

func (d *drawing) price() decimal.Decimal {
	return d.decimal("0", "0.25", "0.335", "2.0", "1.2", "5", "0.0001", "12.345", "0.123456789012345678", "123456789.87654321")
}

func (d *drawing) vat() *decimal.Decimal {
	return d.maybe(8, "0", "20", "20.0", "19", "7", "5.2", "100", "33.333333333333333333")
}

// instant draws an instant of the session, or one near it.
func (d *drawing) instant() time.Time {
	span := max(int(d.length/time.Minute), 1)
	return d.start.Add(time.Duration(d.upTo(span+20)-10) * time.Minute).Add(d.crumbs())
}

// crumbs are what is left of a minute: mostly nothing.
func (d *drawing) crumbs() time.Duration {
	return one(d, 0, 0, 0, 0, 0, 0, time.Second, 30*time.Second, 17*time.Second+1, time.Microsecond, 333_333_333)
}

func (d *drawing) wallClock() string {
	if d.chance(3) {
		return one(d, "", "00:00", "00:30", "01:00", "02:00", "02:30", "03:00", "12:00", "23:00", "23:59")
	}
	return d.instant().In(d.zone).Format("15:04")
}

func (d *drawing) window() (start, end string) {
	start, end = d.wallClock(), d.wallClock()
	if start == end && start != "" && start != "00:00" {
		end = ""
	}
	return start, end
}

// question draws one that every rater must take; below draws 0 to n-1, each as likely.
func question(below func(n int) int) *rating.Question {
	d := &drawing{below: below}
	where := one(d, places()...)
	var err error
	if d.zone, err = time.LoadLocation(where.zone); err != nil {
		panic("a zone of the tests: " + where.zone)
	}
	d.start = at(where.around).Add(time.Duration(d.upTo(240)-180) * time.Minute).Add(d.crumbs())
	d.length = time.Duration(one(d, 0, 1, 10, 30, 60, 61, 90, 120, 240, 600, 1500, 3000))*time.Minute + d.crumbs()
	q := &rating.Question{Zone: where.zone, DefaultVAT: d.maybe(7, "20", "10", "0"), Tariff: d.tariff(), Session: d.session()}
	for range d.upTo(4) {
		q.Adjustments = append(q.Adjustments, d.adjustment())
	}
	return q
}

func (d *drawing) tariff() rating.Tariff {
	t := rating.Tariff{
		Currency:    one[money.Currency](d, "EUR", "EUR", "EUR", "JPY", "KWD"),
		TaxIncluded: one(d, rating.TaxNo, rating.TaxNo, rating.TaxYes, rating.TaxNone),
	}
	t.MinPrice.Excl, t.MaxPrice.Excl = d.limits("0", "0.5", "2", "10")
	t.MinPrice.Incl, t.MaxPrice.Incl = d.limits("0.6", "1.8", "2.4", "12")
	for range d.upTo(7) {
		e := rating.Element{Restrictions: d.restrictions()}
		for range one(d, 1, 1, 1, 2, 2, 3, 4, 0) {
			e.Components = append(e.Components, rating.Component{
				Dimension: one(d, rating.Energy, rating.Time, rating.ParkingTime, rating.Flat),
				Price:     d.price(), VAT: d.vat(), StepSize: one[int64](d, 0, 1, 1, 1, 60, 300, 500, 900, 7, 1_000_003),
			})
		}
		t.Elements = append(t.Elements, e)
	}
	return t
}

// limits draws a least and a greatest price of one side, in order.
func (d *drawing) limits(from ...string) (least, greatest *decimal.Decimal) {
	least, greatest = d.maybe(3, from...), d.maybe(3, from...)
	if least != nil && greatest != nil && least.Cmp(*greatest) > 0 {
		least, greatest = greatest, least
	}
	return least, greatest
}

func (d *drawing) restrictions() rating.Restrictions {
	var r rating.Restrictions
	if d.chance(2) {
		r.Reservation = one(d, rating.ReservedUsed, rating.ReservedExpired)
	}
	if d.chance(3) {
		r.StartTime, r.EndTime = d.window()
	}
	if d.chance(1) {
		r.StartDate = d.instant().In(d.zone).Format(time.DateOnly)
	}
	if d.chance(1) {
		r.EndDate = d.instant().In(d.zone).AddDate(0, 0, 1).Format(time.DateOnly)
	}
	if d.chance(1) {
		r.Days = some[time.Weekday](d, 0, 1, 2, 3, 4, 5, 6)
	}
	kWh, amperes, kW := []string{"0", "1", "2.5", "5", "0.333", "10", "0.123456789123456789"}, []string{"0", "10", "16", "32"}, []string{"0", "3.7", "11", "22"}
	r.MinKWh, r.MaxKWh = d.maybe(2, kWh...), d.maybe(2, kWh...)
	r.MinCurrent, r.MaxCurrent = d.maybe(1, amperes...), d.maybe(1, amperes...)
	r.MinPower, r.MaxPower = d.maybe(1, kW...), d.maybe(1, kW...)
	for _, duration := range []**int64{&r.MinDuration, &r.MaxDuration} {
		if d.chance(1) {
			*duration = new(one[int64](d, 0, 1, 60, 600, 1800, 3600, 5400, 7200))
		}
	}
	return r
}
