-- The frame log's own tables: a file of their own on SQLite, the schema frames of the database on PostgreSQL. Blocks are
-- described in block.go; numbers of frames (seq) are microseconds. node is who wrote the frames, '' where there is one only.
-- Stations are ordered by their bytes on every database.

-- What was written in the last minutes: each block has a second of all stations of a node.
CREATE TABLE IF NOT EXISTS fresh_blocks (
  node      TEXT   NOT NULL DEFAULT '',
  first_seq BIGINT NOT NULL,
  last_seq  BIGINT NOT NULL,
  first_us  BIGINT NOT NULL, -- the earliest time
  frames    BIGINT NOT NULL,
  raw_bytes BIGINT NOT NULL,
  stations  BYTEA  NOT NULL, -- CRC-32 of each station's id, 4 bytes each, sorted
  data      BYTEA  NOT NULL,
  PRIMARY KEY (node, first_seq)
);

-- What was merged: a run has the frames of one node and one stretch of time, by station, cut into blocks.
CREATE TABLE IF NOT EXISTS merged_blocks (
  node          TEXT   NOT NULL DEFAULT '',
  run           BIGINT NOT NULL, -- the smallest seq of the run; runs of a node do not overlap
  part          BIGINT NOT NULL,
  first_station TEXT   COLLATE "C" NOT NULL,
  last_station  TEXT   COLLATE "C" NOT NULL,
  last_seq      BIGINT NOT NULL,
  last_us       BIGINT NOT NULL, -- the latest time
  ahead_us      BIGINT NOT NULL, -- the most that a seq is later than its frame's time
  frames        BIGINT NOT NULL,
  data          BYTEA  NOT NULL
);

-- These two hold what a search looks at before it reads a block: from the oldest on, and from the newest.
CREATE UNIQUE INDEX IF NOT EXISTS merged_blocks_by_run ON merged_blocks (run, part, node, first_station, last_station, last_seq);
CREATE INDEX IF NOT EXISTS merged_blocks_by_end ON merged_blocks (last_seq, run, part, node, first_station, last_station);
CREATE INDEX IF NOT EXISTS merged_blocks_by_node ON merged_blocks (node, last_seq);
CREATE INDEX IF NOT EXISTS merged_blocks_by_age ON merged_blocks (last_us);
CREATE INDEX IF NOT EXISTS merged_blocks_by_ahead ON merged_blocks (ahead_us);
CREATE INDEX IF NOT EXISTS merged_blocks_by_span ON merged_blocks ((last_seq - run));
