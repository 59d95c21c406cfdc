package store

import (
	"errors"
	"fmt"
	"io"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// What another connection may help against, and what not.
func TestEndedConnections(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"the server was shut down", &pgconn.PgError{Code: "57P01"}, true},
		{"it crashed", &pgconn.PgError{Code: "57P02"}, true},
		{"idle for too long", &pgconn.PgError{Code: "57P05"}, true},
		{"idle for too long in a transaction", &pgconn.PgError{Code: "25P03"}, true},
		{"the other end is gone", fmt.Errorf("read: %w", io.ErrUnexpectedEOF), true},
		{"reset", fmt.Errorf("write: %w", syscall.ECONNRESET), true},
		{"the server starts", &pgconn.PgError{Code: "57P03"}, false},
		{"a statement took too long", &pgconn.PgError{Code: "57014"}, false},
		{"a row is there already", &pgconn.PgError{Code: "23505"}, false},
		{"nobody listens", &pgconn.ConnectError{}, false},
		{"ours", errors.New("a wrong argument"), false},
	} {
		if got := ended(tt.err); got != tt.want {
			t.Errorf("%s: got %t, want %t", tt.name, got, tt.want)
		}
	}
}
