ALTER TABLE casework.case_file ADD COLUMN suspended_until date;

-- NOT VALID: new rows are checked from now on, old ones in 020, without this lock.
ALTER TABLE casework.case_file
    ADD CONSTRAINT case_file_suspended_until_check
    CHECK ((state = 'suspended') = (suspended_until IS NOT NULL)) NOT VALID;

COMMENT ON COLUMN casework.case_file.suspended_until IS 'Set while the case is suspended, e.g. until a court has ruled';

INSERT INTO casework.case_state_transition (from_state, to_state) VALUES
    ('under_review', 'suspended'),
    ('suspended', 'under_review');
