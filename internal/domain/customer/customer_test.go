package customer_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/customer"
	"pylon/internal/kernel/fault"
)

func TestCheck(t *testing.T) {
	long := strings.Repeat("x", 500)
	tests := []struct {
		name   string
		change func(*customer.Customer)
		want   string // pointer of what is wrong; "": nothing is
	}{
		{"a company", func(*customer.Customer) {}, ""},
		{"a person without a name pays at once", func(c *customer.Customer) { c.Settlement, c.Party.Name = customer.ByReceipt, "" }, ""},
		{"who is invoiced has a name", func(c *customer.Customer) { c.Party.Name = "" }, "/party/name"},
		{"a long reference", func(c *customer.Customer) { c.Reference = long }, "/reference"},
		{"a control character", func(c *customer.Customer) { c.Party.City = "a\x00" }, "/party/city"},
		{"a country", func(c *customer.Customer) { c.Party.Country = "de" }, "/party/country"},
		{"an endpoint", func(c *customer.Customer) { c.Party.Endpoint = "x:1" }, "/party/endpoint"},
		{"an IBAN", func(c *customer.Customer) { c.Party.IBAN = "DE89370400440532013001" }, "/party/iban"},
		{"a language", func(c *customer.Customer) { c.Language = "xx" }, "/language"},
		{"a settlement", func(c *customer.Customer) { c.Settlement = "cash" }, "/settlement"},
		{"a contract", func(c *customer.Customer) { c.Contract = long }, "/contract"},
		{"an empty group", func(c *customer.Customer) { c.Groups = []string{"a", ""} }, "/groups/1"},
		{"too many groups", func(c *customer.Customer) { c.Groups = strings.Split(strings.Repeat("a,", 21), ",")[:21] }, "/groups"},
		{"a buyer reference", func(c *customer.Customer) { c.BuyerReference = long }, "/buyer_reference"},
		{"due before it is issued", func(c *customer.Customer) { c.DueDays = -1 }, "/due_days"},
		{"due next year", func(c *customer.Customer) { c.DueDays = 366 }, "/due_days"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := customer.Customer{
				Reference: "K-1", Settlement: customer.Monthly, Language: "de", Groups: []string{"vans"}, DueDays: 365,
				Party: billing.Party{Name: "Fleet", Country: "DE", Endpoint: "0088:1", IBAN: "DE89370400440532013000"},
			}
			tt.change(&c)
			err := c.Check()
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if e, ok := errors.AsType[*fault.Error](err); !ok || e.Kind != fault.Invalid || e.Fields[0].Pointer != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// Months are those of a place: its clock may change within one.
func TestMonths(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	m, err := customer.ParseMonth("2026-03")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.Begins(berlin), time.Date(2026, 2, 28, 23, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("begins: got %s, want %s", got, want)
	}
	if got, want := m.Ends(berlin), time.Date(2026, 3, 31, 22, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("ends: got %s, want %s", got, want)
	}
	if got := customer.Month("2026-12").Next(); got != "2027-01" {
		t.Errorf("got %s", got)
	}
	if got := customer.Month("2026-01").Before(); got != "2025-12" {
		t.Errorf("got %s", got)
	}
	if got := customer.MonthOf(time.Date(2026, 3, 31, 22, 0, 0, 0, time.UTC), berlin); got != "2026-04" {
		t.Errorf("got %s", got)
	}
	for _, s := range []string{"", "2026-13", "2026-3", "26-03", "2026-03-01"} {
		if m, err := customer.ParseMonth(s); err == nil {
			t.Errorf("%q: got %s", s, m)
		}
	}
}
