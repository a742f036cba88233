//! How far an account reaches, now or later: what its grants open and what the assignments of its cadre reach. Who
//! changes an account needs the right over all of it.

use super::object::Account;
use crate::kernel::{
    door::{any_of, unscoped},
    error::Result,
    place::{Level, Place, bound},
    request::Ctx,
    rows::Key,
    scope::Facts,
    work::Work,
};
use entity::{
    account, assignment, grant,
    id::{AccountId, CadreId, EnterpriseId, GrantId, HouseholdId},
    scalar::Date,
};
use futures_util::future::try_join;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, FromQueryResult, QueryFilter, QuerySelect,
    sea_query::Expr,
};
use std::{collections::HashMap, sync::Arc};

/// Where something lies that a grant or an assignment opens.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub struct Reach {
    pub(super) household_id: Option<HouseholdId>,
    pub(super) enterprise_id: Option<EnterpriseId>,
    #[sea_orm(nested)]
    pub(super) place: Place,
}

impl Reach {
    /// What rights over it are decided by. A grant bound to nothing, or to more than a county, lies nowhere: the platform
    /// administrator alone has a right over that.
    pub(super) fn facts(&self) -> Facts<'static> {
        Facts {
            place: self.place,
            household: self.household_id,
            enterprise: self.enterprise_id,
            ..Facts::default()
        }
    }
}

impl From<Place> for Reach {
    fn from(place: Place) -> Self {
        Self { household_id: None, enterprise_id: None, place }
    }
}

/// What one grant opens.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Granted {
    pub(super) grant_id: GrantId,
    pub(super) account_id: AccountId,
    pub(super) ends_on: Option<Date>,
    #[sea_orm(nested)]
    pub(super) reach: Reach,
}

#[derive(FromQueryResult)]
pub(super) struct Assigned {
    pub(super) cadre_id: CadreId,
    #[sea_orm(nested)]
    pub(super) reach: Reach,
}

/// What the grants of accounts open, ended ones among them, in one statement.
pub(super) async fn granted(
    db: &impl ConnectionTrait,
    backend: DbBackend,
    accounts: impl IntoIterator<Item = AccountId>,
) -> Result<Vec<Granted>> {
    use grant::Column;
    let mut select = unscoped::<grant::Entity>().select_only().column_as(Column::Id, "grant_id").columns([
        Column::AccountId,
        Column::EndsOn,
        Column::HouseholdId,
        Column::EnterpriseId,
    ]);
    for level in Level::ALL {
        select = select.column_as(Expr::from(bound::at(level)), level.column_name());
    }
    Ok(bound::join(select).filter(any_of(Column::AccountId, accounts, backend)).into_model().all(db).await?)
}

/// What the assignments of cadres reach on a day and later, in one statement.
pub(super) async fn assigned(
    db: &impl ConnectionTrait,
    backend: DbBackend,
    cadres: impl IntoIterator<Item = CadreId>,
    today: Date,
) -> Result<Vec<Assigned>> {
    use assignment::Column;
    let mut select = unscoped::<assignment::Entity>().select_only().columns([
        Column::CadreId,
        Column::HouseholdId,
        Column::EnterpriseId,
    ]);
    for column in Level::ALL.into_iter().filter_map(Level::column::<assignment::Entity>) {
        select = select.column(column);
    }
    Ok(select
        .filter(any_of(Column::CadreId, cadres, backend))
        .filter(Condition::any().add(Column::EndsOn.is_null()).add(Column::EndsOn.gt(today)))
        .into_model()
        .all(db)
        .await?)
}

/// All that an account reaches now or will: by its grants, and by the assignments of the cadre behind it.
pub(super) async fn reach_of(work: &Work, account: &account::Model) -> Result<Vec<Reach>> {
    let ctx = &work.ctx;
    let grants = granted(&work.tx, ctx.backend(), [account.id]).await?;
    let mut reach = open(&grants, ctx.today());
    if let Some(cadre) = account.cadre_id {
        reach.extend(reach_of_cadre(work, cadre).await?);
    }
    Ok(reach)
}

/// All that a cadre is answerable for now or will be.
pub(super) async fn reach_of_cadre(work: &Work, cadre: CadreId) -> Result<Vec<Reach>> {
    let assigned = assigned(&work.tx, work.ctx.backend(), [cadre], work.ctx.today()).await?;
    Ok(assigned.into_iter().map(|assigned| assigned.reach).collect())
}

fn open(grants: &[Granted], today: Date) -> Vec<Reach> {
    let open = grants.iter().filter(|grant| grant.ends_on.is_none_or(|end| end > today));
    open.map(|grant| grant.reach).collect()
}

/// The question for what the grants of an account open.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct GrantedTo(pub(super) AccountId);

impl Key for GrantedTo {
    type Value = Arc<Vec<Granted>>;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        let rows = granted(ctx.db().read(), ctx.backend(), keys.iter().map(|key| key.0)).await?;
        let mut of: HashMap<_, Vec<_>> = keys.into_iter().map(|key| (key, Vec::new())).collect();
        for row in rows {
            of.entry(Self(row.account_id)).or_default().push(row);
        }
        Ok(of.into_iter().map(|(key, rows)| (key, Arc::new(rows))).collect())
    }
}

/// The question for what the assignments of the cadre behind an account reach; asked for an account without one, too, so
/// that all accounts of a list wait for the same statement.
#[derive(Clone, PartialEq, Eq, Hash)]
struct AssignedTo(Option<CadreId>);

impl Key for AssignedTo {
    type Value = Arc<Vec<Reach>>;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        let cadres = keys.iter().filter_map(|key| key.0);
        let rows = assigned(ctx.db().read(), ctx.backend(), cadres, ctx.today()).await?;
        let mut of: HashMap<_, Vec<_>> = keys.into_iter().map(|key| (key, Vec::new())).collect();
        for row in rows {
            of.entry(Self(Some(row.cadre_id))).or_default().push(row.reach);
        }
        Ok(of.into_iter().map(|(key, rows)| (key, Arc::new(rows))).collect())
    }
}

/// The same for who only asks, many accounts together.
pub(super) async fn shown_reach(ctx: &Ctx, account: &Account) -> Result<Vec<Reach>> {
    let (grants, assigned) =
        try_join(ctx.load(GrantedTo(account.id)), ctx.load(AssignedTo(account.cadre_id))).await?;
    let mut reach = open(&grants.unwrap_or_default(), ctx.today());
    reach.extend(assigned.unwrap_or_default().iter());
    Ok(reach)
}
