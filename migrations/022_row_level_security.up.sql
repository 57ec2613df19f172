CREATE FUNCTION casework.may_see_case(p_clerk_id bigint, p_confidential boolean) RETURNS boolean
LANGUAGE sql
STABLE
BEGIN ATOMIC
    SELECT CASE NULLIF(current_setting('app.clerk_id', true), '')::bigint
        WHEN p_clerk_id THEN true
        ELSE NOT p_confidential
             AND NULLIF(current_setting('app.clerk_id', true), '') IS NOT NULL
    END;
END;

COMMENT ON FUNCTION casework.may_see_case(bigint, boolean) IS
    'Clerks see every case but other clerks'' confidential ones; without app.clerk_id, none';

-- Not FORCEd: the owner, who also runs the migrations, has to see every row.
ALTER TABLE casework.case_file ENABLE ROW LEVEL SECURITY;
ALTER TABLE casework.case_party ENABLE ROW LEVEL SECURITY;
ALTER TABLE casework.document ENABLE ROW LEVEL SECURITY;
ALTER TABLE casework.deadline ENABLE ROW LEVEL SECURITY;
ALTER TABLE casework.decision ENABLE ROW LEVEL SECURITY;

CREATE POLICY case_file_visible ON casework.case_file
    USING (casework.may_see_case(clerk_id, confidential));

-- The subqueries obey the policy above: what belongs to a hidden case is hidden too.
CREATE POLICY case_party_visible ON casework.case_party
    USING (EXISTS (SELECT FROM casework.case_file c WHERE c.id = case_party.case_id));

CREATE POLICY document_visible ON casework.document
    USING (EXISTS (SELECT FROM casework.case_file c WHERE c.id = document.case_id));

CREATE POLICY deadline_visible ON casework.deadline
    USING (EXISTS (SELECT FROM casework.case_file c WHERE c.id = deadline.case_id));

CREATE POLICY decision_visible ON casework.decision
    USING (EXISTS (SELECT FROM casework.case_file c WHERE c.id = decision.case_id));

-- A view reads with its owner's rights, past the policies, so it has to ask for itself.
CREATE OR REPLACE VIEW casework.open_deadline WITH (security_barrier = true) AS
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
  AND c.state <> 'closed'
  AND casework.may_see_case(c.clerk_id, c.confidential);
