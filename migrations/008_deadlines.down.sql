DROP TABLE casework.deadline;
