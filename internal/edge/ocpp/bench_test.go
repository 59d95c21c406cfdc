package ocpp_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/edge/ocpp"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
)

// void is a back that keeps nothing, so that what is measured is the gateway.
type void struct{ ocpp.Owner }

func (void) StationByIdentity(_ context.Context, _ string, id ident.Identity) (station.Station, error) {
	return station.Station{ID: ident.StationID("sta_" + string(id)), Organisation: "org_1", Registration: station.Accepted}, nil
}

func (void) Register(context.Context, ocpp.Newcomer) (station.Station, error) {
	return station.Station{}, nil
}

func (v void) Claim(context.Context, ident.StationID, fleet.Connection, fleet.Hello) (ocpp.Owner, error) {
	return v, nil
}

func (void) Append(ocpp.Entry) {}

func (void) Seen(time.Time) {}

func (void) Snapshot() *station.Station { return &station.Station{Registration: station.Accepted} }

func (void) Report(context.Context, session.Report) (session.Answer, error) {
	return session.Answer{TransactionID: "1", Token: &token.Decision{Verdict: token.VerdictAccepted}}, nil
}

func (void) Boot(_ context.Context, r station.BootReport) (station.BootAnswer, error) {
	return station.BootAnswer{Registration: station.Accepted, Interval: time.Minute, At: r.At}, nil
}

func (void) Release(context.Context, string) {}

// serveVoid starts a gateway on the machine's clock with an empty back.
func serveVoid(b *testing.B) string {
	g := ocpp.New(ocpp.Options{
		Directory: void{}, Fleet: void{}, FrameLog: void{}, Clock: clock.System{}, Metrics: ocpp.NewMetrics(nil),
		Limits: ocpp.Limits{Credit: 24 * time.Hour}, // the bench is a flood
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = g.Run(ctx) }()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: g, ReadHeaderTimeout: patience}
	go func() { _ = server.Serve(l) }()
	b.Cleanup(func() { cancel(); <-ended; _ = server.Close() })
	return "ws://" + l.Addr().String() + "/ocpp/"
}

func dialVoid(b *testing.B, url, version string) *websocket.Conn {
	ws, response, err := (&websocket.Dialer{ReadBufferSize: 512, WriteBufferSize: 512}).Dial(url, http.Header{"Sec-Websocket-Protocol": {version}})
	if err != nil {
		b.Fatal(err)
	}
	_ = response.Body.Close()
	return ws
}

// cpu returns the processor time that this process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkMessage is the hot path: a message of a session in, decoded,
// checked, handed to an owner that does nothing, answered. Twenty stations wait
// for their answers. The figures hold both ends of the sockets; the echo beside
// them is what these cost alone.
func BenchmarkMessage(b *testing.B) {
	meterValues := `[2,"%d","MeterValues",{"connectorId":1,"transactionId":1,"meterValue":[{"timestamp":"2100-01-02T03:05:05Z","sampledValue":[` +
		`{"value":"1510","context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","unit":"Wh"},{"value":"7400.0","measurand":"Power.Active.Import","unit":"W"},` +
		`{"value":"32.1","measurand":"Current.Import","phase":"L1","unit":"A"},{"value":"54","measurand":"SoC","unit":"Percent"}]}]}]`
	event := `[2,"%d","TransactionEvent",{"eventType":"Updated","timestamp":"2100-01-02T03:05:15Z","triggerReason":"MeterValuePeriodic","seqNo":2,"transactionInfo":{"transactionId":"T1","chargingState":"Charging"},` +
		`"idToken":{"idToken":"GOOD","type":"ISO14443"},"evse":{"id":1,"connectorId":1},"meterValue":[{"timestamp":"2100-01-02T03:05:15Z","sampledValue":[{"value":7400.0,"measurand":"Power.Active.Import"},{"value":1510,"context":"Sample.Periodic"},{"value":54,"measurand":"SoC"}]}]}]`
	for _, bb := range []struct{ name, version, frame string }{
		{"1.6/Heartbeat", "ocpp1.6", `[2,"%d","Heartbeat",{}]`},
		{"1.6/MeterValues", "ocpp1.6", meterValues},
		{"2.0.1/TransactionEvent", "ocpp2.0.1", event},
		{"2.1/TransactionEvent", "ocpp2.1", event},
	} {
		b.Run(bb.name, func(b *testing.B) {
			url := serveVoid(b)
			converse(b, url, bb.version, bb.frame)
		})
	}
	b.Run("echo", func(b *testing.B) { converse(b, serveEcho(b), "ocpp1.6", meterValues) })
}

// converse sends b.N messages from twenty stations, each after the answer to
// its last, and reports the processor time of a message.
func converse(b *testing.B, url, version, frame string) {
	const stations = 20
	var all sync.WaitGroup
	sockets := make([]*websocket.Conn, stations)
	for i := range sockets {
		sockets[i] = dialVoid(b, fmt.Sprintf("%sCP%d", url, i), version)
		defer sockets[i].Close()
	}
	b.ReportAllocs()
	b.ResetTimer()
	before := cpu(b)
	for i, ws := range sockets {
		all.Go(func() {
			for n := i; n < b.N; n += stations {
				if ws.WriteMessage(websocket.TextMessage, []byte(strings.Replace(frame, "%d", fmt.Sprint(n), 1))) != nil {
					b.Error("write")
					return
				}
				if _, answer, err := ws.ReadMessage(); err != nil || answer[1] != '3' && answer[1] != '2' {
					b.Errorf("%s %v", answer, err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/msg")
}

// serveEcho is the floor: a server that sends each message back.
func serveEcho(b *testing.B) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := (&websocket.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 1024, WriteBufferPool: new(sync.Pool)}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		for {
			kind, data, err := ws.ReadMessage()
			if err != nil || ws.WriteMessage(kind, data) != nil {
				return
			}
		}
	})}
	go func() { _ = server.Serve(l) }()
	b.Cleanup(func() { _ = server.Close() })
	return "ws://" + l.Addr().String() + "/ocpp/"
}

// BenchmarkConnectAndBoot opens sockets that boot, and closes them again; both
// ends are in the figure.
func BenchmarkConnectAndBoot(b *testing.B) {
	url := serveVoid(b)
	before := cpu(b)
	var all sync.WaitGroup
	const dialers = 8
	for i := range dialers {
		all.Go(func() {
			for n := i; n < b.N; n += dialers {
				ws := dialVoid(b, fmt.Sprintf("%sCP%d", url, n), "ocpp1.6")
				err := ws.WriteMessage(websocket.TextMessage, []byte(`[2,"1","BootNotification",{"chargePointVendor":"Acme","chargePointModel":"One"}]`))
				if err == nil {
					_, _, err = ws.ReadMessage()
				}
				if err != nil {
					b.Error(err)
				}
				_ = ws.Close()
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/boot")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "boots/s")
}

// BenchmarkIdleConnections opens 5,000 sockets, lets each say hello, and
// prints what one costs: its heap and stack at our end. The stations' ends are
// bare TCP connections, which cost little and are measured first.
func BenchmarkIdleConnections(b *testing.B) {
	const stations = 5000
	for range b.N {
		url := serveVoid(b)
		address := strings.TrimSuffix(strings.TrimPrefix(url, "ws://"), "/ocpp/")
		bare := inUse()
		ends := make([]net.Conn, stations)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		probe := make([]net.Conn, 0, 2*stations)
		for range stations { // both ends of a bare connection
			c, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			s, err := listener.Accept()
			if err != nil {
				b.Fatal(err)
			}
			probe = append(probe, c, s)
		}
		end := (inUse() - bare) / (2 * stations)
		for _, c := range probe {
			_ = c.Close()
		}
		_ = listener.Close()
		probe = nil
		bare = inUse()
		for i := range ends {
			ends[i] = hello(b, address, i)
		}
		each := (inUse()-bare)/stations - end
		b.ReportMetric(float64(each)/1024, "KiB/conn")
		for _, c := range ends {
			_ = c.Close()
		}
	}
}

// inUse returns the bytes of heap and stacks in use.
func inUse() int {
	runtime.GC()
	runtime.GC() // pools are emptied in two steps
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapInuse + m.StackInuse)
}

// hello opens a station's socket by hand, asks once and reads the answer.
func hello(b *testing.B, address string, i int) net.Conn {
	c, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	_, err = fmt.Fprintf(c, "GET /ocpp/CP%d HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n", i)
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 512)
	if _, err := c.Read(buf); err != nil {
		b.Fatal(err)
	}
	frame := []byte(heartbeat)
	if _, err := c.Write(append([]byte{0x81, 0x80 | byte(len(frame)), 0, 0, 0, 0}, frame...)); err != nil {
		b.Fatal(err)
	}
	if n, err := c.Read(buf); err != nil || !strings.Contains(string(buf[:n]), "currentTime") {
		b.Fatalf("%q %v", buf[:n], err)
	}
	return c
}
