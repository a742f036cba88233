//! Changes to tasks.

use super::{
    create, dispatch, finish, handle,
    input::{
        DemandAcceptInput, DemandJudgeInput, ExtensionAskInput, LeaveDecideInput, MilestoneReachInput,
        SupervisionAnswerInput, SuspensionAskInput, TaskCallNoteInput, TaskCancelInput, TaskCheckInput,
        TaskClaimInput, TaskCloseInput, TaskContestInput, TaskDispatchInput, TaskEscalateInput,
        TaskInstructInput, TaskPartCompleteInput, TaskProgressInput, TaskResolveInput, TaskResumeInput,
        TaskReturnInput, TaskSendBackInput, TaskSuperviseInput, TaskUrgeInput,
    },
    leave,
    object::Task,
    oversee,
};
use crate::{
    demand::mutation::DemandPayload,
    kernel::{
        directive::{auth, cost, may, may_any},
        error::Result,
        payload::{ctx, payload},
        policy::May,
    },
};
use async_graphql::{Context, Object};

payload! {
    /// A task that was made, changed or decided about, or why not.
    TaskPayload, task: Task
}

/// Changes to tasks.
#[derive(Debug, Default)]
pub struct TaskMutation;

/// Changes to tasks by those above, and by who asked for them.
#[derive(Debug, Default)]
pub struct TaskOversightMutation;

macro_rules! step {
    ($gql:ident, $input:ident, $name:literal, $command:path) => {{
        let ctx = ctx($gql);
        let written = ctx.write($name, &$input.idempotency_key, &$input, $command).await;
        TaskPayload::of(ctx, written).await
    }};
}

#[Object]
impl TaskMutation {
    /// Accepts demands into a task: a new one, with its number, or one that is there. Requires `DISPATCHER` or `REGION_ADMIN` of
    /// the place of each. Errors: `INVALID`, `STATE`, `DUPLICATE` (the id), `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(20), directive = auth::apply(may(May::AcceptDemand)))]
    async fn demand_accept(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which demands, and into which task.")] input: DemandAcceptInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "demandAccept", create::accept)
    }

    /// Dispatches a task: to one lead, or to several of whom the first to claim leads; with co-handlers. Requires `DISPATCHER` or
    /// `REGION_ADMIN` of its desk; where it was returned twice, `LEADER`. Errors: `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`,
    /// `NOT_FOUND`.
    #[graphql(directive = cost::apply(20), directive = auth::apply(may_any(&[May::DispatchTask, May::InstructTask])))]
    async fn task_dispatch(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to dispatch, to whom, by when.")] input: TaskDispatchInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "taskDispatch", dispatch::dispatch)
    }

    /// Claims the own part of a task. Requires `HANDLER`: the task was given to the viewer's department, or to the viewer. Errors:
    /// `STATE` (somebody else was first), `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::HandleTask)))]
    async fn task_claim(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task.")] input: TaskClaimInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "taskClaim", handle::claim)
    }

    /// Returns the own part, with a reason. A lead's return returns the task, unless others are still asked; a co-handler's frees
    /// its part alone. Requires `HANDLER`. Errors: `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::HandleTask)))]
    async fn task_return(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task, and why.")] input: TaskReturnInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "taskReturn", handle::give_back)
    }

    /// Tells how far a task is. Requires `HANDLER`. Errors: `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::HandleTask)))]
    async fn task_progress(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task, and how far it is.")] input: TaskProgressInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "taskProgress", handle::progress)
    }

    /// Notes that a milestone of a task was reached. Requires `HANDLER`, as its lead. Errors: `INVALID`, `STATE`, `CONFLICT`,
    /// `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::HandleTask)))]
    async fn milestone_reach(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task, and which milestone.")] input: MilestoneReachInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "milestoneReach", handle::reach)
    }

    /// Completes the own part as a co-handler. Requires `HANDLER`. Errors: `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`,
    /// `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::HandleTask)))]
    async fn task_part_complete(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task, and what came of the part.")] input: TaskPartCompleteInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "taskPartComplete", handle::complete)
    }

    /// Resolves a task, with its result, once all co-handlers are done and every supervision is answered: who asked for it is
    /// asked to judge. Requires `HANDLER`, as its lead. Errors: `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::HandleTask)))]
    async fn task_resolve(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task, and its result.")] input: TaskResolveInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "taskResolve", handle::resolve)
    }

    /// Asks for a later deadline. Requires `HANDLER`, as its lead. Errors: `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`,
    /// `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::HandleTask)))]
    async fn extension_ask(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task, until when, and why.")] input: ExtensionAskInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "extensionAsk", leave::ask_extension)
    }

    /// Asks for a suspension until a day of review. Requires `HANDLER`, as its lead. Errors: `INVALID`, `STATE`, `CONFLICT`,
    /// `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::HandleTask)))]
    async fn suspension_ask(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task, until when, and why.")] input: SuspensionAskInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "suspensionAsk", leave::ask_suspension)
    }

    /// Answers a supervision. Requires `HANDLER`, as its lead, or `DISPATCHER` or `REGION_ADMIN` of its desk while it is with nobody
    /// else. Errors: `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may_any(&[May::HandleTask, May::DispatchTask])))]
    async fn supervision_answer(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task, and the answer.")] input: SupervisionAnswerInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "supervisionAnswer", leave::answer)
    }
}

#[Object]
impl TaskOversightMutation {
    /// Grants or refuses an extension or a suspension. An extension is granted once, unless a `LEADER` decides otherwise. Requires
    /// `LEADER` or `REGION_ADMIN` of its place, and no part in it. Errors: `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`,
    /// `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::DecideTask)))]
    async fn leave_decide(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task, and what is decided.")] input: LeaveDecideInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "leaveDecide", leave::decide)
    }

    /// Lets work go on after a suspension; the deadline moves by what it took. Requires `HANDLER`, as its lead, or `LEADER` or
    /// `REGION_ADMIN` of its place. Errors: `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may_any(&[May::HandleTask, May::DecideTask])))]
    async fn task_resume(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task, and why.")] input: TaskResumeInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "taskResume", leave::resume)
    }

    /// Hands a task up from a township to its county, where it waits to be dispatched. Requires `DISPATCHER` or `REGION_ADMIN` of
    /// its desk, or `HANDLER`, as its lead. Errors: `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may_any(&[May::DispatchTask, May::HandleTask])))]
    async fn task_escalate(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task, and why.")] input: TaskEscalateInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "taskEscalate", dispatch::escalate)
    }

    /// Sends a task back to the township that handed it up. Requires `DISPATCHER` or `REGION_ADMIN` of the county. Errors:
    /// `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::DispatchTask)))]
    async fn task_send_back(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task, and why.")] input: TaskSendBackInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "taskSendBack", dispatch::send_back)
    }

    /// Urges the handlers of a task. Requires `SUPERVISOR` or `LEADER` of its place. Errors: `INVALID`, `STATE`, `CONFLICT`,
    /// `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::OverseeTask)))]
    async fn task_urge(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task, and with what words.")] input: TaskUrgeInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "taskUrge", oversee::urge)
    }

    /// Supervises a task: an answer is owed before it can be resolved. Requires `SUPERVISOR` or `LEADER` of its place. Errors:
    /// `INVALID`, `STATE` (one waits for its answer already), `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::OverseeTask)))]
    async fn task_supervise(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task, and what is asked.")] input: TaskSuperviseInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "taskSupervise", oversee::supervise)
    }

    /// Instructs on a task. Requires `LEADER` of its place. Errors: `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::InstructTask)))]
    async fn task_instruct(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task, and the instruction.")] input: TaskInstructInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "taskInstruct", oversee::instruct)
    }

    /// Cancels a task that was entered in error; its demands are open again. Requires `LEADER` of its place. Errors: `INVALID`,
    /// `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::CancelTask)))]
    async fn task_cancel(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task, and why.")] input: TaskCancelInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "taskCancel", oversee::cancel)
    }

    /// Judges what became of a demand, once in each round of work. What was not settled is done again: its task is opened, or the
    /// demand that was settled on the spot. Requires to be the household (`RESIDENT`) or enterprise (`ENTERPRISE_REP`) that raised it, or, with `byPhone`,
    /// `SUPERVISOR` of its place; never who handled it. Errors: `INVALID`, `STATE`, `DUPLICATE` (judged already), `CONFLICT`,
    /// `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may_any(&[May::JudgeResult, May::CheckTask])))]
    async fn demand_judge(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which demand, and the judgement.")] input: DemandJudgeInput,
    ) -> Option<Result<DemandPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("demandJudge", &input.idempotency_key, &input, finish::judge).await;
        DemandPayload::of(ctx, written).await
    }

    /// Notes a call to who asked for it that nobody answered; after two, a week of silence strikes the task off. Requires
    /// `SUPERVISOR` or `LEADER` of its place, and no part in it. Errors: `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::OverseeTask)))]
    async fn task_call_note(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task.")] input: TaskCallNoteInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "taskCallNote", finish::call)
    }

    /// Checks a result: good, or to be done again. Requires `SUPERVISOR` of its place, no part in it, and of what was contested not
    /// to be who struck it off. Errors: `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::CheckTask)))]
    async fn task_check(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task, and what was found.")] input: TaskCheckInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "taskCheck", finish::check)
    }

    /// Strikes a task off, once each of its demands was judged well, or a supervisor has checked it. Requires `DISPATCHER` or
    /// `SUPERVISOR` of its place, and no part in it. Errors: `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::CloseTask)))]
    async fn task_close(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task.")] input: TaskCloseInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "taskClose", finish::close)
    }

    /// Contests a task that was struck off, within 30 days: another person checks it. Requires to be a household (`RESIDENT`) or enterprise (`ENTERPRISE_REP`) that
    /// raised what it answers. Errors: `INVALID`, `STATE`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::JudgeResult)))]
    async fn task_contest(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which task, and why.")] input: TaskContestInput,
    ) -> Option<Result<TaskPayload>> {
        step!(gql, input, "taskContest", finish::contest)
    }
}
