//! Categories of demands, a tree beneath each field that a county edits.

crate::dialect::step!(
    r"
CREATE TABLE category (
  id {uuid} PRIMARY KEY,
  county_id {uuid} NOT NULL REFERENCES region (id),
  field text NOT NULL,
  parent_id {uuid} REFERENCES category (id),
  name {text} NOT NULL,
  sort integer NOT NULL,
  retired_on {date},
  version integer NOT NULL
)
;
CREATE INDEX category_county ON category (county_id, id)
;
CREATE INDEX category_parent ON category (parent_id)
;
CREATE UNIQUE INDEX category_name ON category (county_id, field, coalesce(parent_id, county_id), name)
  WHERE retired_on IS NULL
",
    &["category"]
);
