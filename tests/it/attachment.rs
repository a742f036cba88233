//! Files attached to records: what may be attached, who attaches and fetches, what is left of a photo, how much, and how it
//! all goes again.

mod bucket;
mod content;
mod safe;

use entity::{attachment, id::AttachmentId, visit};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use lianhu_tests::{Actor, World};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use std::io::Cursor;

/// What is asked of a file.
const FILE: &str =
    "id fileName mediaType bytes width height createdAt url thumbnailUrl version visit { id } diary { id }";
const RED: Rgb<u8> = Rgb([220, 30, 30]);
const BLUE: Rgb<u8> = Rgb([30, 30, 220]);

/// A picture, its left half red, its right half blue.
fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let dots = RgbImage::from_fn(width, height, |x, _| if x < width / 2 { RED } else { BLUE });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(dots).write_to(&mut bytes, format).expect("a picture");
    bytes.into_inner()
}

fn jpeg() -> Vec<u8> {
    picture(96, 64, ImageFormat::Jpeg)
}

const PDF: &[u8] = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n";

/// The household that resident and contact share.
async fn home(world: &World) -> Value {
    let resident = world.actor("resident").await;
    resident.get("{ households { nodes { id version } } }").await["households"]["nodes"][0].clone()
}

/// A visit that was just recorded; what `attachmentsAdd` calls it.
async fn visit(world: &World, actor: &Actor, home: &Value) -> Value {
    let began = (world.state.clock.now().0 - chrono::Duration::hours(2)).to_rfc3339();
    let input = json!({"method": "DOOR", "target": {"householdId": home["id"]}, "beganAt": began});
    let made = actor.change("visitRecord", "VisitRecordInput", "visit { id }", input).await;
    assert_eq!(made["errors"], json!([]), "{made}");
    json!({"visitId": made["visit"]["id"]})
}

async fn add(actor: &Actor, record: &Value, uploads: &[String]) -> Value {
    add_under(actor, record, uploads, &lianhu_tests::key()).await
}

async fn add_under(actor: &Actor, record: &Value, uploads: &[String], key: &str) -> Value {
    let input = json!({"record": record, "uploadIds": uploads, "idempotencyKey": key});
    actor.change("attachmentsAdd", "AttachmentsAddInput", &format!("attachments {{ {FILE} }}"), input).await
}

async fn remove(actor: &Actor, file: &Value, version: i32) -> Value {
    let input = json!({"id": file["id"], "expectedVersion": version});
    actor.change("attachmentRemove", "AttachmentRemoveInput", "attachmentId", input).await
}

/// Sends a file in and attaches it; gives all files of the record.
async fn attach(actor: &Actor, record: &Value, name: &str, bytes: &[u8]) -> Value {
    let upload = actor.send_file(name, None, bytes).await;
    let made = add(actor, record, &[upload]).await;
    assert_eq!(made["errors"], json!([]), "{name}: {made}");
    made["attachments"].clone()
}

/// The files of a visit, as somebody sees them.
async fn files(actor: &Actor, record: &Value) -> Value {
    let ask = format!("query($id: ID!) {{ visit(id: $id) {{ redactedFields attachments {{ {FILE} }} }} }}");
    actor.ask(&ask, json!({"id": record["visitId"]})).await.ok()["visit"].clone()
}

async fn bytes(actor: &Actor, url: &Value) -> (u16, Vec<u8>) {
    let answer = actor.fetch(url.as_str().expect("a path"), &[]).await;
    (answer.status().as_u16(), answer.bytes().await.expect("a body").to_vec())
}

fn uuid(id: &Value) -> uuid::Uuid {
    entity::id::read(id.as_str().expect("an id")).expect("an id").1
}

async fn row(world: &World, file: &Value) -> Option<attachment::Model> {
    let id = AttachmentId(uuid(&file["id"]));
    attachment::Entity::find_by_id(id).one(world.state.db.read()).await.expect("a row")
}

/// Files in the store, by their keys.
fn stored(world: &World) -> Vec<String> {
    fn walk(folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                walk(&entry.path(), found);
            } else {
                found.push(entry.path().display().to_string());
            }
        }
    }
    let mut found = Vec::new();
    walk(&world.ground.store().join("attachments"), &mut found);
    found.sort();
    found
}

#[tokio::test]
async fn a_photo_of_a_visit_is_seen_and_fetched_by_those_who_read_the_visit_and_by_nobody_else() {
    let world = World::demo().await;
    let home = home(&world).await;
    let contact = world.actor("contact").await;
    let record = visit(&world, &contact, &home).await;
    let upload = contact.send_file("屋顶 漏雨.JPG", Some("image/jpeg"), &jpeg()).await;
    let made = add(&contact, &record, std::slice::from_ref(&upload)).await;
    assert_eq!(made["errors"], json!([]), "{made}");
    let file = &made["attachments"][0];
    assert_eq!((&file["fileName"], &file["mediaType"]), (&json!("屋顶 漏雨.JPG"), &json!("image/jpeg")));
    assert_eq!((&file["width"], &file["height"], &file["version"]), (&json!(96), &json!(64), &json!(1)));
    assert_eq!((&file["visit"]["id"], &file["diary"]), (&record["visitId"], &Value::Null));
    let taken = contact.ask("query($id: ID!) { node(id: $id) { id } }", json!({"id": upload})).await.ok();
    assert_eq!(taken["node"], Value::Null, "the upload was taken up");

    let url = file["url"].as_str().expect("a path");
    let answer = contact.fetch(url, &[]).await;
    let header =
        |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().expect("text")).to_owned();
    assert_eq!((answer.status().as_u16(), header("content-type").as_str()), (200, "image/jpeg"));
    assert_eq!(header("content-length"), file["bytes"].to_string());
    assert_eq!(
        header("content-disposition"),
        "inline; filename*=UTF-8''%E5%B1%8B%E9%A1%B6%20%E6%BC%8F%E9%9B%A8.JPG"
    );
    assert_eq!(
        (header("x-content-type-options").as_str(), header("cache-control").as_str()),
        ("nosniff", "private, no-cache")
    );
    assert!(header("content-security-policy").contains("sandbox"));
    let etag = header("etag");
    let body = answer.bytes().await.expect("a body");
    assert_eq!(json!(body.len()), file["bytes"]);
    let again = contact.fetch(url, &[("if-none-match", &etag)]).await;
    assert_eq!((again.status().as_u16(), again.bytes().await.expect("a body").len()), (304, 0));
    let (status, small) = bytes(&contact, &file["thumbnailUrl"]).await;
    let small = image::load_from_memory_with_format(&small, ImageFormat::Jpeg).expect("a picture");
    assert_eq!((status, small.width(), small.height()), (200, 96, 64), "what is small stays so");

    for reader in ["resident", "town-admin", "county-admin", "leader", "supervisor"] {
        let reader = world.actor(reader).await;
        assert_eq!(files(&reader, &record).await["attachments"][0]["id"], file["id"]);
        assert_eq!(bytes(&reader, &file["url"]).await, (200, body.to_vec()));
    }
    let node = "query($id: ID!) { node(id: $id) { ... on Attachment { fileName } } }";
    let unknown = json!(format!("/attachments/{}", AttachmentId(uuid::Uuid::now_v7())));
    let told = |(status, body): (u16, Vec<u8>)| {
        let mut body: Value = serde_json::from_slice(&body).expect("JSON");
        body["errors"][0]["extensions"]["requestId"].take();
        (status, body)
    };
    for other in [
        "wanfang-contact",
        "nancheng-admin",
        "dispatcher",
        "auditor",
        "enterprise",
        "secretary",
        "nobody",
        "platform-admin",
    ] {
        let other = world.actor(other).await;
        assert_eq!(files(&other, &record).await, Value::Null);
        assert_eq!(other.ask(node, json!({"id": file["id"]})).await.ok()["node"], Value::Null);
        let forbidden = told(bytes(&other, &file["url"]).await);
        assert_eq!(forbidden.0, 404, "{forbidden:?}");
        assert_eq!(forbidden, told(bytes(&other, &unknown).await), "forbidden and unknown answer alike");
        assert_eq!(bytes(&other, &file["thumbnailUrl"]).await.0, 404);
    }
    assert_eq!(bytes(&world.anyone(), &file["url"]).await.0, 401);
}

#[tokio::test]
async fn who_was_told_of_a_file_or_handed_it_is_written_down() {
    let world = World::demo().await;
    let home = home(&world).await;
    let contact = world.actor("contact").await;
    let record = visit(&world, &contact, &home).await;
    let file = attach(&contact, &record, "水管.png", &picture(8, 8, ImageFormat::Png)).await[0].clone();
    let log = async || {
        world.state.access.flush(&world.state.db).await.expect("the log is written");
        let ask = "query($id: IdFilter!) { accessLog(first: 50, where: { householdId: $id }) { nodes { fields action actorLabel } } }";
        let ask = ask.replace(" actorLabel", "");
        let admin = world.actor("county-admin").await;
        admin.ask(&ask, json!({"id": {"eq": home["id"]}})).await.ok()["accessLog"]["nodes"].clone()
    };
    let lines = |log: &Value, field: &str| {
        log.as_array().map_or(0, |all| {
            all.iter()
                .filter(|line| {
                    line["action"] == "READ"
                        && line["fields"].as_array().is_some_and(|fields| fields.contains(&json!(field)))
                })
                .count()
        })
    };
    let before = log().await;
    assert!(lines(&before, "Attachment.fileName") > 0, "{before}");
    assert_eq!(lines(&before, "Attachment.url"), 0);
    let leader = world.actor("leader").await;
    assert_eq!(bytes(&leader, &file["url"]).await.0, 200);
    assert_eq!(bytes(&leader, &file["thumbnailUrl"]).await.0, 200);
    let after = log().await;
    assert_eq!(
        (lines(&after, "Attachment.url"), lines(&after, "Attachment.thumbnailUrl")),
        (1, 1),
        "{after}"
    );
}

#[tokio::test]
async fn whoever_recorded_a_visit_or_wrote_an_entry_attaches_and_removes_and_nobody_else() {
    let world = World::demo().await;
    let home = home(&world).await;
    let contact = world.actor("contact").await;
    let record = visit(&world, &contact, &home).await;
    let file = attach(&contact, &record, "合影.jpg", &jpeg()).await[0].clone();
    let leader = world.actor("leader").await;
    let upload = leader.send_file("领导.jpg", None, &jpeg()).await;
    let refused = add(&leader, &record, std::slice::from_ref(&upload)).await;
    assert_eq!((&refused["errors"][0]["code"], &refused["attachments"]), (&json!("FORBIDDEN"), &Value::Null));
    assert_eq!(refused["errors"][0]["path"], json!(["input", "record", "visitId"]));
    assert_eq!(remove(&leader, &file, 1).await["errors"][0]["code"], "FORBIDDEN");
    let afar = world.actor("wanfang-contact").await;
    let foreign = add(&afar, &record, &[afar.send_file("远.jpg", None, &jpeg()).await]).await;
    assert_eq!(foreign["errors"][0]["code"], "NOT_FOUND");
    assert_eq!(remove(&afar, &file, 1).await["errors"][0]["code"], "NOT_FOUND");
    let theirs = add(&contact, &record, &[upload]).await;
    assert_eq!(theirs["errors"][0]["code"], "NOT_FOUND", "an upload is its own account's alone: {theirs}");
    assert_eq!(theirs["errors"][0]["path"], json!(["input", "uploadIds", "0"]));
    let auditor = world.actor("auditor").await;
    let input = json!({"purpose": "ATTACHMENT", "fileName": "a.jpg", "length": 9});
    let none = auditor.change("uploadCreate", "UploadCreateInput", "upload { id }", input).await;
    assert_eq!(none["errors"][0]["code"], "FORBIDDEN");

    let key = lianhu_tests::key();
    assert_eq!(remove(&contact, &file, 7).await["errors"][0]["code"], "CONFLICT");
    for replayed in [false, true] {
        let input = json!({"id": file["id"], "expectedVersion": 1, "idempotencyKey": key});
        let gone = contact.change("attachmentRemove", "AttachmentRemoveInput", "attachmentId", input).await;
        assert_eq!((&gone["attachmentId"], &gone["replayed"]), (&file["id"], &json!(replayed)), "{gone}");
    }
    assert_eq!(files(&contact, &record).await["attachments"], json!([]));
    assert_eq!(bytes(&contact, &file["url"]).await.0, 404);
    assert_eq!(stored(&world), Vec::<String>::new(), "the bytes are gone");
    let left = row(&world, &file).await.expect("that there was one stays");
    assert_eq!((left.file_name.as_str(), left.removed_at.is_some(), left.version), ("", true, 2));

    let wrote = contact
        .change("diaryWrite", "DiaryWriteInput", "diary { id }", json!({"text": "今天上门三户。"}))
        .await;
    let entry = json!({"diaryId": wrote["diary"]["id"]});
    let file = attach(&contact, &entry, "记录.pdf", PDF).await[0].clone();
    assert_eq!((&file["diary"]["id"], &file["thumbnailUrl"]), (&entry["diaryId"], &Value::Null));
    let ask = "query($id: ID!) { node(id: $id) { ... on Diary { attachments { fileName } } } }";
    let read = leader.ask(ask, json!({"id": entry["diaryId"]})).await.ok();
    assert_eq!(read["node"]["attachments"], json!([{"fileName": "记录.pdf"}]), "a leader reads the entry");
    let answer = leader.fetch(file["url"].as_str().expect("a path"), &[]).await;
    assert!(answer.headers()["content-disposition"].to_str().expect("text").starts_with("attachment; "));
    assert_eq!(answer.bytes().await.expect("a body"), PDF);
    assert_eq!(
        add(&leader, &entry, &[leader.send_file("评.pdf", None, PDF).await]).await["errors"][0]["code"],
        "FORBIDDEN"
    );
    assert_eq!(bytes(&world.actor("town-admin").await, &file["url"]).await.0, 404, "nobody else does");
}

#[tokio::test]
async fn a_visit_that_is_withdrawn_and_an_assignment_that_ended_close_the_file() {
    let world = World::demo().await;
    let contact = world.actor("contact").await;
    let admin = world.actor("town-admin").await;
    let held = contact.get("{ contactAssignments(first: 100, where: { kind: { eq: HOUSEHOLD } }) { nodes { id version household { id } } } }").await;
    let mut held = held["contactAssignments"]["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .filter(|one| one["household"].is_object());
    let (first, second) = (held.next().expect("one"), held.next().expect("another"));
    let ended = visit(&world, &contact, &first["household"]).await;
    let withdrawn = visit(&world, &contact, &second["household"]).await;
    let (one, other) = (
        attach(&contact, &ended, "甲.jpg", &jpeg()).await,
        attach(&contact, &withdrawn, "乙.jpg", &jpeg()).await,
    );
    assert_eq!(
        (bytes(&contact, &one[0]["url"]).await.0, bytes(&contact, &other[0]["url"]).await.0),
        (200, 200)
    );

    let end = json!({"id": first["id"], "expectedVersion": first["version"], "reason": "调岗"});
    let end = admin.change("assignmentEnd", "AssignmentEndInput", "assignment { id }", end).await;
    assert_eq!(end["errors"], json!([]));
    assert_eq!(bytes(&contact, &one[0]["url"]).await.0, 404, "at the next request");
    assert_eq!(bytes(&contact, &one[0]["thumbnailUrl"]).await.0, 404);
    assert_eq!(bytes(&admin, &one[0]["url"]).await.0, 200);
    let late = add(&contact, &ended, &[contact.send_file("丙.jpg", None, &jpeg()).await]).await;
    assert_eq!(late["errors"][0]["code"], "NOT_FOUND");

    let version = visit::Entity::find().filter(visit::Column::Id.eq(uuid(&withdrawn["visitId"])));
    let version = version.one(world.state.db.read()).await.expect("a row").expect("it").version;
    let input = json!({"id": withdrawn["visitId"], "expectedVersion": version, "reason": "误记"});
    let done = admin.change("visitWithdraw", "VisitWithdrawInput", "visit { id }", input).await;
    assert_eq!(done["errors"], json!([]));
    for reader in [&contact, &admin] {
        assert_eq!(files(reader, &withdrawn).await["attachments"], json!([]));
        assert_eq!(bytes(reader, &other[0]["url"]).await.0, 404);
    }
    let upload = contact.send_file("丁.jpg", None, &jpeg()).await;
    assert_eq!(add(&contact, &withdrawn, &[upload]).await["errors"][0]["code"], "STATE");
}

#[tokio::test]
async fn the_files_of_many_visits_take_as_many_statements_as_those_of_few() {
    let world = World::demo().await;
    let home = home(&world).await;
    let contact = world.actor("contact").await;
    let ask = "query($n: Int!, $w: VisitWhere) { visits(first: $n, where: $w) { nodes { attachments { fileName visit { id } } } } }";
    for nth in 0..3 {
        let record = visit(&world, &contact, &home).await;
        for one in 0..=nth {
            attach(&contact, &record, &format!("{one}.jpg"), &jpeg()).await;
        }
    }
    let given = |n: i32| json!({"n": n, "w": {"householdId": {"eq": home["id"]}}});
    let (few, statements) = world.statements(contact.ask(ask, given(1))).await;
    let (many, more) = world.statements(contact.ask(ask, given(3))).await;
    let count = |seen: Value| {
        let nodes = seen["visits"]["nodes"].as_array().expect("nodes").clone();
        nodes.iter().map(|node| node["attachments"].as_array().map_or(0, Vec::len)).sum::<usize>()
    };
    assert!(count(few.ok()) < count(many.ok()));
    assert_eq!(statements, more);
}
