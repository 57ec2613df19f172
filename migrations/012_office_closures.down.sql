DROP FUNCTION casework.next_open_day(date);
DROP TABLE casework.office_closure;
