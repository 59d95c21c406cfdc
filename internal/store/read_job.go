package store

import (
	"context"

	work "pylon/internal/domain/job"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Job returns a job of org.
func (s *Store) Job(ctx context.Context, org ident.OrganisationID, id ident.JobID) (work.Job, error) {
	return oneOf(ctx, s, jobs, org, string(id))
}

// Jobs lists jobs of org, newest first.
func (s *Store) Jobs(ctx context.Context, org ident.OrganisationID, f work.Query, q page.Query) (page.Result[work.Job], error) {
	c := of(org)
	among(&c, "t.state", f.State)
	among(&c, "t.kind", f.Kind)
	return plainList("jobs", jobs, "-").page(ctx, s, q, c)
}

// OpenJobs returns at most limit jobs that have not finished, oldest first: of
// each organisation at most share, so that none keeps another waiting.
func (s *Store) OpenJobs(ctx context.Context, share, limit int) ([]ident.JobID, error) {
	return all(ctx, s, "SELECT o.id FROM (SELECT id, ROW_NUMBER() OVER (PARTITION BY org ORDER BY id) AS place FROM jobs t WHERE finished_at IS NULL) AS o "+
		"WHERE o.place <= $1 ORDER BY o.id LIMIT $2", func(to []column, id *ident.JobID) []column { return append(to, text("id", id)) }, share, limit)
}

// Targets lists the targets of a job that have one of states, all when there are
// none, by station.
func (s *Store) Targets(ctx context.Context, id ident.JobID, states []work.TargetState, q page.Query) (page.Result[work.Target], error) {
	var c conditions
	c.where("t.job = ?", string(id))
	among(&c, "t.state", states)
	return listing[work.Target]{
		name: "targets", fields: targets.list("t"), columns: targets.columns, from: "job_targets t", id: "t.station",
		sorts: map[string]order{"": {by: "t.station"}},
	}.page(ctx, s, q, c)
}

// PendingTargets returns at most limit targets of a job that nobody has begun,
// by station; with online those whose station is connected.
func (s *Store) PendingTargets(ctx context.Context, id ident.JobID, online bool, limit int) ([]work.Target, error) {
	connected := ""
	if online {
		connected = " AND EXISTS (SELECT 1 FROM links l WHERE l.station = t.station AND l.online AND l.node IN (SELECT node FROM nodes WHERE ended_at IS NULL))"
	}
	return all(ctx, s, targets.from()+"WHERE t.job = $1 AND t.state = 'pending'"+connected+" ORDER BY t.station LIMIT $2", targets.columns, string(id), limit)
}

// Flights returns the targets of a job that are in progress.
func (s *Store) Flights(ctx context.Context, id ident.JobID) ([]work.Flight, error) {
	return all(ctx, s, "SELECT "+targets.list("t")+", c.state, c.error_code, c.error_detail, c.finished_at FROM job_targets t JOIN commands c ON c.id = t.command "+
		"WHERE t.job = $1 AND t.state = 'running' ORDER BY t.station LIMIT $2",
		func(to []column, f *work.Flight) []column {
			return append(targets.columns(to, &f.Target), text("state", &f.Asked.State), text("error_code", &f.Asked.ErrorCode),
				text("error_detail", &f.Asked.ErrorDetail), when("finished_at", &f.Asked.FinishedAt))
		}, string(id), work.ConcurrencyMax)
}

// CountTargets counts the targets of a job by state.
func (s *Store) CountTargets(ctx context.Context, id ident.JobID) (work.Counts, error) {
	type group struct {
		state work.TargetState
		n     int64
	}
	groups, err := all(ctx, s, "SELECT state, COUNT(*) FROM job_targets WHERE job = $1 GROUP BY state", func(to []column, g *group) []column {
		return append(to, text("state", &g.state), number("n", &g.n))
	}, string(id))
	var counts work.Counts
	for _, g := range groups {
		counts.Set(g.state, g.n)
	}
	return counts, err
}

// candidateFrom is the SELECT of stations as jobs choose them.
const candidateFrom = `SELECT t.id, t.identity, t.site, t.vendor, t.model, t.firmware, t.ocpp, l.online AND n.node IS NOT NULL
	FROM stations t JOIN links l ON l.station = t.id LEFT JOIN nodes n ON n.node = l.node AND n.ended_at IS NULL `

func candidateColumns(to []column, c *work.Candidate) []column {
	return append(to,
		text("id", &c.Station), text("identity", &c.Identity), text("site", &c.Site), text("vendor", &c.Vendor), text("model", &c.Model),
		text("firmware", &c.Firmware), text("ocpp", &c.OCPP), flag("online", &c.Online),
	)
}

// Candidates returns at most limit stations of org behind the identity after,
// by identity.
func (s *Store) Candidates(ctx context.Context, org ident.OrganisationID, after ident.Identity, limit int) ([]work.Candidate, error) {
	return all(ctx, s, candidateFrom+"WHERE t.org = $1 AND t.identity > $2 ORDER BY t.identity LIMIT $3", candidateColumns, string(org), string(after), limit)
}

// Candidate returns a station of org by its id or its OCPP identity.
func (s *Store) Candidate(ctx context.Context, org ident.OrganisationID, ref string) (work.Candidate, error) {
	return one(ctx, s, candidateFrom+"WHERE t.org = $1 AND (t.id = $2 OR t.identity = $3) ORDER BY t.id = $4 DESC", candidateColumns, string(org), ref, ref, ref)
}
