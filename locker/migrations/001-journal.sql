-- Facts, and the erasable rows that go with them.

CREATE TABLE about (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  cabinet TEXT NOT NULL
) STRICT;

-- Which schema names which oldest reader, both as numbers of these scripts, and the release that brought it.
CREATE TABLE compat (
  schema INTEGER PRIMARY KEY,
  oldest_reader INTEGER NOT NULL,
  release TEXT NOT NULL
) STRICT;

-- body: canonical JSON (RFC 8785) of the event without its type; hash: SHA-256 of the envelope, chained by prev_hash.
CREATE TABLE event (
  seq INTEGER PRIMARY KEY CHECK (seq > 0),
  epoch INTEGER NOT NULL,
  type TEXT NOT NULL,
  utc_ms INTEGER NOT NULL,
  clock TEXT NOT NULL,
  run_id TEXT NOT NULL,
  uptime_ms INTEGER NOT NULL,
  body TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT;

-- The folded state at seq; digest: SHA-256 of body.
CREATE TABLE checkpoint (
  seq INTEGER PRIMARY KEY,
  hash BLOB NOT NULL,
  fold_version INTEGER NOT NULL,
  digest BLOB NOT NULL,
  body BLOB NOT NULL
) STRICT;

-- Which version of the rebuildable view tables is there.
CREATE TABLE view_state (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  version INTEGER NOT NULL
) STRICT;

CREATE TABLE cursor (
  name TEXT PRIMARY KEY,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE personal (
  ref TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  search TEXT NOT NULL,
  tail TEXT NOT NULL
) STRICT;
CREATE INDEX personal_by_tail ON personal (tail) WHERE tail <> '';

-- Keys for comparing content without keeping it; erased with the record they belong to.
CREATE TABLE record_key (
  ref TEXT PRIMARY KEY,
  key BLOB NOT NULL
) STRICT;

CREATE TABLE code (
  code TEXT PRIMARY KEY,
  bundle TEXT NOT NULL,
  salt BLOB NOT NULL,
  verifier BLOB NOT NULL,
  sealed BLOB
) STRICT;
CREATE INDEX code_by_bundle ON code (bundle);

CREATE TABLE wish (
  wish_seq INTEGER PRIMARY KEY,
  wish_id TEXT NOT NULL UNIQUE,
  digest BLOB NOT NULL
) STRICT;

-- One row for each time a backup was put in place; epoch: the highest that the replaced journal knew;
-- answered_by: the RecountStarted that followed.
CREATE TABLE restored (
  id INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  utc_ms INTEGER NOT NULL,
  file TEXT NOT NULL,
  answered_by INTEGER
) STRICT;
