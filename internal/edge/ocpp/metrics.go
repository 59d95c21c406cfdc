package ocpp

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pylon/internal/wire/ocppj"
)

// Metrics are the gateway's figures. No label holds what a station chose:
// actions are those of the specification.
type Metrics struct {
	connections *prometheus.GaugeVec
	closes      *prometheus.CounterVec
	messages    *prometheus.CounterVec
	seconds     *prometheus.HistogramVec
	failures    *prometheus.CounterVec
	verdicts    *prometheus.CounterVec
}

// NewMetrics returns metrics that are registered with r; nil registers them
// nowhere.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		connections: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "pylon_ocpp_connections", Help: "Open sockets of stations.",
		}, []string{"version", "security_profile"}),
		closes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pylon_ocpp_closes_total", Help: "Sockets that ended, by the gateway's reason.",
		}, []string{"reason"}),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pylon_ocpp_messages_total", Help: "Calls by direction (in: of stations), action and what became of them.",
		}, []string{"direction", "action", "result"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "pylon_ocpp_call_duration_seconds", Help: "From a call to its answer: of a station until ours is written, of ours until the station's is here.",
			Buckets: []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30},
		}, []string{"action"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pylon_ocpp_handshake_failures_total", Help: "Refused handshakes.",
		}, []string{"reason"}),
		verdicts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pylon_ocpp_verdicts_total", Help: "What stations did and should not.",
		}, []string{"verdict"}),
	}
	if r != nil {
		r.MustRegister(m.connections, m.closes, m.messages, m.seconds, m.failures, m.verdicts)
	}
	return m
}

func (m *Metrics) opened(v ocppj.Version, profile int) {
	m.connections.WithLabelValues(v.String(), strconv.Itoa(profile)).Inc()
}

// closed counts the end of a socket. Reasons that come from outside the
// package are told apart in the station's log, not here.
func (m *Metrics) closed(v ocppj.Version, profile int, why farewell) {
	m.connections.WithLabelValues(v.String(), strconv.Itoa(profile)).Dec()
	reason := why.reason
	if why.fleet {
		reason = "fleet"
	}
	m.closes.WithLabelValues(reason).Inc()
}

func (m *Metrics) refused(why reason) { m.failures.WithLabelValues(string(why)).Inc() }
func (m *Metrics) verdict(v verdict)  { m.verdicts.WithLabelValues(string(v)).Inc() }

// result is what became of a call.
type result uint8

const (
	resultOK          result = iota // answered with a result
	resultInvalid                   // breaks its schema
	resultRefused                   // the station is not accepted
	resultUnsupported               // no such action, or not one for us
	resultFailed                    // our failure, or the station's CALLERROR
	resultUnanswered                // the socket ended before the answer
	resultTimedOut
	results // how many there are
)

// String returns the label.
func (r result) String() string {
	return [results]string{"ok", "invalid", "refused", "unsupported", "error", "unanswered", "timed_out"}[r]
}

// tally counts the calls of one action and direction. It remembers its
// counters, for a look-up by label costs more than all else that is counted.
type tally struct {
	of        *Metrics
	direction string
	action    string
	seconds   prometheus.Observer
	counts    [results]atomic.Pointer[prometheus.Counter]
}

func (m *Metrics) tally(direction, action string) *tally {
	return &tally{of: m, direction: direction, action: action, seconds: m.seconds.WithLabelValues(action)}
}

// count counts a call that ended in r after took.
func (m *tally) count(r result, took time.Duration) {
	counter := m.counts[r].Load()
	if counter == nil { // a series begins with its first call
		c := m.of.messages.WithLabelValues(m.direction, m.action, r.String())
		counter = &c
		m.counts[r].Store(counter)
	}
	(*counter).Inc()
	m.seconds.Observe(took.Seconds())
}
