package store

import "testing"

// Queries calls everything that reads and returns the texts of its queries.
func Queries(t *testing.T, s *Store) []string {
	t.Helper()
	ask(t, s)
	var queries []string
	s.prepared.Range(func(text, _ any) bool {
		queries = append(queries, text.(string)) //nolint:forcetypeassert // nothing else is in the map
		return true
	})
	if len(queries) < 40 {
		t.Errorf("got %d queries, want all", len(queries))
	}
	return queries
}
