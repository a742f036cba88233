//! Demands and judgements.

crate::dialect::step!(
    r"
CREATE TABLE demand (
  id {uuid} PRIMARY KEY,
  kind text NOT NULL,
  channel text NOT NULL,
  field text NOT NULL,
  category_id {uuid} REFERENCES category (id),
  urgency text NOT NULL,
  state text NOT NULL,
  household_id {uuid} REFERENCES household (id),
  enterprise_id {uuid} REFERENCES enterprise (id),
  region_id {uuid} REFERENCES region (id),
  county_id {uuid} NOT NULL,
  township_id {uuid},
  village_id {uuid},
  group_id {uuid},
  grid_id {uuid},
  raised_village_id {uuid},
  raised_group_id {uuid},
  content text,
  spot text,
  anonymous boolean NOT NULL,
  spoken_for boolean NOT NULL,
  raiser_name text,
  raiser_phone {blob},
  raiser_phone_masked text,
  other_household_id {uuid} REFERENCES household (id),
  leader_id {uuid} REFERENCES cadre (id),
  about_cadre_id {uuid} REFERENCES cadre (id),
  about_department_id {uuid} REFERENCES department (id),
  visit_id {uuid} REFERENCES visit (id),
  diary_id {uuid} REFERENCES diary (id),
  intake_point_id {uuid} REFERENCES intake_point (id),
  box_opening_id {uuid} REFERENCES box_opening (id),
  source_reference {text},
  split_from_id {uuid} REFERENCES demand (id),
  merged_into_id {uuid} REFERENCES demand (id),
  task_id {uuid},
  registered_by {uuid} NOT NULL REFERENCES account (id),
  registrar_id {uuid} REFERENCES cadre (id),
  registered_at {moment} NOT NULL,
  respond_amber_at {moment} NOT NULL,
  respond_due_at {moment} NOT NULL,
  decided_at {moment},
  decided_by {uuid} REFERENCES account (id),
  answer text,
  objection text,
  objected_at {moment},
  adoption text,
  adoption_reason text,
  version integer NOT NULL,
  CHECK (household_id IS NULL OR enterprise_id IS NULL),
  CHECK ((region_id IS NULL) = (household_id IS NOT NULL OR enterprise_id IS NOT NULL)),
  CHECK ((raiser_phone IS NULL) = (raiser_phone_masked IS NULL)),
  CHECK ((state = 'ACCEPTED') = (task_id IS NOT NULL)),
  CHECK ((state = 'MERGED') = (merged_into_id IS NOT NULL)),
  CHECK (NOT anonymous OR (household_id IS NULL AND enterprise_id IS NULL AND raiser_name IS NULL AND raiser_phone IS NULL))
)
;
CREATE UNIQUE INDEX demand_source ON demand (registered_by, source_reference) WHERE source_reference IS NOT NULL
;
CREATE INDEX demand_household ON demand (household_id, registered_at, id)
;
CREATE INDEX demand_enterprise ON demand (enterprise_id, registered_at, id)
;
CREATE INDEX demand_county ON demand (county_id, registered_at, id)
;
CREATE INDEX demand_township ON demand (township_id, registered_at, id)
;
CREATE INDEX demand_village ON demand (village_id, registered_at, id)
;
CREATE INDEX demand_group ON demand (group_id, registered_at, id)
;
CREATE INDEX demand_grid ON demand (grid_id, registered_at, id)
;
CREATE INDEX demand_task ON demand (task_id, registered_at, id)
;
CREATE INDEX demand_visit ON demand (visit_id, id)
;
CREATE INDEX demand_registrar ON demand (registered_by, registered_at, id)
;
CREATE INDEX demand_about_cadre ON demand (about_cadre_id, registered_at, id) WHERE about_cadre_id IS NOT NULL
;
CREATE INDEX demand_about_department ON demand (about_department_id, registered_at, id) WHERE about_department_id IS NOT NULL
;
CREATE INDEX demand_merged ON demand (merged_into_id, id) WHERE merged_into_id IS NOT NULL
;
CREATE TABLE feedback (
  id {uuid} PRIMARY KEY,
  demand_id {uuid} NOT NULL REFERENCES demand (id),
  task_id {uuid},
  round integer NOT NULL,
  settled boolean NOT NULL,
  satisfaction text NOT NULL,
  comment text,
  by_phone boolean NOT NULL,
  given_by {uuid} NOT NULL REFERENCES account (id),
  given_at {moment} NOT NULL,
  version integer NOT NULL,
  UNIQUE (demand_id, round)
)
;
CREATE INDEX feedback_task ON feedback (task_id, round, id)
",
    &["feedback", "demand"]
);
