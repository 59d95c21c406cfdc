package store

import (
	"context"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.firstNumber(ctx, "SELECT 1")
	return err
}

// FirstOrganisation returns the operator of this installation; NotFound on an
// empty database.
func (s *Store) FirstOrganisation(ctx context.Context) (account.Organisation, error) {
	return one(ctx, s, organisations.from()+"WHERE t.is_first", organisations.columns)
}

// Organisation returns an organisation by its id or its slug.
func (s *Store) Organisation(ctx context.Context, ref string) (account.Organisation, error) {
	return one(ctx, s, organisations.from()+"WHERE t.org = $1 OR t.slug = $2", organisations.columns, ref, ref)
}

// Organisations lists all organisations, oldest first.
func (s *Store) Organisations(ctx context.Context, q page.Query) (page.Result[account.Organisation], error) {
	l := plainList("organisations", organisations, "")
	l.id, l.sorts = "t.org", map[string]order{"": {by: "t.org"}}
	return l.page(ctx, s, q, conditions{})
}

// plainList is a list of the rows of one table by their id, which follows the
// time in which they were made: "" is oldest first, "-" newest first.
func plainList[T any](name string, t table[T], usual string) listing[T] {
	return listing[T]{
		name: name, fields: t.list("t"), columns: t.columns, from: t.name + " t", id: "t.id",
		sorts: map[string]order{"": {by: "t.id"}}, usual: usual,
	}
}

// of returns the condition that rows are of an organisation, or any.
func of(org ident.OrganisationID) conditions {
	var c conditions
	if org != "" {
		c.where("t.org = ?", string(org))
	}
	return c
}

// oneOf returns the row of t with an id, when it is of org.
func oneOf[T any](ctx context.Context, s *Store, t table[T], org ident.OrganisationID, id string) (T, error) {
	if org == "" {
		return one(ctx, s, t.from()+"WHERE t.id = $1", t.columns, id)
	}
	return one(ctx, s, t.from()+"WHERE t.id = $1 AND t.org = $2", t.columns, id, string(org))
}

// Site returns a site of org.
func (s *Store) Site(ctx context.Context, org ident.OrganisationID, id ident.SiteID) (site.Site, error) {
	return oneOf(ctx, s, sites, org, string(id))
}

// Sites lists the sites of org, oldest first.
func (s *Store) Sites(ctx context.Context, org ident.OrganisationID, q page.Query) (page.Result[site.Site], error) {
	return plainList("sites", sites, "").page(ctx, s, q, of(org))
}

// Templates returns the templates of org and those that come with Pylon.
func (s *Store) Templates(ctx context.Context, org ident.OrganisationID) ([]station.Template, error) {
	return all(ctx, s, templates.from()+"WHERE t.org = $1 OR t.org = '' ORDER BY t.id", templates.columns, string(org))
}

// Template returns a template of org itself.
func (s *Store) Template(ctx context.Context, org ident.OrganisationID, id ident.TemplateID) (station.Template, error) {
	return oneOf(ctx, s, templates, org, string(id))
}

// OwnTemplates lists the templates of org itself, oldest first.
func (s *Store) OwnTemplates(ctx context.Context, org ident.OrganisationID, q page.Query) (page.Result[station.Template], error) {
	return plainList("templates", templates, "").page(ctx, s, q, of(org))
}

// keyColumns are those of [keys] and when the key was last used.
func keyColumns(to []column, k *account.Key) []column {
	return append(keys.columns(to, k), when("last_used_at", &k.LastUsedAt))
}

const keyLastUsed = ", t.last_used_at"

// Key returns a key of org.
func (s *Store) Key(ctx context.Context, org ident.OrganisationID, id ident.KeyID) (account.Key, error) {
	return one(ctx, s, "SELECT "+keys.list("t")+keyLastUsed+" FROM api_keys t WHERE t.id = $1 AND t.org = $2", keyColumns, string(id), string(org))
}

// Keys lists the keys of org, oldest first.
func (s *Store) Keys(ctx context.Context, org ident.OrganisationID, q page.Query) (page.Result[account.Key], error) {
	l := plainList("keys", keys, "")
	l.fields, l.columns = l.fields+keyLastUsed, keyColumns
	return l.page(ctx, s, q, of(org))
}

// KeyByHash returns the key with this hash, in force or not, and its organisation.
func (s *Store) KeyByHash(ctx context.Context, hash [32]byte) (account.Key, account.Organisation, error) {
	type found struct {
		key account.Key
		org account.Organisation
	}
	f, err := one(ctx, s, "SELECT "+keys.list("t")+keyLastUsed+", "+organisations.list("o")+
		" FROM api_keys t JOIN organisations o ON o.org = t.org WHERE t.hash = $1", func(to []column, f *found) []column {
		return organisations.columns(keyColumns(to, &f.key), &f.org)
	}, hash[:])
	return f.key, f.org, err
}

// bulkMax bounds the rows of one job that are written in bulk.
const bulkMax = 256

// KeysUsed writes when keys were last used. An older time changes nothing.
func (s *Store) KeysUsed(ctx context.Context, at map[ident.KeyID]time.Time) error {
	return inBulk(ctx, s, s.catalogue.keyUsed, at)
}

// Seen writes when stations were last heard. An older time changes nothing.
func (s *Store) Seen(ctx context.Context, at map[ident.StationID]time.Time) error {
	return inBulk(ctx, s, s.catalogue.seen, at)
}

// inBulk writes a time for each id, bulkMax at once.
func inBulk[ID ~string](ctx context.Context, s *Store, stmt *statement, at map[ID]time.Time) error {
	j := newJob()
	for id, t := range at {
		if t.IsZero() {
			continue
		}
		us := t.UnixMicro()
		j.changes(string(id)) // so that of two calls the later does not lose to the earlier
		j.do(stmt, us, string(id), us)
		if len(j.ops) < bulkMax {
			continue
		}
		if err := s.committer.submit(ctx, j); err != nil {
			return err
		}
		j = newJob()
	}
	if len(j.ops) == 0 {
		return nil
	}
	return s.committer.submit(ctx, j)
}

// Audits lists the audit trail of org, newest first.
func (s *Store) Audits(ctx context.Context, org ident.OrganisationID, q page.Query) (page.Result[account.Audit], error) {
	return plainList("audits", audits, "-").page(ctx, s, q, of(org))
}

// Idempotency returns the kept answer to a request of org.
func (s *Store) Idempotency(ctx context.Context, org ident.OrganisationID, key string) (change.Idempotency, error) {
	return one(ctx, s, idempotency.from()+"WHERE t.org = $1 AND t.key = $2", idempotency.columns, string(org), key)
}
