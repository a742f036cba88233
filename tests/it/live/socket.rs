//! `graphql-transport-ws`: every reason for which a socket is closed, and the limits of one that is open.

use super::{CHANGES, listener, world};
use lianhu_tests::{
    World,
    live::{Heard, Socket},
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;

fn init(token: &Value) -> Value {
    json!({"type": "connection_init", "payload": {"authorization": token}})
}

fn ask(id: &str) -> Value {
    json!({"type": "subscribe", "id": id, "payload": {"query": "{ viewer { account { id } } }"}})
}

#[tokio::test]
async fn a_socket_that_breaks_the_protocol_is_closed_by_its_code() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let token = json!(format!("Bearer {}", admin.access.as_deref().expect("a token")));
    let long = "x".repeat(65 * 1024);
    let begin = json!({"type": "subscribe", "id": "1", "payload": {"query": CHANGES}});
    let table = [
        ("not JSON", vec![Message::text("{")], 4400),
        ("not a message", vec![Message::text("{\"type\": \"start\"}")], 4400),
        ("not an object", vec![Message::text("[]")], 4400),
        ("binary", vec![Message::binary(b"{}".to_vec())], 4400),
        (
            "without an id",
            vec![Message::text(json!({"type": "subscribe", "payload": {"query": "{ a }"}}).to_string())],
            4400,
        ),
        ("an empty id", vec![Message::text(ask("").to_string())], 4400),
        (
            "without a query",
            vec![Message::text(json!({"type": "subscribe", "id": "1", "payload": {}}).to_string())],
            4400,
        ),
        ("asked before it said who it is", vec![Message::text(ask("1").to_string())], 4401),
        ("a bad token", vec![Message::text(init(&json!("Bearer abc")).to_string())], 4403),
        ("another scheme", vec![Message::text(init(&json!("Basic abc")).to_string())], 4403),
        ("no token", vec![Message::text(json!({"type": "connection_init"}).to_string())], 4403),
        (
            "two of an id",
            vec![
                Message::text(init(&token).to_string()),
                Message::text(begin.to_string()),
                Message::text(begin.to_string()),
            ],
            4409,
        ),
        (
            "said twice who it is",
            vec![Message::text(init(&token).to_string()), Message::text(init(&token).to_string())],
            4429,
        ),
        (
            "too long",
            vec![Message::text(json!({"type": "ping", "payload": {"long": long}}).to_string())],
            1009,
        ),
    ];
    for (name, messages, code) in table {
        let mut socket = Socket::silent(&world).await;
        for message in messages {
            socket.send(message).await;
        }
        let closed = loop {
            match socket.hear().await {
                Heard::Message(_) => {}
                other => break other,
            }
        };
        assert_eq!(closed, Heard::Closed(code), "{name}");
    }
}

#[tokio::test]
async fn a_socket_of_another_protocol_or_of_none_is_closed() {
    let world = World::demo().await;
    let mut none = Socket::connect(&world, "", None).await.expect("a socket");
    assert_eq!(none.hear().await, Heard::Closed(4406));
}

#[tokio::test]
async fn pages_of_unknown_origins_may_not_connect() {
    let world =
        World::with(|config| config.http.cors_origins = vec!["https://desk.example.gov.cn".to_owned()]).await;
    let own = format!("http://{}", world.address);
    for (origin, status) in [
        (None, Ok(())),
        (Some("https://desk.example.gov.cn"), Ok(())),
        (Some(own.as_str()), Ok(())),
        (Some("https://desk.example.gov.cn.evil.example"), Err(403)),
        (Some("https://evil.example"), Err(403)),
        (Some("null"), Err(403)),
    ] {
        let socket = Socket::connect(&world, "graphql-transport-ws", origin).await;
        assert_eq!(socket.map(drop), status, "{origin:?}");
    }
}

#[tokio::test]
async fn whoever_does_not_say_who_it_is_within_ten_seconds_is_closed() {
    let world = World::demo().await;
    let mut socket = Socket::silent(&world).await;
    let began = Instant::now();
    // Words that say nothing do not help.
    socket.say(&json!({"type": "ping"})).await;
    assert_eq!(socket.hear().await, Heard::Message(json!({"type": "pong"})));
    assert_eq!(socket.hear().await, Heard::Closed(4408));
    let passed = began.elapsed();
    assert!((Duration::from_secs(9)..Duration::from_secs(12)).contains(&passed), "{passed:?}");
}

#[tokio::test]
async fn a_ping_is_answered_with_what_it_brings() {
    let world = World::demo().await;
    let mut socket = Socket::silent(&world).await;
    socket.say(&json!({"type": "ping", "payload": {"n": 1}})).await;
    assert_eq!(socket.hear().await, Heard::Message(json!({"type": "pong", "payload": {"n": 1}})));
}

#[tokio::test]
async fn a_socket_is_closed_when_the_session_ends_and_outlives_the_token() {
    let world = world().await;
    let admin = world.actor("town-admin").await;
    let mut idle = Socket::of(&world, &admin).await;
    let mut listening = listener(&world, &admin, json!({})).await;
    // The token is over after ten minutes; the session is not.
    world.state.clock.shift(chrono::Duration::minutes(11));
    assert_eq!(admin.ask("{ viewer { account { id } } }", json!({})).await.status, 401, "the token is over");
    idle.assert_silent(Duration::from_secs(6)).await;
    idle.say(&ask("1")).await;
    assert!(idle.message("next").await["payload"]["data"]["viewer"].is_object());
    idle.message("complete").await;
    assert!(
        matches!(Socket::silent(&world).await.init(&admin).await, Heard::Closed(4403)),
        "it opens no new one"
    );
    // Whoever signs out at one device ends the sockets there, and no others.
    let again = world.actor("town-admin").await;
    let mut other = listener(&world, &again, json!({})).await;
    let input = json!({"refreshToken": admin.refresh});
    let ended = again
        .ask(
            "mutation($input: SessionEndInput!) { sessionEnd(input: $input) { errors { code } } }",
            json!({"input": input}),
        )
        .await;
    assert_eq!(ended.body["data"]["sessionEnd"]["errors"], json!([]), "{ended:?}");
    let began = Instant::now();
    assert_eq!(idle.hear().await, Heard::Closed(4401));
    assert_eq!(listening.hear().await, Heard::Closed(4401));
    assert!(began.elapsed() < Duration::from_secs(7), "{:?}", began.elapsed());
    other.assert_silent(Duration::from_millis(300)).await;
}

#[tokio::test]
async fn twenty_operations_go_over_a_socket_at_once_and_five_sockets_belong_to_an_account() {
    let world = world().await;
    let admin = world.actor("town-admin").await;
    let mut socket = Socket::of(&world, &admin).await;
    for id in 0..20 {
        socket.begin(&id.to_string(), CHANGES, json!({})).await;
        socket.event_of("Checkpoint").await;
    }
    socket.begin("one more", CHANGES, json!({})).await;
    let error = socket.message("error").await;
    assert_eq!(
        (&error["id"], &error["payload"][0]["extensions"]["code"]),
        (&json!("one more"), &json!("RATE_LIMITED"))
    );
    socket.say(&json!({"type": "complete", "id": "7"})).await;
    socket.begin("one more", CHANGES, json!({})).await;
    socket.event_of("Checkpoint").await;

    let mut sockets = vec![socket];
    for _ in 0..4 {
        sockets.push(Socket::of(&world, &admin).await);
    }
    assert_eq!(Socket::silent(&world).await.init(&admin).await, Heard::Closed(4429));
    let contact = world.actor("contact").await;
    Socket::of(&world, &contact).await;
    sockets.pop();
    // The place is free as soon as the server has seen that it is.
    for turn in 0.. {
        tokio::time::sleep(Duration::from_millis(50)).await;
        match Socket::silent(&world).await.init(&admin).await {
            Heard::Message(_) => break,
            closed => assert!(turn < 40, "{closed:?}"),
        }
    }
}

#[tokio::test]
async fn the_guard_looks_at_what_comes_over_a_socket() {
    let world = world().await;
    let admin = world.actor("town-admin").await;
    let mut socket = Socket::of(&world, &admin).await;
    let aliases = (0..31).map(|n| format!("a{n}: cursor")).collect::<Vec<_>>().join(" ");
    let deep = "subscription { changes { ".to_owned() + &"node { ".repeat(16) + "at" + &" }".repeat(18);
    let table = [
        ("subscription { changes { cursor } more: changes { cursor } }".to_owned(), "QUERY_TOO_WIDE"),
        (
            "subscription { ...F } fragment F on Subscription { changes { cursor } }".to_owned(),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("subscription { __typename }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { changes @skip(if: true) { cursor } }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { changes { cursor } ".to_owned(), "GRAPHQL_PARSE_FAILED"),
        ("subscription { changed { cursor } }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { changes { colour } }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
        (format!("subscription {{ changes {{ {aliases} }} }}"), "QUERY_TOO_WIDE"),
        (deep, "QUERY_TOO_DEEP"),
        ("query { households(first: 101) { nodes { id } } }".to_owned(), "BAD_USER_INPUT"),
    ];
    for (query, code) in table {
        socket.begin("1", &query, json!({})).await;
        let message = loop {
            match socket.hear().await {
                Heard::Message(message) if message["type"] == "complete" => {}
                Heard::Message(message) => break message,
                other => panic!("{query}: {other:?}"),
            }
        };
        let errors =
            if message["type"] == "error" { &message["payload"] } else { &message["payload"]["errors"] };
        assert_eq!(errors[0]["extensions"]["code"], code, "{query}: {message}");
        assert!(errors[0]["extensions"]["requestId"].is_string(), "{message}");
    }
}

#[tokio::test]
async fn a_server_that_stops_says_so_to_every_socket_and_waits_for_none() {
    let world = world().await;
    let admin = world.actor("town-admin").await;
    let mut socket = listener(&world, &admin, json!({})).await;
    let mut silent = Socket::silent(&world).await;
    let drain = world.state.config.http.drain;
    let began = Instant::now();
    let stopped = tokio::spawn(world.stop());
    assert_eq!(socket.hear().await, Heard::Closed(1001));
    assert_eq!(silent.hear().await, Heard::Closed(1001));
    drop((socket, silent));
    stopped.await.expect("it stops");
    assert!(began.elapsed() < drain + Duration::from_secs(3), "{:?}", began.elapsed());
}
