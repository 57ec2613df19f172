-- Called case_file because CASE is a reserved word.
CREATE TABLE casework.case_file (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_number  text NOT NULL UNIQUE,
    subject      text NOT NULL,
    state        casework.case_state NOT NULL DEFAULT 'received',
    clerk_id     bigint NOT NULL REFERENCES casework.clerk (id),
    confidential boolean NOT NULL DEFAULT false,
    received_on  date NOT NULL DEFAULT current_date,
    closed_on    date,
    CONSTRAINT case_file_case_number_check
        CHECK (case_number ~ '^[0-9]{4}-[0-9]{6}$'),
    CONSTRAINT case_file_closed_on_check
        CHECK (closed_on >= received_on)
);

CREATE INDEX case_file_clerk_id_idx ON casework.case_file (clerk_id);

COMMENT ON TABLE casework.case_file IS 'One case before the authority; archived elsewhere, never deleted here';
COMMENT ON COLUMN casework.case_file.case_number IS 'Year and running number, e.g. 2026-000123';
