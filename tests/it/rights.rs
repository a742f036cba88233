//! Who sees what, role by role: a table that a person wrote and reviews, held against every way in.

mod acts;
mod around;
mod covered;
mod matrix;
mod mutants;
mod page;
pub(crate) mod rows;
mod stage;
pub(crate) mod ways;
mod work;

use entity::{
    account, assignment, grant, household,
    id::{AccountId, CadreId, HouseholdId},
    kind::AssignmentKind,
    member, region,
};
use lianhu_tests::{Actor, World};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

/// How far each account sees each household: `C`lose with the telephone number, `S`erved without it, `D`esk (number,
/// address, head), `-` not at all. Columns: see `Specimens::NAMES`.
pub(crate) const TABLE: [(&str, &str); 18] = [
    ("platform-admin", "---------"),
    ("county-admin", "SSSSSS---"),
    ("town-admin", "SSSSSS---"),
    ("leader", "SSSSSS---"),
    ("dispatcher", "DDDDDD---"),
    ("supervisor", "---------"),
    ("secretary", "---------"),
    ("handler", "---------"),
    ("contact", "CC-------"),
    ("town-contact", "---SC----"),
    ("grid-worker", "C-C------"),
    ("resident", "C--------"),
    ("enterprise", "---------"),
    ("auditor", "---------"),
    ("integration", "---------"),
    ("wanfang-contact", "------C--"),
    ("nancheng-admin", "------SSS"),
    ("nobody", "---------"),
];

const DESK: [&str; 10] = [
    "phoneMasked",
    "housing",
    "memberCount",
    "lastVisitOn",
    "registeredOn",
    "residentUntil",
    "location",
    "tags",
    "head",
    "members",
];
const SENSITIVE: [&str; 3] = ["sensitiveTags", "yearlyIncome", "incomeSource"];

const WAYS: &str = "
fragment All on Household { id number headName address phone phoneMasked housing memberCount lastVisitOn yearlyIncome
  incomeSource redactedFields status location { latitude } tags { code sensitive } sensitiveTags { code }
  head { name phone phoneMasked identityNumber } members(first: 5) { totalCount nodes { id phone identityNumber } } }
query($id: ID!, $ids: [ID!]!, $village: ID!, $number: String!, $member: ID!) {
  byId: household(by: { id: $id }) { ...All }
  byNumber: household(by: { number: { villageId: $village, number: $number } }) { ...All }
  node(id: $id) { ...All }
  nodes(ids: $ids) { ...All }
  list: households(first: 2, where: { region: $village, number: { eq: $number } }) { totalCount nodes { ...All } }
  nested: region(by: { id: $village }) {
    households(first: 2, where: { number: { eq: $number } }) { totalCount nodes { ...All } } }
  edge: contactAssignments(first: 5, where: { householdId: { eq: $id } }) { nodes { household { ...All } } }
  member: node(id: $member) { ... on HouseholdMember { name phone phoneMasked household { ...All } } }
}";

/// Households that differ in what ties the accounts to them.
pub(crate) struct Specimens(pub(crate) Vec<household::Model>);

impl Specimens {
    const NAMES: [&str; 9] = [
        "the resident's own, in the grid worker's grid",
        "another of the contact's",
        "another of the grid worker's grid",
        "of the town contact's village",
        "one of the town contact's own",
        "of another village of the town",
        "one of the contact's in another county",
        "of a village in another county",
        "without any contact, in another county",
    ];

    pub(crate) async fn choose(world: &World) -> Self {
        let db = world.state.db.read();
        let regions = region::Entity::find().all(db).await.expect("regions");
        let code = |code: &str| regions.iter().find(|row| row.code.0 == code).expect("a region").id;
        let grid = code("530304101200901");
        let holders = holders(world).await;
        let contact = cadre_of(world, "contact").await;
        let town_contact = cadre_of(world, "town-contact").await;
        let afar_contact = cadre_of(world, "wanfang-contact").await;
        let villages: Vec<_> = assignment::Entity::find()
            .filter(assignment::Column::CadreId.eq(town_contact))
            .filter(assignment::Column::Kind.eq(AssignmentKind::Village))
            .all(db)
            .await
            .expect("assignments");
        assert_eq!(villages.len(), 1, "the town contact is answerable for one village");
        let village = villages[0].region_id.expect("a village");
        let own = grant_of(world, "resident").await.household_id.expect("a household");
        let leader = cadre_of(world, "leader").await;
        let held = |row: &household::Model, cadre: CadreId| {
            holders.get(&row.id).is_some_and(|cadres| cadres.contains(&cadre))
        };
        let actors = [contact, town_contact, afar_contact, leader];
        let rows = household::Entity::find()
            .filter(household::Column::Phone.is_not_null())
            .filter(household::Column::YearlyIncome.is_not_null());
        let rows = rows.all(db).await.expect("households");
        let pick = |what: &dyn Fn(&household::Model) -> bool| {
            rows.iter().find(|row| what(row)).unwrap_or_else(|| panic!("a household")).clone()
        };
        let alone = |row: &household::Model, of: Option<CadreId>| {
            actors.iter().all(|&cadre| held(row, cadre) == (of == Some(cadre)))
        };
        let plain = |row: &household::Model| row.grid_id != Some(grid) && row.village_id != village;
        let resident = household::Entity::find_by_id(own).one(db).await.expect("a row").expect("the own");
        assert_eq!(resident.grid_id, Some(grid), "the first household of the contact lies in the first grid");
        assert!(alone(&resident, Some(contact)), "tied to the contact and nobody else");
        let wanfang = code("361021108");
        Self(vec![
            resident,
            pick(&|row| row.id != own && alone(row, Some(contact)) && plain(row)),
            pick(&|row| row.grid_id == Some(grid) && alone(row, None)),
            pick(&|row| row.village_id == village && row.grid_id != Some(grid) && alone(row, None)),
            pick(&|row| alone(row, Some(town_contact)) && row.grid_id != Some(grid)),
            pick(&|row| row.village_id == code("530304101203") && alone(row, None)),
            pick(&|row| alone(row, Some(afar_contact))),
            pick(&|row| row.village_id == code("361021108202") && alone(row, None)),
            pick(&|row| {
                row.township_id == wanfang
                    && !holders.contains_key(&row.id)
                    && row.village_id == code("361021108213")
            }),
        ])
    }
}

pub(crate) async fn account_of(world: &World, name: &str) -> account::Model {
    let row = account::Entity::find().filter(account::Column::Name.eq(name)).one(world.state.db.read());
    row.await.expect("a row").expect("an account")
}

async fn cadre_of(world: &World, name: &str) -> CadreId {
    account_of(world, name).await.cadre_id.expect("a cadre behind the account")
}

pub(crate) async fn grant_of(world: &World, name: &str) -> grant::Model {
    let account: AccountId = account_of(world, name).await.id;
    let row = grant::Entity::find().filter(grant::Column::AccountId.eq(account)).one(world.state.db.read());
    row.await.expect("a row").expect("a grant")
}

/// The cadres who have each household today.
async fn holders(world: &World) -> HashMap<HouseholdId, Vec<CadreId>> {
    let live = assignment::Entity::find()
        .filter(assignment::Column::HouseholdId.is_not_null())
        .filter(assignment::Column::EndsOn.is_null())
        .all(world.state.db.read())
        .await
        .expect("assignments");
    let mut holders: HashMap<_, Vec<_>> = HashMap::new();
    for row in live {
        if let (Some(household), Some(cadre)) = (row.household_id, row.cadre_id) {
            holders.entry(household).or_default().push(cadre);
        }
    }
    holders
}

/// One household as it was shown, against the letter of the table.
fn check(shown: &Value, row: &household::Model, phone: &str, letter: char, at: &str) {
    if letter == '-' {
        assert_eq!(*shown, Value::Null, "{at}");
        return;
    }
    assert_eq!(shown["id"], row.id.to_string(), "{at}: {shown}");
    assert_eq!(shown["number"], *row.number, "{at}");
    assert_eq!(shown["headName"], *row.head_name, "{at}");
    assert_eq!(shown["address"], json!(row.address), "{at}");
    for field in SENSITIVE {
        assert_eq!(shown[field], Value::Null, "{at}: {field}");
    }
    let number = if letter == 'C' { json!(phone) } else { Value::Null };
    assert_eq!(shown["phone"], number, "{at}");
    let mut redacted: BTreeSet<&str> = SENSITIVE.into();
    if letter != 'C' {
        redacted.insert("phone");
    }
    if letter == 'D' {
        redacted.extend(DESK);
        for field in DESK {
            assert_eq!(shown[field], Value::Null, "{at}: {field}");
        }
    } else {
        assert_eq!(shown["phoneMasked"], json!(row.phone_masked), "{at}");
        assert_eq!(shown["memberCount"], row.member_count, "{at}");
        assert_eq!(shown["members"]["totalCount"], row.member_count, "{at}");
        assert_eq!(shown["head"]["name"], *row.head_name, "{at}");
        assert_eq!(shown["head"]["identityNumber"], Value::Null, "{at}");
        assert_eq!(
            shown["head"]["phone"].is_string(),
            letter == 'C' && shown["head"]["phoneMasked"].is_string()
        );
        let tags = shown["tags"].as_array().expect("ordinary tags");
        assert!(tags.iter().all(|tag| tag["sensitive"] == false), "{at}: {tags:?}");
    }
    let names = shown["redactedFields"].as_array().expect("names").iter();
    assert_eq!(names.map(|name| name.as_str().expect("a name")).collect::<BTreeSet<_>>(), redacted, "{at}");
}

#[tokio::test]
async fn each_account_sees_each_household_as_the_table_says_by_every_way_in() {
    let world = World::with(|config| {
        config.graphql.cost_per_minute = 10_000_000;
        config.graphql.max_cost = 100_000;
    })
    .await;
    let Specimens(rows) = Specimens::choose(&world).await;
    let mut heads = Vec::new();
    for row in &rows {
        let living = member::Entity::find().filter(member::Column::HouseholdId.eq(row.id));
        let living = living.filter(member::Column::LeftOn.is_null()).one(world.state.db.read());
        heads.push(living.await.expect("a row").expect("a member"));
    }
    for (name, letters) in TABLE {
        let actor = world.actor(name).await;
        for (at, letter) in letters.chars().enumerate() {
            let (row, head) = (&rows[at], &heads[at]);
            let what = format!("{name}, {}", Specimens::NAMES[at]);
            let phone = world.state.vault.open(row.phone.as_deref().expect("sealed")).expect("ours");
            let id = row.id.to_string();
            let variables = json!({"id": id, "ids": [id], "village": row.village_id.to_string(), "number": row.number,
                                   "member": head.id.to_string()});
            let seen = actor.ask(WAYS, variables).await.ok();
            for way in ["byId", "byNumber", "node"] {
                check(&seen[way], row, &phone, letter, &format!("{what}, {way}"));
            }
            check(&seen["nodes"][0], row, &phone, letter, &format!("{what}, nodes"));
            for list in [&seen["list"], &seen["nested"]["households"]] {
                assert_eq!(list["totalCount"], i32::from(letter != '-'), "{what}");
                assert_eq!(
                    list["nodes"].as_array().map_or(0, Vec::len),
                    usize::from(letter != '-'),
                    "{what}"
                );
                check(&list["nodes"][0], row, &phone, letter, &format!("{what}, a list"));
            }
            for edge in seen["edge"]["nodes"].as_array().expect("assignments") {
                check(&edge["household"], row, &phone, letter, &format!("{what}, an assignment"));
            }
            let member = &seen["member"];
            if matches!(letter, '-' | 'D') {
                assert_eq!(*member, Value::Null, "{what}, a member");
            } else {
                assert_eq!(member["name"], *head.name, "{what}, a member");
                let close = letter == 'C' && head.phone.is_some();
                assert_eq!(member["phone"].is_string(), close, "{what}, a member");
                check(&member["household"], row, &phone, letter, &format!("{what}, a member's household"));
            }
        }
    }
}

/// All ids of a list, page by page, and what it says they are.
async fn walk(actor: &Actor, list: &str) -> (BTreeSet<String>, u64) {
    let (mut ids, mut after, mut total) = (BTreeSet::new(), Value::Null, 0);
    loop {
        let query = format!(
            "query($after: Cursor) {{ {list}(first: 100, after: $after) {{ totalCount nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }} }}"
        );
        let page = actor.ask(&query, json!({"after": after})).await.ok()[list].clone();
        total = page["totalCount"].as_u64().unwrap_or(total);
        for node in page["nodes"].as_array().expect("nodes") {
            assert!(ids.insert(node["id"].as_str().expect("an id").to_owned()), "{list}: once each");
        }
        if page["pageInfo"]["hasNextPage"] == false {
            return (ids, total);
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

/// How many households each account has in its list: written from what the demonstration promises.
const HOUSEHOLDS: [(&str, u64); 8] = [
    ("platform-admin", 0),
    ("county-admin", 3635),
    ("leader", 3635),
    ("dispatcher", 3635),
    ("supervisor", 0),
    ("secretary", 0),
    ("resident", 1),
    ("nancheng-admin", 1200),
];

const LISTS: [&str; 6] =
    ["households", "contactAssignments", "cadres", "partyBranches", "enterprises", "accounts"];

const WITHOUT_CONTACT: &str = "query($code: RegionCode!) { coverage(region: { code: $code }) {
  households { numerator denominator } householdsWithout(first: 100) { totalCount nodes { id } } } }";

#[tokio::test]
async fn counts_tell_as_many_rows_as_walking_a_list_gives_for_every_account() {
    let world = World::with(|config| {
        config.graphql.cost_per_minute = 10_000_000;
        config.graphql.max_cost = 100_000;
    })
    .await;
    for (name, _) in TABLE {
        let actor = world.actor(name).await;
        for list in LISTS {
            let (ids, total) = walk(&actor, list).await;
            assert_eq!(ids.len() as u64, total, "{name}: {list}");
            if list == "households"
                && let Some((_, expected)) = HOUSEHOLDS.iter().find(|(of, _)| *of == name)
            {
                assert_eq!(total, *expected, "{name}");
            }
        }
        for (town, whose) in [("361021108", "nancheng-admin"), ("530304101", "")] {
            let coverage = actor.ask(WITHOUT_CONTACT, json!({"code": town})).await.ok()["coverage"].clone();
            let without = &coverage["householdsWithout"];
            let rows = without["nodes"].as_array().expect("nodes").len();
            assert_eq!(without["totalCount"], rows, "{name}: {town}");
            assert_eq!(rows > 0, whose == name, "{name}: {rows} households of {town} without a contact");
            let share = |field: &str| coverage["households"][field].as_u64().expect("a number");
            assert_eq!(share("denominator") - share("numerator"), rows as u64, "{name}: {town}");
        }
    }
}

#[tokio::test]
async fn a_list_cannot_be_filtered_by_a_sensitive_tag_by_anybody() {
    let world = World::demo().await;
    for name in ["town-admin", "contact", "grid-worker", "resident", "dispatcher", "nobody"] {
        let actor = world.actor(name).await;
        for tag in ["DISABILITY", "EXTREME_POVERTY", "MINIMUM_ALLOWANCE", "ELDERLY_ALONE"] {
            for operand in [json!({"eq": tag}), json!({"in": ["MONITORED", tag]})] {
                let query = "query($tag: StringFilter) { households(where: { tag: $tag }) { totalCount } }";
                let answer = actor.ask(query, json!({"tag": operand})).await;
                assert_eq!(answer.code(), "FORBIDDEN", "{name}, {tag}: {}", answer.body);
            }
        }
    }
    let ordinary = "{ households(where: { tag: { eq: \"MONITORED\" } }) { totalCount } }";
    let seen = world.actor("town-admin").await.get(ordinary).await;
    assert!(seen["households"]["totalCount"].as_i64() > Some(0), "an ordinary tag finds households: {seen}");
}
