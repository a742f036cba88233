//! Even spread (均衡分配): the households of a place over a group of cadres, village by village.

use super::{
    plan::{Begin, MOST, Plan, Step, carried, check_day, in_office, open_on},
    target::Target,
};
use crate::kernel::{
    door::{any_of, held_in_office, level_of, unscoped},
    error::{Error, Refusal, RefusalCode, Result},
    place::{Level, Place},
    policy::May,
    refusal::{Checks, Detail},
    request::Ctx,
    scope::Facts,
};
use async_graphql::InputObject;
use entity::{
    assignment, household,
    id::{CadreId, HouseholdId, RegionId},
    kind::{AssignmentKind, HouseholdStatus, RegionKind},
    region,
    scalar::Date,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait},
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap},
};

/// Which households are spread over whom. Cadres of a village's own office get households of that village alone; the
/// others share what is left, neighbours together, until all carry as nearly the same as can be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, InputObject)]
pub struct Spread {
    /// The township, village, group or grid whose households are spread.
    pub region_id: RegionId,
    /// Over whom, 1 to 100; in office on that day.
    pub cadre_ids: Vec<CadreId>,
    /// First day, today or later.
    pub starts_on: Date,
    /// False: only households that have no primary contact in office from that day on get one. True: all of them are dealt anew,
    /// and the primary contacts that they have end on that day.
    #[graphql(default)]
    pub anew: bool,
}

#[derive(sea_orm::FromQueryResult)]
struct Home {
    id: HouseholdId,
    number: String,
    county_id: RegionId,
    township_id: RegionId,
    village_id: RegionId,
    group_id: Option<RegionId>,
    grid_id: Option<RegionId>,
}

impl Spread {
    /// The assignments that it could be about.
    pub(super) fn concerned(&self, level: Level) -> Condition {
        use assignment::Column::{CountyId, GridId, GroupId, Kind, TownshipId, VillageId};
        let column = match level {
            Level::County => CountyId,
            Level::Township => TownshipId,
            Level::Village => VillageId,
            Level::Group => GroupId,
            Level::Grid => GridId,
        };
        Condition::all().add(column.eq(self.region_id)).add(Kind.eq(AssignmentKind::Household))
    }

    /// The region's level, if it may be spread there.
    pub(super) async fn level(&self, ctx: &Ctx, db: &impl ConnectionTrait) -> Result<Level> {
        let region =
            ctx.within::<region::Entity>().filter(region::Column::Id.eq(self.region_id)).one(db).await?;
        let region = region.ok_or_else(|| Refusal::not_found("spread.regionId"))?;
        ctx.must(May::Assign, &Facts::from(Place::from(&region)))?;
        let above = matches!(region.kind, RegionKind::Province | RegionKind::City | RegionKind::County);
        level_of(region.kind).filter(|_| !above).ok_or_else(|| {
            Refusal::rule(
                "level",
                "spread.regionId",
                "请给出乡镇、村、组或网格。",
                "Name a township, village, group or grid.",
            )
            .into()
        })
    }

    /// What it comes to.
    pub(super) async fn plan(&self, ctx: &Ctx, db: &impl ConnectionTrait, to_change: bool) -> Result<Plan> {
        let level = self.level(ctx, db).await?;
        let mut checks = Checks::default();
        check_day(ctx, &mut checks, "spread.startsOn", self.starts_on);
        let mut cadres = self.cadre_ids.clone();
        cadres.sort_unstable();
        cadres.dedup();
        checks.require(
            (1..=100).contains(&self.cadre_ids.len()) && cadres.len() == self.cadre_ids.len(),
            || {
                Refusal::rule(
                    "cadres",
                    "spread.cadreIds",
                    "1 至 100 名干部，不重复。",
                    "1 to 100 cadres, each once.",
                )
            },
        );
        checks.done()?;
        let mut checks = Checks::default();
        let named: Vec<_> =
            self.cadre_ids.iter().enumerate().map(|(n, id)| (format!("spread.cadreIds.{n}"), *id)).collect();
        let rows = in_office(ctx, db, &mut checks, self.starts_on, &named, to_change).await?;
        checks.done()?;
        let homes = self.homes(ctx, db, level).await?;
        if homes.len() > MOST {
            return Err(too_many());
        }
        // What may have to end: the primary contacts that there are or who have left office, and what these cadres hold
        // beside them.
        let left = Condition::all()
            .add(assignment::Column::IsPrimary.eq(true))
            .add(held_in_office(self.starts_on).not());
        let theirs = Condition::any()
            .add(any_of(assignment::Column::CadreId, cadres.iter().copied(), ctx.backend()))
            .add(left)
            .add_option(self.anew.then(|| assignment::Column::IsPrimary.eq(true)));
        let mut held: HashMap<HouseholdId, Vec<assignment::Model>> = HashMap::new();
        for row in open_on(ctx, db, self.starts_on, self.concerned(level).add(theirs), to_change).await? {
            if let Some(home) = row.household_id {
                held.entry(home).or_default().push(row);
            }
        }
        let mut loads = carried(ctx, db, self.starts_on, cadres).await?;
        for row in held.values().flatten().filter(|row| self.anew && row.is_primary) {
            if let Some(load) = row.cadre_id.and_then(|cadre| loads.get_mut(&cadre)) {
                *load -= 1;
            }
        }
        let offices: Vec<(CadreId, Option<RegionId>)> =
            self.cadre_ids.iter().map(|id| (*id, rows.get(id).and_then(|row| row.village_id))).collect();
        let villages: Vec<RegionId> = homes.iter().map(|home| home.village_id).collect();
        let dealt = deal(&villages, &offices, &loads);
        let steps = homes.iter().zip(dealt).filter_map(|(home, cadre)| {
            let ends = held.remove(&home.id).unwrap_or_default();
            self.step(home, cadre, ends)
        });
        Ok(Plan { on: self.starts_on, steps: steps.collect() })
    }

    /// The households to be dealt: village by village, group by group, by number.
    async fn homes(&self, ctx: &Ctx, db: &impl ConnectionTrait, level: Level) -> Result<Vec<Home>> {
        use household::Column;
        let column =
            level.column::<household::Entity>().ok_or_else(|| Refusal::not_found("spread.regionId"))?;
        let taken = unscoped::<assignment::Entity>()
            .select_only()
            .expr(Expr::val(1))
            .filter(
                Expr::col((assignment::Entity, assignment::Column::HouseholdId))
                    .equals((household::Entity, Column::Id)),
            )
            .filter(assignment::Column::IsPrimary.eq(true))
            .filter(held_in_office(self.starts_on))
            .filter(
                Condition::any()
                    .add(assignment::Column::EndsOn.is_null())
                    .add(assignment::Column::EndsOn.gt(self.starts_on)),
            )
            .into_query();
        let mut select = ctx
            .within::<household::Entity>()
            .select_only()
            .columns([
                Column::Id,
                Column::Number,
                Column::CountyId,
                Column::TownshipId,
                Column::VillageId,
                Column::GroupId,
                Column::GridId,
            ])
            .filter(column.eq(self.region_id))
            .filter(Column::Status.eq(HouseholdStatus::Resident));
        if !self.anew {
            select = select.filter(Expr::exists(taken).not());
        }
        let most = u64::try_from(MOST).unwrap_or(u64::MAX);
        let mut homes: Vec<Home> = select.limit(most + 1).into_model().all(db).await?;
        homes.sort_by(|one, other| {
            let key = |home: &Home| (home.village_id, home.group_id);
            key(one).cmp(&key(other)).then_with(|| one.number.cmp(&other.number))
        });
        Ok(homes)
    }

    fn step(&self, home: &Home, cadre: CadreId, held: Vec<assignment::Model>) -> Option<Step> {
        // Who has it keeps it.
        let own = |row: &assignment::Model| row.cadre_id == Some(cadre);
        let keeps = |row: &assignment::Model| {
            own(row) && row.is_primary && row.starts_on <= self.starts_on && row.ends_on.is_none()
        };
        if held.iter().any(keeps) {
            return None;
        }
        let ends = held.into_iter().filter(|row| row.is_primary || own(row)).collect();
        let place = Place {
            county_id: Some(home.county_id),
            township_id: Some(home.township_id),
            village_id: Some(home.village_id),
            group_id: home.group_id,
            grid_id: home.grid_id,
        };
        Some(Step {
            target: Target { household: Some(home.id), ..Target::at(place) },
            kind: AssignmentKind::Household,
            is_primary: true,
            ends,
            begins: Some(Begin { cadre, starts_on: self.starts_on, ends_on: None }),
        })
    }
}

fn too_many() -> Error {
    Refusal::new(
        RefusalCode::Limit,
        "spread.regionId",
        format!("一次最多分配 {MOST} 户；请逐村进行。"),
        format!("{MOST} households at the most in one step; go village by village."),
    )
    .with(Detail::Limit(i32::try_from(MOST).unwrap_or(i32::MAX)))
    .into()
}

/// Whose each household becomes. A village's own cadres share that village; what is left is shared by the others, in runs
/// of neighbours. Shares are such that those who share carry as nearly the same in the end as can be.
fn deal(
    villages: &[RegionId],
    offices: &[(CadreId, Option<RegionId>)],
    loads: &HashMap<CadreId, i64>,
) -> Vec<CadreId> {
    let mut own: HashMap<RegionId, Vec<CadreId>> = HashMap::new();
    let mut free = Vec::new();
    for (cadre, office) in offices {
        match office {
            Some(village) if villages.contains(village) => own.entry(*village).or_default().push(*cadre),
            _ => free.push(*cadre),
        }
    }
    if free.is_empty() {
        free = offices.iter().map(|(cadre, _)| *cadre).collect();
    }
    // Pools in the order of the villages; the last is of all villages without cadres of their own.
    let mut pools: BTreeMap<Option<RegionId>, Vec<usize>> = BTreeMap::new();
    for (at, village) in villages.iter().enumerate() {
        pools.entry(own.contains_key(village).then_some(*village)).or_default().push(at);
    }
    let mut loads = loads.clone();
    let mut dealt: Vec<Option<CadreId>> = vec![None; villages.len()];
    // Villages with cadres of their own first: what these carry counts when the rest is shared.
    for (village, homes) in pools.into_iter().rev() {
        let pool = village.and_then(|village| own.get(&village)).unwrap_or(&free);
        let mut homes = homes.into_iter();
        for (cadre, share) in shares(pool, &loads, homes.len()) {
            *loads.entry(cadre).or_default() += i64::try_from(share).unwrap_or(i64::MAX);
            for at in homes.by_ref().take(share) {
                dealt[at] = Some(cadre);
            }
        }
    }
    let first = offices.first().map(|(cadre, _)| *cadre);
    dealt.into_iter().filter_map(|cadre| cadre.or(first)).collect()
}

/// How many of `n` each gets: always the next to whoever carries least.
fn shares(pool: &[CadreId], loads: &HashMap<CadreId, i64>, n: usize) -> Vec<(CadreId, usize)> {
    let mut heap: BinaryHeap<Reverse<(i64, usize)>> = pool
        .iter()
        .enumerate()
        .map(|(at, cadre)| Reverse((loads.get(cadre).copied().unwrap_or(0), at)))
        .collect();
    let mut shares = vec![0; pool.len()];
    for _ in 0..n {
        let Some(Reverse((load, at))) = heap.pop() else { break };
        shares[at] += 1;
        heap.push(Reverse((load + 1, at)));
    }
    pool.iter().copied().zip(shares).collect()
}
