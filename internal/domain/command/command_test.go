package command_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/command"
	"pylon/internal/domain/device"
	"pylon/internal/kernel/fault"
)

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name    string
		of      command.Type
		in      command.Input
		pointer string // of the broken field; "": none
		code    string
	}{
		{"start", command.Start, command.Input{TokenUID: "04A1"}, "", ""},
		{"start with the longest token", command.Start, command.Input{TokenUID: strings.Repeat("A", 255)}, "", ""},
		{"start with a longer one", command.Start, command.Input{TokenUID: strings.Repeat("A", 256)}, "/token_uid", "too_long"},
		{"start for nobody", command.Start, command.Input{}, "/token_uid", "required"},
		{"stop", command.Stop, command.Input{TransactionID: "1"}, "", ""},
		{"stop of nothing", command.Stop, command.Input{}, "/session_id", "required"},
		{"unlock", command.Unlock, command.Input{EVSE: 1}, "", ""},
		{"unlock of nothing", command.Unlock, command.Input{Connector: 1}, "/evse_id", "required"},
		{"trigger", command.Trigger, command.Input{Message: "Heartbeat"}, "", ""},
		{"trigger of nothing", command.Trigger, command.Input{}, "/message", "required"},
		{"password", command.SetPassword, command.Input{Secret: "s"}, "", ""},
		{"no password", command.SetPassword, command.Input{}, "/password", "required"},
		{"raw", command.Raw, command.Input{Action: "GetLog"}, "", ""},
		{"raw without action", command.Raw, command.Input{}, "/action", "required"},
		{"reset", command.Reset, command.Input{}, "", ""},
		{"availability of the station", command.ChangeAvailability, command.Input{}, "", ""},
		{"clear cache", command.ClearCache, command.Input{}, "", ""},
		{"read", command.ReadVariables, command.Input{Variables: variables("HeartbeatInterval")}, "", ""},
		{"read nothing", command.ReadVariables, command.Input{}, "/variables", "required"},
		{"read without a name", command.ReadVariables, command.Input{Variables: variables("a", "")}, "/variables/1/variable", "required"},
		{"read a secret", command.ReadVariables, command.Input{Variables: variables("AuthorizationKey")}, "/variables/0/variable", "secret"},
		{"read below the first EVSE", command.ReadVariables, command.Input{Variables: []device.Setting{{Name: device.Name{Variable: "a", EVSE: -1}}}}, "/variables/0/evse_id", "out_of_range"},
		{"write", command.WriteVariables, command.Input{Variables: variables("HeartbeatInterval")}, "", ""},
		{"write nothing", command.WriteVariables, command.Input{}, "/variables", "required"},
		{"write a secret", command.WriteVariables, command.Input{Variables: variables("a", "BasicAuthPassword")}, "/variables/1/variable", "secret"},
		{"the most variables", command.ReadVariables, command.Input{Variables: variables(make500()...)}, "", ""},
		{"more", command.ReadVariables, command.Input{Variables: variables(append(make500(), "one more")...)}, "/variables", "too_many"},
		{"report of all", command.ReportVariables, command.Input{}, "", ""},
		{"report of a scope", command.ReportVariables, command.Input{Scope: device.ScopeSummary}, "", ""},
		{"report of a scope there is not", command.ReportVariables, command.Input{Scope: device.ScopeSome}, "/scope", "unknown_value"},
		{"report of a component", command.ReportVariables, command.Input{Variables: []device.Setting{{Name: device.Name{Component: "EVSE"}}}}, "", ""},
		{"report of nothing", command.ReportVariables, command.Input{Variables: variables("")}, "/variables/0/variable", "required"},
		{"monitors", command.ReportMonitors, command.Input{}, "", ""},
		{"a monitor", command.SetMonitors, monitor("EVSE", "Power", "UpperThreshold", 9), "", ""},
		{"no monitor", command.SetMonitors, command.Input{}, "/monitors", "items"},
		{"a monitor of a 1.6 key", command.SetMonitors, monitor("", "Power", "Delta", 9), "/monitors/0/variable", "required"},
		{"a monitor without type", command.SetMonitors, monitor("EVSE", "Power", "", 9), "/monitors/0/type", "required"},
		{"a monitor beneath debug", command.SetMonitors, monitor("EVSE", "Power", "Delta", 10), "/monitors/0/severity", "out_of_range"},
		{"clear a monitor", command.ClearMonitors, command.Input{MonitorIDs: []int{1}}, "", ""},
		{"clear none", command.ClearMonitors, command.Input{}, "/monitor_ids", "items"},
		{"EVSE below the first", command.Reset, command.Input{EVSE: -1}, "/evse_id", "out_of_range"},
		{"connector below the first", command.Unlock, command.Input{EVSE: 1, Connector: -1}, "/connector_id", "out_of_range"},
		{"no type", "", command.Input{}, "/type", "unknown_value"},
		{"a type there is not", "explode", command.Input{}, "/type", "unknown_value"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := command.Check(command.Command{Type: c.of, Input: c.in})
			if c.pointer == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			e, ok := errors.AsType[*fault.Error](err)
			if !ok || e.Kind != fault.Invalid || len(e.Fields) != 1 {
				t.Fatalf("got %v, want one field that is wrong", err)
			}
			if got := e.Fields[0]; got.Pointer != c.pointer || got.Code != c.code {
				t.Errorf("got %s %s, want %s %s", got.Pointer, got.Code, c.pointer, c.code)
			}
		})
	}
}

func variables(names ...string) []device.Setting {
	var all []device.Setting
	for _, name := range names {
		all = append(all, device.Setting{Name: device.Name{Variable: name}})
	}
	return all
}

func make500() []string {
	names := make([]string, 500)
	for i := range names {
		names[i] = "v" + strconv.Itoa(i)
	}
	return names
}

func monitor(component, variable, kind string, severity int) command.Input {
	return command.Input{Monitors: []device.Monitor{{Name: device.Name{Component: component, Variable: variable}, Type: kind, Severity: severity}}}
}

func TestFinal(t *testing.T) {
	for state, want := range map[command.State]bool{
		command.Queued: false, command.Sent: false, command.Accepted: false,
		command.Rejected: true, command.Observed: true, command.TimedOut: true, command.Cancelled: true,
	} {
		if got := state.Final(); got != want {
			t.Errorf("%s: got %t, want %t", state, got, want)
		}
	}
}

func TestEnd(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	was := command.Command{Type: command.Reset, State: command.Sent, SentAt: now.Add(-time.Second), Version: 2}
	got := was.End(command.Rejected, "NotSupported", "no such thing", now)
	if got.State != command.Rejected || got.ErrorCode != "NotSupported" || got.ErrorDetail != "no such thing" {
		t.Errorf("got %s, %q, %q", got.State, got.ErrorCode, got.ErrorDetail)
	}
	if !got.Finished() || !got.FinishedAt.Equal(now) || got.Version != 3 {
		t.Errorf("got finished %t at %s, version %d", got.Finished(), got.FinishedAt, got.Version)
	}
	if was.Finished() || was.State != command.Sent || was.Version != 2 {
		t.Errorf("the command before its end has changed: %+v", was)
	}
	if !got.SentAt.Equal(was.SentAt) {
		t.Errorf("sent: got %s, want %s", got.SentAt, was.SentAt)
	}
}

func TestExpire(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		state command.State
		code  string
	}{
		{command.Queued, "not_sent"},
		{command.Sent, "no_answer"},
		{command.Accepted, "not_observed"},
	} {
		t.Run(string(c.state), func(t *testing.T) {
			got := command.Command{State: c.state, Version: 1}.Expire(now)
			if got.State != command.TimedOut || got.ErrorCode != c.code || !got.FinishedAt.Equal(now) || got.Version != 2 {
				t.Errorf("got %s, %q at %s, version %d", got.State, got.ErrorCode, got.FinishedAt, got.Version)
			}
		})
	}
}

// What is kept of a command and told of it names no uid, password or body.
func TestNothingSecretIsKept(t *testing.T) {
	const secret = "hush"
	c := command.Command{
		Type: command.SetPassword, State: command.Sent, Payload: []byte(secret), Result: []byte(secret), ErrorDetail: secret,
		Input: command.Input{TokenUID: secret, TokenType: secret, Secret: secret, Body: []byte(secret), Action: "SetVariables"},
	}
	for name, value := range map[string]any{"input": c.Input, "notice": command.NoticeOf(&c)} {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), secret) {
			t.Errorf("%s: got %s", name, text)
		}
	}
	if got, want := command.NoticeOf(&c), (command.Notice{Type: command.SetPassword, State: command.Sent}); got != want {
		t.Errorf("notice: got %+v, want %+v", got, want)
	}
}
