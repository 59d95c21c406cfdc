package ocppj_test

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"pylon/internal/wire/ocppj"
)

func TestAppend(t *testing.T) {
	failure := &ocppj.CallError{Code: ocppj.OccurrenceConstraintViolation, Description: `"x" is missing`, Details: []byte(`{"path":"x"}`)}
	tests := []struct {
		name string
		got  []byte
		want string
	}{
		{"call", ocppj.AppendCall(nil, "1", "Reset", []byte(`{"type":"Soft"}`)), `[2,"1","Reset",{"type":"Soft"}]`},
		{"call without payload", ocppj.AppendCall(nil, "1", "Heartbeat", nil), `[2,"1","Heartbeat",{}]`},
		{"call behind other bytes", ocppj.AppendCall([]byte("x"), "1", "Heartbeat", nil), `x[2,"1","Heartbeat",{}]`},
		{"call with an odd id", ocppj.AppendCall(nil, "\"\\\n\xff", "Heartbeat", nil), `[2,"\"\\\n` + "\ufffd" + `","Heartbeat",{}]`},
		{"call result", ocppj.AppendCallResult(nil, "1", []byte(`{"a":1}`)), `[3,"1",{"a":1}]`},
		{
			"errata 5.1 call error of 1.6", ocppj.AppendCallError(nil, ocppj.V16, "1", failure),
			`[4,"1","OccurenceConstraintViolation","\"x\" is missing",{"path":"x"}]`,
		},
		{
			"call error of 2.0.1", ocppj.AppendCallError(nil, ocppj.V201, "1", failure),
			`[4,"1","OccurrenceConstraintViolation","\"x\" is missing",{"path":"x"}]`,
		},
		{
			"4.2.3 empty description and details", ocppj.AppendCallError(nil, ocppj.V21, "1", &ocppj.CallError{Code: ocppj.NotSupported}),
			`[4,"1","NotSupported","",{}]`,
		},
		{
			"call result error", ocppj.AppendCallResultError(nil, "1", &ocppj.CallError{Code: ocppj.FormatViolation, Description: "tariff"}),
			`[5,"1","FormatViolation","tariff",{}]`,
		},
		{"send", ocppj.AppendSend(nil, "1", "NotifyPeriodicEventStream", []byte(`{"id":1}`)), `[6,"1","NotifyPeriodicEventStream",{"id":1}]`},
	}
	for _, tt := range tests {
		if string(tt.got) != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.name, tt.got, tt.want)
		}
	}
}

func TestDescriptionIsCutTo255Characters(t *testing.T) {
	for _, length := range []int{0, 254, 255, 256, 1000} {
		sent := strings.Repeat("é", length)
		e := &ocppj.CallError{Code: ocppj.GenericError, Description: sent}
		f, ferr := ocppj.Parse(ocppj.V201, ocppj.AppendCallError(nil, ocppj.V201, "1", e))
		if ferr != nil {
			t.Fatal(ferr)
		}
		if got, want := utf8.RuneCountInString(f.Description), min(length, 255); got != want || !utf8.ValidString(f.Description) {
			t.Errorf("a description of %d characters arrives with %d, want %d", length, got, want)
		}
		if got := utf8.RuneCountInString(e.Error()); got > 255+len("GenericError: ") {
			t.Errorf("the error of a description of %d characters has %d", length, got)
		}
	}
}

func TestParseReadsBackWhatAppendWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SampledFrom(all).Draw(t, "version")
		types := []ocppj.MessageType{ocppj.TypeCall, ocppj.TypeCallResult, ocppj.TypeCallError}
		if v == ocppj.V21 {
			types = append(types, ocppj.TypeCallResultError, ocppj.TypeSend)
		}
		want := ocppj.Frame{
			Type: rapid.SampledFrom(types).Draw(t, "type"),
			ID:   rapid.StringN(0, 36, -1).Draw(t, "id"),
		}
		object := []byte(`{"` + rapid.StringMatching(`[a-z]*`).Draw(t, "name") + `":[null,-1.50e3,"\u00e9"]}`)
		switch want.Type {
		case ocppj.TypeCall, ocppj.TypeSend:
			want.Action = rapid.StringN(0, 64, -1).Draw(t, "action")
			want.Payload = object
		case ocppj.TypeCallResult:
			want.Payload = object
		default:
			want.Code = ocppj.ErrorCode(rapid.StringN(0, 64, -1).Draw(t, "code")).In(v)
			want.Description = rapid.StringN(0, 255, -1).Draw(t, "description")
			want.Details = object
		}
		raw := appendFrame(v, want)
		got, ferr := ocppj.Parse(v, raw)
		if ferr != nil {
			t.Fatalf("Parse(%s): %v", raw, ferr)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("Parse(%s)\n got %+v\nwant %+v", raw, got, want)
		}
	})
}

// appendFrame writes a frame with the function for its type.
func appendFrame(v ocppj.Version, f ocppj.Frame) []byte {
	switch f.Type {
	case ocppj.TypeCall:
		return ocppj.AppendCall(nil, f.ID, f.Action, f.Payload)
	case ocppj.TypeCallResult:
		return ocppj.AppendCallResult(nil, f.ID, f.Payload)
	case ocppj.TypeCallError:
		return ocppj.AppendCallError(nil, v, f.ID, f.Err())
	case ocppj.TypeCallResultError:
		return ocppj.AppendCallResultError(nil, f.ID, f.Err())
	default:
		return ocppj.AppendSend(nil, f.ID, f.Action, f.Payload)
	}
}

func TestCodesOfEachVersion(t *testing.T) {
	codes16 := map[ocppj.ErrorCode]bool{ // table 7 with errata 5.1 and 5.2
		ocppj.NotImplemented: true, ocppj.NotSupported: true, ocppj.InternalError: true, ocppj.ProtocolError: true,
		ocppj.SecurityError: true, ocppj.FormationViolation: true, ocppj.PropertyConstraintViolation: true,
		ocppj.OccurenceConstraintViolation: true, ocppj.TypeConstraintViolation: true, ocppj.GenericError: true,
	}
	codes2 := map[ocppj.ErrorCode]bool{ // table 8
		ocppj.FormatViolation: true, ocppj.GenericError: true, ocppj.InternalError: true, ocppj.MessageTypeNotSupported: true,
		ocppj.NotImplemented: true, ocppj.NotSupported: true, ocppj.OccurrenceConstraintViolation: true,
		ocppj.PropertyConstraintViolation: true, ocppj.ProtocolError: true, ocppj.RPCFrameworkError: true,
		ocppj.SecurityError: true, ocppj.TypeConstraintViolation: true,
	}
	for _, from := range []map[ocppj.ErrorCode]bool{codes16, codes2} {
		for code := range from {
			if got := code.In(ocppj.V16); !codes16[got] {
				t.Errorf("%s is %s in 1.6, which has no such code", code, got)
			}
			for _, v := range two {
				if got := code.In(v); !codes2[got] {
					t.Errorf("%s is %s in %v, which has no such code", code, got, v)
				}
			}
		}
	}
	if got, want := ocppj.OccurrenceConstraintViolation.In(ocppj.V16), ocppj.ErrorCode("OccurenceConstraintViolation"); got != want {
		t.Errorf("errata 5.1: got %s, want %s", got, want)
	}
	if got, want := ocppj.FormatViolation.In(ocppj.V16), ocppj.ErrorCode("FormationViolation"); got != want {
		t.Errorf("errata 5.2: got %s, want %s", got, want)
	}
}
