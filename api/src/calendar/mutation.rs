//! Changes to calendars and deadlines as they are spoken.

use super::{
    object::{DeadlineRule, WorkDay, WorkHours},
    of, reset_rule, set_day, set_hours, set_rule, unset_day,
};
use crate::kernel::{
    directive::{auth, cost, may},
    error::Result,
    payload::{Outcome, ctx, payload_type},
    policy::May,
};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use entity::{
    id::RegionId,
    kind::{AllotmentUnit, Urgency},
    scalar::{Date, TimeOfDay},
};

/// A span of working hours.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct WorkSpanInput {
    /// When it begins.
    pub from: TimeOfDay,
    /// When it ends; `24:00` for the end of the day.
    pub to: TimeOfDay,
}

/// Working hours to set from a day on.
#[derive(Clone, Debug, InputObject)]
pub struct WorkCalendarUpdateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// The county, or a city that has none.
    pub county_id: RegionId,
    /// First day on which they hold, until the next that were set for a later day.
    pub starts_on: Date,
    /// The spans of a day, from the first, at most 6; never absent. Null takes back what was set for this day: the hours
    /// before hold on.
    pub spans: MaybeUndefined<Vec<WorkSpanInput>>,
    /// The version that the change is based on; 0 where nothing was set for this day.
    pub expected_version: i32,
}

/// A day to set over the national calendar.
#[derive(Clone, Debug, InputObject)]
pub struct WorkDaySetInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// The county, or a city that has none.
    pub county_id: RegionId,
    /// Which civil date it is about.
    pub day: Date,
    /// Whether people work on it; otherwise it is a holiday.
    pub working: bool,
    /// Why, such as 县庆; at most 40 characters.
    pub name: String,
    /// The version that the change is based on; 0 where nothing was set for this day.
    pub expected_version: i32,
}

/// A day for which the national calendar is to hold again.
#[derive(Clone, Debug, InputObject)]
pub struct WorkDayUnsetInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// The county, or a city that has none.
    pub county_id: RegionId,
    /// Which civil date it is about.
    pub day: Date,
    /// The version that the change is based on; 0 where nothing was set for this day.
    pub expected_version: i32,
}

/// A time to allot.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct AllotmentInput {
    /// How many: at most 2000 hours, or 366 days.
    pub amount: i32,
    /// Hours or days, natural or working.
    pub unit: AllotmentUnit,
}

/// What to allot to an urgency.
#[derive(Clone, Debug, InputObject)]
pub struct DeadlineRuleUpdateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// The county, or a city that has none.
    pub county_id: RegionId,
    /// How urgent it is, as a colour.
    pub urgency: Urgency,
    /// Until the first claim, or settling on the spot.
    pub respond: AllotmentInput,
    /// Until it is resolved; not shorter than the time to respond.
    pub resolve: AllotmentInput,
    /// The version that the change is based on; 0 where nothing was set for this urgency.
    pub expected_version: i32,
}

/// An urgency for which what is usual is to hold again.
#[derive(Clone, Debug, InputObject)]
pub struct DeadlineRuleResetInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// The county, or a city that has none.
    pub county_id: RegionId,
    /// How urgent it is, as a colour.
    pub urgency: Urgency,
    /// The version that the change is based on; 0 where nothing was set for this urgency.
    pub expected_version: i32,
}

payload_type! {
    /// The working hours that hold from a day on, or why they were not set.
    WorkHoursPayload, work_hours: WorkHours
}

payload_type! {
    /// A day as it stands now, or why it was not changed.
    WorkDayPayload, work_day: WorkDay
}

payload_type! {
    /// What is allotted to an urgency now, or why it was not changed.
    DeadlineRulePayload, deadline_rule: DeadlineRule
}

/// Changes to calendars and deadlines.
#[derive(Debug, Default)]
pub struct CalendarMutation;

#[Object]
impl CalendarMutation {
    /// Sets the working hours of a county from a day on, or takes such an entry back. Deadlines that are stored stay.
    /// Requires `REGION_ADMIN` of the county. Errors: `INVALID` (day, spans, region), `CONFLICT`, `LIMIT` (50 entries),
    /// `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageCalendar)))]
    async fn work_calendar_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to set, and the version that it is based on.")] input: WorkCalendarUpdateInput,
    ) -> Option<Result<WorkHoursPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("workCalendarUpdate", &input.idempotency_key, &input, set_hours).await;
        let read = async { Ok(WorkHours::on(&*of(ctx, input.county_id).await?, input.starts_on)) };
        Some(Outcome::read(written, read).await.map(Into::into))
    }

    /// Makes a day a holiday or a working day of a county, whatever the national calendar says. Deadlines that are stored
    /// stay. Requires `REGION_ADMIN` of the county. Errors: `INVALID` (day, name, region), `CONFLICT`, `LIMIT` (100 days of a
    /// year), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageCalendar)))]
    async fn work_day_set(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to set, and the version that it is based on.")] input: WorkDaySetInput,
    ) -> Option<Result<WorkDayPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("workDaySet", &input.idempotency_key, &input, set_day).await;
        let read = async { Ok(WorkDay::of(&*of(ctx, input.county_id).await?, input.day)) };
        Some(Outcome::read(written, read).await.map(Into::into))
    }

    /// Takes back what a county set for a day: the national calendar holds again. Requires `REGION_ADMIN` of the county.
    /// Errors: `INVALID` (day, region), `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageCalendar)))]
    async fn work_day_unset(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which day, and the version that it is based on.")] input: WorkDayUnsetInput,
    ) -> Option<Result<WorkDayPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("workDayUnset", &input.idempotency_key, &input, unset_day).await;
        let read = async { Ok(WorkDay::of(&*of(ctx, input.county_id).await?, input.day)) };
        Some(Outcome::read(written, read).await.map(Into::into))
    }

    /// Sets what a county allots to an urgency. Deadlines that are stored stay. Requires `REGION_ADMIN` of the county. Errors:
    /// `INVALID` (amounts, a time to resolve that is shorter than the time to respond, region), `CONFLICT`, `FORBIDDEN`,
    /// `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageCalendar)))]
    async fn deadline_rule_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to allot, and the version that it is based on.")]
        input: DeadlineRuleUpdateInput,
    ) -> Option<Result<DeadlineRulePayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("deadlineRuleUpdate", &input.idempotency_key, &input, set_rule).await;
        let read =
            async { Ok(DeadlineRule::of(&*of(ctx, input.county_id).await?, input.county_id, input.urgency)) };
        Some(Outcome::read(written, read).await.map(Into::into))
    }

    /// Lets what is usual hold again for an urgency. Requires `REGION_ADMIN` of the county. Errors: `INVALID` (region),
    /// `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageCalendar)))]
    async fn deadline_rule_reset(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which urgency, and the version that it is based on.")]
        input: DeadlineRuleResetInput,
    ) -> Option<Result<DeadlineRulePayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("deadlineRuleReset", &input.idempotency_key, &input, reset_rule).await;
        let read =
            async { Ok(DeadlineRule::of(&*of(ctx, input.county_id).await?, input.county_id, input.urgency)) };
        Some(Outcome::read(written, read).await.map(Into::into))
    }
}
