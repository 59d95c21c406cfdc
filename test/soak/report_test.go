package soak

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/sim/check"
)

// report is what a campaign came to.
type report struct {
	Campaign string   `json:"campaign"`
	About    string   `json:"about"`
	Seed     uint64   `json:"seed"`
	Took     span     `json:"took"`
	Stations int      `json:"stations"`
	Notes    []string `json:"notes,omitzero"` // how it was done, where there is more than one way

	Faults   map[string]int `json:"faults"`   // injected, by kind
	Checks   map[string]int `json:"checks"`   // passed, by kind
	Findings map[string]int `json:"findings"` // of the server, with what it had noticed
	Visits   int            `json:"visits"`
	Refused  int            `json:"refused"` // of them: strangers, and who came while the server was away
	Sessions int            `json:"sessions"`
	Messages int            `json:"messages"` // acknowledged
	Repeated int            `json:"repeated"` // of them, those that were sent more than once

	Reconnects int  `json:"reconnects"`
	AwayP50    span `json:"away_p50"` // from the loss of a connection to the next
	AwayP99    span `json:"away_p99"`
	AwayMax    span `json:"away_max"`
	Silence    span `json:"silence"` // the longest in which no station was answered

	Discrepancies []check.Discrepancy `json:"discrepancies"`
}

// span is a time, as people read it.
type span time.Duration

// String implements [fmt.Stringer].
func (s span) String() string { return time.Duration(s).Round(10 * time.Millisecond).String() }

// MarshalText implements [encoding.TextMarshaler].
func (s span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*s = span(d)
	return err
}

// add counts checks of a kind, and those of them that did not pass.
func (r *report) add(kind string, checks int, found []check.Discrepancy) {
	r.Checks[kind] += max(0, checks-len(found))
	r.Discrepancies = append(r.Discrepancies, found...)
}

// shown bounds how many discrepancies are printed.
const shown = 40

// String writes the report for people.
func (r *report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\nseed %d, %s, %d stations\n", r.Campaign, r.About, r.Seed, r.Took, r.Stations)
	for _, note := range r.Notes {
		fmt.Fprintln(&b, note)
	}
	fmt.Fprintf(&b, "%7d  visits, %d refused\n%7d  sessions\n%7d  messages acknowledged, %d of them after more than one try\n", r.Visits, r.Refused, r.Sessions, r.Messages, r.Repeated)
	fmt.Fprintf(&b, "%7d  reconnections: p50 %s, p99 %s, at most %s; longest silence %s\n", r.Reconnects, r.AwayP50, r.AwayP99, r.AwayMax, r.Silence)
	for _, part := range []struct {
		title string
		lines map[string]int
	}{{"Faults", r.Faults}, {"Checks passed", r.Checks}, {"Findings of the server", r.Findings}} {
		fmt.Fprintf(&b, "%s\n", part.title)
		for _, kind := range slices.Sorted(maps.Keys(part.lines)) {
			fmt.Fprintf(&b, "%7d  %s\n", part.lines[kind], kind)
		}
	}
	fmt.Fprintf(&b, "%7d  discrepancies\n", len(r.Discrepancies))
	for i, d := range r.Discrepancies {
		if i == shown {
			b.WriteString("         …\n")
			break
		}
		fmt.Fprintf(&b, "         %s: %s %s\n", d.Kind, d.Station, d.Text)
	}
	return b.String()
}

// reports are those of all campaigns.
type reports struct {
	mu  sync.Mutex
	all []*report
}

func (rs *reports) add(r *report) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.all = append(rs.all, r)
}

// write leaves the reports where the flags say. Those of other campaigns that are
// in the file already stay, so that a page can be made campaign by campaign.
func (rs *reports) write(t *testing.T) {
	if *outJSON != "" {
		if err := rs.keep(fromRoot(*outJSON)); err != nil {
			t.Error(err)
		}
	}
	if *out != "" {
		if err := os.WriteFile(fromRoot(*out), []byte(rs.markdown()), 0o644); err != nil {
			t.Error(err)
		}
	}
}

// keep adds the reports to those in a file.
func (rs *reports) keep(path string) error {
	var there []*report
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &there)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, r := range there {
		if !slices.ContainsFunc(rs.all, func(other *report) bool { return other.Campaign == r.Campaign }) {
			rs.all = append(rs.all, r)
		}
	}
	if text, err = json.Marshal(rs.ordered(), jsontext.WithIndent("  "), json.Deterministic(true)); err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// ordered returns the reports in the order of the campaigns.
func (rs *reports) ordered() []*report {
	place := map[string]int{}
	for i, c := range campaigns() {
		place[c.name] = i
	}
	return slices.SortedFunc(slices.Values(rs.all), func(a, b *report) int { return place[a.Campaign] - place[b.Campaign] })
}

// fromRoot returns a path that was meant from the folder where make runs: tests run
// in their own.
func fromRoot(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join("..", "..", path)
}

// markdown writes the reports as a page.
func (rs *reports) markdown() string {
	var b strings.Builder
	b.WriteString("# Broken on purpose\n\nReal processes, real sockets, everything broken on purpose, and then what the API says held against what the stations know.\n" +
		"Discrepancies must be 0. `make soak SOAKFLAGS=\"-json=docs/soak.json -out=docs/soak.md\"` writes this page; with `-only=kill` it\n" +
		"replaces that campaign alone, and `-stations` and `-faults` play it in another size than usual.\n\n" +
		"| campaign | faults | stations | sessions | messages acknowledged | away p50 / p99 / max | longest silence | discrepancies |\n|---|---|---|---|---|---|---|---|\n")
	for _, r := range rs.ordered() {
		faults := 0
		for _, n := range r.Faults {
			faults += n
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %s / %s / %s | %s | %d |\n", r.Campaign, faults, r.Stations, r.Sessions, r.Messages,
			r.AwayP50, r.AwayP99, r.AwayMax, r.Silence, len(r.Discrepancies))
	}
	for _, r := range rs.ordered() {
		fmt.Fprintf(&b, "\n## %s\n\n```\n%s```\n", r.Campaign, r)
	}
	return b.String()
}
