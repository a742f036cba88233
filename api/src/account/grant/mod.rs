//! Roles given to accounts (角色授权), dated, each bound to what fits the role.
//!
//! Delegation runs downwards only: who gives or ends a role has the right over the account and over what the role is
//! bound to, and never gives one to the own account. What is bound to nothing, or to more than a county, is the platform
//! administrator's to give. Being a contact (`CADRE`) is never given: it follows from assignments.

pub mod object;

use self::object::{RoleGrant, RoleGrantCreateInput, RoleGrantEndInput};
use super::{
    object::Account,
    over,
    reach::{GrantedTo, Reach, granted},
};
use crate::{
    kernel::{
        door::{Guarded, unscoped},
        error::{Error, Refusal, RefusalCode, Result},
        payload::Permission,
        place::{Level, Place},
        policy::May,
        record::Record,
        refusal::{Checks, Detail},
        request::Ctx,
        scope::Facts,
        work::Work,
    },
    region::find as find_region,
};
use entity::{
    account, branch, department, enterprise, grant, household,
    id::GrantId,
    kind::{ChangeKind, RegionKind, Role},
    scalar::Date,
};
use sea_orm::{
    ActiveEnum, ActiveModelTrait, ColumnTrait, Condition, IntoActiveModel, QueryFilter, QuerySelect, Set,
    sea_query::Expr,
};
use uuid::Uuid;

impl Record for grant::Entity {
    const NAME: &'static str = GrantId::PREFIX;
    const INTERNAL: &'static [&'static str] = &[
        "account_id",
        "role",
        "region_id",
        "branch_id",
        "department_id",
        "household_id",
        "enterprise_id",
        "starts_on",
        "ends_on",
        "granted_by",
    ];
}

/// What a role is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Binding {
    Nothing,
    Region,
    /// A village, group or grid.
    Village,
    Branch,
    Department,
    Household,
    Enterprise,
}

/// Which binding fits which role; none for what is never given.
fn binding(role: Role) -> Option<Binding> {
    Some(match role {
        Role::PlatformAdmin => Binding::Nothing,
        Role::RegionAdmin
        | Role::Leader
        | Role::Dispatcher
        | Role::Supervisor
        | Role::Auditor
        | Role::Integration => Binding::Region,
        Role::GridWorker => Binding::Village,
        Role::BranchSecretary => Binding::Branch,
        Role::DepartmentHandler => Binding::Department,
        Role::Resident => Binding::Household,
        Role::EnterpriseRep => Binding::Enterprise,
        Role::Cadre => return None,
    })
}

impl Binding {
    /// The argument that carries it.
    fn field(self) -> Option<&'static str> {
        Some(match self {
            Self::Nothing => return None,
            Self::Region | Self::Village => "regionId",
            Self::Branch => "branchId",
            Self::Department => "departmentId",
            Self::Household => "householdId",
            Self::Enterprise => "enterpriseId",
        })
    }
}

/// Whether the viewer may end a grant (`roleGrantEnd`), by the same facts as the command.
pub(crate) async fn may_end(ctx: &Ctx, grant: &RoleGrant) -> Result<Permission> {
    let account = ctx.node::<Account>(grant.account_id).await?;
    let account = Facts::from(account.map(|account| account.place()).unwrap_or_default());
    if !ctx.may(May::ManageAccount, &account) {
        return Ok(ctx.permission(May::ManageAccount, &account));
    }
    let grants = ctx.load(GrantedTo(grant.account_id)).await?.unwrap_or_default();
    let bound = grants.iter().find(|granted| granted.grant_id == grant.id);
    Ok(ctx.permission(May::ManageAccount, &bound.map_or(account, |granted| granted.reach.facts())))
}

/// Whether the viewer may give roles to an account (`roleGrantCreate`). What may be given is decided by what it is bound to.
pub(crate) fn may_give(ctx: &Ctx, account: &Account) -> Permission {
    if over::is_own(ctx, account.id) {
        let refusal = over::own_account("accountId");
        let message = ctx.locale().pick(&refusal.zh, &refusal.en).to_owned();
        return Permission { allowed: false, requires: Vec::new(), message: Some(message) };
    }
    ctx.permission(May::ManageAccount, &Facts::from(account.place()))
}

pub(super) async fn create(work: &Work, input: RoleGrantCreateInput) -> Result<Uuid> {
    let account = over::find(work, input.account_id, "accountId").await?;
    work.ctx.must(May::ManageAccount, &Facts::from(over::place(&account)))?;
    let mut checks = Checks::default();
    checks.require(!over::is_own(&work.ctx, account.id), || over::own_account("accountId"));
    check_binding(&mut checks, &input);
    check_days(&mut checks, &input, work.ctx.today());
    checks.done()?;
    must_give(work, &input).await?;
    let RoleGrantCreateInput {
        idempotency_key: _,
        id,
        account_id,
        role,
        region_id,
        branch_id,
        department_id,
        household_id,
        enterprise_id,
        starts_on,
        ends_on,
    } = input;
    let row = grant::Model {
        id: id.unwrap_or_else(|| GrantId(Uuid::now_v7())),
        account_id,
        role,
        region_id,
        branch_id,
        department_id,
        household_id,
        enterprise_id,
        starts_on,
        ends_on,
        granted_by: work.ctx.viewer().map(|viewer| viewer.account),
        version: 1,
    };
    is_new(work, &row).await?;
    let id = work.insert(IntoActiveModel::<grant::ActiveModel>::into_active_model(row).reset_all()).await?;
    work.raise_rights(account::Column::Id.eq(account_id)).await?;
    Ok(id)
}

/// Exactly the binding that fits the role.
fn check_binding(checks: &mut Checks, input: &RoleGrantCreateInput) {
    let Some(binding) = binding(input.role) else {
        checks.refuse(Refusal::rule(
            "role-derived",
            "role",
            "包联干部的权限来自包联关系，不能授予。",
            "The right of a contact follows from assignments; it is never given.",
        ));
        return;
    };
    let wanted = binding.field();
    let given = [
        ("regionId", input.region_id.is_some()),
        ("branchId", input.branch_id.is_some()),
        ("departmentId", input.department_id.is_some()),
        ("householdId", input.household_id.is_some()),
        ("enterpriseId", input.enterprise_id.is_some()),
    ];
    for (field, given) in given {
        let fits = wanted == Some(field);
        checks.require(given || !fits, || {
            Refusal::rule(
                "binding",
                field,
                "此角色须指明这一项。",
                "This role must be bound to one of these.",
            )
        });
        checks.require(fits || !given, || {
            Refusal::rule("binding", field, "此角色不绑定这一项。", "This role is not bound to one of these.")
        });
    }
}

fn check_days(checks: &mut Checks, input: &RoleGrantCreateInput, today: Date) {
    checks.require(input.starts_on >= today, || {
        Refusal::rule(
            "not-before-today",
            "startsOn",
            "起始日不能早于今天。",
            "The first day is today or later.",
        )
    });
    checks.require(input.ends_on.is_none_or(|end| end > input.starts_on), || {
        Refusal::rule("after-start", "endsOn", "截止日应晚于起始日。", "The end comes after the first day.")
    });
}

/// The right to give a role over what it is bound to, which the viewer sees.
async fn must_give(work: &Work, input: &RoleGrantCreateInput) -> Result<()> {
    let reach = bound(work, input).await?;
    if work.ctx.may(May::ManageAccount, &reach.facts()) {
        return Ok(());
    }
    if reach.facts().place.path().next().is_some() {
        return Err(work.ctx.forbidden(May::ManageAccount));
    }
    Err(Refusal::new(
        RefusalCode::Forbidden,
        "role",
        "只有平台管理员可以授予这个角色。",
        "The platform administrator alone gives this role.",
    )
    .with(Detail::Requires(vec![Role::PlatformAdmin.to_value()]))
    .into())
}

/// What the role is to be bound to: a row that the viewer sees.
async fn bound(work: &Work, input: &RoleGrantCreateInput) -> Result<Reach> {
    let mut reach = Reach::from(Place::default());
    if let Some(id) = input.region_id {
        let region = find_region(work, id, "regionId").await?;
        if binding(input.role) == Some(Binding::Village) {
            let mut checks = Checks::default();
            let kinds = [RegionKind::Village, RegionKind::Group, RegionKind::Grid];
            checks.require(kinds.contains(&region.kind), || {
                Refusal::rule(
                    "region-kind",
                    "regionId",
                    "网格员绑定到村（社区）、组或网格。",
                    "A grid worker is bound to a village, a group or a grid.",
                )
            });
            checks.done()?;
        }
        reach.place = Place::from(&region);
    }
    if let Some(id) = input.branch_id {
        reach.place = seen::<branch::Entity>(work, branch::Column::Id.eq(id), "branchId").await?;
    }
    if let Some(id) = input.department_id {
        reach.place = seen::<department::Entity>(work, department::Column::Id.eq(id), "departmentId").await?;
    }
    if let Some(id) = input.household_id {
        reach.place = seen::<household::Entity>(work, household::Column::Id.eq(id), "householdId").await?;
        reach.household_id = Some(id);
    }
    if let Some(id) = input.enterprise_id {
        reach.place = seen::<enterprise::Entity>(work, enterprise::Column::Id.eq(id), "enterpriseId").await?;
        reach.enterprise_id = Some(id);
    }
    Ok(reach)
}

/// Where a row is that the viewer sees.
async fn seen<E: Guarded>(work: &Work, which: Expr, field: &str) -> Result<Place> {
    let mut select = work.ctx.within::<E>().select_only();
    for level in Level::ALL {
        select = match level.column::<E>() {
            Some(column) => select.column_as(column, level.column_name()),
            None => select.column_as(Expr::val(Option::<Uuid>::None), level.column_name()),
        };
    }
    select
        .filter(which)
        .into_model::<Place>()
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found(field).into())
}

/// The same role over the same thing on the same days would say nothing new.
async fn is_new(work: &Work, row: &grant::Model) -> Result<()> {
    use grant::Column;
    let same = unscoped::<grant::Entity>()
        .filter(Column::AccountId.eq(row.account_id))
        .filter(Column::Role.eq(row.role))
        .filter(Condition::any().add(Column::EndsOn.is_null()).add(Column::EndsOn.gt(row.starts_on)))
        .all(&work.tx)
        .await?;
    let same = same.iter().find(|other| {
        (other.region_id, other.branch_id, other.department_id, other.household_id, other.enterprise_id)
            == (row.region_id, row.branch_id, row.department_id, row.household_id, row.enterprise_id)
            && row.ends_on.is_none_or(|end| end > other.starts_on)
    });
    match same {
        None => Ok(()),
        Some(same) => Err(duplicate("", Some(same.id))),
    }
}

fn duplicate(field: &str, existing: Option<GrantId>) -> Error {
    Refusal::new(
        RefusalCode::Duplicate,
        field,
        "这个账号在这些日子里已有这项授权。",
        "The account has this role on some of these days already.",
    )
    .with(Detail::Existing(existing.map(|id| id.to_string())))
    .into()
}

pub(super) async fn end(work: &Work, input: RoleGrantEndInput) -> Result<Uuid> {
    let RoleGrantEndInput { idempotency_key: _, id, expected_version, ends_on } = input;
    let grant = work
        .ctx
        .within::<grant::Entity>()
        .filter(grant::Column::Id.eq(id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found("id"))?;
    let account = over::find(work, grant.account_id, "id").await?;
    work.ctx.must(May::ManageAccount, &Facts::from(over::place(&account)))?;
    let granted = granted(&work.tx, work.ctx.backend(), [account.id]).await?;
    if let Some(granted) = granted.iter().find(|granted| granted.grant_id == id) {
        work.ctx.must(May::ManageAccount, &granted.reach.facts())?;
    }
    let today = work.ctx.today();
    if grant.ends_on.is_some_and(|end| end <= today) {
        return Err(Refusal::new(
            RefusalCode::State,
            "id",
            "这项授权已经终止。",
            "This role has ended already.",
        )
        .into());
    }
    let mut checks = Checks::default();
    checks.require(ends_on >= today && ends_on >= grant.starts_on, || {
        Refusal::rule(
            "not-before-today",
            "endsOn",
            "截止日不能早于今天，也不能早于起始日。",
            "The end is today or later, and not before the first day.",
        )
    });
    checks.require(grant.ends_on.is_none_or(|end| ends_on <= end), || {
        Refusal::rule(
            "only-earlier",
            "endsOn",
            "截止日只能提前，不能推后；需要延长请另行授权。",
            "An end can only be brought forward; to have it longer, give the role anew.",
        )
    });
    checks.done()?;
    let mut row = grant::ActiveModel { id: Set(id), ..Default::default() };
    if grant.ends_on != Some(ends_on) {
        row.ends_on = Set(Some(ends_on));
    }
    work.update(row, expected_version, ChangeKind::Ended).await?;
    work.raise_rights(account::Column::Id.eq(account.id)).await?;
    Ok(id.0)
}
