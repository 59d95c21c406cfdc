package admin_test

import (
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/token"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

func TestCreateToken(t *testing.T) {
	w := newWorld(t)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	long := strings.Repeat("A", 256)
	for _, c := range []struct {
		name    string
		in      admin.NewToken
		pointer string // of the broken field; "": none
	}{
		{"as little as can be", admin.NewToken{UID: "A"}, ""},
		{"the longest uid", admin.NewToken{UID: long[1:]}, ""},
		{"too long a uid", admin.NewToken{UID: long}, "/uid"},
		{"no uid", admin.NewToken{}, "/uid"},
		{"space for a uid", admin.NewToken{UID: "  "}, "/uid"},
		{"the longest type", admin.NewToken{UID: "A", TokenPatch: admin.TokenPatch{Type: new(long[:20])}}, ""},
		{"too long a type", admin.NewToken{UID: "A", TokenPatch: admin.TokenPatch{Type: new(long[:21])}}, "/type"},
		{"an empty type", admin.NewToken{UID: "A", TokenPatch: admin.TokenPatch{Type: new("")}}, "/type"},
		{"blocked", admin.NewToken{UID: "A", TokenPatch: admin.TokenPatch{Status: new(token.Blocked)}}, ""},
		{"unknown is what nobody sets", admin.NewToken{UID: "A", TokenPatch: admin.TokenPatch{Status: new(token.Unknown)}}, "/status"},
		{"too long a group", admin.NewToken{UID: "A", TokenPatch: admin.TokenPatch{Group: &long}}, "/group_id"},
		{"a line break in the label", admin.NewToken{UID: "A", TokenPatch: admin.TokenPatch{Label: new("a\nb")}}, "/label"},
		{"no sessions below nothing", admin.NewToken{UID: "A", TokenPatch: admin.TokenPatch{MaxSessions: new(-1)}}, "/max_sessions"},
		{"the most sessions", admin.NewToken{UID: "A", TokenPatch: admin.TokenPatch{MaxSessions: new(10_000)}}, ""},
		{"more than the most", admin.NewToken{UID: "A", TokenPatch: admin.TokenPatch{MaxSessions: new(10_001)}}, "/max_sessions"},
		{"valid for a moment", admin.NewToken{UID: "A", TokenPatch: admin.TokenPatch{ValidFrom: new(now), ExpiresAt: new(now.Add(1000))}}, ""},
		{"never valid", admin.NewToken{UID: "A", TokenPatch: admin.TokenPatch{ValidFrom: &now, ExpiresAt: &now}}, "/expires_at"},
	} {
		t.Run(c.name, func(t *testing.T) {
			made, err := w.admin.CreateToken(t.Context(), w.owner, c.in, nil)
			if c.pointer != "" {
				w.broken(err, c.pointer)
				return
			}
			w.ok(err)
			stored, err := w.store.Token(t.Context(), w.owner.Organisation, made.ID)
			w.ok(err)
			if stored != made || made.Version != 1 || c.in.Status == nil && made.Status != token.Accepted {
				t.Errorf("got %+v, stored %+v", made, stored)
			}
			w.ok(w.admin.DeleteToken(t.Context(), w.owner, made.ID, 0))
		})
	}
}

// A uid exists once in an organisation, however it is written.
func TestTokenExists(t *testing.T) {
	w := newWorld(t)
	w.token("04AA")
	for _, uid := range []string{"04AA", "04aa", " 04AA "} {
		_, err := w.admin.CreateToken(t.Context(), w.owner, admin.NewToken{UID: uid}, nil)
		w.refused(err, fault.Conflict, "token_exists")
	}
	_, err := w.admin.CreateToken(t.Context(), w.other, admin.NewToken{UID: "04AA"}, nil)
	w.ok(err)
}

// An operator adopts a card by tapping it: the row that the tap left becomes a
// token, and keeps what the station said.
func TestUnknownTokenIsAdopted(t *testing.T) {
	w := newWorld(t)
	now := w.clock.Now().Truncate(time.Microsecond)
	station := w.station("CP-1").Station.ID
	seen := token.Token{
		ID: ident.New[ident.TokenID](now), Organisation: w.owner.Organisation, UID: "04AA", Type: "ISO14443", Status: token.Unknown,
		SeenAt: now, SeenStation: station, CreatedAt: now, Version: 1,
	}
	w.commit(&change.Set{Tokens: []token.Token{seen}})
	made, err := w.admin.CreateToken(t.Context(), w.owner, admin.NewToken{UID: "04aa", TokenPatch: admin.TokenPatch{Label: new("Card 7")}}, nil)
	w.ok(err)
	want := seen
	want.UID, want.Status, want.Label, want.Version = "04aa", token.Accepted, "Card 7", 2
	if made != want {
		t.Errorf("got  %+v\nwant %+v", made, want)
	}
	stored, err := w.store.TokenByUID(t.Context(), w.owner.Organisation, "04AA")
	w.ok(err)
	if stored != want {
		t.Errorf("stored: got  %+v\nwant %+v", stored, want)
	}
	if line := w.audit("token.create"); !strings.Contains(line.Detail, `"adopted":true`) {
		t.Errorf("audit line: got %s", line.Detail)
	}
	_, err = w.admin.CreateToken(t.Context(), w.owner, admin.NewToken{UID: "04AA"}, nil)
	w.refused(err, fault.Conflict, "token_exists")
}

// Two who make the same token at once: one has it, the other is told so.
func TestTokenIsMadeOnce(t *testing.T) {
	const callers = 8
	w := newWorld(t)
	results := make(chan error, callers)
	for range callers {
		go func() {
			_, err := w.admin.CreateToken(t.Context(), w.owner, admin.NewToken{UID: "04AA"}, nil)
			results <- err
		}()
	}
	made := 0
	for range callers {
		if err := <-results; err == nil {
			made++
		} else {
			w.refused(err, fault.Conflict, "token_exists")
		}
	}
	if made != 1 {
		t.Errorf("made: got %d times, want once", made)
	}
}

// What is not named stays; a zero time is none.
func TestUpdateToken(t *testing.T) {
	w := newWorld(t)
	until := w.clock.Now().Add(time.Hour).Truncate(time.Microsecond)
	was, err := w.admin.CreateToken(t.Context(), w.owner, admin.NewToken{UID: "04AA", TokenPatch: admin.TokenPatch{
		Type: new("ISO14443"), Group: new("fleet"), Label: new("Card 7"), ExpiresAt: &until, MaxSessions: new(2),
	}}, nil)
	w.ok(err)
	next, err := w.admin.UpdateToken(t.Context(), w.owner, was.ID, admin.TokenPatch{Status: new(token.Blocked), ExpiresAt: new(time.Time{})}, was.Version)
	w.ok(err)
	want := was
	want.Status, want.ExpiresAt, want.Version = token.Blocked, time.Time{}, 2
	if next != want {
		t.Errorf("got  %+v\nwant %+v", next, want)
	}
	_, err = w.admin.UpdateToken(t.Context(), w.owner, was.ID, admin.TokenPatch{Status: new(token.Status("lost"))}, 0)
	w.broken(err, "/status")
}

func TestTokenInUseStays(t *testing.T) {
	w := newWorld(t)
	tok := w.token("04AA")
	tok.Running, tok.Version = 1, 2
	w.commit(&change.Set{Tokens: []token.Token{tok}})
	w.refused(w.admin.DeleteToken(t.Context(), w.owner, tok.ID, 0), fault.Conflict, "token_in_use")
	tok.Running, tok.Version = 0, 3
	w.commit(&change.Set{Tokens: []token.Token{tok}})
	w.ok(w.admin.DeleteToken(t.Context(), w.owner, tok.ID, 3))
	if _, err := w.store.Token(t.Context(), w.owner.Organisation, tok.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("after its removal: got %v, want not found", err)
	}
}
