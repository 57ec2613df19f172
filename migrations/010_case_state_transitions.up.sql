CREATE TABLE casework.case_state_transition (
    from_state casework.case_state NOT NULL,
    to_state   casework.case_state NOT NULL,
    PRIMARY KEY (from_state, to_state),
    CHECK (from_state <> to_state)
);

COMMENT ON TABLE casework.case_state_transition IS 'The changes of state a case may make; all others are refused';

INSERT INTO casework.case_state_transition (from_state, to_state) VALUES
    ('received', 'under_review'),
    ('under_review', 'decided'),
    ('decided', 'under_review'),  -- reopened after an appeal
    ('decided', 'closed');

CREATE FUNCTION casework.check_case_state_transition() RETURNS trigger
LANGUAGE plpgsql
AS $body$
BEGIN
    IF NOT EXISTS (
        SELECT FROM casework.case_state_transition t
        WHERE t.from_state = OLD.state AND t.to_state = NEW.state
    ) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'check_violation',
            MESSAGE = format(
                $msg$case %s can't go from "%s" to "%s"$msg$,
                NEW.case_number, OLD.state, NEW.state
            ),
            HINT = $msg$The allowed changes are in casework.case_state_transition; none skips a state.$msg$;
    END IF;

    RETURN NEW;
END;
$body$;

CREATE TRIGGER case_file_state_transition
    BEFORE UPDATE OF state ON casework.case_file
    FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION casework.check_case_state_transition();
