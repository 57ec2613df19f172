DROP TYPE casework.case_state;
