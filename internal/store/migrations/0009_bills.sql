-- +goose Up

-- What prices sessions, kept once for all that it prices.
CREATE TABLE price_snapshots (
    hash TEXT NOT NULL PRIMARY KEY,
    body BYTEA NOT NULL
);

-- What each session owes, as far as billing has got with it.
CREATE TABLE tabs (
    session    TEXT NOT NULL PRIMARY KEY,
    station    TEXT NOT NULL,
    org        TEXT NOT NULL,
    snapshot   TEXT NOT NULL,
    state      TEXT NOT NULL,
    reason     TEXT NOT NULL,
    finding    TEXT NOT NULL,
    revision   BIGINT NOT NULL,
    bill       TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    version    BIGINT NOT NULL
);
CREATE INDEX tabs_held ON tabs (org, session) WHERE state = 'held';

-- Bills and credit notes, issued once and never changed. Their numbers are those of their journals.
CREATE TABLE bills (
    id        TEXT NOT NULL PRIMARY KEY,
    org       TEXT NOT NULL,
    station   TEXT NOT NULL,
    session   TEXT NOT NULL,
    revision  BIGINT NOT NULL,
    kind      TEXT NOT NULL,
    credits   TEXT NOT NULL,
    journal   TEXT NOT NULL,
    debtor    TEXT NOT NULL,
    country   TEXT NOT NULL,
    currency  TEXT NOT NULL,
    net       BIGINT NOT NULL,
    tax       BIGINT NOT NULL,
    total     BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    body      BYTEA NOT NULL,
    CHECK (total = net + tax)
);
CREATE UNIQUE INDEX bills_session ON bills (session, revision, kind);
CREATE UNIQUE INDEX bills_credits ON bills (credits) WHERE credits <> '';
CREATE INDEX bills_org ON bills (org, id);
CREATE INDEX bills_debtor ON bills (org, debtor, id);

-- How an organisation bills.
CREATE TABLE billing_profiles (
    org     TEXT NOT NULL PRIMARY KEY,
    body    TEXT NOT NULL,
    version BIGINT NOT NULL
);
