package store_test

import (
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/session"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

func TestStationsList(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org, other := db.organisation("one"), db.organisation("two")
		place := db.site(org.ID)
		db.station(other.ID, "FOREIGN")
		made := map[string]station.Station{}
		for i, name := range []string{"B", "D", "A", "C"} {
			st := aStation(org.ID, name)
			st.CreatedAt = t0.Add(time.Duration(i) * time.Minute)
			switch name {
			case "A":
				st.Site, st.Name = place.ID, "50%_off\\ Yard"
			case "B":
				st.Registration, st.Vendor = station.Pending, "ACME"
			case "C":
				st.Model, st.Serial = "ACME-2", "S/N 77"
			}
			db.commit(&change.Set{Stations: []station.Station{st}})
			made[name] = st
		}
		for name, status := range map[string]station.Status{"A": station.Faulted, "B": station.Charging, "C": station.Charging} {
			owner := db.own(made[name])
			set := &change.Set{Owner: owner, Connectors: []station.Connector{{Station: owner.Station, EVSE: 1, Connector: 1, Status: status, Version: 1}}}
			if name == "C" {
				set.Connectors = append(set.Connectors, station.Connector{Station: owner.Station, EVSE: 1, Connector: 2, Status: station.Available, Version: 1})
				set.Links = []station.Link{{Station: owner.Station}}
			}
			db.commit(set)
		}
		yes, no := true, false
		identity := func(d station.Detail) string { return string(d.Identity) }
		for _, tt := range []struct {
			name, sort string
			filter     station.Filter
			want       []string
		}{
			{"all", "", station.Filter{}, []string{"A", "B", "C", "D"}},
			{"by identity, down", "-station_id", station.Filter{}, []string{"D", "C", "B", "A"}},
			{"by age", "created_at", station.Filter{}, []string{"B", "D", "A", "C"}},
			{"by age, down", "-created_at", station.Filter{}, []string{"C", "A", "D", "B"}},
			{"of a site", "", station.Filter{Site: place.ID}, []string{"A"}},
			{"registration", "", station.Filter{Registration: station.Pending}, []string{"B"}},
			{"online", "", station.Filter{Online: &yes}, []string{"A", "B"}},
			{"offline", "", station.Filter{Online: &no}, []string{"C", "D"}},
			{"status", "", station.Filter{Status: []station.Status{station.Charging}}, []string{"B", "C"}},
			{"statuses", "", station.Filter{Status: []station.Status{station.Available, station.Faulted}}, []string{"A", "C"}},
			{"part of a vendor or model", "", station.Filter{Query: "cme"}, []string{"B", "C"}},
			{"part of a serial", "", station.Filter{Query: "s/n"}, []string{"C"}},
			{"part of a name", "", station.Filter{Query: "yARD"}, []string{"A"}},
			{"a percent sign", "", station.Filter{Query: "50%"}, []string{"A"}},
			{"an underscore", "", station.Filter{Query: "%_o"}, []string{"A"}},
			{"a wildcard", "", station.Filter{Query: "a_m"}, nil},
			{"a backslash", "", station.Filter{Query: `f\ y`}, []string{"A"}},
			{"all at once", "-created_at", station.Filter{Status: []station.Status{station.Charging}, Online: &yes, Query: "acme", Registration: station.Pending}, []string{"B"}},
		} {
			expectList(t, tt.name, tt.sort, func(q page.Query) (page.Result[station.Detail], error) {
				return db.Stations(t.Context(), org.ID, tt.filter, q)
			}, identity, tt.want...)
		}
		got, err := db.Stations(t.Context(), org.ID, station.Filter{Query: "C"}, all)
		if err != nil || len(got.Items) != 2 || len(got.Items[1].Connectors) != 2 {
			t.Errorf("connectors: got %+v, %v", got.Items, err)
		}
	})
}

func TestSessionsList(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		one, two := db.station(org.ID, "CP-1"), db.station(org.ID, "CP-2")
		ownerOf := map[ident.StationID]change.Owner{one.ID: db.own(one), two.ID: db.own(two)}
		tok := aToken(org.ID, "04AABB")
		db.commit(&change.Set{Tokens: []token.Token{tok}})
		for _, s := range []struct {
			name   string
			st     station.Station
			after  time.Duration
			status session.Status
			token  ident.TokenID
			wh     int64
		}{
			{"1", one, 0, session.Completed, tok.ID, 1000},
			{"2", one, time.Hour, session.Active, tok.ID, 2000},
			{"3", two, time.Hour, session.Pending, "", 3000}, // at the same time as 2
			{"4", two, 2 * time.Hour, session.Failed, "", 4000},
			{"5", two, 3 * time.Hour, session.Active, "tok_gone", 5000},
		} {
			ses := aSession(ownerOf[s.st.ID], s.name, t0.Add(s.after))
			ses.Status, ses.Token, ses.PowerW, ses.Energy = s.status, s.token, 100, 1000*1000
			if !s.status.Open() {
				ses.EndedAt = t0.Add(s.after)
			}
			db.commit(&change.Set{Owner: ownerOf[s.st.ID], Sessions: []session.Session{ses}})
		}
		name := func(v session.View) string { return v.TransactionID + string(v.Identity[2:]) + v.TokenUID }
		for _, tt := range []struct {
			name, sort string
			filter     session.Filter
			want       []string
		}{
			{"all", "", session.Filter{}, []string{"5-2", "4-2", "3-2", "2-104AABB", "1-104AABB"}},
			{"upwards", "started_at", session.Filter{}, []string{"1-104AABB", "2-104AABB", "3-2", "4-2", "5-2"}},
			{"active", "", session.Filter{Status: []session.Status{session.Active}}, []string{"5-2", "2-104AABB"}},
			{"open", "-started_at", session.Filter{Status: []session.Status{session.Active, session.Pending}}, []string{"5-2", "3-2", "2-104AABB"}},
			{"of a station", "", session.Filter{Station: one.ID}, []string{"2-104AABB", "1-104AABB"}},
			{"of a token", "", session.Filter{Token: tok.ID}, []string{"2-104AABB", "1-104AABB"}},
			{"from", "", session.Filter{From: t0.Add(2 * time.Hour)}, []string{"5-2", "4-2"}},
			{"to", "", session.Filter{To: t0.Add(time.Hour)}, []string{"1-104AABB"}},
			{"just past", "", session.Filter{To: t0.Add(time.Hour + time.Microsecond), From: t0.Add(time.Microsecond)}, []string{"3-2", "2-104AABB"}},
		} {
			got := map[int][]string{}
			for _, limit := range []int{1, 2, 100} {
				got[limit] = walk(t, limit, tt.sort, func(q page.Query) (page.Result[session.View], error) {
					return db.Sessions(t.Context(), org.ID, tt.filter, q)
				}, name)
				sameButTies(t, tt.name, got[limit], tt.want)
			}
		}
		if got, err := db.Sessions(t.Context(), "org_other", session.Filter{}, all); err != nil || len(got.Items) != 0 {
			t.Errorf("another organisation: got %d, %v, want none", len(got.Items), err)
		}
		totals, err := db.Totals(t.Context(), org.ID, t0.Add(time.Hour))
		if want := (session.Totals{Stations: 2, Online: 2, Sessions: 3, Power: 300, EnergyToday: 4000}); err != nil || totals != want {
			t.Errorf("got %+v, %v, want %+v", totals, err, want)
		}
		if totals, err := db.Totals(t.Context(), "org_other", t0); err != nil || totals != (session.Totals{}) {
			t.Errorf("another organisation: got %+v, %v, want nothing", totals, err)
		}
	})
}

// sameButTies compares lists in which the order of 2 and 3, which began at the
// same time, is that of their random identifiers.
func sameButTies(t *testing.T, name string, got, want []string) {
	t.Helper()
	normal := func(names []string) (list []string) {
		for i, n := range names {
			if i > 0 && (n[0] == '3' && names[i-1][0] == '2') {
				list = append(append(list[:i-1:i-1], n), names[i-1])
				continue
			}
			list = append(list, n)
		}
		return list
	}
	g, w := normal(got), normal(want)
	if len(g) != len(w) {
		t.Errorf("%s: got %v, want %v", name, got, want)
		return
	}
	for i := range w {
		if g[i] != w[i] {
			t.Errorf("%s: got %v, want %v", name, got, want)
			return
		}
	}
}

func TestTokensList(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		for i, tok := range []token.Token{
			{UID: "AA11", Status: token.Accepted, Group: "Fleet", SeenAt: t0.Add(time.Hour)},
			{UID: "BB22", Status: token.Unknown, Label: "aa card"},
			{UID: "CC33", Status: token.Blocked, Group: "FLEET", SeenAt: t0.Add(2 * time.Hour)},
		} {
			tok.ID, tok.Organisation, tok.CreatedAt, tok.Version = newID[ident.TokenID](), org.ID, t0.Add(time.Duration(i)*time.Minute), 1
			db.commit(&change.Set{Tokens: []token.Token{tok}})
		}
		for _, tt := range []struct {
			name, sort string
			filter     token.Filter
			want       []string
		}{
			{"all", "", token.Filter{}, []string{"CC33", "BB22", "AA11"}},
			{"oldest first", "created_at", token.Filter{}, []string{"AA11", "BB22", "CC33"}},
			{"last seen first", "-seen_at", token.Filter{}, []string{"CC33", "AA11", "BB22"}},
			{"status", "", token.Filter{Status: []token.Status{token.Unknown, token.Blocked}}, []string{"CC33", "BB22"}},
			{"group", "", token.Filter{Group: "fleet"}, []string{"CC33", "AA11"}},
			{"part of uid or label", "", token.Filter{Query: "AA"}, []string{"BB22", "AA11"}},
		} {
			expectList(t, tt.name, tt.sort, func(q page.Query) (page.Result[token.Token], error) {
				return db.Tokens(t.Context(), org.ID, tt.filter, q)
			}, func(tok token.Token) string { return tok.UID }, tt.want...)
		}
	})
}

// TestPlainLists are those by identifier, which follows the time: each row here
// is made a second after the one before.
func TestPlainLists(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := account.Organisation{ID: ident.New[ident.OrganisationID](t0), Slug: "one", Version: 1}
		other := account.Organisation{ID: ident.New[ident.OrganisationID](t0.Add(time.Second)), Slug: "two", Version: 1}
		db.commit(&change.Set{Organisations: []account.Organisation{org, other}})
		st := db.station(org.ID, "CP-1")
		for i, name := range []string{"1", "2", "3"} {
			at := t0.Add(time.Duration(i) * time.Second)
			c := aCommand(st, at)
			c.ID, c.Action, c.State = ident.New[ident.CommandID](at), name, map[string]command.State{"1": command.Queued, "2": command.Sent, "3": command.Queued}[name]
			f := station.Finding{ID: ident.New[ident.FindingID](at), Organisation: org.ID, Station: st.ID, Detail: name, At: at}
			switch name {
			case "2":
				f.ResolvedAt = at
			case "3":
				f.Session, f.Code = "ses_x", station.MessageInvalid
			}
			db.commit(&change.Set{
				Sites: []site.Site{{ID: ident.New[ident.SiteID](at), Organisation: org.ID, Name: name, Version: 1}},
				Templates: []station.Template{
					{ID: ident.New[ident.TemplateID](at), Organisation: org.ID, Vendor: name, Version: 1},
					{ID: ident.New[ident.TemplateID](at), Vendor: "comes with Pylon", Version: 1},
				},
				Keys:     []account.Key{{ID: ident.New[ident.KeyID](at), Organisation: org.ID, Name: name, Hash: [32]byte{byte(i)}, Version: 1}},
				Audits:   []account.Audit{{ID: ident.New[ident.AuditID](at), Organisation: org.ID, Action: name, At: at}},
				Commands: []command.Command{c}, Findings: []station.Finding{f},
			})
		}
		ctx := t.Context()
		expectList(t, "organisations", "", func(q page.Query) (page.Result[account.Organisation], error) { return db.Organisations(ctx, q) },
			func(o account.Organisation) string { return o.Slug }, "one", "two")
		expectList(t, "sites", "", func(q page.Query) (page.Result[site.Site], error) { return db.Sites(ctx, org.ID, q) },
			func(s site.Site) string { return s.Name }, "1", "2", "3")
		expectList(t, "templates", "", func(q page.Query) (page.Result[station.Template], error) { return db.OwnTemplates(ctx, org.ID, q) },
			func(t station.Template) string { return t.Vendor }, "1", "2", "3")
		expectList(t, "keys", "", func(q page.Query) (page.Result[account.Key], error) { return db.Keys(ctx, org.ID, q) },
			func(k account.Key) string { return k.Name }, "1", "2", "3")
		expectList(t, "audits", "", func(q page.Query) (page.Result[account.Audit], error) { return db.Audits(ctx, org.ID, q) },
			func(a account.Audit) string { return a.Action }, "3", "2", "1")
		action := func(c command.Command) string { return c.Action }
		for _, tt := range []struct {
			name   string
			filter command.Filter
			want   []string
		}{
			{"commands", command.Filter{}, []string{"3", "2", "1"}},
			{"commands of a station", command.Filter{Station: st.ID}, []string{"3", "2", "1"}},
			{"commands of none", command.Filter{Station: "sta_x"}, nil},
			{"queued commands", command.Filter{State: []command.State{command.Queued}}, []string{"3", "1"}},
		} {
			expectList(t, tt.name, "", func(q page.Query) (page.Result[command.Command], error) {
				return db.Commands(ctx, org.ID, tt.filter, q)
			}, action, tt.want...)
		}
		detail := func(f station.Finding) string { return f.Detail }
		for _, tt := range []struct {
			name   string
			filter station.FindingFilter
			want   []string
		}{
			{"findings", station.FindingFilter{}, []string{"3", "2", "1"}},
			{"open findings of a station", station.FindingFilter{Station: st.ID, Open: true}, []string{"3", "1"}},
			{"findings of a session", station.FindingFilter{Session: "ses_x"}, []string{"3"}},
			{"findings of a kind", station.FindingFilter{Code: []station.FindingCode{station.MessageInvalid}}, []string{"3"}},
			{"findings of none", station.FindingFilter{Station: "sta_x"}, nil},
		} {
			expectList(t, tt.name, "", func(q page.Query) (page.Result[station.Finding], error) {
				return db.Findings(ctx, org.ID, tt.filter, q)
			}, detail, tt.want...)
		}
		if got, err := db.Sites(ctx, other.ID, all); err != nil || len(got.Items) != 0 {
			t.Errorf("sites of another: got %d, %v, want none", len(got.Items), err)
		}
	})
}

func TestIntervalsList(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		owner := db.own(db.station(org.ID, "CP-1"))
		at := func(minutes int) time.Time { return t0.Add(time.Duration(minutes) * time.Minute) }
		piece := func(evse, connector, from, to int, status station.Status) station.Interval {
			i := station.Interval{Station: owner.Station, EVSE: evse, Connector: connector, Status: status, ErrorCode: "e", From: at(from)}
			if to > 0 {
				i.To = at(to)
			}
			return i
		}
		db.commit(&change.Set{Owner: owner, Intervals: []station.Interval{piece(0, 0, 0, 0, station.Online), piece(1, 1, 0, 0, station.Available)}})
		db.commit(&change.Set{Owner: owner, Intervals: []station.Interval{piece(1, 1, 0, 10, station.Available), piece(1, 1, 10, 20, station.Charging), piece(1, 2, 10, 0, station.Faulted)}})
		name := func(i station.Interval) string { return string(i.Status) }
		for _, tt := range []struct {
			name     string
			from, to time.Time
			want     []string
		}{
			{"all", time.Time{}, time.Time{}, []string{"faulted", "charging", "available", "online"}},
			{"to the beginning of some", time.Time{}, at(10), []string{"available", "online"}},
			{"from the end of one", at(10), time.Time{}, []string{"faulted", "charging", "online"}},
			{"from just before", at(10).Add(-time.Microsecond), time.Time{}, []string{"faulted", "charging", "available", "online"}},
			{"after all", at(20), time.Time{}, []string{"faulted", "online"}},
			{"before all", time.Time{}, t0, nil},
		} {
			expectList(t, tt.name, "", func(q page.Query) (page.Result[station.Interval], error) {
				return db.Intervals(t.Context(), owner.Station, tt.from, tt.to, q)
			}, name, tt.want...)
		}
	})
}

// TestCursors takes cursors to places where they do not belong.
func TestCursors(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		for _, name := range []string{"A", "B", "C"} {
			db.station(org.ID, name)
		}
		first, err := db.Stations(t.Context(), org.ID, station.Filter{}, page.Query{Limit: 1})
		if err != nil || first.Next == "" {
			t.Fatal(first, err)
		}
		c := first.Next
		for _, tt := range []struct {
			name   string
			q      page.Query
			filter station.Filter
			ok     bool
		}{
			{"where it belongs", page.Query{Cursor: c}, station.Filter{}, true},
			{"another limit", page.Query{Cursor: c, Limit: 2}, station.Filter{}, true},
			{"another order", page.Query{Cursor: c, Sort: "-station_id"}, station.Filter{}, false},
			{"another filter", page.Query{Cursor: c}, station.Filter{Query: "x"}, false},
			{"cut", page.Query{Cursor: c[:len(c)-2]}, station.Filter{}, false},
			{"lengthened", page.Query{Cursor: c + "AA"}, station.Filter{}, false},
			{"changed", page.Query{Cursor: "A" + c[1:]}, station.Filter{}, c[0] == 'A'},
			{"not base64", page.Query{Cursor: "*"}, station.Filter{}, false},
			{"empty inside", page.Query{Cursor: "AAAAAAAAAAA"}, station.Filter{}, false},
			{"an unknown order", page.Query{Sort: "secrets"}, station.Filter{}, false},
			{"an order with more to it", page.Query{Sort: "station_id; DROP TABLE stations"}, station.Filter{}, false},
		} {
			_, err := db.Stations(t.Context(), org.ID, tt.filter, tt.q)
			if (err == nil) != tt.ok || err != nil && !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: got %v, want fine %v", tt.name, err, tt.ok)
			}
		}
		if _, err := db.Tokens(t.Context(), org.ID, token.Filter{}, page.Query{Cursor: c}); !fault.Is(err, fault.Invalid) {
			t.Errorf("another list: got %v, want invalid", err)
		}
	})
}
