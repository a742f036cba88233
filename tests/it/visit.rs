//! Visits: whoever answers for a household, an enterprise or a place records how they saw it; who may read it reads it, and
//! who leads the cadres learns that they were there.

use entity::{
    assignment, household,
    id::{HouseholdId, VisitId},
    visit, visit_concern,
};
use lianhu::retention;
use lianhu_tests::{Actor, World};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

const RECORD: &str = "visit { id version method visitedOn complete summary household { id lastVisitOn } }";

fn ago(world: &World, hours: i64) -> Value {
    json!((world.state.clock.now().0 - chrono::Duration::hours(hours)).to_rfc3339())
}

/// The household that resident and contact share.
async fn home(world: &World) -> Value {
    world
        .actor("resident")
        .await
        .get("{ households { nodes { id lastVisitOn village { id } county { id } } } }")
        .await["households"]["nodes"][0]
        .clone()
}

async fn record(actor: &Actor, input: Value) -> Value {
    actor.change("visitRecord", "VisitRecordInput", RECORD, input).await
}

fn door(world: &World, home: &Value) -> Value {
    json!({"method": "DOOR", "target": {"householdId": home["id"]}, "beganAt": ago(world, 2),
           "minutes": 40, "attendees": 2, "summary": "屋顶漏雨，想赶在雨季前修好。"})
}

async fn summary(actor: &Actor, id: &Value) -> Value {
    let visit = "query($id: ID!) { visit(id: $id) { summary } }";
    actor.ask(visit, json!({"id": id})).await.ok()["visit"].clone()
}

fn uuid(id: &Value) -> uuid::Uuid {
    entity::id::read(id.as_str().expect("an id")).expect("an id").1
}

#[tokio::test]
async fn a_contact_records_a_visit_and_those_who_serve_the_household_read_it() {
    let world = World::demo().await;
    let home = home(&world).await;
    let contact = world.actor("contact").await;
    let mut input = door(&world, &home);
    input["location"] = json!({"latitude": 25.27, "longitude": 103.39, "datum": "WGS84"});
    input["condolence"] = json!({"form": "GOODS", "items": "大米一袋", "value": "80.00"});
    let made = record(&contact, input.clone()).await;
    assert_eq!(made["errors"], json!([]), "{made}");
    let made = &made["visit"];
    assert_eq!((&made["complete"], &made["version"]), (&json!(true), &json!(1)));
    assert_eq!(
        made["household"]["lastVisitOn"], made["visitedOn"],
        "the household knows when it was visited"
    );

    let whole = "query($id: ID!) { visit(id: $id) { summary minutes attendees location { latitude datum } condolence { form items value }
        redactedFields participants { name } recorder { name } viewerCan { update { allowed } withdraw { allowed } } } }";
    let seen = contact.ask(whole, json!({"id": made["id"]})).await.ok()["visit"].clone();
    assert_eq!(seen["summary"], "屋顶漏雨，想赶在雨季前修好。");
    assert_eq!(seen["location"], json!({"latitude": 25.27, "datum": "WGS84"}));
    assert_eq!(seen["condolence"], json!({"form": "GOODS", "items": "大米一袋", "value": null}));
    assert_eq!(seen["redactedFields"], json!(["condolence.value"]), "what it is worth is shown to nobody");
    let own = contact.get("{ viewer { cadre { name } } }").await["viewer"]["cadre"]["name"].clone();
    assert_eq!((&seen["recorder"]["name"], &seen["participants"]), (&own, &json!([{"name": own}])));
    assert_eq!(seen["viewerCan"], json!({"update": {"allowed": true}, "withdraw": {"allowed": true}}));

    for reader in ["resident", "town-admin", "leader", "supervisor"] {
        let seen = summary(&world.actor(reader).await, &made["id"]).await;
        assert_eq!(seen["summary"], "屋顶漏雨，想赶在雨季前修好。", "{reader}");
    }
    for stranger in [
        "dispatcher",
        "secretary",
        "handler",
        "enterprise",
        "wanfang-contact",
        "nancheng-admin",
        "platform-admin",
        "nobody",
    ] {
        assert_eq!(summary(&world.actor(stranger).await, &made["id"]).await, Value::Null, "{stranger}");
    }
    let logged =
        "query($id: IdFilter!) { accessLog(first: 20, where: { householdId: $id }) { nodes { fields } } }";
    world.state.access.flush(&world.state.db).await.expect("the log is written");
    let logged =
        world.actor("town-admin").await.ask(logged, json!({"id": {"eq": home["id"]}})).await.ok().to_string();
    for field in ["Visit.summary", "Visit.location", "Condolence.items"] {
        assert!(logged.contains(field), "{field} was shown, and is in the log: {logged}");
    }

    // An id that is in use names nothing else.
    let mut other = input.clone();
    other["id"] = made["id"].clone();
    let refused = record(&contact, other).await;
    let told = (&refused["errors"][0]["code"], &refused["errors"][0]["path"]);
    assert_eq!(told, (&json!("DUPLICATE"), &json!(["input", "id"])), "{refused}");
    // The same action again is the same visit.
    let mut again = input;
    again["idempotencyKey"] = json!(lianhu_tests::key());
    let (one, two) = (record(&contact, again.clone()).await, record(&contact, again).await);
    assert_eq!((&one["visit"]["id"], &two["replayed"]), (&two["visit"]["id"], &json!(true)));
}

#[tokio::test]
async fn what_cannot_have_been_a_visit_is_refused_with_every_rule_that_it_breaks() {
    let world = World::demo().await;
    let home = home(&world).await;
    let contact = world.actor("contact").await;
    let before = visit::Entity::find().count(world.state.db.read()).await.expect("a count");
    let rules = async |change: Value| -> Vec<(String, String)> {
        let mut input = door(&world, &home);
        input.as_object_mut().expect("an input").extend(change.as_object().expect("a change").clone());
        let answer = record(&contact, input).await;
        let errors = answer["errors"].as_array().expect("errors").clone();
        let told = |error: &Value| {
            let path: Vec<_> =
                error["path"].as_array().expect("a path").iter().filter_map(Value::as_str).collect();
            (
                path[1..].join("."),
                error["rule"].as_str().or(error["code"].as_str()).unwrap_or_default().to_owned(),
            )
        };
        errors.iter().map(told).collect()
    };
    let one = |field: &str, rule: &str| vec![(field.to_owned(), rule.to_owned())];
    assert_eq!(rules(json!({"beganAt": ago(&world, -1)})).await, one("beganAt", "future"));
    assert_eq!(rules(json!({"beganAt": ago(&world, 24 * 401)})).await, one("beganAt", "too-old"));
    assert_eq!(rules(json!({"minutes": 0})).await, one("minutes", "range"));
    assert_eq!(rules(json!({"attendees": 10_001})).await, one("attendees", "range"));
    assert_eq!(rules(json!({"nights": 1})).await, one("nights", "nights"));
    assert_eq!(rules(json!({"method": "STAY"})).await, one("nights", "nights"));
    assert_eq!(rules(json!({"method": "SYMPOSIUM"})).await, one("target", "target"));
    assert_eq!(rules(json!({"summary": "长".repeat(4001)})).await, one("summary", "length"));
    assert_eq!(
        rules(json!({"location": {"latitude": 91.0, "longitude": 0.0, "datum": "WGS84"}})).await,
        one("location", "position")
    );
    assert_eq!(rules(json!({"condolence": {"form": "CASH"}})).await, one("condolence.value", "required"));
    let stranger = world.actor("wanfang-contact").await.get("{ viewer { cadre { id } } }").await;
    assert_eq!(
        rules(json!({"participantIds": [stranger["viewer"]["cadre"]["id"]]})).await,
        one("participantIds.0", "NOT_FOUND")
    );
    assert_eq!(
        rules(json!({"target": {"regionId": home["village"]["id"]}, "method": "SYMPOSIUM"})).await,
        one("", "FORBIDDEN")
    );
    let both = rules(json!({"minutes": -1, "attendees": 0, "summary": "字".repeat(5000)})).await;
    assert_eq!(both.len(), 3, "all at once: {both:?}");
    let after = visit::Entity::find().count(world.state.db.read()).await.expect("a count");
    assert_eq!(after, before, "nothing is left behind");
}

#[tokio::test]
async fn a_visit_is_changed_by_its_recorder_and_withdrawn_by_the_administrator_too() {
    let world = World::demo().await;
    let home = home(&world).await;
    let (contact, admin) = (world.actor("contact").await, world.actor("town-admin").await);
    let first = record(
        &contact,
        json!({"method": "DOOR", "target": {"householdId": home["id"]}, "beganAt": ago(&world, 30)}),
    )
    .await["visit"]
        .clone();
    assert_eq!(first["complete"], false, "without a word of what was said it is incomplete");
    let second = record(&contact, door(&world, &home)).await["visit"].clone();

    let update = async |actor: &Actor, id: &Value, version: i32, change: Value| {
        let mut input = change;
        input["id"] = id.clone();
        input["expectedVersion"] = json!(version);
        actor.change("visitUpdate", "VisitUpdateInput", RECORD, input).await
    };
    let refused = update(&admin, &first["id"], 1, json!({"minutes": 5})).await;
    assert_eq!(
        (&refused["errors"][0]["code"], &refused["errors"][0]["requires"]),
        (&json!("FORBIDDEN"), &json!(["RECORDER"]))
    );
    let refused = update(&contact, &first["id"], 9, json!({"minutes": 5})).await;
    assert_eq!(refused["errors"][0]["code"], "CONFLICT");
    let changed =
        update(&contact, &first["id"], 1, json!({"summary": "补记：谈了低保复核。", "minutes": null})).await;
    assert_eq!(changed["errors"], json!([]), "{changed}");
    assert_eq!((&changed["visit"]["complete"], &changed["visit"]["version"]), (&json!(true), &json!(2)));

    let withdraw = async |actor: &Actor, id: &Value, version: i32| {
        let input = json!({"id": id, "expectedVersion": version, "reason": "记错了户"});
        actor
            .change(
                "visitWithdraw",
                "VisitWithdrawInput",
                "visit { withdrawnAt household { lastVisitOn } }",
                input,
            )
            .await
    };
    let leader = world.actor("leader").await;
    assert_eq!(withdraw(&leader, &second["id"], 1).await["errors"][0]["code"], "FORBIDDEN");
    let gone = withdraw(&admin, &second["id"], 1).await;
    assert_eq!(gone["errors"], json!([]), "{gone}");
    assert_eq!(
        gone["visit"]["household"]["lastVisitOn"], first["visitedOn"],
        "the day of the last one that stands"
    );
    assert_eq!(withdraw(&admin, &second["id"], 2).await["errors"][0]["code"], "STATE");
    assert_eq!(update(&contact, &second["id"], 2, json!({"minutes": 5})).await["errors"][0]["code"], "STATE");

    let listed = "query($w: VisitWhere) { visits(first: 20, where: $w) { totalCount nodes { id } } }";
    let ids =
        async |filter: Value| contact.ask(listed, json!({"w": filter})).await.ok()["visits"].to_string();
    let second = second["id"].as_str().expect("an id");
    assert!(!ids(json!({"mine": true})).await.contains(second), "it is in no list");
    assert!(ids(json!({"mine": true, "withdrawn": true})).await.contains(second), "unless asked for");
    let by_id = "query($id: ID!) { visit(id: $id) { withdrawnAt } }";
    assert!(contact.ask(by_id, json!({"id": second})).await.ok()["visit"]["withdrawnAt"].is_string());
}

#[tokio::test]
async fn that_a_member_took_part_is_known_to_the_secretary_and_not_to_whom() {
    let world = World::demo().await;
    let contact = world.actor("contact").await;
    let own = contact.get("{ viewer { cadre { id } } visitParticipations(first: 50) { totalCount nodes { method visitedOn visit { id } cadre { id } } } }").await;
    let mine = own["visitParticipations"]["nodes"].as_array().expect("nodes");
    assert!(!mine.is_empty() && mine.iter().all(|one| one["cadre"]["id"] == own["viewer"]["cadre"]["id"]));
    let secretary = world.actor("secretary").await;
    let led = secretary
        .get("{ visitParticipations(first: 50) { totalCount nodes { id method visitedOn cadre { id name } visit { id } } } visits { totalCount } }")
        .await;
    let seen = led["visitParticipations"]["nodes"].as_array().expect("nodes");
    assert!(!seen.is_empty(), "the members of the branch make visits");
    assert!(seen.iter().all(|one| one["visit"].is_null() && one["cadre"]["name"].is_string()), "{led}");
    assert_eq!(led["visits"]["totalCount"], 0, "no visit by itself");
    let by_cadre = "query($id: ID!) { cadre(by: { id: $id }) { visitParticipations(first: 1) { totalCount nodes { method } } } }";
    let cadre = &seen[0]["cadre"]["id"];
    let of = secretary.ask(by_cadre, json!({"id": cadre})).await.ok()["cadre"]["visitParticipations"]["totalCount"].clone();
    assert!(of.as_i64().is_some_and(|count| count > 0), "{of}");
}

#[tokio::test]
async fn a_concern_note_is_for_the_primary_contact_alone_and_goes_in_time() {
    let world = World::demo().await;
    let home = home(&world).await;
    let (contact, county) = (world.actor("contact").await, world.actor("county-admin").await);
    let mut input = door(&world, &home);
    input["concernNote"] = json!("担心儿子的工钱");
    let refused = record(&contact, input.clone()).await;
    assert_eq!(
        (&refused["errors"][0]["code"], &refused["errors"][0]["path"]),
        (&json!("STATE"), &json!(["input", "concernNote"]))
    );

    let turn_on = json!({"countyId": home["county"]["id"], "expectedVersion": 0, "concernNotes": true});
    let set = async |actor: &Actor| {
        actor
            .change(
                "countySettingUpdate",
                "CountySettingUpdateInput",
                "region { settings { concernNotes version } }",
                turn_on.clone(),
            )
            .await
    };
    assert_eq!(set(&world.actor("town-admin").await).await["errors"][0]["code"], "FORBIDDEN");
    let on = set(&county).await;
    assert_eq!(on["region"]["settings"], json!({"concernNotes": true, "version": 1}), "{on}");
    assert_eq!(set(&county).await["errors"][0]["code"], "CONFLICT");

    let refused = record(&world.actor("leader").await, input.clone()).await;
    assert_eq!(
        refused["errors"][0]["code"], "FORBIDDEN",
        "a leader records visits, and writes none: {refused}"
    );
    let made = record(&contact, input).await["visit"].clone();
    let note = async |actor: &Actor| {
        let ask = "query($id: ID!) { visitConcernNote(visitId: $id) }";
        actor.ask(ask, json!({"id": made["id"]})).await.ok()["visitConcernNote"].clone()
    };
    assert_eq!(note(&contact).await, "担心儿子的工钱");
    for other in [
        "resident",
        "town-admin",
        "county-admin",
        "leader",
        "supervisor",
        "town-contact",
        "grid-worker",
        "auditor",
        "nobody",
    ] {
        assert_eq!(note(&world.actor(other).await).await, Value::Null, "{other}");
    }
    let stored = visit_concern::Entity::find_by_id(VisitId(uuid(&made["id"])))
        .one(world.state.db.read())
        .await
        .expect("a row")
        .expect("a note");
    assert!(!String::from_utf8_lossy(&stored.note).contains("工钱"), "it is sealed at rest");
    let log = "query($id: IdFilter!) { accessLog(first: 9, where: { householdId: $id }) { nodes { fields highestClass } } }";
    let log = county.ask(log, json!({"id": {"eq": home["id"]}})).await.ok().to_string();
    assert!(
        log.contains("Query.visitConcernNote") && log.contains("CLOSED"),
        "that it was read is written down: {log}"
    );
    assert!(!log.contains("工钱"));

    let count = async || visit_concern::Entity::find().count(world.state.db.read()).await.expect("a count");
    let erase = async || {
        let keep = world.state.config.clone();
        let bar = indicatif::ProgressBar::hidden();
        retention::run(&world.state.db, &lianhu::kept(&keep), world.state.clock.now(), false, &bar)
            .await
            .expect("erased")
    };
    let _ = erase().await;
    assert_eq!(count().await, 1, "within its time");
    // The assignment ends: at once it is no longer read, and thirty days later it is gone.
    let held = assignment::Entity::find_by_id(stored.assignment_id)
        .one(world.state.db.read())
        .await
        .expect("a row")
        .expect("held");
    let end = json!({"id": held.id.to_string(), "expectedVersion": held.version, "reason": "调岗"});
    let ended = world
        .actor("town-admin")
        .await
        .change("assignmentEnd", "AssignmentEndInput", "assignment { id }", end)
        .await;
    assert_eq!(ended["errors"], json!([]));
    assert_eq!(note(&contact).await, Value::Null);
    world.state.clock.shift(chrono::Duration::days(29));
    let _ = erase().await;
    assert_eq!(count().await, 1, "not yet thirty days");
    world.state.clock.shift(chrono::Duration::days(1));
    let _ = erase().await;
    assert_eq!(count().await, 0);
}

#[tokio::test]
async fn households_that_nobody_has_visited_since_a_day_are_found_and_counted() {
    let world = World::demo().await;
    let contact = world.actor("contact").await;
    let ask = "query($w: HouseholdWhere) { households(first: 100, where: $w) { totalCount nodes { lastVisitOn visits(first: 1) { nodes { visitedOn } } } } }";
    let all = contact.ask(ask, json!({})).await.ok()["households"].clone();
    let nodes = all["nodes"].as_array().expect("nodes");
    for one in nodes {
        assert_eq!(
            one["lastVisitOn"], one["visits"]["nodes"][0]["visitedOn"],
            "the last visit is the last visit"
        );
    }
    let day =
        (lianhu::kernel::clock::civil(world.state.clock.now()).0 - chrono::Duration::days(30)).to_string();
    let since =
        contact.ask(ask, json!({"w": {"visitedSince": day}})).await.ok()["households"]["totalCount"].clone();
    let not = contact.ask(ask, json!({"w": {"notVisitedSince": day}})).await.ok()["households"]["totalCount"]
        .clone();
    let visited = nodes
        .iter()
        .filter(|one| one["lastVisitOn"].as_str().is_some_and(|last| last >= day.as_str()))
        .count();
    assert_eq!(since, json!(visited));
    assert_eq!(not, json!(nodes.len() - visited));
}

#[tokio::test]
async fn the_visits_of_many_households_take_as_many_statements_as_those_of_few() {
    let world = World::demo().await;
    let contact = world.actor("contact").await;
    let day = "query($n: Int!) { households(first: $n) { nodes { id headName visits(first: 3) { nodes { method visitedOn summary
        recorder { name } participants { name } } } } } }";
    let _ = contact.ask(day, json!({"n": 2})).await.ok();
    let (_, few) = world.statements(contact.ask(day, json!({"n": 2}))).await;
    let (_, many) = world.statements(contact.ask(day, json!({"n": 40}))).await;
    assert!(many <= few && many <= 9, "{few} for 2 households, {many} for 40");
}

#[tokio::test]
async fn what_was_said_to_a_household_that_is_gone_is_erased_in_time() {
    let world = World::demo().await;
    let home = home(&world).await;
    let (contact, admin) = (world.actor("contact").await, world.actor("town-admin").await);
    let made = record(&contact, door(&world, &home)).await["visit"].clone();
    let version = household::Entity::find_by_id(HouseholdId(uuid(&home["id"])))
        .one(world.state.db.read())
        .await
        .expect("a row")
        .expect("it")
        .version;
    let gone = json!({"id": home["id"], "expectedVersion": version, "status": "MOVED_AWAY"});
    let gone = admin.change("householdUpdate", "HouseholdUpdateInput", "household { status }", gone).await;
    assert_eq!(gone["errors"], json!([]));
    let days = i64::from(world.state.config.retention.personal_days);
    world.state.clock.shift(chrono::Duration::days(days));
    let bar = indicatif::ProgressBar::hidden();
    retention::run(&world.state.db, &lianhu::kept(&world.state.config), world.state.clock.now(), false, &bar)
        .await
        .expect("erased");
    let row = visit::Entity::find()
        .filter(visit::Column::Id.eq(uuid(&made["id"])))
        .one(world.state.db.read())
        .await
        .expect("a row")
        .expect("it stays");
    assert_eq!(
        (row.summary, row.complete, row.minutes),
        (None, true, Some(40)),
        "day, method and numbers stay"
    );
}
