//! Where a world stands: places beside the demonstration's, areas, and the offices and branches in them.

use super::{
    found::{Ground, at},
    model::{Area, Branch, Department, Model, Place},
};
use entity::{
    area, area_village, branch, department,
    id::{AreaId, BranchId, DepartmentId, RegionId},
    kind::{BranchKind, RegionKind},
    region,
    scalar::RegionCode,
};
use lianhu_tests::Dice;

/// Code, kind, and how many households live there.
pub(super) const PLACES: [(&str, RegionKind, usize); 36] = {
    use RegionKind::{City, County, Grid, Group, Province, Township, Village};
    [
        ("98", Province, 0),
        ("9801", City, 0),
        ("980101", County, 0),
        ("980102", County, 0),
        // A city without counties.
        ("9802", City, 0),
        ("980101001", Township, 0),
        ("980101002", Township, 0),
        ("980102001", Township, 0),
        ("980200001", Township, 0),
        ("980101001001", Village, 14),
        ("980101001002", Village, 10),
        ("980101001003", Village, 8),
        ("980101002001", Village, 9),
        ("980101002002", Village, 7),
        ("980102001001", Village, 6),
        ("980200001001", Village, 6),
        ("980101001001001", Group, 0),
        ("980101001001002", Group, 0),
        ("980101001001101", Grid, 0),
        ("980101001001102", Grid, 0),
        ("980101001002001", Group, 0),
        ("980101001002002", Group, 0),
        ("980101001002101", Grid, 0),
        ("980101001002102", Grid, 0),
        ("980101001003001", Group, 0),
        ("980101001003101", Grid, 0),
        ("980101002001001", Group, 0),
        ("980101002001002", Group, 0),
        ("980101002001101", Grid, 0),
        ("980101002001102", Grid, 0),
        ("980101002002001", Group, 0),
        ("980101002002101", Grid, 0),
        ("980102001001001", Group, 0),
        ("980102001001101", Grid, 0),
        ("980200001001001", Group, 0),
        ("980200001001101", Grid, 0),
    ]
};

const AREAS: [&[&str]; 3] =
    [&["980101001001", "980101001002"], &["980101001003"], &["980101002001", "980101002002"]];

/// Seats of branches, and which of them is above.
const BRANCHES: [(&str, Option<usize>); 7] = [
    ("980101001", None),
    ("980101001001", Some(0)),
    ("980101001001", Some(1)),
    ("980101001001", Some(1)),
    ("980101001002", Some(0)),
    ("980101002001", None),
    ("980200001001", None),
];

const DEPARTMENTS: [&str; 6] = ["980101001", "980101001", "980101002", "980101", "980101001001", "980200001"];

pub(super) fn places(model: &mut Model, dice: &mut Dice) -> Vec<region::Model> {
    let mut rows: Vec<region::Model> = Vec::new();
    for (code, kind, _) in PLACES {
        let id: RegionId = dice.id();
        // Whatever has the longest beginning of the code; nothing lies below a group or grid.
        let parent = rows.iter().filter(|row| code.starts_with(&row.code.0));
        let parent = parent.max_by_key(|row| row.code.0.len()).cloned();
        let mut row = parent.clone().unwrap_or_else(|| region::Model {
            id,
            code: RegionCode(code.to_owned()),
            name: String::new(),
            kind,
            parent_id: None,
            province_id: None,
            city_id: None,
            county_id: None,
            township_id: None,
            village_id: None,
            group_id: None,
            grid_id: None,
            version: 1,
            since: None,
            until: None,
        });
        (row.id, row.kind, row.code, row.name) = (id, kind, RegionCode(code.to_owned()), format!("世{code}"));
        row.parent_id = parent.as_ref().map(|row| row.id);
        match kind {
            RegionKind::Province => row.province_id = Some(id),
            RegionKind::City => {
                row.city_id = Some(id);
                if code == "9802" {
                    row.county_id = Some(id);
                }
            }
            RegionKind::County => row.county_id = Some(id),
            RegionKind::Township => row.township_id = Some(id),
            RegionKind::Village => row.village_id = Some(id),
            RegionKind::Group => row.group_id = Some(id),
            RegionKind::Grid => row.grid_id = Some(id),
        }
        let mut within = vec![id];
        within.extend(parent.iter().flat_map(|row| model.place(row.id).within.clone()));
        model.places.push(Place { id, kind, name: row.name.clone(), within });
        rows.push(row);
    }
    rows
}

pub(super) fn areas(
    model: &mut Model,
    ground: &Ground,
    dice: &mut Dice,
) -> (Vec<area::Model>, Vec<area_village::Model>) {
    let (mut areas, mut rows) = (Vec::new(), Vec::new());
    for (n, codes) in AREAS.iter().enumerate() {
        let id: AreaId = dice.id();
        let villages: Vec<_> = codes.iter().map(|code| at(ground, code)).collect();
        let town = villages[0].township_id.expect("a township");
        let county_id = villages[0].county_id.expect("a county");
        areas.push(area::Model { id, name: format!("片{n}"), county_id, township_id: town, version: 1 });
        rows.extend(villages.iter().map(|row| area_village::Model { village_id: row.id, area_id: id }));
        let villages = villages.iter().map(|row| row.id).collect();
        model.areas.push(Area { id, villages, within: model.place(town).within.clone() });
    }
    (areas, rows)
}

pub(super) fn offices(
    model: &mut Model,
    ground: &Ground,
    dice: &mut Dice,
) -> (Vec<department::Model>, Vec<branch::Model>) {
    let (mut departments, mut branches) = (Vec::new(), Vec::<branch::Model>::new());
    for (n, code) in DEPARTMENTS.iter().enumerate() {
        let (id, at): (DepartmentId, _) = (dice.id(), at(ground, code));
        departments.push(department::Model {
            id,
            name: format!("世界部门{n}"),
            region_id: at.id,
            county_id: at.county_id,
            township_id: at.township_id,
            village_id: at.village_id,
            office_phone: None,
            version: 1,
        });
        model.departments.push(Department { id, within: model.place(at.id).within.clone() });
    }
    for (n, (code, above)) in BRANCHES.iter().enumerate() {
        let (id, at): (BranchId, _) = (dice.id(), at(ground, code));
        let above = above.map(|above| branches[above].id);
        branches.push(branch::Model {
            id,
            name: format!("世界支部{n}"),
            kind: if n < 2 { BranchKind::GeneralBranch } else { BranchKind::Branch },
            parent_id: above,
            region_id: at.id,
            county_id: at.county_id,
            township_id: at.township_id,
            village_id: at.village_id,
            version: 1,
        });
        model.branches.push(Branch { id, above, within: model.place(at.id).within.clone() });
    }
    (departments, branches)
}
