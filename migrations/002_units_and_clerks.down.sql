DROP TABLE casework.clerk;
DROP TABLE casework.unit;
