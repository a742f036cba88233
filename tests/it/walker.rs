//! The walker: a corpus of all that can be asked, under all roles. No field above its class leaks, in answers, in
//! errors and in the log; and each personal field that is shown has its line in the access log.

mod answer;
mod canaries;
mod corpus;
mod document;
mod fill;
mod heard;
mod lines;
mod place;
mod sight;
mod tricks;
mod typed;
mod walk;

use crate::{contract::model::Contract, rights::TABLE};
use answer::Shown;
use canaries::{Canary, Known};
use corpus::{Corpus, forgotten};
use document::Document;
use entity::kind::Role;
use futures_util::{StreamExt, stream};
use heard::Heard;
use lianhu::kernel::policy::{Opens, Policy, Resource, Sight};
use lianhu_tests::World;
use lines::Line;
use place::{Place, settings};
use std::{collections::HashMap, sync::Arc, time::Instant};
use walk::{Person, Report, Walk};

const SCHEMA: &str = include_str!("../../client-schema/schema.graphql");

const SCOPES: [&str; 8] = [
    "STATISTICS",
    "HOUSEHOLD",
    "HOUSEHOLD_PERSONAL",
    "ENTERPRISE",
    "ENTERPRISE_PERSONAL",
    "STAFF",
    "ASSIGNMENT",
    "DEMAND",
];

/// What is heard and never asked: tried role by role in `live.rs`.
const HEARD: [&str; 4] = ["Checkpoint.", "RecordChange.", "Resync.", "Subscription."];

/// Secrets, and what is known by sight of whatever part, in a text.
fn told(known: &Known, secrets: &[String], text: &str) -> Vec<String> {
    let secrets = secrets.iter().filter(|secret| text.contains(secret.as_str()));
    let mut told: Vec<String> = secrets.map(|secret| format!("the secret {secret}")).collect();
    told.extend(known.found(text).into_iter().map(|(text, all)| format!("{text}, {}", all[0].field)));
    told.sort();
    told.dedup();
    told
}

fn assert_nothing(wrong: &[String], what: &str) {
    let some: Vec<_> = wrong.iter().take(40).map(|one| one.chars().take(600).collect::<String>()).collect();
    assert!(wrong.is_empty(), "{what}: {} in all\n{}", wrong.len(), some.join("\n"));
}

/// All roles of the demonstration, another system by each scope, and somebody unknown.
async fn people(place: &mut Place) -> Vec<Person> {
    let mut people = Vec::new();
    for (name, _) in TABLE {
        people.push(place.person(name).await);
    }
    for scope in SCOPES {
        people.push(place.key(scope).await);
    }
    people.push(place.nobody().await);
    people
}

/// Has each of them ask their documents, a few at once; what the log tells that it should not is wrong, too.
async fn everybody(
    walk: &Walk<'_>,
    place: &Place,
    heard: &Heard,
    asked: Vec<(&Person, Vec<Document>)>,
) -> Report {
    let reports = stream::iter(asked).map(async |(person, documents)| walk.of(person, &documents).await);
    let mut reports = reports.buffer_unordered(2);
    let mut whole = Report::default();
    while let Some(report) = reports.next().await {
        whole = whole.and(report);
        let said = heard.said();
        whole.said += said.len();
        whole.heard += said.matches("message=answered").count();
        let told = told(&place.judge.known, &place.secrets, &said);
        whole.wrong.extend(told.into_iter().map(|one| format!("the log tells {one}")));
    }
    whole
}

#[test]
fn nothing_above_its_class_leaks_to_any_role_and_each_personal_field_that_is_shown_has_its_line() {
    let (contract, heard) = (Contract::read(SCHEMA), Heard::default());
    heard.listening(async {
        let mut place = Place::make(&contract).await;
        let people = people(&mut place).await;
        let corpus = Corpus::new(&contract, &place);
        let walk = Walk { world: &place.world, judge: &place.judge, http: reqwest::Client::new() };
        let began = Instant::now();
        // What was put was typed by somebody, too.
        assert_nothing(&told(&place.judge.known, &place.secrets, &heard.said()), "the log tells");
        let reads = people.iter().enumerate().map(|(turn, person)| (person, corpus.reads_of(turn)));
        let reads = everybody(&walk, &place, &heard, reads.collect()).await;
        println!("{reads} in {:?}", began.elapsed());
        let began = Instant::now();
        let changes = people.iter().map(|person| (person, corpus.changes(person)));
        let changes = everybody(&walk, &place, &heard, changes.collect()).await;
        println!("{changes} in {:?}", began.elapsed());
        assert_nothing(&[reads.wrong, changes.wrong].concat(), "the walk");
        assert_eq!(
            (reads.heard, changes.heard),
            (reads.answers, changes.answers),
            "each answer was heard of"
        );
        let expected = |one: &Canary| people.iter().any(|person| person.sight.shows(&one.of, one.part));
        let unmet = place.judge.known.put().filter(|(text, one)| expected(one) && !reads.met.contains(*text));
        let unmet: Vec<_> = unmet.map(|(text, one)| format!("{text}, {}", one.field)).collect();
        assert_nothing(&unmet, "nobody has seen");
    });
}

#[tokio::test]
async fn the_corpus_asks_every_root_field_and_every_field_of_every_type() {
    let contract = Contract::read(SCHEMA);
    let place = Place::make(&contract).await;
    let corpus = Corpus::new(&contract, &place);
    let changes = corpus.changes(&place.nobody().await);
    let documents: Vec<_> = corpus.reads().chain(&changes).cloned().collect();
    let (heard, forgotten): (Vec<_>, Vec<_>) = forgotten(&contract, &documents)
        .into_iter()
        .partition(|field| HEARD.iter().any(|of| field.starts_with(of)));
    assert_nothing(&forgotten, "no document asks");
    for of in HEARD {
        assert!(heard.iter().any(|field| field.starts_with(of)), "{of} is asked all the same");
    }
    let wrong = place.judge.land.differences(&place.world, &place.homes).await;
    assert_nothing(&wrong, "the table of rights and what the walker expects differ");
}

/// What a walk through the households by their ids finds wrong, on a server with another table of rights.
async fn found_under(
    place: &Place,
    corpus: &Corpus<'_>,
    person: &Person,
    change: impl FnOnce(&mut Policy),
) -> Vec<String> {
    let mut policy = Policy::default();
    change(&mut policy);
    let world = World::under(policy, Arc::clone(&place.world.ground), settings).await;
    let walk = Walk { world: &world, judge: &place.judge, http: reqwest::Client::new() };
    let documents: Vec<_> = corpus.reads().filter(|one| one.name == "nodes Household").cloned().collect();
    let report = walk.of(person, &documents).await;
    world.stop().await;
    report.wrong
}

fn sees_more(policy: &mut Policy, role: Role, sight: Sight) {
    for rule in policy.rules.iter_mut().filter(|rule| rule.role == role) {
        if let Opens::See(Resource::Household, seen) = &mut rule.opens {
            *seen = sight;
        }
    }
}

#[tokio::test]
async fn a_walk_notices_who_sees_too_much() {
    let contract = Contract::read(SCHEMA);
    let mut place = Place::make(&contract).await;
    let dispatcher = place.person("dispatcher").await;
    let leader = place.person("leader").await;
    let corpus = Corpus::new(&contract, &place);
    for person in [&dispatcher, &leader] {
        assert_nothing(&found_under(&place, &corpus, person, |_| ()).await, "under the table as it is");
    }
    let wide =
        found_under(&place, &corpus, &dispatcher, |policy| sees_more(policy, Role::Dispatcher, Sight::CLOSE))
            .await;
    assert!(wide.iter().any(|one| one.contains("Household.housing")), "{wide:#?}");
    let close =
        found_under(&place, &corpus, &leader, |policy| sees_more(policy, Role::Leader, Sight::CLOSE)).await;
    assert!(close.iter().any(|one| one.contains("Household.phone")), "{close:#?}");
}

#[test]
fn what_the_server_says_is_heard_on_every_thread_and_a_value_in_it_is_noticed() {
    let (heard, known) = (Heard::default(), Known::one("19900001101", "household_1", "Household.phone", 'T'));
    heard.listening(async {
        tracing::info!(to = "19900001101", "a text is sent");
        let other = tokio::spawn(async { tracing::debug!("the token is {}", "of-a-session") });
        other.await.expect("said");
        let blocking = tokio::task::spawn_blocking(|| tracing::warn!("by 哨兵子首"));
        blocking.await.expect("said");
    });
    let (said, secrets) = (heard.said(), ["of-a-session".to_owned()]);
    assert_eq!(
        told(&known, &secrets, &said),
        ["19900001101, Household.phone", "the secret of-a-session"],
        "{said}"
    );
    assert!(said.contains("哨兵子首"), "{said}");
    assert_eq!(told(&known, &secrets, "number 199****1101 of 1990000110"), [""; 0]);
}

#[test]
fn a_look_without_its_line_and_a_line_without_a_look_are_noticed() {
    let set = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
    let line = |fields: &[&str], subjects: &[&str]| Line {
        request: "one".to_owned(),
        account: None,
        fields: set(fields),
        subjects: set(subjects),
    };
    let shown = [("Household.phone", "a"), ("Household.address", "a"), ("Household.address", "b")];
    let shown: Shown = shown.map(|(field, of)| (field.to_owned(), of.to_owned())).into();
    let shown = HashMap::from([("one".to_owned(), shown)]);
    let wrong = |lines: &[Line]| lines::differences(None, &shown, lines).len();
    let whole = line(&["Household.phone", "Household.address"], &["a", "b"]);
    assert_eq!(wrong(std::slice::from_ref(&whole)), 0);
    assert_eq!(wrong(&[line(&["Household.phone"], &["a"]), line(&["Household.address"], &["a", "b"])]), 0);
    assert_eq!(wrong(&[line(&["Household.phone", "Household.address"], &["a"])]), 1, "b has no line");
    assert_eq!(wrong(&[line(&["Household.address"], &["a", "b"])]), 1, "a number was shown");
    assert_eq!(wrong(&[whole.clone(), line(&["Cadre.sex"], &["c"])]), 2, "nothing of c was shown");
    assert_eq!(wrong(&[Line { request: "another".to_owned(), ..whole.clone() }]), 3 + 4, "it is another's");
    let by = Some(entity::id::AccountId(uuid::Uuid::now_v7()));
    assert_eq!(wrong(&[Line { account: by, ..whole }]), 1, "somebody else looked");
}
