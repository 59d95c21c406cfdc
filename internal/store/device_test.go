package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/device"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/store"
)

// fullDevice is an update with every field of every row set.
func fullDevice() *device.Update {
	name := device.Name{EVSE: 1, Connector: 2, Component: "Connector", Instance: "a", Variable: "Power", VariableInstance: "Max"}
	return &device.Update{
		Record: &device.Record{Reboot: device.RebootNever, Version: 1},
		Documents: []device.Document{{
			Variables: []device.Variable{}, CheckedAt: t0.Add(time.Second), CompleteAt: t0, ReportedAt: t0, Firmware: "1.0", Version: 1,
		}, {
			EVSE: 1, Version: 1, Monitors: []device.Monitor{{Name: name, ID: 7, Type: "Delta", Value: decimal.FromInt(15, 1), Severity: 3, Transaction: true, Origin: "CustomMonitor"}},
			Variables: []device.Variable{{
				Name: name, Values: []device.Value{{Attribute: device.Actual, Text: new("22"), Mutability: device.ReadOnly, Persistent: true, Constant: true}},
				Characteristics: device.Characteristics{DataType: "decimal", Unit: "W", MaxLimit: new(decimal.FromInt(22, 0)), ValuesList: "a,b", SupportsMonitoring: true},
			}},
		}},
		Changes: []device.Change{{
			ID: newID[ident.VariableChangeID](), Name: name, Attribute: device.Actual, Old: new("11"), New: new("22"), OccurredAt: t0, ReceivedAt: t0.Add(time.Second), How: device.ByEvent,
		}},
		Desired: []device.Desired{{
			Setting: device.Setting{Name: name, Attribute: device.MaxSet, Value: "22"}, Origin: device.FromTemplate, State: device.Refused, Detail: "no", Since: t0,
			Unverified: true, Attempts: 2, Window: t0, AttemptedAt: t0.Add(time.Second), Refusals: 1, Finding: "fnd_x", Found: device.Refused, By: "key_x", DesiredAt: t0,
		}},
		Indexed: []device.Entry{{EVSE: 1, Key: name.Key(), Value: "22"}},
		Happenings: []device.Happening{{
			ID: newID[ident.HappeningID](), Name: name, EventID: 1, OccurredAt: t0, ReceivedAt: t0, Trigger: "Alerting", Kind: "CustomMonitor", Value: "22", Cause: 2,
			TechCode: "E1", TechInfo: "hot", Cleared: true, TransactionID: "tx", MonitorID: 7, Severity: 3,
		}},
		Alerts: []device.Alert{{Key: "monitor 7", Finding: "fnd_y"}},
	}
}

func TestDeviceComesBack(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		ctx := t.Context()
		org := db.organisation("one")
		st := db.station(org.ID, "CP-1")
		u := fullDevice()
		owner := db.own(st)
		db.commit(&change.Set{Owner: owner, Device: u})
		same := same(t)
		docs, err := db.Documents(ctx, st.ID)
		same("documents", docs, device.Model(u.Documents), err)
		plan, err := db.Plan(ctx, st.ID)
		same("plan", plan, device.Plan{Record: *u.Record, Desired: u.Desired}, err)
		changes, err := db.DeviceChanges(ctx, st.ID, device.ChangeFilter{Name: u.Changes[0].Name}, page.Query{})
		same("changes", changes.Items, u.Changes, err)
		happened, err := db.Happenings(ctx, st.ID, page.Query{})
		u.Happenings[0].ID = ""
		happened.Items[0].ID = ""
		same("happenings", happened.Items, u.Happenings, err)
		open, err := db.OpenAlerts(ctx, st.ID)
		same("alerts", open, map[string]ident.FindingID{"monitor 7": "fnd_y"}, err)
		found := []device.Found{{Station: st.ID, Identity: "CP-1", EVSE: 1, Value: "22"}}
		for _, f := range []device.Search{{Name: u.Changes[0].Name}, {Name: u.Changes[0].Name, Value: new("22")}} {
			hits, err := db.SearchVariables(ctx, org.ID, f, page.Query{})
			same("search", hits.Items, found, err)
		}
		hits, err := db.SearchVariables(ctx, org.ID, device.Search{Name: u.Changes[0].Name, Value: new("23")}, page.Query{})
		same("search for another value", hits.Items, []device.Found(nil), err)

		if err := db.Commit(ctx, &change.Set{Owner: owner, Device: &device.Update{Record: u.Record}}); !errors.Is(err, change.ErrExists) {
			t.Errorf("the same record again: %v", err)
		}
		db.commit(&change.Set{Owner: owner, Device: &device.Update{
			Gone: []int{1}, Undesired: u.Desired, Unindexed: u.Indexed, Alerts: []device.Alert{{Key: "monitor 7", Closed: true}},
		}})
		for table, want := range map[string]int64{"device_documents": 1, "device_desired": 0, "device_index": 0, "device_alerts": 0, "device_changes": 1} {
			if got := db.count(table); got != want {
				t.Errorf("%s: %d rows are left, want %d", table, got, want)
			}
		}
	})
}

func TestDeviceGoesWithItsStation(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		st := db.station(org.ID, "CP-1")
		owner := db.own(st)
		db.commit(&change.Set{Owner: owner, Device: fullDevice()})
		db.commit(&change.Set{Owner: owner, Removed: []change.Removal{{Kind: change.KindStation, ID: string(st.ID), Version: 1}}})
		for _, table := range []string{"devices", "device_documents", "device_desired", "device_index", "device_alerts"} {
			if got := db.count(table); got != 0 {
				t.Errorf("%s: %d rows are left", table, got)
			}
		}
	})
}

func TestDeviceOfASupersededOwner(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		st := db.station(org.ID, "CP-1")
		old := db.own(st)
		db.own(st)
		if err := db.Commit(t.Context(), &change.Set{Owner: old, Device: fullDevice()}); !errors.Is(err, change.ErrSuperseded) {
			t.Errorf("got %v, want superseded", err)
		}
		if err := db.Commit(t.Context(), &change.Set{Device: fullDevice()}); fault.KindOf(err) != fault.Internal {
			t.Errorf("of no station: got %v, want an internal error", err)
		}
	})
}

func TestHistoryOfADeviceIsBounded(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		st := db.station(org.ID, "CP-1")
		owner := db.own(st)
		for i := range 4 {
			u := new(device.Update)
			for j := range 400 {
				at := t0.Add(time.Duration(i*400+j) * time.Millisecond)
				u.Changes = append(u.Changes, device.Change{ID: ident.New[ident.VariableChangeID](at), Name: device.Name{Variable: "v"}, ReceivedAt: at})
				u.Happenings = append(u.Happenings, device.Happening{ID: ident.New[ident.HappeningID](at), EventID: i*400 + j, ReceivedAt: at})
			}
			db.commit(&change.Set{Owner: owner, Device: u})
		}
		if changes, told := db.count("device_changes"), db.count("device_happenings"); changes != 1000 || told != 500 {
			t.Errorf("%d changes and %d happenings are left, want 1000 and 500", changes, told)
		}
		last, err := db.Happenings(t.Context(), st.ID, page.Query{Limit: 1})
		if err != nil || last.Items[0].EventID != 1599 {
			t.Errorf("the last: %+v, %v", last, err)
		}
	})
}

func TestResolution(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		f := station.Finding{ID: newID[ident.FindingID](), Organisation: org.ID, Code: station.SettingDrifted, At: t0}
		db.commit(&change.Set{Findings: []station.Finding{f}})
		brief := f // raised and cleared by one message
		brief.ID = newID[ident.FindingID]()
		db.commit(&change.Set{Findings: []station.Finding{brief}, Resolved: []station.Resolution{{Finding: brief.ID, At: t0}}})
		if open, err := db.Findings(t.Context(), org.ID, station.FindingFilter{Open: true}, page.Query{}); err != nil || len(open.Items) != 1 {
			t.Errorf("open: %+v, %v", open.Items, err)
		}
		for i := range 2 { // the first counts
			db.commit(&change.Set{Resolved: []station.Resolution{{Finding: f.ID, At: t0.Add(time.Duration(i+1) * time.Hour)}}})
		}
		found, err := db.Findings(t.Context(), org.ID, station.FindingFilter{}, page.Query{})
		if err != nil || len(found.Items) != 2 {
			t.Fatalf("got %+v, %v", found.Items, err)
		}
		for _, got := range found.Items {
			if want := map[ident.FindingID]time.Time{f.ID: t0.Add(time.Hour), brief.ID: t0}[got.ID]; !got.ResolvedAt.Equal(want) {
				t.Errorf("resolved at %v, want %v", got.ResolvedAt, want)
			}
		}
	})
}

func TestTemplateWithSettings(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		tpl := station.Template{
			ID: newID[ident.TemplateID](), Organisation: org.ID, Vendor: "V", Reboot: device.RebootIdle, Version: 1,
			Settings: []device.Setting{{Name: device.Name{EVSE: 1, Component: "A", Variable: "One"}, Attribute: device.Actual, Value: "1"}},
		}
		db.commit(&change.Set{Templates: []station.Template{tpl}})
		got, err := db.Template(t.Context(), org.ID, tpl.ID)
		if err != nil || !reflect.DeepEqual(got, tpl) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

// station300 is the document of a station with 300 variables, such as stations
// report them.
func station300() device.Document {
	d := device.Document{Version: 1, ReportedAt: t0}
	for i := range 300 {
		d.Variables = append(d.Variables, device.Variable{
			Name: device.Name{Component: fmt.Sprintf("Component%02dCtrlr", i/12), Variable: fmt.Sprintf("Variable%02dInterval", i%12)},
			Values: []device.Value{{
				Attribute: device.Actual, Text: new(strings.Repeat(fmt.Sprint(i*7919%10007), 1+i%4)),
				Mutability: []device.Mutability{device.ReadOnly, device.ReadWrite}[i%2], Persistent: i%2 == 1,
			}},
			Characteristics: device.Characteristics{DataType: []string{"integer", "string", "boolean", "OptionList"}[i%4], SupportsMonitoring: i%3 == 0},
		})
	}
	return d
}

// BenchmarkDevice writes and reads the document of 300 variables; bytes are
// those of its row.
func BenchmarkDevice(b *testing.B) {
	db := open(b, store.Options{Path: filepath.Join(b.TempDir(), "pylon.db")})
	org := db.organisation("one")
	st := db.station(org.ID, "CP-1")
	owner := db.own(st)
	d := station300()
	for b.Loop() {
		db.commit(&change.Set{Owner: owner, Device: &device.Update{Documents: []device.Document{d}}})
		d.Version++
		if m, err := db.Documents(b.Context(), st.ID); err != nil || len(m[0].Variables) != 300 {
			b.Fatalf("%d documents, %v", len(m), err)
		}
	}
	body, err := device.AppendBody(nil, &d)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(len(body)), "json_bytes")
	raw, err := sql.Open("sqlite", db.options.Path)
	if err != nil {
		b.Fatal(err)
	}
	defer raw.Close()
	var stored int64
	if err := raw.QueryRowContext(b.Context(), "SELECT SUM(LENGTH(body)) FROM device_documents").Scan(&stored); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(stored), "stored_bytes")
}
