package store

import (
	"context"

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

// Tariffs lists the tariffs of org, oldest first, without their editions.
func (s *Store) Tariffs(ctx context.Context, org ident.OrganisationID, q page.Query) (page.Result[tariff.Tariff], error) {
	return plainList("tariffs", tariffs, "").page(ctx, s, q, of(org))
}

// Assignments returns all assignments of org.
func (s *Store) Assignments(ctx context.Context, org ident.OrganisationID) ([]tariff.Assignment, error) {
	return few(ctx, s, assignments.from()+"WHERE t.org = $1 ORDER BY t.id", assignments.columns, string(org))
}

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
