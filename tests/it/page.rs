//! Pages: every row once and in order, forward and backward, and the same number of statements whatever the rows.

use lianhu_tests::{Actor, World};
use serde_json::{Value, json};
use std::collections::HashSet;

/// A list with the filter and order under which it is walked.
struct List {
    name: &'static str,
    order: &'static str,
    filter: Value,
    /// The field of a row by which it is ordered, in ascending or descending order.
    by: Option<(&'static str, bool)>,
}

fn lists() -> Vec<List> {
    let list = |name, order, filter, by| List { name, order, filter, by };
    vec![
        list("regions", "RegionOrder", json!({"kind": {"in": ["GROUP", "GRID"]}}), Some(("code", false))),
        list("households", "HouseholdOrder", json!({"status": {"eq": "RESIDENT"}}), Some(("number", false))),
        list(
            "cadres",
            "CadreOrder",
            json!({"level": {"in": ["VILLAGE_CADRE", "GRID_WORKER"]}}),
            Some(("name", false)),
        ),
        list(
            "contactAssignments",
            "ContactAssignmentOrder",
            json!({"isPrimary": true}),
            Some(("startsOn", true)),
        ),
    ]
}

/// Lists that are ordered by a moment.
fn lists_of_work() -> Vec<List> {
    let list = |name, order, by| List { name, order, filter: json!({}), by: Some(by) };
    vec![
        list("visits", "VisitOrder", ("beganAt", true)),
        list("demands", "DemandOrder", ("registeredAt", true)),
        list("tasks", "TaskOrder", ("dueAt", false)),
    ]
}

async fn world() -> World {
    World::with(|config| config.graphql.cost_per_minute = 10_000_000).await
}

/// One page of a list: `arguments` are those of the page.
async fn page(actor: &Actor, list: &List, order_by: &Value, arguments: &Value) -> Value {
    let by = list.by.map_or("", |(field, _)| field);
    let query = format!(
        "query($where: {}Where, $order: [{}!], $first: Int, $after: Cursor, $last: Int, $before: Cursor) {{
         {}(where: $where, orderBy: $order, first: $first, after: $after, last: $last, before: $before) {{
           totalCount nodes {{ id {by} }} edges {{ cursor node {{ id }} }}
           pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}",
        list.order.trim_end_matches("Order"),
        list.order,
        list.name
    );
    let mut variables = arguments.clone();
    variables["where"] = list.filter.clone();
    if !order_by.is_null() {
        variables["order"] = json!([order_by]);
    }
    let answer = actor.ask(&query, variables).await.ok()[list.name].clone();
    let ends = answer["edges"].as_array().expect("edges");
    let cursor = |edge: Option<&Value>| edge.map_or(Value::Null, |edge| edge["cursor"].clone());
    assert_eq!(answer["pageInfo"]["startCursor"], cursor(ends.first()), "{}", list.name);
    assert_eq!(answer["pageInfo"]["endCursor"], cursor(ends.last()), "{}", list.name);
    answer
}

fn rows(page: &Value) -> &Vec<Value> {
    page["nodes"].as_array().unwrap_or_else(|| panic!("nodes: {page}"))
}

/// Sizes of pages, made from a fixed seed: small ones, never the same twice in a row for long.
struct Sizes(u64);

impl Sizes {
    fn next(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        1 + (self.0 >> 33) % most
    }
}

/// Walks all of a list; its rows from the front to the back.
async fn walk(actor: &Actor, list: &List, order_by: &Value, forward: bool, most: u64) -> Vec<Value> {
    let (size, from, end, more) = if forward {
        ("first", "after", "endCursor", "hasNextPage")
    } else {
        ("last", "before", "startCursor", "hasPreviousPage")
    };
    let behind = if forward { "hasPreviousPage" } else { "hasNextPage" };
    let (mut all, mut cursor, mut sizes) = (Vec::new(), Value::Null, Sizes(20_261_121));
    loop {
        let asked = sizes.next(most);
        let mut arguments = json!({size: asked});
        if !cursor.is_null() {
            arguments[from] = cursor.clone();
        }
        let page = page(actor, list, order_by, &arguments).await;
        let there = page["pageInfo"][more] == true;
        assert_eq!(page["pageInfo"][behind], !cursor.is_null(), "{}: {behind}", list.name);
        assert!(
            rows(&page).len() as u64 == asked || !there,
            "{}: a page is full unless it is the last",
            list.name
        );
        if forward {
            all.extend(rows(&page).iter().cloned());
        } else {
            all.splice(0..0, rows(&page).iter().cloned());
        }
        if !there {
            assert_eq!(page["totalCount"], all.len(), "{}", list.name);
            return all;
        }
        cursor = page["pageInfo"][end].clone();
    }
}

#[tokio::test]
async fn walking_a_list_forward_or_backward_gives_every_row_once_and_in_order() {
    let world = world().await;
    // A contact has many single households, a grid worker one grid, the administrator all of a town.
    let readers = [("contact", 7), ("grid-worker", 9), ("town-contact", 23), ("town-admin", 97)];
    // What is done there is read by who answers for it, too.
    let doers = [("leader", 11), ("town-admin", 37)];
    let all = readers.into_iter().map(|reader| (reader, lists()));
    for ((name, most), lists) in all.chain(doers.into_iter().map(|doer| (doer, lists_of_work()))) {
        let actor = world.actor(name).await;
        for list in lists {
            let forward = walk(&actor, &list, &Value::Null, true, most).await;
            let what = format!("{name}: {}", list.name);
            assert!(forward.len() > 3, "{what} has {} rows", forward.len());
            let ids: HashSet<_> = forward.iter().map(|row| row["id"].to_string()).collect();
            assert_eq!(ids.len(), forward.len(), "{what}: each row once");
            if let Some((field, descending)) = list.by {
                let key = |row: &Value| (row[field].to_string(), row["id"].to_string());
                for pair in forward.windows(2) {
                    let rising = key(&pair[0]) < key(&pair[1]);
                    assert!(rising != descending, "{what}: {} before {}", pair[0], pair[1]);
                }
            }
            let backward = walk(&actor, &list, &Value::Null, false, most).await;
            assert_eq!(backward, forward, "{what}: the same the other way round");
        }
    }
}

#[tokio::test]
async fn another_order_gives_the_same_rows_the_other_way_round() {
    let world = world().await;
    let contact = world.actor("contact").await;
    let lists = lists();
    for (at, field) in [(0, "NAME"), (1, "HEAD_NAME"), (1, "CREATED_AT"), (2, "NAME"), (3, "STARTS_ON")] {
        let [up, down] = ["ASC", "DESC"].map(|direction| json!({"field": field, "direction": direction}));
        let rising = walk(&contact, &lists[at], &up, true, 31).await;
        let mut falling = walk(&contact, &lists[at], &down, true, 17).await;
        falling.reverse();
        assert_eq!(rising, falling, "{} by {field}", lists[at].name);
    }
}

#[tokio::test]
async fn the_last_rows_before_a_cursor_stop_short_of_it() {
    let world = world().await;
    let contact = world.actor("contact").await;
    let list = &lists()[1];
    let all = page(&contact, list, &Value::Null, &json!({"first": 10})).await;
    let cursor = all["edges"][5]["cursor"].clone();
    let before = page(&contact, list, &Value::Null, &json!({"last": 3, "before": cursor})).await;
    assert_eq!(rows(&before)[..], rows(&all)[2..5]);
    assert_eq!(
        (&before["pageInfo"]["hasPreviousPage"], &before["pageInfo"]["hasNextPage"]),
        (&json!(true), &json!(true))
    );
    let start = page(&contact, list, &Value::Null, &json!({"last": 50, "before": cursor})).await;
    assert_eq!(rows(&start)[..], rows(&all)[..5]);
    assert_eq!(start["pageInfo"]["hasPreviousPage"], false);
    let after = page(&contact, list, &Value::Null, &json!({"first": 2, "after": cursor})).await;
    assert_eq!(rows(&after)[..], rows(&all)[6..8]);
}

#[tokio::test]
async fn a_cursor_of_another_list_filter_or_order_is_refused() {
    let world = world().await;
    let contact = world.actor("contact").await;
    let seen = contact
        .get(
            "{ households(first: 1) { pageInfo { endCursor } } cadres(first: 1) { pageInfo { endCursor } } }",
        )
        .await;
    let cursor = seen["households"]["pageInfo"]["endCursor"].as_str().expect("a cursor");
    let refused = [
        format!("cadres(first: 1, after: \"{cursor}\")"),
        format!("households(first: 1, after: {})", seen["cadres"]["pageInfo"]["endCursor"]),
        format!("households(first: 1, after: \"{cursor}\", where: {{ status: {{ eq: RESIDENT }} }})"),
        format!("households(first: 1, after: \"{cursor}\", orderBy: [{{ field: NUMBER, direction: DESC }}])"),
        format!(
            "households(first: 1, after: \"{cursor}\", orderBy: [{{ field: HEAD_NAME, direction: ASC }}])"
        ),
        "households(first: 1, after: \"nonsense\")".to_owned(),
        format!("households(last: 1, before: \"{}\")", &cursor[..cursor.len() - 8]),
    ];
    for list in refused {
        let answer = contact.ask(&format!("{{ {list} {{ totalCount nodes {{ id }} }} }}"), json!({})).await;
        assert_eq!(answer.code(), "CURSOR_MISMATCH", "{list}: {}", answer.body);
    }
    let going_on = format!("{{ households(first: 1, after: \"{cursor}\") {{ nodes {{ id }} }} }}");
    assert_eq!(contact.get(&going_on).await["households"]["nodes"].as_array().map(Vec::len), Some(1));
    let both = format!("{{ households(last: 1, before: \"{cursor}\") {{ nodes {{ id }} }} }}");
    assert_eq!(contact.get(&both).await["households"]["nodes"], json!([]), "nothing is before the first");
}

#[tokio::test]
async fn sizes_and_operands_that_make_no_sense_are_refused() {
    let world = world().await;
    let contact = world.actor("contact").await;
    for arguments in [
        "first: 101",
        "last: 101",
        "first: -1",
        "first: 1, last: 1",
        "first: 1, before: \"x\"",
        "where: { number: { eq: null } }",
        "where: { number: { in: null } }",
        "where: { region: null }",
        "where: { withoutContact: null }",
        "where: { status: { eq: null } }",
        "orderBy: [{ field: NUMBER, direction: ASC }, { field: HEAD_NAME, direction: ASC }]",
    ] {
        let query = format!("{{ households({arguments}) {{ nodes {{ id }} }} }}");
        let answer = contact.ask(&query, json!({})).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{arguments}: {}", answer.body);
    }
    let none = contact
        .get("{ households(first: 0) { totalCount nodes { id } pageInfo { hasNextPage endCursor } } }")
        .await;
    assert_eq!(rows(&none["households"]).len(), 0);
    assert!(none["households"]["totalCount"].as_i64() > Some(4), "{none}");
    let empty =
        contact.get("{ households(where: { number: { in: [] } }) { totalCount nodes { id } } }").await;
    assert_eq!(empty["households"], json!({"totalCount": 0, "nodes": []}));
    let usual = world.actor("town-admin").await.get("{ households { nodes { id } } }").await;
    assert_eq!(rows(&usual["households"]).len(), 20, "the usual page");
    let most = contact.get("{ regions(first: 100) { nodes { id } } }").await;
    assert_eq!(rows(&most["regions"]).len(), 100);
}

/// Nested connections: the list of parents, the connection of each, and whether the parents all have children.
const NESTED: [(&str, &str, &str); 6] = [
    ("regions", "where: { kind: { eq: TOWNSHIP } }", "children"),
    ("regions", "where: { kind: { eq: GROUP }, within: TOWN }", "households"),
    ("households", "", "members"),
    ("households", "", "contactAssignments"),
    ("cadres", "where: { level: { in: [VILLAGE_CADRE, TOWNSHIP_STAFF] } }", "contactAssignments"),
    ("partyBranches", "where: { kind: { eq: BRANCH } }", "memberships"),
];

/// The answer, and the fewest statements of three tries: the server's own pulse may fall into one of them.
async fn fewest<F: Future<Output = Value>>(world: &World, ask: impl Fn() -> F) -> (Value, u64) {
    let (answer, mut fewest) = world.statements(ask()).await;
    for _ in 0..2 {
        fewest = fewest.min(world.statements(ask()).await.1);
    }
    (answer, fewest)
}

#[tokio::test]
async fn nested_lists_cost_as_many_statements_for_fifty_parents_as_for_two() {
    let world = World::with(|config| {
        config.graphql.cost_per_minute = 10_000_000;
        config.graphql.max_cost = 100_000;
    })
    .await;
    let town =
        world.anyone().get("{ region(by: { code: \"530304101\" }) { id } }").await["region"]["id"].clone();
    for name in ["town-admin", "town-contact"] {
        let actor = world.actor(name).await;
        for (list, filter, children) in NESTED {
            let filter = filter.replace("TOWN }", &format!("{town} }}"));
            let ask = |parents: u32| {
                let query = format!(
                    "{{ {list}(first: {parents} {filter}) {{ nodes {{ id {children}(first: 3) {{ totalCount nodes {{ id }} }} }} }} }}"
                );
                let actor = &actor;
                async move { actor.get(&query).await }
            };
            // The first question of an account reads its rights, too.
            ask(1).await;
            let (few, for_few) = fewest(&world, || ask(2)).await;
            let (many, for_many) = fewest(&world, || ask(50)).await;
            let what = format!("{name}: {list} {children}");
            assert_eq!(rows(&few[list]).len(), 2, "{what}");
            let parents = rows(&many[list]).len();
            assert!(parents > 10, "{what}: {parents} parents");
            let with = rows(&many[list]).iter().filter(|row| !rows(&row[children]).is_empty()).count();
            assert!(with > 2, "{what}: {with} of {parents} have any");
            assert_eq!(for_few, for_many, "{what}: statements for 2 and for {parents} parents");
            assert!(for_many <= 6, "{what}: {for_many} statements");
        }
    }
}

#[tokio::test]
async fn a_nested_list_is_paged_for_each_parent_by_itself() {
    let world = world().await;
    let admin = world.actor("town-admin").await;
    let town = admin.get("{ region(by: { code: \"530304101\" }) { id } }").await["region"]["id"].clone();
    let query = "query($town: ID!) { regions(first: 3, where: { kind: { eq: VILLAGE }, within: $town }) { nodes {
      id children(first: 4, where: { kind: { eq: GROUP } }) { totalCount nodes { id code parent { id } } pageInfo { hasNextPage endCursor } } } } }";
    let seen = admin.ask(query, json!({"town": town})).await.ok();
    assert_eq!(rows(&seen["regions"]).len(), 3);
    for village in rows(&seen["regions"]) {
        let mut codes: Vec<String> = Vec::new();
        let mut page = village["children"].clone();
        loop {
            for row in rows(&page) {
                assert_eq!(row["parent"]["id"], village["id"], "a child of its own parent");
                codes.push(row["code"].as_str().expect("a code").to_owned());
            }
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
            let query = "query($id: ID!, $after: Cursor) { region(by: { id: $id }) { children(first: 4, after: $after,
              where: { kind: { eq: GROUP } }) { totalCount nodes { id code parent { id } } pageInfo { hasNextPage endCursor } } } }";
            let variables = json!({"id": village["id"], "after": page["pageInfo"]["endCursor"]});
            page = admin.ask(query, variables).await.ok()["region"]["children"].clone();
        }
        assert_eq!(page["totalCount"], codes.len(), "{village}");
        assert!(codes.len() > 8 && codes.is_sorted(), "{codes:?}");
        assert_eq!(codes.iter().collect::<HashSet<_>>().len(), codes.len(), "{codes:?}");
    }
}
