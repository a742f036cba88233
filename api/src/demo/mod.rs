//! The demonstration: two towns with their people, made up from a fixed seed, the same on every machine.
//!
//! The regions are real. 纳章镇 has the size that its report tells of: 617 party members and 3 635 households, each with
//! a contact. 万坊镇 is smaller and has gaps, so that coverage has something to say. Nobody real is in it (`names`).
//! What is dated (terms of office, assignments, grants) is reckoned back from the day of loading; all else stays the same.

pub mod dice;
mod names;

mod places;
mod offices;
mod people;
mod homes;
mod firms;
mod contacts;
mod visits;
mod work;
mod cards;
mod intake;
mod login;
mod accounts;
mod rows;
pub mod made_up;

use crate::kernel::standards::mask_phone;
use chrono::{Days, NaiveDate};
use dice::Dice;
use entity::scalar::Date;
use indicatif::{ProgressBar, ProgressStyle};
use rows::Rows;
use sea_orm::{DatabaseConnection, DbErr, TransactionTrait};
use serde::Serialize;
use std::collections::HashSet;

/// How personal values are kept: sealed, with a keyed hash for look-up, and how passwords are hashed.
pub trait Seal: Send + Sync {
    /// Encrypts a telephone or citizen number.
    fn seal(&self, text: &str) -> Vec<u8>;
    /// A keyed hash of it, for exact look-up.
    fn fingerprint(&self, text: &str) -> Vec<u8>;
    /// Hashes a password.
    fn hash_password(&self, password: &str) -> String;
}

/// An account of the demonstration, to be printed for whoever tries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DemoAccount {
    /// What it holds, as in the schema: `REGION_ADMIN`; `CADRE` where the right is an assignment; `NOBODY`.
    pub role: String,
    /// The role in both languages.
    pub title: String,
    /// Name to sign in by.
    pub name: String,
    /// Password, plainly one of a demonstration.
    pub password: String,
    /// Whose account it is, in both languages.
    pub description: String,
}

/// Fills an empty, migrated database with the demonstration, in one transaction, as if it had been in use until `today`.
pub async fn fill(
    db: &DatabaseConnection,
    vault: &dyn Seal,
    today: NaiveDate,
) -> Result<Vec<DemoAccount>, DbErr> {
    let (rows, accounts) = make(vault, today)?;
    let progress = ProgressBar::new(u64::try_from(rows.count()).unwrap_or_default());
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
        progress.set_style(style);
    }
    let txn = db.begin().await?;
    rows.load(&txn, &progress).await?;
    txn.commit().await?;
    progress.finish_and_clear();
    Ok(accounts)
}

/// Makes all rows.
fn make(vault: &dyn Seal, today: NaiveDate) -> Result<(Rows, Vec<DemoAccount>), DbErr> {
    let mut making = Making::new(dice::SEED, vault, today);
    let regions = places::counties(&mut making)?;
    let admins = accounts::Admins::mint(&mut making);

    let nazhang = places::town(&mut making, &regions, "530304101", &places::NAZHANG)?;
    let offices = offices::offices(&mut making, &nazhang, "0874", 3, None);
    let people = people::people(&mut making, &nazhang, &offices, &people::NAZHANG, Vec::new());
    let homes = homes::homes(&mut making, &nazhang, (25_270_000, 103_390_000));
    let firms = firms::firms(&mut making, &nazhang, 40);
    contacts::nazhang(&mut making, &nazhang, &offices, &people, &homes, admins.nazhang);
    contacts::firms(&mut making, &people, &firms, admins.nazhang);

    let wanfang = places::town(&mut making, &regions, "361021108", &places::WANFANG)?;
    let wanfang_offices = offices::offices(&mut making, &wanfang, "0794", 5, None);
    let wanfang_people =
        people::people(&mut making, &wanfang, &wanfang_offices, &people::WANFANG, Vec::new());
    let wanfang_homes = homes::homes(&mut making, &wanfang, (27_690_000, 116_680_000));
    let wanfang_firms = firms::firms(&mut making, &wanfang, 25);
    contacts::wanfang(
        &mut making,
        &wanfang,
        &wanfang_offices,
        &wanfang_people,
        &wanfang_homes,
        admins.nancheng,
    );
    contacts::firms(&mut making, &wanfang_people, &wanfang_firms, admins.nancheng);
    places::other_areas(&mut making, &regions)?;
    cards::cards(&mut making, dice::SEED);
    intake::categories(&mut making, nazhang.county.id, dice::SEED);
    intake::points(&mut making, &nazhang, &people, admins.nazhang, dice::SEED);
    intake::categories(&mut making, wanfang.county.id, dice::SEED + 1);
    intake::points(&mut making, &wanfang, &wanfang_people, admins.nancheng, dice::SEED + 1);

    let scene = accounts::Scene { nazhang, offices, people, firms, wanfang, wanfang_people };
    let accounts = accounts::accounts(&mut making, &admins, &scene)?;
    let nancheng = scene.wanfang.county.id;
    visits::visits(&mut making, &visits::QUARTER, |of| {
        if of.county_id == nancheng { admins.nancheng } else { admins.nazhang }
    });
    let desk = |name: &str| making.rows.accounts.iter().find(|row| row.name == name).map(|row| row.id);
    let (desk, nazhang) = (desk("dispatcher").unwrap_or(admins.nazhang), scene.nazhang.region.id);
    let towns = [&scene.nazhang.region, &scene.wanfang.region].map(|town| (town.id, town.code.0.clone()));
    let by = |town| if town == nazhang { desk } else { admins.nancheng };
    work::work(&mut making, &visits::QUARTER, 6, by, &towns.into());
    Ok((making.rows, accounts))
}

/// What the makers share.
struct Making<'a> {
    dice: Dice,
    vault: &'a dyn Seal,
    today: NaiveDate,
    /// Citizen numbers that have been given.
    numbers: HashSet<String>,
    /// Regions that citizen numbers name.
    origins: Vec<u32>,
    /// Credit codes that have been given.
    credit_codes: HashSet<String>,
    rows: Rows,
}

/// A telephone number as it is stored: sealed, masked, hashed.
#[derive(Default)]
struct StoredPhone {
    sealed: Option<Vec<u8>>,
    masked: Option<String>,
    hash: Option<Vec<u8>>,
}

impl<'a> Making<'a> {
    fn new(seed: u64, vault: &'a dyn Seal, today: NaiveDate) -> Self {
        Self {
            dice: Dice::new(seed),
            vault,
            today,
            numbers: HashSet::new(),
            origins: names::ORIGINS.to_vec(),
            credit_codes: HashSet::new(),
            rows: Rows::default(),
        }
    }

    /// The day so many days before the day of loading.
    fn ago(&self, days: i32) -> Date {
        Date(self.today.checked_sub_days(Days::new(u64::try_from(days).unwrap_or(0))).unwrap_or_default())
    }

    /// A day between so many and so many days before the day of loading.
    fn once(&mut self, least: i32, most: i32) -> Date {
        let days = self.dice.between(least, most);
        self.ago(days)
    }

    fn phone(&self, digits: &str) -> StoredPhone {
        StoredPhone {
            sealed: Some(self.vault.seal(digits)),
            masked: Some(mask_phone(digits)),
            hash: Some(self.vault.fingerprint(digits)),
        }
    }
}

/// A small number in Chinese, up to 99.
fn numeral(number: usize) -> String {
    const DIGITS: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let ten = match number / 10 {
        0 => String::new(),
        1 => "十".to_owned(),
        tens => format!("{}十", DIGITS[tens % 10]),
    };
    ten + DIGITS[number % 10]
}
