package sim_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"pylon/internal/kernel/clock"
	"pylon/internal/sim"
	"pylon/internal/wire/ocppj"
)

// fleetSize is how many stations one core must carry.
const fleetSize = 10_000

// serverVariable makes the test binary the server of a benchmark, so that its memory
// and its work are not taken for the stations'.
const serverVariable = "PYLON_SIM_BENCH_SERVER"

// TestMain is the other process of the benchmarks, when it is told to be.
func TestMain(m *testing.M) {
	if os.Getenv(serverVariable) == "" {
		os.Exit(m.Run())
	}
	server := httptest.NewServer(http.HandlerFunc(serveMinimal))
	fmt.Println("ws" + strings.TrimPrefix(server.URL, "http") + "/ocpp")
	_, _ = io.Copy(io.Discard, os.Stdin) // until the benchmark ends
}

// serveMinimal accepts everything and reads no more of a call than its id and action.
func serveMinimal(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{Subprotocols: []string{"ocpp1.6", "ocpp2.0.1", "ocpp2.1"}, ReadBufferSize: 512, WriteBufferSize: 512}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = ws.Close() }()
	for {
		_, frame, err := ws.ReadMessage()
		if err != nil {
			return
		}
		words := bytes.SplitN(frame, []byte(`"`), 5)
		answer := `{}`
		now := clock.System{}.Now().Format(time.RFC3339)
		switch string(words[3]) {
		case "BootNotification":
			answer = `{"status":"Accepted","interval":300,"currentTime":"` + now + `"}`
		case "Heartbeat":
			answer = `{"currentTime":"` + now + `"}`
		case "Authorize":
			answer = `{"idTokenInfo":{"status":"Accepted"}}`
			if ws.Subprotocol() == "ocpp1.6" {
				answer = `{"idTagInfo":{"status":"Accepted"}}`
			}
		case "StartTransaction":
			answer = `{"transactionId":` + strconv.Itoa(1+rand.IntN(1_000_000)) + `,"idTagInfo":{"status":"Accepted"}}`
		}
		if ws.WriteMessage(websocket.TextMessage, []byte(`[3,"`+string(words[1])+`",`+answer+`]`)) != nil {
			return
		}
	}
}

// BenchmarkIdleStations measures what 10,000 stations cost that are connected and
// only say that they live, every five minutes.
func BenchmarkIdleStations(b *testing.B) { measureFleet(b, 0) }

// BenchmarkBusyStations is 10,000 stations at the hour of a day when a fifth of them
// charge, with a sample each minute, at real speed.
func BenchmarkBusyStations(b *testing.B) { measureFleet(b, fleetSize/5) }

func measureFleet(b *testing.B, charging int) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	url := startServer(b)
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	before := resident(b)
	stations := make([]*sim.Station, fleetSize)
	for i := range stations {
		stations[i] = sim.New(sim.Config{
			Endpoint:       sim.Endpoint{URL: url, Identity: "CP-" + strconv.Itoa(i), Version: []ocppj.Version{ocppj.V16, ocppj.V201, ocppj.V21}[i%3]},
			Hardware:       sim.AC22(),
			SampleInterval: time.Minute,
			Seed:           uint64(i),
		}, clock.System{}, slog.New(slog.DiscardHandler))
		running.Go(func() { _ = stations[i].Run(ctx) })
		if i%100 == 99 { // as many as a server takes at once
			if err := stations[i].Online(ctx); err != nil {
				b.Fatal(err)
			}
		}
	}
	for _, s := range stations {
		if err := s.Online(ctx); err != nil {
			b.Fatal(err)
		}
	}
	for i := range charging {
		running.Go(func() {
			_ = stations[i].Charge(ctx, sim.Visit{Token: card, Car: car, Stay: time.Hour})
		})
	}
	const length = 20 * time.Second
	for b.Loop() {
		used := processorTime(b)
		<-clock.System{}.After(length)
		b.ReportMetric(100*float64(processorTime(b)-used)/float64(length), "%-of-a-core")
	}
	b.ReportMetric(float64(resident(b)-before)/fleetSize/1024, "KiB/station")
	b.ReportMetric(float64(runtime.NumGoroutine())/fleetSize, "goroutines/station")
}

func startServer(b *testing.B) (url string) {
	b.Helper()
	server := exec.CommandContext(b.Context(), os.Args[0])
	server.Env = append(os.Environ(), serverVariable+"=1")
	hold, err := server.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = hold.Close()
		_ = server.Wait()
	})
	url, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(url)
}

// resident returns the memory of the process that is not free.
func resident(b *testing.B) int64 {
	b.Helper()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
