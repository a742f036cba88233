//! What stands in every round of a world: who lives and works in its places, and accounts. It is in the database as it
//! is in the model.

use super::{
    land::{PLACES, areas, offices, places},
    model::{Cadre, Days, Firm, Home, Model, Person, Target, Who, Within},
};
use crate::rights::rows::assigned;
use chrono::Days as Span;
use entity::{
    account, area, area_village, assignment, branch, cadre, department, enterprise, household, household_tag,
    id::{AccountId, CadreId, EnterpriseId, HouseholdId, MemberId, RegionId},
    kind::{
        AccountStatus, AssignmentKind, CadreLevel, EnterpriseSize, EnterpriseStatus, HouseholdStatus,
        Kinship, RegionKind, Role, Sex,
    },
    member, region,
    scalar::{CreditCode, Date, Yuan},
};
use lianhu::kernel::{bulk, clock::civil, standards::mask_phone};
use lianhu_tests::{Dice, World};
use sea_orm::TransactionTrait;
use std::collections::HashMap;

/// Where each enterprise is; some belong to a township alone.
const FIRMS: [&str; 20] = [
    "980101001001",
    "980101001001",
    "980101001001",
    "980101001001",
    "980101001002",
    "980101001002",
    "980101001002",
    "980101001003",
    "980101001003",
    "980101001",
    "980101001",
    "980101002001",
    "980101002001",
    "980101002002",
    "980101002",
    "980102001001",
    "980102001001",
    "980200001001",
    "980200001001",
    "980200001",
];

/// Offices, and the levels of those who work there.
const CADRES: [(&str, &[CadreLevel]); 12] = {
    use CadreLevel::{CountyLeader, GridWorker, PartyMember, TownshipLeader, TownshipStaff, VillageCadre};
    [
        ("980101", &[CountyLeader, CountyLeader]),
        ("980102", &[CountyLeader]),
        ("980101001", &[TownshipLeader, TownshipStaff, TownshipStaff]),
        ("980101002", &[TownshipLeader, TownshipStaff]),
        ("980102001", &[TownshipLeader]),
        ("980200001", &[TownshipLeader]),
        ("980101001001", &[VillageCadre, PartyMember, PartyMember, GridWorker]),
        ("980101001002", &[VillageCadre, PartyMember]),
        ("980101001003", &[GridWorker]),
        ("980101002001", &[VillageCadre, PartyMember]),
        ("980102001001", &[VillageCadre]),
        ("980200001001", &[VillageCadre, PartyMember]),
    ]
};

/// The role that every deal gives an account, how many of them, and how many of those are cadres, too.
const PEOPLE: [(Role, usize, usize); 13] = [
    (Role::Cadre, 7, 7),
    (Role::RegionAdmin, 4, 0),
    (Role::Leader, 4, 2),
    (Role::Dispatcher, 4, 1),
    (Role::Supervisor, 3, 1),
    (Role::BranchSecretary, 4, 2),
    (Role::DepartmentHandler, 4, 1),
    (Role::GridWorker, 4, 1),
    (Role::Resident, 3, 0),
    (Role::EnterpriseRep, 3, 0),
    (Role::Auditor, 2, 0),
    (Role::PlatformAdmin, 1, 0),
    (Role::Integration, 1, 0),
];

/// The tags that may be asked for.
pub(super) const TAGS: [&str; 3] = ["MONITORED", "IN_DIFFICULTY", "MIGRANT_WORK"];
const HIDDEN_TAG: &str = "DISABILITY";
const HEADS: [&str; 4] = ["甲一", "乙二", "丙三", "丁四"];

/// The rows of what stands, and the day on which it began.
pub(super) struct Ground {
    pub(super) regions: HashMap<RegionId, region::Model>,
    pub(super) cadres: HashMap<CadreId, cadre::Model>,
    began: Date,
}

impl Ground {
    /// A day as the database knows it.
    pub(super) fn day(&self, day: i64) -> Date {
        let far = Span::new(day.unsigned_abs());
        Date(if day < 0 { self.began.0 - far } else { self.began.0 + far })
    }

    /// First day and end.
    pub(super) fn days(&self, days: Days) -> (Date, Option<Date>) {
        (self.day(days.from), days.until.map(|until| self.day(until)))
    }

    /// The row of an assignment, held by nobody yet.
    pub(super) fn assigned(&self, model: &Model, to: Target, days: Days) -> assignment::Model {
        let (starts_on, ends_on) = self.days(days);
        let row = |kind, at: &region::Model| assigned(kind, at, starts_on, ends_on);
        let nearest = &self.regions[&model.stands(to)[0]];
        match to {
            Target::Region(id) => {
                let kind = match nearest.kind {
                    RegionKind::Township => AssignmentKind::Township,
                    RegionKind::Village => AssignmentKind::Village,
                    _ => AssignmentKind::Group,
                };
                assignment::Model { region_id: Some(id), ..row(kind, nearest) }
            }
            Target::Area(id) => assignment::Model { area_id: Some(id), ..row(AssignmentKind::Area, nearest) },
            Target::Firm(id) => {
                assignment::Model { enterprise_id: Some(id), ..row(AssignmentKind::Enterprise, nearest) }
            }
            Target::Home(id) => {
                let mut at = nearest.clone();
                (at.group_id, at.grid_id) = self.corner(model.home(id));
                assignment::Model { household_id: Some(id), ..row(AssignmentKind::Household, &at) }
            }
        }
    }

    /// Group and grid of a household.
    fn corner(&self, home: &Home) -> (Option<RegionId>, Option<RegionId>) {
        let group = home.within.iter().find(|id| self.regions[id].kind == RegionKind::Group);
        (group.copied(), home.grid)
    }
}

/// Founds a world: the same for the same dice. Tells the model and the rows.
pub(super) async fn found(world: &World, dice: &mut Dice) -> (Model, Ground) {
    let began = civil(world.state.clock.now());
    let mut ground = Ground { regions: HashMap::new(), cadres: HashMap::new(), began };
    let mut model = Model::default();
    let txn = world.state.db.write().begin().await.expect("a transaction");
    let regions = places(&mut model, dice);
    ground.regions = regions.iter().map(|row| (row.id, row.clone())).collect();
    bulk::insert::<region::Entity>(&txn, regions).await.expect("regions");
    let (areas, villages) = areas(&mut model, &ground, dice);
    bulk::insert::<area::Entity>(&txn, areas).await.expect("areas");
    bulk::insert::<area_village::Entity>(&txn, villages).await.expect("areas of villages");
    let (departments, branches) = offices(&mut model, &ground, dice);
    bulk::insert::<department::Entity>(&txn, departments).await.expect("departments");
    bulk::insert::<branch::Entity>(&txn, branches).await.expect("branches");
    let cadres = cadres(&mut model, &ground, dice);
    ground.cadres = cadres.iter().map(|row| (row.id, row.clone())).collect();
    bulk::insert::<cadre::Entity>(&txn, cadres).await.expect("cadres");
    let (homes, tags, members) = homes(&mut model, &ground, world, dice);
    bulk::insert::<household::Entity>(&txn, homes).await.expect("households");
    bulk::insert::<household_tag::Entity>(&txn, tags).await.expect("tags");
    bulk::insert::<member::Entity>(&txn, members).await.expect("members");
    let firms = firms(&mut model, &ground, world, dice);
    bulk::insert::<enterprise::Entity>(&txn, firms).await.expect("enterprises");
    let people = people(&mut model, &ground, world, dice);
    bulk::insert::<account::Entity>(&txn, people).await.expect("accounts");
    txn.commit().await.expect("a world");
    (model, ground)
}

/// The place of a code.
pub(super) fn at<'a>(ground: &'a Ground, code: &str) -> &'a region::Model {
    ground.regions.values().find(|row| row.code.0 == code).unwrap_or_else(|| panic!("{code}"))
}

fn cadres(model: &mut Model, ground: &Ground, dice: &mut Dice) -> Vec<cadre::Model> {
    let mut rows = Vec::new();
    for (code, levels) in CADRES {
        let at = at(ground, code);
        for &level in levels {
            let id = dice.id();
            let name = format!("世界干部{}", rows.len());
            rows.push(cadre::Model {
                id,
                ..crate::rights::rows::cadre_at(&name, level, at, ground.day(Days::ALWAYS.from))
            });
            model.cadres.push(Cadre {
                id,
                level,
                office: model.place(at.id).within.clone(),
                term: Days::ALWAYS,
            });
        }
    }
    rows
}

fn homes(
    model: &mut Model,
    ground: &Ground,
    world: &World,
    dice: &mut Dice,
) -> (Vec<household::Model>, Vec<household_tag::Model>, Vec<member::Model>) {
    let (mut rows, mut tagged, mut members) = (Vec::new(), Vec::new(), Vec::new());
    for (code, _, many) in PLACES {
        let corners = |kind| {
            let inside = |id: &RegionId| ground.regions[id].code.0.starts_with(code);
            model.of(kind).into_iter().filter(inside).collect::<Vec<_>>()
        };
        let (groups, grids) = (corners(RegionKind::Group), corners(RegionKind::Grid));
        for n in 1..=many {
            let id: HouseholdId = dice.id();
            let village = at(ground, code);
            // Some lie in no group, or in no grid yet.
            let group = (!dice.percent(10)).then(|| dice.pick(&groups));
            let grid = (!dice.percent(15)).then(|| dice.pick(&grids));
            let within: Within =
                grid.into_iter().chain(group).chain(model.place(village.id).within.clone()).collect();
            let head = (dice.pick(&HEADS)).to_owned();
            let tags: Vec<_> = TAGS.into_iter().filter(|_| dice.percent(40)).collect();
            let lives_here = dice.percent(90);
            let phone = format!("1388741{:04}", rows.len());
            rows.push(household::Model {
                id,
                number: n.to_string(),
                county_id: village.county_id.expect("a county"),
                township_id: village.township_id.expect("a township"),
                village_id: village.id,
                group_id: group,
                grid_id: grid,
                head_name: head.clone(),
                address: Some(format!("{n} 号")),
                latitude: None,
                longitude: None,
                phone: Some(world.state.vault.seal(&phone).expect("sealed")),
                phone_masked: Some(mask_phone(&phone)),
                phone_hash: Some(world.state.vault.fingerprint(&phone)),
                housing: Some("砖混两层".to_owned()),
                yearly_income: Some(Yuan(4_300_000)),
                income_source: Some("烤烟".to_owned()),
                status: if lives_here { HouseholdStatus::Resident } else { HouseholdStatus::MovedAway },
                member_count: 1,
                last_visit_on: None,
                registered_on: Some(ground.day(-500)),
                resident_until: (!lives_here).then(|| ground.day(-200)),
                version: 1,
            });
            let codes = tags.iter().copied().chain(dice.percent(50).then_some(HIDDEN_TAG));
            tagged.extend(codes.map(|tag| household_tag::Model { household_id: id, tag: tag.to_owned() }));
            members.push(member::Model {
                id: dice.id::<MemberId>(),
                household_id: id,
                name: head.clone(),
                relation: Kinship::Head,
                sex: Sex::Female,
                birth_date: None,
                identity_number: None,
                identity_number_masked: None,
                identity_number_hash: None,
                phone: Some(world.state.vault.seal(&phone).expect("sealed")),
                phone_masked: Some(mask_phone(&phone)),
                phone_hash: Some(world.state.vault.fingerprint(&phone)),
                employment: None,
                employment_place: None,
                needs: None,
                left_on: None,
                version: 1,
            });
            model.homes.push(Home { id, number: n.to_string(), head, tags, lives_here, grid, within });
        }
    }
    (rows, tagged, members)
}

fn firms(model: &mut Model, ground: &Ground, world: &World, dice: &mut Dice) -> Vec<enterprise::Model> {
    let mut rows = Vec::new();
    for (n, code) in FIRMS.iter().enumerate() {
        let (id, at): (EnterpriseId, _) = (dice.id(), at(ground, code));
        let (name, large) = (format!("世界企业{n}"), dice.percent(40));
        let phone = format!("1388742{n:04}");
        rows.push(enterprise::Model {
            id,
            name: name.clone(),
            credit_code: CreditCode(format!("9198000000000000{n:02}")),
            county_id: at.county_id.expect("a county"),
            township_id: at.township_id.expect("a township"),
            village_id: at.village_id,
            legal_representative: Some("甲".to_owned()),
            contact_person: Some("乙".to_owned()),
            phone: Some(world.state.vault.seal(&phone).expect("sealed")),
            phone_masked: Some(mask_phone(&phone)),
            phone_hash: Some(world.state.vault.fingerprint(&phone)),
            trade: Some("农业".to_owned()),
            size: if large { EnterpriseSize::Large } else { EnterpriseSize::Small },
            employees: Some(7),
            status: EnterpriseStatus::Operating,
            closed_on: None,
            version: 1,
        });
        model.firms.push(Firm { id, name, large, within: model.place(at.id).within.clone() });
    }
    rows
}

fn people(model: &mut Model, ground: &Ground, world: &World, dice: &mut Dice) -> Vec<account::Model> {
    let (mut rows, home) = (Vec::new(), at(ground, "980101001"));
    let mut cadres: Vec<_> = model.cadres.iter().map(|cadre| cadre.id).collect();
    for (role, many, with_cadre) in PEOPLE {
        for n in 0..many {
            let cadre_id = (n < with_cadre).then(|| cadres.swap_remove(dice.below(cadres.len())));
            let id: AccountId = dice.id();
            let who: Who = rows.len();
            let name = format!("world-{who}");
            rows.push(account::Model {
                id,
                name: name.clone(),
                password_due: false,
                password_hash: String::new(),
                cadre_id,
                region_id: Some(home.id),
                county_id: home.county_id,
                township_id: home.township_id,
                village_id: None,
                status: AccountStatus::Active,
                rights_version: 1,
                created_at: world.state.clock.now(),
                version: 1,
            });
            model.people.push(Person { account: id, name, role, cadre: cadre_id });
        }
    }
    rows
}
