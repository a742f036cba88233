//! Turns that a task may take: contested, handed up in the middle, with several parts in one hand.

use super::{
    act::{self, step},
    cast::Cast,
    scene::since,
    table::bring,
};
use chrono::Duration;
use entity::kind::{PartState, TaskAction, TaskRequestState, TaskState};
use serde_json::{Value, json};

#[tokio::test]
async fn what_was_contested_is_open_again_and_judged_by_none_of_its_handlers() {
    let cast = Cast::gather().await;
    let town = &cast.town;
    let own = "{ viewer { cadre { id } } }";
    let supervisor = town.supervisor.get(own).await["viewer"]["cadre"]["id"].clone();
    let demand = town.demanded("YELLOW", "水渠渗水，浇不到地。").await;
    let made = town.accepted(&demand).await;
    let mut dispatch = town.to_water();
    dispatch["coHandlers"] = json!([{"handler": {"cadreId": supervisor}}]);
    let sent = step(&town.dispatcher, "taskDispatch", &made, dispatch).await;
    let claimed = step(&town.water, "taskClaim", &sent, json!({})).await;
    let helped = step(&town.supervisor, "taskClaim", &claimed, json!({})).await;
    let done = step(&town.supervisor, "taskPartComplete", &helped, json!({"answer": "已协调"})).await;
    let resolved = step(&town.water, "taskResolve", &done, json!({"result": "已补漏"})).await;
    let checked =
        step(cast.actor("examiner"), "taskCheck", &resolved, json!({"passed": true, "note": "属实"})).await;
    let closed = step(&town.dispatcher, "taskClose", &checked, json!({})).await;
    assert!(closed["closedAt"].is_string(), "{closed}");
    let contested = step(&town.resident, "taskContest", &closed, json!({"note": "还是渗水"})).await;
    assert_eq!((&contested["state"], &contested["closedAt"]), (&json!("RESOLVED"), &Value::Null));
    let query = format!("query($id: ID!) {{ {} }}", act::TASK.replacen("task {", "task(id: $id) {", 1));
    let now = town.dispatcher.ask(&query, json!({"id": made["id"]})).await.ok()["task"].clone();
    for (mutation, more) in [
        ("taskCheck", json!({"passed": true, "note": "属实"})),
        ("taskCheck", json!({"passed": false, "note": "不属实"})),
        ("taskCallNote", json!({})),
        ("taskClose", json!({})),
    ] {
        let told = act::refused(&town.supervisor, mutation, &now, more).await;
        assert_eq!(
            (&told["code"], &told["requires"]),
            (&json!("FORBIDDEN"), &json!(["NOT_HANDLER"])),
            "{told}"
        );
    }
    step(cast.actor("examiner"), "taskCheck", &now, json!({"passed": true, "note": "属实"})).await;
}

#[tokio::test]
async fn another_round_after_a_contest_is_struck_off_like_any_other() {
    let cast = Cast::gather().await;
    let (scene, _) = bring(&cast, "contested").await;
    let (code, error) = scene.refused(&cast, "supervisor", "REOPEN").await;
    assert_eq!((code.as_str(), &error["requires"]), ("FORBIDDEN", &json!(["ANOTHER_PERSON"])), "{error}");
    scene.take(&cast, "examiner", "REOPEN").await;
    scene.take(&cast, "lead", "CLAIM").await;
    scene.take(&cast, "lead", "RESOLVE").await;
    scene.take(&cast, "resident", "JUDGE well").await;
    scene.take(&cast, "neighbour", "JUDGE well").await;
    let rows = scene.take(&cast, "supervisor", "CLOSE").await;
    assert_eq!((rows.task.round, rows.task.state), (1, TaskState::Closed));
}

#[tokio::test]
async fn what_was_asked_of_a_leader_lapses_when_the_task_is_handed_up() {
    let cast = Cast::gather().await;
    for (situation, ask) in [("extension", "ASK_EXTENSION"), ("pause", "ASK_SUSPENSION")] {
        let (scene, _) = bring(&cast, situation).await;
        let rows = scene.take(&cast, "lead", "ESCALATE").await;
        let states: Vec<TaskRequestState> = rows.requests.iter().map(|row| row.state).collect();
        assert_eq!(states, [TaskRequestState::Lapsed], "{situation}");
        scene.take(&cast, "county-admin", "DISPATCH").await;
        scene.take(&cast, "lead", "CLAIM").await;
        scene.take(&cast, "lead", ask).await;
    }
}

#[tokio::test]
async fn whoever_handles_for_two_offices_claims_and_completes_the_part_of_each() {
    let cast = Cast::gather().await;
    let town = &cast.town;
    let helper = town.building.get("{ viewer { cadre { id } } }").await["viewer"]["cadre"]["id"].clone();
    let demand = town.demanded("YELLOW", "桥面有洞。").await;
    let made = town.accepted(&demand).await;
    let mut dispatch = town.to_water();
    dispatch["coHandlers"] =
        json!([{"handler": {"departmentId": town.building_office}}, {"handler": {"cadreId": helper}}]);
    let sent = step(&town.dispatcher, "taskDispatch", &made, dispatch).await;
    let mut now = step(&town.water, "taskClaim", &sent, json!({})).await;
    for (mutation, more) in [("taskClaim", json!({})), ("taskPartComplete", json!({"answer": "已批准"}))] {
        for _ in 0..2 {
            now = step(&town.building, mutation, &now, more.clone()).await;
        }
        let told = act::refused(&town.building, mutation, &now, more).await;
        assert_eq!(told["code"], "STATE", "{told}");
    }
    let states: Vec<&Value> =
        now["parts"].as_array().expect("parts").iter().map(|part| &part["state"]).collect();
    assert_eq!(states, ["CLAIMED", "DONE", "DONE"], "{now}");
    step(&town.water, "taskResolve", &now, json!({"result": "已补好"})).await;
}

#[tokio::test]
async fn what_the_clock_struck_off_and_somebody_contested_is_not_struck_off_by_the_clock_again() {
    let cast = Cast::gather().await;
    let (scene, _) = bring(&cast, "resolved").await;
    let state = &cast.town.world.state;
    let tick = async || {
        let ctx = lianhu::account::operator::ctx(&state.db, &state.vault, &state.clock, &state.identity);
        lianhu::task::upkeep::tick(&ctx).await.expect("the clock ticks");
        scene.rows(&cast.town.world).await
    };
    // What was asked a week ago, and nobody has said anything.
    let aged = async || {
        let mut rows = scene.rows(&cast.town.world).await;
        let before = |at: entity::scalar::DateTime| entity::scalar::DateTime::new(at.0 - Duration::days(8));
        rows.task.asked_at = rows.task.asked_at.map(before);
        scene.put_back(&cast.town.world, &rows).await;
        rows
    };
    let resolved = aged().await;
    let closed = tick().await;
    assert_eq!((closed.task.state, closed.task.closed_silently), (TaskState::Closed, true));
    let events = since(&closed, resolved.task.version);
    assert_eq!(events, [(TaskAction::Close, Some(TaskState::Resolved), TaskState::Closed)]);
    scene.take(&cast, "resident", "CONTEST").await;
    for _ in 0..2 {
        scene.take(&cast, "supervisor", "ASK_FEEDBACK").await;
    }
    let asked = aged().await;
    assert!(asked.task.asked_at.is_some() && asked.parts.iter().any(|part| part.state == PartState::Done));
    assert_eq!(tick().await.task.state, TaskState::Resolved, "another person checks it");
    scene.take(&cast, "examiner", "CHECK").await;
    let made = scene.take(&cast, "dispatcher", "CLOSE").await;
    assert_eq!(made.task.state, TaskState::Closed);
}

#[tokio::test]
async fn what_was_returned_twice_is_the_leaders_to_send_out_and_each_is_told_so() {
    let cast = Cast::gather().await;
    let can = async |who: &str, task: &str| {
        let query = "query($id: ID!) { task(id: $id) { viewerCan { dispatch { allowed requires } } } }";
        let told = cast.actor(who).ask(query, json!({"id": task})).await.ok();
        told["task"]["viewerCan"]["dispatch"].clone()
    };
    for (situation, may, may_not, role) in
        [("returned", "dispatcher", "leader", "DISPATCHER"), ("twice", "leader", "dispatcher", "LEADER")]
    {
        let (scene, _) = bring(&cast, situation).await;
        let id = scene.task.to_string();
        assert_eq!(can(may, &id).await["allowed"], true, "{may} in {situation}");
        let told = can(may_not, &id).await;
        let requires = told["requires"].as_array().cloned().unwrap_or_default();
        assert!(
            told["allowed"] == false && requires.contains(&json!(role)),
            "{may_not} in {situation}: {told}"
        );
        let (code, error) = scene.refused(&cast, may_not, "DISPATCH").await;
        assert_eq!((code.as_str(), &error["requires"]), ("FORBIDDEN", &told["requires"]), "{error}");
        scene.take(&cast, may, "DISPATCH").await;
    }
}
