package ocpi_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/rating"
	"pylon/internal/wire/ocpi"
	"pylon/internal/wire/ocpi221"
	"pylon/internal/wire/ocpi230"
)

// canonical returns the same value in one way to write it.
func canonical(t *testing.T, data []byte) string {
	t.Helper()
	value := jsontext.Value(bytes.Clone(data))
	if err := value.Format(jsontext.ReorderRawObjects(true), jsontext.Multiline(false), jsontext.SpaceAfterComma(false), jsontext.SpaceAfterColon(false)); err != nil {
		t.Fatal(err)
	}
	return string(value)
}

func TestExamplesComeBackAsTheyWere(t *testing.T) {
	for _, k := range kinds() {
		for name, data := range examples(t, k.version, k.prefix) {
			t.Run(k.version+"/"+name, func(t *testing.T) {
				object := k.make()
				if err := ocpi.Decode(data, object); err != nil {
					t.Fatal(err)
				}
				again, err := ocpi.Encode(object)
				if err != nil {
					t.Fatal(err)
				}
				if got, want := canonical(t, again), canonical(t, data); got != want {
					t.Errorf("got:\n%s\nwant:\n%s", got, want)
				}
			})
		}
	}
}

func TestTariffsOfOneVersionGoOutInTheOther(t *testing.T) {
	for name, data := range examples(t, "2.3.0", "tariff") {
		t.Run(name, func(t *testing.T) {
			var newer ocpi230.Tariff
			if err := ocpi.Decode(data, &newer); err != nil {
				t.Fatal(err)
			}
			newer.LastUpdated = "2024-05-02T14:15:01Z" // one example has none
			general, err := newer.Trade()
			if err != nil {
				t.Fatal(err)
			}
			same, err := ocpi230.TariffOf(&general)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, same, &newer)
			older, err := ocpi221.TariffOf(&general)
			if general.Prices.TaxIncluded == "YES" {
				wantField(t, err, "/elements/0/price_components/0/vat", "required")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			again, err := older.Trade()
			if err != nil {
				t.Fatal(err)
			}
			same, err = ocpi230.TariffOf(&again)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, same, &newer)
		})
	}
}

// equal holds two objects against each other by their JSON.
func equal(t *testing.T, got, want ocpi.Object) {
	t.Helper()
	if got, want := encoded(t, got), encoded(t, want); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// wantField wants an error that names a field and the rule that it breaks.
func wantField(t *testing.T, err error, pointer, code string) {
	t.Helper()
	wrong, ok := errors.AsType[*fault.Error](err)
	if !ok || wrong.Kind != fault.Invalid {
		t.Fatalf("got %v, want %s: %s", err, pointer, code)
	}
	for _, field := range wrong.Fields {
		if field.Pointer == pointer && field.Code == code {
			return
		}
	}
	t.Errorf("got %v, want %s: %s", err, pointer, code)
}

func TestTariffsWithTaxGoOutWithoutIt(t *testing.T) {
	var newer ocpi230.Tariff
	text := strings.Replace(tariff230, `"vat":20.0`, `"vat":21`, 1)
	text = strings.Replace(text, `"tax_included":"NO"`, `"tax_included":"YES"`, 1)
	if err := ocpi.Decode([]byte(text), &newer); err != nil {
		t.Fatal(err)
	}
	general, err := newer.Trade()
	if err != nil {
		t.Fatal(err)
	}
	older, err := ocpi221.TariffOf(&general)
	if err != nil {
		t.Fatal(err)
	}
	if got := older.Elements[0].PriceComponents[0].Price.String(); got != "0.2066" { // 0.25 / 1.21 = 0.20661…
		t.Errorf("got %s, want 0.2066", got)
	}
}

func TestLimitsWithoutTax(t *testing.T) {
	side := func(text string) *decimal.Decimal {
		d, err := decimal.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return &d
	}
	tests := []struct {
		name            string
		least, greatest rating.Limit
		older, newer    string // both limits
	}{
		{
			"before tax",
			rating.Limit{Excl: side("1")},
			rating.Limit{Excl: side("9")},
			`{"excl_vat":1,"incl_vat":1} {"excl_vat":9,"incl_vat":9}`, `{"before_taxes":1} {"before_taxes":9}`,
		},
		{
			"after tax",
			rating.Limit{Incl: side("1")},
			rating.Limit{Incl: side("9")},
			`{"excl_vat":1,"incl_vat":1} {"excl_vat":9,"incl_vat":9}`, `{"after_taxes":1,"before_taxes":1} {"after_taxes":9,"before_taxes":9}`,
		},
		{
			"the binding one",
			rating.Limit{Excl: side("1"), Incl: side("2")},
			rating.Limit{Excl: side("9"), Incl: side("8")},
			`{"excl_vat":2,"incl_vat":2} {"excl_vat":8,"incl_vat":8}`, `{"after_taxes":2,"before_taxes":1} {"after_taxes":8,"before_taxes":9}`,
		},
		{
			"the other one",
			rating.Limit{Excl: side("2"), Incl: side("1")},
			rating.Limit{Excl: side("8"), Incl: side("9")},
			`{"excl_vat":2,"incl_vat":2} {"excl_vat":8,"incl_vat":8}`, `{"after_taxes":1,"before_taxes":2} {"after_taxes":9,"before_taxes":8}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var object ocpi230.Tariff
			if err := ocpi.Decode([]byte(strings.Replace(tariff230, `"NO"`, `"N/A"`, 1)), &object); err != nil {
				t.Fatal(err)
			}
			general, err := object.Trade()
			if err != nil {
				t.Fatal(err)
			}
			general.Prices.MinPrice, general.Prices.MaxPrice = tt.least, tt.greatest
			older, err := ocpi221.TariffOf(&general)
			if err != nil {
				t.Fatal(err)
			}
			if got := encoded(t, older.MinPrice) + " " + encoded(t, older.MaxPrice); got != tt.older {
				t.Errorf("2.2.1: got %s, want %s", got, tt.older)
			}
			if older.Elements[0].PriceComponents[0].VAT != nil {
				t.Error("2.2.1: a rate of tax is named where none applies")
			}
			newer, err := ocpi230.TariffOf(&general)
			if err != nil {
				t.Fatal(err)
			}
			if got := encoded(t, newer.MinPrice) + " " + encoded(t, newer.MaxPrice); got != tt.newer {
				t.Errorf("2.3.0: got %s, want %s", got, tt.newer)
			}
		})
	}
}

// encoded returns the JSON of an object in one way to write it.
func encoded(t *testing.T, object ocpi.Object) string {
	t.Helper()
	data, err := ocpi.Encode(object)
	if err != nil {
		t.Fatal(err)
	}
	return canonical(t, data)
}

// tariff230 is a tariff with a bit of everything.
const tariff230 = `{"country_code":"DE","party_id":"ALL","id":"16","currency":"EUR","type":"REGULAR",` +
	`"tariff_alt_text":[{"language":"en","text":"2 euro p/hour"}],"tariff_alt_url":"https://company.com/tariffs/16",` +
	`"tax_included":"NO","min_price":{"before_taxes":0.50,"after_taxes":0.55},"elements":[{"price_components":[` +
	`{"type":"ENERGY","price":0.25,"vat":20.0,"step_size":1,"x_rebate":[1.50,{"a":null}]}],` +
	`"restrictions":{"start_time":"09:00","end_time":"18:00","day_of_week":["MONDAY","SUNDAY"],"max_power":16.00,"min_duration":60,"x":1}}],` +
	`"energy_mix":{"is_green_energy":false,"energy_sources":[{"source":"SOLAR","percentage":36.3}]},` +
	`"last_updated":"2018-12-17T17:15:01.1Z","x_new":{"y":"z"}}`

// tariff221 is a tariff for reservations that nobody came for.
const tariff221 = `{"country_code":"DE","party_id":"ALL","id":"16","currency":"EUR","min_price":{"excl_vat":1},"elements":[` +
	`{"price_components":[{"type":"TIME","price":2e0,"step_size":60}],"restrictions":{"reservation":"RESERVATION_EXPIRES"}}],` +
	`"last_updated":"2018-12-17T17:15:01Z"}`

func TestTariffRules(t *testing.T) {
	tests := []struct {
		name, old, new string // what is put in place of what
		pointer, code  string // "": taken
		ours           bool   // by the rules for what we send
	}{
		{name: "as it is", ours: true},
		{name: "an id too long", old: `"id":"16"`, new: `"id":"` + strings.Repeat("x", 37) + `"`, pointer: "/id", code: "length"},
		{name: "an id as long as it may be", old: `"id":"16"`, new: `"id":"` + strings.Repeat("x", 36) + `"`, ours: true},
		{name: "an id beyond ASCII", old: `"id":"16"`, new: `"id":"ü"`, pointer: "/id", code: "format"},
		{name: "no id", old: `"id":"16",`, pointer: "/id", code: "required"},
		{name: "null is none", old: `"id":"16"`, new: `"id":null`, pointer: "/id", code: "required"},
		{name: "another type", old: `"id":"16"`, new: `"id":16`, pointer: "/id", code: "type"},
		{name: "a field twice", old: `"id":"16"`, new: `"id":"16","id":"17"`, pointer: "/id", code: "syntax"},
		{name: "no JSON", old: `"id":"16"`, new: `"id"`, pointer: "/id", code: "syntax"},
		{name: "no such currency", old: "EUR", new: "EUX", pointer: "/currency", code: "enumeration"},
		{name: "a price as text", old: "0.25", new: `"0.25"`, pointer: "/elements/0/price_components/0/price", code: "type"},
		{name: "a price without end", old: "0.25", new: strings.Repeat("1", 65), pointer: "/elements/0/price_components/0/price", code: "type"},
		{name: "no price", old: `"price":0.25,`, pointer: "/elements/0/price_components/0/price", code: "required"},
		{name: "no such dimension", old: "ENERGY", new: "WEATHER", pointer: "/elements/0/price_components/0/type", code: "enumeration"},
		{name: "a step that is no integer", old: `"step_size":1`, new: `"step_size":1.5`, pointer: "/elements/0/price_components/0/step_size", code: "type"},
		{name: "a negative step", old: `"step_size":1`, new: `"step_size":-1`, pointer: "/elements/0/price_components/0/step_size", code: "range"},
		{name: "no elements", old: `"elements":[`, new: `"elements":[],"x_elements":[`, pointer: "/elements", code: "required"},
		{name: "no such time of day", old: "09:00", new: "24:00", pointer: "/elements/0/restrictions/start_time", code: "format"},
		{name: "no such day", old: "MONDAY", new: "MOONDAY", pointer: "/elements/0/restrictions/day_of_week/0", code: "enumeration"},
		{name: "a limit without its required side", old: `"before_taxes":0.50,`, pointer: "/min_price/before_taxes", code: "required"},
		{name: "no such basis", old: `"NO"`, new: `"MAYBE"`, pointer: "/tax_included", code: "enumeration"},
		{name: "no such time", old: "17T17", new: "17T25", pointer: "/last_updated", code: "format"},
		{name: "no address", old: "https://", new: "see ", pointer: "/tariff_alt_url", code: "format"},
		{name: "a share above all", old: "36.3", new: "136.3", pointer: "/energy_mix/energy_sources/0/percentage", code: "range"},

		{name: "a partner's own type", old: "REGULAR", new: "VIP"},
		{name: "a type of our own", old: "REGULAR", new: "VIP", ours: true, pointer: "/type", code: "enumeration"},
		{name: "a partner's fifth digit", old: "0.25", new: "0.25001"},
		{name: "a fifth digit of our own", old: "0.25", new: "0.25001", ours: true, pointer: "/elements/0/price_components/0/price", code: "range"},
		{name: "a partner's zeros", old: "0.25", new: "0.2500000", ours: true},
		{name: "a partner's zone", old: "01.1Z", new: "01.1+01:00"},
		{name: "a zone of our own", old: "01.1Z", new: "01.1+01:00", ours: true, pointer: "/last_updated", code: "format"},
		{name: "no zone", old: "01.1Z", new: "01.1", ours: true},
		{name: "a partner's line break", old: "2 euro", new: `2\neuro`},
		{name: "a line break of our own", old: "2 euro", new: `2\neuro`, ours: true, pointer: "/tariff_alt_text/0/text", code: "format"},
		{name: "a partner who does not tell the basis", old: `"tax_included":"NO",`},
		{name: "we who do not tell the basis", old: `"tax_included":"NO",`, ours: true, pointer: "/tax_included", code: "required"},
		{name: "a partner who does not tell when", old: `"last_updated":"2018-12-17T17:15:01.1Z",`},
		{name: "we who do not tell when", old: `"last_updated":"2018-12-17T17:15:01.1Z",`, ours: true, pointer: "/last_updated", code: "required"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(tariff230, tt.old, tt.new, 1)
			if tt.old != "" && text == tariff230 {
				t.Fatalf("%s is not in the tariff", tt.old)
			}
			var tariff ocpi230.Tariff
			err := ocpi.Decode([]byte(text), &tariff)
			if tt.ours && err == nil {
				err = ocpi.Check(&tariff)
			}
			if tt.code != "" {
				wantField(t, err, tt.pointer, tt.code)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			again, err := ocpi.Encode(&tariff)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := canonical(t, again), canonical(t, []byte(text)); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestLimitsOfSize(t *testing.T) {
	element := `{"price_components":[{"type":"ENERGY","price":0.25,"step_size":1}]}`
	tests := []struct {
		name  string
		count int
		code  string
	}{
		{"as many elements as may be", 4096, ""},
		{"one more", 4097, "items"},
		{"more than is read", 1 << 16, "length"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := `{"country_code":"DE","party_id":"ALL","id":"16","currency":"EUR","elements":[` +
				strings.Repeat(element+",", tt.count-1) + element + `]}`
			err := ocpi.Decode([]byte(text), new(ocpi221.Tariff))
			if tt.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			pointer := "/elements"
			if tt.code == "length" {
				pointer = ""
			}
			wantField(t, err, pointer, tt.code)
		})
	}
}

func TestReportsAreBounded(t *testing.T) {
	text := `{"elements":[` + strings.Repeat("{},", 999) + `{}]}`
	wrong, ok := errors.AsType[*fault.Error](ocpi.Decode([]byte(text), new(ocpi221.Tariff)))
	if !ok || len(wrong.Fields) != 16 {
		t.Errorf("got %d fields, want 16", len(wrong.Fields))
	}
	long := `{"x":{"` + strings.Repeat("y", 10_000) + `":1,"` + strings.Repeat("y", 10_000) + `":2}}`
	wrong, ok = errors.AsType[*fault.Error](ocpi.Decode([]byte(long), new(ocpi221.Tariff)))
	if !ok || len(wrong.Error()) > 1000 {
		t.Errorf("got an error of %d characters", len(wrong.Error()))
	}
}
