package ocpp_test

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"pylon/internal/domain/station"
	"pylon/internal/edge/ocpp"
	"pylon/internal/kernel/clock"
)

// patience is how long a test waits for what must come. It is for broken code
// only: nothing that works takes as long.
const patience = 10 * time.Second

// bench is a gateway on the loopback interface.
type bench struct {
	t       testing.TB
	world   *world
	clock   *handClock // nil: the machine's
	gateway *ocpp.Gateway
	server  *httptest.Server
	metrics *prometheus.Registry
	stop    func() // ends the gateway; may be called twice
}

// start returns a running gateway whose clock stands. set may change its
// options.
func start(t testing.TB, set func(*ocpp.Options)) *bench {
	c := newHandClock()
	b := startOn(t, loopback(t), c, set)
	<-c.sleepers(1) // Run's sweep: from now on no tick is missed
	b.clock = c
	return b
}

// startOn returns a running gateway behind a listener.
func startOn(t testing.TB, l net.Listener, c clock.Clock, set func(*ocpp.Options)) *bench {
	w := newWorld(c)
	registry := prometheus.NewRegistry()
	o := ocpp.Options{
		Directory: w, Fleet: w, FrameLog: w, Clock: c, Log: slog.New(slog.DiscardHandler), Metrics: ocpp.NewMetrics(registry),
	}
	if set != nil {
		set(&o)
	}
	g := ocpp.New(o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	server := newServer(g, l)
	server.Start()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("gateway: %v", err)
		}
	})
	t.Cleanup(func() {
		stop()
		server.Close()
	})
	return &bench{t: t, world: w, gateway: g, server: server, metrics: registry, stop: stop}
}

func newServer(g *ocpp.Gateway, l net.Listener) *httptest.Server {
	server := httptest.NewUnstartedServer(g)
	_ = server.Listener.Close()
	server.Listener = l
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // failed TLS handshakes are meant
	return server
}

// basic returns a header with a login.
func basic(user, password string) http.Header {
	return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))}}
}

func loopback(t testing.TB) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// dialing is how a station connects.
type dialing struct {
	path        string // "" is /ocpp/CP1
	user        string
	password    string // "" sends none
	subprotocol string // "" is ocpp1.6
	header      http.Header
	dialer      *websocket.Dialer
}

// peer is a station's end of a socket.
type peer struct {
	t      testing.TB
	ws     *websocket.Conn
	frames chan string // what came; closed at the end
	pings  chan string
	err    error // why it ended; read after frames is closed
}

// dial connects, and returns the HTTP status when it is refused.
func (b *bench) dial(d dialing) (*peer, int) {
	b.t.Helper()
	if d.path == "" {
		d.path = "/ocpp/CP1"
	}
	if d.subprotocol == "" {
		d.subprotocol = "ocpp1.6"
	}
	dialer := d.dialer
	if dialer == nil {
		dialer = &websocket.Dialer{}
	}
	header := http.Header{}
	maps.Copy(header, d.header)
	if d.subprotocol != "none" {
		header.Set("Sec-WebSocket-Protocol", d.subprotocol)
	}
	if d.password != "" {
		if d.user == "" {
			d.user = "CP1"
		}
		header.Set("Authorization", basic(d.user, d.password).Get("Authorization"))
	}
	ws, response, err := dialer.DialContext(b.t.Context(), strings.Replace(b.server.URL, "http", "ws", 1)+d.path, header)
	if errors.Is(err, websocket.ErrBadHandshake) {
		_ = response.Body.Close()
		return nil, response.StatusCode
	}
	if err != nil {
		b.t.Fatalf("dial %s: %v", d.path, err)
	}
	_ = response.Body.Close()
	p := &peer{t: b.t, ws: ws, frames: make(chan string, 64), pings: make(chan string, 64)}
	ws.SetPingHandler(func(data string) error {
		p.pings <- data
		return ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(patience))
	})
	go p.read()
	b.t.Cleanup(func() { _ = ws.Close() })
	return p, http.StatusSwitchingProtocols
}

// connect is dial for a station that must be let in.
func (b *bench) connect(d dialing) *peer {
	b.t.Helper()
	p, status := b.dial(d)
	if p == nil {
		b.t.Fatalf("handshake: got %d", status)
	}
	return p
}

func (p *peer) read() {
	defer close(p.frames)
	for {
		_, data, err := p.ws.ReadMessage()
		if err != nil {
			p.err = err
			return
		}
		p.frames <- string(data)
	}
}

// say sends a frame.
func (p *peer) say(frame string) {
	p.t.Helper()
	if err := p.ws.WriteMessage(websocket.TextMessage, []byte(frame)); err != nil {
		p.t.Fatalf("write %s: %v", frame, err)
	}
}

// hear returns the next frame.
func (p *peer) hear() string {
	p.t.Helper()
	select {
	case frame, ok := <-p.frames:
		if !ok {
			p.t.Fatalf("socket ended: %v", p.err)
		}
		return frame
	case <-time.After(patience):
		p.t.Fatal("no frame came")
	}
	return ""
}

// ask sends a frame and returns the next that comes.
func (p *peer) ask(frame string) string {
	p.t.Helper()
	p.say(frame)
	return p.hear()
}

// ended waits for the end of the socket and returns its close code and reason;
// 0 when it ended without a close frame. Frames that come first are dropped.
func (p *peer) ended() (int, string) {
	p.t.Helper()
	late := time.After(patience)
	for {
		select {
		case _, ok := <-p.frames:
			if ok {
				continue
			}
			if e, closed := errors.AsType[*websocket.CloseError](p.err); closed && e.Code != websocket.CloseAbnormalClosure {
				return e.Code, e.Text
			}
			return 0, ""
		case <-late:
			p.t.Fatal("the socket did not end")
		}
	}
}

// until waits for something of the world.
func (b *bench) until(what string, ok func() bool) {
	b.t.Helper()
	done := make(chan struct{})
	go func() { b.world.until(ok); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
		b.t.Fatalf("did not happen: %s", what)
	}
}

// counted returns the value of a counter or gauge with the given labels.
func (b *bench) counted(name string, labels ...string) float64 {
	b.t.Helper()
	families, err := b.metrics.Gather()
	if err != nil {
		b.t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
	series:
		for _, m := range f.GetMetric() {
			for i := 0; i+1 < len(labels); i += 2 {
				found := false
				for _, l := range m.GetLabel() {
					found = found || l.GetName() == labels[i] && l.GetValue() == labels[i+1]
				}
				if !found {
					continue series
				}
			}
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return sum
}

// logged returns the frame log's lines of a type.
func (b *bench) logged(kind string) []ocpp.Entry {
	b.world.mu.Lock()
	defer b.world.mu.Unlock()
	var lines []ocpp.Entry
	for _, e := range b.world.log {
		if e.Type == kind {
			lines = append(lines, e)
		}
	}
	return lines
}

// withPassword makes a station one that logs in.
func withPassword(profile int, password string) func(*station.Station) {
	return func(st *station.Station) {
		secret, err := station.NewSecret(password, []byte("salt"), time.Time{})
		if err != nil {
			panic(err)
		}
		st.SecurityProfile, st.Secrets = profile, []station.Secret{secret}
	}
}
