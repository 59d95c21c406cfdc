package rest

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"pylon/internal/domain/account"
	"pylon/internal/domain/station"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// NewStation is a station to be made.
type NewStation struct {
	StationID       string          `json:"station_id" minLength:"1" maxLength:"64" example:"CP-1" doc:"The OCPP identity; never changes"`
	Password        *string         `json:"password,omitzero" nullable:"false" writeOnly:"true" doc:"HTTP Basic password of the station"`
	Name            *string         `json:"name,omitzero" nullable:"false" maxLength:"100"`
	SiteID          *string         `json:"site_id,omitzero" nullable:"false"`
	Registration    *string         `json:"registration,omitzero" nullable:"false" enum:"accepted,pending,rejected" doc:"accepted when left out"`
	Automation      *string         `json:"automation,omitzero" nullable:"false" enum:"on,off" doc:"on when left out"`
	SecurityProfile *int            `json:"security_profile,omitzero" nullable:"false" minimum:"0" maximum:"3" doc:"1 with a password and 0 without when left out"`
	Quirks          Edit[NewQuirks] `json:"quirks,omitzero" doc:"Before those of any template; empty or null: the template's"`
}

// StationPatch is a merge patch of a station, but for the quirks, which are
// given whole.
type StationPatch struct {
	Password        Edit[string]    `json:"password,omitzero" writeOnly:"true" doc:"HTTP Basic password of the station from now on; null: none. The station is not told: use the command set_password for that"`
	Name            Edit[string]    `json:"name,omitzero" maxLength:"100"`
	SiteID          Edit[string]    `json:"site_id,omitzero" doc:"null: on no site"`
	Registration    Edit[string]    `json:"registration,omitzero" nullable:"false" enum:"accepted,pending,rejected"`
	Automation      Edit[string]    `json:"automation,omitzero" nullable:"false" enum:"on,off"`
	SecurityProfile Edit[int]       `json:"security_profile,omitzero" nullable:"false" minimum:"0" maximum:"3"`
	Quirks          Edit[NewQuirks] `json:"quirks,omitzero" doc:"In place of all that there are, and before those of any template; empty or null: the template's, from the next boot on"`
}

// InStation is the path of one station.
type InStation struct {
	Station string `path:"stationId" maxLength:"64" doc:"Identifier or OCPP identity" example:"CP-1"`
}

// StationFilter is the input of the list of stations.
type StationFilter struct {
	Status       []string `query:"status" enum:"unknown,available,occupied,preparing,charging,suspended_ev,suspended_evse,finishing,reserved,unavailable,faulted" doc:"One of its connectors has one of these"`
	Connection   string   `query:"connection" enum:"online,offline"`
	SiteID       string   `query:"site_id" maxLength:"64"`
	Registration string   `query:"registration" enum:"accepted,pending,rejected"`
	Q            string   `query:"q" maxLength:"100" doc:"Part of identity, name, vendor, model or serial, without case"`
	Variable     string   `query:"variable" maxLength:"500" example:"OCPPCommCtrlr.HeartbeatInterval" doc:"One that it, or an EVSE of it, has, among those that can be found; see search-variables"`
	Value        string   `query:"value" maxLength:"2500" doc:"Of that variable; any when left out"`
	Sort         string   `query:"sort" enum:"station_id,-station_id,created_at,-created_at" default:"station_id"`
}

func (f StationFilter) domain() station.Filter {
	out := station.Filter{Site: ident.SiteID(f.SiteID), Registration: station.Registration(f.Registration), Query: f.Q}
	for _, status := range f.Status {
		out.Status = append(out.Status, station.Status(status))
	}
	if out.Variable = strings.ToLower(f.Variable); f.Value != "" {
		out.Value = &f.Value
	}
	if f.Connection != "" {
		out.Online = new(f.Connection == string(station.Online))
	}
	return out
}

// station returns the station of a path, for those of its organisation.
func (s *Server) station(ctx context.Context, by account.Actor, in InStation) (station.Detail, error) {
	return s.store.Station(ctx, by.Organisation, in.Station)
}

func oneStation(d station.Detail) *One[Station] {
	return &One[Station]{ETag: stationTag(d), Body: viewStation(d)}
}

func createdStation(d station.Detail) Created[Station] {
	return Created[Station]{Location: prefix + "/stations/" + string(d.Station.ID), ETag: stationTag(d), Body: viewStation(d)}
}

func (s *Server) stationOperations() {
	handle(s, operation{
		id: "list-stations", method: http.MethodGet, path: "/stations", tag: "stations", scope: account.StationsRead, summary: "List stations",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		StationFilter
	},
	) (*Listed[Station], error) {
		rows, err := s.store.Stations(ctx, by.Organisation, in.domain(), in.query(in.Sort))
		return listed(ctx, rows, err, viewStation)
	})
	handle(s, operation{
		id: "get-station", method: http.MethodGet, path: "/stations/{stationId}", tag: "stations", scope: account.StationsRead,
		summary: "Get a station",
	}, func(ctx context.Context, by account.Actor, in *struct{ InStation }) (*One[Station], error) {
		d, err := s.station(ctx, by, in.InStation)
		return oneStation(d), err
	})
	handle(s, operation{
		id: "create-station", method: http.MethodPost, path: "/stations", tag: "stations", scope: account.StationsWrite,
		summary: "Make a station", detail: "Known before it connects.", status: http.StatusCreated, onceKey: keyTaken,
		refuses: []int{http.StatusConflict}, example: map[string]any{"station_id": "CP-1", "password": "correct-horse-7-battery", "name": "Level 2, left"},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewStation] }) (*Created[Station], error) {
		b := in.Body.value
		identity, err := ident.ParseIdentity(b.StationID)
		if err != nil {
			return nil, atPointer("/station_id", err)
		}
		patch := station.Patch{
			Name: b.Name, Site: b.SiteID, SecurityProfile: b.SecurityProfile, Password: b.Password, Quirks: edited(b.Quirks, NewQuirks.domain),
		}
		if b.Registration != nil {
			patch.Registration = new(station.Registration(*b.Registration))
		}
		if b.Automation != nil {
			patch.Automation = new(*b.Automation == "on")
		}
		d, err := s.admin.CreateStation(ctx, by, admin.NewStation{Identity: identity, Patch: patch}, keep(ctx, http.StatusCreated, createdStation))
		return new(createdStation(d)), err
	})
	s.stationChanges()
}

func (s *Server) stationChanges() {
	handle(s, operation{
		id: "update-station", method: http.MethodPatch, path: "/stations/{stationId}", tag: "stations", scope: account.StationsWrite,
		summary: "Change a station", detail: "If-Match is heeded, not needed.", refuses: []int{http.StatusPreconditionFailed, http.StatusServiceUnavailable},
		example: map[string]any{"name": "Level 2, right"},
	}, func(ctx context.Context, by account.Actor, in *struct {
		InStation
		IfMatch
		Payload[StationPatch]
	},
	) (*One[Station], error) {
		version, err := in.version()
		if err != nil {
			return nil, err
		}
		patch, err := in.Body.value.domain()
		if err != nil {
			return nil, err
		}
		d, err := s.stations.UpdateStation(ctx, by, in.Station, patch, version)
		return oneStation(d), err
	})
	handle(s, operation{
		id: "delete-station", method: http.MethodDelete, path: "/stations/{stationId}", tag: "stations", scope: account.StationsWrite,
		summary: "Remove a station", detail: "Not while somebody charges there. Its sessions stay. If-Match is heeded, not needed.",
		refuses: []int{http.StatusConflict, http.StatusPreconditionFailed},
	}, func(ctx context.Context, by account.Actor, in *struct {
		InStation
		IfMatch
	},
	) (*Nothing, error) {
		version, err := in.version()
		if err != nil {
			return nil, err
		}
		return done(s.admin.DeleteStation(ctx, by, in.Station, version))
	})
}

// domain is the patch as the domain has it.
func (p StationPatch) domain() (station.Patch, error) {
	null := func(pointer string) (station.Patch, error) {
		return station.Patch{}, fault.InvalidField(pointer, ruleType, "must not be null")
	}
	switch {
	case p.Registration.null:
		return null("/registration")
	case p.Automation.null:
		return null("/automation")
	case p.SecurityProfile.null:
		return null("/security_profile")
	}
	return station.Patch{
		Name: edited(p.Name, same), Site: edited(p.SiteID, same), Password: edited(p.Password, same),
		SecurityProfile: edited(p.SecurityProfile, same), Quirks: edited(p.Quirks, NewQuirks.domain),
		Registration: edited(p.Registration, func(v string) station.Registration { return station.Registration(v) }),
		Automation:   edited(p.Automation, func(v string) bool { return v == "on" }),
	}, nil
}

// atPointer turns a parse error into one about the member that was parsed.
func atPointer(pointer string, err error) error {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	return fault.InvalidField(pointer, e.Code, textOf(e).detail)
}
