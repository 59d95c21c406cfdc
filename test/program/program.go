// Package program builds Pylon and runs it for tests as an operator would: a child
// process with flags and an environment, known by its log and its public API
// alone.
//
// Everything listens on 127.0.0.1 and every wait has an end.
package program

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

const (
	// startMax bounds the time from the start to the first request: a machine
	// whose two cores run other tests is slow.
	startMax = 60 * time.Second
	// stopMax bounds the time that an orderly stop takes.
	stopMax = 30 * time.Second
	// lookEvery is how often [Await] looks again: seldom enough not to be load.
	lookEvery = 100 * time.Millisecond
	// logKept is how much of the program's log a failed test shows.
	logKept = 64 << 10
)

// Key is the owner's API key of every server that [Start] starts on an empty
// database.
const Key = "pylon-test-0123456789abcdef0123456789abcdef"

// Build compiles the program into a folder of the test and returns its path.
// PYLON_BINARY names one that is built already and tested instead.
func Build(t testing.TB) string {
	t.Helper()
	if binary := os.Getenv("PYLON_BINARY"); binary != "" {
		return binary
	}
	binary := filepath.Join(t.TempDir(), "pylon")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "pylon/cmd/pylon")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// Config says how a server runs.
type Config struct {
	Binary      string    // from [Build]
	Demo        bool      // run `pylon demo`, with its simulated network, instead of `pylon serve`
	Data        string    // the data folder; a second server on the same folder goes on where the first ended
	DatabaseURL string    // of PostgreSQL instead of the data folder; "" for SQLite in that
	NATSURL     string    // of a NATS server; "" for the one in the process
	Role        string    // what the node starts, with commas between; "" is all
	Address     string    // host:port; "" is a free port of 127.0.0.1
	Drain       string    // how long it lets stations go when it stops; "" is not at all, which is quick
	Args        []string  // flags beside these
	Env         []string  // settings beside these, as PYLON_NAME=value
	Logs        io.Writer // gets all that the server writes; nil: the end of it is kept for a failed test, no more
	Tracer      []string  // a command before the program's own that runs it, such as strace; nil for none
}

// args returns the command line after the program's name.
func (c Config) args() []string {
	args := []string{"serve"}
	if c.Demo {
		args = []string{"demo"}
	}
	address, drain := c.Address, c.Drain
	if address == "" {
		address = "127.0.0.1:0"
	}
	if drain == "" {
		drain = "0s"
	}
	args = append(args, "--listen", address, "--drain", drain)
	for _, f := range [][2]string{{"--data", c.Data}, {"--role", c.Role}} {
		if f[1] != "" {
			args = append(args, f[0], f[1])
		}
	}
	return append(args, c.Args...)
}

// environ returns the settings that hold secrets, and those that the test adds.
func (c Config) environ() []string {
	pairs := []string{"PYLON_BOOTSTRAP_API_KEY=" + Key}
	if c.DatabaseURL != "" {
		pairs = append(pairs, "PYLON_DATABASE_URL="+c.DatabaseURL)
	}
	if c.NATSURL != "" {
		pairs = append(pairs, "PYLON_NATS_URL="+c.NATSURL)
	}
	return append(pairs, c.Env...)
}

// Server is a running `pylon serve`.
type Server struct {
	address string // host:port
	cmd     *exec.Cmd
	done    chan struct{} // closed when the process is gone
	log     *tail
}

// Start runs `pylon serve` on a free port and waits until it listens. The server
// is killed when the test ends, and a failed test shows the end of its log.
func Start(t testing.TB, c Config) *Server {
	t.Helper()
	args := append(append(slices.Clip(c.Tracer), c.Binary), c.args()...)
	s := &Server{cmd: exec.Command(args[0], args[1:]...), done: make(chan struct{}), log: &tail{copy: c.Logs}}
	s.cmd.Env = append(environment(), c.environ()...)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that a tracer and what it traces go together
	output, write := io.Pipe()
	s.cmd.Stdout, s.cmd.Stderr = write, write
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", args[0], err)
	}
	go func() {
		s.cmd.Wait()  //nolint:errcheck // how it ended is asked of s.cmd.ProcessState
		write.Close() //nolint:errcheck // a pipe in memory has no error
		close(s.done)
	}()
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("log of %s:\n%s", s.address, s.log)
		}
	})
	s.awaitAddress(t, output)
	return s
}

// environment returns the tests' environment without settings of Pylon: a server
// is told by its test alone how to run.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, "PYLON_") })
}

// awaitAddress reads the log until it tells the address, and goes on reading it in
// the background so that the server never waits for its reader.
func (s *Server) awaitAddress(t testing.TB, output io.Reader) {
	t.Helper()
	address := make(chan string, 1)
	go func() {
		lines := bufio.NewReader(output)
		for {
			line, err := lines.ReadBytes('\n')
			s.log.add(line)
			var entry struct {
				Msg  string `json:"msg"`
				Addr string `json:"addr"`
			}
			if json.Unmarshal(line, &entry) == nil && entry.Msg == "listening" {
				select {
				case address <- entry.Addr:
				default: // a second listener
				}
			}
			if err != nil {
				return
			}
		}
	}()
	select {
	case s.address = <-address:
	case <-s.done:
		t.Fatalf("the server ended before it listened:\n%s", s.log)
	case <-time.After(startMax):
		t.Fatalf("the server did not listen within %v:\n%s", startMax, s.log)
	}
}

// Address returns where the server listens, host:port.
func (s *Server) Address() string { return s.address }

// WebSocket returns the address at which stations connect; a station appends a
// slash and its identity.
func (s *Server) WebSocket() string { return "ws://" + s.address + "/ocpp" }

// Kill ends the server as a power cut would, with SIGKILL, and waits until it is gone.
func (s *Server) Kill() {
	s.signal(syscall.SIGKILL)
	<-s.done
}

// Freeze stops the server where it stands, as a machine that stalls would: its
// sockets stay open and nobody is behind them. [Server.Thaw] lets it go on.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

// Terminate asks the server to end, and does not wait; see [Server.Wait]. Asked a
// second time it hurries.
func (s *Server) Terminate() { s.signal(syscall.SIGTERM) }

// Wait waits until the server has ended and returns its exit code; -1 is a signal's
// doing. One that goes on for longer than limit fails the test.
func (s *Server) Wait(t testing.TB, limit time.Duration) int {
	t.Helper()
	select {
	case <-s.done:
	case <-time.After(limit):
		t.Fatalf("the server did not end within %v", limit)
	}
	return s.cmd.ProcessState.ExitCode()
}

// Log returns the end of what the server has logged so far.
func (s *Server) Log() string { return s.log.String() }

// PID returns the server's process, or its tracer's.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Stop asks the server to end and waits for it. Ending in any other way than with
// exit code 0 fails the test.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	s.Terminate()
	ctx, cancel := context.WithTimeout(t.Context(), stopMax)
	defer cancel()
	select {
	case <-s.done:
		if code := s.cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("the server ended with exit code %d, want 0", code)
		}
	case <-ctx.Done():
		t.Errorf("the server did not stop within %v", stopMax)
		s.Kill()
	}
}

// Await looks until done holds, and fails the test when it does not within limit.
// What it waits for is seen through the API alone, so there is no event to wait for.
func Await(t testing.TB, what string, limit time.Duration, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for !done() {
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("%s: not within %v", what, limit)
		}
	}
}

// signal sends a signal to the server and its tracer; none to one that is gone.
func (s *Server) signal(sig syscall.Signal) {
	select {
	case <-s.done:
	default:
		syscall.Kill(-s.cmd.Process.Pid, sig) //nolint:errcheck // it may have ended meanwhile
	}
}

// tail keeps the end of what is written to it. It is safe for concurrent use.
type tail struct {
	mu   sync.Mutex
	kept []byte
	copy io.Writer // gets all of it; nil for none
}

// add appends p.
func (l *tail) add(p []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.copy != nil {
		_, _ = l.copy.Write(p) // a test's buffer
	}
	l.kept = append(l.kept, p...)
	if over := len(l.kept) - logKept; over > 0 {
		l.kept = append(l.kept[:0], l.kept[over:]...)
	}
}

// String returns what is kept.
func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(bytes.ToValidUTF8(l.kept, nil))
}
