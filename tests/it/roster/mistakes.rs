//! Sheets with mistakes: each is told at its cell, nothing is stored, and no personal value is repeated.

use super::{Place, identity, sound, told, two_households};
use lianhu::roster::Options;

const HEADINGS: &str = "乡镇,村,区划代码,村民小组,网格,户编号,户主姓名,姓名,与户主关系,性别,出生日期,身份证号,电话,就业情况,务工地点,需求,住址,户电话,住房情况,年收入,主要收入来源,标签,户状态,系统编号";

/// A row by headings.
fn row(cells: &[(&str, &str)]) -> String {
    let row = HEADINGS.split(',').map(|heading| {
        let cell = cells.iter().find(|(name, _)| *name == heading).map_or("", |(_, text)| *text);
        format!("\"{cell}\"")
    });
    row.collect::<Vec<_>>().join(",")
}

/// Cells of a row, the heading at which it is told, and the rule.
type Mistake<'a> = (Vec<(&'a str, &'a str)>, &'a str, &'a str);

/// One household on one row, with one mistake.
fn one(number: usize, cells: &[(&str, &str)]) -> String {
    let number = format!("B{number:02}");
    let usual = [("村", "竹园村"), ("户编号", number.as_str()), ("姓名", "某人"), ("与户主关系", "户主")];
    let rest = usual.into_iter().filter(|(name, _)| cells.iter().all(|(own, _)| own != name));
    row(&cells.iter().copied().chain(rest).collect::<Vec<_>>())
}

#[tokio::test]
async fn a_sheet_with_forty_mistakes_of_all_kinds_tells_each_at_its_cell_and_changes_nothing() {
    let place = Place::new().await;
    sound(&place.take(&two_households()).await);
    let before = place.state().await;
    let good = identity("19800131", 1);
    let wrong_digit = {
        let (front, last) = good.split_at(17);
        format!("{front}{}", if last == "5" { "6" } else { "5" })
    };
    let no_day =
        format!("53030419801331001{}", lianhu::kernel::standards::identity_check_digit("53030419801331001"));
    let long = "长".repeat(600);
    let other = "household_01jd3k00000000000000000000";
    // A mistake, where it is told, and under which rule.
    let mistakes: Vec<Mistake<'_>> = vec![
        (vec![("村", "无名村")], "村", "village"),
        (vec![("村", "")], "村", "required"),
        (vec![("村", "530304101299")], "村", "village"),
        (vec![("村", "曲宗"), ("区划代码", "530304101200")], "区划代码", "village-code"),
        (vec![("乡镇", "万坊镇")], "村", "village"),
        (vec![("村民小组", "九组")], "村民小组", "group"),
        (vec![("网格", "九网格")], "网格", "grid"),
        (vec![("户编号", "")], "户编号", "required"),
        (vec![("户编号", "123456789012345678901")], "户编号", "length"),
        (vec![("户主姓名", "某别人")], "户主姓名", "head-name"),
        (vec![("姓名", "")], "姓名", "required"),
        (vec![("姓名", &long)], "姓名", "length"),
        (vec![("与户主关系", "")], "与户主关系", "required"),
        (vec![("与户主关系", "邻居")], "与户主关系", "word"),
        (vec![("与户主关系", "子")], "与户主关系", "one-head"),
        (vec![("性别", "壮")], "性别", "word"),
        (vec![("出生日期", "1980-13-01")], "出生日期", "date"),
        (vec![("出生日期", "去年")], "出生日期", "date"),
        (vec![("出生日期", "2999-01-01")], "出生日期", "birth-date"),
        (vec![("身份证号", &wrong_digit)], "身份证号", "identity-number"),
        (vec![("身份证号", "53030419800131")], "身份证号", "identity-number"),
        (vec![("身份证号", &no_day)], "身份证号", "identity-number"),
        (vec![("身份证号", "5303041980013100A1")], "身份证号", "identity-number"),
        (vec![("身份证号", "5.30304E+17")], "身份证号", "digits-lost"),
        (vec![("身份证号", &good), ("性别", "女")], "性别", "identity-number-sex"),
        (vec![("身份证号", &good), ("出生日期", "1980-02-01")], "出生日期", "identity-number-birth"),
        (vec![("身份证号", "5****************1")], "身份证号", "masked"),
        (vec![("电话", "1380000111")], "电话", "phone"),
        (vec![("电话", "138****1111")], "电话", "masked"),
        (vec![("就业情况", "忙")], "就业情况", "word"),
        (vec![("务工地点", &long)], "务工地点", "length"),
        (vec![("需求", &long)], "需求", "length"),
        (vec![("住址", &long)], "住址", "length"),
        (vec![("户电话", "7771234")], "户电话", "phone"),
        (vec![("户电话", "138****1111")], "户电话", "masked"),
        (vec![("住房情况", &long)], "住房情况", "length"),
        (vec![("年收入", "不少")], "年收入", "yuan"),
        (vec![("年收入", "-5")], "年收入", "income"),
        (vec![("主要收入来源", &long)], "主要收入来源", "length"),
        (vec![("标签", "脱贫户、富户")], "标签", "tags"),
        (vec![("户状态", "不知")], "户状态", "word"),
        (vec![("系统编号", "12")], "系统编号", "id"),
        (vec![("系统编号", other)], "系统编号", "id"),
    ];
    assert!(mistakes.len() >= 40);
    let mut sheet = format!("{HEADINGS}\n");
    let mut wanted = Vec::new();
    for (at, (cells, column, rule)) in mistakes.iter().enumerate() {
        sheet.push_str(&one(at, cells));
        sheet.push('\n');
        wanted.push((u32::try_from(at).expect("a row") + 2, *column, *rule));
    }
    // Rows that are wrong only together.
    let next = u32::try_from(mistakes.len()).expect("a row") + 2;
    let person = |number: &str, name: &str, relation: &str, more: &[(&str, &str)]| {
        let own = [("村", "竹园村"), ("户编号", number), ("姓名", name), ("与户主关系", relation)];
        row(&own.into_iter().chain(more.iter().copied()).collect::<Vec<_>>()) + "\n"
    };
    sheet.push_str(&person("C1", "甲", "户主", &[("住址", "上街")]));
    sheet.push_str(&person("C1", "乙", "户主", &[("住址", "下街")]));
    wanted.extend([(next + 1, "住址", "differs"), (next + 1, "与户主关系", "one-head")]);
    sheet.push_str(&person("C2", "甲", "户主", &[("身份证号", &good)]));
    sheet.push_str(&person("C2", "乙", "子", &[("身份证号", &good)]));
    wanted.push((next + 3, "身份证号", "identity-twice"));
    sheet.push_str(&person("C3", "甲", "户主", &[]));
    sheet.push_str(&person("C4", "甲", "户主", &[]));
    sheet.push_str(&person("C3", "乙", "户主", &[]));
    wanted.push((next + 6, "户编号", "household-twice"));
    for n in 0..32 {
        sheet.push_str(&person("C5", &format!("人{n}"), if n == 0 { "户主" } else { "子" }, &[]));
    }
    wanted.push((next + 37, "与户主关系", "members"));
    sheet.push_str(&person("0001", "安一山", "户主", &[("出生日期", "1980-02-01"), ("村民小组", "二组")]));
    wanted.extend([
        (next + 39, "村民小组", "household-moves"),
        (next + 39, "出生日期", "identity-number-birth"),
    ]);

    for options in [Options { dry_run: true, ..Options::default() }, Options::default()] {
        let report = place.take_with(&sheet, options).await;
        let mut found = told(&report);
        found.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(found, wanted);
        assert!(!report.stored);
        assert_eq!(place.state().await, before, "nothing is changed");
        let all = format!("{:?}", report.faults);
        for secret in
            [good.as_str(), &wrong_digit, &no_day, "1980-13-01", "1380000111", "7771234", "某别人", "富户"]
        {
            assert!(!all.contains(secret), "{secret} is repeated: {all}");
        }
        assert!(all.contains("末位应为"), "what the check digit should be is told");
    }
}

#[tokio::test]
async fn a_missing_column_is_a_fault_of_its_sheet() {
    let place = Place::new().await;
    let report = place.take("村,户编号,姓名\n竹园,1,甲\n").await;
    assert_eq!(told(&report), [(1, "与户主关系", "column")]);
}

#[tokio::test]
async fn a_name_of_several_villages_is_told_apart_by_its_township() {
    let place = Place::new().await;
    place.regions("code,name,kind\n530304103,新镇,TOWNSHIP\n530304103200,竹园村民委员会,VILLAGE\n").await;
    let sheet = "乡镇,村,户编号,姓名,与户主关系\n,竹园村,1,甲,户主\n纳章,竹园村,2,乙,户主\n新镇,竹园村委会,3,丙,户主\n";
    let report = place.take(sheet).await;
    assert_eq!(told(&report), [(2, "村", "village-ambiguous")]);
    assert_eq!(super::counts(&report), [2, 0, 0, 1]);
}
