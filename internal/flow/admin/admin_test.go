package admin_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/flow/admin"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/store"
	"pylon/test/ground"
)

// office is a service with a real database, and somebody who may do all.
type office struct {
	*admin.Service
	store *watched
	fleet *fleet.Fleet
	org   account.Organisation
	by    account.Actor
}

// watched is a store that lets a test come between a decision and its commit.
type watched struct {
	*store.Store
	mu     sync.Mutex
	before func()
	events []event.Recorded
}

func (w *watched) Commit(ctx context.Context, set *change.Set) error {
	w.mu.Lock()
	before := w.before
	w.before = nil
	w.mu.Unlock()
	if before != nil {
		before()
	}
	return w.Store.Commit(ctx, set)
}

func open(t *testing.T) *office {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	o := &office{store: &watched{}}
	g := ground.New(t, store.Options{OnCommitted: func(events []event.Recorded) {
		o.store.mu.Lock()
		defer o.store.mu.Unlock()
		o.store.events = append(o.store.events, events...)
	}})
	o.store.Store = g.Store
	o.fleet = fleet.New(fleet.Options{Store: o.store, Bus: g.Bus, Clock: clock.System{}, Log: slog.New(slog.DiscardHandler), Node: g.Node})
	o.Service = admin.New(o.store, o.fleet, clock.System{})
	var err error
	o.org, _, err = o.Begin(t.Context(), "owner")
	must(err)
	o.by = account.Actor{Organisation: o.org.ID, Key: "key_1", Name: "test", Scopes: []account.Scope{account.All}, Operator: true}
	return o
}

// last returns the event that was committed last.
func (o *office) last() event.Recorded {
	o.store.mu.Lock()
	defer o.store.mu.Unlock()
	return o.store.events[len(o.store.events)-1]
}

func TestBeginMakesOneOrganisation(t *testing.T) {
	o := open(t)
	again, keyless, err := o.Begin(t.Context(), "another")
	if err != nil || again.ID != o.org.ID || keyless || !again.First {
		t.Errorf("got %+v, %v, %v", again, keyless, err)
	}
	if _, _, err := o.store.KeyByHash(t.Context(), admin.HashOf("another")); !fault.Is(err, fault.NotFound) {
		t.Errorf("a database that has a key got another: %v", err)
	}
	if key, _, err := o.store.KeyByHash(t.Context(), admin.HashOf("owner")); err != nil || !key.InForce(clock.System{}.Now()) {
		t.Errorf("the owner's key: %+v, %v", key, err)
	}
}

// The scope comes first: who may not, learns nothing.
func TestEveryUseCaseNeedsItsScope(t *testing.T) {
	o := open(t)
	ctx := t.Context()
	nobody := account.Actor{Organisation: o.org.ID, Operator: true}
	calls := map[string]func() error{
		"organisations":       func() error { _, err := o.Organisations(ctx, nobody, page.Query{}); return err },
		"organisation":        func() error { _, err := o.Organisation(ctx, nobody, "x"); return err },
		"create organisation": func() error { _, err := o.CreateOrganisation(ctx, nobody, admin.NewOrganisation{}, nil); return err },
		"update organisation": func() error {
			_, err := o.UpdateOrganisation(ctx, nobody, "x", admin.OrganisationPatch{}, 0)
			return err
		},
		"create site":     func() error { _, err := o.CreateSite(ctx, nobody, admin.SitePatch{}, nil); return err },
		"update site":     func() error { _, err := o.UpdateSite(ctx, nobody, "x", admin.SitePatch{}, 0); return err },
		"delete site":     func() error { return o.DeleteSite(ctx, nobody, "x", 0) },
		"create station":  func() error { _, err := o.CreateStation(ctx, nobody, admin.NewStation{}, nil); return err },
		"resolve finding": func() error { _, err := o.ResolveFinding(ctx, nobody, "x"); return err },
		"delete station":  func() error { return o.DeleteStation(ctx, nobody, "x", 0) },
		"create template": func() error {
			_, err := o.CreateTemplate(ctx, nobody, admin.TemplatePatch{}, nil)
			return err
		},
		"update template": func() error {
			_, err := o.UpdateTemplate(ctx, nobody, "x", admin.TemplatePatch{}, 0)
			return err
		},
		"delete template": func() error { return o.DeleteTemplate(ctx, nobody, "x", 0) },
		"create token":    func() error { _, err := o.CreateToken(ctx, nobody, admin.NewToken{}, nil); return err },
		"update token":    func() error { _, err := o.UpdateToken(ctx, nobody, "x", admin.TokenPatch{}, 0); return err },
		"delete token":    func() error { return o.DeleteToken(ctx, nobody, "x", 0) },
		"create key":      func() error { _, _, err := o.CreateKey(ctx, nobody, admin.NewKey{}, nil); return err },
		"update key":      func() error { _, err := o.UpdateKey(ctx, nobody, "x", admin.KeyPatch{}, 0); return err },
		"revoke key":      func() error { return o.RevokeKey(ctx, nobody, "x", 0) },
	}
	for name, call := range calls {
		if err := call(); fault.CodeOf(err) != "scope_missing" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAChangeComesWithItsEventAuditAndAnswer(t *testing.T) {
	o := open(t)
	kept := &change.Idempotency{Organisation: o.org.ID, Key: "k", Fingerprint: []byte("f"), Status: 201, Header: "{}", Body: []byte("{}"), At: clock.System{}.Now()}
	made, err := o.CreateSite(t.Context(), o.by, admin.SitePatch{Name: new("Harbour")}, func(s site.Site) *change.Idempotency {
		if s.Name != "Harbour" {
			t.Errorf("kept for %+v", s)
		}
		return kept
	})
	if err != nil {
		t.Fatal(err)
	}
	if e := o.last(); e.Type != event.SiteCreated || e.Site != made.ID || e.Subject != string(made.ID) || e.Version != 1 || e.Organisation != o.org.ID {
		t.Errorf("event: %+v", e)
	}
	trail, err := o.store.Audits(t.Context(), o.org.ID, page.Query{Limit: 1})
	if err != nil || trail.Items[0].Action != "site.create" || trail.Items[0].By != o.by.Key || trail.Items[0].Detail != `{"name":"Harbour"}` {
		t.Errorf("audit: %+v, %v", trail, err)
	}
	if got, err := o.store.Idempotency(t.Context(), o.org.ID, "k"); err != nil || got.Status != 201 {
		t.Errorf("answer: %+v, %v", got, err)
	}
}

func TestADecisionIsMadeAnewWhenItsRowMoved(t *testing.T) {
	o := open(t)
	ctx := t.Context()
	made, err := o.CreateToken(ctx, o.by, admin.NewToken{UID: "A", TokenPatch: admin.TokenPatch{Type: new("Central")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	meanwhile := func() {
		if _, err := o.UpdateToken(ctx, o.by, made.ID, admin.TokenPatch{Label: new("meanwhile")}, 0); err != nil {
			t.Error(err)
		}
	}
	o.store.before = meanwhile
	got, err := o.UpdateToken(ctx, o.by, made.ID, admin.TokenPatch{Status: new(token.Blocked)}, 0)
	if err != nil || got.Label != "meanwhile" || got.Status != token.Blocked || got.Version != 3 {
		t.Errorf("got %+v, %v", got, err)
	}
	// Who named the version that he saw is told that it moved.
	o.store.before = meanwhile
	if _, err := o.UpdateToken(ctx, o.by, made.ID, admin.TokenPatch{Status: new(token.Accepted)}, got.Version); !fault.Is(err, fault.Stale) {
		t.Errorf("got %v", err)
	}
}

func TestACardThatIsTappedWhileItIsMadeIsAdopted(t *testing.T) {
	o := open(t)
	ctx := t.Context()
	seen := token.Token{
		ID: ident.New[ident.TokenID](clock.System{}.Now()), Organisation: o.org.ID, UID: "04AB", Status: token.Unknown, CreatedAt: clock.System{}.Now(), Version: 1,
	}
	o.store.before = func() {
		if err := o.store.Store.Commit(ctx, &change.Set{Tokens: []token.Token{seen}}); err != nil {
			t.Error(err)
		}
	}
	got, err := o.CreateToken(ctx, o.by, admin.NewToken{UID: "04ab", TokenPatch: admin.TokenPatch{Type: new("ISO14443")}}, nil)
	if err != nil || got.ID != seen.ID || got.Status != token.Accepted || got.Version != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// socket notes why it was closed.
type socket struct {
	fleet.Connection
	closed chan string
}

func (s socket) Close(reason string) { s.closed <- reason }

func TestADeletedStationIsTakenFromItsOwner(t *testing.T) {
	o := open(t)
	ctx := t.Context()
	made, err := o.CreateStation(ctx, o.by, admin.NewStation{Identity: "CP-1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := socket{closed: make(chan string, 4)}
	owner, err := o.fleet.Claim(ctx, made.Station.ID, s, fleet.Hello{OCPP: station.OCPP16, At: clock.System{}.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.DeleteStation(ctx, o.by, "CP-1", 0); err != nil {
		t.Fatal(err)
	}
	if got := <-s.closed; got != "deleted" {
		t.Errorf("closed for %q", got)
	}
	report := station.StatusReport{EVSE: 1, Connector: 1, Status: station.Charging, ReceivedAt: clock.System{}.Now()}
	if err := owner.Status(ctx, report); err == nil {
		t.Error("its owner still writes")
	}
	if e := o.last(); e.Type != event.StationDeleted || e.Station != made.Station.ID {
		t.Errorf("event: %+v", e)
	}
}

func TestInputIsChecked(t *testing.T) {
	o := open(t)
	ctx := t.Context()
	long := strings.Repeat("a", 201)
	tests := []struct {
		name    string
		call    func() error
		pointer string
	}{
		{"name", func() error { _, err := o.CreateSite(ctx, o.by, admin.SitePatch{}, nil); return err }, "/name"},
		{"long name", func() error { _, err := o.CreateSite(ctx, o.by, admin.SitePatch{Name: &long}, nil); return err }, "/name"},
		{"control character", func() error { _, err := o.CreateSite(ctx, o.by, admin.SitePatch{Name: new("a\nb")}, nil); return err }, "/name"},
		{"not Unicode", func() error { _, err := o.CreateSite(ctx, o.by, admin.SitePatch{Name: new("a\xff")}, nil); return err }, "/name"},
		{"latitude", func() error {
			_, err := o.CreateSite(ctx, o.by, admin.SitePatch{Name: new("a"), Latitude: new("-90.1")}, nil)
			return err
		}, "/latitude"},
		{"latitude is a number", func() error {
			_, err := o.CreateSite(ctx, o.by, admin.SitePatch{Name: new("a"), Latitude: new("NaN")}, nil)
			return err
		}, "/latitude"},
		{"slug", func() error {
			_, err := o.CreateOrganisation(ctx, o.by, admin.NewOrganisation{Slug: "-a", Name: "a", Country: "DE", Currency: "EUR", TimeZone: "UTC"}, nil)
			return err
		}, "/slug"},
		{"currency", func() error {
			_, err := o.CreateOrganisation(ctx, o.by, admin.NewOrganisation{Slug: "a", Name: "a", Country: "DE", Currency: "euro", TimeZone: "UTC"}, nil)
			return err
		}, "/currency"},
		{"uid", func() error {
			_, err := o.CreateToken(ctx, o.by, admin.NewToken{UID: "  ", TokenPatch: admin.TokenPatch{Type: new("Central")}}, nil)
			return err
		}, "/uid"},
		{"another's site", func() error {
			_, err := o.CreateStation(ctx, o.by, admin.NewStation{Identity: "A", Patch: station.Patch{Site: new("sit_01JD3K6X5M8Q2V7T9WBNCRFHYZ")}}, nil)
			return err
		}, "/site_id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.call()
			e, ok := errors.AsType[*fault.Error](err)
			if !ok || e.Kind != fault.Invalid || len(e.Fields) != 1 || e.Fields[0].Pointer != tt.pointer || e.Fields[0].Code == "" || e.Fields[0].Detail == "" {
				t.Errorf("got %v", err)
			}
		})
	}
}
