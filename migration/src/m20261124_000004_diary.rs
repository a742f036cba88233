//! Diaries, and the visits that they tell of.

crate::dialect::step!(
    r"
CREATE TABLE diary (
  id {uuid} PRIMARY KEY,
  cadre_id {uuid} NOT NULL REFERENCES cadre (id),
  written_by {uuid} NOT NULL REFERENCES account (id),
  written_on {date} NOT NULL,
  text text NOT NULL,
  county_id {uuid},
  township_id {uuid},
  village_id {uuid},
  written_at {moment} NOT NULL,
  version integer NOT NULL
)
;
CREATE INDEX diary_cadre ON diary (cadre_id, written_on, id)
;
CREATE INDEX diary_county ON diary (county_id, written_on, id)
;
CREATE INDEX diary_township ON diary (township_id, written_on, id)
;
CREATE INDEX diary_village ON diary (village_id, written_on, id)
;
CREATE TABLE diary_visit (
  diary_id {uuid} NOT NULL REFERENCES diary (id),
  visit_id {uuid} NOT NULL REFERENCES visit (id),
  PRIMARY KEY (diary_id, visit_id)
)
",
    &["diary_visit", "diary"]
);
