DROP TRIGGER case_file_state_transition ON casework.case_file;
DROP FUNCTION casework.check_case_state_transition();
DROP TABLE casework.case_state_transition;
