//! Identities of an outer sign-on that belong to accounts: linked by their owner, who has just been there, or by an
//! administrator.

use super::{SignOn, Vouched};
use crate::{
    account::over,
    kernel::{
        door::unscoped,
        error::{Error, Refusal, RefusalCode, Result},
        record::Record,
        refusal::{Checks, Detail},
        request::Ctx,
        work::{Work, Written},
    },
};
use async_graphql::{ID, InputObject};
use entity::{
    account_identity,
    id::{AccountId, IdentityId},
    kind::ChangeKind,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect,
};
use uuid::Uuid;

/// Identities that an account may have.
const MOST: u64 = 10;

impl Record for account_identity::Entity {
    const NAME: &'static str = IdentityId::PREFIX;
    const INTERNAL: &'static [&'static str] = &["account_id", "issuer", "created_by"];
}

/// The return from a sign-on by which an identity is linked.
#[derive(Clone, InputObject)]
pub struct IdentityLinkFinishInput {
    /// The state that came back: the one of `identityLinkStart`.
    pub state: String,
    /// The code that came back.
    pub code: String,
    #[graphql(skip)]
    found: Option<(String, String)>,
}

/// Nothing of it is for logs.
impl std::fmt::Debug for IdentityLinkFinishInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentityLinkFinishInput")
    }
}

/// An identity to link to an account.
#[derive(Clone, Debug, InputObject)]
pub struct AccountIdentityAddInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// To which account.
    pub account_id: AccountId,
    /// By what the service that is set up knows the person: `sub` of its tokens, at most 255 characters.
    pub subject: String,
    #[graphql(skip)]
    pub(super) issuer: Option<String>,
}

/// An identity to take away.
#[derive(Clone, Debug, InputObject)]
pub struct AccountIdentityRemoveInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which identity.
    pub id: IdentityId,
    /// The version that the change is based on.
    pub expected_version: i32,
}

/// Links the identity that the service vouches for to the account of whoever asks.
pub(super) async fn link(ctx: &Ctx, sign_on: &SignOn, input: &IdentityLinkFinishInput) -> Result<Written> {
    let own = ctx.in_person()?.account;
    let Vouched { issuer, subject, .. } = sign_on.finish(ctx, &input.state, &input.code, Some(own)).await?;
    // The state is good for once, as a key would be.
    let key = Uuid::now_v7().to_string().into();
    let input = IdentityLinkFinishInput { found: Some((issuer, subject)), ..input.clone() };
    ctx.write("identityLinkFinish", &key, &input, linked).await
}

async fn linked(work: &Work, input: IdentityLinkFinishInput) -> Result<Uuid> {
    let own = work.ctx.in_person()?.account;
    let (issuer, subject) = input.found.ok_or_else(|| Error::internal("nobody was vouched for"))?;
    store(work, own, issuer, subject).await
}

pub(super) async fn add(work: &Work, input: AccountIdentityAddInput) -> Result<Uuid> {
    let account = over::find(work, input.account_id, "accountId").await?;
    over::may_take_over(work, &account).await?;
    let mut checks = Checks::default();
    let subject = checks.text("subject", &input.subject, 255);
    checks.done()?;
    let issuer = input.issuer.ok_or_else(super::not_set_up)?;
    store(work, account.id, issuer, subject).await
}

async fn store(work: &Work, account_id: AccountId, issuer: String, subject: String) -> Result<Uuid> {
    use account_identity::Column;
    let count = unscoped::<account_identity::Entity>().filter(Column::AccountId.eq(account_id));
    if count.count(&work.tx).await? >= MOST {
        return Err(Refusal::new(
            RefusalCode::Limit,
            "",
            format!("一个账号最多关联 {MOST} 个身份。"),
            format!("An account has at most {MOST} identities."),
        )
        .with(Detail::Limit(i32::try_from(MOST).unwrap_or(i32::MAX)))
        .into());
    }
    let same: Option<IdentityId> = unscoped::<account_identity::Entity>()
        .select_only()
        .column(Column::Id)
        .filter(Column::Issuer.eq(issuer.as_str()))
        .filter(Column::Subject.eq(subject.as_str()))
        .into_tuple()
        .one(&work.tx)
        .await?;
    if let Some(same) = same {
        let seen = work.ctx.within::<account_identity::Entity>().filter(Column::Id.eq(same));
        let seen = seen.one(&work.tx).await?.is_some();
        return Err(duplicate(seen.then_some(same)));
    }
    let row = account_identity::Model {
        id: IdentityId(Uuid::now_v7()),
        account_id,
        issuer,
        subject,
        created_at: work.now(),
        created_by: work.ctx.viewer().map(|viewer| viewer.account),
        version: 1,
    };
    let row = IntoActiveModel::<account_identity::ActiveModel>::into_active_model(row).reset_all();
    work.insert(row).await.map_err(taken)
}

fn duplicate(existing: Option<IdentityId>) -> Error {
    Refusal::new(
        RefusalCode::Duplicate,
        "",
        "这个身份已关联一个账号。",
        "This identity belongs to an account already.",
    )
    .with(Detail::Existing(existing.map(|id| id.to_string())))
    .into()
}

/// Somebody linked the same identity at the same moment.
fn taken(error: Error) -> Error {
    let names = ["account_identity_subject", "account_identity.issuer"];
    if names.iter().any(|name| Work::is_constraint(&error, name)) { duplicate(None) } else { error }
}

/// Takes an identity away: by whoever may change the account, or by its owner.
pub(super) async fn remove(work: &Work, input: AccountIdentityRemoveInput) -> Result<Uuid> {
    let row = work
        .ctx
        .within::<account_identity::Entity>()
        .filter(account_identity::Column::Id.eq(input.id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found("id"))?;
    if !over::is_own(&work.ctx, row.account_id) {
        let account = over::find(work, row.account_id, "id").await?;
        over::may_take_over(work, &account).await?;
    }
    work.stands::<account_identity::Entity>(row.id.0, input.expected_version).await?;
    let columns = vec!["account_id", "subject"];
    let content = serde_json::json!({});
    let version = row.version + 1;
    work.log(IdentityId::PREFIX, row.id.0, version, ChangeKind::Ended, columns, content).await?;
    account_identity::Entity::delete_by_id(row.id).exec(&work.tx).await?;
    Ok(row.account_id.0)
}
