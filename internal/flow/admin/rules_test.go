package admin_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// things are one of each kind, of the first organisation.
type things struct {
	site     ident.SiteID
	station  ident.StationID
	template ident.TemplateID
	token    ident.TokenID
	key      ident.KeyID
	finding  ident.FindingID
}

func (w *world) things() things {
	w.t.Helper()
	at := things{w.site("Depot").ID, w.station("CP-0").Station.ID, w.template("ACME").ID, w.token("04AA").ID, w.key("meter").ID, ""}
	f := station.Finding{
		ID: ident.New[ident.FindingID](w.clock.Now()), Organisation: w.owner.Organisation, Station: at.station,
		Code: station.StationReplaced, At: w.clock.Now(),
	}
	w.commit(&change.Set{Findings: []station.Finding{f}})
	at.finding = f.ID
	return at
}

// useCase is one method of the service: what it needs, what it does and what
// it leaves behind.
type useCase struct {
	name  string
	scope account.Scope
	event event.Type // "": it changes nothing
	do    func(w *world, by account.Actor, at things) error
	owned bool // at one of the things
}

func useCases() []useCase {
	return append(reading(), append(making(), changing()...)...)
}

func reading() []useCase {
	return []useCase{
		{"organisations", account.OrganisationsRead, "", func(w *world, by account.Actor, _ things) error {
			_, err := w.admin.Organisations(w.t.Context(), by, page.Query{})
			return err
		}, false},
		{"organisation", account.OrganisationsRead, "", func(w *world, by account.Actor, _ things) error {
			_, err := w.admin.Organisation(w.t.Context(), by, "main")
			return err
		}, true},
		{"billing_profile", account.BillsRead, "", func(w *world, by account.Actor, _ things) error {
			_, err := w.admin.Profile(w.t.Context(), by)
			return err
		}, false},
	}
}

func making() []useCase {
	return []useCase{
		{"organisation.create", account.OrganisationsWrite, event.OrganisationCreated, func(w *world, by account.Actor, _ things) error {
			_, err := w.admin.CreateOrganisation(w.t.Context(), by, admin.NewOrganisation{
				Slug: "third", Name: "Third", Country: "DE", Currency: "EUR", TimeZone: "UTC",
			}, nil)
			return err
		}, false},
		{"site.create", account.SitesWrite, event.SiteCreated, func(w *world, by account.Actor, _ things) error {
			_, err := w.admin.CreateSite(w.t.Context(), by, admin.SitePatch{Name: new("Car park")}, nil)
			return err
		}, false},
		{"station.create", account.StationsWrite, event.StationCreated, func(w *world, by account.Actor, _ things) error {
			_, err := w.admin.CreateStation(w.t.Context(), by, admin.NewStation{Identity: "CP-1"}, nil)
			return err
		}, false},
		{"template.create", account.StationsWrite, event.TemplateCreated, func(w *world, by account.Actor, _ things) error {
			_, err := w.admin.CreateTemplate(w.t.Context(), by, admin.TemplatePatch{Vendor: new("Maker")}, nil)
			return err
		}, false},
		{"token.create", account.TokensWrite, event.TokenCreated, func(w *world, by account.Actor, _ things) error {
			_, err := w.admin.CreateToken(w.t.Context(), by, admin.NewToken{UID: "04BB"}, nil)
			return err
		}, false},
		{"billing_profile.update", account.BillsWrite, event.ProfileUpdated, func(w *world, by account.Actor, _ things) error {
			_, err := w.admin.SetProfile(w.t.Context(), by, billing.Profile{Issuer: billing.Party{Name: "New"}, Language: "de"}, 0)
			return err
		}, false},
		{"key.create", account.KeysWrite, event.KeyCreated, func(w *world, by account.Actor, _ things) error {
			in := admin.NewKey{Name: "second", Scopes: []account.Scope{account.KeysWrite}}
			_, _, err := w.admin.CreateKey(w.t.Context(), by, in, nil)
			return err
		}, false},
	}
}

func changing() []useCase {
	return []useCase{
		{"organisation.update", account.OrganisationsWrite, event.OrganisationUpdated, func(w *world, by account.Actor, _ things) error {
			_, err := w.admin.UpdateOrganisation(w.t.Context(), by, "main", admin.OrganisationPatch{Name: new("New")}, 0)
			return err
		}, true},
		{"site.update", account.SitesWrite, event.SiteUpdated, func(w *world, by account.Actor, at things) error {
			_, err := w.admin.UpdateSite(w.t.Context(), by, at.site, admin.SitePatch{Name: new("New")}, 0)
			return err
		}, true},
		{"site.delete", account.SitesWrite, event.SiteDeleted, func(w *world, by account.Actor, at things) error {
			return w.admin.DeleteSite(w.t.Context(), by, at.site, 0)
		}, true},
		{"station.delete", account.StationsWrite, event.StationDeleted, func(w *world, by account.Actor, at things) error {
			return w.admin.DeleteStation(w.t.Context(), by, string(at.station), 0)
		}, true},
		{"finding.resolve", account.StationsWrite, event.FindingResolved, func(w *world, by account.Actor, at things) error {
			_, err := w.admin.ResolveFinding(w.t.Context(), by, at.finding)
			return err
		}, true},
		{"template.update", account.StationsWrite, event.TemplateUpdated, func(w *world, by account.Actor, at things) error {
			_, err := w.admin.UpdateTemplate(w.t.Context(), by, at.template, admin.TemplatePatch{Model: new("New")}, 0)
			return err
		}, true},
		{"template.delete", account.StationsWrite, event.TemplateDeleted, func(w *world, by account.Actor, at things) error {
			return w.admin.DeleteTemplate(w.t.Context(), by, at.template, 0)
		}, true},
		{"token.update", account.TokensWrite, event.TokenUpdated, func(w *world, by account.Actor, at things) error {
			_, err := w.admin.UpdateToken(w.t.Context(), by, at.token, admin.TokenPatch{Label: new("New")}, 0)
			return err
		}, true},
		{"token.delete", account.TokensWrite, event.TokenDeleted, func(w *world, by account.Actor, at things) error {
			return w.admin.DeleteToken(w.t.Context(), by, at.token, 0)
		}, true},
		{"key.update", account.KeysWrite, event.KeyUpdated, func(w *world, by account.Actor, at things) error {
			_, err := w.admin.UpdateKey(w.t.Context(), by, at.key, admin.KeyPatch{Name: new("New")}, 0)
			return err
		}, true},
		{"key.revoke", account.KeysWrite, event.KeyRevoked, func(w *world, by account.Actor, at things) error {
			return w.admin.RevokeKey(w.t.Context(), by, at.key, 0)
		}, true},
	}
}

// The scope comes first, before anything is looked up: who lacks it learns
// nothing, not even whether the thing exists.
func TestScopeComesFirst(t *testing.T) {
	w := newWorld(t)
	at := w.things()
	before := len(w.told())
	for _, c := range useCases() {
		t.Run(c.name, func(t *testing.T) {
			for _, by := range []account.Actor{w.owner, w.other} {
				by.Scopes = slices.DeleteFunc(account.Scopes(), func(s account.Scope) bool {
					return s == account.All || (account.Actor{Scopes: []account.Scope{s}}).Can(c.scope) == nil
				})
				err := c.do(w, by, at)
				if !fault.Is(err, fault.Forbidden) || fault.CodeOf(err) != "scope_missing" {
					t.Errorf("%s with every scope but %s: got %v, want scope_missing", by.Name, c.scope, err)
				}
				err = c.do(w, by, things{"sit_none", "sta_none", "tpl_none", "tok_none", "key_none", "fnd_none"})
				if fault.CodeOf(err) != "scope_missing" {
					t.Errorf("%s at what there is not: got %v, want scope_missing", by.Name, err)
				}
			}
		})
	}
	if got := len(w.told()); got != before {
		t.Errorf("refusals left %d events", got-before)
	}
}

// Its own scope is enough.
func TestScopeSuffices(t *testing.T) {
	for _, c := range useCases() {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			at := w.things()
			by := w.owner
			by.Scopes = []account.Scope{c.scope}
			w.ok(c.do(w, by, at))
		})
	}
}

func TestOthersThingsAreNotFound(t *testing.T) {
	w := newWorld(t)
	at := w.things()
	before := len(w.told())
	for _, c := range useCases() {
		if !c.owned {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			if err := c.do(w, w.other, at); !fault.Is(err, fault.NotFound) {
				t.Errorf("got %v, want not found", err)
			}
		})
	}
	if got := len(w.told()); got != before {
		t.Errorf("refusals left %d events", got-before)
	}
	if len(w.sockets.evicted) != 0 {
		t.Errorf("refusals closed the sockets of %v", w.sockets.evicted)
	}
}

// Each change leaves one event and one line of the audit trail, of the same
// subject and moment, and the line names who did it.
func TestChangesAreToldAndAudited(t *testing.T) {
	for _, c := range useCases() {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			at := w.things()
			told := len(w.told())
			by := w.owner
			by.Key, by.Name = ident.New[ident.KeyID](w.clock.Now()), "who asks"
			w.ok(c.do(w, by, at))
			events, lines := w.told()[told:], w.audited(w.owner.Organisation)
			lines = slices.DeleteFunc(lines, func(a account.Audit) bool { return a.By != by.Key })
			if c.event == "" {
				if len(events) != 0 || len(lines) != 0 {
					t.Errorf("reading left %d events and %d lines", len(events), len(lines))
				}
				return
			}
			if len(events) != 1 || len(lines) != 1 {
				t.Fatalf("got %d events and %d lines, want one of each", len(events), len(lines))
			}
			e, line := events[0], lines[0]
			if e.Type != c.event || line.Action != c.name {
				t.Errorf("got event %s and line %s, want %s and %s", e.Type, line.Action, c.event, c.name)
			}
			if line.ByName != by.Name {
				t.Errorf("by: got %q, want %q", line.ByName, by.Name)
			}
			if e.Subject == "" || line.Subject != e.Subject || !line.At.Equal(e.At) {
				t.Errorf("got event of %s at %s and line of %s at %s", e.Subject, e.At, line.Subject, line.At)
			}
			if kind := jsontext.Value(line.Detail).Kind(); kind != '{' {
				t.Errorf("detail: got %s, want an object", line.Detail)
			}
		})
	}
}

// A finding is put away once, also when its station is no more.
func TestResolveFinding(t *testing.T) {
	w := newWorld(t)
	at := w.things()
	w.ok(w.admin.DeleteStation(t.Context(), w.owner, string(at.station), 0))
	first, err := w.admin.ResolveFinding(t.Context(), w.owner, at.finding)
	w.ok(err)
	told := len(w.told())
	w.clock.now = w.clock.now.Add(time.Hour)
	again, err := w.admin.ResolveFinding(t.Context(), w.owner, at.finding)
	w.ok(err)
	if !again.ResolvedAt.Equal(first.ResolvedAt) || first.ResolvedAt.IsZero() || len(w.told()) != told {
		t.Errorf("got %s, then %s, %d events more", first.ResolvedAt, again.ResolvedAt, len(w.told())-told)
	}
}

// Change, event, audit line and the kept answer are one commit: when the
// answer's key is taken, nothing of it is there.
func TestChangeIsWholeOrNothing(t *testing.T) {
	w := newWorld(t)
	answer := func(tok token.Token) *change.Idempotency {
		return &change.Idempotency{
			Organisation: tok.Organisation, Key: "k", Fingerprint: make([]byte, 32), Status: 201,
			Header: "{}", Body: []byte(tok.ID), At: w.clock.Now(),
		}
	}
	made, err := w.admin.CreateToken(t.Context(), w.owner, admin.NewToken{UID: "04AA"}, answer)
	w.ok(err)
	kept, err := w.store.Idempotency(t.Context(), w.owner.Organisation, "k")
	w.ok(err)
	if string(kept.Body) != string(made.ID) {
		t.Errorf("kept answer: got %s, want %s", kept.Body, made.ID)
	}
	told, audited := len(w.told()), len(w.audited(w.owner.Organisation))
	if _, err := w.admin.CreateToken(t.Context(), w.owner, admin.NewToken{UID: "04BB"}, answer); err == nil {
		t.Fatal("an answer is kept twice under one key")
	}
	if _, err := w.store.TokenByUID(t.Context(), w.owner.Organisation, "04BB"); !fault.Is(err, fault.NotFound) {
		t.Errorf("the token of the refused change: got %v, want not found", err)
	}
	if len(w.told()) != told || len(w.audited(w.owner.Organisation)) != audited {
		t.Error("the refused change left an event or an audit line")
	}
}

// What names a driver or opens a door is in its own table and nowhere else.
func TestNothingSecretIsTold(t *testing.T) {
	const uid, group, label, password = "04C0FFEE", "04FA417", "Annas Karte", "a-password-of-a-station"
	w := newWorld(t)
	w.commit(&change.Set{Tokens: []token.Token{{
		ID: ident.New[ident.TokenID](w.clock.Now()), Organisation: w.owner.Organisation, UID: "04FEEDBEEF", Status: token.Unknown,
		CreatedAt: w.clock.Now(), Version: 1,
	}}})
	for _, u := range []string{uid, "04feedbeef"} {
		tok, err := w.admin.CreateToken(t.Context(), w.owner, admin.NewToken{UID: u, TokenPatch: admin.TokenPatch{Label: new(label), Group: new(group)}}, nil)
		w.ok(err)
		_, err = w.admin.UpdateToken(t.Context(), w.owner, tok.ID, admin.TokenPatch{Label: new(label + " 2")}, 0)
		w.ok(err)
		w.ok(w.admin.DeleteToken(t.Context(), w.owner, tok.ID, 0))
	}
	_, err := w.admin.CreateStation(t.Context(), w.owner, admin.NewStation{Identity: "CP-1", Patch: station.Patch{Password: new(password)}}, nil)
	w.ok(err)
	w.ok(w.admin.DeleteStation(t.Context(), w.owner, "CP-1", 0))
	_, secret, err := w.admin.CreateKey(t.Context(), w.owner, admin.NewKey{Name: "meter", Scopes: []account.Scope{account.LogRead}}, nil)
	w.ok(err)
	if !strings.HasPrefix(secret, "pylon_") || len(secret) != len("pylon_")+26 {
		t.Errorf("secret: got %d characters that begin with %.6s, want pylon_ and 26", len(secret), secret)
	}
	w.silent(uid, "04feedbeef", group, label, password, secret[len("pylon_"):], "the_owners_secret")
}
