//! Contact assignments from sheets and into sheets.

use super::{
    Place, counts, enterprise,
    round::{hand, lines, take},
    sound, told, two_households,
};
use entity::{
    account, area, assignment, cadre, change, department, household,
    id::{AreaId, CadreId, DepartmentId},
    kind::{AssignmentKind, CadreLevel, ChangeKind, Sex},
    region,
    scalar::Date,
};
use lianhu::{
    kernel::{
        clock::{Clock, civil},
        sheet::Hand,
    },
    roster::{self, Kind, Options, Report},
};
use lianhu_tests::World;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use std::collections::HashMap;
use uuid::Uuid;

const HEADINGS: &str = "系统编号,包联类型,乡镇,村（社区）,村民小组/网格,片区,户编号,统一社会信用代码,联系人姓名,联系人单位,联系人系统编号,部门,主要联系人,开始日期,结束日期";

/// A row by headings.
fn row(cells: &[(&str, &str)]) -> String {
    let row = HEADINGS
        .split(',')
        .map(|heading| cells.iter().find(|(name, _)| *name == heading).map_or("", |(_, text)| *text));
    row.collect::<Vec<_>>().join(",")
}

fn sheet(rows: &[String]) -> String {
    format!("{HEADINGS}\n{}\n", rows.join("\n"))
}

/// A day so many days from today.
fn day(from_today: i64) -> String {
    let today = civil(Clock::default().now()).0;
    (today + chrono::Duration::days(from_today)).to_string()
}

async fn take_sheet(place: &Place, sheet: &str) -> Report {
    std::fs::write(place.file("包联.csv"), sheet).expect("a file");
    place.take_file(&Hand::Operator, "包联.csv", Options::default()).await.expect("it is read")
}

async fn all(place: &Place) -> Vec<assignment::Model> {
    let order = assignment::Entity::find().order_by_asc(assignment::Column::Id);
    order.all(place.db.read()).await.expect("assignments")
}

async fn region(place: &Place, code: &str) -> region::Model {
    let found = region::Entity::find().filter(region::Column::Code.eq(code));
    found.one(place.db.read()).await.expect("regions").expect("a region")
}

async fn add_cadre(place: &Place, name: &str, code: &str, ends_on: Option<&str>) -> CadreId {
    let region = region(place, code).await;
    let id = CadreId(Uuid::now_v7());
    let row = cadre::Model {
        id,
        name: name.to_owned(),
        sex: Sex::NotStated,
        level: CadreLevel::TownshipStaff,
        region_id: region.id,
        county_id: region.county_id,
        township_id: region.township_id,
        village_id: region.village_id,
        department_id: None,
        work_phone: None,
        starts_on: Date("2020-01-01".parse().expect("a day")),
        ends_on: ends_on.map(|day| Date(day.parse().expect("a day"))),
        version: 1,
    };
    let row = row.into_active_model().reset_all();
    cadre::Entity::insert(row).exec_without_returning(place.db.write()).await.expect("a cadre");
    id
}

/// Households, an enterprise, an area, departments, and cadres: 甲一 and 乙二 of the town, 乙二 of a village too, and 丁四,
/// who has left.
async fn peopled() -> Place {
    let place = Place::new().await;
    sound(&place.take(&two_households()).await);
    std::fs::write(place.file("企业.csv"), enterprise::two()).expect("a file");
    sound(&place.take_file(&Hand::Operator, "企业.csv", Options::default()).await.expect("it is read"));
    add_cadre(&place, "甲一", "530304101", None).await;
    add_cadre(&place, "乙二", "530304101", None).await;
    add_cadre(&place, "乙二", "530304101200", None).await;
    add_cadre(&place, "丁四", "530304101", Some("2024-01-01")).await;
    let (town, county) = (region(&place, "530304101").await, region(&place, "530304").await);
    let row = area::Model {
        id: AreaId(Uuid::now_v7()),
        name: "东片".to_owned(),
        county_id: county.id,
        township_id: town.id,
        version: 1,
    };
    let row = row.into_active_model().reset_all();
    area::Entity::insert(row).exec_without_returning(place.db.write()).await.expect("an area");
    for (name, seat) in [("林业局", &county), ("农业服务中心", &town)] {
        let row = department::Model {
            id: DepartmentId(Uuid::now_v7()),
            name: name.to_owned(),
            region_id: seat.id,
            county_id: seat.county_id,
            township_id: seat.township_id,
            village_id: None,
            office_phone: None,
            version: 1,
        };
        let row = row.into_active_model().reset_all();
        department::Entity::insert(row).exec_without_returning(place.db.write()).await.expect("a department");
    }
    place
}

/// One of each kind, as an office writes it.
fn of_all_kinds() -> String {
    format!(
        "包联方式,镇,村委会,小组,片,户号,信用代码,包联干部,工作单位,帮扶单位,是否主要,开始时间,截止日期\n\
         联系户,,竹园村,3组,,0001,,甲一,,,,2025/1/1,\n\
         联系户,纳章镇,竹园,,,0001,,乙二,纳章镇人民政府,,否,2025年3月1日,\n\
         联系户,,竹园村,,,0001,,乙二,竹园村委会,,是,2020-06-01,2025-01-01\n\
         联系户,,竹园村,,,0002,,甲一,纳章,,是,20250101,\n\
         包组,,竹园村,第二村民小组,,,,甲一,,,是,2025-01-01,\n\
         包组,,竹园村,竹园第一网格,,,,甲一,,,,2025-01-01,\n\
         包村,,竹园村,,,,,甲一,,,,2025-01-01,\n\
         包村,,竹园村,,,,,,,林业局,,2025-01-01,\n\
         包片,纳章镇,,,东片,,,甲一,,,,2025-01-01,\n\
         包镇,纳章镇,,,,,,甲一,,,,2025-01-01,\n\
         联系企业,,,,,,{},甲一,,,,2025-01-01,\n",
        enterprise::code(1)
    )
}

/// Cells of a row, where the mistake stands, and which it is.
type Mistake<'a> = (Vec<(&'a str, &'a str)>, &'a str, &'a str);

#[tokio::test]
async fn a_sheet_makes_assignments_of_all_kinds_and_their_past_and_again_changes_nothing() {
    let place = peopled().await;
    let (_, _, log) = place.state().await;
    let report = take_sheet(&place, &of_all_kinds()).await;
    sound(&report);
    assert_eq!(counts(&report), [11, 0, 0, 0]);
    let made = all(&place).await;
    assert_eq!(place.state().await.2, log + 11, "a line for each");
    let of = |kind| made.iter().filter(|row| row.kind == kind).collect::<Vec<_>>();
    let homes = of(AssignmentKind::Household);
    assert_eq!(homes.iter().filter(|row| row.is_primary).count(), 3, "blank is yes");
    assert!(homes.iter().all(|row| row.household_id.is_some() && row.village_id.is_some()));
    assert!(of(AssignmentKind::Group).iter().all(|row| row.is_primary && row.region_id.is_some()));
    let villages = of(AssignmentKind::Village);
    assert!(villages.iter().all(|row| !row.is_primary));
    assert!(villages.iter().any(|row| row.department_id.is_some() && row.cadre_id.is_none()));
    assert!(of(AssignmentKind::Area)[0].area_id.is_some());
    assert!(of(AssignmentKind::Enterprise)[0].is_primary);
    let report = take_sheet(&place, &of_all_kinds()).await;
    sound(&report);
    assert_eq!(counts(&report), [0, 0, 11, 0]);
    assert_eq!((all(&place).await, place.state().await.2), (made, log + 11));

    // Out, and in again.
    let out = place.file("out.csv");
    for region in ["530304101", "530304", "53"] {
        let count =
            roster::export(&Hand::Operator, &place.db, Kind::Assignments, region, &out, &|_| ()).await;
        assert_eq!(count.expect("a sheet"), 11);
        let report = place.take_file(&Hand::Operator, "out.csv", Options::default()).await;
        assert_eq!(counts(&report.expect("it is read")), [0, 0, 11, 0]);
    }
    let text = std::fs::read_to_string(&out).expect("text");
    assert!(text.contains("竹园第一网格") && text.contains("东片") && text.contains("林业局"));
    assert_eq!(place.state().await.2, log + 11);
}

#[tokio::test]
async fn a_last_day_ends_one_that_goes_on_and_makes_room_for_the_next_on_the_same_sheet() {
    let place = peopled().await;
    sound(&take_sheet(&place, &of_all_kinds()).await);
    let home = [("包联类型", "联系户"), ("村（社区）", "竹园村"), ("户编号", "0001")];
    let with = |more: &[(&str, &str)]| row(&home.iter().chain(more).copied().collect::<Vec<_>>());
    let (today, later, past) = (day(0), day(30), day(-1));
    let next = [("联系人姓名", "乙二"), ("联系人单位", "竹园村"), ("开始日期", today.as_str())];
    // The next one alone finds the place taken.
    let report = take_sheet(&place, &sheet(&[with(&next)])).await;
    assert_eq!(told(&report), [(2, "主要联系人", "second-primary")]);
    let ends = |day: &str| with(&[("联系人姓名", "甲一"), ("开始日期", "2025-01-01"), ("结束日期", day)]);
    let report = take_sheet(&place, &sheet(&[ends(&past)])).await;
    assert_eq!(told(&report), [(2, "结束日期", "dates")]);
    let report = take_sheet(&place, &sheet(&[with(&next), ends(&today)])).await;
    sound(&report);
    assert_eq!(counts(&report), [1, 1, 0, 0]);
    let rows = all(&place).await;
    let ended = rows.iter().find(|row| row.version == 2).expect("the one that ended");
    assert_eq!(ended.ends_on.map(|day| day.0.to_string()), Some(today.clone()));
    assert!(ended.ended_reason.is_some());
    let line = change::Entity::find()
        .filter(change::Column::EntityId.eq(ended.id.0))
        .filter(change::Column::EntityVersion.eq(2));
    let line = line.one(place.db.read()).await.expect("lines").expect("a line");
    assert_eq!((line.kind, line.content["ends_on"].as_str()), (ChangeKind::Ended, Some(today.as_str())));
    // It is over now; an end that was set may come earlier, not later.
    let report = take_sheet(&place, &sheet(&[ends(&later)])).await;
    assert_eq!(told(&report), [(2, "结束日期", "over")]);
    sound(&take_sheet(&place, &sheet(&[ends(&today)])).await);
    let end_next = |ends: &str| sheet(&[with(&[&next[..], &[("结束日期", ends)]].concat())]);
    sound(&take_sheet(&place, &end_next(&later)).await);
    let report = take_sheet(&place, &end_next(&day(31))).await;
    assert_eq!(told(&report), [(2, "结束日期", "dates")]);
    sound(&take_sheet(&place, &end_next(&day(10))).await);
}

#[tokio::test]
async fn mistakes_in_a_sheet_of_assignments_are_told_at_their_cells() {
    let place = peopled().await;
    sound(&take_sheet(&place, &of_all_kinds()).await);
    let before = (all(&place).await, place.state().await.2);
    let known = before.0.iter().find(|row| row.kind == AssignmentKind::Household && row.ends_on.is_none());
    let known = known.expect("one").id.to_string();
    let past = before.0.iter().find(|row| row.ends_on.is_some()).expect("one").id.to_string();
    let (code, unknown_code) = (enterprise::code(1), enterprise::code(77));
    let unknown = CadreId(Uuid::now_v7()).to_string();
    let mine = before.0.iter().find_map(|row| row.cadre_id).expect("a cadre").to_string();
    let mistakes: Vec<Mistake<'_>> = vec![
        (vec![("包联类型", "")], "包联类型", "required"),
        (vec![("包联类型", "包县")], "包联类型", "word"),
        (vec![("村（社区）", "")], "村（社区）", "required"),
        (vec![("村（社区）", "无名村")], "村（社区）", "village"),
        (vec![("户编号", "")], "户编号", "required"),
        (vec![("户编号", "9999")], "户编号", "household"),
        (vec![("统一社会信用代码", &code)], "统一社会信用代码", "target"),
        (vec![("片区", "东片")], "片区", "target"),
        (vec![("包联类型", "包村")], "户编号", "target"),
        (vec![("包联类型", "包组"), ("户编号", "")], "村民小组/网格", "required"),
        (vec![("包联类型", "包组"), ("户编号", ""), ("村民小组/网格", "九组")], "村民小组/网格", "group"),
        (vec![("包联类型", "包片"), ("户编号", ""), ("片区", "西片")], "片区", "area"),
        (
            vec![("包联类型", "包乡镇"), ("户编号", ""), ("村（社区）", ""), ("乡镇", "无名镇")],
            "乡镇",
            "township",
        ),
        (
            vec![("包联类型", "联系企业"), ("户编号", ""), ("统一社会信用代码", &unknown_code)],
            "统一社会信用代码",
            "enterprise",
        ),
        (vec![("联系人姓名", "")], "联系人姓名", "required"),
        (vec![("联系人姓名", "某某")], "联系人姓名", "holder"),
        (vec![("联系人姓名", "乙二")], "联系人姓名", "holder-ambiguous"),
        (vec![("联系人姓名", "乙二"), ("联系人单位", "曲宗村")], "联系人姓名", "holder"),
        (vec![("联系人姓名", "丁四"), ("主要联系人", "否")], "联系人姓名", "in-office"),
        (vec![("联系人系统编号", "x")], "联系人系统编号", "id"),
        (vec![("联系人系统编号", &unknown)], "联系人系统编号", "holder"),
        (vec![("联系人系统编号", &mine), ("联系人姓名", "别人")], "联系人姓名", "holder-differs"),
        (vec![("部门", "林业局")], "部门", "one-holder"),
        (vec![("部门", "水利局"), ("联系人姓名", "")], "部门", "department"),
        (vec![("主要联系人", "也许")], "主要联系人", "word"),
        (vec![("包联类型", "包村"), ("户编号", ""), ("主要联系人", "是")], "主要联系人", "primary"),
        (vec![("主要联系人", "是")], "主要联系人", "second-primary"),
        (vec![("主要联系人", "")], "主要联系人", "second-primary"),
        (vec![("联系人单位", ""), ("联系人姓名", "甲一"), ("主要联系人", "否")], "开始日期", "same-holder"),
        (vec![("开始日期", "")], "开始日期", "required"),
        (vec![("开始日期", "去年")], "开始日期", "date"),
        (vec![("结束日期", "2025-05-01")], "结束日期", "dates"),
        (vec![("系统编号", "x")], "系统编号", "id"),
        (vec![("系统编号", "assignment_01jd3k00000000000000000000")], "系统编号", "id"),
        (
            vec![("系统编号", &known), ("主要联系人", ""), ("联系人姓名", "甲一")],
            "开始日期",
            "assignment-differs",
        ),
        (
            vec![("系统编号", &past), ("开始日期", ""), ("结束日期", "2025-02-01"), ("主要联系人", "")],
            "结束日期",
            "over",
        ),
    ];
    let mut rows = Vec::new();
    for (at, (cells, _, _)) in (0..).zip(&mistakes) {
        // A first day of its own, so that none is taken for another.
        let starts = chrono::NaiveDate::from_ymd_opt(2025, 5, 5).expect("a day") + chrono::Duration::days(at);
        let starts = starts.to_string();
        let office = match cells.iter().find(|(name, _)| *name == "联系人姓名") {
            None => "竹园村",
            Some(_) => "",
        };
        let usual = [
            ("包联类型", "联系户"),
            ("村（社区）", "竹园村"),
            ("户编号", "0001"),
            ("联系人姓名", "乙二"),
            ("联系人单位", office),
            ("主要联系人", "否"),
            ("开始日期", starts.as_str()),
        ];
        let mut cells = cells.clone();
        if cells.iter().any(|(name, _)| *name == "系统编号") {
            // Whom it is about is told by the id.
            cells.extend([("联系人姓名", ""), ("户编号", "")]);
        }
        cells.extend(usual);
        rows.push(row(&cells));
    }
    let report = take_sheet(&place, &sheet(&rows)).await;
    let wanted: Vec<(u32, &str, &str)> =
        (2..).zip(&mistakes).map(|(row, &(_, column, rule))| (row, column, rule)).collect();
    let mut found = told(&report);
    found.sort_unstable();
    assert_eq!(found, wanted);
    assert_eq!((all(&place).await, place.state().await.2), before);

    let twice = row(&[
        ("包联类型", "联系户"),
        ("村（社区）", "竹园村"),
        ("户编号", "0002"),
        ("联系人姓名", "乙二"),
        ("联系人单位", "竹园村"),
        ("主要联系人", "否"),
        ("开始日期", "2025-05-05"),
    ]);
    let report = take_sheet(&place, &sheet(&[twice.clone(), twice])).await;
    assert_eq!(told(&report), [(3, "", "assignment-twice")]);
}

#[tokio::test]
async fn what_depends_on_a_row_that_is_left_out_is_left_out_without_a_fault_of_its_own() {
    let place = peopled().await;
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheets = [
        (
            "包联",
            ["包联类型", "村", "户编号", "联系人", "开始日期"],
            ["联系户", "竹园村", "0009", "甲一", "2025-01-01"],
        ),
        ("户", ["村", "户编号", "姓名", "与户主关系", "电话"], ["竹园村", "0009", "丙九", "户主", "12"]),
    ];
    for (name, headings, cells) in sheets {
        let sheet = book.add_worksheet().set_name(name).expect("a name");
        sheet.write_row(0, 0, headings).expect("headings").write_row(1, 0, cells).expect("a row");
    }
    book.save(place.file("book.xlsx")).expect("a workbook");
    let report = place.take_file(&Hand::Operator, "book.xlsx", Options::default()).await.expect("it is read");
    assert_eq!(told(&report), [(2, "电话", "phone")]);
    assert_eq!(report.sheets[1].counts.skipped, 1);
}

#[tokio::test]
async fn the_assignments_of_the_demonstration_go_out_and_come_in_again_unchanged() {
    let world = World::demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let before = lines(&world).await;
    let town = hand(&world, "town-admin").await;
    let county = hand(&world, "nancheng-admin").await;
    let operator = Hand::Operator;
    for (hand, code, name) in [
        (&operator, "530304101", "包联.xlsx"),
        (&town, "530304101", "a.csv"),
        (&town, "530304101200", "b.csv"),
        (&county, "361021", "c.csv"),
    ] {
        let path = folder.path().join(name);
        let count = roster::export(hand, &world.state.db, Kind::Assignments, code, &path, &|_| ()).await;
        let count = count.expect("a sheet");
        assert!(count > 500, "{count} of {code}");
        let report = take(&world, hand, &path).await;
        sound(&report);
        assert_eq!(counts(&report), [0, 0, count, 0]);
    }
    assert_eq!(lines(&world).await, before, "no line of the log");
    // Without its id a row is known again by target, holder and first day.
    let text = std::fs::read_to_string(folder.path().join("b.csv")).expect("text");
    let bare: Vec<&str> = text.lines().map(|line| line.split_once(',').expect("cells").1).collect();
    let path = folder.path().join("bare.csv");
    std::fs::write(&path, bare.join("\n")).expect("a file");
    let report = take(&world, &town, &path).await;
    sound(&report);
    assert_eq!(counts(&report), [0, 0, bare.len() as u64 - 1, 0]);
}

#[tokio::test]
async fn an_administrator_brings_no_assignments_into_the_neighbouring_county() {
    let world = World::demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let db = &world.state.db;
    let (mine, theirs) = (folder.path().join("mine.csv"), folder.path().join("theirs.csv"));
    let admin = hand(&world, "county-admin").await;
    let done = roster::export(&admin, db, Kind::Assignments, "361021", &theirs, &|_| ()).await;
    assert!(done.is_err() && !theirs.exists());
    roster::export(&Hand::Operator, db, Kind::Assignments, "361021", &theirs, &|_| ())
        .await
        .expect("a sheet");
    let text = std::fs::read_to_string(&theirs).expect("text");
    let some: Vec<&str> = text.lines().take(4).collect();
    std::fs::write(&theirs, some.join("\n")).expect("a file");
    let report = take(&world, &admin, &theirs).await;
    assert_eq!(counts(&report), [0, 0, 0, 3]);
    assert!(!report.stored && report.total_faults >= 3, "{report:?}");
    // By the bare id, too, it answers as one that does not exist.
    let id = some[1].split(',').next().expect("an id");
    std::fs::write(&mine, sheet(&[row(&[("系统编号", id), ("结束日期", &day(0))])])).expect("a file");
    let report = take(&world, &admin, &mine).await;
    assert_eq!(told(&report), [(2, "系统编号", "id")]);
    let contact = hand(&world, "contact").await;
    let report = take(&world, &contact, &mine).await;
    assert_eq!(told(&report), [(2, "系统编号", "id")]);
}

#[tokio::test]
async fn a_chunk_asks_as_much_for_many_rows_as_for_few_and_raises_the_rights_of_its_holders_once() {
    let world = World::demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let db = world.state.db.read();
    let homes = household::Entity::find().order_by_asc(household::Column::Id).all(db).await.expect("homes");
    let regions = region::Entity::find().all(db).await.expect("regions");
    let codes: HashMap<_, _> = regions.into_iter().map(|row| (row.id, row.code.0)).collect();
    let holder = account::Entity::find().filter(account::Column::CadreId.is_not_null());
    let holder = holder.one(db).await.expect("accounts").expect("an account");
    let cadre = holder.cadre_id.expect("a cadre").to_string();
    let made = |from: usize, count: usize, ends: &str| {
        let rows = homes.iter().skip(from).take(count).map(|home| {
            row(&[
                ("包联类型", "联系户"),
                ("村（社区）", &codes[&home.village_id]),
                ("户编号", &home.number),
                ("联系人系统编号", &cadre),
                ("主要联系人", "否"),
                ("开始日期", "2001-01-01"),
                ("结束日期", ends),
            ])
        });
        sheet(&rows.collect::<Vec<_>>())
    };
    let path = folder.path().join("包联.csv");
    let today = day(0);
    let mut asked = Vec::new();
    for (from, count, ends, change) in
        [(0, 10, "", 0), (10, 490, "", 0), (0, 10, today.as_str(), 1), (10, 490, today.as_str(), 1)]
    {
        std::fs::write(&path, made(from, count, ends)).expect("a file");
        let (report, statements) = Box::pin(world.statements(take(&world, &Hand::Operator, &path))).await;
        sound(&report);
        let mut wanted = [0, 0, 0, 0];
        wanted[change] = count as u64;
        assert_eq!(counts(&report), wanted);
        asked.push(statements);
    }
    // A long list goes in by pieces of a few sizes: a handful of statements more, however long it is.
    assert!(asked[1] <= asked[0] + 10 && asked[3] <= asked[2] + 5, "{asked:?}");
    let now = account::Entity::find_by_id(holder.id).one(db).await.expect("accounts").expect("an account");
    assert_eq!(now.rights_version, holder.rights_version + 4);
}
