//! Party organisations and cadres.

use super::{Place, round, told};
use entity::{account, branch, cadre, kind::ChangeKind, membership};
use lianhu::{
    kernel::sheet::Hand,
    roster::{self, Kind, Options, Report},
};
use lianhu_tests::World;
use rust_xlsxwriter::Workbook;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use std::collections::HashMap;

/// A workbook of sheets, each a name and its rows with cells parted by commas.
async fn take(place: &Place, sheets: &[(&str, &str)]) -> Report {
    let mut book = Workbook::new();
    for (name, rows) in sheets {
        let sheet = book.add_worksheet();
        sheet.set_name(*name).expect("a name");
        for (row, cells) in (0..).zip(rows.lines()) {
            for (column, cell) in (0..).zip(cells.split(',')) {
                sheet.write(row, column, cell).expect("a cell");
            }
        }
    }
    book.save(place.file("book.xlsx")).expect("a workbook");
    place.take_file(&Hand::Operator, "book.xlsx", Options::default()).await.expect("it is read")
}

const BRANCHES: &str = "党组织名称,类型,上级党组织,所属区域\n第一党小组,党小组,竹园村党支部,竹园村\n竹园村党支部,支部,纳章镇党委,竹园村\n纳章镇党委,党委,,纳章镇\n曲宗村党支部,党支部,纳章镇党委,曲宗村\n";
const CADRES: &str = "姓名,性别,层级,所在单位,工作电话,任职日期,党组织,党小组,党员身份,转入日期\n安一山,男,村干部,竹园村,0874-8881234,2024-01-01,竹园村党支部,第一党小组,正式党员,2020-05-01\n白二水,女,镇干部,纳章镇,13800001111,2023/3/1,,,,\n安一山,男,网格员,竹园村,13800002222,2024-01-01,竹园村党支部,,预备党员,2024-05-01\n";

async fn memberships(place: &Place) -> Vec<membership::Model> {
    membership::Entity::find().all(place.db.read()).await.expect("memberships")
}

#[tokio::test]
async fn a_workbook_of_branches_cadres_and_households_comes_in_whatever_the_order_and_again_unchanged() {
    let place = Place::new().await;
    let households = "村,户编号,姓名,与户主关系\n竹园村,1,甲,户主\n";
    let sheets = [("户", households), ("干部名册", CADRES), ("党组织", BRANCHES)];
    let report = take(&place, &sheets).await;
    super::sound(&report);
    let counts: Vec<_> = report.sheets.iter().map(|sheet| (sheet.kind, sheet.counts.created)).collect();
    assert_eq!(counts, [(Kind::Branches, 4), (Kind::Cadres, 3), (Kind::Households, 1)]);
    let rows: HashMap<_, _> = branch::Entity::find()
        .all(place.db.read())
        .await
        .expect("branches")
        .into_iter()
        .map(|row| (row.name.clone(), row))
        .collect();
    let id = |name: &str| Some(rows[name].id);
    assert_eq!(rows["第一党小组"].parent_id, id("竹园村党支部"));
    assert_eq!(rows["竹园村党支部"].parent_id, id("纳章镇党委"));
    assert_eq!(rows["纳章镇党委"].parent_id, None);
    let all = memberships(&place).await;
    assert_eq!(all.iter().filter(|row| row.group_id == id("第一党小组")).count(), 1);
    assert_eq!(all.len(), 2);
    let (.., lines) = place.state().await;
    assert_eq!(lines - u64::try_from(super::REGIONS.lines().count() + 4).expect("a number"), 4 + 3 + 2 + 2);
    let again = take(&place, &sheets).await;
    super::sound(&again);
    assert_eq!(again.sheets.iter().map(|sheet| sheet.counts.unchanged).collect::<Vec<_>>(), [4, 3, 1]);
    assert_eq!(place.state().await.2, lines);
}

#[tokio::test]
async fn another_organisation_begins_a_membership_and_ends_the_one_before() {
    let place = Place::new().await;
    super::sound(&take(&place, &[("党组织", BRANCHES), ("干部", CADRES)]).await);
    let moves = |date: &str| {
        format!(
            "姓名,层级,所在单位,工作电话,党组织,党员身份,转入日期\n安一山,村干部,竹园村,0874-8881234,曲宗村党支部,正式党员,{date}\n"
        )
    };
    let report = take(&place, &[("干部", &moves(""))]).await;
    assert_eq!(told(&report), [(2, "转入日期", "required")]);
    let report = take(&place, &[("干部", &moves("2020-05-01"))]).await;
    assert_eq!(told(&report), [(2, "转入日期", "membership")]);
    super::sound(&take(&place, &[("干部", &moves("2025-02-01"))]).await);
    let all = memberships(&place).await;
    assert_eq!(all.len(), 3);
    let ended = all.iter().find(|row| row.ends_on.is_some()).expect("one ended");
    assert_eq!(
        (ended.ends_on.map(|day| day.0.to_string()).as_deref(), ended.version),
        (Some("2025-02-01"), 2)
    );
    let line = entity::change::Entity::find()
        .filter(entity::change::Column::EntityId.eq(ended.id.0))
        .filter(entity::change::Column::EntityVersion.eq(2))
        .one(place.db.read())
        .await
        .expect("a line")
        .expect("a line");
    assert_eq!(line.kind, ChangeKind::Ended);
    let (.., lines) = place.state().await;
    super::sound(&take(&place, &[("干部", &moves("2025-02-01"))]).await);
    assert_eq!(place.state().await.2, lines);
}

#[tokio::test]
async fn mistakes_in_branches_and_cadres_are_told_at_their_cells_and_not_twice() {
    let place = Place::new().await;
    super::sound(&take(&place, &[("党组织", BRANCHES), ("干部", CADRES)]).await);
    let before = place.state().await.2;
    let branches = "党组织名称,类型,上级党组织,所属区域,系统编号\n\
        甲支部,党支部,无名党委,竹园村,\n\
        乙小组,党小组,,竹园村,\n\
        丙支部,党支部,竹园村党支部,竹园村,\n\
        丁支部,党支部,纳章镇党委,无名村,\n\
        戊支部,团支部,,竹园村,\n\
        己小组,党小组,甲支部,竹园村,\n\
        竹园村党支部,党支部,,竹园村,\n\
        竹园村党支部,党支部,,竹园村,\n\
        庚支部,党支部,,竹园村,branch_01jd3k00000000000000000000\n\
        辛党委,党委,壬党委,纳章镇,\n\
        壬党委,党委,辛党委,纳章镇,\n";
    let report = take(&place, &[("党组织", branches)]).await;
    let mut found = told(&report);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            (2, "上级党组织", "parent"),
            (3, "上级党组织", "parent"),
            (4, "上级党组织", "parent"),
            (5, "所属区域", "region"),
            (6, "类型", "word"),
            (9, "党组织名称", "branch-twice"),
            (10, "系统编号", "id"),
            (11, "上级党组织", "parent"),
            (12, "上级党组织", "parent"),
        ]
    );
    let cadres = "姓名,性别,层级,所在单位,部门,工作电话,任职日期,党组织,党小组,党员身份,转入日期\n\
        甲,男,村长,竹园村,,,2024-01-01,,,,\n\
        乙,男,村干部,竹园村,无名站,,2024-01-01,,,,\n\
        丙,男,党员,竹园村,,13800003333,2024-01-01,,,,\n\
        丁,男,村干部,竹园村,,1380000,2024-01-01,,,,\n\
        戊,男,村干部,竹园村,,,,,,,\n\
        己,男,村干部,竹园村,,,2024-01-01,无名支部,,正式党员,2024-01-01\n\
        庚,男,村干部,竹园村,,,2024-01-01,竹园村党支部,第九党小组,正式党员,2024-01-01\n\
        辛,男,村干部,竹园村,,,2024-01-01,竹园村党支部,,,\n\
        安一山,男,村干部,竹园村,,13900009999,,,,,\n\
        壬,男,村干部,无名村,,,2024-01-01,,,,\n\
        白二水,女,镇干部,纳章镇,,,,,,,\n\
        白二水,女,镇干部,纳章镇,,,,,,,\n";
    let failing = "党组织名称,类型,所属区域\n无名支部,党支部,无名村\n";
    let report = take(&place, &[("党组织", failing), ("干部", cadres)]).await;
    let mut found: Vec<_> = told(&report);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            (2, "层级", "word"),
            (2, "所属区域", "region"),
            (3, "部门", "department"),
            (4, "工作电话", "work-phone"),
            (5, "工作电话", "phone"),
            (6, "任职日期", "required"),
            (8, "党小组", "group"),
            (9, "党员身份", "required"),
            (9, "转入日期", "required"),
            (10, "姓名", "cadre-ambiguous"),
            (11, "所在单位", "region"),
            (13, "姓名", "cadre-twice"),
        ],
        "the seventh row depends on an organisation that has been told"
    );
    assert_eq!(place.state().await.2, before);
}

#[tokio::test]
async fn branches_and_cadres_of_a_town_go_out_and_come_in_unchanged() {
    let world = World::demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    for (kind, name) in [(Kind::Branches, "党组织.xlsx"), (Kind::Cadres, "干部.csv")] {
        let path = folder.path().join(name);
        for code in ["530304101", "53"] {
            let count = roster::export(&Hand::Operator, &world.state.db, kind, code, &path, &|_| ()).await;
            let count = count.expect("a sheet");
            assert!(count > 20, "{name}: {count}");
            let report = round::take(&world, &Hand::Operator, &path).await;
            super::sound(&report);
            assert_eq!(super::counts(&report), [0, 0, count, 0], "{name}");
        }
    }
    let cadres =
        cadre::Entity::find().filter(cadre::Column::EndsOn.is_null()).count(world.state.db.read()).await;
    assert!(cadres.expect("a number") > 600);
}

#[tokio::test]
async fn a_new_organisation_is_seen_by_the_secretaries_above_at_once() {
    let world = World::demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let versions = async || -> i64 {
        let rows = account::Entity::find().all(world.state.db.read()).await.expect("accounts");
        rows.iter().map(|row| i64::from(row.rights_version)).sum()
    };
    let before = versions().await;
    let path = folder.path().join("党组织.csv");
    std::fs::write(&path, "党组织名称,类型,所属区域\n新支部,党支部,530304101200\n").expect("a file");
    let admin = round::hand(&world, "town-admin").await;
    super::sound(&round::take(&world, &admin, &path).await);
    let after = versions().await;
    assert!(after > before);
    super::sound(&round::take(&world, &admin, &path).await);
    assert_eq!(versions().await, after);
}
