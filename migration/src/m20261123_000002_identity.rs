//! Notices to accounts, what a session knows of its owner, second factors, and codes that are sent once.

crate::dialect::step!(
    r"
ALTER TABLE account ADD COLUMN password_due boolean NOT NULL DEFAULT false
;
ALTER TABLE session ADD COLUMN last_used_at {moment} NOT NULL DEFAULT '1970-01-01T00:00:00+00:00'
;
ALTER TABLE session ADD COLUMN ends_at {moment} NOT NULL DEFAULT '1970-01-01T00:00:00+00:00'
;
ALTER TABLE session ADD COLUMN confirmed_at {moment} NOT NULL DEFAULT '1970-01-01T00:00:00+00:00'
;
ALTER TABLE session ADD COLUMN second_factor boolean NOT NULL DEFAULT false
;
UPDATE session SET last_used_at = created_at, confirmed_at = created_at, ends_at = expires_at
;
CREATE INDEX session_account_id ON session (account_id, id)
;
CREATE TABLE notice (
  id {uuid} PRIMARY KEY,
  account_id {uuid} NOT NULL REFERENCES account (id),
  kind text NOT NULL,
  at {moment} NOT NULL,
  subject text,
  words {json} NOT NULL,
  read_at {moment}
)
;
CREATE INDEX notice_account ON notice (account_id, id)
;
CREATE INDEX notice_unread ON notice (account_id, id) WHERE read_at IS NULL
;
CREATE TABLE second_factor (
  account_id {uuid} PRIMARY KEY REFERENCES account (id),
  secret {blob} NOT NULL,
  started_at {moment} NOT NULL,
  confirmed_at {moment},
  last_step {big} NOT NULL
)
;
CREATE TABLE recovery_code (
  hash {blob} PRIMARY KEY,
  account_id {uuid} NOT NULL REFERENCES account (id)
)
;
CREATE INDEX recovery_code_account ON recovery_code (account_id)
;
CREATE TABLE one_time_code (
  id {uuid} PRIMARY KEY,
  purpose text NOT NULL,
  subject_id {uuid} NOT NULL,
  hash {blob} NOT NULL,
  created_at {moment} NOT NULL,
  expires_at {moment} NOT NULL,
  tries_left integer NOT NULL,
  used_at {moment}
)
;
CREATE INDEX one_time_code_subject ON one_time_code (subject_id, purpose, id)
",
    back: r"
DROP TABLE one_time_code
;
DROP TABLE recovery_code
;
DROP TABLE second_factor
;
DROP TABLE notice
;
DROP INDEX session_account_id
;
ALTER TABLE session DROP COLUMN second_factor
;
ALTER TABLE session DROP COLUMN confirmed_at
;
ALTER TABLE session DROP COLUMN ends_at
;
ALTER TABLE session DROP COLUMN last_used_at
;
ALTER TABLE account DROP COLUMN password_due
"
);
