-- Series of prices and signals, with their points, and the public keys of meters that stations told of.

-- +goose Up

-- What site is empty for is for the whole organisation.
CREATE TABLE series (
    id                 TEXT NOT NULL PRIMARY KEY,
    org                TEXT NOT NULL,
    site               TEXT NOT NULL,
    name               TEXT NOT NULL,
    kind               TEXT NOT NULL,
    currency           TEXT NOT NULL,
    resolution_minutes BIGINT NOT NULL,
    description        TEXT NOT NULL,
    created_at         BIGINT NOT NULL,
    version            BIGINT NOT NULL
);
CREATE UNIQUE INDEX series_name ON series (org, name, site);
CREATE INDEX series_org ON series (org, id);

-- A value that holds from starts_at to ends_at. first_value is the one that was told first: what was corrected
-- since has corrected_at.
CREATE TABLE series_points (
    series       TEXT NOT NULL,
    starts_at    BIGINT NOT NULL,
    ends_at      BIGINT NOT NULL,
    value        TEXT NOT NULL,
    first_value  TEXT NOT NULL,
    told_at      BIGINT NOT NULL,
    corrected_at BIGINT,
    PRIMARY KEY (series, starts_at)
);

-- Every key that a meter of an EVSE (0: of the station) ever had: bills of yesterday are verified by it.
CREATE TABLE meter_keys (
    station    TEXT NOT NULL,
    evse       BIGINT NOT NULL,
    digest     TEXT NOT NULL,
    org        TEXT NOT NULL,
    serial     TEXT NOT NULL,
    public_key TEXT NOT NULL,
    told_at    BIGINT NOT NULL,
    PRIMARY KEY (station, evse, digest)
);

-- Who waits for a series, or at a station for a key.
CREATE INDEX tabs_held_reason ON tabs (org, reason, session) WHERE state = 'held';
CREATE INDEX tabs_held_station ON tabs (station, session) WHERE state = 'held';
