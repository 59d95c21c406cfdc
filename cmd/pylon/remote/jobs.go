package remote

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/client"
)

// Job is the noun.
type Job struct {
	Connection `embed:""`

	List    jobList    `cmd:"" help:"List jobs, the newest first."`
	Get     jobGet     `cmd:"" help:"Show jobs."`
	Create  jobCreate  `cmd:"" help:"Ask many stations." example:"pylon job create --command '{\"type\":\"reset\"}' --vendor 'ACME*' --per-minute 60 --dry-run"`
	Retry   jobRetry   `cmd:"" help:"Ask those stations again that failed."`
	Targets jobTargets `cmd:"" help:"How each station of a job fared."`
	Cancel  jobCancel  `cmd:"" help:"Stop a job; what was sent stays sent."`
}

type jobList struct {
	Watch
	Limit int `default:"50" help:"At most so many; 0 for all."`
}

type jobGet struct {
	Job []string `arg:"" help:"Identifiers, job_…"`
}

// Run shows.
func (g *jobGet) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, g.Job, below("/jobs/"))
}

// Run lists.
func (l *jobList) Run(ctx context.Context, c *Connection) error {
	return l.repeat(ctx, c, func(ctx context.Context) error {
		return c.list(ctx, "/jobs", nil, l.Limit, []column{
			{"JOB", "id", nil},
			{"WHAT", "kind", nil},
			{"STATE", "state", nil},
			{"STATIONS", "targets", fared},
			{"CREATED", "created_at", when},
			{"FINISHED", "finished_at", when},
		})
	})
}

// fared shows how many targets of a job have come how far.
func fared(value any) string {
	counts := []string{text(member(value, "total"))}
	for _, state := range []string{"running", "succeeded", "failed", "skipped", "cancelled"} {
		if n := text(member(value, state)); n != "0" && n != "" {
			counts = append(counts, n+" "+state)
		}
	}
	return strings.Join(counts, ", ")
}

// jobCreate is a job by its parts: what, of whom, how fast.
type jobCreate struct {
	FromFile
	Command     string   `xor:"what" placeholder:"JSON" help:"What to ask, as the API takes it for one station; @FILE reads a file, - standard input."`
	Desire      []string `xor:"what" placeholder:"NAME=VALUE" help:"Or a value to desire; may be given several times." sep:"none"`
	Station     []string `placeholder:"ID" help:"These stations; may be given several times." group:"Which stations"`
	Site        *string  `placeholder:"ID" help:"Stations of this site." group:"Which stations"`
	Vendor      *string  `help:"Stations of this maker; * stands for anything." group:"Which stations"`
	Model       *string  `help:"Stations of this model; * stands for anything." group:"Which stations"`
	Firmware    *string  `help:"Stations with this firmware; * stands for anything." group:"Which stations"`
	OCPP        *string  `name:"ocpp" help:"Stations that speak this version." group:"Which stations"`
	PerMinute   *int     `name:"per-minute" help:"So many begin in a minute." group:"How fast"`
	AtOnce      *int     `name:"at-once" help:"So many at a time." group:"How fast"`
	SkipOffline bool     `name:"skip-offline" help:"Do not wait for stations that are away." group:"How fast"`
	DryRun      bool     `name:"dry-run" help:"Only show which stations it would be."`
	Yes         bool     `short:"y" help:"Do not ask."`
}

// Run makes it, after saying how many stations it will be and asking.
func (n *jobCreate) Run(ctx context.Context, c *Connection) error {
	if n.File != "" {
		return n.create(ctx, c, "/jobs")
	}
	body, err := n.body(c.terminal)
	if err != nil {
		return err
	}
	api, err := c.open()
	if err != nil {
		return err
	}
	would, err := api.Create(ctx, "/jobs?dry_run=true", body)
	if err != nil {
		return err
	}
	if n.DryRun {
		return c.one(would)
	}
	var preview struct {
		Total  int `json:"total"`
		Online int `json:"online"`
	}
	if err := unmarshal(would, &preview); err != nil {
		return err
	}
	if err := c.confirm(n.Yes, fmt.Sprintf("This asks %d stations, %d of them online. Go on?", preview.Total, preview.Online)); err != nil {
		return err
	}
	made, err := api.Create(ctx, "/jobs", body)
	if err != nil {
		return err
	}
	c.say("Follow it: pylon job targets %s", idOf(made))
	return c.one(made)
}

func (n *jobCreate) body(to Terminal) (map[string]any, error) {
	body := fields("concurrency", n.AtOnce, "per_minute", n.PerMinute)
	if filter := fields("site_id", n.Site, "vendor", n.Vendor, "model", n.Model, "firmware", n.Firmware, "ocpp_version", n.OCPP); len(filter) > 0 {
		body["filter"] = filter
	}
	if len(n.Station) > 0 {
		body["stations"] = n.Station
	}
	if body["filter"] == nil && body["stations"] == nil {
		return nil, usage("say which stations: --station, --site, --vendor …; --vendor '*' is all")
	}
	if n.SkipOffline {
		body["offline"] = "skip"
	}
	switch {
	case n.Command != "":
		command, err := to.readJSON(n.Command)
		if err != nil {
			return nil, err
		}
		body["command"] = command
	case len(n.Desire) > 0:
		all, err := settings(n.Desire, true)
		if err != nil {
			return nil, err
		}
		body["desired"] = map[string]any{"set": all}
	default:
		return nil, usage("say what to do: --command, --desire or --file")
	}
	return body, nil
}

type jobRetry struct {
	Job   string   `arg:"" help:"Identifier, job_…"`
	State []string `help:"Stations in these states: failed, skipped, cancelled." default:"failed"`
}

// Run makes another job of it.
func (r *jobRetry) Run(ctx context.Context, c *Connection) error {
	return c.create(ctx, "/jobs", map[string]any{"retry_of": r.Job, "retry_states": r.State})
}

type jobTargets struct {
	Job   string `arg:"" help:"Identifier, job_…"`
	State string `help:"Only in this state: pending, running, succeeded, failed, skipped, cancelled."`
	Limit int    `default:"0" help:"At most so many; 0 for all."`
}

// Run lists.
func (t *jobTargets) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, client.Path("/jobs/", t.Job, "/targets"), query("state", t.State), t.Limit, []column{
		{"STATION", "station_id", nil}, {"STATE", "state", nil}, {"ERROR", "error.code", nil}, {"DETAIL", "error.detail", nil}, {"COMMAND", "command_id", nil},
	})
}

type jobCancel struct {
	Job []string `arg:"" help:"Identifiers, job_…"`
}

// Run cancels.
func (k *jobCancel) Run(ctx context.Context, c *Connection) error {
	return c.each(ctx, k.Job, func(ctx context.Context, api *client.Client, id string) (jsontext.Value, error) {
		return api.Create(ctx, client.Path("/jobs/", id, "/cancel"), nil)
	})
}

// Finding is the noun.
type Finding struct {
	Connection `embed:""`

	List findingList `cmd:"" help:"List findings of all stations, the newest first." example:"pylon finding list --code meter_backwards"`
}

type findingList struct {
	Watch
	Code    string `help:"Of this kind."`
	Station string `placeholder:"ID" help:"Of this station."`
	Session string `placeholder:"ID" help:"Of this session."`
	All     bool   `help:"Those, too, that have been resolved."`
	Limit   int    `default:"50" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *findingList) Run(ctx context.Context, c *Connection) error {
	open := "true"
	if l.All {
		open = ""
	}
	return l.repeat(ctx, c, func(ctx context.Context) error {
		of := query("open", open, "code", l.Code, "station_id", l.Station, "session_id", l.Session)
		return c.list(ctx, "/findings", of, l.Limit, append([]column{{"STATION", "station_id", nil}}, findingColumns()...))
	})
}
