package hostile

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/test/program"
)

func TestAPI(t *testing.T) {
	t.Parallel()
	binary := program.Build(t)
	for database, settings := range databases(t) {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			s := open(t, binary, settings...)
			s.people(scale(8, 20))
			s.strangeRequests()
			s.forgedCursors()
			s.wrongKeys()
			s.keptAnswers()
			s.deafStreams()
			s.slowBodies()
			s.close()
		})
	}
}

// request is one that the API must refuse or take, and neither fail on nor chew on.
type request struct {
	name, method, path, body string
	headers                  []string
}

// strangeRequests asks for what is not to be had.
func (s *stage) strangeRequests() {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	station := func(member string) string { return `{"station_id":"x",` + member + `}` }
	post := func(name, body string, headers ...string) request {
		return request{name, http.MethodPost, "/api/v1/stations", body, headers}
	}
	get := func(name, path string, headers ...string) request {
		return request{name, http.MethodGet, path, "", headers}
	}
	all := []request{
		post("deep nesting", station(`"a":`+deep(100_000))),
		post("nothing but nesting", deep(400_000)),
		post("half of a nesting", strings.Repeat(`{"a":[`, 100_000)),
		post("a giant number", station(`"security_profile":`+strings.Repeat("9", 500_000))),
		post("a tiny number", station(`"security_profile":1e-999999999`)),
		post("a large exponent", station(`"security_profile":1e999999999`)),
		post("a member twice", `{"station_id":"x","station_id":"y"}`),
		post("100,000 members", station(`"a":1`+manyMembers(100_000))),
		post("a long name", `{"station_id":"`+strings.Repeat("x", 900_000)+`"}`),
		post("a zero byte", `{"station_id":"x\u0000y"}`),
		post("a bare zero byte", "{\"station_id\":\"x\x00y\"}"),
		post("half a character", `{"station_id":"\ud800"}`),
		post("no UTF-8", "{\"station_id\":\"\xff\"}"),
		post("two megabytes", `"`+strings.Repeat("x", 2*mib)+`"`),
		post("gzip", zipped(64*mib), "Content-Encoding: gzip"),
		post("XML", "<a/>", "Content-Type: text/xml"),
		post("an odd type", "{}", "Content-Type: application/json; charset=utf-16; "+strings.Repeat("a", 5000)+"=b"),
		post("a list", "[]"),
		post("nothing", ""),
		get("a long query", "/api/v1/stations?"+strings.Repeat("a=b&", 3000)),
		get("an unknown filter", "/api/v1/stations?q[]=1;drop%20table"),
		get("a wildcard", "/api/v1/sessions?station_id=%25&token_uid=_%25"),
		get("a huge page", "/api/v1/stations?limit=999999999999999999999"),
		get("a page of less than nothing", "/api/v1/stations?limit=-1"),
		get("an odd sort", "/api/v1/stations?sort=station_id;--"),
		get("a zero byte in a filter", "/api/v1/sessions?station_id=%00&token_uid=a%00b"),
		get("a zero byte in a path", "/api/v1/stations/a%00b"),
		get("no UTF-8 in a filter", "/api/v1/sessions?token_uid=%ff%fe"),
		get("no UTF-8 in a path", "/api/v1/stations/%ff"),
		get("SQL in a path", "/api/v1/stations/x'%20OR%20'1'='1"),
		get("formats in a path", "/api/v1/stations/%25s%25n%25x"),
		get("dots in a path", "/api/v1/stations/..%2f..%2fetc%2fpasswd"),
		get("a long path", "/api/v1/stations/"+strings.Repeat("x", 10_000)),
		get("a foreign id", "/api/v1/sessions/sta_01JD3K6X5M8Q2V7T9WBNCRFHYZ"),
		get("a header of formats", "/api/v1/me", "Request-Id: %s%n", "Traceparent: 00-"+strings.Repeat("g", 32)+"-x-01"),
		get("many tags", "/api/v1/stations/honest-0", "If-None-Match: "+strings.Repeat(`"a",`, 3000)),
		get("a header flood", "/api/v1/me", "X-Long: "+strings.Repeat("x", 40_000)),
		{"a strange method", "BREW", "/api/v1/stations", "", nil},
		{"TRACE", http.MethodTrace, "/api/v1/stations", "", nil},
		{"a method too many", http.MethodDelete, "/api/v1/me", "", nil},
		{"a raw call of 1 MiB", http.MethodPost, "/api/v1/stations/honest-0/ocpp/Reset", `{"type":"` + strings.Repeat("x", mib-100) + `"}`, nil},
		{"a raw call that is none", http.MethodPost, "/api/v1/stations/honest-0/ocpp/Reset", `{"type":`, nil},
		{"a raw call of nesting", http.MethodPost, "/api/v1/stations/honest-0/ocpp/DataTransfer", `{"vendorId":"x","data":` + deep(50_000) + `}`, nil},
		{"a raw call of a strange action", http.MethodPost, "/api/v1/stations/honest-0/ocpp/%00%ff", `{}`, nil},
		{"a raw call with a zero byte", http.MethodPost, "/api/v1/stations/honest-0/ocpp/DataTransfer", `{"vendorId":"x\u0000"}`, nil},
		{"a token with a zero byte", http.MethodPost, "/api/v1/tokens", `{"uid":"a\u0000b","type":"ISO14443"}`, nil},
		{"a site with a zero byte", http.MethodPost, "/api/v1/sites", `{"name":"a\u0000b"}`, nil},
		{"a key with a zero byte", http.MethodPost, "/api/v1/api-keys", `{"name":"a\u0000b","scopes":["stations:read"]}`, nil},
		{"a template that is a trap", http.MethodPost, "/api/v1/station-templates", `{"name":"x","vendor":"` + strings.Repeat("*a", 2000) + `","model":"(a+)+$"}`, nil},
		{"a job for all", http.MethodPost, "/api/v1/jobs", `{"stations":` + deep(1000) + `}`, nil},
	}
	s.run(attack{name: "strange requests", attackers: len(all), memory: 128 * mib}, func(context.Context) {
		for _, r := range all {
			headers := append([]string{"Idempotency-Key: " + base64.RawURLEncoding.EncodeToString([]byte(r.name))}, r.headers...)
			began := clock.System{}.Now()
			status, answer := s.ask(r.method, r.path, r.body, headers...)
			took := clock.System{}.Now().Sub(began)
			refusedWhileSending := status == 0 && len(r.body) > mib // the answer may be lost with the rest of the body
			if !refusedWhileSending && (status < 200 || status >= 500 && status != http.StatusBadGateway) {
				s.t.Errorf("%s: got %d %.300s", r.name, status, answer)
			}
			if took > patience {
				s.t.Errorf("%s: it took %v", r.name, took)
			}
			if strings.Contains(answer, "SQL") || strings.Contains(answer, "goroutine") || strings.Contains(answer, ".go:") {
				s.t.Errorf("%s: the answer tells of our insides: %.300s", r.name, answer)
			}
		}
	})
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"m%d":1`, i)
	}
	return b.String()
}

// zipped returns n blanks, compressed.
func zipped(n int) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(bytes.Repeat([]byte(" "), n)) // into memory
	_ = w.Close()                                // likewise
	return b.String()
}

// forgedCursors comes back with places that the server never gave.
func (s *stage) forgedCursors() {
	n := scale(200, 3000)
	r := rand.New(rand.NewPCG(*seed, 7))
	lists := []string{"/api/v1/stations", "/api/v1/sessions", "/api/v1/findings", "/api/v1/tokens", "/api/v1/stations/honest-0/log", "/api/v1/commands", "/api/v1/audit"}
	s.run(attack{name: "forged cursors", attackers: n}, func(context.Context) {
		real := map[string]bool{}
		for _, list := range lists {
			_, answer := s.ask(http.MethodGet, list+"?limit=1", "")
			if _, after, found := strings.Cut(answer, `"next_cursor":"`); found {
				cursor, _, _ := strings.Cut(after, `"`)
				real[cursor] = true
			}
		}
		forged := []string{"", "x", strings.Repeat("A", 8000), base64.RawURLEncoding.EncodeToString([]byte(`{"a":1}`)), "AAAAAAAAAAA", "_____w"}
		for cursor := range real {
			forged = append(forged, cursor)
		}
		for i := range n {
			cursor := forged[r.IntN(len(forged))]
			if i%2 == 0 {
				cursor = damage(r, cursor)
			}
			list := lists[r.IntN(len(lists))]
			if status, answer := s.ask(http.MethodGet, list+"?limit=2&cursor="+url.QueryEscape(cursor), ""); status < 200 || status >= 500 {
				s.t.Errorf("%s with cursor %q: got %d %.300s", list, cursor, status, answer)
			}
		}
	})
}

// wrongKeys guesses keys.
func (s *stage) wrongKeys() {
	n := scale(1000, 20_000)
	s.run(attack{name: "wrong keys", attackers: n}, func(context.Context) {
		each(8, func(worker int) {
			for i := range n / 8 {
				status, answer := s.ask(http.MethodGet, "/api/v1/stations", "", fmt.Sprintf("Authorization: Bearer pylon-%d-%d", worker, i))
				if status != http.StatusUnauthorized && status != http.StatusTooManyRequests {
					s.t.Errorf("got %d %s", status, answer)
					return
				}
			}
		})
		if status, _ := s.ask(http.MethodGet, "/api/v1/me", ""); status != http.StatusOK {
			s.t.Errorf("who has the right key is locked out: got %d", status)
		}
	})
}

// keptAnswers repeats requests with other bodies, and makes many keys.
func (s *stage) keptAnswers() {
	n := scale(200, 2000)
	s.run(attack{name: "keys of repeated requests", attackers: n}, func(context.Context) {
		s.ask(http.MethodPost, "/api/v1/sites", `{"name":"first"}`, "Idempotency-Key: reused")
		if status, answer := s.ask(http.MethodPost, "/api/v1/sites", `{"name":"second"}`, "Idempotency-Key: reused"); status != http.StatusUnprocessableEntity {
			s.t.Errorf("a key with another body: got %d %s", status, answer)
		}
		for i := range n { // refused requests must leave no row, whatever their key
			if status, answer := s.ask(http.MethodPost, "/api/v1/sites", `{}`, fmt.Sprintf("Idempotency-Key: k-%d", i)); status != http.StatusUnprocessableEntity && status != http.StatusTooManyRequests {
				s.t.Errorf("got %d %s", status, answer)
				return
			}
		}
	})
}

// deafStreams opens live streams and never reads them.
func (s *stage) deafStreams() {
	const n = 400
	s.run(attack{name: "live streams that nobody reads", attackers: n, memory: 192 * mib}, func(ctx context.Context) {
		wires := make([]*wire, n)
		defer hangUp(wires)
		var in, refused atomic.Int64
		each(n, func(i int) {
			w, err := s.dial(ctx)
			if err != nil {
				s.t.Error(err)
				return
			}
			wires[i] = w
			token := base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("x=1,", i*4) + "y=zz"))
			w.SetDeadline(time.Now().Add(answerMax))
			fmt.Fprintf(w, "GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nLast-Event-ID: %s\r\n\r\n", program.Key, token)
			response, err := http.ReadResponse(w.in, nil)
			switch {
			case err != nil:
				s.t.Error(err)
			case response.StatusCode == http.StatusOK:
				in.Add(1)
			default:
				refused.Add(1)
			}
		})
		if in.Load() > 250 || refused.Load() == 0 {
			s.t.Errorf("got %d streams and %d refused, want 250 at most", in.Load(), refused.Load())
		}
		<-clock.System{}.After(time.Duration(scale(2, 20)) * time.Second) // honest stations make events
	})
}

// slowBodies announces bodies that never come.
func (s *stage) slowBodies() {
	n := scale(500, 2000)
	strangers, known := make([]*wire, n), make([]*wire, n)
	s.run(attack{name: "bodies that never come", attackers: 2 * n}, func(ctx context.Context) {
		defer hangUp(strangers)
		defer hangUp(known)
		each(n, func(i int) {
			for _, c := range []struct {
				wires []*wire
				key   string
			}{{strangers, "wrong"}, {known, program.Key}} {
				w, err := s.dial(ctx)
				if err != nil {
					s.t.Error(err)
					return
				}
				c.wires[i] = w
				fmt.Fprintf(w, "POST /api/v1/stations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{", c.key)
			}
		})
		ends(s.t, "a stranger's body", closeEnds, strangers)
		if *long {
			ends(s.t, "a body", 30*time.Second+30*time.Second, known)
		}
	})
}
