DROP TRIGGER decision_audit ON casework.decision;
DROP TRIGGER deadline_audit ON casework.deadline;
DROP TRIGGER case_file_audit ON casework.case_file;
DROP FUNCTION casework.write_audit_log();
DROP TABLE casework.audit_log;
