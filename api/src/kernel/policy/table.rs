//! The table itself: a block for each role and relation, what it sees and what it does.

use super::{
    May::{self, *},
    Opens, Relation,
    Resource::{self, *},
    Rule, Sight,
};
use entity::kind::{
    ApiScope,
    Role::{self, *},
};

/// What a relation of a role opens.
struct Block {
    role: Role,
    relation: Relation,
    sees: &'static [(Resource, Sight)],
    does: &'static [May],
}

const fn block(
    role: Role,
    relation: Relation,
    sees: &'static [(Resource, Sight)],
    does: &'static [May],
) -> Block {
    Block { role, relation, sees, does }
}

const SERVED: Sight = Sight::SERVED;
const CLOSE: Sight = Sight::CLOSE;
const DESK: Sight = Sight::DESK;
const HANDLER: Sight = Sight::HANDLER;
const OWN: Sight = Sight::OWN;

/// What a task opens to its handlers while it is open.
const GIVEN: &[(Resource, Sight)] =
    &[(Household, HANDLER), (Enterprise, HANDLER), (Office, SERVED), (Demand, CLOSE), (Task, SERVED)];

/// Roles that may open a household of their county in an emergency.
const EMERGENCY: [Role; 7] =
    [RegionAdmin, Leader, Dispatcher, Supervisor, DepartmentHandler, GridWorker, Cadre];

const BLOCKS: &[Block] = &[
    block(PlatformAdmin, Relation::Everywhere, &[(Account, SERVED)], &[ManageRegion, ManageAccount]),
    block(
        RegionAdmin,
        Relation::Region,
        &[
            (Household, SERVED),
            (Figures, SERVED),
            (Enterprise, SERVED),
            (Staff, SERVED),
            (Office, SERVED),
            (Assignment, SERVED),
            (Account, SERVED),
            (AccessLog, SERVED),
            (Correction, SERVED),
            (BoxOpening, SERVED),
            (Visit, SERVED),
            (Participation, SERVED),
            (Demand, SERVED),
            (Task, SERVED),
        ],
        &[
            ManageRegion,
            ManageBranch,
            ManageDepartment,
            ManageCalendar,
            ManageCategory,
            ManageCadre,
            ManageAccount,
            CreateHousehold,
            UpdateHousehold,
            CreateEnterprise,
            UpdateEnterprise,
            Assign,
            ImportRoster,
            SeeHeld,
            DecideCorrection,
            ManageIntake,
            OpenBox,
            RecordVisit,
            WithdrawVisit,
            SetCounty,
            KeepCard,
            RevokeCardToken,
            RegisterDemand,
            SettleDemand,
            AcceptDemand,
            DispatchTask,
            DecideTask,
        ],
    ),
    block(
        Leader,
        Relation::Region,
        &[
            (Household, SERVED),
            (Figures, SERVED),
            (Enterprise, SERVED),
            (Staff, SERVED),
            (Office, SERVED),
            (Assignment, SERVED),
            (BoxOpening, SERVED),
            (Visit, SERVED),
            (Participation, SERVED),
            (Diary, SERVED),
            (Demand, SERVED),
            (Task, SERVED),
        ],
        &[OpenBox, RecordVisit, RegisterDemand, DecideTask, OverseeTask, InstructTask, CancelTask],
    ),
    block(
        Dispatcher,
        Relation::Region,
        &[
            (Household, DESK),
            (Enterprise, DESK),
            (Staff, SERVED),
            (Office, SERVED),
            (BoxOpening, SERVED),
            (Demand, SERVED),
            (Task, SERVED),
        ],
        &[OpenBox, RegisterDemand, SettleDemand, AcceptDemand, DispatchTask, CloseTask],
    ),
    block(
        Supervisor,
        Relation::Region,
        &[
            (Staff, SERVED),
            (Office, SERVED),
            (Assignment, SERVED),
            (BoxOpening, SERVED),
            (Visit, SERVED),
            (Participation, SERVED),
            (Demand, SERVED),
            (Task, SERVED),
        ],
        &[OpenBox, OverseeTask, CheckTask, CloseTask],
    ),
    block(
        BranchSecretary,
        Relation::Branch,
        &[(Staff, SERVED), (Office, SERVED), (Assignment, SERVED), (Participation, SERVED)],
        &[Assign],
    ),
    block(
        DepartmentHandler,
        Relation::Department,
        &[(Office, SERVED), (Assignment, SERVED), (Task, SERVED)],
        &[],
    ),
    block(DepartmentHandler, Relation::Given, GIVEN, &[HandleTask]),
    block(Cadre, Relation::Given, GIVEN, &[HandleTask]),
    block(
        GridWorker,
        Relation::Region,
        &[
            (Household, CLOSE),
            (Figures, SERVED),
            (Enterprise, SERVED),
            (Office, SERVED),
            (Assignment, SERVED),
            (BoxOpening, SERVED),
            (Visit, SERVED),
            (Demand, CLOSE),
            (Task, SERVED),
        ],
        &[
            CreateHousehold,
            UpdateHousehold,
            NoteConsent,
            OpenBox,
            RecordVisit,
            KeepDiary,
            KeepCard,
            RegisterDemand,
            SettleDemand,
        ],
    ),
    block(
        Cadre,
        Relation::Contact,
        &[
            (Household, CLOSE),
            (Figures, SERVED),
            (Enterprise, CLOSE),
            (Office, SERVED),
            (Assignment, SERVED),
            (Correction, SERVED),
            (Visit, SERVED),
            (Demand, CLOSE),
            (Task, SERVED),
        ],
        &[
            UpdateHousehold,
            UpdateEnterprise,
            Reveal,
            DecideCorrection,
            NoteConsent,
            RecordVisit,
            KeepConcern,
            KeepDiary,
            KeepCard,
            RevokeCardToken,
            RegisterDemand,
            SettleDemand,
        ],
    ),
    block(
        Cadre,
        Relation::PlaceContact,
        &[
            (Household, SERVED),
            (Figures, SERVED),
            (Enterprise, SERVED),
            (Staff, SERVED),
            (Office, SERVED),
            (Assignment, SERVED),
            (Visit, SERVED),
            (Demand, SERVED),
            (Task, SERVED),
        ],
        &[UpdateHousehold, RecordVisit, KeepDiary, RegisterDemand, SettleDemand],
    ),
    block(
        Resident,
        Relation::Own,
        &[
            (Household, CLOSE),
            (Figures, SERVED),
            (Office, SERVED),
            (Assignment, SERVED),
            (AccessLog, SERVED),
            (Correction, SERVED),
            (Visit, SERVED),
            (Demand, CLOSE),
            (Task, OWN),
        ],
        &[SeeHeld, AskCorrection, NoteConsent, RevokeCardToken, RegisterDemand, JudgeResult],
    ),
    block(
        EnterpriseRep,
        Relation::Own,
        &[
            (Enterprise, CLOSE),
            (Office, SERVED),
            (Assignment, SERVED),
            (AccessLog, SERVED),
            (Visit, SERVED),
            (Demand, CLOSE),
            (Task, OWN),
        ],
        &[RegisterDemand, JudgeResult],
    ),
    block(Integration, Relation::Granted(ApiScope::Statistics), &[(Figures, SERVED)], &[]),
    block(
        Integration,
        Relation::Granted(ApiScope::Household),
        &[(Household, Sight::PLAIN), (Figures, SERVED)],
        &[],
    ),
    block(
        Integration,
        Relation::Granted(ApiScope::HouseholdPersonal),
        &[(Household, SERVED), (Figures, SERVED)],
        &[],
    ),
    block(Integration, Relation::Granted(ApiScope::Enterprise), &[(Enterprise, Sight::PLAIN)], &[]),
    block(Integration, Relation::Granted(ApiScope::EnterprisePersonal), &[(Enterprise, SERVED)], &[]),
    block(Integration, Relation::Granted(ApiScope::Staff), &[(Staff, SERVED), (Office, SERVED)], &[]),
    block(Integration, Relation::Granted(ApiScope::Assignment), &[(Assignment, SERVED)], &[]),
    block(Integration, Relation::Granted(ApiScope::Demand), &[(Demand, OWN), (Task, OWN)], &[RegisterDemand]),
    block(Auditor, Relation::Region, &[(AccessLog, SERVED), (Trail, SERVED)], &[]),
];

/// The table as lines, one for each thing that is opened.
pub(super) fn rules() -> Vec<Rule> {
    let lines = BLOCKS.iter().flat_map(|block| {
        let sees = block.sees.iter().map(|&(resource, sight)| Opens::See(resource, sight));
        let does = block.does.iter().map(|&may| Opens::Do(may));
        let line = |opens| Rule { role: block.role, relation: block.relation, opens };
        sees.chain(does).map(line)
    });
    let emergencies = EMERGENCY.into_iter().flat_map(|role| {
        [
            Rule { role, relation: Relation::County, opens: Opens::Do(BreakGlass) },
            Rule { role, relation: Relation::Emergency, opens: Opens::See(Household, CLOSE) },
        ]
    });
    lines.chain(emergencies).collect()
}
