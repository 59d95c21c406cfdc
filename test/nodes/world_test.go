// Package nodes runs several real nodes on one PostgreSQL and one NATS server, and
// sees that they are one network: whatever node a station is at, whatever node is
// asked, and whatever becomes of nodes meanwhile.
package nodes

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/client"
	"pylon/test/natsserver"
	"pylon/test/postgres"
	"pylon/test/program"
)

const (
	soon  = 20 * time.Second // what takes less than a second on a machine with nothing else to do
	later = 60 * time.Second // what waits for the end of a dead node's lease
)

// TestNodes builds the program once for all its parts, each of which has a database
// of its own.
func TestNodes(t *testing.T) {
	binary, nats := program.Build(t), natsserver.Start(t)
	for _, part := range []struct {
		name string
		test func(*testing.T, *network)
		also bool // at the same time as others: it mostly waits, and leaves NATS alone
	}{
		{"any node serves any station", anyNodeServesAnyStation, false},
		{"changes reach the other node", changesReachTheOtherNode, false},
		{"events of all nodes", eventsOfAllNodes, false},
		{"roles", roles, false},
		{"a killed node", killedNode, true},
		{"a frozen node", frozenNode, true},
		{"NATS restarts", natsRestarts, false},
		{"nodes without a common NATS", nodesWithoutCommonNATS, true},
		{"rolling restart", rollingRestart, false},
		{"two releases on one database", twoReleases, false},
		{"a second signal hurries", secondSignalHurries, false},
	} {
		t.Run(part.name, func(t *testing.T) {
			if part.also {
				t.Parallel()
			}
			part.test(t, &network{t: t, nats: nats, config: program.Config{
				Binary: binary, DatabaseURL: postgres.Database(t), NATSURL: nats.URL(),
			}})
		})
	}
}

// network is a database and a NATS server, and how nodes on them are started.
type network struct {
	t      *testing.T
	config program.Config
	nats   *natsserver.Server
}

// node starts a node. set may change how.
func (w *network) node(set ...func(*program.Config)) *program.Server {
	w.t.Helper()
	c := w.config
	for _, f := range set {
		f(&c)
	}
	return program.Start(w.t, c)
}

// role is for [network.node].
func role(names string) func(*program.Config) {
	return func(c *program.Config) { c.Role = names }
}

// two starts two equal nodes, who know a card.
func (w *network) two() (a, b *program.Server) {
	w.t.Helper()
	a, b = w.node(), w.node()
	a.CreateToken(w.t, token, "accepted")
	return a, b
}

// online reports how a server shows a station.
func online(t *testing.T, server *program.Server, identity string) bool {
	t.Helper()
	return server.Station(t, identity).Connection.Status == "online"
}

// fleet is stations that charge, each in a goroutine of its own.
type fleet struct {
	t        *testing.T
	stations []*station
	enough   chan struct{}
	running  sync.WaitGroup
	end      context.CancelFunc
}

// charging makes n stations, half of each version, half at each of two servers,
// and returns when all are in session.
func charging(t *testing.T, n int, a, b *program.Server) *fleet {
	t.Helper()
	ctx, end := context.WithTimeout(context.WithoutCancel(t.Context()), 3*time.Minute)
	f := &fleet{t: t, enough: make(chan struct{}), end: end}
	t.Cleanup(func() {
		end()
		f.running.Wait()
	})
	for i := range n {
		homes := []*program.Server{a, b}
		if i >= n/2 {
			homes = []*program.Server{b, a}
		}
		s := newStation(t, a, fmt.Sprintf("CS%02d", i+1), i%2 == 0, homes...)
		f.stations = append(f.stations, s)
		f.running.Go(func() {
			if err := s.charge(ctx, f.enough); err != nil {
				t.Errorf("%s: %v", s.identity, err)
			}
			s.leave()
		})
	}
	program.Await(t, "all stations charge", soon, func() bool {
		var active struct {
			Data []program.Session `json:"data"`
		}
		a.Get(t, fmt.Sprintf("/api/v1/sessions?status=active&limit=%d", n), &active)
		return len(active.Data) == n
	})
	return f
}

// finish lets all sessions end and checks each.
func (f *fleet) finish(servers ...*program.Server) {
	f.t.Helper()
	close(f.enough)
	f.running.Wait()
	f.end()
	for _, s := range f.stations {
		for _, server := range servers {
			f.t.Run(s.identity, func(t *testing.T) { complete(t, server, s) })
		}
	}
}

// complete checks that a server knows of the one session that a station had, with
// every reading that was answered exactly once and the energy of its meter.
func complete(t *testing.T, server *program.Server, s *station) {
	t.Helper()
	sessions := server.Sessions(t, s.identity)
	if len(sessions) != 1 {
		t.Fatalf("%d sessions, want 1: %+v", len(sessions), sessions)
	}
	got := sessions[0]
	if got.Status != "completed" || got.EnergyWh != int64(s.registerWh-s.beganWh) {
		t.Errorf("session is %s with %d Wh, want completed with %d", got.Status, got.EnergyWh, s.registerWh-s.beganWh)
	}
	times := map[string]int{}
	for _, v := range server.MeterValues(t, got.ID) {
		times[v.Value]++
	}
	for _, register := range s.samples {
		if n := times[fmt.Sprint(register)]; n != 1 {
			t.Errorf("the reading of %d Wh was answered and is there %d times, want once", register, n)
		}
	}
	if len(s.samples) == 0 {
		t.Error("no reading was answered")
	}
}

// api returns the client of a server.
func api(t *testing.T, server *program.Server) *client.Client {
	t.Helper()
	c, err := client.New(client.Options{Base: "http://" + server.Address(), Key: program.Key})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// patch changes a resource and wants the status.
func patch(t *testing.T, server *program.Server, path string, body any, want int) {
	t.Helper()
	got, err := server.Do(t.Context(), program.Request{Method: http.MethodPatch, Path: path, Body: body})
	if err != nil || got.Status != want {
		t.Fatalf("PATCH %s: got %d %s, %v, want %d", path, got.Status, got.Body, err, want)
	}
}

// ready is what a server says of itself.
type ready struct {
	Status   string   `json:"status"`
	Warnings []string `json:"warnings"`
}

// readiness asks a server how it is; code is 0 when it does not answer.
func readiness(ctx context.Context, server *program.Server) (says ready, code int) {
	got, err := server.Do(ctx, program.Request{Method: http.MethodGet, Path: "/readyz"})
	if err == nil {
		_ = json.Unmarshal(got.Body, &says) // what cannot be read says nothing
	}
	return says, got.Status
}
