package swift_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/tariff/swift"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/rating"
)

// parkedSession charges, is held back for a minute and parks; readings are where it does not begin, change or end.
func parkedSession() rating.Session {
	s := readSession(6)
	s.Start, s.End = s.Start.Add(100*time.Second), s.End.Add(-time.Minute)
	held := s.Start.Add(700 * time.Second)
	s.Timeline.Spans = []rating.Span{
		{State: rating.Charging, From: s.Start, To: held},
		{State: rating.Paused, From: held, To: held.Add(time.Minute)},
		{State: rating.Parking, From: held.Add(time.Minute), To: s.End},
	}
	s.Timeline.GapMost = rating.Nanoseconds(4 * time.Minute)
	s.Reservation = &rating.Reservation{Start: s.Start.Add(-50 * time.Minute), End: s.Start}
	return s
}

// richQuestion has something of everything.
func richQuestion() *rating.Question {
	s, t := parkedSession(), dayTariff()
	for i := range 2 {
		s.Timeline.Readings[i].Power = nil
	}
	t.MaxPrice.Excl = new(dec("2"))
	t.Elements = append([]rating.Element{
		{
			Components:   []rating.Component{{Dimension: rating.Energy, Price: dec("0.1"), StepSize: 1}},
			Restrictions: rating.Restrictions{MinPower: new(dec("5")), MaxKWh: new(dec("0.75"))},
		},
		{
			Components:   []rating.Component{{Dimension: rating.Time, Price: dec("1.2"), StepSize: 900, VAT: new(dec("19"))}},
			Restrictions: rating.Restrictions{Reservation: rating.ReservedUsed},
		},
		{
			Components:   []rating.Component{{Dimension: rating.ParkingTime, Price: dec("6"), StepSize: 60}, {Dimension: rating.Time, Price: dec("0.6")}},
			Restrictions: rating.Restrictions{MinDuration: new(int64(300)), MaxDuration: new(int64(1000)), StartTime: "18:00"},
		},
	}, t.Elements...)
	share := []rating.Point{{From: s.Start, Value: dec("0.5")}}
	return &rating.Question{Tariff: t, Zone: "Europe/Berlin", Session: s, DefaultVAT: new(dec("7")), Adjustments: []rating.Adjustment{
		{ID: "idle", Idle: &rating.IdleFee{
			PerMinute: dec("0.1"), Grace: rating.Nanoseconds(time.Minute), Most: new(dec("5")), Quiet: []rating.Window{{Start: "18:20", End: "18:22"}},
		}},
		{ID: "spot", Spot: &rating.Spot{Points: share, Until: s.Start.Add(10 * time.Minute), Fallback: dec("0.4"), MarkupPercent: dec("10")}},
		{ID: "ten", Percent: &rating.Percent{Rate: dec("-10")}},
		{ID: "sun", Solar: &rating.Solar{Shares: share, Until: s.End, PerKWh: dec("0.03")}},
		{ID: "plan", Allowance: &rating.Allowance{KWh: dec("1"), Overage: new(dec("0.3"))}},
		{ID: "fee", Surcharge: &rating.Surcharge{Amount: dec("0.35")}},
		{ID: "cap", Cap: &rating.Cap{Most: dec("1.5")}},
		{ID: "sorry", Short: &rating.Short{Below: rating.Nanoseconds(time.Hour), KWh: dec("100")}},
		{ID: "voucher", Credit: &rating.Credit{Amount: dec("100")}},
		{ID: "late", Percent: &rating.Percent{Rate: dec("5")}},
	}}
}

// cutQuestion has a negative price of energy that takes more than there is.
func cutQuestion() *rating.Question {
	q := &rating.Question{Tariff: dayTariff(), Zone: "UTC", Session: splitSession(3), Adjustments: []rating.Adjustment{
		{ID: "spot", VAT: new(dec("19")), Spot: &rating.Spot{Fallback: dec("-10")}},
	}}
	q.Tariff.Elements[0].Components[0].VAT = nil
	return q
}

func explained(t *testing.T, q *rating.Question) *rating.Answer {
	t.Helper()
	a, err := swift.Explain(q)
	if err != nil {
		t.Fatal(err)
	}
	quiet, err := swift.Rate(q)
	if err != nil || len(quiet.Steps) != 0 {
		t.Fatalf("got %v, %v, want no steps", quiet.Steps, err)
	}
	for _, difference := range rating.Differ(a, quiet) {
		t.Errorf("told and not told: %s", difference)
	}
	return a
}

// Every code is told by some calculation, and none that is not in the list; names of values are unique within a step.
func TestEveryCodeIsTold(t *testing.T) {
	told := map[string]bool{}
	for _, q := range []*rating.Question{richQuestion(), cutQuestion()} {
		for _, s := range explained(t, q).Steps {
			told[s.Code] = true
			names := map[string]bool{}
			for i := 0; i < len(s.Values); i += 2 {
				if names[s.Values[i]] || i+1 == len(s.Values) || s.Values[i+1] == "" {
					t.Errorf("%s: %v has a name twice, or no value for one", s.Code, s.Values)
				}
				names[s.Values[i]] = true
			}
		}
	}
	for _, code := range swift.Codes() {
		if !told[string(code)] {
			t.Errorf("%s is never told", code)
		}
		delete(told, string(code))
	}
	for code := range told {
		t.Errorf("%s is not in the list", code)
	}
}

// value returns a value of a step.
func value(s *rating.Step, name string) string {
	for i := 0; i+1 < len(s.Values); i += 2 {
		if s.Values[i] == name {
			return s.Values[i+1]
		}
	}
	return ""
}

func number(t *testing.T, text string) exact.Number {
	t.Helper()
	if n, err := exact.Parse(text); err == nil {
		return n
	}
	return exact.Of(dec(text))
}

// With the steps alone the bill can be made again: volumes from periods, steps of sizes, amounts from lines, sums from amounts, and cents.
func TestBillByHand(t *testing.T) {
	for _, q := range []*rating.Question{richQuestion(), {Tariff: dayTariff(), Zone: "UTC", Session: splitSession(60)}} {
		a := explained(t, q)
		var kWh, measured, billed, due exact.Number
		rounded := false
		for i := range a.Steps {
			s := &a.Steps[i]
			of := func(name string) exact.Number { return number(t, value(s, name)) }
			switch swift.Code(s.Code) {
			case swift.StepPeriod:
				kWh = kWh.Add(of("kwh"))
			case swift.StepSize:
				if value(s, "dimension") == "ENERGY" {
					measured, billed, rounded = of("measured"), of("billed"), true
				}
			case swift.StepLine:
				hours := of("quantity")
				if d := value(s, "dimension"); d == "TIME" || d == "PARKING_TIME" {
					hours = hours.Quo(exact.Int(3600))
				}
				if got, want := of("amount"), hours.Mul(of("price")); !got.Equal(want) {
					t.Errorf("line %s: got %v, want %v", value(s, "number"), got, want)
				}
				due = due.Add(of("amount"))
			case swift.StepExtra:
				due = due.Add(of("amount"))
			}
		}
		if !rounded {
			measured, billed = kWh, kWh
		}
		if !kWh.Equal(measured) || !billed.Equal(a.Billed.Energy) {
			t.Errorf("energy: got %v and %v, want %v and %v", kWh, billed, measured, a.Billed.Energy)
		}
		if !due.Equal(*a.Due.Excl) {
			t.Errorf("due: got %v, want %v", due, *a.Due.Excl)
		}
	}
}

// The words of a calculation, as a person reads them.
func TestSteps(t *testing.T) {
	a := explained(t, &rating.Question{
		Tariff: dayTariff(), Zone: "Europe/Berlin", Session: parkedSession(), DefaultVAT: new(dec("7")),
	})
	var got []string
	for _, s := range a.Steps {
		got = append(got, s.Code+" "+strings.Join(s.Values, " "))
	}
	want := strings.Split(strings.TrimSpace(parkedSteps), "\n")
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("missing: %s", want[i])
		case i >= len(want):
			t.Errorf("too much: %s", got[i])
		case got[i] != want[i]:
			t.Errorf("step %d:\ngot  %s\nwant %s", i, got[i], want[i])
		}
	}
	if slices.Contains(got, "") {
		t.Error("an empty step")
	}
}

const parkedSteps = `
tariff currency EUR tax_included NO zone Europe/Berlin elements 4 default_vat 7
reservation start 2026-03-02T16:11:53Z end 2026-03-02T17:01:53Z seconds 3000 outcome USED
session start 2026-03-02T17:01:53Z end 2026-03-02T17:24:13Z seconds 1340 from TIMELINE
not_charged what RESERVATION quantity 3000 from 2026-03-02T16:11:53Z to 2026-03-02T17:01:53Z reason NO_COMPONENT
reading at 2026-03-02T17:00:13Z kwh 1000 role BEGIN
reading at 2026-03-02T17:25:13Z kwh 1002.061725 role END
interpolated at 2026-03-02T17:01:53Z kwh 600082469/600000 before_at 2026-03-02T17:00:13Z before_kwh 1000 after_at 2026-03-02T17:05:13Z after_kwh 1000.412345
period number 1 start 2026-03-02T17:01:53Z end 2026-03-02T17:13:33Z kwh 577283/600000 charging 700 parking 0 state CHARGING min_current 16 max_current 16 min_power 11 max_power 11
not_charged what CHARGING quantity 700 from 2026-03-02T17:01:53Z to 2026-03-02T17:13:33Z reason NO_COMPONENT
gap at 2026-03-02T17:13:33Z seconds 300 allowed 240
interpolated at 2026-03-02T17:13:33Z kwh 75082469/75000 before_at 2026-03-02T17:10:13Z before_kwh 1000.82469 after_at 2026-03-02T17:15:13Z after_kwh 1001.237035
period number 2 start 2026-03-02T17:13:33Z end 2026-03-02T17:14:33Z kwh 0.082469 charging 0 parking 0 state PAUSED min_current 16 max_current 16 min_power 11 max_power 11
not_charged what PAUSED quantity 60 from 2026-03-02T17:13:33Z to 2026-03-02T17:14:33Z reason PAUSE
gap at 2026-03-02T17:14:33Z seconds 300 allowed 240
interpolated at 2026-03-02T17:14:33Z kwh 3003546167/3000000 before_at 2026-03-02T17:10:13Z before_kwh 1000.82469 after_at 2026-03-02T17:15:13Z after_kwh 1001.237035
period number 3 start 2026-03-02T17:14:33Z end 2026-03-02T17:24:13Z kwh 2391601/3000000 charging 0 parking 580 state PARKING min_current 16 max_current 16 min_power 11 max_power 11
not_charged what PARKING quantity 580 from 2026-03-02T17:14:33Z to 2026-03-02T17:24:13Z reason NO_COMPONENT
interpolated at 2026-03-02T17:24:13Z kwh 1001.979256 before_at 2026-03-02T17:20:13Z before_kwh 1001.64938 after_at 2026-03-02T17:25:13Z after_kwh 1002.061725
element phase SESSION dimension FLAT element 0 from 2026-03-02T17:01:53Z to 2026-03-02T17:24:13Z price 0.5 vat 19 consumed 0 elapsed 0
element phase SESSION dimension ENERGY element 2 from 2026-03-02T17:01:53Z to 2026-03-02T17:24:13Z price 0.45 vat 19 consumed 0 elapsed 0
step_size phase SESSION dimension ENERGY element 2 step 1 measured 5525423/3000000 billed 1.842 added 577/3000000
line number 1 phase SESSION dimension FLAT element 0 quantity 1 price 0.5 amount 0.5 vat 19 excl 0.5 incl 0.595
line number 2 phase SESSION dimension ENERGY element 2 quantity 1.842 price 0.45 amount 0.8289 vat 19 excl 0.8289 incl 0.986391
sum excl 1.3289 incl 1.581391
due excl 1.3289 incl 1.581391
round number 1 exact 0.5 rounded 0.50
round number 2 exact 0.8289 rounded 0.83
tax rate 19 taxable 1.33 tax 0.25
total net 1.33 tax 0.25 gross 1.58
`
