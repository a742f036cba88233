//! Erasing what is past its time of households that are gone and members who left: what is sensitive first, what is
//! personal later. Number, place, status and days stay, for counts.

use crate::kernel::{
    bulk::{self, Change, LittleByLittle},
    db::Db,
    door::{any_of, unscoped},
    error::Result,
    keep::Retention,
    record::{By, append, log_line},
};
use entity::{
    correction, emergency, household, household_tag,
    id::{CorrectionId, EmergencyId, HouseholdId, MemberId},
    kind::{ChangeKind, HouseholdStatus, Kinship, Sex},
    member,
    scalar::{Date, DateTime},
    tag,
};
use indicatif::ProgressBar;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, LockType, SelectStatement},
};
use std::collections::HashMap;

/// What stands in the place of a name that was erased.
pub const ERASED: &str = "已清除";
/// Records in one transaction.
const FEW: u64 = LittleByLittle::FEW;

/// What is erased together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Income, tags of the sensitive class, identity numbers.
    Sensitive,
    /// All that is personal, and what is sensitive with it.
    Personal,
}

impl Part {
    /// After how many days; 0: never.
    #[must_use]
    pub fn days(self, retention: &Retention) -> u32 {
        match self {
            Self::Sensitive => retention.sensitive_days,
            Self::Personal => retention.personal_days,
        }
    }

    /// Households that hold something of it themselves.
    fn of_household(self) -> Condition {
        use household::Column::*;
        match self {
            Self::Sensitive => {
                Condition::any().add(YearlyIncome.is_not_null()).add(IncomeSource.is_not_null())
            }
            Self::Personal => Condition::any()
                .add(HeadName.ne(ERASED))
                .add(Address.is_not_null())
                .add(Latitude.is_not_null())
                .add(Longitude.is_not_null())
                .add(Phone.is_not_null())
                .add(PhoneMasked.is_not_null())
                .add(PhoneHash.is_not_null())
                .add(Housing.is_not_null()),
        }
    }

    /// Members who hold something of it.
    fn of_member(self) -> Condition {
        use member::Column::*;
        match self {
            Self::Sensitive => Condition::any()
                .add(IdentityNumber.is_not_null())
                .add(IdentityNumberMasked.is_not_null())
                .add(IdentityNumberHash.is_not_null()),
            Self::Personal => Condition::any()
                .add(Name.ne(ERASED))
                .add(Relation.ne(Kinship::Other))
                .add(Sex.ne(entity::kind::Sex::Unknown))
                .add(BirthDate.is_not_null())
                .add(Phone.is_not_null())
                .add(PhoneMasked.is_not_null())
                .add(PhoneHash.is_not_null())
                .add(Employment.is_not_null())
                .add(EmploymentPlace.is_not_null())
                .add(Needs.is_not_null()),
        }
    }

    /// Tags that go with it.
    fn tags(self) -> Condition {
        match self {
            Self::Sensitive => Condition::all().add(tag::Column::Sensitive.eq(true)),
            Self::Personal => Condition::all(),
        }
    }

    fn bare(self, row: &mut household::Model) {
        row.yearly_income = None;
        row.income_source = None;
        if self == Self::Personal {
            ERASED.clone_into(&mut row.head_name);
            row.address = None;
            (row.latitude, row.longitude) = (None, None);
            (row.phone, row.phone_masked, row.phone_hash) = (None, None, None);
            row.housing = None;
        }
    }

    fn bare_member(self, row: &mut member::Model) {
        (row.identity_number, row.identity_number_masked, row.identity_number_hash) = (None, None, None);
        if self == Self::Personal {
            ERASED.clone_into(&mut row.name);
            row.relation = Kinship::Other;
            row.sex = Sex::Unknown;
            row.birth_date = None;
            (row.phone, row.phone_masked, row.phone_hash) = (None, None, None);
            (row.employment, row.employment_place, row.needs) = (None, None, None);
        }
    }
}

/// Rows of another table that point at this household.
fn of_this(column: impl ColumnTrait) -> Expr {
    Expr::col(column.as_column_ref()).equals((household::Entity, household::Column::Id))
}

fn codes(part: Part) -> SelectStatement {
    unscoped::<tag::Entity>().select_only().column(tag::Column::Code).filter(part.tags()).into_query()
}

/// Ids of households that were gone by a day.
pub fn gone_by(day: Date) -> SelectStatement {
    unscoped::<household::Entity>()
        .select_only()
        .column(household::Column::Id)
        .filter(left_by(day))
        .into_query()
}

fn left_by(day: Date) -> Condition {
    Condition::all()
        .add(household::Column::ResidentUntil.lte(day))
        .add(household::Column::Status.ne(HouseholdStatus::Resident))
}

/// Households that have been gone since a day, and of which something of this is held. Members who left have a time of
/// their own.
fn gone(part: Part, by: Date) -> Condition {
    let members = unscoped::<member::Entity>()
        .select_only()
        .expr(Expr::val(1))
        .filter(of_this(member::Column::HouseholdId))
        .filter(member::Column::LeftOn.is_null())
        .filter(part.of_member());
    let tags = unscoped::<household_tag::Entity>()
        .select_only()
        .expr(Expr::val(1))
        .filter(of_this(household_tag::Column::HouseholdId))
        .filter(household_tag::Column::Tag.in_subquery(codes(part)));
    let mut held =
        part.of_household().add(Expr::exists(members.into_query())).add(Expr::exists(tags.into_query()));
    if part == Part::Personal {
        let corrections = unscoped::<correction::Entity>()
            .select_only()
            .expr(Expr::val(1))
            .filter(of_this(correction::Column::HouseholdId));
        held = held.add(Expr::exists(corrections.into_query()));
    }
    left_by(by).add(held)
}

/// Members who left by a day, and of whom something of this is held.
fn left(part: Part, by: Date) -> Condition {
    Condition::all().add(member::Column::LeftOn.lte(by)).add(part.of_member())
}

/// Households of which something would be erased.
pub async fn count_households(db: &Db, part: Part, by: Date) -> Result<u64> {
    Ok(unscoped::<household::Entity>().filter(gone(part, by)).count(db.read()).await?)
}

/// Members of whom something would be erased.
pub async fn count_members(db: &Db, part: Part, by: Date) -> Result<u64> {
    Ok(unscoped::<member::Entity>().filter(left(part, by)).count(db.read()).await?)
}

/// Erases what is past its time of households that are gone; tells of how many.
pub async fn households(
    db: &Db,
    part: Part,
    gone_by: Date,
    by: By<'_>,
    progress: &ProgressBar,
) -> Result<u64> {
    let mut after = None::<HouseholdId>;
    let mut all = LittleByLittle::new(db, progress);
    while let Some(tx) = all.next().await? {
        let mut some = unscoped::<household::Entity>().filter(gone(part, gone_by));
        if let Some(after) = after {
            some = some.filter(household::Column::Id.gt(after));
        }
        let some = some.order_by_asc(household::Column::Id).limit(FEW).lock(LockType::NoKeyUpdate);
        let rows = some.all(&tx).await?;
        let count = rows.len() as u64;
        after = rows.last().map(|row| row.id);
        bare_households(&tx, part, rows, by).await?;
        all.settle(tx, count).await?;
    }
    Ok(all.done)
}

async fn bare_households(
    tx: &impl ConnectionTrait,
    part: Part,
    rows: Vec<household::Model>,
    by: By<'_>,
) -> Result<()> {
    let backend = tx.get_database_backend();
    let ids = || rows.iter().map(|row| row.id);
    let mut families: HashMap<HouseholdId, bool> = HashMap::new();
    let living = unscoped::<member::Entity>()
        .filter(any_of(member::Column::HouseholdId, ids(), backend))
        .filter(member::Column::LeftOn.is_null())
        .order_by_asc(member::Column::Id)
        .lock(LockType::NoKeyUpdate)
        .all(tx)
        .await?;
    let members: Vec<_> = living.into_iter().filter_map(|row| bared(part, row)).collect();
    for change in &members {
        families.insert(change.before.household_id, true);
    }
    let tagged = any_of(household_tag::Column::HouseholdId, ids(), backend)
        .and(household_tag::Column::Tag.in_subquery(codes(part)));
    let tags = unscoped::<household_tag::Entity>().filter(tagged.clone()).all(tx).await?;
    if part == Part::Personal {
        let corrections = Condition::all().add(any_of(correction::Column::HouseholdId, ids(), backend));
        forget_corrections(tx, corrections, None, by).await?;
    }
    let changes = rows.iter().map(|before| {
        let mut after = before.clone();
        part.bare(&mut after);
        let family = families.contains_key(&before.id);
        let tagged = tags.iter().any(|tag| tag.household_id == before.id);
        Change { before: before.clone(), after, also: also(family, tagged) }
    });
    bulk::change::<household::Entity>(tx, changes.collect(), by).await?;
    bulk::change::<member::Entity>(tx, members, by).await?;
    household_tag::Entity::delete_many().filter(tagged).exec(tx).await?;
    Ok(())
}

fn bared(part: Part, before: member::Model) -> Option<Change<member::Model>> {
    let mut after = before.clone();
    part.bare_member(&mut after);
    (after != before).then_some(Change { before, after, also: &[] })
}

fn also(members: bool, tags: bool) -> &'static [&'static str] {
    match (members, tags) {
        (false, false) => &[],
        (true, false) => &["members"],
        (false, true) => &["tags"],
        (true, true) => &["members", "tags"],
    }
}

/// Erases what is past its time of members who left; tells of how many. Their households have their next version.
pub async fn members(db: &Db, part: Part, left_by: Date, by: By<'_>, progress: &ProgressBar) -> Result<u64> {
    let mut after = None::<MemberId>;
    let mut all = LittleByLittle::new(db, progress);
    while let Some(tx) = all.next().await? {
        let mut some = unscoped::<member::Entity>().filter(left(part, left_by));
        if let Some(after) = after {
            some = some.filter(member::Column::Id.gt(after));
        }
        let some = some.order_by_asc(member::Column::Id).limit(FEW);
        let found = some.select_only().columns([member::Column::Id, member::Column::HouseholdId]);
        let found: Vec<(MemberId, HouseholdId)> = found.into_tuple().all(&tx).await?;
        let count = found.len() as u64;
        after = found.last().map(|(id, _)| *id);
        // Households first, as whoever changes a member does.
        let homes = any_of(household::Column::Id, found.iter().map(|(_, home)| *home), db.backend());
        let homes = unscoped::<household::Entity>().filter(homes).order_by_asc(household::Column::Id);
        let homes = homes.lock(LockType::NoKeyUpdate).all(&tx).await?;
        let rows = any_of(member::Column::Id, found.iter().map(|(id, _)| *id), db.backend());
        let rows = unscoped::<member::Entity>().filter(rows).order_by_asc(member::Column::Id);
        let rows = rows.lock(LockType::NoKeyUpdate).all(&tx).await?;
        let changes: Vec<_> = rows.into_iter().filter_map(|row| bared(part, row)).collect();
        let homes =
            homes.into_iter().map(|home| Change { before: home.clone(), after: home, also: &["members"] });
        bulk::change::<household::Entity>(&tx, homes.collect(), by).await?;
        bulk::change::<member::Entity>(&tx, changes, by).await?;
        all.settle(tx, count).await?;
    }
    Ok(all.done)
}

fn closed(before: DateTime) -> Condition {
    Condition::all().add(emergency::Column::ClosesAt.lte(before))
}

/// Emergencies that would go.
pub async fn count_emergencies(db: &Db, before: DateTime) -> Result<u64> {
    Ok(unscoped::<emergency::Entity>().filter(closed(before)).count(db.read()).await?)
}

/// Lets emergencies go that were over long ago, with their reasons; tells how many. The access log keeps its own lines.
pub async fn emergencies(db: &Db, before: DateTime, progress: &ProgressBar) -> Result<u64> {
    let mut all = LittleByLittle::new(db, progress);
    while let Some(tx) = all.next().await? {
        let some = unscoped::<emergency::Entity>().select_only().column(emergency::Column::Id);
        let some = some.filter(closed(before)).limit(FEW);
        let ids: Vec<EmergencyId> = some.into_tuple().all(&tx).await?;
        let those = any_of(emergency::Column::Id, ids.iter().copied(), db.backend());
        emergency::Entity::delete_many().filter(those).exec(&tx).await?;
        all.settle(tx, ids.len() as u64).await?;
    }
    Ok(all.done)
}

fn decided(before: DateTime) -> Condition {
    Condition::all().add(correction::Column::DecidedAt.lte(before))
}

/// Corrections that would go.
pub async fn count_corrections(db: &Db, before: DateTime) -> Result<u64> {
    Ok(unscoped::<correction::Entity>().filter(decided(before)).count(db.read()).await?)
}

/// Lets corrections go that were decided long ago; tells how many.
pub async fn corrections(db: &Db, before: DateTime, by: By<'_>, progress: &ProgressBar) -> Result<u64> {
    let mut all = LittleByLittle::new(db, progress);
    while let Some(tx) = all.next().await? {
        let count = forget_corrections(&tx, decided(before), Some(FEW), by).await?;
        all.settle(tx, count).await?;
    }
    Ok(all.done)
}

async fn forget_corrections(
    tx: &impl ConnectionTrait,
    which: Condition,
    most: Option<u64>,
    by: By<'_>,
) -> Result<u64> {
    let rows: Vec<(CorrectionId, i32)> = unscoped::<correction::Entity>()
        .select_only()
        .columns([correction::Column::Id, correction::Column::Version])
        .filter(which)
        .order_by_asc(correction::Column::Id)
        .limit(most)
        .into_tuple()
        .all(tx)
        .await?;
    let lines = rows.iter().map(|&(id, version)| {
        let change = (id.0, version + 1, ChangeKind::Ended);
        log_line::<correction::Entity>(by.now, change, &[], serde_json::json!({}), by.request_id)
    });
    append(tx, lines.collect()).await?;
    let ids = rows.iter().map(|(id, _)| *id);
    correction::Entity::delete_many()
        .filter(any_of(correction::Column::Id, ids, tx.get_database_backend()))
        .exec(tx)
        .await?;
    Ok(rows.len() as u64)
}
