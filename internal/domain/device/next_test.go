package device_test

import (
	"testing"
	"time"

	"pylon/internal/domain/device"
)

func desired(n device.Name, value string, s device.State) device.Desired {
	return device.Desired{Setting: device.Setting{Name: n, Attribute: device.Actual, Value: value}, Origin: device.FromOperator, State: s, Since: at(0)}
}

func TestNext(t *testing.T) {
	one := name("A", "One")
	m := device.Checked(whole(variable(one, "1")), "1.0", at(0)).Model
	read := device.Survey{Read: device.Seen{}}
	read.Had(seenOf(one))
	sent := desired(one, "2", device.Pending)
	sent.AttemptedAt, sent.Window, sent.Attempts, sent.Refusals = at(0), at(0), 1, 1
	fought := desired(one, "2", device.Drifted)
	fought.AttemptedAt, fought.Window, fought.Attempts = at(0), at(0), 3
	for _, c := range []struct {
		name    string
		now     time.Time
		model   device.Model
		desired []device.Desired
		change  func(*device.Known)
		want    device.StepKind
		scope   device.Scope
		until   time.Time
	}{
		{name: "nothing known", want: device.StepReport, scope: device.ScopeFull},
		{name: "known, and nothing desired", model: m},
		{name: "known under another firmware", model: m, change: func(k *device.Known) { k.Firmware = "2" }, want: device.StepReport, scope: device.ScopeFull},
		{name: "known for a week", now: at(0).Add(7 * 24 * time.Hour), model: m, want: device.StepReport, scope: device.ScopeFull},
		{name: "known for less", now: at(0).Add(7*24*time.Hour - 1), model: m},
		{name: "after a boot", model: m, change: func(k *device.Known) { k.Booted = true }, want: device.StepReport, scope: device.ScopeConfiguration},
		{name: "1.6 5.8 after a boot", model: m, change: func(k *device.Known) { k.Booted, k.Keys = true, true }, want: device.StepReport, scope: device.ScopeFull},
		{name: "not read lately", model: m, desired: []device.Desired{desired(one, "1", device.InSync)}, want: device.StepRead},
		{name: "as desired", model: m, desired: []device.Desired{desired(one, "1", device.InSync)}, change: func(k *device.Known) { k.Survey = read }},
		{name: "to be set", model: m, desired: []device.Desired{desired(one, "2", device.Pending)}, change: func(k *device.Known) { k.Survey = read }, want: device.StepWrite},
		{name: "refused just now", now: at(9), model: m, desired: []device.Desired{sent}, change: func(k *device.Known) { k.Survey = read }, until: at(10)},
		{name: "refused a while ago", now: at(10), model: m, desired: []device.Desired{sent}, change: func(k *device.Known) { k.Survey = read }, want: device.StepWrite},
		{name: "fought over", now: at(10), model: m, desired: []device.Desired{fought}, change: func(k *device.Known) { k.Survey = read }, until: at(0).Add(24 * time.Hour)},
		{name: "refused for good", model: m, desired: []device.Desired{desired(one, "2", device.Refused)}, change: func(k *device.Known) { k.Survey = read }},
		{name: "not there", model: m, desired: []device.Desired{desired(one, "2", device.Absent)}},
		{name: "to boot, idle", model: m, desired: []device.Desired{desired(one, "2", device.RebootRequired)}, change: func(k *device.Known) { k.Idle = true }, want: device.StepReset},
		{name: "to boot, charging", model: m, desired: []device.Desired{desired(one, "2", device.RebootRequired)}, until: at(5)},
		{name: "to boot, not wanted", model: m, desired: []device.Desired{desired(one, "2", device.RebootRequired)}, change: func(k *device.Known) { k.Idle, k.Reboot = true, device.RebootNever }},
		{name: "to boot, asked already", model: m, desired: []device.Desired{desired(one, "2", device.RebootRequired)}, change: func(k *device.Known) { k.Idle, k.Survey.Reset = true, true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := device.Known{Now: c.now, Firmware: "1.0", Device: device.Device{Model: c.model, Desired: c.desired}}
			if k.Now.IsZero() {
				k.Now = at(0)
			}
			if c.change != nil {
				c.change(&k)
			}
			got := device.Next(k)
			if got.Kind != c.want || got.Scope != c.scope || !got.Until.Equal(c.until) {
				t.Errorf("got step %d %s until %v, want %d %s %v", got.Kind, got.Scope, got.Until, c.want, c.scope, c.until)
			}
		})
	}
}

func seenOf(names ...device.Name) device.Seen {
	seen := make(device.Seen)
	for _, n := range names {
		seen.Add(part(variable(n, "")))
	}
	return seen
}

func TestReindex(t *testing.T) {
	heartbeat, one := device.Name{Variable: "HeartbeatInterval"}, name("A", "One")
	was := device.Index(whole(variable(heartbeat, "300"), variable(one, "1")), nil)
	if len(was) != 1 || was[0].Key != "heartbeatinterval" || was[0].Value != "300" {
		t.Fatalf("what nobody desires: %+v", was)
	}
	now := device.Index(whole(variable(one, "2")), []device.Desired{desired(one, "2", device.InSync)})
	put, drop := device.Reindex(was, now)
	if len(put) != 1 || put[0].Key != "a.one" || len(drop) != 1 || drop[0].Key != "heartbeatinterval" {
		t.Errorf("put %+v, drop %+v", put, drop)
	}
}
