package billing

import (
	"context"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/signal"
	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

// Signals is what billing reads of series of prices and signals. Look-ups that find
// nothing return an error of kind NotFound.
type Signals interface {
	SignalFor(ctx context.Context, org ident.OrganisationID, site ident.SiteID, name string) (signal.Series, error)
	Points(ctx context.Context, id ident.SeriesID, from, to time.Time, limit int) ([]signal.Point, error)
	HasPoints(ctx context.Context, id ident.SeriesID) (bool, error)
}

// Wanted is what somebody needs of a series.
type Wanted struct {
	Organisation ident.OrganisationID
	Site         ident.SiteID // whose own series of the name goes before the organisation's
	Name         string
	Kind         signal.Kind
	Currency     money.Currency // of a price
	From, To     time.Time
	Running      bool // it goes on after To: what a share was is not known yet, and counts as none
}

// PointsOf returns the points of a series in a time, and where they end: those that
// stand there now, whenever they were told. What the price is while a session runs
// was promised when it began, and not what it comes to: a spot price is that of the moment.
//
// A series that there is not, of another kind or currency, of which nothing was ever
// told, or with a hole between two points of that time, is series_missing
// ([fault.Invalid]). Before its first point and behind its last one a price is the
// tariff's fallback, for that is what it is for; a share is not known yet there, and
// is series_missing, too.
func PointsOf(ctx context.Context, store Signals, w *Wanted) ([]rating.Point, time.Time, error) {
	none := func(why string) ([]rating.Point, time.Time, error) {
		return nil, time.Time{}, fault.New(fault.Invalid, billing.HeldSeries, "series", w.Name, "why", why)
	}
	s, err := store.SignalFor(ctx, w.Organisation, w.Site, w.Name)
	switch {
	case fault.Is(err, fault.NotFound):
		return none("there is none of this name")
	case err != nil:
		return nil, time.Time{}, err
	case s.Kind != w.Kind:
		return none("it is a " + string(s.Kind) + ", and not a " + string(w.Kind))
	case s.Kind == signal.Price && s.Currency != w.Currency:
		return none("it is in " + string(s.Currency) + ", and not in " + string(w.Currency))
	}
	points, err := store.Points(ctx, s.ID, w.From, w.To, rating.PointsMost)
	if err != nil {
		return nil, time.Time{}, err
	}
	during, until, whole := signal.During(points)
	switch {
	case !whole:
		return none("nothing is told from " + until.Format(time.RFC3339) + " on, and more behind that")
	case s.Kind == signal.Share && !w.Running && (len(points) == 0 || until.Before(w.To) || points[0].From.After(w.From)):
		return none("it does not say yet how it was until " + w.To.UTC().Format(time.RFC3339))
	case len(points) > 0:
		return during, until, nil
	}
	told, err := store.HasPoints(ctx, s.ID)
	if err == nil && !told {
		return none("nothing was ever told of it")
	}
	return nil, time.Time{}, err
}

// series returns the points of all series that a snapshot names, as they are
// during the session until end.
func (w *work) series(ctx context.Context, by *tariff.Snapshot, end time.Time) (tariff.Series, error) {
	if least := w.view.StartedAt.Add(time.Microsecond); end.Before(least) { // a session of no length is at a moment
		end = least
	}
	type told struct {
		points []rating.Point
		until  time.Time
	}
	all := map[string]told{}
	for _, e := range by.Terms.Extras {
		if e.Series == "" {
			continue
		}
		kind := signal.Price
		if e.Solar != nil {
			kind = signal.Share
		}
		points, until, err := PointsOf(ctx, w.Store, &Wanted{
			Organisation: w.view.Organisation, Site: w.view.Site, Name: e.Series, Kind: kind, Currency: by.Terms.Priced.Currency,
			From: w.view.StartedAt, To: end, Running: w.view.Status.Open(),
		})
		if err != nil {
			return nil, err
		}
		all[e.Series] = told{points, until}
	}
	return func(name string) ([]rating.Point, time.Time) { return all[name].points, all[name].until }, nil
}
