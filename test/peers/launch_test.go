package peers

import (
	"bufio"
	"bytes"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/test/foreign"
)

// python is the interpreter with the package `ocpp`, and nodeModules the folder
// with `ocpp-rpc`; `make deps` installs both.
const (
	python      = foreign.Python
	nodeModules = "node/node_modules"
)

// stepMax bounds the wait for one step of a peer: starting an interpreter on a busy
// machine is the longest.
const stepMax = 60 * time.Second

// step is something that a peer says has happened: "step" names it, the rest are
// its facts.
type step map[string]any

// text returns a fact as text.
func (s step) text(fact string) string { return fmt.Sprint(s[fact]) }

// is reports whether a step has the name and the facts, given as name, value, name,
// value.
func (s step) is(name string, facts []string) bool {
	same := s.text("step") == name
	for pair := range slices.Chunk(facts, 2) {
		same = same && s.text(pair[0]) == pair[1]
	}
	return same
}

// beside reports whether a step may come while another is awaited: commands, also
// those that Pylon sends by itself, what follows them, and the boot after a reset.
func (s step) beside(awaited string) bool {
	switch s.text("step") {
	case "command", "reported", "triggered":
		return true
	case "connected", "booted":
		return awaited == "done"
	}
	return false
}

// peer is a running program that somebody else's library speaks through.
type peer struct {
	cmd    *exec.Cmd
	steps  chan step     // closed when the program is done
	stderr *bytes.Buffer // read only when the program is done
}

// launch starts a peer. It is killed when the test ends.
func launch(t *testing.T, command []string, args ...string) *peer {
	t.Helper()
	foreign.Needs(t, python, nodeModules)
	p := &peer{
		cmd:    exec.CommandContext(t.Context(), command[0], append(command[1:], args...)...),
		steps:  make(chan step),
		stderr: &bytes.Buffer{},
	}
	p.cmd.Stderr = p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.steps)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			var s step
			if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
				s = step{"step": "garbage", "line": lines.Text()}
			}
			select {
			case p.steps <- s:
			case <-t.Context().Done():
				return
			}
		}
	}()
	return p
}

// await returns the peer's next step, which has to have the name and the facts.
// What may come beside it is passed over.
func (p *peer) await(t *testing.T, name string, facts ...string) step {
	t.Helper()
	for {
		select {
		case s, ok := <-p.steps:
			switch {
			case !ok:
				p.cmd.Wait() // its words say more than its code
				t.Fatalf("awaiting %s: the peer ended:\n%s", name, p.stderr)
			case s.is(name, facts):
				return s
			case !s.beside(name):
				t.Fatalf("got step %v, want %s %q", s, name, facts)
			}
		case <-time.After(stepMax):
			t.Fatalf("no step %s within %v", name, stepMax)
		}
	}
}

// wait waits until the peer is done and wants it content.
func (p *peer) wait(t *testing.T) {
	t.Helper()
	for range p.steps {
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("%s: %v\n%s", strings.Join(p.cmd.Args, " "), err, p.stderr)
	}
}

// raw is JSON that is sent as it stands.
func raw(text string) jsontext.Value { return jsontext.Value(text) }

// same reports whether two values mean the same.
func same(a, b jsontext.Value) bool {
	a, b = a.Clone(), b.Clone()
	return a.Canonicalize() == nil && b.Canonicalize() == nil && bytes.Equal(a, b)
}
