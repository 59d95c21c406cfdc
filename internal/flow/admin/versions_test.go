package admin_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/token"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Who names a version changes that one or none.
func TestVersionGuards(t *testing.T) {
	for name, do := range map[string]func(w *world, at things, version int64) error{
		"organisation.update": func(w *world, _ things, v int64) error {
			_, err := w.admin.UpdateOrganisation(w.t.Context(), w.owner, "main", admin.OrganisationPatch{Name: new("New")}, v)
			return err
		},
		"site.update": func(w *world, at things, v int64) error {
			_, err := w.admin.UpdateSite(w.t.Context(), w.owner, at.site, admin.SitePatch{Name: new("New")}, v)
			return err
		},
		"site.delete": func(w *world, at things, v int64) error {
			return w.admin.DeleteSite(w.t.Context(), w.owner, at.site, v)
		},
		"station.delete": func(w *world, at things, v int64) error {
			return w.admin.DeleteStation(w.t.Context(), w.owner, "CP-0", v)
		},
		"template.update": func(w *world, at things, v int64) error {
			_, err := w.admin.UpdateTemplate(w.t.Context(), w.owner, at.template, admin.TemplatePatch{Model: new("New")}, v)
			return err
		},
		"template.delete": func(w *world, at things, v int64) error {
			return w.admin.DeleteTemplate(w.t.Context(), w.owner, at.template, v)
		},
		"token.update": func(w *world, at things, v int64) error {
			_, err := w.admin.UpdateToken(w.t.Context(), w.owner, at.token, admin.TokenPatch{Label: new("New")}, v)
			return err
		},
		"token.delete": func(w *world, at things, v int64) error {
			return w.admin.DeleteToken(w.t.Context(), w.owner, at.token, v)
		},
		"billing_profile.update": func(w *world, _ things, v int64) error {
			_, err := w.admin.SetProfile(w.t.Context(), w.owner, billing.Profile{Issuer: billing.Party{Name: "New"}, Language: "de"}, v)
			return err
		},
		"key.update": func(w *world, at things, v int64) error {
			_, err := w.admin.UpdateKey(w.t.Context(), w.owner, at.key, admin.KeyPatch{Name: new("New")}, v)
			return err
		},
		"key.revoke": func(w *world, at things, v int64) error { return w.admin.RevokeKey(w.t.Context(), w.owner, at.key, v) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			at := w.things()
			told := len(w.told())
			w.refused(do(w, at, 2), fault.Stale, "version_moved") // all of them are in version 1
			if got := len(w.told()); got != told || len(w.sockets.evicted) != 0 {
				t.Errorf("the refusal left %d events and closed %v", got-told, w.sockets.evicted)
			}
			w.ok(do(w, at, 1))
		})
	}
}

// interrupted is a store whose tokens move between the look and the commit, so
// many times.
type interrupted struct {
	admin.Store
	left atomic.Int32
}

func (s *interrupted) Commit(ctx context.Context, set *change.Set) error {
	if s.left.Add(-1) >= 0 {
		return change.ErrStale
	}
	return s.Store.Commit(ctx, set)
}

// Who names no version does not notice that a row moved under him, unless it
// never stands still.
func TestDecidesAnew(t *testing.T) {
	for _, c := range []struct {
		name    string
		moves   int32
		version int64
		code    string // "": it is done
	}{
		{"seven times", 7, 0, ""},
		{"eight times", 8, 0, "too_much_contention"},
		{"once, with a version", 1, 1, "version_moved"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			tok := w.token("04AA")
			moving := &interrupted{Store: w.store}
			moving.left.Store(c.moves)
			next, err := admin.New(moving, w.sockets, w.clock).UpdateToken(t.Context(), w.owner, tok.ID,
				admin.TokenPatch{Status: new(token.Blocked)}, c.version)
			if c.code != "" {
				if fault.CodeOf(err) != c.code {
					t.Errorf("got %v, want %s", err, c.code)
				}
				return
			}
			w.ok(err)
			if next.Status != token.Blocked || next.Version != 2 {
				t.Errorf("got %s in version %d, want blocked in version 2", next.Status, next.Version)
			}
		})
	}
}

// A key can do no more than its maker, and a maker cannot lock himself out.
func TestKeys(t *testing.T) {
	w := newWorld(t)
	limited := w.owner
	limited.Scopes = []account.Scope{account.KeysWrite, account.SitesWrite}
	for _, c := range []struct {
		name   string
		scopes []account.Scope
		code   string // "": it is made
	}{
		{"its own", []account.Scope{account.SitesWrite}, ""},
		{"what its own includes", []account.Scope{account.SitesRead, account.KeysRead}, ""},
		{"another's", []account.Scope{account.SitesRead, account.TokensRead}, "scope_beyond_own"},
		{"everything", []account.Scope{account.All}, "scope_beyond_own"},
		{"what there is not", []account.Scope{"sites:paint"}, "invalid_input"},
		{"an empty one", []account.Scope{""}, "invalid_input"},
		{"none", nil, "invalid_input"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := w.admin.CreateKey(t.Context(), limited, admin.NewKey{Name: "k", Scopes: c.scopes}, nil)
			if c.code == "" {
				w.ok(err)
			} else if fault.CodeOf(err) != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
	mine := w.key("mine")
	w.owner.Key = mine.ID
	w.refused(w.admin.RevokeKey(t.Context(), w.owner, mine.ID, 0), fault.Conflict, "key_is_own")
	w.owner.Key = ident.New[ident.KeyID](w.clock.Now())
	w.ok(w.admin.RevokeKey(t.Context(), w.owner, mine.ID, 0))
	revoked, err := w.store.Key(t.Context(), w.owner.Organisation, mine.ID)
	w.ok(err)
	w.clock.by(time.Second)
	if revoked.InForce(w.clock.Now()) || revoked.RevokedAt.IsZero() {
		t.Error("a revoked key is in force")
	}
	w.ok(w.admin.RevokeKey(t.Context(), w.owner, mine.ID, 0))
	again, err := w.store.Key(t.Context(), w.owner.Organisation, mine.ID)
	w.ok(err)
	if !again.RevokedAt.Equal(revoked.RevokedAt) {
		t.Errorf("revoked twice: got %s, want the first time %s", again.RevokedAt, revoked.RevokedAt)
	}
}

func TestKeyExpiry(t *testing.T) {
	w := newWorld(t)
	in := admin.NewKey{Name: "k", Scopes: []account.Scope{account.LogRead}, ExpiresAt: w.clock.Now()}
	_, _, err := w.admin.CreateKey(t.Context(), w.owner, in, nil)
	w.broken(err, "/expires_at")
	in.ExpiresAt = w.clock.Now().Add(time.Microsecond)
	key, _, err := w.admin.CreateKey(t.Context(), w.owner, in, nil)
	w.ok(err)
	_, err = w.admin.UpdateKey(t.Context(), w.owner, key.ID, admin.KeyPatch{ExpiresAt: new(w.clock.Now())}, 0)
	w.broken(err, "/expires_at")
	if !key.InForce(w.clock.Now()) {
		t.Error("a key is not in force until its expiry")
	}
	w.clock.by(time.Microsecond)
	renamed, err := w.admin.UpdateKey(t.Context(), w.owner, key.ID, admin.KeyPatch{Name: new("expired")}, 0)
	w.ok(err) // its name may change all the same
	if renamed.InForce(w.clock.Now()) {
		t.Error("an expired key is in force")
	}
	unending, err := w.admin.UpdateKey(t.Context(), w.owner, key.ID, admin.KeyPatch{ExpiresAt: new(time.Time{})}, 0)
	w.ok(err)
	if !unending.InForce(w.clock.Now()) {
		t.Error("a key without expiry is not in force")
	}
}
