//! Where the chain of the access log begins after older lines were let go.

use sea_orm::entity::prelude::*;

/// Where the chain of the access log begins after older lines were let go.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_anchor")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    pub position: i64,
    pub hash: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
