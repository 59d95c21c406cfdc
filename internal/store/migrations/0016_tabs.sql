-- What somebody has looked at, and a way to the assignments that a session may have.

-- +goose Up

-- The codes of findings that hold the tab no more, as a list of JSON.
ALTER TABLE tabs ADD COLUMN released TEXT NOT NULL DEFAULT '[]';

CREATE INDEX tariff_assignments_place ON tariff_assignments (org, site, station, contract, driver_group);
