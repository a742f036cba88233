//! Assignment by list (按清单指派): many targets, each with its holder, from one day on.

use super::{
    plan::{Begin, Plan, Step, check_day, in_office, open_on},
    rule::may_be_primary,
    target::Target,
};
use crate::kernel::{
    door::any_of,
    error::{Refusal, RefusalCode, Result},
    place::Place,
    refusal::{Checks, Detail},
    request::Ctx,
};
use async_graphql::InputObject;
use entity::{
    area, assignment, enterprise, household,
    id::{AreaId, CadreId, EnterpriseId, HouseholdId, RegionId},
    kind::{AssignmentKind, RegionKind},
    region,
    scalar::Date,
};
use sea_orm::{
    Condition, ConnectionTrait, EntityTrait, QueryFilter, Select,
    sea_query::{Expr, ExprTrait},
};
use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};
use uuid::Uuid;

/// Targets of one list at the most.
const MOST_ENTRIES: usize = 1000;

/// Who answers for what from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, InputObject)]
pub struct AssignmentList {
    /// Targets with their holders, 1 to 1000, each target once.
    pub entries: Vec<AssignmentEntry>,
    /// First day, today or later.
    pub starts_on: Date,
    /// First day without the right; open when absent.
    #[graphql(default)]
    pub ends_on: Option<Date>,
    /// True: whoever is primary contact of a target by then ends on that day. False: such an entry is refused.
    #[graphql(default)]
    pub replace: bool,
}

/// One target and who answers for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, InputObject)]
pub struct AssignmentEntry {
    /// What it is for; the target must fit.
    pub kind: AssignmentKind,
    /// The holder.
    pub cadre_id: CadreId,
    /// The target of kinds `TOWNSHIP`, `VILLAGE` and `GROUP` (a villagers' group or a grid).
    #[graphql(default)]
    pub region_id: Option<RegionId>,
    /// The target of kind `AREA`.
    #[graphql(default)]
    pub area_id: Option<AreaId>,
    /// The target of kind `HOUSEHOLD`.
    #[graphql(default)]
    pub household_id: Option<HouseholdId>,
    /// The target of kind `ENTERPRISE`.
    #[graphql(default)]
    pub enterprise_id: Option<EnterpriseId>,
    /// Whether this is the primary contact; households, enterprises and groups only. When absent: true for these.
    #[graphql(default)]
    pub is_primary: Option<bool>,
}

impl AssignmentEntry {
    /// The one target that fits the kind; the name of the field otherwise.
    fn target(&self) -> Result<Uuid, &'static str> {
        let given = [
            self.region_id.map(|id| id.0),
            self.area_id.map(|id| id.0),
            self.household_id.map(|id| id.0),
            self.enterprise_id.map(|id| id.0),
        ];
        let name = self.target_field();
        let at = ["regionId", "areaId", "householdId", "enterpriseId"].iter().position(|one| *one == name);
        let alone = given.iter().flatten().count() == 1;
        at.and_then(|at| given[at]).filter(|_| alone).ok_or(name)
    }

    fn target_field(&self) -> &'static str {
        match self.kind {
            AssignmentKind::Township | AssignmentKind::Village | AssignmentKind::Group => "regionId",
            AssignmentKind::Area => "areaId",
            AssignmentKind::Household => "householdId",
            AssignmentKind::Enterprise => "enterpriseId",
        }
    }

    fn fits(&self, kind: RegionKind) -> bool {
        match self.kind {
            AssignmentKind::Township => kind == RegionKind::Township,
            AssignmentKind::Village => kind == RegionKind::Village,
            _ => matches!(kind, RegionKind::Group | RegionKind::Grid),
        }
    }
}

/// Every target that the entries name and the viewer sees, in one statement for each table.
struct Targets(HashMap<Uuid, Target>);

async fn by_id<E, I>(
    db: &impl ConnectionTrait,
    ctx: &Ctx,
    select: Select<E>,
    id: E::Column,
    ids: HashSet<I>,
) -> Result<Vec<E::Model>>
where
    E: EntityTrait,
    I: Into<Uuid> + Eq + Hash + Ord + Copy,
{
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut ids: Vec<I> = ids.into_iter().collect();
    ids.sort_unstable();
    Ok(select.filter(any_of(id, ids, ctx.backend())).all(db).await?)
}

impl Targets {
    async fn read(ctx: &Ctx, db: &impl ConnectionTrait, entries: &[AssignmentEntry]) -> Result<Self> {
        let mut found = HashMap::new();
        let regions = entries.iter().filter_map(|entry| entry.region_id).collect();
        for row in by_id(db, ctx, ctx.within::<region::Entity>(), region::Column::Id, regions).await? {
            let fits = entries
                .iter()
                .filter(|entry| entry.region_id == Some(row.id))
                .all(|entry| entry.fits(row.kind));
            if fits {
                found.insert(row.id.0, Target { region: Some(row.id), ..Target::at(Place::from(&row)) });
            }
        }
        let areas = entries.iter().filter_map(|entry| entry.area_id).collect();
        for row in by_id(db, ctx, ctx.within::<area::Entity>(), area::Column::Id, areas).await? {
            let place = Place {
                county_id: Some(row.county_id),
                township_id: Some(row.township_id),
                ..Place::default()
            };
            found.insert(row.id.0, Target { area: Some(row.id), ..Target::at(place) });
        }
        let households = entries.iter().filter_map(|entry| entry.household_id).collect();
        for row in
            by_id(db, ctx, ctx.within::<household::Entity>(), household::Column::Id, households).await?
        {
            let place = crate::household::place(&row);
            found.insert(row.id.0, Target { household: Some(row.id), ..Target::at(place) });
        }
        let enterprises = entries.iter().filter_map(|entry| entry.enterprise_id).collect();
        for row in
            by_id(db, ctx, ctx.within::<enterprise::Entity>(), enterprise::Column::Id, enterprises).await?
        {
            let place = crate::enterprise::place(&row);
            found.insert(row.id.0, Target { enterprise: Some(row.id), ..Target::at(place) });
        }
        Ok(Self(found))
    }
}

fn target_of(row: &assignment::Model) -> Option<Uuid> {
    let region = row.region_id.map(|id| id.0).or(row.area_id.map(|id| id.0));
    region.or(row.household_id.map(|id| id.0)).or(row.enterprise_id.map(|id| id.0))
}

impl AssignmentList {
    /// The assignments that it could be about.
    pub(super) fn concerned(&self, ctx: &Ctx) -> Condition {
        use assignment::Column::{AreaId, EnterpriseId, HouseholdId, RegionId};
        fn of<I: Into<Uuid> + Ord>(ids: impl Iterator<Item = I>) -> Vec<I> {
            let mut ids: Vec<I> = ids.collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        }
        let entries = &self.entries;
        let backend = ctx.backend();
        let regions = of(entries.iter().filter_map(|entry| entry.region_id));
        let areas = of(entries.iter().filter_map(|entry| entry.area_id));
        let households = of(entries.iter().filter_map(|entry| entry.household_id));
        let enterprises = of(entries.iter().filter_map(|entry| entry.enterprise_id));
        // An empty list among them would keep SQLite from its indexes.
        Condition::any()
            .add(Expr::val(1).eq(0))
            .add_option((!regions.is_empty()).then(|| any_of(RegionId, regions, backend)))
            .add_option((!areas.is_empty()).then(|| any_of(AreaId, areas, backend)))
            .add_option((!households.is_empty()).then(|| any_of(HouseholdId, households, backend)))
            .add_option((!enterprises.is_empty()).then(|| any_of(EnterpriseId, enterprises, backend)))
    }

    fn check(&self, ctx: &Ctx) -> Result<()> {
        let mut checks = Checks::default();
        check_day(ctx, &mut checks, "list.startsOn", self.starts_on);
        checks.require(self.ends_on.is_none_or(|ends| ends > self.starts_on), || {
            Refusal::rule(
                "dates",
                "list.endsOn",
                "endsOn 是不再有效的第一天，应晚于 startsOn。",
                "endsOn is the first day without the right; it lies after startsOn.",
            )
        });
        checks.require((1..=MOST_ENTRIES).contains(&self.entries.len()), || {
            Refusal::rule(
                "length",
                "list.entries",
                format!("应为 1 至 {MOST_ENTRIES} 项。"),
                format!("1 to {MOST_ENTRIES} entries."),
            )
        });
        checks.done()?;
        let mut checks = Checks::default();
        let mut named = HashSet::new();
        for (n, entry) in self.entries.iter().enumerate() {
            let field = |name: &str| format!("list.entries.{n}.{name}");
            match entry.target() {
                Err(name) => checks.refuse(Refusal::rule(
                    "target",
                    &field("kind"),
                    format!("此类包联的对象应由 {name} 给出，其他对象字段应留空。"),
                    format!("The target of this kind is given by {name} alone."),
                )),
                Ok(target) => checks.require(named.insert(target), || {
                    Refusal::rule(
                        "twice",
                        &field("kind"),
                        "清单中此对象重复。",
                        "This target stands in the list twice.",
                    )
                }),
            }
            checks.require(entry.is_primary != Some(true) || may_be_primary(entry.kind), || {
                Refusal::rule(
                    "primary",
                    &field("isPrimary"),
                    "只有联系户、联系企业、包组才有主要联系人。",
                    "Only a household, enterprise or group has a primary contact.",
                )
            });
        }
        checks.done()
    }

    /// What it comes to.
    pub(super) async fn plan(&self, ctx: &Ctx, db: &impl ConnectionTrait, to_change: bool) -> Result<Plan> {
        self.check(ctx)?;
        let mut checks = Checks::default();
        let cadres: Vec<_> = self
            .entries
            .iter()
            .enumerate()
            .map(|(n, entry)| (format!("list.entries.{n}.cadreId"), entry.cadre_id))
            .collect();
        in_office(ctx, db, &mut checks, self.starts_on, &cadres, to_change).await?;
        let targets = Targets::read(ctx, db, &self.entries).await?;
        let mut open: HashMap<Uuid, Vec<assignment::Model>> = HashMap::new();
        for row in open_on(ctx, db, self.starts_on, self.concerned(ctx), to_change).await? {
            if let Some(target) = target_of(&row) {
                open.entry(target).or_default().push(row);
            }
        }
        let mut steps = Vec::with_capacity(self.entries.len());
        for (n, entry) in self.entries.iter().enumerate() {
            let Ok(id) = entry.target() else { continue };
            let field = format!("list.entries.{n}.{}", entry.target_field());
            let Some(target) = targets.0.get(&id) else {
                checks.refuse(Refusal::not_found(&field));
                continue;
            };
            let there = open.remove(&id).unwrap_or_default();
            steps.extend(self.step(&mut checks, &format!("list.entries.{n}"), entry, *target, there));
        }
        checks.done()?;
        Ok(Plan { on: self.starts_on, steps })
    }

    /// One entry. None where the holder has the target already, in the same way.
    fn step(
        &self,
        checks: &mut Checks,
        at: &str,
        entry: &AssignmentEntry,
        target: Target,
        there: Vec<assignment::Model>,
    ) -> Option<Step> {
        let is_primary = entry.is_primary.unwrap_or(may_be_primary(entry.kind));
        let overlaps = |row: &&assignment::Model| self.ends_on.is_none_or(|ends| row.starts_on < ends);
        let there: Vec<_> = there.into_iter().filter(|row| overlaps(&row)).collect();
        let own = |row: &assignment::Model| row.cadre_id == Some(entry.cadre_id);
        let covers = |row: &assignment::Model| {
            row.starts_on <= self.starts_on
                && row.ends_on.is_none_or(|ends| self.ends_on.is_some_and(|wanted| ends >= wanted))
        };
        if there.iter().any(|row| own(row) && row.is_primary == is_primary && covers(row)) {
            return None;
        }
        let in_the_way = |row: &assignment::Model| own(row) || (is_primary && row.is_primary);
        let ends: Vec<_> = there.into_iter().filter(in_the_way).collect();
        if let Some(first) = ends.first().filter(|_| !self.replace) {
            checks.refuse(
                Refusal::new(
                    RefusalCode::Duplicate,
                    &format!("{at}.isPrimary"),
                    "在这些日子里已有主要联系人，或同一人已有此包联；如要更换请用 replace: true。",
                    "There is a primary contact on some of these days, or the same holder; use replace: true to change them.",
                )
                .with(Detail::Existing(Some(first.id.to_string()))),
            );
            return None;
        }
        let begins = Begin { cadre: entry.cadre_id, starts_on: self.starts_on, ends_on: self.ends_on };
        Some(Step { target, kind: entry.kind, is_primary, ends, begins: Some(begins) })
    }
}
