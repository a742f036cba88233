//! All words of a record as searches compare them: for texts of three characters and more.

use sea_orm::entity::prelude::*;

/// All words of a record as searches compare them: for texts of three characters and more.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "search_text")]
pub struct Model {
    /// What kind of record it is, as `kernel::search` numbers them.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    pub entity_id: Uuid,
    /// Its words, each with an end mark, name and number with one before them.
    pub words: String,
}

impl ActiveModelBehavior for ActiveModel {}
