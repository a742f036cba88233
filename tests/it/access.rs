//! Who looked at whom: every look at something personal is written down, read by whom it concerns, and cannot be changed
//! unnoticed.

use chrono::Duration;
use entity::{access_line, access_seal, access_subject, household, kind::AccessAction, member};
use indicatif::ProgressBar;
use lianhu::{
    kernel::{
        access::chain::{self, Verdict},
        clock::civil,
        sheet::Hand,
    },
    roster::{self, Kind},
};
use lianhu_tests::{Actor, World, key};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, Set,
};
use serde_json::{Value, json};

async fn settle(world: &World) {
    world.state.access.flush(&world.state.db).await.expect("the log is written");
}

/// The resident's household, which is one of the contact's, with its head.
async fn own(world: &World) -> Value {
    let resident = world.actor("resident").await;
    let own = resident.get("{ households { nodes { id number village { id } head { id } } } }").await;
    settle(world).await;
    own["households"]["nodes"][0].clone()
}

async fn lines(world: &World) -> u64 {
    settle(world).await;
    access_line::Entity::find().count(world.state.db.read()).await.expect("a count")
}

const LOOKS: &str = "query($id: ID!) { household(by: { id: $id }) { accesses(first: 10) { totalCount nodes {
  action highestClass lookerName purpose requestId subjectId fields household { number } } } } }";

async fn looks(reader: &Actor, id: &Value) -> Vec<Value> {
    let answer = reader.ask(LOOKS, json!({"id": id})).await.ok();
    answer["household"]["accesses"]["nodes"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn the_household_reads_who_looked_at_it_how_and_at_what() {
    let world = World::demo().await;
    let home = own(&world).await;
    let (contact, resident) = (world.actor("contact").await, world.actor("resident").await);
    let before = looks(&resident, &home["id"]).await.len();
    let asked = "query($id: ID!) { household(by: { id: $id }) { address phone } }";
    let _ = contact.ask(asked, json!({"id": home["id"]})).await.ok();
    settle(&world).await;
    let seen = looks(&resident, &home["id"]).await;
    assert_eq!(seen.len(), before + 1, "{seen:#?}");
    let look = &seen[0];
    assert_eq!(look["action"], "READ");
    assert_eq!(look["highestClass"], "PERSONAL");
    assert_eq!(look["fields"], json!(["Household.address", "Household.phone"]));
    let name = contact.get("{ viewer { cadre { name } } }").await["viewer"]["cadre"]["name"].clone();
    assert_eq!(look["lookerName"], name);
    assert_eq!(look["subjectId"], home["id"]);
    assert_eq!(look["household"]["number"], home["number"]);
}

#[tokio::test]
async fn a_look_at_nothing_personal_leaves_no_line_and_each_way_in_its_own() {
    let world = World::demo().await;
    let home = own(&world).await;
    let contact = world.actor("contact").await;
    let before = lines(&world).await;
    contact
        .get("{ households(first: 5) { totalCount nodes { id number status lastVisitOn tags { code } } } }")
        .await;
    assert_eq!(lines(&world).await, before, "nothing personal was asked for");
    let last = async || {
        settle(&world).await;
        let line = access_line::Entity::find().order_by_desc(access_line::Column::Sequence);
        let line = line.one(world.state.db.read()).await.expect("a line").expect("one");
        let subjects = access_subject::Entity::find().filter(access_subject::Column::LineId.eq(line.id));
        (line.action, subjects.count(world.state.db.read()).await.expect("a count"))
    };
    contact.get("{ households(first: 3) { nodes { headName } } }").await;
    assert_eq!(last().await, (AccessAction::List, 3));
    let nested = "{ contactAssignments(first: 2, where: { live: true, kind: { eq: HOUSEHOLD } }) {
        nodes { household { headName members(first: 1) { nodes { name } } } } } }";
    contact.get(nested).await;
    let of = |action| {
        let lines = access_line::Entity::find().filter(access_line::Column::Action.eq(action));
        lines.count(world.state.db.read())
    };
    settle(&world).await;
    assert_eq!(
        of(AccessAction::List).await.expect("a count"),
        2,
        "its members are listed, the household is read"
    );
    let name =
        contact.ask("query($id: ID!) { household(by: { id: $id }) { headName } }", json!({"id": home["id"]}));
    let name = name.await.ok()["household"]["headName"].clone();
    let search = "query($text: String!) { search(text: $text, first: 5) { nodes { node { ... on Household { headName } } } } }";
    let hits = contact.ask(search, json!({"text": name})).await.ok();
    assert!(hits["search"]["nodes"].as_array().is_some_and(|hits| !hits.is_empty()), "{hits}");
    assert_eq!(last().await.0, AccessAction::Search);
    // Without a number nobody has seen one.
    let silent = household::Entity::find_by_id(entity::id::HouseholdId(
        entity::id::read(home["id"].as_str().expect("an id")).expect("an id").1,
    ));
    let silent = silent.one(world.state.db.read()).await.expect("a row").expect("the household");
    household::ActiveModel { id: Set(silent.id), phone: Set(None), ..Default::default() }
        .update(world.state.db.write())
        .await
        .expect("the number is taken out");
    let before = lines(&world).await;
    let _ = contact
        .ask("query($id: ID!) { household(by: { id: $id }) { phone } }", json!({"id": home["id"]}))
        .await
        .ok();
    assert_eq!(lines(&world).await, before);
}

#[tokio::test]
async fn the_log_is_read_by_the_auditor_the_administrator_of_the_place_and_the_household_alone() {
    let world = World::demo().await;
    let home = own(&world).await;
    let contact = world.actor("contact").await;
    let _ = contact
        .ask("query($id: ID!) { household(by: { id: $id }) { address } }", json!({"id": home["id"]}))
        .await
        .ok();
    settle(&world).await;
    let log = "query($id: ID!) { accessLog(where: { householdId: { eq: $id } }) { totalCount nodes { lookerName household { id } } } }";
    let readers = [
        ("auditor", true),
        ("town-admin", true),
        ("county-admin", true),
        ("resident", true),
        ("contact", false),
        ("leader", false),
        ("supervisor", false),
        ("platform-admin", false),
        ("nancheng-admin", false),
        ("integration", false),
        ("nobody", false),
    ];
    for (name, reads) in readers {
        let answer = world.actor(name).await.ask(log, json!({"id": home["id"]})).await.ok();
        let count = answer["accessLog"]["totalCount"].as_i64().unwrap_or_default();
        assert_eq!(count > 0, reads, "{name}: {answer}");
        if name == "auditor" {
            assert!(answer["accessLog"]["nodes"][0]["household"].is_null(), "an auditor sees no household");
        }
    }
    assert_eq!(world.anyone().ask(log, json!({"id": home["id"]})).await.code(), "UNAUTHENTICATED");
}

#[tokio::test]
async fn what_is_sensitive_is_shown_to_a_current_contact_for_a_reason_and_the_household_reads_it() {
    let world = World::demo().await;
    let home = own(&world).await;
    let db = world.state.db.read();
    let uuid = |id: &Value| entity::id::read(id.as_str().expect("an id")).expect("an id").1;
    let row = household::Entity::find_by_id(entity::id::HouseholdId(uuid(&home["id"])));
    let row = row.one(db).await.expect("a row").expect("the household");
    let reveal = async |name: &str, reason: &str| {
        let input = json!({"input": {"id": home["id"], "reason": reason}});
        let mutation = "mutation($input: HouseholdRevealInput!) { householdReveal(input: $input) {
            sensitive { yearlyIncome incomeSource tags { code } }
            errors { code path ... on ValidationError { rule } ... on PermissionError { requires } } replayed } }";
        world.actor(name).await.ask(mutation, input).await.ok()["householdReveal"].clone()
    };
    let shown = reveal("contact", "申请低保，核对收入").await;
    assert_eq!(shown["errors"], json!([]), "{shown}");
    let income = row.yearly_income.map(|yuan| format!("{}.{:02}", yuan.0 / 100, yuan.0 % 100));
    assert_eq!(shown["sensitive"]["yearlyIncome"].as_str().map(str::to_owned), income, "{shown}");
    let member = json!({"input": {"id": home["head"]["id"], "reason": "申请低保，核对身份"}});
    let mutation = "mutation($input: HouseholdMemberRevealInput!) { householdMemberReveal(input: $input) {
        sensitive { identityNumber } errors { code } } }";
    let shown = world.actor("contact").await.ask(mutation, member).await.ok();
    let head = member::Entity::find_by_id(entity::id::MemberId(uuid(&home["head"]["id"])));
    let head = head.one(db).await.expect("a row").expect("the head");
    let number = head.identity_number.map(|sealed| world.state.vault.open(&sealed).expect("it opens"));
    assert!(number.is_some());
    assert_eq!(
        shown["householdMemberReveal"]["sensitive"]["identityNumber"].as_str().map(str::to_owned),
        number
    );
    let resident = world.actor("resident").await;
    let seen = looks(&resident, &home["id"]).await;
    let revealed: Vec<_> = seen.iter().filter(|look| look["action"] == "REVEAL").collect();
    assert_eq!(revealed.len(), 2, "{seen:#?}");
    assert_eq!(revealed[1]["purpose"], "申请低保，核对收入");
    assert_eq!(revealed[1]["highestClass"], "SENSITIVE");
    for (name, code) in [
        ("town-admin", "FORBIDDEN"),
        ("grid-worker", "FORBIDDEN"),
        ("leader", "FORBIDDEN"),
        ("resident", "FORBIDDEN"),
        ("dispatcher", "FORBIDDEN"),
        ("supervisor", "NOT_FOUND"),
        ("wanfang-contact", "NOT_FOUND"),
        ("auditor", "NOT_FOUND"),
    ] {
        let refused = reveal(name, "想看看").await;
        assert_eq!(refused["sensitive"], Value::Null);
        assert_eq!(refused["errors"][0]["code"], code, "{name}: {refused}");
    }
    let refused = reveal("contact", "看").await;
    assert_eq!(refused["errors"][0]["rule"], "reason", "{refused}");
}

#[tokio::test]
async fn looks_stand_in_the_order_in_which_they_were_cast_whenever_they_are_written() {
    let world = World::demo().await;
    let home = own(&world).await;
    let (contact, resident) = (world.actor("contact").await, world.actor("resident").await);
    for _ in 0..3 {
        // What is read is written a little later, what is revealed at once.
        let read = "query($id: ID!) { household(by: { id: $id }) { address } }";
        let _ = contact.ask(read, json!({"id": home["id"]})).await.ok();
        let reveal =
            "mutation($input: HouseholdRevealInput!) { householdReveal(input: $input) { errors { code } } }";
        let input = json!({"input": {"id": home["id"], "reason": "申请低保，核对收入"}});
        let revealed = contact.ask(reveal, input).await.ok();
        assert_eq!(revealed["householdReveal"]["errors"], json!([]));
    }
    settle(&world).await;
    let seen = looks(&resident, &home["id"]).await;
    let actions: Vec<_> = seen.iter().map(|look| look["action"].as_str().unwrap_or_default()).collect();
    assert_eq!(actions[..6], ["REVEAL", "READ", "REVEAL", "READ", "REVEAL", "READ"], "the latest first");
}

#[tokio::test]
async fn what_is_sensitive_needs_the_password_shown_not_long_ago() {
    let world = World::demo().await;
    let home = own(&world).await;
    let contact = world.actor("contact").await;
    world.state.clock.shift(Duration::minutes(16));
    let refresh = "mutation($input: SessionRefreshInput!) { sessionRefresh(input: $input) { accessToken } }";
    let token = world.anyone().ask(refresh, json!({"input": {"refreshToken": contact.refresh}})).await.ok();
    let later = contact.bearing(token["sessionRefresh"]["accessToken"].as_str().expect("a token"));
    let reveal = async || {
        let input = json!({"input": {"id": home["id"], "reason": "核对收入情况"}});
        let mutation =
            "mutation($input: HouseholdRevealInput!) { householdReveal(input: $input) { errors { code } } }";
        later.ask(mutation, input).await.ok()["householdReveal"]["errors"].clone()
    };
    assert_eq!(reveal().await[0]["code"], "CONFIRMATION_REQUIRED");
    let confirm =
        "mutation($input: SessionConfirmInput!) { sessionConfirm(input: $input) { errors { code } } }";
    let password = lianhu_tests::ground::password("contact");
    let confirmed = later.ask(confirm, json!({"input": {"password": password}})).await.ok();
    assert_eq!(confirmed["sessionConfirm"]["errors"], json!([]), "{confirmed}");
    assert_eq!(reveal().await, json!([]));
}

#[tokio::test]
async fn so_many_looks_a_day_at_what_is_sensitive_and_one_in_a_document() {
    let world = World::with(|config| config.privacy.reveals_per_day = 3).await;
    let home = own(&world).await;
    let contact = world.actor("contact").await;
    let reveal = async || {
        let input = json!({"id": home["id"], "reason": "核对收入情况"});
        let mutation =
            "mutation($input: HouseholdRevealInput!) { householdReveal(input: $input) { errors { code } } }";
        let answer = contact.ask(mutation, json!({"input": input})).await;
        answer["householdReveal"]["errors"][0]["code"].as_str().unwrap_or("").to_owned()
    };
    let answers = futures_util::future::join_all((0..5).map(|_| reveal())).await;
    let shown = answers.iter().filter(|code| code.is_empty()).count();
    assert_eq!(shown, 3, "{answers:?}");
    assert_eq!(answers.iter().filter(|code| *code == "LIMIT").count(), 2);
    let twice = "mutation($a: HouseholdRevealInput!) { a: householdReveal(input: $a) { replayed } b: householdReveal(input: $a) { replayed } }";
    let answer = contact.ask(twice, json!({"a": {"id": home["id"], "reason": "核对收入情况"}})).await;
    assert_eq!(answer.code(), "QUERY_TOO_WIDE", "{}", answer.body);
}

async fn break_glass(actor: &Actor, household: Value, reason: &str) -> Value {
    let input = json!({"idempotencyKey": key(), "household": household, "reason": reason});
    actor
        .change(
            "householdBreakGlass",
            "HouseholdBreakGlassInput",
            "emergency { householdId closesAt }",
            input,
        )
        .await
}

#[tokio::test]
async fn in_an_emergency_a_household_of_the_county_is_open_for_an_hour() {
    let world = World::demo().await;
    let home = own(&world).await;
    let supervisor = world.actor("supervisor").await;
    let phone = "query($id: ID!) { household(by: { id: $id }) { headName phone redactedFields } }";
    let hidden = supervisor.ask(phone, json!({"id": home["id"]})).await.ok();
    assert!(hidden["household"].is_null(), "{hidden}");
    let by = json!({"number": {"villageId": home["village"]["id"], "number": home["number"]}});
    let opened = break_glass(&supervisor, by, "洪水围困，需要电话联系").await;
    assert_eq!(opened["emergency"]["householdId"], home["id"], "{opened}");
    let shown = supervisor.ask(phone, json!({"id": home["id"]})).await.ok();
    assert!(shown["household"]["phone"].is_string(), "{shown}");
    let again = break_glass(&supervisor, json!({"id": home["id"]}), "洪水围困，需要电话联系").await;
    assert_eq!(again["errors"][0]["code"], "STATE", "{again}");
    for (name, told) in [("contact", true), ("auditor", true), ("leader", false), ("wanfang-contact", false)]
    {
        let notices = "{ viewer { notices(first: 5) { nodes { kind subject text } } } }";
        let notices = world.actor(name).await.get(notices).await["viewer"]["notices"]["nodes"].clone();
        let of = |notice: &&Value| notice["kind"] == "GLASS_BROKEN" && notice["subject"] == home["id"];
        assert_eq!(
            notices.as_array().is_some_and(|all| all.iter().any(|one| of(&one))),
            told,
            "{name}: {notices}"
        );
    }
    settle(&world).await;
    let seen = looks(&world.actor("resident").await, &home["id"]).await;
    let ways: Vec<_> = seen.iter().map(|look| look["action"].as_str().unwrap_or_default()).collect();
    assert!(ways.contains(&"BREAK_GLASS") && ways.contains(&"READ"), "{ways:?}");
    let opening = seen.iter().find(|look| look["action"] == "BREAK_GLASS").expect("the opening");
    assert_eq!(opening["purpose"], "洪水围困，需要电话联系");
    world.state.clock.shift(Duration::minutes(61));
    let supervisor = world.actor("supervisor").await;
    let closed = supervisor.ask(phone, json!({"id": home["id"]})).await.ok();
    assert!(closed["household"].is_null(), "{closed}");
}

#[tokio::test]
async fn what_was_opened_in_an_emergency_closes_with_the_role_by_which_it_was_opened() {
    let world = World::demo().await;
    let home = own(&world).await;
    let (supervisor, platform) = (world.actor("supervisor").await, world.actor("platform-admin").await);
    let opened = break_glass(&supervisor, json!({"id": home["id"]}), "洪水围困，需要电话联系").await;
    assert_eq!(opened["errors"], json!([]), "{opened}");
    let seen = "query($id: ID!) { household(by: { id: $id }) { id } }";
    let before = supervisor.ask(seen, json!({"id": home["id"]})).await.ok();
    assert_eq!(before["household"]["id"], home["id"], "{before}");
    let today = civil(world.state.clock.now()).0.to_string();
    let grants = "{ account(by: { name: \"supervisor\" }) { grants(first: 5) { nodes { id version } } } }";
    let grants = platform.get(grants).await["account"]["grants"]["nodes"].clone();
    for role in grants.as_array().expect("grants") {
        let input = json!({"id": role["id"], "expectedVersion": role["version"], "endsOn": today});
        let ended = platform.change("roleGrantEnd", "RoleGrantEndInput", "replayed", input).await;
        assert_eq!(ended["errors"], json!([]), "{ended}");
    }
    let after = supervisor.ask(seen, json!({"id": home["id"]})).await.ok();
    assert!(after["household"].is_null(), "{after}");
}

#[tokio::test]
async fn an_emergency_tells_by_no_condition_and_no_count_whether_the_household_has_a_contact() {
    let world = World::demo().await;
    let home = own(&world).await;
    let supervisor = world.actor("supervisor").await;
    let opened = break_glass(&supervisor, json!({"id": home["id"]}), "洪水围困，需要电话联系").await;
    assert_eq!(opened["errors"], json!([]), "{opened}");
    let asked = "query($village: ID!) { all: households { totalCount }
        with: households(where: { withoutContact: false }) { totalCount }
        without: households(where: { withoutContact: true }) { totalCount }
        coverage(region: { id: $village }) { households { numerator denominator } householdsWithout { totalCount } } }";
    let seen = supervisor.ask(asked, json!({"village": home["village"]["id"]})).await.ok();
    assert_eq!(seen["all"]["totalCount"], 1, "{seen}");
    assert_eq!((&seen["with"]["totalCount"], &seen["without"]["totalCount"]), (&json!(0), &json!(0)));
    assert_eq!(seen["coverage"]["households"], json!({"numerator": 0, "denominator": 0}));
    assert_eq!(seen["coverage"]["householdsWithout"]["totalCount"], 0);
}

#[tokio::test]
async fn an_emergency_opens_nothing_beyond_the_county_and_nothing_to_who_serves_nobody() {
    let world = World::demo().await;
    let home = own(&world).await;
    for (name, code) in [
        ("wanfang-contact", "NOT_FOUND"),
        ("nancheng-admin", "NOT_FOUND"),
        ("platform-admin", "FORBIDDEN"),
        ("auditor", "FORBIDDEN"),
        ("integration", "FORBIDDEN"),
        ("enterprise", "FORBIDDEN"),
        ("secretary", "FORBIDDEN"),
        ("nobody", "FORBIDDEN"),
        ("contact", "STATE"),
    ] {
        let refused =
            break_glass(&world.actor(name).await, json!({"id": home["id"]}), "洪水围困，需要联系").await;
        assert_eq!(refused["errors"][0]["code"], code, "{name}: {refused}");
    }
    let none = break_glass(&world.actor("leader").await, json!({"id": home["id"]}), "急").await;
    assert_eq!(none["errors"][0]["rule"], "reason", "{none}");
}

async fn verdict(world: &World) -> Verdict {
    let state = &world.state;
    let verdict = chain::verify(&state.db, &state.vault, state.clock.now(), &ProgressBar::hidden()).await;
    verdict.expect("the chain is read")
}

/// A log of some lines, sealed.
async fn a_log(world: &World) -> u64 {
    let contact = world.actor("contact").await;
    for first in 1..8 {
        contact.get(&format!("{{ households(first: {first}) {{ nodes {{ headName }} }} }}")).await;
        settle(world).await;
    }
    let mut sealed = 0;
    // In PostgreSQL a line waits for the oldest transaction of the server, whosever it is.
    for _ in 0..200 {
        sealed += chain::seal(&world.state.db, &world.state.vault).await.expect("it is sealed");
        if sealed == 7 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    sealed
}

#[tokio::test]
async fn whoever_changes_a_line_takes_one_out_or_puts_one_in_breaks_the_chain_at_that_line() {
    let world = World::demo().await;
    let sealed = a_log(&world).await;
    assert_eq!(sealed, 7);
    let whole = verdict(&world).await;
    assert_eq!((whole.held, &whole.broken), (7, &None));
    let db = world.state.db.write();
    let seals =
        access_seal::Entity::find().order_by_asc(access_seal::Column::Position).all(db).await.expect("seals");
    let third = access_line::Entity::find().filter(access_line::Column::Id.eq(seals[2].line_id));
    let third = third.one(db).await.expect("a line").expect("the third");
    // Another reason.
    let change = |purpose: Option<&str>| {
        let mut line = third.clone().into_active_model();
        line.purpose = Set(purpose.map(str::to_owned));
        line.update(db)
    };
    change(Some("somebody else's reason")).await.expect("it is changed");
    assert_eq!(verdict(&world).await.broken.map(|broken| broken.position), Some(3));
    change(None).await.expect("it is put right");
    assert_eq!(verdict(&world).await.broken, None);
    // Another household.
    let subject = access_subject::Entity::find().filter(access_subject::Column::LineId.eq(seals[4].line_id));
    let subject = subject.one(db).await.expect("a subject").expect("one");
    access_subject::Entity::delete_by_id(subject.id).exec(db).await.expect("it is taken out");
    assert_eq!(verdict(&world).await.broken.map(|broken| broken.position), Some(5));
    access_subject::Entity::insert(subject.into_active_model())
        .exec_without_returning(db)
        .await
        .expect("back");
    assert_eq!(verdict(&world).await.broken, None);
    // A line is taken out, its seal stays; then both.
    access_subject::Entity::delete_many()
        .filter(access_subject::Column::LineId.eq(seals[2].line_id))
        .exec(db)
        .await
        .expect("taken out");
    access_line::Entity::delete_many()
        .filter(access_line::Column::Id.eq(seals[2].line_id))
        .exec(db)
        .await
        .expect("taken out");
    assert_eq!(verdict(&world).await.broken.map(|broken| broken.position), Some(3));
    access_seal::Entity::delete_by_id(3).exec(db).await.expect("taken out");
    let broken = verdict(&world).await.broken.expect("a gap");
    assert_eq!((broken.position, broken.line), (3, None));
}

#[tokio::test]
async fn a_line_that_is_put_in_afterwards_has_no_place_in_the_chain() {
    let world = World::demo().await;
    a_log(&world).await;
    let db = world.state.db.write();
    let one = access_line::Entity::find().order_by_asc(access_line::Column::Sequence);
    let one = one.one(db).await.expect("a line").expect("the first");
    let mut stray = one.into_active_model().reset_all();
    // Between the first and the second: the numbers are spread to make room.
    stray.sequence = Set(-1);
    stray.id = Set(uuid::Uuid::now_v7());
    let put = if world.ground.is_postgres() {
        sea_orm::ConnectionTrait::execute_unprepared(
            db,
            "INSERT INTO access_line (id, at, action, class, fields, request_id, xid)
             SELECT gen_random_uuid(), at, action, class, fields, request_id, '3'::xid8 FROM access_line LIMIT 1",
        )
        .await
        .map(|_| ())
    } else {
        access_line::Entity::insert(stray).exec_without_returning(db).await.map(|_| ())
    };
    put.expect("it is put in");
    assert_eq!(chain::seal(&world.state.db, &world.state.vault).await.expect("sealed"), 0);
    world.state.clock.shift(Duration::minutes(11));
    let broken = verdict(&world).await.broken.expect("it is found");
    assert_eq!(broken.position, 8);
}

#[tokio::test]
async fn old_lines_go_and_the_chain_holds_from_where_it_begins_now() {
    let world = World::demo().await;
    a_log(&world).await;
    let middle = world.state.clock.now();
    world.state.clock.shift(Duration::days(1));
    a_log(&world).await;
    let dry = chain::let_go(&world.state.db, middle, true).await.expect("counted");
    assert_eq!(dry, 7);
    assert_eq!(verdict(&world).await.held, 14);
    assert_eq!(chain::let_go(&world.state.db, middle, false).await.expect("gone"), 7);
    let after = verdict(&world).await;
    assert_eq!((after.held, after.head.position, after.broken), (7, 14, None));
    let left = access_subject::Entity::find().count(world.state.db.read()).await.expect("a count");
    assert_eq!(left, (1..8).sum::<u64>());
    // All of it: the place goes on from there.
    let now = world.state.clock.now();
    assert_eq!(
        chain::let_go(&world.state.db, lianhu::kernel::clock::later(now, Duration::days(1)), false)
            .await
            .expect("gone"),
        7
    );
    a_log(&world).await;
    let after = verdict(&world).await;
    assert_eq!((after.held, after.head.position, after.broken), (7, 21, None));
}

#[tokio::test]
async fn lines_that_could_not_be_written_wait_until_they_can() {
    let world = World::demo().await;
    let contact = world.actor("contact").await;
    let rename = async |from: &str, to: &str| {
        let sql = format!("ALTER TABLE {from} RENAME TO {to}");
        sea_orm::ConnectionTrait::execute_unprepared(world.state.db.write(), &sql).await.expect("renamed");
    };
    rename("access_line", "access_line_away").await;
    contact.get("{ households(first: 3) { nodes { headName } } }").await;
    assert!(world.state.access.flush(&world.state.db).await.is_err());
    rename("access_line_away", "access_line").await;
    assert_eq!(lines(&world).await, 1);
}

#[tokio::test]
async fn a_sheet_with_all_of_a_place_is_a_look_at_each_that_stands_in_it() {
    let world = World::demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("户.csv");
    let export =
        roster::export(&Hand::Operator, &world.state.db, Kind::Households, "530304101", &out, &|_| ());
    assert!(export.await.expect("a sheet") > 0);
    let log = "{ accessLog(where: { action: { eq: EXPORT } }) { nodes { action lookerName purpose fields account { id } } } }";
    for name in ["resident", "auditor", "town-admin"] {
        let seen = world.actor(name).await.get(log).await;
        let look = &seen["accessLog"]["nodes"][0];
        assert_eq!(look["lookerName"], "the system", "{name}: {seen}");
        assert!(look["account"].is_null());
        let fields = look["fields"].as_array().expect("fields");
        assert!(fields.contains(&json!("Household.address")), "{seen}");
    }
    let afar = world.actor("nancheng-admin").await.get(log).await;
    assert_eq!(afar["accessLog"]["nodes"], json!([]));
}

#[test]
fn the_published_table_of_permissions_is_the_one_that_holds() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../client-schema/permissions.md");
    let published = std::fs::read_to_string(path).expect("client-schema/permissions.md");
    let policy = lianhu::kernel::policy::Policy::default();
    let holds = lianhu::kernel::policy::print::markdown(&policy);
    assert!(published == holds, "run `cargo run -- permissions > client-schema/permissions.md`");
}
