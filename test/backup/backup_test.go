// Package backup_test runs `pylon backup` beside a server that works, and
// `pylon restore` behind it, as an operator would.
package backup_test

import (
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pylon/test/postgres"
	"pylon/test/program"
)

// sessionsWithin bounds the time until the simulated day has sessions enough.
const sessionsWithin = 90 * time.Second

// place is where a server has its data.
type place struct{ folder, url string }

// flags returns the place as the commands take it.
func (p place) flags() []string {
	if p.url != "" {
		return []string{"--database-url", p.url}
	}
	return []string{"--data", p.folder}
}

// start runs a server on the place.
func (p place) start(t *testing.T, c program.Config) *program.Server {
	t.Helper()
	c.Data, c.DatabaseURL = p.folder, p.url
	return program.Start(t, c)
}

// pylon runs a command that must succeed.
func pylon(t *testing.T, binary string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), binary, args...).CombinedOutput(); err != nil {
		t.Fatalf("pylon %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// sessions returns all sessions of a server by their id.
func sessions(t *testing.T, s *program.Server) map[string]program.Session {
	t.Helper()
	all := map[string]program.Session{}
	query := url.Values{"limit": {"200"}}
	for {
		var page struct {
			Data []program.Session `json:"data"`
			Next string            `json:"next_cursor"`
		}
		s.Get(t, "/api/v1/sessions?"+query.Encode(), &page)
		for _, session := range page.Data {
			all[session.ID] = session
		}
		if page.Next == "" {
			return all
		}
		query.Set("cursor", page.Next)
	}
}

// ended counts the sessions that are over.
func ended(all map[string]program.Session) (n int) {
	for _, s := range all {
		if !s.EndedAt.IsZero() {
			n++
		}
	}
	return n
}

// A server that is full of life is backed up; what it had told before is in the
// backup, and a server on what was restored tells the same, on either database.
func TestBackupOfARunningServer(t *testing.T) {
	binary := program.Build(t)
	places := map[string]func() place{
		"sqlite":     func() place { return place{folder: filepath.Join(t.TempDir(), "data")} },
		"postgresql": func() place { return place{folder: t.TempDir(), url: postgres.Database(t)} },
	}
	for from, source := range places {
		t.Run(from, func(t *testing.T) {
			at := source()
			demo := at.start(t, program.Config{Binary: binary, Demo: true, Args: []string{"--speed", "60"}})
			program.Await(t, "sessions that are over", sessionsWithin, func() bool { return ended(sessions(t, demo)) >= 5 })

			told := sessions(t, demo)
			file := filepath.Join(t.TempDir(), "pylon.backup")
			pylon(t, binary, append([]string{"backup", "--to", file}, at.flags()...)...)
			pylon(t, binary, "backup", "verify", file)
			later := sessions(t, demo)
			demo.Kill()

			for into, target := range places {
				t.Run("to "+into, func(t *testing.T) {
					to := target()
					pylon(t, binary, append([]string{"restore", "--from", file}, to.flags()...)...)
					pylon(t, binary, append([]string{"ledger", "verify"}, to.flags()...)...)
					restored := to.start(t, program.Config{Binary: binary})
					checkSessions(t, sessions(t, restored), told, later)
					restored.Stop(t)
				})
			}
		})
	}
}

// checkSessions holds what a restored server tells against what the first one
// told before and after the backup.
func checkSessions(t *testing.T, got, before, after map[string]program.Session) {
	t.Helper()
	if len(got) < len(before) || len(got) > len(after) {
		t.Errorf("%d sessions, want %d to %d", len(got), len(before), len(after))
	}
	for id, want := range before {
		s := got[id]
		if s.TransactionID != want.TransactionID || !s.StartedAt.Equal(want.StartedAt) || s.EnergyWh < want.EnergyWh {
			t.Errorf("session %s is %+v, and was %+v before the backup", id, s, want)
		}
		if !want.EndedAt.IsZero() && s != want {
			t.Errorf("session %s, which was over, is %+v, and was %+v", id, s, want)
		}
	}
	for id, s := range got {
		if last, known := after[id]; !known || s.EnergyWh > last.EnergyWh {
			t.Errorf("session %s is %+v, and was %+v after the backup", id, s, last)
		}
	}
}
