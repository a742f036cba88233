//! Whether the matrix notices: the table of rights is altered, a little each time, and some line must fail.
//! All of them: `bash tests/mutants`. A few in every run.

use super::{
    matrix::{Part, broken},
    page::{Line, lines},
    rows::generous,
    stage::Stage,
};
use async_graphql::resolver_utils::EnumType;
use futures_util::{StreamExt, stream};
use lianhu::kernel::policy::{Dates, May, Opens, Policy, Relation, Resource, Rule, Sight};
use lianhu_tests::{World, ground};
use sea_orm::ActiveEnum;
use std::sync::Arc;

/// An altered table, and where it should be noticed.
struct Mutant {
    what: String,
    policy: Policy,
    role: Option<String>,
    days: &'static [&'static str],
    may: Option<&'static str>,
}

/// Alterations that change nothing, and why.
const EQUIVALENT: [(&str, &str); 2] = [
    ("Everywhere reaches the place around", "there is no place around everywhere"),
    ("County reaches the place around", "no tie is of this kind: it is read off the others"),
];

const SIGHTS: [(&str, Sight); 4] =
    [("DESK", Sight::DESK), ("PLAIN", Sight::PLAIN), ("SERVED", Sight::SERVED), ("CLOSE", Sight::CLOSE)];

const RELATIONS: [Relation; 9] = [
    Relation::Everywhere,
    Relation::Region,
    Relation::Branch,
    Relation::Department,
    Relation::Own,
    Relation::Contact,
    Relation::PlaceContact,
    Relation::County,
    Relation::Emergency,
];

const ENDED: &[&str] = &["until yesterday", "revoked"];
const LATER: &[&str] = &["from tomorrow"];

fn word(may: May) -> &'static str {
    May::items().iter().find(|item| item.value == may).map_or("", |item| item.name)
}

fn spell(rule: Rule) -> String {
    let opens = match rule.opens {
        Opens::See(resource, _) => format!("{resource:?}"),
        Opens::Do(may) => word(may).to_owned(),
    };
    format!("{}, {:?}: {opens}", rule.role.to_value(), rule.relation)
}

/// Every table that differs from the true one in one thing.
fn mutants() -> Vec<Mutant> {
    let whole = Policy::default();
    let mut mutants = Vec::new();
    for (n, rule) in whole.rules.iter().enumerate() {
        let role = rule.role.to_value();
        let may = match rule.opens {
            Opens::Do(may) => Some(word(may)),
            Opens::See(..) => None,
        };
        let one =
            |what: String, policy: Policy| Mutant { what, policy, role: Some(role.clone()), days: &[], may };
        let mut policy = whole.clone();
        policy.rules.remove(n);
        mutants.push(one(format!("without {}", spell(*rule)), policy));
        // Of other records it is only asked whether they are seen at all.
        let Opens::See(resource @ (Resource::Household | Resource::Enterprise), sight) = rule.opens else {
            continue;
        };
        for (name, other) in SIGHTS.into_iter().filter(|(_, other)| *other != sight) {
            let mut policy = whole.clone();
            policy.rules[n].opens = Opens::See(resource, other);
            mutants.push(one(format!("{} as {name}", spell(*rule)), policy));
        }
    }
    for relation in RELATIONS {
        let policy = Policy { widened: vec![relation], ..whole.clone() };
        let what = format!("{relation:?} reaches the place around");
        mutants.push(Mutant { what, policy, role: None, days: &["today", "emergency next door"], may: None });
    }
    let (no_start, no_end) = (Dates { from: false, until: true }, Dates { from: true, until: false });
    for (what, days, policy) in [
        ("grants before their first day", LATER, Policy { grants: no_start, ..whole.clone() }),
        ("grants after their end", ENDED, Policy { grants: no_end, ..whole.clone() }),
        ("assignments before their first day", LATER, Policy { assignments: no_start, ..whole.clone() }),
        ("assignments after their end", ENDED, Policy { assignments: no_end, ..whole.clone() }),
        ("out of office", &["out of office"], Policy { in_office: false, ..whole.clone() }),
        (
            "memberships before their first day",
            &["member joins tomorrow"],
            Policy { memberships: no_start, ..whole.clone() },
        ),
        ("memberships after their end", &["member left"], Policy { memberships: no_end, ..whole.clone() }),
        ("emergencies after their hour", &["emergency over"], Policy { emergencies_close: false, ..whole }),
    ] {
        mutants.push(Mutant { what: what.to_owned(), policy, role: None, days, may: None });
    }
    mutants
}

impl Mutant {
    /// Whether the line is asked: those of the role, or of the days, that were altered.
    fn concerns(&self, line: &Line) -> bool {
        self.role.as_ref().is_none_or(|role| *role == line.role)
            && (self.days.is_empty() || self.days.contains(&line.day.as_str()))
    }

    /// The line that notices, and by what.
    async fn killed_by(&self, stage: &Stage, lines: &[Line]) -> Option<String> {
        let world = World::under(self.policy.clone(), Arc::clone(&stage.world.ground), generous).await;
        let part = self.may.map_or(Part::Sees, Part::Does);
        let mut killer = None;
        for line in lines.iter().filter(|line| self.concerns(line)) {
            let wrong = broken(&world, stage, line, part).await;
            if let Some(first) = wrong.first() {
                killer = Some(format!("{}: {first}", line.name()));
                break;
            }
        }
        world.stop().await;
        killer
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_altered_in_the_table_of_rights_some_line_of_the_matrix_notices() {
    let lines = lines();
    let stage = Stage::set(&lines).await;
    let mut mutants = mutants();
    let all = mutants.len();
    mutants.retain(|mutant| EQUIVALENT.iter().all(|(what, _)| *what != mutant.what));
    assert_eq!(mutants.len() + EQUIVALENT.len(), all, "each that is excused exists");
    if !ground::long() {
        // One of each kind that is not a line of the table, and some that are.
        let mut n = 0;
        mutants.retain(|mutant| {
            n += 1;
            mutant.role.is_none() || n % 12 == 0
        });
    }
    let tried = stream::iter(&mutants)
        .map(async |mutant| (mutant, mutant.killed_by(&stage, &lines).await))
        .buffer_unordered(4);
    let tried: Vec<_> = tried.collect().await;
    for (mutant, killer) in &tried {
        println!(
            "{}\n    {}",
            mutant.what,
            killer.as_deref().unwrap_or("SURVIVED: no line of the matrix notices")
        );
    }
    for (what, why) in EQUIVALENT {
        println!("{what}\n    not tried: {why}");
    }
    let killed = tried.iter().filter(|(_, killer)| killer.is_some()).count();
    println!("{} mutants, {killed} killed", tried.len());
    let survivors: Vec<_> =
        tried.iter().filter(|(_, killer)| killer.is_none()).map(|(mutant, _)| &mutant.what).collect();
    assert!(survivors.is_empty(), "no line of the matrix notices: {survivors:#?}");
}
