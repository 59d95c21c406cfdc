package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

func TestSimulatePrintsItsPlan(t *testing.T) {
	print := func(args ...string) (listing, string) {
		var out, err bytes.Buffer
		if code := run(t.Context(), append([]string{"simulate", "--print-plan"}, args...), nil, terminal{&out, &err}); code != exitOK {
			t.Fatalf("exit code %d: %s", code, err.String())
		}
		var l listing
		if err := json.Unmarshal(out.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		return l, out.String()
	}
	l, text := print("--stations", "6", "--versions", "1.6,2.1", "--seed", "3")
	if len(l.Stations) != 6 || len(l.Tokens) < 6 {
		t.Errorf("%d stations and %d cards, want 6 and a card for everybody", len(l.Stations), len(l.Tokens))
	}
	for _, s := range l.Stations {
		if s.Version != "1.6" && s.Version != "2.1" || len(s.Password) < 16 || s.Site == "" || s.EVSEs < 1 {
			t.Errorf("a station is %+v", s)
		}
	}
	if _, again := print("--stations", "6", "--versions", "1.6,2.1", "--seed", "3"); again != text {
		t.Error("the same seed printed another plan")
	}
}

func TestSimulateRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"a version that nobody speaks", []string{"--versions", "1.5"}, "versions"},
		{"no stations", []string{"--stations", "0"}, "stations"},
		{"time that stands", []string{"--speed", "0"}, "speed"},
		{"an hour that is none", []string{"--hour", "24"}, "hour"},
		{"a day without length", []string{"--duration", "1s"}, "duration"},
		{"no API", []string{"--api", "nowhere"}, "nowhere"},
		{"faults of another kind", []string{"--faults", "many"}, "faults"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, err bytes.Buffer
			code := run(t.Context(), append([]string{"simulate"}, c.args...), nil, terminal{&out, &err})
			if code == exitOK || !strings.Contains(err.String(), c.want) || out.Len() > 0 {
				t.Errorf("got %d %q, want a refusal that names %s", code, err.String(), c.want)
			}
		})
	}
}
