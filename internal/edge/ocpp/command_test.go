package ocpp_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/command"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

const newPassword = "abcdefghijKLMNOPQR" // 18 characters

// The new password is right from before the frame leaves; a login with either
// ends the time of both, and so does a refusal.
func TestPasswordChange(t *testing.T) {
	tests := []struct {
		name     string
		version  string
		answer   string // of the station; "" closes before it answers
		login    string // that it comes back with; "" does not come back
		old, new int    // what a login gets afterwards
	}{
		{"A01.FR.03 accepted, back with the new one", "ocpp2.0.1", `{"setVariableResult":[{"attributeStatus":"Accepted","component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"}}]}`, newPassword, 401, 101},
		{"accepted, back with the old one", "ocpp1.6", `{"status":"Accepted"}`, password, 101, 401},
		{"closed before the answer, back with the new one", "ocpp1.6", "", newPassword, 401, 101},
		{"closed before the answer, back with the old one", "ocpp2.0.1", "", password, 101, 401},
		{"A01.FR.04 rejected", "ocpp2.0.1", `{"setVariableResult":[{"attributeStatus":"Rejected","component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"}}]}`, "", 101, 401},
		{"A01.FR.04 rejected by 1.6", "ocpp1.6", `{"status":"NotSupported"}`, "", 101, 401},
		{"an error", "ocpp1.6", "error", "", 101, 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := start(t, nil)
			b.world.add("CP1", withPassword(1, password))
			p := b.connect(dialing{password: password, subprotocol: tt.version})
			b.until("claim", func() bool { return b.world.claims() == 1 })
			c := command.Command{ID: "cmd_1", Type: command.SetPassword, Input: command.Input{Secret: newPassword}, Deadline: b.clock.Now().Add(time.Minute)}
			if err := b.world.order("CP1", c); err != nil {
				t.Fatal(err)
			}
			if frame := p.hear(); !strings.Contains(frame, newPassword) && !strings.Contains(frame, fmt.Sprintf("%x", newPassword)) {
				t.Errorf("got %s", frame)
			}
			calls := b.world.calls("CP1")
			if proposed, sent := indexOf(calls, "PasswordProposed"), indexOf(calls, "CommandSent"); proposed < 0 || proposed > sent {
				t.Errorf("proposed after it was sent: %q", calls)
			}
			b.answerPassword(p, tt.answer)
			if tt.login != "" {
				b.connect(dialing{password: tt.login, subprotocol: tt.version}).ask(heartbeat)
				b.until("login", func() bool { return b.world.called("CP1", "LoggedIn") })
			}
			for pw, want := range map[string]int{password: tt.old, newPassword: tt.new} {
				if _, got := b.dial(dialing{password: pw}); got != want {
					t.Errorf("login with %s: got %d, want %d", pw, got, want)
				}
			}
			b.keepsSecret(newPassword)
		})
	}
}

// answerPassword lets the station answer, or close instead.
func (b *bench) answerPassword(p *peer, answer string) {
	switch answer {
	case "":
		_ = p.ws.Close()
		b.until("release", func() bool { return b.world.called("CP1", "Release") })
		return
	case "error":
		p.say(`[4,"cmd_1","InternalError","",{}]`)
	default:
		p.say(`[3,"cmd_1",` + answer + `]`)
	}
	b.until("answered", func() bool { return b.world.called("CP1", "CommandAnswered cmd_1") })
}

// keepsSecret checks that a password is in nothing that is kept.
func (b *bench) keepsSecret(secret string) {
	b.t.Helper()
	hex := fmt.Sprintf("%x", secret)
	for _, call := range b.world.calls("CP1") {
		if strings.Contains(call, secret) || strings.Contains(call, hex) {
			b.t.Errorf("a command kept the password: %s", call)
		}
	}
	b.world.mu.Lock()
	defer b.world.mu.Unlock()
	for _, e := range b.world.log {
		if line := string(e.Data) + e.Note; strings.Contains(line, secret) || strings.Contains(line, hex) {
			b.t.Errorf("the log kept the password: %s", line)
		}
	}
}

// A password in a raw call, or in a network profile, is followed like one of
// ours.
func TestRawPasswords(t *testing.T) {
	profile := `{"configurationSlot":1,"connectionData":{"ocppTransport":"JSON","ocppCsmsUrl":"ws://x","messageTimeout":30,"securityProfile":1,"ocppInterface":"Wired0","basicAuthPassword":"%s"}}`
	tests := []struct{ name, version, action, body string }{
		{"1.6", "ocpp1.6", "ChangeConfiguration", `{"key":"authorizationkey","value":"%s"}`},
		{"2.0.1", "ocpp2.0.1", "SetVariables", `{"setVariableData":[{"attributeValue":"%s","component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"}}]}`},
		{"2.1 network profile", "ocpp2.1", "SetNetworkProfile", profile},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := start(t, nil)
			b.world.add("CP1", withPassword(1, password))
			p := b.connect(dialing{password: password, subprotocol: tt.version})
			b.until("claim", func() bool { return b.world.claims() == 1 })
			if err := b.world.order("CP1", b.raw("cmd_1", tt.action, fmt.Sprintf(tt.body, newPassword))); err != nil {
				t.Fatal(err)
			}
			if got, want := p.hear(), fmt.Sprintf(`[2,"cmd_1","%s",`+tt.body+`]`, tt.action, newPassword); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if _, got := b.dial(dialing{password: newPassword}); got != 101 {
				t.Errorf("login with it: got %d, want 101", got)
			}
			b.keepsSecret(newPassword)
		})
	}
}

func TestPasswordThatOCPPDoesNotAllow(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", withPassword(1, password))
	b.connect(dialing{password: password})
	b.until("claim", func() bool { return b.world.claims() == 1 })
	c := command.Command{ID: "cmd_1", Type: command.SetPassword, Input: command.Input{Secret: "short"}, Deadline: b.clock.Now().Add(time.Minute)}
	if err := b.world.order("CP1", c); err != nil {
		t.Fatal(err)
	}
	b.until("refused", func() bool { return b.world.called("CP1", "CommandAnswered cmd_1 rejected") })
	if b.world.called1("PasswordProposed") {
		t.Error("proposed")
	}
}

func TestCommandTimesOut(t *testing.T) {
	tests := []struct {
		name     string
		command  command.Command
		deadline time.Duration
		after    time.Duration // the time-out
		reported bool
	}{
		{"the deadline", command.Command{Type: command.ClearCache}, 10 * time.Second, 10 * time.Second, true},
		{"a far deadline", command.Command{Type: command.ClearCache}, time.Hour, time.Minute, true},
		{"one whose effect is seen", command.Command{Type: command.Reset}, 10 * time.Second, 10 * time.Second, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := start(t, nil)
			b.world.add("CP1", nil)
			p := b.connect(dialing{})
			b.until("claim", func() bool { return b.world.claims() == 1 })
			c := tt.command
			c.ID, c.Deadline = "cmd_1", b.clock.Now().Add(tt.deadline)
			next := b.raw("cmd_2", "ClearCache", `{}`)
			next.Deadline = b.clock.Now().Add(2 * time.Hour)
			for _, c := range []command.Command{c, next} {
				if err := b.world.order("CP1", c); err != nil {
					t.Fatal(err)
				}
			}
			p.hear()
			<-b.clock.sleepers(2)
			b.clock.move(tt.after - time.Millisecond)
			p.quiet() // the second call waits for the first
			b.clock.move(time.Millisecond)
			if got, want := p.hear(), `[2,"cmd_2","ClearCache",{}]`; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if got := b.world.called1("CommandAnswered cmd_1 timed_out final=true code=no_answer"); got != tt.reported {
				t.Errorf("reported: got %t, want %t", got, tt.reported)
			}
			p.say(`[3,"cmd_1",{"status":"Accepted"}]`)
			b.until("the late answer is noted", func() bool { return b.world.noted("late_answer") })
			if b.world.noted1("unexpected_answer") {
				t.Error("a late answer counts as one to nothing")
			}
		})
	}
}

func (w *world) noted1(kind string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.noted(kind)
}

func TestQueueOfCommands(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	p := b.connect(dialing{})
	b.until("claim", func() bool { return b.world.claims() == 1 })
	queued := 0
	var err error
	for ; err == nil && queued < 200; queued++ {
		err = b.world.order("CP1", b.raw(ident.CommandID(fmt.Sprintf("cmd_%d", queued)), "ClearCache", `{}`))
	}
	if fault.CodeOf(err) != "station_queue_full" || queued < 64 || queued > 66 {
		t.Errorf("full after %d: %v", queued, err)
	}
	p.hear()
	_ = p.ws.Close()
	b.until("release", func() bool { return b.world.called("CP1", "Release") })
	b.world.mu.Lock()
	defer b.world.mu.Unlock()
	for id, a := range b.world.stations["CP1"].answers {
		if a.State != command.TimedOut || a.ErrorCode != "station_closed" {
			t.Errorf("%s: got %s %s, want timed_out station_closed", id, a.State, a.ErrorCode)
		}
	}
	if got := len(b.world.stations["CP1"].answers); got != queued-1 {
		t.Errorf("%d of %d raw commands were told", got, queued-1)
	}
}

// What is stored stays queued for the next socket when this one ends first.
func TestQueuedCommandsOutliveTheSocket(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	p := b.connect(dialing{})
	b.until("claim", func() bool { return b.world.claims() == 1 })
	for i := range 3 {
		c := command.Command{ID: ident.CommandID(fmt.Sprintf("cmd_%d", i)), Type: command.ClearCache, Deadline: b.clock.Now().Add(time.Minute)}
		if err := b.world.order("CP1", c); err != nil {
			t.Fatal(err)
		}
	}
	p.hear()
	_ = p.ws.Close()
	b.until("release", func() bool { return b.world.called("CP1", "Release") })
	if !b.world.called1("CommandAnswered cmd_0 timed_out final=true code=station_closed") {
		t.Error("the call in flight was not told")
	}
	if b.world.called1("CommandSent cmd_1") || b.world.called1("CommandAnswered cmd_1") {
		t.Errorf("got %q", b.world.calls("CP1"))
	}
}

// A command that may not be sent any more does not leave.
func TestCommandThatIsNotSent(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"cancelled", fault.New(fault.Conflict, "command_ended"), ""},
		{"late", fault.New(fault.TimedOut, "command_late"), "CommandAnswered cmd_1 timed_out final=true code=command_late"},
		{"database away", fault.New(fault.Unavailable, "database_away"), "CommandAnswered cmd_1 rejected final=true code=database_away"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := start(t, nil)
			b.world.add("CP1", withPassword(1, password))
			p := b.connect(dialing{password: password})
			b.until("claim", func() bool { return b.world.claims() == 1 })
			b.world.fail("CommandSent", tt.err)
			c := command.Command{ID: "cmd_1", Type: command.SetPassword, Input: command.Input{Secret: newPassword}, Deadline: b.clock.Now().Add(time.Minute)}
			if err := b.world.order("CP1", c); err != nil {
				t.Fatal(err)
			}
			b.until("the password is taken back", func() bool { return b.world.called("CP1", "PasswordSettled false") })
			if tt.want != "" {
				b.until(tt.want, func() bool { return b.world.called("CP1", tt.want) })
			}
			p.quiet()
			if _, got := b.dial(dialing{password: newPassword}); got != 401 {
				t.Errorf("login with a password that never left: got %d, want 401", got)
			}
		})
	}
}

// An accepted registration is seen by the open socket.
func TestRegistrationIsTheStations(t *testing.T) {
	b := start(t, nil)
	id := b.world.add("CP1", func(st *station.Station) { st.Registration = station.Pending })
	p := b.connect(dialing{})
	if got := p.ask(heartbeat); !strings.Contains(got, "SecurityError") {
		t.Errorf("got %s, want SecurityError", got)
	}
	b.world.mu.Lock()
	b.world.of(id).station.Registration = station.Accepted
	b.world.mu.Unlock()
	if got := p.ask(heartbeat); !strings.Contains(got, "currentTime") {
		t.Errorf("got %s, want an answer without another boot", got)
	}
	_ = p.ws.Close()
	b.until("release", func() bool { return b.world.called("CP1", "Release") })
	if got := b.connect(dialing{}).ask(heartbeat); !strings.Contains(got, "currentTime") {
		t.Errorf("after reconnecting: got %s, want an answer without a boot", got)
	}
}

func TestMetrics(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", withPassword(1, password))
	p := b.connect(dialing{password: password, subprotocol: "ocpp2.0.1"})
	p.ask(heartbeat)
	p.ask(`[2,"1","MadeUp",{}]`)
	p.ask(`[2,"2","Heartbeat",{"a":1}]`)
	b.until("claim", func() bool { return b.world.claims() == 1 })
	if err := b.world.order("CP1", b.raw("cmd_1", "ClearCache", `{}`)); err != nil {
		t.Fatal(err)
	}
	p.hear()
	p.say(`[3,"cmd_1",{"status":"Accepted"}]`)
	b.until("answered", func() bool { return b.world.called("CP1", "CommandAnswered") })
	p.ask(heartbeat)
	for _, want := range []struct {
		name   string
		labels []string
		value  float64
	}{
		{"pylon_ocpp_connections", []string{"version", "2.0.1", "security_profile", "1"}, 1},
		{"pylon_ocpp_messages_total", []string{"direction", "in", "action", "unknown", "result", "unsupported"}, 1},
		{"pylon_ocpp_messages_total", []string{"action", "MadeUp"}, 0},
		{"pylon_ocpp_messages_total", []string{"direction", "in", "action", "Heartbeat", "result", "invalid"}, 1},
		{"pylon_ocpp_messages_total", []string{"direction", "out", "action", "ClearCache", "result", "ok"}, 1},
	} {
		if got := b.counted(want.name, want.labels...); got != want.value {
			t.Errorf("%s %v: got %v, want %v", want.name, want.labels, got, want.value)
		}
	}
	_ = p.ws.Close()
	b.until("closed", func() bool { return b.world.noted("closed") })
}

func TestFrameLog(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	p := b.connect(dialing{})
	p.ask(heartbeat)
	b.until("the answer is logged", func() bool { return b.world.noted("result") })
	if err := b.world.order("CP1", b.raw("cmd_1", "ClearCache", `{}`)); err != nil {
		t.Fatal(err)
	}
	p.hear()
	b.until("the call is logged", func() bool { return b.world.types["call"] == 2 })
	p.say(`[4,"cmd_1","NotSupported","",{}]`)
	b.until("answered", func() bool { return b.world.called("CP1", "CommandAnswered") })
	b.stop()
	want := []string{
		`note connected   "" OCPP 1.6 from ADDRESS, security profile 0`,
		`in call Heartbeat h "[2,\"h\",\"Heartbeat\",{}]" `,
		`out result Heartbeat h "[3,\"h\",{\"currentTime\":\"2100-01-02T03:04:05.000Z\"}]" `,
		`out call ClearCache cmd_1 "[2,\"cmd_1\",\"ClearCache\",{}]" `,
		`in error ClearCache cmd_1 "[4,\"cmd_1\",\"NotSupported\",\"\",{}]" `,
		`note closed   "" node_shutdown`,
	}
	b.world.mu.Lock()
	defer b.world.mu.Unlock()
	for i, e := range b.world.log {
		if e.Station != "sta_CP1" || e.Organisation != "org_1" || !e.At.Equal(b.clock.Now()) {
			t.Errorf("got %+v", e)
		}
		got := fmt.Sprintf("%s %s %s %s %q %s", e.Direction, e.Type, e.Action, e.MessageID, e.Data, e.Note)
		if got = strings.Replace(got, p.ws.LocalAddr().String(), "ADDRESS", 1); i >= len(want) || got != want[i] {
			t.Errorf("line %d: got %s", i, got)
		}
	}
	if len(b.world.log) != len(want) {
		t.Errorf("got %d lines, want %d", len(b.world.log), len(want))
	}
}
