package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/sim/load"
)

const (
	// clients ask at the same time, each over its own connection.
	clients = 4
	// asked is how many requests a second they make together: a busy console,
	// and below what the server lets one key ask for.
	asked = 100
	// step spreads requests over all stations; it is prime, so that they come to
	// each.
	stride = 7919
)

// measureAPI tells how fast a program gets one station of many, and fifty.
func measureAPI(ctx context.Context, l *lab) (rows []row, err error) {
	l.say("api: %d stations known", l.known)
	s, err := l.open(ctx, "api", l.known)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	var turn atomic.Int64
	one := func() string { return "/api/v1/stations/" + identity(int(turn.Add(1))*stride%l.known) }
	var page pager
	for _, q := range []struct {
		name            string
		path            func() string
		read            func([]byte) error
		times           int
		target, stretch float64
	}{
		{"REST get a station, p95", one, nil, l.gets, 10, 3},
		{"REST list of 50, p95", page.path, page.read, l.lists, 50, 15},
	} {
		tally := l.ask(ctx, s, q.times, q.path, q.read)
		rows = append(rows, row{
			figure: figure{name: q.name, unit: "ms", target: q.target, stretch: q.stretch},
			value:  millis(tally.Latencies.At(950)), broken: failures(tally),
			detail: fmt.Sprintf("%s stations known; %d requests, %d a second by %d clients, counted from when each was due: %s",
				number(float64(l.known)), tally.Done, asked, clients, quantiles(tally.Latencies)),
		})
	}
	return rows, nil
}

// ask lets clients request paths in an open loop.
func (l *lab) ask(ctx context.Context, s *server, times int, path func() string, read func([]byte) error) load.Tally {
	all := make([]*http.Client, clients)
	for i := range all {
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		all[i] = &http.Client{Transport: transport}
	}
	pace := load.Pace{PerSecond: asked, For: time.Duration(times) * time.Second / asked}
	return load.Open(ctx, l.clock, all, pace, func(client *http.Client) error {
		body, err := s.get(ctx, client, path())
		if err == nil && read != nil {
			err = read(body)
		}
		return err
	})
}

// pager walks through the list of stations, page by page; clients share it.
type pager struct{ cursor atomic.Pointer[string] }

func (p *pager) path() string {
	if cursor := p.cursor.Load(); cursor != nil && *cursor != "" {
		return "/api/v1/stations?limit=50&cursor=" + *cursor
	}
	return "/api/v1/stations?limit=50"
}

// read finds the way to the next page. A page without stations is an error.
func (p *pager) read(body []byte) error {
	var page struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
		Next string `json:"next_cursor"`
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return err
	}
	if len(page.Data) == 0 {
		return errors.New("a page of the list is empty")
	}
	p.cursor.Store(&page.Next)
	return nil
}
