package hostile

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/test/program"
)

// The terms within which the server ends connections that come to nothing, as
// docs/operate/security-limits.md has them, and a breath for a busy machine.
const (
	headerEnds = 10*time.Second + 20*time.Second // a request whose headers do not end
	silentEnds = 65*time.Second + 30*time.Second // a socket that says nothing, not even a pong
	closeEnds  = 2*time.Second + 20*time.Second  // a socket that broke a rule
)

func TestConnections(t *testing.T) {
	t.Parallel()
	s := open(t, program.Build(t))
	s.people(scale(8, 20))
	s.slowHandshakes()
	s.idleConnections()
	s.strangeFrames()
	s.bombs()
	s.pingFloods()
	s.unknownNames()
	s.halfMessages()
	if *long {
		s.slowReaders()
	}
	s.close()
}

// sockets opens n sockets of stations that exist, in the version.
func (s *stage) sockets(ctx context.Context, kind string, n int, h hello) []*wire {
	s.t.Helper()
	wires := make([]*wire, n)
	for i := range wires {
		s.server.CreateStation(s.t, name(kind, i), password)
	}
	each(n, func(i int) {
		at := h
		at.identity, at.password = name(kind, i), password
		w, response, err := s.shake(ctx, at)
		if w == nil {
			s.t.Errorf("%s: got %v and %v", at.identity, response, err)
			return
		}
		wires[i] = w
	})
	return wires
}

func (s *stage) slowHandshakes() {
	n := scale(600, 3000)
	s.run(attack{name: "headers byte by byte", attackers: n}, func(ctx context.Context) {
		request := hello{identity: "honest-0", protocols: []string{"ocpp1.6"}}.bytes("x")
		wires := make([]*wire, n)
		defer hangUp(wires)
		each(n, func(i int) {
			w, err := s.dial(ctx)
			if err != nil {
				s.t.Error(err)
				return
			}
			wires[i] = w
			for _, b := range request[:scale(4, 30)] {
				if _, err := w.Write([]byte{b}); err != nil {
					return
				}
				<-clock.System{}.After(500 * time.Millisecond)
			}
		})
		ends(s.t, "half a request", headerEnds, wires)
	})
}

func (s *stage) idleConnections() {
	n := scale(2000, 8000)
	s.run(attack{name: "idle connections", attackers: n}, func(ctx context.Context) {
		wires := make([]*wire, n)
		defer hangUp(wires)
		each(n, func(i int) {
			var err error
			if wires[i], err = s.dial(ctx); err != nil {
				s.t.Error(err)
			}
		})
		if *long {
			ends(s.t, "a connection that says nothing", headerEnds, wires)
		}
	})
}

// strangeFrames breaks RFC 6455 in each way that the server must end.
func (s *stage) strangeFrames() {
	huge := append(header(final|opText, 0), 0, 0, 0, 0)
	huge = append(append([]byte{final | opText, 0x80 | 127}, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), huge[2:]...)
	tricks := map[string][]byte{
		"an unmasked frame":          append([]byte{final | opText, 2}, "{}"...),
		"a reserved bit":             frame(final|0x40|opText, []byte("x")),
		"another reserved bit":       frame(final|0x20|opText, []byte("x")),
		"a reserved opcode":          frame(final|3, []byte("x")),
		"a reserved control opcode":  frame(final|11, []byte("x")),
		"a long control frame":       frame(final|opPing, make([]byte, 126)),
		"a control frame in pieces":  frame(opPing, []byte("x")),
		"the end of nothing":         frame(final|opContinue, []byte("x")),
		"a message within a message": append(frame(opText, []byte("x")), frame(opText, []byte("x"))...),
		"a close of one byte":        frame(final|opClose, []byte{3}),
		"a close with no code":       frame(final|opClose, []byte{0, 0}),
		"a close with a strange one": frame(final|opClose, []byte{0x13, 0x88, 0xff, 0xfe}),
		"a frame of 8 EiB":           huge,
		"a negative length":          {final | opText, 0x80 | 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0},
		"a binary frame":             frame(final|opBinary, []byte("x")),
		"a frame of 2 MiB":           frame(final|opText, bytes.Repeat([]byte("x"), 2*mib)),
		"endless fragments":          append(frame(opText, []byte("[")), bytes.Repeat(frame(opContinue, make([]byte, 1000)), 1100)...),
	}
	s.run(attack{name: "frames against RFC 6455", attackers: len(tricks)}, func(ctx context.Context) {
		wires := s.sockets(ctx, "strange", len(tricks), hello{protocols: []string{"ocpp2.0.1"}})
		defer hangUp(wires)
		names := slices.Sorted(maps.Keys(tricks))
		each(len(names), func(i int) {
			if wires[i] != nil {
				wires[i].SetWriteDeadline(time.Now().Add(answerMax))
				_, _ = wires[i].Write(tricks[names[i]]) // the server may have closed before the end
				ends(s.t, names[i], closeEnds, wires[i:i+1])
			}
		})
	})
}

// bombs sends messages that are small on the wire and huge when they are inflated.
func (s *stage) bombs() {
	var bomb bytes.Buffer
	w, err := flate.NewWriter(&bomb, flate.BestCompression)
	if err != nil {
		s.t.Fatal(err)
	}
	for range 512 {
		_, _ = w.Write(bytes.Repeat([]byte(" "), mib)) // into memory
	}
	_ = w.Flush() // likewise
	n := scale(20, 100)
	s.run(attack{name: "compression bombs of 512 MiB", attackers: n}, func(ctx context.Context) {
		wires := s.sockets(ctx, "bomb", n, hello{protocols: []string{"ocpp2.0.1"}, extra: []string{"Sec-WebSocket-Extensions: permessage-deflate"}})
		defer hangUp(wires)
		each(n, func(i int) {
			if wires[i] != nil {
				_, _ = wires[i].Write(frame(final|0x40|opText, bytes.TrimSuffix(bomb.Bytes(), []byte{0, 0, 0xff, 0xff})))
			}
		})
		ends(s.t, "a bomb", closeEnds, wires)
	})
}

// pingFloods sends control frames and empty fragments as fast as they go.
func (s *stage) pingFloods() {
	for _, flood := range []struct {
		what string
		unit []byte
		head []byte
	}{
		{"pings", frame(final|opPing, []byte("x")), nil},
		{"pongs", frame(final|opPong, nil), nil},
		{"empty fragments", frame(opContinue, nil), frame(opText, nil)},
		{"answers to nothing", frame(final|opText, []byte(`[3,"x",{}]`)), nil},
		{"heartbeats", frame(final|opText, []byte(`[2,"x","Heartbeat",{}]`)), nil},
	} {
		const n = 4
		kind := "flood-" + strings.ReplaceAll(flood.what, " ", "-")
		s.run(attack{name: "a flood of " + flood.what, attackers: n}, func(ctx context.Context) {
			wires := s.sockets(ctx, kind, n, hello{protocols: []string{"ocpp1.6"}})
			defer hangUp(wires)
			var sent atomic.Int64
			each(n, func(i int) {
				if wires[i] == nil {
					return
				}
				go io.Copy(io.Discard, wires[i].in)
				wires[i].SetWriteDeadline(time.Now().Add(time.Duration(scale(1, 20)) * time.Second))
				_, _ = wires[i].Write(flood.head)
				many := bytes.Repeat(flood.unit, 1000)
				for {
					k, err := wires[i].Write(many)
					sent.Add(int64(k / len(flood.unit)))
					if err != nil {
						return
					}
				}
			})
			s.t.Logf("%s taken: %d", flood.what, sent.Load())
		})
	}
}

// unknownNames asks for stations that there are not, each for the first time.
func (s *stage) unknownNames() {
	n := scale(2000, 40_000)
	s.run(attack{name: "unknown names", attackers: n}, func(ctx context.Context) {
		each(32, func(worker int) {
			for i := worker; i < n; i += 32 {
				_, response, err := s.shake(ctx, hello{identity: name("nobody", i), password: password, protocols: []string{"ocpp1.6"}})
				if got := status(response); err != nil || got != http.StatusNotFound && got != http.StatusServiceUnavailable {
					s.t.Errorf("got %d and %v", got, err)
					return
				}
			}
		})
	})
}

// halfMessages has each attacker send a message but for its last byte, and wait.
func (s *stage) halfMessages() {
	n := scale(200, 1000)
	s.run(attack{name: "messages that never end", attackers: n, memory: 512 * mib}, func(ctx context.Context) {
		wires := s.sockets(ctx, "half", n, hello{protocols: []string{"ocpp1.6"}})
		defer hangUp(wires)
		whole := frame(final|opText, []byte(`[2,"1","BootNotification",{"chargePointVendor":"`+strings.Repeat("x", mib-100)+`"}]`))
		each(n, func(i int) {
			if wires[i] == nil {
				return
			}
			wires[i].SetWriteDeadline(time.Now().Add(20 * time.Second))
			_, _ = wires[i].Write(whole[:len(whole)-1]) // the server need not take it
		})
		if *long {
			ends(s.t, "a message that never ends", silentEnds, wires)
			return
		}
		<-clock.System{}.After(time.Second) // the server holds what it took
	})
}

// slowReaders ask for answers and never read them.
func (s *stage) slowReaders() {
	const n = 500
	// Until each is found out the server works as fast as it can: room for garbage (64
	// MiB), frames on their way to their log, and what stands before each deaf socket.
	s.run(attack{name: "readers that never read", attackers: n, memory: 160 * mib}, func(ctx context.Context) {
		wires := s.sockets(ctx, "deaf", n, hello{protocols: []string{"ocpp1.6"}})
		defer hangUp(wires)
		each(n, func(i int) {
			if wires[i] == nil {
				return
			}
			if c, ok := wires[i].Conn.(*net.TCPConn); ok {
				_ = c.SetReadBuffer(1 << 10) // the smaller the sooner
			}
			wires[i].SetWriteDeadline(time.Now().Add(30 * time.Second))
			many := bytes.Repeat(frame(final|opText, []byte(`[2,"`+strings.Repeat("i", 200)+`","Heartbeat",{}]`)), 100)
			for {
				if _, err := wires[i].Write(many); err != nil {
					return
				}
			}
		})
	})
}

// errStatus is an answer that should not have been.
var errStatus = errors.New("unexpected status")

// status returns the status of an answer, 0 for none.
func status(r *http.Response) int {
	if r == nil {
		return 0
	}
	return r.StatusCode
}
