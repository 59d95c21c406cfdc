package rest_test

import (
	"strings"
	"testing"

	"pylon/internal/domain/tariff"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
)

const tariffsPath = "/api/v1/tariffs"

// aDraft has something of everything that a draft may have.
const aDraft = `{"start_date_time":"2099-01-01T00:00:00.000Z","currency":"EUR","tax_included":"NO",` +
	`"elements":[{"price_components":[{"type":"ENERGY","price":"0.490","vat":"19","step_size":1}],` +
	`"restrictions":{"start_time":"08:00","day_of_week":["SUNDAY","MONDAY"],"max_kwh":"10.5","min_duration":0}},` +
	`{"price_components":[{"type":"PARKING_TIME","price":"6","step_size":60}]}],` +
	`"max_price":{"before_taxes":"40"},"default_vat":"19.0",` +
	`"extras":[{"id":"idle","idle":{"per_minute":"0.10","grace_s":600,"quiet":[{"start":"22:00","end":"06:00"}]}},` +
	`{"id":"spot","series":"epex","spot":{"markup_percent":"5","fallback":"0.3"}},{"id":"sun","vat":"7","series":"roof","solar":{"per_kwh":"0.05"}},` +
	`{"id":"off","percent":{"of":["ENERGY"],"rate":"-10"}},{"id":"fee","surcharge":{"amount":"1"}},{"id":"cap","cap":{"most":"50"}},{"id":"short","short":{"below_s":60,"kwh":"0"}}],` +
	`"tariff_alt_text":[{"language":"en","text":"0.490 a kWh"}],"tariff_alt_url":"https://example.org/","preauthorize_amount":"60",` +
	`"energy_mix":{"is_green_energy":true,"energy_sources":[{"source":"WIND","percentage":"100"}],"environ_impact":[{"category":"CARBON_DIOXIDE","amount":"0"}]}}`

func TestTariffLife(t *testing.T) {
	w := newWorld(t, options{})
	key := w.first.key
	made := w.expect(201, key, "POST", tariffsPath, `{"name":"Day","type":"AD_HOC_PAYMENT","draft":`+aDraft+`}`)
	path := made.Header.Get("Location")
	if !strings.Contains(string(made.body), `"draft":`+aDraft) {
		t.Errorf("got %s, want the draft %s", made.body, aDraft)
	}
	if read := w.expect(200, key, "GET", path, ""); string(read.body) != string(made.body) {
		t.Errorf("got %s, want %s", read.body, made.body)
	}
	notices := w.expect(200, key, "GET", path+"/notices?country=DE&power_w=150000&time_zone=Europe/Berlin", "")
	for _, code := range []string{"afir_flat", "eichrecht_clock", "limit_one_side"} {
		if !strings.Contains(string(notices.body), `"code":"`+code+`"`) {
			t.Errorf("no %s in %s", code, notices.body)
		}
	}
	w.refused(428, "if_match_required", key, "POST", path+"/publish", "")
	published := w.expect(200, key, "POST", path+"/publish", "", "If-Match", made.Header.Get("ETag"))
	if published.member(t, "draft") != nil || published.member(t, "published") != float64(1) {
		t.Errorf("published: got %s", published.body)
	}
	editions := w.expect(200, key, "GET", path+"/editions", "")
	if want := strings.TrimSuffix(strings.SplitN(aDraft, `"currency"`, 2)[1], "}"); !strings.Contains(string(editions.body), want) {
		t.Errorf("editions: got %s, want %s in it", editions.body, want)
	}
	w.refused(409, "tariff_without_draft", key, "POST", path+"/publish", "", "If-Match", "*")
	w.refused(409, "tariff_without_draft", key, "GET", path+"/notices", "")
	w.refused(409, "tariff_published", key, "DELETE", path, "", "If-Match", "*")
	ended := w.expect(200, key, "PATCH", path, `{"ends_at":"2099-06-01T00:00:00Z","type":null}`, "If-Match", "*")
	if ended.member(t, "ends_at") != "2099-06-01T00:00:00.000Z" || ended.member(t, "type") != nil {
		t.Errorf("ended: got %s", ended.body)
	}
	w.expect(200, key, "PATCH", path, `{"draft":`+aDraft+`}`, "If-Match", "*")
	if got := w.expect(200, key, "PATCH", path, `{"draft":null}`, "If-Match", "*"); got.member(t, "draft") != nil {
		t.Errorf("a draft is left: %s", got.body)
	}
}

func TestTariffRefusals(t *testing.T) {
	w := newWorld(t, options{})
	for _, c := range []struct{ name, old, new, pointer string }{
		{"a member that there is not", `"currency"`, `"colour":1,"currency"`, "/draft/colour"},
		{"one deep within", `"step_size":1}`, `"step":1}`, "/draft/elements/0/price_components/0/step"},
		{"a price that is a number", `"0.490"`, `0.490`, "/draft/elements/0/price_components/0/price"},
		{"a price in words", `"0.490"`, `"two"`, "/draft/elements/0/price_components/0/price"},
		{"a rule of tariffs", `"0.490"`, `"0.49001"`, "/draft/elements/0/price_components/0/price"},
		{"no such day", `"SUNDAY"`, `"TODAY"`, "/draft/elements/0/restrictions/day_of_week/0"},
		{"two rules in one extra", `"id":"cap",`, `"id":"cap","surcharge":{"amount":"1"},`, "/draft/extras/5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := w.refused(422, "invalid_input", w.first.key, "POST", tariffsPath, `{"name":"Day","draft":`+strings.Replace(aDraft, c.old, c.new, 1)+`}`)
			if !strings.Contains(string(got.body), `"pointer":"`+c.pointer+`"`) {
				t.Errorf("got %s, want %s", got.body, c.pointer)
			}
		})
	}
}

func TestAssignmentLife(t *testing.T) {
	w := newWorld(t, options{})
	key := w.first.key
	station := w.expect(201, key, "POST", "/api/v1/stations", `{"station_id":"CP-1"}`).member(t, "id").(string)
	id := w.expect(201, key, "POST", tariffsPath, `{"name":"Day"}`).member(t, "id").(string)
	const path = "/api/v1/tariff-assignments"
	made := w.expect(201, key, "POST", path, `{"tariff_id":"`+id+`","station":"CP-1","evse_id":1,"group":"Fleet","power_to_w":50000}`)
	for name, want := range map[string]any{"station": station, "evse_id": float64(1), "group": "Fleet", "power_from_w": nil, "power_to_w": float64(50000), "site_id": nil, "valid_from": nil} {
		if got := made.member(t, name); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	one := made.Header.Get("Location")
	next := w.expect(200, key, "PATCH", one, `{"group":null,"ad_hoc":true,"valid_until":"2099-01-01T00:00:00Z"}`, "If-Match", made.Header.Get("ETag"))
	if next.member(t, "group") != nil || next.member(t, "ad_hoc") != true || next.member(t, "valid_until") != "2099-01-01T00:00:00.000Z" {
		t.Errorf("got %s", next.body)
	}
	for query, want := range map[string]int{"": 1, "?tariff_id=" + id: 1, "?tariff_id=trf_x": 0} {
		if got := w.expect(200, key, "GET", path+query, "").member(t, "data").([]any); len(got) != want {
			t.Errorf("%s: got %d, want %d", query, len(got), want)
		}
	}
	w.refused(409, "tariff_assigned", key, "DELETE", tariffsPath+"/"+id, "", "If-Match", "*")
	w.expect(204, key, "DELETE", one, "", "If-Match", "*")
	w.expect(204, key, "DELETE", tariffsPath+"/"+id, "", "If-Match", "*")
}

// priced makes a tariff with an edition and a draft, of which there is something to say.
func (w *world) priced(of tenant) ident.TariffID {
	w.t.Helper()
	price := rating.Component{Dimension: rating.Energy, Price: decimal.FromInt(49, 2), StepSize: 500}
	draft := &tariff.Draft{Terms: tariff.Terms{Priced: rating.Tariff{
		Currency: "EUR", TaxIncluded: rating.TaxNone, Elements: []rating.Element{{Components: []rating.Component{price}}},
	}}}
	made, err := w.admin.CreateTariff(w.t.Context(), of.by, admin.TariffPatch{Name: new("Day"), Draft: &draft}, nil)
	w.must(err)
	_, err = w.admin.PublishTariff(w.t.Context(), of.by, made.ID, 1)
	w.must(err)
	_, err = w.admin.UpdateTariff(w.t.Context(), of.by, made.ID, admin.TariffPatch{Draft: &draft}, 2)
	w.must(err)
	return made.ID
}

// A tariff of OCPI comes as partners have it, and becomes a draft.
func TestTariffOfOCPI(t *testing.T) {
	w := newWorld(t, options{})
	key := w.first.key
	const of230 = `{"country_code":"DE","party_id":"ALL","id":"9","currency":"EUR","type":"AD_HOC_PAYMENT","tax_included":"YES","start_date_time":"2099-01-01T00:00:00Z",` +
		`"elements":[{"price_components":[{"type":"ENERGY","price":0.490,"vat":19.0,"step_size":1}],"restrictions":{"start_time":"08:00"}}],"last_updated":"2026-01-01T00:00:00Z","unheard_of":1}`
	made := w.expect(201, key, "POST", tariffsPath, `{"name":"Day","ocpi":`+of230+`}`)
	const want = `"draft":{"start_date_time":"2099-01-01T00:00:00.000Z","currency":"EUR","tax_included":"YES",` +
		`"elements":[{"price_components":[{"type":"ENERGY","price":"0.490","vat":"19.0","step_size":1}],"restrictions":{"start_time":"08:00"}}]}`
	if !strings.Contains(string(made.body), want) || made.member(t, "type") != "AD_HOC_PAYMENT" {
		t.Errorf("got %s, want %s", made.body, want)
	}
	of221 := strings.NewReplacer(`"tax_included":"YES",`, `"min_price":{"excl_vat":1.5},`, `"start_date_time":"2099-01-01T00:00:00Z",`, "").Replace(of230)
	next := w.expect(200, key, "PATCH", made.Header.Get("Location"), `{"ocpi":`+of221+`}`, "If-Match", "*")
	if !strings.Contains(string(next.body), `"tax_included":"NO"`) || !strings.Contains(string(next.body), `"min_price":{"before_taxes":"1.5"}`) {
		t.Errorf("2.2.1: got %s", next.body)
	}
	if typed := w.expect(201, key, "POST", tariffsPath, `{"name":"Day","type":"REGULAR","ocpi":`+of230+`}`); typed.member(t, "type") != "REGULAR" {
		t.Errorf("the type that is given: got %s", typed.body)
	}
	for _, c := range []struct{ name, ocpi, pointer string }{
		{"no such day", strings.Replace(of230, "08:00", "28:00", 1), "/ocpi/elements/0/restrictions/start_time"},
		{"a member that is missing", strings.Replace(of230, `"currency":"EUR",`, "", 1), "/ocpi/currency"},
		{"a rule of ours", strings.Replace(of230, "0.490", "0.49001", 1), "/ocpi/elements/0/price_components/0/price"},
		{"no object", `[1]`, "/ocpi"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := w.refused(422, "invalid_input", key, "POST", tariffsPath, `{"name":"Day","ocpi":`+c.ocpi+`}`)
			if !strings.Contains(string(got.body), `"pointer":"`+c.pointer) {
				t.Errorf("got %s, want %s", got.body, c.pointer)
			}
		})
	}
	w.refused(422, "invalid_input", key, "POST", tariffsPath, `{"name":"Day","ocpi":`+of230+`,"draft":`+aDraft+`}`)
}
