package swift

import (
	"cmp"
	"slices"
	"time"

	"pylon/internal/kernel/rating"
)

const secondsPerMinute = 60

func (r *reader) idle(f *rating.IdleFee) rule {
	price := r.notNegative(f.PerMinute, "/idle/per_minute").ratio().quo(whole(secondsPerMinute))
	var most *ratio
	if f.Most != nil {
		n := r.notNegative(*f.Most, "/idle/most").ratio()
		most = &n
	}
	if f.Grace < 0 {
		r.fail("/idle/grace_ns", "negative", "must not be negative")
	}
	quiet := r.quiet(f.Quiet)
	return func() error {
		if r.expired() {
			return nil
		}
		q := quietTime{windows: quiet, wall: newWall(r.c.zone, r.q.Session.Start)}
		r.parked(q.count)
		counted := q.loud.minus(quantity{fixed: times(int64(f.Grace), perNano)}).ratio()
		r.tellIdle(r.a.ID, &q, f, positive(counted))
		if counted.sign() <= 0 {
			return nil
		}
		l, amount := r.line(rating.Idle), counted.mul(price)
		l.Price = &f.PerMinute
		if most != nil && amount.cmp(*most) > 0 {
			l.Price, amount = nil, *most
		}
		r.extra(l, r.rate, counted, amount)
		return nil
	}
}

// quiet reads the quiet windows as stretches of a day that do not meet.
func (r *reader) quiet(all []rating.Window) []window {
	if err := most(len(all), rating.WindowsMost, r.pointer+"/idle/quiet"); err != nil && r.err == nil {
		r.err = err
	}
	if r.err != nil {
		return nil
	}
	var parts []window
	for i := range all {
		w, wrong := parseWindow(all[i].Start, all[i].End)
		switch {
		case wrong == "both":
			r.fail(at("/idle/quiet", i, "/end"), "empty", "must not be start")
		case wrong != "":
			r.fail(at("/idle/quiet", i, "/"+wrong), "syntax", "must be HH:MM, from 00:00 to 23:59")
		case w.from > w.to:
			parts = append(parts, window{w.from, int64(day)}, window{0, w.to})
		default:
			parts = append(parts, w)
		}
	}
	slices.SortFunc(parts, func(a, b window) int { return cmp.Compare(a.from, b.from) })
	var merged []window
	for _, w := range parts {
		if n := len(merged); n > 0 && w.from <= merged[n-1].to {
			merged[n-1].to = max(merged[n-1].to, w.to)
			continue
		}
		merged = append(merged, w)
	}
	return merged
}

// parked calls f for each stretch of parking, in order of their beginnings: from a nanosecond, so many seconds.
func (b *bill) parked(f func(from int64, seconds fixed)) {
	s := &b.q.Session
	if t := s.Timeline; t != nil {
		for i := range t.Spans {
			if span := &t.Spans[i]; span.State == rating.Parking {
				f(int64(span.From.Sub(s.Start)), times(int64(span.To.Sub(span.From)), perNano))
			}
		}
		return
	}
	for i := range s.Periods {
		if p := &s.Periods[i]; p.Parking != nil {
			seconds, _ := parse(*p.Parking) // its digits have been looked at
			f(int64(p.Start.Sub(s.Start)), seconds)
		}
	}
}

// quietTime counts parking outside quiet windows.
type quietTime struct {
	windows []window // in order, apart from one another
	wall    wall
	all     quantity // seconds
	loud    quantity
}

// count adds a stretch of parking.
func (q *quietTime) count(from int64, seconds fixed) {
	q.all.add(quantity{fixed: seconds})
	q.loud.add(quantity{fixed: seconds})
	if len(q.windows) == 0 || seconds.sign() == 0 {
		return
	}
	nanos, rest := seconds.nanoseconds()
	to := from + nanos
	quiet := fixed{}
	for now := from; now < to; {
		r := q.wall.at(now)
		end := min(to, q.wall.until)
		quiet = quiet.add(times(q.between(r.time, end-now), perNano))
		now = end
	}
	if rest != 0 && q.contains(q.wall.at(to).time) {
		quiet = quiet.add(fixed{lo: rest})
	}
	q.loud = q.loud.minus(quantity{fixed: quiet})
}

// between returns how long it is quiet in a stretch of so many nanoseconds, from a time of day on.
func (q *quietTime) between(from, length int64) int64 {
	days, last := floor(from+length, int64(day))
	return days*q.until(int64(day)) + q.until(last) - q.until(from)
}

// until returns how long it is quiet from midnight until a time of day.
func (q *quietTime) until(at int64) int64 {
	var sum int64
	for _, w := range q.windows {
		if w.from < at {
			sum += min(w.to, at) - w.from
		}
	}
	return sum
}

func (q *quietTime) contains(at int64) bool {
	return slices.ContainsFunc(q.windows, func(w window) bool { return w.contains(at) })
}

// nanoseconds takes seconds apart: whole nanoseconds, and what is left of 10^-18 of a second. They are not more than
// a question may have.
func (f fixed) nanoseconds() (whole int64, rest uint64) {
	q, r := div(f, uint64(time.Second))
	return int64(q), r //nolint:gosec // rating.SessionMost is 10^17 of them
}
