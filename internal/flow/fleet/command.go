package fleet

import (
	"context"
	"math/rand/v2"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/event"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Bounds of a command's time.
const (
	commandTerm    = 30 * time.Second // without a wish: what people wait for in front of a screen
	commandTermMax = 7 * 24 * time.Hour
	rawTerm        = 30 * time.Second // a raw call's caller holds a connection open
)

// NewCommand is what a caller wants done.
type NewCommand struct {
	Type        command.Type
	Input       command.Input
	Timeout     time.Duration                             // until the deadline; 0: 30 s; at most a week
	Wait        bool                                      // keep it for a station that is offline
	Idempotency func(command.Command) *change.Idempotency // the answer to keep with the change; nil: none
	Along       func(command.Command, *change.Set)        // puts into the commit what belongs to the command; nil: nothing does
}

// Command asks something of a station. It returns as soon as the command is
// durable; what becomes of it is in its row. An offline station is
// station_offline (Conflict), unless the command waits for it.
func (f *Fleet) Command(ctx context.Context, by account.Actor, ref string, in NewCommand) (command.Command, error) {
	if err := by.Can(account.CommandsWrite); err != nil {
		return command.Command{}, err
	}
	d, err := f.store.Station(ctx, by.Organisation, ref)
	if err != nil {
		return command.Command{}, err
	}
	if err := mayAsk(&d, in.Wait); err != nil {
		return command.Command{}, err
	}
	c, err := f.draft(ctx, by, &d, in)
	if err != nil {
		return command.Command{}, err
	}
	if err := f.record(ctx, by, c, in); err != nil {
		return command.Command{}, err
	}
	if d.Online {
		f.send(d.Node, c)
	}
	return c, nil
}

// mayAsk reports why a station cannot be asked now.
func mayAsk(d *station.Detail, wait bool) error {
	if d.Registration == station.Rejected {
		return fault.New(fault.Conflict, "station_rejected", "station", string(d.Identity))
	}
	if !d.Online && !wait {
		return fault.New(fault.Conflict, "station_offline", "station", string(d.Identity), "since", d.Since.Format(time.RFC3339))
	}
	return nil
}

// draft makes a command of what the caller wants: identifiers looked up, the
// deadline set.
func (f *Fleet) draft(ctx context.Context, by account.Actor, d *station.Detail, in NewCommand) (command.Command, error) {
	now := f.clock.Now()
	if in.Timeout == 0 {
		in.Timeout = commandTerm
	}
	if in.Timeout < 0 || in.Timeout > commandTermMax {
		return command.Command{}, fault.InvalidField("/timeout_s", "out_of_range", "must be between 1 and 604800")
	}
	c := command.Command{
		ID: ident.New[ident.CommandID](now), Organisation: by.Organisation, Station: d.Station.ID,
		Type: in.Type, Input: in.Input, State: command.Queued, Wait: in.Wait, Deadline: now.Add(in.Timeout),
		By: by.Key, CreatedAt: now, Version: 1,
	}
	var err error
	switch {
	case in.Wait && !waits(&c):
		err = fault.InvalidField("/wait", "not_allowed", "a password is not kept for later")
	case in.Type == command.Start:
		err = f.draftStart(ctx, by, &c)
	case in.Type == command.Stop:
		err = f.draftStop(ctx, by, d, &c)
	case in.Type == command.ReportVariables || in.Type == command.ReportMonitors:
		c.Input.RequestID = newRequestID()
		err = command.Check(c)
	case in.Type == command.WriteVariables:
		err = f.draftWrite(ctx, &c)
	default:
		err = command.Check(c)
	}
	return c, err
}

func (f *Fleet) draftWrite(ctx context.Context, c *command.Command) error {
	if err := command.Check(*c); err != nil {
		return err
	}
	m, err := f.store.Documents(ctx, c.Station)
	if err != nil {
		return err
	}
	return readable("/variables", m, c.Input.Variables)
}

func (f *Fleet) draftStart(ctx context.Context, by account.Actor, c *command.Command) error {
	uid := c.Input.TokenUID
	t, err := f.store.TokenByUID(ctx, by.Organisation, uid)
	if fault.Is(err, fault.NotFound) {
		return fault.InvalidField("/token_uid", "token_unknown", "is no token of this organisation")
	}
	if err != nil {
		return err
	}
	c.Input.Token, c.Input.TokenUID, c.Input.TokenType = t.ID, t.UID, t.Type
	c.Input.RemoteStartID = 1 + rand.IntN(1<<31-1)
	return command.Check(*c)
}

func (f *Fleet) draftStop(ctx context.Context, by account.Actor, d *station.Detail, c *command.Command) error {
	if c.Input.Session == "" {
		return command.Check(*c)
	}
	s, err := f.store.Session(ctx, by.Organisation, c.Input.Session)
	if fault.Is(err, fault.NotFound) || err == nil && s.Station != d.Station.ID {
		return fault.InvalidField("/session_id", "session_unknown", "is no session of this station")
	}
	if err != nil {
		return err
	}
	if !s.Status.Open() {
		return fault.New(fault.Conflict, "session_ended", "session", string(s.ID))
	}
	c.Input.TransactionID = s.TransactionID
	return command.Check(*c)
}

// record makes a new command durable, with its audit line.
func (f *Fleet) record(ctx context.Context, by account.Actor, c command.Command, in NewCommand) error {
	set := &change.Set{
		Under:    c.Input.Under,
		Commands: []command.Command{c},
		Events:   []event.Event{commandEvent(event.CommandCreated, &c)},
		Audits: []account.Audit{{
			ID: ident.New[ident.AuditID](c.CreatedAt), Organisation: by.Organisation, By: by.Key, ByName: by.Name,
			Action: "command.create", Subject: string(c.ID), At: c.CreatedAt, Detail: `{"type":"` + string(c.Type) + `","station":"` + string(c.Station) + `"}`,
		}},
	}
	if in.Idempotency != nil {
		set.Idempotency = in.Idempotency(c)
	}
	if in.Along != nil {
		in.Along(c, set)
	}
	return f.store.Commit(ctx, set)
}

// commandEvent is the event that tells of c.
func commandEvent(t event.Type, c *command.Command) event.Event {
	return event.Event{
		Type: t, Organisation: c.Organisation, Station: c.Station, Subject: string(c.ID), Version: c.Version,
		At: c.CreatedAt, Data: command.NoticeOf(c),
	}
}

// CancelCommand ends a command that has not been sent. One that is on its way
// cannot be called back: Conflict.
func (f *Fleet) CancelCommand(ctx context.Context, by account.Actor, id ident.CommandID) (command.Command, error) {
	if err := by.Can(account.CommandsWrite); err != nil {
		return command.Command{}, err
	}
	for {
		c, err := f.store.Command(ctx, by.Organisation, id)
		if err != nil {
			return c, err
		}
		if c.State != command.Queued || c.Finished() {
			return c, fault.New(fault.Conflict, "command_sent", "command", string(id), "state", string(c.State))
		}
		now := f.clock.Now()
		next := c.End(command.Cancelled, "cancelled", "", now)
		set := &change.Set{
			Commands: []command.Command{next},
			Events:   []event.Event{commandEvent(event.CommandFinished, &next)},
			Audits: []account.Audit{{
				ID: ident.New[ident.AuditID](now), Organisation: by.Organisation, By: by.Key, ByName: by.Name,
				Action: "command.cancel", Subject: string(id), At: now, Detail: "{}",
			}},
		}
		err = f.store.Commit(ctx, set)
		if !fault.Is(err, fault.Stale) {
			f.announce(id)
			return next, err
		}
	}
}

// AwaitCommand waits until the command is as enough wants it, or ctx ends, and
// returns how it stands then.
func (f *Fleet) AwaitCommand(ctx context.Context, by account.Actor, id ident.CommandID, enough func(command.Command) bool) (command.Command, error) {
	if err := by.Can(account.CommandsRead); err != nil {
		return command.Command{}, err
	}
	woken, cancel, err := f.bus.Watch(string(id))
	if err != nil {
		return command.Command{}, err
	}
	defer cancel()
	for {
		c, err := f.store.Command(context.WithoutCancel(ctx), by.Organisation, id)
		if err != nil || enough(c) || c.Finished() {
			return c, err
		}
		select {
		case <-woken:
		case <-f.clock.After(awaitPoll): // the hint may be lost
		case <-ctx.Done():
			return c, nil
		}
	}
}

const awaitPoll = time.Second

// announce tells those who wait for a command that it has moved.
func (f *Fleet) announce(id ident.CommandID) {
	if err := f.bus.Notify(string(id)); err != nil {
		f.log.Debug("command hint lost", "command", id, "error", err)
	}
}

// send hands c to the node that owns its station. A lost hint is made good by
// the owner's sweep.
func (f *Fleet) send(node ident.NodeID, c command.Command) {
	if node == f.node {
		if o := f.owner(c.Station); o != nil {
			go o.deliver(c, nil) // the caller does not wait for the station's turn
		}
		return
	}
	body, err := packParcel(c)
	if err == nil {
		err = f.bus.Tell(node, msgCommand, c.Station, body)
	}
	if err != nil {
		f.log.Warn("command hint lost", "command", c.ID, "error", err)
	}
}
