CREATE TABLE casework.unit (
    id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE
);

CREATE TABLE casework.clerk (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id   bigint NOT NULL REFERENCES casework.unit (id),
    full_name text NOT NULL,
    email     text NOT NULL,
    active    boolean NOT NULL DEFAULT true
);

CREATE UNIQUE INDEX clerk_email_key ON casework.clerk (lower(email));
CREATE INDEX clerk_unit_id_idx ON casework.clerk (unit_id);

COMMENT ON TABLE casework.unit IS 'Organisational unit of the authority';
COMMENT ON TABLE casework.clerk IS 'Person who handles cases; set inactive on leaving, never deleted';
