package token

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pylon/internal/kernel/fault"
)

func TestNew(t *testing.T) {
	of := func(n int) string { return strings.Repeat("A", n) }
	tests := []struct {
		name     string
		in       Input
		broken   string // pointer and code of the broken rule, "" when valid
		warnings []string
	}{
		{"the shortest", Input{UID: "A"}, "", nil},
		{"empty", Input{UID: " "}, "/uid required", nil},
		{"as long as OCPP 1.6 has it", Input{UID: of(20)}, "", nil},
		{"longer than OCPP 1.6 has it", Input{UID: of(21)}, "", []string{"/uid longer_than_ocpp16"}},
		{"as long as OCPP 2.0.1 has it", Input{UID: of(36)}, "", []string{"/uid longer_than_ocpp16"}},
		{"longer than OCPP 2.0.1 has it", Input{UID: of(37)}, "", []string{"/uid longer_than_ocpp201"}},
		{"as long as OCPP 2.1 has it", Input{UID: of(255)}, "", []string{"/uid longer_than_ocpp201"}},
		{"too long", Input{UID: of(256)}, "/uid too_long", nil},
		{"a control character", Input{UID: "AB\n" + "C"}, "/uid not_printable", nil},
		{"not ASCII", Input{UID: "Ä"}, "/uid not_printable", nil},
		{"the longest type", Input{UID: "A", Type: of(20)}, "", nil},
		{"too long a type", Input{UID: "A", Type: of(21)}, "/type too_long", nil},
		{"a status that nobody sets", Input{UID: "A", Status: Unknown}, "/status unknown_value", nil},
		{"a long group", Input{UID: "A", Group: of(21)}, "", []string{"/group_id longer_than_ocpp16"}},
		{"too long a group", Input{UID: "A", Group: of(256)}, "/group_id too_long", nil},
		{"too long a label", Input{UID: "A", Label: of(101)}, "/label too_long", nil},
		{"negative sessions", Input{UID: "A", MaxSessions: -1}, "/max_sessions out_of_range", nil},
		{"too many sessions", Input{UID: "A", MaxSessions: 10_001}, "/max_sessions out_of_range", nil},
		{"valid for a moment", Input{UID: "A", ValidFrom: noon, ExpiresAt: noon.Add(1)}, "", nil},
		{"never valid", Input{UID: "A", ValidFrom: noon, ExpiresAt: noon}, "/expires_at before_valid_from", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tok, warnings, err := New(noon, "tok_1", "org_1", tt.in)
			if got := brokenRule(err); got != tt.broken {
				t.Fatalf("got %q, want %q", got, tt.broken)
			}
			var got []string
			for _, w := range warnings {
				got = append(got, w.Pointer+" "+w.Code)
			}
			if strings.Join(got, ", ") != strings.Join(tt.warnings, ", ") {
				t.Errorf("warnings: got %q, want %q", got, tt.warnings)
			}
			if tt.broken == "" && (tok.Status != Accepted || tok.Version != 1 || tok.CreatedAt != noon) {
				t.Errorf("got %+v", tok)
			}
		})
	}
}

// brokenRule returns the field and the code of an invalid input.
func brokenRule(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Invalid {
		return f.Fields[0].Pointer + " " + f.Fields[0].Code
	}
	return ""
}

func TestAdopt(t *testing.T) {
	seen := Token{ID: "tok_1", UID: "04e1c2a2", Type: "ISO14443", Status: Unknown, SeenAt: noon, Version: 4}
	got, _, err := Adopt(seen, Input{UID: "other", Group: "FLEET", ExpiresAt: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	want := Token{
		ID: "tok_1", UID: "04e1c2a2", Type: "ISO14443", Status: Accepted, Group: "FLEET",
		ExpiresAt: noon.Add(time.Hour), SeenAt: noon, Version: 5,
	}
	if got != want {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if _, _, err := Adopt(got, Input{}); !fault.Is(err, fault.Conflict) {
		t.Errorf("adopted twice: got %v, want a conflict", err)
	}
	if _, _, err := Adopt(seen, Input{Status: "lost"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("adopted with a status that does not exist: got %v, want invalid", err)
	}
}
