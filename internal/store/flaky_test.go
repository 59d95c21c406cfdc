package store_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// flaky is a way to PostgreSQL that tests can break: a proxy on 127.0.0.1.
type flaky struct {
	tb     testing.TB
	server string
	listen net.Listener

	mu      sync.Mutex
	deaf    *hold // not nil: what clients send waits
	clients []net.Conn
	servers []net.Conn
	left    []net.Conn // servers whose clients were cut
}

// hold keeps what clients send.
type hold struct {
	begun, over chan struct{} // closed when something is kept, and when it may go on
	once        sync.Once
}

// through returns a proxy and the URL that leads through it.
func through(tb testing.TB, database string) (*flaky, string) {
	tb.Helper()
	u, err := url.Parse(database)
	if err != nil {
		tb.Fatal(err)
	}
	listen, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	f := &flaky{tb: tb, server: u.Host, listen: listen}
	tb.Cleanup(func() {
		_ = listen.Close()
		f.cut()
		f.end()
	})
	go f.accept(context.WithoutCancel(tb.Context()))
	u.Host = listen.Addr().String()
	return f, u.String()
}

func (f *flaky) accept(ctx context.Context) {
	for {
		client, err := f.listen.Accept()
		if err != nil {
			return
		}
		server, err := new(net.Dialer).DialContext(ctx, "tcp", f.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		f.mu.Lock()
		f.clients, f.servers = append(f.clients, client), append(f.servers, server)
		f.mu.Unlock()
		go func() {
			_, _ = io.Copy(client, server) // until one of them ends
			_ = client.Close()
		}()
		go f.forward(client, server)
	}
}

// forward carries what the client sends. When the client ends, the server hears
// of it only when the proxy is not deaf.
func (f *flaky) forward(client, server net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		f.mu.Lock()
		deaf := f.deaf
		f.mu.Unlock()
		if deaf != nil {
			deaf.once.Do(func() { close(deaf.begun) })
			<-deaf.over
		}
		if n > 0 {
			if _, err := server.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			_ = server.Close()
			return
		}
	}
}

// hold keeps what clients send from now on, until release is called. begun is
// closed when there is something.
func (f *flaky) hold() (begun <-chan struct{}, release func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := &hold{begun: make(chan struct{}), over: make(chan struct{})}
	f.deaf = h
	return h.begun, sync.OnceFunc(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.deaf == h {
			f.deaf = nil
		}
		close(h.over)
	})
}

// pass lets connections that are made from now on through at once, while those
// that are held stay so.
func (f *flaky) pass() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deaf = nil
}

// cut ends the clients' connections; the server does not hear of it as long as
// what they sent is held.
func (f *flaky) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.clients {
		_ = c.Close()
	}
	f.clients, f.servers, f.left = nil, nil, append(f.left, f.servers...)
}

// end ends the connections to the server whose clients were cut.
func (f *flaky) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.left {
		_ = c.Close()
	}
	f.left = nil
}
