//! Many assignments in one step: hand-over, list, even spread. What is previewed is what happens; what happened is known
//! of any day.

use chrono::{Days, NaiveDate};
use lianhu_tests::{Actor, World, ground, key};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const PLAN: &str = "digest ends starts errors { __typename code message path }
    loads { before after load { cadre { id } } }
    changes(first: 100) { totalCount pageInfo { endCursor hasNextPage }
      nodes { kind isPrimary startsOn endsOn from { id } to { id } ends { id version } household { id number } } }";
const BATCH: &str = "assignmentBatch { id kind effectiveOn ended started reason from { id } to { id } }";
const REFUSED: &str = "errors { __typename code message path ... on PlanChangedError { changed } }";

fn day(ahead: u64) -> NaiveDate {
    ground::today() + Days::new(ahead)
}

/// The cadre behind the account `contact`, and another of the same village to whom things are handed.
async fn two_cadres(admin: &Actor, contact: &Actor) -> (Value, Value, Value) {
    let me = contact.get("{ viewer { cadre { id region { id } } } }").await["viewer"]["cadre"].clone();
    let query = "query($village: ID!) { region(by: { id: $village }) { cadres(first: 100, where: { level: { eq: VILLAGE_CADRE } }) {
        nodes { id name load { households } } } } }";
    let data = admin.ask(query, json!({"village": me["region"]["id"]})).await.ok();
    let other = data["region"]["cadres"]["nodes"]
        .as_array()
        .expect("cadres")
        .iter()
        .find(|cadre| cadre["id"] != me["id"])
        .expect("another cadre")["id"]
        .clone();
    (me["id"].clone(), other, me["region"]["id"].clone())
}

async fn preview(actor: &Actor, field: &str, argument: &str, input: &Value) -> Value {
    let types = BTreeMap::from([("handOver", "HandOver"), ("list", "AssignmentList"), ("spread", "Spread")]);
    let query =
        format!("query($plan: {}!) {{ plan: {field}({argument}: $plan) {{ {PLAN} }} }}", types[argument]);
    actor.ask(&query, json!({"plan": input})).await.ok()["plan"].clone()
}

async fn carry_out(actor: &Actor, mutation: &str, argument: &str, input: &Value, digest: &Value) -> Value {
    let ty = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let query =
        format!("mutation($input: {ty}!) {{ {mutation}(input: $input) {{ {BATCH} {REFUSED} replayed }} }}");
    let mut whole =
        json!({"idempotencyKey": key(), "reason": "moved to another post", "expectedPlan": digest});
    whole[argument] = input.clone();
    actor.ask(&query, json!({"input": whole})).await.ok()[mutation].clone()
}

/// Households for which somebody answers as primary contact on a day, with who does.
async fn answerable(actor: &Actor, cadre: &Value, on: NaiveDate) -> BTreeSet<String> {
    let query = "query($cadre: ID!, $on: Date!, $after: Cursor) {
        contactAssignments(first: 100, after: $after, where: { cadreId: { eq: $cadre }, liveOn: $on, kind: { eq: HOUSEHOLD } }) {
          nodes { household { number } } pageInfo { hasNextPage endCursor } } }";
    let mut numbers = BTreeSet::new();
    let mut after = Value::Null;
    loop {
        let data = actor.ask(query, json!({"cadre": cadre, "on": on.to_string(), "after": after})).await.ok();
        let page = &data["contactAssignments"];
        let nodes = page["nodes"].as_array().expect("nodes");
        numbers
            .extend(nodes.iter().filter_map(|node| node["household"]["number"].as_str()).map(str::to_owned));
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            return numbers;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

#[tokio::test]
async fn forty_households_pass_to_another_on_a_date_as_previewed_and_every_day_knows_who_answered() {
    let world = World::demo().await;
    let (contact, admin) = (world.actor("contact").await, world.actor("town-admin").await);
    let (me, other, _) = two_cadres(&admin, &contact).await;
    let query = "{ contactAssignments(first: 40, where: { live: true, kind: { eq: HOUSEHOLD }, isPrimary: true }) { nodes { id } } }";
    let forty: Vec<Value> = contact.get(query).await["contactAssignments"]["nodes"]
        .as_array()
        .expect("assignments")
        .iter()
        .map(|node| node["id"].clone())
        .collect();
    assert_eq!(forty.len(), 40);
    let (mine, theirs) = (answerable(&admin, &me, day(0)).await, answerable(&admin, &other, day(0)).await);
    let hand_over = json!({"fromCadreId": me, "toCadreId": other, "effectiveOn": day(10).to_string(), "assignmentIds": forty});

    let plan = preview(&admin, "assignmentsHandOverPreview", "handOver", &hand_over).await;
    assert_eq!(
        (&plan["ends"], &plan["starts"], &plan["errors"]),
        (&json!(40), &json!(40), &json!([])),
        "{plan}"
    );
    assert_eq!(plan["changes"]["totalCount"], 40);
    for change in plan["changes"]["nodes"].as_array().expect("changes") {
        assert_eq!((&change["from"]["id"], &change["to"]["id"]), (&me, &other));
        assert_eq!((&change["startsOn"], &change["endsOn"]), (&json!(day(10).to_string()), &Value::Null));
    }
    for load in plan["loads"].as_array().expect("loads") {
        let by = load["after"].as_i64().expect("a number") - load["before"].as_i64().expect("a number");
        assert_eq!(by, if load["load"]["cadre"]["id"] == me { -40 } else { 40 }, "{load}");
    }

    let done = carry_out(&admin, "assignmentsHandOver", "handOver", &hand_over, &plan["digest"]).await;
    let batch = &done["assignmentBatch"];
    assert_eq!(
        (&batch["ended"], &batch["started"], &batch["kind"]),
        (&json!(40), &json!(40), &json!("HAND_OVER")),
        "{done}"
    );
    assert_eq!((&batch["from"]["id"], &batch["to"]["id"]), (&me, &other));

    let moved: BTreeSet<String> = plan["changes"]["nodes"]
        .as_array()
        .expect("changes")
        .iter()
        .map(|change| change["household"]["number"].as_str().expect("a number").to_owned())
        .collect();
    for before in [0, 9] {
        assert_eq!(answerable(&admin, &me, day(before)).await, mine, "day {before}");
        assert_eq!(answerable(&admin, &other, day(before)).await, theirs, "day {before}");
    }
    for after in [10, 400] {
        assert_eq!(answerable(&admin, &me, day(after)).await, &mine - &moved, "day {after}");
        assert_eq!(answerable(&admin, &other, day(after)).await, &theirs | &moved, "day {after}");
    }
    let edges = "query($id: ID!) { node(id: $id) { ... on AssignmentBatch { madeBy { name }
        endedAssignments(first: 100) { totalCount nodes { endsOn endedReason } }
        startedAssignments(first: 100) { totalCount nodes { startsOn isPrimary } } } } }";
    let seen = admin.ask(edges, json!({"id": batch["id"]})).await.ok();
    let node = &seen["node"];
    assert_eq!(node["madeBy"]["name"], "town-admin");
    assert_eq!(
        (&node["endedAssignments"]["totalCount"], &node["startedAssignments"]["totalCount"]),
        (&json!(40), &json!(40))
    );
    assert_eq!(
        node["endedAssignments"]["nodes"][0],
        json!({"endsOn": day(10).to_string(), "endedReason": "moved to another post"})
    );
    assert_eq!(
        node["startedAssignments"]["nodes"][0],
        json!({"startsOn": day(10).to_string(), "isPrimary": true})
    );

    let visible = "{ households(first: 0) { totalCount } }";
    assert_eq!(contact.get(visible).await["households"]["totalCount"], mine.len());
    world.state.clock.shift(chrono::Duration::days(10));
    let contact = world.actor("contact").await;
    assert_eq!(
        contact.get(visible).await["households"]["totalCount"],
        mine.len() - 40,
        "on the day itself the first no longer sees them, and nobody did anything"
    );
}

#[tokio::test]
async fn of_two_hand_overs_of_the_same_households_at_once_one_happens_and_the_other_is_told_what_changed() {
    let world = World::demo().await;
    let (contact, admin) = (world.actor("contact").await, world.actor("town-admin").await);
    let (me, other, _) = two_cadres(&admin, &contact).await;
    let third = admin
        .get("{ cadres(first: 100, where: { level: { eq: TOWNSHIP_STAFF } }) { nodes { id } } }")
        .await["cadres"]["nodes"][0]["id"]
        .clone();
    let to = |cadre: &Value| json!({"fromCadreId": me, "toCadreId": cadre, "effectiveOn": day(0).to_string(), "kinds": ["HOUSEHOLD"]});
    let (one, two) = (to(&other), to(&third));
    let first = preview(&admin, "assignmentsHandOverPreview", "handOver", &one).await;
    let second = preview(&admin, "assignmentsHandOverPreview", "handOver", &two).await;
    assert_eq!(first["ends"], second["ends"]);
    let (left, right) = tokio::join!(
        carry_out(&admin, "assignmentsHandOver", "handOver", &one, &first["digest"]),
        carry_out(&admin, "assignmentsHandOver", "handOver", &two, &second["digest"]),
    );
    let (won, lost) = if left["assignmentBatch"].is_object() { (left, right) } else { (right, left) };
    assert_eq!(won["assignmentBatch"]["ended"], first["ends"], "{won}");
    assert_eq!(lost["assignmentBatch"], Value::Null);
    let told = &lost["errors"][0];
    assert_eq!(
        (&told["__typename"], &told["code"]),
        (&json!("PlanChangedError"), &json!("CONFLICT")),
        "{lost}"
    );
    assert!(!told["changed"].as_array().expect("ids").is_empty(), "{lost}");

    let again = carry_out(&admin, "assignmentsHandOver", "handOver", &two, &Value::Null).await;
    assert_eq!(again["errors"][0]["code"], "STATE", "nothing is left to hand over: {again}");
}

#[tokio::test]
async fn a_list_is_taken_whole_or_not_at_all_and_names_each_entry_that_is_wrong() {
    let world = World::demo().await;
    let (contact, admin) = (world.actor("contact").await, world.actor("town-admin").await);
    let (me, other, village) = two_cadres(&admin, &contact).await;
    let homes =
        "query($village: ID!) { region(by: { id: $village }) { households(first: 4) { nodes { id } } } }";
    let data = admin.ask(homes, json!({"village": village})).await.ok();
    let ids: Vec<Value> = data["region"]["households"]["nodes"]
        .as_array()
        .expect("households")
        .iter()
        .map(|node| node["id"].clone())
        .collect();
    let entry = |household: &Value, cadre: &Value| json!({"kind": "HOUSEHOLD", "householdId": household, "cadreId": cadre});
    let foreign = world.actor("nancheng-admin").await.get("{ households(first: 1) { nodes { id } } }").await;
    let foreign = &foreign["households"]["nodes"][0]["id"];
    let wrong = json!({"startsOn": day(1).to_string(), "entries": [
        entry(&ids[0], &other), entry(foreign, &other),
        {"kind": "HOUSEHOLD", "regionId": village, "cadreId": other},
    ]});
    let refused = carry_out(&admin, "assignmentsAssign", "list", &wrong, &Value::Null).await;
    assert_eq!(refused["errors"][0]["path"], json!(["input", "list", "entries", "2", "kind"]), "{refused}");
    let wrong = json!({"startsOn": day(1).to_string(), "entries": [{"kind": "TOWNSHIP", "regionId": village, "cadreId": me}]});
    let refused = carry_out(&admin, "assignmentsAssign", "list", &wrong, &Value::Null).await;
    assert_eq!(
        refused["errors"][0]["path"],
        json!(["input", "list", "entries", "0", "regionId"]),
        "{refused}"
    );
    let wrong =
        json!({"startsOn": day(1).to_string(), "entries": [entry(&ids[0], &other), entry(foreign, &other)]});
    let refused = carry_out(&admin, "assignmentsAssign", "list", &wrong, &Value::Null).await;
    let codes: Vec<(&Value, &Value)> = refused["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|error| (&error["code"], &error["path"][3]))
        .collect();
    assert_eq!(codes, [(&json!("DUPLICATE"), &json!("0")), (&json!("NOT_FOUND"), &json!("1"))], "{refused}");

    let right = json!({"startsOn": day(1).to_string(), "replace": true,
        "entries": ids.iter().map(|id| entry(id, &other)).collect::<Vec<_>>()});
    let plan = preview(&admin, "assignmentsAssignPreview", "list", &right).await;
    assert_eq!(plan["errors"], json!([]), "{plan}");
    let done = carry_out(&admin, "assignmentsAssign", "list", &right, &plan["digest"]).await;
    assert_eq!(
        (&done["assignmentBatch"]["ended"], &done["assignmentBatch"]["started"]),
        (&plan["ends"], &plan["starts"]),
        "{done}"
    );
    let again = preview(&admin, "assignmentsAssignPreview", "list", &right).await;
    assert_eq!((&again["ends"], &again["starts"]), (&json!(0), &json!(0)), "who has it keeps it: {again}");
}

#[tokio::test]
async fn households_without_a_contact_are_spread_evenly_village_by_village() {
    let world = World::demo().await;
    let admin = world.actor("nancheng-admin").await;
    let town = admin.get("{ region(by: { code: \"361021108\" }) { id } }").await["region"]["id"].clone();
    let coverage = "{ coverage(region: { code: \"361021108\" }) { households { numerator denominator } } }";
    let before = admin.get(coverage).await["coverage"]["households"].clone();
    let without = before["denominator"].as_i64().expect("n") - before["numerator"].as_i64().expect("n");
    let query = "query($town: ID!) { region(by: { id: $town }) { cadres(first: 100, where: { level: { in: [VILLAGE_CADRE, TOWNSHIP_STAFF] } }) {
        nodes { id level region { id } load { households } } } } }";
    let data = admin.ask(query, json!({"town": town})).await.ok();
    let cadres = data["region"]["cadres"]["nodes"].as_array().expect("cadres").clone();
    let ids: Vec<&Value> = cadres.iter().map(|cadre| &cadre["id"]).take(30).collect();
    let spread = json!({"regionId": town, "cadreIds": ids, "startsOn": day(0).to_string()});
    let plan = preview(&admin, "assignmentsSpreadPreview", "spread", &spread).await;
    assert_eq!(plan["errors"], json!([]), "{plan}");
    assert!(without > 0 && plan["starts"].as_i64().expect("n") >= without, "{before} {plan}");

    let done = carry_out(&admin, "assignmentsSpread", "spread", &spread, &plan["digest"]).await;
    assert_eq!(done["assignmentBatch"]["started"], plan["starts"], "{done}");
    let after = admin.get(coverage).await["coverage"]["households"].clone();
    assert_eq!(after["numerator"], after["denominator"]);

    // Whoever is of one village's office got households of that village alone.
    let started = "query($id: ID!, $after: Cursor) { node(id: $id) { ... on AssignmentBatch { startedAssignments(first: 100, after: $after) {
        nodes { cadre { id level region { id } } household { village { id } } } pageInfo { hasNextPage endCursor } } } } }";
    let mut of_village: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    let mut cursor = Value::Null;
    loop {
        let page =
            admin.ask(started, json!({"id": done["assignmentBatch"]["id"], "after": cursor})).await.ok();
        let page = &page["node"]["startedAssignments"];
        for node in page["nodes"].as_array().expect("nodes") {
            let village = &node["household"]["village"]["id"];
            if node["cadre"]["level"] == "VILLAGE_CADRE" && node["cadre"]["region"]["id"] != town {
                assert_eq!(&node["cadre"]["region"]["id"], village, "{node}");
                let cadres = of_village.entry(village.to_string()).or_default();
                *cadres.entry(node["cadre"]["id"].to_string()).or_default() += 1;
            }
        }
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
        cursor = page["pageInfo"]["endCursor"].clone();
    }
    // In the end those of one village who got any carry the same, give or take one.
    let data = admin.ask(query, json!({"town": town})).await.ok();
    let loads: BTreeMap<String, i64> = data["region"]["cadres"]["nodes"]
        .as_array()
        .expect("cadres")
        .iter()
        .map(|cadre| (cadre["id"].to_string(), cadre["load"]["households"].as_i64().expect("n")))
        .collect();
    assert!(!of_village.is_empty());
    for cadres in of_village.values() {
        let carried: Vec<i64> = cadres.keys().map(|id| loads[id]).collect();
        let (least, most) = (carried.iter().min().expect("one"), carried.iter().max().expect("one"));
        assert!(most - least <= 1, "{carried:?}");
    }
}

#[tokio::test]
async fn households_of_a_contact_who_left_office_are_spread_like_those_without_one() {
    let world = World::demo().await;
    let (contact, admin) = (world.actor("contact").await, world.actor("town-admin").await);
    let (me, other, village) = two_cadres(&admin, &contact).await;
    let coverage = "query($village: ID!) { coverage(region: { id: $village }) { households { numerator denominator } } }";
    let covered = async || {
        let answer = admin.ask(coverage, json!({"village": village})).await.ok();
        let share = &answer["coverage"]["households"];
        share["denominator"].as_i64().expect("all") - share["numerator"].as_i64().expect("some")
    };
    assert_eq!(covered().await, 0);
    let version = contact.get("{ viewer { cadre { version } } }").await["viewer"]["cadre"]["version"].clone();
    let leave = json!({"id": me, "expectedVersion": version, "endsOn": day(0)});
    let left = admin.change("cadreUpdate", "CadreUpdateInput", "cadre { endsOn }", leave).await;
    assert_eq!(left["errors"], json!([]), "{left}");
    assert!(covered().await > 40, "who has left is nobody's contact");

    let spread = json!({"regionId": village, "cadreIds": [other], "startsOn": day(0), "anew": false});
    let plan = preview(&admin, "assignmentsSpreadPreview", "spread", &spread).await;
    assert_eq!(
        (&plan["ends"], &plan["starts"], &plan["errors"]),
        (&json!(52), &json!(52), &json!([])),
        "{plan}"
    );
    let done = carry_out(&admin, "assignmentsSpread", "spread", &spread, &plan["digest"]).await;
    assert_eq!(done["errors"], json!([]), "{done}");
    assert_eq!(covered().await, 0, "each has a contact in office again");
    let again = preview(&admin, "assignmentsSpreadPreview", "spread", &spread).await;
    assert_eq!((&again["ends"], &again["starts"]), (&json!(0), &json!(0)), "{again}");
}

#[tokio::test]
async fn only_who_may_assign_there_previews_or_does_it() {
    let world = World::demo().await;
    let (contact, admin) = (world.actor("contact").await, world.actor("town-admin").await);
    let (me, other, village) = two_cadres(&admin, &contact).await;
    let hand_over = json!({"fromCadreId": me, "toCadreId": other, "effectiveOn": day(0).to_string()});
    for (name, code) in [
        ("contact", "FORBIDDEN"),
        ("leader", "FORBIDDEN"),
        ("supervisor", "FORBIDDEN"),
        ("nancheng-admin", "NOT_FOUND"),
        ("nobody", "NOT_FOUND"),
    ] {
        let actor = world.actor(name).await;
        let plan = preview(&actor, "assignmentsHandOverPreview", "handOver", &hand_over).await;
        assert_eq!(plan["errors"][0]["code"], code, "{name}: {plan}");
        assert_eq!(
            (&plan["ends"], &plan["changes"]["totalCount"], &plan["loads"]),
            (&json!(0), &json!(0), &json!([]))
        );
        let done = carry_out(&actor, "assignmentsHandOver", "handOver", &hand_over, &Value::Null).await;
        assert_eq!(done["errors"][0]["code"], code, "{name}: {done}");
    }
    let spread =
        json!({"regionId": village, "cadreIds": [other], "startsOn": day(0).to_string(), "anew": true});
    for name in ["contact", "leader", "dispatcher", "secretary", "nancheng-admin"] {
        let actor = world.actor(name).await;
        let plan = preview(&actor, "assignmentsSpreadPreview", "spread", &spread).await;
        assert_eq!(plan["errors"][0]["code"], "FORBIDDEN", "{name}: {plan}");
    }
    let anyone = world
        .anyone()
        .ask(
            "query($h: HandOver!) { assignmentsHandOverPreview(handOver: $h) { ends } }",
            json!({"h": hand_over}),
        )
        .await;
    assert_eq!(anyone.code(), "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_hand_over_sends_no_more_statements_for_fifty_households_than_for_two() {
    let world = World::demo().await;
    let (contact, admin) = (world.actor("contact").await, world.actor("town-admin").await);
    let (me, other, _) = two_cadres(&admin, &contact).await;
    let query = "{ contactAssignments(first: 52, where: { live: true, kind: { eq: HOUSEHOLD }, isPrimary: true }) { nodes { id } } }";
    let data = contact.get(query).await;
    let nodes = data["contactAssignments"]["nodes"].as_array().expect("assignments");
    let ids: Vec<Value> = nodes.iter().map(|node| node["id"].clone()).collect();
    let mut counts = BTreeSet::new();
    for some in [&ids[..2], &ids[2..52]] {
        let hand_over = json!({"fromCadreId": me, "toCadreId": other, "effectiveOn": day(0).to_string(), "assignmentIds": some});
        let (done, n) = world
            .statements(carry_out(&admin, "assignmentsHandOver", "handOver", &hand_over, &Value::Null))
            .await;
        assert_eq!(done["assignmentBatch"]["ended"], some.len(), "{done}");
        counts.insert(n);
    }
    assert_eq!(counts.len(), 1, "{counts:?}");
}

#[tokio::test]
async fn coverage_tells_of_a_day_past_or_to_come() {
    let world = World::demo().await;
    let (contact, admin) = (world.actor("contact").await, world.actor("town-admin").await);
    let (me, other, _) = two_cadres(&admin, &contact).await;
    let ask = |on: NaiveDate| {
        let query = format!(
            "{{ coverage(region: {{ code: \"530304101\" }}, asOf: \"{on}\") {{ asOf households {{ numerator denominator }} }} }}"
        );
        let admin = admin.clone();
        async move { admin.get(&query).await["coverage"].clone() }
    };
    let full = json!({"numerator": 3635, "denominator": 3635});
    assert_eq!(ask(day(0)).await["households"], full);
    let query = "{ contactAssignments(first: 3, where: { live: true, kind: { eq: HOUSEHOLD }, isPrimary: true }) { nodes { id version } } }";
    let data = contact.get(query).await;
    let nodes = data["contactAssignments"]["nodes"].as_array().expect("assignments").clone();
    let input = json!({"id": nodes[0]["id"], "expectedVersion": nodes[0]["version"], "endsOn": day(5).to_string(), "reason": "leaves"});
    admin.change("assignmentEnd", "AssignmentEndInput", "assignment { id }", input).await;
    assert_eq!(ask(day(4)).await["households"], full);
    assert_eq!(ask(day(5)).await["households"], json!({"numerator": 3634, "denominator": 3635}));
    let hand_over = json!({"fromCadreId": me, "toCadreId": other, "effectiveOn": day(2).to_string(), "assignmentIds": [nodes[1]["id"]]});
    carry_out(&admin, "assignmentsHandOver", "handOver", &hand_over, &Value::Null).await;
    assert_eq!(ask(day(3)).await["households"], full, "a hand-over leaves no gap");
    let long_ago = ask(NaiveDate::from_ymd_opt(1990, 1, 1).expect("a day")).await;
    assert_eq!(long_ago["households"]["numerator"], 0, "nobody answered for anybody then: {long_ago}");
}
