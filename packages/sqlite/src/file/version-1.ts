/**
 * Version 1 of the file.
 *
 * What running streams say goes to `journal`, one row for all streams at once. A stream's own events are written together, to
 * `segments`, when there are enough of them, or when it ends. `epoch`, `seq`, `tokens` and `usage` of a stream say what its
 * segments say; `first_seq` is the oldest event that counts as kept, and `head` sums up what was before the oldest segment.
 * `remains` are streams that are gone, and of which segments are left. Names (tenant, owner, keys) are JSON, so that no character of theirs is special. Times are milliseconds since 1970.
 */
export const VERSION_1 = `
CREATE TABLE streams (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  tenant TEXT NOT NULL,
  owner TEXT NOT NULL,
  running_key TEXT,
  repeat_key TEXT,
  facts TEXT NOT NULL,
  keeping TEXT NOT NULL,
  timing TEXT NOT NULL DEFAULT '{}',
  epoch INTEGER NOT NULL DEFAULT 1,
  seq INTEGER NOT NULL DEFAULT 0,
  first_seq INTEGER NOT NULL DEFAULT 1,
  tokens INTEGER NOT NULL DEFAULT 0,
  usage TEXT,
  head TEXT,
  ending TEXT,
  ended_at REAL,
  expires_at REAL,
  settled INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX streams_by_key ON streams (tenant, running_key) WHERE running_key IS NOT NULL;
CREATE UNIQUE INDEX streams_by_repeat ON streams (tenant, owner, repeat_key) WHERE repeat_key IS NOT NULL;
CREATE INDEX streams_by_end ON streams (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX streams_by_expiry ON streams (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX streams_running ON streams (number) WHERE ending IS NULL;
CREATE INDEX streams_unsettled ON streams (number) WHERE ending IS NOT NULL AND settled = 0;

CREATE TABLE segments (
  stream INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  events TEXT NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (stream, first_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (
  number INTEGER PRIMARY KEY,
  entries TEXT NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;

CREATE TABLE tombstones (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  facts TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  ending TEXT
) STRICT;

CREATE TABLE remains (
  number INTEGER PRIMARY KEY,
  wiped INTEGER NOT NULL
) STRICT;

CREATE TABLE inbox (
  number INTEGER PRIMARY KEY,
  stream INTEGER NOT NULL,
  message TEXT NOT NULL
) STRICT;
CREATE INDEX inbox_by_stream ON inbox (stream, number);

CREATE TABLE grants (
  stream INTEGER NOT NULL,
  reader TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (stream, reader)
) STRICT, WITHOUT ROWID;
`
