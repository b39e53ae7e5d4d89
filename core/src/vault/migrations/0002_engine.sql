-- The evidence engine: clips that follow each other, where their fragments lie, categories.

ALTER TABLE evidence ADD COLUMN previous TEXT;                                -- the clip this one follows without a gap
ALTER TABLE evidence ADD COLUMN pre_event_us INTEGER NOT NULL DEFAULT 0;      -- of the media, before the button was pressed
ALTER TABLE evidence ADD COLUMN category TEXT;                                -- a code of the policy
ALTER TABLE evidence ADD COLUMN copy_of TEXT;                                 -- the photo that this one shows with a watermark
ALTER TABLE evidence ADD COLUMN about TEXT;                                   -- the recording or clip that a note or sheet speaks of
ALTER TABLE evidence ADD COLUMN amends TEXT;                                  -- the sheet that this sheet adds to
ALTER TABLE evidence ADD COLUMN department TEXT;                              -- whose business it was
ALTER TABLE evidence ADD COLUMN codecs TEXT;                                  -- of the tracks, RFC 6381
ALTER TABLE evidence ADD COLUMN rotation INTEGER;                             -- degrees that a player turns the picture, clockwise

-- Where a committed fragment lies in the plaintext: playback decrypts what it shows and no more.
-- Times in µs from the clip's beginning. What lies before the first one is the file's `moov`.
CREATE TABLE fragment (
    clip     TEXT    NOT NULL,
    number   INTEGER NOT NULL,
    position INTEGER NOT NULL,                      -- of its `moof`, in bytes of the plaintext
    length   INTEGER NOT NULL,                      -- of `moof` and `mdat`
    begin_us INTEGER NOT NULL,
    end_us   INTEGER NOT NULL,
    sync     INTEGER NOT NULL CHECK (sync IN (0, 1)), -- decoding can begin here
    PRIMARY KEY (clip, number)
) STRICT, WITHOUT ROWID;

-- Opening asks for these first; there are few, however much is stored.
CREATE INDEX evidence_unfinished ON evidence (clip) WHERE payload_key IS NOT NULL;
CREATE INDEX evidence_officer ON evidence (officer, began_ms);
CREATE INDEX evidence_copy ON evidence (copy_of) WHERE copy_of IS NOT NULL;
CREATE INDEX evidence_about ON evidence (about) WHERE about IS NOT NULL;

-- A small picture of a photo: an age file to its officer alone, so that the vault's key is not
-- enough to look at it.
CREATE TABLE thumbnail (
    clip   TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT;

-- What is known of a recording beyond its media and the journal, personal data among it, until it
-- is sealed as a sheet; then these rows go.
CREATE TABLE draft (
    recording   TEXT    PRIMARY KEY,
    recipients  TEXT    NOT NULL,                   -- whom the sheet is sealed to: age1…, one a line
    description TEXT    NOT NULL,                   -- JSON
    revision    INTEGER NOT NULL                    -- counts what was written here
) STRICT;

CREATE TABLE track_point (
    recording TEXT    NOT NULL,
    number    INTEGER NOT NULL,
    time_ms   INTEGER NOT NULL,
    point     TEXT    NOT NULL,                     -- JSON
    PRIMARY KEY (recording, number)
) STRICT, WITHOUT ROWID;

-- Modes that are on. A mode ends with the duty that switched it on.
CREATE TABLE mode (
    mode     TEXT    PRIMARY KEY CHECK (mode IN ('stealth', 'sleep')),
    duty     TEXT    NOT NULL REFERENCES duty (duty),
    since_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Whether the officer was warned of the charge and it has not recovered since.
ALTER TABLE terminal ADD COLUMN battery_low INTEGER NOT NULL DEFAULT 0 CHECK (battery_low IN (0, 1));

-- Counts, and the search for what may go, read this alone: rows are long with their receipts, and
-- what was purged stays as a row.
DROP INDEX evidence_state;
CREATE INDEX evidence_state ON evidence
    (state, purged_ms, confirmed_ms, length, held, marked, category, clip);
