//! Invented people: names, telephone numbers, citizen numbers, and codes of enterprises.
//!
//! Nobody real is meant. Names are put together from common characters; telephone numbers lie in a range that is not
//! in use (154); citizen numbers and credit codes name a region that does not exist (99), though their check digits hold.

use super::dice::Dice;
use crate::kernel::standards::{credit_check_character, identity_check_digit, organisation_check_character};
use chrono::{Datelike, NaiveDate};

/// The year by which ages are reckoned, so that birth dates do not move with the day of loading.
pub(super) const YEAR: i32 = 2026;

const SURNAMES: &str = "李王张杨刘陈赵黄周吴徐孙朱马胡郭林何高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢\
                        傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷龙陶贺顾毛郝龚邵万钱严";

// The second characters are chosen so that no given name of a person in the reports can come out.
const MALE_OLD: [&str; 2] =
    ["国建志永明光兴荣文成金福家学世开树绍朝应", "华明忠林祥云生富贵才昌发元顺宝春海有科"];
const FEMALE_OLD: [&str; 2] = ["秀桂玉兰凤翠美金菊春惠琼素云家丽", "英芳珍兰花芬仙梅琴香莲华美云娥"];
const MALE_YOUNG: [&str; 2] = ["子浩宇嘉泽文家明志晓天云一建", "杰轩宇辰航浩鑫豪凯旭阳磊源翔博成"];
const FEMALE_YOUNG: [&str; 2] = ["雨欣梦思佳诗晓雪艺语紫若家丽", "怡涵萱妍欣瑶琳彤洁雯丽娜敏菲"];
const MALE_SINGLE: &str = "军刚波辉峰亮磊林华云";
const FEMALE_SINGLE: &str = "丽敏静娟芳霞燕红艳梅英琼";

/// A surname, the common ones more often.
pub(super) fn surname(dice: &mut Dice) -> char {
    dice.common(SURNAMES)
}

/// A full name that fits sex and year of birth.
pub(super) fn name(dice: &mut Dice, surname: char, male: bool, born: i32) -> String {
    let young = born >= 1985;
    let single = if young { 12 } else { 18 };
    if (1960..2005).contains(&born) && dice.percent(single) {
        return format!("{surname}{}", dice.any(if male { MALE_SINGLE } else { FEMALE_SINGLE }));
    }
    let [first, second] = match (male, young) {
        (true, false) => MALE_OLD,
        (false, false) => FEMALE_OLD,
        (true, true) => MALE_YOUNG,
        (false, true) => FEMALE_YOUNG,
    };
    let one = dice.any(first);
    let other = dice.any(second);
    if one == other { format!("{surname}{one}") } else { format!("{surname}{one}{other}") }
}

/// A day in the year of birth of somebody so old; a newborn's lies in the year before.
pub(super) fn birth(dice: &mut Dice, age: i32) -> NaiveDate {
    let day = dice.between(1, 365).unsigned_abs();
    NaiveDate::from_yo_opt(YEAR - 1 - age, day).unwrap_or_default()
}

/// A mobile number in a range that is not in use.
pub(super) fn mobile(dice: &mut Dice) -> String {
    format!("154{:08}", dice.below(100_000_000))
}

/// Regions of first issue that do not exist.
pub(super) const ORIGINS: [u32; 5] = [990_101, 990_102, 990_103, 990_121, 990_122];

/// A citizen number that agrees with birth date and sex; its region, one of these, does not exist.
pub(super) fn identity_number(dice: &mut Dice, origins: &[u32], birth: NaiveDate, male: bool) -> String {
    let region = dice.pick(origins);
    let sequence = dice.below(500) * 2 + usize::from(male);
    let (year, month, day) = (birth.year(), birth.month(), birth.day());
    let body = format!("{region}{year:04}{month:02}{day:02}{sequence:03}");
    let check = identity_check_digit(&body);
    body + check.encode_utf8(&mut [0; 4])
}

/// A unified social credit code of an enterprise, in a region that does not exist.
pub(super) fn credit_code(dice: &mut Dice) -> String {
    let organisation = format!("MA{:06}", dice.below(1_000_000));
    let inner = organisation_check_character(&organisation);
    let body = format!("9199{:04}{organisation}{inner}", 101 + dice.below(20));
    let check = credit_check_character(&body);
    body + check.encode_utf8(&mut [0; 4])
}
