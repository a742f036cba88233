//! A task that is offered to several: the first to claim it leads.

use super::act::{Town, refused, step};
use serde_json::json;

#[tokio::test]
async fn of_two_who_are_asked_the_first_to_claim_leads_and_the_other_is_told_so() {
    let town = Town::open().await;
    let demand = town.demanded("YELLOW", "进组的路下雨积水，孩子上学不方便。").await;
    let made = town.accepted(&demand).await;
    let mut dispatch = town.to_water();
    dispatch["leads"] = json!([{"departmentId": town.water_office}, {"departmentId": town.building_office}]);
    let sent = step(&town.dispatcher, "taskDispatch", &made, dispatch).await;
    assert!(sent["leadDepartment"].is_null(), "nobody leads yet: {sent}");
    let claimed = step(&town.building, "taskClaim", &sent, json!({})).await;
    assert_eq!(claimed["state"], "IN_PROGRESS");
    let late = refused(&town.water, "taskClaim", &claimed, json!({})).await;
    assert_eq!(late["code"], "STATE", "{late}");
    let parts = claimed["parts"].as_array().expect("parts");
    let lapsed = parts.iter().filter(|part| part["state"] == "LAPSED").count();
    assert_eq!((parts.len(), lapsed), (2, 1), "{claimed}");
}

#[tokio::test]
async fn the_clock_urges_at_half_and_at_the_deadline_once() {
    let town = Town::open().await;
    let demand = town.demanded("RED", "自来水停了两天，老人挑不动水。").await;
    let made = town.accepted(&demand).await;
    let sent = step(&town.dispatcher, "taskDispatch", &made, town.to_water()).await;
    let claimed = step(&town.water, "taskClaim", &sent, json!({})).await;
    let state = &town.world.state;
    let tick = async || {
        let ctx = lianhu::account::operator::ctx(&state.db, &state.vault, &state.clock, &state.identity);
        lianhu::task::upkeep::tick(&ctx).await.expect("the clock ticks")
    };
    tick().await;
    let events = "query($id: ID!) { task(id: $id) { id version state events(first: 50, where: { action: { eq: URGE } }) {
        nodes { automatic } } } }";
    let urged = async || {
        let seen = town.world.actor("supervisor").await.ask(events, json!({"id": claimed["id"]})).await.ok()
            ["task"]
            .clone();
        let nodes = seen["events"]["nodes"].as_array().expect("events").clone();
        assert!(nodes.iter().all(|event| event["automatic"] == true), "{seen}");
        (nodes.len(), seen)
    };
    assert_eq!(urged().await.0, 0);
    state.clock.shift(chrono::Duration::hours(13));
    let (one, other) = tokio::join!(tick(), tick());
    assert!(one + other >= 1);
    assert_eq!(urged().await.0, 1, "once, whoever ticks");
    state.clock.shift(chrono::Duration::hours(12));
    tick().await;
    tick().await;
    assert_eq!(urged().await.0, 2, "and once at the deadline");
}
