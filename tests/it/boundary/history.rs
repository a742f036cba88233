//! New names, codes and places; days of the past; a step of the database there and back.

use super::{
    BIG, SMALL, TOWN, assert_consistent, below, change, count, days_ago, done, preview, region, region_on,
    rules, today,
};
use entity::{household, region as regions};
use lianhu::kernel::db::Db;
use lianhu_tests::{
    World,
    ground::{self, Ground},
};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, QueryOrder, Statement};
use serde_json::{Value, json};

#[tokio::test]
async fn a_renamed_region_keeps_its_former_name_on_the_days_before() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let before = region(&admin, BIG).await;
    let input = |name: &str, version: &Value, day: &str| json!({"id": before["id"], "expectedVersion": version, "name": name, "effectiveOn": day, "note": "区政发〔2026〕7号"});
    let ahead = today().succ_opt().expect("a day").to_string();
    let early = change(&admin, "regionUpdate", input("新竹园村民委员会", &before["version"], &ahead)).await;
    assert_eq!(rules(&early), ["not-ahead"], "{early}");
    let now = done(&admin, "regionUpdate", input("新竹园村民委员会", &before["version"], &days_ago(3))).await;
    assert_eq!(region(&admin, BIG).await["name"], "新竹园村民委员会");
    assert_eq!(region_on(&admin, BIG, Some(&days_ago(4))).await["name"], before["name"]);
    assert_eq!(region_on(&admin, BIG, Some(&days_ago(3))).await["name"], "新竹园村民委员会");
    let past = change(&admin, "regionUpdate", input("又竹园村民委员会", &now["version"], &days_ago(9))).await;
    assert_eq!(rules(&past), ["after-last"], "{past}");
    let old = below(&admin, TOWN, Some(&days_ago(4))).await;
    assert!(old.iter().any(|(code, name)| code == BIG && before["name"] == json!(name)), "{old:?}");
    let query = "query($code: RegionCode!) { region(by: { code: $code }) {
        successors(first: 5) { nodes { id kind effectiveOn name code note from { name } to { name } } } } }";
    let line = admin.ask(query, json!({"code": BIG})).await.ok()["region"]["successors"]["nodes"].clone();
    assert_eq!((&line[0]["kind"], &line[0]["name"]), (&json!("RENAMED"), &before["name"]), "{line}");
    assert_eq!(line[0]["note"], "区政发〔2026〕7号");
    let node = "query($id: ID!) { node(id: $id) { id ... on RegionSuccession { kind } } }";
    let node = admin.ask(node, json!({"id": line[0]["id"]})).await.ok();
    assert_eq!(node["node"]["kind"], "RENAMED");
}

#[tokio::test]
async fn a_township_gets_another_code_with_all_below_it_and_every_old_code_leads_there() {
    let world = World::demo().await;
    let admin = world.actor("county-admin").await;
    let (town, villages) = (region(&admin, TOWN).await, below(&admin, TOWN, None).await);
    let input = |code: &str| json!({"id": town["id"], "expectedVersion": town["version"], "code": code, "effectiveOn": days_ago(1)});
    for (code, rule) in
        [("530304100", "DUPLICATE"), ("361021199", "region-code-prefix"), ("5303041", "region-code")]
    {
        let refused = change(&admin, "regionRecode", input(code)).await;
        assert!(rules(&refused).contains(&rule), "{code}: {refused}");
        let planned = preview(&admin, json!({"recode": {"id": town["id"], "code": code}})).await;
        assert_eq!(rules(&planned), rules(&refused), "{planned}");
        assert_eq!((&planned["regionCount"], &planned["effectiveOn"]), (&json!(0), &Value::Null));
    }
    let planned = preview(&admin, json!({"recode": {"id": town["id"], "code": "530304199"}})).await;
    assert_eq!(planned["errors"], json!([]), "{planned}");
    done(&admin, "regionRecode", input("530304199")).await;
    assert_eq!(planned["regionCount"], 1 + villages.len() + 66 + 15, "itself, villages, groups and grids");
    for item in planned["regions"].as_array().expect("regions") {
        let (old, new) =
            (item["oldCode"].as_str().expect("a code"), item["newCode"].as_str().expect("a code"));
        assert_eq!(new, old.replacen(TOWN, "530304199", 1));
    }
    for (code, name) in &villages {
        let found = region(&admin, code).await;
        assert_eq!(
            (&found["name"], &found["code"]),
            (&json!(name), &json!(code.replacen(TOWN, "530304199", 1)))
        );
        let then = region_on(&admin, code, Some(&days_ago(2))).await;
        assert_eq!((&then["code"], &then["parent"]["code"]), (&json!(code), &json!(TOWN)));
        assert_eq!(region_on(&admin, code, Some(&days_ago(1))).await, Value::Null);
    }
    assert_eq!(below(&admin, TOWN, Some(&days_ago(2))).await, villages);
    assert_eq!(count(&admin, &town["id"]).await, 3635);
    assert_consistent(&world, 4835).await;
}

#[tokio::test]
async fn a_code_that_was_given_up_can_be_given_to_another_village_and_past_days_know_the_first() {
    let world = World::demo().await;
    let admin = world.actor("county-admin").await;
    let (town, small) = (region(&admin, TOWN).await, region(&admin, SMALL).await);
    let input = json!({"id": small["id"], "expectedVersion": small["version"], "code": "530304101299", "effectiveOn": days_ago(5)});
    done(&admin, "regionRecode", input).await;
    assert_eq!(region(&admin, SMALL).await["id"], small["id"]);
    let input = json!({"code": SMALL, "name": "新设村民委员会", "kind": "VILLAGE", "parentId": town["id"]});
    let made = done(&admin, "regionCreate", input).await;
    assert_eq!(region(&admin, SMALL).await["id"], made["id"]);
    assert_eq!(region_on(&admin, SMALL, Some(&days_ago(6))).await["id"], small["id"]);
    let then = below(&admin, TOWN, Some(&days_ago(6))).await;
    assert_eq!(then.iter().filter(|(code, _)| code == SMALL).count(), 1, "{then:?}");
    assert_eq!(below(&admin, TOWN, None).await.len(), then.len() + 1);
    let again = json!({"code": SMALL, "name": "又设村民委员会", "kind": "VILLAGE", "parentId": town["id"]});
    assert_eq!(rules(&change(&admin, "regionCreate", again).await), ["DUPLICATE"]);
}

#[tokio::test]
async fn a_village_that_goes_to_another_township_is_seen_from_there_and_no_longer_from_the_old_one() {
    let world = World::demo().await;
    let (admin, town_admin) = (world.actor("county-admin").await, world.actor("town-admin").await);
    let desk = world.actor("dispatcher").await;
    let (town, other, small) =
        (region(&admin, TOWN).await, region(&admin, "530304100").await, region(&admin, SMALL).await);
    let nobody = world.actor("nobody").await;
    let account = nobody.get("{ viewer { account { id } } }").await["viewer"]["account"]["id"].clone();
    let input = json!({"accountId": account, "role": "DISPATCHER", "regionId": other["id"], "startsOn": today().to_string()});
    let given = admin.change("roleGrantCreate", "RoleGrantCreateInput", "roleGrant { id }", input).await;
    assert_eq!(given["errors"], json!([]), "{given}");
    assert_eq!([count(&desk, &town["id"]).await, count(&nobody, &other["id"]).await], [3635, 0]);

    let code = "530304100298";
    let wanted =
        json!({"id": small["id"], "parentId": other["id"], "code": code, "effectiveOn": days_ago(1)});
    let mut input = wanted.clone();
    input["expectedVersion"] = small["version"].clone();
    let refused = change(&town_admin, "regionMove", input.clone()).await;
    assert_eq!(rules(&refused), ["FORBIDDEN"], "{refused}");
    assert_eq!(rules(&preview(&town_admin, json!({"move": wanted})).await), ["FORBIDDEN"]);
    let planned = preview(&admin, json!({"move": wanted})).await;
    assert_eq!(planned["errors"], json!([]), "{planned}");
    assert_eq!((&planned["moved"]["households"], &planned["regionCount"]), (&json!(700), &json!(1 + 13 + 3)));
    assert_eq!(planned["villagesRemoved"], json!([{"code": SMALL}]), "it leaves its area");
    done(&admin, "regionMove", input).await;

    assert_eq!([count(&desk, &small["id"]).await, count(&nobody, &small["id"]).await], [0, 700]);
    assert_eq!([count(&desk, &town["id"]).await, count(&nobody, &other["id"]).await], [2935, 700]);
    let now = region(&admin, SMALL).await;
    assert_eq!(
        (&now["id"], &now["code"], &now["parent"]["code"]),
        (&small["id"], &json!(code), &json!("530304100"))
    );
    let then = region_on(&admin, SMALL, Some(&days_ago(2))).await;
    assert_eq!((&then["parent"]["code"], &then["code"]), (&json!(TOWN), &json!(SMALL)));
    assert_eq!(
        then["ancestors"],
        json!([{"code": "53"}, {"code": "5303"}, {"code": "530304"}, {"code": TOWN}])
    );
    let query = "query($id: ID!, $day: Date!) { households(where: { region: $id, regionAsOf: $day }) { totalCount } }";
    let stood = async |day: String| {
        admin.ask(query, json!({"id": town["id"], "day": day})).await.ok()["households"]["totalCount"].clone()
    };
    assert_eq!([stood(days_ago(2)).await, stood(days_ago(1)).await], [json!(3635), json!(2935)]);
    assert_consistent(&world, 4835).await;
}

#[tokio::test]
async fn the_step_goes_down_and_up_again_with_a_whole_place_in_it() {
    let ground = Ground::demo().await;
    let db = Db::open(&ground::options(&ground.url())).await.expect("the database opens");
    let rows = async || {
        regions::Entity::find().order_by_asc(regions::Column::Id).all(db.write()).await.expect("regions")
    };
    let before = rows().await;
    let homes = household::Entity::find().count(db.write()).await.expect("a number");
    let later = Migrator::migrations();
    let later = later.iter().rev().position(|step| step.name().ends_with("boundary")).expect("the step");
    let back = u32::try_from(later + 1).expect("a number");
    Migrator::down(db.write(), Some(back)).await.expect("the step is taken back, and those after it");
    let codes = Statement::from_string(db.backend(), "SELECT code FROM region ORDER BY id");
    let codes = db.write().query_all_raw(codes).await.expect("regions");
    let codes: Vec<String> = codes.iter().map(|row| row.try_get("", "code").expect("a code")).collect();
    assert_eq!(codes, before.iter().map(|row| row.code.0.clone()).collect::<Vec<_>>());
    Migrator::up(db.write(), None).await.expect("the step is taken");
    assert_eq!(rows().await, before);
    assert_eq!(household::Entity::find().count(db.write()).await.expect("a number"), homes);
    if !ground.is_postgres() {
        let on = Statement::from_string(db.backend(), "PRAGMA foreign_keys");
        let on = db.write().query_one_raw(on).await.expect("a setting").expect("a row");
        assert_eq!(on.try_get_by_index::<i32>(0).expect("a number"), 1, "references are followed again");
        let nowhere = "UPDATE region SET parent_id = x'00' WHERE kind = 'VILLAGE'";
        assert!(db.write().execute_unprepared(nowhere).await.is_err());
    }
    let withdraw = "UPDATE region SET until = '2026-01-01' WHERE code = '530304101201'";
    db.write().execute_unprepared(withdraw).await.expect("a withdrawn region");
    assert!(
        Migrator::down(db.write(), Some(back)).await.is_err(),
        "a withdrawn region cannot be in force again"
    );
    assert_eq!(regions::Entity::find().count(db.write()).await.expect("a number"), before.len() as u64);
}

#[test]
fn what_is_left_of_a_span_lies_outside_the_others() {
    use entity::scalar::Date;
    use lianhu::kernel::days::left;
    let day = |day: u32| Date(chrono::NaiveDate::from_ymd_opt(2026, 5, day).expect("a day"));
    let open = |from: u32| (day(from), None);
    let span = |from: u32, to: u32| (day(from), Some(day(to)));
    assert_eq!(left(open(3), &[]), [open(3)]);
    assert_eq!(left(open(3), &[open(1)]), []);
    assert_eq!(left(open(3), &[span(1, 3)]), [open(3)]);
    assert_eq!(left(open(3), &[open(9)]), [span(3, 9)]);
    assert_eq!(left(span(3, 20), &[span(10, 12), span(1, 5), span(7, 7)]), [span(5, 10), span(12, 20)]);
    assert_eq!(left(span(3, 9), &[span(3, 9)]), []);
}

#[test]
fn villages_have_a_short_name_and_names_that_are_taken_are_told_apart() {
    use lianhu::region::naming::{free_name, short_name};
    let pairs = [
        ("竹园村民委员会", "竹园村"),
        ("竹园村村民委员会", "竹园村"),
        ("西坑村委会", "西坑村"),
        ("前所社区居民委员会", "前所社区"),
        ("一组", "一组"),
        ("村委会", "村委会"),
    ];
    for (name, short) in pairs {
        assert_eq!(short_name(name), short);
    }
    let taken = std::collections::HashSet::from(["一组", "竹园村一组"].map(str::to_owned));
    assert_eq!(free_name("二组", "竹园村", &taken), "二组");
    assert_eq!(free_name("一组", "竹园村", &taken), "竹园村一组2");
}
