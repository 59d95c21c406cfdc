package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Plain is a server for a program that is no test: what fails is an error. The
// caller ends it with Close; the guard ends it when the caller is killed.
type Plain struct{ server *Server }

// Launch starts a server.
func Launch(o Options) (*Plain, error) {
	s, err := launch(o)
	if err != nil {
		return nil, err
	}
	return &Plain{s}, nil
}

// Create makes a new, empty database and returns its address.
func (p *Plain) Create(name string) (url string, err error) {
	return p.server.address(name), p.server.tell("postgres", "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
}

// Drop takes a database away, whoever is connected to it.
func (p *Plain) Drop(name string) error {
	return p.server.tell("postgres", "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
}

// Tell runs a statement in a database, on a connection of its own.
func (p *Plain) Tell(name, statement string) error { return p.server.tell(name, statement) }

// Number returns the one number that a query of a database yields.
func (p *Plain) Number(ctx context.Context, name, query string) (n int64, err error) {
	conn, err := pgx.Connect(ctx, p.server.address(name))
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx) //nolint:errcheck // it has served
	if err := conn.QueryRow(ctx, query).Scan(&n); err != nil {
		return 0, fmt.Errorf("%s: %w", query, err)
	}
	return n, nil
}

// CPU returns the processor time of all processes that the server has had.
func (p *Plain) CPU() (time.Duration, error) { return p.server.running.cpu() }

// Close ends the server and takes its data away.
func (p *Plain) Close() { p.server.remove() }
