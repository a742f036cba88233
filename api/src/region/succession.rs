//! What became of regions (区划沿革): each boundary change leaves what the region was until then, so that a day of the past
//! has its tree and a former code still leads to somewhere.
//!
//! A change counts from today or an earlier day, never one ahead: it is entered when it takes effect, because the tree as
//! it stands is what everybody works in. Nothing is entered before the last change of the same regions.

use crate::kernel::{
    directive::{DataClass, class},
    door::{any_of, unscoped},
    error::{Error, Refusal, Result},
    filter::ChoiceFilter,
    node::{Filter, Node, Ordering},
    page::Run,
    refusal::Checks,
    request::Ctx,
    work::{Line, Work},
};
use async_graphql::{Enum, InputObject, SimpleObject};
use entity::{
    id::{AccountId, RegionId, SuccessionId},
    kind::{ChangeKind, SuccessionKind},
    region, region_succession,
    scalar::{Date, RegionCode},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DerivePartialModel, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{CaseStatement, Expr, ExprTrait},
};
use uuid::Uuid;

/// One boundary change of a region (区划沿革): what it was until then, and what it became. Everyone may read it.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "region_succession::Entity")]
#[graphql(complex)]
pub struct RegionSuccession {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub id: SuccessionId,
    /// What happened (变更类型).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub kind: SuccessionKind,
    /// First day of the new state (生效日期).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub effective_on: Date,
    /// The official code that it had until then (原代码).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub code: RegionCode,
    /// The name that it had until then (原名称).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub name: String,
    /// Number of the official paper (文号). Null when none was given.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub note: Option<String>,
    #[graphql(skip)]
    pub(crate) from_id: RegionId,
    #[graphql(skip)]
    pub(crate) to_id: RegionId,
}

/// Conditions on boundary changes, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct RegionSuccessionWhere {
    /// By what happened.
    #[graphql(default)]
    pub kind: Option<ChoiceFilter<SuccessionKind>>,
}

impl Filter for RegionSuccessionWhere {
    async fn condition(&self, _: &Ctx) -> Result<Condition> {
        let mut all = Condition::all();
        if let Some(kind) = &self.kind {
            all = all.add(kind.on(region_succession::Column::Kind)?);
        }
        Ok(all)
    }
}

/// What boundary changes are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum RegionSuccessionOrderField {
    /// First day of the new state.
    EffectiveOn,
}

impl Ordering for RegionSuccessionOrderField {
    fn column(self) -> Option<&'static str> {
        Some("effective_on")
    }

    fn usual() -> Run {
        Run { column: Some("effective_on"), descending: true }
    }
}

impl Node for RegionSuccession {
    type Entity = region_succession::Entity;
    type Where = RegionSuccessionWhere;
    type Order = RegionSuccessionOrderField;
    const NAME: &'static str = SuccessionId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

/// What a region becomes.
#[derive(Clone, Debug)]
pub struct Becomes {
    /// As it is.
    pub before: region::Model,
    /// What happens to it.
    pub kind: SuccessionKind,
    /// The region that it is merged into, or that is made of a part of it; otherwise itself.
    pub to: RegionId,
    /// Its code from now on.
    pub code: RegionCode,
    /// Its name from now on.
    pub name: String,
    /// The region directly above from now on.
    pub parent_id: Option<RegionId>,
}

impl Becomes {
    /// A region that stays as it is but for what is set afterwards.
    #[must_use]
    pub fn new(before: region::Model, kind: SuccessionKind) -> Self {
        let (to, parent_id) = (before.id, before.parent_id);
        Self { to, kind, code: before.code.clone(), name: before.name.clone(), parent_id, before }
    }

    /// Whether the region is withdrawn by it.
    #[must_use]
    pub fn vanishes(&self) -> bool {
        self.kind == SuccessionKind::Merged
    }

    /// Columns of its row that change.
    fn columns(&self) -> Vec<&'static str> {
        let changed = [
            ("code", self.code != self.before.code),
            ("name", self.name != self.before.name),
            ("parent_id", self.parent_id != self.before.parent_id),
            // What lies in it lies elsewhere now, though its own columns may be as they were.
            ("place", self.kind == SuccessionKind::Moved),
            ("until", self.vanishes()),
        ];
        changed.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
    }
}

/// The day from which a change counts, today when nothing is said: not ahead, and not before the last change of any of
/// the regions.
pub async fn effective(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    checks: &mut Checks,
    given: Option<Date>,
    regions: &[&region::Model],
) -> Result<Date> {
    use region_succession::Column::{EffectiveOn, FromId, ToId};
    let today = ctx.today();
    let day = given.unwrap_or(today);
    checks.require(day <= today, || {
        Refusal::rule(
            "not-ahead",
            "effectiveOn",
            "生效日期不能晚于今天：区划调整在生效时登记。",
            "Today or earlier: a boundary change is entered when it takes effect.",
        )
    });
    let mut earliest = regions.iter().filter_map(|region| region.since).max();
    for some in regions.chunks(CHUNK) {
        let ids = || some.iter().map(|region| region.id);
        let last: Option<Date> = unscoped::<region_succession::Entity>()
            .select_only()
            .column(EffectiveOn)
            .filter(any_of(FromId, ids(), ctx.backend()).or(any_of(ToId, ids(), ctx.backend())))
            .order_by_desc(EffectiveOn)
            .limit(1)
            .into_tuple()
            .one(db)
            .await?;
        earliest = std::cmp::max(earliest, last);
    }
    checks.require(earliest.is_none_or(|earliest| day >= earliest), || {
        let last = earliest.unwrap_or(day).0;
        Refusal::rule(
            "after-last",
            "effectiveOn",
            format!("不能早于这些区域上一次调整的日期 {last}。"),
            format!("Not before the last change of these regions, {last}."),
        )
    });
    Ok(day)
}

/// Regions in one statement.
const CHUNK: usize = 500;

/// What a region was that bears another name from a day on.
#[must_use]
pub fn renamed(before: &region::Model, day: Date) -> region_succession::Model {
    past(&Becomes::new(before.clone(), SuccessionKind::Renamed), day, None, None)
}

/// What a region was until a day.
fn past(
    becomes: &Becomes,
    day: Date,
    made_by: Option<AccountId>,
    note: Option<&str>,
) -> region_succession::Model {
    let before = &becomes.before;
    region_succession::Model {
        id: SuccessionId(Uuid::now_v7()),
        from_id: before.id,
        to_id: becomes.to,
        kind: becomes.kind,
        effective_on: day,
        code: before.code.clone(),
        name: before.name.clone(),
        parent_id: before.parent_id,
        province_id: before.province_id,
        city_id: before.city_id,
        county_id: before.county_id,
        township_id: before.township_id,
        village_id: before.village_id,
        made_by,
        note: note.map(str::to_owned),
    }
}

/// Writes down what the regions were and makes them what they become, but for their place columns. The codes are free. What
/// it gives is for the change log, once they stand where they belong.
pub async fn carry_out(work: &Work, all: &[Becomes], day: Date, note: Option<&str>) -> Result<Vec<Line>> {
    let made_by = work.ctx.viewer().map(|viewer| viewer.account);
    let rows = all.iter().map(|becomes| past(becomes, day, made_by, note));
    crate::kernel::bulk::insert::<region_succession::Entity>(&work.tx, rows.collect()).await?;
    let (gone, kept): (Vec<&Becomes>, Vec<&Becomes>) = all.iter().partition(|becomes| becomes.vanishes());
    withdraw(work, &gone, day).await?;
    let kept: Vec<&Becomes> = kept.into_iter().filter(|becomes| !becomes.columns().is_empty()).collect();
    for some in kept.chunks(CHUNK) {
        rewrite(work, some).await.map_err(code_taken)?;
    }
    let lines = gone.into_iter().chain(kept).map(|becomes| {
        let kind = if becomes.vanishes() { ChangeKind::Ended } else { ChangeKind::Updated };
        let mut content = serde_json::json!({
            "code": becomes.code.0, "name": becomes.name, "parent_id": becomes.parent_id.map(|id| id.0.to_string()),
        });
        let columns = becomes.columns();
        if let Some(content) = content.as_object_mut() {
            content.retain(|name, _| columns.contains(&name.as_str()));
        }
        Line { id: becomes.before.id.0, version: becomes.before.version + 1, kind, columns, content, place: None }
    });
    Ok(lines.collect())
}

async fn withdraw(work: &Work, gone: &[&Becomes], day: Date) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    region::Entity::update_many()
        .col_expr(region::Column::Until, Expr::value(day))
        .col_expr(region::Column::Version, Expr::col(region::Column::Version).add(1))
        .filter(any_of(region::Column::Id, gone.iter().map(|becomes| becomes.before.id), work.ctx.backend()))
        .exec(&work.tx)
        .await?;
    Ok(())
}

async fn rewrite(work: &Work, some: &[&Becomes]) -> Result<()> {
    use region::Column::{Code, Id, Name, ParentId, Version};
    let (mut code, mut name, mut parent) = (CaseStatement::new(), CaseStatement::new(), CaseStatement::new());
    for becomes in some {
        let own = || Id.eq(becomes.before.id);
        code = code.case(own(), Expr::val(becomes.code.0.clone()));
        name = name.case(own(), Expr::val(becomes.name.clone()));
        parent = parent.case(own(), Expr::val(becomes.parent_id));
    }
    region::Entity::update_many()
        .col_expr(Code, code.finally(Expr::col(Code)).into())
        .col_expr(Name, name.finally(Expr::col(Name)).into())
        .col_expr(ParentId, parent.finally(Expr::col(ParentId)).into())
        .col_expr(Version, Expr::col(Version).add(1))
        .filter(any_of(Id, some.iter().map(|becomes| becomes.before.id), work.ctx.backend()))
        .exec(&work.tx)
        .await?;
    Ok(())
}

/// Somebody else took the code at the same moment: the database says so.
pub(crate) fn code_taken(error: Error) -> Error {
    let signs = ["region_code_in_force", "region.code"];
    if !signs.iter().any(|sign| Work::is_constraint(&error, sign)) {
        return error;
    }
    Refusal::new(
        crate::kernel::error::RefusalCode::Duplicate,
        "code",
        "已有这个代码的区域。",
        "There is a region of this code already.",
    )
    .with(crate::kernel::refusal::Detail::Existing(None))
    .into()
}
