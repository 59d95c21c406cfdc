package rest

import (
	"context"
	"net/http"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/report"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Usage is what a station was used for on one day.
type Usage struct {
	Date            string  `json:"date" format:"date" example:"2026-03-29" doc:"By the clock on the wall of the site; a session belongs to the day on which it began"`
	StationID       *string `json:"station_id" example:"CP-1" doc:"The OCPP identity; null when the station is no more"`
	Station         string  `json:"station" example:"sta_01JD3K6X5M8Q2V7T9WBNCRFHYZ" doc:"The station's id"`
	SiteID          *string `json:"site_id" doc:"Where the station stood then"`
	Sessions        int64   `json:"sessions" doc:"That have ended"`
	EnergyWh        int64   `json:"energy_wh"`
	ChargingSeconds int64   `json:"charging_s" doc:"How long energy flowed"`
}

// UsageFilter is the input of the list of usage.
type UsageFilter struct {
	From      string `query:"from" format:"date" example:"2026-03-01" doc:"This day and later"`
	To        string `query:"to" format:"date" example:"2026-03-31" doc:"This day and earlier"`
	StationID string `query:"station_id" maxLength:"64" doc:"Identifier or OCPP identity"`
	SiteID    string `query:"site_id" maxLength:"64"`
}

func (s *Server) usageOperations() {
	handle(s, operation{
		id: "list-usage", method: http.MethodGet, path: "/usage", tag: "sessions", scope: account.SessionsRead,
		summary: "List what stations were used for, by day",
		detail:  "One entry for each day and station that had a session, the youngest day first, some seconds after the session has ended.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		UsageFilter
	},
	) (*Listed[Usage], error) {
		view := func(d report.Day) Usage {
			return Usage{
				Date: string(d.Date), StationID: orNull(s.identity(ctx, by.Organisation, d.Station)), Station: string(d.Station), SiteID: orNull(d.Site),
				Sessions: d.Sessions, EnergyWh: int64(d.Energy.WattHours()), ChargingSeconds: int64(d.Charging / time.Second),
			}
		}
		id, none, err := s.stationOf(ctx, by, in.StationID)
		if none || err != nil {
			return listed(ctx, page.Result[report.Day]{}, err, view)
		}
		found, err := s.store.Usage(ctx, by.Organisation, report.Filter{
			From: report.Date(in.From), To: report.Date(in.To), Station: id, Site: ident.SiteID(in.SiteID),
		}, in.query(""))
		return listed(ctx, found, err, view)
	})
}
