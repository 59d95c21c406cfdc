package fleet

import (
	"context"

	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/device"
	"pylon/internal/domain/station"
)

// asks returns what a command asks in our own words, whoever composed it.
func (a *asked) asks() (command.Type, *command.Input) {
	if a.means != "" {
		return a.means, &a.raw
	}
	return a.command.Type, &a.command.Input
}

// learn puts into set what an answer says of variables and monitors. The
// function it returns is called once the set is committed. Only with the turn.
func (o *Owner) learn(ctx context.Context, set *change.Set, a *asked, answer *Answered) (then func(), err error) {
	if len(answer.Variables)+len(answer.Monitors) == 0 {
		return func() {}, nil
	}
	r, err := o.revision(ctx)
	if err != nil {
		return nil, err
	}
	survey := new(device.Survey)
	if w := o.care.work; w != nil {
		survey = &w.survey
	}
	means, in := a.asks()
	if means == command.WriteVariables {
		r.rows(survey.Learn(r.now.Desired, in.Variables, answer.Variables, answer.At), nil)
		o.wrote(r, in.Variables, answer)
	} else {
		r.rows(survey.Learn(r.now.Desired, nil, answer.Variables, answer.At), nil)
	}
	if len(answer.Monitors) > 0 {
		r.merge(watching(r.now.Model, means, answer.Monitors))
	}
	if means == command.ClearMonitors {
		if err := r.silence(ctx, set, answer); err != nil {
			return nil, err
		}
	}
	done := r.into(set)
	return func() {
		done()
		if means == command.WriteVariables {
			survey.Stale(answer.Variables)
			o.wakeForDrift(r)
		}
	}, nil
}

// wrote takes in values that the station has accepted. What it reads back goes
// before that.
func (o *Owner) wrote(r *revision, sent []device.Setting, answer *Answered) {
	p := device.Part{Scope: device.ScopeSome, OccurredAt: answer.At, ReceivedAt: answer.At}
	for _, said := range answer.Variables {
		for _, s := range sent {
			if said.Status == device.StatusAccepted && s.Same(device.Setting{Name: said.Name, Attribute: said.Attribute}) && r.now.Model.Find(s.Name) != nil {
				p.Variables = append(p.Variables, device.Variable{
					Name: s.Name, Values: []device.Value{{Attribute: said.Attribute, Text: &s.Value}},
				})
			}
		}
	}
	if len(p.Variables) == 0 {
		return
	}
	r.merge(device.Merge(r.now.Model, p, device.BySet))
	named := make(device.Seen)
	named.Add(p)
	r.rows(device.Overridden(r.now.Desired, r.now.Model, named, answer.At), nil)
}

// silence ends the alerts of monitors that are no more: nothing else would.
func (r *revision) silence(ctx context.Context, set *change.Set, answer *Answered) error {
	alerts := alerts{revision: r, set: set}
	for _, m := range answer.Monitors {
		if m.Status != "Accepted" && m.Status != "NotFound" {
			continue
		}
		if err := alerts.judge(ctx, &device.Happening{MonitorID: m.ID, Cleared: true, ReceivedAt: answer.At}); err != nil {
			return err
		}
	}
	return nil
}

// watching returns the model after monitors were set or cleared.
func watching(m device.Model, means command.Type, results []device.MonitorResult) device.Merged {
	var set []device.Monitor
	var cleared []int
	for _, r := range results {
		switch {
		case r.Status != "Accepted":
		case means == command.SetMonitors && r.ID != 0:
			set = append(set, r.Monitor)
		case means == command.ClearMonitors:
			cleared = append(cleared, r.ID)
		}
	}
	if means == command.SetMonitors {
		return device.Watching(m, set, false)
	}
	return device.Unwatching(m, cleared)
}

// expect notes that a call which leaves asks for a report. Only with the turn.
func (o *Owner) expect(a *asked) {
	means, in := a.asks()
	if means != command.ReportVariables && means != command.ReportMonitors || in.RequestID == 0 || o.link.OCPP == station.OCPP16 {
		return
	}
	c := &o.care
	if len(c.reports) >= reportsMax {
		c.reports = nil // they were never ended
	}
	if c.reports == nil {
		c.reports = make(map[int]*collecting)
	}
	c.reports[in.RequestID] = &collecting{scope: in.Scope, whole: len(in.Variables) == 0 && in.Scope != device.ScopeSome}
	if w := c.work; w != nil && w.command == a.command.ID {
		w.quiet = o.fleet.clock.Now().Add(reportQuiet)
	}
}

// stepped notes how the command of a step ended. Only with the turn.
func (o *Owner) stepped(a *asked, answer *Answered) {
	w := o.care.work
	if w == nil || w.command != a.command.ID || w.ended {
		return
	}
	w.ended = true
	switch silent := len(answer.Variables) == 0; {
	case answer.State != command.Accepted && silent:
		w.failed = answer.ErrorCode
		if w.failed == "" {
			w.failed = string(answer.State)
		}
		w.refused = answer.State == command.Rejected && w.failed != "Rejected"
	case w.step.Kind == device.StepWrite && silent: // yes to nothing
		w.failed = codeNoAnswer
	}
	o.care.at(o.fleet.clock.Now())
}
