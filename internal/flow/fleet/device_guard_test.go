package fleet_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/command"
	"pylon/internal/domain/device"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/page"
)

// next lets time pass and returns the one command that the station is given.
func (c *charger) next(d time.Duration) command.Command {
	c.t.Helper()
	c.clock.forward(d)
	if err := c.fleet.Tend(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	select {
	case cmd := <-c.socket.commands:
		return cmd
	default:
		c.t.Fatal("it is asked nothing")
		return command.Command{}
	}
}

// leaves has a command leave, or not.
func (c *charger) leaves(cmd command.Command) error {
	return c.owner.CommandSent(c.t.Context(), cmd.ID, fleet.Sent{Action: "Test", Payload: []byte("{}"), At: c.clock.Now(), Means: cmd.Type, Input: cmd.Input})
}

func (c *charger) answered(cmd command.Command, a fleet.Answered) {
	c.t.Helper()
	a.At = c.clock.Now()
	if err := c.owner.CommandAnswered(c.t.Context(), cmd.ID, a); err != nil {
		c.t.Fatal(err)
	}
}

// TestWhatMayOnlyBeWrittenIsNotKept: whatever a station, or somebody, says of
// such a value, nobody can read it anywhere.
func TestWhatMayOnlyBeWrittenIsNotKept(t *testing.T) {
	pin := device.Name{Component: "Vendor", Variable: "Pin"}
	shown := ctrlr("Vendor", "Pin", "4711")
	shown.Values[0].Mutability = device.WriteOnly
	c := newWorld(t).charger("CP-1", station.OCPP201, shown, ctrlr("A", "One", "1"))
	c.rest(time.Minute)
	c.happen(device.Happening{Name: pin, Value: "4711", Trigger: "Alerting", Severity: 0})
	c.tell(device.Part{Scope: device.ScopeSome, Variables: []device.Variable{variable(pin, "4711")}}) // GetVariables
	ask := fleet.NewCommand{Type: command.WriteVariables, Input: command.Input{Variables: []device.Setting{setting(pin, "4711")}}}
	if _, err := c.fleet.Command(t.Context(), c.by, "CP-1", ask); !fault.Is(err, fault.Invalid) {
		t.Errorf("a command that sets it: %v, want invalid", err)
	}
	m, err := c.store.Documents(t.Context(), c.id)
	changes, err2 := c.store.DeviceChanges(t.Context(), c.id, device.ChangeFilter{}, page.Query{})
	told, err3 := c.store.Happenings(t.Context(), c.id, page.Query{})
	found, err4 := c.store.Findings(t.Context(), c.org.ID, station.FindingFilter{Station: c.id}, pageAll)
	for _, err := range []error{err, err2, err3, err4} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if v, ok := m.Value(pin, device.Actual); !ok || v.Mutability != device.WriteOnly || len(told.Items) != 1 || len(found.Items) != 1 {
		t.Errorf("got %+v, %d told, %d findings", v, len(told.Items), len(found.Items))
	}
	body, err := device.AppendBody(nil, &m[0])
	if all := fmt.Sprintf("%s %+v %+v %+v", body, changes.Items, told.Items, found.Items); err != nil || strings.Contains(all, "4711") {
		t.Errorf("kept: %s, %v", all, err)
	}
}

func TestResetThatSomebodyIsQuickerThan(t *testing.T) {
	w := newWorld(t)
	w.token("04AA", 0)
	c := w.charger("CP-1", station.OCPP16, key("HeartbeatInterval", "300"))
	c.refuses["HeartbeatInterval"] = device.StatusRebootRequired
	c.rest(time.Minute)
	c.desire(setting(interval, "60"))
	for _, want := range []command.Type{command.ReadVariables, command.WriteVariables} {
		cmd := c.next(time.Second)
		if cmd.Type != want {
			t.Fatalf("asked %s, want %s", cmd.Type, want)
		}
		c.answer(cmd)
	}
	reset := <-c.socket.commands
	if _, err := c.owner.Report(t.Context(), start(w, "tx-1", "04AA", 0)); err != nil { // it has not left yet
		t.Fatal(err)
	}
	if err := c.leaves(reset); reset.Type != command.Reset || fault.CodeOf(err) != "station_charges" {
		t.Fatalf("%s about to leave: %v, want station_charges", reset.Type, err)
	}
	c.answered(reset, fleet.Answered{State: command.Rejected, Final: true, ErrorCode: "station_charges"})
	c.asked = nil
	c.expect("while he charges", c.rest(10*time.Minute), nil)
	if _, err := c.owner.Report(t.Context(), report(w, session.Ended, "tx-1", 1, 10).Seal()); err != nil {
		t.Fatal(err)
	}
	c.expect("when he has gone", c.rest(10*time.Minute), []string{"reset"})
}

func TestResetThatDoesNotHelp(t *testing.T) {
	c := newWorld(t).charger("CP-1", station.OCPP16, key("HeartbeatInterval", "300"))
	c.refuses["HeartbeatInterval"] = device.StatusRebootRequired
	c.rest(time.Minute)
	c.desire(setting(interval, "60"))
	for range 10 { // it drops the socket and does not boot
		c.rest(time.Minute)
		c.owner, c.socket = c.connect(c.id, c.version)
	}
	resets := slices.DeleteFunc(c.asked, func(s string) bool { return s != "reset" })
	if len(resets) != 2 {
		t.Errorf("it was reset %d times a day, want 2", len(resets))
	}
}

func TestAutomationThatEndsBeforeTheCommandLeaves(t *testing.T) {
	c := newWorld(t).charger("CP-1", station.OCPP16, key("HeartbeatInterval", "300"))
	cmd := c.next(time.Minute)
	if _, err := c.fleet.UpdateStation(t.Context(), c.by, "CP-1", station.Patch{Automation: new(false)}, 0); err != nil {
		t.Fatal(err)
	}
	if err := c.leaves(cmd); fault.CodeOf(err) != "station_not_automated" {
		t.Errorf("got %v, want station_not_automated", err)
	}
}

func TestAnswersThatAreAboutSomethingElse(t *testing.T) {
	one := device.Name{Component: "A", Variable: "One"}
	for name, results := range map[string][]device.Result{
		"another variable": {{Name: device.Name{Component: "A", Variable: "Eno"}, Attribute: device.Actual, Status: device.StatusAccepted}},
		"none":             nil,
	} {
		t.Run(name, func(t *testing.T) {
			c := newWorld(t).charger("CP-1", station.OCPP201, ctrlr("A", "One", "1"))
			c.rest(time.Minute)
			c.desire(setting(one, "10"))
			c.answer(c.next(time.Second)) // it is read first
			writes := 0
			for range 20 {
				select {
				case cmd := <-c.socket.commands:
					writes++
					if err := c.leaves(cmd); err != nil {
						t.Fatal(err)
					}
					c.answered(cmd, fleet.Answered{State: command.Accepted, Final: true, Variables: results})
				default:
				}
			}
			if got := c.state("One"); writes != 1 || got.State != device.Pending || got.Attempts != 1 {
				t.Errorf("set %d times at once, stands at %+v; want once, and later again", writes, got)
			}
		})
	}
}

func TestReportWithoutAnEnd(t *testing.T) {
	c := newWorld(t).charger("CP-1", station.OCPP201)
	cmd := c.next(time.Minute)
	if err := c.leaves(cmd); err != nil {
		t.Fatal(err)
	}
	c.answered(cmd, fleet.Answered{State: command.Accepted, Final: true})
	for i := range 40 {
		c.clock.forward(time.Minute)
		c.tell(device.Part{RequestID: cmd.Input.RequestID, SeqNo: i * 200, More: true, Scope: device.ScopeSome, Variables: []device.Variable{ctrlr("A", "One", "1")}})
	}
	if again := c.next(3 * time.Minute); again.Type != command.ReportVariables || again.Input.RequestID == cmd.Input.RequestID {
		t.Errorf("got %s %+v, want another try", again.Type, again.Input)
	}
}

func TestFloodOfAlerts(t *testing.T) {
	c := newWorld(t).charger("CP-1", station.OCPP201, ctrlr("A", "One", "1"))
	c.rest(time.Minute)
	one := device.Name{Component: "A", Variable: "One"}
	var all []device.Happening
	for i := range 600 {
		all = append(all, device.Happening{Name: one, Value: fmt.Sprint(i), Trigger: "Alerting", MonitorID: i + 1, Severity: 0})
	}
	c.happen(all...)
	c.happen(all...)
	if got := len(c.findings(true)); got != 100 {
		t.Errorf("%d findings are open, want 100", got)
	}
	told, err := c.store.Happenings(t.Context(), c.id, page.Query{Limit: page.Max})
	if err != nil || len(told.Items) != device.HappeningsKept || told.Items[0].Value != "599" {
		t.Errorf("kept: %d, %v", len(told.Items), err)
	}
	for i := range all {
		all[i].Cleared = true
	}
	c.happen(all...)
	c.happen(device.Happening{Name: one, Value: "1", Trigger: "Alerting", Severity: 0}, device.Happening{Name: one, Value: "0", Trigger: "Alerting", Cleared: true})
	c.expect("N07.FR.02 raised and cleared by one message", c.findings(true), nil)
}

func TestAlertOfAMonitorThatIsNoMore(t *testing.T) {
	c := newWorld(t).charger("CP-1", station.OCPP201, ctrlr("A", "One", "1"))
	c.rest(time.Minute)
	c.happen(device.Happening{Name: device.Name{Component: "A", Variable: "One"}, Value: "1", Trigger: "Alerting", MonitorID: 7, Severity: 0})
	c.expect("raised", c.findings(true), []string{"device_alert"})
	cmd, err := c.fleet.Command(t.Context(), c.by, "CP-1", fleet.NewCommand{Type: command.ClearMonitors, Input: command.Input{MonitorIDs: []int{7}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.leaves(<-c.socket.commands); err != nil {
		t.Fatal(err)
	}
	c.answered(cmd, fleet.Answered{State: command.Accepted, Final: true, Monitors: []device.MonitorResult{{Monitor: device.Monitor{ID: 7}, Status: "Accepted"}}})
	c.expect("when the monitor is cleared", c.findings(true), nil)
}
