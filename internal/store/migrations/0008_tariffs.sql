-- Tariffs, and whose they are where.

-- +goose Up

-- A tariff with the draft of its next edition (JSON, null: none), which may change until it is published.
CREATE TABLE tariffs (
    id         TEXT NOT NULL PRIMARY KEY,
    org        TEXT NOT NULL,
    name       TEXT NOT NULL,
    type       TEXT NOT NULL,
    draft      TEXT NOT NULL,
    published  BIGINT NOT NULL,
    ends_at    BIGINT,
    created_at BIGINT NOT NULL,
    version    BIGINT NOT NULL
);
CREATE INDEX tariffs_org ON tariffs (org, id);

-- What was published. Nobody changes or deletes a row: bills were made of it.
CREATE TABLE tariff_editions (
    tariff       TEXT NOT NULL,
    number       BIGINT NOT NULL,
    org          TEXT NOT NULL,
    valid_from   BIGINT NOT NULL,
    valid_until  BIGINT,
    published_at BIGINT NOT NULL,
    terms        TEXT NOT NULL,
    PRIMARY KEY (tariff, number)
);

-- Where and for whom a tariff is; what is empty or 0 may be anything.
CREATE TABLE tariff_assignments (
    id           TEXT NOT NULL PRIMARY KEY,
    org          TEXT NOT NULL,
    tariff       TEXT NOT NULL,
    valid_from   BIGINT,
    valid_until  BIGINT,
    site         TEXT NOT NULL,
    station      TEXT NOT NULL,
    evse         BIGINT NOT NULL,
    connector    TEXT NOT NULL,
    power_from_w BIGINT NOT NULL,
    power_to_w   BIGINT NOT NULL,
    contract     TEXT NOT NULL,
    driver_group TEXT NOT NULL,
    ad_hoc       BOOLEAN NOT NULL,
    created_at   BIGINT NOT NULL,
    version      BIGINT NOT NULL
);
CREATE INDEX tariff_assignments_org ON tariff_assignments (org, id);
CREATE INDEX tariff_assignments_tariff ON tariff_assignments (tariff, id);
