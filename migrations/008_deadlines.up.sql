CREATE TABLE casework.deadline (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id    bigint NOT NULL REFERENCES casework.case_file (id),
    kind       text NOT NULL REFERENCES casework.deadline_kind (code),
    due_on     date NOT NULL,
    done_on    date,
    note       text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Extending a deadline moves due_on; a second open row of the same kind is a mistake.
CREATE UNIQUE INDEX deadline_one_open_per_kind_key
    ON casework.deadline (case_id, kind)
    WHERE done_on IS NULL;

CREATE INDEX deadline_case_id_idx ON casework.deadline (case_id);
CREATE INDEX deadline_due_on_idx ON casework.deadline (due_on);

COMMENT ON TABLE casework.deadline IS 'What has to be done in a case, and by when; open while done_on is null';
