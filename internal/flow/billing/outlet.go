package billing

import (
	"context"
	"slices"

	"pylon/internal/domain/session"
	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/unit"
)

// outlet returns what the connector of a session is, when an assignment asks for it: what
// a station reports of itself is much to read.
func (s *Settler) outlet(ctx context.Context, of *session.Session, all []tariff.Assignment) (tariff.ConnectorType, unit.Watt, error) {
	if !slices.ContainsFunc(all, func(a tariff.Assignment) bool { return a.Connector != "" || a.PowerFrom != 0 || a.PowerTo != 0 }) {
		return "", 0, nil
	}
	at, err := s.Store.Station(ctx, of.Organisation, string(of.Station))
	if fault.Is(err, fault.NotFound) {
		return "", 0, nil
	}
	if err != nil {
		return "", 0, err
	}
	model, err := s.Store.Documents(ctx, of.Station)
	if err != nil {
		return "", 0, err
	}
	o := at.Station.Quirks.Outlet(model, of.EVSE, of.Connector)
	return tariff.ConnectorType(o.Type), o.MaxPower, nil
}
