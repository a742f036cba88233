//! What clients say of demands: conditions, orders and inputs.

use crate::kernel::{
    door::authored,
    error::Result,
    filter::{ChoiceFilter, DateFilter, IdFilter, StringFilter, in_region, operand},
    node::{Filter, Ordering},
    page::Run,
    request::Ctx,
};
use async_graphql::{Enum, ID, InputObject, MaybeUndefined, OneofObject};
use entity::{
    demand,
    id::{
        BoxOpeningId, CadreId, CategoryId, DemandId, DepartmentId, DiaryId, EnterpriseId, HouseholdId,
        IntakePointId, RegionId, TaskId, VisitId,
    },
    kind::{Adoption, DemandChannel, DemandField, DemandKind, DemandState, Urgency},
    scalar::PhoneNumber,
};
use sea_orm::{ColumnTrait, Condition, sea_query::ExprTrait};

/// Conditions on demands, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct DemandWhere {
    /// Of anything in this region.
    pub region: MaybeUndefined<RegionId>,
    /// By what kind of demand it is.
    #[graphql(default)]
    pub kind: Option<ChoiceFilter<DemandKind>>,
    /// By the way it came in.
    #[graphql(default)]
    pub channel: Option<ChoiceFilter<DemandChannel>>,
    /// By the field of life that it is of.
    #[graphql(default)]
    pub field: Option<ChoiceFilter<DemandField>>,
    /// By category.
    #[graphql(default)]
    pub category_id: Option<IdFilter>,
    /// By urgency.
    #[graphql(default)]
    pub urgency: Option<ChoiceFilter<Urgency>>,
    /// By the state in which it is.
    #[graphql(default)]
    pub state: Option<ChoiceFilter<DemandState>>,
    /// By the civil date on which it was registered.
    #[graphql(default)]
    pub registered_on: Option<DateFilter>,
    /// By the household whose it is.
    #[graphql(default)]
    pub household_id: Option<IdFilter>,
    /// By the enterprise whose it is.
    #[graphql(default)]
    pub enterprise_id: Option<IdFilter>,
    /// By the task that came of it.
    #[graphql(default)]
    pub task_id: Option<IdFilter>,
    /// By the visit in which it was heard.
    #[graphql(default)]
    pub visit_id: Option<IdFilter>,
    /// By the number that another system gave it.
    #[graphql(default)]
    pub source_reference: Option<StringFilter>,
    /// True: those that wait for an answer beyond their time. False: the others.
    pub overdue: MaybeUndefined<bool>,
    /// True: those that the viewer has registered. False: the others.
    pub mine: MaybeUndefined<bool>,
    /// Whether those are left out of which the viewer is not told whose they are.
    #[graphql(skip)]
    pub authored: bool,
}

impl Filter for DemandWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        use demand::Column;
        let mut all = in_region::<demand::Entity>(ctx, &self.region).await?;
        macro_rules! choices {
            ($($field:ident => $column:ident),*) => {
                $(if let Some(filter) = &self.$field { all = all.add(filter.on(Column::$column)?); })*
            };
        }
        choices!(kind => Kind, channel => Channel, field => Field, urgency => Urgency, state => State,
                 source_reference => SourceReference);
        if let Some(day) = &self.registered_on {
            all = all.add(day.on_moment(Column::RegisteredAt)?);
        }
        let ids = [
            (&self.category_id, Column::CategoryId, CategoryId::PREFIX),
            (&self.household_id, Column::HouseholdId, HouseholdId::PREFIX),
            (&self.enterprise_id, Column::EnterpriseId, EnterpriseId::PREFIX),
            (&self.task_id, Column::TaskId, TaskId::PREFIX),
            (&self.visit_id, Column::VisitId, VisitId::PREFIX),
        ];
        for (filter, column, prefix) in ids {
            if let Some(filter) = filter {
                all = all.add(filter.on(ctx, column, prefix)?);
            }
        }
        if self.authored
            || self.household_id.is_some()
            || self.enterprise_id.is_some()
            || self.visit_id.is_some()
        {
            // Whose it is, is not told to whom it is about, by a condition as little as by a field.
            all = all.add(authored(ctx.scope()));
        }
        if let Some(overdue) = operand(&self.overdue)? {
            let late = Column::State.eq(DemandState::Registered).and(Column::RespondDueAt.lt(ctx.now()));
            all = all.add(if overdue { late } else { late.not() });
        }
        if let Some(mine) = operand(&self.mine)? {
            let own = Column::RegisteredBy.eq(ctx.signed_in()?.account);
            all = all.add(if mine { own } else { own.not() });
        }
        Ok(all)
    }
}

/// What demands are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum DemandOrderField {
    /// When it was registered.
    RegisteredAt,
}

impl Ordering for DemandOrderField {
    fn column(self) -> Option<&'static str> {
        Some("registered_at")
    }

    fn usual() -> Run {
        Run { column: Some("registered_at"), descending: true }
    }
}

/// Whose a demand is, or where: exactly one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum DemandTarget {
    /// A household.
    HouseholdId(HouseholdId),
    /// An enterprise.
    EnterpriseId(EnterpriseId),
    /// A place: a county, township, village, group or grid.
    RegionId(RegionId),
}

/// Who said it, where that is not the household as such.
#[derive(Clone, Debug, InputObject)]
pub struct RaiserInput {
    /// Name, at most 50 characters.
    #[graphql(default)]
    pub name: Option<String>,
    /// Telephone number.
    #[graphql(default)]
    pub phone: Option<PhoneNumber>,
}

/// A demand to register.
#[derive(Clone, Debug, InputObject)]
pub struct DemandRegisterInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<DemandId>,
    /// What kind.
    pub kind: DemandKind,
    /// By which way it came in. What one raises oneself comes by `MINI_PROGRAM`, `APP` or `WEB`.
    pub channel: DemandChannel,
    /// Of which field; may be left out where a category is named.
    #[graphql(default)]
    pub field: Option<DemandField>,
    /// Of which category of the county.
    #[graphql(default)]
    pub category_id: Option<CategoryId>,
    /// How urgent; `BLUE` when nothing is said. Not for what one raises oneself: the desk decides.
    #[graphql(default)]
    pub urgency: Option<Urgency>,
    /// Whose it is, or where.
    pub target: DemandTarget,
    /// What was said, at most 2000 characters.
    pub content: String,
    /// Where it is about, in words, at most 100 characters.
    #[graphql(default)]
    pub spot: Option<String>,
    /// Without a name, by `BOX`, `HOTLINE`, `STATION`, `WEB` or `MINI_PROGRAM` alone; the target is a place then.
    #[graphql(default)]
    pub anonymous: Option<bool>,
    /// Who said it.
    #[graphql(default)]
    pub raiser: Option<RaiserInput>,
    /// The household on the other side; required of `DISPUTE`, and of nothing else.
    #[graphql(default)]
    pub other_household_id: Option<HouseholdId>,
    /// The leader who took it over; required of `PETITION_BACKLOG`, and of nothing else.
    #[graphql(default)]
    pub leader_id: Option<CadreId>,
    /// Whom a suggestion or complaint is about. They see it, without who raised it.
    #[graphql(default)]
    pub about_cadre_id: Option<CadreId>,
    /// Which office a suggestion or complaint is about. It sees it, without who raised it.
    #[graphql(default)]
    pub about_department_id: Option<DepartmentId>,
    /// The visit in which it was heard.
    #[graphql(default)]
    pub visit_id: Option<VisitId>,
    /// The own diary entry of which it is a passage.
    #[graphql(default)]
    pub diary_id: Option<DiaryId>,
    /// The station, point or box at which it came in; of channels `STATION` and `BOX`.
    #[graphql(default)]
    pub intake_point_id: Option<IntakePointId>,
    /// The opening of the box in which it was found; of channel `BOX`.
    #[graphql(default)]
    pub box_opening_id: Option<BoxOpeningId>,
    /// The number that another system gave it, unique for whoever registers, at most 64 characters.
    #[graphql(default)]
    pub source_reference: Option<String>,
}

/// A demand heard in a visit, of whom the visit was to.
#[derive(Clone, Debug, InputObject)]
pub struct VisitDemandInput {
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<DemandId>,
    /// What kind.
    pub kind: DemandKind,
    /// Of which field; may be left out where a category is named.
    #[graphql(default)]
    pub field: Option<DemandField>,
    /// Of which category of the county.
    #[graphql(default)]
    pub category_id: Option<CategoryId>,
    /// How urgent; `BLUE` when nothing is said.
    #[graphql(default)]
    pub urgency: Option<Urgency>,
    /// What was said, at most 2000 characters.
    pub content: String,
    /// Where it is about, in words, at most 100 characters.
    #[graphql(default)]
    pub spot: Option<String>,
    /// The household on the other side; required of `DISPUTE`, and of nothing else.
    #[graphql(default)]
    pub other_household_id: Option<HouseholdId>,
}

macro_rules! step_input {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident : $ty:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, InputObject)]
        pub struct $name {
            /// A UUID made anew for this action and kept for its retries.
            pub idempotency_key: ID,
            /// Which demand.
            pub id: DemandId,
            /// The version that the change is based on.
            pub expected_version: i32,
            $($(#[$field_doc])* pub $field: $ty,)*
        }
    )*};
}

step_input! {
    /// How a demand is classified, before anything is decided; absent stays.
    DemandUpdateInput {
        /// What kind; not to or from `DISPUTE` and `PETITION_BACKLOG`; not null.
        kind: MaybeUndefined<DemandKind>,
        /// Of which field; not null. A category of another field is cleared.
        field: MaybeUndefined<DemandField>,
        /// How urgent; not null. The time to answer is reckoned anew from the registration.
        urgency: MaybeUndefined<Urgency>,
    }
    /// A demand to settle on the spot.
    DemandSettleInput {
        /// What was done or answered, at most 1000 characters.
        answer: String,
    }
    /// A demand to decline.
    DemandDeclineInput {
        /// Why, at most 1000 characters.
        reason: String,
    }
    /// A suggestion to decide on.
    SuggestionDecideInput {
        /// What becomes of it.
        adoption: Adoption,
        /// Why, at most 1000 characters.
        reason: String,
    }
    /// A demand to withdraw.
    DemandWithdrawInput {
        /// Why, at most 1000 characters.
        #[graphql(default)]
        reason: Option<String>,
    }
    /// An objection to what was decided.
    DemandObjectInput {
        /// What is objected, at most 1000 characters.
        objection: String,
    }
    /// A merge to undo.
    DemandUnmergeInput {}
    /// A letter that asks for several things.
    DemandSplitInput {
        /// What it asks for beside, from one to ten parts; what the demand says itself stays with it.
        parts: Vec<DemandPartInput>,
    }
}

/// Demands that say the same.
#[derive(Clone, Debug, InputObject)]
pub struct DemandMergeInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// The one that stays: registered, or accepted already.
    pub into_id: DemandId,
    /// The version of the one that stays.
    pub expected_version: i32,
    /// The others, from one to 20, registered and of the same township.
    pub ids: Vec<DemandId>,
}

/// One more thing that a letter asks for.
#[derive(Clone, Debug, InputObject)]
pub struct DemandPartInput {
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<DemandId>,
    /// What is asked, at most 2000 characters.
    pub content: String,
    /// Of which field; that of the letter when nothing is said.
    #[graphql(default)]
    pub field: Option<DemandField>,
    /// How urgent; as the letter when nothing is said.
    #[graphql(default)]
    pub urgency: Option<Urgency>,
}
