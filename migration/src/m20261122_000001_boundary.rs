//! Boundary changes: regions have days, former codes and places are kept, and a code is unique among those in force.
//!
//! The way back refuses while there are withdrawn regions: they cannot all be in force again, and their codes may have
//! been given away. Former codes, names and places are dropped by it.

use crate::dialect;
use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend, Statement},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The table as it is made anew in `SQLite`, which cannot drop a UNIQUE that stands beside its column.
const REGION: &str = r"
CREATE TABLE region_aside AS SELECT * FROM region
;
DROP TABLE region
;
CREATE TABLE region (
  id {uuid} PRIMARY KEY,
  code {text} NOT NULL{unique},
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
  version integer NOT NULL,{days}
  CHECK ((parent_id IS NULL) = (kind = 'PROVINCE'))
)
;
INSERT INTO region (id, code, name, kind, parent_id, province_id, city_id, county_id, township_id, village_id, group_id, grid_id, version)
SELECT id, code, name, kind, parent_id, province_id, city_id, county_id, township_id, village_id, group_id, grid_id, version FROM region_aside
;
DROP TABLE region_aside
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
";

const ALTERED: &str = r"
ALTER TABLE region ADD COLUMN since date, ADD COLUMN until date, DROP CONSTRAINT region_code_key,
  ADD CHECK (until IS NULL OR since IS NULL OR until >= since)
;
";

const NEW: &str = r"
CREATE UNIQUE INDEX region_code_in_force ON region (code) WHERE until IS NULL
;
CREATE INDEX region_code ON region (code, id)
;
CREATE TABLE region_succession (
  id {uuid} PRIMARY KEY,
  from_id {uuid} NOT NULL REFERENCES region (id),
  to_id {uuid} NOT NULL REFERENCES region (id),
  kind text NOT NULL,
  effective_on {date} NOT NULL,
  code {text} NOT NULL,
  name {text} NOT NULL,
  parent_id {uuid},
  province_id {uuid},
  city_id {uuid},
  county_id {uuid},
  township_id {uuid},
  village_id {uuid},
  made_by {uuid} REFERENCES account (id),
  note text
)
;
CREATE INDEX region_succession_from ON region_succession (from_id, effective_on, id)
;
CREATE INDEX region_succession_to ON region_succession (to_id, effective_on, id)
;
CREATE INDEX region_succession_code ON region_succession (code, effective_on)
;
CREATE INDEX region_succession_parent ON region_succession (parent_id, effective_on)
;
CREATE TABLE place_past (
  sequence {sequence},
  entity text NOT NULL,
  entity_id {uuid} NOT NULL,
  ends_on {date} NOT NULL,
  county_id {uuid},
  township_id {uuid},
  village_id {uuid},
  group_id {uuid},
  grid_id {uuid},
  number {text}
)
;
CREATE INDEX place_past_entity ON place_past (entity, entity_id, ends_on, sequence)
;
CREATE INDEX place_past_number ON place_past (entity, village_id, number)
;
CREATE INDEX place_past_county ON place_past (entity, county_id, ends_on)
;
CREATE INDEX place_past_township ON place_past (entity, township_id, ends_on)
;
CREATE INDEX place_past_group ON place_past (entity, group_id, ends_on)
;
CREATE INDEX place_past_grid ON place_past (entity, grid_id, ends_on)
";

const GONE: &str = r"
DROP TABLE place_past
;
DROP TABLE region_succession
;
";

const BACK: &str = r"
DROP INDEX region_code
;
DROP INDEX region_code_in_force
;
ALTER TABLE region DROP COLUMN since, DROP COLUMN until, ADD CONSTRAINT region_code_key UNIQUE (code)
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            return dialect::run(manager, &format!("{ALTERED}{NEW}")).await;
        }
        let days =
            "\n  since {date},\n  until {date},\n  CHECK (until IS NULL OR since IS NULL OR until >= since),";
        let region = REGION.replace("{unique}", "").replace("{days}", days);
        anew(manager, &format!("{region}{NEW}")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let withdrawn = "SELECT 1 FROM region WHERE until IS NOT NULL LIMIT 1";
        if !rows(manager, withdrawn).await?.is_empty() {
            return Err(DbErr::Migration(
                "有已撤销的区域，不能退回：其代码可能已另用。 There are withdrawn regions: they cannot be in force again."
                    .to_owned(),
            ));
        }
        if manager.get_database_backend() == DbBackend::Postgres {
            return dialect::run(manager, &format!("{GONE}{BACK}")).await;
        }
        let region = REGION.replace("{unique}", " UNIQUE").replace("{days}", "");
        anew(manager, &format!("{GONE}{region}")).await
    }
}

async fn rows(
    manager: &SchemaManager<'_>,
    sql: &str,
) -> Result<Vec<sea_orm_migration::sea_orm::QueryResult>, DbErr> {
    let statement = Statement::from_string(manager.get_database_backend(), sql);
    manager.get_connection().query_all_raw(statement).await
}

/// Makes a table of `SQLite` anew as its documentation says: references are not followed meanwhile, all of it in one
/// transaction, and checked before it counts. There is one connection that writes, so the settings are its own.
async fn anew(manager: &SchemaManager<'_>, text: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    db.execute_unprepared("PRAGMA foreign_keys = OFF").await?;
    let done = in_transaction(manager, text).await;
    if done.is_err() {
        // Without a transaction there is nothing to take back, and the first error is the one to tell.
        let _ = db.execute_unprepared("ROLLBACK").await;
    }
    db.execute_unprepared("PRAGMA foreign_keys = ON").await?;
    done
}

async fn in_transaction(manager: &SchemaManager<'_>, text: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    db.execute_unprepared("BEGIN IMMEDIATE").await?;
    dialect::run(manager, text).await?;
    if !rows(manager, "PRAGMA foreign_key_check").await?.is_empty() {
        return Err(DbErr::Migration("a reference to a region would lead nowhere".to_owned()));
    }
    db.execute_unprepared("COMMIT").await?;
    Ok(())
}
