package rating_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// example is a question worked out by hand.
type example struct {
	name string
	make func(*rating.Question) // of an hour of 10 kWh and half an hour of parking: 1.00 + 5.00 at 10 % + 2.00, net, else at 20 %
	want string                 // the lines' dimensions and sums in the tariff's basis, then those of the extras
}

func adjust(all ...rating.Adjustment) func(*rating.Question) {
	return func(q *rating.Question) { q.Adjustments = all }
}

func adjustmentExamples() []example {
	hour := func(n int) time.Time { return at("2024-01-15T08:00:00Z").Add(time.Duration(n) * time.Hour / 2) }
	const tariff = "FLAT 1, ENERGY 5, TIME 2"
	return []example{
		{"nothing", adjust(), tariff},
		{"idle fee", adjust(rating.Adjustment{Idle: &rating.IdleFee{PerMinute: dec("0.1")}}), tariff + " + IDLE 3"},
		{"idle fee after its grace", adjust(rating.Adjustment{Idle: &rating.IdleFee{PerMinute: dec("0.1"), Grace: rating.Nanoseconds(10 * time.Minute)}}), tariff + " + IDLE 2"},
		{"idle fee within its grace", adjust(rating.Adjustment{Idle: &rating.IdleFee{PerMinute: dec("0.1"), Grace: rating.Nanoseconds(time.Hour)}}), tariff},
		{"idle fee at its most", adjust(rating.Adjustment{Idle: &rating.IdleFee{PerMinute: dec("0.1"), Most: new(dec("2.5"))}}), tariff + " + IDLE 5/2"},
		{"quiet from 10:20 in Berlin, then the grace", adjust(rating.Adjustment{Idle: &rating.IdleFee{
			PerMinute: dec("0.1"), Grace: rating.Nanoseconds(5 * time.Minute), Quiet: []rating.Window{{Start: "10:20", End: "06:00"}},
		}}), tariff + " + IDLE 3/2"},
		{"spot price of two halves, and a fallback", adjust(rating.Adjustment{Spot: &rating.Spot{
			Points: []rating.Point{{From: hour(0), Value: dec("0.1")}}, Until: hour(1), MarkupPercent: dec("10"), Markup: dec("0.01"), Fallback: dec("0.3"),
		}}), tariff + " + ENERGY 21/10"}, // 5 × 0.12 + 5 × 0.3
		{"spot price at its floor and its ceiling", adjust(rating.Adjustment{Spot: &rating.Spot{
			Points: []rating.Point{{From: hour(-1), Value: dec("-0.1")}, {From: hour(1), Value: dec("2")}}, Until: hour(9),
			Floor: new(dec("0.02")), Ceiling: new(dec("0.5")),
		}}), tariff + " + ENERGY 13/5"}, // 5 × 0.02 + 5 × 0.5
		{"spot price below nothing is cut at what its rate has", adjust(rating.Adjustment{Spot: &rating.Spot{
			Points: []rating.Point{{From: hour(0), Value: dec("-1")}}, Until: hour(9),
		}}), tariff + " + ENERGY -3"}, // FLAT and TIME at 20 %
		{"sun in the second half", adjust(rating.Adjustment{Solar: &rating.Solar{
			Shares: []rating.Point{{From: hour(1), Value: dec("0.5")}}, Until: hour(9), PerKWh: dec("0.2"),
		}}), tariff + " + ENERGY -1/2"},
		{"more sun than energy cost", adjust(rating.Adjustment{Solar: &rating.Solar{
			Shares: []rating.Point{{From: hour(0), Value: dec("1")}}, Until: hour(9), PerKWh: dec("2"),
		}}), tariff + " + ENERGY -5"},
		{"ten per cent off everything", adjust(rating.Adjustment{Percent: &rating.Percent{Rate: dec("-10")}}), tariff + " + TOTAL -1/2, TOTAL -3/10"},
		{"five per cent on energy", adjust(rating.Adjustment{Percent: &rating.Percent{Rate: dec("5"), Of: []rating.Dimension{rating.Energy}}}), tariff + " + ENERGY 1/4"},
		{"everything off, and more", adjust(rating.Adjustment{Percent: &rating.Percent{Rate: dec("-150")}}), tariff + " + TOTAL -5, TOTAL -3"},
		{"surcharge", adjust(rating.Adjustment{Surcharge: &rating.Surcharge{Amount: dec("0.3")}}), tariff + " + FLAT 3/10"},
		{"voucher, shared", adjust(rating.Adjustment{Credit: &rating.Credit{Amount: dec("4")}}), tariff + " + TOTAL -5/2, TOTAL -3/2"},
		{"voucher above the bill", adjust(rating.Adjustment{Credit: &rating.Credit{Amount: dec("40")}}), tariff + " + TOTAL -5, TOTAL -3"},
		{"allowance of a quarter", adjust(rating.Adjustment{Allowance: &rating.Allowance{KWh: dec("2.5")}}), tariff + " + ENERGY -5/4"},
		{"allowance with overage", adjust(rating.Adjustment{Allowance: &rating.Allowance{KWh: dec("2.5"), Overage: new(dec("0.4"))}}), tariff + " + ENERGY -5, ENERGY 3"},
		{"allowance for all", adjust(rating.Adjustment{Allowance: &rating.Allowance{KWh: dec("11"), Overage: new(dec("0.4"))}}), tariff + " + ENERGY -5"},
		{"cap", adjust(rating.Adjustment{Cap: &rating.Cap{Most: dec("4")}}), tariff + " + TOTAL -5/2, TOTAL -3/2"},
		{"cap above the bill", adjust(rating.Adjustment{Cap: &rating.Cap{Most: dec("8")}}), tariff},
		{"short enough", adjust(rating.Adjustment{Short: &rating.Short{Below: rating.Nanoseconds(2 * time.Hour), KWh: dec("10")}}), tariff + " + TOTAL -3"},
		{"not short enough", adjust(rating.Adjustment{Short: &rating.Short{Below: rating.Nanoseconds(90 * time.Minute), KWh: dec("10")}}), tariff},
		{"too much energy to be forgiven", adjust(rating.Adjustment{Short: &rating.Short{Below: rating.Nanoseconds(2 * time.Hour), KWh: dec("9.999")}}), tariff},
		{"one after the other", adjust(
			rating.Adjustment{Percent: &rating.Percent{Rate: dec("-50")}}, rating.Adjustment{Surcharge: &rating.Surcharge{Amount: dec("1")}}, rating.Adjustment{Cap: &rating.Cap{Most: dec("2")}},
		), tariff + " + TOTAL -5/2, TOTAL -3/2, FLAT 1, TOTAL -3/2, TOTAL -3/2"}, // 2.5 and 2.5: 3 of 5 off
	}
}

func tariffExamples() []example {
	return []example{
		{"least price", func(q *rating.Question) {
			q.Tariff.MinPrice = rating.Limit{Excl: new(dec("16"))}
		}, "FLAT 1, ENERGY 5, TIME 2 + TOTAL 5, TOTAL 3"},
		{"least price of both sides: the lower binds", func(q *rating.Question) { // 8.00, or 9.10 with tax
			q.Tariff.MinPrice = rating.Limit{Excl: new(dec("16")), Incl: new(dec("13.65"))}
		}, "FLAT 1, ENERGY 5, TIME 2 + TOTAL 5/2, TOTAL 3/2"},
		{"least price of both sides, of which one is reached", func(q *rating.Question) {
			q.Tariff.MinPrice = rating.Limit{Excl: new(dec("16")), Incl: new(dec("9"))}
		}, "FLAT 1, ENERGY 5, TIME 2"},
		{"greatest price of both sides: the lower binds", func(q *rating.Question) {
			q.Tariff.MaxPrice = rating.Limit{Excl: new(dec("6")), Incl: new(dec("4.55"))}
		}, "FLAT 1, ENERGY 5, TIME 2 + TOTAL -5/2, TOTAL -3/2"},
		{"least price where nothing is priced", func(q *rating.Question) {
			q.Tariff.Elements = nil
			q.Tariff.MinPrice = rating.Limit{Excl: new(dec("2")), Incl: new(dec("1.2"))}
		}, " + TOTAL 1"},
		{"a threshold between two nanoseconds", func(q *rating.Question) { // 10 kWh in an hour: 1/3 kWh after 120 s
			q.Tariff.Elements = []rating.Element{
				{Components: []rating.Component{{Dimension: rating.Time, Price: dec("36")}}, Restrictions: rating.Restrictions{MaxKWh: new(dec("0.0000000001"))}},
				{Components: []rating.Component{{Dimension: rating.Energy, Price: dec("1")}}},
			}
			if q.Session.Timeline == nil {
				q.Session.Periods = []rating.Period{{Start: q.Session.Start, Energy: new(dec("0.0000000001")), Charging: new(dec("0.000000036"))}, {
					Start: q.Session.Start.Add(36), Energy: new(dec("9.9999999999")), Charging: new(dec("3599.999999964")),
				}}
			}
		}, "ENERGY 10, TIME 1/100"}, // 0.000000036 s, rounded up to a second
		{"paused is neither charging nor parking", func(q *rating.Question) {
			if q.Session.Timeline == nil {
				q.Session.Periods[0].Charging = nil
				return
			}
			q.Session.Timeline.Spans[0].State = rating.Paused
		}, "FLAT 1, ENERGY 5"},
	}
}

// Each example comes out as by hand, from periods and from the timeline, by both raters.
func TestExamples(t *testing.T) {
	for _, r := range raters() {
		for _, e := range append(adjustmentExamples(), tariffExamples()...) {
			for from, q := range map[string]*rating.Question{"periods": plainPeriods(), "timeline": plainTimeline()} {
				t.Run(fmt.Sprintf("%s/%s/%s", r.name, from, e.name), func(t *testing.T) {
					e.make(q)
					if got := told(mustRate(t, r, q)); got != e.want {
						t.Errorf("got %s, want %s", got, e.want)
					}
				})
			}
		}
	}
}

// told tells lines as an example does.
func told(a *rating.Answer) string {
	list := func(lines []rating.Line) string {
		var all []string
		for _, l := range lines {
			all = append(all, fmt.Sprintf("%s %s", l.Dimension, l.Sum.Excl))
		}
		return strings.Join(all, ", ")
	}
	if len(a.Extras) == 0 {
		return list(a.Lines)
	}
	return list(a.Lines) + " + " + list(a.Extras)
}

// A reading before the first and after the last tells no energy; between two it is reckoned, and a long stretch is told.
func TestReadingsAndFlags(t *testing.T) {
	for _, r := range raters() {
		t.Run(r.name, func(t *testing.T) {
			q := plainTimeline()
			q.Tariff.Elements = append([]rating.Element{{
				Components:   []rating.Component{{Dimension: rating.Energy, Price: dec("1")}},
				Restrictions: rating.Restrictions{StartTime: "09:30", MinPower: new(dec("11"))},
			}}, q.Tariff.Elements...)
			q.Session.Timeline.GapMost = rating.Nanoseconds(59 * time.Minute)
			q.Session.Timeline.Readings[0].Power = new(unit.Watt(11_000))
			q.Session.Timeline.Readings[1].Power = new(unit.Watt(12_000))
			a := mustRate(t, r, q)
			if len(a.Periods) != 3 || !a.Periods[1].Start.Equal(at("2024-01-15T08:30:00Z")) {
				t.Fatalf("got %+v, want a split at 08:30 and one at 09:00", a.Periods)
			}
			if got, want := told(a), "FLAT 1, ENERGY 5/2, TIME 2, ENERGY 5"; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			interpolated := []bool{a.Periods[0].Interpolated, a.Periods[1].Interpolated, a.Periods[2].Interpolated}
			if fmt.Sprint(interpolated) != "[true true false]" {
				t.Errorf("got %v reckoned, want the first two", interpolated)
			}
			// Parking has no energy, so nobody asks for its power.
			if len(a.Flags) != 1 || a.Flags[0].Code != rating.FlagGap || !a.Flags[0].At.Equal(a.Periods[1].Start) {
				t.Errorf("got %v, want a gap at the second period", a.Flags)
			}
			q.Session.Timeline.Readings[0].Power = nil
			q.Tariff.Elements[0].Restrictions.StartTime = ""
			if a = mustRate(t, r, q); len(a.Flags) != 1 || a.Flags[0].Code != rating.FlagUnreported || len(a.Periods) != 2 {
				t.Errorf("without the power: got %v in %d periods, want it told of one of two", a.Flags, len(a.Periods))
			}
		})
	}
}

// A session of no length is one period, and its fee is due.
func TestNoLength(t *testing.T) {
	for _, r := range raters() {
		for name, q := range map[string]*rating.Question{"periods": plainPeriods(), "timeline": plainTimeline()} {
			q.Session.End = q.Session.Start
			if name == "periods" {
				q.Session.Periods = q.Session.Periods[:1]
				q.Session.Periods[0].Energy, q.Session.Periods[0].Charging = nil, nil
			} else {
				q.Session.Timeline.Spans = q.Session.Timeline.Spans[:1]
				q.Session.Timeline.Spans[0].To = q.Session.Start
			}
			a := mustRate(t, r, q)
			if got := told(a); got != "FLAT 1" || len(a.Periods) != 1 || !a.Total.Excl.Equal(exact.Int(1)) {
				t.Errorf("%s, %s: got %s in %d periods, want FLAT 1 in one", r.name, name, got, len(a.Periods))
			}
		}
	}
}
