package main

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"pylon/internal/kernel/clock"
)

func TestAwaitAddresses(t *testing.T) {
	const (
		other   = "not JSON\n" + `{"msg":"listening soon","addr":"x"}` + "\n"
		plain   = `{"time":"2026-03-04T10:15:30Z","level":"INFO","msg":"listening","addr":"127.0.0.1:4711","tls":false}` + "\n"
		profile = `{"level":"INFO","msg":"debug listening","addr":"127.0.0.1:4712"}` + "\n"
	)
	for _, c := range []struct {
		name, log      string
		dies           bool
		address, debug string
		fails          string
	}{
		{name: "profiler first", log: profile + plain, address: "127.0.0.1:4711", debug: "127.0.0.1:4712"},
		{name: "profiler last, and another line", log: plain + other + profile, address: "127.0.0.1:4711", debug: "127.0.0.1:4712"},
		{name: "never", log: other, fails: "did not listen within"},
		{name: "no profiler", log: plain, address: "127.0.0.1:4711", fails: "did not listen within"},
		{name: "ends", log: other, dies: true, fails: "ended before it listened"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				output, write := io.Pipe()
				defer write.Close()
				go io.WriteString(write, c.log)
				s := &server{done: make(chan struct{}), log: &tail{}}
				if c.dies {
					close(s.done)
				}
				err := s.await(t.Context(), output, clock.System{}.After(startMax))
				if s.address != c.address || s.debug != c.debug {
					t.Errorf("got addresses %q, %q; want %q, %q", s.address, s.debug, c.address, c.debug)
				}
				if (err != nil) != (c.fails != "") || err != nil && !strings.Contains(err.Error(), c.fails) {
					t.Errorf("got error %v, want %q", err, c.fails)
				}
			})
		})
	}
}
