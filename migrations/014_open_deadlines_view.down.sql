DROP VIEW casework.open_deadline;
