-- The vault of a terminal. Times are unix milliseconds UTC; hashes are 32 raw bytes.

-- What this terminal is. One row, written by provisioning.
CREATE TABLE terminal (
    id               INTEGER PRIMARY KEY CHECK (id = 1),
    terminal         TEXT    NOT NULL,
    agency           TEXT    NOT NULL,
    epoch            INTEGER NOT NULL,
    model            TEXT    NOT NULL,
    station          TEXT    NOT NULL,              -- base URL
    pin              TEXT,                          -- SPKI pin, base64 SHA-256; NULL: plain HTTP on loopback
    officers         TEXT    NOT NULL,              -- JSON list of who may enrol; [] = the first who does
    certificate      TEXT    NOT NULL,              -- signed note of the registrar
    trust_version    INTEGER NOT NULL,
    policy_version   INTEGER NOT NULL,
    locked           INTEGER NOT NULL DEFAULT 0 CHECK (locked IN (0, 1)),
    directive_seq    INTEGER NOT NULL DEFAULT 0,    -- the highest that was acted on
    last_contact_ms  INTEGER,
    -- Trusted time: what the station signed, and where this boot's monotonic clock stood then.
    clock_station_ms INTEGER,
    clock_boot       TEXT,
    clock_boot_ms    INTEGER
) STRICT;

-- Signed notes, kept: what was believed when. The newest version is in force.
CREATE TABLE trust_set (
    version INTEGER PRIMARY KEY,
    note    TEXT NOT NULL
) STRICT;

CREATE TABLE policy (
    version INTEGER PRIMARY KEY,
    note    TEXT NOT NULL
) STRICT;

-- An officer's slot: Argon2id(PIN) and the key source together open the age identity.
CREATE TABLE officer (
    officer       TEXT    PRIMARY KEY,
    recipient     TEXT    NOT NULL,                 -- age1…
    salt          BLOB    NOT NULL,
    memory_kib    INTEGER NOT NULL,
    passes        INTEGER NOT NULL,
    lanes         INTEGER NOT NULL,
    wrapped       BLOB    NOT NULL,
    attempts      INTEGER NOT NULL DEFAULT 0,       -- wrong ones since the last right one; counted before the check
    wait_boot     TEXT,                             -- the boot whose monotonic clock measures a lock-out
    wait_boot_ms  INTEGER,                          -- its reading when the lock-out began
    enrolled_ms   INTEGER NOT NULL
) STRICT;

CREATE TABLE duty (
    duty     TEXT    PRIMARY KEY,
    officer  TEXT    NOT NULL REFERENCES officer (officer),
    case_no  TEXT    NOT NULL,
    began_ms INTEGER NOT NULL,
    ended_ms INTEGER
) STRICT;

-- One open duty an officer.
CREATE UNIQUE INDEX duty_open ON duty (officer) WHERE ended_ms IS NULL;

-- One clip or photo: one age file in evidence/.
CREATE TABLE evidence (
    clip             TEXT    PRIMARY KEY,
    recording        TEXT    NOT NULL,              -- clips of one recording follow each other without a gap
    officer          TEXT    NOT NULL,
    duty             TEXT    NOT NULL,
    case_no          TEXT    NOT NULL,
    media            TEXT    NOT NULL,              -- media type of the plaintext
    state            TEXT    NOT NULL CHECK (state IN
                         ('recording', 'sealed', 'recovered', 'uploading', 'confirmed', 'failed', 'quarantined')),
    reason           TEXT,
    began_ms         INTEGER NOT NULL,
    ended_ms         INTEGER,
    -- While recording: what completes the file after a crash (DESIGN.md, invariant 6).
    payload_key      BLOB,                          -- erased by sealing
    header_length    INTEGER NOT NULL,              -- bytes before the first sealed chunk
    committed_chunks INTEGER NOT NULL DEFAULT 0,    -- full chunks that are durable in the file
    tail             BLOB,                          -- plaintext of the open chunk, at most 65536 bytes
    tree             BLOB,                          -- clip tree frontier over header and committed chunks
    fragments        INTEGER NOT NULL DEFAULT 0,
    end_us           INTEGER NOT NULL DEFAULT 0,    -- end of the last committed fragment
    -- Once sealed.
    length           INTEGER,                       -- bytes of the age file
    root             BLOB,                          -- clip tree root
    seal_seq         INTEGER,                       -- journal sequence number of the seal entry
    marked           INTEGER NOT NULL DEFAULT 0,    -- number of marks
    marked_ms        INTEGER,                       -- the newest: marked clips leave first
    -- Upload.
    upload_url       TEXT,                          -- path of the tus upload on the station
    uploaded         INTEGER NOT NULL DEFAULT 0,
    -- Once confirmed.
    receipt          TEXT,
    confirmed_ms     INTEGER,
    held             INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1)),   -- legal hold
    purged_ms        INTEGER                        -- the file is gone, this row and the receipt stay
) STRICT;

CREATE INDEX evidence_state ON evidence (state);
CREATE INDEX evidence_recording ON evidence (recording);

-- The journal: leaf = the raw bytes of `entry`; RFC 6962 tree of complete subtrees in journal_node.
CREATE TABLE journal (
    seq   INTEGER PRIMARY KEY,
    entry TEXT NOT NULL
) STRICT;

CREATE TABLE journal_node (
    level INTEGER NOT NULL,
    idx   INTEGER NOT NULL,
    hash  BLOB    NOT NULL,
    PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

-- Checkpoints of this journal that the station countersigned.
CREATE TABLE checkpoint (
    size INTEGER PRIMARY KEY,
    note TEXT NOT NULL
) STRICT;

-- Directives that were received, and how far each got.
CREATE TABLE directive (
    seq    INTEGER PRIMARY KEY,
    id     TEXT NOT NULL UNIQUE,
    action TEXT NOT NULL,
    note   TEXT NOT NULL,
    state  TEXT NOT NULL CHECK (state IN ('fetched', 'executing', 'done', 'refused', 'failed'))
) STRICT;

-- Signed acknowledgements on their way to the station.
CREATE TABLE directive_ack (
    id        INTEGER PRIMARY KEY,
    directive TEXT NOT NULL,
    note      TEXT NOT NULL
) STRICT;
