package fleet

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/device"
	"pylon/internal/domain/event"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/ident"
)

// revision is a change of a station's device in the making: what it was, what
// it is to be, and what was learnt on the way.
type revision struct {
	owner   *Owner
	was     device.Device
	now     device.Device
	update  device.Update
	written []int // EVSEs whose documents changed
	dropped []string
}

// revision begins a change of the device as it is in the database. Only with
// the turn.
func (o *Owner) revision(ctx context.Context) (*revision, error) {
	known, err := o.device(ctx)
	if err != nil {
		return nil, err
	}
	return &revision{owner: o, was: *known, now: *known}, nil
}

// device returns the station's device, from memory while it is looked after.
// Only with the turn.
func (o *Owner) device(ctx context.Context) (*device.Device, error) {
	if w := o.care.work; w != nil && w.device != nil {
		return w.device, nil
	}
	model, err := o.fleet.store.Documents(ctx, o.id)
	if err != nil {
		return nil, err
	}
	plan, err := o.fleet.store.Plan(ctx, o.id)
	if err != nil {
		return nil, err
	}
	known := &device.Device{Record: plan.Record, Model: model, Desired: plan.Desired}
	if w := o.care.work; w != nil {
		w.device = known
	}
	return known, nil
}

// merge takes in a merged report.
func (r *revision) merge(m device.Merged) {
	r.now.Model = m.Model
	r.update.Changes = append(r.update.Changes, m.Changes...)
	r.dropped = append(r.dropped, m.Dropped...)
	for _, evse := range m.Written {
		if !slices.Contains(r.written, evse) {
			r.written = append(r.written, evse)
		}
	}
	for _, evse := range m.Gone {
		if slices.ContainsFunc(r.was.Model, func(d device.Document) bool { return d.EVSE == evse }) {
			r.update.Gone = append(r.update.Gone, evse)
		}
	}
}

// rows takes in desired values that changed, or are gone.
func (r *revision) rows(changed, gone []device.Desired) {
	r.now.Desired = device.Replace(r.now.Desired, changed)
	for _, d := range gone {
		r.now.Desired = slices.DeleteFunc(r.now.Desired, func(e device.Desired) bool { return e.Same(d.Setting) })
	}
	r.update.Undesired = append(r.update.Undesired, gone...)
}

// into puts the revision into set, with its findings, its history and its
// index. The function it returns is called once the set is committed.
func (r *revision) into(set *change.Set) (then func()) {
	r.findings(set)
	for i := range r.now.Model {
		d := &r.now.Model[i]
		if !slices.Contains(r.written, d.EVSE) || slices.Contains(r.update.Gone, d.EVSE) {
			continue
		}
		d.Version = 1
		for j := range r.was.Model { // however many steps it took, it is one change
			if r.was.Model[j].EVSE == d.EVSE {
				d.Version += r.was.Model[j].Version
			}
		}
		r.update.Documents = append(r.update.Documents, *d)
	}
	r.update.Indexed, r.update.Unindexed = device.Reindex(
		device.Index(r.was.Model, r.was.Desired), device.Index(r.now.Model, r.now.Desired))
	told := len(r.update.Changes)
	r.update.Changes = last(r.update.Changes, device.ChangesKept)
	r.update.Happenings = last(r.update.Happenings, device.HappeningsKept)
	now := r.owner.fleet.clock.Now()
	for i := range r.update.Changes { // a microsecond apart: they are read in this order
		r.update.Changes[i].ID = ident.New[ident.VariableChangeID](now.Add(time.Duration(i) * time.Microsecond))
	}
	for i := range r.update.Happenings {
		r.update.Happenings[i].ID = ident.New[ident.HappeningID](now.Add(time.Duration(i) * time.Microsecond))
	}
	if len(r.update.Changes)+len(r.update.Desired)+len(r.update.Undesired) > 0 {
		set.Events = append(set.Events, event.Event{
			Type: event.StationDevice, Subject: string(r.owner.id) + "/device", Version: now.UnixMicro(), At: now,
			Data: device.NoticeOf(r.now.Desired, told),
		})
	}
	if !r.update.Empty() {
		set.Device = &r.update
	}
	return func() {
		if w := r.owner.care.work; w != nil {
			w.device = &r.now
		}
		if len(r.update.Documents)+len(r.update.Gone) > 0 {
			r.owner.redraw(r.now.Model)
		}
	}
}

// last returns the end of a list that the store would cut there anyway.
func last[T any](all []T, n int) []T { return all[max(0, len(all)-n):] }

// findings tells people of values that were refused or drifted, of what went
// beyond a bound, and ends what is over.
func (r *revision) findings(set *change.Set) {
	now := r.owner.fleet.clock.Now()
	r.now.Desired = slices.Clone(r.now.Desired)
	for i := range r.now.Desired {
		d := &r.now.Desired[i]
		if trouble := d.Trouble(); trouble != d.Found {
			r.resolve(set, d.Finding, troubleCode(d.Found))
			d.Finding, d.Found = "", trouble
			if trouble != "" {
				d.Finding = ident.New[ident.FindingID](now)
				r.owner.report(set, station.Finding{
					ID: d.Finding, Code: troubleCode(trouble), Detail: d.Name.String() + " is to be " + strconv.Quote(d.Value) + ": " + d.Detail, At: now,
				})
			}
		}
	}
	r.update.Desired = device.Differing(r.was.Desired, r.now.Desired)
	for _, d := range r.update.Undesired {
		r.resolve(set, d.Finding, troubleCode(d.Found))
	}
	if len(r.dropped) > 0 {
		r.owner.report(set, station.Finding{
			Code: station.FrameDropped, Action: "NotifyReport", Detail: "not kept: " + strings.Join(r.dropped, "; "), At: now,
		})
	}
}

func (r *revision) resolve(set *change.Set, id ident.FindingID, code station.FindingCode) {
	if id != "" {
		set.Resolved = append(set.Resolved, station.Resolution{Finding: id, Code: code, At: r.owner.fleet.clock.Now()})
	}
}

func troubleCode(s device.State) station.FindingCode {
	if s == device.Refused {
		return station.SettingRefused
	}
	return station.SettingDrifted
}
