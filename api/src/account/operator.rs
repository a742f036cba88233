//! Accounts from the command line: the first administrator, and whatever an office cannot do by itself. The same commands
//! as over the API, by nobody's account; the change log names no actor and the request `command`.

use super::{
    Identity,
    admin::{self, check_name},
    grant::{
        self,
        object::{RoleGrantCreateInput, RoleGrantEndInput},
    },
    made::{New, first_password},
    object::{AccountUpdateInput, tidy},
    over,
    password::rule,
};
use crate::{
    kernel::{
        clock::{Clock, civil},
        db::Db,
        door::{any_of, live},
        error::{Fault, Locale, Result},
        place::Place,
        refusal::Checks,
        request::Ctx,
        scope::Scope,
        vault::Vault,
        work::Work,
    },
    region::lookup::named,
};
use async_graphql::{ID, MaybeUndefined};
use entity::{
    account, grant as table,
    id::{self, AccountId, BranchId, CadreId, DepartmentId, EnterpriseId, GrantId, HouseholdId, RegionId},
    kind::{AccountStatus, Role},
    region,
    scalar::Date,
};
use sea_orm::{ActiveEnum, ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use std::{collections::HashMap, sync::Arc};

/// The id of the request in the change log.
const REQUEST: &str = "command";
/// Accounts that are listed together.
const CHUNK: u64 = 500;

/// What the command line asks with.
#[must_use]
pub fn ctx(db: &Db, vault: &Arc<Vault>, clock: &Clock, identity: &Identity) -> Ctx {
    let scope = Scope::operator(Arc::clone(&identity.policy), civil(clock.now()));
    Ctx::new(db.clone(), Arc::clone(vault), clock, Locale::Zh, REQUEST, None, Arc::new(scope))
}

/// What a role is bound to: the id of something, or the code of a region.
#[derive(Clone, Debug)]
pub struct Bound(pub String);

/// A role to give.
#[derive(Clone, Debug)]
pub struct Giving {
    /// Which.
    pub role: Role,
    /// To what it is bound, if to anything.
    pub bound: Option<Bound>,
    /// First day with it; today when none is said.
    pub starts_on: Option<Date>,
    /// First day without it.
    pub ends_on: Option<Date>,
}

/// An account to make.
#[derive(Clone)]
pub struct Making {
    /// Login name.
    pub name: String,
    /// First password; a random one when none is said.
    pub password: Option<String>,
    /// Whose login it is.
    pub cadre: Option<CadreId>,
    /// Code of the region that administers it; the platform does when none is said.
    pub region: Option<String>,
    /// A role to begin with.
    pub role: Option<Giving>,
}

/// The region of a code.
pub async fn region(ctx: &Ctx, code: &str) -> Result<region::Model> {
    let found = ctx
        .within::<region::Entity>()
        .filter(region::Column::Code.eq(code))
        .filter(region::Column::Until.is_null())
        .one(ctx.db().read())
        .await?;
    found.ok_or_else(|| {
        Fault::input(format!("没有代码为 {code} 的区域。"), format!("There is no region of the code {code}."))
            .into()
    })
}

/// A password that will do: the one that was given, or a random one.
async fn password(identity: &Identity, given: Option<String>, name: &str) -> Result<(String, String)> {
    let password = match given {
        Some(given) => given,
        None => first_password()?,
    };
    let mut checks = Checks::default();
    rule::check(&mut checks, "password", &password, name);
    checks.done()?;
    let hash = identity.passwords.hash(password.clone()).await?;
    Ok((password, hash))
}

/// Makes an account, with a role if one is said; gives back its password.
pub async fn create(ctx: &Ctx, identity: &Identity, making: Making) -> Result<String> {
    let Making { name, password: given, cadre, region: code, role } = making;
    let mut checks = Checks::default();
    let name = check_name(&mut checks, &name);
    checks.done()?;
    let region = match code {
        Some(code) => Some(region(ctx, &code).await?),
        None => None,
    };
    let (password, hash) = password(identity, given, &name).await?;
    let giving = match role {
        Some(giving) => Some(giving.input(ctx, AccountId(uuid::Uuid::nil())).await?),
        None => None,
    };
    ctx.operate(async |work: &Work| {
        if let Some(cadre) = cadre {
            over::may_stand_for(work, cadre).await?;
        }
        admin::name_is_free(work, &name).await?;
        let region = region.as_ref().map(|region| (region.id, Place::from(region)));
        let new = New { id: None, name: name.clone(), password_hash: hash.clone(), cadre_id: cadre, region };
        let account_id = AccountId(admin::add(work, new).await?);
        if let Some(giving) = giving.clone() {
            grant::create(work, RoleGrantCreateInput { account_id, ..giving }).await?;
        }
        Ok(())
    })
    .await?;
    Ok(password)
}

impl Giving {
    async fn input(self, ctx: &Ctx, account_id: AccountId) -> Result<RoleGrantCreateInput> {
        let mut input = RoleGrantCreateInput {
            idempotency_key: ID::default(),
            id: None,
            account_id,
            role: self.role,
            region_id: None,
            branch_id: None,
            department_id: None,
            household_id: None,
            enterprise_id: None,
            starts_on: self.starts_on.unwrap_or_else(|| ctx.today()),
            ends_on: self.ends_on,
        };
        let Some(Bound(text)) = self.bound else { return Ok(input) };
        match id::read(&text) {
            Some((prefix, id)) if prefix == RegionId::PREFIX => input.region_id = Some(id.into()),
            Some((prefix, id)) if prefix == BranchId::PREFIX => input.branch_id = Some(id.into()),
            Some((prefix, id)) if prefix == DepartmentId::PREFIX => input.department_id = Some(id.into()),
            Some((prefix, id)) if prefix == HouseholdId::PREFIX => input.household_id = Some(id.into()),
            Some((prefix, id)) if prefix == EnterpriseId::PREFIX => input.enterprise_id = Some(id.into()),
            _ => input.region_id = Some(region(ctx, &text).await?.id),
        }
        Ok(input)
    }
}

async fn named_account(ctx: &Ctx, name: &str) -> Result<account::Model> {
    let found = ctx
        .within::<account::Entity>()
        .filter(account::Column::Name.eq(tidy(name)))
        .one(ctx.db().read())
        .await?;
    found.ok_or_else(|| {
        Fault::input(
            format!("没有登录名为 {name} 的账号。"),
            format!("There is no account of the name {name}."),
        )
        .into()
    })
}

/// Gives a role to an account.
pub async fn give(ctx: &Ctx, name: &str, giving: Giving) -> Result<GrantId> {
    let account = named_account(ctx, name).await?;
    let input = giving.input(ctx, account.id).await?;
    ctx.operate(async |work: &Work| grant::create(work, input.clone()).await.map(GrantId)).await
}

/// Ends a role on a day; today when none is said.
pub async fn end(ctx: &Ctx, id: GrantId, on: Option<Date>) -> Result<()> {
    let found = ctx.within::<table::Entity>().filter(table::Column::Id.eq(id)).one(ctx.db().read()).await?;
    let found = found.ok_or_else(|| {
        Fault::input(format!("没有授权 {id}。"), format!("There is no role given as {id}."))
    })?;
    let ends_on = on.unwrap_or_else(|| std::cmp::max(ctx.today(), found.starts_on));
    ctx.operate(async |work: &Work| {
        let input = RoleGrantEndInput {
            idempotency_key: ID::default(),
            id,
            expected_version: found.version,
            ends_on,
        };
        grant::end(work, input).await.map(drop)
    })
    .await
}

async fn update(ctx: &Ctx, name: &str, change: impl FnOnce(&mut AccountUpdateInput)) -> Result<()> {
    let account = named_account(ctx, name).await?;
    let mut input = AccountUpdateInput {
        idempotency_key: ID::default(),
        id: account.id,
        expected_version: account.version,
        status: MaybeUndefined::Undefined,
        password: MaybeUndefined::Undefined,
        cadre_id: MaybeUndefined::Undefined,
        password_hash: None,
    };
    change(&mut input);
    ctx.operate(async |work: &Work| admin::update(work, input.clone()).await.map(drop)).await
}

/// Lets an account sign in, or no longer.
pub async fn set_status(ctx: &Ctx, name: &str, status: AccountStatus) -> Result<()> {
    update(ctx, name, |input| input.status = MaybeUndefined::Value(status)).await
}

/// Gives an account another password, which ends its sessions; a random one when none is said. Gives it back.
pub async fn set_password(
    ctx: &Ctx,
    identity: &Identity,
    name: &str,
    given: Option<String>,
) -> Result<String> {
    let (password, hash) = password(identity, given, &tidy(name)).await?;
    update(ctx, name, |input| {
        input.password = MaybeUndefined::Value(password.clone());
        input.password_hash = Some(hash);
    })
    .await?;
    Ok(password)
}

/// An account as the terminal shows it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Login name.
    pub name: String,
    /// Whether it may sign in.
    pub status: AccountStatus,
    /// The region that administers it.
    pub region: Option<String>,
    /// Roles in force today: id, role, and the region each is bound to, if it is to one.
    pub roles: Vec<(GrantId, String, Option<String>)>,
}

/// All accounts by their names, told piece by piece.
pub async fn list(ctx: &Ctx, mut tell: impl FnMut(Listed)) -> Result<u64> {
    let db = ctx.db().read();
    let (mut count, mut after) = (0, String::new());
    loop {
        let rows = ctx
            .within::<account::Entity>()
            .filter(account::Column::Name.gt(after.as_str()))
            .order_by_asc(account::Column::Name)
            .limit(CHUNK)
            .all(db)
            .await?;
        let Some(last) = rows.last() else { return Ok(count) };
        after.clone_from(&last.name);
        let grants = ctx
            .within::<table::Entity>()
            .filter(any_of(table::Column::AccountId, rows.iter().map(|row| row.id), ctx.backend()))
            .filter(live(table::Column::StartsOn, table::Column::EndsOn, ctx.today()))
            .order_by_asc(table::Column::Id)
            .all(db)
            .await?;
        let regions = rows.iter().filter_map(|row| row.region_id);
        let regions = regions.chain(grants.iter().filter_map(|grant| grant.region_id));
        let regions: HashMap<RegionId, region::Model> = named(db, regions).await?;
        let called = |id: Option<RegionId>| {
            id.and_then(|id| regions.get(&id)).map(|region| format!("{} {}", region.code.0, region.name))
        };
        count += rows.len() as u64;
        for row in rows {
            let own = grants.iter().filter(|grant| grant.account_id == row.id);
            let roles = own.map(|grant| (grant.id, grant.role.to_value(), called(grant.region_id)));
            tell(Listed {
                roles: roles.collect(),
                region: called(row.region_id),
                name: row.name,
                status: row.status,
            });
        }
    }
}
