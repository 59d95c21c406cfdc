package main

import (
	"context"
	"fmt"

	"pylon/internal/sim/powerlab"
)

type powerCmd struct {
	Replay powerReplay `cmd:"" group:"Of a file, without a server" help:"Play a site's days with the engine of load management, and print how well it went as one JSON object." example:"pylon power replay scenario.json"`
}

type powerReplay struct {
	File string `arg:"" type:"path" help:"A scenario (evload-scenario/1) or one step of a tree (evload-snapshot/1); - is standard input."`
}

// Run prints the score of the replay.
func (p *powerReplay) Run(ctx context.Context, to terminal) error {
	in, err := openInput(p.File)
	if err != nil {
		return err
	}
	defer in.Close()
	score, err := powerlab.Run(ctx, in)
	if err != nil {
		return fmt.Errorf("%s: %w", p.File, err)
	}
	_, err = fmt.Fprintln(to.out, string(score))
	return err
}
