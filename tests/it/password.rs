//! Passwords: answers that tell nothing, a pool that says when it is full, and no session for a password of yesterday.

use crate::identity::{START, disable, login};
use entity::account;
use futures_util::{FutureExt, future::join_all};
use lianhu::account::password::{self, Passwords};
use lianhu_tests::{World, ground};
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
async fn as_many_passwords_are_hashed_at_once_as_there_are_cores_when_nothing_else_is_set() {
    let world = World::with(|config| config.identity.hash_queue = 1).await;
    assert_eq!(world.state.config.identity.hash_threads, 0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let places: Vec<_> = (0..=cores).map(|_| take_place(&world.state.identity.passwords)).collect();
    let answer = world.anyone().ask(START, login("leader", "wrong")).await;
    assert_eq!(answer.code(), "OVERLOADED", "{} places, then none: {}", places.len(), answer.body);
}
