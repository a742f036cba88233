//! A node of the graph: a GraphQL type that reads its own columns of one guarded table. What every room needs of it is
//! here once: by id, as a list, as the children of a parent, and their counts.

use super::{
    access::Way,
    connection::{Connection, Count},
    door::{Guarded, any_of},
    error::{Error, Fault, Result},
    page::{self, Ask, Page, PageArgs, Run, Slice, Stamp},
    request::Ctx,
    rows::Key,
    scope::Scope,
};
use async_graphql::{Context, Enum, InputObject, InputType, OutputType, TypeName};
use futures_util::FutureExt;
use sea_orm::{Condition, DbBackend, EntityTrait, PartialModelTrait, QueryFilter, QuerySelect};
use std::{
    borrow::Cow, collections::HashMap, fmt::Debug, hash::Hash, marker::PhantomData, str::FromStr, sync::Arc,
};
use uuid::Uuid;

/// A GraphQL type with a table.
pub trait Node: PartialModelTrait + OutputType + Clone + Send + Sync + 'static {
    /// Its table.
    type Entity: Guarded;
    /// The conditions that clients may set on lists of it.
    type Where: Filter;
    /// The orders that an index serves.
    type Order: Ordering;
    /// The prefix of its ids.
    const NAME: &'static str;

    /// Its id.
    fn uuid(&self) -> Uuid;

    /// What must hold of the rows of a list for its order to tell nothing that is hidden.
    fn ordered(_scope: &Scope, _backend: DbBackend, _run: Run) -> Condition {
        Condition::all()
    }

    /// Hides what the viewer may not see of it.
    fn seen(&mut self, _scope: &Scope, _way: Way) {}
}

/// Conditions of a list as clients set them.
pub trait Filter: Clone + Debug + Default + Eq + Hash + Send + Sync + 'static {
    /// As SQL. A condition that cannot hold is refused here.
    fn condition(&self, ctx: &Ctx) -> impl Future<Output = Result<Condition>> + Send;
}

/// Orders of a list.
pub trait Ordering: Copy + Debug + Eq + Hash + InputType + Send + Sync + 'static {
    /// The column; none for the id.
    fn column(self) -> Option<&'static str>;

    /// The order when nothing is said.
    fn usual() -> Run;
}

/// No conditions: of records that are in no list of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Any;

impl Filter for Any {
    async fn condition(&self, _: &Ctx) -> Result<Condition> {
        Ok(Condition::all())
    }
}

/// The order of the ids, for the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum AsMade {
    /// When it was made.
    CreatedAt,
}

impl Ordering for AsMade {
    fn column(self) -> Option<&'static str> {
        None
    }

    fn usual() -> Run {
        Run { column: None, descending: false }
    }
}

/// Which way a list runs (排序方向).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum Direction {
    /// From the smallest up (升序).
    Asc,
    /// From the greatest down (降序).
    Desc,
}

/// One order: a field and a direction. The id always comes last, so that pages never overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, InputObject)]
#[graphql(name_type)]
pub struct OrderBy<F: Ordering> {
    /// By what the list is ordered.
    pub field: F,
    /// Which way.
    pub direction: Direction,
}

impl<F: Ordering> TypeName for OrderBy<F> {
    fn type_name() -> Cow<'static, str> {
        F::type_name().trim_end_matches("Field").to_owned().into()
    }
}

fn run_of<F: Ordering>(orders: Option<Vec<OrderBy<F>>>) -> Result<Run> {
    match orders.unwrap_or_default().as_slice() {
        [] => Ok(F::usual()),
        [one] => Ok(Run { column: one.field.column(), descending: one.direction == Direction::Desc }),
        _ => Err(Fault::input(
            "orderBy 目前只接受一项，其后总按 id。",
            "orderBy takes one entry at present; the id always follows.",
        )
        .into()),
    }
}

/// The question for one node by its id.
pub struct ById<N>(Uuid, PhantomData<fn() -> N>);

impl<N> ById<N> {
    /// The node of this id.
    pub fn new(id: impl Into<Uuid>) -> Self {
        Self(id.into(), PhantomData)
    }
}

impl<N> Clone for ById<N> {
    fn clone(&self) -> Self {
        Self(self.0, PhantomData)
    }
}

impl<N> PartialEq for ById<N> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<N> Eq for ById<N> {}

impl<N> Hash for ById<N> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

fn id_column<E: EntityTrait>() -> Result<E::Column> {
    E::Column::from_str("id").map_err(|_| Error::internal("a node without an id"))
}

impl<N: Node> Key for ById<N> {
    type Value = N;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, N>> {
        let ids = any_of(id_column::<N::Entity>()?, keys.iter().map(|key| key.0), ctx.backend());
        let rows = N::select_cols(ctx.within::<N::Entity>().select_only()).filter(ids);
        let rows = rows.into_model::<N>().all(ctx.db().read()).await?;
        Ok(rows
            .into_iter()
            .map(|mut row| {
                row.seen(ctx.scope(), Way::One);
                (Self::new(row.uuid()), row)
            })
            .collect())
    }
}

impl Ctx {
    /// One node by its id, if the viewer may see it.
    pub async fn node<N: Node>(&self, id: impl Into<Uuid>) -> Result<Option<N>> {
        self.load(ById::<N>::new(id)).await
    }

    /// Those of some ids that the viewer may see and for which a condition holds, in one statement; each is at hand for
    /// `node` then.
    pub async fn those<N: Node>(&self, ids: &[Uuid], condition: Condition) -> Result<Vec<N>> {
        let ids = any_of(id_column::<N::Entity>()?, ids.iter().copied(), self.backend());
        let rows = N::select_cols(self.within::<N::Entity>().select_only()).filter(ids).filter(condition);
        let mut rows = rows.into_model::<N>().all(self.db().read()).await?;
        for row in &mut rows {
            row.seen(self.scope(), Way::One);
        }
        self.remember(rows.iter().map(|row| (ById::<N>::new(row.uuid()), row.clone())));
        Ok(rows)
    }

    /// The node that a relation points to; null when it is outside the viewer's scope.
    pub async fn edge<N: Node>(&self, id: Option<impl Into<Uuid>>) -> Option<Result<N>> {
        self.node(id?).await.transpose()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Plan<F> {
    via: &'static str,
    filter: F,
    run: Run,
    page: Page,
}

struct Children<N: Node> {
    parent: Uuid,
    plan: Arc<Plan<N::Where>>,
}

struct ChildCount<N: Node> {
    parent: Uuid,
    via: &'static str,
    filter: Arc<N::Where>,
}

macro_rules! by_value {
    ($name:ident, $($field:ident),*) => {
        impl<N: Node> Clone for $name<N> {
            fn clone(&self) -> Self {
                Self { $($field: self.$field.clone()),* }
            }
        }

        impl<N: Node> PartialEq for $name<N> {
            fn eq(&self, other: &Self) -> bool {
                $(self.$field == other.$field)&&*
            }
        }

        impl<N: Node> Eq for $name<N> {}

        impl<N: Node> Hash for $name<N> {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                $(self.$field.hash(state);)*
            }
        }
    };
}

by_value!(Children, parent, plan);
by_value!(ChildCount, parent, via, filter);

/// Keys of one batch that differ in their parent alone.
fn groups<K, P: Eq + Hash>(keys: &[K], plan: impl Fn(&K) -> (P, Uuid)) -> HashMap<P, Vec<Uuid>> {
    let mut groups: HashMap<P, Vec<Uuid>> = HashMap::new();
    for key in keys {
        let (plan, parent) = plan(key);
        groups.entry(plan).or_default().push(parent);
    }
    groups
}

fn via<N: Node>(name: &str) -> Result<<N::Entity as EntityTrait>::Column> {
    <N::Entity as EntityTrait>::Column::from_str(name)
        .map_err(|_| Error::internal(format!("no column {name}")))
}

impl<N: Node> Key for Children<N> {
    type Value = Slice<N>;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Slice<N>>> {
        let mut answers = HashMap::new();
        for (plan, parents) in groups(&keys, |key| (Arc::clone(&key.plan), key.parent)) {
            let ask = ask::<N>(&ctx, &plan).await?;
            let slices = page::children::<N::Entity, N>(&ctx, &ask, via::<N>(plan.via)?, &parents).await?;
            for (parent, slice) in slices {
                answers.insert(Self { parent, plan: Arc::clone(&plan) }, shown(&ctx, slice));
            }
        }
        Ok(answers)
    }
}

impl<N: Node> Key for ChildCount<N> {
    type Value = i64;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, i64>> {
        let mut answers = HashMap::new();
        for ((via_name, filter), parents) in
            groups(&keys, |key| ((key.via, Arc::clone(&key.filter)), key.parent))
        {
            let condition = filter.condition(&ctx).await?;
            let counts =
                page::count_children::<N::Entity>(&ctx, condition, via::<N>(via_name)?, &parents).await?;
            answers.extend(
                counts
                    .into_iter()
                    .map(|(parent, n)| (Self { parent, via: via_name, filter: Arc::clone(&filter) }, n)),
            );
        }
        Ok(answers)
    }
}

async fn ask<N: Node>(ctx: &Ctx, plan: &Plan<N::Where>) -> Result<Ask> {
    Ok(Ask {
        filter: plan.filter.condition(ctx).await?.add(N::ordered(ctx.scope(), ctx.backend(), plan.run)),
        run: plan.run,
        page: plan.page.clone(),
        stamp: stamp::<N>(&plan.filter, plan.run),
    })
}

fn stamp<N: Node>(filter: &N::Where, run: Run) -> Stamp {
    Stamp::new(N::NAME, filter, run)
}

fn shown<N: Node>(ctx: &Ctx, mut slice: Slice<N>) -> Slice<N> {
    for (_, row) in &mut slice.rows {
        row.seen(ctx.scope(), Way::Listed);
    }
    slice
}

/// What a client says of a list: conditions, order and page.
#[derive(Clone, Debug)]
pub struct Listing<N: Node> {
    /// Conditions.
    pub filter: Option<N::Where>,
    /// Order.
    pub order_by: Option<Vec<OrderBy<N::Order>>>,
    /// Page.
    pub page: PageArgs,
}

/// Whether the rows of a connection are asked for, or only their count.
fn wants_rows(gql: &Context<'_>) -> bool {
    ["nodes", "edges", "pageInfo"].into_iter().any(|field| gql.look_ahead().field(field).exists())
}

/// A list of all that the viewer may see.
pub async fn list<N: Node>(gql: &Context<'_>, listing: Listing<N>) -> Result<Connection<N>> {
    let ctx = gql.data_unchecked::<Ctx>().clone();
    let filter = listing.filter.unwrap_or_default();
    let run = run_of(listing.order_by)?;
    let stamp = stamp::<N>(&filter, run);
    let mut page = listing.page.page(&stamp)?;
    if !wants_rows(gql) {
        page.size = 0;
    }
    let condition = filter.condition(&ctx).await?.add(N::ordered(ctx.scope(), ctx.backend(), run));
    let ask = Ask { filter: condition.clone(), run, page, stamp };
    let slice = shown(&ctx, page::list::<N::Entity, N>(&ctx, &ask).await?);
    let count: Count = Arc::new(move || {
        let (ctx, condition) = (ctx.clone(), condition.clone());
        async move { page::count::<N::Entity>(&ctx, condition).await }.boxed()
    });
    Ok(Connection::new(slice, count))
}

/// The children of one parent by the column that points to it; those of all parents come in one statement.
pub async fn children<N: Node>(
    gql: &Context<'_>,
    via: &'static str,
    parent: impl Into<Uuid>,
    listing: Listing<N>,
) -> Result<Connection<N>> {
    let ctx = gql.data_unchecked::<Ctx>().clone();
    let parent = parent.into();
    let filter = listing.filter.unwrap_or_default();
    let run = run_of(listing.order_by)?;
    let mut page = listing.page.page(&stamp::<N>(&filter, run))?;
    if !wants_rows(gql) {
        page.size = 0;
    }
    let slice = if page.size == 0 {
        Slice { rows: Vec::new(), has_next: false, has_previous: false }
    } else {
        let plan = Arc::new(Plan { via, filter: filter.clone(), run, page });
        let slice = ctx.load(Children::<N> { parent, plan }).await?;
        slice.ok_or_else(|| Error::internal("children without an answer"))?
    };
    let filter = Arc::new(filter);
    let count: Count = Arc::new(move || {
        let (ctx, filter) = (ctx.clone(), Arc::clone(&filter));
        async move {
            let count = ctx.load(ChildCount::<N> { parent, via, filter }).await?;
            count.ok_or_else(|| Error::internal("a count without an answer"))
        }
        .boxed()
    });
    Ok(Connection::new(slice, count))
}

/// A page of nodes that are all at hand, and their number; `value` is what a node is ordered by.
pub fn at_hand<N: Node>(
    listing: Listing<N>,
    nodes: Vec<N>,
    value: impl Fn(&N, Option<&str>) -> Option<String>,
) -> Result<Connection<N>> {
    let run = run_of(listing.order_by)?;
    let stamp = stamp::<N>(&listing.filter.unwrap_or_default(), run);
    let page = listing.page.page(&stamp)?;
    let number = i64::try_from(nodes.len()).unwrap_or(i64::MAX);
    let rows = nodes.into_iter().map(|node| (value(&node, run.column), node.uuid(), node)).collect();
    let count: Count = Arc::new(move || async move { Ok(number) }.boxed());
    Ok(Connection::new(page::cut(rows, run, &page, &stamp), count))
}
