//! Into a sheet that `Households` takes again without changing anything. Nothing is unmasked: telephone and identity
//! numbers have their middle hidden, incomes and tags of the sensitive class are left blank.

use super::{Col, EMPLOYMENTS, RELATIONS, SEXES, STATUSES};
use crate::kernel::{
    door::{any_of, unscoped},
    error::Result,
    sheet::{intake::spelling, write::Writer},
};
use entity::{
    household, household_tag,
    id::{HouseholdId, RegionId},
    kind::{Employment, HouseholdStatus, Kinship, RegionKind, Sex},
    member, region,
    scalar::Date,
    tag,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use std::collections::HashMap;

/// Households that are read together.
const CHUNK: u64 = 500;

#[derive(FromQueryResult)]
struct Home {
    id: HouseholdId,
    number: String,
    group_id: Option<RegionId>,
    grid_id: Option<RegionId>,
    head_name: String,
    address: Option<String>,
    phone_masked: Option<String>,
    housing: Option<String>,
    income_source: Option<String>,
    status: HouseholdStatus,
}

#[derive(FromQueryResult)]
struct Person {
    household_id: HouseholdId,
    name: String,
    relation: Kinship,
    sex: Sex,
    birth_date: Option<Date>,
    identity_number_masked: Option<String>,
    phone_masked: Option<String>,
    employment: Option<Employment>,
    employment_place: Option<String>,
    needs: Option<String>,
}

/// Writes the households of a region: a village and what is above it, or a group or grid. Whoever calls has made sure
/// that sheets of the region may be taken out. Tells how many households were written; `done` hears it on the way.
pub async fn export(
    db: &impl ConnectionTrait,
    region: &region::Model,
    writer: &mut Writer,
    done: &(dyn Fn(u64) + Sync),
) -> Result<u64> {
    let mut count = 0;
    for village in villages(db, region).await? {
        let parts =
            unscoped::<region::Entity>().filter(region::Column::ParentId.eq(village.id)).all(db).await?;
        let names: HashMap<RegionId, String> = parts.into_iter().map(|part| (part.id, part.name)).collect();
        let town = unscoped::<region::Entity>()
            .filter(region::Column::Id.eq(village.township_id))
            .one(db)
            .await?
            .map_or_else(String::new, |town| town.name);
        let mut after: Option<(String, HouseholdId)> = None;
        loop {
            let homes = homes(db, region, village.id, after.as_ref()).await?;
            let Some(last) = homes.last() else { break };
            after = Some((last.number.clone(), last.id));
            let mut people = people(db, &homes).await?;
            let mut tags = tags(db, &homes).await?;
            let mut rows = Vec::new();
            for home in &homes {
                let labels = tags.remove(&home.id).unwrap_or_default().join("、");
                for (at, person) in people.remove(&home.id).unwrap_or_default().iter().enumerate() {
                    let mut row = vec![String::new(); super::COLUMNS.len()];
                    let mut put = |column: Col, text: &str| text.clone_into(&mut row[usize::from(column)]);
                    put(Col::Township, &town);
                    put(Col::Village, &village.name);
                    put(Col::Code, &village.code.0);
                    for (column, part) in [(Col::Group, home.group_id), (Col::Grid, home.grid_id)] {
                        put(column, part.and_then(|part| names.get(&part)).map_or("", String::as_str));
                    }
                    put(Col::Number, &home.number);
                    put(Col::HeadName, &home.head_name);
                    if at == 0 {
                        head(home, &labels, &mut put);
                    }
                    body(person, &mut put);
                    rows.push(row);
                }
            }
            count += u64::try_from(homes.len()).unwrap_or_default();
            writer.rows(rows).await?;
            done(count);
        }
    }
    Ok(count)
}

/// What stands on the head's row alone.
fn head(home: &Home, labels: &str, put: &mut impl FnMut(Col, &str)) {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    put(Col::Address, &text(&home.address));
    put(Col::HousePhone, &text(&home.phone_masked));
    put(Col::Housing, &text(&home.housing));
    put(Col::IncomeSource, &text(&home.income_source));
    put(Col::Tags, labels);
    put(Col::Status, spelling(STATUSES, &home.status));
    put(Col::Id, &home.id.to_string());
}

fn body(person: &Person, put: &mut impl FnMut(Col, &str)) {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    put(Col::Name, &person.name);
    put(Col::Relation, spelling(RELATIONS, &person.relation));
    put(Col::Sex, spelling(SEXES, &person.sex));
    put(Col::BirthDate, &person.birth_date.map(|date| date.0.to_string()).unwrap_or_default());
    put(Col::Identity, &text(&person.identity_number_masked));
    put(Col::Phone, &text(&person.phone_masked));
    put(Col::Employment, person.employment.map_or("", |employment| spelling(EMPLOYMENTS, &employment)));
    put(Col::Workplace, &text(&person.employment_place));
    put(Col::Needs, &text(&person.needs));
}

/// The villages of a region, or the one around it.
async fn villages(db: &impl ConnectionTrait, of: &region::Model) -> Result<Vec<region::Model>> {
    use region::Column::{CityId, CountyId, Id, ProvinceId, TownshipId};
    let within = match of.kind {
        RegionKind::Province => ProvinceId.eq(of.id),
        RegionKind::City => CityId.eq(of.id),
        RegionKind::County => CountyId.eq(of.id),
        RegionKind::Township => TownshipId.eq(of.id),
        RegionKind::Village | RegionKind::Group | RegionKind::Grid => Id.eq(of.village_id),
    };
    Ok(unscoped::<region::Entity>()
        .filter(region::Column::Kind.eq(RegionKind::Village))
        .filter(within)
        .order_by_asc(region::Column::Code)
        .all(db)
        .await?)
}

async fn homes(
    db: &impl ConnectionTrait,
    of: &region::Model,
    village: RegionId,
    after: Option<&(String, HouseholdId)>,
) -> Result<Vec<Home>> {
    use household::Column::{
        Address, GridId, GroupId, HeadName, Housing, Id, IncomeSource, Number, PhoneMasked, Status, VillageId,
    };
    let mut question = unscoped::<household::Entity>()
        .select_only()
        .columns([Id, Number, GroupId, GridId, HeadName, Address, PhoneMasked, Housing, IncomeSource, Status])
        .filter(match of.kind {
            RegionKind::Group => GroupId.eq(of.id),
            RegionKind::Grid => GridId.eq(of.id),
            _ => VillageId.eq(village),
        });
    if let Some((number, id)) = after {
        let place = Expr::tuple([Expr::col(Number), Expr::col(Id)]);
        question = question.filter(place.gt(Expr::tuple([Expr::val(number.clone()), Expr::val(id.0)])));
    }
    let question = question.order_by_asc(Number).order_by_asc(Id).limit(CHUNK);
    Ok(question.into_model::<Home>().all(db).await?)
}

/// Members of households, the head first.
async fn people(db: &impl ConnectionTrait, homes: &[Home]) -> Result<HashMap<HouseholdId, Vec<Person>>> {
    use member::Column::{
        BirthDate, Employment, EmploymentPlace, HouseholdId, Id, IdentityNumberMasked, LeftOn, Name, Needs,
        PhoneMasked, Relation, Sex,
    };
    let columns = [
        HouseholdId,
        Name,
        Relation,
        Sex,
        BirthDate,
        IdentityNumberMasked,
        PhoneMasked,
        Employment,
        EmploymentPlace,
        Needs,
    ];
    let rows = unscoped::<member::Entity>()
        .select_only()
        .columns(columns)
        .filter(any_of(HouseholdId, homes.iter().map(|home| home.id), db.get_database_backend()))
        .filter(LeftOn.is_null())
        .order_by_asc(Id)
        .into_model::<Person>()
        .all(db)
        .await?;
    let mut people: HashMap<_, Vec<Person>> = HashMap::new();
    for row in rows {
        people.entry(row.household_id).or_default().push(row);
    }
    for family in people.values_mut() {
        family.sort_by_key(|person| person.relation != Kinship::Head);
    }
    Ok(people)
}

/// Labels of the ordinary tags of households.
async fn tags(db: &impl ConnectionTrait, homes: &[Home]) -> Result<HashMap<HouseholdId, Vec<String>>> {
    let rows: Vec<(HouseholdId, String)> = unscoped::<tag::Entity>()
        .select_only()
        .column(household_tag::Column::HouseholdId)
        .column(tag::Column::LabelZh)
        .join_rev(
            JoinType::InnerJoin,
            household_tag::Entity::belongs_to(tag::Entity)
                .from(household_tag::Column::Tag)
                .to(tag::Column::Code)
                .into(),
        )
        .filter(any_of(
            household_tag::Column::HouseholdId,
            homes.iter().map(|home| home.id),
            db.get_database_backend(),
        ))
        .filter(tag::Column::Sensitive.eq(false))
        .order_by_asc(tag::Column::Rank)
        .into_tuple()
        .all(db)
        .await?;
    let mut tags: HashMap<_, Vec<String>> = HashMap::new();
    for (household, label) in rows {
        tags.entry(household).or_default().push(label);
    }
    Ok(tags)
}
