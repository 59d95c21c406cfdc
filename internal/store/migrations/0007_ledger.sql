-- The books: double entry, append only.

-- +goose Up

-- What happened to money. place is the stream of the committer and the number in it, as of events; hash chains each journal to
-- the one before it in the stream. Nobody changes or deletes a row of journals and transfers.
CREATE TABLE journals (
    place        BIGINT NOT NULL PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    org          TEXT NOT NULL,
    template     TEXT NOT NULL,
    source_type  TEXT NOT NULL,
    source_id    TEXT NOT NULL,
    revision     BIGINT NOT NULL,
    posted_at    BIGINT NOT NULL,
    effective_at BIGINT NOT NULL,
    reverses     TEXT NOT NULL,
    series       TEXT NOT NULL,
    number       BIGINT NOT NULL,
    hash         BYTEA NOT NULL
);
CREATE UNIQUE INDEX journals_source ON journals (source_type, source_id, template, revision);
CREATE UNIQUE INDEX journals_reverses ON journals (reverses) WHERE reverses <> '';
CREATE UNIQUE INDEX journals_document ON journals (series, number) WHERE series <> '';
CREATE INDEX journals_org ON journals (org, id);

-- Journals' identifiers sort by time, and with them the transfers of an account. The indexes have all that a balance is made of.
CREATE TABLE transfers (
    journal TEXT NOT NULL,
    line    BIGINT NOT NULL,
    org     TEXT NOT NULL,
    debit   TEXT NOT NULL,
    credit  TEXT NOT NULL,
    unit    TEXT NOT NULL,
    amount  BIGINT NOT NULL,
    PRIMARY KEY (journal, line),
    CHECK (amount > 0),
    CHECK (debit <> credit)
);
CREATE INDEX transfers_debit ON transfers (debit, journal, line, amount);
CREATE INDEX transfers_credit ON transfers (credit, journal, line, amount);

-- Balances: debits less credits. One that much moves is kept in parts, so that nodes do not wait for one another. The check
-- holds what code may get wrong: nobody spends what he has not.
CREATE TABLE accounts (
    account TEXT NOT NULL,
    shard   BIGINT NOT NULL,
    org     TEXT NOT NULL,
    class   TEXT NOT NULL,
    owner   TEXT NOT NULL,
    unit    TEXT NOT NULL,
    least   BIGINT NOT NULL,
    most    BIGINT NOT NULL,
    balance BIGINT NOT NULL,
    PRIMARY KEY (account, shard),
    CHECK (balance >= least),
    CHECK (balance <= most)
);
CREATE INDEX accounts_org ON accounts (org, class, unit, balance);
CREATE INDEX accounts_listed ON accounts (org, account, shard);
CREATE INDEX accounts_owner ON accounts (org, owner, account) WHERE owner <> '';

-- Numbers of documents, drawn by the commit that posts the document.
CREATE TABLE document_series (
    series     TEXT NOT NULL PRIMARY KEY,
    org        TEXT NOT NULL,
    name       TEXT NOT NULL,
    format     TEXT NOT NULL,
    first      BIGINT NOT NULL,
    next       BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX document_series_org ON document_series (org, series);

-- How far the journals of each stream reach, so that the last ones are missed, too.
CREATE TABLE ledger_chains (
    stream BIGINT NOT NULL PRIMARY KEY,
    head   BIGINT NOT NULL,
    hash   BYTEA NOT NULL
);

-- What each day's verification came to.
CREATE TABLE ledger_checks (
    day       TEXT NOT NULL PRIMARY KEY,
    at        BIGINT NOT NULL,
    journals  BIGINT NOT NULL,
    transfers BIGINT NOT NULL,
    accounts  BIGINT NOT NULL,
    breaches  BIGINT NOT NULL
);
