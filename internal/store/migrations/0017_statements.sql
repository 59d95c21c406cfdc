-- Why the invoice of a statement is not there.

-- +goose Up

ALTER TABLE statements ADD COLUMN problem TEXT NOT NULL DEFAULT '';
