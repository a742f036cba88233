//! Households (户): the unit of contact, with their members and tags.
//!
//! A household is seen by whoever's scope covers it, as far as the tie goes (`kernel::policy`). Telephone and identity
//! numbers are sealed at rest; beside them stand a masked form to show and a keyed hash for exact look-up. The head's
//! name stands on the household too and is kept equal to the member who is the head, as is the number of members.

pub mod consent;
pub mod correction;
pub mod emergency;
pub mod erase;
pub mod held;
pub mod list;
pub mod member;
pub mod object;
pub mod query;
pub mod reveal;
pub mod roster;
pub mod succession;
pub mod tag;

use self::{
    member::NewMember,
    object::{GeoPositionInput, HouseholdCreateInput, HouseholdUpdateInput},
};
use crate::{
    kernel::{
        door::{self, unscoped},
        error::{Error, Refusal, RefusalCode, Result},
        patch::{patched, set},
        place::Place,
        policy::May,
        record::Record,
        refusal::{Checks, Detail},
        request::Ctx,
        scope::Facts,
        standards,
        vault::Vault,
        work::Work,
    },
    region,
};
use async_graphql::MaybeUndefined;
use entity::{
    household,
    id::{HouseholdId, RegionId},
    kind::{ChangeKind, ConsentPurpose, HouseholdStatus, Kinship, RegionKind},
    scalar::{Date, PhoneNumber, Yuan},
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, Set,
    sea_query::{Expr, LockType},
};
use uuid::Uuid;

impl Record for household::Entity {
    const NAME: &'static str = HouseholdId::PREFIX;
    const INTERNAL: &'static [&'static str] = &[
        "number",
        "county_id",
        "township_id",
        "village_id",
        "group_id",
        "grid_id",
        "status",
        "member_count",
    ];
}

/// Where a household is.
#[must_use]
pub fn place(row: &household::Model) -> Place {
    Place {
        county_id: Some(row.county_id),
        township_id: Some(row.township_id),
        village_id: Some(row.village_id),
        group_id: row.group_id,
        grid_id: row.grid_id,
    }
}

/// The facts by which rights to a household are decided.
#[must_use]
pub fn facts(row: &household::Model) -> Facts<'static> {
    Facts { place: place(row), household: Some(row.id), ..Facts::default() }
}

/// A household that the viewer may see, for commands. It stays where it is until the command is done.
pub async fn find(work: &Work, id: HouseholdId, field: &str) -> Result<household::Model> {
    hold(work, id, field, LockType::KeyShare).await
}

/// The same, as held as is said until the command is done.
pub async fn hold(work: &Work, id: HouseholdId, field: &str, lock: LockType) -> Result<household::Model> {
    door::within::<household::Entity>(work.ctx.scope(), work.ctx.backend())
        .filter(household::Column::Id.eq(id))
        .lock(lock)
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found(field).into())
}

/// Keeps the day of the last visit. It is drawn from the visits, whose own lines the change log has: the version stays.
pub(crate) async fn note_visit(work: &Work, id: HouseholdId, day: Date) -> Result<()> {
    use household::Column::{Id, LastVisitOn};
    household::Entity::update_many()
        .col_expr(LastVisitOn, Expr::value(day))
        .filter(Id.eq(id))
        .filter(Condition::any().add(LastVisitOn.is_null()).add(LastVisitOn.lt(day)))
        .exec(&work.tx)
        .await?;
    Ok(())
}

/// The same where a visit was withdrawn or put on another day: none, if none stands.
pub(crate) async fn recount_visits(work: &Work, id: HouseholdId, last: Option<Date>) -> Result<()> {
    household::Entity::update_many()
        .col_expr(household::Column::LastVisitOn, Expr::value(last))
        .filter(household::Column::Id.eq(id))
        .exec(&work.tx)
        .await?;
    Ok(())
}

/// The household, if the viewer may change it.
pub async fn find_to_change(work: &Work, id: HouseholdId, field: &str) -> Result<household::Model> {
    let row = find(work, id, field).await?;
    work.ctx.must(May::UpdateHousehold, &facts(&row))?;
    Ok(row)
}

/// A telephone number in its three forms: sealed, masked, hashed.
#[derive(Clone, Debug, Default)]
pub struct SealedPhone {
    /// Sealed.
    pub sealed: Option<Vec<u8>>,
    /// For showing.
    pub masked: Option<String>,
    /// For exact look-up.
    pub hash: Option<Vec<u8>>,
}

impl SealedPhone {
    /// Checks and seals.
    pub fn new(ctx: &Ctx, checks: &mut Checks, field: &str, phone: Option<&PhoneNumber>) -> Result<Self> {
        Self::seal(ctx.vault(), checks, field, phone)
    }

    /// The same for whoever has no request.
    pub fn seal(
        vault: &Vault,
        checks: &mut Checks,
        field: &str,
        phone: Option<&PhoneNumber>,
    ) -> Result<Self> {
        let Some(phone) = phone else { return Ok(Self::default()) };
        match standards::check_phone(&phone.0) {
            Ok(phone) => Ok(Self {
                sealed: Some(vault.seal(&phone.digits)?),
                masked: Some(standards::mask_phone(&phone.digits)),
                hash: Some(vault.fingerprint(&phone.digits)),
            }),
            Err(fault) => {
                checks.refuse(Refusal::rule("phone", field, fault.zh(), fault.en()));
                Ok(Self::default())
            }
        }
    }
}

/// The place of a new household: the village and, if it is known, the group and the grid.
async fn settle(
    work: &Work,
    checks: &mut Checks,
    region_id: RegionId,
    grid_id: Option<RegionId>,
) -> Result<Place> {
    let region = region::find(work, region_id, "regionId").await?;
    let mut place = Place::from(&region);
    checks.require(matches!(region.kind, RegionKind::Village | RegionKind::Group), || {
        Refusal::rule(
            "village",
            "regionId",
            "户应在村（社区）或村民小组中。",
            "A household stands in a village or a villagers' group.",
        )
    });
    if let Some(grid) = grid_id {
        let grid = region::find(work, grid, "gridId").await?;
        checks.require(grid.kind == RegionKind::Grid && grid.village_id == place.village_id, || {
            Refusal::rule("grid", "gridId", "网格应属于同一个村。", "The grid must be of the same village.")
        });
        place.grid_id = grid.grid_id;
    }
    Ok(place)
}

/// A position as it is stored, checked.
pub(crate) fn position(checks: &mut Checks, at: Option<&GeoPositionInput>) -> (Option<f64>, Option<f64>) {
    let Some(at) = at else { return (None, None) };
    checks.require((-90.0..=90.0).contains(&at.latitude) && (-180.0..=180.0).contains(&at.longitude), || {
        Refusal::rule("position", "location", "经纬度超出范围。", "Latitude or longitude is out of range.")
    });
    (Some(at.latitude), Some(at.longitude))
}

fn income(checks: &mut Checks, income: Option<Yuan>) -> Option<Yuan> {
    checks.require(income.is_none_or(|yuan| yuan.0 >= 0), || {
        Refusal::rule("income", "yearlyIncome", "年收入不能为负。", "A yearly income is not negative.")
    });
    income
}

/// What is told of a household itself, before it is checked.
struct Told<'a> {
    number: &'a str,
    address: Option<&'a str>,
    phone: Option<&'a PhoneNumber>,
    housing: Option<&'a str>,
    yearly_income: Option<Yuan>,
    income_source: Option<&'a str>,
}

/// What is known of a household itself, checked.
struct Known {
    number: String,
    address: Option<String>,
    phone: SealedPhone,
    housing: Option<String>,
    yearly_income: Option<Yuan>,
    income_source: Option<String>,
}

impl Known {
    fn check(vault: &Vault, checks: &mut Checks, told: &Told<'_>) -> Result<Self> {
        Ok(Self {
            number: checks.text("number", told.number, 20),
            phone: SealedPhone::seal(vault, checks, "phone", told.phone)?,
            address: checks.optional_text("address", told.address, 200),
            housing: checks.optional_text("housing", told.housing, 200),
            income_source: checks.optional_text("incomeSource", told.income_source, 100),
            yearly_income: income(checks, told.yearly_income),
        })
    }

    /// The row of a new household at a place, with everything told of it.
    fn row(self, id: HouseholdId, place: Place, family: &Family, today: Date) -> Option<household::Model> {
        Some(household::Model {
            id,
            number: self.number,
            county_id: place.county_id?,
            township_id: place.township_id?,
            village_id: place.village_id?,
            group_id: place.group_id,
            grid_id: place.grid_id,
            head_name: family.head.clone(),
            address: self.address,
            latitude: None,
            longitude: None,
            phone: self.phone.sealed,
            phone_masked: self.phone.masked,
            phone_hash: self.phone.hash,
            housing: self.housing,
            yearly_income: self.yearly_income,
            income_source: self.income_source,
            status: HouseholdStatus::Resident,
            member_count: family.count,
            last_visit_on: None,
            registered_on: Some(today),
            resident_until: None,
            version: 1,
        })
    }
}

/// What a household keeps of its members.
struct Family {
    head: String,
    count: i32,
}

impl Family {
    fn of<'a>(members: impl Iterator<Item = (&'a str, Kinship)>) -> Self {
        let mut family = Self { head: String::new(), count: 0 };
        for (name, relation) in members {
            family.count += 1;
            if relation == Kinship::Head {
                name.clone_into(&mut family.head);
            }
        }
        family
    }
}

/// The rules for the members of a household taken together.
fn check_family(checks: &mut Checks, relations: &[Kinship]) {
    let heads = relations.iter().filter(|&&relation| relation == Kinship::Head).count();
    checks.require(heads == 1, || {
        Refusal::rule("one-head", "members", "应有且只有一位户主。", "Exactly one member is the head.")
    });
    checks.require(relations.len() <= member::MOST_MEMBERS, || {
        let most = member::MOST_MEMBERS;
        Refusal::rule(
            "members",
            "members",
            format!("最多 {most} 人。"),
            format!("{most} members at the most."),
        )
    });
}

/// Registers a household with its members, one of whom is the head.
pub async fn create(work: &Work, input: HouseholdCreateInput) -> Result<Uuid> {
    let HouseholdCreateInput {
        idempotency_key: _,
        id,
        region_id,
        grid_id,
        number,
        members,
        address,
        phone,
        location,
        housing,
        yearly_income,
        income_source,
        tags,
    } = input;
    let mut checks = Checks::default();
    let place = settle(work, &mut checks, region_id, grid_id).await?;
    work.ctx.must(May::CreateHousehold, &Facts::from(place))?;
    let told = Told {
        number: &number,
        address: address.as_deref(),
        phone: phone.as_ref(),
        housing: housing.as_deref(),
        yearly_income,
        income_source: income_source.as_deref(),
    };
    let known = Known::check(work.ctx.vault(), &mut checks, &told)?;
    let (latitude, longitude) = position(&mut checks, location.as_ref());
    let relations: Vec<Kinship> = members.iter().map(|member| member.relation).collect();
    check_family(&mut checks, &relations);
    let mut new_members = Vec::with_capacity(members.len());
    for (n, member) in members.into_iter().enumerate() {
        let at = format!("members.{n}.");
        new_members.push(NewMember::check(work.ctx.vault(), work.ctx.today(), &mut checks, &at, member)?);
    }
    tag::check(work, &mut checks, &tags).await?;
    checks.done()?;
    let Some(village_id) = place.village_id else { return Err(Refusal::not_found("regionId").into()) };
    free_number(work, village_id, &known.number, None).await?;
    let id = id.unwrap_or_else(|| HouseholdId(Uuid::now_v7()));
    let family = Family::of(new_members.iter().map(|member| (member.name.as_str(), member.relation)));
    let row =
        known.row(id, place, &family, work.ctx.today()).ok_or_else(|| Refusal::not_found("regionId"))?;
    let row = household::Model { latitude, longitude, ..row }.into_active_model().reset_all();
    work.insert(row).await.map_err(number_taken)?;
    for member in new_members {
        member.insert(work, id).await?;
    }
    tag::set(work, id, &tags).await?;
    Ok(id.0)
}

async fn free_number(work: &Work, village: RegionId, number: &str, own: Option<HouseholdId>) -> Result<()> {
    let same = unscoped::<household::Entity>()
        .filter(household::Column::VillageId.eq(village))
        .filter(household::Column::Number.eq(number))
        .one(&work.tx)
        .await?
        .filter(|same| Some(same.id) != own);
    let Some(same) = same else { return Ok(()) };
    let seen = !work.ctx.scope().household_sight(same.id, &place(&same)).is_hidden();
    Err(same_number(seen.then(|| same.id.to_string())))
}

fn same_number(existing: Option<String>) -> Error {
    Refusal::new(
        RefusalCode::Duplicate,
        "number",
        "本村已有这个户编号。",
        "There is a household of this number in the village already.",
    )
    .with(Detail::Existing(existing))
    .into()
}

/// Somebody else was first by a moment: the database says so.
fn number_taken(error: Error) -> Error {
    let signs = ["household_village_id_number_key", "household.village_id, household.number"];
    if signs.iter().any(|sign| Work::is_constraint(&error, sign)) { same_number(None) } else { error }
}

/// Changes a household: what is absent stays, null clears.
pub async fn update(work: &Work, input: HouseholdUpdateInput) -> Result<Uuid> {
    let HouseholdUpdateInput {
        idempotency_key: _,
        id,
        expected_version,
        number,
        address,
        phone,
        location,
        housing,
        yearly_income,
        income_source,
        status,
        tags,
    } = input;
    let before = find_to_change(work, id, "id").await?;
    let mut checks = Checks::default();
    let number = number.map(|number| checks.text("number", &number, 20));
    let mut text = |field: &str, value: MaybeUndefined<String>, most| {
        patched(value, |value| checks.optional_text(field, value.as_deref(), most))
    };
    let address = text("address", address, 200);
    let housing = text("housing", housing, 200);
    let income_source = text("incomeSource", income_source, 100);
    let phone = patched(phone, |phone| SealedPhone::new(&work.ctx, &mut checks, "phone", phone.as_ref()))
        .transpose()?;
    let location = patched(location, |at| position(&mut checks, at.as_ref()));
    let yearly_income = patched(yearly_income, |yuan| income(&mut checks, yuan));
    let told = [
        (ConsentPurpose::Location, "location", matches!(location, Some((Some(_), _)))),
        (ConsentPurpose::Income, "yearlyIncome", matches!(yearly_income, Some(Some(_)))),
        (ConsentPurpose::Income, "incomeSource", matches!(income_source, Some(Some(_)))),
    ];
    consent::check(&work.tx, &mut checks, id, &told).await?;
    if let Some(tags) = &tags {
        tag::check(work, &mut checks, tags).await?;
    }
    checks.done()?;
    if let Some(number) = &number {
        free_number(work, before.village_id, number, Some(id)).await?;
    }
    let mut row = household::ActiveModel {
        id: Set(id),
        number: set(number),
        address: set(address),
        housing: set(housing),
        income_source: set(income_source),
        yearly_income: set(yearly_income),
        status: set(status),
        ..Default::default()
    };
    if let Some(phone) = phone {
        row.phone = Set(phone.sealed);
        row.phone_masked = Set(phone.masked);
        row.phone_hash = Set(phone.hash);
    }
    if let Some((latitude, longitude)) = location {
        row.latitude = Set(latitude);
        row.longitude = Set(longitude);
    }
    if let Some(status) = status.filter(|status| *status != before.status) {
        let lives_here = status == HouseholdStatus::Resident;
        row.resident_until = Set((!lives_here).then(|| work.ctx.today()));
    }
    let also: &[&'static str] = if tags.is_some() { &["tags"] } else { &[] };
    if let Some(tags) = tags {
        tag::replace(work, id, &tags).await?;
    }
    work.update_with(row, expected_version, ChangeKind::Updated, also).await.map_err(number_taken)?;
    Ok(id.0)
}

/// Keeps head's name and number of members equal to the members, after they changed.
pub(crate) async fn recount(work: &Work, before: &household::Model) -> Result<()> {
    use sea_orm::PaginatorTrait;
    let living = member::living(before.id);
    let count = living.clone().count(&work.tx).await?;
    let head =
        living.filter(entity::member::Column::Relation.eq(Kinship::Head)).one(&work.tx).await?.ok_or_else(
            || {
                Error::from(Refusal::rule(
                    "one-head",
                    "",
                    "户主不能缺：请先指定新的户主。",
                    "A household keeps a head: name a new one first.",
                ))
            },
        )?;
    let row = household::ActiveModel {
        id: Set(before.id),
        head_name: Set(head.name),
        member_count: Set(i32::try_from(count).unwrap_or(i32::MAX)),
        ..Default::default()
    };
    work.update(row, before.version, ChangeKind::Updated).await?;
    Ok(())
}
