package ocpp_test

import (
	"slices"
	"testing"
	"time"

	"pylon/internal/domain/command"
	"pylon/internal/domain/station"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

const heartbeat = `[2,"h","Heartbeat",{}]`

// claims returns how often the station was claimed; the world's lock is held.
func (w *world) claims() int { return w.stations["CP1"].epoch }

func TestASocketWithoutAFrameTakesCommands(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	p := b.connect(dialing{})
	b.until("claim", func() bool { return b.world.claims() == 1 })
	if err := b.world.order("CP1", b.raw("cmd_1", "ClearCache", `{}`)); err != nil {
		t.Fatal(err)
	}
	if got, want := p.hear(), `[2,"cmd_1","ClearCache",{}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// raw is a raw command that has half a minute.
func (b *bench) raw(id ident.CommandID, action, body string) command.Command {
	return command.Command{
		ID: id, Type: command.Raw, Input: command.Input{Action: action, Body: []byte(body)},
		Deadline: b.world.clock.Now().Add(30 * time.Second),
	}
}

func TestTakeoverAtTheFirstFrame(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	old := b.connect(dialing{})
	old.ask(heartbeat)
	if err := b.world.order("CP1", b.raw("cmd_1", "ClearCache", `{}`)); err != nil {
		t.Fatal(err)
	}
	old.hear() // the call, which it never answers

	next := b.connect(dialing{})
	b.until("the second waits", func() bool { return b.world.noted("waits") })
	if got := old.ask(heartbeat); got == "" {
		t.Error("the handshake took the old socket's place")
	}
	if b.counted("pylon_ocpp_connections") != 2 {
		t.Error("two sockets are open, and not counted")
	}

	next.ask(heartbeat)
	if code, why := old.ended(); code != 1000 || why != "superseded" {
		t.Errorf("the old socket: got %d %q, want 1000 superseded", code, why)
	}
	b.until("the call in flight fails", func() bool {
		return b.world.called("CP1", "CommandAnswered cmd_1 timed_out final=true code=station_closed")
	})
	calls := b.world.calls("CP1")
	if failed, claimed := indexOf(calls, "CommandAnswered cmd_1"), lastIndexOf(calls, "Claim"); failed > claimed {
		t.Errorf("the old socket's call failed after the new one's claim: %q", calls)
	}
	if slices.ContainsFunc(calls, func(c string) bool { return c == "Release superseded" }) {
		t.Error("the station went offline for a takeover")
	}
	if err := b.world.order("CP1", b.raw("cmd_2", "ClearCache", `{}`)); err != nil {
		t.Fatal(err)
	}
	if got, want := next.hear(), `[2,"cmd_2","ClearCache",{}]`; got != want {
		t.Errorf("commands: got %s, want %s", got, want)
	}
}

func TestTakeoverWhenTheOldSocketEnds(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	old := b.connect(dialing{})
	old.ask(heartbeat)
	next := b.connect(dialing{})
	b.until("the second waits", func() bool { return b.world.noted("waits") })
	_ = old.ws.Close()
	b.until("claim", func() bool { return b.world.claims() == 2 })
	if err := b.world.order("CP1", b.raw("cmd_1", "ClearCache", `{}`)); err != nil {
		t.Fatal(err)
	}
	next.hear()
	calls := b.world.calls("CP1")
	if released, claimed := indexOf(calls, "Release"), lastIndexOf(calls, "Claim"); released < 0 || released > claimed {
		t.Errorf("released after the next claim: %q", calls)
	}
}

// The old socket is asked for a sign of life as soon as a second one opens: it
// may be half dead, which nobody else would notice for a minute.
func TestTakeoverWhenTheOldSocketIsDead(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	old := b.connect(dialing{})
	old.ask(heartbeat)
	deaf := make(chan struct{}, 1)
	old.ws.SetPingHandler(func(string) error { deaf <- struct{}{}; return nil })
	b.connect(dialing{})
	<-deaf
	b.clock.move(19 * time.Second)
	if b.world.called1("Release") {
		t.Error("given up too early")
	}
	b.clock.move(2 * time.Second)
	b.until("claim", func() bool { return b.world.claims() == 2 })
	if code, _ := old.ended(); code != 0 {
		t.Errorf("a dead socket got a close frame: %d", code)
	}
	if b.counted("pylon_ocpp_verdicts_total", "verdict", "silent") != 1 {
		t.Error("not counted")
	}
}

func TestAThirdSocketReplacesTheOneThatWaits(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	first := b.connect(dialing{})
	first.ask(heartbeat)
	second := b.connect(dialing{})
	b.until("the second waits", func() bool { return b.world.noted("waits") })
	third := b.connect(dialing{})
	if code, why := second.ended(); code != 1000 || why != "replaced" {
		t.Errorf("got %d %q, want 1000 replaced", code, why)
	}
	third.ask(heartbeat)
	if _, why := first.ended(); why != "superseded" {
		t.Errorf("got %q, want superseded", why)
	}
}

// When the claim of the second socket fails, nobody speaks for the station:
// it is released.
func TestTakeoverThatFails(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	old := b.connect(dialing{})
	old.ask(heartbeat)
	b.world.fail("Claim", fault.New(fault.Unavailable, "database_away"))
	next := b.connect(dialing{})
	next.say(heartbeat)
	if code, why := next.ended(); code != 1013 || why != "database_away" {
		t.Errorf("got %d %q, want 1013 database_away", code, why)
	}
	b.until("release", func() bool { return b.world.called("CP1", "Release superseded") })
}

// Another node has taken the station: its owner closes the socket, and what is
// in work is not answered.
func TestSuperseded(t *testing.T) {
	b := start(t, nil)
	id := b.world.add("CP1", nil)
	p := b.connect(dialing{})
	p.ask(heartbeat)
	b.world.mu.Lock()
	b.world.of(id).epoch++
	b.world.mu.Unlock()
	p.say(`[2,"1","StatusNotification",{"connectorId":0,"errorCode":"NoError","status":"Available"}]`)
	if code, why := p.ended(); code != 1000 || why != "superseded" {
		t.Errorf("got %d %q, want 1000 superseded", code, why)
	}
}

func TestShutdown(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	p := b.connect(dialing{})
	p.ask(heartbeat)
	b.stop()
	if code, why := p.ended(); code != 1012 || why != "node_shutdown" {
		t.Errorf("got %d %q, want 1012 node_shutdown", code, why)
	}
	if !b.world.called1("Release node_shutdown") {
		t.Error("not released")
	}
	if _, got := b.dial(dialing{}); got != 503 {
		t.Errorf("a handshake afterwards: got %d, want 503", got)
	}
}

func TestClaimOfADeletedStation(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	b.world.fail("Claim", fault.New(fault.NotFound, "station_unknown"))
	p := b.connect(dialing{})
	if code, why := p.ended(); code != 1008 || why != "station_unknown" {
		t.Errorf("got %d %q, want 1008", code, why)
	}
}

// Commands that waited for the station are handed over within the claim.
func TestCommandsWithinTheClaim(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	b.world.claimed = func(c fleet.Connection) {
		if err := c.Do(b.raw("cmd_1", "ClearCache", `{}`)); err != nil {
			t.Error(err)
		}
	}
	p := b.connect(dialing{})
	if got, want := p.hear(), `[2,"cmd_1","ClearCache",{}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A password that was changed after the handshake and before the claim opens
// nothing.
func TestOutdatedLoginSpeaksForNobody(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  func(*station.Station)
	}{
		{"another password", withPassword(1, "another-"+password)},
		{"a higher security profile", func(st *station.Station) { st.SecurityProfile = 2 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := start(t, nil)
			b.world.add("CP1", withPassword(1, password))
			b.connect(dialing{password: password}).ask(heartbeat)
			next := b.connect(dialing{password: password})
			b.until("the second waits", func() bool { return b.world.noted("waits") })
			b.world.mu.Lock()
			tt.set(&b.world.stations["CP1"].station)
			b.world.mu.Unlock()
			next.say(heartbeat)
			if code, why := next.ended(); code != 1000 || why != "password_changed" {
				t.Errorf("ended with %d %s, want 1000 password_changed", code, why)
			}
		})
	}
}
