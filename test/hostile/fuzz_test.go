package hostile

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/kernel/clock"
	"pylon/test/program"
)

// tongue is a version as an attacker speaks it.
type tongue struct {
	protocol, folder string
	boot, begin      string // requests, action and payload
	corpus           []message
}

func tongues(t *testing.T) []tongue {
	t.Helper()
	const (
		boot2  = `"BootNotification",{"reason":"PowerUp","chargingStation":{"vendorName":"Hostile","model":"Fuzz"}}`
		begin2 = `"TransactionEvent",{"eventType":"Started","timestamp":"2026-01-01T00:00:00Z","triggerReason":"CablePluggedIn","seqNo":0,"transactionInfo":{"transactionId":"fuzz"},"evse":{"id":1,"connectorId":1}}`
	)
	all := []tongue{
		{
			protocol: "ocpp1.6", folder: "ocpp16", boot: `"BootNotification",{"chargePointVendor":"Hostile","chargePointModel":"Fuzz"}`,
			begin: `"StartTransaction",{"connectorId":1,"idTag":"` + token + `","meterStart":0,"timestamp":"2026-01-01T00:00:00Z"}`,
		},
		{protocol: "ocpp2.0.1", folder: "ocpp201", boot: boot2, begin: begin2},
		{protocol: "ocpp2.1", folder: "ocpp21", boot: boot2, begin: begin2},
	}
	for i := range all {
		all[i].corpus = corpus(t, all[i].folder)
	}
	return all
}

// The states in which an attacker's station is.
const (
	unbooted = iota
	pending
	rejected
	accepted
	charging
	states
)

// fuzzer is a station that sends what no station sends.
type fuzzer struct {
	stage    *stage
	identity string
	tongue   tongue
	others   []tongue
	state    int
	random   *rand.Rand
	wire     *wire
	calls    int

	sent, answered, refused, closed int
}

// TestFuzzedFrames lets stations of every version and in every state send what they
// should not.
func TestFuzzedFrames(t *testing.T) {
	t.Parallel()
	binary := ""
	if *long {
		binary = build(t)
	} else {
		binary = program.Build(t)
	}
	for database, settings := range databases(t) {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			s := open(t, binary, settings...)
			s.people(scale(8, 20))
			s.fuzz(tongues(t))
			s.readEverything()
			s.close()
		})
	}
}

func (s *stage) fuzz(tongues []tongue) {
	n := scale(30, 60)
	fuzzers := make([]*fuzzer, n)
	for i := range fuzzers {
		f := &fuzzer{
			stage: s, identity: name("fuzz", i), tongue: tongues[i%3], others: tongues, state: i / 3 % states, random: rand.New(rand.NewPCG(*seed, uint64(i))),
		}
		s.server.CreateStation(s.t, f.identity, password)
		if word := map[int]string{pending: "pending", rejected: "rejected"}[f.state]; word != "" {
			s.patch("/api/v1/stations/"+f.identity, `{"registration":"`+word+`"}`)
		}
		fuzzers[i] = f
	}
	// Most of what it takes is a server's first work, whoever gives it: pages of the
	// database (64 MiB), room for garbage (64), frames on their way to their log. Then
	// it stays between 150 and 280 MiB however long it lasts, with frames of up to 1 MiB
	// from each; the rest is for a moment when many of those meet.
	s.run(attack{name: "fuzzed frames", attackers: n, memory: 384 * mib, anyMemory: *long}, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, time.Duration(scale(6, 120))*time.Second)
		defer cancel()
		each(n, func(i int) { fuzzers[i].run(ctx) })
		var sent, answered, refused, closed int
		for _, f := range fuzzers {
			sent, answered, refused, closed = sent+f.sent, answered+f.answered, refused+f.refused, closed+f.closed
		}
		s.t.Logf("seed %d: %d messages, %d calls accepted, %d refused with a reason, %d sockets closed", *seed, sent, answered, refused, closed)
		if answered == 0 || refused == 0 || closed == 0 {
			s.t.Error("the fuzz does not reach what it should")
		}
	})
}

// patch changes something by the API.
func (s *stage) patch(path, body string) {
	s.t.Helper()
	status, answer := s.ask(http.MethodPatch, path, body, "If-Match: *")
	if status != http.StatusOK {
		s.t.Fatalf("PATCH %s: got %d %s", path, status, answer)
	}
}

// pause is what a fuzzer waits between two messages of the long form.
const pause = 100 * time.Millisecond

// run sends until ctx ends.
func (f *fuzzer) run(ctx context.Context) {
	for ctx.Err() == nil {
		if f.wire == nil && !f.connect(ctx) {
			select {
			case <-ctx.Done():
			case <-clock.System{}.After(200 * time.Millisecond):
			}
			continue
		}
		if *long { // the race detector makes everything ten times as slow: honest stations need room
			<-clock.System{}.After(pause)
		}
		if err := f.act(); err != nil {
			f.wire.Close()
			f.wire = nil
			f.closed++
		}
	}
	if f.wire != nil {
		f.wire.Close()
	}
}

// connect opens a socket and brings it into its state.
func (f *fuzzer) connect(ctx context.Context) bool {
	h := hello{identity: f.identity, password: password, protocols: []string{f.tongue.protocol}}
	if f.random.IntN(2) == 0 {
		h.extra = []string{"Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover"}
	}
	w, _, err := f.stage.shake(ctx, h)
	if err != nil || w == nil {
		return false
	}
	f.wire = w
	if f.state != unbooted {
		_ = w.text(`[2,"boot",` + f.tongue.boot + `]`)
	}
	if f.state == charging {
		_ = w.text(`[2,"begin",` + f.tongue.begin + `]`)
	}
	return true
}

// act sends one thing. An error is a socket that has ended.
func (f *fuzzer) act() error {
	f.sent++
	m, known := f.message()
	f.calls++
	id := fmt.Sprintf("fuzz-%d", f.calls)
	payload := m.payload
	for range f.random.IntN(3) {
		payload = mutate(f.random, payload)
	}
	body := emit(payload)
	call := `[2,"` + id + `","` + m.action + `",` + body + `]`
	switch f.random.IntN(10) {
	case 0, 1:
		return f.wire.text(strangeFrame(f.random, call))
	case 2: // in pieces, with control frames between them
		at := f.random.IntN(len(call))
		pieces := append(frame(opText, []byte(call[:at])), frame(final|opPing, []byte("p"))...)
		pieces = append(append(pieces, frame(opContinue, nil)...), frame(final|opContinue, []byte(call[at:]))...)
		if _, err := f.wire.Write(pieces); err != nil {
			return err
		}
	case 3:
		if f.random.IntN(20) > 0 { // seldom: each costs a connection
			return nil
		}
		whole := frame(final|opText, []byte(call))
		_, _ = f.wire.Write(whole[:f.random.IntN(len(whole))]) // half a frame, and gone
		return errStatus
	default:
		if err := f.wire.text(call); err != nil {
			return err
		}
	}
	return f.await(id, m.action, body, known)
}

// message chooses a request: of the station's own version, or now and then of another.
func (f *fuzzer) message() (m message, known bool) {
	all := f.tongue.corpus
	known = f.random.IntN(10) > 0
	if !known {
		all = f.others[f.random.IntN(len(f.others))].corpus
	}
	m = all[f.random.IntN(len(all))]
	if f.random.IntN(3) == 0 { // what is about energy is worth more of them
		for range 20 {
			if strings.Contains("StartTransaction StopTransaction MeterValues TransactionEvent Authorize StatusNotification", m.action) {
				break
			}
			m = all[f.random.IntN(len(all))]
		}
	}
	return m, known
}

// await reads until the call has its answer, and judges that.
func (f *fuzzer) await(id, action, body string, known bool) error {
	for {
		answer, err := f.wire.message(answerMax)
		if err != nil {
			return err
		}
		var parts []jsontext.Value
		if err := json.Unmarshal([]byte(answer), &parts); err != nil || len(parts) < 3 {
			f.stage.t.Errorf("%s: the server sent %q", f.identity, answer)
			return errStatus
		}
		if string(parts[1]) != `"`+id+`"` {
			continue // the answer to something else
		}
		if string(parts[0]) == "3" {
			f.answered++
			return nil
		}
		f.refused++
		var code, description string
		if len(parts) == 5 {
			_ = json.Unmarshal(parts[2], &code)        // "" is judged
			_ = json.Unmarshal(parts[3], &description) // likewise
		}
		if complaint := judge(code, description); complaint != "" {
			f.stage.t.Errorf("%s, call %d of %s (state %d), %s, known %t, %.300s: got %s, which %s; again: go test ./test/hostile -run Fuzzed -args -seed %d",
				f.identity, f.calls, f.tongue.protocol, f.state, action, known, body, answer, complaint, *seed)
		}
		return nil
	}
}

// named matches a description that names the rule.
var named = regexp.MustCompile(`\((syntax|type|required|enumeration|length|range|items|unknown field|format)\)|levels|not an object|not a string|elements|array`)

// judge says what is wrong with a refusal, "" when nothing is.
func judge(code, description string) string {
	switch code {
	case "FormationViolation", "FormatViolation", "OccurenceConstraintViolation", "OccurrenceConstraintViolation",
		"TypeConstraintViolation", "ProtocolError", "RpcFrameworkError":
		if len(description) < 250 && !named.MatchString(description) {
			return "names no rule"
		}
	case "PropertyConstraintViolation", "GenericError", "SecurityError", "NotSupported", "NotImplemented", "MessageTypeNotSupported":
		if description == "" {
			return "says nothing"
		}
	case "InternalError": // but for a card that dozens of stations count at once: the station says it again
		if description != "too_much_contention" {
			return "is a failure of the server's own"
		}
	default:
		return "has a code that is none"
	}
	return ""
}

// readEverything has the API show all that came of the attack.
func (s *stage) readEverything() {
	s.t.Run("read_everything", func(t *testing.T) {
		var rows atomic.Int64
		paths := []string{"/api/v1/stations", "/api/v1/sessions", "/api/v1/findings", "/api/v1/tokens", "/api/v1/audit"}
		for i := range 30 {
			paths = append(paths, "/api/v1/stations/"+name("fuzz", i)+"/log", "/api/v1/stations/"+name("fuzz", i)+"/variables")
		}
		var all sync.WaitGroup
		for _, path := range paths {
			all.Go(func() { rows.Add(int64(s.readAll(t, path))) })
		}
		all.Wait()
		t.Logf("%d rows read", rows.Load())
	})
}

// pagesMax bounds what is read of a list.
const pagesMax = 50

// readAll reads a list page by page and returns how many items it has.
func (s *stage) readAll(t *testing.T, path string) (items int) {
	cursor := ""
	for range pagesMax {
		answer, err := s.server.Do(t.Context(), program.Request{Method: http.MethodGet, Path: path + "?limit=100" + cursor})
		var page struct {
			Data []jsontext.Value `json:"data"`
			Next string           `json:"next_cursor"`
		}
		if err != nil || answer.Status != http.StatusOK || json.Unmarshal(answer.Body, &page) != nil {
			t.Errorf("GET %s: got %d %.300s and %v", path, answer.Status, answer.Body, err)
			return items
		}
		items += len(page.Data)
		if page.Next == "" {
			return items
		}
		cursor = "&cursor=" + page.Next
	}
	return items
}
