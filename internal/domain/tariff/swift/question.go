package swift

import (
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/rating"
)

// check finds mistakes in what is asked of a session, but in the numbers of periods, which are
// read once, later.
func (b *bill) check() error {
	if d := b.q.DefaultVAT; d != nil {
		value, err := notNegative(*d, func() string { return "/default_vat" })
		if err != nil {
			return err
		}
		b.usual = b.rateOf(d, value)
	}
	s := &b.q.Session
	if err := checkReservation(s.Reservation); err != nil {
		return err
	}
	if !b.expired() {
		if err := checkSession(s); err != nil {
			return err
		}
	}
	if err := most(len(b.q.Adjustments), rating.AdjustmentsMost, "/adjustments"); err != nil {
		return err
	}
	b.rules = make([]rule, len(b.q.Adjustments))
	for i := range b.q.Adjustments {
		if err := b.readAdjustment(i); err != nil {
			return err
		}
	}
	return nil
}

const sessionMost = rating.SessionMost * time.Second

// checkTime refuses years that no session is in.
func checkTime(t time.Time, pointer func() string) error {
	const first, last = 1970, 9999
	if year := t.UTC().Year(); year < first || year > last {
		return invalid(pointer(), "time_out_of_range", "must lie in the years 1970 to 9999")
	}
	return nil
}

// checkStretch refuses a stretch that ends before it begins, or takes too long.
func checkStretch(from, to time.Time, pointer string) error {
	if err := checkTime(from, func() string { return pointer + "/start" }); err != nil {
		return err
	}
	if err := checkTime(to, func() string { return pointer + "/end" }); err != nil {
		return err
	}
	if to.Before(from) {
		return invalid(pointer+"/end", "before_start", "must not be before the start")
	}
	if to.Sub(from) > sessionMost {
		return invalid(pointer+"/end", "too_long", "must not be more than 366 days after the start")
	}
	return nil
}

func checkReservation(r *rating.Reservation) error {
	if r == nil {
		return nil
	}
	return checkStretch(r.Start, r.End, "/session/reservation")
}

func checkSession(s *rating.Session) error {
	if err := checkStretch(s.Start, s.End, "/session"); err != nil {
		return err
	}
	if s.Reservation != nil && s.Reservation.End.After(s.Start) {
		return invalid("/session/reservation/end", "after_session_start", "must not be after the session's start")
	}
	switch {
	case s.Timeline != nil && len(s.Periods) > 0:
		return invalid("/session/timeline", "both", "must not be there with periods")
	case s.Timeline != nil:
		return checkTimeline(s)
	case len(s.Periods) == 0:
		return invalid("/session/periods", "neither", "must be there without a timeline")
	}
	return checkPeriods(s)
}

// checkPeriods looks at when the periods start, and how much time they tell of.
func checkPeriods(s *rating.Session) error {
	if err := most(len(s.Periods), rating.PeriodsMost, "/session/periods"); err != nil {
		return err
	}
	if !s.Periods[0].Start.Equal(s.Start) {
		return invalid("/session/periods/0/start", "not_session_start", "must be the session's start")
	}
	var charging, parking fixed
	for i := range s.Periods {
		p := &s.Periods[i]
		if i > 0 && (!p.Start.After(s.Periods[i-1].Start) || !p.Start.Before(s.End)) {
			return invalid(at("/session/periods", i, "/start"), "out_of_order", "must be after the start of the period before it, and before the session's end")
		}
		if !addTime(&charging, p.Charging) {
			return invalid(at("/session/periods", i, "/charging_s"), "too_long", "must not bring the time of charging to more than 366 days")
		}
		if !addTime(&parking, p.Parking) {
			return invalid(at("/session/periods", i, "/parking_s"), "too_long", "must not bring the time of parking to more than 366 days")
		}
	}
	return nil
}

// addTime adds seconds to a sum, and reports whether it is still one that a session may have. Digits are looked at when the number is read.
func addTime(sum *fixed, seconds *decimal.Decimal) bool {
	if seconds == nil {
		return true
	}
	f, _ := parse(*seconds)
	*sum = sum.add(f)
	return sum.cmp(times(rating.SessionMost, perOne)) <= 0
}

func checkTimeline(s *rating.Session) error {
	t := s.Timeline
	if err := most(len(t.Spans), rating.SpansMost, "/session/timeline/spans"); err != nil {
		return err
	}
	if t.GapMost < 0 {
		return invalid("/session/timeline/gap_most_ns", "negative", "must not be negative")
	}
	from := s.Start
	for i := range t.Spans {
		span := &t.Spans[i]
		if span.State != rating.Charging && span.State != rating.Parking && span.State != rating.Paused {
			return invalid(at("/session/timeline/spans", i, "/state"), "unknown", "must be CHARGING, PARKING or PAUSED")
		}
		if !span.From.Equal(from) {
			return invalid(at("/session/timeline/spans", i, "/from"), "gap", "must be where the span before it ends, or the session starts")
		}
		if !span.To.After(span.From) && !(s.End.Equal(s.Start) && span.To.Equal(span.From) && i == 0) {
			return invalid(at("/session/timeline/spans", i, "/to"), "out_of_order", "must be after from")
		}
		from = span.To
	}
	if n := len(t.Spans); n == 0 {
		return invalid("/session/timeline/spans", "none", "must not be empty")
	} else if !from.Equal(s.End) {
		return invalid(at("/session/timeline/spans", n-1, "/to"), "gap", "must be the session's end")
	}
	return checkReadings(s)
}

func checkReadings(s *rating.Session) error {
	all := s.Timeline.Readings
	if err := most(len(all), rating.ReadingsMost, "/session/timeline/readings"); err != nil {
		return err
	}
	first, last := s.Start.Add(-sessionMost), s.End.Add(sessionMost)
	register := -1
	for i := range all {
		r := &all[i]
		if r.At.Before(first) || r.At.After(last) {
			return invalid(at("/session/timeline/readings", i, "/at"), "time_out_of_range", "must be within 366 days of the session")
		}
		if i > 0 && !r.At.After(all[i-1].At) {
			return invalid(at("/session/timeline/readings", i, "/at"), "out_of_order", "must be after the reading before it")
		}
		if r.Energy == nil {
			continue
		}
		if register >= 0 && *r.Energy < *all[register].Energy {
			return invalid(at("/session/timeline/readings", i, "/energy_mwh"), "register_goes_back", "must not be less than before")
		}
		register = i
	}
	return nil
}
