package main

import (
	"bytes"
	"context"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"pylon/cmd/pylon/remote"
	"pylon/internal/app"
	"pylon/internal/sim"
	"pylon/internal/sim/world"
)

const (
	ownerKey = "operator-0123456789"
	// operatorPatience bounds each wait: far beyond what any takes.
	operatorPatience = 30 * time.Second
)

// output collects what a command writes and lets a test wait for a part of it.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{} // closed and replaced at every write
}

func newOutput() *output { return &output{written: make(chan struct{})} }

// Write implements [io.Writer].
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.written)
	o.written = make(chan struct{})
	return o.text.Write(p)
}

func (o *output) now() (text string, more <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String(), o.written
}

// await waits for what re describes and returns its first group.
func (o *output) await(t *testing.T, re string) string {
	t.Helper()
	patience, cancel := context.WithTimeout(t.Context(), operatorPatience)
	defer cancel()
	for {
		text, more := o.now()
		if found := regexp.MustCompile(re).FindStringSubmatch(text); found != nil {
			return found[len(found)-1]
		}
		select {
		case <-more:
		case <-patience.Done():
			t.Fatalf("no %q in\n%s", re, text)
		}
	}
}

// started is a command that goes on until it is stopped.
type started struct {
	out, said *output
	stop      context.CancelFunc
	code      chan int
}

func start(t *testing.T, environ []string, args ...string) *started {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	s := &started{newOutput(), newOutput(), stop, make(chan int, 1)}
	go func() { s.code <- run(ctx, args, environ, terminal{s.out, s.said}) }()
	t.Cleanup(stop)
	return s
}

// interrupt stops it as Ctrl-C does and returns its exit code.
func (s *started) interrupt() int {
	s.stop()
	return <-s.code
}

// operator is somebody at a terminal.
type operator struct {
	t       *testing.T
	environ []string
}

// does runs a command, which must end with the exit code, and returns what it
// writes.
func (o operator) does(code int, args ...string) (out, said string) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), operatorPatience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	if got := run(ctx, args, o.environ, terminal{&stdout, &stderr}); got != code {
		o.t.Errorf("pylon %s: got exit code %d, want %d\n%s%s", strings.Join(args, " "), got, code, stdout.String(), stderr.String())
	}
	return stdout.String(), stderr.String()
}

// simulated runs a station at a server until the test ends.
func simulated(t *testing.T, address, identity string) {
	t.Helper()
	versions, err := world.Versions([]string{"2.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	station := sim.New(sim.Config{
		Endpoint: sim.Endpoint{URL: "ws://" + address + "/ocpp", Identity: identity, Version: versions[0]},
		Hardware: sim.AC11(), SampleInterval: time.Second, Hand: time.Millisecond,
	}, app.Clock(1), slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = station.Run(ctx) // it only ends with ctx
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

func TestOperatorStartsAndStopsASession(t *testing.T) {
	t.Chdir(t.TempDir())
	server := start(t, []string{"PYLON_BOOTSTRAP_API_KEY=" + ownerKey}, "serve", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--sqlite-synchronous", "off")
	address := server.said.await(t, `"listening","addr":"([^"]+)"`)
	o := operator{t, []string{"PYLON_SERVER=http://" + address, "PYLON_API_KEY=" + ownerKey, "XDG_CONFIG_HOME=" + t.TempDir()}}

	o.does(exitOK, "station", "create", "CP-1")
	o.does(remote.ExitConflict, "station", "create", "CP-1")
	o.does(exitOK, "token", "create", "04A1B2C3")
	if _, said := o.does(remote.ExitConflict, "station", "start", "CP-1", "--token", "04A1B2C3"); !strings.Contains(said, "--wait-for-station") {
		t.Errorf("a station that is away: says %q, want what to do", said)
	}
	tail := start(t, o.environ, "ocpp", "tail", "CP-1")
	simulated(t, address, "CP-1")
	tail.out.await(t, `→ call   BootNotification`)

	if out, _ := o.does(exitOK, "station", "list", "--connection", "online", "-o", "csv"); !strings.Contains(out, "\nCP-1,,online,") {
		t.Errorf("station list: got\n%s", out)
	}
	if _, said := o.does(exitOK, "station", "start", "CP-1", "--token", "04A1B2C3"); !strings.Contains(said, "CP-1: observed") {
		t.Errorf("station start: says %q, want that it was observed", said)
	}
	tail.out.await(t, `← call   RequestStartTransaction`)
	tail.out.await(t, `→ call   TransactionEvent .*"Started"`)
	list, _ := o.does(exitOK, "session", "list", "--status", "active", "-o", "csv")
	session := regexp.MustCompile(`ses_\w+`).FindString(list)
	if out, _ := o.does(exitOK, "session", "get", session); !regexp.MustCompile(`token_uid +04A1B2C3`).MatchString(out) {
		t.Errorf("session get: got\n%s", out)
	}
	o.does(exitOK, "session", "meter", session)
	o.does(exitOK, "station", "stop", "CP-1")
	tail.out.await(t, `→ call   TransactionEvent .*"Ended"`)
	o.does(remote.ExitNotFound, "station", "stop", "CP-1")
	o.does(remote.ExitConflict, "session", "stop", session)
	o.does(exitOK, "doctor", "CP-1")
	o.does(remote.ExitPartial, "token", "block", "04a1b2c3", "nobody")

	stranger := operator{t, []string{o.environ[0], "PYLON_API_KEY=wrong"}}
	stranger.does(remote.ExitAuth, "station", "list")
	stranger.does(remote.ExitAuth, "doctor")

	if code, said := tail.interrupt(), tail.said; code != remote.ExitInterrupted || said.text.Len() > 0 {
		t.Errorf("tail: got exit code %d and %q, want %d and silence", code, said.text.String(), remote.ExitInterrupted)
	}
	if code := server.interrupt(); code != exitOK {
		t.Errorf("serve: got exit code %d, want %d", code, exitOK)
	}
}

func TestCompletion(t *testing.T) {
	o := operator{t, nil}
	for _, c := range []struct {
		words []string
		want  string
		never string
	}{
		{nil, "station", "complete\n"},
		{[]string{"station"}, "list", "simulate"},
		{[]string{"station", "config"}, "desire", "unlock"},
		{[]string{"station", "list"}, "--connection", "unlock"},
		{[]string{"station", "list", "--output"}, "ndjson", "--limit"},
		{[]string{"station", "list", "-o"}, "ndjson", "--limit"},
	} {
		out, _ := o.does(exitOK, append([]string{"complete", "--"}, c.words...)...)
		if !strings.Contains(out, c.want+"\n") || strings.Contains(out, c.never) {
			t.Errorf("%q: got %q, want %q and no %q", c.words, out, c.want, c.never)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if out, _ := o.does(exitOK, "completion", shell); !strings.Contains(out, "pylon complete -- ") {
			t.Errorf("%s: got %q", shell, out)
		}
	}
}
