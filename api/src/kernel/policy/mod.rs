//! Who sees what and who may do what: one table, read by everything else. Default deny.
//!
//! A *bond* is what ties a person to a place or a record at this moment: a live grant of a role, or a live contact
//! assignment (the assignment is the right). Each line of the table says what a role opens by a relation: how much is
//! seen of which records, and what may be done. The table is a value, so that altered ones can be tried against the
//! tests.

mod may;
pub mod print;
mod sight;
mod table;

pub use may::May;
pub use sight::{Part, Sight};

use chrono::NaiveDate;
use entity::{
    kind::{ApiScope, Role},
    scalar::Date,
};
use sea_orm::ActiveEnum;

/// What ties a person to a record (关系). Each is one piece of data with two readers: a condition in SQL (`door`) and a
/// check on the facts of one record (`scope`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// Wherever it is: the role is bound to nothing (全平台).
    Everywhere,
    /// In the region that the role is bound to, or below it (所辖区域).
    Region,
    /// A member of the party organisation that the role is bound to, or of one below it, at its seat (所在党组织).
    Branch,
    /// Given to the department that the role is bound to (所在部门).
    Department,
    /// The own household or enterprise (本户、本企业).
    Own,
    /// A live assignment to the household or enterprise itself, or to its group (现任联系人).
    Contact,
    /// A live assignment to the township, area or village around it (包片、包村).
    PlaceContact,
    /// A task given to the department that the role is bound to, or to the cadre (承办任务).
    Given,
    /// In the county of any bond of the role (同县).
    County,
    /// Opened in an emergency, for an hour (紧急查看).
    Emergency,
    /// In the region of a key that has been granted this scope (密钥授权范围).
    Granted(ApiScope),
}

/// The tables that are guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// Counts and coverage, nothing of anybody.
    Figures,
    /// Accounts and grants.
    Account,
    /// Who looked at whom: the access log.
    AccessLog,
    /// What was changed by whom: the audit trail.
    Trail,
    /// Corrections that households asked for.
    Correction,
    /// Openings of the boxes of intake points.
    BoxOpening,
    /// Visits, by whom they were to.
    Visit,
    /// Who took part in visits, by who they are.
    Participation,
    /// Diaries of the cadres who serve there.
    Diary,
    /// Demands, with what was judged of them.
    Demand,
    /// Tasks, with all that happened to them.
    Task,
}

/// What a line opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Opens {
    /// Records of a table, as far as the mask lets through.
    See(Resource, Sight),
    /// Something that may be done.
    Do(May),
}

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// The role; `CADRE` for whoever has a live assignment.
    pub role: Role,
    /// By which relation.
    pub relation: Relation,
    /// What it opens.
    pub opens: Opens,
}

/// The dates that end a right. Each is half-open: the first day counts, the end does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dates {
    /// Not before its first day.
    pub from: bool,
    /// Not from its end on.
    pub until: bool,
}

impl Dates {
    const BOTH: Self = Self { from: true, until: true };

    /// The day by which the first day must have come, and the one by which the end must not have.
    #[must_use]
    pub fn on(self, today: Date) -> (Date, Date) {
        (if self.from { today } else { day(9999) }, if self.until { today } else { day(1) })
    }
}

/// New year's day of a year.
fn day(year: i32) -> Date {
    Date(NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default())
}

/// The table as a value, with the conditions that hold for all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Who sees and does what.
    pub rules: Vec<Rule>,
    /// A grant holds on these days.
    pub grants: Dates,
    /// An assignment holds on these days.
    pub assignments: Dates,
    /// An assignment holds while its holder is in office.
    pub in_office: bool,
    /// A membership ties a cadre to a party organisation on these days.
    pub memberships: Dates,
    /// What was opened in an emergency closes after its hour.
    pub emergencies_close: bool,
    /// Relations that reach as far as the place around. None; for trying whether anybody would notice.
    pub widened: Vec<Relation>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            rules: table::rules(),
            grants: Dates::BOTH,
            assignments: Dates::BOTH,
            in_office: true,
            memberships: Dates::BOTH,
            emergencies_close: true,
            widened: Vec::new(),
        }
    }
}

impl Policy {
    /// How much of a resource a relation of a role opens.
    #[must_use]
    pub fn sight(&self, role: Role, relation: Relation, resource: Resource) -> Sight {
        let of = self.rules.iter().filter(|rule| rule.role == role && rule.relation == relation);
        of.fold(Sight::HIDDEN, |sight, rule| match rule.opens {
            Opens::See(opened, parts) if opened == resource => sight | parts,
            _ => sight,
        })
    }

    /// Whether a relation of a role allows something.
    #[must_use]
    pub fn allows(&self, role: Role, relation: Relation, may: May) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.role == role && rule.relation == relation && rule.opens == Opens::Do(may))
    }

    /// Whether any relation of a role allows something.
    #[must_use]
    pub fn allows_somehow(&self, role: Role, may: May) -> bool {
        self.rules.iter().any(|rule| rule.role == role && rule.opens == Opens::Do(may))
    }

    /// Names of what would allow it, for refusals: roles, `CONTACT` or `PLACE_CONTACT` for a live assignment.
    #[must_use]
    pub fn would_allow(&self, may: May) -> Vec<String> {
        self.names(|opens| opens == Opens::Do(may))
    }

    /// The same for any of several.
    #[must_use]
    pub fn would_allow_any(&self, any_of: &[May]) -> Vec<String> {
        self.names(|opens| matches!(opens, Opens::Do(may) if any_of.contains(&may)))
    }

    /// Names of what shows records of a table.
    #[must_use]
    pub fn would_show(&self, resource: Resource) -> Vec<String> {
        self.names(|opens| matches!(opens, Opens::See(opened, _) if opened == resource))
    }

    fn names(&self, fits: impl Fn(Opens) -> bool) -> Vec<String> {
        let mut names = Vec::new();
        for rule in self.rules.iter().filter(|rule| fits(rule.opens)) {
            let name = match rule.relation {
                // Whoever opens something in an emergency had a right to do so by another line.
                Relation::Emergency => continue,
                Relation::Contact => "CONTACT".to_owned(),
                Relation::PlaceContact => "PLACE_CONTACT".to_owned(),
                Relation::Given => "HANDLER".to_owned(),
                _ => rule.role.to_value(),
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}
