-- +goose Up

-- What a station was used for on one local day of its site: recounted from its
-- sessions, so that a row can be lost and made again. The id is day, station and
-- site, in the order in which the list is read.
CREATE TABLE usage_days (
    id          TEXT NOT NULL PRIMARY KEY,
    org         TEXT NOT NULL,
    station     TEXT NOT NULL,
    site        TEXT NOT NULL,
    day         TEXT NOT NULL,
    sessions    BIGINT NOT NULL,
    energy_mwh  BIGINT NOT NULL,
    charging_us BIGINT NOT NULL,
    version     BIGINT NOT NULL
);
CREATE INDEX usage_days_org ON usage_days (org, id);
CREATE INDEX usage_days_station ON usage_days (station, day);
