package admin

import (
	"context"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/kernel/trade"
)

// TariffPatch is what a tariff is made of, or what changes of it; nil fields
// stay. A new tariff needs a name. A draft is given whole; a Draft of nil is none.
type TariffPatch struct {
	Name   *string           `json:"name,omitzero"`
	Type   *trade.TariffType `json:"type,omitzero"`
	EndsAt *time.Time        `json:"ends_at,omitzero"` // not in the past; the zero time: never
	Draft  **tariff.Draft    `json:"draft,omitzero"`
}

// TariffNotice is the data of a tariff event.
type TariffNotice struct {
	ID      ident.TariffID `json:"id"`
	Name    string         `json:"name"`
	Edition int            `json:"edition"` // the number of the last one that was published; 0: none was
}

// CreateTariff makes a tariff, with a draft perhaps. It prices nothing before it
// is published and assigned.
func (s *Service) CreateTariff(ctx context.Context, by account.Actor, in TariffPatch, keep Keep[tariff.Tariff]) (tariff.Tariff, error) {
	if err := by.Can(account.TariffsWrite); err != nil {
		return tariff.Tariff{}, err
	}
	now := s.clock.Now()
	made, err := in.apply(tariff.Tariff{ID: ident.New[ident.TariffID](now), Organisation: by.Organisation, CreatedAt: now, Version: 1}, now)
	if err != nil {
		return tariff.Tariff{}, err
	}
	d := deed{"tariff.create", tariffEvent(event.TariffCreated, made), in}
	return made, s.commit(ctx, by, d, &change.Set{Tariffs: []tariff.Tariff{made}, Idempotency: keep.of(made)})
}

// UpdateTariff changes what of a tariff may change: its name, its draft, its end. A
// version other than 0 must be the one that stands ([fault.Stale] otherwise).
func (s *Service) UpdateTariff(ctx context.Context, by account.Actor, id ident.TariffID, p TariffPatch, version int64) (tariff.Tariff, error) {
	return s.moveTariff(ctx, by, id, version, func(was tariff.Tariff, now time.Time) (tariff.Tariff, move, error) {
		next, err := p.apply(was, now)
		return next, move{action: "tariff.update", event: event.TariffUpdated, changed: p}, err
	})
}

// PublishTariff makes an edition of a tariff's draft. It is valid from now on
// or from the draft's own start, and never changes.
func (s *Service) PublishTariff(ctx context.Context, by account.Actor, id ident.TariffID, version int64) (tariff.Tariff, error) {
	return s.moveTariff(ctx, by, id, version, func(was tariff.Tariff, now time.Time) (tariff.Tariff, move, error) {
		next, edition, err := was.Publish(now)
		changed := struct {
			Edition int    `json:"edition"`
			From    string `json:"from"`
			Until   string `json:"until"`
		}{edition.Number, moment(&edition.From), moment(&edition.Until)}
		return next, move{"tariff.publish", event.TariffPublished, changed, []tariff.Edition{edition}}, err
	})
}

// move is a change of a tariff.
type move struct {
	action   string
	event    event.Type
	changed  any
	editions []tariff.Edition
}

func (s *Service) moveTariff(
	ctx context.Context, by account.Actor, id ident.TariffID, version int64, to func(was tariff.Tariff, now time.Time) (tariff.Tariff, move, error),
) (tariff.Tariff, error) {
	if err := by.Can(account.TariffsWrite); err != nil {
		return tariff.Tariff{}, err
	}
	var next tariff.Tariff
	err := decide(version, func() error {
		was, err := s.store.Tariff(ctx, by.Organisation, id)
		if err != nil {
			return err
		}
		if err := expect(version, was.Version); err != nil {
			return err
		}
		var m move
		if next, m, err = to(was, s.clock.Now()); err != nil {
			return err
		}
		next.Version++
		d := deed{m.action, tariffEvent(m.event, next), m.changed}
		return s.commit(ctx, by, d, &change.Set{Tariffs: []tariff.Tariff{next}, Editions: m.editions})
	})
	return next, err
}

// DeleteTariff removes a tariff that never was published and is assigned
// nowhere. One that was published ends instead.
func (s *Service) DeleteTariff(ctx context.Context, by account.Actor, id ident.TariffID, version int64) error {
	if err := by.Can(account.TariffsWrite); err != nil {
		return err
	}
	return decide(version, func() error {
		was, err := s.store.Tariff(ctx, by.Organisation, id)
		if err != nil {
			return err
		}
		if err := expect(version, was.Version); err != nil {
			return err
		}
		if was.Published > 0 {
			return fault.New(fault.Conflict, "tariff_published")
		}
		assigned, err := s.store.ListAssignments(ctx, by.Organisation, id, page.Query{Limit: 1})
		if err != nil {
			return err
		}
		if len(assigned.Items) > 0 {
			return fault.New(fault.Conflict, "tariff_assigned", "assignment", string(assigned.Items[0].ID))
		}
		gone := was
		gone.Version++
		d := deed{"tariff.delete", tariffEvent(event.TariffDeleted, gone), struct{}{}}
		return s.commit(ctx, by, d, &change.Set{Removed: []change.Removal{{Kind: change.KindTariff, ID: string(id), Version: was.Version}}})
	})
}

// apply returns the tariff as the patch wants it.
func (p TariffPatch) apply(to tariff.Tariff, now time.Time) (tariff.Tariff, error) {
	set(&to.Name, p.Name)
	set(&to.Type, p.Type)
	if err := first(to.Check(), text("/name", to.Name, nameMax, true)); err != nil {
		return to, err
	}
	if p.EndsAt != nil && p.EndsAt.IsZero() {
		to.EndsAt = time.Time{}
	} else if p.EndsAt != nil {
		var err error
		if to, err = to.End(*p.EndsAt, now); err != nil {
			return to, err
		}
	}
	if p.Draft == nil {
		return to, nil
	}
	to, err := to.WithDraft(*p.Draft)
	return to, fault.Below("/draft", err)
}

func tariffEvent(t event.Type, of tariff.Tariff) event.Event {
	return event.Event{
		Type: t, Organisation: of.Organisation, Subject: string(of.ID), Version: of.Version,
		Data: TariffNotice{ID: of.ID, Name: of.Name, Edition: of.Published},
	}
}
