package admin_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/store"
)

// world is a service on a real database, with two organisations: the first,
// whose owner is the operator of the installation, and another.
type world struct {
	t       *testing.T
	node    ident.NodeID
	store   *store.Store
	clock   *still
	sockets *sockets
	admin   *admin.Service
	owner   account.Actor // of the first organisation
	other   account.Actor // may do everything in another organisation
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := blank(t)
	org, _, err := w.admin.Begin(t.Context(), "pylon_the_owners_secret")
	w.ok(err)
	w.owner = account.System(org.ID, "owner")
	w.owner.Operator = true
	org, err = w.admin.CreateOrganisation(t.Context(), w.owner, admin.NewOrganisation{
		Slug: "other", Name: "Other", Country: "FR", Currency: "EUR", TimeZone: "Europe/Paris",
	}, nil)
	w.ok(err)
	w.other = account.System(org.ID, "other owner")
	return w
}

// blank returns a world whose database nobody has begun.
func blank(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, clock: &still{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}, sockets: &sockets{}}
	w.node = ident.New[ident.NodeID](w.clock.Now())
	db, err := store.Open(t.Context(), store.Options{
		Path: filepath.Join(t.TempDir(), "pylon.db"), Clock: w.clock, Node: w.node, OnCommitted: func([]event.Recorded) {},
	})
	w.ok(err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() {
		if err := db.Run(ctx); err != nil {
			t.Errorf("store: %v", err)
		}
	})
	t.Cleanup(func() {
		stop()
		running.Wait()
		_ = db.Close()
	})
	w.store, w.admin = db, admin.New(db, w.sockets, w.clock)
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// refused fails unless err has the kind and the code.
func (w *world) refused(err error, k fault.Kind, code string) {
	w.t.Helper()
	if !fault.Is(err, k) || fault.CodeOf(err) != code {
		w.t.Errorf("got %v, want %s", err, code)
	}
}

// broken fails unless err names one field, and that one.
func (w *world) broken(err error, pointer string) {
	w.t.Helper()
	e, ok := err.(*fault.Error) //nolint:errorlint // the service returns it as it is
	if !ok || e.Kind != fault.Invalid || len(e.Fields) != 1 || e.Fields[0].Pointer != pointer {
		w.t.Errorf("got %v, want %s to be wrong", err, pointer)
	}
}

func (w *world) station(identity ident.Identity) station.Detail {
	w.t.Helper()
	d, err := w.admin.CreateStation(w.t.Context(), w.owner, admin.NewStation{Identity: identity}, nil)
	w.ok(err)
	return d
}

func (w *world) site(name string) site.Site {
	w.t.Helper()
	s, err := w.admin.CreateSite(w.t.Context(), w.owner, admin.SitePatch{Name: &name}, nil)
	w.ok(err)
	return s
}

func (w *world) template(vendor string) station.Template {
	w.t.Helper()
	tpl, err := w.admin.CreateTemplate(w.t.Context(), w.owner, admin.TemplatePatch{Vendor: &vendor}, nil)
	w.ok(err)
	return tpl
}

func (w *world) token(uid string) token.Token {
	w.t.Helper()
	tok, err := w.admin.CreateToken(w.t.Context(), w.owner, admin.NewToken{UID: uid}, nil)
	w.ok(err)
	return tok
}

func (w *world) key(name string) account.Key {
	w.t.Helper()
	k, _, err := w.admin.CreateKey(w.t.Context(), w.owner, admin.NewKey{Name: name, Scopes: []account.Scope{account.All}}, nil)
	w.ok(err)
	return k
}

func (w *world) commit(set *change.Set) {
	w.t.Helper()
	w.ok(w.store.Commit(w.t.Context(), set))
}

// told returns the events of every organisation.
func (w *world) told() []event.Recorded {
	w.t.Helper()
	events, err := w.store.EventsAfter(w.t.Context(), "", nil, page.Max)
	w.ok(err)
	return events
}

// audited returns the audit trail of an organisation; lines of one moment come
// in any order.
func (w *world) audited(org ident.OrganisationID) []account.Audit {
	w.t.Helper()
	lines, err := w.store.Audits(w.t.Context(), org, page.Query{Limit: page.Max})
	w.ok(err)
	return lines.Items
}

// audit returns the one line of the first organisation that tells of an action.
func (w *world) audit(action string) account.Audit {
	w.t.Helper()
	lines := slices.DeleteFunc(w.audited(w.owner.Organisation), func(a account.Audit) bool { return a.Action != action })
	if len(lines) != 1 {
		w.t.Fatalf("lines of %s: got %d, want 1", action, len(lines))
	}
	return lines[0]
}

// silent fails when anything in the event log or the audit trail contains one
// of the words.
func (w *world) silent(words ...string) {
	w.t.Helper()
	var texts []string
	for _, e := range w.told() {
		texts = append(texts, string(e.Type)+" "+e.Subject+" "+string(e.JSON))
	}
	for _, org := range []ident.OrganisationID{w.owner.Organisation, w.other.Organisation} {
		for _, a := range w.audited(org) {
			texts = append(texts, a.Action+" "+a.Subject+" "+a.ByName+" "+a.Detail)
		}
	}
	for _, text := range texts {
		for _, word := range words {
			if strings.Contains(strings.ToLower(text), strings.ToLower(word)) {
				w.t.Errorf("%s tells %q", text, word)
			}
		}
	}
}

// sockets remembers which stations lost their connection.
type sockets struct{ evicted []ident.Identity }

func (s *sockets) Evict(d *station.Detail) { s.evicted = append(s.evicted, d.Identity) }

// still is a clock that stands until it is moved, in whole microseconds as the
// database keeps times. Its timers are the machine's.
type still struct {
	clock.System

	mu  sync.Mutex
	now time.Time
}

// Now implements [clock.Clock].
func (c *still) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// by moves the clock ahead.
func (c *still) by(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
