//! The matrix, line by line, on a running server.

use super::{
    acts,
    page::{Line, Opened, lines},
    stage::Stage,
    ways,
};
use futures_util::{StreamExt, stream};
use lianhu_tests::World;

/// What differs between a line and what its holder was shown.
fn differences(line: &Line, seen: &Opened) -> Vec<String> {
    let mut differences = Vec::new();
    let mut compare = |what: &str, expected: &str, shown: &str| {
        if expected != shown {
            differences.push(format!("{what}: expected “{expected}”, is “{shown}”"));
        }
    };
    compare("household", &line.opens.household, &seen.household);
    compare("enterprise", &line.opens.enterprise, &seen.enterprise);
    for (what, expected, shown) in
        [("also sees", &line.opens.sees, &seen.sees), ("may", &line.opens.may, &seen.may)]
    {
        let missing: Vec<_> = expected.difference(shown).map(String::as_str).collect();
        let more: Vec<_> = shown.difference(expected).map(String::as_str).collect();
        compare(&format!("{what}, missing"), "", &missing.join(" "));
        compare(&format!("{what}, too much"), "", &more.join(" "));
    }
    differences
}

/// What of a line is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// All of it.
    Whole,
    /// What is seen.
    Sees,
    /// The actions of one word.
    Does(&'a str),
}

/// What is wrong with a line on a server.
pub(super) async fn broken(world: &World, stage: &Stage, line: &Line, part: Part<'_>) -> Vec<String> {
    let person = stage.holder(line);
    let actor = person.actor.clone().at(world.endpoint());
    let (mut seen, mut wrong) = match part {
        Part::Whole | Part::Sees => ways::look(stage, person, &actor, line).await,
        Part::Does(_) => (line.opens.clone(), Vec::new()),
    };
    match part {
        Part::Sees => seen.may = line.opens.may.clone(),
        Part::Whole => {
            let (tried, more) = acts::act(world, stage, person, &actor, None).await;
            wrong.extend(more);
            seen.may = acts::words(&tried, &mut wrong);
            wrong.extend(acts::promises(stage, person, &actor, &tried).await);
        }
        Part::Does(only) => {
            let (tried, more) = acts::act(world, stage, person, &actor, Some(only)).await;
            wrong.extend(more);
            let may = acts::words(&tried, &mut wrong);
            seen.may.remove(only);
            seen.may.extend(may);
        }
    }
    wrong.extend(differences(line, &seen));
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_line_of_the_matrix_holds_by_every_way_in() {
    let lines = lines();
    let stage = Stage::set(&lines).await;
    let tried = stream::iter(&lines).map(async |line| {
        let wrong = broken(&stage.world, &stage, line, Part::Whole).await;
        (!wrong.is_empty()).then(|| format!("{}:\n    {}", line.name(), wrong.join("\n    ")))
    });
    let broken: Vec<_> = tried.buffer_unordered(6).filter_map(async |broken| broken).collect().await;
    assert!(broken.is_empty(), "{} of {} lines differ:\n{}", broken.len(), lines.len(), broken.join("\n"));
}
