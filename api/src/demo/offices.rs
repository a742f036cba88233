//! Departments of counties and towns, and the party tree.

use super::{Making, numeral, places::Town};
use entity::{
    branch, department,
    id::{BranchId, DepartmentId, RegionId},
    kind::BranchKind,
    region,
};

/// Stations of a town, with the title of who heads them. The place in this list is used below and in `accounts`.
pub(super) const STATIONS: [(&str, &str); 13] = [
    ("党政综合办公室", "主任"),
    ("党建工作办公室", "主任"),
    ("经济发展办公室", "主任"),
    ("社会事务办公室", "主任"),
    ("平安法治办公室", "主任"),
    ("水务站", "站长"),
    ("农业综合服务中心", "主任"),
    ("林业站", "站长"),
    ("国土和村镇规划建设服务中心", "主任"),
    ("社会保障服务中心", "主任"),
    ("文化综合服务中心", "主任"),
    ("综合行政执法队", "队长"),
    ("乡村振兴办公室", "主任"),
];

/// Which of the stations looks after water.
pub(super) const WATER: usize = 5;

const BUREAUS: [&str; 12] = [
    "水务局",
    "民政局",
    "农业农村局",
    "交通运输局",
    "住房和城乡建设局",
    "人力资源和社会保障局",
    "卫生健康局",
    "教育体育局",
    "自然资源局",
    "信访局",
    "财政局",
    "林业和草原局",
];

/// A party branch with its groups.
pub(super) struct PartyBranch {
    pub(super) id: BranchId,
    pub(super) groups: Vec<BranchId>,
    /// Index of the village; none for the branch of the offices.
    pub(super) village: Option<usize>,
}

/// The offices of a town.
pub(super) struct Offices {
    /// Stations, in the order of `STATIONS`.
    pub(super) stations: Vec<DepartmentId>,
    /// Bureaus of the county.
    pub(super) bureaus: Vec<DepartmentId>,
    pub(super) committee: BranchId,
    /// A village's general branch, or its only branch.
    pub(super) general: Vec<BranchId>,
    /// The branch of the offices first.
    pub(super) branches: Vec<PartyBranch>,
}

/// Makes the departments and the party tree of a town. `groups_a_branch` says how many villagers' groups share a branch;
/// a village with no more than that has one branch and no general branch. `bureaus` are those of the county, if another
/// of its towns has brought them.
pub(super) fn offices(
    making: &mut Making,
    town: &Town,
    area_code: &str,
    groups_a_branch: usize,
    bureaus: Option<Vec<DepartmentId>>,
) -> Offices {
    let stations = STATIONS.iter().enumerate().map(|(at, (name, _))| {
        department(
            making,
            &town.region,
            &format!("{}{name}", town.name),
            &format!("{area_code}-555{:04}", 2001 + at),
        )
    });
    let stations = stations.collect();
    let bureaus = bureaus.unwrap_or_else(|| {
        let bureaus = BUREAUS.iter().enumerate().map(|(at, name)| {
            let name = format!("{}{name}", town.county_name);
            department(making, &town.county, &name, &format!("{area_code}-555{:04}", 1001 + at))
        });
        bureaus.collect()
    });

    let name = format!("中共{}委员会", town.name);
    let committee = party(making, &town.region, name, BranchKind::Committee, None);
    let mut branches = Vec::new();
    let name = format!("{}机关党支部", town.name);
    let id = party(making, &town.region, name, BranchKind::Branch, Some(committee));
    branches.push(PartyBranch { id, groups: Vec::new(), village: None });
    let mut general = Vec::new();
    for (at, village) in town.villages.iter().enumerate() {
        let count = village.groups.len().div_ceil(groups_a_branch);
        if count < 2 {
            let name = format!("{}党支部", village.name);
            let id = party(making, &village.region, name, BranchKind::Branch, Some(committee));
            general.push(id);
            branches.push(PartyBranch { id, groups: Vec::new(), village: Some(at) });
            continue;
        }
        let name = format!("{}党总支", village.name);
        let above = party(making, &village.region, name, BranchKind::GeneralBranch, Some(committee));
        general.push(above);
        for number in 1..=count {
            let name = format!("{}第{}党支部", village.name, numeral(number));
            let id = party(making, &village.region, name, BranchKind::Branch, Some(above));
            let groups = if number % 2 == 1 { 2 } else { 0 };
            let groups = (1..=groups).map(|group| {
                let name = format!("{}第{}党支部第{}党小组", village.name, numeral(number), numeral(group));
                party(making, &village.region, name, BranchKind::Group, Some(id))
            });
            let groups = groups.collect();
            branches.push(PartyBranch { id, groups, village: Some(at) });
        }
    }
    Offices { stations, bureaus, committee, general, branches }
}

fn department(making: &mut Making, region: &region::Model, name: &str, phone: &str) -> DepartmentId {
    let id = making.dice.id();
    making.rows.departments.push(department::Model {
        id,
        name: name.to_owned(),
        region_id: region.id,
        county_id: region.county_id,
        township_id: region.township_id,
        village_id: region.village_id,
        office_phone: Some(phone.to_owned()),
        version: 1,
    });
    id
}

fn party(
    making: &mut Making,
    region: &region::Model,
    name: String,
    kind: BranchKind,
    parent_id: Option<BranchId>,
) -> BranchId {
    let id = making.dice.id();
    let region_id: RegionId = region.id;
    making.rows.branches.push(branch::Model {
        id,
        name,
        kind,
        parent_id,
        region_id,
        county_id: region.county_id,
        township_id: region.township_id,
        village_id: region.village_id,
        version: 1,
    });
    id
}
