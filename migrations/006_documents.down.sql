DROP TABLE casework.document;
