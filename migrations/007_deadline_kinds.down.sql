DROP TABLE casework.deadline_kind;
