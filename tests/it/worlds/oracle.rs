//! Who sees what, naively: `rights/matrix.md` and the domain's roles, tie by tie, over plain lists. Nothing here is taken
//! from the program, and whoever changes who sees what changes this after the page.

use super::model::{Bound, Duty, Holder, Home, Model, Target, Who};
use entity::{
    id::{AssignmentId, CadreId, HouseholdId, RegionId},
    kind::{CadreLevel, RegionKind, Role},
};
use std::collections::{BTreeMap, BTreeSet};

/// What somebody sees: records, by their ids, those with parts by the letters of the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) homes: BTreeMap<String, String>,
    pub(super) firms: BTreeMap<String, String>,
    pub(super) duties: BTreeSet<String>,
    pub(super) cadres: BTreeSet<String>,
}

/// Letters of both, in the order of the page.
fn union(one: &str, other: &str) -> String {
    "RNIPT".chars().filter(|letter| one.contains(*letter) || other.contains(*letter)).collect()
}

impl Seen {
    fn home(&mut self, id: HouseholdId, letters: &str) {
        let known = self.homes.entry(id.to_string()).or_default();
        *known = union(known, letters);
    }

    /// Whether a part of a household is among what is seen.
    pub(super) fn shows(&self, home: &Home, letter: char) -> bool {
        self.homes.get(&home.id.to_string()).is_some_and(|letters| letters.contains(letter))
    }
}

/// What one account sees on a day.
struct Looking<'a> {
    model: &'a Model,
    today: i64,
    seen: Seen,
}

/// What this account sees on this day.
pub(super) fn seen_by(model: &Model, who: Who, today: i64) -> Seen {
    let mut seen = by_ties(model, who, today);
    for opened in model.emergencies.iter().filter(|opened| opened.who == who && opened.open) {
        let home = model.home(opened.home);
        if held_in_county(model, who, opened.role, home, today) {
            seen.home(home.id, "RNIPT");
        }
    }
    seen
}

/// What this account sees by its roles and assignments: emergencies open a household, and not who answers for it.
pub(super) fn by_ties(model: &Model, who: Who, today: i64) -> Seen {
    let mut looking = Looking { model, today, seen: Seen::default() };
    for (role, to) in roles(model, who, today) {
        looking.by_role(role, to);
    }
    for duty in live_duties(model, who, today) {
        looking.by_duty(duty.to);
    }
    looking.oneself(who);
    looking.seen
}

/// Roles that are held on a day, with what they are bound to.
fn roles(model: &Model, who: Who, today: i64) -> Vec<(Role, Bound)> {
    let held = model.grants.iter().filter(|grant| grant.who == who && grant.days.hold_on(today));
    held.map(|grant| (grant.role, grant.to)).collect()
}

/// What somebody is answerable for on a day; whoever has left office is answerable for nothing.
fn live_duties(model: &Model, who: Who, today: i64) -> Vec<&Duty> {
    let Some(cadre) = model.people[who].cadre else { return Vec::new() };
    if !model.cadre(cadre).term.hold_on(today) {
        return Vec::new();
    }
    let own = model.duties.iter().filter(|duty| duty.by == Holder::Cadre(cadre));
    own.filter(|duty| duty.days.hold_on(today)).collect()
}

/// Whether the role by which a household was opened is held today in its county, or above it.
fn held_in_county(model: &Model, who: Who, role: Role, home: &Home, today: i64) -> bool {
    let county = county_of(model, &home.within);
    let there = |within: &[RegionId]| {
        county_of(model, within) == county || within.first().is_some_and(|id| home.within.contains(id))
    };
    if role == Role::Cadre {
        return live_duties(model, who, today).iter().any(|duty| there(model.stands(duty.to)));
    }
    roles(model, who, today).iter().any(|(held, to)| *held == role && there(model.bound(*to)))
}

/// The county around a place; a city without counties is one itself.
pub(super) fn county_of(model: &Model, within: &[RegionId]) -> Option<RegionId> {
    let county = within.iter().find(|id| model.place(**id).kind == RegionKind::County);
    let whole = || {
        let town = within.iter().any(|id| model.place(*id).kind == RegionKind::Township);
        within.iter().find(|id| town && model.place(**id).kind == RegionKind::City)
    };
    county.or_else(whole).copied()
}

impl Looking<'_> {
    fn by_role(&mut self, role: Role, to: Bound) {
        let model = self.model;
        match (role, to) {
            (Role::RegionAdmin | Role::Leader, Bound::Region(region)) => {
                self.homes_in(region, "RNIP");
                self.firms_in(region, "RIP");
                self.duties_in(region);
                self.staff_in(region);
                self.around(model.bound(to));
            }
            (Role::Dispatcher, Bound::Region(region)) => {
                self.homes_in(region, "RN");
                self.firms_in(region, "R");
                self.staff_in(region);
                self.officials(model.bound(to));
            }
            (Role::Supervisor, Bound::Region(region)) => {
                self.duties_in(region);
                self.staff_in(region);
                self.around(model.bound(to));
            }
            (Role::BranchSecretary, Bound::Branch(branch)) => {
                let mut below = vec![branch];
                while let Some(next) = model
                    .branches
                    .iter()
                    .find(|one| !below.contains(&one.id) && one.above.is_some_and(|id| below.contains(&id)))
                {
                    below.push(next.id);
                }
                for member in &model.memberships {
                    if below.contains(&member.branch) && member.days.hold_on(self.today) {
                        self.seen.cadres.insert(member.cadre.to_string());
                        self.duties_of(Holder::Cadre(member.cadre));
                    }
                }
                self.around(model.bound(to));
            }
            (Role::DepartmentHandler, Bound::Department(department)) => {
                self.duties_of(Holder::Department(department));
                self.around(model.bound(to));
            }
            (Role::GridWorker, Bound::Region(region)) => {
                self.homes_in(region, "RNIPT");
                self.firms_in(region, "RIP");
                self.duties_in(region);
                self.around(model.bound(to));
            }
            (Role::Resident, Bound::Home(home)) => {
                self.seen.home(home, "RNIPT");
                self.duties_to(Target::Home(home));
                self.around(model.bound(to));
            }
            (Role::EnterpriseRep, Bound::Firm(firm)) => {
                self.firm(firm.to_string(), "RIPT");
                self.duties_to(Target::Firm(firm));
                self.around(model.bound(to));
            }
            (Role::PlatformAdmin | Role::Auditor | Role::Integration, _) => {}
            _ => panic!("a role that is bound so: {role:?} {to:?}"),
        }
    }

    /// The assignment is the right.
    fn by_duty(&mut self, to: Target) {
        let model = self.model;
        match to {
            Target::Home(home) => {
                self.seen.home(home, "RNIPT");
                self.duties_to(to);
            }
            Target::Firm(firm) => {
                self.firm(firm.to_string(), "RIPT");
                self.duties_to(to);
            }
            Target::Region(region)
                if matches!(model.place(region).kind, RegionKind::Group | RegionKind::Grid) =>
            {
                self.homes_in(region, "RNIPT");
                self.duties_in(region);
            }
            Target::Region(region) => self.answerable_for(region),
            Target::Area(area) => {
                self.duties_to(to);
                for village in &model.area(area).villages {
                    self.answerable_for(*village);
                    self.around(&model.place(*village).within);
                }
            }
        }
        self.around(model.stands(to));
    }

    /// A whole village or township.
    fn answerable_for(&mut self, region: RegionId) {
        self.homes_in(region, "RNIP");
        self.firms_in(region, "RIP");
        self.duties_in(region);
        self.staff_in(region);
    }

    /// Everybody knows oneself, and what one answers for, did, and will.
    fn oneself(&mut self, who: Who) {
        if let Some(cadre) = self.model.people[who].cadre {
            self.seen.cadres.insert(cadre.to_string());
            self.duties_of(Holder::Cadre(cadre));
        }
    }

    fn firm(&mut self, id: String, letters: &str) {
        let known = self.seen.firms.entry(id).or_default();
        *known = union(known, letters);
    }

    fn homes_in(&mut self, region: RegionId, letters: &str) {
        for home in self.model.homes.iter().filter(|home| home.within.contains(&region)) {
            self.seen.home(home.id, letters);
        }
    }

    fn firms_in(&mut self, region: RegionId, letters: &str) {
        for firm in self.model.firms.iter().filter(|firm| firm.within.contains(&region)) {
            self.firm(firm.id.to_string(), letters);
        }
    }

    fn duties_where(&mut self, what: impl Fn(&Duty) -> bool) {
        let found = self.model.duties.iter().filter(|duty| what(duty)).map(|duty| duty.id);
        self.seen.duties.extend(found.map(|id: AssignmentId| id.to_string()));
    }

    fn duties_of(&mut self, holder: Holder) {
        self.duties_where(|duty| duty.by == holder);
    }

    fn duties_to(&mut self, target: Target) {
        self.duties_where(|duty| duty.to == target);
    }

    /// Who answers for anything that lies in a region; an area lies in its township.
    fn duties_in(&mut self, region: RegionId) {
        let model = self.model;
        self.duties_where(|duty| model.stands(duty.to).contains(&region));
    }

    /// Everyone whose office lies in a region.
    fn staff_in(&mut self, region: RegionId) {
        let staff = self.model.cadres.iter().filter(|cadre| cadre.office.contains(&region));
        self.seen.cadres.extend(staff.map(|cadre| cadre.id.to_string()));
    }

    /// The officials of a place and of those above it; a party member without a post is none.
    fn officials(&mut self, within: &[RegionId]) {
        let officials = self.model.cadres.iter().filter(|cadre| cadre.level != CadreLevel::PartyMember);
        let above = officials.filter(|cadre| within.contains(&cadre.office[0]));
        self.seen.cadres.extend(above.map(|cadre| cadre.id.to_string()));
    }

    /// The officials, and who answers for the village and the other places around. An area is none of them: the page
    /// doesn't name it.
    fn around(&mut self, within: &[RegionId]) {
        self.officials(within);
        self.duties_where(|duty| match duty.to {
            Target::Region(region) => within.contains(&region),
            Target::Area(_) | Target::Home(_) | Target::Firm(_) => false,
        });
    }
}

/// Whether a household has a contact: somebody in office who answers today for it, its group or its grid.
pub(super) fn has_contact(model: &Model, home: &Home, today: i64) -> bool {
    let in_office = |id: CadreId| model.cadre(id).term.hold_on(today);
    model.duties.iter().any(|duty| {
        let reaches = match duty.to {
            Target::Home(id) => id == home.id,
            Target::Region(id) => {
                matches!(model.place(id).kind, RegionKind::Group | RegionKind::Grid)
                    && home.within.contains(&id)
            }
            Target::Area(_) | Target::Firm(_) => false,
        };
        let holds = match duty.by {
            Holder::Cadre(id) => in_office(id),
            Holder::Department(_) => true,
        };
        reaches && holds && duty.days.hold_on(today)
    })
}

/// The households that are counted: of what is seen, those whose `letter` is seen and that are so.
pub(super) fn count(model: &Model, seen: &Seen, letter: char, so: impl Fn(&Home) -> bool) -> usize {
    model.homes.iter().filter(|home| seen.shows(home, letter) && so(home)).count()
}
