-- +goose Up

-- Rights of one node at a time. A row stays when its lease is given back: the
-- next holder's epoch must be higher than all before.
CREATE TABLE leases (
    name   TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    epoch  BIGINT NOT NULL,
    beat   BIGINT NOT NULL
);

-- How far consumers of the event log have come.
CREATE TABLE cursors (
    consumer TEXT NOT NULL,
    stream   BIGINT NOT NULL,
    number   BIGINT NOT NULL,
    tries    BIGINT NOT NULL,
    version  BIGINT NOT NULL,
    PRIMARY KEY (consumer, stream)
);

-- Events that a consumer gave up, copied: the log forgets them.
CREATE TABLE dead_letters (
    id              TEXT NOT NULL PRIMARY KEY,
    consumer        TEXT NOT NULL,
    place           BIGINT NOT NULL,
    org             TEXT NOT NULL,
    type            TEXT NOT NULL,
    site            TEXT NOT NULL,
    station         TEXT NOT NULL,
    subject         TEXT NOT NULL,
    subject_version BIGINT NOT NULL,
    at              BIGINT NOT NULL,
    data            TEXT NOT NULL,
    code            TEXT NOT NULL,
    error           TEXT NOT NULL,
    tries           BIGINT NOT NULL,
    failed_at       BIGINT NOT NULL,
    settled_at      BIGINT,
    finding         TEXT NOT NULL,
    version         BIGINT NOT NULL
);
CREATE UNIQUE INDEX dead_letters_event ON dead_letters (consumer, place);
CREATE INDEX dead_letters_org ON dead_letters (org, id);
