//! Openings of boxes (说事箱开箱记录): when a box was opened, before which two witnesses, and how many letters lay in it.
//!
//! Written once, never changed and never taken back. One witness at the least serves in the township or above it, so that
//! no village opens its own box alone. Seen by who keeps order in the place: nobody learns from it who wrote what.

use super::find;
use crate::kernel::{
    clock::{civil, later},
    directive::{DataClass, auth, class, cost, may},
    door::{self, any_of},
    error::{Refusal, Result},
    filter::DateFilter,
    node::{Filter, Node, Ordering},
    page::{self, Ask, PageArgs, Run, Stamp},
    payload::{ctx, payload},
    place::Place,
    policy::May,
    record::Record,
    refusal::Checks,
    request::Ctx,
    rows::Key,
    scope::Facts,
    work::Work,
};
use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use chrono::Duration;
use entity::{
    box_opening, cadre,
    id::{BoxOpeningId, CadreId, IntakePointId},
    intake_point,
    kind::{CadreLevel, IntakeKind},
    scalar::{Date, DateTime},
};
use sea_orm::{Condition, DerivePartialModel, QueryFilter, Set};
use std::collections::HashMap;
use uuid::Uuid;

/// Characters of a note.
const NOTE: usize = 200;
/// More letters than lie in any box.
const LETTERS: i32 = 10_000;
/// How far back an opening may be recorded, and how far the clock of a phone may be ahead.
const BACK: Duration = Duration::days(30);
const AHEAD: Duration = Duration::minutes(10);

impl Record for box_opening::Entity {
    const NAME: &'static str = BoxOpeningId::PREFIX;
    const INTERNAL: &'static [&'static str] =
        &["intake_point_id", "opened_at", "opened_on", "first_witness_id", "second_witness_id", "letters"];
}

/// That a box was opened before two witnesses (说事箱开箱记录). Written once, never changed.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "box_opening::Entity")]
#[graphql(complex)]
pub struct BoxOpening {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: BoxOpeningId,
    /// When it was opened (开箱时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub opened_at: DateTime,
    /// How many letters lay in it (信件数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub letters: i32,
    /// What else is to be said (备注), at most 200 characters. Null when there is nothing.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub note: Option<String>,
    /// When that was recorded (登记时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub recorded_at: DateTime,
    #[graphql(skip)]
    pub(crate) intake_point_id: IntakePointId,
    #[graphql(skip)]
    pub(crate) first_witness_id: CadreId,
    #[graphql(skip)]
    pub(crate) second_witness_id: CadreId,
    #[graphql(skip)]
    pub(crate) recorder_id: Option<CadreId>,
}

/// Conditions on openings, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct BoxOpeningWhere {
    /// By the day on which the box was opened.
    #[graphql(default)]
    pub opened_on: Option<DateFilter>,
}

impl Filter for BoxOpeningWhere {
    async fn condition(&self, _: &Ctx) -> Result<Condition> {
        match &self.opened_on {
            Some(day) => day.on(box_opening::Column::OpenedOn),
            None => Ok(Condition::all()),
        }
    }
}

/// What openings are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum BoxOpeningOrderField {
    /// When the box was opened.
    OpenedAt,
}

impl Ordering for BoxOpeningOrderField {
    fn column(self) -> Option<&'static str> {
        Some("opened_at")
    }

    fn usual() -> Run {
        Run { column: Some("opened_at"), descending: true }
    }
}

impl Node for BoxOpening {
    type Entity = box_opening::Entity;
    type Where = BoxOpeningWhere;
    type Order = BoxOpeningOrderField;
    const NAME: &'static str = BoxOpeningId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

/// The question for the last opening of a box that the viewer sees.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LastOf(pub IntakePointId);

impl Key for LastOf {
    type Value = BoxOpening;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, BoxOpening>> {
        let (all, run) = (BoxOpeningWhere::default(), BoxOpeningOrderField::usual());
        let stamp = Stamp::new(BoxOpening::NAME, &all, run);
        let page = PageArgs::new(Some(1), None, None, None).page(&stamp)?;
        let ask = Ask { filter: all.condition(&ctx).await?, run, page, stamp };
        let points: Vec<Uuid> = keys.into_iter().map(|key| key.0.0).collect();
        let via = box_opening::Column::IntakePointId;
        let found = page::children::<box_opening::Entity, BoxOpening>(&ctx, &ask, via, &points).await?;
        let last = found.into_iter().filter_map(|(point, slice)| {
            Some((Self(IntakePointId(point)), slice.rows.into_iter().next()?.1))
        });
        Ok(last.collect())
    }
}

/// The opening of a box to record.
#[derive(Clone, Debug, InputObject)]
pub struct BoxOpeningRecordInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<BoxOpeningId>,
    /// Which box.
    pub intake_point_id: IntakePointId,
    /// When it was opened: at most 30 days ago, while it was there.
    pub opened_at: DateTime,
    /// The two witnesses: cadres within the viewer's scope who were in office on that day, one of them at the least of the
    /// township or above. Whoever records it may be one of them.
    pub witness_ids: Vec<CadreId>,
    /// How many letters lay in it, from 0 to 10,000.
    pub letters: i32,
    /// What else is to be said, at most 200 characters; no word of what the letters hold.
    #[graphql(default)]
    pub note: Option<String>,
}

payload! {
    /// The opening of a box that was recorded, or why not.
    BoxOpeningPayload, box_opening: BoxOpening
}

/// Changes to the openings of boxes.
#[derive(Debug, Default)]
pub struct BoxOpeningMutation;

#[Object]
impl BoxOpeningMutation {
    /// Records that a box was opened before two witnesses; it stands for good. Requires `REGION_ADMIN`, `LEADER`, `DISPATCHER`,
    /// `SUPERVISOR` or `GRID_WORKER` of its place. Errors: `INVALID` (no box, moment, witnesses, letters, note),
    /// `DUPLICATE` (the id), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::OpenBox)))]
    async fn box_opening_record(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "When it was opened, and before whom.")] input: BoxOpeningRecordInput,
    ) -> Option<Result<BoxOpeningPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("boxOpeningRecord", &input.idempotency_key, &input, record).await;
        BoxOpeningPayload::of(ctx, written).await
    }
}

/// It is a box, and was there on the day of the opening, the one on which it was taken down included.
fn check_box(checks: &mut Checks, point: &intake_point::Model, day: Date) {
    checks.require(point.kind == IntakeKind::Box, || {
        Refusal::rule(
            "box",
            "intakePointId",
            "只有说事箱才登记开箱。",
            "Openings are recorded of boxes alone.",
        )
    });
    let there = day >= point.opened_on && point.closed_on.is_none_or(|closed| day <= closed);
    checks.require(there, || {
        Refusal::rule(
            "not-there",
            "openedAt",
            "当日此说事箱未启用或已撤销。",
            "The box was not there on that day.",
        )
    });
}

fn check_moment(checks: &mut Checks, moment: DateTime, now: DateTime) {
    checks.require(moment <= later(now, AHEAD), || {
        Refusal::rule(
            "future",
            "openedAt",
            "开箱时间不能晚于现在。",
            "A box is opened before that is recorded.",
        )
    });
    checks.require(moment >= later(now, -BACK), || {
        Refusal::rule(
            "too-old",
            "openedAt",
            format!("只能补记最近 {} 天的开箱。", BACK.num_days()),
            format!("Openings of the last {} days can be recorded.", BACK.num_days()),
        )
    });
}

/// Two different cadres whom the viewer sees, in office on the day, one of them at the least of the township or above.
async fn check_witnesses(work: &Work, checks: &mut Checks, ids: &[CadreId], day: Date) -> Result<()> {
    if ids.len() != 2 || ids[0] == ids[1] {
        checks.refuse(Refusal::rule(
            "two-witnesses",
            "witnessIds",
            "应有两名不同的见证人。",
            "Two different witnesses are needed.",
        ));
        return Ok(());
    }
    let backend = work.ctx.backend();
    let seen = door::within::<cadre::Entity>(work.ctx.scope(), backend)
        .filter(any_of(cadre::Column::Id, ids.iter().copied(), backend))
        .all(&work.tx)
        .await?;
    for (at, id) in ids.iter().enumerate() {
        let field = format!("witnessIds.{at}");
        let Some(cadre) = seen.iter().find(|cadre| cadre.id == *id) else {
            checks.refuse(Refusal::not_found(&field));
            continue;
        };
        let in_office = cadre.starts_on <= day && cadre.ends_on.is_none_or(|end| end > day);
        checks.require(in_office, || {
            Refusal::rule(
                "in-office",
                &field,
                "见证人当日不在职。",
                "The witness was not in office on that day.",
            )
        });
    }
    let is_above = |cadre: &cadre::Model| {
        matches!(
            cadre.level,
            CadreLevel::CountyLeader | CadreLevel::TownshipLeader | CadreLevel::TownshipStaff
        )
    };
    checks.require(seen.len() < 2 || seen.iter().any(is_above), || {
        Refusal::rule(
            "township-witness",
            "witnessIds",
            "见证人中至少一名应为乡镇及以上干部。",
            "One of the witnesses at the least serves in the township or above it.",
        )
    });
    Ok(())
}

/// Records that a box was opened.
pub async fn record(work: &Work, input: BoxOpeningRecordInput) -> Result<Uuid> {
    let BoxOpeningRecordInput {
        idempotency_key: _,
        id,
        intake_point_id,
        opened_at,
        witness_ids,
        letters,
        note,
    } = input;
    let point = find(work, intake_point_id, "intakePointId").await?;
    work.ctx.must(May::OpenBox, &Facts::from(Place::from(&point)))?;
    let day = civil(opened_at);
    let mut checks = Checks::default();
    check_box(&mut checks, &point, day);
    check_moment(&mut checks, opened_at, work.now());
    check_witnesses(work, &mut checks, &witness_ids, day).await?;
    checks.require((0..=LETTERS).contains(&letters), || {
        Refusal::rule("range", "letters", format!("应为 0 至 {LETTERS}。"), format!("From 0 to {LETTERS}."))
    });
    let note = checks.optional_text("note", note.as_deref(), NOTE);
    checks.done()?;
    let row = box_opening::ActiveModel {
        id: Set(id.unwrap_or_else(|| BoxOpeningId(Uuid::now_v7()))),
        intake_point_id: Set(intake_point_id),
        opened_at: Set(opened_at),
        opened_on: Set(day),
        first_witness_id: Set(witness_ids[0]),
        second_witness_id: Set(witness_ids[1]),
        letters: Set(letters),
        note: Set(note),
        recorded_by: Set(work.ctx.signed_in()?.account),
        recorder_id: Set(work.ctx.scope().cadre),
        recorded_at: Set(work.now()),
        version: Set(1),
    };
    work.insert(row).await
}
