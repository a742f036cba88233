//! Contact assignments. That a target has one primary contact on any day is kept by the database itself.

crate::dialect::step!(
    r"
{postgres}
CREATE EXTENSION IF NOT EXISTS btree_gist
;
{end}
CREATE TABLE contact_assignment (
  id {uuid} PRIMARY KEY,
  kind text NOT NULL,
  cadre_id {uuid} REFERENCES cadre (id),
  department_id {uuid} REFERENCES department (id),
  region_id {uuid} REFERENCES region (id),
  area_id {uuid} REFERENCES area (id),
  household_id {uuid} REFERENCES household (id),
  enterprise_id {uuid} REFERENCES enterprise (id),
  county_id {uuid} NOT NULL,
  township_id {uuid} NOT NULL,
  village_id {uuid},
  group_id {uuid},
  grid_id {uuid},
  is_primary boolean NOT NULL,
  starts_on {date} NOT NULL,
  ends_on {date},
  assigned_by {uuid} REFERENCES account (id),
  ended_reason text,
  version integer NOT NULL,
  CHECK (ends_on IS NULL OR ends_on >= starts_on),
  CHECK ((cadre_id IS NULL) <> (department_id IS NULL)),
  CHECK ((kind = 'HOUSEHOLD') = (household_id IS NOT NULL)),
  CHECK ((kind = 'ENTERPRISE') = (enterprise_id IS NOT NULL)),
  CHECK ((kind = 'AREA') = (area_id IS NOT NULL)),
  CHECK ((kind IN ('TOWNSHIP', 'VILLAGE', 'GROUP')) = (region_id IS NOT NULL)),
  CHECK (NOT is_primary OR kind IN ('HOUSEHOLD', 'ENTERPRISE', 'GROUP'))
)
;
CREATE INDEX contact_assignment_cadre ON contact_assignment (cadre_id, starts_on, id)
;
CREATE INDEX contact_assignment_department ON contact_assignment (department_id, starts_on, id)
;
CREATE INDEX contact_assignment_region ON contact_assignment (region_id, starts_on, id)
;
CREATE INDEX contact_assignment_area ON contact_assignment (area_id, starts_on, id)
;
CREATE INDEX contact_assignment_household ON contact_assignment (household_id, starts_on, id)
;
CREATE INDEX contact_assignment_enterprise ON contact_assignment (enterprise_id, starts_on, id)
;
CREATE INDEX contact_assignment_county ON contact_assignment (county_id, starts_on, id)
;
CREATE INDEX contact_assignment_township ON contact_assignment (township_id, starts_on, id)
;
CREATE INDEX contact_assignment_village ON contact_assignment (village_id, starts_on, id)
;
CREATE INDEX contact_assignment_group ON contact_assignment (group_id, starts_on, id)
;
CREATE INDEX contact_assignment_grid ON contact_assignment (grid_id, starts_on, id)
;
{postgres}
ALTER TABLE contact_assignment
  ADD CONSTRAINT one_primary_household EXCLUDE USING gist
    (household_id WITH =, daterange(starts_on, ends_on) WITH &&) WHERE (is_primary AND household_id IS NOT NULL),
  ADD CONSTRAINT one_primary_enterprise EXCLUDE USING gist
    (enterprise_id WITH =, daterange(starts_on, ends_on) WITH &&) WHERE (is_primary AND enterprise_id IS NOT NULL),
  ADD CONSTRAINT one_primary_group EXCLUDE USING gist
    (region_id WITH =, daterange(starts_on, ends_on) WITH &&) WHERE (is_primary AND region_id IS NOT NULL)
{end}
{sqlite}
CREATE TRIGGER one_primary_insert BEFORE INSERT ON contact_assignment WHEN NEW.is_primary
BEGIN
  SELECT RAISE(ABORT, 'one_primary')
  WHERE EXISTS (
    SELECT 1 FROM contact_assignment other
    WHERE other.is_primary
      AND (other.household_id = NEW.household_id OR other.enterprise_id = NEW.enterprise_id OR other.region_id = NEW.region_id)
      AND other.starts_on < coalesce(other.ends_on, '9999-12-31') AND NEW.starts_on < coalesce(NEW.ends_on, '9999-12-31')
      AND other.starts_on < coalesce(NEW.ends_on, '9999-12-31') AND NEW.starts_on < coalesce(other.ends_on, '9999-12-31')
  );
END
;
CREATE TRIGGER one_primary_update BEFORE UPDATE ON contact_assignment WHEN NEW.is_primary
BEGIN
  SELECT RAISE(ABORT, 'one_primary')
  WHERE EXISTS (
    SELECT 1 FROM contact_assignment other
    WHERE other.is_primary AND other.id <> NEW.id
      AND (other.household_id = NEW.household_id OR other.enterprise_id = NEW.enterprise_id OR other.region_id = NEW.region_id)
      AND other.starts_on < coalesce(other.ends_on, '9999-12-31') AND NEW.starts_on < coalesce(NEW.ends_on, '9999-12-31')
      AND other.starts_on < coalesce(NEW.ends_on, '9999-12-31') AND NEW.starts_on < coalesce(other.ends_on, '9999-12-31')
  );
END
{end}
",
    &["contact_assignment"]
);
