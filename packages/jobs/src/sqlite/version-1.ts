/**
 * Version 1 of the file.
 *
 * `counts` says how many documents there are of a kind, state and scope, and, where the scope is empty, of all scopes; it is changed
 * with them. Scopes are JSON, so that no character of theirs is special. `held`: somebody has the lease, or had it last. Times are
 * milliseconds since 1970; NULL is never.
 */
export const VERSION_1 = `
CREATE TABLE documents (
  number INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  scope TEXT NOT NULL,
  state TEXT NOT NULL,
  priority INTEGER NOT NULL,
  version INTEGER NOT NULL,
  lease INTEGER NOT NULL DEFAULT 0,
  held INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  due_at REAL,
  forget_at REAL,
  value TEXT NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX documents_by_name ON documents (kind, id);
CREATE INDEX documents_by_age ON documents (kind, scope, created_at, id);
CREATE INDEX documents_of_state ON documents (kind, scope, state, created_at, id);
CREATE INDEX documents_by_birth ON documents (kind, state, created_at);
CREATE INDEX documents_by_due ON documents (kind, state, priority, due_at, id, scope) WHERE due_at IS NOT NULL;
CREATE INDEX documents_by_forgetting ON documents (forget_at) WHERE forget_at IS NOT NULL;

CREATE TABLE counts (
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  scope TEXT NOT NULL,
  documents INTEGER NOT NULL,
  PRIMARY KEY (kind, state, scope)
) STRICT, WITHOUT ROWID;
`
