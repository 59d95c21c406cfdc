// Package postgres runs private PostgreSQL servers for tests, from the binaries
// of the machine: on 127.0.0.1, with data in a temporary folder of their own.
// A server and its data end with the test binary, however that ends: a guard
// process holds a pipe from it and cleans up when the pipe closes.
//
// A machine without PostgreSQL fails the test; `make deps` installs it.
package postgres

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options are what a server is started with.
type Options struct {
	Quick    bool     // no fsync: data survives the death of the server's processes, not that of the machine
	Settings []string // more lines of its configuration: "name=value"
	Locale   string   // of its databases; "" is C
}

// Server is a PostgreSQL server that belongs to the tests of one binary. Its
// methods are for one goroutine at a time.
type Server struct {
	tb      testing.TB
	options Options
	home    installation
	dir     string
	port    int
	running *running // nil while it is stopped
}

// startWithin bounds the start of a server, recovery included: a second or two
// on a machine that is idle.
const startWithin = time.Minute

// shared is the server of all tests of this binary that did not ask for one of
// their own. Its databases keep the tests apart.
var shared struct {
	sync.Mutex
	server *Server
	made   int // databases
}

// Database returns the URL of a new, empty database on the server that the
// tests of this binary share. It is dropped when tb ends.
func Database(tb testing.TB) string {
	tb.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		s, err := launch(Options{Quick: true})
		if err != nil {
			tb.Fatalf("a PostgreSQL server for the tests: %v", err)
		}
		shared.server = s
	}
	shared.made++
	s, name := shared.server, "test_"+strconv.Itoa(shared.made)
	if err := s.tell("postgres", "CREATE DATABASE "+name); err != nil {
		tb.Fatalf("a database for the test: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.tell("postgres", "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			tb.Errorf("drop the database of the test: %v", err)
		}
	})
	return s.address(name)
}

// Start starts a server of its own for tb, which ends with it.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	s, err := launch(o)
	if err != nil {
		tb.Fatalf("a PostgreSQL server of its own: %v", err)
	}
	s.tb = tb
	tb.Cleanup(s.remove)
	return s
}

// launch makes a server and starts it.
func launch(o Options) (*Server, error) {
	home, err := findInstallation()
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, home: home}
	if s.dir, err = home.folder(); err != nil {
		return nil, err
	}
	if err := home.initialise(s.dir, o); err != nil {
		_ = os.RemoveAll(s.dir)
		return nil, err
	}
	const ports = 5 // somebody else may take a free port before the server does
	for range ports {
		if s.port, err = freePort(); err != nil {
			break
		}
		if s.running, err = home.run(s.dir, s.port); err == nil {
			return s, nil
		}
	}
	_ = os.RemoveAll(s.dir)
	return nil, err
}

// freePort returns a port of 127.0.0.1 that nobody listened on a moment ago.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // it listens on TCP
	return port, l.Close()
}

// URL returns the address of a database, which is made when it is missing.
func (s *Server) URL(name string) string {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.address("postgres"))
	if err != nil {
		s.tb.Fatal(err)
	}
	defer conn.Close(ctx) //nolint:errcheck // it has served
	var there bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&there); err != nil {
		s.tb.Fatal(err)
	}
	if !there {
		if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
			s.tb.Fatal(err)
		}
	}
	return s.address(name)
}

// address is where a database is.
func (s *Server) address(name string) string {
	u := url.URL{
		Scheme: "postgres", User: url.User("postgres"), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path: "/" + name, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// tell runs a statement on a connection of its own.
func (s *Server) tell(database, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.address(database))
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // it has served
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

// Kill ends all processes of the server at once, as a power cut would, but for
// what the kernel still holds.
func (s *Server) Kill() {
	s.tb.Helper()
	if s.running == nil {
		return
	}
	if err := s.running.kill(); err != nil {
		s.tb.Fatalf("kill PostgreSQL: %v", err)
	}
	s.running = nil
}

// Stop ends the server in order. Its clients are disconnected.
func (s *Server) Stop() {
	s.tb.Helper()
	if s.running == nil {
		return
	}
	if err := s.running.stop(); err != nil {
		s.tb.Fatalf("stop PostgreSQL: %v", err)
	}
	s.running = nil
}

// Start starts a server that was stopped or killed, on the same data and port.
func (s *Server) Start() {
	s.tb.Helper()
	if s.running != nil {
		return
	}
	r, err := s.home.run(s.dir, s.port)
	if err != nil {
		s.tb.Fatalf("start PostgreSQL again: %v", err)
	}
	s.running = r
}

// CPU returns the processor time of all processes that the server has had since
// its last start.
func (s *Server) CPU() time.Duration {
	s.tb.Helper()
	if s.running == nil {
		return 0
	}
	used, err := s.running.cpu()
	if err != nil {
		s.tb.Fatal(err)
	}
	return used
}

// Freeze stops the processes that serve connections, without ending them, until
// thaw is called: the server still accepts, and answers nobody.
func (s *Server) Freeze() (thaw func()) {
	s.tb.Helper()
	thaw, err := s.running.freeze()
	if err != nil {
		s.tb.Fatal(err)
	}
	return thaw
}

// remove ends the server and takes its data away.
func (s *Server) remove() {
	if s.running != nil {
		_ = s.running.kill() // nobody needs what it held
	}
	_ = os.RemoveAll(s.dir) // the guard does it again
}
