-- The frame log's own file. Blocks are described in block.go; numbers of frames (seq) are microseconds.

-- What was written in the last minutes: each block has a second of all stations.
CREATE TABLE IF NOT EXISTS fresh_blocks (
  first_seq BIGINT NOT NULL PRIMARY KEY,
  last_seq  BIGINT NOT NULL,
  first_us  BIGINT NOT NULL, -- the earliest time
  frames    BIGINT NOT NULL,
  raw_bytes BIGINT NOT NULL,
  stations  BYTEA  NOT NULL, -- CRC-32 of each station's id, 4 bytes each, sorted
  data      BYTEA  NOT NULL
);

-- What was merged: a run has the frames of one stretch of time, by station, cut into blocks.
CREATE TABLE IF NOT EXISTS merged_blocks (
  run           BIGINT NOT NULL, -- the smallest seq of the run; runs do not overlap
  part          BIGINT NOT NULL,
  first_station TEXT   NOT NULL,
  last_station  TEXT   NOT NULL,
  last_seq      BIGINT NOT NULL,
  last_us       BIGINT NOT NULL, -- the latest time
  ahead_us      BIGINT NOT NULL, -- the most that a seq is later than its frame's time
  frames        BIGINT NOT NULL,
  data          BYTEA  NOT NULL
);

-- Holds what a search looks at before it reads a block.
CREATE UNIQUE INDEX IF NOT EXISTS merged_blocks_by_place ON merged_blocks (run, part, first_station, last_station);
CREATE INDEX IF NOT EXISTS merged_blocks_by_age ON merged_blocks (last_us);
CREATE INDEX IF NOT EXISTS merged_blocks_by_ahead ON merged_blocks (ahead_us);
