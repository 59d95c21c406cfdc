package rest

import (
	"context"
	"net/http"
	"strings"

	"pylon/internal/domain/account"
	"pylon/internal/domain/device"
	"pylon/internal/kernel/page"
)

// Desired is what is desired of a station.
type Desired struct {
	Reboot string        `json:"reboot" enum:"never,idle,template" doc:"Whether Pylon may reset the station when a value needs it"`
	Values []DesiredItem `json:"values"`
}

// DesiredItem is a value that a station shall have, and how that stands.
type DesiredItem struct {
	VariableName
	Attribute string `json:"attribute" enum:"Actual,Target,MinSet,MaxSet"`
	DesiredValue
}

// DesiredValue is what a variable shall be, and how that stands.
type DesiredValue struct {
	Wanted      string  `json:"desired_value" example:"300"`
	State       string  `json:"state" enum:"unknown,in_sync,pending,drifted,refused,reboot_required,absent" doc:"unknown: not read yet; pending: it is to get it; drifted: it had it, and has another now; refused: it does not take it; absent: it has no such variable"`
	Detail      string  `json:"detail" doc:"What the station has or says instead"`
	Since       Time    `json:"since" nullable:"false" doc:"Of the state"`
	Origin      string  `json:"origin" enum:"operator,template" doc:"The operator's go before the template's"`
	Attempts    int     `json:"attempts" doc:"To set it, lately"`
	AttemptedAt Time    `json:"attempted_at"`
	FindingID   *string `json:"finding_id" doc:"What people should see of it"`
	DesiredBy   *string `json:"desired_by" doc:"The key; null for a template's"`
	DesiredAt   Time    `json:"desired_at" nullable:"false"`
}

// StationDesired is a desired value with its station.
type StationDesired struct {
	StationID string `json:"station_id" example:"CP-1"`
	Station   string `json:"station" example:"sta_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	DesiredItem
}

// DesiredFilter is the input of the list of desired values across stations.
type DesiredFilter struct {
	State     []string `query:"state" enum:"unknown,in_sync,pending,drifted,refused,reboot_required,absent"`
	StationID string   `query:"station_id" maxLength:"64" doc:"Identifier or OCPP identity"`
	Variable  string   `query:"variable" maxLength:"500" example:"OCPPCommCtrlr.HeartbeatInterval" doc:"component:instance.variable:instance without what it has not; a key of OCPP 1.6 by itself"`
}

func viewDesired(d device.Desired) DesiredValue {
	return DesiredValue{
		Wanted: d.Value, State: string(d.State), Detail: d.Detail, Since: Time{d.Since}, Origin: string(d.Origin), Attempts: d.Attempts,
		AttemptedAt: Time{d.AttemptedAt}, FindingID: orNull(d.Finding), DesiredBy: orNull(d.By), DesiredAt: Time{d.DesiredAt},
	}
}

func viewItem(d device.Desired) DesiredItem {
	return DesiredItem{VariableName: viewName(d.Name), Attribute: string(d.Attribute), DesiredValue: viewDesired(d)}
}

// onePlan is the answer with all that is desired of a station. What stands
// moves by itself, and the tag with it.
func onePlan(p device.Plan) *One[Desired] {
	out := Desired{Reboot: viewReboot(p.Reboot), Values: []DesiredItem{}}
	var moving []int64
	for _, d := range p.Desired {
		out.Values = append(out.Values, viewItem(d))
		moving = append(moving, wordOf(d.Key(), d.Value, string(d.State), d.Detail, string(d.Finding)), d.AttemptedAt.UnixMicro(), d.DesiredAt.UnixMicro())
	}
	return &One[Desired]{ETag: etag(p.Tag(), moving...), Body: out}
}

func (s *Server) desiredOperations() {
	handle(s, operation{
		id: "get-station-desired", method: http.MethodGet, path: "/stations/{stationId}/desired", tag: "devices", scope: account.StationsRead,
		summary: "Get what is desired of a station", detail: "By operators and by its template, and how it stands to that.",
	}, func(ctx context.Context, by account.Actor, in *struct{ InStation }) (*One[Desired], error) {
		d, err := s.station(ctx, by, in.InStation)
		if err != nil {
			return nil, err
		}
		plan, err := s.store.Plan(ctx, d.Station.ID)
		return onePlan(plan), err
	})
	handle(s, operation{
		id: "change-station-desired", method: http.MethodPatch, path: "/stations/{stationId}/desired", tag: "devices", scope: account.StationsWrite,
		summary: "Change what is desired of a station",
		detail: "Pylon sets the values when the station is there, checks them, and sets them again when they drift. " +
			"Secrets are refused: passwords have a command of their own. If-Match is heeded, not needed.",
		refuses: []int{http.StatusPreconditionFailed, http.StatusServiceUnavailable},
		example: map[string]any{
			"set": []any{
				map[string]any{"component": "OCPPCommCtrlr", "variable": "HeartbeatInterval", "value": "300"},
				map[string]any{"variable": "MeterValueSampleInterval", "value": "60"},
			},
			"remove": []any{map[string]any{"variable": "ConnectionTimeOut"}},
			"reboot": "idle",
		},
	}, func(ctx context.Context, by account.Actor, in *struct {
		InStation
		IfMatch
		Payload[DesiredPatch]
	},
	) (*One[Desired], error) {
		tag, err := in.version()
		if err != nil {
			return nil, err
		}
		wishes, err := in.Body.value.domain()
		if err != nil {
			return nil, err
		}
		plan, err := s.stations.SetDesired(ctx, by, in.Station, wishes, tag)
		return onePlan(plan), err
	})
	handle(s, operation{
		id: "list-desired", method: http.MethodGet, path: "/desired", tag: "devices", scope: account.StationsRead,
		summary: "List what is desired of stations", detail: "By station. state=drifted finds those that went another way.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		DesiredFilter
	},
	) (*Listed[StationDesired], error) {
		id, none, err := s.stationOf(ctx, by, in.StationID)
		if none || err != nil {
			return listed(ctx, page.Result[device.Wanted]{}, err, viewWanted)
		}
		f := device.DesiredFilter{Station: id, Variable: strings.ToLower(in.Variable)}
		for _, state := range in.State {
			f.State = append(f.State, device.State(state))
		}
		found, err := s.store.Desired(ctx, by.Organisation, f, in.query(""))
		return listed(ctx, found, err, viewWanted)
	})
}

func viewWanted(w device.Wanted) StationDesired {
	return StationDesired{StationID: string(w.Identity), Station: string(w.Station), DesiredItem: viewItem(w.Desired)}
}
