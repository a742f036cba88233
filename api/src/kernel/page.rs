//! Pages: which rows come next. Keyset by row value, one bounded branch for each root of the scope, the children of
//! many parents in one statement.

use super::{
    door::{Gate, Guarded, any_of, unscoped},
    error::{Code, Error, Fault, Result},
    request::Ctx,
    vault,
};
use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value as GqlValue};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::{
    ColumnTrait, ColumnType, Condition, DbBackend, DbErr, FromQueryResult, PartialModelTrait, QueryFilter,
    QueryOrder, QueryResult, QuerySelect, QueryTrait, Statement, Value,
    sea_query::{Alias, Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement, UnionType},
};
use std::{collections::HashMap, fmt::Write, str::FromStr};
use uuid::Uuid;

/// Rows on a page when nothing is said.
pub const DEFAULT: u64 = 20;
/// Rows on a page at the most.
pub const MOST: u64 = 100;

/// Where a page begins or ends; opaque. It belongs to one list with its filter and order: another list refuses it
/// (`CURSOR_MISMATCH`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub String);

/// Where a page begins or ends; opaque. It belongs to one list with its filter and order: another list refuses it
/// (`CURSOR_MISMATCH`).
#[Scalar(specified_by_url = "https://relay.dev/graphql/connections.htm#sec-Cursor")]
impl ScalarType for Cursor {
    fn parse(value: GqlValue) -> InputValueResult<Self> {
        match value {
            GqlValue::String(text) => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> GqlValue {
        GqlValue::String(self.0.clone())
    }
}

/// How a list runs: by a column, or by the id alone; the id always breaks ties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    /// The column's name; none for the id alone.
    pub column: Option<&'static str>,
    /// From the greatest down.
    pub descending: bool,
}

/// Where a page begins: the value of the order column as text, and the id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    pub(super) value: Option<String>,
    pub(super) id: Uuid,
}

/// The arguments of a connection as a client gives them.
#[derive(Clone, Debug, Default)]
pub struct PageArgs {
    /// How many from the front.
    pub first: Option<i32>,
    /// After which cursor.
    pub after: Option<String>,
    /// How many from the back.
    pub last: Option<i32>,
    /// Before which cursor.
    pub before: Option<String>,
}

/// A page: how many, which way, from where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Page {
    /// How many rows.
    pub size: u64,
    backward: bool,
    pub(super) from: Option<Mark>,
}

/// What a cursor is good for: the list, its filter and its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp(String);

impl Stamp {
    /// A stamp of the list with this filter and order.
    pub fn new(list: &str, filter: &impl std::fmt::Debug, run: Run) -> Self {
        let hash = vault::digest(&format!("{list} {filter:?} {run:?}"));
        Self(URL_SAFE_NO_PAD.encode(&hash[..6]))
    }

    pub(super) fn cursor(&self, mark: &Mark) -> String {
        let text = serde_json::json!([self.0, mark.value, mark.id]).to_string();
        URL_SAFE_NO_PAD.encode(text)
    }

    fn read(&self, cursor: &str) -> Result<Mark> {
        let read = || -> Option<(String, Option<String>, Uuid)> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
        };
        match read() {
            Some((stamp, value, id)) if stamp == self.0 => Ok(Mark { value, id }),
            _ => Err(Fault::new(
                Code::CursorMismatch,
                "游标属于另一个列表（筛选或排序已变）；请从第一页重新开始。",
                "The cursor belongs to another list (another filter or order); begin again at the first page.",
            )
            .into()),
        }
    }
}

impl PageArgs {
    /// The arguments as they come in.
    #[must_use]
    pub fn new(first: Option<i32>, after: Option<Cursor>, last: Option<i32>, before: Option<Cursor>) -> Self {
        Self { first, after: after.map(|cursor| cursor.0), last, before: before.map(|cursor| cursor.0) }
    }

    /// Checks the arguments against each other and the limits.
    pub fn page(self, stamp: &Stamp) -> Result<Page> {
        let forward = self.first.is_some() || self.after.is_some();
        let backward = self.last.is_some() || self.before.is_some();
        if forward && backward {
            return Err(Fault::input(
                "first/after 与 last/before 不能同时使用。",
                "Use either first and after, or last and before.",
            )
            .into());
        }
        let size = match self.first.or(self.last) {
            None => DEFAULT,
            Some(size) => u64::try_from(size).ok().filter(|&size| size <= MOST).ok_or_else(|| {
                Error::from(Fault::input(
                    format!("每页 0 至 {MOST} 条，给出的是 {size}。"),
                    format!("A page has 0 to {MOST} rows; {size} was asked for."),
                ))
            })?,
        };
        let from = self.after.or(self.before).map(|cursor| stamp.read(&cursor)).transpose()?;
        Ok(Page { size, backward, from })
    }
}

/// One page of rows, each with its cursor.
#[derive(Clone, Debug)]
pub struct Slice<R> {
    /// Rows in the order of the list.
    pub rows: Vec<(String, R)>,
    /// Whether there are rows after the last.
    pub has_next: bool,
    /// Whether there are rows before the first.
    pub has_previous: bool,
}

/// What a list asks of a table.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Conditions beside the scope.
    pub filter: Condition,
    /// The order.
    pub run: Run,
    /// The page.
    pub page: Page,
    /// What its cursors are good for.
    pub stamp: Stamp,
}

struct Marked<R> {
    row: R,
    mark: Mark,
    parent: Option<Uuid>,
}

impl<R: FromQueryResult> FromQueryResult for Marked<R> {
    fn from_query_result(result: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let mark = Mark { value: result.try_get(prefix, "mark_")?, id: result.try_get(prefix, "mark_id")? };
        let row = R::from_query_result(result, prefix)?;
        Ok(Self { row, mark, parent: result.try_get(prefix, "parent_")? })
    }
}

/// One list over one table: how its columns are named and compared.
struct List<'a, E: Guarded> {
    ask: &'a Ask,
    backend: DbBackend,
    id: E::Column,
    order: Option<E::Column>,
}

impl<'a, E: Guarded> List<'a, E> {
    fn new(ask: &'a Ask, backend: DbBackend) -> Result<Self> {
        let column = |name: &str| {
            E::Column::from_str(name)
                .map_err(|_| Error::internal(format!("{} has no {name}", E::default().as_str())))
        };
        Ok(Self { ask, backend, id: column("id")?, order: ask.run.column.map(column).transpose()? })
    }

    fn direction(&self) -> Order {
        if self.ask.run.descending == self.ask.page.backward { Order::Asc } else { Order::Desc }
    }

    fn beyond(&self) -> Result<Option<Expr>> {
        let Some(mark) = &self.ask.page.from else { return Ok(None) };
        let id = Expr::val(Value::from(mark.id));
        let (columns, values) = match (self.order, &mark.value) {
            (Some(order), Some(value)) => (
                Expr::tuple([Expr::col(order.as_column_ref()), Expr::col(self.id.as_column_ref())]),
                Expr::tuple([Expr::val(typed(order, value, self.backend)?), id]),
            ),
            _ => (Expr::col(self.id.as_column_ref()), id),
        };
        Ok(Some(match self.direction() {
            Order::Asc => columns.gt(values),
            _ => columns.lt(values),
        }))
    }

    /// The first ids of one branch, by its index.
    fn branch(&self, branch: Condition, parent: Option<&Expr>) -> Result<SelectStatement> {
        let mut select = unscoped::<E>()
            .select_only()
            .column(self.id)
            .filter(branch)
            .filter(self.ask.filter.clone())
            .filter(Condition::all().add_option(parent.cloned()).add_option(self.beyond()?));
        if let Some(order) = self.order {
            select = select.column_as(order, "mark_").order_by(order, self.direction());
        }
        Ok(select.order_by(self.id, self.direction()).limit(self.ask.page.size + 1).into_query())
    }

    /// The first ids of all branches together.
    fn merged(&self, gate: Gate, parent: Option<&Expr>) -> Result<Option<SelectStatement>> {
        let branches = gate.branches().into_iter().map(|branch| self.branch(branch, parent));
        let mut branches = branches.collect::<Result<Vec<_>>>()?.into_iter();
        let Some(first) = branches.next() else { return Ok(None) };
        if branches.len() == 0 {
            return Ok(Some(first));
        }
        let whole = |branch| {
            Query::select().column(sea_orm::sea_query::Asterisk).from_subquery(branch, Alias::new("b")).take()
        };
        let mut union = whole(first);
        for branch in branches {
            union.union(UnionType::Distinct, whole(branch));
        }
        let mut select = Query::select();
        select.column(Alias::new("id")).from_subquery(union, Alias::new("u"));
        if self.order.is_some() {
            select.order_by(Alias::new("mark_"), self.direction());
        }
        select.order_by(Alias::new("id"), self.direction()).limit(self.ask.page.size + 1);
        Ok(Some(select))
    }

    fn ids(merged: SelectStatement) -> SelectStatement {
        Query::select().column(Alias::new("id")).from_subquery(merged, Alias::new("m")).take()
    }

    /// The ids of the first rows of each parent: LATERAL in PostgreSQL, a branch for each parent in SQLite.
    fn ids_of(&self, gate: &Gate, via: E::Column, parents: &[Uuid]) -> Result<Option<SelectStatement>> {
        let via = Expr::col(via.as_column_ref());
        if self.backend == DbBackend::Postgres {
            let parent = via.eq(Expr::col((Alias::new("p"), Alias::new("id"))));
            let Some(merged) = self.merged(gate.clone(), Some(&parent))? else { return Ok(None) };
            let list = Func::cust(Alias::new("unnest")).arg(Expr::val(Value::from(parents.to_vec())));
            let parents = Query::select().expr_as(list, Alias::new("id")).take();
            return Ok(Some(
                Query::select()
                    .column((Alias::new("c"), Alias::new("id")))
                    .from_subquery(parents, Alias::new("p"))
                    .join_lateral(JoinType::InnerJoin, merged, Alias::new("c"), Expr::val(true))
                    .take(),
            ));
        }
        let mut all: Option<SelectStatement> = None;
        for &parent in parents {
            let parent = via.clone().eq(Value::from(parent));
            let Some(merged) = self.merged(gate.clone(), Some(&parent))? else { return Ok(None) };
            let ids = Self::ids(merged);
            match &mut all {
                None => all = Some(ids),
                Some(all) => _ = all.union(UnionType::All, ids),
            }
        }
        Ok(all)
    }

    async fn read<R>(&self, ctx: &Ctx, ids: SelectStatement, via: Option<E::Column>) -> Result<Vec<Marked<R>>>
    where
        R: PartialModelTrait + Send,
    {
        let mut select = R::select_cols(unscoped::<E>().select_only()).column_as(self.id, "mark_id");
        select = match self.order {
            Some(order) => select
                .column_as(Expr::col(order.as_column_ref()).cast_as(Alias::new("text")), "mark_")
                .order_by(order, self.direction()),
            None => select.column_as(Expr::val(Option::<String>::None).cast_as(Alias::new("text")), "mark_"),
        };
        select = match via {
            Some(via) => select.column_as(via, "parent_"),
            None => {
                let none = Expr::val(Option::<Uuid>::None);
                let none =
                    if self.backend == DbBackend::Postgres { none.cast_as(Alias::new("uuid")) } else { none };
                select.column_as(none, "parent_")
            }
        };
        let select = select.filter(self.id.in_subquery(ids)).order_by(self.id, self.direction());
        let statement = with_limits(self.backend.build(&select.into_query()));
        Ok(Marked::<R>::find_by_statement(statement).all(ctx.db().read()).await?)
    }

    fn slice<R>(&self, rows: Vec<(Mark, R)>) -> Slice<R> {
        slice(rows, &self.ask.page, &self.ask.stamp)
    }
}

/// Writes the numbers of rows into the text. To PostgreSQL a parameter there is a tenth of the table: for a statement that
/// it has planned once for all it then reads the table whole.
fn with_limits(mut statement: Statement) -> Statement {
    const LIMIT: &str = " LIMIT $";
    let Some(values) = &statement.values else { return statement };
    let mut pieces = statement.sql.split(LIMIT);
    let mut sql = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
        let (number, rest) = piece.split_at(end);
        let value = number.parse::<usize>().ok().and_then(|number| values.0.get(number.checked_sub(1)?));
        match value {
            Some(Value::BigUnsigned(Some(rows))) => _ = write!(sql, " LIMIT {rows}"),
            _ => _ = write!(sql, "{LIMIT}{number}"),
        }
        sql.push_str(rest);
    }
    statement.sql = sql;
    statement
}

/// The rows of a page, of which one more was read to know whether there are more.
fn slice<R>(mut rows: Vec<(Mark, R)>, page: &Page, stamp: &Stamp) -> Slice<R> {
    let size = usize::try_from(page.size).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    if page.backward {
        rows.reverse();
    }
    let rows = rows.into_iter().map(|(mark, row)| (stamp.cursor(&mark), row)).collect();
    let behind = page.from.is_some();
    let (has_next, has_previous) = if page.backward { (behind, more) } else { (more, behind) };
    Slice { rows, has_next, has_previous }
}

/// How PostgreSQL writes a moment as text: `2026-11-23 02:27:27.674+00`.
const MOMENT: &str = "%Y-%m-%d %H:%M:%S%.f%#z";

/// A mark as a value of its column. SQLite keeps moments as texts, as which they are compared, too.
fn typed<C: ColumnTrait>(column: C, text: &str, backend: DbBackend) -> Result<Value> {
    let mismatch = || Error::from(Fault::new(Code::CursorMismatch, "游标无效。", "The cursor is not valid."));
    Ok(match column.def().get_column_type() {
        ColumnType::Date => Value::from(text.parse::<chrono::NaiveDate>().map_err(|_| mismatch())?),
        ColumnType::Integer => Value::from(text.parse::<i32>().map_err(|_| mismatch())?),
        ColumnType::TimestampWithTimeZone if backend == DbBackend::Postgres => {
            let moment = chrono::DateTime::parse_from_str(text, MOMENT).map_err(|_| mismatch())?;
            Value::from(moment.to_utc())
        }
        _ => Value::from(text),
    })
}

/// One page of a list under the scope.
pub async fn list<E: Guarded, R: PartialModelTrait + Send>(ctx: &Ctx, ask: &Ask) -> Result<Slice<R>> {
    let list = List::<E>::new(ask, ctx.backend())?;
    let merged =
        if ask.page.size == 0 { None } else { list.merged(E::gate(ctx.scope(), ctx.backend()), None)? };
    let rows = match merged {
        Some(merged) => list.read::<R>(ctx, List::<E>::ids(merged), None).await?,
        None => Vec::new(),
    };
    Ok(list.slice(rows.into_iter().map(|row| (row.mark, row.row)).collect()))
}

/// One page of the children of each parent, in one statement.
pub async fn children<E: Guarded, R: PartialModelTrait + Send>(
    ctx: &Ctx,
    ask: &Ask,
    via: E::Column,
    parents: &[Uuid],
) -> Result<HashMap<Uuid, Slice<R>>> {
    let list = List::<E>::new(ask, ctx.backend())?;
    let gate = E::gate(ctx.scope(), ctx.backend());
    let ids = if ask.page.size == 0 { None } else { list.ids_of(&gate, via, parents)? };
    let mut of: HashMap<Uuid, Vec<(Mark, R)>> = parents.iter().map(|&parent| (parent, Vec::new())).collect();
    if let Some(ids) = ids {
        for row in list.read::<R>(ctx, ids, Some(via)).await? {
            if let Some(rows) = row.parent.and_then(|parent| of.get_mut(&parent)) {
                rows.push((row.mark, row.row));
            }
        }
    }
    Ok(of.into_iter().map(|(parent, rows)| (parent, list.slice(rows))).collect())
}

/// One page of rows that are all at hand already: a plan that was worked out, not a table. The order is theirs.
pub fn of_all<R>(args: PageArgs, stamp: &Stamp, rows: Vec<R>) -> Result<Slice<R>> {
    let page = args.page(stamp)?;
    let number = |at: usize| Uuid::from_u128(u128::try_from(at).unwrap_or(u128::MAX));
    let rows = rows.into_iter().enumerate().map(|(at, row)| (None, number(at), row)).collect();
    Ok(cut(rows, Run { column: None, descending: false }, &page, stamp))
}

/// One page of rows that are all at hand, each with the value that they are ordered by.
pub fn cut<R>(rows: Vec<(Option<String>, Uuid, R)>, run: Run, page: &Page, stamp: &Stamp) -> Slice<R> {
    let mut rows: Vec<(Mark, R)> =
        rows.into_iter().map(|(value, id, row)| (Mark { value, id }, row)).collect();
    let place = |mark: &Mark| (mark.value.clone(), mark.id);
    rows.sort_by_key(|(mark, _)| place(mark));
    let descending = run.descending != page.backward;
    if descending {
        rows.reverse();
    }
    if let Some(from) = &page.from {
        let from = place(from);
        rows.retain(|(mark, _)| if descending { place(mark) < from } else { place(mark) > from });
    }
    slice(rows, page, stamp)
}

#[derive(FromQueryResult)]
struct Counted {
    parent: Option<Uuid>,
    n: i64,
}

/// How many rows there are under the scope.
pub async fn count<E: Guarded>(ctx: &Ctx, filter: Condition) -> Result<i64> {
    let select = unscoped::<E>()
        .select_only()
        .column_as(Expr::val(Option::<Uuid>::None).cast_as(Alias::new(uuid_type(ctx.backend()))), "parent")
        .column_as(Expr::cust("count(*)"), "n")
        .filter(E::gate(ctx.scope(), ctx.backend()).condition())
        .filter(filter);
    Ok(select.into_model::<Counted>().one(ctx.db().read()).await?.map_or(0, |row| row.n))
}

/// How many children each parent has under the scope, in one statement.
pub async fn count_children<E: Guarded>(
    ctx: &Ctx,
    filter: Condition,
    via: E::Column,
    parents: &[Uuid],
) -> Result<HashMap<Uuid, i64>> {
    let rows = unscoped::<E>()
        .select_only()
        .column_as(via, "parent")
        .column_as(Expr::cust("count(*)"), "n")
        .filter(any_of(via, parents.iter().copied(), ctx.backend()))
        .filter(E::gate(ctx.scope(), ctx.backend()).condition())
        .filter(filter)
        .group_by(via)
        .into_model::<Counted>()
        .all(ctx.db().read())
        .await?;
    let mut counts: HashMap<_, _> = parents.iter().map(|&parent| (parent, 0)).collect();
    counts.extend(rows.into_iter().filter_map(|row| Some((row.parent?, row.n))));
    Ok(counts)
}

fn uuid_type(backend: DbBackend) -> &'static str {
    if backend == DbBackend::Postgres { "uuid" } else { "blob" }
}
