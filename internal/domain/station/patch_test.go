package station

import (
	"reflect"
	"strings"
	"testing"
)

func TestApply(t *testing.T) {
	st := Station{
		ID: "sta_1", Name: "A", Registration: Accepted, Automation: true, OCPP: OCPP201, Template: "tpl_1",
		Quirks: Quirks{Lenient: new(true), Phases: 3}, Version: 4,
	}
	tests := []struct {
		name    string
		patch   Patch
		want    string // the broken rule
		changed bool
	}{
		{"nothing", Patch{}, "", false},
		{"the same name", Patch{Name: new("A")}, "", false},
		{"a name", Patch{Name: new("B")}, "", true},
		{"the longest name", Patch{Name: new(strings.Repeat("n", 100))}, "", true},
		{"too long a name", Patch{Name: new(strings.Repeat("n", 101))}, "/name too_long", false},
		{"a site", Patch{Site: new("sit_01JD3K6X5M8Q2V7T9WBNCRFHYZ")}, "", true},
		{"off its site", Patch{Site: new("")}, "", false},
		{"no site's identifier", Patch{Site: new("sta_01JD3K6X5M8Q2V7T9WBNCRFHYZ")}, "/site_id identifier_malformed", false},
		{"pending", Patch{Registration: new(Pending)}, "", true},
		{"rejected", Patch{Registration: new(Rejected)}, "", true},
		{"no registration", Patch{Registration: new(Registration("maybe"))}, "/registration unknown_value", false},
		{"automation off", Patch{Automation: new(false)}, "", true},
		{"the least profile", Patch{SecurityProfile: new(0)}, "", false},
		{"the highest profile", Patch{SecurityProfile: new(3)}, "", true},
		{"below the profiles", Patch{SecurityProfile: new(-1)}, "/security_profile out_of_range", false},
		{"above the profiles", Patch{SecurityProfile: new(4)}, "/security_profile out_of_range", false},
		{"a password", Patch{Password: new("correct-horse-battery")}, "", true},
		{"a password that its version cannot use", Patch{Password: new(strings.Repeat("p", 41))}, "/password too_long", false},
		{"the same quirks", Patch{Quirks: &Quirks{Lenient: new(true), Phases: 3}}, "", false},
		{"other quirks", Patch{Quirks: &Quirks{Lenient: new(false), Phases: 3}}, "", true},
		{"no phases", Patch{Quirks: &Quirks{Phases: 2}}, "/quirks/phases unknown_value", false},
		{"no subprotocol", Patch{Quirks: &Quirks{Subprotocol: "ocpp1.5"}}, "/quirks/subprotocol unknown_value", false},
		{"no meter unit", Patch{Quirks: &Quirks{MeterUnit: "MWh"}}, "/quirks/meter_unit unknown_value", false},
		{"a negative heartbeat", Patch{Quirks: &Quirks{HeartbeatSeconds: -1}}, "/quirks/heartbeat_seconds out_of_range", false},
		{"the longest heartbeat", Patch{Quirks: &Quirks{HeartbeatSeconds: 86_400}}, "", true},
		{"too long a heartbeat", Patch{Quirks: &Quirks{HeartbeatSeconds: 86_401}}, "/quirks/heartbeat_seconds out_of_range", false},
		{"a negative current", Patch{Quirks: &Quirks{MaxCurrentMA: -1}}, "/quirks/max_current_ma out_of_range", false},
		{"one rule broken, nothing changed", Patch{Name: new("B"), SecurityProfile: new(9)}, "/security_profile out_of_range", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Apply(st, tt.patch, []byte("salt"), noon)
			if rule := brokenRule(err); rule != tt.want {
				t.Fatalf("got %q, want %q", rule, tt.want)
			}
			if changed := got.Version != st.Version; changed != tt.changed {
				t.Errorf("version: got %d, changed %v, want %v", got.Version, changed, tt.changed)
			}
			got.Version = st.Version
			if changed := !reflect.DeepEqual(got, st); changed != tt.changed {
				t.Errorf("changed: got %v, want %v: %+v", changed, tt.changed, got)
			}
		})
	}
}

func TestApplyPasswordTakesThePlaceOfAllOthers(t *testing.T) {
	const one, two, three = "one-password-of-mine", "two-passwords-of-mine", "three-passwords-of-mine"
	st := ProposeSecret(Station{Secrets: []Secret{secret(t, one)}}, secret(t, two))
	got, err := Apply(st, Patch{Password: new(three)}, []byte("salt"), noon)
	if err != nil {
		t.Fatal(err)
	}
	if i, ok := Check(got, []byte(three), noon); i != 0 || !ok || len(got.Secrets) != 1 {
		t.Errorf("got %+v", got.Secrets)
	}
	none, err := Apply(got, Patch{Password: new("")}, nil, noon)
	if err != nil || len(none.Secrets) != 0 {
		t.Errorf("an empty password: got %+v, %v, want none", none.Secrets, err)
	}
}

func TestDescribeHidesThePassword(t *testing.T) {
	const password = "correct-horse-battery"
	p := Patch{Name: new("A"), Password: new(password), Automation: new(false)}
	if got, want := Describe(p), `{"name":"A","automation":false,"password":"(not shown)"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if *p.Password != password {
		t.Error("Describe changed its argument")
	}
}

// What is emptied is a change too: the text goes to another node, and into the
// audit trail.
func TestAPatchKeepsWhatItEmpties(t *testing.T) {
	p := Patch{Name: new(""), Site: new(""), Quirks: &Quirks{}}
	if got, want := Describe(p), `{"name":"","site_id":"","quirks":{}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestApplyQuirksBelongToWhoSetsThem(t *testing.T) {
	templates := []Template{{ID: "tpl_1", Vendor: "Acme", Quirks: Quirks{Phases: 3}}}
	boot := BootReport{At: noon, Vendor: "Acme"}
	st, _ := Boot(Station{Registration: Accepted}, templates, boot, 0)
	own, err := Apply(st, Patch{Quirks: &Quirks{Phases: 1}}, nil, noon)
	if err != nil {
		t.Fatal(err)
	}
	own, _ = Boot(own, templates, boot, 0)
	if own.Quirks.Phases != 1 || own.Template != "" {
		t.Errorf("a boot took the operator's quirks away: %+v %q", own.Quirks, own.Template)
	}
	back, err := Apply(own, Patch{Quirks: &Quirks{}}, nil, noon)
	if err != nil {
		t.Fatal(err)
	}
	back, _ = Boot(back, templates, boot, 0)
	if back.Quirks.Phases != 3 || back.Template != "tpl_1" {
		t.Errorf("empty quirks did not give it back: %+v %q", back.Quirks, back.Template)
	}
}
