package ocpp_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/domain/command"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/ident"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

var update = flag.Bool("update", false, "write what is heard into the conversations")

// A conversation is a file in the form of txtar: what is given, what is said,
// and what the gateway asked of the station's owner on the way.
//
//	> a frame of the station
//	< the frame that comes next from the gateway
//	! a command, as JSON; !! follows when it cannot be taken
//	? a call of the owner, by its beginning, that is waited for
//	= nothing more is heard: a ping makes sure
type conversation struct {
	comment string
	given   []string // name value
	talk    []string
	owner   []string
}

func parse(text string) conversation {
	var c conversation
	section := &[]string{}
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		switch line {
		case "-- given --":
			section = &c.given
		case "-- talk --":
			section = &c.talk
		case "-- owner --":
			section = &c.owner
		default:
			if c.given == nil && section != &c.given {
				c.comment += line + "\n"
				continue
			}
			*section = append(*section, line)
		}
	}
	return c
}

func (c *conversation) String() string {
	var b strings.Builder
	b.WriteString(c.comment)
	for _, s := range []struct {
		name  string
		lines []string
	}{{"given", c.given}, {"talk", c.talk}, {"owner", c.owner}} {
		b.WriteString("-- " + s.name + " --\n")
		for _, l := range s.lines {
			b.WriteString(l + "\n")
		}
	}
	return b.String()
}

// apply sets the station up as the conversation has it.
func (c *conversation) apply(t *testing.T, st *station.Station) (subprotocol string) {
	for _, line := range c.given {
		name, value, _ := strings.Cut(line, " ")
		switch name {
		case "subprotocol":
			subprotocol = value
		case "registration":
			st.Registration = station.Registration(value)
		case "lenient":
			on := value == "on"
			st.Quirks.Lenient = &on
		case "quirks":
			if err := json.Unmarshal([]byte(value), &st.Quirks); err != nil {
				t.Fatal(err)
			}
		default:
			t.Fatalf("given: %q", line)
		}
	}
	return subprotocol
}

func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := parse(string(text))
			got := hold(t, want)
			if *update {
				if err := os.WriteFile(file, []byte(got.String()), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got, want := got.String(), want.String(); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// hold holds the conversation and returns how it went.
func hold(t *testing.T, c conversation) conversation {
	b := start(t, nil)
	subprotocol := ""
	b.world.add("CP1", func(st *station.Station) { subprotocol = c.apply(t, st) })
	p := b.connect(dialing{subprotocol: subprotocol})
	b.until("claim", func() bool { return b.world.called("CP1", "Claim") })
	went := conversation{comment: c.comment, given: c.given}
	for _, line := range c.talk {
		kind, text, _ := strings.Cut(line, " ")
		switch kind {
		case ">":
			p.say(text)
			if id, answers := commandAnswered(text); answers {
				b.until(id+" answered", func() bool { return b.world.called("CP1", "CommandAnswered "+id+" ") })
			}
		case "<":
			heard := p.hear()
			line = "< " + heard
			checkFrame(t, subprotocol, c.talk, heard)
		case "!":
			if err := b.world.order("CP1", commandOf(t, text, b.clock.Now())); err != nil {
				line += "\n!! " + err.Error()
			}
		case "?":
			b.until(text, func() bool { return b.world.called("CP1", text) })
		case "=":
			p.quiet()
		case "!!":
			continue // what went wrong the last time
		}
		went.talk = append(went.talk, strings.Split(line, "\n")...)
	}
	_ = p.ws.Close()
	b.until("release", func() bool { return b.world.called("CP1", "Release") })
	went.owner = b.world.calls("CP1")
	return went
}

// checkFrame holds what the gateway says against the schema of the version.
func checkFrame(t *testing.T, subprotocol string, talk []string, heard string) {
	t.Helper()
	v, _ := ocppj.ParseSubprotocol(subprotocol)
	request, response := ocpp16.NewRequest, ocpp16.NewResponse
	switch v {
	case ocppj.V201:
		request, response = ocpp201.NewRequest, ocpp201.NewResponse
	case ocppj.V21:
		request, response = ocpp21.NewRequest, ocpp21.NewResponse
	}
	f, refused := ocppj.Parse(v, []byte(heard))
	if refused != nil {
		t.Errorf("%s: %v", heard, refused)
		return
	}
	var m schema.Message
	switch f.Type {
	case ocppj.TypeCall:
		m, _ = request(f.Action)
	case ocppj.TypeCallResult:
		for _, line := range talk {
			if call, wrong := ocppj.Parse(v, []byte(strings.TrimPrefix(line, "> "))); wrong == nil && call.ID == f.ID && call.Type == ocppj.TypeCall {
				m, _ = response(call.Action)
			}
		}
	default:
		return
	}
	if m == nil {
		t.Errorf("%s: no such message", heard)
	} else if violations := schema.Decode(f.Payload, m); violations != nil {
		t.Errorf("%s: %v", heard, violations)
	}
}

// commandAnswered returns the command that a frame answers.
func commandAnswered(frame string) (id string, ok bool) {
	for _, head := range []string{`[3,"`, `[4,"`} {
		if rest, found := strings.CutPrefix(frame, head); found && strings.HasPrefix(rest, "cmd_") {
			id, _, _ = strings.Cut(rest, `"`)
			return id, true
		}
	}
	return "", false
}

// commandOf reads a command.
func commandOf(t *testing.T, text string, now time.Time) command.Command {
	var in struct {
		ID   string       `json:"id"`
		Type command.Type `json:"type"`
		command.Input

		// What a command's JSON leaves out.
		UID  string         `json:"uid"`
		Kind string         `json:"kind"`
		Key  string         `json:"secret"`
		Call string         `json:"action"`
		Raw  jsontext.Value `json:"body"`
	}
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		t.Fatal(err)
	}
	c := command.Command{ID: ident.CommandID(in.ID), Type: in.Type, Input: in.Input, Deadline: now.Add(30 * time.Second)}
	c.Input.TokenUID, c.Input.TokenType, c.Input.Secret, c.Input.Action = in.UID, in.Kind, in.Key, in.Call
	c.Input.Body = bytes.Clone(in.Raw)
	return c
}

// quiet makes sure that nothing is on its way: what is answered in order has
// been answered when the pong is there.
func (p *peer) quiet() {
	p.t.Helper()
	pong := make(chan struct{})
	p.ws.SetPongHandler(func(string) error { close(pong); return nil })
	if err := p.ws.WriteControl(9, nil, time.Now().Add(patience)); err != nil {
		p.t.Fatal(err)
	}
	select {
	case frame := <-p.frames:
		p.t.Fatalf("heard %s", frame)
	case <-pong:
	}
}
