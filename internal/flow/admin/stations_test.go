package admin_test

import (
	"strings"
	"testing"

	"pylon/internal/domain/change"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

func TestCreateStation(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name    string
		patch   station.Patch
		profile int
		pointer string // of the broken field; "": none
	}{
		{"open", station.Patch{}, 0, ""},
		{"with a password", station.Patch{Password: new("0123456789abcdef")}, 1, ""},
		{"with an empty password", station.Patch{Password: new("")}, 0, ""},
		{"with a password over TLS", station.Patch{Password: new("0123456789abcdef"), SecurityProfile: new(2)}, 2, ""},
		{"no site", station.Patch{Site: new("")}, 0, ""},
		{"a site there is not", station.Patch{Site: new("sit_01JD3K6X5M8Q2V7T9WBNCRFHYZ")}, 0, "/site_id"},
		{"a profile there is not", station.Patch{SecurityProfile: new(4)}, 0, "/security_profile"},
	} {
		t.Run(c.name, func(t *testing.T) {
			made, err := w.admin.CreateStation(t.Context(), w.owner, admin.NewStation{Identity: "CP-1", Patch: c.patch}, nil)
			if c.pointer != "" {
				w.broken(err, c.pointer)
				return
			}
			w.ok(err)
			if made.SecurityProfile != c.profile || made.Registration != station.Accepted || !made.Automation || made.Station.Version != 1 {
				t.Errorf("got profile %d, %s, automation %t, version %d", made.SecurityProfile, made.Registration, made.Automation, made.Station.Version)
			}
			w.ok(w.admin.DeleteStation(t.Context(), w.owner, "CP-1", 0))
		})
	}
}

func TestStationExists(t *testing.T) {
	w := newWorld(t)
	w.station("CP-1")
	_, err := w.admin.CreateStation(t.Context(), w.owner, admin.NewStation{Identity: "CP-1"}, nil)
	w.refused(err, fault.Conflict, "station_exists")
	_, err = w.admin.CreateStation(t.Context(), w.other, admin.NewStation{Identity: "CP-1"}, nil)
	w.ok(err) // unique in an organisation
}

// A station of another organisation's site is refused: the site is not there.
func TestStationAtAnothersSite(t *testing.T) {
	w := newWorld(t)
	site := string(w.site("Depot").ID)
	_, err := w.admin.CreateStation(t.Context(), w.other, admin.NewStation{Identity: "CP-1", Patch: station.Patch{Site: &site}}, nil)
	w.broken(err, "/site_id")
}

// A site on which a station stands stays.
func TestSiteInUseStays(t *testing.T) {
	w := newWorld(t)
	site := w.site("Depot")
	_, err := w.admin.CreateStation(t.Context(), w.owner, admin.NewStation{Identity: "CP-1", Patch: station.Patch{Site: new(string(site.ID))}}, nil)
	w.ok(err)
	w.refused(w.admin.DeleteSite(t.Context(), w.owner, site.ID, 0), fault.Conflict, "site_in_use")
	w.ok(w.admin.DeleteStation(t.Context(), w.owner, "CP-1", 0))
	w.ok(w.admin.DeleteSite(t.Context(), w.owner, site.ID, 0))
}

// A station in session stays, and so does its connection; when the session has
// ended, it goes, and with it the connection and the right of its owner to
// write.
func TestStationInSessionStays(t *testing.T) {
	w := newWorld(t)
	d := w.station("CP-1")
	id, now := d.Station.ID, w.clock.Now()
	link, err := w.store.TakeEpoch(t.Context(), id, w.node, station.Link{Online: true, Since: now, OCPP: station.OCPP201})
	w.ok(err)
	owner := change.Owner{Organisation: w.owner.Organisation, Station: id, Epoch: link.Epoch}
	running := session.Session{
		ID: ident.New[ident.SessionID](now), Organisation: w.owner.Organisation, Station: id, EVSE: 1, Connector: 1,
		TransactionID: "tx-1", Version: 1, Status: session.Active, StartedAt: now, StartReceivedAt: now, LastEventAt: now,
	}
	w.commit(&change.Set{Owner: owner, Sessions: []session.Session{running}})

	w.refused(w.admin.DeleteStation(t.Context(), w.owner, "CP-1", 0), fault.Conflict, "station_in_session")
	if got, err := w.store.Station(t.Context(), w.owner.Organisation, "CP-1"); err != nil || got.Epoch != link.Epoch || !got.Online {
		t.Errorf("after the refusal: got epoch %d, online %t, %v; want %d, online", got.Epoch, got.Online, err, link.Epoch)
	}
	if len(w.sockets.evicted) != 0 {
		t.Errorf("the refusal closed the sockets of %v", w.sockets.evicted)
	}

	running.Status, running.EndedAt, running.EndReceivedAt, running.Version = session.Completed, now, now, 2
	w.commit(&change.Set{Owner: owner, Sessions: []session.Session{running}})
	w.ok(w.admin.DeleteStation(t.Context(), w.owner, "CP-1", 0))
	if _, err := w.store.Station(t.Context(), w.owner.Organisation, "CP-1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("after its removal: got %v, want not found", err)
	}
	if len(w.sockets.evicted) != 1 {
		t.Errorf("sockets closed: got %v, want the one of CP-1", w.sockets.evicted)
	}
	if _, err := w.store.Session(t.Context(), w.owner.Organisation, running.ID); err != nil {
		t.Errorf("its session: %v", err)
	}
	running.Version = 3
	if err := w.store.Commit(t.Context(), &change.Set{Owner: owner, Sessions: []session.Session{running}}); err == nil {
		t.Error("the owner of a station that is no more may write for it")
	}
}

// A newcomer exists once, however often it knocks; in an organisation that
// there is not it is not found.
func TestWelcome(t *testing.T) {
	w := newWorld(t)
	n := admin.Newcomer{Identity: "CP-1", Registration: station.Pending, At: w.clock.Now()}
	made, err := w.admin.Welcome(t.Context(), n)
	w.ok(err)
	n.Registration = station.Accepted
	again, err := w.admin.Welcome(t.Context(), n)
	w.ok(err)
	if again.ID != made.ID || again.Registration != station.Pending || again.Organisation != w.owner.Organisation {
		t.Errorf("got %s, %s in %s; want the pending %s", again.ID, again.Registration, again.Organisation, made.ID)
	}
	n.Organisation = "other"
	elsewhere, err := w.admin.Welcome(t.Context(), n)
	w.ok(err)
	if elsewhere.Organisation != w.other.Organisation || elsewhere.ID == made.ID {
		t.Errorf("got %s in %s, want one of its own in %s", elsewhere.ID, elsewhere.Organisation, w.other.Organisation)
	}
	n.Organisation = "nobody"
	if _, err := w.admin.Welcome(t.Context(), n); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v, want not found", err)
	}
	if line := w.audit("station.create"); line.By != "" || line.ByName != "gateway" {
		t.Errorf("audit line: got by %q %s, want the gateway", line.By, line.ByName)
	}
}

func TestOrganisations(t *testing.T) {
	w := newWorld(t)
	good := admin.NewOrganisation{Slug: "third-1", Name: "Third", Country: "DE", Currency: "EUR", TimeZone: "Europe/Berlin"}
	for _, c := range []struct {
		name    string
		change  func(*admin.NewOrganisation)
		pointer string
	}{
		{"no slug", func(o *admin.NewOrganisation) { o.Slug = "" }, "/slug"},
		{"too long a slug", func(o *admin.NewOrganisation) { o.Slug = strings.Repeat("a", 64) }, "/slug"},
		{"a hyphen first", func(o *admin.NewOrganisation) { o.Slug = "-a" }, "/slug"},
		{"a hyphen last", func(o *admin.NewOrganisation) { o.Slug = "a-" }, "/slug"},
		{"a capital", func(o *admin.NewOrganisation) { o.Slug = "A" }, "/slug"},
		{"a slash", func(o *admin.NewOrganisation) { o.Slug = "a/b" }, "/slug"},
		{"no name", func(o *admin.NewOrganisation) { o.Name = "" }, "/name"},
		{"too long a name", func(o *admin.NewOrganisation) { o.Name = strings.Repeat("ä", 201) }, "/name"},
		{"a country in small letters", func(o *admin.NewOrganisation) { o.Country = "de" }, "/country"},
		{"a country of three letters", func(o *admin.NewOrganisation) { o.Country = "DEU" }, "/country"},
		{"a currency of two", func(o *admin.NewOrganisation) { o.Currency = "EU" }, "/currency"},
		{"no time zone", func(o *admin.NewOrganisation) { o.TimeZone = "" }, "/time_zone"},
		{"the machine's time zone", func(o *admin.NewOrganisation) { o.TimeZone = "Local" }, "/time_zone"},
		{"a time zone there is not", func(o *admin.NewOrganisation) { o.TimeZone = "Europe/Bonn" }, "/time_zone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := good
			c.change(&in)
			_, err := w.admin.CreateOrganisation(t.Context(), w.owner, in, nil)
			w.broken(err, c.pointer)
		})
	}
	_, err := w.admin.CreateOrganisation(t.Context(), w.other, good, nil)
	w.refused(err, fault.Forbidden, "operator_only")
	good.Slug, good.Name = strings.Repeat("a", 63), strings.Repeat("ä", 200)
	_, err = w.admin.CreateOrganisation(t.Context(), w.owner, good, nil)
	w.ok(err)
	_, err = w.admin.CreateOrganisation(t.Context(), w.owner, good, nil)
	w.refused(err, fault.Conflict, "organisation_exists")
	seen, err := w.admin.Organisations(t.Context(), w.owner, page.Query{})
	w.ok(err)
	own, err := w.admin.Organisations(t.Context(), w.other, page.Query{})
	w.ok(err)
	if len(seen.Items) != 3 || len(own.Items) != 1 || own.Items[0].ID != w.other.Organisation {
		t.Errorf("the operator sees %d, the other %d; want 3 and his own", len(seen.Items), len(own.Items))
	}
}

func TestSitePlace(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name      string
		latitude  string
		longitude string
		pointer   string
	}{
		{"unknown", "", "", ""},
		{"as written", "52.520008", "13.404954", ""},
		{"the corners", "-90", "180.000", ""},
		{"beyond the pole", "90.000001", "0", "/latitude"},
		{"beyond the date line", "0", "-180.1", "/longitude"},
		{"words", "north", "0", "/latitude"},
	} {
		t.Run(c.name, func(t *testing.T) {
			made, err := w.admin.CreateSite(t.Context(), w.owner, admin.SitePatch{Name: new("Depot"), Latitude: &c.latitude, Longitude: &c.longitude}, nil)
			if c.pointer != "" {
				w.broken(err, c.pointer)
				return
			}
			w.ok(err)
			stored, err := w.store.Site(t.Context(), w.owner.Organisation, made.ID)
			w.ok(err)
			if stored.Latitude != c.latitude || stored.Longitude != c.longitude || stored.Country != "DE" || stored.TimeZone != "Europe/Berlin" {
				t.Errorf("got %+v", stored)
			}
		})
	}
}
