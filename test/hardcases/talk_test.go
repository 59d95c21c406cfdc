package hardcases

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gorilla/websocket"

	"pylon/internal/kernel/clock"
)

// identity is the station that talks.
const identity = "CP1"

const (
	lineTakes = time.Second      // what each line that somebody says takes
	calmStep  = 30 * time.Second // time passes in such steps while the station is connected: less than makes Pylon ask for a sign of life
	awayStep  = 10 * time.Minute // while it is not
)

// talk is a conversation that is held.
type talk struct {
	*world
	link  *link
	names names
	said  []string // as it went
}

// begins is the time at which every conversation begins: a Monday, far enough
// in the future for the deadlines of sockets, which the machine's clock judges.
func begins() time.Time { return time.Date(2100, 5, 3, 8, 0, 0, 0, time.UTC) }

// hold holds the conversation and returns how it went.
func hold(t *testing.T, c conversation) conversation {
	k := &talk{world: opened(t, clock.NewWarped(begins(), 0)), names: names{of: map[string]string{}, count: map[string]int{}}}
	given, _ := c.section("given")
	for _, line := range given {
		k.give(line)
	}
	k.mark("given")
	lines, _ := c.section("talk")
	k.hold(lines)
	went := conversation{comment: c.comment}
	for _, s := range c.sections {
		switch s.name {
		case "given":
		case "talk":
			s.lines = k.said
		case "sessions":
			s.lines = k.sessions()
		case "findings":
			s.lines = k.findings()
		case "events":
			s.lines = k.happened()
		case "connectors":
			s.lines = k.connectors()
		default:
			t.Errorf("what is a section %q", s.name)
		}
		went.sections = append(went.sections, s)
	}
	return went
}

// give makes what is there before.
func (k *talk) give(line string) {
	k.t.Helper()
	kind, rest, _ := strings.Cut(line, " ")
	name, fields, _ := strings.Cut(rest, " ")
	all := map[string]any{}
	if fields != "" && kind != "$" {
		if err := json.Unmarshal([]byte(fields), &all); err != nil {
			k.t.Fatalf("given %q: %v", line, err)
		}
	}
	var err error
	switch kind {
	case "station":
		all["station_id"], all["automation"] = name, "off" // it is the station that talks here
		_, err = k.api.CreateStation(k.t.Context(), all)
	case "token":
		all["uid"], all["type"] = name, "ISO14443"
		_, err = k.api.CreateToken(k.t.Context(), all)
	case "$":
		if a := k.order(rest); a.status >= http.StatusBadRequest {
			k.t.Fatalf("given %q: %d %s", line, a.status, a.body)
		}
	case "#":
	default:
		k.t.Fatalf("given: %q", line)
	}
	if err != nil {
		k.t.Fatalf("given %q: %v", line, err)
	}
}

// hold says the lines.
func (k *talk) hold(lines []string) {
	k.t.Helper()
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		mark, rest, _ := strings.Cut(line, " ")
		k.said = append(k.said, line)
		switch mark {
		case ">":
			answer := k.say(rest)
			if i+1 < len(lines) && strings.HasPrefix(lines[i+1], "< ") && answer != "" {
				i++
			}
			if answer != "" {
				k.said = append(k.said, "< "+answer)
			}
		case "<":
			k.said[len(k.said)-1] = "< " + k.names.hide(k.link.hear(k.t, ""))
		case "@":
			k.pass(rest)
		case "!":
			k.plug(rest)
		case "$":
			if i+1 < len(lines) && strings.HasPrefix(lines[i+1], "= ") {
				i++
			}
			k.clock.Skip(lineTakes)
			k.said = append(k.said, "= "+k.outcome(k.order(rest)))
		case "~":
			path, text, _ := strings.Cut(rest, " ")
			path, text = k.names.show(path), k.names.show(text)
			k.await(rest, func() bool { return strings.Contains(string(k.try(http.MethodGet, path, "").body), text) })
		case "*":
			i += k.repeat(rest, lines[i+1:])
		case "#", "":
		default:
			k.t.Fatalf("talk: %q", line)
		}
	}
}

// repeat says the lines up to "*" so often and returns how many they are. What
// answers them is not written down: it is the same each time.
func (k *talk) repeat(times string, lines []string) int {
	k.t.Helper()
	end := 0
	for end < len(lines) && lines[end] != "*" {
		end++
	}
	most, err := strconv.Atoi(times)
	if err != nil || end == len(lines) {
		k.t.Fatalf("talk: * %s: how often, and where does it end", times)
	}
	for n := range most {
		for _, line := range lines[:end] {
			mark, rest, _ := strings.Cut(line, " ")
			rest = strings.ReplaceAll(rest, "{n}", strconv.Itoa(n+1))
			switch mark {
			case ">":
				k.say(rest)
			case "@":
				k.pass(rest)
			default:
				k.t.Fatalf("talk: %q in a repetition", line)
			}
		}
	}
	k.said = append(append(k.said, lines[:end]...), "*")
	return end + 1
}

// say lets the station say a frame and returns what answers it, "" for a frame
// that is no call.
func (k *talk) say(frame string) string {
	k.t.Helper()
	if k.link == nil {
		k.t.Fatalf("the station is not connected, so it cannot say %s", frame)
	}
	k.clock.Skip(lineTakes)
	frame = k.names.show(strings.ReplaceAll(frame, "{now}", k.clock.Now().Format(time.RFC3339)))
	k.link.say(k.t, frame)
	var parts []jsontext.Value
	if json.Unmarshal([]byte(frame), &parts) != nil || len(parts) < 2 || string(parts[0]) != "2" {
		return ""
	}
	return k.names.hide(k.link.hear(k.t, string(parts[1])))
}

// pass lets time pass: for so long, or until a time of day.
func (k *talk) pass(text string) {
	k.t.Helper()
	now := k.clock.Now()
	var d time.Duration
	if long, ok := strings.CutPrefix(text, "+"); ok {
		var err error
		if d, err = time.ParseDuration(long); err != nil {
			k.t.Fatalf("talk: @ %s: %v", text, err)
		}
	} else {
		at, err := time.Parse("15:04:05", text+":00"[:max(0, len("15:04:05")-len(text))])
		if err != nil {
			k.t.Fatalf("talk: @ %s: %v", text, err)
		}
		then := time.Date(now.Year(), now.Month(), now.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
		if !then.After(now) {
			then = then.AddDate(0, 0, 1)
		}
		d = then.Sub(now)
	}
	for d > 0 {
		step := min(d, awayStep)
		if k.link != nil {
			step = min(d, calmStep)
			k.link.live(k.t)
		}
		k.clock.Skip(step)
		d -= step
	}
}

// plug connects the station, or cuts it off.
func (k *talk) plug(text string) {
	k.t.Helper()
	what, version, _ := strings.Cut(text, " ")
	want := "offline"
	switch what {
	case "connect":
		want = "online"
		k.link = dial(k.t, strings.Replace(k.node.URL(), "http", "ws", 1)+"/ocpp/"+identity, "ocpp"+version)
	case "cut":
		k.link.close()
		k.link = nil
	default:
		k.t.Fatalf("talk: ! %s", text)
	}
	k.await("the station to be "+want, func() bool {
		st, err := k.api.Station(k.t.Context(), identity)
		if err != nil {
			k.t.Fatal(err)
		}
		return st.Connection.Status == want
	})
}

// order does what an operator does: METHOD /path body.
func (k *talk) order(text string) answer {
	k.t.Helper()
	method, rest, _ := strings.Cut(text, " ")
	path, body, _ := strings.Cut(rest, " ")
	return k.try(method, k.names.show(path), k.names.show(body))
}

// outcome is what counts in an answer of the API.
func (k *talk) outcome(a answer) string {
	var body struct {
		ID    string `json:"id"`
		State string `json:"state"`
		Code  string `json:"code"`
	}
	_ = json.Unmarshal(a.body, &body) // an answer without a body has none of them
	return strings.Join(strings.Fields(k.names.hide(strconv.Itoa(a.status)+" "+body.ID+" "+body.State+" "+body.Code)), " ")
}

// names gives identifiers, which differ in each run, names that do not.
type names struct {
	of    map[string]string // both ways
	count map[string]int
}

// hide puts names in the place of identifiers.
func (n *names) hide(text string) string {
	text = regexp.MustCompile(`\b(ses|sta|tok|cmd|fnd|sit|tpl)_[0-9A-Z]{26}\b`).ReplaceAllStringFunc(text, func(id string) string {
		return n.name(id[:3], id)
	})
	const remote = `"remoteStartId":`
	return regexp.MustCompile(remote+`\d+`).ReplaceAllStringFunc(text, func(member string) string {
		return remote + n.name("rem", strings.TrimPrefix(member, remote))
	})
}

// name returns the name of an identifier of a kind.
func (n *names) name(kind, id string) string {
	name, known := n.of[id]
	if !known {
		n.count[kind]++
		name = "$" + kind + strconv.Itoa(n.count[kind])
		n.of[id], n.of[name] = name, id
	}
	return name
}

// show puts identifiers in the place of names.
func (n *names) show(text string) string {
	return regexp.MustCompile(`\$[a-z]{3}\d+`).ReplaceAllStringFunc(text, func(name string) string {
		if id, known := n.of[name]; known {
			return id
		}
		return name
	})
}

// link is the station's socket.
type link struct {
	ws     *websocket.Conn
	frames chan string   // what was heard and nobody has asked for
	pongs  chan struct{} // one for each pong
	later  []string      // heard before an answer that was waited for
}

func dial(t *testing.T, url, subprotocol string) *link {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	dialer := websocket.Dialer{Subprotocols: []string{subprotocol}}
	ws, response, err := dialer.DialContext(ctx, url, nil)
	if err != nil {
		t.Fatalf("connect %s: %v", subprotocol, err)
	}
	_ = response.Body.Close() // of an upgrade there is none
	l := &link{ws: ws, frames: make(chan string, 64), pongs: make(chan struct{}, 1)}
	ws.SetPongHandler(func(string) error { l.pongs <- struct{}{}; return nil })
	go func() {
		defer close(l.frames)
		for {
			_, data, err := ws.ReadMessage()
			if err != nil {
				return
			}
			l.frames <- string(data)
		}
	}()
	t.Cleanup(l.close)
	return l
}

func (l *link) close() { _ = l.ws.Close() } // it may be closed already

func (l *link) say(t *testing.T, frame string) {
	t.Helper()
	if err := l.ws.WriteMessage(websocket.TextMessage, []byte(frame)); err != nil {
		t.Fatalf("say %s: %v", frame, err)
	}
}

// hear returns the answer to the call with this id, or the next frame that is
// none of those that were waited for.
func (l *link) hear(t *testing.T, id string) string {
	t.Helper()
	if id == "" && len(l.later) > 0 {
		next := l.later[0]
		l.later = l.later[1:]
		return next
	}
	limit := time.After(patience)
	for {
		select {
		case frame, open := <-l.frames:
			switch {
			case !open:
				t.Fatalf("the socket ended before an answer to %s", id)
			case id == "" || strings.HasPrefix(frame, "[3,"+id+",") || strings.HasPrefix(frame, "[4,"+id+","):
				return frame
			}
			l.later = append(l.later, frame)
		case <-limit:
			t.Fatalf("no answer to %s in time", id)
		}
	}
}

// live shows that the station is there.
func (l *link) live(t *testing.T) {
	t.Helper()
	if err := l.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(patience)); err != nil {
		t.Fatalf("ping: %v", err)
	}
	select {
	case <-l.pongs:
	case <-time.After(patience):
		t.Fatal("no pong in time")
	}
}
