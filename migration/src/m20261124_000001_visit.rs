//! Visits, who took part in them, and what a county has turned on.

crate::dialect::step!(
    r"
CREATE TABLE county_setting (
  id {uuid} PRIMARY KEY REFERENCES region (id),
  concern_notes boolean NOT NULL,
  version integer NOT NULL
)
;
CREATE TABLE visit (
  id {uuid} PRIMARY KEY,
  method text NOT NULL,
  household_id {uuid} REFERENCES household (id),
  enterprise_id {uuid} REFERENCES enterprise (id),
  region_id {uuid} REFERENCES region (id),
  county_id {uuid} NOT NULL,
  township_id {uuid},
  village_id {uuid},
  group_id {uuid},
  grid_id {uuid},
  began_at {moment} NOT NULL,
  visited_on {date} NOT NULL,
  minutes integer,
  nights integer,
  attendees integer,
  summary text,
  complete boolean NOT NULL,
  latitude {float},
  longitude {float},
  condolence_form text,
  condolence_items text,
  condolence_value {big},
  recorded_by {uuid} NOT NULL REFERENCES account (id),
  recorder_id {uuid} REFERENCES cadre (id),
  recorded_at {moment} NOT NULL,
  withdrawn_at {moment},
  withdrawn_reason text,
  version integer NOT NULL,
  CHECK (household_id IS NULL OR enterprise_id IS NULL),
  CHECK ((region_id IS NULL) = (household_id IS NOT NULL OR enterprise_id IS NOT NULL)),
  CHECK ((latitude IS NULL) = (longitude IS NULL)),
  CHECK ((withdrawn_at IS NULL) = (withdrawn_reason IS NULL))
)
;
CREATE INDEX visit_household ON visit (household_id, began_at, id)
;
CREATE INDEX visit_enterprise ON visit (enterprise_id, began_at, id)
;
CREATE INDEX visit_region ON visit (region_id, began_at, id)
;
CREATE INDEX visit_county ON visit (county_id, began_at, id)
;
CREATE INDEX visit_township ON visit (township_id, began_at, id)
;
CREATE INDEX visit_village ON visit (village_id, began_at, id)
;
CREATE INDEX visit_group ON visit (group_id, began_at, id)
;
CREATE INDEX visit_grid ON visit (grid_id, began_at, id)
;
CREATE INDEX visit_recorder ON visit (recorded_by, began_at, id)
;
CREATE TABLE visit_participation (
  id {uuid} PRIMARY KEY,
  visit_id {uuid} NOT NULL REFERENCES visit (id),
  cadre_id {uuid} NOT NULL REFERENCES cadre (id),
  method text NOT NULL,
  visited_on {date} NOT NULL,
  nights integer,
  UNIQUE (visit_id, cadre_id)
)
;
CREATE INDEX visit_participation_cadre ON visit_participation (cadre_id, visited_on, id)
;
CREATE TABLE visit_concern (
  id {uuid} PRIMARY KEY REFERENCES visit (id),
  household_id {uuid} NOT NULL REFERENCES household (id),
  assignment_id {uuid} NOT NULL REFERENCES contact_assignment (id),
  visited_on {date} NOT NULL,
  note {blob} NOT NULL
)
;
CREATE INDEX visit_concern_visited ON visit_concern (visited_on, id)
;
CREATE INDEX visit_concern_assignment ON visit_concern (assignment_id, id)
;
CREATE INDEX household_last_visit ON household (village_id, last_visit_on, id)
",
    back: r"
DROP INDEX household_last_visit
;
DROP TABLE visit_concern
;
DROP TABLE visit_participation
;
DROP TABLE visit
;
DROP TABLE county_setting
"
);
