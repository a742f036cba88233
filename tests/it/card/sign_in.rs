//! What a card alone shows, and signing in by it.

use super::{PHONE, home, issue, revoke, token};
use entity::{account, grant, one_time_code};
use lianhu_tests::{Actor, World};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

const FACE: &str =
    "query($token: String!) { card(token: $token) { village { name } contacts { name post officePhone } } }";
const SEND: &str = "mutation($token: String!) { cardCodeSend(input: { token: $token }) { accepted errors { code } replayed } }";
const SIGN_IN: &str = "mutation($input: CardSignInInput!) { cardSignIn(input: $input) {
  session { id } accessToken refreshToken errors { code path } } }";
const OWN: &str = "{ viewer { roles { role } } households { totalCount nodes { id phone viewerCan { revokeCardToken { allowed } keepCard { allowed } } } } }";

async fn face(world: &World, token: &str) -> Value {
    world.anyone().ask(FACE, json!({"token": token})).await.ok()["card"].clone()
}

async fn send(world: &World, token: &str) -> Value {
    world.anyone().ask(SEND, json!({"token": token})).await.ok()["cardCodeSend"].clone()
}

fn accepted() -> Value {
    json!({"accepted": true, "errors": [], "replayed": false})
}

async fn sign_in(world: &World, token: &str, code: &str) -> Value {
    let input = json!({"input": {"token": token, "code": code, "device": "手机"}});
    world.anyone().ask(SIGN_IN, input).await.ok()["cardSignIn"].clone()
}

/// The texts that went out, once there are so many.
async fn letters(world: &World, number: usize) -> Vec<Value> {
    let log = world.ground.store().join("courier.log");
    for _ in 0..500 {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let letters: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        if letters.len() >= number {
            return letters;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no {number} texts");
}

fn digits(letter: &Value) -> String {
    let text = letter["text"].as_str().expect("a text");
    let digits: String = text.chars().skip_while(|one| !one.is_ascii_digit()).take(6).collect();
    assert!(digits.len() == 6 && digits.bytes().all(|one| one.is_ascii_digit()), "{text}");
    digits
}

fn actor(world: &World, session: &Value) -> Actor {
    let access = session["accessToken"].as_str().unwrap_or_else(|| panic!("signed in: {session}"));
    world.anyone().bearing(access)
}

fn invalid(session: &Value) {
    assert_eq!(session["errors"], json!([{"code": "CODE_INVALID", "path": ["input", "code"]}]), "{session}");
    assert_eq!((&session["session"], &session["accessToken"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_card_alone_shows_whom_to_call_and_nothing_of_the_household() {
    let world = World::demo().await;
    let (home, duty) = home(&world, "卡-7").await;
    let admin = world.actor("town-admin").await;
    issue(&admin, &home, "CONTACT").await;
    let token = token(&world, &home).await;
    let holder = "query($id: ID!) { node(id: $id) { ... on ContactAssignment { cadre { name workPhone positions { nodes { title } } } } } }";
    let holder = admin.ask(holder, json!({"id": duty["id"]})).await.ok()["node"]["cadre"].clone();
    let shown = face(&world, &token).await;
    assert_eq!(shown["village"]["name"], "竹园村民委员会");
    let first = &shown["contacts"][0];
    assert_eq!((&first["name"], &first["officePhone"]), (&holder["name"], &holder["workPhone"]));
    let titles: Vec<_> =
        holder["positions"]["nodes"].as_array().expect("posts").iter().map(|one| &one["title"]).collect();
    assert!(titles.contains(&&first["post"]), "{titles:?}: {first}");
    let text = shown.to_string();
    for hidden in ["卡户主", "大竹园 88", "卡-7", PHONE, home.as_str().expect("an id")] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    let end = json!({"id": duty["id"], "expectedVersion": duty["version"], "reason": "调离"});
    admin.change("assignmentEnd", "AssignmentEndInput", "replayed", end).await;
    let after = face(&world, &token).await;
    assert!(
        !after.to_string().contains(holder["name"].as_str().expect("a name")),
        "who is contact now: {after}"
    );

    assert_eq!(revoke(&admin, &home).await["errors"], json!([]));
    assert_eq!(face(&world, &token).await, Value::Null, "it was revoked");
    assert_eq!(face(&world, "no such token").await, Value::Null);
    let mut tried = 0;
    let slowed = loop {
        let answer = world.anyone().ask(FACE, json!({"token": format!("guess {tried}")})).await;
        if answer.code() == "RATE_LIMITED" {
            break answer;
        }
        tried += 1;
        assert!(tried < 100, "whoever guesses is slowed down");
    };
    assert!(slowed.body["errors"][0]["extensions"]["retryAfterMs"].as_u64() > Some(0));
}

#[tokio::test]
async fn a_resident_signs_in_by_the_card_and_a_code_and_sees_the_own_household_alone() {
    let world = World::demo().await;
    let (home, _) = home(&world, "卡-8").await;
    let contact = world.actor("contact").await;
    issue(&contact, &home, "CONTACT").await;
    let token = token(&world, &home).await;
    assert_eq!(send(&world, &token).await, accepted());
    let letter = letters(&world, 1).await.remove(0);
    assert_eq!(letter["to"], PHONE);
    let code = digits(&letter);
    let stored = one_time_code::Entity::find().one(world.state.db.read()).await.expect("a row").expect("one");
    assert!(!format!("{stored:?}").contains(&code), "the code itself is not kept");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    invalid(&sign_in(&world, &token, wrong).await);
    invalid(&sign_in(&world, "no such token", &code).await);
    let resident = actor(&world, &sign_in(&world, &token, &code).await);
    let own = resident.get(OWN).await;
    assert_eq!(own["viewer"]["roles"], json!([{"role": "RESIDENT"}]));
    assert_eq!(own["households"]["totalCount"], 1);
    let seen = &own["households"]["nodes"][0];
    assert_eq!((&seen["id"], &seen["phone"]), (&home, &json!(PHONE)));
    assert_eq!(
        seen["viewerCan"],
        json!({"revokeCardToken": {"allowed": true}, "keepCard": {"allowed": false}})
    );
    invalid(&sign_in(&world, &token, &code).await);

    // The second time it is the same account.
    send(&world, &token).await;
    let code = digits(&letters(&world, 2).await[1]);
    actor(&world, &sign_in(&world, &token, &code).await);
    let db = world.state.db.read();
    let made = account::Entity::find().filter(account::Column::Name.eq(home.as_str().expect("an id")));
    let made = made.all(db).await.expect("accounts");
    assert_eq!(made.len(), 1);
    let roles = grant::Entity::find().filter(grant::Column::AccountId.eq(made[0].id)).all(db).await;
    assert_eq!(roles.expect("grants").len(), 1);
    let start = "mutation($input: SessionStartInput!) { sessionStart(input: $input) { errors { code } } }";
    for password in ["", "lianhu", "12345678"] {
        let input = json!({"input": {"name": home, "password": password, "device": "手机"}});
        let refused = world.anyone().ask(start, input).await.ok();
        assert_eq!(refused["sessionStart"]["errors"][0]["code"], "BAD_CREDENTIALS", "it has no password");
    }
}

#[tokio::test]
async fn a_revoked_card_signs_nobody_in_and_who_is_signed_in_stays_so() {
    let world = World::demo().await;
    let (home, _) = home(&world, "卡-9").await;
    let contact = world.actor("contact").await;
    issue(&contact, &home, "CONTACT").await;
    let old = token(&world, &home).await;
    send(&world, &old).await;
    let code = digits(&letters(&world, 1).await[0]);
    let resident = actor(&world, &sign_in(&world, &old, &code).await);
    send(&world, &old).await;
    let code = digits(&letters(&world, 2).await[1]);
    assert_eq!(revoke(&resident, &home).await["errors"], json!([]), "the household itself may");
    invalid(&sign_in(&world, &old, &code).await);
    assert_eq!(resident.get(OWN).await["households"]["totalCount"], 1, "the session goes on");
    let new = token(&world, &home).await;
    assert_ne!(old, new);
    // The code was the household's, and the card that is good now is, too.
    actor(&world, &sign_in(&world, &new, &code).await);
}

#[tokio::test]
async fn nobody_learns_by_asking_for_a_code_which_cards_are_good_and_nobody_is_flooded() {
    let world = World::demo().await;
    let (home, _) = home(&world, "卡-10").await;
    let admin = world.actor("town-admin").await;
    issue(&admin, &home, "CONTACT").await;
    let old = token(&world, &home).await;
    revoke(&admin, &home).await;
    let good = token(&world, &home).await;
    for token in ["", "no such token", &old, &good] {
        assert_eq!(send(&world, token).await, accepted(), "{token}");
    }
    let sent = letters(&world, 1).await;
    assert_eq!(sent.len(), 1, "to the good one alone: {sent:?}");
    let mut asked = 1;
    loop {
        let answer = world.anyone().ask(SEND, json!({"token": good})).await;
        if answer.code() == "RATE_LIMITED" {
            break;
        }
        asked += 1;
        assert!(asked < 20, "whoever asks again and again is slowed down");
    }
    // A household that moved away has nobody to sign in.
    let seen = admin
        .ask("query($id: ID!) { household(by: { id: $id }) { version } }", json!({"id": home}))
        .await
        .ok();
    let input = json!({"id": home, "expectedVersion": seen["household"]["version"], "status": "MOVED_AWAY"});
    admin.change("householdUpdate", "HouseholdUpdateInput", "replayed", input).await;
    assert_eq!(face(&world, &good).await, Value::Null);
}
