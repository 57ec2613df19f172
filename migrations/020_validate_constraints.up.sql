-- Reads both tables in full, but under a lock that lets reads and writes through.
-- No down file: a validated constraint can't be made NOT VALID again, nor need it be.
ALTER TABLE casework.case_file VALIDATE CONSTRAINT case_file_suspended_until_check;
ALTER TABLE casework.deadline VALIDATE CONSTRAINT deadline_clerk_id_fkey;
ALTER TABLE casework.deadline VALIDATE CONSTRAINT deadline_clerk_id_check;
