CREATE MATERIALIZED VIEW casework.case_statistics AS
SELECT
    k.unit_id,
    left(c.case_number, 4) AS case_year,
    c.state,
    count(*) AS cases,
    count(*) FILTER (WHERE c.final_decision_id IS NOT NULL) AS with_final_decision,
    round(avg(c.closed_on - c.received_on), 1) AS mean_days_to_close
FROM casework.case_file c
JOIN casework.clerk k ON k.id = c.clerk_id
GROUP BY k.unit_id, left(c.case_number, 4), c.state;

-- REFRESH MATERIALIZED VIEW CONCURRENTLY needs a unique index over all rows.
CREATE UNIQUE INDEX case_statistics_key
    ON casework.case_statistics (unit_id, case_year, state);

COMMENT ON MATERIALIZED VIEW casework.case_statistics IS 'Counts for the annual report; refreshed every night';
