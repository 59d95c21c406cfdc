package ubl

import (
	"strings"
	"testing"

	"pylon/internal/domain/billing"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/rating"
)

func written(t testing.TB, text string) decimal.Decimal {
	t.Helper()
	d, err := decimal.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Lines that include tax share the net of their rate to the last minor unit.
func TestNetLines(t *testing.T) {
	tests := []struct {
		name    string
		rate    string
		gross   []int64
		taxable int64
		want    []int64
	}{
		{"one", "19", []int64{2400}, 2017, []int64{2017}},
		{"what is left goes to those that lost most", "19", []int64{2433, 35, -63, -5}, 2017, []int64{2045, 29, -53, -4}},
		{"equals: the first", "20", []int64{1, 1, 1, 1}, 3, []int64{1, 1, 1, 0}},
		{"nothing is left", "20", []int64{120, 240}, 300, []int64{100, 200}},
		{"no tax", "0", []int64{5, -7}, -2, []int64{5, -7}},
		{"all below zero", "10", []int64{-5, -5, -5}, -14, []int64{-4, -5, -5}},
	}
	for _, tt := range tests {
		d := &billing.Document{Gross: true, Currency: "EUR", Taxes: []rating.Tax{{Rate: written(t, tt.rate), Taxable: tt.taxable}}}
		for _, g := range tt.gross {
			d.Lines = append(d.Lines, billing.Line{VAT: written(t, tt.rate), Amount: g})
		}
		got, err := netLines(d)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		for i := range tt.want {
			if got[i] != tt.want[i] {
				t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
				break
			}
		}
	}
	far := &billing.Document{Gross: true, Currency: "EUR", Taxes: []rating.Tax{{Rate: written(t, "19"), Taxable: 90}}, Lines: []billing.Line{{VAT: written(t, "19"), Amount: 100}}}
	if got, err := netLines(far); err == nil {
		t.Errorf("a net that is not that of the lines: got %v", got)
	}
}

func TestPrice(t *testing.T) {
	tests := []struct {
		name, quantity, price string
		unit                  billing.Unit
		gross                 bool
		net                   int64
		wantQuantity          string
		wantPrice, wantBase   string
	}{
		{"as it is", "41.237", "0.4958", billing.KilowattHour, false, 2045, "41.237 KWH", "0.4958", ""},
		{"net of one that includes tax", "41.237", "0.59", billing.KilowattHour, true, 2045, "41.237 KWH", "0.495798", ""},
		{"an amount that is no product", "41.237", "0.4958", billing.KilowattHour, false, 2000, "41.237 KWH", "20", "41.237"},
		{"no price", "3", "", billing.Hour, false, 500, "3 HUR", "5", "3"},
		{"no price, one piece", "1", "", billing.Piece, false, 500, "1 C62", "5", ""},
		{"a discount", "1", "", billing.Piece, false, -63, "-1 C62", "0.63", ""},
		{"a discount with a price", "2", "-0.5", billing.Minute, false, -100, "-2 MIN", "0.5", ""},
		{"nothing", "0", "0.59", billing.KilowattHour, false, 0, "0 KWH", "0.59", ""},
		{"an amount for nothing", "0", "0.59", billing.KilowattHour, false, 7, "1 KWH", "0.07", ""},
	}
	for _, tt := range tests {
		l := &billing.Line{Quantity: written(t, tt.quantity), Unit: tt.unit, VAT: written(t, "19")}
		if tt.price != "" {
			p := written(t, tt.price)
			l.Price = &p
		}
		w := &writer{d: &billing.Document{Currency: "EUR", Gross: tt.gross}}
		count, each, err := w.price(l, tt.net)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		base := ""
		if each.Base != nil {
			base = each.Base.Value
		}
		if got := count.Value + " " + count.Unit; got != tt.wantQuantity || each.Amount.Value != tt.wantPrice || base != tt.wantBase {
			t.Errorf("%s: got %s at %s for %q, want %s at %s for %q", tt.name, got, each.Amount.Value, base, tt.wantQuantity, tt.wantPrice, tt.wantBase)
		}
	}
	if _, _, err := (&writer{d: &billing.Document{Currency: "EUR"}}).price(&billing.Line{Unit: "furlong"}, 1); err == nil {
		t.Error("a unit that is none: no error")
	}
}

func TestGLN(t *testing.T) {
	for text, want := range map[string]bool{"4012345000009": true, "4012345000008": false, "": false, "40123x": false, "5790000435968": true} {
		if got := gln(text); got != want {
			t.Errorf("%s: got %t, want %t", text, got, want)
		}
	}
}

func TestBreachesTellTheFirst(t *testing.T) {
	var b Breaches
	for range 12 {
		b = append(b, Breach{"BR-01", "/Invoice"})
	}
	if got := b.Error(); strings.Count(got, "BR-01 at /Invoice") != breachesTold || !strings.HasSuffix(got, ", 2 more") {
		t.Errorf("got %s", got)
	}
}

func FuzzCheck(f *testing.F) {
	root := `<Invoice xmlns="` + oasis + `Invoice-2" xmlns:cac="` + oasis + `CommonAggregateComponents-2" xmlns:cbc="` + oasis + `CommonBasicComponents-2">`
	for _, text := range []string{
		"", "<a/>", root + "</Invoice>", root + `<cac:TaxTotal><cac:TaxSubtotal><cbc:TaxAmount currencyID="EUR">1.00</cbc:TaxAmount></cac:TaxSubtotal></cac:TaxTotal></Invoice>`,
		root + `<cac:InvoiceLine><cac:Price><cbc:PriceAmount>1e400</cbc:PriceAmount><cbc:BaseQuantity>0</cbc:BaseQuantity></cac:Price></cac:InvoiceLine></Invoice>`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		breaches, err := Check(data)
		if err == nil && len(breaches) == 0 && len(data) < 1000 {
			t.Error("a text too short for an e-invoice is taken for one")
		}
	})
}
