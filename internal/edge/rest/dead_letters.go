package rest

import (
	"context"
	"net/http"

	"pylon/internal/domain/account"
	"pylon/internal/domain/event"
	"pylon/internal/kernel/ident"
)

// DeadLetter is an event that a part of Pylon could not take, and behind which
// it went on.
type DeadLetter struct {
	ID        string     `json:"id" example:"dlt_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Consumer  string     `json:"consumer" example:"usage" doc:"The part that could not take it"`
	Event     FailedWith `json:"event"`
	Code      string     `json:"code" doc:"Of the last error; internal: the log has the rest"`
	Tries     int64      `json:"tries"`
	FailedAt  Time       `json:"failed_at" nullable:"false" doc:"When it was tried last without success"`
	SettledAt Time       `json:"settled_at" doc:"When it was tried again and went through; null: it lies there"`
	FindingID *string    `json:"finding_id" doc:"What tells people of it"`
}

// FailedWith is the event of a dead letter.
type FailedWith struct {
	Type      string  `json:"type" example:"session.completed"`
	Timestamp Time    `json:"timestamp" nullable:"false"`
	StationID *string `json:"station_id" example:"CP-1" doc:"The OCPP identity; null when there is no station, or no more"`
	Station   *string `json:"station" doc:"The station's id"`
	Subject   string  `json:"subject" doc:"Identifier of what changed"`
	Version   int64   `json:"version" doc:"The subject's"`
	Data      JSON    `json:"data"`
}

// InDeadLetter is the path of one dead letter.
type InDeadLetter struct {
	DeadLetter string `path:"deadLetterId" maxLength:"64" example:"dlt_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

func (s *Server) viewDeadLetter(ctx context.Context, l event.DeadLetter) DeadLetter {
	e := &l.Event
	return DeadLetter{
		ID: string(l.ID), Consumer: l.Consumer, Code: l.Code, Tries: l.Tries, FailedAt: Time{l.FailedAt}, SettledAt: Time{l.SettledAt},
		FindingID: orNull(l.Finding),
		Event: FailedWith{
			Type: string(e.Type), Timestamp: Time{e.At}, StationID: orNull(s.identity(ctx, e.Organisation, e.Station)), Station: orNull(e.Station),
			Subject: e.Subject, Version: e.Version, Data: JSON(e.JSON),
		},
	}
}

func (s *Server) deadLetterOperations() {
	handle(s, operation{
		id: "list-dead-letters", method: http.MethodGet, path: "/dead-letters", tag: "events", scope: account.EventsRead,
		summary: "List the events that a part of Pylon gave up", detail: "The youngest first. Each was tried five times; a finding tells of it.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		Open bool `query:"open" doc:"Only those that still lie there"`
	},
	) (*Listed[DeadLetter], error) {
		found, err := s.store.DeadLetters(ctx, by.Organisation, in.Open, in.query(""))
		return listed(ctx, found, err, func(l event.DeadLetter) DeadLetter { return s.viewDeadLetter(ctx, l) })
	})
	handle(s, operation{
		id: "retry-dead-letter", method: http.MethodPost, path: "/dead-letters/{deadLetterId}/retry", tag: "events", scope: account.EventsWrite,
		summary: "Try an event again that was given up", status: http.StatusOK, refuses: []int{http.StatusConflict, http.StatusServiceUnavailable},
		detail: "When it goes through, what it changes is done, the letter is settled and its finding resolved. One that is settled already stays as it is.",
	}, func(ctx context.Context, by account.Actor, in *InDeadLetter) (*One[DeadLetter], error) {
		id, err := pathID[ident.DeadLetterID](in.DeadLetter)
		if err != nil {
			return nil, err
		}
		l, err := s.consumers.Retry(ctx, by, id)
		if err != nil {
			return nil, err
		}
		return &One[DeadLetter]{ETag: etag(l.Version), Body: s.viewDeadLetter(ctx, l)}, nil
	})
}
