//! Who one is: signing in, keeping on, signing out, and rights that come and go with the day.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{Days, Duration};
use entity::{
    account, grant,
    id::{self, AccountId, GrantId, SessionId},
    refresh_token,
    scalar::Date,
};
use futures_util::future::join_all;
use lianhu::{
    account::token::Tokens,
    kernel::{clock::civil, vault::Vault},
};
use lianhu_tests::{Actor, Answer, World, ground};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, Set,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// Signing in.
pub(crate) const START: &str = "mutation($input: SessionStartInput!) { sessionStart(input: $input) {
  session { account { name } } accessToken errors { __typename code message path retryable } replayed } }";
const REFRESH: &str = "mutation($input: SessionRefreshInput!) { sessionRefresh(input: $input) {
  session { id } accessToken refreshToken refreshTokenExpiresAt errors { code path } } }";
const END: &str =
    "mutation($input: SessionEndInput!) { sessionEnd(input: $input) { ended errors { code } } }";
pub(crate) const HOUSEHOLDS: &str = "{ households(first: 1) { totalCount } }";

/// What is sent to sign in.
pub(crate) fn login(name: &str, password: &str) -> Value {
    json!({"input": {"name": name, "password": password, "device": "tests"}})
}

/// What a refresh token gives to whoever shows it.
pub(crate) async fn refresh(world: &World, token: &str) -> Value {
    let input = json!({"input": {"refreshToken": token}});
    world.anyone().ask(REFRESH, input).await.ok()["sessionRefresh"].clone()
}

pub(crate) fn token_of(issued: &Value, field: &str) -> String {
    issued[field].as_str().unwrap_or_else(|| panic!("a token: {issued}")).to_owned()
}

pub(crate) async fn assert_refused(world: &World, token: &str) {
    let refused = refresh(world, token).await;
    assert_eq!(refused["errors"], json!([{"code": "TOKEN_INVALID", "path": ["input", "refreshToken"]}]));
    assert_eq!([&refused["session"], &refused["accessToken"], &refused["refreshToken"]], [&Value::Null; 3]);
}

pub(crate) fn assert_nobody(answer: &Answer) {
    assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"), "{}", answer.body);
    assert!(answer.body.get("data").is_none(), "{}", answer.body);
}

pub(crate) async fn sees(actor: &Actor) -> i64 {
    let seen = actor.get(HOUSEHOLDS).await;
    seen["households"]["totalCount"].as_i64().unwrap_or_else(|| panic!("a number: {seen}"))
}

/// Disables an account, as an administrator does.
pub(crate) async fn disable(world: &World, name: &str) {
    let admin = world.actor("platform-admin").await;
    let query = "query($name: String!) { accounts(where: { name: { eq: $name } }) { nodes { id version } } }";
    let account = &admin.ask(query, json!({"name": name})).await.ok()["accounts"]["nodes"][0];
    let input = json!({"id": account["id"], "expectedVersion": account["version"], "status": "DISABLED"});
    let done = admin.change("accountUpdate", "AccountUpdateInput", "account { status }", input).await;
    assert_eq!(done["account"]["status"], "DISABLED", "{done}");
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64")).expect("JSON")
}

fn uuid_of(claims: &Value, field: &str) -> uuid::Uuid {
    id::read(claims[field].as_str().expect("an id")).expect("a TypeID").1
}

#[tokio::test]
async fn a_name_is_read_in_any_case_and_a_session_knows_its_account() {
    let world = World::demo().await;
    let started = world.anyone().ask(START, login("  Leader ", &ground::password("leader"))).await.ok();
    let session = &started["sessionStart"];
    assert_eq!(session["session"]["account"]["name"], "leader");
    assert_eq!(session["errors"], json!([]));
    let leader = world.anyone().bearing(token_of(session, "accessToken"));
    assert_eq!(sees(&leader).await, 3635);
}

#[tokio::test]
async fn an_account_that_is_disabled_is_out_at_the_next_request() {
    let world = World::demo().await;
    let leader = world.actor("leader").await;
    assert_eq!(sees(&leader).await, 3635);
    disable(&world, "leader").await;
    assert_nobody(&leader.ask(HOUSEHOLDS, json!({})).await);
    assert_refused(&world, leader.refresh.as_deref().expect("a token")).await;
}

#[tokio::test]
async fn an_access_token_ends_by_the_clock_and_a_refresh_goes_on() {
    let world = World::demo().await;
    let leader = world.actor("leader").await;
    world.state.clock.shift(Duration::minutes(9));
    assert_eq!(sees(&leader).await, 3635);
    world.state.clock.shift(Duration::minutes(2));
    assert_nobody(&leader.ask(HOUSEHOLDS, json!({})).await);
    let issued = refresh(&world, leader.refresh.as_deref().expect("a token")).await;
    assert_eq!(sees(&leader.bearing(token_of(&issued, "accessToken"))).await, 3635);
}

#[tokio::test]
async fn a_forged_token_is_nobodys_whichever_part_of_it_is_forged() {
    let world = World::demo().await;
    let (leader, admin) = (world.actor("leader").await, world.actor("town-admin").await);
    let (own, others) =
        (leader.access.clone().expect("a token"), admin.access.clone().expect("another token"));
    let now = world.state.clock.now();
    let (account, session) = {
        let claims = claims(&own);
        assert!(claims.get("role").is_none() && claims.get("roles").is_none(), "no rights in it: {claims}");
        (AccountId(uuid_of(&claims, "sub")), SessionId(uuid_of(&claims, "sid")))
    };
    let mint = |secret: &[u8; 32], issuer, audience, session| {
        let vault = Arc::new(Vault::new(secret).expect("keys"));
        let tokens = Tokens::new(&vault, issuer, audience, Duration::minutes(10));
        tokens.issue(account, session, now).expect("a token").0
    };
    // The mint is the server's own: what it refuses below is refused for the one thing that differs.
    let honest = mint(&ground::SECRET, "lianhu", "lianhu-api", session);
    assert_eq!(sees(&leader.clone().bearing(honest)).await, 3635);

    let [header, payload, signature] = own.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let others_payload = others.split('.').nth(1).expect("three parts");
    let spelt = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut longer = claims(&own);
    longer["exp"] = json!(longer["exp"].as_i64().expect("a time") + 3600);
    let mut plain: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).expect("base64")).expect("JSON");
    assert_eq!([&plain["alg"], &plain["typ"]], ["EdDSA", "at+jwt"]);
    plain["alg"] = json!("none");
    let without_algorithm = spelt(&plain);
    plain["alg"] = json!("HS256");
    let other_algorithm = spelt(&plain);
    let others_session = SessionId(uuid_of(&claims(&others), "sid"));
    let flipped: String = signature
        .chars()
        .enumerate()
        .map(|(n, c)| {
            if n == 9 && c == 'A' {
                'B'
            } else if n == 9 {
                'A'
            } else {
                c
            }
        })
        .collect();
    for (forged, token) in [
        ("the payload", format!("{header}.{others_payload}.{signature}")),
        ("the expiry", format!("{header}.{}.{signature}", spelt(&longer))),
        ("the signature", format!("{header}.{payload}.{flipped}")),
        ("no signature", format!("{header}.{payload}.")),
        ("no algorithm", format!("{without_algorithm}.{payload}.")),
        ("another algorithm", format!("{other_algorithm}.{payload}.{signature}")),
        ("another key", mint(b"another secret, of 32 bytes also", "lianhu", "lianhu-api", session)),
        ("another issuer", mint(&ground::SECRET, "somebody", "lianhu-api", session)),
        ("another audience", mint(&ground::SECRET, "lianhu", "another-api", session)),
        ("another's session", mint(&ground::SECRET, "lianhu", "lianhu-api", others_session)),
        ("no such session", mint(&ground::SECRET, "lianhu", "lianhu-api", SessionId(uuid::Uuid::now_v7()))),
        ("a refresh token", leader.refresh.clone().expect("a token")),
        ("no token", "nonsense".to_owned()),
    ] {
        let answer = leader.clone().bearing(token).ask(HOUSEHOLDS, json!({})).await;
        assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"), "{forged}: {}", answer.body);
        assert!(answer.body.get("data").is_none(), "{forged}");
    }
    assert_eq!(sees(&leader).await, 3635);
}

#[tokio::test]
async fn a_refresh_gives_new_tokens_and_leaves_the_old_access_token_its_time() {
    let world = World::demo().await;
    let leader = world.actor("leader").await;
    let issued = refresh(&world, leader.refresh.as_deref().expect("a token")).await;
    assert_ne!(issued["refreshToken"].as_str(), leader.refresh.as_deref());
    assert_ne!(issued["accessToken"].as_str(), leader.access.as_deref());
    let renewed = leader.clone().bearing(token_of(&issued, "accessToken"));
    assert_eq!((sees(&leader).await, sees(&renewed).await), (3635, 3635));
    world.state.clock.shift(Duration::minutes(11));
    assert_nobody(&leader.ask(HOUSEHOLDS, json!({})).await);
    let next = refresh(&world, &token_of(&issued, "refreshToken")).await;
    assert_eq!(next["session"], issued["session"]);
}

#[tokio::test]
async fn a_refresh_whose_answer_was_lost_may_be_asked_again() {
    let world = World::demo().await;
    let leader = world.actor("leader").await;
    let first = leader.refresh.clone().expect("a token");
    let lost = refresh(&world, &first).await;
    let again = refresh(&world, &first).await;
    let kept = token_of(&again, "refreshToken");
    assert_ne!(lost["refreshToken"], again["refreshToken"]);
    // The pair that never arrived is worth nothing, the one that did goes on.
    assert_refused(&world, &token_of(&lost, "refreshToken")).await;
    let on = refresh(&world, &kept).await;
    assert_eq!(sees(&leader.bearing(token_of(&on, "accessToken"))).await, 3635);
}

#[tokio::test]
async fn a_used_refresh_token_shown_after_its_successor_was_used_ends_the_session_for_thief_and_owner() {
    let world = World::demo().await;
    let leader = world.actor("leader").await;
    let elsewhere = world.actor("leader").await;
    let stolen = leader.refresh.clone().expect("a token");
    let second = refresh(&world, &stolen).await;
    let third = refresh(&world, &token_of(&second, "refreshToken")).await;
    let owner = leader.clone().bearing(token_of(&third, "accessToken"));
    assert_eq!(sees(&owner).await, 3635);
    assert_refused(&world, &stolen).await;
    assert_nobody(&owner.ask(HOUSEHOLDS, json!({})).await);
    assert_refused(&world, &token_of(&third, "refreshToken")).await;
    assert_eq!(sees(&elsewhere).await, 3635, "the other device of the same person stays signed in");
}

#[tokio::test]
async fn of_fifty_refreshes_at_once_with_one_token_exactly_one_branch_lives() {
    let world = World::demo().await;
    let leader = world.actor("leader").await;
    let token = leader.refresh.clone().expect("a token");
    let answers = join_all((0..50).map(|_| refresh(&world, &token))).await;
    let unused = refresh_token::Entity::find().filter(refresh_token::Column::UsedAt.is_null());
    let live = unused.count(world.state.db.read()).await.expect("a count");
    assert_eq!(live, 1, "of all that were given out one is left");
    let mut going_on = 0;
    for answer in &answers {
        let issued = refresh(&world, &token_of(answer, "refreshToken")).await;
        going_on += usize::from(issued["refreshToken"].is_string());
    }
    assert_eq!(going_on, 1);
}

#[tokio::test]
async fn signing_out_ends_the_session_at_the_next_request_and_no_other_session() {
    let world = World::demo().await;
    let (here, there) = (world.actor("leader").await, world.actor("leader").await);
    let input = json!({"input": {"refreshToken": here.refresh}});
    let ended = here.ask(END, input.clone()).await.ok();
    assert_eq!(ended["sessionEnd"], json!({"ended": true, "errors": []}));
    assert_nobody(&here.ask(HOUSEHOLDS, json!({})).await);
    assert_refused(&world, here.refresh.as_deref().expect("a token")).await;
    let again = world.anyone().ask(END, input).await.ok();
    assert_eq!(again["sessionEnd"], json!({"ended": true, "errors": []}));
    assert_eq!(sees(&there).await, 3635);
}

#[tokio::test]
async fn a_session_ends_after_thirty_days_however_busy() {
    let world = World::demo().await;
    let leader = world.actor("leader").await;
    let end = world.state.clock.now().0 + Duration::days(30);
    let mut token = leader.refresh.clone().expect("a token");
    let mut access = String::new();
    let steps = [Duration::days(10), Duration::days(10), Duration::days(10) - Duration::minutes(5)];
    for step in steps {
        world.state.clock.shift(step);
        let issued = refresh(&world, &token).await;
        let until = token_of(&issued, "refreshTokenExpiresAt");
        let until = chrono::DateTime::parse_from_rfc3339(&until).expect("a moment");
        assert!(until <= end, "no token outlives its session: {until}, {end}");
        (token, access) = (token_of(&issued, "refreshToken"), token_of(&issued, "accessToken"));
    }
    let leader = leader.bearing(access);
    assert_eq!(sees(&leader).await, 3635);
    // The access token has five minutes left, the session none.
    world.state.clock.shift(Duration::minutes(6));
    assert_nobody(&leader.ask(HOUSEHOLDS, json!({})).await);
    assert_refused(&world, &token).await;
}

#[tokio::test]
async fn a_session_that_is_not_refreshed_for_fourteen_days_ends() {
    let world = World::demo().await;
    let leader = world.actor("leader").await;
    world.state.clock.shift(Duration::days(13));
    let issued = refresh(&world, leader.refresh.as_deref().expect("a token")).await;
    let token = token_of(&issued, "refreshToken");
    world.state.clock.shift(Duration::days(14) + Duration::minutes(1));
    assert_refused(&world, &token).await;
}

#[tokio::test]
async fn a_grant_is_gone_on_its_last_day_even_for_a_scope_that_was_made_the_day_before() {
    let world = World::demo().await;
    let since_midnight = Duration::days(1) - world.to_midnight();
    world.state.clock.shift(-since_midnight - Duration::minutes(2));
    let nobody = world.actor("nobody").await;
    assert_eq!(sees(&nobody).await, 3635, "until yesterday its grant held");
    assert_eq!(sees(&nobody).await, 3635);
    world.state.clock.shift(Duration::minutes(4));
    assert_eq!(sees(&nobody).await, 0);
}

#[tokio::test]
async fn a_grant_that_starts_tomorrow_opens_nothing_today() {
    let world = World::demo().await;
    let db = world.state.db.write();
    let today = civil(world.state.clock.now()).0;
    let account = account::Entity::find().filter(account::Column::Name.eq("nobody")).one(db).await;
    let account = account.expect("an answer").expect("the account").id;
    let earlier = grant::Entity::find().filter(grant::Column::AccountId.eq(account)).one(db).await;
    let mut row = earlier.expect("an answer").expect("a grant").into_active_model();
    row.id = Set(GrantId(uuid::Uuid::now_v7()));
    row.starts_on = Set(Date(today + Days::new(1)));
    row.ends_on = Set(Some(Date(today + Days::new(2))));
    // Straight into the table: nothing but the day tells the server that its cached scope is old.
    grant::Entity::insert(row.reset_all()).exec_without_returning(db).await.expect("granted");

    world.state.clock.shift(world.to_midnight() - Duration::minutes(2));
    let nobody = world.actor("nobody").await;
    assert_eq!(sees(&nobody).await, 0);
    world.state.clock.shift(Duration::minutes(4));
    assert_eq!(sees(&nobody).await, 3635);
    world.state.clock.shift(Duration::days(1));
    assert_eq!(sees(&world.actor("nobody").await).await, 0);
}
