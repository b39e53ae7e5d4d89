-- Look-ups in registries: who asked, when, why, and what came of it; one row a question, made
-- before anything is asked. About whom it was is known by a keyed hash alone.
CREATE TABLE lookups (
    lookup      TEXT PRIMARY KEY,
    terminal    TEXT NOT NULL,
    epoch       INTEGER NOT NULL,
    seq         INTEGER NOT NULL,    -- of the entry in the terminal's journal
    officer     TEXT NOT NULL,
    duty        TEXT NOT NULL,       -- empty: none
    case_no     TEXT NOT NULL,
    registry    TEXT NOT NULL,
    subject_mac BLOB NOT NULL,       -- HMAC-SHA256 under the station's look-up key
    subject     TEXT NOT NULL,       -- the journal's commitment, base64
    reason      TEXT NOT NULL,
    words       TEXT NOT NULL,
    asked_ms    INTEGER NOT NULL,
    outcome     TEXT NOT NULL,       -- 'asked' until it is known
    noticed     TEXT NOT NULL,       -- words of what was noticed, with spaces between
    records     INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    updated_ms  INTEGER NOT NULL,
    UNIQUE (terminal, epoch, seq)
);
CREATE INDEX lookups_by_officer ON lookups (officer, asked_ms);
CREATE INDEX lookups_by_subject ON lookups (subject_mac, asked_ms);
CREATE INDEX lookups_by_time ON lookups (asked_ms);

-- Lists that terminals keep; the key is a secret of agency and terminals.
CREATE TABLE lists (
    list       TEXT PRIMARY KEY,
    version    INTEGER NOT NULL,
    note       TEXT NOT NULL,
    key        TEXT NOT NULL,
    entries    TEXT NOT NULL,
    created_ms INTEGER NOT NULL
);
