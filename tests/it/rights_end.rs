//! People, accounts and party membership, role by role; and that what ends never opens anything.

use chrono::Duration;
use entity::{branch, membership};
use lianhu::kernel::clock::civil;
use lianhu_tests::{Actor, World};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashSet};

type Ids = BTreeSet<String>;

fn nodes(list: &Value) -> &Vec<Value> {
    list["nodes"].as_array().unwrap_or_else(|| panic!("nodes: {list}"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text: {value}")).to_owned()
}

/// All rows of a list, page by page.
async fn walk(actor: &Actor, list: &str, selection: &str) -> Vec<Value> {
    let (mut rows, mut after) = (Vec::new(), Value::Null);
    loop {
        let query = format!(
            "query($after: Cursor) {{ {list}(first: 50, after: $after) {{
             nodes {{ {selection} }} pageInfo {{ hasNextPage endCursor }} }} }}"
        );
        let page = actor.ask(&query, json!({"after": after})).await.ok()[list].clone();
        rows.extend(nodes(&page).iter().cloned());
        if page["pageInfo"]["hasNextPage"] == false {
            return rows;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

async fn ids(actor: &Actor, list: &str) -> Ids {
    walk(actor, list, "id").await.iter().map(|row| text(&row["id"])).collect()
}

async fn world() -> World {
    World::with(|config| {
        config.graphql.cost_per_minute = 10_000_000;
        config.graphql.max_cost = 100_000;
    })
    .await
}

#[tokio::test]
async fn a_resident_is_told_of_no_cadre_whether_they_belong_to_the_party() {
    let world = world().await;
    let live = membership::Entity::find().filter(membership::Column::EndsOn.is_null());
    let live = live.all(world.state.db.read()).await.expect("memberships");
    let members: HashSet<String> = live.iter().map(|row| row.cadre_id.to_string()).collect();
    for name in ["resident", "enterprise", "grid-worker", "handler"] {
        let actor = world.actor(name).await;
        let own = text(&json!(
            actor.get("{ viewer { cadre { id } } }").await["viewer"]["cadre"]["id"].as_str().unwrap_or("")
        ));
        let selection =
            "id level partyMember branch { id } memberships(first: 2) { totalCount nodes { id } }";
        let cadres = walk(&actor, "cadres", selection).await;
        let others: Vec<_> = cadres.iter().filter(|cadre| cadre["id"] != own.as_str()).collect();
        assert!(
            others.iter().any(|cadre| members.contains(&text(&cadre["id"]))),
            "{name} sees party members, unnamed"
        );
        for cadre in others {
            assert_ne!(cadre["level"], "PARTY_MEMBER", "{name} sees those in office, not every member");
            assert_eq!(cadre["partyMember"], Value::Null, "{name}: {cadre}");
            assert_eq!(cadre["branch"], Value::Null, "{name}: {cadre}");
            assert_eq!(cadre["memberships"], json!({"totalCount": 0, "nodes": []}), "{name}: {cadre}");
        }
        let branches =
            walk(&actor, "partyBranches", "name memberships(first: 2) { totalCount nodes { cadre { id } } }")
                .await;
        assert!(!branches.is_empty(), "{name} sees the organisations of the offices");
        for branch in branches {
            for membership in nodes(&branch["memberships"]) {
                assert_eq!(membership["cadre"]["id"], own.as_str(), "{name}: {branch}");
            }
        }
        for row in live.iter().filter(|row| row.cadre_id.to_string() != own).take(20) {
            let query = format!("{{ node(id: \"{}\") {{ id }} }}", row.id);
            assert_eq!(actor.get(&query).await["node"], Value::Null, "{name}");
        }
    }
}

#[tokio::test]
async fn a_secretary_sees_the_members_of_the_own_branches_and_of_no_other() {
    let world = world().await;
    let db = world.state.db.read();
    let branches = branch::Entity::find().all(db).await.expect("branches");
    let live = membership::Entity::find().filter(membership::Column::EndsOn.is_null());
    let live = live.all(db).await.expect("memberships");
    let actor = world.actor("secretary").await;
    let seen = actor
        .get("{ viewer { cadre { id } roles { role } account { grants { nodes { branch { id name } } } } } }")
        .await;
    let top = text(&seen["viewer"]["account"]["grants"]["nodes"][0]["branch"]["id"]);
    let mut own: Ids = [top].into();
    while let Some(row) = branches.iter().find(|row| {
        !own.contains(&row.id.to_string()) && row.parent_id.is_some_and(|id| own.contains(&id.to_string()))
    }) {
        own.insert(row.id.to_string());
    }
    assert!(own.len() > 2, "a general branch has branches: {own:?}");
    let of_own: Ids = live
        .iter()
        .filter(|row| own.contains(&row.branch_id.to_string()))
        .map(|row| row.cadre_id.to_string())
        .collect();
    assert!(of_own.len() > 20 && of_own.len() < live.len() / 2, "{} of {}", of_own.len(), live.len());

    let cadres =
        walk(&actor, "cadres", "id partyMember memberships(first: 3) { totalCount nodes { id } }").await;
    let mut known = Ids::new();
    for cadre in &cadres {
        let id = text(&cadre["id"]);
        let expected = if of_own.contains(&id) { json!(true) } else { Value::Null };
        assert_eq!(cadre["partyMember"], expected, "{cadre}");
        assert_eq!(cadre["memberships"]["totalCount"] != 0, of_own.contains(&id), "{cadre}");
        if of_own.contains(&id) {
            known.insert(id);
        }
    }
    assert_eq!(known, of_own, "each member of the own branches, and nobody else");
    for branch in
        walk(&actor, "partyBranches", "id memberships(first: 100) { totalCount nodes { cadre { id } } }")
            .await
    {
        let shown: Ids = nodes(&branch["memberships"]).iter().map(|row| text(&row["cadre"]["id"])).collect();
        assert!(shown.is_subset(&of_own), "{branch}");
        assert_eq!(branch["memberships"]["totalCount"], nodes(&branch["memberships"]).len(), "{branch}");
        assert!(own.contains(&text(&branch["id"])) || shown.is_empty() || shown.is_subset(&of_own));
    }
    for row in live.iter().filter(|row| !of_own.contains(&row.cadre_id.to_string())).take(30) {
        let query = format!("{{ node(id: \"{}\") {{ id }} }}", row.id);
        assert_eq!(actor.get(&query).await["node"], Value::Null);
    }
}

const EVERYBODY: [&str; 18] = [
    "auditor",
    "contact",
    "county-admin",
    "dispatcher",
    "enterprise",
    "grid-worker",
    "handler",
    "integration",
    "leader",
    "nancheng-admin",
    "nobody",
    "platform-admin",
    "resident",
    "secretary",
    "supervisor",
    "town-admin",
    "town-contact",
    "wanfang-contact",
];

/// The accounts that each administrator sees; everybody else sees the own one.
fn accounts_of(name: &str) -> BTreeSet<&str> {
    let without = |gone: &[&str]| EVERYBODY.into_iter().filter(|name| !gone.contains(name)).collect();
    match name {
        "platform-admin" => EVERYBODY.into(),
        "county-admin" => without(&["platform-admin", "nancheng-admin", "wanfang-contact"]),
        "town-admin" => without(&[
            "platform-admin",
            "nancheng-admin",
            "wanfang-contact",
            "county-admin",
            "auditor",
            "integration",
        ]),
        "nancheng-admin" => ["nancheng-admin", "wanfang-contact"].into(),
        name => [name].into(),
    }
}

#[tokio::test]
async fn accounts_and_grants_are_seen_by_their_administrators_and_their_owner_alone() {
    let world = world().await;
    for name in EVERYBODY {
        let actor = world.actor(name).await;
        let seen =
            actor.get("{ accounts(first: 100) { totalCount nodes { name grants { nodes { id } } } } }").await;
        let rows = nodes(&seen["accounts"]);
        let names: BTreeSet<_> = rows.iter().map(|row| row["name"].as_str().expect("a name")).collect();
        assert_eq!(names, accounts_of(name), "{name}");
        assert_eq!(seen["accounts"]["totalCount"], names.len(), "{name}");
        for other in EVERYBODY {
            let query = format!("{{ account(by: {{ name: \"{other}\" }}) {{ name }} }}");
            let shown = actor.get(&query).await["account"]["name"].is_string();
            assert_eq!(shown, accounts_of(name).contains(other), "{name} looks up {other}");
        }
    }
    let stranger = world.anyone();
    let seen = stranger
        .get("{ accounts { totalCount nodes { id } } account(by: { name: \"leader\" }) { id } }")
        .await;
    assert_eq!(seen, json!({"accounts": {"totalCount": 0, "nodes": []}, "account": null}));
    for list in ["households", "contactAssignments"] {
        let refused = stranger.ask(&format!("{{ {list} {{ totalCount }} }}"), json!({})).await;
        assert_eq!(refused.code(), "UNAUTHENTICATED", "{list}: {}", refused.body);
    }
}

const LISTS: [&str; 6] =
    ["households", "contactAssignments", "cadres", "partyBranches", "enterprises", "accounts"];

async fn everything(actor: &Actor) -> BTreeMap<&'static str, Ids> {
    let mut all = BTreeMap::new();
    for list in LISTS {
        all.insert(list, ids(actor, list).await);
    }
    all
}

fn assert_nothing_new(name: &str, before: &BTreeMap<&str, Ids>, after: &BTreeMap<&str, Ids>) {
    for list in LISTS {
        let new: Vec<_> = after[list].difference(&before[list]).collect();
        assert!(new.is_empty(), "{name}: {list} gained {new:?}");
    }
}

/// Ends all grants of an account on a day.
async fn end_grants(admin: &Actor, name: &str, ends_on: &str) {
    let query = "query($name: String!) { account(by: { name: $name }) { grants(first: 50) { nodes { id version endsOn } } } }";
    let account = admin.ask(query, json!({"name": name})).await.ok()["account"].clone();
    for grant in nodes(&account["grants"]).iter().filter(|grant| grant["endsOn"].is_null()) {
        let input = json!({"id": grant["id"], "expectedVersion": grant["version"], "endsOn": ends_on});
        let ended = admin.change("roleGrantEnd", "RoleGrantEndInput", "roleGrant { endsOn }", input).await;
        assert_eq!(ended["roleGrant"]["endsOn"], ends_on, "{name}: {ended}");
    }
}

/// Ends all assignments of somebody on a day.
async fn end_assignments(admin: &Actor, actor: &Actor, ends_on: &str) -> usize {
    let own = text(&actor.get("{ viewer { cadre { id } } }").await["viewer"]["cadre"]["id"]);
    let query =
        "query($own: ID!) { contactAssignments(first: 100, where: { live: true, cadreId: { eq: $own } }) {
      nodes { id version } } }";
    let held = admin.ask(query, json!({"own": own})).await.ok()["contactAssignments"].clone();
    for row in nodes(&held) {
        let input =
            json!({"id": row["id"], "expectedVersion": row["version"], "endsOn": ends_on, "reason": "换届"});
        let ended = admin.change("assignmentEnd", "AssignmentEndInput", "assignment { endsOn }", input).await;
        assert_eq!(ended["assignment"]["endsOn"], ends_on, "{ended}");
    }
    nodes(&held).len()
}

const GRANTED: [&str; 11] = [
    "county-admin",
    "dispatcher",
    "supervisor",
    "secretary",
    "handler",
    "grid-worker",
    "resident",
    "enterprise",
    "auditor",
    "integration",
    "nancheng-admin",
];

#[tokio::test]
async fn ending_a_grant_today_adds_no_row_to_any_list_and_leaves_no_household() {
    let world = world().await;
    let admin = world.actor("platform-admin").await;
    let today = civil(world.state.clock.now()).0.to_string();
    for name in GRANTED {
        let actor = world.actor(name).await;
        let before = everything(&actor).await;
        end_grants(&admin, name, &today).await;
        let after = everything(&actor).await;
        assert_nothing_new(name, &before, &after);
        assert!(after["households"].is_empty() && after["enterprises"].is_empty(), "{name}");
        assert_eq!(after["accounts"].len(), 1, "{name} keeps the own account");
    }
}

#[tokio::test]
async fn passing_the_end_date_of_a_grant_adds_no_row_to_any_list() {
    let world = world().await;
    let admin = world.actor("platform-admin").await;
    let tomorrow = (civil(world.state.clock.now()).0 + Duration::days(1)).to_string();
    let mut seen = Vec::new();
    for name in GRANTED {
        let actor = world.actor(name).await;
        let before = everything(&actor).await;
        end_grants(&admin, name, &tomorrow).await;
        assert_eq!(everything(&actor).await, before, "{name}: until then nothing changes");
        seen.push((name, before));
    }
    world.state.clock.shift(Duration::days(1));
    for (name, before) in seen {
        let after = everything(&world.actor(name).await).await;
        assert_nothing_new(name, &before, &after);
        assert!(after["households"].is_empty() && after["enterprises"].is_empty(), "{name}");
    }
}

#[tokio::test]
async fn ending_assignments_or_passing_their_end_adds_no_row_to_any_list() {
    let world = world().await;
    let tomorrow = (civil(world.state.clock.now()).0 + Duration::days(1)).to_string();
    let mut seen = Vec::new();
    for (name, admin) in
        [("contact", "town-admin"), ("town-contact", "town-admin"), ("wanfang-contact", "nancheng-admin")]
    {
        let (actor, admin) = (world.actor(name).await, world.actor(admin).await);
        let before = everything(&actor).await;
        assert!(before["households"].len() > 4, "{name} has households");
        assert!(end_assignments(&admin, &actor, &tomorrow).await > 4, "{name} has assignments");
        assert_eq!(everything(&actor).await, before, "{name}: until then nothing changes");
        seen.push((name, before));
    }
    world.state.clock.shift(Duration::days(1));
    for (name, before) in seen {
        let after = everything(&world.actor(name).await).await;
        assert_nothing_new(name, &before, &after);
        assert!(after["households"].is_empty(), "{name}: {:?}", after["households"]);
        let own = &after["contactAssignments"];
        assert!(own.len() > 4, "{name}: the own ones of the past are kept");
    }
}
