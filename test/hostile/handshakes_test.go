package hostile

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/kernel/clock"
	"pylon/test/program"
)

func TestHandshakes(t *testing.T) {
	t.Parallel()
	s := open(t, program.Build(t), "PYLON_UNKNOWN_STATIONS=pending")
	s.people(scale(8, 20))
	s.tricks()
	s.guesses()
	s.churn()
	s.fights()
	s.strangers()
	s.close()
}

// TestFewFiles lets somebody open more connections than the server may have files.
func TestFewFiles(t *testing.T) {
	t.Parallel()
	binary := program.Build(t)
	s := &stage{t: t, journal: &journal{}, races: t.TempDir() + "/race"}
	s.config = program.Config{
		Binary: binary, Data: t.TempDir(), Logs: s.journal, Args: []string{"--debug-listen", "127.0.0.1:0"},
		Tracer: []string{"sh", "-c", `ulimit -n 1024; exec "$@"`, "sh"},
	}
	s.server = program.Start(t, s.config)
	s.people(4)
	s.server.CreateStation(t, "late", password)
	s.run(attack{name: "more connections than files", attackers: 3000}, func(ctx context.Context) {
		wires := make([]*wire, 3000)
		defer hangUp(wires)
		for i := range wires { // one after the other: the system's queue is short
			var err error
			if wires[i], err = s.dial(ctx); err != nil {
				s.t.Fatal(err)
			}
		}
		<-clock.System{}.After(3 * time.Second) // honest stations charge meanwhile
		late := &neighbour{identity: "late", legacy: true}
		if err := late.connect(s.server.WebSocket()); err != nil {
			s.t.Fatalf("an honest station does not get in: %v", err)
		}
		if err := late.charge(); err != nil {
			s.t.Errorf("an honest station does not charge: %v", err)
		}
		late.socket.Close()
		s.server.Station(s.t, "late") // and the API answers
	})
	s.close()
}

// trick is a request that is no honest handshake, and what may come of it.
type trick struct {
	name    string
	request string // lines end with CR LF; "" is that of hello
	hello   hello
	want    []int // statuses; 0 is a connection that ends without one
}

// tricks sends handshakes that mean something else than they say.
func (s *stage) tricks() {
	s.server.CreateStation(s.t, "tricked", password)
	const upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	known := hello{identity: "tricked", password: password, protocols: []string{"ocpp1.6"}}
	with := func(change func(*hello)) hello {
		h := known
		change(&h)
		return h
	}
	path := func(p string) hello { return with(func(h *hello) { h.path = p }) }
	protocols := func(p ...string) hello { return with(func(h *hello) { h.protocols = p }) }
	extra := func(lines ...string) hello { return with(func(h *hello) { h.extra = lines }) }
	in, out := []int{101}, []int{400, 404}
	tricks := []trick{
		{name: "as it should be", hello: known, want: in},
		{name: "percent-encoded", hello: path("/ocpp/%74ricked"), want: in},
		{name: "encoded twice", hello: path("/ocpp/%2574ricked"), want: []int{401, 404, 101}},
		{name: "a slash, encoded", hello: path("/ocpp/a%2Ftricked"), want: out},
		{name: "an empty organisation", hello: path("/ocpp//tricked"), want: []int{301, 307, 404}},
		{name: "too many parts", hello: path("/ocpp/a/b/c"), want: out},
		{name: "dots", hello: path("/ocpp/../ocpp/tricked"), want: []int{301, 307, 400, 404}},
		{name: "dots, encoded", hello: path("/ocpp/%2e%2e%2ftricked"), want: out},
		{name: "zero byte", hello: path("/ocpp/tricked%00"), want: out},
		{name: "line break", hello: path("/ocpp/tricked%0d%0aX:%20y"), want: out},
		{name: "a lookalike", hello: path("/ocpp/tri%D1%81ked"), want: out},
		{name: "overlong UTF-8", hello: path("/ocpp/tricke%C1%A4"), want: out},
		{name: "a broken escape", hello: path("/ocpp/tricked%zz"), want: out},
		{name: "a long name", hello: path("/ocpp/" + strings.Repeat("a", 65)), want: out},
		{name: "a very long name", hello: path("/ocpp/" + strings.Repeat("a", 30_000)), want: []int{404, 431}},
		{name: "no name", hello: path("/ocpp/"), want: out},
		{name: "no protocol", hello: protocols(), want: in},
		{name: "an empty protocol", hello: protocols(""), want: in},
		{name: "an unknown protocol", hello: protocols("ocpp9.9"), want: in},
		{name: "another case", hello: protocols("OCPP1.6"), want: in},
		{name: "twice", hello: protocols("ocpp1.6", "ocpp1.6"), want: in},
		{name: "a thousand protocols", hello: protocols(strings.Repeat("x,", 1000) + "ocpp1.6"), want: in},
		{name: "a header in the protocol", hello: protocols("ocpp1.6\rX-Evil: 1"), want: []int{101, 400, 0}},
		{name: "two hosts", hello: extra("Host: elsewhere"), want: []int{400}},
		{name: "a page from elsewhere", hello: extra("Origin: https://evil.example", "User-Agent: Mozilla/5.0"), want: []int{101, 403}},
		{name: "a header of 20 KiB", hello: extra("X-Long: " + strings.Repeat("x", 20<<10)), want: []int{101, 431}},
		{name: "a thousand headers", hello: extra(strings.Split(strings.TrimSpace(strings.Repeat("X-A: b\n", 3000)), "\n")...), want: []int{101, 431}},
		{name: "a body", hello: extra("Content-Length: 5"), want: []int{101, 400}},
		{name: "a body in pieces", hello: extra("Transfer-Encoding: chunked"), want: []int{101, 400}},
		{name: "two lengths", hello: extra("Content-Length: 5", "Content-Length: 6"), want: []int{400}},
		{name: "length and pieces", hello: extra("Content-Length: 5", "Transfer-Encoding: chunked"), want: []int{101, 400}},
		{name: "an unknown encoding", hello: extra("Transfer-Encoding: x, chunked"), want: []int{400, 501}},
		{name: "a folded header", hello: extra("X-A: b", " c"), want: []int{101, 400}},
		{name: "a name with a blank", hello: extra("X-A : b"), want: []int{400}},
		{name: "HTTP/2 with prior knowledge", request: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", want: []int{0, 400, 404, 505}},
		{name: "HTTP/1.0", request: "GET /ocpp/tricked HTTP/1.0\r\n" + upgrade + "\r\n", want: []int{0, 400, 401, 404, 426}},
		{name: "HTTP/0.9", request: "GET /ocpp/tricked\r\n\r\n", want: []int{0, 400}},
		{name: "another method", request: "POST /ocpp/tricked HTTP/1.1\r\nHost: x\r\n" + upgrade + "\r\n", want: []int{400, 401, 405}},
		{name: "a proxy's request", request: "GET http://elsewhere/ocpp/tricked HTTP/1.1\r\nHost: x\r\n" + upgrade + "\r\n", want: []int{401}},
		{name: "CONNECT", request: "CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n", want: []int{400, 404, 405}},
		{name: "no host", request: "GET /ocpp/tricked HTTP/1.1\r\n" + upgrade + "\r\n", want: []int{400}},
		{name: "bare line feeds", request: "GET /ocpp/tricked HTTP/1.1\nHost: x\n\n", want: []int{400, 426}},
		{name: "garbage", request: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", want: []int{0, 400}},
		{name: "a method of 1 MiB", request: strings.Repeat("A", mib), want: []int{0, 400, 431}},
	}
	s.run(attack{name: "tricks", attackers: len(tricks)}, func(ctx context.Context) {
		for _, c := range tricks {
			if got := s.try(ctx, c); !slices.Contains(c.want, got) {
				s.t.Errorf("%s: got status %d, want one of %v", c.name, got, c.want)
			}
		}
	})
}

// try sends a trick and returns the status of the answer; the answer must not
// have a header of the attacker's.
func (s *stage) try(ctx context.Context, c trick) int {
	w, err := s.dial(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	defer w.Close()
	w.SetDeadline(time.Now().Add(answerMax))
	request := []byte(c.request)
	if c.request == "" {
		request = c.hello.bytes(s.server.Address())
	}
	go func() { // an answer may come before the end of the request
		_, _ = w.Write(request)
		if c.request != "" && !strings.HasSuffix(c.request, "\r\n") {
			if half, ok := w.Conn.(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite() // no more will come
			}
		}
	}()
	response, err := http.ReadResponse(w.in, nil)
	if err != nil {
		return 0
	}
	if response.Header.Get("X-Evil") != "" {
		s.t.Errorf("%s: the answer has the attacker's header", c.name)
	}
	return response.StatusCode
}

// guesses tries passwords of a station that exists, from one address: the station
// itself, which has another address, must get in meanwhile.
func (s *stage) guesses() {
	n := scale(300, 3000)
	s.server.CreateStation(s.t, "guessed", password)
	s.run(attack{name: "wrong passwords", attackers: n}, func(ctx context.Context) {
		var statuses [600]atomic.Int64
		each(16, func(worker int) {
			for i := range n / 16 {
				w, response, err := s.shake(ctx, hello{identity: "guessed", password: fmt.Sprintf("wrong-%d-%d", worker, i), protocols: []string{"ocpp1.6"}})
				if w != nil {
					w.Close()
				}
				if err != nil {
					s.t.Error(err)
					return
				}
				statuses[status(response)].Add(1)
			}
		})
		s.t.Logf("answers: %d times 401, %d times 429", statuses[401].Load(), statuses[429].Load())
		if statuses[101].Load() > 0 || statuses[429].Load() == 0 {
			s.t.Errorf("got %d let in and %d slowed down", statuses[101].Load(), statuses[429].Load())
		}
		real := &neighbour{identity: "guessed", legacy: true}
		if err := real.connectFrom("127.0.0.2", s.server.WebSocket()); err != nil {
			s.t.Errorf("the station itself is locked out: %v", err)
			return
		}
		real.socket.Close()
	})
}

// churn has one station connect as fast as it goes.
func (s *stage) churn() {
	s.server.CreateStation(s.t, "churning", password)
	s.run(attack{name: "a station that connects for ever", attackers: 1}, func(ctx context.Context) {
		in, slowed := 0, 0
		over := clock.System{}.After(time.Duration(scale(3, 30)) * time.Second)
		for {
			select {
			case <-over:
				s.churned(in, slowed)
				return
			default:
			}
			w, response, err := s.shake(ctx, hello{identity: "churning", password: password, protocols: []string{"ocpp1.6"}})
			switch {
			case err != nil:
				s.t.Error(err)
				return
			case w != nil:
				in++
				_ = w.text(`[2,"1","Heartbeat",{}]`) // it takes the seat
				w.Close()
			case status(response) == http.StatusTooManyRequests:
				slowed++
				<-clock.System{}.After(10 * time.Millisecond)
			}
		}
	})
}

// churned judges what came of a station that connects for ever.
func (s *stage) churned(in, slowed int) {
	s.t.Logf("let in %d times, refused %d times", in, slowed)
	if most := 60 + scale(3, 30) + 2; in > most {
		s.t.Errorf("let in %d times, want %d at most", in, most)
	}
}

// fights has two sockets claim one identity in turns.
func (s *stage) fights() {
	s.server.CreateStation(s.t, "contended", password)
	s.run(attack{name: "two sockets of one station", attackers: 2}, func(ctx context.Context) {
		each(2, func(int) {
			for range scale(10, 100) {
				w, _, err := s.shake(ctx, hello{identity: "contended", password: password, protocols: []string{"ocpp1.6"}})
				if err != nil {
					s.t.Error(err)
					return
				}
				if w == nil {
					continue // it came too often
				}
				_ = w.text(`[2,"1","BootNotification",{"chargePointVendor":"a","chargePointModel":"b"}]`)
				_, _ = w.message(time.Second) // the other may have the seat by now
				w.Close()
			}
		})
	})
}

// strangers come by the thousand to a server that takes who comes.
func (s *stage) strangers() {
	n := scale(2500, 6000)
	s.run(attack{name: "strangers", attackers: n}, func(ctx context.Context) {
		var in, slowed atomic.Int64
		wires := make([]*wire, n)
		defer hangUp(wires)
		each(50, func(worker int) {
			for i := worker; i < n; i += 50 {
				w, response, err := s.shake(ctx, hello{identity: name("stranger", i), protocols: []string{"ocpp1.6"}})
				switch {
				case err != nil:
					s.t.Error(err)
				case w != nil:
					wires[i] = w
					in.Add(1)
				case status(response) == http.StatusTooManyRequests:
					slowed.Add(1)
				}
			}
		})
		s.t.Logf("let in %d, refused %d", in.Load(), slowed.Load())
		if in.Load() > 2100 || slowed.Load() == 0 {
			s.t.Errorf("got %d strangers in and %d refused, want about 2,000 in", in.Load(), slowed.Load())
		}
	})
	answer, err := s.server.Do(s.t.Context(), program.Request{Method: http.MethodGet, Path: "/api/v1/stations?limit=1"})
	var page struct {
		Data []any `json:"data"`
	}
	if err != nil || json.Unmarshal(answer.Body, &page) != nil || len(page.Data) != 1 {
		s.t.Errorf("got %s and %v from the API", answer.Body, err)
	}
}
