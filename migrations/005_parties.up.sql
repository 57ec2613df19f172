-- Written when golang-migrate ran these files: it left the transaction to the file.
BEGIN;

CREATE TABLE casework.party (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind  text NOT NULL CHECK (kind IN ('person', 'organisation')),
    name  text NOT NULL,
    email text
);

CREATE TABLE casework.case_party (
    case_id  bigint NOT NULL REFERENCES casework.case_file (id),
    party_id bigint NOT NULL REFERENCES casework.party (id),
    role     text NOT NULL CHECK (role IN ('applicant', 'respondent', 'representative', 'expert')),
    since    date NOT NULL DEFAULT current_date,
    PRIMARY KEY (case_id, party_id, role)
);

CREATE INDEX case_party_party_id_idx ON casework.case_party (party_id);

COMMENT ON TABLE casework.party IS 'Person or organisation; one row even when it takes part in many cases';
COMMENT ON TABLE casework.case_party IS 'A party''s role in a case; the same party may hold several';

COMMIT;
