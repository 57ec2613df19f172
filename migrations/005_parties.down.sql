DROP TABLE casework.case_party;
DROP TABLE casework.party;
