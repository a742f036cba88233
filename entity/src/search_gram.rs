//! One pair of characters by which a record is found: derived from its words, renewed whenever they change.

use crate::id::RegionId;
use sea_orm::entity::prelude::*;

/// One pair of characters by which a record is found: derived from its words, renewed whenever they change.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "search_gram")]
pub struct Model {
    /// What kind of record it is, as `kernel::search` numbers them.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    pub entity_id: Uuid,
    /// Two characters, or the last one of a text with an end mark.
    #[sea_orm(primary_key, auto_increment = false)]
    pub gram: String,
    /// Twice the rank of the best place where it stands; odd when the record has a better one that begins alike.
    pub weight: i16,
    /// Place columns of the record.
    pub county_id: Option<RegionId>,
    pub township_id: Option<RegionId>,
    pub village_id: Option<RegionId>,
}

impl ActiveModelBehavior for ActiveModel {}
