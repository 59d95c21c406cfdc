package main

import (
	"context"
	"fmt"

	"pylon/internal/app"
)

type serveCmd struct {
	app.Config `embed:""`
}

// Run serves until ctx ends.
func (s *serveCmd) Run(ctx context.Context, to terminal) error {
	if s.Listen == "" {
		s.Listen = ":8080"
	}
	if s.Data == "" {
		s.Data = "data"
	}
	node, err := app.Open(ctx, s.Config, to.err)
	if err != nil {
		return err
	}
	return node.Run(ctx)
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(to terminal) error {
	_, err := fmt.Fprintln(to.out, "pylon", app.Version())
	return err
}
