//! Passwords: answers that tell nothing, a pool that says when it is full, and no session for a password of yesterday.

use crate::{
    identity::{HOUSEHOLDS, START, assert_nobody, disable, login, sees},
    session::{kinds, notices},
};
use entity::account;
use futures_util::{FutureExt, future::join_all};
use lianhu::account::password::{self, Passwords};
use lianhu_tests::{Actor, World, ground};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};

#[tokio::test]
async fn a_wrong_password_an_unknown_name_and_a_disabled_account_are_answered_alike() {
    let world = World::demo().await;
    disable(&world, "auditor").await;
    let mut answers = Vec::new();
    for input in [
        login("leader", &ground::password("dispatcher")),
        login("leader", ""),
        login("no such name", &ground::password("leader")),
        login("", ""),
        login("auditor", &ground::password("auditor")),
    ] {
        let anyone = world.anyone();
        let (answer, statements) = world.statements(anyone.ask(START, input)).await;
        answers.push((answer.status, answer.body["data"].clone(), statements));
    }
    let (status, data, _) = &answers[0];
    assert_eq!(*status, 200);
    let refused = &data["sessionStart"];
    assert_eq!(refused["errors"][0]["code"], "BAD_CREDENTIALS");
    assert_eq!(refused["errors"][0]["message"], "Name and password do not belong together.");
    assert_eq!([&refused["session"], &refused["accessToken"]], [&Value::Null; 2]);
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
    }
    let chinese = world.anyone().speaking("zh-CN").ask(START, login("leader", "wrong")).await.ok();
    assert_eq!(chinese["sessionStart"]["errors"][0]["message"], "用户名或密码不正确。");
}

#[tokio::test]
async fn a_password_that_is_replaced_while_it_is_being_checked_opens_no_session() {
    let world = World::with(|config| config.identity.hash_threads = 1).await;
    let changed = password::hash_now("another password").expect("a hash");
    let passwords = &world.state.identity.passwords;
    // Others are ahead in the queue, so that there is time between the question for the hash and its check.
    let queue = join_all((0..30).map(|_| passwords.verify("wrong".to_owned(), None)));
    let before = world.state.db.statements();
    let anyone = world.anyone();
    let signing_in = anyone.ask(START, login("leader", &ground::password("leader")));
    let replacing = async {
        while world.state.db.statements() == before {
            tokio::task::yield_now().await;
        }
        let accounts = account::Entity::update_many().filter(account::Column::Name.eq("leader"));
        let accounts = accounts.col_expr(account::Column::PasswordHash, Expr::value(changed));
        accounts.exec(world.state.db.write()).await.expect("another password")
    };
    let (_, replaced, answer) = tokio::join!(queue, replacing, signing_in);
    assert_eq!(replaced.rows_affected, 1);
    let started = &answer.ok()["sessionStart"];
    assert_eq!(started["errors"][0]["code"], "BAD_CREDENTIALS", "{started}");
    assert_eq!(started["accessToken"], Value::Null);
    world.anyone().sign_in("leader", "another password").await;
}

/// Takes a place in the pool and keeps it: a sign-in whose client reads no answer.
fn take_place(passwords: &Passwords) -> std::pin::Pin<Box<impl Future<Output = ()>>> {
    let mut taken = Box::pin(passwords.verify("wrong".to_owned(), None).map(|_| ()));
    assert!(taken.as_mut().now_or_never().is_none(), "there is a place");
    taken
}

#[tokio::test]
async fn beyond_the_queue_for_passwords_a_sign_in_is_told_when_to_come_back() {
    let world =
        World::with(|config| (config.identity.hash_threads, config.identity.hash_queue) = (1, 1)).await;
    let places = [(); 2].map(|()| take_place(&world.state.identity.passwords));
    let input = json!({"query": START, "variables": login("leader", &ground::password("leader"))});
    let send = || reqwest::Client::new().post(world.endpoint()).json(&input).send();
    let refused = send().await.expect("an answer");
    assert_eq!(refused.status().as_u16(), 503);
    assert_eq!(refused.headers()["retry-after"], "2");
    let body: Value = refused.json().await.expect("JSON");
    let extensions = &body["errors"][0]["extensions"];
    assert_eq!([&extensions["code"], &extensions["retryable"]], [&json!("OVERLOADED"), &json!(true)]);
    assert_eq!(extensions["retryAfterMs"], 2000, "{body}");
    drop(places);
    let served: Value = send().await.expect("an answer").json().await.expect("JSON");
    assert!(served["data"]["sessionStart"]["accessToken"].is_string(), "{served}");
}

#[tokio::test]
async fn a_core_is_left_to_others_while_passwords_are_hashed_when_nothing_else_is_set() {
    let world = World::with(|config| config.identity.hash_queue = 1).await;
    assert_eq!(world.state.config.identity.hash_threads, 0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.saturating_sub(1).max(1);
    let places: Vec<_> = (0..=threads).map(|_| take_place(&world.state.identity.passwords)).collect();
    let answer = world.anyone().ask(START, login("leader", "wrong")).await;
    assert_eq!(answer.code(), "OVERLOADED", "{} places, then none: {}", places.len(), answer.body);
}

const CHANGE: &str = "mutation($input: PasswordChangeInput!) { passwordChange(input: $input) {
  changed errors { code path ... on ValidationError { rule } } } }";
const DUE: &str = "{ viewer { mustDo permissions scope roles { role } account { name } cadre { id }
  sessions { totalCount } notices { totalCount } } accounts(first: 1) { totalCount } }";
const FIRST: &str = "a first pass phrase";
const SECOND: &str = "of the owner's own choice";

async fn change(actor: &Actor, current: &str, new: &str) -> Value {
    let answer = actor.ask(CHANGE, json!({"input": {"current": current, "new": new}})).await;
    answer.ok()["passwordChange"].clone()
}

/// An account of the town that leads it, made by its administrator.
async fn made(world: &World, name: &str) -> Value {
    let admin = world.actor("town-admin").await;
    let town = admin.get("{ region(by: { code: \"530304101\" }) { id } }").await["region"]["id"].clone();
    let input = json!({"name": name, "password": FIRST, "regionId": town});
    let made = admin.change("accountCreate", "AccountCreateInput", "account { id version }", input).await;
    let id = made["account"]["id"].clone();
    assert!(id.is_string(), "{made}");
    let input = json!({"accountId": id, "role": "LEADER", "regionId": town, "startsOn": ground::today()});
    let given = admin.change("roleGrantCreate", "RoleGrantCreateInput", "roleGrant { id }", input).await;
    assert!(given["roleGrant"].is_object(), "{given}");
    made["account"].clone()
}

async fn password_is_due(actor: &Actor) -> bool {
    actor.get("{ viewer { mustDo } }").await["viewer"]["mustDo"] == json!(["PASSWORD_CHANGE"])
}

#[tokio::test]
async fn a_password_that_an_administrator_made_opens_nothing_until_its_owner_has_changed_it() {
    let world = World::demo().await;
    made(&world, "wang.li").await;
    let owner = world.anyone().sign_in("wang.li", FIRST).await;
    let seen = owner.get(DUE).await;
    assert_eq!(seen["viewer"]["mustDo"], json!(["PASSWORD_CHANGE"]));
    assert_eq!(seen["viewer"]["account"]["name"], "wang.li");
    assert_eq!([&seen["viewer"]["permissions"], &seen["viewer"]["roles"]], [&json!([]); 2]);
    for (list, at) in [("accounts", &seen), ("sessions", &seen["viewer"])] {
        assert_eq!(at[list]["totalCount"], 0, "{list}: {seen}");
    }
    assert_eq!(owner.ask(HOUSEHOLDS, json!({})).await.code(), "PASSWORD_CHANGE_REQUIRED");
    let read = "mutation($input: NoticesReadInput!) { noticesRead(input: $input) { errors { code } } }";
    let refused = owner.ask(read, json!({"input": {"idempotencyKey": lianhu_tests::key()}})).await;
    assert_eq!(refused.code(), "PASSWORD_CHANGE_REQUIRED", "{}", refused.body);
    let start = "mutation { secondFactorStart(input: {}) { secret } }";
    assert_eq!(owner.ask(start, json!({})).await.code(), "PASSWORD_CHANGE_REQUIRED");

    let elsewhere = world.anyone().sign_in("wang.li", FIRST).await;
    let wrong = change(&owner, "not this one", SECOND).await;
    assert_eq!(wrong["errors"], json!([{"code": "BAD_CREDENTIALS", "path": ["input", "current"]}]));
    for (new, rule) in [
        (FIRST, "password-same"),
        ("short", "password-length"),
        ("Woaini1314", "password-common"),
        ("Wang.Li likes it", "password-name"),
    ] {
        let refused = change(&owner, FIRST, new).await;
        assert_eq!(
            refused["errors"],
            json!([{"code": "INVALID", "path": ["input", "new"], "rule": rule}]),
            "{new}"
        );
    }
    assert!(password_is_due(&owner).await);
    assert_eq!(change(&owner, FIRST, SECOND).await, json!({"changed": true, "errors": []}));
    assert_eq!(sees(&owner).await, 3635);
    assert_eq!(owner.get(DUE).await["viewer"]["mustDo"], json!([]));
    assert_nobody(&elsewhere.ask(HOUSEHOLDS, json!({})).await);
    assert_eq!(kinds(&notices(&owner).await), ["PASSWORD_CHANGED"]);
    let refused = world.anyone().ask(START, login("wang.li", FIRST)).await.ok();
    assert_eq!(refused["sessionStart"]["errors"][0]["code"], "BAD_CREDENTIALS");
    assert_eq!(sees(&world.anyone().sign_in("wang.li", SECOND).await).await, 3635);
}

#[tokio::test]
async fn signing_out_is_open_while_the_password_is_due() {
    let world = World::demo().await;
    made(&world, "wang.li").await;
    let owner = world.anyone().sign_in("wang.li", FIRST).await;
    let end = "mutation($token: String!) { sessionEnd(input: { refreshToken: $token }) { ended } }";
    let ended = owner.ask(end, json!({"token": owner.refresh})).await.ok();
    assert_eq!(ended["sessionEnd"]["ended"], true);
    assert_nobody(&owner.ask(HOUSEHOLDS, json!({})).await);
}

#[tokio::test]
async fn a_setting_lets_first_passwords_stay() {
    let world = World::with(|config| config.identity.first_password_must_change = false).await;
    made(&world, "wang.li").await;
    let owner = world.anyone().sign_in("wang.li", FIRST).await;
    assert!(!password_is_due(&owner).await);
    assert_eq!(sees(&owner).await, 3635);
}

#[tokio::test]
async fn a_new_password_by_an_administrator_signs_out_is_told_and_is_to_be_changed_again() {
    let world = World::demo().await;
    let account = made(&world, "wang.li").await;
    let owner = world.anyone().sign_in("wang.li", FIRST).await;
    change(&owner, FIRST, SECOND).await;
    let admin = world.actor("town-admin").await;
    let version =
        admin.ask("query($id: ID!) { account(by: { id: $id }) { version } }", json!({"id": account["id"]}));
    let version = version.await.ok()["account"]["version"].clone();
    assert!(version.as_i64() > account["version"].as_i64(), "a change of password is a change: {version}");
    let input = json!({"id": account["id"], "expectedVersion": version, "password": "another first one"});
    let done = admin.change("accountUpdate", "AccountUpdateInput", "account { name }", input).await;
    assert_eq!(done["errors"], json!([]), "{done}");
    assert_nobody(&owner.ask(HOUSEHOLDS, json!({})).await);
    let owner = world.anyone().sign_in("wang.li", "another first one").await;
    assert!(password_is_due(&owner).await);
    change(&owner, "another first one", SECOND).await;
    let told = notices(&owner).await;
    assert_eq!(kinds(&told), ["PASSWORD_CHANGED"; 3]);
    assert!(told[1]["text"].as_str().expect("a text").starts_with("An administrator"), "{told:?}");

    // Whoever has got hold of an administrator's session does not get the account with it.
    let query = "{ viewer { account { id version } } }";
    let own = admin.get(query).await["viewer"]["account"].clone();
    let input =
        json!({"id": own["id"], "expectedVersion": own["version"], "password": "of the thief's choice"});
    let refused = admin.change("accountUpdate", "AccountUpdateInput", "account { name }", input).await;
    assert_eq!(refused["errors"][0]["rule"], "own-password", "{refused}");
}

#[tokio::test]
async fn guesses_at_the_own_password_are_slowed_down_as_at_the_sign_in_even_all_at_once() {
    let world = World::demo().await;
    let leader = world.actor("leader").await;
    let guesses = join_all((0..30).map(|n| {
        let input = json!({"input": {"current": format!("guess number {n}"), "new": SECOND}});
        async { leader.ask(CHANGE, input).await }
    }));
    let guesses = guesses.await;
    let tried = guesses.iter().filter(|answer| answer.code() != "RATE_LIMITED").count();
    assert!((1..=9).contains(&tried), "{tried} of 30 were tried");
    let right = world.anyone().ask(START, login("leader", &ground::password("leader"))).await;
    assert_eq!(right.code(), "RATE_LIMITED", "{}", right.body);
    assert!(
        world.anyone().ask(START, login("contact", &ground::password("contact"))).await.code().is_empty()
    );
    world.state.clock.shift(chrono::Duration::minutes(6));
    assert_eq!(change(&leader, &ground::password("leader"), SECOND).await["errors"], json!([]));
}

#[tokio::test]
async fn a_hash_made_with_less_is_made_anew_at_the_sign_in_and_the_password_stays() {
    use argon2::{Algorithm, Argon2, Params, Version, password_hash::PasswordHasher};
    let world = World::demo().await;
    let right = ground::password("leader");
    let params = Params::new(4096, 1, 1, None).expect("weaker ones");
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let weak = weak.hash_password(right.as_bytes()).expect("a hash").to_string();
    let db = world.state.db.write();
    let own = account::Column::Name.eq("leader");
    account::Entity::update_many()
        .filter(own.clone())
        .col_expr(account::Column::PasswordHash, Expr::value(weak.clone()))
        .exec(db)
        .await
        .expect("a weaker hash");
    let held = async || {
        let row = account::Entity::find().filter(own.clone()).one(world.state.db.read()).await;
        row.expect("an answer").expect("the account")
    };
    let refused = world.anyone().ask(START, login("leader", "wrong")).await.ok();
    assert_eq!(refused["sessionStart"]["errors"][0]["code"], "BAD_CREDENTIALS");
    assert_eq!(held().await.password_hash, weak, "a wrong password renews nothing");
    let version = held().await.version;
    world.anyone().sign_in("leader", &right).await;
    let strong = held().await;
    assert!(strong.password_hash.contains("m=19456,t=2,p=1"), "{}", strong.password_hash);
    assert_eq!(strong.version, version, "it is the same password");
    world.anyone().sign_in("leader", &right).await;
    assert_eq!(held().await.password_hash, strong.password_hash, "once is enough");
}
