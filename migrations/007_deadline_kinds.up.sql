-- A table, not an enum: the legal department adds kinds and changes their length.
CREATE TABLE casework.deadline_kind (
    code         text PRIMARY KEY CHECK (code ~ '^[a-z]+(_[a-z]+)*$'),
    label        text NOT NULL,
    default_days integer NOT NULL CHECK (default_days > 0)
);

COMMENT ON TABLE casework.deadline_kind IS 'Kinds of deadline and how long each runs unless set otherwise';

INSERT INTO casework.deadline_kind (code, label, default_days) VALUES
    ('acknowledgement', 'Acknowledge receipt to the applicant', 5),
    ('party_response', 'Party''s response; may be extended once', 21),
    ('expert_opinion', 'Opinion of an expert', 60),
    ('decision', 'Decision of the authority', 90);
