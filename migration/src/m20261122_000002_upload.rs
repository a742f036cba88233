//! Files that are being sent in, piece by piece.

crate::dialect::step!(
    r"
CREATE TABLE upload (
  id {uuid} PRIMARY KEY,
  account_id {uuid} NOT NULL REFERENCES account (id),
  file_name text NOT NULL,
  media_type text,
  purpose text NOT NULL,
  length {big} NOT NULL,
  received {big} NOT NULL,
  created_at {moment} NOT NULL,
  expires_at {moment} NOT NULL,
  version integer NOT NULL,
  CHECK (length > 0 AND received >= 0 AND received <= length)
)
;
CREATE INDEX upload_account ON upload (account_id, id)
;
CREATE INDEX upload_expires_at ON upload (expires_at)
",
    &["upload"]
);
