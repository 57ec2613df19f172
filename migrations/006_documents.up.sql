-- 'simple' rather than a language: documents arrive in several, and a generated
-- column may only call immutable functions, so the configuration has to be fixed.
CREATE TABLE casework.document (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id     bigint NOT NULL REFERENCES casework.case_file (id),
    title       text NOT NULL,
    description text NOT NULL DEFAULT '',
    media_type  text NOT NULL,
    byte_size   bigint NOT NULL CHECK (byte_size >= 0),
    sha256      bytea NOT NULL CHECK (octet_length(sha256) = 32),
    received_at timestamptz NOT NULL DEFAULT now(),
    search      tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('simple', title), 'A')
        || setweight(to_tsvector('simple', description), 'B')
    ) STORED,
    CONSTRAINT document_case_id_sha256_key UNIQUE (case_id, sha256)
);

CREATE INDEX document_search_idx ON casework.document USING gin (search);

COMMENT ON TABLE casework.document IS 'Register of documents; the bytes are in the archive, found by their SHA-256';
