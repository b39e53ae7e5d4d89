-- A grant step by step: what each person signed, as it came. `terms` are in the notes; what is
-- here beside them is for finding. Rows stay.
CREATE TABLE grants (
    id            TEXT PRIMARY KEY,
    grantee       TEXT NOT NULL,
    applicant     TEXT NOT NULL,
    application   TEXT NOT NULL,
    approver      TEXT,
    approval      TEXT,
    setter        TEXT,
    setting       TEXT,
    revoked_by    TEXT,
    revocation    TEXT,
    not_before_ms INTEGER NOT NULL,  -- as approved; before that, as applied for
    expires_ms    INTEGER NOT NULL,
    updated_ms    INTEGER NOT NULL
);
CREATE INDEX grants_by_grantee ON grants (grantee, expires_ms);

-- Access rules. In force is the highest version that misses no signature.
CREATE TABLE rules (
    version    INTEGER PRIMARY KEY,
    note       TEXT NOT NULL,
    missing    INTEGER NOT NULL,     -- signatures that the policy still asks for
    updated_ms INTEGER NOT NULL
);

-- The grant by which something was allowed, or why it was not.
ALTER TABLE audit ADD COLUMN detail TEXT;
