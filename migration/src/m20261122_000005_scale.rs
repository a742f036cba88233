//! Indexes for a country of regions: those of one level within a province, city or county, and what lies in a group or grid.

use sea_orm_migration::prelude::*;

const UP: &str = r"
CREATE INDEX region_province_kind ON region (province_id, kind, code, id)
;
CREATE INDEX region_city_kind ON region (city_id, kind, code, id)
;
CREATE INDEX region_county_kind ON region (county_id, kind, code, id)
;
CREATE INDEX region_group ON region (group_id) WHERE group_id IS NOT NULL
;
CREATE INDEX region_grid ON region (grid_id) WHERE grid_id IS NOT NULL
";

const DOWN: &str = r"
DROP INDEX region_grid
;
DROP INDEX region_group
;
DROP INDEX region_county_kind
;
DROP INDEX region_city_kind
;
DROP INDEX region_province_kind
";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[sea_orm_migration::async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::dialect::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::dialect::run(manager, DOWN).await
    }
}
