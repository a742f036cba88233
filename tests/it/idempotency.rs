//! One action, one effect: keys, replays, versions, and refusals that leave nothing behind.

use crate::log::lines;
use entity::{household, id::HouseholdId, idempotency};
use futures_util::future::join_all;
use lianhu_tests::{Actor, Answer, World, key};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

const UPDATE: &str = "mutation($input: HouseholdUpdateInput!) { householdUpdate(input: $input) {
  household { id version } errors { __typename code path } replayed } }";
const CREATE: &str = "mutation($input: HouseholdCreateInput!) { householdCreate(input: $input) {
  household { id version } errors { __typename code message path ... on ValidationError { rule } } replayed } }";

async fn update(actor: &Actor, input: Value) -> Value {
    let selection = "household { id version housing address status }";
    actor.change("householdUpdate", "HouseholdUpdateInput", selection, input).await
}

async fn create(actor: &Actor, input: Value) -> Value {
    actor.ask(CREATE, json!({"input": input})).await.ok()["householdCreate"].clone()
}

/// Some households that the actor may see, with the village they stand in.
async fn households(actor: &Actor, first: usize) -> Vec<Value> {
    let query = format!("{{ households(first: {first}) {{ nodes {{ id version village {{ id }} }} }} }}");
    let seen = actor.get(&query).await;
    seen["households"]["nodes"].as_array().expect("households").clone()
}

async fn household(actor: &Actor) -> Value {
    households(actor, 1).await.remove(0)
}

fn person(name: &str) -> Value {
    json!([{"name": name, "relation": "HEAD"}])
}

async fn keys(world: &World) -> u64 {
    idempotency::Entity::find().count(world.state.db.read()).await.expect("a count")
}

fn assert_reused(answer: &Answer, field: &str) {
    assert_eq!((answer.status, answer.code()), (200, "IDEMPOTENCY_KEY_REUSED"), "{}", answer.body);
    assert_eq!(answer[field], Value::Null);
    assert_eq!(answer.body["errors"][0]["path"], json!([field]));
    assert_eq!(answer.body["errors"][0]["extensions"]["retryable"], false);
}

#[tokio::test]
async fn the_same_key_with_the_same_input_answers_with_the_same_record_and_changes_nothing_more() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let before = household(&admin).await;
    let key = key();
    let input = json!({"idempotencyKey": key, "id": before["id"], "expectedVersion": before["version"],
                       "housing": "砖混结构3间"});
    let first = update(&admin, input.clone()).await;
    assert_eq!((&first["replayed"], &first["errors"]), (&json!(false), &json!([])), "{first}");
    for _ in 0..2 {
        let again = update(&admin, input.clone()).await;
        assert_eq!(again["replayed"], true);
        assert_eq!(again["household"], first["household"]);
        assert_eq!(again["errors"], json!([]));
    }
    assert_eq!(first["household"]["version"], before["version"].as_i64().expect("a version") + 1);
    let written = lines(&world).await;
    let under_it =
        written.iter().filter(|line| line.idempotency_key.map(|key| key.to_string()) == Some(key.clone()));
    assert_eq!((under_it.count(), written.len()), (1, 1));
}

#[tokio::test]
async fn a_replay_shows_the_record_as_it_is_now() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let before = household(&admin).await;
    let input = json!({"idempotencyKey": key(), "id": before["id"], "expectedVersion": before["version"],
                       "housing": "first"});
    let first = update(&admin, input.clone()).await;
    let second =
        json!({"id": before["id"], "expectedVersion": first["household"]["version"], "housing": "second"});
    let second = update(&admin, second).await;
    let replayed = update(&admin, input).await;
    assert_eq!(replayed["replayed"], true);
    assert_eq!(replayed["household"], second["household"]);
    assert_eq!(replayed["household"]["housing"], "second");
}

#[tokio::test]
async fn the_same_key_with_another_input_or_for_another_mutation_is_refused() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let before = household(&admin).await;
    let key = key();
    let input = |housing| {
        json!({"input": {"idempotencyKey": key, "id": before["id"], "expectedVersion": before["version"],
                         "housing": housing}})
    };
    let first = admin.ask(UPDATE, input(json!("first"))).await.ok();
    assert_eq!(first["householdUpdate"]["replayed"], false);
    assert_reused(&admin.ask(UPDATE, input(json!("second"))).await, "householdUpdate");
    assert_reused(&admin.ask(UPDATE, input(Value::Null)).await, "householdUpdate");
    let other = json!({"input": {"idempotencyKey": key, "regionId": before["village"]["id"], "number": "IDEM-0",
                                 "members": person("甲")}});
    assert_reused(&admin.ask(CREATE, other).await, "householdCreate");
    assert_eq!(lines(&world).await.len(), 1);
}

#[tokio::test]
async fn a_refusal_leaves_its_key_free_for_the_right_input() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let before = household(&admin).await;
    let key = key();
    let input = |phone: &str, version: &Value| json!({"idempotencyKey": key, "id": before["id"], "expectedVersion": version, "phone": phone});
    let wrong = update(&admin, input("12345", &before["version"])).await;
    assert_eq!(wrong["errors"][0]["rule"], "phone", "{wrong}");
    let stale = update(&admin, input("13800138000", &json!(999))).await;
    assert_eq!(stale["errors"][0]["code"], "CONFLICT", "{stale}");
    assert_eq!((keys(&world).await, lines(&world).await.len()), (0, 0), "nothing is left of either");
    let right = update(&admin, input("13800138000", &before["version"])).await;
    assert_eq!((&right["replayed"], &right["errors"]), (&json!(false), &json!([])));
    assert_eq!((keys(&world).await, lines(&world).await.len()), (1, 1));
}

#[tokio::test]
async fn requests_at_once_with_one_key_have_one_effect_and_one_answer() {
    let world = World::with(|config| config.database.readers = 10).await;
    let admin = world.actor("town-admin").await;
    let village = household(&admin).await["village"]["id"].clone();
    for round in 0..3 {
        let number = format!("IDEM-{round}");
        let input =
            json!({"idempotencyKey": key(), "regionId": village, "number": number, "members": person("乙")});
        let answers = join_all((0..2 + 3 * round).map(|_| create(&admin, input.clone()))).await;
        let id = &answers[0]["household"]["id"];
        assert!(id.is_string(), "{answers:?}");
        assert!(
            answers.iter().all(|answer| answer["household"]["id"] == *id && answer["errors"] == json!([]))
        );
        let fresh = answers.iter().filter(|answer| answer["replayed"] == false).count();
        assert_eq!(fresh, 1, "{answers:?}");
        let made = household::Entity::find().filter(household::Column::Number.eq(&number));
        assert_eq!(made.count(world.state.db.read()).await.expect("a count"), 1);
    }
    let written = lines(&world).await;
    assert_eq!(written.len(), 6, "three households, each with its head");
}

#[tokio::test]
async fn requests_at_once_with_one_key_and_two_inputs_have_one_effect_and_one_refusal() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let before = household(&admin).await;
    let key = key();
    let input = |housing: &str| {
        json!({"input": {"idempotencyKey": key, "id": before["id"], "expectedVersion": before["version"],
                         "housing": housing}})
    };
    let (one, other) = tokio::join!(admin.ask(UPDATE, input("one")), admin.ask(UPDATE, input("other")));
    let (done, refused) = if one.code().is_empty() { (one, other) } else { (other, one) };
    assert_eq!(done.ok()["householdUpdate"]["replayed"], false);
    assert_reused(&refused, "householdUpdate");
    assert_eq!(lines(&world).await.len(), 1);
}

#[tokio::test]
async fn a_key_that_is_no_uuid_is_refused_by_rule() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let before = household(&admin).await;
    for key in ["", "1", "householdUpdate-1", "01a200af-3390-70f2-bb7e-4a6db7726e1g"] {
        let input = json!({"idempotencyKey": key, "id": before["id"], "expectedVersion": before["version"],
                           "housing": "x"});
        let refused = update(&admin, input).await;
        assert_eq!(refused["household"], Value::Null);
        let error = &refused["errors"][0];
        assert_eq!(
            (&error["__typename"], &error["rule"]),
            (&json!("ValidationError"), &json!("uuid")),
            "{key}"
        );
        assert_eq!(error["path"], json!(["input", "idempotencyKey"]));
    }
    assert_eq!((keys(&world).await, lines(&world).await.len()), (0, 0));
}

#[tokio::test]
async fn keys_belong_to_an_account() {
    let world = World::demo().await;
    let (town, county) = (world.actor("town-admin").await, world.actor("county-admin").await);
    let before = household(&town).await;
    let key = key();
    let input = |version: &Value, housing: &str| json!({"idempotencyKey": key, "id": before["id"], "expectedVersion": version, "housing": housing});
    let first = update(&town, input(&before["version"], "the town's")).await;
    assert_eq!(first["replayed"], false, "{first}");
    let second = update(&county, input(&first["household"]["version"], "the county's")).await;
    assert_eq!((&second["replayed"], &second["errors"]), (&json!(false), &json!([])), "{second}");
    assert_eq!(second["household"]["housing"], "the county's");
    let again = update(&town, input(&before["version"], "the town's")).await;
    assert_eq!((&again["replayed"], &again["household"]), (&json!(true), &second["household"]));
    assert_eq!((keys(&world).await, lines(&world).await.len()), (2, 2));
}

#[tokio::test]
async fn whoever_lost_the_right_meanwhile_is_shown_nothing_by_a_replay() {
    let world = World::demo().await;
    let (contact, admin) = (world.actor("contact").await, world.actor("town-admin").await);
    let mine = household(&contact).await;
    let input = json!({"idempotencyKey": key(), "id": mine["id"], "expectedVersion": mine["version"],
                       "housing": "看过了"});
    let done = update(&contact, input.clone()).await;
    assert_eq!((&done["replayed"], &done["errors"]), (&json!(false), &json!([])), "{done}");
    let query =
        "query($id: ID!) { contactAssignments(first: 10, where: { householdId: { eq: $id }, live: true }) {
      nodes { id version } } }";
    let live = admin.ask(query, json!({"id": mine["id"]})).await.ok();
    for assignment in live["contactAssignments"]["nodes"].as_array().expect("assignments") {
        let input =
            json!({"id": assignment["id"], "expectedVersion": assignment["version"], "reason": "moved"});
        let ended = admin.change("assignmentEnd", "AssignmentEndInput", "assignment { live }", input).await;
        assert_eq!(ended["assignment"]["live"], false, "{ended}");
    }
    let replayed = update(&contact, input).await;
    assert_eq!(replayed["household"], Value::Null);
    assert_eq!(replayed["errors"][0]["code"], "NOT_FOUND", "{replayed}");
    let stands = household::Entity::find_by_id(HouseholdId(
        entity::id::read(mine["id"].as_str().expect("an id")).expect("a TypeID").1,
    ));
    let stands = stands.one(world.state.db.read()).await.expect("an answer").expect("the household");
    assert_eq!(stands.housing.as_deref(), Some("看过了"), "what was done stays done");
}

#[tokio::test]
async fn a_change_to_an_older_version_is_refused_with_what_changed_since() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let before = household(&admin).await;
    let version = before["version"].as_i64().expect("a version");
    let change = |version: i64, changes: Value| {
        let mut input = json!({"id": before["id"], "expectedVersion": version});
        input.as_object_mut().expect("a map").extend(changes.as_object().expect("a map").clone());
        update(&admin, input)
    };
    change(version, json!({"housing": "one", "status": "MOVED_AWAY", "phone": "13800138000"})).await;
    change(version + 1, json!({"housing": "two", "incomeSource": "farming"})).await;
    for stale in [json!({"incomeSource": "x"}), json!({}), json!({"tags": []})] {
        let refused = change(version, stale).await;
        let error = &refused["errors"][0];
        assert_eq!(
            (&error["__typename"], &error["code"]),
            (&json!("ConflictError"), &json!("CONFLICT")),
            "{refused}"
        );
        assert_eq!(error["current"], version + 2);
        assert_eq!(
            error["changedFields"],
            json!(["housing", "incomeSource", "phone", "residentUntil", "status"])
        );
        assert_eq!(error["path"], json!(["input", "expectedVersion"]));
        assert_eq!(refused["household"], Value::Null);
    }
    let of_the_last = change(version + 1, json!({"housing": "three"})).await;
    assert_eq!(of_the_last["errors"][0]["changedFields"], json!(["housing", "incomeSource"]));
    let ahead = change(version + 9, json!({"housing": "four"})).await;
    assert_eq!(ahead["errors"][0]["code"], "CONFLICT");
    let now = change(version + 2, json!({})).await;
    assert_eq!(now["household"]["housing"], "two", "none of the refused ones was done");
}

#[tokio::test]
async fn of_two_changes_at_once_to_one_version_one_is_done_and_the_other_is_told() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let before = household(&admin).await;
    let change = |housing: &str| {
        update(&admin, json!({"id": before["id"], "expectedVersion": before["version"], "housing": housing}))
    };
    let answers = join_all(["one", "two", "three", "four"].map(change)).await;
    let (done, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer["household"].is_object());
    assert_eq!((done.len(), refused.len()), (1, 3), "{answers:?}");
    for answer in refused {
        assert_eq!(answer["errors"][0]["code"], "CONFLICT", "{answer}");
        assert_eq!(answer["errors"][0]["current"], done[0]["household"]["version"]);
    }
}

#[tokio::test]
async fn an_update_that_changes_nothing_keeps_the_version_and_leaves_no_line() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let before = household(&admin).await;
    let input = json!({"idempotencyKey": key(), "id": before["id"], "expectedVersion": before["version"]});
    let done = update(&admin, input.clone()).await;
    assert_eq!((&done["errors"], &done["household"]["version"]), (&json!([]), &before["version"]));
    assert_eq!(lines(&world).await.len(), 0);
    assert_eq!(update(&admin, input).await["replayed"], true, "its key counts all the same");
}

#[tokio::test]
async fn every_broken_rule_is_told_at_once_with_its_path_in_both_languages() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let village = household(&admin).await["village"]["id"].clone();
    let input = json!({
        "idempotencyKey": key(), "regionId": village, "number": "   ", "phone": "12345",
        "address": "路".repeat(201), "incomeSource": "x".repeat(101),
        "location": {"latitude": 95.0, "longitude": 103.0, "datum": "WGS84"},
        "members": [
            {"name": "丙", "relation": "HEAD", "identityNumber": "110105194912310021"},
            {"name": "", "relation": "HEAD", "birthDate": "2999-01-01"},
        ],
    });
    let mut expected = [
        ("number", "required"),
        ("phone", "phone"),
        ("incomeSource", "length"),
        ("address", "length"),
        ("location", "position"),
        ("members", "one-head"),
        ("members.0.identityNumber", "identity-number"),
        ("members.1.name", "required"),
        ("members.1.birthDate", "birth-date"),
    ]
    .map(|(path, rule)| format!("input.{path}: {rule}"));
    expected.sort();
    for (language, is_chinese) in [("zh-CN,zh;q=0.9,en;q=0.1", true), ("en-GB", false)] {
        let refused = create(&admin.clone().speaking(language), input.clone()).await;
        assert_eq!(refused["household"], Value::Null);
        let errors = refused["errors"].as_array().expect("errors");
        let mut found = Vec::new();
        for error in errors {
            assert_eq!(
                (&error["__typename"], &error["code"]),
                (&json!("ValidationError"), &json!("INVALID"))
            );
            let message = error["message"].as_str().expect("a message");
            let has_chinese = message.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert!(!message.is_empty() && has_chinese == is_chinese, "{language}: {message}");
            let path: Vec<_> =
                error["path"].as_array().expect("a path").iter().filter_map(Value::as_str).collect();
            found.push(format!("{}: {}", path.join("."), error["rule"].as_str().unwrap_or_default()));
        }
        found.sort();
        assert_eq!(found, expected);
    }
    assert_eq!((keys(&world).await, lines(&world).await.len()), (0, 0));
}

#[tokio::test]
async fn the_header_gives_the_key_to_a_document_of_one_mutation() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let one = admin.get("{ households(first: 1) { nodes { id version } } }").await["households"]["nodes"][0]
        .clone();
    let body = json!({
        "query": "mutation($input: HouseholdUpdateInput!) {
            householdUpdate(input: $input) { household { id } errors { code } replayed } }",
        "variables": {"input": {"id": one["id"], "expectedVersion": one["version"], "housing": "砖房"}},
    });
    let header = key();
    for replayed in [false, true] {
        let answer = reqwest::Client::new()
            .post(world.endpoint())
            .bearer_auth(admin.access.as_deref().expect("signed in"))
            .header("idempotency-key", &header)
            .json(&body)
            .send()
            .await
            .expect("an answer");
        let answer: Value = answer.json().await.expect("JSON");
        assert_eq!(answer["data"]["householdUpdate"]["replayed"], replayed, "{answer}");
    }
}
