package store_test

import (
	"slices"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// TestLastSession finds the session that ended last at a place.
func TestLastSession(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		owner := db.own(db.station(org.ID, "CP-1"))
		var set change.Set
		set.Owner = owner
		at := func(transaction string, evse, connector, hour int, ended bool) ident.SessionID {
			s := aSession(owner, transaction, t0.Add(time.Duration(hour)*time.Hour))
			s.EVSE, s.Connector = evse, connector
			if ended {
				s.EndedAt, s.Status = s.StartedAt.Add(time.Minute), session.Completed
			}
			set.Sessions = append(set.Sessions, s)
			return s.ID
		}
		at("1", 1, 1, 0, true)
		first, second := at("2", 1, 1, 1, true), at("3", 1, 2, 2, true)
		at("4", 1, 1, 3, false)
		at("5", 0, 0, 4, true)
		db.commit(&set)
		for _, tt := range []struct {
			name            string
			evse, connector int
			want            ident.SessionID
		}{
			{"of a connector", 1, 1, first},
			{"of an EVSE", 1, 0, second},
			{"of another EVSE", 2, 0, ""},
			{"of no place", 0, 0, ""},
		} {
			got, err := db.LastSession(t.Context(), owner.Station, tt.evse, tt.connector)
			if got.ID != tt.want || fault.Is(err, fault.NotFound) != (tt.want == "") {
				t.Errorf("%s: got %q, %v, want %q", tt.name, got.ID, err, tt.want)
			}
		}
	})
}

// TestGoneLinks finds stations that have been away for long while a session
// runs, whether they said goodbye or their node died.
func TestGoneLinks(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		charging := map[string]change.Owner{}
		for _, name := range []string{"here", "gone", "just", "idle"} {
			owner := db.own(db.station(org.ID, name))
			charging[name] = owner
			if name != "idle" {
				db.session(owner, "tx", t0)
			}
			since := map[string]time.Time{"gone": t0.Add(time.Hour), "just": t0.Add(2 * time.Hour), "idle": t0}[name]
			if !since.IsZero() {
				db.commit(&change.Set{Owner: owner, Links: []station.Link{{Station: owner.Station, Since: since}}})
			}
		}
		gone := func(before time.Time) []ident.StationID {
			t.Helper()
			links, err := db.GoneLinks(t.Context(), before, 10)
			if err != nil {
				t.Fatal(err)
			}
			var all []ident.StationID
			for _, l := range links {
				if l.Epoch != charging["gone"].Epoch {
					t.Errorf("epoch of %s: got %d", l.Station, l.Epoch)
				}
				all = append(all, l.Station)
			}
			return all
		}
		if got, want := gone(t0.Add(2*time.Hour)), []ident.StationID{charging["gone"].Station}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		db.restart()
		if got := gone(t0.Add(200 * 365 * 24 * time.Hour)); len(got) != 3 || !slices.Contains(got, charging["here"].Station) {
			t.Errorf("after the node's death: got %v, want those that charge", got)
		}
	})
}

// TestResolved resolves findings by what they are about, and opens them anew.
func TestResolved(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		owner, other := db.own(db.station(org.ID, "CP-1")), db.own(db.station(org.ID, "CP-2"))
		finding := func(of change.Owner, ses ident.SessionID, code station.FindingCode) station.Finding {
			return station.Finding{ID: newID[ident.FindingID](), Organisation: org.ID, Station: of.Station, Session: ses, Code: code, At: t0}
		}
		meant := finding(owner, "ses_1", station.StopMissing)
		db.commit(&change.Set{Owner: owner, Findings: []station.Finding{
			meant, finding(owner, "ses_1", station.SequenceGap), finding(owner, "ses_2", station.StopMissing), finding(owner, "", station.StopMissing),
		}})
		db.commit(&change.Set{Owner: other, Findings: []station.Finding{finding(other, "ses_1", station.StopMissing)}})
		about := func(at time.Time) *change.Set {
			return &change.Set{Owner: owner, Resolved: []station.Resolution{{Station: owner.Station, Session: "ses_1", Code: station.StopMissing, At: at}}}
		}
		resolved := func() (ids []ident.FindingID, at time.Time) {
			t.Helper()
			found, err := db.Findings(t.Context(), org.ID, station.FindingFilter{}, all)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range found.Items {
				if !f.ResolvedAt.IsZero() {
					ids, at = append(ids, f.ID), f.ResolvedAt
				}
			}
			return ids, at
		}
		later := t0.Add(time.Hour)
		for _, again := range []time.Time{later, later.Add(time.Hour)} {
			db.commit(about(again))
			if got, at := resolved(); !slices.Equal(got, []ident.FindingID{meant.ID}) || !at.Equal(later) {
				t.Errorf("resolved %v at %s, want %s at %s", got, at, meant.ID, later)
			}
		}
		db.commit(about(time.Time{}))
		if got, _ := resolved(); len(got) != 0 {
			t.Errorf("open again: still resolved %v", got)
		}
		foreign := about(later)
		foreign.Resolved[0].Station = other.Station
		if err := db.Commit(t.Context(), foreign); fault.KindOf(err) != fault.Internal {
			t.Errorf("a finding of another station: got %v, want an internal error", err)
		}
	})
}
