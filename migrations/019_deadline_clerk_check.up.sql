-- After the backfill, not before: even a NOT VALID check applies to every later update,
-- and would have refused any change to a row that had no clerk yet.
ALTER TABLE casework.deadline
    ADD CONSTRAINT deadline_clerk_id_check
    CHECK (clerk_id IS NOT NULL) NOT VALID;
