package rest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"

	"pylon/internal/domain/account"
)

// call is what is known of the request that is served.
type call struct {
	id      string // Request-Id: the caller's, or ours
	trace   string // 32 hex digits: the caller's traceparent, or ours
	base    string // scheme and host by which the caller reached us
	path    string
	query   string
	by      account.Actor
	body    []byte
	attempt *attempt // nil: the caller gave no Idempotency-Key
	problem *Problem // what it was answered with, for the log
}

// note keeps the problem for the log.
func (c *call) note(p *Problem) { c.problem = p }

type callKey struct{}

// callOf returns the call of a request's context, an empty one outside any.
func callOf(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &call{}
}

// requestIDMax bounds what is echoed; ids in use are UUIDs and the like.
const requestIDMax = 128

// newCall reads what a request says of itself.
func newCall(r *http.Request) *call {
	host := strings.ToValidUTF8(r.Host, "")
	c := &call{base: "http://" + host, path: strings.ToValidUTF8(r.URL.Path, "\uFFFD"), query: r.URL.RawQuery}
	if r.TLS != nil {
		c.base = "https://" + host
	}
	c.trace = traceOf(r.Header.Get("Traceparent"))
	if c.trace == "" {
		var raw [16]byte
		_, _ = rand.Read(raw[:]) // never fails
		c.trace = hex.EncodeToString(raw[:])
	}
	c.id = r.Header.Get("Request-Id")
	if !printable(c.id, requestIDMax) {
		c.id = c.trace
	}
	return c
}

// traceOf returns the trace id of a W3C traceparent, "" when it has none:
// version, 32 hex digits that are not all zero, parent, flags.
func traceOf(parent string) string {
	parts := strings.Split(parent, "-")
	if len(parts) < 4 || len(parts[0]) != 2 || len(parts[1]) != 32 {
		return ""
	}
	raw, err := hex.DecodeString(parts[1])
	if err != nil || strings.Trim(parts[1], "0") == "" {
		return ""
	}
	return hex.EncodeToString(raw)
}

// printable reports whether s is 1 to limit printable ASCII characters.
func printable(s string, limit int) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= limit
}
