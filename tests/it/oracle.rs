//! What is hidden cannot be found out, and no right can be had, by asking another way.

use lianhu_tests::{World, key};
use serde_json::{Value, json};

#[tokio::test]
async fn a_secretary_opens_no_place_to_themselves_or_outside_the_seat_of_the_branch() {
    let world = World::demo().await;
    let (secretary, anyone) = (world.actor("secretary").await, world.anyone());
    let own = secretary.get("{ viewer { cadre { id } } }").await["viewer"]["cadre"]["id"].clone();
    let group_of = async |village: &str| {
        let group = "children(first: 1, where: { kind: { eq: GROUP } }) { nodes { id } }";
        let region = anyone.get(&format!("{{ region(by: {{ code: \"{village}\" }}) {{ {group} }} }}")).await;
        region["region"]["children"]["nodes"][0].clone()
    };
    // 曲宗村, the seat of the branch, and its neighbour 竹园村.
    let (here, elsewhere) = (&group_of("530304101201").await, &group_of("530304101200").await);
    for (cadre, group) in [(&own, here), (&own, elsewhere)] {
        let input =
            json!({"kind": "GROUP", "cadreId": cadre, "regionId": group["id"], "startsOn": "2026-01-01"});
        let refused =
            secretary.change("assignmentCreate", "AssignmentCreateInput", "assignment { id }", input).await;
        assert_eq!(refused["errors"][0]["code"], "FORBIDDEN", "{refused}");
    }
    let member = secretary
        .get("{ cadres(first: 50) { nodes { id partyMember region { name } } } viewer { cadre { id } } }")
        .await;
    let nodes = member["cadres"]["nodes"].as_array().expect("cadres");
    let member =
        nodes.iter().find(|cadre| cadre["partyMember"] == true && cadre["id"] != own).expect("a member");
    let assign = |group: &Value| json!({"kind": "GROUP", "cadreId": member["id"], "regionId": group["id"], "startsOn": "2026-01-01"});
    let refused = secretary
        .change("assignmentCreate", "AssignmentCreateInput", "assignment { id }", assign(elsewhere))
        .await;
    assert_eq!(refused["errors"][0]["code"], "FORBIDDEN", "{refused}");
    let made = secretary
        .change("assignmentCreate", "AssignmentCreateInput", "assignment { id }", assign(here))
        .await;
    assert!(made["assignment"]["id"].is_string(), "{made}");
}

#[tokio::test]
async fn a_resident_finds_no_party_member_by_a_condition() {
    let world = World::demo().await;
    let resident = world.actor("resident").await;
    let found = resident
        .get(
            "{ all: cadres(first: 1) { totalCount }
               members: cadres(where: { partyMember: true }) { totalCount } }",
        )
        .await;
    assert!(found["all"]["totalCount"].as_i64() > Some(0), "officials are seen");
    assert_eq!(found["members"]["totalCount"], 0);
}

#[tokio::test]
async fn a_dispatcher_learns_no_tag_and_no_contact_by_a_condition_or_a_count() {
    let world = World::demo().await;
    let (dispatcher, admin) = (world.actor("dispatcher").await, world.actor("town-admin").await);
    let asked = "{ tagged: households(where: { tag: { eq: \"LIFTED_FROM_POVERTY\" } }) { totalCount }
        with: households(where: { withoutContact: false }) { totalCount }
        coverage(region: { code: \"530304101\" }) { households { numerator denominator } } }";
    let seen = admin.get(asked).await;
    assert!(seen["tagged"]["totalCount"].as_i64() > Some(0), "{seen}");
    let hidden = dispatcher.get(asked).await;
    assert_eq!(hidden["tagged"]["totalCount"], 0);
    assert_eq!(hidden["with"]["totalCount"], 0);
    assert_eq!(hidden["coverage"]["households"], json!({"numerator": 0, "denominator": 0}));
}

#[tokio::test]
async fn one_holder_has_one_target_once_so_that_ending_it_ends_the_right() {
    let world = World::demo().await;
    let (contact, admin) = (world.actor("contact").await, world.actor("town-admin").await);
    let mine = contact
        .get(
            "{ contactAssignments(first: 1, where: { live: true, kind: { eq: HOUSEHOLD }, isPrimary: true }) {
               nodes { id cadre { id } household { id } } } }",
        )
        .await;
    let mine = &mine["contactAssignments"]["nodes"][0];
    let again = json!({"kind": "HOUSEHOLD", "cadreId": mine["cadre"]["id"], "householdId": mine["household"]["id"],
                       "startsOn": "2026-12-01"});
    let refused = admin.change("assignmentCreate", "AssignmentCreateInput", "assignment { id }", again).await;
    assert_eq!(refused["errors"][0]["code"], "DUPLICATE", "{refused}");
    assert_eq!(refused["errors"][0]["existing"], mine["id"]);
}

#[tokio::test]
async fn an_end_that_was_set_is_not_put_off_and_the_past_is_not_rewritten() {
    let world = World::demo().await;
    let (contact, admin) = (world.actor("contact").await, world.actor("town-admin").await);
    let mine = contact
        .get("{ contactAssignments(first: 1, where: { live: true, isPrimary: true }) { nodes { id version startsOn } } }")
        .await;
    let mine = mine["contactAssignments"]["nodes"][0].clone();
    let end = |version: i64, day: &str| json!({"id": mine["id"], "expectedVersion": version, "endsOn": day, "reason": "tried"});
    let ends = "assignment { version endsOn }";
    let past = admin.change("assignmentEnd", "AssignmentEndInput", ends, end(1, "2026-01-01")).await;
    assert_eq!(past["errors"][0]["rule"], "dates", "{past}");
    let set = admin.change("assignmentEnd", "AssignmentEndInput", ends, end(1, "2099-01-01")).await;
    assert_eq!(set["assignment"]["endsOn"], "2099-01-01", "{set}");
    let later = admin.change("assignmentEnd", "AssignmentEndInput", ends, end(2, "2099-06-01")).await;
    assert_eq!(later["errors"][0]["rule"], "dates", "{later}");
    let sooner = admin.change("assignmentEnd", "AssignmentEndInput", ends, end(2, "2098-01-01")).await;
    assert_eq!(sooner["assignment"]["endsOn"], "2098-01-01", "{sooner}");
}

#[tokio::test]
async fn absent_and_null_are_two_requests_under_one_key() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let one = admin.get("{ households(first: 1) { nodes { id version } } }").await;
    let one = &one["households"]["nodes"][0];
    let key = key();
    let change = |extra: Value| {
        let mut input = json!({"idempotencyKey": key, "id": one["id"], "expectedVersion": one["version"], "housing": "砖房"});
        for (name, value) in extra.as_object().expect("an object") {
            input[name] = value.clone();
        }
        input
    };
    let mutation = "mutation($input: HouseholdUpdateInput!) {
        householdUpdate(input: $input) { household { id } errors { code } replayed } }";
    let first = admin.ask(mutation, json!({"input": change(json!({}))})).await.ok();
    assert_eq!(first["householdUpdate"]["replayed"], false);
    let again = admin.ask(mutation, json!({"input": change(json!({}))})).await.ok();
    assert_eq!(again["householdUpdate"]["replayed"], true);
    let other = admin.ask(mutation, json!({"input": change(json!({"address": null}))})).await;
    assert_eq!(other.code(), "IDEMPOTENCY_KEY_REUSED", "{}", other.body);
}

#[tokio::test]
async fn guessing_a_password_takes_longer_with_each_failure_and_the_right_one_waits_too() {
    let world = World::demo().await;
    let anyone = world.anyone();
    let attempt = "mutation($input: SessionStartInput!) { sessionStart(input: $input) { errors { code } } }";
    let guess =
        |password: &str| json!({"input": {"name": "leader", "password": password, "device": "guesser"}});
    let mut slowed = None;
    for n in 0..12 {
        let answer = anyone.ask(attempt, guess(&format!("guess number {n}"))).await;
        if answer.code() == "RATE_LIMITED" {
            slowed = Some(answer);
            break;
        }
        assert_eq!(answer["sessionStart"]["errors"][0]["code"], "BAD_CREDENTIALS", "{}", answer.body);
    }
    let slowed = slowed.expect("guesses are slowed down");
    assert_eq!(slowed.status, 429);
    assert!(slowed.body["errors"][0]["extensions"]["retryAfterMs"].as_i64() > Some(0), "{}", slowed.body);
    let right = lianhu_tests::ground::password("leader");
    assert_eq!(anyone.ask(attempt, guess(&right)).await.code(), "RATE_LIMITED");
    world.state.clock.shift(chrono::Duration::minutes(10));
    let after = anyone.ask(attempt, guess(&right)).await;
    assert_eq!(after["sessionStart"]["errors"], json!([]), "{}", after.body);
}

#[tokio::test]
async fn of_two_households_that_take_one_number_at_once_one_is_told_that_it_is_taken() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let village =
        admin.get("{ region(by: { code: \"530304101200\" }) { id } }").await["region"]["id"].clone();
    let input = |name: &str| {
        json!({"idempotencyKey": key(), "regionId": village, "number": "9999",
               "members": [{"name": name, "relation": "HEAD"}]})
    };
    let create =
        |name| admin.change("householdCreate", "HouseholdCreateInput", "household { id }", input(name));
    let answers = futures_util::future::join_all(["甲", "乙", "丙", "丁"].map(create)).await;
    let made = answers.iter().filter(|answer| answer["household"].is_object()).count();
    assert_eq!(made, 1, "{answers:#?}");
    for answer in answers.iter().filter(|answer| answer["household"].is_null()) {
        assert_eq!(answer["errors"][0]["code"], "DUPLICATE", "{answer}");
    }
}
