-- What an officer keeps of the laws and read last: it says what somebody works on, and goes with
-- the slot.
CREATE TABLE law_shelf (
    officer TEXT    NOT NULL REFERENCES officer (officer) ON DELETE CASCADE,
    shelf   TEXT    NOT NULL CHECK (shelf IN ('bookmark', 'recent')),
    law     TEXT    NOT NULL,                       -- title
    number  INTEGER NOT NULL,
    sub     INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    PRIMARY KEY (officer, shelf, law, number, sub)
) STRICT, WITHOUT ROWID;
