//! Diaries (民情日记): what a cadre writes down of a day, and the visits that it tells of. Read by whoever wrote it and by the
//! leaders of where they serve; changed by whoever wrote it.

pub mod object;

use self::object::{DiaryUpdateInput, DiaryWriteInput};
use crate::kernel::{
    clock::civil,
    door::{self, any_of, unscoped},
    error::{Refusal, RefusalCode, Result},
    policy::May,
    record::Record,
    refusal::{Checks, Detail},
    request::Ctx,
    work::Work,
};
use chrono::Duration;
use entity::{
    cadre, diary, diary_visit,
    id::{CadreId, DiaryId, VisitId},
    kind::ChangeKind,
    scalar::Date,
    visit,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Set, sea_query::LockType,
};
use std::collections::HashSet;
use uuid::Uuid;

/// Characters of an entry.
const TEXT: usize = 10_000;
/// Visits that an entry tells of.
const VISITS: usize = 20;
/// Days back for which an entry may be written.
const BACK: i64 = 400;

/// What is said to somebody else who would change an entry.
pub(crate) const NOT_OWN: (&str, &str) =
    ("只有本人可以修改日记。", "An entry is changed by whoever wrote it.");

impl Record for diary::Entity {
    const NAME: &'static str = DiaryId::PREFIX;
    const INTERNAL: &'static [&'static str] = &["cadre_id", "written_on"];
}

/// Who keeps a diary is a cadre: it stands where they serve.
async fn author(work: &Work) -> Result<cadre::Model> {
    if !work.ctx.scope().allowed_somewhere(May::KeepDiary) {
        return Err(work.ctx.forbidden(May::KeepDiary));
    }
    let none = || {
        Refusal::new(
            RefusalCode::State,
            "",
            "此账号没有对应的干部，不能写民情日记。",
            "No cadre is behind this account; diaries are kept by cadres.",
        )
    };
    let own: CadreId = work.ctx.scope().cadre.ok_or_else(none)?;
    let row = unscoped::<cadre::Entity>().filter(cadre::Column::Id.eq(own)).one(&work.tx).await?;
    Ok(row.ok_or_else(none)?)
}

fn check_day(checks: &mut Checks, day: Date, today: Date) {
    checks.require(day <= today && day.0 >= today.0 - Duration::days(BACK), || {
        Refusal::rule(
            "day",
            "writtenOn",
            format!("日期应为今天或此前 {BACK} 天内。"),
            format!("The day is today, or at most {BACK} days ago."),
        )
    });
}

/// They are visits that the viewer sees, each once.
async fn check_visits(work: &Work, checks: &mut Checks, mut ids: Vec<VisitId>) -> Result<Vec<VisitId>> {
    let mut seen = HashSet::new();
    ids.retain(|id| seen.insert(*id));
    checks.require(ids.len() <= VISITS, || {
        Refusal::rule(
            "too-many",
            "visitIds",
            format!("最多 {VISITS} 次走访。"),
            format!("{VISITS} visits at the most."),
        )
    });
    if ids.is_empty() || ids.len() > VISITS {
        return Ok(ids);
    }
    let known: Vec<VisitId> = door::within::<visit::Entity>(work.ctx.scope(), work.ctx.backend())
        .select_only()
        .column(visit::Column::Id)
        .filter(any_of(visit::Column::Id, ids.iter().copied(), work.ctx.backend()))
        .into_tuple()
        .all(&work.tx)
        .await?;
    for (at, id) in ids.iter().enumerate() {
        checks.require(known.contains(id), || Refusal::not_found(&format!("visitIds.{at}")));
    }
    Ok(ids)
}

/// Lets an entry tell of these visits, and no others.
async fn tell_of(work: &Work, diary_id: DiaryId, visits: &[VisitId]) -> Result<()> {
    diary_visit::Entity::delete_many()
        .filter(diary_visit::Column::DiaryId.eq(diary_id))
        .exec(&work.tx)
        .await?;
    if visits.is_empty() {
        return Ok(());
    }
    let rows = visits
        .iter()
        .map(|&visit_id| diary_visit::ActiveModel { diary_id: Set(diary_id), visit_id: Set(visit_id) });
    diary_visit::Entity::insert_many(rows).exec_without_returning(&work.tx).await?;
    Ok(())
}

/// Writes an entry.
pub async fn write(work: &Work, input: DiaryWriteInput) -> Result<Uuid> {
    let DiaryWriteInput { idempotency_key: _, id, written_on, text, visit_ids } = input;
    let cadre = author(work).await?;
    let mut checks = Checks::default();
    let day = written_on.unwrap_or_else(|| civil(work.now()));
    check_day(&mut checks, day, work.ctx.today());
    let text = checks.text("text", &text, TEXT);
    let visits = check_visits(work, &mut checks, visit_ids.unwrap_or_default()).await?;
    checks.done()?;
    let id = id.unwrap_or_else(|| DiaryId(Uuid::now_v7()));
    let row = diary::ActiveModel {
        id: Set(id),
        cadre_id: Set(cadre.id),
        written_by: Set(work.ctx.signed_in()?.account),
        written_on: Set(day),
        text: Set(text),
        county_id: Set(cadre.county_id),
        township_id: Set(cadre.township_id),
        village_id: Set(cadre.village_id),
        written_at: Set(work.now()),
        version: Set(1),
    };
    work.insert(row).await?;
    tell_of(work, id, &visits).await?;
    Ok(id.0)
}

/// An entry that the viewer sees and may change: their own. It is held until the command is done.
pub async fn changeable(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    id: DiaryId,
    field: &str,
) -> Result<diary::Model> {
    let row = ctx
        .within::<diary::Entity>()
        .filter(diary::Column::Id.eq(id))
        .lock(LockType::NoKeyUpdate)
        .one(db)
        .await?
        .ok_or_else(|| Refusal::not_found(field))?;
    if ctx.scope().cadre != Some(row.cadre_id) {
        return Err(Refusal::new(RefusalCode::Forbidden, field, NOT_OWN.0, NOT_OWN.1)
            .with(Detail::Requires(vec!["AUTHOR".to_owned()]))
            .into());
    }
    Ok(row)
}

/// Changes what is given of one's own entry.
pub async fn update(work: &Work, input: DiaryUpdateInput) -> Result<Uuid> {
    let DiaryUpdateInput { idempotency_key: _, id, expected_version, written_on, text, visit_ids } = input;
    let old = changeable(&work.ctx, &work.tx, id, "id").await?;
    let mut checks = Checks::default();
    let mut row = diary::ActiveModel { id: Set(id), ..Default::default() };
    if let Some(day) = checks.given("writtenOn", written_on) {
        check_day(&mut checks, day, work.ctx.today());
        if day != old.written_on {
            row.written_on = Set(day);
        }
    }
    if let Some(text) = checks.given("text", text) {
        let text = checks.text("text", &text, TEXT);
        if text != old.text {
            row.text = Set(text);
        }
    }
    let visits = match checks.given("visitIds", visit_ids) {
        Some(ids) => Some(check_visits(work, &mut checks, ids).await?),
        None => None,
    };
    checks.done()?;
    let also: &[&str] = if visits.is_some() { &["visits"] } else { &[] };
    work.update_with(row, expected_version, ChangeKind::Updated, also).await?;
    if let Some(visits) = visits {
        tell_of(work, id, &visits).await?;
    }
    Ok(id.0)
}
