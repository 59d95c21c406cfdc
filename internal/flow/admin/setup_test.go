package admin_test

import (
	"sync"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/page"
)

func TestBegin(t *testing.T) {
	for _, c := range []struct {
		name    string
		secret  string
		keyless bool
	}{
		{"with a key", "pylon_bootstrap_secret", false},
		{"without", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := blank(t)
			org, keyless, err := w.admin.Begin(t.Context(), c.secret)
			w.ok(err)
			if !org.First || keyless != c.keyless {
				t.Errorf("got first %t, keyless %t; want first, %t", org.First, keyless, c.keyless)
			}
			again, keyless, err := w.admin.Begin(t.Context(), "another secret")
			w.ok(err)
			if again.ID != org.ID || keyless != c.keyless {
				t.Errorf("second start: got %s, keyless %t; want %s, %t", again.ID, keyless, org.ID, c.keyless)
			}
			all, err := w.store.Organisations(t.Context(), page.Query{})
			w.ok(err)
			if len(all.Items) != 1 {
				t.Errorf("organisations: got %d, want 1", len(all.Items))
			}
			if _, _, err := w.store.KeyByHash(t.Context(), admin.HashOf("another secret")); !fault.Is(err, fault.NotFound) {
				t.Errorf("the second start made a key: %v", err)
			}
		})
	}
}

func TestBeginMakesAnOwnerKey(t *testing.T) {
	const secret = "pylon_bootstrap_secret"
	w := blank(t)
	org, _, err := w.admin.Begin(t.Context(), secret)
	w.ok(err)
	key, of, err := w.store.KeyByHash(t.Context(), admin.HashOf(secret))
	w.ok(err)
	if of.ID != org.ID || key.Hint != "cret" || !key.InForce(w.clock.Now()) {
		t.Errorf("got a key of %s with hint %q", of.Slug, key.Hint)
	}
	if err := (account.Actor{Scopes: key.Scopes}).Can(account.All); err != nil {
		t.Errorf("the owner key cannot do everything: %v", err)
	}
	w.owner.Organisation = org.ID
	w.silent("bootstrap_secret")
}

// A hint does not give a short secret away.
func TestHintOfAShortSecret(t *testing.T) {
	w := blank(t)
	_, _, err := w.admin.Begin(t.Context(), "abcde")
	w.ok(err)
	key, _, err := w.store.KeyByHash(t.Context(), admin.HashOf("abcde"))
	w.ok(err)
	if key.Hint != "" {
		t.Errorf("got %q, want none", key.Hint)
	}
}

// Nodes that start at the same moment on one database make one organisation.
func TestBeginAtTheSameTime(t *testing.T) {
	const nodes = 8
	w := blank(t)
	var running sync.WaitGroup
	var begun [nodes]account.Organisation
	for i := range begun {
		running.Go(func() {
			var err error
			if begun[i], _, err = w.admin.Begin(t.Context(), "pylon_bootstrap_secret"); err != nil {
				t.Errorf("node %d: %v", i, err)
			}
		})
	}
	running.Wait()
	for i := range begun {
		if begun[i].ID != begun[0].ID {
			t.Errorf("node %d: got %s, want %s", i, begun[i].ID, begun[0].ID)
		}
	}
	there, err := w.store.Organisations(t.Context(), page.Query{})
	w.ok(err)
	keys, err := w.store.Keys(t.Context(), begun[0].ID, page.Query{})
	w.ok(err)
	if len(there.Items) != 1 || len(keys.Items) != 1 {
		t.Errorf("got %d organisations with %d keys, want one of each", len(there.Items), len(keys.Items))
	}
}

func TestDoorOpensOnce(t *testing.T) {
	w := blank(t)
	org, _, err := w.admin.Begin(t.Context(), "")
	w.ok(err)
	door := admin.NewDoor(w.admin, org)
	w.ok(door.Check(door.Ticket()))
	w.ok(door.Check(door.Ticket())) // looking does not use it up
	secret, err := door.Enter(t.Context(), door.Ticket())
	w.ok(err)
	key, of, err := w.store.KeyByHash(t.Context(), admin.HashOf(secret))
	w.ok(err)
	if of.ID != org.ID || (account.Actor{Scopes: key.Scopes}).Can(account.All) != nil {
		t.Errorf("got a key of %s with %v, want the owner's", of.Slug, key.Scopes)
	}
	w.refused(door.Check(door.Ticket()), fault.Forbidden, "setup_link_expired")
	second, err := door.Enter(t.Context(), door.Ticket())
	w.refused(err, fault.Forbidden, "setup_link_expired")
	if second != "" {
		t.Error("a refusal brings a secret")
	}
	if _, keyless, err := w.admin.Begin(t.Context(), ""); err != nil || keyless {
		t.Errorf("after the setup: keyless %t, %v", keyless, err)
	}
}

func TestDoorStaysShut(t *testing.T) {
	const term = 30 * time.Minute
	right := func(d *admin.Door) string { return d.Ticket() }
	for _, c := range []struct {
		name   string
		ticket func(*admin.Door) string
		after  time.Duration
		opens  bool
	}{
		{"in time", right, term - time.Microsecond, true},
		{"too late", right, term, false},
		{"no ticket", func(*admin.Door) string { return "" }, 0, false},
		{"a part of it", func(d *admin.Door) string { return d.Ticket()[1:] }, 0, false},
		{"another door's", func(d *admin.Door) string { return d.Ticket() + "a" }, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := blank(t)
			org, _, err := w.admin.Begin(t.Context(), "")
			w.ok(err)
			door := admin.NewDoor(w.admin, org)
			w.clock.by(c.after)
			secret, err := door.Enter(t.Context(), c.ticket(door))
			if c.opens {
				w.ok(err)
				return
			}
			w.refused(err, fault.Forbidden, "setup_link_expired")
			keys, err := w.store.Keys(t.Context(), org.ID, page.Query{})
			w.ok(err)
			if secret != "" || len(keys.Items) != 0 {
				t.Errorf("got secret %q and %d keys, want none", secret, len(keys.Items))
			}
		})
	}
}
