package store

import work "pylon/internal/domain/job" // "job" is what the committer writes

var jobs = table[work.Job]{"jobs", 1, 9, func(to []column, j *work.Job) []column {
	return append(to,
		text("id", &j.ID),
		text("org", &j.Organisation),
		text("kind", &j.Kind),
		doc("input", &j.Input),
		doc("filter", &j.Filter),
		text("retry_of", &j.RetryOf),
		text("by_key", &j.By),
		text("by_name", &j.ByName),
		always("created_at", &j.CreatedAt),
		text("state", &j.State),
		number("concurrency", &j.Concurrency),
		number("per_minute", &j.PerMinute),
		text("offline", &j.Offline),
		lasting("term_us", &j.Term),
		always("deadline", &j.Deadline),
		doc("counts", &j.Counts),
		when("started_at", &j.StartedAt),
		when("finished_at", &j.FinishedAt),
		number("version", &j.Version),
	)
}}

var targets = table[work.Target]{"job_targets", 2, 3, func(to []column, t *work.Target) []column {
	return append(to,
		text("job", &t.Job),
		text("station", &t.Station),
		text("org", &t.Organisation),
		text("state", &t.State),
		text("command", &t.Command),
		text("error_code", &t.ErrorCode),
		text("error_detail", &t.ErrorDetail),
		always("at", &t.At),
		number("version", &t.Version),
	)
}}
