package ocpi_test

import (
	"strings"
	"testing"

	"pylon/internal/kernel/trade"
	"pylon/internal/wire/ocpi"
	"pylon/internal/wire/ocpi221"
	"pylon/internal/wire/ocpi230"
)

// cdr is a CDR with a bit of everything, but for its price and its tariffs.
const cdr = `{"country_code":"BE","party_id":"BEC","id":"12345-C","start_date_time":"2024-12-05T17:39:09Z",` +
	`"end_date_time":"2024-12-05T19:37:32Z","session_id":"s","cdr_token":{"country_code":"DE","party_id":"TNM","uid":"012345678",` +
	`"type":"RFID","contract_id":"DE8ACC12E46L89","x":1},"auth_method":"WHITELIST","authorization_reference":"a",` +
	`"cdr_location":{"id":"LOC1","name":"Zuid","address":"Laan 3A","city":"Gent","postal_code":"9000","country":"BEL",` +
	`"coordinates":{"latitude":"51.047599","longitude":"3.729944"},"evse_uid":"3256","evse_id":"BE*BEC*E041503003",` +
	`"connector_id":"1","connector_standard":"IEC_62196_T2","connector_format":"SOCKET","connector_power_type":"AC_1_PHASE"},` +
	`"meter_id":"m","currency":"EUR","tariffs":[TARIFF],"charging_periods":[{"start_date_time":"2024-12-05T17:39:09.5Z",` +
	`"dimensions":[{"type":"TIME","volume":1.973,"x":[]},{"type":"ENERGY","volume":1.0}],"tariff_id":"16"}],` +
	`"signed_data":{"encoding_method":"OCMF","encoding_method_version":1,"public_key":"k","signed_values":[{"nature":"Start",` +
	`"plain_data":"OCMF|{}\n","signed_data":"T0NNRg=="}],"url":"https://example.com/check"},` +
	`"total_cost":PRICE,"total_energy":15.342,"total_time":1.973,"total_time_cost":PRICE,"total_parking_time":0.1,` +
	`"remark":"r","invoice_reference_id":"i","credit":true,"credit_reference_id":"12345","home_charging_compensation":false,` +
	`"last_updated":"2024-12-05T20:02:13Z","x_new":{"y":1.50}}`

// The same in both versions.
var (
	cdr221 = strings.NewReplacer("PRICE", `{"excl_vat":4.00,"incl_vat":4.40,"x":1}`, "TARIFF", tariff221).Replace(cdr)
	cdr230 = strings.NewReplacer("PRICE", `{"before_taxes":4.00,"taxes":[{"name":"QST","account_number":"n","percentage":10.00,"amount":0.40}]}`,
		"TARIFF", tariff230).Replace(cdr)
)

func TestCDRsComeBackAsTheyWere(t *testing.T) {
	for _, test := range []struct {
		version, text string
		object        ocpi.Object
	}{{"2.2.1", cdr221, new(ocpi221.CDR)}, {"2.3.0", cdr230, new(ocpi230.CDR)}} {
		t.Run(test.version, func(t *testing.T) {
			if err := ocpi.Decode([]byte(test.text), test.object); err != nil {
				t.Fatal(err)
			}
			if err := ocpi.Check(test.object); err != nil {
				t.Error(err)
			}
			data, err := ocpi.Encode(test.object)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := canonical(t, data), canonical(t, []byte(test.text)); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestCDRRules(t *testing.T) {
	tests := []struct {
		name, old, new string // what is put in place of what
		pointer, code  string // "": taken
		ours           bool   // by the rules for what we send
	}{
		{name: "as it is", ours: true},
		{name: "no token", old: `"cdr_token"`, new: `"x_token"`, pointer: "/cdr_token", code: "required"},
		{name: "no place", old: `"cdr_location"`, new: `"x_location"`, pointer: "/cdr_location", code: "required"},
		{name: "no periods", old: `"charging_periods"`, new: `"x_periods"`, pointer: "/charging_periods", code: "required"},
		{name: "no total", old: `"total_cost"`, new: `"x_cost"`, pointer: "/total_cost", code: "required"},
		{name: "no energy", old: `"total_energy"`, new: `"x_energy"`, pointer: "/total_energy", code: "required"},
		{name: "no end", old: `"end_date_time":"2024-12-05T19:37:32Z"`, new: `"end_date_time":null`, pointer: "/end_date_time", code: "required"},
		{name: "no tariff in the list of tariffs", old: `"tariffs":[`, new: `"tariffs":[null,`, pointer: "/tariffs/0", code: "required"},
		{name: "a bad tariff", old: `"currency":"EUR","type"`, new: `"currency":"EUX","type"`, pointer: "/tariffs/0/currency", code: "enumeration"},
		{name: "a credit of nothing", old: `"credit_reference_id":"12345",`, pointer: "/credit_reference_id", code: "required"},
		{name: "no dimensions", old: `"dimensions":[`, new: `"dimensions":[],"x":[`, pointer: "/charging_periods/0/dimensions", code: "required"},
		{name: "no volume", old: `"volume":1.973,`, pointer: "/charging_periods/0/dimensions/0/volume", code: "required"},
		{name: "a tax without amount", old: `,"amount":0.40`, pointer: "/total_cost/taxes/0/amount", code: "required"},
		{name: "a street too long", old: "Laan 3A", new: strings.Repeat("ß", 46), pointer: "/cdr_location/address", code: "length"},
		{name: "a street as long as it may be", old: "Laan 3A", new: strings.Repeat("ß", 45), ours: true},
		{name: "a version that is no integer", old: `version":1,`, new: `version":"1",`, pointer: "/signed_data/encoding_method_version", code: "type"},
		{name: "signed data too long", old: "T0NNRg==", new: strings.Repeat("T", 5001), pointer: "/signed_data/signed_values/0/signed_data", code: "length"},
		{name: "taxes beyond reckoning", old: `"amount":0.40`, new: `"amount":1e-18`}, // 4.000000000000000001
		{name: "tokens of a new kind", old: "RFID", new: "EMAID", ours: true},
		{name: "plugs of a new kind", old: "IEC_62196_T2", new: "IEC_62196_T9", ours: true},
		{name: "a partner's own authorisation", old: "WHITELIST", new: "BY_PHONE"},
		{name: "an authorisation of our own", old: "WHITELIST", new: "BY_PHONE", ours: true, pointer: "/auth_method", code: "enumeration"},
		{name: "a partner's own dimension", old: `"TIME","volume"`, new: `"STATE_OF_CHARGE","volume"`},
		{
			name: "a dimension of sessions in ours", old: `"TIME","volume"`, new: `"STATE_OF_CHARGE","volume"`, ours: true,
			pointer: "/charging_periods/0/dimensions/0/type", code: "enumeration",
		},
		{name: "a partner's coarse degrees", old: "51.047599", new: "51.05"},
		{name: "our coarse degrees", old: "51.047599", new: "51.05", ours: true, pointer: "/cdr_location/coordinates/latitude", code: "format"},
		{name: "a partner's long id", old: `"12345-C"`, new: `"` + strings.Repeat("x", 39) + `"`},
		{name: "a longer one", old: `"12345-C"`, new: `"` + strings.Repeat("x", 40) + `"`, pointer: "/id", code: "length"},
		{name: "our long id", old: `"12345-C"`, new: `"` + strings.Repeat("x", 37) + `"`, ours: true, pointer: "/id", code: "length"},
		{name: "five digits of a partner", old: "15.342", new: "15.34211"},
		{name: "five digits of ours", old: "15.342", new: "15.34211", ours: true, pointer: "/total_energy", code: "range"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(cdr230, tt.old, tt.new, 1)
			if tt.old != "" && text == cdr230 {
				t.Fatalf("%s is not in the CDR", tt.old)
			}
			var object ocpi230.CDR
			err := ocpi.Decode([]byte(text), &object)
			if tt.ours && err == nil {
				err = ocpi.Check(&object)
			}
			if tt.code != "" {
				wantField(t, err, tt.pointer, tt.code)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := object.Trade(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTaxesBeyondReckoning(t *testing.T) {
	var object ocpi230.CDR
	if err := ocpi.Decode([]byte(strings.Replace(cdr230, `"amount":0.40`, `"amount":1.00000000000000000001`, 1)), &object); err != nil {
		t.Fatal(err)
	}
	_, err := object.Trade()
	wantField(t, err, "/total_cost/taxes", "range")
}

func TestTokensThatTheOlderVersionDoesNotKnow(t *testing.T) {
	var object ocpi230.CDR
	if err := ocpi.Decode([]byte(strings.Replace(cdr230, `"type":"RFID"`, `"type":"EMAID"`, 1)), &object); err != nil {
		t.Fatal(err)
	}
	general, err := object.Trade()
	if err != nil {
		t.Fatal(err)
	}
	older, err := ocpi221.CDROf(general)
	if err != nil {
		t.Fatal(err)
	}
	if got := older.CdrToken.Type; got != "OTHER" {
		t.Errorf("got %s, want OTHER", got)
	}
}

func TestPricesBetweenVersions(t *testing.T) {
	tests := []struct {
		name, price string // of 2.3.0
		incl        string // in 2.2.1; "": none
		back        string // in 2.3.0 again
	}{
		{"one tax", `{"before_taxes":4.00,"taxes":[{"name":"VAT","amount":0.40}]}`, "4.4000", `{"before_taxes":4.00,"taxes":[{"amount":0.4000,"name":"VAT"}]}`},
		{
			"two taxes become one", `{"before_taxes":4,"taxes":[{"name":"GST","amount":0.2},{"name":"QST","amount":0.399}]}`, "4.5990",
			`{"before_taxes":4,"taxes":[{"amount":0.5990,"name":"VAT"}]}`,
		},
		{"no tax", `{"before_taxes":4,"taxes":[]}`, "4.0000", `{"before_taxes":4,"taxes":[]}`},
		{"not told", `{"before_taxes":4}`, "", `{"before_taxes":4}`},
		{"many digits", `{"before_taxes":4.123456789,"taxes":[{"name":"VAT","amount":0.1}]}`, "4.223456789", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			general := costing(t, tt.price)
			got := ""
			if general.Total.Incl != nil {
				got = general.Total.Incl.String()
			}
			if got != tt.incl {
				t.Errorf("incl: got %s, want %s", got, tt.incl)
			}
			if tt.back == "" {
				_, err := ocpi221.CDROf(general)
				wantField(t, err, "/total_cost/incl_vat", "range")
				return
			}
			older, err := ocpi221.CDROf(general)
			if err != nil {
				t.Fatal(err)
			}
			if general, err = older.Trade(); err != nil {
				t.Fatal(err)
			}
			newer, err := ocpi230.CDROf(general)
			if err != nil {
				t.Fatal(err)
			}
			data, err := ocpi.Encode(newer.TotalCost)
			if err != nil {
				t.Fatal(err)
			}
			if got := canonical(t, data); got != tt.back {
				t.Errorf("back: got %s, want %s", got, tt.back)
			}
		})
	}
}

// costing returns a CDR with this total.
func costing(t *testing.T, price string) *trade.CDR {
	t.Helper()
	var object ocpi230.CDR
	text := strings.NewReplacer("PRICE", price, "TARIFF", "").Replace(cdr)
	if err := ocpi.Decode([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	general, err := object.Trade()
	if err != nil {
		t.Fatal(err)
	}
	return general
}
