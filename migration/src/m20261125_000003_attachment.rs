//! Files that are attached to records.

crate::dialect::step!(
    r"
CREATE TABLE attachment (
  id {uuid} PRIMARY KEY,
  record_kind text NOT NULL,
  record_id {uuid} NOT NULL,
  file_name text NOT NULL,
  media_type text NOT NULL,
  bytes {big} NOT NULL,
  sha256 {blob} NOT NULL,
  width integer,
  height integer,
  store_key text NOT NULL,
  thumbnail_key text,
  created_at {moment} NOT NULL,
  created_by {uuid} NOT NULL REFERENCES account (id),
  removed_at {moment},
  version integer NOT NULL,
  CHECK (bytes > 0),
  CHECK ((width IS NULL) = (height IS NULL))
)
;
CREATE INDEX attachment_record ON attachment (record_id, record_kind, id)
;
CREATE INDEX attachment_maker ON attachment (created_by, created_at)
",
    &["attachment"]
);
