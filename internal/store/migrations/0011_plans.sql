-- What belongs to a customer beyond the tariff: plans, vouchers, and what sessions used of them.

-- +goose Up

-- What customers subscribe to. Terms (JSON) never change.
CREATE TABLE plans (
    id          TEXT NOT NULL PRIMARY KEY,
    org         TEXT NOT NULL,
    name        TEXT NOT NULL,
    currency    TEXT NOT NULL,
    valid_from  BIGINT,
    valid_until BIGINT,
    terms       TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    version     BIGINT NOT NULL
);
CREATE INDEX plans_org ON plans (org, id);

-- Customers' plans. next_month is the month whose fee is billed next, due_at when it is (null: never again).
CREATE TABLE subscriptions (
    id          TEXT NOT NULL PRIMARY KEY,
    org         TEXT NOT NULL,
    customer    TEXT NOT NULL,
    plan        TEXT NOT NULL,
    valid_from  BIGINT NOT NULL,
    valid_until BIGINT,
    pauses      TEXT NOT NULL,
    next_month  TEXT NOT NULL,
    due_at      BIGINT,
    created_at  BIGINT NOT NULL,
    version     BIGINT NOT NULL
);
CREATE INDEX subscriptions_org ON subscriptions (org, id);
CREATE INDEX subscriptions_customer ON subscriptions (customer, id);
CREATE INDEX subscriptions_plan ON subscriptions (plan, id);
CREATE INDEX subscriptions_due ON subscriptions (due_at, id) WHERE due_at IS NOT NULL;
-- A customer has one that goes on.
CREATE UNIQUE INDEX subscriptions_open ON subscriptions (customer) WHERE valid_until IS NULL;

-- What a month of a subscription has come to: whoever uses something of it writes the row.
CREATE TABLE plan_months (
    id           TEXT NOT NULL PRIMARY KEY,
    subscription TEXT NOT NULL,
    month        TEXT NOT NULL,
    org          TEXT NOT NULL,
    customer     TEXT NOT NULL,
    energy_mwh   BIGINT NOT NULL,
    sessions     BIGINT NOT NULL,
    covered_mwh  BIGINT NOT NULL,
    version      BIGINT NOT NULL
);
CREATE INDEX plan_months_customer ON plan_months (customer, month);

-- Vouchers are found by the hash of their code, which is kept nowhere.
CREATE TABLE vouchers (
    id           TEXT NOT NULL PRIMARY KEY,
    org          TEXT NOT NULL,
    name         TEXT NOT NULL,
    batch        TEXT NOT NULL,
    hash         BYTEA NOT NULL UNIQUE,
    hint         TEXT NOT NULL,
    value        TEXT NOT NULL,
    valid_from   BIGINT,
    valid_until  BIGINT,
    customer     TEXT NOT NULL,
    holders_most BIGINT NOT NULL,
    holders      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    CHECK (holders <= holders_most)
);
CREATE INDEX vouchers_org ON vouchers (org, id);
CREATE INDEX vouchers_batch ON vouchers (org, batch, id) WHERE batch <> '';

-- Vouchers in customers' hands, with what they have used of them: whoever uses something writes the row.
CREATE TABLE redemptions (
    id         TEXT NOT NULL PRIMARY KEY,
    org        TEXT NOT NULL,
    voucher    TEXT NOT NULL,
    customer   TEXT NOT NULL,
    at         BIGINT NOT NULL,
    amount     BIGINT NOT NULL,
    energy_mwh BIGINT NOT NULL,
    sessions   BIGINT NOT NULL,
    spent      BOOLEAN NOT NULL,
    version    BIGINT NOT NULL
);
CREATE INDEX redemptions_left ON redemptions (customer, id) WHERE NOT spent;

-- What each session used of a subscription or a voucher, as of its last settlement.
CREATE TABLE uses (
    session     TEXT NOT NULL,
    source      TEXT NOT NULL,
    month       TEXT NOT NULL,
    org         TEXT NOT NULL,
    customer    TEXT NOT NULL,
    energy_mwh  BIGINT NOT NULL,
    covered_mwh BIGINT NOT NULL,
    amount      BIGINT NOT NULL,
    sessions    BIGINT NOT NULL,
    points      BIGINT NOT NULL,
    journal     TEXT NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (session, source, month)
);

-- Bills of no session, such as fees, are of something else: there is one of it, too.
ALTER TABLE bills ADD COLUMN source_type TEXT NOT NULL DEFAULT '';
ALTER TABLE bills ADD COLUMN source_id TEXT NOT NULL DEFAULT '';
DROP INDEX bills_session;
CREATE UNIQUE INDEX bills_session ON bills (session, revision, kind) WHERE session <> '';
CREATE UNIQUE INDEX bills_source ON bills (source_type, source_id, revision, kind) WHERE source_id <> '';
