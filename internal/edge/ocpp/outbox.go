package ocpp

import (
	"context"
	"errors"
	"strings"

	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/screen"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/fault"
	"pylon/internal/wire/ocppj"
)

// outbox is what we want of a station: one call in flight and the commands
// behind it.
type outbox struct {
	queue    []command.Command
	shows    []screen.Shown // that wait until there is no command
	declines int            // in a row, of what was to be shown; of the goroutine that calls
	working  bool           // a goroutine sends
	flight   *flight
	late     string // id of the last call that was given up
}

// flight is a call that waits for its answer.
type flight struct {
	id, action string
	answer     chan reply // has room for one
}

// reply is how a call ended. One field is set, or none: it was not answered.
type reply struct {
	payload   []byte
	failure   *ocppj.CallError
	malformed *ocppj.FrameError
}

// Do implements [fleet.Connection].
func (c *conn) Do(cmd command.Command) error {
	if action, ok := c.dialect.actionOf(&cmd); !ok {
		return fault.New(fault.Invalid, "action_unknown", "action", action, "ocpp_version", c.dialect.version.String())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closing, c.parting:
		return nil // it stays queued, for the next socket
	case len(c.outbox.queue) >= outboxMax:
		return fault.New(fault.Exhausted, "station_queue_full")
	}
	c.outbox.queue = append(c.outbox.queue, cmd)
	if !c.outbox.working {
		c.outbox.working = c.spawnLocked(c.call)
	}
	return nil
}

// call sends the commands, one after the other, until there is none.
func (c *conn) call() {
	claimed := c.claimed()
	for {
		cmd, shown := c.nextCall()
		switch {
		case cmd == nil && shown == nil:
			c.partAtRest()
			return
		case !claimed: // it stays queued
		case shown != nil:
			c.display(shown)
		case c.parts():
			c.giveUp(cmd)
		default:
			c.execute(cmd)
		}
	}
}

// nextCall returns the next command or, when there is none, the next thing to show;
// neither: the goroutine that calls is over.
func (c *conn) nextCall() (*command.Command, *screen.Shown) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.outbox.queue) == 0 {
		c.outbox.queue = nil
		shown := c.nextShown()
		c.outbox.working = shown != nil
		return nil, shown
	}
	cmd := c.outbox.queue[0]
	c.outbox.queue = c.outbox.queue[1:]
	return &cmd, nil
}

// giveUp ends a command that was not sent because the socket ends. Most stay
// queued for the next socket; what is never stored (a raw body, a password)
// cannot be sent by it.
func (c *conn) giveUp(cmd *command.Command) {
	if cmd.Type == command.Raw || cmd.Type == command.SetPassword {
		c.conclude(cmd, fleet.Answered{State: command.TimedOut, Final: true, ErrorCode: codeClosed})
	}
}

// The codes of a command that has no answer.
const (
	codeClosed   = "station_closed"
	codeNoAnswer = "no_answer"
)

// execute sends one command and waits for its answer.
func (c *conn) execute(cmd *command.Command) {
	st := c.owner.Snapshot()
	o, err := c.dialect.order(cmd, st, c.gateway.Clock.Now())
	if err == nil {
		err = o.allowed(st.Registration)
	}
	if err == nil {
		err = c.announce(cmd, o)
	}
	if err != nil {
		c.withdraw(cmd, err)
		return
	}
	sent := c.gateway.Clock.Now()
	answer, how := c.roundTrip(cmd, o)
	c.dialect.calls[o.action].count(how, c.gateway.Clock.Now().Sub(sent))
	c.take(cmd, o, answer, how)
}

// withdraw ends a command that did not leave.
func (c *conn) withdraw(cmd *command.Command, err error) {
	if errors.Is(err, change.ErrSuperseded) || fault.CodeOf(err) == "command_ended" {
		return // somebody else has seen to it
	}
	a := fleet.Answered{State: command.Rejected, Final: true, ErrorCode: fault.CodeOf(err), ErrorDetail: publicText(err)}
	if fault.Is(err, fault.TimedOut) {
		a.State = command.TimedOut
	}
	c.conclude(cmd, a)
}

// publicText is what a caller may read of an error.
func publicText(err error) string {
	if fault.KindOf(err) == fault.Internal {
		return ""
	}
	return err.Error()
}

// announce makes durable that a call is about to leave, and the password in
// it: the station may log in with that before it answers.
func (c *conn) announce(cmd *command.Command, o *order) error {
	if o.secret != nil {
		c.veil.hide(o.plain)
		if err := c.owner.PasswordProposed(c.gateway.ctx, *o.secret); err != nil {
			return err
		}
	}
	err := c.owner.CommandSent(c.gateway.ctx, cmd.ID, fleet.Sent{
		Action: o.action, Payload: redact(o.payload), At: c.gateway.Clock.Now(), Means: o.means, Input: o.input,
	})
	if err != nil && o.secret != nil {
		c.settlePassword(false)
	}
	return err
}

// settlePassword tells that the station has refused, or never got, the
// password that was proposed.
func (c *conn) settlePassword(accepted bool) {
	err := c.durably(func(ctx context.Context) error { return c.owner.PasswordSettled(ctx, accepted) })
	if err != nil {
		c.gateway.Log.Warn("password not settled", "station", c.id, "error", err)
	}
}

// roundTrip writes a call and waits for its answer, until the command's
// deadline, its own time-out or the end of the socket.
func (c *conn) roundTrip(cmd *command.Command, o *order) (reply, result) {
	f := &flight{id: string(cmd.ID), action: o.action, answer: make(chan reply, 1)}
	now := c.gateway.Clock.Now()
	c.mu.Lock()
	c.outbox.flight = f
	c.mu.Unlock()
	c.open(o.action, o.payload, now)
	term := c.gateway.Limits.Call
	if !cmd.Deadline.IsZero() {
		term = min(term, cmd.Deadline.Sub(now))
	}
	expired := make(chan struct{})
	timer := c.gateway.Clock.AfterFunc(term, func() { close(expired) })
	defer timer.Stop()

	c.send(ocppj.TypeCall, o.action, f.id, ocppj.AppendCall(nil, f.id, o.action, o.payload))
	select {
	case r := <-f.answer:
		return r, resultOf(r)
	case <-expired:
		c.land(f)
		return reply{}, resultTimedOut
	case <-c.done:
		c.land(f)
		select {
		case r := <-f.answer: // it came with the close
			return r, resultOf(r)
		default:
			return reply{}, resultUnanswered
		}
	}
}

func resultOf(r reply) result {
	switch {
	case r.failure != nil:
		return resultFailed
	case r.malformed != nil:
		return resultInvalid
	}
	return resultOK
}

// land ends the wait for an answer.
func (c *conn) land(f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.outbox.flight == f {
		c.outbox.flight = nil
		c.outbox.late = f.id
	}
}

// deliver hands an answer to the call that waits for it and returns its
// action; false when none does.
func (c *conn) deliver(id string, r reply) (action string, due bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.outbox.flight
	if f == nil || f.id != id {
		return "", false
	}
	c.outbox.flight = nil
	f.answer <- r
	return f.action, true
}

// wasLate reports whether id is of a call that was given up a moment ago.
func (c *conn) wasLate(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return id != "" && id == c.outbox.late
}

// take reports what became of a command.
func (c *conn) take(cmd *command.Command, o *order, r reply, how result) {
	a, n := c.judge(cmd, o, r, how)
	c.tell(&n)
	refused := how == resultFailed || how == resultOK && o.declined(r.payload)
	if refused {
		c.shut(o.action, o.payload)
		if o.secret != nil {
			c.settlePassword(false)
		}
	}
	if a.State == command.TimedOut && o.observable() {
		return // the station may have done it all the same: its effect or its deadline ends it
	}
	c.conclude(cmd, a)
}

// storable returns what a station said in words as a text that a database takes:
// Unicode without the zero character.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// conclude reports the end of a command, once it can be made durable.
func (c *conn) conclude(cmd *command.Command, a fleet.Answered) {
	a.At = c.gateway.Clock.Now()
	a.ErrorCode, a.ErrorDetail = storable(a.ErrorCode), storable(a.ErrorDetail)
	err := c.durably(func(ctx context.Context) error { return c.owner.CommandAnswered(ctx, cmd.ID, a) })
	if err != nil && !errors.Is(err, change.ErrSuperseded) {
		c.gateway.Log.Warn("command not concluded", "command", cmd.ID, "station", c.id, "error", err)
	}
}
