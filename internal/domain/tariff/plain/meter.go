package plain

import (
	"sort"

	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/rating"
)

// reading is one value of a quantity at a moment.
type reading struct{ at, value exact.Number }

// series is the readings of one quantity, in order of time.
type series []reading

// series picks a quantity out of the readings; of returns nil where it was not read.
func (c calendar) series(readings []rating.Reading, of func(*rating.Reading) *exact.Number) series {
	var picked series
	for i := range readings {
		if value := of(&readings[i]); value != nil {
			picked = append(picked, reading{c.moment(readings[i].At), *value})
		}
	}
	return picked
}

// next returns the index of the first reading after a moment.
func (s series) next(moment exact.Number) int {
	return sort.Search(len(s), func(i int) bool { return s[i].at.Cmp(moment) > 0 })
}

// bounds returns the lesser and the greater of the two readings around a moment, nothing outside of
// all. At a reading it is those from there on.
func (s series) bounds(moment exact.Number) bounds {
	i := s.next(moment)
	if i == 0 || i == len(s) {
		return bounds{}
	}
	least, greatest := s[i-1].value.Min(s[i].value), s[i-1].value.Max(s[i].value)
	return bounds{&least, &greatest}
}

// register returns what the register shows at a moment: it rises evenly between two
// readings, and stands still before the first and after the last. Without any it is 0.
func (s series) register(moment exact.Number) exact.Number {
	i := s.next(moment)
	switch {
	case len(s) == 0:
		return exact.Number{}
	case i == 0:
		return s[0].value
	case i == len(s):
		return s[i-1].value
	}
	a, b := s[i-1], s[i]
	passed := moment.Sub(a.at).Quo(b.at.Sub(a.at))
	return a.value.Add(b.value.Sub(a.value).Mul(passed))
}

// reaches returns the first moment at which the register shows a value, false when it
// shows no less from its first reading on, or never does.
func (s series) reaches(value exact.Number) (moment exact.Number, ok bool) {
	i := sort.Search(len(s), func(i int) bool { return s[i].value.Cmp(value) >= 0 })
	if i == 0 || i == len(s) {
		return exact.Number{}, false
	}
	a, b := s[i-1], s[i]
	passed := value.Sub(a.value).Quo(b.value.Sub(a.value))
	return a.at.Add(b.at.Sub(a.at).Mul(passed)), true
}

// stretch returns the time between the two readings around a moment, 0 at a reading and outside of all.
func (s series) stretch(moment exact.Number) exact.Number {
	i := s.next(moment)
	if i == 0 || i == len(s) || s[i-1].at.Equal(moment) {
		return exact.Number{}
	}
	return s[i].at.Sub(s[i-1].at)
}

// lengths counts the different times between two neighbouring readings.
func (s series) lengths() int {
	lengths := map[string]bool{}
	for i := 1; i < len(s); i++ {
		lengths[s[i].at.Sub(s[i-1].at).String()] = true
	}
	return len(lengths)
}

// piece is a stretch of time over which energy flowed evenly.
type piece struct {
	from, to exact.Number
	kWh      exact.Number
}

// pieces returns the energy of the session from moment 0 on, up to a moment.
func (s series) pieces(until exact.Number) []piece {
	var pieces []piece
	for i := 1; i < len(s); i++ {
		from, to := s[i-1].at.Max(exact.Number{}), s[i].at.Min(until)
		if from.Cmp(to) < 0 {
			pieces = append(pieces, piece{from, to, s.register(to).Sub(s.register(from))})
		}
	}
	return pieces
}
