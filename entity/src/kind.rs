//! The closed sets of states and kinds. What an office may edit (tags, categories) is a dictionary, not an enum.
//!
//! Clients treat a value they do not know as “other”: sets may grow.

use async_graphql::Enum;
use sea_orm::{DeriveActiveEnum, EnumIter, Iterable};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum, Enum)]
        #[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
        pub enum $name {
            $($(#[$value_doc])* $value,)*
        }

        impl $name {
            /// Every value, in the order of the contract.
            pub fn all() -> impl Iterator<Item = Self> {
                Self::iter()
            }
        }
    )*};
}

mod webhook;
mod work;

pub use webhook::{WebhookDeliveryKind, WebhookDeliveryState, WebhookEnd, WebhookError, WebhookState};
pub use work::{
    Adoption, DemandChannel, DemandKind, DemandState, PartRole, PartState, Satisfaction, TaskAction,
    TaskRequestKind, TaskRequestState, TaskState,
};

kinds! {
    /// Level of a region (区域级别). Level and parent are stored, never read off the code: three cities have no county.
    RegionKind {
        /// Province (省), code of 2 digits.
        Province,
        /// City or prefecture (地级市), 4 digits.
        City,
        /// County, district or county-level city (县、区), 6 digits.
        County,
        /// Township, town or street (乡镇、街道), 9 digits.
        Township,
        /// Village or community (村、社区), 12 digits.
        Village,
        /// Villagers' group (村民小组), 15 digits: the village's and a serial of our own.
        Group,
        /// Grid (网格), 15 digits: the village's and a serial of our own.
        Grid,
    }

    /// What a boundary change did to a region (区划变更类型).
    SuccessionKind {
        /// It has another name (更名).
        Renamed,
        /// It has another code (改码).
        Recoded,
        /// It lies in another region (调整隶属).
        Moved,
        /// It was merged into another, and is withdrawn (并入).
        Merged,
        /// Another was made of a part of it (分设).
        Split,
    }

    /// Kind of a party organisation (党组织类型).
    BranchKind {
        /// Party committee (党委).
        Committee,
        /// General branch (党总支).
        GeneralBranch,
        /// Branch (党支部).
        Branch,
        /// Party group (党小组).
        Group,
    }

    /// Standing of a party member (党员身份).
    MembershipStanding {
        /// Full member (正式党员).
        Full,
        /// Probationary member (预备党员).
        Probationary,
    }

    /// Level of a cadre (干部层级): who can be answerable for what.
    CadreLevel {
        /// Leader of the county (县级领导).
        CountyLeader,
        /// Leader of the township (乡镇领导).
        TownshipLeader,
        /// Staff of the township and its stations (乡镇干部).
        TownshipStaff,
        /// Cadre of the village (村干部).
        VillageCadre,
        /// Grid worker (网格员).
        GridWorker,
        /// Party member without one of these posts (党员).
        PartyMember,
    }

    /// Sex by GB/T 2261.1 (性别).
    Sex {
        /// Not known (未知, 0).
        Unknown,
        /// Male (男, 1).
        Male,
        /// Female (女, 2).
        Female,
        /// Not stated (未说明, 9).
        NotStated,
    }

    /// State of an account (账号状态).
    AccountStatus {
        /// May sign in (正常).
        Active,
        /// May not sign in; all its sessions are ended (停用).
        Disabled,
    }

    /// Role given to an account (角色). A cadre's right to a household comes from the assignment itself, not from a role.
    Role {
        /// Platform administrator (平台管理员): accounts, regions, configuration; no household, visit or demand.
        PlatformAdmin,
        /// Region administrator (区域管理员): all in the region; rosters, assignments, imports, grants below it.
        RegionAdmin,
        /// Leader (领导): all in the region, to read.
        Leader,
        /// Dispatcher (受理派单员): of households the number, address and head.
        Dispatcher,
        /// Supervisor (督查员): tasks, visits and feedback in the region.
        Supervisor,
        /// Branch secretary (支部书记): members of the branch and below, their assignments; no household.
        BranchSecretary,
        /// Department handler (部门经办): tasks given to the department.
        DepartmentHandler,
        /// Contact cadre (包联干部): the targets of the own assignments. Held by having a live assignment, never granted.
        Cadre,
        /// Grid worker (网格员): households of a grid, group or village.
        GridWorker,
        /// Resident (群众): the own household.
        Resident,
        /// Representative of an enterprise (企业联络员): the own enterprise.
        EnterpriseRep,
        /// Third party (第三方): what its scopes say.
        Integration,
        /// Auditor (审计员): the access log and the audit trail, nothing else.
        Auditor,
    }

    /// What a key of an integration opens (密钥权限范围), of what its account is granted and its region holds.
    ApiScope {
        /// Counts and coverage, nothing of anybody (统计数据).
        Statistics,
        /// Households, fields of the internal class alone (户，不含个人信息).
        Household,
        /// Households with names and addresses; telephone numbers masked (户，含个人信息).
        HouseholdPersonal,
        /// Enterprises, fields of the internal class alone (企业，不含个人信息).
        Enterprise,
        /// Enterprises with the names of people; telephone numbers masked (企业，含个人信息).
        EnterprisePersonal,
        /// Cadres, party organisations and posts (干部与组织).
        Staff,
        /// Contact assignments (包联关系).
        Assignment,
        /// Demands are registered, and those that came in by this account are followed to their end (诉求登记与跟踪).
        Demand,
    }

    /// Status of a household (户状态).
    HouseholdStatus {
        /// Lives here (常住).
        Resident,
        /// Moved away (迁出).
        MovedAway,
        /// Dissolved (销户).
        Dissolved,
    }

    /// Relation to the head of the household, by the one-digit table of GB/T 4761 (与户主关系).
    Kinship {
        /// The head (户主, 0).
        Head,
        /// Spouse (配偶, 1).
        Spouse,
        /// Son (子, 2).
        Son,
        /// Daughter (女, 3).
        Daughter,
        /// Grandchild (孙辈, 4).
        Grandchild,
        /// Parent (父母, 5).
        Parent,
        /// Grandparent (祖父母, 6).
        Grandparent,
        /// Brother or sister (兄弟姐妹, 7).
        Sibling,
        /// Other (其他, 8).
        Other,
    }

    /// Employment situation (就业情况).
    Employment {
        /// Farming (务农).
        Farming,
        /// Employed nearby (本地就业).
        LocalWork,
        /// Working away (外出务工).
        MigrantWork,
        /// Without work (失业).
        Unemployed,
        /// At school (在校).
        Student,
        /// Retired (退休).
        Retired,
        /// Below school age, or unable to work (无劳动能力).
        NotWorking,
    }

    /// Size of an enterprise (企业规模).
    EnterpriseSize {
        /// Large (大型).
        Large,
        /// Medium (中型).
        Medium,
        /// Small (小型).
        Small,
        /// Micro (微型).
        Micro,
    }

    /// Status of an enterprise (企业状态).
    EnterpriseStatus {
        /// In operation (在营).
        Operating,
        /// Suspended (停业).
        Suspended,
        /// Closed (注销).
        Closed,
    }

    /// How urgent something is, in four colours (紧急程度). Each county sets by when each is answered and settled.
    Urgency {
        /// Red: at once, by day and night (红 特急).
        Red,
        /// Orange: today (橙 加急).
        Orange,
        /// Yellow: soon (黄 平急).
        Yellow,
        /// Blue: in its turn (蓝 一般).
        Blue,
    }

    /// To which of the six fields of the task list something belongs (任务清单六大领域).
    DemandField {
        /// Getting people to prosper (群众致富).
        Prosperity,
        /// Keeping and widening what was reached against poverty (巩固拓展脱贫攻坚成果).
        PovertyAlleviation,
        /// Reviving the countryside (乡村振兴).
        RuralRevitalisation,
        /// What everybody lives on (基本民生).
        BasicLivelihood,
        /// What makes life easier (便民利民).
        Convenience,
        /// How the place is run (基层治理).
        Governance,
    }

    /// In what a time is allotted (时限单位).
    AllotmentUnit {
        /// Hours of the clock, nights and holidays included (自然小时).
        NaturalHour,
        /// Days by statute: the day on which it begins does not count, the last one counts whole, and one that is a
        /// holiday is moved to the next working day (自然日).
        NaturalDay,
        /// Hours of working time (工作小时).
        WorkingHour,
        /// Working days: as much as a whole day's working time, however long that is (工作日).
        WorkingDay,
    }

    /// What a contact assignment is for (包联类型). The target fits the kind.
    AssignmentKind {
        /// A whole township (包乡镇).
        Township,
        /// An area: a set of villages of one township (包片).
        Area,
        /// A village or community (包村).
        Village,
        /// A villagers' group or a grid (包组).
        Group,
        /// One household (联系户).
        Household,
        /// One enterprise (联系企业).
        Enterprise,
    }

    /// How many assignments were changed in one step (批次类型).
    BatchKind {
        /// All of one cadre's targets, or some, to another (交接).
        HandOver,
        /// By a list of targets and holders (按清单指派).
        List,
        /// Households spread evenly over cadres, village by village (均衡分配).
        Spread,
    }

    /// Where people bring what they want (受理点类型).
    IntakeKind {
        /// A station: an office of the township or village with hours of its own (说事站).
        Station,
        /// A point: somebody to speak to close by (说事点).
        Point,
        /// A box for letters, which is opened before two witnesses (说事箱).
        Box,
    }

    /// What a file is sent in for (上传用途).
    UploadPurpose {
        /// A roster as a sheet (名册).
        Roster,
        /// A photo or a file for a record (附件).
        Attachment,
    }

    /// To what kind of record a file is attached (附件所属).
    RecordKind {
        /// A visit (走访).
        Visit,
        /// A diary entry (民情日记).
        Diary,
        /// A demand (诉求).
        Demand,
        /// A step of a task (台账记录).
        TaskEvent,
    }

    /// A kind of roster (名册种类).
    RosterKind {
        /// Party organisations (党组织).
        Branches,
        /// Cadres with their party memberships (干部).
        Cadres,
        /// Households with their members (户).
        Households,
        /// Enterprises (企业).
        Enterprises,
        /// Contact assignments (包联).
        Assignments,
    }

    /// How the import of a roster stands (导入状态).
    ImportState {
        /// It goes on, or waits for its turn (进行中).
        Running,
        /// It ended, and what it brought is stored (已保存).
        Stored,
        /// A dry run that found nothing wrong; nothing was stored (试运行通过).
        Checked,
        /// Something is wrong with its rows; nothing was stored (有错误，未保存).
        Refused,
        /// It could not be read, or we failed; nothing was stored (失败).
        Failed,
        /// The server stopped in the middle; nothing was stored (已中断).
        Interrupted,
    }

    /// Who may see a field (数据级别).
    DataClass {
        /// Everyone, signed in or not (公开).
        Public,
        /// Everyone whose scope covers the record (内部).
        Internal,
        /// The same; telephone numbers only for current contacts and the like (个人信息). Each look is written down.
        Personal,
        /// Masked for everyone (敏感个人信息); shown by `reveal` alone, each time for a reason that is written down.
        Sensitive,
        /// For one person alone, one at a time (封闭信息): the concern note of a visit, for the current primary contact.
        Closed,
    }

    /// How somebody came to see something of a person (查看方式).
    AccessAction {
        /// One record, by its id, its number or an edge (查看).
        Read,
        /// In a list (列表).
        List,
        /// As a hit of a search (搜索).
        Search,
        /// In the copy of a device (同步).
        Sync,
        /// In a sheet (导出).
        Export,
        /// What is sensitive, for a reason (查看敏感信息).
        Reveal,
        /// Outside the scope, in an emergency (紧急查看).
        BreakGlass,
    }

    /// By what right something is held (处理依据).
    Ground {
        /// To do what the office is charged with by law (履行职责).
        PublicDuty,
        /// Because the household agreed; it may withdraw that at any time (同意).
        Consent,
    }

    /// For what a household gives its consent (同意事项).
    ConsentPurpose {
        /// Where it stands on the map (位置).
        Location,
        /// Its yearly income and where that comes from (收入情况).
        Income,
    }

    /// How a correction that was asked for stands (更正申请状态).
    CorrectionState {
        /// Nobody has decided yet (待处理).
        Open,
        /// It was put right (已更正).
        Done,
        /// It was declined, with the reason (未予更正).
        Declined,
    }

    /// How a visit was made (走访方式).
    VisitMethod {
        /// At their door (上门走访).
        Door,
        /// A meeting with several (座谈会).
        Symposium,
        /// Staying in the place for nights (蹲点调研).
        Stay,
        /// A cadre's visit in the evening (干部夜访).
        Night,
        /// By telephone (电话询访).
        Phone,
        /// Receiving those who come (开门接访).
        Reception,
        /// Going down with a case (带案下访).
        CaseTrip,
        /// Coming back to ask how it turned out (回访).
        FollowUp,
        /// Handing out the contact card (联系卡发放).
        Card,
    }

    /// In what form condolence was given (慰问形式).
    CondolenceForm {
        /// Money (慰问金).
        Cash,
        /// Goods (慰问品).
        Goods,
        /// Work done for them (服务).
        Service,
    }

    /// What a key of the ring is for (密钥用途).
    KeyPurpose {
        /// To seal what is personal at rest (加密).
        Seal,
        /// To find it again exactly, by a keyed hash (查找).
        Find,
        /// To sign access tokens (签名).
        Sign,
        /// To tie the lines of the access log together (成链).
        Chain,
    }

    /// What a notice tells (通知类型).
    NoticeKind {
        /// A used refresh token was shown again: somebody had a copy, and the session was ended (会话疑似被盗用).
        SessionStolen,
        /// The password was changed (密码已更改).
        PasswordChanged,
        /// Somebody signed in with a device that was not known (新设备登录).
        NewDevice,
        /// The second factor was set up or ended (双重验证已变更).
        SecondFactorChanged,
        /// Somebody looked at what is closed, in an emergency (紧急查看).
        GlassBroken,
        /// Demands wait to be accepted at one's desk (诉求待受理).
        DemandRegistered,
        /// What one had asked for was accepted into a task (诉求已受理).
        DemandAccepted,
        /// What one had asked for or registered was answered without a task (诉求已答复).
        DemandAnswered,
        /// A task was given (新任务).
        TaskGiven,
        /// A task was urged (催办).
        TaskUrged,
        /// A task was supervised: an answer is owed (督办).
        TaskSupervised,
        /// A leader instructed (批示).
        TaskInstructed,
        /// A task that one had made was returned (退单).
        TaskReturned,
        /// A task was opened again (重办).
        TaskReopened,
        /// What one had asked for was decided (申请已审批).
        LeaveDecided,
        /// A supervision was answered (督办已回复).
        SupervisionAnswered,
        /// A result waits to be judged (请评价).
        ResultToJudge,
        /// What one had asked for was struck off (已销号).
        TaskClosed,
        /// A webhook was ended by itself (回调已停用).
        WebhookDisabled,
    }

    /// What a code is for that is sent to a phone (验证码用途).
    CodePurpose {
        /// To choose a new password in place of a forgotten one (重设密码).
        PasswordReset,
        /// To sign in by the card of a household (扫码登录).
        CardSignIn,
    }

    /// Kind of a card (联系卡类型).
    CardKind {
        /// Left with the household: who to call, and what was promised (联系卡).
        Contact,
        /// Kept by the cadre: how the household lives, what it brought up, and what came of it (登记卡).
        Register,
    }

    /// What happened to a record (变更类型).
    ChangeKind {
        /// It was made (新建).
        Created,
        /// Some of its fields changed (修改).
        Updated,
        /// It ended or was taken out; the record stays (终止).
        Ended,
    }
}
