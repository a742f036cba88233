//! Into a sheet that `Cadres` takes again without changing anything: those who are in office.

use super::{COLUMNS, Col, LEVELS, SEXES, STANDINGS};
use crate::{
    kernel::{
        door::{any_of, unscoped},
        error::Result,
        sheet::{intake::spelling, write::Writer},
    },
    region::lookup::{held_by, named, subtrees},
};
use entity::{
    branch, cadre, department,
    id::{BranchId, CadreId, DepartmentId, RegionId},
    membership, region,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use std::collections::HashMap;

/// Cadres that are read together.
const CHUNK: u64 = 500;

/// What stands around the cadres of a chunk.
struct Around {
    places: HashMap<RegionId, region::Model>,
    departments: HashMap<DepartmentId, String>,
    branches: HashMap<BranchId, String>,
    memberships: HashMap<CadreId, membership::Model>,
}

/// Writes the cadres of a region who are in office. Whoever calls has made sure that sheets of it may be taken out.
pub async fn export(
    db: &impl ConnectionTrait,
    region: &region::Model,
    writer: &mut Writer,
    done: &(dyn Fn(u64) + Sync),
) -> Result<u64> {
    let mut count = 0;
    for root in subtrees(db, region).await? {
        let Some(held) = held_by::<cadre::Entity>(root) else { continue };
        let mut after: Option<(String, CadreId)> = None;
        loop {
            let mut question =
                unscoped::<cadre::Entity>().filter(held.clone()).filter(cadre::Column::EndsOn.is_null());
            if let Some((name, id)) = &after {
                let place = Expr::tuple([Expr::col(cadre::Column::Name), Expr::col(cadre::Column::Id)]);
                question = question.filter(place.gt(Expr::tuple([Expr::val(name.clone()), Expr::val(id.0)])));
            }
            let rows = question
                .order_by_asc(cadre::Column::Name)
                .order_by_asc(cadre::Column::Id)
                .limit(CHUNK)
                .all(db)
                .await?;
            let Some(last) = rows.last() else { break };
            after = Some((last.name.clone(), last.id));
            let around = around(db, &rows).await?;
            writer.rows(rows.iter().map(|row| text(row, &around)).collect()).await?;
            count += u64::try_from(rows.len()).unwrap_or_default();
            done(count);
        }
    }
    Ok(count)
}

async fn around(db: &impl ConnectionTrait, rows: &[cadre::Model]) -> Result<Around> {
    let backend = db.get_database_backend();
    let towns = rows.iter().filter_map(|row| row.township_id);
    let places = named(db, rows.iter().map(|row| row.region_id).chain(towns)).await?;
    let ids = rows.iter().filter_map(|row| row.department_id);
    let departments =
        unscoped::<department::Entity>().filter(any_of(department::Column::Id, ids, backend)).all(db).await?;
    let memberships = unscoped::<membership::Entity>()
        .filter(any_of(membership::Column::CadreId, rows.iter().map(|row| row.id), backend))
        .filter(membership::Column::EndsOn.is_null())
        .all(db)
        .await?;
    let ids = memberships.iter().flat_map(|row| [Some(row.branch_id), row.group_id]).flatten();
    let branches =
        unscoped::<branch::Entity>().filter(any_of(branch::Column::Id, ids, backend)).all(db).await?;
    Ok(Around {
        places,
        departments: departments.into_iter().map(|row| (row.id, row.name)).collect(),
        branches: branches.into_iter().map(|row| (row.id, row.name)).collect(),
        memberships: memberships.into_iter().map(|row| (row.cadre_id, row)).collect(),
    })
}

fn text(row: &cadre::Model, around: &Around) -> Vec<String> {
    let mut cells = vec![String::new(); COLUMNS.len()];
    let mut put = |column: Col, text: &str| text.clone_into(&mut cells[usize::from(column)]);
    put(Col::Name, &row.name);
    put(Col::Sex, spelling(SEXES, &row.sex));
    put(Col::Level, spelling(LEVELS, &row.level));
    if let Some(office) = around.places.get(&row.region_id) {
        put(Col::Office, &office.name);
        put(Col::Code, &office.code.0);
    }
    let town = row.township_id.and_then(|id| around.places.get(&id));
    put(Col::Township, town.map_or("", |town| town.name.as_str()));
    let department = row.department_id.and_then(|id| around.departments.get(&id));
    put(Col::Department, department.map_or("", String::as_str));
    put(Col::Phone, row.work_phone.as_deref().unwrap_or_default());
    put(Col::StartsOn, &row.starts_on.0.to_string());
    if let Some(membership) = around.memberships.get(&row.id) {
        let name =
            |id: Option<BranchId>| id.and_then(|id| around.branches.get(&id)).map_or("", String::as_str);
        put(Col::Branch, name(Some(membership.branch_id)));
        put(Col::Group, name(membership.group_id));
        put(Col::Standing, spelling(STANDINGS, &membership.standing));
        put(Col::JoinedOn, &membership.starts_on.0.to_string());
    }
    put(Col::Id, &row.id.to_string());
    cells
}
