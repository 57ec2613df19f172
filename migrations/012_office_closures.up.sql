CREATE TABLE casework.office_closure (
    period daterange NOT NULL CHECK (NOT isempty(period)),
    reason text NOT NULL,
    CONSTRAINT office_closure_no_overlap EXCLUDE USING gist (period WITH &&)
);

COMMENT ON TABLE casework.office_closure IS 'Public holidays and other days off; no deadline ends on one';

-- A closure never lasts a month, so looking 31 days ahead always finds an open day.
CREATE FUNCTION casework.next_open_day(p_day date) RETURNS date
LANGUAGE sql
STABLE
BEGIN ATOMIC
    SELECT min(p_day + n.days)
    FROM generate_series(0, 31) AS n (days)
    WHERE extract(isodow FROM p_day + n.days) < 6
      AND NOT EXISTS (
          SELECT FROM casework.office_closure c
          WHERE c.period @> p_day + n.days
      );
END;

COMMENT ON FUNCTION casework.next_open_day(date) IS 'The given day, or the first working day after it';
