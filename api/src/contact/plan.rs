//! A plan: which assignments end and which begin when many are changed in one step. A preview shows it and a mutation
//! works it out anew and carries it out, so that the two cannot disagree.
//!
//! A preview gives the plan's `digest`. Whoever sends it along with the mutation is refused when the plan is another one
//! by then, and told which assignments changed in between.

use super::target::Target;
use crate::kernel::{
    door::{self, any_of, live, unscoped},
    error::{Refusal, RefusalCode, Result},
    place::{Level, Place},
    policy::May,
    refusal::{Checks, Detail},
    request::Ctx,
    rows::Key,
    vault,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::{
    assignment, cadre,
    id::{BranchId, CadreId},
    kind::AssignmentKind,
    membership,
    scalar::{Date, DateTime},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, LockType},
};
use std::collections::{BTreeSet, HashMap};

/// Assignments that one step ends or begins at the most.
pub(super) const MOST: usize = 10_000;

/// What is to happen to one target.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) target: Target,
    pub(super) kind: AssignmentKind,
    pub(super) is_primary: bool,
    /// Those that end: on the day of the plan, or on their own first day if that is later.
    pub(super) ends: Vec<assignment::Model>,
    /// Who begins, from which day, to which. None where the holder has the target already.
    pub(super) begins: Option<Begin>,
}

/// An assignment that is to begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begin {
    pub(super) cadre: CadreId,
    pub(super) starts_on: Date,
    pub(super) ends_on: Option<Date>,
}

/// All that is to happen.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) on: Date,
    pub(super) steps: Vec<Step>,
}

impl Plan {
    /// Nothing is to happen.
    pub(super) fn nothing(on: Date) -> Self {
        Self { on, steps: Vec::new() }
    }

    /// How many more households a cadre has on the day of the plan.
    pub(super) fn household_change(&self, cadre: CadreId) -> i64 {
        let of_cadre = |step: &&Step| step.kind == AssignmentKind::Household;
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let live = |row: &&assignment::Model| row.cadre_id == Some(cadre) && row.starts_on <= self.on;
        let ends = self.steps.iter().filter(of_cadre).map(|step| step.ends.iter().filter(live).count()).sum();
        let begins = self.steps.iter().filter(of_cadre).filter_map(|step| step.begins);
        let begins = begins.filter(|begin| begin.cadre == cadre && begin.starts_on <= self.on).count();
        count(begins) - count(ends)
    }

    /// How many assignments end.
    pub(super) fn ends(&self) -> usize {
        self.steps.iter().map(|step| step.ends.len()).sum()
    }

    /// How many begin.
    pub(super) fn begins(&self) -> usize {
        self.steps.iter().filter(|step| step.begins.is_some()).count()
    }

    /// All cadres whose answerability changes.
    pub(super) fn holders(&self) -> BTreeSet<CadreId> {
        let begins = self.steps.iter().filter_map(|step| step.begins.map(|begin| begin.cadre));
        let ends = self.steps.iter().flat_map(|step| step.ends.iter().filter_map(|row| row.cadre_id));
        begins.chain(ends).collect()
    }

    /// The same for the same plan: what the assignments that it touches look like, and what becomes of them.
    pub(super) fn hash(&self) -> String {
        let mut lines: Vec<String> = self
            .steps
            .iter()
            .map(|step| {
                let mut ends: Vec<_> = step.ends.iter().map(|row| (row.id, row.version)).collect();
                ends.sort_unstable();
                let Target { region, area, household, enterprise, .. } = step.target;
                format!(
                    "{region:?} {area:?} {household:?} {enterprise:?} {} {ends:?} {:?}",
                    step.is_primary, step.begins
                )
            })
            .collect();
        lines.sort_unstable();
        let hash = vault::digest(&format!("{:?} {}", self.on, lines.join("\n")));
        URL_SAFE_NO_PAD.encode(&hash[..12])
    }

    /// What a client sends along to say which plan it has seen, and when.
    pub(super) fn digest(&self, now: DateTime) -> String {
        format!("{}.{}", self.hash(), now.0.timestamp_millis())
    }

    /// The smallest place that holds all targets.
    pub(super) fn place(&self) -> Place {
        let mut places = self.steps.iter().map(|step| step.target.place);
        let Some(first) = places.next() else { return Place::default() };
        places.fold(first, |common, place| {
            let same = |level: Level| common.at(level).filter(|&id| place.at(level) == Some(id));
            Place {
                county_id: same(Level::County),
                township_id: same(Level::Township),
                village_id: same(Level::Village),
                ..Place::default()
            }
        })
    }

    /// The right to all of it, and the limits of one step.
    pub(super) async fn check(&self, ctx: &Ctx, db: &impl ConnectionTrait) -> Result<()> {
        let mut checks = Checks::default();
        let (ends, begins) = (self.ends(), self.begins());
        checks.require(ends <= MOST && begins <= MOST, || {
            Refusal::new(
                RefusalCode::Limit,
                "",
                format!("一次最多变更 {MOST} 项包联，此计划涉及 {}；请分批进行。", ends.max(begins)),
                format!("{MOST} assignments at the most in one step; this plan has {}.", ends.max(begins)),
            )
            .with(Detail::Limit(i32::try_from(MOST).unwrap_or(i32::MAX)))
        });
        checks.require(self.steps.is_empty() || self.place().county_id.is_some(), || {
            Refusal::rule("one-county", "", "一次只能在一个县（市、区）内变更。", "One county at a time.")
        });
        checks.done()?;
        let branches = branches_of(ctx, db, self.holders()).await?;
        let none = Vec::new();
        let of = |cadre: CadreId| branches.get(&cadre).unwrap_or(&none);
        for step in &self.steps {
            let holders =
                step.ends.iter().filter_map(|row| row.cadre_id).chain(step.begins.map(|one| one.cadre));
            for cadre in holders.collect::<BTreeSet<_>>() {
                ctx.must(May::Assign, &step.target.facts(of(cadre)))?;
            }
            // What a department holds is nobody's whom a branch disposes of.
            if step.ends.iter().any(|row| row.cadre_id.is_none()) {
                ctx.must(May::Assign, &step.target.facts(&[]))?;
            }
            let to_oneself = step.begins.is_some_and(|begin| Some(begin.cadre) == ctx.scope().cadre);
            // Who may assign only as the secretary of the holder's branch does not open doors to themselves.
            if to_oneself && !ctx.may(May::Assign, &step.target.facts(&[])) {
                return Err(ctx.forbidden(May::Assign));
            }
        }
        Ok(())
    }
}

/// Assignments that the viewer sees and that are in force on a day or later; kept from others until the end when they are
/// to be changed.
pub(super) async fn open_on(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    day: Date,
    which: Condition,
    to_change: bool,
) -> Result<Vec<assignment::Model>> {
    use assignment::Column::{EndsOn, Id, StartsOn};
    let mut select = door::within::<assignment::Entity>(ctx.scope(), ctx.backend())
        .filter(which)
        .filter(Condition::any().add(EndsOn.is_null()).add(EndsOn.gt(day)))
        // One that ends on the day on which it begins holds on no day.
        .filter(Condition::any().add(EndsOn.is_null()).add(Expr::col(EndsOn).gt(Expr::col(StartsOn))))
        .order_by_asc(Id);
    if to_change {
        select = select.lock(LockType::NoKeyUpdate);
    }
    Ok(select.all(db).await?)
}

/// Cadres whom the viewer sees and who are in office on a day, by id; notes those who are not. They are kept from others
/// who want to give them something, so that nobody is given the same twice.
pub(super) async fn in_office(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    checks: &mut Checks,
    day: Date,
    named: &[(String, CadreId)],
    to_change: bool,
) -> Result<HashMap<CadreId, cadre::Model>> {
    let mut rows = door::within::<cadre::Entity>(ctx.scope(), ctx.backend())
        .filter(any_of(
            cadre::Column::Id,
            named.iter().map(|(_, id)| *id).collect::<BTreeSet<_>>(),
            ctx.backend(),
        ))
        .order_by_asc(cadre::Column::Id);
    if to_change {
        rows = rows.lock(LockType::NoKeyUpdate);
    }
    let rows = rows.all(db).await?;
    let cadres: HashMap<CadreId, cadre::Model> = rows.into_iter().map(|row| (row.id, row)).collect();
    for (field, id) in named {
        match cadres.get(id) {
            None => checks.refuse(Refusal::not_found(field)),
            Some(row) => {
                checks.require(row.starts_on <= day && row.ends_on.is_none_or(|ends| ends > day), || {
                    Refusal::rule(
                        "in-office",
                        field,
                        "该干部当日不在任。",
                        "The cadre is not in office on that day.",
                    )
                });
            }
        }
    }
    Ok(cadres)
}

/// The day on which something is to take effect: not in the past.
pub(super) fn check_day(ctx: &Ctx, checks: &mut Checks, field: &str, day: Date) {
    let today = ctx.today();
    checks.require(day >= today, || {
        Refusal::rule(
            "dates",
            field,
            format!("不能早于今天 {}：历史不再改动。", today.0),
            format!("Not before today, {}: what is past is not changed.", today.0),
        )
    });
}

/// The question for the party organisations that dispose of a cadre: a fact of rights, shown to nobody.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BranchesOf(pub CadreId);

impl Key for BranchesOf {
    type Value = Vec<BranchId>;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Vec<BranchId>>> {
        let found = branches_of(&ctx, ctx.db().read(), keys.into_iter().map(|key| key.0)).await?;
        Ok(found.into_iter().map(|(cadre, branches)| (Self(cadre), branches)).collect())
    }
}

/// The party organisations of cadres: a fact of rights.
pub(super) async fn branches_of(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    cadres: impl IntoIterator<Item = CadreId>,
) -> Result<HashMap<CadreId, Vec<BranchId>>> {
    use membership::Column;
    let rows: Vec<(CadreId, BranchId, Option<BranchId>)> = unscoped::<membership::Entity>()
        .select_only()
        .columns([Column::CadreId, Column::BranchId, Column::GroupId])
        .filter(any_of(Column::CadreId, cadres, ctx.backend()))
        .filter(live(Column::StartsOn, Column::EndsOn, ctx.today()))
        .into_tuple()
        .all(db)
        .await?;
    let mut branches: HashMap<_, Vec<_>> = HashMap::new();
    for (cadre, branch, group) in rows {
        branches.entry(cadre).or_default().extend(std::iter::once(branch).chain(group));
    }
    Ok(branches)
}

/// Live household assignments of cadres on a day, of those that the viewer sees.
pub(super) async fn carried(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    day: Date,
    cadres: impl IntoIterator<Item = CadreId>,
) -> Result<HashMap<CadreId, i64>> {
    use assignment::Column;
    let rows: Vec<(CadreId, i64)> = ctx
        .within::<assignment::Entity>()
        .select_only()
        .column(Column::CadreId)
        .column_as(Column::Id.count(), "n")
        .filter(any_of(Column::CadreId, cadres, ctx.backend()))
        .filter(Column::Kind.eq(AssignmentKind::Household))
        .filter(live(Column::StartsOn, Column::EndsOn, day))
        .group_by(Column::CadreId)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

impl From<&assignment::Model> for Target {
    fn from(row: &assignment::Model) -> Self {
        Self {
            region: row.region_id,
            area: row.area_id,
            household: row.household_id,
            enterprise: row.enterprise_id,
            place: super::rule::place(row),
        }
    }
}
