package rest

import (
	"slices"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"pylon/internal/domain/event"
	"pylon/internal/kernel/fault"
)

// asked is a request body with a rule of each kind.
type asked struct {
	Name   string       `json:"name" minLength:"1" maxLength:"5"`
	Count  *int         `json:"count,omitzero" nullable:"false" minimum:"1" maximum:"9"`
	Colour Edit[string] `json:"colour,omitzero" enum:"red,blue"`
	Tags   []string     `json:"tags,omitempty" maxItems:"2"`
	Inner  *struct {
		When time.Time `json:"when"`
	} `json:"inner,omitzero"`
}

func TestStrictNamesFieldAndRule(t *testing.T) {
	tests := []struct {
		name string
		body string
		code string
		want []fault.Field // without details
	}{
		{"right", `{"name":"a","count":9,"colour":null,"tags":["x","y"],"inner":{"when":"2026-03-01T08:15:30Z"}}`, "", nil},
		{"required", `{}`, codeInvalid, []fault.Field{{Pointer: "/name", Code: ruleRequired}}},
		{"type", `{"name":7}`, codeInvalid, []fault.Field{{Pointer: "/name", Code: ruleType}}},
		{"too short", `{"name":""}`, codeInvalid, []fault.Field{{Pointer: "/name", Code: ruleLength}}},
		{"too long", `{"name":"abcdef"}`, codeInvalid, []fault.Field{{Pointer: "/name", Code: ruleLength}}},
		{"too small", `{"name":"a","count":0}`, codeInvalid, []fault.Field{{Pointer: "/count", Code: ruleRange}}},
		{"too large", `{"name":"a","count":10}`, codeInvalid, []fault.Field{{Pointer: "/count", Code: ruleRange}}},
		{"fraction", `{"name":"a","count":1.5}`, codeInvalid, []fault.Field{{Pointer: "/count", Code: ruleType}}},
		{"enumeration", `{"name":"a","colour":"green"}`, codeInvalid, []fault.Field{{Pointer: "/colour", Code: ruleEnum}}},
		{"unknown member", `{"name":"a","size":1}`, codeInvalid, []fault.Field{{Pointer: "/size", Code: ruleUnknown}}},
		{"unknown member inside", `{"name":"a","inner":{"when":"2026-03-01T08:15:30Z","x":1}}`, codeInvalid, []fault.Field{{Pointer: "/inner/x", Code: ruleUnknown}}},
		{"other capitals", `{"Name":"a"}`, codeInvalid, []fault.Field{{Pointer: "/Name", Code: ruleUnknown}}},
		{"items", `{"name":"a","tags":["x","y","z"]}`, codeInvalid, []fault.Field{{Pointer: "/tags", Code: ruleItems}}},
		{"an item's type", `{"name":"a","tags":["x",1]}`, codeInvalid, []fault.Field{{Pointer: "/tags/1", Code: ruleType}}},
		{"format", `{"name":"a","inner":{"when":"yesterday"}}`, codeInvalid, []fault.Field{{Pointer: "/inner/when", Code: ruleFormat}}},
		{"several", `{"count":0,"size":1}`, codeInvalid, []fault.Field{
			{Pointer: "/count", Code: ruleRange}, {Pointer: "/name", Code: ruleRequired}, {Pointer: "/size", Code: ruleUnknown},
		}},
		{"not an object", `[]`, codeInvalid, []fault.Field{{Pointer: "", Code: ruleType}}},
		{"not JSON", `{"name":`, codeMalformed, []fault.Field{{Pointer: "/name", Code: ruleSyntax}}},
		{"a member twice", `{"name":"a","name":"b"}`, codeMalformed, []fault.Field{{Pointer: "/name", Code: ruleSyntax}}},
		{"a zero character", `{"name":"a\u0000"}`, codeInvalid, []fault.Field{{Pointer: "/name", Code: rulePattern}}},
		{"a zero character in a list", `{"name":"a","tags":["x","\u0000"]}`, codeInvalid, []fault.Field{{Pointer: "/tags/1", Code: rulePattern}}},
		{"a zero character in a name", `{"name":"a","a\u0000":1}`, codeInvalid, []fault.Field{{Pointer: "", Code: rulePattern}}},
		{"a zero character that is none", `{"name":"\\u0000"}`, codeInvalid, []fault.Field{{Pointer: "/name", Code: ruleLength}}},
		{"more than one value", `{"name":"a"} {}`, codeMalformed, []fault.Field{{Pointer: "", Code: ruleSyntax}}},
	}
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var body Strict[asked]
			body.read(registry, []byte(tt.body))
			if tt.code == "" {
				if body.err != nil {
					t.Fatalf("refused: %v", body.err)
				}
				return
			}
			if body.err == nil {
				t.Fatalf("taken as %+v", body.value)
			}
			if body.err.Code != tt.code {
				t.Errorf("code %s, want %s", body.err.Code, tt.code)
			}
			got := slices.Clone(body.err.Fields)
			for i := range got {
				if got[i].Detail == "" {
					t.Errorf("%s has no detail", got[i].Pointer)
				}
				got[i].Detail = ""
			}
			slices.SortFunc(got, func(a, b fault.Field) int { return compare(a.Pointer, b.Pointer) })
			if !slices.Equal(got, tt.want) {
				t.Errorf("fields %v, want %v", got, tt.want)
			}
		})
	}
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func TestIfMatchVersion(t *testing.T) {
	tests := []struct {
		tag  string
		want int64
		ok   bool
	}{
		{"", 0, true},
		{"*", 0, true},
		{etag(7), 7, true},
		{etag(7, 1, 2), 7, true},
		{`W/"7"`, 0, false},
		{`7`, 0, false},
		{`"7`, 0, false},
		{`"0"`, 0, false},
		{`"7", "8"`, 0, false},
		{`"x"`, 0, false},
	}
	for _, tt := range tests {
		got, err := IfMatch{tt.tag}.version()
		if got != tt.want || (err == nil) != tt.ok {
			t.Errorf("version of %s = %d, %v; want %d, %v", tt.tag, got, err, tt.want, tt.ok)
		}
	}
}

func TestETagTellsRepresentationsApart(t *testing.T) {
	tags := []string{etag(1), etag(2), etag(1, 1), etag(1, 1, 0), etag(1, 0, 1), etag(1, 11), etag(1, -1), etag(2, 1)}
	seen := map[string]bool{}
	for _, tag := range tags {
		if seen[tag] {
			t.Errorf("%s stands twice in %v", tag, tags)
		}
		seen[tag] = true
	}
	if again := etag(1, 1); !seen[again] {
		t.Errorf("one representation has two tags, now %s", again)
	}
}

func TestPreferWait(t *testing.T) {
	tests := []struct {
		prefer string
		want   time.Duration
		ok     bool
	}{
		{"", 0, true},
		{"wait=10", 10 * time.Second, true},
		{"respond-async, WAIT=\"3\"", 3 * time.Second, true},
		{"wait=3600", waitMax, true},
		{"return=minimal", 0, true},
		{"wait=-1", 0, false},
		{"wait=soon", 0, false},
	}
	for _, tt := range tests {
		got, err := Prefer{tt.prefer}.wait()
		if got != tt.want || (err == nil) != tt.ok {
			t.Errorf("wait of %q = %v, %v; want %v, %v", tt.prefer, got, err, tt.want, tt.ok)
		}
	}
}

func TestTopicsWant(t *testing.T) {
	all := topics(nil)
	stations := topics{{nouns: nouns("stations")}}
	one := topics{{nouns: nouns("stations"), id: "sta_1"}}
	session := topics{{nouns: nouns("sessions"), id: "ses_1"}}
	connector := event.Event{Type: event.ConnectorChanged, Station: "sta_1", Subject: "sta_1"}
	other := event.Event{Type: event.StationBooted, Station: "sta_2", Subject: "sta_2"}
	running := event.Event{Type: event.SessionUpdated, Station: "sta_1", Subject: "ses_1"}
	tests := []struct {
		name   string
		topics topics
		event  event.Event
		want   bool
	}{
		{"everything", all, running, true},
		{"a station's connector", stations, connector, true},
		{"not a session", stations, running, false},
		{"one station", one, connector, true},
		{"another station", one, other, false},
		{"its session is none of it", one, running, false},
		{"one session", session, running, true},
	}
	for _, tt := range tests {
		if got := tt.topics.want(tt.event); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestTraceOf(t *testing.T) {
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	tests := map[string]string{
		"00-" + id + "-00f067aa0ba902b7-01":                       id,
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01": "",
		"00-zz-00f067aa0ba902b7-01":                               "",
		"":                                                        "",
	}
	for parent, want := range tests {
		if got := traceOf(parent); got != want {
			t.Errorf("traceOf(%q) = %q, want %q", parent, got, want)
		}
	}
}

func TestPaceLetsABurstThroughAndThenTheRate(t *testing.T) {
	a := newAccess(10)
	now := time.Unix(1_700_000_000, 0)
	for i := range a.burst() {
		left, ok := a.take("key_1", now)
		if !ok || left != a.burst()-1-i {
			t.Fatalf("request %d: %d left, %v; want %d", i, left, ok, a.burst()-1-i)
		}
	}
	if _, ok := a.take("key_1", now); ok {
		t.Error("one more than the burst went through")
	}
	if _, ok := a.take("key_2", now); !ok {
		t.Error("another key paid for it")
	}
	if _, ok := a.take("key_1", now.Add(99*time.Millisecond)); ok {
		t.Error("its share had not come back yet")
	}
	if _, ok := a.take("key_1", now.Add(100*time.Millisecond)); !ok {
		t.Error("its share did not come back")
	}
}
