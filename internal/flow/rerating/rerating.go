// Package rerating prices sessions of the past by another tariff, many at once:
// as a simulation, which changes nothing, and then, when somebody confirms it, as
// a correction, which takes bills back and issues others.
//
// Guarantees: what was found of a chunk of sessions and the place behind it are
// one commit, so each session is counted once, whoever goes on where another
// stopped. A correction settles sessions as billing does when something comes late,
// by the same code; it takes only those whose bill is the one that the simulation
// compared, and leaves out, with a reason, each of which no bill can be made. It
// takes half of a node's cores, and of a session's neighbours' memory no more than a chunk.
package rerating

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/plan"
	"pylon/internal/domain/rerating"
	"pylon/internal/domain/session"
	"pylon/internal/domain/tariff"
	settling "pylon/internal/flow/billing"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Store is what re-rating needs of the database, beside what settling does.
// Look-ups that find nothing return an error of kind NotFound; those for many
// return what there is.
type Store interface {
	settling.Store
	Commit(ctx context.Context, set *change.Set) error
	Key(ctx context.Context, org ident.OrganisationID, id ident.KeyID) (account.Key, error)
	Tariff(ctx context.Context, org ident.OrganisationID, id ident.TariffID) (tariff.Tariff, error)

	Rerating(ctx context.Context, org ident.OrganisationID, id ident.ReratingID) (rerating.Rerating, error)
	OpenReratings(ctx context.Context, limit int) ([]ident.ReratingID, error)
	CountOpenReratings(ctx context.Context, org ident.OrganisationID) (int64, error)
	OldReratings(ctx context.Context, before time.Time, limit int) ([]rerating.Rerating, error)
	DifferencesAfter(ctx context.Context, id ident.ReratingID, outcome rerating.Outcome, after ident.SessionID, limit int) ([]rerating.Difference, error)
	DifferencesOf(ctx context.Context, id ident.ReratingID, ids []ident.SessionID) ([]rerating.Difference, error)

	CountEnded(ctx context.Context, org ident.OrganisationID, of rerating.Choice) (int64, error)
	EndedSessions(ctx context.Context, org ident.OrganisationID, of rerating.Choice, after rerating.Place, limit int) ([]session.View, error)
	SessionsOf(ctx context.Context, org ident.OrganisationID, ids []ident.SessionID) ([]session.View, error)
	TabsOf(ctx context.Context, ids []ident.SessionID) ([]billing.Tab, error)
	BillsOf(ctx context.Context, ids []ident.BillID) ([]billing.Bill, error)
	UsesOf(ctx context.Context, ids []ident.SessionID) (map[ident.SessionID][]plan.Use, error)
	SegmentsOf(ctx context.Context, of []session.Ref) (map[ident.SessionID][]session.Segment, error)
	FramesOf(ctx context.Context, of []session.Ref, limit int) (map[ident.SessionID][]meter.Frame, error)
}

// Options are what a Service is made of; all are needed.
type Options struct {
	Store    Store
	Clock    clock.Clock
	Log      *slog.Logger
	Settling settling.Options // of corrections; its Store and its Clock are not asked
	Quick    settling.Rater   // of simulations: nothing is billed by it
}

// Service takes questions and, while Run runs, answers them. Its methods are safe
// for concurrent use.
type Service struct {
	Options
	simulated, corrected int // sessions of a chunk
}

// New returns a Service.
func New(o Options) *Service { return &Service{o, simulatedAtOnce, correctedAtOnce} }

// Keep renders the answer to a request from what the request made, so that it is
// stored in the same commit. A nil Keep stores none.
type Keep func(rerating.Rerating) *change.Idempotency

// openMost bounds the re-ratings of an organisation that have not ended: they are
// answered one after the other, and what they find is kept.
const openMost = 20

// Simulate asks what sessions would have cost. How far the answer has come is in
// the rows.
func (s *Service) Simulate(ctx context.Context, by account.Actor, of rerating.Choice, price rerating.Pricing, keep Keep) (rerating.Rerating, error) {
	if err := by.Can(account.BillsWrite); err != nil {
		return rerating.Rerating{}, err
	}
	r := s.asked(by)
	r.Mode, r.Choice, r.Pricing = rerating.Simulate, of, price
	if err := r.Check(); err != nil {
		return r, err
	}
	if price.Tariff != "" {
		if err := s.known(ctx, by, &price); err != nil {
			return r, err
		}
	}
	open, err := s.Store.CountOpenReratings(ctx, by.Organisation)
	if err != nil {
		return r, err
	}
	if open >= openMost {
		return r, fault.New(fault.Exhausted, "too_many_reratings", "max", strconv.Itoa(openMost))
	}
	return r, s.commit(ctx, by, "rerating.simulate", &r, &change.Set{Reratings: []rerating.Rerating{r}, Idempotency: keep.of(r)})
}

// Confirm has the sessions billed anew that a simulation found to change. It is done
// once, and says why.
func (s *Service) Confirm(ctx context.Context, by account.Actor, id ident.ReratingID, reason string, keep Keep) (rerating.Rerating, error) {
	if err := by.Can(account.BillsCorrect); err != nil {
		return rerating.Rerating{}, err
	}
	for {
		was, err := s.Store.Rerating(ctx, by.Organisation, id)
		if err != nil {
			return was, err
		}
		asked := s.asked(by)
		asked.Reason = reason
		was, next, err := was.Confirm(asked)
		if err != nil {
			return next, err
		}
		set := &change.Set{Reratings: []rerating.Rerating{was, next}, Idempotency: keep.of(next)}
		err = s.commit(ctx, by, "rerating.correct", &next, set)
		if !fault.Is(err, fault.Stale) { // stale: somebody else confirmed it, or it was forgotten
			return next, err
		}
	}
}

// Cancel keeps more sessions from being looked at. What was corrected stays so.
func (s *Service) Cancel(ctx context.Context, by account.Actor, id ident.ReratingID) (rerating.Rerating, error) {
	if err := by.Can(account.BillsWrite); err != nil {
		return rerating.Rerating{}, err
	}
	for {
		was, err := s.Store.Rerating(ctx, by.Organisation, id)
		if err != nil {
			return was, err
		}
		now := s.Clock.Now()
		next, err := was.Cancel(now)
		if err != nil {
			return was, err
		}
		set := &change.Set{Reratings: []rerating.Rerating{next}, Events: []event.Event{told(event.ReratingFinished, &next, now)}}
		err = s.commit(ctx, by, "rerating.cancel", &next, set)
		if !fault.Is(err, fault.Stale) { // stale: a chunk was done meanwhile
			return next, err
		}
	}
}

// asked returns a new re-rating, as far as it does not hang on what it is for.
func (s *Service) asked(by account.Actor) rerating.Rerating {
	now := s.Clock.Now()
	return rerating.Rerating{
		ID: ident.New[ident.ReratingID](now), Organisation: by.Organisation, By: by.Key, ByName: by.Name, CreatedAt: now, State: rerating.Queued, Version: 1,
	}
}

// known refuses a tariff or an edition that the organisation has not.
func (s *Service) known(ctx context.Context, by account.Actor, p *rerating.Pricing) error {
	t, err := s.Store.Tariff(ctx, by.Organisation, p.Tariff)
	switch {
	case fault.Is(err, fault.NotFound):
		return fault.InvalidField("/pricing/tariff_id", "tariff_unknown", "is no tariff of this organisation")
	case err != nil:
		return err
	case t.Published == 0:
		return fault.InvalidField("/pricing/tariff_id", "not_published", "has no edition; what is not published is given as terms")
	case p.Edition > t.Published:
		return fault.InvalidField("/pricing/edition", "edition_unknown", "is no edition of the tariff")
	}
	return nil
}

func (k Keep) of(r rerating.Rerating) *change.Idempotency {
	if k == nil {
		return nil
	}
	return k(r)
}

// deed is what the audit trail tells of a re-rating.
type deed struct {
	Simulation ident.ReratingID `json:"simulation_id,omitzero"`
	Choice     rerating.Choice  `json:"sessions"`
	Tariff     ident.TariffID   `json:"tariff_id,omitzero"`
	Edition    int              `json:"edition,omitzero"`
	Reason     string           `json:"reason,omitzero"`
}

// commit makes set durable with its line of the audit trail, and with the news of
// a re-rating that is new.
func (s *Service) commit(ctx context.Context, by account.Actor, action string, r *rerating.Rerating, set *change.Set) error {
	detail, err := json.Marshal(deed{r.Simulation, r.Choice, r.Pricing.Tariff, r.Pricing.Edition, r.Reason})
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	if r.Version == 1 {
		set.Events = append(set.Events, told(event.ReratingCreated, r, now))
	}
	set.Audits = append(set.Audits, account.Audit{
		ID: ident.New[ident.AuditID](now), Organisation: by.Organisation, By: by.Key, ByName: by.Name,
		Action: action, Subject: string(r.ID), At: now, Detail: string(detail),
	})
	return s.Store.Commit(ctx, set)
}

// Notice is the data of an event about a re-rating.
type Notice struct {
	ID         ident.ReratingID `json:"id"`
	Mode       rerating.Mode    `json:"mode"`
	State      rerating.State   `json:"state"`
	Simulation ident.ReratingID `json:"simulation_id,omitzero"`
	Changed    int64            `json:"changed"`
	Held       int64            `json:"held"`
	Skipped    int64            `json:"skipped"`
}

func told(t event.Type, r *rerating.Rerating, at time.Time) event.Event {
	return event.Event{
		Type: t, Organisation: r.Organisation, Subject: string(r.ID), Version: r.Version, At: at,
		Data: Notice{r.ID, r.Mode, r.State, r.Simulation, r.Counts.Changed, r.Counts.Held, r.Counts.Skipped},
	}
}
