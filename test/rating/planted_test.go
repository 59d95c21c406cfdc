package rating_test

import (
	"testing"
	"time"

	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// rich is a question in which every rule has its part.
func rich() *rating.Question {
	q := plainTimeline()
	q.Tariff.Elements = []rating.Element{
		{Components: []rating.Component{{Dimension: rating.Time, Price: dec("3"), StepSize: 600}}, Restrictions: rating.Restrictions{Reservation: rating.ReservedUsed}},
		{
			Components: []rating.Component{{Dimension: rating.Energy, Price: dec("0.61"), VAT: new(dec("10")), StepSize: 1}},
			Restrictions: rating.Restrictions{
				StartTime: "09:10", EndTime: "09:20", StartDate: "2024-01-15", EndDate: "2024-01-16", Days: []time.Weekday{time.Monday},
				MinPower: new(dec("11")), MaxCurrent: new(dec("32")),
			},
		},
		{Components: []rating.Component{{Dimension: rating.Energy, Price: dec("0.44"), VAT: new(dec("10")), StepSize: 1}}, Restrictions: rating.Restrictions{MaxKWh: new(dec("7.5"))}},
		{Components: []rating.Component{{Dimension: rating.Energy, Price: dec("0.5"), VAT: new(dec("10")), StepSize: 300}}, Restrictions: rating.Restrictions{MaxDuration: new(int64(3000))}},
		{Components: []rating.Component{
			{Dimension: rating.Flat, Price: dec("1"), StepSize: 1},
			{Dimension: rating.Energy, Price: dec("0.55"), VAT: new(dec("10")), StepSize: 300},
			{Dimension: rating.Time, Price: dec("2"), StepSize: 60},
			{Dimension: rating.ParkingTime, Price: dec("4"), StepSize: 900},
		}},
	}
	q.Session.Reservation = &rating.Reservation{Start: at("2024-01-15T07:41:00Z"), End: at("2024-01-15T08:00:00Z")}
	s := q.Session.Timeline
	s.Spans[1].From, s.Spans[0].To = at("2024-01-15T09:01:00Z"), at("2024-01-15T09:01:00Z")
	s.Readings[1].Energy = new(unit.MilliWattHour(15_033_333))
	for i := range s.Readings {
		s.Readings[i].Power, s.Readings[i].Current = new(unit.Watt(11_000)), new(unit.MilliAmpere(16_000))
	}
	return q
}

// planted is a small error: in a rule, a rounding, a step, a tax, a boundary.
func planted() map[string]func(*rating.Question) {
	element := func(i int) func(*rating.Question) *rating.Element {
		return func(q *rating.Question) *rating.Element { return &q.Tariff.Elements[i] }
	}
	component := func(i, j int) func(*rating.Question) *rating.Component {
		return func(q *rating.Question) *rating.Component { return &q.Tariff.Elements[i].Components[j] }
	}
	window, tier, bound, rest := element(1), element(2), element(3), 4
	timeline := func(q *rating.Question) *rating.Timeline { return q.Session.Timeline }
	return map[string]func(*rating.Question){
		"price by a thousandth":         func(q *rating.Question) { component(2, 0)(q).Price = dec("0.441") },
		"step of energy by a watt-hour": func(q *rating.Question) { component(rest, 1)(q).StepSize = 301 },
		"step of parking by a second":   func(q *rating.Question) { component(rest, 3)(q).StepSize = 901 },
		"step of the reservation":       func(q *rating.Question) { component(0, 0)(q).StepSize = 601 },
		"parking with no price":         func(q *rating.Question) { q.Tariff.Elements[rest].Components = q.Tariff.Elements[rest].Components[:3] },
		"rate of tax by a tenth":        func(q *rating.Question) { component(rest, 1)(q).VAT = new(dec("10.1")) },
		"default rate":                  func(q *rating.Question) { q.DefaultVAT = new(dec("19")) },
		"no rate":                       func(q *rating.Question) { q.DefaultVAT = nil },
		"prices with tax":               func(q *rating.Question) { q.Tariff.TaxIncluded = rating.TaxYes },
		"no tax":                        func(q *rating.Question) { q.Tariff.TaxIncluded = rating.TaxNone },
		"a currency without cents":      func(q *rating.Question) { q.Tariff.Currency = "JPY" },
		"window starts a minute early":  func(q *rating.Question) { window(q).Restrictions.StartTime = "09:09" },
		"window ends a minute late":     func(q *rating.Question) { window(q).Restrictions.EndTime = "09:21" },
		"window wraps":                  func(q *rating.Question) { window(q).Restrictions.StartTime = "09:21" },
		"dates begin a day late":        func(q *rating.Question) { window(q).Restrictions.StartDate = "2024-01-16" },
		"dates end a day early":         func(q *rating.Question) { window(q).Restrictions.EndDate = "2024-01-15" },
		"another weekday":               func(q *rating.Question) { window(q).Restrictions.Days = []time.Weekday{time.Sunday} },
		"least power above":             func(q *rating.Question) { window(q).Restrictions.MinPower = new(dec("11.001")) },
		"greatest current below":        func(q *rating.Question) { window(q).Restrictions.MaxCurrent = new(dec("16")) },
		"threshold by a watt-hour":      func(q *rating.Question) { tier(q).Restrictions.MaxKWh = new(dec("7.501")) },
		"duration by a second":          func(q *rating.Question) { bound(q).Restrictions.MaxDuration = new(int64(3001)) },
		"elements in another order":     func(q *rating.Question) { e := q.Tariff.Elements; e[1], e[2] = e[2], e[1] },
		"reservation of another kind":   func(q *rating.Question) { element(0)(q).Restrictions.Reservation = rating.ReservedExpired },
		"reservation that expired":      func(q *rating.Question) { q.Session.Reservation.Expired = true },
		"reservation a step longer":     func(q *rating.Question) { q.Session.Reservation.Start = at("2024-01-15T07:39:00Z") },
		"another zone":                  func(q *rating.Question) { q.Zone = "Europe/London" },
		"register by a milliwatt-hour":  func(q *rating.Question) { *timeline(q).Readings[1].Energy++ },
		"state changes a second later": func(q *rating.Question) {
			s := timeline(q).Spans
			s[0].To = s[0].To.Add(time.Second)
			s[1].From = s[0].To
		},
		"state changes a nanosecond later": func(q *rating.Question) { s := timeline(q).Spans; s[0].To = s[0].To.Add(1); s[1].From = s[0].To },
		"paused instead of parking":        func(q *rating.Question) { timeline(q).Spans[1].State = rating.Paused },
		"current not reported":             func(q *rating.Question) { timeline(q).Readings[1].Current = nil },
		"least price":                      func(q *rating.Question) { q.Tariff.MinPrice.Excl = new(dec("100")) },
		"greatest price":                   func(q *rating.Question) { q.Tariff.MaxPrice.Incl = new(dec("3")) },
		"an adjustment": func(q *rating.Question) {
			q.Adjustments = []rating.Adjustment{{Surcharge: &rating.Surcharge{Amount: dec("0.0001")}}}
		},
		"an adjustment that was left out": func(q *rating.Question) {
			q.Adjustments = []rating.Adjustment{{Percent: &rating.Percent{Rate: dec("-1")}}}
		},
		"a stretch without readings is old": func(q *rating.Question) { timeline(q).GapMost = rating.Nanoseconds(time.Minute) },
	}
}

// An error that slips into either rater is seen by the other: each is played by asking one of them a question with that error in it.
func TestPlantedErrorsAreCaught(t *testing.T) {
	all := raters()
	if len(all) != 2 {
		t.Fatalf("got %d raters, want two", len(all))
	}
	right := [2]*rating.Answer{mustRate(t, all[0], rich()), mustRate(t, all[1], rich())}
	if found := rating.Differ(right[0], right[1]); len(found) > 0 {
		t.Fatalf("without an error: %v", found)
	}
	for name, plant := range planted() {
		t.Run(name, func(t *testing.T) {
			wrong := rich()
			plant(wrong)
			for i, r := range all {
				if found := rating.Differ(right[1-i], mustRate(t, r, wrong)); len(found) == 0 {
					t.Errorf("an error in %s is not seen by %s", r.name, all[1-i].name)
				}
			}
		})
	}
}
