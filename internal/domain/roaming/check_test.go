package roaming_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"pylon/internal/domain/roaming"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
	"pylon/internal/wire/ocpi"
	"pylon/internal/wire/ocpi230"
)

// dec returns the decimal that text is.
func dec(text string) decimal.Decimal {
	d, err := decimal.Parse(text)
	if err != nil {
		panic(err)
	}
	return d
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}

// visit is a reservation that was used, an hour of charging, ten minutes held back by us, and twenty of parking.
func visit() *rating.Question {
	vat := new(dec("20"))
	component := func(dimension rating.Dimension, price string) rating.Component {
		return rating.Component{Dimension: dimension, Price: dec(price), VAT: vat, StepSize: 1}
	}
	return &rating.Question{
		Zone: "Europe/Amsterdam",
		Tariff: rating.Tariff{Currency: "EUR", TaxIncluded: rating.TaxNo, Elements: []rating.Element{
			{
				Components:   []rating.Component{component(rating.Flat, "2.00"), component(rating.Time, "5.00")},
				Restrictions: rating.Restrictions{Reservation: rating.ReservedUsed},
			},
			{Components: []rating.Component{
				component(rating.Flat, "0.50"), component(rating.Energy, "0.3333"), component(rating.Time, "1.00"),
				{Dimension: rating.ParkingTime, Price: dec("6"), VAT: new(dec("9")), StepSize: 1},
			}},
		}},
		Session: rating.Session{
			Start: at("2024-01-15T09:15:00Z"), End: at("2024-01-15T10:45:00Z"),
			Reservation: &rating.Reservation{Start: at("2024-01-15T09:00:00Z"), End: at("2024-01-15T09:10:00Z")},
			Periods: []rating.Period{
				{Start: at("2024-01-15T09:15:00Z"), Energy: new(dec("7.00004")), Charging: new(dec("3600")), MaxPower: new(dec("11"))},
				{Start: at("2024-01-15T10:15:00Z"), Energy: new(dec("0.00004"))}, // held back
				{Start: at("2024-01-15T10:25:00Z"), Energy: new(dec("0.00004")), Parking: new(dec("1200"))},
			},
		},
	}
}

func TestCDR(t *testing.T) {
	c, _ := cdrOf(t, visit())
	const want = `{"party":{"country_code":"NL","party_id":"PYL"},"id":"cdr_01JD3K6X5M8Q2V7T9WBNCRFHYZ",` +
		`"start":"2024-01-15T09:00:00Z","end":"2024-01-15T10:45:00Z","session":"ses_01JD3K6X5M8Q2V7T9WBNCRFHYZ",` +
		`"periods":[` +
		`{"start":"2024-01-15T09:00:00Z","volumes":[{"dimension":"RESERVATION_TIME","amount":0.1667}],"tariff":"12"},` +
		`{"start":"2024-01-15T09:15:00Z","volumes":[{"dimension":"ENERGY","amount":7.0000},{"dimension":"TIME","amount":1.0000},{"dimension":"MAX_POWER","amount":11.0000}],"tariff":"12"},` +
		`{"start":"2024-01-15T10:15:00Z","volumes":[{"dimension":"ENERGY","amount":0.0001}],"tariff":"12"},` +
		`{"start":"2024-01-15T10:25:00Z","volumes":[{"dimension":"ENERGY","amount":0.0000},{"dimension":"PARKING_TIME","amount":0.3333}],"tariff":"12"}],` +
		// 2.8333 reservation, 0.5 fixed, 7.001 kWh (a step is 1 Wh) at 0.3333, 1 time, 2 parking
		`"total":{"excl":8.6668,"incl":10.1801,"taxes":[{"name":"VAT","percentage":9,"amount":0.1800},{"name":"VAT","percentage":20,"amount":1.3333}]},` +
		`"fixed_cost":{"excl":0.5000,"incl":0.6000,"taxes":[{"name":"VAT","percentage":20,"amount":0.1000}]},` +
		`"energy_cost":{"excl":2.3334,"incl":2.8001,"taxes":[{"name":"VAT","percentage":20,"amount":0.4667}]},` +
		`"time_cost":{"excl":1.0000,"incl":1.2000,"taxes":[{"name":"VAT","percentage":20,"amount":0.2000}]},` +
		`"parking_cost":{"excl":2.0000,"incl":2.1800,"taxes":[{"name":"VAT","percentage":9,"amount":0.1800}]},` +
		`"reservation_cost":{"excl":2.8333,"incl":3.4000,"taxes":[{"name":"VAT","percentage":20,"amount":0.5667}]},` +
		`"energy_kwh":7.0001,"time_h":1.5000,"parking_time_h":0.3333,"updated_at":"2024-02-01T10:00:00.123Z"}`
	got := *c
	got.Token, got.Location, got.Tariffs, got.Signed = trade.Token{}, trade.Location{}, nil, nil
	got.AuthMethod, got.AuthorizationReference, got.Meter, got.Currency, got.Invoice = "", "", "", "", ""
	var there trade.CDR
	unmarshal(t, want, &there)
	if g, w := text(t, &got), text(t, &there); g != w {
		t.Errorf("got:\n%s\nwant:\n%s", g, w)
	}
}

func TestCredit(t *testing.T) {
	c, _ := cdrOf(t, visit())
	before := text(t, c)
	credit, err := roaming.Credit(c, at("2024-03-01T00:00:00Z"))
	if err != nil {
		t.Fatal(err)
	}
	want := *c
	want.ID, want.Credits, want.UpdatedAt = c.ID+"-C", c.ID, at("2024-03-01T00:00:00Z")
	want.Total = trade.Price{Excl: dec("-8.6668"), Incl: new(dec("-10.1801")), Taxes: []trade.Tax{
		{Name: "VAT", Percentage: new(dec("9")), Amount: dec("-0.1800")}, {Name: "VAT", Percentage: new(dec("20")), Amount: dec("-1.3333")},
	}}
	if got, want := text(t, credit), text(t, &want); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if got := text(t, c); got != before {
		t.Errorf("the CDR itself has changed: %s", got)
	}
	if len(credit.ID) > 36 {
		t.Errorf("%s has more than the 36 characters of invoices", credit.ID)
	}
	if _, err := roaming.Credit(credit, credit.UpdatedAt); !fault.Is(err, fault.Conflict) {
		t.Errorf("credit of a credit: got %v, want a conflict", err)
	}
}

func TestDoubts(t *testing.T) {
	tests := []struct {
		name   string
		change func(*trade.CDR)
		want   []roaming.Code
	}{
		{"as it is", func(*trade.CDR) {}, nil},
		{"ends before it starts", func(c *trade.CDR) { c.End = at("2024-01-14T00:00:00Z") }, []roaming.Code{
			"ends_before_start", "period_outside", "period_outside", "period_outside", "period_outside", "period_time", "total_time",
		}},
		{"a period before the session", func(c *trade.CDR) { c.Periods[0].Start = at("2024-01-15T08:59:59Z") }, []roaming.Code{"period_outside"}},
		{"a period after it", func(c *trade.CDR) { c.Periods[3].Start = at("2024-01-15T10:45:01Z") }, []roaming.Code{"period_outside", "period_time"}},
		{"periods in disorder", func(c *trade.CDR) { c.Periods[2].Start = at("2024-01-15T09:14:00Z") }, []roaming.Code{"period_order", "period_time"}},
		{"more time than there is", func(c *trade.CDR) { c.Periods[1].Volumes[1].Amount = dec("1.002") }, []roaming.Code{"period_time"}},
		{"as much as there is", func(c *trade.CDR) { c.Periods[1].Volumes[1].Amount = dec("1.0005") }, nil},
		{"Wh for kWh", func(c *trade.CDR) { c.Periods[1].Volumes[0].Amount, c.Energy = dec("7000"), dec("7000") }, []roaming.Code{"period_power"}},
		{"no such tariff", func(c *trade.CDR) { c.Periods[1].Tariff = "13" }, []roaming.Code{"period_tariff"}},
		{"tariffs left out", func(c *trade.CDR) { c.Tariffs = nil }, nil},
		{"another currency", func(c *trade.CDR) { c.Tariffs[0].Prices.Currency = "SEK" }, []roaming.Code{"tariff_currency"}},
		{"more energy", func(c *trade.CDR) { c.Energy = dec("7.01") }, []roaming.Code{"total_energy"}},
		{"energy in three digits", func(c *trade.CDR) { c.Energy = dec("7.000") }, nil},
		{"energy told of no period", func(c *trade.CDR) {
			c.Energy = dec("9")
			for i := range c.Periods {
				c.Periods[i].Volumes = slices.DeleteFunc(c.Periods[i].Volumes, func(v trade.Volume) bool { return v.Dimension == trade.Energy })
			}
		}, nil},
		{"the reservation counted as session", func(c *trade.CDR) { c.Time = dec("1.75") }, []roaming.Code{"total_time"}},
		{"less parking", func(c *trade.CDR) { c.ParkingTime = new(dec("0.3")) }, []roaming.Code{"total_parking_time"}},
		{"parking left out", func(c *trade.CDR) { c.ParkingTime = nil }, []roaming.Code{"total_parking_time"}},
		{"a higher price", func(c *trade.CDR) { c.Total.Excl = dec("8.7169") }, []roaming.Code{"total_cost"}},
		{"a price that partners round", func(c *trade.CDR) { c.Total.Excl = dec("8.7167") }, nil}, // five parts
		{"a higher price with tax", func(c *trade.CDR) { c.Total.Incl = new(dec("11")) }, []roaming.Code{"total_cost_with_tax"}},
		{"tax left out", func(c *trade.CDR) { c.Total.Incl, c.Total.Taxes = nil, nil }, nil},
		{"costs left out", func(c *trade.CDR) {
			c.FixedCost, c.EnergyCost, c.TimeCost, c.ParkingCost, c.ReservationCost = nil, nil, nil, nil, nil
		}, nil},
		{"a least price", limited(rating.Limit{Excl: new(dec("20"))}, rating.Limit{}, "20"), nil},
		{"a greatest price", limited(rating.Limit{}, rating.Limit{Excl: new(dec("5"))}, "5"), nil},
		{"below the least price", limited(rating.Limit{Excl: new(dec("20"))}, rating.Limit{}, "19"), []roaming.Code{"total_cost"}},
		{"the greatest price, which was not reached", limited(rating.Limit{}, rating.Limit{Excl: new(dec("20"))}, "20"), []roaming.Code{"total_cost"}},
		{"a credit that is none", func(c *trade.CDR) { c.Credits = "x" }, []roaming.Code{"total_cost", "total_cost_with_tax", "credit_not_negative"}},
		{"negative and no credit", func(c *trade.CDR) { c.Total.Excl = dec("-8.6668") }, []roaming.Code{"total_cost", "negative_cost"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := cdrOf(t, visit())
			tt.change(c)
			var got []roaming.Code
			for _, doubt := range roaming.Doubts(c) {
				got = append(got, doubt.Code)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestTheSpecificationsOwnExampleIsNotDoubted(t *testing.T) {
	for _, name := range shared(t, "spec", "ocpi", "2.3.0", "examples", "cdr_example.json") {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var example ocpi230.CDR
		if err := ocpi.Decode(data, &example); err != nil {
			t.Fatal(err)
		}
		c, err := example.Trade()
		if err != nil {
			t.Fatal(err)
		}
		if doubts := roaming.Doubts(c); len(doubts) > 0 {
			t.Errorf("got %v, want none", doubts)
		}
	}
}

// limited puts limits of price into the tariff, and a total.
func limited(least, greatest rating.Limit, total string) func(*trade.CDR) {
	return func(c *trade.CDR) {
		c.Tariffs[0].Prices.MinPrice, c.Tariffs[0].Prices.MaxPrice = least, greatest
		c.Total = trade.Price{Excl: dec(total)}
	}
}

func TestDoubtsAreBounded(t *testing.T) {
	c, _ := cdrOf(t, visit())
	for range 1000 {
		c.Periods = append(c.Periods, trade.Period{Start: at("2025-01-15T09:00:00Z")})
	}
	if got := len(roaming.Doubts(c)); got != 32 {
		t.Errorf("got %d, want 32", got)
	}
}
