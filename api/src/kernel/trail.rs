//! Where the records of the change log stand, so that the audit trail is read by place.

use super::{
    door::unscoped,
    place::{Level, Place, bound, stands},
};
use entity::{
    account, account_identity, api_key, area, assignment, assignment_batch, attachment, box_opening, branch,
    cadre, card_token, category, change, consent, contact_card, correction, county_setting, deadline_rule,
    demand, department, diary, enterprise, feedback, grant, household,
    id::{
        AccountId, ApiKeyId, AreaId, AssignmentId, AttachmentId, BatchId, BoxOpeningId, BranchId, CadreId,
        CardId, CardTokenId, CategoryId, ConsentId, CorrectionId, CountySettingId, DeadlineRuleId, DemandId,
        DepartmentId, DiaryId, EnterpriseId, FeedbackId, GrantId, HouseholdId, IdentityId, ImportId,
        IntakePointId, MemberId, MembershipId, MilestoneId, PositionId, RegionId, TaskId, TaskPartId,
        TaskRequestId, UploadId, VisitId, WebhookId, WorkDayId, WorkHoursId,
    },
    intake_point,
    kind::RecordKind,
    member, membership, position, region, roster_import, task, task_event, task_milestone, task_part,
    task_request, upload, visit, webhook, work_day, work_hours,
};
use sea_orm::{
    ActiveValue, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, JoinType, QueryFilter, QuerySelect, Set,
    Value,
    sea_query::{CaseStatement, Expr, ExprTrait},
};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Records that are looked up in one statement at the most.
const AT_ONCE: usize = 30_000;

/// Where records of one kind stand: by their own columns, or by those of what they belong to.
async fn places(
    db: &impl ConnectionTrait,
    entity: &str,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, Place>, DbErr> {
    match entity {
        RegionId::PREFIX => stands::of::<region::Entity>(db, ids).await,
        AreaId::PREFIX => stands::of::<area::Entity>(db, ids).await,
        BranchId::PREFIX => stands::of::<branch::Entity>(db, ids).await,
        DepartmentId::PREFIX => stands::of::<department::Entity>(db, ids).await,
        CadreId::PREFIX => stands::of::<cadre::Entity>(db, ids).await,
        WorkDayId::PREFIX => stands::of::<work_day::Entity>(db, ids).await,
        WorkHoursId::PREFIX => stands::of::<work_hours::Entity>(db, ids).await,
        DeadlineRuleId::PREFIX => stands::of::<deadline_rule::Entity>(db, ids).await,
        CategoryId::PREFIX => stands::of::<category::Entity>(db, ids).await,
        AccountId::PREFIX => stands::of::<account::Entity>(db, ids).await,
        HouseholdId::PREFIX => stands::of::<household::Entity>(db, ids).await,
        EnterpriseId::PREFIX => stands::of::<enterprise::Entity>(db, ids).await,
        AssignmentId::PREFIX => stands::of::<assignment::Entity>(db, ids).await,
        BatchId::PREFIX => stands::of::<assignment_batch::Entity>(db, ids).await,
        IntakePointId::PREFIX => stands::of::<intake_point::Entity>(db, ids).await,
        BoxOpeningId::PREFIX => {
            let point = box_opening::Column::IntakePointId;
            stands::through::<box_opening::Entity, intake_point::Entity>(db, point, ids).await
        }
        DiaryId::PREFIX => stands::of::<diary::Entity>(db, ids).await,
        VisitId::PREFIX => stands::of::<visit::Entity>(db, ids).await,
        DemandId::PREFIX => stands::of::<demand::Entity>(db, ids).await,
        TaskId::PREFIX => stands::of::<task::Entity>(db, ids).await,
        FeedbackId::PREFIX => {
            stands::through::<feedback::Entity, demand::Entity>(db, feedback::Column::DemandId, ids).await
        }
        TaskPartId::PREFIX => of_task::<task_part::Entity>(db, task_part::Column::TaskId, ids).await,
        MilestoneId::PREFIX => {
            of_task::<task_milestone::Entity>(db, task_milestone::Column::TaskId, ids).await
        }
        TaskRequestId::PREFIX => of_task::<task_request::Entity>(db, task_request::Column::TaskId, ids).await,
        CountySettingId::PREFIX => {
            stands::through::<county_setting::Entity, region::Entity>(db, county_setting::Column::Id, ids)
                .await
        }
        MemberId::PREFIX => of_household::<member::Entity>(db, member::Column::HouseholdId, ids).await,
        CorrectionId::PREFIX => {
            of_household::<correction::Entity>(db, correction::Column::HouseholdId, ids).await
        }
        CardId::PREFIX => {
            of_household::<contact_card::Entity>(db, contact_card::Column::HouseholdId, ids).await
        }
        AttachmentId::PREFIX => of_attachment(db, ids).await,
        CardTokenId::PREFIX => {
            of_household::<card_token::Entity>(db, card_token::Column::HouseholdId, ids).await
        }
        ConsentId::PREFIX => of_household::<consent::Entity>(db, consent::Column::HouseholdId, ids).await,
        MembershipId::PREFIX => of_cadre::<membership::Entity>(db, membership::Column::CadreId, ids).await,
        PositionId::PREFIX => of_cadre::<position::Entity>(db, position::Column::CadreId, ids).await,
        GrantId::PREFIX => of_grant(db, ids).await,
        IdentityId::PREFIX => {
            of_account::<account_identity::Entity>(db, account_identity::Column::AccountId, ids).await
        }
        ApiKeyId::PREFIX => {
            stands::through::<api_key::Entity, region::Entity>(db, api_key::Column::RegionId, ids).await
        }
        WebhookId::PREFIX => of_account::<webhook::Entity>(db, webhook::Column::AccountId, ids).await,
        UploadId::PREFIX => of_account::<upload::Entity>(db, upload::Column::AccountId, ids).await,
        ImportId::PREFIX => {
            of_account::<roster_import::Entity>(db, roster_import::Column::AccountId, ids).await
        }
        _ => Err(DbErr::Custom(format!("nobody said where {entity} stands"))),
    }
}

async fn of_household<E: EntityTrait>(
    db: &impl ConnectionTrait,
    household: E::Column,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, Place>, DbErr> {
    stands::through::<E, household::Entity>(db, household, ids).await
}

async fn of_task<E: EntityTrait>(
    db: &impl ConnectionTrait,
    task: E::Column,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, Place>, DbErr> {
    stands::through::<E, task::Entity>(db, task, ids).await
}

/// A file stands where the record does that it is attached to: a line for each kind of record.
async fn of_attachment(db: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<HashMap<Uuid, Place>, DbErr> {
    let mut found = attached_to::<visit::Entity>(db, RecordKind::Visit, visit::Column::Id, &ids).await?;
    found.extend(attached_to::<diary::Entity>(db, RecordKind::Diary, diary::Column::Id, &ids).await?);
    found.extend(attached_to::<demand::Entity>(db, RecordKind::Demand, demand::Column::Id, &ids).await?);
    found.extend(attached_to_step(db, &ids).await?);
    Ok(found)
}

/// Of a step of a task, where the task does.
async fn attached_to_step(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, Place>, DbErr> {
    use attachment::Column::{Id, RecordId, RecordKind as Kind};
    use task_event::Column::{Id as StepId, TaskId as OfTask};
    let step = attachment::Entity::belongs_to(task_event::Entity).from(RecordId).to(StepId);
    let task = task_event::Entity::belongs_to(task::Entity).from(OfTask).to(task::Column::Id);
    let rows = unscoped::<attachment::Entity>()
        .join(JoinType::InnerJoin, step.into())
        .join(JoinType::InnerJoin, task.into())
        .filter(Kind.eq(RecordKind::TaskEvent));
    let rows = rows.select_only().column(Id);
    stands::all(db, stands::select::<attachment::Entity, task::Entity>(rows), Id, ids).await
}

async fn attached_to<P: EntityTrait>(
    db: &impl ConnectionTrait,
    kind: RecordKind,
    record: P::Column,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Place>, DbErr> {
    use attachment::Column::{Id, RecordId, RecordKind as Kind};
    let parent = attachment::Entity::belongs_to(P::default()).from(RecordId).to(record);
    let rows = unscoped::<attachment::Entity>().join(JoinType::InnerJoin, parent.into());
    let rows = rows.filter(Kind.eq(kind)).select_only().column(Id);
    stands::all(db, stands::select::<attachment::Entity, P>(rows), Id, ids).await
}

async fn of_cadre<E: EntityTrait>(
    db: &impl ConnectionTrait,
    cadre: E::Column,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, Place>, DbErr> {
    stands::through::<E, cadre::Entity>(db, cadre, ids).await
}

async fn of_account<E: EntityTrait>(
    db: &impl ConnectionTrait,
    account: E::Column,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, Place>, DbErr> {
    stands::through::<E, account::Entity>(db, account, ids).await
}

/// A role stands where it reaches; one that is bound to nothing, or to more than a county, where its account does.
async fn of_grant(db: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<HashMap<Uuid, Place>, DbErr> {
    let account =
        grant::Entity::belongs_to(account::Entity).from(grant::Column::AccountId).to(account::Column::Id);
    let mut select = bound::join(unscoped::<grant::Entity>()).join(JoinType::InnerJoin, account.into());
    select = select.select_only().column(grant::Column::Id);
    for level in Level::ALL {
        let reached = Expr::from(bound::at(Level::County)).is_not_null();
        let own = level
            .column::<account::Entity>()
            .map_or_else(stands::nowhere, |own| Expr::col(own.as_column_ref()));
        let place: Expr = CaseStatement::new().case(reached, bound::at(level)).finally(own).into();
        select = select.column_as(place, level.column_name());
    }
    stands::all(db, select, grant::Column::Id, &ids).await
}

/// Says where the record stands.
pub(super) fn at(line: &mut change::ActiveModel, place: Place) {
    line.county_id = Set(place.county_id);
    line.township_id = Set(place.township_id);
    line.village_id = Set(place.village_id);
}

/// Says where the record stands, if its own columns tell and are at hand.
pub(super) fn stand<E: EntityTrait>(
    line: &mut change::ActiveModel,
    value: impl Fn(E::Column) -> Option<Value>,
) {
    let of = |level: Level| level.column::<E>().and_then(&value);
    let region = |level| match of(level) {
        Some(Value::Uuid(Some(id))) => Some(RegionId(id)),
        _ => None,
    };
    if of(Level::County).is_some() {
        at(line, Place::of(region));
    }
}

/// Says where the records of lines stand that don't say it yet, in a statement for each kind of record.
pub(super) async fn settle(
    db: &impl ConnectionTrait,
    lines: &mut [change::ActiveModel],
) -> Result<(), DbErr> {
    let mut open: BTreeMap<String, Vec<Uuid>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.county_id.is_not_set()) {
        if let (ActiveValue::Set(entity), ActiveValue::Set(id)) = (&line.entity, &line.entity_id) {
            open.entry(entity.clone()).or_default().push(*id);
        }
    }
    let mut found = HashMap::new();
    for (entity, ids) in open {
        for some in ids.chunks(AT_ONCE) {
            found.extend(places(db, &entity, some.to_vec()).await?);
        }
    }
    for line in lines.iter_mut().filter(|line| line.county_id.is_not_set()) {
        let place = line.entity_id.try_as_ref().and_then(|id| found.get(id)).copied().unwrap_or_default();
        at(line, place);
    }
    Ok(())
}
