//! Contact assignments: the assignment is the right, and gone the moment it ends.

use lianhu_tests::{Actor, World, key};
use serde_json::{Value, json};

/// W1: what a contact asks for in the morning.
const MY_DAY: &str = include_str!("../../client-schema/operations/bench/my-day.graphql");

/// A household of 纳章镇 that the contact has, with the assignment by which.
async fn one_of_mine(contact: &Actor) -> Value {
    let mine = contact
        .get(
            "{ viewer { cadre { id } } contactAssignments(first: 100, where: { live: true, kind: { eq: HOUSEHOLD }, isPrimary: true }) {
               nodes { id version cadre { id } household { id number village { id } } } } }",
        )
        .await;
    let own = &mine["viewer"]["cadre"]["id"];
    let nodes = mine["contactAssignments"]["nodes"].as_array().expect("assignments");
    nodes.iter().find(|node| node["cadre"]["id"] == *own).expect("one of mine").clone()
}

#[tokio::test]
async fn whoever_is_signed_in_is_told_what_they_answer_for_today() {
    let world = World::demo().await;
    let (contact, admin) = (world.actor("contact").await, world.actor("town-admin").await);
    let mine = async |conditions: &str| {
        let query = format!(
            "{{ viewer {{ contactAssignments(first: 100{conditions}) {{ totalCount nodes {{ id version cadre {{ id }} }} }} }} }}"
        );
        contact.get(&query).await["viewer"]["contactAssignments"].clone()
    };
    let own = contact.get("{ viewer { cadre { id } } }").await["viewer"]["cadre"]["id"].clone();
    let of = "query($own: ID!) { contactAssignments(first: 100, where: { live: true, cadreId: { eq: $own } }) { nodes { id version cadre { id } } } }";
    let listed = contact.ask(of, json!({"own": own})).await.ok()["contactAssignments"]["nodes"].clone();
    let held = mine("").await;
    assert_eq!(held["nodes"], listed);
    let number = held["totalCount"].as_u64().expect("a count");
    assert!(number > 4, "{held}");
    let ended = &held["nodes"][0];
    let input = json!({"id": ended["id"], "expectedVersion": ended["version"], "reason": "换届"});
    let done = admin.change("assignmentEnd", "AssignmentEndInput", "assignment { id }", input).await;
    assert_eq!(done["errors"], json!([]), "{done}");
    assert_eq!(mine("").await["totalCount"], number - 1, "what has ended is not answered for");
    let past = mine(", where: { live: false }").await;
    assert!(past["nodes"].as_array().is_some_and(|past| past.iter().any(|one| one["id"] == ended["id"])));
    let nobody = world.actor("platform-admin").await;
    let nothing = nobody.get("{ viewer { contactAssignments { totalCount nodes { id } } } }").await;
    assert_eq!(nothing["viewer"]["contactAssignments"], json!({"totalCount": 0, "nodes": []}));
}

#[tokio::test]
async fn a_village_contact_asks_for_their_day_in_few_statements_whatever_the_number_of_households() {
    let world = World::demo().await;
    let contact = world.actor("contact").await;
    let own = contact.get("{ households(first: 3) { nodes { id } } }").await["households"]["nodes"].clone();
    let dispatcher = world.actor("dispatcher").await;
    for home in own.as_array().expect("households") {
        let input = json!({"kind": "REQUEST", "channel": "VISIT", "field": "CONVENIENCE", "urgency": "YELLOW",
            "target": {"householdId": home["id"]}, "content": "村口路灯有三盏不亮。"});
        let made = contact.change("demandRegister", "DemandRegisterInput", "demand { id }", input).await;
        let input = json!({"ids": [made["demand"]["id"]], "expectedVersion": 1});
        let made = dispatcher.change("demandAccept", "DemandAcceptInput", "task { id }", input).await;
        assert_eq!(made["errors"], json!([]), "{made}");
    }
    let (few, for_few) = world.statements(contact.ask(MY_DAY, json!({"first": 2}))).await;
    let (many, for_many) = world.statements(contact.ask(MY_DAY, json!({"first": 50}))).await;
    let rows = |data: &Value| data["contactAssignments"]["nodes"].as_array().map_or(0, Vec::len);
    let (few, many) = (few.ok(), many.ok());
    assert_eq!(rows(&few), 2);
    assert!(rows(&many) > 40, "the contact carries more than forty households");
    assert!(for_few <= 8, "{for_few} statements for two households");
    assert!(for_many <= 8, "{for_many} statements for fifty");
    let (mut visits, mut tasks) = (0, 0);
    for node in many["contactAssignments"]["nodes"].as_array().expect("nodes") {
        let household = &node["household"];
        assert!(household["head"]["name"].is_string(), "{household}");
        assert!(
            household["address"].is_string()
                && household["memberCount"].is_i64()
                && household["tags"].is_array()
        );
        let some = |list: &str| household[list]["nodes"].as_array().map_or(0, Vec::len);
        assert!(some("visits") <= 3 && some("tasks") <= 5, "{household}");
        visits += some("visits");
        tasks += some("tasks");
    }
    assert!(visits > 20 && tasks >= 3, "{visits} visits and {tasks} open tasks");
}

const COVERAGE: &str = "{ coverage(region: { code: \"530304101\" }) { households { numerator denominator }
        householdsWithout(first: 5) { totalCount nodes { id } } } }";

const WAYS: &str = "query($id: ID!, $ids: [ID!]!, $village: ID!, $number: String!) {
        byId: household(by: { id: $id }) { id }
        byNumber: household(by: { number: { villageId: $village, number: $number } }) { id }
        node(id: $id) { id }
        nodes(ids: $ids) { id }
        list: households(where: { number: { eq: $number } }) { totalCount nodes { id } }
        nested: region(by: { id: $village }) { households(first: 100, where: { number: { eq: $number } }) { totalCount nodes { id } } }
        edge: contactAssignments(first: 100, where: { householdId: { eq: $id } }) { nodes { id household { id } } }
    }";

#[tokio::test]
async fn ending_an_assignment_closes_the_household_to_its_contact_in_every_way_in() {
    let world = World::demo().await;
    let (contact, admin) = (world.actor("contact").await, world.actor("town-admin").await);
    let mine = one_of_mine(&contact).await;
    let (household, village) = (&mine["household"]["id"], &mine["household"]["village"]["id"]);
    let number = &mine["household"]["number"];
    let before = admin.get(COVERAGE).await;
    assert_eq!(before["coverage"]["households"], json!({"numerator": 3635, "denominator": 3635}));

    let ended = admin
        .change(
            "assignmentEnd",
            "AssignmentEndInput",
            "assignment { live endsOn }",
            json!({"id": mine["id"], "expectedVersion": mine["version"], "reason": "moved to another post"}),
        )
        .await;
    assert_eq!(ended["assignment"]["live"], false, "{ended}");

    let after = admin.get(COVERAGE).await;
    assert_eq!(after["coverage"]["households"], json!({"numerator": 3634, "denominator": 3635}));
    assert_eq!(after["coverage"]["householdsWithout"]["nodes"], json!([{"id": household}]));

    let variables = json!({"id": household, "ids": [household], "village": village, "number": number});
    let seen = contact.ask(WAYS, variables).await.ok();
    for way in ["byId", "byNumber", "node"] {
        assert_eq!(seen[way], Value::Null, "{way}");
    }
    assert_eq!(seen["nodes"], json!([null]));
    assert_eq!(seen["list"], json!({"totalCount": 0, "nodes": []}));
    assert_eq!(seen["nested"]["households"], json!({"totalCount": 0, "nodes": []}));
    for edge in seen["edge"]["nodes"].as_array().expect("nodes") {
        assert_eq!(
            edge["household"],
            Value::Null,
            "the own assignment of the past names no household any more"
        );
    }
    let refused = contact
        .change(
            "householdUpdate",
            "HouseholdUpdateInput",
            "household { id }",
            json!({"id": household, "expectedVersion": 1, "housing": "x"}),
        )
        .await;
    assert_eq!(refused["errors"][0]["code"], "NOT_FOUND", "{refused}");
}

#[tokio::test]
async fn a_second_primary_contact_is_refused_by_name() {
    let world = World::demo().await;
    let (contact, admin) = (world.actor("contact").await, world.actor("town-admin").await);
    let mine = one_of_mine(&contact).await;
    let refused = admin
        .change(
            "assignmentCreate",
            "AssignmentCreateInput",
            "assignment { id }",
            json!({"kind": "HOUSEHOLD", "cadreId": mine["cadre"]["id"], "householdId": mine["household"]["id"],
                   "isPrimary": true, "startsOn": "2030-01-01", "endsOn": "2030-02-01"}),
        )
        .await;
    assert_eq!(refused["assignment"], Value::Null);
    assert_eq!(refused["errors"][0]["__typename"], "DuplicateError", "{refused}");
    assert_eq!(refused["errors"][0]["existing"], mine["id"]);
}

#[tokio::test]
async fn of_two_requests_for_the_primary_contact_at_once_one_wins_and_the_other_is_told_who() {
    let world = World::demo().await;
    let (contact, admin) = (world.actor("contact").await, world.actor("town-admin").await);
    let mine = one_of_mine(&contact).await;
    admin
        .change(
            "assignmentEnd",
            "AssignmentEndInput",
            "assignment { id }",
            json!({"id": mine["id"], "expectedVersion": mine["version"], "reason": "to be given anew"}),
        )
        .await;
    let input = || {
        json!({"idempotencyKey": key(), "kind": "HOUSEHOLD", "cadreId": mine["cadre"]["id"],
               "householdId": mine["household"]["id"], "isPrimary": true, "startsOn": "2026-12-01"})
    };
    let tries = (0..6)
        .map(|_| admin.change("assignmentCreate", "AssignmentCreateInput", "assignment { id }", input()));
    let answers = futures_util::future::join_all(tries).await;
    let (made, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer["assignment"].is_object());
    assert_eq!(made.len(), 1, "{answers:#?}");
    for answer in refused {
        assert_eq!(answer["errors"][0]["code"], "DUPLICATE", "{answer}");
        assert_eq!(answer["errors"][0]["existing"], made[0]["assignment"]["id"]);
    }
}
