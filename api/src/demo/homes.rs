//! Households with their members, dwellings, incomes and tags.

use super::{
    Making, StoredPhone,
    dice::Dice,
    names::{self, YEAR},
    places::{Group, Town, Village},
};
use crate::kernel::standards::mask_identity;
use chrono::Datelike;
use entity::{
    household, household_tag,
    id::{HouseholdId, RegionId},
    kind::{Employment, HouseholdStatus, Kinship, Sex},
    member,
    scalar::{Date, Yuan},
};

/// A household, as contacts need to know it.
#[derive(Clone, Copy)]
pub(super) struct Home {
    pub(super) id: HouseholdId,
    /// Index of the group in its village.
    pub(super) group: usize,
    /// Index of the grid in its village.
    pub(super) grid: Option<usize>,
    pub(super) county_id: RegionId,
    pub(super) township_id: RegionId,
    pub(super) village_id: RegionId,
    pub(super) group_id: RegionId,
    pub(super) grid_id: Option<RegionId>,
}

/// Somebody of a family before it has a name.
struct Person {
    relation: Kinship,
    male: bool,
    age: i32,
    /// Whether the surname is the head's.
    kin: bool,
}

/// Makes the households of a town, by village. `centre` is its latitude and longitude in millionths of a degree.
pub(super) fn homes(making: &mut Making, town: &Town, centre: (i32, i32)) -> Vec<Vec<Home>> {
    let mut villages = Vec::new();
    for village in &town.villages {
        let dice = &mut making.dice;
        let middle = (centre.0 + dice.between(-40_000, 40_000), centre.1 + dice.between(-40_000, 40_000));
        let mut homes = Vec::new();
        for (at, group) in village.groups.iter().enumerate() {
            // A few surnames are at home in a group.
            let surnames: Vec<char> = (0..5).map(|_| names::surname(&mut making.dice)).collect();
            for house in 1..=group.households {
                let surname = if making.dice.percent(80) {
                    making.dice.pick(&surnames)
                } else {
                    names::surname(&mut making.dice)
                };
                let spot = Spot { town, village, group, at, house, number: homes.len() + 1, middle };
                homes.push(home(making, &spot, surname));
            }
        }
        villages.push(homes);
    }
    villages
}

/// Where a household is.
struct Spot<'a> {
    town: &'a Town,
    village: &'a Village,
    group: &'a Group,
    /// Index of the group.
    at: usize,
    /// Number of the house in the group.
    house: usize,
    /// Number of the household in the village.
    number: usize,
    middle: (i32, i32),
}

fn home(making: &mut Making, spot: &Spot, surname: char) -> Home {
    let id: HouseholdId = making.dice.id();
    let family = family(&mut making.dice);
    let (mut income, mut migrants, mut best) = (0, false, (0, ""));
    let mut head_name = String::new();
    let mut phone = None;
    for person in &family {
        let employment = employment(&mut making.dice, person.age);
        let (source, earned) = earnings(&mut making.dice, employment);
        income += earned;
        if earned > best.0 {
            best = (earned, source);
        }
        migrants |= employment == Employment::MigrantWork;
        let digits = member_phone(&mut making.dice, person.age);
        let name = member(making, id, person, surname, employment, digits.as_deref());
        if person.relation == Kinship::Head {
            head_name = name;
        }
        if phone.is_none() {
            phone = digits;
        }
    }
    if making.dice.permille(15) && family.len() > 1 {
        departed(making, id, surname, family[0].age);
    }
    tags(making, id, &family, income, migrants);

    let grid = spot.village.grid_of(spot.at);
    let own = |region: &entity::region::Model, column: Option<RegionId>| column.unwrap_or(region.id);
    let place = Home {
        id,
        group: spot.at,
        grid: grid.and_then(|grid| spot.village.grids.iter().position(|one| one.id == grid.id)),
        county_id: own(&spot.town.county, spot.town.region.county_id),
        township_id: spot.town.region.id,
        village_id: spot.village.region.id,
        group_id: spot.group.region.id,
        grid_id: grid.map(|grid| grid.id),
    };
    let StoredPhone { sealed, masked, hash } = phone.map(|digits| making.phone(&digits)).unwrap_or_default();
    let dice = &mut making.dice;
    let position = dice.percent(70).then(|| {
        let (latitude, longitude) = spot.middle;
        let shift = i32::try_from(spot.at).unwrap_or_default() * 1_500;
        let north = latitude + shift + dice.between(-2_000, 2_000);
        let east = longitude - shift + dice.between(-2_000, 2_000);
        (f64::from(north) / 1e6, f64::from(east) / 1e6)
    });
    let row = household::Model {
        id,
        number: format!("{:04}", spot.number),
        county_id: place.county_id,
        township_id: place.township_id,
        village_id: place.village_id,
        group_id: Some(place.group_id),
        grid_id: place.grid_id,
        head_name,
        address: Some(format!("{}{}{}{}号", spot.town.name, spot.village.name, spot.group.name, spot.house)),
        latitude: position.map(|(north, _)| north),
        longitude: position.map(|(_, east)| east),
        phone: sealed,
        phone_masked: masked,
        phone_hash: hash,
        housing: Some(housing(dice)),
        yearly_income: dice.percent(93).then_some(Yuan(income * 100)),
        income_source: Some(best.1.to_owned()).filter(|source| !source.is_empty()),
        status: HouseholdStatus::Resident,
        member_count: i32::try_from(family.len()).unwrap_or_default(),
        // Kept by the room of visits: nobody has visited yet.
        last_visit_on: None,
        // On record since before anybody kept count.
        registered_on: None,
        resident_until: None,
        version: 1,
    };
    making.rows.households.push(row);
    place
}

/// A family of one to seven, the head first.
fn family(dice: &mut Dice) -> Vec<Person> {
    let male = dice.percent(88);
    let head = |age| Person { relation: Kinship::Head, male, age, kin: true };
    let spouse = |dice: &mut Dice, age: i32| Person {
        relation: Kinship::Spouse,
        male: !male,
        age: (age - dice.between(-3, 5)).max(21),
        kin: false,
    };
    let mut people = Vec::new();
    match dice.below(100) {
        0..6 => people.push(head(dice.between(66, 88))),
        6..10 => people.push(head(dice.between(30, 60))),
        10..20 => {
            let age = dice.between(62, 80);
            people.push(head(age));
            people.push(spouse(dice, age));
        }
        20..58 => {
            let age = dice.between(27, 58);
            people.push(head(age));
            people.push(spouse(dice, age));
            let count = if dice.percent(12) { 3 } else { 1 + dice.below(2) };
            children(dice, &mut people, age, count);
        }
        58..82 => {
            let age = dice.between(52, 72);
            people.push(head(age));
            if dice.percent(85) {
                people.push(spouse(dice, age));
            }
            let son = age - dice.between(22, 28);
            people.push(Person { relation: Kinship::Son, male: true, age: son, kin: true });
            // By the one-digit table a daughter-in-law is a daughter (38).
            let wife = (son - dice.between(-2, 4)).max(21);
            people.push(Person { relation: Kinship::Daughter, male: false, age: wife, kin: false });
            let grandchildren = if dice.percent(8) { 3 } else { 1 + dice.below(2) };
            for _ in 0..grandchildren {
                let age = (son - dice.between(22, 30)).max(0);
                let male = dice.percent(52);
                people.push(Person { relation: Kinship::Grandchild, male, age, kin: true });
            }
        }
        82..95 => {
            let age = dice.between(30, 50);
            people.push(head(age));
            people.push(spouse(dice, age));
            let parent = age + dice.between(22, 30);
            if dice.percent(60) {
                people.push(Person { relation: Kinship::Parent, male: true, age: parent, kin: true });
            }
            people.push(Person { relation: Kinship::Parent, male: false, age: parent - 1, kin: false });
            let count = 1 + dice.below(2) + usize::from(dice.percent(10));
            children(dice, &mut people, age, count);
        }
        95..98 => {
            let age = dice.between(28, 52);
            people.push(head(age));
            let count = 1 + dice.below(2);
            children(dice, &mut people, age, count);
        }
        _ => {
            let age = dice.between(35, 66);
            people.push(head(age));
            let (male, age) = (dice.percent(60), age - dice.between(1, 8));
            people.push(Person { relation: Kinship::Sibling, male, age, kin: true });
        }
    }
    people
}

fn children(dice: &mut Dice, people: &mut Vec<Person>, parent: i32, count: usize) {
    for _ in 0..count {
        let male = dice.percent(52);
        let age = (parent - dice.between(22, 31)).max(0);
        let relation = if male { Kinship::Son } else { Kinship::Daughter };
        people.push(Person { relation, male, age, kin: true });
    }
}

fn employment(dice: &mut Dice, age: i32) -> Employment {
    match (age, dice.below(100)) {
        (6..16, _) | (16..19, 0..85) | (19..23, 0..40) => Employment::Student,
        (60..75, 0..55) => Employment::Farming,
        (60..75, 55..63) | (75.., 0..10) => Employment::Retired,
        (..6 | 60.., _) => Employment::NotWorking,
        (_, 0..41) => Employment::Farming,
        (_, 41..72) => Employment::MigrantWork,
        (_, 72..95) => Employment::LocalWork,
        _ => Employment::Unemployed,
    }
}

/// Main source, and yuan in a year.
fn earnings(dice: &mut Dice, employment: Employment) -> (&'static str, i64) {
    let (source, least, most) = match employment {
        Employment::Farming => {
            (dice.pick(&["烤烟种植", "蔬菜种植", "粮食种植", "生猪养殖", "水果种植"]), 80, 190)
        }
        Employment::MigrantWork => ("外出务工", 320, 620),
        Employment::LocalWork => (dice.pick(&["本地务工", "经商", "运输"]), 220, 450),
        Employment::Retired => ("养老金", 20, 60),
        Employment::NotWorking | Employment::Unemployed | Employment::Student => return ("", 0),
    };
    (source, i64::from(dice.between(least, most)) * 100)
}

fn member_phone(dice: &mut Dice, age: i32) -> Option<String> {
    let share = match age {
        ..14 => 0,
        14..18 => 40,
        18..60 => 94,
        _ => 60,
    };
    dice.percent(share).then(|| names::mobile(dice))
}

fn member(
    making: &mut Making,
    household_id: HouseholdId,
    person: &Person,
    surname: char,
    employment: Employment,
    digits: Option<&str>,
) -> String {
    let dice = &mut making.dice;
    let birth = names::birth(dice, person.age);
    let surname = if person.kin { surname } else { names::surname(dice) };
    let name = names::name(dice, surname, person.male, birth.year());
    let number = dice.percent(97).then(|| {
        // A sequence number may come twice on one day.
        loop {
            let number = names::identity_number(dice, &making.origins, birth, person.male);
            if making.numbers.insert(number.clone()) {
                break number;
            }
        }
    });
    let employment_place = match employment {
        Employment::MigrantWork => Some(dice.pick(&[
            "昆明市",
            "浙江省义乌市",
            "广东省东莞市",
            "江苏省昆山市",
            "福建省晋江市",
            "省会工业园",
        ])),
        Employment::LocalWork => Some(dice.pick(&["镇上", "县城", "工业园区", "村合作社"])),
        _ => None,
    };
    let needs = match person.age {
        18..60 if dice.permille(40) => {
            Some(dice.pick(&["想学电焊技术", "希望就近就业", "想申请创业贷款", "希望参加养殖培训"]))
        }
        66.. if dice.permille(60) => Some(dice.pick(&["希望有人帮忙买药", "希望安装扶手", "盼望子女常回家"])),
        _ => None,
    };
    let id = dice.id();
    let StoredPhone { sealed, masked, hash } = digits.map(|digits| making.phone(digits)).unwrap_or_default();
    making.rows.members.push(member::Model {
        id,
        household_id,
        name: name.clone(),
        relation: person.relation,
        sex: if person.male { Sex::Male } else { Sex::Female },
        birth_date: Some(Date(birth)),
        identity_number: number.as_deref().map(|number| making.vault.seal(number)),
        identity_number_masked: number.as_deref().map(mask_identity),
        identity_number_hash: number.as_deref().map(|number| making.vault.fingerprint(number)),
        phone: sealed,
        phone_masked: masked,
        phone_hash: hash,
        employment: Some(employment),
        employment_place: employment_place.map(str::to_owned),
        needs: needs.map(str::to_owned),
        left_on: None,
        version: 1,
    });
    name
}

/// A daughter who married into another household: she is still on record, and counted no more.
fn departed(making: &mut Making, household_id: HouseholdId, surname: char, head: i32) {
    let age = (head - making.dice.between(22, 28)).clamp(21, YEAR);
    let person = Person { relation: Kinship::Daughter, male: false, age, kin: true };
    member(making, household_id, &person, surname, Employment::LocalWork, None);
    let left_on = making.once(30, 900);
    if let Some(row) = making.rows.members.last_mut() {
        row.left_on = Some(left_on);
    }
}

fn housing(dice: &mut Dice) -> String {
    let kind = dice.pick(&["砖混二层", "砖混二层", "砖混一层", "砖木一层", "土木一层", "框架三层"]);
    format!("{kind}，{}平方米", dice.between(6, 24) * 10)
}

fn tags(making: &mut Making, household_id: HouseholdId, family: &[Person], income: i64, migrants: bool) {
    let alone = family.len() == 1 && family[0].age >= 66;
    let low = income < 7_000 * i64::try_from(family.len()).unwrap_or(1);
    let shares = [
        ("LIFTED_FROM_POVERTY", if low { 240 } else { 90 }),
        ("MONITORED", if low { 80 } else { 12 }),
        ("MINIMUM_ALLOWANCE", if low { 220 } else { 8 }),
        ("EXTREME_POVERTY", if alone { 110 } else { 0 }),
        ("ELDERLY_ALONE", if alone { 1000 } else { 0 }),
        ("DISABILITY", 35),
        ("IN_DIFFICULTY", if low { 150 } else { 15 }),
        ("MILITARY_FAMILY", 20),
        ("MIGRANT_WORK", if migrants { 1000 } else { 0 }),
    ];
    for (tag, share) in shares {
        if making.dice.permille(share) {
            making.rows.tags.push(household_tag::Model { household_id, tag: tag.to_owned() });
        }
    }
}
