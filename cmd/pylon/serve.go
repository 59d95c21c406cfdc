package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

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
	if s.Data == "" && s.DatabaseURL == "" {
		s.Data = "data"
	}
	node, err := app.Open(ctx, s.Config, to.err)
	if err != nil {
		return err
	}
	defer hurryOnSecondSignal(node)()
	go app.TendCollector(ctx)
	return node.Run(ctx)
}

// hurryOnSecondSignal lets a node that drains hurry when it is told to stop once
// more. A third signal ends the process.
func hurryOnSecondSignal(node *app.Node) (stop func()) {
	told := make(chan os.Signal, 2)
	signal.Notify(told, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-told // which has ended the context
		<-told
		signal.Stop(told)
		node.Hurry()
	}()
	return func() {
		signal.Stop(told)
		close(told)
	}
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(to terminal) error {
	_, err := fmt.Fprintln(to.out, "pylon", app.Version())
	return err
}
