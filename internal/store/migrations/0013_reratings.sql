-- What past sessions would cost by another tariff.

-- +goose Up

-- Sessions are chosen by their ends.
CREATE INDEX sessions_ended ON sessions (org, ended_at, id) WHERE ended_at IS NOT NULL;

CREATE TABLE reratings (
    id         TEXT NOT NULL PRIMARY KEY,
    org        TEXT NOT NULL,
    mode       TEXT NOT NULL,
    simulation TEXT NOT NULL,
    choice     TEXT NOT NULL,
    pricing    TEXT NOT NULL,
    reason     TEXT NOT NULL,
    by_key     TEXT NOT NULL,
    by_name    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    state      TEXT NOT NULL,
    code       TEXT NOT NULL,
    confirmed  TEXT NOT NULL,
    expected   BIGINT NOT NULL,
    counts     TEXT NOT NULL,
    totals     TEXT NOT NULL,
    at_end     BIGINT,
    at_session TEXT NOT NULL,
    started_at BIGINT,
    ended_at   BIGINT,
    forgotten  BOOLEAN NOT NULL,
    version    BIGINT NOT NULL
);
CREATE INDEX reratings_org ON reratings (org, id);
CREATE INDEX reratings_open ON reratings (org, id) WHERE ended_at IS NULL;
CREATE INDEX reratings_kept ON reratings (ended_at) WHERE NOT forgotten;

-- What each who pays would owe, by currency. The id is both, in the order in which the list is read.
CREATE TABLE rerating_customers (
    rerating     TEXT NOT NULL,
    id           TEXT NOT NULL,
    org          TEXT NOT NULL,
    debtor       TEXT NOT NULL,
    currency     TEXT NOT NULL,
    sessions     BIGINT NOT NULL,
    changed      BIGINT NOT NULL,
    net_before   BIGINT NOT NULL,
    tax_before   BIGINT NOT NULL,
    total_before BIGINT NOT NULL,
    net_after    BIGINT NOT NULL,
    tax_after    BIGINT NOT NULL,
    total_after  BIGINT NOT NULL,
    PRIMARY KEY (rerating, id)
);

-- What was found of each session; forgotten after a time.
CREATE TABLE rerating_differences (
    rerating        TEXT NOT NULL,
    session         TEXT NOT NULL,
    org             TEXT NOT NULL,
    station         TEXT NOT NULL,
    debtor          TEXT NOT NULL,
    outcome         TEXT NOT NULL,
    reason          TEXT NOT NULL,
    tariff          TEXT NOT NULL,
    edition         BIGINT NOT NULL,
    bill            TEXT NOT NULL,
    replacement     TEXT NOT NULL,
    currency_before TEXT NOT NULL,
    net_before      BIGINT NOT NULL,
    tax_before      BIGINT NOT NULL,
    total_before    BIGINT NOT NULL,
    currency_after  TEXT NOT NULL,
    net_after       BIGINT NOT NULL,
    tax_after       BIGINT NOT NULL,
    total_after     BIGINT NOT NULL,
    PRIMARY KEY (rerating, session)
);
CREATE INDEX rerating_differences_debtor ON rerating_differences (rerating, debtor, session);
