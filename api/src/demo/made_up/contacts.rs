//! Who is answerable for whom in a made-up township: most carry eight households, some sixty.

use super::Place;
use crate::demo::{
    Making,
    contacts::{self, Holder, Share, Wide, Within},
};
use entity::id::AccountId;

/// Makes the assignments of a township, the `number`th of its place.
pub(super) fn contacts(making: &mut Making, place: &Place, covered: usize, number: usize, by: AccountId) {
    let Place { town, offices, people, homes, firms } = place;
    let carriers = people.carriers();
    let wide = Wide { town, by };
    wide.township(making, people.county_leaders[number % people.county_leaders.len()]);
    wide.areas(making, people);
    for (at, village) in town.villages.iter().enumerate() {
        wide.village(making, Holder::Cadre(carriers[at % carriers.len()]), &village.region);
        if at % 5 == 0 {
            let bureau = offices.bureaus[(at / 5 + number) % offices.bureaus.len()];
            wide.village(making, Holder::Department(bureau), &village.region);
        }
        if at % 4 == 1 {
            wide.group(making, people.officials[at][1], &village.groups[0].region, true);
        }
    }
    for (at, homes) in homes.iter().enumerate() {
        let mut shares = Vec::new();
        let share = |cadre, wanted, within| Share { cadre, wanted, within };
        for (grid, worker) in people.grid_workers[at].iter().enumerate() {
            let wanted = 15 + making.dice.below(16);
            shares.push(share(*worker, wanted, Within::Grid(grid)));
        }
        for (group, leader) in people.group_leaders[at].iter().enumerate() {
            if let Some(leader) = leader {
                shares.push(share(*leader, few(making), Within::Group(group)));
            }
        }
        for cadre in carriers.iter().skip(at).step_by(town.villages.len()) {
            shares.push(share(*cadre, few(making), Within::Village));
        }
        // The secretary carries as many as one may, the head of the committee nearly so many.
        shares.push(share(people.officials[at][0], contacts::MOST, Within::Village));
        shares.push(share(people.officials[at][1], 45 + making.dice.below(11), Within::Village));
        for member in &people.members[at] {
            shares.push(share(*member, few(making), Within::Village));
        }
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for home in homes {
            if making.dice.percent(covered) { &mut with } else { &mut without }.push(*home);
        }
        let mut dealt = contacts::deal(making, &with, &shares);
        let helpers: Vec<_> = people.members[at].iter().copied().map(Some).collect();
        contacts::rest(making, &mut dealt, &people.officials[at][2..], &helpers);
        contacts::assign(making, &with, &dealt, people, by);
        // Some of those without a contact had one.
        for home in without {
            if making.dice.percent(30) {
                let since = making.dice.between(30, 300);
                let from = since + making.dice.between(60, 400);
                let before = making.dice.pick(&people.former);
                contacts::household(making, &home, before, true, from, Some((since, "干部调离")), by);
            }
        }
    }
    contacts::firms(making, people, firms, by);
}

/// About eight.
fn few(making: &mut Making) -> usize {
    6 + making.dice.below(3) + making.dice.below(3)
}
