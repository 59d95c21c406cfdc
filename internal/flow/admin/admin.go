// Package admin holds the use cases of those who run an installation: make,
// change and remove organisations, sites, stations, their templates, tariffs, tokens and
// API keys.
//
// Guarantees: a method checks the caller's scope before anything else; a change
// is committed together with its event, its line of the audit trail and, when
// the caller wants it, the answer to his request; what belongs to another
// organisation is not found.
package admin

import (
	"context"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/event"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/session"
	"pylon/internal/domain/signal"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/tariff"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Store is what admin needs of the database. Look-ups that find nothing return
// an error of kind NotFound.
type Store interface {
	hostStore
	planStore

	Commit(ctx context.Context, set *change.Set) error
	TakeEpoch(ctx context.Context, id ident.StationID, node ident.NodeID, link station.Link) (station.Link, error)
	Owned(ctx context.Context, id ident.StationID) (station.Detail, []session.Session, error)

	FirstOrganisation(ctx context.Context) (account.Organisation, error)
	Organisation(ctx context.Context, ref string) (account.Organisation, error)
	Organisations(ctx context.Context, q page.Query) (page.Result[account.Organisation], error)
	Site(ctx context.Context, org ident.OrganisationID, id ident.SiteID) (site.Site, error)
	Station(ctx context.Context, org ident.OrganisationID, ref string) (station.Detail, error)
	Stations(ctx context.Context, org ident.OrganisationID, f station.Filter, q page.Query) (page.Result[station.Detail], error)
	Template(ctx context.Context, org ident.OrganisationID, id ident.TemplateID) (station.Template, error)
	Tariff(ctx context.Context, org ident.OrganisationID, id ident.TariffID) (tariff.Tariff, error)
	Assignment(ctx context.Context, org ident.OrganisationID, id ident.AssignmentID) (tariff.Assignment, error)
	ListAssignments(ctx context.Context, org ident.OrganisationID, id ident.TariffID, q page.Query) (page.Result[tariff.Assignment], error)
	Signal(ctx context.Context, org ident.OrganisationID, id ident.SeriesID) (signal.Series, error)
	CountSignals(ctx context.Context, org ident.OrganisationID) (int, error)
	Points(ctx context.Context, id ident.SeriesID, from, to time.Time, limit int) ([]signal.Point, error)
	HasPoints(ctx context.Context, id ident.SeriesID) (bool, error)
	Finding(ctx context.Context, org ident.OrganisationID, id ident.FindingID) (station.Finding, error)
	Tokens(ctx context.Context, org ident.OrganisationID, f token.Filter, q page.Query) (page.Result[token.Token], error)
	Customer(ctx context.Context, org ident.OrganisationID, id ident.CustomerID) (customer.Customer, error)
	Bills(ctx context.Context, org ident.OrganisationID, f billing.Filter, q page.Query) (page.Result[billing.Bill], error)
	LedgerAccounts(ctx context.Context, org ident.OrganisationID, f ledger.AccountFilter, q page.Query) (page.Result[ledger.Balance], error)
	Token(ctx context.Context, org ident.OrganisationID, id ident.TokenID) (token.Token, error)
	TokenByUID(ctx context.Context, org ident.OrganisationID, uid string) (token.Token, error)
	Key(ctx context.Context, org ident.OrganisationID, id ident.KeyID) (account.Key, error)
	Keys(ctx context.Context, org ident.OrganisationID, q page.Query) (page.Result[account.Key], error)
	Profile(ctx context.Context, org ident.OrganisationID) (billing.Profile, error)
}

// Sockets ends the connections of stations that are no more.
type Sockets interface {
	Evict(d *station.Detail)
}

// Service carries out the use cases. Its methods are safe for concurrent use.
type Service struct {
	store   Store
	sockets Sockets
	clock   clock.Clock
}

// New returns a Service; it needs all three.
func New(store Store, sockets Sockets, c clock.Clock) *Service {
	return &Service{store: store, sockets: sockets, clock: c}
}

// Keep renders the answer to a request from what the request made, so that it
// is stored in the same commit. A nil Keep stores none.
type Keep[T any] func(T) *change.Idempotency

func (k Keep[T]) of(made T) *change.Idempotency {
	if k == nil {
		return nil
	}
	return k(made)
}

// deed is what happened, for the event log and the audit trail.
type deed struct {
	action  string // of the audit trail: site.create …
	event   event.Event
	changed any // what the audit line tells; a struct without secrets, names of people and uids
}

// commit makes set durable with the event and the audit line of d.
func (s *Service) commit(ctx context.Context, by account.Actor, d deed, set *change.Set) error {
	detail, err := json.Marshal(d.changed)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	d.event.At = now
	set.Events = append(set.Events, d.event)
	set.Audits = append(set.Audits, account.Audit{
		ID: ident.New[ident.AuditID](now), Organisation: by.Organisation, By: by.Key, ByName: by.Name,
		Action: d.action, Subject: d.event.Subject, At: now, Detail: string(detail),
	})
	return s.store.Commit(ctx, set)
}

// decisionTries bounds how often a decision is made anew because a row moved:
// a token's row moves with every session, eight times in a row it does not.
const decisionTries = 8

// decide calls f until no row moves under it. A caller who named a version
// wants that one or none: he gets the refusal.
func decide(version int64, f func() error) error {
	for range decisionTries {
		if err := f(); version != 0 || !fault.Is(err, fault.Stale) {
			return err
		}
	}
	return fault.New(fault.Unavailable, "too_much_contention")
}

// expect refuses a row that is not in the version that the caller wants; 0 is
// any.
func expect(want, got int64) error {
	if want == 0 || want == got {
		return nil
	}
	return fault.New(fault.Stale, "version_moved")
}

// otherwise turns the refusal of a duplicate row into the error that names the
// thing.
func otherwise(err error, exists *fault.Error) error {
	if fault.Is(err, fault.Conflict) && fault.CodeOf(err) == change.ErrExists.Code {
		return exists
	}
	return err
}

// set puts *from into *to, if there is a from.
func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// moment is t as an audit line tells it, "" for the zero time.
func moment(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
