//! Households: registering them, changing them, their members, and who may.

use lianhu_tests::{Actor, World, key};
use serde_json::{Value, json};

const GROUP: &str = "530304101200001";

async fn region(actor: &Actor, code: &str) -> Value {
    actor.get(&format!("{{ region(by: {{ code: \"{code}\" }}) {{ id }} }}")).await["region"]["id"].clone()
}

/// An identity number with its check digit (GB 11643), worked out by hand here.
fn identity(first17: &str) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits = first17.chars().map(|digit| digit.to_digit(10).expect("a digit"));
    let sum: u32 = digits.zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    let check = ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][(sum % 11) as usize];
    format!("{first17}{check}")
}

fn family(region: &Value, number: &str) -> Value {
    json!({"regionId": region, "number": number, "address": "大竹园 18 号", "phone": "13887410001",
           "housing": "砖混两层", "yearlyIncome": "43000.00", "incomeSource": "烤烟", "tags": ["MONITORED", "DISABILITY"],
           "location": {"latitude": 25.4, "longitude": 103.4, "datum": "WGS84"},
           "members": [
             {"name": "甲", "relation": "HEAD", "identityNumber": identity("53030419700101001"), "phone": "13887410001"},
             {"name": "乙", "relation": "SPOUSE", "sex": "FEMALE", "birthDate": "1972-05-06"},
             {"name": "丙", "relation": "SON", "employment": "MIGRANT_WORK", "employmentPlace": "昆明"}]})
}

const SHOWN: &str = "household { id version number headName address phone phoneMasked housing memberCount status
  yearlyIncome incomeSource redactedFields tags { code } location { latitude }
  group { code } grid { code } village { code }
  head { id version name sex birthDate hasIdentityNumber phone }
  members(first: 10) { totalCount nodes { id version name relation sex birthDate employment employmentPlace needs } } }";

async fn create(actor: &Actor, input: Value) -> Value {
    actor.change("householdCreate", "HouseholdCreateInput", SHOWN, input).await
}

async fn update(actor: &Actor, input: Value) -> Value {
    actor.change("householdUpdate", "HouseholdUpdateInput", SHOWN, input).await
}

const MEMBER: &str = "member { id version name phone phoneMasked needs employment leftOn birthDate
  household { version memberCount headName } }";

async fn add(actor: &Actor, input: Value) -> Value {
    actor.change("householdMemberAdd", "HouseholdMemberAddInput", MEMBER, input).await
}

async fn update_member(actor: &Actor, input: Value) -> Value {
    actor.change("householdMemberUpdate", "HouseholdMemberUpdateInput", MEMBER, input).await
}

/// The rules that were broken, with where.
fn rules(refused: &Value) -> Vec<(String, String)> {
    let errors = refused["errors"].as_array().expect("errors");
    let mut rules: Vec<_> = errors
        .iter()
        .map(|error| {
            let path: Vec<_> =
                error["path"].as_array().expect("a path").iter().filter_map(Value::as_str).collect();
            (error["rule"].as_str().unwrap_or_default().to_owned(), path.join("."))
        })
        .collect();
    rules.sort();
    rules
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(rule, at)| ((*rule).to_owned(), (*at).to_owned())).collect()
}

#[tokio::test]
async fn an_administrator_registers_a_household_with_its_members_and_its_place() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let mut input = family(&region(&admin, GROUP).await, "新-1");
    input["gridId"] = region(&admin, "530304101200901").await;
    let made = create(&admin, input).await;
    let household = &made["household"];
    assert_eq!(made["errors"], json!([]), "{made}");
    assert_eq!(household["number"], "新-1");
    assert_eq!(household["headName"], "甲");
    assert_eq!(household["memberCount"], 3);
    assert_eq!(household["status"], "RESIDENT");
    assert_eq!(household["village"]["code"], "530304101200");
    assert_eq!(household["group"]["code"], GROUP);
    assert_eq!(household["grid"]["code"], "530304101200901");
    assert_eq!(
        household["tags"],
        json!([{"code": "MONITORED"}]),
        "the sensitive one is kept, and shown to nobody"
    );
    assert_eq!(
        [&household["phone"], &household["yearlyIncome"], &household["incomeSource"]],
        [&Value::Null; 3]
    );
    assert_eq!(household["phoneMasked"], "138****0001");
    assert_eq!(household["head"]["sex"], "MALE", "as the identity number says");
    assert_eq!(household["head"]["birthDate"], "1970-01-01", "as the identity number says");
    assert_eq!(household["head"]["hasIdentityNumber"], true);
    let relations: Vec<_> = household["members"]["nodes"]
        .as_array()
        .expect("members")
        .iter()
        .map(|member| member["relation"].clone())
        .collect();
    assert_eq!(relations, ["HEAD", "SPOUSE", "SON"], "in the order in which they were given");
}

#[tokio::test]
async fn every_broken_rule_of_a_new_household_is_told_at_once_with_its_place() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let group = region(&admin, GROUP).await;
    let good = identity("53030419700101001");
    let wrong = format!("{}{}", &good[..17], if good.ends_with('1') { '2' } else { '1' });
    let mut input = family(&group, " ");
    input["phone"] = json!("123");
    input["location"]["latitude"] = json!(91.0);
    input["members"] = json!([
        {"name": "甲", "relation": "HEAD", "identityNumber": wrong},
        {"name": "乙", "relation": "HEAD", "identityNumber": good, "sex": "FEMALE", "birthDate": "1970-01-02"},
        {"name": " ", "relation": "SON", "birthDate": "2999-01-01"}]);
    let refused = create(&admin, input).await;
    assert_eq!(refused["household"], Value::Null);
    assert_eq!(
        rules(&refused),
        pairs(&[
            ("birth-date", "input.members.2.birthDate"),
            ("identity-number", "input.members.0.identityNumber"),
            ("identity-number-birth", "input.members.1.birthDate"),
            ("identity-number-sex", "input.members.1.sex"),
            ("one-head", "input.members"),
            ("phone", "input.phone"),
            ("position", "input.location"),
            ("required", "input.members.2.name"),
            ("required", "input.number"),
        ]),
        "{refused}"
    );
    let mut elsewhere = family(&region(&admin, "530304101").await, "新-2");
    elsewhere["gridId"] = region(&admin, "530304101201901").await;
    assert_eq!(
        rules(&create(&admin, elsewhere).await),
        pairs(&[("grid", "input.gridId"), ("village", "input.regionId")])
    );
    let mut unknown = family(&group, "新-3");
    unknown["tags"] = json!(["NO_SUCH_TAG"]);
    assert_eq!(rules(&create(&admin, unknown).await), pairs(&[("tags", "input.tags")]));
    let left = "{ households(where: { number: { in: [\"新-2\", \"新-3\"] } }) { totalCount } }";
    assert_eq!(admin.get(left).await["households"]["totalCount"], 0, "a refusal leaves nothing");
}

#[tokio::test]
async fn a_number_stands_once_in_a_village_and_may_stand_again_in_another() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let group = region(&admin, GROUP).await;
    let first = create(&admin, family(&group, "新-1")).await["household"].clone();
    let second = create(&admin, family(&region(&admin, "530304101200002").await, "新-1")).await;
    assert_eq!(second["errors"][0]["code"], "DUPLICATE", "{second}");
    assert_eq!(second["errors"][0]["existing"], first["id"]);
    assert_eq!(second["errors"][0]["path"], json!(["input", "number"]));
    let afar = create(&admin, family(&region(&admin, "530304101201001").await, "新-1")).await;
    assert_eq!(afar["errors"], json!([]), "another village: {afar}");
    let other = create(&admin, family(&group, "新-4")).await["household"].clone();
    let renamed =
        update(&admin, json!({"id": other["id"], "expectedVersion": other["version"], "number": "新-1"}))
            .await;
    assert_eq!(renamed["errors"][0]["code"], "DUPLICATE", "{renamed}");
    let kept =
        update(&admin, json!({"id": other["id"], "expectedVersion": other["version"], "number": "新-4"}))
            .await;
    assert_eq!(kept["errors"], json!([]), "its own number is no duplicate: {kept}");
}

#[tokio::test]
async fn what_a_change_leaves_out_stays_null_clears_and_a_value_replaces() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let made = create(&admin, family(&region(&admin, GROUP).await, "新-1")).await["household"].clone();
    let change =
        json!({"id": made["id"], "expectedVersion": made["version"], "address": null, "housing": "土木"});
    let changed = update(&admin, change.clone()).await;
    let after = &changed["household"];
    assert_eq!(after["address"], Value::Null, "{changed}");
    assert_eq!(after["housing"], "土木");
    for field in ["number", "phoneMasked", "tags", "location", "status", "memberCount", "headName"] {
        assert_eq!(after[field], made[field], "{field} stays");
    }
    assert_eq!(after["version"], made["version"].as_i64().expect("a version") + 1);

    let late = update(&admin, change).await;
    assert_eq!(late["errors"][0]["__typename"], "ConflictError", "{late}");
    assert_eq!(late["errors"][0]["current"], after["version"]);
    assert_eq!(late["errors"][0]["changedFields"], json!(["address", "housing"]));

    let cleared = json!({"id": made["id"], "expectedVersion": after["version"], "phone": null, "location": null,
                         "tags": [], "status": "MOVED_AWAY"});
    let cleared = update(&admin, cleared).await["household"].clone();
    assert_eq!([&cleared["phoneMasked"], &cleared["location"]], [&Value::Null; 2]);
    assert_eq!((&cleared["tags"], &cleared["status"]), (&json!([]), &json!("MOVED_AWAY")));
    let wrong = json!({"id": made["id"], "expectedVersion": cleared["version"], "phone": "110", "housing": "x".repeat(201)});
    assert_eq!(
        rules(&update(&admin, wrong).await),
        pairs(&[("length", "input.housing"), ("phone", "input.phone")])
    );
    let query =
        "mutation($input: HouseholdUpdateInput!) { householdUpdate(input: $input) { errors { code } } }";
    let owed = json!({"idempotencyKey": key(), "id": made["id"], "expectedVersion": cleared["version"], "yearlyIncome": "-5.00"});
    let refused = admin.ask(query, json!({"input": owed})).await;
    assert_eq!(refused.code(), "BAD_USER_INPUT", "an income is not negative: {}", refused.body);
}

/// A household that the contact has today.
async fn mine(contact: &Actor) -> Value {
    let seen = contact
        .get("{ households(first: 1) { nodes { id version number memberCount headName phone region: village { id } head { id version }
                members(first: 10) { nodes { id version relation } } } } }")
        .await;
    seen["households"]["nodes"][0].clone()
}

#[tokio::test]
async fn a_new_telephone_number_is_shown_to_the_contact_and_masked_to_the_administrator() {
    let world = World::demo().await;
    let (contact, admin) = (world.actor("contact").await, world.actor("town-admin").await);
    let home = mine(&contact).await;
    let input = json!({"id": home["id"], "expectedVersion": home["version"], "phone": "139 8765 4321"});
    let changed = update(&contact, input).await;
    assert_eq!(changed["household"]["phone"], "13987654321", "{changed}");
    let query = "query($id: ID!) { household(by: { id: $id }) { phone phoneMasked redactedFields } }";
    let seen = admin.ask(query, json!({"id": home["id"]})).await.ok()["household"].clone();
    assert_eq!((&seen["phone"], &seen["phoneMasked"]), (&Value::Null, &json!("139****4321")));
    assert!(seen["redactedFields"].as_array().expect("names").contains(&json!("phone")));
}

#[tokio::test]
async fn members_join_change_and_leave_and_the_household_keeps_count() {
    let world = World::demo().await;
    let contact = world.actor("contact").await;
    let home = mine(&contact).await;
    let count = home["memberCount"].as_i64().expect("a number");
    let baby =
        json!({"name": "新生", "relation": "GRANDCHILD", "birthDate": "2026-01-02", "phone": "13700001111"});
    let added = add(&contact, json!({"householdId": home["id"], "member": baby})).await;
    let member = &added["member"];
    assert_eq!(member["household"]["memberCount"], count + 1, "{added}");
    assert_eq!(member["household"]["version"], home["version"].as_i64().expect("a version") + 1);
    assert_eq!((&member["phone"], &member["phoneMasked"]), (&json!("13700001111"), &json!("137****1111")));

    let second = json!({"householdId": home["id"], "member": {"name": "又一", "relation": "HEAD"}});
    assert_eq!(rules(&add(&contact, second).await), pairs(&[("one-head", "input.member.relation")]));

    let input =
        json!({"id": member["id"], "expectedVersion": member["version"], "needs": "助学", "phone": null});
    let changed = update_member(&contact, input.clone()).await["member"].clone();
    assert_eq!((&changed["needs"], &changed["phoneMasked"]), (&json!("助学"), &Value::Null));
    assert_eq!(
        (&changed["name"], &changed["birthDate"]),
        (&json!("新生"), &json!("2026-01-02")),
        "what is absent stays"
    );
    assert_eq!(update_member(&contact, input).await["errors"][0]["code"], "CONFLICT");

    let leave = json!({"id": member["id"], "expectedVersion": changed["version"], "leftOn": "2026-03-01"});
    let left = update_member(&contact, leave).await["member"].clone();
    assert_eq!(left["leftOn"], "2026-03-01");
    assert_eq!(left["household"]["memberCount"], count);
    let query = "query($id: ID!, $left: Boolean!) { household(by: { id: $id }) {
      members(first: 20, where: { includingLeft: $left }) { totalCount nodes { id } } } }";
    for (including, expected) in [(false, count), (true, count + 1)] {
        let seen = contact.ask(query, json!({"id": home["id"], "left": including})).await.ok();
        let members = &seen["household"]["members"];
        assert_eq!(members["totalCount"], expected, "{members}");
        let there = members["nodes"].as_array().expect("members").iter().any(|row| row["id"] == member["id"]);
        assert_eq!(there, including);
    }
    let back = json!({"id": member["id"], "expectedVersion": left["version"], "leftOn": null});
    assert_eq!(update_member(&contact, back).await["member"]["household"]["memberCount"], count + 1);
}

#[tokio::test]
async fn the_head_cannot_leave_and_a_new_name_of_the_head_stands_on_the_household() {
    let world = World::demo().await;
    let contact = world.actor("contact").await;
    let home = mine(&contact).await;
    let leave =
        json!({"id": home["head"]["id"], "expectedVersion": home["head"]["version"], "leftOn": "2026-03-01"});
    let refused = update_member(&contact, leave).await;
    assert_eq!(refused["member"], Value::Null);
    assert_eq!(rules(&refused), pairs(&[("one-head", "input")]), "{refused}");
    assert_eq!(mine(&contact).await, home, "nothing has changed");
    let rename =
        json!({"id": home["head"]["id"], "expectedVersion": home["head"]["version"], "name": "改名"});
    let renamed = update_member(&contact, rename).await;
    assert_eq!(renamed["member"]["household"]["headName"], "改名", "{renamed}");
    let found = contact.get("{ households(where: { headName: { eq: \"改名\" } }) { nodes { id } } }").await;
    assert_eq!(found["households"]["nodes"], json!([{"id": home["id"]}]));
}

/// What each may do to a household of the grid that is the contact's neighbour, written by hand.
const MAY: [(&str, Option<bool>); 8] = [
    ("town-admin", Some(true)),
    ("county-admin", Some(true)),
    ("grid-worker", Some(true)),
    ("leader", Some(false)),
    ("dispatcher", Some(false)),
    ("supervisor", None),
    ("nancheng-admin", None),
    ("nobody", None),
];

#[tokio::test]
async fn viewer_can_says_of_each_role_what_the_change_then_does() {
    let world = World::demo().await;
    let first = "{ households(first: 1) { nodes { id } } }";
    let id = world.actor("grid-worker").await.get(first).await["households"]["nodes"][0]["id"].clone();
    let query = "query($id: ID!) { household(by: { id: $id }) { version viewerCan { update { allowed requires message } assign { allowed } } } }";
    let version =
        world.actor("town-admin").await.ask(query, json!({"id": id})).await.ok()["household"]["version"]
            .clone();
    let mut version = version.as_i64().expect("a version");
    for (name, expected) in MAY {
        let actor = world.actor(name).await;
        let seen = actor.ask(query, json!({"id": id})).await.ok()["household"].clone();
        let input = json!({"id": id, "expectedVersion": version, "housing": format!("{name} 改过")});
        let done = update(&actor, input).await;
        match expected {
            None => {
                assert_eq!(seen, Value::Null, "{name}");
                assert_eq!(done["errors"][0]["code"], "NOT_FOUND", "{name}: {done}");
            }
            Some(may) => {
                let can = &seen["viewerCan"]["update"];
                assert_eq!(can["allowed"], may, "{name}: {can}");
                assert_eq!(can["message"].is_null(), may, "{name}: {can}");
                assert_eq!(done["household"].is_object(), may, "{name}: {done}");
                version += i64::from(may);
                if !may {
                    assert_eq!(done["errors"][0]["__typename"], "PermissionError", "{name}: {done}");
                    assert_eq!(done["errors"][0]["requires"], can["requires"], "{name}: {done}");
                    let requires = can["requires"].as_array().expect("names");
                    for role in ["REGION_ADMIN", "GRID_WORKER", "CONTACT", "PLACE_CONTACT"] {
                        assert!(requires.contains(&json!(role)), "{role}: {requires:?}");
                    }
                    assert_eq!(requires.len(), 4, "{requires:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_grid_worker_registers_households_in_the_own_grid_alone_and_a_dispatcher_none() {
    let world = World::demo().await;
    let worker = world.actor("grid-worker").await;
    let (own, next) = (region(&worker, "530304101200901").await, region(&worker, "530304101200902").await);
    let mut input = family(&region(&worker, GROUP).await, "新-1");
    input["gridId"] = own.clone();
    let made = create(&worker, input).await;
    assert_eq!(made["household"]["phone"], "13887410001", "{made}");
    for grid in [Some(&next), None] {
        let mut input = family(&region(&worker, GROUP).await, "新-2");
        if let Some(grid) = grid {
            input["gridId"] = grid.clone();
        }
        let refused = create(&worker, input).await;
        assert_eq!(refused["errors"][0]["__typename"], "PermissionError", "{refused}");
    }
    for name in ["dispatcher", "leader", "contact", "resident", "nobody"] {
        let actor = world.actor(name).await;
        let mut input = family(&region(&actor, GROUP).await, "新-3");
        input["gridId"] = own.clone();
        let refused = create(&actor, input).await;
        assert_eq!(refused["errors"][0]["__typename"], "PermissionError", "{name}: {refused}");
        assert_eq!(refused["errors"][0]["requires"], json!(["REGION_ADMIN", "GRID_WORKER"]), "{name}");
    }
}
