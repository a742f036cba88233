//! Into a sheet that `Enterprises` takes again without changing anything. Telephone numbers have their middle hidden.

use super::{COLUMNS, Col, SIZES, STATUSES};
use crate::{
    kernel::{
        door::{any_of, unscoped},
        error::Result,
        sheet::{intake::spelling, write::Writer},
    },
    region::lookup::subtrees,
};
use entity::{
    enterprise,
    id::{EnterpriseId, RegionId},
    kind::{EnterpriseSize, EnterpriseStatus},
    region,
    scalar::CreditCode,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use std::collections::HashMap;

/// Enterprises that are read together.
const CHUNK: u64 = 500;

#[derive(FromQueryResult)]
struct Firm {
    id: EnterpriseId,
    name: String,
    credit_code: CreditCode,
    township_id: RegionId,
    village_id: Option<RegionId>,
    legal_representative: Option<String>,
    contact_person: Option<String>,
    phone_masked: Option<String>,
    trade: Option<String>,
    size: EnterpriseSize,
    employees: Option<i32>,
    status: EnterpriseStatus,
}

/// Writes the enterprises of a region, by their names. Whoever calls has made sure that sheets of the region may be taken
/// out. Tells how many were written; `done` hears it on the way.
pub async fn export(
    db: &impl ConnectionTrait,
    region: &region::Model,
    writer: &mut Writer,
    done: &(dyn Fn(u64) + Sync),
) -> Result<u64> {
    let mut count = 0;
    for root in subtrees(db, region).await? {
        // An enterprise stands in no group or grid.
        let Some(column) = root.level.column::<enterprise::Entity>() else { continue };
        let mut after: Option<(String, EnterpriseId)> = None;
        loop {
            let firms = firms(db, column.eq(root.id), after.as_ref()).await?;
            let Some(last) = firms.last() else { break };
            after = Some((last.name.clone(), last.id));
            let places =
                firms.iter().flat_map(|firm| std::iter::once(firm.township_id).chain(firm.village_id));
            let names = names(db, places).await?;
            count += u64::try_from(firms.len()).unwrap_or_default();
            writer.rows(firms.iter().map(|firm| row(firm, &names)).collect()).await?;
            done(count);
        }
    }
    Ok(count)
}

fn row(firm: &Firm, names: &HashMap<RegionId, String>) -> Vec<String> {
    let mut row = vec![String::new(); COLUMNS.len()];
    let mut put = |column: Col, text: &str| text.clone_into(&mut row[usize::from(column)]);
    let name = |id: RegionId| names.get(&id).map_or("", String::as_str);
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    put(Col::Id, &firm.id.to_string());
    put(Col::Name, &firm.name);
    put(Col::Code, &firm.credit_code.0);
    put(Col::Township, name(firm.township_id));
    put(Col::Village, firm.village_id.map_or("", name));
    put(Col::Legal, &text(&firm.legal_representative));
    put(Col::Contact, &text(&firm.contact_person));
    put(Col::Phone, &text(&firm.phone_masked));
    put(Col::Trade, &text(&firm.trade));
    put(Col::Size, spelling(SIZES, &firm.size));
    put(Col::Employees, &firm.employees.map(|count| count.to_string()).unwrap_or_default());
    put(Col::Status, spelling(STATUSES, &firm.status));
    row
}

async fn firms(
    db: &impl ConnectionTrait,
    here: Expr,
    after: Option<&(String, EnterpriseId)>,
) -> Result<Vec<Firm>> {
    use enterprise::Column::{
        ContactPerson, CreditCode, Employees, Id, LegalRepresentative, Name, PhoneMasked, Size, Status,
        TownshipId, Trade, VillageId,
    };
    let columns = [
        Id,
        Name,
        CreditCode,
        TownshipId,
        VillageId,
        LegalRepresentative,
        ContactPerson,
        PhoneMasked,
        Trade,
        Size,
        Employees,
        Status,
    ];
    let mut question = unscoped::<enterprise::Entity>().select_only().columns(columns).filter(here);
    if let Some((name, id)) = after {
        let place = Expr::tuple([Expr::col(Name), Expr::col(Id)]);
        question = question.filter(place.gt(Expr::tuple([Expr::val(name.clone()), Expr::val(id.0)])));
    }
    Ok(question.order_by_asc(Name).order_by_asc(Id).limit(CHUNK).into_model().all(db).await?)
}

/// Names of regions.
async fn names(
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = RegionId>,
) -> Result<HashMap<RegionId, String>> {
    let ids: std::collections::HashSet<RegionId> = ids.into_iter().collect();
    let rows = unscoped::<region::Entity>()
        .filter(any_of(region::Column::Id, ids, db.get_database_backend()))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}
