package fleet

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/device"
	"pylon/internal/domain/event"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// How stations are looked after.
const (
	// looksPerSecond bounds how many stations a node begins, or goes on, to look
	// through: each gives some dozen reports. Ten thousand that reconnect at
	// once take eight minutes, and their sessions notice nothing.
	looksPerSecond = 20
	connectRest    = 10 * time.Second // for a station that connects to boot first
	bootRest       = 5 * time.Second  // for what a station has queued up while it was away
	stepTerm       = time.Minute      // for the answer to one step
	reportQuiet    = 2 * time.Minute  // between two parts of a report: it has broken off then
	reportPause    = 2 * time.Minute  // for a station that cannot give one just now. Source: OCPP 2.0.1 part 2, B07.FR.13
	partsMax       = 5000             // of a report: one for each variable that a station may have, and more
	verifyEvery    = 24 * time.Hour   // whether a station is still as desired
)

// care is how an owner looks after its station's device: it asks what is not
// known, sets what is not as desired and sees whether it was. It is of the
// turn, but for due.
type care struct {
	due     atomic.Int64        // when to look again, in microseconds; 0: when something happens
	work    *work               // nil while there is nothing to do
	reports map[int]*collecting // that were asked for, by requestId; nil when none, reportsMax at most
}

// work is one survey under way.
type work struct {
	began   bool           // what is desired was brought in line with the boot and the template
	device  *device.Device // as committed; nil: it is to be read
	survey  device.Survey
	step    device.Step
	command ident.CommandID // that the step is; "" for none
	until   time.Time       // when it is over at the latest
	request int             // of the report that the step is; 0 for none
	quiet   time.Time       // when that has broken off; zero: nothing more of it is to come
	told    bool            // the report came to an end
	pause   time.Time       // until when the station cannot give one, as it says
	ended   bool            // the command was answered, or its time is over
	failed  string          // why it came to nothing; "" when it did not
	refused bool            // by the station, which would do so again
}

// at has the owner look after its station at t, or before.
func (c *care) at(t time.Time) {
	us := t.UnixMicro()
	for { // templates change without the turn
		due := c.due.Load()
		if due != 0 && due <= us || c.due.CompareAndSwap(due, us) {
			return
		}
	}
}

// anew begins a survey after a boot.
func (c *care) anew(at time.Time, interrupted int) {
	if c.work.reporting() {
		interrupted++
	}
	c.work = &work{survey: device.Survey{Booted: true, Watch: true}}
	c.work.survey.Interrupted(interrupted)
	c.reports = nil
	c.due.Store(at.UnixMicro())
}

// reporting reports whether the station is asked for a report, or gives it.
func (w *work) reporting() bool {
	return w != nil && w.step.Kind == device.StepReport && !w.told && w.failed == ""
}

// forget has the device read anew.
func (c *care) forget() {
	if c.work != nil {
		c.work.device = nil
	}
}

// report returns the report that a part is of, nil when nobody asked for it.
// The answer of a 1.6 station is a report in one part.
func (c *care) report(p *device.Part) *collecting {
	if p.RequestID == 0 {
		if p.Scope == device.ScopeFull {
			return &collecting{scope: p.Scope, whole: true}
		}
		return nil
	}
	report := c.reports[p.RequestID]
	if report != nil && p.SeqNo > report.next {
		report.broken = true
	}
	return report
}

// received notes a part of a report whose commit is done.
func (c *care) received(p *device.Part, named device.Seen, keys bool, now time.Time) {
	w := c.work
	if w != nil {
		w.survey.Had(named)
	}
	report := c.report(p)
	if report == nil {
		return
	}
	report.next = max(report.next, p.SeqNo+1)
	if report.seen == nil {
		report.seen = make(device.Seen)
	}
	report.seen.Add(*p)
	ours := w != nil && w.step.Kind == device.StepReport && (p.RequestID == w.request || keys && p.RequestID == 0)
	if p.More {
		if ours {
			c.awaitPart(report, now)
		}
		return
	}
	delete(c.reports, p.RequestID)
	if !ours {
		return
	}
	switch {
	case report.broken:
		w.survey.BrokeOff(keys)
	case len(report.seen) == 0:
		w.survey.Fallback(keys)
	default:
		w.survey.Watch = w.survey.Watch || w.survey.Level == device.LevelFull
		w.survey.Level = device.LevelDone
	}
	w.over()
	c.at(now)
}

// watched notes a part of a report about monitors whose commit is done.
func (c *care) watched(p *device.Part, now time.Time) {
	report := c.report(p)
	if report == nil {
		return
	}
	w := c.work
	report.next = max(report.next, p.SeqNo+1)
	ours := w != nil && w.step.Kind == device.StepMonitors && p.RequestID == w.request
	if p.More {
		if ours {
			c.awaitPart(report, now)
		}
		return
	}
	delete(c.reports, p.RequestID)
	if ours {
		w.survey.Watch = report.broken && w.survey.Watch
		w.over()
		c.at(now)
	}
}

// awaitPart gives the report of the step time for one more part. One without
// an end gets no more, and breaks off.
func (c *care) awaitPart(report *collecting, now time.Time) {
	if report.next < partsMax {
		c.work.quiet = now.Add(reportQuiet)
		c.due.Store(c.work.quiet.UnixMicro())
	}
}

// over notes that the report of the step came to an end.
func (w *work) over() { w.request, w.quiet, w.told = 0, time.Time{}, true }

// wakeForDrift looks after the station when a value has moved away from what
// is desired.
func (o *Owner) wakeForDrift(r *revision) {
	for i := range r.update.Desired {
		if r.update.Desired[i].State == device.Drifted {
			o.care.at(o.fleet.clock.Now())
			return
		}
	}
}

// tend looks after the stations that are due, a bounded number at a time, the
// others the next time.
func (f *Fleet) tend(ctx context.Context) error {
	now := f.clock.Now()
	if err := f.noticeTemplates(ctx, now); err != nil {
		return err
	}
	looks := 0
	var errs []error
	for _, o := range f.owners() {
		due := o.care.due.Load()
		if due == 0 || now.UnixMicro() < due || o.busy() || o.left.Load() != nil {
			continue
		}
		err := unless(o.look(ctx), change.ErrSuperseded)
		if err != nil {
			o.care.at(now.Add(retryLook))
		}
		if fault.Is(err, fault.Unavailable) {
			return err
		}
		errs = append(errs, err)
		if looks++; looks >= looksPerSecond {
			break
		}
	}
	return errors.Join(errs...)
}

// noticeTemplates has all stations of an organisation looked after when one
// of its templates has changed.
func (f *Fleet) noticeTemplates(ctx context.Context, now time.Time) error {
	owners := f.owners()
	changed := make(map[ident.OrganisationID]bool)
	for _, o := range owners {
		st := o.view.Load()
		if st == nil { // it is claimed at this moment, and not loaded yet
			continue
		}
		org := st.Organisation
		if _, known := changed[org]; known {
			continue
		}
		templates, err := f.templates.get(ctx, org)
		if err != nil {
			return err
		}
		changed[org] = f.edition.moved(org, templates)
	}
	for _, o := range owners {
		if st := o.view.Load(); st != nil && changed[st.Organisation] {
			o.care.at(now)
		}
	}
	return nil
}

// look does the next thing for the station's device.
func (o *Owner) look(ctx context.Context) error {
	if err := o.take(ctx); err != nil {
		return err
	}
	defer o.yield()
	return o.lookInTurn(ctx)
}

func (o *Owner) lookInTurn(ctx context.Context) error {
	o.care.due.Store(0)
	if !o.tended() || o.station.BootedAt.IsZero() || o.left.Load() != nil {
		o.care.work = nil // what changes that begins anew
		return nil
	}
	now := o.fleet.clock.Now()
	if o.care.work == nil {
		o.care.work = new(work)
		o.care.work.survey.Interrupted(o.fleet.unfinished.times(o.id, now))
	}
	w := o.care.work
	if w.command != "" && !w.ended {
		if now.Before(w.until) {
			o.care.due.Store(w.until.UnixMicro()) // its answer comes, or its deadline
			return nil
		}
		w.ended, w.failed = true, codeNoAnswer
	}
	if err := o.conclude(ctx, w, now); err != nil {
		return err
	}
	if !w.quiet.IsZero() {
		o.care.due.Store(w.quiet.UnixMicro()) // its report comes in
		return nil
	}
	if now.Before(w.pause) {
		o.care.due.Store(w.pause.UnixMicro())
		return nil
	}
	template := o.settings(ctx)
	if err := o.prepare(ctx, w, template, now); err != nil {
		return err
	}
	known, err := o.device(ctx)
	if err != nil {
		return err
	}
	k := device.Known{
		Now: now, Keys: o.link.OCPP == station.OCPP16, Firmware: o.station.Firmware, Idle: len(o.open) == 0,
		Reboot: known.Record.Reboot, Device: *known, Survey: w.survey,
	}
	if k.Reboot == "" {
		k.Reboot = template.Reboot
	}
	w.survey.Level = k.Due()
	step := device.Next(k)
	if step.Kind == device.StepNone {
		return o.restUntil(ctx, step.Until, now)
	}
	return o.ask(ctx, w, step, now)
}

// tended reports whether Pylon may ask the station anything by itself.
func (o *Owner) tended() bool {
	return o.station.Automation && o.station.Registration == station.Accepted
}

// restUntil ends a survey.
func (o *Owner) restUntil(ctx context.Context, until, now time.Time) error {
	err := o.checked(ctx, now)
	o.care.work = nil
	if verify := now.Add(verifyEvery); until.IsZero() || verify.Before(until) {
		until = verify
	}
	o.care.at(until)
	return err
}

// checked notes that the inventory was gone through, however much it gave.
func (o *Owner) checked(ctx context.Context, now time.Time) error {
	known, err := o.device(ctx)
	if err != nil {
		return err
	}
	k := device.Known{Now: now, Firmware: o.station.Firmware, Device: *known}
	if k.Due() != device.LevelFull {
		return nil
	}
	return o.settleInTurn(ctx, func(ctx context.Context) (*change.Set, func(), error) {
		r, err := o.revision(ctx)
		if err != nil {
			return nil, nil, err
		}
		r.merge(device.Checked(r.now.Model, o.station.Firmware, now))
		set := new(change.Set)
		return set, r.into(set), nil
	})
}

// settings returns what the station's template says, none when none matches.
func (o *Owner) settings(ctx context.Context) station.Template {
	templates, err := o.fleet.templates.get(ctx, o.station.Organisation)
	if err != nil {
		o.fleet.log.Warn("templates not read", "station", o.id, "error", err)
	}
	t, _ := station.Choose(templates, o.station.Vendor, o.station.Model, o.station.Firmware)
	return t
}

// prepare brings what is desired in line with the template and with a boot.
func (o *Owner) prepare(ctx context.Context, w *work, template station.Template, now time.Time) error {
	return o.settleInTurn(ctx, func(ctx context.Context) (*change.Set, func(), error) {
		r, err := o.revision(ctx)
		if err != nil {
			return nil, nil, err
		}
		_, changed, gone := device.Adopt(r.now.Desired, template.Settings, now)
		r.rows(changed, gone)
		r.rows(device.Settle(r.now.Desired, r.now.Model, w.survey.Read, now), nil)
		if w.survey.Booted && !w.began {
			renewed := len(r.was.Model) > 0 && r.was.Model[0].Firmware != o.station.Firmware
			r.rows(device.Booted(r.now.Desired, renewed, now), nil)
		}
		set := new(change.Set)
		then := r.into(set)
		if set.Device == nil {
			w.began = true
			return nil, nil, nil
		}
		return set, func() { then(); w.began = true }, nil
	})
}

// conclude takes in how the last step ended.
func (o *Owner) conclude(ctx context.Context, w *work, now time.Time) error {
	step, failed, refused, told := w.step, w.failed, w.refused, w.told
	if failed == "" && !w.quiet.IsZero() {
		if now.Before(w.quiet) {
			return nil
		}
		failed = "broke_off"
	}
	*w = work{began: w.began, device: w.device, survey: w.survey}
	switch step.Kind {
	case device.StepReport:
		keys := o.link.OCPP == station.OCPP16
		switch {
		case told: // by its last part
			o.fleet.unfinished.done(o.id)
		case refused:
			w.survey.Fallback(keys)
		default:
			w.survey.BrokeOff(keys)
			if failed == "Rejected" {
				w.pause = now.Add(reportPause)
			}
		}
	case device.StepMonitors:
		w.survey.Watch = w.survey.Watch && !refused
	case device.StepRead:
		if failed != "" && len(step.Settings) > 1 && !w.survey.Alone {
			w.survey.Alone = true
			return nil
		}
		w.survey.Missed(step.Settings)
	case device.StepWrite:
		return o.unset(ctx, w, step, failed, now)
	case device.StepReset:
		w.survey.Reset = failed != codeCharges // somebody was quicker: when he has gone
	case device.StepNone:
	}
	return nil
}

// unset takes in that values could not be set.
func (o *Owner) unset(ctx context.Context, w *work, step device.Step, failed string, now time.Time) error {
	switch {
	case failed == "":
		return nil
	case len(step.Settings) > 1 && !w.survey.Alone:
		w.survey.Alone = true
		return nil
	}
	return o.settleInTurn(ctx, func(ctx context.Context) (*change.Set, func(), error) {
		r, err := o.revision(ctx)
		if err != nil {
			return nil, nil, err
		}
		r.rows(device.Failed(r.now.Desired, step.Settings, failed, now), nil)
		set := new(change.Set)
		return set, r.into(set), nil
	})
}

// ask makes a step a command of our own and gives it to the connection.
func (o *Owner) ask(ctx context.Context, w *work, step device.Step, now time.Time) error {
	c := command.Command{
		ID: ident.New[ident.CommandID](now), Organisation: o.station.Organisation, Station: o.id, State: command.Queued,
		Deadline: now.Add(stepTerm), CreatedAt: now, Version: 1,
	}
	switch step.Kind {
	case device.StepReport:
		c.Type, c.Input = command.ReportVariables, command.Input{Scope: step.Scope, RequestID: newRequestID()}
	case device.StepMonitors:
		c.Type, c.Input = command.ReportMonitors, command.Input{RequestID: newRequestID()}
		w.survey.Watches++
	case device.StepRead:
		c.Type, c.Input = command.ReadVariables, command.Input{Variables: step.Settings}
	case device.StepWrite:
		c.Type, c.Input = command.WriteVariables, command.Input{Variables: step.Settings}
	case device.StepReset:
		c.Type = command.Reset
		w.survey.Reset = true
	case device.StepNone:
		return nil
	}
	c.Input.Unasked = true
	err := o.settleInTurn(ctx, func(ctx context.Context) (*change.Set, func(), error) {
		set := &change.Set{Commands: []command.Command{c}, Events: []event.Event{commandEvent(event.CommandCreated, &c)}}
		then := func() {}
		if step.Kind == device.StepReset {
			r, err := o.revision(ctx)
			if err != nil {
				return nil, nil, err
			}
			r.rows(device.Resetting(r.now.Desired, now), nil)
			then = r.into(set)
		}
		return set, func() {
			then()
			w.step, w.command, w.request, w.until = step, c.ID, c.Input.RequestID, c.Deadline.Add(retryLook)
		}, nil
	})
	if err != nil {
		o.care.at(now.Add(retryLook))
		return err
	}
	o.deliverInTurn(ctx, c, nil)
	o.care.at(w.until) // should nobody tell how it ended
	return nil
}

// retryLook is how long a look waits that could not be finished.
const retryLook = 30 * time.Second

// unfinished counts, for each station, the reports in the middle of which it
// left. It is the node's and not an owner's: a report that makes a station
// restart shall not do so for ever. The zero value has counted none.
type unfinished struct {
	mu sync.Mutex
	of map[ident.StationID]unfinishedOf
}

type unfinishedOf struct {
	times int
	last  time.Time
}

// unfinishedTerm is how long that is remembered.
const unfinishedTerm = 24 * time.Hour

// times returns how often a station has left in the middle of a report lately.
func (u *unfinished) times(id ident.StationID, now time.Time) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	if of := u.of[id]; now.Sub(of.last) < unfinishedTerm {
		return of.times
	}
	delete(u.of, id)
	return 0
}

func (u *unfinished) left(id ident.StationID, now time.Time) {
	times := u.times(id, now) + 1
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.of == nil {
		u.of = make(map[ident.StationID]unfinishedOf)
	}
	u.of[id] = unfinishedOf{times, now}
}

func (u *unfinished) done(id ident.StationID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.of, id)
}

// newRequestID returns a number that ties the parts of a report to its request.
func newRequestID() int { return 1 + rand.IntN(1<<31-1) }

// lapsed notes that a command ended without an answer. Only with the turn.
func (o *Owner) lapsed(id ident.CommandID) {
	if w := o.care.work; w != nil && w.command == id && !w.ended {
		w.ended, w.failed = true, codeNoAnswer
		o.care.at(o.fleet.clock.Now())
	}
}

// goOn takes the next step when the last one has ended. Only with the turn.
func (o *Owner) goOn(ctx context.Context) {
	w := o.care.work
	if w == nil || w.command == "" || !w.ended {
		return
	}
	if err := o.lookInTurn(ctx); err != nil && !fault.Is(err, fault.Stale) {
		o.care.at(o.fleet.clock.Now().Add(retryLook))
		o.fleet.log.Warn("device not looked after", "station", o.id, "error", err)
	}
}
