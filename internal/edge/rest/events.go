package rest

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"pylon/internal/domain/account"
	"pylon/internal/domain/event"
)

// Event is one event of the live stream: the data of a server-sent event whose
// event field is its type.
type Event struct {
	Type           string  `json:"type" example:"connector.status_changed"`
	Timestamp      Time    `json:"timestamp" nullable:"false"`
	OrganisationID string  `json:"organisation_id"`
	SiteID         *string `json:"site_id"`
	StationID      *string `json:"station_id" example:"CP-1" doc:"The OCPP identity; null when there is no station, or no more"`
	Station        *string `json:"station" doc:"The station's id"`
	Subject        string  `json:"subject" doc:"Identifier of what changed"`
	Version        int64   `json:"version" doc:"The subject's; drop what is older than what you know"`
	Live           bool    `json:"live,omitzero" doc:"It has no place in the log and does not come again: who missed it reads the subject"`
	Data           JSON    `json:"data"`
}

// StreamFilter is the input of the live stream.
type StreamFilter struct {
	Topics      []string `query:"topics" maxItems:"100" doc:"Nouns, or noun:id: stations, templates, sessions, tokens, sites, organisations, commands, jobs, keys, dead-letters; stations:CP-1 is one station with its connectors. All when left out" example:"stations,sessions"`
	LastEventID string   `header:"Last-Event-ID" doc:"id of the last event that was seen: what came after it is sent first"`
}

// Live streams at a time: each costs a goroutine, a queue and a subscription. A
// console has one.
const (
	streamsMax      = 1000 // of a node
	streamsOfOneMax = 250  // of an organisation, however many keys it has: it shall not take the others'
)

func (s *Server) eventOperations() {
	handle(s, operation{
		id: "stream-events", method: http.MethodGet, path: "/events", tag: "events", scope: account.EventsRead, takes: unbounded,
		summary: "Follow what happens, live",
		detail: "A server-sent stream (text/event-stream). Each event has an id: the place in the log, to come back to with Last-Event-ID. " +
			"A session.updated that moves only energy, power or state of charge, every 5 seconds at most, is live: it has no id, for it is not " +
			"in the log and does not come again. Who comes back reads the sessions that it shows. " +
			"An event named reset says that something may be missing: get what you show anew. A comment comes every 15 seconds. " +
			"When a node of Pylon dies, its stations are offline from the moment that the others notice; their station.disconnected follows, " +
			"some hundred a second, with the reason node_lost, unless they are connected again by then.",
		status: http.StatusOK, refuses: []int{http.StatusServiceUnavailable}, streams: true,
	}, func(ctx context.Context, by account.Actor, in *StreamFilter) (*huma.StreamResponse, error) {
		topics, err := s.topics(ctx, by, in.Topics)
		if err != nil {
			return nil, err
		}
		if err := s.access.enter(by.Organisation); err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(out huma.Context) {
			defer s.access.leave(by.Organisation)
			s.gauges.streams.Inc()
			defer s.gauges.streams.Dec()
			w := newStreamWriter(out, s.clock)
			st := &stream{server: s, by: by, topics: topics, out: w}
			if err := st.run(ctx, in.LastEventID); err != nil && ctx.Err() == nil {
				s.log.Info("live stream ended", "trace_id", callOf(ctx).trace, "error", err)
			}
		}}, nil
	})
}

// viewEvent turns an event into what clients see.
func (s *Server) viewEvent(ctx context.Context, e event.Recorded) ([]byte, error) {
	return json.Marshal(Event{
		Type: string(e.Type), Timestamp: Time{e.At}, OrganisationID: string(e.Organisation), SiteID: orNull(e.Site),
		StationID: orNull(s.identity(ctx, e.Organisation, e.Station)), Station: orNull(e.Station),
		Subject: e.Subject, Version: e.Version, Live: e.Live, Data: JSON(e.JSON),
	})
}
