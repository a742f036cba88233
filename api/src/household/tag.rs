//! Tags of households (户标签): a dictionary, not an enum. Some are sensitive: nobody sees or filters by them without a
//! reason given.

use crate::kernel::{
    directive::{DataClass, auth, class, cost, everyone},
    door::{any_of, unscoped},
    error::{Fault, Locale, Refusal, Result},
    payload::ctx,
    refusal::Checks,
    request::Ctx,
    rows::Key,
    work::Work,
};
use async_graphql::{ComplexObject, Context, Object, SimpleObject};
use entity::{household_tag, id::HouseholdId, tag};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DerivePartialModel, EntityTrait, FromQueryResult, JoinType,
    PartialModelTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};
use std::collections::HashMap;

/// A tag that a household may carry (户标签), from the dictionary.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "tag::Entity")]
#[graphql(complex)]
pub struct HouseholdTag {
    /// Its code, stable: `LIFTED_FROM_POVERTY`, `MONITORED` …
    #[graphql(directive = class::apply(DataClass::Public))]
    pub code: String,
    /// Whether it is of the sensitive class: masked for everyone.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub sensitive: bool,
    #[graphql(skip)]
    label_zh: String,
    #[graphql(skip)]
    label_en: String,
}

#[ComplexObject]
impl HouseholdTag {
    /// Its label in the language of `Accept-Language`: 脱贫户, Lifted from poverty …
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn label(&self, gql: &Context<'_>) -> &str {
        match ctx(gql).locale() {
            Locale::Zh => &self.label_zh,
            Locale::En => &self.label_en,
        }
    }
}

/// Questions about the dictionary.
#[derive(Debug, Default)]
pub struct TagQuery;

#[Object]
impl TagQuery {
    /// The dictionary of household tags, at most 200, in the order of the office. Requires nothing.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(5), directive = auth::apply(everyone()))]
    async fn household_tags(&self, gql: &Context<'_>) -> Option<Result<Vec<HouseholdTag>>> {
        let ctx = ctx(gql);
        let tags = HouseholdTag::select_cols(ctx.within::<tag::Entity>().select_only())
            .order_by_asc(tag::Column::Rank)
            .limit(200)
            .into_model::<HouseholdTag>()
            .all(ctx.db().read());
        Some(tags.await.map_err(Into::into))
    }
}

/// The question for the ordinary tags of a household.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TagsOf(pub HouseholdId);

#[derive(FromQueryResult)]
struct Tagged {
    household_id: HouseholdId,
    #[sea_orm(nested)]
    tag: HouseholdTag,
}

impl Key for TagsOf {
    type Value = Vec<HouseholdTag>;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Vec<HouseholdTag>>> {
        let mut tagged = HouseholdTag::select_cols(unscoped::<tag::Entity>().select_only())
            .column_as(household_tag::Column::HouseholdId, "household_id")
            .join_rev(
                JoinType::InnerJoin,
                household_tag::Entity::belongs_to(tag::Entity)
                    .from(household_tag::Column::Tag)
                    .to(tag::Column::Code)
                    .into(),
            );
        tagged = tagged
            .filter(any_of(household_tag::Column::HouseholdId, keys.iter().map(|key| key.0), ctx.backend()))
            .filter(tag::Column::Sensitive.eq(false))
            .order_by_asc(tag::Column::Rank);
        let mut tags: HashMap<_, Vec<_>> = keys.into_iter().map(|key| (key, Vec::new())).collect();
        for row in tagged.into_model::<Tagged>().all(ctx.db().read()).await? {
            tags.entry(Self(row.household_id)).or_default().push(row.tag);
        }
        Ok(tags)
    }
}

/// Tags of the sensitive class that a household carries; the caller knows that they may be shown, and has written it down.
pub(super) async fn sensitive(
    db: &impl ConnectionTrait,
    household: HouseholdId,
) -> Result<Vec<HouseholdTag>> {
    use sea_orm::QueryTrait;
    let carried = unscoped::<household_tag::Entity>()
        .select_only()
        .column(household_tag::Column::Tag)
        .filter(household_tag::Column::HouseholdId.eq(household))
        .into_query();
    Ok(unscoped::<tag::Entity>()
        .filter(tag::Column::Code.in_subquery(carried))
        .filter(tag::Column::Sensitive.eq(true))
        .order_by_asc(tag::Column::Rank)
        .into_partial_model::<HouseholdTag>()
        .all(db)
        .await?)
}

/// Refuses a filter by a sensitive tag: it would tell what is masked.
pub async fn must_be_ordinary(ctx: &Ctx, codes: &[String]) -> Result<()> {
    let sensitive = unscoped::<tag::Entity>()
        .filter(tag::Column::Code.is_in(codes))
        .filter(tag::Column::Sensitive.eq(true))
        .one(ctx.db().read())
        .await?;
    match sensitive {
        None => Ok(()),
        Some(tag) => Err(Fault::new(
            crate::kernel::error::Code::Forbidden,
            format!("“{}”属敏感信息，不能用于筛选。", tag.label_zh),
            format!("“{}” is of the sensitive class and cannot be filtered by.", tag.label_en),
        )
        .into()),
    }
}

/// Notes codes that are not in the dictionary.
pub(super) async fn check(work: &Work, checks: &mut Checks, codes: &[String]) -> Result<()> {
    let known = unscoped::<tag::Entity>().filter(tag::Column::Code.is_in(codes)).all(&work.tx).await?;
    for code in codes.iter().filter(|code| known.iter().all(|tag| tag.code != **code)) {
        checks.refuse(Refusal::rule(
            "tags",
            "tags",
            format!("没有“{code}”这个标签；代码应取自 householdTags。"),
            format!("There is no tag “{code}”; codes are those of householdTags."),
        ));
    }
    Ok(())
}

/// Gives a new household its tags.
pub(super) async fn set(work: &Work, household: HouseholdId, codes: &[String]) -> Result<()> {
    let mut codes: Vec<&String> = codes.iter().collect();
    codes.sort_unstable();
    codes.dedup();
    if codes.is_empty() {
        return Ok(());
    }
    let rows = codes
        .into_iter()
        .map(|code| household_tag::ActiveModel { household_id: Set(household), tag: Set(code.clone()) });
    household_tag::Entity::insert_many(rows).exec_without_returning(&work.tx).await?;
    Ok(())
}

/// Replaces the ordinary tags of a household. The sensitive ones, which the viewer does not see, stay.
pub(super) async fn replace(work: &Work, household: HouseholdId, codes: &[String]) -> Result<()> {
    use sea_orm::QueryTrait;
    let ordinary = unscoped::<tag::Entity>()
        .select_only()
        .column(tag::Column::Code)
        .filter(tag::Column::Sensitive.eq(false))
        .into_query();
    household_tag::Entity::delete_many()
        .filter(household_tag::Column::HouseholdId.eq(household))
        .filter(household_tag::Column::Tag.in_subquery(ordinary))
        .exec(&work.tx)
        .await?;
    let kept = unscoped::<household_tag::Entity>()
        .filter(household_tag::Column::HouseholdId.eq(household))
        .all(&work.tx)
        .await?;
    let new: Vec<String> =
        codes.iter().filter(|code| kept.iter().all(|row| row.tag != **code)).cloned().collect();
    set(work, household, &new).await
}
