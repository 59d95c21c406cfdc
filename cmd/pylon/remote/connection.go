package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"pylon/internal/client"
)

// Connection are the flags that every noun shares: which server, and how its
// answers look.
type Connection struct {
	Server  string `placeholder:"URL" help:"Server (default: PYLON_SERVER, the context's, http://127.0.0.1:8080)." group:"Server"`
	Use     string `name:"context" placeholder:"NAME" help:"Known server to talk to (default: PYLON_CONTEXT, else the one in use)." group:"Server"`
	Output  string `short:"o" default:"table" enum:"table,json,ndjson,yaml,csv" help:"Format of results: ${enum}." group:"Output"`
	JSON    bool   `name:"json" help:"Short for -o json." group:"Output"`
	Quiet   bool   `short:"q" help:"Say nothing beside results and errors." group:"Output"`
	Verbose bool   `short:"v" help:"Say what is asked of the server, and how long that takes." group:"Output"`
	NoInput bool   `name:"no-input" help:"Never ask; what would be asked needs --yes." group:"Output"`

	terminal Terminal
	api      *client.Client
}

// defaultServer is where `pylon serve` and `pylon demo` listen by default.
const defaultServer = "http://127.0.0.1:8080"

// AfterApply implements kong's hook: the commands below get the connection.
func (c *Connection) AfterApply(k *kong.Context, to Terminal) error {
	c.terminal = to
	if c.JSON {
		c.Output = "json"
	}
	k.Bind(c)
	return nil
}

// open returns the API's client. It calls nobody yet.
func (c *Connection) open() (*client.Client, error) {
	if c.api != nil {
		return c.api, nil
	}
	where, err := c.where()
	if err != nil {
		return nil, err
	}
	c.api, err = c.client(where)
	return c.api, err
}

// answerTerm is how long a server may take to begin its answer: an OCPP request
// waits for a station half as long.
const answerTerm = time.Minute

// client returns a client of one server.
func (c *Connection) client(of known) (*client.Client, error) {
	options := client.Options{Base: of.Server, Key: of.Key, HTTP: &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: dialTerm, ResponseHeaderTimeout: answerTerm,
		DialContext: (&net.Dialer{Timeout: dialTerm}).DialContext,
	}}}
	if c.Verbose {
		options.Tell = func(method, address, outcome string, took time.Duration) {
			c.say("%s %s: %s after %s", method, address, outcome, took.Round(time.Millisecond))
		}
	}
	api, err := client.New(options)
	if err != nil {
		return nil, usage("%s", err)
	}
	return api, nil
}

// where returns the server and the key: flags before the environment before the
// context.
func (c *Connection) where() (known, error) {
	var at known
	book, err := openContexts(c.terminal.Environ)
	if err != nil {
		return at, err
	}
	name := first(c.Use, c.terminal.Environ("PYLON_CONTEXT"), book.Current)
	asked := c.Use != "" || c.terminal.Environ("PYLON_CONTEXT") != ""
	if k, ok := book.Contexts[name]; ok {
		at = k
	} else if asked {
		return at, usage("there is no context %q; `pylon context list` shows them", name)
	}
	elsewhere := first(c.Server, c.terminal.Environ("PYLON_SERVER"))
	if elsewhere != "" && elsewhere != at.Server {
		at = known{Server: elsewhere} // the key of one server is not for another
	}
	at.Server = first(at.Server, defaultServer)
	key, err := secretFrom(c.terminal.Environ, "PYLON_API_KEY")
	at.Key = first(key, at.Key)
	return at, err
}

// secretFrom reads a secret from the variable, or from the file that the
// variable with _FILE names.
func secretFrom(environ func(string) string, name string) (string, error) {
	if value := environ(name); value != "" {
		return value, nil
	}
	path := environ(name + "_FILE")
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", name, err)
	}
	return strings.TrimSpace(string(text)), nil
}

// secretMax is more than any password or key has.
const secretMax = 4096

// readSecret reads one secret from standard input.
func (t Terminal) readSecret(what string) (string, error) {
	if t.Typed {
		return "", usage("%s is read from standard input, not from the keyboard: add < FILE, or pipe it in", what)
	}
	text, err := io.ReadAll(io.LimitReader(t.In, secretMax+1))
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	secret := string(bytes.TrimRight(text, "\r\n"))
	if secret == "" || len(secret) > secretMax || strings.ContainsAny(secret, "\r\n") {
		return "", usage("%s is read from standard input: one line", what)
	}
	return secret, nil
}

// say tells people something that is no result.
func (c *Connection) say(format string, args ...any) {
	if !c.Quiet {
		fmt.Fprintln(c.terminal.Err, cleanLines(fmt.Sprintf(format, args...)))
	}
}

// confirm asks before something that cannot be undone.
func (c *Connection) confirm(yes bool, question string) error {
	if yes {
		return nil
	}
	if c.NoInput || !c.terminal.Typed {
		return usage("%s Say so with --yes.", question)
	}
	fmt.Fprintf(c.terminal.Err, "%s [y/N] ", clean(question))
	var answer string
	if _, err := fmt.Fscanln(c.terminal.In, &answer); err != nil && !errors.Is(err, io.EOF) {
		return usage("not done")
	}
	if !strings.EqualFold(answer, "y") && !strings.EqualFold(answer, "yes") {
		return usage("not done")
	}
	return nil
}

func first(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

// known is a server of a context.
type known struct {
	Server string `json:"server"`
	Key    string `json:"key,omitzero"`
}

// contexts is the file of contexts.
type contexts struct {
	Current  string           `json:"current,omitzero"`
	Contexts map[string]known `json:"contexts"`

	path string
}

// openContexts reads the file of contexts; without one there are none.
func openContexts(environ func(string) string) (contexts, error) {
	book := contexts{Contexts: map[string]known{}}
	dir := environ("XDG_CONFIG_HOME")
	if dir == "" {
		home := environ("HOME")
		if home == "" {
			return book, nil
		}
		dir = filepath.Join(home, ".config")
	}
	book.path = filepath.Join(dir, "pylon", "contexts.json")
	text, err := os.ReadFile(book.path)
	if errors.Is(err, fs.ErrNotExist) {
		return book, nil
	}
	if err == nil {
		err = unmarshal(text, &book)
	}
	if err != nil {
		return book, fmt.Errorf("contexts: %s: %w", book.path, err)
	}
	return book, nil
}

// save writes the file so that it is whole or as before, for its owner alone.
func (b contexts) save() error {
	if b.path == "" {
		return errors.New("contexts: neither XDG_CONFIG_HOME nor HOME says where they are kept")
	}
	text, err := marshal(b)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(b.path), 0o700); err != nil {
		return err
	}
	draft := b.path + ".new"
	if err := os.WriteFile(draft, text, 0o600); err != nil {
		return err
	}
	return os.Rename(draft, b.path)
}

// Watch is the flag of commands that can show their result again and again.
type Watch struct {
	Watch bool `short:"w" help:"Show it again every two seconds, until Ctrl-C."`
}

const watchEvery = 2 * time.Second

// repeat shows something once, or until ctx ends: then a server that is away for
// a while is said and waited for.
func (w Watch) repeat(ctx context.Context, c *Connection, show func(context.Context) error) error {
	if !w.Watch {
		return show(ctx)
	}
	api, err := c.open()
	if err != nil {
		return err
	}
	out := c.terminal.Out
	for {
		var screen bytes.Buffer // drawn at once, so that it does not flicker
		if c.terminal.Person {
			screen.WriteString("\x1b[H\x1b[2J")
		}
		c.terminal.Out = &screen
		err := show(ctx)
		c.terminal.Out = out
		switch {
		case err == nil:
			if _, err := out.Write(screen.Bytes()); err != nil {
				return err
			}
		case ExitCode(err) == ExitUnavailable:
			c.say("%s", Explain(err))
		default:
			return err
		}
		if !api.Wait(ctx, watchEvery) {
			return ctx.Err()
		}
	}
}
