package plain

import (
	"slices"
	"strconv"
	"time"

	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/rating"
)

func (r *reader) adjustments(given []rating.Adjustment) {
	r.atMost(len(given), rating.AdjustmentsMost, "/adjustments")
	for i := range given {
		if r.err != nil {
			return // there may be many more
		}
		r.adjustment(&given[i], "/adjustments/"+strconv.Itoa(i))
	}
}

func (r *reader) adjustment(a *rating.Adjustment, pointer string) {
	r.amount(a.VAT, pointer+"/vat")
	kinds := 0
	for _, is := range []bool{
		a.Idle != nil, a.Spot != nil, a.Solar != nil, a.Percent != nil, a.Surcharge != nil, a.Credit != nil, a.Allowance != nil, a.Cap != nil, a.Short != nil,
	} {
		if is {
			kinds++
		}
	}
	r.require(kinds == 1, pointer, "choice", "must be exactly one kind of adjustment")
	if r.err != nil {
		return
	}
	switch {
	case a.Idle != nil:
		r.idle(a.Idle, pointer+"/idle")
	case a.Spot != nil:
		r.spot(a.Spot, pointer+"/spot")
	case a.Solar != nil:
		r.amount(&a.Solar.PerKWh, pointer+"/solar/per_kwh")
		r.points(a.Solar.Shares, a.Solar.Until, pointer+"/solar", "/shares")
		for i := range a.Solar.Shares {
			share := number(&a.Solar.Shares[i].Value)
			r.require(share.Sign() >= 0 && share.Cmp(exact.Int(1)) <= 0, pointer+"/solar/shares/"+strconv.Itoa(i)+"/value", "range", "must be 0 to 1")
		}
	case a.Percent != nil:
		r.number(&a.Percent.Rate, pointer+"/percent/rate")
		r.of(a.Percent.Of, pointer+"/percent/of")
	case a.Surcharge != nil:
		r.amount(&a.Surcharge.Amount, pointer+"/surcharge/amount")
	case a.Credit != nil:
		r.amount(&a.Credit.Amount, pointer+"/credit/amount")
	case a.Allowance != nil:
		r.amount(&a.Allowance.KWh, pointer+"/allowance/kwh")
		r.amount(a.Allowance.Overage, pointer+"/allowance/overage")
	case a.Cap != nil:
		r.amount(&a.Cap.Most, pointer+"/cap/most")
	case a.Short != nil:
		r.amount(&a.Short.KWh, pointer+"/short/kwh")
		r.require(a.Short.Below >= 0, pointer+"/short/below_ns", "range", "must not be negative")
	}
}

func (r *reader) idle(a *rating.IdleFee, pointer string) {
	r.amount(&a.PerMinute, pointer+"/per_minute")
	r.amount(a.Most, pointer+"/most")
	r.require(a.Grace >= 0, pointer+"/grace_ns", "range", "must not be negative")
	r.atMost(len(a.Quiet), rating.WindowsMost, pointer+"/quiet")
	for i, quiet := range a.Quiet {
		at := pointer + "/quiet/" + strconv.Itoa(i)
		r.window(quiet.Start, quiet.End, at+"/start", at+"/end")
	}
}

func (r *reader) spot(a *rating.Spot, pointer string) {
	r.number(&a.MarkupPercent, pointer+"/markup_percent")
	r.number(&a.Markup, pointer+"/markup")
	r.number(&a.Fallback, pointer+"/fallback")
	floor, ceiling := r.number(a.Floor, pointer+"/floor"), r.number(a.Ceiling, pointer+"/ceiling")
	r.require(floor == nil || ceiling == nil || floor.Cmp(*ceiling) <= 0, pointer+"/floor", "range", "must not be above the ceiling")
	r.points(a.Points, a.Until, pointer, "/points")
}

// points checks a series: its values, and that each point is later than the one before.
func (r *reader) points(points []rating.Point, until time.Time, pointer, name string) {
	r.atMost(len(points), rating.PointsMost, pointer+name)
	for i := range points {
		if r.err != nil {
			return // there may be many more
		}
		at := pointer + name + "/" + strconv.Itoa(i)
		r.number(&points[i].Value, at+"/value")
		r.time(points[i].From, at+"/from")
		r.require(i == 0 || points[i].From.After(points[max(i, 1)-1].From), at+"/from", "order", "must be after the one before")
	}
	if len(points) > 0 {
		r.time(until, pointer+"/until")
	}
	r.require(len(points) == 0 || until.After(points[max(len(points), 1)-1].From), pointer+"/until", "order", "must be after the last point")
}

func (r *reader) of(dimensions []rating.Dimension, pointer string) {
	known := []rating.Dimension{rating.Flat, rating.Energy, rating.Time, rating.ParkingTime, rating.Idle, rating.Total}
	for i, dimension := range dimensions {
		at := pointer + "/" + strconv.Itoa(i)
		r.require(slices.Contains(known, dimension), at, "enumeration", "must be one of FLAT, ENERGY, TIME, PARKING_TIME, IDLE, TOTAL")
		r.require(!slices.Contains(dimensions[:i], dimension), at, "unique", "is there already")
		if r.err != nil {
			return // there may be many more
		}
	}
}
