//! Made-up places: what they have in them, and that they come out the same. The tests of a county and of the whole
//! country take minutes and run with `--long`.

mod plans;

use entity::{
    area, assignment, branch, cadre, change, department, enterprise, grant, household, household_tag, member,
    membership, position, region,
};
use indicatif::ProgressBar;
use lianhu::{
    demo::made_up::{Scale, country},
    kernel::{clock::Clock, db::Db},
    region::import::{self, Report},
};
use lianhu_tests::{
    World,
    ground::{self, Ground},
};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use serde_json::json;
use std::{collections::HashMap, sync::Arc};
use uuid::Uuid;

/// How many rows a table has.
async fn count<E: EntityTrait>(db: &Db) -> u64
where
    E::Model: Send + Sync,
{
    E::find().count(db.read()).await.expect("a number")
}

async fn open(ground: &Ground) -> Db {
    Db::open(&ground::options(&ground.url())).await.expect("the database opens")
}

/// Who carries how many households today.
async fn loads(db: &Db) -> Vec<usize> {
    let rows = assignment::Entity::find()
        .filter(assignment::Column::HouseholdId.is_not_null())
        .filter(assignment::Column::EndsOn.is_null())
        .filter(assignment::Column::IsPrimary.eq(true));
    let mut loads: HashMap<_, usize> = HashMap::new();
    for row in rows.all(db.read()).await.expect("assignments") {
        *loads.entry(row.cadre_id).or_default() += 1;
    }
    let mut loads: Vec<usize> = loads.into_values().collect();
    loads.sort_unstable();
    loads
}

fn near(found: u64, wanted: u64) -> bool {
    found.abs_diff(wanted) * 10 <= wanted
}

#[tokio::test]
async fn a_made_up_township_is_as_large_and_as_uneven_as_it_says() {
    let ground = Ground::made_up(Scale::Township, 7).await;
    let db = open(&ground).await;
    let found = [
        count::<household::Entity>(&db).await,
        count::<member::Entity>(&db).await,
        count::<enterprise::Entity>(&db).await,
        count::<cadre::Entity>(&db).await,
        count::<assignment::Entity>(&db).await,
    ];
    let wanted = [4_000, 14_000, 60, 620, 4_700];
    assert!(found.iter().zip(wanted).all(|(&found, wanted)| near(found, wanted)), "{found:?} for {wanted:?}");
    for there in [
        count::<household_tag::Entity>(&db).await,
        count::<membership::Entity>(&db).await,
        count::<position::Entity>(&db).await,
        count::<branch::Entity>(&db).await,
        count::<department::Entity>(&db).await,
        count::<area::Entity>(&db).await,
        count::<grant::Entity>(&db).await,
    ] {
        assert!(there > 2, "{there}");
    }
    let villages: Vec<(Uuid, i64)> = household::Entity::find()
        .select_only()
        .column(household::Column::VillageId)
        .column_as(household::Column::Id.count(), "n")
        .group_by(household::Column::VillageId)
        .into_tuple()
        .all(db.read())
        .await
        .expect("villages");
    let sizes: Vec<i64> = villages.into_iter().map(|(_, size)| size).collect();
    let (least, most) = (sizes.iter().min().expect("a village"), sizes.iter().max().expect("a village"));
    assert!(sizes.len() == 15 && *most >= 5 * least, "{sizes:?}");
    let loads = loads(&db).await;
    assert_eq!(loads.last(), Some(&60));
    let few = loads.iter().filter(|&&load| load <= 12).count();
    assert!(few * 2 > loads.len(), "most carry about eight: {loads:?}");
}

#[tokio::test]
async fn what_a_made_up_place_is_follows_from_its_seed_alone_and_it_is_loaded_once() {
    let mut made = Vec::new();
    for seed in [3, 3, 4] {
        let ground = Ground::empty().await;
        let accounts = ground.make_up(Scale::Township, seed).await.expect("a township");
        let db = open(&ground).await;
        let households = household::Entity::find().all(db.read()).await.expect("households");
        let mut rows: Vec<_> =
            households.into_iter().map(|row| (row.id, row.number, row.address, row.head_name)).collect();
        rows.sort_unstable();
        let assignments = assignment::Entity::find().all(db.read()).await.expect("assignments");
        let mut dates: Vec<_> =
            assignments.into_iter().map(|row| (row.id, row.cadre_id, row.starts_on, row.ends_on)).collect();
        dates.sort_unstable();
        made.push((rows, dates, accounts));
        let refused = ground.make_up(Scale::Township, seed).await.expect_err("it is loaded once");
        let refused = format!("{refused:?}");
        assert!(refused.contains("1 of its 1 townships"), "{refused}");
    }
    assert!(made[0] == made[1], "the same seed");
    assert!(made[0].0 != made[2].0, "another seed");
}

#[tokio::test]
async fn a_city_is_for_postgresql_alone() {
    let ground = Ground::empty().await;
    if !ground.is_postgres() {
        let refused = format!("{:?}", ground.make_up(Scale::City, 1).await.expect_err("refused"));
        assert!(refused.contains("PostgreSQL only"), "{refused}");
    }
}

#[tokio::test]
async fn the_accounts_of_a_made_up_place_see_what_they_are_said_to_see() {
    let ground = Arc::new(Ground::made_up(Scale::Township, 7).await);
    let world = World::over(ground, |_| ()).await;
    let mut seen = HashMap::new();
    for name in [
        "platform-admin",
        "county-admin",
        "county-dispatcher",
        "dispatcher",
        "contact",
        "grid-worker",
        "nobody",
    ] {
        let actor = world.actor(name).await;
        let answer = actor.get("{ households(first: 1) { totalCount nodes { headName } } }").await;
        seen.insert(name, answer["households"]["totalCount"].as_i64().expect("a number"));
    }
    assert_eq!(
        ["platform-admin", "county-admin", "county-dispatcher", "dispatcher", "nobody"]
            .map(|name| seen[name]),
        [0, 4000, 4000, 4000, 0]
    );
    assert!((40..=60).contains(&seen["contact"]) && seen["grid-worker"] > 10, "{seen:?}");
    let county = world.anyone().get("{ regions(where: { kind: { eq: COUNTY } }) { nodes { code } } }").await;
    assert_eq!(county["regions"]["nodes"], json!([{"code": "990121"}]));
}

#[tokio::test]
async fn the_list_of_a_whole_country_goes_in_and_again_changes_nothing() {
    if !ground::long() {
        return;
    }
    let mut sheet = Vec::new();
    country::write(&mut sheet, 1, &ProgressBar::hidden()).expect("a sheet");
    let ground = Ground::empty().await;
    let db = open(&ground).await;
    Migrator::up(db.write(), None).await.expect("every step is taken");
    let chunks = u64::try_from(country::ROWS.div_ceil(import::CHUNK)).expect("a number");
    for (wanted, each) in [
        (Report { created: country::ROWS, ..Report::default() }, 5),
        (Report { unchanged: country::ROWS, ..Report::default() }, 1),
    ] {
        let before = db.statements();
        let (progress, now) = (ProgressBar::hidden(), Clock::default().now());
        let report =
            import::regions(db.write(), sheet.as_slice(), &progress, now).await.expect("a sound sheet");
        assert_eq!(report, wanted);
        let statements = db.statements() - before;
        assert!(statements <= each * chunks + 20, "{statements} statements for {chunks} chunks");
    }
    let rows = u64::try_from(country::ROWS).expect("a number");
    assert_eq!((count::<region::Entity>(&db).await, count::<change::Entity>(&db).await), (rows, rows));
}
