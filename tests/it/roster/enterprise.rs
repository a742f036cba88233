//! Enterprises from sheets and into sheets.

use super::{
    Place, counts,
    round::{hand, lines, take},
    sound, told,
};
use entity::enterprise;
use lianhu::{
    kernel::{sheet::Hand, standards::credit_check_character, vault::Vault},
    roster::{self, Kind, Options, Report},
};
use lianhu_tests::{World, ground};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

/// A made-up credit code.
pub(super) fn code(serial: u32) -> String {
    let front = format!("91530304MA6KX{serial:04}");
    let last = credit_check_character(&front);
    format!("{front}{last}")
}

async fn take_sheet(place: &Place, sheet: &str) -> Report {
    std::fs::write(place.file("企业.csv"), sheet).expect("a file");
    place.take_file(&Hand::Operator, "企业.csv", Options::default()).await.expect("it is read")
}

async fn all(place: &Place) -> Vec<enterprise::Model> {
    let order = enterprise::Entity::find().order_by_asc(enterprise::Column::CreditCode);
    order.all(place.db.read()).await.expect("enterprises")
}

pub(super) fn two() -> String {
    format!(
        "单位名称,信用代码,乡镇,村,法人,联系人,手机号,所属行业,规模,员工人数,经营状态\n\
         云禾建材厂,{},纳章镇,竹园村,甲一,乙二,13800001111,建筑材料,小型企业,25人,正常\n\
         绿丰商贸有限公司, {} ,纳章,,丙三,,0874-8881234,批发零售,微型,,\n",
        code(1),
        code(2).to_lowercase(),
    )
}

/// Cells of a row, where the mistake stands, and which it is.
type Mistake<'a> = (Vec<(&'a str, &'a str)>, &'a str, &'a str);

#[tokio::test]
async fn a_sheet_makes_its_enterprises_again_changes_nothing_and_a_blank_cell_leaves_what_is_there() {
    let place = Place::new().await;
    let report = take_sheet(&place, &two()).await;
    sound(&report);
    assert_eq!(counts(&report), [2, 0, 0, 0]);
    let first = all(&place).await;
    assert_eq!(first[0].name, "云禾建材厂");
    assert_eq!((first[0].employees, first[0].phone_masked.as_deref()), (Some(25), Some("138****1111")));
    assert!(first[0].village_id.is_some() && first[1].village_id.is_none());
    assert_eq!(first[1].credit_code.0, code(2), "in capitals, without blanks");
    let (_, _, log) = place.state().await;
    let report = take_sheet(&place, &two()).await;
    sound(&report);
    assert_eq!(counts(&report), [0, 0, 2, 0]);
    assert_eq!((all(&place).await, place.state().await.2), (first.clone(), log));
    let sheet = format!("企业名称,统一社会信用代码,联系电话,状态\n,{},13900002222,停业\n", code(1));
    let report = take_sheet(&place, &sheet).await;
    sound(&report);
    assert_eq!(counts(&report), [0, 1, 0, 0]);
    let now = all(&place).await;
    assert_eq!((now[0].name.as_str(), now[0].version), ("云禾建材厂", 2));
    assert_eq!(now[0].phone_masked.as_deref(), Some("139****2222"));
    assert_eq!(now[0].status, entity::kind::EnterpriseStatus::Suspended);
    assert_eq!((place.state().await.2, &now[1]), (log + 1, &first[1]));
    // Known by its id, it may change its code, but not to that of another.
    let renewed =
        |code: String| format!("系统编号,企业名称,统一社会信用代码\n{},云禾新建材厂,{code}\n", first[0].id);
    let report = take_sheet(&place, &renewed(code(2))).await;
    assert_eq!(told(&report), [(2, "统一社会信用代码", "credit-code-taken")]);
    sound(&take_sheet(&place, &renewed(code(3))).await);
    assert!(all(&place).await.iter().any(|row| row.credit_code.0 == code(3) && row.name == "云禾新建材厂"));
}

#[tokio::test]
async fn mistakes_in_a_sheet_of_enterprises_are_told_at_their_cells() {
    const HEADINGS: &str = "系统编号,企业名称,统一社会信用代码,乡镇,村（社区）,法定代表人,联系人,联系电话,行业,企业规模,职工人数,状态";
    let place = Place::new().await;
    sound(&take_sheet(&place, &two()).await);
    let before = (all(&place).await, place.state().await.2);
    let wrong_digit = {
        let good = code(50);
        let (front, last) = good.split_at(17);
        format!("{front}{}", if last == "A" { "B" } else { "A" })
    };
    let (long, known) = ("长".repeat(130), code(1));
    let mistakes: Vec<Mistake<'_>> = vec![
        (vec![("企业名称", "")], "企业名称", "required"),
        (vec![("企业名称", &long)], "企业名称", "length"),
        (vec![("统一社会信用代码", "")], "统一社会信用代码", "required"),
        (vec![("统一社会信用代码", &wrong_digit)], "统一社会信用代码", "credit-code-check-digit"),
        (vec![("统一社会信用代码", "9153")], "统一社会信用代码", "credit-code"),
        (vec![("统一社会信用代码", "9.15303E+17")], "统一社会信用代码", "digits-lost"),
        (vec![("乡镇", ""), ("村（社区）", "")], "乡镇", "required"),
        (vec![("乡镇", "无名镇"), ("村（社区）", "")], "乡镇", "township"),
        (vec![("村（社区）", "无名村")], "村（社区）", "village"),
        (vec![("法定代表人", &long)], "法定代表人", "length"),
        (vec![("联系人", &long)], "联系人", "length"),
        (vec![("联系电话", "1380000111")], "联系电话", "phone"),
        (vec![("联系电话", "138****1111")], "联系电话", "masked"),
        (vec![("行业", &long)], "行业", "length"),
        (vec![("企业规模", "")], "企业规模", "required"),
        (vec![("企业规模", "巨型")], "企业规模", "word"),
        (vec![("职工人数", "许多")], "职工人数", "number"),
        (vec![("职工人数", "-1")], "职工人数", "range"),
        (vec![("状态", "忙")], "状态", "word"),
        (vec![("系统编号", "x")], "系统编号", "id"),
        (vec![("系统编号", "enterprise_01jd3k00000000000000000000")], "系统编号", "id"),
        (vec![("统一社会信用代码", &known), ("村（社区）", "曲宗村")], "村（社区）", "enterprise-moves"),
    ];
    let mut sheet = format!("{HEADINGS}\n");
    for (at, (cells, _, _)) in (100..).zip(&mistakes) {
        let own = code(at);
        let usual = [
            ("企业名称", "某厂"),
            ("统一社会信用代码", own.as_str()),
            ("乡镇", "纳章镇"),
            ("村（社区）", "竹园村"),
            ("企业规模", "小型"),
        ];
        let row = HEADINGS.split(',').map(|heading| {
            let all = || cells.iter().chain(&usual);
            all().find(|(name, _)| *name == heading).map_or("", |(_, text)| *text)
        });
        sheet.push_str(&row.collect::<Vec<_>>().join(","));
        sheet.push('\n');
    }
    let twice = format!(",某厂,{},纳章镇,,,,,,小型,,\n", code(999));
    sheet += &twice.repeat(2);
    let report = take_sheet(&place, &sheet).await;
    let mut wanted: Vec<(u32, &str, &str)> =
        (2..).zip(&mistakes).map(|(row, &(_, column, rule))| (row, column, rule)).collect();
    let last = u32::try_from(mistakes.len()).expect("a number") + 3;
    wanted.push((last, "统一社会信用代码", "enterprise-twice"));
    let mut found = told(&report);
    found.sort_unstable();
    assert_eq!(found, wanted);
    assert!(report.faults.iter().all(|fault| !fault.zh.contains(&wrong_digit[..17])));
    assert_eq!(counts(&report), [1, 0, 0, mistakes.len() as u64 + 1]);
    assert_eq!((all(&place).await, place.state().await.2), before);
}

#[tokio::test]
async fn enterprises_of_a_town_go_out_masked_and_come_in_again_unchanged() {
    let world = World::demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let before = lines(&world).await;
    let admin = hand(&world, "town-admin").await;
    for (hand, name) in [(&Hand::Operator, "企业.xlsx"), (&admin, "firms.csv")] {
        let path = folder.path().join(name);
        let count =
            roster::export(hand, &world.state.db, Kind::Enterprises, "530304101", &path, &|_| ()).await;
        let count = count.expect("a sheet");
        assert!(count > 5, "{count}");
        let report = take(&world, hand, &path).await;
        sound(&report);
        assert_eq!(counts(&report), [0, 0, count, 0]);
    }
    assert_eq!(lines(&world).await, before, "no line of the log");
    let text = std::fs::read_to_string(folder.path().join("firms.csv")).expect("text");
    let firm = enterprise::Entity::find().filter(enterprise::Column::Phone.is_not_null());
    let firms = firm.all(world.state.db.read()).await.expect("enterprises");
    let vault = Vault::new(&ground::SECRET).expect("keys");
    for firm in firms {
        let number = vault.open(&firm.phone.expect("a number")).expect("it opens");
        assert!(!text.contains(&number));
    }
}

#[tokio::test]
async fn an_enterprise_out_of_scope_is_refused_without_a_word_on_whose_it_is() {
    let world = World::demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("企业.csv");
    let admin = hand(&world, "town-admin").await;
    let firms = enterprise::Entity::find().all(world.state.db.read()).await.expect("enterprises");
    let town = firms.iter().find(|firm| firm.credit_code.0.len() == 18).expect("one").county_id;
    let elsewhere = {
        let (mine, others): (Vec<_>, Vec<_>) = firms.iter().partition(|firm| firm.county_id == town);
        assert!(!mine.is_empty() && !others.is_empty());
        others.into_iter().chain(mine).collect::<Vec<_>>()
    };
    let own = roster::export(&admin, &world.state.db, Kind::Enterprises, "530304101", &path, &|_| ()).await;
    own.expect("a sheet");
    let mine = std::fs::read_to_string(&path).expect("text");
    let other = elsewhere.iter().find(|firm| !mine.contains(&firm.credit_code.0)).expect("one elsewhere");
    let sheet = format!(
        "系统编号,企业名称,统一社会信用代码,乡镇,村,企业规模\n\
         ,某厂,{taken},纳章镇,,小型\n{id},某厂,,,,\n,某厂,{free},,361021108200,小型\n,某厂,{next},万坊镇,,小型\n",
        taken = other.credit_code.0,
        id = other.id,
        free = code(7),
        next = code(8),
    );
    std::fs::write(&path, sheet).expect("a file");
    let report = take(&world, &admin, &path).await;
    assert_eq!(
        told(&report),
        [
            (2, "统一社会信用代码", "credit-code-taken"),
            (3, "系统编号", "id"),
            (4, "村", "village"),
            (5, "乡镇", "township"),
        ]
    );
    assert!(report.faults.iter().all(|fault| !fault.zh.contains(&other.name)));
    let contact = hand(&world, "contact").await;
    let out = folder.path().join("out.csv");
    let done = roster::export(&contact, &world.state.db, Kind::Enterprises, "530304101", &out, &|_| ()).await;
    assert!(done.is_err() && !out.exists());
}
