//! Whether the worlds would notice: each is shown under an altered table of rights, and somebody must see what is wrong.

use super::{Play, deal::Begins, oracle::seen_by};
use crate::rights::rows::generous;
use entity::kind::Role;
use lianhu::kernel::policy::{Dates, Opens, Policy, Relation, Resource, Sight};
use lianhu_tests::{World, ground};
use std::sync::Arc;

/// Tables that differ from the true one in one thing.
fn altered() -> Vec<(&'static str, Policy)> {
    let whole = Policy::default();
    let of = |role: Role, relation: Relation| {
        move |rule: &&mut lianhu::kernel::policy::Rule| {
            let household = matches!(rule.opens, Opens::See(Resource::Household, _));
            rule.role == role && rule.relation == relation && household
        }
    };
    let sight = |role, relation, sight| {
        let mut policy = whole.clone();
        let rule = policy.rules.iter_mut().find(of(role, relation)).expect("such a rule");
        rule.opens = Opens::See(Resource::Household, sight);
        policy
    };
    let mut without = whole.clone();
    without.rules.retain(|rule| {
        !(rule.role == Role::BranchSecretary && matches!(rule.opens, Opens::See(Resource::Assignment, _)))
    });
    vec![
        ("grants after their end", Policy { grants: Dates { from: true, until: false }, ..whole.clone() }),
        (
            "assignments before their first day",
            Policy { assignments: Dates { from: false, until: true }, ..whole.clone() },
        ),
        (
            "memberships after their end",
            Policy { memberships: Dates { from: true, until: false }, ..whole.clone() },
        ),
        ("out of office", Policy { in_office: false, ..whole.clone() }),
        ("emergencies after their hour", Policy { emergencies_close: false, ..whole.clone() }),
        ("contacts reach the place around", Policy { widened: vec![Relation::Contact], ..whole.clone() }),
        ("a leader as close as a contact", sight(Role::Leader, Relation::Region, Sight::CLOSE)),
        ("a grid worker as a desk", sight(Role::GridWorker, Relation::Region, Sight::DESK)),
        ("secretaries without assignments", without),
    ]
}

/// Who sees what is wrong under this table, the first who does.
async fn noticed_by(play: &Play, policy: Policy) -> Option<String> {
    let world = World::under(policy, Arc::clone(&play.world.ground), generous).await;
    world.state.clock.shift(play.world.state.clock.now().0 - world.state.clock.now().0);
    let mut noticed = None;
    for who in 0..play.model.people.len() {
        let mut looker = play.looker(who, &world);
        if looker.lists().await != seen_by(&play.model, who, play.today) {
            noticed = Some(looker.name);
            break;
        }
    }
    world.stop().await;
    noticed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_world_under_an_altered_table_of_rights_is_noticed() {
    let mut play = Play::begin(ground::seed().unwrap_or(20_261_124)).await;
    let mut left = altered();
    // What chance didn't deal in one round, it deals in another.
    for _ in 0..4 {
        if left.is_empty() {
            break;
        }
        play.deal(Begins::AnyDay).await;
        let right = noticed_by(&play, Policy::default()).await;
        assert_eq!(right, None, "under the true table everybody sees what is right");
        for (what, policy) in std::mem::take(&mut left) {
            match noticed_by(&play, policy.clone()).await {
                Some(who) => println!("{what}: {who}"),
                None => left.push((what, policy)),
            }
        }
    }
    let left: Vec<_> = left.into_iter().map(|(what, _)| what).collect();
    assert!(left.is_empty(), "LIANHU_SEED={}: nobody notices {left:?}", play.seed);
}
