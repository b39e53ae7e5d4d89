-- Times are milliseconds since 1970, UTC. Hashes are 32 bytes. Notes are C2SP signed notes.

CREATE TABLE trust_sets (
    version    INTEGER PRIMARY KEY,
    note       TEXT NOT NULL,
    created_ms INTEGER NOT NULL
);

CREATE TABLE policies (
    version    INTEGER PRIMARY KEY,
    note       TEXT NOT NULL,
    created_ms INTEGER NOT NULL
);

-- Only the hash of a ticket's token is known here.
CREATE TABLE tickets (
    token_hash BLOB PRIMARY KEY,
    terminal   TEXT NOT NULL,
    epoch      INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    used_ms    INTEGER
);

-- One row an enrolment; the highest epoch is the terminal, the others are what it was.
CREATE TABLE terminals (
    terminal    TEXT NOT NULL,
    epoch       INTEGER NOT NULL,
    journal_key TEXT NOT NULL,
    model       TEXT NOT NULL,
    certificate TEXT NOT NULL,
    enrolled_ms INTEGER NOT NULL,
    contact_ms  INTEGER NOT NULL,
    PRIMARY KEY (terminal, epoch)
);

CREATE TABLE sessions (
    token_hash BLOB PRIMARY KEY,
    nonce_hash BLOB NOT NULL UNIQUE, -- a challenge is answered once
    kind       TEXT NOT NULL CHECK (kind IN ('terminal', 'person')),
    name       TEXT NOT NULL,
    epoch      INTEGER NOT NULL,     -- 0 for a person
    expires_ms INTEGER NOT NULL
);
CREATE INDEX sessions_by_expiry ON sessions (expires_ms);

CREATE TABLE journals (
    terminal   TEXT NOT NULL,
    epoch      INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    checkpoint TEXT NOT NULL,        -- the latest, with our cosignature
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY (terminal, epoch)
);

CREATE TABLE entries (
    terminal TEXT NOT NULL,
    epoch    INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    raw      TEXT NOT NULL,          -- the leaf, byte for byte
    PRIMARY KEY (terminal, epoch, seq)
) WITHOUT ROWID;

CREATE TABLE nodes (
    terminal TEXT NOT NULL,
    epoch    INTEGER NOT NULL,
    level    INTEGER NOT NULL,
    idx      INTEGER NOT NULL,
    hash     BLOB NOT NULL,
    PRIMARY KEY (terminal, epoch, level, idx)
) WITHOUT ROWID;

-- What the journals say about sealed clips: the first seal of a clip counts.
CREATE TABLE seals (
    terminal TEXT NOT NULL,
    epoch    INTEGER NOT NULL,
    clip     TEXT NOT NULL,
    seq      INTEGER NOT NULL,
    digest   TEXT NOT NULL,          -- JSON: root, length, chunks
    PRIMARY KEY (terminal, epoch, clip)
);

CREATE TABLE alarms (
    id       INTEGER PRIMARY KEY,
    time_ms  INTEGER NOT NULL,
    terminal TEXT NOT NULL,
    epoch    INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    detail   TEXT NOT NULL           -- the evidence: for a fork, the checkpoint that forks
);

CREATE TABLE uploads (
    id         TEXT PRIMARY KEY,
    terminal   TEXT NOT NULL,
    epoch      INTEGER NOT NULL,
    clip       TEXT,                 -- without one it is no evidence
    metadata   TEXT NOT NULL,        -- Upload-Metadata as it came
    length     INTEGER,              -- unknown while it is deferred
    received   INTEGER NOT NULL,     -- durable bytes: Upload-Offset
    state      TEXT NOT NULL CHECK (state IN ('open', 'complete', 'failed')),
    expires_ms INTEGER NOT NULL
);
CREATE INDEX uploads_by_clip ON uploads (terminal, epoch, clip);
CREATE INDEX uploads_by_expiry ON uploads (expires_ms);

CREATE TABLE evidence (
    clip      TEXT PRIMARY KEY,
    terminal  TEXT NOT NULL,
    epoch     INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    digest    TEXT NOT NULL,         -- JSON, as in seals
    stored_ms INTEGER NOT NULL,
    receipt   TEXT NOT NULL
);
CREATE INDEX evidence_by_terminal ON evidence (terminal, stored_ms);

CREATE TABLE directives (
    id         TEXT PRIMARY KEY,
    terminal   TEXT NOT NULL,
    epoch      INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    draft      TEXT NOT NULL,        -- the directive as JSON, as it was handed out for signing
    note       TEXT,                 -- signed by one person at least
    missing    INTEGER NOT NULL,     -- signatures that the policy still asks for
    state      TEXT NOT NULL,
    reason     TEXT NOT NULL,
    expires_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    UNIQUE (terminal, epoch, seq)
);

CREATE TABLE acks (
    directive   TEXT NOT NULL REFERENCES directives (id),
    state       TEXT NOT NULL,
    note        TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    PRIMARY KEY (directive, state)
);

CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,
    time_ms INTEGER NOT NULL,
    who     TEXT NOT NULL,
    what    TEXT NOT NULL,
    object  TEXT NOT NULL
);
