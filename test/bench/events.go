package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/kernel/clock"
	"pylon/internal/sim/load"
)

const (
	changes  = 200             // status changes a second
	flippers = 1000            // stations that say them: one that changes its mind more than twenty times a minute is not told of at once
	lateMax  = 5 * time.Second // for the last event, after the last change
)

// measureEvents tells how long after a station said something others see it.
func measureEvents(ctx context.Context, l *lab) (rows []row, err error) {
	l.say("events")
	s, err := l.open(ctx, "events", flippers)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	stations, err := l.bring(ctx, l.stations(s, flippers, both), func(s *load.Station) error {
		return errors.Join(s.Boot(), s.Free())
	})
	if err != nil {
		return nil, err
	}
	defer leave(stations)
	w := newWatch(l.clock)
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	ended, err := w.listen(ctx, s)
	if err != nil {
		return nil, err
	}
	taken := map[string]*bool{}
	for _, s := range stations {
		taken[s.Identity] = new(bool)
	}
	tally := load.Open(ctx, l.clock, stations, load.Pace{PerSecond: changes, For: l.size.open}, func(s *load.Station) error {
		w.sent(s.Identity)
		now := taken[s.Identity] // each station's own
		if *now = !*now; *now {
			return s.Taken()
		}
		return s.Free()
	})
	latencies, missing := w.wait(tally.Done)
	hangUp()
	broken := failures(tally)
	if missing > 0 {
		broken = fmt.Sprintf("%d events did not come (%v)", missing, <-ended)
	}
	return []row{{
		figure: figure{name: "frame to event on another's stream, p95", unit: "ms", target: 100, stretch: 20},
		value:  millis(latencies.At(950)), broken: broken,
		detail: fmt.Sprintf("%d status changes, %d a second, from the frame's sending to its event at an SSE client: %s",
			tally.Done, changes, quantiles(latencies)),
	}}, nil
}

// watch is a client of the event stream who knows when the station sent what he
// sees. Its methods are safe for concurrent use.
type watch struct {
	clock clock.Clock

	mu        sync.Mutex
	due       map[string][]time.Time // by identity: sent, and its event not seen; the oldest first
	latencies load.Latencies
	seen      chan struct{} // gets a value after an event, perhaps
}

func newWatch(c clock.Clock) *watch {
	return &watch{clock: c, due: map[string][]time.Time{}, seen: make(chan struct{}, 1)}
}

// sent notes that a station says something now.
func (w *watch) sent(identity string) {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.due[identity] = append(w.due[identity], now)
}

// saw notes the event of a station.
func (w *watch) saw(identity string) {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if due := w.due[identity]; len(due) > 0 {
		w.latencies = append(w.latencies, now.Sub(due[0]))
		w.due[identity] = due[1:]
	}
	select {
	case w.seen <- struct{}{}:
	default:
	}
}

// wait returns the latencies when so many events were seen, or when the rest is
// too late, and how many are missing.
func (w *watch) wait(events int) (sorted load.Latencies, missing int) {
	late := w.clock.After(lateMax)
	for {
		w.mu.Lock()
		sorted = slices.Sorted(slices.Values(w.latencies))
		w.mu.Unlock()
		if missing = events - len(sorted); missing <= 0 {
			return sorted, 0
		}
		select {
		case <-w.seen:
		case <-late:
			return sorted, missing
		}
	}
}

// listen opens the stream and reads it until ctx ends. ended gets why it did.
func (w *watch) listen(ctx context.Context, s *server) (ended <-chan error, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address+"/api/v1/events?topics=connectors", nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Accept", "text/event-stream")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("event stream: %s", response.Status), response.Body.Close())
	}
	done := make(chan error, 1)
	go func() {
		defer response.Body.Close()
		done <- w.read(bufio.NewScanner(response.Body))
	}()
	return done, nil
}

// Why a stream tells nothing more.
var (
	errReset = errors.New("the server has reset the stream")
	errEnded = errors.New("the server has ended the stream")
)

// read takes in the lines of a stream of connectors. A connector's events come in
// their order.
func (w *watch) read(lines *bufio.Scanner) error {
	for lines.Scan() {
		if lines.Text() == "event: reset" {
			return errReset
		}
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var e struct {
			Type      string `json:"type"`
			StationID string `json:"station_id"`
		}
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			return err
		}
		if e.Type == "connector.status_changed" {
			w.saw(e.StationID)
		}
	}
	return cmp.Or(lines.Err(), errEnded)
}
