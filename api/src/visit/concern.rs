//! The concern note of a visit (关切记录): what worries this household, and what help it asks for. It belongs to the visit,
//! never to a person; a county turns it on. The current primary contact alone writes and reads it, one at a time: it is in
//! no list, filter, search, count, export or log. It is erased 90 days after the visit, or 30 days after the assignment by
//! which it was written has ended.

use crate::kernel::{
    access::{Line, Subject, write as log},
    directive::{DataClass, auth, class, cost, may},
    door::{live, unscoped},
    error::{Error, Refusal, RefusalCode, Result},
    payload::ctx,
    place::Place,
    policy::May,
    refusal::Checks,
    request::Ctx,
    scope::Facts,
    work::Work,
};
use async_graphql::{Context, Object};
use entity::{
    assignment, county_setting,
    id::{AssignmentId, HouseholdId, VisitId},
    kind::AccessAction,
    visit, visit_concern,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
};

/// Characters of a note.
const LONGEST: usize = 1000;

/// A note that may be written, and by which assignment.
pub(super) struct Concern {
    household: HouseholdId,
    assignment: AssignmentId,
    note: Vec<u8>,
}

/// The assignment by which the viewer is the primary contact of a household today.
async fn primary(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    household: HouseholdId,
) -> Result<Option<AssignmentId>> {
    use assignment::Column::{CadreId, EndsOn, HouseholdId, Id, IsPrimary, StartsOn};
    let Some(cadre) = ctx.scope().cadre else { return Ok(None) };
    Ok(unscoped::<assignment::Entity>()
        .select_only()
        .column(Id)
        .filter(HouseholdId.eq(household))
        .filter(CadreId.eq(cadre))
        .filter(IsPrimary.eq(true))
        .filter(live(StartsOn, EndsOn, ctx.today()))
        .into_tuple()
        .one(db)
        .await?)
}

/// Whether the county has turned concern notes on.
async fn is_on(db: &impl ConnectionTrait, place: Place) -> Result<bool> {
    let Some(county) = place.county_id else { return Ok(false) };
    let row =
        unscoped::<county_setting::Entity>().filter(county_setting::Column::Id.eq(county.0)).one(db).await?;
    Ok(row.is_some_and(|row| row.concern_notes))
}

/// A note that came with a visit, if it may be written.
pub(super) async fn check(
    work: &Work,
    checks: &mut Checks,
    household: Option<HouseholdId>,
    place: Place,
    note: Option<&str>,
) -> Result<Option<Concern>> {
    let Some(note) = checks.optional_text("concernNote", note, LONGEST) else { return Ok(None) };
    let Some(household) = household else {
        checks.refuse(Refusal::rule(
            "target",
            "concernNote",
            "只有走访户时可以写关切记录。",
            "A concern note belongs to the visit of a household.",
        ));
        return Ok(None);
    };
    work.ctx.must(May::KeepConcern, &Facts { place, household: Some(household), ..Facts::default() })?;
    if !is_on(&work.tx, place).await? {
        checks.refuse(Refusal::new(
            RefusalCode::State,
            "concernNote",
            "本县（区）未开通关切记录；诉求请登记为诉求。",
            "The county has not turned concern notes on; what is asked for is registered as a demand.",
        ));
        return Ok(None);
    }
    let Some(assignment) = primary(&work.ctx, &work.tx, household).await? else {
        return Err(work.ctx.forbidden(May::KeepConcern));
    };
    Ok(Some(Concern { household, assignment, note: work.ctx.vault().seal(&note)? }))
}

/// Writes the note of a visit down.
pub(super) async fn write(work: &Work, visit: &visit::Model, concern: Concern) -> Result<()> {
    let row = visit_concern::Model {
        id: visit.id,
        household_id: concern.household,
        assignment_id: concern.assignment,
        visited_on: visit.visited_on,
        note: concern.note,
    };
    let row = IntoActiveModel::<visit_concern::ActiveModel>::into_active_model(row).reset_all();
    visit_concern::Entity::insert(row).exec_without_returning(&work.tx).await?;
    Ok(())
}

/// Forgets the note of a visit.
pub(super) async fn forget(work: &Work, visit: VisitId) -> Result<()> {
    visit_concern::Entity::delete_many().filter(visit_concern::Column::Id.eq(visit)).exec(&work.tx).await?;
    Ok(())
}

/// The question for one concern note.
#[derive(Debug, Default)]
pub struct ConcernQuery;

#[Object]
impl ConcernQuery {
    /// The concern note of a visit (关切记录): what worries the household, what help it asks for. Of the closed class: shown to the
    /// current primary contact of the household alone, one at a time. Null when there is none, and to everyone else; the
    /// two answer alike. Erased 90 days after the visit, or 30 days after the assignment by which it was written has ended.
    #[graphql(directive = class::apply(DataClass::Closed), directive = cost::apply(10), directive = auth::apply(may(May::KeepConcern)))]
    async fn visit_concern_note(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which visit.")] visit_id: VisitId,
    ) -> Option<Result<String>> {
        read(ctx(gql), visit_id).await.transpose()
    }
}

async fn read(ctx: &Ctx, id: VisitId) -> Result<Option<String>, Error> {
    ctx.in_person()?;
    let visit = ctx.within::<visit::Entity>().filter(visit::Column::Id.eq(id)).one(ctx.db().read()).await?;
    let Some(visit) = visit else { return Ok(None) };
    let Some(household) = visit.household_id else { return Ok(None) };
    if !ctx.may(May::KeepConcern, &super::facts(&visit))
        || primary(ctx, ctx.db().read(), household).await?.is_none()
    {
        return Ok(None);
    }
    // Written down before it is shown, in the same transaction.
    let tx = ctx.db().begin().await?;
    let row = unscoped::<visit_concern::Entity>().filter(visit_concern::Column::Id.eq(id)).one(&tx).await?;
    let Some(row) = row else { return Ok(None) };
    let note = ctx.vault().open(&row.note)?;
    let line = Line {
        who: ctx.looker(),
        action: AccessAction::Read,
        purpose: None,
        fields: vec!["Query.visitConcernNote".to_owned()],
        subjects: vec![(Subject::Household(household), DataClass::Closed)],
    };
    log(&tx, &[line]).await?;
    tx.commit().await?;
    Ok(Some(note))
}

/// Notes that are past their time.
pub(super) fn overdue(today: entity::scalar::Date) -> sea_orm::Condition {
    use sea_orm::{Condition, QueryTrait};
    let before = |days: i64| entity::scalar::Date(today.0 - chrono::Duration::days(days));
    let ended = unscoped::<assignment::Entity>()
        .select_only()
        .column(assignment::Column::Id)
        .filter(assignment::Column::EndsOn.lte(before(AFTER_ASSIGNMENT)))
        .into_query();
    Condition::any()
        .add(visit_concern::Column::VisitedOn.lte(before(AFTER_VISIT)))
        .add(visit_concern::Column::AssignmentId.in_subquery(ended))
}

/// Days after the visit, and after the assignment has ended, for which a note is kept.
const AFTER_VISIT: i64 = 90;
const AFTER_ASSIGNMENT: i64 = 30;
