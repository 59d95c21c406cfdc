package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// stopper is standard error; it tells a server to stop once it listens.
type stopper struct {
	bytes.Buffer
	mu   sync.Mutex
	stop func()
}

func (s *stopper) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if bytes.Contains(p, []byte(`"listening"`)) {
		s.stop()
	}
	return s.Buffer.Write(p)
}

// invoke runs the program in an empty folder. A server is stopped as soon as it
// listens.
func invoke(t *testing.T, args, environ []string) (code int, out, err string) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var stdout bytes.Buffer
	stderr := stopper{stop: cancel}
	code = run(ctx, args, environ, terminal{&stdout, &stderr})
	return code, stdout.String(), stderr.String()
}

func TestExitCodes(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free := []string{"serve", "--listen", "127.0.0.1:0", "--data", t.TempDir()}
	tests := []struct {
		name    string
		args    []string
		environ []string
		want    int
		says    string // a part of what stands on standard error
	}{
		{"version", []string{"version"}, nil, exitOK, ""},
		{"version beside a broken setting", []string{"version"}, []string{"PYLON_LISTNE=x"}, exitOK, ""},
		{"stopped", free, nil, exitOK, ""},
		{"no command", nil, nil, exitUsage, "expected one of"},
		{"a flag that is none", []string{"serve", "--lisen", ":1"}, nil, exitUsage, "--lisen"},
		{"a variable that is none", free, []string{"PYLON_LOG_LEVLE=info"}, exitUsage, `did you mean "log-level"?`},
		{"a level that is none", free, []string{"PYLON_LOG_LEVEL=loud"}, exitUsage, "log-level"},
		{"a duration that is none", free, []string{"PYLON_FRAME_RETENTION=90 days"}, exitUsage, "frame-retention"},
		{"an address that is none", []string{"serve", "--listen", "8080"}, nil, exitError, `listen: "8080" is not host:port`},
		{"an address that is taken", append(free, "--listen", taken.Addr().String()), nil, exitError, "address already in use"},
		{"half of TLS", free, []string{"PYLON_TLS_LISTEN=127.0.0.1:0"}, exitError, "all three or none"},
		{"a role that is none", free, []string{"PYLON_ROLE=api,boss"}, exitError, `"boss"`},
		{"an owner key that is too short", free, []string{"PYLON_BOOTSTRAP_API_KEY=secret"}, exitError, "bootstrap-api-key"},
		{"a retention without its unit", free, []string{"PYLON_FRAME_RETENTION=90"}, exitUsage, "frame-retention"},
		{"a retention of nothing", free, []string{"PYLON_FRAME_RETENTION=0s"}, exitError, "frame-retention"},
		{"a log of frames of nothing", free, []string{"PYLON_FRAME_LOG=0"}, exitError, "frame-log"},
		{"a log of frames larger than any disk", free, []string{"PYLON_FRAME_LOG=9999999999"}, exitError, "frame-log"},
		{"a database of another kind", free, []string{"PYLON_DATABASE_URL=mysql://x:secret@y/z"}, exitError, "database-url"},
		{"a database that is no URL", free, []string{"PYLON_DATABASE_URL=postgres://x:sec%ret@y/z"}, exitError, "database-url"},
		{"a message server of another kind", free, []string{"PYLON_NATS_URL=nats://a:1,http://b:secret@c:2"}, exitError, "nats-url: server 2"},
		{"credentials without a server", free, []string{"PYLON_NATS_CREDENTIALS=/x"}, exitError, "nats-url"},
		{"a drain that lasts for hours", free, []string{"PYLON_DRAIN=2h"}, exitError, "drain"},
		{"a file that is not there", append(free, "--config", "nowhere.toml"), nil, exitUsage, "nowhere.toml"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _, said := invoke(t, tt.args, tt.environ)
			if got != tt.want || !strings.Contains(said, tt.says) {
				t.Errorf("exit code %d, want %d with %q; it says:\n%s", got, tt.want, tt.says, said)
			}
			if strings.Contains(said, "sec%ret") || strings.Contains(said, ":secret@") {
				t.Errorf("it tells the password: %s", said)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	_, out, _ := invoke(t, []string{"version"}, nil)
	if !strings.HasPrefix(out, "pylon ") || len(strings.Fields(out)) != 2 {
		t.Errorf("got %q, want the name and the version", out)
	}
}

// parse returns what the command line, the environment and the file make of
// the settings.
func parse(t *testing.T, args, environ []string, file string) (commands, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	if file != "" {
		if err := os.WriteFile("pylon.toml", []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var cli commands
	parser, err := kong.New(&cli, kong.Writers(io.Discard, io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	if err := kong.Resolvers(loadSettings(configPath(args, environ), environ, settingFlags(parser.Model.Node))).Apply(parser); err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(append([]string{"serve"}, args...))
	return cli, err
}

func TestPrecedence(t *testing.T) {
	const file = "log-level = \"warn\"\n"
	tests := []struct {
		name    string
		args    []string
		environ []string
		file    string
		want    string
	}{
		{"the default", nil, nil, "", "info"},
		{"the file", nil, nil, file, "warn"},
		{"the environment over the file", nil, []string{"PYLON_LOG_LEVEL=error"}, file, "error"},
		{"an empty variable says nothing", nil, []string{"PYLON_LOG_LEVEL="}, file, "warn"},
		{"the flag over both", []string{"--log-level", "debug"}, []string{"PYLON_LOG_LEVEL=error"}, file, "debug"},
		{"the file's key with an underscore", nil, []string{"PYLON_LOG_LEVEL=error"}, "log_level = \"warn\"\n", "error"},
		{"variables of others", nil, []string{"PYLON_SHARED=x", "PATH=y", "PYLONE_LOG=z"}, "", "info"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cli, err := parse(t, tt.args, tt.environ, tt.file)
			if err != nil || cli.Serve.LogLevel != tt.want {
				t.Errorf("level %q (%v), want %q", cli.Serve.LogLevel, err, tt.want)
			}
		})
	}
}

func TestFile(t *testing.T) {
	cli, err := parse(t, nil, nil, `
listen = "127.0.0.1:9000"
role = ["gateway", "api"]
public-page = true
frame-retention = "24h"
frame-log = 100
`)
	if err != nil {
		t.Fatal(err)
	}
	c := cli.Serve.Config
	if c.Listen != "127.0.0.1:9000" || strings.Join(c.Role, "+") != "gateway+api" || !c.PublicPage || c.FrameRetention.Hours() != 24 || c.FrameLog != 100 {
		t.Errorf("got %+v", c)
	}
	for _, tt := range []struct{ name, file, says string }{
		{"an unknown key", `lisen = ":1"`, `did you mean "listen"?`},
		{"a key that is near none", `wallpaper = "blue"`, `"wallpaper" is no setting`},
		{"a table", "[serve]\nlisten = \":1\"", "serve.listen"},
		{"a number for a text", `listen = 8080`, "listen"},
		{"a text for a switch", `public-page = "perhaps"`, "public-page"},
		{"no TOML", `listen: ":1"`, "pylon.toml"},
		{"a key of the command line", `config = "other.toml"`, "config"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cli, err := parse(t, nil, nil, tt.file)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v (listen %q, retention %s), want an error with %q", err, cli.Serve.Listen, cli.Serve.FrameRetention, tt.says)
			}
		})
	}
}

func TestConfigPath(t *testing.T) {
	for _, tt := range []struct {
		args, environ []string
		want          string
	}{
		{nil, nil, ""},
		{nil, []string{"PYLON_CONFIG=a"}, "a"},
		{[]string{"--config", "b"}, []string{"PYLON_CONFIG=a"}, "b"},
		{[]string{"serve", "--config=c"}, nil, "c"},
		{[]string{"--config"}, nil, ""},
	} {
		if got := configPath(tt.args, tt.environ); got != tt.want {
			t.Errorf("configPath(%q, %q) = %q, want %q", tt.args, tt.environ, got, tt.want)
		}
	}
}

func TestDemoLeavesNothingBehind(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	code, out, said := invoke(t, []string{"demo", "--listen", "127.0.0.1:0"}, nil)
	if code != exitOK || !strings.Contains(out, "Bearer demo_") {
		t.Errorf("exit code %d, printed %q\n%s", code, out, said)
	}
	left, err := filepath.Glob(filepath.Join(folder, "pylon-demo-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q (%v)", left, err)
	}
}

func TestDemoKeepsItsKey(t *testing.T) {
	args := []string{"demo", "--listen", "127.0.0.1:0", "--data", filepath.Join(t.TempDir(), "new")}
	key := regexp.MustCompile("demo_[a-z0-9]+")
	_, first, _ := invoke(t, args, nil)
	_, second, said := invoke(t, args, nil)
	if got, want := key.FindString(second), key.FindString(first); got != want || got == "" {
		t.Errorf("the second start prints the key %q, the first %q\n%s", got, want, said)
	}
}
