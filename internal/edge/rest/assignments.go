package rest

import (
	"context"
	"net/http"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/tariff"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/unit"
)

// TariffAssignment says where and for whom a tariff is. What it leaves empty may
// be anything.
type TariffAssignment struct {
	ID            string  `json:"id" example:"asg_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	TariffID      string  `json:"tariff_id" example:"trf_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	ValidFrom     Time    `json:"valid_from" doc:"null: always"`
	ValidUntil    Time    `json:"valid_until" doc:"Exclusive; null: for ever"`
	SiteID        *string `json:"site_id"`
	Station       *string `json:"station" example:"sta_01JD3K6X5M8Q2V7T9WBNCRFHYZ" doc:"The station's id"`
	EVSEID        *int    `json:"evse_id" doc:"Of the station"`
	ConnectorType *string `json:"connector_type" example:"IEC_62196_T2_COMBO" doc:"OCPI's ConnectorType"`
	PowerFromW    *int64  `json:"power_from_w" doc:"What the EVSE can give, inclusive"`
	PowerToW      *int64  `json:"power_to_w" doc:"Exclusive"`
	Contract      *string `json:"contract" doc:"With the driver or his company"`
	Group         *string `json:"group" doc:"Of drivers: the group_id of their tokens"`
	AdHoc         bool    `json:"ad_hoc" doc:"For who pays without a contract"`
	CreatedAt     Time    `json:"created_at" nullable:"false"`
}

// NewTariffAssignment is an assignment to be made. It is for a contract, for a
// group, for those who pay ad hoc, or for all.
type NewTariffAssignment struct {
	TariffID      string     `json:"tariff_id" minLength:"1" maxLength:"64"`
	ValidFrom     *time.Time `json:"valid_from,omitzero"`
	ValidUntil    *time.Time `json:"valid_until,omitzero"`
	SiteID        *string    `json:"site_id,omitzero" nullable:"false" maxLength:"64"`
	Station       *string    `json:"station,omitzero" nullable:"false" maxLength:"64" doc:"By id or OCPP identity"`
	EVSEID        *int       `json:"evse_id,omitzero" nullable:"false" minimum:"0"`
	ConnectorType *string    `json:"connector_type,omitzero" nullable:"false" maxLength:"64"`
	PowerFromW    *int64     `json:"power_from_w,omitzero" nullable:"false" minimum:"0"`
	PowerToW      *int64     `json:"power_to_w,omitzero" nullable:"false" minimum:"0"`
	Contract      *string    `json:"contract,omitzero" nullable:"false" maxLength:"64"`
	Group         *string    `json:"group,omitzero" nullable:"false" maxLength:"64"`
	AdHoc         *bool      `json:"ad_hoc,omitzero" nullable:"false"`
}

// TariffAssignmentPatch is a merge patch of an assignment; null is any.
type TariffAssignmentPatch struct {
	TariffID      Edit[string]    `json:"tariff_id,omitzero" nullable:"false" maxLength:"64"`
	ValidFrom     Edit[time.Time] `json:"valid_from,omitzero"`
	ValidUntil    Edit[time.Time] `json:"valid_until,omitzero"`
	SiteID        Edit[string]    `json:"site_id,omitzero" maxLength:"64"`
	Station       Edit[string]    `json:"station,omitzero" maxLength:"64"`
	EVSEID        Edit[int]       `json:"evse_id,omitzero" minimum:"0"`
	ConnectorType Edit[string]    `json:"connector_type,omitzero" maxLength:"64"`
	PowerFromW    Edit[int64]     `json:"power_from_w,omitzero" minimum:"0"`
	PowerToW      Edit[int64]     `json:"power_to_w,omitzero" minimum:"0"`
	Contract      Edit[string]    `json:"contract,omitzero" maxLength:"64"`
	Group         Edit[string]    `json:"group,omitzero" maxLength:"64"`
	AdHoc         Edit[bool]      `json:"ad_hoc,omitzero"`
}

// InAssignment is the path of one assignment.
type InAssignment struct {
	Assignment string `path:"assignmentId" maxLength:"64" example:"asg_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

// someOf is v, or null for the zero value.
func someOf[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func viewAssignment(a tariff.Assignment) TariffAssignment {
	return TariffAssignment{
		ID: string(a.ID), TariffID: string(a.Tariff), ValidFrom: Time{a.From}, ValidUntil: Time{a.Until}, SiteID: orNull(a.Site), Station: orNull(a.Station),
		EVSEID: someOf(a.EVSE), ConnectorType: orNull(a.Connector), PowerFromW: someOf(int64(a.PowerFrom)), PowerToW: someOf(int64(a.PowerTo)),
		Contract: orNull(a.Contract), Group: orNull(a.Group), AdHoc: a.AdHoc, CreatedAt: Time{a.CreatedAt},
	}
}

func oneAssignment(a tariff.Assignment) *One[TariffAssignment] {
	return &One[TariffAssignment]{ETag: etag(a.Version), Body: viewAssignment(a)}
}

func createdAssignment(a tariff.Assignment) Created[TariffAssignment] {
	return Created[TariffAssignment]{Location: prefix + "/tariff-assignments/" + string(a.ID), ETag: etag(a.Version), Body: viewAssignment(a)}
}

// to returns a member of a request as a type of the domain.
func to[S, T ~string](p *S) *T {
	if p == nil {
		return nil
	}
	return new(T(*p))
}

func watts(p *int64) *unit.Watt {
	if p == nil {
		return nil
	}
	return new(unit.Watt(*p))
}

func (b *NewTariffAssignment) patch() admin.AssignmentPatch {
	return admin.AssignmentPatch{
		Tariff: to[string, ident.TariffID](&b.TariffID), From: b.ValidFrom, Until: b.ValidUntil, Site: to[string, ident.SiteID](b.SiteID),
		Station: to[string, ident.StationID](b.Station), EVSE: b.EVSEID, Connector: to[string, tariff.ConnectorType](b.ConnectorType),
		PowerFrom: watts(b.PowerFromW), PowerTo: watts(b.PowerToW), Contract: b.Contract, Group: b.Group, AdHoc: b.AdHoc,
	}
}

func (p *TariffAssignmentPatch) patch() admin.AssignmentPatch {
	id := edited(p.TariffID, same)
	return admin.AssignmentPatch{
		Tariff: to[string, ident.TariffID](id), From: edited(p.ValidFrom, same), Until: edited(p.ValidUntil, same),
		Site: to[string, ident.SiteID](edited(p.SiteID, same)), Station: to[string, ident.StationID](edited(p.Station, same)),
		EVSE: edited(p.EVSEID, same), Connector: to[string, tariff.ConnectorType](edited(p.ConnectorType, same)),
		PowerFrom: watts(edited(p.PowerFromW, same)), PowerTo: watts(edited(p.PowerToW, same)),
		Contract: edited(p.Contract, same), Group: edited(p.Group, same), AdHoc: edited(p.AdHoc, same),
	}
}

// assignment returns the assignment of a path.
func (s *Server) assignment(ctx context.Context, by account.Actor, in InAssignment) (tariff.Assignment, error) {
	id, err := pathID[ident.AssignmentID](in.Assignment)
	if err != nil {
		return tariff.Assignment{}, err
	}
	return s.store.Assignment(ctx, by.Organisation, id)
}

func (s *Server) assignmentOperations() {
	handle(s, operation{
		id: "list-tariff-assignments", method: http.MethodGet, path: "/tariff-assignments", tag: "tariffs", scope: account.TariffsRead,
		summary: "List where and for whom tariffs are",
		detail: "A session has the tariff of the assignment that matches when it begins and is the most specific: first by for whom (a contract, a group, ad hoc, all), " +
			"then by where (an EVSE, a station, a site, anywhere), then by type of connector and by power, then what became valid later, then what was made later.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		Tariff string `query:"tariff_id" maxLength:"64" doc:"Those of a tariff"`
	},
	) (*Listed[TariffAssignment], error) {
		rows, err := s.store.ListAssignments(ctx, by.Organisation, ident.TariffID(in.Tariff), in.query(""))
		return listed(ctx, rows, err, viewAssignment)
	})
	handle(s, operation{
		id: "get-tariff-assignment", method: http.MethodGet, path: "/tariff-assignments/{assignmentId}", tag: "tariffs", scope: account.TariffsRead,
		summary: "Get an assignment of a tariff",
	}, func(ctx context.Context, by account.Actor, in *struct{ InAssignment }) (*One[TariffAssignment], error) {
		a, err := s.assignment(ctx, by, in.InAssignment)
		return oneAssignment(a), err
	})
	handle(s, operation{
		id: "create-tariff-assignment", method: http.MethodPost, path: "/tariff-assignments", tag: "tariffs", scope: account.TariffsWrite,
		summary: "Say where and for whom a tariff is", detail: "Sessions that have begun keep their prices.",
		status: http.StatusCreated, onceKey: keyTaken,
		example: map[string]any{"tariff_id": "trf_01JD3K6X5M8Q2V7T9WBNCRFHYZ", "power_from_w": 50000, "ad_hoc": true},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewTariffAssignment] }) (*Created[TariffAssignment], error) {
		a, err := s.admin.CreateAssignment(ctx, by, in.Body.value.patch(), keep(ctx, http.StatusCreated, createdAssignment))
		return new(createdAssignment(a)), err
	})
	s.assignmentChanges()
}

func (s *Server) assignmentChanges() {
	refuses := []int{http.StatusPreconditionFailed, http.StatusPreconditionRequired}
	handle(s, operation{
		id: "update-tariff-assignment", method: http.MethodPatch, path: "/tariff-assignments/{assignmentId}", tag: "tariffs", scope: account.TariffsWrite,
		summary: "Change an assignment of a tariff", detail: "Sessions that have begun keep their prices.",
		example: map[string]any{"valid_until": "2026-12-31T23:00:00Z"}, refuses: refuses,
	}, func(ctx context.Context, by account.Actor, in *struct {
		InAssignment
		IfMatch
		Payload[TariffAssignmentPatch]
	},
	) (*One[TariffAssignment], error) {
		there, err := s.assignment(ctx, by, in.InAssignment)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil {
			return nil, err
		}
		a, err := s.admin.UpdateAssignment(ctx, by, there.ID, in.Body.value.patch(), version)
		return oneAssignment(a), err
	})
	handle(s, operation{
		id: "delete-tariff-assignment", method: http.MethodDelete, path: "/tariff-assignments/{assignmentId}", tag: "tariffs", scope: account.TariffsWrite,
		summary: "Remove an assignment of a tariff", detail: "Sessions that have begun keep their prices.", refuses: refuses,
	}, func(ctx context.Context, by account.Actor, in *struct {
		InAssignment
		IfMatch
	},
	) (*Nothing, error) {
		there, err := s.assignment(ctx, by, in.InAssignment)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil {
			return nil, err
		}
		return done(s.admin.DeleteAssignment(ctx, by, there.ID, version))
	})
}
