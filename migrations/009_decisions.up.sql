CREATE TABLE casework.decision (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id    bigint NOT NULL REFERENCES casework.case_file (id),
    outcome    text NOT NULL CHECK (outcome IN ('granted', 'partly_granted', 'refused', 'withdrawn')),
    reasons    text NOT NULL,
    decided_on date NOT NULL DEFAULT current_date,
    CONSTRAINT decision_case_id_id_key UNIQUE (case_id, id)
);

COMMENT ON TABLE casework.decision IS 'Every decision in a case, interim ones included';

ALTER TABLE casework.case_file ADD COLUMN final_decision_id bigint;

-- The pair (id, final_decision_id) keeps a case from ending with another case's decision.
-- Deferred, so that a case and its decision can be imported in either order.
ALTER TABLE casework.case_file
    ADD CONSTRAINT case_file_final_decision_fkey
    FOREIGN KEY (id, final_decision_id)
    REFERENCES casework.decision (case_id, id)
    DEFERRABLE INITIALLY DEFERRED;

COMMENT ON COLUMN casework.case_file.final_decision_id IS 'The decision that ended the case';
