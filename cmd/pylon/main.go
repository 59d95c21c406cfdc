// Command pylon runs an EV charging network. `pylon serve` is the whole
// system; `pylon demo` is the same with a small simulated network.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes, the same for every command.
const (
	exitOK    = 0 // also after a signal: to be stopped is no failure
	exitError = 1
	exitUsage = 2
)

// commands is the command line.
type commands struct {
	Config string `type:"path" env:"PYLON_CONFIG" help:"Configuration file (default: pylon.toml here, in the user's or in /etc/pylon)."`

	Serve   serveCmd   `cmd:"" help:"Run the charging network."`
	Demo    demoCmd    `cmd:"" help:"Run it with a small simulated network: stations, drivers, sessions."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// terminal is where commands write: results to out, all else to err.
type terminal struct{ out, err io.Writer }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // who asks a second time does not want to wait
	os.Exit(run(ctx, os.Args[1:], os.Environ(), terminal{os.Stdout, os.Stderr}))
}

// run parses the command line, runs the command until it or ctx ends, and
// returns the exit code.
func run(ctx context.Context, args, environ []string, to terminal) int {
	fail := func(code int, err error) int {
		fmt.Fprintln(to.err, "pylon:", err)
		return code
	}
	var cli commands
	parser, err := kong.New(&cli,
		kong.Name("pylon"),
		kong.Description("An open EV charging network: stations, drivers, money and power in one program."),
		kong.Writers(to.out, to.err),
	)
	if err != nil {
		return fail(exitError, err)
	}
	set := loadSettings(configPath(args, environ), environ, flagNames(parser.Model.Node))
	if err := kong.Resolvers(set).Apply(parser); err != nil {
		return fail(exitError, err)
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		return fail(exitUsage, err)
	}
	chosen.BindTo(ctx, (*context.Context)(nil))
	if err := chosen.Run(to); err != nil && !errors.Is(err, context.Canceled) {
		return fail(exitError, err)
	}
	return exitOK
}
