//! What is sensitive is masked for everyone. A current contact is shown it for a reason, one record at a time, so many a
//! day, soon after having signed in; each time it is written down, before it is shown, where the household itself reads it.

use super::{member::HouseholdMember, object::Household, tag};
use crate::kernel::{
    access::{Line, Subject, write},
    clock::midnight,
    directive::{DataClass, auth, class, cost, may},
    door::unscoped,
    error::{Error, Refusal, RefusalCode, Result, UserError},
    payload::ctx,
    policy::May,
    refusal::{Checks, Detail},
    request::Ctx,
    scope::Facts,
};
use async_graphql::{Context, InputObject, Object, SimpleObject};
use chrono::Duration;
use entity::{
    access_line, account, household,
    id::{AccountId, HouseholdId, MemberId},
    kind::AccessAction,
    member,
    scalar::Yuan,
};
use sea_orm::{ColumnTrait, DatabaseTransaction, FromQueryResult, PaginatorTrait, QueryFilter, QuerySelect};
use std::ops::RangeInclusive;

/// How long ago the password may have been shown.
const RECENT: Duration = Duration::minutes(15);
/// Characters of a reason.
const REASON: RangeInclusive<usize> = 4..=200;

/// A reason as it was given.
pub(super) fn check_reason(checks: &mut Checks, reason: &str) -> String {
    let reason = reason.trim();
    checks.require(REASON.contains(&reason.chars().count()), || {
        Refusal::rule(
            "reason",
            "reason",
            "请写明事由，4 至 200 字；当事户可以看到。",
            "Say why, in 4 to 200 characters; the household reads it.",
        )
    });
    reason.to_owned()
}

/// Refuses when the account has been shown as much as it may be in a day.
async fn within_quota(ctx: &Ctx, tx: &DatabaseTransaction, account: AccountId) -> Result<()> {
    use access_line::Column::{AccountId as Account, Action, At};
    // The account's row is the lock under which its looks are counted.
    unscoped::<account::Entity>().filter(account::Column::Id.eq(account)).lock_exclusive().one(tx).await?;
    let today = unscoped::<access_line::Entity>()
        .filter(Account.eq(account))
        .filter(Action.eq(AccessAction::Reveal))
        .filter(At.gte(midnight(ctx.today())))
        .count(tx)
        .await?;
    let most = ctx.keep()?.reveals_per_day;
    if today < u64::from(most) {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::Limit,
        "",
        format!("每个账号每天最多查看 {most} 次敏感信息，请明天再试。"),
        format!("An account is shown what is sensitive {most} times a day at the most; try again tomorrow."),
    )
    .with(Detail::Limit(i32::try_from(most).unwrap_or(i32::MAX)))
    .into())
}

/// What a look needs, and its line in the log: the right, the reason, a place in the quota. All in one transaction, so
/// that nothing is shown that is not written down.
async fn look(
    ctx: &Ctx,
    tx: &DatabaseTransaction,
    facts: &Facts<'_>,
    household: HouseholdId,
    reason: &str,
    fields: &[&str],
) -> Result<()> {
    ctx.must(May::Reveal, facts)?;
    ctx.confirmed_within(RECENT)?;
    let mut checks = Checks::default();
    let purpose = check_reason(&mut checks, reason);
    checks.done()?;
    within_quota(ctx, tx, ctx.in_person()?.account).await?;
    let line = Line {
        who: ctx.looker(),
        action: AccessAction::Reveal,
        purpose: Some(purpose),
        fields: fields.iter().map(|&field| field.to_owned()).collect(),
        subjects: vec![(Subject::Household(household), DataClass::Sensitive)],
    };
    write(tx, &[line]).await
}

/// What is sensitive of a household (户的敏感信息), as it was shown this once. Not to be kept.
#[derive(Clone, Debug, SimpleObject)]
pub struct HouseholdSensitive {
    /// Yearly income (年收入). Null when it is not known.
    #[graphql(directive = class::apply(DataClass::Sensitive))]
    pub yearly_income: Option<Yuan>,
    /// Main source of income (主要收入来源). Null when it is not known.
    #[graphql(directive = class::apply(DataClass::Sensitive))]
    pub income_source: Option<String>,
    /// Its tags of the sensitive class (敏感标签), at most 200.
    #[graphql(directive = class::apply(DataClass::Sensitive))]
    pub tags: Vec<tag::HouseholdTag>,
}

/// What is sensitive of a member of a household (家庭成员的敏感信息), as it was shown this once. Not to be kept.
#[derive(Clone, Debug, SimpleObject)]
pub struct HouseholdMemberSensitive {
    /// Identity number (身份证号). Null when none is held.
    #[graphql(directive = class::apply(DataClass::Sensitive))]
    pub identity_number: Option<String>,
}

/// A household of which the sensitive part is to be shown.
#[derive(Clone, Debug, InputObject)]
pub struct HouseholdRevealInput {
    /// Which household.
    pub id: HouseholdId,
    /// Why, 4 to 200 characters. The household and the administrator of its region read it.
    pub reason: String,
}

/// A member of whom the sensitive part is to be shown.
#[derive(Clone, Debug, InputObject)]
pub struct HouseholdMemberRevealInput {
    /// Which member.
    pub id: MemberId,
    /// Why, 4 to 200 characters. The household and the administrator of its region read it.
    pub reason: String,
}

macro_rules! shown {
    ($(#[$doc:meta])* $name:ident, $(#[$what_doc:meta])* $what:ident: $shown:ty) => {
        $(#[$doc])*
        #[derive(SimpleObject)]
        pub struct $name {
            $(#[$what_doc])*
            pub $what: Option<$shown>,
            /// Why it was refused; empty when it was done.
            pub errors: Vec<UserError>,
            /// Always false: each look is a look.
            pub replayed: bool,
        }

        impl $name {
            fn of(shown: Result<$shown>) -> Result<Self> {
                match shown {
                    Ok(shown) => Ok(Self { $what: Some(shown), errors: Vec::new(), replayed: false }),
                    Err(Error::Refused(refusals)) => {
                        let errors = refusals.into_iter().map(Into::into).collect();
                        Ok(Self { $what: None, errors, replayed: false })
                    }
                    Err(error) => Err(error),
                }
            }
        }
    };
}

shown! {
    /// What is sensitive of a household, or why it is not shown.
    HouseholdRevealPayload,
    /// What was shown. Null exactly when `errors` is not empty.
    sensitive: HouseholdSensitive
}

shown! {
    /// What is sensitive of a member, or why it is not shown.
    HouseholdMemberRevealPayload,
    /// What was shown. Null exactly when `errors` is not empty.
    sensitive: HouseholdMemberSensitive
}

/// Looks at what is sensitive.
#[derive(Debug, Default)]
pub struct RevealMutation;

#[Object]
impl RevealMutation {
    /// Shows what is sensitive of one household, this once. Requires `CONTACT`: a live assignment to the household or its
    /// group; a sign-in not long ago; and a reason. Each look is written to the access log before it is shown. One such field in
    /// a document. Errors: `INVALID` (`reason`), `LIMIT` (so many a day), `CONFIRMATION_REQUIRED`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(50), directive = auth::apply(may(May::Reveal)))]
    async fn household_reveal(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Of which household, and why.")] input: HouseholdRevealInput,
    ) -> Option<Result<HouseholdRevealPayload>> {
        Some(HouseholdRevealPayload::of(of_household(ctx(gql), input).await))
    }

    /// Shows the identity number of one member of a household, this once. Requires what `householdReveal` requires, and is
    /// written down and counted like it. One such field in a document. Errors: those of `householdReveal`.
    #[graphql(directive = cost::apply(50), directive = auth::apply(may(May::Reveal)))]
    async fn household_member_reveal(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Of which member, and why.")] input: HouseholdMemberRevealInput,
    ) -> Option<Result<HouseholdMemberRevealPayload>> {
        Some(HouseholdMemberRevealPayload::of(of_member(ctx(gql), input).await))
    }
}

#[derive(FromQueryResult)]
struct Income {
    yearly_income: Option<Yuan>,
    income_source: Option<String>,
}

async fn of_household(ctx: &Ctx, input: HouseholdRevealInput) -> Result<HouseholdSensitive> {
    let HouseholdRevealInput { id, reason } = input;
    ctx.in_person()?;
    let household = ctx.node::<Household>(id).await?.ok_or_else(|| Refusal::not_found("id"))?;
    let tx = ctx.db().begin().await?;
    let fields = ["Household.yearlyIncome", "Household.incomeSource", "Household.sensitiveTags"];
    look(ctx, &tx, &household.facts(), id, &reason, &fields).await?;
    let income = ctx
        .within::<household::Entity>()
        .select_only()
        .columns([household::Column::YearlyIncome, household::Column::IncomeSource])
        .filter(household::Column::Id.eq(id))
        .into_model::<Income>()
        .one(&tx)
        .await?
        .ok_or_else(|| Refusal::not_found("id"))?;
    let tags = tag::sensitive(&tx, id).await?;
    tx.commit().await?;
    let Income { yearly_income, income_source } = income;
    Ok(HouseholdSensitive { yearly_income, income_source, tags })
}

async fn of_member(ctx: &Ctx, input: HouseholdMemberRevealInput) -> Result<HouseholdMemberSensitive> {
    let HouseholdMemberRevealInput { id, reason } = input;
    ctx.in_person()?;
    let not_found = || Error::from(Refusal::not_found("id"));
    let member = ctx.node::<HouseholdMember>(id).await?.ok_or_else(not_found)?;
    let household = ctx.node::<Household>(member.household_id).await?.ok_or_else(not_found)?;
    let tx = ctx.db().begin().await?;
    look(ctx, &tx, &household.facts(), household.id, &reason, &["HouseholdMember.identityNumber"]).await?;
    let sealed: Option<Vec<u8>> = ctx
        .within::<member::Entity>()
        .select_only()
        .column(member::Column::IdentityNumber)
        .filter(member::Column::Id.eq(id))
        .into_tuple()
        .one(&tx)
        .await?
        .ok_or_else(not_found)?;
    let identity_number = sealed.map(|sealed| ctx.vault().open(&sealed)).transpose()?;
    tx.commit().await?;
    Ok(HouseholdMemberSensitive { identity_number })
}
