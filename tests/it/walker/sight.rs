//! Who is expected to see which part of which household and enterprise. Written by hand after `rights/matrix.md`, and
//! held against the table in `rights.rs`; nothing here is derived from the program.

use crate::rights::{TABLE, account_of, grant_of};
use entity::{
    area_village, assignment, box_opening, cadre, enterprise, household,
    id::RegionId,
    intake_point,
    kind::{AssignmentKind, PartState, TaskState},
    region, task, task_part,
};
use lianhu::kernel::clock::civil;
use lianhu_tests::World;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::ExprTrait};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What a role reaches.
enum Reach {
    /// All below the region of this code.
    Region(&'static str),
    /// What the grant is bound to.
    Own,
}

/// Letters of the parts of households and enterprises, by account; keys of the integration by their scope. `C`: what
/// households asked to be put right; `V`: visits to them. Whoever stands in no line sees what the own assignments open.
const EXPECTED: [(&str, Reach, &str, &str); 17] = [
    ("county-admin", Reach::Region("530304"), "RNIPCV", "RIPV"),
    ("town-admin", Reach::Region("530304101"), "RNIPCV", "RIPV"),
    ("leader", Reach::Region("530304101"), "RNIPV", "RIPV"),
    ("dispatcher", Reach::Region("530304101"), "RN", "R"),
    ("supervisor", Reach::Region("530304101"), "V", "V"),
    ("grid-worker", Reach::Region("530304101200901"), "RNIPTV", ""),
    ("resident", Reach::Own, "RNIPTCV", ""),
    ("enterprise", Reach::Own, "", "RIPTV"),
    ("nancheng-admin", Reach::Region("361021"), "RNIPCV", "RIPV"),
    ("key HOUSEHOLD", Reach::Region("530304101"), "RI", ""),
    ("key HOUSEHOLD_PERSONAL", Reach::Region("530304101"), "RNIP", ""),
    ("key ENTERPRISE", Reach::Region("530304101"), "", "RI"),
    ("key ENTERPRISE_PERSONAL", Reach::Region("530304101"), "", "RIP"),
    ("key STAFF", Reach::Region("530304101"), "", ""),
    ("key ASSIGNMENT", Reach::Region("530304101"), "", ""),
    ("key DEMAND", Reach::Region("530304101"), "", ""),
    ("key STATISTICS", Reach::Region("530304101"), "", ""),
];

/// What live assignments open, by their kind.
const ASSIGNED: [(AssignmentKind, &str, &str); 6] = [
    (AssignmentKind::Household, "RNIPTCV", ""),
    (AssignmentKind::Group, "RNIPTCV", ""),
    (AssignmentKind::Enterprise, "", "RIPTV"),
    (AssignmentKind::Village, "RNIPV", "RIPV"),
    (AssignmentKind::Area, "RNIPV", "RIPV"),
    (AssignmentKind::Township, "RNIPV", "RIPV"),
];

/// What an open task opens of the household or enterprise that it is for to those who have a part in it.
const GIVEN: (&str, &str) = ("RNT", "RT");

/// One record, with the regions around it.
struct Record {
    id: String,
    around: Vec<RegionId>,
    is_household: bool,
}

/// What there is to be seen.
pub(super) struct Land {
    records: Vec<Record>,
    regions: Vec<region::Model>,
    areas: Vec<area_village::Model>,
    assignments: Vec<assignment::Model>,
    /// Parts in open tasks that are not returned and not void, with whom each task is for.
    given: Vec<(task_part::Model, task::Model)>,
    /// The county of each record that is not public, by its id.
    pub counties: HashMap<String, RegionId>,
}

/// What one person is expected to see.
#[derive(Clone, Debug, Default)]
pub(super) struct Sight {
    letters: HashMap<String, BTreeSet<char>>,
    /// The counties in which anything is seen; none for whoever sees records of every county.
    pub counties: Option<HashSet<RegionId>>,
}

impl Sight {
    /// Whether this part of a household or an enterprise is seen.
    pub(super) fn shows(&self, of: &str, part: char) -> bool {
        self.letters.get(of).is_some_and(|letters| letters.contains(&part))
    }

    fn add(&mut self, of: &Record, home: &str, firm: &str) {
        let letters = if of.is_household { home } else { firm };
        if !letters.is_empty() {
            self.letters.entry(of.id.clone()).or_default().extend(letters.chars());
        }
    }
}

impl Land {
    pub(super) async fn read(world: &World) -> Self {
        let db = world.state.db.read();
        let today = civil(world.state.clock.now());
        let homes = household::Entity::find().all(db).await.expect("households");
        let firms = enterprise::Entity::find().all(db).await.expect("enterprises");
        let cadres = cadre::Entity::find().all(db).await.expect("cadres");
        let assignments = assignment::Entity::find()
            .filter(assignment::Column::StartsOn.lte(today))
            .filter(assignment::Column::EndsOn.is_null().or(assignment::Column::EndsOn.gt(today)));
        let mut counties: HashMap<_, _> =
            homes.iter().map(|row| (row.id.to_string(), row.county_id)).collect();
        counties.extend(firms.iter().map(|row| (row.id.to_string(), row.county_id)));
        counties.extend(cadres.iter().filter_map(|row| Some((row.id.to_string(), row.county_id?))));
        let every = assignment::Entity::find().all(db).await.expect("assignments");
        counties.extend(every.iter().map(|row| (row.id.to_string(), row.county_id)));
        let points = intake_point::Entity::find().all(db).await.expect("intake points");
        let points: HashMap<_, _> = points.into_iter().map(|row| (row.id, row.county_id)).collect();
        let openings = box_opening::Entity::find().all(db).await.expect("openings");
        counties.extend(openings.iter().map(|row| (row.id.to_string(), points[&row.intake_point_id])));
        let parts = task_part::Entity::find().filter(task_part::Column::State.is_in([
            PartState::Offered,
            PartState::Claimed,
            PartState::Done,
        ]));
        let tasks = task::Entity::find()
            .filter(task::Column::State.is_not_in([TaskState::Closed, TaskState::Cancelled]));
        let tasks = tasks.all(db).await.expect("tasks").into_iter().map(|row| (row.id, row));
        let tasks: HashMap<_, _> = tasks.collect();
        let parts = parts.all(db).await.expect("parts").into_iter();
        let given = parts.filter_map(|row| Some((row.clone(), tasks.get(&row.task_id)?.clone()))).collect();
        let mut records = Vec::new();
        for row in homes {
            let around =
                [Some(row.county_id), Some(row.township_id), Some(row.village_id), row.group_id, row.grid_id];
            let around = around.into_iter().flatten().collect();
            records.push(Record { id: row.id.to_string(), around, is_household: true });
        }
        for row in firms {
            let around =
                [Some(row.county_id), Some(row.township_id), row.village_id].into_iter().flatten().collect();
            records.push(Record { id: row.id.to_string(), around, is_household: false });
        }
        Self {
            records,
            regions: region::Entity::find().all(db).await.expect("regions"),
            areas: area_village::Entity::find().all(db).await.expect("areas"),
            assignments: assignments.all(db).await.expect("assignments"),
            given,
            counties,
        }
    }

    fn region(&self, code: &str) -> &region::Model {
        self.regions.iter().find(|row| row.code.0 == code).unwrap_or_else(|| panic!("{code}"))
    }

    /// The ids that an assignment is about: records themselves, or regions around them.
    fn targets(&self, row: &assignment::Model) -> HashSet<String> {
        let of_area = self.areas.iter().filter(|one| Some(one.area_id) == row.area_id);
        let mut targets: HashSet<_> = of_area.map(|one| one.village_id.to_string()).collect();
        targets.extend(row.household_id.map(|id| id.to_string()));
        targets.extend(row.enterprise_id.map(|id| id.to_string()));
        targets.extend(row.region_id.map(|id| id.to_string()));
        targets
    }

    /// What somebody is expected to see: an account of the demonstration, or a key by its scope.
    pub(super) async fn of(&self, world: &World, name: &str) -> Sight {
        let mut sight = Sight::default();
        let mut counties = HashSet::new();
        for (_, reach, home, firm) in EXPECTED.iter().filter(|(of, ..)| *of == name) {
            let bound = match reach {
                Reach::Region(code) => {
                    let region = self.region(code);
                    counties.insert(region.county_id.unwrap_or(region.id));
                    region.id.to_string()
                }
                Reach::Own => {
                    let grant = grant_of(world, name).await;
                    let home = grant.household_id.map(|id| id.to_string());
                    home.or(grant.enterprise_id.map(|id| id.to_string())).expect("bound to one")
                }
            };
            let reaches = |record: &&Record| {
                record.id == bound || record.around.iter().any(|region| region.to_string() == bound)
            };
            self.records.iter().filter(reaches).for_each(|record| sight.add(record, home, firm));
        }
        let is_person = !name.starts_with("key ") && name != "anonymous";
        let account = if is_person { Some(account_of(world, name).await) } else { None };
        let held = account.as_ref().and_then(|account| account.cadre_id);
        for row in self.assignments.iter().filter(|row| held.is_some() && row.cadre_id == held) {
            let (_, home, firm) = ASSIGNED.iter().find(|(kind, ..)| *kind == row.kind).expect("a line");
            let targets = self.targets(row);
            let reaches = |record: &&Record| {
                targets.contains(&record.id)
                    || record.around.iter().any(|one| targets.contains(&one.to_string()))
            };
            self.records.iter().filter(reaches).for_each(|record| sight.add(record, home, firm));
        }
        let office = if name == "handler" { grant_of(world, name).await.department_id } else { None };
        let own = |part: &task_part::Model| {
            held.is_some() && part.cadre_id == held || office.is_some() && part.department_id == office
        };
        for (_, task) in self.given.iter().filter(|(part, _)| own(part)) {
            let whose =
                [task.household_id.map(|id| id.to_string()), task.enterprise_id.map(|id| id.to_string())];
            let reaches = |record: &&Record| whose.iter().flatten().any(|id| *id == record.id);
            self.records.iter().filter(reaches).for_each(|record| sight.add(record, GIVEN.0, GIVEN.1));
        }
        counties.extend(account.as_ref().and_then(|account| account.county_id));
        sight.counties = Some(counties);
        sight
    }

    /// Where this and the table in `rights.rs` differ.
    pub(super) async fn differences(&self, world: &World, homes: &[household::Model]) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, letters) in TABLE {
            let sight = self.of(world, name).await;
            for (letter, home) in letters.chars().zip(homes) {
                let parts = match letter {
                    'C' => "RNIPT",
                    'S' => "RNIP",
                    'D' => "RN",
                    _ => "",
                };
                let seen: String =
                    "RNIPT".chars().filter(|part| sight.shows(&home.id.to_string(), *part)).collect();
                if seen != parts {
                    wrong.push(format!("{name}: {} “{parts}” there, “{seen}” here", home.number));
                }
            }
        }
        wrong
    }
}
