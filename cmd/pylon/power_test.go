package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// night is a scenario that has room for all: what comes out is known to the digit.
const night = `{"schema": "evload-scenario/1", "name": "night", "time": {"step_s": 3600, "steps": 2},
	"network": {"evses": [{"id": "A", "max_a": 16, "volts_per_amp_kw": 0.5}],
		"constraints": [{"name": "fuse", "limit_a": 32, "coef": {"A": [1, 0]}}]},
	"sessions": [{"id": "s1", "evse": "A", "arrival": 0, "departure": 2, "energy_kwh": 16, "max_kw": 8}]}`

const nightScore = `{
  "scenario": "night",
  "sessions": 1,
  "energy_requested_kwh": 16,
  "energy_delivered_kwh": 16,
  "demand_met_pct": 100,
  "weighted_met_pct": 100,
  "sessions_fully_met": 1,
  "min_satisfaction": 1,
  "peak_kw": 8,
  "max_limit_ratio": 0.5,
  "steps": 2,
  "step_ms_mean": N,
  "step_ms_p99": N,
  "gap_mean": N,
  "gap_min": N,
  "gap_max": N
}
`

func TestPowerReplay(t *testing.T) {
	varying := regexp.MustCompile(`("(?:step_ms|gap)_\w+": )[-+.e0-9]+`)
	priced := strings.Replace(night, `"sessions": [`, `"signals": {"price_per_kwh": [0.25, 0.25], "solar_kw": [4, 0], "demand_charge_per_kw": 1}, "sessions": [`, 1)
	for _, c := range []struct {
		name, file string
		code       int
		out, err   string
	}{
		{"a scenario", night, exitOK, nightScore, ""},
		{"with prices", priced, exitOK, strings.Replace(nightScore, `0.5,`, `0.5,
  "energy_cost": 3,
  "grid_peak_kw": 8,
  "total_cost": 11,`, 1), ""},
		{"a session that ends before it begins", strings.Replace(night, `"departure": 2`, `"departure": 0`, 1), exitError, "", "/sessions/0/departure: is a step behind arrival"},
		{"no JSON", "x", exitError, "", "is not JSON"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "scenario.json")
			if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			code, out, err := invoke(t, []string{"power", "replay", file}, nil)
			if out = varying.ReplaceAllString(out, "${1}N"); code != c.code || out != c.out || !strings.Contains(err, c.err) || (c.err == "") != (err == "") {
				t.Errorf("got exit code %d, %s%s, want %d, %s%s", code, out, err, c.code, c.out, c.err)
			}
		})
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		err  string
	}{
		{"no such file", []string{"nowhere.json"}, exitError, "nowhere.json"},
		{"no file", nil, exitUsage, "pylon power replay <file>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if code, out, err := invoke(t, append([]string{"power", "replay"}, c.args...), nil); code != c.code || out != "" || !strings.Contains(err, c.err) {
				t.Errorf("got exit code %d, %q, %q, want %d, %q", code, out, err, c.code, c.err)
			}
		})
	}
}

// A snapshot has an answer that is expected.
func TestPowerReplaySnapshot(t *testing.T) {
	file, err := filepath.Abs("../../internal/sim/powerlab/testdata/snap10k-s11.json")
	if err != nil {
		t.Fatal(err)
	}
	code, out, said := invoke(t, []string{"power", "replay", file}, nil)
	for _, want := range []string{`"scenario": "snap10k-s11"`, `"leaves": 10000`, `"nodes": 1111`, `"max_error_a": `, `"expected_sum_a": 61677.9`, `"max_limit_ratio": 1`} {
		if code != exitOK || !strings.Contains(out, want) {
			t.Errorf("got exit code %d, %s%s, want %s", code, out, said, want)
		}
	}
}
