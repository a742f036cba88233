//! Categories of demands: everyone reads the tree of a county, and its administrator edits it.

use entity::{
    category,
    id::{CategoryId, RegionId},
    kind::DemandField,
};
use lianhu_tests::{Actor, World, key};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use uuid::Uuid;

/// The county of the demonstration, and another.
const COUNTY: &str = "530304";
const OTHER: &str = "361021";

const ONE: &str = "category { id name field sort version retiredOn path parent { id } }";

async fn region(actor: &Actor, code: &str) -> Value {
    let query = "query($code: RegionCode!) { region(by: { code: $code }) { id } }";
    actor.ask(query, json!({"code": code})).await.ok()["region"]["id"].clone()
}

/// The categories of a field with retired ones or without.
async fn tree(actor: &Actor, county: &Value, field: &str, retired: bool) -> Vec<Value> {
    let query = "query($county: ID!, $field: DemandField, $retired: Boolean) {
        categories(countyId: $county, field: $field, includeRetired: $retired) {
          id name field sort version retiredOn path parent { name } county { id } children(includeRetired: $retired) { name }
          viewerCan { update { allowed requires } } } }";
    let variables = json!({"county": county, "field": field, "retired": retired});
    actor.ask(query, variables).await.ok()["categories"].as_array().expect("a list").clone()
}

fn names(list: &[Value]) -> Vec<&str> {
    list.iter().filter_map(|one| one["name"].as_str()).collect()
}

fn called<'a>(list: &'a [Value], name: &str) -> &'a Value {
    list.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{name}: {list:?}"))
}

async fn create(actor: &Actor, input: Value) -> Value {
    actor.change("categoryCreate", "CategoryCreateInput", ONE, input).await
}

/// Changes, retires or restores one.
async fn alter(actor: &Actor, how: &str, of: &Value, mut input: Value) -> Value {
    input["id"] = of["id"].clone();
    if input.get("expectedVersion").is_none() {
        input["expectedVersion"] = of["version"].clone();
    }
    actor.change(&format!("category{how}"), &format!("Category{how}Input"), ONE, input).await
}

/// What was made or changed; fails the test where it was refused.
fn done(payload: &Value) -> Value {
    assert_eq!(payload["errors"], json!([]), "{payload}");
    payload["category"].clone()
}

/// Where and by which rule something was refused.
fn refused(payload: &Value) -> Vec<(String, String)> {
    let errors = payload["errors"].as_array().expect("errors").iter();
    let told = errors.map(|error| {
        let path: Vec<_> =
            error["path"].as_array().expect("a path").iter().skip(1).filter_map(Value::as_str).collect();
        let what = error["rule"].as_str().or(error["code"].as_str()).unwrap_or_default();
        (path.join("."), what.to_owned())
    });
    told.collect()
}

fn one(field: &str, rule: &str) -> Vec<(String, String)> {
    vec![(field.to_owned(), rule.to_owned())]
}

#[tokio::test]
async fn everyone_reads_the_categories_of_a_county_in_the_order_of_their_tree() {
    let world = World::demo().await;
    let anyone = world.anyone();
    for code in [COUNTY, OTHER] {
        let county = region(&anyone, code).await;
        let all = tree(&anyone, &county, "GOVERNANCE", false).await;
        let from = all.iter().position(|one| one["name"] == "作风").expect("one");
        let wanted = ["作风", "形式主义", "官僚主义", "享乐主义", "奢靡之风", "经济社会发展"];
        assert_eq!(names(&all)[from..from + 6], wanted);
        let style = &all[from];
        assert_eq!(names(style["children"].as_array().expect("a list")), wanted[1..5]);
        assert_eq!((&style["parent"], &style["county"]["id"]), (&Value::Null, &county));
        assert_eq!(style["viewerCan"]["update"], json!({"allowed": false, "requires": ["REGION_ADMIN"]}));
        assert_eq!(all[from + 1]["path"], json!(["作风", "形式主义"]));
        assert_eq!(all[from + 1]["parent"]["name"], "作风");
        assert!(all.iter().all(|one| one["field"] == "GOVERNANCE" && one["retiredOn"].is_null()));
        let ask = "query($id: ID!) { category(id: $id) { name } node(id: $id) { ... on Category { name } } }";
        let found = anyone.ask(ask, json!({"id": style["id"]})).await.ok();
        assert_eq!(
            (&found["category"], &found["node"]),
            (&json!({"name": "作风"}), &json!({"name": "作风"}))
        );
    }
    let whole = "query($county: ID!) { categories(countyId: $county) { field name children { name } } }";
    let (all, statements) =
        world.statements(anyone.ask(whole, json!({"county": region(&anyone, COUNTY).await}))).await;
    let all = all.ok()["categories"].as_array().expect("a list").clone();
    for name in ["水利", "道路", "低保", "环境卫生", "停车", "拆迁", "作风"] {
        called(&all, name);
    }
    assert!(all.len() > 40 && statements < 8, "{} in {statements} statements", all.len());
    let town = anyone.ask(whole, json!({"county": region(&anyone, "530304101").await})).await;
    assert_eq!(town.code(), "BAD_USER_INPUT", "a township has none");
    let nowhere = entity::id::spell("region", Uuid::now_v7());
    assert_eq!(anyone.ask(whole, json!({"county": nowhere})).await.ok()["categories"], Value::Null);
}

#[tokio::test]
async fn the_administrator_of_the_county_makes_renames_and_moves_categories_and_nobody_else() {
    let world = World::demo().await;
    let admin = world.actor("county-admin").await;
    let county = region(&admin, COUNTY).await;
    let all = tree(&admin, &county, "RURAL_REVITALISATION", false).await;
    let (water, clean) = (called(&all, "水利"), called(&all, "环境卫生"));
    let input = |name: &str, parent: &Value| json!({"countyId": county, "field": "RURAL_REVITALISATION", "name": name, "parentId": parent});
    let ditch = done(&create(&admin, input(" 灌溉渠道 ", &water["id"])).await);
    assert_eq!((&ditch["name"], &ditch["path"]), (&json!("灌溉渠道"), &json!(["水利", "灌溉渠道"])));
    let gate = done(&create(&admin, input("闸门", &ditch["id"])).await);
    let last = done(&create(&admin, input("桥梁", &Value::Null)).await);
    assert_eq!(names(&tree(&admin, &county, "RURAL_REVITALISATION", false).await).last(), Some(&"桥梁"));

    for other in ["town-admin", "leader", "nancheng-admin", "platform-admin", "contact", "nobody"] {
        let other = world.actor(other).await;
        assert_eq!(refused(&create(&other, input("其他人", &Value::Null)).await), one("", "FORBIDDEN"));
        for (how, more) in [("Update", json!({"name": "改"})), ("Retire", json!({})), ("Restore", json!({}))]
        {
            assert_eq!(refused(&alter(&other, how, &ditch, more).await), one("", "FORBIDDEN"), "{how}");
        }
    }

    let governance = tree(&admin, &county, "GOVERNANCE", false).await;
    let elsewhere = &called(&governance, "作风")["id"];
    let afar = region(&admin, OTHER).await;
    let theirs = tree(&admin, &afar, "RURAL_REVITALISATION", false).await;
    for (name, parent, wrong) in [
        ("灌溉渠道", &water["id"], one("name", "DUPLICATE")),
        ("", &water["id"], one("name", "required")),
        ("一二三四五六七八九十一二三四五六七八九十一", &water["id"], one("name", "length")),
        ("螺丝", &gate["id"], one("parentId", "levels")),
        ("渠", elsewhere, one("parentId", "field")),
        ("渠", &called(&theirs, "水利")["id"], one("parentId", "NOT_FOUND")),
    ] {
        assert_eq!(refused(&create(&admin, input(name, parent)).await), wrong, "{name}");
    }
    let mut town = input("渠", &Value::Null);
    town["countyId"] = region(&admin, "530304101").await;
    assert_eq!(refused(&create(&admin, town).await), one("countyId", "county"));

    let moved = done(&alter(&admin, "Update", &last, json!({"name": "桥涵", "sort": 1})).await);
    assert_eq!((&moved["name"], &moved["sort"], &moved["version"]), (&json!("桥涵"), &json!(1), &json!(2)));
    assert_eq!(tree(&admin, &county, "RURAL_REVITALISATION", false).await[0]["name"], "桥涵");
    let stale = alter(&admin, "Update", &last, json!({"name": "涵洞"})).await;
    assert_eq!(refused(&stale), one("expectedVersion", "CONFLICT"));
    assert_eq!(stale["errors"][0]["changedFields"], json!(["name", "sort"]), "{stale}");
    for (of, change, wrong) in [
        (water, json!({"parentId": gate["id"]}), one("parentId", "circle")),
        (water, json!({"parentId": water["id"]}), one("parentId", "circle")),
        (&ditch, json!({"parentId": called(&all, "垃圾清运")["id"]}), one("parentId", "levels")),
        (&ditch, json!({"parentId": elsewhere}), one("parentId", "field")),
        (&ditch, json!({"sort": -1}), one("sort", "range")),
        (&moved, json!({"name": "道路"}), one("name", "DUPLICATE")),
    ] {
        assert_eq!(refused(&alter(&admin, "Update", of, change.clone()).await), wrong, "{change}");
    }
    let over = done(&alter(&admin, "Update", &ditch, json!({"parentId": clean["id"]})).await);
    assert_eq!(over["path"], json!(["环境卫生", "灌溉渠道"]));
    let now = tree(&admin, &county, "RURAL_REVITALISATION", false).await;
    assert_eq!(
        called(&now, "闸门")["path"],
        json!(["环境卫生", "灌溉渠道", "闸门"]),
        "what is beneath comes along"
    );
    let top = done(&alter(&admin, "Update", &over, json!({"parentId": null})).await);
    assert_eq!((&top["parent"], &top["path"]), (&Value::Null, &json!(["灌溉渠道"])));
    let same = done(&alter(&admin, "Update", &top, json!({"name": "灌溉渠道"})).await);
    assert_eq!(same["version"], top["version"], "nothing differs");

    let auditor = world.actor("auditor").await;
    let trail = "query($id: ID!) { auditTrail(first: 5, where: { recordId: $id }) { totalCount } }";
    let told = auditor.ask(trail, json!({"id": ditch["id"]})).await.ok();
    assert_eq!(told["auditTrail"]["totalCount"], 3, "the trail of the county tells of it");
}

#[tokio::test]
async fn a_retired_category_stays_with_all_beneath_it_and_is_offered_no_more() {
    let world = World::demo().await;
    let admin = world.actor("county-admin").await;
    let county = region(&admin, COUNTY).await;
    let before = tree(&admin, &county, "GOVERNANCE", false).await;
    let style = called(&before, "作风").clone();
    let formal = called(&before, "形式主义").clone();
    assert_eq!(refused(&alter(&admin, "Restore", &style, json!({})).await), one("id", "STATE"));
    let first = done(&alter(&admin, "Retire", &formal, json!({})).await);
    let gone = done(&alter(&admin, "Retire", &style, json!({})).await);
    let today = lianhu::kernel::clock::civil(world.state.clock.now()).0.to_string();
    assert_eq!((&gone["retiredOn"], &gone["version"]), (&json!(today), &json!(2)));
    assert_eq!(refused(&alter(&admin, "Retire", &gone, json!({})).await), one("id", "STATE"));
    assert_eq!(refused(&alter(&admin, "Update", &gone, json!({"name": "改"})).await), one("id", "STATE"));

    let after = tree(&admin, &county, "GOVERNANCE", false).await;
    assert_eq!(after.len(), before.len() - 5);
    let kept = tree(&world.anyone(), &county, "GOVERNANCE", true).await;
    assert_eq!(names(&kept), names(&before), "whoever has it reads it on");
    assert_eq!(called(&kept, "形式主义")["version"], first["version"], "it was retired once");
    assert_eq!(called(&kept, "官僚主义")["version"], 2);
    let input = |name: &str, parent: &Value| json!({"countyId": county, "field": "GOVERNANCE", "name": name, "parentId": parent});
    let beneath = create(&admin, input("新", &style["id"])).await;
    assert_eq!(refused(&beneath), one("parentId", "retired"));

    // Its name is free; it comes back when nobody has it.
    let twin = done(&create(&admin, input("作风", &Value::Null)).await);
    assert_eq!(refused(&alter(&admin, "Restore", &gone, json!({})).await), one("name", "DUPLICATE"));
    assert_eq!(
        refused(&alter(&admin, "Restore", called(&kept, "官僚主义"), json!({})).await),
        one("parentId", "retired")
    );
    done(&alter(&admin, "Retire", &twin, json!({})).await);
    let back = done(&alter(&admin, "Restore", &gone, json!({})).await);
    assert_eq!((&back["retiredOn"], &back["version"]), (&Value::Null, &json!(3)));
    let again = tree(&admin, &county, "GOVERNANCE", false).await;
    assert_eq!(called(&again, "作风")["children"], json!([]), "those beneath it stay as they are");
    done(&alter(&admin, "Restore", called(&kept, "官僚主义"), json!({})).await);
    assert_eq!(tree(&admin, &county, "GOVERNANCE", false).await.len(), before.len() - 3);
}

#[tokio::test]
async fn a_county_without_categories_takes_over_the_usual_ones_once() {
    let world = World::demo().await;
    let admin = world.actor("nancheng-admin").await;
    let county = region(&admin, OTHER).await;
    let of = RegionId(entity::id::read(county.as_str().expect("an id")).expect("an id").1);
    let there = || category::Entity::find().filter(category::Column::CountyId.eq(of));
    let usual = there().count(world.state.db.read()).await.expect("a count");
    let adopt = async |actor: &Actor, key: &str| {
        let selection = "categories { name field path version }";
        let input = json!({"countyId": county, "idempotencyKey": key});
        actor.change("categoriesAdopt", "CategoriesAdoptInput", selection, input).await
    };
    assert_eq!(refused(&adopt(&admin, &key()).await), one("countyId", "STATE"), "it has some");
    let beneath = category::Entity::delete_many().filter(category::Column::CountyId.eq(of));
    beneath.exec(world.state.db.write()).await.expect("taken out");
    assert_eq!(tree(&admin, &county, "GOVERNANCE", true).await, [] as [Value; 0]);
    let theirs = world.actor("county-admin").await;
    assert_eq!(refused(&adopt(&theirs, &key()).await), one("", "FORBIDDEN"));
    let once = key();
    let made = adopt(&admin, &once).await;
    assert_eq!(made["errors"], json!([]), "{made}");
    let list = made["categories"].as_array().expect("a list");
    assert_eq!(u64::try_from(list.len()).ok(), Some(usual));
    assert_eq!(called(list, "垃圾清运")["path"], json!(["环境卫生", "垃圾清运"]));
    let again = adopt(&admin, &once).await;
    assert_eq!((&again["replayed"], &again["categories"]), (&json!(true), &made["categories"]));
    assert_eq!(refused(&adopt(&admin, &key()).await), one("countyId", "STATE"));
    assert_eq!(there().count(world.state.db.read()).await.ok(), Some(usual), "nothing twice");
    let lines = entity::change::Entity::find()
        .filter(entity::change::Column::Entity.eq(CategoryId::PREFIX))
        .filter(entity::change::Column::CountyId.eq(of));
    assert_eq!(lines.count(world.state.db.read()).await.ok(), Some(usual), "each has its line in the log");
}

#[tokio::test]
async fn fifty_stand_beside_each_other_and_five_hundred_in_a_county_at_the_most() {
    let world = World::demo().await;
    let admin = world.actor("county-admin").await;
    let county = region(&admin, COUNTY).await;
    let of = RegionId(entity::id::read(county.as_str().expect("an id")).expect("an id").1);
    let fill = async |parent: Option<CategoryId>, count: usize| {
        let rows = (0..count).map(|nth| category::Model {
            id: CategoryId(Uuid::now_v7()),
            county_id: of,
            field: DemandField::Convenience,
            parent_id: parent,
            name: format!("类别{nth}"),
            sort: 100,
            retired_on: None,
            version: 1,
        });
        let rows: Vec<_> = rows.collect();
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let rows =
            rows.into_iter().map(IntoActiveModel::into_active_model).map(|row: category::ActiveModel| row);
        category::Entity::insert_many(rows).exec(world.state.db.write()).await.expect("stored");
        ids
    };
    let there = tree(&admin, &county, "CONVENIENCE", true).await.len();
    let tops = fill(None, 50 - there).await;
    let input = |name: &str, field: &str, parent: Value| json!({"countyId": county, "field": field, "name": name, "parentId": parent});
    let fifty_first = create(&admin, input("再来", "CONVENIENCE", Value::Null)).await;
    assert_eq!(refused(&fifty_first), one("parentId", "LIMIT"));
    done(&create(&admin, input("再来", "CONVENIENCE", json!(tops[0].to_string()))).await);
    let all = category::Entity::find().filter(category::Column::CountyId.eq(of));
    let all = all.count(world.state.db.read()).await.expect("a count");
    let mut left = 500 - usize::try_from(all).expect("few");
    for top in &tops[1..] {
        let some = left.min(50);
        if some > 0 {
            fill(Some(*top), some).await;
        }
        left -= some;
    }
    let one_more = create(&admin, input("再来", "PROSPERITY", Value::Null)).await;
    assert_eq!(refused(&one_more), one("countyId", "LIMIT"));
}
