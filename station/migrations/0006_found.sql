-- Whom a pattern has fitted, by the keyed hash: so that who asks who asked about somebody is told of
-- it though nobody typed the number. What was withheld is not here.
CREATE TABLE lookup_found (
    subject_mac BLOB NOT NULL,
    lookup      TEXT NOT NULL REFERENCES lookups (lookup),
    PRIMARY KEY (subject_mac, lookup)
) WITHOUT ROWID;
