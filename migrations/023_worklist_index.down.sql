-- lacuna: no-transaction
CREATE INDEX CONCURRENTLY deadline_due_on_idx ON casework.deadline (due_on);

DROP INDEX CONCURRENTLY casework.deadline_open_by_clerk_idx;
