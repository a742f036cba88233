//! Webhooks: another system is told what happens, by the rights of its key, once for each event, and whatever breaks.

mod address;
mod many;
mod order;
mod receiver;
mod retry;
mod rights;

use lianhu::http::hooks;
use lianhu_tests::{Actor, World};
use receiver::{Receiver, SOON};
use serde_json::{Value, json};
use std::{sync::Arc, time::Instant};
use tokio::task::JoinHandle;

/// What the hotline wants to be told.
const DOCUMENT: &str = "subscription Told($kinds: [ChangeSubject!]) { changes(kinds: $kinds) { __typename cursor at
    ... on RecordChange { kind subject recordId node { id ... on Demand { state sourceReference task { number } } } }
    ... on Resync { reason } } }";
const WEBHOOK: &str = "webhook { id name state version disabledBecause failingSince oldSecretUntil }";
const LOG: &str = "query($id: ID!) { webhook(id: $id) { state disabledBecause version failingSince
    deliveries(first: 100) { nodes { id kind state attempts nextAttemptAt statusCode error milliseconds deliveredAt cursor } } } }";

/// A town with a hotline that has a key, a system of its own, and a webhook.
struct Hotline {
    world: World,
    admin: Actor,
    /// By its key.
    desk: Actor,
    key: Value,
    village: Value,
    receiver: Receiver,
    hook: Value,
    secret: String,
    worker: Option<JoinHandle<()>>,
}

impl Drop for Hotline {
    fn drop(&mut self) {
        if let Some(worker) = &self.worker {
            worker.abort();
        }
    }
}

/// A world in which this very machine may be posted to.
async fn world() -> World {
    World::with(|config| {
        config.webhook.allowed_networks = vec!["127.0.0.0/8".parse().expect("a network")];
        config.graphql.cost_per_minute = 10_000_000;
    })
    .await
}

async fn region(actor: &Actor, code: &str) -> Value {
    actor.get(&format!("{{ region(by: {{ code: \"{code}\" }}) {{ id }} }}")).await["region"]["id"].clone()
}

/// A key of the demonstration's integration.
async fn key_of(world: &World, admin: &Actor, name: &str, scopes: Value) -> Value {
    let account =
        admin.get("{ account(by: { name: \"integration\" }) { id } }").await["account"]["id"].clone();
    let expires = world.state.clock.now().0 + chrono::Duration::days(300);
    let input = json!({"accountId": account, "name": name, "scopes": scopes, "regionId": region(admin, "530304101").await,
                       "expiresAt": expires.format("%Y-%m-%dT%H:%M:%SZ").to_string()});
    let made = admin.change("apiKeyCreate", "ApiKeyCreateInput", "apiKey { id version } secret", input).await;
    assert_eq!(made["errors"], json!([]), "{made}");
    made
}

/// What is told of the demands that the key has sent.
fn order(key: &Value, url: &str) -> Value {
    json!({"apiKeyId": key["apiKey"]["id"], "name": "热线平台", "url": url, "document": DOCUMENT,
           "variables": "{\"kinds\": [\"DEMAND\"]}"})
}

async fn create(admin: &Actor, input: Value) -> Value {
    admin.change("webhookCreate", "WebhookCreateInput", &format!("{WEBHOOK} secret"), input).await
}

impl Hotline {
    /// Set up, and nobody posts yet.
    async fn still() -> Self {
        let world = world().await;
        let admin = world.actor("county-admin").await;
        let key = key_of(&world, &admin, "热线平台", json!(["DEMAND"])).await;
        let desk = world.anyone().bearing(key["secret"].as_str().expect("a secret"));
        let receiver = Receiver::open().await;
        let made = create(&admin, order(&key, &receiver.url())).await;
        assert_eq!(made["errors"], json!([]), "{made}");
        let secret = made["secret"].as_str().expect("a secret").to_owned();
        let village = region(&admin, "530304101200").await;
        Self {
            world,
            admin,
            desk,
            key,
            village,
            receiver,
            hook: made["webhook"].clone(),
            secret,
            worker: None,
        }
    }

    /// The same, with somebody who posts.
    async fn open() -> Self {
        let mut hotline = Self::still().await;
        hotline.work();
        hotline
    }

    fn work(&mut self) {
        self.worker = Some(tokio::spawn(hooks::work(Arc::clone(&self.world.state))));
    }

    /// Sends a demand in, under its own number.
    async fn call(&self, number: &str) -> Value {
        let input = json!({"kind": "REQUEST", "channel": "HOTLINE", "field": "BASIC_LIVELIHOOD",
            "target": {"regionId": self.village}, "content": "村口水管爆裂。", "sourceReference": number});
        let sent =
            self.desk.change("demandRegister", "DemandRegisterInput", "demand { id version }", input).await;
        assert_eq!(sent["errors"], json!([]), "{sent}");
        sent["demand"].clone()
    }

    /// Whoever administers, signed in anew: the clock may have been moved.
    async fn admin(&self) -> Actor {
        self.world.actor("county-admin").await
    }

    async fn log(&self) -> Value {
        let log = self.admin().await.ask(LOG, json!({"id": self.hook["id"]})).await.ok();
        log["webhook"].clone()
    }

    /// Waits until the log is as it should be.
    async fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let admin = self.admin().await;
        let begun = Instant::now();
        loop {
            let log = admin.ask(LOG, json!({"id": self.hook["id"]})).await.ok()["webhook"].clone();
            if holds(&log) {
                return log;
            }
            assert!(begun.elapsed() < SOON, "{what}: {log:#}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Runs a mutation of the webhook as it stands now.
    async fn change(&self, mutation: &str, more: Value) -> Value {
        let admin = self.admin().await;
        let version = self.log().await["version"].clone();
        let mut input = json!({"id": self.hook["id"], "expectedVersion": version});
        if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
            input.extend(more.clone());
        }
        let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
        let selection = match mutation {
            "webhookRotateSecret" => format!("{WEBHOOK} secret"),
            "webhookDelete" => "webhookId".to_owned(),
            _ => WEBHOOK.to_owned(),
        };
        admin.change(mutation, &kind, &selection, input).await
    }

    /// Has deliveries posted again.
    async fn replay(&self, more: Value) -> Value {
        let mut input = json!({"webhookId": self.hook["id"]});
        if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
            input.extend(more.clone());
        }
        self.admin().await.change("webhookReplay", "WebhookReplayInput", WEBHOOK, input).await
    }
}

fn states(log: &Value) -> Vec<&str> {
    let nodes = log["deliveries"]["nodes"].as_array().expect("deliveries");
    nodes.iter().map(|one| one["state"].as_str().expect("a state")).collect()
}

#[tokio::test]
async fn the_hotline_is_told_within_seconds_that_its_demand_was_accepted() {
    let hotline = Hotline::open().await;
    let demand = hotline.call("12345-1").await;
    let first = hotline.receiver.wait(1).await.remove(0);
    let told = first.event();
    assert_eq!(
        [&told["kind"], &told["subject"], &told["recordId"], &told["node"]["sourceReference"]],
        [&json!("CREATED"), &json!("DEMAND"), &demand["id"], &json!("12345-1")],
        "{told}"
    );
    let desk = hotline.world.actor("dispatcher").await;
    let input = json!({"ids": [demand["id"]], "expectedVersion": demand["version"]});
    let accepted = desk.change("demandAccept", "DemandAcceptInput", "task { number }", input).await;
    let number = accepted["task"]["number"].clone();
    assert!(number.is_string(), "{accepted}");
    let all = hotline.receiver.wait(2).await;
    let got = &all[1];
    let told = got.event();
    assert_eq!(
        [&told["kind"], &told["node"]["state"], &told["node"]["task"]["number"]],
        [&json!("UPDATED"), &json!("ACCEPTED"), &number],
        "{told}"
    );
    // As Standard Webhooks says, reckoned anew.
    assert_eq!((got.signatures.len(), got.signed_by(&hotline.secret)), (1, 1));
    assert_eq!(
        (got.content_type.as_str(), got.body()["type"].as_str()),
        ("application/json", Some("changes"))
    );
    assert!(got.id.starts_with("delivery_") && got.id != first.id, "{}", got.id);
    let moment: i64 = got.timestamp.parse().expect("seconds");
    assert!((moment - hotline.world.state.clock.now().0.timestamp()).abs() < 60);
    assert!(got.body()["timestamp"].as_str().is_some_and(|at| at.ends_with('Z')));

    // The log tells of both, and of nothing that was said.
    let log = hotline.until("both delivered", |log| states(log) == ["DELIVERED", "DELIVERED"]).await;
    let last = &log["deliveries"]["nodes"][0];
    assert_eq!(
        [&last["id"], &last["kind"], &last["attempts"], &last["statusCode"], &last["error"]],
        [&json!(got.id), &json!("CHANGE"), &json!(1), &json!(200), &Value::Null]
    );
    // Its cursor is one of the subscription.
    assert!(last["cursor"].as_str().is_some_and(|cursor| cursor.len() > 20), "{last}");
    // What others do is not told: nothing of the town's households is in the scope of the key.
    let contact = hotline.world.actor("contact").await;
    let home = contact.get("{ households(first: 1) { nodes { id } } }").await["households"]["nodes"][0]["id"]
        .clone();
    let town = hotline.world.actor("town-admin").await;
    crate::live::touch(&town, &home, "address", "竹园村民委员会上村17号").await;
    hotline.receiver.silent(2).await;
}

#[tokio::test]
async fn a_test_is_posted_at_once_also_while_the_webhook_is_paused_and_is_not_tried_again() {
    let hotline = Hotline::open().await;
    let paused = hotline.change("webhookUpdate", json!({"paused": true})).await;
    assert_eq!(paused["webhook"]["state"], "PAUSED", "{paused}");
    hotline.call("12345-1").await;
    let test = || async {
        let admin = hotline.admin().await;
        let input = json!({"webhookId": hotline.hook["id"]});
        let selection = "delivery { id kind state }";
        admin.change("webhookTest", "WebhookTestInput", selection, input).await
    };
    let made = test().await;
    assert_eq!(made["delivery"]["kind"], "TEST", "{made}");
    let got = hotline.receiver.wait(1).await.remove(0);
    assert_eq!(json!(got.id), made["delivery"]["id"]);
    assert_eq!((got.body()["type"].as_str(), got.signed_by(&hotline.secret)), (Some("test"), 1));
    hotline.until("the outcome", |log| states(log) == ["DELIVERED"]).await;
    hotline.receiver.answer([503]);
    test().await;
    let log = hotline.until("the second outcome", |log| states(log) == ["GIVEN_UP", "DELIVERED"]).await;
    assert_eq!(log["deliveries"]["nodes"][0]["statusCode"], 503);
    assert_eq!((&log["state"], &log["failingSince"]), (&json!("PAUSED"), &Value::Null), "{log}");
    // What happened meanwhile is told when it is turned on.
    hotline.receiver.silent(2).await;
    let on = hotline.change("webhookUpdate", json!({"paused": false})).await;
    assert_eq!(on["webhook"]["state"], "ACTIVE", "{on}");
    let all = hotline.receiver.wait(3).await;
    assert_eq!(all[2].event()["node"]["sourceReference"], "12345-1");
}

#[tokio::test]
async fn a_new_secret_signs_beside_the_old_one_for_a_day() {
    let hotline = Hotline::open().await;
    let turned = hotline.change("webhookRotateSecret", json!({})).await;
    let new = turned["secret"].as_str().unwrap_or_else(|| panic!("{turned}")).to_owned();
    assert_ne!(new, hotline.secret);
    hotline.call("12345-1").await;
    let got = hotline.receiver.wait(1).await.remove(0);
    assert_eq!((got.signatures.len(), got.signed_by(&new), got.signed_by(&hotline.secret)), (2, 1, 1));
    hotline.world.state.clock.shift(chrono::Duration::hours(25));
    hotline.call("12345-2").await;
    let got = hotline.receiver.wait(2).await.remove(1);
    assert_eq!((got.signatures.len(), got.signed_by(&new), got.signed_by(&hotline.secret)), (1, 1, 0));
}

#[tokio::test]
async fn what_was_posted_is_posted_again_under_its_id_one_or_all_since_a_moment() {
    let hotline = Hotline::open().await;
    for number in ["1", "2", "3"] {
        hotline.call(number).await;
    }
    let first = hotline.receiver.wait(3).await;
    hotline.until("all delivered", |log| states(log) == ["DELIVERED"; 3]).await;
    let again = hotline.replay(json!({"deliveryId": first[1].id})).await;
    assert_eq!(again["errors"], json!([]), "{again}");
    let all = hotline.receiver.wait(4).await;
    assert_eq!(all[3].id, first[1].id);
    assert_eq!(all[3].event()["node"]["sourceReference"], "2");
    let again = hotline.replay(json!({"since": "2020-01-01T00:00:00Z"})).await;
    assert_eq!(again["errors"], json!([]), "{again}");
    let all = hotline.receiver.wait(7).await;
    let ids: Vec<_> = all[4..].iter().map(|got| got.id.clone()).collect();
    assert_eq!(ids, first.iter().map(|got| got.id.clone()).collect::<Vec<_>>(), "in the order of the log");
    for (more, code) in [
        (json!({}), "INVALID"),
        (json!({"since": "2020-01-01T00:00:00Z", "deliveryId": first[0].id}), "INVALID"),
        (json!({"deliveryId": entity::id::spell("delivery", uuid::Uuid::now_v7())}), "NOT_FOUND"),
    ] {
        assert_eq!(hotline.replay(more.clone()).await["errors"][0]["code"], code, "{more}");
    }
    // It is gone with its log.
    let gone = hotline.change("webhookDelete", json!({})).await;
    assert_eq!((&gone["webhookId"], &gone["errors"]), (&hotline.hook["id"], &json!([])), "{gone}");
    assert_eq!(hotline.log().await, Value::Null);
    hotline.call("4").await;
    hotline.receiver.silent(7).await;
}
