//! Accounts and roles of a region that was merged into another: the accounts are administered and their keys reach there, and the roles end on
//! that day and are given anew for the other.

use crate::kernel::{
    bulk,
    days::{Span, left, meet},
    door::{any_of, unscoped},
    error::Result,
    request::Ctx,
    work::{Line, Work},
};
use entity::{
    account, api_key, grant,
    id::{GrantId, RegionId},
    kind::ChangeKind,
    scalar::Date,
};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

/// A role that is carried over.
#[derive(Clone, Debug)]
pub struct Carried {
    /// As it is.
    pub before: grant::Model,
    /// First day without it.
    pub ends_on: Date,
    /// The days of the same role for the other region: none when the account has it already.
    pub anew: Vec<Span>,
}

/// What is carried over from regions to the one that they are merged into.
pub async fn plan(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    from: &[RegionId],
    into: RegionId,
    day: Date,
) -> Result<Vec<Carried>> {
    use grant::Column::{EndsOn, Id, RegionId as Region, StartsOn};
    let rows = unscoped::<grant::Entity>()
        .filter(any_of(Region, from.iter().copied().chain([into]), ctx.backend()))
        .filter(Condition::any().add(EndsOn.is_null()).add(EndsOn.gt(day)))
        .order_by_asc(StartsOn)
        .order_by_asc(Id)
        // Nobody ends one of them while it is carried over.
        .lock(sea_orm::sea_query::LockType::NoKeyUpdate)
        .all(db)
        .await?;
    let (mut there, leaving): (Vec<grant::Model>, Vec<grant::Model>) =
        rows.into_iter().partition(|row| row.region_id == Some(into));
    let mut carried = Vec::new();
    for before in leaving {
        let ends_on = std::cmp::max(before.starts_on, day);
        let span = (ends_on, before.ends_on);
        let same = there.iter().filter(|row| (row.account_id, row.role) == (before.account_id, before.role));
        let taken: Vec<Span> = same.map(|row| (row.starts_on, row.ends_on)).collect();
        let anew = if meet(span, span) { left(span, &taken) } else { Vec::new() };
        there.extend(anew.iter().map(|&(starts_on, ends_on)| grant::Model {
            starts_on,
            ends_on,
            ..before.clone()
        }));
        carried.push(Carried { before, ends_on, anew });
    }
    Ok(carried)
}

/// Carries them over, with the accounts themselves. Rights are raised by who moves the region.
pub async fn carry_out(work: &Work, from: &[RegionId], into: RegionId, all: &[Carried]) -> Result<()> {
    use grant::Column::{EndsOn, Id, Version};
    work.refer::<account::Entity>(account::Column::RegionId, from, into, Condition::all()).await?;
    work.refer::<api_key::Entity>(api_key::Column::RegionId, from, into, Condition::all()).await?;
    let mut days: Vec<Date> = all.iter().map(|carried| carried.ends_on).collect();
    days.sort_unstable();
    days.dedup();
    for day in days {
        let ending = all.iter().filter(|carried| carried.ends_on == day).map(|carried| carried.before.id);
        grant::Entity::update_many()
            .col_expr(EndsOn, Expr::value(day))
            .col_expr(Version, Expr::col(Version).add(1))
            .filter(any_of(Id, ending, work.ctx.backend()))
            .exec(&work.tx)
            .await?;
    }
    let mut lines: Vec<Line> = all
        .iter()
        .map(|carried| Line {
            id: carried.before.id.0,
            version: carried.before.version + 1,
            kind: ChangeKind::Ended,
            columns: vec!["ends_on"],
            content: serde_json::json!({"ends_on": carried.ends_on.0.to_string()}),
            place: None,
        })
        .collect();
    let granted_by = work.ctx.viewer().map(|viewer| viewer.account);
    let anew = all.iter().flat_map(|carried| carried.anew.iter().map(move |span| (&carried.before, *span)));
    let rows: Vec<grant::Model> = anew
        .map(|(before, (starts_on, ends_on))| grant::Model {
            id: GrantId(Uuid::now_v7()),
            region_id: Some(into),
            starts_on,
            ends_on,
            granted_by,
            version: 1,
            ..before.clone()
        })
        .collect();
    lines.extend(rows.iter().map(|row| Line {
        id: row.id.0,
        version: 1,
        kind: ChangeKind::Created,
        columns: vec!["account_id", "role", "region_id", "starts_on", "ends_on", "granted_by"],
        content: serde_json::json!({
            "account_id": row.account_id.0.to_string(),
            "role": row.role.to_value(),
            "region_id": into.0.to_string(),
            "starts_on": row.starts_on.0.to_string(),
            "ends_on": row.ends_on.map(|day| day.0.to_string()),
            "granted_by": granted_by.map(|id| id.0.to_string()),
        }),
        place: None,
    }));
    bulk::insert::<grant::Entity>(&work.tx, rows).await?;
    work.log_all::<grant::Entity>(lines).await
}
