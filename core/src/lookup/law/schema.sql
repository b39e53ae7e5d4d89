-- A law pack, format 1. Days are numbers, 20260101; 0 is unknown or none.
PRAGMA encoding = 'UTF-16le';           -- two bytes a character instead of three
PRAGMA page_size = 4096;
PRAGMA application_id = 0x43755061;     -- "CuPa"
PRAGMA user_version = 1;

CREATE TABLE law (
    id       INTEGER PRIMARY KEY,
    title    TEXT NOT NULL,
    initials TEXT NOT NULL              -- of the title's pinyin, without 中华人民共和国
) STRICT;

CREATE TABLE version (
    id      INTEGER PRIMARY KEY,
    law     INTEGER NOT NULL REFERENCES law (id),
    adopted TEXT    NOT NULL,           -- adopted or amended, YYYY-MM-DD or nothing
    since   INTEGER NOT NULL,           -- first day in force
    until   INTEGER NOT NULL,           -- first day no longer in force
    level   TEXT    NOT NULL,
    first   INTEGER NOT NULL,           -- article
    last    INTEGER NOT NULL
) STRICT;

CREATE TABLE chapter (
    id      INTEGER PRIMARY KEY,
    version INTEGER NOT NULL REFERENCES version (id),
    parent  INTEGER,
    title   TEXT    NOT NULL,
    first   INTEGER NOT NULL            -- article
) STRICT;

-- Articles in the order of their laws, numbered from 1 without a gap.
CREATE TABLE article (
    id      INTEGER PRIMARY KEY,
    version INTEGER NOT NULL REFERENCES version (id),
    number  INTEGER NOT NULL,
    sub     INTEGER NOT NULL,           -- 第一百三十三条之一: 133, 1
    chapter INTEGER,
    text    TEXT    NOT NULL            -- paragraphs, a line each
) STRICT;

-- docs/FORMATS.md says how tokens and postings are written.
CREATE TABLE token (
    id       INTEGER PRIMARY KEY,
    articles INTEGER NOT NULL,
    postings BLOB    NOT NULL
) STRICT;

-- lengths: a byte an article.
CREATE TABLE blob (
    name TEXT PRIMARY KEY,
    data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
