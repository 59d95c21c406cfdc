package fleet

import (
	"context"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
)

// Boot takes in what the station says of itself and returns what it is told.
// A boot ends no session, for the stop may still be on its way, unless it is
// that of another device.
func (o *Owner) Boot(ctx context.Context, r station.BootReport) (station.BootAnswer, error) {
	var answer station.BootAnswer
	err := o.settle(ctx, func(ctx context.Context) (*change.Set, func(), error) {
		templates, err := o.fleet.templates.get(ctx, o.station.Organisation)
		if err != nil {
			return nil, nil, err
		}
		var st station.Station
		st, answer = station.Boot(*o.station, templates, r, o.fleet.heartbeat)
		set := &change.Set{
			Stations: []station.Station{st},
			Events: []event.Event{{
				Type: event.StationBooted, Subject: string(o.id), Version: st.Version, At: r.At, Data: station.BootNoticeOf(st),
			}},
		}
		c := o.scene(r.At)
		c.Station, c.NewDevice = st, station.Replaced(*o.station, st)
		if c.NewDevice {
			o.tellOnce(set, anotherDevice())
		}
		weighed, err := o.weigh(ctx, set, c)
		if err != nil {
			return nil, nil, err
		}
		seen, err := o.observeBoot(ctx, set)
		if err != nil {
			return nil, nil, err
		}
		return set, func() {
			o.become(&st)
			weighed()
			o.told(set)
			o.finish(seen)
			o.screen.refuses.Store(false)
			now := o.fleet.clock.Now()
			o.care.anew(now.Add(bootRest), o.fleet.unfinished.times(o.id, now))
		}, nil
	})
	return answer, err
}

// Status takes in what a connector does.
func (o *Owner) Status(ctx context.Context, r station.StatusReport) error {
	return o.settle(ctx, func(ctx context.Context) (*change.Set, func(), error) {
		if !r.OccurredAt.IsZero() { // of the connection, no row: it holds whatever becomes of the commit
			o.statusLate = r.ReceivedAt.Sub(r.OccurredAt)
		}
		out := station.Report(*o.station, o.connectors, r)
		if len(out.Connectors)+len(out.Intervals)+len(out.Findings) == 0 {
			return nil, nil, nil
		}
		if merged := station.Merge(o.connectors, out.Connectors); len(merged) > max(connectorsMax, len(o.connectors)) {
			return nil, nil, fault.New(fault.Exhausted, "too_many_connectors")
		}
		set := &change.Set{Connectors: out.Connectors, Findings: out.Findings}
		c := o.scene(r.ReceivedAt)
		c.Connectors = station.Merge(o.connectors, out.Connectors)
		storm, tell := o.gust(set, &out, Place{r.EVSE, r.Connector}, r.ReceivedAt)
		weighed := func() {}
		if tell {
			set.Intervals, set.Events = out.Intervals, append(set.Events, out.Events...)
			c.Changed = out.Connectors
			var err error
			if weighed, err = o.weigh(ctx, set, c); err != nil {
				return nil, nil, err
			}
		}
		seen, err := o.observeStatus(ctx, set, r)
		if err != nil {
			return nil, nil, err
		}
		return set, func() {
			o.connectors = c.Connectors
			weighed()
			storm()
			o.finish(seen)
		}, nil
	})
}

// Find commits what the station reported and we could not apply.
func (o *Owner) Find(ctx context.Context, f station.Finding) error {
	return o.settle(ctx, func(context.Context) (*change.Set, func(), error) {
		set := new(change.Set)
		o.report(set, f)
		return set, func() {}, nil
	})
}

// report adds a finding to set, and the event that tells of it.
func (o *Owner) report(set *change.Set, f station.Finding) {
	set.Findings = append(set.Findings, f)
	set.Events = append(set.Events, event.Event{
		Type: event.StationAlerted, Subject: string(o.id),
		Data: station.AlertNotice{Kind: "finding", Code: string(f.Code), Detail: f.Detail},
	})
}

// Alert tells people of what the station reports about itself: security
// events, firmware and log uploads.
func (o *Owner) Alert(ctx context.Context, kind, detail string, at time.Time) error {
	return o.settle(ctx, func(context.Context) (*change.Set, func(), error) {
		set := &change.Set{Events: []event.Event{{
			Type: event.StationAlerted, Subject: string(o.id), At: at, Data: station.AlertNotice{Kind: kind, Detail: detail},
		}}}
		return set, func() {}, nil
	})
}
