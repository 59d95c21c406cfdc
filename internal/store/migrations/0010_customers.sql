-- Who pays: customers, their tokens, and what they are asked for once a month.

-- +goose Up

-- A person or a company. Their names stand here and in documents, nowhere else.
CREATE TABLE customers (
    id              TEXT NOT NULL PRIMARY KEY,
    org             TEXT NOT NULL,
    reference       TEXT NOT NULL,
    party           TEXT NOT NULL,
    language        TEXT NOT NULL,
    settlement      TEXT NOT NULL,
    contract        TEXT NOT NULL,
    driver_groups   TEXT NOT NULL,
    buyer_reference TEXT NOT NULL,
    due_days        BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    version         BIGINT NOT NULL,
    search          TEXT NOT NULL
);
CREATE INDEX customers_org ON customers (org, id);
CREATE UNIQUE INDEX customers_reference ON customers (org, reference) WHERE reference <> '';

ALTER TABLE tokens ADD COLUMN customer TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN cost_centre TEXT NOT NULL DEFAULT '';
CREATE INDEX tokens_customer ON tokens (org, customer, id) WHERE customer <> '';

-- Which bills are to be on a statement, on which they are once it takes them, and when what they
-- are about was over.
ALTER TABLE bills ADD COLUMN monthly BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE bills ADD COLUMN statement TEXT NOT NULL DEFAULT '';
ALTER TABLE bills ADD COLUMN effective_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX bills_due ON bills (org, debtor, currency, country, effective_at) WHERE monthly AND statement = '';
CREATE INDEX bills_statement ON bills (statement, effective_at, id) WHERE statement <> '';

-- What a customer is asked for a month, in a currency and with a country's tax.
CREATE TABLE statements (
    id         TEXT NOT NULL PRIMARY KEY,
    org        TEXT NOT NULL,
    customer   TEXT NOT NULL,
    month      TEXT NOT NULL,
    currency   TEXT NOT NULL,
    country    TEXT NOT NULL,
    state      TEXT NOT NULL,
    bills      BIGINT NOT NULL,
    total      BIGINT NOT NULL,
    invoice    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    issued_at  BIGINT,
    version    BIGINT NOT NULL
);
CREATE UNIQUE INDEX statements_month ON statements (org, customer, currency, country, month);
CREATE INDEX statements_org ON statements (org, id);
CREATE INDEX statements_open ON statements (id) WHERE state = 'open';
