package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"

	"pylon/internal/app"
)

type demoCmd struct {
	app.Config `embed:""`
}

// Run serves with a simulated network until ctx ends. Without a data folder of
// its own the demonstration leaves nothing behind.
func (d *demoCmd) Run(ctx context.Context) error {
	if d.Listen == "" {
		d.Listen = "127.0.0.1:8080"
	}
	if d.Data == "" {
		folder, err := os.MkdirTemp("", "pylon-demo-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(folder) }()
		d.Data = folder
	}
	if d.BootstrapAPIKey == "" {
		d.BootstrapAPIKey = "demo_" + strings.ToLower(rand.Text())
	}
	node, err := app.Open(ctx, d.Config, os.Stderr)
	if err != nil {
		return err
	}
	fmt.Printf(`Pylon runs at http://%[1]s with a simulated network: 20 stations, drivers who come and go.

  status page   http://%[1]s/
  API           curl -H 'Authorization: Bearer %[2]s' 'http://%[1]s/api/v1/sessions?status=active'
  live events   curl -N -H 'Authorization: Bearer %[2]s' http://%[1]s/api/v1/events
  stop          Ctrl-C

`, node.Addr(), d.BootstrapAPIKey)
	return node.Demo(ctx)
}
