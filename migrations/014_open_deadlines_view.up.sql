CREATE VIEW casework.open_deadline AS
SELECT
    d.id,
    c.case_number,
    c.subject,
    k.label AS what,
    casework.next_open_day(d.due_on) AS due_on,
    casework.next_open_day(d.due_on) < current_date AS overdue
FROM casework.deadline d
JOIN casework.case_file c ON c.id = d.case_id
JOIN casework.deadline_kind k ON k.code = d.kind
WHERE d.done_on IS NULL
  AND c.state <> 'closed';

COMMENT ON VIEW casework.open_deadline IS 'The clerks'' worklist; due_on is moved past closures';
