//! Regions and areas.

crate::dialect::step!(
    r"
CREATE TABLE region (
  id {uuid} PRIMARY KEY,
  code {text} NOT NULL UNIQUE,
  name {text} NOT NULL,
  kind text NOT NULL,
  parent_id {uuid} REFERENCES region (id),
  province_id {uuid},
  city_id {uuid},
  county_id {uuid},
  township_id {uuid},
  village_id {uuid},
  group_id {uuid},
  grid_id {uuid},
  version integer NOT NULL,
  CHECK ((parent_id IS NULL) = (kind = 'PROVINCE'))
)
;
CREATE INDEX region_parent ON region (parent_id, code, id)
;
CREATE INDEX region_parent_name ON region (parent_id, name, id)
;
CREATE INDEX region_name ON region (name, id)
;
CREATE INDEX region_kind ON region (kind, code, id)
;
CREATE INDEX region_province ON region (province_id, code, id)
;
CREATE INDEX region_city ON region (city_id, code, id)
;
CREATE INDEX region_county ON region (county_id, code, id)
;
CREATE INDEX region_township ON region (township_id, code, id)
;
CREATE INDEX region_village ON region (village_id, code, id)
;
CREATE TABLE area (
  id {uuid} PRIMARY KEY,
  name {text} NOT NULL,
  county_id {uuid} NOT NULL REFERENCES region (id),
  township_id {uuid} NOT NULL REFERENCES region (id),
  version integer NOT NULL,
  UNIQUE (township_id, name)
)
;
CREATE INDEX area_name ON area (name, id)
;
CREATE INDEX area_county ON area (county_id, name, id)
;
CREATE TABLE area_village (
  village_id {uuid} PRIMARY KEY REFERENCES region (id),
  area_id {uuid} NOT NULL REFERENCES area (id)
)
;
CREATE INDEX area_village_area ON area_village (area_id, village_id)
",
    &["area_village", "area", "region"]
);
