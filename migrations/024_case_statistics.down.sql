DROP MATERIALIZED VIEW casework.case_statistics;
