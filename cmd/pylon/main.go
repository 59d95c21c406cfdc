// Command pylon runs an EV charging network. `pylon serve` is the whole
// system; `pylon demo` is the same with a small simulated network.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes, the same for every command.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// commands is the command line.
type commands struct {
	Config string `type:"path" env:"PYLON_CONFIG" help:"Configuration file (default: pylon.toml here, in the user's or in /etc/pylon)."`

	Serve   serveCmd   `cmd:"" help:"Run the charging network."`
	Demo    demoCmd    `cmd:"" help:"Run it with a small simulated network: stations, drivers, sessions."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

func main() { os.Exit(run(os.Args[1:], os.Environ())) }

// run parses the command line, runs the command until it ends or a signal
// comes, and returns the exit code.
func run(args, environ []string) int {
	var cli commands
	parser, err := kong.New(&cli,
		kong.Name("pylon"),
		kong.Description("An open EV charging network: stations, drivers, money and power in one program."),
		kong.UsageOnError(),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, "pylon:", err)
		return exitError
	}
	set, err := loadSettings(configPath(args, environ), environ, flagNames(parser.Model.Node))
	if err != nil {
		fmt.Fprintln(os.Stderr, "pylon:", err)
		return exitUsage
	}
	if err := kong.Resolvers(set).Apply(parser); err != nil {
		fmt.Fprintln(os.Stderr, "pylon:", err)
		return exitError
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "pylon:", err)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	chosen.BindTo(ctx, (*context.Context)(nil))
	if err := chosen.Run(); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "pylon:", err)
		return exitError
	}
	return exitOK
}
