// Package client speaks Pylon's REST API for the command line and the tests.
//
// Guarantees: what the API refuses comes back as a [*Problem]; a request that
// makes something carries an Idempotency-Key, so that trying again after a
// broken connection makes it once; [Client.Events] comes back where it was.
package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/kernel/clock"
)

// Options are what a Client is made of.
type Options struct {
	Base  string       // scheme, host and port: http://127.0.0.1:8080
	Key   string       // API key
	HTTP  *http.Client // nil: one of its own, without an overall time-out
	Clock clock.Clock  // for the wait between tries; nil: the machine's

	// Tell hears of every request when it is answered, or is not; nil: nobody
	// does. It gets neither headers nor bodies, which hold secrets.
	Tell func(method, address, outcome string, took time.Duration)
}

// Client calls one server with one key. It is safe for concurrent use.
type Client struct {
	base  string
	key   string
	http  *http.Client
	clock clock.Clock
	tell  func(method, address, outcome string, took time.Duration)
}

// New returns a Client; it calls nobody yet.
func New(o Options) (*Client, error) {
	base, err := url.Parse(o.Base)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("server %q is not http://host or https://host", o.Base)
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{}
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Tell == nil {
		o.Tell = func(string, string, string, time.Duration) {}
	}
	return &Client{base: strings.TrimSuffix(o.Base, "/"), key: o.Key, http: o.HTTP, clock: o.Clock, tell: o.Tell}, nil
}

// Problem is a refusal of the API (RFC 9457).
type Problem struct {
	Type      string       `json:"type"`
	Title     string       `json:"title"`
	Status    int          `json:"status"`
	Detail    string       `json:"detail"`
	Instance  string       `json:"instance"`
	Code      string       `json:"code"`
	TraceID   string       `json:"trace_id"`
	Retryable bool         `json:"retryable"`
	Errors    []FieldError `json:"errors"`
	OCPP      *OCPPError   `json:"ocpp_error"`

	retryAfter time.Duration
}

// FieldError is one rule that a request breaks.
type FieldError struct {
	Pointer   string `json:"pointer"`
	Parameter string `json:"parameter"`
	Code      string `json:"code"`
	Detail    string `json:"detail"`
}

// OCPPError is a station's CALLERROR.
type OCPPError struct {
	Code        string         `json:"code"`
	Description string         `json:"description"`
	Details     jsontext.Value `json:"details"`
}

// Error says what the API says, in one line.
func (p *Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", p.Title, p.Detail)
	for _, f := range p.Errors {
		fmt.Fprintf(&b, " %s%s: %s;", f.Pointer, f.Parameter, f.Detail)
	}
	fmt.Fprintf(&b, " (%d %s, trace %s)", p.Status, p.Code, p.TraceID)
	return b.String()
}

// Is reports whether err is a Problem with this code.
func Is(err error, code string) bool {
	p, ok := errors.AsType[*Problem](err)
	return ok && p.Code == code
}

// request is one call of the API.
type request struct {
	method string
	path   string // below the base, escaped
	query  url.Values
	header http.Header
	in     any // nil: no body; []byte goes out as it is
	safe   bool
}

const (
	tries      = 4
	patience   = 250 * time.Millisecond // before the second try; doubled before each that follows
	answerMax  = 64 << 20               // a page of the longest frames
	prefix     = "/api/v1"
	keyHeader  = "Idempotency-Key"
	typeHeader = "Content-Type"
)

// once marks a request that makes something: its repetition makes nothing.
func (r request) once() request {
	if r.header == nil {
		r.header = http.Header{}
	}
	r.header.Set(keyHeader, rand.Text())
	r.safe = true
	return r
}

// Call sends one request of the API below /api/v1 and decodes the answer into
// out, unless that is nil; a *[]byte takes the body as it is. It returns the
// answer's header.
func (c *Client) Call(ctx context.Context, method, path string, in, out any) (http.Header, error) {
	return c.do(ctx, request{method: method, path: prefix + path, in: in, safe: method == http.MethodGet}, out)
}

// do sends a request, again when nobody can have acted on it twice.
func (c *Client) do(ctx context.Context, r request, out any) (http.Header, error) {
	var body []byte
	switch in := r.in.(type) {
	case nil:
	case []byte:
		body = in
	default:
		encoded, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", r.method, r.path, err)
		}
		body = encoded
	}
	wait := patience
	for try := 1; ; try++ {
		header, err := c.try(ctx, r, body, out)
		if err == nil || try == tries || !r.safe || !passing(err) {
			return header, err
		}
		if p, ok := errors.AsType[*Problem](err); ok && p.retryAfter > wait {
			wait = p.retryAfter
		}
		select {
		case <-ctx.Done():
			return header, err
		case <-c.clock.After(wait):
		}
		wait *= 2
	}
}

// passing reports whether the same request may fare better later.
func passing(err error) bool {
	p, ok := errors.AsType[*Problem](err)
	if !ok {
		return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
	}
	return p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable
}

func (c *Client) try(ctx context.Context, r request, body []byte, out any) (http.Header, error) {
	answer, err := c.send(ctx, r, body)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, answerMax))
	if err != nil {
		return answer.Header, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return answer.Header, problem(answer, text)
	}
	switch out := out.(type) {
	case nil:
		return answer.Header, nil
	case *[]byte:
		*out = text
		return answer.Header, nil
	}
	if len(text) == 0 {
		return answer.Header, nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return answer.Header, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	return answer.Header, nil
}

// send sends a request and returns the answer with its body open.
func (c *Client) send(ctx context.Context, r request, body []byte) (*http.Response, error) {
	address := c.base + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	q, err := http.NewRequestWithContext(ctx, r.method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	maps.Copy(q.Header, r.header)
	if body != nil {
		q.Header.Set(typeHeader, "application/json")
	}
	if c.key != "" {
		q.Header.Set("Authorization", "Bearer "+c.key)
	}
	began := c.clock.Now()
	answer, err := c.http.Do(q)
	outcome := "no answer"
	if err == nil {
		outcome = answer.Status
	}
	c.tell(r.method, address, outcome, c.clock.Now().Sub(began))
	return answer, err
}

// problem reads a refusal; one that is none of the API's (a proxy's, say)
// becomes a Problem too.
func problem(answer *http.Response, text []byte) error {
	p := &Problem{}
	if json.Unmarshal(text, p) != nil || p.Code == "" {
		p = &Problem{Title: answer.Status, Code: "http_" + strconv.Itoa(answer.StatusCode)}
	}
	p.Status = answer.StatusCode
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil {
		p.retryAfter = time.Duration(seconds) * time.Second
	}
	return p
}
