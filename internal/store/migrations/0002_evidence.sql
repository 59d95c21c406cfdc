-- How sessions end that cannot end by themselves, and what shows it.

-- +goose Up

-- ended_by is who said that it is over, evidence what showed it. aside is what few sessions have, as JSON: steps of the
-- register, when the connector became free.
ALTER TABLE sessions ADD COLUMN ended_by TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN evidence TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN token_at BIGINT;
ALTER TABLE sessions ADD COLUMN clock_now_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN aside TEXT NOT NULL DEFAULT 'null';

-- When it was heard of last, and of when that was; when its meter was.
ALTER TABLE progress ADD COLUMN heard_at BIGINT;
ALTER TABLE progress ADD COLUMN read_at BIGINT;
ALTER TABLE progress ADD COLUMN alive_at BIGINT;

UPDATE sessions SET ended_by = 'station' WHERE ended_at IS NOT NULL AND stop_key <> '';
UPDATE sessions SET ended_by = 'replacement', evidence = 'next_start' WHERE ended_at IS NOT NULL AND stop_key = '';

-- The last session at a place; findings by what they are about; stations that are away, and those whose node is.
CREATE INDEX sessions_place ON sessions (station, evse, started_at, id) WHERE ended_at IS NOT NULL AND evse > 0;
CREATE INDEX findings_about ON findings (station, session, code);
CREATE INDEX links_away ON links (since) WHERE NOT online;
CREATE INDEX links_node ON links (node) WHERE online;
