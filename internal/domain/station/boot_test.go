package station

import (
	"testing"
	"time"
)

func TestMatch(t *testing.T) {
	tests := []struct {
		pattern, text string
		want          bool
	}{
		{"", "anything", true},
		{"*", "", true},
		{"Acme", "acme", true},
		{"Acme", "acme2", false},
		{"Acme*", "ACME Power", true},
		{"*Power", "Acme Power", true},
		{"*Power", "Acme Powers", false},
		{"A*e*r", "Acme Power", true},
		{"A*e*x", "Acme Power", false},
		{"ab*ba", "aba", false},
		{"ab*ba", "abba", true},
		{"*a*a*", "aa", true},
		{"*a*a*", "a", false},
		{"1.*", "1.2.3", true},
		{"1.*", "12", false},
	}
	for _, tt := range tests {
		if got := Match(tt.pattern, tt.text); got != tt.want {
			t.Errorf("%q on %q: got %v, want %v", tt.pattern, tt.text, got, tt.want)
		}
	}
}

func TestChoose(t *testing.T) {
	all := []Template{
		{ID: "tpl_9", Vendor: "*"},
		{ID: "tpl_1", Vendor: "Acme"},
		{ID: "tpl_2", Vendor: "Acme", Model: "Fast*"},
		{ID: "tpl_3", Vendor: "Acme", Model: "Fast*", Firmware: "2.*"},
		{ID: "tpl_5", Organisation: "org_1", Vendor: "acme"},
		{ID: "tpl_4", Organisation: "org_1", Vendor: "ACME"},
	}
	tests := []struct{ name, vendor, model, firmware, want string }{
		{"only the catch-all", "Other", "X", "1", "tpl_9"},
		{"the organisation's own before Pylon's, then the smaller identifier", "Acme", "Slow", "2.0", "tpl_4"},
		{"the model says more", "Acme", "Fast 50", "1.9", "tpl_2"},
		{"the firmware says most", "Acme", "Fast 50", "2.0", "tpl_3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := Choose(all, tt.vendor, tt.model, tt.firmware); string(got.ID) != tt.want || !ok {
				t.Errorf("got %q %v, want %q", got.ID, ok, tt.want)
			}
		})
	}
	if got, ok := Choose(all[1:], "Other", "X", "1"); ok {
		t.Errorf("none matches: got %q", got.ID)
	}
}

func TestBoot(t *testing.T) {
	templates := []Template{{ID: "tpl_1", Vendor: "Acme", Quirks: Quirks{HeartbeatSeconds: 30, SharedEVSE: true}}}
	in := BootReport{At: noon, OCPP: OCPP201, Vendor: "Acme", Model: "M1", Firmware: "2", Reason: "PowerUp"}
	other := in
	other.Vendor = "Other"
	accepted := Station{ID: "sta_1", Registration: Accepted, Version: 4}
	tests := []struct {
		name     string
		st       Station
		in       BootReport
		want     Registration
		interval time.Duration
		template string
		shared   bool
	}{
		{"B01.FR.02 accepted", accepted, other, Accepted, 5 * time.Minute, "", false},
		{"B01.FR.04 accepted, a heartbeat of its own", accepted, in, Accepted, 30 * time.Second, "tpl_1", true},
		{"B02.FR.08 pending waits a short time", Station{Registration: Pending, Version: 4}, in, Pending, pendingRetry, "tpl_1", true},
		{"B02 registration not decided", Station{Version: 4}, in, "", pendingRetry, "tpl_1", true},
		{"B03.FR.06 rejected waits a long time", Station{Registration: Rejected, Version: 4}, in, Rejected, rejectedRetry, "tpl_1", true},
		{"the operator's quirks win", Station{Registration: Accepted, Quirks: Quirks{HeartbeatSeconds: 60}, Version: 4}, in, Accepted, time.Minute, "", false},
		{"a template's quirks give way to another's", Station{Registration: Accepted, Quirks: Quirks{Phases: 1}, Template: "tpl_0", Version: 4}, in, Accepted, 30 * time.Second, "tpl_1", true},
		{"a template's quirks end with its match", Station{Registration: Accepted, Quirks: Quirks{SharedEVSE: true}, Template: "tpl_0", Version: 4}, other, Accepted, 5 * time.Minute, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st, a := Boot(tt.st, templates, tt.in, 5*time.Minute)
			if a.Registration != tt.want || a.Interval != tt.interval || a.At != noon {
				t.Errorf("answer: got %+v, want %s %s", a, tt.want, tt.interval)
			}
			if string(st.Template) != tt.template || st.Quirks.SharedEVSE != tt.shared {
				t.Errorf("quirks: got %q %+v, want %q", st.Template, st.Quirks, tt.template)
			}
			if st.Version != 5 || st.BootedAt != noon || st.Model != "M1" || st.OCPP != OCPP201 || st.BootReason != "PowerUp" {
				t.Errorf("station: got %+v", st)
			}
		})
	}
}

func TestBootForgetsNothing(t *testing.T) {
	st := Station{Serial: "S1", ICCID: "8949", IMSI: "262", MeterType: "DC", MeterSerial: "M1", Firmware: "1"}
	got, _ := Boot(st, nil, BootReport{At: noon, OCPP: OCPP16, Vendor: "Acme", Model: "M1", Firmware: "2"}, time.Minute)
	if got.Serial != "S1" || got.ICCID != "8949" || got.IMSI != "262" || got.MeterType != "DC" || got.MeterSerial != "M1" {
		t.Errorf("what was left out is gone: %+v", got)
	}
	if got.Firmware != "2" {
		t.Errorf("firmware: got %q, want 2", got.Firmware)
	}
	if n := BootNoticeOf(got); n.Firmware != "2" || n.OCPP != OCPP16 || n.Vendor != "Acme" {
		t.Errorf("notice: got %+v", n)
	}
}

func TestPlace(t *testing.T) {
	tests := []struct {
		name            string
		quirks          Quirks
		n               int
		evse, connector int
	}{
		{"1.6 3.8 the station itself", Quirks{}, 0, 0, 0},
		{"1.6 3.8 the first connector", Quirks{}, 1, 1, 1},
		{"1.6 3.8 the second connector", Quirks{}, 2, 2, 1},
		{"outlets of one EVSE", Quirks{SharedEVSE: true}, 2, 1, 2},
		{"the station itself with outlets of one EVSE", Quirks{SharedEVSE: true}, 0, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			evse, connector := tt.quirks.Place(tt.n)
			if evse != tt.evse || connector != tt.connector {
				t.Errorf("got %d/%d, want %d/%d", evse, connector, tt.evse, tt.connector)
			}
			if got := tt.quirks.Connector16(evse, connector); got != tt.n {
				t.Errorf("and back: got %d, want %d", got, tt.n)
			}
		})
	}
	if evse, connector := (Quirks{}).Place(-1); evse != 0 || connector != 0 {
		t.Errorf("a number below 0: got %d/%d, want the station", evse, connector)
	}
}

func TestUID(t *testing.T) {
	reversed := Quirks{ReversedTags: true}
	tests := []struct {
		name   string
		quirks Quirks
		uid    string
		want   string
	}{
		{"as presented", Quirks{}, "04E1c2A2", "04E1c2A2"},
		{"bytes reversed", reversed, "04E1c2A2", "A2c2E104"},
		{"half a byte", reversed, "04E1C", "04E1C"},
		{"no hex", reversed, "ABCXYZ", "ABCXYZ"},
		{"nothing", reversed, "", ""},
		{"space around it", reversed, " 04E1 ", "E104"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.quirks.UID(tt.uid); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
