-- The law pack in place: what it was when it was verified. A terminal takes no older version.
CREATE TABLE law_pack (
    pack        TEXT    PRIMARY KEY,
    version     INTEGER NOT NULL,
    sha256      TEXT    NOT NULL,                   -- base64
    length      INTEGER NOT NULL,                   -- of the file, with its time and inode: whether
    modified_ns INTEGER NOT NULL,                   -- it is still that one, without reading it
    inode       INTEGER NOT NULL
) STRICT;
