//! Accounts to try it with: one for each role, a few contacts, and one that may see nothing.

use super::{
    DemoAccount, Making, contacts,
    firms::Firm,
    login::{self, Bound, Login},
    offices::Offices,
    people::{CHAIR, People},
    places::Town,
};
use entity::{
    id::{AccountId, CadreId, HouseholdId},
    kind::Role,
};
use sea_orm::DbErr;
use std::collections::HashMap;

/// Accounts that others are made by, so that their identifiers are needed early.
#[derive(Clone, Copy)]
pub(super) struct Admins {
    platform: AccountId,
    county: AccountId,
    /// The administrator of 纳章镇.
    pub(super) nazhang: AccountId,
    /// The administrator of 南城县.
    pub(super) nancheng: AccountId,
}

impl Admins {
    pub(super) fn mint(making: &mut Making) -> Self {
        let dice = &mut making.dice;
        Self { platform: dice.id(), county: dice.id(), nazhang: dice.id(), nancheng: dice.id() }
    }
}

/// What the accounts are bound to.
pub(super) struct Scene {
    pub(super) nazhang: Town,
    pub(super) offices: Offices,
    pub(super) people: People,
    pub(super) firms: Vec<Firm>,
    pub(super) wanfang: Town,
    pub(super) wanfang_people: People,
}

/// Makes the accounts and their grants, and says how to sign in to each.
pub(super) fn accounts(
    making: &mut Making,
    admins: &Admins,
    scene: &Scene,
) -> Result<Vec<DemoAccount>, DbErr> {
    let chosen = Chosen::from(making, scene).ok_or_else(|| {
        DbErr::Custom("the demonstration has nobody to give one of its accounts to".to_owned())
    })?;
    let logins = logins(admins, scene, &chosen);
    Ok(login::open(making, logins, admins.platform))
}

/// The people and things that the accounts are about.
struct Chosen {
    contact: CadreId,
    household: HouseholdId,
    town_contact: CadreId,
    wanfang_contact: CadreId,
}

impl Chosen {
    fn from(making: &Making, scene: &Scene) -> Option<Self> {
        let mut loads: HashMap<CadreId, Vec<HouseholdId>> = HashMap::new();
        let live = making.rows.assignments.iter().filter(|row| row.ends_on.is_none() && row.is_primary);
        for row in live {
            if let (Some(cadre), Some(household)) = (row.cadre_id, row.household_id) {
                loads.entry(cadre).or_default().push(household);
            }
        }
        let load = |cadre: &CadreId| loads.get(cadre).map_or(0, Vec::len);
        // A member of 竹园村's committee, not its secretary, with an ordinary number of households.
        let contact = *scene.people.officials[1][1..].iter().find(|cadre| (8..=60).contains(&load(cadre)))?;
        let wanfang_contact =
            *scene.wanfang_people.officials[1][1..].iter().find(|cadre| (5..=60).contains(&load(cadre)))?;
        // The first of the staff are each answerable for a village: see `contacts`.
        let town_contact =
            *scene.people.staff[..scene.nazhang.villages.len()].iter().find(|cadre| load(cadre) > 0)?;
        let household = *loads.get(&contact)?.first()?;
        Some(Self { contact, household, town_contact, wanfang_contact })
    }
}

fn logins<'a>(admins: &Admins, scene: &'a Scene, chosen: &Chosen) -> Vec<Login<'a>> {
    let Scene { nazhang, offices, people, firms, wanfang, wanfang_people: _ } = scene;
    let (county, town) = (&nazhang.county, &nazhang.region);
    let secretarys = contacts::SECRETARYS_VILLAGE;
    let grid_workers = contacts::GRID_WORKERS_VILLAGE;
    let plain = |name, title, description, role| Login {
        id: None,
        name,
        role,
        title,
        description,
        cadre: None,
        region: Some(town),
        ended: None,
    };
    let here = Bound::Region(town.id);
    vec![
        Login {
            id: Some(admins.platform),
            region: None,
            ..plain(
                "platform-admin",
                "平台管理员 Platform administrator",
                "管账号、区域和配置，看不到任何一户 Accounts, regions, configuration; no household",
                Some((Role::PlatformAdmin, Bound::Everything)),
            )
        },
        Login {
            id: Some(admins.county),
            region: Some(county),
            ..plain(
                "county-admin",
                "区域管理员（马龙区） Region administrator of a county",
                "马龙区全区：名册、包联、导入、授权 All of 马龙区: rosters, assignments, imports, grants",
                Some((Role::RegionAdmin, Bound::Region(county.id))),
            )
        },
        Login {
            id: Some(admins.nazhang),
            ..plain(
                "town-admin",
                "区域管理员（纳章镇） Region administrator of a town",
                "纳章镇全镇：3635户 All of 纳章镇: 3,635 households",
                Some((Role::RegionAdmin, here)),
            )
        },
        Login {
            cadre: people.leaders.get(CHAIR).copied(),
            ..plain(
                "leader",
                "领导 Leader",
                "纳章镇人大主席，读全镇 Chair of the people's congress of 纳章镇, reads all of the town",
                Some((Role::Leader, here)),
            )
        },
        Login {
            cadre: people.desk.first().copied(),
            ..plain(
                "dispatcher",
                "受理派单员 Dispatcher",
                "纳章镇派单；户只见编号、地址、户主 Desk of 纳章镇; of households number, address, head",
                Some((Role::Dispatcher, here)),
            )
        },
        Login {
            cadre: people.desk.get(1).copied(),
            ..plain(
                "supervisor",
                "督查员 Supervisor",
                "纳章镇督办、回访 Supervises and calls back in 纳章镇",
                Some((Role::Supervisor, here)),
            )
        },
        Login {
            cadre: people.officials[secretarys].first().copied(),
            region: Some(&nazhang.villages[secretarys].region),
            ..plain(
                "secretary",
                "支部书记 Branch secretary",
                "曲宗村党总支书记，看党员和包联，不看户 General branch of 曲宗村: its members, no household",
                Some((Role::BranchSecretary, Bound::Branch(offices.general[secretarys]))),
            )
        },
        Login {
            cadre: Some(people.handler),
            ..plain(
                "handler",
                "部门经办 Department handler",
                "纳章镇水务站副站长 Water station of 纳章镇",
                Some((Role::DepartmentHandler, Bound::Department(offices.stations[super::offices::WATER]))),
            )
        },
        Login {
            cadre: Some(chosen.contact),
            region: Some(&nazhang.villages[1].region),
            ..plain(
                "contact",
                "包联干部（村） Contact cadre of a village",
                "竹园村干部，只凭包联看自己的联系户 Village cadre of 竹园村; the own households, by assignment alone",
                None,
            )
        },
        Login {
            cadre: Some(chosen.town_contact),
            ..plain(
                "town-contact",
                "包联干部（镇） Contact cadre of the town",
                "纳章镇干部，包一个村并联系若干户 Town cadre with a village and some households",
                None,
            )
        },
        Login {
            cadre: people.grid_workers[grid_workers].first().copied(),
            region: Some(&nazhang.villages[grid_workers].region),
            ..plain(
                "grid-worker",
                "网格员 Grid worker",
                "竹园村第一网格 First grid of 竹园村",
                Some((Role::GridWorker, Bound::Region(nazhang.villages[grid_workers].grids[0].id))),
            )
        },
        plain(
            "resident",
            "群众 Resident",
            "竹园村一户，联系人即contact A household of 竹园村 whose contact is `contact`",
            Some((Role::Resident, Bound::Household(chosen.household))),
        ),
        plain(
            "enterprise",
            "企业联络员 Enterprise representative",
            "纳章镇一家企业 An enterprise of 纳章镇",
            Some((Role::EnterpriseRep, Bound::Enterprise(firms[0].id))),
        ),
        Login {
            region: Some(county),
            ..plain(
                "auditor",
                "审计员 Auditor",
                "马龙区的访问日志和审计记录，别无其他 Access log and audit trail of 马龙区, nothing else",
                Some((Role::Auditor, Bound::Region(county.id))),
            )
        },
        Login {
            region: Some(county),
            ..plain(
                "integration",
                "第三方 Integration",
                "马龙区统计平台，无个人信息 Statistics platform of 马龙区, no personal data",
                Some((Role::Integration, Bound::Region(county.id))),
            )
        },
        Login {
            cadre: Some(chosen.wanfang_contact),
            region: Some(&wanfang.villages[1].region),
            ..plain(
                "wanfang-contact",
                "包联干部（万坊镇） Contact cadre in another county",
                "万坊镇西坑村干部 Village cadre of 西坑村, 万坊镇",
                None,
            )
        },
        Login {
            id: Some(admins.nancheng),
            region: Some(&wanfang.county),
            ..plain(
                "nancheng-admin",
                "区域管理员（南城县） Region administrator of another county",
                "南城县全县 All of 南城县",
                Some((Role::RegionAdmin, Bound::Region(wanfang.county.id))),
            )
        },
        Login {
            ended: Some(0),
            ..plain(
                "nobody",
                "无权账号 Account without rights",
                "授权今日到期，什么也看不到 Its grant ended today: it sees nothing",
                Some((Role::Leader, here)),
            )
        },
    ]
}
