//! Intake points: everyone reads where they are, the administrator of the place sets them up, and a box is opened before
//! two witnesses.

use chrono::Duration;
use entity::{cadre, id::RegionId, kind::CadreLevel, scalar::Date};
use lianhu::kernel::clock::civil;
use lianhu_tests::{Actor, World};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde_json::{Value, json};

/// A township of the demonstration, a village in it, and a village in another county.
const TOWN: &str = "530304101";
const VILLAGE: &str = "530304101200";
const AFAR: &str = "361021108";

const POINT: &str =
    "intakePoint { id kind name address hours latitude longitude openedOn closedOn version region { code } }";
const OPENING: &str =
    "boxOpening { id openedAt letters note recordedAt point { name } witnesses { id } recorder { id } }";

async fn region(actor: &Actor, code: &str) -> Value {
    let query = "query($code: RegionCode!) { region(by: { code: $code }) { id } }";
    actor.ask(query, json!({"code": code})).await.ok()["region"]["id"].clone()
}

async fn set_up(actor: &Actor, input: Value) -> Value {
    actor.change("intakePointCreate", "IntakePointCreateInput", POINT, input).await
}

async fn alter(actor: &Actor, how: &str, of: &Value, mut input: Value) -> Value {
    (input["id"], input["expectedVersion"]) = (of["id"].clone(), of["version"].clone());
    actor.change(&format!("intakePoint{how}"), &format!("IntakePoint{how}Input"), POINT, input).await
}

async fn open(actor: &Actor, input: Value) -> Value {
    actor.change("boxOpeningRecord", "BoxOpeningRecordInput", OPENING, input).await
}

fn refused(payload: &Value) -> Vec<(String, String)> {
    let errors = payload["errors"].as_array().expect("errors").iter();
    let told = errors.map(|error| {
        let path: Vec<_> =
            error["path"].as_array().expect("a path").iter().skip(1).filter_map(Value::as_str).collect();
        let what = error["rule"].as_str().or(error["code"].as_str()).unwrap_or_default();
        (path.join("."), what.to_owned())
    });
    told.collect()
}

fn one(field: &str, rule: &str) -> Vec<(String, String)> {
    vec![(field.to_owned(), rule.to_owned())]
}

fn today(world: &World) -> Date {
    civil(world.state.clock.now())
}

/// A moment so long ago.
fn ago(world: &World, hours: i64) -> String {
    (world.state.clock.now().0 - Duration::hours(hours)).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A cadre of a township of this level, in office.
async fn somebody(world: &World, town: &str, level: CadreLevel, nth: usize) -> cadre::Model {
    let town = RegionId(
        entity::id::read(region(&world.anyone(), town).await.as_str().expect("an id")).expect("an id").1,
    );
    let of = cadre::Entity::find()
        .filter(cadre::Column::TownshipId.eq(town))
        .filter(cadre::Column::Level.eq(level))
        .filter(cadre::Column::EndsOn.is_null())
        .order_by_asc(cadre::Column::Id);
    of.all(world.state.db.read()).await.expect("rows").into_iter().nth(nth).expect("a cadre")
}

/// A box that was put up in the village ten days ago.
async fn a_box(world: &World) -> Value {
    let admin = world.actor("town-admin").await;
    let opened = (today(world).0 - chrono::Days::new(10)).to_string();
    let input = json!({"kind": "BOX", "name": "测试说事箱", "regionId": region(&admin, VILLAGE).await,
                       "address": "村口大树旁", "openedOn": opened});
    let made = set_up(&admin, input).await;
    assert_eq!(made["errors"], json!([]), "{made}");
    made["intakePoint"].clone()
}

#[tokio::test]
async fn everyone_reads_where_the_points_are_and_only_who_keeps_order_there_when_boxes_were_opened() {
    let world = World::demo().await;
    let query = "query($in: ID!, $kind: IntakeKind!) {
        intakePoints(first: 50, where: { region: $in, kind: { eq: $kind }, open: true }) { totalCount
          nodes { id kind name address hours region { name code }
            openings(first: 50) { totalCount nodes { id openedAt letters } } lastOpening { id }
            viewerCan { update { allowed } openBox { allowed } } } } }";
    let ask = async |who: &str, code: &str, kind: &str| {
        let actor = if who.is_empty() { world.anyone() } else { world.actor(who).await };
        let variables = json!({"in": region(&actor, code).await, "kind": kind});
        let (answer, statements) = world.statements(actor.ask(query, variables)).await;
        let list = answer.ok()["intakePoints"]["nodes"].as_array().expect("a list").clone();
        (list, statements)
    };
    for town in [TOWN, AFAR] {
        let (stations, _) = ask("", town, "STATION").await;
        assert_eq!(stations.len(), 1);
        assert!(
            stations[0]["hours"].as_str().is_some_and(|hours| hours.contains("周一至周五")),
            "{stations:?}"
        );
        assert_eq!(stations[0]["region"]["code"], town);
        assert!(ask("", town, "POINT").await.0.len() > 1);
    }
    let (boxes, _) = ask("", TOWN, "BOX").await;
    assert!(boxes.len() > 1);
    for (who, sees, may) in [
        ("", false, [false, false]),
        ("town-admin", true, [true, true]),
        ("county-admin", true, [true, true]),
        ("leader", true, [false, true]),
        ("dispatcher", true, [false, true]),
        ("supervisor", true, [false, true]),
        ("grid-worker", false, [false, false]),
        ("contact", false, [false, false]),
        ("resident", false, [false, false]),
        ("auditor", false, [false, false]),
        ("nancheng-admin", false, [false, false]),
    ] {
        let (list, statements) = ask(who, TOWN, "BOX").await;
        assert_eq!(list.len(), boxes.len(), "{who}");
        assert!(statements < 20, "{who}: {statements} statements");
        for one in &list {
            let openings = one["openings"]["nodes"].as_array().expect("a list");
            assert_eq!(openings.len() > 3, sees, "{who}: {one}");
            assert_eq!(
                one["lastOpening"],
                openings.first().map_or(Value::Null, |last| json!({"id": last["id"]}))
            );
            assert!(openings.is_sorted_by(|one, next| one["openedAt"].as_str() >= next["openedAt"].as_str()));
            let can = &one["viewerCan"];
            assert_eq!(
                [&can["update"]["allowed"], &can["openBox"]["allowed"]],
                [&json!(may[0]), &json!(may[1])],
                "{who}"
            );
        }
    }
    let (list, _) = ask("town-admin", TOWN, "BOX").await;
    let id = &list[0]["lastOpening"]["id"];
    let node = "query($id: ID!) { node(id: $id) { ... on BoxOpening { letters point { kind } witnesses { name } } } }";
    let seen = world.actor("leader").await.ask(node, json!({"id": id})).await.ok();
    assert_eq!(seen["node"]["point"]["kind"], "BOX");
    assert_eq!(seen["node"]["witnesses"].as_array().map(Vec::len), Some(2), "{seen}");
    let hidden = world.actor("contact").await.ask(node, json!({"id": id})).await.ok();
    assert_eq!(hidden["node"], Value::Null);
}

#[tokio::test]
async fn the_administrator_of_the_place_sets_up_changes_and_closes_a_point() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let (town, village) = (region(&admin, TOWN).await, region(&admin, VILLAGE).await);
    let day = |back: i64| (today(&world).0 - Duration::days(back)).to_string();
    let input = json!({"kind": "STATION", "name": " 周末说事站 ", "regionId": town, "address": "集镇老街 3 号",
                       "location": {"latitude": 25.27, "longitude": 103.39, "datum": "WGS84"}, "hours": "周六 9:00–12:00", "openedOn": day(3)});
    let made = set_up(&admin, input.clone()).await;
    assert_eq!(made["errors"], json!([]), "{made}");
    let point = made["intakePoint"].clone();
    assert_eq!((&point["name"], &point["region"]["code"]), (&json!("周末说事站"), &json!(TOWN)));
    assert_eq!((&point["latitude"], &point["openedOn"]), (&json!(25.27), &json!(day(3))));
    for other in ["leader", "dispatcher", "nancheng-admin", "contact", "nobody"] {
        let other = world.actor(other).await;
        assert_eq!(refused(&set_up(&other, input.clone()).await), one("", "FORBIDDEN"));
        assert_eq!(
            refused(&alter(&other, "Update", &point, json!({"name": "改"})).await),
            one("", "FORBIDDEN")
        );
        assert_eq!(refused(&alter(&other, "Close", &point, json!({})).await), one("", "FORBIDDEN"));
    }
    let county = world.actor("county-admin").await;
    for (field, value, wrong) in [
        ("name", json!(" "), "required"),
        ("address", json!("长".repeat(101)), "length"),
        ("hours", json!("长".repeat(101)), "length"),
        ("openedOn", json!(day(-1)), "future"),
        ("regionId", region(&admin, "530304").await, "region-level"),
        ("location", json!({"latitude": 91.0, "longitude": 0.0, "datum": "WGS84"}), "position"),
    ] {
        let mut wrongly = input.clone();
        wrongly[field] = value;
        assert_eq!(refused(&set_up(&county, wrongly).await), one(field, wrong));
    }
    let changed =
        alter(&admin, "Update", &point, json!({"hours": null, "location": null, "name": "说事站"})).await;
    let now = changed["intakePoint"].clone();
    assert_eq!(
        (&now["hours"], &now["longitude"], &now["version"]),
        (&Value::Null, &Value::Null, &json!(2)),
        "{changed}"
    );
    assert_eq!(refused(&alter(&admin, "Close", &point, json!({})).await), one("expectedVersion", "CONFLICT"));
    for (day, wrong) in [(day(4), "too-early"), (day(-1), "future")] {
        assert_eq!(
            refused(&alter(&admin, "Close", &now, json!({"closedOn": day})).await),
            one("closedOn", wrong)
        );
    }
    let closed = alter(&admin, "Close", &now, json!({})).await["intakePoint"].clone();
    assert_eq!(closed["closedOn"], day(0));
    for how in ["Update", "Close"] {
        assert_eq!(refused(&alter(&admin, how, &closed, json!({})).await), one("id", "STATE"));
    }
    let open = "query($in: ID!, $open: Boolean!) { intakePoints(first: 50, where: { region: $in, open: $open }) { nodes { id } } }";
    for (is_open, there) in [(true, false), (false, true)] {
        let list = admin.ask(open, json!({"in": town, "open": is_open})).await.ok();
        let ids = list["intakePoints"]["nodes"].as_array().expect("a list").iter().map(|one| &one["id"]);
        assert_eq!(ids.into_iter().any(|id| *id == closed["id"]), there);
    }
    let of_village = admin.ask(open, json!({"in": village, "open": false})).await.ok();
    assert_eq!(of_village["intakePoints"]["nodes"], json!([]), "it is the township's");
}

#[tokio::test]
async fn a_box_is_opened_before_two_witnesses_and_that_stands_for_good() {
    let world = World::demo().await;
    let point = a_box(&world).await;
    let staff = somebody(&world, TOWN, CadreLevel::TownshipStaff, 0).await.id.to_string();
    let leader = somebody(&world, TOWN, CadreLevel::TownshipLeader, 0).await.id.to_string();
    let official = somebody(&world, TOWN, CadreLevel::VillageCadre, 0).await.id.to_string();
    let input = |hours: i64, witnesses: [&str; 2]| {
        json!({"intakePointId": point["id"], "openedAt": ago(&world, hours), "witnessIds": witnesses, "letters": 3,
               "note": " 两封涉及水利 "})
    };
    let dispatcher = world.actor("dispatcher").await;
    let made = open(&dispatcher, input(26, [&staff, &official])).await;
    assert_eq!(made["errors"], json!([]), "{made}");
    let told = &made["boxOpening"];
    assert_eq!((&told["letters"], &told["note"]), (&json!(3), &json!("两封涉及水利")));
    assert_eq!(told["witnesses"], json!([{"id": staff}, {"id": official}]));
    assert_eq!(told["point"]["name"], "测试说事箱");
    assert!(told["recorder"]["id"].is_string(), "a cadre is behind the desk: {told}");
    for (hours, who) in [(25, "town-admin"), (24, "leader"), (23, "supervisor"), (22, "county-admin")] {
        let made = open(&world.actor(who).await, input(hours, [&official, &leader])).await;
        assert_eq!(made["errors"], json!([]), "{who}: {made}");
    }
    for other in ["contact", "grid-worker", "resident", "secretary", "nancheng-admin", "nobody"] {
        let made = open(&world.actor(other).await, input(21, [&staff, &official])).await;
        assert_eq!(refused(&made), one("", "FORBIDDEN"), "{other}");
    }
    let seen = "query($id: ID!) { intakePoint(id: $id) { version openings(first: 9, where: { openedOn: { gte: \"2000-01-01\" } }) { totalCount } lastOpening { openedAt } } }";
    let seen = dispatcher.ask(seen, json!({"id": point["id"]})).await.ok();
    assert_eq!(seen["intakePoint"]["openings"]["totalCount"], 5);
    assert!(seen["intakePoint"]["lastOpening"]["openedAt"].is_string());
    assert_eq!(seen["intakePoint"]["version"], point["version"], "the box itself is as it was");
    let auditor = world.actor("auditor").await;
    let trail = "query($id: ID!) { auditTrail(first: 5, where: { recordId: $id }) { totalCount } }";
    let trail = auditor.ask(trail, json!({"id": told["id"]})).await.ok();
    assert_eq!(trail["auditTrail"]["totalCount"], 1, "the trail of the place tells of it");
}

#[tokio::test]
async fn an_opening_without_its_witnesses_or_of_no_box_that_stood_there_is_refused() {
    let world = World::demo().await;
    let point = a_box(&world).await;
    let admin = world.actor("town-admin").await;
    let staff = somebody(&world, TOWN, CadreLevel::TownshipStaff, 0).await.id.to_string();
    let official = somebody(&world, TOWN, CadreLevel::VillageCadre, 0).await.id.to_string();
    let other = somebody(&world, TOWN, CadreLevel::VillageCadre, 1).await.id.to_string();
    let stranger = somebody(&world, AFAR, CadreLevel::TownshipStaff, 0).await.id.to_string();
    let gone = somebody(&world, TOWN, CadreLevel::TownshipStaff, 1).await;
    cadre::Entity::update_many()
        .col_expr(cadre::Column::EndsOn, Expr::value(Date(today(&world).0 - chrono::Days::new(2))))
        .filter(cadre::Column::Id.eq(gone.id))
        .exec(world.state.db.write())
        .await
        .expect("out of office");
    let gone = gone.id.to_string();
    let good = json!({"intakePointId": point["id"], "openedAt": ago(&world, 1), "witnessIds": [staff, official], "letters": 0});
    let station = "query($in: ID!) { intakePoints(first: 1, where: { region: $in, kind: { eq: STATION } }) { nodes { id } } }";
    let station = admin.ask(station, json!({"in": region(&admin, TOWN).await})).await.ok();
    let station = &station["intakePoints"]["nodes"][0]["id"];
    let nowhere = entity::id::spell("intake", uuid::Uuid::now_v7());
    for (field, value, wrong) in [
        ("witnessIds", json!([staff]), one("witnessIds", "two-witnesses")),
        ("witnessIds", json!([staff, staff]), one("witnessIds", "two-witnesses")),
        ("witnessIds", json!([staff, official, other]), one("witnessIds", "two-witnesses")),
        ("witnessIds", json!([staff, stranger]), one("witnessIds.1", "NOT_FOUND")),
        ("witnessIds", json!([gone, official]), one("witnessIds.0", "in-office")),
        ("witnessIds", json!([other, official]), one("witnessIds", "township-witness")),
        ("openedAt", json!(ago(&world, -1)), one("openedAt", "future")),
        ("openedAt", json!(ago(&world, 24 * 12)), one("openedAt", "not-there")),
        ("letters", json!(-1), one("letters", "range")),
        ("note", json!("长".repeat(201)), one("note", "length")),
        ("intakePointId", station.clone(), one("intakePointId", "box")),
        ("intakePointId", json!(nowhere), one("intakePointId", "NOT_FOUND")),
    ] {
        let mut input = good.clone();
        input[field] = value.clone();
        assert_eq!(refused(&open(&admin, input).await), wrong, "{field}: {value}");
    }
    // Who has left since was there then.
    let mut then = good.clone();
    (then["witnessIds"], then["openedAt"]) = (json!([gone, official]), json!(ago(&world, 24 * 4)));
    assert_eq!(open(&admin, then).await["errors"], json!([]));

    let boxes = "query($in: ID!) { intakePoints(first: 1, where: { region: $in, kind: { eq: BOX } }) { nodes { id } } }";
    let of_town = admin.ask(boxes, json!({"in": region(&admin, TOWN).await})).await.ok();
    let mut late = good.clone();
    late["intakePointId"] = of_town["intakePoints"]["nodes"][0]["id"].clone();
    late["openedAt"] = json!(ago(&world, 24 * 31));
    assert_eq!(refused(&open(&admin, late).await), one("openedAt", "too-old"));

    // It is emptied once more on the day on which it is taken down, and never after.
    let early = (today(&world).0 - chrono::Days::new(5)).to_string();
    assert_eq!(
        refused(&alter(&admin, "Close", &point, json!({"closedOn": early})).await),
        one("closedOn", "too-early")
    );
    assert_eq!(alter(&admin, "Close", &point, json!({})).await["errors"], json!([]));
    world.state.clock.shift(Duration::days(2));
    let admin = world.actor("town-admin").await;
    let mut last = good.clone();
    last["openedAt"] = json!(ago(&world, 48));
    assert_eq!(open(&admin, last).await["errors"], json!([]));
    let mut after = good.clone();
    after["openedAt"] = json!(ago(&world, 1));
    assert_eq!(refused(&open(&admin, after).await), one("openedAt", "not-there"));
}
