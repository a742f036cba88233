//! Files of demands and of steps of tasks: a photo of what leaks, and of what was mended.

use super::act::{Town, demand, fine, refusal, step, task};
use lianhu_tests::Actor;
use serde_json::{Value, json};
use std::io::Cursor;

const FILES: &str =
    "attachments { id fileName mediaType url version demand { id } taskEvent { id action } visit { id } }";

/// A picture of one colour.
fn photo() -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let dots = image::RgbImage::from_pixel(24, 16, image::Rgb([200, 90, 40]));
    image::DynamicImage::ImageRgb8(dots).write_to(&mut bytes, image::ImageFormat::Jpeg).expect("a picture");
    bytes.into_inner()
}

async fn attach(actor: &Actor, record: Value, name: &str) -> Value {
    let upload = actor.send_file(name, None, &photo()).await;
    let input = json!({"record": record, "uploadIds": [upload]});
    actor.change("attachmentsAdd", "AttachmentsAddInput", FILES, input).await
}

/// What somebody is shown of the files of a demand, and of the steps of its task.
async fn shown(actor: &Actor, demand: &Value) -> Value {
    let query = "query($id: ID!) { demand(id: $id) { redactedFields attachments { id fileName }
        task { events(first: 50) { nodes { action attachments { id fileName } } } } } }";
    actor.ask(query, json!({"id": demand["id"]})).await.ok()["demand"].clone()
}

/// Names of files of the steps of an action; none where they are not shown.
fn of_step(seen: &Value, action: &str) -> Option<Vec<String>> {
    let events = seen["task"]["events"]["nodes"].as_array()?;
    let event = events.iter().find(|event| event["action"] == action)?;
    let files = event["attachments"].as_array()?;
    Some(files.iter().filter_map(|file| file["fileName"].as_str().map(str::to_owned)).collect())
}

fn names(files: &Value) -> Vec<&str> {
    files.as_array().into_iter().flatten().filter_map(|file| file["fileName"].as_str()).collect()
}

async fn status(actor: &Actor, url: &Value) -> u16 {
    actor.fetch(url.as_str().expect("a path"), &[]).await.status().as_u16()
}

/// The last step of a task.
async fn last(actor: &Actor, task: &Value) -> Value {
    let query = "query($id: ID!) { task(id: $id) { lastEvent { id action } } }";
    let id = actor.ask(query, json!({"id": task["id"]})).await.ok()["task"]["lastEvent"]["id"].clone();
    json!({"taskEventId": id})
}

#[tokio::test]
async fn what_leaks_is_shown_by_its_resident_and_what_was_mended_by_its_handler() {
    let town = Town::open().await;
    // The resident says it, and sends a photo along.
    let input = json!({"kind": "REQUEST", "channel": "APP", "field": "BASIC_LIVELIHOOD",
                       "target": {"householdId": town.home["id"]}, "content": "厨房水管漏水。"});
    let leak = fine(&demand(&town.resident, "demandRegister", input).await)["demand"].clone();
    let added = attach(&town.resident, json!({"demandId": leak["id"]}), "漏水.jpg").await;
    let file = fine(&added)["attachments"][0].clone();
    assert_eq!(
        (&file["demand"]["id"], &file["taskEvent"], &file["visit"]),
        (&leak["id"], &Value::Null, &Value::Null)
    );
    for reader in [&town.resident, &town.contact, &town.dispatcher, &town.supervisor, &town.leader] {
        assert_eq!(names(&shown(reader, &leak).await["attachments"]), ["漏水.jpg"]);
        assert_eq!(status(reader, &file["url"]).await, 200);
    }
    let others =
        [&town.water, &town.world.actor("enterprise").await, &town.world.actor("nancheng-admin").await];
    for other in others {
        assert_eq!(shown(other, &leak).await, Value::Null);
        assert_eq!(status(other, &file["url"]).await, 404);
    }
    // Nobody else adds to what somebody said.
    let theirs = attach(&town.supervisor, json!({"demandId": leak["id"]}), "另.jpg").await;
    assert_eq!(refusal(&theirs)["code"], "FORBIDDEN", "{theirs}");

    // The handler sees it with the task, and shows how far the work is, and what came of it.
    let made = town.accepted(&leak).await;
    let sent = step(&town.dispatcher, "taskDispatch", &made, town.to_water()).await;
    let claimed = step(&town.water, "taskClaim", &sent, json!({})).await;
    assert_eq!(status(&town.water, &file["url"]).await, 200);
    let told = step(&town.water, "taskProgress", &claimed, json!({"note": "已关阀。"})).await;
    let of_progress = last(&town.water, &told).await;
    let progress = attach(&town.water, of_progress.clone(), "关阀.jpg").await;
    let progress = fine(&progress)["attachments"][0].clone();
    assert_eq!(progress["taskEvent"]["action"], "PROGRESS");
    let more = attach(&town.resident, json!({"demandId": leak["id"]}), "还在漏.jpg").await;
    assert_eq!(names(&fine(&more)["attachments"]), ["漏水.jpg", "还在漏.jpg"], "while it is worked on");
    let resolved = step(&town.water, "taskResolve", &told, json!({"result": "已换新管。"})).await;
    let of_result = last(&town.water, &resolved).await;
    let result = attach(&town.water, of_result.clone(), "新管.jpg").await;
    let result = fine(&result)["attachments"][0].clone();

    // Offices see all of it; the resident what came of it, and nothing of what offices show each other.
    for office in [&town.dispatcher, &town.supervisor, &town.water] {
        let seen = shown(office, &leak).await;
        assert_eq!(of_step(&seen, "PROGRESS"), Some(vec!["关阀.jpg".to_owned()]), "{seen}");
        assert_eq!(of_step(&seen, "RESOLVE"), Some(vec!["新管.jpg".to_owned()]), "{seen}");
    }
    let own = shown(&town.resident, &leak).await;
    assert_eq!(of_step(&own, "PROGRESS"), None, "{own}");
    assert_eq!(of_step(&own, "RESOLVE"), Some(vec!["新管.jpg".to_owned()]), "{own}");
    assert_eq!(status(&town.resident, &result["url"]).await, 200);
    assert_eq!(status(&town.resident, &progress["url"]).await, 404);
    let node = "query($id: ID!) { node(id: $id) { id } }";
    let hidden = town.resident.ask(node, json!({"id": progress["id"]})).await.ok();
    assert_eq!(hidden["node"], Value::Null);

    // A step belongs to who took it; and what is over stays as it is.
    for other in [&town.dispatcher, &town.supervisor] {
        let theirs = attach(other, of_result.clone(), "另.jpg").await;
        assert_eq!(refusal(&theirs)["code"], "FORBIDDEN", "{theirs}");
    }
    let checked = task(
        &town.supervisor,
        "taskCheck",
        json!({"id": resolved["id"], "expectedVersion": resolved["version"],
                                                   "passed": true, "note": "现场看过。"}),
    );
    let checked = fine(&checked.await)["task"].clone();
    let of_check = last(&town.supervisor, &checked).await;
    fine(&attach(&town.supervisor, of_check, "现场.jpg").await);
    let judged = json!({"id": leak["id"], "settled": true, "satisfaction": "SATISFIED",
                        "expectedVersion": checked["demands"]["nodes"][0]["version"]});
    fine(&demand(&town.resident, "demandJudge", judged).await);
    let query =
        format!("query($id: ID!) {{ {} }}", super::act::TASK.replacen("task {", "task(id: $id) {", 1));
    let judged = town.dispatcher.ask(&query, json!({"id": made["id"]})).await.ok()["task"].clone();
    step(&town.dispatcher, "taskClose", &judged, json!({})).await;
    let late = attach(&town.water, of_result, "太晚.jpg").await;
    assert!(["FORBIDDEN", "STATE"].iter().any(|code| refusal(&late)["code"] == *code), "{late}");
    assert_eq!(status(&town.water, &file["url"]).await, 404, "what was said is seen while the task is open");
    assert_eq!(status(&town.resident, &result["url"]).await, 200);
    let gone = json!({"id": result["id"], "expectedVersion": 1});
    let kept = town.water.change("attachmentRemove", "AttachmentRemoveInput", "attachmentId", gone).await;
    assert!(!kept["errors"].as_array().expect("errors").is_empty(), "the ledger is not thinned out: {kept}");
}

#[tokio::test]
async fn whom_a_complaint_is_about_is_not_shown_its_pictures() {
    let town = Town::open().await;
    let input = json!({"kind": "COMPLAINT", "channel": "APP", "field": "GOVERNANCE", "target": {"householdId": town.home["id"]},
                       "aboutDepartmentId": town.water_office, "content": "水站态度差。"});
    let said = fine(&demand(&town.resident, "demandRegister", input).await)["demand"].clone();
    let added = attach(&town.resident, json!({"demandId": said["id"]}), "我家.jpg").await;
    let file = fine(&added)["attachments"][0].clone();
    let seen = shown(&town.water, &said).await;
    assert_eq!(seen["attachments"], Value::Null, "a picture may tell who took it: {seen}");
    let hidden = seen["redactedFields"].as_array().expect("names");
    assert!(hidden.contains(&json!("attachments")), "{seen}");
    assert_eq!(status(&town.water, &file["url"]).await, 404);
    assert_eq!(names(&shown(&town.dispatcher, &said).await["attachments"]), ["我家.jpg"]);

    // Withdrawn it takes no more; and what was attached can go no more, either.
    let withdrawn = json!({"id": said["id"], "expectedVersion": said["version"]});
    fine(&demand(&town.resident, "demandWithdraw", withdrawn).await);
    let late = attach(&town.resident, json!({"demandId": said["id"]}), "太晚.jpg").await;
    assert_eq!(refusal(&late)["code"], "STATE", "{late}");
}
