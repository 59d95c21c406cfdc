package app

import (
	"container/list"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"pylon/internal/kernel/clock"
)

const (
	// lobbyMax bounds the connections that are neither stations nor anything else
	// yet: a restart brings as many stations at once, at 10 to 30 KiB each.
	lobbyMax = 10_000
	// lobbyTurn is what a connection gets before it gives way to another: an honest
	// one has said what it wants long before.
	lobbyTurn = 2 * time.Second
	// servedTurn is the same for one whose request is served: longer than a station
	// may wait for its turn.
	servedTurn = 20 * time.Second
	// filesKept are file descriptors that no connection gets: databases, logs, peers.
	filesKept = 256
	// lobbyShare is the part of the file descriptors that stations leave to the lobby.
	lobbyShare = 32
)

// lobby holds the connections that say nothing yet, or no more, or whose request
// is served. When it is full, the one that has waited longest makes room: who
// opens connections for nothing takes them from himself, for an honest one is
// through in a moment. Sockets of stations have left it.
type lobby struct {
	clock  clock.Clock
	places func() int // how many there are now

	mu      sync.Mutex
	waiting *list.List // of *visitor, who has come first stands first
	served  *list.List // likewise, since their requests began
	where   map[net.Conn]*list.Element
}

// visitor is a connection in the lobby.
type visitor struct {
	conn   net.Conn
	since  time.Time // steady: a clock that is set keeps nobody in
	served bool
}

func newLobby(c clock.Clock, places func() int) *lobby {
	return &lobby{clock: c, places: places, waiting: list.New(), served: list.New(), where: map[net.Conn]*list.Element{}}
}

// note follows the connections of an [http.Server]; it is its ConnState.
func (l *lobby) note(c net.Conn, state http.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remove(c)
	switch state {
	case http.StateNew:
		if l.makeRoom() {
			l.add(l.waiting, &visitor{conn: c, since: l.clock.Steady()})
		} else {
			go c.Close()
		}
	case http.StateIdle:
		l.add(l.waiting, &visitor{conn: c, since: l.clock.Steady()})
	case http.StateActive:
		l.add(l.served, &visitor{conn: c, since: l.clock.Steady(), served: true})
	case http.StateHijacked, http.StateClosed:
	}
}

func (l *lobby) add(to *list.List, v *visitor) { l.where[v.conn] = to.PushBack(v) }

func (l *lobby) remove(c net.Conn) {
	at, known := l.where[c]
	if !known {
		return
	}
	delete(l.where, c)
	if v := at.Value.(*visitor); v.served { //nolint:forcetypeassert // add puts it there
		l.served.Remove(at)
	} else {
		l.waiting.Remove(at)
	}
}

// makeRoom ends the connection that has been here longest when there is no place
// left, and reports whether there is one. Those that wait go first.
func (l *lobby) makeRoom() bool {
	if len(l.where) < l.places() {
		return true
	}
	for _, queue := range []struct {
		*list.List
		turn time.Duration
	}{{l.waiting, lobbyTurn}, {l.served, servedTurn}} {
		oldest := queue.Front()
		if oldest == nil {
			continue
		}
		v := oldest.Value.(*visitor) //nolint:forcetypeassert // as above
		if l.clock.Steady().Sub(v.since) < queue.turn {
			continue
		}
		l.remove(v.conn)
		go v.conn.Close()
		return true
	}
	return false
}

// filesMax returns how many files the process may have open.
func filesMax() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 1 << 10 // what POSIX systems begin with
	}
	return int(min(limit.Cur, 1<<30))
}

// socketsMax returns how many stations the process may have sockets for: what
// files leaves beside the databases and the lobby.
func socketsMax(files int) int { return max(1, files-filesKept-files/lobbyShare) }

// lobbyPlaces returns the places of the lobby while the stations have so many
// sockets.
func lobbyPlaces(files, sockets int) int {
	return min(lobbyMax, max(files/lobbyShare, files-filesKept-sockets))
}
