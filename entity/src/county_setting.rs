//! What a county has turned on (县级设置).

use crate::id::CountySettingId;
use sea_orm::entity::prelude::*;

/// What a county has turned on (县级设置). Without a row everything is off.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "county_setting")]
pub struct Model {
    /// That of the county.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CountySettingId,
    /// Whether visits may carry a concern note.
    pub concern_notes: bool,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
