-- Before the transitions go: suspended cases need one to get back to review.
UPDATE casework.case_file
SET state = 'under_review', suspended_until = NULL
WHERE state = 'suspended';

DELETE FROM casework.case_state_transition
WHERE 'suspended' IN (from_state, to_state);

ALTER TABLE casework.case_file DROP COLUMN suspended_until;
