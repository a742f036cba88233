//! Rosters that are taken in from uploaded files.

crate::dialect::step!(
    r"
CREATE TABLE roster_import (
  id {uuid} PRIMARY KEY,
  account_id {uuid} NOT NULL REFERENCES account (id),
  upload_id {uuid} NOT NULL,
  file_name text NOT NULL,
  kind text,
  dry_run boolean NOT NULL,
  skip_bad boolean NOT NULL,
  state text NOT NULL,
  report {json},
  started_at {moment} NOT NULL,
  finished_at {moment},
  beat_at {moment} NOT NULL,
  version integer NOT NULL
)
;
CREATE INDEX roster_import_account ON roster_import (account_id, id)
",
    &["roster_import"]
);
