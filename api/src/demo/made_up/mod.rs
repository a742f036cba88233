//! Places of real size: a township, a county or a city that follows from a seed, for trying what a demonstration is too
//! small for.
//!
//! Nothing of it is real: the codes lie in a province that does not exist (99). Sizes are uneven as in life. It goes in
//! township by township, so that memory does not grow with the place.

mod accounts;
mod contacts;
pub mod country;
mod land;

use super::{
    DemoAccount, Making, Rows, Seal, cards, firms, homes, intake,
    offices::{self, Offices},
    people::{self, People, Plan},
    places::{self, Town, VillagePlan},
    visits, work,
};
use crate::kernel::{
    door::unscoped,
    error::{Fault, Result},
};
use chrono::NaiveDate;
use entity::{
    account, household,
    id::{CadreId, DepartmentId},
    kind::RegionKind,
    region,
};
use indicatif::ProgressBar;
use land::{Land, Lot};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, PaginatorTrait, QueryFilter, QuerySelect,
    TransactionTrait,
};

/// How large a place is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// 15 villages, 4 000 households.
    Township,
    /// About 24 townships, 370 villages, 150 000 households.
    County,
    /// Ten counties, 3 500 villages, 1 500 000 households.
    City,
}

/// What a place has, in numbers.
#[derive(Clone, Copy)]
struct Measure {
    counties: usize,
    towns: usize,
    villages: usize,
    households: usize,
    firms: usize,
    cadres: usize,
    /// Of a hundred households, those with a contact.
    covered: usize,
}

impl Scale {
    fn measure(self) -> Measure {
        match self {
            Self::Township => Measure {
                counties: 1,
                towns: 1,
                villages: 15,
                households: 4_000,
                firms: 60,
                cadres: 620,
                covered: 99,
            },
            Self::County => Measure {
                counties: 1,
                towns: 24,
                villages: 370,
                households: 150_000,
                firms: 2_500,
                cadres: 12_000,
                covered: 91,
            },
            Self::City => Measure {
                counties: 10,
                towns: 230,
                villages: 3_500,
                households: 1_500_000,
                firms: 25_000,
                cadres: 100_000,
                covered: 91,
            },
        }
    }
}

/// Rows that come with a household, for a first guess of how far the bar has to go.
const ROWS_A_HOUSEHOLD: usize = 22;

/// Fills an empty, migrated database with a made-up place, as if it had been in use until `today`: one transaction for
/// each township, the first of them with the accounts and everything above.
pub async fn fill(
    db: &DatabaseConnection,
    vault: &dyn Seal,
    today: NaiveDate,
    scale: Scale,
    seed: u64,
    progress: &ProgressBar,
) -> Result<Vec<DemoAccount>> {
    if scale == Scale::City && db.get_database_backend() != DbBackend::Postgres {
        return Err(Fault::input(
            "市级规模的数据只载入 PostgreSQL；SQLite 最多到县级（--scale county）。",
            "A city is loaded into PostgreSQL only; SQLite goes up to --scale county.",
        )
        .into());
    }
    must_be_empty(db).await?;
    let measure = scale.measure();
    let mut making = Making::new(seed, vault, today);
    let Land { regions, counties, lots } = land::land(&mut making.dice, &measure, scale);
    making.rows.regions = regions;
    for (at, county) in counties.iter().enumerate() {
        intake::categories(&mut making, county.id, seed.wrapping_add(to_u64(at)));
    }
    let admins = accounts::Admins::mint(&mut making, scale);
    let mut above: Vec<Above> = counties.iter().map(|_| Above::default()).collect();
    let (mut shown, mut done) = (Vec::new(), 0);
    progress.set_length(to_u64(measure.households * ROWS_A_HOUSEHOLD));
    for (at, lot) in lots.iter().enumerate() {
        progress.set_prefix(lot.region.name.clone());
        making.numbers.clear();
        making.origins = origins(at);
        let made = town(&mut making, &measure, lot, &counties[lot.county], &mut above[lot.county]);
        contacts::contacts(&mut making, &made, measure.covered, at, admins.first);
        cards::cards(&mut making, seed.wrapping_add(to_u64(at)));
        intake::points(&mut making, &made.town, &made.people, admins.first, seed.wrapping_add(to_u64(at)));
        if at == 0 {
            shown = accounts::accounts(&mut making, &admins, &made);
        }
        visits::visits(&mut making, &visits::YEARS, |_| admins.first);
        let code = [(lot.region.id, lot.region.code.0.clone())].into();
        work::work(&mut making, &visits::YEARS, 78, |_| admins.first, &code);
        let rows = std::mem::take(&mut making.rows);
        load(db, rows, progress).await?;
        done += lot.villages.iter().map(|(_, households)| households).sum::<usize>();
        let reckoned = u128::from(progress.position()) * u128::from(to_u64(measure.households));
        progress.set_length(u64::try_from(reckoned / u128::from(to_u64(done.max(1)))).unwrap_or(u64::MAX));
    }
    if db.get_database_backend() == DbBackend::Postgres {
        progress.set_message("ANALYZE");
        db.execute_unprepared("ANALYZE").await?;
    }
    Ok(shown)
}

async fn load(db: &DatabaseConnection, rows: Rows, progress: &ProgressBar) -> Result<()> {
    let txn = db.begin().await?;
    rows.load(&txn, progress).await?;
    Ok(txn.commit().await?)
}

/// Refuses a database that holds anything, and tells one that was left half filled.
async fn must_be_empty(db: &DatabaseConnection) -> Result<()> {
    let accounts = unscoped::<account::Entity>().count(db).await?;
    let towns =
        unscoped::<region::Entity>().filter(region::Column::Kind.eq(RegionKind::Township)).count(db).await?;
    if accounts == 0 && towns == 0 {
        return Ok(());
    }
    let filled = unscoped::<household::Entity>()
        .select_only()
        .column(household::Column::TownshipId)
        .distinct()
        .count(db)
        .await?;
    Err(Fault::input(
        format!(
            "数据库不是空的：{towns} 个乡镇中 {filled} 个已有户，另有 {accounts} 个账号。\
             模拟数据只载入刚建表的空库；上次中断的，请删库重来。"
        ),
        format!(
            "The database is not empty: {filled} of its {towns} townships have households, and there are {accounts} \
             accounts. A made-up place is loaded into a database that was just migrated; one that was left half filled \
             is dropped and made anew."
        ),
    )
    .into())
}

/// What the towns of a county share.
#[derive(Default)]
struct Above {
    leaders: Vec<CadreId>,
    bureaus: Option<Vec<DepartmentId>>,
}

/// A town with all who live and work in it.
struct Place {
    town: Town,
    offices: Offices,
    people: People,
    homes: Vec<Vec<homes::Home>>,
    firms: Vec<firms::Firm>,
}

fn town(
    making: &mut Making,
    measure: &Measure,
    lot: &Lot,
    county: &region::Model,
    above: &mut Above,
) -> Place {
    let (mut villages, mut staffed) = (Vec::new(), Staffed::default());
    for (region, households) in &lot.villages {
        let names = land::groups(&mut making.dice, (households / 45).clamp(3, 20));
        let plan = VillagePlan {
            code: &region.code.0,
            households: *households,
            grids: (households / 150).clamp(1, 8),
            officials: (3 + households / 150).clamp(4, 9),
            groups: &names.iter().map(String::as_str).collect::<Vec<_>>(),
        };
        staffed.groups += names.len();
        staffed.grids += plan.grids;
        staffed.officials += plan.officials;
        villages.push(places::village(making, region.clone(), &plan));
    }
    let ids: Vec<_> = lot.villages.iter().map(|(village, _)| village.id).collect();
    let areas = ids.chunks(ids.len().div_ceil(3).max(1)).zip(["东", "中", "西"]);
    let areas: Vec<_> = areas
        .map(|(some, side)| places::area(making, &lot.region, &format!("{side}部片区"), some.to_vec()))
        .collect();
    let town = Town {
        region: lot.region.clone(),
        county: county.clone(),
        name: lot.region.name.clone(),
        county_name: county.name.clone(),
        villages,
        areas,
    };
    let offices = offices::offices(making, &town, "0990", 3, above.bureaus.take());
    above.bureaus = Some(offices.bureaus.clone());
    let county_leaders = if above.leaders.is_empty() { 12 } else { 0 };
    let cadres = measure.cadres * ids.len() / measure.villages;
    let members = staffed.members(cadres.saturating_sub(county_leaders));
    let plan = Plan { county_leaders, staff: STAFF, group_leaders: GROUP_LEADERS, members };
    let people = people::people(making, &town, &offices, &plan, std::mem::take(&mut above.leaders));
    above.leaders.clone_from(&people.county_leaders);
    let centre = (26_000_000 + making.dice.between(-900_000, 900_000), 105_000_000);
    let centre = (centre.0, centre.1 + making.dice.between(-900_000, 900_000));
    let homes = homes::homes(making, &town, centre);
    let firms = firms::firms(making, &town, measure.firms * ids.len() / measure.villages);
    Place { town, offices, people, homes, firms }
}

/// Staff of a town, and of a hundred groups those with a leader on the roster.
const STAFF: usize = 44;
const GROUP_LEADERS: usize = 40;

/// How many hold a post in the villages of a town.
#[derive(Default)]
struct Staffed {
    groups: usize,
    grids: usize,
    officials: usize,
}

impl Staffed {
    /// Members of the party, so that with those who are in none the roster has so many.
    fn members(&self, cadres: usize) -> usize {
        let outside = STAFF / 4 + 3;
        let outside = outside + self.officials / 8 + self.groups * GROUP_LEADERS * 55 / 10_000;
        cadres.saturating_sub(outside + self.grids * 60 / 100)
    }
}

/// Regions that the citizen numbers of a township name: its own, so that none comes twice, and none that exists.
fn origins(town: usize) -> Vec<u32> {
    let first = 990_000 + u32::try_from(town).unwrap_or_default() * 5;
    (first..first + 5).collect()
}

fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
