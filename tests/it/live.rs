//! Being told in time: who is told what of changes, by the rights of the moment, without a gap, over both transports.

mod events;
mod socket;

use crate::rights::{Specimens, TABLE};
use entity::{access_line, change, household, id::ChangeId, kind::ChangeKind};
use lianhu_tests::{
    Actor, World, key,
    live::{Heard, Socket},
};
use sea_orm::{EntityTrait, QueryOrder, Set};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

/// What is asked of each event.
pub(crate) const CHANGES: &str = "subscription($after: Cursor, $kinds: [ChangeSubject!], $region: ID) {
  changes(after: $after, kinds: $kinds, region: $region) { __typename cursor at
    ... on RecordChange { kind subject recordId recordVersion changedFields
      node { id ... on Household { version number } ... on Visit { version } } }
    ... on Resync { reason } } }";
/// Long enough for an event that should not come.
const SILENCE: Duration = Duration::from_millis(1_500);

pub(crate) async fn world() -> World {
    World::with(|config| config.graphql.cost_per_minute = 10_000_000).await
}

/// Households that somebody sees.
async fn homes(actor: &Actor, first: usize) -> Vec<Value> {
    let query = format!("{{ households(first: {first}) {{ nodes {{ id version number }} }} }}");
    actor.get(&query).await["households"]["nodes"].as_array().expect("households").clone()
}

/// Changes one field of a household, of whatever version it is.
pub(crate) async fn touch(actor: &Actor, id: &Value, field: &str, value: &str) -> Value {
    let query = "query($id: ID!) { household(by: {id: $id}) { version } }";
    let version = actor.ask(query, json!({"id": id})).await.ok()["household"]["version"].clone();
    let input = json!({"id": id, "expectedVersion": version, field: value});
    let done = actor.change("householdUpdate", "HouseholdUpdateInput", "household { version }", input).await;
    assert_eq!(done["errors"], json!([]), "{done}");
    done["household"]["version"].clone()
}

/// A socket that listens to changes, after the first event.
pub(crate) async fn listener(world: &World, actor: &Actor, variables: Value) -> Socket {
    let mut socket = Socket::of(world, actor).await;
    socket.begin("1", CHANGES, variables).await;
    socket.event_of("Checkpoint").await;
    socket
}

fn homes_alone() -> Value {
    json!({"kinds": ["HOUSEHOLD"]})
}

#[tokio::test]
async fn a_change_is_told_within_a_second_with_the_record_as_it_is_now() {
    let world = world().await;
    let (admin, contact) = (world.actor("town-admin").await, world.actor("contact").await);
    let home = homes(&contact, 1).await.remove(0);
    let mut socket = listener(&world, &contact, json!({})).await;
    let began = Instant::now();
    let version = touch(&admin, &home["id"], "address", "竹园村民委员会上村17号").await;
    let event = socket.change().await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    let told = json!({"__typename": "RecordChange", "cursor": event["cursor"], "at": event["at"], "kind": "UPDATED",
        "subject": "HOUSEHOLD", "recordId": home["id"], "recordVersion": version, "changedFields": ["address"],
        "node": {"id": home["id"], "version": version, "number": home["number"]}});
    assert_eq!(event, told);
}

#[tokio::test]
async fn of_what_the_viewer_may_not_see_there_is_no_event_at_all() {
    let world = world().await;
    let (admin, contact) = (world.actor("town-admin").await, world.actor("contact").await);
    let own = homes(&contact, 100).await;
    let ids: BTreeSet<_> = own.iter().map(|home| home["id"].to_string()).collect();
    let others = homes(&admin, 100).await;
    let other = others.iter().find(|home| !ids.contains(&home["id"].to_string())).expect("another household");
    let mut socket = listener(&world, &contact, json!({})).await;
    let mut admins = listener(&world, &admin, json!({})).await;
    touch(&admin, &other["id"], "address", "别处1号").await;
    touch(&admin, &own[0]["id"], "address", "此处2号").await;
    assert_eq!(socket.change().await["recordId"], own[0]["id"], "the first event is of the own household");
    assert_eq!(admins.change().await["recordId"], other["id"]);
    assert_eq!(admins.change().await["recordId"], own[0]["id"]);
    socket.assert_silent(SILENCE).await;
    // Nor when it is asked for once more, from before.
    let mut anew = Socket::of(&world, &contact).await;
    let nobody = world.actor("nobody").await;
    let mut silent = listener(&world, &nobody, json!({})).await;
    touch(&admin, &own[0]["id"], "address", "此处3号").await;
    anew.begin("1", CHANGES, json!({})).await;
    silent.assert_silent(SILENCE).await;
}

#[tokio::test]
async fn fields_that_are_hidden_from_the_viewer_are_not_named_as_changed() {
    let world = world().await;
    let (admin, dispatcher) = (world.actor("town-admin").await, world.actor("dispatcher").await);
    let contact = world.actor("contact").await;
    let home = homes(&contact, 1).await.remove(0);
    let mut dispatchers = listener(&world, &dispatcher, homes_alone()).await;
    let mut contacts = listener(&world, &contact, homes_alone()).await;
    touch(&admin, &home["id"], "phone", "139 8765 4321").await;
    assert_eq!(dispatchers.change().await["changedFields"], json!([]));
    assert_eq!(contacts.change().await["changedFields"], json!(["phone", "phoneMasked"]));
    touch(&admin, &home["id"], "yearlyIncome", "12000.00").await;
    assert_eq!(contacts.change().await["changedFields"], json!([]), "the sensitive class is named to nobody");
}

#[tokio::test]
async fn kinds_and_region_narrow_what_is_told() {
    let world = world().await;
    let admin = world.actor("town-admin").await;
    let seen = admin.get("{ households(first: 100) { nodes { id village { id } } } }").await;
    let seen = seen["households"]["nodes"].as_array().expect("households");
    let here = &seen[0];
    let there = seen.iter().find(|home| home["village"] != here["village"]).expect("another village");
    let mut in_village = listener(&world, &admin, json!({"region": here["village"]["id"]})).await;
    let mut visits = listener(&world, &admin, json!({"kinds": ["VISIT"]})).await;
    touch(&admin, &there["id"], "address", "那边1号").await;
    touch(&admin, &here["id"], "address", "这边1号").await;
    assert_eq!(in_village.change().await["recordId"], here["id"]);
    let contact = world.actor("contact").await;
    let home = homes(&contact, 1).await.remove(0);
    let began = (world.state.clock.now().0 - chrono::Duration::hours(2)).to_rfc3339();
    let input =
        json!({"method": "DOOR", "target": {"householdId": home["id"]}, "beganAt": began, "minutes": 40});
    let made = contact.change("visitRecord", "VisitRecordInput", "visit { id version }", input).await;
    let event = visits.change().await;
    assert_eq!((&event["recordId"], &event["subject"]), (&made["visit"]["id"], &json!("VISIT")));
    assert_eq!(event["node"]["id"], made["visit"]["id"]);
    for (variables, code) in [
        (json!({"kinds": []}), "BAD_USER_INPUT"),
        (json!({"region": "region_00000000000000000000000000"}), "BAD_USER_INPUT"),
        (json!({"kinds": ["HOUSE"]}), "BAD_USER_INPUT"),
    ] {
        in_village.begin("2", CHANGES, variables).await;
        let error = in_village.message("error").await;
        assert_eq!(error["payload"][0]["extensions"]["code"], code, "{error}");
    }
}

#[tokio::test]
async fn who_was_away_is_told_all_since_without_a_gap_or_a_repeat() {
    let world = world().await;
    let admin = world.actor("town-admin").await;
    let homes = homes(&admin, 3).await;
    let mut socket = listener(&world, &admin, homes_alone()).await;
    touch(&admin, &homes[0]["id"], "address", "第0次").await;
    let mut after = socket.change().await["cursor"].clone();
    drop(socket);
    for round in 0..3 {
        let mut versions = Vec::new();
        for turn in 0..5 {
            let home = &homes[turn % 3]["id"];
            versions.push((home.clone(), touch(&admin, home, "address", &format!("{round}-{turn}号")).await));
        }
        let mut back = Socket::of(&world, &admin).await;
        back.begin("again", CHANGES, json!({"after": after, "kinds": ["HOUSEHOLD"]})).await;
        let mut told = Vec::new();
        for _ in 0..5 {
            let event = back.change().await;
            told.push((event["recordId"].clone(), event["recordVersion"].clone()));
            after = event["cursor"].clone();
        }
        assert_eq!(told, versions, "round {round}");
        touch(&admin, &homes[0]["id"], "address", &format!("{round}号之后")).await;
        let event = back.change().await;
        // What came while it was listening is told once more to whoever goes on from before.
        let mut once = Socket::of(&world, &admin).await;
        once.begin("1", CHANGES, json!({"after": after, "kinds": ["HOUSEHOLD"]})).await;
        assert_eq!(once.change().await["recordVersion"], event["recordVersion"]);
        after = event["cursor"].clone();
    }
}

#[tokio::test]
async fn while_many_write_each_change_is_heard_once_however_often_the_listener_comes_back() {
    const TURNS: usize = 12;
    let world = world().await;
    let admin = world.actor("town-admin").await;
    let homes = homes(&admin, 4).await;
    let mut socket = Socket::of(&world, &admin).await;
    socket.begin("1", CHANGES, homes_alone()).await;
    let mut after = socket.event_of("Checkpoint").await["cursor"].clone();
    drop(socket);
    let writers = homes.iter().map(|home| async {
        let mut made = Vec::new();
        for turn in 0..TURNS {
            let version = touch(&admin, &home["id"], "address", &format!("第{turn}次")).await;
            made.push((home["id"].to_string(), version.as_i64().expect("a version")));
        }
        made
    });
    let listener = async {
        let mut heard = Vec::new();
        for stay in [1, 7, 2, 5, 3].into_iter().cycle() {
            let mut socket = Socket::of(&world, &admin).await;
            socket.begin("1", CHANGES, json!({"after": after, "kinds": ["HOUSEHOLD"]})).await;
            for _ in 0..stay {
                let event = socket.event().await;
                after = event["cursor"].clone();
                if event["__typename"] == "RecordChange" {
                    let version = event["recordVersion"].as_i64().expect("a version");
                    heard.push((event["recordId"].to_string(), version));
                }
                if heard.len() == homes.len() * TURNS {
                    return heard;
                }
            }
        }
        heard
    };
    let (made, heard) = tokio::join!(futures_util::future::join_all(writers), listener);
    let mut made: Vec<_> = made.into_iter().flatten().collect();
    for home in &homes {
        let of = |all: &[(String, i64)]| -> Vec<i64> {
            let own = home["id"].to_string();
            all.iter().filter(|(id, _)| *id == own).map(|(_, version)| *version).collect()
        };
        assert_eq!(of(&heard), of(&made), "in order");
    }
    let mut heard = heard;
    made.sort();
    heard.sort();
    assert_eq!(heard, made, "each once");
}

#[tokio::test]
async fn a_cursor_that_is_too_old_or_not_known_is_answered_by_a_resync() {
    let world = world().await;
    let admin = world.actor("town-admin").await;
    let mut socket = Socket::of(&world, &admin).await;
    socket.begin("1", CHANGES, json!({})).await;
    let cursor = socket.event_of("Checkpoint").await["cursor"].as_str().expect("a cursor").to_owned();
    let mut altered = cursor.clone().into_bytes();
    altered[30] = if altered[30] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(altered).expect("a text");
    socket.begin("2", CHANGES, json!({"after": altered})).await;
    assert_eq!(socket.event_of("Resync").await["reason"], "CURSOR_UNKNOWN");
    socket.event_of("Checkpoint").await;
    socket.begin("3", CHANGES, json!({"after": "not a cursor!"})).await;
    let error = socket.message("error").await;
    assert_eq!(error["payload"][0]["extensions"]["code"], "BAD_USER_INPUT", "{error}");
    drop(socket);

    world.state.clock.shift(chrono::Duration::days(29));
    let admin = world.actor("town-admin").await;
    let mut socket = Socket::of(&world, &admin).await;
    socket.begin("1", CHANGES, json!({"after": cursor})).await;
    socket.event_of("Checkpoint").await;
    drop(socket);
    world.state.clock.shift(chrono::Duration::days(2));
    let admin = world.actor("town-admin").await;
    let mut socket = Socket::of(&world, &admin).await;
    socket.begin("1", CHANGES, json!({"after": cursor})).await;
    let resync = socket.event_of("Resync").await;
    assert_eq!(resync["reason"], "CURSOR_TOO_OLD");
    socket.event_of("Checkpoint").await;
    let home = homes(&admin, 1).await.remove(0);
    let version = touch(&admin, &home["id"], "address", "之后").await;
    assert_eq!(socket.change().await["recordVersion"], version, "it goes on after a resync");
    let mut back = Socket::of(&world, &admin).await;
    back.begin("1", CHANGES, json!({"after": resync["cursor"]})).await;
    assert_eq!(back.change().await["recordVersion"], version, "and from the cursor of the resync");
}

/// Lines of the change log for one household, as many as are wanted, in one go.
pub(crate) async fn flood(world: &World, id: &Value, lines: usize) {
    let (_, uuid) = entity::id::read(id.as_str().expect("an id")).expect("an id");
    let db = world.state.db.write();
    let home = household::Entity::find_by_id(entity::id::HouseholdId(uuid)).one(db).await;
    let home = home.expect("an answer").expect("the household");
    let mut left = lines;
    while left > 0 {
        let some = left.min(1000);
        let rows = (0..some).map(|_| change::ActiveModel {
            id: Set(ChangeId(uuid::Uuid::now_v7())),
            at: Set(world.state.clock.now()),
            entity: Set("household".to_owned()),
            entity_id: Set(uuid),
            entity_version: Set(home.version),
            kind: Set(ChangeKind::Updated),
            columns: Set(json!(["address"])),
            content: Set(json!({})),
            actor: Set(None),
            idempotency_key: Set(None),
            request_id: Set("flood".to_owned()),
            county_id: Set(Some(home.county_id)),
            township_id: Set(Some(home.township_id)),
            village_id: Set(Some(home.village_id)),
            ..Default::default()
        });
        change::Entity::insert_many(rows).exec_without_returning(db).await.expect("lines");
        left -= some;
    }
}

#[tokio::test]
async fn whoever_missed_more_than_ten_thousand_changes_is_told_to_read_anew() {
    let world = world().await;
    let (admin, contact) = (world.actor("town-admin").await, world.actor("contact").await);
    let own: BTreeSet<_> = homes(&contact, 100).await.iter().map(|home| home["id"].to_string()).collect();
    let other = homes(&admin, 100).await.into_iter().find(|home| !own.contains(&home["id"].to_string()));
    let other = other.expect("a household that the contact does not see");
    let mut socket = Socket::of(&world, &contact).await;
    socket.begin("1", CHANGES, json!({})).await;
    let cursor = socket.event_of("Checkpoint").await["cursor"].clone();
    flood(&world, &other["id"], 9_990).await;
    let mut back = Socket::of(&world, &contact).await;
    back.begin("1", CHANGES, json!({"after": cursor})).await;
    back.event_of("Checkpoint").await;
    flood(&world, &other["id"], 20).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    back.begin("2", CHANGES, json!({"after": cursor})).await;
    assert_eq!(back.event_of("Resync").await["reason"], "CURSOR_TOO_OLD");
    back.event_of("Checkpoint").await;
    // Of the flood itself nobody who does not see the household hears anything.
    back.assert_silent(SILENCE).await;
}

#[tokio::test]
async fn every_account_hears_of_the_households_that_the_table_of_rights_shows_it() {
    const QUERY: &str =
        "subscription($after: Cursor) { changes(after: $after, kinds: [HOUSEHOLD]) { __typename cursor
      ... on RecordChange { recordId node { ... on Household { phone redactedFields } } } } }";
    let world = world().await;
    let Specimens(homes) = Specimens::choose(&world).await;
    let someone = world.actor("town-admin").await;
    let mut socket = Socket::of(&world, &someone).await;
    socket.begin("1", QUERY, json!({})).await;
    let cursor = socket.event_of("Checkpoint").await["cursor"].clone();
    for home in &homes {
        flood(&world, &json!(home.id.to_string()), 1).await;
    }
    for (name, row) in TABLE {
        let actor = world.actor(name).await;
        let mut socket = Socket::of(&world, &actor).await;
        socket.begin("1", QUERY, json!({"after": cursor})).await;
        let mut heard = vec!['-'; homes.len()];
        for _ in row.chars().filter(|sight| *sight != '-') {
            let event = socket.change().await;
            let place = homes.iter().position(|home| event["recordId"] == home.id.to_string().as_str());
            let hidden = event["node"]["redactedFields"].as_array().expect("names");
            let far = if hidden.contains(&json!("memberCount")) { 'D' } else { 'S' };
            heard[place.expect("one of them")] = if event["node"]["phone"].is_string() { 'C' } else { far };
        }
        assert_eq!(heard.into_iter().collect::<String>(), row, "{name}");
        while let Some(more) = socket.hear_within(Duration::from_millis(300)).await {
            let Heard::Message(more) = more else { panic!("{name}: {more:?}") };
            let last = &more["payload"]["data"]["changes"]["__typename"];
            assert_eq!(last, "Checkpoint", "{name} hears of nothing else");
        }
    }
}

#[tokio::test]
async fn one_whose_right_ends_hears_nothing_more() {
    let world = world().await;
    let (admin, contact) = (world.actor("town-admin").await, world.actor("contact").await);
    let mine = contact
        .get(
            "{ viewer { cadre { id } } contactAssignments(first: 100) { nodes { id version live \
             household { id } cadre { id } } } }",
        )
        .await;
    let of = &mine["viewer"]["cadre"]["id"];
    let nodes = mine["contactAssignments"]["nodes"].as_array().expect("assignments");
    let held: Vec<_> = nodes.iter().filter(|one| one["live"] == true && &one["cadre"]["id"] == of).collect();
    let home = held.iter().find(|one| one["household"].is_object()).expect("a household of its own");
    let home = home["household"]["id"].clone();
    let mut socket = listener(&world, &contact, homes_alone()).await;
    touch(&admin, &home, "address", "结束之前").await;
    assert_eq!(socket.change().await["recordId"], home);
    for one in &held {
        let input = json!({"id": one["id"], "expectedVersion": one["version"], "reason": "调走"});
        let ended = admin.change("assignmentEnd", "AssignmentEndInput", "assignment { endsOn }", input).await;
        assert_eq!(ended["errors"], json!([]), "{ended}");
    }
    let query = "query($id: ID!) { household(by: {id: $id}) { id } }";
    let seen = contact.ask(query, json!({"id": home})).await.ok()["household"].clone();
    assert_eq!(seen, Value::Null, "the contact sees it by nothing else");
    touch(&admin, &home, "address", "结束之后").await;
    socket.assert_silent(SILENCE).await;
}

#[tokio::test]
async fn what_another_server_writes_is_heard_within_a_second() {
    let one = world().await;
    let two = World::over(Arc::clone(&one.ground), |_| ()).await;
    let (admin, contact) = (one.actor("town-admin").await, two.actor("contact").await);
    let home = homes(&contact, 1).await.remove(0);
    let mut socket = listener(&two, &contact, homes_alone()).await;
    let mut slowest = Duration::ZERO;
    for turn in 0..5 {
        let version = touch(&admin, &home["id"], "address", &format!("第{turn}次")).await;
        let began = Instant::now();
        assert_eq!(socket.change().await["recordVersion"], version);
        slowest = slowest.max(began.elapsed());
    }
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    println!("heard from another server after {slowest:?} at the most");
}

#[tokio::test]
async fn what_an_event_shows_of_people_is_in_the_access_log() {
    let world = world().await;
    let (admin, contact) = (world.actor("town-admin").await, world.actor("contact").await);
    let home = homes(&contact, 1).await.remove(0);
    let mut socket = Socket::of(&world, &contact).await;
    let query = "subscription { changes { __typename ... on RecordChange { node { ... on Household { headName } } } } }";
    socket.begin("1", query, json!({})).await;
    socket.event_of("Checkpoint").await;
    touch(&admin, &home["id"], "housing", "砖房").await;
    let event = socket.change().await;
    assert!(event["node"]["headName"].is_string(), "{event}");
    world.state.access.flush(&world.state.db).await.expect("the book is written");
    let all = access_line::Entity::find().order_by_asc(access_line::Column::Sequence);
    let all = all.all(world.state.db.read()).await.expect("lines");
    let lines: Vec<_> = all.into_iter().filter(|line| line.fields.to_string().contains("headName")).collect();
    let [line] = &lines[..] else { panic!("one line: {lines:?}") };
    let account = contact.get("{ viewer { account { id } } }").await["viewer"]["account"]["id"].clone();
    assert_eq!(json!(line.account_id.expect("somebody").to_string()), account);
}

#[tokio::test]
async fn beginning_and_hearing_are_paid_for() {
    let world = World::with(|config| {
        config.graphql.max_cost = 60;
        config.graphql.cost_per_minute = 60;
    })
    .await;
    let admin = world.actor("town-admin").await;
    let mut socket = Socket::of(&world, &admin).await;
    let query = "subscription { changes { __typename cursor ... on RecordChange { recordVersion } } }";
    let mut refused = None;
    for turn in 0..8 {
        let id = turn.to_string();
        socket.begin(&id, query, json!({})).await;
        match socket.hear().await {
            Heard::Message(message) if message["type"] == "error" => {
                refused = Some((turn, message["payload"][0]["extensions"].clone()));
                break;
            }
            Heard::Message(message) if message["type"] == "next" => {}
            other => panic!("{other:?}"),
        }
        socket.say(&json!({"type": "complete", "id": id})).await;
    }
    let (turn, extensions) = refused.expect("the budget ends");
    assert!((3..7).contains(&turn), "{turn} were paid for");
    assert_eq!(extensions["code"], "RATE_LIMITED");
    assert!(extensions["retryAfterMs"].as_u64().is_some_and(|millis| millis > 0), "{extensions}");
    // Too dear a selection never begins.
    let dear = "subscription { changes { ... on RecordChange { node { ... on Household { members(first: 100) { nodes { id } } } } } } }";
    socket.begin("dear", dear, json!({})).await;
    assert_eq!(socket.message("error").await["payload"][0]["extensions"]["code"], "QUERY_TOO_COSTLY");
}

#[tokio::test]
async fn a_mutation_over_a_socket_is_done_once() {
    let world = world().await;
    let admin = world.actor("town-admin").await;
    let home = homes(&admin, 1).await.remove(0);
    let mut socket = Socket::of(&world, &admin).await;
    let query = "mutation($input: HouseholdUpdateInput!) { householdUpdate(input: $input) { replayed \
                 household { version } errors { code } } }";
    let input = json!({"id": home["id"], "expectedVersion": home["version"], "address": "一次", "idempotencyKey": key()});
    for replayed in [false, true] {
        socket.begin("m", query, json!({"input": input})).await;
        let next = socket.message("next").await["payload"].clone();
        let done = &next["data"]["householdUpdate"];
        assert_eq!((&done["replayed"], &done["errors"]), (&json!(replayed), &json!([])), "{next}");
        assert_eq!(done["household"]["version"], json!(home["version"].as_i64().expect("a version") + 1));
        assert!(next["extensions"]["cost"]["requested"].is_number(), "{next}");
        assert_eq!(socket.message("complete").await["id"], "m");
    }
}
