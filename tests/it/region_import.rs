//! Regions from a sheet, on a database of one's own; and the steps by which such a database comes and goes.

use entity::{change, kind::ChangeKind, region};
use indicatif::ProgressBar;
use lianhu::{
    kernel::{clock::Clock, db::Db},
    region::import::{self, ImportError, Report},
};
use lianhu_tests::ground::{self, Ground};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, QueryOrder, Statement};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};

const SHEET: &str = include_str!("../../api/data/regions.csv");

/// A database with every table and no row.
async fn bare() -> (Ground, Db) {
    let ground = Ground::empty().await;
    let db = Db::open(&ground::options(&ground.url())).await.expect("the database opens");
    Migrator::up(db.write(), None).await.expect("every step is taken");
    (ground, db)
}

async fn import(db: &Db, sheet: &str) -> Result<Report, ImportError> {
    import::regions(db.write(), sheet.as_bytes(), &ProgressBar::hidden(), Clock::default().now()).await
}

async fn regions(db: &Db) -> HashMap<String, region::Model> {
    let rows = region::Entity::find().all(db.read()).await.expect("regions");
    rows.into_iter().map(|row| (row.code.0.clone(), row)).collect()
}

async fn lines(db: &Db) -> Vec<change::Model> {
    change::Entity::find().order_by_asc(change::Column::Sequence).all(db.read()).await.expect("lines")
}

/// Each version of each region has its line, in order.
async fn assert_told(db: &Db) {
    let mut versions: HashMap<_, Vec<i32>> = HashMap::new();
    for line in lines(db).await {
        assert_eq!((line.entity.as_str(), line.request_id.as_str(), line.actor), ("region", "import", None));
        versions.entry(line.entity_id).or_default().push(line.entity_version);
    }
    for row in regions(db).await.values() {
        let expected: Vec<i32> = (1..=row.version).collect();
        assert_eq!(versions.get(&row.id.0), Some(&expected), "{} {}", row.code.0, row.name);
    }
}

#[tokio::test]
async fn the_sheet_of_the_three_counties_is_laid_down_whole_and_again_changes_nothing() {
    let (_ground, db) = bare().await;
    let rows = SHEET.lines().count() - 1;
    let report = import(&db, SHEET).await.expect("a sound sheet");
    assert_eq!(report, Report { created: rows, renamed: 0, unchanged: 0 });
    let first = regions(&db).await;
    assert_eq!(first.len(), rows);
    assert_told(&db).await;
    assert!(lines(&db).await.iter().all(|line| line.kind == ChangeKind::Created));

    let village = &first["530304101200"];
    let id = |code: &str| Some(first[code].id);
    assert_eq!(village.parent_id, id("530304101"));
    assert_eq!(
        [village.province_id, village.city_id, village.county_id],
        [id("53"), id("5303"), id("530304")]
    );
    assert_eq!([village.township_id, village.village_id], [id("530304101"), id("530304101200")]);
    assert_eq!([village.group_id, village.grid_id], [None, None]);
    assert_eq!(first["5303"].county_id, None, "a city with counties stands in no county");

    let report = import(&db, SHEET).await.expect("a sound sheet");
    assert_eq!(report, Report { created: 0, renamed: 0, unchanged: rows });
    assert_eq!(regions(&db).await, first);
    assert_eq!(lines(&db).await.len(), rows);
}

#[tokio::test]
async fn a_row_under_another_name_is_renamed_and_what_the_sheet_does_not_mention_stays() {
    let (_ground, db) = bare().await;
    import(&db, SHEET).await.expect("a sound sheet");
    let before = regions(&db).await;
    let sheet = "\u{feff}kind, name ,CODE\nVILLAGE,新竹园村民委员会,530304101200\nTOWNSHIP,纳章镇,530304101\nGROUP,一组,530304101200001\n";
    let report = import(&db, sheet).await.expect("columns in any order");
    let unchanged = usize::from(before["530304101"].name == "纳章镇");
    assert_eq!(report, Report { created: 1, renamed: 2 - unchanged, unchanged });
    let after = regions(&db).await;
    assert_eq!(after.len(), before.len() + 1);
    let (old, new) = (&before["530304101200"], &after["530304101200"]);
    assert_eq!((new.id, new.name.as_str(), new.version), (old.id, "新竹园村民委员会", old.version + 1));
    let line =
        lines(&db).await.into_iter().find(|line| line.entity_id == new.id.0 && line.entity_version == 2);
    let line = line.expect("the change is told");
    assert_eq!(
        (line.kind, line.columns, line.content),
        (ChangeKind::Updated, json!(["name"]), json!({"name": new.name}))
    );
    assert_told(&db).await;
}

#[tokio::test]
async fn a_sheet_with_faults_tells_each_with_row_and_column_and_lays_down_nothing() {
    let (_ground, db) = bare().await;
    let sheet = "code,name,kind
36,江西省,PROVINCE
3610,,CITY
361021,南城县,TOWN
361021108,万坊镇,VILLAGE
36,江西省,PROVINCE
99,外省,PROVINCE
530304,马龙区,COUNTY
3611,上饶村委会,CITY
361100,某县,COUNTY
";
    let Err(ImportError::Rows { rows, total }) = import(&db, sheet).await else {
        panic!("the sheet is refused");
    };
    let found: Vec<_> = rows.iter().map(|fault| (fault.row, fault.column, fault.value.as_str())).collect();
    assert_eq!(
        found,
        [
            (3, "name", ""),
            (4, "kind", "TOWN"),
            (5, "code", "361021108"),
            (6, "code", "36"),
            (8, "code", "530304"),
            (9, "name", "上饶村委会"),
            (10, "code", "361100"),
        ]
    );
    assert_eq!(total, found.len());
    assert!(rows.iter().all(|fault| !fault.zh.is_empty() && !fault.en.is_empty()));
    for (sheet, column) in [("", ""), ("code,name\n36,江西省\n", "kind"), ("36,江西省,PROVINCE\n", "code")]
    {
        let Err(ImportError::Rows { rows, .. }) = import(&db, sheet).await else {
            panic!("{sheet} is refused")
        };
        assert_eq!((rows.len(), rows[0].row, rows[0].column), (1, 1, column), "{sheet}");
    }
    assert_eq!((regions(&db).await.len(), lines(&db).await.len()), (0, 0), "nothing was laid down");
}

#[tokio::test]
async fn a_city_without_counties_stands_in_the_countys_column_whenever_its_townships_come() {
    let header = "code,name,kind\n";
    let above = "44,广东省,PROVINCE\n4419,东莞市,CITY\n";
    let below = "441900003001,岗贝社区居委会,VILLAGE\n441900003,东城街道,TOWNSHIP\n";
    for sheets in [
        vec![format!("{header}{below}{above}")],
        vec![format!("{header}{above}"), format!("{header}{below}")],
    ] {
        let (_ground, db) = bare().await;
        for sheet in &sheets {
            import(&db, sheet).await.expect("a sound sheet");
        }
        let rows = regions(&db).await;
        let city = Some(rows["4419"].id);
        for code in ["4419", "441900003", "441900003001"] {
            assert_eq!((rows[code].city_id, rows[code].county_id), (city, city), "{code} in {sheets:?}");
        }
        assert_eq!(rows["44"].county_id, None);
        assert_told(&db).await;
    }
    let (_ground, db) = bare().await;
    import(&db, &format!("{header}{above}")).await.expect("a sound sheet");
    let renamed = format!("{header}4419,大东莞市,CITY\n{below}");
    assert_eq!(
        import(&db, &renamed).await.expect("a sound sheet"),
        Report { created: 2, renamed: 1, unchanged: 0 }
    );
    let city = regions(&db).await["4419"].clone();
    assert_eq!((city.name.as_str(), city.county_id), ("大东莞市", Some(city.id)));
    assert_told(&db).await;
}

#[tokio::test]
async fn a_city_has_counties_or_townships_directly_below_it_never_both() {
    let header = "code,name,kind\n";
    let above = "44,广东省,PROVINCE\n4419,东莞市,CITY\n";
    let (county, town) = ("441901,某某区,COUNTY\n", "441900003,东城街道,TOWNSHIP\n");
    let refused = async |db: &Db, sheet: &str| match import(db, sheet).await {
        Err(ImportError::Rows { rows, .. }) => {
            rows.into_iter().map(|fault| (fault.row, fault.column, fault.value)).collect::<Vec<_>>()
        }
        other => panic!("{sheet} is refused: {other:?}"),
    };
    let of = |row, code: &str| vec![(row, "code", code.to_owned())];
    let (_ground, db) = bare().await;
    let both = format!("{header}{above}{county}{town}");
    assert_eq!(refused(&db, &both).await, of(5, "441900003"), "both in one sheet");
    assert!(regions(&db).await.is_empty());
    import(&db, &format!("{header}{above}{county}")).await.expect("a city with a county");
    assert_eq!(refused(&db, &format!("{header}{town}")).await, of(2, "441900003"), "a township comes later");
    assert_eq!(refused(&db, &both).await, of(5, "441900003"), "and with the county again");

    let (_ground, db) = bare().await;
    import(&db, &format!("{header}{above}{town}")).await.expect("a city without counties");
    assert_eq!(refused(&db, &format!("{header}{county}")).await, of(2, "441901"), "a county comes later");
    assert_eq!(refused(&db, &both).await, of(4, "441901"), "and with the township again");
    assert_told(&db).await;
}

/// A sheet of one county with this many villages, its rows turned round.
fn turned(villages: usize) -> String {
    let mut rows = vec![
        "99,拟设省,PROVINCE".to_owned(),
        "9901,拟设市,CITY".to_owned(),
        "990121,青溪县,COUNTY".to_owned(),
    ];
    for at in 0..villages {
        let town = 100 + at / 700;
        if at % 700 == 0 {
            rows.push(format!("990121{town},青山{town}镇,TOWNSHIP"));
        }
        rows.push(format!("990121{town}{:03},青山{at}村民委员会,VILLAGE", 200 + at % 700));
    }
    rows.reverse();
    format!("code,name,kind\n{}\n", rows.join("\n"))
}

#[tokio::test]
async fn a_sheet_of_many_rows_in_any_order_takes_a_fixed_number_of_statements_for_each_chunk() {
    let (_ground, db) = bare().await;
    let statements = async |sheet: &str, report: Report| {
        let before = db.statements();
        assert_eq!(import(&db, sheet).await.expect("a sound sheet"), report);
        db.statements() - before
    };
    let sheet = turned(3500);
    let rows = sheet.lines().count() - 1;
    let chunks = u64::try_from(rows.div_ceil(import::CHUNK)).expect("a number");
    let made = statements(&sheet, Report { created: rows, ..Report::default() }).await;
    // The last chunk is written in some pieces of usual sizes.
    assert!(made <= 5 * chunks + 20, "{made} statements for {chunks} chunks");
    assert_told(&db).await;
    let again = statements(&sheet, Report { unchanged: rows, ..Report::default() }).await;
    assert!(again <= chunks + 2, "{again} statements for {chunks} chunks");
    let other = sheet.replace("村民委员会", "村委会");
    let renamed =
        statements(&other, Report { renamed: 3500, unchanged: rows - 3500, ..Report::default() }).await;
    // Nor is a chunk in which not every row changes.
    assert!(renamed <= 30 * chunks, "{renamed} statements for {chunks} chunks");
    assert_told(&db).await;
    let lost = sheet.replace("990121,青溪县,COUNTY", "990121,,COUNTY").replace("青山104镇", "青山104村委会");
    let Err(ImportError::Rows { rows, total }) = import(&db, &lost).await else { panic!("refused") };
    let lines: Vec<u64> = rows.iter().map(|fault| fault.row).collect();
    assert!(total == 2 && lines.is_sorted(), "each fault once, none for what lies below it: {rows:?}");
}

/// Everything that the schema has, but for the record of the steps themselves and what belongs to an extension.
async fn schema(ground: &Ground, db: &Db) -> BTreeSet<String> {
    let sql = if ground.is_postgres() {
        "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS part
           FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'seaql_migrations'
         UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'seaql_migrations'
         UNION ALL SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid)
           FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 'seaql_migrations'::regclass
         UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = pg_proc.oid AND d.deptype = 'e')"
    } else {
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS part FROM sqlite_master
           WHERE tbl_name <> 'seaql_migrations' AND name NOT LIKE 'sqlite_sequence'"
    };
    let rows = db.write().query_all_raw(Statement::from_string(db.backend(), sql)).await.expect("the schema");
    rows.iter().map(|row| row.try_get("", "part").expect("a text")).collect()
}

#[tokio::test]
async fn every_step_goes_up_and_down_and_up_again_to_the_same_schema() {
    let (ground, db) = bare().await;
    let whole = schema(&ground, &db).await;
    assert!(whole.len() > 50, "{}", whole.len());
    let steps = Migrator::migrations().len();
    let mut before = whole.clone();
    for left in (0..steps).rev() {
        Migrator::down(db.write(), Some(1)).await.expect("a step is taken back");
        let after = schema(&ground, &db).await;
        assert!(after.len() < before.len(), "step {} leaves less", left + 1);
        let applied = Migrator::get_applied_migrations(db.write()).await.expect("the record").len();
        assert_eq!(applied, left);
        Migrator::up(db.write(), Some(1)).await.expect("a step is taken");
        assert_eq!(schema(&ground, &db).await, before, "step {} goes up as before", left + 1);
        Migrator::down(db.write(), Some(1)).await.expect("a step is taken back");
        before = after;
    }
    assert_eq!(before, BTreeSet::new(), "nothing is left");
    Migrator::up(db.write(), None).await.expect("every step is taken");
    assert_eq!(schema(&ground, &db).await, whole);
    import(&db, SHEET).await.expect("a sound sheet");
    assert!(region::Entity::find().count(db.read()).await.expect("a number") > 600);
}
