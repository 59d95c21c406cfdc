// Package remote is the part of the command line that talks to a running
// Pylon: noun, verb, over the public API and nothing else, so whatever it does
// a program can do as well.
//
// Results go to standard output, in the format that -o names; everything that
// is said beside them goes to standard error. Secrets are never flags: they
// come from standard input, the environment or the file of contexts.
package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"pylon/internal/client"
)

// Commands are the nouns.
type Commands struct {
	Station Station        `cmd:"" group:"Look after the network" help:"Charging stations: list, make, start, stop, reset, configure."`
	Session Session        `cmd:"" group:"Look after the network" help:"Charges, running and past."`
	Token   Token          `cmd:"" group:"Look after the network" help:"Cards, apps and whatever else drivers identify with."`
	Site    Site           `cmd:"" group:"Look after the network" help:"Places where stations stand."`
	Command Command        `cmd:"" group:"Look after the network" help:"What was asked of stations, and what became of it."`
	Job     Job            `cmd:"" group:"Look after the network" help:"The same thing asked of many stations."`
	Assign  Assignment     `cmd:"" group:"Look after the network" name:"assignment" help:"Where and for whom tariffs are."`
	Series  Series         `cmd:"" group:"Look after the network" help:"Prices and signals over time, which tariffs name."`
	Bill    Bill           `cmd:"" group:"Look after the network" help:"Receipts, invoices and credit notes."`
	Payer   Customer       `cmd:"" group:"Look after the network" name:"customer" help:"Who pays: people and companies."`
	Plan    Plan           `cmd:"" group:"Look after the network" name:"plan" help:"What customers may subscribe to."`
	Sub     Subscription   `cmd:"" group:"Look after the network" name:"subscription" help:"Customers' plans."`
	Voucher Voucher        `cmd:"" group:"Look after the network" name:"voucher" help:"What codes are worth."`
	State   Statement      `cmd:"" group:"Look after the network" name:"statement" help:"What customers are asked for month by month."`
	Rerate  Rerating       `cmd:"" group:"Look after the network" name:"rerating" help:"What past sessions would cost by another tariff, and corrections."`
	Profile BillingProfile `cmd:"" group:"Look after the network" name:"billing-profile" help:"Who issues bills, and in which language."`
	Host    Host           `cmd:"" group:"Look after the network" help:"Who gets a share of what sites earn."`
	Agree   Agreement      `cmd:"" group:"Look after the network" name:"agreement" help:"What hosts get of sites."`
	Supply  Supply         `cmd:"" group:"Look after the network" help:"What the energy of sites costs."`
	Settle  Settlement     `cmd:"" group:"Look after the network" name:"settlement" help:"What hosts are paid month by month."`
	Report  Report         `cmd:"" group:"Look after the network" help:"What is left of what sites earn."`
	CDR     CDR            `cmd:"" group:"Look after the network" name:"cdr" help:"Charge detail records, as partners get them."`
	Doctor  Doctor         `cmd:"" group:"See what happens" help:"Find out what is wrong between here, the server and its stations." example:"pylon doctor CP-7"`
	Finding Finding        `cmd:"" group:"See what happens" help:"What stations reported and what does not fit."`
	OCPP    OCPP           `cmd:"" group:"See what happens" name:"ocpp" help:"The protocol itself: see what is said, say something."`
	Events  Events         `cmd:"" group:"See what happens" help:"Follow what happens, live." example:"pylon events sessions stations"`
	Context Contexts       `cmd:"" group:"This command line" help:"Servers that it knows."`
}

// Terminal is where commands read and write.
type Terminal struct {
	In       io.Reader
	Out, Err io.Writer
	Environ  func(name string) string
	Person   bool // a person reads Out: it is a terminal
	Typed    bool // a person types In
}

// Exit codes, the same for every command.
const (
	ExitOK          = 0
	ExitError       = 1
	ExitUsage       = 2 // the command line, or a field that the API refuses
	ExitNotFound    = 3
	ExitAuth        = 4
	ExitConflict    = 5 // also a precondition that does not hold
	ExitUnavailable = 6 // nobody there, too late, try again
	ExitPartial     = 7 // some of several
	ExitInterrupted = 130
)

// usageError is a command line that cannot be meant.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func usage(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// partialError says that some of several things failed; why was said when each
// did.
type partialError struct{ failed, of int }

func (e partialError) Error() string { return fmt.Sprintf("%d of %d failed", e.failed, e.of) }

// ExitCode returns the exit code that err stands for.
func ExitCode(err error) int {
	if err == nil {
		return ExitOK
	}
	if errors.Is(err, context.Canceled) {
		return ExitInterrupted
	}
	if p, ok := errors.AsType[*client.Problem](err); ok {
		return exitOfStatus(p.Status)
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return ExitUsage
	}
	if _, ok := errors.AsType[partialError](err); ok {
		return ExitPartial
	}
	if o, ok := errors.AsType[outcomeError](err); ok {
		return o.code
	}
	if unreachable(err) != nil {
		return ExitUnavailable
	}
	return ExitError
}

// unreachable returns what keeps a request from its answer, nil when err is
// something else.
func unreachable(err error) *url.Error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &url.Error{Err: err}
	}
	return nil
}

func exitOfStatus(status int) int {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return ExitUsage
	case http.StatusNotFound, http.StatusGone:
		return ExitNotFound
	case http.StatusUnauthorized, http.StatusForbidden:
		return ExitAuth
	case http.StatusConflict, http.StatusPreconditionFailed, http.StatusPreconditionRequired:
		return ExitConflict
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return ExitUnavailable
	}
	return ExitError
}

// Explain returns err as people should read it: what is wrong, why, what they
// can do, and the trace to name when they ask somebody.
func Explain(err error) string {
	p, ok := errors.AsType[*client.Problem](err)
	if !ok {
		return cleanLines(explainOther(err))
	}
	var b strings.Builder
	b.WriteString(p.Title)
	if p.Detail != "" {
		b.WriteString("\n  " + clean(p.Detail))
	}
	for _, f := range p.Errors {
		fmt.Fprintf(&b, "\n  %s%s: %s", f.Pointer, f.Parameter, clean(f.Detail))
	}
	if p.OCPP != nil {
		fmt.Fprintf(&b, "\n  the station says %s: %s", clean(p.OCPP.Code), clean(p.OCPP.Description))
	}
	if hint := hints(p); hint != "" {
		b.WriteString("\n  → " + hint)
	}
	if p.TraceID != "" {
		b.WriteString("\n  trace " + p.TraceID)
	}
	return cleanLines(b.String())
}

// explainOther explains what did not come from the API.
func explainOther(err error) string {
	u := unreachable(err)
	if u == nil {
		return err.Error()
	}
	server := "The server"
	if at, err := url.Parse(u.URL); err == nil && at.Host != "" {
		server = at.Scheme + "://" + at.Host
	}
	if u.Timeout() {
		return server + " does not answer in time\n  → pylon doctor"
	}
	return fmt.Sprintf("%s does not answer\n  %s\n  → Is it running there? --server, PYLON_SERVER and the context say where I look; pylon doctor looks closer.", server, u.Err)
}

// hints says what to do next, "" when nothing comes to mind.
func hints(p *client.Problem) string {
	switch {
	case p.Status == http.StatusUnauthorized:
		return "Set PYLON_API_KEY, or make a context: pylon context set NAME --server URL < keyfile"
	case p.Status == http.StatusForbidden:
		return "The key lacks the scope; ask whoever made it for one that has it."
	case p.Code == "station_offline":
		return "Wait for the station with --wait-for-station, or see why it is away: pylon doctor STATION"
	case p.Code == "not_found":
		return "The list command of the noun shows what there is."
	case p.Retryable:
		return "Trying again later may help."
	}
	return ""
}
