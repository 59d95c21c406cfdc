package fleet

import (
	"context"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/event"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// deliverTerm bounds the wait for a station's turn: longer than a commit on a
// busy disk, shorter than any command's deadline.
const deliverTerm = 15 * time.Second

// deliver gives a command to the connection, once. answered, when not nil,
// gets the station's answer (it needs room for one).
func (o *Owner) deliver(c command.Command, answered chan<- Answered) {
	ctx, cancel := context.WithTimeout(context.Background(), deliverTerm)
	defer cancel()
	if err := o.take(ctx); err != nil {
		if answered != nil {
			answered <- Answered{State: command.TimedOut, Final: true, ErrorCode: fault.CodeOf(err), At: o.fleet.clock.Now()}
		}
		return
	}
	defer o.yield()
	o.deliverInTurn(ctx, c, answered)
}

func (o *Owner) deliverInTurn(ctx context.Context, c command.Command, answered chan<- Answered) {
	if _, known := o.asked[c.ID]; known {
		return
	}
	if o.asked == nil {
		o.asked = make(map[ident.CommandID]*asked)
	}
	o.asked[c.ID] = &asked{command: c, waiter: answered}
	o.pending.Store(int32(len(o.asked))) //nolint:gosec // bounded by commands a station
	if c.State != command.Queued {
		return // sent by an older connection: its effect may still be seen
	}
	if err := o.conn.Do(c); err != nil {
		a := Answered{State: command.Rejected, Final: true, ErrorCode: fault.CodeOf(err), ErrorDetail: err.Error(), At: o.fleet.clock.Now()}
		if err := o.answeredInTurn(ctx, c.ID, a); err != nil {
			o.fleet.log.Warn("command not ended", "command", c.ID, "error", err)
		}
	}
}

// CommandSent notes that a command is about to leave. An error means that it
// must not: it was cancelled, its time is over, or the database is away.
func (o *Owner) CommandSent(ctx context.Context, id ident.CommandID, s Sent) error {
	return o.settle(ctx, func(context.Context) (*change.Set, func(), error) {
		a := o.asked[id]
		if a == nil {
			return nil, nil, fault.New(fault.Conflict, "command_ended", "command", string(id))
		}
		if !s.At.Before(a.command.Deadline) {
			return nil, nil, fault.New(fault.TimedOut, "command_late", "command", string(id))
		}
		c := a.command
		c.State, c.Action, c.Payload, c.SentAt = command.Sent, s.Action, s.Payload, s.At
		c.Version++
		set := &change.Set{Commands: []command.Command{c}, Events: []event.Event{commandEvent(event.CommandUpdated, &c)}}
		return set, func() { a.command = c; o.fleet.announce(id) }, nil
	})
}

// CommandAnswered takes in what became of a command. An answer to a command
// that has ended already (its effect was seen first, its time was over)
// changes nothing.
func (o *Owner) CommandAnswered(ctx context.Context, id ident.CommandID, answer Answered) error {
	if err := o.take(ctx); err != nil {
		return err
	}
	defer o.yield()
	return o.answeredInTurn(ctx, id, answer)
}

func (o *Owner) answeredInTurn(ctx context.Context, id ident.CommandID, answer Answered) error {
	if a := o.asked[id]; a != nil && a.waiter != nil {
		a.waiter <- answer
		a.waiter = nil
	}
	return o.settleInTurn(ctx, func(context.Context) (*change.Set, func(), error) {
		a := o.asked[id]
		if a == nil {
			return nil, nil, nil
		}
		c := a.command
		c.State, c.Result, c.ErrorCode, c.ErrorDetail = answer.State, answer.Result, answer.ErrorCode, answer.ErrorDetail
		c.Version++
		what := event.CommandUpdated
		if answer.Final || c.State.Final() {
			c.FinishedAt = answer.At
			what = event.CommandFinished
		}
		set := &change.Set{Commands: []command.Command{c}, Events: []event.Event{commandEvent(what, &c)}}
		return set, func() {
			a.command = c
			if c.Finished() {
				o.finish([]ident.CommandID{id})
			} else {
				o.fleet.announce(id)
			}
		}, nil
	})
}

// finish drops commands whose end is committed. Only with the turn.
func (o *Owner) finish(ids []ident.CommandID) {
	for _, id := range ids {
		delete(o.asked, id)
		o.fleet.announce(id)
	}
	if len(ids) > 0 {
		o.pending.Store(int32(len(o.asked))) //nolint:gosec // bounded by commands a station
	}
}

// observe ends the accepted commands whose effect is seen now, in set, and
// returns their identifiers for finish.
func (o *Owner) observe(set *change.Set, effect func(*command.Command) bool) []ident.CommandID {
	var ids []ident.CommandID
	for id, a := range o.asked {
		if a.command.State == command.Queued || !effect(&a.command) {
			continue
		}
		c := a.command.End(command.Observed, "", "", o.fleet.clock.Now())
		set.Commands = append(set.Commands, c)
		set.Events = append(set.Events, commandEvent(event.CommandFinished, &c))
		ids = append(ids, id)
	}
	return ids
}

// observeReport sees starts and stops that we asked for.
func (o *Owner) observeReport(set *change.Set, out *session.Outcome, remote *session.RemoteStart) []ident.CommandID {
	if len(o.asked) == 0 {
		return nil
	}
	return o.observe(set, func(c *command.Command) bool {
		if c.Type == command.Start {
			return remote != nil && int64(c.Input.RemoteStartID) == remote.ID && len(out.Changed) > 0
		}
		for i := range out.Changed {
			s := &out.Changed[i]
			if c.Type == command.Stop && c.Input.TransactionID == s.TransactionID && !s.Status.Open() {
				return true
			}
		}
		return false
	})
}

// observeBoot sees resets.
func (o *Owner) observeBoot(set *change.Set) []ident.CommandID {
	return o.observe(set, func(c *command.Command) bool { return c.Type == command.Reset })
}

// observeStatus sees changes of availability.
func (o *Owner) observeStatus(set *change.Set, r station.StatusReport) []ident.CommandID {
	return o.observe(set, func(c *command.Command) bool {
		return c.Type == command.ChangeAvailability &&
			(c.Input.EVSE == 0 || c.Input.EVSE == r.EVSE) && c.Input.Operative == (r.Status != station.Unavailable)
	})
}

// resume takes up the station's open commands after a connect: those that
// waited are sent, those that were sent may still show their effect.
func (o *Owner) resume(ctx context.Context) error {
	open, err := o.fleet.store.OpenCommands(ctx, o.id)
	if err != nil || len(open) == 0 {
		return err
	}
	if err := o.take(ctx); err != nil {
		return err
	}
	defer o.yield()
	for _, c := range open {
		o.deliverInTurn(ctx, c, nil)
	}
	return nil
}

// abandonInTurn tells the callers who wait that no answer will come.
func (o *Owner) abandonInTurn(code string) {
	for _, a := range o.asked {
		if a.waiter != nil {
			a.waiter <- Answered{State: command.TimedOut, Final: true, ErrorCode: code, At: o.fleet.clock.Now()}
			a.waiter = nil
		}
	}
}

// expire ends the commands whose deadline has passed.
func (o *Owner) expire(ctx context.Context, now time.Time) error {
	if o.pending.Load() == 0 {
		return nil
	}
	return o.settle(ctx, func(context.Context) (*change.Set, func(), error) {
		set := new(change.Set)
		var ids []ident.CommandID
		for id, a := range o.asked {
			if now.Before(a.command.Deadline) || a.waiter != nil {
				continue
			}
			c := a.command.Expire(now)
			set.Commands = append(set.Commands, c)
			set.Events = append(set.Events, commandEvent(event.CommandFinished, &c))
			ids = append(ids, id)
		}
		if len(ids) == 0 {
			return nil, nil, nil
		}
		return set, func() { o.finish(ids) }, nil
	})
}
