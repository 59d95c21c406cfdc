package app

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"pylon/internal/client"
	"pylon/internal/sim"
	"pylon/internal/wire/ocppj"
)

// refusal returns the status of a refused handshake.
func refusal(t *testing.T, err error) int {
	t.Helper()
	no, ok := errors.AsType[*sim.HandshakeError](err)
	if !ok {
		t.Fatalf("dial: %v, want a refusal", err)
	}
	return no.Status
}

// get returns the status and the body of a page.
func (s *served) get(path string, header http.Header) (status int, body string) {
	s.t.Helper()
	return s.request(http.MethodGet, path, header, "")
}

func (s *served) request(method, path string, header http.Header, form string) (status int, body string) {
	s.t.Helper()
	target := path
	if !strings.Contains(path, "://") {
		target = s.node.URL() + path
	}
	q, err := http.NewRequestWithContext(s.t.Context(), method, target, strings.NewReader(form))
	if err != nil {
		s.t.Fatal(err)
	}
	if header != nil {
		q.Header = header
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestRestartWhileSessionsRun(t *testing.T) {
	c := configuration(t)
	first := serve(t, c)
	c.Listen = first.node.Addr()
	if _, err := first.api.CreateToken(t.Context(), map[string]any{"uid": "04AA01", "type": "ISO14443"}); err != nil {
		t.Fatal(err)
	}
	visits := make(chan error, 2)
	var stations []*sim.Station
	for identity, v := range map[string]ocppj.Version{"CP-16": ocppj.V16, "CP-201": ocppj.V201} {
		first.station(identity, nil)
		st := first.simulate(identity, v)
		stations = append(stations, st)
		go func() {
			if err := st.Online(t.Context()); err != nil {
				visits <- err
				return
			}
			visits <- st.Charge(t.Context(), sim.Visit{
				Token: sim.Token{UID: "04AA01", Type: "ISO14443"}, Stay: 4 * time.Second,
				Car: sim.Car{Phases: 3, MaxCurrent: 16_000, MaxPower: 11_000, Battery: 60_000, Charge: 100, Target: 900},
			})
		}()
	}
	active := func(s *served) func(context.Context) (bool, error) {
		return func(ctx context.Context) (bool, error) {
			p, err := s.api.Sessions(ctx, client.Query{"status": "active"})
			return len(p.Data) == 2, err
		}
	}
	await(t, "two sessions before the stop", active(first))
	if err := first.stop(); err != nil {
		t.Fatalf("stopped in the middle: %v", err)
	}
	second := serve(t, c)
	await(t, "the same two after the start", active(second))
	for range stations {
		if err := <-visits; err != nil {
			t.Fatalf("a visit: %v", err)
		}
	}
	for _, st := range stations {
		if err := st.Settled(t.Context()); err != nil {
			t.Fatal(err)
		}
		truth := st.Truth()[0]
		p, err := second.api.Sessions(t.Context(), client.Query{"station_id": st.Identity()})
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Data) != 1 || p.Data[0].Status != "completed" || p.Data[0].EnergyWh != int64(truth.Energy()) {
			t.Errorf("%s: %+v, want one completed session of %d Wh", st.Identity(), p.Data, truth.Energy())
		}
	}
}

func TestStopWithOpenSockets(t *testing.T) {
	s := serve(t, configuration(t))
	s.station("CP-1", nil)
	link, _ := s.dial(sim.Endpoint{Identity: "CP-1"})
	ended := make(chan error, 1)
	go func() { ended <- link.Serve(context.WithoutCancel(t.Context()), nil) }()
	await(t, "the station online", func(ctx context.Context) (bool, error) {
		st, err := s.api.Station(ctx, "CP-1")
		return st.Connection.Status == "online", err
	})
	stream := make(chan struct{})
	go func() {
		defer close(stream)
		for range s.api.Events(t.Context(), nil, "") {
		}
	}()
	began := s.node.clock.Now()
	if err := s.stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if took := s.node.clock.Now().Sub(began); took > stopTerm {
		t.Errorf("the stop took %s", took)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "node_shutdown") {
		t.Errorf("the station's socket ended with %v, want node_shutdown", err)
	}
}

func TestSecondStartOnTheSameFolder(t *testing.T) {
	c := configuration(t)
	s := serve(t, c)
	if n, err := Open(t.Context(), c, io.Discard); err == nil || !strings.Contains(err.Error(), "another Pylon uses") {
		if err == nil {
			n.Close()
		}
		t.Fatalf("second start: %v, want a refusal", err)
	}
	s.station("CP-1", nil) // the first goes on
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	serve(t, c).station("CP-2", nil)
}

func TestSetupLink(t *testing.T) {
	c := configuration(t)
	c.BootstrapAPIKey = ""
	s := serve(t, c)
	link := s.log.value(t, "no API key yet", "link")
	if status, _ := s.get(link+"x", nil); status != http.StatusForbidden {
		t.Errorf("a wrong ticket: %d, want 403", status)
	}
	if status, _ := s.get(link, nil); status != http.StatusOK {
		t.Fatalf("the link: %d, want 200", status)
	}
	ticket := link[strings.Index(link, "t=")+2:]
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	_, body := s.request(http.MethodPost, "/setup", form, url.Values{"t": {ticket}}.Encode())
	secret := regexp.MustCompile("pylon_[A-Za-z0-9_]+").FindString(body)
	if status, _ := s.get("/api/v1/stations", http.Header{"Authorization": {"Bearer " + secret}}); status != http.StatusOK {
		t.Errorf("the key that it made: %d, want 200", status)
	}
	if strings.Contains(s.log.String(), secret) {
		t.Error("the key stands in the log")
	}
	if status, _ := s.request(http.MethodPost, "/setup", form, url.Values{"t": {ticket}}.Encode()); status == http.StatusOK {
		t.Error("the link works twice")
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	again := serve(t, c)
	if status, _ := again.get("/livez", nil); status != http.StatusOK || strings.Contains(again.log.String(), "/setup?t=") {
		t.Errorf("after a restart: alive %d, log:\n%s", status, again.log)
	}
}

func TestUnknownStations(t *testing.T) {
	const right, wrong = "registration-token-1", "registration-token-2"
	tests := []struct {
		name, mode, token, brings string
		want                      int    // status of the refusal; 0: let in
		registration              string // of the station that is there now; "" for none
	}{
		{"refused", "refuse", "", "", http.StatusNotFound, ""},
		{"pending", "pending", "", "", 0, "pending"},
		{"accepted", "accept", "", "", 0, "accepted"},
		{"accepted with the token", "accept", right, right, 0, "accepted"},
		{"another token", "accept", right, wrong, http.StatusUnauthorized, ""},
		{"no token", "pending", right, "", http.StatusUnauthorized, ""},
		{"refused whatever it brings", "refuse", right, right, http.StatusNotFound, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := configuration(t)
			c.UnknownStations, c.RegistrationToken = tt.mode, tt.token
			s := serve(t, c)
			if _, got := s.dial(sim.Endpoint{Identity: "NEW", Password: tt.brings}); got != tt.want {
				t.Errorf("status %d, want %d", got, tt.want)
			}
			st, err := s.api.Station(t.Context(), "NEW")
			if err != nil && !client.Is(err, "not_found") {
				t.Fatal(err)
			}
			if st.Registration != tt.registration {
				t.Errorf("registration %q, want %q", st.Registration, tt.registration)
			}
		})
	}
}

func TestPasswordChangeWhileConnected(t *testing.T) {
	const other = "fedcba9876543210"
	s := serve(t, configuration(t))
	s.station("CP-1", map[string]any{"password": password})
	link, _ := s.dial(sim.Endpoint{Identity: "CP-1", Password: password})
	if _, err := s.api.UpdateStation(t.Context(), "CP-1", map[string]any{"password": other}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := link.Serve(ctx, nil); !strings.Contains(err.Error(), "password_changed") {
		t.Errorf("the old connection ended with %v, want password_changed", err)
	}
	if _, got := s.dial(sim.Endpoint{Identity: "CP-1", Password: password}); got != http.StatusUnauthorized {
		t.Errorf("the old password: %d, want 401", got)
	}
	if _, got := s.dial(sim.Endpoint{Identity: "CP-1", Password: other}); got != 0 {
		t.Errorf("the new password: %d, want to be let in", got)
	}
	for _, secret := range []string{password, other, key} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("%q stands in the log", secret)
		}
	}
}

func TestRoles(t *testing.T) {
	for _, tt := range []struct {
		role               []string
		api, page, gateway int
	}{
		{[]string{"all"}, http.StatusUnauthorized, http.StatusOK, http.StatusUpgradeRequired},
		{[]string{"api", "worker"}, http.StatusUnauthorized, http.StatusOK, http.StatusNotFound},
		{[]string{"gateway"}, http.StatusNotFound, http.StatusNotFound, http.StatusUpgradeRequired},
	} {
		t.Run(strings.Join(tt.role, "+"), func(t *testing.T) {
			c := configuration(t)
			c.Role = tt.role
			s := serve(t, c)
			for path, want := range map[string]int{"/api/v1/stations": tt.api, "/": tt.page, "/ocpp/CP-1": tt.gateway, "/livez": http.StatusOK} {
				if got, _ := s.get(path, nil); got != want {
					t.Errorf("%s: %d, want %d", path, got, want)
				}
			}
		})
	}
}

func TestLoopback(t *testing.T) {
	for _, tt := range []struct {
		listen, secure string
		want           bool
	}{
		{"127.0.0.1:1", "", true},
		{"[::1]:1", "", true},
		{"localhost:1", "", true},
		{":1", "", false},
		{"0.0.0.0:1", "", false},
		{"192.0.2.1:1", "", false},
		{"127.0.0.1:1", "127.0.0.1:2", true},
		{"127.0.0.1:1", ":2", false},
	} {
		c := Config{Listen: tt.listen, TLSListen: tt.secure}
		if got := c.Loopback(); got != tt.want {
			t.Errorf("%s and %q: loopback %t, want %t", tt.listen, tt.secure, got, tt.want)
		}
	}
}
