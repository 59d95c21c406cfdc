package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Job is one thing asked of many stations.
type Job struct {
	ID         string       `json:"id"`
	Kind       string       `json:"kind"`
	State      string       `json:"state"` // preparing, queued, running, completed, cancelled
	Finished   bool         `json:"finished"`
	Targets    TargetCounts `json:"targets"`
	Offline    string       `json:"offline"` // wait, skip
	RetryOf    string       `json:"retry_of"`
	CreatedAt  time.Time    `json:"created_at"`
	StartedAt  time.Time    `json:"started_at"`
	ExpiresAt  time.Time    `json:"expires_at"`
	FinishedAt time.Time    `json:"finished_at"`
}

// TargetCounts are the stations of a job by state.
type TargetCounts struct {
	Total     int64 `json:"total"`
	Pending   int64 `json:"pending"`
	Running   int64 `json:"running"`
	Succeeded int64 `json:"succeeded"`
	Failed    int64 `json:"failed"`
	Skipped   int64 `json:"skipped"`
	Cancelled int64 `json:"cancelled"`
}

// JobTarget is one station of a job.
type JobTarget struct {
	StationID string        `json:"station_id"` // "" when the station is no more
	Station   string        `json:"station"`
	State     string        `json:"state"`
	CommandID string        `json:"command_id"`
	Error     *CommandError `json:"error"`
	At        time.Time     `json:"at"`
}

// CommandError is why a command or a target failed.
type CommandError struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// JobPreview is what a job would do.
type JobPreview struct {
	Total    int `json:"total"`
	Online   int `json:"online"`
	Stations []struct {
		StationID string `json:"station_id"`
		Station   string `json:"station"`
		Online    bool   `json:"online"`
	} `json:"stations"` // the first of them
}

// CreateJob asks something of many stations; fields are as the API has them.
func (c *Client) CreateJob(ctx context.Context, fields map[string]any) (Job, error) {
	return create[Job](ctx, c, "/jobs", fields)
}

// PreviewJob returns what [Client.CreateJob] would do, and does nothing.
func (c *Client) PreviewJob(ctx context.Context, fields map[string]any) (JobPreview, error) {
	var preview JobPreview
	r := request{method: http.MethodPost, path: prefix + "/jobs", query: url.Values{"dry_run": {"true"}}, in: fields}.once()
	_, err := c.do(ctx, r, &preview)
	return preview, err
}

// Jobs lists jobs.
func (c *Client) Jobs(ctx context.Context, q Query) (Page[Job], error) {
	return list[Job](ctx, c, "/jobs", q)
}

// Job returns one.
func (c *Client) Job(ctx context.Context, id string) (Job, error) {
	return get[Job](ctx, c, at("/jobs/", id))
}

// jobPoll is how often a job is looked at: as often as its counts move.
const jobPoll = time.Second

// AwaitJob waits until a job has finished, or ctx ends.
func (c *Client) AwaitJob(ctx context.Context, id string) (Job, error) {
	for {
		j, err := c.Job(ctx, id)
		if err != nil || j.Finished {
			return j, err
		}
		select {
		case <-ctx.Done():
			return j, ctx.Err()
		case <-c.clock.After(jobPoll):
		}
	}
}

// JobTargets lists the stations of a job.
func (c *Client) JobTargets(ctx context.Context, id string, q Query) (Page[JobTarget], error) {
	return list[JobTarget](ctx, c, at("/jobs/", id, "/targets"), q)
}

// CancelJob keeps what is pending of a job from being begun.
func (c *Client) CancelJob(ctx context.Context, id string) (Job, error) {
	var j Job
	_, err := c.do(ctx, request{method: http.MethodPost, path: prefix + at("/jobs/", id, "/cancel")}, &j)
	return j, err
}
