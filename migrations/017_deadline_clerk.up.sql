-- lacuna: lock-timeout 3s
-- The worklist reads this table all day: give up rather than queue everyone behind us.
-- First of five steps (017 to 021) to a NOT NULL column without a long lock.
ALTER TABLE casework.deadline
    ADD COLUMN clerk_id bigint,
    ADD CONSTRAINT deadline_clerk_id_fkey
        FOREIGN KEY (clerk_id) REFERENCES casework.clerk (id) NOT VALID;

COMMENT ON COLUMN casework.deadline.clerk_id IS 'Who has to act; by default the clerk of the case';

-- Fills the column for applications that don't know it yet.
CREATE FUNCTION casework.default_deadline_clerk() RETURNS trigger
LANGUAGE plpgsql
AS $body$
BEGIN
    SELECT c.clerk_id INTO NEW.clerk_id
    FROM casework.case_file c
    WHERE c.id = NEW.case_id;

    RETURN NEW;
END;
$body$;

CREATE TRIGGER deadline_default_clerk
    BEFORE INSERT ON casework.deadline
    FOR EACH ROW
    WHEN (NEW.clerk_id IS NULL)
    EXECUTE FUNCTION casework.default_deadline_clerk();
