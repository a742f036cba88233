//! The right over an account: over its own place, and over everything that its grants and its cadre's assignments reach.
//! Who takes over a login has all that it opens.

use super::{
    object::Account,
    reach::{Reach, reach_of, reach_of_cadre, shown_reach},
};
use crate::kernel::{
    error::{Refusal, Result},
    payload::Permission,
    place::Place,
    policy::May,
    request::Ctx,
    scope::Facts,
    work::Work,
};
use entity::{
    account, cadre,
    id::{AccountId, CadreId},
};
use sea_orm::{ColumnTrait, QueryFilter};

/// An account that the viewer may see.
pub(super) async fn find(work: &Work, id: AccountId, field: &str) -> Result<account::Model> {
    work.ctx
        .within::<account::Entity>()
        .filter(account::Column::Id.eq(id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found(field).into())
}

/// Where an account is administered.
pub(super) fn place(row: &account::Model) -> Place {
    Place {
        county_id: row.county_id,
        township_id: row.township_id,
        village_id: row.village_id,
        ..Place::default()
    }
}

/// Whether it is the viewer's own.
pub(crate) fn is_own(ctx: &Ctx, id: AccountId) -> bool {
    ctx.viewer().is_some_and(|viewer| viewer.account == id)
}

/// Nobody gives rights to themselves.
pub(super) fn own_account(field: &str) -> Refusal {
    Refusal::rule(
        "own-account",
        field,
        "不能更改自己账号的权限，请由其他管理员操作。",
        "Nobody changes the rights of their own account; another administrator does.",
    )
}

/// The right over an account: over its place, and over all that it reaches now or will.
pub(super) async fn may_take_over(work: &Work, account: &account::Model) -> Result<()> {
    let ctx = &work.ctx;
    ctx.must(May::ManageAccount, &Facts::from(place(account)))?;
    for reach in reach_of(work, account).await? {
        ctx.must(May::ManageAccount, &reach.facts())?;
    }
    Ok(())
}

/// The right to manage what belongs to an account that the viewer sees: its keys, and what hangs on them.
pub async fn manages(work: &Work, id: AccountId, field: &str) -> Result<()> {
    let account = find(work, id, field).await?;
    may_take_over(work, &account).await
}

/// The right to give an account what a cadre's assignments open: over the cadre's office and all that they reach.
pub(super) async fn may_stand_for(work: &Work, cadre: CadreId) -> Result<()> {
    let ctx = &work.ctx;
    let found = ctx
        .within::<cadre::Entity>()
        .filter(cadre::Column::Id.eq(cadre))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found("cadreId"))?;
    let office = Place {
        county_id: found.county_id,
        township_id: found.township_id,
        village_id: found.village_id,
        ..Place::default()
    };
    ctx.must(May::ManageAccount, &Facts::from(office))?;
    for reach in reach_of_cadre(work, cadre).await? {
        ctx.must(May::ManageAccount, &reach.facts())?;
    }
    Ok(())
}

/// Whether the viewer may change an account (`accountUpdate`), by the same facts as the command.
pub async fn may_update(ctx: &Ctx, account: &Account) -> Result<Permission> {
    let own = Facts::from(account.place());
    // Asked for all alike, so that the accounts of a list go on together.
    let reach = shown_reach(ctx, account).await?;
    if !ctx.may(May::ManageAccount, &own) {
        return Ok(ctx.permission(May::ManageAccount, &own));
    }
    let beyond = reach.iter().find(|reach| !ctx.may(May::ManageAccount, &reach.facts()));
    Ok(ctx.permission(May::ManageAccount, &beyond.map_or(own, Reach::facts)))
}
