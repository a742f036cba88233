//! Closed sets of demands and tasks.

use async_graphql::Enum;
use sea_orm::{DeriveActiveEnum, EnumIter, Iterable};

kinds! {
    /// What somebody asked for or told (诉求类型).
    DemandKind {
        /// A request (诉求).
        Request,
        /// A suggestion (意见建议), adopted or not.
        Suggestion,
        /// A complaint (投诉).
        Complaint,
        /// A dispute, with the households on both sides (矛盾纠纷).
        Dispute,
        /// An old petition that a leader took over (信访积案); the statutory clocks hold.
        PetitionBacklog,
        /// A hidden danger (安全隐患).
        Hazard,
        /// An application under a policy (政策申请).
        Application,
    }

    /// By which way it came in (诉求渠道).
    DemandChannel {
        /// A visit (走访).
        Visit,
        /// A mini-program (小程序).
        MiniProgram,
        /// An app on a phone (手机 APP).
        App,
        /// A hotline (热线).
        Hotline,
        /// A station or point where people say what is on their mind (说事站点).
        Station,
        /// A box for letters (说事箱).
        Box,
        /// A meeting (会议).
        Meeting,
        /// A reception (接访).
        Reception,
        /// Handed down from above (上级交办).
        Superior,
        /// A sensor (物联网).
        Sensor,
        /// The web (网上).
        Web,
    }

    /// State of a demand (诉求状态). Once it is accepted, the state of its task tells how far it is.
    DemandState {
        /// Registered, and not decided about (已登记).
        Registered,
        /// Accepted into a task (已受理).
        Accepted,
        /// Settled on the spot (即时解决).
        Settled,
        /// Declined, with a reason (不予受理).
        Declined,
        /// One with another, which goes on for both (已合并).
        Merged,
        /// Withdrawn by its author (已撤回).
        Withdrawn,
    }

    /// What became of a suggestion (建议采纳情况).
    Adoption {
        /// Adopted (采纳).
        Adopted,
        /// Partly adopted (部分采纳).
        PartlyAdopted,
        /// Not adopted (未采纳).
        NotAdopted,
    }

    /// How satisfied somebody is with what was done (满意度).
    Satisfaction {
        /// Very satisfied (非常满意).
        VerySatisfied,
        /// Satisfied (满意).
        Satisfied,
        /// Acceptable (基本满意).
        Acceptable,
        /// Dissatisfied (不满意).
        Dissatisfied,
    }

    /// State of a task (任务状态).
    TaskState {
        /// Waits to be dispatched (待派单).
        Pending,
        /// Dispatched, and not claimed yet (已派单).
        Dispatched,
        /// Worked on (办理中).
        InProgress,
        /// Returned by the handler (退单).
        Returned,
        /// Suspended until a review date (挂账).
        Suspended,
        /// Resolved: the result waits to be judged (办结).
        Resolved,
        /// Struck off (销号).
        Closed,
        /// Cancelled as entered in error (已作废).
        Cancelled,
    }

    /// What part a handler has in a task (办理角色).
    PartRole {
        /// Leads: the state of the task follows this one (主办).
        Lead,
        /// Helps, with a clock of its own (协办).
        CoHandler,
    }

    /// State of a handler's part (承办状态).
    PartState {
        /// Offered, and not claimed yet (待签收).
        Offered,
        /// Claimed (已签收).
        Claimed,
        /// Returned (已退回).
        Returned,
        /// Done (已完成).
        Done,
        /// Void: another was first, or the task was dispatched anew (已失效).
        Lapsed,
    }

    /// What is done with a task (任务操作): one event of the ledger for each.
    TaskAction {
        /// Made of a demand that was accepted (立项).
        Create,
        /// Another demand came to it (并入诉求).
        Join,
        /// Dispatched to a lead and co-handlers, or offered to several (派单).
        Dispatch,
        /// Claimed (签收).
        Claim,
        /// Returned (退单).
        Return,
        /// Told how far it is (进展).
        Progress,
        /// A milestone was reached (节点完成).
        ReachMilestone,
        /// A co-handler's part was done (协办完成).
        CompletePart,
        /// An extension was asked for (申请延期).
        AskExtension,
        /// The extension was granted (同意延期).
        GrantExtension,
        /// The extension was refused (不同意延期).
        RefuseExtension,
        /// A suspension was asked for (申请挂账).
        AskSuspension,
        /// The suspension was granted (同意挂账).
        GrantSuspension,
        /// The suspension was refused (不同意挂账).
        RefuseSuspension,
        /// Work goes on (恢复办理).
        Resume,
        /// Handed up to the region above (上报).
        Escalate,
        /// Sent back to the region below (退回下级).
        SendBack,
        /// Urged; by the system, where nobody is named (催办).
        Urge,
        /// Supervised: an answer is owed (督办).
        Supervise,
        /// The supervision was answered (督办回复).
        AnswerSupervision,
        /// Instructed by a leader (批示).
        Instruct,
        /// Resolved, with a result (办结).
        Resolve,
        /// The resident was asked for a judgement, or a call was tried (征求评价).
        AskFeedback,
        /// The result was judged (评价).
        Judge,
        /// The result was checked by a supervisor (核查).
        Check,
        /// Struck off (销号).
        Close,
        /// Contested by the resident after it was struck off (申请复核).
        Contest,
        /// Opened again (重办).
        Reopen,
        /// Cancelled as entered in error (作废).
        Cancel,
    }

    /// What a handler asks leave for, or a supervisor an answer to (任务申请类型).
    TaskRequestKind {
        /// A later deadline (延期).
        Extension,
        /// A suspension (挂账).
        Suspension,
        /// An answer to a supervision (督办).
        Supervision,
    }

    /// State of what was asked for (申请状态).
    TaskRequestState {
        /// Asked, and open (待处理).
        Asked,
        /// Granted (已同意).
        Granted,
        /// Refused (未同意).
        Refused,
        /// Answered (已回复).
        Answered,
        /// Void: the task went on without it (已失效).
        Lapsed,
    }
}
