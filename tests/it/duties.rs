//! Duties to the person: what is held on a household is told to it, it may have it put right, and what it only agreed to it may
//! withdraw.

use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};
use entity::{change, consent, correction, household, id::HouseholdId, member};
use lianhu::{
    household::held::HELD,
    kernel::sheet::Hand,
    roster::{self, Options, Report, Source},
};
use lianhu_tests::{Actor, World, key};
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The resident's household, which is one of the contact's, with its members.
async fn own(world: &World) -> Value {
    let resident = world.actor("resident").await;
    let own = "{ households { nodes { id number version village { id code } head { id name } members { nodes { id } } } } }";
    let own = resident.get(own).await;
    world.state.access.flush(&world.state.db).await.expect("the log is written");
    own["households"]["nodes"][0].clone()
}

/// Another household of the same town.
async fn another(world: &World, than: &Value) -> Value {
    let all = world
        .actor("town-admin")
        .await
        .get("{ households(first: 5) { nodes { id members(first: 1) { nodes { id } } } } }")
        .await;
    let all = all["households"]["nodes"].as_array().expect("households").clone();
    all.into_iter().find(|one| one["id"] != than["id"]).expect("another one")
}

fn uuid(id: &Value) -> uuid::Uuid {
    entity::id::read(id.as_str().expect("an id")).expect("an id").1
}

async fn row(world: &World, id: &Value) -> household::Model {
    let row = household::Entity::find_by_id(HouseholdId(uuid(id))).one(world.state.db.read()).await;
    row.expect("a row").expect("the household")
}

async fn held(actor: &Actor, id: &Value) -> Value {
    let ask = "query($id: ID!) { household(by: { id: $id }) { held { field dataClass isHeld ground since keptDays } } }";
    actor.ask(ask, json!({"id": id})).await.ok()["household"].clone()
}

fn item<'a>(held: &'a Value, field: &str) -> &'a Value {
    let items = held["held"].as_array().expect("a list");
    items.iter().find(|item| item["field"] == field).unwrap_or_else(|| panic!("{field} is in {held}"))
}

#[test]
fn the_table_of_what_is_held_names_every_personal_field_of_the_schema_with_its_class() {
    let document = parse_schema(lianhu::schema::sdl()).expect("the schema");
    let mut of_schema = BTreeSet::new();
    for definition in document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let of = definition.node.name.node.to_string();
        let TypeKind::Object(object) = definition.node.kind else { continue };
        let told = [
            "Household",
            "HouseholdMember",
            "Visit",
            "Condolence",
            "Attachment",
            "Demand",
            "Feedback",
            "Task",
            "TaskEvent",
            "TaskPart",
            "TaskRequest",
            "Milestone",
            "Query",
        ];
        if !told.contains(&of.as_str()) {
            continue;
        }
        for field in object.fields {
            let class = field.node.directives.iter().find(|one| one.node.name.node == "class");
            let class = class.and_then(|one| one.node.arguments.first()).expect("a class").1.node.to_string();
            if ["PERSONAL", "SENSITIVE", "CLOSED"].contains(&class.as_str()) {
                of_schema.insert((format!("{of}.{}", field.node.name.node), class));
            }
        }
    }
    let of_table: BTreeSet<_> =
        HELD.iter().map(|entry| (entry.field.to_owned(), entry.class.to_value())).collect();
    assert_eq!(of_table, of_schema);
    assert_eq!(of_table.len(), HELD.len(), "each stands once");
}

#[tokio::test]
async fn what_is_held_is_told_to_the_household_and_the_administrator_of_its_region_alone() {
    let world = World::demo().await;
    let home = own(&world).await;
    let stored = row(&world, &home["id"]).await;
    for name in ["resident", "town-admin", "county-admin"] {
        let told = held(&world.actor(name).await, &home["id"]).await;
        assert_eq!(told["held"].as_array().map(Vec::len), Some(HELD.len()), "{name}");
        let income = item(&told, "Household.yearlyIncome");
        assert_eq!((&income["dataClass"], &income["ground"]), (&json!("SENSITIVE"), &json!("CONSENT")));
        assert_eq!(income["isHeld"], stored.yearly_income.is_some());
        assert_eq!(income["keptDays"], 180);
        let address = item(&told, "Household.address");
        assert_eq!((&address["ground"], &address["keptDays"]), (&json!("PUBLIC_DUTY"), &json!(1825)));
        assert_eq!(address["isHeld"], stored.address.is_some());
        assert_eq!(item(&told, "HouseholdMember.identityNumber")["isHeld"], true);
        let text = told.to_string();
        assert!(
            !text.contains(&stored.head_name) && !text.contains(stored.address.as_deref().unwrap_or("?"))
        );
    }
    for name in ["contact", "grid-worker", "leader", "dispatcher"] {
        let told = held(&world.actor(name).await, &home["id"]).await;
        assert!(told.is_object() && told["held"].is_null(), "{name}: {told}");
    }
    for name in ["nancheng-admin", "wanfang-contact", "auditor", "nobody", "platform-admin"] {
        assert!(held(&world.actor(name).await, &home["id"]).await.is_null(), "{name}");
    }
    let resident = world.actor("resident").await;
    assert!(held(&resident, &another(&world, &home).await["id"]).await.is_null());
    // What is taken out is no longer held.
    let input = json!({"id": home["id"], "expectedVersion": stored.version, "address": null});
    let admin = world.actor("town-admin").await;
    let done = admin.change("householdUpdate", "HouseholdUpdateInput", "household { id }", input);
    assert_eq!(done.await["errors"], json!([]));
    let told = held(&resident, &home["id"]).await;
    assert_eq!(item(&told, "Household.address")["isHeld"], false);
}

async fn ask(actor: &Actor, home: &Value, member: Option<&Value>, field: &str, wanted: &str) -> Value {
    let mut input = json!({"householdId": home["id"], "field": field, "wanted": wanted});
    if let Some(member) = member {
        input["memberId"] = member.clone();
    }
    let selection = "correction { id field state version wanted answer askedAt decidedAt household { id } member { id } }";
    actor.change("correctionAsk", "CorrectionAskInput", selection, input).await
}

async fn decide(actor: &Actor, id: &Value, version: i64, outcome: &str, answer: &str) -> Value {
    let input = json!({"id": id, "expectedVersion": version, "outcome": outcome, "answer": answer});
    actor
        .change(
            "correctionDecide",
            "CorrectionDecideInput",
            "correction { state version answer decidedAt }",
            input,
        )
        .await
}

const CORRECTIONS: &str = "query($id: ID!) {
  household(by: { id: $id }) { corrections(first: 10) { nodes { id wanted } } }
  corrections(where: { state: { eq: OPEN } }, first: 10) { totalCount nodes { id } } }";

#[tokio::test]
async fn a_household_asks_for_a_correction_and_its_contact_decides() {
    let world = World::demo().await;
    let home = own(&world).await;
    let (resident, contact) = (world.actor("resident").await, world.actor("contact").await);
    let wanted = "门牌号应为十七号，已搬新房";
    let asked = ask(&resident, &home, None, "Household.address", wanted).await;
    let made = &asked["correction"];
    assert_eq!(asked["errors"], json!([]), "{asked}");
    assert_eq!((&made["state"], &made["wanted"]), (&json!("OPEN"), &json!(wanted)));
    assert!(made["answer"].is_null() && made["decidedAt"].is_null() && made["member"].is_null());
    let of_member =
        ask(&resident, &home, Some(&home["head"]["id"]), "HouseholdMember.birthDate", "应为一月").await;
    assert_eq!(of_member["correction"]["member"]["id"], home["head"]["id"], "{of_member}");
    // At rest nothing of it can be read, nor in the change log.
    let rows = correction::Entity::find().all(world.state.db.read()).await.expect("rows");
    assert_eq!(rows.len(), 2);
    let stored = rows.iter().find(|row| row.id.to_string() == made["id"]).expect("it");
    assert_eq!(world.state.vault.open(&stored.wanted).expect("it opens"), wanted);
    assert!(!stored.wanted.windows(6).any(|bytes| wanted.as_bytes().windows(6).any(|plain| plain == bytes)));
    let lines = change::Entity::find().filter(change::Column::EntityId.eq(stored.id.0));
    let lines = lines.all(world.state.db.read()).await.expect("lines");
    assert_eq!(lines.len(), 1);
    assert!(lines[0].content.get("wanted").is_none() && lines[0].content.get("state").is_some());
    for name in ["contact", "town-admin", "county-admin", "resident"] {
        let seen = world.actor(name).await.ask(CORRECTIONS, json!({"id": home["id"]})).await.ok();
        assert_eq!(seen["household"]["corrections"]["nodes"].as_array().map(Vec::len), Some(2), "{name}");
        assert_eq!(seen["corrections"]["totalCount"], 2, "{name}");
    }
    for name in
        ["grid-worker", "leader", "dispatcher", "wanfang-contact", "nancheng-admin", "auditor", "nobody"]
    {
        let seen = world.actor(name).await.ask(CORRECTIONS, json!({"id": home["id"]})).await.ok();
        assert_eq!(seen["household"]["corrections"]["nodes"].as_array().map_or(0, Vec::len), 0, "{name}");
        assert_eq!(seen["corrections"]["totalCount"], 0, "{name}");
        let actor = world.actor(name).await;
        let node = actor.ask("query($id: ID!) { node(id: $id) { id } }", json!({"id": made["id"]}));
        assert!(node.await.ok()["node"].is_null(), "{name}");
    }
    // That its words were read is written down.
    world.state.access.flush(&world.state.db).await.expect("the log is written");
    let looks = "query($id: ID!) { household(by: { id: $id }) { accesses(first: 50) { nodes { fields } } } }";
    let looks = resident.ask(looks, json!({"id": home["id"]})).await.ok();
    assert!(looks.to_string().contains("Correction.wanted"), "{looks}");
    let by_region = "query($region: ID!) { corrections(where: { region: $region }) { totalCount } }";
    let here = contact.ask(by_region, json!({"region": home["village"]["id"]})).await.ok();
    assert_eq!(here["corrections"]["totalCount"], 2);
    for (name, code) in [
        ("resident", "FORBIDDEN"),
        ("grid-worker", "NOT_FOUND"),
        ("leader", "NOT_FOUND"),
        ("wanfang-contact", "NOT_FOUND"),
    ] {
        let refused = decide(&world.actor(name).await, &made["id"], 1, "DONE", "已改").await;
        assert_eq!(refused["errors"][0]["code"], code, "{name}: {refused}");
    }
    let empty = decide(&contact, &made["id"], 1, "DONE", " ").await;
    assert_eq!(empty["errors"][0]["rule"], "required", "{empty}");
    let stale = decide(&contact, &made["id"], 7, "DONE", "已改").await;
    assert_eq!(stale["errors"][0]["code"], "CONFLICT", "{stale}");
    let done = decide(&contact, &made["id"], 1, "DONE", "已更正门牌号").await;
    assert_eq!(
        (&done["correction"]["state"], &done["correction"]["version"]),
        (&json!("DONE"), &json!(2)),
        "{done}"
    );
    let again = decide(&contact, &made["id"], 2, "DECLINED", "不改").await;
    assert_eq!(again["errors"][0]["code"], "STATE", "{again}");
    let admin = world.actor("town-admin").await;
    let declined = decide(&admin, &of_member["correction"]["id"], 1, "DECLINED", "与身份证一致，无误").await;
    assert_eq!(declined["correction"]["state"], "DECLINED", "{declined}");
    let told = resident.ask(
        "query($id: ID!) { node(id: $id) { ... on Correction { answer state } } }",
        json!({"id": made["id"]}),
    );
    assert_eq!(told.await.ok()["node"], json!({"answer": "已更正门牌号", "state": "DONE"}));
}

#[tokio::test]
async fn a_correction_is_asked_by_the_household_itself_of_what_is_held_in_so_many_words() {
    let world = World::demo().await;
    let home = own(&world).await;
    let resident = world.actor("resident").await;
    for (name, code) in [
        ("contact", "FORBIDDEN"),
        ("town-admin", "FORBIDDEN"),
        ("grid-worker", "FORBIDDEN"),
        ("leader", "FORBIDDEN"),
        ("supervisor", "NOT_FOUND"),
        ("wanfang-contact", "NOT_FOUND"),
        ("auditor", "NOT_FOUND"),
    ] {
        let refused = ask(&world.actor(name).await, &home, None, "Household.address", "应为十七号").await;
        assert_eq!(refused["errors"][0]["code"], code, "{name}: {refused}");
        assert!(refused["correction"].is_null());
    }
    let other = another(&world, &home).await;
    let refused = ask(&resident, &other, None, "Household.address", "应为十七号").await;
    assert_eq!(refused["errors"][0]["code"], "NOT_FOUND", "{refused}");
    let stranger = &other["members"]["nodes"][0]["id"];
    let head = &home["head"]["id"];
    let long = "长".repeat(501);
    for (member, field, wanted, rule) in [
        (None, "Household.number", "应为三号", "field"),
        (None, "HouseholdMember.needs", "没有需求", "member"),
        (Some(head), "Household.address", "应为十七号", "member"),
        (None, "Household.address", " ", "required"),
        (None, "Household.address", long.as_str(), "length"),
    ] {
        let refused = ask(&resident, &home, member, field, wanted).await;
        assert_eq!(refused["errors"][0]["rule"], rule, "{field}: {refused}");
    }
    let refused = ask(&resident, &home, Some(stranger), "HouseholdMember.needs", "没有需求").await;
    assert_eq!(refused["errors"][0]["code"], "NOT_FOUND", "{refused}");
    assert_eq!(correction::Entity::find().all(world.state.db.read()).await.expect("rows").len(), 0);
}

async fn consent(actor: &Actor, which: &str, home: &Value, purpose: &str) -> Value {
    let input = json!({"householdId": home["id"], "purpose": purpose});
    let (mutation, input_type) = match which {
        "give" => ("consentGive", "ConsentGiveInput"),
        _ => ("consentWithdraw", "ConsentWithdrawInput"),
    };
    let selection = "household { version consents { purpose given givenOn withdrawnOn } }";
    actor.change(mutation, input_type, selection, input).await
}

async fn sheet(world: &World, home: &Value, column: &str, told: &str) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("户.csv");
    let text = format!(
        "区划代码,村,户编号,姓名,与户主关系,{column}\n{},{},{},{},户主,{told}\n",
        home["village"]["code"].as_str().expect("a code"),
        home["village"]["name"].as_str().unwrap_or_default(),
        home["number"].as_str().expect("a number"),
        home["head"]["name"].as_str().expect("a name"),
    );
    std::fs::write(&path, text).expect("a file");
    let with = (&world.state.db, &*world.state.vault, &world.state.clock);
    let source = Source { path: &path, name: "户.csv" };
    roster::import(&Hand::Operator, with, source, Options::default(), &|_| (), None)
        .await
        .expect("it is read")
}

#[tokio::test]
async fn a_consent_that_many_note_at_once_is_noted_once() {
    let world = World::demo().await;
    let home = own(&world).await;
    let (resident, contact) = (world.actor("resident").await, world.actor("contact").await);
    assert_eq!(consent(&resident, "withdraw", &home, "LOCATION").await["errors"], json!([]));
    let tries = (0..8).map(|n| consent([&resident, &contact][n % 2], "give", &home, "LOCATION"));
    let answers = futures_util::future::join_all(tries).await;
    let (noted, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer["errors"] == json!([]));
    assert_eq!(noted.len(), 1, "{answers:#?}");
    for answer in refused {
        assert_eq!(answer["errors"][0]["code"], "STATE", "{answer}");
    }
}

#[tokio::test]
async fn what_a_household_no_longer_agrees_to_is_erased_at_once_and_not_written_again_before_it_does() {
    let world = World::demo().await;
    let mut home = own(&world).await;
    let names = "query($id: ID!) { household(by: { id: $id }) { village { name } } }";
    let village = world.actor("resident").await.ask(names, json!({"id": home["id"]})).await.ok();
    home["village"]["name"] = village["household"]["village"]["name"].clone();
    let (resident, contact) = (world.actor("resident").await, world.actor("contact").await);
    let update = async |told: Value| {
        let mut input = told;
        input["id"] = home["id"].clone();
        input["expectedVersion"] = json!(row(&world, &home["id"]).await.version);
        contact.change("householdUpdate", "HouseholdUpdateInput", "household { version }", input).await
    };
    let all = json!({"location": {"latitude": 25.5, "longitude": 103.8, "datum": "WGS84"}, "yearlyIncome": "42000.00", "incomeSource": "务工"});
    assert_eq!(update(all.clone()).await["errors"], json!([]));
    let before = row(&world, &home["id"]).await;
    let withdrawn = consent(&resident, "withdraw", &home, "INCOME").await;
    assert_eq!(withdrawn["errors"], json!([]), "{withdrawn}");
    let consents = &withdrawn["household"]["consents"];
    assert_eq!((&consents[0]["given"], &consents[1]["given"]), (&json!(true), &json!(false)), "{consents}");
    let after = row(&world, &home["id"]).await;
    assert_eq!((after.yearly_income, after.income_source.as_deref()), (None, None));
    assert_eq!(after.latitude, Some(25.5), "to that it still agrees");
    assert_eq!(after.version, before.version + 1);
    let lines = change::Entity::find()
        .filter(change::Column::EntityId.eq(after.id.0))
        .filter(change::Column::EntityVersion.eq(after.version));
    let line = lines.one(world.state.db.read()).await.expect("a line").expect("one");
    assert_eq!(line.columns, json!(["yearly_income", "income_source", "consents"]));
    assert_eq!(line.content, json!({}));
    let told = consent(&contact, "withdraw", &home, "LOCATION").await;
    assert_eq!(told["errors"], json!([]), "the contact notes what it was told: {told}");
    let after = row(&world, &home["id"]).await;
    assert_eq!((after.latitude, after.longitude), (None, None));
    let refused = update(all.clone()).await;
    let rules: Vec<_> = refused["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|one| (&one["rule"], &one["path"][1]))
        .collect();
    let broken = json!("consent-withdrawn");
    let paths = [json!("location"), json!("yearlyIncome"), json!("incomeSource")];
    assert_eq!(rules, paths.iter().map(|path| (&broken, path)).collect::<Vec<_>>(), "{refused}");
    assert_eq!(
        update(json!({"location": null, "housing": "砖混"})).await["errors"],
        json!([]),
        "nothing is no value"
    );
    for (column, value) in [("年收入", "42000"), ("收入来源", "务工")] {
        let report = sheet(&world, &home, column, value).await;
        let rules: Vec<_> = report.faults.iter().map(|fault| fault.rule).collect();
        assert_eq!(rules, ["consent-withdrawn"], "{column}: {report:?}");
    }
    assert_eq!(row(&world, &home["id"]).await.yearly_income, None);
    let told = held(&resident, &home["id"]).await;
    assert_eq!(item(&told, "Household.location")["isHeld"], false);
    let twice = consent(&resident, "withdraw", &home, "INCOME").await;
    assert_eq!(twice["errors"][0]["code"], "STATE", "{twice}");
    // Given anew, it is written again; the rows tell the whole story.
    let grid = world.actor("grid-worker").await;
    assert_eq!(consent(&grid, "give", &home, "INCOME").await["errors"], json!([]));
    assert_eq!(consent(&resident, "give", &home, "INCOME").await["errors"][0]["code"], "STATE");
    assert_eq!(update(json!({"yearlyIncome": "43000.00"})).await["errors"], json!([]));
    let report = sheet(&world, &home, "年收入", "44000").await;
    assert_eq!(report.faults.len(), 0, "{report:?}");
    assert_eq!(row(&world, &home["id"]).await.yearly_income.map(|yuan| yuan.0), Some(4_400_000));
    let gone = consent(&resident, "withdraw", &home, "INCOME").await;
    assert_eq!(gone["household"]["consents"][1]["given"], false, "{gone}");
    assert_eq!(row(&world, &home["id"]).await.yearly_income, None);
    let rows = consent::Entity::find().all(world.state.db.read()).await.expect("rows");
    assert_eq!(rows.len(), 3, "two of income, one of the position");
    assert_eq!(rows.iter().filter(|row| row.given_on.is_none()).count(), 2, "given with the registration");
    assert!(rows.iter().all(|row| row.withdrawn_by.is_some()));
}

#[tokio::test]
async fn consent_is_noted_by_the_household_its_contact_and_the_grid_worker_alone() {
    let world = World::demo().await;
    let home = own(&world).await;
    let members = member::Entity::find().all(world.state.db.read()).await.expect("members").len();
    for (name, code) in [
        ("town-admin", "FORBIDDEN"),
        ("leader", "FORBIDDEN"),
        ("dispatcher", "FORBIDDEN"),
        ("supervisor", "NOT_FOUND"),
        ("wanfang-contact", "NOT_FOUND"),
        ("nancheng-admin", "NOT_FOUND"),
        ("auditor", "NOT_FOUND"),
    ] {
        for which in ["give", "withdraw"] {
            let refused = consent(&world.actor(name).await, which, &home, "LOCATION").await;
            assert_eq!(refused["errors"][0]["code"], code, "{name}: {refused}");
        }
    }
    let resident = world.actor("resident").await;
    let other = another(&world, &home).await;
    let refused = consent(&resident, "withdraw", &other, "LOCATION").await;
    assert_eq!(refused["errors"][0]["code"], "NOT_FOUND", "{refused}");
    assert_eq!(consent::Entity::find().all(world.state.db.read()).await.expect("rows").len(), 0);
    assert_eq!(member::Entity::find().all(world.state.db.read()).await.expect("members").len(), members);
    let input = json!({"idempotencyKey": key(), "householdId": home["id"], "purpose": "LOCATION"});
    let once = resident
        .change("consentWithdraw", "ConsentWithdrawInput", "household { version }", input.clone())
        .await;
    let again =
        resident.change("consentWithdraw", "ConsentWithdrawInput", "household { version }", input).await;
    assert_eq!((&once["replayed"], &again["replayed"]), (&json!(false), &json!(true)), "{again}");
}
