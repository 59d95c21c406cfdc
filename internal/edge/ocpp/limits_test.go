package ocpp_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"pylon/internal/edge/ocpp"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
)

// broke checks that something had its consequence counted and written down.
func (b *bench) broke(verdict string) {
	b.t.Helper()
	b.until(verdict+" is noted", func() bool { return b.world.noted(verdict) })
	if b.counted("pylon_ocpp_verdicts_total", "verdict", verdict) < 1 {
		b.t.Errorf("%s is not counted", verdict)
	}
}

func TestBinaryFrame(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	p := b.connect(dialing{})
	if err := p.ws.WriteMessage(websocket.BinaryMessage, []byte(heartbeat)); err != nil {
		t.Fatal(err)
	}
	if code, why := p.ended(); code != 1003 || why != "binary_frame" {
		t.Errorf("got %d %q, want 1003", code, why)
	}
	b.broke("binary_frame")
}

func TestFrameLimit(t *testing.T) {
	frame := func(size int) string {
		head, tail := `[2,"1","DataTransfer",{"vendorId":"x","data":"`, `"}]`
		return head + strings.Repeat("x", size-len(head)-len(tail)) + tail
	}
	const limit = 4096
	for _, version := range []string{"ocpp1.6", "ocpp2.0.1"} { // the latter compressed
		b := start(t, func(o *ocpp.Options) { o.Limits.Frame = limit })
		b.world.add("CP1", nil)
		d := dialing{subprotocol: version, dialer: &websocket.Dialer{EnableCompression: true}}
		p := b.connect(d)
		if got, want := p.ask(frame(limit)), `[3,"1",{"status":"UnknownVendorId"}]`; got != want {
			t.Errorf("%s, at the limit: got %s, want %s", version, got, want)
		}
		p.say(frame(limit + 1))
		if code, _ := p.ended(); code != 1009 {
			t.Errorf("%s, over the limit: got %d, want 1009", version, code)
		}
		b.broke("frame_too_long")
		b.until("the finding", func() bool { return b.world.called("CP1", "Find frame_dropped : frame_too_long") })
	}
}

func TestCompression(t *testing.T) {
	tests := []struct {
		name, version, offer string
		want                 bool
	}{
		{"2.x, offered", "ocpp2.0.1", "permessage-deflate; client_max_window_bits", true},
		{"2.x, not offered", "ocpp2.0.1", "", false},
		{"1.6", "ocpp1.6", "permessage-deflate", false},
		{"2.x, with a window that we do not have", "ocpp2.1", "permessage-deflate; server_max_window_bits=10", false},
		{"2.x, with and without that window", "ocpp2.1", "permessage-deflate; server_max_window_bits=10, permessage-deflate", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := start(t, nil)
			b.world.add("CP1", nil)
			conn, answer := b.handshake(tt.version, tt.offer)
			defer conn.Close()
			agreed := strings.Contains(answer, "permessage-deflate; server_no_context_takeover; client_no_context_takeover")
			if agreed != tt.want {
				t.Errorf("got %t, want %t: %s", agreed, tt.want, answer)
			}
		})
	}
}

// handshake speaks HTTP by hand, to offer what the library would not.
func (b *bench) handshake(version, extensions string) (net.Conn, string) {
	conn, err := net.Dial("tcp", b.server.Listener.Addr().String())
	if err != nil {
		b.t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	offer := ""
	if extensions != "" {
		offer = "Sec-WebSocket-Extensions: " + extensions + "\r\n"
	}
	_, err = fmt.Fprintf(conn, "GET /ocpp/CP1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Protocol: %s\r\n%s\r\n", version, offer)
	if err != nil {
		b.t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, err := conn.Read(buf)
	if err != nil {
		b.t.Fatal(err)
	}
	return conn, string(buf[:n])
}

// A message of a few KiB that inflates to 20 MiB is dropped when it
// passes the limit, not when it is whole.
func TestCompressionBomb(t *testing.T) {
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 20 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	_ = w.Flush()
	b := start(t, nil)
	b.world.add("CP1", nil)
	conn, _ := b.handshake("ocpp2.0.1", "permessage-deflate")
	defer conn.Close()
	payload := bytes.TrimSuffix(deflated.Bytes(), []byte{0, 0, 0xff, 0xff})
	head := []byte{0xc1, 0xff, 0, 0, 0, 0, byte(len(payload) >> 24), byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), 0, 0, 0, 0}
	if _, err := conn.Write(append(head, payload...)); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 4)
	if _, err := conn.Read(answer); err != nil || answer[0] != 0x88 || answer[2] != 1009>>8 || answer[3] != 1009&0xff {
		t.Errorf("got % x, %v, want a close frame with 1009", answer, err)
	}
	b.broke("frame_too_long")
}

// A client must mask its frames.
func TestBrokenWebSocket(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	conn, _ := b.handshake("ocpp1.6", "")
	defer conn.Close()
	if _, err := conn.Write([]byte{0x81, 2, '[', ']'}); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 4)
	if _, err := conn.Read(answer); err != nil || answer[0] != 0x88 || answer[2] != 1002>>8 || answer[3] != 1002&0xff {
		t.Errorf("got % x, %v, want a close frame with 1002", answer, err)
	}
	b.broke("websocket_error")
}

func TestGarbage(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	p := b.connect(dialing{})
	for range 31 {
		p.say("garbage")
	}
	p.ask(heartbeat) // begins the count anew
	for range 32 {
		p.say(`{"password":"0123456789"}`)
	}
	if code, why := p.ended(); code != 1002 || why != "garbage" {
		t.Errorf("got %d %q, want 1002", code, why)
	}
	b.broke("garbage")
	for _, e := range b.logged("garbage") {
		if bytes.Contains(e.Data, []byte("0123456789")) {
			t.Errorf("a secret is in the log: %s", e.Data)
		}
	}
}

func TestAnswersToNothing(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	p := b.connect(dialing{})
	p.say(`[3,"x",{}]`)
	p.say(`[3,"y",{"configurationKey":[{"key":"AuthorizationKey","readonly":false,"value":"0123456789"}]}]`)
	p.ask(heartbeat)
	b.keepsSecret("0123456789")
	b.broke("unexpected_answer")
	b.until("the finding", func() bool { return b.world.called("CP1", "Find frame_dropped : unexpected_answer") })
}

// A station that sends more than it may is read more slowly, and nothing it
// sent is lost. Its neighbour notices nothing.
func TestFlood(t *testing.T) {
	b := start(t, func(o *ocpp.Options) { o.Limits.Credit = time.Second })
	b.world.add("CP1", nil)
	b.world.add("CP2", nil)
	p := b.connect(dialing{})
	const sent = 150
	go func() {
		for range sent { // each costs 10 ms: the first hundred are free
			if p.ws.WriteMessage(websocket.TextMessage, []byte(`[3,"x",{}]`)) != nil {
				return
			}
		}
		_ = p.ws.WriteMessage(websocket.TextMessage, []byte(heartbeat))
	}()
	b.broke("flood")
	neighbour := b.connect(dialing{path: "/ocpp/CP2"})
	neighbour.ask(heartbeat)
	select {
	case frame := <-p.frames:
		t.Errorf("read on in spite of the flood: %s", frame)
	default:
	}
	for range 2 * sent {
		select {
		case <-p.frames:
			return
		case <-b.clock.sleepers(2): // the sweep's and the flood's
			b.clock.move(20 * time.Millisecond)
		}
	}
	p.hear()
}

// A station that waits for its answers is not slowed down, and neither is one
// that has an inbox full of calls cut off: the rest stays in its socket.
func TestHastyCalls(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	gate := make(chan struct{})
	b.world.mu.Lock()
	b.world.before = func(method string) error {
		if method == "Status" {
			<-gate
		}
		return nil
	}
	b.world.mu.Unlock()
	p := b.connect(dialing{})
	const calls = 60
	for i := range calls {
		p.say(fmt.Sprintf(`[2,"%d","StatusNotification",{"connectorId":%d,"errorCode":"NoError","status":"Available"}]`, i, i))
	}
	b.broke("too_many_calls")
	close(gate)
	for i := range calls {
		if got, want := p.hear(), fmt.Sprintf(`[3,"%d",{}]`, i); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}

// The station is answered while our call is open, and our call's answer is
// taken in while a message of the station waits for its commit.
func TestBothDirectionsAtOnce(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	gate := make(chan struct{})
	b.world.mu.Lock()
	b.world.before = func(method string) error {
		if method == "Status" {
			<-gate
		}
		return nil
	}
	b.world.mu.Unlock()
	p := b.connect(dialing{})
	p.say(`[2,"1","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available"}]`)
	b.until("claim", func() bool { return b.world.claims() == 1 })
	if err := b.world.order("CP1", b.raw("cmd_1", "ClearCache", `{}`)); err != nil {
		t.Fatal(err)
	}
	p.hear()
	p.say(`[3,"cmd_1",{"status":"Accepted"}]`)
	b.until("answered", func() bool { return b.world.called("CP1", "CommandAnswered cmd_1 accepted") })
	close(gate)
	if got, want := p.hear(), `[3,"1",{}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// tight gives sockets little room for what is written and not read.
type tight struct{ net.Listener }

func (l tight) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		err = conn.(*net.TCPConn).SetWriteBuffer(4096)
	}
	return conn, err
}

// A station that does not read is closed, on the machine's own clock. Its
// neighbour notices nothing.
func TestSlowReader(t *testing.T) {
	b := startOn(t, tight{loopback(t)}, clock.System{}, func(o *ocpp.Options) {
		o.Limits.Write, o.Limits.Credit = 50*time.Millisecond, time.Hour
	})
	b.world.add("CP1", nil)
	b.world.add("CP2", nil)
	conn, _ := b.handshake("ocpp1.6", "")
	defer conn.Close()
	_ = conn.(*net.TCPConn).SetReadBuffer(4096)
	frame := []byte(`[2,"` + strings.Repeat("x", 250) + `","Nothing",{}]`)
	head := []byte{0x81, 0xfe, byte(len(frame) >> 8), byte(len(frame)), 0, 0, 0, 0}
	go func() {
		for {
			if _, err := conn.Write(append(head, frame...)); err != nil {
				return
			}
		}
	}()
	neighbour := b.connect(dialing{path: "/ocpp/CP2"})
	neighbour.ask(heartbeat)
	b.broke("slow_reader")
	b.until("release", func() bool { return b.world.called("CP1", "Release slow_reader") })
	neighbour.ask(heartbeat)
}

func TestSilence(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	p := b.connect(dialing{})
	p.ask(heartbeat)
	b.clock.move(44 * time.Second)
	p.ask(heartbeat) // any frame is life
	b.clock.move(44 * time.Second)
	select {
	case <-p.pings:
		t.Error("pinged although it spoke")
	default:
	}
	b.clock.move(2 * time.Second)
	p.pinged()
	p.ask(heartbeat) // the pong came before this
	b.clock.move(30 * time.Second)
	p.ask(heartbeat)
	if b.world.called1("Release") {
		t.Error("closed although it answered the ping")
	}
	p.ws.SetPingHandler(func(string) error { p.pings <- ""; return nil })
	b.clock.move(46 * time.Second)
	p.pinged()
	b.clock.move(21 * time.Second)
	if code, _ := p.ended(); code != 0 {
		t.Errorf("got close code %d, want none", code)
	}
	b.broke("silent")
	b.until("release", func() bool { return b.world.called("CP1", "Release silent") })
}

// Whoever sets the wall clock makes no station silent, and no silent one heard.
func TestSilenceIsNotOfTheWallClock(t *testing.T) {
	for name, by := range map[string]time.Duration{"set forward": time.Hour, "set back": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			b := start(t, nil)
			b.world.add("CP1", nil)
			p := b.connect(dialing{})
			p.ask(heartbeat)
			b.clock.set(by)
			b.clock.move(2 * time.Second)
			p.ask(heartbeat) // what the sweep sends comes before the answer
			b.clock.move(2 * time.Second)
			p.ask(heartbeat)
			select {
			case <-p.pings:
				t.Error("pinged although it speaks")
			default:
			}
			b.clock.set(-2 * by)
			b.clock.move(46 * time.Second)
			p.pinged()
			b.clock.set(2 * by)
			b.clock.move(10 * time.Second)
			p.ask(heartbeat)
			if b.world.called1("Release") {
				t.Error("closed although its time was not up")
			}
		})
	}
}

// pinged waits for a ping.
func (p *peer) pinged() {
	p.t.Helper()
	select {
	case <-p.pings:
	case <-time.After(patience):
		p.t.Fatal("no ping came")
	}
}

func TestPingsOfTheStationAreLife(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	p := b.connect(dialing{})
	for range 3 {
		p.quiet()
		b.clock.move(40 * time.Second)
	}
	select {
	case <-p.pings:
		t.Error("pinged although it pings us")
	default:
	}
}

// While the database is away a transaction message gets no answer; after ten
// seconds the socket is closed, and others with it.
func TestDatabaseAway(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	b.world.add("CP2", nil)
	p, idle := b.connect(dialing{}), b.connect(dialing{path: "/ocpp/CP2"})
	p.ask(heartbeat)
	idle.ask(heartbeat)
	b.world.fail("Report", fault.New(fault.Unavailable, "database_away"))
	p.say(`[2,"1","StopTransaction",{"transactionId":1,"meterStop":9500,"timestamp":"2100-01-02T04:04:05Z"}]`)
	for range 12 {
		<-b.clock.sleepers(2) // the sweep's, and the retry's
		b.clock.move(time.Second)
		if p.over() {
			break
		}
	}
	for _, s := range []*peer{p, idle} {
		if code, why := s.ended(); code != 1013 || why != "database_away" {
			t.Errorf("got %d %q, want 1013 without an answer", code, why)
		}
	}
	b.broke("database_away")
}

// over reports whether the socket has ended; a frame that comes is a failure.
func (p *peer) over() bool {
	select {
	case frame, ok := <-p.frames:
		if ok {
			p.t.Errorf("answered: %s", frame)
		}
		return true
	default:
		return false
	}
}

func TestDatabaseAwayForAMoment(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	p := b.connect(dialing{})
	p.ask(heartbeat)
	b.world.fail("Report", fault.New(fault.Unavailable, "database_away"))
	p.say(`[2,"1","StopTransaction",{"transactionId":1,"meterStop":9500,"timestamp":"2100-01-02T04:04:05Z"}]`)
	<-b.clock.sleepers(2)
	b.world.fail("", nil)
	b.clock.move(time.Second)
	if got, want := p.hear(), `[3,"1",{}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A commit that hangs is as bad as a database that is away.
func TestCommitThatHangs(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	gate, entered := make(chan struct{}), make(chan struct{})
	defer close(gate)
	p := b.connect(dialing{})
	p.ask(heartbeat)
	b.world.mu.Lock()
	b.world.before = func(method string) error {
		if method == "Report" {
			close(entered)
			<-gate
		}
		return nil
	}
	b.world.mu.Unlock()
	p.say(`[2,"1","StopTransaction",{"transactionId":1,"meterStop":9500,"timestamp":"2100-01-02T04:04:05Z"}]`)
	<-entered
	b.clock.move(11 * time.Second)
	if code, why := p.ended(); code != 1013 || why != "database_away" {
		t.Errorf("got %d %q, want 1013", code, why)
	}
}

// What fails for a reason of ours is kept before the station is told, and the
// text of the error stays with us.
func TestFailures(t *testing.T) {
	const stop = `[2,"1","StopTransaction",{"transactionId":1,"meterStop":9500,"timestamp":"2100-01-02T04:04:05Z"}]`
	tests := []struct {
		name, method, call string
		err                error
		want               string
		kept               bool
	}{
		{"internal", "Report", stop, fmt.Errorf("disk on fire"), `[4,"1","InternalError","",{}]`, true},
		{"conflict", "Report", stop, fault.New(fault.Conflict, "odd"), `[4,"1","GenericError","odd",{}]`, true},
		{"forbidden", "Authorize", `[2,"1","Authorize",{"idTag":"x"}]`, fault.New(fault.Forbidden, "no"), `[4,"1","SecurityError","no",{}]`, false},
		{"invalid", "Authorize", `[2,"1","Authorize",{"idTag":"x"}]`, fault.New(fault.Invalid, "bad"), `[4,"1","PropertyConstraintViolation","bad",{}]`, false},
		{"unavailable", "Authorize", `[2,"1","Authorize",{"idTag":"x"}]`, fault.New(fault.Unavailable, "away"), `[4,"1","InternalError","away",{}]`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := start(t, nil)
			b.world.add("CP1", nil)
			p := b.connect(dialing{})
			p.ask(heartbeat)
			b.world.fail(tt.method, tt.err)
			if got := p.ask(tt.call); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if got := b.world.called1("Find message_invalid StopTransaction"); got != tt.kept {
				t.Errorf("kept: got %t, want %t", got, tt.kept)
			}
		})
	}
}

// A panic while one station is answered is answered, and costs nobody else.
func TestPanic(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	p := b.connect(dialing{})
	p.ask(heartbeat)
	b.world.mu.Lock()
	b.world.before = func(method string) error {
		if method == "Boot" {
			panic("a bug")
		}
		return nil
	}
	b.world.mu.Unlock()
	got := p.ask(`[2,"1","BootNotification",{"chargePointVendor":"Acme","chargePointModel":"One"}]`)
	if want := `[4,"1","InternalError","",{}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	p.ask(heartbeat)
}

func TestTermsOfAFastClock(t *testing.T) {
	usual, fast := ocpp.Limits{}.Times(1), ocpp.Limits{Pong: time.Second}.Times(60)
	if usual.Silence == 0 || fast.Silence != 60*usual.Silence || fast.Away != 60*usual.Away || fast.Call != 60*usual.Call {
		t.Errorf("got %+v, want 60 times the terms of %+v", fast, usual)
	}
	if fast.Pong != time.Minute {
		t.Errorf("got %s for an own term of a second, want a minute", fast.Pong)
	}
	if fast.Write != usual.Write || fast.Credit != usual.Credit || fast.Frame != usual.Frame {
		t.Errorf("got %+v, want what sockets and stations may as in %+v", fast, usual)
	}
}
