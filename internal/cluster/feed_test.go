package cluster

import (
	"context"
	"fmt"
	"io"
	"net"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"pylon/internal/domain/event"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

const (
	orgA = ident.OrganisationID("org_01JD3K6X5M8Q2V7T9WBNCRFH0A")
	orgB = ident.OrganisationID("org_01JD3K6X5M8Q2V7T9WBNCRFH0B")
)

// events returns some events with numbers from first on.
func events(org ident.OrganisationID, first int64, count int) []event.Recorded {
	list := make([]event.Recorded, count)
	for i := range list {
		list[i] = event.Recorded{
			Position: event.Position{Stream: "nod_1/1", Number: first + int64(i)},
			Event: event.Event{
				Type: event.SessionUpdated, Organisation: org, Site: "sit_1", Station: station, Subject: "ses_1", Version: 42,
				At:   time.Date(2026, 3, 1, 8, 0, 0, 123_456_000, time.UTC),
				Data: struct{}{},
			},
			JSON: fmt.Appendf(nil, `{"energy_wh":%d}`, first),
		}
	}
	return list
}

func TestFeed(t *testing.T) {
	first, second := pair(t)
	here, cancelHere := first.Subscribe(orgA)
	there, cancelThere := second.Subscribe(orgA)
	again, cancelAgain := second.Subscribe(orgA)
	other, cancelOther := second.Subscribe(orgB)
	defer cancelOther()

	mixed := append(append(events(orgA, 1, 2), events(orgB, 3, 1)...), events(orgA, 4, 1000)...)
	mixed[1].Position, mixed[1].Live = event.Position{}, true // of no log
	mixed = append(mixed, events("", 5, 1)...)                // nobody's: a defect of the caller's, and no more
	first.Publish(mixed)
	for name, feed := range map[string]<-chan event.Recorded{"here": here, "there": there, "there again": again} {
		for i, want := range append(slices.Clone(mixed[:2]), events(orgA, 4, 1000)...) {
			want.Data = nil
			switch want.Number {
			case 0, 4:
				want.Previous = 1
			case 1:
			default:
				want.Previous = want.Number - 1
			}
			if got := <-feed; !reflect.DeepEqual(got, want) {
				t.Fatalf("%s, event %d: got %+v, want %+v", name, i, got, want)
			}
		}
	}
	if got := <-other; got.Number != 3 {
		t.Errorf("the other organisation got %+v", got)
	}

	cancelHere()
	cancelHere()
	cancelThere()
	for name, feed := range map[string]<-chan event.Recorded{"here": here, "there": there} {
		if got, open := <-feed; open {
			t.Errorf("%s, after the end: got %+v", name, got)
		}
	}
	second.Publish(events(orgA, 6, 1))
	if got := <-again; got.Number != 6 {
		t.Errorf("who stays got %+v", got)
	}
	cancelAgain()
	for range again {
		t.Error("an event after the end")
	}
	if len(first.feed.topics) != 0 || len(second.feed.topics) != 1 || second.feed.size != 1 {
		t.Errorf("left behind: %v, %v", first.feed.topics, second.feed.topics)
	}
}

// Who gets an event knows whether he has the one before it.
func TestAnEventNamesThePreviousOne(t *testing.T) {
	first, second := pair(t)
	first.Publish(events(orgA, 1, 2))
	first.Publish(events(orgB, 3, 1))
	feed, cancel := second.Subscribe(orgA)
	defer cancel()
	large := events(orgA, 4, 40)
	for i := range large {
		large[i].JSON = make([]byte, 100<<10) // more than a message takes
	}
	first.Publish(large)
	next := events(orgA, 1, 1)
	next[0].Stream = "nod_1/2"
	first.Publish(next)
	got := <-feed
	for got.Number < large[0].Number { // on their way when it began
		got = <-feed
	}
	for previous := int64(2); previous < large[0].Number+int64(len(large))-1; got = <-feed {
		if got.Previous != previous {
			t.Fatalf("event %d: got %d as the one before, want %d", got.Number, got.Previous, previous)
		}
		previous = got.Number
	}
	if got.Previous != 0 {
		t.Errorf("the first of a stream: got %d as the one before, want none", got.Previous)
	}
}

func TestLargePacketsAreSplit(t *testing.T) {
	first, second := pair(t)
	feed, cancel := second.Subscribe(orgA)
	defer cancel()
	large := events(orgA, 1, 40)
	for i := range large {
		large[i].JSON = make([]byte, 100<<10)
	}
	first.Publish(large) // 4 MB, of which a message takes 1
	for _, want := range large {
		if got := <-feed; got.Number != want.Number || len(got.JSON) != len(want.JSON) {
			t.Fatalf("got event %d with %d bytes, want %d", got.Number, len(got.JSON), want.Number)
		}
	}
}

// Who does not read loses his feed, and nobody waits for him.
// A server that takes nothing more holds up whoever publishes for a moment, and not
// for as long as its buffers stay full: commits wait behind it.
func TestAServerThatTakesNothing(t *testing.T) {
	addr, hold := relay(t, listen(t, 0, nil).Addr().String())
	b := open(t, Options{URL: "nats://" + addr, Node: one})
	hold()
	large := events(orgA, 1, 1)
	large[0].JSON = make([]byte, packetMax)
	var longest time.Duration
	for range 256 { // more than the buffers on the way hold
		began := clock.System{}.Steady()
		b.Publish(large)
		longest = max(longest, clock.System{}.Steady().Sub(began))
		if longest > writeWait/2 {
			break
		}
	}
	if longest <= writeWait/2 {
		t.Fatal("all of it found its way")
	}
	if longest > 3*writeWait { // the writer's own, and that of the connection's flusher before it
		t.Errorf("held up for %s, want about %s", longest, writeWait)
	}
}

// relay passes connections on to target. From hold on it takes nothing more, until
// the test ends.
func relay(t *testing.T, target string) (addr string, hold func()) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	held := make(chan struct{})
	var over sync.WaitGroup
	pass := func(from net.Conn) {
		defer from.Close()
		to, err := new(net.Dialer).DialContext(t.Context(), "tcp", target)
		if err != nil {
			return
		}
		defer to.Close()
		defer context.AfterFunc(t.Context(), func() { from.Close(); to.Close() })()
		over.Go(func() { _, _ = io.Copy(from, to) }) // ends with either
		piece := make([]byte, 1<<10)
		for {
			n, err := from.Read(piece)
			select {
			case <-held:
				<-t.Context().Done()
			default:
			}
			if _, failed := to.Write(piece[:n]); err != nil || failed != nil {
				return
			}
		}
	}
	over.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			over.Go(func() { pass(from) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		over.Wait()
	})
	return l.Addr().String(), func() { close(held) }
}

func TestASlowSubscriberIsClosed(t *testing.T) {
	first, second := pair(t)
	slow, cancelSlow := second.Subscribe(orgA)
	defer cancelSlow()
	quick, cancelQuick := second.Subscribe(orgA)
	defer cancelQuick()
	const batch = 256
	published := int64(1)
	for range 2*behindMax/batch + 2 {
		first.Publish(events(orgA, published, batch))
		for range batch {
			if got := <-quick; got.Number != published {
				t.Fatalf("got event %d, want %d", got.Number, published)
			}
			published++
		}
	}
	read := int64(1)
	for got := range slow {
		if got.Number != read {
			t.Fatalf("got event %d, want %d", got.Number, read)
		}
		read++
	}
	if read >= published {
		t.Errorf("the slow one read all %d", read)
	}
}

func TestSubscribersAreLimited(t *testing.T) {
	bus := open(t, Options{Node: one})
	_, cancel := bus.Subscribe(orgA)
	bus.feed.size += subscribersMax - 1
	late, _ := bus.Subscribe(orgB)
	if _, open := <-late; open {
		t.Error("one more than the limit has a feed")
	}
	cancel()
	feed, cancel := bus.Subscribe(orgB)
	defer cancel()
	bus.Publish(events(orgB, 1, 1))
	if got, open := <-feed; !open || got.Number != 1 {
		t.Error("one has gone, and there is no room")
	}
	bus.feed.size -= subscribersMax - 1
	if malformed, _ := bus.Subscribe("org.*"); malformed != nil {
		if _, open := <-malformed; open {
			t.Error("a pattern is no organisation")
		}
	}
}

func TestWatch(t *testing.T) {
	first, second := pair(t)
	type watch struct {
		bus    *Bus
		woken  <-chan struct{}
		cancel func()
	}
	var watches []watch
	for _, bus := range []*Bus{first, second, second} {
		woken, cancel, err := bus.Watch("cmd_1")
		if err != nil {
			t.Fatal(err)
		}
		watches = append(watches, watch{bus, woken, cancel})
	}
	other, cancelOther, err := second.Watch("cmd_2")
	if err != nil {
		t.Fatal(err)
	}
	defer cancelOther()
	for _, notifier := range []*Bus{first, second} {
		if err := notifier.Notify("cmd_1"); err != nil {
			t.Fatal(err)
		}
		for _, w := range watches {
			<-w.woken
		}
	}
	// What comes behind the hint on the same way shows that the other got none.
	if err := first.Notify("cmd_1"); err != nil {
		t.Fatal(err)
	}
	<-watches[2].woken
	select {
	case <-other:
		t.Error("who watches another command was woken")
	default:
	}
	// Two that nobody has seen are one.
	for range 2 {
		if err := first.Notify("cmd_1"); err != nil {
			t.Fatal(err)
		}
	}
	<-watches[0].woken
	select {
	case <-watches[0].woken:
		t.Error("woken twice")
	default:
	}
	for _, w := range watches {
		w.cancel()
		w.cancel()
	}
	if first.watchers.size != 0 || second.watchers.size != 1 || len(second.watchers.watches) != 1 {
		t.Errorf("left behind: %v, %v", first.watchers.watches, second.watchers.watches)
	}
	for _, key := range []string{"", "*", "a.b", "cmd 1"} {
		if _, _, err := first.Watch(key); !fault.Is(err, fault.Invalid) {
			t.Errorf("watch %q: got %v, want Invalid", key, err)
		}
		if err := first.Notify(key); !fault.Is(err, fault.Invalid) {
			t.Errorf("notify %q: got %v, want Invalid", key, err)
		}
	}
	first.watchers.size = watchesMax
	if _, _, err := first.Watch("cmd_1"); !fault.Is(err, fault.Exhausted) {
		t.Errorf("one more than the limit: got %v, want Exhausted", err)
	}
}
