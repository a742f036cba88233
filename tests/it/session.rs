//! Signed-in devices: who sees and ends them, and what their owner is told.

use crate::identity::{HOUSEHOLDS, START, assert_nobody, assert_refused, refresh, sees, token_of};
use entity::{notice, refresh_token, session};
use lianhu_tests::{Actor, World, ground};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

const SESSIONS: &str = "{ viewer { sessions { totalCount nodes {
  id device createdAt lastUsedAt confirmedAt secondFactor endsAt current endedAt account { name } } } } }";
const NOTICES: &str =
    "{ viewer { notices(where: { unread: true }) { totalCount nodes { id kind text at subject readAt } } } }";

/// Signs in with a device of this name.
pub(crate) async fn sign_in_with(world: &World, name: &str, device: &str) -> Actor {
    let input = json!({"input": {"name": name, "password": ground::password(name), "device": device}});
    let query = START.replace("accessToken", "accessToken refreshToken");
    let started = world.anyone().ask(&query, input).await.ok()["sessionStart"].clone();
    let mut actor = world.anyone().bearing(token_of(&started, "accessToken"));
    actor.refresh = Some(token_of(&started, "refreshToken"));
    actor
}

/// The unread notices of somebody, the latest first.
pub(crate) async fn notices(actor: &Actor) -> Vec<Value> {
    let told = actor.get(NOTICES).await["viewer"]["notices"]["nodes"].clone();
    told.as_array().expect("notices").clone()
}

pub(crate) fn kinds(notices: &[Value]) -> Vec<&str> {
    notices.iter().map(|notice| notice["kind"].as_str().expect("a kind")).collect()
}

async fn own_sessions(actor: &Actor) -> Vec<Value> {
    let all = actor.get(SESSIONS).await["viewer"]["sessions"]["nodes"].clone();
    all.as_array().expect("sessions").clone()
}

async fn end(actor: &Actor, which: Value) -> Value {
    actor.change("sessionsEnd", "SessionsEndInput", "account { name }", json!({"which": which})).await
}

/// Id of an account, as an administrator finds it.
pub(crate) async fn account_id(admin: &Actor, name: &str) -> Value {
    let query = "query($name: String!) { account(by: { name: $name }) { id } }";
    admin.ask(query, json!({"name": name})).await.ok()["account"]["id"].clone()
}

#[tokio::test]
async fn the_owner_of_a_copied_token_is_told_and_nobody_is_told_of_a_lost_answer() {
    let world = World::demo().await;
    let (phone, desk) =
        (sign_in_with(&world, "leader", "phone").await, sign_in_with(&world, "leader", "phone").await);
    let first = phone.refresh.clone().expect("a token");
    let lost = refresh(&world, &first).await;
    assert!(lost["refreshToken"].is_string());
    let again = refresh(&world, &first).await;
    let on = refresh(&world, &token_of(&again, "refreshToken")).await;
    let phone = phone.bearing(token_of(&on, "accessToken"));
    assert_eq!(sees(&phone).await, 3635, "a lost answer signs nobody out");
    assert_eq!(notices(&desk).await, Vec::<Value>::new());

    assert_refused(&world, &first).await;
    assert_nobody(&phone.ask(HOUSEHOLDS, json!({})).await);
    assert_refused(&world, &token_of(&on, "refreshToken")).await;
    let told = notices(&desk).await;
    assert_eq!(kinds(&told), ["SESSION_STOLEN"]);
    let text = told[0]["text"].as_str().expect("a text");
    assert!(text.contains("“phone”"), "{text}");
    let ended = own_sessions(&desk).await.into_iter().find(|one| !one["endedAt"].is_null());
    assert_eq!(ended.expect("the one that ended")["id"], told[0]["subject"]);
    assert_refused(&world, &first).await;
    assert_eq!(notices(&desk).await.len(), 1, "once is enough");
}

#[tokio::test]
async fn of_fifty_refreshes_at_once_the_branch_that_lives_goes_on_and_the_others_never_do() {
    let world = World::demo().await;
    let phone = sign_in_with(&world, "leader", "phone").await;
    let token = phone.refresh.clone().expect("a token");
    let answers = futures_util::future::join_all((0..50).map(|_| refresh(&world, &token))).await;
    let db = world.state.db.read();
    let unused = refresh_token::Entity::find().filter(refresh_token::Column::UsedAt.is_null()).all(db).await;
    let unused = unused.expect("tokens");
    assert_eq!(unused.len(), 1, "one branch");
    let used = refresh_token::Entity::find().filter(refresh_token::Column::UsedAt.is_not_null());
    assert_eq!(used.count(db).await.expect("a count"), 1, "the token that was shown");
    let mut on = Vec::new();
    for answer in &answers {
        let next = refresh(&world, &token_of(answer, "refreshToken")).await;
        on.extend(next["refreshToken"].as_str().map(str::to_owned));
    }
    let [kept] = &on[..] else { panic!("exactly one goes on: {on:?}") };
    assert!(refresh(&world, kept).await["refreshToken"].is_string(), "and on");
    let live = session::Entity::find().filter(session::Column::EndedAt.is_null());
    assert_eq!(live.count(db).await.expect("a count"), 1);
    assert_eq!(notice::Entity::find().count(db).await.expect("a count"), 0, "nobody stole anything");
}

#[tokio::test]
async fn an_owner_sees_the_own_devices_and_ends_one_or_all_others_at_their_next_request() {
    let world = World::demo().await;
    let here = sign_in_with(&world, "leader", "desk").await;
    world.state.clock.shift(chrono::Duration::minutes(1));
    let (phone, tablet) =
        (sign_in_with(&world, "leader", "phone").await, sign_in_with(&world, "leader", "tablet").await);
    let stranger = world.actor("contact").await;
    let shown = own_sessions(&here).await;
    let devices: Vec<_> = shown.iter().map(|one| one["device"].as_str().expect("a device")).collect();
    assert_eq!(devices, ["tablet", "phone", "desk"]);
    let current: Vec<_> = shown.iter().map(|one| one["current"].as_bool().expect("a flag")).collect();
    assert_eq!(current, [false, false, true]);
    for one in &shown {
        assert_eq!((&one["endedAt"], &one["secondFactor"]), (&Value::Null, &json!(false)));
        assert_eq!(one["account"]["name"], "leader");
        assert_eq!([&one["lastUsedAt"], &one["confirmedAt"]], [&one["createdAt"]; 2]);
    }
    // What another has is not there for a stranger, neither to look at nor to end.
    let id = shown[1]["id"].clone();
    let node = "query($id: ID!) { node(id: $id) { id ... on Session { device } } }";
    assert_eq!(stranger.ask(node, json!({"id": id})).await.ok()["node"], Value::Null);
    let refused = end(&stranger, json!({"ids": [id]})).await;
    assert_eq!(refused["errors"][0]["code"], "NOT_FOUND", "{refused}");

    let done = end(&here, json!({"ids": [id]})).await;
    assert_eq!(done["account"]["name"], "leader", "{done}");
    assert_nobody(&phone.ask(HOUSEHOLDS, json!({})).await);
    assert_refused(&world, phone.refresh.as_deref().expect("a token")).await;
    assert_eq!((sees(&tablet).await, sees(&here).await), (3635, 3635));

    world.state.clock.shift(chrono::Duration::minutes(1));
    refresh(&world, tablet.refresh.as_deref().expect("a token")).await;
    let tablets = own_sessions(&here).await[0].clone();
    assert!(tablets["lastUsedAt"].as_str() > tablets["createdAt"].as_str(), "it was used: {tablets}");
    end(&here, json!({"others": true})).await;
    assert_nobody(&tablet.ask(HOUSEHOLDS, json!({})).await);
    assert_eq!(sees(&here).await, 3635);
    assert_eq!(sees(&stranger).await, sees(&world.actor("contact").await).await, "others are left alone");
    let live = "{ viewer { sessions(where: { live: true }) { totalCount nodes { device } } } }";
    let live = here.get(live).await["viewer"]["sessions"].clone();
    assert_eq!(live, json!({"totalCount": 1, "nodes": [{"device": "desk"}]}));
}

#[tokio::test]
async fn a_session_that_was_not_used_for_its_time_is_shown_as_ended() {
    let world = World::demo().await;
    sign_in_with(&world, "leader", "phone").await;
    world.state.clock.shift(chrono::Duration::days(15));
    let here = sign_in_with(&world, "leader", "desk").await;
    let shown = own_sessions(&here).await;
    assert_eq!(shown[0]["endedAt"], Value::Null);
    assert_eq!(shown[1]["endedAt"], shown[1]["endsAt"]);
    let ended = "{ viewer { sessions(where: { live: false }) { nodes { device } } } }";
    let ended = here.get(ended).await["viewer"]["sessions"]["nodes"].clone();
    assert_eq!(ended, json!([{"device": "phone"}]));
}

#[tokio::test]
async fn whoever_may_change_an_account_sees_and_ends_its_sessions_and_nobody_else_does() {
    let world = World::demo().await;
    let leader = sign_in_with(&world, "leader", "phone").await;
    let query =
        "query($name: String!) { account(by: { name: $name }) { id sessions { nodes { id device } } } }";
    let shown = async |name: &str| {
        let admin = world.actor(name).await;
        (admin.clone(), admin.ask(query, json!({"name": "leader"})).await.ok()["account"].clone())
    };
    let (admin, account) = shown("town-admin").await;
    assert_eq!(account["sessions"]["nodes"][0]["device"], "phone", "{account}");
    assert_eq!(shown("nancheng-admin").await.1, Value::Null);
    assert_eq!(shown("contact").await.1, Value::Null);
    let (id, one) = (account["id"].clone(), account["sessions"]["nodes"][0]["id"].clone());
    for name in ["nancheng-admin", "contact", "dispatcher"] {
        let other = world.actor(name).await;
        for which in [json!({"allOf": id}), json!({"ids": [one]})] {
            let refused = end(&other, which).await;
            assert_eq!(refused["errors"][0]["code"], "NOT_FOUND", "{name}: {refused}");
        }
    }
    // The town's administrator sees the county's in no way, and may not end their sessions either.
    let county = world.actor("county-admin").await;
    let county_id = account_id(&county, "county-admin").await;
    let refused = end(&admin, json!({"allOf": county_id})).await;
    assert_eq!(refused["errors"][0]["code"], "NOT_FOUND", "{refused}");
    assert_eq!(sees(&leader).await, 3635);

    let mixed = own_sessions(&admin).await[0]["id"].clone();
    let refused = end(&admin, json!({"ids": [one, mixed]})).await;
    assert_eq!(refused["errors"][0]["rule"], "one-account", "{refused}");
    for (which, rule) in [(json!({"ids": []}), "count"), (json!({"others": false}), "true")] {
        assert_eq!(end(&admin, which).await["errors"][0]["rule"], rule);
    }
    let done = end(&admin, json!({"allOf": id})).await;
    assert_eq!(done["account"]["name"], "leader", "{done}");
    assert_nobody(&leader.ask(HOUSEHOLDS, json!({})).await);
    assert_refused(&world, leader.refresh.as_deref().expect("a token")).await;
}

#[tokio::test]
async fn a_sign_in_with_a_new_device_is_told_in_the_readers_language_until_it_is_read() {
    let world = World::demo().await;
    sign_in_with(&world, "leader", "desk").await;
    let phone = sign_in_with(&world, "leader", "phone").await;
    sign_in_with(&world, "leader", "phone").await;
    let told = notices(&phone).await;
    assert_eq!(kinds(&told), ["NEW_DEVICE"], "the first device and a known one are nothing to tell");
    let text = told[0]["text"].as_str().expect("a text");
    assert!(text.contains("new device, “phone”"), "{text}");
    let chinese = notices(&phone.clone().speaking("zh-CN")).await;
    assert!(chinese[0]["text"].as_str().expect("a text").contains("新设备“phone”"), "{chinese:?}");
    assert_eq!(told[0]["readAt"], Value::Null);

    // Nobody else sees them, administrators included, or marks them.
    let admin = world.actor("platform-admin").await;
    let node = "query($id: ID!) { node(id: $id) { id ... on Notice { text } } }";
    let id = told[0]["id"].clone();
    assert_eq!(admin.ask(node, json!({"id": id})).await.ok()["node"], Value::Null);
    assert_eq!(phone.ask(node, json!({"id": id})).await.ok()["node"]["id"], id);
    let read = async |actor: &Actor, input: Value| {
        actor.change("noticesRead", "NoticesReadInput", "account { name }", input).await
    };
    read(&admin, json!({"ids": [id]})).await;
    assert_eq!(notices(&phone).await.len(), 1);
    let done = read(&phone, json!({"ids": [id]})).await;
    assert_eq!(done["account"]["name"], "leader", "{done}");
    assert_eq!(notices(&phone).await.len(), 0);
    let all =
        "{ viewer { notices { nodes { readAt } } read: notices(where: { unread: false }) { totalCount } } }";
    let all = phone.get(all).await["viewer"].clone();
    assert!(all["notices"]["nodes"][0]["readAt"].is_string(), "it stays: {all}");
    assert_eq!(all["read"]["totalCount"], 1);
    sign_in_with(&world, "leader", "tablet").await;
    sign_in_with(&world, "leader", "television").await;
    assert_eq!(notices(&phone).await.len(), 2);
    read(&phone, json!({})).await;
    assert_eq!(notices(&phone).await.len(), 0);
}

#[tokio::test]
async fn the_devices_of_many_accounts_are_asked_in_as_many_statements_as_those_of_one() {
    let world = World::demo().await;
    let admin = world.actor("platform-admin").await;
    let ask = |first: u32| {
        format!(
            "{{ accounts(first: {first}) {{ nodes {{ name hasSecondFactor sessions(first: 3) {{ nodes {{ device account {{ name }} }} }} }} }} }}"
        )
    };
    for name in ["leader", "contact", "auditor", "dispatcher"] {
        sign_in_with(&world, name, "phone").await;
    }
    admin.get(&ask(12)).await;
    let (_, few) = world.statements(admin.get(&ask(12))).await;
    let (all, many) = world.statements(admin.get(&ask(20))).await;
    assert_eq!(few, many, "12 accounts, 20 accounts");
    let nodes = all["accounts"]["nodes"].as_array().expect("accounts");
    assert!(nodes.iter().any(|one| one["sessions"]["nodes"][0]["device"] == "phone"), "{all}");
    assert!(nodes.iter().all(|one| one["hasSecondFactor"] == false));
}
