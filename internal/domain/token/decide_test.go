package token

import (
	"testing"
	"time"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// card returns an accepted token, changed by with.
func card(with func(*Token)) *Token {
	t := &Token{ID: "tok_A", UID: "04E1C2A2", Status: Accepted, Group: "FLEET"}
	if with != nil {
		with(t)
	}
	return t
}

func TestDecide(t *testing.T) {
	ask := Ask{Presented: Presented{UID: "04e1c2a2", Type: "ISO14443"}}
	accepted := Decision{Verdict: VerdictAccepted, Token: "tok_A", Group: "FLEET"}
	refused := func(v Verdict, reason string) Decision {
		return Decision{Verdict: v, Reason: reason, Token: "tok_A", Group: "FLEET"}
	}
	tests := []struct {
		name  string
		token *Token
		ask   Ask
		want  Decision
	}{
		{"C01.FR.07 an accepted token, with its group (C01.FR.06, C09.FR.09)", card(nil), ask, accepted},
		{"1.6 4.1 an accepted idTag", card(nil), Ask{Presented: Presented{UID: "04E1C2A2"}}, accepted},
		{"TC_C_02_CSMS nobody knows it", nil, ask, Decision{Verdict: VerdictUnknown, Reason: ReasonUnknown}},
		{"TC_C_02_CSMS seen before, never adopted", card(func(c *Token) { c.Status = Unknown }), ask, refused(VerdictUnknown, ReasonUnknown)},
		{"TC_C_06_CSMS blocked", card(func(c *Token) { c.Status = Blocked }), ask, refused(VerdictBlocked, ReasonBlocked)},
		{"TC_C_07_CSMS set to expired", card(func(c *Token) { c.Status = Expired }), ask, refused(VerdictExpired, ReasonExpired)},
		{"set to invalid", card(func(c *Token) { c.Status = Invalid }), ask, refused(VerdictInvalid, ReasonInvalid)},
		{"a status of a later version", card(func(c *Token) { c.Status = "lost" }), ask, refused(VerdictInvalid, ReasonInvalid)},
		{"an empty uid", nil, Ask{Presented: Presented{UID: " "}}, Decision{Verdict: VerdictInvalid, Reason: ReasonEmpty}},
		{"C02 a start button cannot be refused", nil, Ask{Presented: Presented{Type: NoAuthorization}}, Decision{Verdict: VerdictAccepted}},

		{
			"the last moment before it expires", card(func(c *Token) { c.ExpiresAt = noon.Add(1) }), ask,
			Decision{Verdict: VerdictAccepted, Token: "tok_A", Group: "FLEET", ExpiresAt: noon.Add(1)},
		},
		{"the moment it expires", card(func(c *Token) { c.ExpiresAt = noon }), ask, refused(VerdictExpired, ReasonExpired)},
		{"the last moment before it is valid", card(func(c *Token) { c.ValidFrom = noon.Add(1) }), ask, refused(VerdictInvalid, ReasonNotYetValid)},
		{"the moment it is valid", card(func(c *Token) { c.ValidFrom = noon }), ask, accepted},
		{"blocked goes before expired", card(func(c *Token) { c.Status, c.ExpiresAt = Blocked, noon }), ask, refused(VerdictBlocked, ReasonBlocked)},

		{"one session less than allowed", card(func(c *Token) { c.MaxSessions, c.Running = 2, 1 }), ask, accepted},
		{"as many sessions as allowed", card(func(c *Token) { c.MaxSessions, c.Running = 2, 2 }), ask, refused(VerdictConcurrentTx, ReasonConcurrent)},
		{"any number of sessions", card(func(c *Token) { c.Running = 99 }), ask, accepted},
		{"C01.FR.03 its own session runs here", card(func(c *Token) { c.MaxSessions, c.Running = 1, 1 }), Ask{Holder: "tok_A"}, accepted},
		{"C09.FR.03 its group's session runs here", card(func(c *Token) { c.MaxSessions, c.Running = 1, 1 }), Ask{Holder: "tok_B", Group: "fleet"}, accepted},
		{
			"a stranger's session runs here", card(func(c *Token) { c.MaxSessions, c.Running = 1, 1 }),
			Ask{Holder: "tok_B", Group: "OTHERS"},
			refused(VerdictConcurrentTx, ReasonConcurrent),
		},
		{"C09.FR.11 of the group, but blocked", card(func(c *Token) { c.Status = Blocked }), Ask{Holder: "tok_B", Group: "FLEET"}, refused(VerdictBlocked, ReasonBlocked)},
		{
			"two tokens without a group share none", card(func(c *Token) { c.Group, c.MaxSessions, c.Running = "", 1, 1 }),
			Ask{Holder: "tok_B"},
			Decision{Verdict: VerdictConcurrentTx, Reason: ReasonConcurrent, Token: "tok_A"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Decide(noon, tt.token, tt.ask); got != tt.want {
				t.Errorf("got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestSee(t *testing.T) {
	in := Sighting{Presented: Presented{UID: "04E1C2A2", Type: "ISO14443"}, Organisation: "org_1", Station: "sta_1", NewID: "tok_NEW"}
	unknown := Token{
		ID: "tok_NEW", Organisation: "org_1", UID: "04E1C2A2", Type: "ISO14443", Status: Unknown,
		SeenAt: noon, SeenStation: "sta_1", CreatedAt: noon, Version: 1,
	}
	with := func(uid, kind string) Sighting { s := in; s.Presented = Presented{UID: uid, Type: kind}; return s }
	long := make([]byte, 256)
	for i := range long {
		long[i] = 'A'
	}
	tests := []struct {
		name             string
		known            *Token
		in               Sighting
		want             Token
		created, changed bool
	}{
		{"an unknown card becomes a row", nil, in, unknown, true, true},
		{"no token, no row", nil, with("", NoAuthorization), Token{}, false, false},
		{"an empty uid, no row", nil, with("", ""), Token{}, false, false},
		{"garbage, no row", nil, with("\x00\x01", ""), Token{}, false, false},
		{"too long for any version, no row", nil, with(string(long), ""), Token{}, false, false},
		{"known, never seen", card(nil), in, *card(func(c *Token) { c.SeenAt, c.SeenStation, c.Version = noon, "sta_1", 1 }), false, true},
		{
			"seen a minute ago", card(func(c *Token) { c.SeenAt = noon.Add(-SeenEvery) }), in,
			*card(func(c *Token) { c.SeenAt, c.SeenStation, c.Version = noon, "sta_1", 1 }), false, true,
		},
		{
			"seen just less than a minute ago", card(func(c *Token) { c.SeenAt = noon.Add(1 - SeenEvery) }), in,
			*card(func(c *Token) { c.SeenAt = noon.Add(1 - SeenEvery) }), false, false,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, created, changed := See(noon, tt.known, tt.in)
			if got != tt.want || created != tt.created || changed != tt.changed {
				t.Errorf("got %+v %v %v\nwant %+v %v %v", got, created, changed, tt.want, tt.created, tt.changed)
			}
		})
	}
}

func TestKeyIsWithoutCase(t *testing.T) {
	if got, want := Key(" 04e1c2a2 "), Key("04E1C2A2"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
