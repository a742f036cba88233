//! What a boundary change would do: the one plan that the preview shows and that the mutation carries out.

use super::{ids, level};
use crate::{
    account, contact,
    household::succession::Renumbered,
    kernel::{
        door::{any_of, unscoped},
        error::{Error, Refusal, Result},
        place::{
            Level, Place, Root,
            past::in_force,
            rewrite::{Moved, Parted},
        },
        policy::May,
        refusal::{Checks, Detail},
        request::Ctx,
        scope::Facts,
        work::Work,
    },
    region::{succession::Becomes, withdrawn},
};
use entity::{
    account as accounts, area, assignment, branch, cadre, department, enterprise, household,
    id::{HouseholdId, RegionId},
    kind::RegionKind,
    region,
    scalar::{Date, RegionCode},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::ExprTrait,
};

/// A boundary change that somebody wants.
#[derive(Clone, Debug)]
pub enum Change {
    /// Another code, for a region and all below it.
    Recode {
        /// The region.
        id: RegionId,
        /// Its new code.
        code: RegionCode,
        /// From which day.
        day: Option<Date>,
    },
    /// Regions become one.
    Merge {
        /// Those that are withdrawn.
        from: Vec<RegionId>,
        /// The one that stays.
        into: RegionId,
        /// From which day.
        day: Option<Date>,
    },
    /// A part of a village becomes a village.
    Split {
        /// The village.
        id: RegionId,
        /// Id of the new one.
        new: RegionId,
        /// Its code.
        code: RegionCode,
        /// Its name.
        name: String,
        /// Groups and grids that go over.
        groups: Vec<RegionId>,
        /// Households that go over without their group.
        households: Vec<HouseholdId>,
        /// From which day.
        day: Option<Date>,
    },
    /// A region comes to lie in another.
    Move {
        /// The region.
        id: RegionId,
        /// The one that it lies in from now on.
        parent: RegionId,
        /// Its new code.
        code: RegionCode,
        /// From which day.
        day: Option<Date>,
    },
}

impl Change {
    /// The regions that it names.
    fn names(&self) -> Vec<RegionId> {
        match self {
            Self::Recode { id, .. } | Self::Split { id, .. } => vec![*id],
            Self::Merge { from, into, .. } => from.iter().copied().chain([*into]).collect(),
            Self::Move { id, parent, .. } => vec![*id, *parent],
        }
    }
}

/// How places change.
#[derive(Clone, Debug)]
pub enum Step {
    /// Regions lie elsewhere, or become another.
    Moved(Moved),
    /// A part of a village becomes another.
    Parted(Parted),
}

/// How much moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Households.
    pub households: u64,
    /// Enterprises.
    pub enterprises: u64,
    /// Cadres.
    pub cadres: u64,
    /// Party organisations.
    pub branches: u64,
    /// Departments.
    pub departments: u64,
    /// Assignments, past ones among them.
    pub assignments: u64,
    /// Accounts.
    pub accounts: u64,
}

/// What a change would do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The region to answer with.
    pub result: RegionId,
    /// From which day it counts.
    pub day: Date,
    /// What regions become.
    pub regions: Vec<Becomes>,
    /// A region that is made.
    pub made: Option<region::Model>,
    /// How places change.
    pub step: Option<Step>,
    /// Regions that are withdrawn, and the one that they are merged into.
    pub withdrawn: Vec<RegionId>,
    /// See `withdrawn`.
    pub into: Option<region::Model>,
    /// Households that get another number.
    pub renumbered: Vec<Renumbered>,
    /// Departments that get another name.
    pub departments: Vec<(department::Model, String)>,
    /// Areas that get another name.
    pub renamed_areas: Vec<(area::Model, String)>,
    /// Areas whose villages change.
    pub areas: Vec<area::Model>,
    /// Villages that leave their areas.
    pub leaving: Vec<RegionId>,
    /// Assignments that are carried over.
    pub assignments: Vec<contact::succession::Carried>,
    /// Roles that are carried over.
    pub grants: Vec<account::succession::Carried>,
    /// Places whose people read anew what they may see.
    pub touched: Vec<Root>,
}

impl Plan {
    /// A plan that does nothing yet.
    pub(super) fn new(result: RegionId, day: Date) -> Self {
        Self {
            result,
            day,
            regions: Vec::new(),
            made: None,
            step: None,
            withdrawn: Vec::new(),
            into: None,
            renumbered: Vec::new(),
            departments: Vec::new(),
            renamed_areas: Vec::new(),
            areas: Vec::new(),
            leaving: Vec::new(),
            assignments: Vec::new(),
            grants: Vec::new(),
            touched: Vec::new(),
        }
    }
}

/// Holds the regions of a change with all below them until it is done, in one order for all.
pub(super) async fn hold(work: &Work, change: &Change) -> Result<()> {
    use region::Column::{CountyId, Id, TownshipId, VillageId};
    let (regions, backend) = (change.names(), work.ctx.backend());
    let named = || regions.iter().copied();
    let held = Condition::any()
        .add(any_of(Id, named(), backend))
        .add(any_of(VillageId, named(), backend))
        .add(any_of(TownshipId, named(), backend))
        .add(any_of(CountyId, named(), backend));
    let _: Vec<RegionId> = unscoped::<region::Entity>()
        .select_only()
        .column(Id)
        .filter(held)
        .order_by_asc(Id)
        .lock_exclusive()
        .into_tuple()
        .all(&work.tx)
        .await?;
    Ok(())
}

/// A region in force that the viewer may administer.
pub(super) async fn find(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    id: RegionId,
    field: &str,
) -> Result<region::Model> {
    let region = unscoped::<region::Entity>().filter(region::Column::Id.eq(id)).one(db).await?;
    let region = region.ok_or_else(|| Error::from(Refusal::not_found(field)))?;
    ctx.must(May::ManageRegion, &Facts::from(Place::from(&region)))?;
    match region.until {
        None => Ok(region),
        Some(until) => Err(withdrawn(&region, &in_force(db, region.clone()).await?, until, field).into()),
    }
}

/// The region above one that leaves it or is parted in it: whoever does that administers both.
pub(super) async fn above(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    region: &region::Model,
) -> Result<region::Model> {
    let above = region.parent_id.ok_or_else(|| Error::internal("a region of nowhere"))?;
    let above = crate::region::of(db, above, "id").await?;
    ctx.must(May::ManageRegion, &Facts::from(Place::from(&above)))?;
    Ok(above)
}

/// Regions below others at the most.
const MOST: u64 = 10_000;

/// The regions in force below others of one level, by code.
pub(super) async fn below(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    above: &[region::Model],
) -> Result<Vec<region::Model>> {
    let column = above.first().and_then(level).and_then(Level::column::<region::Entity>);
    let Some(column) = column else { return Ok(Vec::new()) };
    let rows = unscoped::<region::Entity>()
        .filter(any_of(column, ids(above), ctx.backend()))
        .filter(any_of(region::Column::Id, ids(above), ctx.backend()).not())
        .filter(region::Column::Until.is_null())
        .order_by_asc(region::Column::Code)
        .limit(MOST + 1)
        .all(db)
        .await?;
    if rows.len() as u64 > MOST {
        return Err(Refusal::new(
            crate::kernel::error::RefusalCode::Limit,
            "",
            format!("涉及的下级区域超过 {MOST} 个，请逐个乡镇进行。"),
            format!("More than {MOST} regions lie below; go township by township."),
        )
        .with(Detail::Limit(i32::try_from(MOST).unwrap_or(i32::MAX)))
        .into());
    }
    Ok(rows)
}

/// Checks a new code of a region: its form, that it begins with that of the region above, and that neither it nor one
/// below it is in use by others.
pub(super) async fn check_code(
    db: &impl ConnectionTrait,
    checks: &mut Checks,
    field: &str,
    (kind, code): (RegionKind, &RegionCode),
    parent: &region::Model,
) -> Result<()> {
    let sound = match crate::kernel::standards::check_region_code(kind, &code.0) {
        Ok(()) => true,
        Err(fault) => {
            checks.refuse(Refusal::rule("region-code", field, fault.zh(), fault.en()));
            false
        }
    };
    checks.require(code.0.starts_with(&parent.code.0), || {
        Refusal::rule(
            "region-code-prefix",
            field,
            format!("代码应以上级代码 {} 开头。", parent.code.0),
            format!("The code begins with that of the region above, {}.", parent.code.0),
        )
    });
    if !sound {
        return Ok(());
    }
    let same = unscoped::<region::Entity>()
        .filter(region::Column::Code.gte(code.0.as_str()))
        // All that begin with the code: after the digits comes the colon.
        .filter(region::Column::Code.lt(format!("{}:", code.0)))
        .filter(region::Column::Until.is_null())
        .one(db)
        .await?;
    if let Some(same) = same {
        checks.refuse(
            Refusal::new(
                crate::kernel::error::RefusalCode::Duplicate,
                field,
                format!("代码 {} 已由{}使用。", same.code.0, same.name),
                format!("The code {} is in use by {}.", same.code.0, same.name),
            )
            .with(Detail::Existing(Some(same.id.to_string()))),
        );
    }
    Ok(())
}

/// The code of a region below another that gets a new code.
pub(super) fn recoded(code: &RegionCode, old: &RegionCode, new: &RegionCode) -> RegionCode {
    match code.0.strip_prefix(&old.0) {
        Some(rest) => RegionCode(format!("{}{rest}", new.0)),
        None => code.clone(),
    }
}

impl Plan {
    /// How much moves: for who looks at the plan, not for who carries it out.
    pub(super) async fn counts(&self, ctx: &Ctx, db: &impl ConnectionTrait) -> Result<Counts> {
        match &self.step {
            Some(Step::Moved(moved)) => counts(ctx, db, moved.level, &moved.roots).await,
            Some(Step::Parted(parted)) => Ok(Counts {
                households: counted::<household::Entity>(db, parted.going(ctx.backend())).await?,
                assignments: counted::<assignment::Entity>(db, parted.ties(ctx.backend())).await?,
                ..Counts::default()
            }),
            None => Ok(Counts::default()),
        }
    }
}

/// How much lies in regions of one level.
async fn counts(ctx: &Ctx, db: &impl ConnectionTrait, level: Level, roots: &[RegionId]) -> Result<Counts> {
    Ok(Counts {
        households: count::<household::Entity>(ctx, db, level, roots).await?,
        enterprises: count::<enterprise::Entity>(ctx, db, level, roots).await?,
        cadres: count::<cadre::Entity>(ctx, db, level, roots).await?,
        branches: count::<branch::Entity>(ctx, db, level, roots).await?,
        departments: count::<department::Entity>(ctx, db, level, roots).await?,
        assignments: count::<assignment::Entity>(ctx, db, level, roots).await?,
        accounts: count::<accounts::Entity>(ctx, db, level, roots).await?,
    })
}

async fn count<E>(ctx: &Ctx, db: &impl ConnectionTrait, level: Level, roots: &[RegionId]) -> Result<u64>
where
    E: EntityTrait,
    E::Model: Sync,
{
    match level.column::<E>() {
        Some(column) => counted::<E>(db, any_of(column, roots.iter().copied(), ctx.backend())).await,
        None => Ok(0),
    }
}

/// How many rows of a table there are.
async fn counted<E>(db: &impl ConnectionTrait, rows: impl Into<Condition>) -> Result<u64>
where
    E: EntityTrait,
    E::Model: Sync,
{
    Ok(unscoped::<E>().filter(rows).count(db).await?)
}
