package store

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/device"
	"pylon/internal/domain/event"
	work "pylon/internal/domain/job"
	"pylon/internal/domain/report"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// TestNoQueryWalksATable asks SQLite how it would answer each query: from an
// index, or from a table that stays small.
func TestNoQueryWalksATable(t *testing.T) {
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "pylon.db"), Clock: clock.System{}, Node: "nod_x"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	small := []string{ // a row for each run, for each tenant, for what is under way
		"nodes", "n", "streams", "nodes USING INDEX sqlite_autoindex_nodes_1",
		"organisations USING INDEX organisations_first", "t USING INDEX organisations_first", "t USING INDEX sqlite_autoindex_organisations_1",
		"t USING INDEX commands_open", "t USING INDEX jobs_open", "t USING INDEX reratings_open",
		"chain", "c", "few", "64-ROW VALUES", "o", "(sub", // what a query has made itself
	}
	for _, query := range Queries(t, s) {
		args := make([]any, strings.Count(s.dialect.text(query), "?"))
		plan, err := all(t.Context(), s, "EXPLAIN QUERY PLAN "+query, func(to []column, v *planStep) []column {
			return append(to, number("id", &v.id), number("parent", &v.parent), number("unused", &v.unused), text("detail", &v.detail))
		}, args...)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range plan {
			if step.detail == "USE TEMP B-TREE FOR ORDER BY" && strings.Contains(query, "FROM device_desired") {
				t.Errorf("%s\n  sorts ten rows of every station for a page", query)
			}
			of, scans := strings.CutPrefix(step.detail, "SCAN ")
			if scans && !slices.ContainsFunc(small, func(name string) bool {
				return of == name || strings.HasPrefix(of, name+" ") || name == "(sub" && strings.HasPrefix(of, name)
			}) {
				t.Errorf("%s\n  %s", query, step.detail)
			}
		}
	}
}

type planStep struct {
	id, parent, unused int
	detail             string
}

// ask calls everything that reads, for the texts of its queries.
func ask(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
	}
	two := func(_ any, err error) { t.Helper(); check(err) }
	three := func(_, _ any, err error) { t.Helper(); check(err) }
	two(s.Organisation(ctx, "x"))
	two(s.FirstOrganisation(ctx))
	two(s.Organisations(ctx, page.Query{}))
	two(s.Site(ctx, "org_x", "x"))
	two(s.Sites(ctx, "org_x", page.Query{}))
	two(s.Templates(ctx, "org_x"))
	two(s.Template(ctx, "org_x", "x"))
	two(s.OwnTemplates(ctx, "org_x", page.Query{}))
	two(s.Key(ctx, "org_x", "x"))
	two(s.Keys(ctx, "org_x", page.Query{}))
	three(s.KeyByHash(ctx, [32]byte{}))
	two(s.Audits(ctx, "org_x", page.Query{}))
	two(s.Idempotency(ctx, "org_x", "x"))
	askStations(t, s)
	two(s.TokenByUID(ctx, "org_x", "x"))
	for _, sort := range []string{"created_at", "-seen_at"} {
		two(s.Tokens(ctx, "org_x", token.Filter{Group: "x", Query: "x"}, page.Query{Sort: sort}))
	}
	two(s.Session(ctx, "org_x", "x"))
	for _, f := range []session.Filter{{}, {Status: []session.Status{"x"}}, {Station: "x"}, {Token: "x"}, {From: time.Unix(1, 0), To: time.Unix(2, 0)}} {
		two(s.Sessions(ctx, "org_x", f, page.Query{}))
	}
	two(s.SessionByTransaction(ctx, "x", "x"))
	two(s.SessionByStartKey(ctx, "x", "x"))
	two(s.LastSession(ctx, "x", 1, 0))
	two(s.GoneLinks(ctx, time.Unix(1, 0), 1))
	two(s.Segments(ctx, "x", "x"))
	two(s.Frames(ctx, "x", "x", page.Query{}))
	two(s.Totals(ctx, "org_x", time.Unix(1, 0)))
	two(s.OpenCommands(ctx, "x"))
	two(s.OpenCommandsOfNode(ctx, "x"))
	two(s.OverdueCommands(ctx, time.Unix(1, 0), 1))
	askJobs(t, s)
	askMoney(t, s)
	two(s.Documents(ctx, "x"))
	two(s.Plan(ctx, "x"))
	two(s.OpenAlerts(ctx, "x"))
	two(s.DeviceChanges(ctx, "x", device.ChangeFilter{}, page.Query{}))
	two(s.DeviceChanges(ctx, "x", device.ChangeFilter{Name: device.Name{Variable: "x"}}, page.Query{}))
	two(s.Happenings(ctx, "x", page.Query{}))
	two(s.SearchVariables(ctx, "org_x", device.Search{}, page.Query{}))
	two(s.SearchVariables(ctx, "org_x", device.Search{Name: device.Name{EVSE: 1}, Value: new("x")}, page.Query{}))
	two(s.eventsOf(ctx, "org_x", 1, 1, 2, 1))
	askConsumers(t, s)
	check(s.compactFrames(ctx, time.Unix(1<<32, 0)))
}

func askStations(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	yes, no := true, false
	two := func(_ any, err error) {
		t.Helper()
		if err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
	}
	three := func(_, _ any, err error) { t.Helper(); two(nil, err) }
	two(s.StationByIdentity(ctx, "", "x"))
	two(s.StationByIdentity(ctx, "x", "x"))
	three(s.Known(ctx, &station.Station{ID: "x"}))
	three(s.Owned(ctx, "x"))
	two(s.Station(ctx, "org_x", "x"))
	for _, sort := range []string{"station_id", "-created_at"} {
		for _, f := range []station.Filter{{}, {Online: &yes}, {Online: &no}, {Site: "x"}, {Status: []station.Status{"x", "y"}}, {Query: "x"}, {Registration: "x"}, {Variable: "x"}, {Variable: "x", Value: new("x")}} {
			two(s.Stations(ctx, "org_x", f, page.Query{Sort: sort}))
		}
	}
	two(s.connectorsOf(ctx, []ident.StationID{"x"}))
	two(s.Intervals(ctx, "x", time.Time{}, time.Time{}, page.Query{}))
	two(s.Findings(ctx, "org_x", station.FindingFilter{}, page.Query{}))
	two(s.Findings(ctx, "org_x", station.FindingFilter{Station: "x", Open: true}, page.Query{}))
	two(s.Findings(ctx, "org_x", station.FindingFilter{Session: "x", Code: []station.FindingCode{"x"}}, page.Query{}))
	two(s.Finding(ctx, "org_x", "x"))
}

func askJobs(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	two := func(_ any, err error) {
		t.Helper()
		if err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
	}
	two(s.Job(ctx, "", "x"))
	two(s.Jobs(ctx, "org_x", work.Query{}, page.Query{}))
	two(s.OpenJobs(ctx, 1, 1))
	two(s.Targets(ctx, "x", []work.TargetState{work.Failed}, page.Query{}))
	two(s.PendingTargets(ctx, "x", true, 1))
	two(s.PendingTargets(ctx, "x", false, 1))
	two(s.Flights(ctx, "x"))
	two(s.CountTargets(ctx, "x"))
	two(s.Candidates(ctx, "org_x", "", 1))
	two(s.Candidate(ctx, "org_x", "x"))
	two(s.Desired(ctx, "org_x", device.DesiredFilter{}, page.Query{}))
	two(s.Desired(ctx, "org_x", device.DesiredFilter{Station: "x", State: []device.State{device.Drifted}, Variable: "x"}, page.Query{}))
}

func askConsumers(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	two := func(_ any, err error) {
		t.Helper()
		if err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
	}
	two(s.Leases(ctx))
	two(s.Lease(ctx, "x"))
	two(s.LostLinks(ctx, 1))
	two(s.Streams(ctx))
	_, _, err := s.StreamAfter(ctx, event.Position{Stream: "1"}, 1)
	two(nil, err)
	two(s.Cursors(ctx, "x"))
	two(s.Cursor(ctx, "x", "1"))
	two(s.DeadLetter(ctx, "org_x", "x"))
	two(s.DeadLetters(ctx, "org_x", true, page.Query{}))
	two(s.UsageOf(ctx, "x", "2026-03-01"))
	for _, f := range []report.Filter{{}, {From: "2026-03-01", To: "2026-03-02"}, {Station: "x"}, {Site: "x"}} {
		two(s.Usage(ctx, "org_x", f, page.Query{}))
	}
	two(s.Charges(ctx, "org_x", "x", time.Unix(1, 0), time.Unix(2, 0)))
}
