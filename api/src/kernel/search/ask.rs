//! The question: bounded branches in the order of the ranks, merged.

use super::{
    super::{
        door::{Placed, unscoped},
        error::{Code, Fault, Result},
        page::Mark,
        place::{Level, Root},
        request::Ctx,
    },
    Kind, Row,
    narrow::Narrow,
    words::{BEGIN, Rank},
};
use entity::{
    cadre, enterprise, household, region,
    search_gram::{self, Column as Gram},
    search_text::{self, Column as Text},
};
use sea_orm::{
    ColumnTrait, Condition, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, QueryTrait,
    Value,
    sea_query::{
        Alias, Asterisk, Expr, ExprTrait, Func, IntoColumnRef, JoinType, Order, Query, SelectStatement,
        SubQueryStatement, UnionType, extension::postgres::PgFunc,
    },
};
use std::{collections::HashMap, str::FromStr};
use uuid::Uuid;

/// Right after a gram comes what begins with it and goes on.
const NEXT: char = '\u{1}';
/// Candidates of one branch that are held against their words: more than a township has of any pair.
const CANDIDATES: u64 = 10_000;
/// Rows of a pair that are counted to find the rarest.
const COUNTED: u64 = 500;
/// Pairs that are counted at the most.
const PAIRS_COUNTED: usize = 6;
/// Branches of each kind in which they are counted.
const BRANCHES_COUNTED: usize = 2;
/// Selects that SQLite puts together in one.
const TERMS: usize = 400;

/// Where a page goes on.
#[derive(Clone, Debug)]
pub(super) struct After {
    rank: i16,
    kind: i16,
    driver: usize,
    gram: String,
    id: Uuid,
}

impl After {
    pub(super) fn read(mark: &Mark) -> Result<Self> {
        let read = || {
            let (rank, kind, driver, gram) = serde_json::from_str(mark.value.as_deref()?).ok()?;
            Some(Self { rank, kind, driver, gram, id: mark.id })
        };
        read()
            .ok_or_else(|| Fault::new(Code::CursorMismatch, "游标无效。", "The cursor is not valid.").into())
    }
}

/// One search on its way.
pub(super) struct Asking<'a> {
    backend: DbBackend,
    narrow: &'a Narrow,
    /// The pair that drives it, and where it stands among those of the text.
    driver: usize,
    low: String,
    high: String,
    /// The text that candidates must hold.
    whole: Option<String>,
    /// Of a text of digits, the codes that are longer and begin with it: all that is left of the range of grams, for every
    /// other gram is a pair.
    codes: Option<(String, String)>,
    weights: Vec<i16>,
    after: Option<After>,
    most: u64,
}

/// What is asked of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    /// Nothing: the text is the pair, or the beginning of one.
    Pair,
    /// Nothing: the text is the beginning of a code.
    Code,
    /// That its name or number begins with the text.
    Begins,
    /// That it holds the text elsewhere.
    Holds,
}

impl Pass {
    /// The rank of what is found at a pair of this weight.
    fn rank(self, weight: i16) -> i16 {
        match self {
            Self::Pair | Self::Code => weight / 2,
            Self::Begins => Rank::Start.number(),
            Self::Holds => std::cmp::max(weight / 2, Rank::Inside.number()),
        }
    }

    /// The same as SQL, as a weight.
    fn weight(self, weight: Expr) -> Expr {
        let least = Rank::Inside.number() * 2;
        match self {
            Self::Pair | Self::Code => weight,
            Self::Begins => weight.mul(0),
            Self::Holds => Expr::case(weight.clone().lt(least), least).finally(weight).into(),
        }
    }
}

/// A part of the question: a kind, what is asked of its candidates, and which weights, from where.
struct Part<'a> {
    kind: Kind,
    pass: Pass,
    weights: Vec<i16>,
    after: Option<&'a After>,
}

#[derive(FromQueryResult)]
struct Counted {
    driver: i32,
    n: i64,
}

impl<'a> Asking<'a> {
    pub(super) async fn new(
        ctx: &Ctx,
        narrow: &'a Narrow,
        text: &str,
        kinds: &[Kind],
        after: Option<After>,
        most: u64,
    ) -> Result<Self> {
        let letters: Vec<char> = text.chars().collect();
        let pairs: Vec<String> = letters.windows(2).map(|pair| pair.iter().collect()).collect();
        let latin = letters.iter().all(char::is_ascii_alphanumeric);
        // A search for one character reads the best pair of each record, one for two reads both kinds of weights.
        let odd: &[i16] = if letters.len() == 1 { &[0] } else { &[0, 1] };
        let ranks = Rank::ALL.into_iter().filter(|&rank| latin || rank != Rank::Initials);
        let weights = ranks.flat_map(|rank| odd.iter().map(move |odd| rank.number() * 2 + odd)).collect();
        let after_pair = |pair: &str| format!("{pair}{NEXT}");
        let code = letters.len() > 1 && letters.iter().all(char::is_ascii_digit);
        let mut asking = Self {
            backend: ctx.backend(),
            narrow,
            driver: 0,
            low: text.to_owned(),
            high: if letters.len() == 2 { after_pair(text) } else { format!("{text}{}", char::MAX) },
            whole: None,
            codes: code.then(|| {
                let low = if letters.len() == 2 { after_pair(text) } else { text.to_owned() };
                (low, format!("{text}{}", char::MAX))
            }),
            weights,
            after,
            most,
        };
        if pairs.len() > 1 {
            asking.whole = Some(text.to_owned());
            let driver = match &asking.after {
                Some(after) => after.driver.min(pairs.len() - 1),
                None => asking.rarest(ctx, kinds, &pairs).await?,
            };
            asking.drive(driver, &pairs[driver]);
        }
        Ok(asking)
    }

    fn drive(&mut self, driver: usize, pair: &str) {
        self.driver = driver;
        pair.clone_into(&mut self.low);
        self.high = format!("{pair}{NEXT}");
    }

    /// What a cursor keeps of a row beside its id.
    pub(super) fn mark(&self, row: &Row) -> String {
        serde_json::json!([row.rank, row.kind, self.driver, row.gram]).to_string()
    }

    pub(super) async fn rows(&self, ctx: &Ctx, kinds: &[Kind]) -> Result<Vec<Row>> {
        let mut terms = Vec::new();
        for &kind in kinds {
            match kind {
                Kind::Region => self.terms::<region::Entity>(kind, &mut terms),
                Kind::Cadre => self.terms::<cadre::Entity>(kind, &mut terms),
                Kind::Enterprise => self.terms::<enterprise::Entity>(kind, &mut terms),
                Kind::Household => self.terms::<household::Entity>(kind, &mut terms),
            }
        }
        let Some(all) = together(together_in_parts(&terms)) else { return Ok(Vec::new()) };
        let column = |name: &'static str| Expr::col((Alias::new("u"), Alias::new(name)));
        let order = ["rank", "kind", "gram", "entity_id"];
        let mut select = Query::select();
        select
            .distinct()
            .expr(column("kind"))
            .expr_as(column("weight").div(2).cast_as(Alias::new("integer")), Alias::new("rank"))
            .expr(column("gram"))
            .expr(column("entity_id"))
            .from_subquery(all, Alias::new("u"))
            .limit(self.most);
        for name in order {
            select.order_by(Alias::new(name), Order::Asc);
        }
        Ok(Row::find_by_statement(self.backend.build(&select)).all(ctx.db().read()).await?)
    }

    /// What a kind has still to come.
    fn parts(&self, kind: Kind) -> Vec<Part<'_>> {
        let passes: &[Pass] = match (self.whole.is_some(), self.by_code(kind)) {
            (false, false) => &[Pass::Pair],
            (false, true) => &[Pass::Code, Pass::Pair],
            (true, false) => &[Pass::Begins, Pass::Holds],
            (true, true) => &[Pass::Code, Pass::Begins, Pass::Holds],
        };
        let mut parts = Vec::new();
        for &pass in passes {
            let Some(after) = &self.after else {
                parts.push(Part { kind, pass, weights: self.weights.clone(), after: None });
                continue;
            };
            let of = |wanted: &dyn Fn(i16) -> bool| -> Vec<i16> {
                self.weights.iter().copied().filter(|&weight| wanted(pass.rank(weight))).collect()
            };
            let later = kind.number() > after.kind;
            let whole = of(&|rank| rank > after.rank || rank == after.rank && later);
            parts.push(Part { kind, pass, weights: whole, after: None });
            if kind.number() == after.kind {
                let rest = of(&|rank| rank == after.rank);
                parts.push(Part { kind, pass, weights: rest, after: Some(after) });
            }
        }
        parts.retain(|part| !part.weights.is_empty());
        parts
    }

    /// Whether records of the kind may be found by a code.
    fn by_code(&self, kind: Kind) -> bool {
        kind == Kind::Region && self.codes.is_some()
    }

    fn terms<E: Placed>(&self, kind: Kind, terms: &mut Vec<SelectStatement>) {
        let Some(spots) = self.narrow.spots.get(&kind) else { return };
        for part in self.parts(kind) {
            if let Some(anywhere) = &spots.anywhere {
                self.of_weights(&part, anywhere, terms);
            }
            let mut by_level: HashMap<Level, Vec<Uuid>> = HashMap::new();
            for root in &spots.roots {
                match column(root.level) {
                    Some(_) => by_level.entry(root.level).or_default().push(root.id.0),
                    None => self.of_weights(&part, &smaller::<E>(*root), terms),
                }
            }
            for level in Level::ALL {
                if let (Some(roots), Some(column)) = (by_level.get(&level), column(level)) {
                    self.of_roots(&part, column, roots, terms);
                }
            }
            terms.extend(spots.single.iter().map(|single| self.of_single(&part, single.clone())));
        }
    }

    /// Under one condition, a branch for each weight.
    fn of_weights(&self, part: &Part<'_>, place: &Condition, terms: &mut Vec<SelectStatement>) {
        if self.backend == DbBackend::Postgres {
            let branch = self.branch(part, place.clone(), Gram::Weight.into_expr().eq(of("w")));
            terms.push(lateral(&[("w", Value::from(part.weights.clone()))], branch));
            return;
        }
        for &weight in &part.weights {
            terms.push(whole(self.branch(part, place.clone(), Gram::Weight.eq(weight))));
        }
    }

    /// A branch for each root and weight: LATERAL in PostgreSQL, one by one in SQLite.
    fn of_roots(&self, part: &Part<'_>, column: Gram, roots: &[Uuid], terms: &mut Vec<SelectStatement>) {
        if self.backend == DbBackend::Postgres {
            let place = Condition::all().add(column.into_expr().eq(of("r")));
            let branch = self.branch(part, place, Gram::Weight.into_expr().eq(of("w")));
            let lists = [("r", Value::from(roots.to_vec())), ("w", Value::from(part.weights.clone()))];
            terms.push(lateral(&lists, branch));
            return;
        }
        for &root in roots {
            self.of_weights(part, &Condition::all().add(column.eq(root)), terms);
        }
    }

    /// The first rows of one branch, by its index.
    fn branch(&self, part: &Part<'_>, place: Condition, weight: Expr) -> SelectStatement {
        let rows = pairs(part.kind).filter(place).filter(weight).filter(self.range(part));
        let mut rows = rows.into_query();
        rows.and_where_option(self.by_name_alone(part));
        let sure = matches!(part.pass, Pass::Pair | Pass::Code);
        let most = if sure { self.most } else { CANDIDATES };
        rows.order_by(Gram::Gram, Order::Asc).order_by(Gram::EntityId, Order::Asc).limit(most);
        let Some(holds) = self.holds(part.pass, "h") else { return rows };
        let column = |name: Gram| (Alias::new("h"), name);
        let mut select = Query::select();
        select
            .column(column(Gram::Kind))
            .expr_as(part.pass.weight(Expr::col(column(Gram::Weight))), Gram::Weight)
            .column(column(Gram::Gram))
            .column(column(Gram::EntityId))
            .from_subquery(rows, Alias::new("h"))
            .and_where(holds)
            .order_by(column(Gram::Gram), Order::Asc)
            .order_by(column(Gram::EntityId), Order::Asc)
            .limit(self.most);
        select
    }

    /// The rows of single records, each by its key.
    fn of_single(&self, part: &Part<'_>, single: SelectStatement) -> SelectStatement {
        const PAIR: &str = "search_gram";
        let column = |name: Gram| (Alias::new(PAIR), name);
        let mut select = Query::select();
        select
            .column(column(Gram::Kind))
            .expr_as(part.pass.weight(Expr::col(column(Gram::Weight))), Gram::Weight)
            .column(column(Gram::Gram))
            .column(column(Gram::EntityId))
            .and_where(kind_is(part.kind))
            .and_where(Gram::EntityId.into_expr().eq(Expr::col((Alias::new("p"), Alias::new("id")))))
            .cond_where(self.range(part))
            .and_where_option(self.by_name_alone(part));
        if let Some(holds) = self.holds(part.pass, PAIR) {
            select.and_where(holds);
        }
        if self.backend == DbBackend::Postgres {
            // The limit keeps it a look-up for each record.
            let weights = Gram::Weight.into_expr().eq(PgFunc::any(part.weights.clone()));
            select.from(search_gram::Entity).and_where(weights).limit(1);
            let mut all = whole_as(single, "p");
            all.clear_selects().column((Alias::new("c"), Asterisk));
            all.join_lateral(JoinType::InnerJoin, select, Alias::new("c"), Expr::val(true));
            return all;
        }
        // In SQLite the order of a CROSS JOIN is the order of the loops.
        let weights = Gram::Weight.is_in(part.weights.iter().copied());
        select.from_subquery(single, Alias::new("p")).cross_join(search_gram::Entity).and_where(weights);
        select
    }

    fn range(&self, part: &Part<'_>) -> Condition {
        let codes = self.codes.clone().filter(|_| part.pass == Pass::Code);
        let (low, high) = codes.unwrap_or_else(|| (self.low.clone(), self.high.clone()));
        // Where the page before ended in this range, the rest of it; all of it otherwise.
        let lower = match part.after {
            Some(after) if after.gram >= low => {
                Expr::tuple([Gram::Gram.into_expr(), Gram::EntityId.into_expr()])
                    .gt(Expr::tuple([Expr::val(after.gram.as_str()), Expr::val(after.id)]))
            }
            _ => Gram::Gram.into_expr().gte(low),
        };
        Condition::all().add(lower).add(Gram::Gram.into_expr().lt(high))
    }

    /// What is found by its code as well is not found by its name: nothing comes twice.
    fn by_name_alone(&self, part: &Part<'_>) -> Option<Expr> {
        if part.pass == Pass::Code || !self.by_code(part.kind) {
            return None;
        }
        let (low, high) = self.codes.clone()?;
        let code = Alias::new("code");
        let column = |name: Gram| Expr::col((code.clone(), name));
        let mut select = Query::select();
        select
            .expr(Expr::val(1))
            .from_as(search_gram::Entity, code.clone())
            .and_where(column(Gram::Kind).eq(Expr::Constant(Value::from(part.kind.number()))))
            .and_where(column(Gram::EntityId).eq(Expr::col((search_gram::Entity, Gram::EntityId))))
            .and_where(column(Gram::Gram).gte(low))
            .and_where(column(Gram::Gram).lt(high));
        Some(Expr::exists(select).not())
    }

    /// Whether a candidate has the text where the pass wants it; nothing for a text that is a pair.
    fn holds(&self, pass: Pass, of: &'static str) -> Option<Expr> {
        let text = self.whole.as_deref()?;
        let position = |text: &str| {
            let name = if self.backend == DbBackend::Postgres { "strpos" } else { "instr" };
            Expr::from(Func::cust(Alias::new(name)).arg(Text::Words.into_expr()).arg(text))
        };
        let begins = position(&format!("{BEGIN}{text}"));
        let words = unscoped::<search_text::Entity>()
            .select_only()
            .expr(Expr::val(1))
            .filter(Text::Kind.into_expr().eq(Expr::col((Alias::new(of), Gram::Kind))))
            .filter(Text::EntityId.into_expr().eq(Expr::col((Alias::new(of), Gram::EntityId))));
        let words = match pass {
            Pass::Pair | Pass::Code => return None,
            Pass::Begins => words.filter(begins.gt(0)),
            Pass::Holds => words.filter(begins.eq(0)).filter(position(text).gt(0)),
        };
        Some(Expr::exists(words.into_query()))
    }

    /// The pair that has the fewest rows where most rows are, by counts that end early; the first of equals.
    async fn rarest(&self, ctx: &Ctx, kinds: &[Kind], pairs: &[String]) -> Result<usize> {
        let mut places: Vec<(Kind, Condition)> = Vec::new();
        for kind in kinds {
            let Some(spots) = self.narrow.spots.get(kind) else { continue };
            places.extend(spots.anywhere.clone().map(|anywhere| (*kind, anywhere)));
            let roots = spots.roots.iter().filter_map(|root| Some((column(root.level)?, root.id)));
            let roots = roots.map(|(column, id)| (*kind, Condition::all().add(column.eq(id))));
            places.extend(roots.take(BRANCHES_COUNTED));
        }
        if places.is_empty() {
            return Ok(0);
        }
        let step = pairs.len().div_ceil(PAIRS_COUNTED);
        let counts = pairs.iter().enumerate().step_by(step).map(|(driver, pair)| {
            let counts = places.iter().map(|(kind, place)| self.count(*kind, place.clone(), pair));
            let sum = counts.reduce(ExprTrait::add).unwrap_or(Expr::val(0));
            let driver = Expr::val(i32::try_from(driver).unwrap_or(0));
            let big = Alias::new("bigint");
            Query::select()
                .expr_as(driver, Alias::new("driver"))
                .expr_as(sum.cast_as(big), Alias::new("n"))
                .take()
        });
        let Some(all) = together(counts.collect()) else { return Ok(0) };
        let counts = Counted::find_by_statement(self.backend.build(&all)).all(ctx.db().read()).await?;
        let rarest = counts.into_iter().min_by_key(|one| (one.n, one.driver));
        Ok(rarest.and_then(|one| usize::try_from(one.driver).ok()).unwrap_or(0))
    }

    fn count(&self, kind: Kind, place: Condition, pair: &str) -> Expr {
        let weight = Gram::Weight.is_in(self.weights.iter().copied());
        let rows = pairs(kind).filter(place).filter(weight).filter(Gram::Gram.eq(pair)).limit(COUNTED);
        let mut count = Query::select();
        count
            .expr(Expr::from(Func::count(Expr::col(Asterisk))))
            .from_subquery(rows.into_query(), Alias::new("s"));
        Expr::from(SubQueryStatement::from(count))
    }
}

/// The place column of a level that pairs have.
fn column(level: Level) -> Option<Gram> {
    level.column::<search_gram::Entity>()
}

/// A group or grid: its village's pairs, and a look at the record itself.
fn smaller<E: EntityTrait>(root: Root) -> Condition {
    let (Ok(id), Some(own)) = (E::Column::from_str("id"), root.level.column::<E>()) else {
        return Condition::all().add(Expr::val(1).eq(0));
    };
    let village = unscoped::<region::Entity>()
        .select_only()
        .column(region::Column::VillageId)
        .filter(region::Column::Id.eq(root.id));
    let village = Expr::from(SubQueryStatement::from(village.into_query()));
    let here = unscoped::<E>()
        .select_only()
        .expr(Expr::val(1))
        .filter(Expr::col(id.as_column_ref()).eq(Gram::EntityId.into_expr()))
        .filter(own.eq(root.id));
    Condition::all().add(Gram::VillageId.into_expr().eq(village)).add(Expr::exists(here.into_query()))
}

fn pairs(kind: Kind) -> sea_orm::Select<search_gram::Entity> {
    unscoped::<search_gram::Entity>()
        .select_only()
        .columns([Gram::Kind, Gram::Weight, Gram::Gram, Gram::EntityId])
        .filter(kind_is(kind))
}

/// The kind stands in the statement itself: an index of one kind serves no other.
fn kind_is(kind: Kind) -> Expr {
    Gram::Kind.into_expr().eq(Expr::Constant(Value::from(kind.number())))
}

/// The value of a list that is joined under this name.
fn of(list: &'static str) -> Expr {
    Expr::col((Alias::new(list), Alias::new("of")).into_column_ref())
}

/// A branch for each combination of the values of some lists.
fn lateral(lists: &[(&'static str, Value)], branch: SelectStatement) -> SelectStatement {
    let mut select = Query::select();
    select.column((Alias::new("c"), Asterisk));
    for (at, (name, list)) in lists.iter().enumerate() {
        let values = Func::cust(Alias::new("unnest")).arg(Expr::val(list.clone()));
        let values = Query::select().expr_as(values, Alias::new("of")).take();
        if at == 0 {
            select.from_subquery(values, Alias::new(*name));
        } else {
            select.join_subquery(JoinType::InnerJoin, values, Alias::new(*name), Expr::val(true));
        }
    }
    select.join_lateral(JoinType::InnerJoin, branch, Alias::new("c"), Expr::val(true));
    select
}

fn whole(select: SelectStatement) -> SelectStatement {
    whole_as(select, "b")
}

fn whole_as(select: SelectStatement, name: &'static str) -> SelectStatement {
    Query::select().column(Asterisk).from_subquery(select, Alias::new(name)).take()
}

fn together(selects: Vec<SelectStatement>) -> Option<SelectStatement> {
    let mut selects = selects.into_iter();
    let mut all = selects.next()?;
    for select in selects {
        all.union(UnionType::All, select);
    }
    Some(all)
}

fn together_in_parts(selects: &[SelectStatement]) -> Vec<SelectStatement> {
    selects.chunks(TERMS).filter_map(|part| together(part.to_vec())).map(whole).collect()
}
