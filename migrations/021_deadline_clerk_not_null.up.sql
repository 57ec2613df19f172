-- Quick: the validated check proves there is no null, so the table isn't read again.
ALTER TABLE casework.deadline ALTER COLUMN clerk_id SET NOT NULL;

-- Separate statement: dropped together with SET NOT NULL, the check would prove nothing.
ALTER TABLE casework.deadline DROP CONSTRAINT deadline_clerk_id_check;
