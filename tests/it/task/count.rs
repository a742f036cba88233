//! How many statements the questions of an office's day take: as many for a page as for a few rows.

use super::act::{self, Town, fine, step};
use lianhu_tests::{Actor, World};
use serde_json::{Value, json};

/// W2: a page of the ledger.
const LEDGER: &str = include_str!("../../../client-schema/operations/bench/ledger-page.graphql");
/// W3: one household in full.
const HOUSEHOLD: &str = include_str!("../../../client-schema/operations/bench/household.graphql");
/// W6: claim, progress, resolve.
const MOVE: &str = include_str!("../../../client-schema/operations/bench/move-task.graphql");
/// The page of a ledger with everything that stands in its columns.
const COLUMNS: &str = "query($first: Int!) { tasks(first: $first) { nodes { id number state title
    urgency dueAt overdue amber returns leader { name } leadDepartment { name } leadCadre { name }
    household { id number headName } category { name } lastEvent { action at automatic }
    demands(first: 1) { totalCount } } } }";

/// The answer, and the fewest statements of three tries: the server's own pulse may fall into one of them.
async fn fewest(world: &World, actor: &Actor, query: &str, variables: Value) -> (Value, u64) {
    let (mut answer, mut fewest) = (Value::Null, u64::MAX);
    for _ in 0..3 {
        let (given, statements) = world.statements(actor.ask(query, variables.clone())).await;
        answer = given.ok();
        fewest = fewest.min(statements);
    }
    (answer, fewest)
}

fn rows(answer: &Value) -> &[Value] {
    answer["tasks"]["nodes"].as_array().map_or(&[], Vec::as_slice)
}

#[tokio::test]
async fn a_page_of_the_ledger_takes_as_many_statements_for_fifty_tasks_as_for_five() {
    let world = World::demo().await;
    for name in ["dispatcher", "supervisor", "town-admin", "leader"] {
        let actor = world.actor(name).await;
        let open = json!({"where": {"urgency": {"in": ["RED", "ORANGE", "YELLOW", "BLUE"]}}});
        for (query, variables) in [(LEDGER, open), (COLUMNS, json!({}))] {
            let ask = |first: u32| {
                let mut variables = variables.clone();
                variables["first"] = json!(first);
                fewest(&world, &actor, query, variables)
            };
            let (few, for_few) = ask(5).await;
            let (many, for_many) = ask(50).await;
            assert_eq!(
                (rows(&few).len(), rows(&many).len()),
                (5, 50),
                "{name}: the town has a season of work"
            );
            let with = |field: &str| rows(&many).iter().filter(|row| !row[field].is_null()).count();
            assert!(with("leader") > 5 && with("leadDepartment") > 2 && with("lastEvent") == 50, "{name}");
            assert_eq!(for_few, for_many, "{name}: statements for 5 and for 50");
            assert!(for_many <= 8, "{name}: {for_many} statements");
        }
    }
}

#[tokio::test]
async fn one_household_in_full_takes_ten_statements_at_the_most() {
    let world = World::demo().await;
    let contact = world.actor("contact").await;
    let all = contact.get("{ households(first: 20) { nodes { id } } }").await;
    let homes = all["households"]["nodes"].as_array().expect("households");
    let (mut most, mut full) = (0, 0);
    for home in homes {
        let (answer, statements) = fewest(&world, &contact, HOUSEHOLD, json!({"id": home["id"]})).await;
        let household = &answer["household"];
        let some = |list: &str| household[list]["nodes"].as_array().is_some_and(|rows| !rows.is_empty());
        assert!(some("members") && some("contactAssignments"), "{household}");
        full += usize::from(some("visits") && some("demands") && some("tasks"));
        most = most.max(statements);
    }
    assert!(full > 0, "some have visits, demands and tasks");
    assert!(most <= 10, "{most} statements");
}

#[tokio::test]
async fn a_handler_moves_a_task_from_claim_to_result_with_one_document() {
    let town = Town::open().await;
    let demand = town.demanded("YELLOW", "渠道渗水。").await;
    let made = town.accepted(&demand).await;
    let sent = step(&town.dispatcher, "taskDispatch", &made, town.to_water()).await;
    let version = sent["version"].as_i64().expect("a version");
    let input = |later: i64, more: Value| {
        let mut input = json!({"idempotencyKey": lianhu_tests::key(), "id": sent["id"], "expectedVersion": version + later});
        input.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        input
    };
    let variables = json!({"claim": input(0, json!({})), "progress": input(1, json!({"note": "已查漏"})),
                           "resolve": input(2, json!({"result": "已补好"}))});
    let moved = town.water.ask(MOVE, variables).await.ok();
    for mutation in ["taskClaim", "taskProgress"] {
        fine(&moved[mutation]);
    }
    let resolved = &fine(&moved["taskResolve"])["task"];
    assert_eq!((&resolved["state"], &resolved["version"]), (&json!("RESOLVED"), &json!(version + 3)));
    let late = act::refused(&town.water, "taskProgress", resolved, json!({"note": "再说一句"})).await;
    assert_eq!(late["state"], "RESOLVED", "{late}");
}
