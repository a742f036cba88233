//! The three counties as they are, and below two of their towns groups, grids and areas that are made up.

use super::Making;
use crate::{
    kernel::standards::parent_region_code,
    region::{blank, import::Sheet, placed},
};
use entity::{
    area, area_village,
    id::{AreaId, RegionId},
    kind::RegionKind,
    region,
    scalar::RegionCode,
};
use sea_orm::DbErr;
use std::collections::HashMap;

/// Codes and names of the three counties.
const REGIONS: &str = include_str!("../../data/regions.csv");

/// What a village of the demonstration is made with.
pub(super) struct VillagePlan<'a> {
    pub(super) code: &'a str,
    pub(super) households: usize,
    pub(super) grids: usize,
    /// Members of the two committees, the secretary among them.
    pub(super) officials: usize,
    pub(super) groups: &'a [&'a str],
}

/// 纳章镇: 3 635 households in 66 groups.
pub(super) const NAZHANG: [VillagePlan<'static>; 5] = [
    VillagePlan {
        code: "530304101001",
        households: 980,
        grids: 4,
        officials: 11,
        groups: &[
            "老街",
            "新街",
            "集镇",
            "上纳章",
            "下纳章",
            "大桥边",
            "学堂坡",
            "车站",
            "砖瓦窑",
            "大田边",
            "小龙井",
            "石灰窑",
            "东门",
            "南门",
            "西门",
            "北门",
            "后山",
            "前所",
        ],
    },
    VillagePlan {
        code: "530304101200",
        households: 745,
        grids: 3,
        officials: 9,
        groups: &[
            "大竹园",
            "水凹",
            "小竹园",
            "上营",
            "下营",
            "新村",
            "石板桥",
            "白土坡",
            "梨园",
            "松树林",
            "大坡脚",
            "龙潭边",
            "岔河",
            "老围墙",
        ],
    },
    VillagePlan {
        code: "530304101201",
        households: 700,
        grids: 3,
        officials: 9,
        groups: &[
            "大村",
            "小村",
            "上曲宗",
            "下曲宗",
            "马场",
            "红土沟",
            "庙山",
            "大石头",
            "杨梅冲",
            "沙坝",
            "新房子",
            "水井边",
            "青树脚",
        ],
    },
    VillagePlan {
        code: "530304101202",
        households: 650,
        grids: 3,
        officials: 8,
        groups: &[
            "大方郎",
            "小方郎",
            "中村",
            "梁子上",
            "黑泥塘",
            "花椒地",
            "核桃箐",
            "李子树",
            "大水塘",
            "新寨",
            "河边",
        ],
    },
    VillagePlan {
        code: "530304101203",
        households: 560,
        grids: 2,
        officials: 7,
        groups: &[
            "上龙洞",
            "下龙洞",
            "烂泥箐",
            "凹子",
            "麦地冲",
            "羊街子",
            "竹箐",
            "岩脚",
            "大营盘",
            "小海子",
        ],
    },
];

const NUMBERED: &[&str] = &["一组", "二组", "三组", "四组", "五组", "六组"];

const fn plain(code: &'static str, households: usize, groups: usize, grids: usize) -> VillagePlan<'static> {
    VillagePlan { code, households, grids, officials: 4, groups: NUMBERED.split_at(groups).0 }
}

/// 万坊镇: 14 villages and a community, 1 200 households.
pub(super) const WANFANG: [VillagePlan<'static>; 15] = [
    plain("361021108001", 80, 4, 2),
    plain("361021108200", 70, 5, 0),
    plain("361021108201", 95, 6, 1),
    plain("361021108202", 90, 6, 1),
    plain("361021108203", 75, 5, 0),
    plain("361021108204", 85, 5, 1),
    plain("361021108205", 70, 4, 0),
    plain("361021108206", 90, 6, 1),
    plain("361021108207", 85, 5, 1),
    plain("361021108208", 70, 5, 0),
    plain("361021108209", 110, 6, 2),
    plain("361021108210", 80, 5, 0),
    plain("361021108211", 80, 5, 1),
    plain(NOBODYS_VILLAGE, 55, 4, 0),
    plain("361021108213", 65, 4, 0),
];

/// The village of 万坊镇 that no cadre of the township is answerable for.
pub(super) const NOBODYS_VILLAGE: &str = "361021108212";

/// Areas: a town, a name, the villages.
const AREAS: [(&str, &str, &[&str]); 6] = [
    ("530304101", "集镇片区", &["530304101001", "530304101200"]),
    ("530304101", "山区片区", &["530304101201", "530304101202", "530304101203"]),
    (
        "361021108",
        "万坊片区",
        &["361021108001", "361021108209", "361021108210", "361021108211", "361021108213"],
    ),
    ("361021108", "港口片区", &["361021108202", "361021108203", "361021108204", "361021108205"]),
    (
        "361021108",
        "徐家桥片区",
        &["361021108200", "361021108201", "361021108206", "361021108207", "361021108208"],
    ),
    (
        "361021100",
        "城东片区",
        &["361021100012", "361021100013", "361021100014", "361021100200", "361021100201"],
    ),
];

/// A town with what stands below it.
pub(super) struct Town {
    pub(super) region: region::Model,
    pub(super) county: region::Model,
    pub(super) name: String,
    /// Name of the county, as addresses have it.
    pub(super) county_name: String,
    pub(super) villages: Vec<Village>,
    pub(super) areas: Vec<(AreaId, Vec<RegionId>)>,
}

/// A village with its groups and grids.
pub(super) struct Village {
    pub(super) region: region::Model,
    /// `竹园村`, `纳章社区`.
    pub(super) name: String,
    pub(super) officials: usize,
    pub(super) grids: Vec<region::Model>,
    pub(super) groups: Vec<Group>,
}

/// A villagers' group.
pub(super) struct Group {
    pub(super) region: region::Model,
    /// `水凹`.
    pub(super) name: String,
    pub(super) households: usize,
}

impl Village {
    /// The grid that a group lies in.
    pub(super) fn grid_of(&self, group: usize) -> Option<&region::Model> {
        self.grids.get(group * self.grids.len() / self.groups.len().max(1))
    }
}

/// All regions by their code.
pub(super) type Regions = HashMap<String, region::Model>;

/// Lays down the regions of the three counties.
pub(super) fn counties(making: &mut Making) -> Result<Regions, DbErr> {
    let mut rows = Sheet::read(REGIONS.as_bytes())
        .rows()
        .map_err(|faults| DbErr::Custom(format!("data/regions.csv: {faults:?}")))?;
    rows.sort_by_key(|row| row.code.len());
    let mut regions = Regions::new();
    for row in rows {
        let region = blank(making.dice.id(), RegionCode(row.code), row.name, row.kind);
        let above = parent_region_code(region.kind, &region.code.0).and_then(|above| regions.get(above));
        let region = placed(region, above);
        making.rows.regions.push(region.clone());
        regions.insert(region.code.0.clone(), region);
    }
    Ok(regions)
}

/// One region of the three counties.
pub(super) fn find(regions: &Regions, code: &str) -> Result<region::Model, DbErr> {
    regions.get(code).cloned().ok_or_else(|| DbErr::Custom(format!("data/regions.csv has no region {code}")))
}

/// Makes a town's groups, grids and areas.
pub(super) fn town(
    making: &mut Making,
    regions: &Regions,
    code: &str,
    villages: &[VillagePlan<'_>],
) -> Result<Town, DbErr> {
    let region = find(regions, code)?;
    let county = find(regions, &code[..6])?;
    let villages = villages
        .iter()
        .map(|plan| Ok(village(making, find(regions, plan.code)?, plan)))
        .collect::<Result<_, DbErr>>()?;
    let areas = areas(making, regions, &region)?;
    Ok(Town { name: region.name.clone(), county_name: county.name.clone(), region, county, villages, areas })
}

/// Makes a village's groups and grids.
pub(super) fn village(making: &mut Making, region: region::Model, plan: &VillagePlan<'_>) -> Village {
    let community = region.name.ends_with("居委会") || region.name.ends_with("居民委员会");
    let name = short(&region.name, community);
    let sizes = making.dice.split(plan.households, plan.groups.len());
    let mut groups = Vec::new();
    for (at, (own, households)) in plan.groups.iter().zip(sizes).enumerate() {
        let full = match own.strip_suffix('组') {
            Some(_) => (*own).to_owned(),
            None if community => format!("{own}居民小组"),
            None => format!("{own}村民小组"),
        };
        let code = format!("{}{:03}", plan.code, at + 1);
        let region =
            placed(blank(making.dice.id(), RegionCode(code), full, RegionKind::Group), Some(&region));
        making.rows.regions.push(region.clone());
        groups.push(Group { region, name: (*own).to_owned(), households });
    }
    let mut grids = Vec::new();
    for at in 1..=plan.grids {
        let code = format!("{}{:03}", plan.code, 900 + at);
        let name = format!("{name}第{}网格", super::numeral(at));
        let region = placed(blank(making.dice.id(), RegionCode(code), name, RegionKind::Grid), Some(&region));
        making.rows.regions.push(region.clone());
        grids.push(region);
    }
    Village { region, name, officials: plan.officials, grids, groups }
}

/// Areas of a town that has no further part in the demonstration.
pub(super) fn other_areas(making: &mut Making, regions: &Regions) -> Result<(), DbErr> {
    let town = find(regions, "361021100")?;
    areas(making, regions, &town).map(drop)
}

fn areas(
    making: &mut Making,
    regions: &Regions,
    town: &region::Model,
) -> Result<Vec<(AreaId, Vec<RegionId>)>, DbErr> {
    let mut made = Vec::new();
    for (_, name, codes) in AREAS.iter().filter(|(of, ..)| *of == town.code.0) {
        let villages = codes.iter().map(|code| find(regions, code).map(|village| village.id));
        made.push(area(making, town, name, villages.collect::<Result<_, _>>()?));
    }
    Ok(made)
}

/// Makes an area of a town of these villages.
pub(super) fn area(
    making: &mut Making,
    town: &region::Model,
    name: &str,
    villages: Vec<RegionId>,
) -> (AreaId, Vec<RegionId>) {
    let id: AreaId = making.dice.id();
    making.rows.areas.push(area::Model {
        id,
        name: name.to_owned(),
        county_id: town.county_id.unwrap_or(town.id),
        township_id: town.id,
        version: 1,
    });
    let rows = villages.iter().map(|village_id| area_village::Model { village_id: *village_id, area_id: id });
    making.rows.area_villages.extend(rows);
    (id, villages)
}

/// A village's name without its committee: 竹园村民委员会 is 竹园村, 万坊居委会 is 万坊社区.
fn short(name: &str, community: bool) -> String {
    let endings = if community { ["居民委员会", "居委会"] } else { ["民委员会", "委会"] };
    let stem = endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
    if community && !stem.ends_with("社区") { format!("{stem}社区") } else { stem.to_owned() }
}
