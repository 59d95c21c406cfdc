package store_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/session"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// walk reads a list page by page and returns what id says of each row.
func walk[T any](t *testing.T, limit int, sort string, list func(page.Query) (page.Result[T], error), id func(T) string) []string {
	t.Helper()
	var ids []string
	q := page.Query{Limit: limit, Sort: sort}
	for {
		part, err := list(q)
		if err != nil {
			t.Fatal(err)
		}
		if len(part.Items) > limit {
			t.Fatalf("got %d rows, want at most %d", len(part.Items), limit)
		}
		for _, item := range part.Items {
			ids = append(ids, id(item))
		}
		if q.Cursor = part.Next; q.Cursor == "" {
			return ids
		}
	}
}

// expectList reads a list in pages of one, of two and whole.
func expectList[T any](t *testing.T, name, sort string, list func(page.Query) (page.Result[T], error), id func(T) string, want ...string) {
	t.Helper()
	for _, limit := range []int{1, 2, 100} {
		if got := walk(t, limit, sort, list, id); !slices.Equal(got, want) {
			t.Errorf("%s, %d at a time: got %v, want %v", name, limit, got, want)
		}
	}
}

// same returns a check that a row was read as it was written.
func same(t *testing.T) func(name string, got, want any, err error) {
	return func(name string, got, want any, err error) {
		t.Helper()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got\n%+v, %v\nwant\n%+v", name, got, err, want)
		}
	}
}

// TestRowsComeBack writes one row of each kind with every field set, and the
// same row with no field set but its identifiers, and reads them.
func TestRowsComeBack(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		ctx := t.Context()
		org := account.Organisation{
			ID: newID[ident.OrganisationID](), Slug: "full", Name: "Full", Country: "FR", Currency: "EUR", TimeZone: "Europe/Paris",
			CreatedAt: t0.Add(time.Microsecond), Version: 1, First: true,
		}
		lenient := true
		quirks := station.Quirks{Lenient: &lenient, SharedEVSE: true, Subprotocol: "ocpp1.6", MeterUnit: "kWh", ReversedTags: true, Phases: 3, MaxCurrentMA: 32000, HeartbeatSeconds: 60}
		key := account.Key{
			ID: newID[ident.KeyID](), Organisation: org.ID, Name: "key", Hash: [32]byte{1, 2}, Hint: "abcd",
			Scopes: []account.Scope{account.SitesRead, account.SitesWrite}, ExpiresAt: t0.Add(time.Hour), RevokedAt: t0, CreatedAt: t0, Version: 1,
		}
		place := site.Site{
			ID: newID[ident.SiteID](), Organisation: org.ID, Name: "Yard", Country: "FR", TimeZone: "Europe/Paris", Address: "1 rue", City: "Lyon",
			PostalCode: "69000", Latitude: "45.75", Longitude: "4.85", CreatedAt: t0, Version: 1,
		}
		tpl := station.Template{ID: newID[ident.TemplateID](), Organisation: org.ID, Vendor: "V*", Model: "M*", Firmware: "1.*", Quirks: quirks, Version: 1}
		tok := token.Token{
			ID: newID[ident.TokenID](), Organisation: org.ID, UID: "04aAbB", Type: "ISO14443", Status: token.Blocked, Group: "Fleet", Label: "card 7", Customer: "cus_x", CostCentre: "4711",
			ValidFrom: t0, ExpiresAt: t0.Add(time.Hour), MaxSessions: 2, Running: 1, SeenAt: t0.Add(time.Minute), SeenStation: "sta_x", CreatedAt: t0, Version: 1,
		}
		st := station.Station{
			ID: newID[ident.StationID](), Organisation: org.ID, Site: place.ID, Identity: "CP-1", Name: "One", Registration: station.Pending, Automation: true,
			SecurityProfile: 2, Secrets: []station.Secret{{Salt: []byte{1}, Hash: []byte{2}, State: "current", At: t0, Hex: true, Until: t0.Add(time.Hour)}},
			OCPP: station.OCPP16, Vendor: "Vendor", Model: "Model", Serial: "S-1", Firmware: "1.2", ICCID: "89", IMSI: "26", MeterType: "mt",
			MeterSerial: "ms", BootReason: "PowerUp", BootedAt: t0, Quirks: quirks, Template: tpl.ID, LastTransaction: 77, CreatedAt: t0, Version: 1,
		}
		cmd := command.Command{
			ID: newID[ident.CommandID](), Organisation: org.ID, Station: st.ID, Type: command.Start,
			Input:  command.Input{EVSE: 1, Connector: 2, Token: tok.ID, RemoteStartID: 5, Hard: true, Operative: true, Message: "m", Action: "a", TransactionID: "t", Session: "ses_x"},
			Action: "RequestStartTransaction", Payload: []byte(`{"a":1}`), State: command.Observed, Wait: true, Deadline: t0.Add(time.Minute),
			Result: []byte(`{"status":"Accepted"}`), ErrorCode: "none", ErrorDetail: "detail", By: key.ID, CreatedAt: t0, SentAt: t0.Add(time.Second),
			FinishedAt: t0.Add(2 * time.Second), Version: 1,
		}
		finding := station.Finding{
			ID: newID[ident.FindingID](), Organisation: org.ID, Station: st.ID, Session: "ses_x", Code: station.ClockWrong, Detail: "an hour", Action: "Heartbeat",
			Raw: []byte("{}"), At: t0, ResolvedAt: t0.Add(time.Hour),
		}
		audit := account.Audit{ID: newID[ident.AuditID](), Organisation: org.ID, By: key.ID, ByName: "key", Action: "site.create", Subject: string(place.ID), At: t0, Detail: `{"x":1}`}
		answer := change.Idempotency{Organisation: org.ID, Key: "k", Fingerprint: []byte{9}, Status: 201, Header: `{"a":"b"}`, Body: []byte("body"), At: t0}
		db.commit(&change.Set{
			Organisations: []account.Organisation{org}, Keys: []account.Key{key}, Sites: []site.Site{place}, Templates: []station.Template{tpl},
			Tokens: []token.Token{tok}, Stations: []station.Station{st}, Commands: []command.Command{cmd}, Findings: []station.Finding{finding},
			Audits: []account.Audit{audit}, Idempotency: &answer,
		})
		bare := account.Organisation{ID: newID[ident.OrganisationID](), Slug: "bare", Version: 1}
		bareStation := station.Station{ID: newID[ident.StationID](), Organisation: bare.ID, Identity: "CP-1", Version: 1}
		bareToken := token.Token{ID: newID[ident.TokenID](), Organisation: bare.ID, UID: "x", Version: 1}
		bareCommand := command.Command{ID: newID[ident.CommandID](), Organisation: bare.ID, Station: bareStation.ID, Version: 1}
		bareKey := account.Key{ID: newID[ident.KeyID](), Organisation: bare.ID, Version: 1}
		bareFinding := station.Finding{ID: newID[ident.FindingID](), Organisation: bare.ID, Station: bareStation.ID}
		db.commit(&change.Set{
			Organisations: []account.Organisation{bare}, Stations: []station.Station{bareStation}, Tokens: []token.Token{bareToken},
			Commands: []command.Command{bareCommand}, Keys: []account.Key{bareKey}, Findings: []station.Finding{bareFinding},
		})

		same := same(t)
		gotOrg, err := db.Organisation(ctx, string(org.ID))
		same("organisation", gotOrg, org, err)
		gotOrg, err = db.Organisation(ctx, "bare")
		same("organisation by slug", gotOrg, bare, err)
		gotOrg, err = db.FirstOrganisation(ctx)
		same("first organisation", gotOrg, org, err)
		gotKey, err := db.Key(ctx, org.ID, key.ID)
		same("key", gotKey, key, err)
		gotKey, err = db.Key(ctx, bare.ID, bareKey.ID)
		same("bare key", gotKey, bareKey, err)
		gotSite, err := db.Site(ctx, org.ID, place.ID)
		same("site", gotSite, place, err)
		gotTemplates, err := db.Templates(ctx, org.ID)
		same("templates", gotTemplates, []station.Template{tpl}, err)
		for _, uid := range []string{"04aAbB", "04AABB", " 04aabb"} {
			gotToken, err := db.TokenByUID(ctx, org.ID, uid)
			same("token "+uid, gotToken, tok, err)
		}
		gotToken, err := db.Token(ctx, bare.ID, bareToken.ID)
		same("bare token", gotToken, bareToken, err)
		for _, ref := range []string{"CP-1", string(st.ID)} {
			d, err := db.Station(ctx, org.ID, ref)
			same("station "+ref, d, station.Detail{Station: st, Link: station.Link{Station: st.ID}}, err)
		}
		gotStation, err := db.StationByIdentity(ctx, "", "CP-1")
		same("station of the first organisation", gotStation, st, err)
		gotStation, err = db.StationByIdentity(ctx, "bare", "CP-1")
		same("station of another", gotStation, bareStation, err)
		gotCommand, err := db.Command(ctx, org.ID, cmd.ID)
		same("command", gotCommand, cmd, err)
		gotCommand, err = db.Command(ctx, bare.ID, bareCommand.ID)
		same("bare command", gotCommand, bareCommand, err)
		gotFindings, err := db.Findings(ctx, org.ID, station.FindingFilter{}, all)
		same("findings", gotFindings.Items, []station.Finding{finding}, err)
		gotFindings, err = db.Findings(ctx, bare.ID, station.FindingFilter{}, all)
		same("bare findings", gotFindings.Items, []station.Finding{bareFinding}, err)
		gotAudits, err := db.Audits(ctx, org.ID, all)
		same("audits", gotAudits.Items, []account.Audit{audit}, err)
		gotAnswer, err := db.Idempotency(ctx, org.ID, "k")
		same("kept answer", gotAnswer, answer, err)
	})
}

// TestOthersRows asks for rows of another organisation.
func TestOthersRows(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		ctx := t.Context()
		org, other := db.organisation("one"), db.organisation("two")
		place, st, tok := db.site(org.ID), db.station(org.ID, "CP-1"), aToken(org.ID, "04AABB")
		key := account.Key{ID: newID[ident.KeyID](), Organisation: org.ID, CreatedAt: t0, Version: 1}
		cmd := aCommand(st, t0)
		ses := db.session(db.own(st), "tx", t0)
		tpl := station.Template{ID: newID[ident.TemplateID](), Organisation: org.ID, Vendor: "*", Version: 1}
		db.commit(&change.Set{
			Tokens: []token.Token{tok}, Keys: []account.Key{key}, Commands: []command.Command{cmd}, Templates: []station.Template{tpl},
			Idempotency: &change.Idempotency{Organisation: org.ID, Key: "k", Fingerprint: []byte{1}},
		})
		for name, err := range map[string]error{
			"none of that name": second(db.Organisation(ctx, "none")), "key": second(db.Key(ctx, other.ID, key.ID)), "site": second(db.Site(ctx, other.ID, place.ID)),
			"template": second(db.Template(ctx, other.ID, tpl.ID)),
			"token":    second(db.Token(ctx, other.ID, tok.ID)), "uid": second(db.TokenByUID(ctx, other.ID, "04AABB")),
			"station": second(db.Station(ctx, other.ID, string(st.ID))), "identity": second(db.Station(ctx, other.ID, "CP-1")),
			"command": second(db.Command(ctx, other.ID, cmd.ID)), "session": second(db.Session(ctx, other.ID, ses.ID)),
			"idempotency": second(db.Idempotency(ctx, other.ID, "k")),
		} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: got %v, want not found", name, err)
			}
		}
		for name, err := range map[string]error{
			"site": second(db.Site(ctx, "", place.ID)), "command": second(db.Command(ctx, "", cmd.ID)), "session": second(db.Session(ctx, "", ses.ID)),
			"station": second(db.Station(ctx, "", string(st.ID))), "template": second(db.Template(ctx, "", tpl.ID)), "token": second(db.Token(ctx, "", tok.ID)), "ping": db.Ping(ctx),
		} {
			if err != nil {
				t.Errorf("%s of any organisation: %v", name, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

// TestSessionComesBack writes a session with every field set.
func TestSessionComesBack(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		st := db.station(org.ID, "CP-1")
		owner := db.own(st)
		tok := aToken(org.ID, "04AABB")
		register := func(n int64) session.Register {
			return session.Register{
				Known: true, Energy: 1234567, Value: decimal.FromInt(n, 3), Unit: "kWh", Multiplier: 1, Context: "Transaction.Begin", Location: "Outlet",
				At: t0, AsSent: "2026-03-01T12:00:00Z",
			}
		}
		s := session.Session{
			ID: newID[ident.SessionID](), Organisation: org.ID, Site: "sit_x", Station: st.ID, EVSE: 1, Connector: 2, TransactionID: "tx-1", Status: session.Active,
			Token: tok.ID, Method: session.MethodRemote, Group: "g", Answer: token.VerdictAccepted, ReservationID: 3, RemoteStartID: 4, StoppedBy: "tok_y",
			StartedAt: t0, StartedAsSent: "a", StartReceivedAt: t0.Add(time.Second), EndedAt: t0.Add(time.Hour), EndedAsSent: "b", EndReceivedAt: t0.Add(time.Hour),
			ClockOffset: -1500 * time.Microsecond, TimeZone: "Europe/Berlin", Country: "DE", Begin: register(1), Last: register(2000), Energy: 5,
			PowerW: -6, PowerAt: t0, StateOfCharge: 7, ChargingState: session.StateSuspendedEV, StateSince: t0, StateCause: session.CauseCar, StateTrigger: "t",
			SegmentNo: 8, StopReason: "Local", LastSeqNo: 9, Frames: 10, Noted: 11, PlugIn: "p", StartKey: "sk", StopKey: "tk", Tariff: "f", LastEventAt: t0,
			HeardAt: t0.Add(time.Second), ReadAt: t0.Add(time.Hour), AliveAt: t0.Add(time.Minute), EndedBy: session.ByEvidence, Evidence: session.ConnectorFree, TokenAt: t0, ClockNow: time.Hour,
			Aside: &session.Aside{
				Step:  session.Step{Off: register(1), OffLast: register(2), From: register(3), To: register(4), Between: 5},
				After: register(6), FirstSeqNo: 7, Freed: session.Freed{At: t0, Told: t0.Add(time.Second)}, Booted: t0.Add(time.Minute),
			},
			Version: 1,
		}
		requireNoZero(t, s)
		segment := session.Segment{Station: st.ID, Session: s.ID, Number: 1, State: session.StateCharging, Cause: session.CauseLimit, From: t0, Trigger: "Authorized"}
		db.commit(&change.Set{Owner: owner, Tokens: []token.Token{tok}, Sessions: []session.Session{s}, Segments: []session.Segment{segment}})
		check := func() {
			t.Helper()
			got, err := db.Session(t.Context(), org.ID, s.ID)
			if want := (session.View{Session: s, TokenUID: "04AABB", Identity: "CP-1"}); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got\n%+v, %v\nwant\n%+v", got, err, want)
			}
		}
		check()
		s.Version, s.StopReason, s.Energy, s.Begin = 2, "Remote", 99, register(7)
		segment.To = t0.Add(time.Minute)
		next := session.Segment{Station: st.ID, Session: s.ID, Number: 2, State: session.StateIdle, From: t0.Add(time.Minute)}
		db.commit(&change.Set{Owner: owner, Sessions: []session.Session{s}, Segments: []session.Segment{segment, next}})
		check()
		if got, err := db.Segments(t.Context(), st.ID, s.ID); err != nil || !reflect.DeepEqual(got, []session.Segment{segment, next}) {
			t.Errorf("got %+v, %v", got, err)
		}
		if _, err := db.Session(t.Context(), "org_other", s.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("of another organisation: got %v, want not found", err)
		}
		for name, found := range map[string]error{
			"transaction": second(db.SessionByTransaction(t.Context(), st.ID, "tx-1")), "start key": second(db.SessionByStartKey(t.Context(), st.ID, "sk")),
		} {
			if found != nil {
				t.Errorf("by %s: %v", name, found)
			}
		}
		for name, found := range map[string]error{
			"transaction": second(db.SessionByTransaction(t.Context(), st.ID, "tx-2")), "start key": second(db.SessionByStartKey(t.Context(), st.ID, "none")),
			"no start key": second(db.SessionByStartKey(t.Context(), st.ID, "")), "station": second(db.SessionByTransaction(t.Context(), "sta_x", "tx-1")),
		} {
			if !fault.Is(found, fault.NotFound) {
				t.Errorf("by another %s: got %v, want not found", name, found)
			}
		}
	})
}

// TestLatestOfATransaction is a station that uses a transaction id again.
func TestLatestOfATransaction(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		owner := db.own(db.station(org.ID, "CP-1"))
		db.session(owner, "1", t0)
		later := db.session(owner, "1", t0.Add(time.Hour))
		db.session(owner, "1", t0.Add(-time.Hour))
		got, err := db.SessionByTransaction(t.Context(), owner.Station, "1")
		if err != nil || got.ID != later.ID {
			t.Errorf("got %s, %v, want %s", got.ID, err, later.ID)
		}
	})
}

// TestOwned is what an owner loads.
func TestOwned(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		st := db.station(org.ID, "CP-1")
		owner := db.own(st)
		var want []station.Connector
		for _, at := range [][2]int{{2, 1}, {0, 0}, {1, 2}, {1, 1}} {
			want = append(want, station.Connector{
				Station: st.ID, EVSE: at[0], Connector: at[1], Status: station.Charging, Since: t0, ReportedAt: t0, TakenAt: t0, ErrorCode: "e", Info: "i",
				VendorID: "v", VendorError: "ve", Version: 1,
			})
		}
		db.commit(&change.Set{Owner: owner, Connectors: want})
		want[0].Status, want[0].Version = station.Faulted, 2
		db.commit(&change.Set{Owner: owner, Connectors: want[:1]})
		want = []station.Connector{want[1], want[3], want[2], want[0]}
		one := db.session(owner, "one", t0.Add(time.Minute))
		two := db.session(owner, "two", t0)
		over := db.session(owner, "three", t0)
		over.Status, over.EndedAt, over.Version = session.Completed, t0, 2
		db.commit(&change.Set{Owner: owner, Sessions: []session.Session{over}})

		d, open, err := db.Owned(t.Context(), st.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(d.Connectors, want) {
			t.Errorf("got connectors %+v, want %+v", d.Connectors, want)
		}
		if !reflect.DeepEqual(open, []session.Session{two, one}) {
			t.Errorf("got sessions %+v", open)
		}
		link := station.Link{Station: st.ID, Epoch: 1, Node: db.options.Node, Online: true, Since: t0, OCPP: station.OCPP201, LastSeen: t0}
		if d.Link != link || !reflect.DeepEqual(d.Station, st) {
			t.Errorf("got %+v, %+v", d.Link, d.Station)
		}
		link.Online, link.Node, link.CloseReason, link.Profile, link.RemoteAddr = false, "", "closed", 2, "192.0.2.1:1"
		db.commit(&change.Set{Owner: owner, Links: []station.Link{link}})
		if d, _, err := db.Owned(t.Context(), st.ID); err != nil || d.Link != link {
			t.Errorf("got %+v, %v, want %+v", d.Link, err, link)
		}
		if _, _, err := db.Owned(t.Context(), "sta_none"); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v, want not found", err)
		}
		known := st
		known.Name = "what is not read again"
		moved := known
		moved.Version++
		for want, was := range map[string]*station.Station{known.Name: &known, st.Name: &moved} {
			d, open, err := db.Known(t.Context(), was)
			if err != nil || d.Name != want || d.Link != link || len(d.Connectors) != 4 || len(open) != 2 {
				t.Errorf("got %+v, %d sessions, %v, want the station called %q", d, len(open), err, want)
			}
		}
		if _, _, err := db.Known(t.Context(), &station.Station{ID: "sta_none", Version: 1}); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v, want not found", err)
		}
	})
}

// TestOpenCommands is what an owner, its node and the sweep look for.
func TestOpenCommands(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		st, other := db.station(org.ID, "CP-1"), db.station(org.ID, "CP-2")
		db.own(st)
		of := func(st station.Station, deadline time.Duration, done bool) command.Command {
			c := aCommand(st, t0)
			c.Deadline = t0.Add(deadline)
			if done {
				c.FinishedAt = t0
			}
			db.commit(&change.Set{Commands: []command.Command{c}})
			return c
		}
		late, soon, elsewhere := of(st, 2*time.Minute, false), of(st, time.Minute, false), of(other, time.Second, false)
		of(st, 0, true)
		ids := func(commands []command.Command, err error) []ident.CommandID {
			if err != nil {
				t.Error(err)
			}
			var ids []ident.CommandID
			for _, c := range commands {
				ids = append(ids, c.ID)
			}
			slices.Sort(ids)
			return ids
		}
		sorted := func(ids ...ident.CommandID) []ident.CommandID { slices.Sort(ids); return ids }
		for _, tt := range []struct {
			name string
			got  []ident.CommandID
			want []ident.CommandID
		}{
			{"of a station", ids(db.OpenCommands(t.Context(), st.ID)), sorted(late.ID, soon.ID)},
			{"of the node", ids(db.OpenCommandsOfNode(t.Context(), db.options.Node)), sorted(late.ID, soon.ID)},
			{"of another node", ids(db.OpenCommandsOfNode(t.Context(), "nod_x")), nil},
			{"at a deadline", ids(db.OverdueCommands(t.Context(), t0.Add(time.Minute), 10)), sorted(elsewhere.ID)},
			{"behind a deadline", ids(db.OverdueCommands(t.Context(), t0.Add(time.Minute+time.Microsecond), 10)), sorted(elsewhere.ID, soon.ID)},
			{"the first", ids(db.OverdueCommands(t.Context(), t0.Add(time.Hour), 1)), sorted(elsewhere.ID)},
		} {
			if !slices.Equal(tt.got, tt.want) {
				t.Errorf("%s: got %v, want %v", tt.name, tt.got, tt.want)
			}
		}
	})
}

// TestBulk writes when keys were used and stations heard.
func TestBulk(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		key := account.Key{ID: newID[ident.KeyID](), Organisation: org.ID, Hash: [32]byte{1}, CreatedAt: t0, Version: 1}
		db.commit(&change.Set{Keys: []account.Key{key}})
		seen := map[ident.StationID]time.Time{"sta_gone": t0}
		var stations []ident.StationID
		for i := range 300 { // more than a job holds
			st := db.station(org.ID, fmt.Sprintf("CP-%d", i))
			stations = append(stations, st.ID)
			seen[st.ID] = t0.Add(time.Duration(i) * time.Second)
		}
		for _, step := range []struct {
			at   time.Time
			want time.Time
		}{{t0, t0}, {t0.Add(-time.Hour), t0}, {t0.Add(time.Hour), t0.Add(time.Hour)}, {time.Time{}, t0.Add(time.Hour)}} {
			if err := db.KeysUsed(t.Context(), map[ident.KeyID]time.Time{key.ID: step.at}); err != nil {
				t.Fatal(err)
			}
			if got, err := db.Key(t.Context(), org.ID, key.ID); err != nil || got.LastUsedAt != step.want {
				t.Errorf("used at %v: got %v, %v, want %v", step.at, got.LastUsedAt, err, step.want)
			}
		}
		if err := db.Seen(t.Context(), seen); err != nil {
			t.Fatal(err)
		}
		for _, id := range stations {
			if d, err := db.Station(t.Context(), org.ID, string(id)); err != nil || d.LastSeen != seen[id] {
				t.Fatalf("got %v, %v, want %v", d.LastSeen, err, seen[id])
			}
		}
		if err := db.Seen(t.Context(), nil); err != nil {
			t.Error(err)
		}
	})
}
