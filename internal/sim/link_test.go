package sim_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/internal/sim"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// serveTCP puts a server on a real socket.
func serveTCP(t *testing.T) (*csms, string) {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := newCSMS(t, clock.System{})
	return c, c.serve(l)
}

func TestStationOverTCP(t *testing.T) {
	for _, version := range []ocppj.Version{ocppj.V16, ocppj.V201} {
		t.Run(version.String(), func(t *testing.T) {
			server, url := serveTCP(t)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			station := sim.New(sim.Config{
				Endpoint: sim.Endpoint{URL: url, Identity: "CP 1|x", Password: "0123456789abcdef", Version: version, Compress: true},
				Hardware: sim.AC22(),
				Hand:     time.Millisecond,
			}, clock.System{}, slog.New(slog.DiscardHandler))
			stopped := make(chan struct{})
			go func() {
				defer close(stopped)
				_ = station.Run(ctx)
			}()
			defer func() {
				cancel()
				<-stopped
			}()
			if err := station.Online(ctx); err != nil {
				t.Fatal(err)
			}
			if err := station.Charge(ctx, sim.Visit{Token: card, Car: car, Stay: time.Millisecond}); err != nil {
				t.Fatal(err)
			}
			if err := station.Settled(ctx); err != nil {
				t.Fatal(err)
			}
			if _, password := server.logins(); password != "0123456789abcdef" {
				t.Errorf("logged in with %q", password)
			}
			for _, m := range station.Truth()[0].Messages {
				if !m.Acknowledged {
					t.Errorf("%+v is not acknowledged", m)
				}
			}
		})
	}
}

func TestLink(t *testing.T) {
	server, url := serveTCP(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	link, err := sim.Dial(ctx, sim.Endpoint{URL: url, Identity: "CP-1", Version: ocppj.V16})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		served <- link.Serve(ctx, func(string, []byte) (sim.Reply, *ocppj.CallError) {
			return sim.Reply{Message: &ocpp16.ClearCacheResponse{Status: ocpp16.ClearCacheStatusRejected}}, nil
		})
	}()

	var heartbeat ocpp16.HeartbeatResponse
	if err := link.Call(ctx, &ocpp16.HeartbeatRequest{}, &heartbeat); err != nil || heartbeat.CurrentTime == "" {
		t.Errorf("call: got %+v, %v", heartbeat, err)
	}
	var cleared ocpp16.ClearCacheResponse
	if err := server.command(ctx, "CP-1", &ocpp16.ClearCacheRequest{}, &cleared); err != nil || cleared.Status != ocpp16.ClearCacheStatusRejected {
		t.Errorf("command: got %+v, %v", cleared, err)
	}

	server.on("Heartbeat", func(schema.Message) (schema.Message, error) {
		return nil, &ocppj.CallError{Code: ocppj.SecurityError, Description: "no"}
	})
	var failure *ocppj.CallError
	if err := link.Call(ctx, &ocpp16.HeartbeatRequest{}, &heartbeat); !errors.As(err, &failure) || failure.Code != ocppj.SecurityError {
		t.Errorf("refused call: got %v, want SecurityError", err)
	}
	server.on("Heartbeat", func(schema.Message) (schema.Message, error) { return &ocpp16.AuthorizeResponse{}, nil })
	var violations schema.Violations
	if err := link.Call(ctx, &ocpp16.HeartbeatRequest{}, &heartbeat); !errors.As(err, &violations) {
		t.Errorf("answer that breaks the schema: got %v, want violations", err)
	}

	link.Close()
	if err := <-served; err == nil {
		t.Error("Serve ended without a reason")
	}
	if err := link.Call(ctx, &ocpp16.HeartbeatRequest{}, &heartbeat); !errors.Is(err, sim.ErrClosed) {
		t.Errorf("call on a closed link: got %v, want %v", err, sim.ErrClosed)
	}
}

func TestDialRefused(t *testing.T) {
	server, url := serveTCP(t)
	server.setDown(true)
	_, err := sim.Dial(t.Context(), sim.Endpoint{URL: url, Identity: "CP-1", Version: ocppj.V201})
	var refused *sim.HandshakeError
	if !errors.As(err, &refused) || refused.Status != 503 {
		t.Errorf("got %v, want 503", err)
	}
	server.setDown(false)
	server.protocols = []string{"ocpp1.6"}
	if _, err := sim.Dial(t.Context(), sim.Endpoint{URL: url, Identity: "CP-1", Version: ocppj.V21}); err == nil {
		t.Error("a server that does not speak 2.1 was taken")
	}
}

func TestDialOverTLS(t *testing.T) {
	server := newCSMS(t, clock.System{})
	listener := httptest.NewTLSServer(server)
	t.Cleanup(listener.Close)
	url := "wss" + strings.TrimPrefix(listener.URL, "https") + "/ocpp"
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	endpoint := sim.Endpoint{URL: url, Identity: "CP-1", Password: "secret", Version: ocppj.V21}
	if _, err := sim.Dial(ctx, endpoint); err == nil {
		t.Error("a certificate of nobody was trusted")
	}
	trusting := listener.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	trusting.NextProtos = []string{"http/1.1"} // WebSockets are not for HTTP/2
	endpoint.TLS = trusting
	link, err := sim.Dial(ctx, endpoint)
	if err != nil {
		t.Fatal(err)
	}
	link.Close()
	if _, password := server.logins(); password != "secret" {
		t.Errorf("logged in with %q", password)
	}
}

// Servers that break the rules must not break a station.
func TestLinkSurvivesBadFrames(t *testing.T) {
	server, url := serveTCP(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	link, err := sim.Dial(ctx, sim.Endpoint{URL: url, Identity: "CP-1", Version: ocppj.V201})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		served <- link.Serve(ctx, func(string, []byte) (sim.Reply, *ocppj.CallError) {
			return sim.Reply{}, &ocppj.CallError{Code: ocppj.NotImplemented}
		})
	}()
	if err := link.Call(ctx, &ocpp21.HeartbeatRequest{}, &ocpp21.HeartbeatResponse{}); err != nil {
		t.Fatal(err) // answered: the server knows the station
	}
	for _, frame := range []string{`hello`, `[3,"nobody asked",{}]`, `[4,"nobody asked","InternalError","",{}]`, `[2,"1","Reset",[]]`} {
		server.push("CP-1", []byte(frame))
	}
	if err := link.Call(ctx, &ocpp21.HeartbeatRequest{}, &ocpp21.HeartbeatResponse{}); err != nil {
		t.Errorf("after bad frames: %v", err)
	}
	link.Close()
	<-served
}
