//! Assignments changed many at a time, and since when a household has been there.

crate::dialect::step!(
    r"
CREATE TABLE assignment_batch (
  id {uuid} PRIMARY KEY,
  kind text NOT NULL,
  effective_on {date} NOT NULL,
  from_cadre_id {uuid} REFERENCES cadre (id),
  to_cadre_id {uuid} REFERENCES cadre (id),
  county_id {uuid} NOT NULL,
  township_id {uuid},
  village_id {uuid},
  ended integer NOT NULL,
  started integer NOT NULL,
  reason text NOT NULL,
  made_by {uuid} REFERENCES account (id),
  made_at {moment} NOT NULL,
  version integer NOT NULL,
  CHECK ((kind = 'HAND_OVER') = (from_cadre_id IS NOT NULL)),
  CHECK ((kind = 'HAND_OVER') = (to_cadre_id IS NOT NULL))
)
;
CREATE INDEX assignment_batch_county ON assignment_batch (county_id, effective_on, id)
;
CREATE INDEX assignment_batch_township ON assignment_batch (township_id, effective_on, id)
;
CREATE INDEX assignment_batch_village ON assignment_batch (village_id, effective_on, id)
;
CREATE INDEX assignment_batch_made_by ON assignment_batch (made_by, effective_on, id)
;
ALTER TABLE contact_assignment ADD COLUMN started_batch_id {uuid}
;
ALTER TABLE contact_assignment ADD COLUMN ended_batch_id {uuid}
;
CREATE INDEX contact_assignment_started_batch ON contact_assignment (started_batch_id, starts_on, id) WHERE started_batch_id IS NOT NULL
;
CREATE INDEX contact_assignment_ended_batch ON contact_assignment (ended_batch_id, starts_on, id) WHERE ended_batch_id IS NOT NULL
;
ALTER TABLE household ADD COLUMN registered_on {date}
;
ALTER TABLE household ADD COLUMN resident_until {date}
",
    back: r"
ALTER TABLE household DROP COLUMN resident_until
;
ALTER TABLE household DROP COLUMN registered_on
;
DROP INDEX contact_assignment_ended_batch
;
DROP INDEX contact_assignment_started_batch
;
ALTER TABLE contact_assignment DROP COLUMN ended_batch_id
;
ALTER TABLE contact_assignment DROP COLUMN started_batch_id
;
DROP TABLE assignment_batch
"
);
