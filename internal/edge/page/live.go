package page

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/event"
	"pylon/internal/kernel/clock"
)

const (
	redrawEvery   = 500 * time.Millisecond // as fast as people read
	redrawAnyway  = 10 * time.Second       // power and ages move without events
	keepAlive     = 15 * time.Second       // below the idle limit of common proxies
	readerPatient = 10 * time.Second       // to take a piece
	readersMax    = 200                    // open live pages; each is a goroutine and a buffer
)

// readers are the open live pages.
type readers struct {
	mu  sync.Mutex
	all map[chan *board]bool
}

// join adds a reader, who gets every new board, or the latest when he is slow;
// false when there are too many.
func (r *readers) join() (chan *board, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) >= readersMax {
		return nil, false
	}
	if r.all == nil {
		r.all = map[chan *board]bool{}
	}
	c := make(chan *board, 1)
	r.all[c] = true
	return c, true
}

func (r *readers) leave(c chan *board) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, c)
}

func (r *readers) some() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.all) > 0
}

// show hands a board to everybody; it replaces one that a reader has not
// taken.
func (r *readers) show(b *board) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.all {
		select {
		case <-c:
		default:
		}
		c <- b
	}
}

// Run draws the board anew when there is news and somebody looks, until ctx
// ends.
func (s *Server) Run(ctx context.Context) error {
	ticks, stop := s.clock.Ticker(redrawEvery)
	defer stop()
	e := ear{server: s}
	defer func() { e.close() }()
	drawn, news := s.clock.Steady(), false
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, open := <-e.heard:
			news = true
			if !open {
				e.close() // and listen again at the next tick
			}
		case <-ticks:
			if !s.readers.some() {
				e.close()
				continue
			}
			now := s.clock.Steady()
			began := e.listen(ctx) // what came before, nobody heard
			if !began && !news && now.Sub(drawn) < redrawAnyway {
				continue
			}
			drawn, news = now, false
			b, err := s.draw(ctx)
			if err != nil {
				s.log.Debug("board not drawn", "error", err)
				continue
			}
			s.readers.show(b)
		}
	}
}

// ear listens to the live feed of the organisation on the board, while
// somebody looks.
type ear struct {
	server *Server
	heard  <-chan event.Recorded // nil while it does not listen
	cancel func()
}

// listen begins to listen, unless it does, and reports whether it began.
func (e *ear) listen(ctx context.Context) bool {
	if e.heard != nil {
		return false
	}
	first, err := e.server.store.FirstOrganisation(ctx)
	if err != nil {
		return false
	}
	e.heard, e.cancel = e.server.feed.Subscribe(first.ID)
	return true
}

// close ends listening.
func (e *ear) close() {
	if e.cancel != nil {
		e.cancel()
	}
	e.heard, e.cancel = nil, nil
}

// serveLive sends the sections of the board that changed, as server-sent
// events.
func (s *Server) serveLive(w http.ResponseWriter, r *http.Request) {
	if !s.admits(r) {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	boards, ok := s.readers.join()
	if !ok {
		http.Error(w, "too many readers", http.StatusServiceUnavailable)
		return
	}
	defer s.readers.leave(boards)
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // a reader says nothing, for hours
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store, no-transform")
	w.Header().Set("X-Accel-Buffering", "no") // nginx holds streams back otherwise
	out := wire{w: w, control: http.NewResponseController(w), clock: s.clock, shown: map[string]string{}}
	beats, stop := s.clock.Ticker(keepAlive)
	defer stop()
	b, err := s.current(r.Context())
	for {
		if err == nil && b != nil {
			err = out.show(b)
		}
		if err != nil {
			return // the browser comes back
		}
		b = nil
		select {
		case <-r.Context().Done():
			return
		case <-s.stopped:
			return
		case b = <-boards:
		case <-beats:
			err = out.send(": \n\n")
		}
	}
}

// wire writes to one reader what he has not got yet.
type wire struct {
	w       http.ResponseWriter
	control *http.ResponseController
	clock   clock.Clock
	shown   map[string]string
}

// show sends the sections that differ from what the reader has.
func (o wire) show(b *board) error {
	var text strings.Builder
	for _, part := range b.Sections {
		if o.shown[part.ID] == string(part.HTML) {
			continue
		}
		o.shown[part.ID] = string(part.HTML)
		data, err := json.Marshal(struct {
			ID   string `json:"id"`
			HTML string `json:"html"`
		}{part.ID, string(part.HTML)})
		if err != nil {
			return err
		}
		text.WriteString("data: " + string(data) + "\n\n")
	}
	if text.Len() == 0 {
		return nil
	}
	return o.send(text.String())
}

func (o wire) send(text string) error {
	_ = o.control.SetWriteDeadline(clock.Deadline(o.clock, readerPatient)) // as above
	if _, err := o.w.Write([]byte(text)); err != nil {
		return err
	}
	return o.control.Flush()
}
