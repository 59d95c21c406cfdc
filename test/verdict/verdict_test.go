package main

import (
	"strings"
	"testing"
)

// The events of one package `p`, as `go test -json` writes them.
const (
	passes = `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"chatter\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
`
	fails = `{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:3: got 1, want 2\n"}
{"Action":"fail","Package":"p","Test":"TestB"}
`
	skips = `{"Action":"run","Package":"p","Test":"TestC"}
{"Action":"output","Package":"p","Test":"TestC","Output":"=== RUN   TestC\n"}
{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:9: no database here\n"}
{"Action":"output","Package":"p","Test":"TestC","Output":"--- SKIP: TestC (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestC"}
`
	dies = `{"Action":"run","Package":"p","Test":"TestD"}
{"Action":"output","Package":"p","Test":"TestD","Output":"panic: out of cheese\n"}
`
	packagePasses = `{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}
`
	packageFails = `{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}
`
	buildFails = `{"ImportPath":"p","Action":"build-output","Output":"p.go:1: syntax error\n"}
{"Action":"fail","Package":"p"}
`
)

func TestVerdict(t *testing.T) {
	tests := []struct {
		name    string
		events  string
		strict  bool
		closing string
		err     string // "" when the run is good
		shows   string
		hides   string
	}{
		{
			name: "everything passes", events: passes + packagePasses, strict: true,
			closing: "1 passed, 0 failed, 0 skipped", shows: "ok  \tp\t0.1s", hides: "chatter",
		},
		{
			name: "a failure is shown with its reason", events: passes + fails + packageFails,
			closing: "1 passed, 1 failed, 0 skipped", err: "tests failed: 1", shows: "got 1, want 2",
		},
		{
			name: "a skip is accepted at home", events: passes + skips + packagePasses,
			closing: "1 passed, 0 failed, 1 skipped",
		},
		{
			name: "a skip is not accepted on CI", events: passes + skips + packagePasses, strict: true,
			closing: "1 passed, 0 failed, 1 skipped", err: "p TestC: c_test.go:9: no database here",
		},
		{
			name: "a test whose process dies has failed", events: passes + dies + packageFails,
			closing: "1 passed, 1 failed, 0 skipped", err: "tests failed: 1", shows: "out of cheese",
		},
		{
			name: "a run that is cut off has failed", events: passes + dies,
			closing: "1 passed, 1 failed, 0 skipped", err: "tests failed: 1", shows: "out of cheese",
		},
		{
			name: "a package that does not build has failed", events: passes + packagePasses + buildFails,
			closing: "1 passed, 0 failed, 0 skipped", err: "packages failed: p", shows: "syntax error",
		},
		{
			name: "no test is no proof", events: packagePasses,
			closing: "0 passed, 0 failed, 0 skipped", err: "no test ran",
		},
		{
			name: "what is no event is passed on", events: "warning: odd\n" + passes,
			closing: "1 passed, 0 failed, 0 skipped", shows: "warning: odd",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			tally, err := Read(strings.NewReader(tt.events), &out)
			if err != nil {
				t.Fatal(err)
			}
			if got := tally.String(); got != tt.closing {
				t.Errorf("closing line: got %q, want %q", got, tt.closing)
			}
			checkError(t, tally.Verdict(tt.strict), tt.err)
			if !strings.Contains(out.String(), tt.shows) {
				t.Errorf("output: got %q, want %q in it", out.String(), tt.shows)
			}
			if tt.hides != "" && strings.Contains(out.String(), tt.hides) {
				t.Errorf("output: got %q, want no %q in it", out.String(), tt.hides)
			}
		})
	}
}

// checkError reports err unless it contains want; "" wants no error.
func checkError(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("verdict: got %v, want none", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("verdict: got %v, want %q", err, want)
	}
}
