package ocpiany_test

import (
	"strings"
	"testing"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/rating"
	"pylon/internal/wire/ocpiany"
)

const tariff = `{"country_code":"DE","party_id":"ALL","id":"1","currency":"EUR",TAX"elements":[{"price_components":[{"type":"ENERGY","price":0.25,"vat":19,"step_size":1}]}],"last_updated":"2026-01-01T00:00:00Z"}`

func TestTariff(t *testing.T) {
	tests := []struct {
		name, tax string
		included  rating.TaxIncluded
		most      string
	}{
		{"2.3.0", `"tax_included":"YES","max_price":{"before_taxes":10},`, rating.TaxYes, "10"},
		{"2.3.0 by its limit", `"max_price":{"before_taxes":10},`, rating.TaxNo, "10"},
		{"2.2.1", `"max_price":{"excl_vat":10},`, rating.TaxNo, "10"},
		{"either", ``, rating.TaxNo, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ocpiany.Tariff([]byte(strings.Replace(tariff, "TAX", tt.tax, 1)))
			if err != nil {
				t.Fatal(err)
			}
			most := ""
			if got.Prices.MaxPrice.Excl != nil {
				most = got.Prices.MaxPrice.Excl.String()
			}
			if got.Prices.TaxIncluded != tt.included || most != tt.most || len(got.Prices.Elements) != 1 {
				t.Errorf("got %+v", got.Prices)
			}
		})
	}
	for _, broken := range []string{``, `[]`, `{"currency":"EUR"}`, strings.Replace(tariff, "TAX", `"tax_included":"PERHAPS",`, 1)} {
		if _, err := ocpiany.Tariff([]byte(broken)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want it refused", broken, err)
		}
	}
}
