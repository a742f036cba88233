//! What is around the household of the matrix, and how the ties of the page are tied to it.

use super::rows::{assigned, put};
use entity::{
    area_village, assignment, branch, department, enterprise, grant, household,
    id::{BranchId, DepartmentId},
    kind::{AssignmentKind, BranchKind, RegionKind},
    region,
    scalar::Date,
};
use lianhu_tests::World;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use std::collections::HashMap;
use uuid::Uuid;

/// What the demonstration has around the household.
pub(super) struct Around {
    pub regions: HashMap<&'static str, region::Model>,
    pub area: area_village::Model,
    pub home: household::Model,
    pub neighbour: household::Model,
    pub firm: enterprise::Model,
    other_firm: enterprise::Model,
    pub branches: HashMap<&'static str, BranchId>,
    pub departments: HashMap<&'static str, DepartmentId>,
}

pub(super) const CREDIT: &str = "91350100M000100Y43";
pub(super) const NUMBER: &str = "矩阵-1";

async fn regions(world: &World) -> HashMap<&'static str, region::Model> {
    let all = region::Entity::find().all(world.state.db.read()).await.expect("regions");
    let code =
        |code: &str| all.iter().find(|row| row.code.0 == code).unwrap_or_else(|| panic!("{code}")).clone();
    let village = code("530304101200");
    let of = |kind: RegionKind, nth: usize| {
        let mut rows: Vec<_> =
            all.iter().filter(|row| row.kind == kind && row.village_id == Some(village.id)).collect();
        rows.sort_by_key(|row| row.code.0.clone());
        rows[nth].clone()
    };
    HashMap::from([
        ("grid", of(RegionKind::Grid, 0)),
        ("next grid", of(RegionKind::Grid, 1)),
        ("group", of(RegionKind::Group, 0)),
        ("next group", of(RegionKind::Group, 1)),
        ("village", village),
        ("township", code("530304101")),
        ("county", code("530304")),
        ("city", code("5303")),
        ("next village", code("530304101203")),
        ("next township", code("530304002")),
        ("other county", code("361021108202")),
    ])
}

impl Around {
    pub(super) async fn make(world: &World) -> Self {
        let regions = regions(world).await;
        let admin = world.actor("town-admin").await;
        // Neighbours in one group, yet in two grids.
        let home = |number: &str| {
            let grid = if number == NUMBER { "grid" } else { "next grid" };
            json!({"regionId": regions["group"].id.to_string(), "gridId": regions[grid].id.to_string(),
                   "number": number, "address": "大竹园 18 号", "phone": "13887419901", "housing": "砖混两层",
                   "yearlyIncome": "43000.00", "incomeSource": "烤烟", "tags": ["MONITORED", "DISABILITY"],
                   "members": [{"name": "矩阵户主", "relation": "HEAD", "phone": "13887419902", "sex": "FEMALE",
                                "identityNumber": (number == NUMBER).then_some("11010519491231002X")}]})
        };
        for number in [NUMBER, "矩阵-2"] {
            let made = admin
                .change("householdCreate", "HouseholdCreateInput", "household { id }", home(number))
                .await;
            assert_eq!(made["errors"], json!([]), "{made}");
        }
        let firm = |name: &str, code: &str| {
            json!({"regionId": regions["village"].id.to_string(), "name": name, "creditCode": code, "size": "SMALL",
                   "trade": "农业", "employees": 7, "legalRepresentative": "甲", "contactPerson": "乙",
                   "phone": "13887419903"})
        };
        for (name, code) in [("矩阵农业公司", CREDIT), ("旁边农业公司", "91310000775785552L")] {
            let made = admin
                .change("enterpriseCreate", "EnterpriseCreateInput", "enterprise { id }", firm(name, code))
                .await;
            assert_eq!(made["errors"], json!([]), "{made}");
        }
        let db = world.state.db.read();
        let homes = household::Entity::find().filter(household::Column::Number.starts_with("矩阵-"));
        let homes = homes.all(db).await.expect("households");
        let numbered = |number: &str| homes.iter().find(|row| row.number == number).expect("made").clone();
        let firms = enterprise::Entity::find().all(db).await.expect("enterprises");
        let named = |name: &str| firms.iter().find(|row| row.name == name).expect("made").clone();
        let area =
            area_village::Entity::find().filter(area_village::Column::VillageId.eq(regions["village"].id));
        let area = area.one(db).await.expect("a row").expect("an area around the village");
        let mut around = Self {
            home: numbered(NUMBER),
            neighbour: numbered("矩阵-2"),
            firm: named("矩阵农业公司"),
            other_firm: named("旁边农业公司"),
            area,
            regions,
            branches: HashMap::new(),
            departments: HashMap::new(),
        };
        around.organise(world).await;
        around
    }

    /// Party branches and departments.
    async fn organise(&mut self, world: &World) {
        let mut top = None;
        for (name, at) in [
            ("the branch above", "village"),
            ("the contact's branch", "village"),
            ("another branch of the village", "village"),
            ("branch of the next village", "next village"),
            ("branch of another county", "other county"),
        ] {
            let at = &self.regions[at];
            let id = BranchId(Uuid::now_v7());
            let first = top.is_none();
            top = top.or(Some(id));
            put(
                world,
                branch::Model {
                    id,
                    name: name.to_owned(),
                    kind: if first { BranchKind::GeneralBranch } else { BranchKind::Branch },
                    parent_id: top.filter(|_| name == "the contact's branch"),
                    region_id: at.id,
                    county_id: at.county_id,
                    township_id: at.township_id,
                    village_id: at.village_id,
                    version: 1,
                },
            )
            .await;
            self.branches.insert(name, id);
        }
        for (name, at) in [
            ("the department", "township"),
            ("another department of the township", "township"),
            ("department of the next township", "next township"),
            ("department of another county", "other county"),
            ("department of the village", "village"),
        ] {
            let at = &self.regions[at];
            let id = DepartmentId(Uuid::now_v7());
            put(
                world,
                department::Model {
                    id,
                    name: name.to_owned(),
                    region_id: at.id,
                    county_id: at.county_id,
                    township_id: at.township_id,
                    village_id: at.village_id,
                    office_phone: None,
                    version: 1,
                },
            )
            .await;
            self.departments.insert(name, id);
        }
    }

    /// Binds a grant as the tie says.
    pub(super) fn bind(&self, grant: &mut grant::Model, tie: &str) {
        if let Some(id) = self.branches.get(tie) {
            grant.branch_id = Some(*id);
        } else if let Some(id) = self.departments.get(tie) {
            grant.department_id = Some(*id);
        } else {
            match tie {
                "everywhere" => {}
                "own household" => grant.household_id = Some(self.home.id),
                "the neighbour's" => grant.household_id = Some(self.neighbour.id),
                "own enterprise" => grant.enterprise_id = Some(self.firm.id),
                "another enterprise of the village" => grant.enterprise_id = Some(self.other_firm.id),
                _ => grant.region_id = Some(self.region(tie).id),
            }
        }
    }

    /// An assignment as the tie says.
    pub(super) fn assign(&self, tie: &str, starts_on: Date, ends_on: Option<Date>) -> assignment::Model {
        use AssignmentKind::{Area, Enterprise, Group, Household, Township, Village};
        let tie = tie.trim_start_matches("assigned to ").trim_start_matches("assigned in ");
        let homes = |home: &household::Model| {
            let mut at = self.regions["group"].clone();
            at.grid_id = home.grid_id;
            let mut row = assigned(Household, &at, starts_on, ends_on);
            row.household_id = Some(home.id);
            row
        };
        let place = |kind, at: &region::Model| {
            let mut row = assigned(kind, at, starts_on, ends_on);
            row.region_id = Some(at.id);
            row
        };
        match tie {
            "the household" => homes(&self.home),
            "the neighbour" => homes(&self.neighbour),
            "the enterprise" => {
                let mut row = assigned(Enterprise, &self.regions["village"], starts_on, ends_on);
                row.enterprise_id = Some(self.firm.id);
                row
            }
            "its area" => {
                let mut row = assigned(Area, &self.regions["township"], starts_on, ends_on);
                row.area_id = Some(self.area.area_id);
                row
            }
            "another county" => place(Village, &self.regions["other county"]),
            _ => {
                let at = self.region(tie);
                let kind = match at.kind {
                    RegionKind::Group => Group,
                    RegionKind::Village => Village,
                    _ => Township,
                };
                place(kind, at)
            }
        }
    }

    fn region(&self, tie: &str) -> &region::Model {
        let name = tie.trim_start_matches("its ").trim_start_matches("the ");
        self.regions.get(name).unwrap_or_else(|| panic!("no such tie: {tie}"))
    }
}
