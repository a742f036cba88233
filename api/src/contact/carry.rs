//! Carrying a plan out: the step on record, the assignments that end and begin, their lines in the log, and the rights
//! of whoever they concern, in a number of statements that does not grow with the plan.

use super::{plan::Plan, target::Target};
use crate::kernel::{
    bulk,
    door::{any_of, unscoped},
    error::{Error, Refusal, RefusalCode, Result},
    refusal::Detail,
    work::{Line, Work},
};
use chrono::Duration;
use entity::{
    account, assignment, assignment_batch, change,
    id::{AssignmentId, BatchId, CadreId},
    kind::ChangeKind,
    scalar::DateTime,
};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Set,
    sea_query::{Expr, ExprTrait},
};
use serde_json::json;
use uuid::Uuid;

/// How a plan is to be carried out.
pub(super) struct Order {
    pub(super) id: Option<BatchId>,
    pub(super) kind: entity::kind::BatchKind,
    pub(super) between: Option<(CadreId, CadreId)>,
    pub(super) reason: String,
    pub(super) expected: Option<String>,
    pub(super) concerned: Condition,
}

impl Plan {
    /// Refuses when the client has seen another plan. `concerned` are the assignments that it could have been about.
    async fn agrees(&self, work: &Work, expected: Option<&str>, concerned: Condition) -> Result<()> {
        let Some(expected) = expected else { return Ok(()) };
        let (hash, seen_at) = expected.split_once('.').unwrap_or((expected, "0"));
        if hash == self.hash() {
            return Ok(());
        }
        let seen_at =
            seen_at.parse().ok().and_then(chrono::DateTime::from_timestamp_millis).unwrap_or_default();
        // Clocks of two servers may differ by a little.
        let day_before = work.now().0 - Duration::days(1);
        let since = DateTime(std::cmp::max(seen_at, day_before) - Duration::seconds(2));
        let lines = unscoped::<change::Entity>()
            .select_only()
            .column(change::Column::EntityId)
            .filter(change::Column::Entity.eq(AssignmentId::PREFIX))
            .filter(change::Column::At.gte(since))
            .into_query();
        let changed: Vec<AssignmentId> = work
            .ctx
            .within::<assignment::Entity>()
            .select_only()
            .column(assignment::Column::Id)
            .filter(concerned)
            .filter(assignment::Column::Id.in_subquery(lines))
            .order_by_desc(assignment::Column::Id)
            .limit(100)
            .into_tuple()
            .all(&work.tx)
            .await?;
        let (ends, begins) = (self.ends(), self.begins());
        Err(Refusal::new(
            RefusalCode::Conflict,
            "expectedPlan",
            format!("自预览以来情况已变：现在会结束 {ends} 项、开始 {begins} 项。请重新预览后再决定。"),
            format!("Things changed since the preview: it would now end {ends} and begin {begins}. Preview it again."),
        )
        .with(Detail::Overtaken(changed.iter().map(ToString::to_string).collect()))
        .into())
    }

    /// Carries it out, in a number of statements that does not grow with it.
    pub(super) async fn carry_out(self, work: &Work, order: Order) -> Result<Uuid> {
        // The right comes first: whoever lacks it is told nothing of what would change.
        self.check(&work.ctx, &work.tx).await?;
        self.agrees(work, order.expected.as_deref(), order.concerned.clone()).await?;
        if self.steps.is_empty() {
            return Err(Refusal::new(
                RefusalCode::State,
                "",
                "没有可变更的包联：可能已由他人办理。",
                "There is nothing to change here; somebody else may have done it already.",
            )
            .into());
        }
        let (ends, begins) = (self.ends(), self.begins());
        let holders = self.holders();
        let batch = self.record(work, &order).await?;
        self.end_all(work, batch, &order.reason).await?;
        let rows = self.rows(batch, work);
        let lines = rows.iter().map(begun).collect();
        if let Err(error) = bulk::insert::<assignment::Entity>(&work.tx, rows).await {
            let error = error.into();
            return Err(if Work::is_constraint(&error, "one_primary") { overtaken() } else { error });
        }
        work.log_all::<assignment::Entity>(lines).await?;
        work.raise_rights(any_of(account::Column::CadreId, holders, work.ctx.backend())).await?;
        tracing::info!(ends, begins, "assignments changed in one step");
        Ok(batch.0)
    }

    /// The step itself, on record.
    async fn record(&self, work: &Work, order: &Order) -> Result<BatchId> {
        let place = self.place();
        let county = place.county_id.ok_or_else(|| Error::internal("a plan of no county"))?;
        let number = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
        let row = assignment_batch::ActiveModel {
            id: Set(order.id.unwrap_or_else(|| BatchId(Uuid::now_v7()))),
            kind: Set(order.kind),
            effective_on: Set(self.on),
            from_cadre_id: Set(order.between.map(|(from, _)| from)),
            to_cadre_id: Set(order.between.map(|(_, to)| to)),
            county_id: Set(county),
            township_id: Set(place.township_id),
            village_id: Set(place.village_id),
            ended: Set(number(self.ends())),
            started: Set(number(self.begins())),
            reason: Set(order.reason.clone()),
            made_by: Set(work.ctx.viewer().map(|viewer| viewer.account)),
            made_at: Set(work.now()),
            version: Set(1),
        };
        Ok(BatchId(work.insert(row).await?))
    }

    async fn end_all(&self, work: &Work, batch: BatchId, reason: &str) -> Result<()> {
        use assignment::Column::{EndedBatchId, EndedReason, EndsOn, Id, StartsOn, Version};
        let rows: Vec<&assignment::Model> = self.steps.iter().flat_map(|step| &step.ends).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let last =
            Expr::case(Expr::col(StartsOn).gt(self.on), Expr::col(StartsOn)).finally(Expr::val(self.on));
        let ended = assignment::Entity::update_many()
            .col_expr(EndsOn, last.into())
            .col_expr(EndedReason, Expr::value(reason))
            .col_expr(EndedBatchId, Expr::value(batch.0))
            .col_expr(Version, Expr::col(Version).add(1))
            .filter(any_of(Id, rows.iter().map(|row| row.id), work.ctx.backend()))
            .filter(Condition::any().add(EndsOn.is_null()).add(EndsOn.gt(self.on)))
            .exec(&work.tx)
            .await?;
        if ended.rows_affected != rows.len() as u64 {
            return Err(overtaken());
        }
        let lines = rows.iter().map(|row| Line {
            id: row.id.0,
            version: row.version + 1,
            kind: ChangeKind::Ended,
            columns: vec!["ends_on", "ended_reason", "ended_batch_id"],
            content: json!({"ends_on": std::cmp::max(self.on, row.starts_on).0.to_string()}),
            place: Some(super::rule::place(row)),
        });
        work.log_all::<assignment::Entity>(lines.collect()).await
    }

    fn rows(self, batch: BatchId, work: &Work) -> Vec<assignment::Model> {
        let by = work.ctx.viewer().map(|viewer| viewer.account);
        let rows = self.steps.into_iter().filter_map(|step| {
            let begin = step.begins?;
            let Target { region, area, household, enterprise, place } = step.target;
            Some(assignment::Model {
                id: AssignmentId(Uuid::now_v7()),
                kind: step.kind,
                cadre_id: Some(begin.cadre),
                department_id: None,
                region_id: region,
                area_id: area,
                household_id: household,
                enterprise_id: enterprise,
                county_id: place.county_id?,
                township_id: place.township_id?,
                village_id: place.village_id,
                group_id: place.group_id,
                grid_id: place.grid_id,
                is_primary: step.is_primary,
                starts_on: begin.starts_on,
                ends_on: begin.ends_on,
                assigned_by: by,
                ended_reason: None,
                started_batch_id: Some(batch),
                ended_batch_id: None,
                version: 1,
            })
        });
        rows.collect()
    }
}

fn begun(row: &assignment::Model) -> Line {
    let id = |id: Option<Uuid>| id.map(|id| id.to_string());
    let content = json!({
        "kind": row.kind.to_value(),
        "cadre_id": id(row.cadre_id.map(Into::into)),
        "region_id": id(row.region_id.map(Into::into)),
        "area_id": id(row.area_id.map(Into::into)),
        "household_id": id(row.household_id.map(Into::into)),
        "enterprise_id": id(row.enterprise_id.map(Into::into)),
        "is_primary": row.is_primary,
        "starts_on": row.starts_on.0.to_string(),
        "ends_on": row.ends_on.map(|day| day.0.to_string()),
    });
    let columns = vec![
        "kind",
        "cadre_id",
        "region_id",
        "area_id",
        "household_id",
        "enterprise_id",
        "is_primary",
        "starts_on",
        "ends_on",
    ];
    Line {
        id: row.id.0,
        version: 1,
        kind: ChangeKind::Created,
        columns,
        content,
        place: Some(super::rule::place(row)),
    }
}

/// Somebody else was first by a moment.
fn overtaken() -> Error {
    Refusal::new(
        RefusalCode::Conflict,
        "",
        "其中有的包联刚被他人变更；什么也没有改动，请重新预览。",
        "Some of these assignments were changed by somebody else at this moment. Nothing was done; preview it again.",
    )
    .with(Detail::Overtaken(Vec::new()))
    .into()
}
