package tariff_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func dec(text string) decimal.Decimal {
	d, err := decimal.Parse(text)
	if err != nil {
		panic(err)
	}
	return d
}

// terms returns terms without a fault: 0.49 a kWh, and 6 an hour of parking by day.
func terms() tariff.Terms {
	return tariff.Terms{
		Priced: rating.Tariff{
			Currency: "EUR", TaxIncluded: rating.TaxNo,
			Elements: []rating.Element{
				{
					Components:   []rating.Component{{Dimension: rating.ParkingTime, Price: dec("6"), StepSize: 1}},
					Restrictions: rating.Restrictions{StartTime: "08:00", EndTime: "20:00", Days: []time.Weekday{time.Monday, time.Friday}},
				},
				{Components: []rating.Component{{Dimension: rating.Energy, Price: dec("0.49"), VAT: new(dec("19")), StepSize: 1}}},
			},
		},
		DefaultVAT: new(dec("19")),
		Extras:     []tariff.Extra{{Adjustment: rating.Adjustment{ID: "spot", Spot: &rating.Spot{Fallback: dec("0.3")}}, Series: "epex-de"}},
		Texts:      []trade.Text{{Language: "en", Text: "0.49 a kWh"}},
		URL:        "https://example.org/tariff",
		Mix:        &trade.EnergyMix{Green: true, Sources: []trade.Share{{Source: "WIND", Percentage: dec("62.5")}, {Source: "SOLAR", Percentage: dec("37.5")}}},
	}
}

func TestCheck(t *testing.T) {
	good := terms()
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	element := func(change func(*rating.Element)) func(*tariff.Terms) {
		return func(x *tariff.Terms) { change(&x.Priced.Elements[0]) }
	}
	restricted := func(change func(*rating.Restrictions)) func(*tariff.Terms) {
		return element(func(e *rating.Element) { change(&e.Restrictions) })
	}
	extra := func(e tariff.Extra) func(*tariff.Terms) {
		return func(x *tariff.Terms) { x.Extras = []tariff.Extra{e} }
	}
	const at = "/elements/0"
	for _, c := range []struct {
		name    string
		change  func(*tariff.Terms)
		pointer string
		code    string
	}{
		{"no currency", func(x *tariff.Terms) { x.Priced.Currency = "EURO" }, "/currency", "currency"},
		{"tax", func(x *tariff.Terms) { x.Priced.TaxIncluded = "" }, "/tax_included", "unknown_value"},
		{"tax above all", func(x *tariff.Terms) { x.DefaultVAT = new(dec("100.1")) }, "/default_vat", "out_of_range"},
		{"no element", func(x *tariff.Terms) { x.Priced.Elements = nil }, "/elements", "required"},
		{"too many", func(x *tariff.Terms) { x.Priced.Elements = make([]rating.Element, 1001) }, "/elements", "too_many"},
		{"too many rates of tax", func(x *tariff.Terms) {
			for i := range rating.RatesMost + 1 {
				price := rating.Component{Dimension: rating.Flat, VAT: new(decimal.FromInt(int64(i), 0))}
				x.Priced.Elements = append(x.Priced.Elements, rating.Element{Components: []rating.Component{price}})
			}
		}, "/elements", "too_many"},
		{"limits cross", func(x *tariff.Terms) {
			x.Priced.MinPrice.Excl, x.Priced.MaxPrice.Excl = new(dec("2")), new(dec("1.99"))
		}, "/max_price/before_taxes", "order"},
		{"gross below net", func(x *tariff.Terms) {
			x.Priced.MinPrice = rating.Limit{Excl: new(dec("2")), Incl: new(dec("1"))}
		}, "/min_price/after_taxes", "order"},
		{"no component", element(func(e *rating.Element) { e.Components = nil }), at + "/price_components", "required"},
		{"T21 twice", element(func(e *rating.Element) { e.Components = append(e.Components, e.Components[0]) }), at + "/price_components/1/type", "duplicate"},
		{"T21 reserved energy", func(x *tariff.Terms) { x.Priced.Elements[1].Restrictions.Reservation = rating.ReservedUsed }, "/elements/1/price_components/0/type", "reservation"},
		{"a reservation that parks", restricted(func(r *rating.Restrictions) { r.Reservation = rating.ReservedExpired }), at + "/price_components/0/type", "reservation"},
		{"no dimension of tariffs", element(func(e *rating.Element) { e.Components[0].Dimension = rating.Idle }), at + "/price_components/0/type", "unknown_value"},
		{"negative", element(func(e *rating.Element) { e.Components[0].Price = dec("-0.01") }), at + "/price_components/0/price", "negative"},
		{"five digits", element(func(e *rating.Element) { e.Components[0].Price = dec("0.12345") }), at + "/price_components/0/price", "digits"},
		{"no step", element(func(e *rating.Element) { e.Components[0].StepSize = 0 }), at + "/price_components/0/step_size", "out_of_range"},
		{"a step above a day", element(func(e *rating.Element) { e.Components[0].StepSize = 86_401 }), at + "/price_components/0/step_size", "out_of_range"},
		{"T07 no window", restricted(func(r *rating.Restrictions) { r.EndTime = r.StartTime }), at + "/restrictions/end_time", "empty"},
		{"no time", restricted(func(r *rating.Restrictions) { r.StartTime = "8:00" }), at + "/restrictions/start_time", "time_of_day"},
		{"24:00", restricted(func(r *rating.Restrictions) { r.EndTime = "24:00" }), at + "/restrictions/end_time", "time_of_day"},
		{"no date", restricted(func(r *rating.Restrictions) { r.StartDate = "2026-02-29" }), at + "/restrictions/start_date", "date"},
		{"no days", restricted(func(r *rating.Restrictions) { r.StartDate, r.EndDate = "2026-02-03", "2026-02-03" }), at + "/restrictions/end_date", "empty"},
		{"a day twice", restricted(func(r *rating.Restrictions) { r.Days = []time.Weekday{1, 2, 1} }), at + "/restrictions/day_of_week", "duplicate"},
		{"no energy between", restricted(func(r *rating.Restrictions) { r.MinKWh, r.MaxKWh = new(dec("10")), new(dec("10.0")) }), at + "/restrictions/max_kwh", "empty"},
		{"no time between", restricted(func(r *rating.Restrictions) { r.MinDuration, r.MaxDuration = new(int64(60)), new(int64(60)) }), at + "/restrictions/max_duration", "empty"},
		{"before the start", restricted(func(r *rating.Restrictions) { r.MinDuration = new(int64(-1)) }), at + "/restrictions/min_duration", "out_of_range"},
		{"no reservation", func(x *tariff.Terms) {
			x.Priced.Elements[0].Components[0].Dimension, x.Priced.Elements[0].Restrictions.Reservation = rating.Flat, "MAYBE"
		}, at + "/restrictions/reservation", "unknown_value"},
		{"an extra of nothing", extra(tariff.Extra{Adjustment: rating.Adjustment{ID: "x"}}), "/extras/0", "ambiguous"},
		{"a voucher", extra(tariff.Extra{Adjustment: rating.Adjustment{ID: "x", Credit: &rating.Credit{}}}), "/extras/0", "of_customer"},
		{"a spot price of nowhere", extra(tariff.Extra{Adjustment: rating.Adjustment{ID: "x", Spot: &rating.Spot{}}}), "/extras/0/series", "series"},
		{"a cap by series", extra(tariff.Extra{Adjustment: rating.Adjustment{ID: "x", Cap: &rating.Cap{}}, Series: "y"}), "/extras/0/series", "series"},
		{"a quiet moment", extra(tariff.Extra{Adjustment: rating.Adjustment{ID: "x", Idle: &rating.IdleFee{Quiet: []rating.Window{{Start: "22:00", End: "22:00"}}}}}), "/extras/0/idle/quiet/0/end", "empty"},
		{"two of a name", func(x *tariff.Terms) { x.Extras = append(x.Extras, x.Extras[0]) }, "/extras/1/id", "duplicate"},
		{"no language", func(x *tariff.Terms) { x.Texts[0].Language = "EN" }, "/tariff_alt_text/0/language", "language"},
		{"two of a language", func(x *tariff.Terms) { x.Texts = append(x.Texts, x.Texts[0]) }, "/tariff_alt_text/1/language", "duplicate"},
		{"a long text", func(x *tariff.Terms) { x.Texts[0].Text = strings.Repeat("x", 513) }, "/tariff_alt_text/0/text", "length"},
		{"no page", func(x *tariff.Terms) { x.URL = "javascript:alert(1)" }, "/tariff_alt_url", "url"},
		{"half a mix", func(x *tariff.Terms) { x.Mix.Sources = x.Mix.Sources[:1] }, "/energy_mix/energy_sources", "sum"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := terms()
			c.change(&bad)
			e, ok := errors.AsType[*fault.Error](bad.Check())
			if !ok || e.Kind != fault.Invalid || e.Fields[0].Pointer != c.pointer || e.Fields[0].Code != c.code {
				t.Errorf("got %v, want %s: %s", e, c.pointer, c.code)
			}
		})
	}
}

// Who edits a tariff hears all that is wrong at once, in bounds.
func TestCheckTellsAll(t *testing.T) {
	bad := terms()
	bad.Priced.Currency, bad.URL = "", "x"
	e, ok := errors.AsType[*fault.Error](bad.Check())
	if !ok || len(e.Fields) != 2 {
		t.Errorf("got %v, want two fields", e)
	}
	bad.Priced.Elements = make([]rating.Element, 1000)
	if e, _ = errors.AsType[*fault.Error](bad.Check()); len(e.Fields) != 50 {
		t.Errorf("got %d fields, want 50", len(e.Fields))
	}
}

// at returns so many hours after noon.
func at(hours int) time.Time { return noon.Add(time.Duration(hours) * time.Hour) }

// drafted returns x with a draft of terms.
func drafted(t *testing.T, x tariff.Tariff, is tariff.Terms, from, until time.Time) tariff.Tariff {
	t.Helper()
	x, err := x.WithDraft(&tariff.Draft{From: from, Until: until, Terms: is})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// published returns x with its draft published.
func published(t *testing.T, x tariff.Tariff, now time.Time) tariff.Tariff {
	t.Helper()
	x, e, err := x.Publish(now)
	if err != nil || e.Number != x.Published || e.Tariff != x.ID || !e.PublishedAt.Equal(now) {
		t.Fatalf("got %+v, %v", e, err)
	}
	return x
}

func TestEditions(t *testing.T) {
	x := tariff.Tariff{ID: ident.New[ident.TariffID](noon), Name: "Day"}
	if _, _, err := x.Publish(noon); !fault.Is(err, fault.Conflict) {
		t.Errorf("without a draft: got %v", err)
	}
	first := published(t, drafted(t, x, terms(), time.Time{}, time.Time{}), noon)
	second := terms()
	second.Priced.Elements = second.Priced.Elements[1:]
	redrafted := drafted(t, drafted(t, first, terms(), at(1), at(2)), second, at(10), at(20))
	both := published(t, redrafted, at(1))
	if len(first.Editions) != 1 || redrafted.Draft == nil || both.Draft != nil || both.Published != 2 {
		t.Error("a tariff changed that another was made of")
	}
	for _, c := range []struct {
		name    string
		hours   int
		edition int
	}{{"before all", -1, 0}, {"at its publication", 0, 1}, {"just before the second", 9, 1}, {"the second", 10, 2}, {"after its end the first again", 20, 1}} {
		if e, ok := both.At(at(c.hours)); e.Number != c.edition || ok != (c.edition > 0) {
			t.Errorf("%s: got edition %d, want %d", c.name, e.Number, c.edition)
		}
	}
	ended, err := both.End(at(15), at(3))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := ended.At(at(15)); ok {
		t.Error("it is valid after its end")
	}
	if _, err := both.End(at(1), at(2)); !fault.Is(err, fault.Invalid) {
		t.Errorf("an end in the past: got %v", err)
	}
	for name, d := range map[string]tariff.Draft{
		"no time between": {From: at(5), Until: at(5), Terms: second},
		"bad terms":       {From: at(5), Until: at(6)},
	} {
		if _, err := both.WithDraft(&d); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for name, x := range map[string]tariff.Tariff{
		"a start in the past":         drafted(t, both, second, at(1), time.Time{}),
		"over before it is published": drafted(t, both, second, time.Time{}, at(5)),
	} {
		if _, _, err := x.Publish(at(5)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	full := drafted(t, both, second, time.Time{}, time.Time{})
	full.Published = 366
	if _, _, err := full.Publish(at(5)); !fault.Is(err, fault.Exhausted) {
		t.Errorf("one edition too many: got %v", err)
	}
}

func TestTariffCheck(t *testing.T) {
	for _, c := range []struct {
		name string
		is   tariff.Tariff
		want string
	}{
		{"good", tariff.Tariff{Name: "Day", Type: trade.TariffAdHoc}, ""},
		{"any type", tariff.Tariff{Name: "Day"}, ""},
		{"no name", tariff.Tariff{Name: " "}, "/name"},
		{"a long one", tariff.Tariff{Name: strings.Repeat("x", 101)}, "/name"},
		{"no type", tariff.Tariff{Name: "Day", Type: "NIGHT"}, "/type"},
	} {
		got := ""
		if e, ok := errors.AsType[*fault.Error](c.is.Check()); ok {
			got = e.Fields[0].Pointer
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestSnapshot(t *testing.T) {
	x := published(t, drafted(t, tariff.Tariff{ID: "trf_01JD3K6X5M8Q2V7T9WBNCRFHYZ"}, terms(), time.Time{}, time.Time{}), noon)
	if _, ok := x.Snap("Europe/Berlin", at(-1)); ok {
		t.Error("a snapshot of a tariff that is not valid yet")
	}
	s, ok := x.Snap("Europe/Berlin", noon)
	if !ok {
		t.Fatal("no snapshot")
	}
	if len(s.Clocks) == 0 {
		t.Error("the zone's clocks were not noted")
	}
	s.Clocks = nil // another database of zones may have others
	text, err := s.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	hash := tariff.Hash(text)
	// Bills name hashes for years: who changes this one has changed what is kept of every session.
	if want := "650968e435ccbfff7add30a6ae5d5e2501dbefa12de04607d5332b6f12147fbb"; hash != want {
		t.Errorf("got %s, want %s, of %s", hash, want, text)
	}
	back, err := tariff.ParseSnapshot(text, hash)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := back.Canonical(); err != nil || string(again) != string(text) {
		t.Errorf("got %s, %v, want the same text again", again, err)
	}
	if _, err := tariff.ParseSnapshot([]byte(strings.Replace(string(text), "0.49", "0.48", 1)), hash); err == nil {
		t.Error("a text was taken that is not the hash's")
	}
	other, _ := x.Snap("Europe/Oslo", noon)
	if text, _ := other.Canonical(); tariff.Hash(text) == hash {
		t.Error("another zone has the same hash")
	}
}

// The adjustments of a question are the tariff's, with the points of their
// series, then the customer's.
func TestQuestion(t *testing.T) {
	s := tariff.Snapshot{Zone: "Europe/Berlin", Terms: terms()}
	prices := func(name string) ([]rating.Point, time.Time) {
		if name != "epex-de" {
			t.Errorf("asked for series %s", name)
		}
		return []rating.Point{{From: noon, Value: dec("0.1")}}, at(1)
	}
	q, err := s.Question(rating.Session{Start: noon, End: at(1)}, prices, rating.Adjustment{ID: "voucher", Credit: &rating.Credit{}})
	if err != nil {
		t.Fatal(err)
	}
	if len(q.Adjustments) != 2 || len(q.Adjustments[0].Spot.Points) != 1 || !q.Adjustments[0].Spot.Until.Equal(at(1)) || q.Adjustments[1].ID != "voucher" {
		t.Errorf("got %+v", q.Adjustments)
	}
	if q.Zone != s.Zone || q.DefaultVAT.String() != "19" || len(q.Tariff.Elements) != 2 {
		t.Errorf("got %+v", q)
	}
	if len(s.Terms.Extras[0].Spot.Points) != 0 {
		t.Error("the snapshot has changed")
	}
	if _, err := s.Question(rating.Session{}, nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("without series: got %v", err)
	}
}
