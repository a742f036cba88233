//! Tasks with their parts, events, milestones, requests, lists and numbers.

crate::dialect::step!(
    r"
CREATE TABLE task_number (
  code {text} NOT NULL,
  year integer NOT NULL,
  last integer NOT NULL,
  PRIMARY KEY (code, year)
)
;
CREATE TABLE task_list (
  id {uuid} PRIMARY KEY,
  name text NOT NULL,
  region_id {uuid} NOT NULL REFERENCES region (id),
  branch_id {uuid} REFERENCES branch (id),
  department_id {uuid} REFERENCES department (id),
  county_id {uuid} NOT NULL,
  township_id {uuid},
  village_id {uuid},
  created_by {uuid} NOT NULL REFERENCES account (id),
  created_at {moment} NOT NULL,
  closed_on {date},
  version integer NOT NULL
)
;
CREATE INDEX task_list_county ON task_list (county_id, id)
;
CREATE INDEX task_list_township ON task_list (township_id, id)
;
CREATE TABLE task (
  id {uuid} PRIMARY KEY,
  number {text} NOT NULL UNIQUE,
  state text NOT NULL,
  open boolean NOT NULL,
  field text NOT NULL,
  category_id {uuid} REFERENCES category (id),
  urgency text NOT NULL,
  petition boolean NOT NULL,
  title text NOT NULL,
  content text,
  measures {json} NOT NULL,
  result text,
  household_id {uuid} REFERENCES household (id),
  enterprise_id {uuid} REFERENCES enterprise (id),
  county_id {uuid} NOT NULL,
  township_id {uuid},
  village_id {uuid},
  group_id {uuid},
  grid_id {uuid},
  raised_village_id {uuid},
  raised_group_id {uuid},
  desk_id {uuid} NOT NULL REFERENCES region (id),
  list_id {uuid} REFERENCES task_list (id),
  leader_id {uuid} REFERENCES cadre (id),
  lead_department_id {uuid} REFERENCES department (id),
  lead_cadre_id {uuid} REFERENCES cadre (id),
  clock_from {moment} NOT NULL,
  respond_due_at {moment} NOT NULL,
  responded_at {moment},
  allotted integer NOT NULL,
  allotted_unit text NOT NULL,
  half_at {moment} NOT NULL,
  amber_at {moment} NOT NULL,
  due_at {moment} NOT NULL,
  urged_half boolean NOT NULL,
  urged_due boolean NOT NULL,
  review_on {date},
  returns integer NOT NULL,
  extensions integer NOT NULL,
  round integer NOT NULL,
  created_by {uuid} NOT NULL REFERENCES account (id),
  created_at {moment} NOT NULL,
  resolved_at {moment},
  asked_at {moment},
  calls integer NOT NULL,
  checked_by {uuid} REFERENCES account (id),
  closed_at {moment},
  closed_by {uuid} REFERENCES account (id),
  closed_silently boolean NOT NULL,
  version integer NOT NULL,
  CHECK (open = (state NOT IN ('CLOSED', 'CANCELLED'))),
  CHECK ((state = 'SUSPENDED') = (review_on IS NOT NULL)),
  CHECK (lead_department_id IS NULL OR lead_cadre_id IS NULL),
  CHECK (NOT closed_silently OR closed_by IS NULL)
)
;
CREATE INDEX task_household ON task (household_id, due_at, id)
;
CREATE INDEX task_enterprise ON task (enterprise_id, due_at, id)
;
CREATE INDEX task_county ON task (county_id, due_at, id)
;
CREATE INDEX task_township ON task (township_id, due_at, id)
;
CREATE INDEX task_village ON task (village_id, due_at, id)
;
CREATE INDEX task_group ON task (group_id, due_at, id)
;
CREATE INDEX task_grid ON task (grid_id, due_at, id)
;
CREATE INDEX task_county_open ON task (county_id, due_at, id) WHERE open
;
CREATE INDEX task_township_open ON task (township_id, due_at, id) WHERE open
;
CREATE INDEX task_list_tasks ON task (list_id, due_at, id)
;
CREATE INDEX task_half ON task (half_at) WHERE open AND NOT urged_half
;
CREATE INDEX task_due ON task (due_at) WHERE open AND NOT urged_due
;
CREATE INDEX task_asked ON task (asked_at) WHERE state = 'RESOLVED'
;
CREATE TABLE task_part (
  id {uuid} PRIMARY KEY,
  task_id {uuid} NOT NULL REFERENCES task (id),
  role text NOT NULL,
  department_id {uuid} REFERENCES department (id),
  cadre_id {uuid} REFERENCES cadre (id),
  state text NOT NULL,
  live boolean NOT NULL,
  offered_at {moment} NOT NULL,
  claimed_at {moment},
  ended_at {moment},
  due_at {moment} NOT NULL,
  answer text,
  version integer NOT NULL,
  CHECK ((department_id IS NULL) <> (cadre_id IS NULL)),
  CHECK (NOT live OR state IN ('OFFERED', 'CLAIMED', 'DONE'))
)
;
CREATE INDEX task_part_task ON task_part (task_id, id)
;
CREATE INDEX task_part_department ON task_part (department_id, task_id)
;
CREATE INDEX task_part_cadre ON task_part (cadre_id, task_id)
;
CREATE INDEX task_part_department_live ON task_part (department_id, task_id) WHERE live
;
CREATE INDEX task_part_cadre_live ON task_part (cadre_id, task_id) WHERE live
;
CREATE UNIQUE INDEX task_part_one_lead ON task_part (task_id) WHERE role = 'LEAD' AND live AND state <> 'OFFERED'
;
CREATE TABLE task_event (
  id {uuid} PRIMARY KEY,
  task_id {uuid} NOT NULL REFERENCES task (id),
  step integer NOT NULL,
  action text NOT NULL,
  at {moment} NOT NULL,
  account_id {uuid} REFERENCES account (id),
  cadre_id {uuid} REFERENCES cadre (id),
  from_state text,
  to_state text NOT NULL,
  part_id {uuid} REFERENCES task_part (id),
  note text,
  UNIQUE (task_id, step)
)
;
CREATE TABLE task_milestone (
  id {uuid} PRIMARY KEY,
  task_id {uuid} NOT NULL REFERENCES task (id),
  title text NOT NULL,
  due_on {date} NOT NULL,
  reached_at {moment},
  version integer NOT NULL
)
;
CREATE INDEX task_milestone_task ON task_milestone (task_id, due_on, id)
;
CREATE TABLE task_request (
  id {uuid} PRIMARY KEY,
  task_id {uuid} NOT NULL REFERENCES task (id),
  kind text NOT NULL,
  state text NOT NULL,
  asked_by {uuid} NOT NULL REFERENCES account (id),
  asked_at {moment} NOT NULL,
  reason text NOT NULL,
  until_on {date},
  decided_by {uuid} REFERENCES account (id),
  decided_at {moment},
  answer text,
  ended_at {moment},
  version integer NOT NULL
)
;
CREATE INDEX task_request_task ON task_request (task_id, asked_at, id)
;
CREATE UNIQUE INDEX task_request_open ON task_request (task_id, kind) WHERE state = 'ASKED'
",
    &["task_request", "task_milestone", "task_event", "task_part", "task", "task_list", "task_number"]
);
