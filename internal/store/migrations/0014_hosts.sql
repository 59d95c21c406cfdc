-- Whose the sites are, what their energy costs, what is left, and the CDRs of bills.

-- +goose Up

-- Who gets a share of what sites earn. Their names stand here and on settlements, nowhere else.
CREATE TABLE hosts (
    id         TEXT NOT NULL PRIMARY KEY,
    org        TEXT NOT NULL,
    reference  TEXT NOT NULL,
    party      TEXT NOT NULL,
    language   TEXT NOT NULL,
    currency   TEXT NOT NULL,
    tax        TEXT NOT NULL,
    tax_rate   TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version    BIGINT NOT NULL
);
CREATE INDEX hosts_org ON hosts (org, id);

-- What a host gets of a site. Two that are made at once would have one number.
CREATE TABLE host_agreements (
    id          TEXT NOT NULL PRIMARY KEY,
    org         TEXT NOT NULL,
    host        TEXT NOT NULL,
    site        TEXT NOT NULL,
    number      BIGINT NOT NULL,
    valid_from  BIGINT NOT NULL,
    terms       TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    valid_until BIGINT,
    version     BIGINT NOT NULL
);
CREATE UNIQUE INDEX host_agreements_site ON host_agreements (site, number);
CREATE INDEX host_agreements_org ON host_agreements (org, id);
CREATE INDEX host_agreements_host ON host_agreements (host, id);

-- What the energy of a site costs.
CREATE TABLE site_supplies (
    id          TEXT NOT NULL PRIMARY KEY,
    org         TEXT NOT NULL,
    site        TEXT NOT NULL,
    number      BIGINT NOT NULL,
    valid_from  BIGINT NOT NULL,
    price       TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    valid_until BIGINT,
    version     BIGINT NOT NULL
);
CREATE UNIQUE INDEX site_supplies_site ON site_supplies (site, number);
CREATE INDEX site_supplies_org ON site_supplies (org, id);

-- What each bill has earned, and, when it was taken back, the mirror of that. Written once.
CREATE TABLE earnings (
    bill        TEXT NOT NULL,
    back        BOOLEAN NOT NULL,
    org         TEXT NOT NULL,
    site        TEXT NOT NULL,
    session     TEXT NOT NULL,
    day         TEXT NOT NULL,
    currency    TEXT NOT NULL,
    energy_mwh  BIGINT NOT NULL,
    energy      BIGINT NOT NULL,
    charging    BIGINT NOT NULL,
    parking     BIGINT NOT NULL,
    fixed       BIGINT NOT NULL,
    reservation BIGINT NOT NULL,
    cost_micro  BIGINT NOT NULL,
    host        TEXT NOT NULL,
    agreement   TEXT NOT NULL,
    share       BIGINT NOT NULL,
    month       TEXT NOT NULL,
    journal     TEXT NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (bill, back)
);
CREATE INDEX earnings_agreement ON earnings (agreement, currency, month, bill) WHERE agreement <> '';

-- Sums of earnings: of a site's day (the id is of site, day and currency) …
CREATE TABLE site_days (
    id          TEXT NOT NULL PRIMARY KEY,
    org         TEXT NOT NULL,
    site        TEXT NOT NULL,
    day         TEXT NOT NULL,
    currency    TEXT NOT NULL,
    sessions    BIGINT NOT NULL,
    energy_mwh  BIGINT NOT NULL,
    energy      BIGINT NOT NULL,
    charging    BIGINT NOT NULL,
    parking     BIGINT NOT NULL,
    fixed       BIGINT NOT NULL,
    reservation BIGINT NOT NULL,
    cost_micro  BIGINT NOT NULL,
    share       BIGINT NOT NULL,
    fees        BIGINT NOT NULL
);
CREATE INDEX site_days_org ON site_days (org, day);

-- … and of an agreement's month (of agreement, currency and month), until a settlement closes it.
CREATE TABLE host_tallies (
    id         TEXT NOT NULL PRIMARY KEY,
    org        TEXT NOT NULL,
    host       TEXT NOT NULL,
    agreement  TEXT NOT NULL,
    site       TEXT NOT NULL,
    currency   TEXT NOT NULL,
    month      TEXT NOT NULL,
    sessions   BIGINT NOT NULL,
    energy_mwh BIGINT NOT NULL,
    income     BIGINT NOT NULL,
    share      BIGINT NOT NULL,
    settlement TEXT NOT NULL,
    version    BIGINT NOT NULL
);
CREATE INDEX host_tallies_open ON host_tallies (host, currency, month) WHERE settlement = '';
CREATE INDEX host_tallies_closed ON host_tallies (agreement, currency, month) WHERE settlement <> '';
CREATE INDEX host_tallies_settlement ON host_tallies (settlement) WHERE settlement <> '';

-- What hosts are paid for a month. Nothing changes but what was paid.
CREATE TABLE settlements (
    id         TEXT NOT NULL PRIMARY KEY,
    org        TEXT NOT NULL,
    host       TEXT NOT NULL,
    currency   TEXT NOT NULL,
    month      TEXT NOT NULL,
    sessions   BIGINT NOT NULL,
    energy_mwh BIGINT NOT NULL,
    income     BIGINT NOT NULL,
    share      BIGINT NOT NULL,
    beside     BIGINT NOT NULL,
    net        BIGINT NOT NULL,
    tax        BIGINT NOT NULL,
    total      BIGINT NOT NULL,
    journal    TEXT NOT NULL,
    issued_at  BIGINT NOT NULL,
    body       BYTEA NOT NULL,
    paid       BIGINT NOT NULL,
    payments   TEXT NOT NULL,
    version    BIGINT NOT NULL,
    CHECK (total = net + tax),
    CHECK (paid BETWEEN 0 AND total)
);
CREATE UNIQUE INDEX settlements_month ON settlements (host, currency, month);
CREATE INDEX settlements_org ON settlements (org, id);
CREATE INDEX settlements_host ON settlements (org, host, id);

-- CDRs as they were made, written once: one for each bill, and one that takes it back. What names a
-- person is not in them.
CREATE TABLE cdrs (
    id         TEXT NOT NULL PRIMARY KEY,
    org        TEXT NOT NULL,
    session    TEXT NOT NULL,
    token      TEXT NOT NULL,
    credits    TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    body       BYTEA NOT NULL
);
CREATE INDEX cdrs_org ON cdrs (org, updated_at, id);
CREATE INDEX cdrs_session ON cdrs (session);
