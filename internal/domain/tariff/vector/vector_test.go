package vector_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pylon/internal/domain/tariff/vector"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/rating"
)

// small is a file with as little as there can be, and a member that nobody knows.
const small = `{"time_zone":"Europe/Oslo","mood":"fine","tariff":{"currency":"NOK","elements":[{"price_components":[{"type":"ENERGY","price":"2.5","step_size":1}]}]},` +
	`"session":{"start":"2025-06-01T10:00:00Z","end":"2025-06-01T11:00:00","periods":[{"start":"2025-06-01T10:00:00Z","energy_kwh":4}]}}`

func TestParse(t *testing.T) {
	v, err := vector.Parse([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	q := v.Question
	if q.Tariff.TaxIncluded != rating.TaxNo || q.Zone != "Europe/Oslo" || v.Expected != nil {
		t.Errorf("got %+v", q)
	}
	if c := q.Tariff.Elements[0].Components[0]; c.Price.String() != "2.5" || c.VAT != nil || c.StepSize != 1 {
		t.Errorf("component: got %+v", c)
	}
	if got := q.Session.End.Format("15:04Z07:00"); got != "11:00Z" {
		t.Errorf("a time without its Z: got %s", got)
	}
	if p := q.Session.Periods[0]; p.Energy.String() != "4" || p.Charging != nil {
		t.Errorf("period: got %+v", p)
	}
	if _, ok, err := v.Unsplit(); ok || err != nil {
		t.Errorf("a timeline: got %t, %v, want none", ok, err)
	}
}

// Both spellings of a limit mean the same.
func TestLimits(t *testing.T) {
	for _, limit := range []string{`{"before_taxes":"1","after_taxes":"1.21"}`, `{"excl_vat":1,"incl_vat":1.21}`} {
		v, err := vector.Parse([]byte(strings.Replace(small, `"elements"`, `"max_price":`+limit+`,"elements"`, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if l := v.Question.Tariff.MaxPrice; l.Excl.String() != "1" || l.Incl.String() != "1.21" {
			t.Errorf("%s: got %v, %v", limit, l.Excl, l.Incl)
		}
	}
}

func TestMalformed(t *testing.T) {
	for _, c := range []struct {
		name, old, new, pointer string
	}{
		{"no JSON", small, `{`, ""},
		{"no tariff", `"tariff"`, `"tarif"`, "/tariff"},
		{"no session", `"session"`, `"sessions"`, "/session"},
		{"no zone", `"time_zone"`, `"zone"`, "/time_zone"},
		{"no such currency", "NOK", "NOR", "/tariff/currency"},
		{"no such dimension", "ENERGY", "ENERGIE", "/tariff/elements/0/price_components/0/type"},
		{"a dimension of extras", "ENERGY", "IDLE", "/tariff/elements/0/price_components/0/type"},
		{"no price", `"price":`, `"prize":`, "/tariff/elements/0/price_components/0/price"},
		{"a price in words", `"2.5"`, `"two"`, "/tariff/elements/0/price_components/0/price"},
		{"a price that is a list", `"2.5"`, `[2]`, "/tariff/elements/0/price_components/0/price"},
		{"no such tax", `"elements"`, `"tax_included":"MAYBE","elements"`, "/tariff/tax_included"},
		{"no such day", `"price_components"`, `"restrictions":{"day_of_week":["MONDAY","TODAY"]},"price_components"`, "/tariff/elements/0/restrictions/day_of_week/1"},
		{"no such reservation", `"price_components"`, `"restrictions":{"reservation":"YES"},"price_components"`, "/tariff/elements/0/restrictions/reservation"},
		{"a time that is none", `"2025-06-01T11:00:00"`, `"eleven"`, "/session/end"},
		{"no start", `"session":{"start"`, `"session":{"begin"`, "/session/start"},
		{"no such outcome", `"periods"`, `"reservation":{"outcome":"LOST"},"periods"`, "/session/reservation/outcome"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := vector.Parse([]byte(strings.Replace(small, c.old, c.new, 1)))
			e, ok := errors.AsType[*fault.Error](err)
			if !ok || e.Kind != fault.Invalid || e.Fields[0].Pointer != c.pointer {
				t.Errorf("got %v, want %s to be invalid", err, c.pointer)
			}
		})
	}
}

const measured = `"timeline":[{"state":"CHARGING","start":"2025-06-01T10:00:00Z","end":"2025-06-01T10:30:00Z","register_start_kwh":"100","register_end_kwh":"103.5"},` +
	`{"state":"PARKING","start":"2025-06-01T10:30:00Z","end":"2025-06-01T11:00:00Z","register_start_kwh":"103.5","register_end_kwh":"103.5"}],"periods"`

func TestUnsplit(t *testing.T) {
	v, err := vector.Parse([]byte(strings.Replace(small, `"periods"`, measured, 1)))
	if err != nil {
		t.Fatal(err)
	}
	q, ok, err := v.Unsplit()
	if !ok || err != nil || q.Session.Periods != nil || v.Question.Session.Periods == nil || v.Question.Session.Timeline != nil {
		t.Fatalf("got %t, %v, %+v", ok, err, q.Session)
	}
	line := q.Session.Timeline
	if len(line.Spans) != 2 || line.Spans[1].State != rating.Parking || !line.Spans[1].To.Equal(q.Session.End) {
		t.Errorf("spans: got %+v", line.Spans)
	}
	var registers []int64
	for _, r := range line.Readings {
		registers = append(registers, int64(*r.Energy))
	}
	if len(registers) != 3 || registers[0] != 100_000_000 || registers[1] != 103_500_000 || registers[2] != registers[1] {
		t.Errorf("readings: got %v", registers)
	}
	fine, err := vector.Parse([]byte(strings.Replace(small, `"periods"`, strings.ReplaceAll(measured, "103.5", "103.1234567"), 1)))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := fine.Unsplit(); !fault.Is(err, fault.Invalid) {
		t.Errorf("less than a milliwatt-hour: got %v", err)
	}
}

// What is written has two to six digits and tells what is unknown.
func TestOf(t *testing.T) {
	d := func(text string) decimal.Decimal {
		parsed, err := decimal.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	a := rating.Answer{
		Billed: rating.Billed{Energy: exact.Fraction(1, 3), Charging: exact.Int(600)},
		Lines: []rating.Line{
			{Phase: rating.InReservation, Dimension: rating.Flat, Quantity: exact.Int(1), Price: new(d("1")), VAT: new(d("10.0")), Sum: rating.Sum{Excl: new(exact.Int(1)), Incl: new(exact.Fraction(11, 10))}},
			{Phase: rating.InSession, Dimension: rating.Energy, Element: 2, Quantity: exact.Fraction(1, 3), Price: new(d("0.25")), Sum: rating.Sum{Excl: new(exact.Fraction(1, 12))}},
		},
		Before: rating.Sum{Excl: new(exact.Fraction(13, 12))},
		Total:  rating.Sum{Excl: new(exact.Fraction(13, 12))},
	}
	got, err := vector.Of(&rating.Question{Session: rating.Session{Reservation: &rating.Reservation{}}}, &a)
	if err != nil {
		t.Fatal(err)
	}
	want := &vector.Answer{
		Billed: vector.Billed{Reservation: new("0.00"), Energy: "0.333333", Charging: "600.00", Parking: "0.00"},
		Lines: []vector.Line{
			{"RESERVATION", "FLAT", 0, "1", "1", new("1.00"), "1", new("10.00"), new("1.00"), new("1.10")},
			{"SESSION", "ENERGY", 2, "0.333333", "kWh", new("0.25"), "kWh", nil, new("0.083333"), nil},
		},
		Subtotals:    vector.Subtotals{Energy: &vector.Sum{Excl: new("0.083333")}, Reservation: &vector.Sum{Excl: new("1.00"), Incl: new("1.10")}},
		BeforeLimits: vector.Sum{Excl: new("1.083333")},
		Limits:       []rating.Side{},
		Total:        vector.Sum{Excl: new("1.0833")},
		TotalExact:   vector.Exact{Excl: new(exact.Fraction(13, 12))},
	}
	for _, point := range vector.Differ(got, want) {
		t.Error(point)
	}
}

// Lines may come in any order, with their amounts on the invoice; all else must be the same.
func TestDiffer(t *testing.T) {
	answer := func() *vector.Answer {
		return &vector.Answer{
			Lines:   []vector.Line{{Phase: "SESSION", Dimension: "TIME", Quantity: "1.00"}, {Phase: "SESSION", Dimension: "ENERGY"}},
			Invoice: &vector.Invoice{Lines: []int64{5, 7}, Net: 12},
		}
	}
	want := answer()
	want.Lines[0], want.Lines[1] = want.Lines[1], want.Lines[0]
	want.Invoice.Lines = []int64{7, 5}
	if got := vector.Differ(answer(), want); len(got) != 0 {
		t.Errorf("another order: got %q", got)
	}
	for name, change := range map[string]func(*vector.Answer){
		"line SESSION TIME 0":   func(a *vector.Answer) { a.Lines[0].Quantity = "2.00" },
		"line SESSION ENERGY 0": func(a *vector.Answer) { a.Invoice.Lines[1] = 8 },
		"line SESSION TIME 1": func(a *vector.Answer) {
			a.Lines = append(a.Lines, vector.Line{Phase: "SESSION", Dimension: "TIME", Element: 1})
		},
		"invoice_minor":  func(a *vector.Answer) { a.Invoice.Gross = 1 },
		"billed":         func(a *vector.Answer) { a.Billed.Energy = "1.00" },
		"total":          func(a *vector.Answer) { a.Total.Incl = new("1.00") },
		"total_exact":    func(a *vector.Answer) { a.TotalExact.Excl = new(exact.Int(1)) },
		"limits_applied": func(a *vector.Answer) { a.Limits = []rating.Side{rating.MaxExcl} },
	} {
		t.Run(name, func(t *testing.T) {
			got := answer()
			change(got)
			points := vector.Differ(got, answer())
			if !slices.ContainsFunc(points, func(p string) bool { return strings.HasPrefix(p, name+": ") }) || len(points) > 2 {
				t.Errorf("got %q", points)
			}
		})
	}
}
