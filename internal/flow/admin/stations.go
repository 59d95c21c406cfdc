package admin

import (
	"context"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// NewStation is a station to be made: known before it connects.
type NewStation struct {
	Identity ident.Identity
	station.Patch
}

// CreateStation makes a station: accepted, automated, with security profile 1
// when it has a password and 0 when not, unless the caller says otherwise. An
// identity that exists is station_exists ([fault.Conflict]).
func (s *Service) CreateStation(ctx context.Context, by account.Actor, in NewStation, keep Keep[station.Detail]) (station.Detail, error) {
	if err := by.Can(account.StationsWrite); err != nil {
		return station.Detail{}, err
	}
	if in.Site != nil && *in.Site != "" {
		_, err := s.store.Site(ctx, by.Organisation, ident.SiteID(*in.Site))
		if fault.Is(err, fault.NotFound) {
			return station.Detail{}, fault.InvalidField("/site_id", "site_unknown", "is no site of this organisation")
		}
		if err != nil {
			return station.Detail{}, err
		}
	}
	now := s.clock.Now()
	blank := station.Station{
		ID: ident.New[ident.StationID](now), Organisation: by.Organisation, Identity: in.Identity,
		Registration: station.Accepted, Automation: true, CreatedAt: now,
	}
	if in.Password != nil && *in.Password != "" {
		blank.SecurityProfile = 1
	}
	made, err := station.Apply(blank, in.Patch, station.NewSalt(), now)
	if err != nil {
		return station.Detail{}, err
	}
	made.Version = 1
	detail := station.Detail{Station: made, Link: station.Link{Station: made.ID}}
	e := event.Event{
		Type: event.StationCreated, Organisation: made.Organisation, Site: made.Site, Station: made.ID,
		Subject: string(made.ID), Version: made.Version, Data: station.NoticeOf(made),
	}
	d := deed{"station.create", e, struct {
		Identity ident.Identity `json:"station_id"`
	}{made.Identity}}
	err = s.commit(ctx, by, d, &change.Set{Stations: []station.Station{made}, Idempotency: keep.of(detail)})
	return detail, otherwise(err, fault.New(fault.Conflict, "station_exists", "station", string(in.Identity)))
}

// DeleteStation removes a station at which nobody charges now. Its sessions
// stay. It takes the station from its owner first, so that nothing is written
// for it afterwards; a station that may not go keeps its connection, unless a
// charge begins in that moment.
func (s *Service) DeleteStation(ctx context.Context, by account.Actor, ref string, version int64) error {
	if err := by.Can(account.StationsWrite); err != nil {
		return err
	}
	return decide(version, func() error {
		seen, err := s.store.Station(ctx, by.Organisation, ref)
		if err != nil {
			return err
		}
		if _, err := s.vacant(ctx, seen.ID, version); err != nil {
			return err
		}
		link := seen.Link
		link.Online, link.Node, link.Since, link.CloseReason = false, "", s.clock.Now(), "deleted"
		link, err = s.store.TakeEpoch(ctx, seen.ID, "", link)
		if err != nil {
			return err
		}
		s.sockets.Evict(&seen)                      // whatever comes of it: the connection has lost its station
		was, err := s.vacant(ctx, seen.ID, version) // anew: nobody else writes from here on
		if err != nil {
			return err
		}
		e := event.Event{
			Type: event.StationDeleted, Organisation: was.Organisation, Site: was.Site, Station: was.ID,
			Subject: string(was.ID), Version: was.Version + 1, Data: station.NoticeOf(was.Station),
		}
		return s.commit(ctx, by, deed{"station.delete", e, struct {
			Identity ident.Identity `json:"station_id"`
		}{was.Identity}}, &change.Set{
			Owner:   change.Owner{Organisation: was.Organisation, Station: was.ID, Epoch: link.Epoch},
			Removed: []change.Removal{{Kind: change.KindStation, ID: string(was.ID), Version: was.Version}},
		})
	})
}

// vacant returns a station that may go: it is in the version that the caller
// wants, and nobody charges at it.
func (s *Service) vacant(ctx context.Context, id ident.StationID, version int64) (station.Detail, error) {
	d, open, err := s.store.Owned(ctx, id)
	if err != nil {
		return d, err
	}
	if err := expect(version, d.Version); err != nil {
		return d, err
	}
	if len(open) > 0 {
		return d, fault.New(fault.Conflict, "station_in_session", "session", string(open[0].ID))
	}
	return d, nil
}
