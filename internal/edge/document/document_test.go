package document_test

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/tariff/swift"
	"pylon/internal/edge/document/locale"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

var tags = regexp.MustCompile(`<[^>]*>`)

// words returns what a page says, spaces of every kind as one.
func words(page []byte) string {
	_, body, _ := strings.Cut(string(page), "<body>")
	text := html.UnescapeString(tags.ReplaceAllString(body, "\n"))
	return strings.ReplaceAll(text, "\u00a0", " ")
}

// Everything that a receipt must say is in the page and in the PDF.
func TestAReceiptSaysAll(t *testing.T) {
	p := press(t)
	page, err := p.HTML(receipt())
	if err != nil {
		t.Fatal(err)
	}
	file, err := p.PDF(receipt())
	if err != nil {
		t.Fatal(err)
	}
	for form, text := range map[string]string{"page": words(page), "paper": read(t, file).all()} {
		for what, want := range map[string]string{
			"issuer": "Stadtstrom Nord GmbH", "tax id": "DE811234569", "number": "SN-2026-004711", "date": "14.11.2026", "station": "HH-ELB-07",
			"evse": "DE*SNO*E00407*1", "connector": "CCS (Combo 2)", "begin in local time": "14.11.2026, 18:03:12 CET", "end": "14.11.2026, 18:44:40 CET",
			"zone": "Europe/Berlin", "register at the begin": "48.213,407 kWh", "register at the end": "48.254,644 kWh", "energy": "41,237 kWh",
			"tariff": "0,59 € je kWh.", "price": "0,59 € / kWh", "energy's amount": "24,33 €", "fixed": "Grundbetrag", "discount": "Solarrabatt",
			"its amount": "-0,63 €", "price limit": "Preisgrenze", "rate": "19 %", "tax": "3,83 €", "net": "20,17 €", "gross": "24,00 €",
			"held": "60,00 €", "reference": "pi_3QK8x2", "step": "Posten 1: Energie, 41,237 kWh × 0,59 € / kWh = 24,32983 €, USt. 19 %.",
			"rounding": "Posten 1, 24,32983 €, wird auf 24,33 € gerundet.", "verdict": "Signatur geprüft und gültig", "format": "OCMF", "iban": "DE02 1203 0000 0000 2020 51",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %s, %q", form, what, want)
			}
		}
		signed := strings.NewReplacer("\n", "", " ", "").Replace(text)
		if data := strings.ReplaceAll(receipt().Charges[0].Signed[0].Data, " ", ""); !strings.Contains(signed, data) {
			t.Errorf("%s: the signed data is not there as it was signed", form)
		}
	}
}

// On paper Hebrew stands from right to left, figures among it from left to right; a name with
// accents of its own is written with the letters that have them.
func TestLettersOnPaper(t *testing.T) {
	d := receipt()
	d.Issuer.Name, d.Issuer.Street = "חשמל 24 בעמ", "Zoe\u0308 Straße"
	file, err := press(t).PDF(d)
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, file).all()
	for _, want := range []string{"למשח", "24", "Zo\u00eb Straße"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
}

func TestACreditNoteNamesWhatItTakesBack(t *testing.T) {
	page, err := press(t).HTML(creditNote())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Avoir", "SN-2026-004711 du 14 nov. 2026", "Total crédité", "Intégralement remboursé", "re_3QK8x2", "Chargé avec la carte d’un collègue"} {
		if !strings.Contains(words(page), want) {
			t.Errorf("no %q", want)
		}
	}
}

func TestCurrenciesHaveTheirDigits(t *testing.T) {
	for currency, want := range map[money.Currency]string{"JPY": "JP¥1,753", "KWD": "KWD 1.753", "EUR": "€17.53"} {
		page, err := press(t).HTML(foreign(currency, "en"))
		if err != nil || !strings.Contains(words(page), want) {
			t.Errorf("%s: no %q, %v", currency, want, err)
		}
	}
}

// A month of a fleet: cost centres in their order with what they come to, and the sums of
// the centres are the sum of the lines.
func TestAStatementGroupsByCostCentre(t *testing.T) {
	d := statement(40, "en")
	page, err := press(t).HTML(d)
	if err != nil {
		t.Fatal(err)
	}
	text := words(page)
	at := -1
	for _, centre := range []string{"Cost centre 4100 Auslieferung", "Cost centre 4200 Außendienst", "Cost centre 4300 Leitung & Verwaltung", "Without cost centre"} {
		next := strings.Index(text, centre)
		if next <= at {
			t.Errorf("%s is at %d, after %d", centre, next, at)
		}
		at = next
	}
	if got := strings.Count(text, "Sessions: 10 · "); got != 4 {
		t.Errorf("got %d centres of ten sessions, want 4", got)
	}
	sums := map[string]int64{}
	for _, l := range d.Lines {
		sums[l.CostCentre] += l.Amount
	}
	languages, err := locale.Load()
	if err != nil {
		t.Fatal(err)
	}
	for centre, sum := range sums {
		if want := languages["en"].Money(money.Of(sum, "EUR")); !strings.Contains(text, want) {
			t.Errorf("%q: no subtotal %s", centre, want)
		}
	}
}

// Ten thousand sessions are some forty thousand lines of text: all of them are there,
// every page says what it belongs to and which it is.
func TestALongStatement(t *testing.T) {
	const sessions = 3400 // of three lines
	d := statement(sessions, "de")
	file, err := press(t).PDF(d)
	if err != nil {
		t.Fatal(err)
	}
	p := read(t, file)
	for i, page := range p.pages {
		if want := fmt.Sprintf("Seite %d von %d\n", i+1, len(p.pages)); !strings.Contains(page, want) {
			t.Fatalf("page %d has no %q", i+1, want)
		}
		if !strings.Contains(page, "Rechnung SN-M-2026-11-0815\n") {
			t.Fatalf("page %d does not say of what", i+1)
		}
	}
	if headed := strings.Count(p.pages[1], "Beschreibung\nMenge\nPreis\nUSt.\nBetrag\n"); headed != 1 {
		t.Errorf("the second page has the headings %d times, want once", headed)
	}
	text := p.all()
	if got := strings.Count(text, "\nGrundbetrag\n"); got != sessions {
		t.Errorf("got %d fixed fees, want %d", got, sessions)
	}
	t.Logf("%d pages, %d KiB", len(p.pages), len(file)>>10)
}

// The same document gives the same bytes, whoever asks, however often, wherever.
func TestDocumentsAreDeterministic(t *testing.T) {
	for name, d := range samples() {
		first, err := press(t).PDF(d)
		if err != nil {
			t.Fatal(err)
		}
		second, err := press(t).PDF(clone(t, d))
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("%s: the PDF differs from itself: %v", name, err)
		}
	}
}

// PROP-13: whatever is sold, at whatever rates, with tax or without, the e-invoice keeps every rule.
func TestEveryInvoiceKeepsTheRules(t *testing.T) {
	p := press(t)
	rapid.Check(t, func(t *rapid.T) {
		d := invoice()
		d.Gross = rapid.Bool().Draw(t, "gross")
		d.Currency = rapid.SampledFrom([]money.Currency{"EUR", "SEK", "JPY"}).Draw(t, "currency")
		d.Kind = rapid.SampledFrom([]billing.Kind{billing.Receipt, billing.Invoice, billing.CreditNote}).Draw(t, "kind")
		d.Relief.Category = rapid.SampledFrom([]billing.TaxCategory{"", billing.ZeroRated, billing.Exempt, billing.ReverseCharge}).Draw(t, "category")
		rates := rapid.SampledFrom([][]string{{"19"}, {"0"}, {"19", "7"}, {"8.1", "25", "0"}, {"5.5", "20.0", "20"}}).Draw(t, "rates")
		d.Lines = []billing.Line{{Item: billing.ItemFixed, Quantity: number("1"), Unit: billing.Piece, Price: price("1"), VAT: number(rates[0]), Amount: money.Of(100, d.Currency).Minor}}
		for range rapid.IntRange(0, 30).Draw(t, "lines") {
			l := billing.Line{
				Charge:   rapid.IntRange(-1, len(d.Charges)-1).Draw(t, "charge"),
				Item:     rapid.SampledFrom([]billing.Item{billing.ItemEnergy, billing.ItemTime, billing.ItemDiscount, billing.ItemSubscription}).Draw(t, "item"),
				Quantity: decimal.FromInt(rapid.Int64Range(0, 200_000_000).Draw(t, "quantity"), 6),
				Unit:     rapid.SampledFrom([]billing.Unit{billing.KilowattHour, billing.Hour, billing.Minute, billing.Piece}).Draw(t, "unit"),
				VAT:      number(rapid.SampledFrom(rates).Draw(t, "rate")),
				Amount:   rapid.Int64Range(-300_000, 3_000_000).Draw(t, "amount"),
			}
			if rapid.Bool().Draw(t, "priced") {
				each := decimal.FromInt(rapid.Int64Range(0, 20_000).Draw(t, "price"), 4)
				l.Price = &each
			}
			d.Lines = append(d.Lines, l)
		}
		settle(d)
		if rapid.Bool().Draw(t, "paid") {
			d.Paid = []billing.Payment{{Method: "card", At: d.IssuedAt, Amount: d.Total}}
		}
		if _, err := p.UBL(d); err != nil {
			t.Fatal(err)
		}
	})
}

// A document that contradicts itself is not handed out in any form.
func TestWhatDoesNotAddUpIsNotHandedOut(t *testing.T) {
	tests := map[string]func(d *billing.Document){
		"a line":               func(d *billing.Document) { d.Lines[0].Amount++ },
		"a tax":                func(d *billing.Document) { d.Taxes[0].Tax++ },
		"the net":              func(d *billing.Document) { d.Net++ },
		"the total":            func(d *billing.Document) { d.Total-- },
		"a rate without tax":   func(d *billing.Document) { d.Lines[0].VAT = number("7") },
		"no such charge":       func(d *billing.Document) { d.Lines[0].Charge = 1 },
		"no date":              func(d *billing.Document) { d.IssuedAt = time.Time{} },
		"no such kind":         func(d *billing.Document) { d.Kind = "bill" },
		"no such currency":     func(d *billing.Document) { d.Currency = "XXX" },
		"no such zone":         func(d *billing.Document) { d.Zone = "Europe/Atlantis" },
		"no such zone of site": func(d *billing.Document) { d.Charges[0].Zone = "Europe/Atlantis" },
		"beyond all sums":      func(d *billing.Document) { d.Lines[0].Amount, d.Lines[1].Amount = 1<<62, 1<<62 },
	}
	p := press(t)
	for name, spoil := range tests {
		d := clone(t, receipt())
		spoil(d)
		for form, make := range map[string]func(*billing.Document) ([]byte, error){"HTML": p.HTML, "PDF": p.PDF, "UBL": p.UBL} {
			if _, err := make(d); err == nil || fault.KindOf(err) != fault.Internal && name != "no such currency" && name != "beyond all sums" {
				t.Errorf("%s as %s: got %v, want an internal error", name, form, err)
			}
		}
	}
	d := receipt()
	d.Language = "tlh"
	if _, err := p.HTML(d); !fault.Is(err, fault.Invalid) {
		t.Errorf("unknown language: got %v, want invalid", err)
	}
}

// Every step that the rater tells has its words in every language, and none shows a placeholder.
func TestEveryStepHasWords(t *testing.T) {
	languages, err := locale.Load()
	if err != nil {
		t.Fatal(err)
	}
	for tag, l := range languages {
		for _, code := range swift.Codes() {
			if !l.Has("step." + string(code)) {
				t.Errorf("%s has no words for the step %s", tag, code)
			}
		}
	}
}

func TestSteps(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		code   string
		values []string
		want   string
	}{
		{"session", []string{"start", "2026-10-25T00:30:00Z", "end", "2026-10-25T01:30:00Z", "seconds", "3600"}, "Session from 25 Oct 2026, 02:30 CEST to 25 Oct 2026, 02:30 CET: 1 h 0 min."},
		{"line", []string{"number", "2", "dimension", "TIME", "quantity", "1234", "price", "6", "amount", "617/300"}, "Line 2: charging time, 20 min 34 s × €6.00 / h = ≈ €2.0567."},
		{"line", []string{"number", "3", "dimension", "FLAT", "quantity", "1", "price", "0.5", "amount", "0.5", "vat", "20.0"}, "Line 3: fixed fee, 1 × €0.50 = €0.50, VAT 20%."},
		{"step_size", []string{"dimension", "ENERGY", "element", "0", "step", "500", "measured", "7.3", "billed", "7.5", "added", "0.2"}, "Energy: 7.3 kWh are rounded up to 7.5 kWh, in steps of 500 Wh; the added 0.2 kWh go by price rule 1."},
		{"step_size", []string{"dimension", "TIME", "element", "1", "step", "300", "measured", "1201", "billed", "1500", "added", "299"}, "Charging time: 20 min 1 s are rounded up to 25 min, in steps of 5 min; the added 4 min 59 s go by price rule 2."},
		{"not_charged", []string{"what", "PAUSED", "quantity", "600", "from", "2026-11-14T17:00:00Z", "to", "2026-11-14T17:10:00Z", "reason", "PAUSE"}, "Not charged for: held back, 10 min, 14 Nov 2026, 18:00 CET to 14 Nov 2026, 18:10 CET: the car was held back."},
		{"short", []string{"id", "grace", "seconds", "42", "below", "60", "kwh", "0", "most", "0.1"}, "Grace: a session of 42 s (below 1 min) with 0 kWh (at most 0.1 kWh) is not charged for."},
		{"percent", []string{"id", "night", "of", "ENERGY TIME", "rate", "-10"}, "Night: -10% of energy, charging time."},
		{"limit", []string{"side", "MAX_EXCL", "limit", "12", "before", "13.456"}, "Greatest price without VAT: €12.00; before it the sum was €13.456."},
		{"never_heard_of", []string{"kwh", "1/3", "id", "<b>"}, "never heard of: kwh ≈ 0.3333 kWh, id <b>"},
		{"extra", []string{"number", "4", "kind", "limit", "id", "", "dimension", "TOTAL", "quantity", "1", "amount", "-0.5", "vat", "10"}, "Line 4: price limit = -€0.50, VAT 10%."},
		{"extra", []string{"number", "5", "kind", "adjustment", "id", "night", "dimension", "FLAT", "quantity", "1", "price", "2", "amount", "2"}, "Line 5: fixed fee (night), 1 × €2.00 = €2.00."},
		{"step_size_parking", []string{"measured", "1200"}, "The charging time of 20 min is not rounded: time connected without charging is charged for, too."},
		{
			"element",
			[]string{"phase", "SESSION", "dimension", "ENERGY", "element", "0", "from", "2026-11-14T17:00:00Z", "to", "2026-11-14T18:00:00Z", "price", "0.3", "local_time", "18:00:00", "weekday", "SATURDAY", "day_of_week", "SATURDAY,SUNDAY", "max_kwh", "10"},
			"Session, 14 Nov 2026, 18:00 CET to 14 Nov 2026, 19:00 CET: energy by price rule 1, €0.30 / kWh (18:00 there, Saturday, on Saturday, Sunday, up to 10 kWh).",
		},
		{"no_invoice", nil, "A rate of VAT is not known, so what is to be paid cannot be told."},
	}
	for _, tt := range tests {
		got, err := press(t).Steps([]rating.Step{{Code: tt.code, Values: tt.values}}, "en", berlin, "EUR")
		if err != nil || strings.ReplaceAll(got[0], "\u00a0", " ") != tt.want {
			t.Errorf("%s: got %q, %v, want %q", tt.code, got, err, tt.want)
		}
	}
	if _, err := press(t).Steps(nil, "tlh", berlin, "EUR"); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v, want invalid", err)
	}
}

func BenchmarkReceipt(b *testing.B) {
	p, d := press(b), receipt()
	for name, make := range map[string]func(*billing.Document) ([]byte, error){"HTML": p.HTML, "PDF": p.PDF} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := make(d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkStatement(b *testing.B) {
	p, d := press(b), statement(10_000/3, "de")
	for name, make := range map[string]func(*billing.Document) ([]byte, error){"HTML": p.HTML, "PDF": p.PDF, "UBL": p.UBL} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				out, err := make(d)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(out))/1e6, "MB")
			}
		})
	}
}
