//! What the words of a chunk stand for: targets and holders are looked up for all of its rows at once.

use super::{
    Col,
    read::{Asked, Draft},
};
use crate::{
    contact::{Target, rule},
    enterprise, household,
    kernel::{
        door::{any_of, unscoped},
        error::Result,
        place::Place,
        scope::Facts,
        sheet::{Hand, Intake, value::plain},
    },
    region::lookup::{Found, Places, Words, stands_for},
};
use entity::{
    area, assignment, cadre, department,
    id::{AreaId, AssignmentId, DepartmentId, EnterpriseId, HouseholdId, RegionId},
    kind::RegionKind,
    scalar::{CreditCode, Date},
};
use sea_orm::{ColumnTrait, Condition, FromQueryResult, QueryFilter, QuerySelect};
use std::collections::{HashMap, HashSet};

/// What of a target all its assignments have in common.
pub(super) type Aim = (Option<RegionId>, Option<AreaId>, Option<HouseholdId>, Option<EnterpriseId>);

pub(super) fn aim(target: &Target) -> Aim {
    (target.region, target.area, target.household, target.enterprise)
}

pub(super) fn aim_of(row: &assignment::Model) -> Aim {
    (row.region_id, row.area_id, row.household_id, row.enterprise_id)
}

#[derive(FromQueryResult)]
struct HomeAt {
    id: HouseholdId,
    number: String,
    county_id: RegionId,
    township_id: RegionId,
    village_id: RegionId,
    group_id: Option<RegionId>,
    grid_id: Option<RegionId>,
}

#[derive(FromQueryResult)]
struct FirmAt {
    id: EnterpriseId,
    credit_code: CreditCode,
    county_id: RegionId,
    township_id: RegionId,
    village_id: Option<RegionId>,
}

/// What is stored of what a chunk names, where the importer may bring in sheets or sees it.
#[derive(Default)]
pub(super) struct Known {
    homes: HashMap<(RegionId, String), (HouseholdId, Place)>,
    firms: HashMap<String, (EnterpriseId, Place)>,
    areas: Vec<area::Model>,
    cadres: Vec<cadre::Model>,
    departments: Vec<department::Model>,
}

/// Something that a row names.
pub(super) enum Told<T> {
    /// It does not name it.
    Not,
    /// This.
    This(T),
    /// Nothing that is known: told as a fault, or as one of what it depends on.
    Unknown,
}

/// The holder of an assignment.
pub(super) enum Held {
    Cadre(Box<cadre::Model>),
    Department(DepartmentId),
}

impl Known {
    /// Looks up what a chunk names. The places have been learnt.
    pub(super) async fn learn(intake: &Intake<'_>, drafts: &[Draft], villages: &mut Places) -> Result<Self> {
        let mut known = Self::default();
        known.learn_targets(intake, drafts, villages).await?;
        known.learn_holders(intake, drafts, villages).await?;
        Ok(known)
    }

    async fn learn_targets(
        &mut self,
        intake: &Intake<'_>,
        drafts: &[Draft],
        villages: &Places,
    ) -> Result<()> {
        let (mut homes, mut firms, mut areas) = (Vec::new(), Vec::new(), Vec::new());
        for draft in drafts {
            match &draft.target {
                Asked::Household(village, number) => {
                    if let Found::One(village) = villages.find(village) {
                        homes.push((village.id, number.clone()));
                    }
                }
                Asked::Enterprise(code) => firms.push(code.clone()),
                Asked::Area(_, name) => areas.push(name.clone()),
                _ => {}
            }
        }
        if !homes.is_empty() {
            use entity::household::Column::{CountyId, GridId, GroupId, Id, Number, TownshipId, VillageId};
            let within: HashSet<RegionId> = homes.iter().map(|(village, _)| *village).collect();
            let rows: Vec<HomeAt> = unscoped::<entity::household::Entity>()
                .select_only()
                .columns([Id, Number, CountyId, TownshipId, VillageId, GroupId, GridId])
                .filter(any_of(VillageId, within, intake.backend()))
                .filter(Number.is_in(homes.into_iter().map(|(_, number)| number)))
                .into_model()
                .all(intake.tx)
                .await?;
            self.homes = rows
                .into_iter()
                .map(|row| {
                    let place = Place {
                        county_id: Some(row.county_id),
                        township_id: Some(row.township_id),
                        village_id: Some(row.village_id),
                        group_id: row.group_id,
                        grid_id: row.grid_id,
                    };
                    ((row.village_id, row.number), (row.id, place))
                })
                .collect();
        }
        if !firms.is_empty() {
            use entity::enterprise::Column::{CountyId, CreditCode, Id, TownshipId, VillageId};
            let rows: Vec<FirmAt> = unscoped::<entity::enterprise::Entity>()
                .select_only()
                .columns([Id, CreditCode, CountyId, TownshipId, VillageId])
                .filter(CreditCode.is_in(firms))
                .into_model()
                .all(intake.tx)
                .await?;
            self.firms = rows
                .into_iter()
                .map(|row| {
                    let place = Place {
                        county_id: Some(row.county_id),
                        township_id: Some(row.township_id),
                        village_id: row.village_id,
                        ..Place::default()
                    };
                    (row.credit_code.0, (row.id, place))
                })
                .filter(|(_, (id, place))| {
                    let facts = Facts { place: *place, enterprise: Some(*id), ..Facts::default() };
                    intake.hand.may_import(&facts)
                })
                .collect();
        }
        if !areas.is_empty() {
            let rows =
                unscoped::<area::Entity>().filter(area::Column::Name.is_in(areas)).all(intake.tx).await?;
            self.areas =
                rows.into_iter().filter(|row| intake.hand.may_import(&Facts::from(place_of(row)))).collect();
        }
        Ok(())
    }

    async fn learn_holders(
        &mut self,
        intake: &Intake<'_>,
        drafts: &[Draft],
        places: &mut Places,
    ) -> Result<()> {
        let holders = || drafts.iter().map(|draft| &draft.holder);
        let ids: Vec<_> = holders().filter_map(|holder| holder.cadre_id).collect();
        let names: HashSet<_> = holders()
            .filter(|holder| holder.cadre_id.is_none())
            .filter_map(|holder| holder.name.clone())
            .collect();
        if !ids.is_empty() || !names.is_empty() {
            let condition = Condition::any()
                .add(any_of(cadre::Column::Id, ids, intake.backend()))
                .add(cadre::Column::Name.is_in(names));
            let seen = match intake.hand {
                Hand::Operator => unscoped::<cadre::Entity>(),
                Hand::Viewer(ctx) => ctx.within::<cadre::Entity>(),
            };
            self.cadres = seen.filter(condition).all(intake.tx).await?;
        }
        let ids: Vec<_> = holders()
            .filter_map(|holder| holder.department_id)
            .chain(self.cadres.iter().filter_map(|cadre| cadre.department_id))
            .collect();
        let names: HashSet<_> = holders().filter_map(|holder| holder.department.clone()).collect();
        if !ids.is_empty() || !names.is_empty() {
            let condition = Condition::any()
                .add(any_of(department::Column::Id, ids, intake.backend()))
                .add(department::Column::Name.is_in(names));
            self.departments = unscoped::<department::Entity>().filter(condition).all(intake.tx).await?;
        }
        let offices = self.cadres.iter().flat_map(|cadre| {
            std::iter::once(cadre.region_id).chain(cadre.county_id).chain(cadre.township_id)
        });
        let seats = self.departments.iter().map(|department| department.region_id);
        places.learn_names(intake, offices.chain(seats)).await
    }

    /// The target of a row.
    pub(super) fn target(
        &self,
        intake: &mut Intake<'_>,
        draft: &Draft,
        (towns, villages): (&Places, &Places),
    ) -> Told<Target> {
        let region = |target: Option<std::sync::Arc<entity::region::Model>>| match target {
            Some(row) => Told::This(Target { region: Some(row.id), ..Target::at(Place::from(row.as_ref())) }),
            None => Told::Unknown,
        };
        match &draft.target {
            Asked::Nothing => Told::Not,
            Asked::Township(words) => region(place(intake, draft, Col::Township, words, towns)),
            Asked::Village(words) => region(place(intake, draft, Col::Village, words, villages)),
            Asked::Part(words, name) => {
                let Some(village) = place(intake, draft, Col::Village, words, villages) else {
                    return Told::Unknown;
                };
                let found = [RegionKind::Group, RegionKind::Grid]
                    .into_iter()
                    .find_map(|kind| villages.part(village.id, kind, name));
                if found.is_none() {
                    intake.fault(
                        draft.line.row,
                        Col::Part,
                        "group",
                        format!("本村没有“{name}”；请填写已登记的小组或网格的名称。"),
                        format!("The village has no “{name}”; write the name of a group or grid that is registered."),
                    );
                }
                region(found)
            }
            Asked::Area(words, name) => self.area(intake, draft, words, name, towns),
            Asked::Household(words, number) => {
                let Some(village) = place(intake, draft, Col::Village, words, villages) else {
                    return Told::Unknown;
                };
                if let Some((id, place)) = self.homes.get(&(village.id, number.clone())) {
                    return Told::This(Target { household: Some(*id), ..Target::at(*place) });
                }
                if !intake.failed(household::roster::KIND, &household::roster::key(village.id, number)) {
                    intake.fault(
                        draft.line.row,
                        Col::Number,
                        "household",
                        "本村没有这个户编号；请先登记该户，或核对编号。",
                        "The village has no household of this number; register it first, or compare the number.",
                    );
                }
                Told::Unknown
            }
            Asked::Enterprise(code) => {
                if let Some((id, place)) = self.firms.get(code) {
                    return Told::This(Target { enterprise: Some(*id), ..Target::at(*place) });
                }
                if !intake.failed(enterprise::roster::KIND, code) {
                    intake.fault(
                        draft.line.row,
                        Col::Code,
                        "enterprise",
                        "没有这个统一社会信用代码的企业，或不在您的范围内；请先登记，或核对代码。",
                        "There is no enterprise of this credit code, or none within your scope; register it first, or compare the code.",
                    );
                }
                Told::Unknown
            }
        }
    }

    fn area(
        &self,
        intake: &mut Intake<'_>,
        draft: &Draft,
        words: &Words,
        name: &str,
        towns: &Places,
    ) -> Told<Target> {
        let town = if words.name.is_empty() {
            None
        } else {
            match place(intake, draft, Col::Township, words, towns) {
                Some(town) => Some(town.id),
                None => return Told::Unknown,
            }
        };
        let fits =
            |area: &&area::Model| area.name == name && town.is_none_or(|town| area.township_id == town);
        let mut found = self.areas.iter().filter(fits);
        match (found.next(), found.next()) {
            (Some(area), None) => {
                return Told::This(Target { area: Some(area.id), ..Target::at(place_of(area)) });
            }
            (None, _) => intake.fault(
                draft.line.row,
                Col::Area,
                "area",
                format!("没有片区“{name}”，或不在您的范围内；请填写已登记的片区和所在乡镇。"),
                format!("There is no area “{name}”, or none within your scope; write a registered one and its township."),
            ),
            (Some(_), Some(_)) => intake.fault(
                draft.line.row,
                Col::Area,
                "area-ambiguous",
                format!("有几个片区叫“{name}”；请填写“乡镇”列。"),
                format!("Several areas are called “{name}”; fill in the township."),
            ),
        }
        Told::Unknown
    }

    /// The holder of a row: by id, else by name and office, else by a name that only one has.
    pub(super) fn holder(
        &self,
        intake: &mut Intake<'_>,
        draft: &Draft,
        at: Option<Place>,
        places: &Places,
    ) -> Told<Held> {
        let (holder, row) = (&draft.holder, draft.line.row);
        match (holder.by_cadre(), holder.by_department()) {
            (false, false) => return Told::Not,
            // Told already.
            (true, true) => return Told::Unknown,
            (false, true) => return self.department(intake, draft, at, places),
            (true, false) => {}
        }
        let tidy = |name: &str| plain(name).replace(' ', "");
        if let Some(id) = holder.cadre_id {
            let Some(cadre) = self.cadres.iter().find(|cadre| cadre.id == id) else {
                intake.fault(
                    row,
                    Col::HolderId,
                    "holder",
                    "没有这个系统编号的干部，或不在您的范围内；可留空，填写姓名和单位。",
                    "There is no cadre of this id, or none within your scope; you may leave it blank and write name and office.",
                );
                return Told::Unknown;
            };
            if holder.name.as_ref().is_some_and(|name| *name != tidy(&cadre.name)) {
                intake.fault(
                    row,
                    Col::Holder,
                    "holder-differs",
                    "与“联系人系统编号”的干部姓名不一致；请改正姓名，或清空系统编号。",
                    "Not the name of the cadre of that id; write the right name, or leave the id blank.",
                );
                return Told::Unknown;
            }
            return Told::This(Held::Cadre(Box::new(cadre.clone())));
        }
        let named = |cadre: &&cadre::Model| {
            holder.name.as_deref() == Some(cadre.name.as_str())
                && holder.office.as_ref().is_none_or(|office| self.is_of(cadre, office, places))
        };
        let all: Vec<&cadre::Model> = self.cadres.iter().filter(named).collect();
        let serving = |cadre: &&&cadre::Model| in_office(cadre, intake.today);
        let now: Vec<&cadre::Model> = all.iter().filter(serving).copied().collect();
        match if now.is_empty() { all } else { now }.as_slice() {
            [one] => return Told::This(Held::Cadre(Box::new((*one).clone()))),
            [] if holder.office.is_some() => intake.fault(
                row,
                Col::Holder,
                "holder",
                "这个单位没有登记这个姓名的干部，或不在您的范围内；请先登记干部，或核对姓名和单位。",
                "No cadre of this name is registered at this office, or none within your scope; register the cadre first, or compare name and office.",
            ),
            [] => intake.fault(
                row,
                Col::Holder,
                "holder",
                "没有登记这个姓名的干部，或不在您的范围内；请先登记干部，或核对姓名。",
                "No cadre of this name is registered, or none within your scope; register the cadre first, or compare the name.",
            ),
            _ => intake.fault(
                row,
                Col::Holder,
                "holder-ambiguous",
                "有几名干部同名；请填写“联系人单位”或“联系人系统编号”。",
                "Several cadres have this name; fill in the office, or the id of the holder.",
            ),
        }
        Told::Unknown
    }

    /// Whether a cadre is of the office that a sheet names: a place, a department, or both together.
    fn is_of(&self, cadre: &cadre::Model, office: &str, places: &Places) -> bool {
        let office = ["人民政府", "政府", "党工委", "党委"]
            .iter()
            .find_map(|end| office.strip_suffix(end))
            .filter(|rest| !rest.is_empty())
            .unwrap_or(office);
        let department = cadre.department_id.and_then(|id| self.departments.iter().find(|row| row.id == id));
        let Some(region) = places.named(cadre.region_id) else { return false };
        let around = [cadre.county_id, cadre.township_id].into_iter().flatten();
        let around = around.filter_map(|id| places.named(id)).map(|row| row.name.as_str());
        let own = office == region.code.0
            || stands_for(office, &region.name)
            || around
                .filter_map(|name| office.strip_prefix(name))
                .any(|rest| !rest.is_empty() && stands_for(rest, &region.name));
        own || department.is_some_and(|department| {
            office == department.name || office.strip_prefix(region.name.as_str()) == Some(&department.name)
        })
    }

    /// The department of a row: of several of a name, the one of a place around the target.
    fn department(
        &self,
        intake: &mut Intake<'_>,
        draft: &Draft,
        at: Option<Place>,
        places: &Places,
    ) -> Told<Held> {
        let holder = &draft.holder;
        let fits = |row: &&department::Model| {
            holder.department_id.is_none_or(|id| row.id == id)
                && holder.department.as_ref().is_none_or(|name| row.name == *name)
                && holder.office.as_ref().is_none_or(|office| {
                    places.named(row.region_id).is_some_and(|region| stands_for(office, &region.name))
                })
        };
        let all: Vec<&department::Model> = self.departments.iter().filter(fits).collect();
        let near: Vec<&department::Model> = all
            .iter()
            .filter(|row| at.is_some_and(|at| at.path().any(|id| id == row.region_id)))
            .copied()
            .collect();
        match if all.len() > 1 { near } else { all }.as_slice() {
            [one] => return Told::This(Held::Department(one.id)),
            [] => intake.fault(
                draft.line.row,
                if holder.department.is_some() { Col::Department } else { Col::HolderId },
                "department",
                "没有登记这个部门；请填写部门的全称，或它的系统编号。",
                "No such department is registered; write its full name, or its id as the holder's.",
            ),
            _ => intake.fault(
                draft.line.row,
                Col::Department,
                "department-ambiguous",
                "有几个部门同名；请在“联系人单位”填写部门所在的区域，或填写系统编号。",
                "Several departments have this name; write the region of the department as the office, or its id.",
            ),
        }
        Told::Unknown
    }
}

/// Whether a cadre is in office on a day.
fn in_office(cadre: &cadre::Model, day: Date) -> bool {
    let mut checks = crate::kernel::refusal::Checks::default();
    rule::check_in_office(&mut checks, cadre, day);
    checks.done().is_ok()
}

fn place_of(area: &area::Model) -> Place {
    Place { county_id: Some(area.county_id), township_id: Some(area.township_id), ..Place::default() }
}

/// A township or village by its words, or a fault at its cell.
fn place(
    intake: &mut Intake<'_>,
    draft: &Draft,
    column: Col,
    words: &Words,
    places: &Places,
) -> Option<std::sync::Arc<entity::region::Model>> {
    let (row, name) = (draft.line.row, &words.name);
    match places.find(words) {
        Found::One(region) => return Some(region),
        Found::Several => intake.fault(
            row,
            column,
            "place-ambiguous",
            format!("有几个地方叫“{name}”；请填写“乡镇”列或区划代码。"),
            format!("Several places are called “{name}”; fill in the township, or write the code."),
        ),
        Found::None | Found::Other(_) => intake.fault(
            row,
            column,
            if column == Col::Township { "township" } else { "village" },
            format!("没有“{name}”，或不在您的范围内；请填写已登记的名称或区划代码。"),
            format!("There is no “{name}”, or none within your scope; write a registered name or its code."),
        ),
    }
    None
}

/// Assignments with these targets, wherever, and those of these ids.
pub(super) async fn stored(
    intake: &Intake<'_>,
    aims: &HashSet<Aim>,
    ids: Vec<AssignmentId>,
) -> Result<Vec<assignment::Model>> {
    use assignment::Column::{AreaId, EnterpriseId, HouseholdId, Id, RegionId};
    let backend = intake.backend();
    let condition = Condition::any()
        .add(any_of(RegionId, aims.iter().filter_map(|aim| aim.0), backend))
        .add(any_of(AreaId, aims.iter().filter_map(|aim| aim.1), backend))
        .add(any_of(HouseholdId, aims.iter().filter_map(|aim| aim.2), backend))
        .add(any_of(EnterpriseId, aims.iter().filter_map(|aim| aim.3), backend))
        .add(any_of(Id, ids, backend));
    Ok(unscoped::<assignment::Entity>().filter(condition).all(intake.tx).await?)
}
