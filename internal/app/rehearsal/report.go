package rehearsal

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pylon/internal/sim/check"
)

// Report is what a rehearsal came to.
type Report struct {
	Sessions      int                       `json:"sessions"` // in truth
	Running       int                       `json:"running"`  // of them
	Messages      int                       `json:"messages"` // about them that the CSMS acknowledged
	Checked       bool                      `json:"checked"`  // whether the CSMS was asked what it knows
	Matched       int                       `json:"matched"`  // sessions that it knows
	Faults        map[string]int            `json:"faults"`   // injected, by kind
	Findings      map[string]map[string]int `json:"findings"` // by code and cause
	Discrepancies []check.Discrepancy       `json:"discrepancies"`
}

// Played sums up what really happened.
func Played(t check.Truth) Report {
	out := Report{Sessions: len(t.Sessions), Faults: map[string]int{}, Findings: map[string]map[string]int{}}
	for i := range t.Sessions {
		s := &t.Sessions[i]
		if s.Running() {
			out.Running++
		}
		for k := range s.Messages {
			if s.Messages[k].Acknowledged {
				out.Messages++
			}
		}
	}
	for _, f := range t.Faults {
		out.Faults[string(f.Fault)]++
	}
	return out
}

// With returns the report with what a comparison came to.
func (r Report) With(c check.Result) Report {
	r.Checked, r.Matched, r.Discrepancies = true, c.Matched, c.Discrepancies
	for _, f := range c.Findings {
		if r.Findings[f.Code] == nil {
			r.Findings[f.Code] = map[string]int{}
		}
		r.Findings[f.Code][cmp.Or(f.Cause, "no cause")]++
	}
	return r
}

// String writes the report for people.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%6d  sessions, of which %d still run\n%6d  acknowledged messages about them\n", r.Sessions, r.Running, r.Messages)
	if len(r.Faults) > 0 {
		b.WriteString("\nWhat went wrong\n")
	}
	for _, kind := range slices.Sorted(maps.Keys(r.Faults)) {
		fmt.Fprintf(&b, "%6d  %s\n", r.Faults[kind], kind)
	}
	if !r.Checked {
		return b.String()
	}
	fmt.Fprintf(&b, "\nWhat the server knows\n%6d  sessions\n", r.Matched)
	for _, code := range slices.Sorted(maps.Keys(r.Findings)) {
		for _, cause := range slices.Sorted(maps.Keys(r.Findings[code])) {
			fmt.Fprintf(&b, "%6d  findings %s, because of %s\n", r.Findings[code][cause], code, cause)
		}
	}
	fmt.Fprintf(&b, "%6d  discrepancies\n", len(r.Discrepancies))
	for _, d := range r.Discrepancies {
		fmt.Fprintf(&b, "        %s: %s\n", d.Kind, d.Text)
	}
	return b.String()
}
