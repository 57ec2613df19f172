-- lacuna: no-transaction
-- The worklist asks for one clerk's open deadlines by date; most rows are done, so leave them out.
CREATE INDEX CONCURRENTLY deadline_open_by_clerk_idx
    ON casework.deadline (clerk_id, due_on)
    WHERE done_on IS NULL;

DROP INDEX CONCURRENTLY casework.deadline_due_on_idx;
