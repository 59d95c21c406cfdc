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
	Binary string   // from [Build]
	Demo   bool     // run `pylon demo`, with its simulated network, instead of `pylon serve`
	Data   string   // the data folder; a second server on the same folder goes on where the first ended
	Env    []string // the settings beside address, folder and key, as PYLON_NAME=value
	Tracer []string // a command before the program's own that runs it, such as strace; nil for none
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
	command := "serve"
	if c.Demo {
		command = "demo"
	}
	args := append(slices.Clip(c.Tracer), c.Binary, command, "--listen", "127.0.0.1:0", "--data", c.Data)
	s := &Server{cmd: exec.Command(args[0], args[1:]...), done: make(chan struct{}), log: &tail{}}
	s.cmd.Env = append(environment(), append(c.Env, "PYLON_BOOTSTRAP_API_KEY="+Key)...)
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

// WebSocket returns the address at which stations connect; a station appends a
// slash and its identity.
func (s *Server) WebSocket() string { return "ws://" + s.address + "/ocpp" }

// Kill ends the server as a power cut would, with SIGKILL, and waits until it is gone.
func (s *Server) Kill() {
	s.signal(syscall.SIGKILL)
	<-s.done
}

// Stop asks the server to end and waits for it. Ending in any other way than with
// exit code 0 fails the test.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	s.signal(syscall.SIGTERM)
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
}

// add appends p.
func (l *tail) add(p []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
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
