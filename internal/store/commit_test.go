package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/event"
	"pylon/internal/domain/job"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

func aToken(org ident.OrganisationID, uid string) token.Token {
	return token.Token{ID: newID[ident.TokenID](), Organisation: org, UID: uid, Type: "ISO14443", Status: token.Accepted, CreatedAt: t0, Version: 1}
}

func TestVersions(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		tok := aToken(org.ID, "04AABBCC")
		at := func(version int64) *change.Set {
			next := tok
			next.Version, next.Label = version, fmt.Sprintf("version %d", version)
			return &change.Set{Tokens: []token.Token{next}}
		}
		for _, step := range []struct {
			name    string
			version int64
			want    error
		}{
			{"an update of what is not there", 2, change.ErrStale},
			{"new", 1, nil},
			{"new again", 1, change.ErrExists},
			{"one too far", 3, change.ErrStale},
			{"the next", 2, nil},
			{"the same again", 2, change.ErrStale},
			{"the one after", 3, nil},
		} {
			if err := db.Commit(t.Context(), at(step.version)); !errors.Is(err, step.want) {
				t.Errorf("%s: got %v, want %v", step.name, err, step.want)
			}
		}
		got, err := db.Token(t.Context(), org.ID, tok.ID)
		if err != nil || got.Version != 3 || got.Label != "version 3" {
			t.Errorf("got version %d, %q, %v, want 3", got.Version, got.Label, err)
		}
		if err := db.Commit(t.Context(), at(0)); fault.KindOf(err) != fault.Internal {
			t.Errorf("version 0: got %v, want an internal error", err)
		}
	})
}

func TestUniqueness(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org, other := db.organisation("one"), db.organisation("two")
		db.commit(&change.Set{Tokens: []token.Token{aToken(org.ID, "04aabb")}, Idempotency: &change.Idempotency{
			Organisation: org.ID, Key: "k", Fingerprint: []byte{1}, Status: 201, At: t0,
		}})
		db.station(org.ID, "CP-1")
		first := func() account.Organisation {
			return account.Organisation{ID: newID[ident.OrganisationID](), Slug: string(newID[ident.SiteID]()), CreatedAt: t0, Version: 1, First: true}
		}
		db.commit(&change.Set{Organisations: []account.Organisation{first()}})
		for _, tt := range []struct {
			name string
			set  change.Set
			want error
		}{
			{"the uid in capitals", change.Set{Tokens: []token.Token{aToken(org.ID, " 04AABB ")}}, change.ErrExists},
			{"the uid elsewhere", change.Set{Tokens: []token.Token{aToken(other.ID, "04AABB")}}, nil},
			{"the identity", change.Set{Stations: []station.Station{aStation(org.ID, "CP-1")}}, change.ErrExists},
			{"the identity in other case", change.Set{Stations: []station.Station{aStation(org.ID, "cp-1")}}, nil},
			{"the identity elsewhere", change.Set{Stations: []station.Station{aStation(other.ID, "CP-1")}}, nil},
			{"the slug", change.Set{Organisations: []account.Organisation{{ID: newID[ident.OrganisationID](), Slug: "one", Version: 1}}}, change.ErrExists},
			{"a second first", change.Set{Organisations: []account.Organisation{first()}}, change.ErrExists},
			{"the idempotency key", change.Set{Idempotency: &change.Idempotency{Organisation: org.ID, Key: "k", Fingerprint: []byte{2}}}, change.ErrExists},
			{"the idempotency key elsewhere", change.Set{Idempotency: &change.Idempotency{Organisation: other.ID, Key: "k", Fingerprint: []byte{2}}}, nil},
		} {
			if err := db.Commit(t.Context(), &tt.set); !errors.Is(err, tt.want) {
				t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
			}
		}
	})
}

// TestReads holds rows that a decision only looked at against what they are now.
func TestReads(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		at := db.site(org.ID)
		st := db.station(org.ID, "CP-1")
		owner := db.own(st)
		ses := db.session(owner, "tx", t0)
		tok := aToken(org.ID, "04AABB")
		key := account.Key{ID: newID[ident.KeyID](), Organisation: org.ID, Hash: [32]byte{1}, CreatedAt: t0, Version: 1}
		cmd := aCommand(st, t0)
		tpl := station.Template{ID: newID[ident.TemplateID](), Organisation: org.ID, Version: 1}
		work := aJob(org.ID)
		db.commit(&change.Set{
			Jobs:   []job.Job{work},
			Tokens: []token.Token{tok}, Keys: []account.Key{key}, Commands: []command.Command{cmd}, Templates: []station.Template{tpl},
		})
		for _, read := range []change.Read{
			{Kind: change.KindOrganisation, ID: string(org.ID)},
			{Kind: change.KindSite, ID: string(at.ID)},
			{Kind: change.KindStation, ID: string(st.ID)},
			{Kind: change.KindSession, ID: string(ses.ID)},
			{Kind: change.KindToken, ID: string(tok.ID)},
			{Kind: change.KindKey, ID: string(key.ID)},
			{Kind: change.KindCommand, ID: string(cmd.ID)},
			{Kind: change.KindTemplate, ID: string(tpl.ID)},
			{Kind: change.KindJob, ID: string(work.ID)},
		} {
			for version, want := range map[int64]error{0: change.ErrStale, 1: nil, 2: change.ErrStale} {
				read.Version = version
				if err := db.Commit(t.Context(), &change.Set{Reads: []change.Read{read}}); !errors.Is(err, want) {
					t.Errorf("kind %d, version %d: got %v, want %v", read.Kind, version, err, want)
				}
			}
		}
		ses.Version++
		db.commit(&change.Set{Owner: owner, Progress: []session.Session{ses}})
		read := change.Read{Kind: change.KindSession, ID: string(ses.ID), Version: 1}
		if err := db.Commit(t.Context(), &change.Set{Reads: []change.Read{read}}); !errors.Is(err, change.ErrStale) {
			t.Errorf("a session that went on: got %v, want %v", err, change.ErrStale)
		}
		if err := db.Commit(t.Context(), &change.Set{Reads: []change.Read{{Kind: 99, ID: "x", Version: 1}}}); err == nil {
			t.Error("a kind that does not exist passes")
		}
	})
}

// TestEpoch is the right of one owner to write: the last who took it.
func TestEpoch(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		st := db.station(org.ID, "CP-1")
		find := func(o change.Owner) error {
			return db.Commit(t.Context(), &change.Set{Owner: o, Findings: []station.Finding{{
				ID: newID[ident.FindingID](), Organisation: org.ID, Station: st.ID, Code: station.ClockWrong, At: t0,
			}}})
		}
		older := db.own(st)
		if older.Epoch != 1 {
			t.Errorf("first epoch: got %d, want 1", older.Epoch)
		}
		if err := find(older); err != nil {
			t.Errorf("the owner: %v", err)
		}
		newer := db.own(st)
		if newer.Epoch != 2 {
			t.Errorf("second epoch: got %d, want 2", newer.Epoch)
		}
		future := newer
		future.Epoch++
		for name, o := range map[string]change.Owner{"the older owner": older, "an owner to come": future} {
			if err := find(o); !errors.Is(err, change.ErrSuperseded) {
				t.Errorf("%s: got %v, want %v", name, err, change.ErrSuperseded)
			}
		}
		link := station.Link{Station: st.ID, CloseReason: "gone"}
		if err := db.Commit(t.Context(), &change.Set{Owner: older, Links: []station.Link{link}}); !errors.Is(err, change.ErrSuperseded) {
			t.Errorf("the older owner's link: got %v, want %v", err, change.ErrSuperseded)
		}
		if err := find(newer); err != nil {
			t.Errorf("the newer owner: %v", err)
		}
		if _, err := db.TakeEpoch(t.Context(), newID[ident.StationID](), "", station.Link{}); !fault.Is(err, fault.NotFound) {
			t.Errorf("a station that is not there: got %v, want not found", err)
		}
	})
}

// TestOwnership refuses rows of a station without the right to it.
func TestOwnership(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		st, other := db.station(org.ID, "CP-1"), db.station(org.ID, "CP-2")
		owner := db.own(st)
		for name, set := range map[string]change.Set{
			"link":        {Links: []station.Link{{Station: other.ID}}},
			"connector":   {Connectors: []station.Connector{{Station: other.ID, Version: 1}}},
			"interval":    {Intervals: []station.Interval{{Station: other.ID}}},
			"progress":    {Progress: []session.Session{{Station: other.ID, Version: 2}}},
			"segment":     {Segments: []session.Segment{{Station: other.ID}}},
			"frame":       {Frames: []meter.Frame{{Station: other.ID}}},
			"own, no org": {Frames: []meter.Frame{{Station: st.ID}}, Owner: change.Owner{Station: st.ID, Epoch: owner.Epoch}},
		} {
			if set.Owner.Station == "" {
				set.Owner = owner
			}
			if err := db.Commit(t.Context(), &set); err == nil {
				t.Errorf("%s of another station passes", name)
			}
		}
	})
}

// TestAllOrNothing gives a set one row that cannot be: no other row of it is
// there afterwards.
func TestAllOrNothing(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		st := db.station(org.ID, "CP-1")
		owner := db.own(st)
		ses := db.session(owner, "tx", t0)
		taken := aToken(org.ID, "04AABB")
		db.commit(&change.Set{Tokens: []token.Token{taken}})
		before := len(db.told())
		for _, tt := range []struct {
			name  string
			wrong func(*change.Set)
			want  error
		}{
			{"a token twice", func(s *change.Set) { s.Tokens = append(s.Tokens, aToken(org.ID, "04AABB")) }, change.ErrExists},
			{"a moved session", func(s *change.Set) {
				moved := ses
				moved.Version = 7
				s.Progress = append(s.Progress, moved)
			}, change.ErrStale},
			{"a frame of no session", func(s *change.Set) { s.Frames = append(s.Frames, meter.Frame{Station: st.ID, Session: "ses_none"}) }, change.ErrStale},
			{"a removal too late", func(s *change.Set) {
				s.Removed = append(s.Removed, change.Removal{Kind: change.KindToken, ID: string(taken.ID), Version: 9})
			}, change.ErrStale},
			{"an idempotency key twice", func(s *change.Set) {
				s.Idempotency = &change.Idempotency{Organisation: org.ID, Key: "twice", Fingerprint: []byte{}}
				db.commit(&change.Set{Idempotency: s.Idempotency})
			}, change.ErrExists},
		} {
			set := &change.Set{
				Owner: owner, Tokens: []token.Token{aToken(org.ID, "good")}, Sites: []site.Site{{ID: newID[ident.SiteID](), Organisation: org.ID, Version: 1}},
				Connectors: []station.Connector{{Station: st.ID, EVSE: 1, Connector: 1, Status: station.Available, Since: t0, Version: 1}},
				Segments:   []session.Segment{{Station: st.ID, Session: ses.ID, Number: 1, From: t0}},
				Events:     []event.Event{{Type: event.TokenCreated, Organisation: org.ID, Subject: "good", At: t0}},
			}
			tt.wrong(set)
			if err := db.Commit(t.Context(), set); !errors.Is(err, tt.want) {
				t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
			}
			if _, err := db.TokenByUID(t.Context(), org.ID, "good"); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: the token is there: %v", tt.name, err)
			}
			if sites, err := db.Sites(t.Context(), org.ID, all); err != nil || len(sites.Items) != 0 {
				t.Errorf("%s: got %d sites, %v, want none", tt.name, len(sites.Items), err)
			}
			if d, _, err := db.Owned(t.Context(), st.ID); err != nil || len(d.Connectors) != 0 {
				t.Errorf("%s: got %d connectors, %v, want none", tt.name, len(d.Connectors), err)
			}
			if segments, err := db.Segments(t.Context(), st.ID, ses.ID); err != nil || len(segments) != 0 {
				t.Errorf("%s: got %d segments, %v, want none", tt.name, len(segments), err)
			}
		}
		if got := len(db.told()); got != before {
			t.Errorf("got %d events of refused sets, want none", got-before)
		}
	})
}

// TestProgressLeavesTheRestAlone writes a session in which everything differs as
// progress: only what a reading moves may have changed.
func TestProgressLeavesTheRestAlone(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		st := db.station(org.ID, "CP-1")
		owner := db.own(st)
		was := db.session(owner, "tx", t0)
		later := t0.Add(time.Hour)
		moved := session.Session{ // every field another
			ID: was.ID, Organisation: was.Organisation, Station: was.Station, Site: "sit_x", EVSE: 9, Connector: 9, TransactionID: "other",
			Status: session.Completed, Token: "tok_x", Method: session.MethodRemote, Group: "g", Answer: token.VerdictBlocked, ReservationID: 9,
			RemoteStartID: 9, StoppedBy: "tok_y", StartedAt: later, StartedAsSent: "s", StartReceivedAt: later, EndedAt: later, EndedAsSent: "e",
			EndReceivedAt: later, ClockOffset: time.Minute, TimeZone: "UTC", Country: "FR", Begin: session.Register{Known: true, Energy: 1},
			Last: session.Register{Known: true, Energy: 2, Value: decimal.FromInt(20, 1), Unit: "Wh", Context: "c", At: later, AsSent: "a"}, Energy: 5,
			PowerW: 6, PowerAt: later, StateOfCharge: 7, ChargingState: session.StateIdle, StateSince: later, StateCause: session.CauseCar,
			StateTrigger: "t", SegmentNo: 8, StopReason: "r", LastSeqNo: 10, Frames: 11, Noted: 12, PlugIn: "p", StartKey: "k", StopKey: "l",
			Tariff: "f", LastEventAt: later, HeardAt: later, ReadAt: later, AliveAt: later, EndedBy: session.ByEvidence, Evidence: session.Rebooted, TokenAt: later,
			ClockNow: time.Minute, Aside: &session.Aside{FirstSeqNo: 1}, Version: 2,
		}
		requireNoZero(t, moved)
		db.commit(&change.Set{Owner: owner, Progress: []session.Session{moved}})
		got, err := db.Session(t.Context(), org.ID, was.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := was
		want.Energy, want.Last, want.PowerW, want.PowerAt, want.StateOfCharge = moved.Energy, moved.Last, moved.PowerW, moved.PowerAt, moved.StateOfCharge
		want.ChargingState, want.StateSince, want.StateCause, want.StateTrigger = moved.ChargingState, moved.StateSince, moved.StateCause, moved.StateTrigger
		want.SegmentNo, want.LastSeqNo, want.Frames, want.Noted = moved.SegmentNo, moved.LastSeqNo, moved.Frames, moved.Noted
		want.LastEventAt, want.HeardAt, want.ReadAt, want.AliveAt = moved.LastEventAt, moved.HeardAt, moved.ReadAt, moved.AliveAt
		want.Version = moved.Version
		if !reflect.DeepEqual(got.Session, want) {
			t.Errorf("got\n%+v\nwant\n%+v", got.Session, want)
		}
	})
}

// notStored are fields that live in memory only.
var notStored = []string{"ToldAt"}

// requireNoZero fails for a field that was forgotten: it could not be told from
// one that was left alone.
func requireNoZero(t *testing.T, v any) {
	t.Helper()
	of := reflect.ValueOf(v)
	for i := range of.NumField() {
		if name := of.Type().Field(i).Name; of.Field(i).IsZero() && !slices.Contains(notStored, name) {
			t.Fatalf("%s is zero", name)
		}
	}
}

// TestGuiltyAlone lets many sets into one batch, some of which cannot be: only
// they fail, and the events of the others have no gaps.
func TestGuiltyAlone(t *testing.T) {
	for name, options := range databases(t) {
		t.Run(name, func(t *testing.T) {
			gate := &broken{}
			o := options()
			o.Between = gate.between
			db := open(t, o)
			org := db.organisation("one")
			db.commit(&change.Set{Tokens: []token.Token{aToken(org.ID, "taken")}})
			before := len(db.told())

			const sets, every = 60, 5
			release := db.hold(gate, sets)
			errs := make([]error, sets)
			var wait sync.WaitGroup
			for i := range sets {
				wait.Go(func() {
					tokens := []token.Token{aToken(org.ID, fmt.Sprintf("uid-%d", i))}
					if i%every == 0 {
						tokens = append(tokens, aToken(org.ID, "taken")) // after a row that is good
					}
					errs[i] = db.Commit(t.Context(), &change.Set{Tokens: tokens, Events: []event.Event{
						{Type: event.TokenCreated, Organisation: org.ID, Subject: string(tokens[0].ID), At: t0, Data: struct{}{}},
					}})
				})
			}
			release()
			wait.Wait()
			for i, err := range errs {
				want := error(nil)
				if i%every == 0 {
					want = change.ErrExists
				}
				if !errors.Is(err, want) {
					t.Errorf("set %d: got %v, want %v", i, err, want)
				}
				_, err := db.TokenByUID(t.Context(), org.ID, fmt.Sprintf("uid-%d", i))
				if found := err == nil; found != (want == nil) {
					t.Errorf("set %d: its token is there: %v", i, found)
				}
			}
			told := db.told()[before:]
			if len(told) != sets-sets/every {
				t.Errorf("got %d events, want %d", len(told), sets-sets/every)
			}
			for i := range told[1:] {
				if told[i+1].Number != told[i].Number+1 {
					t.Errorf("event %d follows %d", told[i+1].Number, told[i].Number)
				}
			}
		})
	}
}

// hold keeps the committer busy until n sets wait behind it and release is
// called, so that they are one batch.
func (db *database) hold(gate *broken, n int) (release func()) {
	db.t.Helper()
	held, open := make(chan struct{}), make(chan struct{})
	var once sync.Once
	gate.set(func(text string, run func() error) error {
		if text == "COMMIT" {
			once.Do(func() {
				close(held)
				<-open
			})
		}
		return run()
	})
	first := make(chan error, 1)
	go func() { first <- db.Beat(context.WithoutCancel(db.t.Context()), db.options.Node) }()
	<-held
	return func() {
		db.t.Helper()
		for db.Waiting() < n {
			if db.t.Context().Err() != nil {
				break
			}
			yield()
		}
		close(open)
		if err := <-first; err != nil {
			db.t.Error(err)
		}
	}
}

// TestContention lets stations count sessions on one token, each deciding anew
// when another was quicker: no count is lost.
func TestContention(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		shared := aToken(org.ID, "fleet card")
		db.commit(&change.Set{Tokens: []token.Token{shared}})
		const callers, turns = 16, 10
		var wait sync.WaitGroup
		for range callers {
			wait.Go(func() {
				for range turns {
					for {
						tok, err := db.Token(t.Context(), org.ID, shared.ID)
						if err != nil {
							t.Error(err)
							return
						}
						tok.Running++
						tok.Version++
						err = db.Commit(t.Context(), &change.Set{Tokens: []token.Token{tok}})
						if err == nil {
							break
						}
						if !errors.Is(err, change.ErrStale) {
							t.Error(err)
							return
						}
					}
				}
			})
		}
		wait.Wait()
		got, err := db.Token(t.Context(), org.ID, shared.ID)
		if err != nil || got.Running != callers*turns {
			t.Errorf("got %d running, %v, want %d", got.Running, err, callers*turns)
		}
	})
}

func TestRemoval(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		st := db.station(org.ID, "CP-1")
		owner := db.own(st)
		db.commit(&change.Set{Owner: owner, Connectors: []station.Connector{{Station: st.ID, EVSE: 1, Connector: 1, Version: 1}}})
		remove := func(version int64) error {
			return db.Commit(t.Context(), &change.Set{Owner: owner, Removed: []change.Removal{{Kind: change.KindStation, ID: string(st.ID), Version: version}}})
		}
		if err := remove(2); !errors.Is(err, change.ErrStale) {
			t.Errorf("another version: got %v, want %v", err, change.ErrStale)
		}
		if err := remove(1); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Station(t.Context(), org.ID, "CP-1"); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v, want not found", err)
		}
		again := db.station(org.ID, "CP-1")
		if d, err := db.Station(t.Context(), org.ID, "CP-1"); err != nil || d.Station.ID != again.ID || len(d.Connectors) != 0 {
			t.Errorf("the next of that name: got %v, %d connectors, %v", d.Station.ID, len(d.Connectors), err)
		}
		err := db.Commit(t.Context(), &change.Set{Removed: []change.Removal{{Kind: change.KindSession, ID: "ses_x", Version: 1}}})
		if err == nil {
			t.Error("a session can be removed")
		}
	})
}

func TestContextAndEnd(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		set := func(uid string) *change.Set { return &change.Set{Tokens: []token.Token{aToken(org.ID, uid)}} }
		// A context that has ended may or may not keep a set out; what Commit says is what happened.
		err := db.Commit(ended, set("maybe"))
		_, found := db.TokenByUID(t.Context(), org.ID, "maybe")
		if (err == nil) != (found == nil) {
			t.Errorf("Commit says %v, the database %v", err, found)
		}
		if err != nil && !fault.Is(err, fault.Unavailable) {
			t.Errorf("got %v, want unavailable", err)
		}
		stop := db.stop
		db.stop = nil
		if err := stop(); err != nil {
			t.Error(err)
		}
		if err := db.Commit(t.Context(), set("late")); !fault.Is(err, fault.Unavailable) {
			t.Errorf("after the end: got %v, want unavailable", err)
		}
		db.begin()
		if _, err := db.TokenByUID(t.Context(), org.ID, "late"); !fault.Is(err, fault.NotFound) {
			t.Errorf("after the end: got %v, want not found", err)
		}
	})
}

func aCommand(st station.Station, at time.Time) command.Command {
	return command.Command{
		ID: newID[ident.CommandID](), Organisation: st.Organisation, Station: st.ID, Type: command.Reset, State: command.Queued,
		Deadline: at.Add(time.Minute), CreatedAt: at, Version: 1,
	}
}

// What a job misses first is why it is refused, whatever fails behind that.
func TestTheFirstMissIsTheReason(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		old := db.own(db.station(org.ID, "CP1"))
		s := db.session(old, "1", t0)
		if _, err := db.TakeEpoch(t.Context(), old.Station, db.options.Node, station.Link{}); err != nil {
			t.Fatal(err)
		}
		set := &change.Set{Owner: old, Sessions: []session.Session{s}}
		if err := db.Commit(t.Context(), set); !errors.Is(err, change.ErrSuperseded) {
			t.Errorf("got %v, want %v", err, change.ErrSuperseded)
		}
		set = &change.Set{Under: lease.Grant{Name: "fleet", Epoch: 7}, Organisations: []account.Organisation{org}}
		if err := db.Commit(t.Context(), set); !errors.Is(err, change.ErrLeaseLost) {
			t.Errorf("got %v, want %v", err, change.ErrLeaseLost)
		}
	})
}
