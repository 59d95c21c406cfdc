package swift

import (
	"math/big"
	"math/bits"
	"sort"
	"time"

	"pylon/internal/kernel/rating"
)

// instant is a moment of a track: nanoseconds since its origin, and what energy that
// reaches a threshold between two of them adds, 0 or more and less than 1.
type instant struct {
	ns   int64
	rest ratio
}

func (i instant) cmp(o instant) int {
	if i.ns != o.ns {
		return compare(i.ns, o.ns)
	}
	return i.rest.cmp(o.rest)
}

// shown returns the nanosecond by which a moment is told: the later one.
func (i instant) shown() int64 {
	if i.rest.sign() > 0 {
		return i.ns + 1
	}
	return i.ns
}

// minus returns the seconds between two instants.
func (i instant) minus(o instant) quantity {
	q := quantity{fixed: times(i.ns-o.ns, perNano)}
	if i.rest.sign() != 0 || o.rest.sign() != 0 {
		q.addPart(i.rest.sub(o.rest).mul(fraction(1, int64(time.Second))))
	}
	return q
}

// series is a quantity that was read now and then, in rising order of time.
type series struct {
	at    []int64
	value []int64
	i     int // reading at or before the last moment that was asked for; -1: none
}

func newSeries(n int) series {
	return series{at: make([]int64, 0, n), value: make([]int64, 0, n), i: -1}
}

func (s *series) append(at, value int64) {
	s.at, s.value = append(s.at, at), append(s.value, value)
}

// seek moves to a moment that is not before the last one.
func (s *series) seek(ns int64) {
	for s.i+1 < len(s.at) && s.at[s.i+1] <= ns {
		s.i++
	}
}

// next returns when the reading after this one was taken.
func (s *series) next() int64 {
	if s.i+1 < len(s.at) {
		return s.at[s.i+1]
	}
	return never
}

// between reports whether the moment that was sought lies between two readings.
func (s *series) between(at instant) bool {
	return s.i >= 0 && s.i+1 < len(s.at) && (s.at[s.i] != at.ns || at.rest.sign() > 0)
}

// here returns the least and the greatest of the stretch around the moment that was sought.
func (s *series) here() (least, greatest int64, ok bool) {
	if s.i < 0 || s.i+1 >= len(s.at) {
		return 0, 0, false
	}
	return min(s.value[s.i], s.value[s.i+1]), max(s.value[s.i], s.value[s.i+1]), true
}

// over returns the least and the greatest from the moment that was sought to another, if all of
// that lies between the first and the last reading.
func (s *series) over(from, to instant) (least, greatest int64, ok bool) {
	s.seek(from.ns)
	least, greatest, ok = s.here()
	end := len(s.at) - 1
	if !ok || to.ns > s.at[end] || to.ns == s.at[end] && to.rest.sign() > 0 {
		return 0, 0, false
	}
	for i := s.i + 2; i < len(s.at) && (instant{ns: s.at[i-1]}).cmp(to) < 0; i++ {
		least, greatest = min(least, s.value[i]), max(greatest, s.value[i])
	}
	return least, greatest, true
}

// meter is what was read during a session.
type meter struct {
	register series // mWh
	current  series // mA
	power    series // W
	before   quantity
}

// newMeter sorts the readings of a timeline by what they tell.
func newMeter(t *rating.Timeline, origin time.Time) *meter {
	n := len(t.Readings)
	m := &meter{register: newSeries(n), current: newSeries(n), power: newSeries(n)}
	for i := range t.Readings {
		r := &t.Readings[i]
		at := int64(r.At.Sub(origin))
		if r.Energy != nil {
			m.register.append(at, int64(*r.Energy))
		}
		if r.Current != nil {
			m.current.append(at, int64(*r.Current))
		}
		if r.Power != nil {
			m.power.append(at, int64(*r.Power))
		}
	}
	m.before = m.since(0)
	return m
}

// since returns the energy from the first reading to a whole nanosecond.
func (m *meter) since(ns int64) quantity {
	s := &m.register
	s.seek(ns)
	switch {
	case s.i < 0:
		return quantity{}
	case s.i+1 >= len(s.at) || s.at[s.i] == ns:
		return quantity{fixed: s.moved(s.i)}
	}
	q := m.share(s.i, s.at[s.i], ns)
	q.fixed = q.fixed.add(s.moved(s.i))
	return q
}

// moved returns what a register of mWh went on from the first reading to reading i, in kWh.
func (s *series) moved(i int) fixed {
	return times(s.value[i], perMicro).sub(times(s.value[0], perMicro))
}

// share returns the energy between two moments, both between reading i and the next.
func (m *meter) share(i int, from, to int64) quantity {
	s := &m.register
	length, delta := uint64(s.at[i+1]-s.at[i]), uint64(s.value[i+1]-s.value[i]) //nolint:gosec // both rise
	hi, lo := bits.Mul64(delta, uint64(to-from))                                //nolint:gosec // the same
	mWh, rest := bits.Div64(hi, lo, length)                                     // to - from is at most the length, so this fits
	hi, lo = bits.Mul64(mWh, perMicro)
	q := quantity{fixed: fixed{int64(hi), lo}} //nolint:gosec // 64 and 40 bits
	if rest != 0 {
		q.addPart(fraction(int64(rest), int64(length)).mul(fraction(1, perMilliWattHour))) //nolint:gosec // lengths of time
	}
	return q
}

const perMilliWattHour = 1_000_000 // of a kilowatt-hour

// reaches returns when so much was consumed since the session began; false when it never was.
func (m *meter) reaches(kWh fixed) (instant, bool) {
	s := &m.register
	target := quantity{fixed: kWh.add(m.before.fixed), part: m.before.part, more: m.before.more}
	i := sort.Search(len(s.at), func(i int) bool {
		return quantity{fixed: s.moved(i)}.minus(target).sign() >= 0
	})
	if i == len(s.at) || i == 0 {
		return instant{}, false
	}
	missing := target.minus(quantity{fixed: s.moved(i - 1)}).ratio()
	delta, length := s.moved(i).sub(s.moved(i-1)).ratio(), whole(s.at[i]-s.at[i-1])
	ns, rest := missing.mul(length).quo(delta).split()
	return instant{s.at[i-1] + ns, rest}, true
}

// split returns the whole number below r, which is not negative, and the rest.
func (r ratio) split() (int64, ratio) {
	if r.big == nil {
		d := r.den()
		return r.n / d, fraction(r.n%d, d)
	}
	n := new(big.Int).Quo(r.big.Num(), r.big.Denom())
	return n.Int64(), shrunk(new(big.Rat).Sub(r.big, new(big.Rat).SetInt(n)))
}
