package rest

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// gauges are the API's own figures. They carry no identifiers.
type gauges struct {
	requests *prometheus.HistogramVec
	streams  prometheus.Gauge
	dropped  prometheus.Counter
}

func newGauges(to prometheus.Registerer) gauges {
	g := gauges{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_server_request_duration_seconds", Help: "How long requests took.",
			Buckets: []float64{.001, .003, .01, .03, .1, .3, 1, 3, 10, 30},
		}, []string{"http_request_method", "http_route", "http_response_status_code"}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{Name: "pylon_sse_clients", Help: "Open live streams."}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "pylon_sse_dropped_total", Help: "Times that a live stream lost its place and said reset.",
		}),
	}
	if to != nil {
		to.MustRegister(g.requests, g.streams, g.dropped)
	}
	return g
}

// served counts one request. A path that nobody serves has no route, so that
// guesses do not fill the memory.
func (g gauges) served(method, route string, status int, took time.Duration) {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
	default:
		method = "_OTHER"
	}
	g.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}
