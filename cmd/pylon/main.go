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
	"slices"
	"strings"
	"syscall"
	_ "time/tzdata" // prices and bills are in zones, also on a machine that has no files of them

	"github.com/alecthomas/kong"

	"pylon/cmd/pylon/remote"
)

// Exit codes of a server; those of the commands that talk to one are
// [remote.ExitCode]'s.
const (
	exitOK    = remote.ExitOK // also after a signal: to be stopped is no failure
	exitError = remote.ExitError
	exitUsage = remote.ExitUsage
)

// commands is the command line.
type commands struct {
	Config string `type:"path" placeholder:"FILE" env:"PYLON_CONFIG" help:"Configuration file (default: pylon.toml here, in the user's or in /etc/pylon)."`

	Serve    serveCmd    `cmd:"" group:"Run" help:"Run the charging network." example:"PYLON_BOOTSTRAP_API_KEY=choose-a-secret pylon serve --listen :8080 --data /var/lib/pylon"`
	Demo     demoCmd     `cmd:"" group:"Run" help:"Run it with a small simulated network: stations, drivers, sessions." example:"pylon demo --speed 60"`
	Simulate simulateCmd `cmd:"" group:"Run" help:"Let simulated stations charge at any CSMS for a day." example:"pylon simulate --create --check --stations 50 --duration 1h --speed 60"`

	Backup  backupCmd  `cmd:"" group:"Run" help:"Write all data to one file, while everything runs." example:"pylon backup --to pylon.backup"`
	Restore restoreCmd `cmd:"" group:"Run" help:"Put a backup into an empty database, of the same kind or the other." example:"pylon restore --from pylon.backup --data /var/lib/pylon"`

	Meter  meterCmd  `cmd:"" group:"Look after the network" help:"Signed meter values: whether they are what the meter said."`
	Ledger ledgerCmd `cmd:"" group:"Look after the network" help:"The books: accounts, journals, and whether all is as it was written."`
	Tariff tariffCmd `cmd:"" group:"Look after the network" help:"Tariffs: make, publish, end them; what they cost, why, and what is wrong with them."`
	Power  powerCmd  `cmd:"" group:"Look after the network" help:"Load management: how well a grid connection would have been shared."`

	remote.Commands `embed:""`

	Completion completionCmd `cmd:"" group:"This command line" help:"Print what a shell needs to complete words." example:"source <(pylon completion bash)"`
	Version    versionCmd    `cmd:"" group:"This command line" help:"Print the version."`
	Complete   completeCmd   `cmd:"" hidden:""`
}

// servers are the commands that have settings: see [settings].
func servers() []string { return []string{"serve", "demo"} }

func isServer(command *kong.Node) bool {
	return command.Parent != nil && command.Parent.Parent == nil && slices.Contains(servers(), command.Name)
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
		kong.Help(printHelp),
		kong.Writers(to.out, to.err),
	)
	if err != nil {
		return fail(exitError, err)
	}
	set := loadSettings(configPath(args, environ), environ, settingFlags(parser.Model.Node))
	options := []kong.Option{kong.Resolvers(set), kong.Bind(to.remote(environ)), kong.BindTo(ctx, (*context.Context)(nil))}
	for _, o := range options {
		if err := o.Apply(parser); err != nil {
			return fail(exitError, err)
		}
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		if wrong, ok := errors.AsType[*kong.ParseError](err); ok {
			err = errors.New(misuse(wrong.Unwrap(), wrong.Context))
		}
		return fail(exitUsage, err)
	}
	err = chosen.Run(to)
	code := remote.ExitCode(err)
	if isServer(chosen.Selected()) && code == remote.ExitInterrupted {
		return exitOK
	}
	if err != nil && code != remote.ExitInterrupted {
		return fail(code, errors.New(remote.Explain(err)))
	}
	return code
}

// remote returns the terminal as the commands see it that talk to a server.
func (t terminal) remote(environ []string) remote.Terminal {
	return remote.Terminal{
		In: os.Stdin, Out: t.out, Err: t.err, Person: isTerminal(t.out), Typed: isTerminal(os.Stdin),
		Environ: func(name string) string {
			for _, pair := range environ {
				if value, ok := strings.CutPrefix(pair, name+"="); ok {
					return value
				}
			}
			return ""
		},
	}
}

// isTerminal reports whether a person is at the other end of a stream.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	nowhere, err := os.Stat(os.DevNull) // a device of characters, too
	return err != nil || !os.SameFile(info, nowhere)
}
