package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/client"
)

// Asking are the flags of commands that ask something of a station.
type Asking struct {
	Wait           time.Duration `default:"30s" help:"How long to wait for what becomes of it; 0 only files it."`
	Timeout        time.Duration `default:"30s" help:"How long the station may take; past it the command is never sent."`
	WaitForStation bool          `name:"wait-for-station" help:"Keep it for a station that is offline, until the time is over."`
}

// Command is the noun.
type Command struct {
	Connection `embed:""`

	List   commandList   `cmd:"" help:"List commands, the newest first."`
	Get    commandGet    `cmd:"" help:"Show commands."`
	Cancel commandCancel `cmd:"" help:"Take back commands that have not been sent."`
}

func commandColumns() []column {
	return []column{
		{"ID", "id", nil},
		{"STATION", "station_id", nil},
		{"TYPE", "type", nil},
		{"STATE", "state", nil},
		{"ERROR", "error.code", nil},
		{"CREATED", "created_at", when},
	}
}

type commandList struct {
	Watch
	Station string `help:"Of this station." placeholder:"ID"`
	State   string `help:"In this state; several with commas: queued, sent, accepted, rejected, observed, timed_out, cancelled."`
	Limit   int    `default:"50" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *commandList) Run(ctx context.Context, c *Connection) error {
	return l.repeat(ctx, c, func(ctx context.Context) error {
		return c.list(ctx, "/commands", query("station_id", l.Station, "state", l.State), l.Limit, commandColumns())
	})
}

type commandGet struct {
	ID []string `arg:"" help:"Identifiers, cmd_…"`
}

// Run shows.
func (g *commandGet) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, g.ID, below("/commands/"))
}

type commandCancel struct {
	ID []string `arg:"" help:"Identifiers, cmd_…"`
}

// Run cancels.
func (k *commandCancel) Run(ctx context.Context, c *Connection) error {
	return c.each(ctx, k.ID, func(ctx context.Context, api *client.Client, id string) (now jsontext.Value, err error) {
		_, err = api.Call(ctx, "POST", client.Path("/commands/", id, "/cancel"), nil, &now)
		return now, err
	})
}

// outcomeError is a command that did not come to what was asked.
type outcomeError struct {
	text string
	code int
}

func (e outcomeError) Error() string { return e.text }

// ask has stations do something, says how far each has come, and shows the
// commands at the end. It fails when one of them did not do it.
func (c *Connection) ask(ctx context.Context, stations []string, how Asking, fields map[string]any) error {
	fields["timeout_s"] = max(1, int(how.Timeout/time.Second))
	if how.WaitForStation {
		fields["wait_for_station"] = true
	}
	return c.each(ctx, stations, func(ctx context.Context, api *client.Client, station string) (jsontext.Value, error) {
		made, err := api.Create(ctx, client.Path("/stations/", station, "/commands"), fields)
		if err != nil {
			return nil, err
		}
		end, err := c.await(ctx, api, station, made, how.Wait)
		if err != nil {
			return nil, err
		}
		if c.Output == "table" {
			return brief(end), failure(station, end)
		}
		return end, failure(station, end)
	})
}

// brief is of a command what the one who gave it does not know yet.
func brief(command jsontext.Value) jsontext.Value {
	var news struct {
		ID     string         `json:"id"`
		State  string         `json:"state"`
		Error  jsontext.Value `json:"error"`
		Result jsontext.Value `json:"result"`
	}
	if unmarshal(command, &news) != nil {
		return command
	}
	text, err := marshal(news)
	if err != nil {
		return command
	}
	return text
}

// stateEvery is how often a command is looked at while somebody waits.
const stateEvery = 300 * time.Millisecond

// await follows a command until it has finished or the wait is over, and says
// each step.
func (c *Connection) await(ctx context.Context, api *client.Client, station string, made jsontext.Value, wait time.Duration) (jsontext.Value, error) {
	began, said := api.Now(), ""
	for {
		state, finished, err := stateOf(made)
		if err != nil {
			return made, err
		}
		if state != said {
			said = state
			c.say("%s: %s after %s", station, state, api.Now().Sub(began).Round(time.Millisecond))
		}
		if finished {
			return made, nil
		}
		if api.Now().Sub(began) >= wait {
			c.say("%s: not over yet; pylon command get %s", station, idOf(made))
			return made, nil
		}
		if !api.Wait(ctx, stateEvery) {
			return made, ctx.Err()
		}
		if made, err = api.Get(ctx, client.Path("/commands/", idOf(made))); err != nil {
			return made, err
		}
	}
}

func stateOf(command jsontext.Value) (state string, finished bool, err error) {
	var now client.Command
	err = unmarshal(command, &now)
	return now.State, now.Finished, err
}

func idOf(thing jsontext.Value) string {
	var has struct {
		ID string `json:"id"`
	}
	if unmarshal(thing, &has) != nil {
		return ""
	}
	return has.ID
}

// failure is the error that a command's end stands for, nil when it did what
// was asked or is still under way.
func failure(station string, end jsontext.Value) error {
	var now client.Command
	if err := unmarshal(end, &now); err != nil {
		return err
	}
	why := ""
	if now.Error != nil {
		why = ": " + clean(first(now.Error.Detail, now.Error.Code)) // the station's words
	}
	switch now.State {
	case "rejected":
		return outcomeError{station + " rejected it" + why, ExitConflict}
	case "timed_out":
		return outcomeError{station + " did not do it in time" + why, ExitUnavailable}
	case "cancelled":
		return outcomeError{"somebody cancelled it", ExitConflict}
	}
	return nil
}

// each does something to each of several things and shows what comes of it: as
// it comes where a format allows that, else at the end, as a list. With one of
// them its error is the result; with several, errors are said as they come and
// counted.
func (c *Connection) each(ctx context.Context, names []string, do func(context.Context, *client.Client, string) (jsontext.Value, error)) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	if len(names) == 1 {
		thing, err := do(ctx, api, names[0])
		if thing == nil {
			return err
		}
		return errors.Join(c.one(thing), err)
	}
	failed, shown, gathered := 0, 0, []jsontext.Value{}
	for _, name := range names {
		thing, err := do(ctx, api, name)
		if errors.Is(err, context.Canceled) {
			return err
		}
		if err != nil {
			failed++
			fmt.Fprintf(c.terminal.Err, "%s: %s\n", clean(name), Explain(err))
		}
		switch {
		case thing == nil:
			continue
		case c.Output == "ndjson":
			err = c.line(thing)
		case c.Output == "table":
			if shown++; shown > 1 {
				fmt.Fprintln(c.terminal.Out)
			}
			err = c.one(thing)
		default:
			gathered = append(gathered, thing)
			continue
		}
		if err != nil {
			return err
		}
	}
	if len(gathered) > 0 {
		if err := c.several(gathered); err != nil {
			return err
		}
	}
	switch failed {
	case 0:
		return nil
	case len(names):
		return errors.New("none of them succeeded")
	}
	return partialError{failed, len(names)}
}

// locate finds the path of a thing that somebody names.
type locate func(ctx context.Context, api *client.Client, name string) (path string, err error)

// below locates things by their identifiers.
func below(prefix string) locate {
	return func(_ context.Context, _ *client.Client, id string) (string, error) {
		return client.Path(prefix, id), nil
	}
}

// show shows each of several things.
func (c *Connection) show(ctx context.Context, names []string, find locate) error {
	return c.each(ctx, names, func(ctx context.Context, api *client.Client, name string) (jsontext.Value, error) {
		path, err := find(ctx, api, name)
		if err != nil {
			return nil, err
		}
		return api.Get(ctx, path)
	})
}

// create makes a thing and shows it.
func (c *Connection) create(ctx context.Context, path string, fields map[string]any) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	made, err := api.Create(ctx, path, fields)
	if err != nil {
		return err
	}
	return c.one(made)
}

// update changes things and shows them.
func (c *Connection) update(ctx context.Context, names []string, find locate, patch map[string]any) error {
	if len(patch) == 0 {
		return usage("nothing to change; --help lists what can be")
	}
	return c.each(ctx, names, func(ctx context.Context, api *client.Client, name string) (jsontext.Value, error) {
		path, err := find(ctx, api, name)
		if err != nil {
			return nil, err
		}
		return api.Update(ctx, path, patch)
	})
}

// remove removes things, after asking.
func (c *Connection) remove(ctx context.Context, names []string, yes bool, find locate) error {
	if err := c.confirm(yes, fmt.Sprintf("Delete %s for ever?", strings.Join(names, ", "))); err != nil {
		return err
	}
	return c.each(ctx, names, func(ctx context.Context, api *client.Client, name string) (jsontext.Value, error) {
		path, err := find(ctx, api, name)
		if err == nil {
			err = api.Delete(ctx, path)
		}
		if err == nil {
			c.say("%s is deleted", name)
		}
		return nil, err
	})
}

// query makes the parameters of a list of names and values; what is "" does not
// choose.
func query(pairs ...string) client.Query {
	q := client.Query{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q[pairs[i]] = pairs[i+1]
		}
	}
	return q
}

// fields makes a body of names and values; what is nil is left out.
func fields(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		switch v := pairs[i+1].(type) {
		case *string:
			if v != nil {
				m[pairs[i].(string)] = *v
			}
		case *int:
			if v != nil {
				m[pairs[i].(string)] = *v
			}
		case *bool:
			if v != nil {
				m[pairs[i].(string)] = *v
			}
		}
	}
	return m
}
