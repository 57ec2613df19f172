-- No CASCADE: whatever is still in the schema should stop this, not vanish with it.
DROP SCHEMA casework;
