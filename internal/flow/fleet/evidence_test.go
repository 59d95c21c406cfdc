package fleet_test

import (
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/command"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// says lets a connector of EVSE 1 say its status.
func (w *world) says(o *fleet.Owner, s station.Status) {
	w.t.Helper()
	now := w.clock.Now()
	if err := o.Status(w.t.Context(), station.StatusReport{EVSE: 1, Connector: 1, Status: s, OccurredAt: now, ReceivedAt: now}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) report(o *fleet.Owner, r session.Report) session.Answer {
	w.t.Helper()
	a, err := o.Report(w.t.Context(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// sweep lets time pass and the fleet look after itself.
func (w *world) sweep(d time.Duration) {
	w.t.Helper()
	w.clock.forward(d)
	for _, upkeep := range []func() error{
		func() error { return w.fleet.Sweep(w.t.Context()) },
		func() error { return w.fleet.CloseGone(w.t.Context()) },
	} {
		if err := upkeep(); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) session(id ident.SessionID) session.View {
	w.t.Helper()
	s, err := w.store.Session(w.t.Context(), w.org.ID, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// open returns the codes of a station's unresolved findings, in their order.
func (w *world) open(id ident.StationID) string {
	w.t.Helper()
	found, err := w.store.Findings(w.t.Context(), w.org.ID, station.FindingFilter{Station: id, Open: true}, pageAll)
	if err != nil {
		w.t.Fatal(err)
	}
	var all []string
	for i := range found.Items {
		all = append(all, string(found.Items[len(found.Items)-1-i].Code))
	}
	return strings.Join(all, " ")
}

// running returns how many sessions a token has.
func (w *world) running(id ident.TokenID) int {
	w.t.Helper()
	tok, err := w.store.Token(w.t.Context(), w.org.ID, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return tok.Running
}

// A session whose stop is lost is closed after its grace, which a restart of
// the station's owner does not begin anew, and is corrected when the stop
// comes after all.
func TestSessionClosedFromEvidence(t *testing.T) {
	w := newWorld(t)
	id, tok := w.station("CP-1"), w.token("04AA", 1)
	o, _ := w.connect(id, station.OCPP201)
	w.says(o, station.Occupied)
	w.clock.forward(time.Minute)
	a := w.report(o, start(w, "tx-1", "04AA", 1000))
	w.clock.forward(10 * time.Minute)
	w.report(o, report(w, session.Updated, "tx-1", 1, 4000).Seal())
	w.clock.forward(20 * time.Minute)
	late := report(w, session.Ended, "tx-1", 2, 5000)
	late.Offline = true
	w.clock.forward(time.Minute)
	w.says(o, station.Available)
	freed := w.clock.Now()
	if got := w.open(id); got != "stop_missing" || !w.session(a.Session).Status.Open() {
		t.Fatalf("open findings %q, session %s; want stop_missing, and the session open", got, w.session(a.Session).Status)
	}
	w.sweep(10 * time.Minute)
	o, _ = w.connect(id, station.OCPP201) // its owner remembers nothing now
	w.sweep(4 * time.Minute)
	if s := w.session(a.Session); !s.Status.Open() {
		t.Fatalf("closed %s before its time", s.EndedBy)
	}
	w.sweep(2 * time.Minute)
	s := w.session(a.Session)
	if s.Status != session.Completed || s.EndedBy != session.ByEvidence || s.Evidence != session.ConnectorFree || s.Energy.WattHours() != 3000 {
		t.Errorf("got %s by %s (%s), %d Wh", s.Status, s.EndedBy, s.Evidence, s.Energy.WattHours())
	}
	if s.EndedAt.After(freed) || w.running(tok) != 0 {
		t.Errorf("ended %s, after its connector was free at %s; or its token still runs %d", s.EndedAt, freed, w.running(tok))
	}
	late.ReceivedAt = w.clock.Now()
	w.report(o, late.Seal())
	s = w.session(a.Session)
	if s.EndedBy != session.ByStation || s.Energy.WattHours() != 4000 || !s.EndedAt.Equal(late.OccurredAt.Truncate(time.Microsecond)) {
		t.Errorf("corrected: by %s, %d Wh, ended %s", s.EndedBy, s.Energy.WattHours(), s.EndedAt)
	}
	if got := w.open(id); got != "" {
		t.Errorf("open findings: %q", got)
	}
}

func TestSessionOfAStationThatIsGone(t *testing.T) {
	w := newWorld(t)
	id, tok := w.station("CP-1"), w.token("04AA", 1)
	o, _ := w.connect(id, station.OCPP16)
	w.says(o, station.Preparing)
	a := w.report(o, start16(w, "04AA", 1))
	o.Release(t.Context(), "lost")
	w.sweep(session.GoneAfter - time.Second)
	if s := w.session(a.Session); !s.Status.Open() {
		t.Fatalf("closed %s before its time", s.EndedBy)
	}
	w.sweep(2 * time.Second)
	if s := w.session(a.Session); s.Evidence != session.StationGone || w.running(tok) != 0 {
		t.Errorf("got %s (%s), token runs %d", s.Status, s.Evidence, w.running(tok))
	}
	o, _ = w.connect(id, station.OCPP16)
	stop := report(w, session.Ended, a.TransactionID, -1, 3000)
	stop.Version, stop.EVSE, stop.Connector = station.OCPP16, 0, 0
	w.report(o, stop.Seal())
	if s := w.session(a.Session); s.EndedBy != session.ByStation || s.Energy.WattHours() != 1999 || w.open(id) != "" {
		t.Errorf("got by %s, %d Wh, findings %q", s.EndedBy, s.Energy.WattHours(), w.open(id))
	}
}

// A session that runs again after we had closed it is looked after again.
func TestSessionThatRunsAgain(t *testing.T) {
	w := newWorld(t)
	id, tok := w.station("CP-1"), w.token("04AA", 1)
	o, _ := w.connect(id, station.OCPP201)
	w.says(o, station.Occupied)
	w.clock.forward(time.Minute)
	a := w.report(o, start(w, "tx-1", "04AA", 1000))
	w.clock.forward(time.Minute)
	w.says(o, station.Available)
	for range 3 {
		w.sweep(session.StopGrace + time.Hour)
	}
	if s := w.session(a.Session); s.EndedBy != session.ByEvidence {
		t.Fatalf("got %s by %q", s.Status, s.EndedBy)
	}
	again := report(w, session.Updated, "tx-1", 1, 2000)
	again.State = session.StateCharging
	w.report(o, again.Seal())
	if w.open(id) != "" || w.running(tok) != 1 {
		t.Errorf("open findings %q, token runs %d", w.open(id), w.running(tok))
	}
	w.clock.forward(session.SilentAfter)
	o.Seen(w.clock.Now())
	w.sweep(time.Second)
	if got := w.open(id); got != "meter_silent" {
		t.Errorf("without a reading: open findings %q", got)
	}
}

// After we were away for days ourselves, stations get time to come back.
func TestServerThatWasGone(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	w.token("04AA", 1)
	o, _ := w.connect(id, station.OCPP16)
	w.says(o, station.Preparing)
	a := w.report(o, start16(w, "04AA", 1))
	o.Release(t.Context(), "shutdown")
	w.clock.forward(session.GoneAfter + time.Hour)
	w.restart()
	w.sweep(59 * time.Minute)
	if s := w.session(a.Session); !s.Status.Open() {
		t.Fatalf("closed (%s) before its station could come back", s.Evidence)
	}
	w.sweep(2 * time.Minute)
	if s := w.session(a.Session); s.Evidence != session.StationGone {
		t.Errorf("got %s (%s)", s.Status, s.Evidence)
	}
}

// A machine that has no clock of its own begins where it stopped, and is told the
// time a moment later: its stations have not been away for that long with us there.
func TestServerThatLearnsTheTime(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	w.token("04AA", 1)
	o, _ := w.connect(id, station.OCPP16)
	w.says(o, station.Preparing)
	a := w.report(o, start16(w, "04AA", 1))
	o.Release(t.Context(), "shutdown")
	w.restart()
	w.clock.set(session.GoneAfter + time.Hour)
	w.sweep(59 * time.Minute)
	if s := w.session(a.Session); !s.Status.Open() {
		t.Fatalf("closed (%s) before its station could come back", s.Evidence)
	}
	w.sweep(2 * time.Minute)
	if s := w.session(a.Session); s.Evidence != session.StationGone {
		t.Errorf("got %s (%s)", s.Status, s.Evidence)
	}
}

func TestAnotherDeviceUnderTheIdentity(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	w.token("04AA", 0)
	o, _ := w.connect(id, station.OCPP201)
	boot := func(serial string) {
		t.Helper()
		r := station.BootReport{At: w.clock.Now(), OCPP: station.OCPP201, Vendor: "V", Model: "M", Serial: serial}
		if _, err := o.Boot(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	boot("S-1")
	a := w.report(o, start(w, "tx-1", "04AA", 1000))
	w.clock.forward(time.Minute)
	boot("S-1")
	if s := w.session(a.Session); !s.Status.Open() {
		t.Fatalf("a boot ended it: %s", s.Evidence)
	}
	boot("S-2")
	if s := w.session(a.Session); s.Evidence != session.DeviceReplaced {
		t.Errorf("got %s (%s)", s.Status, s.Evidence)
	}
	boot("S-1")
	w.toldOnce(id, station.StationReplaced)
}

// A connector in a storm has its status kept, costs a bounded history, and its
// last status is told when the storm is over.
func TestStatusStorm(t *testing.T) {
	const changes = 300
	w := newWorld(t)
	id := w.station("CP-1")
	o, _ := w.connect(id, station.OCPP16)
	for i := range changes {
		w.clock.forward(100 * time.Millisecond)
		w.says(o, []station.Status{station.Preparing, station.Available}[i%2])
		if i%10 == 0 {
			w.sweep(0)
		}
	}
	rows := func() []station.Interval {
		t.Helper()
		all, err := w.store.Intervals(t.Context(), id, time.Time{}, time.Time{}, pageAll)
		if err != nil {
			t.Fatal(err)
		}
		var of []station.Interval
		for _, i := range all.Items {
			if i.EVSE == 1 {
				of = append(of, i)
			}
		}
		return of
	}
	if got := len(rows()); got > 60 {
		t.Errorf("%d changes in half a minute made %d rows of history", changes, got)
	}
	w.says(o, station.Charging)
	if got := w.detail(id).Connectors[0].Status; got != station.Charging || w.open(id) != "status_storm" {
		t.Errorf("status %s, open findings %q; want charging, status_storm", got, w.open(id))
	}
	w.sweep(10 * time.Second)
	if last := rows()[0]; last.Status != station.Charging || !last.To.IsZero() {
		t.Errorf("the history ends with %s until %s, want charging", last.Status, last.To)
	}
	w.sweep(2 * time.Minute)
	if got := w.open(id); got != "" {
		t.Errorf("after the storm: open findings %q", got)
	}
	w.toldOnce(id, station.StatusStorm)
}

func TestReversedCard(t *testing.T) {
	w := newWorld(t)
	w.token("04a2b3c4", 0)
	id := w.station("CP-1")
	o, _ := w.connect(id, station.OCPP16)
	present := func(uid string) token.Verdict {
		t.Helper()
		d, err := o.Authorize(t.Context(), token.Presented{UID: uid}, fleet.Place{})
		if err != nil {
			t.Fatal(err)
		}
		return d.Verdict
	}
	for _, tt := range []struct {
		name, uid string
		want      token.Verdict
		found     string
	}{
		{"in capitals", "04A2B3C4", token.VerdictAccepted, ""},
		{"another card", "04FFFFC4", token.VerdictUnknown, ""},
		{"reversed", "C4B3A204", token.VerdictUnknown, "token_reversed"},
		{"reversed again", "c4b3a204", token.VerdictUnknown, "token_reversed"},
	} {
		if got := present(tt.uid); got != tt.want || w.open(id) != tt.found {
			t.Errorf("%s: %s, found %q; want %s, %q", tt.name, got, w.open(id), tt.want, tt.found)
		}
	}
	found, err := w.store.Findings(t.Context(), w.org.ID, station.FindingFilter{Station: id}, pageAll)
	if _, err := w.fleet.UpdateStation(t.Context(), w.by, "CP-1", station.Patch{Quirks: &station.Quirks{ReversedTags: true}}, 0); err != nil || w.open(id) != "" {
		t.Errorf("with the quirk: %v, open findings %q", err, w.open(id))
	}
	if err != nil || !strings.Contains(found.Items[0].Detail, "reversed_tags") || strings.Contains(strings.ToLower(found.Items[0].Detail), "04a2") {
		t.Errorf("detail %q (%v): want the quirk and no uid", found.Items[0].Detail, err)
	}
}

// A command that was accepted and had no effect until its deadline is told of,
// when we would have seen the effect.
func TestCommandIgnored(t *testing.T) {
	tests := []struct {
		name    string
		command fleet.NewCommand
		car     bool
		final   bool
		want    string
	}{
		{"a reset", fleet.NewCommand{Type: command.Reset}, false, false, "command_ignored"},
		{"a start where a car waits", fleet.NewCommand{Type: command.Start, Input: command.Input{EVSE: 1, TokenUID: "04AA"}}, true, false, "command_ignored"},
		{"a start where nobody is", fleet.NewCommand{Type: command.Start, Input: command.Input{EVSE: 1, TokenUID: "04AA"}}, false, false, ""},
		{"what has no effect that is seen", fleet.NewCommand{Type: command.ClearCache}, false, true, ""},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.token("04AA", 0)
			id := w.station(identityOf(i))
			o, s := w.connect(id, station.OCPP16)
			if tt.car {
				w.says(o, station.Preparing)
			}
			c, err := w.fleet.Command(t.Context(), w.by, string(identityOf(i)), tt.command)
			if err != nil {
				t.Fatal(err)
			}
			w.sent(o, s)
			if err := o.CommandAnswered(t.Context(), c.ID, fleet.Answered{State: command.Accepted, Final: tt.final, At: w.clock.Now()}); err != nil {
				t.Fatal(err)
			}
			w.sweep(time.Minute)
			if got := w.open(id); got != tt.want {
				t.Errorf("open findings %q, want %q", got, tt.want)
			}
			if c, err = w.fleet.Command(t.Context(), w.by, string(identityOf(i)), fleet.NewCommand{Type: command.Reset}); err != nil {
				t.Fatal(err)
			}
			w.sent(o, s)
			if _, err := o.Boot(t.Context(), station.BootReport{At: w.clock.Now(), OCPP: station.OCPP16}); err != nil {
				t.Fatal(err)
			}
			if got := w.open(id); got != "" {
				t.Errorf("after a reset that it did: open findings %q", got)
			}
		})
	}
}

// Samples outside sessions are kept, and tell of energy that nobody has.
func TestRegisterThatMovesWhileNobodyCharges(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	w.token("04AA", 0)
	o, _ := w.connect(id, station.OCPP201)
	sample := func(wh int64) {
		t.Helper()
		now := w.clock.Now()
		err := o.Meter(t.Context(), meter.Frame{
			EVSE: 1, SeqNo: -1, ReceivedAt: now, OccurredAt: now,
			Samples: []meter.Sample{{At: now, Measurand: meter.EnergyImportRegister, Context: meter.ContextClock, Value: decimal.FromInt(wh, 0), Unit: "Wh"}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	sample(500)
	w.says(o, station.Occupied)
	w.report(o, start(w, "tx-1", "04AA", 1000))
	w.report(o, report(w, session.Ended, "tx-1", 1, 2000).Seal())
	w.clock.forward(time.Hour)
	for i, tt := range []struct {
		wh   int64
		want string
	}{{2000, ""}, {2040, ""}, {2400, "energy_unaccounted"}, {2600, "energy_unaccounted"}} {
		if sample(tt.wh); w.open(id) != tt.want {
			t.Errorf("%d: open findings %q, want %q", i, w.open(id), tt.want)
		}
	}
	w.report(o, start(w, "tx-2", "04AA", 2700))
	if got := w.open(id); got != "energy_unaccounted" {
		t.Errorf("at the next start: open findings %q", got)
	}
	frames, err := w.store.StationFrames(t.Context(), id, 1, time.Time{}, time.Time{}, pageAll)
	if err != nil || len(frames.Items) != 5 {
		t.Errorf("%d samples kept (%v), want 5", len(frames.Items), err)
	}
}

// While the database is away nothing is lost: what is due stays due.
func TestEvidenceWhileTheDatabaseIsAway(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	w.token("04AA", 0)
	o, _ := w.connect(id, station.OCPP16)
	w.says(o, station.Charging)
	w.clock.forward(time.Minute)
	a := w.report(o, start16(w, "04AA", 1))
	w.clock.forward(time.Minute)
	w.says(o, station.Available)
	back := w.store.away()
	w.clock.forward(time.Hour)
	if err := w.fleet.Sweep(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("sweep without a database: %v, want unavailable", err)
	}
	back()
	w.sweep(time.Second)
	if s := w.session(a.Session); s.Evidence != session.ConnectorFree {
		t.Errorf("got %s (%s)", s.Status, s.Evidence)
	}
}
