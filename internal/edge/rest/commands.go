package rest

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/command"
	"pylon/internal/domain/device"
	"pylon/internal/domain/station"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Command is one thing asked of one station.
type Command struct {
	ID             string        `json:"id" example:"cmd_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	StationID      *string       `json:"station_id" example:"CP-1" doc:"The OCPP identity; null when the station is no more"`
	Station        string        `json:"station" example:"sta_01JD3K6X5M8Q2V7T9WBNCRFHYZ" doc:"The station's id"`
	Type           string        `json:"type" enum:"start_session,stop_session,unlock_connector,reset,change_availability,trigger_message,clear_cache,set_password,read_variables,write_variables,report_variables,report_monitors,set_monitors,clear_monitors,ocpp"`
	Input          CommandInput  `json:"input"`
	State          string        `json:"state" enum:"queued,sent,accepted,rejected,observed,timed_out,cancelled"`
	Finished       bool          `json:"finished" doc:"It will not change any more"`
	Action         *string       `json:"action" example:"RemoteStartTransaction" doc:"The OCPP action that it became"`
	Payload        JSON          `json:"payload" doc:"The OCPP request, secrets removed"`
	Result         JSON          `json:"result" doc:"The station's answer, secrets removed"`
	Error          *CommandError `json:"error" doc:"Why it failed; null when it did not"`
	WaitForStation bool          `json:"wait_for_station"`
	Deadline       Time          `json:"deadline" nullable:"false"`
	CreatedBy      *string       `json:"created_by" doc:"The key that asked; null for Pylon itself"`
	CreatedAt      Time          `json:"created_at" nullable:"false"`
	SentAt         Time          `json:"sent_at"`
	FinishedAt     Time          `json:"finished_at"`
}

// CommandInput is what was asked, by type: members that a type does not use
// are left out.
type CommandInput struct {
	EVSEID        int    `json:"evse_id,omitzero"`
	ConnectorID   int    `json:"connector_id,omitzero"`
	TokenID       string `json:"token_id,omitzero"`
	SessionID     string `json:"session_id,omitzero"`
	TransactionID string `json:"transaction_id,omitzero"`
	RemoteStartID int    `json:"remote_start_id,omitzero"`
	Hard          bool   `json:"hard,omitzero"`
	Operative     bool   `json:"operative,omitzero"`
	Message       string `json:"message,omitzero"`

	Variables  []Setting `json:"variables,omitzero"`
	Scope      string    `json:"scope,omitzero"`
	Monitors   []Monitor `json:"monitors,omitzero"`
	MonitorIDs []int     `json:"monitor_ids,omitzero"`
	RequestID  int       `json:"request_id,omitzero" doc:"Ties the station's reports to the command"`
}

// CommandError is why a command failed.
type CommandError struct {
	Code   string `json:"code" example:"no_answer" doc:"An OCPP error code, or ours"`
	Detail string `json:"detail"`
}

// NewCommand is something to be asked of a station.
type NewCommand struct {
	Type           string       `json:"type" enum:"start_session,stop_session,unlock_connector,reset,change_availability,trigger_message,clear_cache,set_password,read_variables,write_variables,report_variables,report_monitors,set_monitors,clear_monitors,ocpp"`
	EVSEID         *int         `json:"evse_id,omitzero" nullable:"false" minimum:"0" maximum:"65535"`
	ConnectorID    *int         `json:"connector_id,omitzero" nullable:"false" minimum:"0" maximum:"65535"`
	TokenUID       *string      `json:"token_uid,omitzero" nullable:"false" maxLength:"255" doc:"start_session: the token that is charged"`
	SessionID      *string      `json:"session_id,omitzero" nullable:"false" maxLength:"64" doc:"stop_session, or transaction_id"`
	TransactionID  *string      `json:"transaction_id,omitzero" nullable:"false" maxLength:"64" doc:"stop_session: the station's"`
	Hard           *bool        `json:"hard,omitzero" nullable:"false" doc:"reset: at once, whoever charges"`
	Operative      *bool        `json:"operative,omitzero" nullable:"false" doc:"change_availability"`
	Message        *string      `json:"message,omitzero" nullable:"false" maxLength:"64" doc:"trigger_message: the OCPP message"`
	Password       *string      `json:"password,omitzero" nullable:"false" writeOnly:"true" doc:"set_password: never shown again"`
	Variables      []NewSetting `json:"variables,omitzero" maxItems:"500" doc:"read_variables and report_variables, which takes all without: names; write_variables: with values"`
	Scope          *string      `json:"scope,omitzero" nullable:"false" enum:"full,configuration,summary" doc:"report_variables; full when left out"`
	Monitors       []NewMonitor `json:"monitors,omitzero" maxItems:"100" doc:"set_monitors"`
	MonitorIDs     []int        `json:"monitor_ids,omitzero" maxItems:"100" doc:"clear_monitors: the station's ids"`
	Action         *string      `json:"action,omitzero" nullable:"false" maxLength:"64" doc:"ocpp: the OCPP action"`
	Payload        JSON         `json:"payload,omitzero" doc:"ocpp: the OCPP request"`
	TimeoutSeconds *int         `json:"timeout_s,omitzero" nullable:"false" minimum:"1" maximum:"604800" doc:"Until the deadline; 30 when left out"`
	WaitForStation bool         `json:"wait_for_station,omitzero" doc:"Keep it for a station that is offline, until the deadline"`
}

// InCommand is the path of one command.
type InCommand struct {
	Command string `path:"commandId" maxLength:"64" example:"cmd_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

// CommandFilter is the input of the list of commands.
type CommandFilter struct {
	StationID string   `query:"station_id" maxLength:"64" doc:"Identifier or OCPP identity"`
	State     []string `query:"state" enum:"queued,sent,accepted,rejected,observed,timed_out,cancelled"`
}

// Prefer is the input of an operation that can wait for its result.
type Prefer struct {
	Prefer string `header:"Prefer" example:"wait=10" doc:"wait=N answers when the command is finished, after N seconds (at most 60) at the latest (RFC 7240)"`
}

// waitMax is how long a caller may hold a connection open for a result.
const waitMax = 60 * time.Second

// wait returns how long the caller wants to wait; other preferences are none
// of ours.
func (p Prefer) wait() (time.Duration, error) {
	for preference := range strings.SplitSeq(p.Prefer, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(preference), "=")
		if !strings.EqualFold(strings.TrimSpace(name), "wait") {
			continue
		}
		seconds, err := strconv.Atoi(strings.Trim(strings.TrimSpace(value), `"`))
		if err != nil || seconds < 0 {
			return 0, fault.New(fault.Invalid, "prefer_malformed", "max", strconv.Itoa(int(waitMax.Seconds())))
		}
		return min(time.Duration(seconds)*time.Second, waitMax), nil
	}
	return 0, nil
}

// Commanded is the answer with a command: 202 while it runs, 200 when it has
// finished.
type Commanded struct {
	Status   int
	Location string `header:"Location" doc:"Where the command is"`
	ETag     string `header:"ETag"`
	Applied  string `header:"Preference-Applied" doc:"The wait that was heeded"`
	Body     Command
}

func (n NewCommand) domain() (fleet.NewCommand, error) {
	in := command.Input{
		EVSE: or(n.EVSEID), Connector: or(n.ConnectorID), TokenUID: or(n.TokenUID), TransactionID: or(n.TransactionID),
		Hard: or(n.Hard), Operative: or(n.Operative), Message: or(n.Message), Secret: or(n.Password), Action: or(n.Action),
		Body: []byte(n.Payload), Variables: names(n.Variables), Scope: device.Scope(or(n.Scope)), MonitorIDs: n.MonitorIDs,
	}
	var err error
	if in.Monitors, err = monitors(n.Monitors); err != nil {
		return fleet.NewCommand{}, err
	}
	if n.SessionID != nil {
		id, err := ident.Parse[ident.SessionID](*n.SessionID)
		if err != nil {
			return fleet.NewCommand{}, atPointer("/session_id", err)
		}
		in.Session = id
	}
	switch command.Type(n.Type) {
	case command.ChangeAvailability:
		if n.Operative == nil {
			return fleet.NewCommand{}, fault.InvalidField("/operative", ruleRequired, "says which availability")
		}
	case command.WriteVariables:
		if _, err := values("/variables", n.Variables); err != nil {
			return fleet.NewCommand{}, err
		}
	}
	return fleet.NewCommand{
		Type: command.Type(n.Type), Input: in, Timeout: time.Duration(or(n.TimeoutSeconds)) * time.Second, Wait: n.WaitForStation,
	}, nil
}

// or is what p points to, the zero value when it points nowhere.
func or[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// viewCommand turns a command into what clients see; identity is its
// station's.
func viewCommand(c command.Command, identity string) Command {
	out := Command{
		ID: string(c.ID), StationID: orNull(identity), Station: string(c.Station), Type: string(c.Type), State: string(c.State),
		Finished: c.Finished(), Action: orNull(c.Action), Payload: JSON(c.Payload), Result: JSON(c.Result),
		WaitForStation: c.Wait, Deadline: Time{c.Deadline}, CreatedBy: orNull(c.By), CreatedAt: Time{c.CreatedAt},
		SentAt: Time{c.SentAt}, FinishedAt: Time{c.FinishedAt},
		Input: viewInput(c.Type, c.Input),
	}
	if c.ErrorCode != "" {
		out.Error = &CommandError{Code: c.ErrorCode, Detail: c.ErrorDetail}
	}
	return out
}

func viewInput(of command.Type, in command.Input) CommandInput {
	out := CommandInput{
		EVSEID: in.EVSE, ConnectorID: in.Connector, TokenID: string(in.Token), SessionID: string(in.Session),
		TransactionID: in.TransactionID, RemoteStartID: in.RemoteStartID, Hard: in.Hard, Operative: in.Operative, Message: in.Message,
		Scope: string(in.Scope), MonitorIDs: in.MonitorIDs, RequestID: in.RequestID, Variables: viewSettings(in.Variables, of == command.WriteVariables),
	}
	for _, m := range in.Monitors {
		out.Monitors = append(out.Monitors, viewMonitor(m))
	}
	return out
}

func createdCommand(identity string) func(command.Command) Created[Command] {
	return func(c command.Command) Created[Command] {
		return Created[Command]{
			Location: prefix + "/commands/" + string(c.ID), ETag: etag(c.Version, wordOf(identity)), Body: viewCommand(c, identity),
		}
	}
}

// command returns the command of a path.
func (s *Server) command(ctx context.Context, by account.Actor, in InCommand) (command.Command, error) {
	id, err := pathID[ident.CommandID](in.Command)
	if err != nil {
		return command.Command{}, err
	}
	return s.store.Command(ctx, by.Organisation, id)
}

// identity names a station as its users do.
func (s *Server) identity(ctx context.Context, org ident.OrganisationID, id ident.StationID) string {
	name, err := s.stationID.of(ctx, s.store, org, id)
	if err != nil {
		s.log.Debug("identity of a station not found", "station", string(id), "error", err)
	}
	return string(name)
}

// answerCommand waits for c as long as the caller wants and answers with how
// it stands then.
func (s *Server) answerCommand(ctx context.Context, by account.Actor, c command.Command, identity string, wait time.Duration) (*Commanded, error) {
	out := &Commanded{}
	if wait > 0 && !c.Finished() {
		// Who asked may see what becomes of it, whatever else his key may read.
		watch := by
		watch.Scopes = append([]account.Scope{account.CommandsRead}, by.Scopes...)
		waiting, cancel := context.WithTimeout(ctx, wait)
		defer cancel()
		now, err := s.stations.AwaitCommand(waiting, watch, c.ID, command.Command.Finished)
		if err != nil {
			return nil, err
		}
		c, out.Applied = now, "wait="+strconv.Itoa(int(wait.Seconds()))
	}
	made := createdCommand(identity)(c)
	out.Location, out.ETag, out.Body = made.Location, made.ETag, made.Body
	out.Status = http.StatusAccepted
	if c.Finished() {
		out.Status = http.StatusOK
	}
	return out, nil
}

func (s *Server) commandOperations() {
	handle(s, operation{
		id: "create-command", method: http.MethodPost, path: "/stations/{stationId}/commands", tag: "commands", scope: account.CommandsWrite,
		summary: "Ask something of a station", detail: "202: get the command at Location to see what becomes of it. Prefer: wait=N waits for it, and is 200 when it finished.",
		status: http.StatusAccepted, onceKey: keyNeeded, takes: waitMax + handlerTimeout,
		refuses: []int{http.StatusConflict, http.StatusServiceUnavailable}, example: map[string]any{"type": "reset", "hard": false},
	}, func(ctx context.Context, by account.Actor, in *struct {
		InStation
		Prefer
		Payload[NewCommand]
	},
	) (*Commanded, error) {
		wait, err := in.wait()
		if err != nil {
			return nil, err
		}
		d, err := s.station(ctx, by, in.InStation)
		if err != nil {
			return nil, err
		}
		n, err := in.Body.value.domain()
		if err != nil {
			return nil, err
		}
		if n.Type == command.Raw {
			if err := s.checkRaw(by, d, &n.Input); err != nil {
				return nil, err
			}
		}
		n.Idempotency = keep(ctx, http.StatusAccepted, createdCommand(string(d.Identity)))
		c, err := s.stations.Command(ctx, by, string(d.Station.ID), n)
		if err != nil {
			return nil, err
		}
		return s.answerCommand(ctx, by, c, string(d.Identity), wait)
	})
	made := s.api.OpenAPI().Paths[prefix+"/stations/{stationId}/commands"].Post.Responses
	made[strconv.Itoa(http.StatusOK)] = made[strconv.Itoa(http.StatusAccepted)]
	s.commandReads()
	handle(s, operation{
		id: "cancel-command", method: http.MethodDelete, path: "/commands/{commandId}", tag: "commands", scope: account.CommandsWrite,
		summary: "Cancel a command that has not been sent", refuses: []int{http.StatusConflict},
	}, s.cancelCommand)
	handle(s, operation{
		id: "post-command-cancel", method: http.MethodPost, path: "/commands/{commandId}/cancel", tag: "commands", scope: account.CommandsWrite,
		summary: "Cancel a command that has not been sent", detail: "The same as DELETE.", status: http.StatusOK, refuses: []int{http.StatusConflict},
	}, s.cancelCommand)
}

func (s *Server) cancelCommand(ctx context.Context, by account.Actor, in *struct{ InCommand }) (*One[Command], error) {
	id, err := pathID[ident.CommandID](in.Command)
	if err != nil {
		return nil, err
	}
	c, err := s.stations.CancelCommand(ctx, by, id)
	if err != nil {
		return nil, err
	}
	made := createdCommand(s.identity(ctx, by.Organisation, c.Station))(c)
	return &One[Command]{ETag: made.ETag, Body: made.Body}, nil
}

func (s *Server) commandReads() {
	handle(s, operation{
		id: "get-command", method: http.MethodGet, path: "/commands/{commandId}", tag: "commands", scope: account.CommandsRead,
		summary: "Get a command", detail: "Prefer: wait=N waits until it has finished.", takes: waitMax + handlerTimeout,
	}, func(ctx context.Context, by account.Actor, in *struct {
		InCommand
		Prefer
	},
	) (*One[Command], error) {
		wait, err := in.wait()
		if err != nil {
			return nil, err
		}
		c, err := s.command(ctx, by, in.InCommand)
		if err != nil {
			return nil, err
		}
		out, err := s.answerCommand(ctx, by, c, s.identity(ctx, by.Organisation, c.Station), wait)
		if err != nil {
			return nil, err
		}
		return &One[Command]{ETag: out.ETag, Body: out.Body}, nil
	})
	handle(s, operation{
		id: "list-commands", method: http.MethodGet, path: "/commands", tag: "commands", scope: account.CommandsRead,
		summary: "List commands", detail: "The youngest first.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		CommandFilter
	},
	) (*Listed[Command], error) {
		id, none, err := s.stationOf(ctx, by, in.StationID)
		if none {
			return &Listed[Command]{Body: ListOf[Command]{Data: []Command{}}}, nil
		}
		if err != nil {
			return nil, err
		}
		return s.listCommands(ctx, by, in.Paging, command.Filter{Station: id}, in.State)
	})
	handle(s, operation{
		id: "list-station-commands", method: http.MethodGet, path: "/stations/{stationId}/commands", tag: "commands", scope: account.CommandsRead,
		summary: "List a station's commands", detail: "The youngest first.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		InStation
		Paging
	},
	) (*Listed[Command], error) {
		d, err := s.station(ctx, by, in.InStation)
		if err != nil {
			return nil, err
		}
		return s.listCommands(ctx, by, in.Paging, command.Filter{Station: d.Station.ID}, nil)
	})
}

func (s *Server) listCommands(ctx context.Context, by account.Actor, p Paging, f command.Filter, states []string) (*Listed[Command], error) {
	for _, state := range states {
		f.State = append(f.State, command.State(state))
	}
	found, err := s.store.Commands(ctx, by.Organisation, f, p.query(""))
	return listed(ctx, found, err, func(c command.Command) Command {
		return viewCommand(c, s.identity(ctx, by.Organisation, c.Station))
	})
}

// checkRaw checks a command that is an OCPP request, as the raw route does.
func (s *Server) checkRaw(by account.Actor, d station.Detail, in *command.Input) error {
	if err := by.Can(account.OCPPWrite); err != nil {
		return err
	}
	body, err := compact(in.Body)
	if err != nil {
		return fault.Below("/payload", err)
	}
	in.Body = body
	return fault.Below("/payload", checkRequest(d, in.Action, body))
}
