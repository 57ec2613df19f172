DROP TABLE casework.case_file;
