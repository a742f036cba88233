//! What one person reaches at this moment, as plain data: the bonds, and the doors that the policy opens for them.
//! `door` turns the doors into SQL; the checks here read the same data against the facts of one row.

use super::{
    place::{Level, Place, Root},
    policy::{May, Part, Policy, Relation, Resource, Sight},
};
use entity::{
    id::{AccountId, AreaId, BranchId, CadreId, DepartmentId, EnterpriseId, HouseholdId, RegionId, TaskId},
    kind::{ApiScope, Role},
    scalar::{Date, DateTime},
};
use std::{collections::HashMap, sync::Arc};

/// What ties the person to something: a live grant or a live assignment.
#[derive(Clone, Debug)]
pub struct Bond {
    /// The role; `CADRE` for an assignment.
    pub role: Role,
    /// How it ties.
    pub relation: Relation,
    /// The regions that it covers with everything in them.
    pub roots: Vec<Root>,
    /// The regions on the way from the county down to it: the offices that the person deals with.
    pub offices: Vec<RegionId>,
    /// The area, if it is one's.
    pub area: Option<AreaId>,
    /// The one household.
    pub household: Option<HouseholdId>,
    /// The one enterprise.
    pub enterprise: Option<EnterpriseId>,
    /// The party organisation and all below.
    pub branches: Vec<BranchId>,
    /// The department.
    pub department: Option<DepartmentId>,
    /// The task that was given.
    pub task: Option<TaskId>,
}

impl Bond {
    /// A bond to nothing yet.
    #[must_use]
    pub fn new(role: Role, relation: Relation) -> Self {
        Self {
            role,
            relation,
            roots: Vec::new(),
            offices: Vec::new(),
            area: None,
            household: None,
            enterprise: None,
            branches: Vec::new(),
            department: None,
            task: None,
        }
    }
}

/// The facts of a row that rights are decided by.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// Where it is.
    pub place: Place,
    /// The household that it is or belongs to.
    pub household: Option<HouseholdId>,
    /// The enterprise that it is or belongs to.
    pub enterprise: Option<EnterpriseId>,
    /// The party organisations of the person whom it is about.
    pub branches: &'a [BranchId],
    /// The task that it is or belongs to.
    pub task: Option<TaskId>,
    /// The account by which it came in.
    pub sender: Option<AccountId>,
}

impl From<Place> for Facts<'_> {
    fn from(place: Place) -> Self {
        Self { place, ..Self::default() }
    }
}

/// The doors of one resource: how far each root or record is seen.
#[derive(Clone, Debug, Default)]
pub struct Doors {
    /// Everything, wherever.
    pub everything: bool,
    /// Regions with everything in them: an antichain but for differing sight.
    pub roots: Vec<(Root, Sight)>,
    /// Single households.
    pub households: HashMap<HouseholdId, Sight>,
    /// Single enterprises.
    pub enterprises: HashMap<EnterpriseId, Sight>,
    /// Party organisations, each named.
    pub branches: Vec<BranchId>,
    /// The regions in which the single records stand.
    pub around: Vec<RegionId>,
}

/// An account by whose keys demands come in, and how far those and their tasks are seen by them.
#[derive(Clone, Copy, Debug)]
pub struct Sender {
    /// The account.
    pub account: AccountId,
    /// Its demands.
    pub demands: Sight,
    /// The tasks that came of them.
    pub tasks: Sight,
}

/// What one person reaches on one day.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Whose it is; none for somebody who is not signed in.
    pub account: Option<AccountId>,
    /// The cadre behind the account.
    pub cadre: Option<CadreId>,
    /// The day for which it was made.
    pub today: Date,
    /// Everything that ties the person, as it stands today.
    pub bonds: Vec<Bond>,
    /// Households.
    pub household: Doors,
    /// Enterprises.
    pub enterprise: Doors,
    /// Staff by subtree.
    pub staff: Doors,
    /// Assignments.
    pub assignment: Doors,
    /// Accounts.
    pub accounts: Doors,
    /// Counts and coverage of households.
    pub figures: Doors,
    /// The access log.
    pub access_log: Doors,
    /// The audit trail.
    pub trail: Doors,
    /// Corrections, by their household.
    pub corrections: Doors,
    /// Openings of boxes.
    pub box_openings: Doors,
    /// Visits, by their target.
    pub visits: Doors,
    /// Who took part in visits, by who they are.
    pub participations: Doors,
    /// Diaries of cadres.
    pub diaries: Doors,
    /// Demands, by whose they are.
    pub demands: Doors,
    /// Tasks, by whom they concern.
    pub tasks: Doors,
    /// Open tasks that were given, and how far they and their demands are seen.
    pub given: HashMap<TaskId, (Sight, Sight)>,
    /// Whose demands are seen by a key: what another system has sent, and nothing else.
    pub sender: Option<Sender>,
    /// Departments whose tasks are seen, open or not.
    pub handling: Vec<DepartmentId>,
    /// Days on which a membership ties to a party organisation: begun by the first, not ended by the second.
    pub membership_days: (Date, Date),
    /// When it is no longer what it was made as, on the same day.
    pub until: Option<DateTime>,
    /// Offices whose own staff is seen.
    pub offices: Vec<RegionId>,
    /// Offices of which it is seen who answers for them.
    pub answered: Vec<RegionId>,
    /// Areas whose assignments are seen.
    pub areas: Vec<AreaId>,
    /// Departments whose assignments are seen.
    pub departments: Vec<DepartmentId>,
    policy: Arc<Policy>,
}

impl Scope {
    /// Opens the doors that the policy allows for these bonds.
    #[must_use]
    pub fn new(
        policy: Arc<Policy>,
        account: Option<AccountId>,
        cadre: Option<CadreId>,
        today: Date,
        bonds: Vec<Bond>,
    ) -> Self {
        let open = |resource| doors(&policy, &bonds, resource);
        let mut scope = Self {
            account,
            cadre,
            today,
            household: open(Resource::Household),
            enterprise: open(Resource::Enterprise),
            staff: open(Resource::Staff),
            assignment: open(Resource::Assignment),
            accounts: open(Resource::Account),
            figures: open(Resource::Figures),
            access_log: open(Resource::AccessLog),
            trail: open(Resource::Trail),
            corrections: open(Resource::Correction),
            box_openings: open(Resource::BoxOpening),
            visits: open(Resource::Visit),
            participations: open(Resource::Participation),
            diaries: open(Resource::Diary),
            demands: open(Resource::Demand),
            tasks: open(Resource::Task),
            given: HashMap::new(),
            sender: None,
            handling: Vec::new(),
            membership_days: policy.memberships.on(today),
            until: None,
            offices: Vec::new(),
            answered: Vec::new(),
            areas: Vec::new(),
            departments: Vec::new(),
            bonds,
            policy,
        };
        for bond in &scope.bonds {
            let seen = |resource| !scope.policy.sight(bond.role, bond.relation, resource).is_hidden();
            if seen(Resource::Office) {
                scope.offices.extend(&bond.offices);
            }
            if seen(Resource::Assignment) {
                scope.answered.extend(&bond.offices);
                scope.areas.extend(bond.area);
                scope.departments.extend(bond.department);
            }
            let sight = |resource| scope.policy.sight(bond.role, bond.relation, resource);
            if let Some(task) = bond.task {
                let (of_task, of_demands) = scope.given.entry(task).or_default();
                *of_task = *of_task | sight(Resource::Task);
                *of_demands = *of_demands | sight(Resource::Demand);
            } else if seen(Resource::Task) {
                scope.handling.extend(bond.department);
            }
        }
        scope.handling.sort_unstable();
        scope.handling.dedup();
        for offices in [&mut scope.offices, &mut scope.answered] {
            offices.sort_unstable();
            offices.dedup();
        }
        scope
    }

    /// The same for the keys of an account with the scope `DEMAND`: sees the demands that came in by it.
    #[must_use]
    pub fn sending(mut self, account: AccountId) -> Self {
        let sends = |bond: &&Bond| bond.relation == Relation::Granted(ApiScope::Demand);
        let sight = |resource| {
            let by = |bond: &Bond| self.policy.sight(bond.role, bond.relation, resource);
            self.bonds.iter().filter(sends).map(by).fold(Sight::HIDDEN, |all, one| all | one)
        };
        let (demands, tasks) = (sight(Resource::Demand), sight(Resource::Task));
        self.sender = Some(Sender { account, demands, tasks });
        self
    }

    /// Nobody: sees what is public.
    #[must_use]
    pub fn nobody(policy: Arc<Policy>, today: Date) -> Self {
        Self::new(policy, None, None, today, Vec::new())
    }

    /// Whoever has the command line: sees where everything is, and administers accounts everywhere.
    #[must_use]
    pub fn operator(policy: Arc<Policy>, today: Date) -> Self {
        let bonds = vec![Bond::new(Role::PlatformAdmin, Relation::Everywhere)];
        let mut scope = Self::new(policy, None, None, today, bonds);
        for doors in [&mut scope.household, &mut scope.enterprise, &mut scope.staff, &mut scope.accounts] {
            doors.everything = true;
        }
        scope
    }

    /// How far a household is seen.
    #[must_use]
    pub fn household_sight(&self, id: HouseholdId, place: &Place) -> Sight {
        let single = self.household.households.get(&id).copied().unwrap_or_default();
        single | self.household.root_sight(place)
    }

    /// How far an enterprise is seen.
    #[must_use]
    pub fn enterprise_sight(&self, id: EnterpriseId, place: &Place) -> Sight {
        let single = self.enterprise.enterprises.get(&id).copied().unwrap_or_default();
        single | self.enterprise.root_sight(place)
    }

    /// How far a visit is seen, by whom it was to.
    #[must_use]
    pub fn visit_sight(
        &self,
        household: Option<HouseholdId>,
        enterprise: Option<EnterpriseId>,
        place: &Place,
    ) -> Sight {
        self.visits.sight(&Facts { place: *place, household, enterprise, ..Facts::default() })
    }

    /// How far a demand is seen: by whose it is, and by its task.
    #[must_use]
    pub fn demand_sight(&self, facts: &Facts<'_>) -> Sight {
        let given = facts.task.and_then(|task| self.given.get(&task));
        let sent = self.sender.filter(|sender| facts.sender == Some(sender.account));
        self.demands.sight(facts)
            | given.map(|given| given.1).unwrap_or_default()
            | sent.map(|sent| sent.demands).unwrap_or_default()
    }

    /// How far a task is seen: by whom it concerns, and by being given. One that is seen by neither belongs to a household or
    /// enterprise of the viewer's beside others, was handled once, or came of a demand that a system has sent.
    #[must_use]
    pub fn task_sight(&self, facts: &Facts<'_>, lead: (Option<DepartmentId>, Option<CadreId>)) -> Sight {
        let given = facts.task.and_then(|task| self.given.get(&task));
        let handled = lead.0.is_some_and(|own| self.handling.contains(&own))
            || lead.1.is_some() && lead.1 == self.cadre;
        let sight = self.tasks.sight(facts) | given.map(|given| given.0).unwrap_or_default();
        sight | if handled { Sight::SERVED } else { Sight::OWN }
    }

    /// Whether something may be done to a record with these facts.
    #[must_use]
    pub fn may(&self, may: May, facts: &Facts<'_>) -> bool {
        self.role_for(may, facts).is_some()
    }

    /// The role by which something may be done to a record with these facts.
    #[must_use]
    pub fn role_for(&self, may: May, facts: &Facts<'_>) -> Option<Role> {
        let allows = |bond: &&Bond| {
            let by = |relation| self.policy.allows(bond.role, relation, may);
            by(bond.relation) && bond.covers(facts) || by(Relation::County) && bond.is_in_county(&facts.place)
        };
        self.bonds.iter().find(allows).map(|bond| bond.role)
    }

    /// Names of what would allow it.
    #[must_use]
    pub fn would_allow(&self, may: May) -> Vec<String> {
        self.policy.would_allow(may)
    }

    /// The same for any of several.
    #[must_use]
    pub fn would_allow_any(&self, any_of: &[May]) -> Vec<String> {
        self.policy.would_allow_any(any_of)
    }

    /// Whether there is any bond of the role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.bonds.iter().any(|bond| bond.role == role)
    }

    /// Whether something is allowed somewhere.
    #[must_use]
    pub fn allowed_somewhere(&self, may: May) -> bool {
        self.bonds.iter().any(|bond| {
            [bond.relation, Relation::County].iter().any(|&by| self.policy.allows(bond.role, by, may))
        })
    }
}

impl Bond {
    /// Whether a place lies where the party organisation has its seat: it disposes of its members there, nowhere else.
    fn seats(&self, place: &Place) -> bool {
        self.offices.last().is_some_and(|&seat| place.path().any(|id| id == seat))
    }

    /// Whether a place lies in a county of the bond.
    pub(super) fn is_in_county(&self, place: &Place) -> bool {
        let roots = self.roots.iter().filter(|root| root.level == Level::County).map(|root| root.id);
        let mut counties = self.offices.first().copied().into_iter().chain(roots);
        place.county_id.is_some_and(|own| counties.any(|county| county == own))
    }

    /// Lets it reach as far as the place around: for trying whether anybody would notice.
    pub(super) fn widen(&mut self) {
        let around: Vec<Root> =
            self.offices.iter().zip(Level::ALL).map(|(&id, level)| Root { level, id }).collect();
        let whole = around.split_last().map_or(&[][..], |(_, above)| above);
        self.roots.extend(whole.last());
        self.offices.pop();
    }

    fn covers(&self, facts: &Facts<'_>) -> bool {
        if self.relation == Relation::Given {
            return self.task.is_some() && self.task == facts.task;
        }
        self.relation == Relation::Everywhere
            || self.roots.iter().any(|root| root.holds(&facts.place))
            || facts.household.is_some() && self.household == facts.household
            || facts.enterprise.is_some() && self.enterprise == facts.enterprise
            || self.seats(&facts.place) && facts.branches.iter().any(|branch| self.branches.contains(branch))
    }
}

impl Doors {
    /// The doors through which a part is seen.
    #[must_use]
    pub fn showing(&self, part: Part) -> Self {
        let enough = |sight: &Sight| sight.shows(part);
        Self {
            roots: self.roots.iter().copied().filter(|(_, sight)| enough(sight)).collect(),
            households: self
                .households
                .iter()
                .filter(|(_, sight)| enough(sight))
                .map(|(&id, &sight)| (id, sight))
                .collect(),
            enterprises: self
                .enterprises
                .iter()
                .filter(|(_, sight)| enough(sight))
                .map(|(&id, &sight)| (id, sight))
                .collect(),
            ..Self::default()
        }
    }

    /// Whether something at a place, of which perhaps only the upper levels are known, could be seen by it: a look that costs
    /// nothing, before the rows themselves are asked for.
    #[must_use]
    pub fn could_hold(&self, place: &Place) -> bool {
        let could = |root: &Root| place.at(root.level).is_none_or(|id| id == root.id);
        self.everything || self.roots.iter().any(|(root, _)| could(root))
    }

    /// How far something is seen by its place alone.
    #[must_use]
    pub fn root_sight(&self, place: &Place) -> Sight {
        self.roots
            .iter()
            .filter(|(root, _)| root.holds(place))
            .fold(Sight::HIDDEN, |all, &(_, sight)| all | sight)
    }

    /// How far something is seen by its place, and by the household or enterprise that it belongs to.
    #[must_use]
    pub fn sight(&self, facts: &Facts<'_>) -> Sight {
        let of_household = facts.household.and_then(|id| self.households.get(&id)).copied();
        let of_enterprise = facts.enterprise.and_then(|id| self.enterprises.get(&id)).copied();
        of_household.unwrap_or_default() | of_enterprise.unwrap_or_default() | self.root_sight(&facts.place)
    }

    /// Whether a place is in it.
    #[must_use]
    pub fn holds(&self, place: &Place) -> bool {
        self.everything || !self.root_sight(place).is_hidden()
    }
}

fn doors(policy: &Policy, bonds: &[Bond], resource: Resource) -> Doors {
    let mut doors = Doors::default();
    for bond in bonds {
        let sight = policy.sight(bond.role, bond.relation, resource);
        // What a system has sent is seen by whose it is, not by where it is.
        if sight.is_hidden() || bond.relation == Relation::Granted(ApiScope::Demand) {
            continue;
        }
        doors.everything |= bond.relation == Relation::Everywhere;
        doors.roots.extend(bond.roots.iter().map(|&root| (root, sight)));
        doors.branches.extend(&bond.branches);
        if bond.household.is_some() || bond.enterprise.is_some() {
            doors.around.extend(&bond.offices);
        }
        // Of a task that was given, its own demands are seen, not all of its household's.
        if bond.task.is_some() && matches!(resource, Resource::Demand | Resource::Task) {
            continue;
        }
        if let Some(id) = bond.household {
            let best = doors.households.entry(id).or_default();
            *best = *best | sight;
        }
        if let Some(id) = bond.enterprise {
            let best = doors.enterprises.entry(id).or_default();
            *best = *best | sight;
        }
    }
    let mut seen = HashMap::new();
    for &(root, sight) in &doors.roots {
        let best: &mut Sight = seen.entry(root).or_default();
        *best = *best | sight;
    }
    doors.roots = seen.into_iter().collect();
    doors.roots.sort_unstable_by_key(|(root, _)| (root.level, root.id));
    doors.branches.sort_unstable();
    doors.branches.dedup();
    doors.around.sort_unstable();
    doors.around.dedup();
    doors
}
