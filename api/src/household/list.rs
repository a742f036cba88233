//! How households are listed: by what conditions, in what order.

use super::tag;
use crate::kernel::{
    door::{counted_households, held_in_office, households_showing, live, unscoped},
    error::Result,
    filter::{ChoiceFilter, StringFilter, in_region, in_region_on, operand},
    node::{Filter, Ordering},
    page::Run,
    policy::Part,
    request::Ctx,
};
use async_graphql::{Enum, InputObject, MaybeUndefined};
use entity::{
    assignment, contact_card, household, household_tag,
    id::RegionId,
    kind::{AssignmentKind, CardKind, HouseholdStatus},
    scalar::Date,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, JoinType, QueryFilter, QuerySelect, QueryTrait, RelationDef,
    sea_query::{Expr, ExprTrait},
};

/// Conditions on households, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct HouseholdWhere {
    /// Anywhere in this region. One that was merged into another answers as that does.
    pub region: MaybeUndefined<RegionId>,
    /// With `region`: those that stood in it on this day, before later boundary changes.
    pub region_as_of: MaybeUndefined<Date>,
    /// By number within the village.
    #[graphql(default)]
    pub number: Option<StringFilter>,
    /// By the name of the head, exactly.
    #[graphql(default)]
    pub head_name: Option<StringFilter>,
    /// By status.
    #[graphql(default)]
    pub status: Option<ChoiceFilter<HouseholdStatus>>,
    /// Carrying one of these tags, by code. Tags of the sensitive class are refused (`FORBIDDEN`).
    #[graphql(default)]
    pub tag: Option<StringFilter>,
    /// True: households without a current contact, neither of their own nor of their group. False: those with one.
    /// Finds those alone of which the viewer may see who answers for them.
    pub without_contact: MaybeUndefined<bool>,
    /// Visited on this day or later. Finds those alone of which the viewer may see the last visit.
    pub visited_since: MaybeUndefined<Date>,
    /// Not visited on this day or later: the last visit was before, or there was none. Finds those alone of which the viewer
    /// may see the last visit.
    pub not_visited_since: MaybeUndefined<Date>,
    /// True: households that have no card left with them (联系卡) whose contact is still theirs. False: those with one. Finds
    /// those alone of which the viewer sees what is personal.
    pub without_card: MaybeUndefined<bool>,
    /// Those that lived there on a day; and the day for which a contact is looked for.
    #[graphql(skip)]
    pub resident_on: Option<Date>,
}

impl Filter for HouseholdWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        let mut all = match operand(&self.region_as_of)? {
            Some(day) => in_region_on::<household::Entity>(ctx, &self.region, day).await?,
            None => in_region::<household::Entity>(ctx, &self.region).await?,
        };
        if let Some(number) = &self.number {
            all = all.add(number.on(household::Column::Number)?);
        }
        if let Some(head) = &self.head_name {
            all = all.add(head.on(household::Column::HeadName)?);
            all = all.add(households_showing(Part::Names, ctx.scope(), ctx.backend()));
        }
        if let Some(status) = &self.status {
            all = all.add(status.on(household::Column::Status)?);
        }
        if let Some(day) = self.resident_on {
            all = all.add(resident_on(day));
        }
        let (since, not_since) = (operand(&self.visited_since)?, operand(&self.not_visited_since)?);
        let last = household::Column::LastVisitOn;
        all = all.add_option(since.map(|day| last.gte(day)));
        all = all.add_option(not_since.map(|day| Condition::any().add(last.is_null()).add(last.lt(day))));
        let visits = since.or(not_since).is_some();
        if visits || self.tag.is_some() || operand(&self.without_contact)?.is_some() {
            all = all.add(households_showing(Part::Internal, ctx.scope(), ctx.backend()));
        }
        if let Some(tag) = &self.tag {
            all = all.add(tagged(ctx, tag).await?);
        }
        if let Some(without) = operand(&self.without_contact)? {
            let with = has_contact(self.resident_on.unwrap_or_else(|| ctx.today()));
            all = all.add(if without { with.not() } else { with });
            all = all.add(counted_households(ctx.scope(), ctx.backend()));
        }
        if let Some(without) = operand(&self.without_card)? {
            let with = has_card(ctx.today());
            all = all.add(if without { with.not() } else { with });
            all = all.add(households_showing(Part::Personal, ctx.scope(), ctx.backend()));
        }
        Ok(all)
    }
}

async fn tagged(ctx: &Ctx, codes: &StringFilter) -> Result<Expr> {
    let mut named: Vec<String> = operand(&codes.eq)?.into_iter().collect();
    named.extend(operand(&codes.one_of)?.unwrap_or_default());
    tag::must_be_ordinary(ctx, &named).await?;
    let with = unscoped::<household_tag::Entity>()
        .select_only()
        .expr(Expr::val(1))
        .filter(
            Expr::col((household_tag::Entity, household_tag::Column::HouseholdId))
                .equals((household::Entity, household::Column::Id)),
        )
        .filter(codes.on(household_tag::Column::Tag)?)
        .into_query();
    Ok(Expr::exists(with))
}

/// Whether a household lived there on a day.
fn resident_on(day: Date) -> Condition {
    use household::Column::{RegisteredOn, ResidentUntil, Status};
    let there = Condition::any().add(Status.eq(HouseholdStatus::Resident)).add(ResidentUntil.gt(day));
    Condition::all().add(there).add(Condition::any().add(RegisteredOn.is_null()).add(RegisteredOn.lte(day)))
}

/// Whether a household has a contact on a day: a live assignment to itself, its group or its grid.
pub fn has_contact(day: Date) -> Condition {
    use assignment::Column::{EndsOn, HouseholdId, Kind, RegionId, StartsOn};
    let any = |condition: Expr| {
        let select = unscoped::<assignment::Entity>()
            .select_only()
            .expr(Expr::val(1))
            .filter(condition)
            .filter(live(StartsOn, EndsOn, day))
            .filter(held_in_office(day));
        Expr::exists(select.into_query())
    };
    let column = |column: household::Column| Expr::col((household::Entity, column));
    let own = Expr::col((assignment::Entity, HouseholdId)).eq(column(household::Column::Id));
    let region = Expr::col((assignment::Entity, RegionId));
    let around = region
        .clone()
        .eq(column(household::Column::GroupId))
        .or(region.eq(column(household::Column::GridId)))
        .and(Kind.eq(AssignmentKind::Group));
    Condition::any().add(any(own)).add(any(around))
}

/// Cards, with the assignments that they name, that were left with their households and whose contact is still theirs on a
/// day.
pub fn card_stands(day: Date) -> Condition {
    use contact_card::Column::{IssuedOn, Kind, ReplacedOn};
    Condition::all()
        .add(Kind.eq(CardKind::Contact))
        .add(ReplacedOn.is_null())
        .add(IssuedOn.is_not_null())
        .add(live(assignment::Column::StartsOn, assignment::Column::EndsOn, day))
        .add(held_in_office(day))
}

/// Whether a household has such a card.
fn has_card(day: Date) -> Expr {
    let named: RelationDef = contact_card::Entity::belongs_to(assignment::Entity)
        .from(contact_card::Column::AssignmentId)
        .to(assignment::Column::Id)
        .into();
    let own = Expr::col((contact_card::Entity, contact_card::Column::HouseholdId));
    let cards = unscoped::<contact_card::Entity>()
        .select_only()
        .expr(Expr::val(1))
        .join(JoinType::InnerJoin, named)
        .filter(own.equals((household::Entity, household::Column::Id)))
        .filter(card_stands(day));
    Expr::exists(cards.into_query())
}

/// What households are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum HouseholdOrderField {
    /// Number within the village.
    Number,
    /// Name of the head, by its characters.
    HeadName,
    /// When it was registered: the order of the ids.
    CreatedAt,
}

impl Ordering for HouseholdOrderField {
    fn column(self) -> Option<&'static str> {
        match self {
            Self::Number => Some("number"),
            Self::HeadName => Some("head_name"),
            Self::CreatedAt => None,
        }
    }

    fn usual() -> Run {
        Run { column: Some("number"), descending: false }
    }
}
