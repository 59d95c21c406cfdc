package framelog_test

import (
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"pylon/internal/store/framelog"
	"pylon/test/postgres"
)

func sqlite(tb testing.TB) framelog.Place {
	return framelog.Place{Path: filepath.Join(tb.TempDir(), "frames.db")}
}

func postgresql(tb testing.TB) framelog.Place {
	return framelog.Place{URL: postgres.Database(tb)}
}

func TestSQLite(t *testing.T) { framelog.Contract(t, sqlite) }

func TestPostgreSQL(t *testing.T) { framelog.Contract(t, postgresql) }

func TestNodesOnPostgreSQL(t *testing.T) { framelog.Nodes(t, postgresql) }

func TestPostgreSQLGoesAway(t *testing.T) {
	server := postgres.Start(t, postgres.Options{})
	framelog.Outage(t, framelog.Place{URL: server.URL("frames")}, server.Kill, server.Start)
}

func BenchmarkFrame(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		framelog.BenchFrames(b, sqlite, func() time.Duration { return 0 })
	})
	b.Run("postgresql", func(b *testing.B) {
		server, databases := postgres.Start(b, postgres.Options{}), 0
		framelog.BenchFrames(b, func(testing.TB) framelog.Place {
			databases++
			return framelog.Place{URL: server.URL("frames" + strconv.Itoa(databases))}
		}, server.CPU)
	})
}
