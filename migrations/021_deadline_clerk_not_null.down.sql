ALTER TABLE casework.deadline
    ADD CONSTRAINT deadline_clerk_id_check CHECK (clerk_id IS NOT NULL);

ALTER TABLE casework.deadline ALTER COLUMN clerk_id DROP NOT NULL;
