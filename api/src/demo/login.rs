//! Accounts before they are written: whose they are, what is granted to them, and how to sign in.

use super::{DemoAccount, Making};
use chrono::NaiveTime;
use entity::{
    account, grant,
    id::{AccountId, BranchId, CadreId, DepartmentId, EnterpriseId, HouseholdId, RegionId},
    kind::{AccountStatus, Role},
    region,
    scalar::DateTime,
};
use sea_orm::ActiveEnum;

/// What a role is bound to.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    Everything,
    Region(RegionId),
    Branch(BranchId),
    Department(DepartmentId),
    Household(HouseholdId),
    Enterprise(EnterpriseId),
}

/// One account before it is written.
pub(super) struct Login<'a> {
    pub(super) id: Option<AccountId>,
    pub(super) name: &'static str,
    pub(super) role: Option<(Role, Bound)>,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) cadre: Option<CadreId>,
    pub(super) region: Option<&'a region::Model>,
    /// Days ago on which the grant ended.
    pub(super) ended: Option<i32>,
}

/// Makes the accounts and their grants, given by the platform's administrator, and says how to sign in to each.
pub(super) fn open(making: &mut Making, logins: Vec<Login<'_>>, platform: AccountId) -> Vec<DemoAccount> {
    let passwords: Vec<String> = logins.iter().map(|login| format!("lianhu-demo-{}", login.name)).collect();
    let hashes = hashes(making, &passwords);
    let created_at = created_at(making);
    let mut shown = Vec::new();
    for ((login, password), password_hash) in logins.into_iter().zip(passwords).zip(hashes) {
        let id = login.id.unwrap_or_else(|| making.dice.id());
        let region = login.region;
        making.rows.accounts.push(account::Model {
            id,
            name: login.name.to_owned(),
            password_hash,
            password_due: false,
            cadre_id: login.cadre,
            region_id: region.map(|region| region.id),
            county_id: region.and_then(|region| region.county_id),
            township_id: region.and_then(|region| region.township_id),
            village_id: region.and_then(|region| region.village_id),
            status: AccountStatus::Active,
            rights_version: 1,
            created_at,
            version: 1,
        });
        let by = (id != platform).then_some(platform);
        if let Some((role, bound)) = login.role {
            grant(making, id, role, bound, login.ended, by);
        }
        let role = match login.role {
            _ if login.ended.is_some() => "NOBODY".to_owned(),
            Some((role, _)) => role.to_value(),
            None if login.cadre.is_none() => "NOBODY".to_owned(),
            None => Role::Cadre.to_value(),
        };
        shown.push(DemoAccount {
            role,
            title: login.title.to_owned(),
            name: login.name.to_owned(),
            password,
            description: login.description.to_owned(),
        });
    }
    shown
}

/// Hashes the passwords on as many threads as there are cores: each takes a while by design.
fn hashes(making: &Making, passwords: &[String]) -> Vec<String> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let vault = making.vault;
    std::thread::scope(|scope| {
        let threads: Vec<_> = passwords
            .chunks(passwords.len().div_ceil(cores).max(1))
            .map(|some| {
                scope.spawn(move || some.iter().map(|one| vault.hash_password(one)).collect::<Vec<_>>())
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// Two months before the day of loading, at midnight UTC.
fn created_at(making: &Making) -> DateTime {
    DateTime::new(making.ago(60).0.and_time(NaiveTime::MIN).and_utc())
}

fn grant(
    making: &mut Making,
    account_id: AccountId,
    role: Role,
    bound: Bound,
    ended: Option<i32>,
    granted_by: Option<AccountId>,
) {
    let mut row = grant::Model {
        id: making.dice.id(),
        account_id,
        role,
        region_id: None,
        branch_id: None,
        department_id: None,
        household_id: None,
        enterprise_id: None,
        starts_on: making.once(35, 56),
        ends_on: ended.map(|days| making.ago(days)),
        granted_by,
        version: if ended.is_some() { 2 } else { 1 },
    };
    match bound {
        Bound::Everything => {}
        Bound::Region(id) => row.region_id = Some(id),
        Bound::Branch(id) => row.branch_id = Some(id),
        Bound::Department(id) => row.department_id = Some(id),
        Bound::Household(id) => row.household_id = Some(id),
        Bound::Enterprise(id) => row.enterprise_id = Some(id),
    }
    making.rows.grants.push(row);
}
