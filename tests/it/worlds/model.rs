//! A world as the oracle knows it: plain lists of what there is and who is tied to what. No right is in it.

use entity::{
    id::{
        AccountId, AreaId, AssignmentId, BranchId, CadreId, DepartmentId, EnterpriseId, GrantId, HouseholdId,
        MembershipId, RegionId,
    },
    kind::{CadreLevel, RegionKind, Role},
};

/// From a day to a day, counted from the day on which the world began; the end is the first day without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Days {
    pub(super) from: i64,
    pub(super) until: Option<i64>,
}

impl Days {
    pub(super) const ALWAYS: Self = Self { from: -400, until: None };

    pub(super) fn hold_on(self, day: i64) -> bool {
        self.from <= day && self.until.is_none_or(|until| day < until)
    }
}

/// A region itself and all above it, the nearest first.
pub(super) type Within = Vec<RegionId>;

#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) id: RegionId,
    pub(super) kind: RegionKind,
    pub(super) name: String,
    pub(super) within: Within,
}

#[derive(Clone, Debug)]
pub(super) struct Area {
    pub(super) id: AreaId,
    pub(super) villages: Vec<RegionId>,
    pub(super) within: Within,
}

#[derive(Clone, Debug)]
pub(super) struct Home {
    pub(super) id: HouseholdId,
    pub(super) number: String,
    pub(super) head: String,
    pub(super) tags: Vec<&'static str>,
    pub(super) lives_here: bool,
    pub(super) grid: Option<RegionId>,
    /// The grid is in it, too.
    pub(super) within: Within,
}

#[derive(Clone, Debug)]
pub(super) struct Firm {
    pub(super) id: EnterpriseId,
    pub(super) name: String,
    pub(super) large: bool,
    pub(super) within: Within,
}

#[derive(Clone, Debug)]
pub(super) struct Cadre {
    pub(super) id: CadreId,
    pub(super) level: CadreLevel,
    /// The office and all above it.
    pub(super) office: Within,
    pub(super) term: Days,
}

#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) id: BranchId,
    pub(super) above: Option<BranchId>,
    pub(super) within: Within,
}

#[derive(Clone, Debug)]
pub(super) struct Department {
    pub(super) id: DepartmentId,
    pub(super) within: Within,
}

#[derive(Clone, Debug)]
pub(super) struct Membership {
    pub(super) id: MembershipId,
    pub(super) cadre: CadreId,
    pub(super) branch: BranchId,
    pub(super) days: Days,
}

/// An account, by its place in the list.
pub(super) type Who = usize;

#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) account: AccountId,
    pub(super) name: String,
    /// The role that every deal gives.
    pub(super) role: Role,
    pub(super) cadre: Option<CadreId>,
}

/// To what a role is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Everywhere,
    Region(RegionId),
    Branch(BranchId),
    Department(DepartmentId),
    Home(HouseholdId),
    Firm(EnterpriseId),
}

#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) id: GrantId,
    pub(super) who: Who,
    pub(super) role: Role,
    pub(super) to: Bound,
    pub(super) days: Days,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    Cadre(CadreId),
    Department(DepartmentId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A township, village, group or grid.
    Region(RegionId),
    Area(AreaId),
    Home(HouseholdId),
    Firm(EnterpriseId),
}

/// Somebody is answerable for something (包联).
#[derive(Clone, Debug)]
pub(super) struct Duty {
    pub(super) id: AssignmentId,
    pub(super) by: Holder,
    pub(super) to: Target,
    pub(super) primary: bool,
    pub(super) days: Days,
}

/// A household opened for an hour.
#[derive(Clone, Debug)]
pub(super) struct Emergency {
    pub(super) who: Who,
    pub(super) role: Role,
    pub(super) home: HouseholdId,
    /// Whether the hour still runs.
    pub(super) open: bool,
}

/// What stands, and who is tied to what.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) places: Vec<Place>,
    pub(super) areas: Vec<Area>,
    pub(super) homes: Vec<Home>,
    pub(super) firms: Vec<Firm>,
    pub(super) cadres: Vec<Cadre>,
    pub(super) branches: Vec<Branch>,
    pub(super) departments: Vec<Department>,
    pub(super) people: Vec<Person>,
    pub(super) memberships: Vec<Membership>,
    pub(super) grants: Vec<Grant>,
    pub(super) duties: Vec<Duty>,
    pub(super) emergencies: Vec<Emergency>,
}

impl Model {
    pub(super) fn place(&self, id: RegionId) -> &Place {
        self.places.iter().find(|place| place.id == id).expect("a place")
    }

    pub(super) fn area(&self, id: AreaId) -> &Area {
        self.areas.iter().find(|area| area.id == id).expect("an area")
    }

    pub(super) fn home(&self, id: HouseholdId) -> &Home {
        self.homes.iter().find(|home| home.id == id).expect("a household")
    }

    pub(super) fn firm(&self, id: EnterpriseId) -> &Firm {
        self.firms.iter().find(|firm| firm.id == id).expect("an enterprise")
    }

    pub(super) fn cadre(&self, id: CadreId) -> &Cadre {
        self.cadres.iter().find(|cadre| cadre.id == id).expect("a cadre")
    }

    pub(super) fn branch(&self, id: BranchId) -> &Branch {
        self.branches.iter().find(|branch| branch.id == id).expect("a branch")
    }

    pub(super) fn department(&self, id: DepartmentId) -> &Department {
        self.departments.iter().find(|department| department.id == id).expect("a department")
    }

    /// Places of one kind.
    pub(super) fn of(&self, kind: RegionKind) -> Vec<RegionId> {
        self.places.iter().filter(|place| place.kind == kind).map(|place| place.id).collect()
    }

    /// Where something stands that one can be answerable for.
    pub(super) fn stands(&self, target: Target) -> &Within {
        match target {
            Target::Region(id) => &self.place(id).within,
            Target::Area(id) => &self.area(id).within,
            Target::Home(id) => &self.home(id).within,
            Target::Firm(id) => &self.firm(id).within,
        }
    }

    /// Where something stands that a role is bound to.
    pub(super) fn bound(&self, to: Bound) -> &[RegionId] {
        match to {
            Bound::Everywhere => &[],
            Bound::Region(id) => &self.place(id).within,
            Bound::Branch(id) => &self.branch(id).within,
            Bound::Department(id) => &self.department(id).within,
            Bound::Home(id) => &self.home(id).within,
            Bound::Firm(id) => &self.firm(id).within,
        }
    }

    /// All that somebody is tied to, for telling it.
    pub(super) fn ties(&self, who: Who) -> String {
        let name = |id: &RegionId| self.place(*id).name.clone();
        let mut ties = Vec::new();
        for grant in self.grants.iter().filter(|grant| grant.who == who) {
            let at = self.bound(grant.to).first().map_or_else(String::new, name);
            ties.push(format!("{:?} {:?} ({at}) {:?}", grant.role, grant.to, grant.days));
        }
        let cadre = self.people[who].cadre.map(|id| self.cadre(id));
        if let Some(cadre) = cadre {
            ties.push(format!("{} {:?} {:?}", cadre.id, cadre.level, cadre.term));
            for duty in self.duties.iter().filter(|duty| duty.by == Holder::Cadre(cadre.id)) {
                let at = name(&self.stands(duty.to)[0]);
                ties.push(format!("{} to {:?} ({at}) {:?}", duty.id, duty.to, duty.days));
            }
        }
        for opened in self.emergencies.iter().filter(|opened| opened.who == who) {
            let at = name(&self.home(opened.home).within[0]);
            ties.push(format!(
                "{} opened as {:?}: {} ({at})",
                if opened.open { "now" } else { "once" },
                opened.role,
                opened.home
            ));
        }
        ties.join("; ")
    }
}
