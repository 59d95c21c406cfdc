package main

import (
	"context"
	"fmt"
	"os"

	"pylon/internal/app"
)

type serveCmd struct {
	app.Config `embed:""`
}

// Run serves until ctx ends.
func (s *serveCmd) Run(ctx context.Context) error {
	if s.Listen == "" {
		s.Listen = ":8080"
	}
	if s.Data == "" {
		s.Data = "data"
	}
	node, err := app.Open(ctx, s.Config, os.Stderr)
	if err != nil {
		return err
	}
	return node.Run(ctx)
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run() error {
	fmt.Println("pylon", app.Version())
	return nil
}
