package host_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/host"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/tariff/swift"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

func dec(text string) decimal.Decimal {
	d, err := decimal.Parse(text)
	if err != nil {
		panic("a decimal of the tests: " + text)
	}
	return d
}

func TestShare(t *testing.T) {
	of := func(class ledger.Class, rate string) host.Percent { return host.Percent{Class: class, Rate: dec(rate)} }
	tests := []struct {
		name     string
		terms    host.Terms
		in       host.Income
		energy   unit.MilliWattHour
		currency money.Currency
		want     int64
	}{
		{"a part of the energy", host.Terms{Percents: []host.Percent{of(ledger.Energy, "20")}}, host.Income{Energy: 500, Time: 100}, 0, "EUR", 100},
		{"half goes away from zero", host.Terms{Percents: []host.Percent{of(ledger.Energy, "50")}}, host.Income{Energy: 1}, 0, "EUR", 1},
		{"below half goes down", host.Terms{Percents: []host.Percent{of(ledger.Energy, "49.999")}}, host.Income{Energy: 1}, 0, "EUR", 0},
		{"rounded once, not class by class", host.Terms{Percents: []host.Percent{of(ledger.Energy, "40"), of(ledger.Time, "40")}}, host.Income{Energy: 1, Time: 1}, 0, "EUR", 1},
		{"by the kilowatt-hour", host.Terms{PerKWh: new(dec("0.015"))}, host.Income{Energy: 900}, 12_345_000, "EUR", 19},
		{"of yen", host.Terms{PerKWh: new(dec("3"))}, host.Income{Energy: 900}, 12_500_000, "JPY", 0}, // agreed in euros
		{"no more than the net", host.Terms{PerKWh: new(dec("1"))}, host.Income{Energy: 900, Fixed: -400}, 12_000_000, "EUR", 500},
		{"but where that was agreed", host.Terms{PerKWh: new(dec("1")), Beyond: true}, host.Income{Energy: 900, Fixed: -400}, 12_000_000, "EUR", 1200},
		{"never less than nothing", host.Terms{Percents: []host.Percent{of(ledger.Fixed, "50")}, Beyond: true}, host.Income{Fixed: -400}, 0, "EUR", 0},
		{"of nothing", host.Terms{Percents: []host.Percent{of(ledger.Energy, "50")}}, host.Income{}, 0, "EUR", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.terms.Share(tt.in, tt.energy, tt.currency, "EUR")
			if err != nil || got != tt.want {
				t.Errorf("got %d, %v, want %d", got, err, tt.want)
			}
		})
	}
}

// An earning and its mirror come to nothing, whatever it is.
func TestMirror(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(-1_000_000, 1_000_000)
		e := host.Earning{
			Energy: unit.MilliWattHour(n.Draw(t, "energy")), Cost: n.Draw(t, "cost"), Share: n.Draw(t, "share"),
			Income: host.Income{Energy: n.Draw(t, "e"), Time: n.Draw(t, "t"), Parking: n.Draw(t, "p"), Fixed: n.Draw(t, "f"), Reservation: n.Draw(t, "r")},
		}
		back := e.TakenBack(time.Unix(1, 0))
		if e.Energy+back.Energy != 0 || e.Cost+back.Cost != 0 || e.Share+back.Share != 0 || e.Income.Net()+back.Income.Net() != 0 || e.Sessions()+back.Sessions() != 0 {
			t.Errorf("got %+v and %+v", e, back)
		}
	})
}

func TestTerms(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 5, n, 0, 0, 0, 0, time.UTC) }
	first, second, open := host.Term{From: day(1), Until: day(10)}, host.Term{From: day(10), Until: day(20)}, host.Term{From: day(19)}
	if first.Meets(second) || !second.Meets(open) || !open.Meets(second) || first.Meets(open) {
		t.Error("an end and a beginning at one moment do not meet, and what has no end meets all behind it")
	}
	if !first.Holds(day(1)) || first.Holds(day(10)) || !open.Holds(day(31)) {
		t.Error("starts are inclusive, ends exclusive")
	}
	if _, err := first.End(day(11)); !fault.Is(err, fault.Invalid) {
		t.Errorf("a longer term: got %v, want it refused", err)
	}
	if _, err := first.End(time.Time{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a term without an end: got %v, want it refused", err)
	}
	if got, err := open.End(day(20)); err != nil || got.Until != day(20) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// The energy of a session costs what the series says of its hours, its fallback where it says nothing, and its losses.
func TestCost(t *testing.T) {
	noon := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	registers := func(at time.Time, mwh unit.MilliWattHour) rating.Reading { return rating.Reading{At: at, Energy: &mwh} }
	session := rating.Session{Start: noon, End: noon.Add(2 * time.Hour), Timeline: &rating.Timeline{
		Spans:    []rating.Span{{State: rating.Charging, From: noon, To: noon.Add(2 * time.Hour)}},
		Readings: []rating.Reading{registers(noon, 0), registers(noon.Add(time.Hour), 6_000_000), registers(noon.Add(2*time.Hour), 10_000_000)},
	}}
	points := []rating.Point{{From: noon.Add(-time.Hour), Value: dec("0.10")}}
	tests := []struct {
		name   string
		price  host.EnergyPrice
		points []rating.Point
		want   int64
	}{
		{"fixed", host.EnergyPrice{Currency: "EUR", PerKWh: dec("0.20")}, nil, 2_000_000},
		{"with losses", host.EnergyPrice{Currency: "EUR", PerKWh: dec("0.20"), Losses: dec("2.5")}, nil, 2_050_000},
		{"a series for the first hour", host.EnergyPrice{Currency: "EUR", PerKWh: dec("0.20"), Series: "spot"}, points, 6*100_000 + 4*200_000},
		{"and a markup on it", host.EnergyPrice{Currency: "EUR", PerKWh: dec("0.20"), Series: "spot", MarkupPercent: dec("50"), Markup: dec("0.01")}, points, 6*160_000 + 4*200_000},
		{"a series that says nothing", host.EnergyPrice{Currency: "EUR", PerKWh: dec("0.20"), Series: "spot"}, nil, 2_000_000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.price.Cost(&session, 10_000_000, swift.Rate, tt.points, noon.Add(time.Hour))
			if err != nil || got != tt.want {
				t.Errorf("got %d, %v, want %d", got, err, tt.want)
			}
		})
	}
}

// month is a settlement of May with one site in Berlin.
func month(terms host.Terms, term host.Term, tallies ...host.Tally) *host.Month {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	for i := range tallies {
		tallies[i].Agreement, tallies[i].Site, tallies[i].Version = "agr_a", "sit_a", 1
	}
	return &host.Month{
		Now:   time.Date(2026, 6, 4, 0, 0, 0, 0, time.UTC),
		Host:  host.Host{ID: "hst_a", Organisation: "org_a", Currency: "EUR", Tax: host.Taxed, Rate: dec("19"), Party: billing.Party{Name: "Host", Country: "DE"}, Language: "en"},
		Month: "2026-05", Currency: "EUR", Tallies: tallies,
		Agreements: []host.Agreement{{ID: "agr_a", Host: "hst_a", Site: "sit_a", Term: term, Terms: terms}},
		Places:     map[ident.SiteID]host.Place{"sit_a": {Name: "Yard", Zone: zone}},
	}
}

func TestSettle(t *testing.T) {
	always := host.Term{From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	from20 := host.Term{From: time.Date(2026, 5, 19, 22, 0, 0, 0, time.UTC)} // the 20th in Berlin: 12 of 31 days
	tests := []struct {
		name    string
		month   *host.Month
		share   int64
		beside  int64
		total   int64
		tallies int
	}{
		{"shares", month(host.Terms{}, always, host.Tally{Month: "2026-05", Share: 1000}), 1000, 0, 1190, 1},
		{"of a month before, too", month(host.Terms{}, always, host.Tally{Month: "2026-05", Share: 1000}, host.Tally{Month: "2026-04", Share: -100}), 900, 0, 1071, 2},
		{"less than nothing is carried", month(host.Terms{}, always, host.Tally{Month: "2026-05", Share: -1}), 0, 0, 0, 0},
		{"and what was fixed is paid", month(host.Terms{Fixed: 5000}, always, host.Tally{Month: "2026-05", Share: -1}), 0, 5000, 5950, 0},
		{"fixed", month(host.Terms{Fixed: 5000}, always, host.Tally{Month: "2026-05", Share: 1000}), 1000, 5000, 7140, 1},
		{"fixed for some days", month(host.Terms{Fixed: 3100}, from20), 0, 1200, 1428, 0},
		{"a half is rounded up", month(host.Terms{Fixed: 1}, host.Term{From: time.Date(2026, 5, 15, 22, 0, 0, 0, time.UTC)}), 0, 1, 1, 0},
		{"the least", month(host.Terms{Least: 1500}, always, host.Tally{Month: "2026-05", Share: 1000}), 1000, 500, 1785, 1},
		{"the least is reached", month(host.Terms{Least: 1000, Fixed: 1}, always, host.Tally{Month: "2026-05", Share: 1000}), 1000, 1, 1191, 1},
		{"the least looks at its own month", month(host.Terms{Least: 1500}, always, host.Tally{Month: "2026-04", Share: 1000}), 1000, 1500, 2975, 1},
		{"nothing", month(host.Terms{}, always), 0, 0, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := host.Settle(tt.month)
			if err != nil {
				t.Fatal(err)
			}
			if tt.total == 0 {
				if out.Settlement != nil {
					t.Errorf("got %+v, want none", out.Settlement)
				}
				return
			}
			s := out.Settlement
			if s == nil || s.Share != tt.share || s.Beside != tt.beside || s.Document.Total != tt.total || len(out.Tallies) != tt.tallies {
				t.Fatalf("got %+v, %d tallies, want share %d, beside %d, total %d, %d tallies", s, len(out.Tallies), tt.share, tt.beside, tt.total, tt.tallies)
			}
			if err := out.Journal.Validate(); err != nil {
				t.Errorf("its journal: %v", err)
			}
			var moved int64
			for _, c := range out.Journal.Changes() {
				if c.Account.Class == ledger.PayableSettled {
					moved = -c.Amount
				}
			}
			if moved != tt.total {
				t.Errorf("the books have %d, the document %d", moved, tt.total)
			}
			for _, tally := range out.Tallies {
				if tally.Settlement != s.ID || tally.Version != 2 {
					t.Errorf("tally: got %+v, want it closed", tally)
				}
			}
		})
	}
}

// What days of a month the parts of two agreements that follow each other have, comes to all of them.
func TestPartsOfAMonth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 5, rapid.IntRange(1, 31).Draw(t, "day"), 0, 0, 0, 0, zone)
		fixed := rapid.Int64Range(0, 1_000_000).Draw(t, "fixed")
		var sum int64
		for _, term := range []host.Term{{From: time.Date(2026, 1, 1, 0, 0, 0, 0, zone), Until: at}, {From: at}} {
			out, err := host.Settle(month(host.Terms{Fixed: fixed}, term))
			if err != nil {
				t.Fatal(err)
			}
			if out.Settlement != nil {
				sum += out.Settlement.Beside
			}
		}
		if off := sum - fixed; off < -1 || off > 1 { // each part is rounded
			t.Errorf("the parts come to %d of %d", sum, fixed)
		}
	})
}

func TestPay(t *testing.T) {
	out, err := host.Settle(month(host.Terms{Fixed: 10000}, host.Term{From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}))
	if err != nil {
		t.Fatal(err)
	}
	s, now := *out.Settlement, time.Date(2026, 6, 5, 0, 0, 0, 0, time.UTC)
	for _, wrong := range []host.Payment{{Bank: "giro"}, {Bank: "giro", Amount: -1}, {Bank: "giro", Amount: 11901}, {Amount: 1}, {Bank: "a b", Amount: 1}} {
		if _, _, err := s.Pay(now, wrong); err == nil {
			t.Errorf("%+v: got no error", wrong)
		}
	}
	paid, j, err := s.Pay(now, host.Payment{Bank: "giro", Amount: 11900, At: now})
	if err != nil || paid.Paid() != 11900 || j.Validate() != nil || j.Revision != 1 || paid.Version != 2 {
		t.Errorf("got %+v, %+v, %v", paid, j, err)
	}
	if _, _, err := paid.Pay(now, host.Payment{Bank: "giro", Amount: 1, At: now}); fault.CodeOf(err) != "settlement_overpaid" {
		t.Errorf("more than all: got %v", err)
	}
	if s.Paid() != 0 {
		t.Error("the settlement before it was changed")
	}
}

func TestMarginLeft(t *testing.T) {
	m := host.Margin{Currency: "EUR", Income: host.Income{Energy: 1000, Fixed: 50}, Cost: 2_005_000, Share: 100, Fees: 7}
	cost, err := m.CostMinor()
	if err != nil || cost != 201 { // 2.005 is half a cent over 2.00
		t.Errorf("cost: got %d, %v, want 201", cost, err)
	}
	if left, err := m.Left(); err != nil || left != 1050-201-100-7 {
		t.Errorf("left: got %d, %v", left, err)
	}
}
