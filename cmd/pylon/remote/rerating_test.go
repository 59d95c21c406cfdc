package remote_test

import (
	"slices"
	"strings"
	"testing"

	"pylon/cmd/pylon/remote"
)

const (
	amounts  = `"before":{"net_minor":500,"tax_minor":95,"total_minor":595},"after":{"net_minor":600,"tax_minor":114,"total_minor":714},"difference":{"net_minor":100,"tax_minor":19,"total_minor":119}`
	rerating = `{"id":"rrt_1","state":"done","expected":2,"seen":2,"counts":{"changed":1,"unchanged":0,"held":1,"skipped":0,"reasons":[{"code":"tax_unknown","sessions":1}]},` +
		`"totals":[{"currency":"EUR","sessions":1,"changed":1,` + amounts + `}]}`
	reratingPays = `{"data":[{"debtor":"cus_7","currency":"EUR","sessions":1,"changed":1,` + amounts + `}],"next_cursor":null}`
)

func reratingServer(t *testing.T) *server {
	t.Helper()
	return newServer(t, map[string]string{
		"POST /re-ratings": rerating, "GET /re-ratings/rrt_1": rerating, "GET /re-ratings/rrt_1/customers": reratingPays,
		"POST /re-ratings/rrt_1/confirm": rerating, "GET /tokens": `{"data":[{"id":"tok_9","uid":"04AABB"}],"next_cursor":null}`,
	})
}

// A simulation is shown as a table of customers, with the total below.
func TestReratingSimulate(t *testing.T) {
	for _, noun := range [][]string{{"rerating", "simulate"}, {"tariff", "simulate"}} {
		s := reratingServer(t)
		code, out, said := s.invoke(t, "", append(noun, "--from", "2026-05-01", "--until", "2026-06-01", "--token", "04aabb", "--tariff", "trf_1", "--edition", "2", "-o", "csv")...)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if code != remote.ExitOK || len(lines) != 3 || !strings.HasPrefix(lines[1], "cus_7,1,1,500,600,595,714,119,EUR") || !strings.HasPrefix(lines[2], "total,1,1,500,600,595,714,119,EUR") {
			t.Errorf("exit code %d: %s, %s", code, out, said)
		}
		if !strings.Contains(said, "1 changed, 0 unchanged, 1 held") || !strings.Contains(said, "1 sessions: tax_unknown") {
			t.Errorf("said %s", said)
		}
		want := `{"pricing":{"edition":2,"tariff_id":"trf_1"},"sessions":{"ended_from":"2026-05-01T00:00:00Z","ended_until":"2026-06-01T00:00:00Z","token_id":"tok_9"}}`
		if !slices.Contains(s.asked, "POST /re-ratings "+want) {
			t.Errorf("asked %q, want %s", s.asked, want)
		}
	}
	s := reratingServer(t)
	if code, _, _ := s.invoke(t, "", "rerating", "simulate", "--from", "2026-05-01"); code != remote.ExitUsage {
		t.Errorf("by nothing: exit code %d", code)
	}
}

func TestReratingConfirm(t *testing.T) {
	s := reratingServer(t)
	code, out, said := s.invoke(t, "", "rerating", "confirm", "rrt_1", "--reason", "why", "--yes")
	if code != remote.ExitOK || !strings.Contains(out, "cus_7") || !slices.Contains(s.asked, `POST /re-ratings/rrt_1/confirm {"reason":"why"}`) {
		t.Errorf("exit code %d: %s, %s, asked %q", code, out, said, s.asked)
	}
	if code, _, _ := s.invoke(t, "", "rerating", "confirm", "rrt_1", "--yes"); code != remote.ExitUsage {
		t.Errorf("without a reason: exit code %d", code)
	}
}
