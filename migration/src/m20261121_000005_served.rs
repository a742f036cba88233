//! Households with their members and tags, and enterprises.

crate::dialect::step!(
    r"
CREATE TABLE household (
  id {uuid} PRIMARY KEY,
  number {text} NOT NULL,
  county_id {uuid} NOT NULL REFERENCES region (id),
  township_id {uuid} NOT NULL REFERENCES region (id),
  village_id {uuid} NOT NULL REFERENCES region (id),
  group_id {uuid} REFERENCES region (id),
  grid_id {uuid} REFERENCES region (id),
  head_name {text} NOT NULL,
  address text,
  latitude {float},
  longitude {float},
  phone {blob},
  phone_masked text,
  phone_hash {blob},
  housing text,
  yearly_income {big},
  income_source text,
  status text NOT NULL,
  member_count integer NOT NULL,
  last_visit_on {date},
  version integer NOT NULL,
  UNIQUE (village_id, number),
  CHECK ((latitude IS NULL) = (longitude IS NULL))
)
;
CREATE INDEX household_county ON household (county_id, number, id)
;
CREATE INDEX household_township ON household (township_id, number, id)
;
CREATE INDEX household_village ON household (village_id, number, id)
;
CREATE INDEX household_group ON household (group_id, number, id)
;
CREATE INDEX household_grid ON household (grid_id, number, id)
;
CREATE INDEX household_county_head ON household (county_id, head_name, id)
;
CREATE INDEX household_township_head ON household (township_id, head_name, id)
;
CREATE INDEX household_village_head ON household (village_id, head_name, id)
;
CREATE INDEX household_group_head ON household (group_id, head_name, id)
;
CREATE INDEX household_grid_head ON household (grid_id, head_name, id)
;
CREATE INDEX household_phone ON household (phone_hash)
;
CREATE TABLE tag (
  code text PRIMARY KEY,
  label_zh text NOT NULL,
  label_en text NOT NULL,
  sensitive boolean NOT NULL,
  rank integer NOT NULL
)
;
INSERT INTO tag (code, label_zh, label_en, sensitive, rank) VALUES
  ('LIFTED_FROM_POVERTY', '脱贫户', 'Lifted from poverty', FALSE, 1),
  ('MONITORED', '监测户', 'Monitored against return to poverty', FALSE, 2),
  ('MINIMUM_ALLOWANCE', '低保户', 'On minimum living allowance', TRUE, 3),
  ('EXTREME_POVERTY', '特困户', 'In extreme poverty', TRUE, 4),
  ('ELDERLY_ALONE', '独居老人', 'Elderly person living alone', TRUE, 5),
  ('DISABILITY', '残疾', 'With a disability', TRUE, 6),
  ('IN_DIFFICULTY', '困难户', 'In difficulty', FALSE, 7),
  ('MILITARY_FAMILY', '军属', 'Military family', FALSE, 8),
  ('MIGRANT_WORK', '外出务工', 'Members working away', FALSE, 9)
;
CREATE TABLE household_tag (
  household_id {uuid} NOT NULL REFERENCES household (id),
  tag text NOT NULL REFERENCES tag (code),
  PRIMARY KEY (household_id, tag)
)
;
CREATE INDEX household_tag_tag ON household_tag (tag, household_id)
;
CREATE TABLE household_member (
  id {uuid} PRIMARY KEY,
  household_id {uuid} NOT NULL REFERENCES household (id),
  name {text} NOT NULL,
  relation text NOT NULL,
  sex text NOT NULL,
  birth_date {date},
  identity_number {blob},
  identity_number_masked text,
  identity_number_hash {blob},
  phone {blob},
  phone_masked text,
  phone_hash {blob},
  employment text,
  employment_place text,
  needs text,
  left_on {date},
  version integer NOT NULL
)
;
CREATE INDEX household_member_household ON household_member (household_id, id)
;
CREATE UNIQUE INDEX household_member_head ON household_member (household_id) WHERE relation = 'HEAD' AND left_on IS NULL
;
CREATE INDEX household_member_identity ON household_member (identity_number_hash)
;
CREATE TABLE enterprise (
  id {uuid} PRIMARY KEY,
  name {text} NOT NULL,
  credit_code {text} NOT NULL UNIQUE,
  county_id {uuid} NOT NULL REFERENCES region (id),
  township_id {uuid} NOT NULL REFERENCES region (id),
  village_id {uuid} REFERENCES region (id),
  legal_representative text,
  contact_person text,
  phone {blob},
  phone_masked text,
  phone_hash {blob},
  trade text,
  size text NOT NULL,
  employees integer,
  status text NOT NULL,
  version integer NOT NULL
)
;
CREATE INDEX enterprise_county ON enterprise (county_id, name, id)
;
CREATE INDEX enterprise_township ON enterprise (township_id, name, id)
;
CREATE INDEX enterprise_village ON enterprise (village_id, name, id)
",
    &["enterprise", "household_member", "household_tag", "tag", "household"]
);
