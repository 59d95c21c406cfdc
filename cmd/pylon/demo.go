package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"pylon/internal/app"
)

type demoCmd struct {
	app.Config `embed:""`

	Speed int `default:"1" help:"Time runs so many times as fast, for the server and its stations alike: 60 shows a day in 24 minutes."`
}

// Run serves with a simulated network until ctx ends. Without a data folder of
// its own the demonstration leaves nothing behind.
func (d *demoCmd) Run(ctx context.Context, to terminal) (err error) {
	if d.Listen == "" {
		d.Listen = "127.0.0.1:8080"
	}
	if d.Data == "" {
		if d.Data, err = os.MkdirTemp("", "pylon-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(d.Data)) }()
	}
	if d.BootstrapAPIKey == "" {
		if d.BootstrapAPIKey, err = demoKey(d.Data); err != nil {
			return err
		}
	}
	if d.Speed < 1 {
		return errors.New("speed: 1 at least")
	}
	node, err := app.OpenAt(ctx, app.Clock(d.Speed), d.Config, to.err)
	if err != nil {
		return err
	}
	receipts, err := node.Receipts()
	if err != nil {
		node.Close()
		return err
	}
	_, err = fmt.Fprintf(to.out, `Pylon runs at %[1]s with a simulated network: 40 stations on four sites,
drivers who come and go.

  status page   %[1]s/
  receipts      file://%[3]s
  API           curl -H 'Authorization: Bearer %[2]s' '%[1]s/api/v1/sessions?status=active'
  books         curl -H 'Authorization: Bearer %[2]s' %[1]s/api/v1/ledger/trial-balance
  live events   curl -N -H 'Authorization: Bearer %[2]s' %[1]s/api/v1/events
  stop          Ctrl-C

`, node.URL(), d.BootstrapAPIKey, receipts)
	if err != nil {
		node.Close()
		return err
	}
	return node.Demo(ctx)
}

// demoKey returns the owner key of the demonstration in a folder, the same each
// time: only an empty database takes a new one.
func demoKey(folder string) (string, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(folder, "demo.key")
	known, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return string(known), err
	}
	key := "demo_" + strings.ToLower(rand.Text())
	return key, os.WriteFile(path, []byte(key), 0o600)
}
