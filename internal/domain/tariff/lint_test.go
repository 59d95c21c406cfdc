package tariff_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/rating"
)

// element returns an element; a component is written "ENERGY 0.50" or "TIME 6/60", with its step.
func element(when rating.Restrictions, components ...string) rating.Element {
	e := rating.Element{Restrictions: when}
	for _, text := range components {
		dimension, price, _ := strings.Cut(text, " ")
		price, step, stepped := strings.Cut(price, "/")
		c := rating.Component{Dimension: rating.Dimension(dimension), Price: dec(price), VAT: new(dec("19")), StepSize: 1}
		if stepped {
			fmt.Sscan(step, &c.StepSize)
		}
		e.Components = append(e.Components, c)
	}
	return e
}

func elements(all ...rating.Element) tariff.Terms {
	return tariff.Terms{Priced: rating.Tariff{Currency: "EUR", TaxIncluded: rating.TaxYes, Elements: all}}
}

func certified(t tariff.Terms) tariff.Terms {
	t.Certified = true
	return t
}

func kingdom(all ...rating.Element) tariff.Terms {
	t := elements(all...)
	t.Priced.Currency = "GBP"
	return t
}

// free restricts nothing.
var free rating.Restrictions

func TestLint(t *testing.T) {
	plain := elements(element(free, "ENERGY 0.49", "PARKING_TIME 6"))
	fast := tariff.LintFor{AdHoc: true, Power: 50_000, Country: "FR"}
	slow := tariff.LintFor{AdHoc: true, Power: 49_999, Country: "FR"}
	nevi := tariff.LintFor{NEVI: true, Country: "US"}
	night := rating.Restrictions{StartTime: "22:00", EndTime: "06:00"}
	idle := plain
	idle.Extras = []tariff.Extra{{Adjustment: rating.Adjustment{ID: "idle", Idle: &rating.IdleFee{PerMinute: dec("0.1")}}}}
	spot := elements(element(free, "FLAT 0"))
	spot.Extras = []tariff.Extra{{Adjustment: rating.Adjustment{ID: "spot", Spot: &rating.Spot{}}, Series: "epex"}}
	least := elements(element(free, "ENERGY 0.49"))
	least.Priced.MinPrice.Incl = new(dec("1"))
	surcharge := elements(element(free, "ENERGY 0.49"))
	surcharge.Extras = []tariff.Extra{{Adjustment: rating.Adjustment{ID: "x", Surcharge: &rating.Surcharge{Amount: dec("1")}}}}
	untaxed := elements(element(free, "ENERGY 0.49", "FLAT 0"))
	untaxed.Priced.Elements[0].Components[0].VAT = nil
	profiled := untaxed
	profiled.DefaultVAT = new(dec("19"))
	none := elements(untaxed.Priced.Elements...)
	none.Priced.TaxIncluded = rating.TaxNone
	net := elements(element(free, "ENERGY 0.49"))
	net.Priced.TaxIncluded = rating.TaxNo
	for _, c := range []struct {
		name  string
		terms tariff.Terms
		about tariff.LintFor
		want  []string // "severity code pointer", in order
	}{
		{"nothing to say", plain, tariff.LintFor{}, nil},
		{"AFIR 5(4) fast, per kWh and occupancy", plain, fast, nil},
		{"AFIR 5(4) fast, idle fee", idle, fast, nil},
		{"AFIR 5(4) fast, by time", elements(element(free, "TIME 6")), fast, []string{"error afir_energy /elements", "error afir_time /elements/0/price_components/0"}},
		{"AFIR 5(4) fast, start fee", elements(element(free, "ENERGY 0.5", "FLAT 1")), fast, []string{"error afir_flat /elements/0/price_components/1"}},
		{"AFIR 5(4) fast, free of charge", elements(element(free, "ENERGY 0", "FLAT 0", "TIME 0")), fast, nil},
		{"AFIR 5(4) fast, surcharge", surcharge, fast, []string{"error afir_flat /extras/0"}},
		{"AFIR 5(4) fast, least price", least, fast, []string{"warning afir_least_price /min_price", "warning limit_one_side /min_price"}},
		{"AFIR 5(4) fast, spot price", spot, fast, nil},
		{"AFIR 5(4) fast, a reservation may cost time", elements(element(free, "ENERGY 0.5"), element(rating.Restrictions{Reservation: rating.ReservedUsed}, "TIME 6")), fast, nil},
		{"AFIR 5(4) slow, start fee before energy", elements(element(free, "FLAT 1", "ENERGY 0.5")), slow, []string{"hint afir_order /elements/0/price_components/1"}},
		{"AFIR 5(4) slow, in order", elements(element(free, "ENERGY 0.5", "TIME 6", "PARKING_TIME 6", "FLAT 1")), slow, nil},
		{"AFIR 5(4) slow, parking is per minute, too", elements(element(free, "ENERGY 0.5", "PARKING_TIME 6", "TIME 6", "FLAT 1")), slow, nil},
		{"AFIR 5(4) slow, per minute after per session", elements(element(free, "ENERGY 0.5", "FLAT 1", "PARKING_TIME 6")), slow, []string{"hint afir_order /elements/0/price_components/2"}},
		{"AFIR 5(4) slow, each element by itself", elements(element(night, "FLAT 1"), element(free, "ENERGY 0.5")), slow, nil},
		{"AFIR 5(4) with a contract", elements(element(free, "TIME 6")), tariff.LintFor{Power: 50_000, Country: "FR"}, nil},
		{"AFIR 5(4) outside the Union", elements(element(free, "TIME 6")), tariff.LintFor{AdHoc: true, Power: 50_000, Country: "CH"}, nil},
		{"AFIR 5(4) of what power", plain, tariff.LintFor{AdHoc: true, Country: "FR"}, []string{"hint afir_power_unknown "}},
		{"680.116(a) per kWh, fixed", plain, nevi, nil},
		{"680.116(a)(1) by time", elements(element(free, "TIME 6")), nevi, []string{"error nevi_energy /elements"}},
		{"680.116(a)(2) by time of day", elements(element(night, "ENERGY 0.3"), element(free, "ENERGY 0.5")), nevi, []string{"error nevi_not_fixed /elements/0/price_components/0"}},
		{"680.116(a)(2) spot price", spot, nevi, []string{"error nevi_not_fixed /extras/0"}},
		{"680.116(a)(3) a start fee beside it", elements(element(free, "ENERGY 0.5", "FLAT 1")), nevi, nil},
		{"680.116(a)(3) a fee for staying on", elements(element(free, "ENERGY 0.5"), element(rating.Restrictions{MinDuration: new(int64(3600))}, "PARKING_TIME 6")), nevi, nil},
		{"680.116 elsewhere in the States", elements(element(free, "TIME 6")), tariff.LintFor{Country: "US"}, nil},
		{"UK 11 per kWh", kingdom(element(free, "ENERGY 0.5", "PARKING_TIME 6")), tariff.LintFor{Country: "GB"}, nil},
		{"UK 11 in euros", plain, tariff.LintFor{Country: "GB"}, []string{"warning uk_currency /currency"}},
		{"UK 11 by time", kingdom(element(free, "TIME 6")), tariff.LintFor{Country: "GB"}, []string{"error uk_pence_per_kwh /elements", "warning uk_total_per_kwh /elements/0/price_components/0"}},
		{"UK 11 with a start fee", kingdom(element(free, "ENERGY 0.5", "FLAT 1")), tariff.LintFor{Country: "GB"}, []string{"warning uk_total_per_kwh /elements/0/price_components/1"}},
		{"PAngV 14 by time, ad hoc", elements(element(free, "TIME 6")), tariff.LintFor{AdHoc: true, Power: 11_000, Country: "DE", Clock: true}, []string{"error pangv_energy /elements"}},
		{"PAngV 14 by time, with a contract", elements(element(free, "TIME 6")), tariff.LintFor{Country: "DE", Clock: true}, nil},
		{"PAngV 14 a start fee beside it", elements(element(free, "ENERGY 0.5", "FLAT 1")), tariff.LintFor{AdHoc: true, Power: 11_000, Country: "DE"}, []string{"hint eichrecht_energy /certified"}},
		{"MessEG 33(1) energy that is proven", certified(elements(element(free, "ENERGY 0.5"))), tariff.LintFor{AdHoc: true, Power: 11_000, Country: "DE"}, nil},
		{"energy that is proven and costs nothing", certified(elements(element(free, "FLAT 5"))), tariff.LintFor{}, []string{"warning certified_none /certified"}},
		{"MessEG 33(1) energy alone", elements(element(free, "ENERGY 0.5")), tariff.LintFor{Country: "DE"}, nil},
		{"MessEG 33(1) parking", plain, tariff.LintFor{Country: "DE"}, []string{"error eichrecht_clock /elements/0/price_components/1"}},
		{"MessEG 33(1) idle fee", idle, tariff.LintFor{Country: "DE"}, []string{"error eichrecht_clock /elements/0/price_components/1", "error eichrecht_clock /extras/0"}},
		{"MessEG 33(1) a certified clock", idle, tariff.LintFor{Country: "DE", Clock: true}, nil},
		{"MessEG 33(1) dearer after an hour", elements(element(rating.Restrictions{MinDuration: new(int64(3600))}, "ENERGY 0.9"), element(free, "ENERGY 0.5")), tariff.LintFor{Country: "DE"}, []string{"warning eichrecht_duration /elements/0/restrictions"}},
		{"T12 no rate of tax", untaxed, tariff.LintFor{}, []string{"error vat_missing /elements/0/price_components/0"}},
		{"T12 a tax profile", profiled, tariff.LintFor{}, nil},
		{"T12 no tax", none, tariff.LintFor{}, nil},
		{"2011/83/EU 5(1)(c) prices without tax", net, fast, []string{"hint net_prices /tax_included"}},
		{"T02 steps differ", elements(element(night, "ENERGY 0.3/100"), element(free, "ENERGY 0.5")), tariff.LintFor{}, []string{"warning step_differs /elements/1/price_components/0/step_size"}},
		{"T15 parking's step", elements(element(free, "TIME 3/60", "PARKING_TIME 6/30")), tariff.LintFor{}, []string{"warning step_parking /elements/0/price_components/1/step_size"}},
		{"a step of a kWh", elements(element(free, "ENERGY 0.5/1000")), tariff.LintFor{}, []string{"warning step_large /elements/0/price_components/0/step_size"}},
		{"a large step of nothing", elements(element(free, "ENERGY 0/1000")), tariff.LintFor{}, nil},
		{"no such zone", plain, tariff.LintFor{Zone: "Europe/Nowhere"}, []string{"warning zone_unknown "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.terms.Check(); err != nil {
				t.Fatal(err)
			}
			if got := told(tariff.Lint(&c.terms, c.about)); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Who is told of a law is told where it stands.
func TestLawsAreCited(t *testing.T) {
	for code, want := range map[tariff.Code]string{
		tariff.AFIREnergy: "2023/1804, Article 5(4)", tariff.AFIRTime: "2023/1804, Article 5(4)", tariff.AFIRFlat: "2023/1804, Article 5(4)", tariff.AFIRLeast: "2023/1804, Article 5(4)",
		tariff.AFIROrder: "2023/1804, Article 5(4)", tariff.AFIRPower: "2023/1804, Article 5(4)", tariff.NEVIEnergy: "23 CFR 680.116(a)(1)", tariff.NEVIFixed: "23 CFR 680.116(a)(2)",
		tariff.UKPence: "regulation 11", tariff.UKTotal: "regulation 11", tariff.UKCurrency: "regulation 11", tariff.NetPrices: "Directive 2011/83/EU, Article 5(1)(c)",
		tariff.GermanEnergy: "section 14(2) and (4)", tariff.EichrechtClock: "section 33(1)", tariff.EichrechtLength: "section 33(1)",
		tariff.EichrechtEnergy: "MessEG section 33",
	} {
		n := tariff.Notice{Code: code}
		if got := n.Words(); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q in it", code, got, want)
		}
	}
}

// told returns notices as texts, and none whose words lack something.
func told(notices []tariff.Notice) []string {
	var out []string
	for _, n := range notices {
		if words := n.Words(); words == string(n.Code) || strings.ContainsAny(words, "{}") {
			out = append(out, "no words: "+words)
		}
		out = append(out, fmt.Sprint(n.Severity, " ", n.Code, " ", n.Pointer))
	}
	return out
}

// kwh, lasting, drawing … are restrictions of one quantity each.
func kwh(least, most string) rating.Restrictions {
	return rating.Restrictions{MinKWh: bound(least), MaxKWh: bound(most)}
}

func drawing(least, most string) rating.Restrictions {
	return rating.Restrictions{MinPower: bound(least), MaxPower: bound(most)}
}

func hours(start, end string, days ...time.Weekday) rating.Restrictions {
	return rating.Restrictions{StartTime: start, EndTime: end, Days: days}
}

func dates(start, end string, days ...time.Weekday) rating.Restrictions {
	return rating.Restrictions{StartDate: start, EndDate: end, Days: days}
}

func bound(text string) *decimal.Decimal {
	if text == "" {
		return nil
	}
	return new(dec(text))
}

func TestCoverage(t *testing.T) {
	week := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	reserve := func(kind rating.Reserved) rating.Restrictions { return rating.Restrictions{Reservation: kind} }
	for _, c := range []struct {
		name  string
		terms tariff.Terms
		want  []string
		words string // of the first notice
	}{
		{"tiers that meet", elements(element(kwh("", "10"), "ENERGY 0.3"), element(kwh("10", ""), "ENERGY 0.5")), nil, ""},
		{"tiers with a gap", elements(element(kwh("", "10"), "ENERGY 0.3"), element(kwh("10.5", ""), "ENERGY 0.5")), []string{"warning gap /elements"}, "Charging has no price, and costs nothing, from 10 kWh, below 10.5 kWh."},
		{"tiers that cross", elements(element(kwh("", "11"), "ENERGY 0.3"), element(kwh("10", ""), "ENERGY 0.5")), []string{"warning overlap /elements/1/price_components/0"}, "Where this element and element 0 both apply, their prices differ, and that of element 0 is taken because it comes first."},
		{"tiers that cross at one price", elements(element(kwh("", "11"), "ENERGY 0.3"), element(kwh("10", ""), "ENERGY 0.30")), nil, ""},
		{"day and night", elements(element(hours("06:00", "22:00"), "ENERGY 0.5"), element(hours("22:00", "06:00"), "ENERGY 0.3")), nil, ""},
		{"until midnight and after", elements(element(hours("", "06:00"), "ENERGY 0.3"), element(hours("06:00", "00:00"), "ENERGY 0.5")), nil, ""},
		{"an hour left out", elements(element(hours("06:00", "21:00"), "ENERGY 0.5"), element(hours("22:00", "06:00"), "ENERGY 0.3")), []string{"warning gap /elements"}, "Charging has no price, and costs nothing, from 21:00, until 22:00."},
		{"an exception and the rule", elements(element(hours("18:00", "20:00"), "ENERGY 0.9"), element(free, "ENERGY 0.5")), nil, ""},
		{"the rule before its exception", elements(element(free, "ENERGY 0.5"), element(hours("18:00", "20:00"), "ENERGY 0.9")), []string{"warning unreachable /elements/1/price_components/0"}, ""},
		{"a part of an element is reached", elements(element(free, "ENERGY 0.5"), element(free, "ENERGY 0.9", "FLAT 1")), []string{"warning unreachable /elements/1/price_components/0"}, ""},
		{"reached by nobody together", elements(element(hours("", "12:00"), "ENERGY 0.5"), element(hours("12:00", ""), "ENERGY 0.6"), element(free, "ENERGY 0.7")), []string{"warning unreachable /elements/2/price_components/0"}, ""},
		{"the week and Saturday", elements(element(hours("", "", week...), "ENERGY 0.5"), element(hours("", "", time.Saturday), "ENERGY 0.3")), []string{"warning gap /elements"}, "Charging has no price, and costs nothing, on SUNDAY."},
		{"energy by day, time by night", elements(element(hours("06:00", "22:00"), "ENERGY 0.5"), element(hours("22:00", "06:00"), "TIME 1")), nil, ""},
		{"parking after a while", elements(element(free, "ENERGY 0.5"), element(rating.Restrictions{MinDuration: new(int64(3600))}, "PARKING_TIME 6")), nil, ""},
		{"no price but for parking", elements(element(rating.Restrictions{MinDuration: new(int64(3600))}, "PARKING_TIME 6")), nil, ""},
		{"power and nothing else", elements(element(drawing("", "16"), "ENERGY 0.2"), element(drawing("16", ""), "ENERGY 0.5")), []string{"warning gap /elements"}, "Charging has no price, and costs nothing, where the station does not report the power, or it crosses a limit."},
		{"power and a rule", elements(element(drawing("", "16"), "ENERGY 0.2"), element(free, "ENERGY 0.5")), nil, ""},
		{"a day that is no Monday", elements(element(dates("2026-03-03", "2026-03-04", time.Monday), "ENERGY 0.2"), element(free, "ENERGY 0.5")), []string{"warning unreachable /elements/0/price_components/0"}, ""},
		{"a Monday", elements(element(dates("2026-03-02", "2026-03-03", time.Monday), "ENERGY 0.2"), element(free, "ENERGY 0.5")), nil, ""},
		{"what is over", elements(element(dates("2025-03-02", "2025-03-03"), "ENERGY 0.2"), element(free, "ENERGY 0.5")), []string{"warning unreachable /elements/0/price_components/0"}, ""},
		{"until the end of a year", elements(element(dates("2025-01-01", "2027-01-01"), "ENERGY 0.2")), []string{"warning gap /elements"}, "Charging has no price, and costs nothing, from 2027-01-01."},
		{"a reservation", elements(element(reserve(rating.ReservedUsed), "TIME 3"), element(free, "ENERGY 0.5")), nil, ""},
		{"one that expires, in any order", elements(element(reserve(rating.ReservedUsed), "TIME 3"), element(reserve(rating.ReservedExpired), "TIME 6", "FLAT 4"), element(free, "ENERGY 0.5")), nil, ""},
		{"a second price of a reservation", elements(element(reserve(rating.ReservedUsed), "TIME 3"), element(reserve(rating.ReservedUsed), "TIME 4"), element(free, "ENERGY 0.5")), []string{"warning unreachable /elements/1/price_components/0"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.terms.Check(); err != nil {
				t.Fatal(err)
			}
			notices := tariff.Lint(&c.terms, tariff.LintFor{From: noon})
			if got := told(notices); !slices.Equal(got, c.want) {
				t.Fatalf("got %q, want %q", got, c.want)
			}
			if c.words != "" && notices[0].Words() != c.words {
				t.Errorf("got %q, want %q", notices[0].Words(), c.words)
			}
		})
	}
}

// A tariff that would take long to look at is not looked at, and that is said.
func TestTooManyCases(t *testing.T) {
	var all []rating.Element
	for i := range 100 {
		all = append(all, element(kwh(fmt.Sprint(i+1), ""), "ENERGY 0.5"), element(drawing(fmt.Sprint(i+1), ""), "ENERGY 0.5"), element(rating.Restrictions{MinDuration: new(int64(i + 1))}, "ENERGY 0.5"))
	}
	terms := elements(all...)
	if got := told(tariff.Lint(&terms, tariff.LintFor{})); !slices.Equal(got, []string{"hint too_many_cases /elements"}) {
		t.Errorf("got %q", got)
	}
}

// In Amsterdam the clocks go from 3:00 back to 2:00 on 25 October 2026, and from 2:00 to
// 3:00 on 28 March 2027 (a year from noon of 2 March has 29 March 2026 instead).
func TestClockChanges(t *testing.T) {
	for _, c := range []struct {
		name string
		when rating.Restrictions
		want []string
	}{
		{"far from the night", hours("08:00", "20:00"), nil},
		{"at the ends of the hour", hours("03:00", "02:00"), nil},
		{"within the hour", hours("02:30", "06:00"), []string{"hint clock_edge /elements/0/restrictions/start_time"}},
		{"the end within the hour", hours("00:00", "02:15"), []string{"hint clock_edge /elements/0/restrictions/end_time"}},
		{"the hour", hours("02:00", "03:00"), []string{"hint clock_skipped /elements/0/restrictions", "hint clock_repeated /elements/0/restrictions"}},
		{"not on a Sunday", hours("02:30", "06:00", time.Saturday), nil},
		{"until the day before", rating.Restrictions{StartTime: "02:30", EndDate: "2026-10-25"}, nil},
		{"until that day", rating.Restrictions{StartTime: "02:30", EndDate: "2026-10-26"}, []string{"hint clock_edge /elements/0/restrictions/start_time"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			terms := elements(element(c.when, "ENERGY 0.3"), element(free, "ENERGY 0.5"))
			if got := told(tariff.Lint(&terms, tariff.LintFor{From: noon, Zone: "Europe/Amsterdam"})); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	// In São Paulo they went back at midnight: the last hour of 17 February 2018 came twice.
	terms := elements(element(hours("23:00", "00:00"), "ENERGY 0.3"), element(hours("23:30", ""), "ENERGY 0.4"), element(free, "ENERGY 0.5"))
	got := tariff.Lint(&terms, tariff.LintFor{From: noon.AddDate(-8, -2, 0), Zone: "America/Sao_Paulo"})
	want := []string{"warning unreachable /elements/1/price_components/0", "hint clock_repeated /elements/0/restrictions", "hint clock_edge /elements/1/restrictions/start_time"}
	if !slices.Equal(told(got), want) || len(got) == 3 && !strings.HasPrefix(got[2].Words(), "On 2018-02-17 the clock shows 23:30 twice") {
		t.Errorf("got %q, want %q: %+v", told(got), want, got)
	}
}
