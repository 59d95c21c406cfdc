package rating_test

import (
	"slices"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

func (d *drawing) session() rating.Session {
	s := rating.Session{Start: d.start, End: d.start.Add(d.length)}
	if d.chance(3) {
		s.Reservation = &rating.Reservation{Expired: d.chance(3)}
		s.Reservation.End = s.Start.Add(-time.Duration(d.upTo(2)) * 5 * time.Minute)
		s.Reservation.Start = s.Reservation.End.Add(-time.Duration(d.upTo(90)) * time.Minute).Add(-d.crumbs())
		if s.Reservation.Expired {
			return s
		}
	}
	if d.chance(4) {
		s.Periods = d.periods()
		return s
	}
	s.Timeline = &rating.Timeline{Spans: d.spans(), Readings: d.readings(), GapMost: rating.Nanoseconds(one(d, 0, 10*time.Minute, time.Hour))}
	return s
}

// offsets draws how far from the start things are within the session, rising, each once; the start is the first.
func (d *drawing) offsets(most int) []time.Duration {
	offsets := []time.Duration{0}
	for range d.upTo(most) {
		at := d.instant().Sub(d.start)
		if at > 0 && at < d.length {
			offsets = append(offsets, at)
		}
	}
	slices.Sort(offsets)
	return slices.Compact(offsets)
}

func (d *drawing) periods() []rating.Period {
	var periods []rating.Period
	amperes, kW := []string{"0", "10", "16", "31.9", "32", "40"}, []string{"0", "3.7", "7", "11", "22", "50"}
	for _, at := range d.offsets(6) {
		periods = append(periods, rating.Period{
			Start:      d.start.Add(at),
			Energy:     d.maybe(8, "0", "1", "1.2345", "2.5", "5", "0.0001", "0.000000000000000001", "7654321.123456789012345678"),
			Charging:   d.maybe(6, "0", "60", "298.8", "600", "3600"),
			Parking:    d.maybe(4, "0", "60", "120.24", "900", "3600", "0.333333333333333333"),
			MinCurrent: d.maybe(5, amperes...), MaxCurrent: d.maybe(5, amperes...),
			MinPower: d.maybe(5, kW...), MaxPower: d.maybe(5, kW...),
		})
	}
	return periods
}

func (d *drawing) spans() []rating.Span {
	var spans []rating.Span
	offsets := d.offsets(5)
	for i, at := range offsets {
		end := d.length
		if i+1 < len(offsets) {
			end = offsets[i+1]
		}
		spans = append(spans, rating.Span{
			State: one(d, rating.Charging, rating.Charging, rating.Parking, rating.Paused),
			From:  d.start.Add(at), To: d.start.Add(end),
		})
	}
	return spans
}

func (d *drawing) readings() []rating.Reading {
	offsets := d.offsets(8)
	if d.chance(2) {
		offsets = slices.Insert(offsets, 0, -7*time.Minute)
	}
	if d.chance(2) {
		offsets = offsets[1:]
	}
	if d.chance(7) && d.length > 0 {
		offsets = append(offsets, d.length)
	}
	if d.chance(2) {
		offsets = append(offsets, d.length+11*time.Minute)
	}
	var readings []rating.Reading
	register := one[unit.MilliWattHour](d, 0, 1_000_000, 123_456_789, -1<<63, 1<<62)
	always := d.chance(5) // current and power are read each time, or now and then
	for _, at := range offsets {
		r := rating.Reading{At: d.start.Add(at)}
		if d.chance(8) {
			register += one[unit.MilliWattHour](d, 0, 1, 333_333, 1_000_000, 1_500_000, 2_500_000, 7_000_001, 9_876_543_210_123)
			r.Energy = new(register)
		}
		if always || d.chance(4) {
			r.Current = new(one[unit.MilliAmpere](d, 0, 10_000, 16_000, 31_999, 32_000, 48_000))
		}
		if always || d.chance(4) {
			r.Power = new(one[unit.Watt](d, 0, 3_700, 7_000, 11_000, 22_000, 50_000))
		}
		readings = append(readings, r)
	}
	return readings
}

func (d *drawing) adjustment() rating.Adjustment {
	a := rating.Adjustment{ID: one(d, "a", "b"), VAT: d.vat()}
	amount := func() decimal.Decimal { return d.decimal("0", "0.5", "1", "2.345", "10", "1.123456789012345678") }
	switch d.below(9) {
	case 0:
		a.Idle = &rating.IdleFee{
			PerMinute: d.decimal("0", "0.1", "0.333"), Most: d.maybe(3, "1", "5"), Grace: rating.Nanoseconds(one(d, 0, 0, 5*time.Minute, time.Hour, 1)),
		}
		for range d.upTo(2) {
			start, end := d.window()
			a.Idle.Quiet = append(a.Idle.Quiet, rating.Window{Start: start, End: end})
		}
	case 1:
		a.Spot = &rating.Spot{
			MarkupPercent: d.decimal("0", "10", "-5.5", "0.123456789012345678"), Markup: d.decimal("0", "0.02", "-0.2"),
			Floor: d.maybe(3, "0", "0.05"), Ceiling: d.maybe(3, "0.05", "0.3"), Fallback: d.decimal("0", "0.4"),
		}
		a.Spot.Points, a.Spot.Until = d.points("0", "0.25", "-0.1", "0.0823", "1.5", "0.123456789012345678")
	case 2:
		a.Solar = &rating.Solar{PerKWh: amount()}
		a.Solar.Shares, a.Solar.Until = d.points("0", "0.25", "0.5", "1", "0.999999999999999999")
	case 3:
		a.Percent = &rating.Percent{Rate: d.decimal("-10", "5", "-100", "-150", "33.3", "0", "-0.123456789012345678")}
		a.Percent.Of = some(d, rating.Flat, rating.Energy, rating.Time, rating.ParkingTime, rating.Idle, rating.Total)
	case 4:
		a.Surcharge = &rating.Surcharge{Amount: amount()}
	case 5:
		a.Credit = &rating.Credit{Amount: amount()}
	case 6:
		a.Allowance = &rating.Allowance{KWh: d.decimal("0", "1", "2.5", "100"), Overage: d.maybe(5, "0", "0.5", "0.123")}
	case 7:
		a.Cap = &rating.Cap{Most: amount()}
	case 8:
		a.Short = &rating.Short{Below: rating.Nanoseconds(one(d, 0, time.Minute, time.Hour, 100*time.Hour)), KWh: d.decimal("0", "1", "100")}
	}
	return a
}

func (d *drawing) points(values ...string) ([]rating.Point, time.Time) {
	var points []rating.Point
	for range d.upTo(5) {
		points = append(points, rating.Point{From: d.instant(), Value: d.decimal(values...)})
	}
	slices.SortFunc(points, func(a, b rating.Point) int { return a.From.Compare(b.From) })
	points = slices.CompactFunc(points, func(a, b rating.Point) bool { return a.From.Equal(b.From) })
	if len(points) == 0 {
		return nil, time.Time{}
	}
	return points, points[len(points)-1].From.Add(time.Duration(1+d.upTo(600)) * time.Minute)
}
