//! Two servers over one database: who listens at one is told of what is done through the other.

use super::act::{Town, step};
use lianhu_tests::{
    World,
    live::{Heard, Socket},
};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const INBOX: &str = "subscription($after: Cursor) { changes: taskInbox(after: $after) { __typename cursor
    ... on RecordChange { kind recordId node { ... on Task { id state version } } } } }";
/// Within a second, where nobody else works on the machine. On PostgreSQL a change waits for older transactions of the
/// whole server, those of other tests among them.
const SOON: Duration = Duration::from_secs(10);

async fn listen(at: &World, town: &Town, after: &Value) -> Socket {
    let mut socket = Socket::of(at, &town.water).await;
    socket.begin("inbox", INBOX, json!({"after": after})).await;
    socket
}

/// The event of a task that was just given. It was made a moment before, and where both are looked at together, that is told,
/// too.
async fn given(socket: &mut Socket) -> Value {
    let told = socket.change().await;
    if told["kind"] == "CREATED" { socket.change().await } else { told }
}

/// Fails when a change of a record is told within a while.
async fn hears_nothing(socket: &mut Socket) {
    let until = Instant::now() + Duration::from_secs(3);
    while let Some(heard) = socket.hear_within(until.saturating_duration_since(Instant::now())).await {
        let Heard::Message(message) = heard else { panic!("{heard:?}") };
        assert_eq!(message["payload"]["data"]["changes"]["__typename"], "Checkpoint", "{message}");
    }
}

#[tokio::test]
async fn a_handler_who_listens_at_one_server_is_told_of_what_is_done_through_the_other() {
    let town = Town::open().await;
    let other = World::over(Arc::clone(&town.world.ground), |_| {}).await;
    let mut socket = listen(&other, &town, &Value::Null).await;
    let made = town.accepted(&town.demanded("YELLOW", "水管漏水。").await).await;
    let sent = step(&town.dispatcher, "taskDispatch", &made, town.to_water()).await;
    let began = Instant::now();
    let told = given(&mut socket).await;
    assert!(began.elapsed() < SOON, "after {:?}", began.elapsed());
    assert_eq!((&told["recordId"], &told["node"]["state"]), (&made["id"], &json!("DISPATCHED")), "{told}");

    // Away for a while, and back at the other server: everything since, each once.
    let cursor = told["cursor"].clone();
    drop(socket);
    let mut task = step(&town.water, "taskClaim", &sent, json!({})).await;
    for note in ["已到现场。", "已关阀。", "已换管。"] {
        task = step(&town.water, "taskProgress", &task, json!({"note": note})).await;
    }
    for server in [&town.world, &other] {
        let mut socket = listen(server, &town, &cursor).await;
        for _ in 0..4 {
            let told = socket.change().await;
            assert_eq!(
                (&told["recordId"], &told["node"]["version"]),
                (&made["id"], &task["version"]),
                "{told}"
            );
        }
        hears_nothing(&mut socket).await;
    }

    // Whose part has ended is told nothing more of it, whatever happens.
    let mut socket = listen(&other, &town, &Value::Null).await;
    let made = town.accepted(&town.demanded("YELLOW", "水表坏了。").await).await;
    let sent = step(&town.dispatcher, "taskDispatch", &made, town.to_water()).await;
    assert_eq!(given(&mut socket).await["recordId"], made["id"]);
    let back = step(&town.water, "taskReturn", &sent, json!({"note": "不属水务站。"})).await;
    let mut elsewhere = town.to_water();
    elsewhere["leads"] = json!([{"departmentId": town.building_office}]);
    let sent = step(&town.dispatcher, "taskDispatch", &back, elsewhere).await;
    step(&town.building, "taskClaim", &sent, json!({})).await;
    hears_nothing(&mut socket).await;
}
