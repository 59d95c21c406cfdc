package ocpp_test

import (
	"crypto/tls"
	"encoding/hex"
	"net/http"
	"testing"
	"time"

	"pylon/internal/domain/station"
	"pylon/internal/edge/ocpp"
	"pylon/internal/kernel/fault"
)

const password = "0123456789abcdefXYZ" // 19 characters: a 1.6 key and a 2.x password

func TestHandshake(t *testing.T) {
	tests := []struct {
		name    string
		station func(*station.Station)
		dial    dialing
		want    int
		failure string
	}{
		{"profile 0 asks for nothing", nil, dialing{}, 101, ""},
		{"profile 0 without secrets does not look at a password", nil, dialing{password: "whatever"}, 101, ""},
		{"profile 0 with secrets checks what it gets", withPassword(0, password), dialing{password: "whatever"}, 401, "password"},
		{"A00.FR.207 the right password", withPassword(1, password), dialing{password: password}, 101, ""},
		{"A00.FR.207 a wrong password", withPassword(1, password), dialing{password: password + "x"}, 401, "password"},
		{"A00.FR.203 no password", withPassword(1, password), dialing{}, 401, "password"},
		{"A00.FR.204 the user is the identity alone", withPassword(1, password), dialing{user: "acme/CP1", password: password}, 401, "password"},
		{"a password of any length is looked at", withPassword(1, password), dialing{password: string(make([]byte, 4000))}, 401, "password"},
		{"A00.FR.002 profile 2 without TLS", withPassword(2, password), dialing{password: password}, 403, "tls_required"},
		{"profile 3 without TLS", withPassword(3, password), dialing{password: password}, 403, "tls_required"},
		{"OCPP-J 1.6 3.2 unknown station", nil, dialing{path: "/ocpp/CP2"}, 404, "unknown_station"},
		{"the long form", nil, dialing{path: "/ocpp/acme/CP1"}, 101, ""},
		{"another organisation's station", nil, dialing{path: "/ocpp/other/CP1"}, 404, "unknown_station"},
		{"3.1.1 the identity is percent-encoded", nil, dialing{path: "/ocpp/%43P1"}, 101, ""},
		{"a slash at the end", nil, dialing{path: "/ocpp/CP1/"}, 101, ""},
		{"a path too long", nil, dialing{path: "/ocpp/a/b/CP1"}, 404, "path"},
		{"an encoded slash is none", nil, dialing{path: "/ocpp/acme%2FCP1"}, 404, "path"},
		{"a colon", nil, dialing{path: "/ocpp/CP:1"}, 404, "path"},
		{"nobody", nil, dialing{path: "/ocpp/"}, 404, "path"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := start(t, nil)
			b.world.add("CP1", tt.station)
			_, got := b.dial(tt.dial)
			if got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
			if tt.failure != "" && b.counted("pylon_ocpp_handshake_failures_total", "reason", tt.failure) != 1 {
				t.Errorf("failure %q not counted", tt.failure)
			}
		})
	}
}

func TestChallenge(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", withPassword(1, password))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.server.URL+"/ocpp/CP1", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.status(r); got != http.StatusUpgradeRequired {
		t.Errorf("plain HTTP: got %d, want 426", got)
	}
	r.Header = http.Header{
		"Connection": {"upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"x3JJHMbDL1EzLkh9GBhXDw=="},
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if got, want := response.Header.Get("WWW-Authenticate"), `Basic realm="ocpp", charset="UTF-8"`; response.StatusCode != 401 || got != want {
		t.Errorf("got %d %q, want 401 %q", response.StatusCode, got, want)
	}
	if len(b.logged("refused")) != 1 {
		t.Error("the refusal is not in the station's log")
	}
}

func (b *bench) status(r *http.Request) int {
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// A 1.6 key is set as hex; stations send the bytes or the hex text.
func TestKey16(t *testing.T) {
	key := []byte("\x00\x01\x02\x03\x04\x05\x06\x07\xff\xff\xff\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc")
	text := hex.EncodeToString(key)
	for _, sent := range []string{string(key), text} {
		b := start(t, nil)
		b.world.add("CP1", withPassword(1, text))
		if _, got := b.dial(dialing{password: sent}); got != 101 {
			t.Errorf("%q: got %d, want 101", sent, got)
		}
	}
}

func TestUnknownStations(t *testing.T) {
	tests := []struct {
		name    string
		unknown ocpp.UnknownStations
		token   string
		dial    dialing
		want    int
		as      station.Registration
		profile int
	}{
		{"refused by default", "", "", dialing{path: "/ocpp/NEW"}, 404, "", 0},
		{"pending", ocpp.PendingUnknown, "", dialing{path: "/ocpp/NEW"}, 101, station.Pending, 0},
		{"accepted", ocpp.AcceptUnknown, "", dialing{path: "/ocpp/acme/NEW"}, 101, station.Accepted, 0},
		{"with the token", ocpp.PendingUnknown, "let me in", dialing{path: "/ocpp/NEW", user: "NEW", password: "let me in"}, 101, station.Pending, 1},
		{"without the token", ocpp.AcceptUnknown, "let me in", dialing{path: "/ocpp/NEW"}, 401, "", 0},
		{"with another token", ocpp.AcceptUnknown, "let me in", dialing{path: "/ocpp/NEW", user: "NEW", password: "let me"}, 401, "", 0},
		{"of an unknown organisation", ocpp.AcceptUnknown, "", dialing{path: "/ocpp/other/NEW"}, 404, "", 0},
		{"speaking nothing we know", ocpp.AcceptUnknown, "", dialing{path: "/ocpp/NEW", subprotocol: "ocpp1.5"}, 101, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := start(t, func(o *ocpp.Options) { o.Unknown, o.RegistrationToken = tt.unknown, tt.token })
			_, got := b.dial(tt.dial)
			if got != tt.want {
				t.Fatalf("got %d, want %d", got, tt.want)
			}
			st, err := b.world.StationByIdentity(t.Context(), "", "NEW")
			if tt.as == "" {
				if !fault.Is(err, fault.NotFound) {
					t.Errorf("the station was created: %+v", st)
				}
				return
			}
			if st.Registration != tt.as || st.SecurityProfile != tt.profile {
				t.Errorf("got %s, profile %d, want %s, %d", st.Registration, st.SecurityProfile, tt.as, tt.profile)
			}
			if _, again := b.dial(tt.dial); again != 101 {
				t.Errorf("again: got %d, want 101", again)
			}
		})
	}
}

func TestNegotiation(t *testing.T) {
	tests := []struct {
		name, offer, pinned, want string
	}{
		{"the server's order", "ocpp1.6, ocpp2.0.1,ocpp2.1", "", "ocpp2.1"},
		{"what both speak", "ocpp1.5, ocpp1.6, ocpp2.0", "", "ocpp1.6"},
		{"pinned", "ocpp2.0.1, ocpp1.6", "ocpp1.6", "ocpp1.6"},
		{"pinned but not offered", "ocpp2.0.1", "ocpp1.6", "ocpp2.0.1"},
		{"nothing we speak", "ocpp1.5", "", ""},
		{"nothing", "none", "", ""},
		{"spelt otherwise", "OCPP1.6", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := start(t, nil)
			b.world.add("CP1", func(st *station.Station) { st.Quirks.Subprotocol = tt.pinned })
			p := b.connect(dialing{subprotocol: tt.offer})
			if got := p.ws.Subprotocol(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if tt.want != "" {
				return
			}
			if code, why := p.ended(); code != 1002 || why != "subprotocol_unknown" {
				t.Errorf("got %d %q, want 1002 at once", code, why)
			}
			if b.counted("pylon_ocpp_handshake_failures_total", "reason", "subprotocol") != 1 {
				t.Error("not counted")
			}
		})
	}
}

func TestDatabaseAwayAtTheDoor(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	b.world.before = func(string) error { return fault.New(fault.Unavailable, "database_away") }
	if _, got := b.dial(dialing{}); got != http.StatusServiceUnavailable {
		t.Errorf("got %d, want 503", got)
	}
}

// Failed handshakes are limited for one station from one address: not for its
// neighbours, which share the address, and not for ever.
func TestFailedHandshakesAreLimited(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", withPassword(1, password))
	b.world.add("CP2", withPassword(1, password))
	tries := 0
	for ; tries < 200; tries++ {
		_, status := b.dial(dialing{password: "wrong password"})
		if status == http.StatusTooManyRequests {
			break
		}
		if status != http.StatusUnauthorized {
			t.Fatalf("got %d", status)
		}
	}
	if tries != 101 {
		t.Errorf("limited after %d tries, want 101", tries)
	}
	if _, got := b.dial(dialing{path: "/ocpp/CP2", user: "CP2", password: password}); got != 101 {
		t.Errorf("its neighbour: got %d, want 101", got)
	}
	b.clock.move(time.Minute)
	if _, got := b.dial(dialing{password: password}); got != 101 {
		t.Errorf("a minute later: got %d, want 101", got)
	}
}

func TestProfile3HasAPlace(t *testing.T) {
	asked := 0
	b := start(t, func(o *ocpp.Options) {
		o.ClientCertificate = func(station.Station, *tls.ConnectionState) error { asked++; return nil }
	})
	b.world.add("CP1", func(st *station.Station) { st.SecurityProfile = 3 })
	if _, got := b.dial(dialing{}); got != http.StatusForbidden || asked != 0 {
		t.Errorf("got %d, asked %d times, want 403: there is no TLS", got, asked)
	}
}

func TestSocketsAreLimited(t *testing.T) {
	b := start(t, func(o *ocpp.Options) { o.Limits.Sockets = 1 })
	b.world.add("CP1", nil)
	b.world.add("CP2", nil)
	p := b.connect(dialing{})
	if _, got := b.dial(dialing{path: "/ocpp/CP2"}); got != http.StatusServiceUnavailable {
		t.Errorf("got %d, want 503", got)
	}
	_ = p.ws.Close()
	b.until("release", func() bool { return b.world.called("CP1", "Release") })
	b.until("closed", func() bool { return len(b.world.log) > 1 })
	for range 100 {
		if _, got := b.dial(dialing{path: "/ocpp/CP2"}); got == http.StatusSwitchingProtocols {
			return
		}
	}
	t.Error("the room was not given back")
}
