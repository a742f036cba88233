//! What is not taken is tried again, and for how long.

use super::{Hotline, states};
use entity::{kind::NoticeKind, notice};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

async fn told_of_the_end(hotline: &Hotline) -> u64 {
    let told = notice::Entity::find().filter(notice::Column::Kind.eq(NoticeKind::WebhookDisabled));
    told.count(hotline.world.state.db.read()).await.expect("a count")
}

#[tokio::test]
async fn what_fails_is_tried_again_under_its_id_and_holds_up_nothing() {
    let hotline = Hotline::open().await;
    hotline.receiver.answer([500]);
    hotline.call("1").await;
    let log = hotline.until("a failure", |log| states(log) == ["FAILED"] && log["state"] == "FAILING").await;
    let failed = &log["deliveries"]["nodes"][0];
    assert_eq!(
        [&log["state"], &failed["attempts"], &failed["statusCode"], &failed["error"]],
        [&json!("FAILING"), &json!(1), &json!(500), &json!("STATUS")]
    );
    assert!(failed["nextAttemptAt"].is_string() && log["failingSince"].is_string(), "{log}");
    hotline.call("2").await;
    let all = hotline.receiver.wait(2).await;
    assert_eq!(all[1].event()["node"]["sourceReference"], "2");
    // Something was taken.
    let taken = |log: &Value| states(log) == ["DELIVERED", "FAILED"] && log["state"] == "ACTIVE";
    hotline.until("the next one", taken).await;
    hotline.receiver.answer([502]);
    hotline.world.state.clock.shift(chrono::Duration::seconds(7));
    let all = hotline.receiver.wait(3).await;
    assert_eq!(all[2].id, all[0].id);
    hotline.until("the second failure", |log| log["deliveries"]["nodes"][1]["attempts"] == 2).await;
    hotline.world.state.clock.shift(chrono::Duration::minutes(6));
    let all = hotline.receiver.wait(4).await;
    assert_eq!(all[3].id, all[0].id);
    assert_eq!(all[3].event()["node"]["sourceReference"], "1");
    assert_ne!(all[3].timestamp, all[0].timestamp);
    assert_eq!(all[3].signed_by(&hotline.secret), 1);
    let log = hotline.until("taken", |log| states(log) == ["DELIVERED", "DELIVERED"]).await;
    assert_eq!(log["deliveries"]["nodes"][1]["attempts"], 3);
}

#[tokio::test]
async fn an_answer_of_410_ends_the_webhook_and_its_makers_are_told() {
    let hotline = Hotline::open().await;
    hotline.receiver.answer([410]);
    hotline.call("1").await;
    let log = hotline.until("the end", |log| log["state"] == "DISABLED").await;
    assert_eq!(log["disabledBecause"], "GONE", "{log}");
    assert_eq!(states(&log), ["GIVEN_UP"]);
    assert_eq!(told_of_the_end(&hotline).await, 2, "the account, and who made both key and webhook");
    hotline.call("2").await;
    hotline.receiver.silent(1).await;
    let on = hotline.change("webhookUpdate", json!({"paused": false})).await;
    assert_eq!((&on["webhook"]["state"], &on["errors"]), (&json!("ACTIVE"), &json!([])), "{on}");
    let all = hotline.receiver.wait(2).await;
    assert_eq!(all[1].event()["node"]["sourceReference"], "2", "nothing was lost");
}

#[tokio::test]
async fn ten_attempts_are_made_over_three_days_and_five_days_of_failures_end_the_webhook() {
    let hotline = Hotline::open().await;
    hotline.receiver.answer([500; 30]);
    hotline.call("1").await;
    // Seconds after each attempt, with a tenth more and a little beside.
    let schedule = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    for (attempts, seconds) in (1..).zip(schedule) {
        let made = |log: &Value| {
            log["deliveries"]["nodes"][0]["attempts"] == attempts
                && (states(log), &log["state"]) == (vec!["FAILED"], &json!("FAILING"))
        };
        hotline.until(&format!("attempt {attempts}"), made).await;
        hotline.world.state.clock.shift(chrono::Duration::seconds(seconds * 11 / 10 + 1));
    }
    let log = hotline.until("given up", |log| states(log) == ["GIVEN_UP"]).await;
    let delivery = &log["deliveries"]["nodes"][0];
    assert_eq!((&delivery["attempts"], &delivery["nextAttemptAt"]), (&json!(10), &Value::Null));
    assert_eq!(
        (&log["state"], told_of_the_end(&hotline).await),
        (&json!("FAILING"), 0),
        "three days and a half"
    );
    hotline.world.state.clock.shift(chrono::Duration::days(2));
    hotline.call("2").await;
    let log = hotline.until("the end", |log| log["state"] == "DISABLED").await;
    assert_eq!(
        (&log["disabledBecause"], states(&log)),
        (&json!("FAILED"), vec!["FAILED", "GIVEN_UP"]),
        "{log}"
    );
    assert_eq!(told_of_the_end(&hotline).await, 2);
    // Turned on again, what waits is tried again.
    hotline.receiver.answer([]);
    hotline.change("webhookUpdate", json!({"paused": false})).await;
    hotline.world.state.clock.shift(chrono::Duration::seconds(7));
    let taken = |log: &Value| states(log) == ["DELIVERED", "GIVEN_UP"] && log["failingSince"].is_null();
    let log = hotline.until("taken", taken).await;
    assert_eq!(log["state"], "ACTIVE", "{log}");
}
