-- On its own: a new enum value can't be used before the transaction that adds it commits.
-- IF NOT EXISTS, because the down file can't take the value away again.
ALTER TYPE casework.case_state ADD VALUE IF NOT EXISTS 'suspended' AFTER 'under_review';
