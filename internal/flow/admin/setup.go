package admin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"strings"
	"sync"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Begin makes the first organisation of an empty database, and its owner key
// when secret is not "". It returns the organisation and whether it has no key
// yet. Nodes that begin at the same time make one organisation.
func (s *Service) Begin(ctx context.Context, secret string) (account.Organisation, bool, error) {
	org, err := s.store.FirstOrganisation(ctx)
	if err == nil {
		keys, err := s.store.Keys(ctx, org.ID, page.Query{Limit: 1})
		return org, err == nil && len(keys.Items) == 0, err
	}
	if !fault.Is(err, fault.NotFound) {
		return org, false, err
	}
	now := s.clock.Now()
	org = account.Organisation{
		ID: ident.New[ident.OrganisationID](now), Slug: "main", Name: "My charging network",
		Country: "DE", Currency: "EUR", TimeZone: "Europe/Berlin", CreatedAt: now, Version: 1, First: true,
	}
	made := &change.Set{Organisations: []account.Organisation{org}}
	if secret != "" {
		made.Keys = []account.Key{newKey(org.ID, "owner", secret, []account.Scope{account.All}, now)}
	}
	d := deed{"organisation.create", organisationEvent(event.OrganisationCreated, org), OrganisationPatch{Name: &org.Name}}
	err = s.commit(ctx, account.System(org.ID, "first start"), d, made)
	if fault.Is(err, fault.Conflict) { // another node was quicker
		return s.Begin(ctx, "")
	}
	return org, secret == "", err
}

// doorTerm is how long a setup link works: long enough to walk to a browser.
const doorTerm = 30 * time.Minute

// Door is the one-time way in to an installation that has no key yet. It is
// opened by a ticket that the log of this process shows.
type Door struct {
	service *Service
	org     account.Organisation
	ticket  string
	until   time.Time

	mu   sync.Mutex
	used bool
}

// NewDoor returns a door to org, open for half an hour.
func NewDoor(s *Service, org account.Organisation) *Door {
	return &Door{service: s, org: org, ticket: strings.ToLower(rand.Text()), until: s.clock.Now().Add(doorTerm)}
}

// Ticket returns what opens the door.
func (d *Door) Ticket() string { return d.ticket }

// Check returns nil when ticket opens the door, else [fault.Forbidden].
func (d *Door) Check(ticket string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.check(ticket)
}

func (d *Door) check(ticket string) error {
	right := subtle.ConstantTimeCompare([]byte(ticket), []byte(d.ticket)) == 1
	if !right || d.used || !d.service.clock.Now().Before(d.until) {
		return fault.New(fault.Forbidden, "setup_link_expired")
	}
	return nil
}

// Enter makes the owner key and returns its secret, once.
func (d *Door) Enter(ctx context.Context, ticket string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.check(ticket); err != nil {
		return "", err
	}
	_, secret, err := d.service.CreateKey(ctx, account.System(d.org.ID, "setup link"),
		NewKey{Name: "owner", Scopes: []account.Scope{account.All}}, nil)
	d.used = err == nil
	return secret, err
}
