package billing

import (
	"slices"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/session"
)

// doubts returns the findings of a session, as codes, for whose sake somebody has
// to look at it before it is billed: those that the organisation has reviewed, that
// are open, and that nobody has released. What the station explains later holds
// nothing any more.
func doubts(s *session.Session, by *billing.Profile, t *billing.Tab) []string {
	var found []string
	for _, code := range by.Reviews() {
		if s.Noted.Open(code) && !slices.Contains(t.Released, string(code)) {
			found = append(found, string(code))
		}
	}
	return found
}
