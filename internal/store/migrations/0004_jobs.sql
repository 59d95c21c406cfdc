-- Jobs: one thing asked of many stations, with a result for each.

-- +goose Up

CREATE TABLE jobs (
    id          TEXT NOT NULL PRIMARY KEY,
    org         TEXT NOT NULL,
    kind        TEXT NOT NULL,
    input       TEXT NOT NULL,
    filter      TEXT NOT NULL,
    retry_of    TEXT NOT NULL,
    by_key      TEXT NOT NULL,
    by_name     TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    state       TEXT NOT NULL,
    concurrency BIGINT NOT NULL,
    per_minute  BIGINT NOT NULL,
    offline     TEXT NOT NULL,
    term_us     BIGINT NOT NULL,
    deadline    BIGINT NOT NULL,
    counts      TEXT NOT NULL,
    started_at  BIGINT,
    finished_at BIGINT,
    version     BIGINT NOT NULL
);
CREATE INDEX jobs_org ON jobs (org, id);
CREATE INDEX jobs_open ON jobs (org, id) WHERE finished_at IS NULL;

-- The index serves the next targets to begin, those in progress, and the counts.
CREATE TABLE job_targets (
    job          TEXT NOT NULL,
    station      TEXT NOT NULL,
    org          TEXT NOT NULL,
    state        TEXT NOT NULL,
    command      TEXT NOT NULL,
    error_code   TEXT NOT NULL,
    error_detail TEXT NOT NULL,
    at           BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    PRIMARY KEY (job, station)
);
CREATE INDEX job_targets_state ON job_targets (job, state, station);

-- What people look for among findings: what is open, and what a session left.
CREATE INDEX findings_unresolved ON findings (org, id) WHERE resolved_at IS NULL;
CREATE INDEX findings_of_session ON findings (session, id);
