package job_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/command"
	"pylon/internal/domain/device"
	"pylon/internal/domain/job"
	"pylon/internal/kernel/fault"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func aJob() job.Job {
	return job.Job{
		Kind: job.Kind(command.Reset), State: job.Queued, Concurrency: 1, Offline: job.Wait, Term: time.Minute, CreatedAt: t0,
		Deadline: t0.Add(time.Hour), Counts: job.Counts{Pending: 2}, Version: 2,
	}
}

func desire(variables ...string) func(*job.Job) {
	return func(j *job.Job) {
		j.Kind = job.SetDesired
		for _, v := range variables {
			j.Input.Desired.Set = append(j.Input.Desired.Set, device.Setting{Name: device.Name{Variable: v}, Value: "1"})
		}
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*job.Job)
		pointer string // of the broken field; "": none
	}{
		{"a reset", func(*job.Job) {}, ""},
		{"what a command lacks", func(j *job.Job) { j.Kind = job.Kind(command.Trigger) }, "/command/message"},
		{"no kind", func(j *job.Job) { j.Kind = "" }, "/command/type"},
		{"a start", func(j *job.Job) { j.Kind = job.Kind(command.Start) }, "/command/type"},
		{"one password for all", func(j *job.Job) { j.Kind = job.Kind(command.SetPassword) }, "/command/type"},
		{"a raw call", func(j *job.Job) { j.Kind = job.Kind(command.Raw) }, "/command/type"},
		{"a desired value", desire("HeartbeatInterval"), ""},
		{"none", desire(), "/desired"},
		{"one that is secret", desire("HeartbeatInterval", "AuthorizationKey"), "/desired/set/1/variable"},
		{"no concurrency", func(j *job.Job) { j.Concurrency = 0 }, "/concurrency"},
		{"the most", func(j *job.Job) { j.Concurrency = job.ConcurrencyMax }, ""},
		{"more", func(j *job.Job) { j.Concurrency = job.ConcurrencyMax + 1 }, "/concurrency"},
		{"a negative pace", func(j *job.Job) { j.PerMinute = -1 }, "/per_minute"},
		{"no time", func(j *job.Job) { j.Term = 0 }, "/command/timeout_s"},
		{"a second", func(j *job.Job) { j.Term = time.Second }, ""},
		{"a deadline too near", func(j *job.Job) { j.Deadline = t0.Add(59 * time.Second) }, "/expires_in_s"},
		{"a week", func(j *job.Job) { j.Deadline = t0.Add(7 * 24 * time.Hour) }, ""},
		{"longer", func(j *job.Job) { j.Deadline = t0.Add(7*24*time.Hour + time.Second) }, "/expires_in_s"},
		{"neither wait nor skip", func(j *job.Job) { j.Offline = "" }, "/offline"},
		{"a pattern too long", func(j *job.Job) { j.Filter.Firmware = strings.Repeat("a", 101) }, "/filter/firmware"},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := aJob()
			c.change(&j)
			err := job.Check(j)
			if c.pointer == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			e, ok := errors.AsType[*fault.Error](err)
			if !ok || e.Kind != fault.Invalid || len(e.Fields) != 1 || e.Fields[0].Pointer != c.pointer {
				t.Errorf("got %v, want %s", err, c.pointer)
			}
		})
	}
}

func TestFilter(t *testing.T) {
	c := job.Candidate{Site: "sit_1", Vendor: "ACME GmbH", Model: "Wall 2", Firmware: "1.4.2", OCPP: "1.6"}
	for _, tt := range []struct {
		name   string
		filter job.Filter
		want   bool
	}{
		{"nothing asked", job.Filter{}, true},
		{"site", job.Filter{Site: "sit_1"}, true},
		{"another", job.Filter{Site: "sit_2"}, false},
		{"version", job.Filter{OCPP: "1.6"}, true},
		{"another version", job.Filter{OCPP: "2.0.1"}, false},
		{"patterns", job.Filter{Vendor: "acme*", Model: "Wall 2", Firmware: "1.4.*"}, true},
		{"one that does not fit", job.Filter{Vendor: "acme*", Firmware: "1.5.*"}, false},
	} {
		if got := tt.filter.Matches(c); got != tt.want {
			t.Errorf("%s: got %t, want %t", tt.name, got, tt.want)
		}
	}
}

func TestOutcome(t *testing.T) {
	for _, tt := range []struct {
		command command.Command
		want    job.TargetState
		code    string
	}{
		{command.Command{State: command.Accepted}, job.Succeeded, ""},
		{command.Command{State: command.Observed}, job.Succeeded, ""},
		{command.Command{State: command.Rejected, ErrorCode: "NotSupported"}, job.Failed, "NotSupported"},
		{command.Command{State: command.TimedOut, ErrorCode: "no_answer"}, job.Failed, "no_answer"},
		{command.Command{State: command.Cancelled, ErrorCode: "cancelled"}, job.Dropped, "cancelled"},
	} {
		tt.command.FinishedAt = t0
		flight := job.Flight{Target: job.Target{State: job.InProgress, Version: 2}, Asked: tt.command}
		got := flight.Land()
		if got.State != tt.want || got.ErrorCode != tt.code || !got.At.Equal(t0) || got.Version != 3 {
			t.Errorf("%s: got %+v, want %s %q", tt.command.State, got, tt.want, tt.code)
		}
	}
}

func TestLife(t *testing.T) {
	now := t0.Add(time.Minute)
	begun := aJob().Progress(job.Counts{Pending: 1, InProgress: 1}, now)
	if begun.State != job.Running || !begun.StartedAt.Equal(now) || begun.Finished() || begun.Version != 3 {
		t.Errorf("begun: got %+v", begun)
	}
	done := begun.Progress(job.Counts{Succeeded: 1, Failed: 1}, now.Add(time.Minute))
	if done.State != job.Completed || !done.Finished() || !done.StartedAt.Equal(now) {
		t.Errorf("done: got %+v", done)
	}
	if _, err := done.Cancel(); fault.CodeOf(err) != "job_ended" {
		t.Errorf("cancel what is done: got %v", err)
	}
	called, err := begun.Cancel()
	if err != nil || called.State != job.Cancelled || called.Finished() {
		t.Errorf("cancelled: got %+v, %v", called, err)
	}
	if _, err := called.Cancel(); fault.CodeOf(err) != "job_ended" {
		t.Errorf("cancel again: got %v", err)
	}
	if got := called.Progress(job.Counts{Dropped: 1, Succeeded: 1}, now); got.State != job.Cancelled || !got.Finished() {
		t.Errorf("its end: got %+v", got)
	}
}

func TestCounts(t *testing.T) {
	var c job.Counts
	for i, s := range []job.TargetState{job.Pending, job.InProgress, job.Succeeded, job.Failed, job.Skipped, job.Dropped} {
		c.Set(s, int64(1)<<i)
	}
	if c.Total() != 63 || c.Open() != 3 || c != (job.Counts{Pending: 1, InProgress: 2, Succeeded: 4, Failed: 8, Skipped: 16, Dropped: 32}) {
		t.Errorf("got %+v", c)
	}
}

func TestScope(t *testing.T) {
	for kind, want := range map[job.Kind]account.Scope{job.SetDesired: account.StationsWrite, "reset": account.CommandsWrite} {
		if got := kind.Scope(); got != want {
			t.Errorf("%s: got %s, want %s", kind, got, want)
		}
	}
}
