package remote

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/client"
)

// OCPP is the noun.
type OCPP struct {
	Connection `embed:""`

	Tail ocppTail `cmd:"" help:"Show the frames exchanged with a station, and follow." example:"pylon ocpp tail CP-7 --action TransactionEvent"`
	Call ocppCall `cmd:"" help:"Send a station an OCPP request and show its answer." example:"pylon ocpp call CP-7 GetConfiguration '{}'"`
}

type ocppTail struct {
	Station   string        `arg:"" help:"OCPP identity or id."`
	Action    string        `help:"Only this OCPP action."`
	Direction string        `enum:",in,out,note" default:"" help:"in: from the station, out: to it, note: what the server did or saw."`
	Since     time.Duration `default:"1m" help:"Begin so long ago."`
	Follow    bool          `short:"f" default:"true" negatable:"" help:"Go on with what comes, until Ctrl-C."`
}

// Run tails. A frame is a line: when, which way, what, and the frame; -o ndjson
// gives them to programs.
func (t *ocppTail) Run(ctx context.Context, c *Connection) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	from := api.Now().Add(-t.Since)
	only := query("action", t.Action, "direction", t.Direction)
	entries := api.Tail(ctx, t.Station, from, only)
	if !t.Follow {
		only["from"], only["sort"] = from.Format(time.RFC3339Nano), "at"
		entries = api.Each(ctx, client.Path("/stations/", t.Station, "/log"), only)
	}
	calls := map[string]time.Time{}
	for entry, err := range entries {
		if err != nil {
			return err
		}
		if c.Output != "table" {
			err = c.line(entry)
		} else {
			err = c.frame(entry, calls)
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// callsMax bounds the calls that are remembered for their answers' latency.
const callsMax = 1024

// frame shows one line of the log; calls remembers when each was made, so that
// an answer says how long it took.
func (c *Connection) frame(entry jsontext.Value, calls map[string]time.Time) error {
	var e client.LogEntry
	if err := unmarshal(entry, &e); err != nil {
		return err
	}
	sign := map[string]string{"in": "→", "out": "←", "note": "·"}[e.Direction]
	if e.Kind == "error" || e.Kind == "result_error" {
		sign = "✕"
	}
	took := ""
	if e.Kind == "call" {
		if len(calls) >= callsMax {
			clear(calls)
		}
		calls[e.Direction+e.MessageID] = e.At
	} else if asked, ok := calls[opposite(e.Direction)+e.MessageID]; ok {
		took = fmt.Sprintf(" (%s)", e.At.Sub(asked).Round(time.Millisecond/10))
		delete(calls, opposite(e.Direction)+e.MessageID)
	}
	body := e.Text
	if e.Frame.Kind() == '[' {
		body = string(payload(e.Frame))
	}
	_, err := fmt.Fprintln(c.terminal.Out, clean(fmt.Sprintf("%s %s %-6s %s%s %s",
		e.At.UTC().Format("15:04:05.000"), sign, e.Kind, first(e.Action, "-"), took, body)))
	return err
}

func opposite(direction string) string {
	if direction == "in" {
		return "out"
	}
	return "in"
}

// payload is the last element of a frame: of a call, a result or an error what
// it says.
func payload(frame jsontext.Value) jsontext.Value {
	var parts []jsontext.Value
	if unmarshal(frame, &parts) != nil || len(parts) < 3 {
		return frame
	}
	if string(parts[0]) == "4" || string(parts[0]) == "5" {
		return frame // an error is code, text and details
	}
	return parts[len(parts)-1]
}

type ocppCall struct {
	Station string `arg:"" help:"OCPP identity or id."`
	Action  string `arg:"" help:"OCPP action, such as GetConfiguration or GetVariables."`
	Request string `arg:"" optional:"" default:"{}" help:"The request as JSON; - reads standard input, @FILE a file."`
}

// Run calls. A CALLERROR of the station is an error.
func (o *ocppCall) Run(ctx context.Context, c *Connection) error {
	body, err := c.terminal.readJSON(o.Request)
	if err != nil {
		return err
	}
	api, err := c.open()
	if err != nil {
		return err
	}
	answer, err := api.OCPP(ctx, o.Station, o.Action, []byte(body))
	if err != nil {
		return err
	}
	return c.one(answer)
}

// Events is the noun that is its own verb.
type Events struct {
	Connection `embed:""`

	Topic []string `arg:"" optional:"" help:"stations, connectors, sessions, tokens, commands …, or one thing: sessions:ses_…"`
	After string   `placeholder:"ID" help:"Begin after this event, instead of now."`
}

// Run follows until ctx ends.
func (e *Events) Run(ctx context.Context, c *Connection) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	for event, err := range api.Events(ctx, e.Topic, e.After) {
		if err != nil {
			return err
		}
		if c.Output != "table" {
			var text []byte
			if text, err = marshal(event); err == nil {
				err = c.line(text)
			}
		} else {
			_, err = fmt.Fprintln(c.terminal.Out, clean(fmt.Sprintf("%s %-26s %-20s %s",
				event.Timestamp.UTC().Format("15:04:05.000"), event.Type, event.StationID, event.Data)))
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// samples shows the samples of a meter frame in one line.
func samples(value any) string {
	all, _ := value.([]any)
	var parts []string
	for _, s := range all {
		name := first(text(member(s, "measurand")), "Energy.Active.Import.Register")
		if phase := text(member(s, "phase")); phase != "" {
			name += " " + phase
		}
		parts = append(parts, strings.TrimSpace(name+" "+text(member(s, "value"))+" "+text(member(s, "unit"))))
	}
	return strings.Join(parts, ", ")
}
