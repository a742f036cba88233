//! What an assignment is for: one of the four targets, with where it is.

use super::object::AssignmentCreateInput;
use crate::{
    household,
    kernel::{
        door::{self, unscoped},
        error::{Error, Refusal, Result},
        place::Place,
        scope::Facts,
        work::Work,
    },
    region,
};
use entity::{
    area, assignment, enterprise,
    id::{AreaId, BranchId, EnterpriseId, HouseholdId, RegionId},
    kind::{AssignmentKind, RegionKind},
};
use sea_orm::{ColumnTrait, Condition, QueryFilter};

/// What an assignment is for, with where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub(super) region: Option<RegionId>,
    pub(super) area: Option<AreaId>,
    pub(super) household: Option<HouseholdId>,
    pub(super) enterprise: Option<EnterpriseId>,
    pub(super) place: Place,
}

impl Target {
    pub(super) fn at(place: Place) -> Self {
        Self { region: None, area: None, household: None, enterprise: None, place }
    }

    pub(super) fn facts<'a>(&self, branches: &'a [BranchId]) -> Facts<'a> {
        Facts {
            place: self.place,
            household: self.household,
            enterprise: self.enterprise,
            branches,
            ..Facts::default()
        }
    }

    /// Who else has the same target: what the rule of the one primary contact compares.
    pub(super) fn same(&self) -> Condition {
        Condition::any()
            .add_option(self.household.map(|id| assignment::Column::HouseholdId.eq(id)))
            .add_option(self.enterprise.map(|id| assignment::Column::EnterpriseId.eq(id)))
            .add_option(self.region.map(|id| assignment::Column::RegionId.eq(id)))
            .add_option(self.area.map(|id| assignment::Column::AreaId.eq(id)))
    }
}

pub(super) fn wrong_target(field: &str) -> Error {
    Refusal::rule(
        "target",
        "kind",
        format!("此类包联的对象应由 {field} 给出，其他对象字段应留空。"),
        format!("The target of this kind is given by {field} alone."),
    )
    .into()
}

/// The target that fits the kind: exactly one of the four is given, and it is of the right level.
pub(super) async fn target(work: &Work, input: &AssignmentCreateInput) -> Result<Target> {
    let AssignmentCreateInput { kind, region_id, area_id, household_id, enterprise_id, .. } = input;
    let given = [region_id.is_some(), area_id.is_some(), household_id.is_some(), enterprise_id.is_some()];
    let alone = given.iter().filter(|&&given| given).count() == 1;
    match (kind, region_id, area_id, household_id, enterprise_id) {
        (AssignmentKind::Area, _, &Some(id), _, _) if alone => area_target(work, id).await,
        (AssignmentKind::Household, _, _, &Some(id), _) if alone => {
            let row = household::find(work, id, "householdId").await?;
            Ok(Target { household: Some(id), ..Target::at(household::place(&row)) })
        }
        (AssignmentKind::Enterprise, _, _, _, &Some(id)) if alone => enterprise_target(work, id).await,
        (AssignmentKind::Township | AssignmentKind::Village | AssignmentKind::Group, &Some(id), _, _, _)
            if alone =>
        {
            region_target(work, *kind, id).await
        }
        (AssignmentKind::Area, ..) => Err(wrong_target("areaId")),
        (AssignmentKind::Household, ..) => Err(wrong_target("householdId")),
        (AssignmentKind::Enterprise, ..) => Err(wrong_target("enterpriseId")),
        _ => Err(wrong_target("regionId")),
    }
}

async fn region_target(work: &Work, kind: AssignmentKind, id: RegionId) -> Result<Target> {
    let region = region::find(work, id, "regionId").await?;
    let fits = match kind {
        AssignmentKind::Township => region.kind == RegionKind::Township,
        AssignmentKind::Village => region.kind == RegionKind::Village,
        _ => matches!(region.kind, RegionKind::Group | RegionKind::Grid),
    };
    if !fits {
        return Err(Refusal::rule(
            "target-level",
            "regionId",
            "区域的级别与包联类型不符。",
            "The level of the region does not fit the kind of assignment.",
        )
        .into());
    }
    Ok(Target { region: Some(id), ..Target::at(Place::from(&region)) })
}

async fn area_target(work: &Work, id: AreaId) -> Result<Target> {
    let area = unscoped::<area::Entity>()
        .filter(area::Column::Id.eq(id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found("areaId"))?;
    let place =
        Place { county_id: Some(area.county_id), township_id: Some(area.township_id), ..Place::default() };
    Ok(Target { area: Some(id), ..Target::at(place) })
}

async fn enterprise_target(work: &Work, id: EnterpriseId) -> Result<Target> {
    let row = door::within::<enterprise::Entity>(work.ctx.scope(), work.ctx.backend())
        .filter(enterprise::Column::Id.eq(id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found("enterpriseId"))?;
    Ok(Target { enterprise: Some(id), ..Target::at(crate::enterprise::place(&row)) })
}
