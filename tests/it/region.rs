//! Regions and areas: making and renaming them, and what an area opens.

use lianhu::kernel::clock::civil;
use lianhu_tests::{Actor, World};
use serde_json::{Value, json};

const TOWN: &str = "530304101";
const VILLAGE: &str = "530304101200";

async fn region(actor: &Actor, code: &str) -> Value {
    let query = "query($code: RegionCode!) { region(by: { code: $code }) { id version name kind code parent { code } } }";
    actor.ask(query, json!({"code": code})).await.ok()["region"].clone()
}

async fn create(actor: &Actor, code: &str, kind: &str, parent: &Value) -> Value {
    let input = json!({"code": code, "name": "新设", "kind": kind, "parentId": parent});
    let selection = "region { id version name kind code parent { code } ancestors { code } }";
    actor.change("regionCreate", "RegionCreateInput", selection, input).await
}

/// The rules that were broken, with where.
fn rules(refused: &Value) -> Vec<(&str, String)> {
    let errors = refused["errors"].as_array().expect("errors");
    let path = |error: &Value| {
        let path = error["path"].as_array().expect("a path").iter().filter_map(Value::as_str);
        path.collect::<Vec<_>>().join(".")
    };
    errors.iter().map(|error| (error["rule"].as_str().unwrap_or_default(), path(error))).collect()
}

#[tokio::test]
async fn an_administrator_makes_a_group_below_a_village_of_the_own_town() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let village = region(&admin, VILLAGE).await;
    let made = create(&admin, "530304101200050", "GROUP", &village["id"]).await;
    assert_eq!(made["errors"], json!([]), "{made}");
    let group = &made["region"];
    assert_eq!((&group["kind"], &group["version"]), (&json!("GROUP"), &json!(1)));
    let above: Vec<_> =
        group["ancestors"].as_array().expect("ancestors").iter().map(|row| row["code"].clone()).collect();
    assert_eq!(above, ["53", "5303", "530304", TOWN, VILLAGE]);
    let query = "query($id: ID!) { region(by: { id: $id }) { children(first: 100, where: { kind: { eq: GROUP } }) { nodes { code } } } }";
    let children = world.anyone().ask(query, json!({"id": village["id"]})).await.ok();
    let nodes = children["region"]["children"]["nodes"].as_array().expect("children");
    assert!(nodes.contains(&json!({"code": "530304101200050"})), "everyone sees it: {nodes:?}");
    let again = create(&admin, "530304101200050", "GRID", &village["id"]).await;
    assert_eq!(
        (&again["errors"][0]["code"], &again["errors"][0]["existing"]),
        (&json!("DUPLICATE"), &group["id"])
    );
}

#[tokio::test]
async fn a_code_that_is_wrong_or_does_not_fit_the_region_above_is_refused_by_its_rule() {
    let world = World::demo().await;
    let (admin, platform) = (world.actor("town-admin").await, world.actor("platform-admin").await);
    let (town, village) = (region(&admin, TOWN).await, region(&admin, VILLAGE).await);
    let code = |rule| vec![(rule, "input.code".to_owned())];
    let parent = || ("parent", "input.parentId".to_owned());
    for (given, kind, above, expected) in [
        ("53030410120005", "GROUP", &village, code("region-code")),
        ("5303041012000501", "GROUP", &village, code("region-code")),
        ("53030410120005X", "GROUP", &village, code("region-code")),
        ("530304101200000", "GRID", &village, code("region-code")),
        ("530304101201050", "GROUP", &village, code("region-code-prefix")),
        ("530304101200050", "GROUP", &town, vec![parent()]),
        (
            "530304101299",
            "VILLAGE",
            &village,
            vec![parent(), ("region-code-prefix", "input.code".to_owned())],
        ),
        ("530304102", "TOWNSHIP", &town, vec![parent(), ("region-code-prefix", "input.code".to_owned())]),
    ] {
        let refused = create(&admin, given, kind, &above["id"]).await;
        assert_eq!(refused["region"], Value::Null, "{given}");
        assert_eq!(rules(&refused), expected, "{given} {kind}: {refused}");
    }
    assert_eq!(rules(&create(&platform, "5399", "CITY", &Value::Null).await), vec![parent()]);
    let unknown = json!("region_00000000000000000000000000");
    assert_eq!(create(&admin, "530304101200050", "GROUP", &unknown).await["errors"][0]["code"], "NOT_FOUND");
}

#[tokio::test]
async fn regions_are_made_and_renamed_by_the_administrators_of_the_place_alone() {
    let world = World::demo().await;
    let village = region(&world.anyone(), VILLAGE).await;
    for (at, (name, may)) in [
        ("platform-admin", true),
        ("county-admin", true),
        ("town-admin", true),
        ("leader", false),
        ("town-contact", false),
        ("grid-worker", false),
        ("nancheng-admin", false),
        ("nobody", false),
    ]
    .into_iter()
    .enumerate()
    {
        let actor = world.actor(name).await;
        let query = "query($id: ID!) { region(by: { id: $id }) { version viewerCan { update { allowed requires } } } }";
        let seen = actor.ask(query, json!({"id": village["id"]})).await.ok()["region"].clone();
        assert_eq!(seen["viewerCan"]["update"]["allowed"], may, "{name}: {seen}");
        let made = create(&actor, &format!("53030410120006{at}"), "GROUP", &village["id"]).await;
        let input =
            json!({"id": village["id"], "expectedVersion": seen["version"], "name": format!("改名{at}")});
        let renamed = actor.change("regionUpdate", "RegionUpdateInput", "region { name }", input).await;
        assert_eq!(
            (made["region"].is_object(), renamed["region"].is_object()),
            (may, may),
            "{name}: {made} {renamed}"
        );
        if !may {
            for refused in [made, renamed] {
                assert_eq!(refused["errors"][0]["__typename"], "PermissionError", "{name}: {refused}");
                assert_eq!(
                    refused["errors"][0]["requires"],
                    json!(["PLATFORM_ADMIN", "REGION_ADMIN"]),
                    "{name}"
                );
            }
        }
    }
}

#[tokio::test]
async fn renaming_a_region_expects_the_version_and_a_name() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let village = region(&admin, VILLAGE).await;
    let rename = |name: &str, version: &Value| {
        let input = json!({"id": village["id"], "expectedVersion": version, "name": name});
        let admin = &admin;
        async move {
            admin.change("regionUpdate", "RegionUpdateInput", "region { name version code }", input).await
        }
    };
    let renamed = rename("  新竹园村民委员会 ", &village["version"]).await;
    let version = village["version"].as_i64().expect("a version") + 1;
    assert_eq!(renamed["region"], json!({"name": "新竹园村民委员会", "version": version, "code": VILLAGE}));
    let late = rename("又一个", &village["version"]).await;
    assert_eq!(
        (&late["errors"][0]["code"], &late["errors"][0]["current"]),
        (&json!("CONFLICT"), &json!(version))
    );
    assert_eq!(late["errors"][0]["changedFields"], json!(["name"]));
    for (name, rule) in [(" ".to_owned(), "required"), ("长".repeat(61), "length")] {
        assert_eq!(rules(&rename(&name, &json!(version)).await), vec![(rule, "input.name".to_owned())]);
    }
    assert_eq!(region(&admin, VILLAGE).await["name"], "新竹园村民委员会");
}

async fn change_area(actor: &Actor, area: &Value, villages: &[&Value]) -> Value {
    let input = json!({"id": area["id"], "expectedVersion": area["version"], "villageIds": villages});
    actor.change("areaUpdate", "AreaUpdateInput", "area { id version villages { code } }", input).await
}

async fn areas(actor: &Actor) -> (Value, Value) {
    let query = "{ region(by: { code: \"530304101\" }) { areas(first: 9) { nodes { id name version } } } }";
    let seen = actor.get(query).await["region"]["areas"]["nodes"].clone();
    let named = |name: &str| {
        let areas = seen.as_array().expect("areas").iter();
        areas.clone().find(|area| area["name"] == name).expect("an area").clone()
    };
    (named("集镇片区"), named("山区片区"))
}

#[tokio::test]
async fn changing_the_villages_of_an_area_opens_and_closes_their_households_at_the_next_request() {
    let world = World::demo().await;
    let (contact, admin) = (world.actor("contact").await, world.actor("town-admin").await);
    let sees = async |code: &str| {
        let query = "query($code: RegionCode!) { region(by: { code: $code }) { households { totalCount } } }";
        contact.ask(query, json!({"code": code})).await.ok()["region"]["households"]["totalCount"].as_i64()
    };
    let (_, hills) = areas(&admin).await;
    assert_eq!(sees("530304101203").await, Some(0));
    let cadre = contact.get("{ viewer { cadre { id } } }").await["viewer"]["cadre"]["id"].clone();
    let input = json!({"kind": "AREA", "areaId": hills["id"], "cadreId": cadre, "startsOn": "2026-01-01"});
    let given = admin.change("assignmentCreate", "AssignmentCreateInput", "assignment { live }", input).await;
    assert_eq!(given["assignment"]["live"], true, "{given}");
    let [first, second, third] = ["530304101201", "530304101202", "530304101203"];
    assert_eq!([sees(first).await, sees(second).await, sees(third).await], [Some(700), Some(650), Some(560)]);
    let home = "{ region(by: { code: \"530304101203\" }) { households(first: 1) { nodes { id phone phoneMasked } } } }";
    let home = contact.get(home).await["region"]["households"]["nodes"][0].clone();
    assert_eq!(home["phone"], Value::Null, "who has an area does not see telephone numbers");

    let ids = [region(&admin, first).await, region(&admin, second).await, region(&admin, third).await];
    let changed = change_area(&admin, &hills, &[&ids[0]["id"], &ids[1]["id"]]).await;
    assert_eq!(changed["errors"], json!([]), "{changed}");
    assert_eq!([sees(first).await, sees(second).await, sees(third).await], [Some(700), Some(650), Some(0)]);
    let gone = contact.ask("query($id: ID!) { node(id: $id) { id } }", json!({"id": home["id"]})).await.ok();
    assert_eq!(gone["node"], Value::Null);
    let late = change_area(&admin, &hills, &[&ids[0]["id"]]).await;
    assert_eq!(
        (&late["errors"][0]["code"], &late["errors"][0]["changedFields"]),
        (&json!("CONFLICT"), &json!(["villages"]))
    );

    let back = change_area(&admin, &changed["area"], &[&ids[2]["id"]]).await;
    assert_eq!(back["area"]["villages"], json!([{"code": third}]), "{back}");
    assert_eq!([sees(first).await, sees(second).await, sees(third).await], [Some(0), Some(0), Some(560)]);
    let none = change_area(&admin, &back["area"], &[]).await;
    assert_eq!(none["area"]["villages"], json!([]), "{none}");
    assert_eq!(sees(third).await, Some(0));
}

#[tokio::test]
async fn an_area_takes_villages_of_its_own_town_that_no_other_area_has() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let (market, hills) = areas(&admin).await;
    let (own, taken) = (region(&admin, "530304101201").await, region(&admin, VILLAGE).await);
    let (afar, group) = (region(&admin, "361021108200").await, region(&admin, "530304101200001").await);
    let refused = |rule| vec![(rule, "input.villageIds".to_owned())];
    for (villages, rule) in [
        (vec![&own["id"], &taken["id"]], "villages-free"),
        (vec![&own["id"], &own["id"]], "villages"),
        (vec![&own["id"], &afar["id"]], "villages"),
        (vec![&group["id"]], "villages"),
    ] {
        let answer = change_area(&admin, &hills, &villages).await;
        assert!(rules(&answer).starts_with(&refused(rule)), "{rule}: {answer}");
    }
    assert_eq!(areas(&admin).await, (market, hills.clone()), "nothing has changed");
    let answer = change_area(&world.actor("leader").await, &hills, &[&own["id"]]).await;
    assert_eq!(answer["errors"][0]["__typename"], "PermissionError", "{answer}");
}

#[tokio::test]
async fn a_city_without_counties_is_administered_like_a_county() {
    let world = World::demo().await;
    let platform = world.actor("platform-admin").await;
    let mut above = Value::Null;
    let mut made = Vec::new();
    for (code, kind) in
        [("44", "PROVINCE"), ("4419", "CITY"), ("441900003", "TOWNSHIP"), ("441900003001", "VILLAGE")]
    {
        let answer = create(&platform, code, kind, &above).await;
        assert_eq!(answer["errors"], json!([]), "{answer}");
        above = answer["region"]["id"].clone();
        made.push(above.clone());
    }
    let nobody = world.actor("nobody").await;
    let account = nobody.get("{ viewer { account { id } } }").await["viewer"]["account"]["id"].clone();
    let input = json!({"accountId": account, "role": "REGION_ADMIN", "regionId": made[1], "startsOn": civil(world.state.clock.now()).0.to_string()});
    let granted = platform.change("roleGrantCreate", "RoleGrantCreateInput", "roleGrant { id }", input).await;
    assert_eq!(granted["errors"], json!([]), "{granted}");
    let input = json!({"regionId": made[3], "number": "1", "members": [{"name": "甲", "relation": "HEAD"}]});
    let home = nobody.change("householdCreate", "HouseholdCreateInput", "household { id }", input).await;
    assert_eq!(home["errors"], json!([]), "{home}");
    let query = "query($city: ID!) { households(where: { region: $city }) { totalCount } region(by: { id: $city }) { households { totalCount } } }";
    let seen = nobody.ask(query, json!({"city": made[1]})).await.ok();
    assert_eq!(seen, json!({"households": {"totalCount": 1}, "region": {"households": {"totalCount": 1}}}));
    let county = create(&platform, "441901", "COUNTY", &made[1]).await;
    assert_eq!(rules(&county), vec![("parent", "input.parentId".to_owned())], "{county}");
    let other = region(&platform, "3610").await;
    let town = create(&platform, "361000001", "TOWNSHIP", &other["id"]).await;
    assert_eq!(rules(&town), vec![("parent", "input.parentId".to_owned())], "a city with counties: {town}");
}

#[tokio::test]
async fn a_group_and_a_grid_have_households_and_nothing_that_stands_in_a_village_at_the_nearest() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let query = "query($code: RegionCode!) { region(by: { code: $code }) { children(first: 100) { nodes { kind
        households(first: 1) { totalCount } enterprises(first: 1) { totalCount } cadres(first: 1) { totalCount }
        partyBranches(first: 1) { totalCount } } } } }";
    let seen = admin.ask(query, json!({"code": VILLAGE})).await.ok();
    let below = seen["region"]["children"]["nodes"].as_array().expect("groups and grids");
    for kind in ["GROUP", "GRID"] {
        let rows: Vec<_> = below.iter().filter(|row| row["kind"] == kind).collect();
        assert!(rows.iter().any(|row| row["households"]["totalCount"].as_i64() > Some(0)), "{kind}");
        for list in ["enterprises", "cadres", "partyBranches"] {
            assert!(rows.iter().all(|row| row[list]["totalCount"] == 0), "{kind}: {list}: {rows:?}");
        }
    }
}
