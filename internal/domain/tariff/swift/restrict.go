package swift

import (
	"math"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/rating"
)

const everyDay = 1<<7 - 1

// restrict reads the restrictions of element i.
func (d *draft) restrict(r *rating.Restrictions, i int) error {
	d.days, d.first, d.last, d.window = everyDay, math.MinInt64, math.MaxInt64, window{0, int64(day)}
	here := func(name string) func() string {
		return func() string { return at("/tariff/elements", i, "/restrictions/"+name) }
	}
	if err := d.clock(r, here); err != nil {
		return err
	}
	if err := d.calendar(r, here); err != nil {
		return err
	}
	d.minDuration, d.maxDuration = r.MinDuration, r.MaxDuration
	var err error
	if d.minEnergy, err = optional(r.MinKWh, here("min_kwh")); err != nil {
		return err
	}
	if d.maxEnergy, err = optional(r.MaxKWh, here("max_kwh")); err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		from *decimal.Decimal
		of   int
		max  bool
	}{
		{"min_current", r.MinCurrent, minCurrent, false},
		{"max_current", r.MaxCurrent, maxCurrent, true},
		{"min_power", r.MinPower, minPower, false},
		{"max_power", r.MaxPower, maxPower, true},
	} {
		than, err := optional(f.from, here(f.name))
		if err != nil {
			return err
		}
		if than != nil {
			d.flows = append(d.flows, threshold{f.of, f.max, *than})
		}
	}
	switch r.Reservation {
	case rating.ReservedNot, rating.ReservedUsed, rating.ReservedExpired:
		return nil
	}
	return invalid(here("reservation")(), "unknown", "must be RESERVATION or RESERVATION_EXPIRES, or not be there")
}

func (d *draft) clock(r *rating.Restrictions, here func(string) func() string) error {
	var wrong string
	d.window, wrong = parseWindow(r.StartTime, r.EndTime)
	d.walled = d.walled || r.StartTime != "" || r.EndTime != ""
	switch wrong {
	case "start":
		return invalid(here("start_time")(), "syntax", "must be HH:MM, from 00:00 to 23:59")
	case "end":
		return invalid(here("end_time")(), "syntax", "must be HH:MM, from 00:00 to 23:59")
	case "both":
		return invalid(here("end_time")(), "empty", "must not be start_time")
	}
	return nil
}

func (d *draft) calendar(r *rating.Restrictions, here func(string) func() string) error {
	ok := true
	if r.StartDate != "" {
		if d.first, ok = calendarDay(r.StartDate); !ok {
			return invalid(here("start_date")(), "syntax", "must be YYYY-MM-DD")
		}
	}
	if r.EndDate != "" {
		if d.last, ok = calendarDay(r.EndDate); !ok {
			return invalid(here("end_date")(), "syntax", "must be YYYY-MM-DD")
		}
	}
	if err := most(len(r.Days), rating.DaysMost, here("days")()); err != nil {
		return err
	}
	if len(r.Days) > 0 {
		d.days = 0
	}
	for i, weekday := range r.Days {
		if weekday < time.Sunday || weekday > time.Saturday {
			return invalid(at(here("days")(), i, ""), "unknown", "must be a day of the week, 0 (Sunday) to 6")
		}
		d.days |= 1 << weekday
	}
	d.walled = d.walled || r.StartDate != "" || r.EndDate != "" || len(r.Days) > 0
	return nil
}
