package remote_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pylon/cmd/pylon/remote"
)

// csvOf is so many points, a quarter of an hour each, after a heading.
func csvOf(n int) string {
	var b strings.Builder
	b.WriteString("from,value\n")
	for i := range n {
		fmt.Fprintf(&b, "%s,0.%04d\n", time.Date(2026, 11, 21, 0, 15*i, 0, 0, time.UTC).Format(time.RFC3339), i)
	}
	return b.String()
}

func TestSeriesImport(t *testing.T) {
	const found, told = `{"data":[{"id":"srs_1"}],"next_cursor":null}`, `{"changed":2,"corrected":1}`
	for _, c := range []struct {
		name, in, of string // of: the series
		args         []string
		code         int
		puts         int
		last         string // that the last request ends with
		said         string
	}{
		{"two", csvOf(2), `{"resolution_minutes":15}`, nil, remote.ExitOK, 1, `"value":"0.0001"}]}`, "2 points told, 2 changed, 1 of them corrected"},
		{"more than one request takes", csvOf(2001), `{"resolution_minutes":15}`, nil, remote.ExitOK, 2, `"value":"0.2000"}]}`, "2001 points told, 4 changed, 2"},
		{"free", csvOf(2001), `{"resolution_minutes":0}`, []string{"--until", "2026-12-20T00:00:00Z"}, remote.ExitOK, 2, `"until":"2026-12-20T00:00:00Z"}`, ""},
		{"semicolons", "2026-11-21T00:00:00Z;-0.1\r\n", `{"resolution_minutes":60}`, nil, remote.ExitOK, 1, `{"points":[{"from":"2026-11-21T00:00:00Z","value":"-0.1"}]}`, ""},
		{"no time", "2026-11-21T00:00:00Z,1\nnoon,2\n", "", nil, remote.ExitUsage, 0, "", "line 2: noon is no time"},
		{"three fields", "2026-11-21T00:00:00Z,1,2\n", "", nil, remote.ExitUsage, 0, "", "line 1: has 3 fields"},
		{"nothing", "from,value\n", "", nil, remote.ExitUsage, 0, "", "no points"},
		{"an end that is none", csvOf(1), "", []string{"--until", "noon"}, remote.ExitUsage, 0, "", "noon is no time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t, map[string]string{"GET /series": found, "GET /series/srs_1": c.of, "PUT /series/srs_1/points": told})
			code, _, said := s.invoke(t, c.in, append([]string{"series", "import", "spot", "-"}, c.args...)...)
			puts := slices.DeleteFunc(slices.Clone(s.asked), func(a string) bool { return !strings.HasPrefix(a, "PUT") })
			if code != c.code || len(puts) != c.puts || !strings.Contains(said, c.said) {
				t.Fatalf("exit code %d, %d requests, said %s; want %d, %d, %s", code, len(puts), said, c.code, c.puts, c.said)
			}
			if c.puts > 0 && !strings.HasSuffix(puts[len(puts)-1], c.last) && !strings.Contains(puts[len(puts)-1], c.last[:len(c.last)-1]) {
				t.Errorf("the last request: …%s, want …%s", puts[len(puts)-1][max(0, len(puts[len(puts)-1])-80):], c.last)
			}
		})
	}
}

func TestBillSigned(t *testing.T) {
	s := newServer(t, map[string]string{"GET /bills/bil_1/transparency": "200 <values/>"})
	if code, out, said := s.invoke(t, "", "bill", "signed", "bil_1"); code != remote.ExitOK || out != "<values/>" {
		t.Errorf("exit code %d: %q, %s", code, out, said)
	}
}
