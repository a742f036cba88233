//! Residents who sign in by the card of their household: an account without a password, made the first time, with the
//! role bound to the household.

use super::{
    Identity,
    made::New,
    object::tidy,
    session::{Issued, start},
};
use crate::kernel::{
    door::{live, unscoped},
    error::Result,
    place::Place,
    work::Work,
};
use entity::{
    account, grant, household,
    id::GrantId,
    kind::{AccountStatus, Role},
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, IntoActiveModel, QueryFilter, QuerySelect, sea_query::LockType,
};
use uuid::Uuid;

/// Begins a session of the household's own account, in a transaction that holds the household. None when the account
/// was disabled, or its role has ended.
pub async fn enter(
    work: &Work,
    identity: &Identity,
    household: &household::Model,
    device: String,
) -> Result<Option<Issued>> {
    let name = tidy(&household.id.to_string());
    let own = unscoped::<account::Entity>().filter(account::Column::Name.eq(&name));
    let account = match own.lock(LockType::Share).one(&work.tx).await? {
        None => make(work, household, name).await?,
        Some(account) if account.status != AccountStatus::Active => return Ok(None),
        Some(account) => {
            let role = unscoped::<grant::Entity>()
                .filter(grant::Column::AccountId.eq(account.id))
                .filter(grant::Column::Role.eq(Role::Resident))
                .filter(grant::Column::HouseholdId.eq(household.id))
                .filter(live(grant::Column::StartsOn, grant::Column::EndsOn, work.ctx.today()));
            if role.one(&work.tx).await?.is_none() {
                return Ok(None);
            }
            account
        }
    };
    Ok(Some(start::open(&work.tx, &work.ctx, identity, &account, device, false).await?))
}

async fn make(work: &Work, household: &household::Model, name: String) -> Result<account::Model> {
    let place = Place {
        county_id: Some(household.county_id),
        township_id: Some(household.township_id),
        village_id: Some(household.village_id),
        ..Place::default()
    };
    let new = New {
        id: None,
        name,
        password_hash: String::new(),
        cadre_id: None,
        region: Some((household.village_id, place)),
    };
    let account = account::Model { password_due: false, ..new.row(work.now()) };
    work.insert(IntoActiveModel::<account::ActiveModel>::into_active_model(account.clone()).reset_all())
        .await?;
    let role = grant::Model {
        id: GrantId(Uuid::now_v7()),
        account_id: account.id,
        role: Role::Resident,
        region_id: None,
        branch_id: None,
        department_id: None,
        household_id: Some(household.id),
        enterprise_id: None,
        starts_on: work.ctx.today(),
        ends_on: None,
        granted_by: None,
        version: 1,
    };
    work.insert(IntoActiveModel::<grant::ActiveModel>::into_active_model(role).reset_all()).await?;
    Ok(account)
}
