//! The change log: who changed which columns when, no personal value, and a reader that misses no line.

use entity::{change, id::HouseholdId, idempotency, kind::ChangeKind};
use futures_util::future::join_all;
use lianhu::kernel::log::{self, Line, Position};
use lianhu_tests::{Actor, World, key};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, Set,
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};
use uuid::Uuid;

/// How long a line may stay unseen: in PostgreSQL it waits for every older transaction of the whole server.
const PATIENCE: Duration = Duration::from_mins(1);
const PAGE: u32 = 7;

/// A reader of the log, page by page.
struct Reader {
    at: Position,
    lines: Vec<Line>,
    since: Instant,
}

impl Reader {
    fn new() -> Self {
        Self { at: Position::default(), lines: Vec::new(), since: Instant::now() }
    }

    /// Reads the next page; each line follows those before it.
    async fn page(&mut self, world: &World) -> usize {
        let page = log::read(&world.state.db, self.at, PAGE).await.expect("a page");
        let most = usize::try_from(PAGE).expect("seven");
        assert!(page.len() <= most, "a page of {}", page.len());
        for line in page.iter().map(Line::position) {
            let order = |position: Position| (position.transaction, position.sequence);
            assert!(order(line) > order(self.at), "{line:?} comes after {:?}", self.at);
            self.at = line;
        }
        let new = page.len();
        self.lines.extend(page);
        new
    }

    /// Reads on until so many lines were seen.
    async fn until(&mut self, world: &World, lines: usize) {
        while self.lines.len() < lines {
            assert!(self.since.elapsed() < PATIENCE, "{} of {lines} lines in time", self.lines.len());
            if self.page(world).await == 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    }
}

/// Every line that stands in the log now.
pub(crate) async fn lines(world: &World) -> Vec<Line> {
    let all = change::Entity::find().count(world.state.db.read()).await.expect("a count");
    let mut reader = Reader::new();
    reader.until(world, usize::try_from(all).expect("a number")).await;
    reader.lines
}

/// Households of the township, to be changed.
async fn households(actor: &Actor, first: usize) -> Vec<Value> {
    let query = format!("{{ households(first: {first}) {{ nodes {{ id version number }} }} }}");
    let seen = actor.get(&query).await;
    seen["households"]["nodes"].as_array().expect("households").clone()
}

fn uuid_of(id: &Value) -> Uuid {
    entity::id::read(id.as_str().expect("an id")).expect("a TypeID").1
}

/// Every text in a value, names of fields too.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| std::iter::once(name.clone()).chain(texts(value)))
            .collect(),
        other => vec![other.to_string()],
    }
}

/// Fails if one of these values stands anywhere in what a change left behind beside the record itself.
async fn assert_nowhere(world: &World, personal: &[&str]) {
    let db = world.state.db.read();
    let mut rows = change::Entity::find().into_json().all(db).await.expect("lines");
    rows.extend(idempotency::Entity::find().into_json().all(db).await.expect("keys"));
    assert!(rows.len() >= 2, "a line and a key at least");
    for row in &rows {
        for text in texts(row) {
            let found = personal.iter().find(|value| text.contains(**value));
            assert!(found.is_none(), "{found:?} in {row}");
        }
    }
}

#[tokio::test]
async fn a_line_tells_who_changed_what_and_no_personal_value() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let household = households(&admin, 1).await.remove(0);
    let (key, request_id) = (key(), "a-request-of-the-log-test");
    let query = "mutation($input: HouseholdUpdateInput!) { householdUpdate(input: $input) {
      household { version status } errors { code message path } } }";
    let input = json!({
        "idempotencyKey": key, "id": household["id"], "expectedVersion": household["version"],
        "address": "竹园村民委员会上村17号", "phone": "139 8765 4321", "status": "MOVED_AWAY",
    });
    let sent = reqwest::Client::new()
        .post(world.endpoint())
        .bearer_auth(admin.access.as_deref().expect("a token"))
        .header("x-request-id", request_id)
        .json(&json!({"query": query, "variables": {"input": input}}));
    let answer: Value = sent.send().await.expect("an answer").json().await.expect("JSON");
    let version = household["version"].as_i64().expect("a version") + 1;
    let updated = &answer["data"]["householdUpdate"]["household"];
    assert_eq!(updated, &json!({"version": version, "status": "MOVED_AWAY"}), "{answer}");

    let lines = lines(&world).await;
    let [line] = &lines[..] else { panic!("one line: {lines:?}") };
    let admins = entity::account::Entity::find().filter(entity::account::Column::Name.eq("town-admin"));
    let account = admins.one(world.state.db.read()).await.expect("an answer").expect("the account").id;
    assert_eq!(line.actor, Some(account));
    assert_eq!((line.entity.as_str(), line.entity_id), ("household", uuid_of(&household["id"])));
    assert_eq!((i64::from(line.entity_version), line.kind), (version, ChangeKind::Updated));
    assert_eq!(line.idempotency_key.map(|key| key.to_string()), Some(key));
    assert_eq!(line.request_id, request_id);
    assert!((world.state.clock.now().0 - line.at.0).num_seconds() < 60);
    let columns: BTreeSet<_> =
        line.columns.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(
        columns,
        BTreeSet::from(["address", "phone", "phone_hash", "phone_masked", "resident_until", "status"])
    );
    assert_eq!(line.content, json!({"status": "MOVED_AWAY"}));
    assert_nowhere(&world, &["竹园", "上村", "17号", "8765", "4321", "139*"]).await;
}

#[tokio::test]
async fn a_new_household_is_logged_with_its_members_and_none_of_their_names_and_numbers() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let seen = admin.get("{ households(first: 1) { nodes { village { id } } } }").await;
    let village = &seen["households"]["nodes"][0]["village"]["id"];
    let made = admin
        .change(
            "householdCreate",
            "HouseholdCreateInput",
            "household { id members(first: 10) { nodes { id name } } }",
            json!({"regionId": village, "number": "LOG-1", "address": "岔河边77号", "phone": "0874-8887766",
                   "housing": "土木结构老房", "yearlyIncome": "43210.00", "incomeSource": "烤烟种植",
                   "location": {"latitude": 25.271_828, "longitude": 103.393_141, "datum": "WGS84"},
                   "members": [
                     {"name": "欧阳测试", "relation": "HEAD", "identityNumber": "11010519491231002X",
                      "phone": "13800138000", "needs": "需要助听器"},
                     {"name": "司马测试", "relation": "SON", "birthDate": "1988-08-08"}]}),
        )
        .await;
    assert_eq!(made["errors"], json!([]), "{made}");
    let lines = lines(&world).await;
    let kinds: Vec<_> = lines.iter().map(|line| (line.entity.as_str(), line.kind.to_value())).collect();
    assert_eq!(lines.len(), 3, "a household and two members: {kinds:?}");
    for line in &lines {
        let shown: BTreeSet<_> =
            line.content.as_object().expect("a map").keys().map(String::as_str).collect();
        let (entity, allowed): (_, &[&str]) = match line.entity.as_str() {
            "household" => (
                &made["household"]["id"],
                &[
                    "number",
                    "county_id",
                    "township_id",
                    "village_id",
                    "group_id",
                    "grid_id",
                    "status",
                    "member_count",
                ],
            ),
            _ => (&Value::Null, &["household_id", "relation", "left_on"]),
        };
        assert!(shown.is_subset(&allowed.iter().copied().collect()), "{shown:?} of {}", line.entity);
        assert!(entity.is_null() || uuid_of(entity) == line.entity_id);
        assert_eq!((line.kind, line.entity_version), (ChangeKind::Created, 1));
    }
    let personal = [
        "欧阳", "司马", "测试", "11010519", "1949", "1988", "138001", "138*", "888776", "0874", "岔河",
        "助听", "土木", "烤烟", "43210", "4321000", "25.27", "103.39",
    ];
    assert_nowhere(&world, &personal).await;
}

#[tokio::test]
async fn the_end_of_an_assignment_is_logged_with_its_day_and_without_its_reason() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let query = "{ contactAssignments(first: 1, where: { live: true, kind: { eq: HOUSEHOLD } }) { nodes { id version } } }";
    let assignment = &admin.get(query).await["contactAssignments"]["nodes"][0];
    let input =
        json!({"id": assignment["id"], "expectedVersion": assignment["version"], "reason": "因病休养"});
    let ended = admin.change("assignmentEnd", "AssignmentEndInput", "assignment { endsOn }", input).await;
    let lines = lines(&world).await;
    let [line] = &lines[..] else { panic!("one line: {lines:?}") };
    assert_eq!((line.entity.as_str(), line.kind), ("assignment", ChangeKind::Ended));
    assert_eq!(line.columns, json!(["ends_on", "ended_reason"]));
    assert!(ended["assignment"]["endsOn"].is_string(), "{ended}");
    assert_eq!(line.content, json!({"ends_on": ended["assignment"]["endsOn"]}));
    assert_nowhere(&world, &["因病", "休养"]).await;
}

/// Puts a line into the log as a command does, and gives its number.
async fn put(tx: &impl ConnectionTrait, about: Uuid) -> i64 {
    let line = change::ActiveModel {
        id: Set(entity::id::ChangeId(Uuid::now_v7())),
        at: Set(lianhu::kernel::clock::Clock::default().now()),
        entity: Set("household".to_owned()),
        entity_id: Set(about),
        entity_version: Set(2),
        kind: Set(ChangeKind::Updated),
        columns: Set(json!(["status"])),
        content: Set(json!({"status": "RESIDENT"})),
        request_id: Set("put".to_owned()),
        ..Default::default()
    };
    change::Entity::insert(line).exec_without_returning(tx).await.expect("a line");
    let numbers: Option<i64> = change::Entity::find()
        .select_only()
        .column_as(change::Column::Sequence.max(), "number")
        .filter(change::Column::EntityId.eq(about))
        .into_tuple()
        .one(tx)
        .await
        .expect("a number");
    numbers.expect("a line")
}

#[tokio::test]
async fn a_line_that_is_committed_after_a_later_one_is_not_missed() {
    let world = World::with(|config| config.database.readers = 12).await;
    // SQLite has one writer, who holds the lock to the end: nothing can overtake there.
    let writers = if world.ground.is_postgres() { 8 } else { 1 };
    let mut reader = Reader::new();
    let mut written = BTreeSet::new();
    for _ in 0..5 {
        let mut open = Vec::new();
        for _ in 0..writers {
            let tx = world.state.db.begin().await.expect("a transaction");
            let about = Uuid::now_v7();
            written.insert(put(&tx, about).await);
            open.push((tx, about));
        }
        open.reverse();
        open.rotate_left(writers / 3);
        for (tx, about) in open {
            // The second line has a number behind those of transactions that began later.
            written.insert(put(&tx, about).await);
            reader.page(&world).await;
            tx.commit().await.expect("a commit");
            reader.page(&world).await;
        }
        reader.until(&world, written.len()).await;
    }
    let seen: Vec<_> = reader.lines.iter().map(|line| line.position().sequence).collect();
    assert_eq!(seen.len(), 10 * writers, "each line once");
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), written);
}

#[tokio::test]
async fn while_an_earlier_line_is_not_committed_a_reader_is_shown_no_later_one() {
    let world = World::demo().await;
    if !world.ground.is_postgres() {
        // In SQLite a second writer waits for the first: the later line cannot be there.
        let first = world.state.db.begin().await.expect("a transaction");
        put(&first, Uuid::now_v7()).await;
        let second = tokio::time::timeout(Duration::from_millis(50), world.state.db.begin()).await;
        assert!(second.is_err(), "there is one writer");
        assert_eq!(Reader::new().page(&world).await, 0);
        first.commit().await.expect("a commit");
        return;
    }
    let [first, second] = [Uuid::now_v7(), Uuid::now_v7()];
    let slow = world.state.db.begin().await.expect("a transaction");
    let early = put(&slow, first).await;
    let quick = world.state.db.begin().await.expect("a transaction");
    let late = put(&quick, second).await;
    quick.commit().await.expect("a commit");
    assert!(early < late);
    let mut reader = Reader::new();
    assert_eq!(reader.page(&world).await, 0, "the later line waits for the earlier");
    slow.commit().await.expect("a commit");
    reader.until(&world, 2).await;
    let order: Vec<_> = reader.lines.iter().map(|line| line.entity_id).collect();
    assert_eq!(order, [first, second]);
}

#[tokio::test]
async fn eight_people_who_change_households_at_once_leave_a_log_that_is_read_whole_and_in_order() {
    const CHANGES: i32 = 6;
    let world = World::with(|config| config.database.readers = 12).await;
    let admin = world.actor("town-admin").await;
    let chosen = households(&admin, 8).await;
    let writing = join_all(chosen.iter().map(|household| {
        let admin = &admin;
        async move {
            let mut version = household["version"].clone();
            for n in 0..CHANGES {
                let input =
                    json!({"id": household["id"], "expectedVersion": version, "housing": format!("{n}间")});
                let done = admin
                    .change("householdUpdate", "HouseholdUpdateInput", "household { version }", input)
                    .await;
                version = done["household"]["version"].clone();
                assert!(version.is_i64(), "{done}");
            }
        }
    }));
    let mut reader = Reader::new();
    let expected = chosen.len() * usize::try_from(CHANGES).expect("six");
    tokio::join!(writing, reader.until(&world, expected));
    assert_eq!(reader.page(&world).await, 0, "nothing comes after");
    let mut versions: HashMap<Uuid, Vec<i32>> = HashMap::new();
    for line in &reader.lines {
        versions.entry(line.entity_id).or_default().push(line.entity_version);
    }
    assert_eq!(versions.len(), 8);
    for household in &chosen {
        let first = i32::try_from(household["version"].as_i64().expect("a version")).expect("small");
        let id = HouseholdId(uuid_of(&household["id"]));
        let expected: Vec<_> = (1..=CHANGES).map(|n| first + n).collect();
        assert_eq!(versions.get(&id.0), Some(&expected), "{id}");
    }
}
