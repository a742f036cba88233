//! Many servers, many events, many webhooks.

use super::{Hotline, create, order, receiver::Receiver, states};
use crate::telemetry::{Running, SOON};
use base64::{Engine, engine::general_purpose::STANDARD};
use entity::{change, id::ChangeId, kind::ChangeKind, scalar::DateTime};
use lianhu::{http::hooks, webhook::queue};
use lianhu_tests::{World, ground};
use sea_orm::{EntityTrait, NotSet, Set};
use serde_json::json;
use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

fn allow(config: &mut lianhu::config::Config) {
    config.webhook.allowed_networks = vec!["127.0.0.0/8".parse().expect("a network")];
}

#[tokio::test]
async fn of_two_servers_on_one_database_one_posts_each_event_in_the_order_of_the_log() {
    let hotline = Hotline::open().await;
    let other = World::over(Arc::clone(&hotline.world.ground), allow).await;
    let worker = tokio::spawn(hooks::work(Arc::clone(&other.state)));
    for number in 0..30 {
        hotline.call(&number.to_string()).await;
    }
    let got = hotline.receiver.wait(30).await;
    hotline.until("all delivered", |log| states(log) == ["DELIVERED"; 30]).await;
    hotline.receiver.silent(30).await;
    let ids: HashSet<_> = got.iter().map(|one| &one.id).collect();
    assert_eq!(ids.len(), 30);
    let numbers: Vec<_> = got.iter().map(|one| one.event()["node"]["sourceReference"].clone()).collect();
    assert_eq!(numbers, (0..30).map(|number| json!(number.to_string())).collect::<Vec<_>>());
    worker.abort();
}

#[tokio::test]
async fn what_a_killed_process_was_about_to_post_is_posted_by_another_under_the_same_id() {
    let hotline = Hotline::still().await;
    hotline.receiver.delay(Duration::from_secs(14));
    let url = hotline.world.ground.url();
    let folder = tempfile::tempdir().expect("a folder");
    let settings = [
        ("LIANHU_DATABASE__URL", &*url),
        ("LIANHU_SECRET__KEY", &*STANDARD.encode(ground::SECRET)),
        ("LIANHU_WEBHOOK__ALLOWED_NETWORKS", "127.0.0.0/8"),
    ];
    let server = Running::start(folder.path(), &["serve", "--listen", "127.0.0.1:0"], &settings, SOON).await;
    for number in ["1", "2", "3"] {
        hotline.call(number).await;
    }
    let first = hotline.receiver.wait(1).await.remove(0);
    server.kill();
    hotline.receiver.delay(Duration::ZERO);
    let log = hotline.log().await;
    assert!(states(&log).iter().all(|state| *state == "PENDING") && !states(&log).is_empty(), "{log}");
    // While its lease holds nobody else posts; then somebody does.
    let other = World::over(Arc::clone(&hotline.world.ground), allow).await;
    let worker = tokio::spawn(hooks::work(Arc::clone(&other.state)));
    hotline.receiver.silent(1).await;
    assert!(queue::LEASE < chrono::Duration::minutes(1));
    other.state.clock.shift(queue::LEASE);
    let all = hotline.receiver.wait(4).await;
    assert_eq!((&all[1].id, &all[1].event()["recordId"]), (&first.id, &first.event()["recordId"]));
    let numbers: Vec<_> = all[1..].iter().map(|one| one.event()["node"]["sourceReference"].clone()).collect();
    assert_eq!(numbers, [json!("1"), json!("2"), json!("3")]);
    hotline.until("all delivered", |log| states(log) == ["DELIVERED"; 3]).await;
    worker.abort();
}

#[tokio::test]
async fn one_who_is_slow_holds_up_nobody_else() {
    let mut hotline = Hotline::still().await;
    let quick = Receiver::open().await;
    let made = create(&hotline.admin, order(&hotline.key, &quick.url())).await;
    assert_eq!(made["errors"], json!([]), "{made}");
    hotline.receiver.delay(Duration::from_secs(30));
    hotline.work();
    hotline.call("0").await;
    hotline.receiver.wait(1).await;
    let begun = Instant::now();
    for number in 1..6 {
        hotline.call(&number.to_string()).await;
    }
    quick.wait(6).await;
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    assert_eq!(hotline.receiver.got().len(), 1, "one after the other");
    let timed_out = |log: &serde_json::Value| {
        let nodes = log["deliveries"]["nodes"].as_array().expect("deliveries");
        nodes.last().is_some_and(|first| first["error"] == "TIMEOUT")
    };
    tokio::time::sleep(Duration::from_secs(8)).await;
    hotline.until("a timeout", timed_out).await;
}

#[tokio::test]
async fn deliveries_of_many_lines_are_put_down_in_one_statement() {
    let mut hotline = Hotline::still().await;
    for number in 0..40 {
        hotline.call(&number.to_string()).await;
    }
    let (puts, reads) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let counts = (Arc::clone(&puts), Arc::clone(&reads));
    hotline.world.state.db.overhear(move |statement| {
        let sql = statement.sql.to_lowercase();
        if sql.starts_with("insert into \"webhook_delivery\"") {
            counts.0.fetch_add(1, Ordering::Relaxed);
        }
        if sql.contains("from change") && sql.contains("limit") && sql.contains("columns") {
            counts.1.fetch_add(1, Ordering::Relaxed);
        }
    });
    hotline.work();
    hotline.receiver.wait(40).await;
    assert_eq!(puts.load(Ordering::Relaxed), 1);
    assert!(reads.load(Ordering::Relaxed) <= 4, "{reads:?}");
}

#[tokio::test]
async fn whoever_was_left_too_far_behind_is_told_to_read_anew() {
    let mut hotline = Hotline::still().await;
    hotline.call("1").await;
    let db = hotline.world.state.db.write();
    let at = hotline.world.state.clock.now();
    for _ in 0..11 {
        let lines = (0..1_000).map(|_| line(at));
        change::Entity::insert_many(lines).exec_without_returning(db).await.expect("lines");
    }
    hotline.work();
    let told = hotline.receiver.wait(1).await.remove(0).event();
    assert_eq!(
        [&told["__typename"], &told["reason"]],
        [&json!("Resync"), &json!("CURSOR_TOO_OLD")],
        "{told}"
    );
    hotline.call("2").await;
    let got = hotline.receiver.wait(2).await;
    assert_eq!(got[1].event()["node"]["sourceReference"], "2");
    let log = hotline.log().await;
    assert_eq!(log["deliveries"]["nodes"][1]["kind"], "RESYNC", "{log}");
}

fn line(at: DateTime) -> change::ActiveModel {
    let id = uuid::Uuid::now_v7();
    change::ActiveModel {
        sequence: NotSet,
        id: Set(ChangeId(id)),
        at: Set(at),
        entity: Set("session".to_owned()),
        entity_id: Set(id),
        entity_version: Set(1),
        kind: Set(ChangeKind::Updated),
        columns: Set(json!([])),
        content: Set(json!({})),
        actor: Set(None),
        idempotency_key: Set(None),
        request_id: Set("test".to_owned()),
        county_id: Set(None),
        township_id: Set(None),
        village_id: Set(None),
    }
}
