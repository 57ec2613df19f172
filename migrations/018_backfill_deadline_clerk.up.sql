-- lacuna: statement-timeout 10min
-- No down file: undoing 017 drops the column, and the values with it.
SET LOCAL app.audit_reason = 'migration 018: every deadline gets the clerk of its case';

UPDATE casework.deadline d
SET clerk_id = c.clerk_id
FROM casework.case_file c
WHERE c.id = d.case_id
  AND d.clerk_id IS NULL;
