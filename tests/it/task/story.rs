//! One story, from a visit to a struck-off task.

use super::act::{Town, demand, fine, refused, step, task};
use serde_json::{Value, json};

/// The task as the viewer sees it, with its whole ledger.
const WHOLE: &str =
    "query($id: ID!) { task(id: $id) { number state title content result measures household { id headName }
    leader { name } leadDepartment { name } redactedFields
    demands(first: 10) { nodes { id content feedbacks { round settled satisfaction comment } } }
    events(first: 100) { nodes { step action fromState toState note automatic cadre { name } at } } } }";

#[tokio::test]
async fn a_visit_ends_in_a_struck_off_task_and_the_ledger_tells_every_step() {
    let town = Town::open().await;
    let began = (town.world.state.clock.now().0 - chrono::Duration::hours(1)).to_rfc3339();
    // The contact visits, and writes down two things.
    let visit = json!({"method": "DOOR", "target": {"householdId": town.home["id"]}, "beganAt": began,
        "summary": "老两口说水管漏水，还问高龄补贴怎么办。",
        "demands": [
            {"kind": "REQUEST", "field": "BASIC_LIVELIHOOD", "urgency": "RED", "content": "厨房水管漏水，自来水时断时续。"},
            {"kind": "APPLICATION", "field": "BASIC_LIVELIHOOD", "content": "想了解高龄补贴怎么申请。"}]});
    let selection = "visit { id demands(first: 10) { nodes { id version content state } } }";
    let visited = town.contact.change("visitRecord", "VisitRecordInput", selection, visit).await;
    let heard = fine(&visited)["visit"]["demands"]["nodes"].as_array().cloned().expect("demands");
    assert_eq!(heard.len(), 2, "{visited}");
    let named = |word: &str| {
        let one = heard.iter().find(|one| one["content"].as_str().is_some_and(|text| text.contains(word)));
        one.cloned().expect("the demand")
    };
    let (leak, allowance) = (named("水管"), named("补贴"));

    // One is settled on the spot, the other accepted as RED.
    let settled =
        json!({"id": allowance["id"], "expectedVersion": 1, "answer": "已当面说明条件，并帮助填写申请表。"});
    let settled = demand(&town.contact, "demandSettle", settled).await;
    assert_eq!(fine(&settled)["demand"]["state"], "SETTLED");
    let made = town.accepted(&leak).await;
    assert_eq!(made["state"], "PENDING");

    // Dispatched to the water office, with another office to help; returned once, dispatched again.
    let mut dispatch = town.to_water();
    dispatch["coHandlers"] = json!([{"handler": {"departmentId": town.building_office}}]);
    dispatch["milestones"] = json!([]);
    let sent = step(&town.dispatcher, "taskDispatch", &made, dispatch.clone()).await;
    assert_eq!(sent["state"], "DISPATCHED");
    assert!(sent["leadDepartment"]["name"].as_str().is_some_and(|name| name.ends_with("水务站")), "{sent}");
    let back = step(&town.water, "taskReturn", &sent, json!({"note": "管段属供水公司，先核实产权。"})).await;
    assert_eq!((&back["state"], &back["returns"]), (&json!("RETURNED"), &json!(1)));
    let sent = step(&town.dispatcher, "taskDispatch", &back, dispatch).await;
    let claimed = step(&town.water, "taskClaim", &sent, json!({})).await;
    assert_eq!(claimed["state"], "IN_PROGRESS");
    let helped = step(&town.building, "taskClaim", &claimed, json!({})).await;
    let told = step(&town.water, "taskProgress", &helped, json!({"note": "已关阀，待换管。"})).await;

    // Not resolved before the other office is done.
    let early = refused(&town.water, "taskResolve", &told, json!({"result": "已修好。"})).await;
    assert_eq!(early["code"], "STATE", "{early}");
    let part = step(&town.building, "taskPartComplete", &told, json!({"answer": "已批准开挖。"})).await;

    // Delayed with leave.
    let due =
        chrono::DateTime::parse_from_rfc3339(part["dueAt"].as_str().expect("a moment")).expect("a moment");
    let later = (due + chrono::Duration::days(4)).format("%Y-%m-%d").to_string();
    let asked =
        step(&town.water, "extensionAsk", &part, json!({"untilOn": later, "reason": "等配件到货。"})).await;
    let granted =
        step(&town.leader, "leaveDecide", &asked, json!({"kind": "EXTENSION", "grant": true})).await;
    assert_eq!(granted["extensions"], 1);

    // Resolved; the resident is not satisfied, and it is done again.
    let resolved = step(&town.water, "taskResolve", &granted, json!({"result": "已换新管。"})).await;
    assert_eq!(resolved["state"], "RESOLVED");
    let of_resident = resolved["demands"]["nodes"][0].clone();
    let judge = |demand: &Value, settled: bool, satisfaction: &str, comment: &str| {
        json!({"id": demand["id"], "expectedVersion": demand["version"], "settled": settled,
               "satisfaction": satisfaction, "comment": comment})
    };
    let bad = judge(&of_resident, false, "DISSATISFIED", "晚上还是漏。");
    fine(&demand(&town.resident, "demandJudge", bad).await);
    let query =
        format!("query($id: ID!) {{ {} }}", super::act::TASK.replacen("task {", "task(id: $id) {", 1));
    let again = town.water.ask(&query, json!({"id": made["id"]})).await.ok()["task"].clone();
    assert_eq!((&again["state"], &again["round"]), (&json!("DISPATCHED"), &json!(1)), "{again}");
    let again = step(&town.water, "taskClaim", &again, json!({})).await;
    let resolved = step(&town.water, "taskResolve", &again, json!({"result": "接头重做，试压合格。"})).await;
    let early = refused(&town.dispatcher, "taskClose", &resolved, json!({})).await;
    assert_eq!(early["code"], "STATE", "nobody has judged it yet: {early}");
    let of_resident = resolved["demands"]["nodes"][0].clone();
    fine(
        &demand(&town.resident, "demandJudge", judge(&of_resident, true, "SATISFIED", "好了，谢谢。")).await,
    );
    let judged = town.dispatcher.ask(&query, json!({"id": made["id"]})).await.ok()["task"].clone();
    let handler = refused(&town.water, "taskClose", &judged, json!({})).await;
    assert_eq!(handler["code"], "FORBIDDEN", "{handler}");
    let closed = step(&town.dispatcher, "taskClose", &judged, json!({})).await;
    assert_eq!(closed["state"], "CLOSED");

    // The ledger tells every step; the resident sees what is theirs.
    let whole = town.supervisor.ask(WHOLE, json!({"id": made["id"]})).await.ok()["task"].clone();
    let events = whole["events"]["nodes"].as_array().expect("events");
    let actions: Vec<&str> = events.iter().filter_map(|event| event["action"].as_str()).collect();
    assert_eq!(
        actions,
        [
            "CREATE",
            "DISPATCH",
            "RETURN",
            "DISPATCH",
            "CLAIM",
            "CLAIM",
            "PROGRESS",
            "COMPLETE_PART",
            "ASK_EXTENSION",
            "GRANT_EXTENSION",
            "RESOLVE",
            "JUDGE",
            "REOPEN",
            "CLAIM",
            "RESOLVE",
            "JUDGE",
            "CLOSE"
        ]
    );
    let steps: Vec<i64> = events.iter().filter_map(|event| event["step"].as_i64()).collect();
    assert!(steps.iter().copied().eq(1..=17), "one event for each version: {steps:?}");
    let own = town.resident.ask(WHOLE, json!({"id": made["id"]})).await.ok()["task"].clone();
    assert_eq!(own["redactedFields"], json!(["content", "measures", "requests"]), "{own}");
    assert_eq!(own["result"], "接头重做，试压合格。");
    assert_eq!(own["measures"], Value::Null);
    let notes = own["events"]["nodes"].as_array().expect("events");
    assert!(notes.iter().all(|event| event["note"].is_null()), "what offices write to each other: {own}");
    let gone = town.water.ask(WHOLE, json!({"id": made["id"]})).await.ok()["task"].clone();
    assert_eq!(gone["household"], Value::Null, "a handler sees the household while the task is open");
    assert_eq!(gone["demands"]["nodes"], json!([]));
    let twice =
        task(&town.dispatcher, "taskClose", json!({"id": made["id"], "expectedVersion": closed["version"]}));
    assert_eq!(twice.await["errors"][0]["state"], "CLOSED");
}
