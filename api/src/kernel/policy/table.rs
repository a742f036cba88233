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
            (Visit, SERVED),
            (Participation, SERVED),
        ],
        &[
            ManageRegion,
            ManageBranch,
            ManageDepartment,
            ManageCalendar,
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
            RecordVisit,
            WithdrawVisit,
            SetCounty,
            KeepCard,
            RevokeCardToken,
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
            (Visit, SERVED),
            (Participation, SERVED),
            (Diary, SERVED),
        ],
        &[RecordVisit],
    ),
    block(
        Dispatcher,
        Relation::Region,
        &[(Household, DESK), (Enterprise, DESK), (Staff, SERVED), (Office, SERVED)],
        &[],
    ),
    block(
        Supervisor,
        Relation::Region,
        &[(Staff, SERVED), (Office, SERVED), (Assignment, SERVED), (Visit, SERVED), (Participation, SERVED)],
        &[],
    ),
    block(
        BranchSecretary,
        Relation::Branch,
        &[(Staff, SERVED), (Office, SERVED), (Assignment, SERVED), (Participation, SERVED)],
        &[Assign],
    ),
    block(DepartmentHandler, Relation::Department, &[(Office, SERVED), (Assignment, SERVED)], &[]),
    block(
        GridWorker,
        Relation::Region,
        &[
            (Household, CLOSE),
            (Figures, SERVED),
            (Enterprise, SERVED),
            (Office, SERVED),
            (Assignment, SERVED),
            (Visit, SERVED),
        ],
        &[CreateHousehold, UpdateHousehold, NoteConsent, RecordVisit, KeepDiary, KeepCard],
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
        ],
        &[UpdateHousehold, RecordVisit, KeepDiary],
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
        ],
        &[SeeHeld, AskCorrection, NoteConsent, RevokeCardToken],
    ),
    block(
        EnterpriseRep,
        Relation::Own,
        &[(Enterprise, CLOSE), (Office, SERVED), (Assignment, SERVED), (AccessLog, SERVED), (Visit, SERVED)],
        &[],
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
