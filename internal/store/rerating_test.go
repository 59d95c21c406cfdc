package store_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/rerating"
	"pylon/internal/domain/session"
	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/kernel/rating"
)

func aRerating(org ident.OrganisationID) rerating.Rerating {
	return rerating.Rerating{
		ID: newID[ident.ReratingID](), Organisation: org, Mode: rerating.Simulate, Choice: rerating.Choice{From: t0, Until: t0.Add(time.Hour)},
		Pricing: rerating.Pricing{Tariff: "trf_1"}, State: rerating.Queued, CreatedAt: t0, Version: 1,
	}
}

func TestReratingComesBack(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		r := rerating.Rerating{
			ID: newID[ident.ReratingID](), Organisation: org.ID, Mode: rerating.Correct, Simulation: "rrt_0",
			Choice:  rerating.Choice{From: t0, Until: t0.Add(time.Hour), Site: "sit_1", Station: "sta_1", Token: "tok_1", Customer: "cus_1", Tariff: "trf_1"},
			Pricing: rerating.Pricing{Tariff: "trf_2", Edition: 3, Terms: &tariff.Terms{Priced: rating.Tariff{Elements: []rating.Element{}}, URL: "https://tariff.example"}, Assigned: true},
			Reason:  "why", By: "key_1", ByName: "key", CreatedAt: t0, State: rerating.Failed, Code: "internal", Confirmed: "rrt_2", Expected: 4,
			Counts:    rerating.Counts{Seen: 1, Changed: 2, Unchanged: 3, Held: 4, Skipped: 5, Reasons: []rerating.Reason{{Code: "tax_unknown", Sessions: 4}}},
			Totals:    []rerating.Sum{{Currency: "EUR", Sessions: 1, Changed: 2, Before: rerating.Amounts{Net: 3, Tax: 4, Total: 7}, After: rerating.Amounts{Net: 5, Tax: 6, Total: 11}}},
			At:        rerating.Place{EndedAt: t0, Session: "ses_1"},
			StartedAt: t0.Add(time.Second), EndedAt: t0.Add(time.Minute), Forgotten: true, Version: 1,
		}
		requireNoZero(t, r)
		bare := rerating.Rerating{ID: newID[ident.ReratingID](), Organisation: org.ID, Version: 1, Choice: rerating.Choice{From: t0, Until: t0}}
		price := rerating.Price{Currency: "EUR", Amounts: rerating.Amounts{Net: -1, Tax: 2, Total: 1}}
		d := rerating.Difference{
			Rerating: r.ID, Organisation: org.ID, Session: "ses_1", Station: "sta_1", Debtor: "cus_1", Outcome: rerating.Changed, Reason: "r", Tariff: "trf_1", Edition: 2,
			Bill: "bil_1", Replacement: "bil_2", Before: price, After: rerating.Price{Currency: "SEK", Amounts: rerating.Amounts{Net: 7, Tax: 8, Total: 15}},
		}
		requireNoZero(t, d)
		db.commit(&change.Set{Reratings: []rerating.Rerating{r, bare}, Differences: []rerating.Difference{d}})
		same := same(t)
		got, err := db.Rerating(t.Context(), org.ID, r.ID)
		same("re-rating", got, r, err)
		got, err = db.Rerating(t.Context(), "", bare.ID)
		same("bare re-rating", got, bare, err)
		all, err := db.Differences(t.Context(), r.ID, rerating.Filter{}, page.Query{})
		same("difference", all.Items, []rerating.Difference{d}, err)
		if _, err := db.Rerating(t.Context(), "org_other", r.ID); err == nil {
			t.Error("another organisation sees it")
		}
	})
}

// What is found of a chunk is added to what was found before, once: who has seen
// an older state of the re-rating is refused whole.
func TestReratingAdds(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		r := aRerating(org.ID)
		sums := func(debtor string, before, after int64) rerating.CustomerSum {
			return rerating.CustomerSum{Rerating: r.ID, Organisation: org.ID, Debtor: debtor, Sum: rerating.Sum{
				Currency: "EUR", Sessions: 1, Changed: 1, Before: rerating.Amounts{Net: before, Total: before}, After: rerating.Amounts{Net: after, Total: after},
			}}
		}
		db.commit(&change.Set{Reratings: []rerating.Rerating{r}})
		chunk := func(version int64, session string) *change.Set {
			next := r
			next.Version = version
			return &change.Set{
				Reratings:    []rerating.Rerating{next},
				Differences:  []rerating.Difference{{Rerating: r.ID, Organisation: org.ID, Session: ident.SessionID(session), Debtor: "a", Outcome: rerating.Changed}},
				CustomerSums: []rerating.CustomerSum{sums("a", 10, 7), sums("b", 1, 2)},
			}
		}
		db.commit(chunk(2, "ses_1"))
		if err := db.Commit(t.Context(), chunk(2, "ses_2")); !errors.Is(err, change.ErrStale) {
			t.Errorf("from an older state: got %v, want %v", err, change.ErrStale)
		}
		db.commit(chunk(3, "ses_2"))
		got, err := db.ReratingCustomers(t.Context(), r.ID, page.Query{})
		want := []rerating.CustomerSum{sums("a", 20, 14), sums("b", 2, 4)}
		for i := range want {
			want[i].Sessions, want[i].Changed = 2, 2
		}
		if err != nil || !reflect.DeepEqual(got.Items, want) {
			t.Errorf("got %+v, %v, want %+v", got.Items, err, want)
		}
		expectList(t, "differences", "", func(q page.Query) (page.Result[rerating.Difference], error) {
			return db.Differences(t.Context(), r.ID, rerating.Filter{Debtor: "a", Outcome: rerating.Changed}, q)
		}, func(d rerating.Difference) string { return string(d.Session) }, "ses_1", "ses_2")
		expectList(t, "customers", "", func(q page.Query) (page.Result[rerating.CustomerSum], error) {
			return db.ReratingCustomers(t.Context(), r.ID, q)
		}, func(c rerating.CustomerSum) string { return c.Debtor }, "a", "b")
		if known, err := db.DifferencesOf(t.Context(), r.ID, []ident.SessionID{"ses_2", "ses_9"}); err != nil || len(known) != 1 || known[0].Session != "ses_2" {
			t.Errorf("of sessions: got %+v, %v", known, err)
		}
		db.commit(&change.Set{Forgotten: []rerating.Forgotten{{Rerating: r.ID, Until: "ses_1"}}})
		if left, err := db.DifferencesAfter(t.Context(), r.ID, "", "", 10); err != nil || len(left) != 1 || left[0].Session != "ses_2" {
			t.Errorf("after forgetting one: got %+v, %v", left, err)
		}
	})
}

// Of each organisation the oldest that is open has its turn; what has ended is old
// one day.
func TestReratingTurns(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		one, two := db.organisation("one"), db.organisation("two")
		first, second, other, done := aRerating(one.ID), aRerating(one.ID), aRerating(two.ID), aRerating(two.ID)
		first.ID, second.ID, other.ID = "rrt_1", "rrt_2", "rrt_3"
		done.EndedAt = t0
		db.commit(&change.Set{Reratings: []rerating.Rerating{first, second, other, done}})
		if got, err := db.OpenReratings(t.Context(), 10); err != nil || !slices.Equal(got, []ident.ReratingID{first.ID, other.ID}) {
			t.Errorf("open: got %v, %v", got, err)
		}
		for at, want := range map[time.Time]int{t0: 0, t0.Add(time.Microsecond): 1} {
			if got, err := db.OldReratings(t.Context(), at, 10); err != nil || len(got) != want {
				t.Errorf("old at %v: got %+v, %v, want %d", at, got, err, want)
			}
		}
		done.Forgotten, done.Version = true, 2
		db.commit(&change.Set{Reratings: []rerating.Rerating{done}})
		if got, err := db.OldReratings(t.Context(), t0.Add(time.Hour), 10); err != nil || len(got) != 0 {
			t.Errorf("forgotten: got %+v, %v", got, err)
		}
	})
}

// Sessions come by their ends, each once, whatever the pages; those that run do not.
func TestEndedSessions(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org, other := db.organisation("one"), db.organisation("two")
		owner, stranger := db.own(db.station(org.ID, "CP-1")), db.own(db.station(other.ID, "CP-1"))
		end := func(o change.Owner, after time.Duration) ident.SessionID {
			s := db.session(o, after.String(), t0)
			s.Status, s.EndedAt, s.Version = session.Completed, t0.Add(after), 2
			db.commit(&change.Set{Owner: o, Sessions: []session.Session{s}})
			return s.ID
		}
		late, twin, early := end(owner, 3*time.Minute), end(owner, 3*time.Minute), end(owner, time.Minute)
		end(owner, 4*time.Minute)
		end(owner, time.Minute-time.Microsecond)
		end(stranger, 2*time.Minute)
		db.session(owner, "runs", t0)
		of := rerating.Choice{From: t0.Add(time.Minute), Until: t0.Add(4 * time.Minute)}
		want := []ident.SessionID{early, min(late, twin), max(late, twin)}
		for _, limit := range []int{1, 2, 10} {
			var got []ident.SessionID
			for at := (rerating.Place{}); ; {
				some, err := db.EndedSessions(t.Context(), org.ID, of, at, limit)
				if err != nil {
					t.Fatal(err)
				}
				for _, v := range some {
					got = append(got, v.ID)
					at = rerating.Place{EndedAt: v.EndedAt, Session: v.ID}
				}
				if len(some) < limit {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d at a time: got %v, want %v", limit, got, want)
			}
		}
		if n, err := db.CountEnded(t.Context(), org.ID, of); err != nil || n != 3 {
			t.Errorf("got %d, %v, want 3", n, err)
		}
		of.Station = stranger.Station
		if n, err := db.CountEnded(t.Context(), org.ID, of); err != nil || n != 0 {
			t.Errorf("at another station: got %d, %v", n, err)
		}
	})
}

// What is asked for many sessions at once is what is asked for each.
func TestOfMany(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		owner := db.own(db.station(org.ID, "CP-1"))
		var refs []session.Ref
		var ids []ident.SessionID
		for i := range 70 { // more than one question takes
			s := db.session(owner, time.Duration(i).String(), t0)
			set := &change.Set{Owner: owner}
			for n := range 1 + i%3 {
				set.Frames = append(set.Frames, meter.Frame{Station: s.Station, Session: s.ID, Number: int64(n + 1), SeqNo: -1, ReceivedAt: t0, OccurredAt: t0})
				set.Segments = append(set.Segments, session.Segment{Station: s.Station, Session: s.ID, Number: n + 1, State: session.StateCharging, From: t0, To: t0})
			}
			db.commit(set)
			refs, ids = append(refs, session.Ref{Station: s.Station, Session: s.ID}), append(ids, s.ID)
			if i == 40 { // those before are blocks from now on
				if err := db.Compact(t.Context(), clock.System{}.Now().Add(2*time.Hour)); err != nil {
					t.Fatal(err)
				}
			}
		}
		frames, err := db.FramesOf(t.Context(), refs, 2)
		if err != nil {
			t.Fatal(err)
		}
		stretches, err := db.SegmentsOf(t.Context(), refs)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range refs {
			one, err := db.AllFrames(t.Context(), r.Station, r.Session, 2)
			if err != nil || !reflect.DeepEqual(frames[r.Session], one) {
				t.Errorf("frames: got %+v, want %+v, %v", frames[r.Session], one, err)
			}
			two, err := db.Segments(t.Context(), r.Station, r.Session)
			if err != nil || !reflect.DeepEqual(stretches[r.Session], two) {
				t.Errorf("segments: got %+v, want %+v, %v", stretches[r.Session], two, err)
			}
		}
		views, err := db.SessionsOf(t.Context(), org.ID, append(ids, "ses_none"))
		if err != nil || len(views) != 70 {
			t.Errorf("got %d sessions, %v", len(views), err)
		}
		if views, err := db.SessionsOf(t.Context(), "org_other", ids); err != nil || len(views) != 0 {
			t.Errorf("of another organisation: got %d sessions, %v", len(views), err)
		}
	})
}
