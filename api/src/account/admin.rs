//! Making and changing accounts: what an administrator does for others.
//!
//! Delegation runs downwards only. Who takes over a login has all that it opens, so the right over an account is the
//! right over its own place and over everything that its grants and its cadre's assignments reach (`over`).

use super::{
    Identity,
    made::New,
    notice,
    object::{Account, AccountCreateInput, AccountUpdateInput, tidy},
    over::{find, is_own, may_stand_for, may_take_over, own_account},
    password::{change::aftermath, rule},
    session::close,
};
use crate::{
    kernel::{
        directive::{auth, cost, may},
        door::unscoped,
        error::{Error, Refusal, RefusalCode, Result},
        patch::{patched, set},
        payload::{ctx, payload},
        place::Place,
        policy::May,
        refusal::{Checks, Detail},
        request::Ctx,
        scope::Facts,
        work::{Work, Written},
    },
    region,
};
use async_graphql::{Context, Object};
use entity::{
    account,
    id::AccountId,
    kind::{AccountStatus, ChangeKind, RegionKind},
};
use sea_orm::{ActiveModelTrait, ColumnTrait, IntoActiveModel, QueryFilter, QuerySelect, Set};
use std::{ops::RangeInclusive, sync::Arc};
use uuid::Uuid;

const NAME: RangeInclusive<usize> = 3..=40;

pub(super) fn check_name(checks: &mut Checks, name: &str) -> String {
    let name = tidy(name);
    let spelt = |found: char| {
        found.is_ascii_lowercase() || found.is_ascii_digit() || matches!(found, '.' | '_' | '-')
    };
    checks.require(NAME.contains(&name.chars().count()) && name.chars().all(spelt), || {
        Refusal::rule(
            "account-name",
            "name",
            "登录名为 3 至 40 个字符：小写字母、数字、点、下划线、连字符。",
            "A login name has 3 to 40 characters: small letters, digits, dot, underscore, hyphen.",
        )
    });
    name
}

/// The hash of a new password, on the pool and before the transaction begins. None for a password that the command is
/// about to refuse; and only for somebody who may give passwords at all, since it costs.
async fn hash(ctx: &Ctx, identity: &Identity, password: &str, name: &str) -> Result<Option<String>> {
    ctx.in_person()?;
    if !ctx.scope().allowed_somewhere(May::ManageAccount) {
        return Err(ctx.forbidden(May::ManageAccount));
    }
    let mut checks = Checks::default();
    rule::check(&mut checks, "password", password, name);
    match checks.done() {
        Ok(()) => Ok(Some(identity.passwords.hash(password.to_owned()).await?)),
        Err(_) => Ok(None),
    }
}

/// Makes an account, its password hashed beforehand.
pub(super) async fn open(ctx: &Ctx, identity: &Identity, mut input: AccountCreateInput) -> Result<Written> {
    input.password_hash = hash(ctx, identity, &input.password, &tidy(&input.name)).await?;
    ctx.write("accountCreate", &input.idempotency_key, &input, create).await
}

/// Changes an account, its new password hashed beforehand.
pub(super) async fn alter(ctx: &Ctx, identity: &Identity, mut input: AccountUpdateInput) -> Result<Written> {
    if let Some(password) = input.password.value() {
        input.password_hash = hash(ctx, identity, password, "").await?;
    }
    ctx.write("accountUpdate", &input.idempotency_key, &input, update).await
}

async fn create(work: &Work, input: AccountCreateInput) -> Result<Uuid> {
    let AccountCreateInput { idempotency_key: _, id, name, password, cadre_id, region_id, password_hash } =
        input;
    let region = region::find(work, region_id, "regionId").await?;
    work.ctx.must(May::ManageAccount, &Facts::from(Place::from(&region)))?;
    let mut checks = Checks::default();
    let name = check_name(&mut checks, &name);
    rule::check(&mut checks, "password", &password, &name);
    checks.require(!matches!(region.kind, RegionKind::Group | RegionKind::Grid), || {
        Refusal::rule(
            "village-or-above",
            "regionId",
            "账号由村（社区）或以上区域管理。",
            "An account is administered by a village or what lies above it.",
        )
    });
    checks.done()?;
    if let Some(cadre) = cadre_id {
        may_stand_for(work, cadre).await?;
    }
    name_is_free(work, &name).await?;
    let password_hash = password_hash.ok_or_else(|| Error::internal("a password without a hash"))?;
    let region = Some((region_id, Place::from(&region)));
    add(work, New { id, name, password_hash, cadre_id, region }).await
}

/// Stores a new account.
pub(super) async fn add(work: &Work, new: New) -> Result<Uuid> {
    let row = IntoActiveModel::<account::ActiveModel>::into_active_model(new.row(work.now())).reset_all();
    work.insert(row).await.map_err(taken)
}

pub(super) async fn update(work: &Work, input: AccountUpdateInput) -> Result<Uuid> {
    let AccountUpdateInput {
        idempotency_key: _,
        id,
        expected_version,
        status,
        password,
        cadre_id,
        password_hash,
    } = input;
    let old = find(work, id, "id").await?;
    let own = is_own(&work.ctx, id);
    let mut checks = Checks::default();
    let mut row = account::ActiveModel { id: Set(id), ..Default::default() };
    let (mut signed_out, mut other_password) = (false, false);
    if let Some(status) = checks.given("status", status).filter(|&status| status != old.status) {
        checks.require(!own, || own_account("status"));
        row.status = Set(status);
        signed_out |= status == AccountStatus::Disabled;
    }
    if let Some(password) = checks.given("password", password) {
        checks.require(!own, || {
            Refusal::rule(
                "own-password",
                "password",
                "请用 passwordChange 更改自己的密码。",
                "Change your own password by `passwordChange`.",
            )
        });
        rule::check(&mut checks, "password", &password, &old.name);
        row.password_hash = set(password_hash);
        row.password_due = Set(true);
        other_password = true;
    }
    let cadre_id = patched(cadre_id, |cadre| cadre).unwrap_or(old.cadre_id);
    let other_cadre = cadre_id != old.cadre_id;
    if other_cadre {
        checks.require(!own, || own_account("cadreId"));
        row.cadre_id = Set(cadre_id);
    }
    may_take_over(work, &old).await?;
    checks.done()?;
    if let Some(cadre) = cadre_id.filter(|_| other_cadre) {
        may_stand_for(work, cadre).await?;
    }
    work.update(row, expected_version, ChangeKind::Updated).await?;
    if other_cadre {
        work.raise_rights(account::Column::Id.eq(id)).await?;
    }
    if signed_out {
        close::end_all(&work.tx, id, None, work.now()).await?;
    }
    if other_password {
        aftermath(&work.tx, work.now(), id, None, notice::object::how::ADMINISTRATOR).await?;
    }
    Ok(id.0)
}

pub(super) async fn name_is_free(work: &Work, name: &str) -> Result<()> {
    let same: Option<AccountId> = unscoped::<account::Entity>()
        .select_only()
        .column(account::Column::Id)
        .filter(account::Column::Name.eq(name))
        .into_tuple()
        .one(&work.tx)
        .await?;
    let Some(same) = same else { return Ok(()) };
    let mine = work.ctx.within::<account::Entity>().filter(account::Column::Id.eq(same));
    let seen = mine.one(&work.tx).await?.is_some();
    Err(duplicate(seen.then_some(same)))
}

fn duplicate(existing: Option<AccountId>) -> Error {
    Refusal::new(RefusalCode::Duplicate, "name", "这个登录名已被使用。", "This login name is in use already.")
        .with(Detail::Existing(existing.map(|id| id.to_string())))
        .into()
}

/// Somebody took the same name at the same moment.
pub(super) fn taken(error: Error) -> Error {
    let signs = ["account_name_key", "account.name"];
    if signs.iter().any(|sign| Work::is_constraint(&error, sign)) { duplicate(None) } else { error }
}

payload! {
    /// An account that was made or changed, or why not.
    AccountPayload, account: Account
}

/// Changes to accounts.
#[derive(Debug, Default)]
pub struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Makes an account. Requires `REGION_ADMIN` of the region, or `PLATFORM_ADMIN`; for a cadre, of the cadre's office and
    /// of all that the cadre is answerable for. Errors: `INVALID` (name, password, region), `DUPLICATE` (the name;
    /// `existing` is null when that account is outside the viewer's scope), `FORBIDDEN`, `NOT_FOUND`. Answers `OVERLOADED`
    /// when too many passwords are being hashed.
    #[graphql(directive = cost::apply(50), directive = auth::apply(may(May::ManageAccount)))]
    async fn account_create(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to make.")] input: AccountCreateInput,
    ) -> Option<Result<AccountPayload>> {
        let ctx = ctx(gql);
        let written = open(ctx, gql.data_unchecked::<Arc<Identity>>(), input).await;
        AccountPayload::of(ctx, written).await
    }

    /// Disables or enables an account, gives it a new password, which its owner is to change at the next sign-in, or says
    /// whose login it is. Requires `REGION_ADMIN` of its region and of all that it reaches, or `PLATFORM_ADMIN`. Nobody changes
    /// status or cadre of their own account, nor its password in this way. Errors: `INVALID` (password, `own-account`), `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`. Answers `OVERLOADED` when too many
    /// passwords are being hashed.
    #[graphql(directive = cost::apply(50), directive = auth::apply(may(May::ManageAccount)))]
    async fn account_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to change.")] input: AccountUpdateInput,
    ) -> Option<Result<AccountPayload>> {
        let ctx = ctx(gql);
        let written = alter(ctx, gql.data_unchecked::<Arc<Identity>>(), input).await;
        AccountPayload::of(ctx, written).await
    }
}
