//! What is held on a household (持有的个人信息): one table of coordinates, each with its class, the ground on which it is held,
//! and how long it is kept once the household is gone. A test compares it with the schema.

use super::erase::{ERASED, Part};
use crate::kernel::{
    directive::{DataClass, class},
    door::{any_of, unscoped},
    error::Result,
    keep::Retention,
    request::Ctx,
    rows::Key,
};
use async_graphql::SimpleObject;
use entity::{
    attachment, demand, feedback, household, household_tag,
    id::HouseholdId,
    kind::{ConsentPurpose, Ground, RecordKind, Sex},
    member,
    scalar::Date,
    tag, task, task_event, visit, visit_concern,
};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QuerySelect};
use std::collections::{HashMap, HashSet};

use super::consent::ConsentsOf;

/// What the tables hold on one household.
pub struct Stored {
    household: household::Model,
    /// Those who left as well, until they are erased.
    members: Vec<member::Model>,
    sensitive_tags: bool,
    visits: OfVisits,
    demands: OfDemands,
    tasks: OfTasks,
    files: HashSet<RecordKind>,
}

/// How many demands of it hold what.
#[derive(Clone, Copy, Default, FromQueryResult)]
struct OfDemands {
    contents: i64,
    spots: i64,
    answers: i64,
    objections: i64,
    names: i64,
    phones: i64,
    comments: i64,
}

/// How many tasks that concern it hold what.
#[derive(Clone, Copy, Default, FromQueryResult)]
struct OfTasks {
    tasks: i64,
    contents: i64,
    results: i64,
}

/// How many visits to it hold what.
#[derive(Clone, Copy, Default, FromQueryResult)]
struct OfVisits {
    summaries: i64,
    positions: i64,
    items: i64,
    values: i64,
    concerns: i64,
}

/// One line of the table.
pub struct Entry {
    /// The coordinate in the schema.
    pub field: &'static str,
    /// Its class.
    pub class: DataClass,
    /// The consent by which it is held; otherwise it is held for a public duty.
    pub consent: Option<ConsentPurpose>,
    /// With what it is erased.
    pub erased: Part,
    held: fn(&Stored) -> bool,
}

impl Entry {
    /// Whether it is a field of a member.
    #[must_use]
    pub fn is_of_member(&self) -> bool {
        self.field.starts_with("HouseholdMember.")
    }

    /// The ground on which it is held.
    #[must_use]
    pub fn ground(&self) -> Ground {
        if self.consent.is_some() { Ground::Consent } else { Ground::PublicDuty }
    }

    /// For how many days it is kept after the household, or the member, is gone.
    fn kept(&self, retention: &Retention) -> Option<i32> {
        let days = self.erased.days(retention);
        i32::try_from(days).ok().filter(|&days| days > 0)
    }
}

const fn duty(field: &'static str, level: DataClass, erased: Part, held: fn(&Stored) -> bool) -> Entry {
    Entry { field, class: level, consent: None, erased, held }
}

const fn agreed(
    field: &'static str,
    level: DataClass,
    consent: ConsentPurpose,
    erased: Part,
    held: fn(&Stored) -> bool,
) -> Entry {
    Entry { field, class: level, consent: Some(consent), erased, held }
}

fn any(stored: &Stored, held: fn(&member::Model) -> bool) -> bool {
    stored.members.iter().any(held)
}

use DataClass::{Closed, Personal, Sensitive};

/// Everything personal that the tables hold on a household.
pub const HELD: &[Entry] = &[
    duty("Household.headName", Personal, Part::Personal, |of| of.household.head_name != ERASED),
    duty("Household.address", Personal, Part::Personal, |of| of.household.address.is_some()),
    duty("Household.phone", Personal, Part::Personal, |of| of.household.phone.is_some()),
    duty("Household.phoneMasked", Personal, Part::Personal, |of| of.household.phone_masked.is_some()),
    duty("Household.housing", Personal, Part::Personal, |of| of.household.housing.is_some()),
    agreed("Household.location", Personal, ConsentPurpose::Location, Part::Personal, |of| {
        of.household.latitude.is_some()
    }),
    agreed("Household.yearlyIncome", Sensitive, ConsentPurpose::Income, Part::Sensitive, |of| {
        of.household.yearly_income.is_some()
    }),
    agreed("Household.incomeSource", Sensitive, ConsentPurpose::Income, Part::Sensitive, |of| {
        of.household.income_source.is_some()
    }),
    duty("Household.sensitiveTags", Sensitive, Part::Sensitive, |of| of.sensitive_tags),
    duty("Household.head", Personal, Part::Personal, |of| any(of, |one| one.name != ERASED)),
    duty("Household.members", Personal, Part::Personal, |of| any(of, |one| one.name != ERASED)),
    duty("HouseholdMember.name", Personal, Part::Personal, |of| any(of, |one| one.name != ERASED)),
    duty("HouseholdMember.relation", Personal, Part::Personal, |of| any(of, |one| one.name != ERASED)),
    duty("HouseholdMember.sex", Personal, Part::Personal, |of| any(of, |one| one.sex != Sex::Unknown)),
    duty("HouseholdMember.birthDate", Personal, Part::Personal, |of| any(of, |one| one.birth_date.is_some())),
    duty("HouseholdMember.identityNumber", Sensitive, Part::Sensitive, |of| {
        any(of, |one| one.identity_number.is_some())
    }),
    duty("HouseholdMember.phone", Personal, Part::Personal, |of| any(of, |one| one.phone.is_some())),
    duty("HouseholdMember.phoneMasked", Personal, Part::Personal, |of| {
        any(of, |one| one.phone_masked.is_some())
    }),
    duty("HouseholdMember.employment", Personal, Part::Personal, |of| {
        any(of, |one| one.employment.is_some())
    }),
    duty("HouseholdMember.employmentPlace", Personal, Part::Personal, |of| {
        any(of, |one| one.employment_place.is_some())
    }),
    duty("HouseholdMember.needs", Personal, Part::Personal, |of| any(of, |one| one.needs.is_some())),
    duty("Visit.summary", Personal, Part::Personal, |of| of.visits.summaries > 0),
    duty("Visit.location", Personal, Part::Personal, |of| of.visits.positions > 0),
    duty("Condolence.items", Personal, Part::Personal, |of| of.visits.items > 0),
    duty("Condolence.value", Sensitive, Part::Personal, |of| of.visits.values > 0),
    duty("Visit.attachments", Personal, Part::Personal, |of| of.files.contains(&RecordKind::Visit)),
    duty("Demand.attachments", Personal, Part::Personal, |of| of.files.contains(&RecordKind::Demand)),
    duty("TaskEvent.attachments", Personal, Part::Personal, |of| of.files.contains(&RecordKind::TaskEvent)),
    duty("Attachment.fileName", Personal, Part::Personal, |of| !of.files.is_empty()),
    duty("Demand.content", Personal, Part::Personal, |of| of.demands.contents > 0),
    duty("Demand.spot", Personal, Part::Personal, |of| of.demands.spots > 0),
    duty("Demand.answer", Personal, Part::Personal, |of| of.demands.answers > 0),
    duty("Demand.objection", Personal, Part::Personal, |of| of.demands.objections > 0),
    duty("Demand.raiserName", Personal, Part::Personal, |of| of.demands.names > 0),
    duty("Demand.raiserPhone", Personal, Part::Personal, |of| of.demands.phones > 0),
    duty("Demand.raiserPhoneMasked", Personal, Part::Personal, |of| of.demands.phones > 0),
    duty("Feedback.comment", Personal, Part::Personal, |of| of.demands.comments > 0),
    duty("Task.title", Personal, Part::Personal, |of| of.tasks.tasks > 0),
    duty("Task.content", Personal, Part::Personal, |of| of.tasks.contents > 0),
    duty("Task.measures", Personal, Part::Personal, |of| of.tasks.tasks > 0),
    duty("Task.result", Personal, Part::Personal, |of| of.tasks.results > 0),
    duty("TaskEvent.note", Personal, Part::Personal, |of| of.tasks.tasks > 0),
    duty("TaskPart.answer", Personal, Part::Personal, |of| of.tasks.tasks > 0),
    duty("TaskRequest.reason", Personal, Part::Personal, |of| of.tasks.tasks > 0),
    duty("TaskRequest.answer", Personal, Part::Personal, |of| of.tasks.tasks > 0),
    duty("Milestone.title", Personal, Part::Personal, |of| of.tasks.tasks > 0),
    duty("Query.visitConcernNote", Closed, Part::Personal, |of| of.visits.concerns > 0),
];

/// What visits to households hold, in one statement.
async fn of_visits(
    ctx: &Ctx,
    ids: impl Iterator<Item = HouseholdId>,
) -> Result<HashMap<HouseholdId, OfVisits>> {
    use visit::Column::{CondolenceItems, CondolenceValue, HouseholdId as Household, Id, Latitude, Summary};
    #[derive(FromQueryResult)]
    struct Row {
        household_id: HouseholdId,
        #[sea_orm(nested)]
        of: OfVisits,
    }
    let concern = visit::Entity::belongs_to(visit_concern::Entity).from(Id).to(visit_concern::Column::Id);
    let rows: Vec<Row> = unscoped::<visit::Entity>()
        .select_only()
        .column(Household)
        .column_as(Summary.count(), "summaries")
        .column_as(Latitude.count(), "positions")
        .column_as(CondolenceItems.count(), "items")
        .column_as(CondolenceValue.count(), "values")
        .column_as(visit_concern::Column::Id.count(), "concerns")
        .join(JoinType::LeftJoin, concern.into())
        .filter(any_of(Household, ids, ctx.backend()))
        .group_by(Household)
        .into_model()
        .all(ctx.db().read())
        .await?;
    Ok(rows.into_iter().map(|row| (row.household_id, row.of)).collect())
}

/// What demands of households hold, in one statement.
async fn of_demands(
    ctx: &Ctx,
    ids: impl Iterator<Item = HouseholdId>,
) -> Result<HashMap<HouseholdId, OfDemands>> {
    use demand::Column::{
        Answer, Content, HouseholdId as Household, Id, Objection, RaiserName, RaiserPhone, Spot,
    };
    #[derive(FromQueryResult)]
    struct Row {
        household_id: HouseholdId,
        #[sea_orm(nested)]
        of: OfDemands,
    }
    let judged = demand::Entity::belongs_to(feedback::Entity).from(Id).to(feedback::Column::DemandId);
    let rows: Vec<Row> = unscoped::<demand::Entity>()
        .select_only()
        .column(Household)
        .column_as(Content.count(), "contents")
        .column_as(Spot.count(), "spots")
        .column_as(Answer.count(), "answers")
        .column_as(Objection.count(), "objections")
        .column_as(RaiserName.count(), "names")
        .column_as(RaiserPhone.count(), "phones")
        .column_as(feedback::Column::Comment.count(), "comments")
        .join(JoinType::LeftJoin, judged.into())
        .filter(any_of(Household, ids, ctx.backend()))
        .group_by(Household)
        .into_model()
        .all(ctx.db().read())
        .await?;
    Ok(rows.into_iter().map(|row| (row.household_id, row.of)).collect())
}

/// What tasks that concern households hold, in one statement; what was erased of those that are over is not counted.
async fn of_tasks(
    ctx: &Ctx,
    ids: impl Iterator<Item = HouseholdId>,
) -> Result<HashMap<HouseholdId, OfTasks>> {
    use task::Column::{Content, HouseholdId as Household, Id, Result as Outcome, Title};
    #[derive(FromQueryResult)]
    struct Row {
        household_id: HouseholdId,
        #[sea_orm(nested)]
        of: OfTasks,
    }
    let rows: Vec<Row> = unscoped::<task::Entity>()
        .select_only()
        .column(Household)
        .column_as(Id.count(), "tasks")
        .column_as(Content.count(), "contents")
        .column_as(Outcome.count(), "results")
        .filter(any_of(Household, ids, ctx.backend()))
        .filter(Title.ne(ERASED))
        .group_by(Household)
        .into_model()
        .all(ctx.db().read())
        .await?;
    Ok(rows.into_iter().map(|row| (row.household_id, row.of)).collect())
}

/// Of which kinds of records of theirs households have files, in a statement for each kind.
async fn of_files(
    ctx: &Ctx,
    ids: impl Iterator<Item = HouseholdId> + Clone,
) -> Result<HashMap<HouseholdId, HashSet<RecordKind>>> {
    use attachment::Column::{RecordId, RecordKind as Kind, RemovedAt};
    use task_event::Column::{Id as StepId, TaskId};
    let visit = attachment::Entity::belongs_to(visit::Entity).from(RecordId).to(visit::Column::Id);
    let demand = attachment::Entity::belongs_to(demand::Entity).from(RecordId).to(demand::Column::Id);
    let step = attachment::Entity::belongs_to(task_event::Entity).from(RecordId).to(StepId);
    let task = task_event::Entity::belongs_to(task::Entity).from(TaskId).to(task::Column::Id);
    let files = || unscoped::<attachment::Entity>().select_only().filter(RemovedAt.is_null()).distinct();
    let those = any_of(visit::Column::HouseholdId, ids.clone(), ctx.backend());
    let visits =
        files().join(JoinType::InnerJoin, visit.into()).column(visit::Column::HouseholdId).filter(those);
    let those = any_of(demand::Column::HouseholdId, ids.clone(), ctx.backend());
    let demands =
        files().join(JoinType::InnerJoin, demand.into()).column(demand::Column::HouseholdId).filter(those);
    let those = any_of(task::Column::HouseholdId, ids, ctx.backend());
    let tasks = files()
        .join(JoinType::InnerJoin, step.into())
        .join(JoinType::InnerJoin, task.into())
        .column(task::Column::HouseholdId)
        .filter(those);
    let mut found: HashMap<HouseholdId, HashSet<RecordKind>> = HashMap::new();
    for (kind, select) in
        [(RecordKind::Visit, visits), (RecordKind::Demand, demands), (RecordKind::TaskEvent, tasks)]
    {
        let households: Vec<HouseholdId> =
            select.filter(Kind.eq(kind)).into_tuple().all(ctx.db().read()).await?;
        for id in households {
            found.entry(id).or_default().insert(kind);
        }
    }
    Ok(found)
}

/// One thing that is held, or would be, on a household (持有的一项信息). Never its value.
#[derive(Clone, Debug, SimpleObject)]
pub struct HeldItem {
    /// What it is (字段): its coordinate in the schema, `Household.address`.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub field: &'static str,
    /// Its class (数据级别).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub data_class: DataClass,
    /// Whether anything is held (是否持有); for a member's field, of any member.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub is_held: bool,
    /// By what right (处理依据).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub ground: Ground,
    /// Since when at the earliest (起始日期): the day of the registration, or of the consent. Null when that is not known, and when
    /// nothing is held.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub since: Option<Date>,
    /// For how many days it is kept after the household, or the member, is gone (保存天数); until then it is kept while they
    /// live there. Null when no end is set.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub kept_days: Option<i32>,
}

/// The question for what is held on a household; the caller knows that the viewer may know.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HeldOf(pub HouseholdId);

impl Key for HeldOf {
    type Value = Vec<HeldItem>;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Vec<HeldItem>>> {
        let db = ctx.db().read();
        let ids = || keys.iter().map(|key| key.0);
        let those = any_of(household::Column::Id, ids(), ctx.backend());
        let households = unscoped::<household::Entity>().filter(those).all(db).await?;
        let mut members: HashMap<HouseholdId, Vec<member::Model>> = HashMap::new();
        let those = any_of(member::Column::HouseholdId, ids(), ctx.backend());
        for row in unscoped::<member::Entity>().filter(those).all(db).await? {
            members.entry(row.household_id).or_default().push(row);
        }
        let those = any_of(household_tag::Column::HouseholdId, ids(), ctx.backend());
        let carried = unscoped::<household_tag::Entity>().filter(those).all(db).await?;
        let sensitive = unscoped::<tag::Entity>().filter(tag::Column::Sensitive.eq(true)).all(db).await?;
        let visits = of_visits(&ctx, keys.iter().map(|key| key.0)).await?;
        let demands = of_demands(&ctx, ids()).await?;
        let tasks = of_tasks(&ctx, ids()).await?;
        let mut files = of_files(&ctx, ids()).await?;
        let mut consents = ConsentsOf::load(ctx.clone(), ids().map(ConsentsOf).collect()).await?;
        let retention = ctx.keep()?.retention;
        let held = households.into_iter().map(|household| {
            let id = household.id;
            let tags = carried.iter().filter(|row| row.household_id == id);
            let mut tags = tags.filter(|row| sensitive.iter().any(|tag| tag.code == row.tag));
            let sensitive_tags = tags.next().is_some();
            let members = members.remove(&id).unwrap_or_default();
            let consents = consents.remove(&ConsentsOf(id)).unwrap_or_default();
            let visits = visits.get(&id).copied().unwrap_or_default();
            let demands = demands.get(&id).copied().unwrap_or_default();
            let tasks = tasks.get(&id).copied().unwrap_or_default();
            let files = files.remove(&id).unwrap_or_default();
            let stored = Stored { household, members, sensitive_tags, visits, demands, tasks, files };
            let item = |entry: &Entry| {
                let is_held = (entry.held)(&stored);
                let consent = consents.iter().find(|one| Some(one.purpose) == entry.consent);
                let since = consent.and_then(|one| one.given_on).or(stored.household.registered_on);
                HeldItem {
                    field: entry.field,
                    data_class: entry.class,
                    is_held,
                    ground: entry.ground(),
                    since: since.filter(|_| is_held),
                    kept_days: entry.kept(&retention),
                }
            };
            (Self(id), HELD.iter().map(item).collect())
        });
        Ok(held.collect())
    }
}
