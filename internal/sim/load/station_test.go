package load_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"pylon/internal/sim/load"
	"pylon/internal/wire/ocppj"
)

// connect opens a station of the server, which the end of the test closes.
func connect(t *testing.T, c load.Config) *load.Station {
	t.Helper()
	s, err := load.Connect(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// steps runs them and fails at the first error.
func steps(t *testing.T, s *load.Station, all ...func(*load.Station) error) {
	t.Helper()
	for _, step := range all {
		if err := step(s); err != nil {
			t.Fatal(err)
		}
	}
}

func TestADayIsValidOCPP(t *testing.T) {
	for _, c := range []struct {
		version ocppj.Version
		want    []string
	}{
		{ocppj.V16, []string{
			"BootNotification", "StatusNotification", "Authorize", "StartTransaction", "MeterValues", "MeterValues", "MeterValues",
			"StopTransaction", "StatusNotification", "Heartbeat", "StatusNotification", "Authorize",
		}},
		{ocppj.V201, []string{
			"BootNotification", "StatusNotification", "Authorize", "TransactionEvent", "TransactionEvent", "TransactionEvent", "TransactionEvent",
			"TransactionEvent", "StatusNotification", "Heartbeat", "StatusNotification", "Authorize",
		}},
	} {
		t.Run(c.version.String(), func(t *testing.T) {
			server := newServer(t) // checks every call against its schema
			s := connect(t, server.config("A", c.version))
			steps(t, s, (*load.Station).Boot)
			for range len(c.want) - 1 {
				steps(t, s, (*load.Station).Step)
			}
			var got []string
			ids := map[string]bool{}
			for _, h := range server.heard("A") {
				got = append(got, h.Action)
				ids[h.ID] = true
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if len(ids) != len(c.want) {
				t.Errorf("got %d different ids, want %d", len(ids), len(c.want))
			}
		})
	}
}

// What a server may take for a repeat is never the same twice.
func TestReadingsDiffer(t *testing.T) {
	standing := time.Date(2026, 3, 4, 10, 15, 30, 0, time.UTC)
	for _, version := range []ocppj.Version{ocppj.V16, ocppj.V201} {
		t.Run(version.String(), func(t *testing.T) {
			server := newServer(t)
			c := server.config("A", version)
			c.Time = func() time.Time { return standing }
			s := connect(t, c)
			steps(t, s, (*load.Station).Start, (*load.Station).Reading, (*load.Station).Reading, (*load.Station).Reading)
			if got, want := strings.Contains(server.heard("A")[0].Payload, `"offline":true`), version == ocppj.V201; got != want {
				t.Errorf("got offline %v, want %v: 1.6 has no word for it", got, want)
			}
			var times []string
			registers := []float64{0}
			for _, h := range server.heard("A")[1:] {
				_, after, _ := strings.Cut(h.Payload, `"timestamp":"`)
				times = append(times, after[:24])
				_, after, _ = strings.Cut(h.Payload, `"value":`)
				register, err := strconv.ParseFloat(strings.Trim(after[:strings.Index(after, ",")], `"`), 64)
				if err != nil || register <= registers[len(registers)-1] {
					t.Errorf("got register %v after %v (%v), want it to rise", register, registers, err)
				}
				registers = append(registers, register)
			}
			want := []string{"2026-03-04T10:15:30.001Z", "2026-03-04T10:15:30.002Z", "2026-03-04T10:15:30.003Z"}
			if !slices.Equal(times, want) {
				t.Errorf("got times %v, want %v", times, want)
			}
		})
	}
}

func TestStationAnswersTheServerMeanwhile(t *testing.T) {
	server := newServer(t)
	server.before = func(ws *websocket.Conn, call ocppj.Frame) {
		long := strings.Repeat(" ", 70_000) // three forms of length: short, 16 and 64 bits
		for _, padding := range []string{"", long[:300], long} {
			_ = ws.WriteMessage(websocket.PingMessage, []byte("there?"))
			_ = ws.WriteMessage(websocket.TextMessage, []byte(`[2,"q-`+strconv.Itoa(len(padding))+`","Reset",{`+padding+`}]`))
		}
	}
	s := connect(t, server.config("A", ocppj.V16))
	steps(t, s, (*load.Station).Boot, (*load.Station).Heartbeat)
	if got := len(server.heard("A")); got != 2 {
		t.Errorf("got %d calls, want 2", got)
	}
}

func TestStationRefusesCallsWithNotImplemented(t *testing.T) {
	answers := make(chan string, 1)
	server := newServer(t)
	server.before = func(ws *websocket.Conn, call ocppj.Frame) {
		_ = ws.WriteMessage(websocket.TextMessage, []byte(`[2,"q","Reset",{"type":"Hard"}]`))
		_, answer, _ := ws.ReadMessage()
		answers <- string(answer)
	}
	s := connect(t, server.config("A", ocppj.V16))
	steps(t, s, (*load.Station).Heartbeat)
	if got, want := <-answers, `[4,"q","NotImplemented","",{}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTheServersGoodbyeIsTold(t *testing.T) {
	for _, c := range []struct{ name, payload, want string }{
		{"code and reason", string(websocket.FormatCloseMessage(1008, "too many")), "1008 too many"},
		{"nothing", "", "closed the connection"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := newServer(t)
			server.before = func(ws *websocket.Conn, _ ocppj.Frame) {
				_ = ws.WriteMessage(websocket.CloseMessage, []byte(c.payload))
			}
			err := connect(t, server.config("A", ocppj.V16)).Boot()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestConnectFails(t *testing.T) {
	mute := httptest.NewServer(&websocketOnly{})
	defer mute.Close()
	refusing := httptest.NewServer(http.NotFoundHandler())
	defer refusing.Close()
	for _, c := range []struct{ name, url, want string }{
		{"refused", refusing.URL, "404 Not Found"},
		{"other subprotocol", mute.URL, `server chose subprotocol ""`},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := newServer(t).config("A", ocppj.V16)
			config.Address = strings.TrimPrefix(c.url, "http://")
			_, err := load.Connect(t.Context(), config)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %s", err, c.want)
			}
		})
	}
}

// websocketOnly upgrades without choosing a subprotocol.
type websocketOnly struct{}

func (websocketOnly) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{}
	if ws, err := upgrader.Upgrade(w, r, nil); err == nil {
		ws.Close()
	}
}

func TestBootMustBeAccepted(t *testing.T) {
	server := newServer(t)
	server.boot = "Pending"
	s := connect(t, server.config("A", ocppj.V201))
	if err := s.Boot(); err == nil || !strings.Contains(err.Error(), "Pending") {
		t.Errorf("got error %v, want one that tells the answer", err)
	}
}
