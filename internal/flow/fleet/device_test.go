package fleet_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/device"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// charger is a station with variables that answers what it is asked, as the
// edge would tell the fleet of it.
type charger struct {
	*world
	id        ident.StationID
	owner     *fleet.Owner
	socket    *socket
	version   station.Version
	variables []device.Variable
	refuses   map[string]device.Status // what it answers when a variable is set
	deaf      bool                     // it takes values, and keeps its own
	rejects   map[device.Scope]string  // reports that it does not give, and how it says that
	asked     []string                 // what it was asked, in order
}

func (w *world) charger(identity ident.Identity, v station.Version, variables ...device.Variable) *charger {
	c := &charger{world: w, id: w.station(identity), version: v, variables: variables, refuses: map[string]device.Status{}, rejects: map[device.Scope]string{}}
	c.owner, c.socket = w.connect(c.id, v)
	c.boot("1.0")
	return c
}

func (c *charger) boot(firmware string) {
	c.t.Helper()
	r := station.BootReport{At: c.clock.Now(), OCPP: c.version, Vendor: "ACME", Model: "Wall", Firmware: firmware}
	if _, err := c.owner.Boot(c.t.Context(), r); err != nil {
		c.t.Fatal(err)
	}
	c.asked = nil
}

// rest lets time pass and the station be looked after, until it is asked
// nothing more.
func (c *charger) rest(d time.Duration) []string {
	c.t.Helper()
	c.clock.forward(d)
	for range 50 {
		if err := c.fleet.Tend(c.t.Context()); err != nil {
			c.t.Fatal(err)
		}
		select {
		case cmd := <-c.socket.commands:
			c.answer(cmd)
		default:
			return c.asked
		}
	}
	c.t.Fatalf("no end of questions: %v", c.asked)
	return nil
}

func (c *charger) answer(cmd command.Command) {
	c.t.Helper()
	ctx, now := c.t.Context(), c.clock.Now()
	if err := c.owner.CommandSent(ctx, cmd.ID, fleet.Sent{Action: "Test", Payload: []byte("{}"), At: now, Means: cmd.Type, Input: cmd.Input}); err != nil {
		c.t.Fatal(err)
	}
	a := fleet.Answered{State: command.Accepted, Final: cmd.Type != command.Reset, At: now}
	said := string(cmd.Type)
	switch cmd.Type {
	case command.ReportVariables:
		said += " " + string(cmd.Input.Scope)
		if why := c.rejects[cmd.Input.Scope]; why != "" {
			a.State, a.ErrorCode = command.Rejected, why
			break
		}
		defer c.report(cmd.Input.RequestID)
	case command.ReadVariables:
		for _, s := range cmd.Input.Variables {
			said += " " + s.Name.String()
			a.Variables = append(a.Variables, c.read(s))
		}
	case command.WriteVariables:
		for _, s := range cmd.Input.Variables {
			said += " " + s.Name.String() + "=" + s.Value
			a.Variables = append(a.Variables, c.write(s))
		}
		if slices.ContainsFunc(a.Variables, func(r device.Result) bool { return r.Status == device.StatusRejected }) && len(a.Variables) == 1 {
			a.State, a.ErrorCode = command.Rejected, "Rejected"
		}
	}
	c.asked = append(c.asked, said)
	if c.version == station.OCPP16 { // the answer is the report
		c.finish(cmd, a)
		return
	}
	if err := c.owner.CommandAnswered(ctx, cmd.ID, a); err != nil {
		c.t.Fatal(err)
	}
}

func (c *charger) finish(cmd command.Command, a fleet.Answered) {
	c.t.Helper()
	if cmd.Type == command.ReportVariables && a.State == command.Accepted {
		c.tell(device.Part{Scope: device.ScopeFull, Variables: c.variables})
	}
	if err := c.owner.CommandAnswered(c.t.Context(), cmd.ID, a); err != nil {
		c.t.Fatal(err)
	}
}

// report gives a 2.x report in parts of two variables.
func (c *charger) report(request int) {
	if c.version == station.OCPP16 {
		return
	}
	parts := slices.Collect(slices.Chunk(c.variables, 2))
	for i, part := range parts {
		c.tell(device.Part{RequestID: request, SeqNo: i, More: i < len(parts)-1, Scope: device.ScopeSome, Variables: part})
	}
}

func (c *charger) tell(p device.Part) {
	c.t.Helper()
	p.OccurredAt, p.ReceivedAt = c.clock.Now(), c.clock.Now()
	if err := c.owner.Inventory(c.t.Context(), p); err != nil {
		c.t.Fatal(err)
	}
}

func (c *charger) find(n device.Name) *device.Variable {
	for i := range c.variables {
		if c.variables[i].Compare(n) == 0 {
			return &c.variables[i]
		}
	}
	return nil
}

func (c *charger) read(s device.Setting) device.Result {
	v := c.find(s.Name)
	if v == nil {
		return device.Result{Name: s.Name, Attribute: device.Actual, Status: device.StatusUnknown}
	}
	c.tell(device.Part{Scope: device.ScopeSome, Variables: []device.Variable{{Name: s.Name, Values: v.Values}}})
	return device.Result{Name: s.Name, Attribute: device.Actual, Status: device.StatusAccepted, Text: v.Values[0].Text}
}

func (c *charger) write(s device.Setting) device.Result {
	status := device.StatusAccepted
	if r, ok := c.refuses[s.Variable]; ok {
		status = r
	}
	v := c.find(s.Name)
	if v == nil {
		status = device.StatusUnknown
	}
	if status == device.StatusAccepted && !c.deaf || status == device.StatusRebootRequired {
		*v = variable(s.Name, s.Value)
	}
	return device.Result{Name: s.Name, Attribute: device.Actual, Status: status}
}

func variable(n device.Name, value string) device.Variable {
	return device.Variable{Name: n, Values: []device.Value{{Attribute: device.Actual, Text: &value}}}
}

func key(name, value string) device.Variable { return variable(device.Name{Variable: name}, value) }

func ctrlr(component, name, value string) device.Variable {
	return variable(device.Name{Component: component, Variable: name}, value)
}

// desire sets what is desired of the station.
func (c *charger) desire(settings ...device.Setting) {
	c.t.Helper()
	if _, err := c.fleet.SetDesired(c.t.Context(), c.by, string(c.id), device.Wishes{Set: settings}, 0); err != nil {
		c.t.Fatal(err)
	}
	c.asked = nil
}

func (c *charger) state(name string) device.Desired {
	c.t.Helper()
	plan, err := c.store.Plan(c.t.Context(), c.id)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, d := range plan.Desired {
		if d.Variable == name {
			return d
		}
	}
	return device.Desired{}
}

func (c *charger) findings(open bool) []string {
	c.t.Helper()
	found, err := c.store.Findings(c.t.Context(), c.org.ID, station.FindingFilter{Station: c.id, Open: open}, pageAll)
	if err != nil {
		c.t.Fatal(err)
	}
	var codes []string
	for _, f := range found.Items {
		codes = append(codes, string(f.Code))
	}
	slices.Sort(codes)
	return codes
}

func (c *charger) expect(what string, got, want []string) {
	c.t.Helper()
	if !slices.Equal(got, want) {
		c.t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func setting(n device.Name, value string) device.Setting {
	return device.Setting{Name: n, Value: value}
}

var interval = device.Name{Variable: "HeartbeatInterval"}

func TestInventoryAfterBoot(t *testing.T) {
	t.Run("1.6 5.8 all keys are read after a boot, and not again when the station only reconnects", func(t *testing.T) {
		c := newWorld(t).charger("CP-1", station.OCPP16, key("HeartbeatInterval", "300"), key("AuthorizationKey", "secret"))
		c.expect("before the station has rested", c.rest(time.Second), nil)
		c.expect("after the boot", c.rest(10*time.Second), []string{"report_variables full"})
		m, err := c.store.Documents(t.Context(), c.id)
		if err != nil || len(m) != 1 || m.Text(interval) != "300" || m.Text(device.Name{Variable: "authorizationkey"}) != "" || m[0].CompleteAt.IsZero() {
			t.Errorf("kept: %+v, %v", m, err)
		}
		c.owner, c.socket = c.connect(c.id, c.version)
		c.asked = nil
		c.expect("after a reconnect", c.rest(time.Minute), nil)
		c.expect("a week later", c.rest(8*24*time.Hour), []string{"report_variables full"})
	})
	t.Run("B07.FR.14 the whole inventory first, what can be set at a boot, everything after a new firmware", func(t *testing.T) {
		c := newWorld(t).charger("CP-1", station.OCPP201, ctrlr("OCPPCommCtrlr", "HeartbeatInterval", "300"), ctrlr("SecurityCtrlr", "BasicAuthPassword", "x"), ctrlr("EVSE", "Power", "22"))
		c.expect("first", c.rest(time.Minute), []string{"report_variables full"})
		c.boot("1.0")
		c.expect("a boot", c.rest(time.Minute), []string{"report_variables configuration"})
		c.boot("1.1")
		c.expect("another firmware", c.rest(time.Minute), []string{"report_variables full"})
	})
	t.Run("B07.FR.02 a station without base reports is read variable by variable", func(t *testing.T) {
		c := newWorld(t).charger("CP-1", station.OCPP201, ctrlr("OCPPCommCtrlr", "HeartbeatInterval", "300"))
		c.rejects[device.ScopeFull], c.rejects[device.ScopeConfiguration] = "NotSupported", "NotSupported"
		c.desire(setting(device.Name{Component: "OCPPCommCtrlr", Variable: "HeartbeatInterval"}, "300"))
		c.expect("after the boot", c.rest(time.Minute), []string{
			"report_variables full", "report_variables configuration", "read_variables OCPPCommCtrlr.HeartbeatInterval",
		})
		if got := c.state("HeartbeatInterval").State; got != device.InSync {
			t.Errorf("state %s, want in_sync", got)
		}
		c.owner, c.socket = c.connect(c.id, c.version)
		c.asked = nil
		c.expect("after a reconnect", c.rest(time.Minute), []string{"read_variables OCPPCommCtrlr.HeartbeatInterval"})
	})
	t.Run("B07.FR.13 a station that cannot report just now is asked again later", func(t *testing.T) {
		c := newWorld(t).charger("CP-1", station.OCPP201, ctrlr("A", "One", "1"))
		c.rejects[device.ScopeFull] = "Rejected"
		c.expect("after the boot", c.rest(time.Minute), []string{"report_variables full"})
		c.expect("at once", c.rest(time.Minute), c.asked)
		c.rejects = nil
		c.expect("later", c.rest(time.Minute), []string{"report_variables full", "report_variables full"})
	})
	t.Run("B07.FR.08 what a whole inventory does not name any more is gone", func(t *testing.T) {
		c := newWorld(t).charger("CP-1", station.OCPP201, ctrlr("A", "One", "1"), ctrlr("A", "Two", "2"), ctrlr("B", "Three", "3"))
		c.rest(time.Minute)
		c.variables = c.variables[:2]
		c.boot("2.0")
		c.rest(time.Minute)
		m, err := c.store.Documents(t.Context(), c.id)
		if err != nil || m.Find(device.Name{Component: "B", Variable: "Three"}) != nil || m.Text(device.Name{Component: "a", Variable: "two"}) != "2" {
			t.Errorf("kept: %+v, %v", m, err)
		}
		changes, err := c.store.DeviceChanges(t.Context(), c.id, device.ChangeFilter{}, page.Query{})
		if err != nil || len(changes.Items) != 1 || changes.Items[0].Variable != "Three" || changes.Items[0].New != nil || *changes.Items[0].Old != "3" {
			t.Errorf("history: %+v, %v", changes.Items, err)
		}
	})
}

func TestReportThatBreaksOff(t *testing.T) {
	w := newWorld(t)
	c := w.charger("CP-1", station.OCPP201, ctrlr("A", "One", "1"))
	w.clock.forward(time.Minute)
	for i := range 3 { // nothing comes of it
		if err := w.fleet.Tend(t.Context()); err != nil {
			t.Fatal(err)
		}
		cmd := w.sent(c.owner, c.socket)
		if cmd.Input.Scope != device.ScopeFull {
			t.Fatalf("try %d: asked for %s", i, cmd.Input.Scope)
		}
		if err := c.owner.CommandAnswered(t.Context(), cmd.ID, fleet.Answered{State: command.Accepted, Final: true, At: w.clock.Now()}); err != nil {
			t.Fatal(err)
		}
		if i == 1 { // a gap
			c.tell(device.Part{RequestID: cmd.Input.RequestID, SeqNo: 1, Scope: device.ScopeSome, Variables: c.variables})
		}
		w.clock.forward(3 * time.Minute)
	}
	c.expect("B07.FR.10 after three tries", c.rest(time.Second), []string{"report_variables configuration"})
}

func TestSettingWhatIsDesired(t *testing.T) {
	one, two := device.Name{Component: "A", Variable: "One"}, device.Name{Component: "A", Variable: "Two"}
	both := []device.Setting{setting(one, "10"), setting(two, "20")}
	t.Run("1.6 5.3 one key at a time, read back", func(t *testing.T) {
		c := newWorld(t).charger("CP-1", station.OCPP16, key("HeartbeatInterval", "300"), key("ClockAlignedDataInterval", "0"))
		c.rest(time.Minute)
		c.desire(setting(interval, "60"), setting(device.Name{Variable: "ClockAlignedDataInterval"}, "900"))
		c.expect("asked", c.rest(time.Second), []string{
			"read_variables ClockAlignedDataInterval HeartbeatInterval",
			"write_variables ClockAlignedDataInterval=900", "read_variables ClockAlignedDataInterval",
			"write_variables HeartbeatInterval=60", "read_variables HeartbeatInterval",
		})
		if got := c.state("HeartbeatInterval"); got.State != device.InSync || got.Attempts != 1 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("B05.FR.01 several variables in one message, read back", func(t *testing.T) {
		c := newWorld(t).charger("CP-1", station.OCPP201, ctrlr("A", "One", "1"), ctrlr("A", "Two", "2"))
		c.rest(time.Minute)
		c.desire(both...)
		c.expect("asked", c.rest(time.Second), []string{"read_variables A.One A.Two", "write_variables A.One=10 A.Two=20", "read_variables A.One A.Two"})
		hits, err := c.store.SearchVariables(t.Context(), c.org.ID, device.Search{Name: two, Value: new("20")}, page.Query{})
		if err != nil || len(hits.Items) != 1 || hits.Items[0].Identity != "CP-1" {
			t.Errorf("found %+v, %v", hits.Items, err)
		}
	})
	t.Run("B05.FR.11 no more than ItemsPerMessage", func(t *testing.T) {
		limit := variable(device.Name{Component: "DeviceDataCtrlr", Variable: "ItemsPerMessage", VariableInstance: "SetVariables"}, "1")
		c := newWorld(t).charger("CP-1", station.OCPP201, ctrlr("A", "One", "1"), ctrlr("A", "Two", "2"), limit)
		c.rest(time.Minute)
		c.desire(both...)
		c.expect("asked", c.rest(time.Second), []string{"read_variables A.One A.Two", "write_variables A.One=10", "read_variables A.One", "write_variables A.Two=20", "read_variables A.Two"})
	})
	t.Run("B05.FR.09 a value that is refused three times is left alone and told", func(t *testing.T) {
		c := newWorld(t).charger("CP-1", station.OCPP201, ctrlr("A", "One", "1"))
		c.refuses["One"] = device.StatusRejected
		c.rest(time.Minute)
		c.desire(setting(one, "10"))
		c.expect("at once", c.rest(time.Second), []string{"read_variables A.One", "write_variables A.One=10"})
		for range 5 {
			c.rest(11 * time.Minute)
		}
		if got := c.state("One"); got.State != device.Refused || got.Refusals != 3 || got.Finding == "" {
			t.Errorf("%+v", got)
		}
		c.expect("findings", c.findings(true), []string{"setting_refused"})
		c.refuses = nil
		c.desire(setting(one, "11"))
		c.rest(time.Second)
		if got := c.state("One"); got.State != device.InSync {
			t.Errorf("desired anew: %+v", got)
		}
		c.expect("findings then", c.findings(true), nil)
	})
	t.Run("B05.FR.10 accepted and not done counts as refused", func(t *testing.T) {
		c := newWorld(t).charger("CP-1", station.OCPP201, ctrlr("A", "One", "1"))
		c.deaf = true
		c.rest(time.Minute)
		c.desire(setting(one, "10"))
		for range 5 {
			c.rest(11 * time.Minute)
		}
		if got := c.state("One"); got.State != device.Refused || got.Detail != `accepted, and still is "1"` {
			t.Errorf("%+v", got)
		}
	})
	t.Run("B06.FR.07 a variable that the station does not have is absent", func(t *testing.T) {
		c := newWorld(t).charger("CP-1", station.OCPP201, ctrlr("A", "One", "1"))
		c.rest(time.Minute)
		c.desire(setting(two, "20"))
		c.expect("asked", c.rest(time.Second), []string{"read_variables A.Two"})
		if got := c.state("Two"); got.State != device.Absent {
			t.Errorf("%+v", got)
		}
	})
}

func TestRebootForASetting(t *testing.T) {
	one := device.Name{Component: "A", Variable: "One"}
	t.Run("a station is reset when it needs that and nobody charges", func(t *testing.T) {
		w := newWorld(t)
		w.token("04AA", 0)
		c := w.charger("CP-1", station.OCPP201, ctrlr("A", "One", "1"))
		c.refuses["One"] = device.StatusRebootRequired
		c.rest(time.Minute)
		if _, err := c.owner.Report(t.Context(), start(w, "tx-1", "04AA", 0)); err != nil {
			t.Fatal(err)
		}
		c.desire(setting(one, "10"))
		c.expect("while somebody charges", c.rest(time.Second), []string{"read_variables A.One", "write_variables A.One=10"})
		c.expect("still", c.rest(10*time.Minute), c.asked)
		if _, err := c.owner.Report(t.Context(), report(w, session.Ended, "tx-1", 1, 10).Seal()); err != nil {
			t.Fatal(err)
		}
		c.asked = nil
		c.expect("when he has gone", c.rest(10*time.Minute), []string{"reset"})
		c.boot("1.0")
		c.rest(time.Minute)
		if got := c.state("One"); got.State != device.InSync {
			t.Errorf("after the boot: %+v", got)
		}
	})
	t.Run("1.6 5.3 no reset where none is wanted", func(t *testing.T) {
		c := newWorld(t).charger("CP-1", station.OCPP16, key("HeartbeatInterval", "300"))
		c.refuses["HeartbeatInterval"] = device.StatusRebootRequired
		c.rest(time.Minute)
		if _, err := c.fleet.SetDesired(t.Context(), c.by, "CP-1", device.Wishes{Reboot: new(device.RebootNever), Set: []device.Setting{setting(interval, "60")}}, 0); err != nil {
			t.Fatal(err)
		}
		c.asked = nil
		c.expect("asked", c.rest(time.Second), []string{"read_variables HeartbeatInterval", "write_variables HeartbeatInterval=60"})
		if got := c.state("HeartbeatInterval"); got.State != device.RebootRequired {
			t.Errorf("%+v", got)
		}
	})
}

func TestDrift(t *testing.T) {
	c := newWorld(t).charger("CP-1", station.OCPP201, ctrlr("A", "One", "1"))
	one := device.Name{Component: "A", Variable: "One"}
	c.rest(time.Minute)
	c.desire(setting(one, "10"))
	c.rest(time.Second)
	for i := range 4 { // somebody sets it to another value again and again
		*c.find(one) = variable(one, strconv.Itoa(i))
		c.happen(device.Happening{Name: one, Value: strconv.Itoa(i), Trigger: "Delta", Severity: -1})
		if got := c.state("One").State; got != device.Drifted {
			t.Fatalf("%d: state %s, want drifted", i, got)
		}
		c.asked = nil
		c.rest(time.Second)
		if i < 2 {
			c.expect("set again", c.asked, []string{"read_variables A.One", "write_variables A.One=10", "read_variables A.One"})
			c.expect("and told", c.findings(false), slices.Repeat([]string{"setting_drifted"}, i+1))
			c.expect("as over", c.findings(true), nil)
			continue
		}
		c.expect("a value that is fought over", c.asked, []string{"read_variables A.One"})
		c.expect("stays told", c.findings(true), []string{"setting_drifted"})
		break
	}
	c.asked = nil
	c.expect("the day after", c.rest(25*time.Hour), []string{"read_variables A.One", "write_variables A.One=10", "read_variables A.One"})
}

func (c *charger) happen(h ...device.Happening) {
	c.t.Helper()
	for i := range h {
		h[i].OccurredAt, h[i].ReceivedAt = c.clock.Now(), c.clock.Now()
	}
	if err := c.owner.Happened(c.t.Context(), h); err != nil {
		c.t.Fatal(err)
	}
}

func TestAlerts(t *testing.T) {
	c := newWorld(t).charger("CP-1", station.OCPP201, ctrlr("Fan", "Speed", "10"), ctrlr("MonitoringCtrlr", "Enabled", "true"))
	c.rest(time.Minute)
	fan := device.Name{Component: "Fan", Variable: "Speed"}
	monitors := []device.Monitor{{Name: fan, ID: 1, Type: "LowerThreshold", Severity: 2}, {Name: fan, ID: 2, Type: "Delta", Severity: 8}}
	if err := c.owner.Monitors(t.Context(), device.MonitorPart{Monitors: monitors, ReceivedAt: c.clock.Now()}); err != nil {
		t.Fatal(err)
	}
	c.happen(device.Happening{Name: fan, Value: "3", Trigger: "Alerting", MonitorID: 1, Severity: -1})
	c.expect("N07.FR.17 an alert of severity 2", c.findings(true), []string{"device_alert"})
	c.happen(device.Happening{Name: fan, Value: "2", Trigger: "Alerting", MonitorID: 1, Severity: -1}, device.Happening{Name: fan, Value: "2", Trigger: "Delta", MonitorID: 2, Severity: -1})
	c.expect("the same once more, and one of severity 8", c.findings(true), []string{"device_alert"})
	c.happen(device.Happening{Name: fan, Value: "10", Trigger: "Alerting", MonitorID: 1, Cleared: true, Severity: -1})
	c.expect("N07.FR.02 cleared", c.findings(true), nil)
	c.expect("in all", c.findings(false), []string{"device_alert"})
	c.happen(device.Happening{Name: fan, Value: "1", Trigger: "Alerting", Severity: 4}, device.Happening{Name: fan, Value: "0", Trigger: "Alerting", Severity: 3})
	c.expect("a severity of its own", c.findings(true), []string{"device_alert"})
	told, err := c.store.Happenings(t.Context(), c.id, page.Query{})
	if err != nil || len(told.Items) != 6 || told.Items[0].Value != "0" {
		t.Errorf("kept: %d %+v, %v", len(told.Items), told.Items, err)
	}
	changes, err := c.store.DeviceChanges(t.Context(), c.id, device.ChangeFilter{Name: fan}, page.Query{})
	if err != nil || len(changes.Items) != 5 || *changes.Items[0].New != "0" || changes.Items[0].How != device.ByEvent {
		t.Errorf("history: %+v, %v", changes.Items, err)
	}
}

func TestTemplateSettings(t *testing.T) {
	w := newWorld(t)
	tpl := station.Template{ID: ident.New[ident.TemplateID](w.clock.Now()), Organisation: w.org.ID, Vendor: "ACME", Settings: []device.Setting{setting(interval, "60")}, Version: 1}
	w.commit(&change.Set{Templates: []station.Template{tpl}})
	c := w.charger("CP-1", station.OCPP16, key("HeartbeatInterval", "300"), key("Other", "1"))
	c.expect("a new station gets them", c.rest(time.Minute), []string{"report_variables full", "write_variables HeartbeatInterval=60", "read_variables HeartbeatInterval"})
	if got := c.state("HeartbeatInterval"); got.State != device.InSync || got.Origin != device.FromTemplate {
		t.Errorf("%+v", got)
	}
	tpl.Settings, tpl.Version = []device.Setting{setting(interval, "90")}, 2
	w.commit(&change.Set{Templates: []station.Template{tpl}})
	c.asked = nil
	c.expect("one that is there gets what changes", c.rest(time.Minute), []string{"read_variables HeartbeatInterval", "write_variables HeartbeatInterval=90", "read_variables HeartbeatInterval"})
	c.desire(setting(interval, "120"))
	c.rest(time.Second)
	if got := c.state("HeartbeatInterval"); got.State != device.InSync || got.Origin != device.FromOperator || got.Value != "120" {
		t.Errorf("an operator's goes before: %+v", got)
	}
	plan, err := w.fleet.SetDesired(t.Context(), w.by, "CP-1", device.Wishes{Remove: []device.Setting{setting(interval, "")}}, 2)
	if err != nil || plan.Version != 2 || plan.Desired[0].Value != "90" || plan.Desired[0].Origin != device.FromTemplate {
		t.Errorf("taken back: %+v, %v", plan, err)
	}
	if _, err := w.fleet.SetDesired(t.Context(), w.by, "CP-1", device.Wishes{}, 2); !fault.Is(err, fault.Stale) {
		t.Errorf("an old version: %v, want stale", err)
	}
}

func TestNothingWithoutAutomation(t *testing.T) {
	for name, p := range map[string]station.Patch{
		"automation off": {Automation: new(false)},
		"not accepted":   {Registration: new(station.Pending)},
	} {
		t.Run(name, func(t *testing.T) {
			c := newWorld(t).charger("CP-1", station.OCPP16, key("HeartbeatInterval", "300"))
			if _, err := c.fleet.UpdateStation(t.Context(), c.by, "CP-1", p, 0); err != nil {
				t.Fatal(err)
			}
			c.desire(setting(interval, "60"))
			c.expect("asked", c.rest(time.Hour), nil)
		})
	}
}

func TestWishesOfAnOfflineStation(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	wishes := device.Wishes{Set: []device.Setting{setting(interval, "60")}}
	nothing := device.Record{}.Tag()
	plan, err := w.fleet.SetDesired(t.Context(), w.by, "CP-1", wishes, nothing)
	if _, again := w.fleet.SetDesired(t.Context(), w.by, "CP-1", wishes, nothing); !fault.Is(again, fault.Stale) {
		t.Errorf("a second who saw nothing desired: %v, want stale", again)
	}
	if err != nil || len(plan.Desired) != 1 || plan.Desired[0].State != device.Unknown {
		t.Fatalf("%+v, %v", plan, err)
	}
	c := &charger{world: w, id: id, version: station.OCPP16, variables: []device.Variable{key("HeartbeatInterval", "300")}}
	c.owner, c.socket = w.connect(id, c.version)
	c.boot("1")
	c.expect("when it comes", c.rest(time.Minute), []string{"report_variables full", "write_variables HeartbeatInterval=60", "read_variables HeartbeatInterval"})
}

func TestPaceOfLooks(t *testing.T) {
	w := newWorld(t)
	var all []*charger
	for i := range 30 {
		all = append(all, w.charger(identityOf(i), station.OCPP16, key("HeartbeatInterval", "300")))
	}
	w.clock.forward(time.Minute)
	if err := w.fleet.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, c := range all {
		asked += len(c.socket.commands)
	}
	if asked != fleet.LooksPerSecond {
		t.Errorf("%d of 30 stations were asked at once, want %d", asked, fleet.LooksPerSecond)
	}
}
