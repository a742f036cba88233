//! The working calendar of a county: days that it sets itself, working hours, and the times that it allots.

crate::dialect::step!(
    r"
CREATE TABLE work_day (
  id {uuid} PRIMARY KEY,
  county_id {uuid} NOT NULL REFERENCES region (id),
  day {date} NOT NULL,
  working boolean NOT NULL,
  name {text} NOT NULL,
  live boolean NOT NULL,
  version integer NOT NULL,
  UNIQUE (county_id, day)
)
;
CREATE TABLE work_hours (
  id {uuid} PRIMARY KEY,
  county_id {uuid} NOT NULL REFERENCES region (id),
  starts_on {date} NOT NULL,
  spans {text} NOT NULL,
  live boolean NOT NULL,
  version integer NOT NULL,
  UNIQUE (county_id, starts_on)
)
;
CREATE TABLE deadline_rule (
  id {uuid} PRIMARY KEY,
  county_id {uuid} NOT NULL REFERENCES region (id),
  urgency text NOT NULL,
  respond_amount integer NOT NULL CHECK (respond_amount > 0),
  respond_unit text NOT NULL,
  resolve_amount integer NOT NULL CHECK (resolve_amount > 0),
  resolve_unit text NOT NULL,
  live boolean NOT NULL,
  version integer NOT NULL,
  UNIQUE (county_id, urgency)
)
",
    &["deadline_rule", "work_hours", "work_day"]
);
