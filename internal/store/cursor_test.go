package store

import (
	"encoding/base64"
	"testing"

	"pylon/internal/kernel/fault"
)

// FuzzCursor takes cursors apart that were never made, with the right seal and
// without, and makes some that must come back.
func FuzzCursor(f *testing.F) {
	f.Add(int64(-1), "CP-1", "sta_1", []byte{0, 1})
	f.Add(int64(1)<<62, "", "", []byte{2, 200, 'a'})
	seal := cursorSeal("stations", "-created_at")
	f.Fuzz(func(t *testing.T, n int64, text, id string, any []byte) {
		want := cursor{text: text, number: n, id: id}
		if got, err := openCursor(want.sealed(seal), seal); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		if _, err := openCursor(want.sealed(cursorSeal("another")), seal); !fault.Is(err, fault.Invalid) {
			t.Errorf("another list's: got %v, want invalid", err)
		}
		if _, err := openCursor(string(any), seal); err == nil {
			t.Errorf("%q passes", any)
		}
		if got, err := openCursor(base64.RawURLEncoding.EncodeToString(append(check(any, seal), any...)), seal); err == nil {
			if again, err := openCursor(got.sealed(seal), seal); err != nil || again != got {
				t.Errorf("got %+v, %v, want %+v", again, err, got)
			}
		}
	})
}

func TestPlaceholders(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"SELECT 1", "SELECT 1"},
		{"a = $1 AND b = $2", "a = ? AND b = ?"},
		{"a = $2 AND b = $1", "a = $2 AND b = $1"},
		{"a = $1 OR b = $1", "a = $1 OR b = $1"},
		{"($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)", "(?,?,?,?,?,?,?,?,?,?,?)"},
		{"a = $x", "a = $x"},
	} {
		if got := questionMarks(tt.text); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.text, got, tt.want)
		}
	}
	if got, want := numbered("a = ? AND b IN (?, ?)"), "a = $1 AND b IN ($2, $3)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
