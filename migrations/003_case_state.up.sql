CREATE TYPE casework.case_state AS ENUM (
    'received',
    'under_review',
    'decided',
    'closed'
);

COMMENT ON TYPE casework.case_state IS 'Where a case stands, in the order a case passes through';
