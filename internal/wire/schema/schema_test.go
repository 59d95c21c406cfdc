package schema_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/schema"
)

func TestDecodeViolations(t *testing.T) {
	const start = `{"connectorId":1,"idTag":"A","meterStart":0,"timestamp":"2026-03-04T10:15:30Z"`
	tests := []struct {
		name      string
		message   schema.Message
		json      string
		want      []string // rule, a space, the path
		tolerable bool
	}{
		{"valid", new(ocpp16.StartTransactionRequest), start + `}`, nil, true},
		{"unknown field", new(ocpp16.StartTransactionRequest), start + `,"vendor":{"a":null}}`, []string{"unknown field vendor"}, true},
		{"text too long", new(ocpp16.AuthorizeRequest), `{"idTag":"123456789012345678901"}`, []string{"length idTag"}, true},
		{"characters, not bytes", new(ocpp16.AuthorizeRequest), `{"idTag":"ÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄ"}`, nil, true},
		{"characters, one too many", new(ocpp16.AuthorizeRequest), `{"idTag":"ÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄ"}`, []string{"length idTag"}, true},
		{
			"missing", new(ocpp16.StartTransactionRequest), `{}`,
			[]string{"required connectorId", "required idTag", "required meterStart", "required timestamp"},
			false,
		},
		{"null is a type", new(ocpp16.StartTransactionRequest), start + `,"reservationId":null}`, []string{"type reservationId"}, false},
		{"time without zone", new(ocpp16.HeartbeatResponse), `{"currentTime":"2026-03-04T10:15:30"}`, []string{"format currentTime"}, true},
		{"no time", new(ocpp16.HeartbeatResponse), `{"currentTime":"soon"}`, []string{"format currentTime"}, false},
		{
			"unknown optional value", new(ocpp16.StopTransactionRequest),
			`{"transactionId":1,"meterStop":2,"timestamp":"2026-03-04T10:15:30Z","reason":"Bored"}`,
			[]string{"enumeration reason"},
			true,
		},
		{"unknown required value", new(ocpp16.ResetRequest), `{"type":"Gentle"}`, []string{"enumeration type"}, false},
		{
			"path into lists", new(ocpp201.MeterValuesRequest),
			`{"evseId":1,"meterValue":[{"timestamp":"2026-03-04T10:15:30Z","sampledValue":[{"value":1},{"value":2,"unitOfMeasure":{"unit":7}}]}]}`,
			[]string{"type meterValue[0].sampledValue[1].unitOfMeasure.unit"},
			false,
		},
		{"too few items", new(ocpp201.MeterValuesRequest), `{"evseId":1,"meterValue":[]}`, []string{"items meterValue"}, false},
		{"optional list without items", new(ocpp201.GetDisplayMessagesRequest), `{"requestId":1,"id":[]}`, []string{"items id"}, false},
		{"no object", new(ocpp16.HeartbeatRequest), `[]`, []string{"type "}, false},
		{"field twice", new(ocpp16.AuthorizeRequest), `{"idTag":"A","idTag":"B"}`, []string{"syntax idTag"}, false},
		{"cut off", new(ocpp16.AuthorizeRequest), `{"idTag":"A"`, []string{"syntax "}, false},
		{"two values", new(ocpp16.HeartbeatRequest), `{}{}`, []string{"syntax "}, false},
		{"comma at the end", new(ocpp16.AuthorizeRequest), `{"idTag":"A",}`, []string{"syntax "}, false},
		{"comma at the end of a list", new(ocpp16.GetConfigurationRequest), `{"key":["a",]}`, []string{"syntax key"}, false},
		{"leading zero", new(ocpp16.UnlockConnectorRequest), `{"connectorId":01}`, []string{"syntax connectorId"}, false},
		{"nothing", new(ocpp16.HeartbeatRequest), ``, []string{"syntax "}, false},
		{"not UTF-8", new(ocpp16.AuthorizeRequest), "{\"idTag\":\"A\xff\"}", []string{"format "}, true},
		{"half a surrogate pair", new(ocpp16.AuthorizeRequest), `{"idTag":"\ud83d"}`, nil, true},
		{"integer with a fraction of zero", new(ocpp16.UnlockConnectorRequest), `{"connectorId":1.0}`, nil, true},
		{"integer with a fraction", new(ocpp16.UnlockConnectorRequest), `{"connectorId":1.5}`, []string{"type connectorId"}, false},
		{"integer beyond 64 bits", new(ocpp16.UnlockConnectorRequest), `{"connectorId":9223372036854775808}`, []string{"range connectorId"}, false},
		{"errata J 2.1: Celcius", new(ocpp16.MeterValuesRequest), celsius("Celcius"), nil, true},
		{"errata J 2.1: Celsius", new(ocpp16.MeterValuesRequest), celsius("Celsius"), nil, true},
		{"8.1 is a multiple of 0.1", new(ocpp16.GetCompositeScheduleResponse), limit("8.1"), nil, true},
		{"1.1 is a multiple of 0.1", new(ocpp16.GetCompositeScheduleResponse), limit("1.10"), nil, true},
		{"8.15 is none", new(ocpp16.GetCompositeScheduleResponse), limit("8.15"), []string{"range chargingSchedule.chargingSchedulePeriod[0].limit"}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			violations := schema.Decode([]byte(test.json), test.message)
			var got []string
			for _, v := range violations {
				got = append(got, v.Rule.String()+" "+v.Path)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if violations.Tolerable() != test.tolerable {
				t.Errorf("got tolerable %t, want %t", violations.Tolerable(), test.tolerable)
			}
		})
	}
}

func celsius(unit string) string {
	return `{"connectorId":1,"meterValue":[{"timestamp":"2026-03-04T10:15:30Z","sampledValue":[{"value":"21","unit":"` + unit + `"}]}]}`
}

func limit(number string) string {
	return `{"status":"Accepted","chargingSchedule":{"chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,"limit":` + number + `}]}}`
}

func TestTolerableMessageIsWhole(t *testing.T) {
	const text = `{"connectorId":1,"errorCode":"NoError","status":"Available","info":"` + "a text of more than fifty characters, as some stations send it" +
		`","x":1.50,"y":{"z":[1,2]},"x":2}`
	var m ocpp16.StatusNotificationRequest
	violations := schema.Decode([]byte(text), &m)
	if len(violations) != 4 || !violations.Tolerable() {
		t.Fatalf("got %v", violations)
	}
	if m.Status != ocpp16.ChargePointStatusAvailable || m.Info == nil || len(*m.Info) != 62 {
		t.Errorf("got %+v", m)
	}
	if got, want := string(m.Unknown), `{"x":1.50,"y":{"z":[1,2]},"x":2}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	encoded, err := schema.Encode(&m)
	if err != nil || !strings.HasSuffix(string(encoded), `,"x":1.50,"y":{"z":[1,2]},"x":2}`) {
		t.Errorf("got %s, %v", encoded, err)
	}
}

func TestReportHasALimit(t *testing.T) {
	unknown := strings.Repeat(`{"value":"1","odd":1},`, 40) + `{"value":"1"}`
	broken := strings.Repeat(`{},`, 1000) + `{}`
	message := func(samples string) []byte {
		return []byte(`{"connectorId":1,"meterValue":[{"timestamp":"2026-03-04T10:15:30Z","sampledValue":[` + samples + `]}]}`)
	}
	var m ocpp16.MeterValuesRequest
	violations := schema.Decode(message(unknown), &m)
	if !violations.Tolerable() || len(violations) >= schema.MaxViolations || len(m.MeterValue[0].SampledValue) != 41 {
		t.Errorf("many tolerable violations: got %d of them, tolerable %t", len(violations), violations.Tolerable())
	}
	violations = schema.Decode(message(unknown+`,{"value":7}`), new(ocpp16.MeterValuesRequest))
	if last := violations[len(violations)-1]; violations.Tolerable() || last.Path != "meterValue[0].sampledValue[41].value" {
		t.Errorf("one that is not tolerable must not be lost: got %v", violations)
	}
	violations = schema.Decode(message(broken), new(ocpp16.MeterValuesRequest))
	if len(violations) != schema.MaxViolations || violations.Tolerable() {
		t.Errorf("many violations: got %d of them", len(violations))
	}
	var all ocpp16.MeterValuesRequest
	schema.Read(message(broken), &all)
	if got := len(all.MeterValue[0].SampledValue); got != 1001 {
		t.Errorf("judged by another schema: got %d samples, want all 1001", got)
	}
}

func TestViolationsSayFieldAndRule(t *testing.T) {
	violations := schema.Decode([]byte(`{"idTag":"very secret text of a driver"}`), new(ocpp16.AuthorizeRequest))
	var err error = violations
	if got, want := err.Error(), "idTag must not have more than 20 characters (length)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var found schema.Violations
	if !errors.As(err, &found) || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func TestCheckOutgoing(t *testing.T) {
	tests := []struct {
		name    string
		message schema.Message
		want    string
	}{
		{"good", &ocpp16.ResetRequest{Type: ocpp16.ResetTypeHard}, ""},
		{"value forgotten", &ocpp16.ResetRequest{}, "type must be a value of its enumeration (enumeration)"},
		{"list forgotten", &ocpp201.GetVariablesRequest{}, "getVariableData must have at least 1 item (items)"},
		{"no scheme", &ocpp16.GetDiagnosticsRequest{Location: "example.org/x"}, "location must be a URI (format)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if violations := schema.Check(test.message); violations != nil {
				got = violations.Error()
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestTimestamp(t *testing.T) {
	tests := []struct {
		text string
		want string // UTC, RFC 3339; empty when it is no time
	}{
		{"2026-03-04T10:15:30Z", "2026-03-04T10:15:30Z"},
		{"2026-03-04t10:15:30z", "2026-03-04T10:15:30Z"},
		{"2026-03-04T10:15:30", "2026-03-04T10:15:30Z"},
		{"2026-03-04 10:15:30", "2026-03-04T10:15:30Z"},
		{"2026-03-04T10:15:30.5+01:00", "2026-03-04T09:15:30.5Z"},
		{"2026-03-04T10:15:30+0130", "2026-03-04T08:45:30Z"},
		{"2026-03-04T23:15:30-02", "2026-03-05T01:15:30Z"},
		{"2026-03-04T10:15:30.1234567891234Z", "2026-03-04T10:15:30.123456789Z"},
		{"2026-03-04T10:15:30,25Z", "2026-03-04T10:15:30.25Z"},
		{"2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
		{"2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"},
		{"2017-01-01T00:59:60+01:00", "2017-01-01T00:00:00Z"},
		{"2026-02-29T00:00:00Z", ""},
		{"2026-13-01T00:00:00Z", ""},
		{"2026-03-04T24:00:00Z", ""},
		{"2026-03-04T10:60:00Z", ""},
		{"2026-03-04T10:15:60Z", ""},
		{"2026-03-04T10:15:30.Z", ""},
		{"2026-03-04T10:15:30+24:00", ""},
		{"2026-03-04T10:15:30+01:60", ""},
		{"2026-03-04T10:15:30+1", ""},
		{"2026-03-04T10:15:30 UTC", ""},
		{"2026-03-04", ""},
		{"1709547330", ""},
		{"", ""},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			got, err := schema.Timestamp(test.text).Time()
			if (err != nil) != (test.want == "") {
				t.Fatalf("got %v, %v", got, err)
			}
			if err == nil && got.Format(time.RFC3339Nano) != test.want {
				t.Errorf("got %s, want %s", got.Format(time.RFC3339Nano), test.want)
			}
		})
	}
	at := time.Date(2026, 3, 4, 10, 15, 30, 123456789, time.FixedZone("", 3600))
	if got, want := schema.TimestampOf(at), schema.Timestamp("2026-03-04T09:15:30.123Z"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// FuzzTimestamp demands that every time of RFC 3339 is read as the standard library reads it.
func FuzzTimestamp(f *testing.F) {
	f.Add("2026-03-04T10:15:30.123+01:00")
	f.Add("2026-03-04 10:15:30")
	f.Fuzz(func(t *testing.T, text string) {
		want, wantErr := time.Parse(time.RFC3339Nano, text)
		got, err := schema.Timestamp(text).Time()
		// The standard library takes an hour of one digit as well; RFC 3339 does not.
		twoDigits := len(text) > len("2026-03-04T10:") && text[13] == ':'
		if wantErr == nil && twoDigits && (err != nil || !got.Equal(want)) {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
		if err == nil && schema.TimestampOf(got) == "" {
			t.Errorf("%q was read and cannot be written", text)
		}
	})
}
