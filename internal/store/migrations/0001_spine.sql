-- The spine: who, where, what charges, what happened.
--
-- One text for SQLite and PostgreSQL. BIGINT holds quantities and times (microseconds since 1970, UTC; NULL: not yet, never);
-- TEXT holds identifiers, words, decimals and JSON. Tables of an installation rather than of an organisation (nodes, streams)
-- have no org. A key of a high-rate table begins with the station or the stream; a key of one BIGINT is the row's place in the
-- table on SQLite too, see dialect.go.

-- +goose Up

CREATE TABLE organisations (
    org        TEXT NOT NULL PRIMARY KEY,
    slug       TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    country    TEXT NOT NULL,
    currency   TEXT NOT NULL,
    time_zone  TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    is_first   BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX organisations_first ON organisations (is_first) WHERE is_first;

CREATE TABLE api_keys (
    id           TEXT NOT NULL PRIMARY KEY,
    org          TEXT NOT NULL,
    name         TEXT NOT NULL,
    hash         BYTEA NOT NULL UNIQUE,
    hint         TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    expires_at   BIGINT,
    revoked_at   BIGINT,
    created_at   BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX api_keys_org ON api_keys (org, id);

CREATE TABLE sites (
    id          TEXT NOT NULL PRIMARY KEY,
    org         TEXT NOT NULL,
    name        TEXT NOT NULL,
    country     TEXT NOT NULL,
    time_zone   TEXT NOT NULL,
    address     TEXT NOT NULL,
    city        TEXT NOT NULL,
    postal_code TEXT NOT NULL,
    latitude    TEXT NOT NULL,
    longitude   TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    version     BIGINT NOT NULL
);
CREATE INDEX sites_org ON sites (org, id);

CREATE TABLE templates (
    id       TEXT NOT NULL PRIMARY KEY,
    org      TEXT NOT NULL,
    vendor   TEXT NOT NULL,
    model    TEXT NOT NULL,
    firmware TEXT NOT NULL,
    quirks   TEXT NOT NULL,
    version  BIGINT NOT NULL
);
CREATE INDEX templates_org ON templates (org, id);

-- uid stands here and nowhere else, so that a person can be forgotten.
CREATE TABLE tokens (
    id           TEXT NOT NULL PRIMARY KEY,
    org          TEXT NOT NULL,
    uid          TEXT NOT NULL,
    uid_key      TEXT NOT NULL,
    type         TEXT NOT NULL,
    status       TEXT NOT NULL,
    group_uid    TEXT NOT NULL,
    group_key    TEXT NOT NULL,
    label        TEXT NOT NULL,
    valid_from   BIGINT,
    expires_at   BIGINT,
    max_sessions BIGINT NOT NULL,
    running      BIGINT NOT NULL,
    seen_at      BIGINT,
    seen_station TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    version      BIGINT NOT NULL
);
CREATE UNIQUE INDEX tokens_uid ON tokens (org, uid_key);
CREATE INDEX tokens_org ON tokens (org, id);

CREATE TABLE stations (
    id               TEXT NOT NULL PRIMARY KEY,
    org              TEXT NOT NULL,
    identity         TEXT NOT NULL,
    created_at       BIGINT NOT NULL,
    site             TEXT NOT NULL,
    name             TEXT NOT NULL,
    registration     TEXT NOT NULL,
    automation       BOOLEAN NOT NULL,
    security_profile BIGINT NOT NULL,
    secrets          TEXT NOT NULL,
    ocpp             TEXT NOT NULL,
    vendor           TEXT NOT NULL,
    model            TEXT NOT NULL,
    serial           TEXT NOT NULL,
    firmware         TEXT NOT NULL,
    iccid            TEXT NOT NULL,
    imsi             TEXT NOT NULL,
    meter_type       TEXT NOT NULL,
    meter_serial     TEXT NOT NULL,
    boot_reason      TEXT NOT NULL,
    booted_at        BIGINT,
    quirks           TEXT NOT NULL,
    template         TEXT NOT NULL,
    last_transaction BIGINT NOT NULL,
    version          BIGINT NOT NULL,
    search           TEXT NOT NULL
);
CREATE UNIQUE INDEX stations_identity ON stations (identity, org);
CREATE INDEX stations_listed ON stations (org, identity, id, search);
CREATE INDEX stations_created ON stations (org, created_at, id);
CREATE INDEX stations_site ON stations (site) WHERE site <> '';

-- Who owns a station's rows, and how it is connected. Every connection changes it; the station itself it leaves alone.
CREATE TABLE links (
    station      TEXT NOT NULL PRIMARY KEY,
    org          TEXT NOT NULL,
    epoch        BIGINT NOT NULL,
    node         TEXT NOT NULL,
    online       BOOLEAN NOT NULL,
    since        BIGINT,
    ocpp         TEXT NOT NULL,
    profile      BIGINT NOT NULL,
    last_seen    BIGINT,
    remote_addr  TEXT NOT NULL,
    close_reason TEXT NOT NULL
);
CREATE INDEX links_online ON links (org, node) WHERE online;

CREATE TABLE connectors (
    station      TEXT NOT NULL,
    evse         BIGINT NOT NULL,
    connector    BIGINT NOT NULL,
    org          TEXT NOT NULL,
    status       TEXT NOT NULL,
    since        BIGINT,
    reported_at  BIGINT,
    taken_at     BIGINT,
    error_code   TEXT NOT NULL,
    info         TEXT NOT NULL,
    vendor_id    TEXT NOT NULL,
    vendor_error TEXT NOT NULL,
    version      BIGINT NOT NULL,
    PRIMARY KEY (station, evse, connector)
);
CREATE INDEX connectors_status ON connectors (org, status, station);

CREATE TABLE intervals (
    station    TEXT NOT NULL,
    evse       BIGINT NOT NULL,
    connector  BIGINT NOT NULL,
    from_at    BIGINT NOT NULL,
    org        TEXT NOT NULL,
    status     TEXT NOT NULL,
    error_code TEXT NOT NULL,
    to_at      BIGINT,
    PRIMARY KEY (station, evse, connector, from_at)
);
CREATE INDEX intervals_from ON intervals (station, from_at, evse, connector);

-- What a session is. What a meter reading moves stands in progress: a narrow row is quick to write.
CREATE TABLE sessions (
    station           TEXT NOT NULL,
    id                TEXT NOT NULL,
    org               TEXT NOT NULL,
    site              TEXT NOT NULL,
    evse              BIGINT NOT NULL,
    connector         BIGINT NOT NULL,
    transaction_id    TEXT NOT NULL,
    status            TEXT NOT NULL,
    token             TEXT NOT NULL,
    method            TEXT NOT NULL,
    group_uid         TEXT NOT NULL,
    answer            TEXT NOT NULL,
    reservation_id    BIGINT NOT NULL,
    remote_start_id   BIGINT NOT NULL,
    stopped_by        TEXT NOT NULL,
    started_at        BIGINT NOT NULL,
    started_as_sent   TEXT NOT NULL,
    start_received_at BIGINT NOT NULL,
    ended_at          BIGINT,
    ended_as_sent     TEXT NOT NULL,
    end_received_at   BIGINT,
    clock_offset_us   BIGINT NOT NULL,
    time_zone         TEXT NOT NULL,
    country           TEXT NOT NULL,
    begin_register    TEXT NOT NULL,
    stop_reason       TEXT NOT NULL,
    plug_in           TEXT NOT NULL,
    start_key         TEXT NOT NULL,
    stop_key          TEXT NOT NULL,
    tariff            TEXT NOT NULL,
    ended_energy_mwh  BIGINT,
    PRIMARY KEY (station, id)
);
CREATE INDEX sessions_id ON sessions (id);
CREATE INDEX sessions_open ON sessions (station, started_at, id) WHERE ended_at IS NULL;
CREATE INDEX sessions_transaction ON sessions (station, transaction_id, started_at, id);
CREATE INDEX sessions_start_key ON sessions (station, start_key, started_at, id) WHERE start_key <> '';
CREATE INDEX sessions_started ON sessions (org, started_at, id, ended_energy_mwh);
CREATE INDEX sessions_status ON sessions (org, status, started_at, id);
CREATE INDEX sessions_station ON sessions (org, station, started_at, id);
CREATE INDEX sessions_token ON sessions (org, token, started_at, id) WHERE token <> '';

-- How far a session has come, and where its frames are. The row of session '' counts a station's frames outside sessions.
-- Columns from last_frame on are the store's own, see frames.go.
CREATE TABLE progress (
    station         TEXT NOT NULL,
    session         TEXT NOT NULL,
    org             TEXT NOT NULL,
    energy_mwh      BIGINT NOT NULL,
    last_register   TEXT NOT NULL,
    power_w         BIGINT NOT NULL,
    power_at        BIGINT,
    soc_permille    BIGINT NOT NULL,
    charging_state  TEXT NOT NULL,
    state_since     BIGINT,
    state_cause     TEXT NOT NULL,
    state_trigger   TEXT NOT NULL,
    segment_no      BIGINT NOT NULL,
    last_seq_no     BIGINT NOT NULL,
    frames          BIGINT NOT NULL,
    noted           BIGINT NOT NULL,
    last_event_at   BIGINT,
    version         BIGINT NOT NULL,
    last_frame      BIGINT NOT NULL DEFAULT 0,
    blocked_frame   BIGINT NOT NULL DEFAULT 0,
    pending_since   BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (station, session)
);
CREATE INDEX progress_pending ON progress (pending_since) WHERE pending_since > 0;

CREATE TABLE segments (
    station TEXT NOT NULL,
    session TEXT NOT NULL,
    number  BIGINT NOT NULL,
    org     TEXT NOT NULL,
    state   TEXT NOT NULL,
    cause   TEXT NOT NULL,
    from_at BIGINT NOT NULL,
    to_at   BIGINT,
    trigger_as_sent TEXT NOT NULL,
    PRIMARY KEY (station, session, number)
);

-- Frames as received, in the order of their commit: place is the stream's number and a counter in it (40 bits), so a frame is
-- appended at the end of the table, whatever its station. previous leads to the frame before of the same session.
CREATE TABLE meter_frames (
    place    BIGINT NOT NULL PRIMARY KEY,
    previous BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    station  TEXT NOT NULL,
    session  TEXT NOT NULL,
    number   BIGINT NOT NULL,
    org      TEXT NOT NULL,
    body     BYTEA NOT NULL
);

CREATE TABLE meter_blocks (
    station      TEXT NOT NULL,
    session      TEXT NOT NULL,
    first_number BIGINT NOT NULL,
    last_number  BIGINT NOT NULL,
    org          TEXT NOT NULL,
    frames       BIGINT NOT NULL,
    samples      BIGINT NOT NULL,
    body         BYTEA NOT NULL,
    PRIMARY KEY (station, session, first_number)
);

CREATE TABLE findings (
    id          TEXT NOT NULL PRIMARY KEY,
    org         TEXT NOT NULL,
    station     TEXT NOT NULL,
    session     TEXT NOT NULL,
    code        TEXT NOT NULL,
    detail      TEXT NOT NULL,
    action      TEXT NOT NULL,
    raw         BYTEA,
    at          BIGINT NOT NULL,
    resolved_at BIGINT
);
CREATE INDEX findings_org ON findings (org, id);
CREATE INDEX findings_station ON findings (station, id);

CREATE TABLE commands (
    id           TEXT NOT NULL PRIMARY KEY,
    org          TEXT NOT NULL,
    station      TEXT NOT NULL,
    type         TEXT NOT NULL,
    input        TEXT NOT NULL,
    action       TEXT NOT NULL,
    payload      BYTEA,
    state        TEXT NOT NULL,
    waits        BOOLEAN NOT NULL,
    deadline     BIGINT NOT NULL,
    result       BYTEA,
    error_code   TEXT NOT NULL,
    error_detail TEXT NOT NULL,
    by_key       TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    sent_at      BIGINT,
    finished_at  BIGINT,
    version      BIGINT NOT NULL
);
CREATE INDEX commands_org ON commands (org, id);
CREATE INDEX commands_station ON commands (station, id);
CREATE INDEX commands_open ON commands (station, id) WHERE finished_at IS NULL;
CREATE INDEX commands_due ON commands (deadline) WHERE finished_at IS NULL;

CREATE TABLE audits (
    id      TEXT NOT NULL PRIMARY KEY,
    org     TEXT NOT NULL,
    by_key  TEXT NOT NULL,
    by_name TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    at      BIGINT NOT NULL,
    detail  TEXT NOT NULL
);
CREATE INDEX audits_org ON audits (org, id);

CREATE TABLE idempotency (
    org         TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    status      BIGINT NOT NULL,
    header      TEXT NOT NULL,
    body        BYTEA,
    at          BIGINT NOT NULL,
    PRIMARY KEY (org, key)
);
CREATE INDEX idempotency_at ON idempotency (at);

-- The runs of Pylon. A node lives while ended_at is NULL; the stations of one that does not are offline, whatever their link says.
CREATE TABLE nodes (
    node       TEXT NOT NULL PRIMARY KEY,
    beat       BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT
);

-- The event log: one stream for each run of a committer, written by nobody else. head is its last number, pruned the last one
-- that is gone; batches counts commits and tells whether one landed.
CREATE TABLE streams (
    stream     BIGINT NOT NULL PRIMARY KEY,
    node       TEXT NOT NULL,
    head       BIGINT NOT NULL,
    batches    BIGINT NOT NULL,
    pruned     BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT
);

-- place is the stream and the number in it, as in meter_frames: one key, at the end of the table.
CREATE TABLE events (
    place   BIGINT NOT NULL PRIMARY KEY,
    org     TEXT NOT NULL,
    type    TEXT NOT NULL,
    site    TEXT NOT NULL,
    station TEXT NOT NULL,
    subject TEXT NOT NULL,
    version BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    data    TEXT NOT NULL
);
