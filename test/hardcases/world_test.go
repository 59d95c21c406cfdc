package hardcases

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/app"
	"pylon/internal/client"
	"pylon/internal/kernel/clock"
)

const (
	// patience bounds every wait, on the machine's clock: far beyond what any takes.
	patience = 30 * time.Second
	// look is how often the API is asked again for what is waited for.
	look = 5 * time.Millisecond
	// key is the owner's.
	key = "hardcases-0123456789"
)

// world is the whole program on a clock that the test moves.
type world struct {
	t     *testing.T
	clock *clock.Warped
	node  *app.Node
	api   *client.Client
	log   *journal

	events chan client.Event // of the live stream, from the beginning
}

// opened returns a world that runs until the test ends. Its clock begins long
// after the machine's, which judges the deadlines of sockets.
func opened(t *testing.T, clk *clock.Warped) *world {
	t.Helper()
	w := &world{t: t, clock: clk, log: new(journal), events: make(chan client.Event, 1<<16)}
	var err error
	w.node, err = app.OpenAt(t.Context(), clk, app.Config{
		Listen: "127.0.0.1:0", Data: t.TempDir(), Role: []string{"all"}, UnknownStations: "refuse", BootstrapAPIKey: key,
		FrameRetention: 24 * time.Hour, FrameLog: 1, SQLiteSynchronous: "off", LogLevel: "debug",
	}, w.log)
	if err != nil {
		t.Fatal(err)
	}
	if w.api, err = client.New(client.Options{Base: w.node.URL(), Key: key}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	streaming, endStream := context.WithCancel(ctx)
	ran, streamed := make(chan error, 1), make(chan struct{})
	go func() { ran <- w.node.Run(ctx) }()
	w.await("the program to be ready", func() bool { return w.try(http.MethodGet, "/readyz", "").status == http.StatusOK })
	go func() {
		defer close(streamed)
		w.follow(streaming)
	}()
	t.Cleanup(func() {
		endStream()
		<-streamed
		stop()
		if err := w.stopped(ran); err != nil {
			t.Errorf("the program ended with %v", err)
		}
		if t.Failed() {
			t.Logf("its log:\n%s", w.log)
		}
	})
	w.mark("begin")
	return w
}

// stopped lets time pass until the program has ended.
func (w *world) stopped(ran <-chan error) error {
	for {
		select {
		case err := <-ran:
			return err
		case <-time.After(look):
			w.clock.Skip(time.Second)
		}
	}
}

// follow reads the live stream into events.
func (w *world) follow(ctx context.Context) {
	for e, err := range w.api.Events(ctx, []string{"stations", "sessions", "commands", "tokens"}, "") {
		if err != nil {
			if ctx.Err() == nil {
				w.t.Errorf("live stream: %v", err)
			}
			return
		}
		select {
		case w.events <- e:
		default:
			w.t.Error("more events than a conversation can have")
			return
		}
	}
}

// mark makes an event and returns those that came before it. The program
// writes its events in one stream, so they are all that happened until now.
func (w *world) mark(name string) []client.Event {
	w.t.Helper()
	uid := "MARK" + name
	var before []client.Event
	made := client.Token{}
	w.await("the live stream to reach "+name, func() bool {
		if made.ID == "" { // the stream may not be open yet: then it is made again, under another name
			var err error
			if made, err = w.api.CreateToken(w.t.Context(), map[string]any{"uid": uid + rand.Text()[:8], "type": "Central"}); err != nil {
				w.t.Fatal(err)
			}
		}
		select {
		case e := <-w.events:
			before = append(before, e)
			if e.Subject == made.ID {
				return true
			}
		case <-time.After(100 * look):
			made.ID = ""
		}
		return false
	})
	out := before[:0]
	for _, e := range before {
		if !strings.HasPrefix(e.Type, "token.created") {
			out = append(out, e)
		}
	}
	return out
}

// answer is what the API says.
type answer struct {
	status int
	body   []byte
}

// try asks the API; a request that does not get through is status 0.
func (w *world) try(method, path, body string) answer {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, method, w.node.URL()+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+key)
	q.Header.Set("Idempotency-Key", rand.Text())
	if body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	if method == http.MethodPatch {
		q.Header.Set("Content-Type", "application/merge-patch+json")
		q.Header.Set("If-Match", "*")
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		return answer{}
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return answer{}
	}
	return answer{r.StatusCode, text}
}

// get fills out with what the API has at path.
func (w *world) get(path string, out any) {
	w.t.Helper()
	a := w.try(http.MethodGet, path, "")
	if a.status != http.StatusOK {
		w.t.Fatalf("GET %s: %d %s", path, a.status, a.body)
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		w.t.Fatalf("GET %s: %v", path, err)
	}
}

// await looks until what is waited for is true.
func (w *world) await(what string, is func() bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	for !is() {
		select {
		case <-time.After(look):
		case <-ctx.Done():
			w.t.Fatalf("waiting for %s: not in time", what)
		}
	}
}

// journal is a log that is shown when the test fails.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}
