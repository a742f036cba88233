//! Who is answerable for whom.

use super::{
    Making,
    firms::Firm,
    homes::Home,
    offices::{Offices, WATER},
    people::People,
    places::{NOBODYS_VILLAGE, Town},
};
use entity::{
    assignment,
    id::{AccountId, AssignmentId, CadreId, DepartmentId, RegionId},
    kind::AssignmentKind,
    region,
    scalar::Date,
};

/// Households that one cadre carries at most.
pub(super) const MOST: usize = 60;

/// The village of 纳章镇 whose secretary carries no contacts: the account of the branch secretary is theirs.
pub(super) const SECRETARYS_VILLAGE: usize = 2;

/// The village, and in it the grid, whose worker has an account, and works by that right alone.
pub(super) const GRID_WORKERS_VILLAGE: usize = 1;

/// A cadre and the number of households that are to be theirs.
pub(super) struct Share {
    pub(super) cadre: CadreId,
    pub(super) wanted: usize,
    /// The group or grid that they are all in.
    pub(super) within: Within,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    Village,
    Group(usize),
    Grid(usize),
}

impl Within {
    fn holds(self, home: &Home) -> bool {
        match self {
            Self::Village => true,
            Self::Group(group) => home.group == group,
            Self::Grid(grid) => home.grid == Some(grid),
        }
    }
}

/// 纳章镇: every household has one live primary contact.
pub(super) fn nazhang(
    making: &mut Making,
    town: &Town,
    offices: &Offices,
    people: &People,
    homes: &[Vec<Home>],
    by: AccountId,
) {
    let carriers = people.carriers();
    let wide = Wide { town, by };
    wide.township(making, people.county_leaders[0]);
    wide.areas(making, people);
    for (at, village) in town.villages.iter().enumerate() {
        wide.village(making, Holder::Cadre(carriers[at + 2]), &village.region);
        wide.village(making, Holder::Cadre(people.staff[at]), &village.region);
    }
    wide.village(making, Holder::Department(offices.bureaus[0]), &town.villages[4].region);

    for (at, homes) in homes.iter().enumerate() {
        let mut shares = Vec::new();
        // The county's leaders go to one group each: the first to 水凹, as the report has it.
        for (number, leader) in people.county_leaders.iter().enumerate() {
            if (number + GRID_WORKERS_VILLAGE) % town.villages.len() == at {
                let group = (1 + number) % town.villages[at].groups.len();
                shares.push(Share { cadre: *leader, wanted: 5, within: Within::Group(group) });
            }
        }
        for (number, cadre) in carriers.iter().enumerate() {
            // The contacts of a village, a leader and one of the staff, have their households in it.
            let leaders = carriers.len() - people.staff.len();
            let own = if number < leaders { number + town.villages.len() - 2 } else { number - leaders };
            if own % town.villages.len() == at {
                let wanted = 10 + making.dice.below(11);
                shares.push(Share { cadre: *cadre, wanted, within: Within::Village });
            }
        }
        for (grid, worker) in people.grid_workers[at].iter().enumerate() {
            if (at, grid) != (GRID_WORKERS_VILLAGE, 0) {
                let wanted = 20 + making.dice.below(11);
                shares.push(Share { cadre: *worker, wanted, within: Within::Grid(grid) });
            }
        }
        for (group, leader) in people.group_leaders[at].iter().enumerate() {
            if let Some(cadre) = *leader {
                let wanted = 6 + making.dice.below(8);
                shares.push(Share { cadre, wanted, within: Within::Group(group) });
            }
        }
        let secretary = usize::from(at == SECRETARYS_VILLAGE);
        let officials = &people.officials[at][secretary..];
        let mut dealt = deal(making, homes, &shares);
        rest(making, &mut dealt, officials, &people.group_leaders[at]);
        assign(making, homes, &dealt, people, by);
    }
}

/// 万坊镇: nine households in ten have a contact, some groups too, and one village has none of the township.
pub(super) fn wanfang(
    making: &mut Making,
    town: &Town,
    offices: &Offices,
    people: &People,
    homes: &[Vec<Home>],
    by: AccountId,
) {
    let carriers = people.carriers();
    let wide = Wide { town, by };
    wide.township(making, people.county_leaders[0]);
    wide.areas(making, people);
    for (at, village) in town.villages.iter().enumerate() {
        if village.region.code.0 != NOBODYS_VILLAGE {
            wide.village(making, Holder::Cadre(carriers[at % carriers.len()]), &village.region);
        }
    }
    wide.village(making, Holder::Department(offices.bureaus[0]), &town.villages[12].region);
    wide.village(making, Holder::Department(offices.stations[WATER]), &town.villages[12].region);
    // A leader of the county, or a member of the village's committee, for a whole group.
    for (at, leader) in people.county_leaders.iter().enumerate().skip(1) {
        wide.group(making, *leader, &town.villages[at + 3].groups[0].region, true);
    }
    for at in [1, 6, 9, 11] {
        let village = &town.villages[at];
        wide.group(making, people.officials[at][1], &village.groups[1].region, true);
        wide.group(making, people.officials[at][2], &village.groups[1].region, false);
    }

    for (at, homes) in homes.iter().enumerate() {
        let mut shares = Vec::new();
        for (number, cadre) in carriers.iter().enumerate() {
            if number % town.villages.len() == at && town.villages[at].region.code.0 != NOBODYS_VILLAGE {
                let wanted = 4 + making.dice.below(8);
                shares.push(Share { cadre: *cadre, wanted, within: Within::Village });
            }
        }
        for (grid, worker) in people.grid_workers[at].iter().enumerate() {
            shares.push(Share { cadre: *worker, wanted: 8, within: Within::Grid(grid) });
        }
        for (group, leader) in people.group_leaders[at].iter().enumerate() {
            if let Some(cadre) = *leader {
                let wanted = 3 + making.dice.below(4);
                shares.push(Share { cadre, wanted, within: Within::Group(group) });
            }
        }
        // Every tenth goes without.
        let covered: Vec<Home> = homes.iter().copied().filter(|_| making.dice.percent(90)).collect();
        let mut dealt = deal(making, &covered, &shares);
        rest(making, &mut dealt, &people.officials[at], &[]);
        assign(making, &covered, &dealt, people, by);
    }
}

/// Most enterprises have a contact: a leader of the town, or somebody of its staff.
pub(super) fn firms(making: &mut Making, people: &People, firms: &[Firm], by: AccountId) {
    let carriers = people.carriers();
    for (at, firm) in firms.iter().enumerate() {
        if at > 0 && making.dice.percent(15) {
            continue;
        }
        let cadre = if making.dice.percent(10) {
            making.dice.pick(&people.county_leaders)
        } else {
            carriers[at % carriers.len()]
        };
        let starts_on = making.once(60, 380);
        let id = making.dice.id();
        making.rows.assignments.push(assignment::Model {
            enterprise_id: Some(firm.id),
            county_id: firm.county_id,
            township_id: firm.township_id,
            village_id: firm.village_id,
            is_primary: true,
            starts_on,
            assigned_by: Some(by),
            ..blank(id, AssignmentKind::Enterprise, Holder::Cadre(cadre), firm.county_id)
        });
    }
}

/// Gives each share as many households as it wants and can get. What is left has no holder.
pub(super) fn deal(making: &mut Making, homes: &[Home], shares: &[Share]) -> Vec<Option<CadreId>> {
    let mut order: Vec<usize> = (0..homes.len()).collect();
    making.dice.shuffle(&mut order);
    let mut dealt = vec![None; homes.len()];
    // Those who are tied to a group or grid choose before those who are not.
    let tied = |share: &&Share| share.within != Within::Village;
    for share in shares.iter().filter(tied).chain(shares.iter().filter(|share| !tied(share))) {
        let free = order.iter().filter(|at| share.within.holds(&homes[**at]));
        let mine: Vec<usize> = free.copied().filter(|at| dealt[*at].is_none()).take(share.wanted).collect();
        for at in mine {
            dealt[at] = Some(share.cadre);
        }
    }
    dealt
}

/// Spreads what is left over the village's committee, unevenly and up to the most that one carries; what even they cannot
/// carry goes to the leaders of the groups.
pub(super) fn rest(
    making: &mut Making,
    dealt: &mut [Option<CadreId>],
    officials: &[CadreId],
    group_leaders: &[Option<CadreId>],
) {
    let mut weights: Vec<(CadreId, usize)> =
        officials.iter().map(|cadre| (*cadre, 30 + making.dice.below(71))).collect();
    let mut carried = vec![0; weights.len()];
    let helpers: Vec<CadreId> = group_leaders.iter().flatten().copied().collect();
    for holder in dealt.iter_mut().filter(|holder| holder.is_none()) {
        let sum: usize = weights.iter().map(|(_, weight)| weight).sum();
        if sum == 0 {
            *holder = Some(making.dice.pick(if helpers.is_empty() { officials } else { &helpers }));
            continue;
        }
        let mut point = making.dice.below(sum);
        for ((cadre, weight), carried) in weights.iter_mut().zip(&mut carried) {
            if point < *weight {
                *holder = Some(*cadre);
                *carried += 1;
                if *carried == MOST {
                    *weight = 0;
                }
                break;
            }
            point -= *weight;
        }
    }
}

/// Writes the assignments of a village, with some of the past and some second contacts.
pub(super) fn assign(
    making: &mut Making,
    homes: &[Home],
    dealt: &[Option<CadreId>],
    people: &People,
    by: AccountId,
) {
    const REASONS: [&str; 4] = ["工作调整", "干部调离", "换届", "群众申请更换"];
    for (home, holder) in homes.iter().zip(dealt) {
        let Some(holder) = *holder else { continue };
        let since = making.dice.between(20, 380);
        household(making, home, holder, true, since, None, by);
        if making.dice.percent(9) {
            // The one before: to the day on which the present one began.
            let before = match making.dice.below(3) {
                0 if since > super::people::FORMER_LEFT => making.dice.pick(&people.former),
                _ => making.dice.pick(&people.staff),
            };
            let reason = making.dice.pick(&REASONS);
            let from = making.dice.between(since + 90, since + 420);
            if before != holder {
                household(making, home, before, true, from, Some((since, reason)), by);
            }
        }
        if making.dice.percent(6) {
            let second = making.dice.pick(&people.carriers());
            if second != holder {
                let since = making.dice.between(10, 200);
                household(making, home, second, false, since, None, by);
            }
        }
    }
}

pub(super) fn household(
    making: &mut Making,
    home: &Home,
    cadre: CadreId,
    is_primary: bool,
    since: i32,
    ended: Option<(i32, &str)>,
    by: AccountId,
) {
    let id = making.dice.id();
    let row = assignment::Model {
        household_id: Some(home.id),
        township_id: home.township_id,
        village_id: Some(home.village_id),
        group_id: Some(home.group_id),
        grid_id: home.grid_id,
        is_primary,
        starts_on: making.ago(since),
        ends_on: ended.map(|(days, _)| making.ago(days)),
        ended_reason: ended.map(|(_, reason)| reason.to_owned()),
        assigned_by: Some(by),
        version: if ended.is_some() { 2 } else { 1 },
        ..blank(id, AssignmentKind::Household, Holder::Cadre(cadre), home.county_id)
    };
    making.rows.assignments.push(row);
}

/// Who holds an assignment.
#[derive(Clone, Copy)]
pub(super) enum Holder {
    Cadre(CadreId),
    Department(DepartmentId),
}

/// Assignments to more than one household at once.
pub(super) struct Wide<'a> {
    pub(super) town: &'a Town,
    pub(super) by: AccountId,
}

impl Wide<'_> {
    pub(super) fn township(&self, making: &mut Making, cadre: CadreId) {
        self.region(making, AssignmentKind::Township, Holder::Cadre(cadre), &self.town.region, false);
    }

    pub(super) fn village(&self, making: &mut Making, holder: Holder, village: &region::Model) {
        self.region(making, AssignmentKind::Village, holder, village, false);
    }

    pub(super) fn group(&self, making: &mut Making, cadre: CadreId, group: &region::Model, is_primary: bool) {
        self.region(making, AssignmentKind::Group, Holder::Cadre(cadre), group, is_primary);
    }

    /// Each area has a leader of the town.
    pub(super) fn areas(&self, making: &mut Making, people: &People) {
        for (at, (area_id, _)) in self.town.areas.iter().enumerate() {
            let starts_on = making.once(200, 400);
            let holder = Holder::Cadre(people.leaders[2 + at]);
            let row = assignment::Model {
                area_id: Some(*area_id),
                township_id: self.town.region.id,
                starts_on,
                assigned_by: Some(self.by),
                ..blank(making.dice.id(), AssignmentKind::Area, holder, self.town.county.id)
            };
            making.rows.assignments.push(row);
        }
    }

    fn region(
        &self,
        making: &mut Making,
        kind: AssignmentKind,
        holder: Holder,
        target: &region::Model,
        is_primary: bool,
    ) {
        let starts_on = making.once(200, 400);
        let row = assignment::Model {
            region_id: Some(target.id),
            township_id: self.town.region.id,
            village_id: target.village_id,
            group_id: target.group_id,
            grid_id: target.grid_id,
            is_primary,
            starts_on,
            assigned_by: Some(self.by),
            ..blank(making.dice.id(), kind, holder, self.town.county.id)
        };
        making.rows.assignments.push(row);
    }
}

/// An assignment without target, to be filled in.
fn blank(id: AssignmentId, kind: AssignmentKind, holder: Holder, county_id: RegionId) -> assignment::Model {
    let (cadre_id, department_id) = match holder {
        Holder::Cadre(id) => (Some(id), None),
        Holder::Department(id) => (None, Some(id)),
    };
    assignment::Model {
        id,
        kind,
        cadre_id,
        department_id,
        region_id: None,
        area_id: None,
        household_id: None,
        enterprise_id: None,
        county_id,
        township_id: county_id,
        village_id: None,
        group_id: None,
        grid_id: None,
        is_primary: false,
        starts_on: Date(chrono::NaiveDate::MIN),
        ends_on: None,
        assigned_by: None,
        ended_reason: None,
        started_batch_id: None,
        ended_batch_id: None,
        version: 1,
    }
}
