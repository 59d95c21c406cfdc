package rating_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic("a time of the tests: " + text)
	}
	return t
}

// plainPeriods and plainTimeline are the same session: an hour of 10 kWh, then half an hour of parking.
func plainPeriods() *rating.Question {
	return &rating.Question{
		Zone: "Europe/Berlin", DefaultVAT: new(dec("20")),
		Tariff: rating.Tariff{Currency: "EUR", TaxIncluded: rating.TaxNo, Elements: []rating.Element{{Components: []rating.Component{
			{Dimension: rating.Flat, Price: dec("1"), StepSize: 1},
			{Dimension: rating.Energy, Price: dec("0.5"), VAT: new(dec("10")), StepSize: 1},
			{Dimension: rating.Time, Price: dec("2"), StepSize: 60},
		}}}},
		Session: rating.Session{
			Start: at("2024-01-15T08:00:00Z"), End: at("2024-01-15T09:30:00Z"),
			Periods: []rating.Period{
				{Start: at("2024-01-15T08:00:00Z"), Energy: new(dec("10")), Charging: new(dec("3600"))},
				{Start: at("2024-01-15T09:00:00Z"), Parking: new(dec("1800"))},
			},
		},
	}
}

func plainTimeline() *rating.Question {
	q := plainPeriods()
	q.Session.Periods = nil
	q.Session.Timeline = &rating.Timeline{
		Spans: []rating.Span{
			{State: rating.Charging, From: at("2024-01-15T08:00:00Z"), To: at("2024-01-15T09:00:00Z")},
			{State: rating.Parking, From: at("2024-01-15T09:00:00Z"), To: at("2024-01-15T09:30:00Z")},
		},
		Readings: []rating.Reading{
			{At: at("2024-01-15T08:00:00Z"), Energy: new(unit.MilliWattHour(5_000_000))},
			{At: at("2024-01-15T09:00:00Z"), Energy: new(unit.MilliWattHour(15_000_000))},
		},
	}
	return q
}

// mistake is a question with one field wrong.
type mistake struct {
	name, pointer string
	make          func(*rating.Question)
}

func tariffMistakes() []mistake {
	component := func(q *rating.Question) *rating.Component { return &q.Tariff.Elements[0].Components[1] }
	restrictions := func(q *rating.Question) *rating.Restrictions { return &q.Tariff.Elements[0].Restrictions }
	const element = "/tariff/elements/0"
	return []mistake{
		{"unknown zone", "/zone", func(q *rating.Question) { q.Zone = "Europe/Atlantis" }},
		{"no zone", "/zone", func(q *rating.Question) { q.Zone = "" }},
		{"the machine's zone", "/zone", func(q *rating.Question) { q.Zone = "Local" }},
		{"a path for a zone", "/zone", func(q *rating.Question) { q.Zone = "../../etc/passwd" }},
		{"negative default rate", "/default_vat", func(q *rating.Question) { q.DefaultVAT = new(dec("-1")) }},
		{"no currency", "/tariff/currency", func(q *rating.Question) { q.Tariff.Currency = "XXX" }},
		{"unknown basis", "/tariff/tax_included", func(q *rating.Question) { q.Tariff.TaxIncluded = "" }},
		{"too many rates of tax", "/tariff/elements/20/components/0/vat", func(q *rating.Question) {
			q.Tariff.Elements = nil
			for i := range rating.RatesMost + 1 {
				q.Tariff.Elements = append(q.Tariff.Elements, rating.Element{Components: []rating.Component{{Dimension: rating.Flat, VAT: new(dec(strconv.Itoa(i)))}}})
			}
		}},
		{"too many elements", "/tariff/elements", func(q *rating.Question) {
			q.Tariff.Elements = slices.Repeat(q.Tariff.Elements, rating.ElementsMost+1)
		}},
		{"too many components", element + "/components", func(q *rating.Question) {
			q.Tariff.Elements[0].Components = slices.Repeat(q.Tariff.Elements[0].Components, rating.ComponentsMost)
		}},
		{"unknown dimension", element + "/components/1/dimension", func(q *rating.Question) { component(q).Dimension = rating.Idle }},
		{"negative price", element + "/components/1/price", func(q *rating.Question) { component(q).Price = dec("-0.1") }},
		{"price of too many digits", element + "/components/1/price", func(q *rating.Question) { component(q).Price = dec("0.1234567890123456789") }},
		{"price too large", element + "/components/1/price", func(q *rating.Question) { component(q).Price = dec("1e12") }},
		{"negative rate", element + "/components/1/vat", func(q *rating.Question) { component(q).VAT = new(dec("-100")) }},
		{"negative step", element + "/components/1/step_size", func(q *rating.Question) { component(q).StepSize = -1 }},
		{"negative limit", "/tariff/min_price/excl", func(q *rating.Question) { q.Tariff.MinPrice.Excl = new(dec("-1")) }},
		{"least above greatest", "/tariff/min_price/incl", func(q *rating.Question) {
			q.Tariff.MinPrice.Incl, q.Tariff.MaxPrice.Incl = new(dec("2")), new(dec("1"))
		}},
		{"one digit of hours", element + "/restrictions/start_time", func(q *rating.Question) { restrictions(q).StartTime = "9:00" }},
		{"hour 24", element + "/restrictions/end_time", func(q *rating.Question) { restrictions(q).EndTime = "24:00" }},
		{"no window", element + "/restrictions/end_time", func(q *rating.Question) { restrictions(q).StartTime, restrictions(q).EndTime = "09:00", "09:00" }},
		{"no date", element + "/restrictions/start_date", func(q *rating.Question) { restrictions(q).StartDate = "2024-02-30" }},
		{"date with a time", element + "/restrictions/end_date", func(q *rating.Question) { restrictions(q).EndDate = "2024-02-03T00:00" }},
		{"no weekday", element + "/restrictions/days/1", func(q *rating.Question) { restrictions(q).Days = []time.Weekday{1, 7} }},
		{"too many weekdays", element + "/restrictions/days", func(q *rating.Question) { restrictions(q).Days = make([]time.Weekday, 8) }},
		{"threshold of too many digits", element + "/restrictions/max_kwh", func(q *rating.Question) { restrictions(q).MaxKWh = new(dec("0.1e-18")) }},
		{"unknown reservation", element + "/restrictions/reservation", func(q *rating.Question) { restrictions(q).Reservation = "EXPIRED" }},
	}
}

func sessionMistakes() []mistake {
	return []mistake{
		{"no start", "/session/start", func(q *rating.Question) { q.Session.Start = time.Time{} }},
		{"end before start", "/session/end", func(q *rating.Question) { q.Session.End = at("2024-01-15T07:59:59Z") }},
		{"longer than a year", "/session/end", func(q *rating.Question) { q.Session.End = at("2025-01-15T08:00:00.000000001Z").AddDate(0, 0, 1) }},
		{"longer than a Duration", "/session/end", func(q *rating.Question) { q.Session.End = at("9999-01-15T08:00:00Z") }},
		{"neither periods nor timeline", "/session", func(q *rating.Question) { q.Session.Periods, q.Session.Timeline = nil, nil }},
		{"both", "/session", func(q *rating.Question) {
			q.Session.Periods, q.Session.Timeline = plainPeriods().Session.Periods, plainTimeline().Session.Timeline
		}},
		{"reservation ends before it starts", "/session/reservation/end", func(q *rating.Question) {
			q.Session.Reservation = &rating.Reservation{Start: at("2024-01-15T07:00:00Z"), End: at("2024-01-15T06:00:00Z")}
		}},
		{"reservation ends in the session", "/session/reservation/end", func(q *rating.Question) {
			q.Session.Reservation = &rating.Reservation{Start: at("2024-01-15T07:00:00Z"), End: at("2024-01-15T08:00:01Z")}
		}},
	}
}

func periodMistakes() []mistake {
	periods := func(q *rating.Question) []rating.Period { return q.Session.Periods }
	return []mistake{
		{"first period late", "/session/periods/0/start", func(q *rating.Question) { periods(q)[0].Start = at("2024-01-15T08:00:01Z") }},
		{"periods out of order", "/session/periods/1/start", func(q *rating.Question) { periods(q)[1].Start = at("2024-01-15T08:00:00Z") }},
		{"period at the end", "/session/periods/1/start", func(q *rating.Question) { periods(q)[1].Start = at("2024-01-15T09:30:00Z") }},
		{"negative energy", "/session/periods/0/energy_kwh", func(q *rating.Question) { periods(q)[0].Energy = new(dec("-0.001")) }},
		{"negative charging", "/session/periods/0/charging_s", func(q *rating.Question) { periods(q)[0].Charging = new(dec("-1")) }},
		{"negative parking", "/session/periods/1/parking_s", func(q *rating.Question) { periods(q)[1].Parking = new(dec("-1")) }},
		{"parking for ages", "/session/periods/1/parking_s", func(q *rating.Question) { periods(q)[1].Parking = new(decimal.FromInt(rating.SessionMost+1, 0)) }},
		{"parking for ages together", "/session/periods/1/parking_s", func(q *rating.Question) {
			periods(q)[0].Parking, periods(q)[1].Parking = new(dec("1")), new(decimal.FromInt(rating.SessionMost, 0))
		}},
		{"current of too many digits", "/session/periods/0/max_current", func(q *rating.Question) { periods(q)[0].MaxCurrent = new(dec("1234567890123")) }},
		{"too many periods", "/session/periods", func(q *rating.Question) {
			q.Session.Periods = nil
			for i := range rating.PeriodsMost + 1 {
				q.Session.Periods = append(q.Session.Periods, rating.Period{Start: q.Session.Start.Add(time.Duration(i) * time.Millisecond)})
			}
		}},
	}
}

func timelineMistakes() []mistake {
	spans := func(q *rating.Question) []rating.Span { return q.Session.Timeline.Spans }
	readings := func(q *rating.Question) []rating.Reading { return q.Session.Timeline.Readings }
	const timeline = "/session/timeline"
	return []mistake{
		{"no spans", timeline + "/spans", func(q *rating.Question) { q.Session.Timeline.Spans = nil }},
		{"a gap", timeline + "/spans/1/from", func(q *rating.Question) { spans(q)[1].From = at("2024-01-15T09:00:01Z") }},
		{"an overlap", timeline + "/spans/1/from", func(q *rating.Question) { spans(q)[1].From = at("2024-01-15T08:59:59Z") }},
		{"a span of no length", timeline + "/spans/0/to", func(q *rating.Question) { spans(q)[0].To = spans(q)[0].From }},
		{"ends early", timeline + "/spans/1/to", func(q *rating.Question) { spans(q)[1].To = at("2024-01-15T09:29:59Z") }},
		{"unknown state", timeline + "/spans/1/state", func(q *rating.Question) { spans(q)[1].State = "SUSPENDED" }},
		{"negative gap", timeline + "/gap_most_ns", func(q *rating.Question) { q.Session.Timeline.GapMost = -1 }},
		{"register goes back", timeline + "/readings/1/energy_mwh", func(q *rating.Question) { readings(q)[1].Energy = new(unit.MilliWattHour(4_999_999)) }},
		{"readings out of order", timeline + "/readings/1/at", func(q *rating.Question) { readings(q)[1].At = at("2024-01-15T08:00:00Z") }},
		{"a reading of another year", timeline + "/readings/0/at", func(q *rating.Question) { readings(q)[0].At = at("1024-01-15T08:00:00Z") }},
		{"too many spans", timeline + "/spans", func(q *rating.Question) {
			q.Session.Timeline.Spans = slices.Repeat(spans(q), rating.SpansMost)
		}},
		{"too many readings", timeline + "/readings", func(q *rating.Question) {
			q.Session.Timeline.Readings = slices.Repeat(readings(q), rating.ReadingsMost)
		}},
		{"too many periods come of it", timeline, func(q *rating.Question) {
			q.Session.Timeline.Spans = nil
			q.Tariff.Elements = append([]rating.Element{{ // each minute is another
				Components: []rating.Component{{Dimension: rating.Time}}, Restrictions: rating.Restrictions{MinCurrent: new(dec("10"))},
			}}, q.Tariff.Elements...)
			q.Session.End = q.Session.Start.Add((rating.PeriodsMost + 2) * time.Minute)
			q.Session.Timeline.Spans = []rating.Span{{State: rating.Charging, From: q.Session.Start, To: q.Session.End}}
			q.Session.Timeline.Readings = nil
			for i := range rating.PeriodsMost + 2 {
				for j, ampere := range []unit.MilliAmpere{20_000, 10_000, 5_000} {
					q.Session.Timeline.Readings = append(q.Session.Timeline.Readings, rating.Reading{
						At: q.Session.Start.Add(time.Duration(i)*time.Minute + time.Duration(j)*time.Second), Current: new(ampere),
					})
				}
			}
		}},
	}
}

func adjustmentMistakes() []mistake {
	with := func(a rating.Adjustment) func(*rating.Question) {
		return func(q *rating.Question) { q.Adjustments = []rating.Adjustment{{Credit: &rating.Credit{}}, a} }
	}
	noon := at("2024-01-15T12:00:00Z")
	const second = "/adjustments/1"
	return []mistake{
		{"none of the kinds", second, with(rating.Adjustment{})},
		{"two of the kinds", second, with(rating.Adjustment{Cap: &rating.Cap{}, Short: &rating.Short{}})},
		{"negative rate", second + "/vat", with(rating.Adjustment{VAT: new(dec("-1")), Cap: &rating.Cap{}})},
		{"too many", "/adjustments", func(q *rating.Question) {
			q.Adjustments = slices.Repeat([]rating.Adjustment{{Credit: &rating.Credit{}}}, rating.AdjustmentsMost+1)
		}},
		{"negative fee", second + "/idle/per_minute", with(rating.Adjustment{Idle: &rating.IdleFee{PerMinute: dec("-1")}})},
		{"negative most", second + "/idle/most", with(rating.Adjustment{Idle: &rating.IdleFee{Most: new(dec("-1"))}})},
		{"negative grace", second + "/idle/grace_ns", with(rating.Adjustment{Idle: &rating.IdleFee{Grace: -1}})},
		{"bad quiet hours", second + "/idle/quiet/0/start", with(rating.Adjustment{Idle: &rating.IdleFee{Quiet: []rating.Window{{Start: "22", End: "06:00"}}}})},
		{"no quiet hours", second + "/idle/quiet/0/end", with(rating.Adjustment{Idle: &rating.IdleFee{Quiet: []rating.Window{{Start: "06:00", End: "06:00"}}}})},
		{"too many quiet hours", second + "/idle/quiet", with(rating.Adjustment{Idle: &rating.IdleFee{
			Quiet: slices.Repeat([]rating.Window{{Start: "22:00", End: "06:00"}}, rating.WindowsMost+1),
		}})},
		{"points out of order", second + "/spot/points/1/from", with(rating.Adjustment{Spot: &rating.Spot{
			Points: []rating.Point{{From: noon}, {From: noon}}, Until: noon.Add(1),
		}})},
		{"series ends before its last point", second + "/spot/until", with(rating.Adjustment{Spot: &rating.Spot{Points: []rating.Point{{From: noon}}, Until: noon}})},
		{"floor above ceiling", second + "/spot/floor", with(rating.Adjustment{Spot: &rating.Spot{Floor: new(dec("1")), Ceiling: new(dec("0.5"))}})},
		{"too many points", second + "/spot/points", with(rating.Adjustment{Spot: &rating.Spot{Points: make([]rating.Point, rating.PointsMost+1)}})},
		{"share above 1", second + "/solar/shares/0/value", with(rating.Adjustment{Solar: &rating.Solar{
			Shares: []rating.Point{{From: noon, Value: dec("1.01")}}, Until: noon.Add(1),
		}})},
		{"negative discount", second + "/solar/per_kwh", with(rating.Adjustment{Solar: &rating.Solar{PerKWh: dec("-1")}})},
		{"unknown dimension", second + "/percent/of/0", with(rating.Adjustment{Percent: &rating.Percent{Of: []rating.Dimension{"RESERVATION"}}})},
		{"the same dimension twice", second + "/percent/of/1", with(rating.Adjustment{Percent: &rating.Percent{Of: []rating.Dimension{rating.Flat, rating.Flat}}})},
		{"negative surcharge", second + "/surcharge/amount", with(rating.Adjustment{Surcharge: &rating.Surcharge{Amount: dec("-1")}})},
		{"negative credit", second + "/credit/amount", with(rating.Adjustment{Credit: &rating.Credit{Amount: dec("-1")}})},
		{"negative allowance", second + "/allowance/kwh", with(rating.Adjustment{Allowance: &rating.Allowance{KWh: dec("-1")}})},
		{"negative overage", second + "/allowance/overage", with(rating.Adjustment{Allowance: &rating.Allowance{Overage: new(dec("-1"))}})},
		{"negative cap", second + "/cap/most", with(rating.Adjustment{Cap: &rating.Cap{Most: dec("-1")}})},
		{"negative energy", second + "/short/kwh", with(rating.Adjustment{Short: &rating.Short{KWh: dec("-1")}})},
		{"negative time", second + "/short/below_ns", with(rating.Adjustment{Short: &rating.Short{Below: -1}})},
	}
}

// Each mistake is refused by both raters, and the field is named.
func TestMistakes(t *testing.T) {
	all := slices.Concat(tariffMistakes(), sessionMistakes(), adjustmentMistakes())
	for _, r := range raters() {
		for _, m := range slices.Concat(all, periodMistakes()) {
			t.Run(r.name+"/periods/"+m.name, func(t *testing.T) { checkMistake(t, r, plainPeriods(), m) })
		}
		for _, m := range slices.Concat(all, timelineMistakes()) {
			t.Run(r.name+"/timeline/"+m.name, func(t *testing.T) { checkMistake(t, r, plainTimeline(), m) })
		}
	}
}

func checkMistake(t *testing.T, r rater, q *rating.Question, m mistake) {
	if _, err := r.rate(q); err != nil {
		t.Fatalf("before the mistake: %v", err)
	}
	m.make(q)
	_, err := r.rate(q)
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Kind != fault.Invalid || len(e.Fields) == 0 {
		t.Fatalf("got %v, want an invalid field", err)
	}
	if got := e.Fields[0].Pointer; got != m.pointer && !strings.HasPrefix(got, m.pointer+"/") {
		t.Errorf("got %s (%v), want %s", got, err, m.pointer)
	}
}

// An amount that no invoice holds is refused, not cut.
func TestTooMuchMoney(t *testing.T) {
	for _, r := range raters() {
		q := plainPeriods()
		q.Tariff.Elements[0].Components[1].Price = dec("999999999999")
		q.Session.Periods[0].Energy = new(dec("999999999999"))
		if a, err := r.rate(q); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, %v, want %v", r.name, a, err, fault.Invalid)
		}
	}
}
