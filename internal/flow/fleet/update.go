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
	body := patchOrder{By: by, Patch: p, Version: version}
	d, err := f.carryOut(ctx, by, ref, order{msgPatch, body, func(o *Owner) error { return o.patch(ctx, body) }})
	if err != nil {
		return d, err
	}
	return f.store.Station(ctx, by.Organisation, string(d.Station.ID))
}

// order is what the owner of a station shall do: by do on this node, by a
// message of this kind on another.
type order struct {
	kind string
	body any
	do   func(*Owner) error
}

// carryOut has the owner of a station carry out an order, and returns the station
// as it was found.
func (f *Fleet) carryOut(ctx context.Context, by account.Actor, ref string, what order) (station.Detail, error) {
	for range decisionTries {
		d, err := f.store.Station(ctx, by.Organisation, ref)
		if err != nil {
			return d, err
		}
		if err := f.orderAt(ctx, &d, what); !movedOn(err) {
			return d, err
		} // it connected, left or changed hands meanwhile
	}
	return station.Detail{}, fault.New(fault.Unavailable, "too_much_contention", "station", ref)
}

// movedOn goes by codes: the error may come from another node.
func movedOn(err error) bool {
	code := fault.CodeOf(err)
	return err != nil && (code == change.ErrSuperseded.Code || code == "station_offline")
}

// orderAt gives an order to the owner of a station, wherever it is. A station
// that has no socket gets an owner for the order; should it connect meanwhile,
// its new epoch refuses the change.
func (f *Fleet) orderAt(ctx context.Context, d *station.Detail, what order) error {
	if d.Online && d.Node != f.node {
		body, err := json.Marshal(what.body)
		if err != nil {
			return err
		}
		_, err = f.bus.Ask(ctx, d.Node, what.kind, d.Station.ID, body)
		return err
	}
	if d.Online {
		o, err := f.present(ctx, d.Station.ID)
		if err != nil {
			return err
		}
		if o != nil {
			return what.do(o)
		} // else our own row outlived its socket
	}
	return what.do(&Owner{fleet: f, id: d.Station.ID, epoch: d.Epoch, conn: noConnection{}, turn: make(chan struct{}, 1), stale: true})
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
		st, err := station.Apply(*o.station, order.Patch, station.NewSalt(), now)
		if err != nil {
			return nil, nil, err
		}
		if st.Version == o.station.Version {
			return nil, nil, nil
		}
		reconnect = reasonToClose(o.station, &st, &o.link)
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
		if st.Quirks.ReversedTags && !o.station.Quirks.ReversedTags {
			if err := o.explained(ctx, set, station.TokenReversed); err != nil {
				return nil, nil, err
			}
		}
		return set, func() { o.become(&st); o.care.at(now) }, nil
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
