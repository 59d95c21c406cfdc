package rest

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/domain/account"
	"pylon/internal/domain/station"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/fault"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/schema"
)

// rawTimeout is longer than a station is given to answer, so that the caller
// learns that it did not.
const rawTimeout = 90 * time.Second

// InAction is the path of one OCPP request to a station.
type InAction struct {
	InStation
	Action string `path:"action" maxLength:"64" doc:"OCPP action of the version that the station speaks" example:"GetLocalListVersion"`
}

func (s *Server) rawOperation() {
	op := operation{
		id: "call-ocpp", method: http.MethodPost, path: "/stations/{stationId}/ocpp/{action}", tag: "stations", scope: account.OCPPWrite,
		summary: "Send any OCPP request to a station",
		detail: "The body is the OCPP request of the version that the station speaks; it goes out as given. " +
			"200 has the station's response as it sent it, 502 its CALLERROR in ocpp_error.",
		status: http.StatusOK, takes: rawTimeout, openBody: true,
		refuses: []int{http.StatusBadRequest, http.StatusConflict, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout},
	}
	handle(s, op, func(ctx context.Context, by account.Actor, in *struct{ InAction }) (*huma.StreamResponse, error) {
		d, err := s.station(ctx, by, in.InStation)
		if err != nil {
			return nil, err
		}
		body, err := compact(callOf(ctx).body)
		if err != nil {
			return nil, err
		}
		if err := checkRequest(d, in.Action, body); err != nil {
			return nil, err
		}
		result, err := s.stations.RawCall(ctx, by, string(d.Station.ID), in.Action, body)
		if err != nil {
			return nil, err
		}
		if result.Error != nil {
			return nil, callError(ctx, result.Error)
		}
		return &huma.StreamResponse{Body: func(out huma.Context) {
			out.SetHeader("Content-Type", "application/json")
			out.SetStatus(http.StatusOK)
			if _, err := out.BodyWriter().Write(result.Payload); err != nil {
				s.log.Debug("answer not sent", "error", err)
			}
		}}, nil
	})
}

// callError is a station's CALLERROR as a problem.
func callError(ctx context.Context, e *fleet.RawError) error {
	p := problemOf(ctx, fault.New(fault.UpstreamFailed, "station_error", "ocpp_code", e.Code, "ocpp_description", e.Description))
	p.OCPP = &OCPPError{Code: e.Code, Description: e.Description}
	if jsontext.Value(e.Details).IsValid() {
		p.OCPP.Details = JSON(e.Details)
	}
	return p
}

// compact returns an OCPP request without white space between its members,
// which stay as they are and in their order. No body is an empty request.
func compact(body []byte) ([]byte, error) {
	if len(body) == 0 {
		return []byte("{}"), nil
	}
	v := jsontext.Value(slices.Clone(body))
	if err := v.Compact(); err != nil {
		return nil, malformed(err)
	}
	return v, nil
}

// protocol is what the raw route knows of an OCPP version.
type protocol struct {
	request func(action string) (schema.Message, bool)
	actions func() []schema.Action
}

// protocolOf returns the version that a station speaks, false when it has not
// said yet.
func protocolOf(v station.Version) (protocol, bool) {
	switch v {
	case station.OCPP16:
		return protocol{ocpp16.NewRequest, ocpp16.Actions}, true
	case station.OCPP201:
		return protocol{ocpp201.NewRequest, ocpp201.Actions}, true
	case station.OCPP21:
		return protocol{ocpp21.NewRequest, ocpp21.Actions}, true
	}
	return protocol{}, false
}

// checkRequest reports what is wrong with an OCPP request to a station. One
// that never connected is offline: nothing can be checked.
func checkRequest(d station.Detail, action string, body []byte) error {
	version := d.Link.OCPP
	if version == "" {
		version = d.Station.OCPP
	}
	p, known := protocolOf(version)
	if !known {
		return nil
	}
	ours := slices.ContainsFunc(p.actions(), func(a schema.Action) bool { return a.Name == action && a.FromCSMS })
	m, ok := p.request(action)
	if !ours || !ok {
		return fault.New(fault.Invalid, "ocpp_action_unknown", "action", action, "version", string(version))
	}
	violations := schema.Decode(body, m)
	if len(violations) == 0 {
		return nil
	}
	e := fault.New(fault.Invalid, "ocpp_schema_violated", "action", action, "version", string(version))
	for _, v := range violations {
		e.Fields = append(e.Fields, fault.Field{Pointer: pointerOf(v.Path), Code: wireRule(v.Rule), Detail: v.Detail})
	}
	return e
}

// wireRule is a rule of an OCPP schema in the API's words.
func wireRule(r schema.Rule) string {
	switch r {
	case schema.RuleSyntax:
		return ruleSyntax
	case schema.RuleType:
		return ruleType
	case schema.RuleRequired:
		return ruleRequired
	case schema.RuleEnum:
		return ruleEnum
	case schema.RuleLength:
		return ruleLength
	case schema.RuleRange:
		return ruleRange
	case schema.RuleItems:
		return ruleItems
	case schema.RuleUnknown:
		return ruleUnknown
	case schema.RuleFormat:
		return ruleFormat
	}
	return ruleType
}
