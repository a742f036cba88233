//! Rosters: sheets as offices keep them, taken in and given out.

mod contact;
mod enterprise;
mod mistakes;
mod round;
mod staff;
mod suites;

use entity::{change, household, id::RegionId, kind::RegionKind, member, region, scalar::RegionCode};
use indicatif::ProgressBar;
use lianhu::{
    kernel::{
        clock::Clock,
        db::Db,
        error::{Error, Result},
        sheet::Hand,
        standards::identity_check_digit,
        vault::Vault,
    },
    roster::{self, Options, Report, Source},
};
use lianhu_tests::ground::{self, Ground};
use migration::{Migrator, MigratorTrait};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use sea_orm::{EntityTrait, PaginatorTrait};
use std::{collections::HashMap, path::PathBuf};
use tempfile::TempDir;

/// The counties, and groups and grids in 竹园村.
const REGIONS: &str = include_str!("../../api/data/regions.csv");
const PARTS: &str = "530304101200001,大竹园村民小组,GROUP\n530304101200002,第二村民小组,GROUP\n530304101200003,第三村民小组,GROUP\n530304101200901,竹园第一网格,GRID\n530304101200902,竹园第二网格,GRID\n";

/// A database with the regions of the three counties and nobody in them.
struct Place {
    _ground: Ground,
    db: Db,
    vault: Vault,
    folder: TempDir,
}

impl Place {
    async fn empty() -> Self {
        let ground = Ground::empty().await;
        let db = Db::open(&ground::options(&ground.url())).await.expect("the database opens");
        Migrator::up(db.write(), None).await.expect("every step is taken");
        Self {
            _ground: ground,
            db,
            vault: Vault::new(&ground::SECRET).expect("keys"),
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    async fn new() -> Self {
        let place = Self::empty().await;
        place.regions(&format!("{REGIONS}{PARTS}")).await;
        place
    }

    async fn regions(&self, sheet: &str) {
        let now = Clock::default().now();
        lianhu::region::import::regions(self.db.write(), sheet.as_bytes(), &ProgressBar::hidden(), now)
            .await
            .expect("sound regions");
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn take_file(&self, hand: &Hand, name: &str, options: Options) -> Result<Report> {
        let path = self.file(name);
        let source = Source { path: &path, name };
        let clock = Clock::default();
        travels(roster::import(hand, (&self.db, &self.vault, &clock), source, options, &|_| (), None)).await
    }

    async fn take(&self, sheet: &str) -> Report {
        self.take_with(sheet, Options::default()).await
    }

    async fn take_with(&self, sheet: &str, options: Options) -> Report {
        std::fs::write(self.file("户.csv"), sheet).expect("a file");
        self.take_file(&Hand::Operator, "户.csv", options).await.expect("a sheet that can be read")
    }

    /// Everything that is stored of households, by number and name, and how long the log is.
    async fn state(&self) -> (Vec<household::Model>, Vec<member::Model>, u64) {
        let mut households = household::Entity::find().all(self.db.read()).await.expect("households");
        let mut members = member::Entity::find().all(self.db.read()).await.expect("members");
        households.sort_by_key(|row| row.id);
        members.sort_by_key(|row| row.id);
        let lines = change::Entity::find().count(self.db.read()).await.expect("a number");
        (households, members, lines)
    }

    async fn members(&self) -> HashMap<String, member::Model> {
        let rows = member::Entity::find().all(self.db.read()).await.expect("members");
        rows.into_iter().map(|row| (row.name.clone(), row)).collect()
    }

    async fn household(&self, number: &str) -> household::Model {
        let rows = household::Entity::find().all(self.db.read()).await.expect("households");
        rows.into_iter().find(|row| row.number == number).expect("a household of this number")
    }
}

/// An import can be a task of its own.
fn travels<F: Future + Send>(future: F) -> F {
    future
}

/// A made-up identity number: born on a day, a man where the serial is odd.
fn identity(birth: &str, serial: u32) -> String {
    let number = format!("530304{birth}{serial:03}");
    let last = identity_check_digit(&number);
    format!("{number}{last}")
}

/// Counts of the one sheet: created, updated, unchanged, left out.
fn counts(report: &Report) -> [u64; 4] {
    assert_eq!(report.sheets.len(), 1, "{report:?}");
    let counts = report.sheets[0].counts;
    [counts.created, counts.updated, counts.unchanged, counts.skipped]
}

/// Row, heading and rule of each fault.
fn told(report: &Report) -> Vec<(u32, &str, &str)> {
    assert_eq!(report.total_faults, report.faults.len() as u64);
    assert!(report.faults.iter().all(|fault| !fault.zh.is_empty() && !fault.en.is_empty()));
    report.faults.iter().map(|fault| (fault.row, fault.column.as_str(), fault.rule)).collect()
}

fn sound(report: &Report) {
    assert!(report.stored && report.total_faults == 0, "{report:#?}");
}

fn two_households() -> String {
    format!(
        "村,村民小组,户编号,姓名,与户主关系,性别,出生日期,身份证号码,联系电话,就业,住址,家庭电话,年收入,标签\n\
         竹园村,3组,0001,安一山,户主,,,{one},13800001111,务农,上街1号,13800001111,\"42,000.50\",脱贫户、军属\n\
         竹园村,3组,0001,白二水,妻,,,{two},,务工,,,,\n\
         竹园村,3组,0001,安小三,长子,男,2010/1/31,,,学生,,,,\n\
         竹园村,,0002,常四田,本人,,,{four},0874-8881234,,,,,低保户\n",
        one = identity("19800131", 1),
        two = identity("19810228", 2),
        four = identity("19500505", 4),
    )
}

#[tokio::test]
async fn a_sheet_makes_its_households_and_again_changes_nothing() {
    let place = Place::new().await;
    let report = place.take(&two_households()).await;
    sound(&report);
    assert_eq!(counts(&report), [2, 0, 0, 0]);
    let first = place.household("0001").await;
    assert_eq!((first.head_name.as_str(), first.member_count), ("安一山", 3));
    assert_eq!(first.phone_masked.as_deref(), Some("138****1111"));
    assert_eq!(first.yearly_income, Some(entity::scalar::Yuan(4_200_050)));
    assert!(first.group_id.is_some(), "3组 is the third group");
    let wife = &place.members().await["白二水"];
    assert_eq!(wife.birth_date.map(|date| date.0.to_string()).as_deref(), Some("1981-02-28"));
    let before = place.state().await;
    let again = place.take(&two_households()).await;
    sound(&again);
    assert_eq!(counts(&again), [0, 0, 2, 0]);
    assert_eq!(place.state().await, before, "no row, no version, no line of the log");
}

#[tokio::test]
async fn a_blank_cell_leaves_what_is_there_and_another_value_changes_it() {
    let place = Place::new().await;
    sound(&place.take(&two_households()).await);
    let (_, _, lines) = place.state().await;
    let sheet = format!(
        "村,户编号,姓名,与户主关系,身份证号,电话,就业情况,住址,标签\n\
         530304101200,0001,安一山,户主,,13900002222,,,困难户\n\
         530304101200,0001,白二水甲,配偶,{},,本地就业,,\n\
         530304101200,0001,安小四,女,,,,,\n",
        identity("19810228", 2)
    );
    let report = place.take(&sheet).await;
    sound(&report);
    assert_eq!(counts(&report), [0, 1, 0, 0]);
    let household = place.household("0001").await;
    assert_eq!((household.version, household.member_count), (2, 4));
    assert_eq!(household.address.as_deref(), Some("上街1号"));
    let members = place.members().await;
    assert_eq!(members["安一山"].phone_masked.as_deref(), Some("139****2222"));
    assert_eq!(members["白二水甲"].version, 2, "known again by the identity number");
    assert_eq!(members["安小三"].version, 1, "not mentioned");
    let (_, _, after) = place.state().await;
    assert_eq!(after - lines, 4, "household, two who changed, one who is new");
    sound(&place.take(&sheet).await);
    let (_, _, again) = place.state().await;
    assert_eq!(again, after);
}

#[tokio::test]
async fn the_head_changes_when_the_old_one_is_on_the_sheet_too() {
    let place = Place::new().await;
    sound(&place.take(&two_households()).await);
    let alone = "村,户编号,姓名,与户主关系\n竹园,0001,白二水,户主\n";
    let report = place.take(alone).await;
    assert_eq!(told(&report), [(2, "与户主关系", "one-head")]);
    let both = "村,户编号,姓名,与户主关系\n竹园,0001,白二水,户主\n竹园,0001,安一山,丈夫\n";
    sound(&place.take(both).await);
    assert_eq!(place.household("0001").await.head_name, "白二水");
}

#[tokio::test]
async fn one_bad_row_keeps_all_out_unless_bad_ones_are_skipped_and_a_dry_run_stores_nothing() {
    let place = Place::new().await;
    let before = place.state().await;
    let dry = Options { dry_run: true, ..Options::default() };
    let report = place.take_with(&two_households(), dry).await;
    assert_eq!((counts(&report), report.stored, report.total_faults), ([2, 0, 0, 0], false, 0));
    assert_eq!(place.state().await, before);
    let bad = two_households().replace("0874-8881234", "12345");
    let report = place.take(&bad).await;
    assert_eq!(told(&report), [(5, "联系电话", "phone")]);
    assert_eq!((counts(&report), report.stored), ([1, 0, 0, 1], false));
    assert_eq!(place.state().await, before, "the good one is not stored either");
    let report = place.take_with(&bad, Options { skip_bad: true, ..Options::default() }).await;
    assert_eq!((counts(&report), report.stored), ([1, 0, 0, 1], true));
    assert_eq!(place.state().await.0.len(), 1);
}

#[tokio::test]
async fn what_is_done_before_the_commit_is_stored_with_it_and_takes_all_back_when_it_fails() {
    let place = Place::new().await;
    let before = place.state().await;
    std::fs::write(place.file("户.csv"), two_households()).expect("a file");
    let path = place.file("户.csv");
    let source = Source { path: &path, name: "户.csv" };
    let with = (&place.db, &place.vault, &Clock::default());
    let fails: roster::Before<'_> = Box::new(|_, report| {
        assert!(report.stored);
        Box::pin(async { Err(Error::internal("no")) })
    });
    let done = roster::import(&Hand::Operator, with, source, Options::default(), &|_| (), Some(fails)).await;
    assert!(done.is_err());
    assert_eq!(place.state().await, before);
    let writes: roster::Before<'_> = Box::new(|tx, _| {
        Box::pin(async {
            let code = RegionCode("99".to_owned());
            let id = RegionId(uuid::Uuid::now_v7());
            let row = lianhu::region::blank(id, code, "某省".to_owned(), RegionKind::Province);
            let row: region::ActiveModel = row.into();
            region::Entity::insert(sea_orm::ActiveModelTrait::reset_all(row))
                .exec_without_returning(tx)
                .await?;
            Ok(())
        })
    });
    let done = roster::import(&Hand::Operator, with, source, Options::default(), &|_| (), Some(writes)).await;
    assert!(done.expect("a sound sheet").stored);
    let regions = region::Entity::find().all(place.db.read()).await.expect("regions");
    assert!(regions.iter().any(|row| row.code.0 == "99"));
}

#[tokio::test]
async fn excel_in_chinese_saves_another_encoding_with_a_title_above_and_dates_in_all_spellings() {
    let place = Place::new().await;
    let sheet = "竹园村农户花名册,,,,,\n（2026年1月）,,,,,\n\n序号,村（社区）,户号,成员姓名,家庭关系,出生年月日,备注\n\
        1,竹园,1,甲一,户主,1980/1/31,x\n,竹园,1,甲二,子,2001-01-31,\n,竹园,1,甲三,子,2002年1月31日,\n,竹园,1,甲四,子,20030131,\n\
        ,竹园,1,甲五,子,2004.1.31,\n,竹园,1,甲六,子,２００５－０１－３１,\n"
        .replace('\n', "\r\n");
    let (bytes, _, _) = encoding_rs::GB18030.encode(&sheet);
    std::fs::write(place.file("名册.csv"), bytes).expect("a file");
    let report = place.take_file(&Hand::Operator, "名册.csv", Options::default()).await.expect("it is read");
    sound(&report);
    assert_eq!(report.warnings.len(), 1, "{:?}", report.warnings);
    assert!(report.warnings[0].zh.contains("备注") && !report.warnings[0].zh.contains("序号"));
    let members = place.members().await;
    for (name, birth) in [("甲一", "1980-01-31"), ("甲二", "2001-01-31"), ("甲六", "2005-01-31")] {
        assert_eq!(members[name].birth_date.map(|date| date.0.to_string()).as_deref(), Some(birth), "{name}");
    }
    let marked = format!("\u{feff}{}", two_households().replace(',', "\t"));
    std::fs::write(place.file("tabs.txt"), marked).expect("a file");
    let report = place.take_file(&Hand::Operator, "tabs.txt", Options::default()).await.expect("it is read");
    assert_eq!(told(&report), [(2, "年收入", "yuan")], "no comma was replaced but this one");
}

#[tokio::test]
async fn numbers_and_dates_of_a_workbook_are_what_a_person_sees_there() {
    let place = Place::new().await;
    let mut book = Workbook::new();
    book.add_worksheet().set_name("说明").expect("a name").write(0, 0, "请按模板填写").expect("a cell");
    let sheet = book.add_worksheet();
    sheet.set_name("Sheet1").expect("a name");
    sheet.merge_range(0, 0, 0, 6, "竹园村户名册", &Format::new()).expect("a title");
    let headings = ["村（社区）", "户编号", "姓名", "与户主关系", "出生日期", "公民身份号码", "手机号"];
    for (at, heading) in (0..).zip(headings) {
        sheet.write(2, at, heading).expect("a heading");
    }
    let (day, padded) = (Format::new().set_num_format("yyyy/m/d"), Format::new().set_num_format("0000"));
    let born = ExcelDateTime::from_ymd(1980, 1, 31).expect("a day");
    for (row, name, relation) in [(3, "甲一", "户主"), (4, "甲二", "子")] {
        sheet.write(row, 0, "竹园村").expect("a cell");
        sheet.write_number_with_format(row, 1, 7, &padded).expect("a cell");
        sheet.write(row, 2, name).expect("a cell").write(row, 3, relation).expect("a cell");
        sheet.write_with_format(row, 4, &born, &day).expect("a cell");
        sheet.write(row, 6, 13_800_001_111_u64).expect("a cell");
    }
    book.save(place.file("book.xlsx")).expect("a workbook");
    let report = place.take_file(&Hand::Operator, "book.xlsx", Options::default()).await.expect("it is read");
    sound(&report);
    assert_eq!(report.warnings.len(), 1, "the first sheet is no roster: {:?}", report.warnings);
    assert_eq!(place.household("0007").await.member_count, 2, "as the format shows the number");
    let member = &place.members().await["甲二"];
    assert_eq!(member.birth_date.map(|date| date.0.to_string()).as_deref(), Some("1980-01-31"));
    assert_eq!(member.phone_masked.as_deref(), Some("138****1111"));

    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (at, heading) in (0..).zip(headings) {
        sheet.write(0, at, heading).expect("a heading");
    }
    for (at, text) in (0..).zip(["竹园村", "8", "乙一", "户主"]) {
        sheet.write(1, at, text).expect("a cell");
    }
    sheet.write(1, 5, 530_304_198_001_310_019_f64).expect("a cell");
    book.save(place.file("lost.xlsx")).expect("a workbook");
    let report = place.take_file(&Hand::Operator, "lost.xlsx", Options::default()).await.expect("it is read");
    assert_eq!(told(&report), [(2, "公民身份号码", "digits-lost")]);
}

#[tokio::test]
async fn a_file_that_is_no_roster_or_no_workbook_is_refused_in_words() {
    let place = Place::new().await;
    std::fs::write(place.file("x.csv"), "甲,乙\n1,2\n").expect("a file");
    std::fs::write(place.file("x.xlsx"), "not a workbook").expect("a file");
    std::fs::write(place.file("x.pdf"), "%PDF").expect("a file");
    std::fs::write(place.file("empty.csv"), "").expect("a file");
    for name in ["x.csv", "x.xlsx", "x.pdf", "empty.csv", "absent.csv"] {
        let done = place.take_file(&Hand::Operator, name, Options::default()).await;
        let fault = matches!(&done, Err(Error::Fault(fault)) if !fault.zh.is_empty());
        assert!(fault || name == "absent.csv" && done.is_err(), "{name}: {done:?}");
    }
}

#[tokio::test]
async fn a_quotation_mark_that_is_missing_is_told_by_its_row_and_does_not_swallow_the_file() {
    let place = Place::new().await;
    let begin = "村,户编号,姓名,与户主关系\n竹园村,1,甲,户主\n竹园村,2,\"乙,户主\n";
    for rows in [400, 120_000] {
        let rest = "竹园村,3,丙,户主\n".repeat(rows);
        std::fs::write(place.file("户.csv"), format!("{begin}{rest}")).expect("a file");
        let done = place.take_file(&Hand::Operator, "户.csv", Options::default()).await;
        let Err(Error::Fault(fault)) = done else { panic!("it is refused: {done:?}") };
        assert!(fault.zh.contains("第 3 行") && fault.en.contains("Row 3 "), "{fault:?}");
    }
    assert_eq!(place.state().await.0.len(), 0);
}
