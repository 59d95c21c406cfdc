package app

import (
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"pylon/internal/kernel/clock"
)

// ended reports whether the other side has closed a connection.
func ended(c net.Conn) bool {
	synctest.Wait()
	c.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := c.Read(make([]byte, 1))
	timeout, ok := err.(net.Error) //nolint:errorlint // a pipe does not wrap
	return !ok || !timeout.Timeout()
}

func TestLobbyEndsWhoHasWaitedLongest(t *testing.T) {
	for _, c := range []struct {
		name   string
		states []http.ConnState // of the two that are there, the first of them longer
		age    time.Duration    // of the second
		want   []bool           // who is ended, the newcomer last
	}{
		{"both wait", []http.ConnState{http.StateNew, http.StateNew}, lobbyTurn, []bool{true, false, false}},
		{"the first has said more since", []http.ConnState{http.StateIdle, http.StateNew}, lobbyTurn, []bool{true, false, false}},
		{"the first is served", []http.ConnState{http.StateActive, http.StateNew}, lobbyTurn, []bool{false, true, false}},
		{"both are served, not for long", []http.ConnState{http.StateActive, http.StateActive}, lobbyTurn, []bool{false, false, true}},
		{"both are served for long", []http.ConnState{http.StateActive, http.StateActive}, servedTurn, []bool{true, false, false}},
		{"both have only come", []http.ConnState{http.StateNew, http.StateNew}, 0, []bool{false, false, true}},
		{"the first is a station", []http.ConnState{http.StateHijacked, http.StateNew}, lobbyTurn, []bool{false, false, false}},
		{"the first is gone", []http.ConnState{http.StateClosed, http.StateNew}, lobbyTurn, []bool{false, false, false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLobby(clock.System{}, func() int { return 2 })
				var theirs, ours [3]net.Conn
				for i := range ours {
					ours[i], theirs[i] = net.Pipe()
					defer ours[i].Close()
					defer theirs[i].Close()
				}
				for i, state := range c.states {
					l.note(ours[i], http.StateNew)
					if state != http.StateNew {
						l.note(ours[i], state)
					}
					time.Sleep(time.Millisecond)
				}
				time.Sleep(c.age)
				l.note(ours[2], http.StateNew)
				for i, want := range c.want {
					if got := ended(theirs[i]); got != want {
						t.Errorf("connection %d: ended is %t, want %t", i, got, want)
					}
				}
			})
		})
	}
}

func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		name                  string
		files, sockets        int
		wantSockets, wantHall int
	}{
		{"a small machine, empty", 1024, 0, 736, 768},
		{"a small machine, full", 1024, 736, 736, 32},
		{"the bench's machine, full", 20_000, 19_119, 19_119, 625},
		{"a server", 524_288, 100_000, 507_648, lobbyMax},
		{"next to none", 64, 0, 1, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := socketsMax(c.files); got != c.wantSockets {
				t.Errorf("got %d sockets, want %d", got, c.wantSockets)
			}
			if got := lobbyPlaces(c.files, c.sockets); got != c.wantHall {
				t.Errorf("got %d places, want %d", got, c.wantHall)
			}
		})
	}
}
