DROP TRIGGER deadline_default_clerk ON casework.deadline;
DROP FUNCTION casework.default_deadline_clerk();
ALTER TABLE casework.deadline DROP COLUMN clerk_id;
