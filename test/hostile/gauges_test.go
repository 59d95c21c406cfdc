package hostile

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/test/program"
)

// gauges are what the server takes of the machine.
type gauges struct {
	goroutines, files int
	heap, resident    int64 // bytes
}

// rest returns the gauges after a garbage collection: what is held, not what was
// dropped a moment ago.
func (s *stage) rest() gauges {
	s.t.Helper()
	s.fetch("http://" + s.journal.profiler() + "/debug/pprof/heap?gc=1")
	var g gauges
	for line := range strings.Lines(s.fetch("http://" + s.server.Address() + "/metrics")) {
		key, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			continue
		}
		switch key {
		case "go_goroutines":
			g.goroutines = int(value)
		case "process_open_fds":
			g.files = int(value)
		case "go_memstats_heap_alloc_bytes":
			g.heap = int64(value)
		}
	}
	g.resident = s.resident()
	return g
}

// fetch returns a page of the server's.
func (s *stage) fetch(url string) string {
	s.t.Helper()
	client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: got %d and %v", url, response.StatusCode, err)
	}
	return string(body)
}

// ask sends a request with the owner's key and these headers, whole lines, and
// returns the answer; 0 and why when there is none.
func (s *stage) ask(method, path, body string, headers ...string) (status int, answer string) {
	request, err := http.NewRequest(method, "http://"+s.server.Address()+path, strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	request.Header.Set("Authorization", "Bearer "+program.Key)
	request.Header.Set("Content-Type", "application/json")
	for _, line := range headers {
		key, value, _ := strings.Cut(line, ": ")
		request.Header.Set(key, value)
	}
	client := http.Client{Timeout: answerMax}
	response, err := client.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 4*mib))
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(text)
}

// resident returns the memory that the server takes, in bytes.
func (s *stage) resident() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.server.PID()))
	if err != nil {
		s.t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	kib, err := strconv.ParseInt(strings.Fields(after)[0], 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return kib << 10
}

// watch looks at the server's memory until the returned function is called, which
// returns the most that there was.
func (s *stage) watch() func() int64 {
	var most atomic.Int64
	most.Store(s.resident())
	ticks, stop := clock.System{}.Ticker(50 * time.Millisecond)
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-over:
				return
			case <-ticks:
				most.Store(max(most.Load(), s.resident()))
			}
		}
	}()
	return func() int64 {
		close(over)
		<-done
		stop()
		return most.Load()
	}
}

// latencies are how long honest stations waited for their answers.
type latencies struct {
	count    int
	p50, p99 time.Duration
	most     time.Duration
}

// String returns them for a table.
func (l latencies) String() string {
	return fmt.Sprintf("%d, p50 %v, p99 %v, max %v", l.count, l.p50.Round(10*time.Microsecond), l.p99.Round(10*time.Microsecond), l.most.Round(10*time.Microsecond))
}

// since returns the latencies of the honest calls that were sent after a moment.
func (s *stage) since(began time.Time) latencies {
	var all []time.Duration
	for _, n := range s.neighbours {
		all = append(all, n.waited(began)...)
	}
	slices.Sort(all)
	if len(all) == 0 {
		return latencies{}
	}
	return latencies{len(all), all[len(all)/2], all[len(all)*99/100], all[len(all)-1]}
}
