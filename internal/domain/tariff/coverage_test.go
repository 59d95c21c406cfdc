package tariff_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/rating"
)

// moment is one situation of a session.
type moment struct {
	at      time.Time // on the wall
	kwh     int64
	seconds int64
	power   int64 // kW; -1: not reported
}

// met says by the words of the specification whether an element applies.
func (m *moment) met(r *rating.Restrictions) bool {
	clock, day := m.at.Format("15:04"), m.at.Format(time.DateOnly)
	end := r.EndTime
	if end == "" || end == "00:00" {
		end = "24:00"
	}
	window := clock >= r.StartTime && clock < end
	if r.StartTime > end {
		window = clock >= r.StartTime || clock < end
	}
	return window && (r.StartDate == "" || day >= r.StartDate) && (r.EndDate == "" || day < r.EndDate) &&
		(len(r.Days) == 0 || slices.Contains(r.Days, m.at.Weekday())) &&
		(r.MinKWh == nil || r.MinKWh.CmpInt(m.kwh) <= 0) && (r.MaxKWh == nil || r.MaxKWh.CmpInt(m.kwh) > 0) &&
		(r.MinDuration == nil || *r.MinDuration <= m.seconds) && (r.MaxDuration == nil || *r.MaxDuration > m.seconds) &&
		(r.MinPower == nil || m.power >= 0 && r.MinPower.CmpInt(m.power) <= 0) && (r.MaxPower == nil || m.power >= 0 && r.MaxPower.CmpInt(m.power) > 0)
}

// What gives the price at some moment is not called unreachable, and a moment without a price
// is a gap that is told.
func TestCoverageIsTrue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		drawn := rapid.Custom(func(t *rapid.T) tariff.Terms { return elements(drawElements(t)...) })
		terms := drawn.Filter(func(terms tariff.Terms) bool { return terms.Check() == nil }).Draw(t, "terms")
		notices := tariff.Lint(&terms, tariff.LintFor{From: noon})
		for range 50 {
			m := drawMoment(t)
			var priced []rating.Dimension
			for i, e := range terms.Priced.Elements {
				for j, c := range e.Components {
					if !m.met(&e.Restrictions) || slices.Contains(priced, c.Dimension) {
						continue
					}
					priced = append(priced, c.Dimension)
					pointer := fmt.Sprintf("/elements/%d/price_components/%d", i, j)
					if slices.ContainsFunc(notices, func(n tariff.Notice) bool { return n.Code == tariff.Unreachable && n.Pointer == pointer }) {
						t.Fatalf("%s gives the price at %+v, and is called unreachable", pointer, m)
					}
				}
			}
			gap := slices.ContainsFunc(notices, func(n tariff.Notice) bool { return n.Code == tariff.Gap })
			if len(priced) == 0 && !gap {
				t.Fatalf("at %+v there is no price, and no gap is told", m)
			}
		}
	})
}

func drawElements(t *rapid.T) []rating.Element {
	pick := func(name string, from ...string) string { return rapid.SampledFrom(from).Draw(t, name) }
	number := func(name string, from ...string) *decimal.Decimal { return bound(pick(name, from...)) }
	var all []rating.Element
	for range rapid.IntRange(1, 5).Draw(t, "elements") {
		r := rating.Restrictions{
			StartTime: pick("start", "", "", "00:00", "06:00", "20:00"), EndTime: pick("end", "", "", "00:00", "08:00", "22:00"),
			StartDate: pick("first", "", "", "2026-03-03", "2026-04-01"), EndDate: pick("last", "", "", "2026-03-05", "2026-04-04"),
			MinKWh: number("least kWh", "", "", "10"), MaxKWh: number("most kWh", "", "", "10", "20"),
			MinPower: number("least kW", "", "", "", "16"), MaxPower: number("most kW", "", "", "", "16", "32"),
		}
		if rapid.Bool().Draw(t, "lasting") {
			r.MinDuration = new(rapid.Int64Range(0, 2).Draw(t, "least s") * 600)
		}
		for day := range time.Saturday + 1 {
			if rapid.IntRange(0, 3).Draw(t, "day") == 0 {
				r.Days = append(r.Days, day)
			}
		}
		all = append(all, element(r, strings.Split(pick("components", "ENERGY 1", "TIME 1", "ENERGY 2,TIME 2"), ",")...))
	}
	return all
}

func drawMoment(t *rapid.T) moment {
	return moment{
		at:      noon.Add(time.Duration(rapid.IntRange(0, 40*24).Draw(t, "hour")) * time.Hour),
		kwh:     rapid.Int64Range(0, 25).Draw(t, "kWh"),
		seconds: rapid.Int64Range(0, 5).Draw(t, "minutes") * 300,
		power:   rapid.Int64Range(-1, 40).Draw(t, "kW"),
	}
}
