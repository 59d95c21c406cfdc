package nodes

import (
	"net/http"
	"testing"

	"pylon/test/program"
)

// drainTerm is how long a node lets its stations go in these tests: long enough
// to be seen doing it.
const drainTerm = "4s"

// Both nodes are replaced, one after the other, while stations charge. Nobody
// loses anything that was answered, and each station moves no more often than it
// must.
func rollingRestart(t *testing.T, w *network) {
	slowly := func(c *program.Config) { c.Drain = drainTerm }
	first, second := w.node(slowly), w.node(slowly)
	first.CreateToken(t, token, "accepted")
	f := charging(t, fleetSize, first, second)

	again := func(old *program.Server) *program.Server {
		old.Terminate()
		program.Await(t, "the node says that it drains", soon, func() bool {
			says, code := readiness(t.Context(), old)
			return code == http.StatusServiceUnavailable && says.Status == "draining"
		})
		if code := old.Wait(t, later); code != 0 {
			t.Errorf("a node that drained ended with exit code %d, want 0", code)
		}
		return w.node(slowly, func(c *program.Config) { c.Address = old.Address() })
	}
	first = again(first)
	second = again(second)
	f.finish(first, second)
	for _, s := range f.stations {
		if s.connects > 3 {
			t.Errorf("%s connected %d times, want 3 at most: at first, and once for each restart", s.identity, s.connects)
		}
	}
}

// A node that is told to stop a second time does not wait for its stations.
func secondSignalHurries(t *testing.T, w *network) {
	a := w.node(func(c *program.Config) { c.Drain = "10m" })
	s := newStation(t, a, "CS1", false, a)
	if err := s.join(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.Terminate()
	program.Await(t, "the node drains", soon, func() bool {
		says, _ := readiness(t.Context(), a)
		return says.Status == "draining"
	})
	answer, err := a.Do(t.Context(), program.Request{Method: http.MethodGet, Path: "/api/v1/stations/CS1"})
	if err != nil || answer.Status != http.StatusOK {
		t.Errorf("the API of a node that drains: got %d %v, want 200", answer.Status, err)
	}
	a.Terminate()
	if code := a.Wait(t, soon); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	<-s.link.ended
	s.leave()
}
