package store

import (
	"context"
	"time"

	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Tariff returns a tariff of org with all its editions.
func (s *Store) Tariff(ctx context.Context, org ident.OrganisationID, id ident.TariffID) (tariff.Tariff, error) {
	t, err := oneOf(ctx, s, tariffs, org, string(id))
	if err != nil {
		return t, err
	}
	t.Editions, err = few(ctx, s, editions.from()+"WHERE t.tariff = $1 ORDER BY t.number", editions.columns, string(id))
	return t, err
}

// TariffAt returns a tariff of org with the edition that is valid at a moment, and
// no other; with none when none is.
func (s *Store) TariffAt(ctx context.Context, org ident.OrganisationID, id ident.TariffID, at time.Time) (tariff.Tariff, error) {
	t, err := oneOf(ctx, s, tariffs, org, string(id))
	if err != nil {
		return t, err
	}
	const valid = "WHERE t.tariff = $1 AND t.valid_from <= $2 AND (t.valid_until IS NULL OR t.valid_until > $3) ORDER BY t.valid_from DESC, t.number DESC LIMIT 1"
	t.Editions, err = few(ctx, s, editions.from()+valid, editions.columns, string(id), micros(at), micros(at))
	return t, err
}

// Priced reports whether a tariff of org was ever published.
func (s *Store) Priced(ctx context.Context, org ident.OrganisationID) (bool, error) {
	found, err := few(ctx, s, tariffs.from()+"WHERE t.org = $1 AND t.published > 0 LIMIT 1", tariffs.columns, string(org))
	return len(found) > 0, err
}

// Tariffs lists the tariffs of org, oldest first, without their editions.
func (s *Store) Tariffs(ctx context.Context, org ident.OrganisationID, q page.Query) (page.Result[tariff.Tariff], error) {
	return plainList("tariffs", tariffs, "").page(ctx, s, q, of(org))
}

// Assignments returns all assignments of org.
func (s *Store) Assignments(ctx context.Context, org ident.OrganisationID) ([]tariff.Assignment, error) {
	return few(ctx, s, assignments.from()+"WHERE t.org = $1 ORDER BY t.id", assignments.columns, string(org))
}

// AssignmentsFor returns the assignments that a session of a driver at a place may
// have: at least all those among which [tariff.Choose] does. However many there
// are for other places and other drivers, they are not read.
func (s *Store) AssignmentsFor(ctx context.Context, p tariff.Place, d tariff.Driver) ([]tariff.Assignment, error) {
	var c conditions
	c.where("t.org = ?", string(p.Organisation))
	for _, one := range []struct{ column, is string }{{"t.site", string(p.Site)}, {"t.station", string(p.Station)}, {"t.contract", d.Contract}} {
		among(&c, one.column, anyOr(one.is))
	}
	among(&c, "t.driver_group", anyOr(d.Groups...))
	return few(ctx, s, numbered(assignments.from()+c.clause()), assignments.columns, c.args...)
}

// anyOr returns what a column has that asks for one of words, or for nothing.
func anyOr(words ...string) []string { return append([]string{""}, words...) }

// Assignment returns an assignment of org.
func (s *Store) Assignment(ctx context.Context, org ident.OrganisationID, id ident.AssignmentID) (tariff.Assignment, error) {
	return oneOf(ctx, s, assignments, org, string(id))
}

// ListAssignments lists the assignments of org, oldest first; those of a tariff, if it is named.
func (s *Store) ListAssignments(ctx context.Context, org ident.OrganisationID, id ident.TariffID, q page.Query) (page.Result[tariff.Assignment], error) {
	c := of(org)
	if id != "" {
		c.where("t.tariff = ?", string(id))
	}
	return plainList("tariff_assignments", assignments, "").page(ctx, s, q, c)
}
