//! What becomes of a demand without a task: settled on the spot, declined, withdrawn, objected to, merged and parted again,
//! a suggestion adopted or not.

use super::{
    facts, hold,
    input::{
        DemandDeclineInput, DemandMergeInput, DemandObjectInput, DemandSettleInput, DemandUnmergeInput,
        DemandUpdateInput, DemandWithdrawInput, SuggestionDecideInput,
    },
    must_be, must_be_author, rule, tell,
};
use crate::kernel::{
    clock::later,
    error::{Refusal, RefusalCode, Result},
    policy::May,
    refusal::Checks,
    work::Work,
};
use chrono::Duration;
use entity::{
    demand,
    id::DemandId,
    kind::{ChangeKind, DemandKind, DemandState},
};
use sea_orm::Set;
use std::collections::HashSet;
use uuid::Uuid;

/// Demands that are merged at once.
const MERGED: usize = 20;

/// How a decision ends a demand.
struct Decision {
    state: DemandState,
    answer: String,
}

/// Ends a demand that was found and is held; whoever calls has the right.
async fn decide(
    work: &Work,
    old: &demand::Model,
    expected: i32,
    decision: Decision,
    more: demand::ActiveModel,
) -> Result<Uuid> {
    work.stands::<demand::Entity>(old.id.0, expected).await?;
    must_be(old, &[DemandState::Registered], "id")?;
    let row = demand::ActiveModel {
        id: Set(old.id),
        state: Set(decision.state),
        answer: Set(Some(decision.answer)),
        decided_at: Set(Some(work.now())),
        decided_by: Set(Some(work.ctx.signed_in()?.account)),
        ..more
    };
    work.update(row, expected, ChangeKind::Updated).await?;
    tell::answered(work, old).await?;
    Ok(old.id.0)
}

fn answer(field: &str, text: &str) -> Result<String> {
    let mut checks = Checks::default();
    let text = checks.text(field, text, rule::ANSWER);
    checks.done()?;
    Ok(text)
}

/// Settles a demand on the spot.
pub async fn settle(work: &Work, input: DemandSettleInput) -> Result<Uuid> {
    let DemandSettleInput { idempotency_key: _, id, expected_version, answer: text } = input;
    let old = hold(work, id, "id").await?;
    work.ctx.must(May::SettleDemand, &facts(&old))?;
    let decision = Decision { state: DemandState::Settled, answer: answer("answer", &text)? };
    decide(work, &old, expected_version, decision, demand::ActiveModel::default()).await
}

/// Declines a demand, with a reason.
pub async fn decline(work: &Work, input: DemandDeclineInput) -> Result<Uuid> {
    let DemandDeclineInput { idempotency_key: _, id, expected_version, reason } = input;
    let old = hold(work, id, "id").await?;
    work.ctx.must(May::AcceptDemand, &facts(&old))?;
    let decision = Decision { state: DemandState::Declined, answer: answer("reason", &reason)? };
    decide(work, &old, expected_version, decision, demand::ActiveModel::default()).await
}

/// Decides on a suggestion: adopted, partly, or not, with a reason.
pub async fn adopt(work: &Work, input: SuggestionDecideInput) -> Result<Uuid> {
    let SuggestionDecideInput { idempotency_key: _, id, expected_version, adoption, reason } = input;
    let old = hold(work, id, "id").await?;
    work.ctx.must(May::AcceptDemand, &facts(&old))?;
    if old.kind != DemandKind::Suggestion {
        return Err(Refusal::rule(
            "suggestion",
            "id",
            "只有意见建议可以采纳或不采纳。",
            "Suggestions alone are adopted or not.",
        )
        .into());
    }
    let text = answer("reason", &reason)?;
    let more = demand::ActiveModel {
        adoption: Set(Some(adoption)),
        adoption_reason: Set(Some(text.clone())),
        ..Default::default()
    };
    let decision = Decision { state: DemandState::Settled, answer: text };
    decide(work, &old, expected_version, decision, more).await
}

/// Withdraws a demand that nobody has decided about: by its author alone.
pub async fn withdraw(work: &Work, input: DemandWithdrawInput) -> Result<Uuid> {
    let DemandWithdrawInput { idempotency_key: _, id, expected_version, reason } = input;
    let old = hold(work, id, "id").await?;
    must_be_author(work, &old)?;
    let mut checks = Checks::default();
    let reason = checks.optional_text("reason", reason.as_deref(), rule::ANSWER);
    checks.done()?;
    work.stands::<demand::Entity>(id.0, expected_version).await?;
    must_be(&old, &[DemandState::Registered], "id")?;
    let row = demand::ActiveModel {
        id: Set(id),
        state: Set(DemandState::Withdrawn),
        objection: Set(reason),
        ..Default::default()
    };
    work.update(row, expected_version, ChangeKind::Ended).await?;
    Ok(id.0)
}

/// Objects to what was decided, once, within 30 days: it is open again, and the clock begins anew.
pub async fn object(work: &Work, input: DemandObjectInput) -> Result<Uuid> {
    let DemandObjectInput { idempotency_key: _, id, expected_version, objection } = input;
    let old = hold(work, id, "id").await?;
    must_be_author(work, &old)?;
    let mut checks = Checks::default();
    let objection = checks.text("objection", &objection, rule::ANSWER);
    checks.done()?;
    work.stands::<demand::Entity>(id.0, expected_version).await?;
    must_be(&old, &[DemandState::Settled, DemandState::Declined], "id")?;
    let state = |zh, en| Refusal::new(RefusalCode::State, "id", zh, en);
    if old.objected_at.is_some() {
        return Err(
            state("只能提出一次异议。", "An objection can be raised once; there was one already.").into()
        );
    }
    let until = old.decided_at.map(|at| later(at, Duration::days(rule::OBJECT_DAYS)));
    if until.is_some_and(|until| work.now() >= until) {
        return Err(state(
            "异议应在答复后 30 天内提出。",
            "An objection is raised within 30 days of the answer.",
        )
        .into());
    }
    open_again(work, &old, Some(objection)).await?;
    Ok(id.0)
}

/// Opens a demand again that was decided about: with an objection, or after bad feedback.
pub async fn open_again(work: &Work, old: &demand::Model, objection: Option<String>) -> Result<()> {
    let (amber, due) = super::register::response(work, old.county_id, old.kind, old.urgency).await?;
    let mut row = demand::ActiveModel {
        id: Set(old.id),
        state: Set(DemandState::Registered),
        respond_amber_at: Set(amber),
        respond_due_at: Set(due),
        decided_at: Set(None),
        decided_by: Set(None),
        adoption: Set(None),
        ..Default::default()
    };
    if objection.is_some() {
        row.objection = Set(objection);
        row.objected_at = Set(Some(work.now()));
    }
    work.update(row, old.version, ChangeKind::Updated).await?;
    Ok(())
}

/// Changes how a demand is classified, before anything is decided.
pub async fn update(work: &Work, input: DemandUpdateInput) -> Result<Uuid> {
    let DemandUpdateInput { idempotency_key: _, id, expected_version, kind, field, urgency } = input;
    let old = hold(work, id, "id").await?;
    work.ctx.must(May::AcceptDemand, &facts(&old))?;
    work.stands::<demand::Entity>(id.0, expected_version).await?;
    must_be(&old, &[DemandState::Registered], "id")?;
    let mut checks = Checks::default();
    let mut row = demand::ActiveModel { id: Set(id), ..Default::default() };
    if let Some(kind) = checks.given("kind", kind).filter(|kind| *kind != old.kind) {
        let bound = |kind| matches!(kind, DemandKind::Dispute | DemandKind::PetitionBacklog);
        checks.require(!bound(kind) && !bound(old.kind), || {
            Refusal::rule(
                "kind",
                "kind",
                "矛盾纠纷、信访积案与其他类型之间不能更改；请重新登记。",
                "Disputes and old petitions are registered as such.",
            )
        });
        row.kind = Set(kind);
    }
    if let Some(field) = checks.given("field", field).filter(|field| *field != old.field) {
        row.field = Set(field);
        row.category_id = Set(None);
    }
    if let Some(urgency) = checks.given("urgency", urgency).filter(|urgency| *urgency != old.urgency) {
        let calendar = crate::calendar::in_work(work, old.county_id).await?;
        row.urgency = Set(urgency);
        if old.kind != DemandKind::PetitionBacklog
            && let Some(deadline) = calendar.response(urgency, old.registered_at)
        {
            row.respond_amber_at = Set(deadline.amber);
            row.respond_due_at = Set(deadline.due);
        }
    }
    checks.done()?;
    work.update(row, expected_version, ChangeKind::Updated).await?;
    Ok(id.0)
}

/// Lets demands that say the same be one: the others follow the one that stays.
pub async fn merge(work: &Work, input: DemandMergeInput) -> Result<Uuid> {
    let DemandMergeInput { idempotency_key: _, into_id, expected_version, ids } = input;
    // Held in one order, so that two merges at once wait for each other.
    let mut wanted: Vec<(DemandId, String)> =
        ids.iter().take(MERGED).enumerate().map(|(at, id)| (*id, format!("ids.{at}"))).collect();
    wanted.push((into_id, "intoId".to_owned()));
    wanted.sort();
    wanted.dedup_by_key(|(id, _)| *id);
    let mut rows = Vec::new();
    for (id, field) in wanted {
        let row = hold(work, id, &field).await?;
        work.ctx.must(May::AcceptDemand, &facts(&row))?;
        rows.push((row, field));
    }
    let mut seen = HashSet::from([into_id]);
    let mut checks = Checks::default();
    checks.require((1..=MERGED).contains(&ids.len()), || {
        Refusal::rule(
            "count",
            "ids",
            format!("应合并 1 至 {MERGED} 项。"),
            format!("From one to {MERGED} demands are merged."),
        )
    });
    for (at, id) in ids.iter().enumerate() {
        checks.require(seen.insert(*id), || {
            Refusal::rule(
                "once",
                &format!("ids.{at}"),
                "不能重复，也不能是保留的诉求。",
                "Each once, and not the one that stays.",
            )
        });
    }
    checks.done()?;
    work.stands::<demand::Entity>(into_id.0, expected_version).await?;
    let Some(into) = rows.iter().find(|(row, _)| row.id == into_id).map(|(row, _)| row.clone()) else {
        return Err(Refusal::not_found("intoId").into());
    };
    must_be(&into, &[DemandState::Registered, DemandState::Accepted], "intoId")?;
    let mut checks = Checks::default();
    for (row, field) in rows.iter().filter(|(row, _)| row.id != into_id) {
        must_be(row, &[DemandState::Registered], field)?;
        checks.require(row.county_id == into.county_id && row.township_id == into.township_id, || {
            Refusal::rule("township", field, "应在同一乡镇。", "They are of one township.")
        });
    }
    checks.done()?;
    for (row, _) in rows.iter().filter(|(row, _)| row.id != into_id) {
        let change = demand::ActiveModel {
            id: Set(row.id),
            state: Set(DemandState::Merged),
            merged_into_id: Set(Some(into_id)),
            decided_at: Set(Some(work.now())),
            decided_by: Set(Some(work.ctx.signed_in()?.account)),
            ..Default::default()
        };
        work.update(change, row.version, ChangeKind::Updated).await?;
    }
    Ok(into_id.0)
}

/// Undoes a merge of one demand: it stands by itself again, and has to be decided about.
pub async fn unmerge(work: &Work, input: DemandUnmergeInput) -> Result<Uuid> {
    let DemandUnmergeInput { idempotency_key: _, id, expected_version } = input;
    let old = hold(work, id, "id").await?;
    work.ctx.must(May::AcceptDemand, &facts(&old))?;
    work.stands::<demand::Entity>(id.0, expected_version).await?;
    must_be(&old, &[DemandState::Merged], "id")?;
    let row = demand::ActiveModel {
        id: Set(id),
        state: Set(DemandState::Registered),
        merged_into_id: Set(None),
        decided_at: Set(None),
        decided_by: Set(None),
        ..Default::default()
    };
    work.update(row, expected_version, ChangeKind::Updated).await?;
    Ok(id.0)
}
