//! `AssignmentBatch` as it is spoken: many assignments changed in one step, on record.

use crate::kernel::{
    directive::{DataClass, class},
    error::Result,
    filter::{ChoiceFilter, DateFilter, in_region},
    node::{Filter, Node, Ordering},
    page::Run,
    request::Ctx,
};
use async_graphql::{Enum, InputObject, MaybeUndefined, SimpleObject};
use entity::{
    assignment_batch,
    id::{AccountId, BatchId, CadreId, RegionId},
    kind::BatchKind,
    scalar::{Date, DateTime},
};
use sea_orm::{Condition, DerivePartialModel};
use uuid::Uuid;

/// Many assignments changed in one step (包联批次): a hand-over, a list, an even spread. It says who did it, when and why;
/// its edges give the assignments that it ended and began, of those that the viewer may see.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "assignment_batch::Entity")]
#[graphql(complex)]
pub struct AssignmentBatch {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: BatchId,
    /// What kind of step it was (批次类型).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub kind: BatchKind,
    /// First day of the new answerability (生效日期).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub effective_on: Date,
    /// How many assignments it ended (结束数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub ended: i32,
    /// How many it began (开始数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub started: i32,
    /// Why it was done (原因); stands with each assignment that it ended.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub reason: String,
    /// When it was done (办理时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub made_at: DateTime,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) from_cadre_id: Option<CadreId>,
    #[graphql(skip)]
    pub(crate) to_cadre_id: Option<CadreId>,
    #[graphql(skip)]
    pub(crate) made_by: Option<AccountId>,
}

/// Conditions on batches, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct AssignmentBatchWhere {
    /// With all its targets in this region.
    pub region: MaybeUndefined<RegionId>,
    /// By kind of step.
    #[graphql(default)]
    pub kind: Option<ChoiceFilter<BatchKind>>,
    /// By the day from which it holds.
    #[graphql(default)]
    pub effective_on: Option<DateFilter>,
}

impl Filter for AssignmentBatchWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        let mut all = in_region::<assignment_batch::Entity>(ctx, &self.region).await?;
        if let Some(kind) = &self.kind {
            all = all.add(kind.on(assignment_batch::Column::Kind)?);
        }
        if let Some(day) = &self.effective_on {
            all = all.add(day.on(assignment_batch::Column::EffectiveOn)?);
        }
        Ok(all)
    }
}

/// What batches are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum AssignmentBatchOrderField {
    /// The day from which it holds.
    EffectiveOn,
}

impl Ordering for AssignmentBatchOrderField {
    fn column(self) -> Option<&'static str> {
        Some("effective_on")
    }

    fn usual() -> Run {
        Run { column: Some("effective_on"), descending: true }
    }
}

impl Node for AssignmentBatch {
    type Entity = assignment_batch::Entity;
    type Where = AssignmentBatchWhere;
    type Order = AssignmentBatchOrderField;
    const NAME: &'static str = BatchId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}
