-- What several questions of one call have in common, and the grant that a question named; empty:
-- none. The name of a batch is the terminal's.
ALTER TABLE lookups ADD COLUMN batch TEXT NOT NULL DEFAULT '';
ALTER TABLE lookups ADD COLUMN grant_id TEXT NOT NULL DEFAULT '';
CREATE INDEX lookups_by_batch ON lookups (terminal, epoch, batch) WHERE batch <> '';
