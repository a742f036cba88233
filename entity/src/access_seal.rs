//! The place of a line of the access log in the chain, and the hash that ties it to the one before.

use sea_orm::entity::prelude::*;

/// The place of a line of the access log in the chain, and the hash that ties it to the one before.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_seal")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    #[sea_orm(unique)]
    pub line_id: Uuid,
    pub hash: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
