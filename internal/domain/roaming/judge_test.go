package roaming_test

import (
	"testing"
	"time"

	"pylon/internal/domain/roaming"
	"pylon/internal/domain/tariff/swift"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
)

// charged is a CDR of ours of 10 kWh at 0.50, an hour, and what it comes to.
func charged(t *testing.T) (c, ours *trade.CDR) {
	t.Helper()
	vat, energy, hour := decimal.FromInt(19, 0), decimal.FromInt(10, 0), decimal.FromInt(3600, 0)
	start := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	c, _ = cdrOf(t, &rating.Question{
		Zone: "Europe/Berlin",
		Tariff: rating.Tariff{Currency: "EUR", TaxIncluded: rating.TaxNo, Elements: []rating.Element{{Components: []rating.Component{
			{Dimension: rating.Energy, Price: decimal.FromInt(50, 2), VAT: &vat, StepSize: 1}, {Dimension: rating.Flat, Price: decimal.FromInt(1, 0), VAT: &vat},
		}}}},
		Session: rating.Session{Start: start, End: start.Add(time.Hour), Periods: []rating.Period{{Start: start, Energy: &energy, Charging: &hour}}},
	})
	ours, err := roaming.Recompute(c, "Europe/Berlin", swift.Rate)
	if err != nil {
		t.Fatal(err)
	}
	return c, ours
}

// T25: a minor unit for each part is let pass; what is more is talked about, and what is
// too much is not paid.
func TestJudge(t *testing.T) {
	cents := func(n int64) decimal.Decimal { return decimal.FromInt(n, 2) }
	total := func(n int64) func(*trade.CDR) {
		return func(c *trade.CDR) { c.Total = trade.Price{Excl: cents(n)} }
	}
	tests := []struct {
		name  string
		wrong func(c *trade.CDR)
		over  int64 // per cent
		want  roaming.Verdict
		apart int
	}{
		{"as it is", func(*trade.CDR) {}, 0, roaming.Accept, 0},
		{"a minor unit for each of two parts", total(602), 0, roaming.Accept, 0},
		{"as much less", total(598), 0, roaming.Accept, 0},
		{"one more", total(603), 5, roaming.AcceptDispute, 1},
		{"one more, and nothing over ours is paid", total(603), 0, roaming.Refuse, 1},
		{"less than we come to", total(500), 0, roaming.AcceptDispute, 1},
		{"just as much as is agreed", total(630), 5, roaming.AcceptDispute, 1},
		{"a cent over it", total(631), 5, roaming.Refuse, 1},
		{"a part by itself", func(c *trade.CDR) { c.FixedCost, c.EnergyCost = c.EnergyCost, c.FixedCost }, 0, roaming.AcceptDispute, 2},
		{"less than nothing", total(-1), 0, roaming.Refuse, 1},
		{"it ends before it starts", func(c *trade.CDR) { c.End = c.Start.Add(-time.Second) }, 0, roaming.Refuse, 0},
		{"a tariff in another currency", func(c *trade.CDR) { c.Currency = "SEK" }, 0, roaming.Refuse, 0},
		{"energy that the periods do not have", func(c *trade.CDR) { c.Energy = decimal.FromInt(11, 0) }, 0, roaming.AcceptDispute, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, ours := charged(t)
			tt.wrong(c)
			got := roaming.Judge(c, ours, decimal.FromInt(tt.over, 0))
			if got.Verdict != tt.want || len(got.Apart) != tt.apart {
				t.Errorf("got %+v, want %s with %d apart", got, tt.want, tt.apart)
			}
		})
	}
	c, _ := charged(t)
	if got := roaming.Judge(c, nil, decimal.Decimal{}); got.Verdict != roaming.AcceptDispute {
		t.Errorf("nobody could recompute it: got %+v", got)
	}
}

func TestRecomputeRefuses(t *testing.T) {
	for name, wrong := range map[string]func(c *trade.CDR){
		"a credit":    func(c *trade.CDR) { c.Credits = "other" },
		"no tariff":   func(c *trade.CDR) { c.Tariffs = nil },
		"two tariffs": func(c *trade.CDR) { c.Periods[0].Tariff = "other" },
		"before all times": func(c *trade.CDR) {
			c.Tariffs[0].Prices.Elements = append(c.Tariffs[0].Prices.Elements, rating.Element{})
			c.Start = time.Time{}
		},
	} {
		c, _ := charged(t)
		wrong(c)
		if got, err := roaming.Recompute(c, "Europe/Berlin", swift.Rate); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %+v, %v, want it refused", name, got, err)
		}
	}
}

// What is told of a token is its uid, as long as there is one.
func TestTold(t *testing.T) {
	c, _ := charged(t)
	c.Token.UID = ""
	kept := roaming.Kept{CDR: *c}
	if got := kept.Told("04A1"); got.Token.UID != "04A1" || kept.CDR.Token.UID != "" {
		t.Errorf("got %+v, and kept %+v", got.Token, kept.CDR.Token)
	}
	if got := kept.Told(""); got.Token.UID != trade.NotAvailable {
		t.Errorf("of one that is no more: got %+v", got.Token)
	}
}
