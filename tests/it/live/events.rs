//! Server-sent events: the same as over a socket, a request for each operation.

use super::{CHANGES, flood, homes, touch, world};
use lianhu_tests::{World, live::Events};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[tokio::test]
async fn changes_come_as_events_and_go_on_after_the_last_one() {
    let world = world().await;
    let (admin, contact) = (world.actor("town-admin").await, world.actor("contact").await);
    let home = homes(&contact, 1).await.remove(0);
    let mut events = Events::ask(&world, &contact, CHANGES, json!({}), None).await;
    assert_eq!(events.status(), 200);
    assert_eq!(events.header("content-type"), "text/event-stream; charset=utf-8");
    assert_eq!(events.header("cache-control"), "no-store");
    let (first, id) = events.event().await;
    assert_eq!((&first["__typename"], first["cursor"].as_str()), (&json!("Checkpoint"), id.as_deref()));
    let began = Instant::now();
    let version = touch(&admin, &home["id"], "address", "一号").await;
    let (told, id) = events.change().await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!((&told["recordVersion"], told["cursor"].as_str()), (&version, id.as_deref()));
    drop(events);
    let second = touch(&admin, &home["id"], "address", "二号").await;
    for (variables, last) in [(json!({"after": id}), None), (json!({}), id.as_deref())] {
        let mut events = Events::ask(&world, &contact, CHANGES, variables, last).await;
        assert_eq!(events.change().await.0["recordVersion"], second);
    }
}

#[tokio::test]
async fn any_operation_is_answered_by_one_event_and_a_refusal_as_elsewhere() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let mut events = Events::ask(&world, &admin, "{ viewer { account { id } } }", json!({}), None).await;
    let next = events.next().await.expect("a result");
    assert_eq!(next.event, "next");
    assert!(next.json()["data"]["viewer"].is_object(), "{next:?}");
    assert_eq!(events.next().await.expect("an end").event, "complete");
    assert_eq!(events.next().await, None);

    for query in ["subscription { changed { cursor } }", "{ nothing }", "subscription {"] {
        let mut events = Events::ask(&world, &admin, query, json!({}), None).await;
        assert_eq!(events.status(), 200, "{query}");
        let next = events.next().await.expect("a result").json();
        assert!(
            next["errors"][0]["extensions"]["code"].as_str().is_some_and(|code| code.starts_with("GRAPHQL_")),
            "{next}"
        );
        assert_eq!(next.get("data"), None, "{next}");
        assert_eq!(events.next().await.expect("an end").event, "complete");
    }
    let refused = Events::ask(&world, &world.anyone().bearing("abc"), CHANGES, json!({}), None).await;
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.json().await["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    let mut nobody = Events::ask(&world, &world.anyone(), CHANGES, json!({}), None).await;
    let next = nobody.next().await.expect("a result").json();
    assert_eq!(next["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{next}");
}

#[tokio::test]
async fn a_subscription_over_plain_http_is_told_where_to_go() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    assert_eq!(admin.ask(CHANGES, json!({})).await.code(), "GRAPHQL_VALIDATION_FAILED");
}

#[tokio::test]
async fn events_end_with_the_session_and_say_so() {
    let world = world().await;
    let admin = world.actor("town-admin").await;
    let mut events = Events::ask(&world, &admin, CHANGES, json!({}), None).await;
    events.event().await;
    let ended = admin
        .ask(
            "mutation($input: SessionEndInput!) { sessionEnd(input: $input) { errors { code } } }",
            json!({"input": {"refreshToken": admin.refresh}}),
        )
        .await;
    assert_eq!(ended.body["data"]["sessionEnd"]["errors"], json!([]), "{ended:?}");
    let next = events.next().await.expect("a last word").json();
    assert_eq!(next["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{next}");
    assert_eq!(events.next().await.expect("an end").event, "complete");
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn an_account_has_twenty_streams_of_events_at_once() {
    let world = world().await;
    let admin = world.actor("town-admin").await;
    let mut open = Vec::new();
    for _ in 0..20 {
        let mut events = Events::ask(&world, &admin, CHANGES, json!({}), None).await;
        events.event().await;
        open.push(events);
    }
    let more = Events::ask(&world, &admin, CHANGES, json!({}), None).await;
    assert_eq!(more.status(), 429);
    assert_eq!(more.json().await["errors"][0]["extensions"]["code"], "RATE_LIMITED");
    open.pop();
    for turn in 0.. {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if Events::ask(&world, &admin, CHANGES, json!({}), None).await.status() == 200 {
            break;
        }
        assert!(turn < 40, "a place is free again");
    }
}

#[tokio::test]
async fn a_server_that_stops_ends_its_streams_without_an_end_so_that_clients_go_on_elsewhere() {
    let world = world().await;
    let admin = world.actor("town-admin").await;
    let mut events = Events::ask(&world, &admin, CHANGES, json!({}), None).await;
    events.event().await;
    let drain = world.state.config.http.drain;
    let began = Instant::now();
    let stopped = tokio::spawn(world.stop());
    assert_eq!(events.next().await, None);
    stopped.await.expect("it stops");
    assert!(began.elapsed() < drain + Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn whoever_is_too_slow_is_told_to_read_anew() {
    let world = world().await;
    let admin = world.actor("town-admin").await;
    let home = homes(&admin, 1).await.remove(0);
    let slow =
        "subscription { changes { __typename ... on Resync { reason } ... on RecordChange { recordId node {
      ... on Household { viewerCan { update { message } assign { message } askCorrection { message }
        decideCorrection { message } noteConsent { message } recordVisit { message } }
        village { id name } township { id name } county { id name } } } } } }";
    let mut events = Events::ask(&world, &admin, slow, json!({}), None).await;
    assert_eq!(events.event().await.0["__typename"], "Checkpoint");
    // More than fits into everything between the two, and then more than the server keeps.
    flood(&world, &home["id"], 14_000).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    flood(&world, &home["id"], 14_000).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut told = 0_usize;
    loop {
        let (event, _) = events.event().await;
        if event["__typename"] == "Resync" {
            assert_eq!(event["reason"], "TOO_SLOW");
            break;
        }
        told += 1;
        assert!(told < 28_000, "everything was told");
    }
    let version = touch(&admin, &home["id"], "address", "之后").await;
    let mut seen = Value::Null;
    for _ in 0..3 {
        seen = events.event().await.0;
        if seen["__typename"] == "RecordChange" {
            break;
        }
    }
    assert_eq!(seen["recordId"], home["id"], "it goes on, at version {version}");
}
