//! Whoever makes keys for an account makes its webhooks; what is told is what the key opens at that moment.

use super::{Hotline, create, order, states};
use entity::{access_line, access_subject};
use lianhu_tests::Actor;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

#[tokio::test]
async fn others_neither_see_nor_change_a_webhook() {
    let hotline = Hotline::still().await;
    let world = &hotline.world;
    let id = &hotline.hook["id"];
    let query = "query($id: ID!) { webhook(id: $id) { id } node(id: $id) { id } webhooks { totalCount nodes { id } } }";
    let seen = async |actor: &Actor| actor.ask(query, json!({"id": id})).await.ok();
    for name in ["contact", "leader", "dispatcher", "auditor", "nancheng-admin", "integration"] {
        let actor = world.actor(name).await;
        let seen = seen(&actor).await;
        let own = name == "integration";
        assert_eq!((seen["webhook"].is_null(), seen["node"].is_null()), (!own, !own), "{name}: {seen}");
        for (mutation, kind, input) in [
            ("webhookCreate", "WebhookCreateInput", order(&hotline.key, "https://hooks.example.gov.cn/")),
            ("webhookUpdate", "WebhookUpdateInput", json!({"id": id, "expectedVersion": 1, "paused": true})),
            ("webhookRotateSecret", "WebhookRotateSecretInput", json!({"id": id, "expectedVersion": 1})),
            ("webhookDelete", "WebhookDeleteInput", json!({"id": id, "expectedVersion": 1})),
            ("webhookTest", "WebhookTestInput", json!({"webhookId": id})),
            (
                "webhookReplay",
                "WebhookReplayInput",
                json!({"webhookId": id, "since": "2020-01-01T00:00:00Z"}),
            ),
        ] {
            let refused = actor.change(mutation, kind, "replayed", input).await;
            let code = refused["errors"][0]["code"].as_str().unwrap_or_default();
            assert_eq!(code, if own { "FORBIDDEN" } else { "NOT_FOUND" }, "{name} {mutation}: {refused}");
        }
    }
    let nobody = seen(&world.anyone()).await;
    assert_eq!((&nobody["webhook"], &nobody["webhooks"]["nodes"]), (&Value::Null, &json!([])), "{nobody}");
    // By a key nothing of it is seen, nor changed.
    let by_key = seen(&hotline.desk).await;
    assert_eq!((&by_key["webhook"], &by_key["webhooks"]["nodes"]), (&Value::Null, &json!([])), "{by_key}");
    let input = json!({"webhookId": id, "idempotencyKey": lianhu_tests::key()});
    let test = "mutation($input: WebhookTestInput!) { webhookTest(input: $input) { errors { code } } }";
    assert_eq!(hotline.desk.ask(test, json!({"input": input})).await.code(), "FORBIDDEN");
    // A platform administrator makes keys, and so webhooks.
    let platform = world.actor("platform-admin").await;
    let made = create(&platform, order(&hotline.key, &hotline.receiver.url())).await;
    assert!(
        made["errors"] == json!([]) || made["errors"][0]["code"] == "FORBIDDEN",
        "as far as it reaches all that the account does: {made}"
    );
    assert_eq!(hotline.log().await["version"], 1, "nothing was changed");
}

#[tokio::test]
async fn what_the_key_opens_no_more_is_not_told_and_a_key_that_is_over_ends_the_webhook() {
    let hotline = Hotline::open().await;
    hotline.receiver.answer([500]);
    hotline.call("1").await;
    hotline.until("a failure", |log| states(log) == ["FAILED"]).await;
    // The scope is taken away: the event that waits tells of what may not be seen any more.
    let key = &hotline.key["apiKey"];
    let input = json!({"id": key["id"], "expectedVersion": 1, "scopes": ["STAFF"]});
    let admin = hotline.admin().await;
    let changed = admin.change("apiKeyUpdate", "ApiKeyUpdateInput", "apiKey { version }", input).await;
    assert_eq!(changed["errors"], json!([]), "{changed}");
    hotline.world.state.clock.shift(chrono::Duration::seconds(7));
    let log = hotline.until("withheld", |log| states(log) == ["WITHHELD"]).await;
    assert_eq!(log["deliveries"]["nodes"][0]["nextAttemptAt"], Value::Null);
    // It is given back, and the event again.
    let input = json!({"id": key["id"], "expectedVersion": 2, "scopes": ["DEMAND"]});
    admin.change("apiKeyUpdate", "ApiKeyUpdateInput", "apiKey { version }", input).await;
    hotline.replay(json!({"since": "2020-01-01T00:00:00Z"})).await;
    hotline.receiver.wait(2).await;
    hotline.until("delivered", |log| states(log) == ["DELIVERED"]).await;
    // What was told stands in the access log, as asked by the key.
    let lines = access_line::Entity::find().all(hotline.world.state.db.read()).await.expect("lines");
    let key_id = entity::id::read(key["id"].as_str().expect("an id")).expect("an id").1;
    let told = lines.iter().filter(|line| line.request_id.starts_with("delivery_"));
    assert!(told.into_iter().all(|line| line.api_key_id == Some(key_id)), "whoever is told is named");
    access_subject::Entity::find().count(hotline.world.state.db.read()).await.expect("subjects");

    hotline.receiver.answer([500]);
    hotline.call("2").await;
    hotline.until("a failure", |log| states(log)[0] == "FAILED").await;
    let input = json!({"id": key["id"], "expectedVersion": 3});
    let revoked = admin.change("apiKeyRevoke", "ApiKeyRevokeInput", "apiKey { revokedAt }", input).await;
    assert_eq!(revoked["errors"], json!([]), "{revoked}");
    hotline.world.state.clock.shift(chrono::Duration::seconds(7));
    let log = hotline.until("the end", |log| log["state"] == "DISABLED").await;
    assert_eq!((&log["disabledBecause"], states(&log)[0]), (&json!("RIGHTS_ENDED"), "WITHHELD"), "{log}");
    hotline.receiver.silent(3).await;
    let on = hotline.change("webhookUpdate", json!({"paused": false})).await;
    assert_eq!(on["errors"][0]["code"], "STATE", "{on}");
    // Another key of the account takes its place.
    let other = super::key_of(&hotline.world, &hotline.admin().await, "热线平台", json!(["DEMAND"])).await;
    let more = json!({"paused": false, "apiKeyId": other["apiKey"]["id"]});
    let on = hotline.change("webhookUpdate", more).await;
    assert_eq!((&on["errors"], &on["webhook"]["state"]), (&json!([]), &json!("ACTIVE")), "{on}");
    hotline.replay(json!({"since": "2020-01-01T00:00:00Z"})).await;
    let all = hotline.receiver.wait(5).await;
    assert_eq!(all[4].event()["node"]["sourceReference"], "2");
}
