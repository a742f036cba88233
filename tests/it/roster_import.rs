//! Rosters that come in by the API: a file is sent in, a mutation begins, and whoever began it watches it end.

use entity::kind::ImportState;
use lianhu_tests::{Actor, World, key};
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, Set};
use serde_json::{Value, json};

const IMPORT: &str = "rosterImport { id state dryRun fileName }";
const WATCH: &str = "query($id: ID!) { node(id: $id) { ... on RosterImport { state faultCount message finishedAt progress { rows }
    sheets { sheet kind rows created updated unchanged skipped }
    faults(first: 50) { totalCount nodes { sheet row column rule message } } } } }";
const HEADINGS: &str =
    "企业名称,统一社会信用代码,乡镇,村（社区）,法定代表人,联系人,联系电话,行业,企业规模,职工人数,状态\n";

/// Sends a file in; gives the id of the upload.
async fn send(world: &World, actor: &Actor, text: &str) -> Value {
    let input = json!({"purpose": "ROSTER", "fileName": "企业.csv", "length": text.len()});
    let made = actor.change("uploadCreate", "UploadCreateInput", "upload { id url }", input).await;
    let url = made["upload"]["url"].as_str().unwrap_or_else(|| panic!("{made}"));
    let sent = reqwest::Client::new()
        .patch(format!("http://{}{url}", world.address))
        .bearer_auth(actor.access.as_deref().expect("a token"))
        .header("tus-resumable", "1.0.0")
        .header("upload-offset", 0)
        .header("content-type", "application/offset+octet-stream")
        .body(text.to_owned())
        .send()
        .await
        .expect("an answer");
    assert_eq!(sent.status(), 204);
    made["upload"]["id"].clone()
}

async fn begin(actor: &Actor, upload: &Value, dry: bool, skip: bool) -> Value {
    let input = json!({"uploadId": upload, "dryRun": dry, "skipBad": skip});
    actor.change("rosterImport", "RosterImportInput", IMPORT, input).await
}

/// Asks until it has ended.
async fn ended(actor: &Actor, begun: &Value) -> Value {
    let id = &begun["rosterImport"]["id"];
    assert!(id.is_string(), "{begun}");
    loop {
        let seen = actor.ask(WATCH, json!({"id": id})).await.ok()["node"].clone();
        if seen["state"] != "RUNNING" {
            return seen;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

async fn enterprises(actor: &Actor) -> Value {
    actor.get("{ enterprises(first: 0) { totalCount } }").await["enterprises"]["totalCount"].clone()
}

#[tokio::test]
async fn a_roster_is_tried_told_its_mistakes_taken_in_and_changes_nothing_the_second_time() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let before = enterprises(&admin).await;
    let row = |name: &str, code: &str| format!("{name},{code},纳章镇,,甲某,,,粮食加工,小型,12,在营\n");
    let good = row("清溪粮油厂", "91350100M000100Y43");
    let bad = row("白石砖厂", "91350100M000100Y44");

    let upload = send(&world, &admin, &format!("{HEADINGS}{good}{bad}")).await;
    let refused = ended(&admin, &begin(&admin, &upload, false, false).await).await;
    assert_eq!((&refused["state"], &refused["faultCount"]), (&json!("REFUSED"), &json!(1)), "{refused}");
    let fault = &refused["faults"]["nodes"][0];
    assert_eq!(
        (&fault["row"], &fault["column"], &fault["rule"]),
        (&json!(3), &json!("统一社会信用代码"), &json!("credit-code-check-digit")),
        "{refused}"
    );
    assert_eq!(enterprises(&admin).await, before);

    let upload = send(&world, &admin, &format!("{HEADINGS}{good}")).await;
    let tried = ended(&admin, &begin(&admin, &upload, true, false).await).await;
    assert_eq!((&tried["state"], &tried["sheets"][0]["created"]), (&json!("CHECKED"), &json!(1)), "{tried}");
    assert_eq!(enterprises(&admin).await, before);

    for (created, unchanged) in [(1, 0), (0, 1)] {
        let stored = ended(&admin, &begin(&admin, &upload, false, false).await).await;
        let sheet = &stored["sheets"][0];
        assert_eq!(
            (&stored["state"], &sheet["kind"], &sheet["created"], &sheet["unchanged"]),
            (&json!("STORED"), &json!("ENTERPRISES"), &json!(created), &json!(unchanged)),
            "{stored}"
        );
    }
    assert_eq!(enterprises(&admin).await, json!(before.as_i64().expect("a number") + 1));
}

#[tokio::test]
async fn only_who_may_import_begins_and_only_who_began_watches() {
    let world = World::demo().await;
    let (admin, other) = (world.actor("town-admin").await, world.actor("nancheng-admin").await);
    let upload = send(&world, &admin, "无关\n1\n").await;
    let foreign = begin(&other, &upload, true, false).await;
    assert_eq!(foreign["errors"][0]["code"], "NOT_FOUND", "{foreign}");
    for name in ["contact", "dispatcher", "leader", "nobody"] {
        let refused = begin(&world.actor(name).await, &upload, true, false).await;
        assert_eq!(refused["errors"][0]["code"], "FORBIDDEN", "{name}: {refused}");
    }
    let begun = begin(&admin, &upload, false, false).await;
    let failed = ended(&admin, &begun).await;
    assert_eq!(failed["state"], "FAILED", "no roster is in it: {failed}");
    assert!(failed["message"].as_str().is_some_and(|message| message.contains("No roster")), "{failed}");
    let id = &begun["rosterImport"]["id"];
    assert_eq!(other.ask(WATCH, json!({"id": id})).await.ok()["node"], Value::Null);
}

#[tokio::test]
async fn an_import_whose_server_stopped_is_told_as_interrupted_and_another_may_begin() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let upload = send(&world, &admin, HEADINGS).await;
    let input = json!({"idempotencyKey": key(), "uploadId": upload, "dryRun": true});
    let begun = admin.change("rosterImport", "RosterImportInput", IMPORT, input.clone()).await;
    ended(&admin, &begun).await;
    let replayed = admin.change("rosterImport", "RosterImportInput", IMPORT, input).await;
    assert_eq!(
        (&replayed["replayed"], &replayed["rosterImport"]["id"]),
        (&json!(true), &begun["rosterImport"]["id"])
    );

    // As a process that dies in the middle leaves it.
    let db = world.state.db.write();
    let row = entity::roster_import::Entity::find().one(db).await.expect("rows").expect("a row");
    let mut row = row.into_active_model();
    row.state = Set(ImportState::Running);
    row.update(db).await.expect("a row");
    world.state.clock.shift(chrono::Duration::minutes(2));
    let seen = admin.ask(WATCH, json!({"id": begun["rosterImport"]["id"]})).await.ok()["node"].clone();
    assert_eq!(seen["state"], "INTERRUPTED", "{seen}");
    let again = begin(&admin, &upload, true, false).await;
    assert_eq!(again["errors"], json!([]), "{again}");
    ended(&admin, &again).await;
    db.execute_unprepared("SELECT 1").await.expect("nothing is held");
}
