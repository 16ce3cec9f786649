CREATE TABLE stadiums (
    id        integer PRIMARY KEY,
    name      text NOT NULL,
    city      text NOT NULL,
    country   character(2) NOT NULL,  -- ISO 3166-1 alpha-2
    capacity  integer NOT NULL,
    opened    smallint NOT NULL,
    latitude  double precision NOT NULL,
    longitude double precision NOT NULL
);

CREATE INDEX stadiums_by_country ON stadiums (country, capacity DESC, id DESC);
