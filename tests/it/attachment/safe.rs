//! Nothing is lost or half done, and nothing stays that should be gone.

use super::{add, add_under, attach, bytes, files, home, jpeg, remove, row, stored, visit};
use chrono::Duration;
use entity::{attachment, change, kind::ChangeKind};
use futures_util::future::join_all;
use lianhu::{attachment::upkeep, retention};
use lianhu_tests::World;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};

async fn clear(world: &World) -> usize {
    let cleared = upkeep::clear(&world.state.db, &world.state.keep, world.state.clock.now()).await;
    cleared.unwrap_or_else(|error| panic!("{error:?}"))
}

#[tokio::test]
async fn one_key_attaches_once_however_often_it_is_sent() {
    let world = World::demo().await;
    let contact = world.actor("contact").await;
    let record = visit(&world, &contact, &home(&world).await).await;
    let uploads =
        [contact.send_file("一.jpg", None, &jpeg()).await, contact.send_file("二.jpg", None, &jpeg()).await];
    let key = lianhu_tests::key();
    let made = join_all((0..4).map(|_| add_under(&contact, &record, &uploads, &key))).await;
    let fresh = made.iter().filter(|one| one["replayed"] == false).count();
    assert_eq!(fresh, 1, "{made:?}");
    for one in &made {
        assert_eq!(
            (&one["errors"], one["attachments"].as_array().map(Vec::len)),
            (&json!([]), Some(2)),
            "{one}"
        );
    }
    let later = add_under(&contact, &record, &uploads, &key).await;
    assert_eq!((&later["replayed"], &later["attachments"]), (&json!(true), &made[0]["attachments"]));
    assert_eq!(
        stored(&world).len(),
        4,
        "two pictures and two small ones, and none of the tries that came too late"
    );
    let both = [contact.send_file("三.jpg", None, &jpeg()).await];
    let made = join_all((0..2).map(|_| add(&contact, &record, &both))).await;
    let done: Vec<_> = made.iter().filter(|one| one["errors"] == json!([])).collect();
    assert_eq!(done.len(), 1, "an upload is taken up once: {made:?}");
    assert_eq!(stored(&world).len(), 6);
}

#[tokio::test]
async fn what_the_store_does_not_take_is_not_attached_and_the_same_try_succeeds_later() {
    let world = World::demo().await;
    let contact = world.actor("contact").await;
    let record = visit(&world, &contact, &home(&world).await).await;
    let uploads = [contact.send_file("甲.jpg", None, &jpeg()).await];
    let folder = world.ground.store().join("attachments");
    std::fs::write(&folder, "in the way").expect("a file in the place of the folder");
    let key = lianhu_tests::key();
    let input = json!({"input": {"record": record, "uploadIds": uploads, "idempotencyKey": key}});
    let mutation = "mutation($input: AttachmentsAddInput!) { attachmentsAdd(input: $input) { replayed } }";
    let failed = contact.ask(mutation, input.clone()).await;
    assert_eq!(failed.code(), "STORAGE", "{:?}", failed.body);
    assert_eq!(files(&contact, &record).await["attachments"], json!([]));
    std::fs::remove_file(&folder).expect("out of the way");
    assert_eq!(contact.ask(mutation, input).await.ok()["attachmentsAdd"]["replayed"], false);
    assert_eq!(files(&contact, &record).await["attachments"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn bytes_that_belong_to_no_file_are_cleared_away_after_a_day_and_the_others_stay() {
    let world = World::demo().await;
    let contact = world.actor("contact").await;
    let record = visit(&world, &contact, &home(&world).await).await;
    let kept = attach(&contact, &record, "留.jpg", &jpeg()).await[0].clone();
    let folder = world.ground.store().join("attachments").join("zz");
    std::fs::create_dir_all(&folder).expect("a folder");
    let lost = entity::id::AttachmentId(uuid::Uuid::now_v7()).to_string();
    for name in [lost.clone(), format!("{lost}.small"), format!("{lost}#1"), "README".to_owned()] {
        std::fs::write(folder.join(name), "left behind by a crash").expect("a file");
    }
    assert_eq!(clear(&world).await, 0, "it may be on its way into the table");
    world.state.clock.shift(Duration::hours(25));
    assert_eq!(clear(&world).await, 3);
    let left: Vec<_> = stored(&world).into_iter().filter(|path| path.contains("/zz/")).collect();
    assert!(left.len() == 1 && left[0].ends_with("README"), "what is not ours stays: {left:?}");
    let contact = world.actor("contact").await;
    assert_eq!(bytes(&contact, &kept["url"]).await.0, 200);
    assert_eq!(remove(&contact, &kept, 1).await["errors"], json!([]));
    assert_eq!(clear(&world).await, 0, "its bytes went with it");
}

#[tokio::test]
async fn what_was_attached_to_visits_of_a_household_that_is_gone_goes_with_what_was_said() {
    let world = World::demo().await;
    let home = home(&world).await;
    let contact = world.actor("contact").await;
    let admin = world.actor("town-admin").await;
    let record = visit(&world, &contact, &home).await;
    let file = attach(&contact, &record, "户主.jpg", &jpeg()).await[0].clone();
    let held = async || {
        let ask = "query($id: ID!) { household(by: { id: $id }) { version held { field isHeld } } }";
        world.actor("town-admin").await.ask(ask, json!({"id": home["id"]})).await.ok()["household"].clone()
    };
    let is_held = |told: &Value| {
        let items = told["held"].as_array().expect("a list").clone();
        let item = items.into_iter().find(|item| item["field"] == "Attachment.fileName").expect("an item");
        item["isHeld"].clone()
    };
    let told = held().await;
    assert_eq!(is_held(&told), true);
    let gone = json!({"id": home["id"], "expectedVersion": told["version"], "status": "MOVED_AWAY"});
    let gone = admin.change("householdUpdate", "HouseholdUpdateInput", "household { status }", gone).await;
    assert_eq!(gone["errors"], json!([]));
    let days = i64::from(world.state.config.retention.personal_days);
    let erase = async || {
        let (kept, bar) = (lianhu::kept(&world.state.config), indicatif::ProgressBar::hidden());
        let done = retention::run(&world.state.db, &kept, world.state.clock.now(), false, &bar).await;
        done.unwrap_or_else(|error| panic!("{error:?}"))
    };
    world.state.clock.shift(Duration::days(days - 1));
    erase().await;
    assert!(row(&world, &file).await.is_some(), "a day too early");
    world.state.clock.shift(Duration::days(1));
    erase().await;
    assert_eq!(row(&world, &file).await, None);
    assert_eq!(attachment::Entity::find().count(world.state.db.read()).await.expect("a count"), 0);
    assert_eq!(clear(&world).await, 2);
    assert_eq!(stored(&world), Vec::<String>::new());
    let line = change::Entity::find()
        .filter(change::Column::EntityId.eq(super::uuid(&file["id"])))
        .order_by_desc(change::Column::Sequence);
    let line = line.one(world.state.db.read()).await.expect("a line").expect("one");
    assert_eq!((line.kind, line.content), (ChangeKind::Ended, json!({})));
    assert!(line.county_id.is_some() && line.village_id.is_some(), "where it stood is told");
    assert_eq!(is_held(&held().await), false);
    let log = change::Entity::find()
        .filter(change::Column::Entity.eq("attachment"))
        .all(world.state.db.read())
        .await;
    assert!(!format!("{log:?}").contains("户主.jpg"), "no trace of its name");
}
