//! Cadres of a county, a town and its villages, their posts, and the members of the party.

use super::{
    Making, names,
    offices::{Offices, PartyBranch, STATIONS, WATER},
    places::Town,
};
use entity::{
    cadre,
    id::{BranchId, CadreId, DepartmentId, RegionId},
    kind::{CadreLevel, MembershipStanding, Sex},
    membership, position, region,
    scalar::Date,
};

/// Days ago on which former staff left; their assignments had ended by then.
pub(super) const FORMER_LEFT: i32 = 75;

/// How many of each.
pub(super) struct Plan {
    /// Leaders of the county who are made with this town, beside those who are there.
    pub(super) county_leaders: usize,
    pub(super) staff: usize,
    /// Of a hundred villagers' groups, those with a leader on the roster.
    pub(super) group_leaders: usize,
    /// Party members, exactly.
    pub(super) members: usize,
}

pub(super) const NAZHANG: Plan = Plan { county_leaders: 12, staff: 44, group_leaders: 100, members: 617 };
pub(super) const WANFANG: Plan = Plan { county_leaders: 5, staff: 26, group_leaders: 40, members: 260 };

/// The cadres of a town, with those of the county who are answerable for something in it.
pub(super) struct People {
    pub(super) county_leaders: Vec<CadreId>,
    /// In the order of `POSTS`.
    pub(super) leaders: Vec<CadreId>,
    /// Staff who carry contacts.
    pub(super) staff: Vec<CadreId>,
    /// Staff who left.
    pub(super) former: Vec<CadreId>,
    /// Staff without contacts of their own, who hold an office of the platform.
    pub(super) desk: Vec<CadreId>,
    /// Somebody of the station that looks after water, without contacts.
    pub(super) handler: CadreId,
    /// By village: the members of the two committees, the secretary first.
    pub(super) officials: Vec<Vec<CadreId>>,
    /// By village and group.
    pub(super) group_leaders: Vec<Vec<Option<CadreId>>>,
    /// By village and grid.
    pub(super) grid_workers: Vec<Vec<CadreId>>,
    /// By village: members of the party without a post.
    pub(super) members: Vec<Vec<CadreId>>,
}

impl People {
    /// Leaders and staff of the town who carry contacts, the leaders first.
    pub(super) fn carriers(&self) -> Vec<CadreId> {
        let leaders = self.leaders.iter().enumerate().filter(|(at, _)| *at != CHAIR).map(|(_, id)| *id);
        leaders.chain(self.staff.iter().copied()).collect()
    }
}

const POSTS: [&str; 11] = [
    "镇长",
    "人大主席",
    "党委副书记",
    "纪委书记",
    "常务副镇长",
    "组织委员",
    "宣传委员",
    "副镇长",
    "副镇长",
    "武装部长",
    "党委书记",
];

/// The leader of the town who reads and instructs but carries no contacts of his own: the chair of the people's congress.
pub(super) const CHAIR: usize = 1;

const COUNTY_POSTS: [&str; 12] = [
    "县委常委、办公室主任",
    "县委副书记",
    "县委常委、组织部部长",
    "县委常委、宣传部部长",
    "副县长",
    "副县长",
    "人大常委会副主任",
    "政协副主席",
    "县委常委、统战部部长",
    "副县长",
    "人大常委会副主任",
    "政协副主席",
];

/// Where a person's office is.
#[derive(Clone, Copy)]
struct Office<'a> {
    region: &'a region::Model,
    department: Option<DepartmentId>,
}

/// Makes the people of a town. `above` are leaders of the county whom another of its towns has brought.
pub(super) fn people(
    making: &mut Making,
    town: &Town,
    offices: &Offices,
    plan: &Plan,
    above: Vec<CadreId>,
) -> People {
    let county = Office { region: &town.county, department: None };
    let here = Office { region: &town.region, department: None };
    let mut county_leaders = above;
    county_leaders.extend((0..plan.county_leaders).map(|at| {
        let id = cadre(making, CadreLevel::CountyLeader, county, 75);
        let title = COUNTY_POSTS[at % COUNTY_POSTS.len()];
        let title =
            if town.county.name.ends_with('区') { title.replace('县', "区") } else { title.to_owned() };
        post(making, id, &title, Where::Region(town.county.id));
        id
    }));
    let mut party = Party { members: vec![Vec::new(); offices.branches.len()] };
    let mut leaders = Vec::new();
    for title in POSTS {
        let id = cadre(making, CadreLevel::TownshipLeader, here, 72);
        let at = if title == "党委书记" {
            Where::Branch(offices.committee)
        } else {
            Where::Region(town.region.id)
        };
        post(making, id, &of_township(title, &town.name), at);
        party.members[0].push(id);
        leaders.push(id);
    }
    let mut staff = Vec::new();
    for at in 0..plan.staff {
        let station = at % offices.stations.len();
        let department = offices.stations[station];
        let id =
            cadre(making, CadreLevel::TownshipStaff, Office { department: Some(department), ..here }, 58);
        let title = match at / offices.stations.len() {
            0 => STATIONS[station].1,
            1 if STATIONS[station].1 == "主任" => "副主任",
            1 if STATIONS[station].1 == "站长" => "副站长",
            _ => "工作人员",
        };
        post(making, id, title, Where::Department(department));
        if making.dice.percent(75) {
            party.members[0].push(id);
        }
        staff.push(id);
    }
    // The second of the water station, and the last two, carry no contacts.
    let handler = staff.remove(offices.stations.len() + WATER);
    let desk = staff.split_off(staff.len() - 2);
    let former = (0..3).map(|_| former(making, town, offices)).collect();

    let (mut officials, mut group_leaders, mut grid_workers) = (Vec::new(), Vec::new(), Vec::new());
    for (at, village) in town.villages.iter().enumerate() {
        let office = Office { region: &village.region, department: None };
        let homes: Vec<usize> = (0..offices.branches.len())
            .filter(|branch| offices.branches[*branch].village == Some(at))
            .collect();
        let community = village.name.ends_with("社区");
        let mut committee = Vec::new();
        for number in 0..village.officials {
            let id = cadre(making, CadreLevel::VillageCadre, office, 65);
            let (title, place) = match number {
                0 if homes.len() > 1 => {
                    (format!("{}党总支书记", village.name), Where::Branch(offices.general[at]))
                }
                0 => (format!("{}党支部书记", village.name), Where::Branch(offices.general[at])),
                2 => ("党组织副书记".to_owned(), Where::Branch(offices.general[at])),
                _ => (seat(number, community).to_owned(), Where::Region(village.region.id)),
            };
            post(making, id, &title, place);
            if number < 3 || making.dice.percent(80) {
                party.members[homes[number % homes.len()]].push(id);
            }
            committee.push(id);
        }
        let mut of_groups = Vec::new();
        for (number, group) in village.groups.iter().enumerate() {
            if !making.dice.percent(plan.group_leaders) {
                of_groups.push(None);
                continue;
            }
            let id = cadre(making, CadreLevel::VillageCadre, office, 80);
            post(making, id, "组长", Where::Region(group.region.id));
            if making.dice.percent(45) {
                party.members[homes[number * homes.len() / village.groups.len()]].push(id);
            }
            of_groups.push(Some(id));
        }
        let mut of_grids = Vec::new();
        for grid in &village.grids {
            let id = cadre(making, CadreLevel::GridWorker, office, 40);
            post(making, id, "网格员", Where::Region(grid.id));
            if making.dice.percent(40) {
                let branch = making.dice.pick(&homes);
                party.members[branch].push(id);
            }
            of_grids.push(id);
        }
        officials.push(committee);
        group_leaders.push(of_groups);
        grid_workers.push(of_grids);
    }
    let members = party.fill_up(making, town, offices, plan.members);
    party.secretaries(making, offices);
    party.enrol(making, offices);
    People {
        county_leaders,
        leaders,
        staff,
        former,
        desk,
        handler,
        officials,
        group_leaders,
        grid_workers,
        members,
    }
}

/// A post as it is called in a town, a township or a street.
fn of_township(title: &str, name: &str) -> String {
    match title {
        _ if name.ends_with('镇') => title.to_owned(),
        _ if name.ends_with('乡') => title.replace('镇', "乡"),
        "镇长" => "街道办事处主任".to_owned(),
        "党委书记" | "党委副书记" => title.replace("党委", "党工委"),
        "人大主席" => "人大工委主任".to_owned(),
        _ => title.replace("镇长", "主任"),
    }
}

fn seat(number: usize, community: bool) -> &'static str {
    match (number, community) {
        (1, true) => "居委会主任",
        (1, false) => "村委会主任",
        (3, true) => "居委会副主任",
        (3, false) => "村委会副主任",
        (4, true) => "居务监督委员会主任",
        (4, false) => "村务监督委员会主任",
        (5, _) => "妇联主席",
        (6, _) => "文书",
        _ => "委员",
    }
}

/// Who belongs to which branch.
struct Party {
    members: Vec<Vec<CadreId>>,
}

impl Party {
    /// Adds members without a post, each to the smallest branch of a village, until the number is right.
    fn fill_up(
        &mut self,
        making: &mut Making,
        town: &Town,
        offices: &Offices,
        number: usize,
    ) -> Vec<Vec<CadreId>> {
        let mut made = vec![Vec::new(); town.villages.len()];
        let mut left = number.saturating_sub(self.members.iter().map(Vec::len).sum());
        while left > 0 {
            // Of two branches drawn, the smaller: sizes stay near each other without being equal.
            let one = 1 + making.dice.below(offices.branches.len() - 1);
            let other = 1 + making.dice.below(offices.branches.len() - 1);
            let at = if self.members[one].len() <= self.members[other].len() { one } else { other };
            let Some(village) = offices.branches[at].village else { continue };
            let office = Office { region: &town.villages[village].region, department: None };
            let id = cadre(making, CadreLevel::PartyMember, office, 68);
            self.members[at].push(id);
            made[village].push(id);
            left -= 1;
        }
        made
    }

    /// Each branch has a secretary; the branch of the offices is led by the member for organisation.
    fn secretaries(&self, making: &mut Making, offices: &Offices) {
        for (branch, members) in offices.branches.iter().zip(&self.members) {
            let only = branch.village.is_some_and(|village| offices.general[village] == branch.id);
            if let (Some(secretary), false) = (members.first(), only) {
                let secretary = if branch.village.is_none() { members[5] } else { *secretary };
                post(making, secretary, "党支部书记", Where::Branch(branch.id));
            }
        }
    }

    fn enrol(&self, making: &mut Making, offices: &Offices) {
        for (branch, members) in offices.branches.iter().zip(&self.members) {
            for (at, cadre_id) in members.iter().enumerate() {
                enrol(making, branch, at, *cadre_id);
            }
        }
    }
}

fn enrol(making: &mut Making, branch: &PartyBranch, at: usize, cadre_id: CadreId) {
    let plain = making
        .rows
        .cadres
        .iter()
        .rfind(|cadre| cadre.id == cadre_id)
        .is_some_and(|cadre| cadre.level == CadreLevel::PartyMember);
    let probationary = plain && making.dice.percent(3);
    let starts_on = if probationary { making.once(40, 330) } else { making.once(1200, 9000) };
    let standing = if probationary { MembershipStanding::Probationary } else { MembershipStanding::Full };
    let id = making.dice.id();
    making.rows.memberships.push(membership::Model {
        id,
        cadre_id,
        branch_id: branch.id,
        group_id: (!branch.groups.is_empty()).then(|| branch.groups[at % branch.groups.len()]),
        standing,
        starts_on,
        ends_on: None,
        version: 1,
    });
}

/// Somebody who left the town's service: of interest to whoever asks for the past.
fn former(making: &mut Making, town: &Town, offices: &Offices) -> CadreId {
    let department = making.dice.pick(&offices.stations);
    let office = Office { region: &town.region, department: Some(department) };
    let id = cadre(making, CadreLevel::TownshipStaff, office, 60);
    post(making, id, "工作人员", Where::Department(department));
    // The last assignments that were theirs ended later than this by no day: see `contacts`.
    let ended = making.ago(FORMER_LEFT);
    if let Some(cadre) = making.rows.cadres.last_mut() {
        cadre.ends_on = Some(ended);
    }
    if let Some(position) = making.rows.positions.last_mut() {
        position.ends_on = Some(ended);
    }
    let membership_id = making.dice.id();
    let starts_on = making.once(2000, 6000);
    making.rows.memberships.push(membership::Model {
        id: membership_id,
        cadre_id: id,
        branch_id: offices.branches[0].id,
        group_id: None,
        standing: MembershipStanding::Full,
        starts_on,
        ends_on: Some(ended),
        version: 1,
    });
    id
}

fn cadre(making: &mut Making, level: CadreLevel, office: Office, men: usize) -> CadreId {
    let male = making.dice.percent(men);
    let (youngest, oldest) = match level {
        CadreLevel::CountyLeader => (42, 58),
        CadreLevel::TownshipLeader => (33, 56),
        CadreLevel::TownshipStaff | CadreLevel::GridWorker => (26, 55),
        CadreLevel::VillageCadre => (32, 62),
        CadreLevel::PartyMember => (24, 80),
    };
    let born = names::YEAR - making.dice.between(youngest, oldest);
    let surname = names::surname(&mut making.dice);
    let name = names::name(&mut making.dice, surname, male, born);
    let work_phone = (level != CadreLevel::PartyMember).then(|| names::mobile(&mut making.dice));
    let starts_on = making.once(1200, 3600);
    let id = making.dice.id();
    let Office { region, department } = office;
    making.rows.cadres.push(cadre::Model {
        id,
        name,
        sex: if male { Sex::Male } else { Sex::Female },
        level,
        region_id: region.id,
        county_id: region.county_id,
        township_id: region.township_id,
        village_id: region.village_id,
        department_id: department,
        work_phone,
        starts_on,
        ends_on: None,
        version: 1,
    });
    id
}

/// Where a post is.
#[derive(Clone, Copy)]
enum Where {
    Region(RegionId),
    Branch(BranchId),
    Department(DepartmentId),
}

fn post(making: &mut Making, cadre_id: CadreId, title: &str, place: Where) {
    let id = making.dice.id();
    let starts_on: Date = making.once(420, 1150);
    let (region_id, branch_id, department_id) = match place {
        Where::Region(id) => (Some(id), None, None),
        Where::Branch(id) => (None, Some(id), None),
        Where::Department(id) => (None, None, Some(id)),
    };
    let title = title.to_owned();
    making.rows.positions.push(position::Model {
        id,
        cadre_id,
        title,
        region_id,
        branch_id,
        department_id,
        starts_on,
        ends_on: None,
        version: 1,
    });
}
