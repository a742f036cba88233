//! What can be done: the names of permissions.

use async_graphql::Enum;

/// What can be done (权限): names of permissions. Which of them a viewer has somewhere, `viewer` tells; whether one holds for
/// a record, its `viewerCan`. Clients treat a name that they do not know as one that they lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(name = "PermissionName")]
pub enum May {
    /// Make and rename regions and areas (管理区域与片区).
    ManageRegion,
    /// Make and change party organisations and memberships (管理党组织).
    ManageBranch,
    /// Make and change departments (管理部门).
    ManageDepartment,
    /// Set working days, working hours and deadlines of a county (管理工作日历与时限).
    ManageCalendar,
    /// Edit the categories of demands of a county (管理诉求类别).
    ManageCategory,
    /// Make and change cadres and their posts (管理干部).
    ManageCadre,
    /// Make and change accounts, give and end roles (管理账号与授权).
    ManageAccount,
    /// Register a household (登记户).
    CreateHousehold,
    /// Change a household and its members (更新户信息).
    UpdateHousehold,
    /// Register an enterprise (登记企业).
    CreateEnterprise,
    /// Change an enterprise (更新企业信息).
    UpdateEnterprise,
    /// Make and end contact assignments (指派包联).
    Assign,
    /// Take in rosters from sheets (导入名册).
    ImportRoster,
    /// Be shown what is sensitive, of one record, for a reason (查看敏感信息).
    Reveal,
    /// Open a household outside one's scope in an emergency (紧急查看).
    BreakGlass,
    /// Read what is held on a household, and on which ground (查看持有情况).
    SeeHeld,
    /// Ask that something be put right (申请更正).
    AskCorrection,
    /// Put right what a household asked for, or decline (处理更正申请).
    DecideCorrection,
    /// Note that a household gave or withdrew its consent (登记同意与撤回).
    NoteConsent,
    /// Set up, change and close intake points (管理受理点).
    ManageIntake,
    /// Record that the box of an intake point was opened (登记开箱).
    OpenBox,
    /// Record a visit, and change one's own (记录走访).
    RecordVisit,
    /// Withdraw a visit that somebody else recorded (撤回走访).
    WithdrawVisit,
    /// Write and read the concern note of a visit, as the primary contact (关切记录).
    KeepConcern,
    /// Keep a diary (写民情日记).
    KeepDiary,
    /// Turn on and off what a county decides (县级设置).
    SetCounty,
    /// Fill, change and issue the cards of a household, and print their codes (填写、发放联系卡).
    KeepCard,
    /// Have the code of a household replaced (换发二维码).
    RevokeCardToken,
    /// Register a demand (登记诉求).
    RegisterDemand,
    /// Settle a demand on the spot (即时解决).
    SettleDemand,
    /// Accept a demand into a task, decline it, merge and part demands (受理诉求).
    AcceptDemand,
    /// Judge a result, object to a decision and contest, as whoever raised it (评价).
    JudgeResult,
    /// Dispatch a task, hand it up or send it back (派单).
    DispatchTask,
    /// Work on a task that was given (办理任务).
    HandleTask,
    /// Grant or refuse extensions and suspensions (审批延期、挂账).
    DecideTask,
    /// Urge and supervise (催办、督办).
    OverseeTask,
    /// Instruct, and decide on what was returned twice (批示).
    InstructTask,
    /// Call back, check a result, and open a task again (回访核查).
    CheckTask,
    /// Strike a task off (销号).
    CloseTask,
    /// Cancel a task that was entered in error (作废任务).
    CancelTask,
}
