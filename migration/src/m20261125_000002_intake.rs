//! Stations, points and boxes where people bring what they want, and the openings of boxes.

crate::dialect::step!(
    r"
CREATE TABLE intake_point (
  id {uuid} PRIMARY KEY,
  kind text NOT NULL,
  name {text} NOT NULL,
  region_id {uuid} NOT NULL REFERENCES region (id),
  county_id {uuid} NOT NULL,
  township_id {uuid} NOT NULL,
  village_id {uuid},
  address text NOT NULL,
  latitude {float},
  longitude {float},
  hours text,
  opened_on {date} NOT NULL,
  closed_on {date},
  version integer NOT NULL,
  CHECK ((latitude IS NULL) = (longitude IS NULL)),
  CHECK (closed_on IS NULL OR closed_on >= opened_on)
)
;
CREATE INDEX intake_point_county ON intake_point (county_id, name, id)
;
CREATE INDEX intake_point_township ON intake_point (township_id, name, id)
;
CREATE INDEX intake_point_village ON intake_point (village_id, name, id)
;
CREATE INDEX intake_point_region ON intake_point (region_id)
;
CREATE TABLE box_opening (
  id {uuid} PRIMARY KEY,
  intake_point_id {uuid} NOT NULL REFERENCES intake_point (id),
  opened_at {moment} NOT NULL,
  opened_on {date} NOT NULL,
  first_witness_id {uuid} NOT NULL REFERENCES cadre (id),
  second_witness_id {uuid} NOT NULL REFERENCES cadre (id),
  letters integer NOT NULL CHECK (letters >= 0),
  note text,
  recorded_by {uuid} NOT NULL REFERENCES account (id),
  recorder_id {uuid} REFERENCES cadre (id),
  recorded_at {moment} NOT NULL,
  version integer NOT NULL,
  CHECK (first_witness_id <> second_witness_id)
)
;
CREATE INDEX box_opening_point ON box_opening (intake_point_id, opened_at, id)
",
    &["box_opening", "intake_point"]
);
