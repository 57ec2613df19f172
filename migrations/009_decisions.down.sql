ALTER TABLE casework.case_file DROP COLUMN final_decision_id;
DROP TABLE casework.decision;
