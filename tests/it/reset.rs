//! A forgotten password: a code to the telephone of its owner, and nothing that tells who has one.

use crate::{
    identity::{HOUSEHOLDS, START, assert_nobody, disable, login, sees},
    session::{kinds, notices},
};
use aws_lc_rs::hmac;
use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::Duration;
use entity::{account, cadre, one_time_code};
use lianhu::config::WebhookSecret;
use lianhu_tests::{World, ground};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

const BEGIN: &str =
    "mutation($name: String!) { passwordResetStart(input: { name: $name }) { accepted errors { code } } }";
const FINISH: &str = "mutation($input: PasswordResetFinishInput!) { passwordResetFinish(input: $input) {
  changed errors { code path ... on ValidationError { rule } } } }";
const NEW: &str = "of the owner's own choice";
const SECRET: &str = "whsec_bm90IGEgc2VjcmV0LCBidXQgMzIgYnl0ZXMgbG9uZyE=";

fn log(world: &World) -> PathBuf {
    world.ground.store().join("courier.log")
}

/// The lines that were put down, once there are so many.
async fn lines(world: &World, number: usize) -> Vec<Value> {
    for _ in 0..500 {
        let text = std::fs::read_to_string(log(world)).unwrap_or_default();
        let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        if lines.len() >= number {
            return lines;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no {number} lines in {}", log(world).display());
}

fn digits(text: &str) -> String {
    let text = text.split("Lianhu: ").nth(1).unwrap_or(text);
    let digits: String = text.chars().skip_while(|one| !one.is_ascii_digit()).take(6).collect();
    assert!(digits.len() == 6 && digits.bytes().all(|one| one.is_ascii_digit()), "{text}");
    digits
}

async fn begin(world: &World, name: &str) -> Value {
    world.anyone().ask(BEGIN, json!({"name": name})).await.ok()["passwordResetStart"].clone()
}

async fn finish(world: &World, name: &str, code: &str, password: &str) -> Value {
    let input = json!({"input": {"name": name, "code": code, "password": password}});
    world.anyone().ask(FINISH, input).await.ok()["passwordResetFinish"].clone()
}

async fn phone_of(world: &World, name: &str) -> String {
    let db = world.state.db.read();
    let found = account::Entity::find().filter(account::Column::Name.eq(name)).one(db).await;
    let own = found.expect("an answer").expect("the account").cadre_id.expect("a cadre");
    let found = cadre::Entity::find_by_id(own).one(db).await.expect("an answer").expect("the cadre");
    found.work_phone.expect("a telephone")
}

fn invalid() -> Value {
    json!({"changed": false, "errors": [{"code": "CODE_INVALID", "path": ["input", "code"]}]})
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_a_code_that_comes_by_telephone_once() {
    let world = World::demo().await;
    let (here, there) = (world.actor("leader").await, world.actor("leader").await);
    assert_eq!(begin(&world, " Leader ").await, json!({"accepted": true, "errors": []}));
    let sent = lines(&world, 1).await.remove(0);
    assert_eq!(sent["to"], phone_of(&world, "leader").await);
    let code = digits(sent["text"].as_str().expect("a text"));
    let stored = one_time_code::Entity::find().one(world.state.db.read()).await.expect("a row").expect("one");
    assert!(!format!("{stored:?}").contains(&code), "the code itself is not kept");

    let refused = finish(&world, "leader", &code, "short").await;
    assert_eq!(refused["errors"][0]["rule"], "password-length", "that costs no try: {refused}");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert_eq!(finish(&world, "leader", wrong, NEW).await, invalid());
    assert_eq!(finish(&world, "contact", &code, NEW).await, invalid(), "it is nobody else's");
    assert_eq!(finish(&world, "leader", &code, NEW).await, json!({"changed": true, "errors": []}));
    for session in [&here, &there] {
        assert_nobody(&session.ask(HOUSEHOLDS, json!({})).await);
    }
    let old = world.anyone().ask(START, login("leader", &ground::password("leader"))).await.ok();
    assert_eq!(old["sessionStart"]["errors"][0]["code"], "BAD_CREDENTIALS");
    let leader = world.anyone().sign_in("leader", NEW).await;
    assert_eq!(sees(&leader).await, 3635);
    assert_eq!(kinds(&notices(&leader).await), ["PASSWORD_CHANGED"]);
    assert_eq!(finish(&world, "leader", &code, "yet another one").await, invalid(), "once");
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_of_the_server_reads_the_file_of_texts() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::demo().await;
    begin(&world, "leader").await;
    lines(&world, 1).await;
    let mode = std::fs::metadata(log(&world)).expect("a file").permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}

#[tokio::test]
async fn a_code_is_good_for_ten_minutes_and_five_tries_and_the_last_one_alone() {
    let world = World::demo().await;
    begin(&world, "leader").await;
    let first = digits(lines(&world, 1).await[0]["text"].as_str().expect("a text"));
    begin(&world, "leader").await;
    let second = digits(lines(&world, 2).await[1]["text"].as_str().expect("a text"));
    if first != second {
        assert_eq!(finish(&world, "leader", &first, NEW).await, invalid(), "a new one voids the one before");
    }
    world.state.clock.shift(Duration::minutes(10));
    assert_eq!(finish(&world, "leader", &second, NEW).await, invalid(), "it is late");

    begin(&world, "leader").await;
    let third = digits(lines(&world, 3).await[2]["text"].as_str().expect("a text"));
    let wrong = if third == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert_eq!(finish(&world, "leader", wrong, NEW).await, invalid());
    }
    assert_eq!(finish(&world, "leader", &third, NEW).await, invalid(), "five tries");
    world.anyone().sign_in("leader", &ground::password("leader")).await;
}

#[tokio::test]
async fn nobody_learns_which_accounts_there_are_and_nobody_is_flooded() {
    let world = World::demo().await;
    disable(&world, "dispatcher").await;
    for name in ["no such name", "", "dispatcher", "town-admin"] {
        assert_eq!(begin(&world, name).await, json!({"accepted": true, "errors": []}), "{name}");
        assert_eq!(finish(&world, name, "123456", NEW).await, invalid(), "{name}");
    }
    // Whoever has a telephone is sent a code after them, and it is the first.
    begin(&world, "leader").await;
    assert_eq!(lines(&world, 1).await.len(), 1);
    let mut asked = 1;
    let slowed = loop {
        let answer = world.anyone().ask(BEGIN, json!({"name": "leader"})).await;
        if answer.code() == "RATE_LIMITED" {
            break answer;
        }
        asked += 1;
        assert!(asked < 10, "no end");
    };
    assert_eq!(slowed.status, 429);
    let unknown = loop {
        let answer = world.anyone().ask(BEGIN, json!({"name": "no such name"})).await;
        if answer.code() == "RATE_LIMITED" {
            break answer;
        }
    };
    assert_eq!(unknown.body["errors"][0]["message"], slowed.body["errors"][0]["message"]);
    lines(&world, asked).await;
    for _ in asked..12 {
        world.state.clock.shift(Duration::minutes(6));
        begin(&world, "leader").await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(lines(&world, 10).await.len(), 10, "ten in a day");
    world.state.clock.shift(Duration::days(1));
    begin(&world, "leader").await;
    lines(&world, 11).await;
}

#[tokio::test]
async fn a_gateway_is_sent_what_it_can_check_to_be_ours() {
    let got: Arc<Mutex<Vec<(HeaderMap, Bytes)>>> = Arc::default();
    let take = Arc::clone(&got);
    let gateway = Router::new().route(
        "/send",
        post(async move |headers: HeaderMap, body: Bytes| {
            take.lock().expect("one at a time").push((headers, body));
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/send", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, gateway).await });
    let world = World::with(|config| {
        config.courier.webhook = Some(url);
        config.courier.secret = WebhookSecret::parse(SECRET);
    })
    .await;
    begin(&world, "leader").await;
    let (headers, body) = loop {
        if let Some(one) = got.lock().expect("one at a time").pop() {
            break one;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    let header = |name: &str| headers[name].to_str().expect("text").to_owned();
    let signed = format!(
        "{}.{}.{}",
        header("webhook-id"),
        header("webhook-timestamp"),
        std::str::from_utf8(&body).expect("text")
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"not a secret, but 32 bytes long!");
    let signature = STANDARD.encode(hmac::sign(&key, signed.as_bytes()).as_ref());
    assert_eq!(header("webhook-signature"), format!("v1,{signature}"));
    let now = world.state.clock.now().0.timestamp();
    assert!((now - header("webhook-timestamp").parse::<i64>().expect("seconds")).abs() < 60);
    let said: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(said["type"], "text.send");
    assert_eq!(said["data"]["to"], phone_of(&world, "leader").await);
    let code = digits(said["data"]["text"].as_str().expect("a text"));
    assert_eq!(finish(&world, "leader", &code, NEW).await["changed"], true);
    assert!(!log(&world).exists(), "nothing is put down beside");
}
