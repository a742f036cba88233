//! Who looked at whom, chained so that no line can be changed or taken out unnoticed; and what was opened in an emergency.

crate::dialect::step!(
    r"
CREATE TABLE access_line (
  sequence {sequence},
  id {uuid} NOT NULL UNIQUE,
  at {moment} NOT NULL,
  action text NOT NULL,
  account_id {uuid},
  session_id {uuid},
  api_key_id {uuid},
  class text NOT NULL,
  fields {json} NOT NULL,
  purpose text,
  request_id text NOT NULL
{postgres}
  , xid xid8 NOT NULL DEFAULT pg_current_xact_id()
{end}
)
;
CREATE INDEX access_line_account ON access_line (account_id, action, at)
;
CREATE INDEX access_line_at ON access_line (at)
;
{postgres}
CREATE INDEX access_line_xid ON access_line (xid, sequence)
;
{end}
CREATE TABLE access_subject (
  id {uuid} PRIMARY KEY,
  line_id {uuid} NOT NULL REFERENCES access_line (id),
  at {moment} NOT NULL,
  action text NOT NULL,
  account_id {uuid},
  class text NOT NULL,
  household_id {uuid},
  enterprise_id {uuid},
  cadre_id {uuid},
  region_id {uuid},
  county_id {uuid},
  township_id {uuid},
  village_id {uuid}
)
;
CREATE INDEX access_subject_line ON access_subject (line_id)
;
CREATE INDEX access_subject_household ON access_subject (household_id, id) WHERE household_id IS NOT NULL
;
CREATE INDEX access_subject_enterprise ON access_subject (enterprise_id, id) WHERE enterprise_id IS NOT NULL
;
CREATE INDEX access_subject_account ON access_subject (account_id, id) WHERE account_id IS NOT NULL
;
CREATE INDEX access_subject_county ON access_subject (county_id, id)
;
CREATE INDEX access_subject_township ON access_subject (township_id, id)
;
CREATE INDEX access_subject_village ON access_subject (village_id, id)
;
CREATE TABLE access_seal (
  position {big} PRIMARY KEY,
  line_id {uuid} NOT NULL UNIQUE,
  hash {blob} NOT NULL
)
;
CREATE TABLE access_anchor (
  id integer PRIMARY KEY,
  position {big} NOT NULL,
  hash {blob} NOT NULL
)
;
CREATE TABLE emergency (
  id {uuid} PRIMARY KEY,
  account_id {uuid} NOT NULL REFERENCES account (id),
  role text NOT NULL,
  household_id {uuid} NOT NULL REFERENCES household (id),
  reason text NOT NULL,
  opened_at {moment} NOT NULL,
  closes_at {moment} NOT NULL
)
;
CREATE INDEX emergency_account ON emergency (account_id, closes_at)
;
CREATE INDEX emergency_household ON emergency (household_id, opened_at)
",
    &["emergency", "access_anchor", "access_seal", "access_subject", "access_line"]
);
