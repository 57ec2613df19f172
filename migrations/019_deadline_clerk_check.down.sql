ALTER TABLE casework.deadline DROP CONSTRAINT deadline_clerk_id_check;
