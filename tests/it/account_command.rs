//! `lianhu account`: administration without an account, as the person at the machine does it.

use crate::telemetry::program;
use base64::{Engine, engine::general_purpose::STANDARD};
use entity::{account, cadre, change, grant, kind::CadreLevel, region};
use lianhu::kernel::sheet::Book;
use lianhu_tests::{Actor, World, ground, ground::Ground};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use std::{path::Path, process::Command, sync::Arc};

const WHO: &str = "{ viewer { roles { role where } account { name region { code } cadre { name } } } }";

/// Runs the program over a database; what it printed, or what it complained of.
async fn lianhu(ground: &Ground, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(program());
    command.env_clear().env("LIANHU_SECRET__KEY", STANDARD.encode(ground::SECRET));
    command.args(["--database", &ground.url()]).args(arguments).stdin(std::process::Stdio::null());
    let ended = tokio::task::spawn_blocking(move || command.output().expect("the program runs"));
    let ended = ended.await.expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if ended.status.success() { Ok(text(&ended.stdout)) } else { Err(text(&ended.stderr)) }
}

/// The password that was made and shown.
fn shown(output: &str) -> String {
    let line = output.lines().find(|line| line.contains("shown once")).unwrap_or_else(|| panic!("{output}"));
    line.rsplit(' ').next().expect("a password").to_owned()
}

/// Rows of a sheet without its headings.
pub(crate) async fn rows(path: &Path) -> Vec<Vec<String>> {
    let book = Book::open(path, "accounts.xlsx").await.unwrap_or_else(|error| panic!("{error:?}"));
    let sheet = book.sheets[0].clone();
    let mut rows = book.rows(&sheet).unwrap_or_else(|error| panic!("{error:?}"));
    let mut all = Vec::new();
    while let Some(some) = rows.next().await.unwrap_or_else(|error| panic!("{error:?}")) {
        all.extend(
            some.into_iter().map(|row| row.cells.into_iter().map(|cell| cell.text).collect::<Vec<_>>()),
        );
    }
    assert_eq!(all.remove(0), ["姓名", "职务", "登录名", "初始密码"]);
    all
}

/// Cadres in office with a post and without an account, in a township.
async fn without_account(world: &World, code: &str) -> Vec<cadre::Model> {
    let db = world.state.db.read();
    let town = region::Entity::find()
        .filter(region::Column::Code.eq(code))
        .one(db)
        .await
        .expect("rows")
        .expect("a town");
    let with: Vec<_> = account::Entity::find()
        .all(db)
        .await
        .expect("accounts")
        .into_iter()
        .filter_map(|row| row.cadre_id)
        .collect();
    let today = ground::today();
    let all =
        cadre::Entity::find().filter(cadre::Column::TownshipId.eq(town.id)).all(db).await.expect("cadres");
    let fits = |row: &cadre::Model| {
        row.level != CadreLevel::PartyMember
            && row.starts_on.0 <= today
            && row.ends_on.is_none_or(|end| end.0 > today)
            && !with.contains(&row.id)
    };
    all.into_iter().filter(fits).collect()
}

#[tokio::test]
async fn the_first_administrator_is_made_on_an_empty_installation() {
    let ground = Ground::empty().await;
    lianhu(&ground, &["migrate", "up"]).await.expect("tables");
    let made = lianhu(&ground, &["account", "create", "Root.Admin", "--role", "platform_admin"])
        .await
        .expect("an account");
    let password = shown(&made);
    assert_eq!(password.len(), 12);
    let twice = lianhu(&ground, &["account", "create", "root.admin"]).await.expect_err("the name is in use");
    assert!(twice.contains("in use already"), "{twice}");
    let world = World::over(Arc::new(ground), |_| ()).await;
    let admin = world.anyone().sign_in_first("root.admin", &password).await;
    let seen = admin.get(WHO).await;
    assert_eq!(seen["viewer"]["account"], json!({"name": "root.admin", "region": null, "cadre": null}));
    assert_eq!(seen["viewer"]["roles"][0]["role"], "PLATFORM_ADMIN");
    let lines = change::Entity::find().all(world.state.db.read()).await.expect("lines");
    let told: Vec<_> =
        lines.iter().map(|line| (line.entity.as_str(), line.actor, line.request_id.as_str())).collect();
    assert_eq!(told[..2], [("account", None, "command"), ("grant", None, "command")]);
    assert!(!lines.iter().any(|line| line.content.to_string().contains("argon2")), "no hash in the log");
}

#[tokio::test]
async fn roles_passwords_and_the_right_to_sign_in_are_changed_while_the_server_serves() {
    let world = World::demo().await;
    let ground = Arc::clone(&world.ground);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("password");
    std::fs::write(&file, "a password of the office\n").expect("a file");
    let file = file.display().to_string();
    let create = [
        "account",
        "create",
        "office.desk",
        "--region",
        "530304101",
        "--role",
        "DISPATCHER",
        "--bound-to",
        "530304101",
        "--password-file",
        &file,
    ];
    let made = lianhu(&ground, &create).await.expect("an account");
    assert!(!made.contains("a password of the office"), "what somebody chose is not shown");
    let desk = world.anyone().sign_in_first("office.desk", "a password of the office").await;
    assert_eq!(desk.get(WHO).await["viewer"]["roles"], json!([{"role": "DISPATCHER", "where": "纳章镇"}]));

    let given = lianhu(
        &ground,
        &["account", "grant", "office.desk", "--role", "SUPERVISOR", "--bound-to", "530304101"],
    )
    .await
    .expect("a role");
    let id = given.trim().rsplit(' ').next().expect("an id").to_owned();
    assert_eq!(
        desk.get(WHO).await["viewer"]["roles"].as_array().map(Vec::len),
        Some(2),
        "at the next request"
    );
    let listed = lianhu(&ground, &["account", "list"]).await.expect("a list");
    assert!(
        listed.contains("office.desk") && listed.contains(&id) && listed.contains("530304101 纳章镇"),
        "{listed}"
    );
    lianhu(&ground, &["account", "end-grant", &id]).await.expect("an end");
    assert_eq!(desk.get(WHO).await["viewer"]["roles"].as_array().map(Vec::len), Some(1));

    let other = shown(&lianhu(&ground, &["account", "password", "office.desk"]).await.expect("a password"));
    assert_eq!(desk.ask(WHO, json!({})).await.code(), "UNAUTHENTICATED", "signed out everywhere");
    let desk = world.anyone().sign_in("office.desk", &other).await;
    lianhu(&ground, &["account", "disable", "office.desk"]).await.expect("an end");
    assert_eq!(desk.ask(WHO, json!({})).await.code(), "UNAUTHENTICATED");
    lianhu(&ground, &["account", "enable", "office.desk"]).await.expect("a beginning");
    world.anyone().sign_in("office.desk", &other).await;
}

#[tokio::test]
async fn what_the_api_refuses_the_command_refuses_and_nothing_is_left() {
    let world = World::demo().await;
    let ground = Arc::clone(&world.ground);
    let folder = tempfile::tempdir().expect("a folder");
    let weak = folder.path().join("weak");
    std::fs::write(&weak, "12345678\n").expect("a file");
    let weak = weak.display().to_string();
    let refused = async |arguments: &[&str], told: &str| {
        let said = lianhu(&ground, &[&["account"], arguments].concat()).await.expect_err("refused");
        assert!(said.contains(told), "{arguments:?}: {said}");
    };
    refused(&["create", "one", "--password-file", &weak], "among the most common").await;
    refused(&["create", "two words"], "small letters").await;
    refused(&["create", "one.two", "--region", "999999"], "no region of the code").await;
    refused(&["create", "one.two", "--role", "LEADER"], "must be bound").await;
    refused(&["create", "one.two", "--role", "CADRE", "--bound-to", "530304101"], "follows from assignments")
        .await;
    refused(&["create", "one.two", "--role", "KING"], "PLATFORM_ADMIN").await;
    refused(&["disable", "no.such.name"], "no account of the name").await;
    let left = account::Entity::find()
        .filter(account::Column::Name.is_in(["one", "one.two"]))
        .all(world.state.db.read());
    assert!(left.await.expect("rows").is_empty());
    let grants = grant::Entity::find()
        .filter(grant::Column::GrantedBy.is_null())
        .all(world.state.db.read())
        .await
        .expect("rows");
    assert!(!grants.is_empty(), "those of the demonstration alone");
}

#[tokio::test]
async fn a_county_gets_its_accounts_in_one_go() {
    let world = World::demo().await;
    let ground = Arc::clone(&world.ground);
    let waiting = without_account(&world, "530304101").await;
    assert!(waiting.len() > 20);
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("accounts.xlsx");
    let path = out.display().to_string();
    lianhu(&ground, &["account", "bulk", "--region", "530304101", "--out", &path]).await.expect("accounts");
    let sheet = rows(&out).await;
    assert_eq!(sheet.len(), waiting.len());
    let first = &sheet[0];
    let somebody = world.anyone().sign_in_first(&first[2], &first[3]).await;
    assert_eq!(somebody.get(WHO).await["viewer"]["account"]["cadre"]["name"], first[0].as_str());
    let again = lianhu(&ground, &["account", "bulk", "--region", "530304101", "--out", &path]).await;
    assert!(again.expect_err("the file is there").contains("there already"));
    std::fs::remove_file(&out).expect("a file");
    let none = lianhu(&ground, &["account", "bulk", "--region", "530304101", "--out", &path])
        .await
        .expect("nothing to do");
    assert!(none.contains("No cadre is without an account") && !out.exists(), "{none}");
}

const BULK: &str = "created leftOver beyond sheet { url fileName expiresAt }";

async fn bulk(actor: &Actor, input: Value) -> Value {
    actor.change("accountsCreateFromCadres", "AccountsCreateFromCadresInput", BULK, input).await
}

async fn fetch(world: &World, actor: &Actor, url: &str) -> (u16, Vec<u8>) {
    let request = reqwest::Client::new().get(format!("http://{}{url}", world.address));
    let request = match &actor.access {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.bytes().await.expect("bytes").to_vec())
}

#[tokio::test]
async fn an_administrator_makes_accounts_for_cadres_and_fetches_their_first_passwords_once() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let waiting = without_account(&world, "530304101").await.len();
    let town = admin.get("{ region(by: { code: \"530304101\" }) { id } }").await["region"]["id"].clone();
    let input = json!({"regionId": town, "idempotencyKey": lianhu_tests::key()});
    let made = bulk(&admin, input.clone()).await;
    let number =
        |field: &str| usize::try_from(made[field].as_i64().expect("a number")).expect("no less than none");
    assert_eq!(number("created") + number("leftOver") + number("beyond"), waiting, "{made}");
    assert!(number("created") > 0, "{made}");
    let url = made["sheet"]["url"].as_str().expect("an address").to_owned();
    let replayed = bulk(&admin, input.clone()).await;
    assert_eq!(
        [&replayed["replayed"], &replayed["sheet"]["url"], &replayed["created"]],
        [&json!(true), &json!(url), &made["created"]]
    );

    assert_eq!(fetch(&world, &world.anyone(), &url).await.0, 401);
    assert_eq!(
        fetch(&world, &world.actor("county-admin").await, &url).await.0,
        404,
        "whoever asked for it, nobody else"
    );
    let (status, content) = fetch(&world, &admin, &url).await;
    assert_eq!(status, 200);
    assert_eq!(fetch(&world, &admin, &url).await.0, 404, "it is gone");
    assert_eq!(bulk(&admin, input).await["sheet"], Value::Null);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sheet.xlsx");
    std::fs::write(&file, content).expect("a file");
    let sheet = rows(&file).await;
    assert_eq!(sheet.len(), number("created"));
    let names: std::collections::HashSet<_> = sheet.iter().map(|row| &row[2]).collect();
    assert_eq!(names.len(), sheet.len(), "each has a name of its own");
    for row in sheet.iter().take(2) {
        assert!(row[1].len() > 6 && row[3].len() == 12, "{row:?}");
        let somebody = world.anyone().sign_in_first(&row[2], &row[3]).await;
        assert_eq!(somebody.get(WHO).await["viewer"]["account"]["cadre"]["name"], row[0].as_str());
    }
    let mut left = made["leftOver"].clone();
    while left != json!(0) {
        let next = bulk(&admin, json!({"regionId": town})).await;
        assert!(next["created"].as_i64() > Some(0) && next["leftOver"].as_i64() < left.as_i64(), "{next}");
        left = next["leftOver"].clone();
    }
    let none = bulk(&admin, json!({"regionId": town})).await;
    assert_eq!((&none["created"], &none["sheet"]), (&json!(0), &Value::Null));
}

#[tokio::test]
async fn a_sheet_that_nobody_fetches_is_gone_after_an_hour() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let some = without_account(&world, "530304101").await;
    let ids: Vec<_> = some.iter().take(3).map(|cadre| cadre.id.to_string()).collect();
    let made = bulk(&admin, json!({"cadreIds": ids})).await;
    assert_eq!(made["errors"], json!([]), "{made}");
    let url = made["sheet"]["url"].as_str().expect("an address");
    world.state.clock.shift(chrono::Duration::minutes(61));
    let admin = world.actor("town-admin").await;
    assert_eq!(fetch(&world, &admin, url).await.0, 404);
    let cleared = lianhu::account::handout::clear(&world.state.db, world.state.clock.now()).await;
    assert_eq!(cleared.expect("cleared"), 1, "and out of the database");
}

#[tokio::test]
async fn accounts_by_the_dozen_are_for_administrators_of_the_place() {
    let world = World::demo().await;
    let town = world.actor("town-admin").await;
    let id = async |code: &str| {
        town.get(&format!("{{ region(by: {{ code: \"{code}\" }}) {{ id }} }}")).await["region"]["id"].clone()
    };
    let county = bulk(&town, json!({"regionId": id("530304").await})).await;
    assert_eq!(county["errors"][0]["code"], "FORBIDDEN", "{county}");
    let leader = world.actor("leader").await;
    let refused = bulk(&leader, json!({"regionId": id("530304101").await})).await;
    assert_eq!(refused["errors"][0]["code"], "FORBIDDEN");
    let neither = bulk(&town, json!({})).await;
    assert_eq!(neither["errors"][0]["rule"], "one-of");
    let unknown = entity::id::CadreId(uuid::Uuid::now_v7()).to_string();
    let refused = bulk(&town, json!({"cadreIds": [unknown]})).await;
    assert_eq!(
        (&refused["errors"][0]["code"], &refused["errors"][0]["path"]),
        (&json!("NOT_FOUND"), &json!(["input", "cadreIds", "0"]))
    );
}
