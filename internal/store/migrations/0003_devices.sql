-- What stations are made of and how they are set up. One row of a document is a station or one of its EVSEs; its body is
-- compressed JSON, read and written whole. What stations are searched by stands in device_index as well.

-- +goose Up

CREATE TABLE devices (
    station TEXT NOT NULL PRIMARY KEY,
    org     TEXT NOT NULL,
    reboot  TEXT NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE device_documents (
    station     TEXT NOT NULL,
    evse        BIGINT NOT NULL,
    org         TEXT NOT NULL,
    body        BYTEA NOT NULL,
    reported_at BIGINT,
    complete_at BIGINT,
    checked_at  BIGINT,
    firmware    TEXT NOT NULL,
    version     BIGINT NOT NULL,
    PRIMARY KEY (station, evse)
);

-- Older lines go when a station has many.
CREATE TABLE device_changes (
    station           TEXT NOT NULL,
    id                TEXT NOT NULL,
    org               TEXT NOT NULL,
    evse              BIGINT NOT NULL,
    connector         BIGINT NOT NULL,
    component         TEXT NOT NULL,
    instance          TEXT NOT NULL,
    variable          TEXT NOT NULL,
    variable_instance TEXT NOT NULL,
    variable_key      TEXT NOT NULL,
    attribute         TEXT NOT NULL,
    old_value         TEXT,
    new_value         TEXT,
    occurred_at       BIGINT,
    received_at       BIGINT NOT NULL,
    how               TEXT NOT NULL,
    PRIMARY KEY (station, id)
);
CREATE INDEX device_changes_variable ON device_changes (station, evse, variable_key, id);

CREATE TABLE device_index (
    station      TEXT NOT NULL,
    evse         BIGINT NOT NULL,
    variable_key TEXT NOT NULL,
    org          TEXT NOT NULL,
    value        TEXT NOT NULL,
    PRIMARY KEY (station, evse, variable_key)
);
CREATE INDEX device_index_value ON device_index (org, variable_key, value, station, evse);

CREATE TABLE device_desired (
    station           TEXT NOT NULL,
    evse              BIGINT NOT NULL,
    variable_key      TEXT NOT NULL,
    attribute         TEXT NOT NULL,
    org               TEXT NOT NULL,
    connector         BIGINT NOT NULL,
    component         TEXT NOT NULL,
    instance          TEXT NOT NULL,
    variable          TEXT NOT NULL,
    variable_instance TEXT NOT NULL,
    value             TEXT NOT NULL,
    origin            TEXT NOT NULL,
    state             TEXT NOT NULL,
    detail            TEXT NOT NULL,
    since             BIGINT NOT NULL,
    unverified        BOOLEAN NOT NULL,
    attempts          BIGINT NOT NULL,
    attempts_since    BIGINT,
    attempted_at      BIGINT,
    refusals          BIGINT NOT NULL,
    finding           TEXT NOT NULL,
    found             TEXT NOT NULL,
    by_key            TEXT NOT NULL,
    desired_at        BIGINT NOT NULL,
    PRIMARY KEY (station, evse, variable_key, attribute)
);
-- Lists across stations are by station, of one state or variable or of all.
CREATE INDEX device_desired_state ON device_desired (org, state, station);
CREATE INDEX device_desired_variable ON device_desired (org, variable_key, station);
CREATE INDEX device_desired_station ON device_desired (org, station, state);

-- The last things that a station told of its variables by itself.
CREATE TABLE device_happenings (
    station     TEXT NOT NULL,
    id          TEXT NOT NULL,
    org         TEXT NOT NULL,
    body        TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (station, id)
);

-- Findings of alerts that nothing has cleared yet.
CREATE TABLE device_alerts (
    station TEXT NOT NULL,
    alert   TEXT NOT NULL,
    org     TEXT NOT NULL,
    finding TEXT NOT NULL,
    PRIMARY KEY (station, alert)
);

ALTER TABLE templates ADD COLUMN settings TEXT NOT NULL DEFAULT '[]';
ALTER TABLE templates ADD COLUMN reboot TEXT NOT NULL DEFAULT '';
