package roaming_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/roaming"
	"pylon/internal/domain/tariff/plain"
	"pylon/internal/domain/tariff/vector"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
	"pylon/internal/wire/ocpi"
	"pylon/internal/wire/ocpi221"
	"pylon/internal/wire/ocpi230"
)

// facts are those of a session at a station that is nobody's.
func facts() *roaming.Facts {
	version := int64(1)
	return &roaming.Facts{
		Party: trade.Party{CountryCode: "NL", ID: "PYL"}, ID: "cdr_01JD3K6X5M8Q2V7T9WBNCRFHYZ", Session: "ses_01JD3K6X5M8Q2V7T9WBNCRFHYZ",
		Token:      trade.Token{Party: trade.Party{CountryCode: "DE", ID: "TNM"}, UID: "012345678", Type: "EMAID", Contract: "DE8ACC12E46L89"},
		AuthMethod: "WHITELIST", AuthorizationReference: "ref",
		Location: trade.Location{
			ID: "LOC1", Name: "Zuid", Address: "Laan 3A", City: "Gent", PostalCode: "9000", Country: "BEL",
			Latitude: "51.047599", Longitude: "3.729944", EVSEUID: "3256", EVSEID: "BE*BEC*E041503003", Connector: "1",
			Standard: "SAE_J3400", Format: "SOCKET", PowerType: "AC_1_PHASE",
		},
		Meter:  "m1",
		Tariff: trade.Tariff{Party: trade.Party{CountryCode: "NL", ID: "PYL"}, ID: "12", UpdatedAt: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)},
		Signed: &trade.SignedData{
			Encoding: "OCMF", Version: &version, PublicKey: "a2V5",
			Values: []trade.SignedValue{{Nature: "Start", Plain: "OCMF|{}|{}", Signed: "T0NNRg=="}},
		},
		Invoice: "2024-1",
		At:      time.Date(2024, 2, 1, 10, 0, 0, 123_456_789, time.UTC),
	}
}

// shared returns the files that PYLON_SHARED has at a place.
func shared(t *testing.T, parts ...string) []string {
	t.Helper()
	folder := os.Getenv("PYLON_SHARED")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "..", "shared")
	}
	names, err := filepath.Glob(filepath.Join(append([]string{folder}, parts...)...))
	if err != nil || len(names) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s has no %v: %v", folder, parts, err)
		}
		t.Skipf("%s has no %v; PYLON_SHARED names the folder that has them", folder, parts)
	}
	return names
}

// vectors returns the examples of pricing.
func vectors(t *testing.T) []*vector.Vector {
	t.Helper()
	names := shared(t, "vectors", "tariff", "*.json")
	var all []*vector.Vector
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		v, err := vector.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, v)
	}
	return all
}

// tb is what a test and a drawn one have in common.
type tb interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// cdrOf makes the CDR of a question.
func cdrOf(t tb, q *rating.Question) (*trade.CDR, *rating.Answer) {
	t.Helper()
	a, err := plain.Rate(q)
	if err != nil {
		t.Fatalf("rate: %v", err)
	}
	c, err := roaming.NewCDR(facts(), q, a)
	if err != nil {
		t.Fatalf("make: %v", err)
	}
	return c, a
}

// through sends a CDR to a partner of 2.2.1, from there to one of 2.3.0, and returns what comes back.
func through(t tb, c *trade.CDR) *trade.CDR {
	t.Helper()
	older, err := ocpi221.CDROf(c)
	if err != nil {
		t.Fatalf("to 2.2.1: %v", err)
	}
	again := new(ocpi221.CDR)
	pass(t, older, again)
	general, err := again.Trade()
	if err != nil {
		t.Fatalf("from 2.2.1: %v", err)
	}
	return throughNewer(t, general)
}

// throughNewer sends a CDR to a partner of 2.3.0 and returns what comes back.
func throughNewer(t tb, c *trade.CDR) *trade.CDR {
	t.Helper()
	newer, err := ocpi230.CDROf(c)
	if err != nil {
		t.Fatalf("to 2.3.0: %v", err)
	}
	again := new(ocpi230.CDR)
	pass(t, newer, again)
	general, err := again.Trade()
	if err != nil {
		t.Fatalf("from 2.3.0: %v", err)
	}
	return general
}

func pass(t tb, out, in ocpi.Object) {
	t.Helper()
	data, err := ocpi.Encode(out)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	if err := ocpi.Decode(data, in); err != nil {
		t.Fatalf("decode: %v\n%s", err, data)
	}
}

// sameTotals holds what partners settle by against one another, and all that both versions can say.
func sameTotals(t tb, got, want *trade.CDR) {
	t.Helper()
	w, g := *want, *got
	for _, c := range []*trade.CDR{&w, &g} {
		c.Token.Type, c.Tariffs = "", nil // not all of it can be said in 2.2.1
		for _, price := range prices(c) {
			price.Taxes = nil // told apart in 2.3.0 only
			price.Excl = plainly(price.Excl)
			if price.Incl != nil {
				incl := plainly(*price.Incl)
				price.Incl = &incl
			}
		}
	}
	if a, b := text(t, &g), text(t, &w); a != b {
		t.Errorf("got:\n%s\nwant:\n%s", a, b)
	}
}

// prices returns the prices of a CDR, which are its own from then on.
func prices(c *trade.CDR) []*trade.Price {
	all := []*trade.Price{&c.Total}
	for _, price := range []**trade.Price{&c.FixedCost, &c.EnergyCost, &c.TimeCost, &c.ParkingCost, &c.ReservationCost} {
		if *price != nil {
			own := **price
			*price = &own
			all = append(all, &own)
		}
	}
	return all
}

// plainly writes a decimal in one way.
func plainly(d decimal.Decimal) decimal.Decimal {
	p, err := money.Digits(exact.Of(d), 4)
	if err != nil || p.Cmp(d) != 0 {
		panic("more than four digits: " + d.String())
	}
	return p
}

func text(t tb, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return string(data)
}

func unmarshal(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}

func TestVectorsThroughBothVersions(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.ID, func(t *testing.T) {
			if v.Expected.Total.Excl == nil {
				a, err := plain.Rate(&v.Question)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := roaming.NewCDR(facts(), &v.Question, a); !fault.Is(err, fault.Invalid) {
					t.Fatalf("nobody knows the total before taxes: got %v", err)
				}
				return
			}
			c, _ := cdrOf(t, &v.Question)
			sameTotals(t, through(t, c), c)
			if got, want := text(t, throughNewer(t, c)), text(t, c); got != want {
				t.Errorf("2.3.0: got:\n%s\nwant:\n%s", got, want)
			}
			if doubts := roaming.Doubts(c); len(doubts) > 0 {
				t.Errorf("our own CDR does not add up: %v", doubts)
			}
			expected(t, c, v.Expected)
			period(t, c, v)
		})
	}
}

// expected holds the costs against those that the example states.
func expected(t *testing.T, c *trade.CDR, want *vector.Answer) {
	t.Helper()
	for _, cost := range []struct {
		name string
		got  *trade.Price
		want *vector.Sum
	}{
		{"total", &c.Total, &want.Total},
		{"fixed", c.FixedCost, want.Subtotals.Fixed},
		{"energy", c.EnergyCost, want.Subtotals.Energy},
		{"time", c.TimeCost, want.Subtotals.Time},
		{"parking", c.ParkingCost, want.Subtotals.Parking},
		{"reservation", c.ReservationCost, want.Subtotals.Reservation},
	} {
		if (cost.got == nil) != (cost.want == nil) {
			t.Errorf("%s: got %v, want %v", cost.name, cost.got, cost.want)
		}
		if cost.got == nil || cost.want == nil {
			continue
		}
		side(t, cost.name+" excl", &cost.got.Excl, cost.want.Excl)
		side(t, cost.name+" incl", cost.got.Incl, cost.want.Incl)
		taxes := exact.Of(cost.got.Excl)
		for _, tax := range cost.got.Taxes {
			taxes = taxes.Add(exact.Of(tax.Amount))
		}
		if cost.got.Incl != nil && !taxes.Equal(exact.Of(*cost.got.Incl)) {
			t.Errorf("%s: %s and its taxes come to %s, not %s", cost.name, cost.got.Excl, taxes, cost.got.Incl)
		}
	}
}

// side holds an amount against one that is written with up to six digits.
func side(t *testing.T, name string, got *decimal.Decimal, want *string) {
	t.Helper()
	if got == nil || want == nil {
		if (got == nil) != (want == nil) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
		return
	}
	d, err := decimal.Parse(*want)
	if err != nil {
		t.Fatal(err)
	}
	rounded, err := money.Digits(exact.Of(d), 4)
	if err != nil || got.Cmp(rounded) != 0 {
		t.Errorf("%s: got %s, want %s, %v", name, got, *want, err)
	}
}

// period holds the periods and times of a CDR against the example's session.
func period(t *testing.T, c *trade.CDR, v *vector.Vector) {
	t.Helper()
	s := &v.Question.Session
	if r := s.Reservation; r != nil {
		if !c.Start.Equal(r.Start) || c.Periods[0].Volumes[0].Dimension != trade.ReservationTime {
			t.Errorf("got start %v and first period %v, want those of the reservation", c.Start, c.Periods[0])
		}
		if r.Expired {
			if len(c.Periods) != 1 || c.Time.Sign() != 0 || c.Session != "" || !strings.Contains(c.Remark, "expired") || !c.End.Equal(r.End) {
				t.Errorf("got %s, want a CDR of nothing but an expired reservation", text(t, c))
			}
			return
		}
	}
	parking := exact.Number{}
	for _, p := range s.Periods {
		if p.Parking != nil {
			parking = parking.Add(exact.Of(*p.Parking))
		}
	}
	wantParking, err := money.Digits(parking.Quo(exact.Int(3600)), 4)
	if err != nil || parking.Sign() > 0 && (c.ParkingTime == nil || c.ParkingTime.Cmp(wantParking) != 0) {
		t.Errorf("total_parking_time: got %v, want %s, %v", c.ParkingTime, wantParking, err)
	}
	wantTime, err := money.Digits(exact.Fraction(int64(s.End.Sub(s.Start)), int64(time.Hour)), 4)
	if err != nil || c.Time.Cmp(wantTime) != 0 {
		t.Errorf("total_time: got %s, want %s, %v", c.Time, wantTime, err)
	}
}
