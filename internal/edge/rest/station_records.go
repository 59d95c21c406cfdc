package rest

import (
	"context"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/domain/account"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// LogEntry is a frame that was exchanged with a station, or a note about its
// connection. Secrets are taken out; tokens are not.
type LogEntry struct {
	At        Time    `json:"at" nullable:"false"`
	Direction string  `json:"direction" enum:"in,out,note" doc:"in: from the station"`
	Kind      string  `json:"kind" example:"call" doc:"call, result, error, result_error, send; of a note, what it is about"`
	MessageID *string `json:"message_id"`
	Action    *string `json:"action" example:"BootNotification" doc:"Of an answer, that of its call"`
	Frame     JSON    `json:"frame" doc:"As it was on the wire; null when it was no JSON, or is a note"`
	Text      *string `json:"text" doc:"What was on the wire and is no JSON, or the note"`
}

// LogFilter is the input of a station's log.
type LogFilter struct {
	Direction string    `query:"direction" enum:"in,out,note"`
	Action    string    `query:"action" maxLength:"64"`
	From      time.Time `query:"from" doc:"At or after"`
	To        time.Time `query:"to" doc:"Before"`
	Sort      string    `query:"sort" enum:"at,-at" default:"-at"`
}

// Span is the input of a list that is cut by time.
type Span struct {
	From time.Time `query:"from" doc:"At or after"`
	To   time.Time `query:"to" doc:"Before"`
}

// Interval is a stretch of a connector's, or the connection's, history.
type Interval struct {
	EVSEID      int     `json:"evse_id" doc:"0: the station"`
	ConnectorID int     `json:"connector_id" doc:"0: the EVSE; of the station, its connection"`
	Status      string  `json:"status" example:"charging" doc:"As of a connector; online and offline of the connection"`
	ErrorCode   *string `json:"error_code"`
	From        Time    `json:"from" nullable:"false"`
	To          Time    `json:"to" doc:"null: still so"`
}

// Finding is something that a station reported and that does not fit.
type Finding struct {
	ID         string  `json:"id" example:"fnd_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	StationID  *string `json:"station_id" example:"CP-1" doc:"The OCPP identity; null when the station is no more"`
	Station    string  `json:"station" example:"sta_01JD3K6X5M8Q2V7T9WBNCRFHYZ" doc:"The station's id"`
	SessionID  *string `json:"session_id"`
	Code       string  `json:"code" example:"transaction_unknown"`
	Detail     string  `json:"detail"`
	Action     *string `json:"action" doc:"OCPP action of the message"`
	At         Time    `json:"at" nullable:"false"`
	ResolvedAt Time    `json:"resolved_at" doc:"null: open"`
}

// FindingFilter is the input of a list of findings.
type FindingFilter struct {
	Open bool     `query:"open" doc:"Only those that nothing has resolved"`
	Code []string `query:"code" doc:"One of these"`
}

// InFinding is the path of one finding.
type InFinding struct {
	Finding string `path:"findingId" maxLength:"64" example:"fnd_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

// FindingSearch is the input of the list of findings across stations.
type FindingSearch struct {
	StationID string `query:"station_id" maxLength:"64" doc:"Identifier or OCPP identity"`
	SessionID string `query:"session_id" maxLength:"64"`
}

func (f FindingFilter) domain() station.FindingFilter {
	out := station.FindingFilter{Open: f.Open}
	for _, code := range f.Code {
		out.Code = append(out.Code, station.FindingCode(code))
	}
	return out
}

// MeterFilter is the input of a station's samples outside sessions.
type MeterFilter struct {
	EVSE int `query:"evse_id" minimum:"0" doc:"0: the station's own meter"`
	Span
}

func viewLogEntry(e station.LogEntry) LogEntry {
	out := LogEntry{
		At: Time{e.At}, Direction: string(e.Direction), Kind: e.Kind, MessageID: orNull(e.MessageID), Action: orNull(e.Action),
	}
	if e.Direction != station.Note && jsontext.Value(e.Frame).IsValid() {
		out.Frame = JSON(e.Frame)
		return out
	}
	text := string(e.Frame)
	if !utf8.ValidString(text) {
		text = string([]rune(text)) // each bad byte becomes a replacement character
	}
	out.Text = orNull(text)
	return out
}

func viewInterval(v station.Interval) Interval {
	return Interval{
		EVSEID: v.EVSE, ConnectorID: v.Connector, Status: string(v.Status), ErrorCode: orNull(v.ErrorCode),
		From: Time{v.From}, To: Time{v.To},
	}
}

// viewFinding turns a finding into what clients see; identity is its station's.
func viewFinding(f station.Finding, identity string) Finding {
	return Finding{
		ID: string(f.ID), StationID: orNull(identity), Station: string(f.Station), SessionID: orNull(f.Session), Code: string(f.Code), Detail: f.Detail, Action: orNull(f.Action),
		At: Time{f.At}, ResolvedAt: Time{f.ResolvedAt},
	}
}

// rows lists what belongs to the station of a path.
func rows[R, T any](ctx context.Context, s *Server, by account.Actor, in InStation,
	look func(station.Detail) (page.Result[R], error), view func(R) T,
) (*Listed[T], error) {
	d, err := s.station(ctx, by, in)
	if err != nil {
		return nil, err
	}
	found, err := look(d)
	return listed(ctx, found, err, view)
}

func (s *Server) stationRecordOperations() {
	handle(s, operation{
		id: "list-station-log", method: http.MethodGet, path: "/stations/{stationId}/log", tag: "stations", scope: account.LogRead,
		summary: "List the frames exchanged with a station", detail: "Frames name drivers' tokens, hence a scope of its own.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		InStation
		Paging
		LogFilter
	},
	) (*Listed[LogEntry], error) {
		return rows(ctx, s, by, in.InStation, func(d station.Detail) (page.Result[station.LogEntry], error) {
			if err := s.search(ctx); err != nil {
				return page.Result[station.LogEntry]{}, err
			}
			defer s.searched()
			return s.frames.Entries(ctx, d.Station.ID, station.LogFilter{
				Direction: station.Direction(in.Direction), Action: in.Action, From: in.From, To: in.To,
			}, in.query(in.Sort))
		}, viewLogEntry)
	})
	handle(s, operation{
		id: "list-station-status-history", method: http.MethodGet, path: "/stations/{stationId}/status-history", tag: "stations",
		scope: account.StationsRead, summary: "List the past statuses of a station's connectors and connection",
	}, func(ctx context.Context, by account.Actor, in *struct {
		InStation
		Paging
		Span
	},
	) (*Listed[Interval], error) {
		return rows(ctx, s, by, in.InStation, func(d station.Detail) (page.Result[station.Interval], error) {
			return s.store.Intervals(ctx, d.Station.ID, in.From, in.To, in.query(""))
		}, viewInterval)
	})
	handle(s, operation{
		id: "list-station-findings", method: http.MethodGet, path: "/stations/{stationId}/findings", tag: "stations",
		scope: account.StationsRead, summary: "List what a station reported and what does not fit",
	}, func(ctx context.Context, by account.Actor, in *struct {
		InStation
		Paging
		FindingFilter
	},
	) (*Listed[Finding], error) {
		d, err := s.station(ctx, by, in.InStation)
		if err != nil {
			return nil, err
		}
		f := in.domain()
		f.Station = d.Station.ID
		return s.listFindings(ctx, by, in.Paging, f)
	})
	s.findingOperation()
	s.resolveFindingOperation()
	handle(s, operation{
		id: "list-station-meter-values", method: http.MethodGet, path: "/stations/{stationId}/meter-values", tag: "stations",
		scope: account.StationsRead, summary: "List a station's samples outside sessions",
	}, func(ctx context.Context, by account.Actor, in *struct {
		InStation
		Paging
		MeterFilter
	},
	) (*Listed[MeterFrame], error) {
		d, err := s.station(ctx, by, in.InStation)
		if err != nil {
			return nil, err
		}
		found, err := s.store.StationFrames(ctx, d.Station.ID, in.EVSE, in.From, in.To, in.query(""))
		return listed(ctx, found, err, viewFrame)
	})
}

func (s *Server) findingOperation() {
	handle(s, operation{
		id: "list-findings", method: http.MethodGet, path: "/findings", tag: "stations", scope: account.StationsRead,
		summary: "List what stations reported and what does not fit", detail: "The youngest first.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		FindingFilter
		FindingSearch
	},
	) (*Listed[Finding], error) {
		id, none, err := s.stationOf(ctx, by, in.StationID)
		if none || err != nil {
			return listed(ctx, page.Result[station.Finding]{}, err, func(f station.Finding) Finding { return viewFinding(f, "") })
		}
		f := in.domain()
		f.Station, f.Session = id, ident.SessionID(in.SessionID)
		return s.listFindings(ctx, by, in.Paging, f)
	})
}

func (s *Server) resolveFindingOperation() {
	handle(s, operation{
		id: "resolve-finding", method: http.MethodPost, path: "/findings/{findingId}/resolve", tag: "stations", scope: account.StationsWrite,
		summary: "Put a finding away by hand", status: http.StatusOK,
		detail: "Most are resolved by what explains them. One that is resolved already stays as it is; what a session has been found once is not found there again.",
	}, func(ctx context.Context, by account.Actor, in *InFinding) (*One[Finding], error) {
		id, err := pathID[ident.FindingID](in.Finding)
		if err != nil {
			return nil, err
		}
		f, err := s.admin.ResolveFinding(ctx, by, id)
		if err != nil {
			return nil, err
		}
		return &One[Finding]{Body: viewFinding(f, s.identity(ctx, by.Organisation, f.Station))}, nil
	})
}

func (s *Server) listFindings(ctx context.Context, by account.Actor, p Paging, f station.FindingFilter) (*Listed[Finding], error) {
	found, err := s.store.Findings(ctx, by.Organisation, f, p.query(""))
	return listed(ctx, found, err, func(f station.Finding) Finding {
		return viewFinding(f, s.identity(ctx, by.Organisation, f.Station))
	})
}

// searchesMax bounds the searches of the frame log at one time: each may unpack 64
// MiB, and whoever asks for many at once shall not keep the processors from the
// stations.
const searchesMax = 2

// search waits for its turn to search the frame log; who got it calls searched.
func (s *Server) search(ctx context.Context) error {
	select {
	case s.searches <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Server) searched() { <-s.searches }
