package ocpp_test

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"pylon/internal/edge/ocpp"
	"pylon/internal/kernel/ident"
)

// lineTerm is how long a handshake waits for its turn.
const lineTerm = 15 * time.Second

// holdClaims lets claims begin and not end until release is called.
func (b *bench) holdClaims() (release func()) {
	held := make(chan struct{})
	b.world.mu.Lock()
	b.world.before = func(method string) error {
		if method == "Claim" {
			<-held
		}
		return nil
	}
	b.world.mu.Unlock()
	return func() { close(held) }
}

// crowd has three stations come where one may be on its way in and one may wait:
// the first holds the door, the second waits for its turn, and what becomes of it
// is on the channel.
func crowd(t *testing.T) (b *bench, second <-chan int, release func()) {
	b = start(t, func(o *ocpp.Options) { o.Limits = ocpp.Limits{Claims: 1, Line: 1} })
	for i := range 3 {
		b.world.add(identity(i), nil)
	}
	release = b.holdClaims()
	b.connect(dialing{path: "/ocpp/" + string(identity(0))})
	became := make(chan int, 1)
	go func() {
		p, status := b.dial(dialing{path: "/ocpp/" + string(identity(1))})
		if p != nil {
			status = http.StatusSwitchingProtocols
		}
		became <- status
	}()
	<-b.clock.sleepers(2) // Run's sweep, and the one in line
	return b, became, release
}

func identity(i int) ident.Identity { return ident.Identity(fmt.Sprintf("CP%d", i+1)) }

func TestTheDoorLetsInOneAfterTheOther(t *testing.T) {
	b, second, release := crowd(t)
	release()
	if got := <-second; got != http.StatusSwitchingProtocols {
		t.Errorf("the second: got %d, want to be let in", got)
	}
	if got, _ := b.dial(dialing{path: "/ocpp/" + string(identity(2))}); got == nil {
		t.Error("the third: not let in when nobody was in its way")
	}
}

// Who finds the line full is told to come again, at another time than others, and
// nothing is looked up for him.
func TestAFullLineSendsStationsAway(t *testing.T) {
	b, _, release := crowd(t)
	defer release()
	times := map[int]bool{}
	for range 20 {
		url := strings.Replace(b.server.URL, "http", "ws", 1) + "/ocpp/nobody-knows-this-one"
		_, response, err := websocket.DefaultDialer.DialContext(t.Context(), url, nil)
		if !errors.Is(err, websocket.ErrBadHandshake) || response.StatusCode != http.StatusServiceUnavailable {
			t.Fatalf("got %v, want 503", err)
		}
		_ = response.Body.Close()
		wait, err := strconv.Atoi(response.Header.Get("Retry-After"))
		if err != nil || wait < 5 || wait > 31 {
			t.Fatalf("Retry-After %q, want 5 to 31 seconds", response.Header.Get("Retry-After"))
		}
		times[wait] = true
	}
	if len(times) < 3 {
		t.Errorf("twenty stations come again at %d times, want them spread", len(times))
	}
	if got := b.counted("pylon_ocpp_handshake_failures_total", "reason", "busy"); got != 20 {
		t.Errorf("%v handshakes were refused as busy, want 20", got)
	}
}

func TestTheLineHasAnEnd(t *testing.T) {
	b, second, release := crowd(t)
	defer release()
	b.clock.move(lineTerm)
	if got := <-second; got != http.StatusServiceUnavailable {
		t.Errorf("got %d after %v, want 503", got, lineTerm)
	}
}

// A place at the door comes back however a handshake ends.
func TestPlacesComeBack(t *testing.T) {
	b := start(t, func(o *ocpp.Options) { o.Limits = ocpp.Limits{Claims: 1, Line: 1} })
	b.world.add("CP1", withPassword(1, password))
	for range 3 {
		for _, d := range []dialing{
			{path: "/ocpp/unknown"},
			{password: "wrong-" + password},
			{password: password, subprotocol: "none"},
		} {
			b.dial(d)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.server.URL+"/ocpp/CP1", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = basic("CP1", password)
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", "websocket")
		if got := b.status(r); got != http.StatusBadRequest {
			t.Errorf("an upgrade without its key: got %d, want 400", got)
		}
		p := b.connect(dialing{password: password}) // takes over from the one before
		if got := p.ask(heartbeat); got == "" {
			t.Error("no answer")
		}
		waits := b.connect(dialing{password: password}) // says nothing
		b.until("the second waits", func() bool { return b.world.noted("waits") })
		_ = waits.ws.Close()
	}
}
