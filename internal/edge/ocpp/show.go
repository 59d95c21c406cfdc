package ocpp

import (
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/domain/command"
	"pylon/internal/domain/screen"
	"pylon/internal/kernel/ident"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

const (
	// showsMax bounds what waits to be shown: a socket's queue of commands has as many.
	showsMax = outboxMax
	// showTerm is how long the station has to say that it shows something: commands
	// wait meanwhile.
	showTerm = 10 * time.Second
	// declinesMost is how often in a row a station may reject what it is to show, or
	// not answer. A transaction may end just then, and a network be slow.
	declinesMost = 3
)

// Show implements [fleet.Connection]. What is shown is no command: nobody waits for
// it, the next is newer, and the frame log alone keeps it.
func (c *conn) Show(x screen.Shown) error {
	if c.dialect.show(&x) == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.parting {
		return nil
	}
	o := &c.outbox
	o.shows = slices.DeleteFunc(o.shows, func(old screen.Shown) bool {
		return old.Transaction == x.Transaction && old.IDTag == x.IDTag
	})
	if len(o.shows) >= showsMax {
		o.shows = slices.Delete(o.shows, 0, 1)
	}
	o.shows = append(o.shows, x)
	c.showLocked()
	return nil
}

// showLocked starts what calls the station when something is to be shown. While the
// station is being answered it waits: a 1.6 station knows its transaction only from the
// answer. c.mu is held.
func (c *conn) showLocked() {
	if len(c.outbox.shows) > 0 && !c.outbox.working && !c.inbox.working {
		c.outbox.working = c.spawnLocked(c.call)
	}
}

// nextShown returns what to show now, nil for nothing. c.mu is held.
func (c *conn) nextShown() *screen.Shown {
	o := &c.outbox
	if len(o.shows) == 0 || c.inbox.working || c.closing || c.parting {
		return nil
	}
	x := o.shows[0]
	o.shows = slices.Delete(o.shows, 0, 1)
	if len(o.shows) == 0 {
		o.shows = nil
	}
	return &x
}

// display has the station show something, and waits for its answer.
func (c *conn) display(x *screen.Shown) {
	m := c.dialect.show(x)
	payload, err := schema.Encode(m)
	if err == nil {
		err = c.dialect.check(m.Action(), payload)
	}
	if err != nil {
		c.gateway.Log.Error("not shown", "station", c.id, "action", m.Action(), "error", err)
		return
	}
	sent := c.gateway.Clock.Now()
	cmd := command.Command{ID: ident.New[ident.CommandID](sent), Deadline: sent.Add(showTerm)}
	answer, how := c.roundTrip(&cmd, &order{action: m.Action(), payload: payload})
	c.dialect.calls[m.Action()].count(how, c.gateway.Clock.Now().Sub(sent))
	why, lasting := notShown(answer, how)
	switch c.outbox.declines++; {
	case why == "":
		c.outbox.declines = 0
	case lasting, c.outbox.declines >= declinesMost:
		c.outbox.declines = 0
		c.owner.ShowRefused()
		c.note("show_refused", m.Action()+" was answered "+why+"; prices and costs are not shown until the next boot")
	}
}

// notShown returns the word with which a station says that it has not shown something,
// "" when it has; lasting says that it never will.
func notShown(r reply, how result) (why string, lasting bool) {
	switch how {
	case resultFailed:
		return string(r.failure.Code), slices.Contains([]ocppj.ErrorCode{ocppj.NotSupported, ocppj.NotImplemented}, r.failure.Code)
	case resultTimedOut:
		return "by nothing", false
	case resultOK:
	default: // the socket ends, or it speaks in riddles
		return "", false
	}
	var body struct {
		Status string `json:"status"`
	}
	if json.Unmarshal(r.payload, &body, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) == nil && saysNo(body.Status) {
		return body.Status, body.Status != string(ocpp16.DataTransferStatusRejected)
	}
	return "", false
}
