//! Many at once: one wins, the others are told what changed, and numbers have no gap.

use super::{
    act::{self, fine},
    cast::Cast,
    scene::{Case, Outcome, since},
    table::bring,
};
use entity::{
    kind::{NoticeKind, PartState, TaskAction, TaskState},
    notice, task, task_number,
};
use futures_util::future::join_all;
use lianhu_tests::World;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

/// How many are told this of a task.
async fn told(world: &World, scene: &Case, kind: NoticeKind) -> u64 {
    let of = notice::Entity::find().filter(notice::Column::Subject.eq(scene.task.to_string()));
    of.filter(notice::Column::Kind.eq(kind)).count(world.state.db.read()).await.expect("a count")
}

/// The same step by each of these at once, all upon the same version; who was first, and what the others were told.
async fn all_at_once(
    cast: &Cast,
    scene: &Case,
    step: &'static str,
    who: &[&str],
) -> (Vec<String>, Vec<Value>) {
    let rows = scene.rows(&cast.town.world).await;
    let tries =
        who.iter().map(async |name| (name, scene.try_all(cast, name, &[step], &rows).await.remove(0).1));
    let (mut first, mut others) = (Vec::new(), Vec::new());
    for (name, outcome) in join_all(tries).await {
        match outcome {
            Outcome::Done => first.push((*name).to_owned()),
            Outcome::Refused { error, .. } => others.push(error),
        }
    }
    (first, others)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_who_strike_one_task_off_one_does_and_the_others_are_told_that_it_is() {
    let cast = Cast::gather().await;
    let (scene, before) = bring(&cast, "judged").await;
    let who = ["dispatcher", "supervisor", "examiner", "dispatcher"].repeat(5);
    let (first, others) = all_at_once(&cast, &scene, "CLOSE", &who).await;
    assert_eq!((first.len(), others.len()), (1, 19), "{first:?} {others:?}");
    for error in others {
        assert_eq!((&error["code"], &error["state"]), (&json!("STATE"), &json!("CLOSED")), "{error}");
    }
    let world = &cast.town.world;
    let after = scene.rows(world).await;
    let events = since(&after, before.task.version);
    assert_eq!(events, [(TaskAction::Close, Some(TaskState::Resolved), TaskState::Closed)]);
    assert_eq!(after.task.version, before.task.version + 1);
    assert_eq!(told(world, &scene, NoticeKind::TaskClosed).await, 2, "each household once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_who_urge_upon_the_same_version_one_is_heard_and_the_others_are_told_of_a_newer_one() {
    let cast = Cast::gather().await;
    let (scene, before) = bring(&cast, "work").await;
    let who = ["supervisor", "leader", "examiner", "officer"].repeat(5);
    let (first, others) = all_at_once(&cast, &scene, "URGE", &who).await;
    assert_eq!((first.len(), others.len()), (1, 19), "{first:?} {others:?}");
    assert!(others.iter().all(|error| error["code"] == "CONFLICT"), "{others:?}");
    let after = scene.rows(&cast.town.world).await;
    assert_eq!(since(&after, before.task.version).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_claim_one_offer_at_once_one_leads_and_the_other_is_told_so() {
    let cast = Cast::gather().await;
    for _ in 0..4 {
        let (scene, before) = bring(&cast, "offered").await;
        let (first, others) = all_at_once(&cast, &scene, "CLAIM", &["helper", "lead"]).await;
        assert_eq!((first.len(), others.len()), (1, 1), "{first:?} {others:?}");
        assert_eq!(others[0]["code"], "STATE", "{others:?}");
        let after = scene.rows(&cast.town.world).await;
        assert_eq!(since(&after, before.task.version).len(), 1);
        let states: Vec<PartState> =
            after.parts.iter().filter(|part| part.live).map(|part| part.state).collect();
        assert_eq!(states, [PartState::Claimed], "{after:?}");
        let lapsed = after.parts.iter().filter(|part| part.state == PartState::Lapsed).count();
        assert_eq!((lapsed, after.task.lead_department_id.is_some()), (1, true), "{after:?}");
    }
}

/// Numbers of tasks by township and year, each without a gap, and as high as what is counted.
pub(super) async fn numbers_are_whole(world: &World) {
    let db = world.state.db.read();
    let tasks = task::Entity::find().all(db).await.expect("tasks");
    let mut numbers: Vec<String> = tasks.into_iter().map(|row| row.number).collect();
    numbers.sort_unstable();
    let mut expected = Vec::new();
    for row in task_number::Entity::find().all(db).await.expect("numbers") {
        expected.extend((1..=row.last).map(|n| format!("{}-{}-{n:06}", row.code, row.year)));
    }
    expected.sort_unstable();
    assert_eq!(numbers, expected, "numbers run from the first to the last, each once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_demands_that_are_accepted_at_once_get_numbers_without_a_gap() {
    let town = act::Town::of(World::with(crate::rights::rows::generous).await).await;
    let admin = town.world.actor("town-admin").await;
    let mut demands = Vec::new();
    for n in 0..20 {
        demands.push(town.demanded("YELLOW", &format!("第 {n} 盏路灯不亮。")).await);
    }
    let accept = async |(n, demand): (usize, &Value)| {
        let by = if n % 2 == 0 { &town.dispatcher } else { &admin };
        let input = json!({"ids": [demand["id"]], "expectedVersion": demand["version"]});
        fine(&act::task(by, "demandAccept", input).await)["task"]["number"].clone()
    };
    let mut numbers: Vec<String> = join_all(demands.iter().enumerate().map(accept))
        .await
        .iter()
        .filter_map(|number| number.as_str().map(str::to_owned))
        .collect();
    numbers.sort_unstable();
    let last =
        |number: &String| number.rsplit('-').next().and_then(|n| n.parse::<i32>().ok()).expect("a number");
    let (first, end) = (last(&numbers[0]), last(&numbers[19]));
    assert_eq!((numbers.len(), end - first), (20, 19), "{numbers:?}");
    numbers_are_whole(&town.world).await;
    // The same demand by twenty is accepted once.
    let demand = town.demanded("YELLOW", "桥面有洞。").await;
    let again = async |_| {
        let input = json!({"ids": [demand["id"]], "expectedVersion": demand["version"]});
        act::task(&town.dispatcher, "demandAccept", input).await
    };
    let answers = join_all((0..20).map(again)).await;
    let done = answers.iter().filter(|answer| answer["errors"] == json!([])).count();
    assert_eq!(done, 1, "{answers:?}");
    let told =
        |answer: &&Value| answer["errors"][0]["code"] == "STATE" || answer["errors"][0]["code"] == "CONFLICT";
    assert_eq!(answers.iter().filter(told).count(), 19, "{answers:?}");
    numbers_are_whole(&town.world).await;
}
