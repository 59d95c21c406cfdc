package rest

import (
	"context"
	"net/http"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/signal"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

// Series is values of one thing over time, such as prices or the sun's share.
type Series struct {
	ID          string  `json:"id" example:"srs_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Name        string  `json:"name" example:"day-ahead" doc:"By which tariffs name it"`
	SiteID      *string `json:"site_id" doc:"It is about this site, and goes before the organisation's series of the same name there; null: about all"`
	Kind        string  `json:"kind" enum:"price,share" doc:"price: per kWh, may be negative; share: 0 to 1, such as the sun's in what a site takes"`
	Currency    *string `json:"currency" example:"EUR" doc:"ISO 4217, of a price; null: a share has none"`
	Resolution  int     `json:"resolution_minutes" enum:"0,15,60" doc:"How long each point holds; 0: until the next one"`
	Description string  `json:"description"`
	CreatedAt   Time    `json:"created_at" nullable:"false"`
}

// SeriesPoint is a value that holds for a time.
type SeriesPoint struct {
	From        Time    `json:"from" nullable:"false"`
	Until       Time    `json:"until" nullable:"false" doc:"Exclusive"`
	Value       Decimal `json:"value"`
	FirstValue  Decimal `json:"first_value" doc:"The one that was told first"`
	ToldAt      Time    `json:"told_at" nullable:"false"`
	CorrectedAt Time    `json:"corrected_at" doc:"When the value took the place of another; null: it is the first"`
}

// NewSeries is a series to be made.
type NewSeries struct {
	Name        string  `json:"name" minLength:"1" maxLength:"64" example:"day-ahead"`
	SiteID      *string `json:"site_id,omitzero" nullable:"false" maxLength:"64"`
	Kind        string  `json:"kind" enum:"price,share"`
	Currency    *string `json:"currency,omitzero" nullable:"false" maxLength:"3" doc:"ISO 4217; of a price, which needs it"`
	Resolution  *int    `json:"resolution_minutes,omitzero" nullable:"false" enum:"0,15,60" doc:"0 when left out"`
	Description *string `json:"description,omitzero" nullable:"false" maxLength:"500"`
}

// SeriesPatch is a merge patch of a series. What its points mean never changes.
type SeriesPatch struct {
	Name        Edit[string] `json:"name,omitzero" nullable:"false" maxLength:"64"`
	SiteID      Edit[string] `json:"site_id,omitzero" maxLength:"64" doc:"null: about all sites"`
	Description Edit[string] `json:"description,omitzero" maxLength:"500"`
}

// NewPoints are points that somebody tells.
type NewPoints struct {
	Points []NewPoint `json:"points" minItems:"1" maxItems:"2000" doc:"In order of time, on the series' resolution, those of a free one on a minute"`
	Until  *time.Time `json:"until,omitzero" nullable:"false" doc:"End of the last point; a series with a resolution needs none"`
}

// NewPoint is a value from a moment on.
type NewPoint struct {
	From  time.Time `json:"from"`
	Value Decimal   `json:"value"`
}

// ToldPoints is what became of points.
type ToldPoints struct {
	From      Time `json:"from" nullable:"false" doc:"Of the first point"`
	Until     Time `json:"until" nullable:"false" doc:"Of the last one"`
	Points    int  `json:"points" doc:"That were told"`
	Changed   int  `json:"changed" doc:"Points of the series that are not as they were; 0: all was known"`
	Corrected int  `json:"corrected" doc:"Told points that say another value than stood there"`
}

// InSeries is the path of one series.
type InSeries struct {
	Series string `path:"seriesId" maxLength:"64" example:"srs_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

func viewSignal(s signal.Series) Series {
	return Series{
		ID: string(s.ID), Name: s.Name, SiteID: orNull(s.Site), Kind: string(s.Kind), Currency: orNull(s.Currency), Resolution: s.Resolution,
		Description: s.Description, CreatedAt: Time{s.CreatedAt},
	}
}

func viewPoint(p signal.Point) SeriesPoint {
	return SeriesPoint{
		From: Time{p.From}, Until: Time{p.Until}, Value: Decimal{p.Value}, FirstValue: Decimal{p.First}, ToldAt: Time{p.ToldAt}, CorrectedAt: Time{p.CorrectedAt},
	}
}

func oneSeries(s signal.Series) *One[Series] {
	return &One[Series]{ETag: etag(s.Version), Body: viewSignal(s)}
}

func createdSeries(s signal.Series) Created[Series] {
	return Created[Series]{Location: prefix + "/series/" + string(s.ID), ETag: etag(s.Version), Body: viewSignal(s)}
}

// series returns the series of a path.
func (s *Server) series(ctx context.Context, by account.Actor, in InSeries) (signal.Series, error) {
	id, err := pathID[ident.SeriesID](in.Series)
	if err != nil {
		return signal.Series{}, err
	}
	return s.store.Signal(ctx, by.Organisation, id)
}

func (s *Server) seriesOperations() {
	handle(s, operation{
		id: "list-prices-and-signals", method: http.MethodGet, path: "/series", tag: "series", scope: account.SeriesRead, summary: "List series of prices and signals",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		Name   string `query:"name" maxLength:"64"`
		SiteID string `query:"site_id" maxLength:"64"`
	},
	) (*Listed[Series], error) {
		rows, err := s.store.Signals(ctx, by.Organisation, signal.Filter{Name: in.Name, Site: ident.SiteID(in.SiteID)}, in.query(""))
		return listed(ctx, rows, err, viewSignal)
	})
	handle(s, operation{
		id: "get-series", method: http.MethodGet, path: "/series/{seriesId}", tag: "series", scope: account.SeriesRead, summary: "Get a series",
	}, func(ctx context.Context, by account.Actor, in *struct{ InSeries }) (*One[Series], error) {
		found, err := s.series(ctx, by, in.InSeries)
		return oneSeries(found), err
	})
	handle(s, operation{
		id: "create-series", method: http.MethodPost, path: "/series", tag: "series", scope: account.SeriesWrite, summary: "Make a series",
		detail: "A tariff's spot price or solar discount names it. At a site, the site's own series goes before the organisation's of the same name.",
		status: http.StatusCreated, onceKey: keyTaken, refuses: []int{http.StatusConflict},
		example: map[string]any{"name": "day-ahead", "kind": "price", "currency": "EUR", "resolution_minutes": 15, "description": "Of the exchange, with the grid's fees"},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewSeries] }) (*Created[Series], error) {
		b := in.Body.value
		made, err := s.admin.CreateSeries(ctx, by, admin.SeriesPatch{
			Site: to[string, ident.SiteID](b.SiteID), Name: &b.Name, Kind: to[string, signal.Kind](&b.Kind), Currency: to[string, money.Currency](b.Currency),
			Resolution: b.Resolution, Description: b.Description,
		}, keep(ctx, http.StatusCreated, createdSeries))
		return new(createdSeries(made)), err
	})
	s.seriesChanges()
	s.pointOperations()
}

func (s *Server) seriesChanges() {
	refuses := []int{http.StatusPreconditionFailed, http.StatusPreconditionRequired, http.StatusConflict}
	handle(s, operation{
		id: "update-series", method: http.MethodPatch, path: "/series/{seriesId}", tag: "series", scope: account.SeriesWrite,
		summary: "Change a series", detail: "Its name, where it counts, its description; kind, currency and resolution never change.",
		example: map[string]any{"description": "Of the exchange, without the grid's fees"}, refuses: refuses,
	}, func(ctx context.Context, by account.Actor, in *struct {
		InSeries
		IfMatch
		Payload[SeriesPatch]
	},
	) (*One[Series], error) {
		there, err := s.series(ctx, by, in.InSeries)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil {
			return nil, err
		}
		p := in.Body.value
		next, err := s.admin.UpdateSeries(ctx, by, there.ID, admin.SeriesPatch{
			Name: edited(p.Name, same), Site: edited(p.SiteID, func(id string) ident.SiteID { return ident.SiteID(id) }), Description: edited(p.Description, same),
		}, version)
		return oneSeries(next), err
	})
	handle(s, operation{
		id: "delete-series", method: http.MethodDelete, path: "/series/{seriesId}", tag: "series", scope: account.SeriesWrite,
		summary: "Remove a series", detail: "Only one without points: bills rest on those.", refuses: refuses,
	}, func(ctx context.Context, by account.Actor, in *struct {
		InSeries
		IfMatch
	},
	) (*Nothing, error) {
		there, err := s.series(ctx, by, in.InSeries)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil {
			return nil, err
		}
		return done(s.admin.DeleteSeries(ctx, by, there.ID, version))
	})
}

func (s *Server) pointOperations() {
	handle(s, operation{
		id: "list-series-points", method: http.MethodGet, path: "/series/{seriesId}/points", tag: "series", scope: account.SeriesRead,
		summary: "List the points of a series", detail: "In order of time, the one that holds at from among them. A point is kept for three years.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		InSeries
		Paging
		From time.Time `query:"from"`
		To   time.Time `query:"to" doc:"Exclusive"`
	},
	) (*Listed[SeriesPoint], error) {
		of, err := s.series(ctx, by, in.InSeries)
		if err != nil {
			return nil, err
		}
		rows, err := s.store.ListPoints(ctx, of.ID, in.From, in.To, in.query(""))
		return listed(ctx, rows, err, viewPoint)
	})
	handle(s, operation{
		id: "tell-series-points", method: http.MethodPut, path: "/series/{seriesId}/points", tag: "series", scope: account.SeriesWrite,
		summary: "Tell points of a series",
		detail: "Each takes the place of what the series says of its time. To tell the same again changes nothing. Points may be corrected, which is recorded; " +
			"bills that were made by those before stay as they are, and sessions that wait for the series are billed.",
		example: map[string]any{"points": []any{
			map[string]any{"from": "2026-11-21T22:00:00Z", "value": "0.0734"}, map[string]any{"from": "2026-11-21T23:00:00Z", "value": "-0.0021"},
		}, "until": "2026-11-22T00:00:00Z"},
	}, func(ctx context.Context, by account.Actor, in *struct {
		InSeries
		Payload[NewPoints]
	},
	) (*struct{ Body ToldPoints }, error) {
		of, err := s.series(ctx, by, in.InSeries)
		if err != nil {
			return nil, err
		}
		var told []rating.Point
		for _, p := range in.Body.value.Points {
			told = append(told, rating.Point{From: p.From, Value: p.Value.Decimal})
		}
		var until time.Time
		if in.Body.value.Until != nil {
			until = *in.Body.value.Until
		}
		d, err := s.admin.TellPoints(ctx, by, of.ID, told, until)
		return &struct{ Body ToldPoints }{ToldPoints{Time{d.From}, Time{d.Until}, d.Points, d.Changed, d.Corrected}}, err
	})
}
