//! Accounts, the roles given to them, and their sessions.

crate::dialect::step!(
    r"
CREATE TABLE account (
  id {uuid} PRIMARY KEY,
  name {text} NOT NULL UNIQUE,
  password_hash text NOT NULL,
  cadre_id {uuid} REFERENCES cadre (id),
  region_id {uuid} REFERENCES region (id),
  county_id {uuid},
  township_id {uuid},
  village_id {uuid},
  status text NOT NULL,
  rights_version integer NOT NULL,
  created_at {moment} NOT NULL,
  version integer NOT NULL
)
;
CREATE INDEX account_cadre ON account (cadre_id)
;
CREATE INDEX account_region ON account (region_id, name, id)
;
CREATE INDEX account_county ON account (county_id, name, id)
;
CREATE INDEX account_township ON account (township_id, name, id)
;
CREATE INDEX account_village ON account (village_id, name, id)
;
CREATE TABLE role_grant (
  id {uuid} PRIMARY KEY,
  account_id {uuid} NOT NULL REFERENCES account (id),
  role text NOT NULL,
  region_id {uuid} REFERENCES region (id),
  branch_id {uuid} REFERENCES branch (id),
  department_id {uuid} REFERENCES department (id),
  household_id {uuid},
  enterprise_id {uuid},
  starts_on {date} NOT NULL,
  ends_on {date},
  granted_by {uuid} REFERENCES account (id),
  version integer NOT NULL,
  CHECK (ends_on IS NULL OR ends_on >= starts_on)
)
;
CREATE INDEX role_grant_account ON role_grant (account_id, starts_on, id)
;
CREATE INDEX role_grant_department ON role_grant (department_id)
;
CREATE INDEX role_grant_branch ON role_grant (branch_id)
;
CREATE TABLE session (
  id {uuid} PRIMARY KEY,
  account_id {uuid} NOT NULL REFERENCES account (id),
  device text NOT NULL,
  created_at {moment} NOT NULL,
  expires_at {moment} NOT NULL,
  ended_at {moment}
)
;
CREATE INDEX session_account ON session (account_id, created_at, id)
;
CREATE TABLE refresh_token (
  hash {blob} PRIMARY KEY,
  session_id {uuid} NOT NULL REFERENCES session (id),
  issued_at {moment} NOT NULL,
  expires_at {moment} NOT NULL,
  used_at {moment},
  replaced_by {blob}
)
;
CREATE INDEX refresh_token_session ON refresh_token (session_id)
",
    &["refresh_token", "session", "role_grant", "account"]
);
