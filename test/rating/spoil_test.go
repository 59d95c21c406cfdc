package rating_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/rating"
)

// Of questions in which something is spoilt, both raters refuse the same ones; the others they answer alike.
func TestRatersRefuseAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if found := refuse(bits(t)); found != "" {
			t.Fatal(found)
		}
	})
}

func FuzzRatersRefuseAlike(f *testing.F) {
	chance := rand.NewChaCha8([32]byte{1})
	for range 100 {
		seed := make([]byte, 700)
		if _, err := chance.Read(seed); err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		if found := refuse(choices(bytes)); found != "" {
			t.Fatal(found)
		}
	})
}

// refuse asks both raters a spoilt question and tells where they differ.
func refuse(below func(n int) int) string {
	q := question(below)
	s := spoiler{drawing{below: below, start: q.Session.Start}}
	for range 1 + below(2) {
		s.spoil(q)
	}
	refused := 0
	for _, r := range raters() {
		a, err := r.rate(q)
		if err == nil {
			continue
		}
		refused++
		if a != nil || !fault.Is(err, fault.Invalid) {
			return r.name + ": " + err.Error() + "\n" + written(q)
		}
	}
	switch refused {
	case 0:
		return disagree(q)
	case len(raters()):
		return ""
	}
	return disagree(q) + "\n" + written(q) // one of them has a mistake to tell
}

// spoiler puts something into a question that may be wrong.
type spoiler struct{ drawing }

// spoil changes one value anywhere in a question.
func (s *spoiler) spoil(q *rating.Question) {
	var places []reflect.Value
	walk(reflect.ValueOf(q).Elem(), &places)
	s.change(places[s.below(len(places))])
}

// walk collects the values that can be changed: numbers, texts, times, and what may be there or not.
func walk(v reflect.Value, places *[]reflect.Value) {
	switch v.Interface().(type) {
	case time.Time, decimal.Decimal:
		*places = append(*places, v)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			walk(field, places)
		}
		return
	case reflect.Pointer:
		if !v.IsNil() {
			walk(v.Elem(), places)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), places)
		}
	}
	*places = append(*places, v)
}

// change gives a value another one that is odd for its kind.
func (s *spoiler) change(v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(s.oddTime(v.Interface().(time.Time))))
		return
	case decimal.Decimal:
		v.Set(reflect.ValueOf(s.decimal("-1", "-0", "0", "1e18", "1e-18", "1e12", "999999999999.999", "1e-18", "0.1e-18", "-150", "3600", "31622401")))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(one(&s.drawing, "", "9:00", "24:00", "00:00", "12:60", "10:00", "2024-02-30", "2024-01-15", "Local", "XXX", "EUR", "RESERVATION", "ENERGY", "TOTAL", "PARKING"))
	case reflect.Int, reflect.Int64:
		v.SetInt(one[int64](&s.drawing, -1, 0, 1, 7, math.MaxInt64, math.MinInt64, 1<<40))
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
			return
		}
		v.SetZero()
	case reflect.Slice:
		switch {
		case v.Len() == 0:
			v.Set(reflect.MakeSlice(v.Type(), 1+s.below(2), 2))
		case s.chance(5):
			v.Set(v.Slice(0, s.below(v.Len())))
		default:
			v.Set(reflect.Append(v, v.Index(s.below(v.Len()))))
		}
	default:
		panic("a question has a value of kind " + v.Kind().String())
	}
}

func (s *spoiler) oddTime(was time.Time) time.Time {
	return one(&s.drawing, was.Add(1), was.Add(-1), was.Add(time.Hour), was.Add(-time.Hour), s.start, time.Time{},
		was.AddDate(1, 0, 0), was.AddDate(1, 0, 2), was.AddDate(-1, 0, -3), was.AddDate(-300, 0, 0), was.AddDate(300, 0, 0),
		time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(math.MaxInt32, 1, 1, 0, 0, 0, 0, time.UTC), was.In(time.FixedZone("", 3600)))
}
