-- Copies of evidence for somebody outside: who signed which step, as signed notes.
CREATE TABLE disclosures (
    id          TEXT PRIMARY KEY,
    clip        TEXT NOT NULL REFERENCES evidence (clip),
    requester   TEXT NOT NULL,
    request     TEXT NOT NULL,
    approver    TEXT,
    approval    TEXT,
    refused_by  TEXT,
    refusal     TEXT,
    maker       TEXT,
    disclosure  TEXT,
    expires_ms  INTEGER NOT NULL,
    updated_ms  INTEGER NOT NULL
);
CREATE INDEX disclosures_by_time ON disclosures (updated_ms);
