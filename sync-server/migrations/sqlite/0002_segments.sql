CREATE TABLE segment (
    area           TEXT NOT NULL,                  -- an assigned area: itself and everything inside it
    last_position  INTEGER NOT NULL,               -- a device that read it holds everything up to here
    first_position INTEGER NOT NULL,
    bytes          BLOB NOT NULL,                  -- a frame with an AreaPage, as it is handed out
    PRIMARY KEY (area, last_position)
) STRICT;
