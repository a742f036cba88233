//! What clients say of tasks: inputs.

use async_graphql::{Enum, ID, InputObject, OneofObject};
use entity::{
    id::{CadreId, DemandId, DepartmentId, MilestoneId, TaskId},
    kind::{Satisfaction, TaskRequestKind, Urgency},
    scalar::{Date, DateTime},
};

/// Demands to accept into a task: a new one, or one that is there.
#[derive(Clone, Debug, InputObject)]
pub struct DemandAcceptInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which demands, from one to 20, of one township; the first gives the task its place.
    pub ids: Vec<DemandId>,
    /// The version of the first that this is based on.
    pub expected_version: i32,
    /// The task that they join; a new one when nothing is said.
    #[graphql(default)]
    pub task_id: Option<TaskId>,
    /// The new task.
    #[graphql(default)]
    pub task: Option<NewTaskInput>,
}

/// A new task; what is left out comes of the first demand.
#[derive(Clone, Debug, Default, InputObject)]
pub struct NewTaskInput {
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<TaskId>,
    /// Title, at most 60 characters. Every household that shares the task reads it: no names.
    #[graphql(default)]
    pub title: Option<String>,
    /// What is to be done, at most 2000 characters.
    #[graphql(default)]
    pub content: Option<String>,
    /// How urgent; that of the most urgent demand when nothing is said.
    #[graphql(default)]
    pub urgency: Option<Urgency>,
}

/// Who handles a part: exactly one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum HandlerInput {
    /// A department of the county, a township or a village.
    DepartmentId(DepartmentId),
    /// A cadre in office whom the viewer sees.
    CadreId(CadreId),
}

/// A co-handler, with a clock of its own.
#[derive(Clone, Debug, InputObject)]
pub struct CoHandlerInput {
    /// The department or cadre who helps.
    pub handler: HandlerInput,
    /// By when, not later than the task; that of the task when nothing is said.
    #[graphql(default)]
    pub due_at: Option<DateTime>,
}

/// A step planned backwards from the deadline.
#[derive(Clone, Debug, InputObject)]
pub struct MilestoneInput {
    /// What will have been reached, at most 200 characters.
    pub title: String,
    /// Its last day.
    pub due_on: Date,
}

macro_rules! step_input {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident : $ty:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, InputObject)]
        pub struct $name {
            /// A UUID made anew for this action and kept for its retries.
            pub idempotency_key: ID,
            /// Which task.
            pub id: TaskId,
            /// The version that the step is based on.
            pub expected_version: i32,
            $($(#[$field_doc])* pub $field: $ty,)*
        }
    )*};
}

step_input! {
    /// A task to dispatch.
    TaskDispatchInput {
        /// The responsible leader, of the county or the township.
        leader_id: CadreId,
        /// Who leads, from one to 10. Of several the first to claim leads, and the others are free.
        leads: Vec<HandlerInput>,
        /// Who helps, at most 10, each with a part and a clock of its own.
        #[graphql(default)]
        co_handlers: Option<Vec<CoHandlerInput>>,
        /// Measures, from one to 20, each at most 200 characters.
        measures: Vec<String>,
        /// By when; not later than what is allotted to its urgency, which holds when nothing is said.
        #[graphql(default)]
        due_at: Option<DateTime>,
        /// Steps planned backwards from the deadline, at most 20, in order. Those of an earlier dispatch that were not reached go.
        #[graphql(default)]
        milestones: Option<Vec<MilestoneInput>>,
        /// Another title, at most 60 characters.
        #[graphql(default)]
        title: Option<String>,
        /// A note to the handlers, at most 1000 characters.
        #[graphql(default)]
        note: Option<String>,
    }
    /// A task to claim.
    TaskClaimInput {}
    /// A milestone that was reached.
    MilestoneReachInput {
        /// Which one.
        milestone_id: MilestoneId,
        /// A note, at most 1000 characters.
        #[graphql(default)]
        note: Option<String>,
    }
    /// A co-handler's part that is done.
    TaskPartCompleteInput {
        /// What came of it, at most 2000 characters.
        answer: String,
    }
    /// An answer to a supervision.
    SupervisionAnswerInput {
        /// The answer, at most 1000 characters.
        answer: String,
    }
    /// A task that is resolved.
    TaskResolveInput {
        /// What came of it, at most 2000 characters; who asked for it reads it.
        result: String,
    }
    /// Leave to grant or to refuse.
    LeaveDecideInput {
        /// Of which kind.
        kind: LeaveKind,
        /// True: granted. False: refused.
        grant: bool,
        /// Another day than the one that was asked for.
        #[graphql(default)]
        until_on: Option<Date>,
        /// A note, at most 1000 characters.
        #[graphql(default)]
        note: Option<String>,
    }
    /// A call that nobody answered.
    TaskCallNoteInput {
        /// A note, at most 1000 characters.
        #[graphql(default)]
        note: Option<String>,
    }
    /// A check of a result.
    TaskCheckInput {
        /// True: the result is good. False: it is to be done again.
        passed: bool,
        /// What was found, at most 1000 characters.
        note: String,
    }
    /// A task to strike off.
    TaskCloseInput {
        /// A note, at most 1000 characters.
        #[graphql(default)]
        note: Option<String>,
    }
}

/// A step with its note.
#[derive(Clone, Debug)]
pub struct Note {
    /// Which task.
    pub id: TaskId,
    /// The version that the step is based on.
    pub expected_version: i32,
    /// A reason, how far it is, an instruction.
    pub note: String,
}

macro_rules! note_input {
    ($($(#[$doc:meta])* $name:ident { $(#[$note_doc:meta])* note })*) => {$(
        step_input! { $(#[$doc])* $name { $(#[$note_doc])* note: String, } }

        impl From<$name> for Note {
            fn from(input: $name) -> Self {
                let $name { idempotency_key: _, id, expected_version, note } = input;
                Self { id, expected_version, note }
            }
        }
    )*};
}

note_input! {
    /// A task to return.
    TaskReturnInput {
        /// Why, at most 1000 characters.
        note
    }
    /// How far a task is.
    TaskProgressInput {
        /// What was done, at most 1000 characters.
        note
    }
    /// A suspended task that goes on.
    TaskResumeInput {
        /// Why, at most 1000 characters.
        note
    }
    /// A task to hand up.
    TaskEscalateInput {
        /// Why, at most 1000 characters.
        note
    }
    /// A task to send back.
    TaskSendBackInput {
        /// Why, at most 1000 characters.
        note
    }
    /// A task to urge.
    TaskUrgeInput {
        /// With what words, at most 1000 characters.
        note
    }
    /// A task to supervise.
    TaskSuperviseInput {
        /// What is asked, at most 1000 characters.
        note
    }
    /// An instruction on a task.
    TaskInstructInput {
        /// The instruction, at most 1000 characters.
        note
    }
    /// A task to cancel.
    TaskCancelInput {
        /// Why, at most 1000 characters.
        note
    }
    /// A task to contest.
    TaskContestInput {
        /// Why, at most 1000 characters.
        note
    }
}

/// Leave that is asked for.
#[derive(Clone, Debug)]
pub struct Leave {
    /// Which task.
    pub id: TaskId,
    /// The version that the step is based on.
    pub expected_version: i32,
    /// Until when.
    pub until_on: Date,
    /// Why.
    pub reason: String,
}

macro_rules! leave_input {
    ($($(#[$doc:meta])* $name:ident { $(#[$until_doc:meta])* until })*) => {$(
        step_input! {
            $(#[$doc])*
            $name {
                $(#[$until_doc])*
                until_on: Date,
                /// Why, at most 1000 characters.
                reason: String,
            }
        }

        impl From<$name> for Leave {
            fn from(input: $name) -> Self {
                let $name { idempotency_key: _, id, expected_version, until_on, reason } = input;
                Self { id, expected_version, until_on, reason }
            }
        }
    )*};
}

leave_input! {
    /// A later deadline to ask for.
    ExtensionAskInput {
        /// The new last day.
        until
    }
    /// A suspension to ask for.
    SuspensionAskInput {
        /// The day of review, within 90 days.
        until
    }
}

/// What leave is asked for (申请类型).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum LeaveKind {
    /// A later deadline (延期).
    Extension,
    /// A suspension (挂账).
    Suspension,
}

impl LeaveKind {
    /// As it is stored.
    #[must_use]
    pub fn of(self) -> TaskRequestKind {
        match self {
            Self::Extension => TaskRequestKind::Extension,
            Self::Suspension => TaskRequestKind::Suspension,
        }
    }
}

/// A judgement of what became of a demand.
#[derive(Clone, Debug, InputObject)]
pub struct DemandJudgeInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which demand.
    pub id: DemandId,
    /// The version of the demand that this is based on.
    pub expected_version: i32,
    /// Whether it was settled. What was not is done again.
    pub settled: bool,
    /// How satisfied they are. Settled, but dissatisfied: a supervisor decides.
    pub satisfaction: Satisfaction,
    /// In words, at most 1000 characters.
    #[graphql(default)]
    pub comment: Option<String>,
    /// True: told to the viewer, a supervisor, on the telephone.
    #[graphql(default)]
    pub by_phone: Option<bool>,
}
