-- Everything this system owns lives in one schema; later files qualify every name.
CREATE SCHEMA casework;

COMMENT ON SCHEMA casework IS 'Cases, parties, documents, deadlines and decisions of the authority';
