package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"pylon/internal/kernel/fault"
)

func TestKindAndCode(t *testing.T) {
	gone := fault.New(fault.NotFound, "station_not_found", "station", "cs-1")
	for _, c := range []struct {
		name string
		err  error
		kind fault.Kind
		code string
	}{
		{"plain", io.EOF, fault.Internal, "internal"},
		{"none", nil, fault.Internal, "internal"},
		{"itself", gone, fault.NotFound, "station_not_found"},
		{"wrapped with what and which", fmt.Errorf("station cs-1: end: %w", gone), fault.NotFound, "station_not_found"},
		{"joined", errors.Join(io.EOF, gone), fault.NotFound, "station_not_found"},
		{"the outer kind wins", fault.Wrap(gone, fault.Conflict, "site_in_use"), fault.Conflict, "site_in_use"},
		{"with a cause of no kind", fault.Wrap(io.EOF, fault.Unavailable, "database_away"), fault.Unavailable, "database_away"},
		{"a field", fault.InvalidField("/name", "required", "must not be empty"), fault.Invalid, "invalid_input"},
		{"the zero error", &fault.Error{}, fault.Internal, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := fault.KindOf(c.err); got != c.kind {
				t.Errorf("kind: got %d, want %d", got, c.kind)
			}
			if got := fault.CodeOf(c.err); got != c.code {
				t.Errorf("code: got %q, want %q", got, c.code)
			}
			if got, want := fault.Is(c.err, c.kind), c.err != nil; got != want {
				t.Errorf("is of its own kind: got %t, want %t", got, want)
			}
			if fault.Is(c.err, fault.TimedOut) {
				t.Error("is of a kind that it has not")
			}
		})
	}
}

func TestCauseStaysInTheChain(t *testing.T) {
	err := fmt.Errorf("commit: %w", fault.Wrap(io.ErrUnexpectedEOF, fault.Unavailable, "database_away"))
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v: the cause is lost", err)
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		name string
		err  *fault.Error
		want string
	}{
		{"a code", fault.New(fault.Stale, "version_moved"), "version_moved"},
		{"values", fault.New(fault.Conflict, "site_in_use", "site", "s", "station", "cs-1"), "site_in_use site=s station=cs-1"},
		{"a name without a value", fault.New(fault.Conflict, "site_in_use", "site"), "site_in_use"},
		{"a field", fault.InvalidField("/name", "required", "must not be empty"), "invalid_input /name: must not be empty"},
		{"a cause", fault.Wrap(io.EOF, fault.Unavailable, "bus_away", "node", "n"), "bus_away node=n: EOF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.err.Error(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestBelow(t *testing.T) {
	inner := fault.InvalidField("/variable", "required", "names it")
	got, ok := errors.AsType[*fault.Error](fault.Below("/set/0", inner))
	if !ok || got.Kind != fault.Invalid || got.Fields[0] != (fault.Field{Pointer: "/set/0/variable", Code: "required", Detail: "names it"}) {
		t.Errorf("got %v", got)
	}
	if inner.Fields[0].Pointer != "/variable" {
		t.Errorf("the error itself has changed: %v", inner)
	}
	for _, err := range []error{nil, io.EOF, fault.New(fault.NotFound, "not_found")} {
		if got := fault.Below("/x", err); got != err { //nolint:errorlint // the very same
			t.Errorf("got %v, want %v", got, err)
		}
	}
}
