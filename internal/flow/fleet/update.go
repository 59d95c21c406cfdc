package fleet

import (
	"context"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// UpdateStation changes what an operator sets of a station. The station's
// owner does it; of an offline station, this node, under the epoch that the last
// owner left. A version other than 0 must be the one that stands (Stale
// otherwise).
func (f *Fleet) UpdateStation(ctx context.Context, by account.Actor, ref string, p station.Patch, version int64) (station.Detail, error) {
	if err := by.Can(account.StationsWrite); err != nil {
		return station.Detail{}, err
	}
	order := patchOrder{By: by, Patch: p, Version: version}
	for range decisionTries {
		d, err := f.store.Station(ctx, by.Organisation, ref)
		if err != nil {
			return d, err
		}
		err = f.patchAt(ctx, &d, order)
		if movedOn(err) {
			continue // it connected, left or changed hands meanwhile
		}
		if err != nil {
			return d, err
		}
		return f.store.Station(ctx, by.Organisation, string(d.Station.ID))
	}
	return station.Detail{}, fault.New(fault.Unavailable, "too_much_contention", "station", ref)
}

// movedOn goes by codes: the error may come from another node.
func movedOn(err error) bool {
	code := fault.CodeOf(err)
	return err != nil && (code == change.ErrSuperseded.Code || code == "station_offline")
}

// patchAt gives the order to the owner of a station, wherever it is.
func (f *Fleet) patchAt(ctx context.Context, d *station.Detail, order patchOrder) error {
	if !d.Online {
		return f.patchOffline(ctx, d, order)
	}
	if d.Node == f.node {
		if o := f.owner(d.Station.ID); o != nil {
			return o.patch(ctx, order)
		}
		return f.patchOffline(ctx, d, order) // our own row outlived its socket
	}
	body, err := json.Marshal(order)
	if err != nil {
		return err
	}
	_, err = f.bus.Ask(ctx, d.Node, msgPatch, d.Station.ID, body)
	return err
}

// patchOffline changes a station that has no socket. Should it connect
// meanwhile, its new epoch refuses the change.
func (f *Fleet) patchOffline(ctx context.Context, d *station.Detail, order patchOrder) error {
	o := &Owner{fleet: f, id: d.Station.ID, epoch: d.Epoch, conn: noConnection{}, turn: make(chan struct{}, 1), stale: true}
	return o.patch(ctx, order)
}

// patch makes the change under the station's turn and closes a connection
// that it no longer allows.
func (o *Owner) patch(ctx context.Context, order patchOrder) error {
	var reconnect string
	err := o.settle(ctx, func(ctx context.Context) (*change.Set, func(), error) {
		if order.Version != 0 && order.Version != o.station.Version {
			return nil, nil, fault.New(fault.Stale, "version_moved", "current", formatVersion(o.station.Version))
		}
		if err := o.checkSite(ctx, order.Patch.Site); err != nil {
			return nil, nil, err
		}
		now := o.fleet.clock.Now()
		st, err := station.Apply(o.station, order.Patch, station.NewSalt(), now)
		if err != nil {
			return nil, nil, err
		}
		if st.Version == o.station.Version {
			return nil, nil, nil
		}
		reconnect = reasonToClose(&o.station, &st, &o.link)
		set := &change.Set{
			Stations: []station.Station{st},
			Events: []event.Event{{
				Type: event.StationUpdated, Subject: string(o.id), Version: st.Version, At: now, Data: station.NoticeOf(st),
			}},
			Audits: []account.Audit{{
				ID: ident.New[ident.AuditID](now), Organisation: o.station.Organisation, By: order.By.Key, ByName: order.By.Name,
				Action: "station.update", Subject: string(o.id), At: now, Detail: station.Describe(order.Patch),
			}},
		}
		return set, func() { o.station = st; o.publish() }, nil
	})
	if err == nil && reconnect != "" {
		o.conn.Close(reconnect)
	}
	return err
}

// checkSite reports whether the site that a patch names is the organisation's.
func (o *Owner) checkSite(ctx context.Context, id *string) error {
	if id == nil || *id == "" {
		return nil
	}
	_, err := o.fleet.store.Site(ctx, o.station.Organisation, ident.SiteID(*id))
	if fault.Is(err, fault.NotFound) {
		return fault.InvalidField("/site_id", "site_unknown", "is no site of this organisation")
	}
	return err
}

// reasonToClose tells why a connection cannot stay as it is after a change:
// the security profile was raised above its own, or its password replaced.
func reasonToClose(before, after *station.Station, link *station.Link) string {
	switch {
	case after.SecurityProfile > link.Profile:
		return "security_profile_raised"
	case !sameSecrets(before.Secrets, after.Secrets):
		return "password_changed"
	}
	return ""
}

// Evict closes the socket of a station that is no more.
func (f *Fleet) Evict(d *station.Detail) {
	if !d.Online {
		return
	}
	if d.Node == f.node {
		if o := f.owner(d.Station.ID); o != nil {
			o.conn.Close("deleted")
		}
		return
	}
	if err := f.bus.Tell(d.Node, msgEvict, d.Station.ID, nil); err != nil {
		f.log.Warn("eviction hint lost", "station", d.Station.ID, "error", err)
	}
}
