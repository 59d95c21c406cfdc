package admin

import (
	"context"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Newcomer is a station that connects without anybody having created it.
type Newcomer struct {
	Organisation    string // slug; "" is the first
	Identity        ident.Identity
	Registration    station.Registration
	SecurityProfile int
	Secrets         []station.Secret
	At              time.Time
}

// Welcome creates a newcomer. When it exists by now, that station is returned;
// an unknown organisation is not found.
func (s *Service) Welcome(ctx context.Context, n Newcomer) (station.Station, error) {
	org, err := s.organisationBySlug(ctx, n.Organisation)
	if err != nil {
		return station.Station{}, err
	}
	st := station.Station{
		ID: ident.New[ident.StationID](n.At), Organisation: org.ID, Identity: n.Identity, Registration: n.Registration,
		Automation: true, SecurityProfile: n.SecurityProfile, Secrets: n.Secrets, CreatedAt: n.At, Version: 1,
	}
	e := event.Event{
		Type: event.StationCreated, Organisation: st.Organisation, Station: st.ID,
		Subject: string(st.ID), Version: st.Version, Data: station.NoticeOf(st),
	}
	d := deed{"station.create", e, struct {
		Identity ident.Identity `json:"station_id"`
	}{st.Identity}}
	err = s.commit(ctx, account.System(org.ID, "gateway"), d, &change.Set{Stations: []station.Station{st}})
	if fault.Is(err, fault.Conflict) {
		was, err := s.store.Station(ctx, org.ID, string(n.Identity))
		return was.Station, err
	}
	return st, err
}

func (s *Service) organisationBySlug(ctx context.Context, slug string) (account.Organisation, error) {
	if slug == "" {
		return s.store.FirstOrganisation(ctx)
	}
	return s.store.Organisation(ctx, slug)
}
