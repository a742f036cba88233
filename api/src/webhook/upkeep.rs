//! Clearing away: deliveries past their time.

use crate::kernel::{db::Db, door::unscoped, error::Result};
use entity::{scalar::DateTime, webhook_delivery};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, sea_query::Expr};

fn old(before: DateTime) -> Expr {
    webhook_delivery::Column::MadeAt.lt(before)
}

/// Deliveries that would go.
pub async fn count(db: &Db, before: DateTime) -> Result<u64> {
    Ok(unscoped::<webhook_delivery::Entity>().filter(old(before)).count(db.read()).await?)
}

/// Lets deliveries go that were made before; tells how many.
pub async fn deliveries(db: &Db, before: DateTime) -> Result<u64> {
    let gone = webhook_delivery::Entity::delete_many().filter(old(before)).exec(db.write()).await?;
    Ok(gone.rows_affected)
}
