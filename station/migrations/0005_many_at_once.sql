-- What takes a grant: several questions in one call, which have a name in common, or one with
-- wildcards; and the grant that the question named. Empty: none. The name of a batch is the terminal's.
ALTER TABLE lookups ADD COLUMN batch TEXT NOT NULL DEFAULT '';
ALTER TABLE lookups ADD COLUMN wildcard INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lookups ADD COLUMN grant_id TEXT NOT NULL DEFAULT '';
CREATE INDEX lookups_by_batch ON lookups (terminal, epoch, batch) WHERE batch <> '';
