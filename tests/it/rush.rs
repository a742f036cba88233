//! Many sign in at once: each is answered in turn or told when to come back, and others are answered meanwhile.

use crate::identity::{START, login};
use entity::{account, id::AccountId};
use futures_util::{FutureExt, future::join_all};
use lianhu::account::password::{self, Passwords};
use lianhu_tests::{Actor, World, ground};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

const PASSWORD: &str = "the same for the whole rush";

/// A day's crew: so many accounts with one password.
async fn crew(world: &World, number: usize) {
    let hash = password::hash_now(PASSWORD).expect("a hash");
    let db = world.state.db.write();
    let leader = account::Entity::find().filter(account::Column::Name.eq("leader")).one(db).await;
    let leader = leader.expect("an answer").expect("the account");
    let rows: Vec<_> = (0..number)
        .map(|n| {
            let mut row = leader.clone();
            (row.id, row.name) = (AccountId(uuid::Uuid::now_v7()), format!("crew-{n}"));
            row.password_hash.clone_from(&hash);
            row.cadre_id = None;
            row.into_active_model().reset_all()
        })
        .collect();
    for rows in rows.chunks(200) {
        account::Entity::insert_many(rows.to_vec()).exec_without_returning(db).await.expect("accounts");
    }
}

/// One person who signs in, and comes back when told to; how often, and how long each answer took.
async fn sign_in(http: &reqwest::Client, endpoint: &str, n: usize) -> (u32, Vec<Duration>) {
    let (mut refused, mut took) = (0, Vec::new());
    loop {
        let begun = Instant::now();
        let body = json!({"query": START, "variables": login(&format!("crew-{n}"), PASSWORD)});
        let sent = http.post(endpoint).json(&body).send().await.expect("an answer, never silence");
        took.push(begun.elapsed());
        let status = sent.status().as_u16();
        let header =
            sent.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let answer: Value = sent.json().await.expect("JSON");
        if answer["data"]["sessionStart"]["accessToken"].is_string() {
            return (refused, took);
        }
        assert_eq!(status, 503, "{answer}");
        let wait = header.unwrap_or_else(|| panic!("a time to come back: {answer}"));
        assert!((1..=300).contains(&wait), "{wait}");
        let exactly = answer["errors"][0]["extensions"]["retryAfterMs"].as_u64();
        refused += 1;
        tokio::time::sleep(exactly.map_or(Duration::from_secs(wait), Duration::from_millis)).await;
    }
}

fn median(mut spans: Vec<Duration>) -> Duration {
    spans.sort_unstable();
    spans[spans.len() / 2]
}

/// What somebody else's questions take until the flag is set.
async fn probe(actor: &Actor, until: &AtomicBool, most: usize) -> Vec<Duration> {
    const QUESTION: &str = "{ households(first: 20) { nodes { id number headName } } }";
    let mut took = Vec::new();
    while !until.load(Ordering::Relaxed) && took.len() < most {
        let begun = Instant::now();
        actor.get(QUESTION).await;
        took.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    took
}

/// All sign in at once; gives the median of somebody else's questions in the quiet before, and meanwhile.
async fn rush(number: usize) -> (Duration, Duration) {
    let world = World::with(|config| {
        config.http.max_connections = 2 * number;
        config.graphql.anonymous_cost_per_minute = 100_000_000;
        config.graphql.cost_per_minute = 100_000_000;
    })
    .await;
    crew(&world, number).await;
    let never = AtomicBool::new(false);
    let actor = world.actor("leader").await;
    probe(&actor, &never, 50).await;
    let quiet = median(probe(&actor, &never, 200).await);
    let over = AtomicBool::new(false);
    let http = reqwest::Client::new();
    let endpoint = world.endpoint();
    let begun = Instant::now();
    let all = async {
        let all = join_all((0..number).map(|n| sign_in(&http, &endpoint, n))).await;
        over.store(true, Ordering::Relaxed);
        all
    };
    let (all, meanwhile) = tokio::join!(all, probe(&actor, &over, usize::MAX));
    let refused: u32 = all.iter().map(|(refused, _)| refused).sum();
    let most = all.iter().map(|(refused, _)| *refused).max().unwrap_or_default();
    let longest = all.iter().flat_map(|(_, took)| took).max().copied().unwrap_or_default();
    let (asked, meanwhile) = (meanwhile.len(), median(meanwhile));
    println!(
        "{number} at once: all in after {:?}, {refused} told to come back ({most} at the most for one), the longest answer \
         took {longest:?}; others: {quiet:?} before, {meanwhile:?} meanwhile ({asked} asked)",
        begun.elapsed()
    );
    (quiet, meanwhile)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_sign_in_at_once_are_all_let_in_or_told_when_to_come_back() {
    rush(150).await;
}

/// The measure that an office is promised on two cores: two thousand at the beginning of a day.
#[tokio::test(flavor = "multi_thread")]
async fn while_two_thousand_sign_in_the_questions_of_others_take_twice_as_long_at_the_most() {
    if !ground::long() {
        return;
    }
    let (quiet, meanwhile) = rush(2000).await;
    assert!(meanwhile <= quiet * 2, "{quiet:?} before, {meanwhile:?} meanwhile");
}

#[tokio::test]
async fn passwords_are_checked_in_the_order_in_which_they_came() {
    let passwords = Arc::new(Passwords::new(1, 20));
    let done = Mutex::new(Vec::new());
    let mut queue: Vec<_> = (0..12)
        .map(|n| {
            let (passwords, done) = (Arc::clone(&passwords), &done);
            async move {
                passwords.verify("wrong".to_owned(), None).await.expect("a place");
                done.lock().expect("one at a time").push(n);
            }
            .boxed_local()
        })
        .collect();
    for one in &mut queue {
        assert!(one.as_mut().now_or_never().is_none(), "it waits");
    }
    queue.reverse();
    join_all(queue).await;
    assert_eq!(*done.lock().expect("one at a time"), (0..12).collect::<Vec<_>>());
}

#[tokio::test]
async fn of_those_who_find_no_place_each_is_told_a_later_time_than_the_one_before() {
    let passwords = Passwords::new(1, 1);
    let places = [passwords.place().expect("a place"), passwords.place().expect("a place")];
    let waits: Vec<u64> = (0..20)
        .map(|_| match passwords.place() {
            Err(lianhu::kernel::error::Error::Fault(fault)) => fault.retry_after_ms.expect("a time"),
            other => panic!("a refusal: {:?}", other.map(|_| ())),
        })
        .collect();
    assert_eq!(waits[0], 2000);
    assert!(waits.is_sorted_by(|one, other| one < other), "{waits:?}");
    drop(places);
    assert!(passwords.place().is_ok());
}
