-- The evidence engine: clips that follow each other, where their fragments lie, categories.

ALTER TABLE evidence ADD COLUMN previous TEXT;                                -- the clip this one follows without a gap
ALTER TABLE evidence ADD COLUMN pre_event_us INTEGER NOT NULL DEFAULT 0;      -- of the media, before the button was pressed
ALTER TABLE evidence ADD COLUMN category TEXT;                                -- a code of the policy

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
