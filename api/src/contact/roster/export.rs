//! Into a sheet that `Assignments` takes again without changing anything. A holder from elsewhere, whom not everybody who
//! takes sheets out of the region sees, is left blank; the assignment is known again by its own id.

use super::{COLUMNS, Col, KINDS, YES_NO};
use crate::{
    kernel::{
        door::{any_of, unscoped},
        error::Result,
        place::{Place, Root},
        sheet::{intake::spelling, write::Writer},
    },
    region::lookup::subtrees,
};
use entity::{
    area, assignment, cadre, department, enterprise, household,
    id::{AreaId, AssignmentId, CadreId, DepartmentId, EnterpriseId, HouseholdId, RegionId},
    kind::CadreLevel,
    region,
    scalar::{CreditCode, Date},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use std::collections::{HashMap, HashSet};

/// Assignments that are read together.
const CHUNK: u64 = 500;

/// What the assignments of a chunk point to.
#[derive(Default)]
struct Names {
    regions: HashMap<RegionId, String>,
    cadres: HashMap<CadreId, cadre::Model>,
    departments: HashMap<DepartmentId, String>,
    numbers: HashMap<HouseholdId, String>,
    codes: HashMap<EnterpriseId, CreditCode>,
    areas: HashMap<AreaId, String>,
}

/// Writes the assignments of a region, by their first days. Whoever calls has made sure that sheets of the region may be
/// taken out. Tells how many were written; `done` hears it on the way.
pub async fn export(
    db: &impl ConnectionTrait,
    region: &region::Model,
    writer: &mut Writer,
    done: &(dyn Fn(u64) + Sync),
) -> Result<u64> {
    let roots = subtrees(db, region).await?;
    let mut count = 0;
    for root in &roots {
        let Some(column) = root.level.column::<assignment::Entity>() else { continue };
        let mut after: Option<(Date, AssignmentId)> = None;
        loop {
            let rows = chunk(db, column.eq(root.id), after).await?;
            let Some(last) = rows.last() else { break };
            after = Some((last.starts_on, last.id));
            let mut names = Names::of(db, &rows).await?;
            names.cadres.retain(|_, cadre| is_seen(cadre, region, &roots));
            count += u64::try_from(rows.len()).unwrap_or_default();
            writer.rows(rows.iter().map(|row| names.row(row)).collect()).await?;
            done(count);
        }
    }
    Ok(count)
}

async fn chunk(
    db: &impl ConnectionTrait,
    here: Expr,
    after: Option<(Date, AssignmentId)>,
) -> Result<Vec<assignment::Model>> {
    use assignment::Column::{Id, StartsOn};
    let mut question = unscoped::<assignment::Entity>().filter(here);
    if let Some((starts_on, id)) = after {
        let place = Expr::tuple([Expr::col(StartsOn), Expr::col(Id)]);
        question = question.filter(place.gt(Expr::tuple([Expr::val(starts_on), Expr::val(id.0)])));
    }
    Ok(question.order_by_asc(StartsOn).order_by_asc(Id).limit(CHUNK).all(db).await?)
}

/// Whether everybody who takes sheets out of a region sees a cadre: staff of the region, and of the offices above it.
fn is_seen(cadre: &cadre::Model, region: &region::Model, roots: &[Root]) -> bool {
    let own = Place::from(cadre);
    roots.iter().any(|root| root.holds(&own))
        || cadre.level != CadreLevel::PartyMember
            && Place::from(region).path().any(|office| office == cadre.region_id)
}

impl Names {
    async fn of(db: &impl ConnectionTrait, rows: &[assignment::Model]) -> Result<Self> {
        let backend = db.get_database_backend();
        let mut names = Self::default();
        let cadres: HashSet<CadreId> = rows.iter().filter_map(|row| row.cadre_id).collect();
        let cadres =
            unscoped::<cadre::Entity>().filter(any_of(cadre::Column::Id, cadres, backend)).all(db).await?;
        let departments: HashSet<DepartmentId> = rows
            .iter()
            .filter_map(|row| row.department_id)
            .chain(cadres.iter().filter_map(|cadre| cadre.department_id))
            .collect();
        let departments = unscoped::<department::Entity>()
            .filter(any_of(department::Column::Id, departments, backend))
            .all(db)
            .await?;
        names.departments = departments.into_iter().map(|row| (row.id, row.name)).collect();
        let regions: HashSet<RegionId> = rows
            .iter()
            .flat_map(|row| std::iter::once(row.township_id).chain(row.village_id).chain(row.region_id))
            .chain(cadres.iter().map(|cadre| cadre.region_id))
            .collect();
        names.cadres = cadres.into_iter().map(|row| (row.id, row)).collect();
        let regions =
            unscoped::<region::Entity>().filter(any_of(region::Column::Id, regions, backend)).all(db).await?;
        names.regions = regions.into_iter().map(|row| (row.id, row.name)).collect();
        let households: Vec<HouseholdId> = rows.iter().filter_map(|row| row.household_id).collect();
        if !households.is_empty() {
            let numbers: Vec<(HouseholdId, String)> = unscoped::<household::Entity>()
                .select_only()
                .columns([household::Column::Id, household::Column::Number])
                .filter(any_of(household::Column::Id, households, backend))
                .into_tuple()
                .all(db)
                .await?;
            names.numbers = numbers.into_iter().collect();
        }
        let enterprises: Vec<EnterpriseId> = rows.iter().filter_map(|row| row.enterprise_id).collect();
        if !enterprises.is_empty() {
            let codes: Vec<(EnterpriseId, CreditCode)> = unscoped::<enterprise::Entity>()
                .select_only()
                .columns([enterprise::Column::Id, enterprise::Column::CreditCode])
                .filter(any_of(enterprise::Column::Id, enterprises, backend))
                .into_tuple()
                .all(db)
                .await?;
            names.codes = codes.into_iter().collect();
        }
        let areas: HashSet<AreaId> = rows.iter().filter_map(|row| row.area_id).collect();
        if !areas.is_empty() {
            let areas =
                unscoped::<area::Entity>().filter(any_of(area::Column::Id, areas, backend)).all(db).await?;
            names.areas = areas.into_iter().map(|row| (row.id, row.name)).collect();
        }
        Ok(names)
    }

    fn row(&self, row: &assignment::Model) -> Vec<String> {
        let mut cells = vec![String::new(); COLUMNS.len()];
        let mut put = |column: Col, text: &str| text.clone_into(&mut cells[usize::from(column)]);
        let region =
            |id: Option<RegionId>| id.and_then(|id| self.regions.get(&id)).map_or("", String::as_str);
        put(Col::Id, &row.id.to_string());
        put(Col::Kind, spelling(KINDS, &row.kind));
        put(Col::Township, region(Some(row.township_id)));
        put(Col::Village, region(row.village_id));
        if row.region_id.is_some_and(|id| row.group_id == Some(id) || row.grid_id == Some(id)) {
            put(Col::Part, region(row.region_id));
        }
        put(Col::Area, row.area_id.and_then(|id| self.areas.get(&id)).map_or("", String::as_str));
        put(Col::Number, row.household_id.and_then(|id| self.numbers.get(&id)).map_or("", String::as_str));
        put(Col::Code, row.enterprise_id.and_then(|id| self.codes.get(&id)).map_or("", |code| &code.0));
        let department = |id: Option<DepartmentId>| id.and_then(|id| self.departments.get(&id));
        if let Some(cadre) = row.cadre_id.and_then(|id| self.cadres.get(&id)) {
            put(Col::Holder, &cadre.name);
            let office =
                department(cadre.department_id).map_or(region(Some(cadre.region_id)), String::as_str);
            put(Col::Office, office);
            put(Col::HolderId, &cadre.id.to_string());
        }
        if let Some(id) = row.department_id {
            put(Col::HolderId, &id.to_string());
            put(Col::Department, department(Some(id)).map_or("", String::as_str));
        }
        put(Col::Primary, spelling(YES_NO, &row.is_primary));
        put(Col::Starts, &row.starts_on.0.to_string());
        put(Col::Ends, &row.ends_on.map(|date| date.0.to_string()).unwrap_or_default());
        cells
    }
}
