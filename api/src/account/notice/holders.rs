//! Which accounts are told of something: those that have a role at it today.

use crate::kernel::{
    door::{any_of, live, unscoped},
    error::Result,
    work::Work,
};
use entity::{
    account, grant,
    id::{AccountId, CadreId, DepartmentId, EnterpriseId, HouseholdId, RegionId},
    kind::Role,
};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QuerySelect, QueryTrait, Select};

/// Accounts with one of these roles today.
fn having(work: &Work, roles: &[Role], at: Condition) -> Select<grant::Entity> {
    unscoped::<grant::Entity>()
        .select_only()
        .column(grant::Column::AccountId)
        .distinct()
        .filter(grant::Column::Role.is_in(roles.iter().copied()))
        .filter(live(grant::Column::StartsOn, grant::Column::EndsOn, work.ctx.today()))
        .filter(at)
}

/// The people of households and enterprises.
pub async fn of_served(
    work: &Work,
    households: impl IntoIterator<Item = HouseholdId>,
    enterprises: impl IntoIterator<Item = EnterpriseId>,
) -> Result<Vec<AccountId>> {
    let backend = work.ctx.backend();
    let at = Condition::any().add(any_of(grant::Column::HouseholdId, households, backend)).add(any_of(
        grant::Column::EnterpriseId,
        enterprises,
        backend,
    ));
    Ok(having(work, &[Role::Resident, Role::EnterpriseRep], at).into_tuple().all(&work.tx).await?)
}

/// The desk of a region.
pub async fn of_desk(work: &Work, region: RegionId) -> Result<Vec<AccountId>> {
    let at = Condition::all().add(grant::Column::RegionId.eq(region));
    Ok(having(work, &[Role::Dispatcher], at).into_tuple().all(&work.tx).await?)
}

/// Cadres, and who handles for departments.
pub async fn of_handlers(
    work: &Work,
    departments: impl IntoIterator<Item = DepartmentId>,
    cadres: impl IntoIterator<Item = CadreId>,
) -> Result<Vec<AccountId>> {
    let backend = work.ctx.backend();
    let at = Condition::all().add(any_of(grant::Column::DepartmentId, departments, backend));
    let of_departments = having(work, &[Role::DepartmentHandler], at).into_query();
    let whose = Condition::any()
        .add(any_of(account::Column::CadreId, cadres, backend))
        .add(account::Column::Id.in_subquery(of_departments));
    let accounts = unscoped::<account::Entity>().select_only().column(account::Column::Id).filter(whose);
    Ok(accounts.into_tuple().all(&work.tx).await?)
}
