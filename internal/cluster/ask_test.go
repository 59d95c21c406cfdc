package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Whoever asks his own node gets what he would get from another.
func TestAsk(t *testing.T) {
	first, second := pair(t)
	if _, err := first.Ask(t.Context(), two, "hello", station, nil); fault.CodeOf(err) != "node_unreachable" {
		t.Errorf("before Serve: got %v", err)
	}
	if _, err := second.Ask(t.Context(), two, "hello", station, nil); fault.CodeOf(err) != "node_unreachable" {
		t.Errorf("before Serve, the node itself: got %v", err)
	}
	largest := bytes.Repeat([]byte("x"), bodyMax)
	failure := errors.New("the database is on fire")
	serve(t, second, func(_ context.Context, kind string, id ident.StationID, body []byte) ([]byte, error) {
		switch kind {
		case "nothing":
			return nil, nil
		case "largest":
			return body, nil
		case "too large":
			return append(body, 'x'), nil
		case "conflict":
			return []byte("ignored"), fmt.Errorf("wrapped: %w", fault.Wrap(failure, fault.Conflict, "station_offline", "station", string(id)))
		case "fields":
			return nil, &fault.Error{Kind: fault.Invalid, Code: "invalid_input", Fields: []fault.Field{{Pointer: "/a", Code: "range", Detail: "from 1"}}}
		case "internal":
			return nil, failure
		case "late":
			return nil, fmt.Errorf("wait: %w", context.DeadlineExceeded)
		case "no UTF-8":
			return nil, fault.New(fault.Invalid, "code", "value", "\xff")
		}
		return []byte(kind + " " + string(id) + " " + string(body)), nil
	})
	for _, test := range []struct {
		kind string
		body []byte
		want []byte
		err  *fault.Error
	}{
		{"hello", []byte("there"), []byte("hello " + string(station) + " there"), nil},
		{"", nil, []byte(" " + string(station) + " "), nil},
		{"nothing", nil, nil, nil},
		{"largest", largest, largest, nil},
		{"largest", append(largest, 'x'), nil, fault.New(fault.Invalid, "message_too_large", "bytes", "1044481", "max", "1044480")},
		{"too large", largest, nil, fault.New(fault.Invalid, "message_too_large", "bytes", "1044481", "max", "1044480")},
		{"conflict", nil, nil, fault.New(fault.Conflict, "station_offline", "station", string(station))},
		{"fields", nil, nil, &fault.Error{Kind: fault.Invalid, Code: "invalid_input", Fields: []fault.Field{{Pointer: "/a", Code: "range", Detail: "from 1"}}}},
		{"internal", nil, nil, fault.New(fault.Internal, "internal")},
		{"late", nil, nil, fault.New(fault.TimedOut, "node_timed_out")},
	} {
		for name, asker := range map[string]*Bus{"from another node": first, "from the node itself": second} {
			t.Run(test.kind+"/"+name, func(t *testing.T) {
				got, err := asker.Ask(t.Context(), two, test.kind, station, test.body)
				if !bytes.Equal(got, test.want) {
					t.Errorf("got %.100q, want %.100q", got, test.want)
				}
				var wrong *fault.Error
				errors.As(err, &wrong)
				if !reflect.DeepEqual(wrong, test.err) || (err == nil) != (test.err == nil) {
					t.Errorf("got error %#v, want %#v", err, test.err)
				}
			})
		}
	}
	if _, err := first.Ask(t.Context(), two, "no UTF-8", station, nil); !fault.Is(err, fault.Internal) || err == nil {
		t.Errorf("values that do not travel: got %v, want Internal", err)
	}
	if _, err := first.Ask(t.Context(), nobody, "hello", station, nil); fault.CodeOf(err) != "node_unreachable" || !fault.Is(err, fault.Unavailable) {
		t.Errorf("a node that is not there: got %v", err)
	}
	for _, node := range []ident.NodeID{"", "nod_*", "nod_1.2", ">", "a b"} {
		if _, err := first.Ask(t.Context(), node, "hello", station, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("node %q: got %v, want Invalid", node, err)
		}
	}
	if err := second.Serve(echo); err == nil {
		t.Error("Serve twice is no error")
	}
}

// Kinds travel by name: each has one.
// A ping is answered by whoever is there, be it a release that does not know it.
func TestPing(t *testing.T) {
	first, second := pair(t)
	if err := first.Ping(t.Context(), two); !fault.Is(err, fault.Unavailable) {
		t.Errorf("before Serve: got %v, want Unavailable", err)
	}
	serve(t, second, func(context.Context, string, ident.StationID, []byte) ([]byte, error) {
		t.Error("the handler was asked")
		return nil, fault.New(fault.Conflict, "station_offline")
	})
	for _, from := range []*Bus{first, second} {
		if err := from.Ping(t.Context(), two); err != nil {
			t.Errorf("got %v, want an answer", err)
		}
	}
	if err := first.Ping(t.Context(), nobody); !fault.Is(err, fault.Unavailable) {
		t.Errorf("nobody: got %v, want Unavailable", err)
	}
}

func TestEveryKindHasAName(t *testing.T) {
	seen := map[string]bool{}
	for kind := fault.Internal; kind <= fault.UpstreamFailed; kind++ {
		body, err := parseAnswer(encodeAnswer(nil, fault.New(kind, "code")))
		if body != nil || fault.KindOf(err) != kind || fault.CodeOf(err) != "code" {
			t.Errorf("kind %d came back as %v", kind, err)
		}
		seen[kindNames[kind]] = true
	}
	if len(seen) != len(kindNames) || seen[""] {
		t.Errorf("got %v", kindNames)
	}
}

// The asker's deadline reaches the handler, and both stop at it.
func TestAskEndsAtItsDeadline(t *testing.T) {
	first, second := pair(t)
	left := make(chan time.Duration, 1)
	serve(t, second, func(ctx context.Context, _ string, _ ident.StationID, _ []byte) ([]byte, error) {
		deadline, _ := ctx.Deadline()
		left <- deadline.Sub(clock.System{}.Now())
		<-ctx.Done()
		return nil, ctx.Err()
	})
	for _, asker := range []*Bus{first, second} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		_, err := asker.Ask(ctx, two, "wait", station, nil)
		cancel()
		if fault.CodeOf(err) != "node_timed_out" || !fault.Is(err, fault.TimedOut) {
			t.Errorf("got %v, want node_timed_out", err)
		}
		if got := <-left; got > 100*time.Millisecond {
			t.Errorf("the handler had %v, want at most what the asker had", got)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-left
		cancel()
	}()
	if _, err := first.Ask(ctx, two, "wait", station, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("an asker who goes: got %v, want Canceled", err)
	}
}

func TestHandlersAreLimited(t *testing.T) {
	first, second := pair(t)
	working, release := make(chan struct{}, handlersMax), make(chan struct{})
	serve(t, second, func(context.Context, string, ident.StationID, []byte) ([]byte, error) {
		working <- struct{}{}
		<-release
		return nil, nil
	})
	for i := range handlersMax {
		teller := first
		if i%2 == 0 {
			teller = second
		}
		if err := teller.Tell(two, "wait", station, nil); err != nil {
			t.Fatal(err)
		}
	}
	for range handlersMax {
		<-working
	}
	if _, err := first.Ask(t.Context(), two, "wait", station, nil); fault.CodeOf(err) != "node_busy" {
		t.Errorf("ask one too many: got %v, want node_busy", err)
	}
	if err := second.Tell(two, "wait", station, nil); fault.CodeOf(err) != "node_busy" {
		t.Errorf("tell oneself one too many: got %v, want node_busy", err)
	}
	close(release)
	if _, err := second.Ask(t.Context(), two, "wait", station, nil); err != nil {
		t.Errorf("afterwards: got %v", err)
	}
}

func TestTell(t *testing.T) {
	first, second := pair(t)
	told := make(chan string)
	serve(t, second, func(_ context.Context, kind string, id ident.StationID, body []byte) ([]byte, error) {
		told <- kind + " " + string(id) + " " + string(body)
		return nil, fault.New(fault.Conflict, "nobody_hears_this")
	})
	for _, teller := range []*Bus{first, second} {
		if err := teller.Tell(two, "hint", station, []byte("body")); err != nil {
			t.Error(err)
		}
		if got, want := <-told, "hint "+string(station)+" body"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if err := first.Tell(nobody, "hint", station, nil); err != nil {
		t.Errorf("a hint to nobody: got %v, want nothing", err)
	}
	if err := first.Tell(two, "hint", station, make([]byte, bodyMax+1)); fault.CodeOf(err) != "message_too_large" {
		t.Errorf("got %v, want message_too_large", err)
	}
	if err := first.Tell("a.b", "hint", station, nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v, want Invalid", err)
	}
}

// A cluster may take less in one message than our own server does.
func TestAServerWithASmallerLimit(t *testing.T) {
	s := listen(t, 0, func(o *server.Options) { o.MaxPayload = 1024 })
	first, second := open(t, Options{URL: s.ClientURL(), Node: one}), open(t, Options{URL: s.ClientURL(), Node: two})
	serve(t, second, echo)
	if _, err := first.Ask(t.Context(), two, "hello", station, make([]byte, 2048)); fault.CodeOf(err) != "message_too_large" {
		t.Errorf("got %v, want message_too_large", err)
	}
	if got, err := first.Ask(t.Context(), two, "hello", station, make([]byte, 512)); err != nil || len(got) < 512 {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}

// What another program, or another release, sends does no harm.
func TestForeignMessages(t *testing.T) {
	bus := open(t, Options{Node: one})
	serve(t, bus, echo)
	foreign, err := nats.Connect("", nats.InProcessServer(bus.server))
	if err != nil {
		t.Fatal(err)
	}
	defer foreign.Close()
	for _, body := range [][]byte{nil, {}, {0}, {formatVersion}, {formatVersion + 1, 0, 0, 0}, {formatVersion, 0, 200, 1}, []byte("hello")} {
		reply, err := foreign.RequestWithContext(t.Context(), nodeSubject+string(one), body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseAnswer(reply.Data); fault.CodeOf(err) != "message_malformed" {
			t.Errorf("%q: got %v, want message_malformed", body, err)
		}
	}
	feed, cancel := bus.Subscribe(orgA)
	defer cancel()
	if err := foreign.Publish(eventsSubject+string(orgA), []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, open := <-feed; open {
		t.Error("an event that nobody published")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(message{timeout: time.Second, kind: "call", station: station, body: []byte("{}")}.encode())
	f.Add(encodeAnswer([]byte("{}"), nil))
	f.Add(encodeAnswer(nil, fault.New(fault.Conflict, "code", "name", "value")))
	e := events(orgA, 7, 1)[0]
	f.Add(appendEvent([]byte{formatVersion}, &e))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := parseMessage(b); err == nil {
			again, err := parseMessage(m.encode())
			if err != nil || again.kind != m.kind || again.station != m.station || !bytes.Equal(again.body, m.body) {
				t.Errorf("got %+v, %v; want %+v", again, err, m)
			}
		}
		if body, err := parseAnswer(b); err == nil && !bytes.Equal(body, b[1:]) {
			t.Errorf("got %q of %q", body, b)
		}
		if events, err := parseEvents(orgA, b); err == nil {
			packet := []byte{formatVersion}
			for i := range events {
				packet = appendEvent(packet, &events[i])
			}
			again, err := parseEvents(orgA, packet)
			if err != nil || !reflect.DeepEqual(again, events) {
				t.Errorf("got %+v, %v; want %+v", again, err, events)
			}
		}
	})
}
