package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"pylon/internal/kernel/clock"
)

// Bounds of the HTTP server. Sockets of stations leave it at their upgrade;
// event streams lift their own write deadline.
const (
	headerTerm = 10 * time.Second // a slow client must not hold a connection for nothing
	graceTerm  = time.Second      // what requests get to end by themselves when the node stops
	idleTerm   = 2 * time.Minute
	headerMax  = 16 << 10 // a station's request is under 1 KiB, a browser's under 4
)

func (n *Node) listen(ctx context.Context) (err error) {
	var config net.ListenConfig
	if n.listener, err = config.Listen(ctx, "tcp", n.config.Listen); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if n.config.TLSListen == "" {
		return nil
	}
	plain, err := config.Listen(ctx, "tcp", n.config.TLSListen)
	if err != nil {
		return fmt.Errorf("tls-listen: %w", err)
	}
	n.secure = tls.NewListener(plain, n.certificates.Config())
	return nil
}

// serve answers requests on every listener until ctx ends.
func (n *Node) serve(ctx context.Context) error {
	requests, endRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer endRequests()
	files := filesMax()
	lobby := newLobby(clock.System{}, func() int { return lobbyPlaces(files, n.gateway.Open()) })
	server := &http.Server{
		ConnState:         lobby.note,
		Handler:           n.routes(),
		ReadHeaderTimeout: headerTerm,
		IdleTimeout:       idleTerm,
		MaxHeaderBytes:    headerMax,
		ErrorLog:          slog.NewLogLogger(n.log.Handler(), slog.LevelDebug), // what strangers do wrong is no news
		BaseContext:       func(net.Listener) context.Context { return requests },
	}
	group, groupCtx := errgroup.WithContext(ctx)
	for _, l := range []net.Listener{n.listener, n.secure} {
		if l == nil {
			continue
		}
		group.Go(func() error {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve %s: %w", l.Addr(), err)
			}
			return nil
		})
		n.log.Info("listening", "addr", l.Addr().String(), "tls", l == n.secure, "version", Version(), "node", n.id)
	}
	close(n.ready)
	group.Go(func() error {
		<-groupCtx.Done()
		n.drain(groupCtx)
		clock.System{}.AfterFunc(graceTerm, endRequests) // live streams would go on for ever
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTerm)
		defer cancel()
		return errors.Join(server.Shutdown(stopCtx), server.Close())
	})
	return group.Wait()
}

// edges are the parts of the node's ways in that run beside requests, by its roles.
func (n *Node) edges() (parts []func(context.Context) error) {
	if n.config.Has(roleGateway) {
		parts = append(parts, n.gateway.Run)
	}
	if n.config.Has(roleAPI) {
		parts = append(parts, n.api.Run, n.page.Run)
	}
	return parts
}

// routes sends each request to its edge.
func (n *Node) routes() http.Handler {
	mux := http.NewServeMux()
	if n.config.Has(roleGateway) {
		mux.Handle("/ocpp/", n.gateway)
	}
	if n.config.Has(roleAPI) {
		mux.Handle("/api/", n.api)
		mux.Handle("/problems/", n.api)
		mux.Handle("/", n.page)
	}
	for _, health := range []string{"/livez", "/readyz", "/metrics"} {
		mux.Handle(health, n.api)
	}
	return mux
}
