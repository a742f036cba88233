//! Villages and groups that become one, a village that is parted, an area with other villages.

use super::{
    BIG, SMALL, TOWN, assert_consistent, below, change, count, days_ago, done, merge, preview, region,
    region_on, rules, today,
};
use lianhu_tests::{Actor, World, key};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

const BY_NUMBER: &str = "query($village: ID!, $number: String!) {
    household(by: { number: { villageId: $village, number: $number } }) { id number village { id } group { id name }
      contactAssignments(first: 9, where: { live: true }) { nodes { id isPrimary cadre { id } } } } }";

async fn household(actor: &Actor, village: &Value, number: &str) -> Value {
    actor.ask(BY_NUMBER, json!({"village": village, "number": number})).await.ok()["household"].clone()
}

/// Live assignments to a region itself: id, holder and whether primary.
async fn contacts(actor: &Actor, region: &Value) -> Vec<(Value, Value, Value)> {
    let query =
        "query($id: ID!) { region(by: { id: $id }) { contactAssignments(first: 100, where: { live: true }) {
                   nodes { id isPrimary cadre { id } } } } }";
    let answer = actor.ask(query, json!({"id": region})).await.ok();
    let nodes = answer["region"]["contactAssignments"]["nodes"].as_array().expect("assignments").clone();
    nodes
        .into_iter()
        .map(|node| (node["id"].clone(), node["cadre"]["id"].clone(), node["isPrimary"].clone()))
        .collect()
}

#[tokio::test]
async fn a_merged_village_is_found_by_its_code_and_its_numbers_and_the_day_before_has_both() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let (small, big) = (region(&admin, SMALL).await, region(&admin, BIG).await);
    let day = days_ago(1);
    let (home, own) =
        (household(&admin, &small["id"], "0007").await, household(&admin, &big["id"], "0007").await);
    let (ours, theirs) = (contacts(&admin, &small["id"]).await, contacts(&admin, &big["id"]).await);
    let wanted = json!({"merge": {"fromIds": [small["id"]], "intoId": big["id"], "effectiveOn": day}});
    let planned = preview(&admin, wanted.clone()).await;
    assert_eq!(planned["errors"], json!([]), "{planned}");
    assert_eq!(planned, preview(&admin, wanted).await, "looking changes nothing");

    let merged = merge(&admin, &[&small], &big, &day).await;
    assert_eq!((&merged["errors"], &merged["region"]["id"]), (&json!([]), &big["id"]), "{merged}");

    // It is found, and past days know it.
    assert_eq!(region(&admin, SMALL).await["id"], big["id"]);
    let gone = admin.ask("query($id: ID!) { node(id: $id) { ... on Region { until code successors(first: 9) { nodes { kind to { code } } } } } }", json!({"id": small["id"]})).await.ok();
    let to = json!({"nodes": [{"kind": "MERGED", "to": {"code": BIG}}]});
    assert_eq!(gone["node"], json!({"until": day, "code": SMALL, "successors": to}));
    let (before, after) = (below(&admin, TOWN, Some(&days_ago(2))).await, below(&admin, TOWN, None).await);
    assert_eq!((before.len(), after.len()), (5, 4));
    assert_eq!(region_on(&admin, SMALL, Some(&days_ago(2))).await["id"], small["id"]);
    assert_eq!(region_on(&admin, SMALL, Some(&day)).await, Value::Null);
    let stood = "query($id: ID!, $day: Date!) { households(where: { region: $id, regionAsOf: $day }) { totalCount } }";
    for (village, day, number) in
        [(&small, days_ago(2), 700), (&big, days_ago(2), 745), (&big, day.clone(), 1445)]
    {
        let answer = admin.ask(stood, json!({"id": village["id"], "day": day})).await.ok();
        assert_eq!(answer["households"]["totalCount"], number, "{day}");
    }
    assert_eq!([count(&admin, &small["id"]).await, count(&admin, &big["id"]).await], [1445, 1445]);
    let covered =
        "query($id: ID!) { coverage(region: { id: $id }) { households { denominator } region { code } } }";
    let covered = admin.ask(covered, json!({"id": small["id"]})).await.ok();
    assert_eq!(covered["coverage"], json!({"households": {"denominator": 1445}, "region": {"code": BIG}}));

    // Its households are found by the old number; their contacts are the same.
    let now = household(&admin, &small["id"], "0007").await;
    assert_eq!(
        (&now["id"], &now["number"], &now["village"]["id"]),
        (&home["id"], &json!("201-0007"), &big["id"])
    );
    assert_eq!((&now["contactAssignments"], &now["group"]), (&home["contactAssignments"], &home["group"]));
    assert_eq!(household(&admin, &big["id"], "0007").await["id"], own["id"]);
    assert_eq!(household(&admin, &big["id"], "201-0007").await["id"], home["id"]);

    // Whoever was answerable for it is answerable for the other, once.
    assert!(!ours.is_empty(), "the village had a contact");
    let all = contacts(&admin, &big["id"]).await;
    for (_, cadre, _) in ours.iter().chain(&theirs) {
        assert_eq!(all.iter().filter(|(_, holder, _)| holder == cadre).count(), 1, "{cadre} in {all:?}");
    }
    assert_eq!(contacts(&admin, &small["id"]).await, []);

    // What was foreseen is what happened.
    let moved = &planned["moved"];
    assert_eq!((&moved["households"], &planned["renumberedCount"]), (&json!(700), &json!(700)));
    assert_eq!(planned["regionCount"], 1 + 13 + 3);
    for item in planned["regions"].as_array().expect("regions") {
        let found = region(&admin, item["oldCode"].as_str().expect("a code")).await;
        if item["kind"] == "MERGED" {
            assert_eq!((&item["newCode"], &found["id"]), (&Value::Null, &big["id"]));
        } else {
            assert_eq!((&item["newCode"], &item["newName"]), (&found["code"], &found["name"]));
            assert_eq!(item["region"]["id"], found["id"], "{item}");
            assert_eq!(found["parent"]["code"], BIG);
        }
    }
    for one in planned["renumbered"].as_array().expect("households") {
        let found = household(&admin, &small["id"], one["oldNumber"].as_str().expect("a number")).await;
        assert_eq!((&found["id"], &found["number"]), (&one["household"]["id"], &one["newNumber"]));
    }
    assert_eq!(planned["renumbered"].as_array().map(Vec::len), Some(100));
    let more: Vec<_> =
        ours.iter().filter(|(_, cadre, _)| !theirs.iter().any(|(_, other, _)| other == cadre)).collect();
    assert_eq!(planned["reachMore"].as_array().map(Vec::len), Some(more.len()), "{planned}");
    assert_consistent(&world, 4835).await;

    // Nothing new comes into it.
    let input =
        json!({"regionId": small["id"], "number": "9999", "members": [{"name": "甲", "relation": "HEAD"}]});
    let refused = admin.change("householdCreate", "HouseholdCreateInput", "household { id }", input).await;
    assert_eq!(rules(&refused), ["withdrawn"], "{refused}");
    assert!(refused["errors"][0]["message"].as_str().expect("a message").contains(BIG), "{refused}");
    let again = merge(&admin, &[&small], &big, &today().to_string()).await;
    assert_eq!(rules(&again), ["withdrawn"], "{again}");
}

#[tokio::test]
async fn who_had_a_right_in_a_merged_village_has_it_in_the_other_at_the_next_request() {
    let world = World::demo().await;
    let (admin, county) = (world.actor("town-admin").await, world.actor("county-admin").await);
    let (contact, worker, nobody) =
        (world.actor("contact").await, world.actor("grid-worker").await, world.actor("nobody").await);
    let (small, big) = (region(&admin, SMALL).await, region(&admin, BIG).await);
    let account = nobody.get("{ viewer { account { id } } }").await["viewer"]["account"]["id"].clone();
    let input = json!({"accountId": account, "role": "GRID_WORKER", "regionId": big["id"], "startsOn": today().to_string()});
    let given = county.change("roleGrantCreate", "RoleGrantCreateInput", "roleGrant { id }", input).await;
    assert_eq!(given["errors"], json!([]), "{given}");
    let all = async |actor: &Actor| {
        actor.get("{ households { totalCount } }").await["households"]["totalCount"].clone()
    };
    let before = [all(&contact).await, all(&worker).await];
    assert_eq!(all(&nobody).await, 745);
    let planned = preview(&admin, json!({"merge": {"fromIds": [big["id"]], "intoId": small["id"]}})).await;
    assert_eq!(planned["rolesCarriedOver"][0]["role"], "GRID_WORKER", "{planned}");
    let mine = "{ households(first: 3) { nodes { id phoneMasked phone village { code } } } }";
    let seen = contact.get(mine).await;
    done(&admin, "regionMerge", json!({"fromIds": [big["id"]], "intoId": small["id"]})).await;
    assert_eq!([all(&contact).await, all(&worker).await], before, "by household and by grid, as before");
    assert_eq!(all(&nobody).await, 1445, "by village, as it is now");
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Household { id phone village { code } } } }";
    let ids: Vec<_> = seen["households"]["nodes"]
        .as_array()
        .expect("households")
        .iter()
        .map(|home| home["id"].clone())
        .collect();
    let now = contact.ask(query, json!({"ids": ids})).await.ok();
    for (home, old) in now["nodes"]
        .as_array()
        .expect("households")
        .iter()
        .zip(seen["households"]["nodes"].as_array().expect("households"))
    {
        assert_eq!((&home["phone"], &home["village"]["code"]), (&old["phone"], &json!(SMALL)));
    }
    let grants = "{ viewer { account { grants(first: 9) { nodes { role endsOn region { code } } } } } }";
    let grants = nobody.get(grants).await["viewer"]["account"]["grants"]["nodes"].to_string();
    assert!(grants.contains(SMALL) && grants.contains(&today().to_string()), "{grants}");
}

#[tokio::test]
async fn groups_that_come_into_another_village_get_free_codes_and_names_of_their_own() {
    let world = World::demo().await;
    let admin = world.actor("nancheng-admin").await;
    let (from, into) = (region(&admin, "361021108200").await, region(&admin, "361021108201").await);
    for village in [&from, &into] {
        let input = json!({"regionId": village["id"], "name": "便民服务站"});
        let made =
            admin.change("departmentCreate", "DepartmentCreateInput", "department { id }", input).await;
        assert_eq!(made["errors"], json!([]), "{made}");
    }
    let old = below(&admin, "361021108201", None).await;
    done(&admin, "regionMerge", json!({"fromIds": [from["id"]], "intoId": into["id"]})).await;
    let now = below(&admin, "361021108201", None).await;
    assert_eq!(now.len(), old.len() + 5);
    assert!(old.iter().all(|own| now.contains(own)), "what was there stays as it was");
    let new: Vec<_> = now.iter().filter(|own| !old.contains(own)).collect();
    assert_eq!(new[0].0, "361021108201007");
    let stem = from["name"]
        .as_str()
        .expect("a name")
        .trim_end_matches("民委员会")
        .trim_end_matches("委会")
        .to_owned();
    assert_eq!(new[0].1, format!("{stem}一组"));
    assert_eq!(region(&admin, "361021108200001").await["code"], "361021108201007");
    let query = "query($id: ID!) { region(by: { id: $id }) { departments(first: 9) { nodes { name } } } }";
    let names =
        admin.ask(query, json!({"id": into["id"]})).await.ok()["region"]["departments"]["nodes"].to_string();
    assert!(names.contains("\"便民服务站\"") && names.contains(&format!("{stem}便民服务站")), "{names}");
    assert_consistent(&world, 4835).await;
}

#[tokio::test]
async fn two_groups_that_become_one_have_one_primary_contact() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let (one, other) = (region(&admin, "530304101200001").await, region(&admin, "530304101200002").await);
    let cadres =
        admin.get("{ cadres(first: 2, where: { level: { eq: TOWNSHIP_STAFF } }) { nodes { id } } }").await;
    for (at, group) in [&one, &other].into_iter().enumerate() {
        for (_, _, primary) in contacts(&admin, &group["id"]).await {
            assert_eq!(primary, false, "the groups have no primary contact yet");
        }
        let input = json!({"kind": "GROUP", "regionId": group["id"], "cadreId": cadres["cadres"]["nodes"][at]["id"],
                           "isPrimary": true, "startsOn": days_ago(30)});
        let made =
            admin.change("assignmentCreate", "AssignmentCreateInput", "assignment { id }", input).await;
        assert_eq!(made["errors"], json!([]), "{made}");
    }
    let homes = count(&admin, &one["id"]).await + count(&admin, &other["id"]).await;
    done(
        &admin,
        "regionMerge",
        json!({"fromIds": [one["id"]], "intoId": other["id"], "effectiveOn": days_ago(2)}),
    )
    .await;
    assert_eq!(count(&admin, &other["id"]).await, homes);
    let all = contacts(&admin, &other["id"]).await;
    let primary = |at: usize| {
        let cadre = &cadres["cadres"]["nodes"][at]["id"];
        all.iter().find(|(_, holder, _)| holder == cadre).map(|(_, _, primary)| primary.clone())
    };
    assert_eq!([primary(0), primary(1)], [Some(json!(false)), Some(json!(true))], "{all:?}");
    assert_consistent(&world, 4835).await;
}

#[tokio::test]
async fn whoever_administers_one_side_alone_merges_nothing() {
    let world = World::demo().await;
    let (town, platform) = (world.actor("town-admin").await, world.actor("platform-admin").await);
    let far = world.actor("nancheng-admin").await;
    let (small, big) = (region(&town, SMALL).await, region(&town, BIG).await);
    let next = below(&town, "530304100", None).await[0].0.clone();
    let (next, other) = (region(&town, &next).await, region(&town, "361021108200").await);
    for (actor, from, into, rule) in [
        (&town, &small, &next, "FORBIDDEN"),
        (&town, &next, &small, "FORBIDDEN"),
        (&far, &small, &big, "FORBIDDEN"),
        (&platform, &small, &other, "alike"),
        (&platform, &small, &small, "each-once"),
    ] {
        let refused =
            change(actor, "regionMerge", json!({"fromIds": [from["id"]], "intoId": into["id"]})).await;
        assert_eq!(rules(&refused), [rule], "{refused}");
        let planned = preview(actor, json!({"merge": {"fromIds": [from["id"]], "intoId": into["id"]}})).await;
        assert_eq!(rules(&planned), [rule], "{planned}");
        assert_eq!(planned["renumbered"], json!([]));
    }
    assert_eq!(below(&town, TOWN, None).await.len(), 5);
}

#[tokio::test]
async fn of_two_merges_at_once_one_wins_and_the_other_is_told_what_became_of_it() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let (small, big) = (region(&admin, SMALL).await, region(&admin, BIG).await);
    let input = |from: &Value, into: &Value| json!({"idempotencyKey": key(), "fromIds": [from["id"]], "intoId": into["id"]});
    let (one, other) = tokio::join!(
        change(&admin, "regionMerge", input(&small, &big)),
        change(&admin, "regionMerge", input(&big, &small)),
    );
    let refused: Vec<_> = [&one, &other].into_iter().filter(|answer| answer["region"].is_null()).collect();
    assert_eq!(refused.len(), 1, "{one} {other}");
    assert_eq!(rules(refused[0]), ["withdrawn"], "{}", refused[0]);
    assert_consistent(&world, 4835).await;
}

#[tokio::test]
async fn a_part_of_a_village_becomes_a_village_in_the_same_area() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let big = region(&admin, BIG).await;
    let groups = [region(&admin, "530304101200001").await, region(&admin, "530304101200002").await];
    let single =
        "query($id: ID!) { region(by: { id: $id }) { households(first: 2) { nodes { id number } } } }";
    let last = region(&admin, "530304101200014").await;
    let single =
        admin.ask(single, json!({"id": last["id"]})).await.ok()["region"]["households"]["nodes"].clone();
    let homes = count(&admin, &groups[0]["id"]).await + count(&admin, &groups[1]["id"]).await + 2;
    let new = json!({"code": "530304101260", "name": "水凹村民委员会"});
    let mut input = json!({"id": big["id"], "newRegion": new, "effectiveOn": days_ago(1),
        "groupIds": [groups[0]["id"], groups[1]["id"]], "householdIds": [single[0]["id"], single[1]["id"]]});
    let planned = preview(&admin, json!({"split": input})).await;
    assert_eq!(
        (&planned["errors"], &planned["moved"]["households"]),
        (&json!([]), &json!(homes)),
        "{planned}"
    );
    input["expectedVersion"] = big["version"].clone();
    let made = done(&admin, "regionSplit", input).await;
    assert_eq!(made["code"], "530304101260");
    assert_eq!([count(&admin, &made["id"]).await, count(&admin, &big["id"]).await], [homes, 745 - homes]);
    assert_eq!(region(&admin, "530304101200002").await["code"], "530304101260002");
    assert_eq!(region(&admin, BIG).await["id"], big["id"], "the code is the remaining one's");
    let moved = household(&admin, &big["id"], single[0]["number"].as_str().expect("a number")).await;
    assert_eq!(
        (&moved["id"], &moved["group"], &moved["village"]["id"]),
        (&single[0]["id"], &Value::Null, &made["id"])
    );
    assert_eq!(region_on(&admin, "530304101260", Some(&days_ago(2))).await, Value::Null);
    assert!(!below(&admin, TOWN, Some(&days_ago(2))).await.iter().any(|(code, _)| code == "530304101260"));
    let areas = "{ region(by: { code: \"530304101\" }) { areas(first: 9) { nodes { villages { code } } } } }";
    let areas = admin.get(areas).await["region"]["areas"]["nodes"].clone();
    let own =
        areas.as_array().expect("areas").iter().find(|area| area.to_string().contains(BIG)).expect("an area");
    assert!(own.to_string().contains("530304101260"), "{areas}");
    assert_consistent(&world, 4835).await;
    let back = done(&admin, "regionMerge", json!({"fromIds": [made["id"]], "intoId": big["id"]})).await;
    assert_eq!((back["id"] == big["id"], count(&admin, &big["id"]).await), (true, 745));
    assert_consistent(&world, 4835).await;
}

#[tokio::test]
async fn other_villages_of_an_area_are_shown_before_they_are_set() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let query = "{ region(by: { code: \"530304101\" }) { areas(first: 9) { nodes {
        id name version villages { id code } contactAssignments(first: 99, where: { live: true }) { nodes { id } } } } } }";
    let areas = admin.get(query).await["region"]["areas"]["nodes"].clone();
    let hills =
        areas.as_array().expect("areas").iter().find(|area| area["name"] == "山区片区").expect("an area");
    let kept = &hills["villages"][0];
    let planned = preview(&admin, json!({"area": {"id": hills["id"], "villageIds": [kept["id"]]}})).await;
    assert_eq!(planned["errors"], json!([]), "{planned}");
    assert_eq!(
        (planned["villagesAdded"].clone(), planned["villagesRemoved"].as_array().map(Vec::len)),
        (json!([]), Some(2))
    );
    assert_eq!(
        (planned["reachMore"].clone(), &planned["reachLess"]),
        (json!([]), &hills["contactAssignments"]["nodes"])
    );
    let big = region(&admin, BIG).await;
    let taken = preview(&admin, json!({"area": {"id": hills["id"], "villageIds": [big["id"]]}})).await;
    assert_eq!(rules(&taken), ["villages-free"], "{taken}");
    let input = json!({"id": hills["id"], "expectedVersion": hills["version"], "villageIds": [kept["id"]]});
    let done = admin.change("areaUpdate", "AreaUpdateInput", "area { villages { code } }", input).await;
    assert_eq!(done["area"]["villages"], json!([{"code": kept["code"]}]), "{done}");
}

#[tokio::test]
async fn a_merge_takes_as_many_statements_for_few_households_as_for_many() {
    let world = World::demo().await;
    let (town, far) = (world.actor("town-admin").await, world.actor("nancheng-admin").await);
    let many = (region(&town, SMALL).await, region(&town, "530304101203").await);
    let few = (region(&town, "361021108212").await, region(&town, "361021108213").await);
    let day = today().to_string();
    let (done, for_many) = world.statements(merge(&town, &[&many.0], &many.1, &day)).await;
    assert_eq!(done["errors"], json!([]), "{done}");
    let (done, for_few) = world.statements(merge(&far, &[&few.0], &few.1, &day)).await;
    assert_eq!(done["errors"], json!([]), "{done}");
    // The few have no accounts, departments, posts or intake points. The lines of each kind of record ask once where it stands.
    assert!(for_many <= for_few + 18 && for_many < 100, "{for_few} for 55 households, {for_many} for 700");
}

#[tokio::test]
async fn what_is_assigned_by_list_while_its_village_is_merged_lies_in_the_merged_one() {
    let world = World::demo().await;
    let (admin, contact) = (world.actor("town-admin").await, world.actor("contact").await);
    let (small, big) = (region(&admin, SMALL).await, region(&admin, BIG).await);
    let cadre = contact.get("{ viewer { cadre { id } } }").await["viewer"]["cadre"]["id"].clone();
    let query = "query($id: ID!) { enterprises(first: 1, where: { region: $id }) { nodes { id
        contactAssignments(first: 9, where: { live: true }) { nodes { id } } } } }";
    let firm = admin.ask(query, json!({"id": small["id"]})).await.ok()["enterprises"]["nodes"][0].clone();
    assert!(firm["id"].is_string(), "an enterprise in the village");
    for held in firm["contactAssignments"]["nodes"].as_array().expect("assignments") {
        let input = json!({"id": held["id"], "expectedVersion": 1, "reason": "换届"});
        let ended = admin.change("assignmentEnd", "AssignmentEndInput", "replayed", input).await;
        assert_eq!(ended["errors"], json!([]), "{ended}");
    }
    let entries = json!([{"kind": "ENTERPRISE", "enterpriseId": firm["id"], "cadreId": cadre}]);
    let list = json!({"idempotencyKey": key(), "reason": "busy months",
        "list": {"entries": entries, "startsOn": today()}});
    let assign = "mutation($input: AssignmentsAssignInput!) { assignmentsAssign(input: $input) {
        assignmentBatch { started } errors { code message } } }";

    // In PostgreSQL somebody else keeps the holder's account for a while: the assignment is there, but not yet for others to
    // see, when the merge begins. SQLite does one after the other.
    let busy = world.state.db.begin().await.expect("a transaction");
    let pause = |ms: u64| tokio::time::sleep(std::time::Duration::from_millis(ms));
    if world.ground.is_postgres() {
        let account = "SELECT id FROM account WHERE name = 'contact' FOR UPDATE";
        busy.execute_unprepared(account).await.expect("kept");
    } else {
        busy.execute_unprepared("SELECT 1").await.expect("nothing is kept");
    }
    let release = async {
        if world.ground.is_postgres() {
            pause(2500).await;
        }
        busy.rollback().await.expect("released");
    };
    let merging = async {
        pause(1200).await;
        merge(&admin, &[&small], &big, &days_ago(0)).await
    };
    let (assigned, merged, ()) = tokio::join!(admin.ask(assign, json!({"input": list})), merging, release);
    let assigned = assigned.ok()["assignmentsAssign"].clone();
    assert_eq!((&assigned["errors"], &merged["errors"]), (&json!([]), &json!([])), "{assigned} {merged}");
    assert_consistent(&world, 4835).await;
}
