//! Who changed what: the audit trail, read by the auditor of the place alone.

use entity::{access_subject, change, id::ChangeId};
use lianhu_tests::{Actor, World, ground};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};

const ENTRY: &str =
    "kind recordType recordId recordVersion fields values { field value } actorName actorId requestId
    actor { id }";

async fn trail(reader: &Actor, conditions: Value) -> Vec<Value> {
    let query = format!(
        "query($where: ChangeEntryWhere) {{ auditTrail(first: 50, where: $where) {{ totalCount nodes {{ {ENTRY} }} }} }}"
    );
    let answer = reader.ask(&query, json!({"where": conditions})).await.ok();
    let nodes = answer["auditTrail"]["nodes"].as_array().cloned().unwrap_or_default();
    assert_eq!(answer["auditTrail"]["totalCount"], nodes.len(), "{answer}");
    nodes
}

/// A household that the town's administrator registers and changes.
async fn registered(world: &World) -> Value {
    let admin = world.actor("town-admin").await;
    let group = "{ region(by: { code: \"530304101201\" }) { children(first: 1, where: { kind: { eq: GROUP } }) { nodes { id } } } }";
    let group = admin.get(group).await["region"]["children"]["nodes"][0]["id"].clone();
    let input = json!({"regionId": group, "number": "TRAIL-1", "address": "踪迹路 1 号",
                       "members": [{"name": "踪迹甲", "relation": "HEAD"}]});
    let made =
        admin.change("householdCreate", "HouseholdCreateInput", "household { id version }", input).await;
    let home = made["household"].clone();
    assert!(home["id"].is_string(), "{made}");
    let input = json!({"id": home["id"], "expectedVersion": 1, "address": "踪迹路 2 号"});
    let changed = admin.change("householdUpdate", "HouseholdUpdateInput", "household { id }", input).await;
    assert_eq!(changed["errors"], json!([]), "{changed}");
    home
}

#[tokio::test]
async fn the_auditor_reads_who_changed_what_and_what_is_personal_is_not_in_it() {
    let world = World::demo().await;
    let home = registered(&world).await;
    let (auditor, admin) = (world.actor("auditor").await, world.actor("town-admin").await);
    let seen = trail(&auditor, json!({"recordId": home["id"]})).await;
    let [changed, made] = &seen[..] else { panic!("two changes, the latest first: {seen:#?}") };
    assert_eq!((&made["kind"], &changed["kind"]), (&json!("CREATED"), &json!("UPDATED")));
    assert_eq!((&made["recordVersion"], &changed["recordVersion"]), (&json!(1), &json!(2)));
    assert_eq!((&made["recordType"], &made["recordId"]), (&json!("household"), &home["id"]));
    assert_eq!(changed["fields"], json!(["address"]));
    assert_eq!(changed["values"], json!([]), "an address is personal");
    let own = admin.get("{ viewer { account { id name } } }").await["viewer"]["account"].clone();
    assert_eq!(changed["actorId"], own["id"]);
    assert!(changed["actorName"].is_string());
    assert!(changed["actor"].is_null(), "the auditor sees no account");
    let village = made["values"].as_array().into_iter().flatten().find(|one| one["field"] == "villageId");
    let village = village.unwrap_or_else(|| panic!("{made}"))["value"].clone();
    assert!(village.as_str().is_some_and(|id| id.starts_with("region_")), "{village}");
    let text = format!("{seen:?}");
    assert!(!text.contains("踪迹"), "{text}");
    // By whoever did it, in which request, in which place, and of which kind.
    for conditions in [
        json!({"actorId": {"eq": own["id"]}, "recordType": {"eq": "household"}, "kind": {"eq": "UPDATED"}}),
        json!({"requestId": changed["requestId"]}),
        json!({"region": village, "recordType": {"in": ["household"]}, "kind": {"in": ["UPDATED"]}}),
    ] {
        let found = trail(&auditor, conditions.clone()).await;
        assert_eq!(found.len(), 1, "{conditions}: {found:#?}");
        assert_eq!(found[0]["requestId"], changed["requestId"]);
    }
    assert_eq!(
        trail(&auditor, json!({"recordId": home["id"], "until": "2020-01-01T00:00:00.000Z"})).await.len(),
        0
    );
    let refused = auditor.ask("{ auditTrail(where: { recordId: \"x\" }) { totalCount } }", json!({})).await;
    assert_eq!(refused.code(), "BAD_USER_INPUT");
}

#[tokio::test]
async fn nobody_reads_the_trail_but_the_auditor_of_the_place() {
    let world = World::demo().await;
    let home = registered(&world).await;
    let auditor = world.actor("auditor").await;
    let line = auditor.ask(
        "query($id: ID!) { auditTrail(first: 1, where: { recordId: $id }) { nodes { id } } }",
        json!({"id": home["id"]}),
    );
    let line = line.await.ok()["auditTrail"]["nodes"][0]["id"].clone();
    let node = "query($id: ID!) { node(id: $id) { __typename } }";
    assert_eq!(auditor.ask(node, json!({"id": line})).await.ok()["node"]["__typename"], "ChangeEntry");
    for name in [
        "platform-admin",
        "county-admin",
        "town-admin",
        "leader",
        "dispatcher",
        "supervisor",
        "secretary",
        "handler",
        "contact",
        "grid-worker",
        "resident",
        "enterprise",
        "integration",
        "nancheng-admin",
    ] {
        let actor = world.actor(name).await;
        assert_eq!(trail(&actor, json!({})).await, Vec::<Value>::new(), "{name}");
        assert!(actor.ask(node, json!({"id": line})).await.ok()["node"].is_null(), "{name}");
    }
    let nobody = world.anyone().ask("{ auditTrail { totalCount } }", json!({})).await;
    assert_eq!(nobody.code(), "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_role_that_is_given_stands_in_the_trail_with_all_that_it_opens() {
    let world = World::demo().await;
    let (platform, auditor) = (world.actor("platform-admin").await, world.actor("auditor").await);
    let found = platform
        .get("{ accounts(where: { name: { eq: \"leader\" } }) { nodes { id } } region(by: { code: \"530304101\" }) { id } }")
        .await;
    let (account, town) = (&found["accounts"]["nodes"][0]["id"], &found["region"]["id"]);
    let input =
        json!({"accountId": account, "role": "SUPERVISOR", "regionId": town, "startsOn": "2030-01-01"});
    let given = platform.change("roleGrantCreate", "RoleGrantCreateInput", "roleGrant { id }", input).await;
    assert_eq!(given["errors"], json!([]), "{given}");
    let seen = trail(&auditor, json!({"recordId": given["roleGrant"]["id"]})).await;
    let values = &seen[0]["values"];
    for (field, value) in [
        ("accountId", account),
        ("role", &json!("SUPERVISOR")),
        ("regionId", town),
        ("startsOn", &json!("2030-01-01")),
    ] {
        let told = values.as_array().into_iter().flatten().find(|one| one["field"] == field);
        assert_eq!(told.unwrap_or_else(|| panic!("{field}: {values}"))["value"], *value, "{field}");
    }
}

#[tokio::test]
async fn what_is_taken_out_is_told_where_it_stood_and_a_role_where_it_reaches() {
    let world = World::demo().await;
    let (admin, auditor) = (world.actor("town-admin").await, world.actor("auditor").await);
    let input = json!({"purpose": "ROSTER", "fileName": "户.csv", "length": 10});
    let made = admin.change("uploadCreate", "UploadCreateInput", "upload { id version }", input).await;
    let upload = &made["upload"];
    let input = json!({"id": upload["id"], "expectedVersion": upload["version"]});
    let gone = admin.change("uploadDelete", "UploadDeleteInput", "errors { code }", input).await;
    assert_eq!(gone["errors"], json!([]), "{gone}");
    let seen = trail(&auditor, json!({"recordId": upload["id"]})).await;
    let kinds: Vec<_> = seen.iter().map(|one| one["kind"].as_str().unwrap_or_default()).collect();
    assert_eq!(kinds, ["ENDED", "CREATED"], "{seen:#?}");
    // The account of the platform's administrator stands nowhere, and that of another county elsewhere.
    let platform = world.actor("platform-admin").await;
    let found = platform
        .get("{ accounts(where: { name: { eq: \"nancheng-admin\" } }) { nodes { id } } region(by: { code: \"530304101\" }) { id } }")
        .await;
    let input = json!({"accountId": found["accounts"]["nodes"][0]["id"], "role": "LEADER",
                       "regionId": found["region"]["id"], "startsOn": "2030-01-01"});
    let given = platform.change("roleGrantCreate", "RoleGrantCreateInput", "roleGrant { id }", input).await;
    let seen = trail(&auditor, json!({"recordId": given["roleGrant"]["id"]})).await;
    assert_eq!(seen.len(), 1, "{given}");
}

/// Lines of the log: which, of what, and where it stood.
async fn lines(world: &World) -> Vec<change::Model> {
    let lines = change::Entity::find().order_by_asc(change::Column::Sequence);
    lines.all(world.state.db.read()).await.expect("lines")
}

#[tokio::test]
async fn lines_from_before_the_trail_are_read_by_place_as_well() {
    let world = World::demo().await;
    registered(&world).await;
    let admin = world.actor("town-admin").await;
    let found = admin
        .get("{ accounts(first: 1) { nodes { id } } cadres(first: 1) { nodes { id region { id } } } }")
        .await;
    let cadre = &found["cadres"]["nodes"][0];
    let input = json!({"cadreId": cadre["id"], "place": {"regionId": cadre["region"]["id"]}, "title": "委员",
                       "startsOn": "2026-01-01"});
    let post = admin.change("positionAppoint", "PositionAppointInput", "position { id }", input).await;
    assert_eq!(post["errors"], json!([]), "{post}");
    let before = lines(&world).await;
    assert!(before.iter().any(|line| line.entity == "position" && line.township_id.is_some()), "{before:#?}");
    let ground = world.stop().await;
    let db = lianhu::kernel::db::Db::open(&ground::options(&ground.url())).await.expect("a database");
    let later = Migrator::migrations();
    let later = later.iter().rev().position(|step| step.name().ends_with("trail")).expect("the step");
    let back = u32::try_from(later + 1).expect("a number");
    Migrator::down(db.write(), Some(back)).await.expect("the step is taken back, and those after it");
    assert!(change::Entity::find().one(db.write()).await.is_err(), "lines have no place and no id");
    Migrator::up(db.write(), None).await.expect("the step is taken");
    db.close().await;
    let world = World::over(ground, |_| ()).await;
    let after = lines(&world).await;
    assert_eq!(before.len(), after.len());
    let mut last = None::<ChangeId>;
    for (one, other) in before.iter().zip(&after) {
        let place = |line: &change::Model| (line.county_id, line.township_id, line.village_id);
        assert_eq!(place(one), place(other), "{one:?}");
        assert!(last.is_none_or(|last| last < other.id), "in the order of the log");
        let made = |line: &change::Model| line.id.0.get_timestamp().map(|at| at.to_unix().0);
        assert_eq!(made(one), made(other), "of the moment of the change");
        last = Some(other.id);
    }
    let auditor = world.actor("auditor").await;
    assert!(!trail(&auditor, json!({"recordType": {"eq": "position"}})).await.is_empty());
}

#[tokio::test]
async fn reading_the_trail_is_no_look_at_anybody() {
    let world = World::demo().await;
    registered(&world).await;
    let looks = async || {
        world.state.access.flush(&world.state.db).await.expect("the log is written");
        let own = access_subject::Entity::find().filter(access_subject::Column::AccountId.is_not_null());
        own.count(world.state.db.read()).await.expect("a count")
    };
    let auditor = world.actor("auditor").await;
    let before = looks().await;
    assert!(!trail(&auditor, json!({})).await.is_empty());
    assert_eq!(looks().await, before);
}
