package rest

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"pylon/internal/domain/account"
	"pylon/internal/domain/device"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Variable is a variable of a station's device model, or a configuration key of
// OCPP 1.6, as the station last reported it.
type Variable struct {
	VariableName
	Attributes      []VariableAttribute `json:"attributes"`
	Characteristics Characteristics     `json:"characteristics"`
	ReportedAt      Time                `json:"reported_at" doc:"When the station last said anything of itself, or of this EVSE"`
}

// VariableAttribute is one of a variable's values.
type VariableAttribute struct {
	Attribute  string        `json:"attribute" enum:"Actual,Target,MinSet,MaxSet"`
	Value      *string       `json:"value" example:"300" doc:"null: the station did not say, or nobody may read it"`
	Mutability string        `json:"mutability" enum:"ReadOnly,WriteOnly,ReadWrite"`
	Persistent bool          `json:"persistent,omitzero"`
	Constant   bool          `json:"constant,omitzero"`
	Desired    *DesiredValue `json:"desired" doc:"What it shall be; null: anything"`
}

// Characteristics say what values a variable may have.
type Characteristics struct {
	DataType           string  `json:"data_type,omitzero" example:"integer" doc:"As OCPP spells it"`
	Unit               string  `json:"unit,omitzero" example:"s"`
	MinLimit           *string `json:"min_limit,omitzero" doc:"Decimal"`
	MaxLimit           *string `json:"max_limit,omitzero" doc:"Decimal"`
	MaxElements        int     `json:"max_elements,omitzero"`
	ValuesList         string  `json:"values_list,omitzero" doc:"As OCPP has it, with commas between"`
	SupportsMonitoring bool    `json:"supports_monitoring,omitzero"`
}

// VariableChange is one line of a variable's history.
type VariableChange struct {
	ID string `json:"id"`
	VariableName
	Attribute  string  `json:"attribute" enum:"Actual,Target,MinSet,MaxSet"`
	Old        *string `json:"old" doc:"null: there was none"`
	New        *string `json:"new" doc:"null: there is none any more"`
	How        string  `json:"how" enum:"report,read,set,event" doc:"How it was seen: in the station's inventory, by a read, because it was set, or the station told"`
	OccurredAt Time    `json:"occurred_at" doc:"By the station's clock"`
	ReceivedAt Time    `json:"received_at" nullable:"false"`
}

// DeviceEvent is what a station told of a variable by itself: a monitor that was
// triggered, mostly.
type DeviceEvent struct {
	EventID int `json:"event_id" doc:"The station's"`
	VariableName
	Value         string  `json:"value"`
	Trigger       string  `json:"trigger" example:"Alerting" doc:"As OCPP spells it"`
	Kind          string  `json:"kind" example:"HardWiredMonitor" doc:"As OCPP spells it"`
	Cause         *int    `json:"cause" doc:"event_id of what led to it"`
	TechCode      *string `json:"tech_code"`
	TechInfo      *string `json:"tech_info"`
	Cleared       bool    `json:"cleared" doc:"It is over"`
	TransactionID *string `json:"transaction_id"`
	MonitorID     *int    `json:"monitor_id"`
	Severity      *int    `json:"severity" doc:"0: danger … 9: debug; null: not said"`
	OccurredAt    Time    `json:"occurred_at" doc:"By the station's clock"`
	ReceivedAt    Time    `json:"received_at" nullable:"false"`
}

// FoundVariable is a variable that a station, or one of its EVSEs, has.
type FoundVariable struct {
	StationID string `json:"station_id" example:"CP-1"`
	Station   string `json:"station" example:"sta_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	EVSEID    int    `json:"evse_id" doc:"0: the station"`
	Value     string `json:"value"`
}

// VariableFilter is the input of the list of a station's variables. Names count
// without case.
type VariableFilter struct {
	EVSE      []int  `query:"evse_id" doc:"0: the station's own"`
	Component string `query:"component" maxLength:"200"`
	Variable  string `query:"variable" maxLength:"200"`
	Desired   bool   `query:"desired" doc:"Only those of which something is desired"`
	Q         string `query:"q" maxLength:"100" doc:"Part of component, variable, their instances or a value"`
}

// HistoryFilter is the input of a station's history: all, or one variable's.
type HistoryFilter struct {
	Variable string `query:"variable" maxLength:"500" example:"OCPPCommCtrlr.HeartbeatInterval" doc:"component:instance.variable:instance without what it has not; a key of OCPP 1.6 by itself"`
	EVSE     int    `query:"evse_id" minimum:"0" doc:"Of that variable; 0: the station"`
}

// VariableSearch is the input of a search across stations.
type VariableSearch struct {
	Variable string `query:"variable" required:"true" maxLength:"500" example:"OCPPCommCtrlr.HeartbeatInterval" doc:"component:instance.variable:instance without what it has not; a key of OCPP 1.6 by itself"`
	Value    string `query:"value" maxLength:"2500" doc:"Any when left out"`
	EVSE     int    `query:"evse_id" minimum:"0" doc:"Any when left out"`
}

func (f VariableFilter) matches(v *device.Variable) bool {
	in := len(f.EVSE) == 0
	for _, evse := range f.EVSE {
		in = in || evse == v.EVSE
	}
	return in && (f.Component == "" || strings.EqualFold(f.Component, v.Component)) &&
		(f.Variable == "" || strings.EqualFold(f.Variable, v.Variable)) && (f.Q == "" || mentions(v, strings.ToLower(f.Q)))
}

// mentions reports whether part, which is in lower case, is in the variable's
// name or one of its values.
func mentions(v *device.Variable, part string) bool {
	if strings.Contains(v.Key(), part) {
		return true
	}
	for _, value := range v.Values {
		if value.Text != nil && strings.Contains(strings.ToLower(*value.Text), part) {
			return true
		}
	}
	return false
}

func viewVariable(v *device.Variable, plan device.Plan, reported Time) Variable {
	out := Variable{
		VariableName: viewName(v.Name), Attributes: []VariableAttribute{}, ReportedAt: reported,
		Characteristics: Characteristics{
			DataType: v.DataType, Unit: v.Unit, MaxElements: v.MaxElements, ValuesList: v.ValuesList, SupportsMonitoring: v.SupportsMonitoring,
		},
	}
	if v.MinLimit != nil {
		out.Characteristics.MinLimit = new(v.MinLimit.String())
	}
	if v.MaxLimit != nil {
		out.Characteristics.MaxLimit = new(v.MaxLimit.String())
	}
	for _, value := range v.Values {
		a := VariableAttribute{
			Attribute: string(value.Attribute), Value: value.Text, Mutability: string(value.Mutability),
			Persistent: value.Persistent, Constant: value.Constant,
		}
		if a.Mutability == "" {
			a.Mutability = string(device.ReadWrite)
		}
		for _, d := range plan.Desired {
			if d.Same(device.Setting{Name: v.Name, Attribute: value.Attribute}) {
				a.Desired = new(viewDesired(d))
			}
		}
		out.Attributes = append(out.Attributes, a)
	}
	return out
}

func viewChange(c device.Change) VariableChange {
	return VariableChange{
		ID: string(c.ID), VariableName: viewName(c.Name), Attribute: string(c.Attribute), Old: c.Old, New: c.New, How: string(c.How),
		OccurredAt: Time{c.OccurredAt}, ReceivedAt: Time{c.ReceivedAt},
	}
}

func viewHappening(h device.Happening) DeviceEvent {
	number := func(n, none int) *int {
		if n == none {
			return nil
		}
		return &n
	}
	return DeviceEvent{
		EventID: h.EventID, VariableName: viewName(h.Name), Value: h.Value, Trigger: h.Trigger, Kind: h.Kind, Cause: number(h.Cause, 0),
		TechCode: orNull(h.TechCode), TechInfo: orNull(h.TechInfo), Cleared: h.Cleared, TransactionID: orNull(h.TransactionID),
		MonitorID: number(h.MonitorID, 0), Severity: number(h.Severity, -1), OccurredAt: Time{h.OccurredAt}, ReceivedAt: Time{h.ReceivedAt},
	}
}

// pageOf returns the page of a list that is in memory whole. key tells its
// items apart; an item keeps its own whatever comes and goes beside it.
func pageOf[T any](all []T, p Paging, key func(T) string) (page.Result[T], error) {
	from := 0
	if p.Cursor != "" {
		after, err := base64.RawURLEncoding.DecodeString(p.Cursor)
		for from < len(all) && key(all[from]) != string(after) {
			from++
		}
		if err != nil || from == len(all) {
			return page.Result[T]{}, fault.New(fault.Invalid, "cursor_malformed")
		}
		from++
	}
	to := min(from+p.query("").Size(), len(all))
	out := page.Result[T]{Items: all[from:to]}
	if to < len(all) {
		out.Next = base64.RawURLEncoding.EncodeToString([]byte(key(all[to-1])))
	}
	return out, nil
}

func (s *Server) deviceOperations() {
	handle(s, operation{
		id: "list-station-variables", method: http.MethodGet, path: "/stations/{stationId}/variables", tag: "devices", scope: account.StationsRead,
		summary: "List the variables of a station", detail: "Its device model, or the configuration keys of OCPP 1.6, as it last reported them, and what is desired of them. " +
			"The command report_variables has it report them anew.",
	}, s.listVariables)
	handle(s, operation{
		id: "list-station-variable-history", method: http.MethodGet, path: "/stations/{stationId}/variables/history", tag: "devices",
		scope: account.StationsRead, summary: "List how the variables of a station changed", detail: "The latest first; the last thousand are kept.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		InStation
		Paging
		HistoryFilter
	},
	) (*Listed[VariableChange], error) {
		return rows(ctx, s, by, in.InStation, func(d station.Detail) (page.Result[device.Change], error) {
			return s.store.DeviceChanges(ctx, d.Station.ID, device.ChangeFilter{Name: device.Name{EVSE: in.EVSE, Variable: in.Variable}}, in.query(""))
		}, viewChange)
	})
	handle(s, operation{
		id: "list-station-monitors", method: http.MethodGet, path: "/stations/{stationId}/monitors", tag: "devices", scope: account.StationsRead,
		summary: "List the monitors of a station", detail: "As it last reported them: the command report_monitors has it do so.",
	}, s.listMonitors)
	handle(s, operation{
		id: "list-station-device-events", method: http.MethodGet, path: "/stations/{stationId}/device-events", tag: "devices",
		scope: account.StationsRead, summary: "List what a station told of its variables", detail: "The latest first; the last five hundred are kept.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		InStation
		Paging
	},
	) (*Listed[DeviceEvent], error) {
		return rows(ctx, s, by, in.InStation, func(d station.Detail) (page.Result[device.Happening], error) {
			return s.store.Happenings(ctx, d.Station.ID, in.query(""))
		}, viewHappening)
	})
	handle(s, operation{
		id: "search-variables", method: http.MethodGet, path: "/variables", tag: "devices", scope: account.StationsRead,
		summary: "List the stations that have a variable, with its value",
		detail:  "What is desired of stations can be found, and a few that people look for: intervals, the makes, serial numbers and firmware of parts, what has a problem.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		VariableSearch
	},
	) (*Listed[FoundVariable], error) {
		search := device.Search{Name: device.Name{EVSE: in.EVSE, Variable: in.Variable}}
		if in.Value != "" {
			search.Value = &in.Value
		}
		found, err := s.store.SearchVariables(ctx, by.Organisation, search, in.query(""))
		return listed(ctx, found, err, func(f device.Found) FoundVariable {
			return FoundVariable{StationID: string(f.Identity), Station: string(f.Station), EVSEID: f.EVSE, Value: f.Value}
		})
	})
	s.desiredOperations()
}

// described is a variable with when it was last heard of.
type described struct {
	*device.Variable
	reported Time
}

func (s *Server) listVariables(ctx context.Context, by account.Actor, in *struct {
	InStation
	Paging
	VariableFilter
},
) (*Listed[Variable], error) {
	d, err := s.station(ctx, by, in.InStation)
	if err != nil {
		return nil, err
	}
	model, err := s.store.Documents(ctx, d.Station.ID)
	if err != nil {
		return nil, err
	}
	plan, err := s.store.Plan(ctx, d.Station.ID)
	if err != nil {
		return nil, err
	}
	var chosen []described
	for i := range model {
		for j := range model[i].Variables {
			v := &model[i].Variables[j]
			if in.matches(v) && (!in.Desired || desires(plan, v.Name)) {
				chosen = append(chosen, described{v, Time{model[i].ReportedAt}})
			}
		}
	}
	found, err := pageOf(chosen, in.Paging, func(v described) string { return strconv.Itoa(v.EVSE) + " " + v.Key() })
	return listed(ctx, found, err, func(v described) Variable { return viewVariable(v.Variable, plan, v.reported) })
}

func desires(plan device.Plan, n device.Name) bool {
	for _, d := range plan.Desired {
		if d.Compare(n) == 0 {
			return true
		}
	}
	return false
}

func (s *Server) listMonitors(ctx context.Context, by account.Actor, in *struct {
	InStation
	Paging
},
) (*Listed[Monitor], error) {
	return rows(ctx, s, by, in.InStation, func(d station.Detail) (page.Result[device.Monitor], error) {
		model, err := s.store.Documents(ctx, d.Station.ID)
		var all []device.Monitor
		for _, doc := range model {
			all = append(all, doc.Monitors...)
		}
		if err != nil {
			return page.Result[device.Monitor]{}, err
		}
		return pageOf(all, in.Paging, func(m device.Monitor) string { return strconv.Itoa(m.ID) })
	}, viewMonitor)
}

// stationOf returns the station that a filter names, by id or identity; "" when
// it names none. none says that there is no such station.
func (s *Server) stationOf(ctx context.Context, by account.Actor, ref string) (id ident.StationID, none bool, err error) {
	if ref == "" {
		return "", false, nil
	}
	d, err := s.station(ctx, by, InStation{ref})
	if fault.Is(err, fault.NotFound) {
		return "", true, nil
	}
	return d.Station.ID, false, err
}
