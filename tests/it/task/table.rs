//! Every step, by everybody, in every situation: what `table.md` says is done, and all else is refused and changes nothing.

use super::{
    cast::{Cast, OUTSIDE},
    scene::{Case, Outcome, Rows, STEPS, counts, since},
};
use entity::kind::{TaskAction, TaskState};
use lianhu::task::flow::{By, LINES, Next};
use sea_orm::ActiveEnum;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

/// As it was written by hand.
const TABLE: &str = include_str!("table.md");

/// Whoever acts by an office, and is told of the state.
const BY_OFFICE: [&str; 6] = ["dispatcher", "leader", "supervisor", "examiner", "town-admin", "county-admin"];

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Then {
    state: Option<TaskState>,
    /// The event that belongs to it.
    also: Option<TaskAction>,
}

/// What is allowed: step, situation, who.
pub(super) type Cells = BTreeMap<(&'static str, &'static str, &'static str), Then>;

fn state(name: &str) -> TaskState {
    TaskState::try_from_value(&name.to_owned()).unwrap_or_else(|_| panic!("no such state: {name}"))
}

fn action(step: &str) -> TaskAction {
    let name = step.split(' ').next().unwrap_or_default();
    TaskAction::try_from_value(&name.to_owned()).unwrap_or_else(|_| panic!("no such action: {name}"))
}

/// The lines of a table under a heading, without its head.
fn lines(heading: &str) -> impl Iterator<Item = Vec<&'static str>> {
    let part = TABLE.split("\n## ").find(|part| part.starts_with(heading)).expect("a heading");
    let rows = part.lines().filter(|line| line.starts_with("| ")).skip(2);
    rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
}

/// A situation: its name, its state, and the steps to it, each with who takes it.
type Situation = (&'static str, TaskState, Vec<(&'static str, &'static str)>);

/// Situations, the steps of another first.
fn situations() -> Vec<Situation> {
    let mut all: Vec<Situation> = Vec::new();
    for line in lines("Situations") {
        let mut way = Vec::new();
        for word in line[2].split(", ").filter(|word| !word.is_empty()) {
            match word.split_once(' ') {
                Some(step) => way.push(step),
                None => {
                    way.extend(all.iter().find(|(name, ..)| *name == word).expect("a situation").2.clone());
                }
            }
        }
        all.push((line[0], state(line[1]), way));
    }
    all
}

/// What is allowed, as it was written.
pub(super) fn cells() -> Cells {
    let mut cells = Cells::new();
    for line in lines("Who may") {
        let (then, also) = line[3].split_once(" by ").map_or((line[3], None), |(to, by)| (to, Some(by)));
        let then = Then { state: (then != "stays").then(|| state(then)), also: also.map(action) };
        for situation in line[1].split(' ') {
            for who in line[2].split(' ') {
                let twice = cells.insert((line[0], situation, who), then.clone());
                assert_eq!(twice, None, "{} in {situation} by {who} is said twice", line[0]);
            }
        }
    }
    cells
}

/// The state of a situation.
pub(super) fn state_of(situation: &str) -> TaskState {
    static STATES: OnceLock<BTreeMap<&str, TaskState>> = OnceLock::new();
    let states =
        STATES.get_or_init(|| situations().into_iter().map(|(name, state, _)| (name, state)).collect());
    *states.get(situation).unwrap_or_else(|| panic!("no such situation: {situation}"))
}

/// Where the place or the person forbids it.
fn forbidden() -> BTreeSet<(&'static str, &'static str, &'static str)> {
    let mut all = BTreeSet::new();
    for line in lines("Where the place") {
        for step in line[0].split(' ') {
            for situation in line[1].split(' ') {
                all.extend(line[2].split(' ').map(|who| (step, situation, who)));
            }
        }
    }
    all
}

/// In which position somebody acts.
fn position(who: &str, situation: &str) -> &'static str {
    match (who, situation) {
        ("lead" | "helper", "offered") => "one of several",
        ("lead", _) => "lead",
        ("helper", _) => "co-handler",
        _ => "role",
    }
}

#[test]
fn the_table_that_decides_says_what_was_written_by_hand() {
    let of = state_of;
    let mut by_hand = BTreeSet::new();
    for ((step, situation, who), then) in &cells() {
        assert!(STEPS.contains(step), "{step}");
        // Whoever holds every office may act by the part or by one of them.
        if *who == "officer" {
            continue;
        }
        let from = of(situation);
        let to = if then.also.is_some() { from } else { then.state.unwrap_or(from) };
        let by = position(who, situation);
        by_hand.insert((action(step).to_value(), by, from.to_value(), to.to_value()));
    }
    let mut decides = BTreeSet::new();
    for line in LINES {
        let by = match line.by {
            By::Role => "role",
            By::Lead => "lead",
            By::OneOfSeveral => "one of several",
            By::CoHandler => "co-handler",
            By::System => continue,
        };
        for &from in line.from {
            let to = match line.next {
                Next::Stay => from,
                Next::To(next) => next,
            };
            decides.insert((line.action.to_value(), by, from.to_value(), to.to_value()));
        }
    }
    let missing: Vec<_> = by_hand.difference(&decides).collect();
    let more: Vec<_> = decides.difference(&by_hand).collect();
    assert!(missing.is_empty() && more.is_empty(), "by hand alone: {missing:?}; decides alone: {more:?}");
}

/// From which states a step is allowed, by hand.
fn allowed_from(cells: &Cells, step: &str) -> BTreeSet<String> {
    let of = |name: &str| state_of(name).to_value();
    let same = |one: &str| action(one) == action(step);
    cells.keys().filter(|(one, ..)| same(one)).map(|(_, situation, _)| of(situation)).collect()
}

/// What is wrong with a refusal, if anything.
fn wrong(
    cells: &Cells,
    at: (&'static str, &'static str, &'static str),
    now: TaskState,
    outcome: &Outcome,
) -> Option<String> {
    let (step, situation, who) = at;
    let told = |what: &str| Some(format!("{step} in {situation} by {who}: {what}: {outcome:?}"));
    let Outcome::Refused { code, error } = outcome else { return told("is done and should not be") };
    let good = ["FORBIDDEN", "STATE", "NOT_FOUND", "DUPLICATE", "UNAUTHENTICATED"];
    if !good.contains(&code.as_str()) {
        return told("is refused for another reason");
    }
    if OUTSIDE.contains(&who) {
        let blind = ["FORBIDDEN", "NOT_FOUND", "UNAUTHENTICATED"].contains(&code.as_str());
        return if blind { None } else { told("tells the state to who has no part in it") };
    }
    let may_elsewhere = cells.keys().any(|(one, _, other)| *one == step && *other == who);
    if BY_OFFICE.contains(&who) && may_elsewhere {
        let forbids = forbidden().contains(&at);
        if forbids != (code == "FORBIDDEN") || !forbids && code != "STATE" && code != "DUPLICATE" {
            return told(if forbids { "should be forbidden" } else { "should tell the state" });
        }
    }
    if code != "STATE" {
        return None;
    }
    let from = allowed_from(cells, step);
    let transition = error["__typename"] == "TransitionError";
    if !transition && !from.contains(&now.to_value()) {
        return told("the state forbids it, and a transition should say so");
    }
    // The state of the demand decides, where that is not accepted any more.
    if !transition || error["state"] == "REGISTERED" {
        return None;
    }
    let said: BTreeSet<String> =
        error["allowedFrom"].as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if error["state"] != now.to_value().as_str()
        || said != from
        || error["allowedRoles"] == Value::Array(vec![])
    {
        return told("tells another state, or other states that would allow it");
    }
    None
}

/// What is wrong with what was done, if anything.
fn follows(step: &str, then: &Then, before: &Rows, after: &Rows) -> Option<String> {
    let from = before.task.state;
    let to = then.state.unwrap_or(from);
    let mut expected = vec![(action(step), Some(from), if then.also.is_some() { from } else { to })];
    expected.extend(then.also.map(|also| (also, Some(from), to)));
    let raised = i32::try_from(expected.len()).unwrap_or_default();
    let events = since(after, before.task.version);
    let right = after.task.state == to
        && after.task.version == before.task.version + raised
        && after.events.len() == before.events.len() + expected.len()
        && after.events.starts_with(&before.events)
        && events == expected;
    let state = after.task.state;
    (!right).then(|| {
        format!("{state:?}, version {} after {}, {events:?}", after.task.version, before.task.version)
    })
}

/// Brings a task to a situation.
pub(super) async fn bring(cast: &Cast, situation: &str) -> (Case, Rows) {
    let (_, to, way) = situations().into_iter().find(|(name, ..)| *name == situation).expect("a situation");
    let scene = Case::new(cast).await;
    for (who, step) in way {
        scene.take(cast, who, step).await;
    }
    let rows = scene.rows(&cast.town.world).await;
    assert_eq!(rows.task.state, to, "{situation}");
    (scene, rows)
}

/// Everybody tries everything in one situation; tells what is not right.
async fn hold(cast: &Cast, cells: &Cells, situation: &'static str) -> (usize, Vec<String>) {
    let (scene, before) = bring(cast, situation).await;
    let state = before.task.state;
    let world = &cast.town.world;
    let (mut tried, mut found) = (0, Vec::new());
    // For whoever has no part in it one situation of a state is like another.
    let first =
        situations().into_iter().find(|(_, one, _)| *one == state).expect("a situation").0 == situation;
    for (who, _) in cast.people().filter(|(who, _)| first || !OUTSIDE.contains(who)) {
        let (may, may_not): (Vec<&'static str>, Vec<&'static str>) =
            STEPS.into_iter().partition(|step| cells.contains_key(&(*step, situation, who)));
        tried += STEPS.len();
        let stood = counts(world).await;
        for (step, outcome) in scene.try_all(cast, who, &may_not, &before).await {
            found.extend(wrong(cells, (step, situation, who), state, &outcome));
        }
        if counts(world).await != stood || scene.rows(world).await != before {
            found.push(format!("{who} in {situation}: something changed though all was refused"));
            scene.put_back(world, &before).await;
        }
        for step in may {
            let outcome = scene.try_all(cast, who, &[step], &before).await.remove(0).1;
            let after = scene.rows(world).await;
            if let Outcome::Refused { .. } = outcome {
                found.push(format!("{step} in {situation} by {who} is refused: {outcome:?}"));
            } else if let Some(what) = follows(step, &cells[&(step, situation, who)], &before, &after) {
                found.push(format!("{step} in {situation} by {who} ends in {what}"));
            }
            scene.put_back(world, &before).await;
        }
    }
    (tried, found)
}

async fn hold_all(of: impl Fn(TaskState) -> bool) {
    let (cast, cells) = (Cast::gather().await, cells());
    let (mut tried, mut found) = (0, Vec::new());
    for (situation, ..) in situations().into_iter().filter(|(_, state, _)| of(*state)) {
        let (more, wrong) = hold(&cast, &cells, situation).await;
        tried += more;
        found.extend(wrong);
    }
    println!("{tried} tries");
    let first = found.iter().take(40).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(found.is_empty(), "{} of {tried} tries are not as written:\n{first}", found.len());
}

#[tokio::test]
async fn before_work_begins_each_may_do_what_is_written_and_nothing_else() {
    hold_all(|state| matches!(state, TaskState::Pending | TaskState::Returned | TaskState::Dispatched)).await;
}

#[tokio::test]
async fn while_work_goes_on_each_may_do_what_is_written_and_nothing_else() {
    hold_all(|state| matches!(state, TaskState::InProgress | TaskState::Suspended)).await;
}

#[tokio::test]
async fn once_it_is_resolved_each_may_do_what_is_written_and_nothing_else() {
    hold_all(|state| matches!(state, TaskState::Resolved | TaskState::Closed | TaskState::Cancelled)).await;
}
