package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// profile takes the server's CPU profile for a time into DIR/name.pprof. The
// returned function waits for it. Without -pprof both do nothing.
func (l *lab) profile(ctx context.Context, s *server, name string, d time.Duration) (wait func() error) {
	if l.pprof == "" {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() { done <- fetchProfile(ctx, s.debug, filepath.Join(l.pprof, name+".pprof"), d) }()
	return func() error {
		if err := <-done; err != nil {
			return fmt.Errorf("profile %s: %w", name, err)
		}
		return nil
	}
}

func fetchProfile(ctx context.Context, address, file string, d time.Duration) error {
	url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", address, max(1, int(d.Seconds())))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, body, 0o644)
}
