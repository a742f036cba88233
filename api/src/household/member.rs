//! Members of a household (家庭成员).

use super::{SealedPhone, find_to_change, recount};
use crate::kernel::{
    access::{Owner, Subject, Way},
    directive::{DataClass, auth, class, cost, may},
    door::{any_of, unscoped},
    error::{Refusal, Result},
    filter::ChoiceFilter,
    node::{Filter, Node, Ordering},
    page::Run,
    patch::{patched, set},
    payload::{ctx, payload},
    personal::Personal,
    policy::{May, Part},
    record::Record,
    refusal::{Checks, Detail},
    request::Ctx,
    rows::Key,
    scope::Scope,
    standards,
    vault::Vault,
    work::Work,
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    id::{HouseholdId, MemberId},
    kind::{ChangeKind, Employment, Kinship, Sex},
    member,
    scalar::{Date, PhoneNumber},
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DerivePartialModel, IntoActiveModel, PartialModelTrait,
    QueryFilter, QuerySelect, Select, Set,
};
use std::collections::HashMap;
use uuid::Uuid;

/// Members of one household at the most.
pub(super) const MOST_MEMBERS: usize = 30;

impl Record for member::Entity {
    const NAME: &'static str = MemberId::PREFIX;
    const INTERNAL: &'static [&'static str] = &["household_id", "left_on"];
}

/// A member of a household (家庭成员). Seen by whoever sees more of the household than a dispatcher does.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "member::Entity")]
#[graphql(complex)]
pub struct HouseholdMember {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: MemberId,
    /// Name (姓名).
    #[graphql(directive = class::apply(DataClass::Personal))]
    pub name: Personal<String>,
    /// Relation to the head (与户主关系).
    #[graphql(directive = class::apply(DataClass::Personal))]
    pub relation: Personal<Kinship>,
    /// Sex by GB/T 2261.1 (性别).
    #[graphql(directive = class::apply(DataClass::Personal))]
    pub sex: Personal<Sex>,
    /// Date of birth (出生日期). Null when it is not known.
    #[graphql(directive = class::apply(DataClass::Personal))]
    pub birth_date: Personal<Option<Date>>,
    /// Telephone with its middle hidden (电话). Null when there is none.
    #[graphql(directive = class::apply(DataClass::Personal))]
    pub phone_masked: Personal<Option<String>>,
    /// Employment situation (就业情况). Null when it is not known.
    #[graphql(directive = class::apply(DataClass::Personal))]
    pub employment: Personal<Option<Employment>>,
    /// Where the person works, when away (务工地点). Null when not away, or not known.
    #[graphql(directive = class::apply(DataClass::Personal))]
    pub employment_place: Personal<Option<String>>,
    /// What the person needs (需求). Null when nothing is noted.
    #[graphql(directive = class::apply(DataClass::Personal))]
    pub needs: Personal<Option<String>>,
    /// First day on which the person no longer belonged to the household; null while they do.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub left_on: Option<Date>,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) household_id: HouseholdId,
    #[graphql(skip)]
    pub(crate) identity_number_masked: Option<String>,
    #[graphql(skip)]
    #[sea_orm(skip)]
    pub(crate) way: Way,
}

/// Each field that may be hidden, and the part of the household that shows it; one without a part is shown by
/// `householdMemberReveal` alone.
pub(crate) const MASKED: &[(&str, Option<Part>)] = &[("identityNumber", None), ("phone", Some(Part::Phone))];

impl HouseholdMember {
    /// Whose it is, for what is shown of it.
    pub(crate) fn owner(&self) -> Owner {
        Owner { subject: Subject::Household(self.household_id), of: "HouseholdMember", way: self.way }
    }
}

/// Conditions on members, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct HouseholdMemberWhere {
    /// Those who have left as well; otherwise only those who belong to it now.
    #[graphql(default)]
    pub including_left: bool,
    /// By relation to the head.
    #[graphql(default)]
    pub relation: Option<ChoiceFilter<Kinship>>,
}

impl Filter for HouseholdMemberWhere {
    async fn condition(&self, _: &Ctx) -> Result<Condition> {
        let mut all = Condition::all();
        if !self.including_left {
            all = all.add(member::Column::LeftOn.is_null());
        }
        if let Some(relation) = &self.relation {
            all = all.add(relation.on(member::Column::Relation)?);
        }
        Ok(all)
    }
}

/// What members are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum HouseholdMemberOrderField {
    /// When they were registered: the order of the ids, the head first.
    CreatedAt,
}

impl Ordering for HouseholdMemberOrderField {
    fn column(self) -> Option<&'static str> {
        None
    }

    fn usual() -> Run {
        Run { column: None, descending: false }
    }
}

impl Node for HouseholdMember {
    type Entity = member::Entity;
    type Where = HouseholdMemberWhere;
    type Order = HouseholdMemberOrderField;
    const NAME: &'static str = MemberId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }

    fn seen(&mut self, _: &Scope, way: Way) {
        // The door lets members of households through whose personal part is shown, no others.
        self.way = way;
        let owner = self.owner();
        self.name.decide(true, owner);
        self.relation.decide(true, owner);
        self.sex.decide(true, owner);
        self.birth_date.decide(true, owner);
        self.phone_masked.decide(true, owner);
        self.employment.decide(true, owner);
        self.employment_place.decide(true, owner);
        self.needs.decide(true, owner);
    }
}

/// The question for the head of a household.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HeadOf(pub HouseholdId);

impl Key for HeadOf {
    type Value = HouseholdMember;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, HouseholdMember>> {
        let rows = HouseholdMember::select_cols(ctx.within::<member::Entity>().select_only())
            .filter(any_of(member::Column::HouseholdId, keys.iter().map(|key| key.0), ctx.backend()))
            .filter(member::Column::Relation.eq(Kinship::Head))
            .filter(member::Column::LeftOn.is_null())
            .into_model::<HouseholdMember>()
            .all(ctx.db().read())
            .await?;
        let head = |mut row: HouseholdMember| {
            row.seen(ctx.scope(), Way::One);
            (Self(row.household_id), row)
        };
        Ok(rows.into_iter().map(head).collect())
    }
}

/// The question for the telephone number of a member; the caller knows that the viewer may see it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneOf(pub MemberId);

impl Key for PhoneOf {
    type Value = PhoneNumber;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, PhoneNumber>> {
        let rows: Vec<(MemberId, Vec<u8>)> = ctx
            .within::<member::Entity>()
            .select_only()
            .columns([member::Column::Id, member::Column::Phone])
            .filter(any_of(member::Column::Id, keys.iter().map(|key| key.0), ctx.backend()))
            .filter(member::Column::Phone.is_not_null())
            .into_tuple()
            .all(ctx.db().read())
            .await?;
        rows.into_iter().map(|(id, phone)| Ok((Self(id), PhoneNumber(ctx.vault().open(&phone)?)))).collect()
    }
}

/// Members who belong to a household now.
pub(super) fn living(household: HouseholdId) -> Select<member::Entity> {
    unscoped::<member::Entity>()
        .filter(member::Column::HouseholdId.eq(household))
        .filter(member::Column::LeftOn.is_null())
}

/// A member to register.
#[derive(Clone, Debug, InputObject)]
pub struct HouseholdMemberInput {
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<MemberId>,
    /// Name, at most 40 characters.
    pub name: String,
    /// Relation to the head.
    pub relation: Kinship,
    /// Sex; must agree with the identity number where both are given.
    #[graphql(default)]
    pub sex: Option<Sex>,
    /// Date of birth; must agree with the identity number where both are given.
    #[graphql(default)]
    pub birth_date: Option<Date>,
    /// Identity number of 18 characters with its check digit (GB 11643). Shown to nobody.
    #[graphql(default)]
    pub identity_number: Option<String>,
    /// Telephone number.
    #[graphql(default)]
    pub phone: Option<PhoneNumber>,
    /// Employment situation.
    #[graphql(default)]
    pub employment: Option<Employment>,
    /// Where the person works, when away; at most 100 characters.
    #[graphql(default)]
    pub employment_place: Option<String>,
    /// What the person needs, at most 500 characters.
    #[graphql(default)]
    pub needs: Option<String>,
}

/// An identity number in its three forms.
#[derive(Default)]
pub(super) struct SealedIdentity {
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) masked: Option<String>,
    pub(super) hash: Option<Vec<u8>>,
}

/// A member whose input has been checked.
pub(super) struct NewMember {
    pub(super) id: MemberId,
    pub(super) name: String,
    pub(super) relation: Kinship,
    pub(super) sex: Sex,
    pub(super) birth_date: Option<Date>,
    pub(super) identity: SealedIdentity,
    pub(super) phone: SealedPhone,
    pub(super) employment: Option<Employment>,
    pub(super) employment_place: Option<String>,
    pub(super) needs: Option<String>,
}

impl NewMember {
    /// Checks one member; `at` is where it stands in the input.
    pub(super) fn check(
        vault: &Vault,
        today: Date,
        checks: &mut Checks,
        at: &str,
        input: HouseholdMemberInput,
    ) -> Result<Self> {
        let HouseholdMemberInput {
            id,
            name,
            relation,
            mut sex,
            mut birth_date,
            identity_number,
            phone,
            employment,
            employment_place,
            needs,
        } = input;
        let field = |name: &str| format!("{at}{name}");
        let mut identity = SealedIdentity::default();
        if let Some(number) = identity_number {
            match standards::check_identity_number(&number) {
                Err(fault) => checks.refuse(Refusal::rule(
                    "identity-number",
                    &field("identityNumber"),
                    fault.zh(),
                    fault.en(),
                )),
                Ok(citizen) => {
                    let of_number = if citizen.male { Sex::Male } else { Sex::Female };
                    checks.require(sex.is_none_or(|sex| sex == of_number), || {
                        Refusal::rule(
                            "identity-number-sex",
                            &field("sex"),
                            "性别与身份证号不符。",
                            "The sex does not agree with the identity number.",
                        )
                    });
                    checks.require(birth_date.is_none_or(|date| date.0 == citizen.birth), || {
                        Refusal::rule(
                            "identity-number-birth",
                            &field("birthDate"),
                            "出生日期与身份证号不符。",
                            "The date of birth does not agree with the identity number.",
                        )
                    });
                    sex = Some(of_number);
                    birth_date = Some(Date(citizen.birth));
                    let number = standards::tidy(&number);
                    identity = SealedIdentity {
                        sealed: Some(vault.seal(&number)?),
                        masked: Some(standards::mask_identity(&number)),
                        hash: Some(vault.fingerprint(&number)),
                    };
                }
            }
        }
        checks.require(birth_date.is_none_or(|date| date <= today), || {
            Refusal::rule(
                "birth-date",
                &field("birthDate"),
                "出生日期在将来。",
                "The date of birth lies ahead.",
            )
        });
        Ok(Self {
            id: id.unwrap_or_else(|| MemberId(Uuid::now_v7())),
            name: checks.text(&field("name"), &name, 40),
            relation,
            sex: sex.unwrap_or(Sex::Unknown),
            birth_date,
            identity,
            phone: SealedPhone::seal(vault, checks, &field("phone"), phone.as_ref())?,
            employment,
            employment_place: checks.optional_text(
                &field("employmentPlace"),
                employment_place.as_deref(),
                100,
            ),
            needs: checks.optional_text(&field("needs"), needs.as_deref(), 500),
        })
    }

    pub(super) fn is_head(&self) -> bool {
        self.relation == Kinship::Head
    }

    /// The row of a new member.
    pub(super) fn row(self, household_id: HouseholdId) -> member::Model {
        member::Model {
            id: self.id,
            household_id,
            name: self.name,
            relation: self.relation,
            sex: self.sex,
            birth_date: self.birth_date,
            identity_number: self.identity.sealed,
            identity_number_masked: self.identity.masked,
            identity_number_hash: self.identity.hash,
            phone: self.phone.sealed,
            phone_masked: self.phone.masked,
            phone_hash: self.phone.hash,
            employment: self.employment,
            employment_place: self.employment_place,
            needs: self.needs,
            left_on: None,
            version: 1,
        }
    }

    pub(super) async fn insert(self, work: &Work, household: HouseholdId) -> Result<Uuid> {
        work.insert(self.row(household).into_active_model().reset_all()).await
    }
}

/// A member who joins a household.
#[derive(Clone, Debug, InputObject)]
pub struct HouseholdMemberAddInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which household.
    pub household_id: HouseholdId,
    /// Who joins; not a second head.
    pub member: HouseholdMemberInput,
}

/// A change to a member. What is absent stays; null clears.
#[derive(Clone, Debug, InputObject)]
pub struct HouseholdMemberUpdateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which member.
    pub id: MemberId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// New name, at most 40 characters.
    #[graphql(default)]
    pub name: Option<String>,
    /// New telephone number; null clears it.
    pub phone: MaybeUndefined<PhoneNumber>,
    /// New employment situation; null clears it.
    pub employment: MaybeUndefined<Employment>,
    /// New place of work; null clears it.
    pub employment_place: MaybeUndefined<String>,
    /// New needs; null clears them.
    pub needs: MaybeUndefined<String>,
    /// First day on which the person no longer belongs to the household; null takes it back. The head cannot leave.
    pub left_on: MaybeUndefined<Date>,
}

payload! {
    /// A member who was registered or changed, or why not.
    HouseholdMemberPayload, member: HouseholdMember
}

/// Changes to members.
#[derive(Debug, Default)]
pub struct MemberMutation;

#[Object]
impl MemberMutation {
    /// Registers somebody who joins a household. Requires what `householdUpdate` requires. Errors: `INVALID`, `LIMIT`,
    /// `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::UpdateHousehold)))]
    async fn household_member_add(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to make.")] input: HouseholdMemberAddInput,
    ) -> Option<Result<HouseholdMemberPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("householdMemberAdd", &input.idempotency_key, &input, add).await;
        HouseholdMemberPayload::of(ctx, written).await
    }

    /// Changes a member, or notes that the person has left. Requires what `householdUpdate` requires. Errors: `INVALID`,
    /// `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::UpdateHousehold)))]
    async fn household_member_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to change, and the version that it is based on.")]
        input: HouseholdMemberUpdateInput,
    ) -> Option<Result<HouseholdMemberPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("householdMemberUpdate", &input.idempotency_key, &input, update).await;
        HouseholdMemberPayload::of(ctx, written).await
    }
}

async fn add(work: &Work, input: HouseholdMemberAddInput) -> Result<Uuid> {
    let HouseholdMemberAddInput { idempotency_key: _, household_id, member } = input;
    let household = find_to_change(work, household_id, "householdId").await?;
    let mut checks = Checks::default();
    let member = NewMember::check(work.ctx.vault(), work.ctx.today(), &mut checks, "member.", member)?;
    checks.require(!member.is_head(), || {
        Refusal::rule("one-head", "member.relation", "这户已有户主。", "The household has a head already.")
    });
    let most = i32::try_from(MOST_MEMBERS).unwrap_or(i32::MAX);
    checks.require(household.member_count < most, || {
        Refusal::new(
            crate::kernel::error::RefusalCode::Limit,
            "member",
            format!("最多 {MOST_MEMBERS} 人。"),
            format!("{MOST_MEMBERS} members at the most."),
        )
        .with(Detail::Limit(most))
    });
    checks.done()?;
    let id = member.insert(work, household_id).await?;
    recount(work, &household).await?;
    Ok(id)
}

async fn update(work: &Work, input: HouseholdMemberUpdateInput) -> Result<Uuid> {
    let HouseholdMemberUpdateInput {
        idempotency_key: _,
        id,
        expected_version,
        name,
        phone,
        employment,
        employment_place,
        needs,
        left_on,
    } = input;
    let before = crate::kernel::door::within::<member::Entity>(work.ctx.scope(), work.ctx.backend())
        .filter(member::Column::Id.eq(id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found("id"))?;
    let household = find_to_change(work, before.household_id, "id").await?;
    let mut checks = Checks::default();
    let name = name.map(|name| checks.text("name", &name, 40));
    let mut text = |field: &str, value: MaybeUndefined<String>, most| {
        patched(value, |value| checks.optional_text(field, value.as_deref(), most))
    };
    let employment_place = text("employmentPlace", employment_place, 100);
    let needs = text("needs", needs, 500);
    let phone = patched(phone, |phone| SealedPhone::new(&work.ctx, &mut checks, "phone", phone.as_ref()))
        .transpose()?;
    checks.require(left_on.value().is_none_or(|&day| day <= work.ctx.today()), || {
        Refusal::rule("left-on", "leftOn", "离开的日子在将来。", "The day of leaving lies ahead.")
    });
    checks.done()?;
    let mut row = member::ActiveModel {
        id: Set(id),
        name: set(name),
        employment: set(patched(employment, |value| value)),
        employment_place: set(employment_place),
        needs: set(needs),
        left_on: set(patched(left_on, |value| value)),
        ..Default::default()
    };
    if let Some(phone) = phone {
        row.phone = Set(phone.sealed);
        row.phone_masked = Set(phone.masked);
        row.phone_hash = Set(phone.hash);
    }
    work.update(row, expected_version, ChangeKind::Updated).await?;
    recount(work, &household).await?;
    Ok(id.0)
}
