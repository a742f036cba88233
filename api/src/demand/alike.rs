//! Likely duplicates (疑似重复): demands of the same household or place, close in time and in wording, with the reasons. They are shown
//! to whoever accepts, and merged by nobody else.

use super::object::Demand;
use crate::kernel::{
    clock::later,
    directive::{DataClass, class},
    door::any_of,
    error::Result,
    request::Ctx,
    rows::Key,
};
use async_graphql::{Enum, SimpleObject};
use chrono::Duration;
use entity::{
    demand,
    id::{DemandId, HouseholdId, RegionId},
    kind::{DemandField, DemandState},
    scalar::DateTime,
};
use sea_orm::{ColumnTrait, Condition, FromQueryResult, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{HashMap, HashSet};

/// Days before and after.
const DAYS: i64 = 30;
/// Duplicates that are told of one demand.
const TOLD: usize = 10;
/// Candidates that are looked at for one answer.
const CANDIDATES: u64 = 1000;
/// Hundredths of the pairs of characters that two texts share, from which their wording is alike.
const ALIKE: usize = 30;

/// Why two demands are likely the same (疑似理由).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum LikenessReason {
    /// Of the same household (同一户).
    SameHousehold,
    /// Of the same village (同一村).
    SameVillage,
    /// Of the same field (同一领域).
    SameField,
    /// Raised within a week of each other (时间相近).
    CloseInTime,
    /// Said in much the same words (内容相近).
    SimilarWording,
}

/// A demand that is likely the same as another (疑似重复诉求).
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct LikelyDuplicate {
    /// Why they are likely the same (疑似理由).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub reasons: Vec<LikenessReason>,
    /// How much of the wording is the same, in hundredths (内容相似度).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub similarity: i32,
    #[graphql(skip)]
    pub(crate) demand_id: DemandId,
}

/// What two demands are compared by.
#[derive(Clone, Debug, FromQueryResult)]
struct Compared {
    id: DemandId,
    household_id: Option<HouseholdId>,
    village_id: Option<RegionId>,
    field: DemandField,
    registered_at: DateTime,
    content: Option<String>,
}

/// Pairs of characters that follow on each other, without marks and spaces.
fn pairs(text: &str) -> HashSet<(char, char)> {
    let letters: Vec<char> = text.chars().filter(|letter| letter.is_alphanumeric()).collect();
    letters.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?))).collect()
}

/// Hundredths of the pairs that two texts share.
fn similarity(one: &HashSet<(char, char)>, other: &HashSet<(char, char)>) -> usize {
    let all = one.union(other).count();
    (one.intersection(other).count() * 100).checked_div(all).unwrap_or_default()
}

fn compare(one: &Compared, other: &Compared) -> Option<LikelyDuplicate> {
    let words = |row: &Compared| pairs(row.content.as_deref().unwrap_or_default());
    let similarity = similarity(&words(one), &words(other));
    let apart = (one.registered_at.0 - other.registered_at.0).abs();
    let household = one.household_id.is_some() && one.household_id == other.household_id;
    let field = one.field == other.field;
    let reasons = [
        (household, LikenessReason::SameHousehold),
        (one.village_id.is_some() && one.village_id == other.village_id, LikenessReason::SameVillage),
        (field, LikenessReason::SameField),
        (apart <= Duration::days(7), LikenessReason::CloseInTime),
        (similarity >= ALIKE, LikenessReason::SimilarWording),
    ];
    let likely = apart <= Duration::days(DAYS) && (similarity >= ALIKE || household && field);
    likely.then(|| LikelyDuplicate {
        reasons: reasons.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason).collect(),
        similarity: i32::try_from(similarity).unwrap_or(100),
        demand_id: other.id,
    })
}

/// The question for the likely duplicates of a demand.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AlikeTo(pub DemandId);

impl Key for AlikeTo {
    type Value = Vec<LikelyDuplicate>;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        use demand::Column::{Content, Field, HouseholdId, Id, RegisteredAt, State, VillageId};
        let columns = [Id, HouseholdId, VillageId, Field, RegisteredAt, Content];
        let select = || ctx.within::<demand::Entity>().select_only().columns(columns);
        let own: Vec<Compared> = select()
            .filter(any_of(Id, keys.iter().map(|key| key.0), ctx.backend()))
            .into_model()
            .all(ctx.db().read())
            .await?;
        let households: Vec<_> = own.iter().filter_map(|row| row.household_id).collect();
        let villages: Vec<_> = own.iter().filter_map(|row| row.village_id).collect();
        let (Some(first), Some(last)) =
            (own.iter().map(|row| row.registered_at).min(), own.iter().map(|row| row.registered_at).max())
        else {
            return Ok(HashMap::new());
        };
        let around = Condition::any().add(any_of(HouseholdId, households, ctx.backend())).add(any_of(
            VillageId,
            villages,
            ctx.backend(),
        ));
        let candidates: Vec<Compared> = select()
            .filter(around)
            .filter(RegisteredAt.gte(later(first, Duration::days(-DAYS))))
            .filter(RegisteredAt.lte(later(last, Duration::days(DAYS))))
            .filter(State.is_in([DemandState::Registered, DemandState::Accepted]))
            .order_by_desc(RegisteredAt)
            .order_by_desc(Id)
            .limit(CANDIDATES)
            .into_model()
            .all(ctx.db().read())
            .await?;
        let answers = own.into_iter().map(|one| {
            let others = candidates.iter().filter(|other| other.id != one.id);
            let mut alike: Vec<_> = others.filter_map(|other| compare(&one, other)).collect();
            alike.sort_by_key(|found| (std::cmp::Reverse(found.similarity), found.demand_id));
            alike.truncate(TOLD);
            (Self(one.id), alike)
        });
        Ok(answers.collect())
    }
}

impl LikelyDuplicate {
    /// The demand itself, as far as it is seen.
    pub(crate) async fn other(&self, ctx: &Ctx) -> Option<Result<Demand>> {
        ctx.edge(Some(self.demand_id)).await
    }
}
