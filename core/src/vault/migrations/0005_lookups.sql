-- Questions to registries that wait for the station.
CREATE TABLE lookup_question (
    lookup   TEXT    PRIMARY KEY,
    officer  TEXT    NOT NULL,
    seq      INTEGER NOT NULL,                      -- of its journal entry
    registry TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    salt     TEXT    NOT NULL,                      -- base64: what the entry's commitment was made with
    asked_ms INTEGER NOT NULL
) STRICT;

-- Answers at hand for a short time, each sealed to the officer who asked.
CREATE TABLE lookup_answer (
    lookup     TEXT    PRIMARY KEY,
    officer    TEXT    NOT NULL,
    seq        INTEGER NOT NULL,
    registry   TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    salt       TEXT    NOT NULL,
    asked_ms   INTEGER NOT NULL,
    sealed     BLOB    NOT NULL,                    -- age, to the officer
    delivered  INTEGER NOT NULL,                    -- from the queue, for the officer to see
    expires_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX lookup_answer_by_subject ON lookup_answer (officer, registry, subject);

-- Lists to be asked without the station.
CREATE TABLE lookup_list (
    list       TEXT    PRIMARY KEY,
    registry   TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    time_ms    INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    key        TEXT    NOT NULL,                    -- base64: what entries are hashed with
    entries    BLOB    NOT NULL                     -- in rising order
) STRICT;
