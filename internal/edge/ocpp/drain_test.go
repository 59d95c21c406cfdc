package ocpp_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pylon/internal/domain/station"
)

// drainSlack is more than what a drain gives the last sockets.
const drainSlack = 3 * time.Second

// drain begins a drain and returns what is closed when it is over.
func (b *bench) drain(ctx context.Context, d time.Duration) <-chan struct{} {
	b.clock.mu.Lock()
	alarms := len(b.clock.waiting)
	b.clock.mu.Unlock()
	over := make(chan struct{})
	go func() {
		b.gateway.Drain(ctx, d)
		close(over)
	}()
	<-b.clock.sleepers(alarms + 1) // the drain's own
	return over
}

// released returns how many stations were given up because the node stops.
func (b *bench) released() (n int) {
	for id := range b.world.stations {
		if b.world.called(id, "Release node_shutdown") {
			n++
		}
	}
	return n
}

func TestDrainLetsStationsGoOneAfterTheOther(t *testing.T) {
	b := start(t, nil)
	const stations, term = 4, 8 * time.Second
	var peers []*peer
	for i := range stations {
		b.world.add(identity(i), nil)
		p := b.connect(dialing{path: "/ocpp/" + string(identity(i))})
		p.ask(heartbeat)
		peers = append(peers, p)
	}
	over := b.drain(t.Context(), term)
	if _, got := b.dial(dialing{}); got != 503 {
		t.Errorf("a handshake meanwhile: got %d, want 503", got)
	}
	for i := range stations {
		b.world.mu.Lock()
		if got := b.released(); got != i {
			t.Errorf("after %v: %d stations have left, want %d", time.Duration(i)*term/stations, got, i)
		}
		b.world.mu.Unlock()
		b.clock.move(term / stations)
		b.until(fmt.Sprintf("station %d leaves", i+1), func() bool { return b.released() == i+1 })
	}
	for _, p := range peers {
		if code, why := p.ended(); code != 1012 || why != "node_shutdown" {
			t.Errorf("got %d %q, want 1012 node_shutdown", code, why)
		}
	}
	b.clock.move(drainSlack) // it need not have seen yet that they have gone
	<-over
}

// What a station has sent is committed and answered before its socket ends; the
// others do not wait for it.
func TestDrainAnswersWhatIsInWork(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	b.world.add("CP2", nil)
	busy, idle := b.connect(dialing{}), b.connect(dialing{path: "/ocpp/CP2"})
	busy.ask(heartbeat)
	idle.ask(heartbeat)
	held, begun := make(chan struct{}), make(chan struct{})
	b.world.mu.Lock()
	b.world.before = func(method string) error {
		if method == "Status" {
			close(begun)
			<-held
		}
		return nil
	}
	b.world.mu.Unlock()
	busy.say(`[2,"7","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available"}]`)
	<-begun
	over := b.drain(t.Context(), 0)
	if code, _ := idle.ended(); code != 1012 {
		t.Errorf("the idle one: got %d, want 1012", code)
	}
	close(held)
	if got, want := busy.hear(), `[3,"7",{}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if code, _ := busy.ended(); code != 1012 {
		t.Errorf("the busy one: got %d, want 1012", code)
	}
	b.until("both have left", func() bool { return b.released() == 2 })
	b.clock.move(drainSlack) // it need not have seen yet that they have gone
	<-over
}

// A call of ours gets its answer; what waits behind it is for the next socket.
func TestDrainAwaitsAnswers(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", func(st *station.Station) { st.Registration = station.Accepted })
	p := b.connect(dialing{})
	p.ask(heartbeat)
	if err := b.world.order("CP1", b.raw("cmd_1", "ClearCache", `{}`)); err != nil {
		t.Fatal(err)
	}
	p.hear()
	over := b.drain(t.Context(), 0)
	if err := b.world.order("CP1", b.raw("cmd_2", "ClearCache", `{}`)); err != nil {
		t.Fatal(err)
	}
	p.say(`[3,"cmd_1",{"status":"Accepted"}]`)
	if code, _ := p.ended(); code != 1012 {
		t.Errorf("got %d, want 1012", code)
	}
	b.until("released", func() bool { return b.released() == 1 })
	b.world.mu.Lock()
	answers := b.world.stations["CP1"].answers
	if len(answers) != 1 || answers["cmd_1"].State != "accepted" {
		t.Errorf("got %+v, want the answer to the first alone", answers)
	}
	b.world.mu.Unlock()
	b.clock.move(drainSlack) // it need not have seen yet that they have gone
	<-over
}

// Who hurries waits for nobody, and a station that never answers holds up nothing
// for long.
func TestDrainEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(b *bench, hurry func())
	}{
		{"told to hurry", func(_ *bench, hurry func()) { hurry() }},
		{"after its time", func(b *bench, _ func()) {
			b.clock.move(3 * time.Second)
			b.clock.move(time.Second)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := start(t, nil)
			b.world.add("CP1", nil)
			p := b.connect(dialing{})
			p.ask(heartbeat)
			if err := b.world.order("CP1", b.raw("cmd_1", "ClearCache", `{}`)); err != nil {
				t.Fatal(err)
			}
			p.hear() // and does not answer
			ctx, hurry := context.WithCancel(t.Context())
			over := b.drain(ctx, time.Second)
			tt.end(b, hurry)
			<-over
			hurry()
			b.stop()
			if code, why := p.ended(); code != 1012 || why != "node_shutdown" {
				t.Errorf("got %d %q, want 1012 node_shutdown", code, why)
			}
		})
	}
}
