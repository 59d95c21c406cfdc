package fleet

import (
	"context"
	"maps"
	"slices"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/device"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/ident"
)

// collecting is a report of which parts come in.
type collecting struct {
	scope    device.Scope
	whole    bool // it is about everything, not about some variables
	next     int  // the seqNo that is due
	broken   bool // one was missing
	seen     device.Seen
	monitors []device.Monitor
}

// reportsMax bounds the reports that a station may be giving at a time: ours
// and those that people ask for by hand.
const reportsMax = 4

// Inventory takes in a part of what the station reports about itself. It
// returns after the commit. A full inventory of which every part came ends
// with what it did not name being no more.
func (o *Owner) Inventory(ctx context.Context, p device.Part) error {
	return o.settle(ctx, func(ctx context.Context) (*change.Set, func(), error) {
		r, err := o.revision(ctx)
		if err != nil {
			return nil, nil, err
		}
		how := device.ByReport
		if p.RequestID == 0 && p.Scope == device.ScopeSome {
			how = device.ByRead
		}
		r.merge(device.Merge(r.now.Model, p, how))
		named := make(device.Seen)
		named.Add(p)
		report := o.care.report(&p)
		if end := !p.More && report != nil; end {
			o.endReport(r, report, named, p.ReceivedAt)
		}
		r.rows(device.Judge(r.now.Desired, r.now.Model, named, p.ReceivedAt), nil)
		set := new(change.Set)
		then := r.into(set)
		return set, func() {
			then()
			o.care.received(&p, named, o.link.OCPP == station.OCPP16, o.fleet.clock.Now())
			o.wakeForDrift(r)
		}, nil
	})
}

// endReport takes in that a report is over: what a whole one does not name is
// no more, and there is no need to ask again soon.
func (o *Owner) endReport(r *revision, report *collecting, last device.Seen, at time.Time) {
	if report.broken || len(report.seen)+len(last) == 0 || !report.whole {
		return
	}
	if report.scope == device.ScopeFull {
		seen := maps.Clone(last)
		maps.Copy(seen, report.seen)
		r.merge(device.Complete(r.now.Model, seen, o.station.Firmware, at))
		r.merge(device.Checked(r.now.Model, o.station.Firmware, at))
	}
}

// Monitors takes in a part of what the station reports about its monitors. It
// returns after the commit.
func (o *Owner) Monitors(ctx context.Context, p device.MonitorPart) error {
	return o.settle(ctx, func(ctx context.Context) (*change.Set, func(), error) {
		r, err := o.revision(ctx)
		if err != nil {
			return nil, nil, err
		}
		part := device.Part{RequestID: p.RequestID, SeqNo: p.SeqNo, More: p.More}
		report := o.care.report(&part)
		if report != nil && !p.More && !report.broken && report.whole {
			r.merge(device.Watching(r.now.Model, slices.Concat(report.monitors, p.Monitors), true))
		} else {
			r.merge(device.Watching(r.now.Model, p.Monitors, false))
		}
		set := new(change.Set)
		then := r.into(set)
		return set, func() {
			then()
			if report != nil && len(report.monitors) < device.MonitorsMax {
				report.monitors = append(report.monitors, p.Monitors...)
			}
			o.care.watched(&part, o.fleet.clock.Now())
		}, nil
	})
}

// Happened takes in what the station tells of its variables, in the order of
// the message. It returns after the commit. What is severe enough is a finding
// until the station clears it. Source: OCPP 2.0.1 part 2, N07, N08.
func (o *Owner) Happened(ctx context.Context, all []device.Happening) error {
	return o.settle(ctx, func(ctx context.Context) (*change.Set, func(), error) {
		r, err := o.revision(ctx)
		if err != nil {
			return nil, nil, err
		}
		set := new(change.Set)
		named := make(device.Seen)
		alerts := alerts{revision: r, set: set}
		r.merge(device.Told(r.now.Model, all))
		for i := range all {
			named.Add(device.Part{Variables: []device.Variable{{Name: all[i].Name}}})
			h, ok := all[i].Keep(r.was.Model)
			if !ok {
				continue
			}
			if err := alerts.judge(ctx, &h); err != nil {
				return nil, nil, err
			}
			r.update.Happenings = append(r.update.Happenings, h)
		}
		r.rows(device.Judge(r.now.Desired, r.now.Model, named, o.fleet.clock.Now()), nil)
		then := r.into(set)
		return set, func() { then(); o.wakeForDrift(r) }, nil
	})
}

// alertsMax bounds the alerts that a station has open at a time, and those that
// one message raises: who has more is looked at anyway.
const alertsMax = 100

// alerts are what one message of a station raises and clears.
type alerts struct {
	*revision
	set    *change.Set
	open   map[string]ident.FindingID // by key; nil: not read yet
	raised int                        // by this message
}

// judge raises the finding of a happening, or resolves the one that it clears.
func (a *alerts) judge(ctx context.Context, h *device.Happening) error {
	raises, clears := h.Judge(a.now.Model)
	if !raises && !clears {
		return nil
	}
	if a.open == nil {
		var err error
		if a.open, err = a.owner.fleet.store.OpenAlerts(ctx, a.owner.id); err != nil {
			return err
		}
	}
	key := h.AlertKey()
	finding, open := a.open[key]
	switch {
	case raises && !open && len(a.open) < alertsMax && a.raised < alertsMax:
		a.raised++
		finding = ident.New[ident.FindingID](a.owner.fleet.clock.Now())
		a.open[key] = finding
		a.owner.report(a.set, station.Finding{ID: finding, Code: station.DeviceAlert, Action: "NotifyEvent", Detail: h.Text(), At: h.ReceivedAt})
		a.update.Alerts = append(a.update.Alerts, device.Alert{Key: key, Finding: finding})
	case clears && open:
		delete(a.open, key)
		a.resolve(a.set, finding, station.DeviceAlert)
		a.update.Alerts = append(a.update.Alerts, device.Alert{Key: key, Finding: finding, Closed: true})
	}
	return nil
}
