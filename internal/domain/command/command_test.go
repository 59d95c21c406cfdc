package command_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/command"
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
