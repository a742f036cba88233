//! Boundary changes: what is merged, moved, parted or recoded stays to be found, and past days keep their tree.

mod history;
mod merge;
mod random;

use chrono::{Days, NaiveDate};
use entity::{
    account, area, assignment, branch, cadre, department, enterprise, household, id::RegionId, intake_point,
    kind::RegionKind, region,
};
use lianhu_tests::{Actor, World, ground};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use std::collections::HashMap;

const TOWN: &str = "530304101";
/// 竹园村, 745 households.
const BIG: &str = "530304101200";
/// 曲宗村, 700 households.
const SMALL: &str = "530304101201";

fn today() -> NaiveDate {
    ground::today()
}

fn days_ago(days: u64) -> String {
    today().checked_sub_days(Days::new(days)).expect("a day").to_string()
}

const REGION: &str =
    "query($code: RegionCode!, $asOf: Date) { region(by: { code: $code }, asOf: $asOf) { id version name kind code until
       parent { code } ancestors { code } } }";

async fn region_on(actor: &Actor, code: &str, day: Option<&str>) -> Value {
    actor.ask(REGION, json!({"code": code, "asOf": day})).await.ok()["region"].clone()
}

async fn region(actor: &Actor, code: &str) -> Value {
    region_on(actor, code, None).await
}

/// Codes and names of what lies directly below a region on a day.
async fn below(actor: &Actor, code: &str, day: Option<&str>) -> Vec<(String, String)> {
    let query = "query($code: RegionCode!, $asOf: Date) { region(by: { code: $code }, asOf: $asOf) {
                   children(first: 100) { totalCount nodes { code name } } } }";
    let answer = actor.ask(query, json!({"code": code, "asOf": day})).await.ok();
    let children = &answer["region"]["children"];
    let nodes = children["nodes"].as_array().expect("children");
    assert_eq!(children["totalCount"], nodes.len(), "{children}");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    nodes.iter().map(|node| (text(&node["code"]), text(&node["name"]))).collect()
}

async fn change(actor: &Actor, mutation: &str, input: Value) -> Value {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    actor.change(mutation, &kind, "region { id code name version }", input).await
}

async fn done(actor: &Actor, mutation: &str, input: Value) -> Value {
    let answer = change(actor, mutation, input).await;
    assert_eq!(answer["errors"], json!([]), "{mutation}: {answer}");
    answer["region"].clone()
}

async fn merge(actor: &Actor, from: &[&Value], into: &Value, day: &str) -> Value {
    let from: Vec<_> = from.iter().map(|region| &region["id"]).collect();
    change(actor, "regionMerge", json!({"fromIds": from, "intoId": into["id"], "effectiveOn": day})).await
}

const PLAN: &str = "query($change: RegionChangeInput!) { regionChangePreview(change: $change) {
    errors { __typename code message path ... on ValidationError { rule } }
    effectiveOn regionCount
    regions { kind oldCode newCode oldName newName region { id } }
    moved { households enterprises cadres partyBranches departments assignments accounts }
    renumberedCount renumbered { oldNumber newNumber household { id } }
    villagesAdded { code } villagesRemoved { code }
    reachMore { id } reachLess { id } rolesCarriedOver { id role } } }";

async fn preview(actor: &Actor, change: Value) -> Value {
    actor.ask(PLAN, json!({"change": change})).await.ok()["regionChangePreview"].clone()
}

async fn count(actor: &Actor, region: &Value) -> i64 {
    let query = "query($id: ID!) { households(where: { region: $id }) { totalCount } }";
    let answer = actor.ask(query, json!({"id": region})).await.ok();
    answer["households"]["totalCount"].as_i64().expect("a number")
}

fn rules(answer: &Value) -> Vec<&str> {
    let errors = answer["errors"].as_array().expect("errors").iter();
    errors.map(|error| error["rule"].as_str().or(error["code"].as_str()).unwrap_or_default()).collect()
}

/// The regions by id.
async fn tree(world: &World) -> HashMap<RegionId, region::Model> {
    let rows = region::Entity::find().all(world.state.db.read()).await.expect("regions");
    rows.into_iter().map(|row| (row.id, row)).collect()
}

/// County, township, village, group and grid.
type Spot = [Option<RegionId>; 5];

/// Where a region lies, told by its parents alone.
fn spot(tree: &HashMap<RegionId, region::Model>, id: RegionId) -> Spot {
    let mut spot = Spot::default();
    let mut next = Some(id);
    while let Some(region) = next.and_then(|id| tree.get(&id)) {
        let at = match region.kind {
            RegionKind::County => Some(0),
            RegionKind::Township => Some(1),
            RegionKind::Village => Some(2),
            RegionKind::Group => Some(3),
            RegionKind::Grid => Some(4),
            RegionKind::Province | RegionKind::City => None,
        };
        if let Some(at) = at {
            spot[at] = Some(region.id);
        }
        next = region.parent_id;
    }
    spot
}

/// A place agrees with the tree: each region that it names lies in those above it.
fn assert_placed(tree: &HashMap<RegionId, region::Model>, what: &str, found: Spot) {
    let named: Vec<_> = found.into_iter().enumerate().filter_map(|(at, id)| Some((at, id?))).collect();
    for &(at, id) in &named {
        assert_eq!(tree[&id].until, None, "{what} lies in a region that is withdrawn");
        // Groups and grids stand side by side.
        let above = at.min(3);
        let wanted = spot(tree, id);
        assert_eq!(found[..above], wanted[..above], "{what} lies where its regions do");
        assert_eq!(wanted[at], Some(id), "{what} names a region at another level");
    }
}

/// Every row with place columns lies where the tree says, and every household is there.
async fn assert_consistent(world: &World, households: usize) {
    let tree = tree(world).await;
    let db = world.state.db.read();
    for row in tree.values().filter(|row| row.until.is_none()) {
        let own = [row.county_id, row.township_id, row.village_id, row.group_id, row.grid_id];
        assert_eq!(own, spot(&tree, row.id), "{} {}", row.code.0, row.name);
        if let Some(parent) = row.parent_id {
            let parent = &tree[&parent];
            assert_eq!(parent.until, None, "{} hangs on a withdrawn region", row.code.0);
            assert!(row.code.0.starts_with(&parent.code.0), "{} below {}", row.code.0, parent.code.0);
            assert_eq!(
                (row.province_id, row.city_id.is_some()),
                (parent.province_id, true),
                "{}",
                row.code.0
            );
        }
    }
    let homes = household::Entity::find().all(db).await.expect("households");
    assert_eq!(homes.len(), households, "no household is lost");
    for row in &homes {
        let own =
            [Some(row.county_id), Some(row.township_id), Some(row.village_id), row.group_id, row.grid_id];
        assert_placed(&tree, "a household", own);
    }
    for row in assignment::Entity::find().all(db).await.expect("assignments") {
        let own = [Some(row.county_id), Some(row.township_id), row.village_id, row.group_id, row.grid_id];
        let over = row.region_id.is_some_and(|id| tree[&id].until.is_some());
        if over {
            assert!(row.ends_on.is_some_and(|day| day.0 <= today()), "one to a withdrawn region is over");
        }
        assert_placed(&tree, "an assignment", own);
    }
    macro_rules! offices {
        ($($table:ident),*) => {$(
            for row in $table::Entity::find().all(db).await.expect("rows") {
                assert_placed(&tree, stringify!($table), [row.county_id, row.township_id, row.village_id, None, None]);
            }
        )*};
    }
    offices!(branch, department, cadre, account);
    for row in enterprise::Entity::find().all(db).await.expect("enterprises") {
        assert_placed(
            &tree,
            "an enterprise",
            [Some(row.county_id), Some(row.township_id), row.village_id, None, None],
        );
    }
    for row in intake_point::Entity::find().all(db).await.expect("intake points") {
        let own = [Some(row.county_id), Some(row.township_id), row.village_id, None, None];
        assert_placed(&tree, "an intake point", own);
        assert_eq!(tree[&row.region_id].until, None, "an intake point is of a region in force");
    }
    for row in area::Entity::find().all(db).await.expect("areas") {
        assert_placed(&tree, "an area", [Some(row.county_id), Some(row.township_id), None, None, None]);
    }
    for row in cadre::Entity::find().filter(cadre::Column::Name.is_not_null()).all(db).await.expect("cadres")
    {
        assert_eq!(tree[&row.region_id].until, None, "an office is of a region in force");
    }
}
