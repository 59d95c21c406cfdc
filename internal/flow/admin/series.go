package admin

import (
	"context"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/signal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

// SeriesPatch is what a series is made of, or what changes of it; nil fields
// stay. A new one needs a name and a kind, and a price its currency. Kind,
// currency and resolution never change: points were told by them.
type SeriesPatch struct {
	Site        *ident.SiteID   `json:"site_id,omitzero"`
	Name        *string         `json:"name,omitzero"`
	Kind        *signal.Kind    `json:"kind,omitzero"`
	Currency    *money.Currency `json:"currency,omitzero"`
	Resolution  *int            `json:"resolution_minutes,omitzero"`
	Description *string         `json:"description,omitzero"`
}

// SeriesNotice is the data of a series event.
type SeriesNotice struct {
	ID   ident.SeriesID `json:"id"`
	Name string         `json:"name"`
	*Telling
}

// Telling is what became of points that somebody told.
type Telling struct {
	From      time.Time `json:"from"`  // of the first point
	Until     time.Time `json:"until"` // of the last one
	Points    int       `json:"points"`
	Changed   int       `json:"changed"`   // that were not there so
	Corrected int       `json:"corrected"` // that say another value than stood there
}

// CreateSeries makes a series, without points.
func (s *Service) CreateSeries(ctx context.Context, by account.Actor, in SeriesPatch, keep Keep[signal.Series]) (signal.Series, error) {
	if err := by.Can(account.SeriesWrite); err != nil {
		return signal.Series{}, err
	}
	now := s.clock.Now()
	made := signal.Series{ID: ident.New[ident.SeriesID](now), Organisation: by.Organisation, CreatedAt: now, Version: 1}
	set(&made.Kind, in.Kind)
	set(&made.Currency, in.Currency)
	set(&made.Resolution, in.Resolution)
	made, err := s.described(ctx, in, made)
	if err == nil {
		err = s.roomForSeries(ctx, by.Organisation)
	}
	if err != nil {
		return signal.Series{}, err
	}
	d := deed{"series.create", seriesEvent(event.SeriesCreated, made, nil), in}
	err = s.commit(ctx, by, d, &change.Set{Signals: []signal.Series{made}, Idempotency: keep.of(made)})
	return made, otherwise(err, fault.New(fault.Conflict, "series_exists", "name", made.Name))
}

// UpdateSeries changes what a series is called and where it counts. A version
// other than 0 must be the one that stands ([fault.Stale] otherwise).
func (s *Service) UpdateSeries(ctx context.Context, by account.Actor, id ident.SeriesID, p SeriesPatch, version int64) (signal.Series, error) {
	var next signal.Series
	err := s.moveSeries(ctx, by, id, version, func(was signal.Series) (deed, *change.Set, error) {
		var err error
		if next, err = s.described(ctx, p, was); err != nil {
			return deed{}, nil, err
		}
		next.Version++
		return deed{"series.update", seriesEvent(event.SeriesUpdated, next, nil), p}, &change.Set{Signals: []signal.Series{next}}, nil
	})
	return next, otherwise(err, fault.New(fault.Conflict, "series_exists", "name", next.Name))
}

// DeleteSeries removes a series that has no points. Those of others are what
// bills rest on.
func (s *Service) DeleteSeries(ctx context.Context, by account.Actor, id ident.SeriesID, version int64) error {
	return s.moveSeries(ctx, by, id, version, func(was signal.Series) (deed, *change.Set, error) {
		used, err := s.store.HasPoints(ctx, was.ID)
		if err != nil {
			return deed{}, nil, err
		}
		if used {
			return deed{}, nil, fault.New(fault.Conflict, "series_in_use")
		}
		gone := was
		gone.Version++
		d := deed{"series.delete", seriesEvent(event.SeriesDeleted, gone, nil), struct{}{}}
		return d, &change.Set{Removed: []change.Removal{{Kind: change.KindSeries, ID: string(id), Version: was.Version}}}, nil
	})
}

// TellPoints puts points in place of what a series says of their times, see
// [signal.Merge]. Points that are there so already change nothing. Bills that were
// made stay as they are; what waits for the series is billed.
func (s *Service) TellPoints(ctx context.Context, by account.Actor, id ident.SeriesID, told []rating.Point, until time.Time) (Telling, error) {
	var done Telling
	err := s.moveSeries(ctx, by, id, 0, func(was signal.Series) (deed, *change.Set, error) {
		now := s.clock.Now()
		points, err := was.Accept(told, until, now)
		if err != nil {
			return deed{}, nil, err
		}
		done = Telling{From: points[0].From, Until: points[len(points)-1].Until, Points: len(points)}
		there, err := s.store.Points(ctx, was.ID, done.From, done.Until, overlapMost)
		if err != nil {
			return deed{}, nil, err
		}
		if len(there) == overlapMost {
			return deed{}, nil, fault.InvalidField("/points", "too_many", "too many points stand in this time: tell less of it at once")
		}
		c := signal.Merge(there, points, now)
		if c.Empty() {
			return deed{}, nil, nil
		}
		old, err := s.store.Points(ctx, was.ID, time.Unix(0, 0), now.Add(-signal.Kept), signal.PointsMost+len(points))
		if err != nil {
			return deed{}, nil, err
		}
		done.Changed, done.Corrected = len(c.Put), c.Corrected
		next := was
		next.Version++
		d := deed{"series.points", seriesEvent(event.SeriesUpdated, next, &done), done}
		return d, &change.Set{Signals: []signal.Series{next}, Points: c.Put, PointsGone: append(c.Gone, old...)}, nil
	})
	return done, err
}

// overlapMost bounds the points that others take the place of at once.
const overlapMost = 10 * signal.PointsMost

// moveSeries makes a change of a series; a set that is nil is none.
func (s *Service) moveSeries(
	ctx context.Context, by account.Actor, id ident.SeriesID, version int64, to func(was signal.Series) (deed, *change.Set, error),
) error {
	if err := by.Can(account.SeriesWrite); err != nil {
		return err
	}
	return decide(version, func() error {
		was, err := s.store.Signal(ctx, by.Organisation, id)
		if err != nil {
			return err
		}
		if err := expect(version, was.Version); err != nil {
			return err
		}
		d, set, err := to(was)
		if err != nil || set == nil {
			return err
		}
		return s.commit(ctx, by, d, set)
	})
}

// described returns the series as the patch wants it.
func (s *Service) described(ctx context.Context, p SeriesPatch, to signal.Series) (signal.Series, error) {
	set(&to.Site, p.Site)
	set(&to.Name, p.Name)
	set(&to.Description, p.Description)
	if err := to.Check(); err != nil {
		return to, err
	}
	if p.Site != nil && to.Site != "" {
		if _, err := s.store.Site(ctx, to.Organisation, to.Site); err != nil {
			return to, unknown("/site_id", err)
		}
	}
	return to, nil
}

// seriesMost bounds the series of an organisation: a dozen for each of some hundred sites.
const seriesMost = 2000

// roomForSeries refuses one more series where there are as many as an organisation may have.
func (s *Service) roomForSeries(ctx context.Context, org ident.OrganisationID) error {
	n, err := s.store.CountSignals(ctx, org)
	if err == nil && n >= seriesMost {
		return fault.New(fault.Exhausted, "series_exhausted", "max", "2000")
	}
	return err
}

func seriesEvent(t event.Type, of signal.Series, told *Telling) event.Event {
	return event.Event{
		Type: t, Organisation: of.Organisation, Site: of.Site, Subject: string(of.ID), Version: of.Version,
		Data: SeriesNotice{ID: of.ID, Name: of.Name, Telling: told},
	}
}
