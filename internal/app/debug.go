package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
)

// debug serves Go's profiler on its own address until ctx ends. Profiles tell
// what the program does, so only this machine may ask.
func (n *Node) debug(ctx context.Context) error {
	if n.config.DebugListen == "" {
		<-ctx.Done()
		return nil
	}
	host, _, err := net.SplitHostPort(n.config.DebugListen)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("debug-listen: %q is not a loopback address", n.config.DebugListen)
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", n.config.DebugListen)
	if err != nil {
		return fmt.Errorf("debug-listen: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: headerTerm}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	n.log.Info("debug listening", "addr", l.Addr().String())
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("debug-listen: %w", err)
	}
	return nil
}
