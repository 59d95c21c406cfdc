package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
)

const (
	key = "pylon-bench-0123456789abcdef0123456789abcdef" // the owner's

	startMax = time.Minute      // until the server listens
	stopMax  = 30 * time.Second // until it has stopped
	logKept  = 16 << 10         // of the server's log, for an error
)

// server is a running `pylon serve`.
type server struct {
	address string // host:port
	debug   string // of Go's profiler
	began   time.Time
	base    base
	cmd     *exec.Cmd
	done    chan struct{} // closed when the process is gone
	log     *tail
	others  func() (time.Duration, error) // CPU time of the database's processes; nil: it has none
}

// start runs the server on a base and waits until it listens. Its profiler costs
// nothing until it is asked.
func (l *lab) start(ctx context.Context, b base) (*server, error) {
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--debug-listen", "127.0.0.1:0"}, b.flags()...)
	s := &server{base: b, cmd: exec.Command(l.binary, args...), done: make(chan struct{}), log: &tail{}}
	s.cmd.Env = slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, "PYLON_") })
	s.cmd.Env = append(s.cmd.Env, "PYLON_BOOTSTRAP_API_KEY="+key)
	if l.database == onPostgres {
		s.others = l.postgres.CPU
	}
	output, write := io.Pipe()
	s.cmd.Stdout, s.cmd.Stderr = write, write
	s.began = l.clock.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = s.cmd.Wait()  // how it ended is in cmd.ProcessState
		_ = write.Close() // a pipe in memory has no error
		close(s.done)
	}()
	if err := s.await(ctx, output, l.clock.After(startMax)); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// await reads the log until it has told all addresses, and goes on reading it so
// that the server never waits for its reader.
func (s *server) await(ctx context.Context, output io.Reader, late <-chan time.Time) error {
	type heard struct {
		Msg  string `json:"msg"`
		Addr string `json:"addr"`
	}
	addresses := make(chan heard, 4)
	go func() {
		lines := bufio.NewReader(output)
		for {
			line, err := lines.ReadBytes('\n')
			s.log.add(line)
			var entry heard
			if json.Unmarshal(line, &entry) == nil && strings.HasSuffix(entry.Msg, "listening") {
				select {
				case addresses <- entry:
				default: // more listeners than we know
				}
			}
			if err != nil {
				return
			}
		}
	}()
	for s.address == "" || s.debug == "" {
		select {
		case a := <-addresses:
			if a.Msg == "listening" {
				s.address = a.Addr
			} else {
				s.debug = a.Addr
			}
		case <-s.done:
			return fmt.Errorf("the server ended before it listened:\n%s", s.log)
		case <-late:
			return fmt.Errorf("the server did not listen within %v:\n%s", startMax, s.log)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// stop ends the server in order, or, when it takes too long, at once, and waits
// until it is gone.
func (s *server) stop() error {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may be gone
	kill := time.AfterFunc(stopMax, func() { _ = s.cmd.Process.Kill() })
	<-s.done
	if !kill.Stop() {
		return fmt.Errorf("the server did not stop within %v:\n%s", stopMax, s.log)
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("the server ended with exit code %d:\n%s", code, s.log)
	}
	return nil
}

// usage reads the CPU clocks.
func (s *server) usage(now time.Time) (u usage, err error) {
	u, err = readUsage(s.cmd.Process.Pid, now)
	if s.others != nil && err == nil {
		u.database, err = s.others()
	}
	return u, err
}

// resident returns the resident memory of the server, in bytes.
func (s *server) resident() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	return parseResident(text)
}

// get asks the API for a path and returns the body; every status but 200 is an
// error.
func (s *server) get(ctx context.Context, client *http.Client, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s: %.200s", path, response.Status, body)
	}
	return body, err
}

// tail keeps the end of what is written to it. It is safe for concurrent use.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

func (t *tail) add(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - logKept; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
}

// String returns what is kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.ToValidUTF8(t.kept, nil))
}
