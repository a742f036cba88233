//! Accounts to try a made-up place with.

use super::{Place, Scale};
use crate::demo::{
    DemoAccount, Making,
    login::{self, Bound, Login},
};
use entity::{
    id::{AccountId, CadreId},
    kind::Role,
};
use std::collections::HashMap;

/// Households that the contact is to have, about.
const CARRIED: usize = 50;

/// Accounts that others are made by, so that their identifiers are needed early.
pub(super) struct Admins {
    platform: AccountId,
    county: AccountId,
    city: Option<AccountId>,
    /// By whom everything is assigned: the administrator of the whole place.
    pub(super) first: AccountId,
}

impl Admins {
    pub(super) fn mint(making: &mut Making, scale: Scale) -> Self {
        let (platform, county) = (making.dice.id(), making.dice.id());
        let city = (scale == Scale::City).then(|| making.dice.id());
        Self { platform, county, city, first: city.unwrap_or(county) }
    }
}

/// Makes the accounts in the first township and the county that it lies in.
pub(super) fn accounts(making: &mut Making, admins: &Admins, place: &Place) -> Vec<DemoAccount> {
    let Place { town, people, .. } = place;
    let here = Bound::Region(town.region.id);
    let plain = |name, title, description, role| Login {
        id: None,
        name,
        role,
        title,
        description,
        cadre: None,
        region: Some(&town.region),
        ended: None,
    };
    let of_county = |login| Login { region: Some(&town.county), ..login };
    let county = Bound::Region(town.county.id);
    let mut logins = vec![
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
            ..of_county(plain(
                "county-admin",
                "区域管理员（县） Region administrator of a county",
                "全县：名册、包联、导入、授权 All of a county: rosters, assignments, imports, grants",
                Some((Role::RegionAdmin, county)),
            ))
        },
        of_county(plain(
            "county-dispatcher",
            "受理派单员（县） Dispatcher of a county",
            "全县派单；户只见编号、地址、户主 Desk of a county; of households number, address, head",
            Some((Role::Dispatcher, county)),
        )),
        of_county(plain(
            "county-leader",
            "领导（县） Leader of a county",
            "读全县 Reads all of a county",
            Some((Role::Leader, county)),
        )),
        plain(
            "town-admin",
            "区域管理员（乡镇） Region administrator of a township",
            "全乡镇：名册、包联、导入、授权 All of a township: rosters, assignments, imports, grants",
            Some((Role::RegionAdmin, here)),
        ),
        Login {
            cadre: people.desk.first().copied(),
            ..plain(
                "dispatcher",
                "受理派单员 Dispatcher",
                "本乡镇派单；户只见编号、地址、户主 Desk of a township; of households number, address, head",
                Some((Role::Dispatcher, here)),
            )
        },
        Login {
            cadre: contact(making, people.officials.iter().flatten()),
            ..plain(
                "contact",
                "包联干部 Contact cadre",
                "村干部，只凭包联看自己的约五十户 Village cadre with about fifty households, by assignment alone",
                None,
            )
        },
        Login {
            cadre: people.grid_workers[0].first().copied(),
            region: Some(&town.villages[0].region),
            ..plain(
                "grid-worker",
                "网格员 Grid worker",
                "第一村第一网格 First grid of the first village",
                town.villages[0].grids.first().map(|grid| (Role::GridWorker, Bound::Region(grid.id))),
            )
        },
        plain(
            "nobody",
            "无权账号 Account without rights",
            "从未授权，什么也看不到 Nothing was ever granted to it: it sees nothing",
            None,
        ),
    ];
    if let (Some(id), Some(city)) = (admins.city, town.county.city_id) {
        logins.push(Login {
            id: Some(id),
            region: None,
            ..plain(
                "city-admin",
                "区域管理员（市） Region administrator of a city",
                "全市：名册、包联、导入、授权 All of the city: rosters, assignments, imports, grants",
                Some((Role::RegionAdmin, Bound::Region(city))),
            )
        });
    }
    login::open(making, logins, admins.platform)
}

/// Who of these carries nearly so many households as the contact is to have.
fn contact<'a>(making: &Making, of: impl Iterator<Item = &'a CadreId>) -> Option<CadreId> {
    let mut loads: HashMap<CadreId, usize> = HashMap::new();
    for row in making.rows.assignments.iter().filter(|row| row.ends_on.is_none()) {
        if let (Some(cadre), Some(_)) = (row.cadre_id, row.household_id) {
            *loads.entry(cadre).or_default() += 1;
        }
    }
    of.copied().min_by_key(|cadre| loads.get(cadre).map_or(CARRIED, |load| load.abs_diff(CARRIED)))
}
