//! Party organisations, departments, cadres, and their memberships and posts.

crate::dialect::step!(
    r"
CREATE TABLE branch (
  id {uuid} PRIMARY KEY,
  name {text} NOT NULL,
  kind text NOT NULL,
  parent_id {uuid} REFERENCES branch (id),
  region_id {uuid} NOT NULL REFERENCES region (id),
  county_id {uuid},
  township_id {uuid},
  village_id {uuid},
  version integer NOT NULL
)
;
CREATE INDEX branch_parent ON branch (parent_id, name, id)
;
CREATE INDEX branch_region ON branch (region_id, name, id)
;
CREATE INDEX branch_county ON branch (county_id, name, id)
;
CREATE INDEX branch_township ON branch (township_id, name, id)
;
CREATE INDEX branch_village ON branch (village_id, name, id)
;
CREATE TABLE department (
  id {uuid} PRIMARY KEY,
  name {text} NOT NULL,
  region_id {uuid} NOT NULL REFERENCES region (id),
  county_id {uuid},
  township_id {uuid},
  village_id {uuid},
  office_phone text,
  version integer NOT NULL,
  UNIQUE (region_id, name)
)
;
CREATE INDEX department_name ON department (name, id)
;
CREATE INDEX department_county ON department (county_id, name, id)
;
CREATE INDEX department_township ON department (township_id, name, id)
;
CREATE TABLE cadre (
  id {uuid} PRIMARY KEY,
  name {text} NOT NULL,
  sex text NOT NULL,
  level text NOT NULL,
  region_id {uuid} NOT NULL REFERENCES region (id),
  county_id {uuid},
  township_id {uuid},
  village_id {uuid},
  department_id {uuid} REFERENCES department (id),
  work_phone text,
  starts_on {date} NOT NULL,
  ends_on {date},
  version integer NOT NULL,
  CHECK (ends_on IS NULL OR ends_on >= starts_on)
)
;
CREATE INDEX cadre_region ON cadre (region_id, name, id)
;
CREATE INDEX cadre_county ON cadre (county_id, name, id)
;
CREATE INDEX cadre_township ON cadre (township_id, name, id)
;
CREATE INDEX cadre_village ON cadre (village_id, name, id)
;
CREATE INDEX cadre_department ON cadre (department_id, name, id)
;
CREATE TABLE membership (
  id {uuid} PRIMARY KEY,
  cadre_id {uuid} NOT NULL REFERENCES cadre (id),
  branch_id {uuid} NOT NULL REFERENCES branch (id),
  group_id {uuid} REFERENCES branch (id),
  standing text NOT NULL,
  starts_on {date} NOT NULL,
  ends_on {date},
  version integer NOT NULL,
  CHECK (ends_on IS NULL OR ends_on >= starts_on)
)
;
CREATE INDEX membership_cadre ON membership (cadre_id, starts_on, id)
;
CREATE INDEX membership_branch ON membership (branch_id, starts_on, id)
;
CREATE INDEX membership_group ON membership (group_id, starts_on, id)
;
CREATE UNIQUE INDEX membership_live ON membership (cadre_id) WHERE ends_on IS NULL
;
CREATE TABLE position (
  id {uuid} PRIMARY KEY,
  cadre_id {uuid} NOT NULL REFERENCES cadre (id),
  title {text} NOT NULL,
  region_id {uuid} REFERENCES region (id),
  branch_id {uuid} REFERENCES branch (id),
  department_id {uuid} REFERENCES department (id),
  starts_on {date} NOT NULL,
  ends_on {date},
  version integer NOT NULL,
  CHECK (ends_on IS NULL OR ends_on >= starts_on),
  CHECK (1 = (CASE WHEN region_id IS NULL THEN 0 ELSE 1 END)
           + (CASE WHEN branch_id IS NULL THEN 0 ELSE 1 END)
           + (CASE WHEN department_id IS NULL THEN 0 ELSE 1 END))
)
;
CREATE INDEX position_cadre ON position (cadre_id, starts_on, id)
;
CREATE INDEX position_branch ON position (branch_id, starts_on, id)
;
CREATE INDEX position_department ON position (department_id, starts_on, id)
;
CREATE INDEX position_region ON position (region_id, starts_on, id)
",
    &["position", "membership", "cadre", "department", "branch"]
);
