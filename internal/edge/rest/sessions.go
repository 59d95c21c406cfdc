package rest

import (
	"context"
	"net/http"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Session is a charge from the first sign of a transaction to its end.
type Session struct {
	ID            string  `json:"id" example:"ses_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	StationID     string  `json:"station_id" example:"CP-1" doc:"The OCPP identity"`
	Station       string  `json:"station" example:"sta_01JD3K6X5M8Q2V7T9WBNCRFHYZ" doc:"The station's id"`
	SiteID        *string `json:"site_id"`
	EVSEID        int     `json:"evse_id" example:"1" doc:"0: the station never said"`
	ConnectorID   int     `json:"connector_id" example:"1" doc:"0: the station never said"`
	TransactionID string  `json:"transaction_id" example:"4711" doc:"The station's"`
	Status        string  `json:"status" enum:"pending,active,completed,failed" doc:"pending: nobody is authorised yet"`

	TokenUID      *string `json:"token_uid" example:"04A2B3C4D5" doc:"null while nobody is authorised"`
	TokenID       *string `json:"token_id"`
	AuthorisedBy  *string `json:"authorised_by" enum:"token,remote,group,none_given"`
	GroupID       *string `json:"group_id"`
	Verdict       *string `json:"verdict" example:"Accepted" doc:"What the station was told about the token, as OCPP 2.x spells it"`
	ReservationID *int64  `json:"reservation_id"`
	RemoteStartID *int64  `json:"remote_start_id"`

	StartedAt          Time   `json:"started_at" nullable:"false"`
	EndedAt            Time   `json:"ended_at" doc:"null: runs"`
	StartReceivedAt    Time   `json:"start_received_at"`
	EndReceivedAt      Time   `json:"end_received_at"`
	StartedAsSent      string `json:"started_as_sent" doc:"The station's words"`
	EndedAsSent        string `json:"ended_as_sent" doc:"The station's words"`
	ClockOffsetSeconds int64  `json:"clock_offset_s" doc:"Our clock minus the station's at the start"`
	TimeZone           string `json:"time_zone" doc:"Of the site"`
	Country            string `json:"country" doc:"Of the site"`

	EnergyWh              int64     `json:"energy_wh" example:"12345" doc:"Register minus register"`
	PowerW                int64     `json:"power_w" doc:"Last sample"`
	PowerAt               Time      `json:"power_at"`
	StateOfChargePermille *int64    `json:"state_of_charge_permille" doc:"Last sample"`
	Begin                 *Register `json:"begin_register"`
	Last                  *Register `json:"last_register"`
	StepFrom              *Register `json:"step_from_register" doc:"Where the register left its course, by a reset or a jump: the last reading before"`
	StepTo                *Register `json:"step_to_register" doc:"The first reading after; what lies between the two is not counted"`
	After                 *Register `json:"after_register" doc:"Where the register stood when it was read next after the end, if it had moved; that is on no bill"`

	ChargingState string  `json:"charging_state" enum:"unknown,idle,ev_connected,charging,suspended_ev,suspended_evse"`
	StateSince    Time    `json:"charging_state_since"`
	StopReason    *string `json:"stop_reason" example:"EVDisconnected" doc:"As the station spells it; Replaced and Lost are ours, of ends that it did not tell; null while it runs"`
	EndedBy       *string `json:"ended_by" enum:"station,evidence,replacement" doc:"Whose word the end is; the station's takes the place of the others whenever it comes. null: runs"`
	Evidence      *string `json:"evidence" enum:"connector_free,boot,next_start,station_replaced,station_gone" doc:"What showed that it is over, when the station did not say so"`
	PlugInID      *string `json:"plug_in_id" doc:"Sessions of one plug-in share it"`
}

// Register is a reading of the energy register.
type Register struct {
	EnergyMWh int64  `json:"energy_mwh" doc:"Milliwatt-hours"`
	Value     string `json:"value" doc:"The digits as sent"`
	Unit      string `json:"unit" doc:"As sent; empty: Wh"`
	Context   string `json:"context"`
	At        Time   `json:"at"`
}

// Segment is a stretch of a session in one charging state.
type Segment struct {
	Number        int    `json:"number"`
	ChargingState string `json:"charging_state"`
	Cause         string `json:"cause" enum:"car,station,limit,fault,unknown"`
	Trigger       string `json:"trigger" doc:"What made it begin, as the station said"`
	From          Time   `json:"from" nullable:"false"`
	To            Time   `json:"to" doc:"null: still so"`
}

// InSession is the path of one session.
type InSession struct {
	Session string `path:"sessionId" maxLength:"64" example:"ses_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

// SessionFilter is the input of the list of sessions.
type SessionFilter struct {
	Status    []string  `query:"status" enum:"pending,active,completed,failed"`
	StationID string    `query:"station_id" maxLength:"64" doc:"Identifier or OCPP identity"`
	TokenUID  string    `query:"token_uid" maxLength:"255" doc:"Without case"`
	From      time.Time `query:"from" doc:"Started at or after"`
	To        time.Time `query:"to" doc:"Started before"`
	FromGTE   time.Time `query:"started_at[gte]" doc:"The same as from"`
	ToLT      time.Time `query:"started_at[lt]" doc:"The same as to"`
	Sort      string    `query:"sort" enum:"started_at,-started_at" default:"-started_at"`
}

func viewSession(v session.View) Session {
	var aside session.Aside
	if v.Aside != nil {
		aside = *v.Aside
	}
	return Session{
		ID: string(v.ID), StationID: string(v.Identity), Station: string(v.Station), SiteID: orNull(v.Site),
		EVSEID: v.EVSE, ConnectorID: v.Connector, TransactionID: v.TransactionID, Status: string(v.Status),
		TokenUID: orNull(v.TokenUID), TokenID: orNull(v.Token), AuthorisedBy: orNull(v.Method), GroupID: orNull(v.Group),
		Verdict: orNull(v.Answer), ReservationID: orNone(v.ReservationID), RemoteStartID: orNone(v.RemoteStartID),
		StartedAt: Time{v.StartedAt}, EndedAt: Time{v.EndedAt}, StartReceivedAt: Time{v.StartReceivedAt}, EndReceivedAt: Time{v.EndReceivedAt},
		StartedAsSent: v.StartedAsSent, EndedAsSent: v.EndedAsSent, ClockOffsetSeconds: int64(v.ClockOffset / time.Second),
		TimeZone: v.TimeZone, Country: v.Country,
		EnergyWh: int64(v.Energy.WattHours()), PowerW: int64(v.PowerW), PowerAt: Time{v.PowerAt},
		StateOfChargePermille: orNone(int64(v.StateOfCharge)), Begin: viewRegister(v.Begin), Last: viewRegister(v.Last),
		StepFrom: viewRegister(aside.Step.From), StepTo: viewRegister(aside.Step.To), After: viewRegister(aside.After),
		ChargingState: string(v.ChargingState), StateSince: Time{v.StateSince}, StopReason: orNull(v.StopReason), EndedBy: orNull(v.EndedBy), Evidence: orNull(v.Evidence), PlugInID: orNull(v.PlugIn),
	}
}

// orNone is n, or null when it is negative: the domain's "none".
func orNone(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}

func viewRegister(r session.Register) *Register {
	if !r.Known {
		return nil
	}
	return &Register{EnergyMWh: int64(r.Energy), Value: r.Value.String(), Unit: r.Unit, Context: r.Context, At: Time{r.At}}
}

func viewSegment(g session.Segment) Segment {
	return Segment{
		Number: g.Number, ChargingState: string(g.State), Cause: string(g.Cause), Trigger: g.Trigger, From: Time{g.From}, To: Time{g.To},
	}
}

// session returns the session of a path.
func (s *Server) session(ctx context.Context, by account.Actor, in InSession) (session.View, error) {
	id, err := pathID[ident.SessionID](in.Session)
	if err != nil {
		return session.View{}, err
	}
	return s.store.Session(ctx, by.Organisation, id)
}

// sessionFilter looks up what the filter names. none says that a name is not
// there, so that nothing can match.
func (s *Server) sessionFilter(ctx context.Context, by account.Actor, in SessionFilter) (f session.Filter, none bool, err error) {
	f = session.Filter{From: later(in.From, in.FromGTE), To: earlier(in.To, in.ToLT)}
	for _, status := range in.Status {
		f.Status = append(f.Status, session.Status(status))
	}
	if in.StationID != "" {
		d, err := s.store.Station(ctx, by.Organisation, in.StationID)
		if err != nil {
			return f, fault.Is(err, fault.NotFound), err
		}
		f.Station = d.Station.ID
	}
	if in.TokenUID != "" {
		t, err := s.store.TokenByUID(ctx, by.Organisation, in.TokenUID)
		if err != nil {
			return f, fault.Is(err, fault.NotFound), err
		}
		f.Token = t.ID
	}
	return f, false, nil
}

// later returns the later of two bounds, of which zero is none.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// earlier returns the earlier of two bounds, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func (s *Server) sessionOperations() {
	handle(s, operation{
		id: "list-sessions", method: http.MethodGet, path: "/sessions", tag: "sessions", scope: account.SessionsRead, summary: "List sessions",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		SessionFilter
	},
	) (*Listed[Session], error) {
		f, none, err := s.sessionFilter(ctx, by, in.SessionFilter)
		if none {
			return listed(ctx, page.Result[session.View]{}, nil, viewSession)
		}
		if err != nil {
			return nil, err
		}
		found, err := s.store.Sessions(ctx, by.Organisation, f, in.query(in.Sort))
		return listed(ctx, found, err, viewSession)
	})
	handle(s, operation{
		id: "get-session", method: http.MethodGet, path: "/sessions/{sessionId}", tag: "sessions", scope: account.SessionsRead,
		summary: "Get a session",
	}, func(ctx context.Context, by account.Actor, in *struct{ InSession }) (*One[SessionDetail], error) {
		v, err := s.session(ctx, by, in.InSession)
		if err != nil {
			return nil, err
		}
		return s.sessionDetail(ctx, by, v)
	})
	handle(s, operation{
		id: "list-session-meter-values", method: http.MethodGet, path: "/sessions/{sessionId}/meter-values", tag: "sessions",
		scope: account.SessionsRead, summary: "List a session's samples", detail: "In the order in which they were received.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		InSession
		Paging
	},
	) (*Listed[MeterFrame], error) {
		v, err := s.session(ctx, by, in.InSession)
		if err != nil {
			return nil, err
		}
		var found page.Result[meter.Frame]
		found, err = s.store.Frames(ctx, v.Station, v.ID, in.query(""))
		return listed(ctx, found, err, viewFrame)
	})
	handle(s, operation{
		id: "list-session-segments", method: http.MethodGet, path: "/sessions/{sessionId}/segments", tag: "sessions",
		scope: account.SessionsRead, summary: "List what a session did when, and why", detail: "All of them, in order: one page.",
	}, func(ctx context.Context, by account.Actor, in *struct{ InSession }) (*Listed[Segment], error) {
		v, err := s.session(ctx, by, in.InSession)
		if err != nil {
			return nil, err
		}
		all, err := s.store.Segments(ctx, v.Station, v.ID)
		return listed(ctx, page.Result[session.Segment]{Items: v.Told(all)}, err, viewSegment)
	})
}
