-- Grants of this terminal's officers: JSON of the three signed notes, whole, which verified under
-- the trust set when they came, and verify under the one in force.
CREATE TABLE access_grant (
    id         TEXT    PRIMARY KEY,
    grantee    TEXT    NOT NULL,
    signed     TEXT    NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX access_grant_grantee ON access_grant (grantee, expires_ms);

-- Signed revocations, of grants that are here or may yet be offered. Rows stay.
CREATE TABLE access_revocation (
    id   TEXT PRIMARY KEY,
    note TEXT NOT NULL
) STRICT;

-- What was offered and refused, by its SHA-256: the journal says it once.
CREATE TABLE access_refused (
    sha256 BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Access rules that were installed. The highest version is in force; none: those of the build.
CREATE TABLE access_rules (
    version INTEGER PRIMARY KEY,
    note    TEXT NOT NULL,
    sha256  BLOB NOT NULL
) STRICT;

-- The latest time that the clock has shown when somebody unlocked: one that shows less was set back.
CREATE TABLE clock_seen (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    seen_ms INTEGER NOT NULL
) STRICT;
