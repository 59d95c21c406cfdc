package ocppj_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pylon/internal/wire/ocppj"
)

var (
	all   = []ocppj.Version{ocppj.V16, ocppj.V201, ocppj.V21}
	two   = []ocppj.Version{ocppj.V201, ocppj.V21}
	old   = []ocppj.Version{ocppj.V16, ocppj.V201}
	only  = map[string][]ocppj.Version{"1.6": {ocppj.V16}, "2.0.1": {ocppj.V201}, "2.1": {ocppj.V21}}
	empty = []byte("{}")
)

func TestParseAccepts(t *testing.T) {
	guid := "550e8400-e29b-41d4-a716-446655440000"
	tests := []struct {
		name     string
		versions []ocppj.Version
		in       string
		want     ocppj.Frame
	}{
		{
			"4.2.1 call", all, `[2,"call-1","Heartbeat",{}]`,
			ocppj.Frame{Type: ocppj.TypeCall, ID: "call-1", Action: "Heartbeat", Payload: empty},
		},
		{
			"4.2.1 call with payload", all, `[2,"1","DataTransfer",{"vendorId":"a","data":"[\"]}"}]`,
			ocppj.Frame{Type: ocppj.TypeCall, ID: "1", Action: "DataTransfer", Payload: []byte(`{"vendorId":"a","data":"[\"]}"}`)},
		},
		{
			"4.1.5 null payload is empty", all, `[2,"1","Heartbeat",null]`,
			ocppj.Frame{Type: ocppj.TypeCall, ID: "1", Action: "Heartbeat", Payload: empty},
		},
		{
			"4.2.2 call result", all, `[3,"1",{"status":"Accepted"}]`,
			ocppj.Frame{Type: ocppj.TypeCallResult, ID: "1", Payload: []byte(`{"status":"Accepted"}`)},
		},
		{
			"4.2.3 call error, errata 3.9", all, `[4,"call-17","NotSupported","no local list here",{}]`,
			ocppj.Frame{Type: ocppj.TypeCallError, ID: "call-17", Code: ocppj.NotSupported, Description: "no local list here", Details: empty},
		},
		{
			"call error of an unknown code keeps it", all, `[4,"1","Oops","",{"a":[1]}]`,
			ocppj.Frame{Type: ocppj.TypeCallError, ID: "1", Code: "Oops", Details: []byte(`{"a":[1]}`)},
		},
		{
			"call error without details", all, `[4,"1","NotSupported","no"]`,
			ocppj.Frame{Type: ocppj.TypeCallError, ID: "1", Code: ocppj.NotSupported, Description: "no", Details: empty},
		},
		{
			"call error with code alone", all, `[4,"1","NotSupported"]`,
			ocppj.Frame{Type: ocppj.TypeCallError, ID: "1", Code: ocppj.NotSupported, Details: empty},
		},
		{
			"call error with nulls", all, `[4,"1","NotSupported",null,null]`,
			ocppj.Frame{Type: ocppj.TypeCallError, ID: "1", Code: ocppj.NotSupported, Details: empty},
		},
		{
			"call error with details that are no object", all, `[4,"1","NotSupported","","why"]`,
			ocppj.Frame{Type: ocppj.TypeCallError, ID: "1", Code: ocppj.NotSupported, Details: []byte(`"why"`)},
		},
		{
			"2.1 4.2.3 call result error", only["2.1"], `[5,"1","FormatViolation","tariff",{}]`,
			ocppj.Frame{Type: ocppj.TypeCallResultError, ID: "1", Code: ocppj.FormatViolation, Description: "tariff", Details: empty},
		},
		{
			"2.1 4.2.4 send", only["2.1"], `[6,"1","NotifyPeriodicEventStream",{"id":123}]`,
			ocppj.Frame{Type: ocppj.TypeSend, ID: "1", Action: "NotifyPeriodicEventStream", Payload: []byte(`{"id":123}`)},
		},
		{
			"white space", all, " [\t2 ,\r\n\"1\" , \"Heartbeat\" , { } ] \n",
			ocppj.Frame{Type: ocppj.TypeCall, ID: "1", Action: "Heartbeat", Payload: []byte("{ }")},
		},
		{
			"byte order mark", all, "\ufeff" + `[2,"1","Heartbeat",{}]`,
			ocppj.Frame{Type: ocppj.TypeCall, ID: "1", Action: "Heartbeat", Payload: empty},
		},
		{
			"id of 36 characters", all, `[2,"` + guid + `","Heartbeat",{}]`,
			ocppj.Frame{Type: ocppj.TypeCall, ID: guid, Action: "Heartbeat", Payload: empty},
		},
		{
			"id of 36 characters in two bytes each", all, `[2,"` + strings.Repeat("é", 36) + `","Heartbeat",{}]`,
			ocppj.Frame{Type: ocppj.TypeCall, ID: strings.Repeat("é", 36), Action: "Heartbeat", Payload: empty},
		},
		{
			"1.6 id of 37 characters", only["1.6"], `[2,"` + guid + `x","Heartbeat",{}]`,
			ocppj.Frame{Type: ocppj.TypeCall, ID: guid + "x", Action: "Heartbeat", Payload: empty},
		},
		{
			"empty id", all, `[2,"","Heartbeat",{}]`,
			ocppj.Frame{Type: ocppj.TypeCall, Action: "Heartbeat", Payload: empty},
		},
		{
			"escapes", all, `[2,"\u0041\n\ud83d\ude00","Heart\u0062eat",{}]`,
			ocppj.Frame{Type: ocppj.TypeCall, ID: "A\n😀", Action: "Heartbeat", Payload: empty},
		},
		{
			"numbers keep their digits", all, `[3,"1",{"a":[0,-0,1.50,-2E+3,1e-2,12345678901234567890]}]`,
			ocppj.Frame{Type: ocppj.TypeCallResult, ID: "1", Payload: []byte(`{"a":[0,-0,1.50,-2E+3,1e-2,12345678901234567890]}`)},
		},
		{
			"duplicate names are the decoder's", all, `[3,"1",{"a":1,"a":2}]`,
			ocppj.Frame{Type: ocppj.TypeCallResult, ID: "1", Payload: []byte(`{"a":1,"a":2}`)},
		},
		{
			"texts that are not Unicode are the decoder's", all, "[3,\"1\",{\"a\":\"Z\xfcrich\",\"b\":\"\\ud83d\"}]",
			ocppj.Frame{Type: ocppj.TypeCallResult, ID: "1", Payload: []byte("{\"a\":\"Z\xfcrich\",\"b\":\"\\ud83d\"}")},
		},
		{
			"32 levels", all, `[3,"1",` + nested(32) + `]`,
			ocppj.Frame{Type: ocppj.TypeCallResult, ID: "1", Payload: []byte(nested(32))},
		},
	}
	for _, tt := range tests {
		for _, v := range tt.versions {
			t.Run(tt.name+"/"+v.String(), func(t *testing.T) {
				got, ferr := ocppj.Parse(v, []byte(tt.in))
				if ferr != nil {
					t.Fatalf("Parse refused %s: %v", tt.in, ferr)
				}
				if !reflect.DeepEqual(got, tt.want) {
					t.Errorf("Parse(%s)\n got %+v\nwant %+v", tt.in, got, tt.want)
				}
			})
		}
	}
}

// nested returns an object that nests the given number of levels.
func nested(levels int) string {
	return strings.Repeat(`{"a":`, levels-1) + "{}" + strings.Repeat("}", levels-1)
}

// refusal is a frame that must be refused.
type refusal struct {
	name     string
	versions []ocppj.Version
	in       string
	fault    ocppj.Fault
	answer   string // message type, id and code; "" when none is due
}

func TestParseRefusesBadHeads(t *testing.T) {
	long := strings.Repeat("x", 37)
	absurd := strings.Repeat("x", 256)
	checkRefusals(t, []refusal{
		// Message types: 4.1.3 of each version, 4.4 of 2.x.
		{"unknown message type is ignored", only["1.6"], `[7,"1","Heartbeat",{}]`, ocppj.FaultTypeUnknown, ""},
		{"4.4 unknown message type", only["2.0.1"], `[7,"1","Heartbeat",{}]`, ocppj.FaultTypeUnknown, "4 1 MessageTypeNotSupported"},
		{"4.4 unknown message type is ignored", only["2.1"], `[7,"1","Heartbeat",{}]`, ocppj.FaultTypeUnknown, ""},
		{"send before 2.1", only["1.6"], `[6,"1","Heartbeat",{}]`, ocppj.FaultTypeUnknown, ""},
		{"send before 2.1", only["2.0.1"], `[6,"1","Heartbeat",{}]`, ocppj.FaultTypeUnknown, "4 1 MessageTypeNotSupported"},
		{"call result error before 2.1", only["2.0.1"], `[5,"1","InternalError","",{}]`, ocppj.FaultTypeUnknown, "4 1 MessageTypeNotSupported"},
		{"unknown message type, whatever follows", only["2.0.1"], `[1]`, ocppj.FaultTypeUnknown, "4 -1 MessageTypeNotSupported"},
		{"message type with a fraction", only["2.0.1"], `[2.0,"1","Heartbeat",{}]`, ocppj.FaultTypeUnknown, "4 1 MessageTypeNotSupported"},
		{"message type beyond an integer", only["2.0.1"], `[99999999999999999999,"1",{}]`, ocppj.FaultTypeUnknown, "4 1 MessageTypeNotSupported"},
		{"message type is text", two, `["2","1","Heartbeat",{}]`, ocppj.FaultType, "4 -1 RpcFrameworkError"},
		{"message type is text", only["1.6"], `["2","1","Heartbeat",{}]`, ocppj.FaultType, ""},

		// The id cannot be read: 4.2.3 of 2.x.
		{"4.2.3 id is a number", two, `[2,1,"Heartbeat",{}]`, ocppj.FaultID, "4 -1 RpcFrameworkError"},
		{"id is a number", only["1.6"], `[2,1,"Heartbeat",{}]`, ocppj.FaultID, ""},
		{"4.2.3 id is null", two, `[2,null,"Heartbeat",{}]`, ocppj.FaultID, "4 -1 RpcFrameworkError"},
		{"4.2.3 no id", two, `[2]`, ocppj.FaultShape, "4 -1 RpcFrameworkError"},
		{"no id", only["1.6"], `[2]`, ocppj.FaultShape, ""},
		{"4.1.4 id of 37 characters", two, `[2,"` + long + `","Heartbeat",{}]`, ocppj.FaultID, "4 " + long + " RpcFrameworkError"},
		{"4.1.4 id of 256 characters", two, `[2,"` + absurd + `","Heartbeat",{}]`, ocppj.FaultID, "4 -1 RpcFrameworkError"},
		{"4.1.4 id of 256 characters", only["1.6"], `[2,"` + absurd + `","Heartbeat",{}]`, ocppj.FaultID, ""},
		{"id that is not UTF-8", two, "[2,\"\xff\",\"Heartbeat\",{}]", ocppj.FaultID, "4 -1 RpcFrameworkError"},
		{"id with half a surrogate pair", two, `[2,"\ud83d","Heartbeat",{}]`, ocppj.FaultID, "4 -1 RpcFrameworkError"},
		{"result without a readable id", old, `[3,7,{}]`, ocppj.FaultID, ""},
		{"result without a readable id", only["2.1"], `[3,7,{}]`, ocppj.FaultID, "5 -1 RpcFrameworkError"},

		// No frame at all.
		{"empty message", two, ``, ocppj.FaultShape, "4 -1 RpcFrameworkError"},
		{"empty message", only["1.6"], ``, ocppj.FaultShape, ""},
		{"white space alone", two, " \n", ocppj.FaultShape, "4 -1 RpcFrameworkError"},
		{"empty array", two, `[]`, ocppj.FaultType, "4 -1 RpcFrameworkError"},
		{"object", two, `{"a":1}`, ocppj.FaultShape, "4 -1 RpcFrameworkError"},
		{"text", two, `hello`, ocppj.FaultShape, "4 -1 RpcFrameworkError"},
		{"bytes", two, "\x00\xff", ocppj.FaultShape, "4 -1 RpcFrameworkError"},
		{"two byte order marks", two, "\ufeff\ufeff" + `[2,"1","Heartbeat",{}]`, ocppj.FaultShape, "4 -1 RpcFrameworkError"},
	})
}

func TestParseRefusesBadContent(t *testing.T) {
	checkRefusals(t, []refusal{
		// Calls: 4.2.1.
		{"no action", only["1.6"], `[2,"1"]`, ocppj.FaultShape, "4 1 FormationViolation"},
		{"no action", two, `[2,"1"]`, ocppj.FaultShape, "4 1 RpcFrameworkError"},
		{"action is a number", two, `[2,"1",7,{}]`, ocppj.FaultAction, "4 1 RpcFrameworkError"},
		{"action of 65 characters", two, `[2,"1","` + strings.Repeat("A", 65) + `",{}]`, ocppj.FaultAction, "4 1 RpcFrameworkError"},
		{"no payload", two, `[2,"1","Heartbeat"]`, ocppj.FaultShape, "4 1 RpcFrameworkError"},
		{"no payload", only["1.6"], `[2,"1","Heartbeat"]`, ocppj.FaultShape, "4 1 FormationViolation"},
		{"fifth element", two, `[2,"1","Heartbeat",{},{}]`, ocppj.FaultShape, "4 1 RpcFrameworkError"},
		{"trailing comma", two, `[2,"1","Heartbeat",{},]`, ocppj.FaultShape, "4 1 RpcFrameworkError"},
		{"no closing bracket", two, `[2,"1","Heartbeat",{}`, ocppj.FaultShape, "4 1 RpcFrameworkError"},
		{"trailing garbage", two, `[2,"1","Heartbeat",{}]x`, ocppj.FaultShape, "4 1 RpcFrameworkError"},
		{"trailing garbage", only["1.6"], `[2,"1","Heartbeat",{}]x`, ocppj.FaultShape, "4 1 FormationViolation"},
		{"trailing zero byte", two, "[2,\"1\",\"Heartbeat\",{}]\x00", ocppj.FaultShape, "4 1 RpcFrameworkError"},
		{"second frame in one message", two, `[2,"1","Heartbeat",{}][2,"2","Heartbeat",{}]`, ocppj.FaultShape, "4 1 RpcFrameworkError"},

		// Payloads: 4.1.5, 4.3.
		{"payload is an array", two, `[2,"1","Heartbeat",[]]`, ocppj.FaultPayloadObject, "4 1 ProtocolError"},
		{"payload is an array", only["1.6"], `[2,"1","Heartbeat",[]]`, ocppj.FaultPayloadObject, "4 1 FormationViolation"},
		{"payload is text", two, `[2,"1","Heartbeat","{}"]`, ocppj.FaultPayloadObject, "4 1 ProtocolError"},
		{"4.3 payload is not JSON", two, `[2,"1","Heartbeat",{a:1}]`, ocppj.FaultPayload, "4 1 FormatViolation"},
		{"errata 5.2 payload is not JSON", only["1.6"], `[2,"1","Heartbeat",{a:1}]`, ocppj.FaultPayload, "4 1 FormationViolation"},
		{"payload cut off", two, `[2,"1","Heartbeat",{"a":"b`, ocppj.FaultPayload, "4 1 FormatViolation"},
		{"payload closed by the wrong bracket", two, `[2,"1","Heartbeat",{"a":[1}]}]`, ocppj.FaultPayload, "4 1 FormatViolation"},
		{"control character in a string", two, "[2,\"1\",\"Heartbeat\",{\"a\":\"\t\"}]", ocppj.FaultPayload, "4 1 FormatViolation"},
		{"unknown escape", two, `[2,"1","Heartbeat",{"a":"\x"}]`, ocppj.FaultPayload, "4 1 FormatViolation"},
		{"number with a leading zero", two, `[2,"1","Heartbeat",{"a":01}]`, ocppj.FaultPayload, "4 1 FormatViolation"},
		{"number without digits after the point", two, `[2,"1","Heartbeat",{"a":1.}]`, ocppj.FaultPayload, "4 1 FormatViolation"},
		{"NaN", two, `[2,"1","Heartbeat",{"a":NaN}]`, ocppj.FaultPayload, "4 1 FormatViolation"},
		{"33 levels", two, `[2,"1","Heartbeat",` + nested(33) + `]`, ocppj.FaultPayload, "4 1 FormatViolation"},
		{"a million levels", two, `[2,"1","Heartbeat",{"a":` + strings.Repeat("[", 1_000_000), ocppj.FaultPayload, "4 1 FormatViolation"},

		// Results and errors: 4.2.2, 4.2.3 of 2.1.
		{"bad result is not answered", old, `[3,"1",{]`, ocppj.FaultPayload, ""},
		{"4.2.3 bad result", only["2.1"], `[3,"1",{]`, ocppj.FaultPayload, "5 1 FormatViolation"},
		{"4.2.3 result without payload", only["2.1"], `[3,"1"]`, ocppj.FaultShape, "5 1 RpcFrameworkError"},
		{"4.2.3 result with an action", only["2.1"], `[3,"1","Heartbeat",{}]`, ocppj.FaultPayloadObject, "5 1 ProtocolError"},
		{"bad error is not answered", all, `[4,"1",{}]`, ocppj.FaultError, ""},
		{"bad error without id is not answered", all, `[4,null,"InternalError","",{}]`, ocppj.FaultID, ""},
		{"error with a description that is none", all, `[4,"1","InternalError",nil,{}]`, ocppj.FaultError, ""},
		{"error with details that are not JSON", all, `[4,"1","InternalError","",{]`, ocppj.FaultError, ""},
		{"error with a sixth element", all, `[4,"1","InternalError","",{},1]`, ocppj.FaultShape, ""},
		{"bad result error is not answered", only["2.1"], `[5,"1"]`, ocppj.FaultShape, ""},
		{"4.2.4 bad send is not answered", only["2.1"], `[6,"1","NotifyPeriodicEventStream",[]]`, ocppj.FaultPayloadObject, ""},
		{"4.2.4 send without id is not answered", only["2.1"], `[6,1,"NotifyPeriodicEventStream",{}]`, ocppj.FaultID, ""},
	})
}

func checkRefusals(t *testing.T, tests []refusal) {
	t.Helper()
	for _, tt := range tests {
		for _, v := range tt.versions {
			t.Run(tt.name+"/"+v.String(), func(t *testing.T) {
				_, ferr := ocppj.Parse(v, []byte(tt.in))
				if ferr == nil {
					t.Fatalf("Parse took %.80q", tt.in)
				}
				if ferr.Fault != tt.fault {
					t.Errorf("Parse(%.80q) found fault %v, want %v", tt.in, ferr.Fault, tt.fault)
				}
				if got := answerOf(t, v, ferr); got != tt.answer {
					t.Errorf("Parse(%.80q) answers %q, want %q", tt.in, got, tt.answer)
				}
			})
		}
	}
}

// answerOf parses the answer to a refused frame as the other side would.
func answerOf(t *testing.T, v ocppj.Version, ferr *ocppj.FrameError) string {
	t.Helper()
	raw := ferr.AppendAnswer(nil)
	if len(raw) == 0 {
		return ""
	}
	if ferr.Fault == ocppj.FaultID && len(ferr.AnswerID) > 36 {
		return fmt.Sprintf("%d %s %s", ferr.Answer, ferr.AnswerID, ferr.Code) // the sender of such an id reads it
	}
	f, again := ocppj.Parse(v, raw)
	if again != nil {
		t.Fatalf("the answer %s is refused: %v", raw, again)
	}
	return fmt.Sprintf("%d %s %s", f.Type, f.ID, f.Code)
}

func TestRefusalTellsWhichCallHasFailed(t *testing.T) {
	_, ferr := ocppj.Parse(ocppj.V201, []byte(`[3,"abc",{"secret":tru}]`))
	if ferr == nil {
		t.Fatal("Parse took a broken result")
	}
	if ferr.Type != ocppj.TypeCallResult || ferr.ID != "abc" {
		t.Errorf("got %v %q, want CALLRESULT \"abc\"", ferr.Type, ferr.ID)
	}
	if strings.Contains(ferr.Error(), "secret") {
		t.Errorf("the error quotes the frame: %v", ferr)
	}
	if want := 19; ferr.Offset != want {
		t.Errorf("got offset %d, want %d", ferr.Offset, want)
	}
}

func TestSubprotocol(t *testing.T) {
	for _, v := range all {
		if got, ok := ocppj.ParseSubprotocol(v.Subprotocol()); !ok || got != v {
			t.Errorf("ParseSubprotocol(%q) = %v, %v", v.Subprotocol(), got, ok)
		}
	}
	for _, name := range []string{"", "ocpp2.0", "ocpp1.5", "OCPP1.6", "ocpp2.0.1 "} {
		if v, ok := ocppj.ParseSubprotocol(name); ok {
			t.Errorf("ParseSubprotocol(%q) = %v, want none", name, v)
		}
	}
}
