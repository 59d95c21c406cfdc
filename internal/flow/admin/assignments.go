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
	"pylon/internal/kernel/unit"
)

// AssignmentPatch is what an assignment is made of, or what changes of it; nil
// fields stay. A new one needs a tariff.
type AssignmentPatch struct {
	Tariff    *ident.TariffID       `json:"tariff_id,omitzero"`
	From      *time.Time            `json:"valid_from,omitzero"`
	Until     *time.Time            `json:"valid_until,omitzero"`
	Site      *ident.SiteID         `json:"site_id,omitzero"`
	Station   *ident.StationID      `json:"station,omitzero"`
	EVSE      *int                  `json:"evse_id,omitzero"`
	Connector *tariff.ConnectorType `json:"connector_type,omitzero"`
	PowerFrom *unit.Watt            `json:"power_from_w,omitzero"`
	PowerTo   *unit.Watt            `json:"power_to_w,omitzero"`
	Contract  *string               `json:"contract,omitzero"`
	Group     *string               `json:"group,omitzero"`
	AdHoc     *bool                 `json:"ad_hoc,omitzero"`
}

// AssignmentNotice is the data of an assignment event.
type AssignmentNotice struct {
	ID     ident.AssignmentID `json:"id"`
	Tariff ident.TariffID     `json:"tariff_id"`
}

// CreateAssignment says where and for whom a tariff is. Sessions that begin from
// then on are priced by it, where no assignment is more specific.
func (s *Service) CreateAssignment(ctx context.Context, by account.Actor, in AssignmentPatch, keep Keep[tariff.Assignment]) (tariff.Assignment, error) {
	if err := by.Can(account.TariffsWrite); err != nil {
		return tariff.Assignment{}, err
	}
	now := s.clock.Now()
	made, reads, err := s.assigned(ctx, in, tariff.Assignment{
		ID: ident.New[ident.AssignmentID](now), Organisation: by.Organisation, CreatedAt: now, Version: 1,
	})
	if err != nil {
		return tariff.Assignment{}, err
	}
	d := deed{"assignment.create", assignmentEvent(event.AssignmentCreated, made), in.told()}
	return made, s.commit(ctx, by, d, &change.Set{Assignments: []tariff.Assignment{made}, Reads: reads, Idempotency: keep.of(made)})
}

// UpdateAssignment changes an assignment. A version other than 0 must be the one
// that stands ([fault.Stale] otherwise).
func (s *Service) UpdateAssignment(ctx context.Context, by account.Actor, id ident.AssignmentID, p AssignmentPatch, version int64) (tariff.Assignment, error) {
	if err := by.Can(account.TariffsWrite); err != nil {
		return tariff.Assignment{}, err
	}
	var next tariff.Assignment
	err := decide(version, func() error {
		was, err := s.store.Assignment(ctx, by.Organisation, id)
		if err != nil {
			return err
		}
		if err := expect(version, was.Version); err != nil {
			return err
		}
		var reads []change.Read
		if next, reads, err = s.assigned(ctx, p, was); err != nil {
			return err
		}
		next.Version++
		d := deed{"assignment.update", assignmentEvent(event.AssignmentUpdated, next), p.told()}
		return s.commit(ctx, by, d, &change.Set{Assignments: []tariff.Assignment{next}, Reads: reads})
	})
	return next, err
}

// DeleteAssignment removes an assignment. Sessions that have begun keep their
// prices.
func (s *Service) DeleteAssignment(ctx context.Context, by account.Actor, id ident.AssignmentID, version int64) error {
	if err := by.Can(account.TariffsWrite); err != nil {
		return err
	}
	return decide(version, func() error {
		was, err := s.store.Assignment(ctx, by.Organisation, id)
		if err != nil {
			return err
		}
		if err := expect(version, was.Version); err != nil {
			return err
		}
		gone := was
		gone.Version++
		d := deed{"assignment.delete", assignmentEvent(event.AssignmentDeleted, gone), struct{}{}}
		return s.commit(ctx, by, d, &change.Set{Removed: []change.Removal{{Kind: change.KindAssignment, ID: string(id), Version: was.Version}}})
	})
}

// assigned returns the assignment as the patch wants it, when all that it names
// is the organisation's, and the tariff as it was read: it must still be there.
func (s *Service) assigned(ctx context.Context, p AssignmentPatch, to tariff.Assignment) (tariff.Assignment, []change.Read, error) {
	set(&to.Tariff, p.Tariff)
	set(&to.From, p.From)
	set(&to.Until, p.Until)
	set(&to.Site, p.Site)
	set(&to.Station, p.Station)
	set(&to.EVSE, p.EVSE)
	set(&to.Connector, p.Connector)
	set(&to.PowerFrom, p.PowerFrom)
	set(&to.PowerTo, p.PowerTo)
	set(&to.Contract, p.Contract)
	set(&to.Group, p.Group)
	set(&to.AdHoc, p.AdHoc)
	if err := first(
		to.Check(),
		text("/connector_type", string(to.Connector), nameMax, false),
		text("/contract", to.Contract, nameMax, false),
		text("/group", to.Group, nameMax, false),
	); err != nil {
		return to, nil, err
	}
	t, err := s.store.Tariff(ctx, to.Organisation, to.Tariff)
	if err != nil {
		return to, nil, unknown("/tariff_id", err)
	}
	if p.Site != nil && to.Site != "" {
		if _, err := s.store.Site(ctx, to.Organisation, to.Site); err != nil {
			return to, nil, unknown("/site_id", err)
		}
	}
	if p.Station != nil && to.Station != "" {
		d, err := s.store.Station(ctx, to.Organisation, string(to.Station)) // by its OCPP identity, too
		if err != nil {
			return to, nil, unknown("/station", err)
		}
		to.Station = d.Station.ID
	}
	return to, []change.Read{{Kind: change.KindTariff, ID: string(t.ID), Version: t.Version}}, nil
}

// unknown turns what is not found into a member that is wrong.
func unknown(pointer string, err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.InvalidField(pointer, "not_found", "names nothing in your organisation")
	}
	return err
}

// told is what the audit trail has of a patch: it names no person, and a
// contract may be one's.
func (p AssignmentPatch) told() AssignmentPatch {
	p.Contract = nil
	return p
}

func assignmentEvent(t event.Type, of tariff.Assignment) event.Event {
	return event.Event{
		Type: t, Organisation: of.Organisation, Site: of.Site, Station: of.Station, Subject: string(of.ID), Version: of.Version,
		Data: AssignmentNotice{ID: of.ID, Tariff: of.Tariff},
	}
}
