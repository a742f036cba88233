//! Diaries: a cadre writes down what a day brought; the leaders of where they serve read it, and nobody else.

use lianhu_tests::{Actor, World};
use serde_json::{Value, json};

const ENTRY: &str =
    "diary { id version writtenOn text author { name } visits { id } viewerCan { update { allowed } } }";

async fn write(actor: &Actor, input: Value) -> Value {
    actor.change("diaryWrite", "DiaryWriteInput", ENTRY, input).await
}

#[tokio::test]
async fn what_a_cadre_writes_down_is_read_by_them_and_the_leaders_of_where_they_serve() {
    let world = World::demo().await;
    let contact = world.actor("contact").await;
    let visits = contact.get("{ visits(first: 2) { nodes { id } } }").await["visits"]["nodes"].clone();
    let ids = json!([visits[0]["id"], visits[1]["id"], visits[0]["id"]]);
    let made = write(&contact, json!({"text": "  今天走了两户，水管的事都提了。 ", "visitIds": ids})).await;
    assert_eq!(made["errors"], json!([]), "{made}");
    let entry = &made["diary"];
    assert_eq!(entry["text"], "今天走了两户，水管的事都提了。");
    assert_eq!(entry["visits"].as_array().map(Vec::len), Some(2), "each visit once");
    assert_eq!(entry["viewerCan"]["update"]["allowed"], true);

    let ask =
        "query($id: ID!) { node(id: $id) { ... on Diary { text viewerCan { update { allowed requires } } } }
        diaries(first: 5) { totalCount } }";
    let read = async |actor: &str| world.actor(actor).await.ask(ask, json!({"id": entry["id"]})).await.ok();
    let led = read("leader").await;
    assert_eq!(led["node"]["text"], "今天走了两户，水管的事都提了。");
    assert_eq!(led["node"]["viewerCan"]["update"], json!({"allowed": false, "requires": ["AUTHOR"]}));
    for other in [
        "town-admin",
        "supervisor",
        "secretary",
        "resident",
        "town-contact",
        "grid-worker",
        "wanfang-contact",
        "nobody",
    ] {
        let seen = read(other).await;
        assert_eq!((&seen["node"], &seen["diaries"]["totalCount"]), (&Value::Null, &json!(0)), "{other}");
    }
    world.state.access.flush(&world.state.db).await.expect("the log is written");
    let log = world.actor("county-admin").await.get("{ accessLog(first: 20) { nodes { fields } } }").await;
    assert!(log.to_string().contains("Diary.text"), "that it was read is written down");

    let update = async |actor: &Actor, version: i32, change: Value| {
        let mut input = change;
        input["id"] = entry["id"].clone();
        input["expectedVersion"] = json!(version);
        actor.change("diaryUpdate", "DiaryUpdateInput", ENTRY, input).await
    };
    let refused = update(&world.actor("leader").await, 1, json!({"text": "改"})).await;
    assert_eq!(refused["errors"][0]["code"], "FORBIDDEN");
    let changed = update(&contact, 1, json!({"visitIds": []})).await;
    assert_eq!(
        (&changed["diary"]["version"], &changed["diary"]["visits"]),
        (&json!(2), &json!([])),
        "{changed}"
    );
    assert_eq!(update(&contact, 1, json!({"text": "又改"})).await["errors"][0]["code"], "CONFLICT");
}

#[tokio::test]
async fn an_entry_without_a_word_or_of_a_day_to_come_is_refused() {
    let world = World::demo().await;
    let contact = world.actor("contact").await;
    let afar = world.actor("wanfang-contact").await;
    let theirs = afar.get("{ visits(first: 1) { nodes { id } } }").await["visits"]["nodes"][0]["id"].clone();
    let tomorrow = lianhu::kernel::clock::civil(world.state.clock.now()).0 + chrono::Days::new(1);
    let input = json!({"text": " ", "writtenOn": tomorrow.to_string(), "visitIds": [theirs]});
    let refused = write(&contact, input).await;
    let errors = refused["errors"].as_array().expect("errors");
    let paths: Vec<_> = errors.iter().map(|error| error["path"][1].clone()).collect();
    assert_eq!(paths, ["writtenOn", "text", "visitIds"], "{refused}");
    let leader = world.actor("leader").await;
    assert_eq!(write(&leader, json!({"text": "调研"})).await["errors"][0]["code"], "FORBIDDEN");
}
