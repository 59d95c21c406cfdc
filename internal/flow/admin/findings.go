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

// ResolveFinding puts a finding away by hand: somebody has seen to it, or it is
// not worth that. One that is resolved already stays as it is.
func (s *Service) ResolveFinding(ctx context.Context, by account.Actor, id ident.FindingID) (station.Finding, error) {
	if err := by.Can(account.StationsWrite); err != nil {
		return station.Finding{}, err
	}
	f, err := s.store.Finding(ctx, by.Organisation, id)
	if err != nil || !f.ResolvedAt.IsZero() {
		return f, err
	}
	of, err := s.store.Station(ctx, by.Organisation, string(f.Station))
	if err != nil && !fault.Is(err, fault.NotFound) { // of one that is no more the findings stay
		return f, err
	}
	f.ResolvedAt = s.clock.Now()
	e := event.Event{
		Type: event.FindingResolved, Organisation: f.Organisation, Site: of.Site, Station: f.Station,
		Subject: string(f.Station), Data: station.ResolutionNotice{Session: f.Session, Code: f.Code},
	}
	return f, s.commit(ctx, by, deed{"finding.resolve", e, struct {
		Finding ident.FindingID     `json:"finding_id"`
		Code    station.FindingCode `json:"code"`
	}{f.ID, f.Code}}, &change.Set{
		Resolved: []station.Resolution{{Finding: f.ID, At: f.ResolvedAt}},
	})
}
