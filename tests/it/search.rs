//! Search: what is found, by whom, in which order, and what it costs.

use entity::{cadre, enterprise, household, region};
use lianhu_tests::{Actor, Dice, World, key};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SEARCH: &str =
    "query($text: String!, $kinds: [SearchKind!], $region: RegionBy, $first: Int, $after: Cursor) {
  search(text: $text, kinds: $kinds, region: $region, first: $first, after: $after) {
    nodes { kind matched node { __typename
      ... on Region { id name code } ... on Cadre { id name } ... on Enterprise { id name creditCode }
      ... on Household { id headName number address } } }
    edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor } } }";

async fn rich() -> World {
    World::with(|config| {
        config.graphql.cost_per_minute = 100_000_000;
        config.graphql.max_cost = 100_000;
    })
    .await
}

async fn page(actor: &Actor, text: &str, more: Value) -> Value {
    let mut variables = more;
    variables["text"] = json!(text);
    actor.ask(SEARCH, variables).await.ok()["search"].clone()
}

fn hits(page: &Value) -> Vec<Value> {
    page["nodes"].as_array().expect("hits").clone()
}

fn ids(page: &Value) -> Vec<String> {
    hits(page).iter().map(|hit| hit["node"]["id"].as_str().expect("an id").to_owned()).collect()
}

/// Everything that a text finds, page by page, in order.
async fn all(actor: &Actor, text: &str, more: Value) -> Vec<Value> {
    let (mut found, mut more) = (Vec::new(), more);
    if more["first"].is_null() {
        more["first"] = json!(50);
    }
    loop {
        let page = page(actor, text, more.clone()).await;
        found.extend(hits(&page));
        if page["pageInfo"]["hasNextPage"] == false {
            return found;
        }
        more["after"] = page["pageInfo"]["endCursor"].clone();
    }
}

fn set(found: &[Value]) -> BTreeSet<String> {
    let ids: Vec<_> = found.iter().map(|hit| hit["node"]["id"].as_str().expect("an id").to_owned()).collect();
    let set: BTreeSet<_> = ids.iter().cloned().collect();
    assert_eq!(ids.len(), set.len(), "each record once");
    set
}

/// All rows of a list as the actor sees them.
async fn listed(actor: &Actor, list: &str, fields: &str) -> Vec<Value> {
    let (mut rows, mut after) = (Vec::new(), Value::Null);
    let query = format!(
        "query($after: Cursor) {{ {list}(first: 100, after: $after) {{ nodes {{ id {fields} }} pageInfo {{ hasNextPage endCursor }} }} }}"
    );
    loop {
        let answer = actor.ask(&query, json!({"after": after})).await.ok()[list].clone();
        rows.extend(answer["nodes"].as_array().expect("rows").clone());
        if answer["pageInfo"]["hasNextPage"] == false {
            return rows;
        }
        after = answer["pageInfo"]["endCursor"].clone();
    }
}

const LISTS: [(&str, &str, [&str; 3]); 4] = [
    ("REGION", "regions", ["name", "code", ""]),
    ("CADRE", "cadres", ["name", "", ""]),
    ("ENTERPRISE", "enterprises", ["name", "creditCode", ""]),
    ("HOUSEHOLD", "households", ["headName", "number", "address"]),
];

/// Kind, id and words of everything that the lists show somebody.
async fn shown(actor: &Actor, signed_in: bool) -> Vec<(&'static str, String, Vec<String>)> {
    let mut shown = Vec::new();
    for (kind, list, fields) in LISTS {
        if kind == "HOUSEHOLD" && !signed_in {
            continue;
        }
        for row in listed(actor, list, &fields.join(" ")).await {
            let words = fields.iter().filter_map(|field| row[*field].as_str().map(plain)).collect();
            shown.push((kind, row["id"].as_str().expect("an id").to_owned(), words));
        }
    }
    shown
}

/// The characters that count: the texts of the demonstration are half-width already.
fn plain(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A piece of a text.
fn piece(dice: &mut Dice, text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let from = dice.below(letters.len());
    let long = 1 + dice.below(5);
    letters[from..].iter().take(long).collect()
}

#[tokio::test]
async fn everybody_finds_exactly_what_a_look_through_their_lists_would_find() {
    let world = rich().await;
    let everyone = shown(&world.actor("county-admin").await, true).await;
    let names = [
        "contact",
        "town-contact",
        "dispatcher",
        "supervisor",
        "secretary",
        "grid-worker",
        "resident",
        "nobody",
    ];
    for (at, name) in names.into_iter().chain([""]).enumerate() {
        let actor = if name.is_empty() { world.anyone() } else { world.actor(name).await };
        let own = shown(&actor, !name.is_empty()).await;
        let mut dice = Dice::new(at as u64 + 7);
        for turn in 0..8 {
            // Half of what they see, half of what they may not see.
            let from = if turn % 2 == 0 && !own.is_empty() { &own } else { &everyone };
            let words = &from[dice.below(from.len())].2;
            let at = dice.below(words.len());
            let text = piece(&mut dice, &words[at]);
            for kind in ["REGION", "CADRE", "ENTERPRISE", "HOUSEHOLD"] {
                let holds = |(of, _, words): &&(&str, String, Vec<String>)| {
                    // An official code is found by its beginning alone.
                    let held = |(at, word): (usize, &String)| match (*of, at) {
                        ("REGION", 1) => word.starts_with(&text),
                        _ => word.contains(&text),
                    };
                    *of == kind && words.iter().enumerate().any(held)
                };
                let expected: BTreeSet<String> =
                    own.iter().filter(holds).map(|(_, id, _)| id.clone()).collect();
                let found = all(&actor, &text, json!({"kinds": [kind]})).await;
                let found: Vec<_> = found.into_iter().filter(|hit| hit["matched"] != "INITIALS").collect();
                assert_eq!(set(&found), expected, "{name}: {text} among {kind}");
            }
        }
    }
}

#[tokio::test]
async fn the_best_come_first_and_pages_follow_each_other() {
    let world = rich().await;
    let desk = world.actor("dispatcher").await;
    let head = &household::Entity::find().all(world.state.db.read()).await.expect("rows")[0].head_name;
    let surname: String = head.chars().take(1).collect();
    for text in [
        surname.as_str(),
        "章",
        "01",
        "村",
        "1",
        "纳章",
        "纳章镇",
        "a",
        "wj",
        "53",
        "530304101",
        "530304101200",
    ] {
        let (one, other) = (all(&desk, text, json!({})).await, all(&desk, text, json!({"first": 17})).await);
        assert!(one == other, "{text}: the same in small pages");
        assert_eq!(set(&one).len(), one.len());
        let rank = |hit: &Value| {
            let node = &hit["node"];
            let begins = |field: &str| node[field].as_str().is_some_and(|word| plain(word).starts_with(text));
            let starts = ["name", "headName", "number", "code", "creditCode"].into_iter().any(begins);
            match hit["matched"].as_str().expect("where") {
                "NAME" | "NUMBER" => u8::from(!starts),
                "INITIALS" => 2,
                _ => 3,
            }
        };
        if text.chars().count() < 3 || text == "纳章镇" {
            assert!(
                one.iter().map(rank).is_sorted(),
                "{text}: {:?}",
                one.iter().map(rank).collect::<Vec<_>>()
            );
        }
    }
    let town = all(&desk, "530304101", json!({"kinds": ["REGION"]})).await;
    let codes: Vec<_> = town.iter().map(|hit| hit["node"]["code"].as_str().expect("a code")).collect();
    assert!(codes.len() > 5 && codes[0] == "530304101" && codes.is_sorted(), "{codes:?}");
    let first = page(&desk, "纳章", json!({"first": 3})).await;
    assert_eq!(hits(&first)[0]["kind"], "REGION", "{first}");
    assert_eq!(first["pageInfo"]["hasPreviousPage"], false);
    let after = first["pageInfo"]["endCursor"].clone();
    let other = desk.ask(SEARCH, json!({"text": "章镇", "after": after})).await;
    assert_eq!(other.code(), "CURSOR_MISMATCH");
}

/// The order is a fact of the records alone: ids are made anew for each demonstration, so names and numbers are told.
#[tokio::test]
async fn the_order_is_the_one_that_ranks_and_ids_give_on_either_database() {
    let world = rich().await;
    let admin = world.actor("town-admin").await;
    for text in ["张", "李", "王建", "12", "竹"] {
        let found = all(&admin, text, json!({"kinds": ["HOUSEHOLD"]})).await;
        let mut sorted = found.clone();
        sorted.sort_by_key(|hit| {
            let node = &hit["node"];
            let name = plain(node["headName"].as_str().expect("a name"));
            let number = node["number"].as_str().expect("a number");
            let rank = if name.starts_with(text) || number.starts_with(text) {
                0
            } else if name.contains(text) || number.contains(text) {
                1
            } else {
                3
            };
            // The pair that is read: of those that begin alike the best, then the first by its bytes.
            let words: [(String, u8, u8); 3] = [
                (name, 0, 1),
                (plain(number), 0, 1),
                (plain(node["address"].as_str().unwrap_or_default()), 3, 3),
            ];
            let mut pairs: BTreeSet<(u8, String)> = BTreeSet::new();
            for (word, start, inside) in &words {
                let letters: Vec<char> = word.chars().chain(['$']).collect();
                for (at, pair) in letters.windows(2).enumerate() {
                    let pair: String = pair.iter().collect();
                    if pair.starts_with(text) {
                        pairs.insert((if at == 0 { *start } else { *inside }, pair));
                    }
                }
            }
            let best = pairs.into_iter().next().map(|(_, pair)| pair);
            (rank, best, node["id"].as_str().expect("an id").to_owned())
        });
        assert!(found == sorted, "{text}");
    }
}

#[tokio::test]
async fn initials_width_case_and_signs_make_no_difference() {
    let world = rich().await;
    let admin = world.actor("town-admin").await;
    let village = page(&admin, "nzz", json!({"kinds": ["REGION"]})).await;
    let found = hits(&village);
    let town = found.iter().find(|hit| hit["node"]["name"] == "纳章镇").expect("纳章镇 by its initials");
    assert_eq!(town["matched"], "INITIALS");
    for typed in ["NZZ", "ｎｚｚ", " n-z z ", "Ｎ，Ｚ。Ｚ"] {
        assert_eq!(ids(&page(&admin, typed, json!({"kinds": ["REGION"]})).await), ids(&village), "{typed}");
    }
    let number = page(&admin, "０００１", json!({"kinds": ["HOUSEHOLD"]})).await;
    assert!(hits(&number).iter().all(|hit| hit["matched"] == "NUMBER"), "{number}");
    assert!(!hits(&number).is_empty());
    let code = page(&admin, "530304101", json!({})).await;
    assert_eq!(hits(&code)[0]["kind"], "REGION");
    assert_eq!(hits(&code)[0]["matched"], "NUMBER");
    let firm = &enterprise::Entity::find().all(world.state.db.read()).await.expect("rows")[0];
    let exact = hits(&page(&admin, "0012", json!({})).await);
    assert_eq!(exact[0]["node"]["number"], "0012", "a number before what has it inside: {exact:?}");
    let by_code = page(&admin, &firm.credit_code.0.to_lowercase(), json!({})).await;
    assert_eq!(ids(&by_code), [firm.id.to_string()], "a credit code finds one");
}

#[tokio::test]
async fn a_region_narrows_what_is_found() {
    let world = rich().await;
    let admin = world.actor("county-admin").await;
    let regions = region::Entity::find().all(world.state.db.read()).await.expect("regions");
    let homes = household::Entity::find().all(world.state.db.read()).await.expect("households");
    let of = |code: &str| regions.iter().find(|row| row.code.0 == code).expect("a region");
    let village = of("530304101203");
    let group = regions.iter().find(|row| row.parent_id == Some(village.id)).expect("a group");
    for region in [of("53"), of("5303"), of("530304"), of("530304101"), village, group, of("361021108")] {
        let inside = |home: &&household::Model| {
            [home.county_id, home.township_id, home.village_id].contains(&region.id)
                || home.group_id == Some(region.id)
                || home.grid_id == Some(region.id)
                || region.county_id.is_none()
        };
        let expected: BTreeSet<String> = homes
            .iter()
            .filter(inside)
            .filter(|home| home.county_id == of("530304").id && home.head_name.starts_with('张'))
            .map(|home| home.id.to_string())
            .collect();
        for by in [json!({"code": region.code.0}), json!({"id": region.id.to_string()})] {
            let found = all(&admin, "张", json!({"kinds": ["HOUSEHOLD"], "region": by})).await;
            let found: Vec<_> = found
                .into_iter()
                .filter(|hit| hit["node"]["headName"].as_str().is_some_and(|name| name.starts_with('张')))
                .collect();
            assert_eq!(set(&found), expected, "{}", region.name);
        }
        let found = all(&admin, "村", json!({"kinds": ["REGION"], "region": {"code": region.code.0}})).await;
        let lies = |row: &&region::Model| {
            [
                row.province_id,
                row.city_id,
                row.county_id,
                row.township_id,
                row.village_id,
                row.group_id,
                row.grid_id,
            ]
            .contains(&Some(region.id))
        };
        let named = regions.iter().filter(lies).filter(|row| row.name.contains('村'));
        assert_eq!(set(&found), named.map(|row| row.id.to_string()).collect(), "{}", region.name);
    }
    let none = admin.ask(SEARCH, json!({"text": "张", "region": {"code": "999999"}})).await;
    assert_eq!(none.code(), "BAD_USER_INPUT");
}

const CREATE: &str = "household { id version headName }";

#[tokio::test]
async fn what_is_new_or_renamed_is_found_at_once_under_its_new_name_alone() {
    let world = rich().await;
    let admin = world.actor("town-admin").await;
    let village =
        admin.get("{ region(by: { code: \"530304101203\" }) { id version name } }").await["region"].clone();
    let input = json!({"regionId": village["id"], "number": "9九99", "address": "麒麟里７号",
        "members": [{"name": "尉迟瑾萱", "relation": "HEAD", "sex": "FEMALE"}]});
    let made = admin.change("householdCreate", "HouseholdCreateInput", CREATE, input).await;
    assert_eq!(made["errors"], json!([]), "{made}");
    let id = made["household"]["id"].as_str().expect("an id").to_owned();
    for text in
        ["尉", "尉迟", "瑾萱", "迟瑾萱", "尉迟瑾萱", "9九99", "九9", "麒麟", "麟里7号", "ycjx", "jx", "wcjx"]
    {
        assert!(set(&all(&admin, text, json!({"kinds": ["HOUSEHOLD"]})).await).contains(&id), "{text}");
    }
    let change = json!({"id": id, "expectedVersion": made["household"]["version"], "number": "8八88", "address": null});
    let changed = admin.change("householdUpdate", "HouseholdUpdateInput", CREATE, change).await;
    assert_eq!(changed["errors"], json!([]), "{changed}");
    assert_eq!(ids(&page(&admin, "8八", json!({})).await), [id.as_str()]);
    for gone in ["9九", "9九99", "麒麟里"] {
        assert!(!set(&all(&admin, gone, json!({"kinds": ["HOUSEHOLD"]})).await).contains(&id), "{gone}");
    }
    let input = json!({"id": village["id"], "expectedVersion": village["version"], "name": "鹮鹮村"});
    let renamed = admin.change("regionUpdate", "RegionUpdateInput", "region { name }", input).await;
    assert_eq!(renamed["errors"], json!([]), "{renamed}");
    assert_eq!(ids(&page(&admin, "鹮", json!({})).await), [village["id"].as_str().expect("an id")]);
    let old = all(&admin, village["name"].as_str().expect("a name"), json!({"kinds": ["REGION"]})).await;
    assert!(!set(&old).contains(village["id"].as_str().expect("an id")));
    let refused = json!({"regionId": village["id"], "number": "8八88",
        "members": [{"name": "令狐无名", "relation": "HEAD", "sex": "MALE"}]});
    let refused = admin.change("householdCreate", "HouseholdCreateInput", CREATE, refused).await;
    assert_eq!(refused["errors"][0]["code"], "DUPLICATE", "{refused}");
    assert!(hits(&page(&admin, "令狐无名", json!({})).await).is_empty(), "a refusal leaves nothing to find");
}

#[tokio::test]
async fn an_ended_assignment_takes_its_household_out_of_every_search() {
    let world = rich().await;
    let (contact, admin) = (world.actor("contact").await, world.actor("town-admin").await);
    let mine = "{ viewer { cadre { id } } contactAssignments(first: 100, where: { live: true, kind: { eq: HOUSEHOLD }, isPrimary: true }) {
        nodes { id version cadre { id } household { id number headName } } } }";
    let mine = contact.get(mine).await;
    let own = &mine["viewer"]["cadre"]["id"];
    let nodes = mine["contactAssignments"]["nodes"].as_array().expect("assignments");
    let one = nodes.iter().find(|node| node["cadre"]["id"] == *own).expect("one of mine").clone();
    let (id, name) = (
        one["household"]["id"].as_str().expect("an id"),
        one["household"]["headName"].as_str().expect("a name"),
    );
    assert!(set(&all(&contact, name, json!({})).await).contains(id));
    let input = json!({"id": one["id"], "expectedVersion": one["version"], "reason": "轮换", "idempotencyKey": key()});
    let ended = admin.change("assignmentEnd", "AssignmentEndInput", "assignment { id }", input).await;
    assert_eq!(ended["errors"], json!([]), "{ended}");
    for text in [name, &name[..3], one["household"]["number"].as_str().expect("a number")] {
        assert!(!set(&all(&contact, text, json!({})).await).contains(id), "{text}");
    }
}

#[tokio::test]
async fn the_number_of_statements_depends_on_the_shape_of_the_question_alone() {
    let world = rich().await;
    for name in ["contact", "dispatcher", "county-admin", "resident", "nobody"] {
        let actor = world.actor(name).await;
        page(&actor, "张", json!({})).await;
        for (text, most) in [("张", 7), ("纳章", 7), ("村", 7), ("纳章镇", 8), ("纳章镇竹园村民小组", 8)]
        {
            for first in [1, 50] {
                let (_, sent) = world.statements(page(&actor, text, json!({"first": first}))).await;
                assert!(sent <= most, "{name}: {sent} statements for {first} of {text}");
            }
        }
    }
}

#[tokio::test]
async fn what_cannot_be_searched_for_is_refused_and_what_is_strange_is_searched_for_literally() {
    let world = rich().await;
    let admin = world.actor("town-admin").await;
    for text in ["", "   ", "%", "_", "'\"`", "🙂", "。，、", "\u{0}", "$"] {
        assert_eq!(admin.ask(SEARCH, json!({"text": text})).await.code(), "BAD_USER_INPUT", "{text:?}");
    }
    for text in ["张".repeat(41), "长".repeat(10_000)] {
        let answer = admin.ask(SEARCH, json!({"text": text})).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT");
    }
    for text in ["a' OR '1'='1", "1; DROP TABLE household", "\\", "张%' --", "𠮷", "张\u{0}", "x\u{10ffff}y"]
    {
        let answer = admin.ask(SEARCH, json!({"text": text})).await;
        assert!(["", "BAD_USER_INPUT"].contains(&answer.code()), "{text}: {}", answer.body);
    }
    assert!(hits(&page(&admin, &"张".repeat(40), json!({})).await).is_empty());
    assert_eq!(admin.ask(SEARCH, json!({"text": "张", "first": 51})).await.code(), "BAD_USER_INPUT");
    assert_eq!(admin.ask(SEARCH, json!({"text": "张", "first": -1})).await.code(), "BAD_USER_INPUT");
    assert!(hits(&page(&admin, "张", json!({"first": 0})).await).is_empty());
    assert!(hits(&page(&admin, "张", json!({"kinds": []})).await).is_empty());
}

#[tokio::test]
async fn a_new_index_finds_what_the_old_one_found() {
    let world = rich().await;
    let admin = world.actor("town-admin").await;
    let before = all(&admin, "张", json!({})).await;
    let cadres = cadre::Entity::find().all(world.state.db.read()).await.expect("cadres").len();
    let progress = indicatif::ProgressBar::hidden();
    let count = lianhu::kernel::search::reindex(&world.state.db, &progress).await;
    assert!(count.is_ok_and(|count| count > cadres + 4_000));
    assert!(all(&admin, "张", json!({})).await == before);
    assert!(!lianhu::kernel::search::is_missing(&world.state.db).await.expect("an answer"));
}

#[tokio::test]
async fn a_region_with_the_digits_of_its_code_in_its_name_is_found_once() {
    let world = rich().await;
    let admin = world.actor("town-admin").await;
    let village =
        admin.get("{ region(by: { code: \"530304101200\" }) { id } }").await["region"]["id"].clone();
    let input =
        json!({"parentId": village, "kind": "GRID", "code": "530304101200953", "name": "第53网格530号"});
    let made = admin.change("regionCreate", "RegionCreateInput", "region { id }", input).await;
    assert_eq!(made["errors"], json!([]), "{made}");
    for text in ["5", "53", "530", "5303", "530304101200953", "网格53", "53网格", "3网格5", "30号"] {
        let found = all(&admin, text, json!({"kinds": ["REGION"], "first": 7})).await;
        let one = |hit: &&Value| hit["node"]["id"] == made["region"]["id"];
        assert_eq!(found.iter().filter(one).count(), 1, "{text}");
        assert_eq!(set(&found).len(), found.len(), "{text}: each once");
    }
}
