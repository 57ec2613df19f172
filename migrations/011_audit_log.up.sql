CREATE TABLE casework.audit_log (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    occurred_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    table_name   text NOT NULL,
    row_id       bigint NOT NULL,
    operation    text NOT NULL CHECK (operation IN ('INSERT', 'UPDATE', 'DELETE')),
    clerk_id     bigint,
    db_user      text NOT NULL,
    audit_reason text NOT NULL CHECK (audit_reason <> ''),
    old_row      jsonb,
    new_row      jsonb
);

CREATE INDEX audit_log_row_idx ON casework.audit_log (table_name, row_id);

COMMENT ON TABLE casework.audit_log IS 'Who changed what and why; written by triggers only';
COMMENT ON COLUMN casework.audit_log.clerk_id IS 'No foreign key: an entry must outlive whatever it points to';

-- SECURITY DEFINER: whoever may change a case needs no right to write the log.
-- The application sets app.clerk_id and app.audit_reason; a repair by hand or a
-- backfill that sets neither is still logged, under the name of the database user.
CREATE FUNCTION casework.write_audit_log() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    old_row jsonb := to_jsonb(OLD);
    new_row jsonb := to_jsonb(NEW);
BEGIN
    INSERT INTO casework.audit_log
        (table_name, row_id, operation, clerk_id, db_user, audit_reason, old_row, new_row)
    VALUES (
        TG_TABLE_NAME,
        (COALESCE(new_row, old_row) ->> 'id')::bigint,
        TG_OP,
        NULLIF(current_setting('app.clerk_id', true), '')::bigint,
        session_user,
        COALESCE(
            NULLIF(current_setting('app.audit_reason', true), ''),
            'no reason given by ' || session_user
        ),
        old_row,
        new_row
    );

    RETURN NULL;
END;
$body$;

CREATE TRIGGER case_file_audit
    AFTER INSERT OR UPDATE OR DELETE ON casework.case_file
    FOR EACH ROW EXECUTE FUNCTION casework.write_audit_log();

CREATE TRIGGER deadline_audit
    AFTER INSERT OR UPDATE OR DELETE ON casework.deadline
    FOR EACH ROW EXECUTE FUNCTION casework.write_audit_log();

CREATE TRIGGER decision_audit
    AFTER INSERT OR UPDATE OR DELETE ON casework.decision
    FOR EACH ROW EXECUTE FUNCTION casework.write_audit_log();
