-- A question that was refused while it waited stays until the officer is told why: a stable word.
-- Of the number only its mask stays, and the salt goes.
ALTER TABLE lookup_question ADD COLUMN refused TEXT;
