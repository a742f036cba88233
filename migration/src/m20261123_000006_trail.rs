//! The audit trail: each line of the change log has an id of its moment, and says where its record stands. A line from
//! before about a record that is gone by now stands nowhere.

crate::dialect::step!(
    r"
ALTER TABLE change ADD COLUMN id {uuid}
;
ALTER TABLE change ADD COLUMN county_id {uuid}
;
ALTER TABLE change ADD COLUMN township_id {uuid}
;
ALTER TABLE change ADD COLUMN village_id {uuid}
;
{postgres}
UPDATE change SET id = (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7000'
  || '8000' || lpad(to_hex(sequence), 12, '0'))::uuid
;
ALTER TABLE change ALTER COLUMN id SET NOT NULL
;
{end}
{sqlite}
UPDATE change SET id = unhex(printf('%012x', CAST(round(unixepoch(at, 'subsec') * 1000) AS INTEGER)) || '7000' || '8000'
  || printf('%012x', sequence))
;
{end}
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT county_id, township_id, village_id FROM household WHERE household.id = change.entity_id) WHERE entity = 'household'
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT county_id, township_id, village_id FROM enterprise WHERE enterprise.id = change.entity_id) WHERE entity = 'enterprise'
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT county_id, township_id, village_id FROM cadre WHERE cadre.id = change.entity_id) WHERE entity = 'cadre'
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT county_id, township_id, village_id FROM region WHERE region.id = change.entity_id) WHERE entity = 'region'
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT county_id, township_id, village_id FROM branch WHERE branch.id = change.entity_id) WHERE entity = 'branch'
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT county_id, township_id, village_id FROM department WHERE department.id = change.entity_id) WHERE entity = 'department'
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT county_id, township_id, village_id FROM contact_assignment WHERE contact_assignment.id = change.entity_id) WHERE entity = 'assignment'
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT county_id, township_id, village_id FROM assignment_batch WHERE assignment_batch.id = change.entity_id) WHERE entity = 'batch'
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT county_id, township_id, village_id FROM account WHERE account.id = change.entity_id) WHERE entity = 'account'
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT h.county_id, h.township_id, h.village_id FROM household_member r JOIN household h ON h.id = r.household_id WHERE r.id = change.entity_id) WHERE entity = 'member'
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT h.county_id, h.township_id, h.village_id FROM correction r JOIN household h ON h.id = r.household_id WHERE r.id = change.entity_id) WHERE entity = 'correction'
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT h.county_id, h.township_id, h.village_id FROM consent r JOIN household h ON h.id = r.household_id WHERE r.id = change.entity_id) WHERE entity = 'consent'
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT h.county_id, h.township_id, h.village_id FROM membership r JOIN cadre h ON h.id = r.cadre_id WHERE r.id = change.entity_id) WHERE entity = 'membership'
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT h.county_id, h.township_id, h.village_id FROM position r JOIN cadre h ON h.id = r.cadre_id WHERE r.id = change.entity_id) WHERE entity = 'position'
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT h.county_id, h.township_id, h.village_id FROM role_grant r JOIN region h ON h.id = r.region_id WHERE r.id = change.entity_id) WHERE entity = 'grant'
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT h.county_id, h.township_id, h.village_id FROM role_grant r JOIN branch h ON h.id = r.branch_id WHERE r.id = change.entity_id) WHERE entity = 'grant' AND county_id IS NULL
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT h.county_id, h.township_id, h.village_id FROM role_grant r JOIN department h ON h.id = r.department_id WHERE r.id = change.entity_id) WHERE entity = 'grant' AND county_id IS NULL
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT h.county_id, h.township_id, h.village_id FROM role_grant r JOIN household h ON h.id = r.household_id WHERE r.id = change.entity_id) WHERE entity = 'grant' AND county_id IS NULL
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT h.county_id, h.township_id, h.village_id FROM role_grant r JOIN enterprise h ON h.id = r.enterprise_id WHERE r.id = change.entity_id) WHERE entity = 'grant' AND county_id IS NULL
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT h.county_id, h.township_id, h.village_id FROM role_grant r JOIN account h ON h.id = r.account_id WHERE r.id = change.entity_id) WHERE entity = 'grant' AND county_id IS NULL
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT h.county_id, h.township_id, h.village_id FROM account_identity r JOIN account h ON h.id = r.account_id WHERE r.id = change.entity_id) WHERE entity = 'identity'
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT h.county_id, h.township_id, h.village_id FROM api_key r JOIN region h ON h.id = r.region_id WHERE r.id = change.entity_id) WHERE entity = 'apikey'
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT h.county_id, h.township_id, h.village_id FROM upload r JOIN account h ON h.id = r.account_id WHERE r.id = change.entity_id) WHERE entity = 'upload'
;
UPDATE change SET (county_id, township_id, village_id) =
  (SELECT h.county_id, h.township_id, h.village_id FROM roster_import r JOIN account h ON h.id = r.account_id WHERE r.id = change.entity_id) WHERE entity = 'import'
;
UPDATE change SET (county_id, township_id) =
  (SELECT county_id, township_id FROM area WHERE area.id = change.entity_id) WHERE entity = 'area'
;
CREATE UNIQUE INDEX change_id ON change (id)
;
CREATE INDEX change_county ON change (county_id, id)
;
CREATE INDEX change_township ON change (township_id, id)
;
CREATE INDEX change_village ON change (village_id, id)
;
CREATE INDEX change_actor ON change (actor, id) WHERE actor IS NOT NULL
",
    back: r"
DROP INDEX change_actor
;
DROP INDEX change_village
;
DROP INDEX change_township
;
DROP INDEX change_county
;
DROP INDEX change_id
;
ALTER TABLE change DROP COLUMN village_id
;
ALTER TABLE change DROP COLUMN township_id
;
ALTER TABLE change DROP COLUMN county_id
;
ALTER TABLE change DROP COLUMN id
"
);
