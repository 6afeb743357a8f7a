-- Every table keeps the object as its API shows it (body, JSON); the other columns are what queries need.
-- seq is the order of creation: timestamps have one second's resolution, and lists must not shuffle.

CREATE TABLE IF NOT EXISTS agents (
    seq  INTEGER PRIMARY KEY AUTOINCREMENT,
    id   TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS conversations (
    id      TEXT PRIMARY KEY,
    deleted INTEGER NOT NULL DEFAULT 0,  -- the row stays: deleting a conversation does not delete its items
    body    TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS items (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    conversation_id TEXT NOT NULL REFERENCES conversations (id),
    body            TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS items_by_conversation ON items (conversation_id, seq);

CREATE TABLE IF NOT EXISTS responses (
    id              TEXT PRIMARY KEY,
    conversation_id TEXT REFERENCES conversations (id),
    status          TEXT NOT NULL,
    stored          INTEGER NOT NULL,
    input           TEXT NOT NULL,  -- JSON: the items of this request
    body            TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS responses_by_conversation ON responses (conversation_id, status);

CREATE TABLE IF NOT EXISTS events (  -- of the responses that are streamed
    response_id TEXT NOT NULL,
    number      INTEGER NOT NULL,
    body        TEXT NOT NULL,
    PRIMARY KEY (response_id, number)
) WITHOUT ROWID;
