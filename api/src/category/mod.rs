//! Categories of demands (诉求类别): beneath each of the six fields a tree that each county edits (水利, 道路, 低保 …).
//!
//! Everyone may read them, signed in or not; whoever administers the county edits them. A tree has three levels at the
//! most, and a name stands once among those that are offered side by side. A category is never deleted: a retired one
//! stays with what was entered under it, and is offered for nothing new; all beneath it is retired with it.

pub mod object;
pub mod tree;
pub mod usual;

use self::{
    object::{
        CategoriesAdoptInput, CategoryCreateInput, CategoryRestoreInput, CategoryRetireInput,
        CategoryUpdateInput,
    },
    tree::Tree,
};
use crate::{
    kernel::{
        bulk::{self, Change},
        door::unscoped,
        error::{Error, Refusal, RefusalCode, Result},
        patch::patched,
        place::Place,
        policy::May,
        record::{By, Record},
        refusal::{Checks, Detail},
        scope::Facts,
        work::Work,
    },
    region::find as find_region,
};
use entity::{
    category,
    id::{CategoryId, RegionId},
    kind::{ChangeKind, DemandField},
    region,
};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect, Set, sea_query::LockType};
use uuid::Uuid;

/// Levels of a tree.
const LEVELS: usize = 3;
/// Characters of a name.
const NAME: usize = 20;
/// Categories of a county, and those directly beneath one, retired ones too.
const MOST: usize = 500;
const MOST_BESIDE: usize = 50;
/// The greatest place among those beside it.
const LAST: i32 = 9999;
/// Room before one that is put last.
const STEP: i32 = 10;
/// The index that keeps a name from standing twice.
const NAME_BESIDE: &str = "category_name";

impl Record for category::Entity {
    const NAME: &'static str = CategoryId::PREFIX;
    const INTERNAL: &'static [&'static str] =
        &["county_id", "field", "parent_id", "name", "sort", "retired_on"];
}

/// Where the categories of a county stand.
#[must_use]
pub fn place(county: RegionId) -> Place {
    Place { county_id: Some(county), ..Place::default() }
}

/// The refusal of a region that is no county.
fn no_county(name: &str) -> Refusal {
    Refusal::rule(
        "county",
        "countyId",
        format!("{name}不是县级区域；诉求类别由县（市、区）设定，不设县的地级市由市设定。"),
        format!("{name} is no county; categories are kept by counties, and by cities that have none."),
    )
}

/// The tree of a county that the viewer may edit. Whoever edits it waits for who does already: its rules hold for all of it.
async fn edited(work: &Work, county: RegionId, field: &str) -> Result<Tree> {
    let found = find_region(work, county, field).await?;
    let stands = Place { county_id: found.county_id, ..Place::default() };
    work.ctx.must(May::ManageCategory, &Facts::from(stands))?;
    if found.county_id != Some(county) {
        return Err(no_county(&found.name).into());
    }
    let held = unscoped::<region::Entity>().filter(region::Column::Id.eq(county));
    held.lock(LockType::NoKeyUpdate).one(&work.tx).await?;
    Tree::read(work, county).await
}

/// The category of an id, for commands: categories are public. It is not retired, and nothing of it changes, until the
/// command is done.
pub async fn find(work: &Work, id: CategoryId, field: &str) -> Result<category::Model> {
    unscoped::<category::Entity>()
        .filter(category::Column::Id.eq(id))
        .lock(LockType::Share)
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found(field).into())
}

/// A category with the tree that it stands in, if the viewer may edit it.
async fn edited_one(work: &Work, id: CategoryId) -> Result<(category::Model, Tree)> {
    let found = unscoped::<category::Entity>().filter(category::Column::Id.eq(id)).one(&work.tx).await?;
    let found = found.ok_or_else(|| Refusal::not_found("id"))?;
    let tree = edited(work, found.county_id, "id").await?;
    // As it stands now that nobody else edits it.
    let row = tree.get(id).cloned().unwrap_or(found);
    Ok((row, tree))
}

fn duplicate(existing: Option<CategoryId>) -> Refusal {
    Refusal::new(
        RefusalCode::Duplicate,
        "name",
        "同级已有同名的类别。",
        "There is a category of this name beside it already.",
    )
    .with(Detail::Existing(existing.map(|id| id.to_string())))
}

/// Two who take the same name at the same moment: the database lets one through.
fn or_duplicate(error: Error) -> Error {
    if Work::is_constraint(&error, NAME_BESIDE) { duplicate(None).into() } else { error }
}

fn limit(field: &str, most: usize, zh: &str, en: &str) -> Refusal {
    Refusal::new(
        RefusalCode::Limit,
        field,
        format!("{zh}最多 {most} 个。"),
        format!("{en}: {most} at the most."),
    )
    .with(Detail::Limit(i32::try_from(most).unwrap_or(i32::MAX)))
}

fn state(zh: &str, en: &str) -> Error {
    Refusal::new(RefusalCode::State, "id", zh, en).into()
}

/// Where a category is to stand.
struct Spot<'a> {
    field: DemandField,
    parent: Option<CategoryId>,
    name: &'a str,
    /// Itself, if it is there already.
    own: Option<CategoryId>,
    /// The levels that it takes with those beneath it.
    height: usize,
}

impl Spot<'_> {
    /// Notes what keeps it from standing there.
    fn check(&self, checks: &mut Checks, tree: &Tree) {
        if let Some(parent) = self.parent {
            let Some(above) = tree.get(parent) else {
                return checks.refuse(Refusal::not_found("parentId"));
            };
            checks.require(above.field == self.field, || {
                Refusal::rule(
                    "field",
                    "parentId",
                    "上级类别应属于同一领域。",
                    "The category above is of the same field.",
                )
            });
            checks.require(above.retired_on.is_none(), || {
                Refusal::rule("retired", "parentId", "上级类别已停用。", "The category above is retired.")
            });
            let circle = self.own.is_some_and(|own| tree.with_beneath(own).any(|row| row.id == parent));
            checks.require(!circle, || {
                Refusal::rule(
                    "circle",
                    "parentId",
                    "不能移到自身或其下级之下。",
                    "A category does not stand beneath itself.",
                )
            });
            checks.require(circle || tree.level(parent) + self.height <= LEVELS, || {
                Refusal::rule(
                    "levels",
                    "parentId",
                    format!("类别最多 {LEVELS} 级。"),
                    format!("{LEVELS} levels at the most."),
                )
            });
        }
        let beside = || tree.beneath(self.field, self.parent).filter(|row| Some(row.id) != self.own);
        checks.require(beside().count() < MOST_BESIDE, || {
            limit("parentId", MOST_BESIDE, "同级类别", "Categories beside each other")
        });
        if let Some(same) = beside().find(|row| row.retired_on.is_none() && row.name == self.name) {
            checks.refuse(duplicate(Some(same.id)));
        }
    }
}

fn check_sort(checks: &mut Checks, sort: i32) {
    checks.require((0..=LAST).contains(&sort), || {
        Refusal::rule("range", "sort", format!("应为 0 至 {LAST}。"), format!("From 0 to {LAST}."))
    });
}

/// Makes a category.
pub async fn create(work: &Work, input: CategoryCreateInput) -> Result<Uuid> {
    let CategoryCreateInput { idempotency_key: _, id, county_id, field, parent_id, name, sort } = input;
    let tree = edited(work, county_id, "countyId").await?;
    let mut checks = Checks::default();
    let name = checks.text("name", &name, NAME);
    let last = tree.beneath(field, parent_id).map(|row| row.sort).max().unwrap_or_default();
    let sort = sort.unwrap_or((last + STEP).min(LAST));
    check_sort(&mut checks, sort);
    Spot { field, parent: parent_id, name: &name, own: None, height: 1 }.check(&mut checks, &tree);
    checks.require(tree.count() < MOST, || limit("countyId", MOST, "一个县的类别", "Categories of a county"));
    checks.done()?;
    let row = category::ActiveModel {
        id: Set(id.unwrap_or_else(|| CategoryId(Uuid::now_v7()))),
        county_id: Set(county_id),
        field: Set(field),
        parent_id: Set(parent_id),
        name: Set(name),
        sort: Set(sort),
        retired_on: Set(None),
        version: Set(1),
    };
    work.insert(row).await.map_err(or_duplicate)
}

/// Changes what is given: its name, its place, the one above it.
pub async fn update(work: &Work, input: CategoryUpdateInput) -> Result<Uuid> {
    let CategoryUpdateInput { idempotency_key: _, id, expected_version, name, sort, parent_id } = input;
    let (old, tree) = edited_one(work, id).await?;
    work.stands::<category::Entity>(id.0, expected_version).await?;
    if old.retired_on.is_some() {
        return Err(state("此类别已停用，请先恢复。", "This category is retired; restore it first."));
    }
    let mut checks = Checks::default();
    let name = name.map_or(old.name.clone(), |name| checks.text("name", &name, NAME));
    let sort = sort.unwrap_or(old.sort);
    check_sort(&mut checks, sort);
    let parent = patched(parent_id, |parent| parent).unwrap_or(old.parent_id);
    let spot = Spot { field: old.field, parent, name: &name, own: Some(id), height: tree.height(id) };
    spot.check(&mut checks, &tree);
    checks.done()?;
    let mut row = category::ActiveModel { id: Set(id), ..Default::default() };
    if name != old.name {
        row.name = Set(name);
    }
    if sort != old.sort {
        row.sort = Set(sort);
    }
    if parent != old.parent_id {
        row.parent_id = Set(parent);
    }
    work.update(row, expected_version, ChangeKind::Updated).await.map_err(or_duplicate)?;
    Ok(id.0)
}

fn by(work: &Work) -> Result<By<'_>> {
    let actor = Some(work.ctx.signed_in()?.account);
    Ok(By { now: work.now(), actor, request_id: work.ctx.request_id() })
}

/// Retires a category with all beneath it.
pub async fn retire(work: &Work, input: CategoryRetireInput) -> Result<Uuid> {
    let CategoryRetireInput { idempotency_key: _, id, expected_version } = input;
    let (old, tree) = edited_one(work, id).await?;
    work.stands::<category::Entity>(id.0, expected_version).await?;
    if old.retired_on.is_some() {
        return Err(state("此类别已停用。", "This category is retired already."));
    }
    let today = work.ctx.today();
    let live = tree.with_beneath(id).filter(|row| row.retired_on.is_none());
    let changes = live.map(|row| Change {
        before: row.clone(),
        after: category::Model { retired_on: Some(today), ..row.clone() },
        also: &[],
    });
    bulk::end::<category::Entity>(&work.tx, changes.collect(), by(work)?).await?;
    Ok(id.0)
}

/// Offers a retired category again; those beneath it stay as they are.
pub async fn restore(work: &Work, input: CategoryRestoreInput) -> Result<Uuid> {
    let CategoryRestoreInput { idempotency_key: _, id, expected_version } = input;
    let (old, tree) = edited_one(work, id).await?;
    work.stands::<category::Entity>(id.0, expected_version).await?;
    if old.retired_on.is_none() {
        return Err(state("此类别没有停用。", "This category is not retired."));
    }
    let mut checks = Checks::default();
    let spot = Spot {
        field: old.field,
        parent: old.parent_id,
        name: &old.name,
        own: Some(id),
        height: tree.height(id),
    };
    spot.check(&mut checks, &tree);
    checks.done()?;
    let row = category::ActiveModel { id: Set(id), retired_on: Set(None), ..Default::default() };
    work.update(row, expected_version, ChangeKind::Updated).await.map_err(or_duplicate)?;
    Ok(id.0)
}

/// Takes over the usual tree where a county has none.
pub async fn adopt(work: &Work, input: CategoriesAdoptInput) -> Result<Uuid> {
    let CategoriesAdoptInput { idempotency_key: _, county_id } = input;
    let tree = edited(work, county_id, "countyId").await?;
    if tree.count() > 0 {
        return Err(Refusal::new(
            RefusalCode::State,
            "countyId",
            "该县已有诉求类别，不能再套用常用类别。",
            "The county has categories already; the usual ones are for a county that has none.",
        )
        .into());
    }
    let rows = usual::rows(county_id, || CategoryId(Uuid::now_v7()));
    bulk::create::<category::Entity>(&work.tx, rows, by(work)?).await?;
    Ok(county_id.0)
}
