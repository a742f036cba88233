//! Enterprises (企业): whom the contact of an enterprise serves. One is known by its id and by its unified social credit
//! code, which no two share.
//!
//! It is registered by the region's administrator in a township or a village, and changed by its contacts too. The desk
//! sees name, code and place; who serves it sees all but the telephone number; its contacts and its own representative
//! see that as well. The number is sealed at rest, with a masked form to show and a keyed hash to compare beside it.

pub mod erase;
pub mod object;
pub mod roster;

use self::object::{EnterpriseCreateInput, EnterpriseUpdateInput};
use crate::{
    household::SealedPhone,
    kernel::{
        door::unscoped,
        error::{Error, Refusal, RefusalCode, Result},
        patch::patched,
        place::Place,
        policy::May,
        record::Record,
        refusal::{Checks, Detail},
        scope::Facts,
        standards,
        vault::Vault,
        work::Work,
    },
    region,
};
use async_graphql::MaybeUndefined;
use entity::{
    enterprise,
    id::EnterpriseId,
    kind::{ChangeKind, EnterpriseSize, EnterpriseStatus, RegionKind},
    scalar::{CreditCode, Date, PhoneNumber},
};
use sea_orm::{ActiveModelTrait, ActiveValue, ColumnTrait, IntoActiveModel, QueryFilter, Set, Value};
use uuid::Uuid;

/// Characters of a name at the most.
const NAME: usize = 120;
/// Characters of a person's name or a trade at the most.
const TEXT: usize = 60;
/// What is said of a code that another enterprise has.
const TAKEN: (&str, &str) =
    ("已有这个统一社会信用代码的企业。", "There is an enterprise of this credit code already.");
/// Employees at the most: what is more is a slip of the hand.
const EMPLOYEES: i32 = 1_000_000;

impl Record for enterprise::Entity {
    const NAME: &'static str = EnterpriseId::PREFIX;
    const INTERNAL: &'static [&'static str] = &[
        "name",
        "credit_code",
        "county_id",
        "township_id",
        "village_id",
        "trade",
        "size",
        "employees",
        "status",
        "closed_on",
    ];
}

/// Where it is.
pub(crate) fn place(row: &enterprise::Model) -> Place {
    Place {
        county_id: Some(row.county_id),
        township_id: Some(row.township_id),
        village_id: row.village_id,
        ..Place::default()
    }
}

/// Registers an enterprise in a township or a village.
pub async fn create(work: &Work, input: EnterpriseCreateInput) -> Result<Uuid> {
    let EnterpriseCreateInput {
        idempotency_key: _,
        id,
        name,
        credit_code,
        region_id,
        legal_representative,
        contact_person,
        phone,
        trade,
        size,
        employees,
        status,
    } = input;
    let region = region::find(work, region_id, "regionId").await?;
    work.ctx.must(May::CreateEnterprise, &Facts::from(Place::from(&region)))?;
    let mut checks = Checks::default();
    let told = Told {
        name: Some(&name),
        credit_code: Some(&credit_code),
        legal_representative: legal_representative.as_deref(),
        contact_person: contact_person.as_deref(),
        phone: phone.as_ref(),
        trade: trade.as_deref(),
        employees,
    };
    let known = Known::check(work.ctx.vault(), &mut checks, &told)?;
    checks.require(matches!(region.kind, RegionKind::Township | RegionKind::Village), || {
        Refusal::rule(
            "township-or-village",
            "regionId",
            "企业登记在乡镇或村（社区）。",
            "An enterprise is registered in a township or a village.",
        )
    });
    checks.done()?;
    let id = id.unwrap_or_else(|| EnterpriseId(Uuid::now_v7()));
    let Some(row) = known.row(id, Place::from(&region), size, (status, work.ctx.today())) else {
        return Err(Refusal::not_found("regionId").into());
    };
    code_is_free(work, &row.credit_code, None).await?;
    work.insert(row.into_active_model().reset_all()).await.map_err(taken)
}

/// What is told of an enterprise.
struct Told<'a> {
    name: Option<&'a str>,
    credit_code: Option<&'a CreditCode>,
    legal_representative: Option<&'a str>,
    contact_person: Option<&'a str>,
    phone: Option<&'a PhoneNumber>,
    trade: Option<&'a str>,
    employees: Option<i32>,
}

/// The same, checked and with the telephone number sealed.
struct Known {
    name: Option<String>,
    credit_code: Option<CreditCode>,
    legal_representative: Option<String>,
    contact_person: Option<String>,
    phone: SealedPhone,
    trade: Option<String>,
    employees: Option<i32>,
}

impl Known {
    fn check(vault: &Vault, checks: &mut Checks, told: &Told<'_>) -> Result<Self> {
        let name = told.name.map(|name| checks.text("name", name, NAME));
        let credit_code = told.credit_code.map(|told| code(checks, told));
        headcount(checks, told.employees);
        Ok(Self {
            name,
            credit_code,
            legal_representative: checks.optional_text(
                "legalRepresentative",
                told.legal_representative,
                TEXT,
            ),
            contact_person: checks.optional_text("contactPerson", told.contact_person, TEXT),
            phone: SealedPhone::seal(vault, checks, "phone", told.phone)?,
            trade: checks.optional_text("trade", told.trade, TEXT),
            employees: told.employees,
        })
    }

    /// The row of a new enterprise at a place; none where its name or code is not told, or the place is too wide.
    fn row(
        self,
        id: EnterpriseId,
        place: Place,
        size: EnterpriseSize,
        (status, today): (Option<EnterpriseStatus>, Date),
    ) -> Option<enterprise::Model> {
        let status = status.unwrap_or(EnterpriseStatus::Operating);
        Some(enterprise::Model {
            id,
            name: self.name?,
            credit_code: self.credit_code?,
            county_id: place.county_id?,
            township_id: place.township_id?,
            village_id: place.village_id,
            legal_representative: self.legal_representative,
            contact_person: self.contact_person,
            phone: self.phone.sealed,
            phone_masked: self.phone.masked,
            phone_hash: self.phone.hash,
            trade: self.trade,
            size,
            employees: self.employees,
            status,
            closed_on: closed_on(status, today),
            version: 1,
        })
    }
}

/// The first day on which an enterprise is closed that has this status since today.
fn closed_on(status: EnterpriseStatus, today: Date) -> Option<Date> {
    (status == EnterpriseStatus::Closed).then_some(today)
}

/// Changes what is given; what is absent stays, and null clears.
pub async fn update(work: &Work, input: EnterpriseUpdateInput) -> Result<Uuid> {
    let EnterpriseUpdateInput {
        idempotency_key: _,
        id,
        expected_version,
        name,
        credit_code,
        legal_representative,
        contact_person,
        phone,
        trade,
        size,
        employees,
        status,
    } = input;
    let old = work
        .ctx
        .within::<enterprise::Entity>()
        .filter(enterprise::Column::Id.eq(id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found("id"))?;
    let facts = Facts { place: place(&old), enterprise: Some(id), ..Facts::default() };
    work.ctx.must(May::UpdateEnterprise, &facts)?;

    let mut checks = Checks::default();
    let mut row = enterprise::ActiveModel { id: Set(id), ..Default::default() };
    if let Some(name) = checks.given("name", name) {
        change(&mut row.name, checks.text("name", &name, NAME), &old.name);
    }
    if let Some(new) = checks.given("creditCode", credit_code) {
        change(&mut row.credit_code, code(&mut checks, &new), &old.credit_code);
    }
    let person = |checks: &mut Checks, field, value: MaybeUndefined<String>| {
        patched(value, |value| checks.optional_text(field, value.as_deref(), TEXT))
    };
    if let Some(value) = person(&mut checks, "legalRepresentative", legal_representative) {
        change(&mut row.legal_representative, value, &old.legal_representative);
    }
    if let Some(value) = person(&mut checks, "contactPerson", contact_person) {
        change(&mut row.contact_person, value, &old.contact_person);
    }
    if let Some(value) = person(&mut checks, "trade", trade) {
        change(&mut row.trade, value, &old.trade);
    }
    let phone = patched(phone, |phone| SealedPhone::new(&work.ctx, &mut checks, "phone", phone.as_ref()));
    if let Some(size) = checks.given("size", size) {
        change(&mut row.size, size, &old.size);
    }
    if let Some(employees) = patched(employees, |employees| employees) {
        headcount(&mut checks, employees);
        change(&mut row.employees, employees, &old.employees);
    }
    if let Some(status) = checks.given("status", status) {
        change(&mut row.status, status, &old.status);
        if status != old.status {
            change(&mut row.closed_on, closed_on(status, work.ctx.today()), &old.closed_on);
        }
    }
    checks.done()?;
    if let ActiveValue::Set(code) = &row.credit_code {
        code_is_free(work, code, Some(id)).await?;
    }
    if let Some(phone) = phone.transpose()? {
        // The same number is sealed differently each time: its hash tells whether it is another.
        if phone.hash != old.phone_hash {
            row.phone = Set(phone.sealed);
            row.phone_masked = Set(phone.masked);
            row.phone_hash = Set(phone.hash);
        }
    }
    work.update(row, expected_version, ChangeKind::Updated).await.map_err(taken)?;
    Ok(id.0)
}

fn change<T: PartialEq + Into<Value>>(column: &mut ActiveValue<T>, new: T, old: &T) {
    if new != *old {
        *column = Set(new);
    }
}

fn code(checks: &mut Checks, code: &CreditCode) -> CreditCode {
    if let Err(fault) = standards::check_credit_code(&code.0) {
        let rule = match fault {
            standards::Fault::CheckDigit { .. } => "credit-code-check-digit",
            _ => "credit-code",
        };
        checks.refuse(Refusal::rule(rule, "creditCode", fault.zh(), fault.en()));
    }
    CreditCode(standards::tidy(&code.0))
}

fn headcount(checks: &mut Checks, employees: Option<i32>) {
    checks.require(employees.is_none_or(|count| (0..=EMPLOYEES).contains(&count)), || {
        Refusal::rule(
            "range",
            "employees",
            format!("职工人数应为 0 至 {EMPLOYEES}。"),
            format!("The number of employees is from 0 to {EMPLOYEES}."),
        )
    });
}

/// The code belongs to nobody else. Whose it is, only those learn who may see that enterprise.
async fn code_is_free(work: &Work, code: &CreditCode, but: Option<EnterpriseId>) -> Result<()> {
    let same = unscoped::<enterprise::Entity>()
        .filter(enterprise::Column::CreditCode.eq(code.0.clone()))
        .one(&work.tx)
        .await?;
    let Some(same) = same.filter(|same| Some(same.id) != but) else { return Ok(()) };
    let seen = !work.ctx.scope().enterprise_sight(same.id, &place(&same)).is_hidden();
    Err(duplicate(seen.then_some(same.id)))
}

fn duplicate(existing: Option<EnterpriseId>) -> Error {
    Refusal::new(RefusalCode::Duplicate, "creditCode", TAKEN.0, TAKEN.1)
        .with(Detail::Existing(existing.map(|id| id.to_string())))
        .into()
}

/// Somebody registered the same code at the same moment.
fn taken(error: Error) -> Error {
    if Work::is_constraint(&error, "credit_code") { duplicate(None) } else { error }
}
