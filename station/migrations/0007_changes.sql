-- Changes to people or policy that more than one person signs.
CREATE TABLE change (
    id         TEXT PRIMARY KEY,
    note       TEXT NOT NULL,             -- custos.change/v1
    missing    INTEGER NOT NULL,          -- signatures still wanted; 0: it was made
    updated_ms INTEGER NOT NULL
) STRICT;
