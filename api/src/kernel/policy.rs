//! Who sees what and who may do what: two tables, read by everything else. Default deny.
//!
//! A *bond* is what ties a person to a place or a record at this moment: a live grant of a role, or a live contact
//! assignment (the assignment is the right). Each line says what a bond of that kind opens.

use async_graphql::Enum;
use entity::kind::Role::{self, *};
use sea_orm::ActiveEnum;

/// How much of a household or enterprise is seen. Each includes the ones before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// Nothing: it answers as if it did not exist.
    #[default]
    Hidden,
    /// Number, address and head: what a dispatcher needs.
    Desk,
    /// All of the internal and personal class, telephone numbers masked.
    Served,
    /// The same with telephone numbers: current contacts, the grid worker, the household itself.
    Close,
}

/// What ties a person to something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// A role granted.
    Grant,
    /// A live assignment to the household or enterprise itself, or to its group.
    Contact,
    /// A live assignment to the township, area or village around it.
    Reach,
}

/// The tables that are guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Households with members and tags.
    Household,
    /// Enterprises.
    Enterprise,
    /// Cadres, party organisations, memberships and posts of the whole subtree.
    Staff,
    /// The offices above: cadres and party organisations of the village, township and county that it belongs to.
    Office,
    /// Contact assignments.
    Assignment,
    /// Accounts and grants.
    Account,
}

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
}

/// One line of the first table.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The role.
    pub role: Role,
    /// By which tie.
    pub tie: Tie,
    /// What it opens.
    pub resource: Resource,
    /// How far.
    pub sight: Sight,
}

/// One line of the second table.
#[derive(Clone, Copy, Debug)]
pub struct Power {
    /// The role.
    pub role: Role,
    /// By which tie.
    pub tie: Tie,
    /// What it allows.
    pub may: May,
}

/// The two tables as a value, so that altered ones can be tried.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Who sees what.
    pub rules: Vec<Rule>,
    /// Who may do what.
    pub powers: Vec<Power>,
}

/// What a tie of a role opens, and how far.
type Opens = (Role, Tie, &'static [(Resource, Sight)]);

const RULES: &[Opens] = {
    use Resource::*;
    use Sight::*;
    &[
        (
            RegionAdmin,
            Tie::Grant,
            &[
                (Household, Served),
                (Enterprise, Served),
                (Staff, Served),
                (Office, Served),
                (Assignment, Served),
                (Account, Served),
            ],
        ),
        (
            Leader,
            Tie::Grant,
            &[
                (Household, Served),
                (Enterprise, Served),
                (Staff, Served),
                (Office, Served),
                (Assignment, Served),
            ],
        ),
        (Dispatcher, Tie::Grant, &[(Household, Desk), (Enterprise, Desk), (Staff, Served), (Office, Served)]),
        (Supervisor, Tie::Grant, &[(Staff, Served), (Office, Served), (Assignment, Served)]),
        (BranchSecretary, Tie::Grant, &[(Staff, Served), (Office, Served), (Assignment, Served)]),
        (DepartmentHandler, Tie::Grant, &[(Office, Served), (Assignment, Served)]),
        (
            GridWorker,
            Tie::Grant,
            &[(Household, Close), (Enterprise, Served), (Office, Served), (Assignment, Served)],
        ),
        (
            Cadre,
            Tie::Contact,
            &[(Household, Close), (Enterprise, Close), (Office, Served), (Assignment, Served)],
        ),
        (
            Cadre,
            Tie::Reach,
            &[
                (Household, Served),
                (Enterprise, Served),
                (Staff, Served),
                (Office, Served),
                (Assignment, Served),
            ],
        ),
        (Resident, Tie::Grant, &[(Household, Close), (Office, Served), (Assignment, Served)]),
        (EnterpriseRep, Tie::Grant, &[(Enterprise, Close), (Office, Served), (Assignment, Served)]),
        (PlatformAdmin, Tie::Grant, &[(Account, Served)]),
    ]
};

const POWERS: &[(Role, Tie, &[May])] = {
    use May::*;
    &[
        (PlatformAdmin, Tie::Grant, &[ManageRegion, ManageAccount]),
        (
            RegionAdmin,
            Tie::Grant,
            &[
                ManageRegion,
                ManageBranch,
                ManageDepartment,
                ManageCadre,
                ManageAccount,
                CreateHousehold,
                UpdateHousehold,
                CreateEnterprise,
                UpdateEnterprise,
                Assign,
                ImportRoster,
            ],
        ),
        (BranchSecretary, Tie::Grant, &[Assign]),
        (GridWorker, Tie::Grant, &[CreateHousehold, UpdateHousehold]),
        (Cadre, Tie::Contact, &[UpdateHousehold, UpdateEnterprise]),
        (Cadre, Tie::Reach, &[UpdateHousehold]),
    ]
};

impl Default for Policy {
    fn default() -> Self {
        let rules = RULES.iter().flat_map(|&(role, tie, opened)| {
            opened.iter().map(move |&(resource, sight)| Rule { role, tie, resource, sight })
        });
        let powers = POWERS
            .iter()
            .flat_map(|&(role, tie, allowed)| allowed.iter().map(move |&may| Power { role, tie, may }));
        Self { rules: rules.collect(), powers: powers.collect() }
    }
}

impl Policy {
    /// How far a tie of a role opens a resource.
    #[must_use]
    pub fn sight(&self, role: Role, tie: Tie, resource: Resource) -> Sight {
        self.rules
            .iter()
            .filter(|rule| rule.role == role && rule.tie == tie && rule.resource == resource)
            .map(|rule| rule.sight)
            .max()
            .unwrap_or_default()
    }

    /// Whether a tie of a role allows something.
    #[must_use]
    pub fn allows(&self, role: Role, tie: Tie, may: May) -> bool {
        self.powers.iter().any(|power| power.role == role && power.tie == tie && power.may == may)
    }

    /// Names of what would allow it, for refusals: roles, `CONTACT` or `PLACE_CONTACT` for a live assignment.
    #[must_use]
    pub fn would_allow(&self, may: May) -> Vec<String> {
        let mut names: Vec<_> = self
            .powers
            .iter()
            .filter(|power| power.may == may)
            .map(|power| match power.tie {
                Tie::Grant => power.role.to_value(),
                Tie::Contact => "CONTACT".to_owned(),
                Tie::Reach => "PLACE_CONTACT".to_owned(),
            })
            .collect();
        names.dedup();
        names
    }
}
