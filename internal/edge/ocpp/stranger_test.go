package ocpp_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/station"
	"pylon/internal/edge/ocpp"
)

// A page in somebody's browser, which may reach a network that its author
// cannot, is no station: it gets in nowhere but by a password.
func TestPagesFromElsewhere(t *testing.T) {
	browser := func(origin string) http.Header {
		return http.Header{"Origin": {origin}, "User-Agent": {"Mozilla/5.0 (X11; Linux x86_64)"}}
	}
	tests := []struct {
		name     string
		header   http.Header
		password string
		profile  int
		want     int
	}{
		{"no password asked for", browser("https://evil.example"), "", 0, http.StatusForbidden},
		{"a page without an origin", browser("null"), "", 0, http.StatusForbidden},
		{"a simulator on our own machine", browser("http://127.0.0.1:3000"), "", 0, http.StatusSwitchingProtocols},
		{"who has the password", browser("https://evil.example"), password, 1, http.StatusSwitchingProtocols},
		{"a station whose library sends an origin", http.Header{"Origin": {"http://csms.example"}}, "", 0, http.StatusSwitchingProtocols},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := start(t, nil)
			b.world.add("CP1", func(st *station.Station) {
				if tt.profile > 0 {
					withPassword(tt.profile, password)(st)
				}
			})
			if _, got := b.dial(dialing{header: tt.header, password: tt.password}); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
	t.Run("nor does it create one", func(t *testing.T) {
		b := start(t, func(o *ocpp.Options) { o.Unknown = ocpp.AcceptUnknown })
		if _, got := b.dial(dialing{header: browser("https://evil.example")}); got != http.StatusForbidden {
			t.Errorf("got %d, want 403", got)
		}
	})
}

// A handshake has no body. One that announces a body and does not send it
// holds no connection.
func TestHandshakeThatNeverEnds(t *testing.T) {
	b := start(t, nil)
	b.clock.move(-100 * 365 * 24 * time.Hour) // so that the connection's term is over when it begins
	conn, err := net.Dial("tcp", b.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprint(conn, "GET /ocpp/CP1 HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("the connection is held: %v", err)
	}
}

func TestLongOrganisation(t *testing.T) {
	b := start(t, nil)
	for _, tt := range []struct {
		length int
		want   string // the reason that is counted
	}{{63, "unknown_station"}, {64, "path"}} { // a stranger is remembered by it
		b.dial(dialing{path: "/ocpp/" + strings.Repeat("x", tt.length) + "/CP1"})
		if got := b.counted("pylon_ocpp_handshake_failures_total", "reason", tt.want); got != 1 {
			t.Errorf("%d characters: refused %v times as %s, want once", tt.length, got, tt.want)
		}
	}
}

// What a station sends is paid for by its size too, or one that sends nothing
// but large frames fills the disk.
func TestLargeFramesAreDear(t *testing.T) {
	b := start(t, func(o *ocpp.Options) { o.Limits.Credit = 200 * time.Millisecond })
	b.world.add("CP1", nil)
	p := b.connect(dialing{})
	large := `[2,"1","DataTransfer",{"vendorId":"v","data":"` + strings.Repeat("x", 250<<10) + `"}]`
	p.say(large)
	b.broke("flood")
}

// A tolerated word is kept as far as words go.
func TestToleratedWordIsNoBook(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	p := b.connect(dialing{})
	p.ask(`[2,"1","StopTransaction",{"transactionId":1,"meterStop":5,"timestamp":"2100-01-02T03:04:05Z","reason":"` + strings.Repeat("x", 100_000) + `"}]`)
	for _, call := range b.world.calls("CP1") {
		if strings.HasPrefix(call, "Report") && len(call) > 1000 {
			t.Errorf("got %d bytes of a report", len(call))
		}
	}
}
