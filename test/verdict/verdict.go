package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// lineMax bounds one event: a test may print a whole frame log as one line.
const lineMax = 16 << 20

// event is one line of `go test -json`. Test is empty for what concerns the
// package as a whole.
type event struct {
	Action  string `json:"Action"`
	Package string `json:"Package"`
	Test    string `json:"Test"`
	Output  string `json:"Output"`
}

// test names one test or subtest of a package.
type test struct{ pkg, name string }

// Tally counts what a run of tests came to. Subtests count like tests.
type Tally struct {
	Passed, Failed int
	Broken         []string // packages that did not build, or died outside any test
	Skipped        []string // package, test and reason of each that was skipped
}

// String is the closing line of a run.
func (t Tally) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", t.Passed, t.Failed, len(t.Skipped))
}

// Verdict returns nil when the run proves what it should: something ran and
// nothing failed, and where strict holds nothing was skipped.
func (t Tally) Verdict(strict bool) error {
	switch {
	case t.Failed > 0:
		return fmt.Errorf("tests failed: %d", t.Failed)
	case len(t.Broken) > 0:
		return fmt.Errorf("packages failed: %s", strings.Join(t.Broken, ", "))
	case t.Passed == 0:
		return errors.New("no test ran")
	case strict && len(t.Skipped) > 0:
		return fmt.Errorf("tests skipped, which CI does not accept: %d\n  %s",
			len(t.Skipped), strings.Join(t.Skipped, "\n  "))
	}
	return nil
}

// Read follows a run from its events and writes to out what a person wants to
// see of it. A line that is no event is written as it is. A test whose end never
// comes, because its process died, counts as failed.
func Read(events io.Reader, out io.Writer) (Tally, error) {
	r := run{out: out, output: map[test][]string{}}
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, lineMax)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil || e.Action == "" {
			fmt.Fprintln(out, lines.Text())
			continue
		}
		r.take(e)
	}
	if err := lines.Err(); err != nil {
		return r.tally, fmt.Errorf("read test events: %w", err)
	}
	for _, open := range r.running {
		r.fail(open)
	}
	return r.tally, nil
}

// run is a run of tests so far.
type run struct {
	out     io.Writer
	tally   Tally
	running []test
	output  map[test][]string
}

// take applies the next event.
func (r *run) take(e event) {
	t := test{e.Package, e.Test}
	switch e.Action {
	case "run":
		r.running = append(r.running, t)
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "output":
		r.print(t, e.Output)
	case "pass", "fail", "skip":
		r.end(t, e.Action)
	}
}

// print keeps what a test prints until it is known whether anybody will want to
// read it; what a package prints is its own summary.
func (r *run) print(t test, text string) {
	if t.name != "" {
		r.output[t] = append(r.output[t], text)
	} else if text != "PASS\n" && text != "FAIL\n" {
		fmt.Fprint(r.out, text)
	}
}

// end counts a test or a package that is over.
func (r *run) end(t test, action string) {
	if t.name == "" {
		r.endPackage(t.pkg, action)
		return
	}
	r.running = slices.DeleteFunc(r.running, func(other test) bool { return other == t })
	switch action {
	case "pass":
		r.tally.Passed++
	case "skip":
		r.tally.Skipped = append(r.tally.Skipped, t.pkg+" "+t.name+": "+r.reason(t))
	case "fail":
		r.fail(t)
	}
	delete(r.output, t)
}

// endPackage closes a package: whatever still runs in it died with its process.
func (r *run) endPackage(pkg, action string) {
	failedBefore := r.tally.Failed
	r.running = slices.DeleteFunc(r.running, func(t test) bool {
		if t.pkg == pkg {
			r.fail(t)
		}
		return t.pkg == pkg
	})
	if action == "fail" && r.tally.Failed == failedBefore {
		r.tally.Broken = append(r.tally.Broken, pkg)
	}
}

// fail counts a failed test and shows everything it printed.
func (r *run) fail(t test) {
	r.tally.Failed++
	for _, text := range r.output[t] {
		fmt.Fprint(r.out, text)
	}
	delete(r.output, t)
}

// reason returns what a skipped test said last before its verdict.
func (r *run) reason(t test) string {
	for _, text := range slices.Backward(r.output[t]) {
		if text = strings.TrimSpace(text); text != "" && !strings.HasPrefix(text, "---") && !strings.HasPrefix(text, "===") {
			return text
		}
	}
	return "no reason given"
}
