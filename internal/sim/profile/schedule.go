package profile

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"time"
)

// moments are counted in seconds since 1970, so that no distance between two that a
// message can name overflows.
const never = math.MaxInt64

// active returns the period that a profile executes at a moment, nil for none, and the
// next moment at which that may change.
func (p Profile) active(at int64, now Situation) (*Period, int64) {
	from, to := int64(math.MinInt64), int64(never)
	if !p.ValidFrom.IsZero() {
		from = p.ValidFrom.Unix() // K01.FR.36
	}
	if !p.ValidTo.IsZero() {
		to = p.ValidTo.Unix() // K01.FR.37
	}
	if p.OfflineMax != nil && !now.OfflineSince.IsZero() {
		to = min(to, now.OfflineSince.Unix()+int64(*p.OfflineMax/time.Second)+1) // K01.FR.101: more than
	}
	switch {
	case at < from:
		return nil, from
	case at >= to:
		return nil, never
	}
	period, until := p.scheduled(at, now)
	return period, min(until, to)
}

// scheduled is active without regard to validity.
func (p Profile) scheduled(at int64, now Situation) (*Period, int64) {
	s := &p.Schedules[0]
	if p.Kind == Dynamic {
		return &s.Periods[0], never // K28.FR.02
	}
	begin, end := s.Start.Unix(), int64(never)
	if s.Start.IsZero() || p.Kind == Relative {
		if now.Since.IsZero() {
			return nil, never // nothing has begun that it could count from
		}
		begin = now.Since.Unix() // K01.FR.42
	}
	if at < begin {
		return nil, begin // K01.FR.30
	}
	if p.Kind == Recurring {
		every := p.Recurrency.seconds()
		begin += (at - begin) / every * every
		end = begin + every
	}
	stop := end
	if s.Duration != nil {
		stop = min(stop, begin+int64(*s.Duration/time.Second))
	}
	if at >= stop {
		return nil, end // K01.FR.11 and 13: what is left of the round goes to lower levels
	}
	current, until := 0, stop
	for i := range s.Periods {
		if start := begin + s.startOf(i, p.ID, now.Tx); start <= at {
			current = i
		} else {
			until = min(until, start)
		}
	}
	return &s.Periods[current], until
}

func (r Recurrency) seconds() int64 {
	const day = 24 * 3600
	if r == Weekly {
		return 7 * day
	}
	return day
}

// startOf returns when a period begins, in seconds of its schedule: a delay that is
// drawn once for each transaction postpones all but the first.
// Source: OCPP 2.1 part 2, K01.FR.92 to 94 and K08.FR.06.
func (s *Schedule) startOf(period, id int, transaction string) int64 {
	start := int64(s.Periods[period].Start / time.Second)
	if period == 0 || s.RandomDelay == 0 || transaction == "" {
		return start
	}
	lot := fnv.New64a()
	lot.Write([]byte(transaction))
	lot.Write(binary.BigEndian.AppendUint64(nil, uint64(id)<<32^uint64(period))) //nolint:gosec // any bits do
	return start + int64(lot.Sum64()%uint64(s.RandomDelay/time.Second+1))        //nolint:gosec // not negative, below a century
}
