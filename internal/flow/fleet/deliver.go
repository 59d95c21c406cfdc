package fleet

import (
	"context"
	"maps"
	"slices"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/event"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// deliverTerm bounds the wait for a station's turn: longer than a commit on a
// busy disk, shorter than any command's deadline.
const deliverTerm = 15 * time.Second

// asked is a command that this owner sends or has sent.
type asked struct {
	command command.Command
	waiter  chan<- Answered // of a caller who waits; nil: nobody
	raw     command.Input   // of a raw call, what it asks for in our own words
	means   command.Type    // of a raw call, the command that it is like; "" for none
}

// reply answers the caller who waits, once.
func (a *asked) reply(answer Answered) {
	if a.waiter != nil {
		a.waiter <- answer
		a.waiter = nil
	}
}

// deliver gives a command to the connection, once. answered, when not nil,
// gets the station's answer (it needs room for one).
func (o *Owner) deliver(c command.Command, answered chan<- Answered) {
	ctx, cancel := context.WithTimeout(context.Background(), deliverTerm)
	defer cancel()
	if err := o.take(ctx); err != nil {
		(&asked{waiter: answered}).reply(o.unanswered(fault.CodeOf(err)))
		return
	}
	defer o.yield()
	o.deliverInTurn(ctx, c, answered)
}

func (o *Owner) deliverInTurn(ctx context.Context, c command.Command, answered chan<- Answered) {
	if _, known := o.asked[c.ID]; known {
		return
	}
	a := &asked{command: c, waiter: answered}
	switch {
	case o.left.Load() != nil:
		a.reply(o.unanswered(codeClosed)) // its row waits for the next socket
		return
	case len(o.asked) >= askedMax && waits(&c):
		return // its row waits for room
	}
	o.keep(a)
	if c.State != command.Queued {
		return // sent by an older connection: its effect may still be seen
	}
	o.fleet.leaders.note(c.Input.Under)
	err := o.fleet.leaders.outdated(&c)
	if err == nil {
		err = o.conn.Do(c)
	}
	switch {
	case err == nil:
	case fault.Is(err, fault.Exhausted) && waits(&c):
		o.drop(c.ID)
	default:
		refused := Answered{State: command.Rejected, Final: true, ErrorCode: fault.CodeOf(err), ErrorDetail: err.Error(), At: o.fleet.clock.Now()}
		if err := o.answeredInTurn(ctx, c.ID, refused); err != nil {
			o.fleet.log.Warn("command not ended", "command", c.ID, "error", err)
		}
	}
}

// waits reports whether a command can be sent from its row later: the body of
// a raw call and a password are never stored.
func waits(c *command.Command) bool { return c.Type != command.Raw && c.Type != command.SetPassword }

// takeUp delivers a command as its row has it. Only with the turn.
func (o *Owner) takeUp(ctx context.Context, c command.Command) error {
	if c.State == command.Queued {
		if by := c.Input.Under; by != (lease.Grant{}) { // a successor may have spoken to an owner before us
			at, err := o.fleet.store.Lease(ctx, by.Name)
			if err != nil {
				return err
			}
			o.fleet.leaders.note(lease.Grant{Name: by.Name, Epoch: at.Epoch})
		}
		if !waits(&c) {
			return nil // its caller delivers it, or its deadline ends it
		}
		if c.Type == command.Start { // the row names the token by our id alone
			t, err := found(o.fleet.store.Token(ctx, c.Organisation, c.Input.Token))
			if t == nil {
				return err // deleted: the deadline ends it
			}
			c.Input.TokenUID, c.Input.TokenType = t.UID, t.Type
		}
	}
	o.deliverInTurn(ctx, c, nil)
	return nil
}

// keep and drop change what is asked. Only with the turn.
func (o *Owner) keep(a *asked) {
	if o.asked == nil {
		o.asked = make(map[ident.CommandID]*asked)
	}
	o.asked[a.command.ID] = a
	o.pending.Store(int32(len(o.asked))) //nolint:gosec // askedMax, and those whose callers wait
}

func (o *Owner) drop(id ident.CommandID) {
	delete(o.asked, id)
	o.pending.Store(int32(len(o.asked))) //nolint:gosec // as above
}

// inOrder returns which commands are asked, oldest first: what is told of
// several is told in their order. Only with the turn.
func (o *Owner) inOrder() []ident.CommandID { return slices.Sorted(maps.Keys(o.asked)) }

// review brings what is asked up to date with its rows: others end commands,
// too, and a commit may have landed unseen. Only with the turn.
func (o *Owner) review(ctx context.Context) error {
	for id, a := range o.asked {
		c, err := found(o.fleet.store.Command(ctx, o.station.Organisation, id))
		switch {
		case err != nil:
			return err
		case c == nil || c.Finished():
			a.reply(o.unanswered(codeNoAnswer))
			o.drop(id)
		default:
			c.Input = a.command.Input // with what is never stored
			a.command = *c
		}
	}
	return nil
}

// The codes of a call that has no answer, or did not leave.
const (
	codeClosed   = "station_closed"
	codeNoAnswer = "no_answer"
	codeOutdated = "lease_outdated"
	codeUnwanted = "station_not_automated"
	codeCharges  = "station_charges"
)

// unanswered is what a caller gets to whom no answer will come.
func (o *Owner) unanswered(code string) Answered {
	return Answered{State: command.TimedOut, Final: true, ErrorCode: code, At: o.fleet.clock.Now()}
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
		if err := o.outdated(&a.command); err != nil {
			return nil, nil, err
		}
		c := a.command
		c.State, c.Action, c.Payload, c.SentAt = command.Sent, s.Action, s.Payload, s.At
		c.Version++
		set := &change.Set{Commands: []command.Command{c}, Events: []event.Event{commandEvent(event.CommandUpdated, &c)}}
		return set, func() {
			a.command, a.means, a.raw = c, s.Means, s.Input
			o.expect(a)
			o.fleet.announce(id)
		}, nil
	})
}

// outdated reports why a command must not leave any more: the leader that
// ordered it has a successor who has spoken; what Pylon thought of by itself an
// operator has switched off, or a driver came.
func (o *Owner) outdated(c *command.Command) error {
	if err := o.fleet.leaders.outdated(c); err != nil {
		return err
	}
	switch {
	case !c.Input.Unasked:
		return nil
	case !o.tended():
		return fault.New(fault.Conflict, codeUnwanted)
	case c.Type == command.Reset && len(o.open) > 0:
		return fault.New(fault.Conflict, codeCharges)
	}
	return nil
}

// CommandAnswered takes in what became of a command. An answer to a command
// that has ended already (its effect was seen first, its time was over)
// changes nothing.
func (o *Owner) CommandAnswered(ctx context.Context, id ident.CommandID, answer Answered) error {
	if err := o.take(ctx); err != nil {
		return err
	}
	defer o.yield()
	err := o.answeredInTurn(ctx, id, answer)
	if err == nil {
		o.goOn(ctx)
	}
	return err
}

func (o *Owner) answeredInTurn(ctx context.Context, id ident.CommandID, answer Answered) error {
	return o.settleInTurn(ctx, func(ctx context.Context) (*change.Set, func(), error) {
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
		learnt, err := o.learn(ctx, set, a, &answer)
		if err != nil {
			return nil, nil, err
		}
		return set, func() {
			learnt()
			o.stepped(a, &answer)
			a.command = c
			a.reply(answer)
			o.follow(a, &answer)
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
		o.asked[id].reply(o.unanswered(codeNoAnswer))
		o.drop(id)
		o.lapsed(id)
		o.fleet.announce(id)
	}
}

// observe ends the commands whose effect is seen now, in set, and returns their
// identifiers for finish. One that was not sent has none. A station that does
// as it is told ignores commands no longer.
func (o *Owner) observe(ctx context.Context, set *change.Set, effect func(*command.Command) bool) ([]ident.CommandID, error) {
	var ids []ident.CommandID
	for _, id := range o.inOrder() {
		a := o.asked[id]
		if a.command.State == command.Queued || !effect(&a.command) {
			continue
		}
		c := a.command.End(command.Observed, "", "", o.fleet.clock.Now())
		set.Commands = append(set.Commands, c)
		set.Events = append(set.Events, commandEvent(event.CommandFinished, &c))
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return ids, o.explained(ctx, set, station.CommandIgnored)
}

// observeReport sees starts and stops that we asked for.
func (o *Owner) observeReport(ctx context.Context, set *change.Set, out *session.Outcome, remote *session.RemoteStart) ([]ident.CommandID, error) {
	if len(o.asked) == 0 {
		return nil, nil
	}
	return o.observe(ctx, set, func(c *command.Command) bool {
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
func (o *Owner) observeBoot(ctx context.Context, set *change.Set) ([]ident.CommandID, error) {
	return o.observe(ctx, set, func(c *command.Command) bool { return c.Type == command.Reset })
}

// observeStatus sees changes of availability. That a connector is not
// unavailable says little while the station has not said yes.
func (o *Owner) observeStatus(ctx context.Context, set *change.Set, r station.StatusReport) ([]ident.CommandID, error) {
	return o.observe(ctx, set, func(c *command.Command) bool {
		return c.Type == command.ChangeAvailability && (!c.Input.Operative || c.State == command.Accepted) &&
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
		if err := o.takeUp(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// abandon tells the callers who wait that no answer will come. Only with the
// turn.
func (o *Owner) abandon() {
	for _, a := range o.asked {
		a.reply(o.unanswered(codeClosed))
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
		for _, id := range o.inOrder() {
			a := o.asked[id]
			due := a.command.Deadline
			if a.waiter != nil {
				due = due.Add(answerGrace) // the edge's own time-out knows better why
			}
			if now.Before(due) {
				continue
			}
			c := a.command.Expire(now)
			set.Commands = append(set.Commands, c)
			set.Events = append(set.Events, commandEvent(event.CommandFinished, &c))
			if o.ignored(&a.command) {
				o.report(set, nothingHappened(&a.command))
			}
			ids = append(ids, id)
		}
		if len(ids) == 0 {
			return nil, nil, nil
		}
		return set, func() { o.finish(ids) }, nil
	})
}
