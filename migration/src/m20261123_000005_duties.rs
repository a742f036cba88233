//! Duties to the person: corrections that are asked for, consent where it is the ground, and the nights on which what is
//! past its time was erased.

crate::dialect::step!(
    r"
CREATE TABLE correction (
  id {uuid} PRIMARY KEY,
  household_id {uuid} NOT NULL REFERENCES household (id),
  member_id {uuid} REFERENCES household_member (id),
  field text NOT NULL,
  wanted {blob} NOT NULL,
  asked_by {uuid} NOT NULL REFERENCES account (id),
  asked_at {moment} NOT NULL,
  state text NOT NULL,
  answer {blob},
  decided_by {uuid} REFERENCES account (id),
  decided_at {moment},
  version integer NOT NULL,
  CHECK ((state = 'OPEN') = (decided_at IS NULL))
)
;
CREATE INDEX correction_household ON correction (household_id, id)
;
CREATE INDEX correction_state ON correction (state, id)
;
CREATE INDEX correction_decided ON correction (decided_at) WHERE decided_at IS NOT NULL
;
CREATE TABLE consent (
  id {uuid} PRIMARY KEY,
  household_id {uuid} NOT NULL REFERENCES household (id),
  purpose text NOT NULL,
  given_on {date},
  withdrawn_on {date},
  given_by {uuid} REFERENCES account (id),
  withdrawn_by {uuid} REFERENCES account (id),
  version integer NOT NULL,
  CHECK (given_on IS NOT NULL OR withdrawn_on IS NOT NULL)
)
;
CREATE UNIQUE INDEX consent_open ON consent (household_id, purpose) WHERE withdrawn_on IS NULL
;
CREATE INDEX consent_household ON consent (household_id, purpose, id)
;
CREATE TABLE retention_night (
  night text PRIMARY KEY,
  began_at {moment} NOT NULL,
  ended_at {moment},
  report {json}
)
;
CREATE INDEX household_gone ON household (resident_until, id) WHERE resident_until IS NOT NULL
;
CREATE INDEX household_member_left ON household_member (left_on, id) WHERE left_on IS NOT NULL
",
    back: r"
DROP INDEX household_member_left
;
DROP INDEX household_gone
;
DROP TABLE retention_night
;
DROP TABLE consent
;
DROP TABLE correction
"
);
