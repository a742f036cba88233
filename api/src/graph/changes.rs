//! `changes`: what became of the records that the viewer may see, as it happens.
//!
//! Another kind of record is a line in `subjects!`, and its `Subject`.

use super::node::Node;
use crate::{
    contact::object::ContactAssignment,
    demand::object::Demand,
    enterprise::object::Enterprise,
    household::object::Household,
    kernel::{
        connection::Cursor,
        directive::{DataClass, auth, class, cost, may, see},
        error::{Fault, Result},
        filter::in_region,
        live::{self, BEGIN, Event, ResyncReason, Teller, Told, What},
        log::Line,
        node,
        policy::{May, Resource},
        record::camel,
        request::Ctx,
        scope::Scope,
    },
    task::object::Task,
    visit::object::Visit,
};
use async_graphql::{Context, Enum, ID, Interface, MaybeUndefined, Object, Subscription, registry::MetaType};
use entity::{
    id::{self, AssignmentId, DemandId, EnterpriseId, HouseholdId, RegionId, TaskId, VisitId},
    kind::ChangeKind,
    scalar::DateTime,
};
use futures_util::{FutureExt, Stream, future::BoxFuture, stream};
use std::{collections::HashMap, sync::Arc};
use uuid::Uuid;

/// A record whose changes are told.
trait Subject: node::Node {
    /// What its type is called.
    const TYPE: &'static str;

    /// Names of its fields that the viewer may not see.
    fn withheld(&self) -> Vec<&'static str>;
}

/// How columns are named to clients that are not named alike, or are parts of a field.
const SPOKEN: &[(&str, &str)] = &[("latitude", "location"), ("longitude", "location")];

macro_rules! subjects {
    ($($(#[$doc:meta])* $name:ident = $id:ident, $kind:ident, $withheld:expr;)*) => {
        /// What changed (变更对象类型). Clients treat a kind that they don't know as one that is not for them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
        pub enum ChangeSubject {
            $($(#[$doc])* $name,)*
        }

        $(impl Subject for $kind {
            const TYPE: &'static str = stringify!($kind);

            fn withheld(&self) -> Vec<&'static str> {
                let withheld: fn(&Self) -> Vec<&'static str> = $withheld;
                withheld(self)
            }
        })*

        impl ChangeSubject {
            const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The prefix of its ids.
            fn prefix(self) -> &'static str {
                match self { $(Self::$name => $id::PREFIX,)* }
            }

            /// Those of some records that the viewer may see and that stand in the region, in one statement.
            async fn seen(self, ctx: &Ctx, ids: &[Uuid], region: &MaybeUndefined<RegionId>) -> Result<HashMap<Uuid, Seen>> {
                match self {
                    $(Self::$name => seen::<$kind>(ctx, ids, region, Node::$kind).await,)*
                }
            }
        }
    };
}

subjects! {
    /// A household (户).
    Household = HouseholdId, Household, Household::hidden;
    /// An enterprise (企业).
    Enterprise = EnterpriseId, Enterprise, Enterprise::hidden;
    /// A contact assignment (包联关系).
    Assignment = AssignmentId, ContactAssignment, |_| Vec::new();
    /// A visit (走访记录).
    Visit = VisitId, Visit, Visit::hidden;
    /// A demand (诉求).
    Demand = DemandId, Demand, Demand::hidden;
    /// A task (任务).
    Task = TaskId, Task, Task::hidden;
}

impl ChangeSubject {
    /// Whether the viewer could see the record of a line, by its place and id alone; where these don't tell, yes.
    fn could_see(self, scope: &Scope, line: &Line) -> bool {
        let place = line.place();
        match self {
            Self::Household => {
                let doors = &scope.household;
                doors.could_hold(&place) || doors.households.contains_key(&HouseholdId(line.entity_id))
            }
            Self::Enterprise => {
                let doors = &scope.enterprise;
                doors.could_hold(&place) || doors.enterprises.contains_key(&EnterpriseId(line.entity_id))
            }
            _ => true,
        }
    }
}

/// A record as the viewer sees it now.
#[derive(Clone)]
struct Seen {
    node: Node,
    of: &'static str,
    withheld: Vec<&'static str>,
}

async fn seen<N>(
    ctx: &Ctx,
    ids: &[Uuid],
    region: &MaybeUndefined<RegionId>,
    wrap: fn(N) -> Node,
) -> Result<HashMap<Uuid, Seen>>
where
    N: Subject,
{
    let within = in_region::<N::Entity>(ctx, region).await?;
    let rows = ctx.those::<N>(ids, within).await?;
    let seen = rows.into_iter().map(|row| {
        let (id, withheld) = (row.uuid(), row.withheld());
        (id, Seen { node: wrap(row), of: N::TYPE, withheld })
    });
    Ok(seen.collect())
}

/// Tells of changes of these kinds in a region.
struct Changes {
    kinds: Vec<ChangeSubject>,
    region: MaybeUndefined<RegionId>,
}

impl Changes {
    async fn told(&self, ctx: &Ctx, lines: &[Arc<Line>]) -> Result<Vec<(usize, Told)>> {
        let mut told = Vec::new();
        for &subject in &self.kinds {
            let about = lines.iter().enumerate().filter(|(_, line)| line.entity == subject.prefix());
            let about = about.filter(|(_, line)| subject.could_see(ctx.scope(), line));
            let about: Vec<_> = about.collect();
            if about.is_empty() {
                continue;
            }
            let mut ids: Vec<_> = about.iter().map(|(_, line)| line.entity_id).collect();
            ids.sort_unstable();
            ids.dedup();
            let seen = subject.seen(ctx, &ids, &self.region).await?;
            told.extend(about.into_iter().filter_map(|(place, line)| {
                let seen = seen.get(&line.entity_id)?.clone();
                let change: Told = Arc::new(Changed { subject, line: Arc::clone(line), seen });
                Some((place, change))
            }));
        }
        Ok(told)
    }
}

impl Teller for Changes {
    fn concerns(&self, line: &Line) -> bool {
        self.kinds.iter().any(|kind| kind.prefix() == line.entity)
    }

    fn tell<'a>(&'a self, ctx: &'a Ctx, lines: &'a [Arc<Line>]) -> BoxFuture<'a, Result<Vec<(usize, Told)>>> {
        self.told(ctx, lines).boxed()
    }
}

/// A line of the change log, and its record.
struct Changed {
    subject: ChangeSubject,
    line: Arc<Line>,
    seen: Seen,
}

/// One event of `changes` (变更事件): a change of a record, or a word on the stream itself. To go on later, keep the cursor
/// of the last one. Clients pass over types that they don't know.
#[derive(Interface)]
#[graphql(
    field(name = "cursor", ty = "Cursor", desc = "Give it as `after` to go on with what follows."),
    field(name = "at", ty = "DateTime", desc = "When it came about.")
)]
pub enum ChangeEvent {
    /// A change of a record.
    RecordChange(RecordChange),
    /// All until here was told.
    Checkpoint(Checkpoint),
    /// Something was left out.
    Resync(Resync),
}

/// A line of the change log as it is spoken.
pub struct RecordChange {
    cursor: Cursor,
    at: DateTime,
    changed: Arc<Changed>,
}

/// A change of one record that the viewer may see (记录变更). Several changes of one record come as several events, each
/// with the record as it is now.
#[Object]
impl RecordChange {
    /// Give it as `after` to go on with what follows.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn cursor(&self) -> Cursor {
        self.cursor.clone()
    }

    /// When the record was changed (变更时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn at(&self) -> DateTime {
        self.at
    }

    /// What happened to the record (变更类型).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn kind(&self) -> ChangeKind {
        self.changed.line.kind
    }

    /// What the record is (记录类型).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn subject(&self) -> ChangeSubject {
        self.changed.subject
    }

    /// The id of the record (记录标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn record_id(&self) -> ID {
        ID(id::spell(&self.changed.line.entity, self.changed.line.entity_id))
    }

    /// The version that the record had after this change (版本); by now it may have a later one.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn record_version(&self) -> i32 {
        self.changed.line.entity_version
    }

    /// Names of the fields of the record that were changed (变更字段), of those that the viewer may see, at most 60. It may be
    /// empty: what changed is not shown.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn changed_fields(&self, gql: &Context<'_>) -> Vec<String> {
        let Changed { line, seen, .. } = &*self.changed;
        let shown = |name: &String| !seen.withheld.contains(&name.as_str());
        let fields = gql.schema_env.registry.types.get(seen.of).and_then(MetaType::fields);
        let columns = line.columns.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
        let mut names: Vec<_> = columns
            .filter_map(|column| spoken(column).find(|name| fields.is_some_and(|all| all.contains_key(name))))
            .filter(shown)
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The record as it is now and as the viewer may see it (当前记录). Null when it is gone by now.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn node(&self) -> Option<Node> {
        Some(self.changed.seen.node.clone())
    }
}

/// All until here was told.
pub struct Checkpoint {
    cursor: Cursor,
    at: DateTime,
}

/// All before its cursor was told (检查点): the first event once what was missed has been told, and one each minute, whether
/// or not anything changed. A client that keeps its cursor has less to go through when it comes back.
#[Object]
impl Checkpoint {
    /// Give it as `after` to go on with what follows.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn cursor(&self) -> Cursor {
        self.cursor.clone()
    }

    /// When it was said.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn at(&self) -> DateTime {
        self.at
    }
}

/// Something was left out.
pub struct Resync {
    cursor: Cursor,
    at: DateTime,
    reason: ResyncReason,
}

/// Changes were left out (需重新同步): read anew, by lists, whatever is kept; the stream goes on after this cursor, so that
/// nothing is missed that happens meanwhile.
#[Object]
impl Resync {
    /// Give it as `after` to go on with what follows.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn cursor(&self) -> Cursor {
        self.cursor.clone()
    }

    /// When it was said.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn at(&self) -> DateTime {
        self.at
    }

    /// Why something was left out (原因).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn reason(&self) -> ResyncReason {
        self.reason
    }
}

impl ChangeEvent {
    /// As it is spoken; none where somebody else told it.
    fn of(Event { cursor, at, what }: Event) -> Option<Self> {
        Some(match what {
            What::Told(told) => {
                Self::RecordChange(RecordChange { cursor, at, changed: told.downcast().ok()? })
            }
            What::Checkpoint => Self::Checkpoint(Checkpoint { cursor, at }),
            What::Resync(reason) => Self::Resync(Resync { cursor, at, reason }),
        })
    }
}

/// The names by which a column may be known to clients, the likeliest first.
fn spoken(column: &str) -> impl Iterator<Item = String> + '_ {
    let own = SPOKEN.iter().find(|(name, _)| *name == column).map(|(_, field)| (*field).to_owned());
    own.into_iter().chain([camel(column)]).chain(column.strip_suffix("_id").map(camel))
}

/// What is heard of changes.
#[derive(Debug, Default)]
pub struct ChangesSubscription;

#[Subscription]
impl ChangesSubscription {
    /// Changes of records, as they happen and without a gap (变更订阅): each record that the viewer may see at that moment, by
    /// the rights of that moment; of others there is no event at all. Each event costs what is asked of it, taken from a budget
    /// of its own as large as that of requests; where it is spent, events wait. Requires what reading the records requires; it is
    /// silent to others.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(BEGIN), directive = auth::apply(see(&[Resource::Household, Resource::Enterprise, Resource::Assignment, Resource::Visit, Resource::Demand, Resource::Task])))]
    async fn changes(
        &self,
        gql: &Context<'_>,
        #[graphql(
            desc = "The cursor of the last event that was taken, to be told all since. From now on when nothing is said. After more than 30 days or 10 000 changes the first event is a `Resync`."
        )]
        after: Option<Cursor>,
        #[graphql(desc = "Of these kinds of records; of all when nothing is said.")] kinds: Option<
            Vec<ChangeSubject>,
        >,
        #[graphql(desc = "Of records that stand in this region: as they stand now.")] region: Option<
            RegionId,
        >,
    ) -> Result<impl Stream<Item = Option<ChangeEvent>>> {
        let event = live::step(gql, after, async |ctx| {
            let kinds = kinds.unwrap_or_else(|| ChangeSubject::ALL.to_vec());
            if kinds.is_empty() {
                return Err(Fault::input(
                    "kinds 不能为空列表；订阅全部类型时请省略。",
                    "kinds must not be empty; leave it out for all of them.",
                )
                .into());
            }
            let region = region.map_or(MaybeUndefined::Undefined, MaybeUndefined::Value);
            // Refuses a region that is not there.
            in_region::<entity::household::Entity>(ctx, &region).await?;
            Ok(Arc::new(Changes { kinds, region }))
        });
        Ok(stream::iter(event.await?.map(ChangeEvent::of)))
    }

    /// Steps of the open tasks that were given to the viewer or the viewer's departments (任务收件箱), as they happen and without a
    /// gap: a task that was just given is the first of them. Costs and cursors are those of `changes`. Requires `HANDLER`; it is
    /// silent to others.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(BEGIN), directive = auth::apply(may(May::HandleTask)))]
    async fn task_inbox(
        &self,
        gql: &Context<'_>,
        #[graphql(
            desc = "The cursor of the last event that was taken, to be told all since. From now on when nothing is said."
        )]
        after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Option<ChangeEvent>>> {
        let tasks = Changes { kinds: vec![ChangeSubject::Task], region: MaybeUndefined::Undefined };
        let event = live::step(gql, after, async |_| Ok(Arc::new(Inbox(tasks))));
        Ok(stream::iter(event.await?.map(ChangeEvent::of)))
    }
}

/// Tells of changes of the tasks that were given to the viewer and are open.
struct Inbox(Changes);

impl Teller for Inbox {
    fn concerns(&self, line: &Line) -> bool {
        self.0.concerns(line)
    }

    fn tell<'a>(&'a self, ctx: &'a Ctx, lines: &'a [Arc<Line>]) -> BoxFuture<'a, Result<Vec<(usize, Told)>>> {
        async {
            let given = |line: &Arc<Line>| ctx.scope().given.contains_key(&TaskId(line.entity_id));
            if !lines.iter().any(given) {
                return Ok(Vec::new());
            }
            let mut told = self.0.told(ctx, lines).await?;
            told.retain(|(place, _)| lines.get(*place).is_some_and(given));
            Ok(told)
        }
        .boxed()
    }
}
