//! Who is told of what in their notices, and that floods are gathered.

use super::act::{Town, demand, fine, step};
use lianhu_tests::Actor;
use serde_json::{Value, json};

/// Notices of somebody that were not read, of one kind, the latest first.
async fn unread(actor: &Actor, kind: &str) -> Vec<Value> {
    let query =
        "{ viewer { notices(first: 50, where: { unread: true }) { nodes { id kind count text subject } } } }";
    let all = actor.get(query).await["viewer"]["notices"]["nodes"].as_array().cloned().expect("notices");
    all.into_iter().filter(|notice| notice["kind"] == kind).collect()
}

async fn read_all(actor: &Actor) {
    let read = actor.change("noticesRead", "NoticesReadInput", "account { id }", json!({})).await;
    fine(&read);
}

#[tokio::test]
async fn the_desk_is_told_of_demands_in_one_notice_until_it_is_read() {
    let town = Town::open().await;
    read_all(&town.dispatcher).await;
    let first = town.demanded("BLUE", "路灯坏了。").await;
    let told = unread(&town.dispatcher, "DEMAND_REGISTERED").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["count"], &told[0]["subject"]), (&json!(1), &first["id"]), "{told:?}");
    for content in ["水渠堵了。", "桥面裂了。"] {
        town.demanded("BLUE", content).await;
    }
    let told = unread(&town.dispatcher, "DEMAND_REGISTERED").await;
    assert_eq!(told.len(), 1, "one, and no flood: {told:?}");
    assert_eq!((&told[0]["count"], &told[0]["subject"]), (&json!(3), &Value::Null), "{told:?}");
    let text = town.world.actor("dispatcher").await.speaking("zh-CN");
    assert_eq!(unread(&text, "DEMAND_REGISTERED").await[0]["text"], "有 3 件诉求待受理。");
    read_all(&town.dispatcher).await;
    town.demanded("BLUE", "井盖丢了。").await;
    let told = unread(&town.dispatcher, "DEMAND_REGISTERED").await;
    assert_eq!((told.len(), &told[0]["count"]), (1, &json!(1)), "another begins: {told:?}");
    // Other desks, and who has nothing to do with it, are not told.
    for other in ["supervisor", "wanfang-contact", "nancheng-admin", "resident"] {
        let other = town.world.actor(other).await;
        assert_eq!(unread(&other, "DEMAND_REGISTERED").await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn whoever_asked_is_told_what_was_answered() {
    let town = Town::open().await;
    read_all(&town.resident).await;
    read_all(&town.contact).await;
    let [settled, declined, accepted] = [
        town.demanded("BLUE", "问高龄补贴。").await,
        town.demanded("BLUE", "想要第二块宅基地。").await,
        town.demanded("YELLOW", "水管漏水。").await,
    ];
    let answer = |demand: &Value, field: &str, text: &str| {
        let mut input = json!({"id": demand["id"], "expectedVersion": 1});
        input[field] = json!(text);
        input
    };
    fine(&demand(&town.dispatcher, "demandSettle", answer(&settled, "answer", "已说明。")).await);
    fine(&demand(&town.dispatcher, "demandDecline", answer(&declined, "reason", "不符合政策。")).await);
    let task = town.accepted(&accepted).await;
    // The household, and the contact who wrote it down.
    for told in [&town.resident, &town.contact] {
        let answered = unread(told, "DEMAND_ANSWERED").await;
        let about: Vec<_> = answered.iter().map(|notice| &notice["subject"]).collect();
        assert_eq!(about, [&declined["id"], &settled["id"]], "{answered:?}");
    }
    let own = unread(&town.resident, "DEMAND_ACCEPTED").await;
    assert_eq!((own.len(), &own[0]["subject"]), (1, &task["id"]), "{own:?}");
    assert!(
        own[0]["text"].as_str().is_some_and(|text| text.contains(task["number"].as_str().expect("a number")))
    );
    for other in [&town.dispatcher, &town.water] {
        assert_eq!(unread(other, "DEMAND_ANSWERED").await, Vec::<Value>::new(), "whoever acts knows");
    }
}

#[tokio::test]
async fn a_handler_is_urged_in_one_notice_however_often() {
    let town = Town::open().await;
    read_all(&town.water).await;
    for content in ["水管漏水。", "水表坏了。"] {
        let made = town.accepted(&town.demanded("YELLOW", content).await).await;
        let sent = step(&town.dispatcher, "taskDispatch", &made, town.to_water()).await;
        step(&town.supervisor, "taskUrge", &sent, json!({"note": "请抓紧。"})).await;
    }
    let urged = unread(&town.water, "TASK_URGED").await;
    assert_eq!((urged.len(), &urged[0]["count"]), (1, &json!(2)), "{urged:?}");
    assert_eq!(unread(&town.water, "TASK_GIVEN").await.len(), 2, "each new task by itself");
}
