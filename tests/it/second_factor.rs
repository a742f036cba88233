//! The second factor: what it asks for, what stands in for it, and who may end it.

use crate::{
    identity::{START, assert_nobody, sees},
    session::{account_id, kinds, notices},
};
use aws_lc_rs::hmac;
use chrono::Duration;
use entity::second_factor;
use lianhu::config::SecondFactorRule;
use lianhu_tests::{Actor, World, ground};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

const BEGIN: &str = "mutation { secondFactorStart(input: {}) { secret uri errors { code } } }";
const CONFIRM: &str = "mutation($code: String!) { secondFactorConfirm(input: { code: $code }) { recoveryCodes errors { code path } } }";
const AGAIN: &str = "mutation($input: SessionConfirmInput!) { sessionConfirm(input: $input) {
  session { confirmedAt secondFactor current } errors { code path } } }";

/// The bytes of a text in base 32.
fn bytes_of(secret: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for letter in secret.bytes() {
        let at = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|&one| one == letter);
        bits = (bits << 5) + u32::try_from(at.expect("a letter of base 32")).expect("five bits");
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 255).expect("a byte"));
        }
    }
    bytes
}

/// What an authenticator shows at the moment of the server, some steps off.
fn code(world: &World, secret: &str, steps: i64) -> String {
    let step = world.state.clock.now().0.timestamp() / 30 + steps;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes_of(secret));
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[19] & 15);
    let number = u32::from_be_bytes(tag[at..at + 4].try_into().expect("four bytes"));
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

/// Puts a second factor in force; gives its secret and the recovery codes.
async fn set_up(world: &World, actor: &Actor) -> (String, Vec<String>) {
    let begun = actor.get(BEGIN).await["secondFactorStart"].clone();
    let secret = begun["secret"].as_str().unwrap_or_else(|| panic!("a secret: {begun}")).to_owned();
    let done = actor.ask(CONFIRM, json!({"code": code(world, &secret, 0)})).await.ok();
    let codes = done["secondFactorConfirm"]["recoveryCodes"].as_array().expect("codes").clone();
    assert_eq!(done["secondFactorConfirm"]["errors"], json!([]));
    // The next code belongs to another step.
    world.state.clock.shift(Duration::seconds(60));
    (secret, codes.iter().map(|code| code.as_str().expect("a code").to_owned()).collect())
}

/// Tries to sign in with a code.
async fn try_in(world: &World, name: &str, code: Option<&str>) -> Value {
    let password = ground::password(name);
    let input = json!({"input": {"name": name, "password": password, "code": code, "device": "tests"}});
    world.anyone().ask(START, input).await.ok()["sessionStart"].clone()
}

fn code_of(payload: &Value) -> &str {
    payload["errors"][0]["code"].as_str().unwrap_or_default()
}

async fn end(actor: &Actor, account: Value) -> Value {
    let input = json!({"accountId": account});
    actor.change("secondFactorEnd", "SecondFactorEndInput", "account { name hasSecondFactor }", input).await
}

#[tokio::test]
async fn a_sign_in_asks_for_a_code_once_the_first_was_shown_and_takes_each_once() {
    let world = World::demo().await;
    let leader = world.actor("leader").await;
    let begun = leader.get(BEGIN).await["secondFactorStart"].clone();
    let uri = begun["uri"].as_str().expect("an address");
    let secret = begun["secret"].as_str().expect("a secret");
    assert!(uri.starts_with("otpauth://totp/lianhu:leader?secret=") && uri.contains(secret), "{uri}");
    assert_eq!(bytes_of(secret).len(), 20);
    let stored = second_factor::Entity::find().one(world.state.db.read()).await.expect("a row").expect("one");
    assert!(!stored.secret.windows(secret.len()).any(|part| part == secret.as_bytes()), "it is sealed");

    assert!(try_in(&world, "leader", None).await["accessToken"].is_string(), "not in force yet");
    let wrong = leader.ask(CONFIRM, json!({"code": code(&world, secret, 9)})).await.ok();
    assert_eq!(
        wrong["secondFactorConfirm"]["errors"],
        json!([{"code": "CODE_INVALID", "path": ["input", "code"]}])
    );
    assert!(try_in(&world, "leader", None).await["accessToken"].is_string(), "nor by a wrong code");

    let (secret, codes) = set_up(&world, &leader).await;
    assert_eq!(codes.len(), 10);
    let needed = try_in(&world, "leader", None).await;
    assert_eq!((code_of(&needed), &needed["accessToken"]), ("SECOND_FACTOR_REQUIRED", &Value::Null));
    assert_eq!(needed["errors"][0]["path"], json!(["input", "code"]));
    // Told after the right password alone.
    let input = json!({"input": {"name": "leader", "password": "wrong", "device": "tests"}});
    let wrong = world.anyone().ask(START, input).await.ok()["sessionStart"].clone();
    assert_eq!(code_of(&wrong), "BAD_CREDENTIALS");

    for steps in [-3, 3] {
        let off = try_in(&world, "leader", Some(&code(&world, &secret, steps))).await;
        assert_eq!(code_of(&off), "CODE_INVALID", "{steps} steps off");
    }
    let now = code(&world, &secret, 0);
    assert!(try_in(&world, "leader", Some(&now)).await["accessToken"].is_string());
    assert_eq!(code_of(&try_in(&world, "leader", Some(&now)).await), "CODE_INVALID", "once");
    let before = code(&world, &secret, -1);
    assert_eq!(code_of(&try_in(&world, "leader", Some(&before)).await), "CODE_INVALID", "none before it");
    let next = code(&world, &secret, 1);
    assert!(try_in(&world, "leader", Some(&next)).await["accessToken"].is_string(), "a clock that is ahead");
    let own = leader
        .get("{ viewer { account { hasSecondFactor } sessions(first: 1) { nodes { secondFactor } } } }");
    let own = own.await["viewer"].clone();
    assert_eq!(own["account"]["hasSecondFactor"], true);
    assert_eq!(own["sessions"]["nodes"][0]["secondFactor"], true);
    let told = notices(&leader).await;
    assert!(kinds(&told).contains(&"SECOND_FACTOR_CHANGED"), "{told:?}");
    let again = leader.get(BEGIN).await["secondFactorStart"].clone();
    assert_eq!(code_of(&again), "STATE", "{again}");
}

#[tokio::test]
async fn of_many_sign_ins_at_once_with_one_code_one_is_let_in() {
    let world = World::demo().await;
    let (secret, codes) = set_up(&world, &world.actor("leader").await).await;
    for code in [code(&world, &secret, 0), codes[0].clone()] {
        let tries = (0..6).map(|_| try_in(&world, "leader", Some(&code)));
        let tries = futures_util::future::join_all(tries).await;
        let inside = tries.iter().filter(|one| one["accessToken"].is_string()).count();
        assert_eq!(inside, 1, "{tries:?}");
        world.state.clock.shift(Duration::minutes(6));
    }
}

#[tokio::test]
async fn a_recovery_code_stands_in_once_however_it_is_typed() {
    let world = World::demo().await;
    let leader = world.actor("leader").await;
    let (_, codes) = set_up(&world, &leader).await;
    let plain = codes[0].replace('-', "").to_lowercase();
    assert!(try_in(&world, "leader", Some(&plain)).await["accessToken"].is_string());
    assert_eq!(code_of(&try_in(&world, "leader", Some(&codes[0])).await), "CODE_INVALID");
    assert!(try_in(&world, "leader", Some(&codes[1])).await["accessToken"].is_string());
    // Nobody else's code is one's own.
    let contact = world.actor("contact").await;
    set_up(&world, &contact).await;
    assert_eq!(code_of(&try_in(&world, "contact", Some(&codes[2])).await), "CODE_INVALID");
}

#[tokio::test]
async fn guesses_at_a_code_are_slowed_down_and_the_right_password_does_not_begin_them_anew() {
    let world = World::demo().await;
    let (secret, _) = set_up(&world, &world.actor("leader").await).await;
    let mut tried = 0;
    let mut slowed = false;
    let password = ground::password("leader");
    for n in 0..12 {
        let wrong = format!("{:06}", n * 7);
        if [-1, 0, 1].iter().any(|&steps| code(&world, &secret, steps) == wrong) {
            continue;
        }
        try_in_or_slow(&world, &password, None).await;
        slowed = try_in_or_slow(&world, &password, Some(&wrong)).await == "RATE_LIMITED";
        if slowed {
            break;
        }
        tried += 1;
    }
    assert!(slowed && tried <= 9, "{tried} guesses");
    world.state.clock.shift(Duration::minutes(6));
    let right = code(&world, &secret, 0);
    assert!(try_in(&world, "leader", Some(&right)).await["accessToken"].is_string());
}

async fn try_in_or_slow(world: &World, password: &str, code: Option<&str>) -> String {
    let input = json!({"input": {"name": "leader", "password": password, "code": code, "device": "tests"}});
    let answer = world.anyone().ask(START, input).await;
    match answer.code() {
        "" => code_of(&answer["sessionStart"]).to_owned(),
        fault => fault.to_owned(),
    }
}

#[tokio::test]
async fn what_needs_a_recent_sign_in_is_open_again_after_the_password_was_shown_once_more() {
    let world = World::demo().await;
    let leader = world.actor("leader").await;
    world.state.clock.shift(Duration::minutes(9));
    assert!(leader.get(BEGIN).await["secondFactorStart"]["secret"].is_string());
    let issued = crate::identity::refresh(&world, leader.refresh.as_deref().expect("a token")).await;
    let leader = leader.bearing(crate::identity::token_of(&issued, "accessToken"));
    world.state.clock.shift(Duration::minutes(2));
    let late = leader.get(BEGIN).await["secondFactorStart"].clone();
    assert_eq!(
        (code_of(&late), &late["secret"]),
        ("CONFIRMATION_REQUIRED", &Value::Null),
        "a refresh is no sign-in"
    );
    let again = async |password: &str, code: Option<&str>| {
        let input = json!({"input": {"password": password, "code": code}});
        leader.ask(AGAIN, input).await.ok()["sessionConfirm"].clone()
    };
    let right = ground::password("leader");
    assert_eq!(
        again("wrong", None).await["errors"],
        json!([{"code": "BAD_CREDENTIALS", "path": ["input", "password"]}])
    );
    assert_eq!(code_of(&leader.get(BEGIN).await["secondFactorStart"]), "CONFIRMATION_REQUIRED");
    let done = again(&right, None).await;
    assert_eq!([&done["errors"], &done["session"]["current"]], [&json!([]), &json!(true)]);
    let (secret, _) = set_up(&world, &leader).await;
    // From now on it takes both.
    assert_eq!(code_of(&again(&right, None).await), "SECOND_FACTOR_REQUIRED");
    assert_eq!(code_of(&again(&right, Some("000000")).await), "CODE_INVALID");
    assert_eq!(again(&right, Some(&code(&world, &secret, 0))).await["errors"], json!([]));
}

#[tokio::test]
async fn a_second_factor_is_ended_by_its_owner_or_by_whoever_administers_the_account() {
    let world = World::demo().await;
    let leader = world.actor("leader").await;
    let (_, codes) = set_up(&world, &leader).await;
    let admin = world.actor("town-admin").await;
    let id = account_id(&admin, "leader").await;
    for name in ["contact", "nancheng-admin", "dispatcher"] {
        let refused = end(&world.actor(name).await, id.clone()).await;
        assert_eq!(code_of(&refused), "NOT_FOUND", "{name}: {refused}");
    }
    let done = end(&admin, id.clone()).await;
    assert_eq!(done["account"], json!({"name": "leader", "hasSecondFactor": false}), "{done}");
    let told = notices(&leader).await;
    assert!(told[0]["text"].as_str().expect("a text").starts_with("An administrator ended"), "{told:?}");
    assert!(try_in(&world, "leader", None).await["accessToken"].is_string());
    assert_eq!(code_of(&end(&admin, id).await), "STATE");

    let (_, fresh) = set_up(&world, &leader).await;
    assert_eq!(
        code_of(&try_in(&world, "leader", Some(&codes[5])).await),
        "CODE_INVALID",
        "the old ones are gone"
    );
    assert!(try_in(&world, "leader", Some(&fresh[5])).await["accessToken"].is_string());
    assert_eq!(end(&leader, Value::Null).await["account"]["hasSecondFactor"], false);
    assert!(try_in(&world, "leader", None).await["accessToken"].is_string());
}

#[tokio::test]
async fn where_the_settings_ask_for_it_administrators_reach_nothing_without_a_second_factor() {
    let world = World::with(|config| config.identity.second_factor = SecondFactorRule::Administrators).await;
    let admin = world.actor("town-admin").await;
    let viewer = "{ viewer { mustDo permissions roles { role } account { name } } accounts { totalCount } }";
    let seen = admin.get(viewer).await;
    assert_eq!(seen["viewer"]["mustDo"], json!(["SECOND_FACTOR"]));
    assert_eq!([&seen["viewer"]["permissions"], &seen["viewer"]["roles"]], [&json!([]); 2], "{seen}");
    assert_eq!(seen["accounts"]["totalCount"], 1, "the own one");
    assert_eq!(sees(&admin).await, 0);
    let (secret, _) = set_up(&world, &admin).await;
    assert_eq!(sees(&admin).await, 3635, "who has just shown a code need not sign in again");
    assert_eq!(admin.get(viewer).await["viewer"]["mustDo"], json!([]));

    let signed_in = try_in(&world, "town-admin", Some(&code(&world, &secret, 0))).await;
    let other = world.anyone().bearing(signed_in["accessToken"].as_str().expect("a token"));
    assert_eq!(sees(&other).await, 3635);
    end(&other, Value::Null).await;
    assert_eq!((sees(&other).await, sees(&admin).await), (0, 0), "what it opened is open no longer");
    // Nobody else is asked for one.
    let leader = world.actor("leader").await;
    assert_eq!(sees(&leader).await, 3635);
    assert_eq!(leader.get(viewer).await["viewer"]["mustDo"], json!([]));
    let platform = world.actor("platform-admin").await;
    assert_eq!(platform.get(viewer).await["viewer"]["mustDo"], json!(["SECOND_FACTOR"]));
    let end = "mutation($token: String!) { sessionEnd(input: { refreshToken: $token }) { ended } }";
    platform.ask(end, json!({"token": platform.refresh})).await;
    assert_nobody(&platform.ask(viewer, json!({})).await);
}
