// Package natsserver runs a real NATS server for tests: a process of its own, so
// that it can be killed, built from the module that Pylon runs inside itself.
// It listens on 127.0.0.1, and every wait has an end.
package natsserver

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	startMax = 30 * time.Second       // a machine whose two cores run other tests is slow
	dialMax  = time.Second            // for a connection within the machine
	dialWait = 20 * time.Millisecond  // before the server is looked for again
	stopWait = 100 * time.Millisecond // for what a killed process still writes
)

// Server is a NATS server on a port that stays its own, whether it runs or not.
type Server struct {
	tb     testing.TB
	binary string
	port   string
	log    *log

	running *exec.Cmd // nil: it does not run
}

// Start builds a server, starts it and waits until it takes connections. It is
// killed when the test ends.
func Start(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{tb: tb, binary: build(tb), port: freePort(tb), log: new(log)}
	tb.Cleanup(func() {
		s.Kill()
		if tb.Failed() {
			tb.Logf("log of NATS on port %s:\n%s", s.port, s.log)
		}
	})
	s.Start()
	return s
}

func build(tb testing.TB) string {
	tb.Helper()
	binary := filepath.Join(tb.TempDir(), "nats-server")
	cmd := exec.CommandContext(tb.Context(), "go", "build", "-o", binary, "github.com/nats-io/nats-server/v2")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("build the NATS server: %v\n%s", err, out)
	}
	return binary
}

// freePort returns a port that nobody listens on now.
func freePort(tb testing.TB) string {
	tb.Helper()
	var config net.ListenConfig
	l, err := config.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	if err := l.Close(); err != nil {
		tb.Fatal(err)
	}
	return port
}

// URL returns where the server listens when it runs.
func (s *Server) URL() string { return "nats://127.0.0.1:" + s.port }

// Kill ends the server as a power cut would, with SIGKILL, and waits until it is
// gone. One that does not run stays so.
func (s *Server) Kill() {
	if s.running == nil {
		return
	}
	_ = s.running.Process.Kill() // it may have ended by itself
	_ = s.running.Wait()         // that it was killed is no news
	s.running = nil
}

// Start starts a server that was killed, on its old port, and waits until it takes
// connections.
func (s *Server) Start() {
	s.tb.Helper()
	if s.running != nil {
		return
	}
	cmd := exec.Command(s.binary, "--addr", "127.0.0.1", "--port", s.port)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = s.log, s.log, stopWait
	if err := cmd.Start(); err != nil {
		s.tb.Fatalf("start NATS: %v", err)
	}
	s.running = cmd
	ctx, cancel := context.WithTimeout(context.Background(), startMax)
	defer cancel()
	for !s.answers(ctx) {
		select {
		case <-ctx.Done():
			s.tb.Fatalf("NATS did not take connections within %v:\n%s", startMax, s.log)
		case <-time.After(dialWait):
		}
	}
}

// answers reports whether the server greets who connects.
func (s *Server) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, dialMax)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:"+s.port)
	if err != nil {
		return false
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	greeting, err := bufio.NewReader(conn).ReadString('\n')
	return err == nil && strings.HasPrefix(greeting, "INFO ")
}

// log keeps what the server writes, which is little.
type log struct {
	mu   sync.Mutex
	kept bytes.Buffer
}

// Write implements [io.Writer].
func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kept.Write(p)
}

// String returns all that was written.
func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kept.String()
}
