//! Judgements (评价): whether it was settled, and how satisfied they are. One for each demand and round of work.

use super::rule;
use crate::kernel::{
    directive::{DataClass, class},
    door::any_of,
    error::{Refusal, RefusalCode, Result},
    refusal::Checks,
    request::Ctx,
    rows::Key,
    work::Work,
};
use async_graphql::SimpleObject;
use entity::{
    demand, feedback,
    id::{DemandId, FeedbackId, TaskId},
    kind::Satisfaction,
    scalar::DateTime,
};
use sea_orm::{ColumnTrait, DerivePartialModel, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;
use uuid::Uuid;

/// A judgement (评价): whether a demand was settled, and how satisfied they are who raised it.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "feedback::Entity")]
#[graphql(complex)]
pub struct Feedback {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: FeedbackId,
    /// Of which round of work: 0 for the first, one more each time that it was opened again (第几轮).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub round: i32,
    /// Whether it was settled (是否解决).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub settled: bool,
    /// How satisfied they are (满意度).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub satisfaction: Satisfaction,
    /// Told to a supervisor who called back (电话回访).
    #[graphql(name = "calledBack", directive = class::apply(DataClass::Internal))]
    pub by_phone: bool,
    /// When (评价时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub given_at: DateTime,
    #[graphql(skip)]
    pub(crate) demand_id: DemandId,
    #[graphql(skip)]
    pub(crate) comment: Option<String>,
}

/// What is said of a result.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// Whether it was settled.
    pub settled: bool,
    /// How satisfied they are.
    pub satisfaction: Satisfaction,
    /// In words.
    pub comment: Option<String>,
    /// Told on the telephone.
    pub by_phone: bool,
}

/// Stores a judgement of a round; there is one for each.
pub async fn give(
    work: &Work,
    of: &demand::Model,
    task: Option<TaskId>,
    round: i32,
    judgement: &Judgement,
) -> Result<Uuid> {
    let mut checks = Checks::default();
    let comment = checks.optional_text("comment", judgement.comment.as_deref(), rule::ANSWER);
    checks.done()?;
    let row = feedback::ActiveModel {
        id: sea_orm::Set(FeedbackId(Uuid::now_v7())),
        demand_id: sea_orm::Set(of.id),
        task_id: sea_orm::Set(task),
        round: sea_orm::Set(round),
        settled: sea_orm::Set(judgement.settled),
        satisfaction: sea_orm::Set(judgement.satisfaction),
        comment: sea_orm::Set(comment),
        by_phone: sea_orm::Set(judgement.by_phone),
        given_by: sea_orm::Set(work.ctx.signed_in()?.account),
        given_at: sea_orm::Set(work.now()),
        version: sea_orm::Set(1),
    };
    work.insert(row).await.map_err(|error| {
        let twice = ["feedback_demand_id_round_key", "feedback.demand_id"];
        if !twice.iter().any(|name| Work::is_constraint(&error, name)) {
            return error;
        }
        Refusal::new(
            RefusalCode::Duplicate,
            "id",
            "此诉求的本轮结果已评价过。",
            "This result has been judged already.",
        )
        .into()
    })
}

/// The judgements of a task's round.
pub async fn of_round(work: &Work, task: TaskId, round: i32) -> Result<Vec<feedback::Model>> {
    Ok(crate::kernel::door::unscoped::<feedback::Entity>()
        .filter(feedback::Column::TaskId.eq(task))
        .filter(feedback::Column::Round.eq(round))
        .all(&work.tx)
        .await?)
}

/// How often a demand was judged that has no task.
pub async fn rounds(work: &Work, demand: DemandId) -> Result<i32> {
    use sea_orm::PaginatorTrait;
    let count = crate::kernel::door::unscoped::<feedback::Entity>()
        .filter(feedback::Column::DemandId.eq(demand))
        .count(&work.tx)
        .await?;
    Ok(i32::try_from(count).unwrap_or(i32::MAX))
}

/// The question for the judgements of a demand, the latest first.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FeedbackOf(pub DemandId);

/// Judgements that are told of one demand.
const TOLD: usize = 20;

impl Key for FeedbackOf {
    type Value = Vec<Feedback>;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Vec<Feedback>>> {
        use sea_orm::PartialModelTrait;
        let ids = any_of(feedback::Column::DemandId, keys.iter().map(|key| key.0), ctx.backend());
        let rows: Vec<Feedback> = Feedback::select_cols(ctx.within::<feedback::Entity>().select_only())
            .filter(ids)
            .order_by_desc(feedback::Column::Round)
            .into_model()
            .all(ctx.db().read())
            .await?;
        let mut of: HashMap<Self, Vec<Feedback>> = keys.into_iter().map(|key| (key, Vec::new())).collect();
        for row in rows {
            let told = of.entry(Self(row.demand_id)).or_default();
            if told.len() < TOLD {
                told.push(row);
            }
        }
        Ok(of)
    }
}
